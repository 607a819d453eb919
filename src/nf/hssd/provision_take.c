/* nf/hssd/provision_take.c - a ULR with a KME-Payload: judged quickly by what everybody may know,
 * then opened by the pool, stored by the writer, answered by its signalling thread. */
#include "codec/private.h"
#include "nf/hssd/inquiry.h"
#include "nf/hssd/kme_pool.h"
#include "nf/hssd/lots.h"
#include "nf/hssd/onboarding.h"
#include "nf/hssd/provision.h"
#include "nf/hssd/provision_rows.h"
#include "nf/hssd/snapshots.h"
#include "nf/hssd/subscription.h"
#include "wire/kme.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* A payload on its way. Owns a copy of the request, into which `payload` points. */
struct taking {
    struct repository_inquiry q; /* for the device's public key */
    struct kme_job job;
    struct writer_job write;
    struct hssd *h;
    struct snapshot *held; /* threads of others look into the configuration for it */
    struct hssd_thread *thread;
    uint64_t conn;
    struct hssd_peer_state *peer;
    uint64_t begun_ns; /* of the call */
    struct imsi imsi;  /* the request's */
    struct imei imei;  /* likewise, and the payload's: they are the same */
    struct kme_payload payload;
    struct kme_lot lot;
    int64_t at; /* it came: Unix seconds */
    /* what becomes of it */
    enum refusal refusal; /* of the request; or */
    struct kme_verdict verdict;
    struct kme_taken taken; /* with cause NONE; secret */
    bool overtaken;         /* the state it was judged by is not that of the store any more */
    enum kme_due due;       /* why it was offered */
    struct store_serving serving;
    struct onboarding_use onboarding;
    size_t len;
    uint8_t msg[];
};

static struct taking *taking_of_job(struct kme_job *job)
{
    return (struct taking *)((char *)job - offsetof(struct taking, job));
}

static struct taking *taking_of_write(struct writer_job *job)
{
    return (struct taking *)((char *)job - offsetof(struct taking, write));
}

static void taking_free(struct taking *t)
{
    atomic_fetch_sub_explicit(&t->peer->payloads, 1, memory_order_relaxed);
    repository_answer_release(t->q.answer);
    wipe(&t->taken, sizeof t->taken);
    snapshot_release(t->held);
    free(t);
}

/* ---- the state that it is judged by ---- */

/* The owner wipes it. */
struct state {
    struct store_subscriber row;
    struct binding_view view;
    struct kme_home home;
};

static enum err state_read(struct store_reader *reader, const struct imsi *imsi, struct state *s)
{
    struct store_device devices[STORE_DEVICES_MAX];
    struct store_kme kme;
    size_t n = 0;
    enum err err = store_read_for_vectors(reader, imsi, &s->row, devices, &n);
    wipe(&s->row.keys, sizeof s->row.keys);
    if (err == E_OK) {
        provision_view_of(&s->row, devices, n, &s->view);
        err = store_read_kme(reader, imsi, &kme);
    }
    if (err == E_OK) {
        provision_home_of(&kme, &s->home);
    }
    wipe(devices, n * sizeof *devices);
    wipe(&kme, sizeof kme);
    return err;
}

static struct plmn home_of(const struct hssd_config *config, const struct imsi *imsi)
{
    size_t i = 0;
    while (i + 1 < config->n_plmns && !imsi_in_plmn(imsi, &config->plmns[i])) {
        i++;
    }
    return config->plmns[i];
}

/* ---- what everybody may know ---- */

/* With a credential that nobody has got yet, kme_home_take comes as far as that and no further:
 * nothing is opened. */
#define SO_FAR_SO_GOOD DEVID_CAUSE_INQUIRY_UNANSWERED
static bool goes_on(const struct kme_verdict *v)
{
    return v->cause == KME_CAUSE_KEY && v->key == SO_FAR_SO_GOOD;
}

