/* nf/repod/crew.h - threads that help the loop's with one list of work at a time: the keys of a
 * bulk to be looked at, the records to be signed.
 *
 * The caller works too, and goes on when all is done: nothing runs behind its back. Nothing of the
 * store is touched here.
 */
#ifndef BINDERY_NF_REPOD_CREW_H
#define BINDERY_NF_REPOD_CREW_H

#include "base/err.h"
#include <stddef.h>

#define CREW_MAX 8u

struct crew;
/* Does the i-th piece; worker is below crew_size, and no two at once have the same. */
typedef void (*crew_work)(void *ctx, unsigned worker, size_t i);
/* `size` threads, the caller's included; 0: one for each processor, CREW_MAX at most. With fewer
 * when the system gives no more. Signals stay blocked in them as they are here. Errors: E_MEMORY.
 */
MUST_USE enum err crew_open(unsigned size, struct crew **out);
/* Harmless on NULL. */
void crew_close(struct crew *c);
unsigned crew_size(const struct crew *c);
/* All pieces below n. One thread calls it. */
void crew_do(struct crew *c, size_t n, crew_work work, void *ctx);

#endif
