/* What the first run puts into the directory: src/cli/home.h. */
#include "cli/home_parts.h"
#include "cli/pki.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#define PORT_TCP  3868
#define PORT_TLS  5658
#define PORT_S1   36412
#define PORT_REPO 8443

/* ---- ports ---- */

/* Can we listen there? *port 0 gets a free one. */
static bool is_free(long *port)
{
    struct sockaddr_in a = {.sin_family = AF_INET,
                            .sin_port = htons((uint16_t)*port),
                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof a;
    int one = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool good = fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) == 0 &&
                bind(fd, (struct sockaddr *)&a, sizeof a) == 0 && listen(fd, 1) == 0 &&
                getsockname(fd, (struct sockaddr *)&a, &n) == 0;
    *port = good ? ntohs(a.sin_port) : *port;
    if (fd >= 0) {
        (void)close(fd);
    }
    return good;
}

static bool choose_port(const char *option, long wanted, long registered, long *out)
{
    *out = wanted < 0 ? registered : wanted;
    if (is_free(out)) {
        return true;
    }
    cli_error("127.0.0.1:%ld is taken by another program; stop it, or give `up` another port with "
              "%s N (0: a free one)",
              *out, option);
    return false;
}

/* ---- files ---- */

bool home_write_kek(const char *dir, const char *name)
{
    uint8_t kek[32];
    char text[2 * sizeof kek + 2];
    if (home_has(dir, name)) {
        return true;
    }
    if (getrandom(kek, sizeof kek, 0) != (ssize_t)sizeof kek) {
        cli_error("no random numbers: %s", strerror(errno));
        return false;
    }
    hex_encode(BYTES_OF(kek), text);
    text[sizeof text - 2] = '\n';
    bool good = home_write(dir, name, text, sizeof text - 1);
    wipe(kek, sizeof kek);
    wipe(text, sizeof text);
    return good;
}

/* The value of the mark that stands at `at`, "@NAME@"; *n is the mark's length. NULL: none does. */
static const char *mark_at(const struct home_filling *f, const char *at, char number[static 24],
                           size_t *n)
{
    const struct {
        const char *mark, *text;
        long port;
    } marks[] = {{"@PLMN@", f->plmn, 0},
                 {"@REALM@", f->realm, 0},
                 {"@IMSIS@", f->onboarding, 0},
                 {"@TEMPORARY@", f->temporary, 0},
                 {"@LASTING@", f->lasting, 0},
                 {"@TCP@", NULL, f->ports.tcp},
                 {"@TLS@", NULL, f->ports.tls},
                 {"@S1@", NULL, f->ports.s1},
                 {"@REPO@", NULL, f->ports.repo},
                 {"@ARPF@", NULL, f->party[HOME_PORT_ARPF]},
                 {"@OFFERS@", NULL, f->party[HOME_PORT_OFFERS]},
                 {"@PUSH@", NULL, f->party[HOME_PORT_PUSH]},
                 {"@RSMF@", NULL, f->party[HOME_PORT_RSMF]},
                 {"@DEVICES@", NULL, f->party[HOME_PORT_DEVICES]},
                 {"@DISCOVERY@", NULL, f->party[HOME_PORT_DISCOVERY]},
                 {"@HSSADMIN@", NULL, f->party[HOME_PORT_HSS_ADMIN]},
                 {"@MMEADMIN@", NULL, f->party[HOME_PORT_MME_ADMIN]},
                 {"@MAKER@", HOME_MAKER, 0}};
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++) {
        *n = strlen(marks[i].mark);
        if (strncmp(at, marks[i].mark, *n) == 0) {
            snprintf(number, 24, "%ld", marks[i].port);
            return marks[i].text ? marks[i].text : number;
        }
    }
    return NULL;
}

bool home_write_text(const char *dir, const char *name, const char *text,
                     const struct home_filling *filling)
{
    char filled[8192], number[24];
    size_t n = 0, skip = 0;
    while (*text && n < sizeof filled) {
        const char *value = *text == '@' ? mark_at(filling, text, number, &skip) : NULL;
        int more = value ? snprintf(filled + n, sizeof filled - n, "%s", value) : 1;
        if (!value) {
            filled[n] = *text;
        }
        n += (size_t)more;
        text += value ? skip : 1;
    }
    return n < sizeof filled && home_write(dir, name, filled, n);
}

