/* nf/repod/config.h - the configuration of bindery-repod: a YAML file read once into an immutable
 * snapshot, as strictly as that of the HSS (nf/common/config_*.h): unknown keys, values out of
 * range and contradictions are refused with file, line, column and what to change.
 * docs/configuration.md lists every key, examples/repod.yaml shows them.
 */
#ifndef BINDERY_NF_REPOD_CONFIG_H
#define BINDERY_NF_REPOD_CONFIG_H

#include "id/imei_range.h"
#include "net/https.h"
#include "nf/common/config_admin.h"
#include "nf/common/config_change.h"
#include "nf/common/config_metrics.h"
#include "nf/common/config_places.h"
#include "nf/common/log.h"

#define REPOD_GRANTS 8192u /* manufacturers and operators, at most */
struct repod_grant {       /* a client, and the devices it may publish or ask for */
    enum verify_role role;
    char *name; /* the first dNSName, or the CN, of its certificate; lower case */
    struct imei_range *ranges;
    size_t n_ranges; /* an operator without any may ask for all */
    char *device_ca; /* manufacturers: path, or NULL: the CA is kept with each binding */
};
struct repod_site { /* the certificate site (nf/repod/site.h) */
    bool on, open;  /* open: chains and lists for whoever comes, without a certificate */
    char **crl;     /* paths; each by the name at its end, which no other has */
    size_t n_crl;
    uint32_t cache_seconds;
    uint32_t requests_per_second, burst; /* of an address that shows no certificate */
};
struct repod_config {
    void *raw; /* the file's tree, for a reload */
    char *path;
    struct address address;
    char *certificate, *key, *ca, *crl; /* crl: or NULL */
    char *signing_key, *store, *audit;
    struct repod_grant *grants;
    size_t n_grants;
    struct https_limits limits;
    uint32_t bulk_ms, bulk_rows, requests_per_second, burst;
    struct repod_site site;
    char *admin_socket; /* NULL: there is none */
    struct admin_https admin_https;
    struct config_metrics metrics;
    enum log_level log_level;
};
/* Its schema, and how it is checked; for docs/reference too. */
struct config_kind;
extern const struct config_kind repod_config_kind;
extern const struct config_rules repod_config_rules; /* when a new value counts */

/* Errors: E_NOT_FOUND, E_IO, E_BAD_VALUE, E_MEMORY, with *why. */
MUST_USE enum err repod_config_load(const char *path, struct repod_config **out,
                                    struct config_why *why);
void repod_config_free(struct repod_config *config);
/* The file of `running` read again: *out is what counts from now on, whole, and *changes, which the
 * caller frees, has the keys. Errors, with *why: as above; nothing has changed then. */
MUST_USE enum err repod_config_reload(const struct repod_config *running, struct repod_config **out,
                                      struct config_changes *changes, struct config_why *why);
/* What was read again is not taken after all; before it is freed. */
void repod_config_reload_undo(const struct repod_config *running, struct repod_config *dropped);
/* The grant of a client in a role; NULL: it has none. */
const struct repod_grant *repod_config_grant(const struct repod_config *c, enum verify_role role,
                                             const char *name);
bool repod_grant_covers(const struct repod_grant *g, const struct imei *imei);

#endif
