/* nf/common/https_api.h - the HTTPS interface of a network function: a table of paths, each with
 * the roles that may take it, over net/https.h.
 *
 * What every path needs happens here, before its handler is called: the client's certificate, its
 * role and its rate; the address; the body as a JSON object that has the members it has to have and
 * no other. A handler shows or refuses, at once or later, and each request leaves one line in the
 * log and one count. A refusal is application/problem+json, type "/problems/NAME".
 *
 * It lives in the caller's libuv loop, on its thread. It knows nothing of a procedure, and never
 * says whether something exists to a client that may not ask for it. Dates, names and what a dIMSI
 * stands for are the handlers'.
 */
#ifndef BINDERY_NF_COMMON_HTTPS_API_H
#define BINDERY_NF_COMMON_HTTPS_API_H

#include "id/imsi.h"
#include "net/https.h"
#include "nf/common/log.h"

#include <jansson.h>

#define HTTPS_API_LIMIT_MAX     1000u
#define HTTPS_API_LIMIT_DEFAULT 100u
#define HTTPS_API_ADDRESSES     16384u /* buckets for rates, of clients and of strangers */

/* Refusals that every interface has; procedures bring more, by their own names. NAME, "name", HTTP
 * status, sentence */
#define HTTPS_API_CAUSE_LIST(X)                                                                    \
    X(NO_CERTIFICATE, "no-certificate", 403, "A client must show a certificate")                   \
    X(CLIENT_EXPIRED, "client-expired", 403,                                                       \
      "The client's certificate, or one above it, is not valid at this time")                      \
    X(CLIENT_UNTRUSTED, "client-untrusted", 403,                                                   \
      "The client's certificate leads to none of the CAs that are accepted")                       \
    X(CLIENT_REVOKED, "client-revoked", 403, "The client's certificate was revoked")               \
    X(CLIENT_REFUSED, "client-refused", 403, "The client's certificate cannot be used here")       \
    X(NOT_ALLOWED, "not-allowed", 403, "The client's certificate does not give it this role here") \
    X(NO_SUCH_PATH, "no-such-path", 404, "There is nothing at this path")                          \
    X(METHOD, "method-not-allowed", 405, "The path does not take this method")                     \
    X(PARAMETER, "bad-parameter", 400, "A part of the address cannot be accepted")                 \
    X(NOT_JSON, "not-json", 400, "The body is no JSON object, or has a member twice")              \
    X(TOO_LARGE, "too-large", 413, "The body is larger than it may be")                            \
    X(BAD_MEMBER, "bad-member", 422, "A member of the body cannot be accepted")                    \
    X(UNKNOWN_MEMBER, "unknown-member", 422, "The body has a member that is not known here")       \
    X(MISSING_MEMBER, "missing-member", 422, "A member is missing in the body")                    \
    X(TOO_MANY_REQUESTS, "too-many-requests", 429, "The client asks more often than it may")       \
    X(NO_MEMORY, "no-memory", 503, "There is not enough memory now")
enum https_api_cause {
#define X(name, text, status, sentence) HTTPS_API_##name,
    HTTPS_API_CAUSE_LIST(X)
#undef X
        HTTPS_API_CAUSES
};
const char *https_api_cause_name(enum https_api_cause c);

struct https_api;
struct https_api_call;
/* Steps in braces: {dimsi} is an IMSI and becomes c->imsi; {token} and {se} are 64 hex digits in
 * lower case and become c->digest. No other is known. */
struct https_api_route {
    const char *method, *path; /* "GET", "/v1/releases/{dimsi}" */
    unsigned roles;            /* 1 << enum verify_role; a client needs one of them */
    bool secret; /* the body, as text and as JSON, is wiped when the call ends; so is the answer */
    const char *parameters; /* of the query, each between spaces: " after limit "; NULL: none */
    /* Of the body, each between spaces, with '?' if it need not be there: " imsi replace? ". Their
     * types are the handler's to ask. NULL: no body is taken. */
    const char *members;
    void (*handle)(void *ctx, struct https_api_call *c);
};

/* A structure of the caller's own may begin with one; the rest of it is zero at first. */
struct https_api_call {
    struct https_call call; /* of it a handler reads `peer` (good) and `from` */
    struct https_api *api;
    const struct https_api_route *route;
    unsigned roles; /* those of the route's roles that the client has */
    struct imsi imsi;
    uint8_t digest[32];
    json_t *body;      /* an object, or NULL where the route takes none */
    const char *cause; /* NULL as long as nothing was refused */
    uint64_t begun_ns; /* when its headers were there */
};

