#include "nf/repod/admin.h"

#include "nf/common/admin_changes.h"
#include "nf/common/admin_metrics.h"
#include "nf/common/config_read.h"
#include "nf/common/openapi.h"
#include "nf/repod/api.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DETAIL_MAX 1536u /* of a line of the audit log */

struct repod_admin {
    struct repod *r;
    struct admin_server *server;
};

/* ---- the process ---- */

static void get_status(struct repod *r, struct admin_call *c, struct bytes step)
{
    json_t *status = repod_view_status(r);
    (void)step;
    if (status != NULL) {
        (void)json_object_set_new(status, "admin", admin_server_view(r->admin->server));
    }
    admin_call_show(c, status);
}

static void get_openapi(struct repod *r, struct admin_call *c, struct bytes step)
{
    (void)r;
    (void)step;
    admin_call_copy(c, "application/yaml", openapi_repod, openapi_repod_n);
}

static void get_metrics(struct repod *r, struct admin_call *c, struct bytes step)
{
    (void)step;
    admin_metrics(c, metrics_desk_source(r->metrics), METRICS_PAGE_METRICS);
}

static void get_live(struct repod *r, struct admin_call *c, struct bytes step)
{
    (void)step;
    admin_metrics(c, metrics_desk_source(r->metrics), METRICS_PAGE_LIVE);
}

static void get_ready(struct repod *r, struct admin_call *c, struct bytes step)
{
    (void)step;
    admin_metrics(c, metrics_desk_source(r->metrics), METRICS_PAGE_READY);
}

/* ---- bindings ---- */

struct rows {
    json_t *list;
    bool whole, failed;
};

static bool add_row(void *ctx, const struct repo_row *row)
{
    struct rows *l = ctx;
    json_t *v = l->whole ? api_view_whole(row) : api_view_row(row);
    l->failed = v == NULL || json_array_append_new(l->list, v) != 0;
    return !l->failed;
}

static enum err rows_of(struct repod *r, const struct imei *imei, struct rows *l)
{
    const enum err err = repo_store_find(r->store, imei, add_row, l);
    return err == E_OK && l->failed ? E_MEMORY : err;
}

static bool imei_of(struct admin_call *c, const char *name, struct bytes text, struct imei *out)
{
    return imei_parse(text, out) == E_OK ||
           admin_call_parameter_wrong(c, name, "is not 14 digits, or 15 with the check digit");
}

/* One device after the other: each is found by the index, however much history lies between. */
static enum err page_of(struct repod *r, bool has_after, struct imei *at, size_t limit,
                        struct rows *l, json_t **next)
{
    struct imei imei;
    enum err err = repo_store_next(r->store, has_after ? at : NULL, &imei);
    for (size_t n = 0; err == E_OK && n < limit; n++) {
        *at = imei;
        err = rows_of(r, &imei, l);
        if (err == E_OK) {
            err = repo_store_next(r->store, at, &imei);
        }
    }
    *next = err == E_OK ? json_string(at->digits) : json_null();
    return err == E_NOT_FOUND ? E_OK : err;
}

static void get_bindings(struct repod *r, struct admin_call *c, struct bytes step)
{
    const char *after = admin_call_parameter(c, "after");
    struct imei at = {{0}};
    struct rows l = {.whole = false};
    json_t *next = NULL;
    size_t limit = 0;
    (void)step;
    if ((after != NULL && !imei_of(c, "after", bytes_of_str(after), &at)) ||
        !admin_call_limit(c, &limit)) {
        return;
    }
    l.list = json_array();
    const enum err err =
        l.list == NULL ? E_MEMORY : page_of(r, after != NULL, &at, limit, &l, &next);
    json_t *body = json_pack("{s:o,s:o}", "bindings", l.list, "next", next);
    if (err == E_OK) {
        admin_call_show(c, body);
    } else {
        json_decref(body);
        admin_call_refuse_err(c, err);
    }
}

