/* store/store_webhook.h - how far each receiver of events has come: a cursor into the event list,
 * which outlives the process.
 *
 * A row is made when the receiver is configured for the first time, and goes when it is not any
 * more. Nothing here knows where a receiver is, and nothing is sent.
 */
#ifndef BINDERY_STORE_STORE_WEBHOOK_H
#define BINDERY_STORE_STORE_WEBHOOK_H

#include "store/store.h"

#define STORE_WEBHOOK_NAME_MAX 33 /* with NUL */

struct store_webhook {
    uint64_t cursor; /* the id of the last event that needs no delivery any more */
    bool down;       /* the event list says that it does not take events */
    char name[STORE_WEBHOOK_NAME_MAX];
};
/* Errors: E_NOT_FOUND. */
MUST_USE enum err store_read_webhook(struct store_reader *r, const char *name,
                                     struct store_webhook *out);
/* By name; *n of them. */
MUST_USE enum err store_list_webhooks(struct store_reader *r, struct store_webhook *out, size_t max,
                                      size_t *n);
/* The id of the newest event; 0: there never was one. */
MUST_USE enum err store_newest_event(struct store_reader *r, uint64_t *id);

/* A row of this name, where there is none, with the newest event of the batch as its cursor.
 * Errors: E_BAD_VALUE (the name). */
MUST_USE enum err store_begin_webhook(struct store_writer *w, const char *name);
/* Cursor and `down`. Errors: E_NOT_FOUND. */
MUST_USE enum err store_put_webhook(struct store_writer *w, const struct store_webhook *webhook);
/* None of this name is no error. */
MUST_USE enum err store_drop_webhook(struct store_writer *w, const char *name);

#endif
