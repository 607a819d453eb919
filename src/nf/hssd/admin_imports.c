/* Imports at the administration interface: begun, counted, ended. */
#include "nf/common/admin_share.h"
#include "nf/hssd/admin_audit.h"
#include "nf/hssd/imports.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STATUS_CREATED 201u

struct admin_import_item {
    struct store_import row; /* as it is now */
    bool finished;           /* what the end says */
    struct admin_fault fault;
};

void admin_import_free(struct admin_request *r)
{
    free(r->import_item);
    r->import_item = NULL;
}

/* ---- views ---- */

static const char *state_name(uint8_t state)
{
    return state == STORE_IMPORT_OPEN ? "open" : state == STORE_IMPORT_DONE ? "done" : "unfinished";
}

json_t *admin_import_view(const struct store_import *row)
{
    json_t *o = imports_audited(row);
    json_t *more = json_pack("{s:I,s:s,s:s,s:s,s:I,s:o,s:I}", "id", (json_int_t)row->id, "state",
                             state_name(row->state), "who", row->who, "from", row->from, "touched",
                             (json_int_t)row->touched, "ended",
                             row->ended != 0 ? json_integer((json_int_t)row->ended) : json_null(),
                             "not_sent", (json_int_t)row->not_sent);
    if (o == NULL || more == NULL || json_object_update(o, more) != 0) {
        json_decref(o);
        o = NULL;
    }
    json_decref(more);
    return o;
}

static bool missing(const struct admin_request *r, struct admin_fault *fault)
{
    return admin_fault_set(fault, PROBLEM_NO_IMPORT, NULL, "no import has the id %" PRIu64,
                           r->import);
}

bool admin_import_not_open(struct admin_fault *fault)
{
    return admin_fault_set(fault, PROBLEM_IMPORT_NOT_OPEN, NULL,
                           "the import has ended, is of other rows, or is somebody else's: begin "
                           "one");
}

/* Whoever may not see all subscriptions sees his own imports. */
static bool may_see(const struct admin_request *r, const struct store_import *row)
{
    return r->call.who.scope == NULL || strcmp(row->who, admin_who_name(r)) == 0;
}

void admin_import_get(struct admin_request *r)
{
    struct store_import row;
    struct admin_fault fault;
    enum err err = store_read_import(r->reader, r->import, &row);
    if (err == E_OK && !may_see(r, &row)) {
        err = E_NOT_FOUND;
    }
    if (err == E_OK) {
        admin_call_show(&r->call, admin_import_view(&row));
    } else if (err == E_NOT_FOUND) {
        (void)missing(r, &fault);
        admin_refuse(r, &fault);
    } else {
        admin_call_refuse_err(&r->call, err);
    }
}

static json_t *page(const struct admin_request *r, const struct store_import *rows, size_t n,
                    size_t limit)
{
    const bool more = n > limit;
    json_t *list = json_array();
    n = more ? limit : n;
    for (size_t i = 0; i < n; i++) {
        if (may_see(r, &rows[i])) {
            (void)json_array_append_new(list, admin_import_view(&rows[i]));
        }
    }
    return json_pack("{s:o,s:o}", "imports", list, "next",
                     more ? json_integer((json_int_t)rows[n - 1].id) : json_null());
}

void admin_imports_list(struct admin_request *r)
{
    uint64_t after = 0;
    size_t limit = 0, n = 0;
    if (!admin_call_limit(&r->call, &limit) ||
        !admin_call_number(&r->call, "after", 0, INT64_MAX / 10, &after)) {
        return;
    }
    struct store_import *rows = calloc(limit + 1, sizeof *rows);
    enum err err =
        rows == NULL ? E_MEMORY : store_list_imports(r->reader, after, rows, limit + 1, &n);
    if (err != E_OK) {
        admin_call_refuse_err(&r->call, err);
    } else {
        admin_call_show(&r->call, page(r, rows, n, limit));
    }
    free(rows);
}

/* ---- the path and the parameter ---- */

