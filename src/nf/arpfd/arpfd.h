/* nf/arpfd/arpfd.h - the third-party ARPF: operators fetch eK of the devices that a service
 * provider offered to them, and service providers see what became of their offers
 * (TR 33.899 5.5.4.x).
 *
 * One libuv loop on one thread: HTTPS (nf/common/https_api.h) in front, the record of releases
 * (store/arpf_store.h) behind, and what is decided in between (release.h). All requests that came
 * in one turn of the loop share one commit, and none is answered before it. It never tells one
 * client of another's dIMSIs, and no key of a device is stored or logged.
 */
#ifndef BINDERY_NF_ARPFD_ARPFD_H
#define BINDERY_NF_ARPFD_ARPFD_H

#include "nf/arpfd/release.h"
#include "nf/common/https_api.h"

struct arpfd_call;
struct arpfd_admin;
struct metrics_desk;
struct uv_prepare_s;
struct arpfd {
    const struct arpfd_config *config; /* of the start; the caller's */
    struct log *log;
    /* NULL: the system's */
    uint64_t (*now_ms)(void *ctx);
    int64_t (*wall_s)(void *ctx);
    void *clock;
    /* of arpfd_start */
    struct arpfd_trust *trust; /* of now */
    struct arpf_store *store;
    struct crypto crypto;
    struct https_api *api;
    struct arpfd_admin *admin;          /* NULL: there is none */
    struct uv_prepare_s *turn;          /* before the loop waits: commit and answer */
    struct arpfd_call *waiting, **last; /* for the commit of this turn */
    int64_t started;
    struct arpf_counts counts; /* of the store, and since then */
    uint64_t again, commits;
    bool commit_failing;          /* the last one did */
    struct metrics_desk *metrics; /* metrics.c; NULL: it does not serve */
};

/* a->config, a->log and the clocks are set. Opens everything and listens in the loop. Errors with
 * *why. */
MUST_USE enum err arpfd_start(struct arpfd *a, struct uv_loop_s *loop, struct arpfd_why *why);
/* Runs the loop until its connections are closed. Harmless after a failed start. */
void arpfd_stop(struct arpfd *a);
/* Reads the configuration's file again, with the certificates, keys and lists that it names. What
 * needs a restart is named in *changes, which the caller frees after E_OK. When anything is wrong,
 * all stays as it is. Either way the log says so. Errors, with *why: those of arpfd_config_load, of
 * arpfd_trust_open and of what serves, E_UNSUPPORTED (what runs was not read from a file). */
MUST_USE enum err arpfd_reload(struct arpfd *a, struct config_changes *changes,
                               struct config_why *why);
/* Starts, says READY=1 to the notify socket (NULL: nobody), serves until SIGTERM or SIGINT, reloads
 * on SIGHUP. daemon_signals comes before. */
MUST_USE enum err arpfd_run(struct arpfd *a, const char *notify_socket, struct arpfd_why *why);
/* check.c, for --check: whatever arpfd_start reads is read, and nothing is opened to others,
 * written or locked; one that serves does not notice. Errors, with *why and its place: those of a
 * start. */
MUST_USE enum err arpfd_check(const struct arpfd_config *config, struct config_why *why);
int64_t arpfd_wall(const struct arpfd *a);

#endif
