/* test/codec/s1ap_samples.h - at least one of every message of codec/s1ap.h, with as many different
 * values as fit. Their octets are test/vectors/s1ap_samples.txt, which test/live/s1ap_erlang.sh and
 * test/live/s1ap_tshark.sh give to other decoders. */
#ifndef BINDERY_TEST_CODEC_S1AP_SAMPLES_H
#define BINDERY_TEST_CODEC_S1AP_SAMPLES_H

#include "codec/s1ap.h"
#include <string.h>

#define SPAN(text) BYTES_LIT(text)
static const struct plmn home = {"001", "01"}, partner = {"262", "01"}, wide = {"310", "410"};

static const struct plmn plmns_six[] = {{"001", "01"}, {"262", "01"}, {"310", "410"},
                                        {"208", "93"}, {"999", "70"}, {"901", "70"}};
static const struct plmn plmn_home[] = {{"001", "01"}};
static const uint16_t groups[] = {0x8001, 0x0002, 0xfffe};
static const uint8_t codes[] = {0x01, 0x7f, 0xff, 0x00};
static const struct s1ap_gummei gummeis[] = {{{"001", "01"}, 0x8001, 1}, {{"310", "410"}, 2, 255}};
static const struct s1ap_connection connections[] = {
    {.has_mme_ue_s1ap_id = true,
     .mme_ue_s1ap_id = 0xFFFFFFFF,
     .has_enb_ue_s1ap_id = true,
     .enb_ue_s1ap_id = 0xFFFFFF},
    {.has_mme_ue_s1ap_id = true, .mme_ue_s1ap_id = 0x100},
    {.has_enb_ue_s1ap_id = true, .enb_ue_s1ap_id = 0},
    {.has_enb_ue_s1ap_id = false},
};
static const struct s1ap_diagnostic diagnostics_ies[] = {
    {S1AP_REJECT, S1AP_IE_NAS_PDU, S1AP_ERROR_MISSING},
    {S1AP_NOTIFY, 65535, S1AP_ERROR_NOT_UNDERSTOOD},
};
#define DIAGNOSTICS_FULL                                                                           \
    {                                                                                              \
        .has_procedure_code = true, .procedure_code = S1AP_PROC_INITIAL_UE_MESSAGE,                \
        .has_triggering_message = true, .triggering_message = S1AP_INITIATING,                     \
        .has_procedure_criticality = true, .procedure_criticality = S1AP_IGNORE, .has_ies = true,  \
        .ies = S1AP_LIST_OF(diagnostics_ies)                                                       \
    }
/* ATTACH REQUEST of IMSI 001010123456789 with a PDN CONNECTIVITY REQUEST */
static const uint8_t nas[] = {0x07, 0x41, 0x71, 0x08, 0x09, 0x10, 0x10, 0x10, 0x32, 0x54, 0x76,
                              0x98, 0x02, 0xe0, 0xe0, 0x00, 0x04, 0x02, 0x01, 0xd0, 0x11};
static uint8_t ciphered[128]; /* a protected NAS message that nobody can look into */
static uint8_t rerouted[2][128];
static size_t rerouted_n[2];
static uint8_t radio_capability[300];
static const uint8_t kenb[32] = {0x80, 1,  2,  3,  4,  5,  6,  7,  8,  9,   10,
                                 11,   12, 13, 14, 15, 16, 17, 18, 19, 20,  21,
                                 22,   23, 24, 25, 26, 27, 28, 29, 30, 0xff};
