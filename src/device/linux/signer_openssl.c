#include "device/linux/signer_openssl.h"

#include "device/linux/signer_parts.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <string.h>

#define RSA_BITS_MIN  2048
#define RSA_BITS_MAX  4096
#define RSA_SALT      32
#define ECDSA_DER_MAX 128 /* octets of an ECDSA signature as OpenSSL gives it: P-384 has 104 */

/* ---- a key, for as long as it is needed ---- */

static uint8_t algorithm_of(const EVP_PKEY *key)
{
    char group[32] = "";
    size_t n;
    switch (EVP_PKEY_get_base_id(key)) {
    case EVP_PKEY_ED25519:
        return DEVID_ED25519;
    case EVP_PKEY_EC:
        (void)EVP_PKEY_get_group_name(key, group, sizeof group, &n);
        return strcmp(group, "prime256v1") == 0  ? DEVID_ECDSA_P256
               : strcmp(group, "secp384r1") == 0 ? DEVID_ECDSA_P384
                                                 : 0;
    case EVP_PKEY_RSA:
        n = (size_t)EVP_PKEY_get_bits(key);
        return n >= RSA_BITS_MIN && n <= RSA_BITS_MAX ? DEVID_RSA_PSS : 0;
    default:
        return 0;
    }
}

/* What is before the octets of a key as OpenSSL writes it (RFC 5208, RFC 5915, RFC 8410): with
 * P-256, the private one, what is between, and the public one. */
static const uint8_t ed25519_head[] = {0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06,
                                       0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20};
static const uint8_t p256_head[] = {0x30, 0x81, 0x87, 0x02, 0x01, 0x00, 0x30, 0x13, 0x06,
                                    0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06,
                                    0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07,
                                    0x04, 0x6d, 0x30, 0x6b, 0x02, 0x01, 0x01, 0x04, 0x20};
static const uint8_t p256_between[] = {0xa1, 0x44, 0x03, 0x42, 0x00};
#define P256_PRIVATE sizeof p256_head
#define P256_BETWEEN (P256_PRIVATE + 32)
#define P256_PUBLIC  (P256_BETWEEN + sizeof p256_between)
#define PRIVATE_LEN  32u /* of either */

static const uint8_t spki_p256[] = {SIGNER_SPKI_HEAD_P256};
static const uint8_t spki_ed25519[] = {SIGNER_SPKI_HEAD_ED25519};

static bool begins(struct bytes der, size_t at, struct bytes with)
{
    return der.n >= at + with.n && bytes_eq((struct bytes){der.p + at, with.n}, with);
}

static EVP_PKEY *make_p256(const uint8_t secret[static 32], const uint8_t point[static 65])
{
    EVP_PKEY *key = NULL;
    EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    BIGNUM *d = BN_secure_new();
    OSSL_PARAM_BLD *b = OSSL_PARAM_BLD_new();
    OSSL_PARAM *params = NULL;
    if (c != NULL && d != NULL && b != NULL && BN_bin2bn(secret, 32, d) != NULL &&
        OSSL_PARAM_BLD_push_utf8_string(b, OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0) == 1 &&
        OSSL_PARAM_BLD_push_octet_string(b, OSSL_PKEY_PARAM_PUB_KEY, point, 65) == 1 &&
        OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_PRIV_KEY, d) == 1) {
        params = OSSL_PARAM_BLD_to_param(b);
    }
    if (params == NULL || EVP_PKEY_fromdata_init(c) != 1 ||
        EVP_PKEY_fromdata(c, &key, EVP_PKEY_KEYPAIR, params) != 1) {
        key = NULL;
    }
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(b);
    BN_clear_free(d);
    EVP_PKEY_CTX_free(c);
    return key;
}

/* OpenSSL 3.0 takes several times longer to read a key by its general decoder than to sign with
 * it. The two encodings that devices of a lot have are read here; NULL: it is another. */
static EVP_PKEY *open_quickly(struct bytes der)
{
    if (der.n == sizeof ed25519_head + 32 && begins(der, 0, BYTES_OF(ed25519_head))) {
        return EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, der.p + sizeof ed25519_head,
                                            32);
    }
    if (der.n == P256_PUBLIC + 65 && begins(der, 0, BYTES_OF(p256_head)) &&
        begins(der, P256_BETWEEN, BYTES_OF(p256_between)) && der.p[P256_PUBLIC] == 4) {
        return make_p256(der.p + P256_PRIVATE, der.p + P256_PUBLIC);
    }
    return NULL;
}

