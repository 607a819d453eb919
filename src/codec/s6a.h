/* codec/s6a.h - the messages of S6a and S6d (TS 29.272 7.2, application 16777251): authentication
 * information 318, update location 316, purge UE 321, notify 323, cancel location 317, insert
 * subscriber data 319, delete subscriber data 320, reset 322. Each one parses and writes, because
 * we are the HSS and the MME.
 *
 * Spans point into the parsed message; names are the specification's. AVPs that MMEs commonly send
 * and that this project has no use for are accepted and ignored (the tables in s6a.c list them).
 * No member is a key type: this room carries octets and does not know what they open.
 */
#ifndef BINDERY_CODEC_S6A_H
#define BINDERY_CODEC_S6A_H

#include "codec/diameter_base.h"

#define S6A_VECTORS_MAX       5 /* TS 29.272 7.3.15: at most five */
#define S6A_APN_MAX           16
#define S6A_FEATURES_MAX      8
#define S6A_PROXY_INFO_MAX    16
#define S6A_ROUTE_RECORDS_MAX 16

enum s6a_command {
    S6A_UPDATE_LOCATION = 316,
    S6A_CANCEL_LOCATION = 317,
    S6A_AUTHENTICATION_INFORMATION = 318,
    S6A_INSERT_SUBSCRIBER_DATA = 319,
    S6A_DELETE_SUBSCRIBER_DATA = 320,
    S6A_PURGE_UE = 321,
    S6A_RESET = 322,
    S6A_NOTIFY = 323,
};
/* Experimental-Result-Codes under vendor 10415 (TS 29.272 7.4). */
enum s6a_result_code {
    S6A_AUTHENTICATION_DATA_UNAVAILABLE = 4181,
    S6A_USER_UNKNOWN = 5001,
    S6A_ROAMING_NOT_ALLOWED = 5004,
    S6A_UNKNOWN_EPS_SUBSCRIPTION = 5420,
    S6A_RAT_NOT_ALLOWED = 5421,
    S6A_EQUIPMENT_UNKNOWN = 5422,
    S6A_UNKNOWN_SERVING_NODE = 5423,
};
enum s6a_auth_session_state { S6A_STATE_MAINTAINED = 0, S6A_NO_STATE_MAINTAINED = 1 };
enum s6a_rat_type { S6A_RAT_UTRAN = 1000, S6A_RAT_GERAN = 1001, S6A_RAT_EUTRAN = 1004 };
enum s6a_ulr_flags { /* 7.3.7 */
                     S6A_ULR_SINGLE_REGISTRATION = 1U << 0,
                     S6A_ULR_S6A_S6D = 1U << 1, /* set: S6a, the sender is an MME */
                     S6A_ULR_SKIP_SUBSCRIBER_DATA = 1U << 2,
                     S6A_ULR_GPRS_SUBSCRIPTION_DATA = 1U << 3,
                     S6A_ULR_NODE_TYPE = 1U << 4,
                     S6A_ULR_INITIAL_ATTACH = 1U << 5,
                     S6A_ULR_PS_LCS_NOT_SUPPORTED = 1U << 6,
                     S6A_ULR_SMS_ONLY = 1U << 7,
};
enum s6a_ula_flags { S6A_ULA_SEPARATION = 1U << 0, S6A_ULA_MME_REGISTERED_FOR_SMS = 1U << 1 };
enum s6a_pur_flags { S6A_PUR_UE_PURGED_IN_MME = 1U << 0, S6A_PUR_UE_PURGED_IN_SGSN = 1U << 1 };
enum s6a_pua_flags { S6A_PUA_FREEZE_M_TMSI = 1U << 0, S6A_PUA_FREEZE_P_TMSI = 1U << 1 };
enum s6a_clr_flags { S6A_CLR_S6A_S6D = 1U << 0, S6A_CLR_REATTACH_REQUIRED = 1U << 1 };
enum s6a_dsr_flags {                                                       /* 7.3.25 */
                     S6A_DSR_COMPLETE_APN_CONFIGURATION_PROFILE = 1U << 1, /* on S6d only */
                     S6A_DSR_PDN_SUBSCRIPTION_CONTEXTS = 1U << 3,
                     S6A_DSR_SUBSCRIBED_PERIODIC_RAU_TAU_TIMER = 1U << 14,
                     S6A_DSR_MSISDN = 1U << 23,
};
enum s6a_cancellation_type { /* 7.3.24 */
                             S6A_MME_UPDATE_PROCEDURE = 0,
                             S6A_SGSN_UPDATE_PROCEDURE = 1,
                             S6A_SUBSCRIPTION_WITHDRAWAL = 2,
                             S6A_UPDATE_PROCEDURE_IWF = 3,
                             S6A_INITIAL_ATTACH_PROCEDURE = 4,
};
enum s6a_subscriber_status { S6A_SERVICE_GRANTED = 0, S6A_BARRED_BY_OPERATOR = 1 };
enum s6a_network_access_mode { S6A_PACKET_AND_CIRCUIT = 0, S6A_ONLY_PACKET = 2 };
enum s6a_pdn_type { S6A_IPV4 = 0, S6A_IPV6 = 1, S6A_IPV4V6 = 2, S6A_IPV4_OR_IPV6 = 3 };
enum s6a_apn_indicator { S6A_ALL_APN_INCLUDED = 0, S6A_MODIFIED_APN_INCLUDED = 1 };
/* Pre-emption: note that the two count in opposite directions (TS 29.212 5.3.46, 5.3.47). */
enum s6a_pre_emption_capability { S6A_MAY_PRE_EMPT = 0, S6A_MAY_NOT_PRE_EMPT = 1 };
enum s6a_pre_emption_vulnerability { S6A_PRE_EMPTABLE = 0, S6A_NOT_PRE_EMPTABLE = 1 };

