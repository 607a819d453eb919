/* nf/hssd/ulr.c - Update-Location-Request (TS 29.272 5.2.1.1): who serves the subscriber now. */
#include "nf/hssd/authorise.h"
#include "nf/hssd/dimsi.h"
#include "nf/hssd/onboarding.h"
#include "nf/hssd/provision.h"
#include "nf/hssd/push.h"
#include "nf/hssd/s6a.h"
#include "nf/hssd/subscription.h"
#include "wire/devid.h"

#include <stdio.h>
#include <string.h>

struct ulr {
    struct s6a_ulr msg;
    struct imsi imsi;
    bool has_imei;
    struct imei imei;
    struct store_subscriber row;
    const struct hssd_profile *profile; /* of row: one snapshot's from the decision to the answer */
    struct provision_use use;
    struct onboarding_use onboarding;
    struct hss_dimsi_use dimsi;
    struct proof_registration proof;
    struct proof_decision proven;
};

/*= devid-trusted-mme */
/* Only from an MME whose word counts; it is of no use without the IMEI that it is about. */
static enum err read_proof(struct s6a_call *call, struct ulr *u, struct diameter_fault *fault)
{
    struct devid_outcome *outcome = &u->proof.outcome;
    u->proof = (struct proof_registration){.has_imei = u->has_imei, .imei = u->imei};
    if (!call->peer->peer->sends_device_proof || !u->msg.device_proof.present) {
        return E_OK;
    }
    if (wire_devid_outcome_read(&u->msg.device_proof, outcome) != E_OK) {
        diameter_fault_value(call->msg, AVP_DEVICE_PROOF, call->h->config->vendor_id, fault);
        return E_BAD_VALUE;
    }
    if (!u->has_imei) {
        *fault = (struct diameter_fault){.result_code = DIAMETER_MISSING_AVP,
                                         .example = true,
                                         .code = 1402,
                                         .vendor = DIAMETER_VENDOR_3GPP,
                                         .flags = DIAMETER_AVP_V | DIAMETER_AVP_M,
                                         .path = "Terminal-Information/IMEI"};
        return E_MISSING;
    }
    u->proof.has_outcome = true;
    return E_OK;
}

static enum err ulr_read(struct s6a_call *call, struct ulr *u, struct diameter_fault *fault)
{
    uint32_t own = call->h->config->vendor_id;
    struct plmn plmn;
    enum err err = s6a_ulr_parse(own, call->msg, &u->msg, fault);
    if (err == E_OK) {
        err = wire_user_name(own, call->msg, u->msg.request.user_name, &u->imsi, fault);
    }
    if (err == E_OK) {
        err = wire_terminal_imei(own, call->msg, &u->msg.terminal_information, &u->has_imei,
                                 &u->imei, fault);
    }
    if (err == E_OK && (u->msg.visited_plmn_id.n != PLMN_LEN ||
                        plmn_from_octets(u->msg.visited_plmn_id.p, &plmn) != E_OK)) {
        diameter_fault_value(call->msg, AVP_VISITED_PLMN_ID, own, fault);
        err = E_BAD_VALUE;
    }
    return err == E_OK ? read_proof(call, u, fault) : err;
}

/* Is it a device that the subscription is served in, and bound to as it should be? */
static enum refusal check_device(struct s6a_call *call, struct ulr *u)
{
    struct provision_registration r;
    enum err err = provision_registers(call, &u->row, u->has_imei ? &u->imei : NULL,
                                       provision_knows(call, &u->msg), &r);
    if (err != E_OK) {
        return s6a_store_refusal(err);
    }
    u->use = r.use;
    if (!r.listed) {
        return REFUSAL_IMEI_NOT_LISTED;
    }
    return r.owed ? REFUSAL_PROVISIONING_OWED : REFUSAL_NONE;
}

