/* nf/common/store_note.h - the line of the log that says that a store was put there from a backup:
 * of every daemon that has one. It decides nothing.
 */
#ifndef BINDERY_NF_COMMON_STORE_NOTE_H
#define BINDERY_NF_COMMON_STORE_NOTE_H

#include "nf/common/log.h"
#include "store/store_backup.h"

#define STORE_NOTE_TIME 24 /* "2026-11-22T04:00:00Z", and its end */

/* When its backup was made, as people read it; "?" for what is no time. */
void store_note_time(const struct store_origin *o, char out[static STORE_NOTE_TIME]);
/* "store-restored", when the store was and nobody said it yet; else nothing. */
void store_note_restored(struct log *log, const struct store_origin *o);

#endif
