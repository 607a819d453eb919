/* codec/diameter_dictionary.h - every AVP this project knows: code, vendor, the flags it is written
 * with, its type and bounds, whether its value is secret, its name. One list; parsers, writers,
 * texts and redaction all read it.
 *
 * Sorted by vendor class and code, which the look-up relies on and a test asserts. Flags and codes:
 * RFC 6733 4.5, TS 29.272 table 7.3.1, TS 29.229 table 6.3.1 (Supported-Features is written without
 * M, so that nobody has to know a feature list of ours), RFC 7683, RFC 7944, RFC 8583.
 * Bounds are octets for strings, values for integers.
 */
#ifndef BINDERY_CODEC_DIAMETER_DICTIONARY_H
#define BINDERY_CODEC_DIAMETER_DICTIONARY_H

#include "codec/private.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DIAMETER_VENDOR_3GPP 10415U

enum diameter_vendor_class { DIAMETER_IETF, DIAMETER_3GPP, DIAMETER_OWN };

enum diameter_type {
    DIAMETER_OCTETS,   /* OctetString */
    DIAMETER_UTF8,     /* UTF8String, checked (RFC 3629) */
    DIAMETER_IDENTITY, /* DiameterIdentity, checked (RFC 6733 4.3.1) */
    DIAMETER_ADDRESS,  /* Address: 2 octets of family, 4 or 16 of address for the IP families */
    DIAMETER_U32,      /* Unsigned32 */
    DIAMETER_ENUM,     /* Enumerated */
    DIAMETER_U64,      /* Unsigned64 */
    DIAMETER_GROUPED,  /* Grouped */
};

#define DIAMETER_ANY 0xFFFFFFFFU

