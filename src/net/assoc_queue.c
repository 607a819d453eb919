#include "net/assoc_set.h"

#include <stdlib.h>
#include <string.h>

enum err assoc_queue_init(struct assoc_queue *q, size_t bound)
{
    *q = (struct assoc_queue){.p = malloc(2 * bound), .bound = bound};
    return q->p != NULL ? E_OK : E_MEMORY;
}

void assoc_queue_free(struct assoc_queue *q)
{
    free(q->p);
    *q = (struct assoc_queue){0};
}

size_t assoc_queue_length(const struct assoc_queue *q)
{
    return q->to - q->from;
}

uint8_t *assoc_queue_room(struct assoc_queue *q, size_t n)
{
    size_t length = assoc_queue_length(q);
    if (n > q->bound || length > q->bound - n) {
        return NULL;
    }
    if (n > 2 * q->bound - q->to) {
        memmove(q->p, q->p + q->from, length);
        q->from = 0;
        q->to = length;
    }
    return q->p + q->to;
}

void assoc_queue_taken(struct assoc_queue *q, size_t n)
{
    q->from += n;
    if (q->from == q->to) {
        q->from = q->to = 0;
    }
}

enum err assoc_queue_put(struct assoc_queue *q, const struct assoc_message *m)
{
    size_t n = ASSOC_HEAD + m->octets.n;
    uint8_t *at = assoc_queue_room(q, n);
    if (at == NULL) {
        return E_BUSY;
    }
    struct wr w = wr_of((struct mbytes){at, n});
    wr_be32(&w, (uint32_t)m->octets.n);
    wr_be16(&w, m->stream);
    wr_be32(&w, m->ppid);
    wr_put(&w, m->octets);
    if (w.err == E_OK) {
        q->to += n;
    }
    return w.err;
}

enum err assoc_queue_first(const struct assoc_queue *q, size_t message_max,
                           struct assoc_message *out)
{
    struct rd r = rd_of((struct bytes){q->p + q->from, assoc_queue_length(q)});
    if (rd_left(&r) < ASSOC_HEAD) {
        return E_AGAIN;
    }
    size_t n = rd_be32(&r);
    struct assoc_message m = {.stream = rd_be16(&r)};
    m.ppid = rd_be32(&r);
    if (n == 0) {
        return E_BAD_VALUE;
    }
    if (n > message_max) {
        return E_BAD_LENGTH;
    }
    if (rd_left(&r) < n) {
        return E_AGAIN;
    }
    m.octets = rd_take(&r, n);
    *out = m;
    return E_OK;
}
