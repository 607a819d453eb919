/* nf/hssd/dimsi_ask.c - one question to an ARPF, a D-AUSF or the RSMF. One that does not answer is
 * left alone for a while, in which nobody waits for it. */
#include "nf/common/http_trace.h"
#include "nf/hssd/dimsi_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *hss_dimsi_kind_name(enum hss_dimsi_kind kind)
{
    static const char *const names[] = {"arpf", "discovery", "rsmf"};
    return names[kind];
}

/* By what tells them apart in the configuration: `b` may be of a snapshot read since the start. */
static bool is_same(enum hss_dimsi_kind kind, const struct hssd_dimsi_remote *a,
                    const struct hssd_dimsi_remote *b)
{
    return a == b || (b->link != NULL && strcmp(a->link, b->link) == 0 &&
                      (kind != HSS_DIMSI_DISCOVERY || plmn_eq(&a->plmn, &b->plmn)));
}

struct dimsi_remote *hss_dimsi_remote(struct hss_dimsi *d, enum hss_dimsi_kind kind,
                                      const struct hssd_dimsi_remote *c)
{
    for (size_t i = 0; i < d->n_remotes; i++) {
        if (d->remotes[i].kind == kind && is_same(kind, d->remotes[i].c, c)) {
            return &d->remotes[i];
        }
    }
    return NULL;
}

static enum dimsi_cause silent(enum hss_dimsi_kind kind)
{
    static const enum dimsi_cause causes[] = {DIMSI_ARPF_SILENT, DIMSI_DISCOVERY_SILENT,
                                              DIMSI_RSMF_SILENT};
    return causes[kind];
}

/* ---- how they stand ---- */

/* May a question go out? 0, or how many milliseconds not. */
static uint64_t may_ask(struct hss_dimsi *d, struct dimsi_remote *r)
{
    uint64_t wait = 0;
    const uint64_t now = d->world.now_ms(d->world.ctx);
    pthread_mutex_lock(&d->lock);
    if (r->state == HSS_DIMSI_DOWN) {
        wait = now < r->rest_until_ms ? r->rest_until_ms - now : r->probed ? HSS_DIMSI_REST_MS : 0;
        r->probed |= wait == 0;
    }
    r->asked += wait == 0;
    pthread_mutex_unlock(&d->lock);
    return wait;
}

static void rest(struct hss_dimsi *d, struct dimsi_remote *r)
{
    const unsigned more = r->silent - HSS_DIMSI_TRIES;
    uint64_t ms = more < 6 ? (uint64_t)HSS_DIMSI_REST_MS << more : HSS_DIMSI_REST_MOST;
    ms = ms > HSS_DIMSI_REST_MOST ? HSS_DIMSI_REST_MOST : ms;
    r->rest_until_ms = d->world.now_ms(d->world.ctx) + ms;
}

static void noted(struct hss_dimsi *d, struct dimsi_remote *r, bool answered, const char *reason)
{
    char name[32];
    pthread_mutex_lock(&d->lock);
    const enum hss_dimsi_remote_state before = r->state;
    r->probed = false;
    r->silent = answered ? 0 : r->silent + 1;
    if (answered) {
        r->state = HSS_DIMSI_UP;
    } else if (r->silent >= HSS_DIMSI_TRIES) {
        r->state = HSS_DIMSI_DOWN;
        rest(d, r);
    }
    const bool news = r->state != before;
    const bool up = r->state == HSS_DIMSI_UP;
    if (news) {
        r->since = d->world.unix_s(d->world.ctx);
    }
    pthread_mutex_unlock(&d->lock);
    if (news) {
        (void)snprintf(name, sizeof name, "dimsi-%s-%s", hss_dimsi_kind_name(r->kind),
                       up ? "up" : "down");
        hssd_event(d->h, name, NULL, NULL, r->c->name,
                   up ? NULL : dimsi_cause_name(silent(r->kind)), up ? "" : reason);
    }
}

