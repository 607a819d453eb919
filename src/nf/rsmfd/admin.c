/* The administration interface: docs/admin-api.md; part of src/nf/rsmfd/rsmfd.h. */
#include "nf/rsmfd/rsmfd_parts.h"

#include "base/version.h"
#include "nf/common/admin_changes.h"
#include "nf/common/admin_told.h"

#include "nf/common/openapi.h"

#include <stdio.h>
#include <stdlib.h>

struct rsmfd_admin {
    struct rsmfd *r;
    struct admin_server *server;
};

static json_t *phases_of(const uint64_t n[static DELIVERY_PHASES])
{
    json_t *phases = json_object();
    for (unsigned p = DIMSI_DELIVERY_READY; p <= DIMSI_DELIVERY_WITHDRAWN; p++) {
        (void)json_object_set_new(phases, dimsi_delivery_phase_name((enum dimsi_delivery_phase)p),
                                  json_integer((json_int_t)n[p]));
    }
    return phases;
}

/* Its counts, and the port that was taken. */
static json_t *listener_of(const struct https_api *api)
{
    json_t *v = https_api_counts(api);
    struct address at = https_api_bound(api);
    (void)json_object_set_new(v, "listen", json_string(address_print(&at).s));
    return v;
}

static void get_status(struct rsmfd *r, struct admin_call *c)
{
    uint64_t n[DELIVERY_PHASES];
    char plmn[PLMN_TEXT_MAX];
    const int64_t now = rsmfd_wall(r);
    enum err err = delivery_store_count(r->deliveries.store, n);
    if (err != E_OK) {
        admin_call_refuse_err(c, err);
        return;
    }
    plmn_print(&r->config->plmn, plmn);
    admin_call_show(
        c, json_pack("{s:s,s:s,s:s,s:o,s:I,s:o,s:o,s:o,s:o}", "program", "bindery-rsmfd", "version",
                     BINDERY_VERSION, "plmn", plmn, "started", admin_time(r->started * 1000),
                     "uptime_seconds", (json_int_t)(now - r->started), "deliveries", phases_of(n),
                     "operators", listener_of(r->operators), "devices", listener_of(r->devices),
                     "admin", admin_server_view(r->admin->server)));
}

static void get_deliveries(struct rsmfd *r, struct admin_call *c)
{
    uint64_t after = 0;
    size_t limit = 0;
    json_t *page = NULL;
    if (!admin_call_limit(c, &limit) || !admin_call_number(c, "after", 0, INT64_MAX / 10, &after)) {
        return;
    }
    enum err err = rsmfd_view_page(r, NULL, after, limit, &page);
    if (err != E_OK) {
        admin_call_refuse_err(c, err);
        return;
    }
    admin_call_show(c, page);
}

static void post_reload(struct rsmfd *r, struct admin_call *c)
{
    struct config_changes changes;
    struct config_why why;
    const enum err err = rsmfd_reload(r, &changes, &why);
    admin_reloaded(c, err, &changes, &why);
}

static void get_metrics(struct rsmfd *r, struct admin_call *c)
{
    admin_metrics(c, metrics_desk_source(r->metrics), METRICS_PAGE_METRICS);
}

static void get_live(struct rsmfd *r, struct admin_call *c)
{
    admin_metrics(c, metrics_desk_source(r->metrics), METRICS_PAGE_LIVE);
}

static void get_ready(struct rsmfd *r, struct admin_call *c)
{
    admin_metrics(c, metrics_desk_source(r->metrics), METRICS_PAGE_READY);
}

static void get_openapi(struct rsmfd *r, struct admin_call *c)
{
    (void)r;
    admin_call_copy(c, "application/yaml", openapi_rsmfd, openapi_rsmfd_n);
}

static const struct route {
    struct admin_path at;
    void (*handle)(struct rsmfd *r, struct admin_call *c);
} routes[] = {
    {{"GET", "/v1/status", "", ADMIN_READER}, get_status},
    {{"GET", "/metrics", "", ADMIN_READER}, get_metrics},
    {{"GET", "/health/live", "", ADMIN_READER}, get_live},
    {{"GET", "/health/ready", "", ADMIN_READER}, get_ready},
    {{"GET", "/v1/openapi.yaml", "", ADMIN_READER}, get_openapi},
    {{"POST", "/v1/reload", "", ADMIN_ADMINISTRATOR}, post_reload},
    {{"GET", "/v1/deliveries", " after limit ", ADMIN_READER}, get_deliveries},
};

const struct admin_path *rsmfd_admin_paths(size_t i)
{
    return i < sizeof routes / sizeof routes[0] ? &routes[i].at : NULL;
}

static const char *const scoped[] = {"/metrics",   "/health/live",     "/health/ready",
                                     "/v1/status", "/v1/openapi.yaml", NULL};

static void on_route(void *ctx, struct admin_call *c, const char *method, const char *path)
{
    struct rsmfd_admin *a = ctx;
    int i = admin_call_route(c, &routes[0].at, sizeof routes[0], sizeof routes / sizeof routes[0],
                             method, path);
    if (i >= 0 && admin_call_scoped(c, scoped)) {
        routes[i].handle(a->r, c);
    }
    admin_tell(a->r->log, c, NULL, NULL);
}

enum err rsmfd_admin_start(struct rsmfd *r, struct uv_loop_s *loop, struct rsmfd_admin **out,
                           struct admin_why *why)
{
    struct rsmfd_admin *a = calloc(1, sizeof *a);
    if (a == NULL) {
        (void)snprintf(why->text, sizeof why->text, "there is not enough memory");
        return E_MEMORY;
    }
    a->r = r;
    const struct admin_server_options options = {.path = r->config->admin,
                                                 .https = &r->config->admin_https,
                                                 .log = r->log,
                                                 .program = "RSMF",
                                                 .call_size = sizeof(struct admin_call),
                                                 .ctx = a,
                                                 .route = on_route};
    enum err err = admin_server_open(&options, loop, &a->server, why);
    if (err != E_OK) {
        free(a);
        return err;
    }
    *out = a;
    return E_OK;
}

struct admin_server *rsmfd_admin_server(const struct rsmfd_admin *a)
{
    return a != NULL ? a->server : NULL;
}

void rsmfd_admin_stop(struct rsmfd_admin *a)
{
    if (a != NULL) {
        admin_server_close(a->server);
        free(a);
    }
}
