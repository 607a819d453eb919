/* A provisioning operator's certificate, and the root that devices have (proc/certattach.h). */
#include "cli/pki_parts.h"

#include "net/onboard_signer.h"
#include "net/verify_oids.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* In the order in which they come to be there: where the last is, all are. */
static const char *const leaves[] = {PKI_PROVISIONING_CA ".crt", PKI_PROVISIONING_CA ".key",
                                     PKI_OPERATOR ".crt", PKI_OPERATOR ".key"};
#define LEAVES (sizeof leaves / sizeof leaves[0])

/* Each network by its realm (TS 23.003 19.2). */
static bool names_of(const struct plmn *plmns, size_t n, char *out, size_t max)
{
    size_t at = 0;
    for (size_t i = 0; i < n && at < max; i++) {
        char realm[REALM_TEXT_MAX];
        plmn_realm(&plmns[i], realm);
        at += (size_t)snprintf(out + at, max - at, "%sDNS:%s", i > 0 ? "," : "", realm);
    }
    return n > 0 && at < max;
}

static bool write_all(const char *dir, const char *names)
{
    struct pki_pair ca = {0}, end = {0};
    bool good = pki_make_ca(&ca, "demonstration provisioning CA") &&
                pki_make_end(&end, &ca, "provisioning operator", VERIFY_OID_ROLES ".7", names);
    const int n = good ? i2d_X509(end.certificate, NULL) : 0;
    if (n > (int)ONBOARD_CHAIN_MAX) {
        cli_error("a certificate with so many networks has %d octets, and goes over the air to "
                  "each device: it may have %u",
                  n, ONBOARD_CHAIN_MAX);
        good = false;
    }
    good = good && pki_write_pair(dir, PKI_PROVISIONING_CA, &ca) &&
           pki_write_pair(dir, PKI_OPERATOR, &end);
    pki_pair_free(&ca);
    pki_pair_free(&end);
    return good;
}

static bool none_is_there(const char *dir)
{
    char path[CLI_PATH_MAX];
    for (size_t i = 0; i < LEAVES; i++) {
        if (!cli_path(dir, leaves[i], path, sizeof path)) {
            return false;
        }
        const bool there = access(path, F_OK) == 0;
        if (there || errno != ENOENT) {
            cli_error("%s: %s", path,
                      there ? "it is there already; move it away first" : strerror(errno));
            return false;
        }
    }
    return true;
}

static bool move_all(const char *from, const char *to)
{
    char old[CLI_PATH_MAX], new[CLI_PATH_MAX];
    for (size_t i = 0; i < LEAVES; i++) {
        if (!cli_path(from, leaves[i], old, sizeof old) ||
            !cli_path(to, leaves[i], new, sizeof new)) {
            return false;
        }
        if (rename(old, new) != 0) {
            cli_error("%s: %s", new, strerror(errno));
            return false;
        }
    }
    return true;
}

static void take_away(const char *dir)
{
    char path[CLI_PATH_MAX];
    for (size_t i = 0; i < LEAVES; i++) {
        if (cli_path(dir, leaves[i], path, sizeof path)) {
            (void)unlink(path);
        }
    }
    (void)rmdir(dir);
}

/* Beside, and then moved: nothing of somebody else's is replaced or taken away. */
static bool make_held(const char *dir, const char *names)
{
    char beside[CLI_PATH_MAX];
    if (!none_is_there(dir) || !cli_path(dir, "operator.XXXXXX", beside, sizeof beside)) {
        return false;
    }
    if (!mkdtemp(beside)) {
        cli_error("%s: %s", dir, strerror(errno));
        return false;
    }
    const bool good = write_all(beside, names) && move_all(beside, dir);
    take_away(beside);
    return good;
}

bool pki_make_operator(const char *dir, const struct plmn *plmns, size_t n)
{
    char names[PKI_PLMNS_MAX * (REALM_TEXT_MAX + 8)];
    const int held = pki_hold(dir);
    if (held < 0) {
        return false;
    }
    const bool good = names_of(plmns, n, names, sizeof names) && make_held(dir, names);
    (void)close(held);
    if (!good) {
        cli_error("%s: the operator's certificate was not made", dir);
    }
    return good;
}
