/* cli/load_result.h - what a load counts, and how it is told: to a person, and in JSON.
 *
 * A time is measured from when the request was due, so a server that stalls is charged for the
 * requests that had to wait meanwhile (no coordinated omission). A request counts where it was due,
 * and only if that was after the warm-up. Every request is decided once: succeeded, or failed with
 * one cause.
 */
#ifndef BINDERY_CLI_LOAD_RESULT_H
#define BINDERY_CLI_LOAD_RESULT_H

#include "cli/load_plan.h"
#include "emulator/load_histogram.h"
#include <jansson.h>

#define LOAD_CAUSES_MAX 32
#define LOAD_COLUMNS    100 /* what is kept over time: the duration in so many parts */

/* Failures that are no results of the HSS; below 1000, where no Result-Code is. */
enum load_failure {
    LOAD_NO_ANSWER = 1, /* within --timeout of when it was due */
    LOAD_NOT_SENT,      /* no connection, or no room on it, within that time; or too many wait */
    LOAD_LOST,          /* the connection broke before the answer */
    LOAD_MALFORMED,     /* an answer without a result */
    LOAD_OTHER,         /* further results, when there are more than fit the table */
};
struct load_cause {
    uint32_t code; /* enum load_failure, or of the answer */
    bool experimental;
    uint64_t n;
};
/* The name of a result, or words for a failure; the number in text where there is no name. */
const char *load_cause_name(const struct load_cause *c, char text[static 32]);

struct load_kind_count {
    uint64_t offered, succeeded;
    struct load_histogram latency; /* of the successes */
};
struct load_column {
    uint64_t offered, succeeded, failed;
    struct load_histogram latency;
};
struct load_counts {
    struct load_kind_count kind[LOAD_KINDS];
    struct load_histogram latency; /* of all successes */
    struct load_histogram refused; /* of answers with another result than success */
    struct load_histogram lag;     /* from when it was due to when it was handed to the socket */
    uint64_t offered, sent, succeeded, failed;
    uint64_t late;      /* answers after --timeout: their requests had failed already */
    uint64_t cancelled; /* location cancellations that came, and were answered */
    uint64_t breaks;    /* connections that ended while they were open */
    uint64_t last_ns;   /* the latest success, from the start of what is measured */
    uint64_t span_ns;   /* how long that went: as planned, or until it was interrupted */
    bool interrupted;
    struct load_cause cause[LOAD_CAUSES_MAX];
    struct load_column column[LOAD_COLUMNS];
};
/* `at`: nanoseconds from the start of what is measured to when it was due. */
struct load_column *load_column_at(struct load_counts *c, const struct load_plan *p, uint64_t at);
void load_count_cause(struct load_counts *c, uint32_t code, bool experimental, uint64_t n);
void load_counts_merge(struct load_counts *to, const struct load_counts *from);

/* Succeeded per second, from the start to the end or the last success, whichever is later. */
double load_achieved(const struct load_counts *c, const struct load_plan *p);
double load_offered(const struct load_counts *c, const struct load_plan *p);
/* "20000/s poisson for 10 s, air=80,ulr=20, 4 x 2 connections to tcp://..." */
void load_describe(const struct load_plan *p, char *out, size_t cap);
void load_report(const struct load_counts *c, const struct load_plan *p, FILE *to);
json_t *load_json(const struct load_counts *c, const struct load_plan *p); /* NULL: no memory */

#endif
