/* codec/nas_codes.h - the numbers of EPS NAS that a person meets, with their names: message types,
 * causes, and the values of the short information elements (TS 24.301 9.8, 9.9; TS 24.008 10.5).
 *
 * A number received that has no name here is still carried as it is: tables say what a value is
 * called, never whether it may come.
 */
#ifndef BINDERY_CODEC_NAS_CODES_H
#define BINDERY_CODEC_NAS_CODES_H

#include <stdint.h>

enum nas_pd { NAS_PD_ESM = 0x2, NAS_PD_EMM = 0x7 }; /* TS 24.007 11.2.3.1.1 */

/* TS 24.301 9.3.1 */
enum nas_sht {
    NAS_SHT_PLAIN = 0,
    NAS_SHT_INTEGRITY = 1,
    NAS_SHT_CIPHERED = 2,        /* and integrity protected */
    NAS_SHT_INTEGRITY_NEW = 3,   /* with a new security context: SECURITY MODE COMMAND only */
    NAS_SHT_CIPHERED_NEW = 4,    /* with a new security context: SECURITY MODE COMPLETE only */
    NAS_SHT_PARTIAL = 5,         /* CONTROL PLANE SERVICE REQUEST only */
    NAS_SHT_SERVICE_REQUEST = 12 /* and 13 to 15, which mean the same */
};

