/* emulator/wheel.h - one timer for each of many devices, at a cost that does not depend on how many
 * there are: a wheel of slots of one millisecond, each a list of devices. A time further away than
 * one turn stays in its slot for as many turns as it needs.
 *
 * No clock: the present is handed in. Times are milliseconds that never go back.
 */
#ifndef BINDERY_EMULATOR_WHEEL_H
#define BINDERY_EMULATOR_WHEEL_H

#include "base/span.h"

#define WHEEL_SLOTS (1U << 14)
#define WHEEL_NEVER UINT64_MAX

struct wheel_entry {
    uint64_t at; /* WHEEL_NEVER: does not run */
    uint32_t next, previous;
};
struct wheel {
    uint32_t slot[WHEEL_SLOTS];
    uint64_t used[WHEEL_SLOTS / 64]; /* a bit for each slot that has somebody */
    struct wheel_entry *entry;
    uint32_t n;
    uint64_t now; /* whose slot is being looked through, and how far */
    uint32_t cursor;
};
/* Timers 0 to n - 1. Errors: E_MEMORY. */
MUST_USE enum err wheel_open(struct wheel *w, uint32_t n, uint64_t now);
void wheel_close(struct wheel *w);

/* Sets, moves or (WHEEL_NEVER) stops a timer. A time that is not in the future is due a
 * millisecond after the last one that wheel_next looked at. */
void wheel_set(struct wheel *w, uint32_t timer, uint64_t at);
/* One that is due at `now`, which is then stopped; false when there is none left. */
MUST_USE bool wheel_next(struct wheel *w, uint64_t now, uint32_t *timer);
/* Not later than the next one that is due; WHEEL_NEVER when none runs. */
uint64_t wheel_deadline(const struct wheel *w);

#endif
