/* codec/s1ap.h - S1AP between eNB and MME (TS 36.413): one struct per message, one function that
 * reads any of them, one that writes any of them, and what to tell the peer about a message that
 * could not be accepted (clause 10).
 *
 * Spans point into the message that was read, or to what the writer's caller owns. Nothing here
 * allocates, keeps state or knows what a key is: the SecurityKey is 32 opaque octets. Whether a
 * message fits the state of the interface is the caller's question.
 *
 * `has_x` says whether x is there. An IE that a message must have and that has criticality reject
 * has none: a message without it is refused. One with criticality ignore may be missing in what was
 * read (10.3.5), so its has_x must be looked at; the writer demands it.
 */
#ifndef BINDERY_CODEC_S1AP_H
#define BINDERY_CODEC_S1AP_H

#include "base/span.h"
#include "codec/s1ap_values.h"
#include "id/plmn.h"

/* ---- lists ----
 *
 * To write one, point `items` at an array of the element's struct and set n: S1AP_LIST_OF(array).
 * One that was read has items NULL and lies in the message. Walk either kind with a cursor. */
struct s1ap_list {
    const void *items;
    size_t n;
    struct bytes
        in; /* of a list that was read: the open type it lies in, and the bit it starts at */
    size_t bit;
};
#define S1AP_LIST_OF(array)                                                                        \
    ((struct s1ap_list){.items = (array), .n = sizeof(array) / sizeof((array)[0])})
struct s1ap_cursor {
    const struct s1ap_list *list;
    size_t i;
    size_t bit;
};
struct s1ap_cursor s1ap_each(const struct s1ap_list *list);

/* ---- values ---- */

