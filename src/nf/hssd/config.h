/* nf/hssd/config.h - the configuration of bindery-hssd: a YAML file read once into an immutable
 * snapshot that every thread may read without a lock.
 *
 * Reading is strict and in two steps. The file's shape (keys, types, unknown keys) is held against
 * a schema, and a fault names file:line:column. Then its meaning (numbers in their ranges,
 * identities that parse, names used once, listeners that are safe) is checked, and a fault names
 * file, key path
 * ("peers[2].origin_host") and, in a sentence, what to change. Nothing is half-read: either there
 * is a whole snapshot or none. docs/configuration.md lists every key.
 */
#ifndef BINDERY_NF_HSSD_CONFIG_H
#define BINDERY_NF_HSSD_CONFIG_H

#include "crypto/transport.h"
#include "id/imei_range.h"
#include "id/plmn.h"
#include "net/address.h"
#include "nf/common/config_admin.h"
#include "nf/common/config_metrics.h"
#include "nf/common/config_places.h"
#include "nf/common/log.h"
#include "proc/eir.h"

#define HSSD_APNS_MAX            16
#define HSSD_PROFILE_NAME_MAX    32 /* with its NUL; what store.h has room for */
#define HSSD_APN_NAME_MAX        101
#define HSSD_INSTANCE_MAX        31    /* the IND of the SQNs this instance issues */
#define HSSD_ANSWER_SHORT        8192  /* octets of the longest answer but for one with a chain */
#define HSSD_ANSWER_LONG         20480 /* octets of an equipment check's with a device's chain */
#define HSSD_REPOSITORIES_MAX    64
#define HSSD_KME_THREADS_MAX     16
#define HSSD_AUTHORITIES_MAX     64
#define HSSD_IMSI_POOLS_MAX      8
#define HSSD_ONBOARD_THREADS_MAX 64
#define HSSD_DIMSI_REMOTES_MAX   64 /* ARPFs; D-AUSFs; service providers */
#define HSSD_DIMSI_THREADS_MAX   16

#define HSSD_TRANSPORT_KEYS_MAX 16
#define HSSD_TRANSPORT_NAME_MAX 33 /* with its NUL */
#define HSSD_TRANSPORT_NAME_ALPHABET                                                               \
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_"

#define HSSD_WEBHOOKS_MAX     16
#define HSSD_WEBHOOK_NAME_MAX 33 /* with its NUL */

struct hssd_listener {
    struct address address;
    bool loopback;
    char *
        certificate; /* paths, absolute or relative to the working directory; NULL but for tls:// */
    char *key;
    char *ca;
};

/* An end speaks for itself; an agent carries the origins and realms it lists. */
enum hssd_peer_kind { HSSD_PEER_END, HSSD_PEER_AGENT };
/* What a peer may ask: the commands its role has (an agent: what its origins may ask). */
enum hssd_role { HSSD_ROLE_MME, HSSD_ROLE_SGSN };
const char *hssd_role_name(enum hssd_role role); /* "mme", "sgsn" */

struct hssd_peer {
    char *origin_host;
    char *realm;
    enum hssd_peer_kind kind;
    enum hssd_role role;
    char **origins; /* Origin-Hosts an agent may carry; empty with realms: any host of them */
    size_t n_origins;
    char **realms; /* Origin-Realms an agent may carry */
    size_t n_realms;
    struct plmn *visited_plmns; /* Visited-PLMN-Ids it may name */
    size_t n_visited_plmns;
    struct address *addresses; /* source addresses; only the IP counts. Empty: any on tls://, */
    size_t n_addresses;        /* loopback on the others */
    bool on_tcp;               /* which transports it may use */
    bool on_tls;
    bool on_sctp;
    unsigned connections; /* at most this many at once */
    bool sends_served_imei;
    bool sends_device_proof; /* what it says of a device's proof counts, and it may inquire */
    bool onboarding;         /* it may ask for subscriptions of devices that have none */
};

struct hssd_ambr {
    uint32_t uplink; /* bit/s */
    uint32_t downlink;
};
enum hssd_pdn_type { HSSD_PDN_IPV4 = 0, HSSD_PDN_IPV6 = 1, HSSD_PDN_IPV4V6 = 2 }; /* PDN-Type */
struct hssd_apn {
    char name[HSSD_APN_NAME_MAX]; /* Service-Selection */
    uint32_t context;             /* Context-Identifier, unique in the profile, not 0 */
    enum hssd_pdn_type pdn_type;
    uint8_t qci;
    uint8_t arp_priority;  /* 1 (highest) to 15 */
    bool arp_may_pre_empt; /* Pre-emption-Capability; the AVP's 0 is enabled */
    bool arp_pre_emptable; /* Pre-emption-Vulnerability; the AVP's 0 is enabled */
    struct hssd_ambr ambr;
};
struct hssd_profile {
    char name[HSSD_PROFILE_NAME_MAX];
    struct hssd_ambr ambr;
    uint32_t network_access_mode;     /* 0 packet and circuit, 2 only packet */
    uint32_t access_restriction_data; /* bits of TS 29.272 7.3.31 */
    uint32_t rau_tau_timer;           /* seconds; 0: not sent */
    uint32_t default_context;         /* Context-Identifier of the default APN */
    size_t n_apns;                    /* at least 1 */
    struct hssd_apn apns[HSSD_APNS_MAX];
};

