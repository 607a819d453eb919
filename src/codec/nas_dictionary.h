/* codec/nas_dictionary.h - every information element that the messages of this codec know: its name
 * in the message, how a person writes its value, and the clause that lays it out. A message's table
 * (codec/nas_emm.h, codec/nas_esm.h) says where the element stands and how long it may be.
 */
#ifndef BINDERY_CODEC_NAS_DICTIONARY_H
#define BINDERY_CODEC_NAS_DICTIONARY_H

#include <stdint.h>

/* NAME, name for people, form of the value as text (codec/nas_text.c), clause of TS 24.301 unless
 * another document is named */
#define NAS_IES(X)                                                                                 \
    X(SPARE, "Spare half octet", NUMBER, "9.9.2.9")                                                \
    X(ADDITIONAL_GUTI, "Additional GUTI", EPS_IDENTITY, "9.9.3.12")                                \
    X(ADDITIONAL_INFORMATION, "Additional information", HEX, "9.9.2.0")                            \
    X(ADDITIONAL_INFORMATION_REQUESTED, "Additional information requested", NUMBER, "9.9.3.55")    \
    X(ADDITIONAL_UPDATE_RESULT, "Additional update result", NUMBER, "9.9.3.0A")                    \
    X(ADDITIONAL_UPDATE_TYPE, "Additional update type", NUMBER, "9.9.3.0B")                        \
    X(APN, "Access point name", APN, "9.9.4.1")                                                    \
    X(APN_AMBR, "APN-AMBR", HEX, "9.9.4.2")                                                        \
    X(ATTACH_RESULT, "EPS attach result", ATTACH_RESULT, "9.9.3.10")                               \
    X(ATTACH_TYPE, "EPS attach type", ATTACH_TYPE, "9.9.3.11")                                     \
    X(AUTN, "Authentication parameter AUTN", HEX, "9.9.3.2")                                       \
    X(AUTS, "Authentication failure parameter", HEX, "9.9.3.1")                                    \
    X(BACK_OFF_TIMER, "Back-off timer value", TIMER_3, "9.9.3.16B")                                \
    X(BINDERY_CONTAINER, "Bindery container", CONTAINER, "codec/private.h")                        \
    X(CIPHERING_KEY_DATA, "Ciphering key data", HEX, "9.9.3.56")                                   \
    X(CONNECTIVITY_TYPE, "Connectivity type", NUMBER, "9.9.4.2A")                                  \
    X(CONTROL_PLANE_ONLY, "Control plane only indication", NUMBER, "9.9.4.23")                     \
    X(DAYLIGHT_SAVING_TIME, "Network daylight saving time", NUMBER, "9.9.3.6")                     \
    X(DCN_ID, "DCN-ID", HEX, "9.9.3.48")                                                           \
    X(DETACH_TYPE, "Detach type", DETACH_TYPE, "9.9.3.7")                                          \
    X(DETACH_TYPE_DOWN, "Detach type", DETACH_TYPE_DOWN, "9.9.3.7")                                \
    X(DEVICE_PROPERTIES, "Device properties", NUMBER, "9.9.2.0A")                                  \
    X(DRX_PARAMETER, "DRX parameter", HEX, "9.9.3.8")                                              \
    X(EMERGENCY_NUMBER_LIST, "Emergency number list", HEX, "9.9.3.37")                             \
    X(EMM_CAUSE, "EMM cause", EMM_CAUSE, "9.9.3.9")                                                \
    X(EPS_ADDITIONAL_REQUEST_RESULT, "EPS additional request result", NUMBER, "9.9.3.67")          \
    X(EPS_BEARER_CONTEXT_STATUS, "EPS bearer context status", HEX, "9.9.2.1")                      \
    X(EPS_MOBILE_IDENTITY, "EPS mobile identity", EPS_IDENTITY, "9.9.3.12")                        \
    X(EPS_NETWORK_FEATURE_SUPPORT, "EPS network feature support", HEX, "9.9.3.12A")                \
    X(EPS_QOS, "EPS QoS", HEX, "9.9.4.3")                                                          \
    X(EQUIVALENT_PLMNS, "Equivalent PLMNs", PLMN_LIST, "9.9.2.8")                                  \
    X(ESM_CAUSE, "ESM cause", ESM_CAUSE, "9.9.4.4")                                                \
    X(ESM_INFORMATION_TRANSFER_FLAG, "ESM information transfer flag", NUMBER, "9.9.4.5")           \
    X(ESM_MESSAGE_CONTAINER, "ESM message container", MESSAGE, "9.9.3.15")                         \
    X(EXTENDED_APN_AMBR, "Extended APN-AMBR", HEX, "9.9.4.29")                                     \
    X(EXTENDED_DRX_PARAMETERS, "Extended DRX parameters", NUMBER, "9.9.3.46")                      \
    X(EXTENDED_EMERGENCY_NUMBER_LIST, "Extended emergency number list", HEX, "9.9.3.37A")          \
    X(EXTENDED_EMM_CAUSE, "Extended EMM cause", NUMBER, "9.9.3.26A")                               \
    X(EXTENDED_PCO, "Extended protocol configuration options", HEX, "9.9.4.26")                    \
    X(FORBIDDEN_TAI_REGIONAL, "Forbidden TAI for regional provision of service", TAI_LIST,         \
      "9.9.3.33")                                                                                  \
    X(FORBIDDEN_TAI_ROAMING, "Forbidden TAI for roaming", TAI_LIST, "9.9.3.33")                    \
    X(FULL_NAME, "Full name for network", NETWORK_NAME, "9.9.3.24")                                \
    X(GENERIC_CONTAINER, "Generic message container", HEX, "9.9.3.43")                             \
    X(GENERIC_CONTAINER_TYPE, "Generic message container type", NUMBER, "9.9.3.42")                \
    X(GPRS_CKSN, "GPRS ciphering key sequence number", NUMBER, "9.9.3.4a")                         \
    X(GUTI, "GUTI", EPS_IDENTITY, "9.9.3.12")                                                      \
    X(HASH_MME, "HashMME", HEX, "9.9.3.50")                                                        \
    X(HEADER_COMPRESSION, "Header compression configuration", HEX, "9.9.4.22")                     \
    X(HEADER_COMPRESSION_STATUS, "Header compression configuration status", HEX, "9.9.4.27")       \
    X(IDENTITY_TYPE, "Identity type", IDENTITY_TYPE, "9.9.3.17")                                   \
    X(IMEISV, "IMEISV", IDENTITY, "9.9.2.3")                                                       \
    X(IMEISV_REQUEST, "IMEISV request", NUMBER, "9.9.3.18")                                        \
    X(KSI, "NAS key set identifier", KSI, "9.9.3.21")                                              \
    X(LAST_VISITED_TAI, "Last visited registered TAI", TAI, "9.9.3.32")                            \
    X(LINKED_BEARER_IDENTITY, "Linked EPS bearer identity", NUMBER, "9.9.4.6")                     \
    X(LOCAL_TIME_ZONE, "Local time zone", NUMBER, "9.9.3.29")                                      \
    X(LOCATION_AREA, "Location area identification", HEX, "9.9.2.2")                               \
    X(LOWER_BOUND_TIMER, "Lower bound timer value", TIMER_3, "9.9.3.16B")                          \
    X(MOBILE_CLASSMARK_2, "Mobile station classmark 2", HEX, "9.9.2.4")                            \
    X(MOBILE_CLASSMARK_3, "Mobile station classmark 3", HEX, "9.9.2.5")                            \
    X(MOBILE_IDENTITY, "Mobile identity", IDENTITY, "9.9.2.3")                                     \
    X(MS_IDENTITY, "MS identity", IDENTITY, "9.9.2.3")                                             \
    X(MS_NETWORK_CAPABILITY, "MS network capability", HEX, "9.9.3.20")                             \
    X(MS_NETWORK_FEATURE_SUPPORT, "MS network feature support", NUMBER, "9.9.3.20A")               \
    X(N1_UE_NETWORK_CAPABILITY, "N1 UE network capability", HEX, "9.9.3.57")                       \
    X(NAS_MESSAGE_CONTAINER, "NAS message container", HEX, "9.9.3.22")                             \
    X(NB_S1_DRX, "DRX parameter in NB-S1 mode", NUMBER, "9.9.3.63")                                \
    X(NBIFOM_CONTAINER, "NBIFOM container", HEX, "9.9.4.19")                                       \
    X(NEGOTIATED_IMSI_OFFSET, "Negotiated IMSI offset", HEX, "9.9.3.64")                           \
    X(NEGOTIATED_LLC_SAPI, "Negotiated LLC SAPI", NUMBER, "9.9.4.7")                               \
    X(NEGOTIATED_QOS, "Negotiated QoS", HEX, "9.9.4.12")                                           \
    X(NETWORK_POLICY, "Network policy", NUMBER, "9.9.3.52")                                        \
    X(NON_3GPP_NW_POLICIES, "Non-3GPP NW provided policies", NUMBER, "9.9.3.49")                   \
    X(NON_CURRENT_KSI, "Non-current native NAS key set identifier", KSI, "9.9.3.21")               \
    X(NONCE_MME, "NonceMME", HEX, "9.9.3.25")                                                      \
    X(NONCE_UE, "NonceUE", HEX, "9.9.3.25")                                                        \
    X(OLD_GUTI, "Old GUTI", EPS_IDENTITY, "9.9.3.12")                                              \
    X(OLD_GUTI_TYPE, "Old GUTI type", NUMBER, "9.9.3.45")                                          \
    X(OLD_LOCATION_AREA, "Old location area identification", HEX, "9.9.2.2")                       \
    X(OLD_P_TMSI_SIGNATURE, "Old P-TMSI signature", HEX, "9.9.3.26")                               \
    X(PACKET_FLOW_IDENTIFIER, "Packet flow identifier", NUMBER, "9.9.4.8")                         \
    X(PAGING_RESTRICTION, "Paging restriction", HEX, "9.9.3.66")                                   \
    X(PCO, "Protocol configuration options", HEX, "9.9.4.11")                                      \
    X(PDN_ADDRESS, "PDN address", PDN_ADDRESS, "9.9.4.9")                                          \
    X(PDN_TYPE, "PDN type", PDN_TYPE, "9.9.4.10")                                                  \
    X(RADIO_PRIORITY, "Radio priority", NUMBER, "9.9.4.13")                                        \
    X(RAND, "Authentication parameter RAND", HEX, "9.9.3.3")                                       \
    X(RE_ATTEMPT_INDICATOR, "Re-attempt indicator", NUMBER, "9.9.4.13A")                           \
    X(REPLAYED_ADDITIONAL_CAPABILITY, "Replayed UE additional security capability", HEX,           \
      "9.9.3.53")                                                                                  \
    X(REPLAYED_NAS_MESSAGE, "Replayed NAS message container", MESSAGE, "9.9.3.51")                 \
    X(REPLAYED_UE_SECURITY_CAPABILITIES, "Replayed UE security capabilities", HEX, "9.9.3.36")     \
    X(REQUEST_TYPE, "Request type", REQUEST_TYPE, "9.9.4.14")                                      \
    X(REQUESTED_IMSI_OFFSET, "Requested IMSI offset", HEX, "9.9.3.64")                             \
    X(RES, "Authentication response parameter", HEX, "9.9.3.4")                                    \
    X(SELECTED_ALGORITHMS, "Selected NAS security algorithms", ALGORITHMS, "9.9.3.23")             \
    X(SERVING_PLMN_RATE_CONTROL, "Serving PLMN rate control", HEX, "9.9.4.28")                     \
    X(SHORT_NAME, "Short name for network", NETWORK_NAME, "9.9.3.24")                              \
    X(SMS_SERVICES_STATUS, "SMS services status", NUMBER, "9.9.3.4B")                              \
    X(SUPPORTED_CODECS, "Supported codecs", HEX, "9.9.2.10")                                       \
    X(T3324, "T3324 value", TIMER_2, "9.9.3.16A")                                                  \
    X(T3346, "T3346 value", TIMER_2, "9.9.3.16A")                                                  \
    X(T3402, "T3402 value", TIMER_2, "9.9.3.16")                                                   \
    X(T3412, "T3412 value", TIMER_2, "9.9.3.16")                                                   \
    X(T3412_EXTENDED, "T3412 extended value", TIMER_3, "9.9.3.16B")                                \
    X(T3423, "T3423 value", TIMER_2, "9.9.3.16")                                                   \
    X(T3442, "T3442 value", TIMER_2, "9.9.3.16")                                                   \
    X(T3447, "T3447 value", TIMER_3, "9.9.3.16B")                                                  \
    X(T3448, "T3448 value", TIMER_2, "9.9.3.16A")                                                  \
    X(TAI_LIST, "TAI list", TAI_LIST, "9.9.3.33")                                                  \
    X(TMSI_BASED_NRI, "TMSI based NRI container", HEX, "9.9.3.24A")                                \
    X(TMSI_STATUS, "TMSI status", NUMBER, "9.9.3.31")                                              \
    X(TRANSACTION_IDENTIFIER, "Transaction identifier", HEX, "9.9.4.17")                           \
    X(UE_ADDITIONAL_SECURITY_CAPABILITY, "UE additional security capability", HEX, "9.9.3.53")     \
    X(UE_NETWORK_CAPABILITY, "UE network capability", HEX, "9.9.3.34")                             \
    X(UE_RADIO_CAPABILITY_ID, "UE radio capability ID", HEX, "9.9.3.60")                           \
    X(UE_RADIO_CAPABILITY_ID_AVAILABILITY, "UE radio capability ID availability", NUMBER,          \
      "9.9.3.58")                                                                                  \
    X(UE_RADIO_CAPABILITY_ID_DELETION, "UE radio capability ID deletion indication", NUMBER,       \
      "9.9.3.61")                                                                                  \
    X(UE_RADIO_CAPABILITY_ID_REQUEST, "UE radio capability ID request", NUMBER, "9.9.3.59")        \
    X(UE_RADIO_CAPABILITY_UPDATE, "UE radio capability information update needed", NUMBER,         \
      "9.9.3.35")                                                                                  \
    X(UE_REQUEST_TYPE, "UE request type", NUMBER, "9.9.3.65")                                      \
    X(UE_STATUS, "UE status", NUMBER, "9.9.3.54")                                                  \
    X(UNIVERSAL_TIME, "Universal time and local time zone", HEX, "9.9.3.30")                       \
    X(UPDATE_RESULT, "EPS update result", NUMBER, "9.9.3.13")                                      \
    X(UPDATE_TYPE, "EPS update type", UPDATE_TYPE, "9.9.3.14")                                     \
    X(VOICE_DOMAIN, "Voice domain preference and UE usage setting", NUMBER, "9.9.3.44")            \
    X(WLAN_OFFLOAD, "WLAN offload indication", NUMBER, "9.9.4.18")                                 \
    X(WUS_ASSISTANCE, "WUS assistance information", NUMBER, "9.9.3.62")

enum nas_ie {
#define X(name, text, form, clause) NAS_IE_##name,
    NAS_IES(X)
#undef X
        NAS_IES_N
};

/* "EPS mobile identity", "9.9.3.12"; an index outside the list gives "" for both. */
const char *nas_ie_name(enum nas_ie ie);
const char *nas_ie_clause(enum nas_ie ie);

#endif