/* NAME, value, the name for people. TS 24.301 9.8. */
#define NAS_MESSAGE_TYPES(X)                                                                       \
    X(ATTACH_REQUEST, 0x41, "ATTACH REQUEST")                                                      \
    X(ATTACH_ACCEPT, 0x42, "ATTACH ACCEPT")                                                        \
    X(ATTACH_COMPLETE, 0x43, "ATTACH COMPLETE")                                                    \
    X(ATTACH_REJECT, 0x44, "ATTACH REJECT")                                                        \
    X(DETACH_REQUEST, 0x45, "DETACH REQUEST")                                                      \
    X(DETACH_ACCEPT, 0x46, "DETACH ACCEPT")                                                        \
    X(TRACKING_AREA_UPDATE_REQUEST, 0x48, "TRACKING AREA UPDATE REQUEST")                          \
    X(TRACKING_AREA_UPDATE_ACCEPT, 0x49, "TRACKING AREA UPDATE ACCEPT")                            \
    X(TRACKING_AREA_UPDATE_COMPLETE, 0x4A, "TRACKING AREA UPDATE COMPLETE")                        \
    X(TRACKING_AREA_UPDATE_REJECT, 0x4B, "TRACKING AREA UPDATE REJECT")                            \
    X(EXTENDED_SERVICE_REQUEST, 0x4C, "EXTENDED SERVICE REQUEST")                                  \
    X(CONTROL_PLANE_SERVICE_REQUEST, 0x4D, "CONTROL PLANE SERVICE REQUEST")                        \
    X(SERVICE_REJECT, 0x4E, "SERVICE REJECT")                                                      \
    X(SERVICE_ACCEPT, 0x4F, "SERVICE ACCEPT")                                                      \
    X(GUTI_REALLOCATION_COMMAND, 0x50, "GUTI REALLOCATION COMMAND")                                \
    X(GUTI_REALLOCATION_COMPLETE, 0x51, "GUTI REALLOCATION COMPLETE")                              \
    X(AUTHENTICATION_REQUEST, 0x52, "AUTHENTICATION REQUEST")                                      \
    X(AUTHENTICATION_RESPONSE, 0x53, "AUTHENTICATION RESPONSE")                                    \
    X(AUTHENTICATION_REJECT, 0x54, "AUTHENTICATION REJECT")                                        \
    X(IDENTITY_REQUEST, 0x55, "IDENTITY REQUEST")                                                  \
    X(IDENTITY_RESPONSE, 0x56, "IDENTITY RESPONSE")                                                \
    X(AUTHENTICATION_FAILURE, 0x5C, "AUTHENTICATION FAILURE")                                      \
    X(SECURITY_MODE_COMMAND, 0x5D, "SECURITY MODE COMMAND")                                        \
    X(SECURITY_MODE_COMPLETE, 0x5E, "SECURITY MODE COMPLETE")                                      \
    X(SECURITY_MODE_REJECT, 0x5F, "SECURITY MODE REJECT")                                          \
    X(EMM_STATUS, 0x60, "EMM STATUS")                                                              \
    X(EMM_INFORMATION, 0x61, "EMM INFORMATION")                                                    \
    X(DOWNLINK_NAS_TRANSPORT, 0x62, "DOWNLINK NAS TRANSPORT")                                      \
    X(UPLINK_NAS_TRANSPORT, 0x63, "UPLINK NAS TRANSPORT")                                          \
    X(CS_SERVICE_NOTIFICATION, 0x64, "CS SERVICE NOTIFICATION")                                    \
    X(DOWNLINK_GENERIC_NAS_TRANSPORT, 0x68, "DOWNLINK GENERIC NAS TRANSPORT")                      \
    X(UPLINK_GENERIC_NAS_TRANSPORT, 0x69, "UPLINK GENERIC NAS TRANSPORT")                          \
    X(ACTIVATE_DEFAULT_EPS_BEARER_CONTEXT_REQUEST, 0xC1,                                           \
      "ACTIVATE DEFAULT EPS BEARER CONTEXT REQUEST")                                               \
    X(ACTIVATE_DEFAULT_EPS_BEARER_CONTEXT_ACCEPT, 0xC2,                                            \
      "ACTIVATE DEFAULT EPS BEARER CONTEXT ACCEPT")                                                \
    X(ACTIVATE_DEFAULT_EPS_BEARER_CONTEXT_REJECT, 0xC3,                                            \
      "ACTIVATE DEFAULT EPS BEARER CONTEXT REJECT")                                                \
    X(ACTIVATE_DEDICATED_EPS_BEARER_CONTEXT_REQUEST, 0xC5,                                         \
      "ACTIVATE DEDICATED EPS BEARER CONTEXT REQUEST")                                             \
    X(ACTIVATE_DEDICATED_EPS_BEARER_CONTEXT_ACCEPT, 0xC6,                                          \
      "ACTIVATE DEDICATED EPS BEARER CONTEXT ACCEPT")                                              \
    X(ACTIVATE_DEDICATED_EPS_BEARER_CONTEXT_REJECT, 0xC7,                                          \
      "ACTIVATE DEDICATED EPS BEARER CONTEXT REJECT")                                              \
    X(MODIFY_EPS_BEARER_CONTEXT_REQUEST, 0xC9, "MODIFY EPS BEARER CONTEXT REQUEST")                \
    X(MODIFY_EPS_BEARER_CONTEXT_ACCEPT, 0xCA, "MODIFY EPS BEARER CONTEXT ACCEPT")                  \
    X(MODIFY_EPS_BEARER_CONTEXT_REJECT, 0xCB, "MODIFY EPS BEARER CONTEXT REJECT")                  \
    X(DEACTIVATE_EPS_BEARER_CONTEXT_REQUEST, 0xCD, "DEACTIVATE EPS BEARER CONTEXT REQUEST")        \
    X(DEACTIVATE_EPS_BEARER_CONTEXT_ACCEPT, 0xCE, "DEACTIVATE EPS BEARER CONTEXT ACCEPT")          \
    X(PDN_CONNECTIVITY_REQUEST, 0xD0, "PDN CONNECTIVITY REQUEST")                                  \
    X(PDN_CONNECTIVITY_REJECT, 0xD1, "PDN CONNECTIVITY REJECT")                                    \
    X(PDN_DISCONNECT_REQUEST, 0xD2, "PDN DISCONNECT REQUEST")                                      \
    X(PDN_DISCONNECT_REJECT, 0xD3, "PDN DISCONNECT REJECT")                                        \
    X(BEARER_RESOURCE_ALLOCATION_REQUEST, 0xD4, "BEARER RESOURCE ALLOCATION REQUEST")              \
    X(BEARER_RESOURCE_ALLOCATION_REJECT, 0xD5, "BEARER RESOURCE ALLOCATION REJECT")                \
    X(BEARER_RESOURCE_MODIFICATION_REQUEST, 0xD6, "BEARER RESOURCE MODIFICATION REQUEST")          \
    X(BEARER_RESOURCE_MODIFICATION_REJECT, 0xD7, "BEARER RESOURCE MODIFICATION REJECT")            \
    X(ESM_INFORMATION_REQUEST, 0xD9, "ESM INFORMATION REQUEST")                                    \
    X(ESM_INFORMATION_RESPONSE, 0xDA, "ESM INFORMATION RESPONSE")                                  \
    X(NOTIFICATION, 0xDB, "NOTIFICATION")                                                          \
    X(ESM_DUMMY_MESSAGE, 0xDC, "ESM DUMMY MESSAGE")                                                \
    X(ESM_STATUS, 0xE8, "ESM STATUS")                                                              \
    X(REMOTE_UE_REPORT, 0xE9, "REMOTE UE REPORT")                                                  \
    X(REMOTE_UE_REPORT_RESPONSE, 0xEA, "REMOTE UE REPORT RESPONSE")                                \
    X(ESM_DATA_TRANSPORT, 0xEB, "ESM DATA TRANSPORT")

