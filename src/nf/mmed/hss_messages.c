#include "nf/mmed/hss_messages.h"

#include "codec/nas_ie.h"
#include "codec/private.h"
#include "wire/certattach.h"
#include "wire/devid.h"
#include "wire/kme.h"
#include "wire/s6a_aka.h"

#include <stdio.h>
#include <string.h>

/* ---- requests -------------------------------------------------------------------------------- */

#define SESSION_MAX 320
#define QCI_MAX     254
#define QCI_DEFAULT 9 /* of a bearer whose subscription says none, or none that there is */

static void identify(const struct hss_ask *a, struct s6a_request *r,
                     char session[static SESSION_MAX])
{
    snprintf(session, SESSION_MAX, "%s;%u;%u", a->config->origin_host, a->started, a->session);
    r->session_id = bytes_of_str(session);
    r->origin_host = bytes_of_str(a->config->origin_host);
    r->origin_realm = bytes_of_str(a->config->origin_realm);
    r->destination_realm = bytes_of_str(a->realm);
    if (a->imsi != NULL) {
        r->user_name = (struct bytes){(const uint8_t *)a->imsi->digits, a->imsi->n};
    }
}

static void begin(const struct hss_ask *a, struct s6a_request *r, char session[static SESSION_MAX])
{
    s6a_request_begin(r, 0, a->end_to_end);
    identify(a, r, session);
}

/* That we know what Binding-Control is, and report failures; and ask devices for proof. `more`:
 * what this request alone says. */
static void offer_binding(const struct hss_ask *a, struct s6a_request *r, uint32_t more)
{
    uint32_t features = OWN_FEATURE_BINDING | (a->config->devid.on ? OWN_FEATURE_DEVID : 0) | more;
    bool added = s6a_features_add(r->supported_features, &r->supported_features_n,
                                  a->config->vendor_id, OWN_FEATURE_LIST_ID, features);
    (void)added; /* the list was empty */
}

/* That we carry nonce, payload and proof of procedure kme. */
static uint32_t carries_kme(const struct hss_ask *a)
{
    return a->config->provisioning.kme ? OWN_FEATURE_PROVISIONING : 0;
}

enum err hss_write_air(const struct hss_ask *a, const struct emm_effect *e, struct mbytes out,
                       size_t *n)
{
    char session[SESSION_MAX];
    uint8_t plmn[PLMN_LEN], resync[16 + 14];
    struct s6a_air air = {.requested_eutran_authentication_info = {
                              .present = true,
                              .number_of_requested_vectors = DIAMETER_U32_OF(e->vectors),
                              .immediate_response_preferred = DIAMETER_U32_OF(0)}};
    begin(a, &air.request, session);
    offer_binding(a, &air.request, carries_kme(a));
    plmn_to_octets(&a->config->plmn, plmn);
    air.visited_plmn_id = BYTES_OF(plmn);
    if (e->has_resync) {
        memcpy(resync, e->resync_rand, 16);
        memcpy(resync + 16, e->auts.b, 14);
        air.requested_eutran_authentication_info.re_synchronization_info = BYTES_OF(resync);
    }
    if (a->config->sends_served_imei && e->who.has_imei) {
        air.served_imei = (struct bytes){(const uint8_t *)e->who.imei.imei.digits, IMEI_DIGITS};
    }
    return s6a_air_write(a->config->vendor_id, &air, out, n);
}

static struct s6a_terminal_information terminal(const struct emm_who *who)
{
    if (!who->has_imei) {
        return (struct s6a_terminal_information){.present = false};
    }
    struct s6a_terminal_information t = {
        .present = true, .imei = {(const uint8_t *)who->imei.imei.digits, IMEI_DIGITS}};
    if (who->imei.svn[0] != '\0') {
        t.software_version = (struct bytes){(const uint8_t *)who->imei.svn, 2};
    }
    return t;
}

enum err hss_write_ulr(const struct hss_ask *a, const struct emm_effect *e, struct mbytes out,
                       size_t *n)
{
    char session[SESSION_MAX];
    uint8_t plmn[PLMN_LEN];
    struct s6a_ulr ulr = {
        .terminal_information = terminal(&e->who),
        .rat_type = DIAMETER_U32_OF(S6A_RAT_EUTRAN),
        .ulr_flags = DIAMETER_U32_OF(S6A_ULR_S6A_S6D |
                                     (e->restores ? 0U : (uint32_t)S6A_ULR_INITIAL_ATTACH)),
    };
    begin(a, &ulr.request, session);
    offer_binding(a, &ulr.request, carries_kme(a));
    wire_devid_outcome_fill(&e->proof, &ulr.device_proof);
    wire_kme_update_fill(e->payload, &ulr);
    plmn_to_octets(&a->config->plmn, plmn);
    ulr.visited_plmn_id = BYTES_OF(plmn);
    return s6a_ulr_write(a->config->vendor_id, &ulr, out, n);
}

