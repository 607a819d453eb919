/* nf/hssd/lots_parts.h - what lots.c (which lots there are), lots_load.c (out of the store) and
 * lots_keys.c (their private keys) share. For these three only.
 */
#ifndef BINDERY_NF_HSSD_LOTS_PARTS_H
#define BINDERY_NF_HSSD_LOTS_PARTS_H

#include "nf/hssd/lots.h"
#include <pthread.h>

struct lots_table {
    struct lots_entry **entries; /* by their ids */
    size_t n, room;
    struct kme_lot_range *ranges; /* ascending; `lot` is an index into entries */
    size_t n_ranges, ranges_room;
};

struct lots_key {
    unsigned refs; /* under the lock of keys; the memory's own is one of them */
    uint64_t used; /* when last, as `turns` counts */
    struct kme_lot_id id;
    struct lot_key *key;
};

struct lots {
    pthread_mutex_t changing; /* who makes, plans or drops a change */
    pthread_rwlock_t swap;    /* of `now`; who reads holds it for one look-up */
    struct lots_table tables[2];
    unsigned now;
    struct lots_entry *planned;

    pthread_mutex_t keys_lock;
    struct lots_key *keys[LOTS_KEYS_KEPT];
    unsigned n_keys;
    uint64_t turns;
};

/* lots.c: room for so many in all; false without memory. */
bool lots_table_room(struct lots_table *t, size_t lots, size_t ranges);
/* The first lot that is not before this id, and the one of this id, or NULL. */
size_t lots_table_place(const struct lots_table *t, const struct kme_lot_id *id);
struct lots_entry *lots_table_entry(const struct lots_table *t, const struct kme_lot_id *id);
/* With no ranges yet, and room for n; NULL without memory. */
struct lots_entry *lots_entry_room(const struct kme_lot *lot, size_t n, int64_t imported);
/* lots_load.c: fills an empty table. Errors with *why: E_BAD_VALUE; E_IO, E_MEMORY. */
MUST_USE enum err lots_load(struct store_reader *r, struct lots_table *t, struct store_why *why);
/* lots.c: is there a lot of this id with this modulus now? E_NOT_FOUND: no such lot; E_WRONG_KEY:
 * its modulus is another. */
MUST_USE enum err lots_is_key_of(struct lots *l, const struct kme_lot_id *id, struct bytes modulus);
/* lots_keys.c: nobody is given the key of this lot any more. */
void lots_keys_forget(struct lots *l, const struct kme_lot_id *id);
void lots_keys_close(struct lots *l);

#endif