static const char hssd_text[] =
    "# Made by `bindery up`; yours to change from here on. man 5 hssd.yaml tells every key.\n"
    "# Paths are relative to this file's directory, where `bindery up` starts the daemon.\n"
    "origin_host: hss.@REALM@\n"
    "origin_realm: @REALM@\n"
    "plmns: [\"@PLMN@\"]\n"
    "\n"
    "store:\n"
    "  path: hss.db\n"
    "  key_file: kek\n"
    "  backup_folder: backups\n"
    "admin:\n"
    "  socket: admin.sock\n"
    "  # From elsewhere too: `bindery --server https://localhost:@HSSADMIN@ --certificate "
    "pki/admin.crt\n"
    "  # --key pki/admin.key --ca pki/ca.crt status`.\n"
    "  https:\n"
    "    listen: https://127.0.0.1:@HSSADMIN@\n"
    "    certificate: pki/api.crt\n"
    "    key: pki/api.key\n"
    "    ca: pki/ca.crt\n"
    "    users:\n"
    "      - name: admin.@REALM@\n"
    "        role: administrator\n"
    "\n"
    "listeners:\n"
    "  - address: tcp://127.0.0.1:@TCP@\n"
    "  - address: tls://127.0.0.1:@TLS@\n"
    "    certificate: pki/hss.crt\n"
    "    key: pki/hss.key\n"
    "    ca: pki/ca.crt\n"
    "\n"
    "# Only these may speak to the HSS, and only for what stands here.\n"
    "peers:\n"
    "  - origin_host: mme.@REALM@\n"
    "    realm: @REALM@\n"
    "    visited_plmns: [\"@PLMN@\"]\n"
    "    transports: [tcp, tls]\n"
    "    sends_served_imei: false\n"
    "  - origin_host: mme1.@REALM@\n"
    "    realm: @REALM@\n"
    "    visited_plmns: [\"@PLMN@\"]\n"
    "    transports: [tls]\n"
    "    sends_served_imei: true\n"
    "    sends_device_proof: true\n"
    "    onboarding: true\n"
    "\n"
    "# Where the keys are by which devices prove their IMEI, and whose records are believed.\n"
    "repositories:\n"
    "  - name: repo\n"
    "    url: https://localhost:@REPO@\n"
    "    certificate: pki/hss.crt\n"
    "    key: pki/hss.key\n"
    "    ca: pki/ca.crt\n"
    "    signers: [records.pub]\n"
    "\n"
    "profiles:\n"
    "  - name: default\n"
    "    default_apn: internet\n"
    "    ambr: {uplink: 50000000, downlink: 100000000}\n"
    "    apns:\n"
    "      - name: internet\n"
    "        context: 1\n"
    "        pdn_type: ipv4v6\n"
    "        qci: 9\n"
    "        arp: {priority: 8}\n"
    "        ambr: {uplink: 50000000, downlink: 100000000}\n"
    "\n"
    "# What keys are encrypted under on their way: that of demo/sim-maker.out, which everybody "
    "knows;\n"
    "# and one of your own for `bindery export --keys --transport-key export`.\n"
    "transport_keys:\n"
    "  - {name: sim-maker, file: sim-maker.key, algorithm: aes-128-ecb}\n"
    "  - {name: export, file: export.key, algorithm: aes-kw, export: true}\n"
    "\n"
    "alarms:\n"
    "  suspected_theft_after: 3\n"
    "  unconfirmed_vectors_after: 10\n"
    "eir:\n"
    "  enabled: true\n"
    "  unknown: allow\n"
    "\n"
    "# Devices make their own key where the subscription learns. Whose certificates are believed;\n"
    "# `bindery lot import` brings what the keys are decrypted with.\n"
    "kme:\n"
    "  ca: pki/device-ca.crt\n"
    "  crl: pki/device-ca.crl\n"
    "\n"
    "# Devices that service providers offer find this operator by a discovery IMSI: `bindery "
    "dimsi`.\n"
    "dimsi:\n"
    "  plmn: \"@PLMN@\"\n"
    "  listen: https://127.0.0.1:@OFFERS@\n"
    "  certificate: pki/offers.crt\n"
    "  key: pki/offers.key\n"
    "  ca: pki/ca.crt\n"
    "  ausf:\n"
    "    certificate: pki/ausf.crt\n"
    "    key: pki/ausf.key\n"
    "    agreement_certificate: pki/ausf-agreement.crt\n"
    "    agreement_key: pki/ausf-agreement.key\n"
    "  sp: {roots: pki/ca.crt}\n"
    "  ci: {roots: ci/ci.crt, crl: ci/ci.crl}\n"
    "  service_providers:\n"
    "    - {name: " PKI_SP ", offers_most: 100000}\n"
    "  arpfs:\n"
    "    - {name: " PKI_ARPF ", link: \"https://localhost:@ARPF@\", ca: pki/ca.crt}\n"
    "  discovery:\n"
    "    - {plmn: \"" HOME_DISCOVERY_PLMN "\", link: \"https://localhost:@PUSH@\", ca: "
    "pki/ca.crt}\n"
    "  rsmf: {link: \"https://localhost:@RSMF@\", ca: pki/ca.crt}\n"
    "  imsis: [\"@TEMPORARY@\"] # until a device has the operator's own subscription\n"
    "  profile: default\n"
    "  operator_imsis: [\"@LASTING@\"]\n"
    "  operator_profile: default\n"
    "\n"
    "# Devices that have no subscription get one by the URL of their certificate, which is of "
    "this\n"
    "# authority. With `approval: hand` you say of each whether it may: `bindery onboarding`.\n"
    "onboarding:\n"
    "  certificate: pki/operator.crt\n"
    "  key: pki/operator.key\n"
    "  profile: default\n"
    "  policy: learn # their first attach makes the key that binds them\n"
    "  imsis: [\"@IMSIS@\"]\n"
    "  authorities:\n"
    "    - name: maker\n"
    "      host: " HOME_CA_HOST "\n"
    "      link: https://localhost:@REPO@\n"
    "      certificate: pki/hss.crt\n"
    "      key: pki/hss.key\n"
    "      ca: pki/ca.crt\n"
    "      roots: pki/device-ca.crt\n"
    "      device_crl: pki/device-ca.crl\n"
    "      signers: [records.pub]\n"
    "      approval: rule\n";

