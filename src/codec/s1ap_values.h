/* codec/s1ap_values.h - the numbers of S1AP that have names (TS 36.413 9.2 and 9.3.5 to 9.3.6):
 * procedures, IEs, criticality, causes and the other enumerations. The name lists are what
 * s1ap_text prints and reads.
 *
 * An enumeration counts its root values first and its extension values after them, as ASN.1 does.
 * Nothing here knows how a value is encoded.
 */
#ifndef BINDERY_CODEC_S1AP_VALUES_H
#define BINDERY_CODEC_S1AP_VALUES_H

#include <stdint.h>

/* NAME, code, criticality, "name": the procedures whose messages are known here (9.3.2, 9.3.6) */
#define S1AP_PROCEDURES(X)                                                                         \
    X(INITIAL_CONTEXT_SETUP, 9, S1AP_REJECT, "InitialContextSetup")                                \
    X(DOWNLINK_NAS_TRANSPORT, 11, S1AP_IGNORE, "downlinkNASTransport")                             \
    X(INITIAL_UE_MESSAGE, 12, S1AP_IGNORE, "initialUEMessage")                                     \
    X(UPLINK_NAS_TRANSPORT, 13, S1AP_IGNORE, "uplinkNASTransport")                                 \
    X(RESET, 14, S1AP_REJECT, "Reset")                                                             \
    X(ERROR_INDICATION, 15, S1AP_IGNORE, "ErrorIndication")                                        \
    X(NAS_NON_DELIVERY_INDICATION, 16, S1AP_IGNORE, "NASNonDeliveryIndication")                    \
    X(S1_SETUP, 17, S1AP_REJECT, "S1Setup")                                                        \
    X(UE_CONTEXT_RELEASE_REQUEST, 18, S1AP_IGNORE, "UEContextReleaseRequest")                      \
    X(UE_CAPABILITY_INFO_INDICATION, 22, S1AP_IGNORE, "UECapabilityInfoIndication")                \
    X(UE_CONTEXT_RELEASE, 23, S1AP_REJECT, "UEContextRelease")                                     \
    X(OVERLOAD_START, 34, S1AP_IGNORE, "OverloadStart")                                            \
    X(OVERLOAD_STOP, 35, S1AP_REJECT, "OverloadStop")                                              \
    X(REROUTE_NAS_REQUEST, 52, S1AP_REJECT, "RerouteNASRequest")
enum s1ap_procedure {
#define X(name, code, criticality, text) S1AP_PROC_##name = (code),
    S1AP_PROCEDURES(X)
#undef X
};

