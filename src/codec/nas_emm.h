/* codec/nas_emm.h - the EPS mobility management messages, element by element (TS 24.301 8.2,
 * Release 17). codec/nas_table.h says how a line becomes a member. The Bindery container
 * (codec/private.h) is known in the four messages that carry it.
 */
#ifndef BINDERY_CODEC_NAS_EMM_H
#define BINDERY_CODEC_NAS_EMM_H

#include "codec/nas_table.h"
#include "codec/private.h"

/* 8.2.4 */
#define NAS_ATTACH_REQUEST_IES(X, s)                                                               \
    X(s, M_HALF, attach_type, ATTACH_TYPE, 0, 0, 0)                                                \
    X(s, M_HALF, ksi, KSI, 0, 0, 0)                                                                \
    X(s, M_LV, identity, EPS_MOBILE_IDENTITY, 0, 4, 11)                                            \
    X(s, M_LV, ue_network_capability, UE_NETWORK_CAPABILITY, 0, 2, 13)                             \
    X(s, M_LVE, esm_message_container, ESM_MESSAGE_CONTAINER, 0, 3, 65535)                         \
    X(s, O_TV, old_p_tmsi_signature, OLD_P_TMSI_SIGNATURE, 0x19, 3, 3)                             \
    X(s, O_TLV, additional_guti, ADDITIONAL_GUTI, 0x50, 11, 11)                                    \
    X(s, O_TV, last_visited_tai, LAST_VISITED_TAI, 0x52, 5, 5)                                     \
    X(s, O_TV, drx_parameter, DRX_PARAMETER, 0x5C, 2, 2)                                           \
    X(s, O_TLV, ms_network_capability, MS_NETWORK_CAPABILITY, 0x31, 2, 8)                          \
    X(s, O_TV, old_location_area, OLD_LOCATION_AREA, 0x13, 5, 5)                                   \
    X(s, O_TVH, tmsi_status, TMSI_STATUS, 0x90, 0, 0)                                              \
    X(s, O_TLV, mobile_classmark_2, MOBILE_CLASSMARK_2, 0x11, 3, 3)                                \
    X(s, O_TLV, mobile_classmark_3, MOBILE_CLASSMARK_3, 0x20, 0, 32)                               \
    X(s, O_TLV, supported_codecs, SUPPORTED_CODECS, 0x40, 3, 255)                                  \
    X(s, O_TVH, additional_update_type, ADDITIONAL_UPDATE_TYPE, 0xF0, 0, 0)                        \
    X(s, O_TLV1, voice_domain, VOICE_DOMAIN, 0x5D, 1, 1)                                           \
    X(s, O_TVH, device_properties, DEVICE_PROPERTIES, 0xD0, 0, 0)                                  \
    X(s, O_TVH, old_guti_type, OLD_GUTI_TYPE, 0xE0, 0, 0)                                          \
    X(s, O_TVH, ms_network_feature_support, MS_NETWORK_FEATURE_SUPPORT, 0xC0, 0, 0)                \
    X(s, O_TLV, tmsi_based_nri, TMSI_BASED_NRI, 0x10, 2, 2)                                        \
    X(s, O_TLV1, t3324, T3324, 0x6A, 1, 1)                                                         \
    X(s, O_TLV1, t3412_extended, T3412_EXTENDED, 0x5E, 1, 1)                                       \
    X(s, O_TLV1, extended_drx_parameters, EXTENDED_DRX_PARAMETERS, 0x6E, 1, 1)                     \
    X(s, O_TLV, ue_additional_security_capability, UE_ADDITIONAL_SECURITY_CAPABILITY, 0x6F, 4, 4)  \
    X(s, O_TLV1, ue_status, UE_STATUS, 0x6D, 1, 1)                                                 \
    X(s, O_TV1, additional_information_requested, ADDITIONAL_INFORMATION_REQUESTED, 0x17, 1, 1)    \
    X(s, O_TLV, n1_ue_network_capability, N1_UE_NETWORK_CAPABILITY, 0x32, 1, 13)                   \
    X(s, O_TLV1, ue_radio_capability_id_availability, UE_RADIO_CAPABILITY_ID_AVAILABILITY, 0x34,   \
      1, 1)                                                                                        \
    X(s, O_TLV1, wus_assistance, WUS_ASSISTANCE, 0x35, 1, 1)                                       \
    X(s, O_TLV1, nb_s1_drx, NB_S1_DRX, 0x36, 1, 1)                                                 \
    X(s, O_TLV, requested_imsi_offset, REQUESTED_IMSI_OFFSET, 0x38, 2, 2)                          \
    X(s, O_TLVE, bindery_container, BINDERY_CONTAINER, NAS_IEI_BINDERY, 2, 65535)

