/* store/store_internal.h - what the files of this room share; nobody else includes it.
 *
 * store_open.c   lock, identity check, creation, opening and closing
 * store_kek.c    the key file and the data keys it wraps
 * store_schema.c the schema as an ordered list of steps, and migration
 * store_sql.c    every statement, and the connections that keep them prepared
 * store_rows.c   keys of rows, and the tables that map columns to structures
 * store_seal.c   secrets of rows
 * store_keys.c, store_reseal.c  other keys for them while the store is open
 * store_sealed.c where they all are, and whether each of them opens
 * store_read.c, store_write.c, store_eir.c, store_proof.c, store_kme.c, store_lot.c,
 * store_onboarding.c, store_pool.c, store_dimsi.c, store_push.c, store_node.c  the interface
 */
#ifndef BINDERY_STORE_STORE_INTERNAL_H
#define BINDERY_STORE_STORE_INTERNAL_H

#include "crypto/seal.h"
#include "store/store.h"
#include "store/store_audit.h"
#include "store/store_backup.h"
#include "store/store_dimsi.h"

#include <limits.h>
#include <sqlite3.h>

#define STORE_APPLICATION_ID 0x42494e44 /* "BIND" at octet 68 of the file */
#define STORE_ID_LEN         16
#define STORE_PATH_MAX       (PATH_MAX + 16)

/* ---- words for people ---- */

