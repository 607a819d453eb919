/* nf/hssd/dimsi_allocate.c - step 1, in one batch of the writer's: an IMSI, its keys and the
 * challenge from eK, and where there is an RSMF the operator's own subscription. */
#include "nf/hssd/dimsi_parts.h"

#include <string.h>

/* By chance: who could tell which one comes next could claim it before its device does. */
static enum err take_imsi(struct store_writer *w, const struct crypto *c,
                          const struct hssd_imsi_pool *pools, size_t n, int64_t at,
                          struct imsi *out)
{
    uint32_t draws[STORE_DRAWS];
    enum err err = c->random(c->ctx, (struct mbytes){(uint8_t *)draws, sizeof draws});
    if (err != E_OK) {
        return err;
    }
    err = E_EXHAUSTED;
    for (size_t i = 0; err == E_EXHAUSTED && i < n; i++) {
        err = store_draw_imsi(w, &pools[i].first, &pools[i].last, at, draws, out);
    }
    return err;
}

static enum err put_subscriber(struct store_writer *w, const struct imsi *imsi, uint8_t policy,
                               const char *profile, const struct aka_keys *keys)
{
    enum store_did did;
    struct store_subscriber row = {.imsi = *imsi, .keys = *keys, .policy = policy};
    size_t n = strlen(profile);
    memcpy(row.profile, profile, n < sizeof row.profile ? n : sizeof row.profile - 1);
    enum err err = store_put_subscriber(w, STORE_INSERT, &row, &did);
    wipe(&row, sizeof row);
    return err;
}

/* Both, or none. Where one pool is empty what was taken of the other goes back at once; and that is
 * no error: what a pool was passed over must stay, or the next one walks over it again. */
static enum err take_imsis(struct store_writer *w, struct hssd *h, struct store_dimsi *row,
                           struct dimsi_released *in)
{
    const struct hssd_dimsi *c = &h->config->dimsi;
    enum err err = take_imsi(w, &h->writers, c->pools, c->n_pools, in->at, &row->imsi);
    row->has_imsi = err == E_OK;
    if (row->has_imsi && c->rsmf.link != NULL) {
        err = take_imsi(w, &h->writers, c->operator_pools, c->n_operator_pools, in->at,
                        &row->operator_imsi);
        row->has_operator = err == E_OK;
    }
    if (err != E_EXHAUSTED) {
        return err;
    }
    in->cause = DIMSI_POOL_EMPTY;
    hss_dimsi_found_empty(h->dimsi, row->has_imsi);
    return row->has_imsi ? store_end_dimsi_subscriber(w, &row->imsi, in->at) : E_OK;
}

/*= dimsi-1-imsi dimsi-second-keys */
static enum err temporary(struct store_writer *w, struct hssd *h, const struct store_dimsi *row,
                          const struct dimsi_released *in)
{
    struct aka_keys keys;
    memset(&keys, 0, sizeof keys);
    enum err err = dimsi_aka_keys(&h->writers, in->ek, &row->dimsi, &row->imsi, &keys);
    if (err == E_OK) {
        err = put_subscriber(w, &row->imsi, BINDING_OPEN, h->config->dimsi.profile, &keys);
    }
    wipe(&keys, sizeof keys);
    return err;
}

/*= dimsi-1-outputs */
static enum err challenge(struct store_writer *w, struct hssd *h, const struct store_dimsi *row,
                          const struct dimsi_released *in)
{
    struct dimsi_challenge made;
    struct store_dimsi_challenge kept;
    enum err err = dimsi_ausf_challenge(&h->writers, in->ek, &row->dimsi, &row->imsi, &made);
    if (err == E_OK) {
        kept = (struct store_dimsi_challenge){made.rand, made.autn, made.xres, made.ck, made.ik};
        err = store_put_dimsi_challenge(w, &row->dimsi, &kept);
        wipe(&kept, sizeof kept);
    }
    wipe(&made, sizeof made);
    return err;
}

static enum err draw(const struct crypto *c, uint8_t algorithm, struct aka_keys *keys)
{
    *keys = (struct aka_keys){.algorithm = (enum aka_algorithm)algorithm,
                              .k.n = 16,
                              .opc.n = algorithm == AKA_TUAK ? 32 : 16,
                              .res_len = 8,
                              .keccak_iterations = algorithm == AKA_TUAK ? 1 : 0};
    enum err err = c->random(c->ctx, (struct mbytes){keys->k.b, keys->k.n});
    return err == E_OK ? c->random(c->ctx, (struct mbytes){keys->opc.b, keys->opc.n}) : err;
}

/* The subscription that stays: nothing of it comes from eK. */
static enum err operators_own(struct store_writer *w, struct hssd *h, const struct store_dimsi *row)
{
    struct aka_keys keys;
    const struct hssd_dimsi *c = &h->config->dimsi;
    enum err err = draw(&h->writers, c->operator_algorithm, &keys);
    if (err == E_OK) {
        err =
            put_subscriber(w, &row->operator_imsi, c->operator_policy, c->operator_profile, &keys);
    }
    wipe(&keys, sizeof keys);
    return err;
}

static void row_of(const struct hssd_dimsi *c, const struct dimsi_released *in,
                   struct store_dimsi *row)
{
    row->phase = STORE_DIMSI_ALLOCATED;
    row->changed = in->at;
    row->expires = in->at + c->entry_seconds;
    row->todo = (uint8_t)((row->todo & STORE_DIMSI_UNDELIVER) | STORE_DIMSI_PUSH |
                          (row->has_operator ? STORE_DIMSI_DELIVER : 0));
    row->delivered = row->confirmed = row->used = false;
}

static enum err renew(struct store_writer *w, struct store_dimsi *row,
                      const struct dimsi_released *in)
{
    row->release = in->number;
    row->tries = 0;
    row->next_try = in->at;
    row->cause[0] = row->detail[0] = '\0';
    enum err err = store_put_dimsi(w, row);
    return err == E_OK ? store_put_dimsi_endorsement(w, &row->dimsi, in->endorsement) : err;
}

static enum err allocate(struct store_writer *w, struct hssd *h, struct store_dimsi *row,
                         struct dimsi_released *in)
{
    enum err err = take_imsis(w, h, row, in);
    if (err != E_OK || in->cause != DIMSI_NONE) {
        return err;
    }
    err = temporary(w, h, row, in);
    if (err == E_OK && row->has_operator) {
        err = operators_own(w, h, row);
    }
    if (err == E_OK) {
        row_of(&h->config->dimsi, in, row);
        err = renew(w, row, in);
    }
    return err == E_OK ? challenge(w, h, row, in) : err;
}

/*= dimsi-durable */
enum err hss_dimsi_allocate(struct store_writer *w, struct dimsi_write *x)
{
    struct dimsi_released *in = x->ctx;
    struct store_dimsi *row = &x->row;
    in->cause = DIMSI_NONE;
    if ((row->todo & STORE_DIMSI_RELEASE) == 0) { /* it was withdrawn, or has ended */
        return E_OK;
    }
    if (row->phase == STORE_DIMSI_OFFERED) {
        return allocate(w, x->d->h, row, in);
    }
    row->todo = (uint8_t)(row->todo & ~STORE_DIMSI_RELEASE);
    return renew(w, row, in);
}
