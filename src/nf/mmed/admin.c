#include "nf/mmed/admin.h"

#include "codec/s6a.h"
#include "nf/common/admin_changes.h"
#include "nf/common/admin_metrics.h"
#include "nf/common/admin_told.h"
#include "nf/common/metrics_desk.h"
#include "nf/common/openapi.h"
#include "nf/mmed/admin_events.h"
#include "nf/mmed/admin_view.h"
#include "nf/mmed/events.h"
#include "nf/mmed/reload.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STATUS_ACCEPTED 202u

struct mmed_admin {
    struct mmed *m;
    struct admin_server *server;
    struct mmed_admin_events *events;
};
struct request {
    struct admin_call call; /* first */
    struct mmed *m;
    const struct admin_server *server;
    struct mmed_admin_events *events;
    struct event_ask *events_ask; /* or NULL */
    struct imsi imsi;             /* of the path */
    char did[48];                 /* what a change came to; "": nothing to say */
};

/* ---- reading --------------------------------------------------------------------------------- */

static void get_status(struct request *r)
{
    json_t *status = mmed_view_status(r->m);
    if (status != NULL) {
        (void)json_object_set_new(status, "admin", admin_server_view(r->server));
    }
    admin_call_show(&r->call, status);
}

static void get_openapi(struct request *r)
{
    admin_call_copy(&r->call, "application/yaml", openapi_mmed, openapi_mmed_n);
}

static void get_enbs(struct request *r)
{
    admin_call_show(&r->call, json_pack("{s:o}", "enbs", mmed_view_enbs(r->m)));
}

static void get_events(struct request *r)
{
    mmed_admin_events_list(r->events, &r->call, &r->events_ask);
}

static void get_metrics(struct request *r)
{
    admin_metrics(&r->call, metrics_desk_source(r->m->metrics), METRICS_PAGE_METRICS);
}

static void get_live(struct request *r)
{
    admin_metrics(&r->call, metrics_desk_source(r->m->metrics), METRICS_PAGE_LIVE);
}

static void get_ready(struct request *r)
{
    admin_metrics(&r->call, metrics_desk_source(r->m->metrics), METRICS_PAGE_READY);
}

/* A page of UEs in the order of their slots; a UE keeps its slot as long as it is known. */
struct page {
    const struct mmed *m;
    const struct admin_call *call;
    json_t *list;
    uint64_t after; /* slots below it are passed over */
    size_t left;
    uint64_t next; /* 0: there is no more */
};

static void add_ue(void *arg, struct ue *ue)
{
    struct page *p = arg;
    uint64_t slot = ue_slot(ue);
    struct emm_who who;
    emm_ue_who(ue->emm, &who);
    if (slot < p->after || !admin_call_sees(p->call, who.has_imsi ? &who.imsi : NULL)) {
        return;
    }
    if (p->left > 0) {
        p->left--;
        (void)json_array_append_new(p->list, mmed_view_ue(p->m, ue));
    } else if (p->next == 0) {
        p->next = slot;
    }
}

static void answer_page(struct request *r, const struct page *p)
{
    char next[24];
    snprintf(next, sizeof next, "%" PRIu64, p->next);
    admin_call_show(&r->call, json_pack("{s:o,s:o}", "ues", p->list, "next",
                                        p->next > 0 ? json_string(next) : json_null()));
}

static void get_ues(struct request *r)
{
    const char *text = admin_call_parameter(&r->call, "imsi");
    struct page p = {.m = r->m, .call = &r->call};
    struct imsi imsi;
    if (!admin_call_limit(&r->call, &p.left) ||
        !admin_call_number(&r->call, "after", 0, UE_TABLE_MAX, &p.after)) {
        return;
    }
    if (text != NULL && imsi_parse(bytes_of_str(text), &imsi) != E_OK) {
        (void)admin_call_parameter_wrong(&r->call, "imsi", "is not 6 to 15 digits");
        return;
    }
    if (text != NULL && !admin_call_in_scope(&r->call, &imsi)) {
        return;
    }
    p.list = json_array();
    if (text == NULL) {
        ue_table_each(r->m->ues, add_ue, &p);
    } else {
        struct ue *ue = ue_table_by_imsi(r->m->ues, &imsi);
        for (; ue != NULL; ue = ue_table_next_by_imsi(ue)) {
            add_ue(&p, ue);
        }
    }
    answer_page(r, &p);
}

/* ---- changing -------------------------------------------------------------------------------- */

