/* store/store_file.h - a database of one process, from its path to where its statements can be
 * prepared: lock, identity, key file and data key if there are secrets in it, schema, write-ahead
 * log. For files of this room that keep a table or two of their own; store/store.h's has its own
 * way.
 *
 * What is in the tables is not known here. A file that a crash left half made held nothing yet, and
 * is finished with the next start.
 */
#ifndef BINDERY_STORE_STORE_FILE_H
#define BINDERY_STORE_STORE_FILE_H

#include "store/store_internal.h"

/* What the first step of a schema begins with: tables of store_kek.c. */
#define STORE_FILE_KEY_TABLES                                                                      \
    "CREATE TABLE identity ("                                                                      \
    " id INTEGER PRIMARY KEY CHECK (id = 1),"                                                      \
    " store_id BLOB NOT NULL,"                                                                     \
    " created_at INTEGER NOT NULL) STRICT;"                                                        \
    "CREATE TABLE data_key ("                                                                      \
    " id INTEGER PRIMARY KEY,"                                                                     \
    " wrapped BLOB NOT NULL,"                                                                      \
    " created_at INTEGER NOT NULL) STRICT;"

/* Where it came from (struct store_origin): a step of each schema. */
#define STORE_FILE_ORIGIN                                                                          \
    "CREATE TABLE origin ("                                                                        \
    " id INTEGER PRIMARY KEY CHECK (id = 1),"                                                      \
    " closed INTEGER NOT NULL," /* of no meaning here */                                           \
    " restored INTEGER NOT NULL,"                                                                  \
    " restored_at INTEGER NOT NULL,"                                                               \
    " backup_at INTEGER NOT NULL,"                                                                 \
    " backup TEXT NOT NULL,"                                                                       \
    " sha256 TEXT NOT NULL,"                                                                       \
    " loss INTEGER NOT NULL,"                                                                      \
    " floor INTEGER NOT NULL) STRICT;"                                                             \
    "INSERT INTO origin (id, closed, restored, restored_at, backup_at, backup, sha256, loss,"      \
    " floor) VALUES (1, 1, 0, 0, 0, '', '', 0, 0);"

struct sealed_look;
struct store_file_kind {
    uint32_t application; /* PRAGMA application_id, which the first step sets */
    const struct schema_step *steps;
    size_t n_steps;
    const char *program;
    /* For a restore (store_carry.c), in which the backup is "main" and the store that was there is
     * "old", both of the last schema. How many rows of the backup `old` does not have, or later
     * ones of; not 0 where the backup has no row that could tell. And: what is newer in `old` comes
     * into `main`. NULL of the HSS's. */
    const char *missing, *carry;
    /* Tries every sealed value (store_sealed_parts.h). NULL: there are none. Errors: as SQLite's,
     * E_MEMORY, E_CRYPTO. */
    enum err (*open_all)(sqlite3 *db, struct sealer *s, struct sealed_look *l);
};
extern const struct store_file_kind arpf_store_kind, discovery_store_kind, delivery_store_kind,
    repo_store_kind;
/* Which store_open makes in its own way; here for its backups. */
extern const struct store_file_kind hss_store_kind;

struct store_file {
    char path[STORE_PATH_MAX];
    int lock_fd;
    sqlite3 *db; /* synchronous = FULL; what is deleted is overwritten */
    struct store_keys keys;
    struct sealer *sealer; /* NULL without a key file */
    struct store_origin origin;
};
/* kek_path NULL: nothing in it is secret, there is no key file. Else makes both files if neither is
 * there. Errors, also in why->err: as store_open. *out is to be closed in any case. */
MUST_USE enum err store_file_open(const char *path, const char *kek_path,
                                  const struct store_file_kind *kind, struct store_file *out,
                                  struct store_why *why);
/* Another key-encryption key for a store that no process has open: the steps of store_keys.h, one
 * after the other. One that is cut short is finished by the next opening. Errors, also in why->err:
 * as store_file_open, and E_NOT_FOUND (no store). */
MUST_USE enum err store_file_rotate(const char *path, const char *kek_path,
                                    const struct store_file_kind *kind, struct store_why *why);
/* A connection of its own for another thread, while the first one is open; it has no lock. *out is
 * to be closed in any case. Errors: E_MEMORY, E_IO, E_CRYPTO. */
MUST_USE enum err store_file_another(const struct store_file *first, struct store_file *out);
/* Without a data key, as a crash can leave it, nothing was ever sealed. Errors: E_IO, E_MEMORY. */
MUST_USE enum err store_file_has_data_key(sqlite3 *db, bool *out);
/* That it was restored was told, or will be now: `origin` stays as it was read. A failure leaves it
 * to be told again. */
void store_file_origin_told(struct store_file *f);
/* After every statement was finalized. */
void store_file_close(struct store_file *f);

#endif
