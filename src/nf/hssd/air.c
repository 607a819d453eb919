/* nf/hssd/air.c - Authentication-Information-Request (TS 29.272 5.2.3.1): one read, no write,
 * except for a resynchronisation that moves DIF and for an offer of provisioning. */
#include "codec/private.h"
#include "nf/hssd/authorise.h"
#include "nf/hssd/dimsi.h"
#include "nf/hssd/proof.h"
#include "nf/hssd/provision.h"
#include "nf/hssd/provision_rows.h"
#include "nf/hssd/s6a.h"
#include "wire/kme.h"

#include <stdio.h>
#include <string.h>

struct air {
    struct s6a_air msg;
    struct wire_air ask;
    struct store_subscriber row;
    struct binding_view view;
};

static void air_wipe(struct air *a)
{
    wipe(&a->row.keys, sizeof a->row.keys);
    wipe(&a->view, sizeof a->view);
}

static enum err read_view(struct s6a_call *call, struct air *a)
{
    struct store_device devices[STORE_DEVICES_MAX];
    size_t n = 0;
    enum err err = store_read_for_vectors(call->reader, &a->ask.imsi, &a->row, devices, &n);
    provision_view_of(&a->row, devices, err == E_OK ? n : 0, &a->view);
    wipe(devices, sizeof devices[0] * n);
    return err;
}

static enum refusal read_subscriber(struct s6a_call *call, struct air *a)
{
    enum err err = read_view(call, a);
    if (err == E_NOT_FOUND) {
        return REFUSAL_UNKNOWN_SUBSCRIBER;
    }
    if (err != E_OK) {
        return s6a_store_refusal(err);
    }
    return a->row.suspended ? REFUSAL_BARRED : REFUSAL_NONE;
}

/* ---- resynchronisation ---- */

/* Here and not where AUTS was verified: the writer is the only place where DIF stands still. The
 * same AUTS over two connections would else move DIF twice, and the second time back below vectors
 * that went out in between. Keys that changed meanwhile are not those of this AUTS. */
static enum err resync_run(struct store_writer *w, struct writer_job *job)
{
    struct s6a_later *later = (struct s6a_later *)job;
    struct store_subscriber row;
    int64_t dif = 0;
    later->moved = false;
    enum err err = store_writer_subscriber(w, &later->imsi, &row);
    wipe(&row.keys, sizeof row.keys);
    if (err != E_OK || row.version != later->version) {
        return err;
    }
    uint64_t next = recent_next(later->h->recent, &later->imsi, later->glc);
    err = sqn_resync(next, row.dif, later->sqn_ms, &dif, &later->moved);
    return err == E_OK && later->moved ? store_set_dif(w, &later->imsi, dif) : err;
}

static enum s6a_outcome air_serve(struct s6a_call *call, struct air *a);

static const char *const under_names[] = {[BINDING_AUTS_PLAIN] = "plain",
                                          [BINDING_AUTS_ACTIVE] = "active KME",
                                          [BINDING_AUTS_PREVIOUS] = "previous KME"};

static void resync_event(struct s6a_call *call, const struct imsi *imsi,
                         enum binding_auts_under under, uint64_t sqn_ms, bool moved)
{
    char detail[96];
    snprintf(detail, sizeof detail, "SEQ of the USIM %llu, RAND was %s, %s",
             (unsigned long long)(sqn_ms >> SQN_IND_BITS), under_names[under],
             moved ? "DIF moved" : "DIF kept");
    atomic_fetch_add_explicit(&call->h->counters.resynchronised, 1, memory_order_relaxed);
    hssd_event(call->h, "resynchronised", imsi, NULL, call->peer->peer->origin_host, NULL, detail);
}

static enum refusal resync_refusal(enum err err)
{
    return err == E_EXHAUSTED ? REFUSAL_SQN_EXHAUSTED : s6a_store_refusal(err);
}

/* The copy of a request that was put off, which parsed before; only the store may have changed
 * meanwhile. *a is wiped by the caller. */
static enum s6a_outcome air_again(struct s6a_call *call, const struct imsi *imsi, struct air *a,
                                  enum s6a_outcome (*then)(struct s6a_call *call, struct air *a))
{
    struct diameter_fault fault;
    uint32_t own = call->h->config->vendor_id;
    if (s6a_air_parse(own, call->msg, &a->msg, &fault) != E_OK ||
        wire_air_read(own, call->msg, &a->msg, &a->ask, &fault) != E_OK) {
        return s6a_refuse(call, REFUSAL_MALFORMED, &fault, imsi, NULL);
    }
    enum refusal refusal = read_subscriber(call, a);
    return refusal == REFUSAL_NONE ? then(call, a) : s6a_refuse(call, refusal, NULL, imsi, NULL);
}

