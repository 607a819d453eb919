#include "nf/common/admin_changes.h"

#include "nf/common/admin_call.h"

static json_t *names(const struct config_names *n)
{
    json_t *list = json_array();
    for (size_t i = 0; list != NULL && i < n->n; i++) {
        (void)json_array_append_new(list, json_string(n->list[i]));
    }
    return list;
}

json_t *admin_changes_json(const struct config_changes *changes)
{
    return json_pack("{s:o,s:o}", "changed", names(&changes->changed), "needs_restart",
                     names(&changes->needs_restart));
}

void admin_reloaded(struct admin_call *c, enum err err, struct config_changes *changes,
                    const struct config_why *why)
{
    struct admin_fault fault;
    if (err != E_OK) {
        (void)admin_fault_set(&fault, PROBLEM_CONFIGURATION, "", "%s: %s", why->place,
                              why->sentence);
        admin_call_refuse(c, &fault);
        return;
    }
    json_t *body = admin_changes_json(changes);
    config_changes_free(changes);
    admin_call_show(c, body);
}
