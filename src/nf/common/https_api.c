#include "nf/common/https_api.h"

#include "net/https_rates.h"
#include "nf/common/https_api_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define STEPS_MAX 2u

static uint64_t now_ms(const struct https_api *api)
{
    struct timespec t;
    if (api->options.now_ms != NULL) {
        return api->options.now_ms(api->options.ctx);
    }
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static uint64_t clock_now(void *ctx)
{
    return now_ms(ctx);
}

static int64_t clock_wall(void *ctx)
{
    const struct https_api *api = ctx;
    return api->options.wall_s != NULL ? api->options.wall_s(api->options.ctx)
                                       : (int64_t)time(NULL);
}

/* ---- which path, and may this client take it ---- */

/* The route; with another method of a path that is there, that path's, and *method is false. */
static const struct https_api_route *find_route(const struct https_api_call *c,
                                                struct bytes steps[STEPS_MAX], bool *method)
{
    const struct https_api_options *o = &c->api->options;
    const struct https_api_route *found = NULL;
    *method = false;
    for (size_t i = 0; i < o->n_routes && !*method; i++) {
        if (https_path_is(o->routes[i].path, c->call.path, steps, STEPS_MAX)) {
            found = &o->routes[i];
            *method = strcmp(found->method, c->call.method) == 0;
        }
    }
    return found;
}

/* "GET, PUT": what the path takes. */
static const char *methods_of(const struct https_api_call *c)
{
    static const char *const all[] = {"GET", "PUT", "DELETE", "POST"};
    static const char *const said[16] = {"",
                                         "GET",
                                         "PUT",
                                         "GET, PUT",
                                         "DELETE",
                                         "GET, DELETE",
                                         "PUT, DELETE",
                                         "GET, PUT, DELETE",
                                         "POST",
                                         "GET, POST",
                                         "PUT, POST",
                                         "GET, PUT, POST",
                                         "DELETE, POST",
                                         "GET, DELETE, POST",
                                         "PUT, DELETE, POST",
                                         "GET, PUT, DELETE, POST"};
    const struct https_api_options *o = &c->api->options;
    struct bytes steps[STEPS_MAX];
    unsigned set = 0;
    for (size_t i = 0; i < o->n_routes; i++) {
        for (unsigned m = 0; m < sizeof all / sizeof all[0]; m++) {
            bool is = strcmp(o->routes[i].method, all[m]) == 0 &&
                      https_path_is(o->routes[i].path, c->call.path, steps, STEPS_MAX);
            set |= is ? 1U << m : 0;
        }
    }
    return said[set];
}

/* By the certificate, whose digest stands where an address would: devices have no name, and those
 * behind one address are not one client. */
static bool client_may_ask(struct https_api_call *c)
{
    const struct https_api *api = c->api;
    struct address as = {.family = 6};
    memcpy(as.ip, c->call.peer->digest, 8);
    return https_rates_take(api->rates, &as, api->options.rules.requests_per_second,
                            api->options.rules.burst, now_ms(api));
}

static bool lower_hex(struct bytes text, struct mbytes out)
{
    char z[65];
    if (text.n != 2 * out.n || text.n >= sizeof z) {
        return false;
    }
    memcpy(z, text.p, text.n);
    z[text.n] = '\0';
    return strspn(z, "0123456789abcdef") == text.n && hex_decode(z, out) == E_OK;
}

static bool take_steps(struct https_api_call *c, const struct bytes steps[STEPS_MAX])
{
    const char *at = c->route->path;
    for (size_t i = 0; i < STEPS_MAX && (at = strchr(at, '{')) != NULL; i++, at++) {
        bool ok = strncmp(at, "{dimsi}", 7) == 0
                      ? imsi_parse(steps[i], &c->imsi) == E_OK
                      : lower_hex(steps[i], (struct mbytes){c->digest, sizeof c->digest});
        if (!ok) {
            return false;
        }
    }
    return true;
}

/* Nothing of the address is looked at before the client may take the path. */
static void admit(struct https_api_call *c)
{
    struct bytes steps[STEPS_MAX] = {{NULL, 0}, {NULL, 0}};
    bool method = false;
    const struct https_api_options *o = &c->api->options;
    const struct https_api_route *route = find_route(c, steps, &method);
    if (!client_may_ask(c)) {
        https_api_refuse_as(c, HTTPS_API_TOO_MANY_REQUESTS, NULL);
        return;
    }
    if (route == NULL) {
        https_api_refuse_as(c, HTTPS_API_NO_SUCH_PATH, NULL);
        return;
    }
    if (!method) {
        c->call.allow = methods_of(c);
        https_api_refuse_as(c, HTTPS_API_METHOD, c->call.allow);
        return;
    }
    c->route = route;
    c->roles = route->roles & c->call.peer->roles;
    if (c->roles == 0) {
        https_api_refuse_as(c, HTTPS_API_NOT_ALLOWED, NULL);
        return;
    }
    if (o->admit != NULL && !o->admit(o->ctx, c)) {
        return;
    }
    if (!take_steps(c, steps) ||
        !https_parameters_known(&c->call, route->parameters != NULL ? route->parameters : " ")) {
        https_api_refuse_as(c, HTTPS_API_PARAMETER, NULL);
    }
}

static struct https_api_call *begin(struct https_api *api, struct https_call *call)
{
    struct https_api_call *c = (struct https_api_call *)(void *)call;
    c->api = api;
    c->begun_ns = metrics_now_ns();
    api->requests++;
    return c;
}

static void on_headers(void *ctx, struct https_call *call)
{
    struct https_api_call *c = begin(ctx, call);
    admit(c);
    if (call->phase == HTTPS_ANSWERED) {
        return;
    }
    if (c->route->members == NULL) {
        call->body_most = 0;
    } else if (c->route->secret) {
        /* All of it at once: a body that moves as it grows would leave its octets behind. */
        call->body = malloc(call->body_most);
        call->body_room = call->body != NULL ? call->body_most : 0;
        if (call->body == NULL) {
            https_api_refuse_as(c, HTTPS_API_NO_MEMORY, NULL);
        }
    }
}

static void on_request(void *ctx, struct https_call *call)
{
    struct https_api_call *c = (struct https_api_call *)(void *)call;
    (void)ctx;
    if (https_api_take_body(c)) {
        c->route->handle(c->api->options.ctx, c);
    }
}

static enum https_api_cause cause_of(enum verify_verdict v)
{
    switch (v) {
    case VERIFY_NONE:
        return HTTPS_API_NO_CERTIFICATE;
    case VERIFY_NOT_YET:
    case VERIFY_EXPIRED:
        return HTTPS_API_CLIENT_EXPIRED;
    case VERIFY_UNTRUSTED:
        return HTTPS_API_CLIENT_UNTRUSTED;
    case VERIFY_REVOKED:
        return HTTPS_API_CLIENT_REVOKED;
    case VERIFY_GOOD:
    case VERIFY_TOO_LARGE:
    case VERIFY_MALFORMED:
    case VERIFY_NO_CRL:
    case VERIFY_PURPOSE:
    case VERIFY_WEAK:
    case VERIFY_FAILED:
        break;
    }
    return HTTPS_API_CLIENT_REFUSED;
}

static void on_denied(void *ctx, struct https_call *call)
{
    struct https_api *api = ctx;
    struct https_api_call *c = begin(api, call);
    const enum verify_verdict v = call->peer->verdict;
    if (https_rates_take(api->strangers, call->from, api->options.rules.requests_per_second,
                         api->options.rules.burst, now_ms(api))) {
        https_api_refuse_as(c, cause_of(v), verify_verdict_sentence(v));
    } else {
        https_api_refuse_as(c, HTTPS_API_TOO_MANY_REQUESTS, NULL);
    }
}

static void on_end(void *ctx, struct https_call *call)
{
    struct https_api *api = ctx;
    struct https_api_call *c = (struct https_api_call *)(void *)call;
    if (c->api != NULL && api->options.end != NULL) {
        api->options.end(api->options.ctx, c);
    }
    https_api_drop_body(c);
}

static const struct https_handlers handlers = {on_denied, on_headers, NULL, on_request, on_end};

/* ---- start and stop ---- */

static enum err say(struct https_why *why, enum err err, const char *text)
{
    if (err != E_OK) {
        (void)snprintf(why->text, sizeof why->text, "%s", text);
    }
    return err;
}

static enum err open_verifier(const struct https_api_rules *rules, struct verifier **out,
                              struct https_why *why)
{
    const struct verify_files files = {rules->ca, rules->crl};
    struct verify_why said = {.text = "there is not enough memory"};
    return say(why, verifier_open(&files, out, &said), said.text);
}

static void keep_rules(struct https_api *api, const struct https_api_rules *rules)
{
    api->options.rules = (struct https_api_rules){.requests_per_second = rules->requests_per_second,
                                                  .burst = rules->burst};
}

static enum err open_server(struct https_api *api, struct uv_loop_s *loop, struct https_why *why)
{
    const struct https_api_options *o = &api->options;
    const struct https_options options = {
        .address = o->address,
        .certificate = o->certificate,
        .key = o->key,
        .ca = o->rules.ca,
        .verifier = api->clients,
        .limits = o->limits,
        .call_size = o->call_size > 0 ? o->call_size : sizeof(struct https_api_call),
        .handlers = &handlers,
        .ctx = api,
        .now_ms = clock_now,
        .wall_s = clock_wall};
    return https_open(&options, loop, &api->server, why);
}

enum err https_api_open(const struct https_api_options *options, struct uv_loop_s *loop,
                        struct https_api **out, struct https_why *why)
{
    struct https_api *api = calloc(1, sizeof *api);
    if (api == NULL) {
        return say(why, E_MEMORY, "there is not enough memory");
    }
    api->options = *options;
    api->times = calloc(options->n_routes + 1, sizeof *api->times);
    enum err err = api->times != NULL ? open_verifier(&options->rules, &api->clients, why)
                                      : say(why, E_MEMORY, "there is not enough memory");
    if (err == E_OK) {
        err = https_rates_open(HTTPS_API_ADDRESSES, &api->rates);
        if (err == E_OK) {
            err = https_rates_open(HTTPS_API_ADDRESSES, &api->strangers);
        }
        (void)say(why, err,
                  err == E_IO ? "the system has no random octets" : "there is not enough memory");
    }
    if (err == E_OK) {
        err = open_server(api, loop, why);
    }
    if (err != E_OK) {
        https_api_close(api);
        return err;
    }
    keep_rules(api, &options->rules);
    *out = api;
    return E_OK;
}

static void take_rules(struct https_api *api, const struct https_api_rules *rules,
                       struct verifier *clients)
{
    https_trust(api->server, clients);
    verifier_close(api->clients);
    api->clients = clients;
    keep_rules(api, rules);
}

enum err https_api_reload(struct https_api *api, const struct https_api_rules *rules,
                          struct https_why *why)
{
    struct verifier *clients = NULL;
    enum err err = open_verifier(rules, &clients, why);
    if (err == E_OK) {
        take_rules(api, rules, clients);
    }
    return err;
}

struct https_api_next {
    struct https_identity *identity;
    struct verifier *clients;
    struct https_api_rules rules; /* its texts are not looked at any more */
};

enum err https_api_next_open(const char *certificate, const char *key,
                             const struct https_api_rules *rules, struct https_api_next **out,
                             struct https_why *why)
{
    struct https_api_next *next = calloc(1, sizeof *next);
    if (next == NULL) {
        return say(why, E_MEMORY, "there is not enough memory");
    }
    next->rules = *rules;
    enum err err = https_identity_open(certificate, key, &next->identity, why);
    if (err == E_OK) {
        err = open_verifier(rules, &next->clients, why);
    }
    if (err != E_OK) {
        https_api_next_drop(next);
        return err;
    }
    *out = next;
    return E_OK;
}

void https_api_next_take(struct https_api *api, struct https_api_next *next)
{
    https_identity_take(api->server, next->identity);
    take_rules(api, &next->rules, next->clients);
    free(next);
}

void https_api_next_drop(struct https_api_next *next)
{
    if (next != NULL) {
        https_identity_drop(next->identity);
        verifier_close(next->clients);
        free(next);
    }
}

void https_api_quiesce(struct https_api *api)
{
    https_quiesce(api->server);
}

void https_api_close(struct https_api *api)
{
    if (api == NULL) {
        return;
    }
    https_close(api->server);
    verifier_close(api->clients);
    https_rates_close(api->rates);
    https_rates_close(api->strangers);
    free(api->times);
    free(api);
}

struct address https_api_bound(const struct https_api *api)
{
    return https_bound(api->server);
}

/* ---- what became of calls ---- */

static void count(struct https_api *api, const char *cause)
{
    for (size_t i = 0; i < HTTPS_API_COUNTS; i++) {
        struct https_api_count *at = &api->counts[i];
        if (at->cause == NULL) {
            at->cause = cause;
        }
        if (strcmp(at->cause, cause) == 0 || i + 1 == HTTPS_API_COUNTS) {
            at->n++;
            return;
        }
    }
}

void https_api_note(struct https_api_call *c, unsigned status)
{
    if (c->route != NULL) {
        metrics_observe(&c->api->times[c->route - c->api->options.routes],
                        metrics_now_ns() - c->begun_ns);
    }
    const bool imsi = c->imsi.n > 0;
    const struct verify_peer *peer = c->call.peer;
    const struct log_field fields[] = {
        LOG_FIELD_STR("cause", c->cause),
        LOG_FIELD_STR("method", c->route != NULL ? c->route->method : NULL),
        LOG_FIELD_STR("path", c->route != NULL ? c->route->path : NULL),
        LOG_FIELD_UINT("status", status),
        LOG_FIELD_STR("client", peer->name[0] != '\0' ? peer->name : NULL),
        LOG_FIELD_STR("address", address_print_ip(c->call.from).s),
        LOG_FIELD_STR("listener", c->api->options.name),
        LOG_FIELD_IMSI(imsi ? &c->imsi : NULL)};
    if (c->cause == NULL) {
        /* Who only looks may do so every few seconds: at night people read what changed. */
        const bool looked = c->route != NULL && !strcmp(c->route->method, "GET");
        log_line(c->api->options.log, looked ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO, "request", fields,
                 sizeof fields / sizeof fields[0]);
        return;
    }
    count(c->api, c->cause);
    log_limited_by(c->api->options.log, c->cause, LOG_LEVEL_INFO, "refused", fields,
                   sizeof fields / sizeof fields[0]);
}

json_t *https_api_counts(const struct https_api *api)
{
    json_t *refused = json_object();
    bool ok = refused != NULL;
    for (size_t i = 0; ok && i < HTTPS_API_COUNTS && api->counts[i].cause != NULL; i++) {
        ok = json_object_set_new(refused, api->counts[i].cause,
                                 json_integer((json_int_t)api->counts[i].n)) == 0;
    }
    if (!ok) {
        json_decref(refused);
        return NULL;
    }
    return json_pack("{s:I,s:o}", "requests", (json_int_t)api->requests, "refused", refused);
}

void https_api_write_times(struct metrics_text *t, const struct https_api_named *all, size_t n)
{
    const struct metric *m = metrics_of(METRICS_HTTPS_TIME);
    metrics_begin(t, m);
    for (size_t i = 0; i < n; i++) {
        const struct https_api_options *o = all[i].api != NULL ? &all[i].api->options : NULL;
        for (size_t k = 0; o != NULL && k < o->n_routes; k++) {
            metrics_sample_route(t, all[i].name, o->routes[k].method, o->routes[k].path,
                                 &all[i].api->times[k]);
        }
    }
}

void https_api_wait(struct https_api_call *c)
{
    c->call.phase = HTTPS_WAITING;
}

void https_api_resume(struct https_api_call *c)
{
    https_resume(c->api->server, &c->call);
}