/* ---- the question ---- */

static enum err client_of(struct dimsi_worker *w, const struct dimsi_remote *r,
                          struct https_client **out)
{
    const struct hssd_dimsi *c = &w->d->h->config->dimsi;
    struct https_client **client = &w->clients[r - w->d->remotes];
    const struct https_client_options options = {.certificate = c->ausf_certificate,
                                                 .key = c->ausf_key,
                                                 .ca = r->c->ca,
                                                 .crl = r->c->crl,
                                                 .total_ms = HSS_DIMSI_ASK_MS,
                                                 .answer_most = HSS_DIMSI_ANSWER_MOST};
    enum err err = *client != NULL ? E_OK : https_client_open(&options, client);
    *out = *client;
    return err;
}

/* Bodies are left out: a push has keys in it. */
static void trace(struct hss_dimsi *d, const struct dimsi_remote *r,
                  const struct https_request *request, const struct https_reply *reply)
{
    struct hssd *h = d->h;
    const struct http_trace t = {h->trace, h->config->origin_host, r->c->name};
    enum err err = E_OK;
    if (h->trace == NULL) {
        return;
    }
    if (reply == NULL) {
        err = http_trace_asked(&t, request->method, request->url);
    } else {
        struct https_reply bare = {.status = reply->status};
        err = http_trace_reply(&t, request->url, &bare);
    }
    if (err != E_OK) {
        hss_dimsi_count(&h->counters.trace_lost);
    }
}

/* The RSMF is looked at every few seconds; that is in a trace only when something came of it. */
static bool is_look(const struct https_request *request)
{
    return strcmp(request->method, "GET") == 0;
}

static bool brings_nothing(const struct https_reply *reply)
{
    static const char news[] = "\"se\"";
    return reply->status == 200 && reply->body.n > 0 &&
           memmem(reply->body.p, reply->body.n, news, sizeof news - 1) == NULL;
}

static void trace_answer(struct hss_dimsi *d, const struct dimsi_remote *r,
                         const struct https_request *request, const struct https_reply *reply)
{
    if (is_look(request) && brings_nothing(reply)) {
        return;
    }
    if (is_look(request)) {
        trace(d, r, request, NULL);
    }
    trace(d, r, request, reply);
}

static enum err ask(struct dimsi_worker *w, const struct dimsi_remote *r,
                    const struct https_request *request, struct https_reply *reply)
{
    struct https_client *client = NULL;
    if (!is_look(request)) {
        trace(w->d, r, request, NULL);
    }
    if (w->d->world.ask != NULL) {
        return w->d->world.ask(w->d->world.ctx, r->c, request, reply);
    }
    enum err err = client_of(w, r, &client);
    return err == E_OK ? https_client_do(client, request, reply) : err;
}

/* About who asks (an own certificate that ran out, or is not known there yet), not about what is
 * asked: the same is right another time. */
static bool is_about_us(const struct dimsi_reply *reply)
{
    return reply->cause == DIMSI_NOT_ALLOWED ||
           (reply->cause == DIMSI_NONE && (reply->status == 401 || reply->status == 403));
}

/* As it is called there: an own certificate that ran out is client-expired, and no silence. Empty
 * where it has no name that could be one. */
static void name_of_problem(struct bytes body, char *out, size_t room)
{
    static const char prefix[] = "/problems/";
    json_t *json = json_loadb((const char *)body.p, body.n, JSON_REJECT_DUPLICATES, NULL);
    const char *type = json_string_value(json_object_get(json, "type"));
    const char *name = type != NULL && strncmp(type, prefix, sizeof prefix - 1) == 0
                           ? type + sizeof prefix - 1
                           : "";
    const bool good = name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-")] == '\0';
    (void)snprintf(out, room, "%s", good ? name : "");
    json_decref(json);
}

