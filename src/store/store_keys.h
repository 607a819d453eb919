/* store/store_keys.h - the keys that a store's secrets lie under, and how they are changed while it
 * serves.
 *
 * The key-encryption key (KEK) is in a file outside of the database and wraps the data keys, which
 * seal the rows. A rotation replaces the KEK: every data key is wrapped anew, no row is touched.
 * It goes in three steps, and a process that ends between any two of them leaves a store that opens
 * with exactly one of two files:
 *
 *   1. the new KEK is written to "<key file>.next" (0600, fsync)     store_kek_next
 *   2. all data keys are wrapped under it, in one commit             store_rotate_kek
 *   3. "<key file>.next" is renamed over the key file                store_kek_put_in_place
 *
 * The former key file stays as "<key file>.<its fingerprint>": backups made before open with
 * nothing else.
 *
 * store_open finishes what was left: a key file that opens the store means that the commit never
 * was, and the next one goes; else the next one takes its place. store_reseal.h replaces data keys.
 * No key is ever shown, only a KEK's fingerprint.
 */
#ifndef BINDERY_STORE_STORE_KEYS_H
#define BINDERY_STORE_STORE_KEYS_H

#include "crypto/seal.h"
#include "store/store.h"

#define STORE_KEK_ID_LEN 16

/* The first octets of SHA-256 over a label and the KEK: which one it is, and nothing else. */
struct store_kek_id {
    uint8_t b[STORE_KEK_ID_LEN];
};
struct store_keys_view {
    struct store_kek_id kek_id;
    int64_t kek_since; /* Unix seconds: wrapped under it since, as far as this store knows */
    size_t n;
    struct {
        uint32_t id;
        int64_t created;   /* Unix seconds */
    } data[SEAL_KEYS_MAX]; /* in ascending order: the last one seals, all of them open */
};

/* Errors: E_IO, E_MEMORY. */
MUST_USE enum err store_read_keys(struct store_reader *r, struct store_keys_view *out);

/* Errors: E_CRYPTO. */
MUST_USE enum err store_kek_id_of(const struct seal_key *kek, struct store_kek_id *out);

/* Step 1. One that an earlier attempt left is taken up: its commit may have been, whatever was
 * answered. Reads and writes files: not on the writer's thread. The owner wipes *out. Errors, also
 * in why->err: E_DENIED, E_IO. */
MUST_USE enum err store_kek_next(const struct store *s, struct seal_key *out,
                                 struct store_why *why);
/* Step 2, in a batch. Errors: E_WRONG_KEY (a data key that this process did not open), E_BAD_STATE,
 * E_CRYPTO, E_IO. */
MUST_USE enum err store_rotate_kek(struct store_writer *w, const struct seal_key *kek, int64_t now);
/* Step 3, after the commit. Errors, also in why->err: E_IO; the store then opens with the next
 * file, and a rotation run again puts that in place. */
MUST_USE enum err store_kek_put_in_place(const struct store *s, struct store_why *why);
/* What the former key file of this fingerprint is named then. Errors: E_IO, it is too long. */
MUST_USE enum err store_kek_former_path(const char *kek_path, const struct store_kek_id *id,
                                        char *out, size_t cap);

/* The key files as they are now: what a new data key is wrapped under. Two only after a step 3 that
 * failed. The owner wipes them. */
struct store_keks {
    size_t n;
    struct seal_key key[2];
};
/* Errors, also in why->err: E_NOT_FOUND, E_DENIED, E_BAD_VALUE, E_IO. */
MUST_USE enum err store_kek_files(const struct store *s, struct store_keks *out,
                                  struct store_why *why);

#endif
