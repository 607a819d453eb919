/* codec/nas_esm.h - the EPS session management messages, element by element (TS 24.301 8.3, Release
 * 17). codec/nas_table.h says how a line becomes a member. Each has an EPS bearer identity and a
 * procedure transaction identity, in its header.
 */
#ifndef BINDERY_CODEC_NAS_ESM_H
#define BINDERY_CODEC_NAS_ESM_H

#include "codec/nas_table.h"

#define NAS_PCO_IE_(X, s)          X(s, O_TLV, pco, PCO, 0x27, 1, 251)
#define NAS_NBIFOM_IE_(X, s)       X(s, O_TLV, nbifom_container, NBIFOM_CONTAINER, 0x33, 1, 255)
#define NAS_EXTENDED_PCO_IE_(X, s) X(s, O_TLVE, extended_pco, EXTENDED_PCO, 0x7B, 1, 65535)

/* 8.3.6 */
#define NAS_ACTIVATE_DEFAULT_EPS_BEARER_CONTEXT_REQUEST_IES(X, s)                                  \
    X(s, M_LV, eps_qos, EPS_QOS, 0, 1, 13)                                                         \
    X(s, M_LV, apn, APN, 0, 1, 100)                                                                \
    X(s, M_LV, pdn_address, PDN_ADDRESS, 0, 5, 13)                                                 \
    X(s, O_TLV, transaction_identifier, TRANSACTION_IDENTIFIER, 0x5D, 1, 2)                        \
    X(s, O_TLV, negotiated_qos, NEGOTIATED_QOS, 0x30, 12, 20)                                      \
    X(s, O_TV1, negotiated_llc_sapi, NEGOTIATED_LLC_SAPI, 0x32, 1, 1)                              \
    X(s, O_TVH, radio_priority, RADIO_PRIORITY, 0x80, 0, 0)                                        \
    X(s, O_TLV1, packet_flow_identifier, PACKET_FLOW_IDENTIFIER, 0x34, 1, 1)                       \
    X(s, O_TLV, apn_ambr, APN_AMBR, 0x5E, 2, 6)                                                    \
    X(s, O_TV1, esm_cause, ESM_CAUSE, 0x58, 1, 1)                                                  \
    NAS_PCO_IE_(X, s)                                                                              \
    X(s, O_TVH, connectivity_type, CONNECTIVITY_TYPE, 0xB0, 0, 0)                                  \
    X(s, O_TVH, wlan_offload, WLAN_OFFLOAD, 0xC0, 0, 0)                                            \
    NAS_NBIFOM_IE_(X, s)                                                                           \
    X(s, O_TLV, header_compression, HEADER_COMPRESSION, 0x66, 3, 255)                              \
    X(s, O_TVH, control_plane_only, CONTROL_PLANE_ONLY, 0x90, 0, 0)                                \
    NAS_EXTENDED_PCO_IE_(X, s)                                                                     \
    X(s, O_TLV, serving_plmn_rate_control, SERVING_PLMN_RATE_CONTROL, 0x6E, 2, 2)                  \
    X(s, O_TLV, extended_apn_ambr, EXTENDED_APN_AMBR, 0x5F, 6, 6)

/* 8.3.4 */
#define NAS_ACTIVATE_DEFAULT_EPS_BEARER_CONTEXT_ACCEPT_IES(X, s)                                   \
    NAS_PCO_IE_(X, s)                                                                              \
    NAS_EXTENDED_PCO_IE_(X, s)

/* 8.3.5 */
#define NAS_ACTIVATE_DEFAULT_EPS_BEARER_CONTEXT_REJECT_IES(X, s)                                   \
    X(s, M_V1, esm_cause, ESM_CAUSE, 0, 1, 1)                                                      \
    NAS_PCO_IE_(X, s)                                                                              \
    NAS_EXTENDED_PCO_IE_(X, s)

/* 8.3.12 */
#define NAS_DEACTIVATE_EPS_BEARER_CONTEXT_REQUEST_IES(X, s)                                        \
    X(s, M_V1, esm_cause, ESM_CAUSE, 0, 1, 1)                                                      \
    NAS_PCO_IE_(X, s)                                                                              \
    X(s, O_TLV1, back_off_timer, BACK_OFF_TIMER, 0x37, 1, 1)                                       \
    X(s, O_TVH, wlan_offload, WLAN_OFFLOAD, 0xC0, 0, 0)                                            \
    NAS_NBIFOM_IE_(X, s)                                                                           \
    NAS_EXTENDED_PCO_IE_(X, s)

/* 8.3.11 */
#define NAS_DEACTIVATE_EPS_BEARER_CONTEXT_ACCEPT_IES(X, s)                                         \
    NAS_PCO_IE_(X, s)                                                                              \
    NAS_EXTENDED_PCO_IE_(X, s)

