/* nf/hssd/dimsi_api.c - the HTTPS interface for service providers (docs/openapi/hssd-offers.yaml),
 * on the control thread: an offer is verified here, and decided and stored by the writer. */
#include "nf/hssd/dimsi_parts.h"
#include "nf/hssd/snapshots.h"

#include "crypto/openssl.h"
#include "nf/common/https_api.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#define DIMSI_FILES 6u /* CAs and lists: of clients, of service providers, of secure elements */
struct dimsi_api {
    struct hssd *h;
    uv_loop_t *loop;
    struct https_api *https;
    struct crypto crypto;
    struct store_reader *reader;
    struct dimsi_trust *trust; /* service providers, and the CI of secure elements */
    uv_async_t async;
    bool listens; /* async is open */
    bool stopping;
    uv_timer_t look;
    bool looks;
    struct file_seen seen[DIMSI_FILES];
    unsigned waiting;     /* calls that are with the writer */
    pthread_mutex_t lock; /* of done */
    struct offer_call *done;
    struct offer_call **done_tail;
};

struct offer_call {
    struct https_api_call c; /* first */
    struct writer_job job;
    struct dimsi_api *api;
    struct snapshot *held; /* of `sp` */
    const struct hssd_sp *sp;
    void (*back)(struct offer_call *o);
    struct offer_call *next_done;
    struct dimsi_json_space *space; /* what the offer points into */
    struct dimsi_offered offered;
    char arpf[STORE_DIMSI_LINK_MAX + 1];
    char *paper;
    struct dimsi_arrived arrived;
    struct hss_dimsi_change change;
};

static void refuse(struct offer_call *o, enum dimsi_cause cause, const char *detail)
{
    https_api_refuse(&o->c, dimsi_status(cause), dimsi_cause_name(cause),
                     dimsi_cause_sentence(cause), detail);
}

static void show(struct offer_call *o, unsigned status, const struct store_dimsi *row)
{
    https_api_show(&o->c, status, hss_dimsi_offer_view(row));
}

/* ---- to the writer and back ---- */

static struct offer_call *call_of(struct writer_job *job)
{
    return (struct offer_call *)((char *)job - offsetof(struct offer_call, job));
}

/* On the writer's thread. */
static void on_written(struct writer_job *job)
{
    struct offer_call *o = call_of(job);
    struct dimsi_api *a = o->api;
    pthread_mutex_lock(&a->lock);
    o->next_done = NULL;
    *a->done_tail = o;
    a->done_tail = &o->next_done;
    pthread_mutex_unlock(&a->lock);
    (void)uv_async_send(&a->async);
}

static void submit(struct offer_call *o,
                   enum err (*run)(struct store_writer *w, struct writer_job *job),
                   void (*back)(struct offer_call *o))
{
    o->job = (struct writer_job){.run = run, .done = on_written};
    o->back = back;
    if (o->api->stopping || writer_submit(o->api->h->writer, &o->job) != E_OK) {
        refuse(o, DIMSI_STORE, "too much waits to be written");
        return;
    }
    o->api->waiting++;
    https_api_wait(&o->c);
}

static void on_async(uv_async_t *async)
{
    struct dimsi_api *a = async->data;
    pthread_mutex_lock(&a->lock);
    struct offer_call *list = a->done;
    a->done = NULL;
    a->done_tail = &a->done;
    pthread_mutex_unlock(&a->lock);
    while (list != NULL) {
        struct offer_call *o = list;
        list = o->next_done;
        a->waiting--;
        o->back(o);
        https_api_resume(&o->c);
    }
}

/* ---- PUT ---- */

static enum err take_run(struct store_writer *w, struct writer_job *job)
{
    struct offer_call *o = call_of(job);
    const struct dimsi_arriving in = {.sp = o->sp,
                                      .dimsi = &o->c.imsi,
                                      .offered = &o->offered,
                                      .arpf = o->arpf,
                                      .paper = bytes_of_str(o->paper),
                                      .at = hssd_unix_seconds()};
    return hss_dimsi_take(o->api->h, w, &in, &o->arrived);
}

