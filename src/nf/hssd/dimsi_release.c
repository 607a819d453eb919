/* nf/hssd/dimsi_release.c - step 0-e: the ARPF is asked for eK, or for an endorsement that is good
 * again; what it gives is verified, opened and handed to the writer. */
#include "nf/hssd/dimsi_parts.h"

#include "nf/common/base64.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- what is asked ---- */

/* The offer as it came, and what eK is to be encrypted to. */
static json_t *question(struct dimsi_worker *w)
{
    size_t n = 0;
    const struct store_dimsi_papers *p = w->papers;
    json_t *body = json_loadb((const char *)p->offer, p->offer_n, JSON_REJECT_DUPLICATES, NULL);
    const struct bytes *chain = eck_chain(w->d->eck, &n);
    if (!json_is_object(body) ||
        json_object_set_new(body, "encrypt_to", dimsi_json_of_chain(chain, n)) != 0) {
        json_decref(body);
        return NULL;
    }
    return body;
}

/* ---- what is answered ---- */

struct answer {
    uint64_t number;
    uint8_t box[DIMSI_BOX_LEN];
    struct dimsi_signed endorsement;
};

static bool read_answer(struct dimsi_worker *w, const json_t *json, struct answer *out)
{
    struct dimsi_json_fault fault;
    struct bytes box;
    const json_t *number = json_object_get(json, "number");
    w->space->n = 0;
    if (!json_is_integer(number) || json_integer_value(number) < 1 ||
        !dimsi_json_octets(json_object_get(json, "key"), "key", DIMSI_BOX_LEN, w->space, &box,
                           &fault) ||
        box.n != DIMSI_BOX_LEN ||
        !dimsi_json_signed(json_object_get(json, "endorsement"), "endorsement", w->space,
                           &out->endorsement, &fault)) {
        return false;
    }
    out->number = (uint64_t)json_integer_value(number);
    memcpy(out->box, box.p, box.n);
    return true;
}

/* Of the row: it was verified when the offer came. */
static void offered_of(const struct store_dimsi *row, const struct plmn *own,
                       struct dimsi_offered *out)
{
    memset(out, 0, sizeof *out);
    out->atk.dimsi = row->dimsi;
    memcpy(out->atk.se_digest, row->se, sizeof out->atk.se_digest);
    memcpy(out->token, row->token, sizeof out->token);
    memcpy(out->delegation.token, row->token, sizeof out->delegation.token);
    out->delegation.target = *own;
    out->delegation.number = row->number;
}

/*= dimsi-endorsement dimsi-0e-endorse */
static enum dimsi_cause verify(struct dimsi_worker *w, const struct store_dimsi *row,
                               const struct hssd_dimsi_remote *arpf, const struct answer *a)
{
    struct dimsi_offered offered;
    struct dimsi_endorsement endorsement;
    struct dimsi_name name;
    const struct plmn *own = &w->d->h->config->dimsi.plmn;
    offered_of(row, own, &offered);
    if (dimsi_name_parse(bytes_of_str(arpf->name), &offered.delegation.arpf) != E_OK) {
        return DIMSI_ARPF_UNKNOWN;
    }
    offered.atk.arpf = offered.delegation.arpf;
    enum dimsi_cause cause =
        dimsi_endorsed(dimsi_trust_port(w->trust), a->endorsement.chain, a->endorsement.n_chain,
                       a->endorsement.content, a->endorsement.signature, &offered, &row->dimsi, own,
                       w->d->world.unix_s(w->d->world.ctx), &endorsement, &name);
    if (cause == DIMSI_NONE && endorsement.number != a->number) {
        cause = DIMSI_ARPF_BAD;
    }
    return cause;
}

