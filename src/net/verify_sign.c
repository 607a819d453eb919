#include "net/verify_sign.h"

#include "net/verify_key.h"

#include <errno.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define HALF    (SIGNATURE_LEN / 2)
#define DER_MAX 80 /* two integers of 33 octets and their headers */

struct signer {
    EVP_PKEY *key;
    uint8_t spki[SIGNER_SPKI_LEN];
    uint8_t id[32];
};

static enum err wrong(struct verify_why *why, enum err err, const char *path, const char *what)
{
    ERR_clear_error();
    (void)snprintf(why->text, sizeof why->text, "%.150s: %.90s", path, what);
    return err;
}

/* Nobody is there to type one: OpenSSL would ask at the terminal. */
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
        int said = errno;
        if (f != NULL) {
            (void)fclose(f);
        }
        return wrong(why, E_IO, path, strerror(said));
    }
    bool open_to_others = (st.st_mode & 077) != 0;
    *out = open_to_others ? NULL : PEM_read_PrivateKey(f, NULL, no_passphrase, NULL);
    (void)fclose(f); /* was only read */
    if (open_to_others) {
        return wrong(why, E_DENIED, path, "others may read this key: chmod 600 it");
    }
    return *out != NULL ? E_OK : wrong(why, E_BAD_VALUE, path, "holds no private key in PEM form");
}

static enum err take_public(struct signer *s)
{
    enum verify_key_kind kind = VERIFY_KEY_RSA;
    unsigned char *der = NULL;
    int n = i2d_PUBKEY(s->key, &der);
    const struct bytes spki = {der, n > 0 ? (size_t)n : 0};
    enum err err = verify_key(spki, &kind);
    if (err == E_OK && kind != VERIFY_KEY_P256) {
        err = E_UNSUPPORTED;
    }
    if (err == E_OK) {
        memcpy(s->spki, der, sizeof s->spki); /* so long is every P-256 key */
        err = verify_digest(spki, s->id);
    }
    OPENSSL_free(der);
    return err;
}

enum err signer_open(const char *path, struct signer **out, struct verify_why *why)
{
    struct signer *s = calloc(1, sizeof *s);
    if (s == NULL) {
        return wrong(why, E_MEMORY, path, "there is not enough memory");
    }
    enum err err = read_key(path, &s->key, why);
    if (err == E_OK && take_public(s) != E_OK) {
        err = wrong(why, E_BAD_VALUE, path, "is no key on P-256, which signs here");
    }
    if (err != E_OK) {
        signer_close(s);
        return err;
    }
    *out = s;
    return E_OK;
}

void signer_close(struct signer *s)
{
    if (s != NULL) {
        EVP_PKEY_free(s->key);
        free(s);
    }
}

struct bytes signer_spki(const struct signer *s)
{
    return BYTES_OF(s->spki);
}

struct bytes signer_id(const struct signer *s)
{
    return BYTES_OF(s->id);
}

/* The file's one block, as it stands there; NULL if it has another number of them. */
static unsigned char *only_block(BIO *in, size_t *n)
{
    char *name[2] = {NULL, NULL}, *header[2] = {NULL, NULL};
    unsigned char *data[2] = {NULL, NULL};
    long len[2] = {0, 0};
    bool one = PEM_read_bio(in, &name[0], &header[0], &data[0], &len[0]) == 1 &&
               PEM_read_bio(in, &name[1], &header[1], &data[1], &len[1]) != 1;
    bool ok = one && strcmp(name[0], PEM_STRING_PUBLIC) == 0 && header[0][0] == '\0';
    for (size_t i = 0; i < 2; i++) {
        OPENSSL_free(name[i]);
        OPENSSL_free(header[i]);
        OPENSSL_free(i > 0 || !ok ? data[i] : NULL);
    }
    *n = (size_t)len[0];
    return ok ? data[0] : NULL;
}

enum err signer_read_public(const char *path, uint8_t spki[static SIGNER_SPKI_LEN],
                            uint8_t id[static 32], struct verify_why *why)
{
    enum verify_key_kind kind = VERIFY_KEY_RSA;
    size_t n = 0;
    BIO *in = BIO_new_file(path, "r");
    if (in == NULL) {
        return wrong(why, E_IO, path, "cannot be read");
    }
    unsigned char *der = only_block(in, &n);
    BIO_free(in);
    bool ok =
        der != NULL && verify_key((struct bytes){der, n}, &kind) == E_OK && kind == VERIFY_KEY_P256;
    enum err err = ok ? verify_digest((struct bytes){der, n}, id) : E_BAD_VALUE;
    if (err == E_OK) {
        memcpy(spki, der, SIGNER_SPKI_LEN);
    } else {
        err = wrong(why, err, path, "is not one public key on P-256 in PEM form");
    }
    OPENSSL_free(der);
    ERR_clear_error(); /* the end of the file is one */
    return err;
}

static bool to_raw(const unsigned char *der, size_t n, uint8_t out[static SIGNATURE_LEN])
{
    const unsigned char *p = der;
    ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &p, (long)n);
    bool ok = sig != NULL && BN_bn2binpad(ECDSA_SIG_get0_r(sig), out, HALF) == (int)HALF &&
              BN_bn2binpad(ECDSA_SIG_get0_s(sig), out + HALF, HALF) == (int)HALF;
    ECDSA_SIG_free(sig);
    return ok;
}

enum err signer_sign(const struct signer *s, struct bytes content,
                     uint8_t out[static SIGNATURE_LEN])
{
    unsigned char der[DER_MAX];
    size_t n = sizeof der;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool ok = ctx != NULL && EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, s->key) == 1 &&
              EVP_DigestSign(ctx, der, &n, content.p, content.n) == 1 && to_raw(der, n, out);
    EVP_MD_CTX_free(ctx);
    ERR_clear_error();
    return ok ? E_OK : E_CRYPTO;
}

static int to_der(const uint8_t signature[static SIGNATURE_LEN], unsigned char **out)
{
    ECDSA_SIG *sig = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(signature, HALF, NULL), *s = BN_bin2bn(signature + HALF, HALF, NULL);
    if (sig == NULL || r == NULL || s == NULL || ECDSA_SIG_set0(sig, r, s) != 1) {
        BN_free(r);
        BN_free(s);
        ECDSA_SIG_free(sig);
        return 0;
    }
    int n = i2d_ECDSA_SIG(sig, out);
    ECDSA_SIG_free(sig);
    return n;
}

enum err signature_verify(struct bytes spki, struct bytes content,
                          const uint8_t signature[static SIGNATURE_LEN])
{
    enum verify_key_kind kind = VERIFY_KEY_RSA;
    unsigned char *der = NULL;
    const unsigned char *p = spki.p;
    if (verify_key(spki, &kind) != E_OK || kind != VERIFY_KEY_P256) {
        return E_BAD_VALUE;
    }
    EVP_PKEY *key = d2i_PUBKEY(NULL, &p, (long)spki.n);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    int n = to_der(signature, &der);
    bool ok = key != NULL && ctx != NULL && n > 0 &&
              EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, key) == 1 &&
              EVP_DigestVerify(ctx, der, (size_t)n, content.p, content.n) == 1;
    OPENSSL_free(der);
    EVP_MD_CTX_free(ctx);
    EVP_PKEY_free(key);
    ERR_clear_error();
    return ok ? E_OK : E_BAD_MAC;
}
