#include "device/linux/encrypter_openssl.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <string.h>

#define OAEP_OVERHEAD (2u * 32 + 2) /* RFC 8017 7.1.1, with SHA-256 */

/* OpenSSL takes them as parameters that may change, and changes none of them. */
struct oaep {
    OSSL_PARAM params[5];
    char mode[8], hash[8], mgf1[8];
    uint8_t label[ENCRYPTER_LABEL_MAX];
};

/*= kme-padding */
static void fill(struct oaep *o, struct bytes label)
{
    *o = (struct oaep){.mode = OSSL_PKEY_RSA_PAD_MODE_OAEP, .hash = "SHA256", .mgf1 = "SHA256"};
    if (label.n > 0) {
        memcpy(o->label, label.p, label.n);
    }
    o->params[0] = OSSL_PARAM_construct_utf8_string(OSSL_ASYM_CIPHER_PARAM_PAD_MODE, o->mode, 0);
    o->params[1] = OSSL_PARAM_construct_utf8_string(OSSL_ASYM_CIPHER_PARAM_OAEP_DIGEST, o->hash, 0);
    o->params[2] = OSSL_PARAM_construct_utf8_string(OSSL_ASYM_CIPHER_PARAM_MGF1_DIGEST, o->mgf1, 0);
    o->params[3] =
        OSSL_PARAM_construct_octet_string(OSSL_ASYM_CIPHER_PARAM_OAEP_LABEL, o->label, label.n);
    o->params[4] = OSSL_PARAM_construct_end();
}

static EVP_PKEY *of_params(OSSL_PARAM_BLD *b)
{
    EVP_PKEY *key = NULL;
    OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(b);
    EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    if (params == NULL || c == NULL || EVP_PKEY_fromdata_init(c) != 1 ||
        EVP_PKEY_fromdata(c, &key, EVP_PKEY_PUBLIC_KEY, params) != 1) {
        key = NULL;
    }
    EVP_PKEY_CTX_free(c);
    OSSL_PARAM_free(params);
    return key;
}

static EVP_PKEY *public_key(struct bytes modulus)
{
    EVP_PKEY *key = NULL;
    OSSL_PARAM_BLD *b = OSSL_PARAM_BLD_new();
    BIGNUM *n = BN_bin2bn(modulus.p, (int)modulus.n, NULL);
    if (b != NULL && n != NULL && OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_RSA_N, n) == 1 &&
        OSSL_PARAM_BLD_push_uint(b, OSSL_PKEY_PARAM_RSA_E, KME_RSA_EXPONENT) == 1) {
        key = of_params(b);
    }
    OSSL_PARAM_BLD_free(b);
    BN_free(n);
    return key;
}

/*= kme-5d */
enum err encrypter_openssl(struct bytes modulus, struct bytes label, struct bytes plain,
                           uint8_t *out)
{
    struct oaep o;
    uint8_t made[KME_MODULUS_MAX];
    size_t n = sizeof made;
    if (label.n > sizeof o.label) {
        return E_NO_ROOM;
    }
    if (kme_modulus_check(modulus) != E_OK || plain.n > modulus.n - OAEP_OVERHEAD) {
        return E_BAD_VALUE;
    }
    fill(&o, label);
    EVP_PKEY *key = public_key(modulus);
    EVP_PKEY_CTX *c = key != NULL ? EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL) : NULL;
    const bool done = c != NULL && EVP_PKEY_encrypt_init_ex(c, o.params) == 1 &&
                      EVP_PKEY_encrypt(c, made, &n, plain.p, plain.n) == 1 && n == modulus.n;
    if (done) {
        memcpy(out, made, n);
    }
    EVP_PKEY_CTX_free(c);
    EVP_PKEY_free(key);
    ERR_clear_error();
    return done ? E_OK : E_CRYPTO;
}

/* ---- as those who want it ask for it ---- */

static bool for_a_device(void *ctx, const uint8_t *modulus, size_t modulus_n, const uint8_t *label,
                         size_t label_n, const uint8_t *plain, size_t plain_n, uint8_t *out)
{
    (void)ctx;
    return encrypter_openssl((struct bytes){modulus, modulus_n}, (struct bytes){label, label_n},
                             (struct bytes){plain, plain_n}, out) == E_OK;
}

MUST_USE static enum err for_the_procedure(void *ctx, struct bytes modulus, struct bytes label,
                                           struct bytes plain, uint8_t *out)
{
    (void)ctx;
    return encrypter_openssl(modulus, label, plain, out);
}

const struct bindery_ue_encrypter encrypter_openssl_port = {.encrypt = for_a_device};
const struct kme_encrypter encrypter_openssl_kme = {.encrypt = for_the_procedure};
