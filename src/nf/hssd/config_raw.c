#include "nf/hssd/config_raw.h"

#define PEERS_MAX     4096
#define LISTENERS_MAX 64
#define PROFILES_MAX  1024

static const cyaml_schema_field_t listener_fields[] = {
    CONFIG_TEXT(raw_listener, address),
    CONFIG_TEXT(raw_listener, certificate),
    CONFIG_TEXT(raw_listener, key),
    CONFIG_TEXT(raw_listener, ca),
    CONFIG_TEXT(raw_listener, plain_tcp_off_loopback),
    CONFIG_END,
};
CONFIG_ENTRY(listener, raw_listener, listener_fields);

static const cyaml_schema_field_t peer_fields[] = {
    CONFIG_TEXT(raw_peer, origin_host),
    CONFIG_TEXT(raw_peer, realm),
    CONFIG_TEXT(raw_peer, kind),
    CONFIG_TEXT(raw_peer, role),
    CONFIG_TEXTS(raw_peer, origins),
    CONFIG_TEXTS(raw_peer, realms),
    CONFIG_TEXTS(raw_peer, visited_plmns),
    CONFIG_TEXTS(raw_peer, transports),
    CONFIG_TEXTS(raw_peer, addresses),
    CONFIG_TEXT(raw_peer, connections),
    CONFIG_TEXT(raw_peer, sends_served_imei),
    CONFIG_TEXT(raw_peer, sends_device_proof),
    CONFIG_TEXT(raw_peer, onboarding),
    CONFIG_END,
};
CONFIG_ENTRY(peer, raw_peer, peer_fields);

static const cyaml_schema_field_t ambr_fields[] = {
    CONFIG_TEXT(raw_ambr, uplink),
    CONFIG_TEXT(raw_ambr, downlink),
    CONFIG_END,
};
static const cyaml_schema_field_t arp_fields[] = {
    CONFIG_TEXT(raw_arp, priority),
    CONFIG_TEXT(raw_arp, preemption_capability),
    CONFIG_TEXT(raw_arp, preemption_vulnerability),
    CONFIG_END,
};
static const cyaml_schema_field_t apn_fields[] = {
    CONFIG_TEXT(raw_apn, name),
    CONFIG_TEXT(raw_apn, context),
    CONFIG_TEXT(raw_apn, pdn_type),
    CONFIG_TEXT(raw_apn, qci),
    CONFIG_PART(raw_apn, arp, arp_fields),
    CONFIG_PART(raw_apn, ambr, ambr_fields),
    CONFIG_END,
};
CONFIG_ENTRY(apn, raw_apn, apn_fields);

static const cyaml_schema_field_t profile_fields[] = {
    CONFIG_TEXT(raw_profile, name),
    CONFIG_TEXT(raw_profile, network_access_mode),
    CONFIG_TEXT(raw_profile, access_restriction_data),
    CONFIG_TEXT(raw_profile, subscribed_periodic_rau_tau_timer),
    CONFIG_TEXT(raw_profile, default_apn),
    CONFIG_PART(raw_profile, ambr, ambr_fields),
    CONFIG_PARTS(raw_profile, apns, &apn, HSSD_APNS_MAX),
    CONFIG_END,
};
CONFIG_ENTRY(profile, raw_profile, profile_fields);

