#include "cli/load_worker.h"
#include "crypto/openssl.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#define TICK_NS       (LOAD_SECOND / 100)
#define CONNECT_NS    (6 * LOAD_SECOND)
#define BYE_NS        (LOAD_SECOND / 2)
#define PUBLISH_NS    (LOAD_SECOND / 2)
#define SPIN_NS       UINT64_C(80000) /* epoll sleeps some 40 us too long: the last bit is spun */
#define BURST         64              /* arrivals between two looks at the sockets */
#define EVENTS        64
#define WAITING_LEAST 64

/* ---- what becomes of a request ---- */

static uint64_t measured_from(const struct load_worker *w)
{
    return w->start + w->plan->warmup_ns;
}

static struct load_column *column_of(struct load_worker *w, const struct load_slot *slot)
{
    return load_column_at(w->counts, w->plan, slot->due - measured_from(w));
}

static void failed(struct load_worker *w, struct load_slot *slot, uint32_t code, bool experimental)
{
    if (slot->counted) {
        w->counts->failed++;
        column_of(w, slot)->failed++;
        load_count_cause(w->counts, code, experimental, 1);
    }
    load_slots_give(&w->slots, slot);
}

static void succeeded(struct load_worker *w, struct load_slot *slot, uint64_t now)
{
    struct load_counts *c = w->counts;
    uint64_t ns = now - slot->due;
    load_histogram_add(&w->recent, ns);
    if (slot->counted) {
        struct load_column *column = column_of(w, slot);
        uint64_t at = now - measured_from(w);
        c->succeeded++;
        c->kind[slot->kind].succeeded++;
        column->succeeded++;
        load_histogram_add(&c->latency, ns);
        load_histogram_add(&c->kind[slot->kind].latency, ns);
        load_histogram_add(&column->latency, ns);
        c->last_ns = at > c->last_ns ? at : c->last_ns;
    }
    load_slots_give(&w->slots, slot);
}

static void on_answer(void *ctx, struct load_conn *c, uint32_t hop_by_hop, struct bytes msg,
                      uint64_t now)
{
    struct load_worker *w = ctx;
    struct load_slot *slot = load_slots_find(&w->slots, hop_by_hop);
    if (!slot || slot->state != LOAD_SENT || slot->conn != c->number) {
        w->counts->late++;
        return;
    }
    if (now >= slot->due + w->plan->timeout_ns) {
        w->counts->late++;
        failed(w, slot, LOAD_NO_ANSWER, false);
        return;
    }
    struct load_outcome out = load_outcome_of(msg);
    if (out.code == DIAMETER_SUCCESS && !out.experimental) {
        succeeded(w, slot, now);
        return;
    }
    if (slot->counted && out.code > 0) {
        load_histogram_add(&w->counts->refused, now - slot->due);
    }
    failed(w, slot, out.code > 0 ? out.code : LOAD_MALFORMED, out.code > 0 && out.experimental);
}

/* ---- sending ---- */

static bool resync_of(struct load_worker *w, uint32_t key, uint8_t out[static 30])
{
    const struct aka_keys *keys = &w->plan->keys.row[key].keys;
    uint64_t r[2] = {load_draw(&w->random), load_draw(&w->random)};
    struct rand128 rand;
    memcpy(rand.b, r, sizeof rand.b);
    return load_resync_info(&w->crypto, keys, &rand, w->plan->resync_sqn, out) == E_OK;
}

/* False when there is no room; the slot is then as it was. */
static bool send_one(struct load_worker *w, struct load_conn *c, struct load_slot *slot,
                     uint64_t now)
{
    uint8_t resync[30], *room = load_conn_room(c);
    const struct load_template *t = &c->template[slot->kind];
    if (!room) {
        return false;
    }
    if (slot->kind == LOAD_RESYNC && !resync_of(w, slot->key, resync)) {
        failed(w, slot, LOAD_NOT_SENT, false); /* a cryptographic failure: never in practice */
        return true;
    }
    load_stamp(t,
               &(struct load_stamp){.hop_by_hop = slot->id,
                                    .end_to_end = w->end_to_end,
                                    .session = w->session++,
                                    .imsi = slot->imsi,
                                    .resync = resync},
               room);
    w->end_to_end += w->plan->threads;
    load_conn_wrote(c, t->n);
    slot->state = LOAD_SENT;
    if (slot->counted) {
        w->counts->sent++;
        load_histogram_add(&w->counts->lag, now - slot->due);
    }
    if (!c->dirty) {
        c->dirty = true;
        w->dirty[w->n_dirty++] = c;
    }
    return true;
}

static void flush_dirty(struct load_worker *w)
{
    for (uint32_t i = 0; i < w->n_dirty; i++) {
        w->dirty[i]->dirty = false;
        load_conn_flush(w->dirty[i]);
    }
    w->n_dirty = 0;
}

