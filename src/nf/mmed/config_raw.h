/* nf/mmed/config_raw.h - the configuration of bindery-mmed as the file has it: every value a
 * string, NULL where the key is not there. config_check.c gives them meaning.
 */
#ifndef BINDERY_NF_MMED_CONFIG_RAW_H
#define BINDERY_NF_MMED_CONFIG_RAW_H

#include "nf/common/config_admin.h"
#include "nf/common/config_metrics.h"
#include "nf/common/config_values.h"
#include "nf/common/config_yaml.h"
#include "nf/mmed/config.h"

struct raw_s1_listener {
    char *address, *plain_s1_off_loopback;
};
struct raw_home {
    char *realm;
    char **plmns, **peers;
    unsigned plmns_count, peers_count;
};
struct raw_hss_peer {
    char *origin_host, *realm, *address, *certificate, *key, *ca, *plain_tcp_off_loopback;
};
struct raw_security {
    char **ciphering, **integrity;
    unsigned ciphering_count, integrity_count;
};
struct raw_mme_devid {
    char **signers, **algorithms;
    unsigned signers_count, algorithms_count;
    char *ca, *crl, *ca_with_binding, *verified_kept;
};
struct raw_mme_provisioning {
    char *kme, *onboarding;
};
struct raw_mme_timers {
    char *t3412_seconds, *t3402_seconds, *t3346_seconds, *implicit_detach_seconds;
    char *t3450_seconds, *t3460_seconds, *t3470_seconds, *t3422_seconds, *t3489_seconds;
    char *attach_seconds, *request_seconds, *watchdog_seconds, *reconnect_seconds;
};
struct raw_mme_limits {
    char *enbs, *ues, *attaching, *hss_pending, *events_kept;
};
struct raw_mme_log {
    char *level, *mask_imsi;
};
struct raw_mme {
    char *origin_host, *origin_realm, *name, *vendor_id, *plmn;
    char *mme_group_id, *mme_code, *relative_capacity;
    char **tracking_areas, **enb_addresses;
    unsigned tracking_areas_count, enb_addresses_count;
    struct raw_s1_listener *listeners;
    unsigned listeners_count;
    struct raw_home *homes;
    unsigned homes_count;
    struct raw_hss_peer *peers;
    unsigned peers_count;
    struct raw_admin admin;
    struct raw_security security;
    struct raw_mme_devid *devid; /* NULL: there is none */
    struct raw_mme_provisioning provisioning;
    char *vectors, *reuse_security, *sends_served_imei, *check_imei, *admit_grey, *serve;
    char *report_failures, *reroute_group_id, *network_name, *pool, *s_gw_address;
    char *retransmissions;
    struct raw_mme_timers timers;
    struct raw_mme_limits limits;
    struct raw_metrics metrics;
    struct raw_mme_log log;
};

/* Its schema. */
extern const struct config_shape mmed_config_shape;
/* config_reload.c: what of it counts at once when the file is read again. */
struct config_rules;
extern const struct config_rules mmed_config_rules;

/* config_check.c: converts and checks; relative paths become relative to the file's folder. Errors:
 * E_BAD_VALUE with *why, E_MEMORY. */
MUST_USE enum err mmed_config_check(const struct config_file *file, const char *path, void **out,
                                    struct config_why *why);
/* Its parts: config_s1.c, config_homes.c, config_service.c, config_devid.c. Homes come after peers,
 * devid and provisioning after service. */
void mmed_check_s1(struct checker *k, const struct raw_mme *raw, struct mmed_config *config);
void mmed_check_peers(struct checker *k, const struct raw_mme *raw, struct mmed_config *config);
void mmed_check_homes(struct checker *k, const struct raw_mme *raw, struct mmed_config *config);
void mmed_check_service(struct checker *k, const struct raw_mme *raw, struct mmed_config *config);
void mmed_check_devid(struct checker *k, const struct raw_mme *raw, struct mmed_config *config);
void mmed_check_provisioning(struct checker *k, const struct raw_mme *raw,
                             struct mmed_config *config);

#endif
