/* cli/load_slots.h - the requests of one thread that are due and not yet decided: a pool of fixed
 * size, found by hop-by-hop identifier, oldest first, and in queues of those that are not sent yet.
 *
 * A hop-by-hop identifier is the slot's number and a count of its uses, so a late answer finds that
 * its request is gone and is never taken for another's.
 */
#ifndef BINDERY_CLI_LOAD_SLOTS_H
#define BINDERY_CLI_LOAD_SLOTS_H

#include "cli/load_mix.h"

#define LOAD_NO_SLOT UINT32_MAX

enum load_slot_state { LOAD_FREE, LOAD_WAITING, LOAD_SENT };
struct load_slot {
    uint64_t due; /* nanoseconds of load_now */
    uint64_t imsi;
    uint32_t id;           /* hop-by-hop */
    uint32_t conn;         /* of the thread's connections */
    uint32_t older, newer; /* by age; free ones are chained by newer */
    uint32_t behind;       /* the next of its queue, while it waits */
    uint32_t key;          /* of a resynchronisation: the row of load_keys */
    uint8_t kind;          /* enum load_kind */
    uint8_t state;
    bool counted; /* due after the warm-up */
};
struct load_slots {
    struct load_slot *slot;
    unsigned bits;
    uint32_t free, oldest, newest, used;
};
struct load_queue {
    uint32_t first, last, n;
};
/* 2^bits slots. Errors: E_MEMORY. */
MUST_USE enum err load_slots_open(struct load_slots *s, unsigned bits);
void load_slots_close(struct load_slots *s);
/* The newest; NULL when none is free. Its state is LOAD_WAITING, its id is fresh. */
struct load_slot *load_slots_take(struct load_slots *s);
/* It must be in no queue. */
void load_slots_give(struct load_slots *s, struct load_slot *slot);
/* NULL when there is none of this id. */
struct load_slot *load_slots_find(struct load_slots *s, uint32_t id);
struct load_slot *load_slots_oldest(struct load_slots *s); /* NULL: none is used */
uint32_t load_slots_number(const struct load_slots *s, const struct load_slot *slot);

struct load_queue load_queue_empty(void);
void load_queue_put(struct load_slots *s, struct load_queue *q, struct load_slot *slot);
struct load_slot *load_queue_take(struct load_slots *s, struct load_queue *q); /* NULL: empty */

#endif
