/* nf/common/node_wait.c - how a node waits for the next events: how long, and asleep or awake. */
#include "nf/common/node_parts.h"

#include <sched.h>
#include <sys/epoll.h>
#include <time.h>

static int wait_ms(const struct node *n, uint64_t now, int timeout_ms)
{
    if (n->fresh.first != NULL || n->ready.first != NULL || n->dirty.first != NULL ||
        atomic_load(&n->stop) != n->stopping) {
        return 0;
    }
    if (n->next_deadline == UINT64_MAX) {
        return timeout_ms;
    }
    uint64_t left = n->next_deadline > now ? n->next_deadline - now : 0;
    int bounded = left < 1000 * 1000 ? (int)left : 1000 * 1000;
    return timeout_ms < 0 || bounded < timeout_ms ? bounded : timeout_ms;
}

static uint64_t monotonic_us(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

/* Asks again and again for as long as that is likely to pay; whoever else wants the core gets it.
 */
static int look(struct node *n, struct epoll_event *events, int room, uint64_t from)
{
    uint64_t now = from;
    while (now - from < n->spin.window_us) {
        int count = epoll_wait(n->epoll, events, room, 0);
        if (count != 0) {
            return count;
        }
        (void)sched_yield();
        uint64_t before = now;
        now = monotonic_us();
        if (now - before > SPIN_CROWDED_US) {
            break;
        }
    }
    spin_in_vain(&n->spin);
    return 0;
}

/* The next events, looked for or slept for. */
static int wait_quietly(struct node *n, struct epoll_event *events, int room, int timeout_ms)
{
    uint64_t from = n->spin.window_us > 0 ? monotonic_us() : 0;
    int count = spin_pays(&n->spin) ? look(n, events, room, from) : 0;
    if (count == 0) {
        count = epoll_wait(n->epoll, events, room, timeout_ms);
    }
    if (n->spin.window_us > 0 && count > 0) {
        spin_waited(&n->spin, monotonic_us() - from);
    }
    return count;
}

int node_wait(struct node *n, struct epoll_event *events, int room, int timeout_ms)
{
    int wait = wait_ms(n, n->now, timeout_ms);
    return wait == 0 ? epoll_wait(n->epoll, events, room, 0) : wait_quietly(n, events, room, wait);
}

int node_fd(const struct node *n)
{
    return n->epoll;
}

int node_wait_ms(const struct node *n)
{
    return wait_ms(n, n->config.now_ms(n->config.ctx), -1);
}
