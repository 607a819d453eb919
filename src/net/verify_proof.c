#include "net/verify_proof.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#define RSA_LEAST      2048u
#define RSA_MOST       4096u
#define RSA_OCTETS     (RSA_MOST / 8)
#define EXPONENT       65537u
#define EXPONENT_MOST  4u /* octets */
#define ED25519_KEY    32u
#define ED25519_LEN    64u
#define ECDSA_DER_MOST 104u /* two integers of 49 octets, three headers */
#define DER_INTEGER    0x02
#define DER_BITS       0x03
#define DER_SEQUENCE   0x30
#define DER_VERSION    0xa0

struct curve {
    EVP_PKEY *key;     /* gets the public key of each verification */
    EVP_PKEY_CTX *ctx; /* of that key */
    EVP_MD *md;
    size_t field; /* octets of a coordinate, and of r and s */
};
struct rsa_slot {
    uint8_t digest[32]; /* of the SubjectPublicKeyInfo */
    EVP_PKEY_CTX *ctx;  /* ready to verify; NULL: the slot is empty */
};
struct proof_tools {
    EVP_MD *sha256, *sha384;
    EVP_MD_CTX *md, *ed25519;
    struct curve p256, p384;
    EVP_PKEY_CTX *rsa_import;
    struct rsa_slot *rsa;
    size_t n_rsa;
};

/* ---- DER, with the one length form that it has ---- */

static size_t der_length(struct rd *r)
{
    size_t n = rd_u8(r);
    if (n < 0x80) {
        return n;
    }
    size_t octets = n & 0x7f, least = octets == 1 ? 0x80 : 0x100;
    n = octets == 1 ? rd_u8(r) : rd_be16(r);
    if (r->err == E_OK && (octets < 1 || octets > 2 || n < least)) {
        r->err = E_BAD_VALUE;
    }
    return n;
}

static struct bytes der_take(struct rd *r, uint8_t tag)
{
    uint8_t got = rd_u8(r);
    size_t n = der_length(r);
    if (r->err == E_OK && got != tag) {
        r->err = E_BAD_VALUE;
    }
    return rd_take(r, n);
}

/* A positive integer without the zero that keeps it positive. */
static struct bytes der_positive(struct rd *r)
{
    struct bytes v = der_take(r, DER_INTEGER);
    bool zero = v.n > 0 && v.p[0] == 0;
    bool top = v.n > (zero ? 1 : 0) && (v.p[zero ? 1 : 0] & 0x80) != 0;
    if (r->err == E_OK && (v.n == 0 || zero != top)) {
        r->err = E_BAD_VALUE;
    }
    return zero && r->err == E_OK ? (struct bytes){v.p + 1, v.n - 1} : v;
}

enum err proof_certificate_spki(struct bytes certificate, struct bytes *spki)
{
    struct rd whole = rd_of(certificate);
    struct rd in = rd_of(der_take(&whole, DER_SEQUENCE));
    struct rd tbs = rd_of(der_take(&in, DER_SEQUENCE));
    (void)der_take(&in, DER_SEQUENCE); /* how it is signed */
    (void)der_take(&in, DER_BITS);
    if (rd_left(&tbs) > 0 && tbs.p[tbs.at] == DER_VERSION) {
        (void)der_take(&tbs, DER_VERSION);
    }
    (void)der_take(&tbs, DER_INTEGER); /* serial number */
    for (size_t i = 0; i < 4; i++) {   /* signature, issuer, validity, subject */
        (void)der_take(&tbs, DER_SEQUENCE);
    }
    size_t from = tbs.at;
    (void)der_take(&tbs, DER_SEQUENCE);
    if (rd_end(&whole) != E_OK || rd_end(&in) != E_OK || tbs.err != E_OK) {
        return E_BAD_VALUE;
    }
    *spki = (struct bytes){tbs.p + from, tbs.at - from};
    return E_OK;
}

/* ---- keys ---- */

/* AlgorithmIdentifier, without its header (RFC 5480 2.1.1, RFC 8410 3, RFC 3279 2.3.1). */
static const uint8_t id_p256[] = {6, 7,    0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1, 6,
                                  8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3,    1, 7};
static const uint8_t id_p384[] = {6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2,
                                  1, 6, 5,    0x2b, 0x81, 4,    0,    0x22};
static const uint8_t id_ed25519[] = {6, 3, 0x2b, 0x65, 0x70};
static const uint8_t id_rsa[] = {6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1, 5, 0};

/* What stands in a SubjectPublicKeyInfo. */
struct key {
    enum verify_key_kind kind;
    struct bytes octets; /* of the BIT STRING */
};

