#include "device/linux/onboard_openssl.h"

#include "device/linux/signer_openssl.h"
#include "device/linux/signer_parts.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <string.h>

#define SENT_EC      33u /* a compressed point */
#define RSA_BITS_MIN 2048
#define RSA_BITS_MAX 4096

_Static_assert(ONBOARD_KEY_MAX == SIGNER_KEY_MAX, "a key for the one is a key for the other");

/* ---- which key ---- */

static enum err form_of(const EVP_PKEY *key, enum certattach_form *form, uint16_t *sent_n)
{
    char group[32] = "";
    const int bits = EVP_PKEY_get_bits(key);
    switch (EVP_PKEY_get_base_id(key)) {
    case EVP_PKEY_EC:
        (void)EVP_PKEY_get_group_name(key, group, sizeof group, NULL);
        *form = CERTATTACH_EC;
        *sent_n = SENT_EC;
        return strcmp(group, "prime256v1") == 0 ? E_OK : E_UNSUPPORTED;
    case EVP_PKEY_RSA:
        *form = CERTATTACH_RSA;
        *sent_n = (uint16_t)EVP_PKEY_get_size(key);
        return bits >= RSA_BITS_MIN && bits <= RSA_BITS_MAX ? E_OK : E_UNSUPPORTED;
    default:
        return E_UNSUPPORTED;
    }
}

enum err onboard_openssl_form(struct bytes key, enum certattach_form *form, uint16_t *sent_n)
{
    enum certattach_form f = CERTATTACH_EC;
    uint16_t n = 0;
    EVP_PKEY *opened = signer_openssl_open(key);
    const enum err err = opened == NULL ? E_BAD_VALUE : form_of(opened, &f, &n);
    if (err == E_OK) {
        *form = f;
        *sent_n = n;
    }
    EVP_PKEY_free(opened);
    ERR_clear_error();
    return err;
}

static enum err make_rsa(unsigned bits, uint8_t out[static ONBOARD_KEY_MAX], size_t *n)
{
    unsigned char *der = NULL;
    EVP_PKEY *key = EVP_RSA_gen(bits);
    PKCS8_PRIV_KEY_INFO *info = key != NULL ? EVP_PKEY2PKCS8(key) : NULL;
    const int len = info != NULL ? i2d_PKCS8_PRIV_KEY_INFO(info, &der) : 0;
    const bool made = len > 0 && (size_t)len <= ONBOARD_KEY_MAX;
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

enum err onboard_openssl_make(unsigned rsa_bits, uint8_t out[static ONBOARD_KEY_MAX], size_t *n)
{
    if (rsa_bits == 0) {
        return signer_openssl_make(DEVID_ECDSA_P256, out, n);
    }
    return rsa_bits < RSA_BITS_MIN || rsa_bits > RSA_BITS_MAX || rsa_bits % 256 != 0
               ? E_UNSUPPORTED
               : make_rsa(rsa_bits, out, n);
}

/* ---- what was sent ---- */

/* OpenSSL takes a point only if it is on the curve, and P-256 has cofactor 1. */
static enum err agree(EVP_PKEY *own, struct bytes sent,
                      uint8_t secret[static CERTATTACH_SECRET_LEN])
{
    size_t n = CERTATTACH_SECRET_LEN;
    enum err err = E_CRYPTO;
    EVP_PKEY *peer = EVP_PKEY_new();
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, own, NULL);
    if (peer != NULL && EVP_PKEY_copy_parameters(peer, own) == 1 && ctx != NULL) {
        err = (sent.p[0] & 0xfe) == POINT_CONVERSION_COMPRESSED &&
                      EVP_PKEY_set1_encoded_public_key(peer, sent.p, sent.n) == 1
                  ? E_OK
                  : E_BAD_VALUE;
    }
    if (err == E_OK &&
        (EVP_PKEY_derive_init(ctx) != 1 || EVP_PKEY_derive_set_peer_ex(ctx, peer, 0) != 1 ||
         EVP_PKEY_derive(ctx, secret, &n) != 1 || n != CERTATTACH_SECRET_LEN)) {
        err = E_CRYPTO;
    }
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(peer);
    return err;
}

/* What is wrong with a block is not told apart. */
static enum err decrypt(EVP_PKEY *own, struct bytes sent,
                        uint8_t secret[static CERTATTACH_SECRET_LEN])
{
    char mode[] = OSSL_PKEY_RSA_PAD_MODE_OAEP, sha256[] = "SHA256", label[] = CERTATTACH_OAEP_LABEL;
    uint8_t plain[CERTATTACH_SENT_MAX];
    size_t n = sizeof plain;
    enum err err = E_CRYPTO;
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_ASYM_CIPHER_PARAM_PAD_MODE, mode, 0),
        OSSL_PARAM_construct_utf8_string(OSSL_ASYM_CIPHER_PARAM_OAEP_DIGEST, sha256, 0),
        OSSL_PARAM_construct_utf8_string(OSSL_ASYM_CIPHER_PARAM_MGF1_DIGEST, sha256, 0),
        OSSL_PARAM_construct_octet_string(OSSL_ASYM_CIPHER_PARAM_OAEP_LABEL, label,
                                          sizeof label - 1),
        OSSL_PARAM_construct_end()};
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, own, NULL);
    if (ctx != NULL && EVP_PKEY_decrypt_init_ex(ctx, params) == 1) {
        const bool opened = EVP_PKEY_decrypt(ctx, plain, &n, sent.p, sent.n) == 1;
        err = opened && n == CERTATTACH_SECRET_LEN ? E_OK : E_BAD_MAC;
    }
    if (err == E_OK) {
        memcpy(secret, plain, CERTATTACH_SECRET_LEN);
    }
    wipe(plain, sizeof plain);
    EVP_PKEY_CTX_free(ctx);
    return err;
}