static EVP_PKEY *open_generally(struct bytes der)
{
    const unsigned char *p = der.p;
    PKCS8_PRIV_KEY_INFO *info = der.n > 0 && der.n <= SIGNER_KEY_MAX
                                    ? d2i_PKCS8_PRIV_KEY_INFO(NULL, &p, (long)der.n)
                                    : NULL;
    EVP_PKEY *key = info != NULL && p == der.p + der.n ? EVP_PKCS82PKEY(info) : NULL;
    PKCS8_PRIV_KEY_INFO_free(info);
    return key;
}

EVP_PKEY *signer_openssl_open(struct bytes der)
{
    EVP_PKEY *key = open_quickly(der);
    if (key == NULL) {
        key = open_generally(der);
    }
    ERR_clear_error();
    return key;
}

static enum err open_key(struct bytes der, EVP_PKEY **out, uint8_t *algorithm)
{
    EVP_PKEY *key = signer_openssl_open(der);
    enum err err = E_BAD_VALUE;
    if (key != NULL) {
        *algorithm = algorithm_of(key);
        err = *algorithm != 0 ? E_OK : E_UNSUPPORTED;
    }
    if (err != E_OK) {
        EVP_PKEY_free(key);
        key = NULL;
    }
    ERR_clear_error();
    *out = key;
    return err;
}

enum err signer_openssl_algorithm(struct bytes key, uint8_t *algorithm)
{
    EVP_PKEY *opened;
    uint8_t found = 0;
    enum err err = open_key(key, &opened, &found);
    if (err == E_OK) {
        *algorithm = found;
        EVP_PKEY_free(opened);
    }
    return err;
}

/* ---- making one ---- */

static EVP_PKEY *generate(uint8_t algorithm)
{
    switch (algorithm) {
    case DEVID_ECDSA_P256:
        return EVP_EC_gen("P-256");
    case DEVID_ECDSA_P384:
        return EVP_EC_gen("P-384");
    case DEVID_ED25519:
        return EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    default:
        return NULL;
    }
}

enum err signer_openssl_make(uint8_t algorithm, uint8_t out[static SIGNER_KEY_MAX], size_t *n)
{
    unsigned char *der = NULL;
    int len = 0;
    if (algorithm != DEVID_ECDSA_P256 && algorithm != DEVID_ECDSA_P384 &&
        algorithm != DEVID_ED25519) {
        return E_UNSUPPORTED;
    }
    EVP_PKEY *key = generate(algorithm);
    PKCS8_PRIV_KEY_INFO *info = key != NULL ? EVP_PKEY2PKCS8(key) : NULL;
    if (info != NULL) {
        len = i2d_PKCS8_PRIV_KEY_INFO(info, &der);
    }
    const bool made = len > 0 && (size_t)len <= SIGNER_KEY_MAX;
    if (made) {
        memcpy(out, der, (size_t)len);
        *n = (size_t)len;
    }
    OPENSSL_clear_free(der, len > 0 ? (size_t)len : 0);
    PKCS8_PRIV_KEY_INFO_free(info);
    EVP_PKEY_free(key);
    ERR_clear_error();
    return made ? E_OK : E_CRYPTO;
}

struct raw_key {
    uint8_t private[PRIVATE_LEN];
    uint8_t point[SIGNER_POINT_P256];
};

static bool raw_of_p256(const EVP_PKEY *key, struct raw_key *out)
{
    BIGNUM *d = NULL;
    size_t n = 0;
    const bool good = EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_PRIV_KEY, &d) == 1 &&
                      BN_bn2binpad(d, out->private, PRIVATE_LEN) == (int)PRIVATE_LEN &&
                      EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, out->point,
                                                      sizeof out->point, &n) == 1 &&
                      n == SIGNER_POINT_P256 && out->point[0] == 4;
    BN_clear_free(d);
    return good;
}

static bool raw_of_ed25519(const EVP_PKEY *key, struct raw_key *out)
{
    size_t n = PRIVATE_LEN, m = SIGNER_POINT_ED25519;
    return EVP_PKEY_get_raw_private_key(key, out->private, &n) == 1 && n == PRIVATE_LEN &&
           EVP_PKEY_get_raw_public_key(key, out->point, &m) == 1 && m == SIGNER_POINT_ED25519;
}

