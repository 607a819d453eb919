#include "cli/api_client.h"
#include "cli/memory.h"
#include "nf/common/advice.h"
#include <curl/curl.h>
#include <errno.h>
#include <string.h>

#define SECONDS_TO_CONNECT 5L

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
    bool ok = c != NULL;
    if (ok && out->remote) {
        ok = api_remote_set(c, &out->files);
    } else if (ok) {
        curl_easy_setopt(c, CURLOPT_UNIX_SOCKET_PATH, out->place);
        curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http");
    }
    if (!ok) {
        cli_error("libcurl cannot be set up");
        curl_easy_cleanup(c);
        return CLI_REFUSED;
    }
    curl_easy_setopt(c, CURLOPT_PROXY, "");
    curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, SECONDS_TO_CONNECT);
    curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, gather);
    out->curl = c;
    return CLI_DONE;
}

/* At a server, or behind a socket that takes it. */
static int open_at(const struct cli_common *common, const char *server, struct api *out)
{
    char socket[CLI_SOCKET_MAX];
    if (server) {
        out->remote = true;
        if (!api_remote_url(server, out->place)) {
            return CLI_USAGE;
        }
        return api_remote_files(common, &out->files) ? set_up(out) : CLI_REFUSED;
    }
    if (!(out->is_mme ? cli_mme_socket : cli_socket_path)(common, socket)) {
        return CLI_USAGE;
    }
    snprintf(out->place, sizeof out->place, "%s", socket);
    return set_up(out);
}

int api_open(const struct cli_common *common, struct api *out)
{
    *out = (struct api){.who = "HSS"};
    return open_at(common, cli_server(common), out);
}

int api_open_mme(const struct cli_common *common, struct api *out)
{
    *out = (struct api){.who = "MME", .is_mme = true};
    return open_at(common, cli_mme_server(common), out);
}

int api_open_other(const struct cli_common *common, const char *who, const char *socket,
                   struct api *out)
{
    char path[CLI_PATH_MAX];
    struct cli_common there = *common;
    *out = (struct api){.who = who};
    if (!common->server && !common->socket) {
        if (!cli_path(cli_dir(common), socket, path, sizeof path)) {
            return CLI_USAGE;
        }
        there.socket = path;
    }
    return open_at(&there, common->server, out);
}

void api_close(struct api *a)
{
    if (a->curl) {
        curl_easy_cleanup(a->curl);
        a->curl = NULL;
    }
}

static void no_socket(const struct api *a, CURLcode code)
{
    long os = 0;
    (void)curl_easy_getinfo(a->curl, CURLINFO_OS_ERRNO, &os);
    if (os == ENOENT || os == ECONNREFUSED) {
        cli_error("no %s runs behind %s; start one with `bindery up -d` (`bindery logs` tells how "
                  "the last one ended), or say where it is with --dir, --socket or --server",
                  a->who, a->place);
    } else if (os == EACCES || os == EPERM) {
        cli_error("%s: you may not open this socket; only the user that runs the %s may", a->place,
                  a->who);
    } else if (code == CURLE_OPERATION_TIMEDOUT) {
        cli_error("%s: no answer in time; `bindery logs` may say why", a->place);
    } else {
        cli_error("%s: %s", a->place, os ? strerror((int)os) : curl_easy_strerror(code));
    }
}

static int unreachable(struct api *a, CURLcode code, bool too_much, const char *reason)
{
    if (a->quiet && !too_much) {
        return CLI_UNREACHABLE;
    }
    if (too_much) {
        cli_error("%s: the answer is longer than %u MiB", a->place, API_ANSWER_MAX >> 20);
        return CLI_REFUSED;
    }
    if (a->remote) {
        return api_remote_failed(a->curl, (int)code, a->who, a->place, &a->files, reason);
    }
    no_socket(a, code);
    return CLI_UNREACHABLE;
}

/* "application/json", "application/problem+json"; and what does not say what it is. */
static bool may_be_json(const struct api *a)
{
    const char *type = NULL;
    (void)curl_easy_getinfo(a->curl, CURLINFO_CONTENT_TYPE, &type);
    const size_t n = type ? strcspn(type, "; ") : 0;
    return n == 0 ||
           (n > 5 && (!strncmp(type + n - 5, "/json", 5) || !strncmp(type + n - 5, "+json", 5)));
}

