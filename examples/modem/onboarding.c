/* What this example's platform brings for a device that has no subscription: whom it trusts, and
 * the key that its subscription is encrypted to. A modem keeps that key in a secure element, and
 * has its own X.509 code, or this. */
#define _GNU_SOURCE
#include "platform.h"
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* ---- whom it trusts ---- */

static X509_STORE *roots;

bool platform_trust(const char *path)
{
    FILE *f = fopen(path, "re");
    X509 *root = f != NULL ? PEM_read_X509(f, NULL, NULL, NULL) : NULL;
    roots = X509_STORE_new();
    bool done = root != NULL && roots != NULL && X509_STORE_add_cert(roots, root) == 1;
    X509_free(root);
    if (f != NULL) {
        (void)fclose(f);
    }
    return done;
}

/* The signer's certificate, and those behind it. */
static X509 *read_chain(const uint8_t *der, size_t n, STACK_OF(X509) * rest)
{
    const uint8_t *end = der + n;
    X509 *first = d2i_X509(NULL, &der, (long)n);
    while (first != NULL && der < end) {
        X509 *next = d2i_X509(NULL, &der, end - der);
        if (next == NULL || sk_X509_push(rest, next) == 0) {
            X509_free(next);
            X509_free(first);
            return NULL;
        }
    }
    return first;
}

/* Extended key usage: a provisioning operator's, and nothing else counts. */
static bool has_role(X509 *certificate)
{
    static const char role[] = "1.3.6.1.4.1.32473.1.1.7";
    EXTENDED_KEY_USAGE *uses = X509_get_ext_d2i(certificate, NID_ext_key_usage, NULL, NULL);
    bool found = false;
    for (int i = 0; i < sk_ASN1_OBJECT_num(uses); i++) {
        char oid[64];
        (void)OBJ_obj2txt(oid, sizeof oid, sk_ASN1_OBJECT_value(uses, i), 1);
        found = found || strcmp(oid, role) == 0;
    }
    EXTENDED_KEY_USAGE_free(uses);
    return found && (X509_get_key_usage(certificate) & KU_DIGITAL_SIGNATURE) != 0;
}

/* TS 23.003 19.2: the realm of the PLMN stands as a name in the certificate. */
static bool lists(X509 *certificate, const uint8_t plmn[3])
{
    char realm[64];
    const int mnc3 = plmn[1] >> 4;
    (void)snprintf(realm, sizeof realm, "epc.mnc%d%d%d.mcc%d%d%d.3gppnetwork.org",
                   mnc3 == 15 ? 0 : plmn[2] & 15, mnc3 == 15 ? plmn[2] & 15 : plmn[2] >> 4,
                   mnc3 == 15 ? plmn[2] >> 4 : mnc3, plmn[0] & 15, plmn[0] >> 4, plmn[1] & 15);
    return X509_check_host(certificate, realm, 0,
                           X509_CHECK_FLAG_NO_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT,
                           NULL) == 1;
}

static bool has_signed(X509 *certificate, const struct bindery_ue_operator_message *m)
{
    uint8_t der[80], *p = der;
    EVP_PKEY *key = X509_get0_pubkey(certificate);
    EVP_MD_CTX *c = EVP_MD_CTX_new();
    ECDSA_SIG *s = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(m->signature, 32, NULL), *t = BN_bin2bn(m->signature + 32, 32, NULL);
    bool done = c != NULL && s != NULL && key != NULL && EVP_PKEY_is_a(key, "EC") == 1 &&
                ECDSA_SIG_set0(s, r, t) == 1;
    if (done) {
        const int n = i2d_ECDSA_SIG(s, &p);
        done = n > 0 && EVP_DigestVerifyInit(c, NULL, EVP_sha256(), NULL, key) == 1 &&
               EVP_DigestVerify(c, der, (size_t)n, m->content, m->content_n) == 1;
    }
    ECDSA_SIG_free(s);
    EVP_MD_CTX_free(c);
    return done;
}

