#include "nf/hssd/repository_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- what is said while nobody can be asked ---- */

/* An old answer does where the repository could not be asked, not where it did not want to, or said
 * what cannot be believed. */
static bool may_be_old(enum devid_cause cause)
{
    return cause == DEVID_CAUSE_REPOSITORY_SILENT || cause == DEVID_CAUSE_REPOSITORY_BUSY ||
           cause == DEVID_CAUSE_REPOSITORY_BAD;
}

/*= devid-bounded */
/* Takes the answer, or what the cache has instead. The answer stays the caller's. */
static void settle(struct source *s, struct repository_inquiry *q, struct repository_answer *answer)
{
    struct repositories *r = s->all;
    struct devid_credential c;
    repository_answer_credential(answer, &c);
    if (c.status == DEVID_UNAVAILABLE && may_be_old(c.cause)) {
        enum repository_hit hit =
            repository_cache_find(r->cache, &q->imei, repository_now(r), &q->answer, &q->age);
        if (hit != REPOSITORY_MISS) {
            q->source = hit == REPOSITORY_STALE ? DEVID_FROM_STALE_CACHE : DEVID_FROM_CACHE;
            repository_count(hit == REPOSITORY_STALE ? &s->n_stale : &s->n_hits);
            return;
        }
    }
    q->answer = repository_answer_hold(answer);
    q->source = DEVID_FROM_REPOSITORY;
    q->age = 0;
}

static enum repository_outcome settled(struct source *s, struct repository_inquiry *q,
                                       struct repository_answer *answer)
{
    settle(s, q, answer);
    return REPOSITORY_ANSWERED;
}

/* ---- who waits: under the source's lock ---- */

static struct repository_ask **place_of(struct source *s, const struct imei *imei)
{
    uint64_t h = imei_number(imei) * UINT64_C(0x9e3779b97f4a7c15);
    struct repository_ask **at = &s->buckets[(h >> 56) % ASK_BUCKETS];
    while (*at != NULL && !imei_eq(&(*at)->imei, imei)) {
        at = &(*at)->chain;
    }
    return at;
}

static void queue_add(struct source *s, struct repository_ask *a)
{
    *s->queue_end = a;
    s->queue_end = &a->next;
    pthread_cond_signal(&s->work);
}

static struct repository_ask *queue_take(struct source *s)
{
    struct repository_ask *a = s->queue;
    s->queue = a->next;
    if (s->queue == NULL) {
        s->queue_end = &s->queue;
    }
    a->next = NULL;
    a->sent = true;
    return a;
}

static void queue_remove(struct source *s, struct repository_ask *a)
{
    struct repository_ask **at = &s->queue;
    while (*at != a) {
        at = &(*at)->next;
    }
    *at = a->next;
    if (s->queue_end == &a->next) {
        s->queue_end = at;
    }
}

static void wait_begin(struct source *s, struct repository_ask *a, struct repository_inquiry *q)
{
    q->ask = a;
    q->next = a->waiting;
    a->waiting = q;
    q->before = s->newest;
    q->after = NULL;
    *(s->newest != NULL ? &s->newest->after : &s->oldest) = q;
    s->newest = q;
    s->waiting++;
}

static void wait_end(struct source *s, struct repository_inquiry *q)
{
    *(q->before != NULL ? &q->before->after : &s->oldest) = q->after;
    *(q->after != NULL ? &q->after->before : &s->newest) = q->before;
    s->waiting--;
}

static void forget(struct source *s, struct repository_ask *a)
{
    *place_of(s, &a->imei) = a->chain;
}

/* All that wait for it, as a list by next; nobody waits any more. */
static struct repository_inquiry *take_waiting(struct source *s, struct repository_ask *a)
{
    struct repository_inquiry *list = a->waiting;
    for (struct repository_inquiry *q = list; q != NULL; q = q->next) {
        wait_end(s, q);
    }
    a->waiting = NULL;
    return list;
}

/* Takes one out of those that wait for its question, which goes too when it was the last and is not
 * asked yet. */
static void leave(struct source *s, struct repository_inquiry *q)
{
    struct repository_ask *a = q->ask;
    struct repository_inquiry **at = &a->waiting;
    while (*at != q) {
        at = &(*at)->next;
    }
    *at = q->next;
    wait_end(s, q);
    if (a->waiting == NULL && !a->sent) {
        queue_remove(s, a);
        forget(s, a);
        free(a);
    }
}

/* Without the lock. */
static void tell_all(struct source *s, struct repository_inquiry *list,
                     struct repository_answer *answer)
{
    while (list != NULL) {
        struct repository_inquiry *q = list;
        list = q->next; /* done may end it */
        settle(s, q, answer);
        q->done(q);
    }
}

/* ---- asking ---- */

static struct source *source_of(struct repositories *r, const struct imei *imei)
{
    const struct hssd_repository *c = hssd_config_repository_of(r->config, imei);
    return c != NULL ? &r->sources[c - r->config->repositories] : NULL;
}

