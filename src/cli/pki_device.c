/* A manufacturer's CA: certificates for devices, and the list of the revoked ones. */
#include "cli/pki_parts.h"

#include "device/linux/signer_openssl.h"
#include "net/verify_oids.h"
#include <errno.h>
#include <fcntl.h>
#include <openssl/asn1.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define EXTENSIONS 3

struct pki_ca {
    struct pki_pair pair;
    unsigned char *der;
    size_t n;
    X509_EXTENSION *extension[EXTENSIONS]; /* the same in every device's certificate */
    X509_EXTENSION *usage[PKI_KEY_USES];
};

/* ---- the CA ---- */

static FILE *open_part(const char *dir, const char *name, const char *suffix, const char *hint,
                       char path[static CLI_PATH_MAX])
{
    char leaf[64];
    snprintf(leaf, sizeof leaf, "%.40s%s", name, suffix);
    FILE *f = cli_path(dir, leaf, path, CLI_PATH_MAX) ? fopen(path, "re") : NULL;
    if (!f) {
        cli_error("%s: %s; %s", path, strerror(errno), hint);
    }
    return f;
}

bool pki_read_pair(const char *dir, const char *name, const char *hint, struct pki_pair *out)
{
    char path[CLI_PATH_MAX] = "";
    FILE *f = open_part(dir, name, ".crt", hint, path);
    if (!f) {
        return false;
    }
    out->certificate = PEM_read_X509(f, NULL, NULL, NULL);
    (void)fclose(f);
    f = out->certificate ? open_part(dir, name, ".key", hint, path) : NULL;
    if (f) {
        out->key = PEM_read_PrivateKey(f, NULL, NULL, NULL);
        (void)fclose(f);
    }
    if (out->certificate && !f) {
        return false;
    }
    if (!out->certificate || !out->key || X509_check_private_key(out->certificate, out->key) != 1 ||
        X509_check_ca(out->certificate) != 1) {
        cli_error("%s: this is not a CA's certificate, or not its key, in PEM", path);
        return false;
    }
    return true;
}

static bool read_pair(const char *dir, struct pki_pair *out)
{
    return pki_read_pair(dir, PKI_DEVICE_CA, "`bindery pki --device-ca DIR` makes a CA for devices",
                         out);
}

static bool make_extensions(struct pki_ca *ca)
{
    static const struct {
        int nid;
        const char *value;
    } wanted[EXTENSIONS] = {
        {NID_basic_constraints, "critical,CA:FALSE"},
        {NID_ext_key_usage, VERIFY_OID_ROLES ".5"},
        {NID_authority_key_identifier, "keyid"},
    };
    static const char *const usage[PKI_KEY_USES] = {[PKI_SIGNS] = "critical,digitalSignature",
                                                    [PKI_AGREES] = "critical,keyAgreement",
                                                    [PKI_ENCIPHERS] = "critical,keyEncipherment"};
    X509 *blank = X509_new();
    bool good = blank != NULL;
    for (size_t i = 0; good && i < PKI_KEY_USES; i++) {
        ca->usage[i] = pki_extension(blank, ca->pair.certificate, NID_key_usage, usage[i]);
        good = ca->usage[i] != NULL;
    }
    for (size_t i = 0; good && i < EXTENSIONS; i++) {
        ca->extension[i] =
            pki_extension(blank, ca->pair.certificate, wanted[i].nid, wanted[i].value);
        good = ca->extension[i] != NULL;
    }
    X509_free(blank);
    return good;
}

struct pki_ca *pki_ca_open(const char *dir)
{
    struct pki_ca *ca = calloc(1, sizeof *ca);
    if (!ca || !read_pair(dir, &ca->pair)) {
        pki_ca_close(ca);
        return NULL;
    }
    int n = i2d_X509(ca->pair.certificate, &ca->der);
    if (n <= 0 || !make_extensions(ca)) {
        cli_error("%s: the CA's certificate cannot be used", dir);
        pki_ca_close(ca);
        return NULL;
    }
    ca->n = (size_t)n;
    return ca;
}

void pki_ca_close(struct pki_ca *ca)
{
    if (ca) {
        for (size_t i = 0; i < EXTENSIONS; i++) {
            X509_EXTENSION_free(ca->extension[i]);
        }
        for (size_t i = 0; i < PKI_KEY_USES; i++) {
            X509_EXTENSION_free(ca->usage[i]);
        }
        OPENSSL_free(ca->der);
        pki_pair_free(&ca->pair);
        free(ca);
    }
}

