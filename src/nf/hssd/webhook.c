#include "nf/hssd/webhook.h"

#include "crypto/openssl.h"
#include "nf/hssd/event_feed.h"
#include "nf/hssd/snapshots.h"
#include "nf/hssd/webhook_parts.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#define ROWS_KEPT   64u /* that are looked at, at the start */
#define ANSWER_MAX  65536u
#define NICE        10
#define FOREVER     UINT64_MAX
#define WRITE_AGAIN 1000u /* ms, when the writer had no room */

/* ---- what others see ---- */

static void show(struct webhook *w)
{
    struct webhook_view *v = &w->view;
    const uint64_t now = hssd_monotonic_ms();
    pthread_mutex_lock(&w->all->lock);
    v->cursor = w->row.cursor;
    v->tries = w->tries;
    v->state = w->row.down    ? WEBHOOK_DOWN
               : w->tries > 0 ? WEBHOOK_FAILING
               : w->has_row   ? WEBHOOK_UP
                              : WEBHOOK_STARTING;
    v->next_try =
        w->tries > 0 ? webhook_unix_ms() + (int64_t)(w->next_ms > now ? w->next_ms - now : 0) : 0;
    pthread_mutex_unlock(&w->all->lock);
}

void webhooks_look(struct webhooks *all, const char *name, struct webhook_view *out)
{
    *out = (struct webhook_view){.state = WEBHOOK_STARTING};
    if (all == NULL) {
        return;
    }
    pthread_mutex_lock(&all->lock);
    for (unsigned i = 0; i < all->n; i++) {
        const struct webhook *w = all->slots[i];
        if (!w->parked && strcmp(w->name, name) == 0) {
            *out = w->view;
        }
    }
    pthread_mutex_unlock(&all->lock);
}

/* What was lost is its own business, whatever it is configured to take. */
static bool wants(const struct webhook *w, const struct store_event *event)
{
    if (w->c->n_events == 0 ||
        (strcmp(event->name, "webhook-lost") == 0 && strcmp(event->peer, w->row.name) == 0)) {
        return true;
    }
    for (size_t i = 0; i < w->c->n_events; i++) {
        if (strcmp(w->c->events[i], event->name) == 0) {
            return true;
        }
    }
    return false;
}

/* ---- a turn: what is to be done next ---- */

static void drop_client(struct webhook *w)
{
    https_client_close(w->client);
    w->client = NULL;
    wipe(&w->secret, sizeof w->secret);
}

/* Its files and address are read again with each snapshot. */
static bool open_client(struct webhook *w)
{
    char why[160];
    drop_client(w);
    enum err err = webhook_secret_load(w->c->secret_file, &w->secret, why);
    if (err != E_OK) {
        webhook_failed(w, "secret", why);
        return false;
    }
    const struct https_client_options options = {.ca = w->c->ca,
                                                 .plain = w->c->plain,
                                                 .abandon = &w->all->stopping,
                                                 .answer_most = ANSWER_MAX};
    err = https_client_open(&options, &w->client);
    if (err != E_OK) {
        w->client = NULL;
        webhook_failed(w, err_name(err), err_sentence(err));
    }
    return err == E_OK;
}

/* Nothing of it is left, unless it is configured again by now. */
static uint64_t leave(struct webhook *w)
{
    drop_client(w);
    if (w->has_row && webhook_change(w->all, WEBHOOK_CHANGE_DROP, &w->row) != E_OK) {
        return WRITE_AGAIN;
    }
    w->has_row = false;
    w->tries = 0;
    w->next_ms = 0;
    pthread_mutex_lock(&w->all->lock);
    struct snapshot *held = snapshot_hold(w->all->h);
    w->parked = hssd_config_webhook(w->all->h->config, w->name) == NULL;
    snapshot_release(held);
    w->view = (struct webhook_view){.state = WEBHOOK_STARTING};
    const bool parked = w->parked;
    pthread_mutex_unlock(&w->all->lock);
    return parked ? FOREVER : 0;
}