static const uint8_t ipv4[] = {192, 0, 2, 1};
static const uint8_t ipv6[] = {0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
static const uint8_t both[] = {192, 0, 2, 1, 0x20, 0x01, 0x0d, 0xb8, 0, 0,
                               0,   0, 0, 0, 0,    0,    0,    0,    0, 1};

#define PDU(type_, member, ...)                                                                    \
    (struct s1ap_pdu)                                                                              \
    {                                                                                              \
        .type = S1AP_##type_, .u.member = { __VA_ARGS__ }                                          \
    }
#define CELL .has_eutran_cgi = true, .eutran_cgi = {home, 0xabcde01}
#define AREA                                                                                       \
    {                                                                                              \
        home, 0x0102                                                                               \
    }
#define IDS                 .mme_ue_s1ap_id = 0x12345, .enb_ue_s1ap_id = 0x42
#define IDS_HAS             .has_mme_ue_s1ap_id = true, .has_enb_ue_s1ap_id = true, IDS
#define CAUSE(group, value) .has_cause = true, .cause = S1AP_CAUSE_OF(group, S1AP_##value)

struct s1ap_sample {
    const char *name;
    struct s1ap_pdu pdu;
};

static const struct s1ap_supported_ta tas_one[] = {
    {.tac = 0x0102, .broadcast_plmns = S1AP_LIST_OF(plmn_home)},
};
static const struct s1ap_supported_ta tas_three[] = {
    {.tac = 0x0102, .broadcast_plmns = S1AP_LIST_OF(plmns_six)},
    {.tac = 0xfffe,
     .broadcast_plmns = S1AP_LIST_OF(plmn_home),
     .has_rat_type = true,
     .rat_type = S1AP_RAT_NBIOT},
    {.tac = 0,
     .broadcast_plmns = S1AP_LIST_OF(plmn_home),
     .has_rat_type = true,
     .rat_type = S1AP_RAT_NBIOT_GEO},
};
static const struct s1ap_served_gummei served[] = {
    {.plmns = S1AP_LIST_OF(plmns_six),
     .group_ids = S1AP_LIST_OF(groups),
     .mmecs = S1AP_LIST_OF(codes)},
    {.plmns = S1AP_LIST_OF(plmn_home),
     .group_ids = S1AP_LIST_OF(groups),
     .mmecs = S1AP_LIST_OF(codes),
     .has_gummei_type = true,
     .gummei_type = S1AP_GUMMEI_MAPPED_FROM_5G},
};
static const struct s1ap_e_rab_to_be_setup e_rabs[] = {
    {.e_rab_id = 5,
     .qos = {.qci = 9, .arp = {8, S1AP_PRE_EMPTION_SHALL_NOT_TRIGGER, S1AP_PRE_EMPTABLE}},
     .address = {ipv4, sizeof ipv4},
     .gtp_teid = 0x01020304,
     .has_nas_pdu = true,
     .nas_pdu = {nas, sizeof nas}},
    {.e_rab_id = 15,
     .qos = {.qci = 1,
             .arp = {15, S1AP_PRE_EMPTION_MAY_TRIGGER, S1AP_NOT_PRE_EMPTABLE},
             .has_gbr = true,
             .gbr = {UINT64_C(10000000000), 0, 255, 65536}},
     .address = {both, sizeof both},
     .gtp_teid = 0xffffffff},
};
static const struct s1ap_e_rab_setup e_rabs_setup[] = {
    {5, {ipv4, sizeof ipv4}, 1},
    {6, {ipv6, sizeof ipv6}, 0x80000000},
};
static const struct s1ap_e_rab_failed e_rabs_failed[] = {
    {7, {S1AP_CAUSE_RADIO_NETWORK, S1AP_RADIO_NOT_SUPPORTED_QCI_VALUE}},
    {8, {S1AP_CAUSE_TRANSPORT, S1AP_TRANSPORT_RESOURCE_UNAVAILABLE}},
};

#define S1AP_SAMPLES 36
static void s1ap_samples_setup(struct s1ap_sample *s)
{
    *s++ = (struct s1ap_sample){
        "S1SetupRequest-macro",
        PDU(S1_SETUP_REQUEST, s1_setup_request, .global_enb_id = {home, {S1AP_ENB_MACRO, 0xabcde}},
            .has_enb_name = true, .enb_name = SPAN("enb-1.cell 7"),
            .supported_tas = S1AP_LIST_OF(tas_one), .has_default_paging_drx = true,
            .default_paging_drx = S1AP_PAGING_DRX_V128)};
    *s++ = (struct s1ap_sample){
        "S1SetupRequest-home",
        PDU(S1_SETUP_REQUEST, s1_setup_request, .global_enb_id = {wide, {S1AP_ENB_HOME, 0xfedcba9}},
            .supported_tas = S1AP_LIST_OF(tas_three), .has_default_paging_drx = true,
            .default_paging_drx = S1AP_PAGING_DRX_V32, .has_csg_ids = true,
            .csg_ids = SPAN("\x00\x00\x12\x34\x56\x60"))};
    *s++ = (struct s1ap_sample){
        "S1SetupRequest-short-macro",
        PDU(S1_SETUP_REQUEST, s1_setup_request,
            .global_enb_id = {partner, {S1AP_ENB_SHORT_MACRO, 0x3ffff}}, .has_enb_name = true,
            .enb_name = SPAN("x"), .supported_tas = S1AP_LIST_OF(tas_one),
            .has_default_paging_drx = true, .default_paging_drx = S1AP_PAGING_DRX_V256)};
    *s++ = (struct s1ap_sample){
        "S1SetupRequest-long-macro",
        PDU(S1_SETUP_REQUEST, s1_setup_request,
            .global_enb_id = {home, {S1AP_ENB_LONG_MACRO, 0x100001}}, .has_enb_name = true,
            .enb_name = SPAN("a name of more than one hundred and fifty characters, which the "
                             "extension marker of its size allows although nobody has use for it, "
                             "as far as anybody here could say"),
            .supported_tas = S1AP_LIST_OF(tas_one), .has_default_paging_drx = true,
            .default_paging_drx = S1AP_PAGING_DRX_V64)};
    *s++ = (struct s1ap_sample){"S1SetupResponse",
                                PDU(S1_SETUP_RESPONSE, s1_setup_response, .has_mme_name = true,
                                    .mme_name = SPAN("bindery-mmed"),
                                    .served_gummeis = S1AP_LIST_OF(served),
                                    .has_relative_capacity = true, .relative_capacity = 255)};
    *s++ = (struct s1ap_sample){"S1SetupResponse-diagnostics",
                                PDU(S1_SETUP_RESPONSE, s1_setup_response,
                                    .served_gummeis = {.items = served, .n = 1},
                                    .has_relative_capacity = true, .has_diagnostics = true,
                                    .diagnostics = DIAGNOSTICS_FULL)};
    *s++ = (struct s1ap_sample){
        "S1SetupFailure", PDU(S1_SETUP_FAILURE, s1_setup_failure, CAUSE(MISC, MISC_UNKNOWN_PLMN),
                              .has_time_to_wait = true, .time_to_wait = S1AP_WAIT_60S)};
    *s++ = (struct s1ap_sample){
        "S1SetupFailure-diagnostics",
        PDU(S1_SETUP_FAILURE, s1_setup_failure,
            CAUSE(PROTOCOL, PROTOCOL_FALSELY_CONSTRUCTED_MESSAGE), .has_diagnostics = true,
            .diagnostics = {.has_ies = true, .ies = S1AP_LIST_OF(diagnostics_ies)})};
    *s++ = (struct s1ap_sample){
        "Reset-all", PDU(RESET, reset, CAUSE(MISC, MISC_OM_INTERVENTION),
                         .type = {.kind = S1AP_RESET_S1_INTERFACE, .all = S1AP_RESET_ALL})};
    *s++ = (struct s1ap_sample){
        "Reset-part",
        PDU(RESET, reset, CAUSE(TRANSPORT, TRANSPORT_UNSPECIFIED),
            .type = {.kind = S1AP_RESET_PART, .connections = S1AP_LIST_OF(connections)})};
    *s++ = (struct s1ap_sample){"ResetAcknowledge",
                                PDU(RESET_ACKNOWLEDGE, reset_acknowledge, .has_connections = true,
                                    .connections = S1AP_LIST_OF(connections))};
    *s++ = (struct s1ap_sample){
        "ResetAcknowledge-diagnostics",
        PDU(RESET_ACKNOWLEDGE, reset_acknowledge, .has_diagnostics = true,
            .diagnostics = {.has_procedure_code = true, .procedure_code = 255})};
    *s++ = (struct s1ap_sample){"ResetAcknowledge-empty", PDU(RESET_ACKNOWLEDGE, reset_acknowledge,
                                                              .has_connections = false)};
}

static void s1ap_samples_nas(struct s1ap_sample *s)
{
    *s++ = (struct s1ap_sample){"InitialUEMessage",
                                PDU(INITIAL_UE_MESSAGE, initial_ue_message, .enb_ue_s1ap_id = 1,
                                    .nas_pdu = {nas, sizeof nas}, .tai = AREA, CELL,
                                    .has_rrc_cause = true, .rrc_cause = S1AP_RRC_MO_SIGNALLING)};
    *s++ = (struct s1ap_sample){
        "InitialUEMessage-rerouted",
        PDU(INITIAL_UE_MESSAGE, initial_ue_message, .enb_ue_s1ap_id = 0xffffff,
            .nas_pdu = {nas, sizeof nas}, .tai = {wide, 0xfffe}, CELL, .has_rrc_cause = true,
            .rrc_cause = S1AP_RRC_MO_EXCEPTION_DATA, .has_s_tmsi = true,
            .s_tmsi = {0xaa, 0xc0000001}, .has_csg_id = true, .csg_id = SPAN("\x12\x34\x56\x60"),
            .has_gummei = true, .gummei = {wide, 0x8001, 7}, .has_cell_access_mode = true,
            .cell_access_mode = SPAN("\x00"), .has_gummei_type = true,
            .gummei_type = S1AP_GUMMEI_NATIVE, .has_mme_group_id = true, .mme_group_id = 0x8001,
            .has_ue_usage_type = true, .ue_usage_type = 200)};
    *s++ = (struct s1ap_sample){
        "DownlinkNASTransport",
        PDU(DOWNLINK_NAS_TRANSPORT, downlink_nas_transport, IDS, .nas_pdu = {nas, sizeof nas})};
    *s++ = (struct s1ap_sample){
        "DownlinkNASTransport-long",
        PDU(DOWNLINK_NAS_TRANSPORT, downlink_nas_transport, .mme_ue_s1ap_id = 0xffffffff,
            .enb_ue_s1ap_id = 0x10000, .nas_pdu = {ciphered, 127},
            .has_subscriber_profile_id = true, .subscriber_profile_id = 256,
            .has_ue_radio_capability = true,
            .ue_radio_capability = {radio_capability, sizeof radio_capability})};
    *s++ = (struct s1ap_sample){
        "UplinkNASTransport", PDU(UPLINK_NAS_TRANSPORT, uplink_nas_transport, IDS,
                                  .nas_pdu = {ciphered, 128}, CELL, .has_tai = true, .tai = AREA)};
    *s++ = (struct s1ap_sample){"NASNonDeliveryIndication",
                                PDU(NAS_NON_DELIVERY_INDICATION, nas_non_delivery_indication, IDS,
                                    .has_nas_pdu = true, .nas_pdu = {nas, sizeof nas},
                                    CAUSE(RADIO_NETWORK, RADIO_X2_HANDOVER_TRIGGERED))};
    *s++ = (struct s1ap_sample){"RerouteNASRequest",
                                PDU(REROUTE_NAS_REQUEST, reroute_nas_request,
                                    .enb_ue_s1ap_id = 0x42, .has_mme_ue_s1ap_id = true,
                                    .mme_ue_s1ap_id = 0, .s1_message = {rerouted[1], rerouted_n[1]},
                                    .mme_group_id = 0x8002, .has_additional_guti = true,
                                    .additional_guti = {{home, 0x8002, 9}, 0xdeadbeef},
                                    .has_ue_usage_type = true, .ue_usage_type = 3)};
    *s++ = (struct s1ap_sample){"RerouteNASRequest-least",
                                PDU(REROUTE_NAS_REQUEST, reroute_nas_request, .enb_ue_s1ap_id = 255,
                                    .s1_message = {rerouted[0], rerouted_n[0]}, .mme_group_id = 1)};
    *s++ =
        (struct s1ap_sample){"UECapabilityInfoIndication",
                             PDU(UE_CAPABILITY_INFO_INDICATION, ue_capability_info_indication, IDS,
                                 .has_ue_radio_capability = true,
                                 .ue_radio_capability = {radio_capability, sizeof radio_capability},
                                 .has_ue_radio_capability_for_paging = true,
                                 .ue_radio_capability_for_paging = {nas, 3})};
}

static void s1ap_samples_context(struct s1ap_sample *s)
{
    *s++ = (struct s1ap_sample){
        "InitialContextSetupRequest",
        PDU(INITIAL_CONTEXT_SETUP_REQUEST, initial_context_setup_request, IDS,
            .ambr = {UINT64_C(10000000000), 50000000}, .e_rabs = S1AP_LIST_OF(e_rabs),
            .security_capabilities = {0xe000, 0x6001}, .security_key = {kenb, sizeof kenb},
            .has_ue_radio_capability = true, .ue_radio_capability = {radio_capability, 129},
            .has_subscriber_profile_id = true, .subscriber_profile_id = 1, .has_gummei = true,
            .gummei = {home, 1, 2})};
    *s++ = (struct s1ap_sample){"InitialContextSetupRequest-least",
                                PDU(INITIAL_CONTEXT_SETUP_REQUEST, initial_context_setup_request,
                                    IDS, .ambr = {0, 1}, .e_rabs = {.items = e_rabs, .n = 1},
                                    .security_key = {kenb, sizeof kenb})};
    *s++ = (struct s1ap_sample){"InitialContextSetupResponse",
                                PDU(INITIAL_CONTEXT_SETUP_RESPONSE, initial_context_setup_response,
                                    IDS_HAS, .has_e_rabs = true,
                                    .e_rabs = S1AP_LIST_OF(e_rabs_setup), .has_e_rabs_failed = true,
                                    .e_rabs_failed = S1AP_LIST_OF(e_rabs_failed),
                                    .has_diagnostics = true, .diagnostics = DIAGNOSTICS_FULL)};
    *s++ =
        (struct s1ap_sample){"InitialContextSetupFailure",
                             PDU(INITIAL_CONTEXT_SETUP_FAILURE, initial_context_setup_failure,
                                 IDS_HAS, CAUSE(RADIO_NETWORK, RADIO_UP_INTEGRITY_NOT_POSSIBLE))};
    *s++ = (struct s1ap_sample){"UEContextReleaseRequest",
                                PDU(UE_CONTEXT_RELEASE_REQUEST, ue_context_release_request, IDS,
                                    CAUSE(RADIO_NETWORK, RADIO_USER_INACTIVITY))};
    *s++ = (struct s1ap_sample){"UEContextReleaseCommand-pair",
                                PDU(UE_CONTEXT_RELEASE_COMMAND, ue_context_release_command,
                                    .ue_ids = {S1AP_UE_IDS_PAIR, 0x12345, 0x42},
                                    CAUSE(NAS, NAS_DETACH))};
    *s++ = (struct s1ap_sample){"UEContextReleaseCommand-mme",
                                PDU(UE_CONTEXT_RELEASE_COMMAND, ue_context_release_command,
                                    .ue_ids = {S1AP_UE_IDS_MME, 0x1000000, 0},
                                    CAUSE(NAS, NAS_UE_NOT_IN_PLMN_SERVING_AREA))};
    *s++ = (struct s1ap_sample){"UEContextReleaseComplete",
                                PDU(UE_CONTEXT_RELEASE_COMPLETE, ue_context_release_complete,
                                    IDS_HAS, .has_diagnostics = true,
                                    .diagnostics = {.has_triggering_message = true,
                                                    .triggering_message = S1AP_UNSUCCESSFUL})};
}

static void s1ap_samples_rest(struct s1ap_sample *s)
{
    *s++ = (struct s1ap_sample){"ErrorIndication",
                                PDU(ERROR_INDICATION, error_indication, IDS_HAS,
                                    CAUSE(PROTOCOL, PROTOCOL_ABSTRACT_SYNTAX_ERROR_REJECT),
                                    .has_diagnostics = true, .diagnostics = DIAGNOSTICS_FULL,
                                    .has_s_tmsi = true, .s_tmsi = {1, 2})};
    *s++ = (struct s1ap_sample){"ErrorIndication-cause",
                                PDU(ERROR_INDICATION, error_indication,
                                    CAUSE(RADIO_NETWORK, RADIO_UNKNOWN_PAIR_UE_S1AP_ID))};
    *s++ = (struct s1ap_sample){"OverloadStart",
                                PDU(OVERLOAD_START, overload_start,
                                    .response = {0, S1AP_OVERLOAD_REJECT_DELAY_TOLERANT_ACCESS},
                                    .has_gummeis = true, .gummeis = S1AP_LIST_OF(gummeis),
                                    .has_load_reduction = true, .load_reduction = 99)};
    *s++ = (struct s1ap_sample){"OverloadStart-least",
                                PDU(OVERLOAD_START, overload_start,
                                    .response = {0, S1AP_OVERLOAD_REJECT_RRC_CR_SIGNALLING})};
    *s++ =
        (struct s1ap_sample){"OverloadStop", PDU(OVERLOAD_STOP, overload_stop, .has_gummeis = true,
                                                 .gummeis = S1AP_LIST_OF(gummeis))};
    *s++ = (struct s1ap_sample){"OverloadStop-empty",
                                PDU(OVERLOAD_STOP, overload_stop, .has_gummeis = false)};
}

static void s1ap_samples(struct s1ap_sample out[static S1AP_SAMPLES])
{
    for (size_t i = 0; i < sizeof radio_capability; i++) {
        radio_capability[i] = (uint8_t)(i * 7 + 1);
    }
    memcpy(ciphered, radio_capability, sizeof ciphered);
    ciphered[0] = 0x27;
    s1ap_samples_setup(out);
    s1ap_samples_nas(out + 13);
    for (size_t i = 0; i < 2; i++) { /* what is rerouted is an INITIAL UE MESSAGE */
        if (s1ap_write(&out[13 + i].pdu, MBYTES_OF(rerouted[i]), &rerouted_n[i]) != E_OK) {
            rerouted_n[i] = 0;
        }
    }
    s1ap_samples_nas(out + 13);
    s1ap_samples_context(out + 22);
    s1ap_samples_rest(out + 30);
}

#endif