/* May it be served at all, in this radio access? */
static enum refusal ulr_decide(struct s6a_call *call, struct ulr *u)
{
    enum refusal refusal = visited_allowed(call->peer->peer, u->msg.visited_plmn_id.p);
    if (refusal != REFUSAL_NONE) {
        return refusal;
    }
    enum err err = store_read_subscriber(call->reader, &u->imsi, &u->row);
    wipe(&u->row.keys, sizeof u->row.keys);
    if (err != E_OK) {
        return err == E_NOT_FOUND ? REFUSAL_UNKNOWN_SUBSCRIBER : s6a_store_refusal(err);
    }
    if (u->row.suspended) {
        return REFUSAL_BARRED;
    }
    u->profile = hssd_config_profile(call->h->config, u->row.profile);
    if (u->profile == NULL) {
        return REFUSAL_NO_PROFILE;
    }
    if (!subscription_allows_rat(u->profile, u->msg.rat_type.v)) {
        return REFUSAL_RAT_NOT_ALLOWED;
    }
    refusal = onboarding_admits(call, &u->row, u->has_imei ? &u->imei : NULL, &u->onboarding);
    return refusal == REFUSAL_NONE
               ? hss_dimsi_looks(call, &u->imsi, u->msg.request.origin_host, &u->dimsi)
               : refusal;
}

/* In this device as well? */
static enum refusal ulr_admit(struct s6a_call *call, struct ulr *u)
{
    enum refusal refusal = ulr_decide(call, u);
    return refusal == REFUSAL_NONE ? check_device(call, u) : refusal;
}

/* ---- the device's proof of its IMEI ---- */

/*= devid-policy */
/* u->proven says what is to become of it. Errors: those of the store's read. */
static enum err ulr_prove(struct s6a_call *call, struct ulr *u)
{
    struct store_proof before;
    u->proven = (struct proof_decision){.refusal = REFUSAL_NONE};
    if (u->row.proof == 0) {
        return E_OK;
    }
    u->proof.remember_seconds = call->h->config->devid.remember_seconds;
    u->proof.now = hssd_unix_seconds();
    enum err err = devid_policy_of_bits(u->row.proof, &u->proof.policy);
    if (err == E_OK) {
        err = store_read_proof(call->reader, &u->imsi, &before);
    }
    if (err == E_OK) {
        proof_decide(&u->proof, &before, &u->proven);
    }
    return err;
}

static void count_proof(struct hssd *h, const struct proof_registration *proof,
                        const struct proof_decision *proven)
{
    struct hssd_counters *c = &h->counters;
    _Atomic uint64_t *const of[] = {[DEVID_NOT_ASKED] = NULL,
                                    [DEVID_PROVEN] = &c->proofs_proven,
                                    [DEVID_UNPROVEN] = &c->proofs_unproven,
                                    [DEVID_FAILED] = &c->proofs_failed,
                                    [DEVID_UNDETERMINED] = &c->proofs_undetermined};
    _Atomic uint64_t *counter = proof->has_outcome ? of[proof->outcome.result]
                                : proven->refusal == REFUSAL_PROOF_MISSING ? &c->proofs_missing
                                : proven->remembered                       ? &c->proofs_remembered
                                                                           : NULL;
    if (counter != NULL) {
        atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
    }
}

/* Names what is new, and each refusal. */
static void tell_proof(struct s6a_call *call, const struct imsi *imsi,
                       const struct proof_registration *proof, const struct proof_decision *proven)
{
    char name[32];
    char detail[96] = "";
    const char *peer = call->peer->peer->origin_host;
    const struct devid_outcome *o = &proof->outcome;
    count_proof(call->h, proof, proven);
    if (proven->told) {
        int n = snprintf(detail, sizeof detail, "%s",
                         proven->refusal == REFUSAL_NONE ? "admitted" : "refused");
        if (o->form != 0) {
            snprintf(detail + n, sizeof detail - (size_t)n, ", by record %llu of a %s",
                     (unsigned long long)o->serial, binding_form_name(o->form));
        }
        snprintf(name, sizeof name, "device-%s", devid_result_name(o->result));
        hssd_event(call->h, name, imsi, &proof->imei, peer,
                   o->result == DEVID_PROVEN ? NULL : devid_cause_name(o->cause), detail);
    }
    if (proven->forgets) {
        hssd_event(call->h, "proof-forgotten", imsi, proof->has_imei ? &proof->imei : NULL, peer,
                   proof->has_outcome && o->result == DEVID_FAILED ? devid_cause_name(o->cause)
                                                                   : NULL,
                   "");
    }
}

