#include "nf/hssd/admin_audit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STATUS_OK         200u
#define STATUS_CREATED    201u
#define STATUS_NO_CONTENT 204u

static struct bytes body_of(const struct admin_request *r)
{
    return (struct bytes){r->call.body, r->call.body_n};
}

static bool items_new(struct admin_request *r, size_t n)
{
    struct admin_fault fault;
    r->items = calloc(n, sizeof *r->items);
    if (r->items == NULL) {
        (void)admin_fault_store(&fault, E_MEMORY);
        admin_refuse(r, &fault);
        return false;
    }
    r->n_items = n;
    return true;
}

void admin_write_free(struct admin_request *r)
{
    if (r->items != NULL) {
        wipe(r->items, r->n_items * sizeof *r->items);
        free(r->items);
    }
    r->items = NULL;
    r->n_items = 0;
}

/* ---- conditions ---- */

static bool condition_wrong(struct admin_request *r, const char *what)
{
    struct admin_fault fault;
    (void)admin_fault_set(&fault, PROBLEM_PARAMETER, NULL, "%s", what);
    admin_refuse(r, &fault);
    return false;
}

static bool match_of(const char *text, struct admin_condition *c)
{
    char *end = NULL;
    c->match = true;
    c->match_any = strcmp(text, "*") == 0;
    if (c->match_any) {
        return true;
    }
    if (text[0] != '"' || strspn(text + 1, "0123456789") == 0) {
        return false;
    }
    c->version = strtoull(text + 1, &end, 10);
    /* GET adds a digest, for what changes without a change of the administration's */
    const size_t digest = *end == '-' ? strspn(end + 1, "0123456789abcdef") : 0;
    return strcmp(end + (digest > 0 ? 1 + digest : 0), "\"") == 0;
}

static bool conditions(struct admin_request *r, struct admin_condition *c)
{
    const char *none = admin_header(r, "If-None-Match");
    const char *match = admin_header(r, "If-Match");
    if (none != NULL && strcmp(none, "*") != 0) {
        return condition_wrong(r, "If-None-Match can only be *");
    }
    if (match != NULL && !match_of(match, c)) {
        return condition_wrong(r, "If-Match is neither * nor one ETag of this interface");
    }
    c->none_match = none != NULL;
    return true;
}

/* ---- one entry ---- */

static void write_done(struct admin_request *r);

/* Rows, and with them, in one commit, what the import they are of came to. */
static enum err import_run(struct store_writer *w, struct writer_job *job)
{
    struct admin_request *r = admin_request_of(job);
    const struct admin_change *c = &r->change;
    struct store_import_counts did = {0};
    enum err err = admin_change_run(w, job);
    if (err != E_OK) {
        return err; /* of a dry run too */
    }
    for (size_t i = 0; i < c->n; i++) {
        const struct admin_item *item = &c->items[i];
        *(item->fault.problem != PROBLEM_NONE ? &did.refused
          : item->did == STORE_ADDED          ? &did.added
          : item->did == STORE_CHANGED        ? &did.changed
                                              : &did.unchanged) += 1;
    }
    err = admin_import_count(w, r, IMPORT_SUBSCRIBERS, &did);
    for (size_t i = 0; err == E_NOT_FOUND && i < c->n; i++) {
        if (c->items[i].fault.problem == PROBLEM_NONE) {
            (void)admin_import_not_open(&c->items[i].fault);
        }
    }
    return err;
}

/* Starts the change of r->items, from `at`, n of them. */
static bool submit(struct admin_request *r, size_t at, size_t n)
{
    r->change.items = r->items + at;
    r->change.n = n;
    return admin_submit(r, r->is_import ? import_run : admin_change_run, write_done);
}

static struct admin_item *one_item(struct admin_request *r, enum admin_verb verb)
{
    if (!items_new(r, 1)) {
        return NULL;
    }
    struct admin_item *item = &r->items[0];
    item->verb = verb;
    item->row.imsi = r->imsi;
    item->device.imei = r->imei;
    const bool of_device =
        verb == ADMIN_DEVICE_PUT || verb == ADMIN_DEVICE_PATCH || verb == ADMIN_DEVICE_REMOVE;
    const bool ok = of_device ? admin_condition_read(&r->call, &item->device_condition)
                              : conditions(r, &item->condition);
    return ok ? item : NULL;
}

