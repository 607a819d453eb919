#include "nf/hssd/admin_audit.h"
#include "nf/hssd/admin_eir.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STATUS_OK         200u
#define STATUS_CREATED    201u
#define STATUS_NO_CONTENT 204u

/* ---- rules in JSON ---- */

static struct bytes text_of(const json_t *v)
{
    return (struct bytes){(const uint8_t *)json_string_value(v),
                          json_is_string(v) ? json_string_length(v) : 0};
}

static bool take_rule(const json_t *v, struct store_eir_rule *out, struct admin_fault *fault)
{
    struct imei_range range;
    enum err err = imei_range_parse(text_of(v), &range);
    if (err == E_OK) {
        out->first = range.first;
        out->last = range.last;
        return true;
    }
    return admin_fault_set(fault, PROBLEM_BAD_MEMBER, "/rule",
                           err == E_BAD_CHECK_DIGIT ? "rule has an IMEI with a wrong check digit"
                           : err == E_BAD_VALUE     ? "rule ends before it begins"
                                                    : "rule must be an IMEI, a TAC of 8 digits, or "
                                                      "two IMEIs with a hyphen between");
}

static bool take_list(const json_t *v, struct store_eir_rule *out, struct admin_fault *fault)
{
    enum eir_list list;
    if (eir_list_parse(text_of(v), &list) != E_OK) {
        return admin_fault_set(fault, PROBLEM_BAD_MEMBER, "/list",
                               "list must be \"white\", \"grey\" or \"black\"");
    }
    out->list = (uint8_t)list;
    return true;
}

static bool take_note(const json_t *v, struct store_eir_rule *out, struct admin_fault *fault)
{
    struct bytes text = text_of(v);
    bool good = (json_is_string(v) || json_is_null(v)) && text.n < sizeof out->note;
    for (size_t i = 0; good && i < text.n; i++) {
        good = text.p[i] >= 0x20 && text.p[i] != 0x7f;
    }
    if (!good) {
        return admin_fault_set(fault, PROBLEM_BAD_MEMBER, "/note",
                               "note must be a string of at most %zu octets, without control "
                               "characters",
                               sizeof out->note - 1);
    }
    snprintf(out->note, sizeof out->note, "%.*s", (int)text.n, (const char *)text.p);
    return true;
}

static bool take_member(const char *key, const json_t *v, bool note_only,
                        struct store_eir_rule *out, struct admin_fault *fault)
{
    char pointer[48];
    if (strcmp(key, "note") == 0) {
        return take_note(v, out, fault);
    }
    if (!note_only && strcmp(key, "rule") == 0) {
        return take_rule(v, out, fault);
    }
    if (!note_only && strcmp(key, "list") == 0) {
        return take_list(v, out, fault);
    }
    snprintf(pointer, sizeof pointer, "/%.40s", key);
    return admin_fault_set(fault, PROBLEM_UNKNOWN_MEMBER, pointer, "the members here are %s",
                           note_only ? "note" : "rule, list and note");
}

static json_t *members_of(const json_t *json)
{
    return (json_t *)(uintptr_t)json; /* jansson's iterators take no const */
}

static bool take_members(const json_t *json, bool note_only, struct store_eir_rule *out,
                         struct admin_fault *fault)
{
    if (!json_is_object(json)) {
        return admin_fault_set(fault, PROBLEM_BAD_MEMBER, "", "a rule is a JSON object");
    }
    for (void *i = json_object_iter(members_of(json)); i != NULL;
         i = json_object_iter_next(members_of(json), i)) {
        if (!take_member(json_object_iter_key(i), json_object_iter_value(i), note_only, out,
                         fault)) {
            return false;
        }
    }
    return true;
}

bool admin_eir_parse(const json_t *json, struct store_eir_rule *out, struct admin_fault *fault)
{
    static const char *const needed[] = {"rule", "list"};
    *out = (struct store_eir_rule){0};
    if (!take_members(json, false, out, fault)) {
        return false;
    }
    for (size_t i = 0; i < sizeof needed / sizeof *needed; i++) {
        if (json_object_get(json, needed[i]) == NULL) {
            char pointer[16];
            snprintf(pointer, sizeof pointer, "/%s", needed[i]);
            return admin_fault_set(fault, PROBLEM_MISSING_MEMBER, pointer, "%s is missing",
                                   needed[i]);
        }
    }
    return true;
}

/* ---- handing in ---- */

static enum err eir_run(struct store_writer *w, struct writer_job *job);
static void eir_done(struct admin_request *r);

static bool items_new(struct admin_request *r, size_t n)
{
    struct admin_fault fault;
    r->eir_items = calloc(n, sizeof *r->eir_items);
    if (r->eir_items == NULL) {
        (void)admin_fault_store(&fault, E_MEMORY);
        admin_refuse(r, &fault);
        return false;
    }
    r->n_items = n;
    return true;
}

