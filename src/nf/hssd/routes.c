#include "nf/hssd/routes.h"

#include "nf/hssd/authorise.h"

#include <pthread.h>
#include <stdlib.h>

struct routes {
    pthread_mutex_t lock;
    struct route *list;
    size_t n;
    size_t capacity;
};

enum err routes_open(unsigned connections, struct routes **out)
{
    struct routes *r = calloc(1, sizeof *r);
    if (r == NULL) {
        return E_MEMORY;
    }
    r->list = calloc(connections, sizeof *r->list);
    if (r->list == NULL) {
        free(r);
        return E_MEMORY;
    }
    r->capacity = connections;
    pthread_mutex_init(&r->lock, NULL);
    *out = r;
    return E_OK;
}

void routes_close(struct routes *r)
{
    if (r != NULL) {
        pthread_mutex_destroy(&r->lock);
        free(r->list);
        free(r);
    }
}

enum err routes_add(struct routes *r, const struct route *route)
{
    enum err err = E_NO_ROOM;
    pthread_mutex_lock(&r->lock);
    if (r->n < r->capacity) {
        r->list[r->n++] = *route;
        err = E_OK;
    }
    pthread_mutex_unlock(&r->lock);
    return err;
}

void routes_remove(struct routes *r, struct hssd_thread *thread, uint64_t conn)
{
    pthread_mutex_lock(&r->lock);
    for (size_t i = 0; i < r->n; i++) {
        if (r->list[i].thread == thread && r->list[i].conn == conn) {
            r->list[i] = r->list[--r->n];
            break;
        }
    }
    pthread_mutex_unlock(&r->lock);
}

size_t routes_copy(struct routes *r, size_t from, struct route *out, size_t max)
{
    size_t n = 0;
    pthread_mutex_lock(&r->lock);
    while (n < max && from + n < r->n) {
        out[n] = r->list[from + n];
        n++;
    }
    pthread_mutex_unlock(&r->lock);
    return n;
}

/* 2: the node itself; 1: an agent that may carry it; 0: no way. */
static int leads_to(const struct hssd_peer *p, struct bytes host)
{
    if (p->kind == HSSD_PEER_END) {
        return bytes_eq_nocase(bytes_of_str(p->origin_host), host) ? 2 : 0;
    }
    return agent_carries(p, host) ? 1 : 0;
}

enum err routes_find(struct routes *r, struct bytes host, struct route *out)
{
    int best = 0;
    pthread_mutex_lock(&r->lock);
    for (size_t i = 0; i < r->n && best < 2; i++) {
        int leads = leads_to(r->list[i].peer->peer, host);
        if (leads > best) {
            best = leads;
            *out = r->list[i];
        }
    }
    pthread_mutex_unlock(&r->lock);
    return best > 0 ? E_OK : E_NOT_FOUND;
}
