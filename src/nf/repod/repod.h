/* nf/repod/repod.h - the device binding repository: manufacturers publish which key belongs to
 * which IMEI, operators ask, and every answer is a record that the repository signed.
 *
 * One thread, one libuv loop: HTTPS (net/https.h) in front, the store (store/repo_store.h) behind.
 * A change is durable before it is acknowledged; a bulk is committed in batches of what fits 64
 * KiB. It never tells a client that may not ask whether a binding exists, and it never forgets a
 * record.
 */
#ifndef BINDERY_NF_REPOD_REPOD_H
#define BINDERY_NF_REPOD_REPOD_H

#include "net/https_rate.h"
#include "nf/repod/audit.h"
#include "nf/repod/config.h"
#include "nf/repod/publish.h"

struct uv_loop_s;
struct repod_client { /* beside config->grants[i] */
    struct verifier *device_ca;
    struct https_rate rate;
};
struct repod {
    const struct repod_config *config;
    struct log *log;
    struct repo_store *store;
    struct signer *signer;
    struct verifier *clients_ca;
    struct audit *audit;
    struct repod_client *clients;
    struct https_server *server;
    char *folder; /* of the store, for the reports of bulks */
    /* NULL: the system's */
    uint64_t (*now_ms)(void *ctx);
    int64_t (*wall_s)(void *ctx);
    void *clock;
};
struct repod_why {
    char text[512];
};
/* r->config, r->log and the clocks are set. Opens everything and listens in the loop. Errors with
 * *why. */
MUST_USE enum err repod_start(struct repod *r, struct uv_loop_s *loop, struct repod_why *why);
/* Runs the loop until its connections are closed. Harmless after a failed start. */
void repod_stop(struct repod *r);
/* SIGPIPE ignored, SIGTERM and SIGINT blocked until repod_run. Before anything starts a thread. */
void repod_signals(void);
/* Starts, says READY=1 to the notify socket (NULL: nobody), serves until SIGTERM or SIGINT. */
MUST_USE enum err repod_run(struct repod *r, const char *notify_socket, struct repod_why *why);

int64_t repod_wall(const struct repod *r);
uint64_t repod_now(const struct repod *r);

#endif
