#include "nf/hssd/admin_backup.h"

#include "nf/hssd/audit.h"
#include "nf/hssd/backups.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STATUS_ACCEPTED 202u
#define LISTED_MAX      1000u

/* ---- views ---- */

json_t *admin_backup_view(const char *name, const struct store_manifest *m)
{
    char application[9];
    json_t *rows = json_object();
    for (size_t i = 0; i < m->n; i++) {
        (void)json_object_set_new(rows, m->tables[i].name,
                                  json_integer((json_int_t)m->tables[i].rows));
    }
    (void)snprintf(application, sizeof application, "%08x", m->application);
    return json_pack("{s:s,s:o,s:s,s:I,s:s,s:o,s:I,s:I,s:s,s:o}", "name", name, "made",
                     admin_time(m->made * 1000), "application", application, "schema",
                     (json_int_t)m->schema, "store", m->store_id, "key", admin_text_or_null(m->key),
                     "mark", (json_int_t)m->mark, "octets", (json_int_t)m->octets, "sha256",
                     m->sha256, "rows", rows);
}

static json_t *time_or_null(int64_t unix_seconds)
{
    return unix_seconds == 0 ? json_null() : admin_time(unix_seconds * 1000);
}

/* Of the last one that was begun since the start; null: none was. */
static json_t *view_last(struct admin_request *r)
{
    static const char *const states[] = {"", "running", "made", "failed"};
    struct backups_view v;
    backups_look(r->h->backups, &v);
    if (v.state == BACKUP_NONE) {
        return json_null();
    }
    return json_pack("{s:s,s:s,s:o,s:o,s:I,s:I,s:o,s:o}", "name", v.name, "state", states[v.state],
                     "started", time_or_null(v.started), "ended", time_or_null(v.ended), "pages",
                     (json_int_t)v.pages, "of", (json_int_t)v.of, "cause",
                     v.state == BACKUP_FAILED ? json_string(err_name(v.err)) : json_null(),
                     "detail", admin_text_or_null(v.why));
}

/* ---- the folder ---- */

