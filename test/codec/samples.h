/* test/codec/samples.h - one struct of each message, whose octets are in golden.h. */
#ifndef BINDERY_TEST_CODEC_SAMPLES_H
#define BINDERY_TEST_CODEC_SAMPLES_H

#include "codec/s13.h"

#define OWN DIAMETER_VENDOR_OWN_DEFAULT

static const uint8_t octets_1[64] = {
    0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18, 0x19, 0x1a, 0x1b, 0x1c, 0x1d, 0x1e, 0x1f,
    0x20, 0x21, 0x22, 0x23, 0x24, 0x25, 0x26, 0x27, 0x28, 0x29, 0x2a, 0x2b, 0x2c, 0x2d, 0x2e, 0x2f,
    0x30, 0x31, 0x32, 0x33, 0x34, 0x35, 0x36, 0x37, 0x38, 0x39, 0x3a, 0x3b, 0x3c, 0x3d, 0x3e, 0x3f,
    0x40, 0x41, 0x42, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48, 0x49, 0x4a, 0x4b, 0x4c, 0x4d, 0x4e, 0x4f};
/* What must be gone after redaction: every octet is 0xC3. */
static const uint8_t secret_octets[32] = {
    0xc3, 0xc3, 0xc3, 0xc3, 0xc3, 0xc3, 0xc3, 0xc3, 0xc3, 0xc3, 0xc3, 0xc3, 0xc3, 0xc3, 0xc3, 0xc3,
    0xc3, 0xc3, 0xc3, 0xc3, 0xc3, 0xc3, 0xc3, 0xc3, 0xc3, 0xc3, 0xc3, 0xc3, 0xc3, 0xc3, 0xc3, 0xc3};
static const uint8_t autn_processed[16] = {0x51, 0x52, 0x53, 0x54, 0x55, 0x56, 0x80, 0x01,
                                           0x59, 0x5a, 0x5b, 0x5c, 0x5d, 0x5e, 0x5f, 0x60};
static const uint8_t plmn_001_01[3] = {0x00, 0xf1, 0x10};
static const uint8_t msisdn_octets[6] = {0x94, 0x71, 0x21, 0x43, 0x65, 0xf7};
static const uint8_t address_v4[6] = {0, 1, 127, 0, 0, 1};
/* Proxy-Host "a.b" and Proxy-State of one octet, padded with octets that are not zero. */
static const uint8_t proxy_info[24] = {0, 0, 1, 0x18, 0x40, 0, 0, 11, 'a',  '.',  'b',  0,
                                       0, 0, 0, 0x21, 0x40, 0, 0, 9,  0x5a, 0xee, 0xee, 0xee};

#define FIRST(n)  ((struct bytes){octets_1, (n)})
#define SECRET(n) ((struct bytes){secret_octets, (n)})
#define MME       BYTES_LIT("mme.epc.mnc001.mcc001.3gppnetwork.org")
#define HSS       BYTES_LIT("hss.epc.mnc001.mcc001.3gppnetwork.org")
#define REALM     BYTES_LIT("epc.mnc001.mcc001.3gppnetwork.org")

static inline void sample_request(struct s6a_request *r)
{
    s6a_request_begin(r, 0x01020304, 0x0a0b0c0d);
    r->session_id = BYTES_LIT("mme.epc.mnc001.mcc001.3gppnetwork.org;1;2");
    r->origin_host = MME;
    r->origin_realm = REALM;
    r->destination_host = HSS;
    r->destination_realm = REALM;
    r->user_name = BYTES_LIT("001010123456789");
    (void)!s6a_features_add(r->supported_features, &r->supported_features_n, OWN,
                            OWN_FEATURE_LIST_ID, OWN_FEATURE_BINDING);
    r->route_record[r->route_record_n++] = BYTES_LIT("dra.example.net");
    r->proxy_info[r->proxy_info_n++] = BYTES_OF(proxy_info);
}

static inline void sample_answer(struct s6a_answer *a, uint32_t result_code)
{
    struct s6a_request r;
    sample_request(&r);
    s6a_answer_begin(a, &r, HSS, REALM);
    a->header.command = 0;
    s6a_answer_result(a, result_code);
}