/*= dimsi-0e-secret dimsi-box */
static enum dimsi_cause open_box(struct dimsi_worker *w, const struct store_dimsi *row,
                                 const struct answer *a, struct key_ek *ek)
{
    uint8_t secret[ECK_SECRET_LEN];
    enum err err = eck_agree(w->d->eck, (struct bytes){a->box, ECK_COMPRESSED_LEN}, secret);
    if (err == E_OK) {
        err = dimsi_box_open(&w->crypto, a->box, secret, a->endorsement.content, &row->dimsi, ek);
    }
    wipe(secret, sizeof secret);
    return err == E_OK ? DIMSI_NONE : err == E_CRYPTO ? DIMSI_CRYPTO : DIMSI_BOX;
}

/* ---- stored ---- */

static struct dimsi_result store(struct dimsi_worker *w, const struct store_dimsi *row,
                                 const struct answer *a, const char *endorsement,
                                 const struct key_ek *ek)
{
    struct dimsi_released released = {.ek = ek,
                                      .number = a->number,
                                      .endorsement = bytes_of_str(endorsement),
                                      .at = w->d->world.unix_s(w->d->world.ctx)};
    struct dimsi_write x = {.d = w->d,
                            .dimsi = row->dimsi,
                            .token = row->token,
                            .apply = hss_dimsi_allocate,
                            .ctx = &released};
    enum err err = hss_dimsi_write(&x);
    if (err != E_OK && released.cause == DIMSI_NONE) {
        return hss_dimsi_unwritten(err);
    }
    if (released.cause != DIMSI_NONE) {
        return hss_dimsi_later(released.cause, NULL);
    }
    if (!x.gone && x.row.phase == STORE_DIMSI_ALLOCATED && row->phase == STORE_DIMSI_OFFERED) {
        hss_dimsi_tell_phase(w->d->h, &x.row, &x.row.imsi);
    }
    return hss_dimsi_done();
}

static struct dimsi_result accept(struct dimsi_worker *w, const struct store_dimsi *row,
                                  const struct hssd_dimsi_remote *arpf, const json_t *json)
{
    struct answer a;
    struct key_ek ek;
    if (json == NULL || !read_answer(w, json, &a)) {
        return hss_dimsi_failed(DIMSI_ARPF_BAD, arpf->name);
    }
    enum dimsi_cause cause = verify(w, row, arpf, &a);
    if (cause == DIMSI_NONE) {
        cause = open_box(w, row, &a, &ek);
    }
    if (cause != DIMSI_NONE) {
        return hss_dimsi_failed(cause, "here");
    }
    char *endorsement = json_dumps(json_object_get(json, "endorsement"), JSON_COMPACT);
    struct dimsi_result result = endorsement != NULL ? store(w, row, &a, endorsement, &ek)
                                                     : hss_dimsi_later(DIMSI_STORE, "no memory");
    wipe(&ek, sizeof ek);
    free(endorsement);
    return result;
}

/*= dimsi-0e-ask */
struct dimsi_result hss_dimsi_release(struct dimsi_worker *w, const struct store_dimsi *row)
{
    char path[64];
    struct dimsi_reply reply;
    struct dimsi_result result;
    const struct hssd_dimsi_remote *arpf = hssd_config_arpf(w->d->h->config, row->arpf);
    if (arpf == NULL) { /* the configuration lost it since */
        return hss_dimsi_later(DIMSI_ARPF_UNKNOWN, NULL);
    }
    if (store_read_dimsi_papers(w->reader, &row->dimsi, w->papers) != E_OK) {
        return hss_dimsi_later(DIMSI_STORE, NULL);
    }
    json_t *body = question(w);
    wipe(&w->papers->challenge, sizeof w->papers->challenge);
    if (body == NULL) {
        return hss_dimsi_later(DIMSI_STORE, "no offer");
    }
    struct dimsi_remote *r = hss_dimsi_remote(w->d, HSS_DIMSI_ARPF, arpf);
    (void)snprintf(path, sizeof path, "/v1/releases/%s", row->dimsi.digits);
    if (!hss_dimsi_ask(w, r, "PUT", path, body, &reply, &result)) {
        return result;
    }
    result = reply.status == 200 ? accept(w, row, arpf, reply.json) : hss_dimsi_answered(r, &reply);
    json_decref(reply.json);
    return result;
}
