#include "cli/api_client.h"
#include "cli/memory.h"
#include <curl/curl.h>
#include <errno.h>
#include <string.h>

#define SECONDS_TO_CONNECT 5L
#define SECONDS_TO_ANSWER  120L

struct gathered {
    char *p;
    size_t n, cap;
    bool too_much;
};

static size_t gather(char *p, size_t size, size_t count, void *to)
{
    struct gathered *g = to;
    size_t n = size * count;
    if (g->n + n > API_ANSWER_MAX) {
        g->too_much = true;
        return 0;
    }
    if (g->n + n > g->cap) {
        size_t cap = (g->n + n) * 2;
        char *fresh = wiped_malloc(cap);
        if (!fresh) {
            return 0;
        }
        if (g->n) {
            memcpy(fresh, g->p, g->n);
        }
        wiped_free(g->p);
        g->p = fresh;
        g->cap = cap;
    }
    memcpy(g->p + g->n, p, n);
    g->n += n;
    return n;
}

static int set_up(struct api *out)
{
    CURL *c = curl_easy_init();
    if (!c) {
        cli_error("libcurl cannot be set up");
        return CLI_REFUSED;
    }
    curl_easy_setopt(c, CURLOPT_UNIX_SOCKET_PATH, out->socket);
    curl_easy_setopt(c, CURLOPT_PROXY, "");
    curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http");
    curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, SECONDS_TO_CONNECT);
    curl_easy_setopt(c, CURLOPT_TIMEOUT, SECONDS_TO_ANSWER);
    curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, gather);
    out->curl = c;
    return CLI_DONE;
}

int api_open(const struct cli_common *common, struct api *out)
{
    *out = (struct api){.who = "HSS"};
    return cli_socket_path(common, out->socket) ? set_up(out) : CLI_USAGE;
}

int api_open_mme(const struct cli_common *common, struct api *out)
{
    *out = (struct api){.who = "MME"};
    return cli_mme_socket(common, out->socket) ? set_up(out) : CLI_USAGE;
}

void api_close(struct api *a)
{
    if (a->curl) {
        curl_easy_cleanup(a->curl);
        a->curl = NULL;
    }
}

static int unreachable(struct api *a, CURLcode code, bool too_much)
{
    long os = 0;
    (void)curl_easy_getinfo(a->curl, CURLINFO_OS_ERRNO, &os);
    if (too_much) {
        cli_error("%s: the answer is longer than %u MiB", a->socket, API_ANSWER_MAX >> 20);
        return CLI_REFUSED;
    }
    if (os == ENOENT || os == ECONNREFUSED) {
        cli_error("no %s runs behind %s; start one with `bindery up -d` (`bindery logs` tells how "
                  "the last one ended), or say where it is with --dir or --socket",
                  a->who, a->socket);
    } else if (os == EACCES || os == EPERM) {
        cli_error("%s: you may not open this socket; only the user that runs the %s may", a->socket,
                  a->who);
    } else if (code == CURLE_OPERATION_TIMEDOUT) {
        cli_error("%s: no answer within %ld seconds; `bindery logs` may say why", a->socket,
                  SECONDS_TO_ANSWER);
    } else {
        cli_error("%s: %s", a->socket, os ? strerror((int)os) : curl_easy_strerror(code));
    }
    return CLI_UNREACHABLE;
}

static int read_answer(struct api *a, const struct gathered *g, struct api_answer *out)
{
    json_error_t why;
    (void)curl_easy_getinfo(a->curl, CURLINFO_RESPONSE_CODE, &out->status);
    if (g->n == 0) {
        return CLI_DONE;
    }
    out->body = json_loadb(g->p, g->n, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &why);
    if (!out->body) {
        cli_error("%s: the answer (status %ld) is not JSON: %s at octet %d; is this an %s?",
                  a->socket, out->status, why.text, why.position, a->who);
        return CLI_REFUSED;
    }
    return CLI_DONE;
}

static struct curl_slist *headers_for(const struct api_request *r)
{
    struct curl_slist *h = curl_slist_append(NULL, "Expect:");
    h = curl_slist_append(h, r->json ? "Content-Type: application/json"
                                     : "Content-Type: application/x-ndjson");
    return r->condition ? curl_slist_append(h, r->condition) : h;
}

