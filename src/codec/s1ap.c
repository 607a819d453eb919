#include "codec/s1ap.h"
#include "codec/s1ap_table.h"
#include <string.h>

/* ---- reading ---- */

struct envelope {
    uint8_t procedure;
    enum s1ap_outcome outcome;
    enum s1ap_criticality criticality;
    struct bytes value;
};

/* S1AP-PDU (9.3.2). An alternative beyond the three has no meaning that could be answered. */
static enum err get_envelope(struct s1ap_get *g, struct envelope *out)
{
    uint32_t choice = per_rd_index(&g->r, 3, true);
    if (g->r.err == E_OK && choice > S1AP_UNSUCCESSFUL) {
        return E_BAD_VALUE;
    }
    out->outcome = (enum s1ap_outcome)choice;
    out->procedure = (uint8_t)per_rd_whole(&g->r, 0, 255);
    out->criticality = (enum s1ap_criticality)per_rd_index(&g->r, 3, false);
    if (g->r.err == E_OK) {
        g->fault->has_procedure = true;
        g->fault->procedure = out->procedure;
        g->fault->outcome = out->outcome;
        g->fault->criticality = out->criticality;
        g->fault->place = (g->r.bit + 7) / 8;
    }
    out->value = per_rd_octets(&g->r);
    return g->r.err != E_OK ? g->r.err : per_rd_end(&g->r);
}

static enum err get_content(struct s1ap_get *g, const struct envelope *e, struct s1ap_pdu *out)
{
    out->type = s1ap_message_of(e->procedure, e->outcome);
    const struct s1ap_message_info *info = s1ap_message_info(out->type);
    if (info == NULL) {
        g->fault->kind = S1AP_FAULT_UNKNOWN_PROCEDURE;
        return E_UNSUPPORTED;
    }
    struct s1ap_get in = {.r = per_rd_of(e->value), .fault = g->fault};
    in.base = e->value.n == 0 ? 0 : (size_t)(e->value.p - g->r.p);
    bool more = per_rd_bits(&in.r, 1) != 0;
    s1ap_get_ies(&in, info->table, 0, &out->u);
    if (more) {
        per_rd_skip_additions(&in.r);
    }
    if (in.r.err != E_OK) {
        return in.r.err;
    }
    enum err end = per_rd_end(&in.r);
    if (end != E_OK || !in.reject) {
        return end;
    }
    return g->fault->kind == S1AP_FAULT_IE_MISSING ? E_MISSING : E_UNKNOWN;
}

/* Clause 10.3: who is told. An outcome that cannot be accepted ends its procedure locally, a fault
 * in an ERROR INDICATION is never answered, a procedure with criticality ignore is passed over. */
static bool owed(const struct s1ap_fault *f)
{
    if (f->kind == S1AP_FAULT_NONE ||
        (f->has_procedure && f->procedure == S1AP_PROC_ERROR_INDICATION)) {
        return false;
    }
    if (f->kind == S1AP_FAULT_UNKNOWN_PROCEDURE) {
        return f->criticality != S1AP_IGNORE;
    }
    return f->kind == S1AP_FAULT_TRANSFER_SYNTAX || f->kind == S1AP_FAULT_NOTIFY ||
           f->outcome == S1AP_INITIATING;
}

enum err s1ap_parse(struct bytes in, struct s1ap_pdu *out, struct s1ap_fault *fault)
{
    struct s1ap_get g = {.r = per_rd_of(in), .fault = fault};
    struct envelope envelope;
    memset(out, 0, sizeof *out);
    memset(fault, 0, sizeof *fault);
    enum err e = get_envelope(&g, &envelope);
    if (e == E_OK) {
        e = get_content(&g, &envelope, out);
    }
    if (e == E_TRUNCATED || e == E_TRAILING || e == E_BAD_VALUE || e == E_BAD_LENGTH) {
        fault->kind = S1AP_FAULT_TRANSFER_SYNTAX;
    }
    fault->report = owed(fault);
    if (e != E_OK) {
        memset(out, 0, sizeof *out);
    }
    return e;
}

/* ---- writing ---- */