/* NAME, id, "name" (9.3.6) */
#define S1AP_IES(X)                                                                                \
    X(MME_UE_S1AP_ID, 0, "MME-UE-S1AP-ID")                                                         \
    X(CAUSE, 2, "Cause")                                                                           \
    X(ENB_UE_S1AP_ID, 8, "eNB-UE-S1AP-ID")                                                         \
    X(E_RAB_TO_BE_SETUP_LIST_CTXT_SU_REQ, 24, "E-RABToBeSetupListCtxtSUReq")                       \
    X(NAS_PDU, 26, "NAS-PDU")                                                                      \
    X(E_RAB_ITEM, 35, "E-RABItem")                                                                 \
    X(E_RAB_FAILED_TO_SETUP_LIST_CTXT_SU_RES, 48, "E-RABFailedToSetupListCtxtSURes")               \
    X(E_RAB_SETUP_ITEM_CTXT_SU_RES, 50, "E-RABSetupItemCtxtSURes")                                 \
    X(E_RAB_SETUP_LIST_CTXT_SU_RES, 51, "E-RABSetupListCtxtSURes")                                 \
    X(E_RAB_TO_BE_SETUP_ITEM_CTXT_SU_REQ, 52, "E-RABToBeSetupItemCtxtSUReq")                       \
    X(CRITICALITY_DIAGNOSTICS, 58, "CriticalityDiagnostics")                                       \
    X(GLOBAL_ENB_ID, 59, "Global-ENB-ID")                                                          \
    X(ENB_NAME, 60, "eNBname")                                                                     \
    X(MME_NAME, 61, "MMEname")                                                                     \
    X(SUPPORTED_TAS, 64, "SupportedTAs")                                                           \
    X(TIME_TO_WAIT, 65, "TimeToWait")                                                              \
    X(UE_AGGREGATE_MAXIMUM_BITRATE, 66, "uEaggregateMaximumBitrate")                               \
    X(TAI, 67, "TAI")                                                                              \
    X(SECURITY_KEY, 73, "SecurityKey")                                                             \
    X(UE_RADIO_CAPABILITY, 74, "UERadioCapability")                                                \
    X(GUMMEI, 75, "GUMMEI-ID")                                                                     \
    X(RELATIVE_MME_CAPACITY, 87, "RelativeMMECapacity")                                            \
    X(UE_ASSOCIATED_LOGICAL_S1_CONNECTION_ITEM, 91, "UE-associatedLogicalS1-ConnectionItem")       \
    X(RESET_TYPE, 92, "ResetType")                                                                 \
    X(UE_ASSOCIATED_LOGICAL_S1_CONNECTION_LIST_RES_ACK, 93,                                        \
      "UE-associatedLogicalS1-ConnectionListResAck")                                               \
    X(S_TMSI, 96, "S-TMSI")                                                                        \
    X(UE_S1AP_IDS, 99, "UE-S1AP-IDs")                                                              \
    X(EUTRAN_CGI, 100, "EUTRAN-CGI")                                                               \
    X(OVERLOAD_RESPONSE, 101, "OverloadResponse")                                                  \
    X(SERVED_GUMMEIS, 105, "ServedGUMMEIs")                                                        \
    X(SUBSCRIBER_PROFILE_ID_FOR_RFP, 106, "SubscriberProfileIDforRFP")                             \
    X(UE_SECURITY_CAPABILITIES, 107, "UESecurityCapabilities")                                     \
    X(CSG_ID, 127, "CSG-Id")                                                                       \
    X(CSG_ID_LIST, 128, "CSG-IdList")                                                              \
    X(RRC_ESTABLISHMENT_CAUSE, 134, "RRC-Establishment-Cause")                                     \
    X(DEFAULT_PAGING_DRX, 137, "DefaultPagingDRX")                                                 \
    X(CELL_ACCESS_MODE, 145, "CellAccessMode")                                                     \
    X(GUMMEI_LIST, 154, "GUMMEIList")                                                              \
    X(TRAFFIC_LOAD_REDUCTION_INDICATION, 161, "TrafficLoadReductionIndication")                    \
    X(GUMMEI_TYPE, 170, "GUMMEIType")                                                              \
    X(UE_RADIO_CAPABILITY_FOR_PAGING, 198, "UERadioCapabilityForPaging")                           \
    X(MME_GROUP_ID, 223, "MME-Group-ID")                                                           \
    X(ADDITIONAL_GUTI, 224, "Additional-GUTI")                                                     \
    X(S1_MESSAGE, 225, "S1-Message")                                                               \
    X(UE_USAGE_TYPE, 230, "UE-Usage-Type")                                                         \
    X(RAT_TYPE, 232, "RAT-Type")
enum s1ap_ie_id {
#define X(name, id, text) S1AP_IE_##name = (id),
    S1AP_IES(X)
#undef X
};

/* Enumerations: NAME, "name", in the order of their values. */
#define S1AP_CRITICALITY_LIST(X) X(REJECT, "reject") X(IGNORE, "ignore") X(NOTIFY, "notify")
enum s1ap_criticality {
#define X(name, text) S1AP_##name,
    S1AP_CRITICALITY_LIST(X)
#undef X
};

/* The alternatives of S1AP-PDU, which are also the values of TriggeringMessage. */
#define S1AP_OUTCOME_LIST(X)                                                                       \
    X(INITIATING, "initiating-message")                                                            \
    X(SUCCESSFUL, "successful-outcome")                                                            \
    X(UNSUCCESSFUL, "unsuccessfull-outcome") /* spelled so in 9.3.5 */
enum s1ap_outcome {
#define X(name, text) S1AP_##name,
    S1AP_OUTCOME_LIST(X)
#undef X
};

#define S1AP_TYPE_OF_ERROR_LIST(X) X(NOT_UNDERSTOOD, "not-understood") X(MISSING, "missing")
enum s1ap_type_of_error {
#define X(name, text) S1AP_ERROR_##name,
    S1AP_TYPE_OF_ERROR_LIST(X)
#undef X
};

