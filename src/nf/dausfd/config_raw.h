/* nf/dausfd/config_raw.h - the configuration as the file has it: every value a string, NULL where
 * the key is not there. config.c and config_peers.c give them meaning; nobody else sees it.
 */
#ifndef BINDERY_NF_DAUSFD_CONFIG_RAW_H
#define BINDERY_NF_DAUSFD_CONFIG_RAW_H

#include "nf/common/config_https.h"
#include "nf/common/config_values.h"
#include "nf/common/config_yaml.h"
#include "nf/dausfd/config.h"

struct raw_listener {
    char *address, *certificate, *key, *ca, *plain_tcp_off_loopback;
};
struct raw_peer {
    char *origin_host, *realm, *kind, *connections;
    char **origins, **realms, **visited_plmns, **transports, **addresses;
    unsigned origins_count, realms_count, visited_plmns_count, transports_count, addresses_count;
};
struct raw_arpf {
    char *name;
    char **dimsis;
    unsigned dimsis_count;
};
struct raw_push {
    char *listen, *certificate, *key, *ca, *crl;
    struct raw_https_limits limits;
};
struct raw_ci {
    char *roots, *crl;
};
struct raw_limits {
    char *connections, *message_size, *receive_buffer, *send_buffer;
    char *messages_per_turn, *wait_of_peer_ms, *wait_of_all_ms, *spin_microseconds;
    char *entry_seconds;
};
struct raw_timers {
    char *watchdog_seconds, *cer_seconds;
};
struct raw_log {
    char *level, *mask_imsi;
};
struct raw_config {
    char *host, *realm, *vendor_id, *store, *kek, *admin;
    struct raw_admin_https admin_https;
    char **plmns, **operators;
    unsigned plmns_count, operators_count;
    struct raw_listener *listeners;
    unsigned listeners_count;
    struct raw_peer *peers;
    unsigned peers_count;
    struct raw_arpf *arpfs;
    unsigned arpfs_count;
    struct raw_push push;
    struct raw_ci ci;
    struct raw_limits limits;
    struct raw_timers timers;
    struct raw_metrics metrics;
    struct raw_log log;
};

/* config_peers.c: the Diameter side. Listeners first. */
void dausfd_check_listeners(struct checker *k, const struct raw_config *raw,
                            struct dausfd_config *config);
void dausfd_check_peers(struct checker *k, const struct raw_config *raw,
                        struct dausfd_config *config);
void dausfd_free_peers(struct dausfd_config *config);

#endif
