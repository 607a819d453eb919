/* Calls of a service provider: src/cli/sp.h. */
#include "cli/sp.h"

#include "nf/common/http_trace.h"
#include "nf/common/json_whole.h"
#include <stdlib.h>
#include <string.h>

#define CALL_MS     60000u
#define ANSWER_MOST (4u << 20)

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

static int ask(struct sp *s, const struct https_request *request, struct sp_answer *out)
{
    struct https_reply reply;
    trace(s, request, NULL);
    if (https_client_do(s->https, request, &reply) != E_OK) {
        cli_error("%s: %s", request->url, reply.reason);
        return CLI_UNREACHABLE;
    }
    trace(s, request, &reply);
    return take_answer(&reply, request->url, out);
}

int sp_call(struct sp *s, const char *method, const char *link, const char *path,
            const json_t *body, struct sp_answer *out)
{
    char url[600];
    size_t n = 0, len = strlen(link);
    *out = (struct sp_answer){.body = NULL};
    while (len > 8 && link[len - 1] == '/') {
        len--;
    }
    const int room = snprintf(url, sizeof url, "%.*s%s", (int)len, link, path);
    if (strncmp(link, "https://", 8) != 0 || room >= (int)sizeof url) {
        cli_error("'%.80s' is no link: https://HOST:PORT", link);
        return CLI_USAGE;
    }
    char *text = body ? json_whole_text(body, &n) : NULL;
    int rc = body && !text ? CLI_REFUSED : connect_once(s);
    const struct https_request request = {
        .method = method, .url = url, .body = {(const uint8_t *)text, n}};
    rc = rc == CLI_DONE ? ask(s, &request, out) : rc;
    free(text);
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

int sp_say_problem(const char *what, const struct sp_answer *a)
{
    const char *type = text_of(a->body, "type"), *slash = strrchr(type, '/');
    const char *detail = text_of(a->body, "detail");
    detail = *detail ? detail : text_of(a->body, "title");
    cli_error("%s: %s%s%s [%u]", what, slash ? slash + 1 : "refused", *detail ? ": " : "", detail,
              a->status);
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

json_t *sp_last_offer(const json_t *device)
{
    const json_t *offers = json_object_get(device, "offers");
    const size_t n = json_array_size(offers);
    return n > 0 ? json_array_get(offers, n - 1) : NULL;
}