/* What waits for this connection, as far as there is room. */
static void send_waiting(struct load_worker *w, struct load_conn *c, uint64_t now)
{
    while (c->state == LOAD_CONN_OPEN && c->waiting.n > 0 && load_conn_room(c)) {
        (void)send_one(w, c, load_queue_take(&w->slots, &c->waiting), now);
    }
}

static void on_opened(void *ctx, struct load_conn *c)
{
    struct load_worker *w = ctx;
    w->open++;
    send_waiting(w, c, load_now());
}

/* What was on its way is lost; what waits goes on waiting for the next connection. */
static void on_closed(void *ctx, struct load_conn *c, bool was_open)
{
    struct load_worker *w = ctx;
    w->open -= was_open;
    if (!was_open || c->bye) {
        return;
    }
    w->counts->breaks++;
    for (uint32_t i = w->slots.oldest; i != LOAD_NO_SLOT;) {
        struct load_slot *slot = &w->slots.slot[i];
        i = slot->newer;
        if (slot->conn == c->number && slot->state == LOAD_SENT) {
            failed(w, slot, LOAD_LOST, false);
        }
    }
}

/* ---- arrivals ---- */

/* A subscriber lives with one connection, unless it roams: place, place + all, place + 2 all, ...
 */
static uint64_t subscriber(struct load_worker *w, struct load_conn *c)
{
    const struct load_plan *p = w->plan;
    uint64_t step = p->roam ? p->threads : (uint64_t)p->peers * p->per_peer;
    uint64_t from = p->roam ? w->number : c->place;
    uint64_t n, i;
    if (p->roam && p->random_order) {
        return load_draw(&w->random) % p->count;
    }
    if (from >= p->count) {
        return from % p->count;
    }
    n = (p->count - from + step - 1) / step;
    i = p->random_order ? load_draw(&w->random) : p->roam ? w->turn : c->turn++;
    return from + i % n * step;
}

static uint64_t imsi_for(struct load_worker *w, struct load_conn *c, enum load_kind kind,
                         uint32_t *key)
{
    const struct load_keys *k = &w->plan->keys;
    *key = 0;
    if (kind == LOAD_RESYNC && !k->common) {
        *key = (uint32_t)(load_draw(&w->random) % k->n);
        return k->row[*key].imsi;
    }
    return w->plan->imsi_from + subscriber(w, c);
}

static struct load_conn *next_conn(struct load_worker *w)
{
    uint64_t i = w->turn++;
    return w->conn[(w->plan->roam ? load_draw(&w->random) : i) % w->conns];
}

static uint32_t waiting_max(const struct load_worker *w)
{
    uint32_t fair = (UINT32_C(1) << w->slots.bits) / (2 * w->conns);
    return fair > WAITING_LEAST ? fair : WAITING_LEAST;
}

static void count_not_sent(struct load_worker *w, uint64_t due)
{
    w->counts->failed++;
    load_column_at(w->counts, w->plan, due - measured_from(w))->failed++;
    load_count_cause(w->counts, LOAD_NOT_SENT, false, 1);
}

/* One request is due: it is sent, or waits, or has failed when too many wait. */
static void arrive(struct load_worker *w, uint64_t due, uint64_t now)
{
    enum load_kind kind = load_mix_pick(&w->plan->mix, load_draw(&w->random));
    struct load_conn *c = next_conn(w);
    uint32_t key;
    uint64_t imsi = imsi_for(w, c, kind, &key);
    bool counted = due >= measured_from(w);
    if (counted) {
        w->counts->offered++;
        w->counts->kind[kind].offered++;
        load_column_at(w->counts, w->plan, due - measured_from(w))->offered++;
    }
    struct load_slot *slot = c->waiting.n < waiting_max(w) ? load_slots_take(&w->slots) : NULL;
    if (!slot) {
        if (counted) {
            count_not_sent(w, due);
        }
        return;
    }
    slot->due = due;
    slot->imsi = imsi;
    slot->key = key;
    slot->conn = c->number;
    slot->kind = (uint8_t)kind;
    slot->counted = counted;
    if (c->state != LOAD_CONN_OPEN || c->waiting.n > 0 || !send_one(w, c, slot, now)) {
        load_queue_put(&w->slots, &c->waiting, slot);
    }
}

static void take_next(struct load_worker *w)
{
    uint64_t at;
    w->more = load_schedule_next(&w->schedule, &at);
    if (w->more) {
        w->next = w->start + at;
    }
}

/* The load was interrupted: nothing more is due, and what was measured ends here. */
static void heed_stop(struct load_worker *w, uint64_t now)
{
    if (w->more && atomic_load_explicit(&w->shared->stop, memory_order_relaxed)) {
        w->more = false;
        w->counts->interrupted = true;
        w->counts->span_ns = now > measured_from(w) ? now - measured_from(w) : 1;
    }
}