/* 8.2.1 */
#define NAS_ATTACH_ACCEPT_IES(X, s)                                                                \
    X(s, M_HALF, attach_result, ATTACH_RESULT, 0, 0, 0)                                            \
    X(s, M_HALF, spare, SPARE, 0, 0, 0)                                                            \
    X(s, M_V1, t3412, T3412, 0, 1, 1)                                                              \
    X(s, M_LV, tai_list, TAI_LIST, 0, 6, 96)                                                       \
    X(s, M_LVE, esm_message_container, ESM_MESSAGE_CONTAINER, 0, 3, 65535)                         \
    X(s, O_TLV, guti, GUTI, 0x50, 11, 11)                                                          \
    X(s, O_TV, location_area, LOCATION_AREA, 0x13, 5, 5)                                           \
    X(s, O_TLV, ms_identity, MS_IDENTITY, 0x23, 5, 8)                                              \
    X(s, O_TV1, emm_cause, EMM_CAUSE, 0x53, 1, 1)                                                  \
    X(s, O_TV1, t3402, T3402, 0x17, 1, 1)                                                          \
    X(s, O_TV1, t3423, T3423, 0x59, 1, 1)                                                          \
    X(s, O_TLV, equivalent_plmns, EQUIVALENT_PLMNS, 0x4A, 3, 45)                                   \
    X(s, O_TLV, emergency_number_list, EMERGENCY_NUMBER_LIST, 0x34, 3, 48)                         \
    X(s, O_TLV, eps_network_feature_support, EPS_NETWORK_FEATURE_SUPPORT, 0x64, 1, 3)              \
    X(s, O_TVH, additional_update_result, ADDITIONAL_UPDATE_RESULT, 0xF0, 0, 0)                    \
    X(s, O_TLV1, t3412_extended, T3412_EXTENDED, 0x5E, 1, 1)                                       \
    X(s, O_TLV1, t3324, T3324, 0x6A, 1, 1)                                                         \
    X(s, O_TLV1, extended_drx_parameters, EXTENDED_DRX_PARAMETERS, 0x6E, 1, 1)                     \
    X(s, O_TLV, dcn_id, DCN_ID, 0x65, 2, 2)                                                        \
    X(s, O_TVH, sms_services_status, SMS_SERVICES_STATUS, 0xE0, 0, 0)                              \
    X(s, O_TVH, non_3gpp_nw_policies, NON_3GPP_NW_POLICIES, 0xD0, 0, 0)                            \
    X(s, O_TLV1, t3448, T3448, 0x6B, 1, 1)                                                         \
    X(s, O_TVH, network_policy, NETWORK_POLICY, 0xC0, 0, 0)                                        \
    X(s, O_TLV1, t3447, T3447, 0x6C, 1, 1)                                                         \
    X(s, O_TLVE, extended_emergency_number_list, EXTENDED_EMERGENCY_NUMBER_LIST, 0x7A, 4, 65535)   \
    X(s, O_TLVE, ciphering_key_data, CIPHERING_KEY_DATA, 0x7C, 32, 2288)                           \
    X(s, O_TLV, ue_radio_capability_id, UE_RADIO_CAPABILITY_ID, 0x66, 1, 255)                      \
    X(s, O_TVH, ue_radio_capability_id_deletion, UE_RADIO_CAPABILITY_ID_DELETION, 0xB0, 0, 0)      \
    X(s, O_TLV1, wus_assistance, WUS_ASSISTANCE, 0x35, 1, 1)                                       \
    X(s, O_TLV1, nb_s1_drx, NB_S1_DRX, 0x36, 1, 1)                                                 \
    X(s, O_TLV, negotiated_imsi_offset, NEGOTIATED_IMSI_OFFSET, 0x38, 2, 2)                        \
    X(s, O_TLV, forbidden_tai_roaming, FORBIDDEN_TAI_ROAMING, 0x1D, 6, 96)                         \
    X(s, O_TLV, forbidden_tai_regional, FORBIDDEN_TAI_REGIONAL, 0x1E, 6, 96)