static void subscriber(struct admin_request *r, enum admin_verb verb, enum admin_shape shape)
{
    struct admin_fault fault;
    json_t *json = NULL;
    struct transport_ring ring = {.config = r->h->config};
    struct admin_item *item = one_item(r, verb);
    if (item == NULL) {
        return;
    }
    bool ok = admin_json_parse(body_of(r), &json, &fault) &&
              admin_row_parse(json, shape, &r->imsi, r->crypto, &ring, &item->row, &fault);
    transport_ring_close(&ring);
    json_decref(json);
    if (!ok) {
        admin_refuse(r, &fault);
        return;
    }
    (void)submit(r, 0, 1); /* the answer is set when it fails */
}

static void device(struct admin_request *r, enum admin_verb verb)
{
    struct admin_fault fault;
    json_t *json = NULL;
    struct bytes body = r->call.body_n > 0 ? body_of(r) : BYTES_LIT("{}");
    struct admin_item *item = one_item(r, verb);
    if (item == NULL) {
        return;
    }
    bool ok = admin_json_parse(body, &json, &fault) &&
              admin_device_parse(json, &r->imei, verb == ADMIN_DEVICE_PATCH, &item->device, &fault);
    json_decref(json);
    if (!ok) {
        admin_refuse(r, &fault);
        return;
    }
    (void)submit(r, 0, 1);
}

void admin_put_subscriber(struct admin_request *r)
{
    subscriber(r, ADMIN_PUT, ADMIN_WHOLE);
}

void admin_patch_subscriber(struct admin_request *r)
{
    subscriber(r, ADMIN_PATCH, ADMIN_CHANGE);
}

void admin_put_device(struct admin_request *r)
{
    device(r, ADMIN_DEVICE_PUT);
}

void admin_patch_device(struct admin_request *r)
{
    device(r, ADMIN_DEVICE_PATCH);
}

static void removal(struct admin_request *r, enum admin_verb verb)
{
    if (one_item(r, verb) != NULL) {
        (void)submit(r, 0, 1);
    }
}

void admin_delete_subscriber(struct admin_request *r)
{
    removal(r, ADMIN_REMOVE);
}

void admin_delete_device(struct admin_request *r)
{
    removal(r, ADMIN_DEVICE_REMOVE);
}

void admin_forget_proof(struct admin_request *r)
{
    removal(r, ADMIN_PROOF_FORGET);
}

void admin_ask_kme(struct admin_request *r)
{
    struct admin_fault fault;
    json_t *json = NULL;
    struct admin_item *item = one_item(r, ADMIN_KME_ASK);
    if (item == NULL) {
        return;
    }
    bool ok =
        admin_json_parse(body_of(r), &json, &fault) && admin_kme_parse(json, &item->kme, &fault);
    json_decref(json);
    if (!ok) {
        admin_refuse(r, &fault);
        return;
    }
    (void)submit(r, 0, 1);
}

static void one_done(struct admin_request *r)
{
    const struct admin_item *item = &r->items[0];
    unsigned status = item->did == STORE_ADDED ? STATUS_CREATED : STATUS_OK;
    if (item->fault.problem != PROBLEM_NONE) {
        admin_refuse(r, &item->fault);
        return;
    }
    switch (item->verb) {
    case ADMIN_PUT:
    case ADMIN_PATCH:
    case ADMIN_IMPORT:
    case ADMIN_PROOF_FORGET:
    case ADMIN_KME_ASK:
        admin_show_subscriber(r, status);
        break;
    case ADMIN_DEVICE_PUT:
    case ADMIN_DEVICE_PATCH:
        admin_show_device(r, status);
        break;
    case ADMIN_REMOVE:
    case ADMIN_DEVICE_REMOVE:
        admin_answer(r, STATUS_NO_CONTENT, NULL);
        break;
    }
}

