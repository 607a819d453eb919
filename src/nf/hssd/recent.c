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
    uint32_t unconfirmed;
    uint32_t next_given;
    uint64_t given[GIVEN_MAX]; /* hashes of the origins that got vectors, newest ones */
    uint64_t report;           /* hash of the last failure report that was counted */
};
_Static_assert(sizeof(struct entry) <= 64, "an entry fits a cache line");

/* What a search looks at lies together: an entry is fetched only when its tag says that it may be
 * the one. */
struct set {
    uint64_t last[WAYS]; /* highest GLC value issued */
    uint32_t tag[WAYS];  /* of the IMSI's hash; 0 where the entry is free */
    struct entry entry[WAYS];
};
/* A subscriber's place in its set. */
struct place {
    struct entry *entry; /* NULL: none */
    uint64_t *last;
};

/* The stripe's time never goes back: a thread that read the clock and was held up since would else
 * draw below a value that was issued, and forgotten, in between. */
struct stripe {
    pthread_mutex_t lock;
    uint64_t glc;
};
struct recent {
    struct set *set;
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
    r->set = calloc(r->sets, sizeof *r->set);
    if (r->set == NULL || getrandom(&r->seed, sizeof r->seed, 0) != sizeof r->seed) {
        free(r->set);
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
    free(r->set);
    free(r);
}

struct found {
    struct set *set;
    uint32_t tag;
    pthread_mutex_t *lock;
};

/* Locks the subscriber's stripe and finds its set; *glc becomes the stripe's time if that is later
 * (0: the caller asks for no time). */
static struct found set_lock(struct recent *r, const struct imsi *imsi, uint64_t *glc)
{
    uint64_t hash = hash_of(r, (struct bytes){(const uint8_t *)imsi->digits, imsi->n});
    uint64_t at = (hash >> 8) & (r->sets - 1);
    struct stripe *s = &r->stripes[at % STRIPES];
    pthread_mutex_lock(&s->lock);
    s->glc = *glc > s->glc ? *glc : s->glc;
    *glc = s->glc;
    return (struct found){&r->set[at], (uint32_t)(hash >> 32) | 1, &s->lock};
}

static struct place place_of(struct set *set, size_t i)
{
    return (struct place){&set->entry[i], &set->last[i]};
}

static struct place entry_find(const struct found *f, const struct imsi *imsi)
{
    for (size_t i = 0; i < WAYS; i++) {
        if (f->set->tag[i] == f->tag && strcmp(f->set->entry[i].imsi, imsi->digits) == 0) {
            return place_of(f->set, i);
        }
    }
    return (struct place){NULL, NULL};
}

/* The subscriber's entry, or the one used longest ago that may be forgotten, emptied. */
static struct place entry_take(const struct found *f, const struct imsi *imsi, uint64_t glc)
{
    struct set *set = f->set;
    struct place p = entry_find(f, imsi);
    if (p.entry != NULL) {
        return p;
    }
    size_t best = WAYS;
    for (size_t i = 0; i < WAYS; i++) {
        if ((set->tag[i] == 0 || set->last[i] < glc) &&
            (best == WAYS || set->last[i] < set->last[best])) {
            best = i;
        }
    }
    if (best == WAYS) {
        return p;
    }
    set->last[best] = 0;
    set->tag[best] = f->tag;
    set->entry[best] = (struct entry){.unconfirmed = 0};
    memcpy(set->entry[best].imsi, imsi->digits, sizeof set->entry[best].imsi);
    return place_of(set, best);
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
    uint64_t who = hash_of(r, origin);
    struct found f = set_lock(r, imsi, &glc);
    struct place p = entry_take(&f, imsi, glc);
    enum err err = E_EXHAUSTED;
    if (p.entry != NULL) {
        uint64_t last = *p.last;
        err = sqn_draw(glc, mark, dif, last, want, &out->first_seq, &out->got, p.last);
    }
    if (err == E_OK) {
        struct entry *e = p.entry;
        e->unconfirmed = bytes_eq_nocase(origin, serving) ? 0 : e->unconfirmed + 1;
        out->unconfirmed = e->unconfirmed;
        entry_given(e, who);
    }
    pthread_mutex_unlock(f.lock);
    return err;
}

uint64_t recent_next(struct recent *r, const struct imsi *imsi, uint64_t glc)
{
    struct found f = set_lock(r, imsi, &glc);
    struct place p = entry_find(&f, imsi);
    uint64_t next = p.entry != NULL && *p.last >= glc ? *p.last + 1 : glc;
    pthread_mutex_unlock(f.lock);
    return next;
}

void recent_confirmed(struct recent *r, const struct imsi *imsi)
{
    uint64_t no_time = 0;
    struct found f = set_lock(r, imsi, &no_time);
    struct entry *e = entry_find(&f, imsi).entry;
    if (e != NULL) {
        e->unconfirmed = 0;
    }
    pthread_mutex_unlock(f.lock);
}

bool recent_was_given(struct recent *r, const struct imsi *imsi, struct bytes origin)
{
    uint64_t no_time = 0;
    uint64_t who = hash_of(r, origin);
    bool given = false;
    struct found f = set_lock(r, imsi, &no_time);
    struct entry *e = entry_find(&f, imsi).entry;
    for (size_t i = 0; e != NULL && i < GIVEN_MAX; i++) {
        given = given || e->given[i] == who;
    }
    pthread_mutex_unlock(f.lock);
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
    uint64_t report = report_of(r, origin, end_to_end);
    struct found f = set_lock(r, imsi, &glc);
    struct entry *e = entry_take(&f, imsi, glc).entry;
    if (e != NULL) {
        e->report = report;
    }
    pthread_mutex_unlock(f.lock);
}

bool recent_report_is_known(struct recent *r, const struct imsi *imsi, struct bytes origin,
                            uint32_t end_to_end)
{
    uint64_t no_time = 0;
    uint64_t report = report_of(r, origin, end_to_end);
    struct found f = set_lock(r, imsi, &no_time);
    struct entry *e = entry_find(&f, imsi).entry;
    bool known = e != NULL && e->report == report;
    pthread_mutex_unlock(f.lock);
    return known;
}
