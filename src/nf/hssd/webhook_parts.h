/* nf/hssd/webhook_parts.h - what the files of nf/hssd/webhook.h share: webhook.c has the threads
 * and what each does next, webhook_send.c one message and what the store keeps of it. Nobody else
 * includes it.
 */
#ifndef BINDERY_NF_HSSD_WEBHOOK_PARTS_H
#define BINDERY_NF_HSSD_WEBHOOK_PARTS_H

#include "net/https_client.h"
#include "nf/hssd/event_feed.h"
#include "nf/hssd/webhook.h"
#include "nf/hssd/webhook_secret.h"
#include "store/store_webhook.h"

#include <pthread.h>

#define WEBHOOK_SLOTS (2 * HSSD_WEBHOOKS_MAX) /* one that was removed may take a while to end */
#define WEBHOOK_ROWS  32u

struct webhook {
    struct webhooks *all;
    pthread_t thread;
    pthread_cond_t wake;
    /* under the lock of all: */
    bool woken;
    bool parked; /* its name is not configured, and nothing of it is stored any more */
    char name[HSSD_WEBHOOK_NAME_MAX];
    struct webhook_view view;
    /* the thread's own: */
    struct event_watcher watcher;
    struct snapshot *held;            /* of `config` */
    const struct hssd_config *config; /* the snapshot that all below was made from */
    unsigned reading;                 /* the how manieth reading of the file */
    const struct hssd_webhook *c;
    struct https_client *client;
    struct webhook_secret secret;
    struct crypto crypto;
    struct store_reader *reader;
    struct store_webhook row; /* as it is now; with `cursor` ahead of what is stored */
    bool has_row;
    uint64_t saved, saved_ms, next_ms;
    unsigned tries;
    struct store_event rows[WEBHOOK_ROWS];
};
struct webhooks {
    struct hssd *h;
    char origin[9]; /* of the HSS, in message ids */
    pthread_mutex_t lock;
    atomic_bool stopping;
    atomic_uint reading; /* so many times was the configuration read again */
    struct webhook *slots[WEBHOOK_SLOTS];
    unsigned n;
};

/* ---- webhook_send.c; the webhook's own thread ---- */

enum webhook_change { WEBHOOK_CHANGE_BEGIN, WEBHOOK_CHANGE_PUT, WEBHOOK_CHANGE_DROP };
/* Until it is durable. Errors: E_BUSY (the writer has no room), those of store_webhook.h, E_IO. */
MUST_USE enum err webhook_change(struct webhooks *all, enum webhook_change what,
                                 const struct store_webhook *row);
/* The cursor, if it moved. */
MUST_USE enum err webhook_save(struct webhook *w);
/* The row with an event and a log line about it; then it is w->row. */
MUST_USE enum err webhook_save_with_event(struct webhook *w, const struct store_webhook *row,
                                          enum log_level level, const char *name, const char *cause,
                                          const char *detail);
/* The next try is later. */
void webhook_failed(struct webhook *w, const char *cause, const char *why);
/* One try. True: it was taken, and the cursor is behind it. */
MUST_USE bool webhook_deliver(struct webhook *w, const struct store_event *event);
int64_t webhook_unix_ms(void);

#endif
