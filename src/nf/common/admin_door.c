/* Administration over HTTPS: who a certificate stands for, and the way of a call from net/https.h
 * to the routes and back. Part of src/nf/common/admin_server.h. */
#include "nf/common/admin_server_parts.h"

#include "net/https_rates.h"
#include "nf/common/json_whole.h"

#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BUCKETS     4096u
#define RETRY_AFTER 1u
#define NOT_NOW     503u
#define TOO_MANY    429u

/* What is configured. Calls point into it, so one that was replaced stays as long as any is here.
 */
struct rules {
    struct rules *before;
    struct admin_https https;
};
struct admin_next { /* what will count */
    struct rules *rules;
    struct verifier *clients;
    struct https_identity *identity;
};
struct admin_door {
    struct admin_server_options options;
    struct rules *rules; /* those in force; NULL only on the way in and out */
    unsigned calls;      /* that are here */
    struct verifier *clients;
    struct https_rates *rates, *strangers;
    struct https_server *server;
    uint64_t requests, refused[PROBLEM_NO_MEMORY + 1];
};
/* One request: what net/https.h knows of it, and what the routes do. */
struct door_call {
    struct https_call call;   /* first */
    struct admin_call *asked; /* of the options' size; NULL: it was refused before */
};

static uint64_t now_ms(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void rules_free(struct rules *r)
{
    while (r != NULL) {
        struct rules *before = r->before;
        admin_https_free(&r->https);
        free(r);
        r = before;
    }
}

/* Errors: E_MEMORY. */
/*= op-api-tls */
static enum err rules_of(const struct admin_https *https, struct rules **out)
{
    struct rules *r = calloc(1, sizeof *r);
    enum err err = r == NULL ? E_MEMORY : admin_https_copy(https, &r->https);
    if (err != E_OK) {
        free(r);
        return err;
    }
    *out = r;
    return E_OK;
}

static bool rate_ok(const struct admin_door *d, struct https_rates *rates,
                    const struct address *from)
{
    const struct admin_https *h = &d->rules->https;
    return https_rates_take(rates, from, h->requests_per_second, h->burst, now_ms());
}

/* ---- refusals before a route is looked for --------------------------------------------------- */

static void note(struct admin_door *d, const struct https_call *call, enum problem problem)
{
    const char *cause = problem_name(problem);
    if ((size_t)problem < sizeof d->refused / sizeof d->refused[0]) {
        d->refused[problem]++;
    }
    if (d->options.log == NULL) {
        return;
    }
    const struct log_field fields[] = {
        LOG_FIELD_STR("cause", cause), LOG_FIELD_STR("method", call->method),
        LOG_FIELD_STR("client", call->peer->name[0] != '\0' ? call->peer->name : NULL),
        LOG_FIELD_STR("address", address_print_ip(call->from).s)};
    log_limited_by(d->options.log, cause, LOG_LEVEL_INFO, "admin-refused", fields,
                   sizeof fields / sizeof fields[0]);
}

static void refuse(struct admin_door *d, struct https_call *call, enum problem problem,
                   const char *detail)
{
    struct admin_fault fault;
    size_t n = 0;
    (void)admin_fault_set(&fault, problem, NULL, "%s", detail);
    json_t *body = problem_json(&fault, 0);
    char *text = json_whole_text(body, &n);
    json_decref(body);
    https_answer(call, problem_status(problem), "application/problem+json", text, n);
    call->retry_after = problem_status(problem) == TOO_MANY ? RETRY_AFTER : 0;
    note(d, call, problem);
}

static enum problem problem_of(enum verify_verdict v)
{
    switch (v) {
    case VERIFY_NONE:
        return PROBLEM_NO_CERTIFICATE;
    case VERIFY_NOT_YET:
    case VERIFY_EXPIRED:
        return PROBLEM_CLIENT_EXPIRED;
    case VERIFY_UNTRUSTED:
        return PROBLEM_CLIENT_UNTRUSTED;
    case VERIFY_REVOKED:
        return PROBLEM_CLIENT_REVOKED;
    case VERIFY_GOOD:
    case VERIFY_TOO_LARGE:
    case VERIFY_MALFORMED:
    case VERIFY_NO_CRL:
    case VERIFY_PURPOSE:
    case VERIFY_WEAK:
    case VERIFY_FAILED:
        break;
    }
    return PROBLEM_CLIENT_REFUSED;
}

static void on_denied(void *ctx, struct https_call *call)
{
    struct admin_door *d = ctx;
    const enum verify_verdict v = call->peer->verdict;
    d->requests++;
    if (rate_ok(d, d->strangers, call->from)) {
        refuse(d, call, problem_of(v), verify_verdict_sentence(v));
    } else {
        refuse(d, call, PROBLEM_TOO_MANY_REQUESTS, "come again later");
    }
}

/* ---- who asks -------------------------------------------------------------------------------- */

/* By the certificate, whose digest stands where an address would: several clients may share one. */
static bool may_ask(struct admin_door *d, const struct https_call *call)
{
    struct address as = {.family = 6};
    memcpy(as.ip, call->peer->digest, 8);
    return rate_ok(d, d->rates, &as);
}

/* The user that the certificate stands for; NULL when it was refused. */
static const struct admin_user *user_of(struct admin_door *d, struct https_call *call)
{
    const struct verify_peer *peer = call->peer;
    if (!may_ask(d, call)) {
        refuse(d, call, PROBLEM_TOO_MANY_REQUESTS, "come again later");
        return NULL;
    }
    if (!verify_has_role(peer, VERIFY_ROLE_ADMINISTRATOR)) {
        refuse(d, call, PROBLEM_CLIENT_REFUSED,
               "the certificate does not have the role `administrator` as an extended key usage");
        return NULL;
    }
    const struct admin_user *user =
        peer->dns_named ? admin_https_user(&d->rules->https, peer->name) : NULL;
    if (user == NULL) {
        refuse(d, call, PROBLEM_NOT_ALLOWED,
               "the configuration names no user as the first dNSName of this certificate");
    }
    return user;
}

/* A browser shows a certificate that it has for whichever page asks, and tells of the page. What it
 * reads no page gets to see; what it changes would be changed. */
static bool of_a_page(struct admin_door *d, struct https_call *call)
{
    if (MHD_lookup_connection_value(call->connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_ORIGIN) ==
        NULL) {
        return false;
    }
    refuse(d, call, PROBLEM_NOT_ALLOWED, "changes are not taken from web pages (header Origin)");
    return true;
}

static void who_is(struct admin_who *who, const struct admin_user *user, const struct https_call *c)
{
    (void)snprintf(who->name, sizeof who->name, "%s", user->name);
    (void)snprintf(who->from, sizeof who->from, "%s", address_print_ip(c->from).s);
    who->role = user->role;
    who->scope = user->scoped ? &user->scope : NULL;
}

/* ---- a call ---------------------------------------------------------------------------------- */

static void on_headers(void *ctx, struct https_call *call)
{
    struct admin_door *d = ctx;
    struct door_call *c = (struct door_call *)(void *)call;
    const bool reads = strcmp(call->method, "GET") == 0;
    d->requests++;
    const struct admin_user *user = user_of(d, call);
    if (user == NULL || (!reads && of_a_page(d, call))) {
        return;
    }
    c->asked = calloc(1, d->options.call_size);
    d->calls += c->asked != NULL; /* on_end takes it off again, whatever comes */
    /* All of a body's room at once: one that moves as it grows would leave its octets behind. */
    call->body_most = reads ? 0 : ADMIN_BODY_MAX;
    call->body = reads ? NULL : malloc(ADMIN_BODY_MAX);
    call->body_room = call->body != NULL ? ADMIN_BODY_MAX : 0;
    if (c->asked == NULL || (!reads && call->body == NULL)) {
        refuse(d, call, PROBLEM_NO_MEMORY, "come again later");
        return;
    }
    c->asked->way = &admin_way_http;
    c->asked->connection = call->connection;
    c->asked->https = call;
    c->asked->method = call->method;
    c->asked->path = call->path;
    who_is(&c->asked->who, user, call);
}

/* The routes' answer becomes that of net/https.h. */
static void hand_over(struct admin_door *d, struct admin_call *asked)
{
    struct https_call *call = asked->https;
    if (asked->is_problem) {
        note(d, call, asked->problem);
    }
    if (admin_answer_finish(asked) != E_OK) {
        refuse(d, call, PROBLEM_NO_MEMORY, "come again later");
        return;
    }
    if (asked->file > 0) {
        https_answer_file(call, asked->status, asked->type, asked->file);
    } else {
        https_answer(call, asked->status, asked->type, asked->text, asked->text_n);
    }
    asked->file = 0;
    asked->text = NULL;
    (void)snprintf(call->etag, sizeof call->etag, "%s", asked->etag);
    call->allow = asked->allow[0] != '\0' ? asked->allow : NULL;
    call->retry_after = asked->status == NOT_NOW ? RETRY_AFTER : 0;
}

static void on_request(void *ctx, struct https_call *call)
{
    struct admin_door *d = ctx;
    struct admin_call *asked = ((struct door_call *)(void *)call)->asked;
    asked->body = call->body;
    asked->body_n = call->body_n;
    asked->body_too_large = call->body_too_large;
    d->options.route(d->options.ctx, asked, call->method, call->path);
    if (asked->phase == ADMIN_WAITING) {
        call->phase = HTTPS_WAITING;
        https_extend(d->server, call, ADMIN_WAIT_MS);
    } else if (asked->phase == ADMIN_ANSWERED) {
        hand_over(d, asked);
    }
}

void admin_door_resume(struct admin_door *d, struct admin_call *c)
{
    hand_over(d, c);
    https_resume(d->server, c->https);
}

static void on_end(void *ctx, struct https_call *call)
{
    struct admin_door *d = ctx;
    struct admin_call *asked = ((struct door_call *)(void *)call)->asked;
    if (asked != NULL) {
        if (d->options.end != NULL) {
            d->options.end(d->options.ctx, asked);
        }
        admin_answer_free(asked);
        free(asked);
        if (--d->calls == 0) {
            rules_free(d->rules->before);
            d->rules->before = NULL;
        }
    }
    if (call->body != NULL) {
        wipe(call->body, call->body_n); /* it may hold keys; net/https.h frees it */
    }
}

static const struct https_handlers handlers = {on_denied, on_headers, NULL, on_request, on_end};

/* ---- start and stop -------------------------------------------------------------------------- */

static enum err say(struct admin_why *why, enum err err, const char *text)
{
    if (err != E_OK) {
        (void)snprintf(why->text, sizeof why->text, "%s", text);
    }
    return err;
}

static enum err open_clients(const struct admin_https *https, struct verifier **out,
                             struct admin_why *why)
{
    const struct verify_files files = {https->ca, https->crl};
    struct verify_why said = {.text = "there is not enough memory"};
    return say(why, verifier_open(&files, out, &said), said.text);
}

static enum err open_server(struct admin_door *d, struct uv_loop_s *loop, struct admin_why *why)
{
    struct https_why said = {.text = ""};
    const struct admin_https *h = &d->rules->https;
    const struct https_options options = {.address = h->listen,
                                          .certificate = h->certificate,
                                          .key = h->key,
                                          .ca = h->ca,
                                          .verifier = d->clients,
                                          .limits = h->limits,
                                          .call_size = sizeof(struct door_call),
                                          .unescape = true, /* as over the socket */
                                          .handlers = &handlers,
                                          .ctx = d};
    return say(why, https_open(&options, loop, &d->server, &said), said.text);
}

enum err admin_door_open(const struct admin_server_options *options, struct uv_loop_s *loop,
                         struct admin_door **out, struct admin_why *why)
{
    struct admin_door *d = calloc(1, sizeof *d);
    if (d == NULL) {
        return say(why, E_MEMORY, "there is not enough memory");
    }
    d->options = *options;
    d->options.https = NULL; /* its copy counts */
    enum err err = say(why, rules_of(options->https, &d->rules), "there is not enough memory");
    if (err == E_OK) {
        err = open_clients(options->https, &d->clients, why);
    }
    if (err == E_OK) {
        err = https_rates_open(BUCKETS, &d->rates);
        if (err == E_OK) {
            err = https_rates_open(BUCKETS, &d->strangers);
        }
        (void)say(why, err, "there is not enough memory, or the system has no random octets");
    }
    if (err == E_OK) {
        err = open_server(d, loop, why);
    }
    if (err != E_OK) {
        admin_door_close(d);
        return err;
    }
    *out = d;
    return E_OK;
}

enum err admin_door_next_open(const struct admin_https *https, struct admin_next **out,
                              struct admin_why *why)
{
    struct https_why said = {.text = ""};
    struct admin_next *next = calloc(1, sizeof *next);
    if (next == NULL) {
        return say(why, E_MEMORY, "there is not enough memory");
    }
    enum err err = open_clients(https, &next->clients, why);
    if (err == E_OK) {
        err = say(why, rules_of(https, &next->rules), "there is not enough memory");
    }
    if (err == E_OK) {
        err = say(why, https_identity_open(https->certificate, https->key, &next->identity, &said),
                  said.text);
    }
    if (err != E_OK) {
        admin_next_drop(next);
        return err;
    }
    *out = next;
    return E_OK;
}

void admin_door_take(struct admin_door *d, struct admin_next *next)
{
    https_identity_take(d->server, next->identity);
    https_trust(d->server, next->clients);
    verifier_close(d->clients);
    d->clients = next->clients;
    next->rules->before = d->rules;
    d->rules = next->rules;
    free(next);
    if (d->calls == 0) { /* nobody points into those before */
        rules_free(d->rules->before);
        d->rules->before = NULL;
    }
}

void admin_next_drop(struct admin_next *next)
{
    if (next != NULL) {
        https_identity_drop(next->identity);
        verifier_close(next->clients);
        rules_free(next->rules);
        free(next);
    }
}

void admin_door_quiesce(struct admin_door *d)
{
    https_quiesce(d->server);
}

void admin_door_close(struct admin_door *d)
{
    if (d == NULL) {
        return;
    }
    https_close(d->server);
    verifier_close(d->clients);
    https_rates_close(d->rates);
    https_rates_close(d->strangers);
    rules_free(d->rules);
    free(d);
}

json_t *admin_door_view(const struct admin_door *d)
{
    if (d == NULL) {
        return json_pack("{s:n,s:i,s:{}}", "listen", "requests", 0, "refused");
    }
    const struct address at = https_bound(d->server);
    char listen[96];
    const char *place = strstr(address_print(&at).s, "://");
    (void)snprintf(listen, sizeof listen, "https%s", place != NULL ? place : "");
    json_t *refused = json_object();
    for (size_t i = 0; i < sizeof d->refused / sizeof d->refused[0]; i++) {
        if (d->refused[i] > 0) {
            (void)json_object_set_new(refused, problem_name((enum problem)i),
                                      json_integer((json_int_t)d->refused[i]));
        }
    }
    return json_pack("{s:s,s:I,s:o}", "listen", listen, "requests", (json_int_t)d->requests,
                     "refused", refused);
}
