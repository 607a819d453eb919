/* The demonstration's certificates. */
#include "cli/pki.h"

#include "cli/pki_parts.h"
#include "net/verify_oids.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void pki_pair_free(struct pki_pair *i)
{
    EVP_PKEY_free(i->key);
    X509_free(i->certificate);
    *i = (struct pki_pair){0};
}

X509_EXTENSION *pki_extension(X509 *x, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX ctx;
    X509V3_set_ctx(&ctx, issuer, x, NULL, NULL, 0);
    return X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
}

bool pki_extend(X509 *x, X509 *issuer, int nid, const char *value)
{
    X509_EXTENSION *e = pki_extension(x, issuer, nid, value);
    bool good = e && X509_add_ext(x, e, -1) == 1;
    X509_EXTENSION_free(e);
    return good;
}

bool pki_name_add(X509_NAME *name, const char *field, const char *text)
{
    return X509_NAME_add_entry_by_txt(name, field, MBSTRING_ASC, (const unsigned char *)text, -1,
                                      -1, 0) == 1;
}

static bool set_name(X509_NAME *name, const char *common)
{
    return pki_name_add(name, "O", PKI_MARK) && pki_name_add(name, "CN", common);
}

bool pki_serial(X509 *x)
{
    unsigned char serial[16];
    if (RAND_bytes(serial, sizeof serial) != 1) {
        return false;
    }
    serial[0] = (unsigned char)((serial[0] & 0x7f) | 0x40); /* positive, and always as long */
    BIGNUM *n = BN_bin2bn(serial, sizeof serial, NULL);
    bool good = n && BN_to_ASN1_INTEGER(n, X509_get_serialNumber(x));
    BN_free(n);
    return good;
}

static const struct role {
    const char *name, *oid;
} roles_known[] = {
#define X(name, text, oid, what) {text, oid},
    VERIFY_ROLE_LIST(X)
#undef X
};

/* The object identifier of a role's name; NULL: there is no such role. */
const char *pki_role_oid(const char *name)
{
    for (size_t i = 0; i < sizeof roles_known / sizeof roles_known[0]; i++) {
        if (!strcmp(roles_known[i].name, name)) {
            return roles_known[i].oid;
        }
    }
    return NULL;
}

static bool extend_ca(X509 *x, X509 *issuer, const char *constraints)
{
    return pki_extend(x, issuer, NID_basic_constraints, constraints) &&
           pki_extend(x, issuer, NID_key_usage, "critical,keyCertSign,cRLSign") &&
           pki_extend(x, issuer, NID_subject_key_identifier, "hash") &&
           (x == issuer || pki_extend(x, issuer, NID_authority_key_identifier, "keyid"));
}

static bool extend_end(X509 *x, X509 *issuer, const char *does, const char *usage,
                       const char *names)
{
    return pki_extend(x, issuer, NID_basic_constraints, "critical,CA:FALSE") &&
           pki_extend(x, issuer, NID_key_usage, does) &&
           pki_extend(x, issuer, NID_ext_key_usage, usage) &&
           (!names || pki_extend(x, issuer, NID_subject_alt_name, names)) &&
           pki_extend(x, issuer, NID_subject_key_identifier, "hash") &&
           pki_extend(x, issuer, NID_authority_key_identifier, "keyid");
}

/* All but extensions and signature; out->key is whose it is. */
static bool begin_certificate(struct pki_pair *out, const struct pki_pair *by, const char *name)
{
    const struct pki_pair *signer = by ? by : out;
    out->certificate = X509_new();
    X509 *x = out->certificate;
    return out->key && x && X509_set_version(x, X509_VERSION_3) == 1 && pki_serial(x) &&
           X509_gmtime_adj(X509_getm_notBefore(x), -3600) &&
           X509_time_adj_ex(X509_getm_notAfter(x), PKI_DAYS, 0, NULL) &&
           X509_set_pubkey(x, out->key) == 1 && set_name(X509_get_subject_name(x), name) &&
           X509_set_issuer_name(x, X509_get_subject_name(signer->certificate)) == 1;
}

static bool begin_pair(struct pki_pair *out, const struct pki_pair *by, const char *name)
{
    out->key = EVP_EC_gen("P-256");
    return begin_certificate(out, by, name);
}

static bool make_ca(struct pki_pair *out, const struct pki_pair *by, const char *name,
                    const char *constraints)
{
    return begin_pair(out, by, name) &&
           extend_ca(out->certificate, by ? by->certificate : out->certificate, constraints) &&
           X509_sign(out->certificate, by ? by->key : out->key, EVP_sha256()) != 0;
}

bool pki_make_ca(struct pki_pair *out, const char *name)
{
    return make_ca(out, NULL, name, "critical,CA:TRUE,pathlen:0");
}

bool pki_make_root(struct pki_pair *out, const char *name)
{
    return make_ca(out, NULL, name, "critical,CA:TRUE,pathlen:1");
}

bool pki_make_below(struct pki_pair *out, const struct pki_pair *by, const char *name)
{
    return make_ca(out, by, name, "critical,CA:TRUE,pathlen:0");
}

static bool make_end(struct pki_pair *out, const struct pki_pair *by, const char *name,
                     const char *does, const char *usage, const char *names)
{
    return begin_pair(out, by, name) &&
           extend_end(out->certificate, by->certificate, does, usage, names) &&
           X509_sign(out->certificate, by->key, EVP_sha256()) != 0;
}

bool pki_make_end(struct pki_pair *out, const struct pki_pair *by, const char *name,
                  const char *usage, const char *names)
{
    return make_end(out, by, name, "critical,digitalSignature", usage, names);
}