static inline void sample_air(struct s6a_air *m)
{
    *m = (struct s6a_air){0};
    sample_request(&m->request);
    m->requested_eutran_authentication_info = (struct s6a_requested_authentication_info){
        .present = true,
        .number_of_requested_vectors = DIAMETER_U32_OF(2),
        .immediate_response_preferred = DIAMETER_U32_OF(1),
        .re_synchronization_info = FIRST(30),
    };
    m->requested_utran_geran_authentication_info = (struct s6a_requested_authentication_info){
        .present = true, .number_of_requested_vectors = DIAMETER_U32_OF(1)};
    m->visited_plmn_id = BYTES_OF(plmn_001_01);
    m->served_imei = BYTES_LIT("35209900176148");
}

static inline void sample_aia(struct s6a_aia *m)
{
    *m = (struct s6a_aia){0};
    sample_answer(&m->answer, DIAMETER_SUCCESS);
    struct s6a_authentication_info *i = &m->authentication_info;
    i->present = true;
    i->e_utran_vector_n = 2;
    for (size_t k = 0; k < 2; k++) {
        i->e_utran_vector[k] = (struct s6a_e_utran_vector){
            .present = true,
            .item_number = DIAMETER_U32_OF((uint32_t)k + 1),
            .rand = FIRST(16),
            .xres = SECRET(8 + k),
            .autn = BYTES_OF(autn_processed),
            .kasme = SECRET(32),
        };
    }
    i->utran_vector_n = 1;
    i->utran_vector[0] = (struct s6a_utran_vector){
        .present = true,
        .rand = FIRST(16),
        .xres = SECRET(16),
        .autn = BYTES_OF(autn_processed),
        .confidentiality_key = SECRET(16),
        .integrity_key = SECRET(16),
    };
    i->geran_vector_n = 1;
    i->geran_vector[0] = (struct s6a_geran_vector){
        .present = true, .rand = FIRST(16), .sres = SECRET(4), .kc = SECRET(8)};
    m->binding_control = (struct s6a_binding_control){
        .present = true,
        .binding_mode = DIAMETER_U32_OF(S6A_BINDING_PROVISIONING_ONLY),
        .hss_nonce = FIRST(16),
        .proof_control = DIAMETER_U32_OF(S6A_PROOF_REMEMBERED),
    };
}

static inline void sample_ulr(struct s6a_ulr *m)
{
    *m = (struct s6a_ulr){0};
    sample_request(&m->request);
    m->terminal_information = (struct s6a_terminal_information){
        .present = true,
        .imei = BYTES_LIT("35209900176148"),
        .software_version = BYTES_LIT("23"),
    };
    m->rat_type = DIAMETER_U32_OF(S6A_RAT_EUTRAN);
    m->ulr_flags = DIAMETER_U32_OF(S6A_ULR_S6A_S6D | S6A_ULR_INITIAL_ATTACH);
    m->ue_srvcc_capability = DIAMETER_U32_OF(0);
    m->visited_plmn_id = BYTES_OF(plmn_001_01);
    m->kme_payload = FIRST(61);
    m->device_proof = (struct s6a_device_proof){
        .present = true,
        .proof_result = DIAMETER_U32_OF(S6A_PROOF_FAILED),
        .proof_cause = BYTES_LIT("signature"),
        .credential_form = DIAMETER_U32_OF(S6A_CREDENTIAL_IS_KEY),
        .record_serial = {true, 0x0102030405060708},
    };
}

static inline struct s6a_apn_configuration sample_apn(uint32_t id, struct bytes name)
{
    return (struct s6a_apn_configuration){
        .present = true,
        .context_identifier = DIAMETER_U32_OF(id),
        .pdn_type = DIAMETER_U32_OF(S6A_IPV4V6),
        .service_selection = name,
        .eps_subscribed_qos_profile =
            {.present = true,
             .qos_class_identifier = DIAMETER_U32_OF(9),
             .allocation_retention_priority = {.present = true,
                                               .priority_level = DIAMETER_U32_OF(8),
                                               .pre_emption_capability =
                                                   DIAMETER_U32_OF(S6A_MAY_NOT_PRE_EMPT),
                                               .pre_emption_vulnerability =
                                                   DIAMETER_U32_OF(S6A_PRE_EMPTABLE)}},
        .vplmn_dynamic_address_allowed = DIAMETER_U32_OF(0),
        .ambr = {true, DIAMETER_U32_OF(1000000), DIAMETER_U32_OF(2000000)},
    };
}