static void taken(struct offer_call *o)
{
    struct hssd *h = o->api->h;
    const struct dimsi_arrived *a = &o->arrived;
    if (o->job.result != E_OK || a->cause != DIMSI_NONE) {
        refuse(o, o->job.result != E_OK ? DIMSI_STORE : a->cause, a->detail);
        return;
    }
    if (a->taken) {
        hss_dimsi_tell_phase(h, &a->row, NULL);
    }
    hss_dimsi_over(h, &a->over);
    hss_dimsi_wake(h->dimsi);
    show(o, a->taken ? 202 : 200, &a->row);
}

/* The ARPF is one that is configured, by the URL and by the name that the delegation has. */
static enum dimsi_cause parties(const struct offer_call *o, const char **detail)
{
    const struct hssd_config *c = o->api->h->config;
    const struct hssd_dimsi_remote *arpf = hssd_config_arpf(c, o->arpf);
    if (!imsi_eq(&o->offered.atk.dimsi, &o->c.imsi)) {
        *detail = "ATK is for another dIMSI than the address names";
        return DIMSI_UNREADABLE;
    }
    if (strcmp(o->offered.sp.text, o->sp->name) != 0) {
        *detail = "the client is not who signed the delegation";
        return DIMSI_DELEGATION_OTHER_SP;
    }
    if (!hssd_sp_has_dimsi(o->sp, &o->c.imsi)) {
        return DIMSI_OUTSIDE;
    }
    if (arpf == NULL || strcmp(arpf->name, o->offered.delegation.arpf.text) != 0) {
        return DIMSI_ARPF_UNKNOWN;
    }
    return hssd_config_discovery(c, &o->c.imsi) != NULL ? DIMSI_NONE : DIMSI_DISCOVERY_UNKNOWN;
}

static bool read_offer(struct offer_call *o, struct dimsi_offer *offer)
{
    struct dimsi_json_fault fault;
    const char *arpf = https_api_text(&o->c, "arpf", 1, STORE_DIMSI_LINK_MAX);
    if (!https_api_ok(&o->c)) {
        return false;
    }
    o->space = calloc(1, sizeof *o->space);
    json_t *paper = json_pack("{s:O,s:O}", "credentials", https_api_member(&o->c, "credentials"),
                              "delegation", https_api_member(&o->c, "delegation"));
    o->paper = paper != NULL ? json_dumps(paper, JSON_COMPACT) : NULL;
    json_decref(paper);
    if (o->space == NULL || o->paper == NULL) {
        https_api_refuse_as(&o->c, HTTPS_API_NO_MEMORY, NULL);
        return false;
    }
    if (strlen(o->paper) > STORE_DIMSI_OFFER_MAX) {
        https_api_refuse_as(&o->c, HTTPS_API_TOO_LARGE, NULL);
        return false;
    }
    (void)snprintf(o->arpf, sizeof o->arpf, "%s", arpf);
    if (!dimsi_json_offer(o->c.body, o->space, offer, &fault)) {
        https_api_bad_member(&o->c, fault.text);
        return false;
    }
    return true;
}

/*= dimsi-0d dimsi-delegation */
static void put_offer(void *ctx, struct https_api_call *c)
{
    struct offer_call *o = (struct offer_call *)c;
    struct dimsi_offer offer;
    const char *detail = NULL;
    (void)ctx;
    if (!read_offer(o, &offer)) {
        return;
    }
    enum dimsi_cause cause =
        dimsi_ausf_take_offer(&o->api->crypto, dimsi_trust_port(o->api->trust), &offer,
                              &o->api->h->config->dimsi.plmn, hssd_unix_seconds(), &o->offered);
    if (cause == DIMSI_NONE) {
        cause = parties(o, &detail);
    }
    if (cause != DIMSI_NONE) {
        refuse(o, cause, detail);
        return;
    }
    submit(o, take_run, taken);
}

/* ---- GET ---- */

/* Another's is as if there were none. */
static bool is_own(const struct offer_call *o, const struct store_dimsi *row)
{
    return strcmp(row->sp, o->sp->name) == 0;
}

static void get_offer(void *ctx, struct https_api_call *c)
{
    struct offer_call *o = (struct offer_call *)c;
    struct store_dimsi row;
    (void)ctx;
    enum err err = store_read_dimsi(o->api->reader, &c->imsi, &row);
    if (err == E_NOT_FOUND || (err == E_OK && !is_own(o, &row))) {
        refuse(o, DIMSI_NOT_FOUND, NULL);
    } else if (err != E_OK) {
        refuse(o, DIMSI_STORE, NULL);
    } else {
        show(o, 200, &row);
    }
}

