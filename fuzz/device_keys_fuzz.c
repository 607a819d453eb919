/* A record of keys that a damaged flash, or somebody's hand, brings: what is read is written back
 * the same, and nothing else is taken. The octets are tried as they are, and with a header and a
 * hash that fit, so that the members themselves are reached. */
#include "crypto/openssl.h"
#include "device/keys.h"
#include <stdlib.h>
#include <string.h>

static struct crypto crypto;

static void read_it(struct bytes in)
{
    struct ue_keys keys;
    uint8_t again[BINDERY_UE_KEYS_MAX];
    size_t n = 0;
    if (ue_keys_read(&crypto, in, &keys) != E_OK) {
        return;
    }
    if (ue_keys_write(&crypto, &keys, (struct mbytes){again, sizeof again}, &n) != E_OK ||
        !bytes_eq(in, (struct bytes){again, n})) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t whole[6 + BINDERY_UE_KEYS_MAX + 16], hash[32];
    if (crypto.ctx == NULL && crypto_openssl_open(&crypto) != E_OK) {
        abort();
    }
    read_it((struct bytes){data, size});
    if (size > BINDERY_UE_KEYS_MAX - 22) {
        return 0;
    }
    const uint8_t header[] = {'B', 'U', 'K', UE_KEYS_VERSION, (uint8_t)(size >> 8), (uint8_t)size};
    memcpy(whole, header, sizeof header);
    if (size > 0) {
        memcpy(whole + sizeof header, data, size);
    }
    const struct bytes covered = {whole, sizeof header + size};
    if (crypto.sha256(crypto.ctx, &covered, 1, hash) != E_OK) {
        abort();
    }
    memcpy(whole + covered.n, hash, 16);
    read_it((struct bytes){whole, covered.n + 16});
    return 0;
}
