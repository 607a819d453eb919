#include "nf/hssd/webhook_parts.h"

#include "nf/common/admin_call.h"
#include "nf/hssd/admin_view.h"
#include "nf/hssd/event_feed.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

int64_t webhook_unix_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- changes, by the writer ---- */

struct change_job {
    struct writer_job job;
    enum webhook_change change;
    struct store_webhook row;
    bool has_event;
    struct store_event event;
    uint64_t keep;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool done;
};

static enum err change_run(struct store_writer *w, struct writer_job *job)
{
    const struct change_job *c = (const struct change_job *)job;
    enum err err = c->change == WEBHOOK_CHANGE_BEGIN  ? store_begin_webhook(w, c->row.name)
                   : c->change == WEBHOOK_CHANGE_DROP ? store_drop_webhook(w, c->row.name)
                                                      : store_put_webhook(w, &c->row);
    return err == E_OK && c->has_event ? store_add_event(w, &c->event, c->keep) : err;
}

static void change_done(struct writer_job *job)
{
    struct change_job *c = (struct change_job *)job;
    pthread_mutex_lock(&c->lock);
    c->done = true;
    pthread_cond_signal(&c->wake);
    pthread_mutex_unlock(&c->lock);
}

/* Until it is durable. */
static enum err change(struct webhooks *all, struct change_job *c)
{
    c->job = (struct writer_job){.run = change_run, .done = change_done};
    pthread_mutex_init(&c->lock, NULL);
    pthread_cond_init(&c->wake, NULL);
    enum err err = writer_submit_low(all->h->writer, &c->job);
    if (err == E_OK) {
        pthread_mutex_lock(&c->lock);
        while (!c->done) {
            pthread_cond_wait(&c->wake, &c->lock);
        }
        pthread_mutex_unlock(&c->lock);
        err = c->job.result;
    }
    pthread_cond_destroy(&c->wake);
    pthread_mutex_destroy(&c->lock);
    if (err == E_OK && c->has_event) {
        event_feed_tell(all->h->feed);
    }
    return err;
}

enum err webhook_change(struct webhooks *all, enum webhook_change what,
                        const struct store_webhook *row)
{
    struct change_job c = {.change = what, .row = *row};
    return change(all, &c);
}

enum err webhook_save(struct webhook *w)
{
    struct change_job c = {.change = WEBHOOK_CHANGE_PUT, .row = w->row};
    if (!w->has_row || w->saved == w->row.cursor) {
        return E_OK;
    }
    enum err err = change(w->all, &c);
    w->saved_ms = hssd_monotonic_ms();
    w->saved = err == E_OK ? w->row.cursor : w->saved;
    return err;
}

/*= op-webhook */
/* The row with an event about it, in one commit: so the event is there once, whatever happens. */
enum err webhook_save_with_event(struct webhook *w, const struct store_webhook *row,
                                 enum log_level level, const char *name, const char *cause,
                                 const char *detail)
{
    struct timespec now;
    struct change_job c = {.change = WEBHOOK_CHANGE_PUT,
                           .row = *row,
                           .has_event = true,
                           .keep = w->config->limits.events_kept};
    clock_gettime(CLOCK_REALTIME, &now);
    c.event.at_ms = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
    (void)snprintf(c.event.name, sizeof c.event.name, "%s", name);
    (void)snprintf(c.event.peer, sizeof c.event.peer, "%s", row->name);
    (void)snprintf(c.event.cause, sizeof c.event.cause, "%s", cause);
    (void)snprintf(c.event.detail, sizeof c.event.detail, "%.150s", detail);
    enum err err = change(w->all, &c);
    if (err == E_OK) {
        const struct log_field fields[] = {
            LOG_FIELD_STR("peer", row->name),
            LOG_FIELD_STR("cause", cause[0] != '\0' ? cause : NULL),
            LOG_FIELD_STR("detail", detail[0] != '\0' ? detail : NULL)};
        log_line(w->all->h->log, level, name, fields, sizeof fields / sizeof *fields);
        w->row = *row;
        w->saved = row->cursor;
        w->saved_ms = hssd_monotonic_ms();
    }
    return err;
}

/* ---- one delivery ---- */

uint32_t webhook_wait_ms(unsigned tries, uint16_t drawn)
{
    uint32_t ms = WEBHOOK_RETRY_MS;
    for (unsigned i = 1; i < tries && ms < WEBHOOK_RETRY_MOST; i++) {
        ms *= 2;
    }
    ms += (uint32_t)((uint64_t)(ms / 2) * drawn / UINT16_MAX);
    return ms < WEBHOOK_RETRY_MOST ? ms : WEBHOOK_RETRY_MOST;
}