static enum repository_outcome look(struct repositories *r, struct source *s,
                                    struct repository_inquiry *q)
{
    if (s == NULL) { /* nobody has bindings of such devices, as far as this network knows */
        q->answer = repository_answer_hold(r->none);
        q->source = DEVID_FROM_CACHE;
        q->age = 0;
        return REPOSITORY_ANSWERED;
    }
    enum repository_hit hit =
        repository_cache_find(r->cache, &q->imei, repository_now(r), &q->answer, &q->age);
    if (hit == REPOSITORY_FRESH) {
        q->source = DEVID_FROM_CACHE;
        repository_count(&s->n_hits);
        return REPOSITORY_ANSWERED;
    }
    if (hit == REPOSITORY_STALE) {
        repository_answer_release(q->answer);
    }
    return REPOSITORY_TO_ASK;
}

enum repository_outcome repositories_look(struct repositories *r, struct repository_inquiry *q)
{
    return look(r, source_of(r, &q->imei), q);
}

void repository_kick_keeper(struct repositories *r)
{
    pthread_mutex_lock(&r->keeper_lock);
    r->kicked = true;
    pthread_cond_signal(&r->keeper_wake);
    pthread_mutex_unlock(&r->keeper_lock);
}

/* Joins the question that is asked already, or makes one. Under the lock; NULL without memory. */
static struct repository_ask *ask_of(struct source *s, const struct imei *imei)
{
    struct repository_ask **at = place_of(s, imei);
    if (*at == NULL) {
        struct repository_ask *a = calloc(1, sizeof *a);
        if (a == NULL) {
            return NULL;
        }
        a->imei = *imei;
        *at = a;
        queue_add(s, a);
    }
    return *at;
}

/* Why not, as an answer; NULL when it waits now. */
static struct repository_answer *enqueue(struct source *s, struct repository_inquiry *q,
                                         bool *first)
{
    struct repositories *r = s->all;
    struct repository_answer *instead = NULL;
    pthread_mutex_lock(&s->lock);
    if (atomic_load(&r->stopping) || repository_is_silent(s)) {
        instead = r->silent;
    } else if (s->waiting >= r->config->devid.queue) {
        instead = r->busy;
    } else {
        struct repository_ask *a = ask_of(s, &q->imei);
        *first = s->oldest == NULL;
        q->deadline_ms = repository_now(r) + r->config->devid.wait_ms;
        if (a != NULL) {
            wait_begin(s, a, q);
        }
        instead = a == NULL ? r->busy : NULL;
    }
    pthread_mutex_unlock(&s->lock);
    return instead;
}

enum repository_outcome repositories_ask(struct repositories *r, struct repository_inquiry *q)
{
    bool first = false;
    struct source *s = source_of(r, &q->imei);
    if (look(r, s, q) == REPOSITORY_ANSWERED) {
        return REPOSITORY_ANSWERED;
    }
    repository_count(&s->n_misses);
    struct repository_answer *instead = enqueue(s, q, &first);
    if (instead != NULL) {
        repository_count(instead == r->busy ? &s->n_busy : &s->n_silent);
        return settled(s, q, instead);
    }
    if (first) {
        repository_kick_keeper(r);
    }
    return REPOSITORY_LATER;
}

void repositories_turn_away(struct repositories *r, struct repository_inquiry *q)
{
    struct source *s = source_of(r, &q->imei);
    repository_count(&s->n_busy);
    settle(s, q, r->busy);
}

/* ---- the threads that ask ---- */

static void count_answer(struct source *s, const struct devid_credential *c)
{
    _Atomic uint64_t *counter = &s->n_found;
    if (c->status == DEVID_NONE) {
        counter = &s->n_none;
    } else if (c->status == DEVID_UNAVAILABLE) {
        counter = c->cause == DEVID_CAUSE_REPOSITORY_REFUSED  ? &s->n_refused
                  : c->cause == DEVID_CAUSE_REPOSITORY_BUSY   ? &s->n_busy
                  : c->cause == DEVID_CAUSE_REPOSITORY_SILENT ? &s->n_silent
                                                              : &s->n_bad;
    }
    repository_count(counter);
}

static bool is_an_answer(enum err err)
{
    return err == E_OK || err == E_NO_ROOM; /* one that is too large */
}

/* A record that is not believed is worth a line: somebody signs, or changes, what he should not. */
static void tell_disbelief(struct source *s, const struct imei *imei,
                           const struct devid_credential *c)
{
    const struct repository_world *w = &s->all->world;
    if (c->status == DEVID_UNAVAILABLE &&
        (c->cause == DEVID_CAUSE_RECORD || c->cause == DEVID_CAUSE_RECORD_SIGNATURE)) {
        w->event(w->ctx, "binding-disbelieved", s->config->name, imei, devid_cause_name(c->cause),
                 devid_cause_sentence(c->cause));
    }
}