/* 8.2.2 */
#define NAS_ATTACH_COMPLETE_IES(X, s)                                                              \
    X(s, M_LVE, esm_message_container, ESM_MESSAGE_CONTAINER, 0, 3, 65535)

/* 8.2.3 */
#define NAS_ATTACH_REJECT_IES(X, s)                                                                \
    X(s, M_V1, emm_cause, EMM_CAUSE, 0, 1, 1)                                                      \
    X(s, O_TLVE, esm_message_container, ESM_MESSAGE_CONTAINER, 0x78, 3, 65535)                     \
    X(s, O_TLV1, t3346, T3346, 0x5F, 1, 1)                                                         \
    X(s, O_TLV1, t3402, T3402, 0x16, 1, 1)                                                         \
    X(s, O_TVH, extended_emm_cause, EXTENDED_EMM_CAUSE, 0xA0, 0, 0)                                \
    X(s, O_TLV1, lower_bound_timer, LOWER_BOUND_TIMER, 0x1C, 1, 1)                                 \
    X(s, O_TLV, forbidden_tai_roaming, FORBIDDEN_TAI_ROAMING, 0x1D, 6, 96)                         \
    X(s, O_TLV, forbidden_tai_regional, FORBIDDEN_TAI_REGIONAL, 0x1E, 6, 96)                       \
    X(s, O_TLVE, bindery_container, BINDERY_CONTAINER, NAS_IEI_BINDERY, 2, 65535)

/* 8.2.11.1, from the UE */
#define NAS_DETACH_REQUEST_UP_IES(X, s)                                                            \
    X(s, M_HALF, detach_type, DETACH_TYPE, 0, 0, 0)                                                \
    X(s, M_HALF, ksi, KSI, 0, 0, 0)                                                                \
    X(s, M_LV, identity, EPS_MOBILE_IDENTITY, 0, 4, 11)

/* 8.2.11.2, to the UE */
#define NAS_DETACH_REQUEST_DOWN_IES(X, s)                                                          \
    X(s, M_HALF, detach_type, DETACH_TYPE_DOWN, 0, 0, 0)                                           \
    X(s, M_HALF, spare, SPARE, 0, 0, 0)                                                            \
    X(s, O_TV1, emm_cause, EMM_CAUSE, 0x53, 1, 1)                                                  \
    X(s, O_TLV1, lower_bound_timer, LOWER_BOUND_TIMER, 0x1C, 1, 1)                                 \
    X(s, O_TLV, forbidden_tai_roaming, FORBIDDEN_TAI_ROAMING, 0x1D, 6, 96)                         \
    X(s, O_TLV, forbidden_tai_regional, FORBIDDEN_TAI_REGIONAL, 0x1E, 6, 96)

