/* store/store_backup.h - where a store came from, and copies of it: made while it is in use,
 * verified, and put in its place again.
 *
 * A backup is one database file and, beside it, a manifest in text ("FILE.manifest"). It holds what
 * the store holds: secrets are sealed in it as they are there, and the key file is not part of it.
 * The same functions serve every kind of store of this room: the HSS's and those of store_file.h.
 * Nothing here is for a thread that signals.
 */
#ifndef BINDERY_STORE_STORE_BACKUP_H
#define BINDERY_STORE_STORE_BACKUP_H

#include "store/store.h"

#include <limits.h>

#define STORE_BACKUP_NAME_MAX   64
#define STORE_BACKUP_TABLES_MAX 64

/* ---- where it came from (store_origin.c) ---- */

/* What store_open found; it does not change while the store is open. A crash after that is found by
 * the next opening as closed_in_order false. */
struct store_origin {
    bool closed_in_order; /* by the process before this one; true of a new store */
    bool restored;        /* put there from a backup, and nobody has told it since */
    int64_t restored_at;  /* Unix seconds: the last time that happened; 0: never */
    int64_t backup_at;    /* when that backup was made */
    char backup[STORE_BACKUP_NAME_MAX + 1]; /* its file name, or as much of it as fits */
    char sha256[65];                        /* of that file; empty where nobody noted it */
    bool loss;      /* what was recorded after that backup may be missing (never of the HSS's) */
    uint64_t floor; /* numbers and serials up to this one are not given again (the same) */
};
const struct store_origin *store_origin_of(const struct store *s);
/* That it was restored was told: inside a batch, with what tells it. Errors: E_BAD_STATE, E_IO. */
MUST_USE enum err store_origin_told(struct store_writer *w);

/* ---- manifests (store_manifest.c) ---- */

struct store_manifest {
    int64_t made;         /* Unix seconds */
    uint32_t application; /* which kind of store: PRAGMA application_id */
    uint32_t schema;
    char store_id[33]; /* hex; empty in a store without sealed secrets */
    char key[33];      /* hex: struct store_kek_id of the key file that opens it; or empty */
    uint64_t mark;     /* of sequence numbers; 0 in a store that has none */
    uint64_t octets;
    char sha256[65]; /* of the database file */
    size_t n;
    struct {
        char name[32];
        uint64_t rows;
    } tables[STORE_BACKUP_TABLES_MAX]; /* in ascending order */
};
/* The manifest beside a backup. Errors: E_NOT_FOUND (no manifest: not a finished backup),
 * E_BAD_VALUE, E_IO. */
MUST_USE enum err store_manifest_read(const char *backup, struct store_manifest *out,
                                      struct store_why *why);

/* ---- making one (store_backup.c) ---- */

struct store_backup_options {
    const char *store; /* the database file, in use or not */
    const char *out;   /* never replaces a file that is there */
    /* Between two steps of some 1 MiB: the thread may rest here. False ends it. NULL: no rest. */
    bool (*go_on)(void *ctx, uint64_t pages, uint64_t of);
    void *ctx;
};
/* One state of the store: the one at the beginning; changes go on meanwhile, and the log of the
 * store grows by them. On E_OK the backup and its manifest survive a power cut; on an error neither
 * is there. Errors, also in why->err: E_EXISTS, E_NO_ROOM (disk full), E_DENIED, E_NOT_FOUND (the
 * store, or the folder), E_BAD_STATE (go_on ended it), E_BAD_VALUE (no store), E_MEMORY, E_IO. */
MUST_USE enum err store_backup_make(const struct store_backup_options *o,
                                    struct store_manifest *out, struct store_why *why);

/* ---- verifying and restoring (store_restore.c) ---- */

/* Size and SHA-256 are the manifest's, SQLite finds the file sound, rows are as many as the
 * manifest says, and the key file (NULL: not looked at) opens it. Changes nothing. Errors:
 * E_NOT_FOUND, E_BAD_VALUE (damaged, or no backup), E_WRONG_KEY, E_TOO_NEW, E_DENIED, E_IO,
 * E_MEMORY. */
MUST_USE enum err store_backup_verify(const char *backup, const char *kek_path,
                                      struct store_manifest *out, struct store_why *why);

struct store_restore_options {
    const char *backup;
    const char *store;
    const char *kek_path; /* NULL for a store without secrets */
    int64_t now;          /* Unix seconds */
    uint64_t mark_least;  /* of an HSS: no sequence number up to this one may come again */
    bool accept_loss;     /* of the others: go on where what came after the backup is lost */
};
#define STORE_ASIDE_MAX 4160 /* a path, and what is put behind it */
struct store_restored {
    struct store_manifest manifest;
    char aside[STORE_ASIDE_MAX]; /* where the store went that was there; empty: none was */
    bool finished_earlier;       /* one that was begun before was finished, and nothing else done */
    const char *program;         /* whose store it is: "bindery-hssd", ... */
    /* of an HSS: */
    bool old_mark_read; /* the store that was there told its mark */
    uint64_t mark;      /* in the store now */
    /* of the others: */
    bool taken_over; /* what came after the backup, from the store that was there */
    bool loss;       /* some of that may be missing: accept_loss */
};
/* Offline: takes the store's lock. The store that is there is moved aside with its log, never
 * removed. Ended at any point, either the old store is in its place, or opening it is refused with
 * E_CONFLICT until this was called again, which finishes it.
 *
 * Of an HSS the mark becomes the greatest of the backup's, the old store's and mark_least. The
 * others keep records whose promises a step back in time would break (to whom an ARPF released a
 * key, say): where the old store can be read and goes on from the backup, what is newer in it is
 * taken over. Where not, it is E_CONFLICT without accept_loss; with it, what can be read is taken
 * over, and numbers are given above the clock's milliseconds, so that none comes twice.
 *
 * Errors: as store_backup_verify; E_LOCKED, E_BAD_VALUE (also: the clock is before the backup's
 * time, or another program's store is there), E_NO_ROOM. */
MUST_USE enum err store_restore(const struct store_restore_options *o, struct store_restored *out,
                                struct store_why *why);

#endif
