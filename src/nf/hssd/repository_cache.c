#include "nf/hssd/repository_cache.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define STRIPES         64u
#define OCTETS_AN_ENTRY 4096u /* a chain of three with room to spare */
#define SECOND_MS       1000u

/* What is known of an IMEI: an answer, or the mark of a revocation, or both. */
struct entry {
    struct imei imei;
    struct entry *next;               /* of the same bucket */
    struct entry *newer, *older;      /* by use */
    struct repository_answer *answer; /* or NULL */
    uint64_t asked_ms;                /* the answer's age counts from here */
    uint64_t revoked_serial;          /* of the last revocation that was told; 0: none was */
};
struct stripe {
    pthread_mutex_t lock;
    struct entry **buckets;
    struct entry *newest, *oldest;
    uint32_t n;
    uint64_t octets, answers;
};
struct repository_cache {
    struct repository_times times;
    uint32_t entries; /* of a stripe */
    uint32_t mask;    /* of its buckets */
    uint64_t octets;  /* of its answers */
    struct stripe stripes[STRIPES];
};

/* ---- places ---- */

/* IMEIs of a production lot follow one another; a multiplication spreads them (Knuth 6.4). */
static uint64_t hash(const struct imei *imei)
{
    uint64_t n = 0;
    for (size_t i = 0; i < IMEI_DIGITS; i++) {
        n = n * 10 + (uint64_t)(imei->digits[i] - '0');
    }
    return n * UINT64_C(0x9e3779b97f4a7c15);
}

static struct stripe *stripe_of(struct repository_cache *c, uint64_t h)
{
    return &c->stripes[h >> 58];
}

static struct entry **bucket_of(const struct repository_cache *c, struct stripe *s, uint64_t h)
{
    return &s->buckets[(h >> 24) & c->mask];
}

static struct entry *find(const struct repository_cache *c, struct stripe *s, uint64_t h,
                          const struct imei *imei)
{
    struct entry *e = *bucket_of(c, s, h);
    while (e != NULL && !imei_eq(&e->imei, imei)) {
        e = e->next;
    }
    return e;
}

static void unlist(struct stripe *s, struct entry *e)
{
    *(e->newer != NULL ? &e->newer->older : &s->newest) = e->older;
    *(e->older != NULL ? &e->older->newer : &s->oldest) = e->newer;
}

static void list_newest(struct stripe *s, struct entry *e)
{
    e->newer = NULL;
    e->older = s->newest;
    *(s->newest != NULL ? &s->newest->newer : &s->oldest) = e;
    s->newest = e;
}

static void used(struct stripe *s, struct entry *e)
{
    if (s->newest != e) {
        unlist(s, e);
        list_newest(s, e);
    }
}

static void drop_answer(struct stripe *s, struct entry *e)
{
    if (e->answer != NULL) {
        s->octets -= repository_answer_octets(e->answer);
        s->answers--;
        repository_answer_release(e->answer);
        e->answer = NULL;
    }
}

static void remove_entry(struct repository_cache *c, struct stripe *s, struct entry *e)
{
    struct entry **at = bucket_of(c, s, hash(&e->imei));
    while (*at != e) {
        at = &(*at)->next;
    }
    *at = e->next;
    unlist(s, e);
    drop_answer(s, e);
    s->n--;
    free(e);
}

/* Room for one more, and for its octets. */
static void make_room(struct repository_cache *c, struct stripe *s, const struct entry *spare)
{
    while (s->oldest != NULL && s->oldest != spare &&
           (s->n > c->entries || s->octets > c->octets)) {
        remove_entry(c, s, s->oldest);
    }
}

static struct entry *find_or_add(struct repository_cache *c, struct stripe *s, uint64_t h,
                                 const struct imei *imei)
{
    struct entry *e = find(c, s, h, imei);
    if (e != NULL) {
        used(s, e);
        return e;
    }
    if ((e = calloc(1, sizeof *e)) == NULL) {
        return NULL;
    }
    struct entry **at = bucket_of(c, s, h);
    e->imei = *imei;
    e->next = *at;
    *at = e;
    list_newest(s, e);
    s->n++;
    make_room(c, s, e);
    return e;
}

/* ---- looking ---- */

static enum repository_hit judge(const struct repository_times *t, enum devid_status status,
                                 uint64_t age_ms)
{
    uint64_t fresh = status == DEVID_NONE ? t->unknown_seconds : t->cache_seconds;
    uint64_t stale = status == DEVID_NONE ? 0 : fresh + t->stale_seconds;
    if (age_ms < fresh * SECOND_MS) {
        return REPOSITORY_FRESH;
    }
    return age_ms < stale * SECOND_MS ? REPOSITORY_STALE : REPOSITORY_MISS;
}

/*= devid-cache */
enum repository_hit repository_cache_find(struct repository_cache *c, const struct imei *imei,
                                          uint64_t now_ms, struct repository_answer **out,
                                          uint32_t *age)
{
    uint64_t h = hash(imei);
    struct stripe *s = stripe_of(c, h);
    enum repository_hit hit = REPOSITORY_MISS;
    pthread_mutex_lock(&s->lock);
    struct entry *e = find(c, s, h, imei);
    if (e != NULL && e->answer != NULL) {
        uint64_t age_ms = now_ms > e->asked_ms ? now_ms - e->asked_ms : 0;
        hit = judge(&c->times, repository_answer_status(e->answer), age_ms);
        if (hit != REPOSITORY_MISS) {
            used(s, e);
            *out = repository_answer_hold(e->answer);
            *age = (uint32_t)(age_ms / SECOND_MS);
        } else {
            drop_answer(s, e);
        }
    }
    pthread_mutex_unlock(&s->lock);
    return hit;
}

