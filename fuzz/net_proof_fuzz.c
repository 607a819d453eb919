/* Any octets as a device's key, or certificate, with a signature (net/verify_proof.h): nothing is
 * read beyond its span; a key that was taken is one that OpenSSL's general decoder takes; and the
 * key of a certificate is found where OpenSSL finds it.
 *
 * An input: the kind of key (and 4: in a certificate), the signature's length in two octets, the
 * signature, the key.
 */
#include "net/verify_proof.h"

#include <openssl/err.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

static void require(int holds)
{
    if (!holds) {
        abort();
    }
}

/* OpenSSL may refuse a certificate that we can walk through, but it sees no other key in it. */
static void same_key(int certificate, struct bytes der, struct bytes spki)
{
    const unsigned char *p = der.p;
    unsigned char *out = NULL;
    X509 *x = certificate ? d2i_X509(NULL, &p, (long)der.n) : NULL;
    if (x != NULL && p == der.p + der.n) {
        int n = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x), &out);
        require(n > 0 && bytes_eq((struct bytes){out, (size_t)n}, spki));
        OPENSSL_free(out);
    }
    X509_free(x);
    ERR_clear_error();
}

/* RSA is left out: the decoder's check of a modulus takes milliseconds. */
static void same_kind(enum verify_key_kind kind, struct bytes spki)
{
    enum verify_key_kind other = VERIFY_KEY_RSA;
    if (kind != VERIFY_KEY_RSA) {
        require(verify_key(spki, &other) == E_OK && other == kind);
    }
}

static struct bytes copy(struct bytes in, uint8_t **block)
{
    *block = malloc(in.n > 0 ? in.n : 1);
    require(*block != NULL);
    if (in.n > 0) {
        memcpy(*block, in.p, in.n);
    }
    return (struct bytes){*block, in.n};
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct proof_tools *tools;
    uint8_t *blocks[2];
    struct rd r = rd_of((struct bytes){data, size});
    uint8_t first = rd_u8(&r);
    struct bytes signature = rd_take(&r, rd_be16(&r));
    struct bytes key = rd_take(&r, rd_left(&r));
    if (r.err != E_OK) {
        return 0;
    }
    require(tools != NULL || proof_tools_open(2, &tools) == E_OK);
    signature = copy(signature, &blocks[0]);
    key = copy(key, &blocks[1]);
    struct bytes spki = key;
    enum err err = E_OK;
    if ((first & 4) != 0) {
        err = proof_certificate_spki(key, &spki);
        require(err == E_OK || err == E_BAD_VALUE);
    }
    if (err == E_OK) {
        enum verify_key_kind kind = (enum verify_key_kind)(first & 3);
        err = proof_verify(tools, kind, spki, BYTES_LIT("content"), signature);
        require(err == E_OK || err == E_BAD_MAC || err == E_BAD_VALUE || err == E_UNSUPPORTED);
        if (err == E_OK || err == E_BAD_MAC) {
            same_kind(kind, spki);
            same_key((first & 4) != 0, key, spki);
        }
    }
    free(blocks[0]);
    free(blocks[1]);
    return 0;
}
