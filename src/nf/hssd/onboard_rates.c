#include "nf/hssd/onboard_rates.h"

#include "nf/hssd/onboard_cache.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define WAYS    8u
#define SETS    (ONBOARD_RATES_DEVICES / WAYS)
#define HOUR_US UINT64_C(3600000000)

struct place { /* id.n 0: empty */
    struct device_id id;
    size_t authority;
    uint64_t at_ms;                                            /* it was let in */
    unsigned n;                                                /* how often */
    uint8_t nonces[ONBOARD_RATES_NONCES][ONBOARD_RATES_NONCE]; /* of the last times */
};
struct onboard_rates {
    pthread_mutex_t lock;
    uint64_t seed;
    struct place places[ONBOARD_RATES_DEVICES];
};

enum err onboard_rates_open(struct onboard_rates **out)
{
    struct onboard_rates *r = calloc(1, sizeof *r);
    if (r == NULL) {
        return E_MEMORY;
    }
    if (getrandom(&r->seed, sizeof r->seed, 0) != sizeof r->seed) {
        free(r);
        return E_IO;
    }
    pthread_mutex_init(&r->lock, NULL);
    *out = r;
    return E_OK;
}

void onboard_rates_close(struct onboard_rates *r)
{
    if (r != NULL) {
        pthread_mutex_destroy(&r->lock);
        free(r);
    }
}

static struct place *set_of(struct onboard_rates *r, const struct onboard_ask *ask)
{
    return &r->places[onboard_id_hash(ask->id, r->seed + ask->authority) % SETS * WAYS];
}

/* NULL: it has none. */
static struct place *own_of(struct place *set, const struct onboard_ask *ask)
{
    for (size_t i = 0; i < WAYS; i++) {
        if (set[i].id.n > 0 && set[i].authority == ask->authority &&
            device_id_eq(&set[i].id, ask->id)) {
            return &set[i];
        }
    }
    return NULL;
}

/* The place of whoever asked longest ago. */
static struct place *oldest_of(struct place *set)
{
    struct place *oldest = &set[0];
    for (size_t i = 1; i < WAYS; i++) {
        oldest = set[i].at_ms < oldest->at_ms ? &set[i] : oldest;
    }
    return oldest;
}

/* A nonce that was answered is a request that somebody says once more. */
static bool was_answered(const struct place *p, const uint8_t *nonce)
{
    const unsigned n = p->n < ONBOARD_RATES_NONCES ? p->n : ONBOARD_RATES_NONCES;
    bool was = false;
    for (unsigned i = 0; i < n && !was; i++) {
        was = memcmp(p->nonces[i], nonce, ONBOARD_RATES_NONCE) == 0;
    }
    return was;
}

static bool may(const struct place *p, const struct onboard_ask *ask, uint64_t interval_ms,
                uint64_t now_ms)
{
    return p == NULL || (now_ms >= p->at_ms + interval_ms && !was_answered(p, ask->nonce));
}

bool onboard_rates_may(struct onboard_rates *r, const struct onboard_ask *ask, uint64_t interval_ms,
                       uint64_t now_ms)
{
    if (interval_ms == 0) {
        return true;
    }
    pthread_mutex_lock(&r->lock);
    bool yes = may(own_of(set_of(r, ask), ask), ask, interval_ms, now_ms);
    pthread_mutex_unlock(&r->lock);
    return yes;
}

static void charge(struct place *p, const struct onboard_ask *ask, uint64_t now_ms)
{
    p->at_ms = now_ms;
    memcpy(p->nonces[p->n % ONBOARD_RATES_NONCES], ask->nonce, ONBOARD_RATES_NONCE);
    p->n++;
}

/*= certattach-quotas */
bool onboard_rates_take(struct onboard_rates *r, const struct onboard_ask *ask,
                        uint64_t interval_ms, uint64_t now_ms)
{
    if (interval_ms == 0) {
        return true;
    }
    pthread_mutex_lock(&r->lock);
    struct place *set = set_of(r, ask), *p = own_of(set, ask);
    bool yes = may(p, ask, interval_ms, now_ms);
    if (yes && p == NULL) {
        p = oldest_of(set);
        *p = (struct place){.id = *ask->id, .authority = ask->authority};
    }
    if (yes) {
        charge(p, ask, now_ms);
    }
    pthread_mutex_unlock(&r->lock);
    return yes;
}

bool onboard_hour_take(struct onboard_hour *b, uint32_t per_hour, uint64_t now_ms)
{
    const uint64_t cost = per_hour < HOUR_US ? HOUR_US / per_hour : 1, now = now_ms * 1000;
    uint64_t from = b->empty_until_us > now ? b->empty_until_us : now;
    if (from - now > HOUR_US - cost) {
        return false;
    }
    b->empty_until_us = from + cost;
    return true;
}