enum err onboard_openssl_secret(struct bytes key, enum certattach_form form, struct bytes sent,
                                uint8_t secret[static CERTATTACH_SECRET_LEN])
{
    enum certattach_form is = CERTATTACH_EC;
    uint16_t n = 0;
    uint8_t made[CERTATTACH_SECRET_LEN];
    EVP_PKEY *own = signer_openssl_open(key);
    enum err err = own == NULL ? E_CRYPTO : form_of(own, &is, &n);
    if (err == E_OK && is != form) {
        err = E_UNSUPPORTED;
    }
    if (err == E_OK && sent.n != n) {
        err = E_BAD_VALUE;
    }
    if (err == E_OK) {
        err = is == CERTATTACH_EC ? agree(own, sent, made) : decrypt(own, sent, made);
    }
    if (err == E_OK) {
        memcpy(secret, made, sizeof made);
    }
    wipe(made, sizeof made);
    EVP_PKEY_free(own);
    ERR_clear_error();
    return err;
}

/* ---- a device ---- */

static enum certattach_refusal port_verify(void *ctx, struct bytes certificates,
                                           const struct plmn *plmn, int64_t expiry,
                                           struct bytes content, struct bytes signature)
{
    const struct onboard_openssl *d = ctx;
    return onboard_openssl_verify(d->roots, certificates, plmn, expiry, d->at, content, signature);
}

MUST_USE static enum err port_secret(void *ctx, enum certattach_form form, struct bytes sent,
                                     uint8_t secret[static CERTATTACH_SECRET_LEN])
{
    const struct onboard_openssl *d = ctx;
    return onboard_openssl_secret(d->key, form, sent, secret);
}

enum err onboard_openssl_port(struct onboard_openssl *d, struct certattach_device_port *out)
{
    enum certattach_form form = CERTATTACH_EC;
    uint16_t sent_n = 0;
    const enum err err = onboard_openssl_form(d->key, &form, &sent_n);
    if (err == E_OK) {
        *out = (struct certattach_device_port){
            .ctx = d, .verify = port_verify, .secret = port_secret, .sent_n = sent_n};
    }
    return err;
}

/* ---- the same, as the device library asks for it ---- */

static const struct {
    enum certattach_refusal refusal;
    enum bindery_ue_operator_verdict verdict;
} verdicts[] = {{CERTATTACH_REFUSED_NONE, BINDERY_UE_OPERATOR_GOOD},
                {CERTATTACH_REFUSED_UNTRUSTED, BINDERY_UE_OPERATOR_UNTRUSTED},
                {CERTATTACH_REFUSED_CERTIFICATE_EXPIRED, BINDERY_UE_OPERATOR_CERTIFICATE_EXPIRED},
                {CERTATTACH_REFUSED_PURPOSE, BINDERY_UE_OPERATOR_PURPOSE},
                {CERTATTACH_REFUSED_OTHER_PLMN, BINDERY_UE_OPERATOR_OTHER_PLMN},
                {CERTATTACH_REFUSED_SIGNATURE, BINDERY_UE_OPERATOR_SIGNATURE},
                {CERTATTACH_REFUSED_EXPIRED, BINDERY_UE_OPERATOR_RESULT_EXPIRED}};

enum bindery_ue_operator_verdict
onboard_openssl_ue_verify(void *ctx, const struct bindery_ue_operator_message *m)
{
    const struct onboard_openssl *d = ctx;
    struct plmn plmn;
    if (m->expiry > INT64_MAX || plmn_from_octets(m->plmn, &plmn) != E_OK) {
        return BINDERY_UE_OPERATOR_FAILED;
    }
    const enum certattach_refusal r =
        onboard_openssl_verify(d->roots, (struct bytes){m->certificates, m->certificates_n}, &plmn,
                               (int64_t)m->expiry, d->at, (struct bytes){m->content, m->content_n},
                               (struct bytes){m->signature, CERTATTACH_SIGNATURE_LEN});
    for (size_t i = 0; i < sizeof verdicts / sizeof verdicts[0]; i++) {
        if (verdicts[i].refusal == r) {
            return verdicts[i].verdict;
        }
    }
    return BINDERY_UE_OPERATOR_FAILED;
}

bool onboard_openssl_ue_secret(void *ctx, uint8_t form, const uint8_t *sent, size_t sent_n,
                               uint8_t secret[CERTATTACH_SECRET_LEN])
{
    const struct onboard_openssl *d = ctx;
    return onboard_openssl_secret(d->key, (enum certattach_form)form, (struct bytes){sent, sent_n},
                                  secret) == E_OK;
}
