#include "net/verify_key.h"

#include "net/verify_proof.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <pthread.h>
#include <string.h>

/* A SubjectPublicKeyInfo with a named curve and an uncompressed point has one length. */
#define SPKI_P256    91u
#define SPKI_P384    120u
#define SPKI_ED25519 44u
#define RSA_LEAST    2048
#define RSA_MOST     4096
#define EXPONENT     65537u

const char *verify_key_name(enum verify_key_kind kind)
{
    static const char *const names[] = {"p256", "p384", "ed25519", "rsa"};
    return (unsigned)kind < sizeof names / sizeof names[0] ? names[kind] : "unknown";
}

/* A curve that is taken is here only when its key is in another encoding than the one: known_curve
 * has had that. */
static enum err other_curve(const EVP_PKEY *key)
{
    char group[32] = "";
    if (EVP_PKEY_get_group_name(key, group, sizeof group, NULL) != 1) {
        return E_UNSUPPORTED;
    }
    return strcmp(group, "prime256v1") == 0 || strcmp(group, "secp384r1") == 0 ? E_BAD_VALUE
                                                                               : E_UNSUPPORTED;
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
        return other_curve(key);
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

/* ---- the kinds that most devices have, without the general decoder ---- */

/* Before the point, or the key, stands always the same. OpenSSL's decoder needs ten times as long
 * for such a key as a repository has for a row of a bulk. */
static const uint8_t p256_head[] = {0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48,
                                    0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48,
                                    0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00};
static const uint8_t p384_head[] = {0x30, 0x76, 0x30, 0x10, 0x06, 0x07, 0x2a, 0x86,
                                    0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x05, 0x2b,
                                    0x81, 0x04, 0x00, 0x22, 0x03, 0x62, 0x00};
static const struct {
    struct bytes head;
    size_t n;
    int nid; /* the curve */
    enum verify_key_kind kind;
} curves[] = {{{p256_head, sizeof p256_head}, SPKI_P256, NID_X9_62_prime256v1, VERIFY_KEY_P256},
              {{p384_head, sizeof p384_head}, SPKI_P384, NID_secp384r1, VERIFY_KEY_P384}};
#define CURVES (sizeof curves / sizeof curves[0])
static EC_GROUP *groups[CURVES];
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void make_groups(void)
{
    for (size_t i = 0; i < CURVES; i++) {
        groups[i] = EC_GROUP_new_by_curve_name(curves[i].nid); /* NULL without memory */
    }
}

static bool on_curve(const EC_GROUP *group, struct bytes point)
{
    EC_POINT *p = EC_POINT_new(group);
    bool ok = p != NULL && point.p[0] == POINT_CONVERSION_UNCOMPRESSED &&
              EC_POINT_oct2point(group, p, point.p, point.n, NULL) == 1;
    EC_POINT_free(p);
    ERR_clear_error();
    return ok;
}

/* Is it a key on one of these curves? *err: a good one? OpenSSL would take the hybrid form of a
 * point too, which is the same key in other octets. */
static bool known_curve(struct bytes spki, enum verify_key_kind *kind, enum err *err)
{
    (void)pthread_once(&once, make_groups); /* fails on a wrong argument only */
    for (size_t i = 0; i < CURVES; i++) {
        const size_t head = curves[i].head.n;
        if (spki.n == curves[i].n && memcmp(spki.p, curves[i].head.p, head) == 0) {
            const struct bytes point = {spki.p + head, spki.n - head};
            *kind = curves[i].kind;
            *err = groups[i] == NULL ? E_MEMORY : on_curve(groups[i], point) ? E_OK : E_BAD_VALUE;
            return true;
        }
    }
    return false;
}

enum err verify_key(struct bytes spki, enum verify_key_kind *kind)
{
    const unsigned char *p = spki.p;
    enum err err = E_BAD_VALUE;
    if (spki.n == 0 || spki.n > VERIFY_SPKI_MAX) {
        return err;
    }
    if (known_curve(spki, kind, &err)) {
        return err;
    }
    EVP_PKEY *key = d2i_PUBKEY(NULL, &p, (long)spki.n);
    err = key != NULL && p == spki.p + spki.n ? E_OK : E_BAD_VALUE;
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

/* ---- the key of a certificate ---- */

enum err verify_key_of_certificate(struct bytes der, uint8_t spki[static VERIFY_SPKI_MAX],
                                   size_t *spki_n, enum verify_key_kind *kind)
{
    struct bytes key;
    enum err err = proof_certificate_spki(der, &key);
    if (err == E_OK) {
        err = key.n > VERIFY_SPKI_MAX ? E_NO_ROOM : verify_key(key, kind);
    }
    if (err == E_OK) {
        memcpy(spki, key.p, key.n);
        *spki_n = key.n;
    }
    return err;
}

/* From 2048 to 4096 bits by its length, with NULL parameters (RFC 3279 2.3.1). */
static bool is_rsa(struct bytes spki)
{
    static const uint8_t algorithm[] = {0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86,
                                        0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00};
    enum { HEAD = 4, LEAST = 294, MOST = 552 };
    return spki.n >= LEAST && spki.n <= MOST &&
           memcmp(spki.p + HEAD, algorithm, sizeof algorithm) == 0;
}

enum err verify_key_vouched(struct bytes der, struct bytes *spki, enum verify_key_kind *kind)
{
    enum err err = proof_certificate_spki(der, spki);
    if (err != E_OK || known_curve(*spki, kind, &err)) {
        return err;
    }
    *kind = VERIFY_KEY_RSA;
    return is_rsa(*spki) ? E_OK : E_UNSUPPORTED;
}

enum err verify_digest(struct bytes in, uint8_t out[static 32])
{
    return EVP_Digest(in.p, in.n, out, NULL, EVP_sha256(), NULL) == 1 ? E_OK : E_CRYPTO;
}
