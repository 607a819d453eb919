/* nf/arpfd/config.h - the configuration of bindery-arpfd: a YAML file read once into an immutable
 * snapshot, as strictly as that of the HSS (nf/common/config_*.h): unknown keys, values out of
 * range and contradictions are refused with file, line, column and what to change.
 * docs/configuration.md lists every key, examples/arpfd.yaml shows them.
 */
#ifndef BINDERY_NF_ARPFD_CONFIG_H
#define BINDERY_NF_ARPFD_CONFIG_H

#include "net/https.h"
#include "nf/common/config_admin.h"
#include "nf/common/config_change.h"
#include "nf/common/config_metrics.h"
#include "nf/common/config_places.h"
#include "nf/common/log.h"
#include "proc/dimsi.h"

#define ARPFD_KEYS_MAX 16u

struct arpfd_key_files {
    char *certificate, *key; /* PEM: the key's own certificate, then what is above it */
};
struct arpfd_roots {
    char *roots, *crl; /* crl: or NULL */
};
struct arpfd_operator {
    struct plmn plmn;
    char realm[REALM_TEXT_MAX]; /* the name of its AUSF's certificates */
};
struct arpfd_range { /* of one length, first not behind last */
    struct imsi first, last;
};
struct arpfd_sp { /* a dIMSI belongs to one SP at most */
    struct dimsi_name name;
    struct arpfd_range *dimsis; /* 1 or more */
    size_t n_dimsis;
};
struct arpfd_config {
    void *raw; /* the file's tree, for a reload */
    char *path;
    struct dimsi_name name;
    struct address address;
    char *certificate, *key, *ca, *crl; /* of TLS; crl: or NULL */
    struct arpfd_key_files *agreement;  /* 1 or more; the first is handed out */
    struct arpfd_key_files endorsement;
    struct arpfd_roots ci, sp;
    struct arpfd_operator *operators;
    struct arpfd_sp *service_providers;
    size_t n_agreement, n_operators, n_service_providers;
    char *store, *admin;
    struct admin_https admin_https;
    uint32_t endorsement_seconds;
    uint32_t revocations_most; /* of each SP, on record */
    struct https_limits limits;
    uint32_t requests_per_second, burst;
    struct config_metrics metrics;
    enum log_level log_level;
    bool mask_imsi;
};
/* Its schema, and how it is checked; for docs/reference too. */
struct config_kind;
extern const struct config_kind arpfd_config_kind;
extern const struct config_rules arpfd_config_rules; /* when a new value counts */

/* Errors: E_NOT_FOUND, E_IO, E_BAD_VALUE, E_MEMORY, with *why. */
MUST_USE enum err arpfd_config_load(const char *path, struct arpfd_config **out,
                                    struct config_why *why);
/* Harmless on NULL. */
void arpfd_config_free(struct arpfd_config *config);
/* The file of `running` read again: *out is what counts from now on, whole, and *changes, which the
 * caller frees, has the keys. Errors, with *why: as above; nothing has changed then. */
MUST_USE enum err arpfd_config_reload(const struct arpfd_config *running, struct arpfd_config **out,
                                      struct config_changes *changes, struct config_why *why);
/* What was read again is not taken after all; before it is freed. */
void arpfd_config_reload_undo(const struct arpfd_config *running, struct arpfd_config *dropped);
/* The operator whose AUSF has this name; NULL: it is none of them. */
const struct arpfd_operator *arpfd_config_operator(const struct arpfd_config *c, const char *name);
bool arpfd_config_is_sp(const struct arpfd_config *c, const char *name);
/* Is this dIMSI one of that SP's? False for an SP that is none here. */
bool arpfd_config_has_dimsi(const struct arpfd_config *c, const char *sp, const struct imsi *dimsi);

#endif