static const char mmed_text[] =
    "# Made by `bindery up`; yours to change from here on. man 5 mmed.yaml tells every key.\n"
    "# Paths are relative to this file's directory. Without this file `bindery up` starts no MME.\n"
    "origin_host: mme1.@REALM@\n"
    "origin_realm: @REALM@\n"
    "plmn: \"@PLMN@\"\n"
    "tracking_areas: [1]\n"
    "\n"
    "admin:\n"
    "  socket: mme.sock\n"
    "  https:\n"
    "    listen: https://127.0.0.1:@MMEADMIN@\n"
    "    certificate: pki/api.crt\n"
    "    key: pki/api.key\n"
    "    ca: pki/ca.crt\n"
    "    users:\n"
    "      - name: admin.@REALM@\n"
    "        role: administrator\n"
    "\n"
    "listeners:\n"
    "  - address: s1-tcp://127.0.0.1:@S1@\n"
    "\n"
    "homes:\n"
    "  - plmns: [\"@PLMN@\"]\n"
    "    peers: [hss.@REALM@]\n"
    "  - plmns: [\"" HOME_DISCOVERY_PLMN "\"] # of discovery IMSIs\n"
    "    peers: [" HOME_DAUSF "]\n"
    "peers:\n"
    "  - origin_host: hss.@REALM@\n"
    "    realm: @REALM@\n"
    "    address: tls://127.0.0.1:@TLS@\n"
    "    certificate: pki/mme1.crt\n"
    "    key: pki/mme1.key\n"
    "    ca: pki/ca.crt\n"
    "  - origin_host: " HOME_DAUSF "\n"
    "    realm: " HOME_DISCOVERY_REALM "\n"
    "    address: tls://127.0.0.1:@DISCOVERY@\n"
    "    certificate: pki/mme1.crt\n"
    "    key: pki/mme1.key\n"
    "    ca: pki/ca.crt\n"
    "\n"
    "serve: true # a default bearer at the end of an attach\n"
    "sends_served_imei: true\n"
    "check_imei: true\n"
    "network_name: Bindery\n"
    "\n"
    "# Devices are asked to prove their IMEI where the subscription wants it.\n"
    "devid:\n"
    "  signers: [records.pub]\n"
    "  ca: pki/device-ca.crt\n"
    "  crl: pki/device-ca.crl # good for 30 days; `bindery up` renews it\n"
    "\n"
    "# Devices make their own key where the subscription learns; those that have no subscription "
    "get\n"
    "# one from the network of this realm.\n"
    "provisioning: {kme: true, onboarding: @REALM@}\n";

