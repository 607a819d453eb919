/* nf/hssd/onboarding_serve.c - an ECR with the request of a device that has no subscription, and
 * its answer: on a signalling thread. */
#include "nf/hssd/authorise.h"
#include "nf/hssd/onboarding_parts.h"
#include "nf/hssd/snapshots.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* ---- answers ---- */

/*= certattach-one-refusal certattach-events */
/* Whatever the cause: the same answer, but where it is only for now. */
static enum s6a_outcome refuse(struct s6a_call *call, const struct imei *imei,
                               enum certattach_cause cause, const struct store_onboarding_key *key)
{
    onboarding_tell_refused(call->h, imei, call->peer->peer->origin_host, cause, key);
    return s6a_refuse(call,
                      cause == CERTATTACH_SITE_BUSY ? REFUSAL_TOO_BUSY : REFUSAL_ONBOARDING_REFUSED,
                      NULL, NULL, imei);
}

static enum s6a_outcome busy(struct s6a_call *call, const struct imei *imei)
{
    onboarding_count(&call->h->counters.onboarding_refused);
    return s6a_refuse(call, REFUSAL_TOO_BUSY, NULL, NULL, imei);
}

static void one_free(struct onboarding_one *one)
{
    atomic_fetch_sub_explicit(&one->peer->onboardings, 1, memory_order_relaxed);
    wipe(one->octets, sizeof one->octets);
    snapshot_release(one->held);
    free(one);
}

static enum s6a_outcome settle(struct s6a_call *call, struct onboarding_one *one)
{
    struct s13_ecr ecr;
    struct s13_eca eca = {.equipment_status = {false, 0}};
    struct diameter_fault fault;
    if (one->busy) {
        return busy(call, &one->arrived.imei);
    }
    if (one->cause != CERTATTACH_NONE) {
        return refuse(call, &one->arrived.imei, one->cause, &one->key);
    }
    if (s13_ecr_parse(call->h->config->vendor_id, call->msg, &ecr, &fault) != E_OK) {
        return s6a_refuse(call, REFUSAL_MALFORMED, &fault, NULL, NULL); /* it parsed before */
    }
    s6a_success(call, &ecr.request, &eca.answer);
    wire_certattach_answer_fill(one->result, &eca);
    return s6a_written(call, s13_eca_write(call->h->config->vendor_id, &eca, call->out, &call->n));
}

/* When the signalling thread runs no more this runs on threads of the pool, several at once:
 * nothing of that thread may be touched, and nobody is there to be answered. */
static void finish(void *arg)
{
    struct onboarding_one *one = arg;
    if (!hssd_thread_has_ended(one->thread)) {
        struct s6a_call call = hssd_thread_call(one->thread, one->conn);
        call.peer = one->peer;
        call.begun_ns = one->begun_ns;
        call.msg = (struct bytes){one->msg, one->len};
        const bool answered = diameter_header_read(call.msg, &call.header) == E_OK &&
                              settle(&call, one) == S6A_ANSWERED;
        if (answered) {
            s6a_answered(&call);
        }
        hssd_thread_send_short(one->thread, one->conn,
                               (struct bytes){call.out.p, answered ? call.n : 0});
        wipe(call.out.p, call.n);
        hssd_thread_call_end(one->thread);
    }
    one_free(one);
}

/* There is room for as many as there can be (thread.c), so this waits at most for a moment. */
static void on_job(struct onboard_job *job, const struct onboard_tools *tools)
{
    static const struct timespec nap = {.tv_nsec = 1000000};
    struct onboarding_one *one = (struct onboarding_one *)job;
    if (tools == NULL) {
        one->busy = true;
    } else {
        onboarding_work(one, tools);
    }
    while (!hssd_thread_post(one->thread, finish, one)) {
        nanosleep(&nap, NULL);
    }
}

/* ---- is it a device's request at all? ---- */

struct asked {
    struct bytes value; /* the container */
    struct certattach_request request;
    struct certattach_arrived arrived;
    const struct hssd_authority *authority;
    struct store_onboarding_key key; /* with an authority */
};

static enum certattach_cause offered(const struct s6a_call *call, const struct s13_ecr *ecr,
                                     struct asked *a)
{
    uint8_t octets[PLMN_LEN];
    if (wire_certattach_inquiry_read(ecr, &a->value, &a->arrived.plmn) != E_OK) {
        return CERTATTACH_UNREADABLE;
    }
    plmn_to_octets(&a->arrived.plmn, octets);
    return visited_allowed(call->peer->peer, octets) == REFUSAL_NONE ? CERTATTACH_NONE
                                                                     : CERTATTACH_NOT_OFFERED;
}

static bool speaks_for(const struct hssd_authority *a, const struct imei *imei)
{
    uint64_t n = imei_number(imei);
    bool in = a->n_ranges == 0;
    for (size_t i = 0; i < a->n_ranges && !in; i++) {
        in = n >= a->ranges[i].first && n <= a->ranges[i].last;
    }
    return in;
}

