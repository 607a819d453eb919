#include "nf/repod/api.h"

#include "nf/common/json_whole.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OPERATOR     (1U << VERIFY_ROLE_OPERATOR)
#define MANUFACTURER (1U << VERIFY_ROLE_MANUFACTURER)
#define LIMIT_NORMAL 100u
#define OK           200u
#define CREATED      201u
#define JSON_TYPE    "application/json"

struct api_route {
    const char *method, *path, *parameters, *allow;
    unsigned roles;
    bool has_body, of_site;
    bool open; /* whoever comes may take it, if the site is open */
    void (*handle)(struct repod *r, struct api_call *c);
};
static const struct api_route routes[REPOD_ROUTES];

/* ---- answers ---- */

bool api_audit(struct repod *r, struct api_call *c, const char *outcome, json_t *more)
{
    char asked[80] = "-"; /* what is no path of ours is not written down */
    if (c->route != NULL) {
        (void)snprintf(asked, sizeof asked, "%.10s %.60s", c->route->method, c->route->path);
    }
    const struct audit_entry e = {
        .at_s = repod_wall(r),
        .client = c->call.peer->verdict == VERIFY_GOOD ? c->call.peer->name : NULL,
        .from = c->call.from,
        .asked = asked,
        .imei = c->has_imei ? &c->imei : NULL,
        .outcome = outcome,
        .more = more};
    enum err err = audit_write(r->audit, &e);
    r->audit_failing = err != E_OK;
    if (c->route != NULL) {
        metrics_observe(&r->times[c->route - routes], metrics_now_ns() - c->begun_ns);
    }
    repod_answered(r, err == E_OK ? outcome : cause_name(CAUSE_AUDIT_FAILED));
    if (err == E_OK) {
        return true;
    }
    const struct log_field field = LOG_FIELD_STR("error", err_name(err));
    log_limited(r->log, LOG_LEVEL_ERROR, "audit-failed", &field, 1);
    https_problem(&c->call, cause_status(CAUSE_AUDIT_FAILED), cause_name(CAUSE_AUDIT_FAILED),
                  cause_sentence(CAUSE_AUDIT_FAILED), NULL);
    return false;
}

void api_refuse(struct repod *r, struct api_call *c, enum cause cause, const char *detail)
{
    const struct log_field fields[] = {
        LOG_FIELD_STR("cause", cause_name(cause)),
        LOG_FIELD_STR("client", c->call.peer->name[0] != '\0' ? c->call.peer->name : NULL),
        LOG_FIELD_STR("address", address_print_ip(c->call.from).s)};
    log_limited(r->log, LOG_LEVEL_INFO, "refused", fields, sizeof fields / sizeof fields[0]);
    if (!api_audit(r, c, cause_name(cause), NULL)) {
        return;
    }
    https_problem(&c->call, cause_status(cause), cause_name(cause), cause_sentence(cause), detail);
    if (cause == CAUSE_TOO_MANY_REQUESTS || cause == CAUSE_NO_MEMORY) {
        c->call.retry_after = 1;
    }
    if (cause == CAUSE_METHOD) {
        c->call.allow = c->route->allow;
    }
}

void api_show(struct repod *r, struct api_call *c, unsigned status, json_t *body, json_t *more)
{
    size_t n = 0;
    char *text = json_whole_text(body, &n);
    json_decref(body);
    if (text == NULL) {
        json_decref(more);
        api_refuse(r, c, CAUSE_NO_MEMORY, NULL);
        return;
    }
    if (!api_audit(r, c, "ok", more)) {
        free(text);
        return;
    }
    https_answer(&c->call, status, JSON_TYPE, text, n);
}

struct publish_rules api_rules(const struct repod *r, const struct api_call *c)
{
    return (struct publish_rules){c->rules->clients[c->grant - c->rules->config->grants].device_ca,
                                  repod_wall(r), bulk_desk_roots(r->desk)};
}

struct publish_context api_context(const struct repod *r, const struct api_call *c)
{
    return (struct publish_context){r->store, r->signer, c->grant->name, repod_wall(r)};
}

/* ---- asking ---- */

struct list {
    json_t *rows;
    const struct repod_grant *grant; /* NULL: all rows are shown */
    uint64_t last;
    size_t seen;
    bool whole, failed;
};

static bool list_add(void *ctx, const struct repo_row *row)
{
    struct list *l = ctx;
    l->last = row->serial;
    l->seen++;
    if (l->grant != NULL && !repod_grant_covers(l->grant, &row->imei)) {
        return true;
    }
    json_t *v = l->whole ? api_view_whole(row) : api_view_row(row);
    l->failed = v == NULL || json_array_append_new(l->rows, v) != 0;
    return !l->failed;
}

