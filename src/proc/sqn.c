#include "proc/sqn.h"

#define MS_PER_TICK (1000u / SQN_TICKS_PER_SECOND)
/* No real GLC comes near this; it keeps GLC + DIF within a signed number whatever a store says. */
#define GLC_MAX (UINT64_C(1) << 62)

static uint64_t wall_ticks(uint64_t wall_unix_ms)
{
    const uint64_t epoch_ms = SQN_EPOCH_UNIX * 1000;
    return wall_unix_ms > epoch_ms ? (wall_unix_ms - epoch_ms) / MS_PER_TICK : 0;
}

struct sqn_clock sqn_clock_start(uint64_t wall_unix_ms, uint64_t monotonic_ms, uint64_t stored_mark)
{
    /* A mark beyond all reason leaves a clock from which nothing is drawn, not one that wraps. */
    uint64_t glc = stored_mark < GLC_MAX ? stored_mark + 1 : GLC_MAX + 1;
    uint64_t wall = wall_ticks(wall_unix_ms);
    if (wall > glc) {
        glc = wall;
    }
    /* Unsigned on purpose: an offset "below zero" wraps here and wraps back in sqn_glc. */
    return (struct sqn_clock){.offset = glc - monotonic_ms / MS_PER_TICK};
}

uint64_t sqn_glc(const struct sqn_clock *clock, uint64_t monotonic_ms)
{
    return clock->offset + monotonic_ms / MS_PER_TICK;
}

bool sqn_mark_due(uint64_t glc, uint64_t mark, uint64_t *next)
{
    if (mark >= glc && mark - glc > SQN_MARK_RENEW) {
        return false;
    }
    *next = glc + SQN_MARK_AHEAD;
    return true;
}

/* GLC + DIF when that is a SEQ one may issue. */
static bool seq_at(uint64_t glc, int64_t dif, uint64_t *seq)
{
    if (glc > GLC_MAX || dif > (int64_t)SEQ_MAX) {
        return false;
    }
    int64_t sum = (int64_t)glc + dif;
    if (sum < 1 || sum > (int64_t)SEQ_MAX) {
        return false;
    }
    *seq = (uint64_t)sum;
    return true;
}

enum err sqn_draw(uint64_t glc, uint64_t mark, int64_t dif, uint64_t last, unsigned want,
                  uint64_t *first_seq, unsigned *got, uint64_t *new_last)
{
    if (want == 0) {
        return E_BAD_VALUE;
    }
    uint64_t seq = 0;
    uint64_t start = last >= glc ? last + 1 : glc;
    if (last >= mark || start > mark || !seq_at(start, dif, &seq)) {
        return E_EXHAUSTED;
    }
    uint64_t n = want;
    if (n > mark - start + 1) {
        n = mark - start + 1;
    }
    if (n > SEQ_MAX - seq + 1) {
        n = SEQ_MAX - seq + 1;
    }
    *first_seq = seq;
    *got = (unsigned)n;
    *new_last = start + n - 1;
    return E_OK;
}

uint64_t sqn_of(uint64_t seq, unsigned ind)
{
    return seq << SQN_IND_BITS | ind % SQN_IND_COUNT;
}

enum err sqn_resync(uint64_t next_glc, int64_t dif, uint64_t sqn_ms, int64_t *new_dif,
                    bool *changed)
{
    uint64_t seq_ms = sqn_ms >> SQN_IND_BITS;
    uint64_t next = 0;
    if (seq_ms >= SEQ_MAX || next_glc > GLC_MAX) {
        return E_EXHAUSTED;
    }
    /* A replayed AUTS, or one that crossed with a newer vector, must not move DIF. */
    bool fits = seq_at(next_glc, dif, &next) && next > seq_ms && next - seq_ms <= SEQ_DELTA;
    *new_dif = fits ? dif : (int64_t)(seq_ms + 1) - (int64_t)next_glc;
    *changed = !fits;
    return E_OK;
}