/* ---- import ---- */

static bool is_blank(struct bytes line)
{
    for (size_t i = 0; i < line.n; i++) {
        if (line.p[i] != ' ' && line.p[i] != '\t' && line.p[i] != '\r') {
            return false;
        }
    }
    return true;
}

/* The next line that is not blank; empty at the end. */
struct bytes admin_next_line(struct bytes *rest)
{
    while (rest->n > 0) {
        const uint8_t *end = memchr(rest->p, '\n', rest->n);
        size_t n = end != NULL ? (size_t)(end - rest->p) : rest->n;
        struct bytes line = {rest->p, n};
        size_t used = end != NULL ? n + 1 : n;
        *rest = (struct bytes){rest->p + used, rest->n - used};
        if (!is_blank(line)) {
            return line;
        }
    }
    return (struct bytes){NULL, 0};
}

static size_t count_lines(struct bytes body)
{
    size_t n = 0;
    while (admin_next_line(&body).n > 0) {
        n++;
    }
    return n;
}

static void import_line(struct admin_request *r, struct bytes line, struct transport_ring *ring,
                        struct admin_item *item)
{
    json_t *json = NULL;
    item->verb = ADMIN_IMPORT;
    bool ok = admin_json_parse(line, &json, &item->fault) &&
              admin_row_parse(json, ADMIN_EITHER, NULL, r->crypto, ring, &item->row, &item->fault);
    if (ok && !admin_call_sees(&r->call, &item->row.imsi)) {
        (void)admin_fault_set(&item->fault, PROBLEM_OUT_OF_SCOPE, "/imsi",
                              "%.100s is configured for other subscriptions than this",
                              r->call.who.name);
    }
    json_decref(json);
}

bool admin_dry_run(struct admin_request *r)
{
    const char *text = admin_parameter(r, "dry_run");
    if (text != NULL && strcmp(text, "0") != 0 && strcmp(text, "1") != 0) {
        return condition_wrong(r, "dry_run is 0 or 1");
    }
    r->change.dry_run = text != NULL && strcmp(text, "1") == 0;
    return true;
}

bool admin_lines(struct admin_request *r, struct bytes body, size_t *n)
{
    struct admin_fault fault;
    *n = count_lines(body);
    if (*n > 0 && *n <= ADMIN_ROWS_MAX) {
        return true;
    }
    (void)admin_fault_set(&fault, *n == 0 ? PROBLEM_NOT_JSON : PROBLEM_TOO_LARGE, NULL,
                          "an import has 1 to %u rows, a JSON object on each line", ADMIN_ROWS_MAX);
    admin_refuse(r, &fault);
    return false;
}

struct word {
    unsigned bit;
    const char *name;
};
#define WORDS(list) (list), sizeof(list) / sizeof *(list)

/* Those of the words whose bits are set, as member `key` of the result; none: no such member. */
static void put_words(json_t *result, const char *key, unsigned bits, const struct word *words,
                      size_t n)
{
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++) {
        if ((bits & words[i].bit) != 0) {
            (void)json_array_append_new(list, json_string(words[i].name));
        }
    }
    if (json_array_size(list) > 0) {
        (void)json_object_set(result, key, list);
    }
    json_decref(list);
}

static json_t *result_of(const struct admin_item *item)
{
    static const char *const did[] = {
        [STORE_ADDED] = "added", [STORE_CHANGED] = "changed", [STORE_UNCHANGED] = "unchanged"};
    static const struct word members[] = {{ROW_K, "keys"},
                                          {ROW_SQN, "sqn"},
                                          {ROW_POLICY, "policy"},
                                          {ROW_PROOF, "proof"},
                                          {ROW_PROFILE, "profile"},
                                          {ROW_MSISDN, "msisdn"},
                                          {ROW_SUSPENDED, "suspended"},
                                          {ROW_DEVICES, "devices"}};
    static const struct word losses[] = {{ROW_POLICY, "binding"}, {ROW_SUSPENDED, "suspension"}};
    if (item->fault.problem != PROBLEM_NONE) {
        return json_pack("{s:I,s:o}", "row", (json_int_t)item->number, "problem",
                         problem_json(&item->fault, item->number));
    }
    json_t *result = json_pack("{s:I,s:s,s:s}", "row", (json_int_t)item->number, "imsi",
                               item->row.imsi.digits, "did", did[item->did]);
    if (item->did == STORE_CHANGED) {
        put_words(result, "changed", item->changed, WORDS(members));
        put_words(result, "lost", item->lost, WORDS(losses));
    }
    return result;
}

