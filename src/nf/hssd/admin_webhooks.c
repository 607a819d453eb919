#include "nf/hssd/admin_webhooks.h"

#include "nf/hssd/webhook.h"
#include "store/store_webhook.h"

#include <string.h>

static json_t *time_or_null(int64_t unix_ms)
{
    return unix_ms == 0 ? json_null() : admin_time(unix_ms);
}

static json_t *names_of(const struct hssd_webhook *c)
{
    json_t *list = json_array();
    for (size_t i = 0; i < c->n_events; i++) {
        (void)json_array_append_new(list, json_string(c->events[i]));
    }
    if (c->n_events == 0) {
        (void)json_array_append_new(list, json_string("all"));
    }
    return list;
}

static json_t *server_of(const char *url)
{
    const char *at = strstr(url, "://");
    return json_stringn(url, at != NULL ? (size_t)(at + 3 - url) + strcspn(at + 3, "/?") : 0);
}

static json_t *view(struct hssd *h, const struct hssd_webhook *c, uint64_t newest)
{
    static const char *const states[] = {"starting", "up", "failing", "down"};
    struct webhook_view v;
    webhooks_look(h->webhooks, c->name, &v);
    const bool begun = v.state != WEBHOOK_STARTING;
    return json_pack("{s:s,s:o,s:o,s:s,s:I,s:I,s:I,s:I,s:I,s:o,s:o,s:o,s:o}", "name", c->name,
                     "server", server_of(c->url), "events", names_of(c), "state", states[v.state],
                     "cursor", (json_int_t)v.cursor, "behind",
                     (json_int_t)(begun && newest > v.cursor ? newest - v.cursor : 0), "delivered",
                     (json_int_t)v.delivered, "lost", (json_int_t)v.lost, "tries",
                     (json_int_t)v.tries, "last_delivered", time_or_null(v.last_delivered),
                     "next_try", time_or_null(v.next_try), "cause", admin_text_or_null(v.cause),
                     "error", admin_text_or_null(v.error));
}

void admin_webhooks_get(struct admin_request *r)
{
    const struct hssd_config *config = r->h->config;
    uint64_t newest = 0;
    enum err err = store_newest_event(r->reader, &newest);
    if (err != E_OK) {
        admin_call_refuse_err(&r->call, err);
        return;
    }
    json_t *list = json_array();
    for (size_t i = 0; i < config->n_webhooks; i++) {
        (void)json_array_append_new(list, view(r->h, &config->webhooks[i], newest));
    }
    admin_call_show(&r->call, json_pack("{s:o}", "webhooks", list));
}