/* 8.2.29 */
#define NAS_TRACKING_AREA_UPDATE_REQUEST_IES(X, s)                                                 \
    X(s, M_HALF, update_type, UPDATE_TYPE, 0, 0, 0)                                                \
    X(s, M_HALF, ksi, KSI, 0, 0, 0)                                                                \
    X(s, M_LV, old_guti, OLD_GUTI, 0, 11, 11)                                                      \
    X(s, O_TVH, non_current_ksi, NON_CURRENT_KSI, 0xB0, 0, 0)                                      \
    X(s, O_TVH, gprs_cksn, GPRS_CKSN, 0x80, 0, 0)                                                  \
    X(s, O_TV, old_p_tmsi_signature, OLD_P_TMSI_SIGNATURE, 0x19, 3, 3)                             \
    X(s, O_TLV, additional_guti, ADDITIONAL_GUTI, 0x50, 11, 11)                                    \
    X(s, O_TV, nonce_ue, NONCE_UE, 0x55, 4, 4)                                                     \
    X(s, O_TLV, ue_network_capability, UE_NETWORK_CAPABILITY, 0x58, 2, 13)                         \
    X(s, O_TV, last_visited_tai, LAST_VISITED_TAI, 0x52, 5, 5)                                     \
    X(s, O_TV, drx_parameter, DRX_PARAMETER, 0x5C, 2, 2)                                           \
    X(s, O_TVH, ue_radio_capability_update, UE_RADIO_CAPABILITY_UPDATE, 0xA0, 0, 0)                \
    X(s, O_TLV, eps_bearer_context_status, EPS_BEARER_CONTEXT_STATUS, 0x57, 2, 2)                  \
    X(s, O_TLV, ms_network_capability, MS_NETWORK_CAPABILITY, 0x31, 2, 8)                          \
    X(s, O_TV, old_location_area, OLD_LOCATION_AREA, 0x13, 5, 5)                                   \
    X(s, O_TVH, tmsi_status, TMSI_STATUS, 0x90, 0, 0)                                              \
    X(s, O_TLV, mobile_classmark_2, MOBILE_CLASSMARK_2, 0x11, 3, 3)                                \
    X(s, O_TLV, mobile_classmark_3, MOBILE_CLASSMARK_3, 0x20, 0, 32)                               \
    X(s, O_TLV, supported_codecs, SUPPORTED_CODECS, 0x40, 3, 255)                                  \
    X(s, O_TVH, additional_update_type, ADDITIONAL_UPDATE_TYPE, 0xF0, 0, 0)                        \
    X(s, O_TLV1, voice_domain, VOICE_DOMAIN, 0x5D, 1, 1)                                           \
    X(s, O_TVH, old_guti_type, OLD_GUTI_TYPE, 0xE0, 0, 0)                                          \
    X(s, O_TVH, device_properties, DEVICE_PROPERTIES, 0xD0, 0, 0)                                  \
    X(s, O_TVH, ms_network_feature_support, MS_NETWORK_FEATURE_SUPPORT, 0xC0, 0, 0)                \
    X(s, O_TLV, tmsi_based_nri, TMSI_BASED_NRI, 0x10, 2, 2)                                        \
    X(s, O_TLV1, t3324, T3324, 0x6A, 1, 1)                                                         \
    X(s, O_TLV1, t3412_extended, T3412_EXTENDED, 0x5E, 1, 1)                                       \
    X(s, O_TLV1, extended_drx_parameters, EXTENDED_DRX_PARAMETERS, 0x6E, 1, 1)                     \
    X(s, O_TLV, ue_additional_security_capability, UE_ADDITIONAL_SECURITY_CAPABILITY, 0x6F, 4, 4)  \
    X(s, O_TLV1, ue_status, UE_STATUS, 0x6D, 1, 1)                                                 \
    X(s, O_TV1, additional_information_requested, ADDITIONAL_INFORMATION_REQUESTED, 0x17, 1, 1)    \
    X(s, O_TLV, n1_ue_network_capability, N1_UE_NETWORK_CAPABILITY, 0x32, 1, 13)                   \
    X(s, O_TLV1, ue_radio_capability_id_availability, UE_RADIO_CAPABILITY_ID_AVAILABILITY, 0x34,   \
      1, 1)                                                                                        \
    X(s, O_TLV1, wus_assistance, WUS_ASSISTANCE, 0x35, 1, 1)                                       \
    X(s, O_TLV1, nb_s1_drx, NB_S1_DRX, 0x36, 1, 1)                                                 \
    X(s, O_TLV, requested_imsi_offset, REQUESTED_IMSI_OFFSET, 0x38, 2, 2)                          \
    X(s, O_TLV1, ue_request_type, UE_REQUEST_TYPE, 0x29, 1, 1)                                     \
    X(s, O_TLV, paging_restriction, PAGING_RESTRICTION, 0x28, 1, 3)

