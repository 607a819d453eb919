/* nf/hssd/webhook.h - events to receivers elsewhere: each event is posted to each webhook of the
 * configuration that wants it, in order, at least once, signed by the rules of Standard Webhooks.
 *
 * Each webhook has a thread, a client and a cursor into the event list of its own, so a receiver
 * that does not answer holds up nobody else. An event counts as delivered with an answer 2xx;
 * anything else is tried again, after one second at first and five minutes at most, without end.
 * The cursor is stored after the delivery, once a second at most: a process that dies repeats what
 * it sent in the last second, under the same webhook-id. What the event list gave up before it was
 * delivered is counted, and the count is an event itself. A message is what GET /v1/events shows of
 * the event, and nothing secret is in that.
 */
#ifndef BINDERY_NF_HSSD_WEBHOOK_H
#define BINDERY_NF_HSSD_WEBHOOK_H

#include "nf/hssd/hssd.h"
#include <jansson.h>

#define WEBHOOK_DOWN_TRIES 3u      /* that fail in a row: then it is an event, once */
#define WEBHOOK_RETRY_MS   1000u   /* the first wait, which doubles; and up to half of it more */
#define WEBHOOK_RETRY_MOST 300000u /* the longest */
#define WEBHOOK_SAVE_MS    1000u
#define WEBHOOK_MESSAGE_ID 64 /* with NUL */
#define WEBHOOK_HEADER_MAX 96

struct webhooks;
/* After the store, the writer and h->feed. Rows of webhooks that are not configured any more go.
 * Errors: E_MEMORY, E_IO, E_CRYPTO. */
MUST_USE enum err webhooks_start(struct hssd *h, struct webhooks **out);
/* Control thread: another snapshot counts. One that is new begins with the next event, one that is
 * gone is forgotten, one whose files or address changed goes on where it was. Harmless on NULL. */
void webhooks_changed(struct webhooks *all);
/* Control thread, each second: a webhook that found no room is begun. Harmless on NULL. */
void webhooks_tick(struct webhooks *all);
/* Before the writer ends: requests under way are given up, cursors stored. Harmless on NULL. */
void webhooks_stop(struct webhooks *all);

enum webhook_state { WEBHOOK_STARTING, WEBHOOK_UP, WEBHOOK_FAILING, WEBHOOK_DOWN };
struct webhook_view {
    enum webhook_state state;
    uint64_t cursor;    /* the last event that needs no delivery any more */
    uint64_t delivered; /* since the start, and so on */
    uint64_t lost;
    uint64_t failed;        /* tries, likewise since the start */
    unsigned tries;         /* that failed, since the last that did not */
    int64_t last_delivered; /* Unix milliseconds; 0: none since the start */
    int64_t next_try;       /* likewise; 0: none is due */
    char cause[24]; /* of the last failure: unreachable, timeout, certificate, status, ...; or empty
                     */
    char error[STORE_HOST_MAX]; /* likewise, for people */
};
/* How the webhook of this name stands; all zeros where there is none yet. Any thread. */
void webhooks_look(struct webhooks *all, const char *name, struct webhook_view *out);

/* The message of an event, which free() frees; NULL without memory. */
char *webhook_body(const struct store_event *event);
/* How long to wait after so many tries that failed in a row (1 or more), for a number from 0 to
 * 65535 that is drawn each time. */
uint32_t webhook_wait_ms(unsigned tries, uint16_t drawn);

#endif
