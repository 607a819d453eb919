#include "net/verify.h"

#include "net/verify_seen.h"

#include <ctype.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define AUTH_LEVEL 2 /* of OpenSSL: 112 bits */

#define KEPT_CAS 32
struct kept_ca {
    X509 *x;
    unsigned char *der;
    size_t n;
};
struct verifier {
    X509_STORE *store;
    ASN1_OBJECT *oids[VERIFY_ROLES];
    size_t n_kept;
    struct kept_ca kept[KEPT_CAS]; /* the first of the CAs, as they were read */
    struct verify_seen *seen;      /* of chains; NULL: nothing is remembered */
};

static const struct {
    const char *name, *oid;
} roles[VERIFY_ROLES] = {
#define X(name, text, oid, what) {text, oid},
    VERIFY_ROLE_LIST(X)
#undef X
};
static const struct {
    const char *name, *sentence;
} verdicts[] = {
#define X(name, text, sentence) {text, sentence},
    VERIFY_VERDICT_LIST(X)
#undef X
};

const char *verify_role_name(enum verify_role role)
{
    return (unsigned)role < VERIFY_ROLES ? roles[role].name : "unknown";
}

static bool known(enum verify_verdict v)
{
    return (unsigned)v < sizeof verdicts / sizeof verdicts[0];
}

const char *verify_verdict_name(enum verify_verdict v)
{
    return known(v) ? verdicts[v].name : "unknown";
}

const char *verify_verdict_sentence(enum verify_verdict v)
{
    return known(v) ? verdicts[v].sentence : "unknown";
}

bool verify_has_role(const struct verify_peer *peer, enum verify_role role)
{
    return peer->verdict == VERIFY_GOOD && (peer->roles >> role & 1) != 0;
}

bool verify_may_encrypt(const struct verify_peer *peer, enum verify_key_kind kind)
{
    return (kind == VERIFY_KEY_P256 && peer->key_agreement) ||
           (kind == VERIFY_KEY_RSA && peer->key_encipherment);
}

/* ---- what is trusted ---- */

static enum err wrong(struct verify_why *why, enum err err, const char *path, const char *what)
{
    ERR_clear_error();
    (void)snprintf(why->text, sizeof why->text, "%.150s: %.90s", path, what);
    return err;
}

static enum err make(struct verifier **out)
{
    struct verifier *v = calloc(1, sizeof *v);
    if (v == NULL) {
        return E_MEMORY;
    }
    v->store = X509_STORE_new();
    bool ok = v->store != NULL;
    for (size_t i = 0; i < VERIFY_ROLES; i++) {
        v->oids[i] = OBJ_txt2obj(roles[i].oid, 1);
        ok = ok && v->oids[i] != NULL;
    }
    if (!ok) {
        verifier_close(v);
        return E_MEMORY;
    }
    *out = v;
    return E_OK;
}

void verifier_close(struct verifier *v)
{
    if (v == NULL) {
        return;
    }
    for (size_t i = 0; i < VERIFY_ROLES; i++) {
        ASN1_OBJECT_free(v->oids[i]);
    }
    for (size_t i = 0; i < v->n_kept; i++) {
        X509_free(v->kept[i].x);
        OPENSSL_free(v->kept[i].der);
    }
    verify_seen_close(v->seen);
    X509_STORE_free(v->store);
    free(v);
}

/* Why nothing more came: because the file is at its end? What breaks off, or cannot be read, is not
 * passed over: who trusts half of the CAs refuses the devices of the rest. */
static bool at_end(void)
{
    unsigned long last = ERR_peek_last_error();
    bool end = ERR_GET_LIB(last) == ERR_LIB_PEM && ERR_GET_REASON(last) == PEM_R_NO_START_LINE;
    ERR_clear_error();
    return end;
}

/* Takes x over. */
static void keep_ca(struct verifier *v, X509 *x)
{
    struct kept_ca *k = v->n_kept < KEPT_CAS ? &v->kept[v->n_kept] : NULL;
    const int n = k != NULL ? i2d_X509(x, &k->der) : 0;
    if (n <= 0) {
        X509_free(x);
        return;
    }
    k->x = x;
    k->n = (size_t)n;
    v->n_kept++;
}

