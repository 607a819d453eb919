/* nf/hssd/dimsi_end.c - how what was offered ends: refused, withdrawn, expired, done; and what an
 * operator says to it. In the writer's batch. */
#include "nf/hssd/dimsi_parts.h"

#include <stdio.h>
#include <string.h>

enum err hss_dimsi_end_subscriber(const struct hssd *h, struct store_writer *w,
                                  const struct imsi *imsi, int64_t at,
                                  struct store_serving *serving)
{
    struct store_subscriber s;
    memset(serving, 0, sizeof *serving);
    enum err err = store_writer_subscriber(w, imsi, &s);
    if (err == E_OK) {
        *serving = s.serving;
    }
    wipe(&s, sizeof s);
    /* What does not open, or is not there, keeps nothing from ending. */
    if (err != E_OK && err != E_WRONG_KEY && err != E_NOT_FOUND) {
        return err;
    }
    return store_end_dimsi_subscriber(w, imsi, at + h->config->dimsi.quarantine_seconds);
}

void hss_dimsi_ended(struct hssd *h, const struct imsi *imsi, const struct store_serving *serving)
{
    if (serving->host[0] != '\0' && !serving->purged) {
        hssd_cancel_location(h, imsi, serving, false, S6A_SUBSCRIPTION_WITHDRAWAL);
    }
}

void hss_dimsi_over(struct hssd *h, const struct hss_dimsi_ended *ended)
{
    if (ended->ended) {
        hss_dimsi_ended(h, &ended->imsi, &ended->serving);
    }
    if (ended->operators) {
        hss_dimsi_ended(h, &ended->operator_imsi, &ended->operator_serving);
    }
}

/* What others are to be told: the D-AUSF may have the challenge, and the RSMF the profile, also
 * where nobody knows for sure. */
static void owe(struct store_dimsi *row, bool had_imsi, bool had_operator)
{
    unsigned todo = row->todo & (STORE_DIMSI_UNDELIVER | STORE_DIMSI_SPENT);
    if (had_imsi && row->release != 0) {
        todo |= STORE_DIMSI_SPENT;
    }
    if (had_operator && (row->delivered || (row->todo & STORE_DIMSI_DELIVER) != 0)) {
        todo |= STORE_DIMSI_UNDELIVER;
        row->has_se_before = true;
        memcpy(row->se_before, row->se, sizeof row->se_before);
    }
    row->todo = (uint8_t)todo;
    row->delivered = false;
}

static void ended_row(struct store_dimsi *row, const struct dimsi_ending *how)
{
    row->phase = how->phase;
    row->changed = how->at;
    row->expires = 0;
    row->tries = 0;
    row->next_try = how->at;
    (void)snprintf(row->cause, sizeof row->cause, "%s", how->cause != NULL ? how->cause : "");
    (void)snprintf(row->detail, sizeof row->detail, "%s", how->detail != NULL ? how->detail : "");
}

/* The operator's own one goes too, unless it is in use already. */
static enum err end_subscribers(const struct hssd *h, struct store_writer *w, int64_t at,
                                struct store_dimsi *row, struct hss_dimsi_ended *out)
{
    enum err err = E_OK;
    if (row->has_imsi) {
        out->ended = true;
        out->imsi = row->imsi;
        err = hss_dimsi_end_subscriber(h, w, &row->imsi, at, &out->serving);
        row->has_imsi = false;
    }
    if (err == E_OK && row->has_operator && !row->used) {
        out->operators = true;
        out->operator_imsi = row->operator_imsi;
        err = hss_dimsi_end_subscriber(h, w, &row->operator_imsi, at, &out->operator_serving);
        row->has_operator = false;
    }
    return err;
}

/*= dimsi-expiry dimsi-erase */
enum err hss_dimsi_end(const struct hssd *h, struct store_writer *w, const struct dimsi_ending *how,
                       struct store_dimsi *row, struct hss_dimsi_ended *out)
{
    const bool had_imsi = row->has_imsi, had_operator = row->has_operator && !row->used;
    *out = (struct hss_dimsi_ended){.ended = false};
    enum err err = end_subscribers(h, w, how->at, row, out);
    if (err != E_OK) {
        return err;
    }
    owe(row, had_imsi, had_operator);
    ended_row(row, how);
    err = store_put_dimsi(w, row);
    if (err != E_OK) {
        return err;
    }
    return how->phase == STORE_DIMSI_REFUSED ? store_keep_dimsi_offer(w, &row->dimsi)
                                             : store_drop_dimsi_papers(w, &row->dimsi);
}

