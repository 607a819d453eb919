#include "net/onboard_signer.h"

#include "net/verify_key.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

struct onboard_signer {
    struct signer *key;
    GENERAL_NAMES *names;
    int64_t since, until;
    size_t n;
    uint8_t chain[ONBOARD_CHAIN_MAX];
};

static const char *const role_oids[] = {
#define X(name, text, oid, what) [VERIFY_ROLE_##name] = oid,
    VERIFY_ROLE_LIST(X)
#undef X
};

static enum err wrong(struct verify_why *why, enum err err, const char *path, const char *what)
{
    ERR_clear_error();
    (void)snprintf(why->text, sizeof why->text, "%.140s: %.110s", path, what);
    return err;
}

/* ---- the chain ---- */

static STACK_OF(X509) * read_chain(const char *path)
{
    X509 *x = NULL;
    bool ok = true;
    STACK_OF(X509) *chain = sk_X509_new_null();
    BIO *in = BIO_new_file(path, "r");
    while (ok && chain != NULL && in != NULL &&
           (x = PEM_read_bio_X509(in, NULL, NULL, NULL)) != NULL) {
        ok = sk_X509_push(chain, x) > 0;
        if (!ok) {
            X509_free(x);
        }
    }
    const unsigned long last = ERR_peek_last_error(); /* what breaks off is not passed over */
    ok = ok && ERR_GET_LIB(last) == ERR_LIB_PEM && ERR_GET_REASON(last) == PEM_R_NO_START_LINE;
    BIO_free(in);
    ERR_clear_error();
    if (!ok || sk_X509_num(chain) <= 0) {
        sk_X509_pop_free(chain, X509_free);
        return NULL;
    }
    return chain;
}

static bool in_order(STACK_OF(X509) * chain)
{
    for (int i = 1; i < sk_X509_num(chain); i++) {
        if (X509_check_issued(sk_X509_value(chain, i), sk_X509_value(chain, i - 1)) != X509_V_OK) {
            return false;
        }
    }
    return true;
}

static bool has_role(X509 *leaf)
{
    bool found = false;
    ASN1_OBJECT *role = OBJ_txt2obj(role_oids[VERIFY_ROLE_PROVISIONING_OPERATOR], 1);
    EXTENDED_KEY_USAGE *eku = X509_get_ext_d2i(leaf, NID_ext_key_usage, NULL, NULL);
    for (int i = 0; role != NULL && i < sk_ASN1_OBJECT_num(eku); i++) {
        found = found || OBJ_cmp(sk_ASN1_OBJECT_value(eku, i), role) == 0;
    }
    EXTENDED_KEY_USAGE_free(eku);
    ASN1_OBJECT_free(role);
    return found;
}

static bool may_sign(X509 *leaf)
{
    const uint32_t flags = X509_get_extension_flags(leaf);
    return (flags & EXFLAG_KUSAGE) != 0 && (flags & (EXFLAG_CA | EXFLAG_INVALID)) == 0 &&
           (X509_get_key_usage(leaf) & KU_DIGITAL_SIGNATURE) != 0;
}

static int64_t unix_of(const ASN1_TIME *t)
{
    struct tm tm;
    return ASN1_TIME_to_tm(t, &tm) == 1 ? (int64_t)timegm(&tm) : 0;
}

static bool take_certificate(struct onboard_signer *s, X509 *x)
{
    const int n = i2d_X509(x, NULL);
    if (n <= 0 || (size_t)n > sizeof s->chain - s->n) {
        return false;
    }
    unsigned char *p = s->chain + s->n;
    s->n += (size_t)i2d_X509(x, &p);
    const int64_t since = unix_of(X509_get0_notBefore(x)), until = unix_of(X509_get0_notAfter(x));
    s->since = since > s->since ? since : s->since;
    s->until = until < s->until ? until : s->until;
    return true;
}

static size_t networks_of(const GENERAL_NAMES *names)
{
    size_t n = 0;
    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        n += sk_GENERAL_NAME_value(names, i)->type == GEN_DNS ? 1 : 0;
    }
    return n;
}

