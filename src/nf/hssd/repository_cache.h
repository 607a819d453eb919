/* nf/hssd/repository_cache.h - answers of repositories by IMEI, so that a device that comes again
 * costs no question (TR 33.899 leaves it open whether they may be kept; docs/devid.md says how we
 * read that).
 *
 * Bounded in entries, and in octets by what so many answers usually have; the one that was not used
 * for longest goes first. Any thread; a stripe's lock covers a look into its table and nothing
 * else. An answer that is past its time stays, for as long as it may be used while nobody can be
 * asked.
 *
 * A revocation leaves a mark behind, so that an answer or a proof that was on its way at that
 * moment is not believed afterwards.
 */
#ifndef BINDERY_NF_HSSD_REPOSITORY_CACHE_H
#define BINDERY_NF_HSSD_REPOSITORY_CACHE_H

#include "nf/hssd/repository_answer.h"

struct repository_times {
    uint32_t cache_seconds, unknown_seconds, stale_seconds;
};
struct repository_cache;
MUST_USE enum err repository_cache_open(uint32_t entries, const struct repository_times *times,
                                        struct repository_cache **out);
void repository_cache_close(struct repository_cache *c);

enum repository_hit {
    REPOSITORY_MISS,  /* *out is not set */
    REPOSITORY_FRESH, /* held for the caller */
    REPOSITORY_STALE  /* the same; may be used only while nobody can be asked */
};
/* *age in seconds. */
enum repository_hit repository_cache_find(struct repository_cache *c, const struct imei *imei,
                                          uint64_t now_ms, struct repository_answer **out,
                                          uint32_t *age);
/* Keeps what holds for a while: FOUND, REVOKED and NONE. A binding that was revoked since is not
 * kept. `asked_ms`: when it was asked for, which its age counts from. */
void repository_cache_put(struct repository_cache *c, const struct imei *imei, uint64_t asked_ms,
                          struct repository_answer *answer);
/* The repository told a change: what it said before is dropped. Returns whether that was a binding.
 */
bool repository_cache_changed(struct repository_cache *c, const struct repository_change *change);
/* Was the record with this serial revoked a while ago? */
bool repository_cache_revoked(struct repository_cache *c, const struct imei *imei, uint64_t serial);
/* Drops all answers; returns how many. */
uint64_t repository_cache_flush(struct repository_cache *c);
/* Drops the marks of revocations too: their serials are of a count that began anew. */
void repository_cache_restart(struct repository_cache *c);
uint64_t repository_cache_count(struct repository_cache *c); /* answers */

#endif
