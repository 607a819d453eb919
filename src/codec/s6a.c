#include "codec/s6a.h"

#include "codec/message_rows.h"

/* ---- groups, TS 29.272 7.3 ---- */

#define S struct s6a_requested_authentication_info
static const struct diameter_row requested_rows[] = {
    ROW_OPT(S, number_of_requested_vectors, NUMBER_OF_REQUESTED_VECTORS),
    ROW_OPT(S, immediate_response_preferred, IMMEDIATE_RESPONSE_PREFERRED),
    ROW_OPT(S, re_synchronization_info, RE_SYNCHRONIZATION_INFO),
};
GROUP(requested, S)
#undef S

#define S struct s6a_e_utran_vector
static const struct diameter_row e_utran_vector_rows[] = {
    ROW_OPT(S, item_number, ITEM_NUMBER),
    ROW_ONE(S, rand, RAND),
    ROW_ONE(S, xres, XRES),
    ROW_ONE(S, autn, AUTN),
    ROW_ONE(S, kasme, KASME),
};
GROUP(e_utran_vector, S)
#undef S

#define S struct s6a_utran_vector
static const struct diameter_row utran_vector_rows[] = {
    ROW_OPT(S, item_number, ITEM_NUMBER),
    ROW_ONE(S, rand, RAND),
    ROW_ONE(S, xres, XRES),
    ROW_ONE(S, autn, AUTN),
    ROW_ONE(S, confidentiality_key, CONFIDENTIALITY_KEY),
    ROW_ONE(S, integrity_key, INTEGRITY_KEY),
};
GROUP(utran_vector, S)
#undef S

#define S struct s6a_geran_vector
static const struct diameter_row geran_vector_rows[] = {
    ROW_OPT(S, item_number, ITEM_NUMBER),
    ROW_ONE(S, rand, RAND),
    ROW_ONE(S, sres, SRES),
    ROW_ONE(S, kc, KC),
};
GROUP(geran_vector, S)
#undef S

#define S struct s6a_authentication_info
static const struct diameter_row authentication_info_rows[] = {
    ROW_LIST(S, e_utran_vector, E_UTRAN_VECTOR, 0, &e_utran_vector_table),
    ROW_LIST(S, utran_vector, UTRAN_VECTOR, 0, &utran_vector_table),
    ROW_LIST(S, geran_vector, GERAN_VECTOR, 0, &geran_vector_table),
};
GROUP(authentication_info, S)
#undef S

#define S struct s6a_binding_control
static const struct diameter_row binding_control_rows[] = {
    ROW_ONE(S, binding_mode, BINDING_MODE),
    ROW_OPT(S, hss_nonce, HSS_NONCE),
    ROW_OPT(S, proof_control, PROOF_CONTROL),
};
GROUP(binding_control, S)
#undef S

#define S struct s6a_device_proof
static const struct diameter_row device_proof_rows[] = {
    ROW_ONE(S, proof_result, PROOF_RESULT),
    ROW_OPT(S, proof_cause, PROOF_CAUSE),
    ROW_OPT(S, credential_form, CREDENTIAL_FORM),
    ROW_OPT(S, record_serial, RECORD_SERIAL),
};
GROUP(device_proof, S)
#undef S

#define S struct s6a_binding_failure
static const struct diameter_row binding_failure_rows[] = {
    ROW_OPT(S, imei, IMEI),
    ROW_ONE(S, binding_failure_count, BINDING_FAILURE_COUNT),
    ROW_ONE(S, binding_failure_cause, BINDING_FAILURE_CAUSE),
};
GROUP(binding_failure, S)
#undef S

#define S struct s6a_ambr
static const struct diameter_row ambr_rows[] = {
    ROW_ONE(S, max_requested_bandwidth_ul, MAX_REQUESTED_BANDWIDTH_UL),
    ROW_ONE(S, max_requested_bandwidth_dl, MAX_REQUESTED_BANDWIDTH_DL),
    ROW_IGNORE(EXTENDED_MAX_REQUESTED_BW_UL),
    ROW_IGNORE(EXTENDED_MAX_REQUESTED_BW_DL),
};
GROUP(ambr, S)
#undef S

