#include "lib/kme_ports.h"

#include "net/lot_key.h"
#include <openssl/ecdsa.h>

static enum err encrypt(void *ctx, struct bytes modulus, struct bytes label, struct bytes plain,
                        uint8_t *out)
{
    (void)ctx;
    return lot_key_encrypt(modulus, label, plain, out);
}

static enum err sign(void *ctx, struct bytes content, uint8_t *signature, size_t *n)
{
    unsigned char der[80];
    size_t der_n = sizeof der;
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    bool ok = md != NULL && EVP_DigestSignInit(md, NULL, EVP_sha256(), NULL, ctx) == 1 &&
              EVP_DigestSign(md, der, &der_n, content.p, content.n) == 1;
    EVP_MD_CTX_free(md);
    const unsigned char *p = der;
    ECDSA_SIG *sig = ok ? d2i_ECDSA_SIG(NULL, &p, (long)der_n) : NULL;
    ok = sig != NULL && BN_bn2binpad(ECDSA_SIG_get0_r(sig), signature, 32) == 32 &&
         BN_bn2binpad(ECDSA_SIG_get0_s(sig), signature + 32, 32) == 32;
    ECDSA_SIG_free(sig);
    *n = KME_SIG_LEN;
    return ok ? E_OK : E_CRYPTO;
}

struct devid_signer kme_port_signer(EVP_PKEY *key)
{
    return (struct devid_signer){key, DEVID_ECDSA_P256, sign};
}

struct kme_encrypter kme_port_encrypter(void)
{
    return (struct kme_encrypter){.encrypt = encrypt};
}
