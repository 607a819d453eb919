#include "net/lot_key.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <stdlib.h>
#include <string.h>

/*= kme-exponent */
#define EXPONENT 65537u

struct lot_key {
    EVP_PKEY *key;
    size_t n; /* octets of N */
    uint8_t modulus[LOT_KEY_MODULUS_MAX];
};

const char *lot_key_fault_sentence(enum lot_key_fault f)
{
    static const char *const sentences[] = {
#define X(name, sentence) [LOT_KEY_FAULT_##name] = sentence,
        LOT_KEY_FAULT_LIST(X)
#undef X
    };
    return (size_t)f < sizeof sentences / sizeof sentences[0] ? sentences[f] : "unknown";
}

/* ---- the conditions ---- */

static bool allowed_length(unsigned bits)
{
    return bits >= 8 * LOT_KEY_MODULUS_MIN && bits <= 8 * LOT_KEY_MODULUS_MAX && bits % 256 == 0;
}

/* What is computed with, all of it wiped when the context is freed. */
struct numbers {
    BN_CTX *ctx;
    BIGNUM *p, *q, *p1, *q1; /* p1 is P - 1 */
    BIGNUM *n, *e, *d, *dp, *dq, *qinv, *t;
};

static bool numbers_open(struct bytes p, struct bytes q, struct numbers *x)
{
    *x = (struct numbers){.ctx = BN_CTX_secure_new()};
    if (x->ctx == NULL) {
        return false;
    }
    BN_CTX_start(x->ctx);
    BIGNUM **const all[] = {&x->p, &x->q,  &x->p1, &x->q1,   &x->n, &x->e,
                            &x->d, &x->dp, &x->dq, &x->qinv, &x->t};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        *all[i] = BN_CTX_get(x->ctx);
    }
    return x->t != NULL && p.n <= LOT_KEY_PRIME_MAX && q.n <= LOT_KEY_PRIME_MAX &&
           BN_bin2bn(p.p, (int)p.n, x->p) != NULL && BN_bin2bn(q.p, (int)q.n, x->q) != NULL &&
           BN_set_word(x->e, EXPONENT) == 1;
}

static void numbers_close(struct numbers *x)
{
    if (x->ctx != NULL) {
        BN_CTX_end(x->ctx);
        BN_CTX_free(x->ctx);
    }
    ERR_clear_error();
}

/* P >= 2^(nlen/2 - 1/2) is P^2 >= 2^(nlen - 1). Errors: -1. */
static int in_range(struct numbers *x, const BIGNUM *prime, int nlen)
{
    return BN_sqr(x->t, prime, x->ctx) == 1 ? BN_num_bits(x->t) == nlen : -1;
}

/* t > 2^k is t - 1 >= 2^k. */
static int above_power(struct numbers *x, const BIGNUM *of, int k)
{
    if (BN_is_zero(of)) {
        return 0;
    }
    return BN_copy(x->t, of) != NULL && BN_sub_word(x->t, 1) == 1 ? BN_num_bits(x->t) > k : -1;
}

static int far_apart(struct numbers *x, int nlen)
{
    if (BN_sub(x->n, x->p, x->q) != 1) {
        return -1;
    }
    BN_set_negative(x->n, 0);
    return above_power(x, x->n, nlen / 2 - 100);
}

static int exponent_fits(struct numbers *x)
{
    bool ok = BN_sub(x->p1, x->p, BN_value_one()) == 1 && BN_sub(x->q1, x->q, BN_value_one()) == 1;
    if (!ok) {
        return -1;
    }
    /* 65537 is prime: it divides a number or has nothing in common with it. */
    return BN_mod_word(x->p1, EXPONENT) != 0 && BN_mod_word(x->q1, EXPONENT) != 0;
}

/* d is the inverse of e modulo lcm(P - 1, Q - 1). */
static int private_exponent_fits(struct numbers *x, int nlen)
{
    bool ok =
        BN_gcd(x->t, x->p1, x->q1, x->ctx) == 1 && BN_div(x->dp, NULL, x->p1, x->t, x->ctx) == 1 &&
        BN_mul(x->t, x->dp, x->q1, x->ctx) == 1 && BN_mod_inverse(x->d, x->e, x->t, x->ctx) != NULL;
    return ok ? above_power(x, x->d, nlen / 2) : -1;
}