#define S struct s6a_allocation_retention_priority
static const struct diameter_row arp_rows[] = {
    ROW_ONE(S, priority_level, PRIORITY_LEVEL),
    ROW_OPT(S, pre_emption_capability, PRE_EMPTION_CAPABILITY),
    ROW_OPT(S, pre_emption_vulnerability, PRE_EMPTION_VULNERABILITY),
};
GROUP(arp, S)
#undef S

#define S struct s6a_eps_subscribed_qos_profile
static const struct diameter_row qos_rows[] = {
    ROW_ONE(S, qos_class_identifier, QOS_CLASS_IDENTIFIER),
    ROW_ONE_GROUP(S, allocation_retention_priority, ALLOCATION_RETENTION_PRIORITY, &arp_table),
};
GROUP(qos, S)
#undef S

#define S struct s6a_apn_configuration
static const struct diameter_row apn_configuration_rows[] = {
    ROW_ONE(S, context_identifier, CONTEXT_IDENTIFIER),
    ROW_ONE(S, pdn_type, PDN_TYPE),
    ROW_ONE(S, service_selection, SERVICE_SELECTION),
    ROW_OPT_GROUP(S, eps_subscribed_qos_profile, EPS_SUBSCRIBED_QOS_PROFILE, &qos_table),
    ROW_OPT(S, vplmn_dynamic_address_allowed, VPLMN_DYNAMIC_ADDRESS_ALLOWED),
    ROW_OPT_GROUP(S, ambr, AMBR, &ambr_table),
    ROW_IGNORE(MIP6_AGENT_INFO),
    ROW_IGNORE(VISITED_NETWORK_IDENTIFIER),
    ROW_IGNORE(APN_OI_REPLACEMENT),
};
GROUP(apn_configuration, S)
#undef S

#define S struct s6a_apn_configuration_profile
static const struct diameter_row apn_configuration_profile_rows[] = {
    ROW_ONE(S, context_identifier, CONTEXT_IDENTIFIER),
    ROW_ONE(S, all_apn_configurations_included_indicator,
            ALL_APN_CONFIGURATIONS_INCLUDED_INDICATOR),
    ROW_LIST(S, apn_configuration, APN_CONFIGURATION, 1, &apn_configuration_table),
};
GROUP(apn_configuration_profile, S)
#undef S

#define S struct s6a_subscription_data
static const struct diameter_row subscription_data_rows[] = {
    ROW_OPT(S, subscriber_status, SUBSCRIBER_STATUS),
    ROW_OPT(S, msisdn, MSISDN),
    ROW_OPT(S, network_access_mode, NETWORK_ACCESS_MODE),
    ROW_OPT(S, operator_determined_barring, OPERATOR_DETERMINED_BARRING),
    ROW_OPT(S, access_restriction_data, ACCESS_RESTRICTION_DATA),
    ROW_OPT_GROUP(S, ambr, AMBR, &ambr_table),
    ROW_OPT_GROUP(S, apn_configuration_profile, APN_CONFIGURATION_PROFILE,
                  &apn_configuration_profile_table),
    ROW_OPT(S, subscribed_periodic_rau_tau_timer, SUBSCRIBED_PERIODIC_RAU_TAU_TIMER),
    ROW_IGNORE(APN_OI_REPLACEMENT),
    ROW_IGNORE(RAT_FREQUENCY_SELECTION_PRIORITY_ID),
    ROW_IGNORE(UE_USAGE_TYPE),
    ROW_IGNORE(RESET_ID),
};
GROUP(subscription_data, S)
#undef S

/* ---- messages ---- */

