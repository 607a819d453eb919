#include "nf/mmed/hss_parts.h"
#include "wire/refusal_wire.h"
#include "wire/s6a_aka.h"

#include <stdio.h>
#include <string.h>

static void cancel_ues(struct hss *h, const struct imsi *imsi, const struct s6a_clr *clr)
{
    struct emm_event event = {.kind = EMM_CANCEL,
                              .cancellation_type = (uint8_t)clr->cancellation_type.v,
                              .reattach = (clr->clr_flags.v & S6A_CLR_REATTACH_REQUIRED) != 0};
    struct ue *ue = ue_table_by_imsi(h->m->ues, imsi);
    while (ue != NULL) {
        struct ue *next = ue_table_next_by_imsi(ue);
        mmed_step(h->m, ue, &event);
        ue = next;
    }
}

/* Only a peer of the subscriber's own home network may cancel. */
static bool may_cancel(const struct hss *h, const struct hss_peer *peer, const struct imsi *imsi)
{
    const struct mmed_home *home = mmed_config_home(h->m->config, imsi->digits);
    for (size_t i = 0; home != NULL && i < home->n_peers; i++) {
        if (h->peers[home->peers[i]] == peer) {
            return true;
        }
    }
    return false;
}

static enum refusal serve_clr(struct hss *h, struct hss_peer *peer, struct bytes msg,
                              struct mbytes out, size_t *n, struct diameter_fault *fault)
{
    struct s6a_clr clr;
    struct s6a_cla cla;
    struct imsi imsi;
    const struct mmed_config *c = h->m->config;
    if (s6a_clr_parse(c->vendor_id, msg, &clr, fault) != E_OK ||
        wire_user_name(c->vendor_id, msg, clr.request.user_name, &imsi, fault) != E_OK) {
        return REFUSAL_MALFORMED;
    }
    if (!may_cancel(h, peer, &imsi)) {
        return REFUSAL_ORIGIN_NOT_ALLOWED;
    }
    cla = (struct s6a_cla){.answer = {.header = {0}}};
    s6a_answer_begin(&cla.answer, &clr.request, bytes_of_str(c->origin_host),
                     bytes_of_str(c->origin_realm));
    s6a_answer_result(&cla.answer, DIAMETER_SUCCESS);
    if (s6a_cla_write(c->vendor_id, &cla, out, n) != E_OK) {
        return REFUSAL_CRYPTO_FAILED;
    }
    cancel_ues(h, &imsi, &clr);
    return REFUSAL_NONE;
}

/* ---- what the home network changes (TS 29.272 5.2.2) ------------------------------------------
 */

struct asked {
    struct hss *h;
    struct hss_peer *peer;
    struct bytes msg;
    struct mbytes out;
    size_t n;
    struct diameter_fault fault;
};

static bool is_here(const struct hss *h, const struct imsi *imsi)
{
    const struct ue *ue = ue_table_by_imsi(h->m->ues, imsi);
    while (ue != NULL && !emm_ue_is_located(ue->emm)) {
        ue = ue_table_next_by_imsi(ue);
    }
    return ue != NULL;
}

static void begin_answer(struct asked *a, const struct s6a_request *request, bool known,
                         struct s6a_answer *out)
{
    const struct mmed_config *c = a->h->m->config;
    s6a_answer_begin(out, request, bytes_of_str(c->origin_host), bytes_of_str(c->origin_realm));
    if (known) {
        s6a_answer_result(out, DIAMETER_SUCCESS);
    } else {
        s6a_answer_experimental(out, S6A_USER_UNKNOWN);
    }
}

static void step_all(struct hss *h, const struct imsi *imsi, const struct emm_event *event)
{
    struct ue *ue = ue_table_by_imsi(h->m->ues, imsi);
    while (ue != NULL) {
        struct ue *next = ue_table_next_by_imsi(ue);
        if (emm_ue_is_located(ue->emm)) {
            mmed_step(h->m, ue, event);
        }
        ue = next;
    }
}

static void tell_change(struct asked *a, const struct imsi *imsi, const char *name)
{
    const struct emm_who who = {.has_imsi = true, .authenticated = true, .imsi = *imsi};
    mmed_event(a->h->m, name, &who, NULL, a->peer->origin_host);
}

static enum refusal serve_idr(struct asked *a)
{
    static struct s6a_idr idr;
    struct s6a_ida ida = {.answer = {.header = {0}}};
    struct imsi imsi;
    struct emm_change change;
    const uint32_t own = a->h->m->config->vendor_id;
    if (s6a_idr_parse(own, a->msg, &idr, &a->fault) != E_OK ||
        wire_user_name(own, a->msg, idr.request.user_name, &imsi, &a->fault) != E_OK) {
        return REFUSAL_MALFORMED;
    }
    if (!may_cancel(a->h, a->peer, &imsi)) {
        return REFUSAL_ORIGIN_NOT_ALLOWED;
    }
    const bool known = is_here(a->h, &imsi);
    begin_answer(a, &idr.request, known, &ida.answer);
    if (s6a_ida_write(own, &ida, a->out, &a->n) != E_OK) {
        return REFUSAL_CRYPTO_FAILED;
    }
    const bool barred = hss_read_change(&idr.subscription_data, &change);
    const struct emm_event changed = {.kind = EMM_CHANGED, .change = &change};
    const struct emm_event ends = {
        .kind = EMM_CANCEL, .cancellation_type = S6A_SUBSCRIPTION_WITHDRAWAL, .by_operator = true};
    if (known) {
        tell_change(a, &imsi, "subscription-inserted");
        step_all(a->h, &imsi, barred ? &ends : &changed);
    }
    return REFUSAL_NONE;
}