static void get_binding(struct repod *r, struct admin_call *c, struct bytes step)
{
    struct rows l = {.whole = true};
    struct admin_fault fault;
    struct imei imei;
    if (!imei_of(c, "the IMEI in the path", step, &imei)) {
        return;
    }
    l.list = json_array();
    const enum err err = l.list == NULL ? E_MEMORY : rows_of(r, &imei, &l);
    if (err == E_OK && json_array_size(l.list) > 0) {
        admin_call_show(c, json_pack("{s:s,s:o}", "imei", imei.digits, "bindings", l.list));
        return;
    }
    json_decref(l.list);
    if (err == E_OK) {
        (void)admin_fault_set(&fault, PROBLEM_NO_DEVICE, NULL, "nothing was published of %s",
                              imei.digits);
        admin_call_refuse(c, &fault);
    } else {
        admin_call_refuse_err(c, err);
    }
}

/* ---- who may do what ---- */

static void get_clients(struct repod *r, struct admin_call *c, struct bytes step)
{
    const struct repod_config *config = r->rules->config;
    const char *role = admin_call_parameter(c, "role");
    uint64_t after = 0;
    size_t limit = 0, n = 0;
    (void)step;
    if (role != NULL && strcmp(role, "manufacturer") != 0 && strcmp(role, "operator") != 0) {
        (void)admin_call_parameter_wrong(c, "role", "is neither manufacturer nor operator");
        return;
    }
    if (!admin_call_limit(c, &limit) || !admin_call_number(c, "after", 0, REPOD_GRANTS, &after)) {
        return;
    }
    json_t *list = json_array(), *next = json_null();
    size_t i = (size_t)after, last = i;
    for (; i < config->n_grants; i++) {
        const struct repod_grant *g = &config->grants[i];
        if (role != NULL && strcmp(role, repod_view_role(g)) != 0) {
            continue;
        }
        if (n++ == limit) {
            next = json_integer((json_int_t)last);
            break;
        }
        (void)json_array_append_new(list, repod_view_client(g));
        last = i + 1;
    }
    admin_call_show(c, json_pack("{s:o,s:o}", "clients", list, "next", next));
}

/* ---- the audit log ---- */

static void audit_refuse(struct admin_call *c, enum err err, const char *detail)
{
    struct admin_fault fault;
    if (err == E_MEMORY) {
        admin_call_refuse_err(c, err);
        return;
    }
    (void)admin_fault_set(&fault, PROBLEM_AUDIT_FAILED, NULL, "%s", detail);
    admin_call_refuse(c, &fault);
}

static void get_audit(struct repod *r, struct admin_call *c, struct bytes step)
{
    struct audit_wanted wanted = {.client = admin_call_parameter(c, "client")};
    const char *imei = admin_call_parameter(c, "imei");
    const bool placed = admin_call_parameter(c, "before") != NULL;
    struct audit_page page;
    struct imei parsed;
    (void)step;
    if (!admin_call_limit(c, &wanted.limit) ||
        !admin_call_number(c, "before", 0, INT64_MAX / 10, &wanted.before) ||
        (imei != NULL && !imei_of(c, "imei", bytes_of_str(imei), &parsed))) {
        return;
    }
    wanted.from_end = !placed;
    wanted.imei = imei != NULL ? &parsed : NULL;
    const enum err err = audit_read(r->config->audit, &wanted, &page);
    if (err == E_BAD_VALUE) {
        (void)admin_call_parameter_wrong(c, "before",
                                         "is no place of the log as it is now: begin at its end");
    } else if (err != E_OK) {
        audit_refuse(c, err, "the audit log could not be read");
    } else {
        admin_call_show(
            c, json_pack("{s:o,s:I,s:o}", "entries", page.entries, "unreadable",
                         (json_int_t)page.unreadable, "next",
                         page.next > 0 ? json_integer((json_int_t)page.next) : json_null()));
    }
}

/* What somebody does here; more is the line's from now on. */
static enum err audit_say(struct repod *r, const struct admin_call *c, const char *outcome,
                          json_t *more)
{
    char asked[80];
    (void)snprintf(asked, sizeof asked, "%.10s %.60s", c->at->method, c->at->path);
    const struct audit_entry e = {.at_s = repod_wall(r),
                                  .administrator = c->who.name,
                                  .from_text = c->who.from,
                                  .asked = asked,
                                  .outcome = outcome,
                                  .more = more};
    const enum err err = audit_write(r->audit, &e);
    r->audit_failing = err != E_OK;
    if (err != E_OK) {
        const struct log_field field = LOG_FIELD_STR("error", err_name(err));
        log_limited(r->log, LOG_LEVEL_ERROR, "audit-failed", &field, 1);
    }
    return err;
}

