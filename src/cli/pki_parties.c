/* The certificates of the parties of a first attach with a discovery IMSI (proc/dimsi.h). */
#include "cli/pki_parts.h"

#include "net/verify_oids.h"
#include <errno.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LIST  "ci.crl"
#define FRESH "ci.crl.new"

static const char hint[] = "`bindery up` and `bindery pki DIR --parties PLMN` make it";

/* ---- who has what ---- */

enum issuer { BY_CA, BY_CI };
struct party {
    const char *folder, *file;
    enum issuer by;
    bool agrees;
    const char *usage;
    const char *host; /* or one of those below */
};
static const char of_realm[] = "of the operator's realm", of_rsmf[] = "rsmf. before that",
                  of_dausf[] = "of the discovery AUSF";
#define TLS       "serverAuth,clientAuth"
#define ROLE(num) VERIFY_OID_ROLES "." #num
static const struct party parties[] = {
    {"arpf", "tls", BY_CA, false, TLS, "localhost"},
    {"arpf", "agreement", BY_CI, true, ROLE(8), PKI_ARPF},
    {"arpf", "endorsement", BY_CI, false, ROLE(8), PKI_ARPF},
    {"discovery", "tls", BY_CA, false, TLS, "localhost"},
    {"discovery", "s6a", BY_CA, false, TLS, of_dausf},
    {"rsmf", "tls", BY_CA, false, TLS, "localhost"},
    {"rsmf", "devices", BY_CI, false, "serverAuth", of_rsmf},
    {"sp", "sp", BY_CA, false, TLS "," ROLE(3), PKI_SP},
    {"pki", "ausf", BY_CA, false, TLS "," ROLE(4), of_realm},
    {"pki", "ausf-agreement", BY_CA, true, ROLE(4), of_realm},
    {"pki", "offers", BY_CA, false, TLS, "localhost"},
};
#define PARTIES (sizeof parties / sizeof parties[0])

struct issuers {
    struct pki_pair ca, ci, pn;
};
static void issuers_free(struct issuers *i)
{
    pki_pair_free(&i->ca);
    pki_pair_free(&i->ci);
    pki_pair_free(&i->pn);
}

/* ---- the lists of CI and part number, in one file ---- */

static bool write_lists(const char *dir, const struct issuers *by, X509_CRL *ci, X509_CRL *pn)
{
    char fresh[CLI_PATH_MAX], path[CLI_PATH_MAX];
    if (!cli_path(dir, FRESH, fresh, sizeof fresh) || !cli_path(dir, LIST, path, sizeof path)) {
        return false;
    }
    (void)unlink(fresh); /* of one that was killed */
    X509_CRL *one = pki_next_crl(&by->ci, ci), *two = pki_next_crl(&by->pn, pn);
    FILE *f = one && two ? pki_file(dir, "ci", ".crl.new") : NULL;
    const bool good =
        f && pki_finish(f, PEM_write_X509_CRL(f, one) == 1 && PEM_write_X509_CRL(f, two) == 1) &&
        rename(fresh, path) == 0;
    X509_CRL_free(one);
    X509_CRL_free(two);
    if (!good) {
        cli_error("%s: the lists cannot be made: %s", path, strerror(errno));
        (void)unlink(fresh);
    }
    return good;
}

static bool read_lists(const char *dir, X509_CRL **ci, X509_CRL **pn)
{
    char path[CLI_PATH_MAX];
    FILE *f = cli_path(dir, LIST, path, sizeof path) ? fopen(path, "re") : NULL;
    *ci = f ? PEM_read_X509_CRL(f, NULL, NULL, NULL) : NULL;
    *pn = *ci ? PEM_read_X509_CRL(f, NULL, NULL, NULL) : NULL;
    if (f) {
        (void)fclose(f);
    }
    if (!*pn) {
        cli_error("%s: it does not hold the lists of the CI and of the part number", path);
        X509_CRL_free(*ci);
        *ci = NULL;
    }
    return *pn != NULL;
}