void webhook_failed(struct webhook *w, const char *cause, const char *why)
{
    uint8_t drawn[2] = {0, 0};
    (void)!w->crypto.random(w->crypto.ctx, MBYTES_OF(drawn)); /* zero will do */
    w->tries++;
    w->next_ms =
        hssd_monotonic_ms() + webhook_wait_ms(w->tries, (uint16_t)(drawn[0] << 8 | drawn[1]));
    pthread_mutex_lock(&w->all->lock);
    w->view.failed++;
    (void)snprintf(w->view.cause, sizeof w->view.cause, "%s", cause);
    (void)snprintf(w->view.error, sizeof w->view.error, "%s", why);
    pthread_mutex_unlock(&w->all->lock);
    if (w->tries >= WEBHOOK_DOWN_TRIES && w->has_row && !w->row.down) {
        struct store_webhook row = w->row;
        row.down = true;
        (void)!webhook_save_with_event(w, &row, LOG_LEVEL_WARNING, "webhook-down", cause,
                                       why); /* without room: after the next try */
    }
}

static void delivered(struct webhook *w, uint64_t id)
{
    w->row.cursor = id;
    w->tries = 0;
    w->next_ms = 0;
    pthread_mutex_lock(&w->all->lock);
    w->view.delivered++;
    w->view.last_delivered = webhook_unix_ms();
    pthread_mutex_unlock(&w->all->lock);
    if (w->row.down) {
        struct store_webhook row = w->row;
        row.down = false;
        (void)!webhook_save_with_event(w, &row, LOG_LEVEL_INFO, "webhook-up", "",
                                       ""); /* without room: after the next delivery */
    }
}

char *webhook_body(const struct store_event *event)
{
    json_t *body = json_pack("{s:s,s:o,s:o}", "type", event->name, "timestamp",
                             admin_time(event->at_ms), "data", view_event(event));
    char *text = body != NULL ? json_dumps(body, JSON_COMPACT) : NULL;
    json_decref(body);
    return text;
}

static const char *cause_of(enum err err)
{
    switch ((int)err) {
    case E_AGAIN:
        return "timeout";
    case E_DENIED:
        return "certificate";
    case E_NO_ROOM:
        return "answer-too-large";
    case E_CLOSED:
        return "unreachable";
    default:
        return err_name(err);
    }
}

struct signed_headers {
    char id[WEBHOOK_HEADER_MAX], timestamp[WEBHOOK_HEADER_MAX], signature[WEBHOOK_HEADER_MAX];
};

/* The id is the same in every try, of this process and the next; an event has one, for its time is
 * in it too, and a store that was set back makes no two events of one id and time. */
static enum err sign(struct webhook *w, const struct store_event *event, struct bytes body,
                     struct signed_headers *out)
{
    char id[WEBHOOK_MESSAGE_ID], timestamp[24], signature[WEBHOOK_SIGNATURE_MAX];
    (void)snprintf(id, sizeof id, "evt_%s_%" PRIu64 "_%" PRId64, w->all->origin, event->id,
                   event->at_ms);
    (void)snprintf(timestamp, sizeof timestamp, "%" PRId64, hssd_unix_seconds());
    enum err err = webhook_sign(&w->crypto, &w->secret, id, timestamp, body, signature);
    (void)snprintf(out->id, sizeof out->id, "webhook-id: %s", id);
    (void)snprintf(out->timestamp, sizeof out->timestamp, "webhook-timestamp: %s", timestamp);
    (void)snprintf(out->signature, sizeof out->signature, "webhook-signature: %s", signature);
    return err;
}

static bool post(struct webhook *w, const struct store_event *event, const char *text)
{
    struct signed_headers h = {{0}, {0}, {0}};
    struct https_reply reply = {0};
    const char *const lines[] = {h.id, h.timestamp, h.signature, NULL};
    const struct https_request request = {.method = "POST",
                                          .url = w->c->url,
                                          .body = bytes_of_str(text),
                                          .headers = lines,
                                          .may_come_twice = true};
    enum err err = sign(w, event, request.body, &h);
    if (err == E_OK) {
        err = https_client_do(w->client, &request, &reply);
    }
    if (atomic_load(&w->all->stopping) && err != E_OK) {
        return false; /* given up, which says nothing about the receiver */
    }
    if (err != E_OK) {
        webhook_failed(w, cause_of(err),
                       reply.reason[0] != '\0' ? reply.reason : err_sentence(err));
        return false;
    }
    if (reply.status < 200 || reply.status > 299) {
        char why[48];
        (void)snprintf(why, sizeof why, "it answered with status %u", reply.status);
        webhook_failed(w, "status", why);
        return false;
    }
    delivered(w, event->id);
    return true;
}

bool webhook_deliver(struct webhook *w, const struct store_event *event)
{
    char *text = webhook_body(event);
    if (text == NULL) {
        webhook_failed(w, err_name(E_MEMORY), err_sentence(E_MEMORY));
        return false;
    }
    const bool ok = post(w, event, text);
    free(text);
    return ok;
}
