/* nf/mmed/config_reload.c - the file read again: which keys count at once, and which from the next
 * start on. docs/configuration.md has the same table for people. */
#include "nf/mmed/config_raw.h"

#include "nf/common/config_read.h"

/* Every key of the schema stands here or below one that does. What is AT_START was told to eNBs,
 * or built into tables, sockets and queues that live as long as the process. */
static const struct config_rule list[] = {
    {"origin_host", CONFIG_AT_START, false},
    {"origin_realm", CONFIG_AT_START, false},
    {"name", CONFIG_AT_START, false},
    {"vendor_id", CONFIG_AT_START, false},
    {"plmn", CONFIG_AT_START, false},
    {"mme_group_id", CONFIG_AT_START, false},
    {"mme_code", CONFIG_AT_START, false},
    {"relative_capacity", CONFIG_AT_START, false},
    {"tracking_areas", CONFIG_AT_START, false},
    {"enb_addresses", CONFIG_AT_ONCE, false},
    {"listeners", CONFIG_AT_START, false},
    {"homes", CONFIG_AT_ONCE, false},
    {"peers", CONFIG_AT_ONCE, false},
    {"admin", CONFIG_AT_START, false},
    {"admin.https", CONFIG_AT_START, true},
    {"admin.https.certificate", CONFIG_AT_ONCE, false},
    {"admin.https.key", CONFIG_AT_ONCE, false},
    {"admin.https.ca", CONFIG_AT_ONCE, false},
    {"admin.https.crl", CONFIG_AT_ONCE, false},
    {"admin.https.users", CONFIG_AT_ONCE, false},
    {"admin.https.limits.requests_per_second", CONFIG_AT_ONCE, false},
    {"admin.https.limits.burst", CONFIG_AT_ONCE, false},
    {"security", CONFIG_AT_ONCE, false},
    {"devid", CONFIG_AT_START, false},
    {"devid.signers", CONFIG_AT_ONCE, false},
    {"devid.ca", CONFIG_AT_ONCE, false},
    {"devid.crl", CONFIG_AT_ONCE, false},
    {"devid.ca_with_binding", CONFIG_AT_ONCE, false},
    {"devid.algorithms", CONFIG_AT_ONCE, false},
    {"provisioning", CONFIG_AT_START, false},
    {"provisioning.kme", CONFIG_AT_ONCE, false},
    {"vectors", CONFIG_AT_ONCE, false},
    {"reuse_security", CONFIG_AT_ONCE, false},
    {"sends_served_imei", CONFIG_AT_ONCE, false},
    {"check_imei", CONFIG_AT_ONCE, false},
    {"admit_grey", CONFIG_AT_ONCE, false},
    {"serve", CONFIG_AT_ONCE, false},
    {"report_failures", CONFIG_AT_ONCE, false},
    {"reroute_group_id", CONFIG_AT_ONCE, false},
    {"network_name", CONFIG_AT_ONCE, false},
    {"pool", CONFIG_AT_START, false},
    {"s_gw_address", CONFIG_AT_START, false},
    {"retransmissions", CONFIG_AT_ONCE, false},
    {"metrics", CONFIG_AT_ONCE, false},
    {"timers", CONFIG_AT_ONCE, false},
    {"timers.watchdog_seconds", CONFIG_AT_START, false},
    {"limits", CONFIG_AT_START, false},
    {"limits.attaching", CONFIG_AT_ONCE, false},
    {"log", CONFIG_AT_ONCE, false},
};
const struct config_rules mmed_config_rules = {list, sizeof list / sizeof *list};

static void free_snapshot(void *snapshot)
{
    mmed_config_free(snapshot);
}

const struct config_kind mmed_config_kind = {&mmed_config_shape, &mmed_config_rules,
                                             mmed_config_check, free_snapshot};

enum err mmed_config_reload(const struct mmed_config *running, struct mmed_config **out,
                            struct config_changes *changes, struct config_why *why)
{
    void *snapshot = NULL, *raw = NULL;
    enum err err = config_read_again(&mmed_config_kind, running->path, running->raw, &snapshot,
                                     &raw, changes, why);
    if (err == E_OK) {
        *out = snapshot;
        (*out)->raw = raw;
    }
    return err;
}

void mmed_config_reload_undo(const struct mmed_config *running, struct mmed_config *dropped)
{
    config_changes_undo(&mmed_config_shape, &mmed_config_rules, running->raw, dropped->raw);
}
