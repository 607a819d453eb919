/* nf/rsmfd/rsmfd.h - remote subscription management (TR 33.899 5.5.4.x step 11): operators leave
 * profiles for devices that were attached with a temporary IMSI; each device fetches its own, once,
 * and says when it works.
 *
 * One libuv loop on one thread, with two HTTPS listeners (nf/common/https_api.h) that trust
 * different roots: operators come with an AUSF's certificate to the one, secure elements with
 * CERT.SE to the other, and neither gets anything at the other's. What may be done is decided by
 * deliveries.h. A device gets the profile of its own certificate's digest and learns nothing of any
 * other; an operator sees what it left itself. Profiles never appear in a log, a status or a list.
 */
#ifndef BINDERY_NF_RSMFD_RSMFD_H
#define BINDERY_NF_RSMFD_RSMFD_H

#include "nf/common/https_api.h"
#include "nf/rsmfd/config.h"
#include "nf/rsmfd/deliveries.h"

struct uv_loop_s;
struct rsmfd_admin;
struct metrics_desk;
struct rsmfd {
    const struct rsmfd_config *config; /* of now */
    struct rsmfd_config *own;          /* the same, if it came with a reload */
    struct log *log;
    struct deliveries deliveries;
    struct https_api *operators, *devices; /* the two listeners */
    struct rsmfd_admin *admin;             /* NULL: there is none */
    struct metrics_desk *metrics;          /* metrics.c; NULL: it does not serve */
    int64_t started;                       /* Unix seconds */
    /* NULL: the system's. Monotonic milliseconds and Unix seconds. */
    uint64_t (*now_ms)(void *ctx);
    int64_t (*wall_s)(void *ctx);
    void *clock;
};
struct rsmfd_why {
    char text[700];
};
/* r->config, r->log and the clocks are set. Opens everything and listens in the loop. Errors with
 * *why. */
MUST_USE enum err rsmfd_start(struct rsmfd *r, struct uv_loop_s *loop, struct rsmfd_why *why);
/* Runs the loop until its connections are closed. Harmless after a failed start. */
void rsmfd_stop(struct rsmfd *r);
/* Reads the configuration's file again, with the certificates, CAs, roots and revocation lists that
 * it names: what can change counts from the next request on, and every client is judged again. What
 * needs a restart is named in *changes, which the caller frees after E_OK. When anything is wrong,
 * all stays as it is. Either way the log says so. Errors, with *why: those of rsmfd_config_load and
 * of what serves, E_UNSUPPORTED (what runs was not read from a file). */
MUST_USE enum err rsmfd_reload(struct rsmfd *r, struct config_changes *changes,
                               struct config_why *why);
/* Starts, says READY=1 to the notify socket (NULL: nobody), serves until SIGTERM or SIGINT, reloads
 * on SIGHUP. */
MUST_USE enum err rsmfd_run(struct rsmfd *r, const char *notify_socket, struct rsmfd_why *why);
/* check.c, for --check: whatever rsmfd_start reads is read, and nothing is opened to others,
 * written or locked; one that serves does not notice. Errors, with *why and its place: those of a
 * start. */
MUST_USE enum err rsmfd_check(const struct rsmfd_config *config, struct config_why *why);

#endif
