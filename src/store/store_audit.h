/* store/store_audit.h - who changed what: a log in which each entry carries the hash of the one
 * before, and the imports, which have one entry each.
 *
 * An entry is written in the batch of the change that it tells of, so that neither is there without
 * the other. Entries are added at the end and never changed or removed by this interface; their
 * ids are 1, 2, 3 and so on without a gap. No entry may hold a secret: who writes one sees to it.
 * The hash keeps nobody from writing the whole log anew who can write to the database; a copy of
 * the last hash that is kept elsewhere does (`bindery audit verify --head`).
 */
#ifndef BINDERY_STORE_STORE_AUDIT_H
#define BINDERY_STORE_STORE_AUDIT_H

#include "crypto/crypto.h"
#include "store/store.h"

#define STORE_AUDIT_HASH        32
#define STORE_AUDIT_WHO_MAX     128
#define STORE_AUDIT_FROM_MAX    64
#define STORE_AUDIT_ACTION_MAX  80
#define STORE_AUDIT_TARGET_MAX  256
#define STORE_AUDIT_OUTCOME_MAX 64
#define STORE_AUDIT_JSON_MAX    4096

struct store_audit {
    uint64_t id;                           /* 1 and up */
    int64_t at_ms;                         /* Unix milliseconds */
    char who[STORE_AUDIT_WHO_MAX];         /* the person or program */
    char from[STORE_AUDIT_FROM_MAX];       /* "unix", or an address */
    char action[STORE_AUDIT_ACTION_MAX];   /* "PUT /v1/subscribers/{imsi}" */
    char target[STORE_AUDIT_TARGET_MAX];   /* "subscribers/001010000000001" */
    char outcome[STORE_AUDIT_OUTCOME_MAX]; /* "added", "changed", "removed", "refused", ... */
    char before[STORE_AUDIT_JSON_MAX];     /* JSON text, or empty: there was nothing to say */
    char after[STORE_AUDIT_JSON_MAX];      /* the same */
    uint8_t hash[STORE_AUDIT_HASH];
};

/* The hash of an entry: SHA-256 of the hash of the one before (32 zero octets before the first) and
 * the entry as netstrings: for each of id, at_ms, who, from, action, target, before, after and
 * outcome its length in octets in decimal digits, ':', its octets, ','. Numbers are decimal digits.
 * row->hash is not looked at. Errors: E_CRYPTO. */
MUST_USE enum err store_audit_hash(const struct crypto *c,
                                   const uint8_t before[static STORE_AUDIT_HASH],
                                   const struct store_audit *row,
                                   uint8_t out[static STORE_AUDIT_HASH]);

/* Adds the entry at the end, in the open batch; sets row->id and row->hash. Texts end within their
 * members. Errors: E_BAD_STATE, E_BAD_LENGTH, E_CRYPTO, E_IO. */
MUST_USE enum err store_add_audit(struct store_writer *w, const struct crypto *c,
                                  struct store_audit *row);

/* What is wanted of a list; empty texts: all. A target also stands for what lies below it:
 * "subscribers/001010000000001" for its devices too. */
struct store_audit_wanted {
    uint64_t after; /* an id */
    const char *who;
    const char *target;
};
#define STORE_AUDIT_SCAN 20000u /* entries looked at for one list */
/* At most max entries behind `after` in their order, among the next STORE_AUDIT_SCAN. *next is what
 * `after` is for the next list, 0 when there are no more. */
MUST_USE enum err store_list_audit(struct store_reader *r, const struct store_audit_wanted *wanted,
                                   struct store_audit *out, size_t max, size_t *n, uint64_t *next);
/* The last entry's id and hash; id 0 (and zeros) without one. */
struct store_audit_head {
    uint64_t id;
    uint8_t hash[STORE_AUDIT_HASH];
};
MUST_USE enum err store_read_audit_head(struct store_reader *r, struct store_audit_head *out);

/* ---- imports ---- */

#define STORE_IMPORT_NAME_MAX 128
#define STORE_IMPORT_KIND_MAX 16
enum store_import_state {
    STORE_IMPORT_OPEN = 1,
    STORE_IMPORT_DONE = 2,      /* it came to its end */
    STORE_IMPORT_UNFINISHED = 3 /* it was stopped, or whoever did it went away */
};
struct store_import_counts {
    uint64_t added, changed, unchanged;
    uint64_t refused; /* rows, by the HSS */
};
struct store_import {
    uint64_t id; /* 1 and up, never again */
    uint8_t state;
    char kind[STORE_IMPORT_KIND_MAX]; /* "subscribers", "eir" */
    char name[STORE_IMPORT_NAME_MAX]; /* of the file, as its importer says */
    bool has_file;                    /* these are known: as its importer says */
    uint8_t sha256[32];
    uint64_t octets;
    uint64_t rows;
    char who[STORE_AUDIT_WHO_MAX];
    char from[STORE_AUDIT_FROM_MAX];
    int64_t begun;   /* Unix seconds */
    int64_t touched; /* when it was last heard of */
    int64_t ended;   /* 0: it is open */
    struct store_import_counts did;
    uint64_t not_sent; /* rows that its importer itself refused */
};

/* Makes one; sets row->id. Errors: E_BAD_STATE, E_BAD_LENGTH, E_IO. */
MUST_USE enum err store_add_import(struct store_writer *w, struct store_import *row);
/* Writes one that is there, as a whole but for what it is known by (id, kind, who, from, begun).
 * Errors: E_NOT_FOUND, E_BAD_STATE, E_BAD_LENGTH, E_IO. */
MUST_USE enum err store_put_import(struct store_writer *w, const struct store_import *row);
/* Counts rows that this batch put in with an open import of this person: in the batch of the rows,
 * so that the counts hold whatever happens. Errors: E_NOT_FOUND (none, not open, or another's),
 * E_BAD_STATE, E_IO. */
MUST_USE enum err store_count_import(struct store_writer *w, uint64_t id, const char *who,
                                     const char *kind, const struct store_import_counts *did,
                                     int64_t now);
/* Errors: E_NOT_FOUND, E_BAD_STATE, E_IO. */
MUST_USE enum err store_writer_import(struct store_writer *w, uint64_t id,
                                      struct store_import *out);
/* The open import that was heard of least lately, if that was at `before` or earlier. Errors:
 * E_NOT_FOUND, E_BAD_STATE, E_IO. */
MUST_USE enum err store_writer_stale_import(struct store_writer *w, int64_t before,
                                            struct store_import *out);
/* How many are open: all, those that were not begun from `from`, and those of this person. Errors:
 * E_BAD_STATE, E_IO. */
struct store_imports_open {
    uint64_t all, elsewhere, own;
};
MUST_USE enum err store_writer_open_imports(struct store_writer *w, const char *who,
                                            const char *from, struct store_imports_open *out);
/* Errors: E_NOT_FOUND, E_IO. */
MUST_USE enum err store_read_import(struct store_reader *r, uint64_t id, struct store_import *out);
/* At most max behind the id `after`, in their order. */
MUST_USE enum err store_list_imports(struct store_reader *r, uint64_t after,
                                     struct store_import *out, size_t max, size_t *n);

#endif
