#include "crypto/transport.h"

#include "crypto/crypto.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#define KW_MORE 8u /* octets that RFC 3394 adds */

const char *const transport_algorithm_names[TRANSPORT_ALGORITHMS] = {
    [TRANSPORT_AES_KW] = "aes-kw",           [TRANSPORT_AES_128_ECB] = "aes-128-ecb",
    [TRANSPORT_AES_192_ECB] = "aes-192-ecb", [TRANSPORT_AES_256_ECB] = "aes-256-ecb",
    [TRANSPORT_DES3_ECB] = "des3-ecb",
};

struct transport_key {
    enum transport_algorithm algorithm;
    size_t n;
    uint8_t key[TRANSPORT_KEY_MAX]; /* as the cipher takes it */
    EVP_CIPHER *cipher;
    EVP_CIPHER_CTX *ctx;
};

bool transport_key_fits(enum transport_algorithm a, size_t n)
{
    switch (a) {
    case TRANSPORT_AES_KW:
        return n == 16 || n == 24 || n == 32;
    case TRANSPORT_AES_128_ECB:
        return n == 16;
    case TRANSPORT_AES_192_ECB:
        return n == 24;
    case TRANSPORT_AES_256_ECB:
        return n == 32;
    case TRANSPORT_DES3_ECB:
        return n == 16 || n == 24;
    case TRANSPORT_ALGORITHMS:
        break;
    }
    return false;
}

static const char *cipher_name(enum transport_algorithm a, size_t n)
{
    static const char *const names[2][3] = {{"AES-128-ECB", "AES-192-ECB", "AES-256-ECB"},
                                            {"AES-128-WRAP", "AES-192-WRAP", "AES-256-WRAP"}};
    const size_t kind = a == TRANSPORT_AES_KW ? 1 : 0, length = n / 8 - 2;
    return a == TRANSPORT_DES3_ECB ? "DES-EDE3-ECB" : names[kind][length];
}

/* Triple DES of two keys is that of three whose third is the first. */
static enum err take_key(struct transport_key *t, struct bytes key)
{
    memcpy(t->key, key.p, key.n);
    t->n = key.n;
    if (t->algorithm != TRANSPORT_DES3_ECB) {
        return E_OK;
    }
    if (key.n == 16) {
        memcpy(t->key + 16, key.p, 8);
        t->n = 24;
    }
    const struct bytes first = {t->key, 8}, second = {t->key + 8, 8}, third = {t->key + 16, 8};
    return crypto_ct_eq(first, second) || crypto_ct_eq(second, third) ? E_BAD_VALUE : E_OK;
}

enum err transport_open(enum transport_algorithm a, struct bytes key, struct transport_key **out)
{
    if (!transport_key_fits(a, key.n)) {
        return E_BAD_LENGTH;
    }
    struct transport_key *t = calloc(1, sizeof *t);
    if (t == NULL) {
        return E_MEMORY;
    }
    t->algorithm = a;
    enum err err = take_key(t, key);
    if (err == E_OK) {
        t->cipher = EVP_CIPHER_fetch(NULL, cipher_name(a, key.n), NULL);
        t->ctx = EVP_CIPHER_CTX_new();
        err = t->cipher != NULL && t->ctx != NULL ? E_OK : E_CRYPTO;
    }
    if (err != E_OK) {
        transport_close(t);
        return err;
    }
    EVP_CIPHER_CTX_set_flags(t->ctx, EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
    *out = t;
    return E_OK;
}

void transport_close(struct transport_key *t)
{
    if (t == NULL) {
        return;
    }
    EVP_CIPHER_CTX_free(t->ctx); /* OpenSSL cleanses the key schedule */
    EVP_CIPHER_free(t->cipher);
    wipe(t, sizeof *t);
    free(t);
}

size_t transport_length(const struct transport_key *t, size_t n)
{
    return n + (t->algorithm == TRANSPORT_AES_KW ? KW_MORE : 0);
}

/* OpenSSL may write a block more than it hands out when it unwraps. */
#define ROOM (TRANSPORT_MAX + 16u)

static enum err run(struct transport_key *t, bool encrypt, struct bytes in, struct mbytes out)
{
    uint8_t made[ROOM];
    int n = 0, last = 0;
    /* what it says of a key that does not fit is in *ctx no more than here: failed */
    const bool ready =
        EVP_CipherInit_ex2(t->ctx, t->cipher, t->key, NULL, encrypt ? 1 : 0, NULL) == 1 &&
        EVP_CIPHER_CTX_set_padding(t->ctx, 0) == 1;
    enum err err = ready ? E_WRONG_KEY : E_CRYPTO;
    if (ready && EVP_CipherUpdate(t->ctx, made, &n, in.p, (int)in.n) == 1 && n >= 0 &&
        EVP_CipherFinal_ex(t->ctx, made + n, &last) == 1 && (size_t)n + (size_t)last == out.n) {
        memcpy(out.p, made, out.n);
        err = E_OK;
    }
    wipe(made, sizeof made);
    return err;
}

/*= op-key-transport */
enum err transport_unwrap(struct transport_key *t, struct bytes in,
                          uint8_t out[static TRANSPORT_PLAIN], size_t *n)
{
    const size_t plain = in.n - transport_length(t, 0);
    if (in.n != transport_length(t, 16) && in.n != transport_length(t, TRANSPORT_PLAIN)) {
        return E_BAD_LENGTH;
    }
    enum err err = run(t, false, in, (struct mbytes){out, plain});
    *n = plain;
    if (err != E_OK) {
        wipe(out, TRANSPORT_PLAIN);
        *n = 0;
    }
    return err == E_WRONG_KEY && t->algorithm != TRANSPORT_AES_KW ? E_CRYPTO : err;
}

enum err transport_wrap(struct transport_key *t, struct bytes key,
                        uint8_t out[static TRANSPORT_MAX], size_t *n)
{
    if (t->algorithm == TRANSPORT_DES3_ECB) {
        return E_UNSUPPORTED;
    }
    if (key.n != 16 && key.n != TRANSPORT_PLAIN) {
        return E_BAD_LENGTH;
    }
    *n = transport_length(t, key.n);
    return run(t, true, key, (struct mbytes){out, *n}) == E_OK ? E_OK : E_CRYPTO;
}

enum err transport_kcv(struct bytes key, uint8_t out[static TRANSPORT_KCV])
{
    static const uint8_t zero[16] = {0};
    uint8_t block[16];
    struct transport_key *t = NULL;
    if (key.n != 16 && key.n != TRANSPORT_PLAIN) {
        return E_BAD_LENGTH;
    }
    enum err err =
        transport_open(key.n == 16 ? TRANSPORT_AES_128_ECB : TRANSPORT_AES_256_ECB, key, &t);
    if (err == E_OK) {
        err = run(t, true, BYTES_OF(zero), MBYTES_OF(block));
    }
    if (err == E_OK) {
        memcpy(out, block, TRANSPORT_KCV);
    }
    wipe(block, sizeof block);
    transport_close(t);
    return err == E_OK ? E_OK : E_CRYPTO;
}
