/* nf/hssd/profiles.h - profiles that the configuration has no more, and subscribers name: they get
 * no service (refusal no-profile).
 *
 * A reload with such a configuration is refused. A start is not, as the others would be without
 * service too: it says which they are.
 */
#ifndef BINDERY_NF_HSSD_PROFILES_H
#define BINDERY_NF_HSSD_PROFILES_H

#include "nf/hssd/hssd.h"

/* Does a subscriber name a profile of h->config that `next` does not have? Reads all subscribers
 * for each that is gone and that nobody names. Errors: E_CONFLICT with `text`, E_IO, E_MEMORY. */
MUST_USE enum err profiles_gone(const struct hssd *h, const struct hssd_config *next, char *text,
                                size_t room);
/* At the start, once the writer runs: event `profile-missing` for each profile that an earlier
 * configuration had and subscribers name. One that nobody names is forgotten. */
void profiles_tell_missing(struct hssd *h);

#endif