/* Its row, which is made when there is none. */
static bool begin(struct webhook *w)
{
    enum err err = store_read_webhook(w->reader, w->row.name, &w->row);
    if (err == E_NOT_FOUND) {
        err = webhook_change(w->all, WEBHOOK_CHANGE_BEGIN, &w->row);
        if (err == E_OK) {
            err = store_read_webhook(w->reader, w->row.name, &w->row);
        }
    }
    w->has_row = err == E_OK;
    w->saved = w->row.cursor;
    return w->has_row;
}

/* Files may be others though the configuration is the same. */
static bool is_news(const struct webhook *w)
{
    return w->config != w->all->h->config || w->reading != atomic_load(&w->all->reading);
}

static void take_config(struct webhook *w)
{
    struct snapshot *held = snapshot_hold(w->all->h);
    snapshot_release(w->held);
    w->held = held;
    w->reading = atomic_load(&w->all->reading);
    w->config = w->all->h->config;
    w->c = hssd_config_webhook(w->config, w->row.name);
    w->next_ms = 0; /* what was wrong may be right now */
    drop_client(w);
}

/* 0: it may go on; else how long not. */
static uint64_t prepare(struct webhook *w)
{
    pthread_mutex_lock(&w->all->lock);
    (void)snprintf(w->row.name, sizeof w->row.name, "%s", w->name);
    pthread_mutex_unlock(&w->all->lock);
    if (is_news(w)) {
        take_config(w);
    }
    if (w->c == NULL || strcmp(w->c->name, w->row.name) != 0) {
        w->c = hssd_config_webhook(w->config, w->row.name);
    }
    if (w->c == NULL) {
        return leave(w);
    }
    if (!w->has_row && !begin(w)) {
        return WRITE_AGAIN;
    }
    const uint64_t now = hssd_monotonic_ms();
    if (now < w->next_ms) {
        return w->next_ms - now;
    }
    return w->client != NULL || open_client(w) ? 0 : w->next_ms - now;
}

/* Ids grow by one: what is missing between the cursor and the first row was given up. */
static bool count_lost(struct webhook *w, uint64_t first)
{
    const uint64_t lost = first - w->row.cursor - 1;
    char detail[96];
    if (lost == 0) {
        return true;
    }
    struct store_webhook row = w->row;
    row.cursor = first - 1;
    (void)snprintf(detail, sizeof detail, "%" PRIu64 " events, up to id %" PRIu64, lost, first - 1);
    if (webhook_save_with_event(w, &row, LOG_LEVEL_ERROR, "webhook-lost", "trimmed", detail) !=
        E_OK) {
        return false;
    }
    pthread_mutex_lock(&w->all->lock);
    w->view.lost += lost;
    pthread_mutex_unlock(&w->all->lock);
    return true;
}

static bool goes_on(const struct webhook *w)
{
    return !atomic_load(&w->all->stopping) && !is_news(w);
}

/* True: there may be more. */
static bool send_rows(struct webhook *w, size_t n)
{
    for (size_t i = 0; i < n && goes_on(w); i++) {
        if (!wants(w, &w->rows[i])) {
            w->row.cursor = w->rows[i].id;
        } else if (!webhook_deliver(w, &w->rows[i])) {
            return false;
        }
        if (hssd_monotonic_ms() - w->saved_ms >= WEBHOOK_SAVE_MS) {
            (void)!webhook_save(w); /* without room: the next time */
        }
        show(w);
    }
    return true;
}

