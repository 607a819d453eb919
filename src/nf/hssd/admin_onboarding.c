#include "nf/hssd/admin_onboarding.h"

#include "nf/hssd/admin_pages.h"
#include "nf/hssd/audit.h"
#include "nf/hssd/onboarding.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CANCEL_SUBSCRIPTION 2 /* TS 29.272 7.3.24: subscription withdrawal */

struct admin_onboarding {
    enum admin_onboarding_word word;
    enum admin_onboarding_act act;
    struct store_onboarding row; /* as it is now */
    bool ended;                  /* its subscription did: */
    struct imsi imsi;
    struct store_serving serving;
    struct admin_fault fault;
};

void admin_onboarding_free(struct admin_request *r)
{
    free(r->onboarding_item);
    r->onboarding_item = NULL;
}

/* ---- what is asked ---- */

static const char *const words[ADMIN_ONBOARDING_WORDS] = {"approve", "deny", "expire", "forget"};

static bool take_word(const json_t *v, enum admin_onboarding_word *out, struct admin_fault *fault)
{
    const char *text = json_is_string(v) ? json_string_value(v) : "";
    for (size_t i = 0; i < ADMIN_ONBOARDING_WORDS; i++) {
        if (strcmp(text, words[i]) == 0) {
            *out = (enum admin_onboarding_word)i;
            return true;
        }
    }
    return admin_fault_set(fault, PROBLEM_BAD_MEMBER, "/do",
                           "do must be \"approve\", \"deny\", \"expire\" or \"forget\"");
}