/* 8.3.20 */
#define NAS_PDN_CONNECTIVITY_REQUEST_IES(X, s)                                                     \
    X(s, M_HALF, request_type, REQUEST_TYPE, 0, 0, 0)                                              \
    X(s, M_HALF, pdn_type, PDN_TYPE, 0, 0, 0)                                                      \
    X(s, O_TVH, esm_information_transfer_flag, ESM_INFORMATION_TRANSFER_FLAG, 0xD0, 0, 0)          \
    X(s, O_TLV, apn, APN, 0x28, 1, 100)                                                            \
    NAS_PCO_IE_(X, s)                                                                              \
    X(s, O_TVH, device_properties, DEVICE_PROPERTIES, 0xC0, 0, 0)                                  \
    NAS_NBIFOM_IE_(X, s)                                                                           \
    X(s, O_TLV, header_compression, HEADER_COMPRESSION, 0x66, 3, 255)                              \
    NAS_EXTENDED_PCO_IE_(X, s)

/* 8.3.19 */
#define NAS_PDN_CONNECTIVITY_REJECT_IES(X, s)                                                      \
    X(s, M_V1, esm_cause, ESM_CAUSE, 0, 1, 1)                                                      \
    NAS_PCO_IE_(X, s)                                                                              \
    X(s, O_TLV1, back_off_timer, BACK_OFF_TIMER, 0x37, 1, 1)                                       \
    X(s, O_TLV1, re_attempt_indicator, RE_ATTEMPT_INDICATOR, 0x6B, 1, 1)                           \
    NAS_NBIFOM_IE_(X, s)                                                                           \
    NAS_EXTENDED_PCO_IE_(X, s)

/* 8.3.22 */
#define NAS_PDN_DISCONNECT_REQUEST_IES(X, s)                                                       \
    X(s, M_HALF, linked_bearer_identity, LINKED_BEARER_IDENTITY, 0, 0, 0)                          \
    X(s, M_HALF, spare, SPARE, 0, 0, 0)                                                            \
    NAS_PCO_IE_(X, s)                                                                              \
    NAS_EXTENDED_PCO_IE_(X, s)

/* 8.3.21 */
#define NAS_PDN_DISCONNECT_REJECT_IES(X, s)                                                        \
    X(s, M_V1, esm_cause, ESM_CAUSE, 0, 1, 1)                                                      \
    NAS_PCO_IE_(X, s)                                                                              \
    NAS_EXTENDED_PCO_IE_(X, s)

/* 8.3.13, 8.3.14 */
#define NAS_ESM_INFORMATION_REQUEST_IES(X, s)
#define NAS_ESM_INFORMATION_RESPONSE_IES(X, s)                                                     \
    X(s, O_TLV, apn, APN, 0x28, 1, 100)                                                            \
    NAS_PCO_IE_(X, s)                                                                              \
    NAS_EXTENDED_PCO_IE_(X, s)

/* 8.3.15 */
#define NAS_ESM_STATUS_IES(X, s) X(s, M_V1, esm_cause, ESM_CAUSE, 0, 1, 1)

/* struct nas_NAME, nas_NAME_message; message type; direction; list of elements */
#define NAS_ESM_MESSAGES(X)                                                                        \
    X(activate_default_eps_bearer_context_request, ACTIVATE_DEFAULT_EPS_BEARER_CONTEXT_REQUEST,    \
      DOWN, NAS_ACTIVATE_DEFAULT_EPS_BEARER_CONTEXT_REQUEST_IES)                                   \
    X(activate_default_eps_bearer_context_accept, ACTIVATE_DEFAULT_EPS_BEARER_CONTEXT_ACCEPT, UP,  \
      NAS_ACTIVATE_DEFAULT_EPS_BEARER_CONTEXT_ACCEPT_IES)                                          \
    X(activate_default_eps_bearer_context_reject, ACTIVATE_DEFAULT_EPS_BEARER_CONTEXT_REJECT, UP,  \
      NAS_ACTIVATE_DEFAULT_EPS_BEARER_CONTEXT_REJECT_IES)                                          \
    X(deactivate_eps_bearer_context_request, DEACTIVATE_EPS_BEARER_CONTEXT_REQUEST, DOWN,          \
      NAS_DEACTIVATE_EPS_BEARER_CONTEXT_REQUEST_IES)                                               \
    X(deactivate_eps_bearer_context_accept, DEACTIVATE_EPS_BEARER_CONTEXT_ACCEPT, UP,              \
      NAS_DEACTIVATE_EPS_BEARER_CONTEXT_ACCEPT_IES)                                                \
    X(pdn_connectivity_request, PDN_CONNECTIVITY_REQUEST, UP, NAS_PDN_CONNECTIVITY_REQUEST_IES)    \
    X(pdn_connectivity_reject, PDN_CONNECTIVITY_REJECT, DOWN, NAS_PDN_CONNECTIVITY_REJECT_IES)     \
    X(pdn_disconnect_request, PDN_DISCONNECT_REQUEST, UP, NAS_PDN_DISCONNECT_REQUEST_IES)          \
    X(pdn_disconnect_reject, PDN_DISCONNECT_REJECT, DOWN, NAS_PDN_DISCONNECT_REJECT_IES)           \
    X(esm_information_request, ESM_INFORMATION_REQUEST, DOWN, NAS_ESM_INFORMATION_REQUEST_IES)     \
    X(esm_information_response, ESM_INFORMATION_RESPONSE, UP, NAS_ESM_INFORMATION_RESPONSE_IES)    \
    X(esm_status, ESM_STATUS, BOTH, NAS_ESM_STATUS_IES)

#define X(name, type, direction, list) NAS_STRUCT(name, list)
NAS_ESM_MESSAGES(X)
#undef X

#endif
