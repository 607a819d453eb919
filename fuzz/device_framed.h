/* fuzz/device_framed.h - octets as they are, and in the frame of the device's records
 * (device/frame.h) with a hash that fits, so that the members themselves are reached. For the fuzz
 * targets of images, of keys and of slots.
 */
#ifndef FUZZ_DEVICE_FRAMED_H
#define FUZZ_DEVICE_FRAMED_H

#include "crypto/openssl.h"
#include <stdlib.h>
#include <string.h>

#define FRAMED_MAX 1024 /* octets of a record, header and hash included */

static struct crypto crypto;

/* `third` is the last letter of the magic; `most` the longest record. */
static inline void framed_try(struct bytes in, char third, uint8_t version, size_t most,
                              void (*read_it)(struct bytes in))
{
    uint8_t whole[FRAMED_MAX], hash[32];
    if (crypto.ctx == NULL && crypto_openssl_open(&crypto) != E_OK) {
        abort();
    }
    read_it(in);
    if (in.n > most - 22 || most > sizeof whole) {
        return;
    }
    const uint8_t header[] = {'B',          'U', (uint8_t)third, version, (uint8_t)(in.n >> 8),
                              (uint8_t)in.n};
    memcpy(whole, header, sizeof header);
    if (in.n > 0) {
        memcpy(whole + sizeof header, in.p, in.n);
    }
    const struct bytes covered = {whole, sizeof header + in.n};
    if (crypto.sha256(crypto.ctx, &covered, 1, hash) != E_OK) {
        abort();
    }
    memcpy(whole + covered.n, hash, 16);
    read_it((struct bytes){whole, covered.n + 16});
}

#endif
