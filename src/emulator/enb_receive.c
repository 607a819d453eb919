/* What the MME sends: read, checked against the state of the interface and of the connection that
 * it names (TS 36.413 10.6), and only then carried out. */
#include "crypto/crypto.h"
#include "emulator/enb_parts.h"
#include <string.h>

#define CAUSE_STATE    S1AP_CAUSE_OF(PROTOCOL, S1AP_PROTOCOL_MESSAGE_NOT_COMPATIBLE_WITH_STATE)
#define CAUSE_NO_ENB   S1AP_CAUSE_OF(RADIO_NETWORK, S1AP_RADIO_UNKNOWN_ENB_UE_S1AP_ID)
#define CAUSE_NO_MME   S1AP_CAUSE_OF(RADIO_NETWORK, S1AP_RADIO_UNKNOWN_MME_UE_S1AP_ID)
#define CAUSE_PAIR     S1AP_CAUSE_OF(RADIO_NETWORK, S1AP_RADIO_UNKNOWN_PAIR_UE_S1AP_ID)
#define CAUSE_RADIO    S1AP_CAUSE_OF(RADIO_NETWORK, S1AP_RADIO_FAILURE_IN_RADIO_INTERFACE_PROCEDURE)
#define CAUSE_LOST     S1AP_CAUSE_OF(RADIO_NETWORK, S1AP_RADIO_RADIO_CONNECTION_WITH_UE_LOST)
#define CAUSE_E_RAB_ID S1AP_CAUSE_OF(RADIO_NETWORK, S1AP_RADIO_MULTIPLE_E_RAB_ID_INSTANCES)

#define E_RABS_MAX 16 /* there are no more IDs */

/* ---- whose is it? ---- */

/* The connection of a pair of IDs. The first message of the MME brings its ID. NULL: answered. */
static struct enb_connection *connection_of(const struct enb_in *in, uint32_t mme_id,
                                            uint32_t enb_id)
{
    struct enb *e = in->e;
    struct enb_connection *c = enb_find(e, enb_id);
    const struct enb_ids ids = {.has_mme = true, .has_enb = true, .mme = mme_id, .enb = enb_id};
    if (c == NULL || c->mme != in->mme) {
        enb_tell_fault(e, in->mme, ENB_FAULT_UNKNOWN_CONNECTION, ENB_NO_DEVICE, NULL);
        enb_send_error(e, in->mme, CAUSE_NO_ENB, &ids);
        return NULL;
    }
    if (c->state == ENB_UP && c->mme_id != mme_id) {
        enb_tell_fault(e, in->mme, ENB_FAULT_UNKNOWN_PAIR, c->device, NULL);
        enb_send_error(e, in->mme, CAUSE_PAIR, &ids);
        enb_end(e, c); /* both sides end it locally */
        return NULL;
    }
    c->state = ENB_UP;
    c->mme_id = mme_id;
    return c;
}

/* ---- NAS for the device ---- */

static void not_delivered(const struct enb_in *in, struct enb_connection *c, struct bytes nas)
{
    struct enb *e = in->e;
    struct s1ap_pdu pdu = {.type = S1AP_NAS_NON_DELIVERY_INDICATION};
    pdu.u.nas_non_delivery_indication =
        (struct s1ap_nas_non_delivery_indication){.mme_ue_s1ap_id = c->mme_id,
                                                  .enb_ue_s1ap_id = c->id,
                                                  .has_nas_pdu = true,
                                                  .nas_pdu = nas,
                                                  .has_cause = true,
                                                  .cause = CAUSE_LOST};
    enb_tell_fault(e, in->mme, ENB_FAULT_NOT_DELIVERED, c->device, NULL);
    e->counters.non_deliveries += enb_send_for(e, c, &pdu);
    enb_ask_release(e, c, CAUSE_LOST);
}

static void deliver(const struct enb_in *in, struct enb_connection *c, struct bytes nas)
{
    struct enb *e = in->e;
    const uint32_t id = c->id;
    bool there = c->device != ENB_NO_DEVICE && e->host.downlink(e->host.ctx, c->device, nas);
    c = enb_find(e, id); /* the device may have ended it meanwhile */
    if (!there && c != NULL) {
        not_delivered(in, c, nas);
    }
}

static void on_downlink(const struct enb_in *in)
{
    const struct s1ap_downlink_nas_transport *m = &in->pdu->u.downlink_nas_transport;
    struct enb_connection *c = connection_of(in, m->mme_ue_s1ap_id, m->enb_ue_s1ap_id);
    if (c != NULL) {
        in->e->counters.downlinks++;
        deliver(in, c, m->nas_pdu);
    }
}