/* The frame is always the same; OpenSSL's encoders take ten times as long as making the key. */
static enum err frame(const struct raw_key *raw, bool ec, struct mbytes key, size_t *n,
                      struct mbytes spki, size_t *spki_n)
{
    const struct bytes point = {raw->point, ec ? SIGNER_POINT_P256 : SIGNER_POINT_ED25519};
    struct wr w = wr_of(key);
    struct wr p = wr_of(spki);
    wr_put(&w, ec ? BYTES_OF(p256_head) : BYTES_OF(ed25519_head));
    wr_put(&w, BYTES_OF(raw->private));
    if (ec) {
        wr_put(&w, BYTES_OF(p256_between));
        wr_put(&w, point);
    }
    wr_put(&p, ec ? BYTES_OF(spki_p256) : BYTES_OF(spki_ed25519));
    wr_put(&p, point);
    if (w.err == E_OK && p.err == E_OK) {
        *n = w.n;
        *spki_n = p.n;
    }
    return w.err != E_OK ? w.err : p.err;
}

enum err signer_openssl_make_pair(uint8_t algorithm, struct mbytes key, size_t *n,
                                  struct mbytes spki, size_t *spki_n)
{
    const bool ec = algorithm == DEVID_ECDSA_P256;
    struct raw_key raw;
    if (!ec && algorithm != DEVID_ED25519) {
        return E_UNSUPPORTED;
    }
    EVP_PKEY *fresh = generate(algorithm);
    const bool good =
        fresh != NULL && (ec ? raw_of_p256(fresh, &raw) : raw_of_ed25519(fresh, &raw));
    const enum err err = good ? frame(&raw, ec, key, n, spki, spki_n) : E_CRYPTO;
    EVP_PKEY_free(fresh);
    wipe(&raw, sizeof raw);
    ERR_clear_error();
    return err;
}

/* ---- signing ---- */

static const EVP_MD *digest_of(uint8_t algorithm)
{
    return algorithm == DEVID_ED25519      ? NULL
           : algorithm == DEVID_ECDSA_P384 ? EVP_sha384()
                                           : EVP_sha256();
}

static bool set_pss(EVP_PKEY_CTX *c)
{
    return EVP_PKEY_CTX_set_rsa_padding(c, RSA_PKCS1_PSS_PADDING) == 1 &&
           EVP_PKEY_CTX_set_rsa_pss_saltlen(c, RSA_SALT) == 1 &&
           EVP_PKEY_CTX_set_rsa_mgf1_md(c, EVP_sha256()) == 1;
}

/* *n: the room, then what was written, as OpenSSL writes it. */
static bool sign_with(EVP_PKEY *key, uint8_t algorithm, struct bytes content, uint8_t *out,
                      size_t *n)
{
    EVP_MD_CTX *m = EVP_MD_CTX_new();
    EVP_PKEY_CTX *c = NULL;
    bool done = m != NULL && EVP_DigestSignInit(m, &c, digest_of(algorithm), NULL, key) == 1 &&
                (algorithm != DEVID_RSA_PSS || set_pss(c)) &&
                EVP_DigestSign(m, out, n, content.p, content.n) == 1;
    EVP_MD_CTX_free(m);
    return done;
}

/* Two numbers in DER as r || s, `half` octets each. */
static bool to_raw(struct bytes der, size_t half, uint8_t *out)
{
    const unsigned char *p = der.p;
    ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &p, (long)der.n);
    bool done = sig != NULL && BN_bn2binpad(ECDSA_SIG_get0_r(sig), out, (int)half) == (int)half &&
                BN_bn2binpad(ECDSA_SIG_get0_s(sig), out + half, (int)half) == (int)half;
    ECDSA_SIG_free(sig);
    return done;
}

static bool sign_ecdsa(EVP_PKEY *key, uint8_t algorithm, struct bytes content, size_t half,
                       uint8_t *out)
{
    uint8_t der[ECDSA_DER_MAX];
    size_t n = sizeof der;
    return sign_with(key, algorithm, content, der, &n) && to_raw((struct bytes){der, n}, half, out);
}

static size_t length_of(const EVP_PKEY *key, uint8_t algorithm)
{
    switch (algorithm) {
    case DEVID_ECDSA_P384:
        return 96;
    case DEVID_RSA_PSS:
        return (size_t)EVP_PKEY_get_size(key);
    default:
        return 64;
    }
}

