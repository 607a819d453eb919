#include "net/eck.h"

#include <errno.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define CURVE_NAME "prime256v1" /* as OpenSSL says it of a key */

struct eck {
    EVP_PKEY *key;
    uint8_t point[ECK_POINT_LEN];
    uint8_t digest[32];
    size_t n;
    struct bytes chain[VERIFY_CHAIN_MAX];
    uint8_t octets[VERIFY_DER_MAX];
};

static enum err wrong(struct verify_why *why, enum err err, const char *path, const char *what)
{
    ERR_clear_error();
    (void)snprintf(why->text, sizeof why->text, "%.150s: %.90s", path, what);
    return err;
}

/* ---- points ---- */

static bool point_of(const EVP_PKEY *key, uint8_t out[static ECK_POINT_LEN])
{
    size_t n = 0;
    return EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, out, ECK_POINT_LEN, &n) ==
               1 &&
           n == ECK_POINT_LEN && out[0] == POINT_CONVERSION_UNCOMPRESSED;
}

void eck_compress(const uint8_t point[static ECK_POINT_LEN], uint8_t out[static ECK_COMPRESSED_LEN])
{
    out[0] = (uint8_t)(POINT_CONVERSION_COMPRESSED | (point[ECK_POINT_LEN - 1] & 1));
    memcpy(out + 1, point + 1, ECK_COMPRESSED_LEN - 1);
}

/* OpenSSL would take the hybrid form too, and infinity as one octet. */
static bool has_form(struct bytes point)
{
    return point.n == ECK_POINT_LEN
               ? point.p[0] == POINT_CONVERSION_UNCOMPRESSED
               : point.n == ECK_COMPRESSED_LEN && (point.p[0] & ~1U) == POINT_CONVERSION_COMPRESSED;
}

enum err eck_point_of_certificate(struct bytes der, uint8_t point[static ECK_POINT_LEN])
{
    enum verify_key_kind kind = VERIFY_KEY_RSA;
    struct bytes spki;
    const enum err err = verify_key_vouched(der, &spki, &kind);
    if (err != E_OK) {
        return err == E_MEMORY ? E_CRYPTO : err;
    }
    if (kind != VERIFY_KEY_P256) {
        return E_UNSUPPORTED;
    }
    memcpy(point, spki.p + spki.n - ECK_POINT_LEN, ECK_POINT_LEN); /* there is the one encoding */
    return E_OK;
}

/* ---- agreement ---- */

/* The point was found to be on the curve as it was taken: OpenSSL need not look again. */
static bool common_point(EVP_PKEY *own, EVP_PKEY *peer, uint8_t secret[static ECK_SECRET_LEN])
{
    size_t n = ECK_SECRET_LEN;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, own, NULL);
    const bool ok = ctx != NULL && EVP_PKEY_derive_init(ctx) == 1 &&
                    EVP_PKEY_derive_set_peer_ex(ctx, peer, 0) == 1 &&
                    EVP_PKEY_derive(ctx, secret, &n) == 1 && n == ECK_SECRET_LEN;
    EVP_PKEY_CTX_free(ctx);
    return ok;
}

/*= dimsi-point */
static enum err agree(EVP_PKEY *own, struct bytes point, uint8_t secret[static ECK_SECRET_LEN])
{
    enum err err = has_form(point) ? E_OK : E_BAD_VALUE;
    EVP_PKEY *peer = err == E_OK ? EVP_PKEY_new() : NULL;
    if (err == E_OK && (peer == NULL || EVP_PKEY_copy_parameters(peer, own) != 1)) {
        err = E_CRYPTO;
    }
    if (err == E_OK && EVP_PKEY_set1_encoded_public_key(peer, point.p, point.n) != 1) {
        err = E_BAD_VALUE;
    }
    if (err == E_OK && !common_point(own, peer, secret)) {
        err = E_CRYPTO;
    }
    EVP_PKEY_free(peer);
    ERR_clear_error();
    if (err != E_OK) {
        wipe(secret, ECK_SECRET_LEN);
    }
    return err;
}

enum err eck_agree(const struct eck *k, struct bytes point, uint8_t secret[static ECK_SECRET_LEN])
{
    return agree(k->key, point, secret);
}

/*= dimsi-0c-agree */
enum err eck_fresh(struct bytes point, uint8_t own[static ECK_POINT_LEN],
                   uint8_t secret[static ECK_SECRET_LEN])
{
    uint8_t made[ECK_POINT_LEN];
    EVP_PKEY *fresh = EVP_EC_gen("P-256");
    enum err err = fresh != NULL && point_of(fresh, made) ? E_OK : E_CRYPTO;
    if (err == E_OK) {
        err = agree(fresh, point, secret);
    } else {
        wipe(secret, ECK_SECRET_LEN);
    }
    if (err == E_OK) {
        memcpy(own, made, sizeof made);
    }
    EVP_PKEY_free(fresh);
    ERR_clear_error();
    return err;
}

