/* The verb `pki`. */
#include "cli/pki.h"

#include "device/linux/identity_lot.h"
#include <errno.h>
#include <openssl/pem.h>
#include <string.h>
#include <unistd.h>

#define HOSTS_MAX 32

struct options {
    const char *dir;
    const char *host[HOSTS_MAX];
    const char *role[HOSTS_MAX]; /* or NULL */
    size_t n;
    struct plmn plmns[PKI_PLMNS_MAX];
    size_t n_plmns;
    bool device_ca, renew_list;
    const char *signing_key, *revoke, *identity, *administrator;
};

enum {
    OPT_DEVICE_CA = 0x100,
    OPT_SIGNING_KEY,
    OPT_REVOKE,
    OPT_IDENTITY,
    OPT_CRL,
    OPT_OPERATOR,
    OPT_ADMIN
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
    } else if (role && !strcmp(role, "provisioning-operator")) {
        argp_error(state, "a provisioning operator's certificate names networks and no host: "
                          "--provisioning-operator PLMN");
    } else if (role && !pki_role_oid(role)) {
        argp_error(state, "'%s' is no role", role);
    } else {
        o->role[o->n] = role;
        o->host[o->n++] = arg;
    }
}

static void take_plmn(struct options *o, const char *arg, struct argp_state *state)
{
    if (o->n_plmns == PKI_PLMNS_MAX) {
        argp_error(state, "at most %d networks", PKI_PLMNS_MAX);
    } else if (plmn_parse(bytes_of_str(arg), &o->plmns[o->n_plmns]) != E_OK) {
        argp_error(state, "'%s' is no PLMN like 001-01", arg);
    } else {
        o->n_plmns++;
    }
}

static void check(const struct options *o, struct argp_state *state)
{
    const int others = o->device_ca + (o->signing_key != NULL) + (o->revoke != NULL) +
                       o->renew_list + (o->n_plmns > 0) + (o->administrator != NULL);
    if (!o->dir && others) {
        argp_error(state, "a directory is needed");
    } else if (!o->dir || (!others && !o->n)) {
        argp_error(state, "a directory to make and at least one host name are needed");
    } else if (others > 1 || (others == 1 && o->n)) {
        argp_error(state, "one thing at a time: hosts, --device-ca, --signing-key, --revoke, "
                          "--renew-list, --provisioning-operator or --administrator");
    } else if (o->administrator &&
               diameter_identity_check(bytes_of_str(o->administrator)) != E_OK) {
        argp_error(state, "'%s' is no name like ops.example.org", o->administrator);
    } else if (o->identity && !o->revoke) {
        argp_error(state, "--identity LOT says where the IMEI of --revoke is; give that too");
    } else if (o->signing_key &&
               (!*o->signing_key || strchr(o->signing_key, '/') || strlen(o->signing_key) > 40)) {
        argp_error(state, "--signing-key takes a name for the files, not '%s'", o->signing_key);
    }
}

