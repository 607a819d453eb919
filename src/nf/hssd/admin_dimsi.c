#include "nf/hssd/admin_dimsi.h"

#include "nf/common/dimsi_json.h"
#include "nf/hssd/admin_onboarding.h"
#include "nf/hssd/admin_pages.h"
#include "nf/hssd/audit.h"
#include "nf/hssd/dimsi_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct admin_dimsi {
    enum hss_dimsi_word word;
    struct hss_dimsi_change change;
    struct admin_fault fault;
};

void admin_dimsi_free(struct admin_request *r)
{
    free(r->dimsi_item);
    r->dimsi_item = NULL;
}

/* ---- views ---- */

static json_t *view_todo(uint8_t todo)
{
    static const char *const names[] = {"release", "undeliver", "push", "deliver", "spent"};
    json_t *list = json_array();
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if ((todo & (1u << i)) != 0) {
            (void)json_array_append_new(list, json_string(names[i]));
        }
    }
    return list;
}

static json_t *text_or_null(const char *text)
{
    return text[0] != '\0' ? json_string(text) : json_null();
}

static json_t *number_or_null(bool is_there, int64_t n)
{
    return is_there ? json_integer((json_int_t)n) : json_null();
}

json_t *admin_dimsi_view(const struct store_dimsi *row)
{
    return json_pack(
        "{s:s,s:s,s:o,s:I,s:o,s:o,s:o,s:s,s:s,s:o,s:o,s:I,s:o,s:o,s:o,s:b,s:b,s:b,s:I,s:I,s:o}",
        "dimsi", row->dimsi.digits, "phase", hss_dimsi_phase_name(row->phase), "todo",
        view_todo(row->todo), "tries", (json_int_t)row->tries, "next_try",
        number_or_null(row->todo != 0, row->next_try), "cause", text_or_null(row->cause), "detail",
        text_or_null(row->detail), "sp", row->sp, "arpf", row->arpf, "token",
        dimsi_json_of_hex(BYTES_OF(row->token)), "se", dimsi_json_of_hex(BYTES_OF(row->se)),
        "number", (json_int_t)row->number, "release",
        number_or_null(row->release != 0, (int64_t)row->release), "imsi",
        row->has_imsi ? json_string(row->imsi.digits) : json_null(), "operator_imsi",
        row->has_operator ? json_string(row->operator_imsi.digits) : json_null(), "delivered",
        (int)row->delivered, "confirmed", (int)row->confirmed, "used", (int)row->used, "first",
        (json_int_t)row->first, "changed", (json_int_t)row->changed, "expires",
        number_or_null(row->expires != 0, row->expires));
}

void admin_dimsi_add(json_t *subscriber, const struct store_dimsi *row)
{
    if (subscriber != NULL) {
        (void)json_object_set_new(subscriber, "dimsi",
                                  row->phase != 0 ? json_string(row->dimsi.digits) : json_null());
    }
}

static bool missing(const struct admin_request *r, struct admin_fault *fault)
{
    return admin_fault_set(fault, PROBLEM_NO_DIMSI, NULL, "no device %s was offered",
                           r->imsi.digits);
}

bool admin_dimsi_sees(const struct admin_call *c, const struct store_dimsi *row)
{
    return admin_call_sees(c, &row->dimsi) && (!row->has_imsi || admin_call_sees(c, &row->imsi)) &&
           (!row->has_operator || admin_call_sees(c, &row->operator_imsi));
}

void admin_dimsi_get(struct admin_request *r)
{
    struct store_dimsi row;
    struct admin_fault fault;
    enum err err = store_read_dimsi(r->reader, &r->imsi, &row);
    if (err == E_OK && !admin_dimsi_sees(&r->call, &row)) {
        err = E_NOT_FOUND; /* whether it is there is not for him to know */
    }
    if (err == E_OK) {
        admin_call_show(&r->call, admin_dimsi_view(&row));
    } else if (err == E_NOT_FOUND) {
        (void)missing(r, &fault);
        admin_refuse(r, &fault);
    } else {
        admin_call_refuse_err(&r->call, err);
    }
}

/* ---- a page ---- */

static bool wanted_of(struct admin_request *r, struct imsi *after, struct store_dimsi_wanted *out)
{
    const char *text = admin_parameter(r, "after");
    const char *phase = admin_parameter(r, "phase");
    *out = (struct store_dimsi_wanted){.after = text != NULL ? after : NULL};
    if (text != NULL && imsi_parse(bytes_of_str(text), after) != E_OK) {
        return admin_call_parameter_wrong(&r->call, "after", "is no discovery IMSI");
    }
    out->phase = phase != NULL ? hss_dimsi_phase_of(phase) : 0;
    return phase == NULL || out->phase != 0 ||
           admin_call_parameter_wrong(&r->call, "phase",
                                      "is none of offered, allocated, pushed, attached, done, "
                                      "refused, withdrawn and expired");
}

