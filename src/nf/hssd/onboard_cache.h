/* nf/hssd/onboard_cache.h - what an authority's site said, by device id, so that a device that
 * comes again costs no question.
 *
 * Bounded: ONBOARD_CACHE_ENTRIES records of ONBOARD_CACHE_OCTETS at most, and as many ids that the
 * site does not know, in a table of their own, so that guessed ids drive no device's record out.
 * What was not used for longest goes first. Any thread; one for each authority.
 */
#ifndef BINDERY_NF_HSSD_ONBOARD_CACHE_H
#define BINDERY_NF_HSSD_ONBOARD_CACHE_H

#include "nf/hssd/onboard_answer.h"

#define ONBOARD_CACHE_ENTRIES 4096u
#define ONBOARD_CACHE_OCTETS  16384u /* of one; a longer one is not kept */

struct onboard_times {
    uint32_t cache_seconds, unknown_seconds; /* 0: nothing is kept */
};
struct onboard_cache;
MUST_USE enum err onboard_cache_open(const struct onboard_times *times, struct onboard_cache **out);
void onboard_cache_close(struct onboard_cache *c);

enum onboard_hit {
    ONBOARD_MISS,
    ONBOARD_FRESH,  /* *out, held for the caller */
    ONBOARD_OLD,    /* the same; the site has to be asked whether it still holds */
    ONBOARD_UNKNOWN /* the site did not know the device a moment ago */
};
enum onboard_hit onboard_cache_find(struct onboard_cache *c, const struct device_id *id,
                                    uint64_t now_ms, struct onboard_answer **out);
/* `asked_ms`: when it was asked for, which its time counts from; `answer` NULL: it is not known. An
 * answer that is there already (304) may be put again. */
void onboard_cache_put(struct onboard_cache *c, const struct device_id *id, uint64_t asked_ms,
                       struct onboard_answer *answer);
uint64_t onboard_cache_count(struct onboard_cache *c); /* records */

/* Where the id belongs in a table of `sets`; nobody outside can tell. */
uint64_t onboard_id_hash(const struct device_id *id, uint64_t seed);

#endif
