/* nf/hssd/config_raw.h - the configuration as the file has it: every value a string, NULL where the
 * key is not there. config_check.c gives them meaning.
 */
#ifndef BINDERY_NF_HSSD_CONFIG_RAW_H
#define BINDERY_NF_HSSD_CONFIG_RAW_H

#include "nf/common/config_admin.h"
#include "nf/common/config_metrics.h"
#include "nf/common/config_values.h"
#include "nf/common/config_yaml.h"
#include "nf/hssd/config.h"

struct raw_listener {
    char *address, *certificate, *key, *ca, *plain_tcp_off_loopback;
};
struct raw_peer {
    char *origin_host, *realm, *kind, *role;
    char **origins, **realms, **visited_plmns, **transports, **addresses;
    unsigned origins_count, realms_count, visited_plmns_count, transports_count, addresses_count;
    char *connections, *sends_served_imei, *sends_device_proof, *onboarding;
};
struct raw_repository {
    char *name, *url, *certificate, *key, *ca, *crl;
    char **signers, **imei_ranges;
    unsigned signers_count, imei_ranges_count;
};
struct raw_devid {
    char *cache_seconds, *unknown_seconds, *stale_seconds, *changes_seconds, *entries;
    char *wait_ms, *queue, *connections, *remember_seconds;
};
struct raw_kme {
    char *nonce_seconds, *threads, *queue, *ca, *crl, *ca_with_binding;
};
struct raw_authority {
    char *name, *host, *link, *certificate, *key, *ca, *crl, *roots, *device_crl;
    char **signers, **ranges;
    unsigned signers_count, ranges_count;
    char *approval, *waiting_most, *pending_most, *per_hour, *cache_seconds, *unknown_seconds;
};
struct raw_onboarding {
    char *certificate, *key, *profile, *policy, *algorithm;
    char **imsis;
    unsigned imsis_count;
    char *pool_low_percent, *pending_seconds, *quarantine_seconds, *answer_seconds;
    char *device_seconds, *threads, *queue;
    struct raw_authority *authorities;
    unsigned authorities_count;
};
struct raw_dimsi_ausf {
    char *certificate, *key, *agreement_certificate, *agreement_key;
};
struct raw_dimsi_trust {
    char *roots, *crl;
};
struct raw_dimsi_sp {
    char *name, *offers_most, **dimsis;
    unsigned dimsis_count;
};
struct raw_dimsi_remote { /* each kind has its own members of these */
    char *name, *plmn, *link, *ca, *crl;
};
struct raw_dimsi {
    char *plmn, *listen, *certificate, *key, *ca, *crl;
    struct raw_dimsi_ausf ausf;
    struct raw_dimsi_trust sp, ci;
    struct raw_dimsi_sp *service_providers;
    unsigned service_providers_count;
    struct raw_dimsi_remote *arpfs;
    unsigned arpfs_count;
    struct raw_dimsi_remote *discovery;
    unsigned discovery_count;
    struct raw_dimsi_remote rsmf;
    char **imsis, **operator_imsis;
    unsigned imsis_count, operator_imsis_count;
    char *profile, *operator_profile, *operator_policy, *algorithm;
    char *entry_seconds, *quarantine_seconds, *poll_seconds, *pool_low_percent, *threads;
    char *requests_per_second, *burst;
};
struct raw_ambr {
    char *uplink, *downlink;
};
struct raw_arp {
    char *priority, *preemption_capability, *preemption_vulnerability;
};
struct raw_apn {
    char *name, *context, *pdn_type, *qci;
    struct raw_arp arp;
    struct raw_ambr ambr;
};
struct raw_profile {
    char *name, *network_access_mode, *access_restriction_data;
    char *subscribed_periodic_rau_tau_timer, *default_apn;
    struct raw_ambr ambr;
    struct raw_apn *apns;
    unsigned apns_count;
};
struct raw_store {
    char *path, *key_file, *backup_folder;
};
struct raw_alarms {
    char *suspected_theft_after, *unconfirmed_vectors_after, *unconfirmed_raises_theft;
};
struct raw_eir {
    char *enabled, *unknown, *pairing;
};
struct raw_limits {
    char *threads, *connections, *handshakes, *message_size, *receive_buffer, *send_buffer;
    char *wait_of_peer_ms, *wait_of_all_ms, *spin_microseconds;
    char *messages_per_turn, *writer_queue, *recent_subscribers, *events_kept, *eir_rules;
};
struct raw_timers {
    char *watchdog_seconds, *cer_seconds, *request_seconds;
};
struct raw_log {
    char *level, *mask_imsi;
};
struct raw_webhook {
    char *name, *url, *ca, *secret_file;
    char **events;
    unsigned events_count;
};
struct raw_transport_key {
    char *name, *file, *algorithm, *export;
};
struct raw_reset {
    char *after, *pause_seconds;
};
struct raw_config {
    char *origin_host, *origin_realm, *instance, *vendor_id;
    char **plmns;
    unsigned plmns_count;
    struct raw_store store;
    struct raw_admin admin;
    struct raw_listener *listeners;
    unsigned listeners_count;
    struct raw_peer *peers;
    unsigned peers_count;
    struct raw_profile *profiles;
    unsigned profiles_count;
    struct raw_alarms alarms;
    struct raw_eir eir;
    struct raw_reset reset;
    struct raw_repository *repositories;
    unsigned repositories_count;
    struct raw_devid devid;
    struct raw_kme kme;
    struct raw_onboarding onboarding;
    struct raw_dimsi dimsi;
    struct raw_limits limits;
    struct raw_timers timers;
    struct raw_metrics metrics;
    struct raw_webhook *webhooks;
    unsigned webhooks_count;
    struct raw_transport_key *transport_keys;
    unsigned transport_keys_count;
    struct raw_log log;
};