static int read_answer(struct api *a, struct gathered *g, struct api_answer *out)
{
    json_error_t why;
    (void)curl_easy_getinfo(a->curl, CURLINFO_RESPONSE_CODE, &out->status);
    if (g->n == 0) {
        return CLI_DONE;
    }
    if (!may_be_json(a)) {
        out->text = wiped_malloc(g->n + 1);
        if (!out->text) {
            cli_error("no memory");
            return CLI_REFUSED;
        }
        memcpy(out->text, g->p, g->n);
        out->text[g->n] = '\0';
        out->text_n = g->n;
        return CLI_DONE;
    }
    out->body = json_loadb(g->p, g->n, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &why);
    if (!out->body) {
        cli_error("%s: the answer (status %ld) is not JSON: %s at octet %d; is this an %s?",
                  a->place, out->status, why.text, why.position, a->who);
        return CLI_REFUSED;
    }
    return CLI_DONE;
}

static struct curl_slist *headers_for(const struct api_request *r)
{
    struct curl_slist *h = curl_slist_append(NULL, "Expect:");
    h = curl_slist_append(h, r->json ? "Content-Type: application/json"
                                     : "Content-Type: application/x-ndjson");
    if (r->accept) {
        char line[96];
        snprintf(line, sizeof line, "Accept: %.80s", r->accept);
        h = curl_slist_append(h, line);
    }
    return r->condition ? curl_slist_append(h, r->condition) : h;
}

static int perform(struct api *a, const struct api_request *r, struct bytes body,
                   struct api_answer *out)
{
    struct gathered g = {0};
    char url[API_PLACE_MAX + API_PATH_MAX], reason[CURL_ERROR_SIZE] = "";
    struct curl_slist *headers = headers_for(r);
    snprintf(url, sizeof url, "%s%s", a->remote ? a->place : "http://localhost", r->path);
    curl_easy_setopt(a->curl, CURLOPT_URL, url);
    curl_easy_setopt(a->curl, CURLOPT_ERRORBUFFER, reason);
    curl_easy_setopt(a->curl, CURLOPT_TIMEOUT,
                     r->seconds ? (long)r->seconds : (long)API_SECONDS_TO_ANSWER);
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
    int rc = code == CURLE_OK ? read_answer(a, &g, out) : unreachable(a, code, g.too_much, reason);
    curl_easy_setopt(a->curl, CURLOPT_ERRORBUFFER, NULL); /* it ends here */
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
    wiped_free(answer->text);
    answer->text = NULL;
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

/* What a person at this command does next, where that is other than what `bindery explain` says for
 * all who ask the interface. */
static const char *of_command(const char *problem)
{
    static const struct {
        const char *problem, *advice;
    } all[] = {
        {"configuration-refused",
         "correct the file there and reload again; what was in force stays so until then"},
        {"precondition-failed",
         "it is there already, or was changed meanwhile; `set` changes it, `show` shows it"},
        {"bad-parameter", "correct the value that is named and try again"},
        {"bad-member", "correct the value that is named and try again"},
        {"unknown-member", "take it out, or is it written wrong?"},
        {"missing-member", "add it and try again"},
        {"onboarding-phase", "`bindery onboarding list` shows all"},
        {"no-such-onboarding", "`bindery onboarding list` shows all"},
        {"no-reseal", "`bindery key show` says how the last one ended"},
        {"busy", "try again in a moment"},
        {"no-memory", "try again in a moment"},
        {"keys-busy", "try again in a moment"},
        {"store-failed", "`bindery logs` may say more"},
        {"audit-failed", "`bindery logs` may say more"},
        {"key-failed", "`bindery logs` may say more"},
    };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        if (strcmp(all[i].problem, problem) == 0) {
            return all[i].advice;
        }
    }
    return NULL;
}

/* NULL: nothing that the refusal does not say itself. A status alone says too little: 404 and 409
 * are of things of many kinds. */
static const char *next_step(const char *type)
{
    const char *colon = strrchr(type, ':'), *name = colon ? colon + 1 : "";
    const char *advice = api_remote_advice(name);
    advice = advice ? advice : of_command(name);
    return advice ? advice : advice_of(ADVICE_PROBLEM, name);
}

int api_say_problem(const char *what, const struct api_answer *answer)
{
    char words[1024] = "the HSS gave no reason";
    const char *next = next_step(api_text(answer->body, "type"));
    if (answer->body) {
        api_problem_words(answer->body, words, sizeof words);
    }
    cli_error("%s: %s [%ld]%s%s", what, words, answer->status, next ? "; " : "", next ? next : "");
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
    (void)json_dumpf(value, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(15)); /* 2.003 stays so */
    putchar('\n');
}
