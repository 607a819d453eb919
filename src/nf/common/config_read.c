#include "nf/common/config_read.h"

#include <stdio.h>
#include <string.h>

/* The second look at a file that is good by itself: only together with what stays is it not. */
static void say_together(struct config_why *why)
{
    char said[sizeof why->sentence];
    memcpy(said, why->sentence, sizeof said);
    (void)snprintf(why->sentence, sizeof why->sentence,
                   "%.200s (as long as the keys that need a restart are what they were)", said);
}

/* *out is the file's own snapshot, and is replaced where something of it cannot count yet. */
static enum err merge(const struct config_kind *kind, const char *path, void *running,
                      struct config_file *file, void **out, struct config_changes *changes,
                      struct config_why *why)
{
    void *merged = NULL;
    enum err err = config_changes_take(kind->shape, kind->rules, running, file->raw, changes);
    if (err == E_OK && changes->needs_restart.n == 0) {
        return E_OK;
    }
    if (err == E_OK) {
        err = kind->check(file, path, &merged, why);
        say_together(why);
    }
    if (err != E_OK) {
        config_changes_undo(kind->shape, kind->rules, running, file->raw);
        config_changes_free(changes);
        return err;
    }
    kind->free(*out);
    *out = merged;
    return E_OK;
}

/* The tree goes to who asked for it; the rest of the file is closed. */
static enum err hand_over(const char *path, enum err err, struct config_file *file, void *snapshot,
                          void **out, void **raw, struct config_why *why)
{
    if (err == E_OK) {
        *out = snapshot;
        *raw = file->raw;
        file->raw = NULL;
    }
    config_file_close(file);
    return config_file_why(path, err, why);
}

enum err config_read(const struct config_kind *kind, const char *path, void **out, void **raw,
                     struct config_why *why)
{
    struct config_file file;
    void *snapshot = NULL;
    enum err err = config_file_open(path, kind->shape, &file, why);
    if (err != E_OK) {
        return err;
    }
    err = kind->check(&file, path, &snapshot, why);
    return hand_over(path, err, &file, snapshot, out, raw, why);
}

enum err config_read_again(const struct config_kind *kind, const char *path, void *running,
                           void **out, void **raw, struct config_changes *changes,
                           struct config_why *why)
{
    struct config_file file;
    void *snapshot = NULL;
    enum err err = config_file_open(path, kind->shape, &file, why);
    if (err != E_OK) {
        return err;
    }
    err = kind->check(&file, path, &snapshot, why);
    if (err == E_OK) {
        err = merge(kind, path, running, &file, &snapshot, changes, why);
    }
    if (err != E_OK) {
        kind->free(snapshot);
    }
    return hand_over(path, err, &file, snapshot, out, raw, why);
}

void config_changes_print(const struct config_changes *changes, char *out, size_t room)
{
    static const char head[] = "changed: ", middle[] = "; needs-restart: ";
    const size_t half = room / 2;
    (void)snprintf(out, room, "%s", head);
    config_names_print(&changes->changed, out + strlen(out), half - strlen(out));
    (void)snprintf(out + strlen(out), room - strlen(out), "%s", middle);
    config_names_print(&changes->needs_restart, out + strlen(out), room - strlen(out));
}

#define DETAIL_MAX 1536u /* of a line of the log */

void config_reload_log(struct log *log, enum err err, const struct config_changes *changes,
                       const struct config_why *why)
{
    char text[DETAIL_MAX];
    const struct log_field field = LOG_FIELD_STR(err == E_OK ? "detail" : "reason", text);
    if (err == E_OK) {
        config_changes_print(changes, text, sizeof text);
        log_line(log, LOG_LEVEL_INFO, "reloaded", &field, 1);
    } else {
        (void)snprintf(text, sizeof text, "%s: %s", why->place, why->sentence);
        log_line(log, LOG_LEVEL_ERROR, "reload-refused", &field, 1);
    }
}

enum err config_wrong(struct config_why *why, enum err err, const char *place, const char *sentence)
{
    (void)snprintf(why->place, sizeof why->place, "%s", place);
    (void)snprintf(why->sentence, sizeof why->sentence, "%.300s",
                   sentence[0] != '\0' ? sentence : err_sentence(err));
    return err;
}
