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
#include "nf/common/admin_problem.h"

#define ADMIN_BODY_MAX      (1u << 20)
#define ADMIN_LIMIT_MAX     1000u
#define ADMIN_LIMIT_DEFAULT 100u
#define ADMIN_STATUS_OK     200u

struct MHD_Connection;
enum admin_phase { ADMIN_READING, ADMIN_WAITING, ADMIN_ANSWERED };

struct admin_call {
    struct MHD_Connection *connection;
    enum admin_phase phase;
    /* asked: in memory that is wiped */
    uint8_t *body;
    size_t body_n;
    size_t body_room;
    bool body_too_large;
    /* answered */
    unsigned status;
    json_t *answer; /* NULL: no body */
    bool is_problem;
    char etag[32];  /* or empty */
    char allow[40]; /* or empty */
};

void admin_call_answer(struct admin_call *c, unsigned status, json_t *body);
/* With status 200, or the problem that there is no memory when body is NULL. */
void admin_call_show(struct admin_call *c, json_t *body);
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

/* A path that is served: "/v1/subscribers/{imsi}". */
struct admin_path {
    const char *method;
    const char *path;
    const char *parameters; /* those it knows, each between spaces */
};
/* The index of the path that a request names, among n structures of `stride` octets that begin with
 * a struct admin_path; -1 when it was refused. Parameters were checked by name, and the body's
 * size. */
MUST_USE int admin_call_route(struct admin_call *c, const struct admin_path *first, size_t stride,
                              size_t n, const char *method, const char *path);
/* The first step of a path or a pattern, and where the rest begins. */
struct bytes admin_path_step(const char **path);

/* "2026-01-31T12:00:00.123Z" */
json_t *admin_time(int64_t unix_ms);
json_t *admin_text_or_null(const char *text);

#endif
