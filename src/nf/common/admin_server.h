/* nf/common/admin_server.h - an administration interface: HTTP over a Unix socket, and over HTTPS
 * with mutual TLS 1.3 (net/https.h) where that is configured, both inside the caller's libuv loop,
 * all on its thread.
 *
 * Connections, body sizes and idle times are bounded. The socket belongs to its owner alone from
 * its first moment, and bodies are wiped. Whoever comes over the socket is an administrator, named
 * after the user that his process runs as. Over HTTPS it is the certificate that counts: it needs
 * the role `administrator` (net/verify_oids.h) and a dNSName that the configuration gives a role.
 * What is asked and answered is nf/common/admin_call.h's, and is the same on both ways.
 */
#ifndef BINDERY_NF_COMMON_ADMIN_SERVER_H
#define BINDERY_NF_COMMON_ADMIN_SERVER_H

#include "nf/common/admin_call.h"
#include "nf/common/config_admin.h"

struct admin_server;
struct uv_loop_s; /* libuv's uv_loop_t */
struct admin_why {
    char text[256]; /* what, where, and what to do */
};
struct admin_server_options {
    const char *path; /* of the socket, kept by reference; NULL: there is none */
    /* NULL, or not `on`: there is none. A copy is taken. */
    const struct admin_https *https;
    struct log *log;     /* of refusals over HTTPS; NULL: they are only counted */
    const char *program; /* "HSS", for messages */
    size_t call_size;    /* of the structure that begins with a struct admin_call; zeroed */
    void *ctx;
    /* The request is whole: sets its answer, or ADMIN_WAITING. */
    void (*route)(void *ctx, struct admin_call *c, const char *method, const char *path);
    void (*end)(void *ctx, struct admin_call *c); /* frees what route allocated; may be NULL */
};
/* A socket file that nobody answers on is replaced. Errors: E_LOCKED (another process answers),
 * E_EXISTS (the path is no socket), E_IO, E_MEMORY, and those of https_open and verifier_open. */
MUST_USE enum err admin_server_open(const struct admin_server_options *options,
                                    struct uv_loop_s *loop, struct admin_server **out,
                                    struct admin_why *why);
/* Over HTTPS, for a reload in two steps: all that can fail, and then what cannot, or nothing. The
 * files of TLS are read again, and a copy is taken of users and rates. *out is NULL, and there is
 * nothing to take, where nothing serves over HTTPS (s may be NULL), or would.
 * Errors: E_IO, E_BAD_VALUE, E_DENIED, E_MEMORY, with *why. */
struct admin_next;
MUST_USE enum err admin_next_open(const struct admin_server *s, const struct admin_https *https,
                                  struct admin_next **out, struct admin_why *why);
/* Whoever is connected is judged anew with his next request, users and rates are these from now on.
 * Whether it is on, its address and the other limits are what they were at the start. next is gone
 * then. Harmless when it is NULL, as the next one. */
void admin_next_take(struct admin_server *s, struct admin_next *next);
void admin_next_drop(struct admin_next *next);
/* For the status: {"listen": "https://127.0.0.1:9443" with the port that was taken, or null,
 * "requests": N, "refused": {"not-allowed": 2}} of HTTPS. NULL without memory. */
json_t *admin_server_view(const struct admin_server *s);
/* A call that waits is answered within this, or its connection over HTTPS ends. */
#define ADMIN_WAIT_MS 120000u
/* A call that waited has its answer now. */
void admin_server_resume(struct admin_server *s, struct admin_call *c);
void admin_server_run(struct admin_server *s);
/* Takes no new connections; those there are go on. Before admin_server_close, when calls wait. */
void admin_server_quiesce(struct admin_server *s);
/* Sends what was answered last, closes, and removes the socket file. No call may wait. */
void admin_server_close(struct admin_server *s);

#endif
