/* nf/common/metrics_answer.h - what /metrics, /health/live and /health/ready answer, wherever they
 * are asked: at the administration interface, or at the plain listener (nf/common/metrics_port.h).
 *
 * A program says in two functions what it has to show and what keeps it from serving. "Live" says
 * that the thread that answers runs at all; "ready" says that requests can be served, and if not,
 * why. No identity of a subscriber and no key is in any of the three.
 */
#ifndef BINDERY_NF_COMMON_METRICS_ANSWER_H
#define BINDERY_NF_COMMON_METRICS_ANSWER_H

#include "nf/common/file_watch.h"
#include "nf/common/metrics_table.h"

/* Why a program is not ready. NAME, "name", sentence */
#define METRICS_CAUSES(X)                                                                          \
    X(STORE_NOT_WRITABLE, "store-not-writable",                                                    \
      "the last change could not be written to the store: look at the disk's room and rights")     \
    X(STORE_NOT_READABLE, "store-not-readable", "the store cannot be read: look at its disk")      \
    X(MARK_EXPIRED, "mark-expired",                                                                \
      "no sequence number may be used any more until the store can be written again")              \
    X(WRITER_FULL, "writer-full",                                                                  \
      "as many changes wait for the store as may: its disk is too slow, or stands still")          \
    X(THREAD_ENDED, "thread-ended", "a signalling thread has ended: the log says why; restart")    \
    X(LISTENER_RESTING, "listener-resting",                                                        \
      "a listener takes no connections for want of descriptors: raise LimitNOFILE")                \
    X(NO_HOME_NETWORK, "no-home-network", "the MME is connected to no HSS: no device can attach")  \
    X(AUDIT_NOT_WRITABLE, "audit-not-writable",                                                    \
      "the audit log cannot be written, and nothing is answered without it")                       \
    X(STOPPING, "stopping", "the program is about to end")
enum metrics_cause {
#define X(id, name, sentence) METRICS_##id,
    METRICS_CAUSES(X)
#undef X
        METRICS_CAUSE_COUNT
};
const char *metrics_cause_name(enum metrics_cause cause);

#define METRICS_DETAIL_MAX 160
struct metrics_health {
    bool is[METRICS_CAUSE_COUNT];
    char detail[METRICS_CAUSE_COUNT][METRICS_DETAIL_MAX];
};
/* detail: for people, or NULL. */
void metrics_unready(struct metrics_health *h, enum metrics_cause cause, const char *detail);
bool metrics_is_ready(const struct metrics_health *h);

struct metrics_source {
    const char *program, *version;
    int64_t started_unix;
    void *ctx;
    /* Both on the thread that answers. They do not block. */
    void (*write)(void *ctx, struct metrics_text *t);
    void (*health)(void *ctx, struct metrics_health *h);
    struct file_watch *files; /* or NULL */
};

enum metrics_page { METRICS_PAGE_METRICS, METRICS_PAGE_LIVE, METRICS_PAGE_READY, METRICS_PAGES };
/* "/metrics", "/health/live", "/health/ready". */
const char *metrics_page_path(enum metrics_page page);
struct metrics_reply {
    unsigned status;  /* 200; 503: not ready, or no memory */
    const char *type; /* Content-Type */
    char *text;       /* the caller's, by free(); NULL: empty */
    size_t n;
};
void metrics_reply(const struct metrics_source *s, enum metrics_page page,
                   struct metrics_reply *out);

/* ---- for the sources ---- */

/* Per peer, three metrics; `read` fills one after the other and returns false behind the last. */
struct metrics_peer {
    const char *name;
    uint64_t connections, requests, answers;
};
void metrics_peers(struct metrics_text *t,
                   bool (*read)(void *ctx, size_t i, struct metrics_peer *out), void *ctx);
/* What HTTPS listeners count: {"requests": N, "refused": {CAUSE: N}} of each, as https_api_counts
 * gives it. */
struct json_t;
struct metrics_listener {
    const char *name;
    struct json_t *counts; /* borrowed; NULL: left out */
};
void metrics_listeners(struct metrics_text *t, const struct metrics_listener *all, size_t n);

#endif
