/* Entries and counts as JSON, and the administration's socket: part of src/nf/dausfd/dausfd.h.
 * docs/admin-api.md describes it. */
#include "nf/dausfd/dausfd.h"

#include "base/version.h"
#include "nf/common/admin_changes.h"
#include "nf/common/admin_told.h"

#include "nf/common/openapi.h"

#include <string.h>

/* ---- entries ---- */

json_t *dausfd_view(const struct discovery_entry *e)
{
    static const char *const phases[] = {
        [DISCOVERY_LIVE] = "live", [DISCOVERY_SPENT] = "spent", [DISCOVERY_EXPIRED] = "expired"};
    char target[PLMN_TEXT_MAX];
    plmn_print(&e->target, target);
    return json_pack("{s:s, s:s, s:I, s:o, s:s, s:I, s:I, s:o}", "dimsi", e->dimsi.digits, "phase",
                     phases[e->phase], "number", (json_int_t)e->number, "imsi",
                     e->imsi.n > 0 ? json_string(e->imsi.digits) : json_null(), "target", target,
                     "expires", (json_int_t)e->expires, "asked", (json_int_t)e->asked, "last_asked",
                     e->last_asked > 0 ? json_integer(e->last_asked) : json_null());
}

struct page {
    json_t *list;
    size_t limit;
    struct imsi last;
    bool more;
};

static bool on_entry(void *ctx, const struct discovery_entry *e)
{
    struct page *p = ctx;
    p->more = json_array_size(p->list) == p->limit;
    if (!p->more) {
        p->last = e->dimsi;
        if (json_array_append_new(p->list, dausfd_view(e)) != 0) {
            json_decref(p->list);
            p->list = NULL;
        }
    }
    return p->list != NULL && !p->more;
}

enum err dausfd_view_page(struct dausfd *d, const struct plmn *target, const struct imsi *after,
                          size_t limit, json_t **out)
{
    struct page p = {.list = json_array(), .limit = limit};
    dausfd_flush(d);
    enum err err = p.list == NULL
                       ? E_MEMORY
                       : discovery_list(d->store, target, after, limit + 1, on_entry, &p);
    if (err == E_OK && p.list == NULL) {
        err = E_MEMORY;
    }
    if (err != E_OK) {
        json_decref(p.list);
        return err;
    }
    *out = json_pack("{s:o, s:o}", "entries", p.list, "next",
                     p.more ? json_string(p.last.digits) : json_null());
    return *out != NULL ? E_OK : E_MEMORY;
}

/* ---- status ---- */