/* Each revokes what it issued: the CI a part number, that one an SE. */
static bool put_on_list(const struct issuers *by, X509_CRL *ci, X509_CRL *pn,
                        const struct bytes *der, bool *fresh)
{
    const unsigned char *p = der->p;
    X509 *x = d2i_X509(NULL, &p, (long)der->n);
    X509_CRL *list = NULL;
    if (x && X509_verify(x, X509_get0_pubkey(by->ci.certificate)) == 1) {
        list = ci;
    } else if (x && X509_verify(x, X509_get0_pubkey(by->pn.certificate)) == 1) {
        list = pn;
    }
    if (!list) {
        cli_error("the certificate to revoke is of neither the CI nor its part number");
    }
    const bool good = list && pki_add_revoked(list, x, fresh);
    X509_free(x);
    return good;
}

static bool revoke_held(const char *dir, const struct bytes *der, bool *fresh)
{
    struct issuers by = {.ca = {NULL, NULL}};
    X509_CRL *ci = NULL, *pn = NULL;
    bool good = pki_read_pair(dir, "ci", hint, &by.ci) && pki_read_pair(dir, "pn", hint, &by.pn) &&
                read_lists(dir, &ci, &pn);
    *fresh = false;
    good = good && (!der || put_on_list(&by, ci, pn, der, fresh)) && write_lists(dir, &by, ci, pn);
    X509_CRL_free(ci);
    X509_CRL_free(pn);
    issuers_free(&by);
    return good;
}

bool pki_ci_revoke(const char *dir, const struct bytes *der, bool *fresh)
{
    const int held = pki_hold(dir);
    const bool good = held >= 0 && revoke_held(dir, der, fresh);
    if (held >= 0) {
        (void)close(held);
    }
    return good;
}

/* ---- all of them ---- */

/* The host, or what is made of the operator's realm. */
static void name_party(const struct party *p, const char *realm, const char *dausf,
                       char out[static REALM_TEXT_MAX + 8])
{
    const char *host = p->host == of_realm || p->host == of_rsmf ? realm
                       : p->host == of_dausf                     ? dausf
                                                                 : p->host;
    snprintf(out, REALM_TEXT_MAX + 8, "%s%s", p->host == of_rsmf ? "rsmf." : "", host);
}

static bool write_one(const char *dir, const struct party *p, const struct issuers *by,
                      const char *realm, const char *dausf)
{
    char name[REALM_TEXT_MAX + 8], names[REALM_TEXT_MAX + 16], folder[CLI_PATH_MAX];
    const struct pki_pair *issuer = p->by == BY_CI ? &by->ci : &by->ca;
    struct pki_pair end = {0};
    name_party(p, realm, dausf, name);
    snprintf(names, sizeof names, "DNS:%s", name);
    const bool good = cli_path(dir, p->folder, folder, sizeof folder) &&
                      (p->agrees ? pki_make_agreeing(&end, issuer, p->file, p->usage, names)
                                 : pki_make_end(&end, issuer, p->file, p->usage, names)) &&
                      pki_write_pair(folder, p->file, &end);
    pki_pair_free(&end);
    return good;
}

/* A folder of its own for each, with nothing of the others but what is public. */
static bool make_folder(const char *dir, const char *name)
{
    char path[CLI_PATH_MAX];
    if (!cli_path(dir, name, path, sizeof path)) {
        return false;
    }
    if (mkdir(path, 0700) != 0 && errno != EEXIST) {
        cli_error("%s: %s", path, strerror(errno));
        return false;
    }
    return true;
}

/* Of a run that did not end. */
static void remove_pair(const char *dir, const char *folder, const char *file)
{
    static const char *const suffix[] = {".crt", ".key"};
    char leaf[80], path[CLI_PATH_MAX];
    for (size_t i = 0; i < 2; i++) {
        snprintf(leaf, sizeof leaf, "%s/%s%s", folder, file, suffix[i]);
        if (cli_path(dir, leaf, path, sizeof path)) {
            (void)unlink(path);
        }
    }
}

