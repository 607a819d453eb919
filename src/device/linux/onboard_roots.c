#include "device/linux/onboard_openssl.h"

#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#define AUTH_LEVEL    2 /* of OpenSSL: 112 bits */
#define ROLE_OPERATOR "1.3.6.1.4.1.32473.1.1.7"
#define HALF          (CERTATTACH_SIGNATURE_LEN / 2)

/* The chain that was found good last. */
struct remembered {
    X509 *leaf; /* NULL: none was */
    uint8_t digest[32];
    int64_t since, until; /* all of the chain is valid */
};
struct onboard_roots {
    X509_STORE *store;
    ASN1_OBJECT *role;
    struct remembered last;
};

/* ---- roots ---- */

static X509 *whole(struct bytes der)
{
    const unsigned char *p = der.p;
    X509 *x = der.n > 0 && der.n <= ONBOARD_ROOT_DER_MAX ? d2i_X509(NULL, &p, (long)der.n) : NULL;
    if (x != NULL && p != der.p + der.n) {
        X509_free(x);
        x = NULL;
    }
    return x;
}

static enum err add_root(struct onboard_roots *r, struct bytes der)
{
    X509 *x = whole(der);
    enum err err = E_BAD_VALUE;
    if (x != NULL && X509_check_ca(x) == 1 && X509_self_signed(x, 1) == 1) {
        err = X509_STORE_add_cert(r->store, x) == 1 ? E_OK : E_MEMORY;
    }
    X509_free(x);
    return err;
}

enum err onboard_openssl_roots(const struct bytes *der, size_t n, struct onboard_roots **out)
{
    if (n == 0 || n > ONBOARD_ROOTS_MAX) {
        return E_BAD_VALUE;
    }
    struct onboard_roots *r = calloc(1, sizeof *r);
    if (r == NULL) {
        return E_MEMORY;
    }
    r->store = X509_STORE_new();
    r->role = OBJ_txt2obj(ROLE_OPERATOR, 1);
    enum err err = r->store != NULL && r->role != NULL ? E_OK : E_MEMORY;
    for (size_t i = 0; err == E_OK && i < n; i++) {
        err = add_root(r, der[i]);
    }
    ERR_clear_error();
    if (err != E_OK) {
        onboard_openssl_roots_free(r);
        return err;
    }
    *out = r;
    return E_OK;
}

void onboard_openssl_roots_free(struct onboard_roots *r)
{
    if (r != NULL) {
        X509_free(r->last.leaf);
        ASN1_OBJECT_free(r->role);
        X509_STORE_free(r->store);
        free(r);
    }
}

/* ---- the chain ---- */

/* Certificates one behind the other, the leaf first, and nothing after the last. */
static STACK_OF(X509) * split(struct bytes in)
{
    const unsigned char *p = in.p, *end = in.p + in.n;
    STACK_OF(X509) *chain = sk_X509_new_null();
    bool ok = chain != NULL && in.n > 0 && in.n <= ONBOARD_CERTIFICATES_MAX;
    while (ok && p < end) {
        X509 *x = d2i_X509(NULL, &p, (long)(end - p));
        ok = x != NULL && sk_X509_num(chain) < ONBOARD_CERTIFICATES_N_MAX &&
             sk_X509_push(chain, x) > 0;
        if (!ok) {
            X509_free(x);
        }
    }
    if (!ok) {
        sk_X509_pop_free(chain, X509_free);
        chain = NULL;
    }
    return chain;
}

static enum certattach_refusal refusal_of(int error)
{
    switch (error) {
    case X509_V_OK:
        return CERTATTACH_REFUSED_NONE;
    case X509_V_ERR_CERT_NOT_YET_VALID:
    case X509_V_ERR_CERT_HAS_EXPIRED:
        return CERTATTACH_REFUSED_CERTIFICATE_EXPIRED;
    case X509_V_ERR_OUT_OF_MEM:
    case X509_V_ERR_UNSPECIFIED:
    case X509_V_ERR_STORE_LOOKUP:
    case X509_V_ERR_INVALID_CALL:
        return CERTATTACH_REFUSED_CRYPTO;
    default:
        return CERTATTACH_REFUSED_UNTRUSTED;
    }
}