/* Own values, see codec/private.h. */
enum s6a_binding_mode { S6A_BINDING_REGULAR, S6A_BINDING_PROCESSED, S6A_BINDING_PROVISIONING_ONLY };
enum s6a_binding_failure_cause {
    S6A_FAILURE_MAC,  /* AUTHENTICATION FAILURE #20: the USIM refused MAC-A */
    S6A_FAILURE_RES,  /* RES differed from XRES */
    S6A_FAILURE_IMEI, /* the identity the device gave is not the Served-IMEI */
};
/* What the subscription's policy wants of a device's identity: nothing, a proof, or a proof that
 * the HSS remembers from earlier (an MME that passes attaches on need not ask again). */
enum s6a_proof_control { S6A_PROOF_NOT_WANTED, S6A_PROOF_WANTED, S6A_PROOF_REMEMBERED };
enum s6a_proof_result {
    S6A_PROOF_PROVEN = 1,
    S6A_PROOF_UNPROVEN = 2,
    S6A_PROOF_FAILED = 3,
    S6A_PROOF_UNDETERMINED = 4
};
enum s6a_credential_form { S6A_CREDENTIAL_IS_CERTIFICATE = 1, S6A_CREDENTIAL_IS_KEY = 2 };

/* ---- groups ---------------------------------------------------------------------------------- */