bool pki_make_parties(const char *dir, const struct plmn *home, const char *dausf)
{
    static const char *const folders[] = {"ci", "arpf", "discovery", "rsmf", "sp"};
    char realm[REALM_TEXT_MAX], path[CLI_PATH_MAX];
    struct issuers by = {.ca = {NULL, NULL}};
    bool good = true;
    for (size_t i = 0; good && i < sizeof folders / sizeof folders[0]; i++) {
        good = make_folder(dir, folders[i]);
    }
    for (size_t i = 0; i < PARTIES; i++) {
        remove_pair(dir, parties[i].folder, parties[i].file);
    }
    remove_pair(dir, "ci", "ci");
    remove_pair(dir, "ci", "pn");
    plmn_realm(home, realm);
    good = good && cli_path(dir, "pki", path, sizeof path) &&
           pki_read_pair(path, "ca", hint, &by.ca) && cli_path(dir, "ci", path, sizeof path);
    good = good && pki_make_root(&by.ci, "demonstration CI") &&
           pki_make_below(&by.pn, &by.ci, "part number PN-1");
    for (size_t i = 0; good && i < PARTIES; i++) {
        good = write_one(dir, &parties[i], &by, realm, dausf);
    }
    /* ci.key comes last: where that is, all of it is */
    good = good && pki_write_pair(path, "pn", &by.pn) && write_lists(path, &by, NULL, NULL) &&
           pki_write_pair(path, "ci", &by.ci);
    issuers_free(&by);
    if (!good) {
        cli_error("%s: the certificates of the parties were not made", dir);
    }
    return good;
}

/* ---- a maker of secure elements ---- */

struct pki_maker {
    struct pki_pair pn;
    unsigned char *ci, *chain;
    size_t ci_n, chain_n;
};

static bool read_der(const char *dir, const char *name, unsigned char **der, size_t *n)
{
    char path[CLI_PATH_MAX];
    FILE *f = cli_path(dir, name, path, sizeof path) ? fopen(path, "re") : NULL;
    X509 *x = f ? PEM_read_X509(f, NULL, NULL, NULL) : NULL;
    const int len = x ? i2d_X509(x, der) : 0;
    if (f) {
        (void)fclose(f);
    }
    X509_free(x);
    if (len <= 0) {
        cli_error("%s: this is no certificate in PEM; %s", path, hint);
    }
    *n = len > 0 ? (size_t)len : 0;
    return len > 0;
}

struct pki_maker *pki_maker_open(const char *dir)
{
    struct pki_maker *m = calloc(1, sizeof *m);
    if (m && pki_read_pair(dir, "pn", hint, &m->pn) && read_der(dir, "ci.crt", &m->ci, &m->ci_n) &&
        read_der(dir, "pn.crt", &m->chain, &m->chain_n)) {
        return m;
    }
    pki_maker_close(m);
    return NULL;
}

void pki_maker_close(struct pki_maker *m)
{
    if (m) {
        pki_pair_free(&m->pn);
        OPENSSL_free(m->ci);
        OPENSSL_free(m->chain);
        free(m);
    }
}

struct bytes pki_maker_ci(const struct pki_maker *m)
{
    return (struct bytes){m->ci, m->ci_n};
}

struct bytes pki_maker_part_number(const struct pki_maker *m)
{
    return (struct bytes){m->chain, m->chain_n};
}

/*= dimsi-0c-keys */
size_t pki_se_certificate(const struct pki_maker *m, struct bytes spki, struct mbytes out)
{
    struct pki_pair end = {0};
    const unsigned char *p = spki.p;
    EVP_PKEY *key = d2i_PUBKEY(NULL, &p, (long)spki.n);
    unsigned char *at = out.p;
    const bool good =
        key && p == spki.p + spki.n && pki_issue(&end, &m->pn, key, "clientAuth," ROLE(5));
    int n = good ? i2d_X509(end.certificate, NULL) : 0;
    n = n > 0 && (size_t)n <= out.n ? i2d_X509(end.certificate, &at) : 0;
    EVP_PKEY_free(key);
    pki_pair_free(&end);
    return n > 0 ? (size_t)n : 0;
}