struct hssd_alarms {
    uint32_t suspected_theft_after;     /* binding failures in a row; 0: never */
    uint32_t unconfirmed_vectors_after; /* AIRs in a row without a ULR; 0: never */
    bool unconfirmed_raises_theft;
};
/* Where the bindings of IMEIs are asked for (docs/repository.md). */
struct hssd_repository {
    char *name;
    char *url;                    /* https://host[:port], without a path */
    char *certificate, *key, *ca; /* of the operator, for TLS */
    char *crl;                    /* or NULL */
    char **signers;               /* files: the keys whose records are believed */
    size_t n_signers;             /* 1 or more */
    struct imei_range *ranges;    /* what it is asked about; */
    size_t n_ranges;              /* 0: everything */
};
struct hssd_devid {
    uint32_t cache_seconds;    /* how long an answer holds; 0: each inquiry is asked */
    uint32_t unknown_seconds;  /* the same for "no binding" */
    uint32_t stale_seconds;    /* and beyond that, while nobody can be asked */
    uint32_t changes_seconds;  /* between two pulls of changes */
    uint32_t entries;          /* of the cache */
    uint32_t wait_ms;          /* how long an inquiry may wait for the repository */
    uint32_t queue;            /* inquiries that may wait, of each repository */
    unsigned connections;      /* to each repository, beside that of the changes */
    uint32_t remember_seconds; /* how long a proof is remembered; 0: not at all */
};
/* Procedure kme (docs/kme.md). */
struct hssd_kme {
    uint32_t nonce_seconds; /* how long an offer is good */
    unsigned threads;       /* that open payloads */
    uint32_t queue;         /* payloads that may wait for them */
    char *ca, *crl;         /* files, or NULL: what devices' chains lead to */
    bool ca_with_binding;   /* or to the CA that is kept with the binding */
};
/* Whose devices get subscriptions by the URL of their certificates (docs/certattach.md): the site
 * of their certificates, and how many it may have. */
