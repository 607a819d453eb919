/* nf/common/config_change.h - two readings of one configuration file held against each other, key
 * by key: which keys have another value, and which of those a daemon that serves may take over.
 *
 * It goes by the schema (nf/common/config_yaml.h) and by a table of rules, so a key that somebody
 * adds is compared without a word here. A key without a rule needs a restart. Entries of a list of
 * groups are told apart by their first key ("peers[mme.example.org].realm"), or by their place
 * where that is not there. It knows no daemon and reads no file.
 */
#ifndef BINDERY_NF_COMMON_CONFIG_CHANGE_H
#define BINDERY_NF_COMMON_CONFIG_CHANGE_H

#include "nf/common/config_yaml.h"

#define CONFIG_KEY_MAX 256 /* octets of a key's name, with its NUL */

enum config_when {
    CONFIG_AT_START, /* the value at the start counts */
    CONFIG_AT_ONCE   /* a new value counts as soon as it was read */
};
/* For a key and everything below it, unless a longer one says otherwise: "peers",
 * "listeners.certificate". Of a list of groups: may entries come, go and change places? */
struct config_rule {
    const char *key;
    enum config_when when;
    bool section; /* a group that turns something on by being there: where it was not there before,
                     or is not any more, all of it needs a restart */
};
struct config_rules {
    const struct config_rule *list;
    size_t n;
};
/* The rule for a key without places of entries ("peers.realm"); NULL: none, so it needs a restart.
 */
const struct config_rule *config_rule_of(const struct config_rules *rules, const char *key);

struct config_names {
    char **list;
    size_t n;
};
struct config_changes {
    struct config_names changed;       /* what counts from now on */
    struct config_names needs_restart; /* what counts from the next start on */
};
/* Names every key that is not the same in `before` and `after`, which are of this shape. What needs
 * a restart changes places: `after` has the old value then and `before` the new one, and the same
 * call once more puts all back. Errors: E_MEMORY, with *out empty and places as they fell: call
 * config_changes_undo. */
MUST_USE enum err config_changes_take(const struct config_shape *shape,
                                      const struct config_rules *rules, void *before, void *after,
                                      struct config_changes *out);
/* Puts the values back that config_changes_take exchanged. */
void config_changes_undo(const struct config_shape *shape, const struct config_rules *rules,
                         void *before, void *after);
void config_changes_free(struct config_changes *changes);
/* "a, b and 3 more", or "none"; what fits. */
void config_names_print(const struct config_names *names, char *out, size_t room);
/* Calls fn for every key of the schema that has a value or a list of values: "peers.realm". */
void config_each_key(const struct config_shape *shape, void (*fn)(void *ctx, const char *key),
                     void *ctx);

#endif