static json_t *page_of(const struct store_dimsi *rows, size_t n, size_t limit)
{
    const bool more = n > limit;
    json_t *list = json_array();
    n = more ? limit : n;
    for (size_t i = 0; i < n; i++) {
        (void)json_array_append_new(list, hss_dimsi_offer_view(&rows[i]));
    }
    return json_pack("{s:o,s:o}", "offers", list, "next",
                     more ? json_string(rows[n - 1].dimsi.digits) : json_null());
}

static void list_offers(void *ctx, struct https_api_call *c)
{
    struct offer_call *o = (struct offer_call *)c;
    struct imsi after = {.n = 0};
    size_t limit = 0, n = 0;
    (void)ctx;
    if (!https_api_param_limit(c, &limit) || !https_api_param_imsi(c, "after", &after)) {
        return;
    }
    struct store_dimsi *rows = calloc(limit + 1, sizeof *rows);
    const struct store_dimsi_wanted wanted = {.after = &after, .sp = o->sp->name};
    enum err err =
        rows == NULL ? E_MEMORY : store_list_dimsi(o->api->reader, &wanted, rows, limit + 1, &n);
    if (err != E_OK) {
        refuse(o, DIMSI_STORE, NULL);
    } else {
        https_api_show(c, 200, page_of(rows, n, limit));
    }
    free(rows);
}

/* ---- DELETE ---- */

static enum err withdraw_run(struct store_writer *w, struct writer_job *job)
{
    struct offer_call *o = call_of(job);
    struct store_dimsi row;
    enum err err = store_writer_dimsi(w, &o->c.imsi, &row);
    if (err == E_OK && !is_own(o, &row)) {
        return E_NOT_FOUND;
    }
    /* Where there is none of the operator's own to come, the temporary subscription stays, and a
     * provider ends nobody's service. */
    if (err == E_OK && row.phase == STORE_DIMSI_ATTACHED && !row.has_operator) {
        o->change.wrong_phase = true;
        return E_OK;
    }
    return err == E_OK ? hss_dimsi_tell(o->api->h, w, &o->c.imsi, HSS_DIMSI_WITHDRAW, &o->change)
                       : err;
}

static void withdrawn(struct offer_call *o)
{
    const enum err err = o->job.result;
    if (err == E_NOT_FOUND) {
        refuse(o, DIMSI_NOT_FOUND, NULL);
    } else if (err != E_OK) {
        refuse(o, DIMSI_STORE, NULL);
    } else if (o->change.wrong_phase) {
        refuse(o, DIMSI_SPENT, "the device has the subscription that it keeps");
    } else {
        hss_dimsi_told(o->api->h, HSS_DIMSI_WITHDRAW, &o->change);
        show(o, 200, &o->change.row);
    }
}

static void delete_offer(void *ctx, struct https_api_call *c)
{
    (void)ctx;
    submit((struct offer_call *)c, withdraw_run, withdrawn);
}

/* ---- the table ---- */

#define SP (1u << VERIFY_ROLE_SERVICE_PROVIDER)
static const struct https_api_route routes[] = {
    {.method = "PUT",
     .path = "/v1/offers/{dimsi}",
     .roles = SP,
     .members = " arpf credentials delegation ",
     .handle = put_offer},
    {.method = "GET", .path = "/v1/offers/{dimsi}", .roles = SP, .handle = get_offer},
    {.method = "DELETE", .path = "/v1/offers/{dimsi}", .roles = SP, .handle = delete_offer},
    {.method = "GET",
     .path = "/v1/offers",
     .roles = SP,
     .parameters = " after limit ",
     .handle = list_offers},
};

/* Only those that are configured come in, by the name in their certificate. */
static bool admit(void *ctx, struct https_api_call *c)
{
    struct offer_call *o = (struct offer_call *)c;
    o->api = ctx;
    o->held = snapshot_hold(o->api->h);
    o->sp = c->call.peer->dns_named ? hssd_config_sp(o->api->h->config, c->call.peer->name) : NULL;
    if (o->sp == NULL) {
        https_api_refuse_as(c, HTTPS_API_NOT_ALLOWED, NULL);
    }
    return o->sp != NULL;
}

