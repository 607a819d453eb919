/* nf/mmed/config.h - the configuration of bindery-mmed: a YAML file read once into an immutable
 * snapshot, as strictly as that of the HSS (nf/common/config_*.h): unknown keys, values out of
 * range and contradictions are refused with file, line, column and what to change.
 * docs/configuration.md lists every key, examples/mmed.yaml shows them.
 */
#ifndef BINDERY_NF_MMED_CONFIG_H
#define BINDERY_NF_MMED_CONFIG_H

#include "id/plmn.h"
#include "nassec/nassec.h"
#include "net/address.h"
#include "nf/common/config_admin.h"
#include "nf/common/config_metrics.h"
#include "nf/common/config_places.h"
#include "nf/common/log.h"
#include "proc/devid.h"

struct mmed_listener { /* S1 */
    struct address address;
    bool loopback;
};
struct mmed_home { /* a home network: who serves IMSIs of these PLMNs */
    char *realm;   /* Destination-Realm */
    struct plmn *plmns;
    size_t n_plmns; /* 0: the realm of every PLMN that no other home names, made from the IMSI */
    size_t *peers;  /* indexes into peers, in order of preference */
    size_t n_peers;
};
#define MMED_PEERS_MAX 256u
struct mmed_peer { /* an HSS, or an agent on the way to one */
    char *origin_host;
    char *realm;
    struct address address;
    char *certificate; /* with tls:// : paths; else NULL */
    char *key;
    char *ca;
};
struct mmed_devid { /* devices' proofs of their IMEIs (nf/common/devid_port.h) */
    bool on;
    char **signers; /* files: public keys of repositories */
    size_t n_signers;
    char *ca, *crl; /* files, or NULL */
    bool ca_with_binding;
    uint8_t algorithms[DEVID_ALGORITHMS_MAX]; /* accepted, best first */
    uint8_t n_algorithms;
    size_t verified_kept;
};
struct mmed_provisioning {  /* what devices may be provisioned with here */
    bool kme;               /* they make a KME where the home network wants one (proc/kme.h) */
    char *onboarding;       /* the realm that gives subscriptions to those that have none
                               (proc/certattach.h); NULL: nobody does */
    size_t onboarding_home; /* index into homes: whose peers lead there */
};
struct mmed_limits {
    size_t enbs;
    size_t ues;         /* contexts, attached or not */
    size_t attaching;   /* between ATTACH REQUEST and ATTACH COMPLETE, at most; more: congestion */
    size_t hss_pending; /* requests that wait for answers, per connection */
    uint64_t events_kept;
};
struct mmed_config {
    char *path;
    void *raw; /* its tree (config_raw.h), for the next reading; NULL: not read from a file */
    char *origin_host;
    char *origin_realm;
    char *name; /* MMEname on S1 */
    uint32_t vendor_id;
    struct plmn plmn; /* the one PLMN it serves */
    uint16_t group_id;
    uint8_t code;
    uint8_t relative_capacity;
    uint16_t *tacs; /* tracking areas it serves; none: every one of its PLMN */
    size_t n_tacs;
    struct mmed_listener *listeners;
    size_t n_listeners;
    struct address *enb_addresses; /* where eNBs may come from; none: loopback only */
    size_t n_enb_addresses;
    struct mmed_home *homes;
    size_t n_homes;
    struct mmed_peer *peers;
    size_t n_peers;
    char *admin_socket;
    struct admin_https admin_https;

    struct nassec_preference algorithms; /* EEA0 and EIA0: see docs/configuration.md */
    unsigned vectors;
    bool reuse_security, sends_served_imei, check_imei, admit_grey, serve, report_failures;
    bool reroute;
    uint16_t reroute_group_id;
    char *network_name;   /* "" : no EMM INFORMATION */
    uint8_t pool[4];      /* the first address that UEs are given; as many follow as limits.ues */
    uint8_t transport[4]; /* of the S-GW that eNBs are told */

    uint32_t t3412_s, t3402_s, t3346_s, implicit_detach_s;
    uint32_t t3450_ms, t3460_ms, t3470_ms, t3422_ms, t3489_ms, attach_ms;
    unsigned retransmissions;
    unsigned request_ms; /* for an answer of an HSS; */
    unsigned onboard_ms; /* about a device's subscription */
    unsigned watchdog_seconds, reconnect_seconds;
    struct mmed_limits limits;
    struct mmed_devid devid;
    struct mmed_provisioning provisioning;
    struct config_metrics metrics;
    enum log_level log_level;
    bool mask_imsi;
};
/* Its schema, what a reload takes over, and how it is checked; for docs/reference too. */
struct config_kind;
extern const struct config_kind mmed_config_kind;

/* Errors: E_NOT_FOUND, E_IO, E_BAD_VALUE and its kin with *why. */
MUST_USE enum err mmed_config_load(const char *path, struct mmed_config **out,
                                   struct config_why *why);
/* The file of the snapshot in force once more: *out is that with every change that can count at
 * once, and *changes names what those are and what needs a restart. Of `running` only the tree is
 * touched. Nothing changes after an error. Errors: as above. */
struct config_changes; /* nf/common/config_change.h */
MUST_USE enum err mmed_config_reload(const struct mmed_config *running, struct mmed_config **out,
                                     struct config_changes *changes, struct config_why *why);
/* `running` stays in force after all: its tree is again what it was before that. */
void mmed_config_reload_undo(const struct mmed_config *running, struct mmed_config *dropped);
void mmed_config_free(struct mmed_config *config);
/* Is this an address that eNBs may come from? */
bool mmed_config_lets_in(const struct mmed_config *c, const struct address *from);
/* The home network of an IMSI; NULL: none is configured. */
const struct mmed_home *mmed_config_home(const struct mmed_config *c, const char *imsi_digits);

/* The home network whose peers lead to a realm: the one of that realm, the one of the PLMN that the
 * realm is made from, or everybody else's; NULL: none is configured. */
const struct mmed_home *mmed_config_home_of_realm(const struct mmed_config *c, const char *realm);
/* The Destination-Realm for it: the home's, or the one that its PLMN makes (TS 23.003 19.2). */
void mmed_config_realm(const struct mmed_home *home, const char *imsi_digits,
                       char out[static REALM_TEXT_MAX]);

#endif
