/* store/discovery_store.h - what a discovery AUSF holds of each dIMSI: the one challenge that it
 * answers with, whose it is, and how often it was asked for (TR 33.899 5.5.4.x, steps 2 to 5).
 *
 * SQLite with a write-ahead log and synchronous=FULL: what a call has put is on the disk when it
 * returns. The challenge is sealed (crypto/seal.h) under a data key that a key file wraps, and is
 * overwritten when an entry ends (in the write-ahead log, sealed, when that is written anew); what
 * stays then is who may not come back: dIMSI, token, number and target. One process has the file (a
 * lock beside it). A struct discovery_store belongs to one thread and each struct discovery_reader
 * to one; the readers read while the other writes. What may take whose place is not decided here
 * (proc/dimsi.h).
 */
#ifndef BINDERY_STORE_DISCOVERY_STORE_H
#define BINDERY_STORE_DISCOVERY_STORE_H

#include "crypto/keys.h"
#include "id/imsi.h"
#include "id/plmn.h"
#include "store/store.h"
#include "store/store_backup.h"

/* As enum dimsi_entry_phase has them. */
enum discovery_phase { DISCOVERY_LIVE = 1, DISCOVERY_SPENT, DISCOVERY_EXPIRED };
#define DISCOVERY_TOKEN_LEN 32u

struct discovery_challenge { /* secret; its owner wipes it */
    struct rand128 rand;
    struct autn autn;
    struct res xres; /* 8 octets */
    struct key_ck ck;
    struct key_ik ik;
};
struct discovery_entry {
    struct imsi dimsi;
    enum discovery_phase phase;
    uint64_t number; /* of the endorsement, 1 to INT64_MAX */
    uint8_t token[DISCOVERY_TOKEN_LEN];
    struct plmn target;
    int64_t expires;                      /* Unix seconds */
    uint64_t asked;                       /* times the challenge was given out */
    int64_t last_asked;                   /* Unix seconds; 0: never */
    struct imsi imsi;                     /* LIVE alone; else empty */
    struct discovery_challenge challenge; /* likewise, and only where it says so below */
};

struct discovery_store;
/* Makes store and key file where neither is there. Errors: E_LOCKED, E_NOT_FOUND (a store without
 * its key file), E_DENIED, E_WRONG_KEY, E_TOO_NEW, E_BAD_VALUE, E_IO, E_MEMORY; all with *why. */
MUST_USE enum err discovery_store_open(const char *path, const char *kek_path,
                                       struct discovery_store **out, struct store_why *why);
/* Another key-encryption key in the place of the key file, for a store that no process has open.
 * Errors, also in why->err: as discovery_store_open, E_NOT_FOUND (no store). */
MUST_USE enum err discovery_store_rotate(const char *path, const char *kek_path,
                                         struct store_why *why);
/* After its readers. Harmless on NULL. */
void discovery_store_close(struct discovery_store *s);
/* As it was opened; `restored` is true once. */
const struct store_origin *discovery_store_origin(const struct discovery_store *s);

/* With the challenge. Errors: E_NOT_FOUND, E_WRONG_KEY, E_IO. */
MUST_USE enum err discovery_find(struct discovery_store *s, const struct imsi *dimsi,
                                 struct discovery_entry *out);
/* Ascending by dIMSI behind `after` (empty: from the first), at most `max` of them, without their
 * challenges; of one target, or with NULL of all. The entry is good during the call; false: no
 * more. Errors: E_IO. */
typedef bool (*discovery_each)(void *ctx, const struct discovery_entry *entry);
MUST_USE enum err discovery_list(struct discovery_store *s, const struct plmn *target,
                                 const struct imsi *after, size_t max, discovery_each each,
                                 void *ctx);
struct discovery_counts {
    uint64_t live, spent, expired;
};
MUST_USE enum err discovery_count(struct discovery_store *s, struct discovery_counts *out);

/* In the place of whatever is there; LIVE, asked 0 times. Errors: E_BAD_VALUE, E_CRYPTO, E_IO. */
MUST_USE enum err discovery_put(struct discovery_store *s, const struct discovery_entry *entry);
/* The entry becomes SPENT, under the number it has; challenge and IMSI are gone. Errors:
 * E_NOT_FOUND (none, or not of this number), E_IO. */
MUST_USE enum err discovery_spend(struct discovery_store *s, const struct imsi *dimsi,
                                  uint64_t number);
/* Entries whose time is over at `now`, at most `max`, become EXPIRED in the same way. *n of their
 * dIMSIs. Errors: E_IO. */
MUST_USE enum err discovery_expire(struct discovery_store *s, int64_t now, size_t max,
                                   struct imsi *dimsis, size_t *n);
/* Counted since the last time; entries that are gone or ended are passed over. One transaction.
 * Errors: E_IO, and then nothing was added. */
struct discovery_asked {
    struct imsi dimsi;
    uint64_t times;
    int64_t last; /* Unix seconds */
};
MUST_USE enum err discovery_add_asked(struct discovery_store *s, const struct discovery_asked *rows,
                                      size_t n);

/* A connection of its own for another thread. Errors: E_MEMORY, E_IO, E_CRYPTO. */
struct discovery_reader;
MUST_USE enum err discovery_reader_open(const struct discovery_store *s,
                                        struct discovery_reader **out);
void discovery_reader_close(struct discovery_reader *r);
/* Reads between the two see one state; without them each stands alone. */
MUST_USE enum err discovery_reader_begin(struct discovery_reader *r);
void discovery_reader_end(struct discovery_reader *r);
/* As discovery_find. */
MUST_USE enum err discovery_read(struct discovery_reader *r, const struct imsi *dimsi,
                                 struct discovery_entry *out);

#endif
