#include "nf/mmed/hss_parts.h"
#include "wire/refusal_wire.h"
#include "wire/s6a_aka.h"

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
        if (&h->peers[home->peers[i]] == peer) {
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

void hss_on_request(void *ctx, struct node_conn *conn, const struct diameter_header *head,
                    struct bytes msg)
{
    struct hss *h = ctx;
    uint8_t out[4096];
    size_t n = 0;
    struct diameter_fault fault = {0};
    const struct wire_origin origin = {bytes_of_str(h->m->config->origin_host),
                                       bytes_of_str(h->m->config->origin_realm)};
    bool clr = head->application == DIAMETER_APP_S6A && head->command == S6A_CANCEL_LOCATION;
    enum refusal why = clr ? serve_clr(h, node_conn_ctx(conn), msg, MBYTES_OF(out), &n, &fault)
                           : REFUSAL_COMMAND_NOT_ALLOWED;
    if (why != REFUSAL_NONE) {
        mmed_tell(h->m, NULL, why, ((struct hss_peer *)node_conn_ctx(conn))->config->origin_host);
        if (wire_refusal_answer(msg, why, &fault, &origin, MBYTES_OF(out), &n) != E_OK) {
            n = 0;
        }
    }
    if (n == 0 || node_send(h->node, conn, (struct bytes){out, n}) != E_OK) {
        node_no_answer(h->node, conn);
    }
}
