#include "nf/hssd/event_feed.h"

#include <pthread.h>
#include <stdlib.h>

struct event_feed {
    atomic_bool wanted; /* by anyone: an event that nobody waits for costs one look at it */
    pthread_mutex_t lock;
    struct event_watcher *first;
};

enum err event_feed_open(struct event_feed **out)
{
    struct event_feed *f = calloc(1, sizeof *f);
    if (f == NULL) {
        return E_MEMORY;
    }
    pthread_mutex_init(&f->lock, NULL);
    *out = f;
    return E_OK;
}

void event_feed_close(struct event_feed *f)
{
    if (f != NULL) {
        pthread_mutex_destroy(&f->lock);
        free(f);
    }
}

void event_feed_watch(struct event_feed *f, struct event_watcher *w)
{
    if (f == NULL) {
        return;
    }
    pthread_mutex_lock(&f->lock);
    w->next = f->first;
    f->first = w;
    pthread_mutex_unlock(&f->lock);
}

void event_feed_leave(struct event_feed *f, struct event_watcher *w)
{
    if (f == NULL) {
        return;
    }
    pthread_mutex_lock(&f->lock);
    for (struct event_watcher **at = &f->first; *at != NULL; at = &(*at)->next) {
        if (*at == w) {
            *at = w->next;
            break;
        }
    }
    pthread_mutex_unlock(&f->lock);
}

void event_feed_want(struct event_feed *f, struct event_watcher *w)
{
    atomic_store(&w->wants, true);
    if (f != NULL) {
        atomic_store(&f->wanted, true); /* second: who takes this one sees the other */
    }
}

void event_feed_tell(struct event_feed *f)
{
    if (f == NULL || !atomic_load(&f->wanted)) {
        return;
    }
    pthread_mutex_lock(&f->lock);
    atomic_store(&f->wanted, false);
    for (struct event_watcher *w = f->first; w != NULL; w = w->next) {
        if (atomic_exchange(&w->wants, false)) {
            w->wake(w->ctx);
        }
    }
    pthread_mutex_unlock(&f->lock);
}
