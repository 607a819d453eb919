#include "nf/repod/crew.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

struct helper {
    struct crew *crew;
    unsigned worker;
    pthread_t thread;
};
struct crew {
    pthread_mutex_t lock;
    pthread_cond_t begin, end;
    unsigned list; /* counts the lists of work */
    unsigned busy; /* helpers that are not done with this one */
    bool over;
    size_t n;
    atomic_size_t next;
    crew_work work;
    void *ctx;
    unsigned helpers;
    struct helper helper[CREW_MAX];
};

static void take_pieces(struct crew *c, unsigned worker)
{
    for (size_t i = atomic_fetch_add(&c->next, 1); i < c->n; i = atomic_fetch_add(&c->next, 1)) {
        c->work(c->ctx, worker, i);
    }
}

static void *help(void *arg)
{
    const struct helper *h = arg;
    struct crew *c = h->crew;
    unsigned seen = 0;
    (void)pthread_mutex_lock(&c->lock);
    for (;;) {
        while (c->list == seen && !c->over) {
            (void)pthread_cond_wait(&c->begin, &c->lock);
        }
        if (c->over) {
            break;
        }
        seen = c->list;
        (void)pthread_mutex_unlock(&c->lock);
        take_pieces(c, h->worker);
        (void)pthread_mutex_lock(&c->lock);
        c->busy--;
        (void)pthread_cond_signal(&c->end);
    }
    (void)pthread_mutex_unlock(&c->lock);
    return NULL;
}

static unsigned processors(void)
{
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n < 1 ? 1 : n > (long)CREW_MAX ? CREW_MAX : (unsigned)n;
}

enum err crew_open(unsigned size, struct crew **out)
{
    struct crew *c = calloc(1, sizeof *c);
    if (c == NULL) {
        return E_MEMORY;
    }
    (void)pthread_mutex_init(&c->lock, NULL); /* these do not fail on Linux */
    (void)pthread_cond_init(&c->begin, NULL);
    (void)pthread_cond_init(&c->end, NULL);
    const unsigned wanted = size == 0 ? processors() : size > CREW_MAX ? CREW_MAX : size;
    for (unsigned i = 1; i < wanted; i++) {
        struct helper *h = &c->helper[c->helpers];
        *h = (struct helper){.crew = c, .worker = i};
        if (pthread_create(&h->thread, NULL, help, h) != 0) {
            break;
        }
        c->helpers++;
    }
    *out = c;
    return E_OK;
}

void crew_close(struct crew *c)
{
    if (c == NULL) {
        return;
    }
    (void)pthread_mutex_lock(&c->lock);
    c->over = true;
    (void)pthread_cond_broadcast(&c->begin);
    (void)pthread_mutex_unlock(&c->lock);
    for (unsigned i = 0; i < c->helpers; i++) {
        (void)pthread_join(c->helper[i].thread, NULL);
    }
    (void)pthread_cond_destroy(&c->begin);
    (void)pthread_cond_destroy(&c->end);
    (void)pthread_mutex_destroy(&c->lock);
    free(c);
}

unsigned crew_size(const struct crew *c)
{
    return 1 + c->helpers;
}

void crew_do(struct crew *c, size_t n, crew_work work, void *ctx)
{
    (void)pthread_mutex_lock(&c->lock);
    c->n = n;
    c->work = work;
    c->ctx = ctx;
    atomic_store(&c->next, 0);
    c->busy = c->helpers;
    c->list++;
    (void)pthread_cond_broadcast(&c->begin);
    (void)pthread_mutex_unlock(&c->lock);
    take_pieces(c, 0);
    (void)pthread_mutex_lock(&c->lock);
    while (c->busy > 0) {
        (void)pthread_cond_wait(&c->end, &c->lock);
    }
    (void)pthread_mutex_unlock(&c->lock);
}
