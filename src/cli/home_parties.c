/* The parties of a first attach with a discovery IMSI in the directory of `bindery up`, each in a
 * folder of its own: src/cli/home.h. */
#include "cli/home_parts.h"
#include "cli/pki.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char arpfd_text[] =
    "# Made by `bindery up`; yours to change from here on. man 5 arpfd.yaml tells every key.\n"
    "# Paths are relative to this file's directory. Without this file `bindery up` starts no "
    "ARPF.\n"
    "name: " PKI_ARPF "\n"
    "listen: https://127.0.0.1:@ARPF@\n"
    "certificate: tls.crt\n"
    "key: tls.key\n"
    "ca: ../pki/ca.crt\n"
    "\n"
    "# Secure elements agree on keys with the one; the other endorses them to operators.\n"
    "agreement:\n"
    "  - {certificate: agreement.crt, key: agreement.key}\n"
    "endorsement: {certificate: endorsement.crt, key: endorsement.key}\n"
    "ci: {roots: ../ci/ci.crt, crl: ../ci/ci.crl}\n"
    "\n"
    "sp: {roots: ../pki/ca.crt}\n"
    "service_providers: [{name: " PKI_SP ", dimsis: [\"" HOME_DIMSIS "\"]}]\n"
    "operators: [\"@PLMN@\"]\n"
    "store: arpf.db\n"
    "admin: arpf.sock\n";

static const char dausfd_text[] =
    "# Made by `bindery up`; yours to change from here on. man 5 dausfd.yaml tells every key.\n"
    "# Paths are relative to this file's directory. Without this file `bindery up` starts no\n"
    "# discovery AUSF.\n"
    "host: " HOME_DAUSF "\n"
    "realm: " HOME_DISCOVERY_REALM "\n"
    "plmns: [\"" HOME_DISCOVERY_PLMN "\"]\n"
    "\n"
    "listeners:\n"
    "  - address: tls://127.0.0.1:@DISCOVERY@\n"
    "    certificate: s6a.crt\n"
    "    key: s6a.key\n"
    "    ca: ../pki/ca.crt\n"
    "peers:\n"
    "  - origin_host: mme.@REALM@\n"
    "    realm: @REALM@\n"
    "    visited_plmns: [\"@PLMN@\"]\n"
    "    transports: [tls]\n"
    "  - origin_host: mme1.@REALM@\n"
    "    realm: @REALM@\n"
    "    visited_plmns: [\"@PLMN@\"]\n"
    "    transports: [tls]\n"
    "\n"
    "# Operators bring here what a device of theirs is to be answered with.\n"
    "push:\n"
    "  listen: https://127.0.0.1:@PUSH@\n"
    "  certificate: tls.crt\n"
    "  key: tls.key\n"
    "  ca: ../pki/ca.crt\n"
    "operators: [\"@PLMN@\"]\n"
    "arpfs:\n"
    "  - name: " PKI_ARPF "\n"
    "    dimsis: [\"" HOME_DIMSIS "\"]\n"
    "ci: {roots: ../ci/ci.crt, crl: ../ci/ci.crl}\n"
    "store: discovery.db\n"
    "kek: kek\n"
    "admin: discovery.sock\n";

static const char rsmfd_text[] =
    "# Made by `bindery up`; yours to change from here on. man 5 rsmfd.yaml tells every key.\n"
    "# Paths are relative to this file's directory. Without this file `bindery up` starts no "
    "RSMF.\n"
    "plmn: \"@PLMN@\"\n"
    "listen: https://127.0.0.1:@RSMF@\n"
    "certificate: tls.crt\n"
    "key: tls.key\n"
    "ca: ../pki/ca.crt\n"
    "\n"
    "# Devices come here over the user plane, and show the certificate of their secure element.\n"
    "devices:\n"
    "  listen: https://127.0.0.1:@DEVICES@\n"
    "  certificate: devices.crt\n"
    "  key: devices.key\n"
    "  ci: {roots: ../ci/ci.crt, crl: ../ci/ci.crl}\n"
    "  sources: [\"127.0.0.0/8\"]\n"
    "store: rsm.db\n"
    "kek: kek\n"
    "admin: rsm.sock\n";

/* ---- files ---- */

static bool copy(const char *dir, const char *from, const char *to)
{
    char path[CLI_PATH_MAX], text[8192];
    FILE *f = cli_path(dir, from, path, sizeof path) ? fopen(path, "re") : NULL;
    const size_t n = f ? fread(text, 1, sizeof text, f) : 0;
    const bool good = f && n > 0 && n < sizeof text && !ferror(f);
    if (!good) {
        cli_error("%s: %s", path, f ? "it cannot be copied" : strerror(errno));
    }
    if (f) {
        (void)fclose(f);
    }
    return good && home_write(dir, to, text, n);
}

/* Texts of a run that did not end have other ports. */
static bool remove_one(const char *dir, const char *name)
{
    char path[CLI_PATH_MAX];
    return cli_path(dir, name, path, sizeof path) && (unlink(path) == 0 || errno == ENOENT);
}

bool home_furnish_parties(const char *dir, const struct plmn *plmn, const struct home_filling *f)
{
    return ((home_has(dir, "ci/ci.key") && home_has(dir, "pki/ausf.key")) ||
            pki_make_parties(dir, plmn, HOME_DAUSF)) &&
           (home_has(dir, "sp/ca.crt") || copy(dir, "pki/ca.crt", "sp/ca.crt")) &&
           home_write_kek(dir, "discovery/kek") && home_write_kek(dir, "rsmf/kek") &&
           remove_one(dir, "arpf/arpfd.yaml") && remove_one(dir, "discovery/dausfd.yaml") &&
           remove_one(dir, "rsmf/rsmfd.yaml") &&
           home_write_text(dir, "arpf/arpfd.yaml", arpfd_text, f) &&
           home_write_text(dir, "discovery/dausfd.yaml", dausfd_text, f) &&
           home_write_text(dir, "rsmf/rsmfd.yaml", rsmfd_text, f);
}