enum nas_message_type {
#define X(name, value, text) NAS_##name = (value),
    NAS_MESSAGE_TYPES(X)
#undef X
};

/* TS 24.301 9.9.3.9 and Annex A. What is not known is read as 111 by a UE (9.9.3.9). */
#define EMM_CAUSES(X)                                                                              \
    X(IMSI_UNKNOWN_IN_HSS, 2, "IMSI unknown in HSS")                                               \
    X(ILLEGAL_UE, 3, "Illegal UE")                                                                 \
    X(IMEI_NOT_ACCEPTED, 5, "IMEI not accepted")                                                   \
    X(ILLEGAL_ME, 6, "Illegal ME")                                                                 \
    X(EPS_SERVICES_NOT_ALLOWED, 7, "EPS services not allowed")                                     \
    X(EPS_AND_NON_EPS_SERVICES_NOT_ALLOWED, 8, "EPS services and non-EPS services not allowed")    \
    X(UE_IDENTITY_CANNOT_BE_DERIVED, 9, "UE identity cannot be derived by the network")            \
    X(IMPLICITLY_DETACHED, 10, "Implicitly detached")                                              \
    X(PLMN_NOT_ALLOWED, 11, "PLMN not allowed")                                                    \
    X(TRACKING_AREA_NOT_ALLOWED, 12, "Tracking area not allowed")                                  \
    X(ROAMING_NOT_ALLOWED, 13, "Roaming not allowed in this tracking area")                        \
    X(EPS_SERVICES_NOT_ALLOWED_IN_PLMN, 14, "EPS services not allowed in this PLMN")               \
    X(NO_SUITABLE_CELLS, 15, "No suitable cells in tracking area")                                 \
    X(MSC_NOT_REACHABLE, 16, "MSC temporarily not reachable")                                      \
    X(NETWORK_FAILURE, 17, "Network failure")                                                      \
    X(CS_DOMAIN_NOT_AVAILABLE, 18, "CS domain not available")                                      \
    X(ESM_FAILURE, 19, "ESM failure")                                                              \
    X(MAC_FAILURE, 20, "MAC failure")                                                              \
    X(SYNCH_FAILURE, 21, "Synch failure")                                                          \
    X(CONGESTION, 22, "Congestion")                                                                \
    X(UE_SECURITY_CAPABILITIES_MISMATCH, 23, "UE security capabilities mismatch")                  \
    X(SECURITY_MODE_REJECTED, 24, "Security mode rejected, unspecified")                           \
    X(NOT_AUTHORIZED_FOR_CSG, 25, "Not authorized for this CSG")                                   \
    X(NON_EPS_AUTHENTICATION_UNACCEPTABLE, 26, "Non-EPS authentication unacceptable")              \
    X(REDIRECTION_TO_5GCN_REQUIRED, 31, "Redirection to 5GCN required")                            \
    X(SERVICE_OPTION_NOT_AUTHORIZED, 35, "Requested service option not authorized in this PLMN")   \
    X(CS_SERVICE_NOT_AVAILABLE, 39, "CS service temporarily not available")                        \
    X(NO_EPS_BEARER_CONTEXT, 40, "No EPS bearer context activated")                                \
    X(SEVERE_NETWORK_FAILURE, 42, "Severe network failure")                                        \
    X(PLMN_NOT_ALLOWED_AT_LOCATION, 78, "PLMN not allowed to operate at the present UE location")  \
    X(SEMANTICALLY_INCORRECT, 95, "Semantically incorrect message")                                \
    X(INVALID_MANDATORY_INFORMATION, 96, "Invalid mandatory information")                          \
    X(MESSAGE_TYPE_NON_EXISTENT, 97, "Message type non-existent or not implemented")               \
    X(MESSAGE_TYPE_NOT_COMPATIBLE, 98, "Message type not compatible with the protocol state")      \
    X(IE_NON_EXISTENT, 99, "Information element non-existent or not implemented")                  \
    X(CONDITIONAL_IE_ERROR, 100, "Conditional IE error")                                           \
    X(MESSAGE_NOT_COMPATIBLE, 101, "Message not compatible with the protocol state")               \
    X(PROTOCOL_ERROR, 111, "Protocol error, unspecified")

enum emm_cause {
#define X(name, value, text) EMM_CAUSE_##name = (value),
    EMM_CAUSES(X)
#undef X
};

