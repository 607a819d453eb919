/* nf/common/config_read.h - reading a configuration file: at a start, and again while a daemon
 * serves by it.
 *
 * Read again, the file has to be good by itself, as at a start, and once more with what needs a
 * restart left as it is: so what comes out is a whole snapshot that can be put in force at once, or
 * nothing. Putting it in force is the daemon's.
 */
#ifndef BINDERY_NF_COMMON_CONFIG_READ_H
#define BINDERY_NF_COMMON_CONFIG_READ_H

#include "nf/common/config_change.h"
#include "nf/common/log.h"

struct config_kind {
    const struct config_shape *shape;
    const struct config_rules *rules;
    /* A snapshot of the file; errors as with config_file_open. */
    enum err (*check)(const struct config_file *file, const char *path, void **out,
                      struct config_why *why);
    void (*free)(void *snapshot); /* harmless on NULL */
};
/* *out: the snapshot; *raw: its tree, the caller's, which is the `running` of config_read_again.
 * Errors: those of config_file_open and of check, E_MEMORY; all with *why. */
MUST_USE enum err config_read(const struct config_kind *kind, const char *path, void **out,
                              void **raw, struct config_why *why);
/* `running` is the tree of what is in force. Nothing changes after an error. Otherwise as
 * config_read. */
MUST_USE enum err config_read_again(const struct config_kind *kind, const char *path, void *running,
                                    void **out, void **raw, struct config_changes *changes,
                                    struct config_why *why);
/* "changed: a, b; needs-restart: c": the detail of the event configuration-reloaded. */
void config_changes_print(const struct config_changes *changes, char *out, size_t room);
/* The line of a daemon without events: `reloaded` with that, or `reload-refused` with the place. */
void config_reload_log(struct log *log, enum err err, const struct config_changes *changes,
                       const struct config_why *why);
/* Fills *why and returns err; an empty sentence is that of err. */
enum err config_wrong(struct config_why *why, enum err err, const char *place,
                      const char *sentence);

#endif
