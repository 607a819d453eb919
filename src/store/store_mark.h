/* store/store_mark.h - a second place for the mark of sequence numbers (proc/sqn.h), for when the
 * store cannot take it: "<store>.mark", beside the store.
 *
 * Why a file and not room kept free: a commit of SQLite adds to its log, and when that may begin
 * anew hangs on readers, on checkpoints, and on whether the store itself has room to grow; what is
 * given back to the disk is anybody's. This file has its size from the beginning, its blocks have
 * been written once, and a mark is written over one that was there, so nothing is asked of the disk
 * but to take it. Two places in it take turns, each with a digest and the store's id: a write that
 * was cut short leaves the one before. A file system that never writes in place (btrfs, ZFS) may
 * refuse even that, and then it is as without the file.
 *
 * The mark that holds is the greater of the store's and this one. It never goes down. It is read
 * at each start, so the file belongs to the store and moves with it; one of another store counts
 * for nothing. Nothing else is kept here.
 */
#ifndef BINDERY_STORE_STORE_MARK_H
#define BINDERY_STORE_STORE_MARK_H

#include "store/store.h"

struct store_mark;
/* Takes or makes the file of an open store; *mark is the one in it, 0: none. A file that cannot be
 * made now (there may be no room) is tried again by store_mark_put. Errors: E_MEMORY; E_IO,
 * E_DENIED (it is there and cannot be read: it may have the mark that holds). */
MUST_USE enum err store_mark_open(const struct store *s, struct store_mark **out, uint64_t *mark,
                                  struct store_why *why);
/* Durable when it returns. Writes nothing if it has this one or a greater one. One thread at a
 * time. Errors: E_IO (nothing is lost: the last one is still there), E_CRYPTO. */
MUST_USE enum err store_mark_put(struct store_mark *m, uint64_t mark);
void store_mark_close(struct store_mark *m); /* NULL: nothing */

#endif