static int are_prime(struct numbers *x)
{
    int p = BN_check_prime(x->p, x->ctx, NULL);
    return p == 1 ? BN_check_prime(x->q, x->ctx, NULL) : p;
}

/* `holds` is 1, 0 or, where it could not be computed, -1. */
static bool found(int holds, enum lot_key_fault is, enum err *err, enum lot_key_fault *fault)
{
    if (holds == 0) {
        *err = E_BAD_VALUE;
        *fault = is;
    } else if (holds < 0) {
        *err = E_MEMORY;
    }
    return holds != 1;
}

/*= kme-primes */
/* FIPS 186-4 B.3.1, cheapest first; whether P and Q are prime follows. */
static enum err conditions(struct numbers *x, enum lot_key_fault *fault)
{
    enum err err = E_OK;
    const int half = BN_num_bits(x->p), nlen = 2 * half;
    *fault = LOT_KEY_FAULT_NONE;
    (void)(found(half == BN_num_bits(x->q), LOT_KEY_FAULT_LENGTH, &err, fault) ||
           found(allowed_length((unsigned)nlen), LOT_KEY_FAULT_SIZE, &err, fault) ||
           found(in_range(x, x->p, nlen), LOT_KEY_FAULT_RANGE, &err, fault) ||
           found(in_range(x, x->q, nlen), LOT_KEY_FAULT_RANGE, &err, fault) ||
           found(far_apart(x, nlen), LOT_KEY_FAULT_DISTANCE, &err, fault) ||
           found(exponent_fits(x), LOT_KEY_FAULT_EXPONENT, &err, fault) ||
           found(private_exponent_fits(x, nlen), LOT_KEY_FAULT_PRIVATE_EXPONENT, &err, fault));
    return err;
}

static enum err numbers_of(struct bytes p, struct bytes q, struct numbers *x,
                           enum lot_key_fault *fault)
{
    *fault = LOT_KEY_FAULT_NONE;
    if (p.n == 0 || q.n == 0 || p.n > LOT_KEY_PRIME_MAX || q.n > LOT_KEY_PRIME_MAX || p.p[0] == 0 ||
        q.p[0] == 0) {
        *x = (struct numbers){.ctx = NULL};
        *fault = LOT_KEY_FAULT_SIZE;
        return E_BAD_VALUE;
    }
    return numbers_open(p, q, x) ? conditions(x, fault) : E_MEMORY;
}

static enum err primes_of(struct bytes p, struct bytes q, struct numbers *x,
                          enum lot_key_fault *fault)
{
    enum err err = numbers_of(p, q, x, fault);
    if (err == E_OK) {
        (void)found(are_prime(x), LOT_KEY_FAULT_NOT_PRIME, &err, fault);
    }
    return err;
}

enum err lot_key_check(struct bytes p, struct bytes q, enum lot_key_fault *fault)
{
    struct numbers x;
    enum err err = primes_of(p, q, &x, fault);
    numbers_close(&x);
    return err;
}

/* ---- a key of two primes ---- */

static bool rest_of(struct numbers *x)
{
    return BN_mul(x->n, x->p, x->q, x->ctx) == 1 && BN_mod(x->dp, x->d, x->p1, x->ctx) == 1 &&
           BN_mod(x->dq, x->d, x->q1, x->ctx) == 1 &&
           BN_mod_inverse(x->qinv, x->q, x->p, x->ctx) != NULL;
}

static EVP_PKEY *pkey_of(OSSL_PARAM_BLD *b, int selection)
{
    EVP_PKEY *key = NULL;
    OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(b);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    if (params == NULL || ctx == NULL || EVP_PKEY_fromdata_init(ctx) != 1 ||
        EVP_PKEY_fromdata(ctx, &key, selection, params) != 1) {
        key = NULL;
    }
    EVP_PKEY_CTX_free(ctx);
    OSSL_PARAM_free(params); /* secure numbers it wipes */
    return key;
}