/* A registration may have been of no meaning when it came (hss_dimsi_given): what the device
 * confirmed, and a registration with what it fetched, say that it was there all the same. */
static bool is_there(const struct store_dimsi *row)
{
    return row->phase == STORE_DIMSI_ALLOCATED || row->phase == STORE_DIMSI_PUSHED ||
           row->phase == STORE_DIMSI_ATTACHED;
}

/*= dimsi-erase */
enum err hss_dimsi_settle(struct hssd *h, struct store_writer *w, struct store_dimsi *row,
                          int64_t at, struct dimsi_settled *out)
{
    *out = (struct dimsi_settled){.done = false};
    if (!is_there(row) || !row->confirmed || !row->used) {
        return E_OK;
    }
    out->imsi = row->imsi;
    enum err err = hss_dimsi_end_subscriber(h, w, &row->imsi, at, &out->serving);
    if (err == E_OK) {
        err = store_drop_dimsi_papers(w, &row->dimsi);
    }
    if (err == E_OK) {
        row->todo &= STORE_DIMSI_SPENT;
        if (row->phase != STORE_DIMSI_ATTACHED) {
            row->todo |= STORE_DIMSI_SPENT;
            row->next_try = at;
        }
        row->has_imsi = false;
        row->phase = STORE_DIMSI_DONE;
        row->changed = at;
        row->expires = 0;
        out->done = true;
    }
    return err;
}

void hss_dimsi_settled(struct hssd *h, const struct store_dimsi *row, const struct dimsi_settled *s)
{
    if (s->done) {
        hss_dimsi_tell_phase(h, row, &row->operator_imsi);
        hss_dimsi_ended(h, &s->imsi, &s->serving);
    }
}

/* ---- words ---- */

static enum err retry(struct store_writer *w, int64_t at, uint32_t entry_seconds,
                      struct hss_dimsi_change *out)
{
    struct store_dimsi *row = &out->row;
    const bool anew = row->phase == STORE_DIMSI_REFUSED;
    if (!anew && row->todo == 0) { /* whoever says so believes that something waits */
        out->wrong_phase = true;
        return E_OK;
    }
    if (anew) {
        struct store_dimsi other;
        enum err err = store_writer_dimsi_of_se(w, row->se, &row->dimsi, &other);
        if (err != E_NOT_FOUND) {
            out->wrong_phase = out->se_taken = err == E_OK;
            return err;
        }
        row->phase = STORE_DIMSI_OFFERED;
        row->todo = (uint8_t)((row->todo & STORE_DIMSI_UNDELIVER) | STORE_DIMSI_RELEASE);
        row->changed = at;
        row->expires = at + entry_seconds;
        row->cause[0] = row->detail[0] = '\0';
    }
    row->tries = 0;
    row->next_try = at;
    out->changed = true;
    return store_put_dimsi(w, row);
}

/* The device, or the RSMF, said that the operator's own subscription is what it has now. */
static bool has_own(const struct store_dimsi *row)
{
    return row->phase == STORE_DIMSI_DONE ||
           (row->phase < STORE_DIMSI_DONE && (row->confirmed || (row->used && row->has_operator)));
}

/* Also of one that was there: whoever used its IMSI in its place would else have it for ever. */
static enum err withdraw(struct hssd *h, struct store_writer *w, int64_t at,
                         struct hss_dimsi_change *out)
{
    const struct dimsi_ending how = {.phase = STORE_DIMSI_WITHDRAWN, .at = at};
    if (out->row.phase == STORE_DIMSI_WITHDRAWN) {
        return E_OK;
    }
    if (has_own(&out->row)) {
        out->wrong_phase = true;
        return E_OK;
    }
    out->changed = true;
    return hss_dimsi_end(h, w, &how, &out->row, &out->over);
}

/* What is owed to others is not told any more: the D-AUSF's entry ends by itself. */
static enum err forget(struct store_writer *w, struct hss_dimsi_change *out)
{
    out->wrong_phase = out->row.phase < STORE_DIMSI_DONE;
    out->changed = !out->wrong_phase;
    return out->changed ? store_remove_dimsi(w, &out->row.dimsi) : E_OK;
}