/* ---- INITIAL CONTEXT SETUP (8.3.1) ---- */

struct bearers {
    size_t n, failed;
    struct s1ap_e_rab_setup up[E_RABS_MAX];
    struct s1ap_e_rab_failed bad[E_RABS_MAX];
};

/* Of an ID that comes twice both are refused (8.3.1.4). */
static void take_bearers(const struct enb_in *in, const struct enb_connection *c,
                         struct bearers *out)
{
    const struct s1ap_list *list = &in->pdu->u.initial_context_setup_request.e_rabs;
    struct s1ap_cursor at = s1ap_each(list);
    struct s1ap_e_rab_to_be_setup rab;
    unsigned times[E_RABS_MAX] = {0};
    while (s1ap_next_e_rab_to_be_setup(&at, &rab)) {
        times[rab.e_rab_id % E_RABS_MAX]++;
    }
    for (uint8_t id = 0; id < E_RABS_MAX; id++) {
        if (times[id] == 1) {
            out->up[out->n++] = (struct s1ap_e_rab_setup){
                .e_rab_id = id, .address = BYTES_OF(in->e->config.transport), .gtp_teid = c->id};
        } else if (times[id] > 1) {
            out->bad[out->failed++] = (struct s1ap_e_rab_failed){id, CAUSE_E_RAB_ID};
        }
    }
}

static void context_failed(const struct enb_in *in, const struct enb_connection *c,
                           struct s1ap_cause cause)
{
    struct s1ap_pdu pdu = {.type = S1AP_INITIAL_CONTEXT_SETUP_FAILURE};
    pdu.u.initial_context_setup_failure =
        (struct s1ap_initial_context_setup_failure){.has_mme_ue_s1ap_id = true,
                                                    .mme_ue_s1ap_id = c->mme_id,
                                                    .has_enb_ue_s1ap_id = true,
                                                    .enb_ue_s1ap_id = c->id,
                                                    .has_cause = true,
                                                    .cause = cause};
    in->e->counters.contexts_failed++;
    (void)enb_send_for(in->e, c, &pdu);
}

static bool context_response(const struct enb_in *in, const struct enb_connection *c,
                             const struct bearers *b)
{
    struct s1ap_pdu pdu = {.type = S1AP_INITIAL_CONTEXT_SETUP_RESPONSE};
    pdu.u.initial_context_setup_response = (struct s1ap_initial_context_setup_response){
        .has_mme_ue_s1ap_id = true,
        .mme_ue_s1ap_id = c->mme_id,
        .has_enb_ue_s1ap_id = true,
        .enb_ue_s1ap_id = c->id,
        .has_e_rabs = true,
        .e_rabs = {.items = b->up, .n = b->n},
        .has_e_rabs_failed = b->failed > 0,
        .e_rabs_failed = {.items = b->bad, .n = b->failed}};
    return enb_send_for(in->e, c, &pdu);
}

/* Between a real eNB and its device the AS security mode command finds this out. */
static bool same_key(const struct enb_in *in, const struct enb_connection *c)
{
    const struct bytes theirs = in->pdu->u.initial_context_setup_request.security_key;
    struct enb *e = in->e;
    uint8_t ours[32] = {0};
    bool has = c->device != ENB_NO_DEVICE && e->host.kenb(e->host.ctx, c->device, ours);
    bool same = has && crypto_ct_eq(BYTES_OF(ours), theirs);
    wipe(ours, sizeof ours);
    if (!same) {
        enb_tell_fault(e, in->mme, has ? ENB_FAULT_KENB_MISMATCH : ENB_FAULT_KENB_UNKNOWN,
                       c->device, NULL);
    }
    return same;
}

/* The PDUs that came with bearers which stand, in the order of the list. */
static void deliver_all(const struct enb_in *in, uint32_t id, const struct bearers *b)
{
    struct s1ap_cursor at = s1ap_each(&in->pdu->u.initial_context_setup_request.e_rabs);
    struct s1ap_e_rab_to_be_setup rab;
    while (s1ap_next_e_rab_to_be_setup(&at, &rab)) {
        bool stands = false;
        for (size_t i = 0; i < b->n; i++) {
            stands = stands || b->up[i].e_rab_id == rab.e_rab_id;
        }
        struct enb_connection *c = enb_find(in->e, id);
        if (stands && rab.has_nas_pdu && c != NULL) {
            deliver(in, c, rab.nas_pdu);
        }
    }
}