/* IDENTIFIER, code, vendor class, M as written, type, min, max, secret, name */
#define DIAMETER_AVP_LIST(X)                                                                       \
    X(USER_NAME, 1, IETF, 1, UTF8, 1, DIAMETER_ANY, 0, "User-Name")                                \
    X(CLASS, 25, IETF, 1, OCTETS, 0, DIAMETER_ANY, 0, "Class")                                     \
    X(PROXY_STATE, 33, IETF, 1, OCTETS, 0, DIAMETER_ANY, 0, "Proxy-State")                         \
    X(EVENT_TIMESTAMP, 55, IETF, 1, OCTETS, 4, 4, 0, "Event-Timestamp")                            \
    X(HOST_IP_ADDRESS, 257, IETF, 1, ADDRESS, 6, 18, 0, "Host-IP-Address")                         \
    X(AUTH_APPLICATION_ID, 258, IETF, 1, U32, 0, DIAMETER_ANY, 0, "Auth-Application-Id")           \
    X(ACCT_APPLICATION_ID, 259, IETF, 1, U32, 0, DIAMETER_ANY, 0, "Acct-Application-Id")           \
    X(VENDOR_SPECIFIC_APPLICATION_ID, 260, IETF, 1, GROUPED, 0, DIAMETER_ANY, 0,                   \
      "Vendor-Specific-Application-Id")                                                            \
    X(REDIRECT_HOST_USAGE, 261, IETF, 1, ENUM, 0, DIAMETER_ANY, 0, "Redirect-Host-Usage")          \
    X(REDIRECT_MAX_CACHE_TIME, 262, IETF, 1, U32, 0, DIAMETER_ANY, 0, "Redirect-Max-Cache-Time")   \
    X(SESSION_ID, 263, IETF, 1, UTF8, 1, DIAMETER_ANY, 0, "Session-Id")                            \
    X(ORIGIN_HOST, 264, IETF, 1, IDENTITY, 1, 255, 0, "Origin-Host")                               \
    X(SUPPORTED_VENDOR_ID, 265, IETF, 1, U32, 0, DIAMETER_ANY, 0, "Supported-Vendor-Id")           \
    X(VENDOR_ID, 266, IETF, 1, U32, 0, DIAMETER_ANY, 0, "Vendor-Id")                               \
    X(FIRMWARE_REVISION, 267, IETF, 0, U32, 0, DIAMETER_ANY, 0, "Firmware-Revision")               \
    X(RESULT_CODE, 268, IETF, 1, U32, 0, DIAMETER_ANY, 0, "Result-Code")                           \
    X(PRODUCT_NAME, 269, IETF, 0, UTF8, 0, DIAMETER_ANY, 0, "Product-Name")                        \
    X(DISCONNECT_CAUSE, 273, IETF, 1, ENUM, 0, 2, 0, "Disconnect-Cause")                           \
    X(AUTH_SESSION_STATE, 277, IETF, 1, ENUM, 0, 1, 0, "Auth-Session-State")                       \
    X(ORIGIN_STATE_ID, 278, IETF, 1, U32, 0, DIAMETER_ANY, 0, "Origin-State-Id")                   \
    X(FAILED_AVP, 279, IETF, 1, GROUPED, 0, DIAMETER_ANY, 0, "Failed-AVP")                         \
    X(PROXY_HOST, 280, IETF, 1, IDENTITY, 1, 255, 0, "Proxy-Host")                                 \
    X(ERROR_MESSAGE, 281, IETF, 0, UTF8, 0, DIAMETER_ANY, 0, "Error-Message")                      \
    X(ROUTE_RECORD, 282, IETF, 1, IDENTITY, 1, 255, 0, "Route-Record")                             \
    X(DESTINATION_REALM, 283, IETF, 1, IDENTITY, 1, 255, 0, "Destination-Realm")                   \
    X(PROXY_INFO, 284, IETF, 1, GROUPED, 0, DIAMETER_ANY, 0, "Proxy-Info")                         \
    X(REDIRECT_HOST, 292, IETF, 1, OCTETS, 0, DIAMETER_ANY, 0, "Redirect-Host")                    \
    X(DESTINATION_HOST, 293, IETF, 1, IDENTITY, 1, 255, 0, "Destination-Host")                     \
    X(ERROR_REPORTING_HOST, 294, IETF, 0, IDENTITY, 1, 255, 0, "Error-Reporting-Host")             \
    X(ORIGIN_REALM, 296, IETF, 1, IDENTITY, 1, 255, 0, "Origin-Realm")                             \
    X(EXPERIMENTAL_RESULT, 297, IETF, 1, GROUPED, 0, DIAMETER_ANY, 0, "Experimental-Result")       \
    X(EXPERIMENTAL_RESULT_CODE, 298, IETF, 1, U32, 0, DIAMETER_ANY, 0, "Experimental-Result-Code") \
    X(INBAND_SECURITY_ID, 299, IETF, 1, U32, 0, DIAMETER_ANY, 0, "Inband-Security-Id")             \
    X(DRMP, 301, IETF, 0, ENUM, 0, DIAMETER_ANY, 0, "DRMP")                                        \
    X(MIP6_AGENT_INFO, 486, IETF, 1, GROUPED, 0, DIAMETER_ANY, 0, "MIP6-Agent-Info")               \
    X(SERVICE_SELECTION, 493, IETF, 1, UTF8, 1, 255, 0, "Service-Selection")                       \
    X(OC_SUPPORTED_FEATURES, 621, IETF, 0, GROUPED, 0, DIAMETER_ANY, 0, "OC-Supported-Features")   \
    X(OC_FEATURE_VECTOR, 622, IETF, 0, U64, 0, DIAMETER_ANY, 0, "OC-Feature-Vector")               \
    X(OC_OLR, 623, IETF, 0, GROUPED, 0, DIAMETER_ANY, 0, "OC-OLR")                                 \
    X(SOURCEID, 649, IETF, 0, IDENTITY, 1, 255, 0, "SourceID")                                     \
    X(LOAD, 650, IETF, 0, GROUPED, 0, DIAMETER_ANY, 0, "Load")                                     \
    X(MAX_REQUESTED_BANDWIDTH_DL, 515, 3GPP, 1, U32, 0, DIAMETER_ANY, 0,                           \
      "Max-Requested-Bandwidth-DL")                                                                \
    X(MAX_REQUESTED_BANDWIDTH_UL, 516, 3GPP, 1, U32, 0, DIAMETER_ANY, 0,                           \
      "Max-Requested-Bandwidth-UL")                                                                \
    X(EXTENDED_MAX_REQUESTED_BW_DL, 554, 3GPP, 0, U32, 0, DIAMETER_ANY, 0,                         \
      "Extended-Max-Requested-BW-DL")                                                              \
    X(EXTENDED_MAX_REQUESTED_BW_UL, 555, 3GPP, 0, U32, 0, DIAMETER_ANY, 0,                         \
      "Extended-Max-Requested-BW-UL")                                                              \
    X(VISITED_NETWORK_IDENTIFIER, 600, 3GPP, 1, OCTETS, 0, DIAMETER_ANY, 0,                        \
      "Visited-Network-Identifier")                                                                \
    X(CONFIDENTIALITY_KEY, 625, 3GPP, 1, OCTETS, 16, 16, 1, "Confidentiality-Key")                 \
    X(INTEGRITY_KEY, 626, 3GPP, 1, OCTETS, 16, 16, 1, "Integrity-Key")                             \
    X(SUPPORTED_FEATURES, 628, 3GPP, 0, GROUPED, 0, DIAMETER_ANY, 0, "Supported-Features")         \
    X(FEATURE_LIST_ID, 629, 3GPP, 0, U32, 0, DIAMETER_ANY, 0, "Feature-List-ID")                   \
    X(FEATURE_LIST, 630, 3GPP, 0, U32, 0, DIAMETER_ANY, 0, "Feature-List")                         \
    X(MSISDN, 701, 3GPP, 1, OCTETS, 1, 20, 0, "MSISDN")                                            \
    X(QOS_CLASS_IDENTIFIER, 1028, 3GPP, 1, ENUM, 0, 255, 0, "QoS-Class-Identifier")                \
    X(RAT_TYPE, 1032, 3GPP, 0, ENUM, 0, DIAMETER_ANY, 0, "RAT-Type")                               \
    X(ALLOCATION_RETENTION_PRIORITY, 1034, 3GPP, 1, GROUPED, 0, DIAMETER_ANY, 0,                   \
      "Allocation-Retention-Priority")                                                             \
    X(PRIORITY_LEVEL, 1046, 3GPP, 1, U32, 0, 15, 0, "Priority-Level")                              \
    X(PRE_EMPTION_CAPABILITY, 1047, 3GPP, 1, ENUM, 0, 1, 0, "Pre-emption-Capability")              \
    X(PRE_EMPTION_VULNERABILITY, 1048, 3GPP, 1, ENUM, 0, 1, 0, "Pre-emption-Vulnerability")        \
    X(SUBSCRIPTION_DATA, 1400, 3GPP, 1, GROUPED, 0, DIAMETER_ANY, 0, "Subscription-Data")          \
    X(TERMINAL_INFORMATION, 1401, 3GPP, 1, GROUPED, 0, DIAMETER_ANY, 0, "Terminal-Information")    \
    X(IMEI, 1402, 3GPP, 1, UTF8, 14, 16, 0, "IMEI")                                                \
    X(SOFTWARE_VERSION, 1403, 3GPP, 1, UTF8, 1, 16, 0, "Software-Version")                         \
    X(ULR_FLAGS, 1405, 3GPP, 1, U32, 0, DIAMETER_ANY, 0, "ULR-Flags")                              \
    X(ULA_FLAGS, 1406, 3GPP, 1, U32, 0, DIAMETER_ANY, 0, "ULA-Flags")                              \
    X(VISITED_PLMN_ID, 1407, 3GPP, 1, OCTETS, 3, 3, 0, "Visited-PLMN-Id")                          \
    X(REQUESTED_EUTRAN_AUTHENTICATION_INFO, 1408, 3GPP, 1, GROUPED, 0, DIAMETER_ANY, 0,            \
      "Requested-EUTRAN-Authentication-Info")                                                      \
    X(REQUESTED_UTRAN_GERAN_AUTHENTICATION_INFO, 1409, 3GPP, 1, GROUPED, 0, DIAMETER_ANY, 0,       \
      "Requested-UTRAN-GERAN-Authentication-Info")                                                 \
    X(NUMBER_OF_REQUESTED_VECTORS, 1410, 3GPP, 1, U32, 0, DIAMETER_ANY, 0,                         \
      "Number-Of-Requested-Vectors")                                                               \
    X(RE_SYNCHRONIZATION_INFO, 1411, 3GPP, 1, OCTETS, 30, 30, 0, "Re-Synchronization-Info")        \
    X(IMMEDIATE_RESPONSE_PREFERRED, 1412, 3GPP, 1, U32, 0, DIAMETER_ANY, 0,                        \
      "Immediate-Response-Preferred")                                                              \
    X(AUTHENTICATION_INFO, 1413, 3GPP, 1, GROUPED, 0, DIAMETER_ANY, 0, "Authentication-Info")      \
    X(E_UTRAN_VECTOR, 1414, 3GPP, 1, GROUPED, 0, DIAMETER_ANY, 0, "E-UTRAN-Vector")                \
    X(UTRAN_VECTOR, 1415, 3GPP, 1, GROUPED, 0, DIAMETER_ANY, 0, "UTRAN-Vector")                    \
    X(GERAN_VECTOR, 1416, 3GPP, 1, GROUPED, 0, DIAMETER_ANY, 0, "GERAN-Vector")                    \
    X(NETWORK_ACCESS_MODE, 1417, 3GPP, 1, ENUM, 0, 2, 0, "Network-Access-Mode")                    \
    X(ITEM_NUMBER, 1419, 3GPP, 1, U32, 0, DIAMETER_ANY, 0, "Item-Number")                          \
    X(CANCELLATION_TYPE, 1420, 3GPP, 1, ENUM, 0, 4, 0, "Cancellation-Type")                        \
    X(DSR_FLAGS, 1421, 3GPP, 1, U32, 0, DIAMETER_ANY, 0, "DSR-Flags")                              \
    X(DSA_FLAGS, 1422, 3GPP, 1, U32, 0, DIAMETER_ANY, 0, "DSA-Flags")                              \
    X(CONTEXT_IDENTIFIER, 1423, 3GPP, 1, U32, 0, DIAMETER_ANY, 0, "Context-Identifier")            \
    X(SUBSCRIBER_STATUS, 1424, 3GPP, 1, ENUM, 0, 1, 0, "Subscriber-Status")                        \
    X(OPERATOR_DETERMINED_BARRING, 1425, 3GPP, 1, U32, 0, DIAMETER_ANY, 0,                         \
      "Operator-Determined-Barring")                                                               \
    X(ACCESS_RESTRICTION_DATA, 1426, 3GPP, 1, U32, 0, DIAMETER_ANY, 0, "Access-Restriction-Data")  \
    X(APN_OI_REPLACEMENT, 1427, 3GPP, 1, UTF8, 0, DIAMETER_ANY, 0, "APN-OI-Replacement")           \
    X(ALL_APN_CONFIGURATIONS_INCLUDED_INDICATOR, 1428, 3GPP, 1, ENUM, 0, 1, 0,                     \
      "All-APN-Configurations-Included-Indicator")                                                 \
    X(APN_CONFIGURATION_PROFILE, 1429, 3GPP, 1, GROUPED, 0, DIAMETER_ANY, 0,                       \
      "APN-Configuration-Profile")                                                                 \
    X(APN_CONFIGURATION, 1430, 3GPP, 1, GROUPED, 0, DIAMETER_ANY, 0, "APN-Configuration")          \
    X(EPS_SUBSCRIBED_QOS_PROFILE, 1431, 3GPP, 1, GROUPED, 0, DIAMETER_ANY, 0,                      \
      "EPS-Subscribed-QoS-Profile")                                                                \
    X(VPLMN_DYNAMIC_ADDRESS_ALLOWED, 1432, 3GPP, 1, ENUM, 0, 1, 0,                                 \
      "VPLMN-Dynamic-Address-Allowed")                                                             \
    X(ALERT_REASON, 1434, 3GPP, 1, ENUM, 0, 1, 0, "Alert-Reason")                                  \
    X(AMBR, 1435, 3GPP, 1, GROUPED, 0, DIAMETER_ANY, 0, "AMBR")                                    \
    X(RAT_FREQUENCY_SELECTION_PRIORITY_ID, 1440, 3GPP, 1, U32, 0, DIAMETER_ANY, 0,                 \
      "RAT-Frequency-Selection-Priority-ID")                                                       \
    X(IDA_FLAGS, 1441, 3GPP, 1, U32, 0, DIAMETER_ANY, 0, "IDA-Flags")                              \
    X(PUA_FLAGS, 1442, 3GPP, 1, U32, 0, DIAMETER_ANY, 0, "PUA-Flags")                              \
    X(NOR_FLAGS, 1443, 3GPP, 1, U32, 0, DIAMETER_ANY, 0, "NOR-Flags")                              \
    X(USER_ID, 1444, 3GPP, 0, UTF8, 1, 15, 0, "User-Id")                                           \
    X(EQUIPMENT_STATUS, 1445, 3GPP, 1, ENUM, 0, 2, 0, "Equipment-Status")                          \
    X(RAND, 1447, 3GPP, 1, OCTETS, 16, 16, 0, "RAND")                                              \
    X(XRES, 1448, 3GPP, 1, OCTETS, 4, 16, 1, "XRES")                                               \
    X(AUTN, 1449, 3GPP, 1, OCTETS, 16, 16, 0, "AUTN")                                              \
    X(KASME, 1450, 3GPP, 1, OCTETS, 32, 32, 1, "KASME")                                            \
    X(KC, 1453, 3GPP, 1, OCTETS, 8, 8, 1, "Kc")                                                    \
    X(SRES, 1454, 3GPP, 1, OCTETS, 4, 4, 1, "SRES")                                                \
    X(PDN_TYPE, 1456, 3GPP, 1, ENUM, 0, 3, 0, "PDN-Type")                                          \
    X(TRACE_REFERENCE, 1459, 3GPP, 1, OCTETS, 0, DIAMETER_ANY, 0, "Trace-Reference")               \
    X(TGPP2_MEID, 1471, 3GPP, 1, OCTETS, 0, DIAMETER_ANY, 0, "3GPP2-MEID")                         \
    X(SS_CODE, 1476, 3GPP, 1, OCTETS, 0, DIAMETER_ANY, 0, "SS-Code")                               \
    X(TS_CODE, 1487, 3GPP, 1, OCTETS, 0, DIAMETER_ANY, 0, "TS-Code")                               \
    X(SGSN_NUMBER, 1489, 3GPP, 1, OCTETS, 0, DIAMETER_ANY, 0, "SGSN-Number")                       \
    X(IDR_FLAGS, 1490, 3GPP, 1, U32, 0, DIAMETER_ANY, 0, "IDR-Flags")                              \
    X(IMS_VOICE_OVER_PS_SESSIONS_SUPPORTED, 1492, 3GPP, 0, ENUM, 0, DIAMETER_ANY, 0,               \
      "IMS-Voice-Over-PS-Sessions-Supported")                                                      \
    X(HOMOGENEOUS_SUPPORT_OF_IMS_VOICE_OVER_PS_SESSIONS, 1493, 3GPP, 0, ENUM, 0, DIAMETER_ANY, 0,  \
      "Homogeneous-Support-of-IMS-Voice-Over-PS-Sessions")                                         \
    X(LAST_UE_ACTIVITY_TIME, 1494, 3GPP, 0, OCTETS, 4, 4, 0, "Last-UE-Activity-Time")              \
    X(EPS_USER_STATE, 1495, 3GPP, 0, GROUPED, 0, DIAMETER_ANY, 0, "EPS-User-State")                \
    X(EPS_LOCATION_INFORMATION, 1496, 3GPP, 0, GROUPED, 0, DIAMETER_ANY, 0,                        \
      "EPS-Location-Information")                                                                  \
    X(EMERGENCY_SERVICES, 1538, 3GPP, 0, U32, 0, DIAMETER_ANY, 0, "Emergency-Services")            \
    X(ACTIVE_APN, 1612, 3GPP, 0, GROUPED, 0, DIAMETER_ANY, 0, "Active-APN")                        \
    X(ERROR_DIAGNOSTIC, 1614, 3GPP, 0, ENUM, 0, DIAMETER_ANY, 0, "Error-Diagnostic")               \
    X(UE_SRVCC_CAPABILITY, 1615, 3GPP, 0, ENUM, 0, DIAMETER_ANY, 0, "UE-SRVCC-Capability")         \
    X(SUBSCRIBED_PERIODIC_RAU_TAU_TIMER, 1619, 3GPP, 0, U32, 0, DIAMETER_ANY, 0,                   \
      "Subscribed-Periodic-RAU-TAU-Timer")                                                         \
    X(PUR_FLAGS, 1635, 3GPP, 0, U32, 0, DIAMETER_ANY, 0, "PUR-Flags")                              \
    X(EQUIVALENT_PLMN_LIST, 1637, 3GPP, 0, GROUPED, 0, DIAMETER_ANY, 0, "Equivalent-PLMN-List")    \
    X(CLR_FLAGS, 1638, 3GPP, 0, U32, 0, DIAMETER_ANY, 0, "CLR-Flags")                              \
    X(MME_NUMBER_FOR_MT_SMS, 1645, 3GPP, 0, OCTETS, 0, DIAMETER_ANY, 0, "MME-Number-for-MT-SMS")   \
    X(SMS_REGISTER_REQUEST, 1648, 3GPP, 0, ENUM, 0, DIAMETER_ANY, 0, "SMS-Register-Request")       \
    X(LOCAL_TIME_ZONE, 1649, 3GPP, 0, GROUPED, 0, DIAMETER_ANY, 0, "Local-Time-Zone")              \
    X(SGS_MME_IDENTITY, 1664, 3GPP, 0, UTF8, 0, DIAMETER_ANY, 0, "SGs-MME-Identity")               \
    X(COUPLED_NODE_DIAMETER_ID, 1666, 3GPP, 0, IDENTITY, 1, 255, 0, "Coupled-Node-Diameter-ID")    \
    X(RESET_ID, 1670, 3GPP, 0, OCTETS, 0, DIAMETER_ANY, 0, "Reset-ID")                             \
    X(ADJACENT_PLMNS, 1672, 3GPP, 0, GROUPED, 0, DIAMETER_ANY, 0, "Adjacent-PLMNs")                \
    X(AIR_FLAGS, 1679, 3GPP, 0, U32, 0, DIAMETER_ANY, 0, "AIR-Flags")                              \
    X(UE_USAGE_TYPE, 1680, 3GPP, 0, U32, 0, DIAMETER_ANY, 0, "UE-Usage-Type")                      \
    X(GMLC_ADDRESS, 2405, 3GPP, 0, OCTETS, 0, DIAMETER_ANY, 0, "GMLC-Address")                     \
    X(MONITORING_EVENT_REPORT, 3123, 3GPP, 1, GROUPED, 0, DIAMETER_ANY, 0,                         \
      "Monitoring-Event-Report")                                                                   \
    X(MONITORING_EVENT_CONFIG_STATUS, 3142, 3GPP, 1, GROUPED, 0, DIAMETER_ANY, 0,                  \
      "Monitoring-Event-Config-Status")                                                            \
    X(SUPPORTED_SERVICES, 3143, 3GPP, 1, GROUPED, 0, DIAMETER_ANY, 0, "Supported-Services")        \
    X(SUPPORTED_MONITORING_EVENTS, 3144, 3GPP, 1, U64, 0, DIAMETER_ANY, 0,                         \
      "Supported-Monitoring-Events")                                                               \
    X(MAXIMUM_UE_AVAILABILITY_TIME, 3329, 3GPP, 0, OCTETS, 4, 4, 0,                                \
      "Maximum-UE-Availability-Time")                                                              \
    X(BINDING_CONTROL, OWN_AVP_BINDING_CONTROL, OWN, 0, GROUPED, 0, DIAMETER_ANY, 0,               \
      "Binding-Control")                                                                           \
    X(SERVED_IMEI, OWN_AVP_SERVED_IMEI, OWN, 0, UTF8, 14, 16, 0, "Served-IMEI")                    \
    X(KME_PAYLOAD, OWN_AVP_KME_PAYLOAD, OWN, 0, OCTETS, 1, 4096, 0, "KME-Payload")                 \
    X(NW_SIGNATURE, OWN_AVP_NW_SIGNATURE, OWN, 0, OCTETS, 32, 32, 1, "NW-Signature")               \
    X(BINDING_FAILURE, OWN_AVP_BINDING_FAILURE, OWN, 0, GROUPED, 0, DIAMETER_ANY, 0,               \
      "Binding-Failure")                                                                           \
    X(DEVICE_PROOF, OWN_AVP_DEVICE_PROOF, OWN, 0, GROUPED, 0, DIAMETER_ANY, 0, "Device-Proof")     \
    X(DEVICE_CREDENTIAL, OWN_AVP_DEVICE_CREDENTIAL, OWN, 0, GROUPED, 0, DIAMETER_ANY, 0,           \
      "Device-Credential")                                                                         \
    X(PROVISIONING_REQUEST, OWN_AVP_PROVISIONING_REQ, OWN, 0, OCTETS, 1, 2048, 0,                  \
      "Provisioning-Request")                                                                      \
    X(PROVISIONING_RESULT, OWN_AVP_PROVISIONING_RES, OWN, 0, OCTETS, 1, 8000, 0,                   \
      "Provisioning-Result")                                                                       \
    X(CREDENTIAL_REQUEST, OWN_AVP_CREDENTIAL_REQUEST, OWN, 0, ENUM, 1, 2, 0, "Credential-Request") \
    X(PROVISIONING_PLMN, OWN_AVP_PROVISIONING_PLMN, OWN, 0, OCTETS, 3, 3, 0, "Provisioning-PLMN")  \
    X(BINDING_MODE, OWN_AVP_BINDING_MODE, OWN, 0, ENUM, 0, 2, 0, "Binding-Mode")                   \
    X(HSS_NONCE, OWN_AVP_HSS_NONCE, OWN, 0, OCTETS, 16, 16, 0, "HSS-Nonce")                        \
    X(BINDING_FAILURE_CAUSE, OWN_AVP_BINDING_FAILURE_CAUSE, OWN, 0, ENUM, 0, 2, 0,                 \
      "Binding-Failure-Cause")                                                                     \
    X(BINDING_FAILURE_COUNT, OWN_AVP_BINDING_FAILURE_COUNT, OWN, 0, U32, 0, DIAMETER_ANY, 0,       \
      "Binding-Failure-Count")                                                                     \
    X(PROOF_CONTROL, OWN_AVP_PROOF_CONTROL, OWN, 0, ENUM, 0, 2, 0, "Proof-Control")                \
    X(PROOF_RESULT, OWN_AVP_PROOF_RESULT, OWN, 0, ENUM, 1, 4, 0, "Proof-Result")                   \
    X(PROOF_CAUSE, OWN_AVP_PROOF_CAUSE, OWN, 0, UTF8, 1, 48, 0, "Proof-Cause")                     \
    X(CREDENTIAL_FORM, OWN_AVP_CREDENTIAL_FORM, OWN, 0, ENUM, 1, 2, 0, "Credential-Form")          \
    X(RECORD_SERIAL, OWN_AVP_RECORD_SERIAL, OWN, 0, U64, 0, DIAMETER_ANY, 0, "Record-Serial")      \
    X(CREDENTIAL_STATUS, OWN_AVP_CREDENTIAL_STATUS, OWN, 0, ENUM, 1, 4, 0, "Credential-Status")    \
    X(CREDENTIAL_CERTIFICATE, OWN_AVP_CREDENTIAL_CERTIFICATE, OWN, 0, OCTETS, 1, 16384, 0,         \
      "Credential-Certificate")                                                                    \
    X(CREDENTIAL_KEY, OWN_AVP_CREDENTIAL_KEY, OWN, 0, OCTETS, 1, 1200, 0, "Credential-Key")        \
    X(BINDING_RECORD, OWN_AVP_BINDING_RECORD, OWN, 0, OCTETS, 1, 512, 0, "Binding-Record")         \
    X(RECORD_SIGNATURE, OWN_AVP_RECORD_SIGNATURE, OWN, 0, OCTETS, 64, 64, 0, "Record-Signature")   \
    X(RECORD_SIGNER, OWN_AVP_RECORD_SIGNER, OWN, 0, OCTETS, 32, 32, 0, "Record-Signer")            \
    X(CREDENTIAL_SOURCE, OWN_AVP_CREDENTIAL_SOURCE, OWN, 0, ENUM, 1, 3, 0, "Credential-Source")    \
    X(CREDENTIAL_AGE, OWN_AVP_CREDENTIAL_AGE, OWN, 0, U32, 0, DIAMETER_ANY, 0, "Credential-Age")

enum diameter_avp_id {
#define X(id, code, vendor, m, type, min, max, secret, name) AVP_##id,
    DIAMETER_AVP_LIST(X)
#undef X
        AVP_COUNT
};

struct diameter_definition {
    const char *name;
    uint32_t code;
    uint32_t min, max;
    enum diameter_vendor_class vendor;
    enum diameter_type type;
    bool mandatory; /* the M bit as we write it; either is accepted */
    bool secret;
};

/* The definition of an AVP. Never NULL. */
const struct diameter_definition *diameter_definition(enum diameter_avp_id id);
/* The vendor id that goes on the wire. */
uint32_t diameter_vendor(const struct diameter_definition *d, uint32_t own_vendor);
/* Which AVP is this? False: none that is known here. */
bool diameter_avp_lookup(uint32_t code, uint32_t vendor, uint32_t own_vendor,
                         enum diameter_avp_id *out);
/* The shortest value it may have, in octets. */
uint32_t diameter_value_min(const struct diameter_definition *d);

#endif
