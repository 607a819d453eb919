/* nf/hssd/dimsi_offer.c - step 0-d at the operator: what becomes of an offer that was found good,
 * by what there is of its dIMSI. In the writer's batch. */
#include "nf/hssd/dimsi_parts.h"

#include <stdio.h>
#include <string.h>

json_t *hss_dimsi_offer_view(const struct store_dimsi *row)
{
    return json_pack("{s:s,s:s,s:o,s:s,s:I,s:I,s:o}", "dimsi", row->dimsi.digits, "phase",
                     hss_dimsi_phase_name(row->phase), "cause",
                     row->cause[0] != '\0' ? json_string(row->cause) : json_null(), "arpf",
                     row->arpf, "number", (json_int_t)row->number, "changed",
                     (json_int_t)row->changed, "expires",
                     row->expires != 0 ? json_integer((json_int_t)row->expires) : json_null());
}

static bool has_ended(const struct store_dimsi *row)
{
    return row->phase >= STORE_DIMSI_DONE;
}

static bool same_token(const struct store_dimsi *row, const struct dimsi_arriving *in)
{
    return memcmp(row->token, in->offered->token, sizeof row->token) == 0;
}

/* What ended without a release by the ARPF is nobody's record. Another one shows whose IMSI came of
 * the dIMSI, and its provider sees it: it goes when the operator says that the dIMSI changed hands,
 * by listing it for the new provider, or forgets it. */
static enum dimsi_cause may_replace_anothers(const struct store_dimsi *row,
                                             const struct dimsi_arriving *in, const char **detail)
{
    if (!has_ended(row)) {
        return DIMSI_TAKEN;
    }
    if (row->release == 0 || in->sp->n_dimsis > 0) {
        return DIMSI_NONE;
    }
    *detail = "it was another provider's here: the operator forgets it, or lists it for this one";
    return DIMSI_TAKEN;
}

/* May the offer take the place of the row? NONE, or why not. */
/*= dimsi-spent */
static enum dimsi_cause may_replace(const struct store_dimsi *row, const struct dimsi_arriving *in,
                                    const char **detail)
{
    if (strcmp(row->sp, in->sp->name) != 0) {
        return may_replace_anothers(row, in, detail);
    }
    if (row->phase == STORE_DIMSI_DONE && same_token(row, in)) {
        *detail = "this token was used up: the device has the operator's own subscription";
        return DIMSI_SPENT;
    }
    /* It is in use: whoever wants that ended withdraws it first. */
    return row->phase == STORE_DIMSI_ATTACHED ? DIMSI_SPENT : DIMSI_NONE;
}

static enum dimsi_cause quota(struct store_writer *w, const struct dimsi_arriving *in)
{
    uint64_t counts[STORE_DIMSI_PHASES];
    if (store_writer_count_dimsi(w, in->sp->name, counts) != E_OK) {
        return DIMSI_STORE;
    }
    const uint64_t waiting =
        counts[STORE_DIMSI_OFFERED] + counts[STORE_DIMSI_ALLOCATED] + counts[STORE_DIMSI_PUSHED];
    return waiting >= in->sp->offers_most ? DIMSI_QUOTA : DIMSI_NONE;
}

/* What the RSMF has, it has for a secure element: two rows of one would have each other's. */
static enum err one_per_se(struct store_writer *w, const struct dimsi_arriving *in,
                           struct dimsi_arrived *out)
{
    struct store_dimsi other;
    enum err err = store_writer_dimsi_of_se(w, in->offered->atk.se_digest, in->dimsi, &other);
    if (err == E_OK) {
        out->cause = DIMSI_TAKEN;
        out->detail = "another dIMSI of this secure element is under way or in use here";
    }
    return err == E_NOT_FOUND ? E_OK : err;
}

static void row_of(const struct dimsi_arriving *in, struct store_dimsi *row)
{
    const struct dimsi_offered *o = in->offered;
    *row = (struct store_dimsi){.dimsi = *in->dimsi,
                                .phase = STORE_DIMSI_OFFERED,
                                .todo = STORE_DIMSI_RELEASE,
                                .next_try = in->at,
                                .number = o->delegation.number,
                                .first = in->at,
                                .changed = in->at,
                                .expires = o->delegation.expiry};
    memcpy(row->token, o->token, sizeof row->token);
    memcpy(row->se, o->atk.se_digest, sizeof row->se);
    (void)snprintf(row->sp, sizeof row->sp, "%s", in->sp->name);
    (void)snprintf(row->arpf, sizeof row->arpf, "%s", in->arpf);
}