/* {"reattach":true}; without a body, or an empty object, false. */
static bool read_reattach(struct request *r, bool *reattach)
{
    struct admin_fault fault;
    json_t *json = NULL, *v;
    const char *key;
    bool ok = true;
    *reattach = false;
    if (r->call.body_n == 0) {
        return true;
    }
    if (!admin_json_parse((struct bytes){r->call.body, r->call.body_n}, &json, &fault)) {
        admin_call_refuse(&r->call, &fault);
        return false;
    }
    if (!json_is_object(json)) {
        ok = admin_fault_set(&fault, PROBLEM_BAD_MEMBER, "", "the body is no object");
    }
    json_object_foreach(json, key, v)
    {
        if (ok && strcmp(key, "reattach") != 0) {
            ok = admin_fault_set(&fault, PROBLEM_UNKNOWN_MEMBER, "",
                                 "the one member here is reattach");
        } else if (ok && !json_is_boolean(v)) {
            ok = admin_fault_set(&fault, PROBLEM_BAD_MEMBER, "/reattach",
                                 "is neither true nor false");
        }
        *reattach = json_is_true(v);
    }
    json_decref(json);
    if (!ok) {
        admin_call_refuse(&r->call, &fault);
    }
    return ok;
}

/* As if its home network had withdrawn it: a connected UE is told, another one finds out. */
static void post_detach(struct request *r)
{
    struct emm_event event = {
        .kind = EMM_CANCEL, .cancellation_type = S6A_SUBSCRIPTION_WITHDRAWAL, .by_operator = true};
    struct admin_fault fault;
    size_t n = 0;
    if (!read_reattach(r, &event.reattach)) {
        return;
    }
    r->m->now_ms = mmed_monotonic_ms();
    struct ue *ue = ue_table_by_imsi(r->m->ues, &r->imsi);
    while (ue != NULL) {
        struct ue *next = ue_table_next_by_imsi(ue);
        mmed_step(r->m, ue, &event);
        ue = next;
        n++;
    }
    if (n == 0) {
        (void)admin_fault_set(&fault, PROBLEM_NO_UE, NULL, "no UE was authenticated as %s",
                              r->imsi.digits);
        admin_call_refuse(&r->call, &fault);
        return;
    }
    (void)snprintf(r->did, sizeof r->did, "%zu detached%s", n, event.reattach ? ", to attach" : "");
    admin_call_answer(&r->call, STATUS_ACCEPTED, json_pack("{s:I}", "detached", (json_int_t)n));
}

static void post_reload(struct request *r)
{
    struct config_changes changes;
    struct config_why why;
    struct admin_fault fault;
    if (mmed_reload(r->m, &changes, &why) != E_OK) {
        (void)admin_fault_set(&fault, PROBLEM_CONFIGURATION, "", "%.120s: %.110s", why.place,
                              why.sentence);
        admin_call_refuse(&r->call, &fault);
        return;
    }
    json_t *body = admin_changes_json(&changes);
    config_changes_free(&changes);
    admin_call_show(&r->call, body);
}

/* ---- which handler --------------------------------------------------------------------------- */

static const struct route {
    struct admin_path at;
    void (*handle)(struct request *r);
} routes[] = {
    {{"GET", "/v1/status", "", ADMIN_READER}, get_status},
    {{"GET", "/v1/events", EVENT_PARAMETERS, ADMIN_READER}, get_events},
    {{"GET", "/v1/openapi.yaml", "", ADMIN_READER}, get_openapi},
    {{"GET", "/v1/ues", " imsi after limit ", ADMIN_READER}, get_ues},
    {{"GET", "/metrics", "", ADMIN_READER}, get_metrics},
    {{"GET", "/health/live", "", ADMIN_READER}, get_live},
    {{"GET", "/health/ready", "", ADMIN_READER}, get_ready},
    {{"GET", "/v1/enbs", "", ADMIN_READER}, get_enbs},
    {{"POST", "/v1/reload", "", ADMIN_ADMINISTRATOR}, post_reload},
    {{"POST", "/v1/ues/{imsi}/detach", "", ADMIN_PROVISIONER}, post_detach},
};

const struct admin_path *mmed_admin_paths(size_t i)
{
    return i < sizeof routes / sizeof routes[0] ? &routes[i].at : NULL;
}

static const char *const scoped[] = {"/metrics",   "/health/live", "/health/ready",    "/v1/status",
                                     "/v1/events", "/v1/ues",      "/v1/openapi.yaml", NULL};

