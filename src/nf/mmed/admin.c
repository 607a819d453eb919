#include "nf/mmed/admin.h"

#include "codec/s6a.h"
#include "nf/mmed/admin_view.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STATUS_ACCEPTED 202u

struct mmed_admin {
    struct mmed *m;
    struct admin_server *server;
};
struct request {
    struct admin_call call; /* first */
    struct mmed *m;
    struct imsi imsi; /* of the path */
};

/* ---- reading --------------------------------------------------------------------------------- */

static void get_status(struct request *r)
{
    admin_call_show(&r->call, mmed_view_status(r->m));
}

static void get_enbs(struct request *r)
{
    admin_call_show(&r->call, json_pack("{s:o}", "enbs", mmed_view_enbs(r->m)));
}

static void get_events(struct request *r)
{
    struct mmed_event_row row;
    uint64_t after = 0;
    size_t limit = 0, n = 0;
    const char *name = admin_call_parameter(&r->call, "name");
    if (!admin_call_limit(&r->call, &limit) ||
        !admin_call_number(&r->call, "after", 0, INT64_MAX / 10, &after)) {
        return;
    }
    json_t *list = json_array();
    while (n < limit && events_next(r->m->events, after, &row)) {
        after = row.id;
        if (name == NULL || strcmp(name, row.name) == 0) {
            (void)json_array_append_new(list, mmed_view_event(r->m, &row));
            n++;
        }
    }
    admin_call_show(&r->call, json_pack("{s:o,s:I}", "events", list, "next", (json_int_t)after));
}

/* A page of UEs in the order of their slots; a UE keeps its slot as long as it is known. */
struct page {
    const struct mmed *m;
    json_t *list;
    uint64_t after; /* slots below it are passed over */
    size_t left;
    uint64_t next; /* 0: there is no more */
};

static void add_ue(void *arg, struct ue *ue)
{
    struct page *p = arg;
    uint64_t slot = ue_slot(ue);
    if (slot < p->after) {
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
    struct page p = {.m = r->m};
    struct imsi imsi;
    if (!admin_call_limit(&r->call, &p.left) ||
        !admin_call_number(&r->call, "after", 0, UE_TABLE_MAX, &p.after)) {
        return;
    }
    if (text != NULL && imsi_parse(bytes_of_str(text), &imsi) != E_OK) {
        (void)admin_call_parameter_wrong(&r->call, "imsi", "is not 6 to 15 digits");
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
    admin_call_answer(&r->call, STATUS_ACCEPTED, json_pack("{s:I}", "detached", (json_int_t)n));
}

/* ---- which handler --------------------------------------------------------------------------- */

static const struct route {
    struct admin_path at;
    void (*handle)(struct request *r);
} routes[] = {
    {{"GET", "/v1/status", ""}, get_status},
    {{"GET", "/v1/events", " after name limit "}, get_events},
    {{"GET", "/v1/ues", " imsi after limit "}, get_ues},
    {{"GET", "/v1/enbs", ""}, get_enbs},
    {{"POST", "/v1/ues/{imsi}/detach", ""}, post_detach},
};

static bool identities(struct request *r, const char *pattern, const char *path)
{
    while (*pattern != '\0') {
        struct bytes want = admin_path_step(&pattern), have = admin_path_step(&path);
        if (bytes_eq(want, BYTES_LIT("{imsi}")) && imsi_parse(have, &r->imsi) != E_OK) {
            return admin_call_parameter_wrong(&r->call, "the IMSI in the path",
                                              "is not 6 to 15 digits");
        }
    }
    return true;
}

static void on_route(void *ctx, struct admin_call *call, const char *method, const char *path)
{
    struct request *r = (struct request *)call;
    r->m = ((struct mmed_admin *)ctx)->m;
    int i = admin_call_route(call, &routes[0].at, sizeof routes[0],
                             sizeof routes / sizeof routes[0], method, path);
    if (i >= 0 && identities(r, routes[i].at.path, path)) {
        routes[i].handle(r);
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
                                                 .program = "MME",
                                                 .call_size = sizeof(struct request),
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

void mmed_admin_stop(struct mmed_admin *a)
{
    if (a != NULL) {
        admin_server_close(a->server);
        free(a);
    }
}
