/* nf/repod/repod.h - the device binding repository: manufacturers publish which key belongs to
 * which IMEI, operators ask, and every answer is a record that the repository signed. If it is told
 * to, it is the devices' certificate site too (site.h).
 *
 * One libuv loop on one thread: HTTPS (net/https.h) in front, the store (store/repo_store.h)
 * behind, and a crew that checks and signs the rows of bulks (bulk.h). A change is durable before
 * it is acknowledged. It never tells a client that may not ask whether a binding exists, and it
 * never forgets a record.
 */
#ifndef BINDERY_NF_REPOD_REPOD_H
#define BINDERY_NF_REPOD_REPOD_H

#include "net/https_rates.h"
#include "nf/common/config_change.h"
#include "nf/common/metrics_desk.h"
#include "nf/repod/audit.h"
#include "nf/repod/bulk.h"
#include "nf/repod/cause.h"
#include "nf/repod/site.h"

struct uv_loop_s;
struct repod_admin;
struct repod_client { /* beside config->grants[i] */
    struct verifier *device_ca;
    struct https_rate rate;
};
/* What a reload replaces, whole. Who uses it beyond a call of a function holds it; it is not
 * changed but for the rates. */
struct repod_rules {
    unsigned users;
    const struct repod_config *config;
    struct repod_config *own; /* the same, when it goes with the rules */
    struct verifier *clients_ca;
    struct repod_client *clients;
    struct site *site; /* NULL: there is none */
};
#define REPOD_ADDRESSES 16384u
#define REPOD_ROUTES    10u
struct repod {
    const struct repod_config *config; /* of the start; the caller's */
    struct repod_rules *rules;         /* of now */
    struct log *log;
    struct repo_store *store;
    struct signer *signer;
    struct crew *crew;
    struct bulk_desk *desk;
    struct audit *audit;
    struct https_server *server;
    struct https_rates *addresses; /* of those who show no certificate */
    char *folder;                  /* of the store, for the reports of bulks */
    struct metrics_desk *metrics;  /* NULL: it does not serve */
    struct repod_admin *admin;     /* NULL: there is none */
    int64_t started;               /* Unix seconds */
    uint64_t published[4];         /* by enum publish_did */
    uint64_t answered, refused[CAUSES];
    struct metrics_histogram times[REPOD_ROUTES]; /* beside the paths of api.c */
    bool store_failing, audit_failing;            /* the last write did */
    /* NULL: the system's */
    uint64_t (*now_ms)(void *ctx);
    int64_t (*wall_s)(void *ctx);
    void *clock;
};
struct repod_why {
    char text[700];
};
/* r->config, r->log and the clocks are set. Opens everything and listens in the loop. Errors with
 * *why. */
MUST_USE enum err repod_start(struct repod *r, struct uv_loop_s *loop, struct repod_why *why);
/* Runs the loop until its connections are closed. Harmless after a failed start. */
void repod_stop(struct repod *r);
/* Reads the configuration's file again, with the certificates, CAs and revocation lists that it
 * names: what can change counts from the next request on, and every client is judged again. What
 * needs a restart is named in *changes, which the caller frees after E_OK. When anything is wrong,
 * all stays as it is. Either way the log says so. Errors, with *why: those of repod_config_load,
 * of repod_rules_open and https_identity_open, E_UNSUPPORTED (what runs was not read from a file).
 */
MUST_USE enum err repod_reload(struct repod *r, struct config_changes *changes,
                               struct config_why *why);
/* SIGPIPE ignored, SIGTERM, SIGINT and SIGHUP blocked until repod_run. Before anything starts a
 * thread. */
void repod_signals(void);
/* Starts, says READY=1 to the notify socket (NULL: nobody), serves until SIGTERM or SIGINT, reloads
 * on SIGHUP. */
MUST_USE enum err repod_run(struct repod *r, const char *notify_socket, struct repod_why *why);
/* check.c, for --check: whatever repod_start reads is read, and nothing is opened to others,
 * written or locked; one that serves does not notice. Errors, with *why and its place: those of a
 * start. */
MUST_USE enum err repod_check(const struct repod_config *config, struct config_why *why);

/* metrics.c: r->metrics is set. Errors with *why. */
MUST_USE enum err repod_metrics_open(struct repod *r, struct uv_loop_s *loop,
                                     struct metrics_port_why *why);
/* api.c: the method and path of each. */
void repod_route(size_t i, const char **method, const char **path);
/* Counts an answer by the name of its cause; any other word is no refusal. */
void repod_answered(struct repod *r, const char *outcome);

/* reload.c. Errors with *why. */
MUST_USE enum err repod_rules_open(const struct repod_config *config, uint64_t now_ms,
                                   struct repod_rules **out, struct repod_why *why);
struct repod_rules *repod_rules_hold(struct repod_rules *rules);
/* Harmless on NULL. */
void repod_rules_release(struct repod_rules *rules);

int64_t repod_wall(const struct repod *r);
uint64_t repod_now(const struct repod *r);

#endif