static uint64_t load(_Atomic uint64_t *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

static json_t *counters_json(struct dausfd *d)
{
    json_t *all = json_object();
#define X(name)                                                                                    \
    (void)json_object_set_new(all, #name, json_integer((json_int_t)load(&d->counters.name)));
    DAUSFD_COUNTERS(X)
#undef X
    return all;
}

/* Those that ever occurred. */
static json_t *refused_json(struct dausfd *d)
{
    json_t *all = json_object();
    for (unsigned i = 0; i < REFUSAL_COUNT; i++) {
        uint64_t n = load(&d->refused[i]);
        if (n > 0) {
            (void)json_object_set_new(all, refusal_row((enum refusal)i)->name,
                                      json_integer((json_int_t)n));
        }
    }
    return all;
}

static json_t *peers_json(struct dausfd *d)
{
    json_t *all = json_array();
    for (size_t i = 0; i < d->config->n_peers; i++) {
        struct dausfd_peer_state *p = &d->peers[i];
        (void)json_array_append_new(all, json_pack("{s:s, s:I, s:I, s:I}", "origin_host",
                                                   p->peer->origin_host, "connections",
                                                   (json_int_t)atomic_load(&p->connections),
                                                   "requests", (json_int_t)load(&p->requests),
                                                   "answers", (json_int_t)load(&p->answers)));
    }
    return all;
}

static json_t *listeners_json(struct dausfd *d)
{
    json_t *all = json_array();
    for (size_t i = 0; i < d->config->n_listeners; i++) {
        struct address bound = doors_bound(d->doors, i);
        (void)json_array_append_new(all, json_string(address_print(&bound).s));
    }
    return all;
}

static json_t *plmns_json(const struct plmn *plmns, size_t n)
{
    char text[PLMN_TEXT_MAX];
    json_t *all = json_array();
    for (size_t i = 0; i < n; i++) {
        plmn_print(&plmns[i], text);
        (void)json_array_append_new(all, json_string(text));
    }
    return all;
}

static json_t *push_json(struct dausfd *d)
{
    struct address bound = https_api_bound(d->push);
    json_t *push = https_api_counts(d->push);
    (void)json_object_set_new(push, "listen", json_string(address_print(&bound).s));
    return push;
}

static void get_status(struct dausfd *d, struct admin_call *c)
{
    struct discovery_counts n = {0, 0, 0};
    dausfd_flush(d);
    enum err err = discovery_count(d->store, &n);
    if (err != E_OK) {
        admin_call_refuse_err(c, err);
        return;
    }
    admin_call_show(c, json_pack("{s:s, s:s, s:s, s:s, s:o, s:I, s:o, s:{s:I, s:I, s:I}, s:o, s:o, "
                                 "s:o, s:o, s:o, s:o, s:o}",
                                 "program", "bindery-dausfd", "version", BINDERY_VERSION, "host",
                                 d->config->origin_host, "realm", d->config->origin_realm,
                                 "started", admin_time(d->started * 1000), "uptime_seconds",
                                 (json_int_t)(dausfd_now(d) - d->started), "plmns",
                                 plmns_json(d->config->plmns, d->config->n_plmns), "entries",
                                 "live", (json_int_t)n.live, "spent", (json_int_t)n.spent,
                                 "expired", (json_int_t)n.expired, "operators",
                                 plmns_json(d->rules->operators, d->rules->n_operators),
                                 "listeners", listeners_json(d), "peers", peers_json(d), "counters",
                                 counters_json(d), "refused", refused_json(d), "push", push_json(d),
                                 "admin", admin_server_view(d->admin)));
}

static void get_entries(struct dausfd *d, struct admin_call *c)
{
    struct imsi after = {.n = 0};
    size_t limit = 0;
    json_t *page = NULL;
    const char *text = admin_call_parameter(c, "after");
    if (!admin_call_limit(c, &limit)) {
        return;
    }
    if (text != NULL && imsi_parse(bytes_of_str(text), &after) != E_OK) {
        (void)admin_call_parameter_wrong(c, "after", "is no IMSI");
        return;
    }
    enum err err = dausfd_view_page(d, NULL, &after, limit, &page);
    if (err != E_OK) {
        admin_call_refuse_err(c, err);
    } else {
        admin_call_show(c, page);
    }
}

static void post_reload(struct dausfd *d, struct admin_call *c)
{
    struct config_changes changes;
    struct config_why why;
    const enum err err = dausfd_reload(d, &changes, &why);
    admin_reloaded(c, err, &changes, &why);
}

static void get_metrics(struct dausfd *d, struct admin_call *c)
{
    admin_metrics(c, metrics_desk_source(d->metrics), METRICS_PAGE_METRICS);
}

static void get_live(struct dausfd *d, struct admin_call *c)
{
    admin_metrics(c, metrics_desk_source(d->metrics), METRICS_PAGE_LIVE);
}

static void get_ready(struct dausfd *d, struct admin_call *c)
{
    admin_metrics(c, metrics_desk_source(d->metrics), METRICS_PAGE_READY);
}

static void get_openapi(struct dausfd *d, struct admin_call *c)
{
    (void)d;
    admin_call_copy(c, "application/yaml", openapi_dausfd, openapi_dausfd_n);
}

static const struct {
    struct admin_path path;
    void (*serve)(struct dausfd *d, struct admin_call *c);
} paths[] = {
    {{"GET", "/v1/status", "", ADMIN_READER}, get_status},
    {{"GET", "/metrics", "", ADMIN_READER}, get_metrics},
    {{"GET", "/health/live", "", ADMIN_READER}, get_live},
    {{"GET", "/health/ready", "", ADMIN_READER}, get_ready},
    {{"GET", "/v1/openapi.yaml", "", ADMIN_READER}, get_openapi},
    {{"POST", "/v1/reload", "", ADMIN_ADMINISTRATOR}, post_reload},
    {{"GET", "/v1/entries", " after limit ", ADMIN_READER}, get_entries},
};

const struct admin_path *dausfd_admin_paths(size_t i)
{
    return i < sizeof paths / sizeof paths[0] ? &paths[i].path : NULL;
}

static const char *const scoped[] = {"/metrics",   "/health/live",     "/health/ready",
                                     "/v1/status", "/v1/openapi.yaml", NULL};

static void on_route(void *ctx, struct admin_call *c, const char *method, const char *path)
{
    const size_t n = sizeof paths / sizeof paths[0];
    int i = admin_call_route(c, &paths[0].path, sizeof paths[0], n, method, path);
    if (i >= 0 && admin_call_scoped(c, scoped)) {
        paths[i].serve(ctx, c);
    }
    admin_tell(((const struct dausfd *)ctx)->log, c, NULL, NULL);
}

enum err dausfd_admin_open(struct dausfd *d, struct uv_loop_s *loop, struct admin_why *why)
{
    const struct admin_server_options options = {.path = d->config->admin,
                                                 .https = &d->config->admin_https,
                                                 .log = d->log,
                                                 .program = "D-AUSF",
                                                 .call_size = sizeof(struct admin_call),
                                                 .ctx = d,
                                                 .route = on_route};
    return admin_server_open(&options, loop, &d->admin, why);
}
