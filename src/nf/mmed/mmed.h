/* nf/mmed/mmed.h - bindery-mmed: the provisioning MME as one process.
 *
 * One signalling thread owns everything: the associations with eNBs (net/assoc.h), the connections
 * to home networks (nf/mmed/hss.h), the UEs and their timers. A step of a UE is computed by
 * nf/mmed/emm.h; this room carries its effects out. State is in memory only: what a crash loses,
 * devices bring back by attaching.
 */
#ifndef BINDERY_NF_MMED_MMED_H
#define BINDERY_NF_MMED_MMED_H

#include "crypto/openssl.h"
#include "net/assoc.h"
#include "nf/common/devid_port.h"
#include "nf/common/log.h"
#include "nf/common/metrics.h"
#include "nf/mmed/config.h"
#include "nf/mmed/ue_table.h"
#include "trace/pcapng.h"

struct hss;
struct mmed_admin;
struct mmed_trust;
struct s1;
struct mmed_events;
struct metrics_desk;

/* Names are those of the status answer. */
#define MMED_COUNTERS(X)                                                                           \
    X(s1_setups)                                                                                   \
    X(s1_setups_refused)                                                                           \
    X(initial_messages)                                                                            \
    X(turned_away)                                                                                 \
    X(attaches)                                                                                    \
    X(attaches_refused)                                                                            \
    X(service_requests)                                                                            \
    X(detaches)                                                                                    \
    X(rerouted)                                                                                    \
    X(authentications)                                                                             \
    X(binding_failures)                                                                            \
    X(device_proven)                                                                               \
    X(device_unproven)                                                                             \
    X(device_failed)                                                                               \
    X(device_undetermined)                                                                         \
    X(provisioned)                                                                                 \
    X(provisionings_refused)                                                                       \
    X(onboarded)                                                                                   \
    X(onboardings_refused)                                                                         \
    X(nas_refused)                                                                                 \
    X(s1_refused)                                                                                  \
    X(s1_unsent)                                                                                   \
    X(hss_requests)                                                                                \
    X(hss_unanswered)                                                                              \
    X(events_lost)                                                                                 \
    X(trace_lost)
struct mmed_counters {
#define X(name) uint64_t name;
    MMED_COUNTERS(X)
#undef X
    uint64_t refusals[REFUSAL_COUNT]; /* by cause */
};

/* What attaches came to, and requests to home networks: how long each took. */
#define MMED_ATTACH_ENDS(X)                                                                        \
    X(COMPLETE, "complete")                                                                        \
    X(ENDED, "ended")                                                                              \
    X(ABANDONED, "abandoned")
#define MMED_ASKED(X)                                                                              \
    X(AIR, "AIR")                                                                                  \
    X(ONBOARD, "ECR-onboarding")                                                                   \
    X(ULR, "ULR")                                                                                  \
    X(ECR, "ECR")                                                                                  \
    X(NOR, "NOR")                                                                                  \
    X(PUR, "PUR")
enum mmed_attach_end {
#define X(id, name) MMED_ATTACH_##id,
    MMED_ATTACH_ENDS(X)
#undef X
        MMED_ATTACH_END_COUNT
};
enum mmed_asked {
#define X(id, name) MMED_ASKED_##id,
    MMED_ASKED(X)
#undef X
        MMED_ASKED_COUNT
};
struct mmed_times {
    struct metrics_histogram attaches[MMED_ATTACH_END_COUNT], asked[MMED_ASKED_COUNT];
};

struct mmed {
    const struct mmed_config *config; /* in force: whole, never written to (nf/mmed/reload.h) */
    struct mmed_config *own;          /* the same, when it was read while it served */
    struct mmed_admin *admin;         /* serve.c: as long as it serves */
    struct emm_config emm;
    struct log *log;
    struct crypto crypto;
    struct ue_table *ues;
    struct s1 *s1;
    struct hss *hss;
    struct mmed_counters counters;
    struct mmed_times times;
    struct mmed_events *events; /* the last ones, for the administration interface */
    size_t attaching;           /* UEs between ATTACH REQUEST and ATTACH COMPLETE */
    uint64_t now_ms;            /* of this wake-up */
    int64_t now_unix;           /* likewise */
    struct mmed_trust *trust;   /* nf/mmed/trust.h; NULL: no device is asked for a proof */
    int64_t started_unix;
    struct pcapng_writer *trace; /* or NULL */
    bool trace_secrets;
    struct metrics_desk *metrics; /* nf/mmed/metrics.h; NULL: it does not serve */
    uint8_t *scratch;             /* of a step */
    uint8_t *out;                 /* an S1AP message being written */
    uint8_t *traced;              /* a message that is blanked for the trace */
};
#define MMED_TRACED_MAX 65536
#define MMED_SCRATCH                                                                               \
    ((size_t)EMM_EFFECTS_MAX * EMM_PDU_MAX) /* and once more for a step in a step */
#define MMED_OUT_MAX 8192                   /* octets of an S1AP message that we write, at most */

/* Fills *m, of which the caller has set trace and trace_secrets, the rest zero; listens, and begins
 * to connect to HSSs. Errors are logged with their place: those of s1_open and hss_open, E_MEMORY,
 * E_CRYPTO. */
MUST_USE enum err mmed_open(struct mmed *m, const struct mmed_config *config, struct log *log);
/* check.c, for --check: whatever a start reads is read, and nothing is opened to others or
 * connected to. Errors, with *why and its place: those of a start. */
MUST_USE enum err mmed_check(const struct mmed_config *config, struct config_why *why);
void mmed_close(struct mmed *m); /* trace and log are the caller's */
/* What of the configuration the EMM state machine looks at. */
void mmed_emm_config(const struct mmed_config *c, struct emm_config *out);
/* One wake-up: to be called when s1_fd or hss_fd is readable, and after mmed_wait_ms (-1: never).
 * Errors: E_IO. */
int mmed_wait_ms(struct mmed *m);
MUST_USE enum err mmed_poll(struct mmed *m);
uint64_t mmed_monotonic_ms(void);

/* One event of a UE, and its effects. *ue may be gone afterwards; find it again by its id. */
void mmed_step(struct mmed *m, struct ue *ue, const struct emm_event *event);
/* The same from inside another UE's step. */
void mmed_step_nested(struct mmed *m, struct ue *ue, const struct emm_event *event);
/* Timers that have expired. */
void mmed_timers(struct mmed *m);
/* A refusal or an event with its name: log, event list, counters. who and detail may be NULL. */
void mmed_tell(struct mmed *m, const struct emm_who *who, enum refusal why, const char *detail);
void mmed_event(struct mmed *m, const char *name, const struct emm_who *who, const char *cause,
                const char *detail);
/* An S1AP message on its way: to the trace, with keys blanked unless secrets are traced. */
void mmed_trace_s1ap(struct mmed *m, const struct assoc *a, bool sent, struct bytes msg);
/* The inside of a protected NAS message; with secrets only. */
void mmed_trace_nas(struct mmed *m, bool uplink, struct bytes message);
void mmed_trace_diameter(struct mmed *m, const struct address *local, const struct address *remote,
                         bool sent, struct bytes msg);

#endif
