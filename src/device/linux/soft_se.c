#include "device/linux/soft_se.h"

#include "device/linux/soft_se_parts.h"

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define AUTH_LEVEL  2 /* of OpenSSL: 112 bits */
#define DEPTH       4
#define ROLE_ARPF   "1.3.6.1.4.1.32473.1.1.8"
#define SECRET_LEN  32u
#define CHAIN_OCTET 4096u /* of one certificate, at most */

struct soft_se {
    const struct device_se *se;
    X509_STORE *roots;
    int64_t at;
};

/* ---- certificates ---- */

X509 *soft_se_certificate(struct bytes der)
{
    const unsigned char *p = der.p;
    X509 *x = der.n > 0 && der.n <= CHAIN_OCTET ? d2i_X509(NULL, &p, (long)der.n) : NULL;
    if (x != NULL && p != der.p + der.n) {
        X509_free(x);
        x = NULL;
    }
    return x;
}

static bool add_root(X509_STORE *store, struct bytes der)
{
    X509 *x = soft_se_certificate(der);
    const bool added = x != NULL && X509_check_ca(x) == 1 && X509_self_signed(x, 1) == 1 &&
                       X509_STORE_add_cert(store, x) == 1;
    X509_free(x);
    return added;
}

X509_STORE *soft_se_roots(const struct device_certificates *ci)
{
    X509_STORE *store = X509_STORE_new();
    bool good = store != NULL && ci->count > 0;
    for (size_t i = 0; good && i < ci->count; i++) {
        good = add_root(store, device_certificate(ci, i));
    }
    if (!good) {
        X509_STORE_free(store);
        store = NULL;
    }
    ERR_clear_error();
    return store;
}

static int verify(X509_STORE *roots, STACK_OF(X509) * chain, int64_t at)
{
    int error = X509_V_ERR_UNSPECIFIED;
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    if (ctx != NULL && X509_STORE_CTX_init(ctx, roots, sk_X509_value(chain, 0), chain) == 1) {
        X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(ctx);
        if (at != 0) {
            X509_VERIFY_PARAM_set_time(param, (time_t)at);
        } else {
            (void)X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_NO_CHECK_TIME);
        }
        X509_VERIFY_PARAM_set_depth(param, DEPTH);
        X509_VERIFY_PARAM_set_auth_level(param, AUTH_LEVEL);
        const bool good = X509_verify_cert(ctx) == 1;
        error = X509_STORE_CTX_get_error(ctx);
        error = !good && error == X509_V_OK ? X509_V_ERR_UNSPECIFIED : error;
    }
    X509_STORE_CTX_free(ctx);
    return error;
}

int soft_se_verify(X509_STORE *roots, const struct bytes *chain, size_t n, int64_t at)
{
    STACK_OF(X509) *list = sk_X509_new_null();
    int error = list != NULL && n > 0 && n <= DIMSI_CHAIN_MAX ? X509_V_OK : X509_V_ERR_UNSPECIFIED;
    for (size_t i = 0; error == X509_V_OK && i < n; i++) {
        X509 *x = soft_se_certificate(chain[i]);
        if (x == NULL || sk_X509_push(list, x) <= 0) {
            X509_free(x);
            error = X509_V_ERR_CERT_REJECTED;
        }
    }
    if (error == X509_V_OK) {
        error = verify(roots, list, at);
    }
    sk_X509_pop_free(list, X509_free);
    ERR_clear_error();
    return error;
}

bool soft_se_is_p256(const EVP_PKEY *key)
{
    char group[32] = "";
    return EVP_PKEY_get_base_id(key) == EVP_PKEY_EC &&
           EVP_PKEY_get_group_name(key, group, sizeof group, NULL) == 1 &&
           strcmp(group, "prime256v1") == 0;
}

void soft_se_name(struct bytes der, char out[static SOFT_SE_NAME_MAX])
{
    X509 *x = soft_se_certificate(der);
    const int n = x != NULL ? X509_NAME_get_text_by_NID(X509_get_subject_name(x), NID_commonName,
                                                        out, SOFT_SE_NAME_MAX)
                            : -1;
    if (n < 0) {
        (void)snprintf(out, SOFT_SE_NAME_MAX, "without a name");
    }
    for (char *c = out; *c != '\0'; c++) {
        *c = *c >= 0x20 && *c < 0x7f ? *c : '?';
    }
    X509_free(x);
    ERR_clear_error();
}

/* ---- CERT.ARPF.ECKA ---- */

