#include "nf/mmed/config_raw.h"

#define HOMES_MAX     1024
#define LISTENERS_MAX 64

static const cyaml_schema_field_t listener_fields[] = {
    CONFIG_TEXT(raw_s1_listener, address),
    CONFIG_TEXT(raw_s1_listener, plain_s1_off_loopback),
    CONFIG_END,
};
CONFIG_ENTRY(listener, raw_s1_listener, listener_fields);

static const cyaml_schema_field_t home_fields[] = {
    CONFIG_TEXT(raw_home, realm),
    CONFIG_TEXTS(raw_home, plmns),
    CONFIG_TEXTS(raw_home, peers),
    CONFIG_END,
};
CONFIG_ENTRY(home, raw_home, home_fields);

static const cyaml_schema_field_t peer_fields[] = {
    CONFIG_TEXT(raw_hss_peer, origin_host),
    CONFIG_TEXT(raw_hss_peer, realm),
    CONFIG_TEXT(raw_hss_peer, address),
    CONFIG_TEXT(raw_hss_peer, certificate),
    CONFIG_TEXT(raw_hss_peer, key),
    CONFIG_TEXT(raw_hss_peer, ca),
    CONFIG_TEXT(raw_hss_peer, plain_tcp_off_loopback),
    CONFIG_END,
};
CONFIG_ENTRY(peer, raw_hss_peer, peer_fields);

static const cyaml_schema_field_t security_fields[] = {
    CONFIG_TEXTS(raw_security, ciphering),
    CONFIG_TEXTS(raw_security, integrity),
    CONFIG_END,
};
static const cyaml_schema_field_t devid_fields[] = {
    CONFIG_TEXTS(raw_mme_devid, signers),
    CONFIG_TEXT(raw_mme_devid, ca),
    CONFIG_TEXT(raw_mme_devid, crl),
    CONFIG_TEXT(raw_mme_devid, ca_with_binding),
    CONFIG_TEXTS(raw_mme_devid, algorithms),
    CONFIG_TEXT(raw_mme_devid, verified_kept),
    CONFIG_END,
};
static const cyaml_schema_field_t provisioning_fields[] = {
    CONFIG_TEXT(raw_mme_provisioning, kme),
    CONFIG_TEXT(raw_mme_provisioning, onboarding),
    CONFIG_END,
};
static const cyaml_schema_field_t timers_fields[] = {
    CONFIG_TEXT(raw_mme_timers, t3412_seconds),
    CONFIG_TEXT(raw_mme_timers, t3402_seconds),
    CONFIG_TEXT(raw_mme_timers, t3346_seconds),
    CONFIG_TEXT(raw_mme_timers, implicit_detach_seconds),
    CONFIG_TEXT(raw_mme_timers, t3450_seconds),
    CONFIG_TEXT(raw_mme_timers, t3460_seconds),
    CONFIG_TEXT(raw_mme_timers, t3470_seconds),
    CONFIG_TEXT(raw_mme_timers, t3422_seconds),
    CONFIG_TEXT(raw_mme_timers, t3489_seconds),
    CONFIG_TEXT(raw_mme_timers, attach_seconds),
    CONFIG_TEXT(raw_mme_timers, request_seconds),
    CONFIG_TEXT(raw_mme_timers, watchdog_seconds),
    CONFIG_TEXT(raw_mme_timers, reconnect_seconds),
    CONFIG_END,
};
static const cyaml_schema_field_t limits_fields[] = {
    CONFIG_TEXT(raw_mme_limits, enbs),        CONFIG_TEXT(raw_mme_limits, ues),
    CONFIG_TEXT(raw_mme_limits, attaching),   CONFIG_TEXT(raw_mme_limits, hss_pending),
    CONFIG_TEXT(raw_mme_limits, events_kept), CONFIG_END,
};
static const cyaml_schema_field_t log_fields[] = {
    CONFIG_TEXT(raw_mme_log, level),
    CONFIG_TEXT(raw_mme_log, mask_imsi),
    CONFIG_END,
};
static const cyaml_schema_field_t config_fields[] = {
    CONFIG_TEXT(raw_mme, origin_host),
    CONFIG_TEXT(raw_mme, origin_realm),
    CONFIG_TEXT(raw_mme, name),
    CONFIG_TEXT(raw_mme, vendor_id),
    CONFIG_TEXT(raw_mme, plmn),
    CONFIG_TEXT(raw_mme, mme_group_id),
    CONFIG_TEXT(raw_mme, mme_code),
    CONFIG_TEXT(raw_mme, relative_capacity),
    CONFIG_TEXTS(raw_mme, tracking_areas),
    CONFIG_TEXTS(raw_mme, enb_addresses),
    CONFIG_PARTS(raw_mme, listeners, &listener, LISTENERS_MAX),
    CONFIG_PARTS(raw_mme, homes, &home, HOMES_MAX),
    CONFIG_PARTS(raw_mme, peers, &peer, MMED_PEERS_MAX),
    CONFIG_PART(raw_mme, admin, config_admin),
    CONFIG_PART(raw_mme, security, security_fields),
    /* of its own, because it is enabled by being there */
    CYAML_FIELD_MAPPING_PTR("devid", CONFIG_OPTIONAL, struct raw_mme, devid, devid_fields),
    CONFIG_PART(raw_mme, provisioning, provisioning_fields),
    CONFIG_TEXT(raw_mme, vectors),
    CONFIG_TEXT(raw_mme, reuse_security),
    CONFIG_TEXT(raw_mme, sends_served_imei),
    CONFIG_TEXT(raw_mme, check_imei),
    CONFIG_TEXT(raw_mme, admit_grey),
    CONFIG_TEXT(raw_mme, serve),
    CONFIG_TEXT(raw_mme, report_failures),
    CONFIG_TEXT(raw_mme, reroute_group_id),
    CONFIG_TEXT(raw_mme, network_name),
    CONFIG_TEXT(raw_mme, pool),
    CONFIG_TEXT(raw_mme, s_gw_address),
    CONFIG_TEXT(raw_mme, retransmissions),
    CONFIG_PART(raw_mme, timers, timers_fields),
    CONFIG_PART(raw_mme, limits, limits_fields),
    CONFIG_PART(raw_mme, metrics, config_metrics_fields),
    CONFIG_PART(raw_mme, log, log_fields),
    CONFIG_END,
};
CONFIG_WHOLE(config_schema, raw_mme, config_fields);

const struct config_shape mmed_config_shape = {&config_schema, "examples/mmed.yaml"};