static enum err kind_of(struct bytes algorithm, enum verify_key_kind *kind)
{
    const struct bytes ids[] = {[VERIFY_KEY_P256] = BYTES_OF(id_p256),
                                [VERIFY_KEY_P384] = BYTES_OF(id_p384),
                                [VERIFY_KEY_ED25519] = BYTES_OF(id_ed25519),
                                [VERIFY_KEY_RSA] = BYTES_OF(id_rsa)};
    for (unsigned i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        if (bytes_eq(algorithm, ids[i])) {
            *kind = (enum verify_key_kind)i;
            return E_OK;
        }
    }
    return E_UNSUPPORTED;
}

static enum err read_spki(struct bytes spki, struct key *out)
{
    struct rd whole = rd_of(spki);
    struct rd in = rd_of(der_take(&whole, DER_SEQUENCE));
    struct bytes algorithm = der_take(&in, DER_SEQUENCE);
    struct bytes bits = der_take(&in, DER_BITS);
    if (rd_end(&whole) != E_OK || rd_end(&in) != E_OK || bits.n == 0 || bits.p[0] != 0) {
        return E_BAD_VALUE;
    }
    out->octets = (struct bytes){bits.p + 1, bits.n - 1};
    return kind_of(algorithm, &out->kind);
}

/* ---- the content's digest ---- */

static bool digest(struct proof_tools *t, const EVP_MD *md, const struct bytes *parts, size_t n,
                   uint8_t *out)
{
    bool ok = EVP_DigestInit_ex2(t->md, md, NULL) == 1;
    for (size_t i = 0; ok && i < n; i++) {
        ok = EVP_DigestUpdate(t->md, parts[i].p, parts[i].n) == 1;
    }
    return ok && EVP_DigestFinal_ex(t->md, out, NULL) == 1;
}

enum err proof_digest(struct proof_tools *t, const struct bytes *parts, size_t n,
                      uint8_t out[static 32])
{
    return digest(t, t->sha256, parts, n, out) ? E_OK : E_CRYPTO;
}

/* A signature in its right form does not make OpenSSL fail: below zero, OpenSSL itself did. */
static enum err verdict(int got)
{
    ERR_clear_error();
    return got == 1 ? E_OK : got == 0 ? E_BAD_MAC : E_CRYPTO;
}

/* ---- ECDSA ---- */

static void put_integer(struct wr *w, struct bytes v)
{
    while (v.n > 1 && v.p[0] == 0) {
        v = (struct bytes){v.p + 1, v.n - 1};
    }
    bool top = (v.p[0] & 0x80) != 0;
    wr_u8(w, DER_INTEGER);
    wr_u8(w, (uint8_t)(v.n + (top ? 1 : 0)));
    wr_zero(w, top ? 1 : 0);
    wr_put(w, v);
}

/* Ecdsa-Sig-Value of r || s (RFC 3279 2.2.3); below 128 octets for both curves. */
static struct bytes ecdsa_der(struct bytes raw, uint8_t out[static ECDSA_DER_MOST])
{
    struct wr w = wr_of((struct mbytes){out, ECDSA_DER_MOST});
    size_t half = raw.n / 2;
    wr_u8(&w, DER_SEQUENCE);
    uint8_t *length = wr_hold(&w, 1);
    put_integer(&w, (struct bytes){raw.p, half});
    put_integer(&w, (struct bytes){raw.p + half, half});
    *length = (uint8_t)(w.n - 2);
    return wr_done(&w);
}

/* OpenSSL refuses a point that is not on the curve, and r and s outside 1 to n - 1. */
static enum err ecdsa(struct proof_tools *t, struct curve *c, struct bytes point,
                      struct bytes content, struct bytes signature)
{
    uint8_t hash[EVP_MAX_MD_SIZE], der[ECDSA_DER_MOST];
    if (point.n != 1 + 2 * c->field || point.p[0] != POINT_CONVERSION_UNCOMPRESSED ||
        EVP_PKEY_set1_encoded_public_key(c->key, point.p, point.n) != 1) {
        ERR_clear_error();
        return E_BAD_VALUE;
    }
    if (signature.n != 2 * c->field) {
        return E_BAD_MAC;
    }
    if (!digest(t, c->md, &content, 1, hash) || EVP_PKEY_verify_init(c->ctx) != 1) {
        return verdict(-1);
    }
    const struct bytes sig = ecdsa_der(signature, der);
    return verdict(EVP_PKEY_verify(c->ctx, sig.p, sig.n, hash, (size_t)EVP_MD_get_size(c->md)));
}

/* ---- Ed25519 ---- */