static inline void sample_ula(struct s6a_ula *m)
{
    *m = (struct s6a_ula){0};
    sample_answer(&m->answer, DIAMETER_SUCCESS);
    m->ula_flags = DIAMETER_U32_OF(S6A_ULA_SEPARATION);
    struct s6a_subscription_data *d = &m->subscription_data;
    *d = (struct s6a_subscription_data){
        .present = true,
        .subscriber_status = DIAMETER_U32_OF(S6A_BARRED_BY_OPERATOR),
        .msisdn = BYTES_OF(msisdn_octets),
        .network_access_mode = DIAMETER_U32_OF(S6A_ONLY_PACKET),
        .operator_determined_barring = DIAMETER_U32_OF(1),
        .access_restriction_data = DIAMETER_U32_OF(32),
        .ambr = {true, DIAMETER_U32_OF(50000000), DIAMETER_U32_OF(100000000)},
        .subscribed_periodic_rau_tau_timer = DIAMETER_U32_OF(3240),
    };
    d->apn_configuration_profile = (struct s6a_apn_configuration_profile){
        .present = true,
        .context_identifier = DIAMETER_U32_OF(1),
        .all_apn_configurations_included_indicator = DIAMETER_U32_OF(S6A_ALL_APN_INCLUDED),
        .apn_configuration = {sample_apn(1, BYTES_LIT("internet")),
                              sample_apn(2, BYTES_LIT("ims"))},
        .apn_configuration_n = 2,
    };
    m->nw_signature = SECRET(32);
}

static inline void sample_pur(struct s6a_pur *m)
{
    *m = (struct s6a_pur){.pur_flags = DIAMETER_U32_OF(S6A_PUR_UE_PURGED_IN_MME)};
    sample_request(&m->request);
}

static inline void sample_pua(struct s6a_pua *m)
{
    *m = (struct s6a_pua){.pua_flags = DIAMETER_U32_OF(S6A_PUA_FREEZE_M_TMSI)};
    sample_answer(&m->answer, DIAMETER_SUCCESS);
}

static inline void sample_nor(struct s6a_nor *m)
{
    *m = (struct s6a_nor){
        .nor_flags = DIAMETER_U32_OF(0),
        .binding_failure = {.present = true,
                            .imei = BYTES_LIT("35209900176148"),
                            .binding_failure_count = DIAMETER_U32_OF(3),
                            .binding_failure_cause = DIAMETER_U32_OF(S6A_FAILURE_MAC)},
    };
    sample_request(&m->request);
}

static inline void sample_noa(struct s6a_noa *m)
{
    *m = (struct s6a_noa){0};
    sample_answer(&m->answer, DIAMETER_SUCCESS);
    s6a_answer_experimental(&m->answer, S6A_UNKNOWN_SERVING_NODE);
}

static inline void sample_clr(struct s6a_clr *m)
{
    *m = (struct s6a_clr){
        .cancellation_type = DIAMETER_U32_OF(S6A_SUBSCRIPTION_WITHDRAWAL),
        .clr_flags = DIAMETER_U32_OF(S6A_CLR_S6A_S6D | S6A_CLR_REATTACH_REQUIRED),
    };
    sample_request(&m->request);
}

static inline void sample_cla(struct s6a_cla *m)
{
    *m = (struct s6a_cla){0};
    sample_answer(&m->answer, DIAMETER_TOO_BUSY);
    m->answer.error_message = BYTES_LIT("later");
}

static inline void sample_idr(struct s6a_idr *m)
{
    *m = (struct s6a_idr){
        .subscription_data = {.present = true,
                              .subscriber_status = DIAMETER_U32_OF(S6A_SERVICE_GRANTED),
                              .msisdn = BYTES_OF(msisdn_octets),
                              .network_access_mode = DIAMETER_U32_OF(S6A_ONLY_PACKET),
                              .ambr = {.present = true,
                                       .max_requested_bandwidth_ul = DIAMETER_U32_OF(1000000),
                                       .max_requested_bandwidth_dl = DIAMETER_U32_OF(2000000)},
                              .apn_configuration_profile =
                                  {.present = true,
                                   .context_identifier = DIAMETER_U32_OF(1),
                                   .all_apn_configurations_included_indicator =
                                       DIAMETER_U32_OF(S6A_ALL_APN_INCLUDED),
                                   .apn_configuration = {{.present = true,
                                                          .context_identifier = DIAMETER_U32_OF(1),
                                                          .pdn_type = DIAMETER_U32_OF(S6A_IPV4),
                                                          .service_selection = BYTES_LIT("iot")}},
                                   .apn_configuration_n = 1},
                              .subscribed_periodic_rau_tau_timer = DIAMETER_U32_OF(3240)},
        .idr_flags = DIAMETER_U32_OF(0)};
    sample_request(&m->request);
}

