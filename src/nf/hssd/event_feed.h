/* nf/hssd/event_feed.h - who waits for the next event is told as soon as one is durable.
 *
 * Whoever wants to know says so before he looks into the event list: then an event that he did not
 * see wakes him. A wake is for all events at once and says nothing about them. It comes on the
 * thread that tells, mostly the writer's, so it only hands over. Where there is no feed (NULL)
 * nobody is ever told.
 */
#ifndef BINDERY_NF_HSSD_EVENT_FEED_H
#define BINDERY_NF_HSSD_EVENT_FEED_H

#include "base/err.h"
#include <stdatomic.h>
#include <stdbool.h>

struct event_feed;
struct event_watcher {
    void (*wake)(void *ctx);
    void *ctx;
    atomic_bool wants;
    struct event_watcher *next; /* the feed's */
};
/* Errors: E_MEMORY. */
MUST_USE enum err event_feed_open(struct event_feed **out);
/* When nobody watches and nothing is written any more. Harmless on NULL. */
void event_feed_close(struct event_feed *f);
/* Any thread. After event_feed_leave no wake comes, and none is under way. */
void event_feed_watch(struct event_feed *f, struct event_watcher *w);
void event_feed_leave(struct event_feed *f, struct event_watcher *w);
/* One wake, for the first event that is durable from now on. */
void event_feed_want(struct event_feed *f, struct event_watcher *w);
/* Any thread: events were committed. */
void event_feed_tell(struct event_feed *f);

#endif