/* TS 24.301 9.9.4.4 and Annex B. */
#define ESM_CAUSES(X)                                                                              \
    X(OPERATOR_DETERMINED_BARRING, 8, "Operator determined barring")                               \
    X(INSUFFICIENT_RESOURCES, 26, "Insufficient resources")                                        \
    X(MISSING_OR_UNKNOWN_APN, 27, "Missing or unknown APN")                                        \
    X(UNKNOWN_PDN_TYPE, 28, "Unknown PDN type")                                                    \
    X(USER_AUTHENTICATION_FAILED, 29, "User authentication or authorization failed")               \
    X(REJECTED_BY_GATEWAY, 30, "Request rejected by Serving GW or PDN GW")                         \
    X(REJECTED_UNSPECIFIED, 31, "Request rejected, unspecified")                                   \
    X(SERVICE_OPTION_NOT_SUPPORTED, 32, "Service option not supported")                            \
    X(SERVICE_OPTION_NOT_SUBSCRIBED, 33, "Requested service option not subscribed")                \
    X(SERVICE_OPTION_OUT_OF_ORDER, 34, "Service option temporarily out of order")                  \
    X(PTI_ALREADY_IN_USE, 35, "PTI already in use")                                                \
    X(REGULAR_DEACTIVATION, 36, "Regular deactivation")                                            \
    X(EPS_QOS_NOT_ACCEPTED, 37, "EPS QoS not accepted")                                            \
    X(NETWORK_FAILURE, 38, "Network failure")                                                      \
    X(REACTIVATION_REQUESTED, 39, "Reactivation requested")                                        \
    X(SEMANTIC_ERROR_IN_TFT, 41, "Semantic error in the TFT operation")                            \
    X(SYNTACTICAL_ERROR_IN_TFT, 42, "Syntactical error in the TFT operation")                      \
    X(INVALID_EPS_BEARER_IDENTITY, 43, "Invalid EPS bearer identity")                              \
    X(SEMANTIC_ERROR_IN_FILTER, 44, "Semantic errors in packet filter(s)")                         \
    X(SYNTACTICAL_ERROR_IN_FILTER, 45, "Syntactical errors in packet filter(s)")                   \
    X(BEARER_WITHOUT_TFT, 46, "EPS bearer context without TFT already activated")                  \
    X(PTI_MISMATCH, 47, "PTI mismatch")                                                            \
    X(LAST_PDN_DISCONNECTION, 49, "Last PDN disconnection not allowed")                            \
    X(PDN_TYPE_IPV4_ONLY, 50, "PDN type IPv4 only allowed")                                        \
    X(PDN_TYPE_IPV6_ONLY, 51, "PDN type IPv6 only allowed")                                        \
    X(SINGLE_ADDRESS_BEARERS_ONLY, 52, "Single address bearers only allowed")                      \
    X(ESM_INFORMATION_NOT_RECEIVED, 53, "ESM information not received")                            \
    X(PDN_CONNECTION_DOES_NOT_EXIST, 54, "PDN connection does not exist")                          \
    X(MULTIPLE_PDN_CONNECTIONS, 55, "Multiple PDN connections for a given APN not allowed")        \
    X(COLLISION, 56, "Collision with network initiated request")                                   \
    X(PDN_TYPE_IPV4V6_ONLY, 57, "PDN type IPv4v6 only allowed")                                    \
    X(PDN_TYPE_NON_IP_ONLY, 58, "PDN type non IP only allowed")                                    \
    X(UNSUPPORTED_QCI, 59, "Unsupported QCI value")                                                \
    X(BEARER_HANDLING_NOT_SUPPORTED, 60, "Bearer handling not supported")                          \
    X(PDN_TYPE_ETHERNET_ONLY, 61, "PDN type Ethernet only allowed")                                \
    X(MAXIMUM_EPS_BEARERS, 65, "Maximum number of EPS bearers reached")                            \
    X(APN_NOT_SUPPORTED_IN_RAT, 66, "Requested APN not supported in current RAT and PLMN")         \
    X(INVALID_PTI, 81, "Invalid PTI value")                                                        \
    X(SEMANTICALLY_INCORRECT, 95, "Semantically incorrect message")                                \
    X(INVALID_MANDATORY_INFORMATION, 96, "Invalid mandatory information")                          \
    X(MESSAGE_TYPE_NON_EXISTENT, 97, "Message type non-existent or not implemented")               \
    X(MESSAGE_TYPE_NOT_COMPATIBLE, 98, "Message type not compatible with the protocol state")      \
    X(IE_NON_EXISTENT, 99, "Information element non-existent or not implemented")                  \
    X(CONDITIONAL_IE_ERROR, 100, "Conditional IE error")                                           \
    X(MESSAGE_NOT_COMPATIBLE, 101, "Message not compatible with the protocol state")               \
    X(PROTOCOL_ERROR, 111, "Protocol error, unspecified")                                          \
    X(APN_RESTRICTION, 112, "APN restriction value incompatible with active EPS bearer context")   \
    X(MULTIPLE_ACCESSES_NOT_ALLOWED, 113, "Multiple accesses to a PDN connection not allowed")