static enum s6a_outcome ulr_answer(struct s6a_call *call, const struct ulr *u)
{
    struct s6a_ula ula = {.ula_flags = DIAMETER_U32_OF(S6A_ULA_SEPARATION)};
    struct subscription_space space;
    s6a_success(call, &u->msg.request, &ula.answer);
    if ((u->msg.ulr_flags.v & S6A_ULR_SKIP_SUBSCRIBER_DATA) == 0) {
        subscription_fill(u->profile, u->row.msisdn, &space, &ula.subscription_data);
    }
    return s6a_written(call, s6a_ula_write(call->h->config->vendor_id, &ula, call->out, &call->n));
}

/* ---- the registration ---- */

static void serving_now(const struct s6a_call *call, const struct ulr *u, struct store_serving *out)
{
    const struct s6a_request *r = &u->msg.request;
    *out = (struct store_serving){.since = hssd_unix_seconds()};
    memcpy(out->host, r->origin_host.p, r->origin_host.n);
    memcpy(out->realm, r->origin_realm.p, r->origin_realm.n);
    memcpy(out->plmn, u->msg.visited_plmn_id.p, sizeof out->plmn);
    (void)call;
}

/* RFC 6733 4.3.1: without case. A node that spells its name anew is still the same node. */
static bool same_identity(const char *a, const char *b)
{
    return bytes_eq_nocase(bytes_of_str(a), bytes_of_str(b));
}

/* A repeated registration needs no write: the answer is what it was. */
static bool already(const struct ulr *u, const struct store_serving *now)
{
    const struct store_serving *s = &u->row.serving;
    return same_identity(s->host, now->host) && same_identity(s->realm, now->realm) &&
           memcmp(s->plmn, now->plmn, sizeof s->plmn) == 0 && !s->purged &&
           u->row.binding_failures == 0 &&
           (!u->has_imei || (u->row.has_last_imei && imei_eq(&u->imei, &u->row.last_imei)));
}

/* Decided again of what is stored now: a memory that was forgotten meanwhile does not count, and a
 * binding that was revoked meanwhile is not remembered. */
static enum err proof_run(struct store_writer *w, struct s6a_later *l)
{
    struct store_proof before;
    enum refusal decided = l->proven.refusal;
    if (!l->proof.policy.wanted) {
        return E_OK;
    }
    enum err err = store_writer_proof(w, &l->imsi, &before);
    if (err != E_OK) {
        return err;
    }
    proof_decide(&l->proof, &before, &l->proven);
    if (l->proven.refusal != decided) {
        return E_CONFLICT;
    }
    if (l->proven.renews && l->h->repositories != NULL &&
        repositories_revoked(l->h->repositories, &l->imei, l->proof.outcome.serial)) {
        l->proven.after.remembered = false;
    }
    return l->proven.write ? store_put_proof(w, &l->proven.after) : E_OK;
}

/* What was decided holds for the row that was looked at: a subscription that was suspended since
 * must not be registered, and then refused. */
