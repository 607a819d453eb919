/* nf/hssd/config_reload.c - the file read again: which keys count at once, and which from the next
 * start on. docs/configuration.md has the same table for people. */
#include "nf/hssd/config_raw.h"

#include "nf/common/config_read.h"

/* Every key of the schema stands here or below one that does. What is AT_START was built into
 * something that lives as long as the process: sockets, threads, queues, the store, identities that
 * peers were told, clients of repositories and authorities. */
static const struct config_rule list[] = {
    {"origin_host", CONFIG_AT_START, false},
    {"origin_realm", CONFIG_AT_START, false},
    {"instance", CONFIG_AT_START, false},
    {"vendor_id", CONFIG_AT_START, false},
    {"plmns", CONFIG_AT_START, false},
    {"store", CONFIG_AT_START, false},
    {"admin", CONFIG_AT_START, false},
    {"admin.https", CONFIG_AT_START, true},
    {"store.backup_folder", CONFIG_AT_ONCE, false},
    {"admin.https.certificate", CONFIG_AT_ONCE, false},
    {"admin.https.key", CONFIG_AT_ONCE, false},
    {"admin.https.ca", CONFIG_AT_ONCE, false},
    {"admin.https.crl", CONFIG_AT_ONCE, false},
    {"admin.https.users", CONFIG_AT_ONCE, false},
    {"admin.https.limits.requests_per_second", CONFIG_AT_ONCE, false},
    {"admin.https.limits.burst", CONFIG_AT_ONCE, false},
    {"listeners", CONFIG_AT_START, false},
    {"listeners.certificate", CONFIG_AT_ONCE, false},
    {"listeners.key", CONFIG_AT_ONCE, false},
    {"listeners.ca", CONFIG_AT_ONCE, false},
    {"peers", CONFIG_AT_ONCE, false},
    {"profiles", CONFIG_AT_ONCE, false},
    {"alarms", CONFIG_AT_ONCE, false},
    {"eir", CONFIG_AT_ONCE, false},
    {"eir.enabled", CONFIG_AT_START, false}, /* peers were told whether there is S13 */
    {"repositories", CONFIG_AT_START, false},
    {"devid", CONFIG_AT_START, false},
    {"devid.remember_seconds", CONFIG_AT_ONCE, false},
    {"kme", CONFIG_AT_START, false},
    {"kme.nonce_seconds", CONFIG_AT_ONCE, false},
    {"onboarding", CONFIG_AT_START, true},
    {"onboarding.profile", CONFIG_AT_ONCE, false},
    {"onboarding.policy", CONFIG_AT_ONCE, false},
    {"onboarding.algorithm", CONFIG_AT_ONCE, false},
    {"onboarding.imsis", CONFIG_AT_ONCE, false},
    {"onboarding.pool_low_percent", CONFIG_AT_ONCE, false},
    {"onboarding.pending_seconds", CONFIG_AT_ONCE, false},
    {"onboarding.quarantine_seconds", CONFIG_AT_ONCE, false},
    {"onboarding.answer_seconds", CONFIG_AT_ONCE, false},
    {"onboarding.device_seconds", CONFIG_AT_ONCE, false},
    {"onboarding.authorities.ranges", CONFIG_AT_ONCE, false},
    {"onboarding.authorities.approval", CONFIG_AT_ONCE, false},
    {"onboarding.authorities.waiting_most", CONFIG_AT_ONCE, false},
    {"onboarding.authorities.pending_most", CONFIG_AT_ONCE, false},
    {"onboarding.authorities.per_hour", CONFIG_AT_ONCE, false},
    {"dimsi", CONFIG_AT_START, true},
    {"dimsi.certificate", CONFIG_AT_ONCE, false},
    {"dimsi.key", CONFIG_AT_ONCE, false},
    {"dimsi.ca", CONFIG_AT_ONCE, false},
    {"dimsi.crl", CONFIG_AT_ONCE, false},
    {"dimsi.service_providers", CONFIG_AT_ONCE, false},
    {"dimsi.imsis", CONFIG_AT_ONCE, false},
    {"dimsi.operator_imsis", CONFIG_AT_ONCE, false},
    {"dimsi.profile", CONFIG_AT_ONCE, false},
    {"dimsi.operator_profile", CONFIG_AT_ONCE, false},
    {"dimsi.operator_policy", CONFIG_AT_ONCE, false},
    {"dimsi.algorithm", CONFIG_AT_ONCE, false},
    {"dimsi.entry_seconds", CONFIG_AT_ONCE, false},
    {"dimsi.quarantine_seconds", CONFIG_AT_ONCE, false},
    {"dimsi.poll_seconds", CONFIG_AT_ONCE, false},
    {"dimsi.pool_low_percent", CONFIG_AT_ONCE, false},
    {"dimsi.requests_per_second", CONFIG_AT_ONCE, false},
    {"dimsi.burst", CONFIG_AT_ONCE, false},
    {"reset", CONFIG_AT_START, false}, /* what it says is done at the start */
    {"reset.pause_seconds", CONFIG_AT_ONCE, false},
    {"limits", CONFIG_AT_START, false},
    {"limits.handshakes", CONFIG_AT_ONCE, false},
    {"limits.events_kept", CONFIG_AT_ONCE, false},
    {"timers", CONFIG_AT_START, false},
    {"metrics", CONFIG_AT_ONCE, false},
    {"webhooks", CONFIG_AT_ONCE, false},
    {"transport_keys", CONFIG_AT_ONCE, false},
    {"timers.request_seconds", CONFIG_AT_ONCE, false},
    {"log", CONFIG_AT_ONCE, false},
};
const struct config_rules hssd_config_rules = {list, sizeof list / sizeof *list};

static void free_snapshot(void *snapshot)
{
    hssd_config_free(snapshot);
}

const struct config_kind hssd_config_kind = {&hssd_config_shape, &hssd_config_rules,
                                             hssd_config_check, free_snapshot};

enum err hssd_config_reload(const struct hssd_config *running, struct hssd_config **out,
                            struct config_changes *changes, struct config_why *why)
{
    void *snapshot = NULL, *raw = NULL;
    enum err err = config_read_again(&hssd_config_kind, running->path, running->raw, &snapshot,
                                     &raw, changes, why);
    if (err == E_OK) {
        *out = snapshot;
        (*out)->raw = raw;
    }
    return err;
}

void hssd_config_reload_undo(const struct hssd_config *running, struct hssd_config *dropped)
{
    config_changes_undo(&hssd_config_shape, &hssd_config_rules, running->raw, dropped->raw);
}
