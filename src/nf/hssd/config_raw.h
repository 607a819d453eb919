/* nf/hssd/config_raw.h - the configuration as the file has it: every value a string, NULL where the
 * key is not there. config_check.c gives them meaning.
 *
 * libcyaml holds the file against the schema, so that an unknown, repeated or misplaced key never
 * gets this far. Scalars stay text on purpose: libcyaml would take "010" for eight and any word for
 * true, and "001" would lose its zeros.
 */
#ifndef BINDERY_NF_HSSD_CONFIG_RAW_H
#define BINDERY_NF_HSSD_CONFIG_RAW_H

#include "nf/hssd/config_places.h"

struct raw_listener {
    char *address, *certificate, *key, *ca, *plain_tcp_off_loopback;
};
struct raw_peer {
    char *origin_host, *realm, *kind, *role;
    char **origins, **realms, **visited_plmns, **transports, **addresses;
    unsigned origins_count, realms_count, visited_plmns_count, transports_count, addresses_count;
    char *connections, *sends_served_imei;
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
    char *path, *key_file;
};
struct raw_admin {
    char *socket;
};
struct raw_alarms {
    char *suspected_theft_after, *unconfirmed_vectors_after, *unconfirmed_raises_theft;
};
struct raw_limits {
    char *threads, *connections, *handshakes, *message_size, *receive_buffer, *send_buffer;
    char *messages_per_turn, *writer_queue, *recent_subscribers, *events_kept;
};
struct raw_timers {
    char *watchdog_seconds, *cer_seconds, *request_seconds;
};
struct raw_log {
    char *level, *mask_imsi;
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
    struct raw_limits limits;
    struct raw_timers timers;
    struct raw_log log;
};

/* Errors: E_BAD_VALUE with *why, E_MEMORY. */
MUST_USE enum err config_raw_read(struct bytes yaml, const struct config_places *places,
                                  struct raw_config **out, struct config_why *why);
void config_raw_free(struct raw_config *raw);

/* config_check.c: converts and checks; relative paths become relative to the file's folder. */
MUST_USE enum err config_check(const struct raw_config *raw, const char *path,
                               const struct config_places *places, struct hssd_config **out,
                               struct config_why *why);

#endif
