#include "nf/hssd/ecr.h"

#include "nf/hssd/eir_lists.h"
#include "nf/hssd/inquiry.h"
#include "nf/hssd/onboarding.h"
#include "wire/s13_eir.h"

#include <stdio.h>
#include <string.h>

struct ecr {
    struct s13_ecr msg;
    struct wire_ecr asked;
    enum eir_list list;
    struct eir_rule rule;
    struct eir_verdict verdict;
};

/*= eir-pairing */
static enum err subscription_of(struct store_reader *store, const struct imsi *imsi,
                                const struct imei *imei, struct eir_subscription *out)
{
    struct store_pairing p;
    enum err err = store_read_pairing(store, imsi, imei, &p);
    if (err == E_OK) {
        *out = (struct eir_subscription){.known = true,
                                         .policy = (enum binding_policy)p.policy,
                                         .device_listed = p.device_listed,
                                         .has_last_imei = p.has_last_imei,
                                         .last_imei = p.last_imei};
    }
    return err == E_NOT_FOUND ? E_OK : err; /* a roamer's: the lists alone say */
}

enum err ecr_verdict(const struct hssd_config *config, struct eir_reader *lists,
                     struct store_reader *store, const struct imei *imei, const struct imsi *imsi,
                     struct eir_rule *rule, enum eir_list *list, struct eir_verdict *out)
{
    const struct eir_policy *policy = &config->eir.policy;
    struct eir_subscription subscription = {.known = false};
    enum err err = E_OK;
    *list = eir_reader_find(lists, imei, rule);
    if (imsi != NULL && policy->pairing != EIR_PAIRING_OFF) {
        err = subscription_of(store, imsi, imei, &subscription);
    }
    if (err == E_OK) {
        *out = eir_decide(policy, *list, imei, &subscription);
    }
    return err;
}

/* ---- what is told ---- */

static void count(struct s6a_call *call, const struct eir_verdict *v)
{
    struct hssd_counters *c = &call->h->counters;
    _Atomic uint64_t *const of[] = {[EIR_WHITELISTED] = &c->ecr_whitelisted,
                                    [EIR_GREYLISTED] = &c->ecr_greylisted,
                                    [EIR_UNKNOWN_EQUIPMENT] = &c->ecr_unknown,
                                    [EIR_BLACKLISTED] = &c->ecr_blacklisted};
    atomic_fetch_add_explicit(of[v->status], 1, memory_order_relaxed);
    if (v->not_paired) {
        atomic_fetch_add_explicit(&c->imei_not_paired, 1, memory_order_relaxed);
    }
}

static void event(struct s6a_call *call, const struct ecr *e, const char *name, const char *cause,
                  const char *detail)
{
    hssd_event(call->h, name, e->asked.has_imsi ? &e->asked.imsi : NULL, &e->asked.imei,
               call->peer->peer->origin_host, cause, detail);
}

static void list_event(struct s6a_call *call, const struct ecr *e)
{
    char detail[80];
    char range[IMEI_RANGE_TEXT_MAX];
    if (e->verdict.by_pairing || e->list < EIR_GREY) {
        return; /* what is unknown is a refusal, or is what the operator wants of all */
    }
    imei_range_print(&e->rule.range, range);
    snprintf(detail, sizeof detail, "by the rule for %s", range);
    event(call, e, e->list == EIR_BLACK ? "equipment-blacklisted" : "equipment-greylisted", NULL,
          detail);
}

/*= eir-changed */
static void tell(struct s6a_call *call, const struct ecr *e)
{
    char detail[80];
    const char *status = eir_status_name(e->verdict.status);
    list_event(call, e);
    if (e->verdict.not_paired) {
        snprintf(detail, sizeof detail, "answered as %s", status);
        event(call, e, "imei-not-paired", NULL, detail);
    }
    if (e->verdict.changed) {
        snprintf(detail, sizeof detail, "answered as %s", status);
        event(call, e, "imei-changed", NULL, detail);
    }
}

/* ---- the request ---- */

static enum err ecr_read(struct s6a_call *call, struct ecr *e, struct diameter_fault *fault)
{
    uint32_t own = call->h->config->vendor_id;
    enum err err = s13_ecr_parse(own, call->msg, &e->msg, fault);
    return err == E_OK ? wire_ecr_read(own, call->msg, &e->msg, &e->asked, fault) : err;
}

/* Credentials are for those whose proofs count; to others this HSS knows nothing of inquiries. What
 * may not be used anyway is not asked about. */
static bool inquires(const struct s6a_call *call, const struct ecr *e)
{
    return e->msg.credential_request.present && call->peer->peer->sends_device_proof &&
           e->verdict.status != EIR_BLACKLISTED;
}

/*= eir-answer eir-unknown */
static enum s6a_outcome ecr_answer(struct s6a_call *call, const struct ecr *e)
{
    struct s13_eca eca = {.equipment_status = {false, 0}};
    if (!wire_equipment_status(e->verdict.status, &eca.equipment_status)) {
        return s6a_refuse(call, REFUSAL_EQUIPMENT_UNKNOWN, NULL,
                          e->asked.has_imsi ? &e->asked.imsi : NULL, &e->asked.imei);
    }
    s6a_success(call, &e->msg.request, &eca.answer);
    if (inquires(call, e)) {
        return inquiry_serve(call, &e->msg, &e->asked, &eca);
    }
    return s6a_written(call, s13_eca_write(call->h->config->vendor_id, &eca, call->out, &call->n));
}

/* No lists are kept here, so nothing stands against any equipment: an inquiry is served, and who
 * only wants to know what the lists say is told that this is not done here. */
static enum s6a_outcome ecr_without_lists(struct s6a_call *call, struct ecr *e)
{
    e->verdict = (struct eir_verdict){.status = EIR_WHITELISTED};
    if (!inquires(call, e)) {
        return s6a_refuse(call, REFUSAL_COMMAND_NOT_ALLOWED, NULL,
                          e->asked.has_imsi ? &e->asked.imsi : NULL, &e->asked.imei);
    }
    count(call, &e->verdict);
    return ecr_answer(call, e);
}

/* Of a device that has no subscription the lists alone say. */
static bool is_black(const struct s6a_call *call, struct ecr *e)
{
    return call->h->config->eir.enabled &&
           eir_reader_find(call->eir, &e->asked.imei, &e->rule) == EIR_BLACK;
}

enum s6a_outcome s13_ecr_serve(struct s6a_call *call)
{
    struct ecr e = {.list = EIR_NO_LIST};
    struct diameter_fault fault;
    atomic_fetch_add_explicit(&call->h->counters.ecr, 1, memory_order_relaxed);
    if (ecr_read(call, &e, &fault) != E_OK) {
        return s6a_refuse(call, REFUSAL_MALFORMED, &fault, NULL, NULL);
    }
    if (onboarding_is_asked(&e.msg)) {
        return onboarding_serve(call, &e.msg, &e.asked, is_black(call, &e));
    }
    const struct imsi *imsi = e.asked.has_imsi ? &e.asked.imsi : NULL;
    if (!call->h->config->eir.enabled) {
        return ecr_without_lists(call, &e);
    }
    enum err err = ecr_verdict(call->h->config, call->eir, call->reader, &e.asked.imei, imsi,
                               &e.rule, &e.list, &e.verdict);
    if (err != E_OK) {
        return s6a_refuse(call, s6a_store_refusal(err), NULL, imsi, &e.asked.imei);
    }
    count(call, &e.verdict);
    tell(call, &e);
    return ecr_answer(call, &e);
}
