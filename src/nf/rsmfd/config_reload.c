/* The file read again: which keys count at once, and which from the next start on.
 * docs/configuration.md has the same for people. Part of src/nf/rsmfd/config.h. */
#include "nf/rsmfd/config.h"

#include "nf/common/config_read.h"

/* Every key of the schema stands here or below one that does. What is AT_START lives as long as
 * the process: the PLMN whose name devices look for, sockets, the store and its key. */
static const struct config_rule list[] = {
    {"plmn", CONFIG_AT_START, false},
    {"listen", CONFIG_AT_START, false},
    {"certificate", CONFIG_AT_ONCE, false},
    {"key", CONFIG_AT_ONCE, false},
    {"ca", CONFIG_AT_ONCE, false},
    {"crl", CONFIG_AT_ONCE, false},
    {"operators", CONFIG_AT_ONCE, false},
    {"devices", CONFIG_AT_START, false},
    {"devices.certificate", CONFIG_AT_ONCE, false},
    {"devices.key", CONFIG_AT_ONCE, false},
    {"devices.ci", CONFIG_AT_ONCE, false},
    {"devices.sources", CONFIG_AT_ONCE, false},
    {"store", CONFIG_AT_START, false},
    {"kek", CONFIG_AT_START, false},
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
const struct config_rules rsmfd_config_rules = {list, sizeof list / sizeof *list};

enum err rsmfd_config_reload(const struct rsmfd_config *running, struct rsmfd_config **out,
                             struct config_changes *changes, struct config_why *why)
{
    void *snapshot = NULL, *raw = NULL;
    enum err err = config_read_again(&rsmfd_config_kind, running->path, running->raw, &snapshot,
                                     &raw, changes, why);
    if (err == E_OK) {
        *out = snapshot;
        (*out)->raw = raw;
    }
    return err;
}

void rsmfd_config_reload_undo(const struct rsmfd_config *running, struct rsmfd_config *dropped)
{
    config_changes_undo(rsmfd_config_kind.shape, &rsmfd_config_rules, running->raw, dropped->raw);
}