void admin_results(struct admin_request *r, json_t *list)
{
    if (admin_call_accepts(&r->call, ADMIN_NDJSON)) {
        admin_call_lines(&r->call, STATUS_OK, list);
    } else {
        admin_answer(r, STATUS_OK, json_pack("{s:o}", "results", list));
    }
}

/* Of rows of an import, its end tells. */
static void import_event(struct admin_request *r)
{
    unsigned did[3] = {0, 0, 0}, refused = 0;
    char detail[120];
    for (size_t i = 0; i < r->n_items; i++) {
        if (r->items[i].fault.problem != PROBLEM_NONE) {
            refused++;
        } else {
            did[r->items[i].did]++;
        }
    }
    snprintf(detail, sizeof detail, "%u added, %u changed, %u unchanged, %u refused",
             did[STORE_ADDED], did[STORE_CHANGED], did[STORE_UNCHANGED], refused);
    if (!r->change.dry_run && r->import == 0) {
        hssd_event(r->h, "imported", NULL, NULL, NULL, NULL, detail);
    }
}

static void import_answer(struct admin_request *r)
{
    json_t *list = json_array();
    for (size_t i = 0; i < r->n_items; i++) {
        (void)json_array_append_new(list, result_of(&r->items[i]));
    }
    import_event(r);
    admin_results(r, list);
}

/* Hands in the next rows, from `at`; when the writer is full they are refused as busy. A dry run
 * goes as one, for its rows build on each other and the writer undoes a job as a whole. */
static void import_from(struct admin_request *r, size_t at)
{
    size_t left = r->n_items - at;
    size_t n = left < ADMIN_CHUNK_ROWS || r->change.dry_run ? left : ADMIN_CHUNK_ROWS;
    if (left == 0) {
        import_answer(r);
        return;
    }
    if (submit(r, at, n) || at == 0) {
        return; /* at 0 nothing was done: the whole request is busy */
    }
    for (size_t i = at; i < r->n_items; i++) {
        if (r->items[i].fault.problem == PROBLEM_NONE) {
            (void)admin_fault_busy(r, &r->items[i].fault);
        }
    }
    json_decref(r->call.answer);
    r->call.is_problem = false;
    import_answer(r);
}

void admin_import(struct admin_request *r)
{
    struct transport_ring ring = {.config = r->h->config};
    struct bytes rest = body_of(r);
    size_t n = 0;
    if (!admin_dry_run(r) || !admin_import_named(r, IMPORT_SUBSCRIBERS) ||
        !admin_lines(r, rest, &n) || !items_new(r, n)) {
        return;
    }
    r->is_import = true;
    for (size_t i = 0; i < n; i++) {
        r->items[i].number = (unsigned)i + 1;
        import_line(r, admin_next_line(&rest), &ring, &r->items[i]);
    }
    transport_ring_close(&ring);
    import_from(r, 0);
}

/* ---- back from the writer ---- */

static void write_done(struct admin_request *r)
{
    struct admin_change *c = &r->change;
    bool stands = c->job.result == (c->dry_run ? ADMIN_CHANGE_UNDONE : E_OK);
    for (size_t i = 0; i < c->n; i++) {
        struct admin_item *item = &c->items[i];
        if (!stands && item->fault.problem == PROBLEM_NONE) {
            (void)admin_fault_store(&item->fault, c->job.result);
        } else if (!c->dry_run) {
            admin_change_after(r->h, item);
        }
    }
    if (r->is_import) {
        import_from(r, (size_t)(c->items - r->items) + c->n);
    } else {
        one_done(r);
    }
}
