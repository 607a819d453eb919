#include "nf/common/devid_kept.h"

#include <stdlib.h>
#include <string.h>

#define WAYS 4u

struct entry {
    uint8_t digest[32];
    int64_t from, until; /* both 0: the place is free */
};
struct devid_kept {
    size_t sets;
    struct entry entries[]; /* in each set the one last asked for comes first */
};

enum err devid_kept_open(size_t n, struct devid_kept **out)
{
    size_t sets = (n + WAYS - 1) / WAYS;
    struct devid_kept *k = calloc(1, sizeof *k + sets * WAYS * sizeof k->entries[0]);
    if (k == NULL) {
        return E_MEMORY;
    }
    k->sets = sets;
    *out = k;
    return E_OK;
}

void devid_kept_close(struct devid_kept *k)
{
    free(k);
}

/* NULL: nothing is kept. */
static struct entry *set_of(struct devid_kept *k, const uint8_t digest[static 32])
{
    uint64_t at = 0;
    memcpy(&at, digest, sizeof at);
    return k->sets > 0 ? &k->entries[at % k->sets * WAYS] : NULL;
}

/* Where it stands in its set, or else the last place. */
static size_t place_of(const struct entry *set, const uint8_t digest[static 32])
{
    size_t i = 0;
    while (i < WAYS - 1 && memcmp(set[i].digest, digest, sizeof set[i].digest) != 0) {
        i++;
    }
    return i;
}

static void to_front(struct entry *set, size_t i, const struct entry *e)
{
    memmove(set + 1, set, i * sizeof *set);
    set[0] = *e;
}

bool devid_kept_has(struct devid_kept *k, const uint8_t digest[static 32], int64_t at)
{
    struct entry *set = set_of(k, digest);
    if (set == NULL) {
        return false;
    }
    size_t i = place_of(set, digest);
    const struct entry e = set[i];
    if (memcmp(e.digest, digest, sizeof e.digest) != 0 || at < e.from || at >= e.until) {
        return false;
    }
    to_front(set, i, &e);
    return true;
}

void devid_kept_put(struct devid_kept *k, const uint8_t digest[static 32], int64_t from,
                    int64_t until)
{
    struct entry *set = set_of(k, digest);
    struct entry e = {.from = from, .until = until};
    if (set != NULL) {
        memcpy(e.digest, digest, sizeof e.digest);
        to_front(set, place_of(set, digest), &e);
    }
}

void devid_kept_clear(struct devid_kept *k)
{
    memset(k->entries, 0, k->sets * WAYS * sizeof k->entries[0]);
}
