/* nf/hssd/push_change.c - what a change of a subscription leaves to be told, in the commit of the
 * change itself. */
#include "nf/hssd/push_parts.h"

#include <stdio.h>
#include <string.h>

static bool is_served(const struct store_serving *s)
{
    return s->host[0] != '\0' && !s->purged;
}

static enum err put(struct store_writer *w, const struct store_subscriber *of, uint8_t what,
                    uint8_t clear)
{
    struct store_push row = {.imsi = of->imsi, .what = what};
    row.since = row.next_try = push_unix_ms();
    memcpy(row.host, of->serving.host, sizeof row.host);
    memcpy(row.realm, of->serving.realm, sizeof row.realm);
    return store_put_push(w, &row, clear);
}

static uint32_t timer_of(const struct hssd_config *config, const struct store_subscriber *row)
{
    const struct hssd_profile *p = hssd_config_profile(config, row->profile);
    return p != NULL ? p->rau_tau_timer : 0;
}

/*= op-idr */
enum err push_changed(const struct hssd *h, struct store_writer *w,
                      const struct store_subscriber *before, const struct store_subscriber *after)
{
    const struct hssd_config *config = h->config;
    bool other = strcmp(before->profile, after->profile) != 0;
    bool number = strcmp(before->msisdn, after->msisdn) != 0;
    uint8_t what = STORE_PUSH_DATA;
    uint8_t clear = 0;
    if (!is_served(&before->serving) ||
        (!other && !number && before->suspended == after->suspended)) {
        return E_OK;
    }
    if (number) {
        clear |= STORE_PUSH_DROP_MSISDN;
        what |= after->msisdn[0] == '\0' ? STORE_PUSH_DROP_MSISDN : 0;
    }
    if (other) {
        const uint32_t now = timer_of(config, after);
        clear |= now != 0 ? STORE_PUSH_DROP_TIMER : 0;
        what |= now == 0 && timer_of(config, before) != 0 ? STORE_PUSH_DROP_TIMER : 0;
    }
    return put(w, before, what, clear);
}

enum err push_removed(struct store_writer *w, const struct store_subscriber *before)
{
    return is_served(&before->serving)
               ? put(w, before, STORE_PUSH_WITHDRAW, STORE_PUSH_ALL & ~STORE_PUSH_WITHDRAW)
               : E_OK;
}