static int by_name(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* A file of the folder that may be a backup: its name without the suffix. */
static bool name_of(const char *file, char out[static STORE_BACKUP_NAME_MAX + 1])
{
    size_t n = strlen(file), suffix = strlen(BACKUP_SUFFIX);
    if (n <= suffix || n > STORE_BACKUP_NAME_MAX || strcmp(file + n - suffix, BACKUP_SUFFIX) != 0) {
        return false;
    }
    (void)snprintf(out, STORE_BACKUP_NAME_MAX + 1, "%.*s", (int)(n - suffix), file);
    return backup_name_ok(out);
}

static size_t names_in(const char *folder, char (*names)[STORE_BACKUP_NAME_MAX + 1])
{
    size_t n = 0;
    DIR *d = opendir(folder);
    for (const struct dirent *e; d != NULL && n < LISTED_MAX && (e = readdir(d)) != NULL;) {
        n += name_of(e->d_name, names[n]);
    }
    if (d != NULL) {
        (void)closedir(d); /* only read */
    }
    qsort(names, n, sizeof *names, by_name);
    return n;
}

/* One whose manifest cannot be read is shown with its name and why. */
static json_t *view_one(const struct hssd_config *config, const char *name,
                        struct store_manifest *m)
{
    char path[PATH_MAX];
    struct store_why why;
    if (!backup_path(config, name, path) || store_manifest_read(path, m, &why) != E_OK) {
        return json_pack("{s:s,s:s}", "name", name, "fault", "the manifest cannot be read");
    }
    return admin_backup_view(name, m);
}

/* Whoever asks need not be in the folder that the HSS was started in. */
static json_t *view_folder(const struct hssd_config *config)
{
    char real[PATH_MAX];
    const char *folder = config->backup_folder;
    if (folder == NULL) {
        return json_null();
    }
    return json_string(realpath(folder, real) != NULL ? real : folder);
}

void admin_backup_list(struct admin_request *r)
{
    const struct hssd_config *config = r->h->config;
    char(*names)[STORE_BACKUP_NAME_MAX + 1] = calloc(LISTED_MAX, sizeof *names);
    struct store_manifest *m = calloc(1, sizeof *m);
    json_t *list = json_array();
    if (names == NULL || m == NULL || list == NULL) {
        json_decref(list);
        admin_call_refuse_err(&r->call, E_MEMORY);
    } else {
        size_t n = config->backup_folder == NULL ? 0 : names_in(config->backup_folder, names);
        for (size_t i = 0; i < n; i++) {
            (void)json_array_append_new(list, view_one(config, names[i], m));
        }
        admin_call_show(&r->call, json_pack("{s:o,s:o,s:o}", "folder", view_folder(config), "last",
                                            view_last(r), "backups", list));
    }
    free(names);
    free(m);
}

/* ---- one is begun ---- */

static bool fault_of(enum err err, const char *name, struct admin_fault *fault)
{
    switch ((int)err) {
    case E_OK:
        return true;
    case E_BAD_STATE:
        return admin_fault_set(fault, PROBLEM_NO_BACKUP_FOLDER, NULL,
                               "the configuration has no store.backup_folder");
    case E_BUSY:
        return admin_fault_set(fault, PROBLEM_BACKUP_RUNS, NULL,
                               "one backup is being made already; GET /v1/backups tells how far");
    case E_EXISTS:
        return admin_fault_set(fault, PROBLEM_BACKUP_EXISTS, "/name",
                               "there is a backup %s already", name);
    case E_BAD_VALUE:
        return admin_fault_set(fault, PROBLEM_BAD_MEMBER, "/name", "the path would be too long");
    default:
        return admin_fault_store(fault, err);
    }
}

static bool take_name(struct admin_request *r, json_t **json, const char **name,
                      struct admin_fault *fault)
{
    if (!admin_json_parse((struct bytes){r->call.body, r->call.body_n}, json, fault)) {
        return false;
    }
    const json_t *v = json_object_get(*json, "name");
    if (json_is_object(*json) && json_object_size(*json) > (v != NULL ? 1u : 0u)) {
        return admin_fault_set(fault, PROBLEM_UNKNOWN_MEMBER, NULL, "the member here is name");
    }
    if (v == NULL) {
        return admin_fault_set(fault, PROBLEM_MISSING_MEMBER, "/name", "name is missing");
    }
    *name = json_string_value(v);
    return (*name != NULL && strlen(*name) == json_string_length(v) && backup_name_ok(*name)) ||
           admin_fault_set(fault, PROBLEM_BAD_MEMBER, "/name",
                           "name must be a string of 1 to %zu letters, digits, dots, hyphens and "
                           "underscores that begins with a letter or a digit",
                           STORE_BACKUP_NAME_MAX - strlen(BACKUP_SUFFIX));
}

/* The order is in the audit log before it is carried out: a copy of all that the store has. */
static enum err begin_run(struct store_writer *w, struct writer_job *job)
{
    struct admin_request *r = admin_request_of(job);
    return admin_audit(w, r, NULL, json_pack("{s:s}", "name", r->backup), "begun");
}

static void begin_done(struct admin_request *r)
{
    struct admin_fault fault;
    if (r->change.job.result != E_OK) {
        admin_call_refuse_err(&r->call, r->change.job.result);
    } else if (fault_of(backups_begin(r->h->backups, r->backup, &r->call.who), r->backup, &fault)) {
        admin_answer(r, STATUS_ACCEPTED, view_last(r));
    } else {
        admin_refuse(r, &fault); /* somebody was faster */
    }
}

void admin_backup_begin(struct admin_request *r)
{
    struct admin_fault fault = {.problem = PROBLEM_NONE};
    json_t *json = NULL;
    const char *name = NULL;
    if (take_name(r, &json, &name, &fault) &&
        fault_of(backups_may(r->h->backups, name), name, &fault)) {
        (void)snprintf(r->backup, sizeof r->backup, "%s", name);
        (void)!admin_submit(r, begin_run, begin_done); /* the answer is set when it fails */
    } else {
        admin_refuse(r, &fault);
    }
    json_decref(json);
}
