/* peer/peer_buffer.c - the two buffers of a peer and the requests that wait for answers. */
#include "peer/peer_parts.h"

#include <string.h>

uint64_t peer_next_random(struct peer *p)
{
    uint64_t x = (p->random += UINT64_C(0x9e3779b97f4a7c15));
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

uint32_t peer_end_to_end(struct peer *p)
{
    return p->next_end_to_end++;
}

/* ---- buffers ---- */

struct bytes peer_waiting(const struct peer *p)
{
    return (struct bytes){p->memory.in.p + p->in_from, p->in_to - p->in_from};
}

void peer_drop_held(struct peer *p)
{
    if (p->state != PEER_WAIT_AUTHORISE) { /* the CER is still needed for its answer */
        p->in_from += p->in_held;
        p->in_held = 0;
    }
}

struct mbytes peer_input_space(struct peer *p)
{
    peer_drop_held(p);
    if (p->in_from > 0 && p->in_to - p->in_from < p->in_from) {
        memmove(p->memory.in.p, p->memory.in.p + p->in_from, p->in_to - p->in_from);
        p->in_to -= p->in_from;
        p->in_from = 0;
    }
    /* A message that cannot become whole where it lies has to move, however long it is. */
    if (p->memory.in.n - p->in_from < p->config->message_max) {
        memmove(p->memory.in.p, p->memory.in.p + p->in_from, p->in_to - p->in_from);
        p->in_to -= p->in_from;
        p->in_from = 0;
    }
    return (struct mbytes){p->memory.in.p + p->in_to, p->memory.in.n - p->in_to};
}

void peer_input_done(struct peer *p, size_t n)
{
    p->in_to += n;
}

void peer_input(struct peer *p, struct bytes in, size_t *consumed)
{
    struct mbytes space = peer_input_space(p);
    size_t n = in.n < space.n ? in.n : space.n;
    if (n > 0) {
        memcpy(space.p, in.p, n);
    }
    peer_input_done(p, n);
    *consumed = n;
}

static size_t out_free(const struct peer *p)
{
    return p->memory.out.n - (p->out_to - p->out_from);
}

/* Room left when everything owed is as long as it may be. */
size_t peer_out_spare(const struct peer *p)
{
    const size_t most = p->config->answer_max;
    const size_t least = most < PEER_ANSWER_SHORT ? most : PEER_ANSWER_SHORT;
    size_t reserved = (p->owed - p->owed_short) * most + p->owed_short * least;
    return out_free(p) > reserved ? out_free(p) - reserved : 0;
}

void peer_owes_short(struct peer *p)
{
    p->owed_short += p->owed_short < p->owed;
}

void peer_owes_no_more_short(struct peer *p)
{
    p->owed_short -= p->owed_short > 0;
}

bool peer_is_half_full(const struct peer *p)
{
    return peer_out_spare(p) < p->memory.out.n / 2;
}

/* All free octets in one piece. */
struct mbytes peer_out_space(struct peer *p)
{
    if (p->out_from > 0) {
        size_t end = p->out_to;
        memmove(p->memory.out.p, p->memory.out.p + p->out_from, p->out_to - p->out_from);
        p->out_to -= p->out_from;
        p->out_from = 0;
        wipe(p->memory.out.p + p->out_to, end - p->out_to);
    }
    return (struct mbytes){p->memory.out.p + p->out_to, p->memory.out.n - p->out_to};
}

static void out_append(struct peer *p, struct bytes msg)
{
    if (p->memory.out.n - p->out_to < msg.n) {
        (void)peer_out_space(p);
    }
    memcpy(p->memory.out.p + p->out_to, msg.p, msg.n);
    p->out_to += msg.n;
    p->stats.sent++;
}

struct bytes peer_out(const struct peer *p)
{
    return (struct bytes){p->memory.out.p + p->out_from, p->out_to - p->out_from};
}

/* What is sent may be a vector, which this end has no use for any more. */
void peer_out_done(struct peer *p, size_t n)
{
    wipe(p->memory.out.p + p->out_from, n);
    p->out_from += n;
    if (p->out_from == p->out_to) {
        p->out_from = p->out_to = 0;
    }
}

/* ---- requests of our own ---- */

static void find_request_timer(struct peer *p)
{
    p->request_timer = UINT64_MAX;
    for (size_t i = 0; i < p->memory.pending_n; i++) {
        const struct peer_pending *q = &p->memory.pending[i];
        if (q->used && q->deadline < p->request_timer) {
            p->request_timer = q->deadline;
        }
    }
}

/* A free slot and the identifier that leads to it: identifiers count upwards (RFC 6733 3) and the
 * slot is their remainder, so an answer is found without a search. NULL: all are used. */
static struct peer_pending *pending_take(struct peer *p)
{
    for (size_t tries = 0; tries < p->memory.pending_n; tries++) {
        uint32_t id = p->next_hop_by_hop++;
        struct peer_pending *q = &p->memory.pending[id % p->memory.pending_n];
        if (!q->used) {
            q->hop_by_hop = id;
            return q;
        }
    }
    return NULL;
}

void peer_pending_free(struct peer *p, struct peer_pending *q)
{
    q->used = false;
    p->pending--;
    if (p->pending == 0) {
        p->request_timer = UINT64_MAX;
    }
}

struct peer_pending *peer_pending_find(const struct peer *p, const struct diameter_header *h)
{
    if (p->memory.pending_n == 0) {
        return NULL;
    }
    struct peer_pending *q = &p->memory.pending[h->hop_by_hop % p->memory.pending_n];
    return q->used && q->hop_by_hop == h->hop_by_hop && q->command == h->command ? q : NULL;
}

/* Ends one request that is over: any of a closed connection, else one whose time has come. */
bool peer_tell_unanswered(struct peer *p, struct peer_event *out)
{
    bool all = p->state == PEER_CLOSED;
    if (p->pending == 0 || (!all && p->now < p->request_timer)) {
        return false;
    }
    for (size_t i = 0; i < p->memory.pending_n; i++) {
        struct peer_pending *q = &p->memory.pending[i];
        if (q->used && (all || q->deadline <= p->now)) {
            out->kind = PEER_UNANSWERED;
            out->cookie = q->cookie;
            out->cause = p->cause;
            p->stats.timeouts += !all;
            peer_pending_free(p, q);
            return true;
        }
    }
    find_request_timer(p);
    return false;
}

enum err peer_request(struct peer *p, struct mbytes msg, uint64_t cookie, uint64_t deadline_ms)
{
    struct diameter_header h;
    if (p->state != PEER_OPEN) {
        return E_BAD_STATE;
    }
    if (diameter_header_read((struct bytes){msg.p, msg.n}, &h) != E_OK) {
        return E_TRUNCATED;
    }
    /* A watchdog and one more request of the peer must stay possible. */
    if (peer_out_spare(p) < msg.n + p->config->answer_max) {
        return E_NO_ROOM;
    }
    struct peer_pending *q = pending_take(p);
    if (q == NULL) {
        return E_BUSY;
    }
    enum err err = diameter_hop_by_hop_set(msg, q->hop_by_hop);
    if (err != E_OK) {
        return err;
    }
    q->used = true;
    q->command = h.command;
    q->cookie = cookie;
    q->deadline = deadline_ms;
    p->pending++;
    p->request_timer = deadline_ms < p->request_timer ? deadline_ms : p->request_timer;
    out_append(p, (struct bytes){msg.p, msg.n});
    return E_OK;
}

/* ---- answers to the peer's requests ---- */

enum err peer_send_answer(struct peer *p, struct bytes msg)
{
    if ((p->state != PEER_OPEN && p->state != PEER_CLOSING) || p->owed == 0) {
        return E_BAD_STATE;
    }
    if (msg.n > p->config->answer_max || msg.n > out_free(p)) {
        return E_NO_ROOM;
    }
    p->owed--;
    p->owed_short = p->owed_short < p->owed ? p->owed_short : p->owed;
    out_append(p, msg);
    return E_OK;
}

void peer_no_answer(struct peer *p)
{
    p->owed -= p->owed > 0;
    p->owed_short = p->owed_short < p->owed ? p->owed_short : p->owed;
}
