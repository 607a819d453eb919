#include "nf/hssd/recent.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define WAYS      16u /* entries of one set: a subscriber lives in exactly one set */
#define STRIPES   64u /* locks; a power of two */
#define GIVEN_MAX 3u

/* Small enough for one cache line. */
struct entry {
    char imsi[IMSI_DIGITS_MAX + 1]; /* empty: free */
    uint64_t last;                  /* highest GLC value issued */
    uint32_t unconfirmed;
    uint32_t next_given;
    uint64_t given[GIVEN_MAX]; /* hashes of the origins that got vectors, newest ones */
    uint64_t report;           /* hash of the last failure report that was counted */
};
_Static_assert(sizeof(struct entry) <= 64, "an entry fits a cache line");

/* The stripe's time never goes back: a thread that read the clock and was held up since would else
 * draw below a value that was issued, and forgotten, in between. */
struct stripe {
    pthread_mutex_t lock;
    uint64_t glc;
};
struct recent {
    struct entry *entries;
    uint64_t sets; /* a power of two, at least STRIPES */
    uint64_t seed; /* so that nobody can choose subscribers that share a set */
    struct stripe stripes[STRIPES];
};

static uint64_t mix(uint64_t x)
{
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

/* DiameterIdentities are compared without case, so they are hashed without it. */
static uint64_t hash_of(const struct recent *r, struct bytes b)
{
    uint64_t h = r->seed;
    for (size_t i = 0; i < b.n; i++) {
        uint8_t c = b.p[i];
        h = mix(h ^ (c >= 'A' && c <= 'Z' ? c + 32u : c));
    }
    return h | 1; /* 0 means: none */
}

enum err recent_open(unsigned entries, struct recent **out)
{
    struct recent *r = calloc(1, sizeof *r);
    if (r == NULL) {
        return E_MEMORY;
    }
    r->sets = STRIPES;
    while (r->sets * WAYS < entries) {
        r->sets *= 2;
    }
    r->entries = calloc(r->sets * WAYS, sizeof *r->entries);
    if (r->entries == NULL || getrandom(&r->seed, sizeof r->seed, 0) != sizeof r->seed) {
        free(r->entries);
        free(r);
        return E_MEMORY;
    }
    for (size_t i = 0; i < STRIPES; i++) {
        pthread_mutex_init(&r->stripes[i].lock, NULL);
    }
    *out = r;
    return E_OK;
}

void recent_close(struct recent *r)
{
    if (r == NULL) {
        return;
    }
    for (size_t i = 0; i < STRIPES; i++) {
        pthread_mutex_destroy(&r->stripes[i].lock);
    }
    free(r->entries);
    free(r);
}

/* Locks the subscriber's stripe and returns its set; *glc becomes the stripe's time if that is
 * later (0: the caller asks for no time). */
static struct entry *set_lock(struct recent *r, const struct imsi *imsi, uint64_t *glc,
                              pthread_mutex_t **lock)
{
    uint64_t set = hash_of(r, (struct bytes){(const uint8_t *)imsi->digits, imsi->n}) >> 8;
    set &= r->sets - 1;
    struct stripe *s = &r->stripes[set % STRIPES];
    *lock = &s->lock;
    pthread_mutex_lock(*lock);
    s->glc = *glc > s->glc ? *glc : s->glc;
    *glc = s->glc;
    return r->entries + set * WAYS;
}

static struct entry *entry_find(struct entry *set, const struct imsi *imsi)
{
    for (size_t i = 0; i < WAYS; i++) {
        if (strcmp(set[i].imsi, imsi->digits) == 0) {
            return &set[i];
        }
    }
    return NULL;
}

/* The subscriber's entry, or the one used longest ago that may be forgotten, emptied. */
static struct entry *entry_take(struct entry *set, const struct imsi *imsi, uint64_t glc)
{
    struct entry *e = entry_find(set, imsi);
    if (e != NULL) {
        return e;
    }
    for (size_t i = 0; i < WAYS; i++) {
        if ((set[i].imsi[0] == '\0' || set[i].last < glc) && (e == NULL || set[i].last < e->last)) {
            e = &set[i];
        }
    }
    if (e != NULL) {
        *e = (struct entry){.last = 0};
        memcpy(e->imsi, imsi->digits, sizeof e->imsi);
    }
    return e;
}

static void entry_given(struct entry *e, uint64_t origin)
{
    for (size_t i = 0; i < GIVEN_MAX; i++) {
        if (e->given[i] == origin) {
            return;
        }
    }
    e->given[e->next_given++ % GIVEN_MAX] = origin;
}

enum err recent_take(struct recent *r, const struct imsi *imsi, uint64_t glc, uint64_t mark,
                     int64_t dif, unsigned want, struct bytes origin, struct bytes serving,
                     struct recent_draw *out)
{
    pthread_mutex_t *lock;
    uint64_t who = hash_of(r, origin);
    struct entry *set = set_lock(r, imsi, &glc, &lock);
    struct entry *e = entry_take(set, imsi, glc);
    enum err err = E_EXHAUSTED;
    if (e != NULL) {
        uint64_t last = e->last;
        err = sqn_draw(glc, mark, dif, last, want, &out->first_seq, &out->got, &e->last);
    }
    if (err == E_OK) {
        e->unconfirmed = bytes_eq_nocase(origin, serving) ? 0 : e->unconfirmed + 1;
        out->unconfirmed = e->unconfirmed;
        entry_given(e, who);
    }
    pthread_mutex_unlock(lock);
    return err;
}

uint64_t recent_next(struct recent *r, const struct imsi *imsi, uint64_t glc)
{
    pthread_mutex_t *lock;
    struct entry *e = entry_find(set_lock(r, imsi, &glc, &lock), imsi);
    uint64_t next = e != NULL && e->last >= glc ? e->last + 1 : glc;
    pthread_mutex_unlock(lock);
    return next;
}

void recent_confirmed(struct recent *r, const struct imsi *imsi)
{
    pthread_mutex_t *lock;
    uint64_t no_time = 0;
    struct entry *e = entry_find(set_lock(r, imsi, &no_time, &lock), imsi);
    if (e != NULL) {
        e->unconfirmed = 0;
    }
    pthread_mutex_unlock(lock);
}

bool recent_was_given(struct recent *r, const struct imsi *imsi, struct bytes origin)
{
    pthread_mutex_t *lock;
    uint64_t no_time = 0;
    uint64_t who = hash_of(r, origin);
    bool given = false;
    struct entry *e = entry_find(set_lock(r, imsi, &no_time, &lock), imsi);
    for (size_t i = 0; e != NULL && i < GIVEN_MAX; i++) {
        given = given || e->given[i] == who;
    }
    pthread_mutex_unlock(lock);
    return given;
}

/* RFC 6733 3: Origin-Host and End-to-End Identifier name a request for four minutes. */
static uint64_t report_of(const struct recent *r, struct bytes origin, uint32_t end_to_end)
{
    return mix(hash_of(r, origin) ^ end_to_end) | 1;
}

void recent_report_counted(struct recent *r, const struct imsi *imsi, uint64_t glc,
                           struct bytes origin, uint32_t end_to_end)
{
    pthread_mutex_t *lock;
    uint64_t report = report_of(r, origin, end_to_end);
    struct entry *e = entry_take(set_lock(r, imsi, &glc, &lock), imsi, glc);
    if (e != NULL) {
        e->report = report;
    }
    pthread_mutex_unlock(lock);
}

bool recent_report_is_known(struct recent *r, const struct imsi *imsi, struct bytes origin,
                            uint32_t end_to_end)
{
    pthread_mutex_t *lock;
    uint64_t no_time = 0;
    uint64_t report = report_of(r, origin, end_to_end);
    struct entry *e = entry_find(set_lock(r, imsi, &no_time, &lock), imsi);
    bool known = e != NULL && e->report == report;
    pthread_mutex_unlock(lock);
    return known;
}
