#include "nf/mmed/s1.h"
#include "nf/mmed/s1_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- eNBs come and go ------------------------------------------------------------------------ */

static bool let_in(void *ctx, const struct address *at, const struct address *peer, void **own)
{
    struct s1 *s = ctx;
    (void)at;
    *own = NULL;
    bool in = mmed_config_lets_in(s->m->config, peer) && s->n_enbs < s->m->config->limits.enbs;
    if (!in) {
        struct address_text text = address_print(peer);
        s->m->counters.s1_setups_refused++;
        mmed_tell(s->m, NULL, REFUSAL_ENB_ADDRESS, text.s);
    }
    return in;
}

static void on_up(void *ctx, struct assoc *a)
{
    struct s1 *s = ctx;
    struct enb *enb = calloc(1, sizeof *enb);
    if (enb == NULL) {
        assoc_abort(a);
        return;
    }
    enb->handle = assoc_handle_of(a);
    enb->address = address_print(assoc_peer(a));
    enb->next = s->enbs;
    if (s->enbs != NULL) {
        s->enbs->prev = enb;
    }
    s->enbs = enb;
    s->n_enbs++;
    assoc_set_ctx(a, enb);
    mmed_event(s->m, "enb-connected", NULL, NULL, enb->address.s);
}

static void unlink_enb(struct s1 *s, struct enb *enb)
{
    if (enb->prev != NULL) {
        enb->prev->next = enb->next;
    } else {
        s->enbs = enb->next;
    }
    if (enb->next != NULL) {
        enb->next->prev = enb->prev;
    }
    s->n_enbs--;
}

static void on_down(void *ctx, struct assoc *a, enum assoc_cause why)
{
    struct s1 *s = ctx;
    struct enb *enb = assoc_ctx(a);
    if (enb == NULL) {
        return;
    }
    mmed_event(s->m, "enb-lost", NULL, assoc_cause_name(why),
               enb->name[0] != '\0' ? enb->name : enb->address.s);
    while (enb->ues.first != NULL) {
        s1_lose_ue(s, enb->ues.first);
    }
    unlink_enb(s, enb);
    assoc_set_ctx(a, NULL);
    free(enb);
}

/* ---- messages -------------------------------------------------------------------------------- */

static void ignore(struct s1_run *r)
{
    (void)r;
}

/* What an eNB may send; NULL: not to an MME, or not this one. */
static void (*const handlers[S1AP_MESSAGE_COUNT])(struct s1_run *r) = {
    [S1AP_S1_SETUP_REQUEST] = s1_on_setup_request,
    [S1AP_INITIAL_UE_MESSAGE] = s1_on_initial,
    [S1AP_UPLINK_NAS_TRANSPORT] = s1_on_uplink,
    [S1AP_NAS_NON_DELIVERY_INDICATION] = s1_on_undelivered,
    [S1AP_INITIAL_CONTEXT_SETUP_RESPONSE] = s1_on_context_set,
    [S1AP_INITIAL_CONTEXT_SETUP_FAILURE] = s1_on_context_failed,
    [S1AP_UE_CONTEXT_RELEASE_REQUEST] = s1_on_release_request,
    [S1AP_UE_CONTEXT_RELEASE_COMPLETE] = ignore, /* the command ended the connection here */
    [S1AP_UE_CAPABILITY_INFO_INDICATION] = ignore,
    [S1AP_RESET] = s1_on_reset,
    [S1AP_RESET_ACKNOWLEDGE] = ignore,
    [S1AP_ERROR_INDICATION] = s1_on_error_indication,
};

static void answer_fault(struct s1_run *r, const struct s1ap_fault *fault)
{
    if (!fault->report) {
        return;
    }
    if (fault->has_procedure && fault->procedure == S1AP_PROC_S1_SETUP &&
        fault->kind != S1AP_FAULT_NOTIFY) {
        struct s1ap_pdu failure = {.type = S1AP_S1_SETUP_FAILURE};
        failure.u.s1_setup_failure =
            (struct s1ap_s1_setup_failure){.has_cause = true,
                                           .cause = s1ap_fault_cause(fault),
                                           .has_diagnostics = true,
                                           .diagnostics = s1ap_fault_diagnostics(fault)};
        s1_send(r->s, r->a, 0, &failure);
        return;
    }
    struct s1ap_pdu indication = s1ap_fault_indication(fault);
    s1_send(r->s, r->a, r->stream, &indication);
}