/* ---- the key of a file ---- */

static bool on_p256(const EVP_PKEY *key)
{
    char group[32] = "";
    return EVP_PKEY_is_a(key, "EC") &&
           EVP_PKEY_get_group_name(key, group, sizeof group, NULL) == 1 &&
           strcmp(group, CURVE_NAME) == 0;
}

/* Nobody is there to type one. */
static int no_passphrase(char *buffer, int size, int writing, void *ctx)
{
    (void)buffer, (void)size, (void)writing, (void)ctx;
    return -1;
}

static enum err read_key(const char *path, EVP_PKEY **out, struct verify_why *why)
{
    struct stat st;
    FILE *f = fopen(path, "re");
    if (f == NULL || fstat(fileno(f), &st) != 0) {
        const int said = errno;
        if (f != NULL) {
            (void)fclose(f);
        }
        return wrong(why, E_IO, path, strerror(said));
    }
    const bool open_to_others = (st.st_mode & 077) != 0;
    *out = open_to_others ? NULL : PEM_read_PrivateKey(f, NULL, no_passphrase, NULL);
    (void)fclose(f); /* was only read */
    if (open_to_others) {
        return wrong(why, E_DENIED, path, "others may read this key: chmod 600 it");
    }
    return *out != NULL && on_p256(*out)
               ? E_OK
               : wrong(why, E_BAD_VALUE, path, "holds no private key on P-256 in PEM form");
}

/* NULL if it has room; else what is wrong. */
static const char *keep(struct eck *k, size_t *at, X509 *x)
{
    const int n = i2d_X509(x, NULL);
    if (k->n == VERIFY_CHAIN_MAX || n <= 0 || (size_t)n > sizeof k->octets - *at) {
        return "holds more certificates than a chain may have";
    }
    if (k->n == 0 && X509_check_private_key(x, k->key) != 1) {
        return "its first certificate is not of the private key";
    }
    unsigned char *p = k->octets + *at;
    k->chain[k->n++] = (struct bytes){p, (size_t)n};
    *at += (size_t)i2d_X509(x, &p);
    return NULL;
}

static bool at_end(void)
{
    const unsigned long last = ERR_peek_last_error(); /* what breaks off is not passed over */
    return ERR_GET_LIB(last) == ERR_LIB_PEM && ERR_GET_REASON(last) == PEM_R_NO_START_LINE;
}

static enum err read_chain(const char *path, struct eck *k, struct verify_why *why)
{
    X509 *x = NULL;
    const char *what = NULL;
    size_t at = 0;
    BIO *in = BIO_new_file(path, "r");
    if (in == NULL) {
        return wrong(why, E_IO, path, "cannot be read");
    }
    ERR_clear_error();
    while (what == NULL && (x = PEM_read_bio_X509(in, NULL, NULL, NULL)) != NULL) {
        what = keep(k, &at, x);
        X509_free(x);
    }
    if (what == NULL && (k->n == 0 || !at_end())) {
        what = "is not certificates in PEM form alone";
    }
    BIO_free(in);
    return what == NULL ? E_OK : wrong(why, E_BAD_VALUE, path, what);
}

enum err eck_open(const char *key, const char *certificate, struct eck **out,
                  struct verify_why *why)
{
    struct eck *k = calloc(1, sizeof *k);
    if (k == NULL) {
        return wrong(why, E_MEMORY, key, "there is not enough memory");
    }
    enum err err = read_key(key, &k->key, why);
    if (err == E_OK && !point_of(k->key, k->point)) {
        err = wrong(why, E_BAD_VALUE, key, "holds no private key on P-256 in PEM form");
    }
    if (err == E_OK) {
        err = read_chain(certificate, k, why);
    }
    if (err == E_OK && verify_digest(k->chain[0], k->digest) != E_OK) {
        err = wrong(why, E_BAD_VALUE, certificate, "its digest could not be made");
    }
    ERR_clear_error();
    if (err != E_OK) {
        eck_close(k);
        return err;
    }
    *out = k;
    return E_OK;
}

void eck_close(struct eck *k)
{
    if (k != NULL) {
        EVP_PKEY_free(k->key);
        free(k);
    }
}

const uint8_t *eck_point(const struct eck *k)
{
    return k->point;
}

const uint8_t *eck_digest(const struct eck *k)
{
    return k->digest;
}

const struct bytes *eck_chain(const struct eck *k, size_t *n)
{
    *n = k->n;
    return k->chain;
}
