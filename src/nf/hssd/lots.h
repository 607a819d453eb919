/* nf/hssd/lots.h - manufacturers' lots as an HSS has them in its hands: which lot an IMEI is of,
 * and P and Q for whoever opens a payload (procedure kme, step 9).
 *
 * Ids, moduli and ranges of all lots are in memory, and one bisection finds an IMEI's; of the
 * private keys only some are, the latest used, for they are large and sealed in the store. There
 * are two tables: a change is made in the one that nobody reads, they change places, and it is made
 * in the other. So who reads waits for nobody, and memory was taken before anything was stored.
 * Whether a lot may be added is decided here, by the writer's thread. No private key leaves.
 */
#ifndef BINDERY_NF_HSSD_LOTS_H
#define BINDERY_NF_HSSD_LOTS_H

#include "net/lot_key.h"
#include "proc/kme.h"
#include "store/store.h"
#include <stdatomic.h>

#define LOTS_KEYS_KEPT 64u /* private keys in memory, at most */

struct lots;
/* Reads all lots. Errors with *why: E_IO, E_MEMORY, E_BAD_VALUE (ranges that overlap, or lots
 * without them: the store was changed by something else). */
MUST_USE enum err lots_open(struct store *s, struct lots **out, struct store_why *why);
/* After all keys were released. Harmless on NULL. */
void lots_close(struct lots *l);
uint64_t lots_count(struct lots *l);

/*= kme-find */
/* Any thread. Errors: E_NOT_FOUND (no lot covers it). */
MUST_USE enum err lots_find(struct lots *l, const struct imei *imei, struct kme_lot *out);

/* The private key of a lot, from memory or through `reader`; lots_release when done. Any thread,
 * each with its reader. A lot that is removed meanwhile does not take the key from whoever has it.
 * Errors: E_NOT_FOUND (no such lot any more), E_WRONG_KEY (its row does not open, or is not that of
 * this lot's N), E_IO, E_MEMORY, E_CRYPTO. */
struct lots_key;
MUST_USE enum err lots_take(struct lots *l, struct store_reader *reader,
                            const struct kme_lot_id *id, struct lots_key **out);
void lots_release(struct lots *l, struct lots_key *key); /* harmless on NULL */
/* What opens payloads with it (struct kme_opener of proc/kme.h); lives as long as the key. */
struct kme_opener lots_opener(const struct lots_key *key);
unsigned lots_keys_held(struct lots *l); /* by the memory, not by those who took one */

/* ---- for the administration interface ---- */

/* A lot with all that is public of it. Shared and never changed; whoever was given one drops it. */
struct lots_entry {
    atomic_uint refs;
    bool planned; /* the owner of the table sees to it */
    struct lots_entry *next;
    struct kme_lot lot;
    int64_t imported; /* Unix seconds */
    size_t n;
    struct imei_range ranges[]; /* ascending and disjoint */
};
/* What is wrong with a lot that is to be added, for a person. */
struct lots_why {
    char text[240];
};
/* Ranges in any order. Errors: E_BAD_LENGTH (none, or more than STORE_LOT_RANGES_MAX), E_BAD_VALUE
 * with *why (a range covers an IMEI of another), E_MEMORY. */
MUST_USE enum err lots_entry_new(const struct kme_lot *lot, const struct imei_range *ranges,
                                 size_t n, int64_t imported, struct lots_entry **out,
                                 struct lots_why *why);
void lots_entry_drop(struct lots_entry *e); /* harmless on NULL */

/* On the writer's thread, before it is stored: may it be added? Then its ranges are taken, and so
 * is the memory, until lots_added or lots_drop. With *same it is there already, as it is, and
 * nothing was taken. Errors: E_EXISTS (another lot has the id), E_CONFLICT (two lots would cover an
 * IMEI), both with *why; E_MEMORY. */
MUST_USE enum err lots_plan(struct lots *l, struct lots_entry *e, bool *same, struct lots_why *why);
/* It could not be stored. On the writer's thread, before its next batch; harmless on one that is
 * not planned. */
void lots_drop(struct lots *l, struct lots_entry *e);
/* The writer stored a planned one, or removed one, and that is durable. On the control thread, in
 * the order of the writer's jobs. */
void lots_added(struct lots *l, struct lots_entry *e);
void lots_removed(struct lots *l, const struct kme_lot_id *id);

/* Lots after `after` (NULL: from the first) by their ids: at most max, and not many more than
 * max_ranges ranges in all. The caller drops them. *more: there are others behind. */
void lots_page(struct lots *l, const struct kme_lot_id *after, size_t max, size_t max_ranges,
               struct lots_entry **out, size_t *n, bool *more);
/* NULL: no such lot. */
struct lots_entry *lots_get(struct lots *l, const struct kme_lot_id *id);

#endif