static void on_context_setup(const struct enb_in *in)
{
    const struct s1ap_initial_context_setup_request *m = &in->pdu->u.initial_context_setup_request;
    struct enb *e = in->e;
    struct enb_connection *c = connection_of(in, m->mme_ue_s1ap_id, m->enb_ue_s1ap_id);
    struct bearers b = {.n = 0};
    if (c == NULL) {
        return;
    }
    take_bearers(in, c, &b);
    if (!same_key(in, c) || b.n == 0) {
        context_failed(in, c, b.n == 0 ? CAUSE_E_RAB_ID : CAUSE_RADIO);
        return;
    }
    const uint32_t id = c->id, device = c->device;
    const struct enb_told told = {
        .kind = ENB_TOLD_CONTEXT, .mme = in->mme, .device = device, .bearers = (uint32_t)b.n};
    if (!context_response(in, c, &b)) {
        return;
    }
    e->counters.contexts++;
    enb_tell(e, &told);
    deliver_all(in, id, &b);
    if (enb_find(e, id) != NULL) {
        e->host.lower(e->host.ctx, device, BINDERY_UE_LOWER_BEARERS);
    }
}

/* ---- UE CONTEXT RELEASE COMMAND (8.3.3) ---- */

static struct enb_connection *to_release(const struct enb_in *in, const struct s1ap_ue_ids *ids)
{
    if (ids->kind == S1AP_UE_IDS_PAIR) {
        return connection_of(in, ids->mme_ue_s1ap_id, ids->enb_ue_s1ap_id);
    }
    struct enb_connection *c = enb_find_mme(in->e, in->mme, ids->mme_ue_s1ap_id);
    if (c == NULL) {
        const struct enb_ids named = {.has_mme = true, .mme = ids->mme_ue_s1ap_id};
        enb_tell_fault(in->e, in->mme, ENB_FAULT_UNKNOWN_CONNECTION, ENB_NO_DEVICE, NULL);
        enb_send_error(in->e, in->mme, CAUSE_NO_MME, &named);
    }
    return c;
}

static void on_release(const struct enb_in *in)
{
    const struct s1ap_ue_context_release_command *m = &in->pdu->u.ue_context_release_command;
    struct enb *e = in->e;
    struct enb_connection *c = to_release(in, &m->ue_ids);
    struct s1ap_pdu pdu = {.type = S1AP_UE_CONTEXT_RELEASE_COMPLETE};
    if (c == NULL) {
        return;
    }
    const struct enb_told told = {.kind = ENB_TOLD_RELEASED,
                                  .mme = in->mme,
                                  .device = c->device,
                                  .has_cause = m->has_cause,
                                  .cause = m->cause};
    pdu.u.ue_context_release_complete =
        (struct s1ap_ue_context_release_complete){.has_mme_ue_s1ap_id = true,
                                                  .mme_ue_s1ap_id = c->mme_id,
                                                  .has_enb_ue_s1ap_id = true,
                                                  .enb_ue_s1ap_id = c->id};
    (void)enb_send_for(e, c, &pdu);
    e->counters.releases++;
    enb_tell(e, &told);
    enb_end(e, c);
}

/* ---- ERROR INDICATION (8.7.2) ---- */

static bool ends_connection(const struct s1ap_error_indication *m)
{
    return m->has_cause && m->cause.group == S1AP_CAUSE_RADIO_NETWORK &&
           (m->cause.value == S1AP_RADIO_UNKNOWN_MME_UE_S1AP_ID ||
            m->cause.value == S1AP_RADIO_UNKNOWN_ENB_UE_S1AP_ID ||
            m->cause.value == S1AP_RADIO_UNKNOWN_PAIR_UE_S1AP_ID);
}

static void on_error(const struct enb_in *in)
{
    const struct s1ap_error_indication *m = &in->pdu->u.error_indication;
    struct enb *e = in->e;
    struct enb_connection *c = m->has_enb_ue_s1ap_id ? enb_find(e, m->enb_ue_s1ap_id) : NULL;
    if (c != NULL && c->mme != in->mme) {
        c = NULL;
    }
    e->counters.error_indications_received++;
    enb_tell_fault(e, in->mme, ENB_FAULT_ERROR_INDICATION, c != NULL ? c->device : ENB_NO_DEVICE,
                   m->has_cause ? &m->cause : NULL);
    if (c != NULL && ends_connection(m)) {
        enb_end(e, c); /* the other side knows nothing of it: there is nothing to ask for */
    }
}