static json_t *page(const struct store_dimsi *rows, size_t n, size_t limit)
{
    const bool more = n > limit;
    json_t *list = json_array();
    n = more ? limit : n;
    for (size_t i = 0; i < n; i++) {
        (void)json_array_append_new(list, admin_dimsi_view(&rows[i]));
    }
    return json_pack("{s:o,s:o}", "devices", list, "next",
                     more ? json_string(rows[n - 1].dimsi.digits) : json_null());
}

void admin_dimsi_list(struct admin_request *r)
{
    struct imsi after;
    struct store_dimsi_wanted wanted;
    size_t limit = 0, n = 0;
    if (!admin_call_limit(&r->call, &limit) || !wanted_of(r, &after, &wanted)) {
        return;
    }
    struct store_dimsi *rows = calloc(limit + 1, sizeof *rows);
    enum err err = rows == NULL ? E_MEMORY : admin_page_dimsi(r, &wanted, rows, limit + 1, &n);
    if (err != E_OK) {
        admin_call_refuse_err(&r->call, err);
    } else {
        admin_call_show(&r->call, page(rows, n, limit));
    }
    free(rows);
}

/* ---- the status ---- */

static json_t *view_parties(struct hssd *h)
{
    static const char *const states[] = {
        [HSS_DIMSI_UNTRIED] = "untried", [HSS_DIMSI_UP] = "up", [HSS_DIMSI_DOWN] = "down"};
    struct hss_dimsi_remote_status s;
    json_t *list = json_array();
    for (size_t i = 0; hss_dimsi_remote_status(h->dimsi, i, &s); i++) {
        (void)json_array_append_new(
            list, json_pack("{s:s,s:s,s:s,s:s,s:o,s:I}", "kind", s.kind, "name", s.remote->name,
                            "link", s.remote->link, "state", states[s.state], "since",
                            number_or_null(s.since != 0, s.since), "asked", (json_int_t)s.asked));
    }
    return list;
}

static enum err add_sp(const struct hssd_sp *sp, struct store_reader *reader, json_t *list)
{
    uint64_t counts[STORE_DIMSI_PHASES];
    enum err err = store_count_dimsi(reader, sp->name, counts);
    json_t *o =
        json_pack("{s:s,s:I}", "name", sp->name, "offers_most", (json_int_t)sp->offers_most);
    for (unsigned p = 1; o != NULL && p < STORE_DIMSI_PHASES; p++) {
        (void)json_object_set_new(o, hss_dimsi_phase_name((uint8_t)p),
                                  json_integer((json_int_t)counts[p]));
    }
    (void)json_array_append_new(list, o);
    return err;
}

static enum err add_pools(const struct hssd_imsi_pool *pools, size_t n, struct store_reader *reader,
                          json_t *list)
{
    enum err err = E_OK;
    for (size_t i = 0; err == E_OK && i < n; i++) {
        json_t *one = NULL;
        err = admin_pool_view(&pools[i], reader, hssd_unix_seconds(), &one);
        if (err == E_OK) {
            (void)json_array_append_new(list, one);
        }
    }
    return err;
}

static enum err fill(struct hssd *h, struct store_reader *reader, json_t *sps, json_t *pools,
                     json_t *operators)
{
    const struct hssd_dimsi *c = &h->config->dimsi;
    enum err err = E_OK;
    for (size_t i = 0; err == E_OK && i < c->n_sps; i++) {
        err = add_sp(&c->sps[i], reader, sps);
    }
    if (err == E_OK) {
        err = add_pools(c->pools, c->n_pools, reader, pools);
    }
    return err == E_OK ? add_pools(c->operator_pools, c->n_operator_pools, reader, operators) : err;
}

enum err admin_dimsi_summary(struct hssd *h, struct store_reader *reader, json_t **out)
{
    char plmn[PLMN_TEXT_MAX];
    *out = json_null();
    if (!h->config->dimsi.enabled || h->dimsi == NULL) {
        return E_OK;
    }
    const struct address bound = hss_dimsi_bound(h);
    json_t *sps = json_array(), *pools = json_array(), *operators = json_array();
    enum err err = fill(h, reader, sps, pools, operators);
    plmn_print(&h->config->dimsi.plmn, plmn);
    json_t *o =
        json_pack("{s:s,s:s,s:o,s:o,s:o,s:o,s:o}", "plmn", plmn, "listen", address_print(&bound).s,
                  "service_providers", sps, "parties", view_parties(h), "pools", pools,
                  "operator_pools", operators, "offers", hss_dimsi_offers_status(h));
    if (err == E_OK && o != NULL) {
        *out = o;
        return E_OK;
    }
    json_decref(o);
    return err != E_OK ? err : E_MEMORY;
}