struct bytes pki_ca_der(const struct pki_ca *ca)
{
    return (struct bytes){ca->der, ca->n};
}

void pki_ca_digest(const struct pki_ca *ca, uint8_t out[static 32])
{
    (void)SHA256(ca->der, ca->n, out);
}

/* ---- a device's certificate ---- */

/* What names the device is drawn for it: the certificate travels, and must not tell the IMEI. */
static bool set_subject(X509 *x, const char *model)
{
    uint8_t serial[8];
    char text[2 * sizeof serial + 1];
    X509_NAME *name = X509_get_subject_name(x);
    if (RAND_bytes(serial, sizeof serial) != 1) {
        return false;
    }
    hex_encode(BYTES_OF(serial), text);
    return pki_name_add(name, "O", PKI_MARK) && pki_name_add(name, "CN", model) &&
           pki_name_add(name, "serialNumber", text);
}

static bool begins(struct bytes in, struct bytes head, size_t rest)
{
    return in.n == head.n + rest && !memcmp(in.p, head.p, head.n);
}

static bool set_rsa(X509 *x, struct bytes spki)
{
    const unsigned char *p = spki.p;
    EVP_PKEY *key = d2i_PUBKEY(NULL, &p, (long)spki.n);
    const bool good = key && p == spki.p + spki.n && EVP_PKEY_is_a(key, "RSA") &&
                      EVP_PKEY_get_bits(key) >= 2048 && X509_set_pubkey(x, key) == 1;
    EVP_PKEY_free(key);
    return good;
}

/* As X509_set_pubkey does, but without an EVP_PKEY in between, which costs as much as all the rest.
 * RSA keys, and these alone, encipher; Ed25519 signs alone. */
static bool set_key(X509 *x, enum pki_key_use use, struct bytes spki)
{
    static const uint8_t p256[] = {SIGNER_SPKI_HEAD_P256}, ed25519[] = {SIGNER_SPKI_HEAD_ED25519};
    const bool ec = begins(spki, BYTES_OF(p256), SIGNER_POINT_P256);
    if (use == PKI_ENCIPHERS) {
        return set_rsa(x, spki);
    }
    if (!ec && (use != PKI_SIGNS || !begins(spki, BYTES_OF(ed25519), SIGNER_POINT_ED25519))) {
        return false;
    }
    const size_t n = ec ? SIGNER_POINT_P256 : SIGNER_POINT_ED25519;
    unsigned char *point = OPENSSL_memdup(spki.p + spki.n - n, n);
    const bool good =
        point &&
        X509_PUBKEY_set0_param(X509_get_X509_PUBKEY(x),
                               OBJ_nid2obj(ec ? NID_X9_62_id_ecPublicKey : NID_ED25519),
                               ec ? V_ASN1_OBJECT : V_ASN1_UNDEF,
                               ec ? OBJ_nid2obj(NID_X9_62_prime256v1) : NULL, point, (int)n) == 1;
    if (!good) {
        OPENSSL_free(point);
    }
    return good;
}

/*= devid-certificate */
size_t pki_device_certificate(const struct pki_ca *ca, enum pki_key_use use, struct bytes spki,
                              const char *model, struct mbytes out)
{
    X509 *x = X509_new();
    unsigned char *at = out.p;
    bool good = x && X509_set_version(x, X509_VERSION_3) == 1 && pki_serial(x) &&
                X509_set1_notBefore(x, X509_get0_notBefore(ca->pair.certificate)) == 1 &&
                X509_set1_notAfter(x, X509_get0_notAfter(ca->pair.certificate)) == 1 &&
                set_key(x, use, spki) && set_subject(x, model) &&
                X509_set_issuer_name(x, X509_get_subject_name(ca->pair.certificate)) == 1;
    good = good && X509_add_ext(x, ca->usage[use], -1) == 1;
    for (size_t i = 0; good && i < EXTENSIONS; i++) {
        good = X509_add_ext(x, ca->extension[i], -1) == 1;
    }
    good = good && X509_sign(x, ca->pair.key, EVP_sha256()) != 0;
    int n = good ? i2d_X509(x, NULL) : 0;
    n = n > 0 && (size_t)n <= out.n ? i2d_X509(x, &at) : 0;
    X509_free(x);
    return n > 0 ? (size_t)n : 0;
}