enum err signer_openssl_sign(struct bytes key, struct bytes content, uint8_t *signature, size_t *n)
{
    EVP_PKEY *opened;
    uint8_t algorithm = 0;
    enum err err = open_key(key, &opened, &algorithm);
    if (err != E_OK) {
        return err;
    }
    const size_t length = length_of(opened, algorithm);
    size_t written = length;
    bool done = false;
    if (*n < length) {
        err = E_NO_ROOM;
    } else if (algorithm == DEVID_ECDSA_P256 || algorithm == DEVID_ECDSA_P384) {
        done = sign_ecdsa(opened, algorithm, content, length / 2, signature);
    } else {
        done = sign_with(opened, algorithm, content, signature, &written) && written == length;
    }
    EVP_PKEY_free(opened);
    ERR_clear_error();
    if (err == E_OK && done) {
        *n = length;
    }
    return err != E_OK ? err : done ? E_OK : E_CRYPTO;
}

/* ---- the public half ---- */

enum err signer_openssl_public(struct bytes key, uint8_t out[static SIGNER_PUBLIC_MAX], size_t *n)
{
    EVP_PKEY *opened;
    uint8_t algorithm = 0;
    unsigned char *der = NULL;
    int len = 0;
    enum err err = open_key(key, &opened, &algorithm);
    if (err != E_OK) {
        return err;
    }
    if (EVP_PKEY_get_base_id(opened) != EVP_PKEY_EC ||
        EVP_PKEY_set_utf8_string_param(opened, OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT,
                                       "uncompressed") == 1) {
        len = i2d_PUBKEY(opened, &der);
    }
    const bool done = len > 0 && (size_t)len <= SIGNER_PUBLIC_MAX;
    if (done) {
        memcpy(out, der, (size_t)len);
        *n = (size_t)len;
    }
    OPENSSL_free(der);
    EVP_PKEY_free(opened);
    ERR_clear_error();
    return done ? E_OK : E_CRYPTO;
}

/* ---- text ---- */

/* One block called `name`, without headers, to the end of the text. */
static enum err read_block(BIO *in, const char *name, uint8_t *out, size_t room, size_t *n)
{
    char *label = NULL, *header = NULL;
    unsigned char *data = NULL;
    long len = 0;
    enum err err = E_BAD_VALUE;
    if (PEM_read_bio(in, &label, &header, &data, &len) == 1 && strcmp(label, name) == 0 &&
        header[0] == '\0' && len > 0 && BIO_pending(in) == 0) {
        err = (size_t)len <= room ? E_OK : E_NO_ROOM;
    }
    if (err == E_OK) {
        memcpy(out, data, (size_t)len);
        *n = (size_t)len;
    }
    OPENSSL_clear_free(data, len > 0 ? (size_t)len : 0);
    OPENSSL_free(label);
    OPENSSL_free(header);
    return err;
}

enum err signer_openssl_from_pem(struct bytes pem, uint8_t out[static SIGNER_KEY_MAX], size_t *n)
{
    BIO *in = pem.n > 0 && pem.n < INT32_MAX ? BIO_new_mem_buf(pem.p, (int)pem.n) : NULL;
    if (in == NULL) {
        return pem.n > 0 ? E_MEMORY : E_BAD_VALUE;
    }
    enum err err = read_block(in, "PRIVATE KEY", out, SIGNER_KEY_MAX, n);
    BIO_free(in);
    ERR_clear_error();
    return err;
}

static enum err write_block(const char *name, struct bytes der, char out[static SIGNER_PEM_MAX])
{
    BIO *to = BIO_new(BIO_s_secmem());
    char *text = NULL;
    enum err err = E_MEMORY;
    if (to != NULL && PEM_write_bio(to, name, "", der.p, (long)der.n) > 0) {
        const long n = BIO_get_mem_data(to, &text);
        err = n >= 0 && (size_t)n < SIGNER_PEM_MAX ? E_OK : E_NO_ROOM;
        if (err == E_OK) {
            memcpy(out, text, (size_t)n);
            out[n] = '\0';
        }
    }
    BIO_free(to);
    ERR_clear_error();
    return err;
}

enum err signer_openssl_to_pem(struct bytes key, char out[static SIGNER_PEM_MAX])
{
    return write_block("PRIVATE KEY", key, out);
}

enum err signer_openssl_public_pem(struct bytes spki, char out[static SIGNER_PEM_MAX])
{
    return write_block("PUBLIC KEY", spki, out);
}