static const char repod_text[] =
    "# Made by `bindery up`; yours to change from here on. man 5 repod.yaml tells every key.\n"
    "# Paths are relative to this file's directory. Without this file `bindery up` starts no\n"
    "# repository.\n"
    "listener:\n"
    "  address: https://127.0.0.1:@REPO@\n"
    "  certificate: pki/repo.crt\n"
    "  key: pki/repo.key\n"
    "  ca: pki/ca.crt\n"
    "\n"
    "signing_key: records.key\n"
    "store: repod.db\n"
    "audit: repod-audit.log\n"
    "# It is the certificate site too: chains of devices at their URLs.\n"
    "site: {crl: [pki/device-ca.crl]}\n"
    "\n"
    "# Who may publish, for which TACs, and the CA of its devices' certificates.\n"
    "manufacturers:\n"
    "  - name: @MAKER@\n"
    "    ranges: [\"35693803\", \"35693804\", \"35693900\"]\n"
    "    device_ca: pki/device-ca.crt\n"
    "# Who may ask.\n"
    "operators:\n"
    "  - name: hss.@REALM@\n"
    "\n"
    "admin:\n"
    "  socket: repod.sock\n";

/* Of a first run that did not end. */
static bool remove_one(const char *dir, const char *name)
{
    char path[CLI_PATH_MAX];
    return cli_path(dir, name, path, sizeof path) && (unlink(path) == 0 || errno == ENOENT);
}

/* The key that signs the repository's records. Its public half is made last: where that is, both
 * are. */
static bool make_records_key(const char *dir)
{
    return remove_one(dir, "records.key") && pki_signing_key(dir, "records");
}

static bool make_pki(const char *dir, const struct plmn *plmn, const char *realm)
{
    static const char *const names[] = {"hss", "mme", "mme1", "admin", "repo", "api", "maker"};
    static const char *const roles[] = {
        [0] = "operator", [3] = "administrator", [4] = "repository", [6] = "manufacturer"};
    char host[4][REALM_TEXT_MAX + 8];
    const char *const hosts[] = {host[0],     host[1],     host[2],   host[3],
                                 "localhost", "localhost", HOME_MAKER};
    char path[CLI_PATH_MAX];
    for (size_t i = 0; i < 4; i++) {
        snprintf(host[i], sizeof host[i], "%s.%s", names[i], realm);
    }
    return cli_path(dir, "pki", path, sizeof path) &&
           pki_make_roles(path, names, hosts, roles, 7) && pki_make_operator(path, plmn, 1);
}

/* Renames it to NAME.old. */
static bool put_aside(const char *dir, const char *name)
{
    char path[CLI_PATH_MAX], leaf[64], aside[CLI_PATH_MAX];
    snprintf(leaf, sizeof leaf, "%s.old", name);
    if (!home_has(dir, name)) {
        return true;
    }
    if (!cli_path(dir, name, path, sizeof path) || !cli_path(dir, leaf, aside, sizeof aside)) {
        return false;
    }
    if (rename(path, aside) != 0) {
        cli_error("%s to %s: %s", path, aside, strerror(errno));
        return false;
    }
    return true;
}

/* What stands there without an hssd.yaml is of a first run that did not end, and has other ports;
 * certificates may be of a version that had no repository, no operator or no administrator. */
static bool put_old_aside(const char *dir)
{
    return put_aside(dir, "mmed.yaml") && put_aside(dir, "repod.yaml") &&
           ((home_has(dir, "pki/operator.key") && home_has(dir, "pki/admin.key")) ||
            put_aside(dir, "pki"));
}

/* Of a version that had no repository? It serves on as it did; nothing of its owner's is changed
 * unasked. */
static void say_if_old(const char *dir)
{
    char path[CLI_PATH_MAX], line[256];
    bool knows = home_has_repo(dir);
    FILE *f = cli_path(dir, "hssd.yaml", path, sizeof path) ? fopen(path, "re") : NULL;
    while (f && fgets(line, sizeof line, f)) {
        knows = knows || strstr(line, "repositories:");
    }
    if (f) {
        (void)fclose(f);
    }
    if (!knows) {
        cli_error(
            "%s is of a version without a repository of device keys, and is served as it "
            "is. For one: `bindery down`, `mv %s %s.old`, `bindery up`; subscribers stay, and "
            "what you changed in the .old files is to be carried over",
            path, path, path);
    }
}

/* Lists of revoked certificates have an end, after which nothing counts as proven. */
static bool renew_list(const char *dir)
{
    char path[CLI_PATH_MAX];
    bool fresh;
    return (!home_has(dir, "pki/device-ca.key") ||
            (cli_path(dir, "pki", path, sizeof path) && pki_revoke(path, NULL, &fresh))) &&
           (!home_has(dir, "ci/ci.key") ||
            (cli_path(dir, "ci", path, sizeof path) && pki_ci_revoke(path, NULL, &fresh)));
}