/* 8.2.26 */
#define NAS_TRACKING_AREA_UPDATE_ACCEPT_IES(X, s)                                                  \
    X(s, M_HALF, update_result, UPDATE_RESULT, 0, 0, 0)                                            \
    X(s, M_HALF, spare, SPARE, 0, 0, 0)                                                            \
    X(s, O_TV1, t3412, T3412, 0x5A, 1, 1)                                                          \
    X(s, O_TLV, guti, GUTI, 0x50, 11, 11)                                                          \
    X(s, O_TLV, tai_list, TAI_LIST, 0x54, 6, 96)                                                   \
    X(s, O_TLV, eps_bearer_context_status, EPS_BEARER_CONTEXT_STATUS, 0x57, 2, 2)                  \
    X(s, O_TV, location_area, LOCATION_AREA, 0x13, 5, 5)                                           \
    X(s, O_TLV, ms_identity, MS_IDENTITY, 0x23, 5, 8)                                              \
    X(s, O_TV1, emm_cause, EMM_CAUSE, 0x53, 1, 1)                                                  \
    X(s, O_TV1, t3402, T3402, 0x17, 1, 1)                                                          \
    X(s, O_TV1, t3423, T3423, 0x59, 1, 1)                                                          \
    X(s, O_TLV, equivalent_plmns, EQUIVALENT_PLMNS, 0x4A, 3, 45)                                   \
    X(s, O_TLV, emergency_number_list, EMERGENCY_NUMBER_LIST, 0x34, 3, 48)                         \
    X(s, O_TLV, eps_network_feature_support, EPS_NETWORK_FEATURE_SUPPORT, 0x64, 1, 3)              \
    X(s, O_TVH, additional_update_result, ADDITIONAL_UPDATE_RESULT, 0xF0, 0, 0)                    \
    X(s, O_TLV1, t3412_extended, T3412_EXTENDED, 0x5E, 1, 1)                                       \
    X(s, O_TLV1, t3324, T3324, 0x6A, 1, 1)                                                         \
    X(s, O_TLV1, extended_drx_parameters, EXTENDED_DRX_PARAMETERS, 0x6E, 1, 1)                     \
    X(s, O_TLV, header_compression_status, HEADER_COMPRESSION_STATUS, 0x68, 2, 2)                  \
    X(s, O_TLV, dcn_id, DCN_ID, 0x65, 2, 2)                                                        \
    X(s, O_TVH, sms_services_status, SMS_SERVICES_STATUS, 0xE0, 0, 0)                              \
    X(s, O_TVH, non_3gpp_nw_policies, NON_3GPP_NW_POLICIES, 0xD0, 0, 0)                            \
    X(s, O_TLV1, t3448, T3448, 0x6B, 1, 1)                                                         \
    X(s, O_TVH, network_policy, NETWORK_POLICY, 0xC0, 0, 0)                                        \
    X(s, O_TLV1, t3447, T3447, 0x6C, 1, 1)                                                         \
    X(s, O_TLVE, extended_emergency_number_list, EXTENDED_EMERGENCY_NUMBER_LIST, 0x7A, 4, 65535)   \
    X(s, O_TLVE, ciphering_key_data, CIPHERING_KEY_DATA, 0x7C, 32, 2288)                           \
    X(s, O_TLV, ue_radio_capability_id, UE_RADIO_CAPABILITY_ID, 0x66, 1, 255)                      \
    X(s, O_TVH, ue_radio_capability_id_deletion, UE_RADIO_CAPABILITY_ID_DELETION, 0xB0, 0, 0)      \
    X(s, O_TLV1, wus_assistance, WUS_ASSISTANCE, 0x35, 1, 1)                                       \
    X(s, O_TLV1, nb_s1_drx, NB_S1_DRX, 0x36, 1, 1)                                                 \
    X(s, O_TLV, negotiated_imsi_offset, NEGOTIATED_IMSI_OFFSET, 0x38, 2, 2)                        \
    X(s, O_TLV1, eps_additional_request_result, EPS_ADDITIONAL_REQUEST_RESULT, 0x37, 1, 1)         \
    X(s, O_TLV, forbidden_tai_roaming, FORBIDDEN_TAI_ROAMING, 0x1D, 6, 96)                         \
    X(s, O_TLV, forbidden_tai_regional, FORBIDDEN_TAI_REGIONAL, 0x1E, 6, 96)

/* 8.2.28 */
#define NAS_TRACKING_AREA_UPDATE_REJECT_IES(X, s)                                                  \
    X(s, M_V1, emm_cause, EMM_CAUSE, 0, 1, 1)                                                      \
    X(s, O_TLV1, t3346, T3346, 0x5F, 1, 1)                                                         \
    X(s, O_TVH, extended_emm_cause, EXTENDED_EMM_CAUSE, 0xA0, 0, 0)                                \
    X(s, O_TLV1, lower_bound_timer, LOWER_BOUND_TIMER, 0x1C, 1, 1)                                 \
    X(s, O_TLV, forbidden_tai_roaming, FORBIDDEN_TAI_ROAMING, 0x1D, 6, 96)                         \
    X(s, O_TLV, forbidden_tai_regional, FORBIDDEN_TAI_REGIONAL, 0x1E, 6, 96)