static void arrivals(struct load_worker *w, uint64_t now)
{
    for (int i = 0; i < BURST && w->more && w->next <= now; i++) {
        arrive(w, w->next, now);
        take_next(w);
    }
}

/* The oldest come first, and the oldest of a queue is at its head. */
static void expire(struct load_worker *w, uint64_t now)
{
    struct load_slot *slot;
    while ((slot = load_slots_oldest(&w->slots)) && slot->due + w->plan->timeout_ns <= now) {
        bool waits = slot->state == LOAD_WAITING;
        if (waits) {
            (void)load_queue_take(&w->slots, &w->conn[slot->conn]->waiting);
        }
        failed(w, slot, waits ? LOAD_NOT_SENT : LOAD_NO_ANSWER, false);
    }
}

/* ---- the loop ---- */

static void publish(struct load_worker *w, uint64_t now)
{
    const struct load_counts *c = w->counts;
    atomic_store_explicit(&w->p_offered, c->offered, memory_order_relaxed);
    atomic_store_explicit(&w->p_succeeded, c->succeeded, memory_order_relaxed);
    atomic_store_explicit(&w->p_failed, c->failed, memory_order_relaxed);
    if (now < w->next_publish) {
        return;
    }
    w->next_publish = now + PUBLISH_NS;
    atomic_store_explicit(&w->p_p50, load_histogram_quantile(&w->recent, 0.5),
                          memory_order_relaxed);
    atomic_store_explicit(&w->p_p99, load_histogram_quantile(&w->recent, 0.99),
                          memory_order_relaxed);
    memset(&w->recent, 0, sizeof w->recent);
}

static void tick(struct load_worker *w, uint64_t now)
{
    if (now < w->next_tick) {
        return;
    }
    w->next_tick = now + TICK_NS;
    for (uint32_t i = 0; i < w->conns; i++) {
        load_conn_tick(w->conn[i], now);
    }
    heed_stop(w, now);
    publish(w, now);
}

/* A kernel before 5.11 only knows milliseconds; what is too short for them is spun. */
static int sleep_on(int epoll, struct epoll_event *events, uint64_t ns)
{
    struct timespec t = {.tv_sec = (time_t)(ns / LOAD_SECOND), .tv_nsec = (long)(ns % LOAD_SECOND)};
    int n = epoll_pwait2(epoll, events, EVENTS, &t, NULL);
    return n < 0 && errno == ENOSYS ? epoll_wait(epoll, events, EVENTS, (int)(ns / 1000000)) : n;
}

/* Sleeps until something comes or is due, at most until `until`. */
static void wait_and_read(struct load_worker *w, uint64_t until)
{
    struct epoll_event events[EVENTS];
    uint64_t now = load_now();
    uint64_t wake = w->more && w->next < w->next_tick ? w->next : w->next_tick;
    wake = until < wake ? until : wake;
    uint64_t left = wake > now + SPIN_NS ? wake - now - SPIN_NS : 0;
    int n = sleep_on(w->epoll, events, left);
    for (int i = 0; i < n; i++) {
        struct load_conn *c = events[i].data.ptr;
        load_conn_event(c, events[i].events);
        if (c->waiting.n > 0) {
            send_waiting(w, c, load_now());
        }
    }
}

static void turn(struct load_worker *w, uint64_t until)
{
    uint64_t now = load_now();
    arrivals(w, now);
    flush_dirty(w);
    expire(w, now);
    tick(w, now);
    wait_and_read(w, until);
}

/* ---- before, during, after ---- */

static bool one_is_down(const struct load_worker *w)
{
    for (uint32_t i = 0; i < w->conns; i++) {
        if (w->conn[i]->state == LOAD_CONN_DOWN) {
            return true;
        }
    }
    return false;
}

/* Before the load a connection is tried once: what is wrong then is wrong for good. */
static bool connect_all(struct load_worker *w)
{
    uint64_t until = load_now() + CONNECT_NS;
    for (uint32_t i = 0; i < w->conns; i++) {
        load_conn_start(w->conn[i], load_now());
    }
    while (w->open < w->conns && !one_is_down(w) && load_now() < until &&
           !atomic_load(&w->shared->stop)) {
        turn(w, until);
    }
    bool down = one_is_down(w);
    for (uint32_t i = 0; i < w->conns; i++) {
        if (w->conn[i]->state == LOAD_CONN_DOWN || (!down && w->conn[i]->state < LOAD_CONN_OPEN)) {
            snprintf(w->why, sizeof w->why, "%.100s: %.180s", w->conn[i]->host,
                     w->conn[i]->why[0] ? w->conn[i]->why : "no connection in time");
            return false;
        }
    }
    return true;
}

