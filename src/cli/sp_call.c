/* Calls of a service provider: src/cli/sp.h. */
#include "cli/sp.h"

#include "nf/common/http_trace.h"
#include "nf/common/json_whole.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define CALL_MS     60000u
#define ANSWER_MOST (4u << 20)
#define AGAIN_MS    60000u /* waited in all, when there were too many requests */
#define AFTER_MOST  30u    /* seconds, whatever an answer says */
#define CHANCE_MS   500u
#define TOO_MANY    429u
#define NOT_NOW     503u
#define LINK_ROOM   sizeof((struct sp *)0)->silent

static int connect_once(struct sp *s)
{
    const struct https_client_options options = {.certificate = s->certificate,
                                                 .key = s->key,
                                                 .ca = s->ca,
                                                 .total_ms = CALL_MS,
                                                 .answer_most = ANSWER_MOST};
    if (!s->https && https_client_open(&options, &s->https) != E_OK) {
        cli_error("no connection can be made: no memory");
        return CLI_REFUSED;
    }
    return CLI_DONE;
}

static int take_answer(const struct https_reply *reply, const char *url, struct sp_answer *out)
{
    json_error_t e;
    out->status = reply->status;
    out->body = reply->body.n > 0 ? json_loadb((const char *)reply->body.p, reply->body.n,
                                               JSON_REJECT_DUPLICATES, &e)
                                  : NULL;
    if (reply->body.n > 0 && !out->body) {
        cli_error("%s: the answer is no JSON", url);
        return CLI_REFUSED;
    }
    return CLI_DONE;
}

/* Of "https://HOST:PORT/path". */
static void host_of(const char *url, char out[static 80])
{
    const char *host = url + strlen("https://");
    snprintf(out, 80, "%.*s", (int)strcspn(host, "/"), host);
}

/* A packet that cannot be written is no reason to do nothing: it is said. */
static void trace(const struct sp *s, const struct https_request *request,
                  const struct https_reply *reply)
{
    char host[80];
    const struct http_trace t = {s->trace, s->name.text, host};
    host_of(request->url, host);
    if (s->trace && (reply ? http_trace_reply(&t, request->url, reply)
                           : http_trace_asked(&t, request->method, request->url)) != E_OK) {
        cli_error("the trace does not have all of it");
    }
}

static int ask(struct sp *s, const struct https_request *request, struct sp_answer *out,
               unsigned *after)
{
    struct https_reply reply;
    trace(s, request, NULL);
    if (https_client_do(s->https, request, &reply) != E_OK) {
        const size_t said = strlen(s->said);
        if (said == 0 || strncmp(request->url, s->said, said) != 0) {
            cli_error("%s: %s", request->url, reply.reason);
        }
        return CLI_UNREACHABLE;
    }
    trace(s, request, &reply);
    *after = reply.retry_after;
    return take_answer(&reply, request->url, out);
}

/* ---- too many requests ---- */

unsigned sp_wait_ms(unsigned after, unsigned chance)
{
    after = after == 0 ? 1 : after < AFTER_MOST ? after : AFTER_MOST;
    return after * 1000 + chance % CHANCE_MS;
}

/* Those that the procedure itself gives, as `quota`, say the same a second later. */
static bool may_pass(const struct sp_answer *a)
{
    return (a->status == TOO_MANY || a->status == NOT_NOW) &&
           dimsi_cause_of(bytes_of_str(sp_cause(a))) == DIMSI_NONE;
}

static unsigned rest(unsigned after)
{
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_MONOTONIC, &now); /* its last digits are as good as any chance */
    const unsigned ms = sp_wait_ms(after, (unsigned)(now.tv_nsec / 1000));
    const struct timespec pause = {.tv_sec = (time_t)(ms / 1000),
                                   .tv_nsec = (long)(ms % 1000) * 1000000L};
    (void)nanosleep(&pause, NULL);
    return ms;
}

static int ask_until(struct sp *s, const struct https_request *request, struct sp_answer *out)
{
    unsigned after = 0, waited = 0;
    int rc = ask(s, request, out, &after);
    while (rc == CLI_DONE && waited < AGAIN_MS && may_pass(out)) {
        sp_answer_free(out);
        waited += rest(after);
        rc = ask(s, request, out, &after);
    }
    return rc;
}

/* ---- a call ---- */