static enum err add_cas(struct verifier *v, const char *path, struct verify_why *why)
{
    size_t n = 0;
    X509 *x = NULL;
    bool ok = true;
    BIO *in = BIO_new_file(path, "r");
    if (in == NULL) {
        return wrong(why, E_IO, path, "cannot be read");
    }
    while (ok && (x = PEM_read_bio_X509(in, NULL, NULL, NULL)) != NULL) {
        ok = X509_check_ca(x) == 1 && X509_STORE_add_cert(v->store, x) == 1;
        keep_ca(v, x);
        n++;
    }
    BIO_free(in);
    if (!ok) {
        return wrong(why, E_BAD_VALUE, path, "has a certificate that is no CA's");
    }
    if (!at_end()) {
        return wrong(why, E_BAD_VALUE, path, "has a certificate that cannot be read");
    }
    return n > 0 ? E_OK : wrong(why, E_BAD_VALUE, path, "holds no certificate in PEM form");
}

static enum err add_crls(struct verifier *v, const char *path, struct verify_why *why)
{
    size_t n = 0;
    X509_CRL *crl = NULL;
    bool ok = true;
    BIO *in = BIO_new_file(path, "r");
    if (in == NULL) {
        return wrong(why, E_IO, path, "cannot be read");
    }
    while (ok && (crl = PEM_read_bio_X509_CRL(in, NULL, NULL, NULL)) != NULL) {
        ok = X509_STORE_add_crl(v->store, crl) == 1;
        X509_CRL_free(crl);
        n++;
    }
    BIO_free(in);
    if (!at_end()) {
        return wrong(why, E_BAD_VALUE, path, "has a revocation list that cannot be read");
    }
    if (!ok || n == 0) {
        return wrong(why, E_BAD_VALUE, path, "holds no revocation list in PEM form");
    }
    return X509_STORE_set_flags(v->store, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL) == 1
               ? E_OK
               : E_MEMORY;
}

enum err verifier_open(const struct verify_files *files, struct verifier **out,
                       struct verify_why *why)
{
    struct verifier *v = NULL;
    (void)snprintf(why->text, sizeof why->text, "there is not enough memory");
    enum err err = make(&v);
    if (err == E_OK) {
        err = verify_seen_open(&v->seen);
    }
    if (err == E_OK && files->ca != NULL) {
        err = add_cas(v, files->ca, why);
    }
    if (err == E_OK && files->crl != NULL) {
        err = add_crls(v, files->crl, why);
    }
    if (err != E_OK) {
        verifier_close(v);
        return err;
    }
    *out = v;
    return E_OK;
}

/* A certificate that is these octets, all of them. */
static X509 *whole(struct bytes der)
{
    const unsigned char *p = der.p;
    X509 *x = der.n > 0 && der.n <= VERIFY_DER_MAX ? d2i_X509(NULL, &p, (long)der.n) : NULL;
    if (x != NULL && p != der.p + der.n) {
        X509_free(x);
        x = NULL;
    }
    ERR_clear_error();
    return x;
}

enum err verifier_of_root(struct bytes der, struct verifier **out)
{
    struct verifier *v = NULL;
    X509 *x = whole(der);
    if (x == NULL || X509_check_ca(x) != 1 || X509_self_signed(x, 1) != 1) {
        ERR_clear_error();
        X509_free(x);
        return E_BAD_VALUE;
    }
    enum err err = make(&v);
    if (err == E_OK && X509_STORE_add_cert(v->store, x) != 1) {
        verifier_close(v);
        err = E_MEMORY;
    }
    if (err != E_OK) {
        X509_free(x);
        return err;
    }
    keep_ca(v, x);
    *out = v;
    return E_OK;
}

/* ---- what a certificate says ---- */