static EVP_PKEY *private_key(const struct numbers *x)
{
    const struct {
        const char *name;
        const BIGNUM *number;
    } all[] = {{OSSL_PKEY_PARAM_RSA_N, x->n},          {OSSL_PKEY_PARAM_RSA_E, x->e},
               {OSSL_PKEY_PARAM_RSA_D, x->d},          {OSSL_PKEY_PARAM_RSA_FACTOR1, x->p},
               {OSSL_PKEY_PARAM_RSA_FACTOR2, x->q},    {OSSL_PKEY_PARAM_RSA_EXPONENT1, x->dp},
               {OSSL_PKEY_PARAM_RSA_EXPONENT2, x->dq}, {OSSL_PKEY_PARAM_RSA_COEFFICIENT1, x->qinv}};
    OSSL_PARAM_BLD *b = OSSL_PARAM_BLD_new();
    bool ok = b != NULL;
    for (size_t i = 0; ok && i < sizeof all / sizeof all[0]; i++) {
        ok = OSSL_PARAM_BLD_push_BN(b, all[i].name, all[i].number) == 1;
    }
    EVP_PKEY *key = ok ? pkey_of(b, EVP_PKEY_KEYPAIR) : NULL;
    OSSL_PARAM_BLD_free(b);
    return key;
}

static enum err key_take(struct numbers *x, struct lot_key **out)
{
    struct lot_key *k = calloc(1, sizeof *k);
    if (k == NULL) {
        return E_MEMORY;
    }
    if (rest_of(x)) {
        k->n = (size_t)BN_num_bytes(x->n);
        (void)BN_bn2bin(x->n, k->modulus);
        k->key = private_key(x);
    }
    if (k->key == NULL) {
        lot_key_close(k);
        return E_CRYPTO;
    }
    *out = k;
    return E_OK;
}

enum err lot_key_of_primes(struct bytes p, struct bytes q, enum lot_key_fault *fault,
                           struct lot_key **out)
{
    struct numbers x;
    enum err err = primes_of(p, q, &x, fault);
    if (err == E_OK) {
        err = key_take(&x, out);
    }
    numbers_close(&x);
    return err;
}

enum err lot_key_of_stored(struct bytes p, struct bytes q, struct lot_key **out)
{
    struct numbers x;
    enum lot_key_fault fault;
    enum err err = numbers_of(p, q, &x, &fault);
    if (err == E_OK) {
        err = key_take(&x, out);
    }
    numbers_close(&x);
    return err;
}

void lot_key_close(struct lot_key *key)
{
    if (key != NULL) {
        EVP_PKEY_free(key->key); /* and wipes P and Q */
        free(key);
    }
}

/* ---- a new key ---- */

static bool factor(const EVP_PKEY *key, const char *name, size_t n,
                   uint8_t out[static LOT_KEY_PRIME_MAX])
{
    BIGNUM *prime = BN_secure_new();
    bool ok = prime != NULL && EVP_PKEY_get_bn_param(key, name, &prime) == 1 &&
              BN_bn2binpad(prime, out, (int)n) == (int)n;
    BN_clear_free(prime);
    return ok;
}

static enum err factors(const EVP_PKEY *key, size_t n, uint8_t p[static LOT_KEY_PRIME_MAX],
                        uint8_t q[static LOT_KEY_PRIME_MAX])
{
    bool ok = factor(key, OSSL_PKEY_PARAM_RSA_FACTOR1, n, p) &&
              factor(key, OSSL_PKEY_PARAM_RSA_FACTOR2, n, q);
    if (!ok) {
        wipe(p, LOT_KEY_PRIME_MAX);
        wipe(q, LOT_KEY_PRIME_MAX);
        ERR_clear_error();
    }
    return ok ? E_OK : E_CRYPTO;
}

/*= kme-lot-make */
enum err lot_key_make(unsigned bits, struct lot_key **out)
{
    enum lot_key_fault fault;
    uint8_t p[LOT_KEY_PRIME_MAX], q[LOT_KEY_PRIME_MAX];
    if (!allowed_length(bits)) {
        return E_BAD_VALUE;
    }
    const size_t n = bits / 16;
    EVP_PKEY *made = EVP_RSA_gen(bits); /* its exponent is 65537 */
    enum err err = made != NULL ? factors(made, n, p, q) : E_CRYPTO;
    if (err == E_OK) {
        err = lot_key_of_primes((struct bytes){p, n}, (struct bytes){q, n}, &fault, out);
    }
    EVP_PKEY_free(made);
    wipe(p, sizeof p);
    wipe(q, sizeof q);
    ERR_clear_error();
    return err == E_BAD_VALUE ? E_CRYPTO : err;
}

struct bytes lot_key_modulus(const struct lot_key *key)
{
    return (struct bytes){key->modulus, key->n};
}