static enum s6a_outcome resync_finish(struct s6a_call *call, struct s6a_later *later)
{
    struct air a;
    if (later->job.result != E_OK) {
        return s6a_refuse(call, resync_refusal(later->job.result), NULL, &later->imsi, NULL);
    }
    resync_event(call, &later->imsi, later->under, later->sqn_ms, later->moved);
    memset(&a.row, 0, sizeof a.row);
    enum s6a_outcome outcome = air_again(call, &later->imsi, &a, air_serve);
    air_wipe(&a);
    return outcome;
}

static enum s6a_outcome resync_later(struct s6a_call *call, const struct air *a, uint64_t sqn_ms,
                                     enum binding_auts_under under)
{
    struct s6a_later *later = s6a_later_of(call, &a->ask.imsi);
    if (later == NULL) {
        return s6a_refuse(call, REFUSAL_TOO_BUSY, NULL, &a->ask.imsi, NULL);
    }
    later->version = a->row.version;
    later->glc = sqn_glc(&call->h->clock, call->now_ms);
    later->sqn_ms = sqn_ms;
    later->under = under;
    return s6a_defer(call, later, resync_run, resync_finish);
}

/*= binding-update */
static enum s6a_outcome air_resync(struct s6a_call *call, struct air *a)
{
    uint64_t sqn_ms;
    enum binding_auts_under under;
    int64_t dif;
    bool changed;
    enum err err = binding_hss_resync(call->crypto, &a->row.keys, &a->view, a->ask.resync_rand,
                                      &a->ask.auts, &sqn_ms, &under);
    if (err != E_OK) {
        return s6a_refuse(call, err == E_BAD_MAC ? REFUSAL_AUTS_FORGED : REFUSAL_CRYPTO_FAILED,
                          NULL, &a->ask.imsi, NULL);
    }
    uint64_t next =
        recent_next(call->h->recent, &a->ask.imsi, sqn_glc(&call->h->clock, call->now_ms));
    if (sqn_resync(next, a->row.dif, sqn_ms, &dif, &changed) != E_OK) {
        return s6a_refuse(call, REFUSAL_SQN_EXHAUSTED, NULL, &a->ask.imsi, NULL);
    }
    if (changed) {
        return resync_later(call, a, sqn_ms, under);
    }
    resync_event(call, &a->ask.imsi, under, sqn_ms, false);
    return air_serve(call, a);
}

/* ---- vectors ---- */

/*= binding-unconfirmed */
static void unconfirmed_event(struct s6a_call *call, const struct air *a, unsigned unconfirmed)
{
    const struct hssd_alarms *alarms = &call->h->config->alarms;
    char detail[96];
    if (alarms->unconfirmed_vectors_after == 0 ||
        unconfirmed != alarms->unconfirmed_vectors_after) {
        return;
    }
    snprintf(detail, sizeof detail, "%u authentication requests and no registration", unconfirmed);
    hssd_event(call->h, "unconfirmed-vectors", &a->ask.imsi, NULL, call->peer->peer->origin_host,
               NULL, detail);
    if (alarms->unconfirmed_raises_theft && a->row.policy == BINDING_BOUND) {
        hssd_event(call->h, "suspected-theft", &a->ask.imsi, NULL, call->peer->peer->origin_host,
                   NULL, detail);
    }
}

/*= binding-1d */
/*= binding-access */
static enum err make_vectors(struct s6a_call *call, const struct air *a, const struct key_kme *kme,
                             const struct recent_draw *draw, struct wire_aia *out)
{
    enum err err = E_OK;
    out->eutran = draw->got < a->ask.eutran ? draw->got : a->ask.eutran;
    out->utran = draw->got - out->eutran;
    for (unsigned i = 0; err == E_OK && i < draw->got; i++) {
        const uint8_t *sn_id = i < out->eutran ? a->ask.visited_plmn_id : NULL;
        err = binding_hss_vector(call->crypto, &a->row.keys, kme,
                                 sqn_of(draw->first_seq + i, call->h->config->instance), sn_id,
                                 &out->vectors[i]);
    }
    return err;
}

static bool brings_proofs(const struct s6a_call *call, const struct air *a)
{
    return a->ask.knows_devid && call->peer->peer->sends_device_proof;
}

/*= devid-policy */
/* Only for a subscription that wants proofs, and an MME that can have them, is anything looked up.
 */