#define S struct s6a_air
static const struct diameter_row air_rows[] = {
    REQUEST(S, 0, 1),
    ROW_OPT_GROUP(S, requested_eutran_authentication_info, REQUESTED_EUTRAN_AUTHENTICATION_INFO,
                  &requested_table),
    ROW_OPT_GROUP(S, requested_utran_geran_authentication_info,
                  REQUESTED_UTRAN_GERAN_AUTHENTICATION_INFO, &requested_table),
    ROW_ONE(S, visited_plmn_id, VISITED_PLMN_ID),
    ROW_OPT(S, served_imei, SERVED_IMEI),
    REQUEST_END(S),
    ROW_IGNORE(AIR_FLAGS),
    ROW_IGNORE(TERMINAL_INFORMATION),
};
#undef S
#define S struct s6a_aia
static const struct diameter_row aia_rows[] = {
    ANSWER(S),
    ROW_OPT_GROUP(S, authentication_info, AUTHENTICATION_INFO, &authentication_info_table),
    ROW_OPT_GROUP(S, binding_control, BINDING_CONTROL, &binding_control_table),
    ANSWER_END(S),
    ROW_IGNORE(UE_USAGE_TYPE),
};
#undef S
#define S struct s6a_ulr
static const struct diameter_row ulr_rows[] = {
    REQUEST(S, 0, 1),
    ROW_OPT_GROUP(S, terminal_information, TERMINAL_INFORMATION, &terminal_information_table),
    ROW_ONE(S, rat_type, RAT_TYPE),
    ROW_ONE(S, ulr_flags, ULR_FLAGS),
    ROW_OPT(S, ue_srvcc_capability, UE_SRVCC_CAPABILITY),
    ROW_ONE(S, visited_plmn_id, VISITED_PLMN_ID),
    ROW_OPT(S, kme_payload, KME_PAYLOAD),
    ROW_OPT_GROUP(S, device_proof, DEVICE_PROOF, &device_proof_table),
    REQUEST_END(S),
    ROW_IGNORE(SGSN_NUMBER),
    ROW_IGNORE(HOMOGENEOUS_SUPPORT_OF_IMS_VOICE_OVER_PS_SESSIONS),
    ROW_IGNORE(GMLC_ADDRESS),
    ROW_IGNORE(ACTIVE_APN),
    ROW_IGNORE(EQUIVALENT_PLMN_LIST),
    ROW_IGNORE(MME_NUMBER_FOR_MT_SMS),
    ROW_IGNORE(SMS_REGISTER_REQUEST),
    ROW_IGNORE(SGS_MME_IDENTITY),
    ROW_IGNORE(COUPLED_NODE_DIAMETER_ID),
    ROW_IGNORE(ADJACENT_PLMNS),
    ROW_IGNORE(SUPPORTED_SERVICES),
};
#undef S
#define S struct s6a_ula
static const struct diameter_row ula_rows[] = {
    ANSWER(S),
    ROW_OPT(S, ula_flags, ULA_FLAGS),
    ROW_OPT_GROUP(S, subscription_data, SUBSCRIPTION_DATA, &subscription_data_table),
    ROW_OPT(S, nw_signature, NW_SIGNATURE),
    ANSWER_END(S),
    ROW_IGNORE(RESET_ID),
};
#undef S
#define S struct s6a_pur
static const struct diameter_row pur_rows[] = {
    REQUEST(S, 0, 1),
    ROW_OPT(S, pur_flags, PUR_FLAGS),
    REQUEST_END(S),
    ROW_IGNORE(EPS_LOCATION_INFORMATION),
};
#undef S
#define S struct s6a_pua
static const struct diameter_row pua_rows[] = {
    ANSWER(S),
    ROW_OPT(S, pua_flags, PUA_FLAGS),
    ANSWER_END(S),
};
#undef S
#define S struct s6a_nor
static const struct diameter_row nor_rows[] = {
    REQUEST(S, 0, 1),
    ROW_OPT_GROUP(S, terminal_information, TERMINAL_INFORMATION, &terminal_information_table),
    ROW_OPT(S, alert_reason, ALERT_REASON),
    ROW_OPT(S, nor_flags, NOR_FLAGS),
    ROW_OPT_GROUP(S, binding_failure, BINDING_FAILURE, &binding_failure_table),
    REQUEST_END(S),
    ROW_IGNORE(MIP6_AGENT_INFO),
    ROW_IGNORE(VISITED_NETWORK_IDENTIFIER),
    ROW_IGNORE(CONTEXT_IDENTIFIER),
    ROW_IGNORE(SERVICE_SELECTION),
    ROW_IGNORE(UE_SRVCC_CAPABILITY),
    ROW_IGNORE(HOMOGENEOUS_SUPPORT_OF_IMS_VOICE_OVER_PS_SESSIONS),
    ROW_IGNORE(MAXIMUM_UE_AVAILABILITY_TIME),
    ROW_IGNORE(MONITORING_EVENT_CONFIG_STATUS),
    ROW_IGNORE(EMERGENCY_SERVICES),
};
#undef S
#define S struct s6a_noa
static const struct diameter_row noa_rows[] = {ANSWER(S), ANSWER_END(S)};
#undef S
#define S struct s6a_clr
static const struct diameter_row clr_rows[] = {
    REQUEST(S, 1, 1),
    ROW_ONE(S, cancellation_type, CANCELLATION_TYPE),
    ROW_OPT(S, clr_flags, CLR_FLAGS),
    REQUEST_END(S),
};
#undef S
#define S struct s6a_cla
static const struct diameter_row cla_rows[] = {ANSWER(S), ANSWER_END(S)};
#undef S
#define S struct s6a_idr
static const struct diameter_row idr_rows[] = {
    REQUEST(S, 1, 1),
    ROW_ONE_GROUP(S, subscription_data, SUBSCRIPTION_DATA, &subscription_data_table),
    ROW_OPT(S, idr_flags, IDR_FLAGS),
    REQUEST_END(S),
    ROW_IGNORE(RESET_ID),
};
#undef S
#define S struct s6a_ida
static const struct diameter_row ida_rows[] = {
    ANSWER(S),
    ROW_OPT(S, ida_flags, IDA_FLAGS),
    ANSWER_END(S),
    ROW_IGNORE(IMS_VOICE_OVER_PS_SESSIONS_SUPPORTED),
    ROW_IGNORE(LAST_UE_ACTIVITY_TIME),
    ROW_IGNORE(RAT_TYPE),
    ROW_IGNORE(EPS_USER_STATE),
    ROW_IGNORE(EPS_LOCATION_INFORMATION),
    ROW_IGNORE(LOCAL_TIME_ZONE),
    ROW_IGNORE(SUPPORTED_SERVICES),
    ROW_IGNORE(MONITORING_EVENT_REPORT),
    ROW_IGNORE(MONITORING_EVENT_CONFIG_STATUS),
};
#undef S
#define S struct s6a_dsr
static const struct diameter_row dsr_rows[] = {
    REQUEST(S, 1, 1),
    ROW_ONE(S, dsr_flags, DSR_FLAGS),
    ROW_LIST(S, context_identifier, CONTEXT_IDENTIFIER, 0, NULL),
    REQUEST_END(S),
    ROW_IGNORE(TRACE_REFERENCE),
    ROW_IGNORE(TS_CODE),
    ROW_IGNORE(SS_CODE),
};
#undef S
#define S struct s6a_dsa
static const struct diameter_row dsa_rows[] = {
    ANSWER(S),
    ROW_OPT(S, dsa_flags, DSA_FLAGS),
    ANSWER_END(S),
};
#undef S
#define S struct s6a_rsr
static const struct diameter_row rsr_rows[] = {
    REQUEST(S, 1, 0),     ROW_LIST(S, user_id, USER_ID, 0, NULL), REQUEST_END(S),
    ROW_IGNORE(RESET_ID), ROW_IGNORE(SUBSCRIPTION_DATA),
};
#undef S
#define S struct s6a_rsa
static const struct diameter_row rsa_rows[] = {ANSWER(S), ANSWER_END(S)};
#undef S