enum esm_cause {
#define X(name, value, text) ESM_CAUSE_##name = (value),
    ESM_CAUSES(X)
#undef X
};

/* "ATTACH REQUEST", "Network failure"; NULL when the number has no name here. EMM and ESM message
 * types do not overlap. */
const char *nas_message_type_name(uint8_t type);
const char *emm_cause_name(uint8_t cause);
const char *esm_cause_name(uint8_t cause);

/* ---- values of half octets ---- */

#define NAS_KSI_NONE   7U /* no key is available (TS 24.301 9.9.3.21) */
#define NAS_KSI_MAPPED 8U /* TSC: the key set is a mapped one */

/* TS 24.301 9.9.3.11. What is not used is read as NAS_EPS_ATTACH by a network that does not know
 * better; NAS_PROVISIONING_ATTACH is in codec/private.h. */
enum nas_attach_type {
    NAS_EPS_ATTACH = 1,
    NAS_COMBINED_ATTACH = 2,
    NAS_RLOS_ATTACH = 3,
    NAS_EMERGENCY_ATTACH = 6
};
enum nas_attach_result { NAS_EPS_ONLY = 1, NAS_COMBINED = 2 };
/* TS 24.301 9.9.3.7, the three low bits; from a UE bit 4 is switch off. */
#define NAS_SWITCH_OFF 8U
enum nas_detach_type_up { NAS_EPS_DETACH = 1, NAS_IMSI_DETACH = 2, NAS_COMBINED_DETACH = 3 };
enum nas_detach_type_down {
    NAS_REATTACH_REQUIRED = 1,
    NAS_REATTACH_NOT_REQUIRED = 2,
    NAS_IMSI_DETACH_DOWN = 3
};
/* TS 24.301 9.9.3.14; bit 4 is the active flag. */
#define NAS_UPDATE_ACTIVE 8U
enum nas_update_type {
    NAS_TA_UPDATING = 0,
    NAS_COMBINED_UPDATING = 1,
    NAS_COMBINED_UPDATING_WITH_ATTACH = 2,
    NAS_PERIODIC_UPDATING = 3
};
/* Identity type 2 (TS 24.008 10.5.5.9) and the types of a Mobile identity (10.5.1.4). */
enum nas_identity_type {
    NAS_IDENTITY_NONE = 0,
    NAS_IDENTITY_IMSI = 1,
    NAS_IDENTITY_IMEI = 2,
    NAS_IDENTITY_IMEISV = 3,
    NAS_IDENTITY_TMSI = 4
};
/* The types of an EPS mobile identity (TS 24.301 9.9.3.12): IMEI is another number here. */
enum nas_eps_identity_type {
    NAS_EPS_IDENTITY_IMSI = 1,
    NAS_EPS_IDENTITY_IMEI = 3,
    NAS_EPS_IDENTITY_GUTI = 6
};
enum nas_imeisv_request { NAS_IMEISV_NOT_REQUESTED = 0, NAS_IMEISV_REQUESTED = 1 };
enum nas_pdn_type { /* TS 24.301 9.9.4.10 */
                    NAS_PDN_IPV4 = 1,
                    NAS_PDN_IPV6 = 2,
                    NAS_PDN_IPV4V6 = 3,
                    NAS_PDN_NON_IP = 5,
                    NAS_PDN_ETHERNET = 6
};
enum nas_request_type { /* TS 24.008 10.5.6.17 */
                        NAS_REQUEST_INITIAL = 1,
                        NAS_REQUEST_HANDOVER = 2,
                        NAS_REQUEST_RLOS = 3,
                        NAS_REQUEST_EMERGENCY = 4,
                        NAS_REQUEST_EMERGENCY_HANDOVER = 6
};
enum nas_generic_container { NAS_CONTAINER_LPP = 1, NAS_CONTAINER_LCS = 2 }; /* 9.9.3.42 */
#define NAS_ESM_INFORMATION_TRANSFER                                                               \
    1U /* 9.9.4.5: security protected ESM information is wanted                                    \
        */

#endif
