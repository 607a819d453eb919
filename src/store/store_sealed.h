/* store/store_sealed.h - the sealed values of a store, and whose one is that does not open.
 *
 * What is said of a value is its column and the identity of its row, never an octet of it.
 */
#ifndef BINDERY_STORE_STORE_SEALED_H
#define BINDERY_STORE_STORE_SEALED_H

#include "store/store_backup.h"

#define STORE_DAMAGED_MAX 100 /* so many are named; more are only counted */

struct store_sealed_value {
    const char *place;              /* "subscriber.keys", "device.kme", ... */
    struct imsi imsi;               /* or the dIMSI; n 0: the row has none */
    struct imei imei;               /* digits empty: the row has none */
    char lot[STORE_LOT_ID_MAX + 1]; /* empty: it is no lot's */
};
struct store_damaged {
    size_t n;
    struct store_sealed_value v[STORE_DAMAGED_MAX]; /* the first ones, in the order of the rows */
};

#define STORE_SEALED_TEXT_MAX 96
/* "device.kme of IMSI 001010000000011, IMEI 35693803564380". */
void store_sealed_text(const struct store_sealed_value *v, char out[static STORE_SEALED_TEXT_MAX]);

/* Opens every sealed value of a backup that store_backup_verify has found whole, or of a store that
 * nobody has open. told: once in a while, with how many were opened; it may be NULL. */
struct store_opened {
    bool has_sealed; /* false: this kind of store has no sealed values, and nothing was done */
    uint64_t looked; /* sealed values that there are */
    uint64_t failed; /* of them: they do not open */
    struct store_damaged damaged;
};
/* E_OK also where some do not open. Errors: E_WRONG_KEY (the key file is another store's),
 * E_BAD_VALUE, E_NOT_FOUND, E_DENIED, E_MEMORY, E_CRYPTO, E_IO. */
MUST_USE enum err store_backup_open_all(const char *backup, const char *kek_path,
                                        void (*told)(void *ctx, uint64_t looked), void *ctx,
                                        struct store_opened *out, struct store_why *why);

#endif