enum err hss_write_ecr(const struct hss_ask *a, const struct emm_effect *e, struct mbytes out,
                       size_t *n)
{
    char session[SESSION_MAX];
    struct s13_ecr ecr = {.terminal_information = terminal(&e->who)};
    if (e->wants_credential) {
        ecr.credential_request = DIAMETER_U32_OF(S13_USE_IDENTITY);
    }
    s13_request_begin(&ecr.request, 0, a->end_to_end);
    identify(a, &ecr.request, session);
    return s13_ecr_write(a->config->vendor_id, &ecr, out, n);
}

enum err hss_write_onboarding(const struct hss_ask *a, const struct emm_effect *e,
                              struct mbytes out, size_t *n)
{
    char session[SESSION_MAX];
    uint8_t plmn[PLMN_LEN];
    struct s13_ecr ecr = {.terminal_information = terminal(&e->who)};
    plmn_to_octets(&a->config->plmn, plmn);
    wire_certattach_inquiry_fill(e->request, plmn, &ecr);
    s13_request_begin(&ecr.request, 0, a->end_to_end);
    identify(a, &ecr.request, session);
    return s13_ecr_write(a->config->vendor_id, &ecr, out, n);
}

enum err hss_write_nor(const struct hss_ask *a, const struct emm_effect *e, struct mbytes out,
                       size_t *n)
{
    char session[SESSION_MAX];
    struct s6a_nor nor = {
        .binding_failure = {.present = true,
                            .binding_failure_count = DIAMETER_U32_OF(e->failure_count),
                            .binding_failure_cause = DIAMETER_U32_OF(e->failure_cause)}};
    begin(a, &nor.request, session);
    offer_binding(a, &nor.request, 0);
    if (e->who.has_imei) {
        nor.binding_failure.imei =
            (struct bytes){(const uint8_t *)e->who.imei.imei.digits, IMEI_DIGITS};
    }
    return s6a_nor_write(a->config->vendor_id, &nor, out, n);
}

enum err hss_write_pur(const struct hss_ask *a, struct mbytes out, size_t *n)
{
    char session[SESSION_MAX];
    struct s6a_pur pur = {.pur_flags = DIAMETER_U32_OF(S6A_PUR_UE_PURGED_IN_MME)};
    begin(a, &pur.request, session);
    return s6a_pur_write(a->config->vendor_id, &pur, out, n);
}

/* ---- answers --------------------------------------------------------------------------------- */

/* Only 3GPP's numbers are looked at as such; of another vendor's only that it is a refusal. */
static uint32_t code_of(const struct s6a_answer *a, bool *experimental)
{
    const struct diameter_experimental_result *r = &a->experimental_result;
    *experimental = r->present;
    if (!r->present) {
        return a->result_code.present ? a->result_code.v : 0;
    }
    return r->vendor_id.v == DIAMETER_VENDOR_3GPP ? r->experimental_result_code.v : UINT32_MAX;
}

/* No number may become another one by being cut. */
static uint8_t u8_of(struct diameter_u32 v)
{
    return v.present && v.v < UINT8_MAX ? (uint8_t)v.v : UINT8_MAX;
}

void hss_read_aia(uint32_t own_vendor, struct bytes msg, struct emm_aia *out)
{
    struct s6a_aia aia;
    struct diameter_fault fault;
    *out = (struct emm_aia){.code = 0};
    if (s6a_aia_parse(own_vendor, msg, &aia, &fault) != E_OK) {
        return;
    }
    out->code = code_of(&aia.answer, &out->experimental);
    while (out->n < EMM_VECTORS_MAX &&
           wire_aia_vector(&aia, out->n, &out->vectors[out->n]) == E_OK) {
        out->n++;
    }
    out->has_control = aia.binding_control.present && aia.binding_control.binding_mode.present;
    out->control = u8_of(aia.binding_control.binding_mode);
    out->has_nonce = wire_kme_offer_read(&aia.binding_control, out->nonce) == E_OK;
    if (aia.binding_control.proof_control.present) {
        out->proof_control = u8_of(aia.binding_control.proof_control);
    }
}