static int64_t unix_of(const ASN1_TIME *t)
{
    struct tm tm;
    return ASN1_TIME_to_tm(t, &tm) == 1 ? (int64_t)timegm(&tm) : 0;
}

static void period_of(const X509_STORE_CTX *ctx, struct remembered *m)
{
    STACK_OF(X509) *built = X509_STORE_CTX_get0_chain(ctx);
    m->since = 0;
    m->until = INT64_MAX;
    for (int i = 0; i < sk_X509_num(built); i++) {
        const int64_t since = unix_of(X509_get0_notBefore(sk_X509_value(built, i)));
        const int64_t until = unix_of(X509_get0_notAfter(sk_X509_value(built, i)));
        m->since = since > m->since ? since : m->since;
        m->until = until < m->until ? until : m->until;
    }
}

static enum certattach_refusal chain_judge(const struct onboard_roots *r, STACK_OF(X509) * chain,
                                           int64_t at, struct remembered *m)
{
    enum certattach_refusal refusal = CERTATTACH_REFUSED_CRYPTO;
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    if (ctx != NULL && X509_STORE_CTX_init(ctx, r->store, sk_X509_value(chain, 0), chain) == 1) {
        X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(ctx);
        X509_VERIFY_PARAM_set_time(param, (time_t)at);
        X509_VERIFY_PARAM_set_depth(param, ONBOARD_CERTIFICATES_N_MAX);
        X509_VERIFY_PARAM_set_auth_level(param, AUTH_LEVEL);
        const bool good = X509_verify_cert(ctx) == 1;
        const int error = X509_STORE_CTX_get_error(ctx);
        refusal = !good && error == X509_V_OK ? CERTATTACH_REFUSED_CRYPTO : refusal_of(error);
        period_of(ctx, m);
    }
    X509_STORE_CTX_free(ctx);
    return refusal;
}

/* RFC 5280 4.2.1.3, 4.2.1.12. */
static bool is_operator(const struct onboard_roots *r, X509 *leaf)
{
    bool found = false;
    const uint32_t flags = X509_get_extension_flags(leaf);
    EXTENDED_KEY_USAGE *eku = X509_get_ext_d2i(leaf, NID_ext_key_usage, NULL, NULL);
    for (int i = 0; i < sk_ASN1_OBJECT_num(eku); i++) {
        found = found || OBJ_cmp(sk_ASN1_OBJECT_value(eku, i), r->role) == 0;
    }
    EXTENDED_KEY_USAGE_free(eku);
    return found && (flags & EXFLAG_KUSAGE) != 0 && (flags & (EXFLAG_CA | EXFLAG_INVALID)) == 0 &&
           (X509_get_key_usage(leaf) & KU_DIGITAL_SIGNATURE) != 0;
}

/* Verifies the chain, or finds it remembered: r->last is the one then. */
static enum certattach_refusal operator_judge(struct onboard_roots *r, struct bytes certificates,
                                              int64_t at)
{
    struct remembered m = {.leaf = NULL};
    if (EVP_Digest(certificates.p, certificates.n, m.digest, NULL, EVP_sha256(), NULL) != 1) {
        return CERTATTACH_REFUSED_CRYPTO;
    }
    if (r->last.leaf != NULL && at >= r->last.since && at <= r->last.until &&
        bytes_eq(BYTES_OF(m.digest), BYTES_OF(r->last.digest))) {
        return CERTATTACH_REFUSED_NONE;
    }
    STACK_OF(X509) *chain = split(certificates);
    if (chain == NULL) {
        return CERTATTACH_REFUSED_UNTRUSTED;
    }
    enum certattach_refusal refusal = chain_judge(r, chain, at, &m);
    if (refusal == CERTATTACH_REFUSED_NONE && !is_operator(r, sk_X509_value(chain, 0))) {
        refusal = CERTATTACH_REFUSED_PURPOSE;
    }
    if (refusal == CERTATTACH_REFUSED_NONE) {
        X509_free(r->last.leaf);
        m.leaf = sk_X509_shift(chain);
        r->last = m;
    }
    sk_X509_pop_free(chain, X509_free);
    return refusal;
}