void admin_eir_free(struct admin_request *r)
{
    free(r->eir_items);
    r->eir_items = NULL;
}

static struct admin_eir_item *one_item(struct admin_request *r, bool remove)
{
    if (!admin_condition_read(&r->call, &r->condition) || !items_new(r, 1)) {
        return NULL;
    }
    r->eir_items[0].remove = remove;
    r->eir_items[0].rule = (struct store_eir_rule){
        .first = r->range.first, .last = r->range.last, .list = (uint8_t)r->list};
    return &r->eir_items[0];
}

void admin_eir_put(struct admin_request *r)
{
    struct admin_fault fault;
    json_t *json = NULL;
    struct bytes body =
        r->call.body_n > 0 ? (struct bytes){r->call.body, r->call.body_n} : BYTES_LIT("{}");
    struct admin_eir_item *item = one_item(r, false);
    if (item == NULL) {
        return;
    }
    bool ok =
        admin_json_parse(body, &json, &fault) && take_members(json, true, &item->rule, &fault);
    json_decref(json);
    if (!ok) {
        admin_refuse(r, &fault);
        return;
    }
    (void)!admin_submit(r, eir_run, eir_done); /* the answer is set when it fails */
}

void admin_eir_delete(struct admin_request *r)
{
    if (one_item(r, true) != NULL) {
        (void)!admin_submit(r, eir_run, eir_done);
    }
}

static void import_line(struct bytes line, struct admin_eir_item *item)
{
    json_t *json = NULL;
    bool ok = admin_json_parse(line, &json, &item->fault) &&
              admin_eir_parse(json, &item->rule, &item->fault);
    item->keeps_note = ok && json_object_get(json, "note") == NULL;
    json_decref(json);
}

void admin_eir_import(struct admin_request *r)
{
    struct bytes rest = {r->call.body, r->call.body_n};
    size_t n = 0;
    if (!admin_dry_run(r) || !admin_import_named(r, IMPORT_EIR) || !admin_lines(r, rest, &n) ||
        !items_new(r, n)) {
        return;
    }
    r->is_import = true;
    for (size_t i = 0; i < n; i++) {
        r->eir_items[i].number = (unsigned)i + 1;
        import_line(admin_next_line(&rest), &r->eir_items[i]);
    }
    (void)!admin_submit(r, eir_run, eir_done);
}

/* ---- on the writer's thread ---- */

/* What is the item's own fault; everything else is the whole job's. */
static bool is_fault(enum err err, const struct hssd *h, struct admin_fault *fault)
{
    if (err == E_NO_ROOM) {
        (void)admin_fault_set(fault, PROBLEM_TOO_MANY_RULES, NULL,
                              "the lists have as many rules as limits.eir_rules allows: %llu",
                              (unsigned long long)h->config->limits.eir_rules);
    } else if (err == E_NOT_FOUND) {
        (void)admin_fault_set(fault, PROBLEM_NO_RULE, NULL, "no such rule stands on that list");
    } else {
        return false;
    }
    return true;
}

static json_t *told(const char *note)
{
    return json_pack("{s:s}", "note", note);
}

/* Of one rule, with what its note was. */
static enum err audit_one(struct store_writer *w, const struct admin_request *r, const char *note)
{
    const struct admin_eir_item *item = &r->eir_items[0];
    if (item->fault.problem != PROBLEM_NONE || item->did == STORE_UNCHANGED) {
        return E_OK;
    }
    if (item->remove) {
        return admin_audit(w, r, told(note), NULL, "removed");
    }
    return item->did == STORE_ADDED
               ? admin_audit(w, r, NULL, told(item->rule.note), "added")
               : admin_audit(w, r, told(note), told(item->rule.note), "changed");
}

static enum err audit_many(struct store_writer *w, struct admin_request *r)
{
    struct store_import_counts did = {0};
    for (size_t i = 0; i < r->n_items; i++) {
        const struct admin_eir_item *item = &r->eir_items[i];
        *(item->fault.problem != PROBLEM_NONE ? &did.refused
          : item->did == STORE_ADDED          ? &did.added
          : item->did == STORE_CHANGED        ? &did.changed
                                              : &did.unchanged) += 1;
    }
    enum err err = admin_import_count(w, r, IMPORT_EIR, &did);
    for (size_t i = 0; err == E_NOT_FOUND && i < r->n_items; i++) {
        if (r->eir_items[i].fault.problem == PROBLEM_NONE) {
            (void)admin_import_not_open(&r->eir_items[i].fault);
        }
    }
    return err;
}