struct s6a_supported_features {
    bool present;
    struct diameter_u32 vendor_id;
    struct diameter_u32 feature_list_id;
    struct diameter_u32 feature_list;
};
struct s6a_requested_authentication_info {
    bool present;
    struct diameter_u32 number_of_requested_vectors;
    struct diameter_u32 immediate_response_preferred;
    struct bytes re_synchronization_info; /* RAND 16 || AUTS 14 */
};
struct s6a_e_utran_vector {
    bool present;
    struct diameter_u32 item_number;
    struct bytes rand;  /* 16 */
    struct bytes xres;  /* 4 to 16 */
    struct bytes autn;  /* 16 */
    struct bytes kasme; /* 32 */
};
struct s6a_utran_vector {
    bool present;
    struct diameter_u32 item_number;
    struct bytes rand;
    struct bytes xres;
    struct bytes autn;
    struct bytes confidentiality_key; /* 16 */
    struct bytes integrity_key;       /* 16 */
};
struct s6a_geran_vector {
    bool present;
    struct diameter_u32 item_number;
    struct bytes rand;
    struct bytes sres; /* 4 */
    struct bytes kc;   /* 8 */
};
struct s6a_authentication_info {
    bool present;
    struct s6a_e_utran_vector e_utran_vector[S6A_VECTORS_MAX];
    size_t e_utran_vector_n;
    struct s6a_utran_vector utran_vector[S6A_VECTORS_MAX];
    size_t utran_vector_n;
    struct s6a_geran_vector geran_vector[S6A_VECTORS_MAX];
    size_t geran_vector_n;
};
struct s6a_binding_control {
    bool present;
    struct diameter_u32 binding_mode;  /* enum s6a_binding_mode */
    struct bytes hss_nonce;            /* 16 octets; with provisioning only */
    struct diameter_u32 proof_control; /* enum s6a_proof_control; absent: not wanted */
};
struct s6a_device_proof {
    bool present;
    struct diameter_u32 proof_result;    /* enum s6a_proof_result */
    struct bytes proof_cause;            /* the cause's name; absent with a proof */
    struct diameter_u32 credential_form; /* of what was relied on, if anything was */
    struct diameter_u64 record_serial;   /* likewise */
};
struct s6a_binding_failure {
    bool present;
    struct bytes imei; /* 14 to 16 digits, optional */
    struct diameter_u32 binding_failure_count;
    struct diameter_u32 binding_failure_cause; /* enum s6a_binding_failure_cause */
};
struct s6a_terminal_information {
    bool present;
    struct bytes imei;             /* 14 to 16 digits: imei_parse_transmitted, imeisv_parse */
    struct bytes software_version; /* two digits */
};
struct s6a_ambr {
    bool present;
    struct diameter_u32 max_requested_bandwidth_ul; /* bit/s */
    struct diameter_u32 max_requested_bandwidth_dl;
};
struct s6a_allocation_retention_priority {
    bool present;
    struct diameter_u32 priority_level; /* 1 highest to 15 */
    struct diameter_u32 pre_emption_capability;
    struct diameter_u32 pre_emption_vulnerability;
};
struct s6a_eps_subscribed_qos_profile {
    bool present;
    struct diameter_u32 qos_class_identifier;
    struct s6a_allocation_retention_priority allocation_retention_priority;
};
struct s6a_apn_configuration {
    bool present;
    struct diameter_u32 context_identifier;
    struct diameter_u32 pdn_type;
    struct bytes service_selection; /* the APN's network identifier */
    struct s6a_eps_subscribed_qos_profile eps_subscribed_qos_profile;
    struct diameter_u32 vplmn_dynamic_address_allowed;
    struct s6a_ambr ambr;
};
struct s6a_apn_configuration_profile {
    bool present;
    struct diameter_u32 context_identifier; /* of the default APN */
    struct diameter_u32 all_apn_configurations_included_indicator;
    struct s6a_apn_configuration apn_configuration[S6A_APN_MAX];
    size_t apn_configuration_n;
};
struct s6a_subscription_data {
    bool present;
    struct diameter_u32 subscriber_status;
    struct bytes msisdn; /* TBCD */
    struct diameter_u32 network_access_mode;
    struct diameter_u32 operator_determined_barring;
    struct diameter_u32 access_restriction_data;
    struct s6a_ambr ambr;
    struct s6a_apn_configuration_profile apn_configuration_profile;
    struct diameter_u32 subscribed_periodic_rau_tau_timer; /* seconds */
};

/* ---- what all messages share ----------------------------------------------------------------- */