bool admin_import_id(struct admin_request *r, struct bytes step)
{
    char text[20] = "";
    char *end = text;
    if (step.n > 0 && step.n < sizeof text - 1 && step.p[0] != '0') {
        memcpy(text, step.p, step.n);
        r->import = text[strspn(text, "0123456789")] == '\0' ? strtoull(text, &end, 10) : 0;
    }
    return (end != text && *end == '\0') ||
           admin_call_parameter_wrong(&r->call, "the import in the path",
                                      "is not the id of an import, a whole number from 1 on");
}

bool admin_import_named(struct admin_request *r, const char *kind)
{
    struct store_import row;
    struct admin_fault fault;
    r->import = 0;
    if (!admin_call_number(&r->call, "import", 1, INT64_MAX / 10, &r->import)) {
        return false;
    }
    if (r->import == 0) {
        return true;
    }
    enum err err = store_read_import(r->reader, r->import, &row);
    if (err == E_OK && row.state == STORE_IMPORT_OPEN && strcmp(row.kind, kind) == 0 &&
        strcmp(row.who, admin_who_name(r)) == 0) {
        return true;
    }
    (void)(err == E_OK          ? admin_import_not_open(&fault)
           : err == E_NOT_FOUND ? missing(r, &fault)
                                : admin_fault_store(&fault, err));
    admin_refuse(r, &fault);
    return false;
}

/*= op-audit-import */
enum err admin_import_count(struct store_writer *w, const struct admin_request *r, const char *kind,
                            const struct store_import_counts *did)
{
    if (r->import != 0) {
        return store_count_import(w, r->import, admin_who_name(r), kind, did, hssd_unix_seconds());
    }
    if (did->added + did->changed == 0) {
        return E_OK;
    }
    return admin_audit(w, r, NULL,
                       json_pack("{s:I,s:I,s:I,s:I}", "added", (json_int_t)did->added, "changed",
                                 (json_int_t)did->changed, "unchanged", (json_int_t)did->unchanged,
                                 "refused", (json_int_t)did->refused),
                       "done");
}

/* ---- the bodies ---- */

static bool take_text(const json_t *v, const char *pointer, char *to, size_t size,
                      struct admin_fault *fault)
{
    const char *text = json_is_string(v) ? json_string_value(v) : "";
    size_t n = json_is_string(v) ? json_string_length(v) : 0;
    bool good = n > 0 && n < size;
    for (size_t i = 0; good && i < n; i++) {
        good = (unsigned char)text[i] >= ' ' && text[i] != 0x7f;
    }
    if (good) {
        memcpy(to, text, n);
        to[n] = '\0';
    }
    return good || admin_fault_set(fault, PROBLEM_BAD_MEMBER, pointer,
                                   "%s must be a string of 1 to %zu octets, without control "
                                   "characters",
                                   pointer + 1, size - 1);
}

#define COUNT_MOST (INT64_C(1) << 53) /* what every reader of JSON can tell apart */

static bool take_count(const json_t *v, const char *pointer, uint64_t *to,
                       struct admin_fault *fault)
{
    const json_int_t n = json_is_integer(v) ? json_integer_value(v) : -1;
    const bool good = n >= 0 && n <= COUNT_MOST;
    *to = good ? (uint64_t)n : 0;
    return good || admin_fault_set(fault, PROBLEM_BAD_MEMBER, pointer,
                                   "%s must be a whole number from 0 to 2^53", pointer + 1);
}

static bool take_hash(const json_t *v, struct store_import *row, struct admin_fault *fault)
{
    row->has_file =
        json_is_string(v) && json_string_length(v) == 2 * sizeof row->sha256 &&
        hex_decode(json_string_value(v), (struct mbytes){row->sha256, sizeof row->sha256}) == E_OK;
    return row->has_file || admin_fault_set(fault, PROBLEM_BAD_MEMBER, "/sha256",
                                            "sha256 must be a string of 64 hex digits");
}

static bool take_kind(const json_t *v, struct store_import *row, struct admin_fault *fault)
{
    const char *text = json_is_string(v) ? json_string_value(v) : "";
    bool good = strcmp(text, IMPORT_SUBSCRIBERS) == 0 || strcmp(text, IMPORT_EIR) == 0;
    snprintf(row->kind, sizeof row->kind, "%s", good ? text : "");
    return good || admin_fault_set(fault, PROBLEM_BAD_MEMBER, "/kind",
                                   "kind must be \"subscribers\" or \"eir\"");
}

