#include "cli/lot_cms.h"

#include <openssl/pem.h> /* before cms.h, which declares the PEM of CMS only then */

#include "cli/pki_parts.h"
#include <errno.h>
#include <openssl/bio.h>
#include <openssl/cms.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <sys/stat.h>

static enum err say(struct lot_cms_why *why, enum err e, const char *what, const char *sentence)
{
    snprintf(why->text, sizeof why->text, "%.300s: %.180s", what, sentence);
    ERR_clear_error(); /* what it says may be about a secret */
    return e;
}

void lot_cms_free(struct lot_cms_text *t)
{
    OPENSSL_clear_free(t->p, t->n);
    *t = (struct lot_cms_text){NULL, 0};
}

/* What was written to memory, which is wiped when it is freed. */
static bool take_text(BIO *from, struct lot_cms_text *out)
{
    char *p;
    long n = BIO_get_mem_data(from, &p);
    out->p = n > 0 ? OPENSSL_memdup(p, (size_t)n) : NULL;
    out->n = out->p ? (size_t)n : 0;
    return out->p != NULL;
}

static BIO *new_text(void)
{
    return BIO_new(BIO_s_secmem());
}

/* ---- files in PEM ---- */

static X509 *read_certificate(const char *path, enum err *e, struct lot_cms_why *why)
{
    BIO *in = BIO_new_file(path, "re");
    if (in == NULL) {
        *e = say(why, E_IO, path, strerror(errno));
        return NULL;
    }
    X509 *x = PEM_read_bio_X509(in, NULL, NULL, NULL);
    BIO_free(in);
    if (x == NULL) {
        *e = say(why, E_BAD_VALUE, path, "this is no certificate in PEM");
    }
    return x;
}

static EVP_PKEY *read_key(const char *path, enum err *e, struct lot_cms_why *why)
{
    struct stat st;
    BIO *in = BIO_new_file(path, "re");
    if (in == NULL || stat(path, &st) != 0) {
        *e = say(why, E_IO, path, strerror(errno));
        BIO_free(in);
        return NULL;
    }
    if (S_ISREG(st.st_mode) && (st.st_mode & 077)) {
        *e = say(why, E_DENIED, path,
                 "others may read this file, and it holds a key; `chmod 600` it and try again; if "
                 "others had access, replace the key");
        BIO_free(in);
        return NULL;
    }
    EVP_PKEY *key = PEM_read_bio_PrivateKey(in, NULL, NULL, NULL);
    BIO_free(in);
    if (key == NULL) {
        *e =
            say(why, E_BAD_VALUE, path, "this is no private key in PEM, or has another passphrase");
    }
    return key;
}

/* ---- a recipient of one's own ---- */

static EVP_PKEY *make_key(const char *algorithm)
{
    return !strcmp(algorithm, "ec-p384")    ? EVP_EC_gen("P-384")
           : !strcmp(algorithm, "ec-p256")  ? EVP_EC_gen("P-256")
           : !strcmp(algorithm, "rsa-3072") ? EVP_RSA_gen(3072)
           : !strcmp(algorithm, "rsa-4096") ? EVP_RSA_gen(4096)
                                            : NULL;
}

static bool is_algorithm(const char *name)
{
    return !strcmp(name, "ec-p384") || !strcmp(name, "ec-p256") || !strcmp(name, "rsa-3072") ||
           !strcmp(name, "rsa-4096");
}

static bool add_extension(X509 *x, int nid, const char *value)
{
    X509_EXTENSION *e = pki_extension(x, x, nid, value);
    bool good = e != NULL && X509_add_ext(x, e, -1) == 1;
    X509_EXTENSION_free(e);
    return good;
}

