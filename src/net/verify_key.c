#include "net/verify_key.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <string.h>

/* A SubjectPublicKeyInfo with a named curve and an uncompressed point has one length. */
#define SPKI_P256    91u
#define SPKI_P384    120u
#define SPKI_ED25519 44u
#define RSA_LEAST    2048
#define RSA_MOST     8192
#define EXPONENT     65537u

const char *verify_key_name(enum verify_key_kind kind)
{
    static const char *const names[] = {"p256", "p384", "ed25519", "rsa"};
    return (unsigned)kind < sizeof names / sizeof names[0] ? names[kind] : "unknown";
}

static enum err curve(const EVP_PKEY *key, size_t n, enum verify_key_kind *kind)
{
    char group[32] = "";
    if (EVP_PKEY_get_group_name(key, group, sizeof group, NULL) != 1) {
        return E_UNSUPPORTED;
    }
    bool p256 = strcmp(group, "prime256v1") == 0;
    if (!p256 && strcmp(group, "secp384r1") != 0) {
        return E_UNSUPPORTED;
    }
    *kind = p256 ? VERIFY_KEY_P256 : VERIFY_KEY_P384;
    return n == (p256 ? SPKI_P256 : SPKI_P384) ? E_OK : E_BAD_VALUE;
}

static enum err rsa(const EVP_PKEY *key, enum verify_key_kind *kind)
{
    BIGNUM *e = NULL;
    int bits = EVP_PKEY_get_bits(key);
    bool ok = EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &e) == 1 && BN_is_odd(e) &&
              BN_num_bits(e) <= 32 && BN_get_word(e) >= EXPONENT;
    BN_free(e);
    *kind = VERIFY_KEY_RSA;
    return ok && bits >= RSA_LEAST && bits <= RSA_MOST ? E_OK : E_UNSUPPORTED;
}

static enum err kind_of(const EVP_PKEY *key, size_t n, enum verify_key_kind *kind)
{
    switch (EVP_PKEY_get_base_id(key)) {
    case EVP_PKEY_EC:
        return curve(key, n, kind);
    case EVP_PKEY_RSA:
        return rsa(key, kind);
    case EVP_PKEY_ED25519:
        *kind = VERIFY_KEY_ED25519;
        return n == SPKI_ED25519 ? E_OK : E_BAD_VALUE;
    default:
        return E_UNSUPPORTED;
    }
}

/* Is the key's one encoding what was given, and is it a key at all? */
static enum err check(EVP_PKEY *key, struct bytes spki)
{
    unsigned char *again = NULL;
    int n = i2d_PUBKEY(key, &again);
    bool same = n > 0 && bytes_eq((struct bytes){again, (size_t)n}, spki);
    OPENSSL_free(again);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
    if (ctx == NULL) {
        return E_MEMORY;
    }
    bool valid = same && EVP_PKEY_public_check_quick(ctx) == 1; /* the curves have cofactor 1 */
    EVP_PKEY_CTX_free(ctx);
    return valid ? E_OK : E_BAD_VALUE;
}

enum err verify_key(struct bytes spki, enum verify_key_kind *kind)
{
    const unsigned char *p = spki.p;
    if (spki.n == 0 || spki.n > VERIFY_SPKI_MAX) {
        return E_BAD_VALUE;
    }
    EVP_PKEY *key = d2i_PUBKEY(NULL, &p, (long)spki.n);
    enum err err = key != NULL && p == spki.p + spki.n ? E_OK : E_BAD_VALUE;
    if (err == E_OK) {
        err = kind_of(key, spki.n, kind);
    }
    if (err == E_OK) {
        err = check(key, spki);
    }
    EVP_PKEY_free(key);
    ERR_clear_error();
    return err;
}

enum err verify_key_of_certificate(struct bytes der, uint8_t spki[static VERIFY_SPKI_MAX],
                                   size_t *spki_n, enum verify_key_kind *kind)
{
    const unsigned char *p = der.p;
    unsigned char *out = NULL;
    X509 *x = d2i_X509(NULL, &p, (long)der.n);
    int n = x != NULL ? i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x), &out) : 0;
    enum err err = n <= 0 ? E_BAD_VALUE : (size_t)n > VERIFY_SPKI_MAX ? E_NO_ROOM : E_OK;
    if (err == E_OK) {
        err = verify_key((struct bytes){out, (size_t)n}, kind);
    }
    if (err == E_OK) {
        memcpy(spki, out, (size_t)n);
        *spki_n = (size_t)n;
    }
    OPENSSL_free(out);
    X509_free(x);
    ERR_clear_error();
    return err;
}

enum err verify_digest(struct bytes in, uint8_t out[static 32])
{
    return EVP_Digest(in.p, in.n, out, NULL, EVP_sha256(), NULL) == 1 ? E_OK : E_CRYPTO;
}