/* How long it may rest. */
static uint64_t turn(struct webhook *w)
{
    size_t n = 0;
    uint64_t rest = prepare(w);
    if (rest > 0) {
        return rest;
    }
    event_feed_want(w->all->h->feed, &w->watcher); /* before the look */
    if (store_list_events(w->reader, w->row.cursor, NULL, w->rows, WEBHOOK_ROWS, &n) != E_OK) {
        return WRITE_AGAIN;
    }
    if (n > 0) {
        if (!count_lost(w, w->rows[0].id)) {
            return WRITE_AGAIN;
        }
        if (!send_rows(w, n)) {
            (void)!webhook_save(w); /* a wait begins; without room: it is sent again */
        }
        return 0;
    }
    if (w->saved == w->row.cursor) {
        return FOREVER;
    }
    const uint64_t since = hssd_monotonic_ms() - w->saved_ms;
    if (since < WEBHOOK_SAVE_MS) {
        return WEBHOOK_SAVE_MS - since;
    }
    return webhook_save(w) == E_OK ? FOREVER : WRITE_AGAIN;
}

static void rest_for(struct webhook *w, uint64_t ms)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    if (ms != FOREVER) {
        until.tv_sec += (time_t)(ms / 1000);
        until.tv_nsec += (long)(ms % 1000) * 1000000;
        until.tv_sec += until.tv_nsec / 1000000000;
        until.tv_nsec %= 1000000000;
    }
    pthread_mutex_lock(&w->all->lock);
    int rc = 0;
    while (!w->woken && !atomic_load(&w->all->stopping) && rc != ETIMEDOUT) {
        rc = ms == FOREVER ? pthread_cond_wait(&w->wake, &w->all->lock)
                           : pthread_cond_timedwait(&w->wake, &w->all->lock, &until);
    }
    w->woken = false;
    pthread_mutex_unlock(&w->all->lock);
}

static void *run(void *arg)
{
    struct webhook *w = arg;
    (void)setpriority(PRIO_PROCESS, 0, NICE); /* of this thread */
    while (!atomic_load(&w->all->stopping)) {
        const uint64_t rest = turn(w);
        show(w);
        if (rest > 0) {
            rest_for(w, rest);
        }
    }
    (void)!webhook_save(w); /* without room: it is sent again */
    return NULL;
}

/* ---- threads ---- */

static void wake(void *ctx)
{
    struct webhook *w = ctx;
    pthread_mutex_lock(&w->all->lock);
    w->woken = true;
    pthread_cond_signal(&w->wake);
    pthread_mutex_unlock(&w->all->lock);
}

static void webhook_free(struct webhook *w)
{
    drop_client(w);
    snapshot_release(w->held);
    store_reader_close(w->reader);
    crypto_openssl_close(&w->crypto);
    pthread_cond_destroy(&w->wake);
    free(w);
}

/* Signals are the control thread's, which may be who calls this. */
static enum err start_thread(struct webhook *w)
{
    sigset_t every, before;
    (void)sigfillset(&every);
    (void)pthread_sigmask(SIG_SETMASK, &every, &before);
    const int rc = pthread_create(&w->thread, NULL, run, w);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return rc == 0 ? E_OK : E_IO;
}

static enum err slot_open(struct webhooks *all, const char *name)
{
    pthread_condattr_t attr;
    struct webhook *w = calloc(1, sizeof *w);
    if (w == NULL) {
        return E_MEMORY;
    }
    w->all = all;
    w->watcher.wake = wake;
    w->watcher.ctx = w;
    (void)snprintf(w->name, sizeof w->name, "%s", name);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&w->wake, &attr);
    pthread_condattr_destroy(&attr);
    enum err err = crypto_openssl_open(&w->crypto);
    if (err == E_OK) {
        err = store_reader_open(all->h->store, &w->reader);
    }
    if (err == E_OK) {
        event_feed_watch(all->h->feed, &w->watcher);
        err = start_thread(w);
    }
    if (err != E_OK) {
        event_feed_leave(all->h->feed, &w->watcher);
        webhook_free(w);
        return err;
    }
    pthread_mutex_lock(&all->lock);
    all->slots[all->n++] = w;
    pthread_mutex_unlock(&all->lock);
    return E_OK;
}