/* It signs itself, and is for one use: that keys are encrypted to it, or agreed with it. */
static X509 *make_certificate(EVP_PKEY *key, const char *name)
{
    X509 *x = X509_new();
    const char *usage =
        EVP_PKEY_is_a(key, "RSA") ? "critical,keyEncipherment" : "critical,keyAgreement";
    bool good = x != NULL && X509_set_version(x, X509_VERSION_3) == 1 && pki_serial(x) &&
                X509_gmtime_adj(X509_getm_notBefore(x), -3600) != NULL &&
                X509_time_adj_ex(X509_getm_notAfter(x), PKI_DAYS, 0, NULL) != NULL &&
                X509_set_pubkey(x, key) == 1 &&
                pki_name_add(X509_get_subject_name(x), "CN", name) &&
                X509_set_issuer_name(x, X509_get_subject_name(x)) == 1 &&
                add_extension(x, NID_basic_constraints, "critical,CA:FALSE") &&
                add_extension(x, NID_key_usage, usage) &&
                add_extension(x, NID_subject_key_identifier, "hash") &&
                X509_sign(x, key, EVP_sha256()) != 0;
    if (!good) {
        X509_free(x);
    }
    return good ? x : NULL;
}

enum err lot_cms_recipient(const char *algorithm, const char *name, struct lot_cms_text *key,
                           struct lot_cms_text *certificate, struct lot_cms_why *why)
{
    if (!is_algorithm(algorithm)) {
        return say(why, E_UNSUPPORTED, algorithm, "not ec-p384, ec-p256, rsa-3072 or rsa-4096");
    }
    *key = *certificate = (struct lot_cms_text){NULL, 0};
    EVP_PKEY *pair = make_key(algorithm);
    X509 *x = pair != NULL ? make_certificate(pair, name) : NULL;
    BIO *key_text = new_text(), *x_text = new_text();
    bool good = x != NULL && key_text != NULL && x_text != NULL &&
                PEM_write_bio_PKCS8PrivateKey(key_text, pair, NULL, NULL, 0, NULL, NULL) == 1 &&
                PEM_write_bio_X509(x_text, x) == 1 && take_text(key_text, key) &&
                take_text(x_text, certificate);
    BIO_free(key_text);
    BIO_free(x_text);
    X509_free(x);
    EVP_PKEY_free(pair);
    if (!good) {
        lot_cms_free(key);
        lot_cms_free(certificate);
        return say(why, E_CRYPTO, algorithm, "the key or its certificate could not be made");
    }
    return E_OK;
}

/* ---- encrypting ---- */

/* One that is expired, or for something else, was given by mistake. A certificate that does not say
 * what it is for is for anything (RFC 5280 4.2.1.3). */
static const char *wrong_with(X509 *x)
{
    const uint32_t use = X509_get_key_usage(x);
    EVP_PKEY *key = X509_get0_pubkey(x);
    if (X509_cmp_current_time(X509_get0_notAfter(x)) <= 0) {
        return "the certificate has expired";
    }
    if (X509_cmp_current_time(X509_get0_notBefore(x)) > 0) {
        return "the certificate is not valid yet";
    }
    if (key != NULL && EVP_PKEY_is_a(key, "RSA")) {
        return use & X509v3_KU_KEY_ENCIPHERMENT ? NULL : "its key usage is not keyEncipherment";
    }
    return use & X509v3_KU_KEY_AGREEMENT ? NULL : "its key usage is not keyAgreement";
}

static bool is_curve(EVP_PKEY *key)
{
    static const char *const curves[] = {"prime256v1", "P-256",     "secp384r1",
                                         "P-384",      "secp521r1", "P-521"};
    char name[32] = "";
    size_t n = 0;
    if (EVP_PKEY_get_group_name(key, name, sizeof name, &n) != 1) {
        return false;
    }
    for (size_t i = 0; i < sizeof curves / sizeof curves[0]; i++) {
        if (!strcmp(name, curves[i])) {
            return true;
        }
    }
    return false;
}

static bool is_key(EVP_PKEY *key)
{
    return key != NULL && (EVP_PKEY_is_a(key, "RSA")  ? EVP_PKEY_get_bits(key) >= 2048
                           : EVP_PKEY_is_a(key, "EC") ? is_curve(key)
                                                      : false);
}