static enum bindery_ue_operator_verdict judge(X509 *certificate, STACK_OF(X509) * rest,
                                              const struct bindery_ue_operator_message *m)
{
    X509_STORE_CTX *c = X509_STORE_CTX_new();
    if (c == NULL || X509_STORE_CTX_init(c, roots, certificate, rest) != 1) {
        X509_STORE_CTX_free(c);
        return BINDERY_UE_OPERATOR_FAILED;
    }
    const bool trusted = X509_verify_cert(c) == 1;
    const int why = X509_STORE_CTX_get_error(c);
    X509_STORE_CTX_free(c);
    if (!trusted) {
        return why == X509_V_ERR_CERT_HAS_EXPIRED || why == X509_V_ERR_CERT_NOT_YET_VALID
                   ? BINDERY_UE_OPERATOR_CERTIFICATE_EXPIRED
                   : BINDERY_UE_OPERATOR_UNTRUSTED;
    }
    return !has_role(certificate)             ? BINDERY_UE_OPERATOR_PURPOSE
           : !lists(certificate, m->plmn)     ? BINDERY_UE_OPERATOR_OTHER_PLMN
           : !has_signed(certificate, m)      ? BINDERY_UE_OPERATOR_SIGNATURE
           : m->expiry < (uint64_t)time(NULL) ? BINDERY_UE_OPERATOR_RESULT_EXPIRED
                                              : BINDERY_UE_OPERATOR_GOOD;
}

static enum bindery_ue_operator_verdict verify(void *ctx,
                                               const struct bindery_ue_operator_message *m)
{
    STACK_OF(X509) *rest = sk_X509_new_null();
    X509 *certificate = rest != NULL ? read_chain(m->certificates, m->certificates_n, rest) : NULL;
    (void)ctx;
    enum bindery_ue_operator_verdict v = certificate == NULL || roots == NULL
                                             ? BINDERY_UE_OPERATOR_UNTRUSTED
                                             : judge(certificate, rest, m);
    X509_free(certificate);
    sk_X509_pop_free(rest, X509_free);
    return v;
}

/* ---- the key that its subscription is encrypted to ---- */

/* Made up: a key on the curve P-256 as RFC 5915 writes it, of which the manufacturer has a
 * certificate behind the URL. */
static const uint8_t own_key[51] = {0x30, 0x31, 0x02, 0x01, 0x01, 0x04, 0x20,        0x4c, 0xcd,
                                    0x08, 0x9b, 0x28, 0xff, 0x96, 0xda, [39] = 0xa0, 0x0a, 0x06,
                                    0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03,        0x01, 0x07};

static bool agree(EVP_PKEY *own, EVP_PKEY *peer, uint8_t secret[32])
{
    size_t n = 32;
    EVP_PKEY_CTX *c = EVP_PKEY_CTX_new(own, NULL);
    const bool done = c != NULL && EVP_PKEY_derive_init(c) == 1 &&
                      EVP_PKEY_derive_set_peer(c, peer) == 1 &&
                      EVP_PKEY_derive(c, secret, &n) == 1 && n == 32;
    EVP_PKEY_CTX_free(c);
    return done;
}

static bool find_secret(void *ctx, uint8_t form, const uint8_t *sent, size_t sent_n,
                        uint8_t secret[BINDERY_UE_ONBOARDING_SECRET])
{
    const uint8_t *der = own_key;
    EVP_PKEY *own = d2i_PrivateKey(EVP_PKEY_EC, NULL, &der, sizeof own_key);
    EVP_PKEY *peer = EVP_PKEY_new();
    (void)ctx;
    /* It is checked that the point is one of the curve. */
    const bool done =
        form == 1 && own != NULL && peer != NULL && EVP_PKEY_copy_parameters(peer, own) == 1 &&
        EVP_PKEY_set1_encoded_public_key(peer, sent, sent_n) == 1 && agree(own, peer, secret);
    EVP_PKEY_free(peer);
    EVP_PKEY_free(own);
    return done;
}

struct bindery_ue_onboarding
platform_onboarding(void *ctx, bool (*install)(void *ctx, const struct bindery_ue_profile *profile))
{
    return (struct bindery_ue_onboarding){.url = "https://ca.example.org/DeviceID=modem-1",
                                          .sent_n = 33,
                                          .ctx = ctx,
                                          .verify = verify,
                                          .secret = find_secret,
                                          .install = install};
}