static bool is_furnished(const char *dir, const struct home_ports *wanted, const struct plmn *plmn)
{
    if (!home_has(dir, "hssd.yaml")) {
        return false;
    }
    if (wanted->tcp >= 0 || wanted->tls >= 0 || wanted->s1 >= 0 || wanted->repo >= 0 || plmn) {
        cli_error("%s/hssd.yaml is there already: its listeners and PLMN and those of mmed.yaml "
                  "and repod.yaml count, not the ports and the PLMN of the command line; change "
                  "them there",
                  dir);
    }
    say_if_old(dir);
    return true;
}

static bool choose_ports(const struct home_ports *wanted, struct home_ports *out)
{
    return choose_port("--port", wanted->tcp, PORT_TCP, &out->tcp) &&
           choose_port("--tls-port", wanted->tls, PORT_TLS, &out->tls) &&
           choose_port("--s1-port", wanted->s1, PORT_S1, &out->s1) &&
           choose_port("--repo-port", wanted->repo, PORT_REPO, &out->repo);
}

/* Those behind the repository's, or free ones where that is free to be any. */
static bool choose_party_ports(const struct home_ports *wanted, struct home_filling *f)
{
    bool good = true;
    for (long i = 0; good && i < HOME_PARTY_PORTS; i++) {
        good = choose_port("--repo-port", wanted->repo == 0 ? 0 : f->ports.repo + 1 + i, 0,
                           &f->party[i]);
        for (long k = 0; good && k < i && wanted->repo == 0; k++) {
            i -= f->party[k] == f->party[i]; /* once more */
        }
    }
    return good;
}

/* A hundred thousand IMSIs, apart from those that people begin with. */
static void range_of(const struct plmn *plmn, int first, char out[static 2 * IMSI_DIGITS_MAX + 2])
{
    const int digits = 15 - (int)strlen(plmn->mcc) - (int)strlen(plmn->mnc);
    snprintf(out, 2 * IMSI_DIGITS_MAX + 2, "%s%s%0*d-%s%s%0*d", plmn->mcc, plmn->mnc, digits, first,
             plmn->mcc, plmn->mnc, digits, first + 99999);
}

static void fill(struct home_filling *f, const struct plmn *plmn)
{
    plmn_print(plmn, f->plmn);
    plmn_realm(plmn, f->realm);
    range_of(plmn, 500000, f->onboarding);
    range_of(plmn, 700000, f->temporary);
    range_of(plmn, 800000, f->lasting);
}

static bool make_backups(const char *dir)
{
    char path[CLI_PATH_MAX];
    return cli_path(dir, "backups", path, sizeof path) && home_make(path);
}

/* The first one opens demo/sim-maker.out, and stands in docs/keys.md: it keeps nothing secret. */
static bool make_transport_keys(const char *dir)
{
    static const char demonstration[] = "8f1d0b7a52c64e93a0d4be6c17f25a38\n";
    return (home_has(dir, "sim-maker.key") ||
            home_write(dir, "sim-maker.key", demonstration, sizeof demonstration - 1)) &&
           home_write_kek(dir, "export.key");
}

bool home_furnish(const char *dir, const struct home_ports *wanted, const struct plmn *plmn)
{
    static const struct plmn test_network = {.mcc = "001", .mnc = "01"};
    struct home_filling f;
    if (is_furnished(dir, wanted, plmn)) {
        return renew_list(dir);
    }
    plmn = plmn ? plmn : &test_network;
    fill(&f, plmn);
    if (!choose_ports(wanted, &f.ports) || !choose_party_ports(wanted, &f)) {
        return false;
    }
    /* the HSS's configuration comes last: where it is, everything is */
    return home_write_kek(dir, "kek") && make_transport_keys(dir) && make_backups(dir) &&
           put_old_aside(dir) && (home_has(dir, "pki") || make_pki(dir, plmn, f.realm)) &&
           home_furnish_parties(dir, plmn, &f) &&
           (home_has(dir, "records.pub") || make_records_key(dir)) &&
           home_write_text(dir, "repod.yaml", repod_text, &f) &&
           home_write_text(dir, "mmed.yaml", mmed_text, &f) &&
           home_write_text(dir, "hssd.yaml", hssd_text, &f);
}
