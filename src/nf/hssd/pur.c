/* nf/hssd/pur.c - Purge-UE-Request (TS 29.272 5.2.1.3): the node forgot the subscriber. */
#include "nf/hssd/push.h"
#include "nf/hssd/s6a.h"

#include <string.h>

static enum s6a_outcome pur_answer(struct s6a_call *call, const struct s6a_pur *pur, bool freeze)
{
    struct s6a_pua pua = {.pua_flags = DIAMETER_U32_OF(freeze ? S6A_PUA_FREEZE_M_TMSI : 0)};
    s6a_success(call, &pur->request, &pua.answer);
    return s6a_written(call, s6a_pua_write(call->h->config->vendor_id, &pua, call->out, &call->n));
}

static enum err pur_run(struct store_writer *w, struct writer_job *job)
{
    struct s6a_later *l = (struct s6a_later *)job;
    enum err err = store_set_purged(w, &l->imsi, l->serving.host);
    return err == E_OK ? store_drop_push(w, &l->imsi, l->serving.host) : err;
}

static enum s6a_outcome pur_finish(struct s6a_call *call, struct s6a_later *later)
{
    struct s6a_pur pur;
    struct diameter_fault fault;
    enum err err = later->job.result;
    if (s6a_pur_parse(call->h->config->vendor_id, call->msg, &pur, &fault) != E_OK) {
        return s6a_refuse(call, REFUSAL_MALFORMED, &fault, &later->imsi, NULL);
    }
    if (err == E_NOT_FOUND) {
        return s6a_refuse(call, REFUSAL_UNKNOWN_SUBSCRIBER, NULL, &later->imsi, NULL);
    }
    if (err != E_OK && err != E_CONFLICT) {
        return s6a_refuse(call, s6a_store_refusal(err), NULL, &later->imsi, NULL);
    }
    /* Another node serves by now: its registration stays, and nothing is to be frozen. */
    return pur_answer(call, &pur, err == E_OK);
}

enum s6a_outcome s6a_pur_serve(struct s6a_call *call)
{
    struct s6a_pur pur;
    struct imsi imsi;
    struct diameter_fault fault;
    uint32_t own = call->h->config->vendor_id;
    atomic_fetch_add_explicit(&call->h->counters.pur, 1, memory_order_relaxed);
    if (s6a_pur_parse(own, call->msg, &pur, &fault) != E_OK ||
        wire_user_name(own, call->msg, pur.request.user_name, &imsi, &fault) != E_OK) {
        return s6a_refuse(call, REFUSAL_MALFORMED, &fault, NULL, NULL);
    }
    struct s6a_later *later = s6a_later_of(call, &imsi);
    if (later == NULL) {
        return s6a_refuse(call, REFUSAL_TOO_BUSY, NULL, &imsi, NULL);
    }
    memcpy(later->serving.host, pur.request.origin_host.p, pur.request.origin_host.n);
    return s6a_defer(call, later, pur_run, pur_finish);
}
