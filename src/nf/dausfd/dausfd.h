/* nf/dausfd/dausfd.h - bindery-dausfd: the discovery AUSF of the dIMSIs' PLMN (TR 33.899 5.5.4.x,
 * steps 2 to 5). Target AUSFs push one challenge for a dIMSI, with an ARPF's endorsement; MMEs that
 * ask for vectors of the dIMSI get it, and nothing else: no service runs on a dIMSI.
 *
 * One signalling thread owns the Diameter connections and only reads; the control thread, a libuv
 * loop, owns listeners, the push interface, the administration's socket and the one connection that
 * writes. This header is what they share. What is decided of entries and endorsements stands in
 * proc/dimsi.h.
 */
#ifndef BINDERY_NF_DAUSFD_DAUSFD_H
#define BINDERY_NF_DAUSFD_DAUSFD_H

#include "base/refusal.h"
#include "net/tls.h"
#include "nf/common/admin_metrics.h"
#include "nf/common/admin_server.h"
#include "nf/common/dimsi_port.h"
#include "nf/common/https_api.h"
#include "nf/common/metrics_desk.h"
#include "nf/dausfd/asked.h"
#include "nf/dausfd/config.h"

#include <stdatomic.h>

/* Counted per process, relaxed; names are those of the status answer. */
#define DAUSFD_COUNTERS(X)                                                                         \
    X(air)                                                                                         \
    X(vectors)                                                                                     \
    X(ulr)                                                                                         \
    X(pur)                                                                                         \
    X(nor)                                                                                         \
    X(shed)                                                                                        \
    X(pushed)                                                                                      \
    X(spent)                                                                                       \
    X(expired)                                                                                     \
    X(asked_lost)                                                                                  \
    X(peers_refused)                                                                               \
    X(trace_lost)
struct dausfd_counters {
#define X(name) _Atomic uint64_t name;
    DAUSFD_COUNTERS(X)
#undef X
};
/* How long answers took, by command: added to by the signalling thread alone. */
#define DAUSFD_TIMED(X)                                                                            \
    X(AIR, S6A_AUTHENTICATION_INFORMATION)                                                         \
    X(ULR, S6A_UPDATE_LOCATION)                                                                    \
    X(PUR, S6A_PURGE_UE)                                                                           \
    X(NOR, S6A_NOTIFY)                                                                             \
    X(OTHER, 0)
enum dausfd_timed {
#define X(name, code) DAUSFD_TIMED_##name,
    DAUSFD_TIMED(X)
#undef X
        DAUSFD_TIMED_COUNT
};
/* A peer as the status answer shows it; beside config->peers[i]. */
struct dausfd_peer_state {
    const struct dausfd_peer *peer;
    _Atomic unsigned connections;
    _Atomic uint64_t requests, answers;
};

struct uv_loop_s;
struct pcapng_writer;
struct signalling; /* signalling.c */
struct doors;      /* doors.c */

struct dausfd_why {
    char text[700];
};
struct dausfd {
    const struct dausfd_config *config; /* of the start; the caller's */
    const struct dausfd_config *rules;  /* of now: who may push, and who may endorse */
    struct dausfd_config *reread;       /* the same, when it was read again; or NULL */
    struct log *log;
    struct pcapng_writer *trace; /* or NULL */
    bool trace_secrets;
    int64_t started;
    struct discovery_store *store; /* the control thread's */
    struct discovery_asked *rows;  /* ASKED_ROOM of them, on their way to the store */
    struct asked *asked;
    struct dimsi_trust *trust;
    struct https_api *push;
    struct admin_server *admin;
    struct metrics_desk *metrics; /* metrics.c; NULL: it does not serve */
    bool store_failing;           /* the last write did */
    struct signalling *signalling;
    struct doors *doors;
    struct dausfd_peer_state *peers;
    struct dausfd_counters counters;
    _Atomic uint64_t refused[REFUSAL_COUNT];
    struct metrics_histogram times[DAUSFD_TIMED_COUNT];
    int64_t (*wall_s)(void *ctx); /* NULL: the system's */
    void *clock;
};

/* d->config, d->log and what may be NULL are set. Opens everything and listens in the loop. Errors
 * with *why. */
MUST_USE enum err dausfd_start(struct dausfd *d, struct uv_loop_s *loop, struct dausfd_why *why);
/* Orderly: DPR to every peer, then the rest. Runs the loop until its handles are closed. Harmless
 * after a failed start. */
