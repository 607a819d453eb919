/* nf/hssd/nor.c - Notify-Request (TS 29.272 5.2.5.1), with our Binding-Failure: the one way in
 * which a home network learns that a SIM failed in a device. */
#include "nf/hssd/s6a.h"

#include <stdio.h>
#include <string.h>

struct nor {
    struct s6a_nor msg;
    struct imsi imsi;
    bool has_imei;
    struct imei imei;
};

static enum err nor_read(struct s6a_call *call, struct nor *n, struct diameter_fault *fault)
{
    uint32_t own = call->h->config->vendor_id;
    struct s6a_terminal_information info;
    enum err err = s6a_nor_parse(own, call->msg, &n->msg, fault);
    if (err == E_OK) {
        err = wire_user_name(own, call->msg, n->msg.request.user_name, &n->imsi, fault);
    }
    if (err == E_OK) {
        info = n->msg.terminal_information;
        if (n->msg.binding_failure.present && n->msg.binding_failure.imei.p != NULL) {
            info.present = true;
            info.imei = n->msg.binding_failure.imei;
        }
        err = wire_terminal_imei(own, call->msg, &info, &n->has_imei, &n->imei, fault);
    }
    return err;
}

static enum s6a_outcome nor_answer(struct s6a_call *call, const struct nor *n)
{
    struct s6a_noa noa;
    s6a_success(call, &n->msg.request, &noa.answer);
    return s6a_written(call, s6a_noa_write(call->h->config->vendor_id, &noa, call->out, &call->n));
}

/* The registered node, or one that was given a vector lately: the device that failed was on its way
 * to being registered there. */
static enum refusal nor_allowed(struct s6a_call *call, const struct nor *n)
{
    struct store_subscriber row;
    enum err err = store_read_subscriber(call->reader, &n->imsi, &row);
    wipe(&row.keys, sizeof row.keys);
    if (err != E_OK) {
        return err == E_NOT_FOUND ? REFUSAL_UNKNOWN_SUBSCRIBER : s6a_store_refusal(err);
    }
    if (bytes_eq_nocase(n->msg.request.origin_host, bytes_of_str(row.serving.host))) {
        return REFUSAL_NONE;
    }
    bool given = n->msg.binding_failure.present &&
                 recent_was_given(call->h->recent, &n->imsi, n->msg.request.origin_host);
    return given ? REFUSAL_NONE : REFUSAL_UNKNOWN_SERVING_NODE;
}

/* ---- failures in a row ---- */

/*= binding-theft */
static enum err failure_run(struct store_writer *w, struct writer_job *job)
{
    struct s6a_later *l = (struct s6a_later *)job;
    struct store_subscriber row;
    enum err err = store_writer_subscriber(w, &l->imsi, &row);
    wipe(&row.keys, sizeof row.keys);
    if (err != E_OK) {
        return err;
    }
    /* l->count came in as the number of failures reported, and leaves as the number in a row. */
    uint32_t reported = l->count;
    l->count = row.binding_failures;
    l->raised = false;
    for (uint32_t i = 0; i < reported; i++) {
        l->raised |= binding_failure_counts(&l->count, l->h->config->alarms.suspected_theft_after);
    }
    return store_set_binding_failures(w, &l->imsi, l->count);
}

static const char *cause_name(const struct s6a_binding_failure *f)
{
    switch (f->binding_failure_cause.v) {
    case S6A_FAILURE_MAC:
        return "mac-failure";
    case S6A_FAILURE_RES:
        return "res-mismatch";
    case S6A_FAILURE_IMEI:
        return "imei-mismatch";
    default:
        return "unknown-failure";
    }
}

static void failure_events(struct s6a_call *call, const struct nor *n, const struct s6a_later *l)
{
    char detail[96];
    char peer[STORE_HOST_MAX] = "";
    const struct imei *imei = n->has_imei ? &n->imei : NULL;
    memcpy(peer, n->msg.request.origin_host.p, n->msg.request.origin_host.n);
    snprintf(detail, sizeof detail, "%u in a row", l->count);
    hssd_event(call->h, "binding-failure", &n->imsi, imei, peer,
               cause_name(&n->msg.binding_failure), detail);
    if (l->raised) {
        hssd_event(call->h, "suspected-theft", &n->imsi, imei, peer,
                   cause_name(&n->msg.binding_failure), detail);
    }
}

static enum s6a_outcome failure_finish(struct s6a_call *call, struct s6a_later *later)
{
    struct nor n;
    struct diameter_fault fault;
    if (later->job.result != E_OK) {
        return s6a_refuse(call, s6a_store_refusal(later->job.result), NULL, &later->imsi, NULL);
    }
    if (nor_read(call, &n, &fault) != E_OK) {
        return s6a_refuse(call, REFUSAL_MALFORMED, &fault, &later->imsi, NULL);
    }
    recent_confirmed(call->h->recent, &later->imsi);
    recent_report_counted(call->h->recent, &later->imsi, sqn_glc(&call->h->clock, call->now_ms),
                          n.msg.request.origin_host, call->header.end_to_end);
    failure_events(call, &n, later);
    return nor_answer(call, &n);
}

/* A peer cannot raise a count by more than this with one message. */
#define FAILURES_A_MESSAGE 16u

enum s6a_outcome s6a_nor_serve(struct s6a_call *call)
{
    struct nor n;
    struct diameter_fault fault;
    atomic_fetch_add_explicit(&call->h->counters.nor, 1, memory_order_relaxed);
    if (nor_read(call, &n, &fault) != E_OK) {
        return s6a_refuse(call, REFUSAL_MALFORMED, &fault, NULL, NULL);
    }
    enum refusal refusal = nor_allowed(call, &n);
    if (refusal != REFUSAL_NONE) {
        return s6a_refuse(call, refusal, NULL, &n.imsi, n.has_imei ? &n.imei : NULL);
    }
    if (!n.msg.binding_failure.present ||
        recent_report_is_known(call->h->recent, &n.imsi, n.msg.request.origin_host,
                               call->header.end_to_end)) {
        return nor_answer(call, &n);
    }
    struct s6a_later *later = s6a_later_of(call, &n.imsi);
    if (later == NULL) {
        return s6a_refuse(call, REFUSAL_TOO_BUSY, NULL, &n.imsi, NULL);
    }
    const struct diameter_u32 *count = &n.msg.binding_failure.binding_failure_count;
    later->count = !count->present || count->v == 0 ? 1
                   : count->v > FAILURES_A_MESSAGE  ? FAILURES_A_MESSAGE
                                                    : count->v;
    return s6a_defer(call, later, failure_run, failure_finish);
}