/* What CMS would take by itself is older: PKCS #1 1.5, and a KDF with SHA-1. */
static bool set_ways(CMS_RecipientInfo *to, EVP_PKEY *key)
{
    EVP_PKEY_CTX *ctx = CMS_RecipientInfo_get0_pkey_ctx(to);
    if (ctx == NULL) {
        return false;
    }
    if (EVP_PKEY_is_a(key, "RSA")) {
        return EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) > 0 &&
               EVP_PKEY_CTX_set_rsa_oaep_md(ctx, EVP_sha256()) > 0 &&
               EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, EVP_sha256()) > 0;
    }
    return EVP_PKEY_CTX_set_ecdh_kdf_md(ctx, EVP_sha256()) > 0;
}

static enum err add_recipient(CMS_ContentInfo *cms, const char *path, struct lot_cms_why *why)
{
    enum err e = E_OK;
    X509 *x = read_certificate(path, &e, why);
    if (x == NULL) {
        return e;
    }
    const char *wrong = wrong_with(x);
    EVP_PKEY *key = X509_get0_pubkey(x);
    if (!is_key(key)) {
        e = say(why, E_UNSUPPORTED, path,
                "a key is encrypted to RSA of 2048 bits or more, P-256, P-384 or P-521");
    } else if (wrong != NULL) {
        e = say(why, E_DENIED, path, wrong);
    } else {
        CMS_RecipientInfo *to = CMS_add1_recipient_cert(cms, x, CMS_KEY_PARAM);
        if (to == NULL || !set_ways(to, key)) {
            e = say(why, E_CRYPTO, path, "nothing can be encrypted to this certificate");
        }
    }
    X509_free(x);
    return e;
}

static enum err finish(CMS_ContentInfo *cms, struct bytes plain, struct lot_cms_text *out,
                       struct lot_cms_why *why)
{
    BIO *in = BIO_new_mem_buf(plain.p, (int)plain.n), *to = new_text();
    bool good = in != NULL && to != NULL && CMS_set_detached(cms, 0) == 1 &&
                CMS_final(cms, in, NULL, CMS_BINARY) == 1 && PEM_write_bio_CMS(to, cms) == 1 &&
                take_text(to, out);
    BIO_free(in);
    BIO_free(to);
    return good ? E_OK : say(why, E_CRYPTO, "CMS", "it could not be encrypted");
}

/*= kme-lots-travel */
enum err lot_cms_seal(const char *const *certificates, size_t n, struct bytes plain,
                      struct lot_cms_text *out, struct lot_cms_why *why)
{
    *out = (struct lot_cms_text){NULL, 0};
    if (n == 0 || n > LOT_CMS_RECIPIENTS_MAX || plain.n > LOT_CMS_PLAIN_MAX) {
        return say(why, E_BAD_LENGTH, "CMS", "1 to 16 recipients, and 256 KiB at most");
    }
    CMS_ContentInfo *cms = CMS_AuthEnvelopedData_create(EVP_aes_256_gcm());
    enum err e = cms != NULL ? E_OK : say(why, E_CRYPTO, "CMS", "it could not be begun");
    for (size_t i = 0; i < n && e == E_OK; i++) {
        e = add_recipient(cms, certificates[i], why);
    }
    e = e == E_OK ? finish(cms, plain, out, why) : e;
    CMS_ContentInfo_free(cms);
    return e;
}

/* ---- decrypting ---- */

