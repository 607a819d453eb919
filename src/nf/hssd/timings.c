#include "nf/hssd/timings.h"

#include "codec/s13.h"
#include "codec/s6a.h"

const char *hssd_timed_name(enum hssd_timed command)
{
    static const char *const names[HSSD_TIMED_COUNT] = {
#define X(name) [HSSD_TIMED_##name] = #name,
        HSSD_TIMED(X)
#undef X
    };
    return names[command];
}

static enum hssd_timed command_of(const struct diameter_header *header)
{
    switch (header->command) {
    case S6A_AUTHENTICATION_INFORMATION:
        return HSSD_TIMED_AIR;
    case S6A_UPDATE_LOCATION:
        return HSSD_TIMED_ULR;
    case S6A_PURGE_UE:
        return HSSD_TIMED_PUR;
    case S6A_NOTIFY:
        return HSSD_TIMED_NOR;
    case S13_ME_IDENTITY_CHECK:
        return HSSD_TIMED_ECR;
    default:
        return HSSD_TIMED_OTHER;
    }
}

void hssd_timed(struct hssd_timings *timings, const struct diameter_header *header,
                enum refusal refused, uint64_t begun_ns)
{
    if (timings == NULL) {
        return;
    }
    const enum hssd_timed command = command_of(header);
    metrics_add(&timings->results[command][refused], 1);
    if (begun_ns != 0) {
        metrics_observe(&timings->times[command], metrics_now_ns() - begun_ns);
    }
}

void hssd_timed_add(const struct hssd_timings *timings, struct hssd_timed_sum *sum)
{
    for (unsigned c = 0; c < HSSD_TIMED_COUNT; c++) {
        metrics_times_add(&timings->times[c], &sum->times[c]);
        for (unsigned r = 0; r < REFUSAL_COUNT; r++) {
            sum->results[c][r] +=
                atomic_load_explicit(&timings->results[c][r], memory_order_relaxed);
        }
    }
}
