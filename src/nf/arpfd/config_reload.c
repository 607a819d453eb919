/* The file read again: which keys count at once, and which from the next start on.
 * docs/configuration.md has the same for people. Part of src/nf/arpfd/config.h. */
#include "nf/arpfd/config.h"

#include "nf/common/config_read.h"

/* Every key of the schema stands here or below one that does. What is AT_START lives as long as
 * the process: the name in its certificates, sockets and the store. */
static const struct config_rule list[] = {
    {"name", CONFIG_AT_START, false},
    {"listen", CONFIG_AT_START, false},
    {"certificate", CONFIG_AT_ONCE, false},
    {"key", CONFIG_AT_ONCE, false},
    {"ca", CONFIG_AT_ONCE, false},
    {"crl", CONFIG_AT_ONCE, false},
    {"agreement", CONFIG_AT_ONCE, false},
    {"endorsement", CONFIG_AT_ONCE, false},
    {"endorsement_seconds", CONFIG_AT_ONCE, false},
    {"ci", CONFIG_AT_ONCE, false},
    {"sp", CONFIG_AT_ONCE, false},
    {"service_providers", CONFIG_AT_ONCE, false},
    {"revocations_most", CONFIG_AT_ONCE, false},
    {"operators", CONFIG_AT_ONCE, false},
    {"store", CONFIG_AT_START, false},
    {"admin", CONFIG_AT_START, false},
    {"admin_https", CONFIG_AT_START, true},
    {"admin_https.certificate", CONFIG_AT_ONCE, false},
    {"admin_https.key", CONFIG_AT_ONCE, false},
    {"admin_https.ca", CONFIG_AT_ONCE, false},
    {"admin_https.crl", CONFIG_AT_ONCE, false},
    {"admin_https.users", CONFIG_AT_ONCE, false},
    {"admin_https.limits.requests_per_second", CONFIG_AT_ONCE, false},
    {"admin_https.limits.burst", CONFIG_AT_ONCE, false},
    {"limits", CONFIG_AT_START, false},
    {"limits.requests_per_second", CONFIG_AT_ONCE, false},
    {"limits.burst", CONFIG_AT_ONCE, false},
    {"metrics", CONFIG_AT_ONCE, false},
    {"log", CONFIG_AT_ONCE, false},
};
const struct config_rules arpfd_config_rules = {list, sizeof list / sizeof *list};

enum err arpfd_config_reload(const struct arpfd_config *running, struct arpfd_config **out,
                             struct config_changes *changes, struct config_why *why)
{
    void *snapshot = NULL, *raw = NULL;
    enum err err = config_read_again(&arpfd_config_kind, running->path, running->raw, &snapshot,
                                     &raw, changes, why);
    if (err == E_OK) {
        *out = snapshot;
        (*out)->raw = raw;
    }
    return err;
}

void arpfd_config_reload_undo(const struct arpfd_config *running, struct arpfd_config *dropped)
{
    config_changes_undo(arpfd_config_kind.shape, &arpfd_config_rules, running->raw, dropped->raw);
}
