#include "net/https_parts.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

struct https_limits https_limits_default(void)
{
    return (struct https_limits){.connections = 512,
                                 .connections_per_address = 64,
                                 .connections_per_client = 32,
                                 .header_ms = 10000,
                                 .body_ms = 30000,
                                 .answer_ms = 60000,
                                 .idle_ms = 60000,
                                 .body_most = 65536};
}

struct https_conn *https_conn_add(struct https_conns *all, int fd, uint64_t deadline)
{
    struct https_conn *c = calloc(1, sizeof *c);
    if (c == NULL) {
        return NULL;
    }
    c->fd = fd;
    c->deadline = deadline;
    c->next = all->first;
    if (c->next != NULL) {
        c->next->prev = c;
    }
    all->first = c;
    all->n++;
    return c;
}

void https_conn_remove(struct https_conns *all, struct https_conn *c)
{
    if (c->prev != NULL) {
        c->prev->next = c->next;
    } else {
        all->first = c->next;
    }
    if (c->next != NULL) {
        c->next->prev = c->prev;
    }
    all->n--;
    free(c);
}

void https_conns_expire(struct https_conns *all, uint64_t now)
{
    for (struct https_conn *c = all->first; c != NULL; c = c->next) {
        if (!c->over && now >= c->deadline) {
            c->over = true;
            (void)shutdown(c->fd, SHUT_RDWR); /* fails when the client was quicker */
        }
    }
}

unsigned https_conns_of(const struct https_conns *all, const struct https_conn *c)
{
    unsigned n = 0;
    for (const struct https_conn *o = all->first; o != NULL; o = o->next) {
        n += o == c || (o->judged_at != 0 && o->peer.verdict == VERIFY_GOOD &&
                        memcmp(o->peer.digest, c->peer.digest, sizeof c->peer.digest) == 0);
    }
    return n;
}
