#include "crypto/digest.h"

#include <openssl/evp.h>

/* A struct digest is OpenSSL's context, under a name of ours. */
static EVP_MD_CTX *context(struct digest *d)
{
    return (EVP_MD_CTX *)d;
}

enum err digest_new(struct digest **out)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    if (ctx == NULL) {
        return E_MEMORY;
    }
    if (EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) != 1) {
        EVP_MD_CTX_free(ctx);
        return E_CRYPTO;
    }
    *out = (struct digest *)ctx;
    return E_OK;
}

enum err digest_add(struct digest *d, struct bytes octets)
{
    return EVP_DigestUpdate(context(d), octets.p, octets.n) == 1 ? E_OK : E_CRYPTO;
}

enum err digest_end(struct digest *d, uint8_t out[static 32])
{
    return EVP_DigestFinal_ex(context(d), out, NULL) == 1 ? E_OK : E_CRYPTO;
}

void digest_free(struct digest *d)
{
    EVP_MD_CTX_free(context(d));
}