/* Somebody has it already, or somebody who is parked takes it. */
static bool given(struct webhooks *all, const char *name)
{
    struct webhook *takes = NULL;
    pthread_mutex_lock(&all->lock);
    for (unsigned i = 0; i < all->n; i++) {
        struct webhook *w = all->slots[i];
        if (strcmp(w->name, name) == 0) {
            takes = w;
            break;
        }
        takes = w->parked && takes == NULL ? w : takes;
    }
    if (takes != NULL && takes->parked) {
        (void)snprintf(takes->name, sizeof takes->name, "%s", name);
        takes->parked = false;
        takes->woken = true;
        pthread_cond_signal(&takes->wake);
    }
    pthread_mutex_unlock(&all->lock);
    return takes != NULL;
}

static enum err match(struct webhooks *all)
{
    const struct hssd_config *config = all->h->config;
    enum err err = E_OK;
    for (size_t i = 0; i < config->n_webhooks; i++) {
        const char *name = config->webhooks[i].name;
        if (!given(all, name) && all->n < WEBHOOK_SLOTS) {
            const enum err here = slot_open(all, name);
            err = err == E_OK ? here : err;
        }
    }
    return err;
}

void webhooks_tick(struct webhooks *all)
{
    if (all != NULL) {
        (void)!match(all); /* the next tick tries again */
    }
}

void webhooks_changed(struct webhooks *all)
{
    if (all == NULL) {
        return;
    }
    atomic_fetch_add(&all->reading, 1);
    for (unsigned i = 0; i < all->n; i++) {
        wake(all->slots[i]);
    }
    webhooks_tick(all);
}

/* ---- start and stop ---- */

/* Those that were configured the last time, and are not now. */
static enum err forget_others(struct webhooks *all)
{
    struct store_reader *reader = NULL;
    struct store_webhook rows[ROWS_KEPT];
    size_t n = 0;
    enum err err = store_reader_open(all->h->store, &reader);
    if (err == E_OK) {
        err = store_list_webhooks(reader, rows, ROWS_KEPT, &n);
    }
    for (size_t i = 0; err == E_OK && i < n; i++) {
        const struct hssd_config *config = all->h->config;
        if (hssd_config_webhook(config, rows[i].name) == NULL) {
            err = webhook_change(all, WEBHOOK_CHANGE_DROP, &rows[i]);
        }
    }
    store_reader_close(reader);
    return err;
}

static enum err name_origin(struct webhooks *all)
{
    static const char hex[] = "0123456789abcdef";
    const struct hssd_config *config = all->h->config;
    const struct bytes host = bytes_of_str(config->origin_host);
    struct crypto crypto;
    uint8_t digest[32];
    enum err err = crypto_openssl_open(&crypto);
    if (err == E_OK) {
        err = crypto.sha256(crypto.ctx, &host, 1, digest);
        crypto_openssl_close(&crypto);
    }
    for (size_t i = 0; err == E_OK && i < 4; i++) {
        all->origin[2 * i] = hex[digest[i] >> 4];
        all->origin[2 * i + 1] = hex[digest[i] & 15];
    }
    return err;
}

enum err webhooks_start(struct hssd *h, struct webhooks **out)
{
    struct webhooks *all = calloc(1, sizeof *all);
    if (all == NULL) {
        return E_MEMORY;
    }
    all->h = h;
    pthread_mutex_init(&all->lock, NULL);
    enum err err = name_origin(all);
    if (err == E_OK) {
        err = forget_others(all);
    }
    if (err == E_OK) {
        err = match(all);
    }
    if (err != E_OK) {
        webhooks_stop(all);
        return err;
    }
    *out = all;
    return E_OK;
}

void webhooks_stop(struct webhooks *all)
{
    if (all == NULL) {
        return;
    }
    atomic_store(&all->stopping, true);
    for (unsigned i = 0; i < all->n; i++) {
        wake(all->slots[i]);
    }
    for (unsigned i = 0; i < all->n; i++) {
        pthread_join(all->slots[i]->thread, NULL);
        event_feed_leave(all->h->feed, &all->slots[i]->watcher);
        webhook_free(all->slots[i]);
    }
    pthread_mutex_destroy(&all->lock);
    free(all);
}
