#define _GNU_SOURCE
#include "platform.h"
#include <fcntl.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* ---- crypto ---- */

/* One table serves one thread, so the loaded key may stand in a variable of the platform's. A
 * modem's AES engine has a key register instead. */
static uint8_t loaded_key[16];

static bool aes(bool encrypt, const uint8_t key[16], const uint8_t *in, uint8_t *out, size_t blocks)
{
    EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    int n = 0;
    bool done = c != NULL &&
                EVP_CipherInit_ex(c, EVP_aes_128_ecb(), NULL, key, NULL, encrypt) == 1 &&
                EVP_CIPHER_CTX_set_padding(c, 0) == 1 &&
                EVP_CipherUpdate(c, out, &n, in, (int)(blocks * 16)) == 1;
    EVP_CIPHER_CTX_free(c);
    return done && (size_t)n == blocks * 16;
}

static bool load_key(void *ctx, const uint8_t key[16])
{
    (void)ctx;
    memcpy(loaded_key, key, sizeof loaded_key);
    return true;
}

static bool encrypt(void *ctx, const uint8_t *in, uint8_t *out, size_t blocks)
{
    (void)ctx;
    return aes(true, loaded_key, in, out, blocks);
}

static bool decrypt(void *ctx, const uint8_t key[16], const uint8_t in[16], uint8_t out[16])
{
    (void)ctx;
    return aes(false, key, in, out, 1);
}

static bool hmac(void *ctx, const uint8_t *key, size_t key_n, const uint8_t *message,
                 size_t message_n, uint8_t out[32])
{
    (void)ctx;
    return HMAC(EVP_sha256(), key, (int)key_n, message, message_n, out, NULL) != NULL;
}

static bool hash(void *ctx, const uint8_t *message, size_t message_n, uint8_t out[32])
{
    (void)ctx;
    return SHA256(message, message_n, out) != NULL;
}

static bool draw(void *ctx, uint8_t *out, size_t n)
{
    (void)ctx;
    return RAND_bytes(out, (int)n) == 1;
}

const struct bindery_ue_crypto platform_crypto = {.aes128_key = load_key,
                                                  .aes128_encrypt = encrypt,
                                                  .aes128_decrypt = decrypt,
                                                  .hmac_sha256 = hmac,
                                                  .sha256 = hash,
                                                  .random = draw};

/* ---- the device's key ---- */

/* Made up, like the other keys here: a key on the curve P-256 as RFC 5915 writes it. A modem's is
 * made inside it when it is produced, never leaves it, and its public half goes into the
 * manufacturer's device binding repository. */
static const uint8_t device_key[51] = {0x30, 0x31, 0x02, 0x01, 0x01, 0x04, 0x20,        0x9d, 0x61,
                                       0xb1, 0x9d, 0xef, 0xfd, 0x5a, 0x60, [39] = 0xa0, 0x0a, 0x06,
                                       0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03,        0x01, 0x07};

/* OpenSSL writes a signature in DER; the library wants r || s. */
static bool to_raw(const uint8_t *der, size_t n, uint8_t out[64])
{
    ECDSA_SIG *s = d2i_ECDSA_SIG(NULL, &der, (long)n);
    bool done = s != NULL && BN_bn2binpad(ECDSA_SIG_get0_r(s), out, 32) == 32 &&
                BN_bn2binpad(ECDSA_SIG_get0_s(s), out + 32, 32) == 32;
    ECDSA_SIG_free(s);
    return done;
}

static bool sign(void *ctx, const uint8_t *content, size_t n, uint8_t *signature,
                 size_t *signature_n)
{
    const uint8_t *der = device_key;
    uint8_t made[128];
    size_t made_n = sizeof made;
    EVP_PKEY *key = d2i_PrivateKey(EVP_PKEY_EC, NULL, &der, sizeof device_key);
    EVP_MD_CTX *c = EVP_MD_CTX_new();
    (void)ctx;
    bool done =
        key != NULL && c != NULL && EVP_DigestSignInit(c, NULL, EVP_sha256(), NULL, key) == 1 &&
        EVP_DigestSign(c, made, &made_n, content, n) == 1 && to_raw(made, made_n, signature);
    *signature_n = 64;
    EVP_MD_CTX_free(c);
    EVP_PKEY_free(key);
    return done;
}