struct s6a_request {
    struct diameter_header header;
    struct bytes session_id;
    struct diameter_vendor_specific_application_id vendor_specific_application_id;
    struct diameter_u32 auth_session_state;
    struct bytes origin_host;
    struct bytes origin_realm;
    struct bytes destination_host; /* required in CLR, optional elsewhere */
    struct bytes destination_realm;
    struct bytes user_name; /* the IMSI's digits; in ECR (codec/s13.h) optional */
    struct diameter_u32 origin_state_id;
    struct s6a_supported_features supported_features[S6A_FEATURES_MAX];
    size_t supported_features_n;
    struct bytes route_record[S6A_ROUTE_RECORDS_MAX];
    size_t route_record_n;
    struct bytes proxy_info[S6A_PROXY_INFO_MAX]; /* content, copied into the answer as it is */
    size_t proxy_info_n;
};
struct s6a_answer {
    struct diameter_header header;
    struct bytes session_id;
    struct diameter_vendor_specific_application_id vendor_specific_application_id;
    struct diameter_u32 result_code; /* either this or the next */
    struct diameter_experimental_result experimental_result;
    struct diameter_u32 auth_session_state;
    struct bytes origin_host;
    struct bytes origin_realm;
    struct bytes error_message;
    struct diameter_u32 origin_state_id;
    struct s6a_supported_features supported_features[S6A_FEATURES_MAX];
    size_t supported_features_n;
    struct bytes failed_avp[DIAMETER_FAILED_MAX]; /* content */
    size_t failed_avp_n;
    struct bytes proxy_info[S6A_PROXY_INFO_MAX];
    size_t proxy_info_n;
};

/* ---- messages -------------------------------------------------------------------------------- */

struct s6a_air { /* 7.2.5 */
    struct s6a_request request;
    struct s6a_requested_authentication_info requested_eutran_authentication_info;
    struct s6a_requested_authentication_info requested_utran_geran_authentication_info;
    struct bytes visited_plmn_id; /* 3 octets: plmn_from_octets */
    struct bytes served_imei;     /* own, optional */
};
struct s6a_aia { /* 7.2.6 */
    struct s6a_answer answer;
    struct s6a_authentication_info authentication_info;
    struct s6a_binding_control binding_control; /* own, optional */
};
struct s6a_ulr { /* 7.2.3 */
    struct s6a_request request;
    struct s6a_terminal_information terminal_information;
    struct diameter_u32 rat_type;
    struct diameter_u32 ulr_flags;
    struct diameter_u32 ue_srvcc_capability;
    struct bytes visited_plmn_id;
    struct bytes kme_payload;             /* own, optional */
    struct s6a_device_proof device_proof; /* own, optional */
};
struct s6a_ula { /* 7.2.4 */
    struct s6a_answer answer;
    struct diameter_u32 ula_flags;
    struct s6a_subscription_data subscription_data;
    struct bytes nw_signature; /* own, optional, 32 octets */
};
struct s6a_pur { /* 7.2.13 */
    struct s6a_request request;
    struct diameter_u32 pur_flags;
};
struct s6a_pua { /* 7.2.14 */
    struct s6a_answer answer;
    struct diameter_u32 pua_flags;
};
struct s6a_nor { /* 7.2.17 */
    struct s6a_request request;
    struct s6a_terminal_information terminal_information;
    struct diameter_u32 alert_reason;
    struct diameter_u32 nor_flags;
    struct s6a_binding_failure binding_failure; /* own, optional */
};
struct s6a_noa { /* 7.2.18 */
    struct s6a_answer answer;
};
struct s6a_clr { /* 7.2.7 */
    struct s6a_request request;
    struct diameter_u32 cancellation_type;
    struct diameter_u32 clr_flags;
};
struct s6a_cla { /* 7.2.8 */
    struct s6a_answer answer;
};
struct s6a_idr { /* 7.2.9 */
    struct s6a_request request;
    struct s6a_subscription_data subscription_data;
    struct diameter_u32 idr_flags; /* what is asked of the UE's state; we ask nothing */
};
struct s6a_ida { /* 7.2.10 */
    struct s6a_answer answer;
    struct diameter_u32 ida_flags;
};
#define S6A_CONTEXTS_MAX 64
struct s6a_dsr { /* 7.2.11 */
    struct s6a_request request;
    struct diameter_u32 dsr_flags;
    struct diameter_u32 context_identifier[S6A_CONTEXTS_MAX];
    size_t context_identifier_n;
};
struct s6a_dsa { /* 7.2.12 */
    struct s6a_answer answer;
    struct diameter_u32 dsa_flags;
};
#define S6A_USER_IDS_MAX 64
struct s6a_rsr { /* 7.2.15; without User-Name, and Destination-Host is there */
    struct s6a_request request;
    struct bytes user_id[S6A_USER_IDS_MAX]; /* leading digits of IMSIs; none: all of the HSS */
    size_t user_id_n;
};
struct s6a_rsa { /* 7.2.16 */
    struct s6a_answer answer;
};

