/* store/repo_store.h - what a device binding repository keeps: signed records, one after the other,
 * none of which is ever changed or removed.
 *
 * A record binds an IMEI, for one use, to a certificate chain or a public key. The newest of an
 * (IMEI, use) is what holds; those before it are its history; the serial numbers of all of them,
 * which only grow, are the cursor of whoever keeps a copy. A record may carry what a certificate
 * site says of the device; the device's id there belongs to one IMEI for good. Nothing in it is
 * secret. SQLite (WAL) is behind this interface today and nothing above may assume so. What the
 * octets mean, and whether a record may be added, is decided above.
 *
 * One thread uses a repo_store. Only one batch is open at a time, and a reader sees what it wrote.
 */
#ifndef BINDERY_STORE_REPO_STORE_H
#define BINDERY_STORE_REPO_STORE_H

#include "store/store.h"
#include "store/store_backup.h"

#define REPO_CREDENTIAL_MAX 16640u /* a chain of 16 KiB and its lengths */
#define REPO_NAME_MAX       256
#define REPO_DEVICE_TEXT    65 /* characters, and the end */

/* What is signed of a device beside the binding: with the record's IMEI, digest, status, serial and
 * issued, by the record's signer. */
struct repo_device {
    char id[REPO_DEVICE_TEXT]; /* empty: the record has none of it */
    char manufacturer[REPO_DEVICE_TEXT], model[REPO_DEVICE_TEXT], serial_number[REPO_DEVICE_TEXT];
    uint8_t signature[64];
};
struct repo_row {
    uint64_t serial; /* from 1 */
    struct imei imei;
    uint8_t use, form, status;
    int64_t not_before, not_after, issued; /* Unix seconds */
    uint8_t digest[32];
    char by[REPO_NAME_MAX]; /* who published it */
    uint8_t signer[32];
    uint8_t signature[64];
    struct repo_device device;
    struct bytes credential; /* as the caller encoded it; empty in a revocation */
};

struct repo_store;
/* Errors, also in why->err: as store_open, but for those of keys: there are none here. */
MUST_USE enum err repo_store_open(const char *path, struct repo_store **out, struct store_why *why);
void repo_store_close(struct repo_store *s);
/* As it was opened; `restored` is true once. */
const struct store_origin *repo_store_origin(const struct repo_store *s);

/* Called with each row; the row and its credential are good during the call. False: no more. */
typedef bool (*repo_each)(void *ctx, const struct repo_row *row);

/* The newest record of an IMEI for each use, by use. E_OK also when there is none. Errors: E_IO,
 * E_MEMORY. */
MUST_USE enum err repo_store_find(struct repo_store *s, const struct imei *imei, repo_each each,
                                  void *ctx);
/* The newest of one use, its credential left out. Errors: E_NOT_FOUND, E_IO, E_MEMORY. */
MUST_USE enum err repo_store_newest(struct repo_store *s, const struct imei *imei, uint8_t use,
                                    struct repo_row *out);
/* The first IMEI behind `after`, or of all when it is NULL, that has a record. Errors: E_NOT_FOUND,
 * E_IO, E_MEMORY. */
MUST_USE enum err repo_store_next(struct repo_store *s, const struct imei *after,
                                  struct imei *imei);
/* The IMEI that a device's id belongs to. Errors: E_NOT_FOUND, E_IO, E_MEMORY. */
MUST_USE enum err repo_store_device(struct repo_store *s, const char *id, struct imei *imei);
/* Records of one use with a serial above `after`, oldest first, at most max. */
MUST_USE enum err repo_store_history(struct repo_store *s, const struct imei *imei, uint8_t use,
                                     uint64_t after, size_t max, repo_each each, void *ctx);
/* Records of all with a serial above `after`, oldest first, at most max, without credentials. */
MUST_USE enum err repo_store_changes(struct repo_store *s, uint64_t after, size_t max,
                                     repo_each each, void *ctx);

/* The serial of the newest record of all; 0: there is none. Errors: E_IO. */
MUST_USE enum err repo_store_last(struct repo_store *s, uint64_t *serial);

/* A batch: begin, any number of additions, commit, after which all of them are durable
 * (synchronous=FULL). After E_IO a batch takes nothing more, and commit returns E_IO. Errors of
 * begin: E_BAD_STATE (nested), E_BUSY, E_IO. */
MUST_USE enum err repo_store_begin(struct repo_store *s);
MUST_USE enum err repo_store_commit(struct repo_store *s);
void repo_store_rollback(struct repo_store *s);
/* The serial that the next record gets: it is part of what is signed. In a batch. Errors:
 * E_BAD_STATE, E_EXHAUSTED, E_IO. */
MUST_USE enum err repo_store_next_serial(struct repo_store *s, uint64_t *serial);
/* Errors: E_BAD_STATE (not in a batch), E_CONFLICT (the serial is not the next), E_EXISTS (the
 * device's id belongs to another IMEI), E_BAD_LENGTH, E_IO. */
MUST_USE enum err repo_store_add(struct repo_store *s, const struct repo_row *row);

#endif