enum err s1ap_write(const struct s1ap_pdu *in, struct mbytes out, size_t *n)
{
    static const enum s1ap_criticality criticalities[] = {
#define X(name, code, criticality, text) [S1AP_PROC_##name] = (criticality),
        S1AP_PROCEDURES(X)
#undef X
    };
    struct per_wr w = per_wr_of(out);
    const struct s1ap_message_info *info = s1ap_message_info(in->type);
    if (info == NULL) {
        return E_BAD_VALUE;
    }
    per_wr_index(&w, info->outcome, 3, true);
    per_wr_whole(&w, info->procedure, 0, 255);
    per_wr_index(&w, criticalities[info->procedure], 3, false);
    size_t mark = per_wr_open(&w);
    per_wr_bits(&w, 0, 1);
    s1ap_put_ies(&w, info->table, 0, &in->u);
    per_wr_close(&w, mark);
    struct bytes done = per_wr_done(&w);
    if (w.err == E_OK) {
        *n = done.n;
    }
    return w.err;
}

/* ---- faults ---- */

struct s1ap_cause s1ap_fault_cause(const struct s1ap_fault *fault)
{
    static const enum s1ap_cause_protocol values[] = {
#define X(name, text, cause) [S1AP_FAULT_##name] = S1AP_PROTOCOL_##cause,
        S1AP_FAULTS(X)
#undef X
    };
    /* 10.3.4.1: a procedure that was to be passed over with a notice has the notice's cause. */
    if (fault->kind == S1AP_FAULT_UNKNOWN_PROCEDURE && fault->criticality == S1AP_NOTIFY) {
        return S1AP_CAUSE_OF(PROTOCOL, S1AP_PROTOCOL_ABSTRACT_SYNTAX_ERROR_IGNORE_AND_NOTIFY);
    }
    return S1AP_CAUSE_OF(PROTOCOL, values[fault->kind]);
}

struct s1ap_criticality_diagnostics s1ap_fault_diagnostics(const struct s1ap_fault *fault)
{
    size_t n = fault->n < S1AP_FAULT_IES ? fault->n : S1AP_FAULT_IES;
    return (struct s1ap_criticality_diagnostics){
        .has_procedure_code = fault->has_procedure,
        .procedure_code = fault->procedure,
        .has_triggering_message = fault->has_procedure,
        .triggering_message = fault->outcome,
        .has_procedure_criticality = fault->has_procedure,
        .procedure_criticality = fault->criticality,
        .has_ies = n > 0,
        .ies = {.items = fault->ies, .n = n},
    };
}

struct s1ap_pdu s1ap_fault_indication(const struct s1ap_fault *fault)
{
    struct s1ap_pdu pdu = {.type = S1AP_ERROR_INDICATION};
    struct s1ap_error_indication *e = &pdu.u.error_indication;
    e->has_mme_ue_s1ap_id = fault->has_mme_ue_s1ap_id;
    e->mme_ue_s1ap_id = fault->mme_ue_s1ap_id;
    e->has_enb_ue_s1ap_id = fault->has_enb_ue_s1ap_id;
    e->enb_ue_s1ap_id = fault->enb_ue_s1ap_id;
    e->has_cause = true;
    e->cause = s1ap_fault_cause(fault);
    e->has_diagnostics = fault->has_procedure;
    e->diagnostics = s1ap_fault_diagnostics(fault);
    return pdu;
}

/* ---- lists ---- */

struct s1ap_cursor s1ap_each(const struct s1ap_list *list)
{
    return (struct s1ap_cursor){.list = list, .bit = list->bit};
}