static int perform(struct api *a, const struct api_request *r, struct bytes body,
                   struct api_answer *out)
{
    struct gathered g = {0};
    char url[512];
    struct curl_slist *headers = headers_for(r);
    snprintf(url, sizeof url, "http://localhost%s", r->path);
    curl_easy_setopt(a->curl, CURLOPT_URL, url);
    curl_easy_setopt(a->curl, CURLOPT_CUSTOMREQUEST, r->method);
    curl_easy_setopt(a->curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(a->curl, CURLOPT_WRITEDATA, &g);
    if (body.n) {
        curl_easy_setopt(a->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.n);
        curl_easy_setopt(a->curl, CURLOPT_POSTFIELDS, (const char *)body.p);
    } else {
        curl_easy_setopt(a->curl, CURLOPT_HTTPGET, 1L);
        curl_easy_setopt(a->curl, CURLOPT_CUSTOMREQUEST, r->method);
    }
    CURLcode code = curl_easy_perform(a->curl);
    int rc = code == CURLE_OK ? read_answer(a, &g, out) : unreachable(a, code, g.too_much);
    curl_slist_free_all(headers);
    wiped_free(g.p);
    return rc;
}

int api_call(struct api *a, const struct api_request *request, struct api_answer *out)
{
    *out = (struct api_answer){0};
    if (!request->json) {
        return perform(a, request, request->body, out);
    }
    size_t n = json_dumpb(request->json, NULL, 0, JSON_COMPACT);
    char *text = wiped_malloc(n + 1);
    if (!n || !text || json_dumpb(request->json, text, n, JSON_COMPACT) != n) {
        wiped_free(text);
        cli_error("no memory");
        return CLI_REFUSED;
    }
    int rc = perform(a, request, (struct bytes){(const uint8_t *)text, n}, out);
    wiped_free(text);
    return rc;
}

void api_answer_free(struct api_answer *answer)
{
    json_decref(answer->body);
    answer->body = NULL;
}

const char *api_text(const json_t *object, const char *key)
{
    const char *s = json_string_value(json_object_get(object, key));
    return s ? s : "";
}

void api_problem_words(const json_t *problem, char *out, size_t cap)
{
    const char *detail = api_text(problem, "detail");
    const char *title = api_text(problem, "title");
    const char *pointer = api_text(problem, "pointer");
    snprintf(out, cap, "%s%s%s%s",
             *detail  ? detail
             : *title ? title
                      : "refused without a reason",
             *pointer ? " (at " : "", pointer, *pointer ? ")" : "");
}

static const char *next_step(long status, const char *problem)
{
    if (!strcmp(problem, "urn:bindery:problem:onboarding-phase") ||
        !strcmp(problem, "urn:bindery:problem:no-such-onboarding")) {
        return "`bindery onboarding list` shows all";
    }
    switch (status) {
    case 404:
        return "`bindery subscriber list`, `device list`, `lot list` and `eir list` show what is "
               "there";
    case 409:
        return "change what it contradicts first; `bindery subscriber show IMSI`, or of a lot "
               "`bindery lot show ID`, shows what is there";
    case 412:
        return "it is there already, or was changed meanwhile; `set` changes it, `show` shows it";
    case 422:
    case 400:
        return "correct the value that is named and try again";
    case 503:
        return "try again in a moment";
    default:
        return "`bindery logs` may say more";
    }
}

int api_say_problem(const char *what, const struct api_answer *answer)
{
    char words[512] = "the HSS gave no reason";
    if (answer->body) {
        api_problem_words(answer->body, words, sizeof words);
    }
    cli_error("%s: %s [%ld]; %s", what, words, answer->status,
              next_step(answer->status, api_text(answer->body, "type")));
    return CLI_REFUSED;
}

int api_do(struct api *a, const char *what, const struct api_request *request,
           struct api_answer *out)
{
    int rc = api_call(a, request, out);
    if (rc == CLI_DONE && (out->status < 200 || out->status > 299)) {
        rc = api_say_problem(what, out);
    }
    if (rc != CLI_DONE) {
        api_answer_free(out);
    }
    return rc;
}

int api_once(const struct cli_common *common, const char *what, const struct api_request *request,
             struct api_answer *out)
{
    struct api api;
    int rc = api_open(common, &api);
    if (rc == CLI_DONE) {
        rc = api_do(&api, what, request, out);
        api_close(&api);
    }
    return rc;
}

void api_print_json(const json_t *value)
{
    (void)json_dumpf(value, stdout, JSON_INDENT(2));
    putchar('\n');
}