bool admin_onboarding_parse(const json_t *json, enum admin_onboarding_word *out,
                            struct admin_fault *fault)
{
    char pointer[48];
    json_t *o = (json_t *)(uintptr_t)json; /* jansson's iterators take no const */
    *fault = (struct admin_fault){.problem = PROBLEM_NONE};
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

static bool authority_parse(struct bytes step, char out[static STORE_AUTHORITY_MAX + 1])
{
    bool good = step.n > 0 && step.n <= STORE_AUTHORITY_MAX;
    for (size_t i = 0; good && i < step.n; i++) {
        good = (step.p[i] >= 'a' && step.p[i] <= 'z') || (step.p[i] >= '0' && step.p[i] <= '9') ||
               step.p[i] == '.' || step.p[i] == '-' || step.p[i] == '_';
    }
    if (good) {
        memcpy(out, step.p, step.n);
        out[step.n] = '\0';
    }
    return good;
}

static bool id_parse(struct bytes step, char out[static STORE_DEVICE_ID_MAX + 1])
{
    struct device_id id;
    if (device_id_parse(step, &id) != E_OK) {
        return false;
    }
    memcpy(out, id.text, sizeof id.text);
    return true;
}

bool admin_onboarding_authority(struct admin_request *r, struct bytes step)
{
    return authority_parse(step, r->onboarding.authority) ||
           admin_call_parameter_wrong(
               &r->call, "the authority in the path",
               "is not 1 to 64 lower-case letters, digits, dots, hyphens and underscores");
}

bool admin_onboarding_id(struct admin_request *r, struct bytes step)
{
    return id_parse(step, r->onboarding.id) ||
           admin_call_parameter_wrong(
               &r->call, "the device id in the path",
               "is not 1 to 64 letters, digits, dots, hyphens, underscores and tildes");
}

/* ---- views ---- */

json_t *admin_onboarding_view(const struct store_onboarding *row)
{
    return json_pack("{s:s,s:s,s:s,s:b,s:s,s:s,s:s,s:s,s:o,s:I,s:I,s:o}", "authority",
                     row->key.authority, "id", row->key.id, "phase",
                     certattach_phase_name((enum certattach_phase)row->phase), "again",
                     (int)row->again, "imei", row->imei.digits, "manufacturer", row->manufacturer,
                     "model", row->model, "serial_number", row->serial_number, "imsi",
                     row->has_imsi ? json_string(row->imsi.digits) : json_null(), "first",
                     (json_int_t)row->first, "changed", (json_int_t)row->changed, "expires",
                     row->expires != 0 ? json_integer((json_int_t)row->expires) : json_null());
}

static bool missing(const struct admin_request *r, struct admin_fault *fault)
{
    return admin_fault_set(fault, PROBLEM_NO_ONBOARDING, NULL, "no device %s/%s has asked",
                           r->onboarding.authority, r->onboarding.id);
}

static const struct imsi *imsi_of(const struct store_onboarding *row)
{
    return row->has_imsi ? &row->imsi : NULL;
}

void admin_onboarding_get(struct admin_request *r)
{
    struct store_onboarding row;
    struct admin_fault fault;
    enum err err = store_read_onboarding(r->reader, &r->onboarding, &row);
    if (err == E_OK && !admin_call_sees(&r->call, imsi_of(&row))) {
        err = E_NOT_FOUND; /* whether it is there is not for him to know */
    }
    if (err == E_OK) {
        admin_call_show(&r->call, admin_onboarding_view(&row));
    } else if (err == E_NOT_FOUND) {
        (void)missing(r, &fault);
        admin_refuse(r, &fault);
    } else {
        admin_call_refuse_err(&r->call, err);
    }
}

/* ---- a page ---- */

/* `after`: AUTHORITY/ID. Absent: *out is NULL. */
static bool after_of(struct admin_request *r, struct store_onboarding_key *key,
                     const struct store_onboarding_key **out)
{
    const char *text = admin_parameter(r, "after");
    *out = text != NULL ? key : NULL;
    if (text == NULL) {
        return true;
    }
    size_t n = strcspn(text, "/");
    bool good = authority_parse((struct bytes){(const uint8_t *)text, n}, key->authority) &&
                text[n] == '/' && id_parse(bytes_of_str(text + n + 1), key->id);
    return good || admin_call_parameter_wrong(&r->call, "after", "is not AUTHORITY/ID");
}

/* Absent: NEW, which means all. */
static bool phase_of(struct admin_request *r, enum certattach_phase *out)
{
    const char *text = admin_parameter(r, "phase");
    *out = CERTATTACH_PHASE_NEW;
    return text == NULL ||
           (certattach_phase_parse(bytes_of_str(text), out) == E_OK &&
            *out != CERTATTACH_PHASE_NEW) ||
           admin_call_parameter_wrong(
               &r->call, "phase",
               "is none of waiting, approved, pending, active, denied and expired");
}

/* looked: empty, or the last of many that are not to be seen. */
static json_t *page(const struct store_onboarding *rows, size_t n, size_t limit,
                    const struct store_onboarding_key *looked)
{
    char next[ONBOARDING_NAME_MAX] = "";
    const bool more = n > limit;
    json_t *list = json_array();
    n = more ? limit : n;
    for (size_t i = 0; i < n; i++) {
        (void)json_array_append_new(list, admin_onboarding_view(&rows[i]));
    }
    if (more || looked->id[0] != '\0') {
        onboarding_name(more ? &rows[n - 1].key : looked, next);
    }
    return json_pack("{s:o,s:o}", "devices", list, "next", admin_text_or_null(next));
}

void admin_onboarding_list(struct admin_request *r)
{
    struct store_onboarding_key key, looked;
    const struct store_onboarding_key *after = NULL;
    enum certattach_phase phase;
    size_t limit = 0, n = 0;
    if (!admin_call_limit(&r->call, &limit) || !after_of(r, &key, &after) || !phase_of(r, &phase)) {
        return;
    }
    struct store_onboarding *rows = calloc(limit + 1, sizeof *rows);
    enum err err = rows == NULL ? E_MEMORY
                                : admin_page_onboarding(r, after, (uint8_t)phase, rows, limit + 1,
                                                        &n, &looked);
    if (err != E_OK) {
        admin_call_refuse_err(&r->call, err);
    } else {
        admin_call_show(&r->call, page(rows, n, limit, &looked));
    }
    free(rows);
}

/* ---- the pools and the authorities ---- */

enum err admin_pool_view(const struct hssd_imsi_pool *pool, struct store_reader *reader,
                         int64_t now, json_t **out)
{
    struct store_pool p;
    enum err err = store_read_pool(reader, &pool->first, &pool->last, now, &p);
    if (err == E_OK) {
        *out = json_pack("{s:s,s:s,s:I,s:I,s:I,s:I}", "first", pool->first.digits, "last",
                         pool->last.digits, "total", (json_int_t)p.total, "never_used",
                         (json_int_t)p.never_used, "resting", (json_int_t)p.resting, "ready",
                         (json_int_t)p.ready);
    }
    return err == E_OK && *out == NULL ? E_MEMORY : err;
}

static json_t *view_site(struct hssd *h, size_t i)
{
    static const char *const states[] = {
        [ONBOARD_SITE_UNTRIED] = "untried", [ONBOARD_SITE_UP] = "up", [ONBOARD_SITE_DOWN] = "down"};
    struct onboard_site_status s;
    onboarding_site(h->onboarding, i, &s);
    return json_pack("{s:s,s:o,s:I,s:I,s:I}", "state", states[s.state], "since",
                     s.since != 0 ? json_integer((json_int_t)s.since) : json_null(), "asked",
                     (json_int_t)s.asked, "from_cache", (json_int_t)s.cached, "entries",
                     (json_int_t)s.entries);
}

static enum err view_authority(struct hssd *h, size_t i, struct store_reader *reader, json_t **out)
{
    const struct hssd_authority *a = &h->config->onboarding.authorities[i];
    uint64_t counts[STORE_ONBOARDING_PHASES];
    enum err err = store_count_onboarding(reader, a->name, counts);
    if (err != E_OK) {
        return err;
    }
    *out = json_pack("{s:s,s:s,s:s,s:I,s:I,s:I,s:o}", "name", a->name, "host", a->host, "approval",
                     a->by_rule ? "rule" : "hand", "waiting_most", (json_int_t)a->waiting_most,
                     "pending_most", (json_int_t)a->pending_most, "per_hour",
                     (json_int_t)a->per_hour, "site", view_site(h, i));
    for (int p = CERTATTACH_PHASE_WAITING; *out != NULL && p < CERTATTACH_PHASES; p++) {
        (void)json_object_set_new(*out, certattach_phase_name((enum certattach_phase)p),
                                  json_integer((json_int_t)counts[p]));
    }
    return *out != NULL ? E_OK : E_MEMORY;
}

static enum err summary_of(struct hssd *h, struct store_reader *reader, json_t *pools,
                           json_t *authorities)
{
    const struct hssd_onboarding *o = &h->config->onboarding;
    const int64_t now = hssd_unix_seconds();
    enum err err = E_OK;
    json_t *one = NULL;
    for (size_t i = 0; err == E_OK && i < o->n_pools; i++) {
        err = admin_pool_view(&o->pools[i], reader, now, &one);
        if (err == E_OK) {
            (void)json_array_append_new(pools, one);
        }
    }
    for (size_t i = 0; err == E_OK && i < o->n_authorities; i++) {
        err = view_authority(h, i, reader, &one);
        if (err == E_OK) {
            (void)json_array_append_new(authorities, one);
        }
    }
    return err;
}

enum err admin_onboarding_summary(struct hssd *h, struct store_reader *reader, json_t **out)
{
    if (!hssd_config_onboards(h->config) || h->onboarding == NULL) {
        *out = json_null();
        return E_OK;
    }
    json_t *pools = json_array(), *authorities = json_array();
    enum err err = summary_of(h, reader, pools, authorities);
    json_t *o = json_pack("{s:o,s:o,s:i}", "pools", pools, "authorities", authorities, "asking",
                          (int)onboarding_waiting(h->onboarding));
    if (err == E_OK && o != NULL) {
        *out = o;
        return E_OK;
    }
    json_decref(o);
    return err != E_OK ? err : E_MEMORY;
}

void admin_onboarding_pools(struct admin_request *r)
{
    json_t *body = NULL;
    enum err err = admin_onboarding_summary(r->h, r->reader, &body);
    if (err == E_OK && json_is_null(body)) {
        body = json_pack("{s:[],s:[],s:i}", "pools", "authorities", "asking", 0);
    }
    if (err != E_OK) {
        admin_call_refuse_err(&r->call, err);
    } else {
        admin_call_show(&r->call, body);
    }
}

/* ---- what a word makes of a device ---- */

static bool wrong_phase(const struct store_onboarding *row, struct admin_fault *fault)
{
    static const char *const may[CERTATTACH_PHASES] = {
        [CERTATTACH_PHASE_NEW] = "nothing",
        [CERTATTACH_PHASE_WAITING] = "it can be approved, denied or forgotten",
        [CERTATTACH_PHASE_APPROVED] = "it can be denied or forgotten",
        [CERTATTACH_PHASE_PENDING] = "its subscription can be denied, or can expire, before it is "
                                     "used",
        [CERTATTACH_PHASE_ACTIVE] = "it can be approved, which lets it have its keys once more; "
                                    "else suspend or remove the subscriber",
        [CERTATTACH_PHASE_DENIED] = "it can be approved or forgotten",
        [CERTATTACH_PHASE_EXPIRED] = "it can be approved, denied or forgotten",
    };
    return admin_fault_set(fault, PROBLEM_ONBOARDING_PHASE, NULL, "the device is %s: %s",
                           certattach_phase_name((enum certattach_phase)row->phase),
                           may[row->phase % CERTATTACH_PHASES]);
}

static enum admin_onboarding_act become(struct store_onboarding *row, enum certattach_phase phase,
                                        int64_t now)
{
    if (row->phase == phase) {
        return ADMIN_ONBOARDING_NOTHING;
    }
    row->phase = (uint8_t)phase;
    row->changed = now;
    row->expires = 0;
    return ADMIN_ONBOARDING_PUT;
}

static enum admin_onboarding_act end(struct store_onboarding *row, enum certattach_phase phase)
{
    row->phase = (uint8_t)phase;
    return ADMIN_ONBOARDING_END;
}

static enum admin_onboarding_act let_again(struct store_onboarding *row)
{
    if (row->again) {
        return ADMIN_ONBOARDING_NOTHING;
    }
    row->again = true;
    return ADMIN_ONBOARDING_PUT;
}

/*= certattach-approval */
enum admin_onboarding_act admin_onboarding_plan(enum admin_onboarding_word word, int64_t now,
                                                struct store_onboarding *row,
                                                struct admin_fault *fault)
{
    const bool pending = row->phase == CERTATTACH_PHASE_PENDING;
    const bool active = row->phase == CERTATTACH_PHASE_ACTIVE;
    if (word == ADMIN_ONBOARDING_APPROVE && active) {
        return let_again(row);
    }
    if (word == ADMIN_ONBOARDING_APPROVE && !row->has_imsi) {
        return become(row, CERTATTACH_PHASE_APPROVED, now);
    }
    if (word == ADMIN_ONBOARDING_DENY && !active) {
        return pending ? end(row, CERTATTACH_PHASE_DENIED)
                       : become(row, CERTATTACH_PHASE_DENIED, now);
    }
    if (word == ADMIN_ONBOARDING_EXPIRE && pending) {
        return end(row, CERTATTACH_PHASE_EXPIRED);
    }
    if (word == ADMIN_ONBOARDING_EXPIRE && row->phase == CERTATTACH_PHASE_EXPIRED) {
        return ADMIN_ONBOARDING_NOTHING;
    }
    if (word == ADMIN_ONBOARDING_FORGET && !row->has_imsi) {
        return ADMIN_ONBOARDING_REMOVE;
    }
    (void)wrong_phase(row, fault);
    return ADMIN_ONBOARDING_WRONG;
}

/* ---- on the writer's thread ---- */

static enum err end_subscription(struct store_writer *w, struct admin_request *r, int64_t now)
{
    struct admin_onboarding *x = r->onboarding_item;
    struct store_subscriber s;
    enum err err = store_writer_subscriber(w, &x->row.imsi, &s);
    if (err == E_OK) {
        x->serving = s.serving;
    }
    wipe(&s, sizeof s);
    if (err == E_OK || err == E_WRONG_KEY) { /* what does not open ends as well */
        x->imsi = x->row.imsi;
        x->ended = true;
        err = store_end_onboarding(w, &r->onboarding, x->row.phase, now,
                                   onboarding_ready(r->h->config, now));
    }
    return err == E_OK ? store_writer_onboarding(w, &r->onboarding, &x->row) : err;
}

static enum err carry_out(struct store_writer *w, struct admin_request *r, int64_t now)
{
    struct admin_onboarding *x = r->onboarding_item;
    enum err err = E_OK;
    switch (x->act) {
    case ADMIN_ONBOARDING_PUT:
        return store_put_onboarding(w, &x->row);
    case ADMIN_ONBOARDING_END:
        return end_subscription(w, r, now);
    case ADMIN_ONBOARDING_REMOVE:
        err = store_remove_onboarding(w, &r->onboarding);
        x->row.phase = CERTATTACH_PHASE_NEW;
        return err;
    case ADMIN_ONBOARDING_NOTHING:
    case ADMIN_ONBOARDING_WRONG:
        break;
    }
    return E_OK;
}

static json_t *told(const struct store_onboarding *row)
{
    return json_pack("{s:s,s:b,s:s,s:o}", "phase",
                     certattach_phase_name((enum certattach_phase)row->phase), "again",
                     (int)row->again, "imei", row->imei.digits, "imsi",
                     row->has_imsi ? json_string(row->imsi.digits) : json_null());
}

/* Carries it out, with its entry in the audit log. */
static enum err change(struct store_writer *w, struct admin_request *r, int64_t now)
{
    struct admin_onboarding *x = r->onboarding_item;
    const struct store_onboarding old = x->row;
    x->act = admin_onboarding_plan(x->word, now, &x->row, &x->fault);
    enum err err = carry_out(w, r, now);
    if (err != E_OK || x->act == ADMIN_ONBOARDING_NOTHING || x->act == ADMIN_ONBOARDING_WRONG) {
        return err;
    }
    json_t *before = told(&old), *after = told(&x->row);
    audit_only_changes(before, after);
    return admin_audit(w, r, before, after, words[x->word]);
}

static enum err run(struct store_writer *w, struct writer_job *job)
{
    struct admin_request *r = admin_request_of(job);
    struct admin_onboarding *x = r->onboarding_item;
    const int64_t now = hssd_unix_seconds();
    enum err err = store_writer_onboarding(w, &r->onboarding, &x->row);
    if (err == E_NOT_FOUND || (err == E_OK && !admin_call_sees(&r->call, imsi_of(&x->row)))) {
        (void)missing(r, &x->fault);
        return E_OK;
    }
    return err == E_OK ? change(w, r, now) : err;
}

/* ---- on the control thread ---- */

/*= certattach-events */
static void tell(struct admin_request *r)
{
    static const char *const names[ADMIN_ONBOARDING_WORDS] = {
        "onboarding-approved", "onboarding-denied", "onboarding-expired", "onboarding-forgotten"};
    const struct admin_onboarding *x = r->onboarding_item;
    const struct imsi *imsi = x->ended ? &x->imsi : x->row.has_imsi ? &x->row.imsi : NULL;
    char device[ONBOARDING_NAME_MAX];
    if (x->act == ADMIN_ONBOARDING_NOTHING) {
        return;
    }
    onboarding_name(&r->onboarding, device);
    hssd_event(r->h, names[x->word], imsi, &x->row.imei, NULL, NULL, device);
    if (x->word == ADMIN_ONBOARDING_EXPIRE) {
        atomic_fetch_add_explicit(&r->h->counters.onboarding_expired, 1, memory_order_relaxed);
    }
    if (x->ended && x->serving.host[0] != '\0' && !x->serving.purged) {
        hssd_cancel_location(r->h, &x->imsi, &x->serving, false, CANCEL_SUBSCRIPTION);
    }
}

static void done(struct admin_request *r)
{
    struct admin_onboarding *x = r->onboarding_item;
    if (x->fault.problem == PROBLEM_NONE && r->change.job.result != E_OK) {
        (void)admin_fault_store(&x->fault, r->change.job.result);
    }
    if (x->fault.problem != PROBLEM_NONE) {
        admin_refuse(r, &x->fault);
        return;
    }
    tell(r);
    admin_call_show(&r->call, admin_onboarding_view(&x->row));
}

void admin_onboarding_tell(struct admin_request *r)
{
    json_t *json = NULL;
    struct admin_onboarding *x = calloc(1, sizeof *x);
    r->onboarding_item = x;
    if (x == NULL) {
        admin_call_refuse_err(&r->call, E_MEMORY);
        return;
    }
    bool ok = admin_json_parse((struct bytes){r->call.body, r->call.body_n}, &json, &x->fault) &&
              admin_onboarding_parse(json, &x->word, &x->fault);
    json_decref(json);
    if (ok) {
        (void)!admin_submit(r, run, done);
    } else {
        admin_refuse(r, &x->fault);
    }
}