static enum err ulr_run(struct store_writer *w, struct writer_job *job)
{
    struct s6a_later *l = (struct s6a_later *)job;
    struct store_subscriber row;
    enum err err = store_writer_subscriber(w, &l->imsi, &row);
    wipe(&row.keys, sizeof row.keys);
    if (err != E_OK) {
        return err;
    }
    if (row.version != l->version) {
        return E_CONFLICT;
    }
    err = proof_run(w, l);
    if (err == E_OK && l->use.first) {
        err = provision_used(w, l);
    }
    if (err == E_OK) {
        err = onboarding_used(w, &l->imsi, hssd_unix_seconds(), &l->onboarding);
    }
    if (err == E_OK) {
        err = hss_dimsi_used(l->h, w, &l->imsi, hssd_unix_seconds(), &l->dimsi);
    }
    if (err != E_OK || !l->registers) {
        return err;
    }
    err = store_set_serving(w, &l->imsi, &l->serving, l->has_imei ? &l->imei : NULL, &l->before);
    if (err != E_OK) {
        return err;
    }
    /* One that wants no data has to be told of what changes it missed, as before. */
    return l->takes_data ? store_push_registered(w, &l->imsi, l->serving.host)
                         : store_push_known(w, &l->imsi, l->serving.host);
}

static void cancel_before(struct s6a_call *call, const struct s6a_later *later)
{
    const struct store_serving *b = &later->before;
    if (b->host[0] != '\0' && !b->purged && !same_identity(b->host, later->serving.host)) {
        hssd_cancel_location(call->h, &later->imsi, b, false, S6A_MME_UPDATE_PROCEDURE);
    }
}

/*= kme-events */
static void tell_use(struct s6a_call *call, const struct s6a_later *later)
{
    if (later->use.told) {
        hssd_event(call->h, "kme-in-use", &later->imsi, &later->imei,
                   later->registers ? later->serving.host : call->peer->peer->origin_host, NULL,
                   later->use.drops ? "the one before is dropped" : "");
    }
}

/*= binding-reported */
static enum s6a_outcome ulr_finish(struct s6a_call *call, struct s6a_later *later)
{
    struct ulr u;
    struct diameter_fault fault;
    if (later->job.result != E_OK) {
        /* The operator changed the row in that moment: the same request again is decided anew. */
        enum refusal refusal = later->job.result == E_CONFLICT
                                   ? REFUSAL_TOO_BUSY
                                   : s6a_store_refusal(later->job.result);
        return s6a_refuse(call, refusal, NULL, &later->imsi, NULL);
    }
    tell_proof(call, &later->imsi, &later->proof, &later->proven);
    if (later->proven.refusal != REFUSAL_NONE) {
        return s6a_refuse(call, later->proven.refusal, NULL, &later->imsi, &later->imei);
    }
    tell_use(call, later);
    const char *by = later->registers ? later->serving.host : call->peer->peer->origin_host;
    onboarding_tell_used(call->h, &later->imsi, &later->imei, by, &later->onboarding);
    hss_dimsi_tell_used(call->h, &later->imsi, later->has_imei ? &later->imei : NULL, by,
                        &later->dimsi);
    if (later->registers) {
        cancel_before(call, later);
        hssd_event(call->h, "registered", &later->imsi, later->has_imei ? &later->imei : NULL,
                   later->serving.host, NULL, "");
    }
    recent_confirmed(call->h->recent, &later->imsi);
    if (ulr_read(call, &u, &fault) != E_OK) {
        return s6a_refuse(call, REFUSAL_MALFORMED, &fault, &later->imsi, NULL);
    }
    enum refusal refusal = ulr_admit(call, &u);
    return refusal == REFUSAL_NONE ? ulr_answer(call, &u)
                                   : s6a_refuse(call, refusal, NULL, &u.imsi, NULL);
}

/* `now`: who serves the subscriber from here on, or NULL when that stays as it is. */
static enum s6a_outcome ulr_write(struct s6a_call *call, const struct ulr *u,
                                  const struct store_serving *now)
{
    struct s6a_later *later = s6a_later_of(call, &u->imsi);
    if (later == NULL) {
        return s6a_refuse(call, REFUSAL_TOO_BUSY, NULL, &u->imsi, NULL);
    }
    later->version = u->row.version;
    later->registers = now != NULL;
    later->takes_data = (u->msg.ulr_flags.v & S6A_ULR_SKIP_SUBSCRIBER_DATA) == 0;
    if (now != NULL) {
        later->serving = *now;
    }
    later->has_imei = u->has_imei;
    later->imei = u->imei;
    later->proof = u->proof;
    later->proven = u->proven;
    if (u->proven.refusal == REFUSAL_NONE) {
        later->use = u->use;
        later->onboarding = u->onboarding;
        later->dimsi = u->dimsi;
    }
    return s6a_defer(call, later, ulr_run, ulr_finish);
}