static bool take_apn(const struct s6a_apn_configuration *from, struct emm_apn *to)
{
    struct bytes value;
    const struct s6a_allocation_retention_priority *arp =
        &from->eps_subscribed_qos_profile.allocation_retention_priority;
    *to = (struct emm_apn){.context = from->context_identifier.v};
    if (nas_apn_from_text(from->service_selection, MBYTES_OF(to->encoded), &value) != E_OK) {
        return false;
    }
    to->n = (uint8_t)value.n;
    const struct diameter_u32 *qci = &from->eps_subscribed_qos_profile.qos_class_identifier;
    to->qci = qci->present && qci->v >= 1 && qci->v <= QCI_MAX ? (uint8_t)qci->v : QCI_DEFAULT;
    to->priority = (uint8_t)(arp->priority_level.present ? arp->priority_level.v & 15U : 15U);
    to->may_pre_empt =
        arp->pre_emption_capability.present && arp->pre_emption_capability.v == S6A_MAY_PRE_EMPT;
    to->pre_emptable = !arp->pre_emption_vulnerability.present ||
                       arp->pre_emption_vulnerability.v == S6A_PRE_EMPTABLE;
    to->pdn_type = u8_of(from->pdn_type);
    return true;
}

/* The default APN first, then as many as are kept. */
static uint8_t take_apns(const struct s6a_apn_configuration_profile *p,
                         struct emm_apn out[static EMM_APNS_MAX])
{
    uint8_t n = 0;
    for (int others = 0; others < 2; others++) {
        for (size_t i = 0; i < p->apn_configuration_n && n < EMM_APNS_MAX; i++) {
            const struct s6a_apn_configuration *a = &p->apn_configuration[i];
            bool is_default = a->context_identifier.v == p->context_identifier.v;
            if (is_default == (others == 0) && take_apn(a, &out[n])) {
                n++;
            }
        }
    }
    return n;
}

static bool bars(const struct s6a_subscription_data *d)
{
    return d->subscriber_status.present && d->subscriber_status.v == S6A_BARRED_BY_OPERATOR &&
           (d->operator_determined_barring.v & 1U) != 0;
}

bool hss_read_change(const struct s6a_subscription_data *d, struct emm_change *out)
{
    const struct s6a_apn_configuration_profile *p = &d->apn_configuration_profile;
    *out = (struct emm_change){.has_ambr = d->ambr.present,
                               .ambr_ul = d->ambr.max_requested_bandwidth_ul.v,
                               .ambr_dl = d->ambr.max_requested_bandwidth_dl.v,
                               .has_apns = p->present};
    out->all_apns = p->all_apn_configurations_included_indicator.v == S6A_ALL_APN_INCLUDED;
    out->n_apns = p->present ? take_apns(p, out->apns) : 0;
    return bars(d);
}

void hss_read_ula(uint32_t own_vendor, struct bytes msg, struct emm_ula *out)
{
    struct s6a_ula ula;
    struct diameter_fault fault;
    *out = (struct emm_ula){.code = 0};
    if (s6a_ula_parse(own_vendor, msg, &ula, &fault) != E_OK) {
        return;
    }
    const struct s6a_subscription_data *d = &ula.subscription_data;
    out->code = code_of(&ula.answer, &out->experimental);
    out->barred = bars(d);
    out->subscription.ambr_ul = d->ambr.max_requested_bandwidth_ul.v;
    out->subscription.ambr_dl = d->ambr.max_requested_bandwidth_dl.v;
    out->subscription.n_apns = take_apns(&d->apn_configuration_profile, out->subscription.apns);
    out->has_nw_sig = wire_kme_answer_read(&ula, out->nw_sig) == E_OK;
}

void hss_read_eca(uint32_t own_vendor, struct bytes msg, struct emm_eca *out)
{
    struct s13_eca eca;
    struct diameter_fault fault;
    *out = (struct emm_eca){.code = 0};
    if (s13_eca_parse(own_vendor, msg, &eca, &fault) != E_OK) {
        return;
    }
    out->code = code_of(&eca.answer, &out->experimental);
    out->status = u8_of(eca.equipment_status);
    out->has_credential = eca.device_credential.present;
    if (out->has_credential) {
        wire_devid_credential_read(&eca.device_credential, &out->credential);
    }
    if (wire_certattach_answer_read(&eca, &out->result) != E_OK) {
        out->result = (struct bytes){NULL, 0};
    }
}