static void dispatch(struct s1_run *r)
{
    void (*handler)(struct s1_run *) = handlers[r->pdu->type];
    if (!r->enb->set_up && r->pdu->type == S1AP_ERROR_INDICATION) {
        return; /* never answered with another one */
    }
    if (handler == NULL) {
        s1_refuse(r, REFUSAL_S1_STATE, S1AP_CAUSE_OF(PROTOCOL, S1AP_PROTOCOL_SEMANTIC_ERROR));
    } else if (!r->enb->set_up && r->pdu->type != S1AP_S1_SETUP_REQUEST) {
        s1_refuse(r, REFUSAL_ENB_NOT_SET_UP,
                  S1AP_CAUSE_OF(PROTOCOL, S1AP_PROTOCOL_MESSAGE_NOT_COMPATIBLE_WITH_STATE));
    } else {
        handler(r);
    }
}

static void on_message(void *ctx, struct assoc *a, const struct assoc_message *msg)
{
    struct s1 *s = ctx;
    struct s1ap_pdu pdu;
    struct s1ap_fault fault;
    struct s1_run r = {.s = s,
                       .m = s->m,
                       .a = a,
                       .enb = assoc_ctx(a),
                       .octets = msg->octets,
                       .stream = msg->stream,
                       .pdu = &pdu};
    if (r.enb == NULL) {
        return;
    }
    if (msg->ppid != ASSOC_PPID_S1AP) {
        s->m->counters.s1_refused++;
        mmed_tell(s->m, NULL, REFUSAL_S1_MALFORMED, "not S1AP by its PPID");
        return;
    }
    mmed_trace_s1ap(s->m, a, false, msg->octets);
    enum err err = s1ap_parse(msg->octets, &pdu, &fault);
    if (err != E_OK || fault.kind == S1AP_FAULT_NOTIFY) {
        s->m->counters.s1_refused++;
        mmed_tell(s->m, NULL, REFUSAL_S1_MALFORMED, s1ap_fault_name(fault.kind));
        answer_fault(&r, &fault);
    }
    if (err == E_OK) {
        dispatch(&r);
    }
}

/* ---- opening --------------------------------------------------------------------------------- */

static enum err listen_all(struct s1 *s)
{
    const struct mmed_config *c = s->m->config;
    for (size_t i = 0; i < c->n_listeners; i++) {
        enum err err = assoc_listen(s->set, &c->listeners[i].address, &s->bound[i]);
        struct address_text text = address_print(&c->listeners[i].address);
        if (err != E_OK) {
            const struct log_field fields[] = {LOG_FIELD_STR("address", text.s),
                                               LOG_FIELD_STR("why", err_sentence(err))};
            log_line(s->m->log, LOG_LEVEL_ERROR, "listener-failed", fields, 2);
            return err;
        }
    }
    return E_OK;
}

enum err s1_open(struct mmed *m, struct s1 **out)
{
    struct s1 *s = calloc(1, sizeof *s);
    struct assoc_config config = assoc_config_default();
    if (s == NULL) {
        return E_MEMORY;
    }
    s->m = m;
    s->callbacks = (struct assoc_callbacks){
        .accept = let_in, .up = on_up, .down = on_down, .message = on_message};
    config.associations_max = m->config->limits.enbs;
    config.callbacks = &s->callbacks;
    config.ctx = s;
    s->bound = calloc(m->config->n_listeners + 1, sizeof *s->bound);
    enum err err = s->bound == NULL ? E_MEMORY : assoc_set_open(&config, &s->set);
    if (err == E_OK) {
        err = listen_all(s);
    }
    if (err != E_OK) {
        s1_close(s);
        return err;
    }
    *out = s;
    return E_OK;
}

void s1_close(struct s1 *s)
{
    if (s == NULL) {
        return;
    }
    if (s->set != NULL) {
        assoc_set_close(s->set);
    }
    while (s->enbs != NULL) {
        struct enb *enb = s->enbs;
        while (enb->ues.first != NULL) {
            ue_disconnect(s->m->ues, enb->ues.first);
        }
        s->enbs = enb->next;
        free(enb);
    }
    free(s->bound);
    free(s);
}

int s1_fd(const struct s1 *s)
{
    return assoc_fd(s->set);
}

int s1_wait_ms(const struct s1 *s)
{
    return assoc_wait_ms(s->set);
}

enum err s1_poll(struct s1 *s)
{
    return assoc_poll(s->set, 0);
}

void s1_each_enb(const struct s1 *s, void (*fn)(void *arg, const struct enb *e), void *arg)
{
    for (const struct enb *e = s->enbs; e != NULL; e = e->next) {
        fn(arg, e);
    }
}

bool s1_bound(const struct s1 *s, size_t i, struct address *out)
{
    if (i >= s->m->config->n_listeners) {
        return false;
    }
    *out = s->bound[i];
    return true;
}
