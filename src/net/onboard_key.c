#include "net/onboard_key.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

#define RSA_LEAST 2048
#define RSA_MOST  4096
#define POINT_LEN 65u /* uncompressed */
#define HALF      32u

struct onboard_tools {
    EVP_PKEY *curve;        /* P-256, without a key */
    EVP_PKEY_CTX *generate; /* on it */
    EVP_PKEY *peer;         /* gets the key of each certificate */
};

enum err onboard_tools_open(struct onboard_tools **out)
{
    struct onboard_tools *t = calloc(1, sizeof *t);
    if (t == NULL) {
        return E_MEMORY;
    }
    EVP_PKEY_CTX *make = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    bool ok = make != NULL && EVP_PKEY_paramgen_init(make) == 1 &&
              EVP_PKEY_CTX_set_group_name(make, "P-256") == 1 &&
              EVP_PKEY_paramgen(make, &t->curve) == 1 && EVP_PKEY_paramgen(make, &t->peer) == 1;
    EVP_PKEY_CTX_free(make);
    t->generate = ok ? EVP_PKEY_CTX_new_from_pkey(NULL, t->curve, NULL) : NULL;
    if (t->generate == NULL || EVP_PKEY_keygen_init(t->generate) != 1) {
        onboard_tools_close(t);
        ERR_clear_error();
        return E_CRYPTO;
    }
    *out = t;
    return E_OK;
}

void onboard_tools_close(struct onboard_tools *t)
{
    if (t != NULL) {
        EVP_PKEY_CTX_free(t->generate);
        EVP_PKEY_free(t->curve);
        EVP_PKEY_free(t->peer);
        free(t);
    }
}

/* ---- ECDH ---- */

/* SEC 1 2.3.3: 02 or 03, as y is even or odd, and x. */
static bool compressed(const EVP_PKEY *key, uint8_t out[static ONBOARD_SENT_EC])
{
    uint8_t point[POINT_LEN];
    size_t n = 0;
    if (EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point, &n) !=
            1 ||
        n != sizeof point || point[0] != POINT_CONVERSION_UNCOMPRESSED) {
        return false;
    }
    out[0] = (uint8_t)(POINT_CONVERSION_COMPRESSED | (point[POINT_LEN - 1] & 1));
    memcpy(out + 1, point + 1, HALF);
    return true;
}

/* The peer's point was found to be on the curve, and P-256 has cofactor 1: OpenSSL need not look
 * again. */
static bool common_point(EVP_PKEY *own, EVP_PKEY *peer, uint8_t secret[static ONBOARD_SECRET_LEN])
{
    size_t n = ONBOARD_SECRET_LEN;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, own, NULL);
    bool ok = ctx != NULL && EVP_PKEY_derive_init(ctx) == 1 &&
              EVP_PKEY_derive_set_peer_ex(ctx, peer, 0) == 1 &&
              EVP_PKEY_derive(ctx, secret, &n) == 1 && n == ONBOARD_SECRET_LEN;
    EVP_PKEY_CTX_free(ctx);
    return ok;
}

/*= certattach-3c */
static enum err agree_ec(struct onboard_tools *t, struct bytes spki, uint8_t *sent, size_t *sent_n,
                         uint8_t secret[static ONBOARD_SECRET_LEN])
{
    EVP_PKEY *fresh = NULL;
    const uint8_t *point = spki.p + spki.n - POINT_LEN; /* verify_key: there is the one encoding */
    bool ok = EVP_PKEY_set1_encoded_public_key(t->peer, point, POINT_LEN) == 1 &&
              EVP_PKEY_generate(t->generate, &fresh) == 1 && compressed(fresh, sent) &&
              common_point(fresh, t->peer, secret);
    EVP_PKEY_free(fresh);
    *sent_n = ONBOARD_SENT_EC;
    return ok ? E_OK : E_CRYPTO;
}

/* ---- RSAES-OAEP ---- */

static bool encrypt(EVP_PKEY *key, struct bytes label, struct bytes plain, uint8_t *out, size_t *n)
{
    char mode[] = OSSL_PKEY_RSA_PAD_MODE_OAEP, sha256[] = "SHA256";
    uint8_t octets[ONBOARD_LABEL_MAX]; /* OpenSSL's parameter is not const */
    memcpy(octets, label.p, label.n);
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_ASYM_CIPHER_PARAM_PAD_MODE, mode, 0),
        OSSL_PARAM_construct_utf8_string(OSSL_ASYM_CIPHER_PARAM_OAEP_DIGEST, sha256, 0),
        OSSL_PARAM_construct_utf8_string(OSSL_ASYM_CIPHER_PARAM_MGF1_DIGEST, sha256, 0),
        OSSL_PARAM_construct_octet_string(OSSL_ASYM_CIPHER_PARAM_OAEP_LABEL, octets, label.n),
        OSSL_PARAM_construct_end()};
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
    *n = ONBOARD_SENT_MAX;
    bool ok = ctx != NULL && EVP_PKEY_encrypt_init_ex(ctx, params) == 1 &&
              EVP_PKEY_encrypt(ctx, out, n, plain.p, plain.n) == 1;
    EVP_PKEY_CTX_free(ctx);
    return ok;
}

/*= certattach-box */
static enum err agree_rsa(struct bytes spki, struct bytes label, uint8_t *sent, size_t *sent_n,
                          uint8_t secret[static ONBOARD_SECRET_LEN])
{
    const unsigned char *p = spki.p;
    EVP_PKEY *key = d2i_PUBKEY(NULL, &p, (long)spki.n);
    bool ok = key != NULL && EVP_PKEY_is_a(key, "RSA") && EVP_PKEY_get_bits(key) >= RSA_LEAST &&
              EVP_PKEY_get_bits(key) <= RSA_MOST &&
              RAND_priv_bytes(secret, ONBOARD_SECRET_LEN) == 1 &&
              encrypt(key, label, (struct bytes){secret, ONBOARD_SECRET_LEN}, sent, sent_n);
    EVP_PKEY_free(key);
    return ok ? E_OK : E_CRYPTO;
}

/* ---- both ---- */

static enum err agree(struct onboard_tools *t, struct bytes spki, struct bytes label,
                      enum verify_key_kind kind, uint8_t *sent, size_t *sent_n,
                      uint8_t secret[static ONBOARD_SECRET_LEN])
{
    switch (kind) {
    case VERIFY_KEY_P256:
        return agree_ec(t, spki, sent, sent_n, secret);
    case VERIFY_KEY_RSA:
        return agree_rsa(spki, label, sent, sent_n, secret);
    case VERIFY_KEY_P384:
    case VERIFY_KEY_ED25519:
        break;
    }
    return E_UNSUPPORTED;
}

enum err onboard_agree(struct onboard_tools *t, struct bytes certificate, struct bytes label,
                       enum verify_key_kind *kind, uint8_t sent[static ONBOARD_SENT_MAX],
                       size_t *sent_n, uint8_t secret[static ONBOARD_SECRET_LEN])
{
    enum verify_key_kind found = VERIFY_KEY_P256;
    struct bytes spki;
    if (label.n > ONBOARD_LABEL_MAX) {
        return E_NO_ROOM;
    }
    enum err err = verify_key_vouched(certificate, &spki, &found);
    if (err == E_OK) {
        err = agree(t, spki, label, found, sent, sent_n, secret);
    }
    ERR_clear_error();
    if (err == E_OK) {
        *kind = found;
    } else {
        wipe(secret, ONBOARD_SECRET_LEN);
    }
    return err == E_MEMORY ? E_CRYPTO : err;
}
