/* How far the receivers of events are behind: part of src/nf/hssd/metrics.h. */
#include "nf/hssd/metrics.h"

#include "nf/hssd/webhook.h"
#include "store/store_webhook.h"

/* What is shown of one, in the order of `ids`. */
enum { DELIVERED, FAILED, WAITING, OLDEST, LOST, NUMBERS };
static const enum metrics_id ids[NUMBERS] = {
    [DELIVERED] = METRICS_HSS_WEBHOOK_DELIVERED, [FAILED] = METRICS_HSS_WEBHOOK_FAILED,
    [WAITING] = METRICS_HSS_WEBHOOK_WAITING,     [OLDEST] = METRICS_HSS_WEBHOOK_OLDEST,
    [LOST] = METRICS_HSS_WEBHOOK_LOST,
};

/* Seconds; a clock that was set back makes none of them negative. */
static uint64_t age_of_next(struct store_reader *reader, uint64_t cursor)
{
    struct store_event event;
    size_t n = 0;
    if (store_list_events(reader, cursor, NULL, &event, 1, &n) != E_OK || n == 0) {
        return 0;
    }
    const int64_t ms = hssd_unix_seconds() * 1000 - event.at_ms;
    return ms > 0 ? (uint64_t)ms / 1000 : 0;
}

static void look(struct hssd *h, struct store_reader *reader, const char *name, uint64_t newest,
                 uint64_t out[static NUMBERS])
{
    struct webhook_view v;
    webhooks_look(h->webhooks, name, &v);
    const bool behind = v.state != WEBHOOK_STARTING && newest > v.cursor;
    out[DELIVERED] = v.delivered;
    out[FAILED] = v.failed;
    out[LOST] = v.lost;
    out[WAITING] = behind ? newest - v.cursor : 0;
    out[OLDEST] = behind ? age_of_next(reader, v.cursor) : 0;
}

/*= op-metrics */
void hssd_metrics_webhooks(struct metrics_text *t, struct hssd *h, struct store_reader *reader)
{
    const struct hssd_config *config = h->config;
    uint64_t numbers[HSSD_WEBHOOKS_MAX][NUMBERS], newest = 0;
    const size_t n =
        config->n_webhooks < HSSD_WEBHOOKS_MAX ? config->n_webhooks : HSSD_WEBHOOKS_MAX;
    if (n == 0 || store_newest_event(reader, &newest) != E_OK) {
        return;
    }
    for (size_t i = 0; i < n; i++) {
        look(h, reader, config->webhooks[i].name, newest, numbers[i]);
    }
    for (unsigned k = 0; k < NUMBERS; k++) {
        metrics_begin(t, metrics_of(ids[k]));
        for (size_t i = 0; i < n; i++) {
            const struct metrics_label label = {"webhook", config->webhooks[i].name};
            metrics_sample(t, metrics_of(ids[k]), &label, 1, numbers[i][k]);
        }
    }
}