/* 9.2.1.3; the values of the five groups follow, first of the group, then of its extension. */
#define S1AP_CAUSE_GROUP_LIST(X)                                                                   \
    X(RADIO_NETWORK, "radioNetwork")                                                               \
    X(TRANSPORT, "transport")                                                                      \
    X(NAS, "nas")                                                                                  \
    X(PROTOCOL, "protocol")                                                                        \
    X(MISC, "misc")
enum s1ap_cause_group {
#define X(name, text) S1AP_CAUSE_##name,
    S1AP_CAUSE_GROUP_LIST(X)
#undef X
};

#define S1AP_RADIO_LIST(X)                                                                         \
    X(UNSPECIFIED, "unspecified")                                                                  \
    X(TX2RELOCOVERALL_EXPIRY, "tx2relocoverall-expiry")                                            \
    X(SUCCESSFUL_HANDOVER, "successful-handover")                                                  \
    X(RELEASE_DUE_TO_EUTRAN_GENERATED_REASON, "release-due-to-eutran-generated-reason")            \
    X(HANDOVER_CANCELLED, "handover-cancelled")                                                    \
    X(PARTIAL_HANDOVER, "partial-handover")                                                        \
    X(HO_FAILURE_IN_TARGET, "ho-failure-in-target-EPC-eNB-or-target-system")                       \
    X(HO_TARGET_NOT_ALLOWED, "ho-target-not-allowed")                                              \
    X(TS1RELOCOVERALL_EXPIRY, "tS1relocoverall-expiry")                                            \
    X(TS1RELOCPREP_EXPIRY, "tS1relocprep-expiry")                                                  \
    X(CELL_NOT_AVAILABLE, "cell-not-available")                                                    \
    X(UNKNOWN_TARGETID, "unknown-targetID")                                                        \
    X(NO_RADIO_RESOURCES_IN_TARGET, "no-radio-resources-available-in-target-cell")                 \
    X(UNKNOWN_MME_UE_S1AP_ID, "unknown-mme-ue-s1ap-id")                                            \
    X(UNKNOWN_ENB_UE_S1AP_ID, "unknown-enb-ue-s1ap-id")                                            \
    X(UNKNOWN_PAIR_UE_S1AP_ID, "unknown-pair-ue-s1ap-id")                                          \
    X(HANDOVER_DESIRABLE, "handover-desirable-for-radio-reason")                                   \
    X(TIME_CRITICAL_HANDOVER, "time-critical-handover")                                            \
    X(RESOURCE_OPTIMISATION_HANDOVER, "resource-optimisation-handover")                            \
    X(REDUCE_LOAD_IN_SERVING_CELL, "reduce-load-in-serving-cell")                                  \
    X(USER_INACTIVITY, "user-inactivity")                                                          \
    X(RADIO_CONNECTION_WITH_UE_LOST, "radio-connection-with-ue-lost")                              \
    X(LOAD_BALANCING_TAU_REQUIRED, "load-balancing-tau-required")                                  \
    X(CS_FALLBACK_TRIGGERED, "cs-fallback-triggered")                                              \
    X(UE_NOT_AVAILABLE_FOR_PS_SERVICE, "ue-not-available-for-ps-service")                          \
    X(RADIO_RESOURCES_NOT_AVAILABLE, "radio-resources-not-available")                              \
    X(FAILURE_IN_RADIO_INTERFACE_PROCEDURE, "failure-in-radio-interface-procedure")                \
    X(INVALID_QOS_COMBINATION, "invalid-qos-combination")                                          \
    X(INTERRAT_REDIRECTION, "interrat-redirection")                                                \
    X(INTERACTION_WITH_OTHER_PROCEDURE, "interaction-with-other-procedure")                        \
    X(UNKNOWN_E_RAB_ID, "unknown-E-RAB-ID")                                                        \
    X(MULTIPLE_E_RAB_ID_INSTANCES, "multiple-E-RAB-ID-instances")                                  \
    X(ALGORITHMS_NOT_SUPPORTED, "encryption-and-or-integrity-protection-algorithms-not-supported") \
    X(S1_INTRA_SYSTEM_HANDOVER, "s1-intra-system-handover-triggered")                              \
    X(S1_INTER_SYSTEM_HANDOVER, "s1-inter-system-handover-triggered")                              \
    X(X2_HANDOVER_TRIGGERED, "x2-handover-triggered")                                              \
    X(REDIRECTION_TOWARDS_1XRTT, "redirection-towards-1xRTT")                                      \
    X(NOT_SUPPORTED_QCI_VALUE, "not-supported-QCI-value")                                          \
    X(INVALID_CSG_ID, "invalid-CSG-Id")                                                            \
    X(RELEASE_DUE_TO_PRE_EMPTION, "release-due-to-pre-emption")                                    \
    X(N26_INTERFACE_NOT_AVAILABLE, "n26-interface-not-available")                                  \
    X(INSUFFICIENT_UE_CAPABILITIES, "insufficient-ue-capabilities")                                \
    X(MAXIMUM_BEARER_PRE_EMPTION_RATE, "maximum-bearer-pre-emption-rate-exceeded")                 \
    X(UP_INTEGRITY_NOT_POSSIBLE, "up-integrity-protection-not-possible")