enum err hss_dimsi_tell(struct hssd *h, struct store_writer *w, const struct imsi *dimsi,
                        enum hss_dimsi_word word, struct hss_dimsi_change *out)
{
    const int64_t at = hssd_unix_seconds();
    memset(out, 0, sizeof *out);
    enum err err = store_writer_dimsi(w, dimsi, &out->row);
    if (err != E_OK) {
        return err;
    }
    switch (word) {
    case HSS_DIMSI_RETRY:
        return retry(w, at, h->config->dimsi.entry_seconds, out);
    case HSS_DIMSI_WITHDRAW:
        return withdraw(h, w, at, out);
    case HSS_DIMSI_FORGET:
        return forget(w, out);
    }
    return E_BAD_VALUE;
}

void hss_dimsi_told(struct hssd *h, enum hss_dimsi_word word, const struct hss_dimsi_change *c)
{
    if (!c->changed) {
        return;
    }
    if (word == HSS_DIMSI_WITHDRAW) {
        hss_dimsi_tell_phase(h, &c->row, c->over.ended ? &c->over.imsi : NULL);
    } else {
        hss_dimsi_event(h, word == HSS_DIMSI_FORGET ? "dimsi-forgotten" : "dimsi-retry", &c->row,
                        NULL, NULL, NULL);
    }
    hss_dimsi_over(h, &c->over);
    hss_dimsi_wake(h->dimsi);
}

/* ---- a subscriber that an operator removes ---- */

static enum err operators_goes(const struct hssd *h, struct store_writer *w, int64_t at,
                               struct store_dimsi *row)
{
    struct store_serving serving;
    enum err err = hss_dimsi_end_subscriber(h, w, &row->operator_imsi, at, &serving);
    const bool delivered = row->phase != STORE_DIMSI_DONE &&
                           (row->delivered || (row->todo & STORE_DIMSI_DELIVER) != 0);
    row->has_operator = false;
    row->todo = (uint8_t)(row->todo & ~STORE_DIMSI_DELIVER);
    if (delivered) {
        row->todo |= STORE_DIMSI_UNDELIVER;
        row->has_se_before = true;
        memcpy(row->se_before, row->se, sizeof row->se_before);
        row->next_try = at;
    }
    return err == E_OK ? store_put_dimsi(w, row) : err;
}

static bool is_from_pools(const struct hssd *h, const struct imsi *imsi)
{
    const struct hssd_dimsi *c = &h->config->dimsi;
    return hssd_config_in_pools(c->pools, c->n_pools, imsi) ||
           hssd_config_in_pools(c->operator_pools, c->n_operator_pools, imsi);
}

/* Its row was forgotten, or has another offer by now: its IMSI rests all the same, or the pool that
 * passed it has lost it for good. */
static enum err rowless_goes(const struct hssd *h, struct store_writer *w, int64_t at,
                             const struct imsi *imsi)
{
    struct store_subscriber s;
    enum err err = store_writer_subscriber(w, imsi, &s);
    wipe(&s, sizeof s);
    if (err != E_OK && err != E_WRONG_KEY) {
        return err;
    }
    return store_end_dimsi_subscriber(w, imsi, at + h->config->dimsi.quarantine_seconds);
}

enum err hss_dimsi_removes(const struct hssd *h, struct store_writer *w, const struct imsi *imsi,
                           struct imsi *dimsi)
{
    struct store_dimsi row;
    struct hss_dimsi_ended ended; /* who removes it cancels its location */
    const int64_t at = hssd_unix_seconds();
    const struct dimsi_ending how = {.phase = STORE_DIMSI_WITHDRAWN, .at = at};
    enum err err = store_writer_dimsi_of(w, imsi, &row);
    if (err == E_NOT_FOUND && is_from_pools(h, imsi)) {
        return rowless_goes(h, w, at, imsi);
    }
    if (err != E_OK) {
        return err;
    }
    *dimsi = row.dimsi;
    return row.has_imsi && imsi_eq(imsi, &row.imsi) ? hss_dimsi_end(h, w, &how, &row, &ended)
                                                    : operators_goes(h, w, at, &row);
}