static const cyaml_schema_field_t store_fields[] = {
    CONFIG_TEXT(raw_store, path),
    CONFIG_TEXT(raw_store, key_file),
    CONFIG_TEXT(raw_store, backup_folder),
    CONFIG_END,
};
static const cyaml_schema_field_t alarms_fields[] = {
    CONFIG_TEXT(raw_alarms, suspected_theft_after),
    CONFIG_TEXT(raw_alarms, unconfirmed_vectors_after),
    CONFIG_TEXT(raw_alarms, unconfirmed_raises_theft),
    CONFIG_END,
};
static const cyaml_schema_field_t eir_fields[] = {
    CONFIG_TEXT(raw_eir, enabled),
    CONFIG_TEXT(raw_eir, unknown),
    CONFIG_TEXT(raw_eir, pairing),
    CONFIG_END,
};
static const cyaml_schema_field_t repository_fields[] = {
    CONFIG_TEXT(raw_repository, name),
    CONFIG_TEXT(raw_repository, url),
    CONFIG_TEXT(raw_repository, certificate),
    CONFIG_TEXT(raw_repository, key),
    CONFIG_TEXT(raw_repository, ca),
    CONFIG_TEXT(raw_repository, crl),
    CONFIG_TEXTS(raw_repository, signers),
    CONFIG_TEXTS(raw_repository, imei_ranges),
    CONFIG_END,
};
CONFIG_ENTRY(repository, raw_repository, repository_fields);
static const cyaml_schema_field_t devid_fields[] = {
    CONFIG_TEXT(raw_devid, cache_seconds),
    CONFIG_TEXT(raw_devid, unknown_seconds),
    CONFIG_TEXT(raw_devid, stale_seconds),
    CONFIG_TEXT(raw_devid, changes_seconds),
    CONFIG_TEXT(raw_devid, entries),
    CONFIG_TEXT(raw_devid, wait_ms),
    CONFIG_TEXT(raw_devid, queue),
    CONFIG_TEXT(raw_devid, connections),
    CONFIG_TEXT(raw_devid, remember_seconds),
    CONFIG_END,
};
static const cyaml_schema_field_t kme_fields[] = {
    CONFIG_TEXT(raw_kme, nonce_seconds),
    CONFIG_TEXT(raw_kme, threads),
    CONFIG_TEXT(raw_kme, queue),
    CONFIG_TEXT(raw_kme, ca),
    CONFIG_TEXT(raw_kme, crl),
    CONFIG_TEXT(raw_kme, ca_with_binding),
    CONFIG_END,
};
static const cyaml_schema_field_t authority_fields[] = {
    CONFIG_TEXT(raw_authority, name),
    CONFIG_TEXT(raw_authority, host),
    CONFIG_TEXT(raw_authority, link),
    CONFIG_TEXT(raw_authority, certificate),
    CONFIG_TEXT(raw_authority, key),
    CONFIG_TEXT(raw_authority, ca),
    CONFIG_TEXT(raw_authority, crl),
    CONFIG_TEXT(raw_authority, roots),
    CONFIG_TEXT(raw_authority, device_crl),
    CONFIG_TEXTS(raw_authority, signers),
    CONFIG_TEXTS(raw_authority, ranges),
    CONFIG_TEXT(raw_authority, approval),
    CONFIG_TEXT(raw_authority, waiting_most),
    CONFIG_TEXT(raw_authority, pending_most),
    CONFIG_TEXT(raw_authority, per_hour),
    CONFIG_TEXT(raw_authority, cache_seconds),
    CONFIG_TEXT(raw_authority, unknown_seconds),
    CONFIG_END,
};
CONFIG_ENTRY(authority, raw_authority, authority_fields);
static const cyaml_schema_field_t onboarding_fields[] = {
    CONFIG_TEXT(raw_onboarding, certificate),
    CONFIG_TEXT(raw_onboarding, key),
    CONFIG_TEXT(raw_onboarding, profile),
    CONFIG_TEXT(raw_onboarding, policy),
    CONFIG_TEXT(raw_onboarding, algorithm),
    CONFIG_TEXTS(raw_onboarding, imsis),
    CONFIG_TEXT(raw_onboarding, pool_low_percent),
    CONFIG_TEXT(raw_onboarding, pending_seconds),
    CONFIG_TEXT(raw_onboarding, quarantine_seconds),
    CONFIG_TEXT(raw_onboarding, answer_seconds),
    CONFIG_TEXT(raw_onboarding, device_seconds),
    CONFIG_TEXT(raw_onboarding, threads),
    CONFIG_TEXT(raw_onboarding, queue),
    CONFIG_PARTS(raw_onboarding, authorities, &authority, HSSD_AUTHORITIES_MAX),
    CONFIG_END,
};
static const cyaml_schema_field_t dimsi_ausf_fields[] = {
    CONFIG_TEXT(raw_dimsi_ausf, certificate),
    CONFIG_TEXT(raw_dimsi_ausf, key),
    CONFIG_TEXT(raw_dimsi_ausf, agreement_certificate),
    CONFIG_TEXT(raw_dimsi_ausf, agreement_key),
    CONFIG_END,
};
static const cyaml_schema_field_t dimsi_trust_fields[] = {
    CONFIG_TEXT(raw_dimsi_trust, roots),
    CONFIG_TEXT(raw_dimsi_trust, crl),
    CONFIG_END,
};
static const cyaml_schema_field_t dimsi_sp_fields[] = {
    CONFIG_TEXT(raw_dimsi_sp, name),
    CONFIG_TEXT(raw_dimsi_sp, offers_most),
    CONFIG_TEXTS(raw_dimsi_sp, dimsis),
    CONFIG_END,
};
CONFIG_ENTRY(dimsi_sp, raw_dimsi_sp, dimsi_sp_fields);
static const cyaml_schema_field_t dimsi_arpf_fields[] = {
    CONFIG_TEXT(raw_dimsi_remote, name),
    CONFIG_TEXT(raw_dimsi_remote, link),
    CONFIG_TEXT(raw_dimsi_remote, ca),
    CONFIG_TEXT(raw_dimsi_remote, crl),
    CONFIG_END,
};
CONFIG_ENTRY(dimsi_arpf, raw_dimsi_remote, dimsi_arpf_fields);
static const cyaml_schema_field_t dimsi_discovery_fields[] = {
    CONFIG_TEXT(raw_dimsi_remote, plmn),
    CONFIG_TEXT(raw_dimsi_remote, link),
    CONFIG_TEXT(raw_dimsi_remote, ca),
    CONFIG_TEXT(raw_dimsi_remote, crl),
    CONFIG_END,
};
CONFIG_ENTRY(dimsi_discovery, raw_dimsi_remote, dimsi_discovery_fields);
static const cyaml_schema_field_t dimsi_rsmf_fields[] = {
    CONFIG_TEXT(raw_dimsi_remote, link),
    CONFIG_TEXT(raw_dimsi_remote, ca),
    CONFIG_TEXT(raw_dimsi_remote, crl),
    CONFIG_END,
};
static const cyaml_schema_field_t dimsi_fields[] = {
    CONFIG_TEXT(raw_dimsi, plmn),
    CONFIG_TEXT(raw_dimsi, listen),
    CONFIG_TEXT(raw_dimsi, certificate),
    CONFIG_TEXT(raw_dimsi, key),
    CONFIG_TEXT(raw_dimsi, ca),
    CONFIG_TEXT(raw_dimsi, crl),
    CONFIG_PART(raw_dimsi, ausf, dimsi_ausf_fields),
    CONFIG_PART(raw_dimsi, sp, dimsi_trust_fields),
    CONFIG_PART(raw_dimsi, ci, dimsi_trust_fields),
    CONFIG_PARTS(raw_dimsi, service_providers, &dimsi_sp, HSSD_DIMSI_REMOTES_MAX),
    CONFIG_PARTS(raw_dimsi, arpfs, &dimsi_arpf, HSSD_DIMSI_REMOTES_MAX),
    CONFIG_PARTS(raw_dimsi, discovery, &dimsi_discovery, HSSD_DIMSI_REMOTES_MAX),
    CONFIG_PART(raw_dimsi, rsmf, dimsi_rsmf_fields),
    CONFIG_TEXTS(raw_dimsi, imsis),
    CONFIG_TEXTS(raw_dimsi, operator_imsis),
    CONFIG_TEXT(raw_dimsi, profile),
    CONFIG_TEXT(raw_dimsi, operator_profile),
    CONFIG_TEXT(raw_dimsi, operator_policy),
    CONFIG_TEXT(raw_dimsi, algorithm),
    CONFIG_TEXT(raw_dimsi, entry_seconds),
    CONFIG_TEXT(raw_dimsi, quarantine_seconds),
    CONFIG_TEXT(raw_dimsi, poll_seconds),
    CONFIG_TEXT(raw_dimsi, pool_low_percent),
    CONFIG_TEXT(raw_dimsi, threads),
    CONFIG_TEXT(raw_dimsi, requests_per_second),
    CONFIG_TEXT(raw_dimsi, burst),
    CONFIG_END,
};
static const cyaml_schema_field_t webhook_fields[] = {
    CONFIG_TEXT(raw_webhook, name),    CONFIG_TEXT(raw_webhook, url),
    CONFIG_TEXT(raw_webhook, ca),      CONFIG_TEXT(raw_webhook, secret_file),
    CONFIG_TEXTS(raw_webhook, events), CONFIG_END,
};
CONFIG_ENTRY(webhook, raw_webhook, webhook_fields);
static const cyaml_schema_field_t transport_key_fields[] = {
    CONFIG_TEXT(raw_transport_key, name),
    CONFIG_TEXT(raw_transport_key, file),
    CONFIG_TEXT(raw_transport_key, algorithm),
    CONFIG_TEXT(raw_transport_key, export),
    CONFIG_END,
};
CONFIG_ENTRY(transport_key, raw_transport_key, transport_key_fields);
static const cyaml_schema_field_t reset_fields[] = {
    CONFIG_TEXT(raw_reset, after),
    CONFIG_TEXT(raw_reset, pause_seconds),
    CONFIG_END,
};
static const cyaml_schema_field_t limits_fields[] = {
    CONFIG_TEXT(raw_limits, threads),
    CONFIG_TEXT(raw_limits, connections),
    CONFIG_TEXT(raw_limits, handshakes),
    CONFIG_TEXT(raw_limits, message_size),
    CONFIG_TEXT(raw_limits, receive_buffer),
    CONFIG_TEXT(raw_limits, send_buffer),
    CONFIG_TEXT(raw_limits, messages_per_turn),
    CONFIG_TEXT(raw_limits, wait_of_peer_ms),
    CONFIG_TEXT(raw_limits, wait_of_all_ms),
    CONFIG_TEXT(raw_limits, spin_microseconds),
    CONFIG_TEXT(raw_limits, writer_queue),
    CONFIG_TEXT(raw_limits, recent_subscribers),
    CONFIG_TEXT(raw_limits, events_kept),
    CONFIG_TEXT(raw_limits, eir_rules),
    CONFIG_END,
};
static const cyaml_schema_field_t timers_fields[] = {
    CONFIG_TEXT(raw_timers, watchdog_seconds),
    CONFIG_TEXT(raw_timers, cer_seconds),
    CONFIG_TEXT(raw_timers, request_seconds),
    CONFIG_END,
};
static const cyaml_schema_field_t log_fields[] = {
    CONFIG_TEXT(raw_log, level),
    CONFIG_TEXT(raw_log, mask_imsi),
    CONFIG_END,
};
static const cyaml_schema_field_t config_fields[] = {
    CONFIG_TEXT(raw_config, origin_host),
    CONFIG_TEXT(raw_config, origin_realm),
    CONFIG_TEXT(raw_config, instance),
    CONFIG_TEXT(raw_config, vendor_id),
    CONFIG_TEXTS(raw_config, plmns),
    CONFIG_PART(raw_config, store, store_fields),
    CONFIG_PART(raw_config, admin, config_admin),
    CONFIG_PARTS(raw_config, listeners, &listener, LISTENERS_MAX),
    CONFIG_PARTS(raw_config, peers, &peer, PEERS_MAX),
    CONFIG_PARTS(raw_config, profiles, &profile, PROFILES_MAX),
    CONFIG_PART(raw_config, alarms, alarms_fields),
    CONFIG_PART(raw_config, eir, eir_fields),
    CONFIG_PART(raw_config, reset, reset_fields),
    CONFIG_PARTS(raw_config, repositories, &repository, HSSD_REPOSITORIES_MAX),
    CONFIG_PART(raw_config, devid, devid_fields),
    CONFIG_PART(raw_config, kme, kme_fields),
    CONFIG_PART(raw_config, onboarding, onboarding_fields),
    CONFIG_PART(raw_config, dimsi, dimsi_fields),
    CONFIG_PART(raw_config, limits, limits_fields),
    CONFIG_PART(raw_config, timers, timers_fields),
    CONFIG_PART(raw_config, metrics, config_metrics_fields),
    CONFIG_PARTS(raw_config, webhooks, &webhook, HSSD_WEBHOOKS_MAX),
    CONFIG_PARTS(raw_config, transport_keys, &transport_key, HSSD_TRANSPORT_KEYS_MAX),
    CONFIG_PART(raw_config, log, log_fields),
    CONFIG_END,
};
CONFIG_WHOLE(config_schema, raw_config, config_fields);

const struct config_shape hssd_config_shape = {&config_schema, "examples/hssd.yaml"};
