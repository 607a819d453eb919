/* bench/vectors - how many authentication vectors one core makes, and how many it could make if a
 * vector were nothing but its AES and HMAC operations.
 *
 *   bench_vectors [ROUNDS]
 *
 * Whole vectors go through binding_hss_vector: RAND from the generator, f1 to f5, encRAND, KASME.
 * "Alone" is the same operations, re-keyed as often, on kept EVP contexts, and nothing around them:
 * once as OpenSSL's manual has it (EVP_MAC, no padding), once in the quickest way we know of (HMAC
 * made of SHA-256, padding left alone), which is also how crypto/openssl.c does it.
 * The jobs of one round follow each other, so that a change of the machine's speed meets all of
 * them; what is printed is the median over the rounds, lowest and highest beside it. Output: one
 * line each, "name TAB median TAB min TAB max", in vectors per second of processor
 * time, ratios first.
 */
#include "crypto/openssl.h"
#include "crypto/tuak.h"
#include "lib/measure.h"
#include "proc/binding.h"
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SUBSCRIBERS 256 /* keys change from vector to vector, as they do in an HSS */
#define ROUNDS_MAX  99
#define BATCH_NS    20000000U

struct subscriber {
    struct aka_keys keys;
    struct key_kme kme;
};
struct work {
    struct crypto crypto;
    struct subscriber milenage[SUBSCRIBERS];
    struct subscriber tuak[SUBSCRIBERS];
    EVP_CIPHER_CTX *aes;
    EVP_CIPHER_CTX *aes_quick; /* padding was never switched off: OpenSSL re-keys it sooner */
    EVP_MAC_CTX *hmac;
    EVP_MD *md;
    EVP_MD_CTX *sha256;
    uint64_t sqn;
    uint8_t sink[64]; /* results go here, so that nothing is optimised away */
};
struct job {
    const char *name;
    bool (*run)(struct work *w, size_t n);
};

static const uint8_t sn_id[3] = {0x00, 0xf1, 0x10};

/* ---- whole vectors ---- */

static bool vectors(struct work *w, const struct subscriber *all, bool bound, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const struct subscriber *s = &all[i % SUBSCRIBERS];
        struct binding_vector v;
        if (binding_hss_vector(&w->crypto, &s->keys, bound ? &s->kme : NULL, w->sqn, sn_id, &v) !=
            E_OK) {
            return false;
        }
        w->sqn += 32;
        w->sink[0] ^= v.kasme.b[0];
    }
    return true;
}

static bool milenage_bound(struct work *w, size_t n)
{
    return vectors(w, w->milenage, true, n);
}

static bool milenage_open(struct work *w, size_t n)
{
    return vectors(w, w->milenage, false, n);
}

static bool tuak_bound(struct work *w, size_t n)
{
    return vectors(w, w->tuak, true, n);
}

/* ---- the operations alone ---- */

static bool aes(struct work *w, EVP_CIPHER_CTX *ctx, const uint8_t *key)
{
    int got = 0;
    return EVP_EncryptInit_ex2(ctx, NULL, key, NULL, NULL) == 1 &&
           EVP_EncryptUpdate(ctx, w->sink, &got, w->sink, 16) == 1;
}

static bool aes_more(struct work *w, EVP_CIPHER_CTX *ctx, int blocks)
{
    int got = 0;
    return EVP_EncryptUpdate(ctx, w->sink, &got, w->sink, 16 * blocks) == 1;
}

/* HMAC-SHA-256 under CK || IK over the 14 octets of S that KASME takes (TS 33.401 A.2). */
static bool hmac_once(struct work *w)
{
    size_t got = 0;
    return EVP_MAC_init(w->hmac, w->sink, 32, NULL) == 1 &&
           EVP_MAC_update(w->hmac, w->sink + 32, 14) == 1 &&
           EVP_MAC_final(w->hmac, w->sink, &got, 32) == 1;
}

/* The same from two hashes. */
static bool hmac_of_hashes(struct work *w)
{
    uint8_t pad[64];
    memset(pad, 0x36, sizeof pad);
    for (size_t i = 0; i < 2; i++) {
        if (EVP_DigestInit_ex2(w->sha256, w->md, NULL) != 1 ||
            EVP_DigestUpdate(w->sha256, pad, sizeof pad) != 1 ||
            EVP_DigestUpdate(w->sha256, w->sink, i == 0 ? 14 : 32) != 1 ||
            EVP_DigestFinal_ex(w->sha256, w->sink, NULL) != 1) {
            return false;
        }
    }
    return true;
}

