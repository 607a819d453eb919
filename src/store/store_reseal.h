/* store/store_reseal.h - the job that seals every secret of a store again under a new data key, and
 * then deletes the old ones.
 *
 * It goes in small steps, each a change of the writer's like any other, and keeps in the store how
 * far it is: a process that ends goes on where it was. Meanwhile rows lie under either key and both
 * open; what is written is sealed under the new one. The old keys go only when no sealed value of
 * the store names them, which is looked up in every table there is (store_reseal_check), and not
 * taken from the list of places that the job goes through. A value that does not open stays as it
 * is, and so do the old keys.
 */
#ifndef BINDERY_STORE_STORE_RESEAL_H
#define BINDERY_STORE_STORE_RESEAL_H

#include "store/store_keys.h"
#include "store/store_sealed.h"

enum store_reseal_state {
    STORE_RESEAL_NEVER,
    STORE_RESEAL_RUNNING,
    STORE_RESEAL_STOPPED,  /* by an operator: it goes on from there */
    STORE_RESEAL_CHECKING, /* it was everywhere: store_reseal_check, then store_reseal_end */
    STORE_RESEAL_ENDED,
    STORE_RESEAL_FAILED, /* values under old keys are left, which do not open */
    STORE_RESEAL_STATES
};
struct store_reseal {
    uint8_t state;     /* enum store_reseal_state */
    uint32_t key_id;   /* of the new data key */
    uint64_t values;   /* sealed ones that there were when it began, about */
    uint64_t looked;   /* how many it came by */
    uint64_t resealed; /* of them */
    uint64_t failed;   /* of them: they do not open */
    int64_t started;   /* Unix seconds */
    int64_t changed;
};
#define STORE_RESEAL_STEP 64 /* at most so many values are sealed in one step */

/* All zeros: there never was one. Errors: E_IO, E_MEMORY. */
MUST_USE enum err store_read_reseal(struct store_reader *r, struct store_reseal *out);
/* How many places for sealed values there are. Goes through tables: for a thread that has time. */
MUST_USE enum err store_count_sealed(struct store_reader *r, uint64_t *out);

/* In a batch. Begins a job with a data key of its own, which seals from the commit on, wrapped
 * under whichever of keks is the store's; or has one that was stopped go on. Errors: E_CONFLICT
 * (one is running), E_WRONG_KEY (none of keks is the store's), E_NO_ROOM (too many old data keys,
 * which values that do not open keep), E_CRYPTO, E_BAD_STATE, E_IO. */
MUST_USE enum err store_reseal_begin(struct store_writer *w, const struct store_keks *keks,
                                     uint64_t values, int64_t now, struct store_reseal *out);
/* In a batch: the next few values. Nothing is done unless it is RUNNING; *out is how it stands
 * then. damaged (may be NULL): those of this step that do not open, of the first STORE_DAMAGED_MAX
 * of the job. Errors: E_CRYPTO, E_MEMORY, E_BAD_STATE, E_IO. */
MUST_USE enum err store_reseal_step(struct store_writer *w, int64_t now, struct store_reseal *out,
                                    struct store_damaged *damaged);
/* In a batch. Errors: E_NOT_FOUND (none is RUNNING or CHECKING), E_BAD_STATE, E_IO. */
MUST_USE enum err store_reseal_stop(struct store_writer *w, int64_t now, struct store_reseal *out);
/* Does any BLOB of any table name another data key than this one, of those in the store? Reads
 * every table in full: for a thread that has time. */
MUST_USE enum err store_reseal_check(struct store_reader *r, uint32_t data_key, bool *left);
/* In a batch, after the check: ENDED, and the old data keys are gone, or with `left` FAILED, and
 * they stay. Errors: E_NOT_FOUND (it is not CHECKING), E_BAD_STATE, E_IO. */
MUST_USE enum err store_reseal_end(struct store_writer *w, bool left, int64_t now,
                                   struct store_reseal *out);

#endif