static inline void sample_ida(struct s6a_ida *m)
{
    *m = (struct s6a_ida){.ida_flags = DIAMETER_U32_OF(0)};
    sample_answer(&m->answer, DIAMETER_SUCCESS);
    s6a_answer_experimental(&m->answer, S6A_USER_UNKNOWN);
}

static inline void sample_dsr(struct s6a_dsr *m)
{
    *m = (struct s6a_dsr){.dsr_flags = DIAMETER_U32_OF(S6A_DSR_PDN_SUBSCRIPTION_CONTEXTS |
                                                       S6A_DSR_SUBSCRIBED_PERIODIC_RAU_TAU_TIMER |
                                                       S6A_DSR_MSISDN),
                          .context_identifier = {DIAMETER_U32_OF(2), DIAMETER_U32_OF(7)},
                          .context_identifier_n = 2};
    sample_request(&m->request);
}

static inline void sample_dsa(struct s6a_dsa *m)
{
    *m = (struct s6a_dsa){.dsa_flags = DIAMETER_U32_OF(1)};
    sample_answer(&m->answer, DIAMETER_SUCCESS);
}

/* Of no subscriber in particular. */
static inline void sample_rsr(struct s6a_rsr *m)
{
    *m = (struct s6a_rsr){.user_id = {BYTES_LIT("00101"), BYTES_LIT("901700")}, .user_id_n = 2};
    sample_request(&m->request);
    m->request.user_name = (struct bytes){NULL, 0};
}

static inline void sample_rsa(struct s6a_rsa *m)
{
    *m = (struct s6a_rsa){0};
    sample_answer(&m->answer, DIAMETER_SUCCESS);
}

static inline void sample_ecr(struct s13_ecr *m)
{
    *m = (struct s13_ecr){.terminal_information = {.present = true,
                                                   .imei = BYTES_LIT("35209900176148"),
                                                   .software_version = BYTES_LIT("23")},
                          .credential_request = DIAMETER_U32_OF(S13_USE_IDENTITY),
                          .provisioning_request = FIRST(45),
                          .provisioning_plmn = BYTES_OF(plmn_001_01)};
    sample_request(&m->request);
    m->request.header.application = DIAMETER_APP_S13;
    m->request.vendor_specific_application_id.auth_application_id.v = DIAMETER_APP_S13;
}

static inline void sample_eca(struct s13_eca *m)
{
    struct s6a_request r;
    *m = (struct s13_eca){.equipment_status = DIAMETER_U32_OF(S13_GREYLISTED)};
    sample_request(&r);
    r.header.application = DIAMETER_APP_S13;
    s6a_answer_begin(&m->answer, &r, HSS, REALM);
    s6a_answer_result(&m->answer, DIAMETER_SUCCESS);
    m->device_credential = (struct s13_device_credential){
        .present = true,
        .credential_status = DIAMETER_U32_OF(S13_CREDENTIAL_FOUND),
        .credential_form = DIAMETER_U32_OF(S6A_CREDENTIAL_IS_CERTIFICATE),
        .credential_certificate = {FIRST(33), FIRST(22)},
        .credential_certificate_n = 2,
        .binding_record = FIRST(41),
        .record_signature = FIRST(64),
        .record_signer = FIRST(32),
        .credential_source = DIAMETER_U32_OF(S13_FROM_STALE_CACHE),
        .credential_age = DIAMETER_U32_OF(86399),
    };
    m->provisioning_result = FIRST(50);
}

