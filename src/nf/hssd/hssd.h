/* nf/hssd/hssd.h - bindery-hssd: the home network's HSS/AuC as one process.
 *
 * Signalling threads own the peers' connections and carry each AIR to its end; one writer thread
 * owns changes; the control thread owns listeners, signals and the administration socket. This
 * header is what those three share. It carries out effects; proc/ computes, wire/ translates.
 */
#ifndef BINDERY_NF_HSSD_HSSD_H
#define BINDERY_NF_HSSD_HSSD_H

#include "crypto/crypto.h"
#include "nf/common/log.h"
#include "nf/hssd/audit_rates.h"
#include "nf/hssd/config.h"
#include "nf/hssd/eir_lists.h"
#include "nf/hssd/recent.h"
#include "nf/hssd/repository.h"
#include "nf/hssd/writer.h"
#include "proc/sqn.h"
#include <stdatomic.h>

#define HSSD_THREADS_MAX 16

/* Counted per process, relaxed; names are those of the status answer. */
#define HSSD_COUNTERS(X)                                                                           \
    X(air)                                                                                         \
    X(air_refused)                                                                                 \
    X(vectors)                                                                                     \
    X(vectors_processed)                                                                           \
    X(resynchronised)                                                                              \
    X(ulr)                                                                                         \
    X(ulr_refused)                                                                                 \
    X(pur)                                                                                         \
    X(nor)                                                                                         \
    X(ecr)                                                                                         \
    X(ecr_whitelisted)                                                                             \
    X(ecr_greylisted)                                                                              \
    X(ecr_blacklisted)                                                                             \
    X(ecr_unknown)                                                                                 \
    X(imei_not_paired)                                                                             \
    X(inquiries)                                                                                   \
    X(inquiries_cached)                                                                            \
    X(inquiries_stale)                                                                             \
    X(inquiries_asked)                                                                             \
    X(inquiries_unanswered)                                                                        \
    X(inquiries_limited)                                                                           \
    X(proofs_proven)                                                                               \
    X(proofs_unproven)                                                                             \
    X(proofs_failed)                                                                               \
    X(proofs_undetermined)                                                                         \
    X(proofs_remembered)                                                                           \
    X(proofs_missing)                                                                              \
    X(provisionings_offered)                                                                       \
    X(provisionings_taken)                                                                         \
    X(provisionings_again)                                                                         \
    X(provisionings_refused)                                                                       \
    X(provisioning_owed)                                                                           \
    X(onboarding_requests)                                                                         \
    X(onboarding_drawn)                                                                            \
    X(onboarding_repeated)                                                                         \
    X(onboarding_refused)                                                                          \
    X(onboarding_waiting)                                                                          \
    X(onboarding_active)                                                                           \
    X(onboarding_expired)                                                                          \
    X(dimsi_offered)                                                                               \
    X(dimsi_refused)                                                                               \
    X(dimsi_allocated)                                                                             \
    X(dimsi_pushed)                                                                                \
    X(dimsi_delivered)                                                                             \
    X(dimsi_attached)                                                                              \
    X(dimsi_done)                                                                                  \
    X(dimsi_withdrawn)                                                                             \
    X(dimsi_expired)                                                                               \
    X(dimsi_later)                                                                                 \
    X(idr_sent)                                                                                    \
    X(dsr_sent)                                                                                    \
    X(rsr_sent)                                                                                    \
    X(push_unanswered)                                                                             \
    X(clr_sent)                                                                                    \
    X(clr_unsent)                                                                                  \
    X(clr_unanswered)                                                                              \
    X(too_busy)                                                                                    \
    X(shed)                                                                                        \
    X(peers_refused)                                                                               \
    X(requests_refused)                                                                            \
    X(events_lost)                                                                                 \
    X(trace_lost)
struct hssd_counters {
#define X(name) _Atomic uint64_t name;
    HSSD_COUNTERS(X)
#undef X
};

/* How often something may happen: a burst of HSSD_BUCKET_BURST, then one each HSSD_BUCKET_MS. All
 * zeros is a full one. */
#define HSSD_BUCKET_BURST 256u
#define HSSD_BUCKET_MS    100u
struct hssd_bucket {
    _Atomic uint64_t empty_until_ms; /* when all that was taken will have come back */
};
/* Any thread. */
bool hssd_bucket_take(struct hssd_bucket *b, uint64_t now_ms);

/* A connected peer as the status answer shows it. */
struct hssd_peer_state {
    _Atomic(const struct hssd_peer *) peer; /* its configuration: the last one it had */
    atomic_bool removed;                    /* the snapshot in force has it no more */
    _Atomic unsigned connections;           /* open ones */
    _Atomic uint64_t requests;
    _Atomic uint64_t answers;
    struct hssd_bucket at_will;   /* events it can cause as it likes */
    struct hssd_bucket inquiries; /* without an IMSI, that a repository is asked for */
    _Atomic unsigned payloads;    /* procedure kme: on their way */
    _Atomic unsigned onboardings; /* devices that want a subscription: likewise */
};

struct hssd;
struct hssd_peers;    /* nf/hssd/peers.h */
struct snapshot;      /* nf/hssd/snapshots.h */
struct snapshots;     /* the same */
struct hssd_reload;   /* nf/hssd/reload.h */
struct admin;         /* nf/hssd/admin.h */
struct hssd_thread;   /* hssd.c */
struct inquiry_rates; /* nf/hssd/inquiry.h */
struct kme_pool;      /* nf/hssd/kme_pool.h */
struct lots;          /* nf/hssd/lots.h */
struct onboarding;    /* nf/hssd/onboarding.h */
struct hss_dimsi;     /* nf/hssd/dimsi.h */
struct backups;       /* nf/hssd/backups.h */
struct key_job;       /* nf/hssd/key_job.h */
struct push;          /* nf/hssd/push.h */
struct hssd_metrics;  /* nf/hssd/metrics.h */
struct event_feed;    /* nf/hssd/event_feed.h */
struct webhooks;      /* nf/hssd/webhook.h */
struct store_mark;    /* store/store_mark.h */