/* "HOST" or "HOST:PORT", the host a name, an IPv4 address, or an IPv6 one in brackets. */
static bool is_authority(const char *text, size_t n)
{
    const bool v6 = n > 0 && text[0] == '[';
    const char *of_host = v6 ? "[]:." : "-._";
    size_t host = v6 ? strcspn(text, "]") + 1 : strcspn(text, ":/");
    host = host < n ? host : n;
    for (size_t i = 0; i < host; i++) {
        if (!isalnum((unsigned char)text[i]) && !strchr(of_host, text[i])) {
            return false;
        }
    }
    if (host == 0 || (v6 && (host < 4 || text[host - 1] != ']'))) {
        return false;
    }
    if (host == n) {
        return true;
    }
    unsigned port = 0;
    for (size_t i = host + 1; i < n; i++) {
        port = isdigit((unsigned char)text[i]) && port <= 65535
                   ? 10 * port + (unsigned)(text[i] - '0')
                   : 65536;
    }
    return text[host] == ':' && port >= 1 && port <= 65535;
}

bool sp_link(const char *text)
{
    static const char scheme[] = "https://";
    const size_t head = sizeof scheme - 1;
    bool good = strlen(text) < LINK_ROOM && strncmp(text, scheme, head) == 0;
    const char *at = good ? text + head : "";
    const size_t n = strcspn(at, "/");
    good = good && is_authority(at, n);
    for (const char *p = at + n; good && *p; p++) {
        good = isgraph((unsigned char)*p) && !strchr("?#\"<>\\", *p);
    }
    if (!good) {
        cli_error("'%.80s' is no link: https://HOST:PORT", text);
    }
    return good;
}

static int call(struct sp *s, const char *method, const char *url, const json_t *body,
                struct sp_answer *out)
{
    size_t n = 0;
    char *text = body ? json_whole_text(body, &n) : NULL;
    int rc = body && !text ? CLI_REFUSED : connect_once(s);
    const struct https_request request = {
        .method = method, .url = url, .body = {(const uint8_t *)text, n}};
    rc = rc == CLI_DONE ? ask_until(s, &request, out) : rc;
    free(text);
    return rc;
}

int sp_call(struct sp *s, const char *method, const char *link, const char *path,
            const json_t *body, struct sp_answer *out)
{
    char url[600];
    size_t len = strlen(link);
    *out = (struct sp_answer){.body = NULL};
    if (!sp_link(link)) {
        return CLI_USAGE;
    }
    if (!strcmp(link, s->silent)) {
        return CLI_UNREACHABLE; /* which was said */
    }
    while (link[len - 1] == '/') {
        len--; /* it does not come to the two of https://, as there is a host */
    }
    if (snprintf(url, sizeof url, "%.*s%s", (int)len, link, path) >= (int)sizeof url) {
        cli_error("'%.80s' is too long", path);
        return CLI_USAGE;
    }
    const int rc = call(s, method, url, body, out);
    if (rc == CLI_UNREACHABLE) {
        snprintf(s->silent, sizeof s->silent, "%s", link);
        snprintf(s->said, sizeof s->said, "%s", link);
    }
    return rc;
}

void sp_answer_free(struct sp_answer *a)
{
    json_decref(a->body);
    a->body = NULL;
}

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

const char *sp_cause(const struct sp_answer *a)
{
    const char *slash = strrchr(text_of(a->body, "type"), '/');
    return slash && slash[1] ? slash + 1 : "refused";
}

int sp_say_problem(const char *what, const struct sp_answer *a)
{
    const char *detail = text_of(a->body, "detail");
    detail = *detail ? detail : text_of(a->body, "title");
    cli_error("%s: %s%s%s [%u]", what, sp_cause(a), *detail ? ": " : "", detail, a->status);
    return CLI_REFUSED;
}

int sp_do(struct sp *s, const char *what, const char *method, const char *link, const char *path,
          const json_t *body, struct sp_answer *out)
{
    int rc = sp_call(s, method, link, path, body, out);
    if (rc == CLI_DONE && (out->status < 200 || out->status > 299)) {
        rc = sp_say_problem(what, out);
        sp_answer_free(out);
    }
    return rc;
}

void sp_progress(size_t done, size_t n)
{
    if (isatty(STDERR_FILENO)) {
        /* what is said next takes its place */
        fprintf(stderr, done < n ? "\033[K%zu of %zu\r" : "\033[K", done, n);
        (void)fflush(stderr);
    }
}
