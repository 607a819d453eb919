#include "net/assoc_set.h"
#include "net/assoc_stack.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

enum { EVENTS_PER_WAKE_UP = 64, SLOTS_MAX = 65535 };

static uint64_t monotonic_ms(void *ctx)
{
    struct timespec t;
    (void)ctx;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

struct assoc_config assoc_config_default(void)
{
    return (struct assoc_config){
        .associations_max = 512,
        .message_max = ASSOC_MESSAGE_MAX,
        .out_size = 256 * 1024,
        .in_size = 256 * 1024,
        .streams = 32,
        .messages_per_turn = 64,
        .setup_timeout_ms = 5000,
        .shutdown_timeout_ms = 3000,
        .heartbeat_ms = 1500,
        .rto_initial_ms = 500,
        .rto_min_ms = 300,
        .rto_max_ms = 1000,
        .retransmissions = 4,
    };
}

static bool config_good(const struct assoc_config *c)
{
    return c->callbacks != NULL && c->callbacks->message != NULL && c->associations_max > 0 &&
           c->associations_max <= SLOTS_MAX && c->message_max > 0 &&
           c->message_max <= ASSOC_MESSAGE_MAX && c->out_size >= 2 * c->message_max &&
           c->in_size >= 2 * c->message_max && c->out_size >= 64 && c->in_size >= 64 &&
           c->out_size <= INT_MAX / 4 && c->in_size <= INT_MAX / 4 && c->streams >= 2 &&
           c->messages_per_turn > 0 && c->setup_timeout_ms > 0 && c->shutdown_timeout_ms > 0 &&
           c->heartbeat_ms > 0 && c->rto_min_ms > 0 && c->rto_initial_ms >= c->rto_min_ms &&
           c->rto_max_ms >= c->rto_initial_ms && c->retransmissions > 0;
}

static enum err open_descriptors(struct assoc_set *s)
{
    s->epoll = epoll_create1(EPOLL_CLOEXEC);
    s->wake.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (s->epoll < 0 || s->wake.fd < 0) {
        return E_IO;
    }
    return assoc_watch(s, &s->wake, EPOLLIN, false);
}

enum err assoc_set_open(const struct assoc_config *config, struct assoc_set **out)
{
    if (!config_good(config)) {
        return E_BAD_VALUE;
    }
    struct assoc_set *s = calloc(1, sizeof *s);
    if (s == NULL) {
        return E_MEMORY;
    }
    s->config = *config;
    s->config.now_ms = config->now_ms != NULL ? config->now_ms : monotonic_ms;
    s->wake = (struct watch){WATCH_WAKE, -1};
    s->epoll = -1;
    TAILQ_INIT(&s->ready);
    TAILQ_INIT(&s->dirty);
    TAILQ_INIT(&s->dead);
    TAILQ_INIT(&s->touched);
    s->slots = calloc(config->associations_max, sizeof(struct assoc *));
    s->message = malloc(config->message_max + 1);
    enum err err = s->slots == NULL || s->message == NULL ? E_MEMORY : open_descriptors(s);
    if (err != E_OK) {
        assoc_set_close(s);
        return err;
    }
    *out = s;
    return E_OK;
}

static void free_assoc(struct assoc *a)
{
    struct assoc_set *s = a->set;
    size_t slot = a->handle & 0xffff;
    s->slots[slot] = NULL;
    s->free_from = slot < s->free_from ? slot : s->free_from;
    s->stats.held--;
    assoc_queue_free(&a->out);
    assoc_queue_free(&a->in);
    free(a);
}

static void close_listeners(struct assoc_set *s)
{
    struct assoc_listener *l;
    while ((l = LIST_FIRST(&s->listeners)) != NULL) {
        LIST_REMOVE(l, link);
        if (l->so != NULL) {
            udp_unlisten(l);
        } else {
            (void)close(l->watch.fd);
        }
        free(l);
    }
}

void assoc_set_close(struct assoc_set *s)
{
    for (size_t i = 0; s->slots != NULL && i < s->config.associations_max; i++) {
        if (s->slots[i] != NULL) {
            if (s->slots[i]->state != ASSOC_DEAD) {
                s->slots[i]->ops->release(s->slots[i], true);
            }
            free_assoc(s->slots[i]);
        }
    }
    close_listeners(s);
    if (s->uses_stack) {
        stack_sweep(s);
        stack_close();
    }
    if (s->wake.fd >= 0) {
        (void)close(s->wake.fd);
    }
    if (s->epoll >= 0) {
        (void)close(s->epoll);
    }
    free(s->slots);
    free(s->message);
    free(s);
}

uint64_t assoc_now(struct assoc_set *s)
{
    return s->now = s->config.now_ms(s->config.ctx);
}

void assoc_wake(struct assoc_set *s)
{
    uint64_t one = 1;
    ssize_t n = write(s->wake.fd, &one, sizeof one);
    (void)n; /* a counter that is full wakes as well */
}

enum err assoc_watch(struct assoc_set *s, struct watch *w, uint32_t events, bool again)
{
    struct epoll_event e = {.events = events, .data.ptr = w};
    int how = again ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
    return epoll_ctl(s->epoll, how, w->fd, &e) == 0 ? E_OK : E_IO;
}

enum err assoc_listen(struct assoc_set *s, const struct address *at, struct address *bound)
{
    if (at->transport == TRANSPORT_TCP || at->transport == TRANSPORT_TLS) {
        return E_UNSUPPORTED;
    }
    struct assoc_listener *l = calloc(1, sizeof *l);
    if (l == NULL) {
        return E_MEMORY;
    }
    l->watch = (struct watch){WATCH_LISTENER, -1};
    l->set = s;
    l->at = *at;
    (void)assoc_now(s);
    enum err err = at->transport == TRANSPORT_SCTP_UDP ? udp_listen(s, l) : fd_listen(s, l);
    if (err != E_OK) {
        int why = errno;
        free(l);
        errno = why;
        return err;
    }
    LIST_INSERT_HEAD(&s->listeners, l, link);
    if (bound != NULL) {
        *bound = l->at;
    }
    return E_OK;
}

static bool find_slot(struct assoc_set *s, size_t *slot)
{
    for (size_t i = s->free_from; i < s->config.associations_max; i++) {
        if (s->slots[i] == NULL) {
            *slot = i;
            s->free_from = i + 1;
            return true;
        }
    }
    s->free_from = s->config.associations_max;
    return false;
}

enum err assoc_new(struct assoc_set *s, const struct assoc_ops *ops, struct assoc **out)
{
    size_t slot;
    if (!find_slot(s, &slot)) {
        s->stats.no_room++;
        return E_BUSY;
    }
    struct assoc *a = calloc(1, sizeof *a);
    if (a == NULL || assoc_queue_init(&a->out, s->config.out_size) != E_OK) {
        free(a);
        s->free_from = slot;
        return E_MEMORY;
    }
    a->watch = (struct watch){WATCH_ASSOC, -1};
    a->set = s;
    a->ops = ops;
    a->handle = ++s->serial << 16 | slot;
    a->state = ASSOC_SETUP;
    s->slots[slot] = a;
    s->stats.held++;
    assoc_set_deadline(a, s->config.setup_timeout_ms);
    *out = a;
    return E_OK;
}

struct assoc *assoc_find(struct assoc_set *s, assoc_handle h)
{
    size_t slot = h & 0xffff;
    struct assoc *a = slot < s->config.associations_max ? s->slots[slot] : NULL;
    return a != NULL && a->handle == h && a->announced && a->state != ASSOC_DEAD ? a : NULL;
}

void assoc_each(struct assoc_set *s, void (*fn)(void *arg, struct assoc *a), void *arg)
{
    for (size_t i = 0; i < s->config.associations_max; i++) {
        if (s->slots[i] != NULL && s->slots[i]->state == ASSOC_UP) {
            fn(arg, s->slots[i]);
        }
    }
}

void assoc_stats(const struct assoc_set *s, struct assoc_stats *out)
{
    *out = s->stats;
}

void assoc_set_deadline(struct assoc *a, uint32_t after_ms)
{
    struct assoc_set *s = a->set;
    a->deadline = s->now + after_ms;
    if (s->soonest == 0 || a->deadline < s->soonest) {
        s->soonest = a->deadline;
    }
}

void assoc_arrived(struct assoc *a, const struct address *at, uint16_t streams_in,
                   uint16_t streams_out)
{
    const struct assoc_config *c = &a->set->config;
    if (c->callbacks->accept == NULL || c->callbacks->accept(c->ctx, at, &a->peer, &a->ctx)) {
        assoc_up(a, streams_in, streams_out);
    } else {
        a->set->stats.turned_away++;
        assoc_end(a, ASSOC_ABORTED_HERE, true);
    }
}

void assoc_up(struct assoc *a, uint16_t streams_in, uint16_t streams_out)
{
    const struct assoc_config *c = &a->set->config;
    a->streams_in = streams_in;
    a->streams_out = streams_out;
    a->deadline = 0;
    a->state = ASSOC_UP;
    a->announced = true;
    a->was_up = true;
    a->set->stats.up++;
    a->set->stats.came_up++;
    if (c->callbacks->up != NULL) {
        c->callbacks->up(c->ctx, a);
    }
}

void assoc_end(struct assoc *a, enum assoc_cause why, bool notice)
{
    struct assoc_set *s = a->set;
    if (a->state == ASSOC_DEAD) {
        return;
    }
    a->state = ASSOC_DEAD;
    a->cause = why;
    a->deadline = 0;
    a->ops->release(a, notice);
    if (a->dirty) {
        TAILQ_REMOVE(&s->dirty, a, dirty_link);
    }
    if (a->ready) {
        TAILQ_REMOVE(&s->ready, a, ready_link);
    }
    a->dirty = a->ready = false;
    TAILQ_INSERT_TAIL(&s->dead, a, dead_link);
    if (!s->in_poll) {
        assoc_wake(s);
    }
}

void assoc_end_of_stream(struct assoc *a)
{
    bool torn = assoc_queue_length(&a->in) > 0 && a->state == ASSOC_UP;
    bool ours = a->state == ASSOC_FINISHING && !a->peer_ended;
    assoc_end(a, torn ? ASSOC_TORN : ours ? ASSOC_ENDED_HERE : ASSOC_PEER_ENDED, false);
}

static enum assoc_cause cause_of_errno(const struct assoc *a, int error)
{
    bool setup = a->state == ASSOC_SETUP;
    switch (error) {
    case ECONNREFUSED:
        return ASSOC_REFUSED;
    case ECONNRESET:
    case EPIPE:
        return setup ? ASSOC_REFUSED : ASSOC_PEER_ABORTED;
    case ETIMEDOUT:
    case ECONNABORTED:
    case EHOSTUNREACH:
    case ENETUNREACH:
        return setup ? ASSOC_SETUP_TIMEOUT : ASSOC_LOST;
    default:
        return ASSOC_FAILED;
    }
}

void assoc_end_by_errno(struct assoc *a, int error)
{
    assoc_end(a, cause_of_errno(a, error), false);
}

void assoc_deliver(struct assoc *a, const struct assoc_message *m)
{
    struct assoc_set *s = a->set;
    if (a->state == ASSOC_UP) {
        s->stats.messages_received++;
        s->stats.octets_received += m->octets.n;
        s->config.callbacks->message(s->config.ctx, a, m);
    }
}

void assoc_make_ready(struct assoc *a)
{
    struct assoc_set *s = a->set;
    if (a->ready || a->state == ASSOC_DEAD) {
        return;
    }
    a->ready = true;
    TAILQ_INSERT_TAIL(&s->ready, a, ready_link);
    if (!s->in_poll) {
        assoc_wake(s);
    }
}

static bool has_room_again(const struct assoc *a)
{
    return a->wants_room && a->state == ASSOC_UP && assoc_queue_length(&a->out) <= a->out.bound / 2;
}

void assoc_sent(struct assoc *a)
{
    if (has_room_again(a)) {
        assoc_make_ready(a);
    }
    if (a->state == ASSOC_DRAINING && assoc_queue_length(&a->out) == 0) {
        a->state = ASSOC_FINISHING;
        a->ops->finish(a);
    }
}

int assoc_fd(const struct assoc_set *s)
{
    return s->epoll;
}

int assoc_wait_ms(const struct assoc_set *s)
{
    if (!TAILQ_EMPTY(&s->ready) || !TAILQ_EMPTY(&s->dead) || !TAILQ_EMPTY(&s->dirty)) {
        return 0;
    }
    uint64_t now = s->config.now_ms(s->config.ctx);
    uint64_t wait = UINT64_MAX;
    if (s->soonest != 0) {
        wait = s->soonest > now ? s->soonest - now : 0;
    }
    if (s->uses_stack) {
        uint64_t tick = stack_wait_ms(now, s->on_stack > 0);
        wait = tick < wait ? tick : wait;
    }
    return wait == UINT64_MAX ? -1 : wait > INT_MAX ? INT_MAX : (int)wait;
}

static void drain_wake(struct assoc_set *s)
{
    uint64_t count;
    ssize_t n = read(s->wake.fd, &count, sizeof count);
    (void)n; /* whether it was still set does not matter */
}

static void dispatch(struct assoc_set *s, const struct epoll_event *e)
{
    struct watch *w = e->data.ptr;
    switch (w->kind) {
    case WATCH_WAKE:
        drain_wake(s);
        return;
    case WATCH_LISTENER:
        fd_accept((struct assoc_listener *)w);
        return;
    case WATCH_ASSOC:
        fd_event((struct assoc *)w, e->events);
        return;
    case WATCH_ENDPOINT:
        stack_receive((struct stack_endpoint *)w);
        return;
    }
}

/* Each that is ready now gets one turn; what it leaves comes after the others. */
static void run_ready(struct assoc_set *s)
{
    const struct assoc_config *c = &s->config;
    struct assoc *a;
    size_t turns = 0;
    for (a = TAILQ_FIRST(&s->ready); a != NULL; a = TAILQ_NEXT(a, ready_link)) {
        turns++;
    }
    while (turns-- > 0 && (a = TAILQ_FIRST(&s->ready)) != NULL) {
        TAILQ_REMOVE(&s->ready, a, ready_link);
        a->ready = false;
        if (has_room_again(a)) {
            a->wants_room = false;
            if (c->callbacks->room != NULL) {
                c->callbacks->room(c->ctx, a);
            }
        }
        if (a->state != ASSOC_DEAD && !a->held && a->ops->read(a, c->messages_per_turn) &&
            !a->held) {
            assoc_make_ready(a);
        }
    }
}

static void run_deadlines(struct assoc_set *s)
{
    if (s->soonest == 0 || s->soonest > s->now) {
        return;
    }
    s->soonest = 0;
    for (size_t i = 0; i < s->config.associations_max; i++) {
        struct assoc *a = s->slots[i];
        if (a == NULL || a->deadline == 0) {
            continue;
        }
        if (a->deadline <= s->now) {
            bool setup = a->state == ASSOC_SETUP;
            assoc_end(a,
                      setup           ? ASSOC_SETUP_TIMEOUT
                      : a->peer_ended ? ASSOC_PEER_ENDED
                                      : ASSOC_LOST,
                      true);
        } else if (s->soonest == 0 || a->deadline < s->soonest) {
            s->soonest = a->deadline;
        }
    }
}

static void bury(struct assoc_set *s)
{
    struct assoc *a;
    while ((a = TAILQ_FIRST(&s->dead)) != NULL) {
        TAILQ_REMOVE(&s->dead, a, dead_link);
        if (a->was_up) {
            s->stats.up--;
            s->stats.went_down++;
        } else if (a->announced) {
            s->stats.not_up++;
        }
        if (a->announced && s->config.callbacks->down != NULL) {
            s->config.callbacks->down(s->config.ctx, a, a->cause);
        }
        free_assoc(a);
    }
}

static void flush_dirty(struct assoc_set *s)
{
    struct assoc *a;
    while ((a = TAILQ_FIRST(&s->dirty)) != NULL) {
        TAILQ_REMOVE(&s->dirty, a, dirty_link);
        a->dirty = false;
        a->ops->flush(a);
    }
}

enum err assoc_poll(struct assoc_set *s, int timeout_ms)
{
    struct epoll_event events[EVENTS_PER_WAKE_UP];
    int wait = assoc_wait_ms(s);
    if (timeout_ms >= 0 && (wait < 0 || timeout_ms < wait)) {
        wait = timeout_ms;
    }
    int n = epoll_wait(s->epoll, events, EVENTS_PER_WAKE_UP, wait);
    if (n < 0 && errno != EINTR) {
        return E_IO;
    }
    s->in_poll = true;
    (void)assoc_now(s);
    for (int i = 0; i < n; i++) {
        dispatch(s, &events[i]);
    }
    if (s->uses_stack) {
        stack_turn(s);
        udp_nudge(s);
    }
    run_ready(s);
    run_deadlines(s);
    bury(s);
    flush_dirty(s);
    if (s->uses_stack) {
        stack_sweep(s);
    }
    s->in_poll = false;
    if (!TAILQ_EMPTY(&s->ready) || !TAILQ_EMPTY(&s->dead)) {
        assoc_wake(s);
    }
    return E_OK;
}