/* encRAND: a key and a block; Milenage: a key, TEMP, then OUT1 to OUT4. */
static bool milenage_blocks(struct work *w, EVP_CIPHER_CTX *ctx, size_t i)
{
    const struct subscriber *s = &w->milenage[i % SUBSCRIBERS];
    return aes(w, ctx, s->kme.b) && aes(w, ctx, s->keys.k.b) && aes_more(w, ctx, 4);
}

/* These, and an HMAC for KASME. */
static bool milenage_alone(struct work *w, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (!milenage_blocks(w, w->aes, i) || !hmac_once(w)) {
            return false;
        }
    }
    return true;
}

static bool milenage_hashes(struct work *w, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (!milenage_blocks(w, w->aes_quick, i) || !hmac_of_hashes(w)) {
            return false;
        }
    }
    return true;
}

/* encRAND, two Keccak-f[1600] (f1, then f2 to f5), an HMAC. */
static bool tuak_alone(struct work *w, size_t n)
{
    uint64_t lanes[25] = {0};
    for (size_t i = 0; i < n; i++) {
        keccak_f1600(lanes);
        keccak_f1600(lanes);
        w->sink[0] ^= (uint8_t)lanes[0];
        if (!aes(w, w->aes, w->tuak[i % SUBSCRIBERS].kme.b) || !hmac_once(w)) {
            return false;
        }
    }
    return true;
}

static bool aes_alone(struct work *w, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (!milenage_blocks(w, w->aes, i)) {
            return false;
        }
    }
    return true;
}

static bool hmac_alone(struct work *w, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (!hmac_once(w)) {
            return false;
        }
    }
    return true;
}

static bool rand_alone(struct work *w, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (w->crypto.random(w->crypto.ctx, (struct mbytes){w->sink, 16}) != E_OK) {
            return false;
        }
    }
    return true;
}

enum { J_MILENAGE, J_MILENAGE_ALONE, J_MILENAGE_HASHES, J_TUAK, J_TUAK_ALONE };
enum { J_OPEN = J_TUAK_ALONE + 1, J_AES, J_HMAC, J_RAND, JOBS };
static const struct job jobs[JOBS] = {
    [J_MILENAGE] = {"milenage.vector", milenage_bound},
    [J_MILENAGE_ALONE] = {"milenage.alone", milenage_alone},
    [J_MILENAGE_HASHES] = {"milenage.hashes", milenage_hashes},
    [J_TUAK] = {"tuak.vector", tuak_bound},
    [J_TUAK_ALONE] = {"tuak.alone", tuak_alone},
    [J_OPEN] = {"milenage.unbound", milenage_open},
    [J_AES] = {"part.aes", aes_alone},
    [J_HMAC] = {"part.hmac", hmac_alone},
    [J_RAND] = {"part.rand", rand_alone},
};

/* ---- set up ---- */

static bool fill(struct work *w, struct subscriber *s, enum aka_algorithm algorithm)
{
    uint8_t n = algorithm == AKA_TUAK ? 32 : 16;
    const struct crypto *c = &w->crypto;
    for (size_t i = 0; i < SUBSCRIBERS; i++, s++) {
        s->keys = (struct aka_keys){.algorithm = algorithm, .k.n = 16, .opc.n = n, .res_len = 8};
        if (c->random(c->ctx, MBYTES_OF(s->keys.k.b)) != E_OK ||
            c->random(c->ctx, MBYTES_OF(s->keys.opc.b)) != E_OK ||
            c->random(c->ctx, MBYTES_OF(s->kme.b)) != E_OK) {
            return false;
        }
    }
    return true;
}