/* The rows with what stands around them, or a refusal. */
static void list_show(struct repod *r, struct api_call *c, struct list *l, enum err err,
                      json_t *body)
{
    if (err != E_OK || l->failed || l->rows == NULL) {
        json_decref(body);
        api_refuse(r, c, err != E_OK ? cause_of_err(err) : CAUSE_NO_MEMORY, NULL);
        return;
    }
    json_t *more = json_pack("{s:I}", "records", (json_int_t)json_array_size(l->rows));
    api_show(r, c, OK, body, more);
}

static void get_bindings(struct repod *r, struct api_call *c)
{
    struct list l = {.rows = json_array(), .whole = true};
    enum err err = l.rows == NULL ? E_MEMORY : repo_store_find(r->store, &c->imei, list_add, &l);
    if (err == E_OK && !l.failed && l.seen == 0) {
        json_decref(l.rows);
        api_refuse(r, c, CAUSE_NO_BINDING, NULL);
        return;
    }
    list_show(r, c, &l, err, json_pack("{s:s,s:o}", "imei", c->imei.digits, "bindings", l.rows));
}

static void get_history(struct repod *r, struct api_call *c)
{
    struct list l = {.rows = json_array(), .last = c->after};
    enum err err = l.rows == NULL ? E_MEMORY
                                  : repo_store_history(r->store, &c->imei, c->use, c->after,
                                                       (size_t)c->limit, list_add, &l);
    bool more = l.seen == c->limit;
    list_show(r, c, &l, err,
              json_pack("{s:o,s:o}", "records", l.rows, "next",
                        more ? json_integer((json_int_t)l.last) : json_null()));
}

/* `next` counts what was looked at, so that a page of records that are not this client's is empty
 * and the next one is asked for. Who has seen more than there is learns it by a `next` that is
 * below what he asked for: this repository was set back. */
static void get_changes(struct repod *r, struct api_call *c)
{
    struct list l = {.rows = json_array(), .grant = c->grant, .last = c->after};
    enum err err = l.rows == NULL
                       ? E_MEMORY
                       : repo_store_changes(r->store, c->after, (size_t)c->limit, list_add, &l);
    if (err == E_OK && l.seen == 0) {
        err = repo_store_last(r->store, &l.last); /* not above `after`, or there were rows */
    }
    list_show(r, c, &l, err,
              json_pack("{s:o,s:I,s:b}", "records", l.rows, "next", (json_int_t)l.last, "more",
                        l.seen == c->limit));
}

static void get_signer(struct repod *r, struct api_call *c)
{
    struct repo_row row = {.form = BINDING_PUBLIC_KEY, .credential = signer_spki(r->signer)};
    char id[65];
    json_t *v = api_view_whole(&row);
    hex_encode(signer_id(r->signer), id);
    json_t *key = json_incref(json_object_get(v, "public_key"));
    json_decref(v);
    api_show(r, c, OK, json_pack("{s:s,s:o}", "signer", id, "public_key", key), NULL);
}

/* ---- changing ---- */

/* One row as a batch of its own: durable, or not there. */
static bool apply_alone(struct repod *r, const struct api_call *c, const struct publish_row *row,
                        enum publish_did *did, uint64_t *serial, struct publish_why *why)
{
    const struct publish_context ctx = api_context(r, c);
    enum err err = repo_store_begin(r->store);
    if (err != E_OK) {
        *why = (struct publish_why){.cause = cause_of_err(err)};
        return false;
    }
    if (!publish_apply(&ctx, row, did, serial, why)) {
        repo_store_rollback(r->store);
        return false;
    }
    err = repo_store_commit(r->store);
    r->store_failing = err == E_IO;
    if (err != E_OK) {
        *why = (struct publish_why){.cause = cause_of_err(err)};
    }
    return err == E_OK;
}

static void change(struct repod *r, struct api_call *c, const struct publish_row *row)
{
    enum publish_did did = PUBLISH_UNCHANGED;
    uint64_t serial = 0;
    struct publish_why why = {.cause = CAUSE_NONE};
    if (!apply_alone(r, c, row, &did, &serial, &why)) {
        api_refuse(r, c, why.cause, why.detail);
        return;
    }
    r->published[did]++;
    const struct log_field fields[] = {LOG_FIELD_STR("did", publish_did_name(did)),
                                       LOG_FIELD_IMEI(&row->imei), LOG_FIELD_UINT("serial", serial),
                                       LOG_FIELD_STR("client", c->grant->name)};
    log_line(r->log, LOG_LEVEL_INFO, "published", fields, sizeof fields / sizeof fields[0]);
    api_show(r, c, did == PUBLISH_ADDED ? CREATED : OK,
             json_pack("{s:s,s:I}", "did", publish_did_name(did), "serial", (json_int_t)serial),
             json_pack("{s:I}", "serial", (json_int_t)serial));
}

