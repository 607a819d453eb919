/* nf/dausfd/asked.h - how often each dIMSI was asked for, between two writes to the store.
 *
 * A request for vectors costs a read and no write: it is counted here, in a table of fixed size,
 * and the control thread adds what came together to the store now and then. Only dIMSIs that have
 * an entry are counted, so guessed ones cost nothing. What does not fit is not counted. Any thread.
 */
#ifndef BINDERY_NF_DAUSFD_ASKED_H
#define BINDERY_NF_DAUSFD_ASKED_H

#include "store/discovery_store.h"

#define ASKED_ROOM 4096u /* dIMSIs at a time */

struct asked;
/* Errors: E_MEMORY. */
MUST_USE enum err asked_open(struct asked **out);
void asked_close(struct asked *a);
/* False: there is no room before the next asked_take. */
bool asked_note(struct asked *a, const struct imsi *dimsi, int64_t now);
/* Moves all of it out, in no order; the table is empty then. *n rows of `rows`. */
void asked_take(struct asked *a, struct discovery_asked rows[static ASKED_ROOM], size_t *n);

#endif
