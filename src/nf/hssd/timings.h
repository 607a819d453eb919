/* nf/hssd/timings.h - how long a signalling thread took for its answers, and what they were: by
 * command, for nf/hssd/metrics.h.
 *
 * Each signalling thread has its own and is the only one that adds to it, so an answer costs a few
 * additions and one look at the clock, and no locked instruction.
 */
#ifndef BINDERY_NF_HSSD_TIMINGS_H
#define BINDERY_NF_HSSD_TIMINGS_H

#include "base/refusal.h"
#include "codec/diameter.h"
#include "nf/common/metrics.h"

#define HSSD_TIMED(X)                                                                              \
    X(AIR)                                                                                         \
    X(ULR)                                                                                         \
    X(PUR)                                                                                         \
    X(NOR)                                                                                         \
    X(ECR)                                                                                         \
    X(OTHER)
enum hssd_timed {
#define X(name) HSSD_TIMED_##name,
    HSSD_TIMED(X)
#undef X
        HSSD_TIMED_COUNT
};
const char *hssd_timed_name(enum hssd_timed command); /* "AIR" */

struct hssd_timings {
    struct metrics_histogram times[HSSD_TIMED_COUNT];
    _Atomic uint64_t results[HSSD_TIMED_COUNT][REFUSAL_COUNT]; /* REFUSAL_NONE: success */
};
/* An answer is about to be queued. begun_ns: metrics_now_ns when its request's turn came; 0: it is
 * not known, and only the result counts. timings NULL: nothing is noted. */
void hssd_timed(struct hssd_timings *timings, const struct diameter_header *header,
                enum refusal refused, uint64_t begun_ns);
/* From any thread: adds one thread's to a sum. */
struct hssd_timed_sum {
    struct metrics_times times[HSSD_TIMED_COUNT];
    uint64_t results[HSSD_TIMED_COUNT][REFUSAL_COUNT];
};
void hssd_timed_add(const struct hssd_timings *timings, struct hssd_timed_sum *sum);

#endif