struct hssd {
    /* The snapshot in force: whole, never written to. Whoever reads twice for one decision takes it
     * once. A reload puts another here; who may look into the one before, and how long, is
     * nf/hssd/snapshots.h's. */
    _Atomic(const struct hssd_config *) config;
    struct snapshots *snapshots;
    struct log *log;
    struct store *store;
    struct writer *writer;
    struct recent *recent;
    struct eir_lists *eir;
    struct repositories *repositories; /* NULL: none is configured */
    struct inquiry_rates *inquiry_rates;
    struct lots *lots;
    struct kme_pool *kme_pool; /* NULL: no device's key could be had */
    struct onboarding *onboarding;
    struct hss_dimsi *dimsi;
    struct backups *backups;
    struct key_job *key_job;
    struct push *push;
    struct event_feed *feed;      /* NULL: nobody waits for events */
    struct webhooks *webhooks;    /* receivers of events */
    struct hssd_metrics *metrics; /* control.c: as long as it serves */
    struct crypto writers;        /* of the writer's jobs, on its thread */
    struct sqn_clock clock;
    _Atomic uint64_t mark;        /* stored: no GLC value above it is issued */
    uint64_t unwritable_since_ms; /* the writer's thread's */
    atomic_bool mark_is_beside;   /* ... in the file beside the store, which did not take it */
    struct store_mark *mark_file; /* the writer's thread's */
    struct hssd_peers *peers;     /* states of all that ever were configured: nf/hssd/peers.h */
    struct hssd_reload *reload;   /* what reading the configuration again left behind, or NULL */
    struct admin *admin;          /* control.c: as long as it serves */
    struct hssd_counters counters;
    struct hssd_bucket strangers; /* events of refused connections that are stored */
    struct routes *routes;        /* open connections, for the requests we send */
    struct hssd_thread *threads[HSSD_THREADS_MAX];
    unsigned n_threads;
    unsigned next_thread;     /* the control thread's */
    _Atomic uint32_t session; /* low half of the Session-Ids we make */
    _Atomic uint32_t end_to_end;
    struct tls_context **tls; /* one per listener, NULL where it has none; the control thread's */
    struct audit_rates audit_refused; /* refusals in the audit log; the control thread's */
    int64_t imports_looked;           /* nf/hssd/imports.h; the control thread's */
    struct writer_job mark_job;
    uint64_t mark_next; /* being stored */
    atomic_bool mark_pending;
    struct pcapng_writer *trace; /* or NULL */
    bool trace_secrets;
    int64_t started_unix;
};

/* Opens the store, starts the writer and the signalling threads. why has the sentence on failure.
 */
MUST_USE enum err hssd_start(struct hssd *h, const struct hssd_config *config, struct log *log,
                             struct store_why *why);
/* check.c, for --check: whatever a start reads is read, and nothing is opened to others, written or
 * locked; one that serves does not notice. Errors, with *why and its place: those of a start. */
MUST_USE enum err hssd_check(const struct hssd_config *config, struct config_why *why);
/* Can backups be made? False, and said in `out`: a start is not held up by it. */
bool hssd_check_backups(const struct hssd_config *config, char *out, size_t room);
/* Orderly: DPR to every peer, then the threads, the writer and the store. */
void hssd_stop(struct hssd *h);
/* A connection was accepted on the listener of this place; the signalling thread with the fewest
 * takes it. Any thread. Closes fd on failure. */
void hssd_adopt(struct hssd *h, int fd, size_t listener);
/* From the control thread about once a second: renews the mark. */
void hssd_tick(struct hssd *h);

/* Names an event: log line, event list, counters. imsi, imei, peer and cause may be NULL. Any
 * thread; never blocks; under overload the event list may lose it, the log does not. What an
 * outsider can cause at will (refused, peer-*, equipment-*, imei-*, device-*, provisioning-offered,
 * provisioning-refused, onboarding-refused, dimsi-offered, dimsi-refused, cancel-location-unsent)
 * is limited in both: neither a peer nor a stranger gets a durable write per message, nor drives
 * the alarms out of the list. */
void hssd_event(struct hssd *h, const char *name, const struct imsi *imsi, const struct imei *imei,
                const char *peer, const char *cause, const char *detail);

/* Sends CLR to the serving node of a subscriber (and, with `all`, to every origin that may hold
 * vectors: after becoming bound). Any thread; sends what it can and counts the rest. Cancellation
 * types are those of TS 29.272 7.3.24: 0 and 2 only. */
void hssd_cancel_location(struct hssd *h, const struct imsi *imsi,
                          const struct store_serving *serving, bool all,
                          uint32_t cancellation_type);
/* Likewise all of them but one: who waits for our answer has it from that. */
void hssd_cancel_location_but(struct hssd *h, const struct imsi *imsi,
                              const struct store_serving *serving, struct bytes but,
                              uint32_t cancellation_type);

/* devid.c: the repositories of the configuration, if there are any. Events of theirs name the
 * repository as the peer; memories of revoked bindings are forgotten by the writer. */
MUST_USE enum err hssd_repositories_start(struct hssd *h, struct store_why *why);

/* devid.c: the threads that open payloads, where devices' keys can be had. */
MUST_USE enum err hssd_kme_pool_start(struct hssd *h, struct store_why *why);

uint64_t hssd_monotonic_ms(void);
int64_t hssd_unix_seconds(void);

#endif
