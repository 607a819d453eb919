/* nf/common/admin_call.h - one request of an administration interface: what was asked, what is to
 * be answered, and the steps that all paths share. nf/common/admin_server.h carries it.
 *
 * A structure of the caller's own begins with a struct admin_call. A handler sets the answer, or
 * the phase ADMIN_WAITING; then the server goes on with it at admin_server_resume.
 */
#ifndef BINDERY_NF_COMMON_ADMIN_CALL_H
#define BINDERY_NF_COMMON_ADMIN_CALL_H

#include "id/imei.h"
#include "id/imsi.h"
#include "nf/common/admin_access.h"
#include "nf/common/admin_problem.h"

#define ADMIN_BODY_MAX      (1u << 20)
#define ADMIN_LIMIT_MAX     1000u
#define ADMIN_LIMIT_DEFAULT 100u
#define ADMIN_STATUS_OK     200u
#define ADMIN_NDJSON        "application/x-ndjson"

struct MHD_Connection;
struct https_call;
struct admin_call;
struct admin_path;
/* The way that a request came: what its handlers may ask of it. admin_server.c has the two that
 * there are; a test may bring its own. */
struct admin_way {
    /* A parameter of the query or a header; NULL when it is not there. */
    const char *(*parameter)(const struct admin_call *c, const char *name);
    const char *(*header)(const struct admin_call *c, const char *name);
    /* The first parameter that is not in `known` (each between spaces), or NULL. */
    const char *(*unknown)(const struct admin_call *c, const char *known);
};
enum admin_phase { ADMIN_READING, ADMIN_WAITING, ADMIN_ANSWERED };

struct admin_call {
    const struct admin_way *way;
    struct MHD_Connection *connection; /* the way's own */
    struct https_call *https;          /* likewise; NULL: it came over the Unix socket */
    enum admin_phase phase;
    struct admin_who who;      /* set before `route` is called */
    const char *method, *path; /* as they were asked, good until `end` */
    /* asked: in memory that is wiped */
    uint8_t *body;
    size_t body_n;
    size_t body_room;
    bool body_too_large;
    uint64_t body_seen; /* over the socket: octets that came, since the second body_since */
    int64_t body_since;
    const struct admin_path *at; /* the path that was found, as soon as it was; NULL: none */
    /* answered */
    unsigned status;
    json_t *answer; /* NULL: no body, or one of these */
    char *text;     /* freed by the server */
    size_t text_n;
    const char *type; /* of text and file */
    int file;         /* above 0: its octets from the first; closed by the server */
    bool is_problem;
    enum problem problem; /* why, when it is */
    /* A version, or empty. For what GET shows the server adds a digest, or makes one of it. */
    char etag[48];
    char allow[40]; /* or empty */
};

void admin_call_answer(struct admin_call *c, unsigned status, json_t *body);
/* With status 200, or the problem that there is no memory when body is NULL. */
void admin_call_show(struct admin_call *c, json_t *body);
/* Another body than JSON: `type` is its Content-Type and stays; text (malloc) and file are the
 * call's from now on. text NULL: that there is no memory. */
void admin_call_text(struct admin_call *c, unsigned status, const char *type, char *text, size_t n);
/* Of octets that stay. */
void admin_call_copy(struct admin_call *c, const char *type, const void *octets, size_t n);
void admin_call_file(struct admin_call *c, unsigned status, const char *type, int fd);
/* NDJSON, application/x-ndjson: each element of the array on a line of its own. The array is the
 * call's from now on. */
void admin_call_lines(struct admin_call *c, unsigned status, json_t *list);
void admin_call_refuse(struct admin_call *c, const struct admin_fault *fault);
/* The fault of a failed read or write. */
void admin_call_refuse_err(struct admin_call *c, enum err err);
/* "`after` is no IMSI"; always false, so that a check can end with it. */
bool admin_call_parameter_wrong(struct admin_call *c, const char *name, const char *what);
/* A parameter of the query or a header, or NULL. */
const char *admin_call_parameter(struct admin_call *c, const char *name);
const char *admin_call_header(struct admin_call *c, const char *name);
/* A parameter as a whole number from least to most; absent: *value stays. False when refused. */
MUST_USE bool admin_call_number(struct admin_call *c, const char *name, uint64_t least,
                                uint64_t most, uint64_t *value);
/* `limit` of a page: 1 to ADMIN_LIMIT_MAX, ADMIN_LIMIT_DEFAULT without one. */
MUST_USE bool admin_call_limit(struct admin_call *c, size_t *limit);

/* Does the header Accept name this type itself ("application/x-ndjson")? One that names all types
 * does not choose it. */
bool admin_call_accepts(const struct admin_call *c, const char *type);
/* Scope: false when it was refused with out-of-scope. A look into a store comes after. */
MUST_USE bool admin_call_in_scope(struct admin_call *c, const struct imsi *imsi);
/* For what concerns all subscriptions: whoever has a scope is refused. */
MUST_USE bool admin_call_unscoped(struct admin_call *c);
/* May whoever asks be shown a row about this subscription? imsi NULL: about none, which only those
 * without a scope see. */
bool admin_call_sees(const struct admin_call *c, const struct imsi *imsi);

/* A path that is served: "/v1/subscribers/{imsi}". */
struct admin_path {
    const char *method;
    const char *path;
    const char *parameters; /* those it knows, each between spaces */
    enum admin_role role;   /* at least */
};
/* The index of the path that a request names, among n structures of `stride` octets that begin with
 * a struct admin_path; -1 when it was refused. The role was checked, parameters by name, and the
 * body's size. */
MUST_USE int admin_call_route(struct admin_call *c, const struct admin_path *first, size_t stride,
                              size_t n, const char *method, const char *path);
/* Which paths are for people who have a scope: those with {imsi}, and those of the list, which NULL
 * ends. Their handlers hold themselves to it. Every other path is for those alone who have none:
 * they are refused, and this is false. After admin_call_route. */
MUST_USE bool admin_call_scoped(struct admin_call *c, const char *const *paths);
/* The first step of a path or a pattern, and where the rest begins. */
struct bytes admin_path_step(const char **path);

/* "2026-01-31T12:00:00.123Z" */
json_t *admin_time(int64_t unix_ms);
json_t *admin_text_or_null(const char *text);

#endif
