/* The file read again: which keys count at once, and which from the next start on.
 * docs/configuration.md has the same for people. Part of src/nf/dausfd/config.h. */
#include "nf/dausfd/config.h"

#include "nf/common/config_read.h"

/* Every key of the schema stands here or below one that does. What is AT_START lives as long as
 * the process: identities that peers were told, sockets, the table of peers, queues, the store and
 * its key. */
static const struct config_rule list[] = {
    {"host", CONFIG_AT_START, false},
    {"realm", CONFIG_AT_START, false},
    {"plmns", CONFIG_AT_START, false},
    {"vendor_id", CONFIG_AT_START, false},
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
    {"listeners", CONFIG_AT_START, false},
    {"listeners.certificate", CONFIG_AT_ONCE, false},
    {"listeners.key", CONFIG_AT_ONCE, false},
    {"listeners.ca", CONFIG_AT_ONCE, false},
    {"peers", CONFIG_AT_START, false},
    {"push", CONFIG_AT_START, false},
    {"push.certificate", CONFIG_AT_ONCE, false},
    {"push.key", CONFIG_AT_ONCE, false},
    {"push.ca", CONFIG_AT_ONCE, false},
    {"push.crl", CONFIG_AT_ONCE, false},
    {"push.limits.requests_per_second", CONFIG_AT_ONCE, false},
    {"push.limits.burst", CONFIG_AT_ONCE, false},
    {"operators", CONFIG_AT_ONCE, false},
    {"arpfs", CONFIG_AT_ONCE, false},
    {"ci", CONFIG_AT_ONCE, false},
    {"limits", CONFIG_AT_START, false},
    {"limits.entry_seconds", CONFIG_AT_ONCE, false},
    {"timers", CONFIG_AT_START, false},
    {"metrics", CONFIG_AT_ONCE, false},
    {"log", CONFIG_AT_ONCE, false},
};
const struct config_rules dausfd_config_rules = {list, sizeof list / sizeof *list};

enum err dausfd_config_reload(const struct dausfd_config *running, struct dausfd_config **out,
                              struct config_changes *changes, struct config_why *why)
{
    void *snapshot = NULL, *raw = NULL;
    enum err err = config_read_again(&dausfd_config_kind, running->path, running->raw, &snapshot,
                                     &raw, changes, why);
    if (err == E_OK) {
        *out = snapshot;
        (*out)->raw = raw;
    }
    return err;
}

void dausfd_config_reload_undo(const struct dausfd_config *running, struct dausfd_config *dropped)
{
    config_changes_undo(dausfd_config_kind.shape, &dausfd_config_rules, running->raw, dropped->raw);
}