static unsigned roles_of(const struct verifier *v, X509 *leaf)
{
    unsigned found = 0;
    EXTENDED_KEY_USAGE *eku = X509_get_ext_d2i(leaf, NID_ext_key_usage, NULL, NULL);
    for (int i = 0; i < sk_ASN1_OBJECT_num(eku); i++) {
        for (unsigned role = 0; role < VERIFY_ROLES; role++) {
            bool same = OBJ_cmp(sk_ASN1_OBJECT_value(eku, i), v->oids[role]) == 0;
            found |= (unsigned)same << role;
        }
    }
    EXTENDED_KEY_USAGE_free(eku);
    return found;
}

/* A name with an octet that is no printable ASCII is no name. */
static void take_name(const ASN1_STRING *s, char out[static VERIFY_NAME_MAX])
{
    const unsigned char *p = ASN1_STRING_get0_data(s);
    int n = ASN1_STRING_length(s);
    if (n <= 0 || n >= VERIFY_NAME_MAX) {
        return;
    }
    for (int i = 0; i < n; i++) {
        if (p[i] <= ' ' || p[i] > '~') {
            return;
        }
    }
    for (int i = 0; i < n; i++) {
        out[i] = (char)tolower(p[i]);
    }
    out[n] = '\0';
}

/* Is it a dNSName? */
static bool name_of(X509 *leaf, char out[static VERIFY_NAME_MAX])
{
    bool has_dns = false;
    GENERAL_NAMES *names = X509_get_ext_d2i(leaf, NID_subject_alt_name, NULL, NULL);
    out[0] = '\0';
    for (int i = 0; !has_dns && i < sk_GENERAL_NAME_num(names); i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
        has_dns = name->type == GEN_DNS;
        if (has_dns) {
            take_name(name->d.dNSName, out);
        }
    }
    GENERAL_NAMES_free(names);
    const X509_NAME *subject = X509_get_subject_name(leaf);
    int at = has_dns ? -1 : X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
    if (at >= 0) {
        take_name(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)), out);
    }
    return has_dns;
}

static int64_t unix_of(const ASN1_TIME *t)
{
    struct tm tm;
    return ASN1_TIME_to_tm(t, &tm) == 1 ? (int64_t)timegm(&tm) : 0;
}

static void describe(const struct verifier *v, X509 *leaf, struct verify_peer *out)
{
    unsigned n = sizeof out->digest;
    out->roles = roles_of(v, leaf);
    const uint32_t usage =
        (X509_get_extension_flags(leaf) & EXFLAG_KUSAGE) != 0 ? X509_get_key_usage(leaf) : 0;
    out->key_agreement = (usage & KU_KEY_AGREEMENT) != 0;
    out->key_encipherment = (usage & KU_KEY_ENCIPHERMENT) != 0;
    out->dns_named = name_of(leaf, out->name);
    out->not_before = unix_of(X509_get0_notBefore(leaf));
    out->not_after = unix_of(X509_get0_notAfter(leaf));
    if (X509_digest(leaf, EVP_sha256(), out->digest, &n) != 1) {
        *out = (struct verify_peer){.verdict = VERIFY_FAILED, .undecided = true};
    }
}

/* ---- the chain ---- */

static enum verify_verdict verdict_of(int error)
{
    switch (error) {
    case X509_V_ERR_CERT_NOT_YET_VALID:
        return VERIFY_NOT_YET;
    case X509_V_ERR_CERT_HAS_EXPIRED:
        return VERIFY_EXPIRED;
    case X509_V_ERR_CERT_REVOKED:
        return VERIFY_REVOKED;
    case X509_V_ERR_UNABLE_TO_GET_CRL:
    case X509_V_ERR_CRL_HAS_EXPIRED:
    case X509_V_ERR_CRL_NOT_YET_VALID:
    case X509_V_ERR_CRL_SIGNATURE_FAILURE:
    case X509_V_ERR_UNABLE_TO_GET_CRL_ISSUER:
    case X509_V_ERR_UNABLE_TO_DECRYPT_CRL_SIGNATURE:
    case X509_V_ERR_ERROR_IN_CRL_LAST_UPDATE_FIELD:
    case X509_V_ERR_ERROR_IN_CRL_NEXT_UPDATE_FIELD:
    case X509_V_ERR_KEYUSAGE_NO_CRL_SIGN:
    case X509_V_ERR_UNHANDLED_CRITICAL_CRL_EXTENSION:
    case X509_V_ERR_DIFFERENT_CRL_SCOPE:
        return VERIFY_NO_CRL;
    case X509_V_ERR_INVALID_PURPOSE:
        return VERIFY_PURPOSE;
    case X509_V_ERR_EE_KEY_TOO_SMALL:
    case X509_V_ERR_CA_KEY_TOO_SMALL:
    case X509_V_ERR_CA_MD_TOO_WEAK:
        return VERIFY_WEAK;
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
        return VERIFY_UNTRUSTED;
    default:
        return VERIFY_FAILED;
    }
}

