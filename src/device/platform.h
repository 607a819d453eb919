/* device/platform.h - the public crypto table as the table that the other rooms take.
 *
 * The public one knows no types of this project, so that a modem's maker needs one header. Nothing
 * is kept here: the table made points to the public one.
 */
#ifndef BINDERY_DEVICE_PLATFORM_H
#define BINDERY_DEVICE_PLATFORM_H

#include "crypto/aka_functions.h"
#include "crypto/crypto.h"
#include "device/bindery_ue.h"

#define PLATFORM_MESSAGE_MAX 128 /* octets that hmac_sha256 and sha256 take in several parts */

/* All functions there? */
bool platform_complete(const struct bindery_ue_crypto *table);
/* What is one part is handed on as it is; several parts are put together first, up to
 * PLATFORM_MESSAGE_MAX octets (more: E_CRYPTO). */
struct crypto platform_crypto(const struct bindery_ue_crypto *table);

/* The same for parts that are longer together: they are put together in `room`, which lasts as long
 * as the table made, and is wiped after each use. */
struct platform_wide {
    const struct bindery_ue_crypto *table;
    struct mbytes room;
};
struct crypto platform_crypto_wide(struct platform_wide *wide);

/* K and OPc for the host. Both are secret. */
void platform_give_usim(const struct aka_keys *in, struct bindery_ue_usim_keys *out);

#endif