enum err lot_key_primes(const struct lot_key *key, uint8_t p[static LOT_KEY_PRIME_MAX],
                        uint8_t q[static LOT_KEY_PRIME_MAX], size_t *n)
{
    enum err err = factors(key->key, key->n / 2, p, q);
    if (err == E_OK) {
        *n = key->n / 2;
    }
    return err;
}

/* ---- RSAES-OAEP ---- */

/* OpenSSL takes them as parameters that may change, and changes none of them. */
struct oaep {
    OSSL_PARAM params[5];
    char mode[8], hash[8], mgf1[8];
    uint8_t label[LOT_KEY_LABEL_MAX];
};

/*= kme-padding */
static void oaep_fill(struct oaep *o, struct bytes label)
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

/* out where the mask is 0, in where it is ff. */
static void select_octets(uint8_t mask, const uint8_t *in, struct mbytes out)
{
    for (size_t i = 0; i < out.n; i++) {
        out.p[i] = (uint8_t)((in[i] & mask) | (out.p[i] & (uint8_t)~mask));
    }
}

/*= kme-one-refusal */
/* OpenSSL undoes OAEP in constant time and leaves *n alone if it could not: no branch here before
 * the answer, which is the same for whatever is wrong. */
static enum err open_with(EVP_PKEY_CTX *ctx, struct bytes encrypted, struct mbytes out)
{
    uint8_t plain[LOT_KEY_MODULUS_MAX] = {0};
    size_t n = sizeof plain;
    const int done = EVP_PKEY_decrypt(ctx, plain, &n, encrypted.p, encrypted.n);
    const unsigned ok = (unsigned)(done == 1) & (unsigned)(n == out.n);
    select_octets((uint8_t)(0U - ok), plain, out);
    wipe(plain, sizeof plain);
    ERR_clear_error();
    return ok ? E_OK : E_BAD_MAC;
}

enum err lot_key_open(const struct lot_key *key, struct bytes encrypted, struct bytes label,
                      struct mbytes out)
{
    struct oaep o;
    if (label.n > sizeof o.label) {
        return E_NO_ROOM;
    }
    if (encrypted.n != key->n || out.n > key->n) {
        return E_BAD_MAC;
    }
    oaep_fill(&o, label);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key->key, NULL);
    enum err err = E_CRYPTO;
    if (ctx != NULL && EVP_PKEY_decrypt_init_ex(ctx, o.params) == 1) {
        err = open_with(ctx, encrypted, out);
    }
    EVP_PKEY_CTX_free(ctx);
    ERR_clear_error();
    return err;
}

static bool is_modulus(struct bytes n)
{
    return n.n <= LOT_KEY_MODULUS_MAX && allowed_length(8 * (unsigned)n.n) && n.p[0] >= 0x80 &&
           (n.p[n.n - 1] & 1) != 0;
}

static EVP_PKEY *public_key(struct bytes modulus)
{
    OSSL_PARAM_BLD *b = OSSL_PARAM_BLD_new();
    BIGNUM *n = BN_bin2bn(modulus.p, (int)modulus.n, NULL);
    bool ok = b != NULL && n != NULL && OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_RSA_N, n) == 1 &&
              OSSL_PARAM_BLD_push_uint(b, OSSL_PKEY_PARAM_RSA_E, EXPONENT) == 1;
    EVP_PKEY *key = ok ? pkey_of(b, EVP_PKEY_PUBLIC_KEY) : NULL;
    OSSL_PARAM_BLD_free(b);
    BN_free(n);
    return key;
}

/*= kme-5d */
enum err lot_key_encrypt(struct bytes modulus, struct bytes label, struct bytes plain, uint8_t *out)
{
    struct oaep o;
    if (label.n > sizeof o.label) {
        return E_NO_ROOM;
    }
    if (!is_modulus(modulus) || plain.n > modulus.n - 2 * 32 - 2) {
        return E_BAD_VALUE;
    }
    oaep_fill(&o, label);
    size_t n = modulus.n;
    EVP_PKEY *key = public_key(modulus);
    EVP_PKEY_CTX *ctx = key != NULL ? EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL) : NULL;
    bool ok = ctx != NULL && EVP_PKEY_encrypt_init_ex(ctx, o.params) == 1 &&
              EVP_PKEY_encrypt(ctx, out, &n, plain.p, plain.n) == 1 && n == modulus.n;
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(key);
    ERR_clear_error();
    return ok ? E_OK : E_CRYPTO;
}