struct hssd_authority {
    char *name;                   /* 1 to 64 of a-z, 0-9, '.', '-', '_' */
    char *host;                   /* of its devices' URLs, in lower case */
    char *link;                   /* https://host[:port]: where it is really asked */
    char *certificate, *key, *ca; /* of the operator, for TLS */
    char *crl;                    /* of TLS, or NULL */
    char *roots;                  /* file: the CAs that devices' chains lead to */
    char *device_crl;             /* file with the lists of those, or NULL */
    char **signers;               /* files: the keys whose records are believed */
    size_t n_signers;             /* 1 or more */
    struct imei_range *ranges;    /* what it may speak for; */
    size_t n_ranges;              /* 0: everything */
    bool by_rule;                 /* its devices need nobody's approval */
    uint32_t waiting_most;        /* for approval */
    uint32_t pending_most;        /* subscriptions that were never used */
    uint32_t per_hour;            /* new subscriptions */
    uint32_t cache_seconds;       /* how long a record holds; 0: each device is asked about */
    uint32_t unknown_seconds;     /* the same for "no device" */
};
/* A range of IMSIs of one home PLMN, for devices. */
struct hssd_imsi_pool {
    struct imsi first, last; /* of one length, first not behind last */
    struct plmn home;
};
struct hssd_onboarding {
    char *certificate, *key; /* the operator's, which devices verify; NULL: nothing is offered */
    char *profile;           /* of the profiles, and one that a device can be given */
    uint8_t policy;          /* enum binding_policy: open or learn */
    uint8_t algorithm;       /* enum aka_algorithm */
    struct hssd_imsi_pool pools[HSSD_IMSI_POOLS_MAX];
    size_t n_pools;
    /* These have their defaults where the section is not there: what was begun ends by them. */
    uint32_t pool_low_percent;
    uint32_t pending_seconds;    /* until a subscription that was never used ends */
    uint32_t quarantine_seconds; /* how long its IMSI rests then */
    uint32_t answer_seconds;     /* how long a device may take its answer */
    uint32_t device_seconds;     /* between two answers to one device; 0: as often as it asks */
    unsigned threads;
    uint32_t queue; /* devices that may wait for them */
    struct hssd_authority *authorities;
    size_t n_authorities;
};
/* First attaches with a discovery IMSI, as the target AUSF (docs/dimsi.md). */
struct hssd_sp {
    char *name;                    /* the first dNSName of its certificate */
    uint32_t offers_most;          /* that wait: offered, allocated or pushed */
    struct hssd_imsi_pool *dimsis; /* that are its own, whatever their PLMN; none: all */
    size_t n_dimsis;
};
struct hssd_dimsi_remote { /* an ARPF, by name; a D-AUSF, by PLMN; the RSMF */
    char *name;
    struct plmn plmn;
    char *link;     /* https://host[:port] */
    char *ca, *crl; /* of its TLS server certificate; crl may be NULL */
};
struct hssd_dimsi {
    bool enabled;
    struct plmn plmn; /* the operator that devices are offered to */
    struct address listen;
    char *certificate, *key, *ca, *crl;          /* of the listener; crl may be NULL */
    char *ausf_certificate, *ausf_key;           /* of the TLS client, role ausf */
    char *agreement_certificate, *agreement_key; /* what eK is encrypted to */
    char *sp_roots, *sp_crl; /* of those that sign delegations; crl may be NULL */
    char *ci_roots, *ci_crl; /* what SEs' and ARPFs' chains lead to; the same */
    struct hssd_sp *sps;
    size_t n_sps;
    struct hssd_dimsi_remote *arpfs;
    size_t n_arpfs;
    struct hssd_dimsi_remote *discovery;
    size_t n_discovery;
    struct hssd_dimsi_remote rsmf; /* link NULL: there is none, and no profile of the operator */
    char *profile;                 /* of the temporary subscriptions */
    char *operator_profile;
    uint8_t operator_policy;                          /* enum binding_policy: open or learn */
    uint8_t operator_algorithm;                       /* enum aka_algorithm */
    struct hssd_imsi_pool pools[HSSD_IMSI_POOLS_MAX]; /* temporary IMSIs */
    size_t n_pools;
    struct hssd_imsi_pool operator_pools[HSSD_IMSI_POOLS_MAX];
    size_t n_operator_pools;
    /* These have their defaults where the section is not there: what was begun ends by them. */
    uint32_t entry_seconds;      /* how long the D-AUSF has an entry, from its allocation */
    uint32_t quarantine_seconds; /* how long an IMSI rests */
    uint32_t poll_seconds;       /* between two questions to the RSMF */
    uint32_t pool_low_percent;
    unsigned threads;
    uint32_t requests_per_second, burst; /* of one service provider */
};
struct hssd_eir {
    bool enabled; /* S13 is offered and served */
    struct eir_policy policy;
};
/* What long-term keys are encrypted under on their way (docs/keys.md). */
struct hssd_transport_key {
    char *name;
    char *file; /* nf/hssd/transport_keys.h */
    enum transport_algorithm algorithm;
    bool may_export; /* keys may leave under it */
};
/* A receiver of events (nf/hssd/webhook.h). */
struct hssd_webhook {
    char *name; /* a-z, 0-9, hyphen */
    char *url;
    bool plain;        /* http://, on loopback */
    char *ca;          /* file: what its certificate leads to; NULL with `plain` */
    char *secret_file; /* nf/hssd/webhook_secret.h */
    char **events;     /* names */
    size_t n_events;   /* 0: all */
};
/* When nodes are told that registrations may have been lost (nf/hssd/reset.h). */
enum hssd_reset_after { HSSD_RESET_UNCLEAN, HSSD_RESET_ALWAYS, HSSD_RESET_NEVER };
struct hssd_limits {
    unsigned threads;        /* signalling threads; 0: one per core */
    unsigned connections;    /* of all peers */
    unsigned handshakes;     /* accepted and not yet past CER */
    uint32_t message_size;   /* octets of one Diameter message */
    uint32_t receive_buffer; /* octets per connection */
    uint32_t send_buffer;    /* octets per connection; full: the peer is closed */
    unsigned messages_per_turn;
    unsigned wait_of_peer_ms;    /* beyond, a peer's new requests are shed; 0: never */
    unsigned wait_of_all_ms;     /* beyond, those of all that have more waiting are; 0: never */
    unsigned spin_microseconds;  /* nf/common/spin.h */
    unsigned writer_queue;       /* jobs */
    unsigned recent_subscribers; /* remembered for SQN and unconfirmed vectors */
    uint64_t events_kept;
    uint64_t eir_rules; /* on the EIR's lists */
};
struct hssd_timers {
    unsigned watchdog_seconds; /* RFC 3539 Tw */
    unsigned cer_seconds;      /* from accept to CER */
    unsigned request_seconds;  /* for an answer to our own requests */
};

