/* nf/hssd/dimsi_used.c - registrations of subscriptions that a first attach with a discovery IMSI
 * gave: the temporary one, and the operator's own. */
#include "nf/hssd/dimsi_parts.h"

#include "nf/hssd/recent.h"

#include <stdio.h>
#include <stdlib.h>

/* Is this registration news of the row? Not if who registers was given no vectors: any peer can say
 * that it serves an IMSI, and one that the device never attached with would be lost to it. */
/*= dimsi-10 */
static void news(const struct store_dimsi *row, const struct imsi *imsi, struct hss_dimsi_use *use)
{
    const bool waits = row->phase == STORE_DIMSI_ALLOCATED || row->phase == STORE_DIMSI_PUSHED;
    use->dimsi = row->dimsi;
    use->first = use->given && waits && row->has_imsi && imsi_eq(imsi, &row->imsi);
    use->operators =
        use->given && !row->used && row->has_operator && imsi_eq(imsi, &row->operator_imsi);
    use->wanted = use->first || use->operators;
}

static bool is_of_pools(const struct s6a_call *call, const struct imsi *imsi)
{
    const struct hssd_dimsi *c = &call->h->config->dimsi;
    return hssd_config_in_pools(c->pools, c->n_pools, imsi) ||
           hssd_config_in_pools(c->operator_pools, c->n_operator_pools, imsi);
}

static enum refusal look(struct s6a_call *call, const struct imsi *imsi, struct hss_dimsi_use *use)
{
    struct store_dimsi row;
    enum err err = store_read_dimsi_of(call->reader, imsi, &row);
    if (err == E_OK) {
        news(&row, imsi, use);
    }
    return err == E_OK || err == E_NOT_FOUND ? REFUSAL_NONE : REFUSAL_STORE_FAILED;
}

enum refusal hss_dimsi_looks(struct s6a_call *call, const struct imsi *imsi, struct bytes origin,
                             struct hss_dimsi_use *use)
{
    *use = (struct hss_dimsi_use){.wanted = false};
    if (!is_of_pools(call, imsi)) {
        return REFUSAL_NONE;
    }
    use->given = recent_was_given(call->h->recent, imsi, origin);
    return use->given ? look(call, imsi, use) : REFUSAL_NONE;
}

/* The challenge is of no use from here on, and nobody may get it any more. */
static void attached(struct store_dimsi *row, int64_t at)
{
    const unsigned over = STORE_DIMSI_PUSH | STORE_DIMSI_RELEASE;
    row->phase = STORE_DIMSI_ATTACHED;
    row->changed = at;
    row->expires = 0;
    row->todo = (uint8_t)((row->todo & ~over) | STORE_DIMSI_SPENT);
    row->tries = 0;
    row->next_try = at;
    row->cause[0] = row->detail[0] = '\0';
}

/* Of the row as it is by now. */
enum err hss_dimsi_used(struct hssd *h, struct store_writer *w, const struct imsi *imsi, int64_t at,
                        struct hss_dimsi_use *use)
{
    struct store_dimsi row;
    struct dimsi_settled settled = {.done = false};
    if (!use->wanted) {
        return E_OK;
    }
    enum err err = store_writer_dimsi_of(w, imsi, &row);
    if (err != E_OK) { /* it has ended since, and so has the subscription */
        use->wanted = false;
        return err == E_NOT_FOUND ? E_CONFLICT : err;
    }
    news(&row, imsi, use);
    if (!use->wanted) { /* it was no news any more: what is not put must not be settled */
        return E_OK;
    }
    if (use->first) {
        attached(&row, at);
        err = store_drop_dimsi_papers(w, &row.dimsi);
    }
    row.used |= use->operators;
    if (err == E_OK) {
        err = hss_dimsi_settle(h, w, &row, at, &settled);
    }
    use->done = settled.done;
    use->ended = settled.imsi;
    use->serving = settled.serving;
    return err == E_OK ? store_put_dimsi(w, &row) : err;
}

void hss_dimsi_tell_used(struct hssd *h, const struct imsi *imsi, const struct imei *imei,
                         const char *peer, const struct hss_dimsi_use *use)
{
    if (!use->wanted) {
        return;
    }
    if (use->first) {
        hss_dimsi_count(&h->counters.dimsi_attached);
        hssd_event(h, "dimsi-attached", imsi, imei, peer, NULL, use->dimsi.digits);
    }
    if (use->operators) {
        hssd_event(h, "dimsi-profile-used", imsi, imei, peer, NULL, use->dimsi.digits);
    }
    if (use->done) {
        hss_dimsi_count(&h->counters.dimsi_done);
        hssd_event(h, "dimsi-done", imsi, imei, peer, NULL, use->dimsi.digits);
        hss_dimsi_ended(h, &use->ended, &use->serving);
    }
    hss_dimsi_wake(h->dimsi);
}

/* ---- a registration whose vectors nobody knew of ---- */

struct known_late {
    struct writer_job job;
    struct hssd *h;
    struct imsi imsi;
    struct hss_dimsi_use use;
    char peer[STORE_HOST_MAX];
};

static enum err late_run(struct store_writer *w, struct writer_job *job)
{
    struct known_late *k = (struct known_late *)job;
    return hss_dimsi_used(k->h, w, &k->imsi, hssd_unix_seconds(), &k->use);
}

static void late_done(struct writer_job *job)
{
    struct known_late *k = (struct known_late *)job;
    if (job->result == E_OK) {
        hss_dimsi_tell_used(k->h, &k->imsi, NULL, k->peer, &k->use);
    }
    free(k);
}

void hss_dimsi_given(struct s6a_call *call, const struct imsi *imsi)
{
    struct hss_dimsi_use use = {.given = true};
    if (!is_of_pools(call, imsi) || look(call, imsi, &use) != REFUSAL_NONE || !use.wanted) {
        return;
    }
    struct known_late *k = calloc(1, sizeof *k);
    if (k == NULL) {
        return;
    }
    k->job = (struct writer_job){.run = late_run, .done = late_done};
    k->h = call->h;
    k->imsi = *imsi;
    k->use = use;
    (void)snprintf(k->peer, sizeof k->peer, "%s", call->peer->peer->origin_host);
    if (writer_submit(call->h->writer, &k->job) != E_OK) {
        free(k);
    }
}
