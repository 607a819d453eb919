/* How often an IMSI may have a repository asked: nf/hssd/inquiry.h. */
#include "nf/hssd/inquiry.h"

#include <pthread.h>
#include <stdlib.h>

#define STRIPES 64u
#define WAYS    8u

/* All zeros is an empty place, and a full bucket. */
struct share {
    uint64_t key;            /* the IMSI */
    uint64_t empty_until_ms; /* when all that was taken will have come back */
};
struct inquiry_rates {
    pthread_mutex_t locks[STRIPES];
    uint64_t mask; /* of sets */
    struct share shares[];
};

/* Digits and length in one number that is never 0. */
static uint64_t key_of(const struct imsi *imsi)
{
    uint64_t key = imsi->n;
    for (unsigned i = 0; i < imsi->n; i++) {
        key = key * 10 + (uint64_t)(imsi->digits[i] - '0');
    }
    return key * 16 + imsi->n;
}

static struct share *place_of(struct share *set, uint64_t key)
{
    struct share *oldest = &set[0];
    for (unsigned i = 0; i < WAYS; i++) {
        if (set[i].key == key) {
            return &set[i];
        }
        oldest = set[i].empty_until_ms < oldest->empty_until_ms ? &set[i] : oldest;
    }
    *oldest = (struct share){.key = key};
    return oldest;
}

static bool take(struct share *s, uint64_t now_ms)
{
    uint64_t from = s->empty_until_ms > now_ms ? s->empty_until_ms : now_ms;
    if (from - now_ms > (INQUIRY_BURST - 1) * (uint64_t)INQUIRY_MS) {
        return false;
    }
    s->empty_until_ms = from + INQUIRY_MS;
    return true;
}

/*= devid-flood */
bool inquiry_rates_take(struct inquiry_rates *r, const struct imsi *imsi, uint64_t now_ms)
{
    uint64_t key = key_of(imsi);
    uint64_t set = ((key * UINT64_C(0x9e3779b97f4a7c15)) >> 24) & r->mask;
    pthread_mutex_t *lock = &r->locks[set % STRIPES];
    pthread_mutex_lock(lock);
    bool may = take(place_of(&r->shares[set * WAYS], key), now_ms);
    pthread_mutex_unlock(lock);
    return may;
}

enum err inquiry_rates_open(unsigned imsis, struct inquiry_rates **out)
{
    uint64_t sets = 1;
    while (sets * WAYS < imsis) {
        sets *= 2;
    }
    struct inquiry_rates *r = calloc(1, sizeof *r + sets * WAYS * sizeof(struct share));
    if (r == NULL) {
        return E_MEMORY;
    }
    r->mask = sets - 1;
    for (size_t i = 0; i < STRIPES; i++) {
        pthread_mutex_init(&r->locks[i], NULL);
    }
    *out = r;
    return E_OK;
}

void inquiry_rates_close(struct inquiry_rates *r)
{
    if (r == NULL) {
        return;
    }
    for (size_t i = 0; i < STRIPES; i++) {
        pthread_mutex_destroy(&r->locks[i]);
    }
    free(r);
}
