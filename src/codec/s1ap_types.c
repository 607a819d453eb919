#include "codec/s1ap_table.h"

/* The definitions of TS 36.413 9.3.4, in the order in which they need one another. */

#define SIZE_OF(type, member) sizeof(((type *)0)->member)
#define MEMBER(text, t, owner, member)                                                             \
    {                                                                                              \
        .name = (text), .type = &(t), .offset = offsetof(owner, member), .has_offset = S1AP_ALWAYS \
    }
#define OPTIONAL(text, t, owner, member)                                                           \
    {                                                                                              \
        .name = (text), .type = &(t), .offset = offsetof(owner, member),                           \
        .has_offset = offsetof(owner, has_##member)                                                \
    }
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define WHOLE(id, text, c, low_, high_, ext)                                                       \
    const struct s1ap_type id = {.kind = S1AP_WHOLE,                                               \
                                 .name = (text),                                                   \
                                 .size = sizeof(c),                                                \
                                 .low = (low_),                                                    \
                                 .high = (high_),                                                  \
                                 .extensible = (ext)}
#define SIZED(id, kind_, text, c, n_, ext)                                                         \
    const struct s1ap_type id = {                                                                  \
        .kind = (kind_), .name = (text), .size = sizeof(c), .high = (n_), .extensible = (ext)}
/* c is the C object: an enum of s1ap_values.h, which a device may keep in one octet, or the
 * uint32_t of struct s1ap_cause. */
#define NAMES(id, list) static const char *const id##_names[] = {list(NAME)}
#define ENUMERATED(id, text, c, root_, ext)                                                        \
    const struct s1ap_type id = {.kind = S1AP_ENUMERATED,                                          \
                                 .name = (text),                                                   \
                                 .size = sizeof(c),                                                \
                                 .root = (root_),                                                  \
                                 .names = id##_names,                                              \
                                 .n = COUNT(id##_names),                                           \
                                 .extensible = (ext)}
#define NAME(name, text) text,
#define SEQUENCE(id, text, owner, ext)                                                             \
    const struct s1ap_type id = {.kind = S1AP_SEQUENCE,                                            \
                                 .name = (text),                                                   \
                                 .size = sizeof(owner),                                            \
                                 .members = id##_members,                                          \
                                 .n = COUNT(id##_members),                                         \
                                 .extensions = (ext)}
#define CHOICE(id, text, owner, index, root_)                                                      \
    const struct s1ap_type id = {.kind = S1AP_CHOICE,                                              \
                                 .name = (text),                                                   \
                                 .size = sizeof(owner),                                            \
                                 .root = (root_),                                                  \
                                 .index_size = SIZE_OF(owner, index),                              \
                                 .members = id##_members,                                          \
                                 .n = COUNT(id##_members)}
#define LIST_OF(id, text, t, most)                                                                 \
    const struct s1ap_type id = {.kind = S1AP_LIST,                                                \
                                 .name = (text),                                                   \
                                 .size = sizeof(struct s1ap_list),                                 \
                                 .low = 1,                                                         \
                                 .high = (most),                                                   \
                                 .element = &(t)}
#define LIST_OF_IES(id, text, t, ie, crit)                                                         \
    const struct s1ap_type id = {.kind = S1AP_LIST,                                                \
                                 .name = (text),                                                   \
                                 .size = sizeof(struct s1ap_list),                                 \
                                 .low = 1,                                                         \
                                 .high = 256,                                                      \
                                 .element = &(t),                                                  \
                                 .wrap_id = S1AP_IE_##ie,                                          \
                                 .wrap_criticality = (crit)}

/* ---- plain values ---- */

WHOLE(s1ap_t_mme_ue_s1ap_id, "MME-UE-S1AP-ID", uint32_t, 0, 0xFFFFFFFF, false);
WHOLE(s1ap_t_enb_ue_s1ap_id, "ENB-UE-S1AP-ID", uint32_t, 0, 0xFFFFFF, false);
WHOLE(s1ap_t_capacity, "RelativeMMECapacity", uint8_t, 0, 255, false);
WHOLE(s1ap_t_subscriber_profile_id, "SubscriberProfileIDforRFP", uint16_t, 1, 256, false);
WHOLE(s1ap_t_ue_usage_type, "UE-Usage-Type", uint8_t, 0, 255, false);
WHOLE(s1ap_t_load_reduction, "TrafficLoadReductionIndication", uint8_t, 1, 99, false);
static WHOLE(t_procedure_code, "ProcedureCode", uint8_t, 0, 255, false);
static WHOLE(t_ie_id, "ProtocolIE-ID", uint16_t, 0, 65535, false);
static WHOLE(t_bit_rate, "BitRate", uint64_t, 0, UINT64_C(10000000000), false);
static WHOLE(t_e_rab_id, "E-RAB-ID", uint8_t, 0, 15, true);
static WHOLE(t_qci, "QCI", uint8_t, 0, 255, false);
static WHOLE(t_priority_level, "PriorityLevel", uint8_t, 0, 15, false);

SIZED(s1ap_t_mme_group_id, S1AP_NUMBER, "MME-Group-ID", uint16_t, 2, false);
static SIZED(t_mme_code, S1AP_NUMBER, "MME-Code", uint8_t, 1, false);
static SIZED(t_m_tmsi, S1AP_NUMBER, "M-TMSI", uint32_t, 4, false);
static SIZED(t_tac, S1AP_NUMBER, "TAC", uint16_t, 2, false);
static SIZED(t_gtp_teid, S1AP_NUMBER, "GTP-TEID", uint32_t, 4, false);
static SIZED(t_plmn, S1AP_PLMN, "PLMNidentity", struct plmn, 3, false);
static SIZED(t_cell_identity, S1AP_BITS, "CellIdentity", uint32_t, 28, false);
static SIZED(t_encryption, S1AP_BITS, "EncryptionAlgorithms", uint16_t, 16, true);
static SIZED(t_integrity, S1AP_BITS, "IntegrityProtectionAlgorithms", uint16_t, 16, true);
static SIZED(t_enb_macro, S1AP_BITS, "macroENB-ID", uint32_t, 20, false);
static SIZED(t_enb_home, S1AP_BITS, "homeENB-ID", uint32_t, 28, false);
static SIZED(t_enb_short, S1AP_BITS, "short-macroENB-ID", uint32_t, 18, false);
static SIZED(t_enb_long, S1AP_BITS, "long-macroENB-ID", uint32_t, 21, false);

SIZED(s1ap_t_octets, S1AP_OCTETS, "OCTET STRING", struct bytes, 0, false);
SIZED(s1ap_t_opaque, S1AP_OPAQUE, "opaque", struct bytes, 0, false);
SIZED(s1ap_t_security_key, S1AP_KEY, "SecurityKey", struct bytes, 32, false);
SIZED(s1ap_t_name, S1AP_PRINTABLE, "PrintableString", struct bytes, 150, true);
static SIZED(t_address, S1AP_ADDRESS, "TransportLayerAddress", struct bytes, 160, true);

NAMES(s1ap_t_paging_drx, S1AP_PAGING_DRX_LIST);
ENUMERATED(s1ap_t_paging_drx, "PagingDRX", enum s1ap_paging_drx, 4, true);
NAMES(s1ap_t_time_to_wait, S1AP_TIME_TO_WAIT_LIST);
ENUMERATED(s1ap_t_time_to_wait, "TimeToWait", enum s1ap_time_to_wait, 6, true);
NAMES(s1ap_t_rrc_cause, S1AP_RRC_CAUSE_LIST);
ENUMERATED(s1ap_t_rrc_cause, "RRC-Establishment-Cause", enum s1ap_rrc_establishment_cause, 5, true);
NAMES(s1ap_t_gummei_type, S1AP_GUMMEI_TYPE_LIST);
ENUMERATED(s1ap_t_gummei_type, "GUMMEIType", enum s1ap_gummei_type, 2, true);
NAMES(s1ap_t_rat_type, S1AP_RAT_TYPE_LIST);
ENUMERATED(s1ap_t_rat_type, "RAT-Type", enum s1ap_rat_type, 1, true);
NAMES(t_criticality, S1AP_CRITICALITY_LIST);
static ENUMERATED(t_criticality, "Criticality", enum s1ap_criticality, 3, false);
NAMES(t_outcome, S1AP_OUTCOME_LIST);
static ENUMERATED(t_outcome, "TriggeringMessage", enum s1ap_outcome, 3, false);
NAMES(t_type_of_error, S1AP_TYPE_OF_ERROR_LIST);
static ENUMERATED(t_type_of_error, "TypeOfError", enum s1ap_type_of_error, 2, true);
NAMES(t_radio, S1AP_RADIO_LIST);
static ENUMERATED(t_radio, "CauseRadioNetwork", uint32_t, 36, true);
NAMES(t_transport, S1AP_TRANSPORT_LIST);
static ENUMERATED(t_transport, "CauseTransport", uint32_t, 2, true);
NAMES(t_nas, S1AP_NAS_LIST);
static ENUMERATED(t_nas, "CauseNas", uint32_t, 4, true);
NAMES(t_protocol, S1AP_PROTOCOL_LIST);
static ENUMERATED(t_protocol, "CauseProtocol", uint32_t, 7, true);
NAMES(t_misc, S1AP_MISC_LIST);
static ENUMERATED(t_misc, "CauseMisc", uint32_t, 6, true);
NAMES(t_capability, S1AP_PRE_EMPTION_CAPABILITY_LIST);
static ENUMERATED(t_capability, "Pre-emptionCapability", enum s1ap_pre_emption_capability, 2,
                  false);
NAMES(t_vulnerability, S1AP_PRE_EMPTION_VULNERABILITY_LIST);
static ENUMERATED(t_vulnerability, "Pre-emptionVulnerability", enum s1ap_pre_emption_vulnerability,
                  2, false);
NAMES(t_reset_all, S1AP_RESET_ALL_LIST);
static ENUMERATED(t_reset_all, "ResetAll", enum s1ap_reset_all, 1, true);
NAMES(t_overload_action, S1AP_OVERLOAD_ACTION_LIST);
static ENUMERATED(t_overload_action, "OverloadAction", enum s1ap_overload_action, 3, true);

/* ---- composed ones ---- */

static const struct s1ap_member s1ap_t_cause_members[] = {
    MEMBER("radioNetwork", t_radio, struct s1ap_cause, value),
    MEMBER("transport", t_transport, struct s1ap_cause, value),
    MEMBER("nas", t_nas, struct s1ap_cause, value),
    MEMBER("protocol", t_protocol, struct s1ap_cause, value),
    MEMBER("misc", t_misc, struct s1ap_cause, value),
};
CHOICE(s1ap_t_cause, "Cause", struct s1ap_cause, group, 5);

static const struct s1ap_member s1ap_t_tai_members[] = {
    MEMBER("pLMNidentity", t_plmn, struct s1ap_tai, plmn),
    MEMBER("tAC", t_tac, struct s1ap_tai, tac),
};
SEQUENCE(s1ap_t_tai, "TAI", struct s1ap_tai, NULL);

static const struct s1ap_member s1ap_t_eutran_cgi_members[] = {
    MEMBER("pLMNidentity", t_plmn, struct s1ap_eutran_cgi, plmn),
    MEMBER("cell-ID", t_cell_identity, struct s1ap_eutran_cgi, cell_identity),
};
SEQUENCE(s1ap_t_eutran_cgi, "EUTRAN-CGI", struct s1ap_eutran_cgi, NULL);

static const struct s1ap_member s1ap_t_s_tmsi_members[] = {
    MEMBER("mMEC", t_mme_code, struct s1ap_s_tmsi, mmec),
    MEMBER("m-TMSI", t_m_tmsi, struct s1ap_s_tmsi, m_tmsi),
};
SEQUENCE(s1ap_t_s_tmsi, "S-TMSI", struct s1ap_s_tmsi, NULL);

static const struct s1ap_member s1ap_t_gummei_members[] = {
    MEMBER("pLMN-Identity", t_plmn, struct s1ap_gummei, plmn),
    MEMBER("mME-Group-ID", s1ap_t_mme_group_id, struct s1ap_gummei, mme_group_id),
    MEMBER("mME-Code", t_mme_code, struct s1ap_gummei, mme_code),
};
SEQUENCE(s1ap_t_gummei, "GUMMEI", struct s1ap_gummei, NULL);
LIST_OF(s1ap_t_gummeis, "GUMMEIList", s1ap_t_gummei, 256);

static const struct s1ap_member s1ap_t_additional_guti_members[] = {
    MEMBER("gUMMEI", s1ap_t_gummei, struct s1ap_additional_guti, gummei),
    MEMBER("m-TMSI", t_m_tmsi, struct s1ap_additional_guti, m_tmsi),
};
SEQUENCE(s1ap_t_additional_guti, "Additional-GUTI", struct s1ap_additional_guti, NULL);

static const struct s1ap_member t_enb_id_members[] = {
    MEMBER("macroENB-ID", t_enb_macro, struct s1ap_enb_id, id),
    MEMBER("homeENB-ID", t_enb_home, struct s1ap_enb_id, id),
    MEMBER("short-macroENB-ID", t_enb_short, struct s1ap_enb_id, id),
    MEMBER("long-macroENB-ID", t_enb_long, struct s1ap_enb_id, id),
};
static CHOICE(t_enb_id, "ENB-ID", struct s1ap_enb_id, kind, 2);
static const struct s1ap_member s1ap_t_global_enb_id_members[] = {
    MEMBER("pLMNidentity", t_plmn, struct s1ap_global_enb_id, plmn),
    MEMBER("eNB-ID", t_enb_id, struct s1ap_global_enb_id, enb_id),
};
SEQUENCE(s1ap_t_global_enb_id, "Global-ENB-ID", struct s1ap_global_enb_id, NULL);

LIST_OF(s1ap_t_broadcast_plmns, "BPLMNs", t_plmn, 6);
static const struct s1ap_row supported_ta_extension_rows[] = {
    {.id = S1AP_IE_RAT_TYPE,
     .criticality = S1AP_REJECT,
     .type = &s1ap_t_rat_type,
     .offset = offsetof(struct s1ap_supported_ta, rat_type),
     .has_offset = offsetof(struct s1ap_supported_ta, has_rat_type),
     .clause = "9.1.8.4"},
};
static const struct s1ap_table supported_ta_extensions = {
    .rows = supported_ta_extension_rows, .n = 1, .size = sizeof(struct s1ap_supported_ta)};
static const struct s1ap_member t_supported_ta_members[] = {
    MEMBER("tAC", t_tac, struct s1ap_supported_ta, tac),
    MEMBER("broadcastPLMNs", s1ap_t_broadcast_plmns, struct s1ap_supported_ta, broadcast_plmns),
};
static SEQUENCE(t_supported_ta, "SupportedTAs-Item", struct s1ap_supported_ta,
                &supported_ta_extensions);
LIST_OF(s1ap_t_supported_tas, "SupportedTAs", t_supported_ta, 256);

LIST_OF(s1ap_t_served_plmns, "ServedPLMNs", t_plmn, 32);
LIST_OF(s1ap_t_served_group_ids, "ServedGroupIDs", s1ap_t_mme_group_id, 65535);
LIST_OF(s1ap_t_served_mmecs, "ServedMMECs", t_mme_code, 256);
static const struct s1ap_row served_gummei_extension_rows[] = {
    {.id = S1AP_IE_GUMMEI_TYPE,
     .criticality = S1AP_IGNORE,
     .type = &s1ap_t_gummei_type,
     .offset = offsetof(struct s1ap_served_gummei, gummei_type),
     .has_offset = offsetof(struct s1ap_served_gummei, has_gummei_type),
     .clause = "9.1.8.5"},
};
static const struct s1ap_table served_gummei_extensions = {
    .rows = served_gummei_extension_rows, .n = 1, .size = sizeof(struct s1ap_served_gummei)};
static const struct s1ap_member t_served_gummei_members[] = {
    MEMBER("servedPLMNs", s1ap_t_served_plmns, struct s1ap_served_gummei, plmns),
    MEMBER("servedGroupIDs", s1ap_t_served_group_ids, struct s1ap_served_gummei, group_ids),
    MEMBER("servedMMECs", s1ap_t_served_mmecs, struct s1ap_served_gummei, mmecs),
};
static SEQUENCE(t_served_gummei, "ServedGUMMEIsItem", struct s1ap_served_gummei,
                &served_gummei_extensions);
LIST_OF(s1ap_t_served_gummeis, "ServedGUMMEIs", t_served_gummei, 8);

static const struct s1ap_member t_diagnostic_members[] = {
    MEMBER("iECriticality", t_criticality, struct s1ap_diagnostic, criticality),
    MEMBER("iE-ID", t_ie_id, struct s1ap_diagnostic, ie_id),
    MEMBER("typeOfError", t_type_of_error, struct s1ap_diagnostic, type_of_error),
};
static SEQUENCE(t_diagnostic, "CriticalityDiagnostics-IE-Item", struct s1ap_diagnostic, NULL);
LIST_OF(s1ap_t_diagnostic_ies, "CriticalityDiagnostics-IE-List", t_diagnostic, 256);
static const struct s1ap_member s1ap_t_diagnostics_members[] = {
    OPTIONAL("procedureCode", t_procedure_code, struct s1ap_criticality_diagnostics,
             procedure_code),
    OPTIONAL("triggeringMessage", t_outcome, struct s1ap_criticality_diagnostics,
             triggering_message),
    OPTIONAL("procedureCriticality", t_criticality, struct s1ap_criticality_diagnostics,
             procedure_criticality),
    OPTIONAL("iEsCriticalityDiagnostics", s1ap_t_diagnostic_ies,
             struct s1ap_criticality_diagnostics, ies),
};
SEQUENCE(s1ap_t_diagnostics, "CriticalityDiagnostics", struct s1ap_criticality_diagnostics, NULL);

static const struct s1ap_member s1ap_t_ambr_members[] = {
    MEMBER("uEaggregateMaximumBitRateDL", t_bit_rate, struct s1ap_ambr, downlink),
    MEMBER("uEaggregateMaximumBitRateUL", t_bit_rate, struct s1ap_ambr, uplink),
};
SEQUENCE(s1ap_t_ambr, "UEAggregateMaximumBitrate", struct s1ap_ambr, NULL);

static const struct s1ap_member s1ap_t_security_capabilities_members[] = {
    MEMBER("encryptionAlgorithms", t_encryption, struct s1ap_security_capabilities, encryption),
    MEMBER("integrityProtectionAlgorithms", t_integrity, struct s1ap_security_capabilities,
           integrity),
};
SEQUENCE(s1ap_t_security_capabilities, "UESecurityCapabilities", struct s1ap_security_capabilities,
         NULL);

static const struct s1ap_member t_arp_members[] = {
    MEMBER("priorityLevel", t_priority_level, struct s1ap_arp, priority_level),
    MEMBER("pre-emptionCapability", t_capability, struct s1ap_arp, capability),
    MEMBER("pre-emptionVulnerability", t_vulnerability, struct s1ap_arp, vulnerability),
};
static SEQUENCE(t_arp, "AllocationAndRetentionPriority", struct s1ap_arp, NULL);
static const struct s1ap_member t_gbr_members[] = {
    MEMBER("e-RAB-MaximumBitrateDL", t_bit_rate, struct s1ap_gbr, maximum_downlink),
    MEMBER("e-RAB-MaximumBitrateUL", t_bit_rate, struct s1ap_gbr, maximum_uplink),
    MEMBER("e-RAB-GuaranteedBitrateDL", t_bit_rate, struct s1ap_gbr, guaranteed_downlink),
    MEMBER("e-RAB-GuaranteedBitrateUL", t_bit_rate, struct s1ap_gbr, guaranteed_uplink),
};
static SEQUENCE(t_gbr, "GBR-QosInformation", struct s1ap_gbr, NULL);
static const struct s1ap_member t_qos_members[] = {
    MEMBER("qCI", t_qci, struct s1ap_qos, qci),
    MEMBER("allocationRetentionPriority", t_arp, struct s1ap_qos, arp),
    OPTIONAL("gbrQosInformation", t_gbr, struct s1ap_qos, gbr),
};
static SEQUENCE(t_qos, "E-RABLevelQoSParameters", struct s1ap_qos, NULL);

static const struct s1ap_member t_e_rab_to_be_setup_members[] = {
    MEMBER("e-RAB-ID", t_e_rab_id, struct s1ap_e_rab_to_be_setup, e_rab_id),
    MEMBER("e-RABlevelQoSParameters", t_qos, struct s1ap_e_rab_to_be_setup, qos),
    MEMBER("transportLayerAddress", t_address, struct s1ap_e_rab_to_be_setup, address),
    MEMBER("gTP-TEID", t_gtp_teid, struct s1ap_e_rab_to_be_setup, gtp_teid),
    OPTIONAL("nAS-PDU", s1ap_t_octets, struct s1ap_e_rab_to_be_setup, nas_pdu),
};
static SEQUENCE(t_e_rab_to_be_setup, "E-RABToBeSetupItemCtxtSUReq", struct s1ap_e_rab_to_be_setup,
                NULL);
LIST_OF_IES(s1ap_t_e_rabs_to_be_setup, "E-RABToBeSetupListCtxtSUReq", t_e_rab_to_be_setup,
            E_RAB_TO_BE_SETUP_ITEM_CTXT_SU_REQ, S1AP_REJECT);

static const struct s1ap_member t_e_rab_setup_members[] = {
    MEMBER("e-RAB-ID", t_e_rab_id, struct s1ap_e_rab_setup, e_rab_id),
    MEMBER("transportLayerAddress", t_address, struct s1ap_e_rab_setup, address),
    MEMBER("gTP-TEID", t_gtp_teid, struct s1ap_e_rab_setup, gtp_teid),
};
static SEQUENCE(t_e_rab_setup, "E-RABSetupItemCtxtSURes", struct s1ap_e_rab_setup, NULL);
LIST_OF_IES(s1ap_t_e_rabs_setup, "E-RABSetupListCtxtSURes", t_e_rab_setup,
            E_RAB_SETUP_ITEM_CTXT_SU_RES, S1AP_IGNORE);

static const struct s1ap_member t_e_rab_failed_members[] = {
    MEMBER("e-RAB-ID", t_e_rab_id, struct s1ap_e_rab_failed, e_rab_id),
    MEMBER("cause", s1ap_t_cause, struct s1ap_e_rab_failed, cause),
};
static SEQUENCE(t_e_rab_failed, "E-RABItem", struct s1ap_e_rab_failed, NULL);
LIST_OF_IES(s1ap_t_e_rabs_failed, "E-RABList", t_e_rab_failed, E_RAB_ITEM, S1AP_IGNORE);

/* The pair is a SEQUENCE inside the CHOICE whose members lie in the same struct. */
static const struct s1ap_member t_ue_id_pair_members[] = {
    MEMBER("mME-UE-S1AP-ID", s1ap_t_mme_ue_s1ap_id, struct s1ap_ue_ids, mme_ue_s1ap_id),
    MEMBER("eNB-UE-S1AP-ID", s1ap_t_enb_ue_s1ap_id, struct s1ap_ue_ids, enb_ue_s1ap_id),
};
static SEQUENCE(t_ue_id_pair, "UE-S1AP-ID-pair", struct s1ap_ue_ids, NULL);
static const struct s1ap_member s1ap_t_ue_ids_members[] = {
    {.name = "uE-S1AP-ID-pair", .type = &t_ue_id_pair, .offset = 0, .has_offset = S1AP_ALWAYS},
    MEMBER("mME-UE-S1AP-ID", s1ap_t_mme_ue_s1ap_id, struct s1ap_ue_ids, mme_ue_s1ap_id),
};
CHOICE(s1ap_t_ue_ids, "UE-S1AP-IDs", struct s1ap_ue_ids, kind, 2);

static const struct s1ap_member t_connection_members[] = {
    OPTIONAL("mME-UE-S1AP-ID", s1ap_t_mme_ue_s1ap_id, struct s1ap_connection, mme_ue_s1ap_id),
    OPTIONAL("eNB-UE-S1AP-ID", s1ap_t_enb_ue_s1ap_id, struct s1ap_connection, enb_ue_s1ap_id),
};
static SEQUENCE(t_connection, "UE-associatedLogicalS1-ConnectionItem", struct s1ap_connection,
                NULL);
LIST_OF_IES(s1ap_t_connections, "UE-associatedLogicalS1-ConnectionListRes", t_connection,
            UE_ASSOCIATED_LOGICAL_S1_CONNECTION_ITEM, S1AP_REJECT);
LIST_OF_IES(s1ap_t_connections_ack, "UE-associatedLogicalS1-ConnectionListResAck", t_connection,
            UE_ASSOCIATED_LOGICAL_S1_CONNECTION_ITEM, S1AP_IGNORE);
static const struct s1ap_member s1ap_t_reset_type_members[] = {
    MEMBER("s1-Interface", t_reset_all, struct s1ap_reset_type, all),
    MEMBER("partOfS1-Interface", s1ap_t_connections, struct s1ap_reset_type, connections),
};
CHOICE(s1ap_t_reset_type, "ResetType", struct s1ap_reset_type, kind, 2);

static const struct s1ap_member s1ap_t_overload_response_members[] = {
    MEMBER("overloadAction", t_overload_action, struct s1ap_overload_response, action),
};
CHOICE(s1ap_t_overload_response, "OverloadResponse", struct s1ap_overload_response, kind, 1);