static bool take_finished(const json_t *v, bool *to, struct admin_fault *fault)
{
    *to = json_is_true(v);
    return json_is_boolean(v) || admin_fault_set(fault, PROBLEM_BAD_MEMBER, "/finished",
                                                 "finished must be true or false");
}

static bool take_member(const char *key, const json_t *v, bool begins, struct admin_import_item *x,
                        struct admin_fault *fault)
{
    char pointer[48];
    if (strcmp(key, "sha256") == 0) {
        return take_hash(v, &x->row, fault);
    }
    if (strcmp(key, "octets") == 0) {
        return take_count(v, "/octets", &x->row.octets, fault);
    }
    if (strcmp(key, "rows") == 0) {
        return take_count(v, "/rows", &x->row.rows, fault);
    }
    if (begins && strcmp(key, "name") == 0) {
        return take_text(v, "/name", x->row.name, sizeof x->row.name, fault);
    }
    if (begins && strcmp(key, "kind") == 0) {
        return take_kind(v, &x->row, fault);
    }
    if (!begins && strcmp(key, "not_sent") == 0) {
        return take_count(v, "/not_sent", &x->row.not_sent, fault);
    }
    if (!begins && strcmp(key, "finished") == 0) {
        return take_finished(v, &x->finished, fault);
    }
    snprintf(pointer, sizeof pointer, "/%.40s", key);
    return admin_fault_set(fault, PROBLEM_UNKNOWN_MEMBER, pointer, "the members here are %s",
                           begins ? "kind, name, sha256, octets and rows"
                                  : "sha256, octets, rows, not_sent and finished");
}

static bool lacks(const json_t *json, const char *key, struct admin_fault *fault)
{
    char pointer[16];
    snprintf(pointer, sizeof pointer, "/%s", key);
    return json_object_get(json, key) == NULL &&
           !admin_fault_set(fault, PROBLEM_MISSING_MEMBER, pointer, "%s is missing", key);
}

/* The file is known by all three, or not at all. */
static bool file_whole(const json_t *json, struct admin_fault *fault)
{
    const bool any = json_object_get(json, "sha256") != NULL ||
                     json_object_get(json, "octets") != NULL ||
                     json_object_get(json, "rows") != NULL;
    return !any || !(lacks(json, "sha256", fault) || lacks(json, "octets", fault) ||
                     lacks(json, "rows", fault));
}

static bool parse(json_t *json, bool begins, struct admin_import_item *x, struct admin_fault *fault)
{
    const char *key;
    json_t *v;
    if (!json_is_object(json)) {
        return admin_fault_set(fault, PROBLEM_BAD_MEMBER, NULL, "the body is a JSON object");
    }
    json_object_foreach(json, key, v)
    {
        if (!take_member(key, v, begins, x, fault)) {
            return false;
        }
    }
    if (begins && (lacks(json, "kind", fault) || lacks(json, "name", fault))) {
        return false;
    }
    return file_whole(json, fault);
}

/* NULL when the request was refused. */
static struct admin_import_item *item_of(struct admin_request *r, bool begins)
{
    struct admin_fault fault;
    json_t *json = NULL;
    struct admin_import_item *x = calloc(1, sizeof *x);
    r->import_item = x;
    if (x == NULL) {
        admin_call_refuse_err(&r->call, E_MEMORY);
        return NULL;
    }
    x->finished = true;
    const struct bytes body = !begins && r->call.body_n == 0
                                  ? BYTES_LIT("{}")
                                  : (struct bytes){r->call.body, r->call.body_n};
    bool ok = admin_json_parse(body, &json, &fault) && parse(json, begins, x, &fault);
    json_decref(json);
    if (!ok) {
        admin_refuse(r, &fault);
    }
    return ok ? x : NULL;
}

/* ---- begin ---- */

#define FROM_SOCKET "unix"