/* ---- all of them ---- */

typedef void handler(const struct enb_in *in);

/* What an eNB receives; anything else is the MME's to receive. */
static handler *const handlers[S1AP_MESSAGE_COUNT] = {
    [S1AP_S1_SETUP_RESPONSE] = enb_setup_response,
    [S1AP_S1_SETUP_FAILURE] = enb_setup_failure,
    [S1AP_DOWNLINK_NAS_TRANSPORT] = on_downlink,
    [S1AP_INITIAL_CONTEXT_SETUP_REQUEST] = on_context_setup,
    [S1AP_UE_CONTEXT_RELEASE_COMMAND] = on_release,
    [S1AP_RESET] = enb_on_reset,
    [S1AP_RESET_ACKNOWLEDGE] = enb_on_reset_acknowledge,
    [S1AP_ERROR_INDICATION] = on_error,
    [S1AP_OVERLOAD_START] = enb_on_overload_start,
    [S1AP_OVERLOAD_STOP] = enb_on_overload_stop,
    [S1AP_REROUTE_NAS_REQUEST] = enb_on_reroute,
};

static bool is_setup(enum s1ap_message type)
{
    return type == S1AP_S1_SETUP_RESPONSE || type == S1AP_S1_SETUP_FAILURE ||
           type == S1AP_ERROR_INDICATION;
}

/* INITIAL CONTEXT SETUP has a failure of its own to carry what was wrong (10.3.4.1). */
static bool fail_context(const struct enb_in *in)
{
    const struct s1ap_fault *f = in->fault;
    const struct enb_connection *c =
        f->has_enb_ue_s1ap_id ? enb_find(in->e, f->enb_ue_s1ap_id) : NULL;
    struct s1ap_pdu pdu = {.type = S1AP_INITIAL_CONTEXT_SETUP_FAILURE};
    if (!f->has_procedure || f->procedure != S1AP_PROC_INITIAL_CONTEXT_SETUP || c == NULL ||
        !f->has_mme_ue_s1ap_id || c->mme != in->mme ||
        (c->state == ENB_UP && c->mme_id != f->mme_ue_s1ap_id)) {
        return false;
    }
    pdu.u.initial_context_setup_failure =
        (struct s1ap_initial_context_setup_failure){.has_mme_ue_s1ap_id = true,
                                                    .mme_ue_s1ap_id = f->mme_ue_s1ap_id,
                                                    .has_enb_ue_s1ap_id = true,
                                                    .enb_ue_s1ap_id = c->id,
                                                    .has_cause = true,
                                                    .cause = s1ap_fault_cause(f),
                                                    .has_diagnostics = true,
                                                    .diagnostics = s1ap_fault_diagnostics(f)};
    in->e->counters.contexts_failed++;
    (void)enb_send_for(in->e, c, &pdu);
    return true;
}

static void report(const struct enb_in *in, enum enb_fault name)
{
    const struct s1ap_cause cause = s1ap_fault_cause(in->fault);
    enb_tell_fault(in->e, in->mme, name, ENB_NO_DEVICE, &cause);
    if (in->fault->report && !fail_context(in)) {
        const struct s1ap_pdu pdu = s1ap_fault_indication(in->fault);
        in->e->counters.error_indications_sent += enb_send(in->e, in->mme, 0, &pdu);
    }
}

void enb_receive(struct enb *e, unsigned mme, uint64_t now_ms, struct bytes message)
{
    struct s1ap_pdu pdu;
    struct s1ap_fault fault;
    const struct enb_in in = {.e = e, .mme = mme, .now = now_ms, .pdu = &pdu, .fault = &fault};
    if (e->link[mme].state == ENB_LINK_DOWN) {
        return;
    }
    if (s1ap_parse(message, &pdu, &fault) != E_OK) {
        report(&in, ENB_FAULT_UNREADABLE);
        return;
    }
    if (handlers[pdu.type] == NULL ||
        (e->link[mme].state != ENB_LINK_READY && !is_setup(pdu.type))) {
        const struct enb_ids none = {.has_mme = false};
        enb_tell_fault(e, mme, ENB_FAULT_UNEXPECTED, ENB_NO_DEVICE, NULL);
        enb_send_error(e, mme, CAUSE_STATE, &none);
        return;
    }
    if (fault.kind == S1AP_FAULT_NOTIFY) {
        report(&in, ENB_FAULT_NOT_UNDERSTOOD);
    }
    handlers[pdu.type](&in);
}