bool pki_make_agreeing(struct pki_pair *out, const struct pki_pair *by, const char *name,
                       const char *usage, const char *names)
{
    return make_end(out, by, name, "critical,keyAgreement", usage, names);
}

bool pki_issue(struct pki_pair *out, const struct pki_pair *by, EVP_PKEY *key, const char *usage)
{
    unsigned char serial[8];
    char digits[2 * sizeof serial + 1], name[sizeof digits + 8];
    if (RAND_bytes(serial, sizeof serial) != 1 || EVP_PKEY_up_ref(key) != 1) {
        return false;
    }
    hex_encode(BYTES_OF(serial), digits);
    snprintf(name, sizeof name, "se-%s", digits);
    out->key = key;
    return begin_certificate(out, by, name) &&
           extend_end(out->certificate, by->certificate, "critical,digitalSignature", usage,
                      NULL) &&
           X509_sign(out->certificate, by->key, EVP_sha256()) != 0;
}

static bool make_host(struct pki_pair *out, const struct pki_pair *ca, const char *host,
                      const char *role)
{
    char names[300], usage[100];
    const char *oid = role ? pki_role_oid(role) : NULL;
    snprintf(names, sizeof names, "DNS:%s", host);
    snprintf(usage, sizeof usage, "serverAuth,clientAuth%s%s", oid ? "," : "", oid ? oid : "");
    return (!role || oid) && pki_make_end(out, ca, host, usage, names);
}

bool pki_administrator(const char *dir, const char *name, const char *host)
{
    struct pki_pair ca = {0}, own = {0};
    const int held = pki_hold(dir);
    bool good = held >= 0 && pki_read_pair(dir, "ca", "`bindery pki DIR HOST` makes it", &ca) &&
                make_host(&own, &ca, host, "administrator") && pki_write_pair(dir, name, &own);
    pki_pair_free(&ca);
    pki_pair_free(&own);
    if (held >= 0) {
        (void)close(held);
    }
    return good;
}

FILE *pki_file(const char *dir, const char *name, const char *suffix)
{
    char path[CLI_PATH_MAX], leaf[64];
    snprintf(leaf, sizeof leaf, "%.40s%s", name, suffix);
    if (!cli_path(dir, leaf, path, sizeof path)) {
        return NULL;
    }
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    FILE *f = fd < 0 ? NULL : fdopen(fd, "w");
    if (!f) {
        cli_error("%s: %s", path, strerror(errno));
    }
    return f;
}

bool pki_finish(FILE *f, bool good)
{
    good = good && fflush(f) == 0 && fsync(fileno(f)) == 0;
    return fclose(f) == 0 && good;
}

bool pki_write_pair(const char *dir, const char *name, const struct pki_pair *i)
{
    FILE *f = pki_file(dir, name, ".crt");
    if (!f || !pki_finish(f, PEM_write_X509(f, i->certificate) == 1)) {
        return false;
    }
    f = pki_file(dir, name, ".key");
    return f && pki_finish(f, PEM_write_PKCS8PrivateKey(f, i->key, NULL, NULL, 0, NULL, NULL) == 1);
}

/* A manufacturer's CA, with an empty list of what it revoked. */
static bool write_device_ca(const char *dir)
{
    struct pki_pair ca = {0};
    bool good = pki_make_ca(&ca, "demonstration device CA") &&
                pki_write_pair(dir, PKI_DEVICE_CA, &ca) && pki_write_crl(dir, &ca, NULL);
    pki_pair_free(&ca);
    return good;
}

static bool write_all(const char *dir, const char *const *names, const char *const *hosts,
                      const char *const *roles, size_t n)
{
    struct pki_pair ca = {0};
    bool good = write_device_ca(dir);
    if (n > 0) {
        good = good && pki_make_ca(&ca, "demonstration CA") && pki_write_pair(dir, "ca", &ca);
    }
    for (size_t i = 0; good && i < n; i++) {
        struct pki_pair host = {0};
        good = make_host(&host, &ca, hosts[i], roles ? roles[i] : NULL) &&
               pki_write_pair(dir, names[i], &host);
        pki_pair_free(&host);
    }
    pki_pair_free(&ca);
    return good;
}

static void take_away_one(const char *dir, const char *name)
{
    static const char *const suffix[] = {"crt", "key", "crl"};
    char path[CLI_PATH_MAX];
    for (size_t k = 0; k < sizeof suffix / sizeof suffix[0]; k++) {
        snprintf(path, sizeof path, "%s/%s.%s", dir, name, suffix[k]);
        (void)unlink(path);
    }
}

static void take_away(const char *dir, const char *const *names, size_t n)
{
    take_away_one(dir, "ca");
    take_away_one(dir, PKI_DEVICE_CA);
    for (size_t i = 0; i < n; i++) {
        take_away_one(dir, names[i]);
    }
    (void)rmdir(dir);
}

bool pki_make(const char *dir, const char *const *names, const char *const *hosts, size_t n)
{
    return pki_make_roles(dir, names, hosts, NULL, n);
}

bool pki_make_roles(const char *dir, const char *const *names, const char *const *hosts,
                    const char *const *roles, size_t n)
{
    char temporary[CLI_PATH_MAX];
    if (access(dir, F_OK) == 0) {
        cli_error("%s: it is there already; remove it or choose another", dir);
        return false;
    }
    int len = snprintf(temporary, sizeof temporary, "%s.XXXXXX", dir);
    if (len < 0 || (size_t)len >= sizeof temporary || !mkdtemp(temporary)) {
        cli_error("%s: %s", dir, strerror(errno));
        return false;
    }
    if (write_all(temporary, names, hosts, roles, n) && rename(temporary, dir) == 0) {
        return true;
    }
    cli_error("%s: the certificates could not be made: %s", dir, strerror(errno));
    take_away(temporary, names, n);
    return false;
}