/* 8.2.24; T3442 is there if and only if the cause is 39 */
#define NAS_SERVICE_REJECT_IES(X, s)                                                               \
    X(s, M_V1, emm_cause, EMM_CAUSE, 0, 1, 1)                                                      \
    X(s, O_TV1, t3442, T3442, 0x5B, 1, 1)                                                          \
    X(s, O_TLV1, t3346, T3346, 0x5F, 1, 1)                                                         \
    X(s, O_TLV1, t3448, T3448, 0x6B, 1, 1)                                                         \
    X(s, O_TLV1, lower_bound_timer, LOWER_BOUND_TIMER, 0x1C, 1, 1)                                 \
    X(s, O_TLV, forbidden_tai_roaming, FORBIDDEN_TAI_ROAMING, 0x1D, 6, 96)                         \
    X(s, O_TLV, forbidden_tai_regional, FORBIDDEN_TAI_REGIONAL, 0x1E, 6, 96)

/* 8.2.34 */
#define NAS_SERVICE_ACCEPT_IES(X, s)                                                               \
    X(s, O_TLV, eps_bearer_context_status, EPS_BEARER_CONTEXT_STATUS, 0x57, 2, 2)                  \
    X(s, O_TLV1, t3448, T3448, 0x6B, 1, 1)                                                         \
    X(s, O_TLV1, eps_additional_request_result, EPS_ADDITIONAL_REQUEST_RESULT, 0x37, 1, 1)

/* 8.2.16 */
#define NAS_GUTI_REALLOCATION_COMMAND_IES(X, s)                                                    \
    X(s, M_LV, guti, GUTI, 0, 11, 11)                                                              \
    X(s, O_TLV, tai_list, TAI_LIST, 0x54, 6, 96)                                                   \
    X(s, O_TLV, dcn_id, DCN_ID, 0x65, 2, 2)                                                        \
    X(s, O_TLV, ue_radio_capability_id, UE_RADIO_CAPABILITY_ID, 0x66, 1, 255)                      \
    X(s, O_TVH, ue_radio_capability_id_deletion, UE_RADIO_CAPABILITY_ID_DELETION, 0xB0, 0, 0)

/* 8.2.7 */
#define NAS_AUTHENTICATION_REQUEST_IES(X, s)                                                       \
    X(s, M_HALF, ksi, KSI, 0, 0, 0)                                                                \
    X(s, M_HALF, spare, SPARE, 0, 0, 0)                                                            \
    X(s, M_V, rand, RAND, 0, 16, 16)                                                               \
    X(s, M_LV, autn, AUTN, 0, 16, 16)

/* 8.2.8 */
#define NAS_AUTHENTICATION_RESPONSE_IES(X, s) X(s, M_LV, res, RES, 0, 4, 16)

/* 8.2.5; AUTS is there if and only if the cause is 21: the caller looks */
#define NAS_AUTHENTICATION_FAILURE_IES(X, s)                                                       \
    X(s, M_V1, emm_cause, EMM_CAUSE, 0, 1, 1)                                                      \
    X(s, O_TLV, auts, AUTS, 0x30, 14, 14)

/* 8.2.18 */
#define NAS_IDENTITY_REQUEST_IES(X, s)                                                             \
    X(s, M_HALF, identity_type, IDENTITY_TYPE, 0, 0, 0)                                            \
    X(s, M_HALF, spare, SPARE, 0, 0, 0)                                                            \
    X(s, O_TLVE, bindery_container, BINDERY_CONTAINER, NAS_IEI_BINDERY, 2, 65535)

/* 8.2.19; an identity of type "none" is one octet long (TS 24.008 10.5.1.4) */
#define NAS_IDENTITY_RESPONSE_IES(X, s)                                                            \
    X(s, M_LV, identity, MOBILE_IDENTITY, 0, 1, 9)                                                 \
    X(s, O_TLVE, bindery_container, BINDERY_CONTAINER, NAS_IEI_BINDERY, 2, 65535)

