#include "nf/hssd/admin_lot.h"

#include "nf/hssd/audit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STATUS_CREATED    201u
#define STATUS_NO_CONTENT 204u
#define PAGE_RANGES       10000u /* in one answer, or a few more */
#define FINGERPRINT_TEXT  65u

struct admin_lot {
    struct admin_lot_row row;
    struct lots_entry *entry; /* what is to be added, or what is to be removed; or NULL */
    struct store_lot stored;
    struct store_lot_range *ranges;
    bool same;
    struct admin_fault fault;
};

static void row_free(struct admin_lot_row *row)
{
    free(row->ranges);
    wipe(row, sizeof *row);
}

void admin_lot_free(struct admin_request *r)
{
    struct admin_lot *x = r->lot_item;
    if (x != NULL) {
        row_free(&x->row);
        lots_entry_drop(x->entry);
        free(x->ranges);
        free(x);
        r->lot_item = NULL;
    }
}

/* ---- a lot in JSON ---- */

static struct bytes text_of(const json_t *v)
{
    return (struct bytes){(const uint8_t *)json_string_value(v),
                          json_is_string(v) ? json_string_length(v) : 0};
}

static bool take_manufacturer(const json_t *v, struct admin_lot_row *out, struct admin_fault *fault)
{
    struct bytes s = text_of(v);
    bool good = s.n > 0 && s.n <= KME_LOT_MANUFACTURER_MAX;
    for (size_t i = 0; good && i < s.n; i++) {
        good = s.p[i] >= ' ' && s.p[i] <= '~';
    }
    if (!good) {
        return admin_fault_set(fault, PROBLEM_BAD_MEMBER, "/manufacturer",
                               "manufacturer must be a string of 1 to %d printable ASCII "
                               "characters",
                               KME_LOT_MANUFACTURER_MAX);
    }
    memcpy(out->manufacturer, s.p, s.n);
    out->manufacturer[s.n] = '\0';
    return true;
}

static bool take_range(const json_t *v, size_t i, struct imei_range *out, struct admin_fault *fault)
{
    char pointer[32];
    enum err err = imei_range_parse(text_of(v), out);
    if (err == E_OK) {
        return true;
    }
    snprintf(pointer, sizeof pointer, "/ranges/%zu", i);
    return admin_fault_set(fault, PROBLEM_BAD_MEMBER, pointer,
                           err == E_BAD_CHECK_DIGIT ? "the range has an IMEI with a wrong check "
                                                      "digit"
                           : err == E_BAD_VALUE     ? "the range ends before it begins"
                                                    : "a range must be a TAC of 8 digits, an IMEI, "
                                                      "or two IMEIs with a hyphen between");
}

static bool take_ranges(const json_t *v, struct admin_lot_row *out, struct admin_fault *fault)
{
    size_t n = json_array_size(v);
    if (!json_is_array(v) || n == 0 || n > STORE_LOT_RANGES_MAX) {
        return admin_fault_set(fault, PROBLEM_BAD_MEMBER, "/ranges",
                               "ranges must be a list of 1 to %d ranges", STORE_LOT_RANGES_MAX);
    }
    out->ranges = calloc(n, sizeof *out->ranges);
    if (out->ranges == NULL) {
        return admin_fault_store(fault, E_MEMORY);
    }
    for (size_t i = 0; i < n; i++) {
        if (!take_range(json_array_get(v, i), i, &out->ranges[i], fault)) {
            return false;
        }
    }
    out->n = n;
    return true;
}

/* What is wrong with it as a number is found out later, with the other. */
static bool take_prime(const json_t *v, const char *pointer, uint8_t *out, size_t *n,
                       struct admin_fault *fault)
{
    size_t digits = json_is_string(v) ? json_string_length(v) : 0;
    *n = digits / 2;
    return (digits > 0 && digits % 2 == 0 && *n <= LOT_KEY_PRIME_MAX &&
            hex_decode(json_string_value(v), (struct mbytes){out, *n}) == E_OK) ||
           admin_fault_set(fault, PROBLEM_BAD_MEMBER, pointer,
                           "%s must be a string of at most %u hex digits, two for each octet",
                           pointer + 1, 2 * LOT_KEY_PRIME_MAX);
}