/* What cannot be read is as if nothing had come. */
static bool take(const struct dimsi_remote *r, const struct https_reply *reply,
                 struct dimsi_reply *out, struct dimsi_result *result)
{
    char said[STORE_CAUSE_MAX], problem[STORE_CAUSE_MAX];
    *out = (struct dimsi_reply){.status = reply->status, .cause = DIMSI_NONE};
    if (reply->status >= 200 && reply->status < 300) {
        out->json = json_loadb(reply->body.n > 0 ? (const char *)reply->body.p : "", reply->body.n,
                               JSON_REJECT_DUPLICATES, NULL);
        return true;
    }
    out->cause = dimsi_json_problem(reply->body, said, sizeof said);
    if (reply->status >= 400 && reply->status < 500 && reply->status != 408 &&
        reply->status != 429 && !is_about_us(out)) {
        return true;
    }
    const enum dimsi_cause cause = out->cause != DIMSI_NONE ? out->cause : silent(r->kind);
    name_of_problem(reply->body, problem, sizeof problem);
    (void)snprintf(said, sizeof said, "%s answers %u%s%s", hss_dimsi_kind_name(r->kind),
                   reply->status, problem[0] != '\0' ? " " : "", problem);
    *result = hss_dimsi_later(cause, said);
    return false;
}

static bool carry(struct dimsi_worker *w, struct dimsi_remote *r, struct https_request *request,
                  struct dimsi_reply *out, struct dimsi_result *result)
{
    struct https_reply reply = {.status = 0};
    const uint64_t wait = may_ask(w->d, r);
    if (wait > 0) {
        *result = hss_dimsi_later(silent(r->kind), r->c->name);
        result->rest_s = (uint32_t)(wait / 1000 + 1);
        return false;
    }
    enum err err = ask(w, r, request, &reply);
    noted(w->d, r, err == E_OK, reply.reason);
    if (err != E_OK) {
        *result = hss_dimsi_later(silent(r->kind), err_name(err));
        return false;
    }
    trace_answer(w->d, r, request, &reply);
    return take(r, &reply, out, result);
}

/* Some of them are keys. */
static void wipe_texts(json_t *body)
{
    const char *name;
    json_t *value;
    json_object_foreach(body, name, value)
    {
        if (json_is_string(value)) {
            wipe((void *)(uintptr_t)json_string_value(value), json_string_length(value));
        }
    }
}

bool hss_dimsi_ask(struct dimsi_worker *w, struct dimsi_remote *r, const char *method,
                   const char *path, json_t *body, struct dimsi_reply *out,
                   struct dimsi_result *result)
{
    char url[STORE_DIMSI_LINK_MAX + 160];
    char *text = body != NULL ? json_dumps(body, JSON_COMPACT) : NULL;
    const bool lost = body != NULL && text == NULL;
    const size_t n = text != NULL ? strlen(text) : 0;
    (void)snprintf(url, sizeof url, "%s%s", r->c->link, path);
    struct https_request request = {
        .method = method, .url = url, .body = {(const uint8_t *)text, n}};
    wipe_texts(body);
    json_decref(body);
    *out = (struct dimsi_reply){.status = 0};
    *result = hss_dimsi_later(DIMSI_STORE, "no memory");
    const bool answered = !lost && carry(w, r, &request, out, result);
    if (text != NULL) {
        wipe(text, n);
    }
    free(text);
    return answered;
}

struct dimsi_result hss_dimsi_answered(const struct dimsi_remote *r,
                                       const struct dimsi_reply *reply)
{
    static const enum dimsi_cause refused[] = {DIMSI_ARPF_REFUSED, DIMSI_DISCOVERY_REFUSED,
                                               DIMSI_RSMF_REFUSED};
    struct dimsi_result result = hss_dimsi_failed(
        reply->cause != DIMSI_NONE ? reply->cause : refused[r->kind], hss_dimsi_kind_name(r->kind));
    result.end = DIMSI_STEP_REFUSED; /* 4xx: whoever said so is sure */
    return result;
}