/* ---- a word ---- */

static const char *const words[] = {"retry", "withdraw", "forget"};

static bool take_word(const json_t *v, enum hss_dimsi_word *out, struct admin_fault *fault)
{
    const char *text = json_is_string(v) ? json_string_value(v) : "";
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (strcmp(text, words[i]) == 0) {
            *out = (enum hss_dimsi_word)i;
            return true;
        }
    }
    return admin_fault_set(fault, PROBLEM_BAD_MEMBER, "/do",
                           "do must be \"retry\", \"withdraw\" or \"forget\"");
}

static bool parse(const json_t *json, enum hss_dimsi_word *out, struct admin_fault *fault)
{
    char pointer[48];
    json_t *o = (json_t *)(uintptr_t)json; /* jansson's iterators take no const */
    if (!json_is_object(json)) {
        return admin_fault_set(fault, PROBLEM_BAD_MEMBER, NULL, "the body is a JSON object");
    }
    for (void *i = json_object_iter(o); i != NULL; i = json_object_iter_next(o, i)) {
        if (strcmp(json_object_iter_key(i), "do") != 0) {
            snprintf(pointer, sizeof pointer, "/%.40s", json_object_iter_key(i));
            return admin_fault_set(fault, PROBLEM_UNKNOWN_MEMBER, pointer,
                                   "the one member here is do");
        }
    }
    const json_t *word = json_object_get(json, "do");
    return word != NULL ? take_word(word, out, fault)
                        : admin_fault_set(fault, PROBLEM_MISSING_MEMBER, "/do", "do is missing");
}

static json_t *told(const struct store_dimsi *row)
{
    return json_pack("{s:s,s:o,s:o,s:o}", "phase", hss_dimsi_phase_name(row->phase), "todo",
                     view_todo(row->todo), "imsi",
                     row->has_imsi ? json_string(row->imsi.digits) : json_null(), "operator_imsi",
                     row->has_operator ? json_string(row->operator_imsi.digits) : json_null());
}

/* Tells it the word, with an entry in the audit log. */
static enum err change(struct store_writer *w, struct admin_request *r)
{
    struct admin_dimsi *x = r->dimsi_item;
    struct store_dimsi old;
    enum err err = store_writer_dimsi(w, &r->imsi, &old);
    if (err == E_OK && !admin_dimsi_sees(&r->call, &old)) {
        return E_NOT_FOUND;
    }
    if (err == E_OK) {
        err = hss_dimsi_tell(r->h, w, &r->imsi, x->word, &x->change);
    }
    if (err != E_OK || !x->change.changed) {
        return err;
    }
    json_t *before = told(&old), *after = told(&x->change.row);
    audit_only_changes(before, after);
    return admin_audit(w, r, before, after, words[x->word]);
}

static enum err run(struct store_writer *w, struct writer_job *job)
{
    struct admin_request *r = admin_request_of(job);
    struct admin_dimsi *x = r->dimsi_item;
    enum err err = change(w, r);
    if (err == E_NOT_FOUND) {
        (void)missing(r, &x->fault);
        return E_OK;
    }
    if (err == E_OK && x->change.se_taken) {
        (void)admin_fault_set(&x->fault, PROBLEM_DIMSI_PHASE, NULL,
                              "another dIMSI of its secure element is under way or in use");
    } else if (err == E_OK && x->change.wrong_phase) {
        (void)admin_fault_set(&x->fault, PROBLEM_DIMSI_PHASE, NULL,
                              "the device is %s, which cannot be told to %s",
                              hss_dimsi_phase_name(x->change.row.phase), words[x->word]);
    }
    return err;
}

static void done(struct admin_request *r)
{
    struct admin_dimsi *x = r->dimsi_item;
    if (x->fault.problem == PROBLEM_NONE && r->change.job.result != E_OK) {
        (void)admin_fault_store(&x->fault, r->change.job.result);
    }
    if (x->fault.problem != PROBLEM_NONE) {
        admin_refuse(r, &x->fault);
        return;
    }
    hss_dimsi_told(r->h, x->word, &x->change);
    admin_call_show(&r->call, admin_dimsi_view(&x->change.row));
}

void admin_dimsi_tell(struct admin_request *r)
{
    json_t *json = NULL;
    struct admin_dimsi *x = calloc(1, sizeof *x);
    r->dimsi_item = x;
    if (x == NULL) {
        admin_call_refuse_err(&r->call, E_MEMORY);
        return;
    }
    bool ok = admin_json_parse((struct bytes){r->call.body, r->call.body_n}, &json, &x->fault) &&
              parse(json, &x->word, &x->fault);
    json_decref(json);
    if (ok) {
        (void)!admin_submit(r, run, done);
    } else {
        admin_refuse(r, &x->fault);
    }
}
