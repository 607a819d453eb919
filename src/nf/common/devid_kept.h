/* nf/common/devid_kept.h - digests of what was verified, each for its time: a memory of fixed size
 * for nf/common/devid_port.h.
 *
 * Four places share a set; the one that was not asked for longest gives way. It only ever says yes
 * to a digest that was put in: what was forgotten is verified again. One per thread.
 */
#ifndef BINDERY_NF_COMMON_DEVID_KEPT_H
#define BINDERY_NF_COMMON_DEVID_KEPT_H

#include "base/span.h"

struct devid_kept;
/* n is rounded up to a multiple of four; 0 keeps nothing. Errors: E_MEMORY. */
MUST_USE enum err devid_kept_open(size_t n, struct devid_kept **out);
void devid_kept_close(struct devid_kept *k);
/* Was this SHA-256 put in for `at`? */
bool devid_kept_has(struct devid_kept *k, const uint8_t digest[static 32], int64_t at);
/* It holds at `from` and later, but not at `until`. */
void devid_kept_put(struct devid_kept *k, const uint8_t digest[static 32], int64_t from,
                    int64_t until);
void devid_kept_clear(struct devid_kept *k);

#endif