/* ---- the list of the revoked ones ---- */

static bool copy_revoked(X509_CRL *to, X509_CRL *from)
{
    STACK_OF(X509_REVOKED) *all = from ? X509_CRL_get_REVOKED(from) : NULL;
    bool good = true;
    for (int i = 0; good && i < sk_X509_REVOKED_num(all); i++) {
        X509_REVOKED *one = X509_REVOKED_dup(sk_X509_REVOKED_value(all, i));
        good = one && X509_CRL_add0_revoked(to, one) == 1;
    }
    return good;
}

/* Each list has a number above that of the one before (RFC 5280 5.2.3). */
static bool set_number(X509_CRL *to, X509_CRL *from)
{
    ASN1_INTEGER *before = from ? X509_CRL_get_ext_d2i(from, NID_crl_number, NULL, NULL) : NULL;
    ASN1_INTEGER *next = ASN1_INTEGER_new();
    bool good = next && ASN1_INTEGER_set(next, before ? ASN1_INTEGER_get(before) + 1 : 1) == 1 &&
                X509_CRL_add1_ext_i2d(to, NID_crl_number, next, 0, 0) == 1;
    ASN1_INTEGER_free(before);
    ASN1_INTEGER_free(next);
    return good;
}

static bool set_authority(X509_CRL *to, X509 *ca)
{
    X509V3_CTX ctx;
    X509V3_set_ctx(&ctx, ca, NULL, NULL, to, 0);
    X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, &ctx, NID_authority_key_identifier, "keyid");
    bool good = e && X509_CRL_add_ext(to, e, -1) == 1;
    X509_EXTENSION_free(e);
    return good;
}

X509_CRL *pki_next_crl(const struct pki_pair *ca, X509_CRL *before)
{
    X509_CRL *crl = X509_CRL_new();
    ASN1_TIME *now = X509_gmtime_adj(NULL, -60); /* of a clock that is a little behind */
    ASN1_TIME *next = X509_time_adj_ex(NULL, PKI_CRL_DAYS, 0, NULL);
    bool good = crl && now && next && X509_CRL_set_version(crl, X509_CRL_VERSION_2) == 1 &&
                X509_CRL_set_issuer_name(crl, X509_get_subject_name(ca->certificate)) == 1 &&
                X509_CRL_set1_lastUpdate(crl, now) == 1 &&
                X509_CRL_set1_nextUpdate(crl, next) == 1 && copy_revoked(crl, before) &&
                X509_CRL_sort(crl) == 1 && set_authority(crl, ca->certificate) &&
                set_number(crl, before) && X509_CRL_sign(crl, ca->key, EVP_sha256()) != 0;
    ASN1_TIME_free(now);
    ASN1_TIME_free(next);
    if (!good) {
        X509_CRL_free(crl);
    }
    return good ? crl : NULL;
}

bool pki_write_crl(const char *dir, const struct pki_pair *ca, X509_CRL *before)
{
    char fresh[CLI_PATH_MAX], path[CLI_PATH_MAX];
    if (!cli_path(dir, PKI_DEVICE_CA ".crl.new", fresh, sizeof fresh) ||
        !cli_path(dir, PKI_DEVICE_CA ".crl", path, sizeof path)) {
        return false;
    }
    (void)unlink(fresh); /* of one that was killed */
    X509_CRL *crl = pki_next_crl(ca, before);
    FILE *f = crl ? pki_file(dir, PKI_DEVICE_CA, ".crl.new") : NULL;
    bool good = f && pki_finish(f, PEM_write_X509_CRL(f, crl) == 1) && rename(fresh, path) == 0;
    X509_CRL_free(crl);
    if (!good) {
        cli_error("%s: the list cannot be made: %s", path, strerror(errno));
        (void)unlink(fresh);
    }
    return good;
}

/* *out is NULL where there is no list yet. */
static bool read_crl(const char *dir, X509_CRL **out)
{
    char path[CLI_PATH_MAX];
    *out = NULL;
    if (!cli_path(dir, PKI_DEVICE_CA ".crl", path, sizeof path)) {
        return false;
    }
    FILE *f = fopen(path, "re");
    if (f) {
        *out = PEM_read_X509_CRL(f, NULL, NULL, NULL);
        (void)fclose(f);
    }
    if ((!f && errno != ENOENT) || (f && !*out)) {
        cli_error("%s: this is no revocation list in PEM", path);
        return false;
    }
    return true;
}