static enum dimsi_cause cause_of(int error)
{
    switch (error) {
    case X509_V_OK:
        return DIMSI_NONE;
    case X509_V_ERR_CERT_NOT_YET_VALID:
        return DIMSI_CHAIN_EARLY;
    case X509_V_ERR_CERT_HAS_EXPIRED:
        return DIMSI_CHAIN_LATE;
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_CERT_UNTRUSTED:
        return DIMSI_CHAIN_UNTRUSTED;
    case X509_V_ERR_OUT_OF_MEM:
    case X509_V_ERR_UNSPECIFIED:
    case X509_V_ERR_STORE_LOOKUP:
    case X509_V_ERR_INVALID_CALL:
        return DIMSI_CRYPTO;
    default:
        return DIMSI_CHAIN_BAD;
    }
}

/* RFC 5280 4.2.1.3, 4.2.1.12. */
static bool is_arpf(X509 *leaf)
{
    bool found = false;
    ASN1_OBJECT *role = OBJ_txt2obj(ROLE_ARPF, 1);
    const uint32_t flags = X509_get_extension_flags(leaf);
    EXTENDED_KEY_USAGE *eku = X509_get_ext_d2i(leaf, NID_ext_key_usage, NULL, NULL);
    for (int i = 0; role != NULL && i < sk_ASN1_OBJECT_num(eku); i++) {
        found = found || OBJ_cmp(sk_ASN1_OBJECT_value(eku, i), role) == 0;
    }
    EXTENDED_KEY_USAGE_free(eku);
    ASN1_OBJECT_free(role);
    return found && (flags & EXFLAG_KUSAGE) != 0 && (flags & (EXFLAG_CA | EXFLAG_INVALID)) == 0 &&
           (X509_get_key_usage(leaf) & KU_KEY_AGREEMENT) != 0;
}

/* Its first dNSName, in lower case. */
static bool name_of(X509 *leaf, struct dimsi_name *out)
{
    uint8_t text[DIMSI_NAME_MAX];
    bool found = false;
    GENERAL_NAMES *names = X509_get_ext_d2i(leaf, NID_subject_alt_name, NULL, NULL);
    for (int i = 0; !found && i < sk_GENERAL_NAME_num(names); i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
        if (name->type != GEN_DNS) {
            continue;
        }
        const uint8_t *from = ASN1_STRING_get0_data(name->d.dNSName);
        const size_t n = (size_t)ASN1_STRING_length(name->d.dNSName);
        for (size_t j = 0; j < n && j < sizeof text; j++) {
            text[j] = from[j] >= 'A' && from[j] <= 'Z' ? (uint8_t)(from[j] + 'a' - 'A') : from[j];
        }
        if (n > sizeof text || dimsi_name_parse((struct bytes){text, n}, out) != E_OK) {
            break;
        }
        found = true;
    }
    GENERAL_NAMES_free(names);
    return found;
}

static bool point_of(EVP_PKEY *key, uint8_t out[static DIMSI_POINT_LEN])
{
    unsigned char *point = NULL;
    const size_t n =
        key != NULL && soft_se_is_p256(key) ? EVP_PKEY_get1_encoded_public_key(key, &point) : 0;
    const bool good = n == DIMSI_POINT_LEN && point[0] == POINT_CONVERSION_UNCOMPRESSED;
    if (good) {
        memcpy(out, point, DIMSI_POINT_LEN);
    }
    OPENSSL_free(point);
    return good;
}

/* By the CI itself: a part number stands below the CI too, and may not speak in an ARPF's name. */
/*= dimsi-0c-verify */
enum dimsi_cause soft_se_arpf(struct soft_se *s, const struct bytes *chain, size_t n,
                              struct dimsi_name *name, uint8_t point[static DIMSI_POINT_LEN])
{
    struct dimsi_name read;
    uint8_t key[DIMSI_POINT_LEN];
    enum dimsi_cause cause = cause_of(soft_se_verify(s->roots, chain, n, s->at));
    X509 *leaf = cause == DIMSI_NONE ? soft_se_certificate(chain[0]) : NULL;
    if (cause == DIMSI_NONE && (n > 1 || leaf == NULL || !is_arpf(leaf) || !name_of(leaf, &read) ||
                                !point_of(X509_get0_pubkey(leaf), key))) {
        cause = DIMSI_CHAIN_PURPOSE;
    }
    if (cause == DIMSI_NONE) {
        *name = read;
        memcpy(point, key, sizeof key);
    }
    X509_free(leaf);
    ERR_clear_error();
    return cause;
}