#define S1AP_TRANSPORT_LIST(X)                                                                     \
    X(RESOURCE_UNAVAILABLE, "transport-resource-unavailable") X(UNSPECIFIED, "unspecified")
#define S1AP_NAS_LIST(X)                                                                           \
    X(NORMAL_RELEASE, "normal-release")                                                            \
    X(AUTHENTICATION_FAILURE, "authentication-failure")                                            \
    X(DETACH, "detach")                                                                            \
    X(UNSPECIFIED, "unspecified")                                                                  \
    X(CSG_SUBSCRIPTION_EXPIRY, "csg-subscription-expiry")                                          \
    X(UE_NOT_IN_PLMN_SERVING_AREA, "uE-not-in-PLMN-serving-area")
#define S1AP_PROTOCOL_LIST(X)                                                                      \
    X(TRANSFER_SYNTAX_ERROR, "transfer-syntax-error")                                              \
    X(ABSTRACT_SYNTAX_ERROR_REJECT, "abstract-syntax-error-reject")                                \
    X(ABSTRACT_SYNTAX_ERROR_IGNORE_AND_NOTIFY, "abstract-syntax-error-ignore-and-notify")          \
    X(MESSAGE_NOT_COMPATIBLE_WITH_STATE, "message-not-compatible-with-receiver-state")             \
    X(SEMANTIC_ERROR, "semantic-error")                                                            \
    X(FALSELY_CONSTRUCTED_MESSAGE, "abstract-syntax-error-falsely-constructed-message")            \
    X(UNSPECIFIED, "unspecified")
#define S1AP_MISC_LIST(X)                                                                          \
    X(CONTROL_PROCESSING_OVERLOAD, "control-processing-overload")                                  \
    X(NOT_ENOUGH_USER_PLANE_RESOURCES, "not-enough-user-plane-processing-resources")               \
    X(HARDWARE_FAILURE, "hardware-failure")                                                        \
    X(OM_INTERVENTION, "om-intervention")                                                          \
    X(UNSPECIFIED, "unspecified")                                                                  \
    X(UNKNOWN_PLMN, "unknown-PLMN")
enum s1ap_cause_radio_network {
#define X(name, text) S1AP_RADIO_##name,
    S1AP_RADIO_LIST(X)
#undef X
};
enum s1ap_cause_transport {
#define X(name, text) S1AP_TRANSPORT_##name,
    S1AP_TRANSPORT_LIST(X)
#undef X
};
enum s1ap_cause_nas {
#define X(name, text) S1AP_NAS_##name,
    S1AP_NAS_LIST(X)
#undef X
};
enum s1ap_cause_protocol {
#define X(name, text) S1AP_PROTOCOL_##name,
    S1AP_PROTOCOL_LIST(X)
#undef X
};
enum s1ap_cause_misc {
#define X(name, text) S1AP_MISC_##name,
    S1AP_MISC_LIST(X)
#undef X
};

#define S1AP_PAGING_DRX_LIST(X) X(V32, "v32") X(V64, "v64") X(V128, "v128") X(V256, "v256")
enum s1ap_paging_drx {
#define X(name, text) S1AP_PAGING_DRX_##name,
    S1AP_PAGING_DRX_LIST(X)
#undef X
};

#define S1AP_TIME_TO_WAIT_LIST(X)                                                                  \
    X(1S, "v1s") X(2S, "v2s") X(5S, "v5s") X(10S, "v10s") X(20S, "v20s") X(60S, "v60s")
enum s1ap_time_to_wait {
#define X(name, text) S1AP_WAIT_##name,
    S1AP_TIME_TO_WAIT_LIST(X)
#undef X
};