/*= certattach-name certattach-context */
static enum certattach_cause named(const struct s6a_call *call, struct asked *a)
{
    struct certattach_url url;
    if (wire_certattach_request_read(a->value, &a->request) != E_OK) {
        return CERTATTACH_UNREADABLE;
    }
    if (certattach_url_parse(a->request.url, &url) != E_OK) {
        return CERTATTACH_URL;
    }
    a->authority = hssd_config_authority_of(call->h->config, url.host);
    if (a->authority == NULL) {
        return CERTATTACH_AUTHORITY;
    }
    a->arrived.id = url.id;
    snprintf(a->key.authority, sizeof a->key.authority, "%s", a->authority->name);
    snprintf(a->key.id, sizeof a->key.id, "%s", url.id.text);
    return speaks_for(a->authority, &a->arrived.imei) ? CERTATTACH_NONE : CERTATTACH_OUTSIDE;
}

/* By its name: `a` may be of another snapshot, and the places are the same in all of them. */
static size_t index_of(const struct hssd_config *c, const struct hssd_authority *a)
{
    size_t i = 0;
    while (i + 1 < c->onboarding.n_authorities &&
           strcmp(c->onboarding.authorities[i].name, a->name) != 0) {
        i++;
    }
    return i;
}

/* Nothing is charged to the device yet: anybody can have its URL. */
static enum certattach_cause look(const struct s6a_call *call, const struct s13_ecr *ecr,
                                  bool black, struct asked *a)
{
    const struct hssd_config *c = call->h->config;
    enum certattach_cause cause = offered(call, ecr, a);
    if (cause == CERTATTACH_NONE && black) {
        cause = CERTATTACH_EQUIPMENT;
    }
    if (cause == CERTATTACH_NONE) {
        cause = named(call, a);
    }
    if (cause != CERTATTACH_NONE) {
        return cause;
    }
    const struct onboard_ask ask = {index_of(c, a->authority), &a->arrived.id, a->request.nonce};
    bool may = onboard_rates_may(call->h->onboarding->rates, &ask,
                                 (uint64_t)c->onboarding.device_seconds * 1000, call->now_ms);
    return may ? CERTATTACH_NONE : CERTATTACH_OFTEN;
}

/* ---- on its way ---- */

/* One peer leaves room for the devices of others. */
static bool may_take(const struct s6a_call *call)
{
    const struct hssd_onboarding *o = &call->h->config->onboarding;
    const unsigned all = o->queue + o->threads;
    const unsigned most = call->h->config->n_peers > 1 ? (all + 1) / 2 : all;
    return !call->crowded &&
           atomic_load_explicit(&call->peer->onboardings, memory_order_relaxed) < most;
}

/* Spans of the request point into the copy. */
static struct onboarding_one *one_of(const struct s6a_call *call, const struct asked *a)
{
    struct s13_ecr ecr;
    struct diameter_fault fault;
    struct plmn plmn;
    struct bytes value;
    struct onboarding_one *one = may_take(call) ? calloc(1, sizeof *one + call->msg.n) : NULL;
    if (one == NULL) {
        return NULL;
    }
    atomic_fetch_add_explicit(&call->peer->onboardings, 1, memory_order_relaxed);
    one->job =
        (struct onboard_job){.run = on_job, .authority = index_of(call->h->config, a->authority)};
    one->h = call->h;
    one->held = snapshot_hold(call->h);
    one->thread = call->thread;
    one->conn = call->conn;
    one->peer = call->peer;
    one->begun_ns = call->begun_ns;
    /* of what is held, or of what came behind it: `a` may be of the one before */
    one->authority = hssd_config_authority(call->h->config, a->key.authority);
    one->arrived = a->arrived;
    one->arrived.request = &one->request;
    one->arrived_ms = call->now_ms;
    one->key = a->key;
    one->len = call->msg.n;
    memcpy(one->msg, call->msg.p, call->msg.n);
    if (one->authority == NULL ||
        s13_ecr_parse(call->h->config->vendor_id, (struct bytes){one->msg, one->len}, &ecr,
                      &fault) != E_OK ||
        wire_certattach_inquiry_read(&ecr, &value, &plmn) != E_OK ||
        wire_certattach_request_read(value, &one->request) != E_OK) { /* they were read before */
        one_free(one);
        return NULL;
    }
    return one;
}

bool onboarding_is_asked(const struct s13_ecr *ecr)
{
    return ecr->provisioning_request.p != NULL;
}

/*= certattach-2a */
enum s6a_outcome onboarding_serve(struct s6a_call *call, const struct s13_ecr *ecr,
                                  const struct wire_ecr *asked, bool black)
{
    struct hssd *h = call->h;
    struct asked a;
    memset(&a, 0, sizeof a);
    a.arrived.imei = asked->imei;
    onboarding_count(&h->counters.onboarding_requests);
    if (!call->peer->peer->onboarding || h->onboarding == NULL || h->onboarding->pool == NULL) {
        return s6a_refuse(call, REFUSAL_COMMAND_NOT_ALLOWED, NULL, NULL, &asked->imei);
    }
    enum certattach_cause cause = look(call, ecr, black, &a);
    if (cause != CERTATTACH_NONE) {
        return refuse(call, &asked->imei, cause, a.authority != NULL ? &a.key : NULL);
    }
    struct onboarding_one *one = one_of(call, &a);
    if (one == NULL) {
        return busy(call, &asked->imei);
    }
    if (onboard_pool_submit(h->onboarding->pool, &one->job) != E_OK) {
        one_free(one);
        return busy(call, &asked->imei);
    }
    hssd_thread_will_send_short(call->thread, call->conn);
    return S6A_LATER;
}