/* ---- agreement and signature ---- */

static enum err derive(EVP_PKEY *own, const uint8_t arpf[static DIMSI_POINT_LEN],
                       uint8_t z[static SECRET_LEN])
{
    size_t n = SECRET_LEN;
    enum err err = E_CRYPTO;
    EVP_PKEY *peer = EVP_PKEY_new();
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, own, NULL);
    /* OpenSSL takes a point only if it is on the curve, and P-256 has cofactor 1. */
    if (peer != NULL && EVP_PKEY_copy_parameters(peer, own) == 1 && ctx != NULL) {
        err = arpf[0] == POINT_CONVERSION_UNCOMPRESSED &&
                      EVP_PKEY_set1_encoded_public_key(peer, arpf, DIMSI_POINT_LEN) == 1
                  ? E_OK
                  : E_BAD_VALUE;
    }
    if (err == E_OK &&
        (EVP_PKEY_derive_init(ctx) != 1 || EVP_PKEY_derive_set_peer_ex(ctx, peer, 0) != 1 ||
         EVP_PKEY_derive(ctx, z, &n) != 1 || n != SECRET_LEN)) {
        err = E_CRYPTO;
    }
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(peer);
    return err;
}

/*= dimsi-0c-agree */
enum err soft_se_agree(const uint8_t arpf[static DIMSI_POINT_LEN],
                       uint8_t se[static DIMSI_POINT_LEN], uint8_t z[static 32])
{
    uint8_t secret[SECRET_LEN], point[DIMSI_POINT_LEN];
    EVP_PKEY *own = EVP_EC_gen("P-256");
    enum err err = own != NULL && point_of(own, point) ? E_OK : E_CRYPTO;
    if (err == E_OK) {
        err = derive(own, arpf, secret);
    }
    if (err == E_OK) {
        memcpy(se, point, sizeof point);
        memcpy(z, secret, sizeof secret);
    }
    wipe(secret, sizeof secret);
    EVP_PKEY_free(own);
    ERR_clear_error();
    return err;
}

enum err soft_se_sign(const struct device_se *se, struct bytes content,
                      uint8_t signature[static DIMSI_SIGNATURE_LEN])
{
    uint8_t made[DIMSI_SIGNATURE_LEN];
    size_t n = sizeof made;
    if (signer_openssl_sign((struct bytes){se->key.der, se->key.n}, content, made, &n) != E_OK ||
        n != sizeof made) {
        return E_CRYPTO;
    }
    memcpy(signature, made, sizeof made);
    return E_OK;
}

/* ---- as ports ---- */

static enum dimsi_cause port_arpf(void *ctx, const struct bytes *chain, size_t n,
                                  struct dimsi_name *name, uint8_t point[static DIMSI_POINT_LEN])
{
    return soft_se_arpf(ctx, chain, n, name, point);
}

MUST_USE static enum err port_agree(void *ctx, const uint8_t arpf[static DIMSI_POINT_LEN],
                                    uint8_t se[static DIMSI_POINT_LEN], uint8_t z[static 32])
{
    (void)ctx;
    return soft_se_agree(arpf, se, z);
}

MUST_USE static enum err port_sign(void *ctx, struct bytes content,
                                   uint8_t signature[static DIMSI_SIGNATURE_LEN])
{
    const struct soft_se *s = ctx;
    return soft_se_sign(s->se, content, signature);
}

struct dimsi_se_port soft_se_port(struct soft_se *s)
{
    return (struct dimsi_se_port){.ctx = s,
                                  .arpf = port_arpf,
                                  .agree = port_agree,
                                  .sign = port_sign,
                                  .certificate = device_certificate(&s->se->chain, 0),
                                  .at = s->at,
                                  .counter = s->se->tokens};
}

/* DER one behind the other. 0: it is not. */
static size_t split(const uint8_t *chain, size_t n, struct bytes out[static DIMSI_CHAIN_MAX])
{
    size_t count = 0, at = 0;
    while (at < n && count < DIMSI_CHAIN_MAX) {
        const unsigned char *p = chain + at;
        X509 *x = n <= LONG_MAX ? d2i_X509(NULL, &p, (long)(n - at)) : NULL;
        if (x == NULL) {
            break;
        }
        X509_free(x);
        out[count++] = (struct bytes){chain + at, (size_t)(p - (chain + at))};
        at = (size_t)(p - chain);
    }
    ERR_clear_error();
    return at == n ? count : 0;
}

