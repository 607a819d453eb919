/* The administration interface of the ARPF, which only looks and reloads: part of
 * src/nf/arpfd/api.h. */
#include "nf/arpfd/api.h"

#include "nf/common/admin_changes.h"
#include "nf/common/admin_server.h"
#include "nf/common/admin_told.h"
#include "nf/common/openapi.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct arpfd_admin {
    struct arpfd *a;
    struct admin_server *server;
};

static void get_status(struct arpfd *a, struct admin_call *c, struct bytes step)
{
    (void)step;
    json_t *status = view_status(a);
    if (status != NULL) {
        (void)json_object_set_new(status, "admin", admin_server_view(a->admin->server));
    }
    admin_call_show(c, status);
}

static void get_releases(struct arpfd *a, struct admin_call *c, struct bytes step)
{
    static const struct arpf_filter all = {NULL, NULL};
    const char *text = admin_call_parameter(c, "after");
    struct imsi after = {.n = 0};
    size_t limit = 0;
    (void)step;
    if (!admin_call_limit(c, &limit)) {
        return;
    }
    if (text != NULL && imsi_parse(bytes_of_str(text), &after) != E_OK) {
        (void)admin_call_parameter_wrong(c, "after", "is not 6 to 15 digits");
        return;
    }
    struct view_list l = {.rows = json_array()};
    const enum err err = arpf_store_list(a->store, &all, &after, limit, view_list_add, &l);
    if (err != E_OK) {
        json_decref(l.rows);
        admin_call_refuse_err(c, err);
        return;
    }
    admin_call_show(c, view_list_end(&l, limit));
}

static void post_reload(struct arpfd *a, struct admin_call *c, struct bytes step)
{
    struct config_changes changes;
    struct config_why why;
    (void)step;
    const enum err err = arpfd_reload(a, &changes, &why);
    admin_reloaded(c, err, &changes, &why);
}

static void get_metrics(struct arpfd *a, struct admin_call *c, struct bytes step)
{
    (void)step;
    admin_metrics(c, metrics_desk_source(a->metrics), METRICS_PAGE_METRICS);
}

static void get_live(struct arpfd *a, struct admin_call *c, struct bytes step)
{
    (void)step;
    admin_metrics(c, metrics_desk_source(a->metrics), METRICS_PAGE_LIVE);
}

static void get_ready(struct arpfd *a, struct admin_call *c, struct bytes step)
{
    (void)step;
    admin_metrics(c, metrics_desk_source(a->metrics), METRICS_PAGE_READY);
}

static void get_openapi(struct arpfd *a, struct admin_call *c, struct bytes step)
{
    (void)a;
    (void)step;
    admin_call_copy(c, "application/yaml", openapi_arpfd, openapi_arpfd_n);
}

/* All that ever were of one dIMSI: the record. */
static void get_history(struct arpfd *a, struct admin_call *c, struct bytes step)
{
    struct imsi dimsi;
    uint64_t after = 0;
    size_t limit = 0;
    if (imsi_parse(step, &dimsi) != E_OK) {
        (void)admin_call_parameter_wrong(c, "dimsi", "is not 6 to 15 digits");
        return;
    }
    if (!admin_call_limit(c, &limit) || !admin_call_number(c, "after", 0, INT64_MAX / 10, &after)) {
        return;
    }
    struct view_list l = {.rows = json_array()};
    const enum err err = arpf_store_history(a->store, &dimsi, after, limit, view_list_add, &l);
    if (err != E_OK || l.failed) {
        json_decref(l.rows);
        admin_call_refuse_err(c, err != E_OK ? err : E_MEMORY);
        return;
    }
    admin_call_show(c, json_pack("{s:s,s:o}", "dimsi", dimsi.digits, "releases", l.rows));
}

static const struct {
    struct admin_path path; /* first */
    void (*handle)(struct arpfd *a, struct admin_call *c, struct bytes step);
} paths[] = {
    {{"GET", "/v1/status", "", ADMIN_READER}, get_status},
    {{"GET", "/metrics", "", ADMIN_READER}, get_metrics},
    {{"GET", "/health/live", "", ADMIN_READER}, get_live},
    {{"GET", "/health/ready", "", ADMIN_READER}, get_ready},
    {{"GET", "/v1/openapi.yaml", "", ADMIN_READER}, get_openapi},
    {{"POST", "/v1/reload", "", ADMIN_ADMINISTRATOR}, post_reload},
    {{"GET", "/v1/releases", " after limit ", ADMIN_READER}, get_releases},
    {{"GET", "/v1/releases/{dimsi}", " after limit ", ADMIN_READER}, get_history},
};

const struct admin_path *arpfd_admin_paths(size_t i)
{
    return i < sizeof paths / sizeof paths[0] ? &paths[i].path : NULL;
}

static const char *const scoped[] = {"/metrics",   "/health/live",     "/health/ready",
                                     "/v1/status", "/v1/openapi.yaml", NULL};

static void route(void *ctx, struct admin_call *c, const char *method, const char *path)
{
    struct arpfd_admin *admin = ctx;
    const int i = admin_call_route(c, &paths[0].path, sizeof paths[0],
                                   sizeof paths / sizeof paths[0], method, path);
    if (i >= 0 && admin_call_scoped(c, scoped)) {
        (void)admin_path_step(&path);
        (void)admin_path_step(&path);
        paths[i].handle(admin->a, c, admin_path_step(&path));
    }
    admin_tell(admin->a->log, c, NULL, NULL);
}

enum err arpfd_admin_open(struct arpfd *a, struct uv_loop_s *loop, struct arpfd_why *why)
{
    struct admin_why said = {.text = ""};
    struct arpfd_admin *admin = calloc(1, sizeof *admin);
    if (admin == NULL) {
        (void)snprintf(why->text, sizeof why->text, "there is not enough memory");
        return E_MEMORY;
    }
    admin->a = a;
    const struct admin_server_options options = {.path = a->config->admin,
                                                 .https = &a->config->admin_https,
                                                 .log = a->log,
                                                 .program = "ARPF",
                                                 .call_size = sizeof(struct admin_call),
                                                 .ctx = admin,
                                                 .route = route};
    const enum err err = admin_server_open(&options, loop, &admin->server, &said);
    if (err != E_OK) {
        (void)snprintf(why->text, sizeof why->text, "%s", said.text);
        free(admin);
        return err;
    }
    a->admin = admin;
    return E_OK;
}

struct admin_server *arpfd_admin_server(const struct arpfd_admin *admin)
{
    return admin != NULL ? admin->server : NULL;
}

void arpfd_admin_close(struct arpfd_admin *admin)
{
    if (admin != NULL) {
        admin_server_close(admin->server);
        free(admin);
    }
}