static enum err ed25519(struct proof_tools *t, struct bytes octets, struct bytes content,
                        struct bytes signature)
{
    if (octets.n != ED25519_KEY) {
        return E_BAD_VALUE;
    }
    if (signature.n != ED25519_LEN) {
        return E_BAD_MAC;
    }
    EVP_PKEY *key = EVP_PKEY_new_raw_public_key_ex(NULL, "ED25519", NULL, octets.p, octets.n);
    int got = -1;
    if (key != NULL &&
        EVP_DigestVerifyInit_ex(t->ed25519, NULL, NULL, NULL, NULL, key, NULL) == 1) {
        got = EVP_DigestVerify(t->ed25519, signature.p, signature.n, content.p, content.n);
    }
    (void)EVP_MD_CTX_reset(t->ed25519); /* lets go of the key */
    EVP_PKEY_free(key);
    return verdict(got);
}

/* ---- RSA ---- */

struct rsa {
    struct bytes n, e;
    size_t bits;
};

/* RSAPublicKey (RFC 8017 A.1.1). */
static enum err read_rsa(struct bytes octets, struct rsa *out)
{
    struct rd whole = rd_of(octets);
    struct rd in = rd_of(der_take(&whole, DER_SEQUENCE));
    struct bytes n = der_positive(&in), e = der_positive(&in);
    if (rd_end(&whole) != E_OK || rd_end(&in) != E_OK || n.n == 0 || n.p[0] == 0 || e.n == 0) {
        return E_BAD_VALUE;
    }
    size_t bits = n.n * 8;
    for (uint8_t top = n.p[0]; (top & 0x80) == 0; top = (uint8_t)(top << 1)) {
        bits--;
    }
    uint64_t exponent = 0;
    for (size_t i = 0; i < e.n && i <= EXPONENT_MOST; i++) {
        exponent = exponent << 8 | e.p[i];
    }
    *out = (struct rsa){n, e, bits};
    bool fits = bits >= RSA_LEAST && bits <= RSA_MOST && (n.p[n.n - 1] & 1) != 0;
    return fits && e.n <= EXPONENT_MOST && exponent >= EXPONENT && (exponent & 1) != 0
               ? E_OK
               : E_UNSUPPORTED;
}

/* OpenSSL takes numbers in the order of the machine. */
static bool native(struct bytes big_endian, uint8_t *out)
{
    BIGNUM *n = BN_bin2bn(big_endian.p, (int)big_endian.n, NULL);
    bool ok = n != NULL && BN_bn2nativepad(n, out, (int)big_endian.n) == (int)big_endian.n;
    BN_free(n);
    return ok;
}

static EVP_PKEY *import(struct proof_tools *t, const struct rsa *rsa)
{
    uint8_t n[RSA_OCTETS], e[EXPONENT_MOST];
    EVP_PKEY *key = NULL;
    if (!native(rsa->n, n) || !native(rsa->e, e)) {
        return NULL;
    }
    OSSL_PARAM params[] = {OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_RSA_N, n, rsa->n.n),
                           OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_RSA_E, e, rsa->e.n),
                           OSSL_PARAM_construct_end()};
    return EVP_PKEY_fromdata(t->rsa_import, &key, EVP_PKEY_PUBLIC_KEY, params) == 1 ? key : NULL;
}

static EVP_PKEY_CTX *ready(struct proof_tools *t, const struct rsa *rsa)
{
    char pss[] = OSSL_PKEY_RSA_PAD_MODE_PSS, sha256[] = "SHA256";
    int salt = 32;
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_SIGNATURE_PARAM_PAD_MODE, pss, 0),
        OSSL_PARAM_construct_utf8_string(OSSL_SIGNATURE_PARAM_DIGEST, sha256, 0),
        OSSL_PARAM_construct_utf8_string(OSSL_SIGNATURE_PARAM_MGF1_DIGEST, sha256, 0),
        OSSL_PARAM_construct_int(OSSL_SIGNATURE_PARAM_PSS_SALTLEN, &salt),
        OSSL_PARAM_construct_end()};
    EVP_PKEY *key = import(t, rsa);
    EVP_PKEY_CTX *ctx = key != NULL ? EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL) : NULL;
    EVP_PKEY_free(key); /* the context holds a reference of its own */
    if (ctx != NULL && EVP_PKEY_verify_init_ex(ctx, params) != 1) {
        EVP_PKEY_CTX_free(ctx);
        ctx = NULL;
    }
    return ctx;
}

/* One place for each digest: whoever comes later takes it. */
static enum err rsa_slot(struct proof_tools *t, struct bytes spki, const struct rsa *rsa,
                         EVP_PKEY_CTX **out)
{
    uint8_t id[32];
    uint64_t at = 0;
    if (!digest(t, t->sha256, &spki, 1, id)) {
        return E_CRYPTO;
    }
    memcpy(&at, id, sizeof at);
    struct rsa_slot *slot = &t->rsa[at % t->n_rsa];
    if (slot->ctx == NULL || memcmp(slot->digest, id, sizeof id) != 0) {
        EVP_PKEY_CTX *ctx = ready(t, rsa);
        if (ctx == NULL) {
            return E_CRYPTO;
        }
        EVP_PKEY_CTX_free(slot->ctx);
        slot->ctx = ctx;
        memcpy(slot->digest, id, sizeof id);
    }
    *out = slot->ctx;
    return E_OK;
}