/* 8.2.20 */
#define NAS_SECURITY_MODE_COMMAND_IES(X, s)                                                        \
    X(s, M_V1, algorithms, SELECTED_ALGORITHMS, 0, 1, 1)                                           \
    X(s, M_HALF, ksi, KSI, 0, 0, 0)                                                                \
    X(s, M_HALF, spare, SPARE, 0, 0, 0)                                                            \
    X(s, M_LV, replayed_ue_security_capabilities, REPLAYED_UE_SECURITY_CAPABILITIES, 0, 2, 5)      \
    X(s, O_TVH, imeisv_request, IMEISV_REQUEST, 0xC0, 0, 0)                                        \
    X(s, O_TV, replayed_nonce_ue, NONCE_UE, 0x55, 4, 4)                                            \
    X(s, O_TV, nonce_mme, NONCE_MME, 0x56, 4, 4)                                                   \
    X(s, O_TLV, hash_mme, HASH_MME, 0x4F, 8, 8)                                                    \
    X(s, O_TLV, replayed_additional_capability, REPLAYED_ADDITIONAL_CAPABILITY, 0x6F, 4, 4)        \
    X(s, O_TLV1, ue_radio_capability_id_request, UE_RADIO_CAPABILITY_ID_REQUEST, 0x37, 1, 1)

/* 8.2.21 */
#define NAS_SECURITY_MODE_COMPLETE_IES(X, s)                                                       \
    X(s, O_TLV, imeisv, IMEISV, 0x23, 9, 9)                                                        \
    X(s, O_TLVE, replayed_nas_message, REPLAYED_NAS_MESSAGE, 0x79, 0, 65535)                       \
    X(s, O_TLV, ue_radio_capability_id, UE_RADIO_CAPABILITY_ID, 0x66, 1, 255)

/* 8.2.22, 8.2.14 */
#define NAS_SECURITY_MODE_REJECT_IES(X, s) X(s, M_V1, emm_cause, EMM_CAUSE, 0, 1, 1)
#define NAS_EMM_STATUS_IES(X, s)           X(s, M_V1, emm_cause, EMM_CAUSE, 0, 1, 1)

/* 8.2.13 */
#define NAS_EMM_INFORMATION_IES(X, s)                                                              \
    X(s, O_TLV, full_name, FULL_NAME, 0x43, 1, 255)                                                \
    X(s, O_TLV, short_name, SHORT_NAME, 0x45, 1, 255)                                              \
    X(s, O_TV1, local_time_zone, LOCAL_TIME_ZONE, 0x46, 1, 1)                                      \
    X(s, O_TV, universal_time, UNIVERSAL_TIME, 0x47, 7, 7)                                         \
    X(s, O_TLV1, daylight_saving_time, DAYLIGHT_SAVING_TIME, 0x49, 1, 1)

/* 8.2.12, 8.2.30 */
#define NAS_DOWNLINK_NAS_TRANSPORT_IES(X, s) X(s, M_LV, container, NAS_MESSAGE_CONTAINER, 0, 2, 251)
#define NAS_UPLINK_NAS_TRANSPORT_IES(X, s)   X(s, M_LV, container, NAS_MESSAGE_CONTAINER, 0, 2, 251)

/* 8.2.31, 8.2.32 */
#define NAS_GENERIC_TRANSPORT_IES(X, s)                                                            \
    X(s, M_V1, container_type, GENERIC_CONTAINER_TYPE, 0, 1, 1)                                    \
    X(s, M_LVE, container, GENERIC_CONTAINER, 0, 1, 65535)                                         \
    X(s, O_TLV, additional_information, ADDITIONAL_INFORMATION, 0x65, 1, 255)
#define NAS_DOWNLINK_GENERIC_NAS_TRANSPORT_IES(X, s) NAS_GENERIC_TRANSPORT_IES(X, s)
#define NAS_UPLINK_GENERIC_NAS_TRANSPORT_IES(X, s)   NAS_GENERIC_TRANSPORT_IES(X, s)

/* 8.2.6, 8.2.10, 8.2.17, 8.2.27 */
#define NAS_AUTHENTICATION_REJECT_IES(X, s)
#define NAS_DETACH_ACCEPT_IES(X, s)
#define NAS_GUTI_REALLOCATION_COMPLETE_IES(X, s)
#define NAS_TRACKING_AREA_UPDATE_COMPLETE_IES(X, s)

