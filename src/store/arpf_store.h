/* store/arpf_store.h - what an ARPF keeps: to whom it released the key of which discovery IMSI, and
 * what service providers took back (TR 33.899 5.5.4.x step 0-e).
 *
 * A release is never removed: the newest of a dIMSI is what holds, those before it are the record.
 * A change is durable (synchronous=FULL) when its commit returns, before anything that relies on it
 * leaves. There is no key in it and nothing secret: eK is computed anew each time. Whether a
 * release may be made is decided above (proc/dimsi.h), from what stands here. SQLite (WAL) is
 * behind this interface today and nothing above may assume so.
 *
 * One thread uses an arpf_store. Only one batch is open at a time, and a reader sees what it wrote.
 */
#ifndef BINDERY_STORE_ARPF_STORE_H
#define BINDERY_STORE_ARPF_STORE_H

#include "store/store.h"
#include "store/store_backup.h"

#define ARPF_NAME_TEXT       65u /* characters of a name, and the end */
#define ARPF_ENDORSEMENT_MAX 160u

struct arpf_endorsed {  /* what was signed for a release, last */
    uint8_t signer[32]; /* SHA-256 of the certificate of the key that signed */
    uint8_t signature[64];
    int64_t issued, expires; /* Unix seconds */
    size_t n;
    uint8_t content[ARPF_ENDORSEMENT_MAX];
};
struct arpf_release {
    struct imsi dimsi;
    uint64_t number; /* of the dIMSI's releases, from 1; gaps after a restore */
    uint8_t token[32], se[32];
    char sp[ARPF_NAME_TEXT];
    uint8_t target[3];   /* the operator's PLMN */
    uint64_t delegation; /* the highest number that counted for it */
    int64_t released;    /* Unix seconds */
    uint64_t times;      /* how often it was answered, the first included */
    bool revoked;        /* read only: the SP took its delegation back */
    struct arpf_endorsed endorsed;
};

struct arpf_store;
/* Errors, also in why->err: as store_open, but for those of keys: there are none here. */
MUST_USE enum err arpf_store_open(const char *path, struct arpf_store **out, struct store_why *why);
/* An open batch is given up. Harmless on NULL. */
void arpf_store_close(struct arpf_store *s);
/* As it was opened; `restored` is true once. */
const struct store_origin *arpf_store_origin(const struct arpf_store *s);

/* The newest of a dIMSI. Errors: E_NOT_FOUND, E_IO, E_MEMORY. */
MUST_USE enum err arpf_store_find(struct arpf_store *s, const struct imsi *dimsi,
                                  struct arpf_release *out);
/* Up to which number delegations of this SP for this ATK count no more; 0: all count. Errors: E_IO,
 * E_MEMORY. */
MUST_USE enum err arpf_store_revoked(struct arpf_store *s, const uint8_t token[static 32],
                                     const char *sp, uint64_t *number);

/* Called with each row, which is good during the call. False: no more. */
typedef bool (*arpf_each)(void *ctx, const struct arpf_release *row);
struct arpf_filter {       /* both NULL: all */
    const char *sp;        /* of this SP */
    const uint8_t *target; /* to this operator, 3 octets */
};
/* The newest of each dIMSI behind `after` (n 0: from the first), by their digits, at most max.
 * Errors: E_IO, E_MEMORY. */
MUST_USE enum err arpf_store_list(struct arpf_store *s, const struct arpf_filter *filter,
                                  const struct imsi *after, size_t max, arpf_each each, void *ctx);
/* All of one dIMSI with a number above `after`, oldest first, at most max. */
MUST_USE enum err arpf_store_history(struct arpf_store *s, const struct imsi *dimsi, uint64_t after,
                                     size_t max, arpf_each each, void *ctx);
/* dIMSIs with a release, releases, and revocations. Errors: E_IO. */
struct arpf_counts {
    uint64_t dimsis, releases, revocations;
};
MUST_USE enum err arpf_store_count(struct arpf_store *s, struct arpf_counts *out);

/* A batch: begin, any number of changes, commit, after which all of them are durable. After E_IO or
 * E_MEMORY a batch takes nothing more, and commit returns E_IO. Errors of begin: E_BAD_STATE
 * (nested), E_BUSY, E_IO. */
MUST_USE enum err arpf_store_begin(struct arpf_store *s);
MUST_USE enum err arpf_store_commit(struct arpf_store *s);
void arpf_store_rollback(struct arpf_store *s);
/* The number of a release behind the one with number `held` (0: there is none). */
uint64_t arpf_store_next(const struct arpf_store *s, uint64_t held);
/* Takes the place of the newest of its dIMSI; times becomes 1. Errors: E_BAD_STATE (not in a
 * batch), E_CONFLICT (its number is not the next), E_BAD_LENGTH, E_BAD_VALUE (a number above
 * INT64_MAX), E_IO, E_MEMORY. */
MUST_USE enum err arpf_store_release(struct arpf_store *s, const struct arpf_release *row);
/* The newest was answered once more: counted, with the delegation and the endorsement that it has
 * now. Errors: as arpf_store_release; E_NOT_FOUND. */
MUST_USE enum err arpf_store_again(struct arpf_store *s, const struct imsi *dimsi, uint64_t number,
                                   uint64_t delegation, const struct arpf_endorsed *endorsed);
/* Delegations up to `number` count no more; a lower one than before changes nothing, and *now is
 * what holds. Errors: as arpf_store_release; E_NO_ROOM: the SP has `most` tokens on record or more,
 * and this is none of them; nothing was written and the batch goes on. */
MUST_USE enum err arpf_store_revoke(struct arpf_store *s, const uint8_t token[static 32],
                                    const char *sp, uint64_t number, uint64_t most, uint64_t *now);

#endif
