#include "codec/s1ap_table.h"

/* The IEs of each message in the order of TS 36.413 9.3.3. What is left out is unknown here, and
 * its criticality decides. */

#define ROW(owner, ie, member, crit, t, where)                                                     \
    {                                                                                              \
        .id = S1AP_IE_##ie, .criticality = S1AP_##crit, .mandatory = true, .type = &s1ap_t_##t,    \
        .offset = offsetof(struct s1ap_##owner, member), .has_offset = S1AP_ALWAYS,                \
        .clause = (where)                                                                          \
    }
#define ROW_HAS(owner, ie, member, crit, must, t, where)                                           \
    {                                                                                              \
        .id = S1AP_IE_##ie, .criticality = S1AP_##crit, .mandatory = (must), .type = &s1ap_t_##t,  \
        .offset = offsetof(struct s1ap_##owner, member),                                           \
        .has_offset = offsetof(struct s1ap_##owner, has_##member), .clause = (where)               \
    }
/* mandatory with criticality reject; mandatory with another; optional */
#define MUST(owner, ie, member, t, where)      ROW(owner, ie, member, REJECT, t, where)
#define SHOULD(owner, ie, member, t, where)    ROW_HAS(owner, ie, member, IGNORE, true, t, where)
#define MAY(owner, ie, member, crit, t, where) ROW_HAS(owner, ie, member, crit, false, t, where)

#define BOTH_IDS(owner)                                                                            \
    MUST(owner, MME_UE_S1AP_ID, mme_ue_s1ap_id, mme_ue_s1ap_id, "9.2.3.3"),                        \
        MUST(owner, ENB_UE_S1AP_ID, enb_ue_s1ap_id, enb_ue_s1ap_id, "9.2.3.4")
#define BOTH_IDS_IGNORE(owner)                                                                     \
    SHOULD(owner, MME_UE_S1AP_ID, mme_ue_s1ap_id, mme_ue_s1ap_id, "9.2.3.3"),                      \
        SHOULD(owner, ENB_UE_S1AP_ID, enb_ue_s1ap_id, enb_ue_s1ap_id, "9.2.3.4")
#define CAUSE(owner) SHOULD(owner, CAUSE, cause, cause, "9.2.1.3")
#define DIAGNOSTICS(owner)                                                                         \
    MAY(owner, CRITICALITY_DIAGNOSTICS, diagnostics, IGNORE, diagnostics, "9.2.1.21")

static const struct s1ap_row s1_setup_request[] = {
    MUST(s1_setup_request, GLOBAL_ENB_ID, global_enb_id, global_enb_id, "9.2.1.37"),
    MAY(s1_setup_request, ENB_NAME, enb_name, IGNORE, name, "9.1.8.4"),
    MUST(s1_setup_request, SUPPORTED_TAS, supported_tas, supported_tas, "9.1.8.4"),
    SHOULD(s1_setup_request, DEFAULT_PAGING_DRX, default_paging_drx, paging_drx, "9.2.1.16"),
    MAY(s1_setup_request, CSG_ID_LIST, csg_ids, REJECT, opaque, "9.2.1.62"),
};
static const struct s1ap_row s1_setup_response[] = {
    MAY(s1_setup_response, MME_NAME, mme_name, IGNORE, name, "9.1.8.5"),
    MUST(s1_setup_response, SERVED_GUMMEIS, served_gummeis, served_gummeis, "9.1.8.5"),
    SHOULD(s1_setup_response, RELATIVE_MME_CAPACITY, relative_capacity, capacity, "9.2.3.17"),
    DIAGNOSTICS(s1_setup_response),
};
static const struct s1ap_row s1_setup_failure[] = {
    CAUSE(s1_setup_failure),
    MAY(s1_setup_failure, TIME_TO_WAIT, time_to_wait, IGNORE, time_to_wait, "9.2.1.61"),
    DIAGNOSTICS(s1_setup_failure),
};

static const struct s1ap_row initial_ue_message[] = {
    MUST(initial_ue_message, ENB_UE_S1AP_ID, enb_ue_s1ap_id, enb_ue_s1ap_id, "9.2.3.4"),
    MUST(initial_ue_message, NAS_PDU, nas_pdu, octets, "9.2.3.5"),
    MUST(initial_ue_message, TAI, tai, tai, "9.2.3.16"),
    SHOULD(initial_ue_message, EUTRAN_CGI, eutran_cgi, eutran_cgi, "9.2.1.38"),
    SHOULD(initial_ue_message, RRC_ESTABLISHMENT_CAUSE, rrc_cause, rrc_cause, "9.2.1.3a"),
    MAY(initial_ue_message, S_TMSI, s_tmsi, REJECT, s_tmsi, "9.2.3.6"),
    MAY(initial_ue_message, CSG_ID, csg_id, REJECT, opaque, "9.2.1.62"),
    MAY(initial_ue_message, GUMMEI, gummei, REJECT, gummei, "9.2.3.9"),
    MAY(initial_ue_message, CELL_ACCESS_MODE, cell_access_mode, REJECT, opaque, "9.2.1.74"),
    MAY(initial_ue_message, GUMMEI_TYPE, gummei_type, IGNORE, gummei_type, "9.1.7.1"),
    MAY(initial_ue_message, MME_GROUP_ID, mme_group_id, IGNORE, mme_group_id, "9.2.3.44"),
    MAY(initial_ue_message, UE_USAGE_TYPE, ue_usage_type, IGNORE, ue_usage_type, "9.2.3.46"),
};
static const struct s1ap_row downlink_nas_transport[] = {
    BOTH_IDS(downlink_nas_transport),
    MUST(downlink_nas_transport, NAS_PDU, nas_pdu, octets, "9.2.3.5"),
    MAY(downlink_nas_transport, SUBSCRIBER_PROFILE_ID_FOR_RFP, subscriber_profile_id, IGNORE,
        subscriber_profile_id, "9.2.1.39"),
    MAY(downlink_nas_transport, UE_RADIO_CAPABILITY, ue_radio_capability, IGNORE, octets,
        "9.2.1.27"),
};
static const struct s1ap_row uplink_nas_transport[] = {
    BOTH_IDS(uplink_nas_transport),
    MUST(uplink_nas_transport, NAS_PDU, nas_pdu, octets, "9.2.3.5"),
    SHOULD(uplink_nas_transport, EUTRAN_CGI, eutran_cgi, eutran_cgi, "9.2.1.38"),
    SHOULD(uplink_nas_transport, TAI, tai, tai, "9.2.3.16"),
};
static const struct s1ap_row nas_non_delivery_indication[] = {
    BOTH_IDS(nas_non_delivery_indication),
    SHOULD(nas_non_delivery_indication, NAS_PDU, nas_pdu, octets, "9.2.3.5"),
    CAUSE(nas_non_delivery_indication),
};
static const struct s1ap_row reroute_nas_request[] = {
    MUST(reroute_nas_request, ENB_UE_S1AP_ID, enb_ue_s1ap_id, enb_ue_s1ap_id, "9.2.3.4"),
    MAY(reroute_nas_request, MME_UE_S1AP_ID, mme_ue_s1ap_id, IGNORE, mme_ue_s1ap_id, "9.2.3.3"),
    MUST(reroute_nas_request, S1_MESSAGE, s1_message, octets, "9.1.7.5"),
    MUST(reroute_nas_request, MME_GROUP_ID, mme_group_id, mme_group_id, "9.2.3.44"),
    MAY(reroute_nas_request, ADDITIONAL_GUTI, additional_guti, IGNORE, additional_guti, "9.2.3.45"),
    MAY(reroute_nas_request, UE_USAGE_TYPE, ue_usage_type, IGNORE, ue_usage_type, "9.2.3.46"),
};

static const struct s1ap_row initial_context_setup_request[] = {
    BOTH_IDS(initial_context_setup_request),
    MUST(initial_context_setup_request, UE_AGGREGATE_MAXIMUM_BITRATE, ambr, ambr, "9.2.1.20"),
    MUST(initial_context_setup_request, E_RAB_TO_BE_SETUP_LIST_CTXT_SU_REQ, e_rabs,
         e_rabs_to_be_setup, "9.1.4.1"),
    MUST(initial_context_setup_request, UE_SECURITY_CAPABILITIES, security_capabilities,
         security_capabilities, "9.2.1.40"),
    MUST(initial_context_setup_request, SECURITY_KEY, security_key, security_key, "9.2.1.41"),
    MAY(initial_context_setup_request, UE_RADIO_CAPABILITY, ue_radio_capability, IGNORE, octets,
        "9.2.1.27"),
    MAY(initial_context_setup_request, SUBSCRIBER_PROFILE_ID_FOR_RFP, subscriber_profile_id, IGNORE,
        subscriber_profile_id, "9.2.1.39"),
    MAY(initial_context_setup_request, GUMMEI, gummei, IGNORE, gummei, "9.2.3.9"),
};
static const struct s1ap_row initial_context_setup_response[] = {
    BOTH_IDS_IGNORE(initial_context_setup_response),
    SHOULD(initial_context_setup_response, E_RAB_SETUP_LIST_CTXT_SU_RES, e_rabs, e_rabs_setup,
           "9.1.4.3"),
    MAY(initial_context_setup_response, E_RAB_FAILED_TO_SETUP_LIST_CTXT_SU_RES, e_rabs_failed,
        IGNORE, e_rabs_failed, "9.2.1.36"),
    DIAGNOSTICS(initial_context_setup_response),
};
static const struct s1ap_row initial_context_setup_failure[] = {
    BOTH_IDS_IGNORE(initial_context_setup_failure),
    CAUSE(initial_context_setup_failure),
    DIAGNOSTICS(initial_context_setup_failure),
};
static const struct s1ap_row ue_context_release_request[] = {
    BOTH_IDS(ue_context_release_request),
    CAUSE(ue_context_release_request),
};
static const struct s1ap_row ue_context_release_command[] = {
    MUST(ue_context_release_command, UE_S1AP_IDS, ue_ids, ue_ids, "9.2.3.18"),
    CAUSE(ue_context_release_command),
};
static const struct s1ap_row ue_context_release_complete[] = {
    BOTH_IDS_IGNORE(ue_context_release_complete),
    DIAGNOSTICS(ue_context_release_complete),
};
static const struct s1ap_row ue_capability_info_indication[] = {
    BOTH_IDS(ue_capability_info_indication),
    SHOULD(ue_capability_info_indication, UE_RADIO_CAPABILITY, ue_radio_capability, octets,
           "9.2.1.27"),
    MAY(ue_capability_info_indication, UE_RADIO_CAPABILITY_FOR_PAGING,
        ue_radio_capability_for_paging, IGNORE, octets, "9.2.1.98"),
};

static const struct s1ap_row reset[] = {
    CAUSE(reset),
    MUST(reset, RESET_TYPE, type, reset_type, "9.1.8.1"),
};
static const struct s1ap_row reset_acknowledge[] = {
    MAY(reset_acknowledge, UE_ASSOCIATED_LOGICAL_S1_CONNECTION_LIST_RES_ACK, connections, IGNORE,
        connections_ack, "9.1.8.2"),
    DIAGNOSTICS(reset_acknowledge),
};
static const struct s1ap_row error_indication[] = {
    MAY(error_indication, MME_UE_S1AP_ID, mme_ue_s1ap_id, IGNORE, mme_ue_s1ap_id, "9.2.3.3"),
    MAY(error_indication, ENB_UE_S1AP_ID, enb_ue_s1ap_id, IGNORE, enb_ue_s1ap_id, "9.2.3.4"),
    MAY(error_indication, CAUSE, cause, IGNORE, cause, "9.2.1.3"),
    DIAGNOSTICS(error_indication),
    MAY(error_indication, S_TMSI, s_tmsi, IGNORE, s_tmsi, "9.2.3.6"),
};
static const struct s1ap_row overload_start[] = {
    MUST(overload_start, OVERLOAD_RESPONSE, response, overload_response, "9.2.3.19"),
    MAY(overload_start, GUMMEI_LIST, gummeis, IGNORE, gummeis, "9.1.8.13"),
    MAY(overload_start, TRAFFIC_LOAD_REDUCTION_INDICATION, load_reduction, IGNORE, load_reduction,
        "9.2.3.36"),
};
static const struct s1ap_row overload_stop[] = {
    MAY(overload_stop, GUMMEI_LIST, gummeis, IGNORE, gummeis, "9.1.8.14"),
};

const struct s1ap_table s1ap_tables[S1AP_MESSAGE_COUNT] = {
#define X(member, name, procedure, outcome, text, clause)                                          \
    [S1AP_##name] = {.rows = (member),                                                             \
                     .n = sizeof(member) / sizeof(member)[0],                                      \
                     .size = sizeof(struct s1ap_##member)},
    S1AP_MESSAGES(X)
#undef X
};
static const struct s1ap_message_info infos[S1AP_MESSAGE_COUNT] = {
#define X(member, id_, procedure_, outcome_, text, clause_)                                        \
    [S1AP_##id_] = {.procedure = S1AP_PROC_##procedure_,                                           \
                    .outcome = S1AP_##outcome_,                                                    \
                    .name = (text),                                                                \
                    .clause = (clause_),                                                           \
                    .table = &s1ap_tables[S1AP_##id_]},
    S1AP_MESSAGES(X)
#undef X
};

const struct s1ap_message_info *s1ap_message_info(enum s1ap_message type)
{
    return (unsigned)type < S1AP_MESSAGE_COUNT ? &infos[type] : NULL;
}

enum s1ap_message s1ap_message_of(uint8_t procedure, enum s1ap_outcome outcome)
{
    unsigned i = 0;
    while (i < S1AP_MESSAGE_COUNT &&
           (infos[i].procedure != procedure || infos[i].outcome != outcome)) {
        i++;
    }
    return (enum s1ap_message)i;
}