static CMS_ContentInfo *read_cms(const char *name, struct bytes pem, enum err *e,
                                 struct lot_cms_why *why)
{
    BIO *in = pem.n <= LOT_CMS_MAX ? BIO_new_mem_buf(pem.p, (int)pem.n) : NULL;
    CMS_ContentInfo *cms = in != NULL ? PEM_read_bio_CMS(in, NULL, NULL, NULL) : NULL;
    BIO_free(in);
    if (cms == NULL) {
        *e = say(why, E_BAD_VALUE, name, "this is no CMS in PEM (\"-----BEGIN CMS-----\")");
        return NULL;
    }
    if (OBJ_obj2nid(CMS_get0_type(cms)) != NID_id_smime_ct_authEnvelopedData) {
        *e = say(why, E_BAD_VALUE, name,
                 "this is not AuthEnvelopedData; make it with `bindery lot make`, or with "
                 "`openssl cms -encrypt -aes-256-gcm`");
        CMS_ContentInfo_free(cms);
        return NULL;
    }
    return cms;
}

static bool is_to(CMS_RecipientInfo *to, X509 *x)
{
    if (CMS_RecipientInfo_type(to) == CMS_RECIPINFO_TRANS) {
        return CMS_RecipientInfo_ktri_cert_cmp(to, x) == 0;
    }
    STACK_OF(CMS_RecipientEncryptedKey) *keys = CMS_RecipientInfo_type(to) == CMS_RECIPINFO_AGREE
                                                    ? CMS_RecipientInfo_kari_get0_reks(to)
                                                    : NULL;
    for (int i = 0; i < sk_CMS_RecipientEncryptedKey_num(keys); i++) {
        if (CMS_RecipientEncryptedKey_cert_cmp(sk_CMS_RecipientEncryptedKey_value(keys, i), x) ==
            0) {
            return true;
        }
    }
    return false;
}

/* Is this certificate among those that it is encrypted to? */
static bool is_for(CMS_ContentInfo *cms, X509 *x)
{
    STACK_OF(CMS_RecipientInfo) *all = CMS_get0_RecipientInfos(cms);
    for (int i = 0; i < sk_CMS_RecipientInfo_num(all); i++) {
        if (is_to(sk_CMS_RecipientInfo_value(all, i), x)) {
            return true;
        }
    }
    return false;
}

static enum err decrypt(CMS_ContentInfo *cms, const char *name, EVP_PKEY *key, X509 *x,
                        struct mbytes out, size_t *n, struct lot_cms_why *why)
{
    BIO *to = new_text();
    char *p = NULL;
    if (to == NULL) {
        return say(why, E_MEMORY, name, "there is not enough memory");
    }
    const bool others = !is_for(cms, x);
    bool good = !others && CMS_decrypt(cms, key, x, NULL, to, CMS_BINARY) == 1;
    const long got = good ? BIO_get_mem_data(to, &p) : 0;
    enum err e = E_OK;
    if (others) {
        e = say(why, E_WRONG_KEY, name, "it is encrypted to others, and not to this certificate");
    } else if (!good) {
        e = say(why, E_BAD_MAC, name, "it does not open: it was damaged or altered on its way");
    } else if (got < 0 || (size_t)got > out.n) {
        e = say(why, E_NO_ROOM, name, "what is in it is far longer than the key of a lot");
    } else {
        *n = (size_t)got;
        memcpy(out.p, got > 0 ? p : "", *n);
    }
    BIO_free(to);
    return e;
}

enum err lot_cms_open(const char *name, struct bytes pem, const char *key, const char *certificate,
                      struct mbytes out, size_t *n, struct lot_cms_why *why)
{
    enum err e = E_OK;
    EVP_PKEY *pair = NULL;
    CMS_ContentInfo *cms = read_cms(name, pem, &e, why);
    X509 *x = cms != NULL ? read_certificate(certificate, &e, why) : NULL;
    if (x != NULL) {
        pair = read_key(key, &e, why);
    }
    if (pair != NULL && X509_check_private_key(x, pair) != 1) {
        e = say(why, E_BAD_VALUE, key, "this is not the key of the certificate");
    }
    if (e == E_OK) {
        e = decrypt(cms, name, pair, x, out, n, why);
    }
    EVP_PKEY_free(pair);
    X509_free(x);
    CMS_ContentInfo_free(cms);
    return e;
}