#define ULR_WAITING_MOST 4u /* nodes that something of one subscriber waits for: mostly one */

/* A request of ours may be on its way there. An answer to it that the node does not know the user
 * is older than this registration, and the writer alone sees which came first. */
static bool waits_to_be_told(struct s6a_call *call, const struct ulr *u)
{
    struct store_push rows[ULR_WAITING_MOST];
    size_t n = 0;
    bool waits = store_list_push(call->reader, &u->imsi, rows, ULR_WAITING_MOST, &n) != E_OK ||
                 n == ULR_WAITING_MOST;
    for (size_t i = 0; !waits && i < n; i++) {
        waits = same_identity(rows[i].host, u->row.serving.host);
    }
    return waits;
}

static enum s6a_outcome ulr_register(struct s6a_call *call, struct ulr *u)
{
    struct store_serving now;
    serving_now(call, u, &now);
    bool stays = already(u, &now) && !waits_to_be_told(call, u);
    if (stays && !u->proven.write && !u->use.first && !u->onboarding.wanted && !u->dimsi.wanted) {
        tell_proof(call, &u->imsi, &u->proof, &u->proven);
        recent_confirmed(call->h->recent, &u->imsi);
        return ulr_answer(call, u);
    }
    return ulr_write(call, u, stays ? NULL : &now);
}

static enum s6a_outcome ulr_not_admitted(struct s6a_call *call, const struct ulr *u)
{
    if (u->proven.write) {
        return ulr_write(call, u, NULL);
    }
    tell_proof(call, &u->imsi, &u->proof, &u->proven);
    return s6a_refuse(call, u->proven.refusal, NULL, &u->imsi, u->has_imei ? &u->imei : NULL);
}

static enum s6a_outcome ulr_serve(struct s6a_call *call, struct ulr *u)
{
    enum refusal refusal = check_device(call, u);
    if (refusal == REFUSAL_NONE) {
        enum err err = ulr_prove(call, u);
        refusal = err == E_OK ? REFUSAL_NONE : s6a_store_refusal(err);
    }
    if (refusal == REFUSAL_PROVISIONING_OWED) {
        atomic_fetch_add_explicit(&call->h->counters.provisioning_owed, 1, memory_order_relaxed);
    }
    if (refusal != REFUSAL_NONE) {
        return s6a_refuse(call, refusal, NULL, &u->imsi, u->has_imei ? &u->imei : NULL);
    }
    return u->proven.refusal == REFUSAL_NONE ? ulr_register(call, u) : ulr_not_admitted(call, u);
}

/*= kme-7 */
enum s6a_outcome s6a_ulr_serve(struct s6a_call *call)
{
    struct ulr u;
    struct diameter_fault fault;
    atomic_fetch_add_explicit(&call->h->counters.ulr, 1, memory_order_relaxed);
    if (ulr_read(call, &u, &fault) != E_OK) {
        return s6a_refuse(call, REFUSAL_MALFORMED, &fault, NULL, NULL);
    }
    const struct imei *imei = u.has_imei ? &u.imei : NULL;
    enum refusal refusal = ulr_decide(call, &u);
    if (refusal != REFUSAL_NONE) {
        return s6a_refuse(call, refusal, NULL, &u.imsi, imei);
    }
    return u.msg.kme_payload.p != NULL ? provision_serve(call, &u.msg, &u.imsi, imei, &u.onboarding)
                                       : ulr_serve(call, &u);
}
