/* nf/rsmfd/config.h - the configuration of bindery-rsmfd: a YAML file read once into an immutable
 * snapshot, as strictly as that of the HSS (nf/common/config_*.h): unknown keys, values out of
 * range and contradictions are refused with file, line, column and what to change.
 * docs/configuration.md lists every key, examples/rsmfd.yaml shows them.
 */
#ifndef BINDERY_NF_RSMFD_CONFIG_H
#define BINDERY_NF_RSMFD_CONFIG_H

#include "id/plmn.h"
#include "net/https.h"
#include "nf/common/config_admin.h"
#include "nf/common/config_change.h"
#include "nf/common/config_metrics.h"
#include "nf/common/config_places.h"
#include "nf/common/log.h"

struct rsmfd_prefix { /* of addresses */
    struct address base;
    unsigned bits;
};
struct rsmfd_listener {
    struct address address;
    char *certificate, *key;
    char *ca, *crl; /* what clients' chains lead to; crl: or NULL */
};
struct rsmfd_config {
    void *raw;        /* the file's tree, for a reload */
    char *path;       /* the file it was read from */
    struct plmn plmn; /* the network whose name its certificate must have */
    struct rsmfd_listener operators_at, devices_at;
    struct plmn *operators; /* who may deliver: at least one, each with a realm of its own */
    size_t n_operators;
    struct rsmfd_prefix *sources; /* where devices may come from; none: from anywhere */
    size_t n_sources;
    char *store, *kek;
    char *admin; /* socket, or NULL */
    struct admin_https admin_https;
    struct https_limits limits;
    uint32_t requests_per_second, burst;
    struct config_metrics metrics;
    enum log_level log_level;
    bool mask_imsi;
};
/* Its schema, and how it is checked; for docs/reference too. */
struct config_kind;
extern const struct config_kind rsmfd_config_kind;
extern const struct config_rules rsmfd_config_rules; /* when a new value counts */

/* Errors: E_NOT_FOUND, E_IO, E_BAD_VALUE, E_MEMORY, with *why. */
MUST_USE enum err rsmfd_config_load(const char *path, struct rsmfd_config **out,
                                    struct config_why *why);
void rsmfd_config_free(struct rsmfd_config *config);
/* The file of `running` read again: *out is what counts from now on, whole, and *changes, which the
 * caller frees, has the keys. Errors, with *why: as above; nothing has changed then. */
MUST_USE enum err rsmfd_config_reload(const struct rsmfd_config *running, struct rsmfd_config **out,
                                      struct config_changes *changes, struct config_why *why);
/* What was read again is not taken after all; before it is freed. */
void rsmfd_config_reload_undo(const struct rsmfd_config *running, struct rsmfd_config *dropped);

/* "192.0.2.0/24", "2001:db8::/32", or an address alone. Errors: E_BAD_VALUE (also when bits behind
 * the prefix are set). */
MUST_USE enum err rsmfd_prefix_parse(const char *text, struct rsmfd_prefix *out);
bool rsmfd_prefix_has(const struct rsmfd_prefix *p, const struct address *a);
/* The operator whose realm is this name; NULL: none. */
const struct plmn *rsmfd_config_operator(const struct rsmfd_config *c, const char *name);
/* The operator whose RSMF has this name, "rsmf.epc.mnc001.mcc001.3gppnetwork.org", also with a port
 * and in any case, as a Host header has it; NULL: none. */
const struct plmn *rsmfd_config_asked(const struct rsmfd_config *c, const char *host);
bool rsmfd_config_source(const struct rsmfd_config *c, const struct address *from);

#endif