static bool ue_arpf(void *ctx, const uint8_t *chain, size_t n, char name[65], uint8_t point[65])
{
    struct bytes certificates[DIMSI_CHAIN_MAX];
    struct dimsi_name said;
    const size_t count = split(chain, n, certificates);
    if (count == 0 || soft_se_arpf(ctx, certificates, count, &said, point) != DIMSI_NONE) {
        return false;
    }
    memcpy(name, said.text, sizeof said.text);
    return true;
}

static bool ue_agree(void *ctx, const uint8_t arpf[65], uint8_t se[65], uint8_t z[32])
{
    return port_agree(ctx, arpf, se, z) == E_OK;
}

static bool ue_sign(void *ctx, const uint8_t *content, size_t n, uint8_t signature[64])
{
    return port_sign(ctx, (struct bytes){content, n}, signature) == E_OK;
}

struct bindery_ue_se soft_se_ue_port(struct soft_se *s)
{
    const struct bytes certificate = device_certificate(&s->se->chain, 0);
    return (struct bindery_ue_se){.ctx = s,
                                  .arpf = ue_arpf,
                                  .agree = ue_agree,
                                  .sign = ue_sign,
                                  .certificate = certificate.p,
                                  .certificate_n = certificate.n,
                                  .at = s->at,
                                  .counter = s->se->tokens};
}

enum err soft_se_open(const struct device_se *se, int64_t at, struct soft_se **out)
{
    if (se->key.n == 0) {
        return E_MISSING;
    }
    struct soft_se *s = calloc(1, sizeof *s);
    if (s == NULL) {
        return E_MEMORY;
    }
    s->se = se;
    s->at = at;
    s->roots = soft_se_roots(&se->ci);
    if (s->roots == NULL) {
        free(s);
        return E_BAD_VALUE;
    }
    *out = s;
    return E_OK;
}

void soft_se_close(struct soft_se *s)
{
    if (s != NULL) {
        X509_STORE_free(s->roots);
        free(s);
    }
}

/* ---- a challenge ---- */

static enum bindery_ue_discovery_outcome outcome_of(enum dimsi_outcome o)
{
    static const uint8_t outcomes[DIMSI_OUTCOMES] = {
        [DIMSI_OUTCOME_INSTALL] = BINDERY_UE_DISCOVERY_INSTALLED,
        [DIMSI_OUTCOME_REPEATED] = BINDERY_UE_DISCOVERY_REPEATED,
        [DIMSI_OUTCOME_BAD_MAC] = BINDERY_UE_DISCOVERY_INTEGRITY,
        [DIMSI_OUTCOME_BAD_CTV] = BINDERY_UE_DISCOVERY_CTV,
        [DIMSI_OUTCOME_BAD_IMSI] = BINDERY_UE_DISCOVERY_IMSI_UNREADABLE,
        [DIMSI_OUTCOME_OTHER_IMSI] = BINDERY_UE_DISCOVERY_OTHER_IMSI,
        [DIMSI_OUTCOME_ERASED] = BINDERY_UE_DISCOVERY_ERASED,
        [DIMSI_OUTCOME_BROKEN] = BINDERY_UE_DISCOVERY_BROKEN};
    return (size_t)o < sizeof outcomes ? (enum bindery_ue_discovery_outcome)outcomes[o]
                                       : BINDERY_UE_DISCOVERY_BROKEN;
}

enum bindery_ue_discovery_outcome
soft_se_challenge(const struct crypto *c, const struct dimsi_slot *slot,
                  const uint8_t rand[static 16], const uint8_t *autn,
                  struct bindery_ue_usim_answer *out, struct imsi *imsi)
{
    struct rand128 r;
    struct autn a;
    struct dimsi_answer answer;
    memcpy(r.b, rand, sizeof r.b);
    if (autn != NULL) {
        memcpy(a.b, autn, sizeof a.b);
    }
    const enum bindery_ue_discovery_outcome o =
        outcome_of(dimsi_se_challenge(c, slot, &r, autn != NULL ? &a : NULL, &answer));
    memset(out, 0, sizeof *out);
    if (o == BINDERY_UE_DISCOVERY_INSTALLED || o == BINDERY_UE_DISCOVERY_REPEATED) {
        memcpy(out->res, answer.res.b, sizeof out->res);
        out->res_n = answer.res.n;
        memcpy(out->ck, answer.ck.b, sizeof out->ck);
        memcpy(out->ik, answer.ik.b, sizeof out->ik);
        *imsi = answer.imsi;
    }
    wipe(&answer, sizeof answer);
    return o;
}
