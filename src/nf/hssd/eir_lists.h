/* nf/hssd/eir_lists.h - the EIR's lists in memory: one immutable table (proc/eir.h) that every
 * signalling thread looks things up in, and the thread that makes a new one when the lists changed.
 *
 * The store has the rules; the table is made of all of them at start, and again after a change,
 * beside the old one and then put in its place whole. A look-up takes no lock and waits for nobody;
 * whoever replaces a table waits until no look-up is in the old one. While the lists keep changing,
 * the thread that makes tables rests for as long as it worked. A table that cannot be made leaves
 * the one before in force, and is tried again.
 */
#ifndef BINDERY_NF_HSSD_EIR_LISTS_H
#define BINDERY_NF_HSSD_EIR_LISTS_H

#include "nf/common/log.h"
#include "proc/eir.h"
#include "store/store.h"

#define EIR_READERS_MAX 24 /* signalling threads, the control thread, and some to spare */

struct eir_lists;
/* Opens a reader of the store of its own and makes the first table. `most`: so many rules are held;
 * a store that has more is refused, with words. Errors: E_NO_ROOM (that), E_MEMORY, E_IO. */
MUST_USE enum err eir_lists_open(struct store *s, struct log *log, uint64_t most,
                                 struct eir_lists **out, struct store_why *why);
/* After its readers were closed, and before the store. Harmless on NULL. */
void eir_lists_close(struct eir_lists *l);
/* The lists in the store were changed and that is durable: a new table is made, soon. Any thread.
 */
void eir_lists_changed(struct eir_lists *l);

/* What is in force. */
struct eir_lists_state {
    uint64_t version; /* of the store's lists (struct store_eir) */
    uint64_t rules;
    uint64_t edges;
    uint64_t octets; /* of memory that the table takes */
};
void eir_lists_state(struct eir_lists *l, struct eir_lists_state *out);

/* One for each thread that looks up. */
struct eir_reader;
/* Errors: E_NO_ROOM (EIR_READERS_MAX). */
MUST_USE enum err eir_reader_open(struct eir_lists *l, struct eir_reader **out);
void eir_reader_close(struct eir_reader *r); /* harmless on NULL */
/* The list that decides for this IMEI. *rule (if not NULL) is the deciding rule; with EIR_NO_LIST
 * it is left as it was. */
enum eir_list eir_reader_find(struct eir_reader *r, const struct imei *imei, struct eir_rule *rule);

#endif
