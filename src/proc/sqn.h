/* proc/sqn.h - the home side of sequence numbers, from a clock and without a write per vector
 * (TS 33.102 C.1.1.3 and C.3.3).
 *
 * SEQ = max(GLC + DIF, last issued + 1). GLC is the global counter, in units of 0.1 s; DIF is the
 * one number stored per subscriber. Bounds are kept in GLC space: no value above `mark` is ever
 * issued, `mark` is stored before it counts, and a restart begins above it. So no kill and no clock
 * can make a SEQ come twice for the same DIF. Time and storage are the caller's; pure functions.
 */
#ifndef BINDERY_PROC_SQN_H
#define BINDERY_PROC_SQN_H

#include "proc/aka.h"

#define SQN_TICKS_PER_SECOND 10u
/* 2026-10-01T00:00:00Z. A USIM that has seen nothing accepts GLC as it is for 310 days from here
 * (delta is 2^28 ticks); a subscription that is made later gets a DIF that begins at SEQ 1. Fixed
 * for good: with another epoch every stored DIF would mean something else. */
#define SQN_EPOCH_UNIX UINT64_C(1790812800)
#define SQN_MARK_AHEAD 600u /* ticks: how far ahead of GLC the mark is stored */
#define SQN_MARK_RENEW 300u /* ticks left at which the mark is renewed */

/* GLC of a process: the monotonic clock plus an offset fixed at start. */
struct sqn_clock {
    uint64_t offset; /* ticks added to the monotonic ticks */
};
/* At start: GLC begins at the wall clock, or just above the stored mark if that is later (a restart
 * within a tick, a wall clock that was set back). */
struct sqn_clock sqn_clock_start(uint64_t wall_unix_ms, uint64_t monotonic_ms,
                                 uint64_t stored_mark);
uint64_t sqn_glc(const struct sqn_clock *clock, uint64_t monotonic_ms);
/* Must the mark be stored anew, and to what? Returns true and *next when it must. */
bool sqn_mark_due(uint64_t glc, uint64_t mark, uint64_t *next);

/* Draws up to `want` consecutive SEQs. `last` is the last GLC value issued for this subscriber, 0
 * if none is remembered. On E_OK *first_seq is the first SEQ, *got how many (1 to want) and
 * *new_last what to remember. Errors: E_EXHAUSTED when not even one fits below the mark, or the SEQ
 * would leave its 43 bits (SEQ 0 is never issued: no USIM accepts it); E_BAD_VALUE when want is 0.
 */
MUST_USE enum err sqn_draw(uint64_t glc, uint64_t mark, int64_t dif, uint64_t last, unsigned want,
                           uint64_t *first_seq, unsigned *got, uint64_t *new_last);
/* SQN from SEQ and this instance's IND (0 to 31). */
uint64_t sqn_of(uint64_t seq, unsigned ind);

/* What a verified SQN_MS demands: *changed says whether DIF must be stored; unchanged if the next
 * SEQ would be accepted as it is (C.1.1.3, C.2.1). `next_glc` is the GLC value that would be issued
 * next. Errors: E_EXHAUSTED when SEQ_MS is so high that no SEQ above it is left. */
MUST_USE enum err sqn_resync(uint64_t next_glc, int64_t dif, uint64_t sqn_ms, int64_t *new_dif,
                             bool *changed);

#endif