static void put_binding(struct repod *r, struct api_call *c)
{
    struct publish_why why = {.cause = CAUSE_NONE};
    const struct publish_rules rules = api_rules(r, c);
    struct publish_row *row = calloc(1, sizeof *row);
    json_t *json = publish_json((struct bytes){c->call.body, c->call.body_n}, &why);
    bool ok = row != NULL && json != NULL;
    if (row == NULL) {
        why = (struct publish_why){.cause = CAUSE_NO_MEMORY};
    }
    if (ok) {
        row->imei = c->imei;
        row->use = c->use;
        ok = publish_read(json, false, &rules, row, &why);
    }
    if (ok) {
        change(r, c, row);
    } else {
        api_refuse(r, c, why.cause, why.detail);
    }
    json_decref(json);
    free(row);
}

static void delete_binding(struct repod *r, struct api_call *c)
{
    struct publish_row *row = calloc(1, sizeof *row);
    if (row == NULL) {
        api_refuse(r, c, CAUSE_NO_MEMORY, NULL);
        return;
    }
    row->imei = c->imei;
    row->use = c->use;
    row->revoke = true;
    change(r, c, row);
    free(row);
}

/* ---- which path, and may this client take it ---- */

#define BINDING "/v1/bindings/{imei}/{use}"
#define ANY     (OPERATOR | MANUFACTURER)
#define HEAD    "GET, HEAD"
static const struct api_route routes[REPOD_ROUTES] = {
    {"GET", "/v1/bindings/{imei}", " ", "GET", ANY, .handle = get_bindings},
    {"PUT", BINDING, " ", "PUT, DELETE", MANUFACTURER, .has_body = true, .handle = put_binding},
    {"DELETE", BINDING, " ", "PUT, DELETE", MANUFACTURER, .handle = delete_binding},
    {"GET", BINDING "/history", " after limit ", "GET", MANUFACTURER, .handle = get_history},
    {"POST", "/v1/bulk", " ", "POST", MANUFACTURER, .has_body = true, .handle = api_bulk_end},
    {"GET", "/v1/changes", " after limit ", "GET", OPERATOR, .handle = get_changes},
    {"GET", "/v1/signer", " ", "GET", ANY, .handle = get_signer},
    {"GET", "/v1/device-records/{id}", " ", HEAD, ANY, .of_site = true, .handle = api_get_device},
    {"GET", "/DeviceID={id}", " ", HEAD, ANY, .of_site = true, .open = true,
     .handle = api_get_chain},
    {"GET", "/crl/{name}", " ", HEAD, ANY, .of_site = true, .open = true, .handle = api_get_list},
};

void repod_route(size_t i, const char **method, const char **path)
{
    *method = routes[i].method;
    *path = routes[i].path;
}

/* HEAD is GET without the body (RFC 9110 9.3.2), which the server leaves out. */
static bool takes_method(const struct api_route *route, const char *method)
{
    return strcmp(route->method, method) == 0 || (route->of_site && strcmp(method, "HEAD") == 0);
}

/* The route; with another method of a path that is there, that path's, and *method is false. */
static const struct api_route *find_route(const struct api_call *c, struct bytes steps[2],
                                          bool *method)
{
    const struct api_route *other = NULL;
    for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++) {
        if ((!routes[i].of_site || c->rules->site != NULL) &&
            https_path_is(routes[i].path, c->call.path, steps, 2)) {
            other = &routes[i];
            *method = takes_method(other, c->call.method);
            if (*method) {
                break;
            }
        }
    }
    return other;
}

/* A manufacturer's grant comes first where both roles may ask. */
static const struct repod_grant *find_grant(const struct api_call *c, bool *has_role)
{
    static const enum verify_role all[] = {VERIFY_ROLE_MANUFACTURER, VERIFY_ROLE_OPERATOR};
    const struct repod_grant *found = NULL;
    *has_role = false;
    for (size_t i = 0; found == NULL && i < sizeof all / sizeof all[0]; i++) {
        bool may = (c->route->roles >> all[i] & 1) != 0 && verify_has_role(c->call.peer, all[i]);
        *has_role = *has_role || may;
        found = may ? repod_config_grant(c->rules->config, all[i], c->call.peer->name) : NULL;
    }
    return found;
}

static enum cause check_client(struct repod *r, struct api_call *c)
{
    const struct repod_config *config = c->rules->config;
    bool has_role = false;
    c->grant = find_grant(c, &has_role);
    if (c->grant == NULL) {
        return has_role ? CAUSE_NO_GRANT : CAUSE_WRONG_ROLE;
    }
    return https_rate_take(&c->rules->clients[c->grant - config->grants].rate,
                           config->requests_per_second, config->burst, repod_now(r))
               ? CAUSE_NONE
               : CAUSE_TOO_MANY_REQUESTS;
}