#define S1AP_RRC_CAUSE_LIST(X)                                                                     \
    X(EMERGENCY, "emergency")                                                                      \
    X(HIGH_PRIORITY_ACCESS, "highPriorityAccess")                                                  \
    X(MT_ACCESS, "mt-Access")                                                                      \
    X(MO_SIGNALLING, "mo-Signalling")                                                              \
    X(MO_DATA, "mo-Data")                                                                          \
    X(DELAY_TOLERANT_ACCESS, "delay-TolerantAccess")                                               \
    X(MO_VOICE_CALL, "mo-VoiceCall")                                                               \
    X(MO_EXCEPTION_DATA, "mo-ExceptionData")
enum s1ap_rrc_establishment_cause {
#define X(name, text) S1AP_RRC_##name,
    S1AP_RRC_CAUSE_LIST(X)
#undef X
};

#define S1AP_GUMMEI_TYPE_LIST(X)                                                                   \
    X(NATIVE, "native") X(MAPPED, "mapped") X(MAPPED_FROM_5G, "mappedFrom5G")
enum s1ap_gummei_type {
#define X(name, text) S1AP_GUMMEI_##name,
    S1AP_GUMMEI_TYPE_LIST(X)
#undef X
};

#define S1AP_RAT_TYPE_LIST(X)                                                                      \
    X(NBIOT, "nbiot")                                                                              \
    X(NBIOT_LEO, "nbiot-leo")                                                                      \
    X(NBIOT_MEO, "nbiot-meo")                                                                      \
    X(NBIOT_GEO, "nbiot-geo")                                                                      \
    X(NBIOT_OTHERSAT, "nbiot-othersat")                                                            \
    X(EUTRAN_LEO, "eutran-leo")                                                                    \
    X(EUTRAN_MEO, "eutran-meo")                                                                    \
    X(EUTRAN_GEO, "eutran-geo")                                                                    \
    X(EUTRAN_OTHERSAT, "eutran-othersat")
enum s1ap_rat_type {
#define X(name, text) S1AP_RAT_##name,
    S1AP_RAT_TYPE_LIST(X)
#undef X
};

#define S1AP_OVERLOAD_ACTION_LIST(X)                                                               \
    X(REJECT_NON_EMERGENCY_MO_DT, "reject-non-emergency-mo-dt")                                    \
    X(REJECT_RRC_CR_SIGNALLING, "reject-rrc-cr-signalling")                                        \
    X(PERMIT_EMERGENCY_AND_MT_ONLY,                                                                \
      "permit-emergency-sessions-and-mobile-terminated-services-only")                             \
    X(PERMIT_HIGH_PRIORITY_AND_MT_ONLY,                                                            \
      "permit-high-priority-sessions-and-mobile-terminated-services-only")                         \
    X(REJECT_DELAY_TOLERANT_ACCESS, "reject-delay-tolerant-access")                                \
    X(NOT_ACCEPT_FROM_CP_CIOT, "not-accept-mo-data-or-delay-tolerant-access-from-CP-CIoT")
enum s1ap_overload_action {
#define X(name, text) S1AP_OVERLOAD_##name,
    S1AP_OVERLOAD_ACTION_LIST(X)
#undef X
};

#define S1AP_PRE_EMPTION_CAPABILITY_LIST(X)                                                        \
    X(SHALL_NOT_TRIGGER, "shall-not-trigger-pre-emption")                                          \
    X(MAY_TRIGGER, "may-trigger-pre-"                                                              \
                   "emption")
enum s1ap_pre_emption_capability {
#define X(name, text) S1AP_PRE_EMPTION_##name,
    S1AP_PRE_EMPTION_CAPABILITY_LIST(X)
#undef X
};
#define S1AP_PRE_EMPTION_VULNERABILITY_LIST(X)                                                     \
    X(NOT_PRE_EMPTABLE, "not-pre-emptable") X(PRE_EMPTABLE, "pre-emptable")
enum s1ap_pre_emption_vulnerability {
#define X(name, text) S1AP_##name,
    S1AP_PRE_EMPTION_VULNERABILITY_LIST(X)
#undef X
};

#define S1AP_RESET_ALL_LIST(X) X(ALL, "reset-all")
enum s1ap_reset_all {
#define X(name, text) S1AP_RESET_##name,
    S1AP_RESET_ALL_LIST(X)
#undef X
};

#endif