static bool library_failed(int error)
{
    return error == X509_V_OK || error == X509_V_ERR_UNSPECIFIED ||
           error == X509_V_ERR_OUT_OF_MEM || error == X509_V_ERR_STORE_LOOKUP ||
           error == X509_V_ERR_INVALID_CALL;
}

/* Of an issuer's lists that are not out of date yet, the first to be so. */
static int64_t lists_until(const X509_STORE_CTX *ctx, const X509_NAME *issuer, int64_t at,
                           int64_t until)
{
    STACK_OF(X509_CRL) *crls = X509_STORE_CTX_get1_crls(ctx, issuer);
    for (int i = 0; i < sk_X509_CRL_num(crls); i++) {
        const ASN1_TIME *next = X509_CRL_get0_nextUpdate(sk_X509_CRL_value(crls, i));
        int64_t t = next != NULL ? unix_of(next) : until;
        until = t > at && t < until ? t : until;
    }
    sk_X509_CRL_pop_free(crls, X509_CRL_free);
    return until;
}

static int64_t good_until(const X509_STORE_CTX *ctx, int64_t at)
{
    int64_t until = INT64_MAX;
    STACK_OF(X509) *built = X509_STORE_CTX_get0_chain(ctx);
    for (int i = 0; i < sk_X509_num(built); i++) {
        X509 *x = sk_X509_value(built, i);
        int64_t end = unix_of(X509_get0_notAfter(x));
        until = end < until ? end : until;
        until = lists_until(ctx, X509_get_issuer_name(x), at, until);
    }
    return until;
}

/* RFC 5280 4.2.1.3. A device's certificate must say what its key is for; with TLS, OpenSSL's
 * purpose looks at the extended usage too. */
static bool usage_allows(X509 *leaf, enum verify_purpose purpose)
{
    uint32_t flags = X509_get_extension_flags(leaf);
    uint32_t usage = X509_get_key_usage(leaf); /* all bits when there is none */
    bool said = (flags & EXFLAG_KUSAGE) != 0;
    if ((flags & (EXFLAG_CA | EXFLAG_INVALID)) != 0) {
        return false;
    }
    switch (purpose) {
    case VERIFY_DEVICE_IDENTITY:
        return said && (usage & KU_DIGITAL_SIGNATURE) != 0;
    case VERIFY_DEVICE_PROVISIONING:
        return said && (usage & (KU_KEY_AGREEMENT | KU_KEY_ENCIPHERMENT)) != 0;
    case VERIFY_TLS_CLIENT:
    case VERIFY_TLS_SERVER:
        return (usage & KU_DIGITAL_SIGNATURE) != 0;
    }
    return false;
}

/* A device's chain is kept as it was given, so it has nothing that does not belong to it. */
static bool in_order(STACK_OF(X509) * chain)
{
    for (int i = 1; i < sk_X509_num(chain); i++) {
        if (X509_check_issued(sk_X509_value(chain, i), sk_X509_value(chain, i - 1)) != X509_V_OK) {
            return false;
        }
    }
    return true;
}