static error_t take(int key, char *arg, struct argp_state *state)
{
    struct options *o = state->input;
    switch (key) {
    case OPT_DEVICE_CA:
        o->device_ca = true;
        return 0;
    case OPT_SIGNING_KEY:
        o->signing_key = arg;
        return 0;
    case OPT_REVOKE:
        o->revoke = arg;
        return 0;
    case OPT_IDENTITY:
        o->identity = arg;
        return 0;
    case OPT_ADMIN:
        o->administrator = arg;
        return 0;
    case OPT_CRL:
        o->renew_list = true;
        return 0;
    case OPT_OPERATOR:
        take_plmn(o, arg, state);
        return 0;
    case ARGP_KEY_ARG:
        if (!o->dir) {
            o->dir = arg;
        } else {
            take_host(o, arg, state);
        }
        return 0;
    case ARGP_KEY_END:
        check(o, state);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option options[] = {
    {"device-ca", OPT_DEVICE_CA, NULL, 0, "make DIR with a manufacturer's CA for devices alone",
     10},
    {"signing-key", OPT_SIGNING_KEY, "NAME", 0,
     "make NAME.key in DIR, which signs a repository's records, and NAME.pub", 10},
    {"revoke", OPT_REVOKE, "FILE", 0,
     "revoke this device's certificate (PEM; with --identity: of this IMEI) in DIR/device-ca.crl; "
     "an SE's or a part number's in ci.crl, where DIR has ci.key",
     10},
    {"identity", OPT_IDENTITY, "LOT", 0, "the production lot that has the IMEI of --revoke", 10},
    {"renew-list", OPT_CRL, NULL, 0,
     "make DIR/device-ca.crl, or ci.crl, current again; it is for 30 days", 10},
    {"provisioning-operator", OPT_OPERATOR, "PLMN", 0,
     "make in DIR a root for devices, provisioning-ca, and operator.crt with its key, which gives "
     "devices subscriptions on this network; once for each network",
     10},
    {"administrator", OPT_ADMIN, "NAME", 0,
     "make in DIR, by its ca.key, a certificate of an administrator, whom `admin.https.users` of a "
     "configuration may name",
     10},
    {0},
};

static const struct argp argp = {
    options,
    take,
    "DIR [HOST[=ROLE]...]",
    "Makes a demonstration CA and, for each host, a certificate and key in a new directory; and a "
    "manufacturer's CA for `bindery device make`, with its revocation list.\v"
    "The files are named after the first label of the host: mme.example.org gives mme.crt and "
    "mme.key. A ROLE (operator, manufacturer, service-provider, ausf, device, repository, arpf, "
    "administrator) is "
    "written into the certificate. The CAs are ca.crt and device-ca.crt. For demonstrations and "
    "tests only: the CAs' keys lie beside them.",
    NULL,
    NULL,
    NULL};

/* ---- what to do ---- */

static int make_hosts(const struct options *o)
{
    char label[HOSTS_MAX][41];
    const char *names[HOSTS_MAX];
    for (size_t i = 0; i < o->n; i++) {
        snprintf(label[i], sizeof label[i], "%.*s", (int)strcspn(o->host[i], "."), o->host[i]);
        names[i] = label[i];
        bool taken = !strcmp(label[i], "ca") || !strcmp(label[i], PKI_DEVICE_CA);
        for (size_t k = 0; k < i; k++) {
            taken = taken || !strcmp(label[i], label[k]);
        }
        if (taken) {
            cli_error("two hosts would give %s.crt", label[i]);
            return CLI_USAGE;
        }
    }
    if (!pki_make_roles(o->dir, names, o->host, o->role, o->n)) {
        return CLI_REFUSED;
    }
    printf("%s has ca.crt, device-ca.crt and a certificate for each of %zu host%s; for "
           "demonstrations only\n",
           o->dir, o->n, o->n == 1 ? "" : "s");
    return CLI_DONE;
}

static int make_device_ca(const struct options *o)
{
    if (!pki_make_roles(o->dir, NULL, NULL, NULL, 0)) {
        return CLI_REFUSED;
    }
    printf("%s has device-ca.crt and its revocation list device-ca.crl; for demonstrations only\n",
           o->dir);
    return CLI_DONE;
}

static int make_signing_key(const struct options *o)
{
    if (!pki_signing_key(o->dir, o->signing_key)) {
        return CLI_REFUSED;
    }
    printf("%s has %s.key, which signs records, and %s.pub for those who rely on them\n", o->dir,
           o->signing_key, o->signing_key);
    return CLI_DONE;
}

/* DER of the certificate in a PEM file. */
static bool read_file(const char *path, struct identity_row *out)
{
    FILE *f = fopen(path, "re");
    if (!f) {
        cli_error("%s: %s", path, strerror(errno));
        return false;
    }
    X509 *x = PEM_read_X509(f, NULL, NULL, NULL);
    (void)fclose(f);
    unsigned char *der = NULL;
    int n = x ? i2d_X509(x, &der) : 0;
    bool good = n > 0 && identity_add_certificate(out, (struct bytes){der, (size_t)n}) == E_OK;
    OPENSSL_free(der);
    X509_free(x);
    if (!good) {
        cli_error("%s: this is no certificate in PEM", path);
    }
    return good;
}

static bool read_lot(const struct options *o, struct identity_row *out)
{
    struct imei imei;
    struct identity_source *lot;
    struct identity_why why = {""};
    if (!cli_imei(o->revoke, &imei)) {
        return false;
    }
    enum err e = identity_source_open(o->identity, &lot, &why);
    if (e == E_OK) {
        e = identity_source_find(lot, &imei, out, &why);
        identity_source_close(lot);
    }
    if (e != E_OK) {
        cli_error("%s", why.text);
    } else if (!out->n_chain && !out->onboarding.n_chain) {
        cli_error("%s: the devices of this lot have public keys and no certificates; `bindery "
                  "binding revoke` revokes them at the repository",
                  o->identity);
    }
    return e == E_OK && (out->n_chain || out->onboarding.n_chain);
}

/* The issuer root of secure elements, or a manufacturer's CA: by what the directory has. */
static bool is_ci(const struct options *o)
{
    char path[CLI_PATH_MAX];
    return cli_path(o->dir, "ci.key", path, sizeof path) && access(path, F_OK) == 0;
}

static const char *list_of(const struct options *o)
{
    return is_ci(o) ? "ci.crl" : PKI_DEVICE_CA ".crl";
}

static bool revoke_in(const struct options *o, const struct bytes *der, bool *fresh)
{
    return is_ci(o) ? pki_ci_revoke(o->dir, der, fresh) : pki_revoke(o->dir, der, fresh);
}

static int revoke_one(const struct options *o)
{
    struct identity_row row = {.algorithm = 0};
    bool fresh = false, one = false;
    bool good = o->identity ? read_lot(o, &row) : read_file(o->revoke, &row);
    const struct bytes both[] = {identity_certificate(&row, 0),
                                 identity_onboarding_certificate(&row.onboarding, 0)};
    for (size_t i = 0; i < 2; i++) {
        good = good && (both[i].n == 0 || revoke_in(o, &both[i], &one));
        fresh = fresh || one;
    }
    identity_row_wipe(&row);
    if (!good) {
        return CLI_REFUSED;
    }
    printf(fresh ? "%s is revoked in %s/%s; give that to those who rely on it\n"
                 : "%s was revoked before; %s/%s is current again\n",
           o->revoke, o->dir, list_of(o));
    return CLI_DONE;
}

static int renew_list(const struct options *o)
{
    bool fresh;
    if (!revoke_in(o, NULL, &fresh)) {
        return CLI_REFUSED;
    }
    printf("%s/%s is current for %d days\n", o->dir, list_of(o), PKI_CRL_DAYS);
    return CLI_DONE;
}

static int make_operator(const struct options *o)
{
    if (!pki_make_operator(o->dir, o->plmns, o->n_plmns)) {
        return CLI_REFUSED;
    }
    printf("%s has operator.crt and operator.key for `onboarding:` of hssd.yaml, and "
           "provisioning-ca.crt for devices (`bindery device make --onboarding --roots`)\n",
           o->dir);
    return CLI_DONE;
}

static int make_administrator(const struct options *o)
{
    char label[41];
    snprintf(label, sizeof label, "%.*s", (int)strcspn(o->administrator, "."), o->administrator);
    if (!pki_administrator(o->dir, label, o->administrator)) {
        return CLI_REFUSED;
    }
    printf("%s has %s.crt and %s.key of the administrator %s; for demonstrations only\n", o->dir,
           label, label, o->administrator);
    return CLI_DONE;
}

int cli_pki(int argc, char **argv)
{
    struct options o = {0};
    if (argp_parse(&argp, argc, argv, 0, NULL, &o) != 0) {
        return CLI_USAGE;
    }
    return o.device_ca       ? make_device_ca(&o)
           : o.signing_key   ? make_signing_key(&o)
           : o.revoke        ? revoke_one(&o)
           : o.renew_list    ? renew_list(&o)
           : o.n_plmns       ? make_operator(&o)
           : o.administrator ? make_administrator(&o)
                             : make_hosts(&o);
}