/* ---- keeping ---- */

/* Does it know of the revocation that was told? */
static bool overtaken(const struct entry *e, const struct repository_answer *answer)
{
    return repository_answer_status(answer) == DEVID_FOUND &&
           repository_answer_serial(answer) < e->revoked_serial;
}

void repository_cache_put(struct repository_cache *c, const struct imei *imei, uint64_t asked_ms,
                          struct repository_answer *answer)
{
    uint64_t h = hash(imei);
    struct stripe *s = stripe_of(c, h);
    enum devid_status status = repository_answer_status(answer);
    if (status == DEVID_UNAVAILABLE || judge(&c->times, status, 0) == REPOSITORY_MISS) {
        return;
    }
    pthread_mutex_lock(&s->lock);
    struct entry *e = find_or_add(c, s, h, imei);
    if (e != NULL && !overtaken(e, answer)) {
        drop_answer(s, e);
        e->answer = repository_answer_hold(answer);
        e->asked_ms = asked_ms;
        s->octets += repository_answer_octets(answer);
        s->answers++;
        make_room(c, s, e);
    }
    pthread_mutex_unlock(&s->lock);
}

/* ---- changes ---- */

bool repository_cache_changed(struct repository_cache *c, const struct repository_change *change)
{
    uint64_t h = hash(&change->imei);
    struct stripe *s = stripe_of(c, h);
    bool had = false;
    pthread_mutex_lock(&s->lock);
    struct entry *e =
        change->revoked ? find_or_add(c, s, h, &change->imei) : find(c, s, h, &change->imei);
    if (e != NULL && e->answer != NULL && repository_answer_serial(e->answer) < change->serial) {
        had = repository_answer_status(e->answer) == DEVID_FOUND;
        drop_answer(s, e);
    }
    if (e != NULL && change->revoked) {
        e->revoked_serial = change->serial;
    }
    pthread_mutex_unlock(&s->lock);
    return had;
}

bool repository_cache_revoked(struct repository_cache *c, const struct imei *imei, uint64_t serial)
{
    uint64_t h = hash(imei);
    struct stripe *s = stripe_of(c, h);
    pthread_mutex_lock(&s->lock);
    const struct entry *e = find(c, s, h, imei);
    bool revoked = e != NULL && e->revoked_serial > serial;
    pthread_mutex_unlock(&s->lock);
    return revoked;
}

/* ---- all of it ---- */

uint64_t repository_cache_flush(struct repository_cache *c)
{
    uint64_t n = 0;
    for (size_t i = 0; i < STRIPES; i++) {
        struct stripe *s = &c->stripes[i];
        pthread_mutex_lock(&s->lock);
        n += s->answers;
        for (struct entry *e = s->newest; e != NULL; e = e->older) {
            drop_answer(s, e);
        }
        pthread_mutex_unlock(&s->lock);
    }
    return n;
}

void repository_cache_restart(struct repository_cache *c)
{
    for (size_t i = 0; i < STRIPES; i++) {
        struct stripe *s = &c->stripes[i];
        pthread_mutex_lock(&s->lock);
        for (struct entry *e = s->newest, *older; e != NULL; e = older) {
            older = e->older;
            remove_entry(c, s, e);
        }
        pthread_mutex_unlock(&s->lock);
    }
}

uint64_t repository_cache_count(struct repository_cache *c)
{
    uint64_t n = 0;
    for (size_t i = 0; i < STRIPES; i++) {
        pthread_mutex_lock(&c->stripes[i].lock);
        n += c->stripes[i].answers;
        pthread_mutex_unlock(&c->stripes[i].lock);
    }
    return n;
}

enum err repository_cache_open(uint32_t entries, const struct repository_times *times,
                               struct repository_cache **out)
{
    struct repository_cache *c = calloc(1, sizeof *c);
    if (c == NULL) {
        return E_MEMORY;
    }
    uint32_t buckets = 1;
    c->times = *times;
    c->entries = entries / STRIPES > 0 ? entries / STRIPES : 1;
    c->octets = (uint64_t)c->entries * OCTETS_AN_ENTRY;
    while (buckets < c->entries) {
        buckets *= 2;
    }
    c->mask = buckets - 1;
    for (size_t i = 0; i < STRIPES; i++) {
        pthread_mutex_init(&c->stripes[i].lock, NULL);
        c->stripes[i].buckets = calloc(buckets, sizeof(struct entry *));
    }
    for (size_t i = 0; i < STRIPES; i++) {
        if (c->stripes[i].buckets == NULL) {
            repository_cache_close(c);
            return E_MEMORY;
        }
    }
    *out = c;
    return E_OK;
}

void repository_cache_close(struct repository_cache *c)
{
    if (c == NULL) {
        return;
    }
    for (size_t i = 0; i < STRIPES; i++) {
        struct stripe *s = &c->stripes[i];
        for (struct entry *e = s->newest, *older; e != NULL; e = older) {
            older = e->older;
            drop_answer(s, e);
            free(e);
        }
        free(s->buckets);
        pthread_mutex_destroy(&s->lock);
    }
    free(c);
}