/* Sets verdict, good_until and undecided. */
static void run(const struct verifier *v, STACK_OF(X509) * chain, enum verify_purpose purpose,
                int64_t at, struct verify_peer *out)
{
    *out = (struct verify_peer){.verdict = VERIFY_FAILED, .undecided = true};
    X509 *leaf = sk_X509_value(chain, 0);
    bool tls = purpose == VERIFY_TLS_CLIENT || purpose == VERIFY_TLS_SERVER;
    if (!tls && !in_order(chain)) {
        *out = (struct verify_peer){.verdict = VERIFY_MALFORMED};
        return;
    }
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    if (ctx != NULL && X509_STORE_CTX_init(ctx, v->store, leaf, chain) == 1) {
        X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(ctx);
        X509_VERIFY_PARAM_set_time(param, (time_t)at);
        X509_VERIFY_PARAM_set_depth(param, VERIFY_CHAIN_MAX);
        X509_VERIFY_PARAM_set_auth_level(param, AUTH_LEVEL);
        int wanted =
            purpose == VERIFY_TLS_CLIENT ? X509_PURPOSE_SSL_CLIENT : X509_PURPOSE_SSL_SERVER;
        bool set = !tls || X509_STORE_CTX_set_purpose(ctx, wanted) == 1;
        bool good = set && X509_verify_cert(ctx) == 1;
        int error = X509_STORE_CTX_get_error(ctx);
        out->verdict = good ? VERIFY_GOOD : verdict_of(error);
        out->undecided = !good && library_failed(error);
        out->good_until = good ? good_until(ctx, at) : 0;
    }
    if (out->verdict == VERIFY_GOOD && !usage_allows(leaf, purpose)) {
        *out = (struct verify_peer){.verdict = VERIFY_PURPOSE};
    }
    X509_STORE_CTX_free(ctx);
    ERR_clear_error();
}

static X509 *find_ca(const struct verifier *v, struct bytes der)
{
    for (size_t i = 0; i < v->n_kept; i++) {
        const struct kept_ca *k = &v->kept[i];
        if (bytes_eq((struct bytes){k->der, k->n}, der) && X509_up_ref(k->x) == 1) {
            return k->x;
        }
    }
    return NULL;
}

/* Most chains end with the same few CAs, and many clients come again: these are not read again,
 * only judged. A leaf is not looked for among the CAs that are trusted. */
static X509 *known_or_whole(const struct verifier *v, bool leaf, struct bytes der)
{
    X509 *x = leaf ? NULL : find_ca(v, der);
    if (x == NULL && v->seen != NULL) {
        x = verify_seen_find(v->seen, leaf, der);
    }
    return x != NULL ? x : whole(der);
}

static void remember(const struct verifier *v, STACK_OF(X509) * list, const struct bytes *chain)
{
    for (int i = 0; v->seen != NULL && i < sk_X509_num(list); i++) {
        verify_seen_keep(v->seen, i == 0, sk_X509_value(list, i), chain[i]);
    }
}

static bool push_all(const struct verifier *v, STACK_OF(X509) * list, const struct bytes *chain,
                     size_t n)
{
    for (size_t i = 0; i < n; i++) {
        X509 *x = known_or_whole(v, i == 0, chain[i]);
        if (x == NULL || sk_X509_push(list, x) <= 0) {
            X509_free(x);
            return false;
        }
    }
    return true;
}

void verify_chain(const struct verifier *v, const struct bytes *chain, size_t n,
                  enum verify_purpose purpose, int64_t at, struct verify_peer *out)
{
    size_t octets = 0;
    *out = (struct verify_peer){.verdict = n == 0 ? VERIFY_NONE : VERIFY_TOO_LARGE};
    for (size_t i = 0; i < n && i < VERIFY_CHAIN_MAX; i++) {
        octets += chain[i].n;
    }
    if (n == 0 || n > VERIFY_CHAIN_MAX || octets > VERIFY_DER_MAX) {
        return;
    }
    STACK_OF(X509) *list = sk_X509_new_null();
    if (list == NULL) {
        *out = (struct verify_peer){.verdict = VERIFY_FAILED, .undecided = true};
        return;
    }
    if (push_all(v, list, chain, n)) {
        run(v, list, purpose, at, out);
    } else {
        out->verdict = VERIFY_MALFORMED;
    }
    if (out->verdict == VERIFY_GOOD) {
        describe(v, sk_X509_value(list, 0), out);
        remember(v, list, chain);
    }
    sk_X509_pop_free(list, X509_free);
}