const struct bindery_ue_signer platform_signer = {.algorithm = BINDERY_UE_SIGNATURE_ECDSA_P256,
                                                  .sign = sign};

/* ---- encryption to the manufacturer ---- */

static EVP_PKEY *public_key(const uint8_t *modulus, size_t n)
{
    uint8_t number[BINDERY_UE_MODULUS_MAX]; /* OpenSSL takes it in the machine's own order */
    unsigned e = 65537;
    EVP_PKEY *key = NULL;
    BIGNUM *bn = BN_bin2bn(modulus, (int)n, NULL);
    EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    if (bn != NULL && c != NULL && n <= sizeof number &&
        BN_bn2nativepad(bn, number, (int)n) == (int)n) {
        OSSL_PARAM params[] = {OSSL_PARAM_construct_BN("n", number, n),
                               OSSL_PARAM_construct_uint("e", &e), OSSL_PARAM_construct_end()};
        if (EVP_PKEY_fromdata_init(c) != 1 ||
            EVP_PKEY_fromdata(c, &key, EVP_PKEY_PUBLIC_KEY, params) != 1) {
            key = NULL;
        }
    }
    EVP_PKEY_CTX_free(c);
    BN_free(bn);
    return key;
}

static bool set_oaep(EVP_PKEY_CTX *c, const uint8_t *label, size_t label_n)
{
    void *copy = OPENSSL_memdup(label, label_n); /* the context frees it */
    if (copy == NULL || EVP_PKEY_encrypt_init(c) != 1 ||
        EVP_PKEY_CTX_set_rsa_padding(c, RSA_PKCS1_OAEP_PADDING) != 1 ||
        EVP_PKEY_CTX_set_rsa_oaep_md(c, EVP_sha256()) != 1 ||
        EVP_PKEY_CTX_set_rsa_mgf1_md(c, EVP_sha256()) != 1 ||
        EVP_PKEY_CTX_set0_rsa_oaep_label(c, copy, (int)label_n) != 1) {
        OPENSSL_free(copy);
        return false;
    }
    return true;
}

static bool encrypt_to(void *ctx, const uint8_t *modulus, size_t modulus_n, const uint8_t *label,
                       size_t label_n, const uint8_t *plain, size_t plain_n, uint8_t *out)
{
    size_t n = modulus_n;
    EVP_PKEY *key = public_key(modulus, modulus_n);
    EVP_PKEY_CTX *c = key != NULL ? EVP_PKEY_CTX_new(key, NULL) : NULL;
    (void)ctx;
    bool done = c != NULL && set_oaep(c, label, label_n) &&
                EVP_PKEY_encrypt(c, out, &n, plain, plain_n) == 1 && n == modulus_n;
    EVP_PKEY_CTX_free(c);
    EVP_PKEY_free(key);
    return done;
}

const struct bindery_ue_encrypter platform_encrypter = {.encrypt = encrypt_to};

/* ---- flash ---- */

/* The new name is on the disk only when its folder is. */
static bool sync_folder(const char *path)
{
    char folder[512];
    const char *slash = strrchr(path, '/');
    int len = slash != NULL ? (int)(slash - path + 1) : 1;
    (void)snprintf(folder, sizeof folder, "%.*s", len, slash != NULL ? path : ".");
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool done = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0) {
        (void)close(fd);
    }
    return done;
}

bool flash_write(const struct flash *f, const void *data, size_t n)
{
    char fresh[512];
    int len = snprintf(fresh, sizeof fresh, "%s.new", f->path);
    if (len < 0 || (size_t)len >= sizeof fresh) {
        return false;
    }
    int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0) {
        return false;
    }
    bool done = write(fd, data, n) == (ssize_t)n && fsync(fd) == 0;
    done = close(fd) == 0 && done;
    return done && rename(fresh, f->path) == 0 && sync_folder(f->path);
}

size_t flash_read(const struct flash *f, void *data, size_t room)
{
    int fd = open(f->path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd >= 0 ? read(fd, data, room) : 0;
    if (fd >= 0) {
        (void)close(fd);
    }
    return n > 0 ? (size_t)n : 0;
}

/* ---- time ---- */

uint64_t platform_now(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}
