/* nf/common/metrics.h - what a network function counts and measures, as text that Prometheus reads
 * (exposition format 0.0.4), and histograms that cost a signalling thread next to nothing.
 *
 * A histogram belongs to one thread: that thread alone adds to it, others read, and nobody takes a
 * lock. The text is made by whoever is asked for it, from counters as they stand at that moment.
 * Names and helps are in nf/common/metrics_table.h; nothing here knows what a number means, and
 * nothing here reads a file or the network.
 */
#ifndef BINDERY_NF_COMMON_METRICS_H
#define BINDERY_NF_COMMON_METRICS_H

#include "base/err.h"
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum metric_kind { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };
struct metric {
    const char *name;
    enum metric_kind kind;
    const char *labels; /* their names with a space between; "" : none */
    const char *help;
};

/* ---- histograms of times ---- */

/* Upper bounds in microseconds, as the text has them in seconds; beyond the last is +Inf. */
#define METRICS_BOUNDS(X)                                                                          \
    X(25, "2.5e-05")                                                                               \
    X(50, "5e-05")                                                                                 \
    X(100, "0.0001")                                                                               \
    X(250, "0.00025")                                                                              \
    X(500, "0.0005")                                                                               \
    X(1000, "0.001")                                                                               \
    X(2500, "0.0025")                                                                              \
    X(5000, "0.005")                                                                               \
    X(10000, "0.01")                                                                               \
    X(25000, "0.025")                                                                              \
    X(50000, "0.05")                                                                               \
    X(100000, "0.1")                                                                               \
    X(250000, "0.25")                                                                              \
    X(500000, "0.5")                                                                               \
    X(1000000, "1")                                                                                \
    X(2500000, "2.5")                                                                              \
    X(10000000, "10")
#define X(us, text) +1
enum { METRICS_BUCKETS = METRICS_BOUNDS(X) + 1 };
#undef X
struct metrics_histogram {
    _Atomic uint64_t n[METRICS_BUCKETS]; /* of this bucket alone */
    _Atomic uint64_t sum_ns;
};
struct metrics_times { /* of one thread or several, as they stood */
    uint64_t n[METRICS_BUCKETS];
    uint64_t sum_ns;
};
/* Adds one to a counter that only this thread adds to: no locked instruction. */
void metrics_add(_Atomic uint64_t *counter, uint64_t n);
/* By the histogram's own thread. */
void metrics_observe(struct metrics_histogram *h, uint64_t ns);
/* From any thread: adds what is in it to *sum. */
void metrics_times_add(const struct metrics_histogram *h, struct metrics_times *sum);
uint64_t metrics_now_ns(void); /* monotonic */

/* ---- the text ---- */

#define METRICS_TEXT_MAX (16u << 20)
struct metrics_text { /* zeros at first */
    char *p;          /* no NUL at its end; free() when done */
    size_t n, room;
    bool failed; /* no memory, or more than METRICS_TEXT_MAX: there is no text */
};
struct metrics_label {
    const char *name;
    const char *value; /* any text: it is escaped, and cut at a whole UTF-8 character if too long */
};
#define METRICS_LABEL_MAX 256u /* octets of a value */

/* HELP and TYPE: once before the samples of a metric. */
void metrics_begin(struct metrics_text *t, const struct metric *m);
void metrics_sample(struct metrics_text *t, const struct metric *m,
                    const struct metrics_label *labels, size_t n, uint64_t value);
/* A value that may be negative, or unknown (NaN, with known false). */
void metrics_sample_signed(struct metrics_text *t, const struct metric *m,
                           const struct metrics_label *labels, size_t n, int64_t value, bool known);
void metrics_sample_times(struct metrics_text *t, const struct metric *m,
                          const struct metrics_label *labels, size_t n,
                          const struct metrics_times *times);
/* Begin and one sample without labels. */
void metrics_one(struct metrics_text *t, const struct metric *m, uint64_t value);

#endif