/* s6a_air_parse(own_vendor, msg, &air, &fault), s6a_air_write(own_vendor, &air, out, &n), and so
 * on. Errors as diameter_parse and diameter_write (codec/diameter_table.h). */
#define S6A_MESSAGES(X)                                                                            \
    X(air)                                                                                         \
    X(aia)                                                                                         \
    X(ulr)                                                                                         \
    X(ula)                                                                                         \
    X(pur)                                                                                         \
    X(pua)                                                                                         \
    X(nor)                                                                                         \
    X(noa)                                                                                         \
    X(clr)                                                                                         \
    X(cla)                                                                                         \
    X(idr)                                                                                         \
    X(ida)                                                                                         \
    X(dsr)                                                                                         \
    X(dsa)                                                                                         \
    X(rsr)                                                                                         \
    X(rsa)
#define X(m)                                                                                       \
    extern const struct diameter_message s6a_##m##_message;                                        \
    MUST_USE enum err s6a_##m##_parse(uint32_t own_vendor, struct bytes msg, struct s6a_##m *out,  \
                                      struct diameter_fault *fault);                               \
    MUST_USE enum err s6a_##m##_write(uint32_t own_vendor, const struct s6a_##m *in,               \
                                      struct mbytes out, size_t *n);
S6A_MESSAGES(X)
#undef X

/* Which message is this? Errors with their fault: E_UNSUPPORTED (3007 for an application that is
 * neither base nor S6a, 3001 for another command). */
MUST_USE enum err s6a_identify(const struct diameter_header *h, const struct diameter_message **out,
                               struct diameter_fault *fault);

/* Fills what every request needs: header (R, P, identifiers), Vendor-Specific-Application-Id, no
 * state maintained. The rest of *r is zero. */
void s6a_request_begin(struct s6a_request *r, uint32_t hop_by_hop, uint32_t end_to_end);
/* Fills an answer from its request: identifiers, P, Session-Id, application (codec/s13.h's too),
 * session state, Proxy-Info; and our origin. The rest of *a is zero: the result is the caller's. */
void s6a_answer_begin(struct s6a_answer *a, const struct s6a_request *r, struct bytes origin_host,
                      struct bytes origin_realm);
/* A Result-Code, E set exactly for 3xxx. */
void s6a_answer_result(struct s6a_answer *a, uint32_t result_code);
/* An Experimental-Result under vendor 10415. */
void s6a_answer_experimental(struct s6a_answer *a, uint32_t code);
/* Adds a Supported-Features; false when the list is full. */
MUST_USE bool s6a_features_add(struct s6a_supported_features list[static S6A_FEATURES_MAX],
                               size_t *n, uint32_t vendor, uint32_t id, uint32_t bits);
/* The bits of the feature list of this vendor and id; 0 when it was not sent. */
uint32_t s6a_features_of(const struct s6a_supported_features *list, size_t n, uint32_t vendor,
                         uint32_t id);

#endif