static enum s6a_proof_control proof_control(struct s6a_call *call, const struct air *a)
{
    struct devid_policy policy;
    struct store_proof row;
    const struct imei *served = a->ask.has_served_imei ? &a->ask.served_imei : NULL;
    if (a->row.proof == 0 || !brings_proofs(call, a)) {
        return S6A_PROOF_NOT_WANTED;
    }
    if (devid_policy_of_bits(a->row.proof, &policy) == E_OK && !policy.wanted) {
        return S6A_PROOF_NOT_WANTED;
    }
    return store_read_proof(call->reader, &a->ask.imsi, &row) == E_OK &&
                   proof_is_remembered(&row, served, call->h->config->devid.remember_seconds,
                                       hssd_unix_seconds())
               ? S6A_PROOF_REMEMBERED
               : S6A_PROOF_WANTED;
}

static uint32_t features_told(const struct s6a_call *call, const struct air *a)
{
    return (a->ask.knows_binding ? OWN_FEATURE_BINDING : 0) |
           (brings_proofs(call, a) ? OWN_FEATURE_DEVID : 0) |
           (a->ask.knows_provisioning ? OWN_FEATURE_PROVISIONING : 0);
}

/* `nonce`: the access is for provisioning and nothing else; or NULL. */
static enum s6a_outcome air_answer(struct s6a_call *call, const struct air *a,
                                   const struct wire_aia *vectors, const uint8_t *nonce)
{
    uint32_t features = features_told(call, a);
    struct s6a_aia aia = {.authentication_info.present = true};
    s6a_success(call, &a->msg.request, &aia.answer);
    /* The list is empty, so there is room: telling the feature back cannot fail. */
    bool told = features != 0 &&
                s6a_features_add(aia.answer.supported_features, &aia.answer.supported_features_n,
                                 call->h->config->vendor_id, OWN_FEATURE_LIST_ID, features);
    wire_aia_fill(vectors, told && a->ask.knows_binding, &aia);
    if (nonce != NULL) {
        wire_kme_offer_fill(nonce, &aia.binding_control);
    }
    return s6a_written(call, s6a_aia_write(call->h->config->vendor_id, &aia, call->out, &call->n));
}

static enum refusal draw(struct s6a_call *call, const struct air *a, struct recent_draw *out)
{
    struct hssd *h = call->h;
    enum err err = recent_take(h->recent, &a->ask.imsi, sqn_glc(&h->clock, call->now_ms),
                               atomic_load_explicit(&h->mark, memory_order_acquire), a->row.dif,
                               a->ask.eutran + a->ask.utran, a->msg.request.origin_host,
                               bytes_of_str(a->row.serving.host), out);
    return err == E_OK ? REFUSAL_NONE : REFUSAL_SQN_EXHAUSTED;
}

static void count_vectors(struct hssd *h, unsigned n, bool processed)
{
    atomic_fetch_add_explicit(&h->counters.vectors, n, memory_order_relaxed);
    atomic_fetch_add_explicit(&h->counters.vectors_processed, processed ? n : 0,
                              memory_order_relaxed);
}

static bool is_served_by(const struct air *a)
{
    const struct store_serving *s = &a->row.serving;
    return s->host[0] != '\0' && !s->purged &&
           bytes_eq_nocase(bytes_of_str(s->host), a->msg.request.origin_host);
}

/* Under the KME, or regular ones with NULL. */
static enum s6a_outcome air_vectors(struct s6a_call *call, struct air *a, const struct key_kme *kme,
                                    const uint8_t *nonce)
{
    struct recent_draw drawn;
    struct wire_aia vectors;
    const struct imei *served = a->ask.has_served_imei ? &a->ask.served_imei : NULL;
    enum refusal refusal = draw(call, a, &drawn);
    if (refusal != REFUSAL_NONE) {
        return s6a_refuse(call, refusal, NULL, &a->ask.imsi, served);
    }
    enum s6a_outcome outcome;
    if (make_vectors(call, a, kme, &drawn, &vectors) == E_OK) {
        vectors.proof = nonce == NULL ? proof_control(call, a) : S6A_PROOF_NOT_WANTED;
        outcome = air_answer(call, a, &vectors, nonce);
        count_vectors(call->h, drawn.got, kme != NULL);
        unconfirmed_event(call, a, drawn.unconfirmed);
        if (is_served_by(a)) {
            hss_dimsi_given(call, &a->ask.imsi);
        }
    } else {
        outcome = s6a_refuse(call, REFUSAL_CRYPTO_FAILED, NULL, &a->ask.imsi, served);
    }
    wipe(&vectors, sizeof vectors);
    return outcome;
}

static enum s6a_outcome air_as_always(struct s6a_call *call, struct air *a)
{
    struct binding_choice choice;
    const struct imei *served = a->ask.has_served_imei ? &a->ask.served_imei : NULL;
    enum refusal refusal = binding_hss_choose(&a->view, served, &choice);
    if (refusal != REFUSAL_NONE) {
        return s6a_refuse(call, refusal, NULL, &a->ask.imsi, served);
    }
    return air_vectors(call, a, choice.processed ? &a->view.devices[choice.device].kme : NULL,
                       NULL);
}