/* The order stands in the audit log before it is carried out. */
static void post_reload(struct repod *r, struct admin_call *c, struct bytes step)
{
    struct config_changes changes;
    struct config_why why;
    char text[DETAIL_MAX];
    (void)step;
    enum err err = audit_say(r, c, "begun", NULL);
    if (err != E_OK) {
        audit_refuse(c, err, "nothing was done, as it could not be written down");
        return;
    }
    err = repod_reload(r, &changes, &why);
    if (err == E_OK) {
        config_changes_print(&changes, text, sizeof text);
    } else {
        (void)snprintf(text, sizeof text, "%s: %s", why.place, why.sentence);
    }
    /* it is done, or was refused, whether this line can be written or not */
    (void)!audit_say(r, c, err == E_OK ? "done" : problem_name(PROBLEM_CONFIGURATION),
                     json_pack("{s:s}", "detail", text));
    admin_reloaded(c, err, &changes, &why);
}

/* ---- paths ---- */

static const struct {
    struct admin_path path; /* first */
    void (*handle)(struct repod *r, struct admin_call *c, struct bytes step);
} paths[] = {
    {{"GET", "/v1/status", "", ADMIN_READER}, get_status},
    {{"GET", "/metrics", "", ADMIN_READER}, get_metrics},
    {{"GET", "/health/live", "", ADMIN_READER}, get_live},
    {{"GET", "/health/ready", "", ADMIN_READER}, get_ready},
    {{"GET", "/v1/openapi.yaml", "", ADMIN_READER}, get_openapi},
    {{"GET", "/v1/bindings", " after limit ", ADMIN_READER}, get_bindings},
    {{"GET", "/v1/bindings/{imei}", "", ADMIN_READER}, get_binding},
    {{"GET", "/v1/clients", " role after limit ", ADMIN_READER}, get_clients},
    {{"GET", "/v1/audit", " before client imei limit ", ADMIN_READER}, get_audit},
    {{"POST", "/v1/reload", "", ADMIN_ADMINISTRATOR}, post_reload},
};

const struct admin_path *repod_admin_paths(size_t i)
{
    return i < sizeof paths / sizeof paths[0] ? &paths[i].path : NULL;
}

/* The repository knows no subscription: who has a scope sees how it is, and nothing in it. */
static const char *const scoped[] = {"/metrics",   "/health/live",     "/health/ready",
                                     "/v1/status", "/v1/openapi.yaml", NULL};

static void route(void *ctx, struct admin_call *c, const char *method, const char *path)
{
    struct repod_admin *admin = ctx;
    const int i = admin_call_route(c, &paths[0].path, sizeof paths[0],
                                   sizeof paths / sizeof paths[0], method, path);
    if (i < 0 || !admin_call_scoped(c, scoped)) {
        return;
    }
    (void)admin_path_step(&path);
    (void)admin_path_step(&path);
    paths[i].handle(admin->r, c, admin_path_step(&path));
}

/* ---- start and stop ---- */

enum err repod_admin_open(struct repod *r, struct uv_loop_s *loop, struct repod_why *why)
{
    struct admin_why said = {.text = "there is not enough memory"};
    const struct repod_config *config = r->config;
    if (config->admin_socket == NULL && !config->admin_https.on) {
        return E_OK;
    }
    struct repod_admin *admin = calloc(1, sizeof *admin);
    const struct admin_server_options options = {.path = config->admin_socket,
                                                 .https = &config->admin_https,
                                                 .log = r->log,
                                                 .program = "repository",
                                                 .call_size = sizeof(struct admin_call),
                                                 .ctx = admin,
                                                 .route = route};
    const enum err err =
        admin != NULL ? admin_server_open(&options, loop, &admin->server, &said) : E_MEMORY;
    if (err != E_OK) {
        (void)snprintf(why->text, sizeof why->text, "%s", said.text);
        free(admin);
        return err;
    }
    admin->r = r;
    r->admin = admin;
    return E_OK;
}

struct admin_server *repod_admin_server(const struct repod_admin *admin)
{
    return admin != NULL ? admin->server : NULL;
}

void repod_admin_close(struct repod_admin *admin)
{
    if (admin != NULL) {
        admin_server_close(admin->server);
        free(admin);
    }
}