/* Held for the caller. */
static struct repository_answer *answer_of(struct asker *a, const struct imei *imei)
{
    struct source *s = a->source;
    struct repositories *r = s->all;
    struct repository_answer *answer = NULL;
    struct https_reply reply;
    struct devid_credential c;
    char path[64];
    (void)snprintf(path, sizeof path, "/v1/bindings/%s", imei->digits);
    repository_count(&s->n_asked);
    enum err err = repository_get(s, &a->client, r->config->devid.wait_ms, path, &reply);
    bool went_down = repository_contact(s, is_an_answer(err) ? E_OK : err, DEVID_CAUSE_NONE, false,
                                        reply.reason);
    if (went_down) {
        repository_give_up(s);
    }
    if (!is_an_answer(err)) {
        repository_count(&s->n_silent);
        return repository_answer_hold(r->silent);
    }
    unsigned status = err == E_OK ? reply.status : 0;
    if (repository_answer_read(&a->crypto, devid_port_of(a->verifier), imei, status, reply.body,
                               &answer) != E_OK) {
        answer = repository_answer_hold(r->busy); /* no memory */
    }
    repository_answer_credential(answer, &c);
    count_answer(s, &c);
    tell_disbelief(s, imei, &c);
    return answer;
}

static void ask_one(struct asker *a, struct repository_ask *ask)
{
    struct source *s = a->source;
    uint64_t asked_ms = repository_now(s->all);
    struct repository_answer *answer = answer_of(a, &ask->imei);
    pthread_mutex_lock(&s->lock);
    if (repository_answer_serial(answer) >= ask->changed_serial) {
        repository_cache_put(s->all->cache, &ask->imei, asked_ms, answer);
    }
    forget(s, ask);
    struct repository_inquiry *list = take_waiting(s, ask);
    pthread_mutex_unlock(&s->lock);
    tell_all(s, list, answer);
    repository_answer_release(answer);
    free(ask);
}

void *repository_asker_main(void *arg)
{
    struct asker *a = arg;
    struct source *s = a->source;
    pthread_mutex_lock(&s->lock);
    while (!atomic_load(&s->all->stopping)) {
        if (s->queue == NULL ||
            repository_is_silent(s)) { /* whoever found it so empties the queue */
            pthread_cond_wait(&s->work, &s->lock);
            continue;
        }
        struct repository_ask *ask = queue_take(s);
        pthread_mutex_unlock(&s->lock);
        ask_one(a, ask);
        pthread_mutex_lock(&s->lock);
    }
    pthread_mutex_unlock(&s->lock);
    return NULL;
}

void repository_overtake(struct source *s, const struct repository_change *change)
{
    struct repository_ask *a = *place_of(s, &change->imei);
    if (a != NULL && change->serial > a->changed_serial) {
        a->changed_serial = change->serial;
    }
}

/* ---- who waited long enough ---- */

/* Those whose time is up at `until`, as a list by next. */
static struct repository_inquiry *take_late(struct source *s, uint64_t until)
{
    struct repository_inquiry *late = NULL, **end = &late;
    pthread_mutex_lock(&s->lock);
    while (s->oldest != NULL && s->oldest->deadline_ms <= until) {
        struct repository_inquiry *q = s->oldest;
        leave(s, q);
        q->next = NULL;
        *end = q;
        end = &q->next;
    }
    pthread_mutex_unlock(&s->lock);
    return late;
}

static uint64_t first_deadline(struct source *s)
{
    pthread_mutex_lock(&s->lock);
    uint64_t ms = s->oldest != NULL ? s->oldest->deadline_ms : UINT64_MAX;
    pthread_mutex_unlock(&s->lock);
    return ms;
}

void repository_end_late(struct source *s, uint64_t until)
{
    struct repository_inquiry *late = take_late(s, until);
    for (const struct repository_inquiry *q = late; q != NULL; q = q->next) {
        repository_count(&s->n_silent);
    }
    tell_all(s, late, s->all->silent);
}

/* Whoever is in the queue behind a repository that does not answer need not wait; those whose
 * question is out have its answer to wait for, or their time. */
void repository_give_up(struct source *s)
{
    struct repository_inquiry *list = NULL;
    pthread_mutex_lock(&s->lock);
    while (s->queue != NULL) {
        struct repository_ask *a = queue_take(s);
        struct repository_inquiry *of_it = take_waiting(s, a), *last = of_it;
        forget(s, a);
        free(a);
        while (last != NULL && last->next != NULL) {
            last = last->next;
        }
        if (last != NULL) {
            last->next = list;
            list = of_it;
        }
    }
    pthread_mutex_unlock(&s->lock);
    for (const struct repository_inquiry *q = list; q != NULL; q = q->next) {
        repository_count(&s->n_silent);
    }
    tell_all(s, list, s->all->silent);
}

void *repository_keeper_main(void *arg)
{
    struct repositories *r = arg;
    while (!atomic_load(&r->stopping)) {
        uint64_t next = UINT64_MAX;
        for (size_t i = 0; i < r->n; i++) {
            repository_end_late(&r->sources[i], repository_now(r));
            uint64_t first = first_deadline(&r->sources[i]);
            next = first < next ? first : next;
        }
        pthread_mutex_lock(&r->keeper_lock);
        if (!r->kicked && !atomic_load(&r->stopping)) {
            repository_wait(r, &r->keeper_wake, &r->keeper_lock, next);
        }
        r->kicked = false;
        pthread_mutex_unlock(&r->keeper_lock);
    }
    return NULL;
}
