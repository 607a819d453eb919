/* store/store_check.h - would a store open? Asked beside a daemon that may have it open.
 *
 * Everything that an opening looks at, and nothing that it does: no lock is taken, nothing is made,
 * migrated or written, and a rotation that was cut short stays as it is. What only the writing
 * shows, as a full disk does, is not found.
 */
#ifndef BINDERY_STORE_STORE_CHECK_H
#define BINDERY_STORE_STORE_CHECK_H

#include "store/store.h"

enum store_whose {
    STORE_OF_HSS,
    STORE_OF_ARPF,
    STORE_OF_DAUSF,
    STORE_OF_RSMF,
    STORE_OF_REPOSITORY,
};
/* The folder of the store, what is in it, and the key-encryption key; kek_path NULL: the store has
 * none. Without a store: could one be made? Root, who may read everything, asks for the user whose
 * the store or its folder is. Errors, also in why->err: those of store_open but for E_LOCKED. */
MUST_USE enum err store_check(enum store_whose whose, const char *path, const char *kek_path,
                              struct store_why *why);

#endif
