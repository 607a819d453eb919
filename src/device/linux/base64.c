#include "device/linux/base64.h"

#include "crypto/crypto.h"
#include <openssl/evp.h>
#include <string.h>

void base64_write(struct wr *w, struct bytes in)
{
    uint8_t *at = wr_hold(w, BASE64_LENGTH(in.n) + 1); /* EVP_EncodeBlock ends its text */
    if (at != NULL) {
        (void)EVP_EncodeBlock(at, in.p, (int)in.n);
        w->n--;
    }
}

/* What was decoded is encoded again. */
enum err base64_read(struct bytes text, struct mbytes out, size_t *n)
{
    uint8_t octets[BASE64_OCTETS_MAX + 3], again[BASE64_LENGTH(BASE64_OCTETS_MAX) + 1];
    if (text.n == 0 || text.n % 4 != 0 || text.n >= sizeof again) {
        return E_BAD_VALUE;
    }
    const size_t pad = text.p[text.n - 1] != '=' ? 0 : text.p[text.n - 2] != '=' ? 1 : 2;
    const size_t octets_n = text.n / 4 * 3 - pad;
    enum err err = octets_n <= out.n ? E_OK : E_NO_ROOM;
    if (err == E_OK && EVP_DecodeBlock(octets, text.p, (int)text.n) != (int)(octets_n + pad)) {
        err = E_BAD_VALUE;
    }
    if (err == E_OK) {
        (void)EVP_EncodeBlock(again, octets, (int)octets_n);
        err = crypto_ct_eq((struct bytes){again, text.n}, text) ? E_OK : E_BAD_VALUE;
    }
    if (err == E_OK) {
        memcpy(out.p, octets, octets_n);
        *n = octets_n;
    }
    wipe(octets, sizeof octets);
    wipe(again, sizeof again);
    return err;
}
