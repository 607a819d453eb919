#include "nf/hssd/push.h"

#include "crypto/openssl.h"
#include "nf/hssd/push_parts.h"
#include "nf/hssd/snapshots.h"
#include "store/store_backup.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define COOKIE_SLOT_BITS 16u /* of a cookie; never 0, which is nobody's */

int64_t push_unix_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void count(_Atomic uint64_t *counter)
{
    atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

/* ---- a change that is waited for ---- */

static enum err write_run(struct store_writer *w, struct writer_job *job)
{
    struct push_write *x = (struct push_write *)job;
    return x->apply(w, x);
}

static void write_done(struct writer_job *job)
{
    struct push_write *x = (struct push_write *)job;
    pthread_mutex_lock(&x->lock);
    x->done = true;
    pthread_cond_signal(&x->wake);
    pthread_mutex_unlock(&x->lock);
}

enum err push_write(struct push_write *x)
{
    x->job = (struct writer_job){.run = write_run, .done = write_done};
    x->done = false;
    pthread_mutex_init(&x->lock, NULL);
    pthread_cond_init(&x->wake, NULL);
    enum err err = writer_submit_low(x->p->h->writer, &x->job);
    if (err == E_OK) {
        pthread_mutex_lock(&x->lock);
        while (!x->done) {
            pthread_cond_wait(&x->wake, &x->lock);
        }
        pthread_mutex_unlock(&x->lock);
        err = x->job.result;
    }
    pthread_cond_destroy(&x->wake);
    pthread_mutex_destroy(&x->lock);
    return err;
}

/* ---- what is under way ---- */

struct push_ask *push_take(struct push *p)
{
    struct push_ask *found = NULL;
    pthread_mutex_lock(&p->lock);
    for (size_t i = 0; found == NULL && i < PUSH_ASKS; i++) {
        found = p->asks[i].state == PUSH_FREE ? &p->asks[i] : NULL;
    }
    pthread_mutex_unlock(&p->lock);
    if (found != NULL) {
        uint32_t generation = found->generation + 1;
        *found = (struct push_ask){.p = p, .generation = generation};
        found->cookie =
            (uint64_t)generation << COOKIE_SLOT_BITS | ((uint64_t)(found - p->asks) + 1);
    }
    return found;
}

static void answered(struct push_ask *ask, enum push_outcome outcome, uint32_t code)
{
    struct push *p = ask->p;
    pthread_mutex_lock(&p->lock);
    ask->outcome = outcome;
    ask->code = code;
    ask->state = PUSH_ANSWERED;
    p->woken = true;
    pthread_cond_signal(&p->wake);
    pthread_mutex_unlock(&p->lock);
}

void push_answered(struct hssd *h, uint64_t cookie, struct bytes msg)
{
    struct push *p = h->push;
    const size_t slot = (size_t)(cookie & ((1u << COOKIE_SLOT_BITS) - 1));
    if (p == NULL || slot == 0 || slot > PUSH_ASKS) {
        return;
    }
    struct push_ask *ask = &p->asks[slot - 1];
    pthread_mutex_lock(&p->lock);
    bool waits = ask->state == PUSH_SENT && ask->cookie == cookie;
    pthread_mutex_unlock(&p->lock);
    if (waits) { /* nobody else touches it before this says so */
        uint32_t code;
        enum push_outcome outcome = push_outcome_of(h, ask, msg, &code);
        answered(ask, outcome, code);
    }
}

static void send_now(void *arg)
{
    struct push_ask *ask = arg;
    struct hssd *h = ask->p->h;
    const uint64_t cookie = ask->cookie;
    if (!hssd_thread_ask(ask->thread, ask->conn, (struct mbytes){ask->msg, ask->n}, cookie)) {
        push_answered(h, cookie, (struct bytes){NULL, 0});
        return;
    }
    struct hssd_counters *c = &h->counters;
    count(ask->reset                           ? &c->rsr_sent
          : ask->what == STORE_PUSH_WITHDRAW   ? &c->clr_sent
          : (ask->what & STORE_PUSH_DATA) != 0 ? &c->idr_sent
                                               : &c->dsr_sent);
}

void push_send(struct push_ask *ask, const struct route *route)
{
    struct push *p = ask->p;
    ask->thread = route->thread;
    ask->conn = route->conn;
    ask->row.tried = push_unix_ms();
    pthread_mutex_lock(&p->lock);
    ask->state = PUSH_SENT;
    pthread_mutex_unlock(&p->lock);
    if (!hssd_thread_post(route->thread, send_now, ask)) {
        answered(ask, PUSH_SILENT, 0);
    }
}

void push_hold(struct push_ask *ask)
{
    pthread_mutex_lock(&ask->p->lock);
    ask->state = PUSH_HELD;
    pthread_mutex_unlock(&ask->p->lock);
}

void push_give_back(struct push_ask *ask)
{
    pthread_mutex_lock(&ask->p->lock);
    ask->state = PUSH_FREE;
    pthread_mutex_unlock(&ask->p->lock);
}

bool same_push_host(const char *a, const char *b)
{
    return bytes_eq_nocase(bytes_of_str(a), bytes_of_str(b));
}

size_t push_under_way(struct push *p, const char *host)
{
    size_t n = 0;
    pthread_mutex_lock(&p->lock);
    for (size_t i = 0; i < PUSH_ASKS; i++) {
        n += p->asks[i].state != PUSH_FREE && same_push_host(p->asks[i].row.host, host);
    }
    pthread_mutex_unlock(&p->lock);
    return n;
}

/* One at a time of a subscriber: a node must not see them overtake each other. */
static bool is_under_way(struct push *p, const struct store_push *row)
{
    bool is = false;
    pthread_mutex_lock(&p->lock);
    for (size_t i = 0; !is && i < PUSH_ASKS; i++) {
        const struct push_ask *a = &p->asks[i];
        is = a->state != PUSH_FREE && !a->reset && imsi_eq(&a->row.imsi, &row->imsi) &&
             same_push_host(a->row.host, row->host);
    }
    pthread_mutex_unlock(&p->lock);
    return is;
}

/* ---- what was answered ---- */

struct settling {
    struct push_ask *asks[PUSH_ASKS];
    bool gone[PUSH_ASKS]; /* the row is another one by now */
    size_t n;
};

int64_t push_wait_ms(uint32_t tries)
{
    const int64_t s = tries < 9 ? INT64_C(1) << tries : PUSH_RETRY_MOST_S;
    return (s > PUSH_RETRY_MOST_S ? PUSH_RETRY_MOST_S : s) * 1000;
}

static const char *cause_of(const struct push_ask *ask)
{
    return ask->outcome == PUSH_UNKNOWN  ? "user-unknown"
           : ask->outcome == PUSH_SILENT ? "no-answer"
           : ask->code == 0              ? "no-profile"
                                         : "refused";
}

static enum err settle_later(struct store_writer *w, struct push_ask *ask)
{
    struct store_push *row = &ask->row;
    row->tries += row->tries < UINT32_MAX;
    row->next_try = push_unix_ms() + push_wait_ms(row->tries);
    (void)snprintf(row->cause, sizeof row->cause, "%s", cause_of(ask));
    return store_push_later(w, row);
}

/*= op-idr-unknown */
/* It says that it does not serve the subscriber: as after a purge. Not if it registered since. */
static enum err settle_unknown(struct store_writer *w, struct push_ask *ask)
{
    enum err err = store_push_done(w, &ask->row, STORE_PUSH_ALL);
    if (err == E_OK && ask->what != STORE_PUSH_WITHDRAW) {
        err = store_set_purged(w, &ask->row.imsi, ask->row.host);
        err = err == E_CONFLICT || err == E_NOT_FOUND ? E_OK : err;
    }
    return err;
}

static enum err settle_one(struct store_writer *w, struct push_ask *ask)
{
    if (ask->reset) {
        return push_reset_settle(w, ask);
    }
    switch (ask->outcome) {
    case PUSH_DONE:
        return store_push_done(w, &ask->row, ask->what);
    case PUSH_UNKNOWN:
        return settle_unknown(w, ask);
    case PUSH_REFUSED:
    case PUSH_SILENT:
        break;
    }
    return settle_later(w, ask);
}

static enum err settle_apply(struct store_writer *w, struct push_write *x)
{
    struct settling *s = x->ctx;
    enum err err = E_OK;
    for (size_t i = 0; err == E_OK && i < s->n; i++) {
        err = settle_one(w, s->asks[i]);
        s->gone[i] = err == E_NOT_FOUND;
        err = s->gone[i] ? E_OK : err;
    }
    return err;
}

/* The first failure of a row is told, not each of its repetitions. */
static void tell_failure(struct hssd *h, const struct push_ask *ask)
{
    char detail[96];
    const bool unknown = ask->outcome == PUSH_UNKNOWN;
    if (!unknown && ask->row.tries > 1) {
        return;
    }
    (void)snprintf(detail, sizeof detail, "answered with %u: %s", (unsigned)ask->code,
                   unknown ? "the node serves the subscriber no more" : "tried again");
    hssd_event(h, ask->what == STORE_PUSH_WITHDRAW ? "cancel-location-unsent" : "insert-unanswered",
               &ask->row.imsi, NULL, ask->row.host, cause_of(ask),
               ask->code != 0 ? detail : "tried again");
}

static void tell(struct hssd *h, const struct push_ask *ask)
{
    if (ask->outcome == PUSH_SILENT) {
        count(ask->what == STORE_PUSH_WITHDRAW ? &h->counters.clr_unanswered
                                               : &h->counters.push_unanswered);
    }
    if (ask->reset) {
        push_reset_tell(h, ask);
    } else if (ask->n == 0 && ask->outcome == PUSH_DONE) {
        return; /* it was not sent: there was nobody to tell */
    } else if (ask->outcome != PUSH_DONE) {
        tell_failure(h, ask);
    } else if (ask->what != STORE_PUSH_WITHDRAW) {
        hssd_event(h,
                   (ask->what & STORE_PUSH_DATA) != 0 ? "subscription-inserted"
                                                      : "subscription-deleted-data",
                   &ask->row.imsi, NULL, ask->row.host, NULL, "");
    }
}

/* False: the writer is full, or the disk is. */
static bool settle(struct push *p)
{
    struct settling s = {.n = 0};
    struct push_write x = {.p = p, .apply = settle_apply, .ctx = &s};
    pthread_mutex_lock(&p->lock);
    for (size_t i = 0; i < PUSH_ASKS; i++) {
        if (p->asks[i].state == PUSH_ANSWERED) {
            s.asks[s.n++] = &p->asks[i];
        }
    }
    pthread_mutex_unlock(&p->lock);
    if (s.n == 0) {
        return true;
    }
    if (push_write(&x) != E_OK) {
        return false;
    }
    for (size_t i = 0; i < s.n; i++) {
        if (!s.gone[i] || s.asks[i]->outcome == PUSH_DONE) {
            tell(p->h, s.asks[i]);
        }
        push_paced(p, s.asks[i]);
        push_give_back(s.asks[i]);
    }
    return true;
}

/* ---- what is due ---- */

/* False: no more can be begun now. */
static bool begin(struct push *p, const struct store_push *row, const struct route *route)
{
    struct push_ask *ask = push_take(p);
    if (ask == NULL) {
        return false;
    }
    ask->row = *row;
    ask->what = push_first(row->what);
    ask->row.tried = push_unix_ms(); /* also what cannot be sent waits for its time */
    enum err err = push_message(p, ask);
    if (err == E_OK) {
        push_send(ask, route);
        return true;
    }
    ask->n = 0;
    if (err == E_NOT_FOUND) {
        ask->what = STORE_PUSH_ALL;
        answered(ask, PUSH_DONE, 0);
    } else {
        answered(ask, err == E_BAD_STATE ? PUSH_REFUSED : PUSH_SILENT, 0);
    }
    return true;
}

/* False: no more can be begun now, of nobody. */
static bool serve_host(struct push *p, const char *host)
{
    struct route route;
    struct store_push rows[2 * PUSH_WINDOW];
    size_t n = 0;
    if (routes_find(p->h->routes, bytes_of_str(host), &route) != E_OK) {
        return true;
    }
    const size_t busy = push_under_way(p, host);
    const size_t window = push_window(p, host, &route);
    if (busy >= window || store_due_push(p->reader, host, push_unix_ms(), route.opened_ms, rows,
                                         busy + PUSH_WINDOW, &n) != E_OK) {
        return true;
    }
    size_t room = window - busy;
    for (size_t i = 0; i < n && room > 0; i++) {
        if (is_under_way(p, &rows[i])) {
            continue;
        }
        if (!begin(p, &rows[i], &route)) {
            return false;
        }
        room--;
    }
    return true;
}

/* Nodes take turns where there are many. True: there are more. */
static bool serve_hosts(struct push *p)
{
    char host[STORE_HOST_MAX];
    for (size_t i = 0; i < PUSH_HOSTS; i++) {
        if (store_next_push_host(p->reader, p->host, host) != E_OK) {
            p->host[0] = '\0';
            return false;
        }
        if (!serve_host(p, host)) {
            return false; /* the next turn begins with this one */
        }
        memcpy(p->host, host, sizeof host);
    }
    return true;
}

/* ---- the thread ---- */

static bool turn(struct push *p, bool profiles)
{
    const bool settled = settle(p);
    if (profiles && (!settled || !push_profiles_compare(p))) {
        pthread_mutex_lock(&p->lock);
        p->profiles = true; /* the next turn tries again */
        pthread_mutex_unlock(&p->lock);
    }
    if (!settled) {
        return false;
    }
    const bool more = push_profile_step(p);
    if (profiles) { /* a reload: reset.pause_seconds and peers may be others too */
        pthread_mutex_lock(&p->lock);
        p->opened = true;
        pthread_mutex_unlock(&p->lock);
    }
    push_resets(p);
    return serve_hosts(p) || more;
}

/* A second, or until a node is to be told of a reset. */
static void idle(struct push *p)
{
    struct timespec until;
    (void)clock_gettime(CLOCK_MONOTONIC, &until); /* as push_open made p->wake */
    const int64_t now = (int64_t)until.tv_sec * 1000 + until.tv_nsec / 1000000;
    const int64_t left = p->reset.epoch != 0 && p->resets_ms > now ? p->resets_ms - now : 1000;
    until.tv_nsec += (left < 1000 ? left : 1000) * 1000000;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    (void)pthread_cond_timedwait(&p->wake, &p->lock, &until);
}

static void *push_main(void *arg)
{
    struct push *p = arg;
    /* Linux: of this thread alone. */
    (void)setpriority(PRIO_PROCESS, (id_t)gettid(), PUSH_NICE);
    pthread_mutex_lock(&p->lock);
    while (!p->stopping) {
        bool profiles = p->profiles;
        p->profiles = p->woken = false;
        pthread_mutex_unlock(&p->lock);
        struct snapshot *held = snapshot_hold(p->h);
        bool more = turn(p, profiles);
        snapshot_release(held);
        pthread_mutex_lock(&p->lock);
        if (!more && !p->woken && !p->stopping) {
            idle(p);
        }
    }
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

static void set_flag(struct push *p, bool *flag)
{
    pthread_mutex_lock(&p->lock);
    *flag = p->woken = true;
    pthread_cond_signal(&p->wake);
    pthread_mutex_unlock(&p->lock);
}

void push_wake(struct hssd *h)
{
    if (h->push != NULL) {
        set_flag(h->push, &h->push->woken);
    }
}

void push_peer_opened(struct hssd *h)
{
    if (h->push != NULL) {
        set_flag(h->push, &h->push->opened);
    }
}

void hssd_push_profiles_changed(struct hssd *h)
{
    if (h->push != NULL) {
        set_flag(h->push, &h->push->profiles);
    }
}

/* ---- start and stop ---- */

static enum err open_reset(struct push *p, bool *unclean)
{
    struct store_writer *w = store_the_writer(p->h->store);
    enum err err = store_begin(w);
    if (err != E_OK) {
        return err;
    }
    err = reset_decide(p->h->config->reset, store_origin_of(p->h->store)->restored, w, &p->reset,
                       unclean);
    if (err == E_OK) {
        return store_commit(w);
    }
    store_rollback(w);
    return err;
}

enum err push_open(struct hssd *h, struct store_why *why)
{
    bool unclean = false;
    struct push *p = calloc(1, sizeof *p);
    if (p == NULL) {
        return E_MEMORY;
    }
    p->h = h;
    p->profiles = p->opened = true;
    pthread_mutex_init(&p->lock, NULL);
    pthread_condattr_t clock; /* one that is not set back an hour */
    pthread_condattr_init(&clock);
    pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    pthread_cond_init(&p->wake, &clock);
    pthread_condattr_destroy(&clock);
    h->push = p;
    enum err err = open_reset(p, &unclean);
    if (err == E_OK) {
        err = store_reader_open(h->store, &p->reader);
    }
    if (err == E_OK) {
        err = crypto_openssl_open(&p->crypto);
    }
    if (err != E_OK) {
        (void)snprintf(why->text, sizeof why->text, "what nodes are to be told cannot be read: %s",
                       err_sentence(err));
    }
    if (unclean) {
        log_line(h->log, LOG_LEVEL_WARNING, "store-was-not-closed", NULL, 0);
    }
    return err;
}

enum err push_start(struct hssd *h, struct store_why *why)
{
    struct push *p = h->push;
    p->runs = pthread_create(&p->thread, NULL, push_main, p) == 0;
    (void)why;
    return p->runs ? E_OK : E_IO;
}

void push_quiesce(struct hssd *h)
{
    if (h->push != NULL) {
        set_flag(h->push, &h->push->stopping);
    }
}

void push_join(struct hssd *h)
{
    if (h->push != NULL && h->push->runs) {
        pthread_join(h->push->thread, NULL);
        h->push->runs = false;
    }
}

void push_store_closes(struct hssd *h)
{
    if (h->push == NULL || h->push->reset.open == false) {
        return;
    }
    struct store_writer *w = store_the_writer(h->store);
    struct store_reset row = h->push->reset;
    row.open = false;
    if (store_begin(w) != E_OK || store_put_reset(w, &row) != E_OK || store_commit(w) != E_OK) {
        store_rollback(w); /* the next start tells the nodes: more than needed, never less */
    }
}

void push_close(struct hssd *h)
{
    struct push *p = h->push;
    if (p == NULL) {
        return;
    }
    if (p->reader != NULL) {
        store_reader_close(p->reader);
    }
    crypto_openssl_close(&p->crypto);
    pthread_mutex_destroy(&p->lock);
    pthread_cond_destroy(&p->wake);
    free(p);
    h->push = NULL;
}