/* Writes the words, returns err: `return why_set(why, E_IO, ...)`. */
enum err why_set(struct store_why *why, enum err err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* ---- store_open.c, for store_repo.c too ---- */

/* The lock "<path>.lock", which says that one process has the file. Errors: E_LOCKED, E_DENIED,
 * E_IO. */
MUST_USE enum err store_take_lock(const char *path, int *out, struct store_why *why);
/* Is the file a database with this application id? Errors: E_BAD_VALUE, E_DENIED, E_IO. */
MUST_USE enum err store_check_file(const char *path, uint32_t application, struct store_why *why);

/* ---- store_kek.c ---- */

struct store_keys {
    uint8_t store_id[STORE_ID_LEN];
    size_t n;
    struct {
        uint32_t id;
        struct seal_key key;
    } data[SEAL_KEYS_MAX];
};
/* Errors: E_NOT_FOUND, E_DENIED, E_BAD_VALUE, E_IO. Owner wipes *kek. */
MUST_USE enum err kek_load(const char *path, struct seal_key *kek, struct store_why *why);
/* The same for who runs as this user, whoever asks. */
MUST_USE enum err kek_load_of(const char *path, unsigned owner, struct seal_key *kek,
                              struct store_why *why);
/* The one beside it, which is renamed over the key file: as kek_load, and E_DENIED for a link. */
MUST_USE enum err kek_load_next(const char *path, struct seal_key *kek, struct store_why *why);
/* Makes a new file and never replaces one. Errors: E_EXISTS, E_IO. */
MUST_USE enum err kek_create(const char *path, struct store_why *why);
/* Writes identity and first data key into a new database. Errors: E_IO, E_CRYPTO, E_MEMORY. */
MUST_USE enum err store_keys_create(sqlite3 *db, const struct seal_key *kek, struct store_why *why);
/* Unwraps the data keys of a database. Errors: E_WRONG_KEY, E_IO, E_NO_ROOM, E_MEMORY. */
MUST_USE enum err store_keys_load(sqlite3 *db, const struct store_options *options,
                                  const struct seal_key *kek, struct store_keys *out,
                                  struct store_why *why);
/* A sealer of its own for each thread. Errors: E_MEMORY, E_CRYPTO. */
MUST_USE enum err store_keys_sealer(const struct store_keys *keys, struct sealer **out);
/* Makes the name of a new file in this directory survive a power cut. */
MUST_USE enum err sync_directory_of(const char *path);
MUST_USE enum err os_random(void *out, size_t n);

/* "<path>.next": where a rotation writes the KEK that comes. Errors: E_IO (too long). */
MUST_USE enum err kek_next_path(const char *path, char out[static STORE_PATH_MAX]);
/* The key file, and what a rotation that was cut short left beside it. The owner wipes it. */
struct kek_choice {
    bool has_key, has_next; /* loaded */
    bool next_is_it;        /* it opened the store, and the key file did not */
    struct seal_key key, next;
};
/* The next one, if there is one. */
void kek_choice_next(const char *kek_path, struct kek_choice *out);
/* store_keys_load with the key file, which first: where it opens the store, the rotation was not
 * committed. Else with the next one. */
MUST_USE enum err kek_choose(sqlite3 *db, const struct store_options *options,
                             struct kek_choice *keks, struct store_keys *out,
                             struct store_why *why);
/* Puts the next one in place, or removes it. After all else: a process that ends before this comes
 * here again. Errors: E_IO. */
MUST_USE enum err kek_finish(const char *kek_path, const struct kek_choice *keks,
                             struct store_why *why);
/* The three steps of a rotation, of any store; the second is run in a transaction, which stays
 * open when it fails. */
MUST_USE enum err kek_make_next(const char *kek_path, struct seal_key *out, struct store_why *why);
MUST_USE enum err kek_wrap_all(sqlite3 *db, const uint8_t store_id[static STORE_ID_LEN],
                               const struct seal_key *kek, sealer_find_fn *find, void *ctx);
MUST_USE enum err kek_put_next_in_place(const char *kek_path, struct store_why *why);
/* A data key as it is stored. */
#define WRAPPED_LEN (32 + SEAL_OVERHEAD)
struct wrapped_key {
    size_t n;
    uint8_t b[WRAPPED_LEN];
};
/* A sealer for data keys, which kek_wrap and kek_unwrap take. Errors: E_MEMORY, E_CRYPTO. */
MUST_USE enum err kek_wrapper(const struct seal_key *kek, struct sealer **out);
MUST_USE enum err kek_wrap(struct sealer *wrapper, uint32_t id,
                           const uint8_t store_id[static STORE_ID_LEN], const struct seal_key *key,
                           struct wrapped_key *out);
/* Errors: E_WRONG_KEY. */
MUST_USE enum err kek_unwrap(struct sealer *wrapper, uint32_t id,
                             const uint8_t store_id[static STORE_ID_LEN], struct bytes wrapped,
                             struct seal_key *out);

/* ---- store_keys.c: data keys that come while the store is open ---- */

/* Every data key that was opened or made stays known until the store is closed: a reader may be in
 * the middle of a transaction whose rows lie under it. The writer's thread adds, without a lock;
 * readers' sealers look a key up that a value names and that they have not loaded. */
struct ring_key {
    uint32_t id;
    struct seal_key key;
    struct ring_key *older;
};
struct key_ring {
    _Atomic(struct ring_key *) newest;
};
/* Errors: E_MEMORY. */
MUST_USE enum err ring_add(struct key_ring *ring, uint32_t id, const struct seal_key *key);
MUST_USE enum err ring_add_all(struct key_ring *ring, const struct store_keys *keys);
/* A sealer_find_fn; ctx is the ring. Errors: E_NOT_FOUND. */
MUST_USE enum err ring_find(void *ctx, uint32_t id, struct seal_key *out);
void ring_free(struct key_ring *ring);
struct store_writer;
/* A new data key, wrapped under the KEK, into the batch; from the commit on it seals. Errors:
 * E_WRONG_KEY (not the store's KEK), E_NO_ROOM, E_CRYPTO, E_BAD_STATE, E_IO. */
MUST_USE enum err writer_make_data_key(struct store_writer *w, const struct seal_key *kek,
                                       int64_t now, uint32_t *id);
/* The batch was committed, or rolled back. */
void writer_keys_committed(struct store_writer *w);
void writer_keys_dropped(struct store_writer *w);
/* Which KEK it is, where the store does not say so yet. Errors: E_IO, E_CRYPTO. */
MUST_USE enum err store_note_kek(sqlite3 *db, const struct seal_key *kek, int64_t now);

/* ---- store_schema.c ---- */

struct schema_step {
    int version; /* what user_version is after it; steps are in ascending order, from 1 */
    const char
        *sql; /* sets user_version itself, so that it changes with the tables or not at all */
};
extern const struct schema_step schema_steps[];
extern const size_t schema_steps_n;
/* Runs each step above the database's version in a transaction of its own. Errors: E_TOO_NEW, E_IO;
 * the database then has the last version that was reached in full. */
MUST_USE enum err schema_migrate(sqlite3 *db, const char *path, const struct schema_step *steps,
                                 size_t n, struct store_why *why);
MUST_USE enum err schema_version(sqlite3 *db, int *out);

/* ---- store_sql.c ---- */

enum statement {
    ST_READ_BEGIN,
    ST_COMMIT,
    ST_ROLLBACK,
    ST_SUBSCRIBER,
    ST_DEVICES,
    ST_FOR_VECTORS,
    ST_IMSIS_OF,
    ST_LIST_SUBSCRIBERS,
    ST_LIST_DEVICES,
    ST_COUNT,
    ST_MARK,
    ST_LIST_EVENTS,
    ST_LIST_EVENTS_NAMED,
    ST_LIST_EVENTS_BACK,
    ST_LIST_EVENTS_BACK_NAMED,
    ST_EIR,
    ST_LIST_EIR_RULES,
    ST_EIR_NOTE,
    ST_PAIRING,
    ST_PROOF,
    ST_PROOF_OF,
    ST_CURSOR,
    ST_KME,
    ST_LOT,
    ST_LOT_KEY,
    ST_LIST_LOTS,
    ST_LIST_LOT_RANGES,
    ST_ONBOARDING,
    ST_ONBOARDING_OF,
    ST_LIST_ONBOARDING,
    ST_LIST_ONBOARDING_IN,
    ST_COUNT_ONBOARDING,
    ST_DUE_ONBOARDING,
    ST_POOL,
    ST_POOL_HELD,
    ST_POOL_RESTING,
    ST_DIMSI,
    ST_DIMSI_OF,
    ST_DIMSI_OF_SE,
    ST_DIMSI_PAPERS,
    ST_LIST_DIMSI,
    ST_LIST_DIMSI_OF_SP,
    ST_LIST_DIMSI_IN,
    ST_COUNT_DIMSI,
    ST_DUE_DIMSI,
    ST_FAR_DIMSI,
    ST_EXPIRED_DIMSI,
    ST_LIST_AUDIT,
    ST_AUDIT_HEAD,
    ST_IMPORT,
    ST_LIST_IMPORTS,
    ST_STALE_IMPORT,
    ST_DUE_PUSH,
    ST_FAR_PUSH,
    ST_PUSH_TRIED,
    ST_NEXT_PUSH_HOST,
    ST_LIST_PUSH,
    ST_PUSH_PROFILE_LEFT,
    ST_NEXT_PUSH_PROFILE,
    ST_COUNT_PROFILE,
    ST_RESET,
    ST_NODE,
    ST_UNTOLD_NODES,
    ST_WEBHOOK,
    ST_LIST_WEBHOOKS,
    ST_NEWEST_EVENT,
    ST_READER_COUNT, /* those above are all a reader has */
    ST_WRITE_BEGIN = ST_READER_COUNT,
    ST_STEP_BEGIN,
    ST_STEP_KEEP,
    ST_STEP_UNDO,
    ST_INSERT_SUBSCRIBER,
    ST_UPDATE_SUBSCRIBER,
    ST_DELETE_SUBSCRIBER,
    ST_DELETE_DEVICES_OF,
    ST_INSERT_DEVICE,
    ST_UPDATE_DEVICE,
    ST_DELETE_DEVICE,
    ST_SET_DIF,
    ST_SET_SERVING,
    ST_SET_PURGED,
    ST_SET_FAILURES,
    ST_ADD_EVENT,
    ST_TRIM_EVENTS,
    ST_SET_MARK,
    ST_PUT_EIR_RULE,
    ST_DELETE_EIR_RULE,
    ST_EIR_MOVED,
    ST_PUT_PROOF,
    ST_DELETE_PROOF,
    ST_FORGET_ELSEWHERE,
    ST_FORGET_PROOF_OF,
    ST_SET_CURSOR,
    ST_PUT_KME,
    ST_DELETE_KME,
    ST_SET_KME_REQUEST,
    ST_KME_WAS_USED,
    ST_INSERT_LOT,
    ST_INSERT_LOT_RANGE,
    ST_DELETE_LOT,
    ST_DELETE_LOT_RANGES,
    ST_ONBOARDING_OF_IMEI,
    ST_PUT_ONBOARDING,
    ST_DELETE_ONBOARDING,
    ST_ONBOARDING_MOVED,
    ST_SET_PENDING,
    ST_POOL_SUBSCRIBERS,
    ST_POOL_RESTERS,
    ST_POOL_READY,
    ST_POOL_OF,
    ST_POOL_PASSED,
    ST_INSERT_POOL,
    ST_DELETE_POOLS,
    ST_ADOPT_RESTERS,
    ST_REST,
    ST_REST_NO_MORE,
    ST_PUT_DIMSI,
    ST_DELETE_DIMSI,
    ST_DIMSI_MOVED,
    ST_PUT_DIMSI_OFFER,
    ST_PUT_DIMSI_ENDORSEMENT,
    ST_PUT_DIMSI_CHALLENGE,
    ST_DROP_DIMSI_PAPERS,
    ST_KEEP_DIMSI_OFFER,
    ST_ADD_AUDIT,
    ST_ADD_IMPORT,
    ST_PUT_IMPORT,
    ST_COUNT_IMPORT,
    ST_OPEN_IMPORTS,
    ST_PUT_PUSH,
    ST_PUSH_DONE,
    ST_PUSH_OVER,
    ST_PUSH_LATER,
    ST_PUSH_REGISTERED,
    ST_PUSH_KNOWN,
    ST_DROP_PUSH,
    ST_PUSH_PROFILE,
    ST_PUT_PUSH_PROFILE,
    ST_DROP_PUSH_PROFILE,
    ST_SERVED_BY_PROFILE,
    ST_PUT_RESET,
    ST_NODE_KNOWN,
    ST_COUNT_NODES,
    ST_DROP_OLDEST_NODE,
    ST_PUT_NODE,
    ST_NODE_ASKED,
    ST_NODE_TOLD,
    ST_BEGIN_WEBHOOK,
    ST_PUT_WEBHOOK,
    ST_DROP_WEBHOOK,
    ST_COUNT_ALL
};
struct connection {
    sqlite3 *db;
    sqlite3_stmt *st[ST_COUNT_ALL];
    struct sealer *sealer;
};
enum connection_kind { CONNECTION_READER, CONNECTION_WRITER };
/* Opens the file and sets the pragmas; no statements yet. Errors: E_MEMORY, E_IO. */
MUST_USE enum err connection_open(struct connection *c, const char *path,
                                  enum connection_kind kind);
/* Prepares what the kind may run, and loads the data keys. Errors: E_MEMORY, E_IO, E_CRYPTO. */
MUST_USE enum err connection_ready(struct connection *c, enum connection_kind kind,
                                   const struct store_keys *keys);
void connection_close(struct connection *c);
/* E_OK, E_MEMORY, E_BUSY, E_CONFLICT (a unique index) or E_IO. */
MUST_USE enum err sqlite_err(int rc);
/* E_OK with a row, E_NOT_FOUND after the last one. */
MUST_USE enum err stmt_row(sqlite3_stmt *st);
/* For a statement without rows; resets it. */
MUST_USE enum err stmt_run(sqlite3_stmt *st);
/* For a rollback, whose failure leaves nothing to be done. */
void stmt_try(sqlite3_stmt *st);
void stmt_end(sqlite3_stmt *st);

/* ---- store_rows.c ---- */

/* An IMSI as the primary key: 15 digits in base 11, where 0 stands for "no digit" and 1 to 10 for
 * the digits. The number is below 2^52, so SQLite finds the row by its row id, without an index in
 * between; leading zeros and lengths stay apart; and its order is that of the digits as text. */
int64_t imsi_key(const struct imsi *imsi); /* 0 for an empty or absent IMSI: below all others */
MUST_USE enum err imsi_of_key(int64_t key, struct imsi *out);
/* An IMEI always has 14 digits: the number they make. -1 for an empty or absent one. */
int64_t imei_key(const struct imei *imei);
MUST_USE enum err imei_of_key(int64_t key, struct imei *out);

enum column_kind {
    COL_IMSI,
    COL_OPTIONAL_IMSI,
    COL_IMEI,
    COL_OPTIONAL_IMEI,
    COL_INT,
    COL_BOOL,
    COL_TEXT,
    COL_BLOB
};
struct column {
    enum column_kind kind;
    uint16_t at;   /* offset in the structure */
    uint16_t size; /* COL_INT: 1, 4 or 8; COL_TEXT: with NUL; COL_BLOB: exactly */
    uint16_t flag; /* COL_OPTIONAL_: offset of the bool that says whether it is there */
};
struct columns {
    const struct column *p;
    int n;
};
extern const struct columns subscriber_columns; /* what ST_SUBSCRIBER and the list begin with */
extern const struct columns subscriber_admin_columns; /* what ST_INSERT and ST_UPDATE begin with */
extern const struct columns serving_columns;
extern const struct columns device_columns;         /* what ST_DEVICES and the list begin with */
extern const struct columns device_written_columns; /* what ST_INSERT and ST_UPDATE begin with */
extern const struct columns vector_columns;         /* what ST_FOR_VECTORS begins with */
extern const struct columns event_columns;
/* The row's columns 0 to n-1 into the structure. Errors: E_IO (a value its field cannot hold). */
MUST_USE enum err columns_get(struct columns c, sqlite3_stmt *st, void *row);
/* Parameters 1 to n; texts and blobs are not copied: the structure outlives the step. */
MUST_USE enum err columns_bind(struct columns c, sqlite3_stmt *st, const void *row);

/* ---- store_seal.c ---- */

#define SEALED_MAX 128 /* the longest sealed column: K and OPc of 32 octets and their lengths */
struct sealed {
    size_t n;
    uint8_t b[SEALED_MAX];
};
MUST_USE enum err seal_keys(struct sealer *s, const struct imsi *imsi, const struct aka_keys *keys,
                            struct sealed *out);
/* Errors: E_WRONG_KEY. */
MUST_USE enum err open_keys(struct sealer *s, const struct imsi *imsi, struct bytes sealed,
                            struct aka_keys *keys);
/* NW_SIG of a subscription's provisioning: 32 octets. */
MUST_USE enum err seal_nw_sig(struct sealer *s, const struct imsi *imsi,
                              const uint8_t nw_sig[static STORE_NW_SIG_LEN], struct sealed *out);
/* Errors: E_WRONG_KEY. */
MUST_USE enum err open_nw_sig(struct sealer *s, const struct imsi *imsi, struct bytes sealed,
                              uint8_t nw_sig[static STORE_NW_SIG_LEN]);
/* P and Q, of key->n octets each, at most STORE_LOT_MODULUS_MAX / 2. */
struct sealed_lot_key {
    size_t n;
    uint8_t b[STORE_LOT_MODULUS_MAX + SEAL_OVERHEAD];
};
MUST_USE enum err seal_lot_key(struct sealer *s, const char *id, const struct store_lot_key *key,
                               struct sealed_lot_key *out);
/* Errors: E_WRONG_KEY. */
MUST_USE enum err open_lot_key(struct sealer *s, const char *id, struct bytes sealed,
                               struct store_lot_key *key);
/* The first challenge of a discovery IMSI, 72 octets. */
MUST_USE enum err seal_challenge(struct sealer *s, const struct imsi *dimsi,
                                 const struct store_dimsi_challenge *challenge, struct sealed *out);
/* Errors: E_WRONG_KEY. */
MUST_USE enum err open_challenge(struct sealer *s, const struct imsi *dimsi, struct bytes sealed,
                                 struct store_dimsi_challenge *challenge);
enum kme_column { KME_ACTIVE, KME_PREVIOUS };
MUST_USE enum err seal_kme(struct sealer *s, const struct store_device *row, enum kme_column which,
                           struct sealed *out);
/* A sealed value of any column under the key that seals now: place is "table.column", and keys are
 * those of its row as they are stored; text for a row that has a text instead. out has room for
 * sealed.n octets. Errors: E_WRONG_KEY (it does not open), E_CRYPTO. */
struct seal_row {
    const char *place;
    const char *text;      /* NULL: the numbers count */
    int64_t first, second; /* second: -1 where there is one number */
};
MUST_USE enum err seal_again(struct sealer *s, const struct seal_row *row, struct bytes sealed,
                             uint8_t *out);
/* Does it open? Errors: the same. */
MUST_USE enum err seal_opens(struct sealer *s, const struct seal_row *row, struct bytes sealed);
MUST_USE enum err open_kme(struct sealer *s, struct store_device *row, enum kme_column which,
                           struct bytes sealed);

/* ---- store_read.c, for the writer too ---- */

enum secrets { SECRETS_CLOSED, SECRETS_OPENED }; /* closed: key lengths stay 0 */
MUST_USE enum err read_subscriber(struct connection *c, const struct imsi *imsi,
                                  enum secrets secrets, struct store_subscriber *out);
MUST_USE enum err read_devices(struct connection *c, const struct imsi *imsi,
                               struct store_device out[static STORE_DEVICES_MAX], size_t *n);
/* A blob column, valid until the next step. */
struct bytes stmt_blob(sqlite3_stmt *st, int column);
/* Steps through a statement that is bound already; the statement's own LIMIT bounds it. */
MUST_USE enum err list_rows(sqlite3_stmt *st, struct columns c, void *out, size_t row_size,
                            size_t max, size_t *n);
int64_t list_limit(size_t max);

/* ---- store_write.c, for the other files that write ---- */

/* May the batch take a change? E_BAD_STATE out of one, E_IO after a failure. */
MUST_USE enum err writer_check(const struct store_writer *w);
/* What a change that failed returns; after a failure of disk or memory the batch takes no more. */
MUST_USE enum err writer_failed(struct store_writer *w, enum err err);
/* Runs a bound statement. */
MUST_USE enum err writer_run(struct store_writer *w, enum statement which);
/* Runs a statement whose parameters are numbers; E_NOT_FOUND when it touches no row. */
MUST_USE enum err writer_run_on_row(struct store_writer *w, enum statement which, int n,
                                    const int64_t v[]);

/* The secrets of a device as they are written; nothing is written before all are sealed. */
struct sealed_device {
    struct sealed kme, previous;
};
MUST_USE enum err seal_device(struct store_writer *w, const struct store_device *row,
                              struct sealed_device *out);
/* ST_INSERT_DEVICE or ST_UPDATE_DEVICE. */
MUST_USE enum err write_device(struct store_writer *w, enum statement which,
                               const struct store_device *row, const struct sealed_device *sealed);
bool same_kme(const struct key_kme *a, const struct key_kme *b); /* in constant time */
/* NULL for no value. */
MUST_USE enum err bind_octets(sqlite3_stmt *st, int i, struct bytes v);
/* Is the subscriber there, and what of it is not secret? Errors: E_NOT_FOUND, E_BAD_STATE, E_IO. */
MUST_USE enum err writer_subscriber_closed(struct store_writer *w, const struct imsi *imsi,
                                           struct store_subscriber *out);

/* A subscriber, whoever made it, with all that is its. */
MUST_USE enum err writer_remove_subscriber(struct store_writer *w, const struct imsi *imsi);

/* ---- store_pool.c ---- */

/* What was given back: nobody gets it before `ready`. */
MUST_USE enum err pool_rest(struct store_writer *w, const struct imsi *imsi, int64_t ready);
/* Somebody has the IMSI: it is not to be had any more. */
MUST_USE enum err pool_rest_no_more(struct store_writer *w, const struct imsi *imsi);

/* ---- store_origin.c ---- */

MUST_USE enum err origin_read(sqlite3 *db, struct store_origin *out);
enum err origin_told(sqlite3 *db); /* Errors: as SQLite's */
/* Reads where the store came from and marks it as open. `crashed`: there was a log of a store that
 * could not say so itself. Errors: E_IO, E_BUSY, E_MEMORY. */
MUST_USE enum err origin_opened(sqlite3 *db, bool crashed, struct store_origin *out);
void origin_closed(sqlite3 *db);

/* ---- store_restore.c ---- */

/* Was a restore begun here and not finished? Errors: E_CONFLICT, with the words. */
MUST_USE enum err restore_check_none(const char *path, struct store_why *why);

/* ---- the three parts of a store ---- */

struct store_reader {
    struct connection c;
    bool in_transaction;
};
struct store_writer {
    struct connection c;
    bool in_batch;
    bool failed;   /* the batch met a failure of the disk: only rolling back is left */
    bool full;     /* ... which had no room left; until the next batch */
    bool has_made; /* a data key that the commit makes known */
    uint32_t made_id;
    struct seal_key made;
};
struct store {
    char path[STORE_PATH_MAX];
    int lock_fd;
    struct store_keys keys; /* does not change after store_open: readers take it without a lock */
    struct key_ring ring;   /* those, and what came since */
    char kek_path[STORE_PATH_MAX];
    struct store_writer writer;
    bool opened; /* in full: closing says so in it */
    struct store_origin origin;
};

#endif