#define MESSAGE(m, common, is_request, code, shortly, fully)                                       \
    _Static_assert(offsetof(struct s6a_##m, common.header) == 0, "the header comes first");        \
    static const struct diameter_table m##_table = TABLE(struct s6a_##m, m##_rows);                \
    const struct diameter_message s6a_##m##_message = {.command = (code),                          \
                                                       .application = DIAMETER_APP_S6A,            \
                                                       .request = (is_request),                    \
                                                       .short_name = (shortly),                    \
                                                       .name = (fully),                            \
                                                       .table = &m##_table};
MESSAGE(air, request, true, S6A_AUTHENTICATION_INFORMATION, "AIR",
        "Authentication-Information-Request")
MESSAGE(aia, answer, false, S6A_AUTHENTICATION_INFORMATION, "AIA",
        "Authentication-Information-Answer")
MESSAGE(ulr, request, true, S6A_UPDATE_LOCATION, "ULR", "Update-Location-Request")
MESSAGE(ula, answer, false, S6A_UPDATE_LOCATION, "ULA", "Update-Location-Answer")
MESSAGE(pur, request, true, S6A_PURGE_UE, "PUR", "Purge-UE-Request")
MESSAGE(pua, answer, false, S6A_PURGE_UE, "PUA", "Purge-UE-Answer")
MESSAGE(nor, request, true, S6A_NOTIFY, "NOR", "Notify-Request")
MESSAGE(noa, answer, false, S6A_NOTIFY, "NOA", "Notify-Answer")
MESSAGE(clr, request, true, S6A_CANCEL_LOCATION, "CLR", "Cancel-Location-Request")
MESSAGE(cla, answer, false, S6A_CANCEL_LOCATION, "CLA", "Cancel-Location-Answer")
MESSAGE(idr, request, true, S6A_INSERT_SUBSCRIBER_DATA, "IDR", "Insert-Subscriber-Data-Request")
MESSAGE(ida, answer, false, S6A_INSERT_SUBSCRIBER_DATA, "IDA", "Insert-Subscriber-Data-Answer")
MESSAGE(dsr, request, true, S6A_DELETE_SUBSCRIBER_DATA, "DSR", "Delete-Subscriber-Data-Request")
MESSAGE(dsa, answer, false, S6A_DELETE_SUBSCRIBER_DATA, "DSA", "Delete-Subscriber-Data-Answer")
MESSAGE(rsr, request, true, S6A_RESET, "RSR", "Reset-Request")
MESSAGE(rsa, answer, false, S6A_RESET, "RSA", "Reset-Answer")

#define X(m)                                                                                       \
    enum err s6a_##m##_parse(uint32_t own_vendor, struct bytes msg, struct s6a_##m *out,           \
                             struct diameter_fault *fault)                                         \
    {                                                                                              \
        return diameter_parse(&s6a_##m##_message, own_vendor, msg, out, fault);                    \
    }                                                                                              \
    enum err s6a_##m##_write(uint32_t own_vendor, const struct s6a_##m *in, struct mbytes out,     \
                             size_t *n)                                                            \
    {                                                                                              \
        return diameter_write(&s6a_##m##_message, own_vendor, in, out, n);                         \
    }
S6A_MESSAGES(X)
#undef X

/* ---- which message ---- */

static const struct diameter_message *const messages[] = {
#define X(m) &diameter_##m##_message,
    DIAMETER_BASE_MESSAGES(X)
#undef X
#define X(m) &s6a_##m##_message,
        S6A_MESSAGES(X)
#undef X
};

enum err s6a_identify(const struct diameter_header *h, const struct diameter_message **out,
                      struct diameter_fault *fault)
{
    *fault = (struct diameter_fault){.result_code = DIAMETER_APPLICATION_UNSUPPORTED};
    for (size_t i = 0; i < sizeof messages / sizeof messages[0]; i++) {
        const struct diameter_message *m = messages[i];
        if (m->application != h->application) {
            continue;
        }
        fault->result_code = DIAMETER_COMMAND_UNSUPPORTED;
        if (m->command == h->command && m->request == h->request) {
            *out = m;
            fault->result_code = 0;
            return E_OK;
        }
    }
    return E_UNSUPPORTED;
}

/* ---- filling messages ---- */

static struct diameter_vendor_specific_application_id application_of(uint32_t id)
{
    return (struct diameter_vendor_specific_application_id){
        .present = true,
        .vendor_id = DIAMETER_U32_OF(DIAMETER_VENDOR_3GPP),
        .auth_application_id = DIAMETER_U32_OF(id),
    };
}

void s6a_request_begin(struct s6a_request *r, uint32_t hop_by_hop, uint32_t end_to_end)
{
    *r = (struct s6a_request){
        .header = {.request = true,
                   .proxiable = true,
                   .application = DIAMETER_APP_S6A,
                   .hop_by_hop = hop_by_hop,
                   .end_to_end = end_to_end},
        .vendor_specific_application_id = application_of(DIAMETER_APP_S6A),
        .auth_session_state = DIAMETER_U32_OF(S6A_NO_STATE_MAINTAINED),
    };
}

void s6a_answer_begin(struct s6a_answer *a, const struct s6a_request *r, struct bytes origin_host,
                      struct bytes origin_realm)
{
    *a = (struct s6a_answer){
        .header = r->header,
        .session_id = r->session_id,
        .vendor_specific_application_id = application_of(r->header.application),
        .auth_session_state = DIAMETER_U32_OF(S6A_NO_STATE_MAINTAINED),
        .origin_host = origin_host,
        .origin_realm = origin_realm,
        .proxy_info_n = r->proxy_info_n,
    };
    a->header.request = false;
    a->header.retransmitted = false;
    for (size_t i = 0; i < r->proxy_info_n; i++) {
        a->proxy_info[i] = r->proxy_info[i];
    }
}

void s6a_answer_result(struct s6a_answer *a, uint32_t result_code)
{
    a->result_code = DIAMETER_U32_OF(result_code);
    a->experimental_result = (struct diameter_experimental_result){0};
    a->header.error = result_code >= 3000 && result_code < 4000;
}

void s6a_answer_experimental(struct s6a_answer *a, uint32_t code)
{
    a->result_code = (struct diameter_u32){0};
    a->experimental_result = (struct diameter_experimental_result){
        .present = true,
        .vendor_id = DIAMETER_U32_OF(DIAMETER_VENDOR_3GPP),
        .experimental_result_code = DIAMETER_U32_OF(code),
    };
    a->header.error = false;
}

bool s6a_features_add(struct s6a_supported_features list[static S6A_FEATURES_MAX], size_t *n,
                      uint32_t vendor, uint32_t id, uint32_t bits)
{
    if (*n >= S6A_FEATURES_MAX) {
        return false;
    }
    list[(*n)++] = (struct s6a_supported_features){
        .present = true,
        .vendor_id = DIAMETER_U32_OF(vendor),
        .feature_list_id = DIAMETER_U32_OF(id),
        .feature_list = DIAMETER_U32_OF(bits),
    };
    return true;
}

uint32_t s6a_features_of(const struct s6a_supported_features *list, size_t n, uint32_t vendor,
                         uint32_t id)
{
    for (size_t i = 0; i < n; i++) {
        if (list[i].vendor_id.v == vendor && list[i].feature_list_id.v == id) {
            return list[i].feature_list.v;
        }
    }
    return 0;
}