static bool identities(struct request *r, const char *pattern, const char *path)
{
    while (*pattern != '\0') {
        struct bytes want = admin_path_step(&pattern), have = admin_path_step(&path);
        if (!bytes_eq(want, BYTES_LIT("{imsi}"))) {
            continue;
        }
        if (imsi_parse(have, &r->imsi) != E_OK) {
            return admin_call_parameter_wrong(&r->call, "the IMSI in the path",
                                              "is not 6 to 15 digits");
        }
        if (!admin_call_in_scope(&r->call, &r->imsi)) {
            return false;
        }
    }
    return true;
}

/* ---- who changed what ------------------------------------------------------------------------ */

/* Of a path that was refused before it was looked into, too. */
static const struct imsi *imsi_of(struct request *r)
{
    const char *pattern = r->call.at->path, *path = r->call.path;
    while (r->imsi.n == 0 && *pattern != '\0') {
        const struct bytes want = admin_path_step(&pattern), have = admin_path_step(&path);
        if (bytes_eq(want, BYTES_LIT("{imsi}")) && imsi_parse(have, &r->imsi) != E_OK) {
            return NULL;
        }
    }
    return r->imsi.n > 0 ? &r->imsi : NULL;
}

/* The MME keeps no audit log: who changes something here is an event, and a line of the log. */
/*= op-audit */
static void tell_who(struct request *r)
{
    const struct admin_call *c = &r->call;
    char detail[MMED_EVENT_DETAIL_MAX];
    if (!admin_is_told(c)) {
        return;
    }
    const bool did = r->did[0] != '\0';
    const struct imsi *imsi = imsi_of(r);
    (void)snprintf(detail, sizeof detail, "%s %s by %s from %s%s%s", c->at->method, c->at->path,
                   c->who.name, c->who.from, did ? ": " : "", r->did);
    admin_tell(r->m->log, c, imsi, did ? r->did : NULL);
    r->m->counters.events_lost +=
        events_add(r->m->events, "admin-change", imsi, NULL, admin_told_cause(c), detail);
}

static void on_route(void *ctx, struct admin_call *call, const char *method, const char *path)
{
    const struct mmed_admin *a = ctx;
    struct request *r = (struct request *)call;
    r->m = a->m;
    r->server = a->server;
    r->events = a->events;
    int i = admin_call_route(call, &routes[0].at, sizeof routes[0],
                             sizeof routes / sizeof routes[0], method, path);
    if (i >= 0 && admin_call_scoped(call, scoped) && identities(r, routes[i].at.path, path)) {
        routes[i].handle(r);
    }
    tell_who(r);
}

static void on_end(void *ctx, struct admin_call *call)
{
    (void)ctx;
    event_ask_free(((struct request *)call)->events_ask);
}

/* A request that waited for events, or the end of them. */
static void on_events(void *ctx, struct admin_call *c)
{
    struct mmed_admin *a = ctx;
    if (c != NULL) {
        admin_server_resume(a->server, c);
    } else {
        admin_server_run(a->server);
    }
}

/* ---- start and stop -------------------------------------------------------------------------- */

enum err mmed_admin_start(struct mmed *m, struct uv_loop_s *loop, struct mmed_admin **out,
                          struct admin_why *why)
{
    struct mmed_admin *a = calloc(1, sizeof *a);
    if (a == NULL) {
        snprintf(why->text, sizeof why->text, "there is not enough memory");
        return E_MEMORY;
    }
    a->m = m;
    const struct admin_server_options options = {.path = m->config->admin_socket,
                                                 .https = &m->config->admin_https,
                                                 .log = m->log,
                                                 .program = "MME",
                                                 .call_size = sizeof(struct request),
                                                 .ctx = a,
                                                 .route = on_route,
                                                 .end = on_end};
    enum err err = mmed_admin_events_open(m, loop, on_events, a, &a->events);
    if (err != E_OK) {
        snprintf(why->text, sizeof why->text, "the administration interface does not start");
    } else {
        err = admin_server_open(&options, loop, &a->server, why);
    }
    if (err != E_OK) {
        mmed_admin_events_close(a->events);
        free(a);
        return err;
    }
    *out = a;
    return E_OK;
}

struct admin_server *mmed_admin_server(const struct mmed_admin *a)
{
    return a != NULL ? a->server : NULL;
}

void mmed_admin_stop(struct mmed_admin *a)
{
    if (a != NULL) {
        admin_server_quiesce(a->server);
        mmed_admin_events_release(a->events);
        admin_server_close(a->server);
        mmed_admin_events_close(a->events);
        free(a);
    }
}
