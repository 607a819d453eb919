#include "nf/hssd/audit.h"

#include "nf/hssd/admin_request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define WHO_OF_SOCKET "unix"

static int64_t unix_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- one entry ------------------------------------------------------------------------------- */

/* What is not printable ASCII would not come back out of JSON as it went in. */
static void set(char *to, size_t size, const char *from, const char *otherwise)
{
    snprintf(to, size, "%s", from != NULL && from[0] != '\0' ? from : otherwise);
    for (char *p = to; *p != '\0'; p++) {
        *p = *p >= ' ' && *p <= '~' ? *p : '?';
    }
}

/* False without memory. */
static bool set_json(char to[static STORE_AUDIT_JSON_MAX], json_t *value)
{
    to[0] = '\0';
    if (value == NULL) {
        return true;
    }
    char *text = json_dumps(value, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENSURE_ASCII);
    bool fits = text != NULL && strlen(text) < STORE_AUDIT_JSON_MAX;
    if (text != NULL) {
        snprintf(to, STORE_AUDIT_JSON_MAX, "%s", fits ? text : "{\"too_long\":true}");
    }
    free(text);
    json_decref(value);
    return text != NULL;
}

static enum err entry_of(const struct audit_note *note, struct store_audit *out)
{
    out->id = 0;
    out->at_ms = unix_ms();
    set(out->who, sizeof out->who, note->who, WHO_OF_SOCKET);
    set(out->from, sizeof out->from, note->from, WHO_OF_SOCKET);
    set(out->action, sizeof out->action, note->action, "");
    set(out->target, sizeof out->target, note->target, "");
    set(out->outcome, sizeof out->outcome, note->outcome, "");
    bool before = set_json(out->before, note->before);
    bool after = set_json(out->after, note->after);
    return before && after ? E_OK : E_MEMORY;
}

enum err hssd_audit(const struct hssd *h, struct store_writer *w, const struct audit_note *note)
{
    struct store_audit entry;
    enum err err = entry_of(note, &entry);
    return err == E_OK ? store_add_audit(w, &h->writers, &entry) : err;
}

/* ---- an entry by itself ---------------------------------------------------------------------- */

struct audit_job {
    struct writer_job job;
    struct hssd *h;
    struct store_audit entry;
};

static void lost(struct hssd *h, const struct store_audit *entry)
{
    const struct log_field fields[] = {LOG_FIELD_STR("action", entry->action),
                                       LOG_FIELD_STR("target", entry->target),
                                       LOG_FIELD_STR("who", entry->who)};
    log_line(h->log, LOG_LEVEL_ERROR, "audit-lost", fields, sizeof fields / sizeof *fields);
}

static enum err later_run(struct store_writer *w, struct writer_job *job)
{
    struct audit_job *j = (struct audit_job *)job;
    return store_add_audit(w, &j->h->writers, &j->entry);
}

static void later_done(struct writer_job *job)
{
    struct audit_job *j = (struct audit_job *)job;
    if (job->result != E_OK) {
        lost(j->h, &j->entry);
    }
    free(j);
}

void hssd_audit_later(struct hssd *h, const struct audit_note *note)
{
    struct audit_job *j = calloc(1, sizeof *j);
    if (j == NULL) {
        json_decref(note->before);
        json_decref(note->after);
        log_line(h->log, LOG_LEVEL_ERROR, "audit-lost", NULL, 0);
        return;
    }
    *j = (struct audit_job){.job = {.run = later_run, .done = later_done}, .h = h};
    if (entry_of(note, &j->entry) != E_OK || writer_submit(h->writer, &j->job) != E_OK) {
        lost(h, &j->entry);
        free(j);
    }
}

/* ---- of a request ---------------------------------------------------------------------------- */

static struct audit_note note_of(const struct admin_request *r,
                                 char action[static STORE_AUDIT_ACTION_MAX], json_t *before,
                                 json_t *after, const char *outcome)
{
    const struct admin_path *at = r->call.at;
    snprintf(action, STORE_AUDIT_ACTION_MAX, "%s %s", at != NULL ? at->method : "",
             at != NULL ? at->path : "");
    return (struct audit_note){.who = r->call.who.name,
                               .from = r->call.who.from,
                               .action = action,
                               .target = r->target,
                               .outcome = outcome,
                               .before = before,
                               .after = after};
}

enum err admin_audit_of(struct store_writer *w, const struct admin_request *r, const char *target,
                        json_t *before, json_t *after, const char *outcome)
{
    char action[STORE_AUDIT_ACTION_MAX];
    struct audit_note note = note_of(r, action, before, after, outcome);
    note.target = target != NULL ? target : note.target;
    return hssd_audit(r->h, w, &note);
}

enum err admin_audit(struct store_writer *w, const struct admin_request *r, json_t *before,
                     json_t *after, const char *outcome)
{
    return admin_audit_of(w, r, NULL, before, after, outcome);
}

void admin_audit_later(const struct admin_request *r, json_t *before, json_t *after,
                       const char *outcome)
{
    char action[STORE_AUDIT_ACTION_MAX];
    const struct audit_note note = note_of(r, action, before, after, outcome);
    hssd_audit_later(r->h, &note);
}

const char *admin_who_name(const struct admin_request *r)
{
    return r->call.who.name[0] != '\0' ? r->call.who.name : WHO_OF_SOCKET;
}

/* ---- refused --------------------------------------------------------------------------------- */

void hssd_audit_refused(struct hssd *h, const struct admin_who *who, const char *action,
                        const char *target, const char *cause)
{
    uint64_t left_out = 0;
    if (!audit_rates_take(&h->audit_refused, who->name, hssd_monotonic_ms(), &left_out)) {
        return;
    }
    json_t *after = json_pack("{s:s}", "cause", cause);
    if (left_out > 0) {
        (void)json_object_set_new(after, "left_out", json_integer((json_int_t)left_out));
    }
    const struct audit_note note = {.who = who->name,
                                    .from = who->from,
                                    .action = action,
                                    .target = target,
                                    .outcome = "refused",
                                    .after = after};
    hssd_audit_later(h, &note);
}

/* ---- what changed ---------------------------------------------------------------------------- */

void audit_only_changes(json_t *before, json_t *after)
{
    const char *key;
    json_t *value;
    void *next;
    json_object_foreach_safe(before, next, key, value)
    {
        if (json_equal(value, json_object_get(after, key))) {
            (void)json_object_del(after, key);
            (void)json_object_del(before, key);
        }
    }
}
