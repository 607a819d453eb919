/* nf/dausfd/config.h - the configuration of bindery-dausfd: a YAML file read once into an immutable
 * snapshot that every thread may read without a lock, as strictly as that of the HSS
 * (nf/common/config_*.h): unknown keys, values out of range and contradictions are refused with
 * file, line, column and what to change. docs/configuration.md lists every key,
 * examples/dausfd.yaml shows them.
 */
#ifndef BINDERY_NF_DAUSFD_CONFIG_H
#define BINDERY_NF_DAUSFD_CONFIG_H

#include "net/https.h"
#include "nf/common/config_admin.h"
#include "nf/common/config_change.h"
#include "nf/common/config_metrics.h"
#include "nf/common/config_places.h"
#include "nf/common/log.h"
#include "proc/dimsi.h"

struct dausfd_listener { /* of Diameter */
    struct address address;
    bool loopback;
    char *certificate, *key, *ca; /* NULL but for tls:// */
};
/* An end speaks for itself; an agent carries the origins and realms it lists. */
enum dausfd_peer_kind { DAUSFD_PEER_END, DAUSFD_PEER_AGENT };
struct dausfd_peer {
    char *origin_host, *realm;
    enum dausfd_peer_kind kind;
    char **origins, **realms; /* of an agent; without origins any host below its realms */
    size_t n_origins, n_realms;
    struct plmn *visited_plmns; /* Visited-PLMN-Ids it may name */
    size_t n_visited_plmns;
    struct address *addresses; /* only the IP counts. Empty: any on tls://, loopback on others */
    size_t n_addresses;
    bool on_tcp, on_tls, on_sctp;
    unsigned connections; /* at most this many at once */
};
struct dausfd_range { /* of one length, first not behind last */
    struct imsi first, last;
};
struct dausfd_arpf { /* which ARPF may endorse operators for which dIMSIs */
    struct dimsi_name name;
    struct dausfd_range *dimsis;
    size_t n_dimsis;
};
struct dausfd_push { /* where target AUSFs come */
    struct address address;
    char *certificate, *key, *ca, *crl; /* crl: or NULL */
    uint32_t requests_per_second, burst;
    struct https_limits limits;
};
struct dausfd_limits {
    unsigned connections; /* of all Diameter peers */
    uint32_t message_size, receive_buffer, send_buffer;
    unsigned messages_per_turn, spin_microseconds;
    uint32_t wait_of_peer_ms; /* beyond, a peer's AIRs are shed; 0: never */
    uint32_t wait_of_all_ms;  /* beyond, those of all that have more waiting are; 0: never */
    uint32_t entry_seconds;   /* no entry lives longer than this from its push on */
};
struct dausfd_config {
    void *raw;  /* the file's tree, for a reload */
    char *path; /* the file it was read from */
    char *origin_host, *origin_realm;
    struct plmn *plmns; /* of the dIMSIs */
    size_t n_plmns;
    uint32_t vendor_id;
    char *store, *kek, *admin;
    struct admin_https admin_https;
    struct dausfd_listener *listeners;
    size_t n_listeners;
    struct dausfd_peer *peers;
    size_t n_peers;
    struct dausfd_push push;
    struct plmn *operators; /* who may push */
    size_t n_operators;
    struct dausfd_arpf *arpfs;
    size_t n_arpfs;
    char *ci_roots, *ci_crl; /* what ARPFs' chains lead to; crl: or NULL */
    struct dausfd_limits limits;
    unsigned watchdog_seconds, cer_seconds;
    struct config_metrics metrics;
    enum log_level log_level;
    bool mask_imsi;
};

/* Its schema, and how it is checked; for docs/reference too. */
struct config_kind;
extern const struct config_kind dausfd_config_kind;
extern const struct config_rules dausfd_config_rules; /* when a new value counts */

/* Errors: E_NOT_FOUND (no such file), E_IO, E_BAD_VALUE, E_MEMORY, with *why. */
MUST_USE enum err dausfd_config_load(const char *path, struct dausfd_config **out,
                                     struct config_why *why);
void dausfd_config_free(struct dausfd_config *config);
/* The file of `running` read again: *out is what counts from now on, whole, and *changes, which the
 * caller frees, has the keys. Errors, with *why: as above; nothing has changed then. */
MUST_USE enum err dausfd_config_reload(const struct dausfd_config *running,
                                       struct dausfd_config **out, struct config_changes *changes,
                                       struct config_why *why);
/* What was read again is not taken after all; before it is freed. */
void dausfd_config_reload_undo(const struct dausfd_config *running, struct dausfd_config *dropped);

/* The peer with this Origin-Host, case-insensitive, or NULL. */
const struct dausfd_peer *dausfd_config_peer(const struct dausfd_config *config, struct bytes host);
/* Is the IMSI of one of the PLMNs whose dIMSIs are served here? */
bool dausfd_config_serves(const struct dausfd_config *config, const struct imsi *dimsi);
/* The operator whose AUSF has this name in its certificate, or NULL: the name is the realm of its
 * PLMN (TS 23.003 19.2). */
const struct plmn *dausfd_config_operator(const struct dausfd_config *config, const char *name);
/* May this ARPF speak for the dIMSI? */
bool dausfd_config_may_endorse(const struct dausfd_config *config, const struct dimsi_name *arpf,
                               const struct imsi *dimsi);

#endif