struct s1ap_cause { /* 9.2.1.3 */
    enum s1ap_cause_group group;
    uint32_t value; /* of the group's enumeration */
};
#define S1AP_CAUSE_OF(group_, value_)                                                              \
    ((struct s1ap_cause){.group = S1AP_CAUSE_##group_, .value = (value_)})

struct s1ap_tai { /* 9.2.3.16 */
    struct plmn plmn;
    uint16_t tac;
};
struct s1ap_eutran_cgi { /* 9.2.1.38 */
    struct plmn plmn;
    uint32_t cell_identity; /* 28 bits: the eNB's identity and, in the last 8 bits, the cell's */
};
struct s1ap_s_tmsi { /* 9.2.3.6 */
    uint8_t mmec;
    uint32_t m_tmsi;
};
struct s1ap_gummei { /* 9.2.3.9 */
    struct plmn plmn;
    uint16_t mme_group_id;
    uint8_t mme_code;
};
struct s1ap_additional_guti { /* 9.2.3.45 */
    struct s1ap_gummei gummei;
    uint32_t m_tmsi;
};

enum s1ap_enb_id_kind { S1AP_ENB_MACRO, S1AP_ENB_HOME, S1AP_ENB_SHORT_MACRO, S1AP_ENB_LONG_MACRO };
struct s1ap_global_enb_id { /* 9.2.1.37 */
    struct plmn plmn;
    struct s1ap_enb_id {
        enum s1ap_enb_id_kind kind;
        uint32_t id; /* 20, 28, 18 or 21 bits, in the least significant ones */
    } enb_id;
};
struct s1ap_supported_ta { /* one of SupportedTAs, 9.1.8.4 */
    uint16_t tac;
    struct s1ap_list broadcast_plmns; /* 1 to 6 of struct plmn */
    bool has_rat_type;                /* absent: WB-E-UTRAN */
    enum s1ap_rat_type rat_type;
};
struct s1ap_served_gummei {     /* one of ServedGUMMEIs, 9.1.8.5 */
    struct s1ap_list plmns;     /* 1 to 32 of struct plmn */
    struct s1ap_list group_ids; /* 1 to 65535 of uint16_t */
    struct s1ap_list mmecs;     /* 1 to 256 of uint8_t */
    bool has_gummei_type;
    enum s1ap_gummei_type gummei_type;
};

struct s1ap_diagnostic { /* one of the IEs of CriticalityDiagnostics */
    enum s1ap_criticality criticality;
    uint16_t ie_id; /* enum s1ap_ie_id, or any other number */
    enum s1ap_type_of_error type_of_error;
};
struct s1ap_criticality_diagnostics { /* 9.2.1.21 */
    bool has_procedure_code, has_triggering_message, has_procedure_criticality, has_ies;
    uint8_t procedure_code;
    enum s1ap_outcome triggering_message;
    enum s1ap_criticality procedure_criticality;
    struct s1ap_list ies; /* 1 to 256 of struct s1ap_diagnostic */
};

struct s1ap_ambr { /* 9.2.1.20, bit/s, each at most 10^10 */
    uint64_t downlink;
    uint64_t uplink;
};
struct s1ap_security_capabilities { /* 9.2.1.40: bit 15 is 128-EEA1 or 128-EIA1, bit 14 is 2 ... */
    uint16_t encryption;
    uint16_t integrity;
};
struct s1ap_arp {           /* 9.2.1.60 */
    uint8_t priority_level; /* 0 to 15 */
    enum s1ap_pre_emption_capability capability;
    enum s1ap_pre_emption_vulnerability vulnerability;
};
struct s1ap_gbr { /* 9.2.1.18, bit/s, each at most 10^10 */
    uint64_t maximum_downlink, maximum_uplink, guaranteed_downlink, guaranteed_uplink;
};
struct s1ap_qos { /* 9.2.1.15 */
    uint8_t qci;
    struct s1ap_arp arp;
    bool has_gbr;
    struct s1ap_gbr gbr;
};
struct s1ap_e_rab_to_be_setup { /* one of E-RABToBeSetupListCtxtSUReq, 9.1.4.1 */
    uint8_t e_rab_id;           /* 0 to 15 */
    struct s1ap_qos qos;
    struct bytes address; /* IPv4 (4 octets), IPv6 (16) or both (20), 9.2.2.1 */
    uint32_t gtp_teid;
    bool has_nas_pdu;
    struct bytes nas_pdu;
};
struct s1ap_e_rab_setup { /* one of E-RABSetupListCtxtSURes, 9.1.4.3 */
    uint8_t e_rab_id;
    struct bytes address;
    uint32_t gtp_teid;
};
struct s1ap_e_rab_failed { /* one of E-RABList, 9.2.1.36 */
    uint8_t e_rab_id;
    struct s1ap_cause cause;
};

enum s1ap_ue_ids_kind { S1AP_UE_IDS_PAIR, S1AP_UE_IDS_MME };
struct s1ap_ue_ids { /* UE-S1AP-IDs, 9.2.3.18 */
    enum s1ap_ue_ids_kind kind;
    uint32_t mme_ue_s1ap_id; /* of both kinds */
    uint32_t enb_ue_s1ap_id; /* of the pair, 24 bits */
};
struct s1ap_connection { /* UE-associated Logical S1-connection Item, 9.1.8.1 */
    bool has_mme_ue_s1ap_id, has_enb_ue_s1ap_id;
    uint32_t mme_ue_s1ap_id;
    uint32_t enb_ue_s1ap_id;
};
enum s1ap_reset_kind { S1AP_RESET_S1_INTERFACE, S1AP_RESET_PART };
struct s1ap_reset_type { /* 9.1.8.1 */
    enum s1ap_reset_kind kind;
    enum s1ap_reset_all all;
    struct s1ap_list connections; /* of S1AP_RESET_PART: 1 to 256 of struct s1ap_connection */
};
struct s1ap_overload_response { /* 9.2.3.19; the choice has one alternative */
    uint32_t kind;              /* 0 */
    enum s1ap_overload_action action;
};

/* The next element; false at the end. Each only for lists of that element. A list that was read was
 * checked as a whole, so that walking it cannot fail. */
bool s1ap_next_plmn(struct s1ap_cursor *c, struct plmn *out);
bool s1ap_next_group_id(struct s1ap_cursor *c, uint16_t *out);
bool s1ap_next_mmec(struct s1ap_cursor *c, uint8_t *out);
bool s1ap_next_gummei(struct s1ap_cursor *c, struct s1ap_gummei *out);
bool s1ap_next_supported_ta(struct s1ap_cursor *c, struct s1ap_supported_ta *out);
bool s1ap_next_served_gummei(struct s1ap_cursor *c, struct s1ap_served_gummei *out);
bool s1ap_next_diagnostic(struct s1ap_cursor *c, struct s1ap_diagnostic *out);
bool s1ap_next_connection(struct s1ap_cursor *c, struct s1ap_connection *out);
bool s1ap_next_e_rab_to_be_setup(struct s1ap_cursor *c, struct s1ap_e_rab_to_be_setup *out);
bool s1ap_next_e_rab_setup(struct s1ap_cursor *c, struct s1ap_e_rab_setup *out);
bool s1ap_next_e_rab_failed(struct s1ap_cursor *c, struct s1ap_e_rab_failed *out);

/* ---- messages ---- */

struct s1ap_s1_setup_request { /* 9.1.8.4 */
    struct s1ap_global_enb_id global_enb_id;
    bool has_enb_name, has_default_paging_drx, has_csg_ids;
    struct bytes enb_name;          /* PrintableString, 1 to 150 (longer by extension) */
    struct s1ap_list supported_tas; /* 1 to 256 of struct s1ap_supported_ta */
    enum s1ap_paging_drx default_paging_drx;
    struct bytes csg_ids; /* CSG-IdList as it came, not looked into */
};
struct s1ap_s1_setup_response { /* 9.1.8.5 */
    bool has_mme_name, has_relative_capacity, has_diagnostics;
    struct bytes mme_name;
    struct s1ap_list served_gummeis; /* 1 to 8 of struct s1ap_served_gummei */
    uint8_t relative_capacity;
    struct s1ap_criticality_diagnostics diagnostics;
};
struct s1ap_s1_setup_failure { /* 9.1.8.6 */
    bool has_cause, has_time_to_wait, has_diagnostics;
    struct s1ap_cause cause;
    enum s1ap_time_to_wait time_to_wait;
    struct s1ap_criticality_diagnostics diagnostics;
};

struct s1ap_initial_ue_message { /* 9.1.7.1 */
    uint32_t enb_ue_s1ap_id;     /* 24 bits */
    struct bytes nas_pdu;
    struct s1ap_tai tai;
    bool has_eutran_cgi, has_rrc_cause, has_s_tmsi, has_csg_id, has_gummei, has_cell_access_mode;
    bool has_gummei_type, has_mme_group_id, has_ue_usage_type;
    struct s1ap_eutran_cgi eutran_cgi;
    enum s1ap_rrc_establishment_cause rrc_cause;
    struct s1ap_s_tmsi s_tmsi;
    struct bytes csg_id; /* as it came, not looked into */
    struct s1ap_gummei gummei;
    struct bytes cell_access_mode; /* as it came, not looked into */
    enum s1ap_gummei_type gummei_type;
    uint16_t mme_group_id; /* of a message that was rerouted, as the usage type */
    uint8_t ue_usage_type;
};
struct s1ap_downlink_nas_transport { /* 9.1.7.2 */
    uint32_t mme_ue_s1ap_id;
    uint32_t enb_ue_s1ap_id;
    struct bytes nas_pdu;
    bool has_subscriber_profile_id, has_ue_radio_capability;
    uint16_t subscriber_profile_id; /* 1 to 256 */
    struct bytes ue_radio_capability;
};
struct s1ap_uplink_nas_transport { /* 9.1.7.3 */
    uint32_t mme_ue_s1ap_id;
    uint32_t enb_ue_s1ap_id;
    struct bytes nas_pdu;
    bool has_eutran_cgi, has_tai;
    struct s1ap_eutran_cgi eutran_cgi;
    struct s1ap_tai tai;
};
struct s1ap_nas_non_delivery_indication { /* 9.1.7.4 */
    uint32_t mme_ue_s1ap_id;
    uint32_t enb_ue_s1ap_id;
    bool has_nas_pdu, has_cause;
    struct bytes nas_pdu;
    struct s1ap_cause cause;
};
struct s1ap_reroute_nas_request { /* 9.1.7.5 */
    uint32_t enb_ue_s1ap_id;
    bool has_mme_ue_s1ap_id, has_additional_guti, has_ue_usage_type;
    uint32_t mme_ue_s1ap_id;
    struct bytes s1_message; /* the whole INITIAL UE MESSAGE as the eNB sent it */
    uint16_t mme_group_id;
    struct s1ap_additional_guti additional_guti;
    uint8_t ue_usage_type;
};

struct s1ap_initial_context_setup_request { /* 9.1.4.1 */
    uint32_t mme_ue_s1ap_id;
    uint32_t enb_ue_s1ap_id;
    struct s1ap_ambr ambr;
    struct s1ap_list e_rabs; /* 1 to 256 of struct s1ap_e_rab_to_be_setup */
    struct s1ap_security_capabilities security_capabilities;
    struct bytes security_key; /* 32 octets: KeNB. Never print it; wipe where it came from */
    bool has_ue_radio_capability, has_subscriber_profile_id, has_gummei;
    struct bytes ue_radio_capability;
    uint16_t subscriber_profile_id;
    struct s1ap_gummei gummei;
};
struct s1ap_initial_context_setup_response { /* 9.1.4.3 */
    bool has_mme_ue_s1ap_id, has_enb_ue_s1ap_id, has_e_rabs, has_e_rabs_failed, has_diagnostics;
    uint32_t mme_ue_s1ap_id;
    uint32_t enb_ue_s1ap_id;
    struct s1ap_list e_rabs;        /* 1 to 256 of struct s1ap_e_rab_setup */
    struct s1ap_list e_rabs_failed; /* 1 to 256 of struct s1ap_e_rab_failed */
    struct s1ap_criticality_diagnostics diagnostics;
};
struct s1ap_initial_context_setup_failure { /* 9.1.4.4 */
    bool has_mme_ue_s1ap_id, has_enb_ue_s1ap_id, has_cause, has_diagnostics;
    uint32_t mme_ue_s1ap_id;
    uint32_t enb_ue_s1ap_id;
    struct s1ap_cause cause;
    struct s1ap_criticality_diagnostics diagnostics;
};

struct s1ap_ue_context_release_request { /* 9.1.4.5 */
    uint32_t mme_ue_s1ap_id;
    uint32_t enb_ue_s1ap_id;
    bool has_cause;
    struct s1ap_cause cause;
};
struct s1ap_ue_context_release_command { /* 9.1.4.6 */
    struct s1ap_ue_ids ue_ids;
    bool has_cause;
    struct s1ap_cause cause;
};
struct s1ap_ue_context_release_complete { /* 9.1.4.7 */
    bool has_mme_ue_s1ap_id, has_enb_ue_s1ap_id, has_diagnostics;
    uint32_t mme_ue_s1ap_id;
    uint32_t enb_ue_s1ap_id;
    struct s1ap_criticality_diagnostics diagnostics;
};
struct s1ap_ue_capability_info_indication { /* 9.1.10 */
    uint32_t mme_ue_s1ap_id;
    uint32_t enb_ue_s1ap_id;
    bool has_ue_radio_capability, has_ue_radio_capability_for_paging;
    struct bytes ue_radio_capability;
    struct bytes ue_radio_capability_for_paging;
};

struct s1ap_reset { /* 9.1.8.1 */
    bool has_cause;
    struct s1ap_cause cause;
    struct s1ap_reset_type type;
};
struct s1ap_reset_acknowledge { /* 9.1.8.2 */
    bool has_connections, has_diagnostics;
    struct s1ap_list connections; /* 1 to 256 of struct s1ap_connection */
    struct s1ap_criticality_diagnostics diagnostics;
};
struct s1ap_error_indication { /* 9.1.8.3 */
    bool has_mme_ue_s1ap_id, has_enb_ue_s1ap_id, has_cause, has_diagnostics, has_s_tmsi;
    uint32_t mme_ue_s1ap_id;
    uint32_t enb_ue_s1ap_id;
    struct s1ap_cause cause;
    struct s1ap_criticality_diagnostics diagnostics;
    struct s1ap_s_tmsi s_tmsi;
};
struct s1ap_overload_start { /* 9.1.8.13 */
    struct s1ap_overload_response response;
    bool has_gummeis, has_load_reduction;
    struct s1ap_list gummeis; /* 1 to 256 of struct s1ap_gummei */
    uint8_t load_reduction;   /* 1 to 99 per cent */
};
struct s1ap_overload_stop { /* 9.1.8.14 */
    bool has_gummeis;
    struct s1ap_list gummeis;
};

/* member, NAME, procedure, outcome, "name", clause */
#define S1AP_MESSAGES(X)                                                                           \
    X(s1_setup_request, S1_SETUP_REQUEST, S1_SETUP, INITIATING, "S1SetupRequest", "9.1.8.4")       \
    X(s1_setup_response, S1_SETUP_RESPONSE, S1_SETUP, SUCCESSFUL, "S1SetupResponse", "9.1.8.5")    \
    X(s1_setup_failure, S1_SETUP_FAILURE, S1_SETUP, UNSUCCESSFUL, "S1SetupFailure", "9.1.8.6")     \
    X(initial_ue_message, INITIAL_UE_MESSAGE, INITIAL_UE_MESSAGE, INITIATING, "InitialUEMessage",  \
      "9.1.7.1")                                                                                   \
    X(downlink_nas_transport, DOWNLINK_NAS_TRANSPORT, DOWNLINK_NAS_TRANSPORT, INITIATING,          \
      "DownlinkNASTransport", "9.1.7.2")                                                           \
    X(uplink_nas_transport, UPLINK_NAS_TRANSPORT, UPLINK_NAS_TRANSPORT, INITIATING,                \
      "UplinkNASTransport", "9.1.7.3")                                                             \
    X(nas_non_delivery_indication, NAS_NON_DELIVERY_INDICATION, NAS_NON_DELIVERY_INDICATION,       \
      INITIATING, "NASNonDeliveryIndication", "9.1.7.4")                                           \
    X(reroute_nas_request, REROUTE_NAS_REQUEST, REROUTE_NAS_REQUEST, INITIATING,                   \
      "RerouteNASRequest", "9.1.7.5")                                                              \
    X(initial_context_setup_request, INITIAL_CONTEXT_SETUP_REQUEST, INITIAL_CONTEXT_SETUP,         \
      INITIATING, "InitialContextSetupRequest", "9.1.4.1")                                         \
    X(initial_context_setup_response, INITIAL_CONTEXT_SETUP_RESPONSE, INITIAL_CONTEXT_SETUP,       \
      SUCCESSFUL, "InitialContextSetupResponse", "9.1.4.3")                                        \
    X(initial_context_setup_failure, INITIAL_CONTEXT_SETUP_FAILURE, INITIAL_CONTEXT_SETUP,         \
      UNSUCCESSFUL, "InitialContextSetupFailure", "9.1.4.4")                                       \
    X(ue_context_release_request, UE_CONTEXT_RELEASE_REQUEST, UE_CONTEXT_RELEASE_REQUEST,          \
      INITIATING, "UEContextReleaseRequest", "9.1.4.5")                                            \
    X(ue_context_release_command, UE_CONTEXT_RELEASE_COMMAND, UE_CONTEXT_RELEASE, INITIATING,      \
      "UEContextReleaseCommand", "9.1.4.6")                                                        \
    X(ue_context_release_complete, UE_CONTEXT_RELEASE_COMPLETE, UE_CONTEXT_RELEASE, SUCCESSFUL,    \
      "UEContextReleaseComplete", "9.1.4.7")                                                       \
    X(ue_capability_info_indication, UE_CAPABILITY_INFO_INDICATION, UE_CAPABILITY_INFO_INDICATION, \
      INITIATING, "UECapabilityInfoIndication", "9.1.10")                                          \
    X(reset, RESET, RESET, INITIATING, "Reset", "9.1.8.1")                                         \
    X(reset_acknowledge, RESET_ACKNOWLEDGE, RESET, SUCCESSFUL, "ResetAcknowledge", "9.1.8.2")      \
    X(error_indication, ERROR_INDICATION, ERROR_INDICATION, INITIATING, "ErrorIndication",         \
      "9.1.8.3")                                                                                   \
    X(overload_start, OVERLOAD_START, OVERLOAD_START, INITIATING, "OverloadStart", "9.1.8.13")     \
    X(overload_stop, OVERLOAD_STOP, OVERLOAD_STOP, INITIATING, "OverloadStop", "9.1.8.14")
enum s1ap_message {
#define X(member, name, procedure, outcome, text, clause) S1AP_##name,
    S1AP_MESSAGES(X)
#undef X
        S1AP_MESSAGE_COUNT
};

struct s1ap_pdu {
    enum s1ap_message type;
    union {
#define X(member, name, procedure, outcome, text, clause) struct s1ap_##member member;
        S1AP_MESSAGES(X)
#undef X
    } u;
};

/* ---- what was wrong with a message (clause 10) ---- */

#define S1AP_FAULT_IES 16 /* how many IEs a fault names; more are counted, not kept */

/* NAME, "name", the cause's value in the protocol group (10.2 to 10.3.6) */
#define S1AP_FAULTS(X)                                                                             \
    X(NONE, "none", UNSPECIFIED)                                                                   \
    X(TRANSFER_SYNTAX, "transfer-syntax", TRANSFER_SYNTAX_ERROR)                                   \
    X(UNKNOWN_PROCEDURE, "unknown-procedure", ABSTRACT_SYNTAX_ERROR_REJECT)                        \
    X(IE_NOT_UNDERSTOOD, "ie-not-understood", ABSTRACT_SYNTAX_ERROR_REJECT)                        \
    X(IE_MISSING, "ie-missing", ABSTRACT_SYNTAX_ERROR_REJECT)                                      \
    X(IE_REPEATED, "ie-repeated", FALSELY_CONSTRUCTED_MESSAGE)                                     \
    X(IE_OUT_OF_ORDER, "ie-out-of-order", FALSELY_CONSTRUCTED_MESSAGE)                             \
    X(NOTIFY, "notify", ABSTRACT_SYNTAX_ERROR_IGNORE_AND_NOTIFY)
enum s1ap_fault_kind {
#define X(name, text, cause) S1AP_FAULT_##name,
    S1AP_FAULTS(X)
#undef X
};

struct s1ap_fault {
    enum s1ap_fault_kind kind;
    /* Is an ERROR INDICATION owed (unless the procedure has an unsuccessful outcome to carry the
     * same)? False where clause 10 wants local error handling: outcomes, ERROR INDICATION itself.
     */
    bool report;
    size_t place; /* octet of the message at which the IE, or what could not be read, begins */
    bool has_procedure;
    uint8_t procedure; /* enum s1ap_procedure, or any other number */
    enum s1ap_outcome outcome;
    enum s1ap_criticality criticality; /* of the procedure, as received */
    bool has_mme_ue_s1ap_id,
        has_enb_ue_s1ap_id; /* for the ERROR INDICATION, if they could be read */
    uint32_t mme_ue_s1ap_id;
    uint32_t enb_ue_s1ap_id;
    size_t n; /* IEs that were missing or not understood, with criticality reject or notify */
    struct s1ap_diagnostic ies[S1AP_FAULT_IES];
};

/* Reads any message. On E_OK fault->kind is NONE, or NOTIFY when the message is to be carried out
 * and the peer to be told what was not understood. On an error *out is all zeros and fault says
 * what the peer is told.
 * Errors: E_TRUNCATED, E_TRAILING, E_BAD_VALUE, E_BAD_LENGTH (transfer syntax error; a length of
 * 16K or more, which PER fragments, is E_BAD_LENGTH), E_UNSUPPORTED (unknown procedure), E_UNKNOWN
 * (an IE, or a value in one, that must be understood), E_MISSING, E_REPEATED, E_CONFLICT (IEs in
 * the wrong order). */
MUST_USE enum err s1ap_parse(struct bytes in, struct s1ap_pdu *out, struct s1ap_fault *fault);
/* Writes a message. The output is written to on errors too, *n only on E_OK.
 * Errors: E_NO_ROOM; E_MISSING, E_BAD_VALUE, E_BAD_LENGTH for what its own parser would refuse. */
MUST_USE enum err s1ap_write(const struct s1ap_pdu *in, struct mbytes out, size_t *n);

/* The cause that the peer is told. */
struct s1ap_cause s1ap_fault_cause(const struct s1ap_fault *fault);
/* CriticalityDiagnostics that point into the fault (9.2.1.21). */
struct s1ap_criticality_diagnostics s1ap_fault_diagnostics(const struct s1ap_fault *fault);
/* The ERROR INDICATION for a fault; it points into the fault. */
struct s1ap_pdu s1ap_fault_indication(const struct s1ap_fault *fault);
const char *s1ap_fault_name(enum s1ap_fault_kind kind); /* "ie-missing". Never NULL. */

/* Overwrites the SecurityKey with zeros in place, as a trace may hold the message then. One that
 * cannot be read, of a procedure whose messages carry keys, loses everything after its procedure
 * code; anything else stays as it is. */
void s1ap_redact(struct mbytes msg);

/* Names as the ASN.1 has them; NULL when there is none. */
const char *s1ap_message_name(enum s1ap_message type);
const char *s1ap_procedure_name(unsigned code);
const char *s1ap_ie_name(unsigned id);
/* "normal-release"; the group has a name of its own. */
const char *s1ap_cause_name(struct s1ap_cause cause);
const char *s1ap_cause_group_name(struct s1ap_cause cause);

#endif