static bool number_of(struct https_call *call, const char *name, uint64_t least, uint64_t most,
                      uint64_t *value)
{
    unsigned times = 0;
    const char *text = https_parameter(call, name, &times);
    size_t n = text != NULL ? strlen(text) : 0;
    if (times == 0) {
        return true;
    }
    if (n == 0 || n > 18 || strspn(text, "0123456789") != n) {
        return false;
    }
    *value = strtoull(text, NULL, 10);
    return *value >= least && *value <= most;
}

/* What stands in the address, before anything is looked up. */
/*= devid-authorised */
static enum cause check_address(struct api_call *c, const struct bytes steps[2])
{
    bool names_imei = strstr(c->route->path, "{imei}") != NULL;
    bool names_use = strstr(c->route->path, "{use}") != NULL;
    c->limit = LIMIT_NORMAL;
    if (!https_parameters_known(&c->call, c->route->parameters) ||
        !number_of(&c->call, "after", 0, INT64_MAX, &c->after) ||
        !number_of(&c->call, "limit", 1, API_LIMIT_MAX, &c->limit)) {
        return CAUSE_PARAMETER;
    }
    if ((names_imei && imei_parse(steps[0], &c->imei) != E_OK) ||
        (names_use && binding_use_parse(steps[1], &c->use) != E_OK)) {
        return CAUSE_PARAMETER;
    }
    if ((strstr(c->route->path, "{id}") != NULL && device_id_parse(steps[0], &c->id) != E_OK)) {
        return CAUSE_PARAMETER;
    }
    c->name = steps[0];
    c->has_imei = names_imei;
    return names_imei && !repod_grant_covers(c->grant, &c->imei) ? CAUSE_OUTSIDE_GRANT : CAUSE_NONE;
}

static enum cause admit(struct repod *r, struct api_call *c)
{
    struct bytes steps[2] = {{NULL, 0}, {NULL, 0}};
    bool method = false;
    c->route = find_route(c, steps, &method);
    if (c->route == NULL) {
        return CAUSE_NO_SUCH_PATH;
    }
    enum cause cause = method ? check_client(r, c) : CAUSE_METHOD;
    return cause == CAUSE_NONE ? check_address(c, steps) : cause;
}

static void on_headers(void *ctx, struct https_call *call)
{
    struct repod *r = ctx;
    struct api_call *c = (struct api_call *)(void *)call;
    c->begun_ns = metrics_now_ns();
    c->rules = repod_rules_hold(r->rules);
    enum cause cause = admit(r, c);
    if (cause != CAUSE_NONE) {
        api_refuse(r, c, cause, NULL);
    } else if (c->route->handle == api_bulk_end) {
        api_bulk_begin(r, c);
    } else if (!c->route->has_body) {
        call->body_most = 0;
    }
}

static void on_data(void *ctx, struct https_call *call, struct bytes part)
{
    api_bulk_data(ctx, (struct api_call *)(void *)call, part);
}

static void on_request(void *ctx, struct https_call *call)
{
    struct api_call *c = (struct api_call *)(void *)call;
    if (call->body_too_large) {
        api_refuse(ctx, c, CAUSE_TOO_LARGE, NULL);
        return;
    }
    c->route->handle(ctx, c);
}

/* Whoever shows no certificate may have what is open, and learns of no other path. */
static enum cause admit_open(struct repod *r, struct api_call *c)
{
    struct bytes steps[2] = {{NULL, 0}, {NULL, 0}};
    bool method = false;
    const struct repod_site *site = &c->rules->config->site;
    const struct api_route *route =
        site->open && c->call.peer->verdict == VERIFY_NONE ? find_route(c, steps, &method) : NULL;
    if (route == NULL || !route->open) {
        return cause_of_client(c->call.peer->verdict);
    }
    c->route = route;
    if (!https_rates_take(r->addresses, c->call.from, site->requests_per_second, site->burst,
                          repod_now(r))) {
        return CAUSE_TOO_MANY_REQUESTS;
    }
    return method ? check_address(c, steps) : CAUSE_METHOD;
}

static void on_denied(void *ctx, struct https_call *call)
{
    struct repod *r = ctx;
    struct api_call *c = (struct api_call *)(void *)call;
    c->begun_ns = metrics_now_ns();
    c->rules = repod_rules_hold(r->rules);
    enum cause cause = admit_open(r, c);
    if (cause == CAUSE_NONE) {
        c->route->handle(r, c);
    } else {
        api_refuse(r, c, cause,
                   c->route == NULL ? verify_verdict_sentence(call->peer->verdict) : NULL);
    }
}

static void on_end(void *ctx, struct https_call *call)
{
    struct api_call *c = (struct api_call *)(void *)call;
    api_bulk_count(ctx, c);
    bulk_free(c->bulk);
    repod_rules_release(c->rules);
}

const struct https_handlers api_handlers = {on_denied, on_headers, on_data, on_request, on_end};
