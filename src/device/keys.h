/* device/keys.h - an ME's keys for one IMSI as octets: what is handed to the host's store_keys, and
 * read by bindery_ue_init and bindery_ue_keys_init.
 *
 * A record of its own, so that a lost image of the NAS client loses no KME. A frame "BUK"
 * (device/frame.h); the body is the IMSI in 8 octets, a flag and the active KME, a flag and of the
 * pending one KME, nonce, expected NW_SIG, and the encrypted octets after their number (2). It is
 * secret.
 */
#ifndef BINDERY_DEVICE_KEYS_H
#define BINDERY_DEVICE_KEYS_H

#include "device/bindery_ue.h"
#include "proc/kme.h"

#define UE_KEYS_VERSION 1

struct ue_keys {
    struct imsi imsi;
    struct kme_me me;
};

/* Errors: E_NO_ROOM, E_BAD_LENGTH (encrypted octets that no modulus has), E_CRYPTO; `out` is wiped.
 */
MUST_USE enum err ue_keys_write(const struct crypto *c, const struct ue_keys *in, struct mbytes out,
                                size_t *n);
/* Canonical only. After an error *out is zeros: a device has no stack for two. Errors: E_TRUNCATED,
 * E_TRAILING, E_BAD_LENGTH, E_BAD_VALUE, E_BAD_DIGIT, E_UNSUPPORTED (no record), E_TOO_NEW (a later
 * version), E_BAD_MAC (the hash), E_CRYPTO. */
MUST_USE enum err ue_keys_read(const struct crypto *c, struct bytes in, struct ue_keys *out);
/* The keys of keys->imsi: a record's, or with record.p NULL the one that the factory gave, which
 * may be NULL too. After an error *keys has none. Errors: ERR_IMAGE, ERR_FOREIGN, ERR_CRYPTO. */
enum bindery_ue_result ue_keys_take(const struct crypto *c, struct bytes record,
                                    const uint8_t *factory, struct ue_keys *keys);

#endif
