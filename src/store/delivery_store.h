/* store/delivery_store.h - what an RSMF keeps: for each secure element the profile that waits for
 * it, and how far its delivery has come (TR 33.899 5.5.4.x step 11).
 *
 * A row belongs to an operator and an SE, whose certificate's digest names it. Each change gives it
 * a new serial number, higher than all others: the cursor of whoever follows the changes. Profiles
 * are sealed at rest (crypto/seal.h) and overwritten when they end; a row itself stays, so that an
 * old request finds that it is old. What the phases mean and which may follow which is decided
 * above. SQLite (WAL) is behind this interface today and nothing above may assume so. One thread
 * uses a delivery_store.
 */
#ifndef BINDERY_STORE_DELIVERY_STORE_H
#define BINDERY_STORE_DELIVERY_STORE_H

#include "store/store.h"
#include "store/store_backup.h"

#define DELIVERY_PROFILE_MAX 1024u
#define DELIVERY_FROM_MAX    64 /* an IP address as text, and its end */
#define DELIVERY_PHASES      8u

struct delivery_row {
    uint8_t se[32];               /* SHA-256 of CERT.SE */
    struct plmn owner;            /* the operator that made it */
    uint64_t serial;              /* set by the store */
    struct imsi imsi;             /* the temporary one, under which the device was attached */
    uint8_t phase;                /* enum dimsi_delivery_phase: below DELIVERY_PHASES */
    uint8_t request[16];          /* zeros before it was fetched */
    uint8_t digest[32];           /* SHA-256 of the profile, also once that is erased */
    int64_t changed;              /* Unix seconds */
    char from[DELIVERY_FROM_MAX]; /* whence it was fetched; or empty */
};
enum delivery_profile { DELIVERY_KEEP, DELIVERY_ERASE };

struct delivery_store;
/* Makes file and key file if neither is there. Errors, also in why->err: as store_open. */
MUST_USE enum err delivery_store_open(const char *path, const char *kek_path,
                                      struct delivery_store **out, struct store_why *why);
/* Another key-encryption key in the place of the key file, for a store that no process has open.
 * Errors, also in why->err: as delivery_store_open, E_NOT_FOUND (no store). */
MUST_USE enum err delivery_store_rotate(const char *path, const char *kek_path,
                                        struct store_why *why);
/* Harmless on NULL. */
void delivery_store_close(struct delivery_store *s);
/* As it was opened; `restored` is true once. */
const struct store_origin *delivery_store_origin(const struct delivery_store *s);

/* An operator's row for an SE. Errors: E_NOT_FOUND, E_IO, E_MEMORY. */
MUST_USE enum err delivery_store_find(struct delivery_store *s, const uint8_t se[static 32],
                                      const struct plmn *owner, struct delivery_row *out);
/* Rows of an operator (NULL: of all) with a serial above `after`, by serial, at most max. False
 * from `each`: no more. Errors: E_IO, E_MEMORY. */
typedef bool (*delivery_each)(void *ctx, const struct delivery_row *row);
MUST_USE enum err delivery_store_changes(struct delivery_store *s, const struct plmn *owner,
                                         uint64_t after, size_t max, delivery_each each, void *ctx);
/* The highest serial of an operator's rows (NULL: of all); 0: there is none. Errors: E_IO. */
MUST_USE enum err delivery_store_last(struct delivery_store *s, const struct plmn *owner,
                                      uint64_t *serial);
/* How many rows are in each phase. Errors: E_IO. */
MUST_USE enum err delivery_store_count(struct delivery_store *s,
                                       uint64_t count[static DELIVERY_PHASES]);
/* The profile of a row as it was read; a secret, the caller wipes it. Errors: E_NOT_FOUND (it was
 * erased, or the row is not there), E_WRONG_KEY (not as it was sealed), E_IO. */
MUST_USE enum err delivery_store_profile(struct delivery_store *s, const struct delivery_row *row,
                                         uint8_t out[static DELIVERY_PROFILE_MAX], size_t *n);

/* Both make row->serial the next one, and are durable (synchronous=FULL) or have changed nothing
 * when they return. */

/* A new row, or one in the place of the operator's row for this SE. Errors: E_BAD_LENGTH,
 * E_BAD_VALUE, E_EXHAUSTED (serials), E_CRYPTO, E_IO, E_MEMORY. */
MUST_USE enum err delivery_store_put(struct delivery_store *s, struct delivery_row *row,
                                     struct bytes profile);
/* A row that is there. Errors: E_NOT_FOUND, and as above. */
MUST_USE enum err delivery_store_move(struct delivery_store *s, struct delivery_row *row,
                                      enum delivery_profile what);

#endif