static inline void sample_capabilities(struct diameter_capabilities *c)
{
    *c = (struct diameter_capabilities){
        .host_ip_address = {BYTES_OF(address_v4)},
        .host_ip_address_n = 1,
        .vendor_id = DIAMETER_U32_OF(OWN),
        .product_name = BYTES_LIT("Bindery"),
        .origin_state_id = DIAMETER_U32_OF(1700000000),
        .supported_vendor_id = {DIAMETER_U32_OF(DIAMETER_VENDOR_3GPP), DIAMETER_U32_OF(OWN)},
        .supported_vendor_id_n = 2,
        .inband_security_id = {DIAMETER_U32_OF(DIAMETER_NO_INBAND_SECURITY)},
        .inband_security_id_n = 1,
        .auth_application_id = {DIAMETER_U32_OF(DIAMETER_APP_S6A)},
        .auth_application_id_n = 1,
        .vendor_specific_application_id = {{.present = true,
                                            .vendor_id = DIAMETER_U32_OF(DIAMETER_VENDOR_3GPP),
                                            .auth_application_id =
                                                DIAMETER_U32_OF(DIAMETER_APP_S6A)}},
        .vendor_specific_application_id_n = 1,
        .firmware_revision = DIAMETER_U32_OF(1),
    };
}

#define BASE_HEADER                                                                                \
    {                                                                                              \
        .hop_by_hop = 0x01020304, .end_to_end = 0x0a0b0c0d                                         \
    }

static inline void sample_cer(struct diameter_cer *m)
{
    *m = (struct diameter_cer){.header = BASE_HEADER, .origin_host = MME, .origin_realm = REALM};
    sample_capabilities(&m->capabilities);
}

static inline void sample_cea(struct diameter_cea *m)
{
    *m = (struct diameter_cea){.header = BASE_HEADER,
                               .result_code = DIAMETER_U32_OF(DIAMETER_SUCCESS),
                               .origin_host = HSS,
                               .origin_realm = REALM};
    sample_capabilities(&m->capabilities);
}

static inline void sample_dwr(struct diameter_dwr *m)
{
    *m = (struct diameter_dwr){.header = BASE_HEADER,
                               .origin_host = MME,
                               .origin_realm = REALM,
                               .origin_state_id = DIAMETER_U32_OF(7)};
}

static inline void sample_dwa(struct diameter_dwa *m)
{
    *m = (struct diameter_dwa){.header = BASE_HEADER,
                               .result_code = DIAMETER_U32_OF(DIAMETER_SUCCESS),
                               .origin_host = HSS,
                               .origin_realm = REALM,
                               .origin_state_id = DIAMETER_U32_OF(8)};
}

static inline void sample_dpr(struct diameter_dpr *m)
{
    *m = (struct diameter_dpr){.header = BASE_HEADER,
                               .origin_host = MME,
                               .origin_realm = REALM,
                               .disconnect_cause = DIAMETER_U32_OF(DIAMETER_REBOOTING)};
}

static inline void sample_dpa(struct diameter_dpa *m)
{
    *m = (struct diameter_dpa){.header = BASE_HEADER,
                               .result_code = DIAMETER_U32_OF(DIAMETER_SUCCESS),
                               .origin_host = HSS,
                               .origin_realm = REALM};
}

/* All messages, so that a test can loop over them. */
union any_message {
    struct diameter_header header;
#define X(m) struct diameter_##m diameter_##m;
    DIAMETER_BASE_MESSAGES(X)
#undef X
#define X(m) struct s6a_##m s6a_##m;
    S6A_MESSAGES(X)
#undef X
#define X(m) struct s13_##m s13_##m;
    S13_MESSAGES(X)
#undef X
};
struct sample {
    const struct diameter_message *as;
    void (*fill)(union any_message *);
};
#define X(m)                                                                                       \
    static inline void any_##m(union any_message *out)                                             \
    {                                                                                              \
        sample_##m(&out->diameter_##m);                                                            \
    }
DIAMETER_BASE_MESSAGES(X)
#undef X
#define X(m)                                                                                       \
    static inline void any_##m(union any_message *out)                                             \
    {                                                                                              \
        sample_##m(&out->s6a_##m);                                                                 \
    }
S6A_MESSAGES(X)
#undef X
#define X(m)                                                                                       \
    static inline void any_##m(union any_message *out)                                             \
    {                                                                                              \
        sample_##m(&out->s13_##m);                                                                 \
    }
S13_MESSAGES(X)
#undef X
static const struct sample samples[] = {
#define X(m) {&diameter_##m##_message, any_##m},
    DIAMETER_BASE_MESSAGES(X)
#undef X
#define X(m) {&s6a_##m##_message, any_##m},
        S6A_MESSAGES(X)
#undef X
#define X(m) {&s13_##m##_message, any_##m},
            S13_MESSAGES(X)
#undef X
};
#define FIRST_S13 22 /* base messages, then those of S6a, then those of S13 */
#define SAMPLES   (sizeof samples / sizeof samples[0])

#endif