static enum err write_one(struct store_writer *w, const struct admin_request *r,
                          struct admin_eir_item *item)
{
    enum err err = E_OK;
    item->did = STORE_CHANGED;
    if (item->remove) {
        return store_remove_eir_rule(w, &item->rule);
    }
    if (item->keeps_note) {
        err = store_writer_eir_note(w, &item->rule);
        err = err == E_NOT_FOUND ? E_OK : err; /* a new one has none */
    }
    return err == E_OK
               ? store_put_eir_rule(w, &item->rule, r->h->config->limits.eir_rules, &item->did)
               : err;
}

static enum err eir_run(struct store_writer *w, struct writer_job *job)
{
    struct admin_request *r = admin_request_of(job);
    struct store_eir_rule old = r->eir_items[0].rule;
    enum err err = r->is_import ? E_OK : store_writer_eir_note(w, &old);
    if (!r->is_import && (err == E_OK || err == E_NOT_FOUND)) {
        json_t *now = err == E_OK ? admin_eir_view(&old) : NULL;
        if (!admin_condition_holds(&r->condition, now, &r->eir_items[0].fault)) {
            return E_OK;
        }
    }
    err = err == E_NOT_FOUND ? E_OK : err;
    for (size_t i = 0; err == E_OK && i < r->n_items; i++) {
        struct admin_eir_item *item = &r->eir_items[i];
        if (item->fault.problem != PROBLEM_NONE) {
            continue;
        }
        err = write_one(w, r, item);
        err = is_fault(err, r->h, &item->fault) ? E_OK : err;
    }
    if (err != E_OK || r->change.dry_run) {
        return err != E_OK ? err : ADMIN_CHANGE_UNDONE;
    }
    return r->is_import ? audit_many(w, r) : audit_one(w, r, old.note);
}

/* ---- back from the writer ---- */

static void event(struct hssd *h, const char *name, const struct store_eir_rule *rule)
{
    char text[IMEI_RANGE_TEXT_MAX];
    char detail[80];
    imei_range_print(&(struct imei_range){rule->first, rule->last}, text);
    snprintf(detail, sizeof detail, "%s on the %s list", text,
             eir_list_name((enum eir_list)rule->list));
    hssd_event(h, name, NULL, NULL, NULL, NULL, detail);
}

static void one_done(struct admin_request *r)
{
    const struct admin_eir_item *item = &r->eir_items[0];
    bool added = item->did == STORE_ADDED;
    if (item->fault.problem != PROBLEM_NONE) {
        admin_refuse(r, &item->fault);
        return;
    }
    if (item->remove) {
        event(r->h, "eir-rule-removed", &item->rule);
        admin_answer(r, STATUS_NO_CONTENT, NULL);
        return;
    }
    if (item->did != STORE_UNCHANGED) {
        event(r->h, added ? "eir-rule-added" : "eir-rule-changed", &item->rule);
    }
    admin_answer(r, added ? STATUS_CREATED : STATUS_OK, admin_eir_view(&item->rule));
}

static json_t *result_of(const struct admin_eir_item *item)
{
    static const char *const did[] = {
        [STORE_ADDED] = "added", [STORE_CHANGED] = "changed", [STORE_UNCHANGED] = "unchanged"};
    if (item->fault.problem != PROBLEM_NONE) {
        return json_pack("{s:I,s:o}", "row", (json_int_t)item->number, "problem",
                         problem_json(&item->fault, item->number));
    }
    return json_pack("{s:I,s:s}", "row", (json_int_t)item->number, "did", did[item->did]);
}

static void import_done(struct admin_request *r)
{
    unsigned did[3] = {0, 0, 0}, refused = 0;
    char detail[120];
    json_t *list = json_array();
    for (size_t i = 0; i < r->n_items; i++) {
        const struct admin_eir_item *item = &r->eir_items[i];
        bool bad = item->fault.problem != PROBLEM_NONE;
        *(bad ? &refused : &did[item->did]) += 1;
        (void)json_array_append_new(list, result_of(item));
    }
    snprintf(detail, sizeof detail, "%u added, %u changed, %u unchanged, %u refused",
             did[STORE_ADDED], did[STORE_CHANGED], did[STORE_UNCHANGED], refused);
    if (!r->change.dry_run && r->import == 0) { /* else the import's end tells */
        hssd_event(r->h, "eir-imported", NULL, NULL, NULL, NULL, detail);
    }
    admin_results(r, list);
}

static void eir_done(struct admin_request *r)
{
    enum err result = r->change.job.result;
    bool stands = result == (r->change.dry_run ? ADMIN_CHANGE_UNDONE : E_OK);
    for (size_t i = 0; !stands && i < r->n_items; i++) {
        if (r->eir_items[i].fault.problem == PROBLEM_NONE) {
            (void)admin_fault_store(&r->eir_items[i].fault, result);
        }
    }
    if (stands && !r->change.dry_run) {
        eir_lists_changed(r->h->eir); /* costs a read where nothing did change */
    }
    if (r->is_import) {
        import_done(r);
    } else {
        one_done(r);
    }
}