static enum refusal serve_dsr(struct asked *a)
{
    static struct s6a_dsr dsr;
    struct s6a_dsa dsa = {.answer = {.header = {0}}};
    struct imsi imsi;
    struct emm_change change = {.has_ambr = false};
    const struct emm_event changed = {.kind = EMM_CHANGED, .change = &change};
    const uint32_t own = a->h->m->config->vendor_id;
    if (s6a_dsr_parse(own, a->msg, &dsr, &a->fault) != E_OK ||
        wire_user_name(own, a->msg, dsr.request.user_name, &imsi, &a->fault) != E_OK) {
        return REFUSAL_MALFORMED;
    }
    if (!may_cancel(a->h, a->peer, &imsi)) {
        return REFUSAL_ORIGIN_NOT_ALLOWED;
    }
    const bool known = is_here(a->h, &imsi);
    begin_answer(a, &dsr.request, known, &dsa.answer);
    if (s6a_dsa_write(own, &dsa, a->out, &a->n) != E_OK) {
        return REFUSAL_CRYPTO_FAILED;
    }
    /* Of what a DSR can take away only APN configurations are kept here. */
    _Static_assert(EMM_WITHDRAWN_MAX >= S6A_CONTEXTS_MAX, "all of a DSR");
    if ((dsr.dsr_flags.v & S6A_DSR_PDN_SUBSCRIPTION_CONTEXTS) != 0) {
        for (size_t i = 0; i < dsr.context_identifier_n; i++) {
            change.withdrawn[change.n_withdrawn++] = dsr.context_identifier[i].v;
        }
    }
    if (known) {
        tell_change(a, &imsi, "subscription-deleted-data");
        step_all(a->h, &imsi, &changed);
    }
    return REFUSAL_NONE;
}

/* ---- what the home network may have forgotten (5.2.3) -----------------------------------------
 */

struct resetting {
    const struct asked *a;
    const struct s6a_rsr *rsr;
    size_t n;
};

static bool is_meant(const struct s6a_rsr *rsr, const struct imsi *imsi)
{
    bool meant = rsr->user_id_n == 0;
    for (size_t i = 0; !meant && i < rsr->user_id_n; i++) {
        const struct bytes *id = &rsr->user_id[i];
        meant = id->n <= imsi->n && memcmp(id->p, imsi->digits, id->n) == 0;
    }
    return meant;
}

static void reset_one(void *ctx, struct ue *ue)
{
    struct resetting *x = ctx;
    if (ue->has_imsi && is_meant(x->rsr, &ue->imsi) && may_cancel(x->a->h, x->a->peer, &ue->imsi)) {
        x->n += emm_ue_reset(ue->emm);
    }
}

static enum refusal serve_rsr(struct asked *a)
{
    static struct s6a_rsr rsr;
    struct s6a_rsa rsa = {.answer = {.header = {0}}};
    struct resetting x = {.a = a, .rsr = &rsr};
    char detail[320];
    const uint32_t own = a->h->m->config->vendor_id;
    if (s6a_rsr_parse(own, a->msg, &rsr, &a->fault) != E_OK) {
        return REFUSAL_MALFORMED;
    }
    begin_answer(a, &rsr.request, true, &rsa.answer);
    if (s6a_rsa_write(own, &rsa, a->out, &a->n) != E_OK) {
        return REFUSAL_CRYPTO_FAILED;
    }
    ue_table_each(a->h->m->ues, reset_one, &x);
    (void)snprintf(detail, sizeof detail, "%s: %zu registrations are to be confirmed",
                   a->peer->origin_host, x.n);
    mmed_event(a->h->m, "reset-received", NULL, NULL, detail);
    return REFUSAL_NONE;
}

static enum refusal serve(struct asked *a, const struct diameter_header *head)
{
    if (head->application != DIAMETER_APP_S6A) {
        return REFUSAL_COMMAND_NOT_ALLOWED;
    }
    switch (head->command) {
    case S6A_CANCEL_LOCATION:
        return serve_clr(a->h, a->peer, a->msg, a->out, &a->n, &a->fault);
    case S6A_INSERT_SUBSCRIBER_DATA:
        return serve_idr(a);
    case S6A_DELETE_SUBSCRIBER_DATA:
        return serve_dsr(a);
    case S6A_RESET:
        return serve_rsr(a);
    default:
        return REFUSAL_COMMAND_NOT_ALLOWED;
    }
}

void hss_on_request(void *ctx, struct node_conn *conn, const struct diameter_header *head,
                    struct bytes msg)
{
    struct hss *h = ctx;
    uint8_t out[4096];
    struct asked a = {.h = h, .peer = node_conn_ctx(conn), .msg = msg, .out = MBYTES_OF(out)};
    const struct wire_origin origin = {bytes_of_str(h->m->config->origin_host),
                                       bytes_of_str(h->m->config->origin_realm)};
    enum refusal why = serve(&a, head);
    if (why != REFUSAL_NONE) {
        mmed_tell(h->m, NULL, why, a.peer->origin_host);
        if (wire_refusal_answer(msg, why, &a.fault, &origin, a.out, &a.n) != E_OK) {
            a.n = 0;
        }
    }
    if (a.n == 0 || node_send(h->node, conn, (struct bytes){out, a.n}) != E_OK) {
        node_no_answer(h->node, conn);
    }
}
