/* The file read again: which keys count at once, and which from the next start on.
 * docs/configuration.md has the same for people. Part of src/nf/repod/config.h. */
#include "nf/repod/config.h"

#include "nf/common/config_read.h"

/* Every key of the schema stands here or below one that does. What is AT_START lives as long as
 * the process: the address, the store, and what records and the audit log are made with. */
static const struct config_rule list[] = {
    {"listener", CONFIG_AT_START, false},
    {"listener.certificate", CONFIG_AT_ONCE, false},
    {"listener.key", CONFIG_AT_ONCE, false},
    {"listener.ca", CONFIG_AT_ONCE, false},
    {"listener.crl", CONFIG_AT_ONCE, false},
    {"signing_key", CONFIG_AT_START, false},
    {"store", CONFIG_AT_START, false},
    {"audit", CONFIG_AT_START, false},
    {"manufacturers", CONFIG_AT_ONCE, false},
    {"operators", CONFIG_AT_ONCE, false},
    {"limits", CONFIG_AT_START, false},
    {"limits.bulk_seconds", CONFIG_AT_ONCE, false},
    {"limits.bulk_rows", CONFIG_AT_ONCE, false},
    {"limits.requests_per_second", CONFIG_AT_ONCE, false},
    {"limits.burst", CONFIG_AT_ONCE, false},
    {"site", CONFIG_AT_ONCE, false},
    {"admin", CONFIG_AT_START, false},
    {"admin.https", CONFIG_AT_START, true},
    {"admin.https.certificate", CONFIG_AT_ONCE, false},
    {"admin.https.key", CONFIG_AT_ONCE, false},
    {"admin.https.ca", CONFIG_AT_ONCE, false},
    {"admin.https.crl", CONFIG_AT_ONCE, false},
    {"admin.https.users", CONFIG_AT_ONCE, false},
    {"admin.https.limits.requests_per_second", CONFIG_AT_ONCE, false},
    {"admin.https.limits.burst", CONFIG_AT_ONCE, false},
    {"metrics", CONFIG_AT_ONCE, false},
    {"log", CONFIG_AT_ONCE, false},
};
const struct config_rules repod_config_rules = {list, sizeof list / sizeof *list};

enum err repod_config_reload(const struct repod_config *running, struct repod_config **out,
                             struct config_changes *changes, struct config_why *why)
{
    void *snapshot = NULL, *raw = NULL;
    enum err err = config_read_again(&repod_config_kind, running->path, running->raw, &snapshot,
                                     &raw, changes, why);
    if (err == E_OK) {
        *out = snapshot;
        (*out)->raw = raw;
    }
    return err;
}

void repod_config_reload_undo(const struct repod_config *running, struct repod_config *dropped)
{
    config_changes_undo(repod_config_kind.shape, &repod_config_rules, running->raw, dropped->raw);
}