static void on_end(void *ctx, struct https_api_call *c)
{
    struct offer_call *o = (struct offer_call *)c;
    (void)ctx;
    snapshot_release(o->held);
    free(o->space);
    free(o->paper);
}

/* ---- files ---- */

static struct https_api_rules rules_of(const struct hssd_dimsi *c)
{
    return (struct https_api_rules){.ca = c->ca,
                                    .crl = c->crl,
                                    .requests_per_second = c->requests_per_second,
                                    .burst = c->burst};
}

static void see(const struct hssd_dimsi *c, struct file_seen seen[static DIMSI_FILES])
{
    seen[0] = file_look(c->ca);
    seen[1] = file_look(c->crl);
    seen[2] = file_look(c->sp_roots);
    seen[3] = file_look(c->sp_crl);
    seen[4] = file_look(c->ci_roots);
    seen[5] = file_look(c->ci_crl);
}

static void look_again(uv_timer_t *timer)
{
    struct dimsi_api *a = timer->data;
    const struct hssd_dimsi *c = &a->h->config->dimsi;
    const struct https_api_rules rules = rules_of(c);
    struct file_seen now[DIMSI_FILES];
    struct https_why why = {""};
    struct verify_why reason = {""};
    bool same = true;
    see(c, now);
    for (size_t i = 0; i < DIMSI_FILES; i++) {
        same &= file_same(&now[i], &a->seen[i]);
        a->seen[i] = now[i];
    }
    if (same) {
        return;
    }
    bool good = https_api_reload(a->https, &rules, &why) == E_OK;
    good &= dimsi_trust_reload(a->trust, &reason) == E_OK;
    hssd_event(a->h, good ? "dimsi-files-read" : "dimsi-files-bad", NULL, NULL, NULL, NULL,
               why.text[0] != '\0' ? why.text : reason.text);
}

struct hss_dimsi_next { /* what will count */
    struct dimsi_trust_next *trust;
    struct https_api_next *https;
};

enum err hss_dimsi_next_open(const struct hssd *h, const struct hssd_dimsi *c,
                             struct hss_dimsi_next **out, char *why, size_t room)
{
    const struct dimsi_api *a = h->dimsi != NULL ? h->dimsi->api : NULL;
    const struct https_api_rules rules = rules_of(c);
    struct https_why said = {""};
    struct verify_why reason = {""};
    *out = NULL;
    if (a == NULL) {
        return E_OK;
    }
    struct hss_dimsi_next *next = calloc(1, sizeof *next);
    enum err err = next == NULL ? E_MEMORY : dimsi_trust_next_open(a->trust, &next->trust, &reason);
    if (err == E_OK) {
        err = https_api_next_open(c->certificate, c->key, &rules, &next->https, &said);
    }
    if (err != E_OK) {
        (void)snprintf(why, room, "%s", said.text[0] != '\0' ? said.text : reason.text);
        hss_dimsi_next_drop(next);
        return err;
    }
    *out = next;
    return E_OK;
}

void hss_dimsi_next_take(struct hssd *h, struct hss_dimsi_next *next)
{
    if (next != NULL) {
        dimsi_trust_next_take(h->dimsi->api->trust, next->trust);
        https_api_next_take(h->dimsi->api->https, next->https);
        free(next);
    }
}

void hss_dimsi_next_drop(struct hss_dimsi_next *next)
{
    if (next != NULL) {
        dimsi_trust_next_drop(next->trust);
        https_api_next_drop(next->https);
        free(next);
    }
}

/* ---- start and stop ---- */

static enum err open_parts(struct dimsi_api *a, char *why, size_t room)
{
    const struct hssd_dimsi *c = &a->h->config->dimsi;
    struct verify_why reason = {""};
    const struct dimsi_trust_options options = {
        .roots = {[DIMSI_SE] = {.ca = c->ci_roots, .crl = c->ci_crl},
                  [DIMSI_SP] = {.ca = c->sp_roots, .crl = c->sp_crl}}};
    see(c, a->seen);
    enum err err = crypto_openssl_open(&a->crypto);
    if (err == E_OK) {
        err = store_reader_open(a->h->store, &a->reader);
    }
    if (err == E_OK) {
        err = dimsi_trust_open(&options, &a->trust, &reason);
    }
    if (err != E_OK) {
        (void)snprintf(why, room, "dimsi: %s",
                       reason.text[0] != '\0' ? reason.text : err_sentence(err));
    }
    return err;
}