/* Its schema. */
extern const struct config_shape hssd_config_shape;
/* config_reload.c: what of it counts at once when the file is read again. */
struct config_rules;
extern const struct config_rules hssd_config_rules;

/* config_check.c: converts and checks; relative paths become relative to the file's folder. Errors:
 * E_BAD_VALUE with *why, E_MEMORY. */
MUST_USE enum err hssd_config_check(const struct config_file *file, const char *path, void **out,
                                    struct config_why *why);
/* Its parts: config_listeners.c, config_peers.c, config_profiles.c, config_devid.c,
 * config_kme.c, config_onboarding.c, config_authorities.c, config_pools.c, config_dimsi.c. */
void hssd_check_listeners(struct checker *k, const struct raw_config *raw,
                          struct hssd_config *config);
void hssd_check_peers(struct checker *k, const struct raw_config *raw, struct hssd_config *config);
void hssd_check_profiles(struct checker *k, const struct raw_config *raw,
                         struct hssd_config *config);
void hssd_check_devid(struct checker *k, const struct raw_config *raw, struct hssd_config *config);
void hssd_free_devid(struct hssd_config *config);
/* After hssd_check_devid. */
void hssd_check_kme(struct checker *k, const struct raw_config *raw, struct hssd_config *config);
/* After peers, profiles and home PLMNs. */
void hssd_check_onboarding(struct checker *k, const struct raw_config *raw,
                           struct hssd_config *config);
void hssd_free_onboarding(struct hssd_config *config);
/* config_authorities.c */
void hssd_check_authorities(struct checker *k, const struct raw_onboarding *raw,
                            struct hssd_onboarding *o);
void hssd_free_authorities(struct hssd_onboarding *o);

/* After hssd_check_onboarding: config_dimsi.c, config_dimsi_parties.c */
void hssd_check_dimsi(struct checker *k, const struct raw_config *raw, struct hssd_config *config);
void hssd_free_dimsi(struct hssd_config *config);
void hssd_check_dimsi_parties(struct checker *k, const struct raw_dimsi *raw, struct hssd_dimsi *d);
void hssd_free_dimsi_parties(struct hssd_dimsi *d);

/* config_webhooks.c */
void hssd_check_webhooks(struct checker *k, const struct raw_config *raw,
                         struct hssd_config *config);
void hssd_free_webhooks(struct hssd_config *config);

/* config_transport.c */
void hssd_check_transport_keys(struct checker *k, const struct raw_config *raw,
                               struct hssd_config *config);
void hssd_free_transport_keys(struct hssd_config *config);

/* ---- config_pools.c: ranges of IMSIs for devices ---- */

/* The list `key`, of 1 to HSSD_IMSI_POOLS_MAX; *n of them. */
void hssd_check_pools(struct checker *k, const char *key, char *const *texts, size_t n_texts,
                      const struct hssd_config *config,
                      struct hssd_imsi_pool pools[static HSSD_IMSI_POOLS_MAX], size_t *n);
/* Have two of them an IMSI in common? */
bool hssd_pools_overlap(const struct hssd_imsi_pool *a, size_t n_a, const struct hssd_imsi_pool *b,
                        size_t n_b);

/* ---- config_links.c: what repositories and authorities have in common ---- */

/* https://host[:port] and nothing behind it. */
char *hssd_check_link(struct checker *k, const char *key, const char *text);
bool hssd_link_is_loopback(const char *link); /* NULL: false */
/* A file that can be read. */
char *hssd_check_readable(struct checker *k, const char *key, const char *text);
/* Files of `signers` with the keys that sign records, each what it should be. `*n` of them, what is
 * half made too. */
char **hssd_check_signers(struct checker *k, char *const *texts, size_t n_texts, size_t *n);
/* `key`: what the list is called. */
struct imei_range *hssd_check_ranges(struct checker *k, const char *key, char *const *texts,
                                     size_t n);

#endif