/* The first reason why no device would accept it; NULL: there is none. */
static const char *fault_of(struct onboard_signer *s, STACK_OF(X509) * chain)
{
    X509 *leaf = sk_X509_value(chain, 0);
    if (!may_sign(leaf)) {
        return "the first certificate is a CA's, or its key usage does not allow signatures";
    }
    if (!has_role(leaf)) {
        return "the first certificate has not the role provisioning-operator";
    }
    s->names = X509_get_ext_d2i(leaf, NID_subject_alt_name, NULL, NULL);
    if (networks_of(s->names) == 0) {
        return "the first certificate lists no network as a dNSName";
    }
    if (!in_order(chain)) {
        return "each certificate has to be issued by the one behind it";
    }
    if (X509_self_signed(sk_X509_value(chain, sk_X509_num(chain) - 1), 0) != 0) {
        return "the root has no place here: devices have it";
    }
    for (int i = 0; i < sk_X509_num(chain); i++) {
        if (!take_certificate(s, sk_X509_value(chain, i))) {
            return "the chain has more than 1024 octets in DER";
        }
    }
    return NULL;
}

/* ---- with its key ---- */

static bool same_key(const struct onboard_signer *s, X509 *leaf)
{
    unsigned char *der = NULL;
    const int n = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(leaf), &der);
    const bool same = n > 0 && bytes_eq((struct bytes){der, (size_t)n}, signer_spki(s->key));
    OPENSSL_free(der);
    return same;
}

static enum err take(struct onboard_signer *s, const char *path, struct verify_why *why)
{
    STACK_OF(X509) *chain = read_chain(path);
    if (chain == NULL) {
        return wrong(why, E_IO, path, "cannot be read as certificates in PEM form");
    }
    const char *fault = fault_of(s, chain);
    if (fault == NULL && !same_key(s, sk_X509_value(chain, 0))) {
        fault = "the first certificate is of another key";
    }
    sk_X509_pop_free(chain, X509_free);
    ERR_clear_error();
    return fault == NULL ? E_OK : wrong(why, E_BAD_VALUE, path, fault);
}

/*= certattach-operator */
enum err onboard_signer_open(const char *certificate, const char *key, struct onboard_signer **out,
                             struct verify_why *why)
{
    struct onboard_signer *s = calloc(1, sizeof *s);
    if (s == NULL) {
        return wrong(why, E_MEMORY, certificate, "there is not enough memory");
    }
    s->until = INT64_MAX;
    enum err err = signer_open(key, &s->key, why);
    if (err == E_OK) {
        err = take(s, certificate, why);
    }
    if (err != E_OK) {
        onboard_signer_close(s);
        return err;
    }
    *out = s;
    return E_OK;
}

void onboard_signer_close(struct onboard_signer *s)
{
    if (s != NULL) {
        signer_close(s->key);
        GENERAL_NAMES_free(s->names);
        free(s);
    }
}

struct bytes onboard_signer_chain(const struct onboard_signer *s)
{
    return (struct bytes){s->chain, s->n};
}

bool onboard_signer_lists(const struct onboard_signer *s, const char *realm)
{
    const size_t n = strlen(realm);
    for (int i = 0; i < sk_GENERAL_NAME_num(s->names); i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(s->names, i);
        if (name->type == GEN_DNS && (size_t)ASN1_STRING_length(name->d.dNSName) == n &&
            strncasecmp((const char *)ASN1_STRING_get0_data(name->d.dNSName), realm, n) == 0) {
            return true;
        }
    }
    return false;
}

int64_t onboard_signer_until(const struct onboard_signer *s)
{
    return s->until;
}

int64_t onboard_signer_since(const struct onboard_signer *s)
{
    return s->since;
}

enum err onboard_signer_sign(const struct onboard_signer *s, struct bytes content,
                             uint8_t out[static SIGNATURE_LEN])
{
    return signer_sign(s->key, content, out);
}