/* ---- network and signature ---- */

static bool lists(X509 *leaf, const struct plmn *plmn)
{
    char realm[REALM_TEXT_MAX];
    bool found = false;
    GENERAL_NAMES *names = X509_get_ext_d2i(leaf, NID_subject_alt_name, NULL, NULL);
    plmn_realm(plmn, realm);
    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
        found = found || (name->type == GEN_DNS &&
                          (size_t)ASN1_STRING_length(name->d.dNSName) == strlen(realm) &&
                          strncasecmp((const char *)ASN1_STRING_get0_data(name->d.dNSName), realm,
                                      strlen(realm)) == 0);
    }
    GENERAL_NAMES_free(names);
    return found;
}

static int to_der(struct bytes raw, unsigned char **out)
{
    ECDSA_SIG *sig = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(raw.p, HALF, NULL), *s = BN_bin2bn(raw.p + HALF, HALF, NULL);
    if (sig == NULL || r == NULL || s == NULL || ECDSA_SIG_set0(sig, r, s) != 1) {
        BN_free(r);
        BN_free(s);
        ECDSA_SIG_free(sig);
        return 0;
    }
    const int n = i2d_ECDSA_SIG(sig, out);
    ECDSA_SIG_free(sig);
    return n;
}

static bool is_p256(const EVP_PKEY *key)
{
    char group[32] = "";
    return EVP_PKEY_get_base_id(key) == EVP_PKEY_EC &&
           EVP_PKEY_get_group_name(key, group, sizeof group, NULL) == 1 &&
           strcmp(group, "prime256v1") == 0;
}

static enum certattach_refusal signature_judge(X509 *leaf, struct bytes content,
                                               struct bytes signature)
{
    unsigned char *der = NULL;
    EVP_PKEY *key = X509_get0_pubkey(leaf);
    if (key == NULL || !is_p256(key) || signature.n != CERTATTACH_SIGNATURE_LEN) {
        return CERTATTACH_REFUSED_SIGNATURE;
    }
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    const int n = to_der(signature, &der);
    int got = -1;
    if (ctx != NULL && n > 0 && EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, key) == 1) {
        got = EVP_DigestVerify(ctx, der, (size_t)n, content.p, content.n);
    }
    OPENSSL_free(der);
    EVP_MD_CTX_free(ctx);
    return got == 1   ? CERTATTACH_REFUSED_NONE
           : got == 0 ? CERTATTACH_REFUSED_SIGNATURE
                      : CERTATTACH_REFUSED_CRYPTO;
}

/*= certattach-operator certattach-signed */
enum certattach_refusal onboard_openssl_verify(struct onboard_roots *r, struct bytes certificates,
                                               const struct plmn *plmn, int64_t expiry, int64_t at,
                                               struct bytes content, struct bytes signature)
{
    enum certattach_refusal refusal = operator_judge(r, certificates, at);
    if (refusal == CERTATTACH_REFUSED_NONE && !lists(r->last.leaf, plmn)) {
        refusal = CERTATTACH_REFUSED_OTHER_PLMN;
    }
    if (refusal == CERTATTACH_REFUSED_NONE) {
        refusal = signature_judge(r->last.leaf, content, signature);
    }
    if (refusal == CERTATTACH_REFUSED_NONE && at > expiry) {
        refusal = CERTATTACH_REFUSED_EXPIRED;
    }
    ERR_clear_error();
    return refusal;
}