/* What others still have of the one before is taken back first: a challenge that the D-AUSF kept
 * would bring the device an IMSI that is nobody's any more, or by then another device's. */
static void inherit(const struct store_dimsi *before, struct store_dimsi *row)
{
    if ((before->todo & STORE_DIMSI_SPENT) != 0) {
        row->todo |= STORE_DIMSI_SPENT;
        row->release = before->release;
    }
    if ((before->todo & STORE_DIMSI_UNDELIVER) != 0) {
        row->todo |= STORE_DIMSI_UNDELIVER;
        row->has_se_before = true;
        memcpy(row->se_before, before->se_before, sizeof row->se_before);
    }
}

static enum err replace(struct hssd *h, struct store_writer *w, const struct dimsi_arriving *in,
                        struct store_dimsi *before, struct dimsi_arrived *out)
{
    const struct dimsi_ending how = {.phase = STORE_DIMSI_WITHDRAWN, .at = in->at};
    enum err err = before->has_imsi ? hss_dimsi_end(h, w, &how, before, &out->over) : E_OK;
    return err == E_OK ? store_drop_dimsi_papers(w, in->dimsi) : err;
}

/* A newer delegation for what is under way: nothing begins anew. */
static enum err go_on(struct store_writer *w, const struct dimsi_arriving *in,
                      struct store_dimsi *row)
{
    row->number = in->offered->delegation.number;
    if (row->phase == STORE_DIMSI_OFFERED) {
        row->expires = in->offered->delegation.expiry;
    }
    (void)snprintf(row->arpf, sizeof row->arpf, "%s", in->arpf);
    row->next_try = in->at;
    enum err err = store_put_dimsi(w, row);
    return err == E_OK ? store_put_dimsi_offer(w, in->dimsi, in->paper) : err;
}

static enum err begin(struct hssd *h, struct store_writer *w, const struct dimsi_arriving *in,
                      struct store_dimsi *before, struct dimsi_arrived *out)
{
    const bool there = before->phase != 0;
    enum err err = one_per_se(w, in, out);
    if (err == E_OK && out->cause == DIMSI_NONE && (!there || has_ended(before))) {
        out->cause = quota(w, in); /* else it has its place already */
    }
    if (err != E_OK || out->cause != DIMSI_NONE) {
        return err;
    }
    if (there) {
        err = replace(h, w, in, before, out);
    }
    row_of(in, &out->row);
    inherit(before, &out->row);
    if (err == E_OK) {
        err = store_put_dimsi(w, &out->row);
    }
    if (err == E_OK) {
        err = store_put_dimsi_offer(w, in->dimsi, in->paper);
    }
    out->taken = err == E_OK;
    return err;
}

/*= dimsi-0d */
enum err hss_dimsi_take(struct hssd *h, struct store_writer *w, const struct dimsi_arriving *in,
                        struct dimsi_arrived *out)
{
    struct store_dimsi row = {.phase = 0};
    *out = (struct dimsi_arrived){.cause = DIMSI_NONE};
    enum err err = store_writer_dimsi(w, in->dimsi, &row);
    if (err != E_OK && err != E_NOT_FOUND) {
        return err;
    }
    const uint64_t number = in->offered->delegation.number;
    if (err == E_OK && same_token(&row, in) && strcmp(row.sp, in->sp->name) == 0) {
        out->row = row;
        if (number == row.number) {
            return E_OK; /* once more */
        }
        if (number < row.number) {
            out->cause = DIMSI_DELEGATION_REVOKED;
            return E_OK;
        }
        if (row.phase == STORE_DIMSI_ATTACHED) {
            return E_OK;
        }
        if (!has_ended(&row)) {
            err = go_on(w, in, &row);
            out->row = row;
            return err;
        }
    }
    if (row.phase != 0) {
        out->cause = may_replace(&row, in, &out->detail);
    }
    return out->cause == DIMSI_NONE ? begin(h, w, in, &row, out) : E_OK;
}