static bool add_revoked(X509_CRL *to, X509 *x)
{
    X509_REVOKED *one = X509_REVOKED_new();
    ASN1_TIME *now = X509_gmtime_adj(NULL, -60);
    bool good = one && now && X509_REVOKED_set_serialNumber(one, X509_get_serialNumber(x)) == 1 &&
                X509_REVOKED_set_revocationDate(one, now) == 1 &&
                X509_CRL_add0_revoked(to, one) == 1;
    ASN1_TIME_free(now);
    if (!good) {
        X509_REVOKED_free(one);
    }
    return good;
}

/* Only what this CA issued can be revoked by it. */
static X509 *issued(const struct pki_pair *ca, const struct bytes *der)
{
    const unsigned char *p = der->p;
    X509 *x = d2i_X509(NULL, &p, (long)der->n);
    EVP_PKEY *key = X509_get0_pubkey(ca->certificate);
    if (x && (X509_check_issued(ca->certificate, x) != X509_V_OK || X509_verify(x, key) != 1)) {
        X509_free(x);
        x = NULL;
    }
    if (!x) {
        cli_error("the certificate to revoke is not of this CA");
    }
    return x;
}

bool pki_add_revoked(X509_CRL *to, X509 *x, bool *fresh)
{
    X509_REVOKED *there;
    *fresh = X509_CRL_get0_by_cert(to, &there, x) != 1;
    if (*fresh && !add_revoked(to, x)) {
        cli_error("no memory");
        return false;
    }
    return true;
}

static bool revoke_in(const char *dir, const struct pki_pair *ca, X509_CRL *list, X509 *x,
                      bool *fresh)
{
    *fresh = false;
    return (!x || pki_add_revoked(list, x, fresh)) && pki_write_crl(dir, ca, list);
}

int pki_hold(const char *dir)
{
    const int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || flock(fd, LOCK_EX) != 0) {
        cli_error("%s: %s", dir, strerror(errno));
        if (fd >= 0) {
            (void)close(fd);
        }
        return -1;
    }
    return fd;
}

static bool revoke_held(const char *dir, const struct bytes *der, bool *fresh)
{
    struct pki_pair ca = {0};
    X509_CRL *list = NULL;
    X509 *x = NULL;
    bool good = read_pair(dir, &ca) && read_crl(dir, &list);
    if (good && der) {
        x = issued(&ca, der);
        good = x != NULL;
    }
    if (good && !list) {
        list = X509_CRL_new();
    }
    good = good && list && revoke_in(dir, &ca, list, x, fresh);
    X509_free(x);
    X509_CRL_free(list);
    pki_pair_free(&ca);
    return good;
}

/* The next list is made of the one before, so one process at a time makes it. */
bool pki_revoke(const char *dir, const struct bytes *der, bool *fresh)
{
    const int held = pki_hold(dir);
    const bool good = held >= 0 && revoke_held(dir, der, fresh);
    if (held >= 0) {
        (void)close(held);
    }
    return good;
}

/* ---- a repository's key ---- */

static void take_away(const char *dir, const char *name, const char *suffix)
{
    char leaf[64], path[CLI_PATH_MAX];
    snprintf(leaf, sizeof leaf, "%.40s%s", name, suffix);
    if (cli_path(dir, leaf, path, sizeof path)) {
        (void)unlink(path);
    }
}

bool pki_signing_key(const char *dir, const char *name)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    FILE *f = key ? pki_file(dir, name, ".key") : NULL;
    const bool begun = f != NULL;
    bool good =
        f && pki_finish(f, PEM_write_PKCS8PrivateKey(f, key, NULL, NULL, 0, NULL, NULL) == 1);
    f = good ? pki_file(dir, name, ".pub") : NULL;
    good = f && pki_finish(f, PEM_write_PUBKEY(f, key) == 1);
    EVP_PKEY_free(key);
    if (begun && !good) {
        take_away(dir, name, ".key");
        if (f) {
            take_away(dir, name, ".pub");
        }
    }
    return good;
}
