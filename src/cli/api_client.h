/* cli/api_client.h - the client of the administration interfaces of HSS and MME
 * (docs/admin-api.md): HTTP over a Unix socket, or HTTPS with mutual TLS 1.3 (cli/api_remote.h),
 * through libcurl.
 *
 * Everything is bounded: the time of a call, the size of an answer, one host, no redirects, no
 * proxy. Each failure is said with what to do next.
 */
#ifndef BINDERY_CLI_API_CLIENT_H
#define BINDERY_CLI_API_CLIENT_H

#include "cli/api_remote.h"
#include <jansson.h>

#define API_ANSWER_MAX        (16u << 20)
#define API_PATH_MAX          512u
#define API_SECONDS_TO_ANSWER 120u

struct api {
    void *curl;
    const char *who; /* "HSS", "MME": for messages */
    bool is_mme;
    bool quiet;  /* a call that gets no answer says nothing */
    bool remote; /* `place` is https://HOST:PORT, not the path of a socket */
    char place[API_PLACE_MAX];
    struct api_files files; /* of TLS, when it is remote */
};
/* Ready to call; the HSS is not contacted yet. Returns CLI_DONE, CLI_USAGE or CLI_REFUSED, said. */
MUST_USE int api_open(const struct cli_common *common, struct api *out);
/* The same for the MME: its socket is mme.sock in the directory, or the one that --socket names; or
 * it is the server that --server, else $BINDERY_MME_SERVER names. */
MUST_USE int api_open_mme(const struct cli_common *common, struct api *out);
/* The same for another daemon, called `who` in messages: its socket is `socket`, a path in the
 * directory, or the one that --socket names; or it is the server that --server names. */
MUST_USE int api_open_other(const struct cli_common *common, const char *who, const char *socket,
                            struct api *out);
void api_close(struct api *a);

struct api_request {
    const char *method;
    const char *path;      /* begins with "/v1/" */
    json_t *json;          /* the body, or NULL; borrowed */
    struct bytes body;     /* the body as octets if json is NULL */
    const char *condition; /* a whole header line such as "If-None-Match: *", or NULL */
    const char *accept;    /* "application/x-ndjson", or NULL: JSON */
    unsigned seconds;      /* it may take; 0: API_SECONDS_TO_ANSWER */
};
struct api_answer {
    long status;
    json_t *body; /* NULL when there is none */
    char *text;   /* instead of body, of an answer that is not of a type of JSON; ends with '\0' */
    size_t text_n;
};
/* CLI_DONE when the HSS answered, whatever it said; CLI_UNREACHABLE or CLI_REFUSED (said) when no
 * answer came or it can't be read. */
MUST_USE int api_call(struct api *a, const struct api_request *request, struct api_answer *out);
void api_answer_free(struct api_answer *answer);
/* Says the problem that the answer carries, with its place and what to do. Returns CLI_REFUSED. */
int api_say_problem(const char *what, const struct api_answer *answer);
/* One line of words for a problem object: detail and place. */
void api_problem_words(const json_t *problem, char *out, size_t cap);

/* api_call, and api_say_problem unless the status is 2xx. */
MUST_USE int api_do(struct api *a, const char *what, const struct api_request *request,
                    struct api_answer *out);
/* api_open, one api_do of a request, api_close. */
MUST_USE int api_once(const struct cli_common *common, const char *what,
                      const struct api_request *request, struct api_answer *out);

/* ---- reading answers ---- */
const char *api_text(const json_t *object, const char *key); /* "" when there is none */
void api_print_json(const json_t *value);                    /* to standard output, indented */

#endif
