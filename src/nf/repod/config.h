/* nf/repod/config.h - the configuration of bindery-repod: a YAML file read once into an immutable
 * snapshot, as strictly as that of the HSS (nf/common/config_*.h): unknown keys, values out of
 * range and contradictions are refused with file, line, column and what to change.
 * docs/configuration.md lists every key, examples/repod.yaml shows them.
 */
#ifndef BINDERY_NF_REPOD_CONFIG_H
#define BINDERY_NF_REPOD_CONFIG_H

#include "id/imei_range.h"
#include "net/https.h"
#include "nf/common/config_places.h"
#include "nf/common/log.h"

struct repod_grant { /* a client, and the devices it may publish or ask for */
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
    char *path;
    struct address address;
    char *certificate, *key, *ca, *crl; /* crl: or NULL */
    char *signing_key, *store, *audit;
    struct repod_grant *grants;
    size_t n_grants;
    struct https_limits limits;
    uint32_t bulk_ms, bulk_rows, requests_per_second, burst;
    struct repod_site site;
    enum log_level log_level;
};
/* Errors: E_NOT_FOUND, E_IO, E_BAD_VALUE, E_MEMORY, with *why. */
MUST_USE enum err repod_config_load(const char *path, struct repod_config **out,
                                    struct config_why *why);
void repod_config_free(struct repod_config *config);
/* What differs between the two and takes effect only at a start: the name of a key, or NULL. */
const char *repod_config_fixed(const struct repod_config *a, const struct repod_config *b);
/* The grant of a client in a role; NULL: it has none. */
const struct repod_grant *repod_config_grant(const struct repod_config *c, enum verify_role role,
                                             const char *name);
bool repod_grant_covers(const struct repod_grant *g, const struct imei *imei);

#endif