static enum err open_https(struct dimsi_api *a, char *why, size_t room)
{
    const struct hssd_dimsi *c = &a->h->config->dimsi;
    struct https_why reason = {""};
    const struct https_api_options options = {.routes = routes,
                                              .n_routes = sizeof routes / sizeof *routes,
                                              .ctx = a,
                                              .admit = admit,
                                              .end = on_end,
                                              .call_size = sizeof(struct offer_call),
                                              .name = "offers",
                                              .log = a->h->log,
                                              .address = c->listen,
                                              .certificate = c->certificate,
                                              .key = c->key,
                                              .rules = rules_of(c),
                                              .limits = https_limits_default()};
    enum err err = https_api_open(&options, a->loop, &a->https, &reason);
    if (err != E_OK) {
        (void)snprintf(why, room, "dimsi: %s", reason.text);
    }
    return err;
}

static enum err open_handles(struct dimsi_api *a)
{
    a->async.data = a;
    a->look.data = a;
    a->listens = uv_async_init(a->loop, &a->async, on_async) == 0;
    a->looks = a->listens && uv_timer_init(a->loop, &a->look) == 0;
    return a->looks &&
                   uv_timer_start(&a->look, look_again, HSS_DIMSI_LOOK_MS, HSS_DIMSI_LOOK_MS) == 0
               ? E_OK
               : E_IO;
}

enum err hss_dimsi_listen(struct hssd *h, struct uv_loop_s *loop, char *why, size_t room)
{
    if (!h->config->dimsi.enabled || h->dimsi == NULL) {
        return E_OK;
    }
    struct dimsi_api *a = calloc(1, sizeof *a);
    if (a == NULL) {
        return E_MEMORY;
    }
    *a = (struct dimsi_api){.h = h, .loop = loop, .done_tail = &a->done};
    pthread_mutex_init(&a->lock, NULL);
    h->dimsi->api = a;
    enum err err = open_handles(a);
    if (err == E_OK) {
        err = open_parts(a, why, room);
    }
    if (err == E_OK) {
        err = open_https(a, why, room);
    }
    if (err != E_OK) {
        hss_dimsi_unlisten(h);
    }
    return err;
}

static void on_async_closed(uv_handle_t *handle)
{
    ((struct dimsi_api *)handle->data)->listens = false;
}

static void on_look_closed(uv_handle_t *handle)
{
    ((struct dimsi_api *)handle->data)->looks = false;
}

void hss_dimsi_unlisten(struct hssd *h)
{
    struct dimsi_api *a = h->dimsi != NULL ? h->dimsi->api : NULL;
    if (a == NULL) {
        return;
    }
    a->stopping = true;
    if (a->https != NULL) {
        https_api_quiesce(a->https);
    }
    while (a->waiting > 0) {
        (void)uv_run(a->loop, UV_RUN_ONCE);
    }
    https_api_close(a->https);
    if (a->listens) {
        uv_close((uv_handle_t *)&a->async, on_async_closed);
    }
    if (a->looks) {
        uv_close((uv_handle_t *)&a->look, on_look_closed);
    }
    while (a->listens || a->looks) {
        (void)uv_run(a->loop, UV_RUN_ONCE);
    }
    dimsi_trust_close(a->trust);
    if (a->reader != NULL) {
        store_reader_close(a->reader);
    }
    crypto_openssl_close(&a->crypto);
    pthread_mutex_destroy(&a->lock);
    free(a);
    h->dimsi->api = NULL;
}

struct address hss_dimsi_bound(const struct hssd *h)
{
    const struct dimsi_api *a = h->dimsi != NULL ? h->dimsi->api : NULL;
    return a != NULL ? https_api_bound(a->https) : (struct address){.transport = 0};
}

json_t *hss_dimsi_offers_status(const struct hssd *h)
{
    const struct dimsi_api *a = h->dimsi != NULL ? h->dimsi->api : NULL;
    return a != NULL ? https_api_counts(a->https) : json_null();
}