static void await_start(struct load_worker *w)
{
    while ((w->start = atomic_load(&w->shared->start)) == 0 && !atomic_load(&w->shared->stop)) {
        turn(w, load_now() + TICK_NS);
    }
}

static void say_goodbye(struct load_worker *w)
{
    uint64_t until = load_now() + BYE_NS;
    for (uint32_t i = 0; i < w->conns; i++) {
        load_conn_goodbye(w->conn[i]);
    }
    while (w->open > 0 && load_now() < until) {
        turn(w, until);
    }
    for (uint32_t i = 0; i < w->conns; i++) {
        load_conn_end(w->conn[i]);
        w->counts->cancelled += w->conn[i]->cancelled;
    }
}

static void begin(struct load_worker *w)
{
    const struct load_plan *p = w->plan;
    struct load_arrivals a = {.pattern = p->pattern,
                              .rate = p->rate,
                              .devices = p->devices,
                              .over_ns = p->warmup_ns + p->duration_ns,
                              .seed = p->seed,
                              .share = w->number,
                              .shares = p->threads};
    load_schedule_begin(&w->schedule, &a);
    w->counts->breaks = w->counts->late = 0;
    memset(&w->recent, 0, sizeof w->recent);
    w->next_publish = w->start + PUBLISH_NS;
    w->counts->span_ns = p->duration_ns;
    take_next(w);
}

void *load_worker_run(void *arg)
{
    struct load_worker *w = arg;
    (void)prctl(PR_SET_TIMERSLACK, 1);
    bool good = connect_all(w);
    atomic_store(&w->ready, good ? LOAD_IS_READY : LOAD_CANNOT);
    if (good) {
        await_start(w);
    }
    if (good && w->start > 0) {
        begin(w);
        while (w->more || w->slots.used > 0) {
            turn(w, UINT64_MAX);
        }
    }
    say_goodbye(w);
    publish(w, 0);
    atomic_store(&w->done, true);
    return NULL;
}

/* ---- making and ending ---- */

static enum err add_conn(struct load_worker *w, uint64_t place, uint64_t session)
{
    struct load_conn *c = calloc(1, sizeof *c);
    unsigned peer = (unsigned)(place % w->plan->peers);
    if (!c) {
        return E_MEMORY;
    }
    c->plan = w->plan;
    c->owner = &w->owner;
    c->number = w->conns;
    c->place = place;
    c->epoll = w->epoll;
    c->fd = -1;
    c->waiting = load_queue_empty();
    c->random = w->random ^ place;
    c->tls_context = w->shared->tls ? w->shared->tls[peer] : NULL;
    snprintf(c->session, sizeof c->session, "%llu;%llu",
             (unsigned long long)(session % 10000000000), (unsigned long long)place);
    w->conn[w->conns++] = c;
    return load_name(w->plan->origin_host, peer + 1, c->host, sizeof c->host) ? E_OK : E_BAD_LENGTH;
}

static enum err open_conns(struct load_worker *w)
{
    uint64_t all = (uint64_t)w->plan->peers * w->plan->per_peer;
    uint64_t session = (uint64_t)time(NULL);
    w->conn = calloc(all, sizeof(struct load_conn *));
    w->dirty = calloc(all, sizeof(struct load_conn *));
    enum err e = w->conn && w->dirty ? E_OK : E_MEMORY;
    for (uint64_t i = w->number; i < all && e == E_OK; i += w->plan->threads) {
        e = add_conn(w, i, session);
    }
    return e;
}

enum err load_worker_open(struct load_worker *w, struct load_shared *shared, unsigned number)
{
    memset(w, 0, sizeof *w);
    w->shared = shared;
    w->plan = shared->plan;
    w->number = number;
    w->owner = (struct load_conn_owner){w, on_answer, on_opened, on_closed};
    w->epoll = epoll_create1(EPOLL_CLOEXEC);
    w->random = w->plan->seed + number;
    w->random = load_draw(&w->random);
    w->counts = calloc(1, sizeof *w->counts);
    if (w->epoll < 0) {
        return E_IO;
    }
    if (!w->counts || load_slots_open(&w->slots, LOAD_SLOTS_BITS) != E_OK) {
        return E_MEMORY;
    }
    /* RFC 6733 3: the high 12 bits from the time, so that a second run repeats none. */
    w->end_to_end = ((uint32_t)time(NULL) << 20) + number;
    enum err e = crypto_openssl_open(&w->crypto);
    return e == E_OK ? open_conns(w) : e;
}

void load_worker_close(struct load_worker *w)
{
    for (uint32_t i = 0; i < w->conns; i++) {
        load_conn_end(w->conn[i]);
        free(w->conn[i]);
    }
    free(w->conn);
    free(w->dirty);
    load_slots_close(&w->slots);
    crypto_openssl_close(&w->crypto);
    free(w->counts);
    if (w->epoll >= 0) {
        (void)close(w->epoll);
    }
}