static bool take_member(const char *key, const json_t *v, struct admin_lot_row *out,
                        struct admin_fault *fault)
{
    char pointer[48];
    if (strcmp(key, "manufacturer") == 0) {
        return take_manufacturer(v, out, fault);
    }
    if (strcmp(key, "ranges") == 0) {
        return take_ranges(v, out, fault);
    }
    if (strcmp(key, "p") == 0) {
        return take_prime(v, "/p", out->key.p, &out->p_n, fault);
    }
    if (strcmp(key, "q") == 0) {
        return take_prime(v, "/q", out->key.q, &out->q_n, fault);
    }
    snprintf(pointer, sizeof pointer, "/%.40s", key);
    return admin_fault_set(fault, PROBLEM_UNKNOWN_MEMBER, pointer,
                           "the members here are manufacturer, ranges, p and q");
}

static bool take_members(const json_t *json, struct admin_lot_row *out, struct admin_fault *fault)
{
    static const char *const needed[] = {"manufacturer", "ranges", "p", "q"};
    json_t *o = (json_t *)(uintptr_t)json; /* jansson's iterators take no const */
    if (!json_is_object(json)) {
        return admin_fault_set(fault, PROBLEM_BAD_MEMBER, NULL, "a lot is a JSON object");
    }
    for (void *i = json_object_iter(o); i != NULL; i = json_object_iter_next(o, i)) {
        if (!take_member(json_object_iter_key(i), json_object_iter_value(i), out, fault)) {
            return false;
        }
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

bool admin_lot_parse(const json_t *json, struct admin_lot_row *out, struct admin_fault *fault)
{
    *fault = (struct admin_fault){.problem = PROBLEM_NONE};
    *out = (struct admin_lot_row){.n = 0};
    if (!take_members(json, out, fault)) {
        row_free(out);
        return false;
    }
    return true;
}

/* ---- views ---- */

/* SHA-256 of N, for people to compare. */
static bool fingerprint(const struct crypto *c, const struct kme_lot *lot,
                        char out[static FINGERPRINT_TEXT])
{
    uint8_t digest[32];
    const struct bytes n = {lot->modulus, lot->modulus_n};
    bool ok = c->sha256(c->ctx, &n, 1, digest) == E_OK;
    if (ok) {
        hex_encode(BYTES_OF(digest), out);
    }
    return ok;
}

static json_t *view_ranges(const struct lots_entry *e)
{
    json_t *list = json_array();
    for (size_t i = 0; list != NULL && i < e->n; i++) {
        char text[IMEI_RANGE_TEXT_MAX];
        imei_range_print(&e->ranges[i], text);
        (void)json_array_append_new(list, json_string(text));
    }
    return list;
}

json_t *admin_lot_view(const struct crypto *c, const struct lots_entry *e)
{
    char text[FINGERPRINT_TEXT];
    if (!fingerprint(c, &e->lot, text)) {
        return NULL;
    }
    return json_pack("{s:s,s:s,s:i,s:s,s:o,s:I}", "id", e->lot.id.text, "manufacturer",
                     e->lot.manufacturer, "bits", (int)(8 * e->lot.modulus_n), "fingerprint", text,
                     "ranges", view_ranges(e), "imported", (json_int_t)e->imported);
}

static void answer(struct admin_request *r, unsigned status, json_t *body)
{
    if (body == NULL) {
        admin_call_refuse_err(&r->call, E_MEMORY);
    } else {
        admin_answer(r, status, body);
    }
}

static bool missing(const struct admin_request *r, struct admin_fault *fault)
{
    return admin_fault_set(fault, PROBLEM_NO_LOT, NULL, "no lot has the id %s", r->lot.text);
}

/* `instead`: what is shown if it is gone by now; or NULL. */
static void show(struct admin_request *r, struct lots_entry *instead, unsigned status)
{
    struct admin_fault fault;
    struct lots_entry *e = lots_get(r->h->lots, &r->lot);
    if (e == NULL && instead == NULL) {
        (void)missing(r, &fault);
        admin_refuse(r, &fault);
    } else {
        answer(r, status, admin_lot_view(r->crypto, e != NULL ? e : instead));
    }
    lots_entry_drop(e);
}

void admin_lot_get(struct admin_request *r)
{
    show(r, NULL, ADMIN_STATUS_OK);
}

static bool after_of(struct admin_request *r, struct kme_lot_id *id, const struct kme_lot_id **out)
{
    const char *text = admin_parameter(r, "after");
    *out = text != NULL ? id : NULL;
    return text == NULL || kme_lot_id_parse(bytes_of_str(text), id) == E_OK ||
           admin_call_parameter_wrong(&r->call, "after", "is no id of a lot");
}

static json_t *page(const struct crypto *c, struct lots_entry **entries, size_t n, bool more)
{
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++) {
        (void)json_array_append_new(list, admin_lot_view(c, entries[i]));
    }
    return json_pack("{s:o,s:o}", "lots", list, "next",
                     more ? json_string(entries[n - 1]->lot.id.text) : json_null());
}

void admin_lots_list(struct admin_request *r)
{
    struct kme_lot_id id;
    const struct kme_lot_id *after = NULL;
    size_t limit = 0, n = 0;
    bool more = false;
    if (!admin_call_limit(&r->call, &limit) || !after_of(r, &id, &after)) {
        return;
    }
    struct lots_entry **entries = calloc(limit, sizeof(struct lots_entry *));
    if (entries == NULL) {
        admin_call_refuse_err(&r->call, E_MEMORY);
        return;
    }
    lots_page(r->h->lots, after, limit, PAGE_RANGES, entries, &n, &more);
    answer(r, ADMIN_STATUS_OK, page(r->crypto, entries, n, more));
    for (size_t i = 0; i < n; i++) {
        lots_entry_drop(entries[i]);
    }
    free(entries);
}

/* ---- on the worker's thread: P and Q ---- */

static bool key_fault(struct admin_fault *fault, enum err err, enum lot_key_fault what)
{
    return err == E_BAD_VALUE
               ? admin_fault_set(fault, PROBLEM_LOT_KEY, NULL, "%s", lot_key_fault_sentence(what))
               : admin_fault_store(fault, err);
}

static bool lot_of(const struct kme_lot_id *id, struct admin_lot *x, struct kme_lot *lot)
{
    struct lot_key *key = NULL;
    enum lot_key_fault what = LOT_KEY_FAULT_NONE;
    struct admin_lot_row *row = &x->row;
    enum err err = lot_key_of_primes((struct bytes){row->key.p, row->p_n},
                                     (struct bytes){row->key.q, row->q_n}, &what, &key);
    if (err != E_OK) {
        return key_fault(&x->fault, err, what);
    }
    row->key.n = (uint16_t)row->p_n; /* they are of one length */
    err = kme_lot_make(bytes_of_str(id->text), bytes_of_str(row->manufacturer),
                       lot_key_modulus(key), lot);
    lot_key_close(key);
    return err == E_OK || admin_fault_store(&x->fault, err);
}

static bool entry_of(const struct kme_lot *lot, struct admin_lot *x)
{
    struct lots_why why;
    enum err err =
        lots_entry_new(lot, x->row.ranges, x->row.n, hssd_unix_seconds(), &x->entry, &why);
    if (err == E_BAD_VALUE) {
        return admin_fault_set(&x->fault, PROBLEM_BAD_MEMBER, "/ranges", "%s", why.text);
    }
    return err == E_OK || admin_fault_store(&x->fault, err);
}

static bool rows_of(struct admin_lot *x)
{
    const struct lots_entry *e = x->entry;
    x->ranges = calloc(e->n, sizeof *x->ranges);
    if (x->ranges == NULL) {
        return admin_fault_store(&x->fault, E_MEMORY);
    }
    for (size_t i = 0; i < e->n; i++) {
        x->ranges[i] =
            (struct store_lot_range){.first = e->ranges[i].first, .last = e->ranges[i].last};
    }
    x->stored = (struct store_lot){
        .modulus_n = e->lot.modulus_n, .imported = e->imported, .ranges = (uint32_t)e->n};
    memcpy(x->stored.id, e->lot.id.text, sizeof x->stored.id);
    memcpy(x->stored.manufacturer, e->lot.manufacturer, sizeof x->stored.manufacturer);
    memcpy(x->stored.modulus, e->lot.modulus, e->lot.modulus_n);
    return true;
}

static void think(struct admin_task *task)
{
    struct admin_request *r = admin_request_of_task(task);
    struct admin_lot *x = r->lot_item;
    struct kme_lot lot;
    bool ok = lot_of(&r->lot, x, &lot) && entry_of(&lot, x) && rows_of(x);
    (void)ok; /* the fault is the request's */
}

/* ---- on the writer's thread ---- */

static bool plan(struct admin_request *r, enum err *err)
{
    struct admin_lot *x = r->lot_item;
    struct lots_why why;
    *err = lots_plan(r->h->lots, x->entry, &x->same, &why);
    if (*err == E_EXISTS || *err == E_CONFLICT) {
        (void)admin_fault_set(&x->fault,
                              *err == E_EXISTS ? PROBLEM_LOT_EXISTS : PROBLEM_LOT_OVERLAP,
                              *err == E_EXISTS ? NULL : "/ranges", "%s", why.text);
        *err = E_OK;
        return false;
    }
    return *err == E_OK && !x->same;
}

/* Never P and Q. NULL: nothing is known of it. */
static json_t *told(const struct admin_request *r, const struct lots_entry *e)
{
    char text[FINGERPRINT_TEXT] = "";
    if (e == NULL || !fingerprint(&r->h->writers, &e->lot, text)) {
        return NULL;
    }
    return json_pack("{s:s,s:i,s:s,s:I}", "manufacturer", e->lot.manufacturer, "bits",
                     (int)(8 * e->lot.modulus_n), "fingerprint", text, "ranges", (json_int_t)e->n);
}

/* On the writer's thread, whose crypto it takes. */
static bool as_expected(struct admin_request *r)
{
    const bool asked = r->condition.none || r->condition.match;
    struct lots_entry *e = asked ? lots_get(r->h->lots, &r->lot) : NULL;
    json_t *now = e != NULL ? admin_lot_view(&r->h->writers, e) : NULL;
    lots_entry_drop(e);
    return admin_condition_holds(&r->condition, now, &r->lot_item->fault);
}

static enum err put(struct store_writer *w, struct writer_job *job)
{
    struct admin_request *r = admin_request_of(job);
    struct admin_lot *x = r->lot_item;
    enum err err = E_OK;
    if (!as_expected(r) || !plan(r, &err)) {
        return err;
    }
    err = store_put_lot(w, &x->stored, &x->row.key, x->ranges, x->row.n);
    if (err == E_OK) {
        err = admin_audit(w, r, NULL, told(r, x->entry), "added");
    }
    if (err != E_OK) {
        lots_drop(r->h->lots, x->entry); /* at once: the batch goes on without it */
    }
    return err;
}

/* The batch as a whole came to nothing. */
static void put_undone(struct admin_request *r)
{
    lots_drop(r->h->lots, r->lot_item->entry);
}

static enum err drop(struct store_writer *w, struct writer_job *job)
{
    struct admin_request *r = admin_request_of(job);
    if (!as_expected(r)) {
        return E_OK;
    }
    enum err err = store_remove_lot(w, r->lot.text);
    if (err == E_NOT_FOUND) {
        (void)missing(r, &r->lot_item->fault);
        return E_OK;
    }
    if (err == E_OK) {
        struct lots_entry *e = lots_get(r->h->lots, &r->lot);
        err = admin_audit(w, r, told(r, e), NULL, "removed");
        lots_entry_drop(e);
    }
    return err;
}

/* ---- on the control thread ---- */

static void tell(struct admin_request *r, const char *name, const struct lots_entry *e)
{
    char text[FINGERPRINT_TEXT] = "";
    char detail[160];
    (void)!fingerprint(r->crypto, &e->lot, text);
    snprintf(detail, sizeof detail, "%s of %.40s, %u bits, SHA-256 %.16s..., ranges: %zu",
             e->lot.id.text, e->lot.manufacturer, 8u * e->lot.modulus_n, text, e->n);
    hssd_event(r->h, name, NULL, NULL, NULL, NULL, detail);
}

/* Sets the answer if it is a refusal. */
static bool refused(struct admin_request *r)
{
    struct admin_lot *x = r->lot_item;
    if (x->fault.problem == PROBLEM_NONE && r->change.job.result != E_OK) {
        (void)admin_fault_store(&x->fault, r->change.job.result);
    }
    if (x->fault.problem == PROBLEM_NONE) {
        return false;
    }
    admin_refuse(r, &x->fault);
    return true;
}

static void put_done(struct admin_request *r)
{
    struct admin_lot *x = r->lot_item;
    if (refused(r)) {
        return;
    }
    if (!x->same) {
        lots_added(r->h->lots, x->entry);
        tell(r, "lot-added", x->entry);
    }
    show(r, x->entry, x->same ? ADMIN_STATUS_OK : STATUS_CREATED);
}

static void thought(struct admin_request *r)
{
    struct admin_lot *x = r->lot_item;
    if (r->task.skipped) {
        (void)admin_fault_busy(r, &x->fault);
    }
    if (x->fault.problem != PROBLEM_NONE) {
        admin_refuse(r, &x->fault);
        return;
    }
    r->undone = put_undone;
    (void)!admin_submit(r, put, put_done); /* the answer is set when it fails */
}

static struct admin_lot *item_new(struct admin_request *r)
{
    r->lot_item = calloc(1, sizeof *r->lot_item);
    if (r->lot_item == NULL) {
        admin_call_refuse_err(&r->call, E_MEMORY);
    }
    return r->lot_item;
}

void admin_lot_put(struct admin_request *r)
{
    json_t *json = NULL;
    struct admin_lot *x = item_new(r);
    if (x == NULL) {
        return;
    }
    if (!admin_condition_read(&r->call, &r->condition)) {
        return;
    }
    bool ok = admin_json_parse((struct bytes){r->call.body, r->call.body_n}, &json, &x->fault) &&
              admin_lot_parse(json, &x->row, &x->fault);
    json_decref(json);
    if (ok) {
        admin_think(r, think, thought);
    } else {
        admin_refuse(r, &x->fault);
    }
}

static void drop_done(struct admin_request *r)
{
    struct admin_lot *x = r->lot_item;
    if (refused(r)) {
        return;
    }
    x->entry = lots_get(r->h->lots, &r->lot);
    lots_removed(r->h->lots, &r->lot);
    if (x->entry != NULL) {
        tell(r, "lot-removed", x->entry);
    }
    admin_answer(r, STATUS_NO_CONTENT, NULL);
}

void admin_lot_delete(struct admin_request *r)
{
    if (admin_condition_read(&r->call, &r->condition) && item_new(r) != NULL) {
        (void)!admin_submit(r, drop, drop_done);
    }
}
