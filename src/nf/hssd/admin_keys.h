/* nf/hssd/admin_keys.h - the store's keys at the administration interface: which there are, another
 * key-encryption key, and another data key for all that is sealed (docs/keys.md).
 *
 * Files are read and written by the thread for what takes long, the store by the writer. No key is
 * shown and none is taken from a request.
 */
#ifndef BINDERY_NF_HSSD_ADMIN_KEYS_H
#define BINDERY_NF_HSSD_ADMIN_KEYS_H

#include "nf/hssd/admin_request.h"

/* The handlers. */
void admin_keys_get(struct admin_request *r);
void admin_keys_rotate(struct admin_request *r);
void admin_reseal_begin(struct admin_request *r);
void admin_reseal_stop(struct admin_request *r);
void admin_keys_free(struct admin_request *r);

#endif
