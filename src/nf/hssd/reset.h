/* nf/hssd/reset.h - whether nodes are to be told that this home network may have forgotten who
 * serves whom (Reset-Request, TS 29.272 5.2.3): decided once, when the store is opened, and stored
 * before anybody connects. Who was told is stored too, so a second crash tells whoever is left.
 */
#ifndef BINDERY_NF_HSSD_RESET_H
#define BINDERY_NF_HSSD_RESET_H

#include "nf/hssd/hssd.h"
#include "store/store_push.h"

/* By config->reset: `unclean`: the store was not closed in order, or was restored from a backup and
 * is opened for the first time since; `always`; `never`. Marks the store as open. *out is what
 * holds from now on; *unclean: the first of these is so. Errors: those of a batch. */
MUST_USE enum err reset_decide(enum hssd_reset_after after, bool restored, struct store_writer *w,
                               struct store_reset *out, bool *unclean);
/* The Reset-Request to a node: User-Ids are the leading digits of the home PLMNs. Errors:
 * E_NO_ROOM.
 */
MUST_USE enum err reset_write(struct hssd *h, const char *host, const char *realm,
                              struct mbytes out, size_t *n);

#endif