struct hssd_config {
    char *path; /* the file it was read from */
    void *raw;  /* and its tree (config_raw.h), for the next reading; NULL: not read from a file */
    char *origin_host;
    char *origin_realm;
    struct plmn *plmns; /* home PLMNs */
    size_t n_plmns;
    unsigned instance;
    uint32_t vendor_id; /* of our own AVPs */
    char *store_path;
    char *key_path;
    char *backup_folder; /* NULL: the HSS makes no backups */
    char *admin_socket;
    struct admin_https admin_https;
    struct hssd_listener *listeners;
    size_t n_listeners;
    struct hssd_peer *peers; /* ascending by origin_host, case-insensitive */
    size_t n_peers;
    struct hssd_profile *profiles; /* ascending by name */
    size_t n_profiles;
    struct hssd_alarms alarms;
    struct hssd_eir eir;
    enum hssd_reset_after reset;
    unsigned reset_pause_seconds; /* between two resets that one node is told of */
    struct hssd_repository
        *repositories; /* as in the file: the first that covers an IMEI is asked */
    size_t n_repositories;
    struct hssd_devid devid;
    struct hssd_kme kme;
    struct hssd_onboarding onboarding;
    struct hssd_dimsi dimsi;
    struct hssd_limits limits;
    struct hssd_timers timers;
    struct config_metrics metrics;
    struct hssd_webhook *webhooks;
    size_t n_webhooks;
    struct hssd_transport_key *transport_keys;
    size_t n_transport_keys;
    enum log_level log_level;
    bool mask_imsi;
    bool served_imei_known; /* every peer has sends_served_imei */
};

/* Its schema, what a reload takes over, and how it is checked; for docs/reference too. */
struct config_kind;
extern const struct config_kind hssd_config_kind;

/* Errors: E_NOT_FOUND (no such file), E_IO, E_BAD_VALUE (with *why filled), E_MEMORY. */
MUST_USE enum err hssd_config_load(const char *path, struct hssd_config **out,
                                   struct config_why *why);
/* The file of the snapshot in force once more: *out is that with every change that can count at
 * once, and *changes names what those are and what needs a restart. `running` must have come from a
 * file; of it only the tree is touched. Nothing changes after an error. Errors: as above. */
struct config_changes; /* nf/common/config_change.h */
MUST_USE enum err hssd_config_reload(const struct hssd_config *running, struct hssd_config **out,
                                     struct config_changes *changes, struct config_why *why);
/* `running` stays in force after all: its tree is again what it was before that. */
void hssd_config_reload_undo(const struct hssd_config *running, struct hssd_config *dropped);
void hssd_config_free(struct hssd_config *config);

/* The peer with this Origin-Host, case-insensitive, or NULL. By bisection. */
const struct hssd_peer *hssd_config_peer_by_host(const struct hssd_config *config,
                                                 struct bytes host);
/* The profile of this name, or NULL. By bisection. */
const struct hssd_profile *hssd_config_profile(const struct hssd_config *config, const char *name);
/* Is S13 offered? To answer equipment checks, or inquiries, or both. */
bool hssd_config_serves_s13(const struct hssd_config *config);
/* Octets of the longest answer. */
uint32_t hssd_config_answer_max(const struct hssd_config *config);
/* The repository that is asked about an IMEI, or NULL. */
const struct hssd_repository *hssd_config_repository_of(const struct hssd_config *config,
                                                        const struct imei *imei);
/* Does this HSS give subscriptions to devices? */
bool hssd_config_onboards(const struct hssd_config *config);
/* The authority of this name, or whose devices' URLs have this host, or NULL. */
const struct hssd_authority *hssd_config_authority(const struct hssd_config *config,
                                                   const char *name);
const struct hssd_authority *hssd_config_authority_of(const struct hssd_config *config,
                                                      const char *host);
/* The ARPF with this link, or NULL; the D-AUSF of a dIMSI's PLMN, or NULL. */
const struct hssd_dimsi_remote *hssd_config_arpf(const struct hssd_config *config,
                                                 const char *link);
const struct hssd_dimsi_remote *hssd_config_discovery(const struct hssd_config *config,
                                                      const struct imsi *dimsi);
/* The service provider of this name, or NULL. */
const struct hssd_sp *hssd_config_sp(const struct hssd_config *config, const char *sp_name);
/* May it offer the dIMSI? */
bool hssd_sp_has_dimsi(const struct hssd_sp *sp, const struct imsi *dimsi);
/* The webhook of this name, or NULL. */
const struct hssd_webhook *hssd_config_webhook(const struct hssd_config *config, const char *name);
/* The transport key of this name, or NULL. */
const struct hssd_transport_key *hssd_config_transport_key(const struct hssd_config *config,
                                                           const char *name);
/* Is the IMSI in one of n pools? */
bool hssd_config_in_pools(const struct hssd_imsi_pool *pools, size_t n, const struct imsi *imsi);
/* Is the IMSI of one of the home PLMNs? */
bool hssd_config_is_home(const struct hssd_config *config, const struct imsi *imsi);

#endif
