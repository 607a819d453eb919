/* store/store_backup_parts.h - what the files share that make, verify and restore backups. Nobody
 * else includes it.
 */
#ifndef BINDERY_STORE_STORE_BACKUP_PARTS_H
#define BINDERY_STORE_STORE_BACKUP_PARTS_H

#include "store/store_file.h"
#include "store/store_internal.h"

#define BACKUP_MANIFEST ".manifest"
#define BACKUP_PARTIAL  ".partial"

/* ---- store_manifest.c ---- */

/* SHA-256 and size of a file. Errors: E_NOT_FOUND, E_DENIED, E_MEMORY, E_CRYPTO, E_IO. */
MUST_USE enum err backup_digest(const char *path, uint64_t *octets, char out[static 65]);
/* Durable when it returns E_OK; errno says why not. */
MUST_USE enum err manifest_write(const char *path, const struct store_manifest *m);
MUST_USE bool manifest_parse(const char *text, struct store_manifest *out);

/* ---- store_backup.c ---- */

/* A connection of its own to a database file, with nothing kept of it in memory and no mapping: a
 * bad sector is an error and not a signal. *out is to be closed in any case. */
MUST_USE enum err backup_connect(const char *path, int flags, sqlite3 **out);
/* What a manifest says of the database itself: kind, schema, identity, mark, rows. */
MUST_USE enum err backup_describe(sqlite3 *db, struct store_manifest *out);
/* E_NO_ROOM for a full disk. */
MUST_USE enum err backup_err(int rc);
/* One number of a statement without parameters. Errors: E_NOT_FOUND (no row). */
MUST_USE enum err backup_number(sqlite3 *db, const char *sql, int64_t *out);
/* Which of our programs' the database at `path` is. False: there is none that could be read. */
bool backup_application(const char *path, uint32_t *out);

/* ---- store_restore.c ---- */

/* SQLite finds the file sound. Errors: E_BAD_VALUE, with the words. */
MUST_USE enum err backup_check_sound(sqlite3 *db, const char *path, struct store_why *why);

/* ---- store_carry.c ---- */

struct carry {
    const struct store_file_kind *kind;
    const char *old;      /* the store that is there, or that is not */
    const char *store_id; /* of the backup, in hex; or empty */
    char scratch[STORE_PATH_MAX + 64];
    bool attached; /* as "old", to the connection */
    bool whole;    /* out: it goes on from the backup, and all that is newer was taken over */
    char why_not[256];
};
/* Has a copy of the old store, brought to the schema of this program, attached to *db as "old".
 * E_OK also where it cannot be read: then `attached` is false, and `why_not` says it. Errors:
 * E_NO_ROOM, E_DENIED, E_MEMORY, with the words. */
MUST_USE enum err carry_attach(struct carry *c, sqlite3 *db, struct store_why *why);
/* In a transaction. Errors: as SQLite's. */
MUST_USE enum err carry_rows(struct carry *c, sqlite3 *db);
/* Removes the copy, and what a kill left of one. */
void carry_clean(const struct carry *c);
/* The kind of store that this application id names; NULL: none of ours. */
const struct store_file_kind *store_kind_of(uint32_t application);

#endif