/* struct nas_NAME, nas_NAME_message; message type; direction; list of elements */
#define NAS_EMM_MESSAGES(X)                                                                        \
    X(attach_request, ATTACH_REQUEST, UP, NAS_ATTACH_REQUEST_IES)                                  \
    X(attach_accept, ATTACH_ACCEPT, DOWN, NAS_ATTACH_ACCEPT_IES)                                   \
    X(attach_complete, ATTACH_COMPLETE, UP, NAS_ATTACH_COMPLETE_IES)                               \
    X(attach_reject, ATTACH_REJECT, DOWN, NAS_ATTACH_REJECT_IES)                                   \
    X(detach_request_up, DETACH_REQUEST, UP, NAS_DETACH_REQUEST_UP_IES)                            \
    X(detach_request_down, DETACH_REQUEST, DOWN, NAS_DETACH_REQUEST_DOWN_IES)                      \
    X(detach_accept, DETACH_ACCEPT, BOTH, NAS_DETACH_ACCEPT_IES)                                   \
    X(tracking_area_update_request, TRACKING_AREA_UPDATE_REQUEST, UP,                              \
      NAS_TRACKING_AREA_UPDATE_REQUEST_IES)                                                        \
    X(tracking_area_update_accept, TRACKING_AREA_UPDATE_ACCEPT, DOWN,                              \
      NAS_TRACKING_AREA_UPDATE_ACCEPT_IES)                                                         \
    X(tracking_area_update_complete, TRACKING_AREA_UPDATE_COMPLETE, UP,                            \
      NAS_TRACKING_AREA_UPDATE_COMPLETE_IES)                                                       \
    X(tracking_area_update_reject, TRACKING_AREA_UPDATE_REJECT, DOWN,                              \
      NAS_TRACKING_AREA_UPDATE_REJECT_IES)                                                         \
    X(service_reject, SERVICE_REJECT, DOWN, NAS_SERVICE_REJECT_IES)                                \
    X(service_accept, SERVICE_ACCEPT, DOWN, NAS_SERVICE_ACCEPT_IES)                                \
    X(guti_reallocation_command, GUTI_REALLOCATION_COMMAND, DOWN,                                  \
      NAS_GUTI_REALLOCATION_COMMAND_IES)                                                           \
    X(guti_reallocation_complete, GUTI_REALLOCATION_COMPLETE, UP,                                  \
      NAS_GUTI_REALLOCATION_COMPLETE_IES)                                                          \
    X(authentication_request, AUTHENTICATION_REQUEST, DOWN, NAS_AUTHENTICATION_REQUEST_IES)        \
    X(authentication_response, AUTHENTICATION_RESPONSE, UP, NAS_AUTHENTICATION_RESPONSE_IES)       \
    X(authentication_reject, AUTHENTICATION_REJECT, DOWN, NAS_AUTHENTICATION_REJECT_IES)           \
    X(authentication_failure, AUTHENTICATION_FAILURE, UP, NAS_AUTHENTICATION_FAILURE_IES)          \
    X(identity_request, IDENTITY_REQUEST, DOWN, NAS_IDENTITY_REQUEST_IES)                          \
    X(identity_response, IDENTITY_RESPONSE, UP, NAS_IDENTITY_RESPONSE_IES)                         \
    X(security_mode_command, SECURITY_MODE_COMMAND, DOWN, NAS_SECURITY_MODE_COMMAND_IES)           \
    X(security_mode_complete, SECURITY_MODE_COMPLETE, UP, NAS_SECURITY_MODE_COMPLETE_IES)          \
    X(security_mode_reject, SECURITY_MODE_REJECT, UP, NAS_SECURITY_MODE_REJECT_IES)                \
    X(emm_status, EMM_STATUS, BOTH, NAS_EMM_STATUS_IES)                                            \
    X(emm_information, EMM_INFORMATION, DOWN, NAS_EMM_INFORMATION_IES)                             \
    X(downlink_nas_transport, DOWNLINK_NAS_TRANSPORT, DOWN, NAS_DOWNLINK_NAS_TRANSPORT_IES)        \
    X(uplink_nas_transport, UPLINK_NAS_TRANSPORT, UP, NAS_UPLINK_NAS_TRANSPORT_IES)                \
    X(downlink_generic_nas_transport, DOWNLINK_GENERIC_NAS_TRANSPORT, DOWN,                        \
      NAS_DOWNLINK_GENERIC_NAS_TRANSPORT_IES)                                                      \
    X(uplink_generic_nas_transport, UPLINK_GENERIC_NAS_TRANSPORT, UP,                              \
      NAS_UPLINK_GENERIC_NAS_TRANSPORT_IES)

#define X(name, type, direction, list) NAS_STRUCT(name, list)
NAS_EMM_MESSAGES(X)
#undef X

#endif
