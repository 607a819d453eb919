/* The demonstration's certificates, and the verb `pki`. */
#include "cli/pki.h"

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

struct identity {
    EVP_PKEY *key;
    X509 *certificate;
};

static void identity_free(struct identity *i)
{
    EVP_PKEY_free(i->key);
    X509_free(i->certificate);
}

static bool add_extension(X509 *x, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX ctx;
    X509V3_set_ctx(&ctx, issuer, x, NULL, NULL, 0);
    X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    bool good = e && X509_add_ext(x, e, -1) == 1;
    X509_EXTENSION_free(e);
    return good;
}

static bool set_name(X509_NAME *name, const char *common)
{
    return X509_NAME_add_entry_by_txt(name, "O", MBSTRING_ASC, (const unsigned char *)PKI_MARK, -1,
                                      -1, 0) == 1 &&
           X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)common, -1,
                                      -1, 0) == 1;
}

static bool set_serial(X509 *x)
{
    unsigned char serial[16];
    if (RAND_bytes(serial, sizeof serial) != 1) {
        return false;
    }
    serial[0] &= 0x7f;
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
static const char *role_oid(const char *name)
{
    for (size_t i = 0; i < sizeof roles_known / sizeof roles_known[0]; i++) {
        if (!strcmp(roles_known[i].name, name)) {
            return roles_known[i].oid;
        }
    }
    return NULL;
}

static bool set_extensions(X509 *x, X509 *issuer, const char *host, const char *role)
{
    char alternative[300], usage[100];
    if (!host) {
        return add_extension(x, issuer, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
               add_extension(x, issuer, NID_key_usage, "critical,keyCertSign,cRLSign") &&
               add_extension(x, issuer, NID_subject_key_identifier, "hash");
    }
    const char *oid = role ? role_oid(role) : NULL;
    snprintf(alternative, sizeof alternative, "DNS:%s", host);
    snprintf(usage, sizeof usage, "serverAuth,clientAuth%s%s", oid ? "," : "", oid ? oid : "");
    return (!role || oid) && add_extension(x, issuer, NID_basic_constraints, "critical,CA:FALSE") &&
           add_extension(x, issuer, NID_key_usage, "critical,digitalSignature") &&
           add_extension(x, issuer, NID_ext_key_usage, usage) &&
           add_extension(x, issuer, NID_subject_alt_name, alternative) &&
           add_extension(x, issuer, NID_subject_key_identifier, "hash") &&
           add_extension(x, issuer, NID_authority_key_identifier, "keyid");
}

/* host NULL: a CA that signs itself. */
static bool make_identity(struct identity *out, const struct identity *ca, const char *host,
                          const char *role)
{
    const struct identity *signer = ca ? ca : out;
    out->key = EVP_EC_gen("P-256");
    out->certificate = X509_new();
    X509 *x = out->certificate;
    return out->key && x && X509_set_version(x, X509_VERSION_3) == 1 && set_serial(x) &&
           X509_gmtime_adj(X509_getm_notBefore(x), -3600) &&
           X509_time_adj_ex(X509_getm_notAfter(x), PKI_DAYS, 0, NULL) &&
           X509_set_pubkey(x, out->key) == 1 &&
           set_name(X509_get_subject_name(x), host ? host : "demonstration CA") &&
           X509_set_issuer_name(x, X509_get_subject_name(signer->certificate)) == 1 &&
           set_extensions(x, signer->certificate, host, role) &&
           X509_sign(x, signer->key, EVP_sha256()) != 0;
}

static FILE *make_file(const char *dir, const char *name, const char *suffix)
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

static bool finish(FILE *f, bool good)
{
    good = good && fflush(f) == 0 && fsync(fileno(f)) == 0;
    return fclose(f) == 0 && good;
}

static bool write_identity(const char *dir, const char *name, const struct identity *i)
{
    FILE *f = make_file(dir, name, ".crt");
    if (!f || !finish(f, PEM_write_X509(f, i->certificate) == 1)) {
        return false;
    }
    f = make_file(dir, name, ".key");
    return f && finish(f, PEM_write_PKCS8PrivateKey(f, i->key, NULL, NULL, 0, NULL, NULL) == 1);
}

static bool write_all(const char *dir, const char *const *names, const char *const *hosts,
                      const char *const *roles, size_t n)
{
    struct identity ca = {0};
    bool good = make_identity(&ca, NULL, NULL, NULL) && write_identity(dir, "ca", &ca);
    for (size_t i = 0; good && i < n; i++) {
        struct identity host = {0};
        good = make_identity(&host, &ca, hosts[i], roles ? roles[i] : NULL) &&
               write_identity(dir, names[i], &host);
        identity_free(&host);
    }
    identity_free(&ca);
    return good;
}

static void take_away(const char *dir, const char *const *names, size_t n)
{
    char path[CLI_PATH_MAX];
    for (size_t i = 0; i <= n; i++) {
        static const char *const suffix[] = {"crt", "key"};
        for (size_t k = 0; k < 2; k++) {
            snprintf(path, sizeof path, "%s/%s.%s", dir, i < n ? names[i] : "ca", suffix[k]);
            (void)unlink(path);
        }
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

/* ---- the verb ---- */

#define HOSTS_MAX 32

struct options {
    const char *dir;
    const char *host[HOSTS_MAX];
    const char *role[HOSTS_MAX]; /* or NULL */
    size_t n;
};

/* HOST or HOST=ROLE; the argument itself is cut in two. */
static void take_host(struct options *o, char *arg, struct argp_state *state)
{
    char *equals = strchr(arg, '=');
    const char *role = equals ? equals + 1 : NULL;
    if (equals) {
        *equals = '\0';
    }
    if (o->n == HOSTS_MAX) {
        argp_error(state, "at most %d hosts", HOSTS_MAX);
    } else if (diameter_identity_check(bytes_of_str(arg)) != E_OK) {
        argp_error(state, "'%s' is no host name like mme.example.org", arg);
    } else if (role && !role_oid(role)) {
        argp_error(state, "'%s' is no role", role);
    } else {
        o->role[o->n] = role;
        o->host[o->n++] = arg;
    }
}

static error_t take(int key, char *arg, struct argp_state *state)
{
    struct options *o = state->input;
    switch (key) {
    case ARGP_KEY_ARG:
        if (!o->dir) {
            o->dir = arg;
        } else {
            take_host(o, arg, state);
        }
        return 0;
    case ARGP_KEY_END:
        if (!o->dir || !o->n) {
            argp_error(state, "a directory to make and at least one host name are needed");
        }
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp argp = {
    NULL,
    take,
    "DIR HOST[=ROLE]...",
    "Makes a demonstration CA and, for each host, a certificate and key in a new directory.\v"
    "The files are named after the first label of the host: mme.example.org gives mme.crt and "
    "mme.key. A ROLE (operator, manufacturer, service-provider, ausf, device, repository) is "
    "written into the certificate. For demonstrations and tests only: the CA's key lies beside "
    "them.",
    NULL,
    NULL,
    NULL};

int cli_pki(int argc, char **argv)
{
    struct options o = {0};
    char label[HOSTS_MAX][41];
    const char *names[HOSTS_MAX];
    if (argp_parse(&argp, argc, argv, 0, NULL, &o) != 0) {
        return CLI_USAGE;
    }
    for (size_t i = 0; i < o.n; i++) {
        snprintf(label[i], sizeof label[i], "%.*s", (int)strcspn(o.host[i], "."), o.host[i]);
        names[i] = label[i];
        for (size_t k = 0; k < i; k++) {
            if (!strcmp(label[i], label[k]) || !strcmp(label[i], "ca")) {
                cli_error("two hosts would give %s.crt", label[i]);
                return CLI_USAGE;
            }
        }
    }
    if (!pki_make_roles(o.dir, names, o.host, o.role, o.n)) {
        return CLI_REFUSED;
    }
    printf("%s has ca.crt and a certificate for each of %zu host%s; for demonstrations only\n",
           o.dir, o.n, o.n == 1 ? "" : "s");
    return CLI_DONE;
}