struct https_api_rules {  /* what a reload may change */
    const char *ca, *crl; /* what clients' chains lead to; crl: NULL, revocation is not checked */
    uint32_t requests_per_second,
        burst; /* of a client's certificate, and of a stranger's address */
};
struct https_api_options {
    const struct https_api_route *routes; /* kept by reference */
    size_t n_routes;
    void *ctx;
    /* Once the client has a role for the route, before its body is read: may it come in? False: it
     * was refused. NULL: it may. */
    bool (*admit)(void *ctx, struct https_api_call *c);
    /* Before the call is freed. NULL: nothing to do. */
    void (*end)(void *ctx, struct https_api_call *c);
    size_t call_size; /* 0: a struct https_api_call */
    const char *name; /* "push": field "listener" of the log's lines; NULL: none */
    struct log *log;
    struct address address;
    const char *certificate, *key; /* of the server */
    struct https_api_rules rules;
    struct https_limits limits;
    /* NULL: the system's; the argument is ctx. Monotonic milliseconds and Unix seconds. */
    uint64_t (*now_ms)(void *ctx);
    int64_t (*wall_s)(void *ctx);
};
/* Texts are kept by reference, those of the rules only until it returns. Errors: those of
 * https_open and verifier_open, E_MEMORY, E_IO; all with *why. */
MUST_USE enum err https_api_open(const struct https_api_options *options, struct uv_loop_s *loop,
                                 struct https_api **out, struct https_why *why);
/* CA and list are read again, every client is judged again with its next request. After an error
 * all is as before. Errors: those of verifier_open, with *why. */
MUST_USE enum err https_api_reload(struct https_api *api, const struct https_api_rules *rules,
                                   struct https_why *why);
/* The same and the server's own certificate and key, in two steps: all that can fail, and then what
 * cannot, or nothing. So a daemon with several interfaces changes all of them or none. Texts are
 * used until https_api_next_open returns. Errors: those of https_identity_open and verifier_open,
 * with *why. */
struct https_api_next;
MUST_USE enum err https_api_next_open(const char *certificate, const char *key,
                                      const struct https_api_rules *rules,
                                      struct https_api_next **out, struct https_why *why);
/* next is gone then. */
void https_api_next_take(struct https_api *api, struct https_api_next *next);
void https_api_next_drop(struct https_api_next *next); /* harmless on NULL */
/* Takes no new connection. */
void https_api_quiesce(struct https_api *api);
/* Calls that wait must have been resumed. Runs the loop until its handles are closed. Harmless on
 * NULL. */
void https_api_close(struct https_api *api);
struct address https_api_bound(const struct https_api *api);
/* {"requests": N, "refused": {"not-found": 2}}: since the start, each cause that ever occurred.
 * NULL without memory. */
json_t *https_api_counts(const struct https_api *api);
/* How long answers took, from when a request's headers were there: one histogram
 * (METRICS_HTTPS_TIME) for each route of each interface; api NULL: that one is left out. */
struct metrics_text;
struct https_api_named {
    const char *name; /* of the listener, for the label */
    const struct https_api *api;
};
void https_api_write_times(struct metrics_text *t, const struct https_api_named *all, size_t n);

/* ---- answers: one for each call ---- */

/* body is taken over; NULL: there was no memory for it, and that is said. */
void https_api_show(struct https_api_call *c, unsigned status, json_t *body);
/* cause: a name that stays, as it is counted by its address; sentence: for people, likewise;
 * detail: of this request, or NULL. 429 and 503 say "Retry-After: 1". */
void https_api_refuse(struct https_api_call *c, unsigned status, const char *cause,
                      const char *sentence, const char *detail);
/* Of the table above. */
void https_api_refuse_as(struct https_api_call *c, enum https_api_cause cause, const char *detail);
/* The answer comes later: https_api_show or a refusal, then https_api_resume, on the loop's thread
 * and also when the server is about to be closed. */
void https_api_wait(struct https_api_call *c);
void https_api_resume(struct https_api_call *c);

/* ---- parameters of the query ----
 * False: it was refused, as it occurs and cannot be read. */

/* Whole number from least to most; absent: *value stays. */
MUST_USE bool https_api_param_number(struct https_api_call *c, const char *name, uint64_t least,
                                     uint64_t most, uint64_t *value);
/* "limit": 1 to HTTPS_API_LIMIT_MAX, HTTPS_API_LIMIT_DEFAULT without one. */
MUST_USE bool https_api_param_limit(struct https_api_call *c, size_t *limit);
/* An IMSI; absent: *out stays. */
MUST_USE bool https_api_param_imsi(struct https_api_call *c, const char *name, struct imsi *out);

/* ---- members of the body ----
 * Sticky: the first that is wrong refuses the call, naming it, and from then on everything yields
 * 0, NULL or zeros. So a handler reads straight down and asks https_api_ok once. */

bool https_api_ok(const struct https_api_call *c);
/* NULL without a word where a member that need not be there is not there. */
json_t *https_api_member(struct https_api_call *c, const char *name);
/* A string of least to most octets. */
const char *https_api_text(struct https_api_call *c, const char *name, size_t least, size_t most);
/* A whole number from least to most. */
int64_t https_api_number(struct https_api_call *c, const char *name, int64_t least, int64_t most);
/* Hex in lower case, of exactly out.n octets; zeros when refused. */
void https_api_hex(struct https_api_call *c, const char *name, struct mbytes out);
/* Base64 of 1 to room.n octets, into it. */
struct bytes https_api_base64(struct https_api_call *c, const char *name, struct mbytes room);
void https_api_imsi(struct https_api_call *c, const char *name, struct imsi *out);
/* A reader of the caller's own found something wrong; detail names the member. */
void https_api_bad_member(struct https_api_call *c, const char *detail);

#endif