static enum err rsa_pss(struct proof_tools *t, struct bytes spki, struct bytes octets,
                        struct bytes content, struct bytes signature)
{
    struct rsa rsa;
    EVP_PKEY_CTX *ctx = NULL;
    uint8_t hash[32];
    enum err err = read_rsa(octets, &rsa);
    if (err != E_OK) {
        return err;
    }
    if (signature.n != (rsa.bits + 7) / 8) {
        return E_BAD_MAC;
    }
    if (!digest(t, t->sha256, &content, 1, hash) || rsa_slot(t, spki, &rsa, &ctx) != E_OK) {
        return verdict(-1);
    }
    return verdict(EVP_PKEY_verify(ctx, signature.p, signature.n, hash, sizeof hash));
}

enum err proof_verify(struct proof_tools *t, enum verify_key_kind kind, struct bytes spki,
                      struct bytes content, struct bytes signature)
{
    struct key key;
    enum err err = read_spki(spki, &key);
    if (err != E_OK) {
        return err;
    }
    if (key.kind != kind) {
        return E_UNSUPPORTED;
    }
    switch (kind) {
    case VERIFY_KEY_P256:
        return ecdsa(t, &t->p256, key.octets, content, signature);
    case VERIFY_KEY_P384:
        return ecdsa(t, &t->p384, key.octets, content, signature);
    case VERIFY_KEY_ED25519:
        return ed25519(t, key.octets, content, signature);
    case VERIFY_KEY_RSA:
        return rsa_pss(t, spki, key.octets, content, signature);
    }
    return E_UNSUPPORTED;
}

/* ---- tools ---- */

static bool open_curve(struct curve *c, const char *name, EVP_MD *md, size_t field)
{
    EVP_PKEY_CTX *make = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    bool ok = make != NULL && EVP_PKEY_paramgen_init(make) == 1 &&
              EVP_PKEY_CTX_set_group_name(make, name) == 1 && EVP_PKEY_paramgen(make, &c->key) == 1;
    EVP_PKEY_CTX_free(make);
    c->md = md;
    c->field = field;
    c->ctx = ok ? EVP_PKEY_CTX_new_from_pkey(NULL, c->key, NULL) : NULL;
    return c->ctx != NULL;
}

static bool open_all(struct proof_tools *t)
{
    t->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    t->sha384 = EVP_MD_fetch(NULL, "SHA384", NULL);
    t->md = EVP_MD_CTX_new();
    t->ed25519 = EVP_MD_CTX_new();
    t->rsa_import = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    return t->sha256 != NULL && t->sha384 != NULL && t->md != NULL && t->ed25519 != NULL &&
           t->rsa_import != NULL && EVP_PKEY_fromdata_init(t->rsa_import) == 1 &&
           open_curve(&t->p256, "P-256", t->sha256, 32) &&
           open_curve(&t->p384, "P-384", t->sha384, 48);
}

enum err proof_tools_open(size_t rsa_kept, struct proof_tools **out)
{
    if (rsa_kept > PROOF_RSA_KEPT_MAX) {
        return E_BAD_VALUE;
    }
    struct proof_tools *t = calloc(1, sizeof *t);
    if (t == NULL) {
        return E_MEMORY;
    }
    t->n_rsa = rsa_kept > 0 ? rsa_kept : 1;
    t->rsa = calloc(t->n_rsa, sizeof *t->rsa);
    enum err err = t->rsa == NULL ? E_MEMORY : open_all(t) ? E_OK : E_CRYPTO;
    if (err != E_OK) {
        proof_tools_close(t);
        ERR_clear_error();
        return err;
    }
    *out = t;
    return E_OK;
}

void proof_tools_close(struct proof_tools *t)
{
    if (t == NULL) {
        return;
    }
    for (size_t i = 0; t->rsa != NULL && i < t->n_rsa; i++) {
        EVP_PKEY_CTX_free(t->rsa[i].ctx);
    }
    free(t->rsa);
    EVP_PKEY_CTX_free(t->p256.ctx);
    EVP_PKEY_CTX_free(t->p384.ctx);
    EVP_PKEY_free(t->p256.key);
    EVP_PKEY_free(t->p384.key);
    EVP_PKEY_CTX_free(t->rsa_import);
    EVP_MD_CTX_free(t->md);
    EVP_MD_CTX_free(t->ed25519);
    EVP_MD_free(t->sha256);
    EVP_MD_free(t->sha384);
    free(t);
}