void dausfd_stop(struct dausfd *d);
/* Reads the configuration's file again, with the certificates, CAs and lists that it names. What
 * needs a restart is named in *changes, which the caller frees after E_OK. When anything is wrong,
 * all stays as it is. Either way the log says so. Errors, with *why: those of dausfd_config_load,
 * of dimsi_trust_open and of what serves, E_UNSUPPORTED (what runs was not read from a file). */
MUST_USE enum err dausfd_reload(struct dausfd *d, struct config_changes *changes,
                                struct config_why *why);
/* Starts, says READY=1 to the notify socket (NULL: nobody), serves until SIGTERM or SIGINT, reloads
 * on SIGHUP. daemon_signals() was called before. */
MUST_USE enum err dausfd_run(struct dausfd *d, const char *notify_socket, struct dausfd_why *why);
/* check.c, for --check: whatever dausfd_start reads is read, and nothing is opened to others,
 * written or locked; one that serves does not notice. Errors, with *why and its place: those of a
 * start. */
MUST_USE enum err dausfd_check(const struct dausfd_config *config, struct config_why *why);

int64_t dausfd_now(const struct dausfd *d); /* Unix seconds. Any thread. */
/* Each second, on the control thread: what was asked goes to the store, entries whose time is over
 * end. */
void dausfd_tick(struct dausfd *d);
/* What was counted since the last time is in the store then. Control thread. */
void dausfd_flush(struct dausfd *d);
/* Counts a refusal and names it in the log, limited by its name. Any thread. */
void dausfd_refused(struct dausfd *d, enum refusal why, const struct imsi *dimsi,
                    struct bytes origin_host, const char *detail);

/* ---- push.c and view.c: HTTPS, and the administration ---- */

MUST_USE enum err dausfd_push_open(struct dausfd *d, struct uv_loop_s *loop, struct https_why *why);
/* For a reload (nf/common/https_api.h). */
MUST_USE enum err dausfd_push_next(const struct dausfd_config *config, struct https_api_next **out,
                                   struct https_why *why);
/* An entry as it is shown: who asked, never what they were given. NULL without memory. */
json_t *dausfd_view(const struct discovery_entry *entry);
/* {"entries": [VIEW], "next": dIMSI or null}; of one target, or with NULL of all. Errors: those of
 * discovery_list, E_MEMORY. */
MUST_USE enum err dausfd_view_page(struct dausfd *d, const struct plmn *target,
                                   const struct imsi *after, size_t limit, json_t **out);
MUST_USE enum err dausfd_admin_open(struct dausfd *d, struct uv_loop_s *loop,
                                    struct admin_why *why);
/* The i-th path of docs/openapi/dausfd-admin.yaml; NULL behind the last. */
const struct admin_path *dausfd_admin_paths(size_t i);

/* metrics.c: d->metrics is set. Errors with *why. */
MUST_USE enum err dausfd_metrics_open(struct dausfd *d, struct uv_loop_s *loop,
                                      struct metrics_port_why *why);

/* ---- doors.c: the listeners of Diameter ---- */

MUST_USE enum err doors_open(struct dausfd *d, struct uv_loop_s *loop, struct doors **out,
                             struct dausfd_why *why);
/* Tries again where descriptors had run out. */
void doors_tick(struct doors *doors);
/* Takes no more connections, and runs the loop until its handles are closed. Harmless on NULL. */
void doors_close(struct doors *doors);
/* The address that listener i has, with its port. */
struct address doors_bound(const struct doors *doors, size_t i);

/* ---- signalling.c: the thread of the Diameter connections ---- */

MUST_USE enum err signalling_start(struct dausfd *d, struct signalling **out);
/* The certificates of the listeners of a configuration, opened; they count for new connections.
 * Control thread. Errors with *why: those of tls_context_open, E_MEMORY. */
MUST_USE enum err signalling_tls_open(const struct dausfd_config *config, struct tls_context ***out,
                                      struct tls_why *why);
/* Takes it over. As many listeners as there are. */
void signalling_tls_take(struct signalling *s, struct tls_context **tls);
/* Harmless on NULL. */
void signalling_tls_close(const struct dausfd_config *config, struct tls_context **tls);
/* A connection was accepted on config->listeners[i]; fd is its owner's from now on. Control thread.
 */
void signalling_adopt(struct signalling *s, int fd, size_t i);
/* Does the thread run no more? Any thread. */
bool signalling_has_ended(const struct signalling *s);
/* Ends the thread; every peer was told. Harmless on NULL. */
void signalling_stop(struct signalling *s);

#endif