/* His own he can end; others' end by themselves, at the latest when they are not heard of. */
static bool finds_place(const struct admin_request *r, const struct store_imports_open *open,
                        struct admin_fault *fault)
{
    const struct admin_taken taken = {open->all, open->elsewhere, open->own};
    switch (admin_share(IMPORTS_OPEN_MAX, &taken, r->call.https != NULL)) {
    case ADMIN_SHARE_FREE:
        return true;
    case ADMIN_SHARE_OWN:
        return admin_fault_set(fault, PROBLEM_TOO_MANY_IMPORTS, NULL,
                               "%" PRIu64 " imports of %.100s are open: end those that are over",
                               open->own, admin_who_name(r));
    case ADMIN_SHARE_OTHERS:
        break;
    }
    return admin_fault_set(fault, PROBLEM_BUSY, NULL,
                           "%" PRIu64 " imports are open, most of others, and no more may",
                           open->all);
}

static enum err begin_run(struct store_writer *w, struct writer_job *job)
{
    const struct admin_request *r = admin_request_of(job);
    struct admin_import_item *x = r->import_item;
    struct store_imports_open open;
    enum err err = store_writer_open_imports(w, admin_who_name(r), FROM_SOCKET, &open);
    if (err != E_OK || !finds_place(r, &open, &x->fault)) {
        return err;
    }
    return store_add_import(w, &x->row);
}

/* Sets the answer if it is a refusal. */
static bool refused(struct admin_request *r)
{
    struct admin_import_item *x = r->import_item;
    if (x->fault.problem == PROBLEM_NONE && r->change.job.result != E_OK) {
        (void)admin_fault_store(&x->fault, r->change.job.result);
    }
    if (x->fault.problem != PROBLEM_NONE) {
        admin_refuse(r, &x->fault);
    }
    return x->fault.problem != PROBLEM_NONE;
}

static void show(struct admin_request *r, unsigned status)
{
    json_t *body = admin_import_view(&r->import_item->row);
    if (body == NULL) {
        admin_call_refuse_err(&r->call, E_MEMORY);
    } else {
        admin_answer(r, status, body);
    }
}

static void begin_done(struct admin_request *r)
{
    if (!refused(r)) {
        show(r, STATUS_CREATED);
    }
}

void admin_import_begin(struct admin_request *r)
{
    struct admin_import_item *x = item_of(r, true);
    if (x == NULL) {
        return;
    }
    x->row.state = STORE_IMPORT_OPEN;
    x->row.begun = x->row.touched = hssd_unix_seconds();
    snprintf(x->row.who, sizeof x->row.who, "%s", admin_who_name(r));
    snprintf(x->row.from, sizeof x->row.from, "%s",
             r->call.who.from[0] != '\0' ? r->call.who.from : FROM_SOCKET);
    (void)!admin_submit(r, begin_run, begin_done); /* the answer is set when it fails */
}

/* ---- end ---- */

static enum err end_run(struct store_writer *w, struct writer_job *job)
{
    struct admin_request *r = admin_request_of(job);
    struct admin_import_item *x = r->import_item;
    const struct store_import told = x->row;
    const int64_t now = hssd_unix_seconds();
    enum err err = store_writer_import(w, r->import, &x->row);
    if (err == E_NOT_FOUND) {
        (void)missing(r, &x->fault);
        return E_OK;
    }
    if (err == E_OK &&
        (x->row.state != STORE_IMPORT_OPEN || strcmp(x->row.who, admin_who_name(r)) != 0)) {
        (void)admin_import_not_open(&x->fault);
        return E_OK;
    }
    if (told.has_file) {
        x->row.has_file = true;
        memcpy(x->row.sha256, told.sha256, sizeof told.sha256);
        x->row.octets = told.octets;
        x->row.rows = told.rows;
    }
    x->row.not_sent = told.not_sent;
    x->row.touched = now;
    return err == E_OK ? imports_end(r->h, w, &x->row,
                                     x->finished ? STORE_IMPORT_DONE : STORE_IMPORT_UNFINISHED, now,
                                     "POST /v1/imports/{import}/end")
                       : err;
}

static void end_done(struct admin_request *r)
{
    if (!refused(r)) {
        imports_tell(r->h, &r->import_item->row);
        show(r, ADMIN_STATUS_OK);
    }
}

void admin_import_end(struct admin_request *r)
{
    if (item_of(r, false) != NULL) {
        (void)!admin_submit(r, end_run, end_done);
    }
}