/* ---- provisioning ---- */

/*= kme-4a kme-4b */
/* One regular vector, whatever was asked for: there is no second access under this nonce. */
static enum s6a_outcome air_provisioning(struct s6a_call *call, struct air *a,
                                         const uint8_t nonce[static KME_NONCE_LEN])
{
    a->ask.eutran = 1;
    a->ask.utran = 0;
    atomic_fetch_add_explicit(&call->h->counters.provisionings_offered, 1, memory_order_relaxed);
    return air_vectors(call, a, NULL, nonce);
}

static enum refusal air_look(struct s6a_call *call, const struct air *a,
                             struct provision_offer *offer)
{
    const struct imei *served = a->ask.has_served_imei ? &a->ask.served_imei : NULL;
    *offer = (struct provision_offer){.state = PROVISION_NOT};
    if (!a->ask.knows_provisioning || a->ask.eutran == 0) {
        return REFUSAL_NONE;
    }
    enum err err = provision_look(call, &a->row, &a->view, served, offer);
    return err == E_OK ? REFUSAL_NONE : s6a_store_refusal(err);
}

/* The offer was stored, or is not due any more. One that has to be made now is an operator's, who
 * changed the subscription in that moment: the same request again is decided anew. */
static enum s6a_outcome air_offered(struct s6a_call *call, struct air *a)
{
    struct provision_offer offer;
    enum refusal refusal = air_look(call, a, &offer);
    if (refusal == REFUSAL_NONE && offer.state == PROVISION_TO_OFFER) {
        refusal = REFUSAL_TOO_BUSY;
    }
    if (refusal != REFUSAL_NONE) {
        return s6a_refuse(call, refusal, NULL, &a->ask.imsi, NULL);
    }
    return offer.state == PROVISION_STANDS ? air_provisioning(call, a, offer.nonce)
                                           : air_as_always(call, a);
}

static enum s6a_outcome offer_finish(struct s6a_call *call, struct s6a_later *later)
{
    struct air a;
    if (later->job.result != E_OK) {
        return s6a_refuse(call, s6a_store_refusal(later->job.result), NULL, &later->imsi, NULL);
    }
    if (later->offered) {
        hssd_event(call->h, "provisioning-offered", &later->imsi,
                   later->has_imei ? &later->imei : NULL, call->peer->peer->origin_host, NULL,
                   kme_due_name(later->due));
    }
    memset(&a.row, 0, sizeof a.row);
    enum s6a_outcome outcome = air_again(call, &later->imsi, &a, air_offered);
    air_wipe(&a);
    return outcome;
}

static enum s6a_outcome air_serve(struct s6a_call *call, struct air *a)
{
    struct provision_offer offer;
    const struct imei *served = a->ask.has_served_imei ? &a->ask.served_imei : NULL;
    enum refusal refusal = air_look(call, a, &offer);
    if (refusal != REFUSAL_NONE) {
        return s6a_refuse(call, refusal, NULL, &a->ask.imsi, served);
    }
    switch (offer.state) {
    case PROVISION_TO_OFFER:
        return provision_offer(call, &a->ask.imsi, served, offer_finish);
    case PROVISION_STANDS:
        return air_provisioning(call, a, offer.nonce);
    case PROVISION_NOT:
    default:
        return air_as_always(call, a);
    }
}

enum s6a_outcome s6a_air_serve(struct s6a_call *call)
{
    struct air a;
    struct diameter_fault fault;
    uint32_t own = call->h->config->vendor_id;
    atomic_fetch_add_explicit(&call->h->counters.air, 1, memory_order_relaxed);
    if (s6a_air_parse(own, call->msg, &a.msg, &fault) != E_OK ||
        wire_air_read(own, call->msg, &a.msg, &a.ask, &fault) != E_OK) {
        return s6a_refuse(call, REFUSAL_MALFORMED, &fault, NULL, NULL);
    }
    enum refusal refusal = visited_allowed(call->peer->peer, a.ask.visited_plmn_id);
    if (refusal == REFUSAL_NONE) {
        refusal = read_subscriber(call, &a);
    }
    enum s6a_outcome outcome;
    if (refusal != REFUSAL_NONE) {
        outcome = s6a_refuse(call, refusal, NULL, &a.ask.imsi,
                             a.ask.has_served_imei ? &a.ask.served_imei : NULL);
    } else {
        outcome = a.ask.has_resync ? air_resync(call, &a) : air_serve(call, &a);
    }
    air_wipe(&a);
    return outcome;
}