/* The verdict on what is stored now: NONE for the payload that was taken last. */
static enum err look(struct s6a_call *call, const struct kme_arrived *arrived,
                     struct kme_taken *taken, struct kme_verdict *out)
{
    static const struct devid_credential none = {.status = DEVID_UNAVAILABLE,
                                                 .cause = SO_FAR_SO_GOOD};
    struct kme_arrived in = *arrived;
    struct state s;
    memset(&s, 0, sizeof s);
    in.credential = &none;
    enum err err = state_read(call->reader, &arrived->imsi, &s);
    if (err == E_OK) {
        *out = kme_home_take(call->crypto, &s.view, &s.home, &in, taken);
    }
    wipe(&s, sizeof s);
    return err;
}

/* ---- answers ---- */

static void count(_Atomic uint64_t *counter)
{
    atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

/*= kme-one-refusal kme-events */
/* Whatever the cause: the same answer. */
static enum s6a_outcome refuse(struct s6a_call *call, const struct imsi *imsi,
                               const struct imei *imei, struct kme_verdict v)
{
    count(&call->h->counters.provisionings_refused);
    hssd_event(call->h, "provisioning-refused", imsi, imei, call->peer->peer->origin_host,
               kme_cause_name(v.cause), v.cause == KME_CAUSE_KEY ? devid_cause_name(v.key) : "");
    return s6a_refuse(call, REFUSAL_KME_REFUSED, NULL, imsi, imei);
}

static enum s6a_outcome refuse_for(struct s6a_call *call, const struct imsi *imsi,
                                   const struct imei *imei, enum kme_cause cause)
{
    return refuse(call, imsi, imei, (struct kme_verdict){cause, DEVID_CAUSE_NONE});
}

/*= kme-10 kme-enforced */
/* The UE gets no service by this answer from an MME that does not understand it either. */
static enum s6a_outcome answer(struct s6a_call *call, const struct s6a_ulr *ulr,
                               const struct kme_taken *taken)
{
    const uint32_t own = call->h->config->vendor_id;
    struct s6a_ula ula = {.ula_flags = DIAMETER_U32_OF(S6A_ULA_SEPARATION)};
    s6a_success(call, &ulr->request, &ula.answer);
    subscription_bar(&ula.subscription_data);
    wire_kme_answer_fill(taken->nw_sig, &ula);
    /* The list is empty, so there is room: telling the feature back cannot fail. */
    bool told = s6a_features_add(ula.answer.supported_features, &ula.answer.supported_features_n,
                                 own, OWN_FEATURE_LIST_ID, OWN_FEATURE_PROVISIONING);
    return s6a_written(call, told ? s6a_ula_write(own, &ula, call->out, &call->n) : E_NO_ROOM);
}

/*= kme-same-answer */
static enum s6a_outcome answer_again(struct s6a_call *call, const struct s6a_ulr *ulr,
                                     const struct kme_taken *taken)
{
    count(&call->h->counters.provisionings_again);
    return answer(call, ulr, taken);
}

/*= kme-revoke-vectors */
/* Any thread. Vectors under the KME before, or under none, are worth nothing any more; who asked is
 * told by the answer. */
static void tell(const struct taking *t, struct bytes asker)
{
    char detail[96];
    snprintf(detail, sizeof detail, "%s, by lot %s", kme_due_name(t->due), t->lot.id.text);
    count(&t->h->counters.provisionings_taken);
    onboarding_tell_used(t->h, &t->imsi, &t->imei, t->peer->peer->origin_host, &t->onboarding);
    hssd_event(t->h, "provisioned", &t->imsi, &t->imei, t->peer->peer->origin_host, NULL, detail);
    hssd_cancel_location_but(t->h, &t->imsi, &t->serving, asker, S6A_MME_UPDATE_PROCEDURE);
}

/* ---- the end: on the signalling thread ---- */

static struct kme_arrived arrived_of(const struct taking *t)
{
    return (struct kme_arrived){.payload = &t->payload,
                                .imsi = t->imsi,
                                .imei = &t->imei,
                                .home = home_of(t->h->config, &t->imsi),
                                .served_known = t->h->config->served_imei_known,
                                .lot = &t->lot,
                                .at = t->at};
}

/*= kme-race */
/* Another payload, or a change by an operator, was there first. Or this very payload, on another
 * way: then it is answered as the first one was. */
static enum s6a_outcome judge_anew(struct s6a_call *call, const struct s6a_ulr *ulr,
                                   struct taking *t)
{
    const struct kme_arrived arrived = arrived_of(t);
    struct kme_verdict v;
    enum err err = look(call, &arrived, &t->taken, &v);
    if (err != E_OK) {
        return s6a_refuse(call, s6a_store_refusal(err), NULL, &t->imsi, &t->imei);
    }
    if (v.cause == KME_CAUSE_NONE) {
        return answer_again(call, ulr, &t->taken);
    }
    if (goes_on(&v)) { /* another nonce is out by now */
        return refuse_for(call, &t->imsi, &t->imei, KME_CAUSE_OPENING);
    }
    return refuse(call, &t->imsi, &t->imei, v);
}

static enum s6a_outcome settle(struct s6a_call *call, struct taking *t)
{
    struct s6a_ulr ulr;
    struct diameter_fault fault;
    if (s6a_ulr_parse(call->h->config->vendor_id, call->msg, &ulr, &fault) != E_OK) {
        return s6a_refuse(call, REFUSAL_MALFORMED, &fault, &t->imsi, NULL); /* it parsed before */
    }
    if (t->overtaken) {
        return judge_anew(call, &ulr, t);
    }
    if (t->refusal != REFUSAL_NONE) {
        return s6a_refuse(call, t->refusal, NULL, &t->imsi, &t->imei);
    }
    if (t->verdict.cause != KME_CAUSE_NONE) {
        return refuse(call, &t->imsi, &t->imei, t->verdict);
    }
    recent_confirmed(call->h->recent, &t->imsi);
    if (t->taken.again) {
        return answer_again(call, &ulr, &t->taken);
    }
    tell(t, ulr.request.origin_host);
    return answer(call, &ulr, &t->taken);
}

/* Taken, and to be stored; or stored, once the writer had it. */
static bool is_new(const struct taking *t)
{
    return !t->overtaken && t->refusal == REFUSAL_NONE && t->verdict.cause == KME_CAUSE_NONE &&
           !t->taken.again;
}

/* When the signalling thread runs no more this runs on threads of the pool and of the writer, at
 * the same time: nothing of that thread may be touched, and nobody is there to be answered. */
static void finish(void *arg)
{
    struct taking *t = arg;
    if (hssd_thread_has_ended(t->thread)) {
        if (is_new(t)) {
            tell(t, (struct bytes){NULL, 0});
        }
        taking_free(t);
        return;
    }
    struct s6a_call call = hssd_thread_call(t->thread, t->conn);
    call.peer = t->peer;
    call.begun_ns = t->begun_ns;
    call.msg = (struct bytes){t->msg, t->len};
    if (diameter_header_read(call.msg, &call.header) == E_OK && settle(&call, t) == S6A_ANSWERED) {
        s6a_answered(&call);
        hssd_thread_send(t->thread, t->conn, (struct bytes){call.out.p, call.n});
    }
    wipe(call.out.p, call.n);
    hssd_thread_call_end(t->thread);
    taking_free(t);
}

/* Any thread but that of the connection. There is room for as many as there can be (thread.c), so
 * this waits at most for a moment. */
static void hand_back(struct taking *t)
{
    static const struct timespec nap = {.tv_nsec = 1000000};
    while (!hssd_thread_post(t->thread, finish, t)) {
        nanosleep(&nap, NULL);
    }
}

/* ---- storing it: the writer ---- */

/* Was the binding revoked since its record was judged? */
static bool is_revoked(const struct taking *t)
{
    return repositories_revoked(t->h->repositories, &t->imei,
                                repository_answer_serial(t->q.answer));
}

/* Of the subscription as it is now. `devices` are wiped by the caller. */
static enum err keep(struct store_writer *w, struct taking *t, struct state *s,
                     struct store_device devices[static STORE_DEVICES_MAX], size_t *n)
{
    struct store_kme row;
    enum err err = store_writer_devices(w, &t->imsi, devices, n);
    if (err == E_OK) {
        provision_view_of(&s->row, devices, *n, &s->view);
        err = store_writer_kme(w, &t->imsi, &row);
    }
    if (err == E_OK) {
        provision_home_of(&row, &s->home);
        t->due = s->home.due;
        err = kme_home_keep(&t->taken, t->h->config->served_imei_known, &s->view, &s->home);
    }
    if (err == E_OK) {
        provision_devices_of(&t->imsi, &s->view, &t->imei, &t->lot.id, hssd_unix_seconds(), devices,
                             n);
        err = store_set_devices(w, &t->imsi, devices, *n);
    }
    if (err == E_OK) {
        provision_row_of(&t->imsi, &s->home, &row);
        err = store_put_kme(w, &row);
    }
    wipe(&row, sizeof row);
    return err;
}

/*= kme-9c */
static enum err write_run(struct store_writer *w, struct writer_job *job)
{
    struct taking *t = taking_of_write(job);
    struct store_device devices[STORE_DEVICES_MAX];
    struct state s;
    size_t n = 0;
    memset(&s, 0, sizeof s);
    enum err err = store_writer_subscriber(w, &t->imsi, &s.row);
    if (err == E_OK && s.row.suspended) {
        t->refusal = REFUSAL_BARRED;
        err = E_BAD_STATE;
    }
    if (err == E_OK && is_revoked(t)) {
        t->verdict = (struct kme_verdict){KME_CAUSE_KEY, DEVID_CAUSE_REVOKED};
        err = E_BAD_STATE;
    }
    if (err == E_OK) {
        t->serving = s.row.serving;
        err = keep(w, t, &s, devices, &n);
    }
    if (err == E_OK) {
        err = onboarding_used(w, &t->imsi, hssd_unix_seconds(), &t->onboarding);
    }
    wipe(devices, n * sizeof *devices);
    wipe(&s, sizeof s);
    return err;
}

static void write_done(struct writer_job *job)
{
    struct taking *t = taking_of_write(job);
    bool told = t->refusal != REFUSAL_NONE || t->verdict.cause != KME_CAUSE_NONE;
    t->overtaken = job->result == E_CONFLICT;
    if (job->result != E_OK && !t->overtaken && !told) {
        t->refusal = s6a_store_refusal(job->result);
    }
    hand_back(t);
}

/* ---- opening it: a thread of the pool ---- */

static enum kme_cause cause_of(enum err err)
{
    return err == E_NOT_FOUND ? KME_CAUSE_NO_LOT : KME_CAUSE_CRYPTO;
}

/* The verdict, in t. */
static void judge(struct taking *t, const struct kme_tools *tools, const struct state *s,
                  struct lots_key *key)
{
    struct devid_credential credential;
    struct kme_arrived in = arrived_of(t);
    const struct kme_opener opener = lots_opener(key);
    repository_answer_credential(t->q.answer, &credential);
    credential.source = t->q.source;
    credential.age = t->q.age;
    in.credential = &credential;
    in.opener = &opener;
    in.port = tools->port(tools, hssd_config_repository_of(t->h->config, &t->imei));
    t->verdict = kme_home_take(tools->crypto, &s->view, &s->home, &in, &t->taken);
}

/* One state of the store, but no transaction while the payload is opened. */
static enum err state_of(struct store_reader *reader, const struct imsi *imsi, struct state *s)
{
    enum err err = store_reader_begin(reader);
    if (err == E_OK) {
        err = state_read(reader, imsi, s);
        store_reader_end(reader);
    }
    return err;
}

/*= kme-9a */
static void open_it(struct taking *t, const struct kme_tools *tools)
{
    struct lots_key *key;
    struct state s;
    memset(&s, 0, sizeof s);
    enum err err = state_of(tools->reader, &t->imsi, &s);
    if (err != E_OK) {
        t->refusal = s6a_store_refusal(err);
    } else if (s.row.suspended) {
        t->refusal = REFUSAL_BARRED;
    } else if ((err = lots_take(t->h->lots, tools->reader, &t->lot.id, &key)) != E_OK) {
        t->verdict = (struct kme_verdict){cause_of(err), DEVID_CAUSE_NONE};
    } else {
        judge(t, tools, &s, key);
        lots_release(t->h->lots, key);
    }
    wipe(&s, sizeof s);
}

static void job_run(struct kme_job *job, const struct kme_tools *tools)
{
    struct taking *t = taking_of_job(job);
    if (tools == NULL) {
        t->refusal = REFUSAL_TOO_BUSY;
    } else {
        open_it(t, tools);
    }
    if (!is_new(t)) {
        hand_back(t);
        return;
    }
    t->write.run = write_run;
    t->write.done = write_done;
    if (writer_submit(t->h->writer, &t->write) != E_OK) {
        t->refusal = REFUSAL_TOO_BUSY;
        hand_back(t);
    }
}

/* ---- the device's key ---- */

/* A thread of the repositories. */
static void on_credential(struct repository_inquiry *q)
{
    struct taking *t = (struct taking *)q;
    if (kme_pool_submit(t->h->kme_pool, &t->job) != E_OK) {
        t->refusal = REFUSAL_TOO_BUSY;
        hand_back(t);
    }
}

/* One peer leaves room for the payloads of others. */
static bool may_take(const struct s6a_call *call)
{
    const struct hssd_config *c = call->h->config;
    const unsigned most = c->n_peers > 1 ? (c->kme.queue + 1) / 2 : c->kme.queue + c->kme.threads;
    return !call->crowded &&
           atomic_load_explicit(&call->peer->payloads, memory_order_relaxed) < most;
}

static struct taking *taking_make(const struct s6a_call *call, const struct kme_arrived *arrived,
                                  const struct onboarding_use *use)
{
    struct s6a_ulr ulr;
    struct diameter_fault fault;
    struct taking *t = may_take(call) ? calloc(1, sizeof *t + call->msg.n) : NULL;
    if (t == NULL) {
        return NULL;
    }
    atomic_fetch_add_explicit(&call->peer->payloads, 1, memory_order_relaxed);
    t->peer = call->peer;
    t->q = (struct repository_inquiry){.imei = *arrived->imei, .done = on_credential};
    t->job.run = job_run;
    t->h = call->h;
    t->held = snapshot_hold(call->h);
    t->thread = call->thread;
    t->conn = call->conn;
    t->begun_ns = call->begun_ns;
    t->imsi = arrived->imsi;
    t->imei = *arrived->imei;
    t->lot = *arrived->lot;
    t->at = arrived->at;
    t->onboarding = *use;
    t->len = call->msg.n;
    memcpy(t->msg, call->msg.p, call->msg.n);
    if (s6a_ulr_parse(call->h->config->vendor_id, (struct bytes){t->msg, t->len}, &ulr, &fault) !=
            E_OK ||
        wire_kme_update_read(&ulr, &t->payload) != E_OK) { /* they were read before */
        taking_free(t);
        return NULL;
    }
    return t;
}

/* The repository's answer is there, or need not be waited for. */
static enum s6a_outcome submit(struct s6a_call *call, struct taking *t)
{
    const struct imsi imsi = t->imsi;
    const struct imei imei = t->imei;
    if (kme_pool_submit(call->h->kme_pool, &t->job) == E_OK) {
        return S6A_LATER;
    }
    taking_free(t);
    return s6a_refuse(call, REFUSAL_TOO_BUSY, NULL, &imsi, &imei);
}

/*= kme-8 */
static enum s6a_outcome ask(struct s6a_call *call, struct taking *t)
{
    struct repositories *r = call->h->repositories;
    if (repositories_look(r, &t->q) == REPOSITORY_ANSWERED) {
        return submit(call, t);
    }
    if (!inquiry_rates_take(call->h->inquiry_rates, &t->imsi, call->now_ms)) {
        count(&call->h->counters.inquiries_limited);
        const struct kme_verdict v = {KME_CAUSE_KEY, DEVID_CAUSE_INQUIRY_LIMITED};
        enum s6a_outcome outcome = refuse(call, &t->imsi, &t->imei, v);
        taking_free(t);
        return outcome;
    }
    return repositories_ask(r, &t->q) == REPOSITORY_LATER ? S6A_LATER : submit(call, t);
}

static enum s6a_outcome begin(struct s6a_call *call, const struct kme_arrived *arrived,
                              const struct onboarding_use *use)
{
    struct hssd *h = call->h;
    if (h->repositories == NULL || h->kme_pool == NULL) { /* whose key would it be? */
        const struct kme_verdict v = {KME_CAUSE_KEY, DEVID_CAUSE_NO_BINDING};
        return refuse(call, &arrived->imsi, arrived->imei, v);
    }
    struct taking *t = taking_make(call, arrived, use);
    return t != NULL ? ask(call, t)
                     : s6a_refuse(call, REFUSAL_TOO_BUSY, NULL, &arrived->imsi, arrived->imei);
}

/* ---- the request ---- */

static enum s6a_outcome judge_first(struct s6a_call *call, const struct s6a_ulr *ulr,
                                    const struct kme_arrived *arrived,
                                    const struct onboarding_use *use)
{
    struct kme_taken taken = {.again = false};
    struct kme_verdict v;
    enum err err = look(call, arrived, &taken, &v);
    if (err != E_OK) {
        return s6a_refuse(call, s6a_store_refusal(err), NULL, &arrived->imsi, arrived->imei);
    }
    if (goes_on(&v) && arrived->lot != NULL && arrived->imei != NULL) { /* else it did not */
        return begin(call, arrived, use);
    }
    if (v.cause != KME_CAUSE_NONE) {
        return refuse(call, &arrived->imsi, arrived->imei, v);
    }
    recent_confirmed(call->h->recent, &arrived->imsi);
    enum s6a_outcome outcome = answer_again(call, ulr, &taken);
    wipe(&taken, sizeof taken);
    return outcome;
}

/*= kme-context kme-find */
enum s6a_outcome provision_serve(struct s6a_call *call, const struct s6a_ulr *ulr,
                                 const struct imsi *imsi, const struct imei *imei,
                                 const struct onboarding_use *use)
{
    struct kme_payload payload;
    struct kme_lot lot;
    struct kme_arrived arrived = {.payload = &payload,
                                  .imsi = *imsi,
                                  .imei = imei,
                                  .home = home_of(call->h->config, imsi),
                                  .served_known = call->h->config->served_imei_known,
                                  .at = hssd_unix_seconds()};
    if (!provision_knows(call, ulr)) {
        return refuse_for(call, imsi, imei, KME_CAUSE_NOT_ASKED);
    }
    if (wire_kme_update_read(ulr, &payload) != E_OK) {
        return refuse_for(call, imsi, imei, KME_CAUSE_UNREADABLE);
    }
    arrived.lot = lots_find(call->h->lots, &payload.imei, &lot) == E_OK ? &lot : NULL;
    return judge_first(call, ulr, &arrived, use);
}