static bool contexts(struct work *w)
{
    static const uint8_t zero[16] = {0};
    char sha256[] = "SHA256";
    const OSSL_PARAM digest[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, sha256, 0),
        OSSL_PARAM_construct_end(),
    };
    EVP_CIPHER *ecb = EVP_CIPHER_fetch(NULL, "AES-128-ECB", NULL);
    EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    w->aes = EVP_CIPHER_CTX_new();
    w->aes_quick = EVP_CIPHER_CTX_new();
    w->hmac = mac != NULL ? EVP_MAC_CTX_new(mac) : NULL;
    w->md = EVP_MD_fetch(NULL, sha256, NULL);
    w->sha256 = EVP_MD_CTX_new();
    bool ok = ecb != NULL && w->aes != NULL && w->aes_quick != NULL && w->hmac != NULL &&
              w->md != NULL && w->sha256 != NULL &&
              EVP_EncryptInit_ex2(w->aes, ecb, zero, NULL, NULL) == 1 &&
              EVP_CIPHER_CTX_set_padding(w->aes, 0) == 1 &&
              EVP_EncryptInit_ex2(w->aes_quick, ecb, zero, NULL, NULL) == 1 &&
              EVP_MAC_CTX_set_params(w->hmac, digest) == 1;
    EVP_CIPHER_free(ecb); /* the contexts hold references of their own */
    EVP_MAC_free(mac);
    return ok;
}

static void tear_down(struct work *w)
{
    EVP_CIPHER_CTX_free(w->aes);
    EVP_CIPHER_CTX_free(w->aes_quick);
    EVP_MAC_CTX_free(w->hmac);
    EVP_MD_CTX_free(w->sha256);
    EVP_MD_free(w->md);
    crypto_openssl_close(&w->crypto);
    wipe(w, sizeof *w);
}

static bool set_up(struct work *w)
{
    w->sqn = 32;
    return crypto_openssl_open(&w->crypto) == E_OK && contexts(w) &&
           fill(w, w->milenage, AKA_MILENAGE) && fill(w, w->tuak, AKA_TUAK);
}

/* ---- measuring ---- */

/* How many make up one batch: doubled until one takes BATCH_NS. 0: the job failed. */
static size_t batch_size(struct work *w, const struct job *j)
{
    for (size_t n = 256;; n *= 2) {
        uint64_t from = cpu_ns();
        if (!j->run(w, n)) {
            return 0;
        }
        if (cpu_ns() - from >= BATCH_NS) {
            return n;
        }
    }
}

static bool measure(struct work *w, size_t rounds, double rate[JOBS][ROUNDS_MAX])
{
    size_t n[JOBS];
    for (size_t j = 0; j < JOBS; j++) {
        n[j] = batch_size(w, &jobs[j]);
        if (n[j] == 0) {
            return false;
        }
    }
    for (size_t r = 0; r < rounds; r++) {
        for (size_t j = 0; j < JOBS; j++) {
            uint64_t from = cpu_ns();
            if (!jobs[j].run(w, n[j])) {
                return false;
            }
            rate[j][r] = (double)n[j] * 1e9 / (double)(cpu_ns() - from);
        }
    }
    return true;
}

static void print_ratio(const char *name, const double *a, const double *b, size_t rounds)
{
    double ratio[ROUNDS_MAX];
    for (size_t r = 0; r < rounds; r++) {
        ratio[r] = a[r] / b[r];
    }
    struct spread s = spread_of(ratio, rounds);
    printf("%s\t%.3f\t%.3f\t%.3f\n", name, s.median, s.min, s.max);
}

static void print_all(double rate[JOBS][ROUNDS_MAX], size_t rounds)
{
    print_ratio("ratio.milenage", rate[J_MILENAGE], rate[J_MILENAGE_ALONE], rounds);
    print_ratio("ratio.hashes", rate[J_MILENAGE], rate[J_MILENAGE_HASHES], rounds);
    print_ratio("ratio.tuak", rate[J_TUAK], rate[J_TUAK_ALONE], rounds);
    for (size_t j = 0; j < JOBS; j++) {
        struct spread s = spread_of(rate[j], rounds); /* sorts: the ratios come first */
        printf("%s\t%.0f\t%.0f\t%.0f\n", jobs[j].name, s.median, s.min, s.max);
    }
}

int main(int argc, char **argv)
{
    size_t rounds = argc > 1 ? number_or_die(argv[1], "rounds", 1, ROUNDS_MAX) : 11;
    static struct work w;
    static double rate[JOBS][ROUNDS_MAX];
    bool ok = set_up(&w) && measure(&w, rounds, rate);
    tear_down(&w);
    if (!ok) {
        fprintf(stderr, "bench_vectors: a cryptographic operation failed\n");
        return 1;
    }
    print_all(rate, rounds);
    return 0;
}
