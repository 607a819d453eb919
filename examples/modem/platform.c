#define _GNU_SOURCE
#include "platform.h"
#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
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

/* Made up, like the other keys here. A modem's is made inside it when it is produced, never leaves
 * it, and its public half goes into the manufacturer's device binding repository. */
static const uint8_t device_key[32] = {0x9d, 0x61, 0xb1, 0x9d, 0xef, 0xfd, 0x5a, 0x60};

static bool sign(void *ctx, const uint8_t *content, size_t n, uint8_t *signature,
                 size_t *signature_n)
{
    EVP_PKEY *key =
        EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, device_key, sizeof device_key);
    EVP_MD_CTX *c = EVP_MD_CTX_new();
    (void)ctx;
    bool done = key != NULL && c != NULL && EVP_DigestSignInit(c, NULL, NULL, NULL, key) == 1 &&
                EVP_DigestSign(c, signature, signature_n, content, n) == 1;
    EVP_MD_CTX_free(c);
    EVP_PKEY_free(key);
    return done;
}

const struct bindery_ue_signer platform_signer = {.algorithm = BINDERY_UE_SIGNATURE_ED25519,
                                                  .sign = sign};

/* ---- flash ---- */

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
    return done && rename(fresh, f->path) == 0;
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
