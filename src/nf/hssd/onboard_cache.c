#include "nf/hssd/onboard_cache.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/random.h>

#define WAYS 8u
#define SETS (ONBOARD_CACHE_ENTRIES / WAYS)

struct slot { /* id.n 0: empty */
    struct device_id id;
    uint64_t asked_ms;
    uint64_t used; /* counts up with each use of the table */
    struct onboard_answer *answer;
};
struct onboard_cache {
    struct onboard_times times;
    pthread_mutex_t lock;
    uint64_t seed, used, count;
    struct slot found[ONBOARD_CACHE_ENTRIES], unknown[ONBOARD_CACHE_ENTRIES];
};

enum err onboard_cache_open(const struct onboard_times *times, struct onboard_cache **out)
{
    struct onboard_cache *c = calloc(1, sizeof *c);
    if (c == NULL) {
        return E_MEMORY;
    }
    if (getrandom(&c->seed, sizeof c->seed, 0) != sizeof c->seed) {
        free(c);
        return E_IO;
    }
    c->times = *times;
    pthread_mutex_init(&c->lock, NULL);
    *out = c;
    return E_OK;
}

static void empty(struct onboard_cache *c, struct slot *s)
{
    c->count -= s->answer != NULL;
    onboard_answer_release(s->answer);
    *s = (struct slot){.used = 0};
}

void onboard_cache_close(struct onboard_cache *c)
{
    if (c == NULL) {
        return;
    }
    for (size_t i = 0; i < ONBOARD_CACHE_ENTRIES; i++) {
        empty(c, &c->found[i]);
    }
    pthread_mutex_destroy(&c->lock);
    free(c);
}

uint64_t onboard_id_hash(const struct device_id *id, uint64_t seed)
{
    uint64_t h = seed;
    for (size_t i = 0; i < id->n; i++) {
        h = (h ^ (uint8_t)id->text[i]) * UINT64_C(0x9e3779b97f4a7c15);
        h ^= h >> 29;
    }
    h ^= seed >> 32;
    return (h * UINT64_C(0xbf58476d1ce4e5b9)) >> 20;
}

static struct slot *set_of(const struct onboard_cache *c, struct slot *table,
                           const struct device_id *id)
{
    return &table[onboard_id_hash(id, c->seed) % SETS * WAYS];
}

static struct slot *find(const struct onboard_cache *c, struct slot *table,
                         const struct device_id *id)
{
    struct slot *set = set_of(c, table, id);
    for (size_t i = 0; i < WAYS; i++) {
        if (set[i].id.n > 0 && device_id_eq(&set[i].id, id)) {
            return &set[i];
        }
    }
    return NULL;
}

static void forget(struct onboard_cache *c, struct slot *table, const struct device_id *id)
{
    struct slot *s = find(c, table, id);
    if (s != NULL) {
        empty(c, s);
    }
}

static bool holds(const struct slot *s, uint64_t now_ms, uint32_t seconds)
{
    return now_ms - s->asked_ms < (uint64_t)seconds * 1000;
}

/* Under the lock. */
static enum onboard_hit look(struct onboard_cache *c, const struct device_id *id, uint64_t now_ms,
                             struct onboard_answer **out)
{
    struct slot *s = find(c, c->found, id);
    if (s != NULL) {
        s->used = ++c->used;
        *out = onboard_answer_hold(s->answer);
        return holds(s, now_ms, c->times.cache_seconds) ? ONBOARD_FRESH : ONBOARD_OLD;
    }
    s = find(c, c->unknown, id);
    return s != NULL && holds(s, now_ms, c->times.unknown_seconds) ? ONBOARD_UNKNOWN : ONBOARD_MISS;
}

enum onboard_hit onboard_cache_find(struct onboard_cache *c, const struct device_id *id,
                                    uint64_t now_ms, struct onboard_answer **out)
{
    pthread_mutex_lock(&c->lock);
    enum onboard_hit hit = look(c, id, now_ms, out);
    pthread_mutex_unlock(&c->lock);
    return hit;
}

/* The device's own place, an empty one, or that of what was not used for longest. */
static struct slot *place_of(struct onboard_cache *c, struct slot *table,
                             const struct device_id *id)
{
    struct slot *s = find(c, table, id);
    struct slot *set = set_of(c, table, id);
    for (size_t i = 0; s == NULL && i < WAYS; i++) {
        s = set[i].id.n == 0 ? &set[i] : NULL;
    }
    if (s == NULL) {
        s = &set[0];
        for (size_t i = 1; i < WAYS; i++) {
            s = set[i].used < s->used ? &set[i] : s;
        }
    }
    return s;
}

static void keep(struct onboard_cache *c, struct slot *table, const struct device_id *id,
                 uint64_t asked_ms, struct onboard_answer *answer)
{
    struct slot *s = place_of(c, table, id);
    struct onboard_answer *held = answer != NULL ? onboard_answer_hold(answer) : NULL;
    empty(c, s); /* perhaps of the same answer */
    *s = (struct slot){*id, asked_ms, ++c->used, held};
    c->count += held != NULL;
}

/*= certattach-kept */
void onboard_cache_put(struct onboard_cache *c, const struct device_id *id, uint64_t asked_ms,
                       struct onboard_answer *answer)
{
    const uint32_t seconds = answer != NULL ? c->times.cache_seconds : c->times.unknown_seconds;
    bool keeps =
        seconds > 0 && (answer == NULL || onboard_answer_octets(answer) <= ONBOARD_CACHE_OCTETS);
    pthread_mutex_lock(&c->lock);
    forget(c, answer != NULL ? c->unknown : c->found, id);
    if (keeps) {
        keep(c, answer != NULL ? c->found : c->unknown, id, asked_ms, answer);
    } else {
        forget(c, answer != NULL ? c->found : c->unknown, id);
    }
    pthread_mutex_unlock(&c->lock);
}

uint64_t onboard_cache_count(struct onboard_cache *c)
{
    pthread_mutex_lock(&c->lock);
    uint64_t n = c->count;
    pthread_mutex_unlock(&c->lock);
    return n;
}