bool s1ap_next_plmn(struct s1ap_cursor *c, struct plmn *out)
{
    return s1ap_next(c, &s1ap_t_served_plmns, out);
}
bool s1ap_next_group_id(struct s1ap_cursor *c, uint16_t *out)
{
    return s1ap_next(c, &s1ap_t_served_group_ids, out);
}
bool s1ap_next_mmec(struct s1ap_cursor *c, uint8_t *out)
{
    return s1ap_next(c, &s1ap_t_served_mmecs, out);
}
bool s1ap_next_gummei(struct s1ap_cursor *c, struct s1ap_gummei *out)
{
    return s1ap_next(c, &s1ap_t_gummeis, out);
}
bool s1ap_next_supported_ta(struct s1ap_cursor *c, struct s1ap_supported_ta *out)
{
    return s1ap_next(c, &s1ap_t_supported_tas, out);
}
bool s1ap_next_served_gummei(struct s1ap_cursor *c, struct s1ap_served_gummei *out)
{
    return s1ap_next(c, &s1ap_t_served_gummeis, out);
}
bool s1ap_next_diagnostic(struct s1ap_cursor *c, struct s1ap_diagnostic *out)
{
    return s1ap_next(c, &s1ap_t_diagnostic_ies, out);
}
bool s1ap_next_connection(struct s1ap_cursor *c, struct s1ap_connection *out)
{
    return s1ap_next(c, &s1ap_t_connections, out);
}
bool s1ap_next_e_rab_to_be_setup(struct s1ap_cursor *c, struct s1ap_e_rab_to_be_setup *out)
{
    return s1ap_next(c, &s1ap_t_e_rabs_to_be_setup, out);
}
bool s1ap_next_e_rab_setup(struct s1ap_cursor *c, struct s1ap_e_rab_setup *out)
{
    return s1ap_next(c, &s1ap_t_e_rabs_setup, out);
}
bool s1ap_next_e_rab_failed(struct s1ap_cursor *c, struct s1ap_e_rab_failed *out)
{
    return s1ap_next(c, &s1ap_t_e_rabs_failed, out);
}

/* ---- the key in a trace ---- */

/* The procedures of which a message holds a key or a NextHop parameter, by code: the second octet
 * of any S1AP-PDU. */
static bool may_hold_key(uint8_t procedure)
{
    enum {
        HANDOVER_RESOURCE_ALLOCATION = 1,
        PATH_SWITCH = 3,
        CONTEXT_MODIFICATION = 21,
        RESUME = 56
    };
    return procedure == S1AP_PROC_INITIAL_CONTEXT_SETUP ||
           procedure == HANDOVER_RESOURCE_ALLOCATION || procedure == PATH_SWITCH ||
           procedure == CONTEXT_MODIFICATION || procedure == RESUME;
}

void s1ap_redact(struct mbytes msg)
{
    struct s1ap_pdu pdu;
    struct s1ap_fault fault;
    enum err e = s1ap_parse((struct bytes){msg.p, msg.n}, &pdu, &fault);
    if (e == E_OK && pdu.type == S1AP_INITIAL_CONTEXT_SETUP_REQUEST) {
        struct bytes key = pdu.u.initial_context_setup_request.security_key;
        wipe(msg.p + (key.p - msg.p), key.n);
    } else if (e != E_OK && msg.n > 2 && may_hold_key(msg.p[1])) {
        wipe(msg.p + 2, msg.n - 2);
    }
}

/* ---- names ---- */

const char *s1ap_fault_name(enum s1ap_fault_kind kind)
{
    static const char *const names[] = {
#define X(name, text, cause) [S1AP_FAULT_##name] = (text),
        S1AP_FAULTS(X)
#undef X
    };
    return (unsigned)kind < sizeof names / sizeof names[0] ? names[kind] : "none";
}

const char *s1ap_message_name(enum s1ap_message type)
{
    const struct s1ap_message_info *info = s1ap_message_info(type);
    return info != NULL ? info->name : NULL;
}

const char *s1ap_procedure_name(unsigned code)
{
    static const char *const names[] = {
#define X(name, value, criticality, text) [S1AP_PROC_##name] = (text),
        S1AP_PROCEDURES(X)
#undef X
    };
    return code < sizeof names / sizeof names[0] ? names[code] : NULL;
}

const char *s1ap_ie_name(unsigned id)
{
    static const char *const names[] = {
#define X(name, value, text) [S1AP_IE_##name] = (text),
        S1AP_IES(X)
#undef X
    };
    return id < sizeof names / sizeof names[0] ? names[id] : NULL;
}

const char *s1ap_cause_group_name(struct s1ap_cause cause)
{
    return (unsigned)cause.group < s1ap_t_cause.n ? s1ap_t_cause.members[cause.group].name : NULL;
}

const char *s1ap_cause_name(struct s1ap_cause cause)
{
    if ((unsigned)cause.group >= s1ap_t_cause.n) {
        return NULL;
    }
    const struct s1ap_type *group = s1ap_t_cause.members[cause.group].type;
    return cause.value < group->n ? group->names[cause.value] : NULL;
}
