/* The configuration: what is read, and for each fault its place and sentence. Covers by the one way
 * in src/nf/common/config_places.c, src/nf/common/config_yaml.c, src/nf/common/config_values.c,
 * src/nf/common/config_network.c, src/nf/common/config_demo.c, src/nf/hssd/config_raw.c,
 * src/nf/hssd/config_check.c. */
#include "lib/check.h"

#include "nf/hssd/config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HEAD                                                                                       \
    "origin_host: hss.example.net\n"                                                               \
    "origin_realm: example.net\n"                                                                  \
    "plmns: [\"001-01\", \"310-410\"]\n"                                                           \
    "store: {path: hss.db, key_file: /etc/hss.key}\n"                                              \
    "admin: {socket: admin.sock}\n"
#define LISTENERS "listeners:\n  - address: tcp://127.0.0.1:3868\n"
#define PEERS                                                                                      \
    "peers:\n"                                                                                     \
    "  - origin_host: MME2.example.net\n    realm: example.net\n    visited_plmns: [\"001-01\"]\n" \
    "  - origin_host: mme1.example.net\n    realm: example.net\n    visited_plmns: [\"001-01\"]\n"
#define PROFILES                                                                                   \
    "profiles:\n  - name: default\n    ambr: {uplink: 50 Mbps, downlink: 4294967295}\n"            \
    "    apns: [{name: internet}, {name: ims, qci: 5}]\n    default_apn: ims\n"
#define GOOD HEAD LISTENERS PEERS PROFILES

struct file {
    char folder[32];
    char path[64];
};

static struct file file_of(const char *text)
{
    struct file f = {.folder = "/tmp/bindery-config-XXXXXX"};
    assert_non_null(mkdtemp(f.folder));
    snprintf(f.path, sizeof f.path, "%s/hssd.yaml", f.folder);
    FILE *out = fopen(f.path, "w");
    assert_non_null(out);
    fputs(text, out);
    fclose(out);
    return f;
}

static void file_gone(const struct file *f)
{
    unlink(f->path);
    rmdir(f->folder);
}

static enum err load(const char *text, struct hssd_config **out, struct config_why *why)
{
    struct file f = file_of(text);
    enum err err = hssd_config_load(f.path, out, why);
    file_gone(&f);
    return err;
}

static struct hssd_config *loaded(const char *text)
{
    struct hssd_config *c = NULL;
    struct config_why why;
    if (load(text, &c, &why) != E_OK) {
        fail_msg("%s: %s", why.place, why.sentence);
    }
    return c;
}

static void reads_a_whole_file(void **state)
{
    (void)state;
    struct file f = file_of(GOOD);
    struct hssd_config *c = NULL;
    struct config_why why;
    char expected[64];
    assert_ok(hssd_config_load(f.path, &c, &why));
    assert_string_equal(c->origin_host, "hss.example.net");
    assert_int_equal(c->n_plmns, 2);
    assert_string_equal(c->plmns[0].mnc, "01");
    assert_string_equal(c->plmns[1].mnc, "410");
    snprintf(expected, sizeof expected, "%s/hss.db", f.folder);
    assert_string_equal(c->store_path, expected);
    assert_string_equal(c->key_path, "/etc/hss.key");
    assert_int_equal(c->profiles[0].ambr.uplink, 50000000);
    assert_int_equal(c->profiles[0].ambr.downlink, 4294967295u);
    assert_int_equal(c->profiles[0].n_apns, 2);
    assert_int_equal(c->profiles[0].default_context, 2);
    assert_int_equal(c->profiles[0].apns[1].ambr.uplink, 50000000);
    assert_false(c->profiles[0].apns[1].arp_may_pre_empt);
    assert_true(c->profiles[0].apns[1].arp_pre_emptable);
    assert_true(c->listeners[0].loopback);
    hssd_config_free(c);
    file_gone(&f);
}

static void has_the_documented_defaults(void **state)
{
    (void)state;
    struct hssd_config *c = loaded(GOOD);
    assert_int_equal(c->instance, 0);
    assert_int_equal(c->vendor_id, 32473);
    assert_int_equal(c->alarms.suspected_theft_after, 3);
    assert_int_equal(c->alarms.unconfirmed_vectors_after, 5);
    assert_false(c->alarms.unconfirmed_raises_theft);
    assert_int_equal(c->reset, HSSD_RESET_UNCLEAN);
    assert_int_equal(c->reset_pause_seconds, 300);
    assert_false(c->eir.enabled);
    assert_int_equal(c->eir.policy.unknown, EIR_UNKNOWN_REFUSE);
    assert_int_equal(c->eir.policy.pairing, EIR_PAIRING_GREY);
    assert_int_equal(c->limits.eir_rules, 2000000);
    assert_int_equal(c->limits.message_size, 16384);
    assert_int_equal(c->limits.writer_queue, 4096);
    assert_int_equal(c->limits.messages_per_turn, 16);
    assert_int_equal(c->limits.wait_of_peer_ms, 250);
    assert_int_equal(c->limits.wait_of_all_ms, 50);
    assert_int_equal(c->limits.spin_microseconds, 200);
    assert_int_equal(c->limits.events_kept, 100000);
    assert_int_equal(c->timers.watchdog_seconds, 30);
    assert_int_equal(c->timers.cer_seconds, 10);
    assert_int_equal(c->log_level, LOG_LEVEL_INFO);
    assert_false(c->mask_imsi);
    assert_false(c->served_imei_known);
    assert_int_equal(c->peers[0].connections, 2);
    assert_int_equal(c->peers[0].kind, HSSD_PEER_END);
    assert_int_equal(c->peers[0].role, HSSD_ROLE_MME);
    assert_true(c->peers[0].on_tcp);
    assert_false(c->peers[0].on_tls);
    assert_int_equal(c->profiles[0].network_access_mode, 2);
    hssd_config_free(c);
}

static void takes_each_policy_of_the_eir_by_its_name(void **state)
{
    (void)state;
    static const char *const unknown[] = {"refuse", "allow", "grey"};
    static const char *const pairing[] = {"off", "report", "grey", "black"};
    for (unsigned i = 0; i < 4; i++) {
        char text[2048];
        snprintf(text, sizeof text, "%seir: {enabled: true, unknown: %s, pairing: %s}\n", GOOD,
                 unknown[i % 3], pairing[i]);
        struct hssd_config *c = loaded(text);
        assert_true(c->eir.enabled);
        assert_int_equal(c->eir.policy.unknown, i % 3);
        assert_int_equal(c->eir.policy.pairing, i);
        hssd_config_free(c);
    }
}

static void finds_peers_in_either_case_of_letters(void **state)
{
    (void)state;
    struct hssd_config *c = loaded(GOOD);
    const struct hssd_peer *p = hssd_config_peer_by_host(c, BYTES_LIT("mme2.EXAMPLE.net"));
    assert_non_null(p);
    assert_string_equal(p->origin_host, "MME2.example.net");
    assert_non_null(hssd_config_peer_by_host(c, BYTES_LIT("MME1.example.net")));
    assert_null(hssd_config_peer_by_host(c, BYTES_LIT("mme1.example.ne")));
    assert_null(hssd_config_peer_by_host(c, BYTES_LIT("mme1.example.netx")));
    assert_null(hssd_config_peer_by_host(c, BYTES_LIT("a")));
    assert_null(hssd_config_peer_by_host(c, (struct bytes){NULL, 0}));
    assert_non_null(hssd_config_profile(c, "default"));
    assert_null(hssd_config_profile(c, "defaul"));
    hssd_config_free(c);
}

static void knows_its_own_subscribers(void **state)
{
    (void)state;
    struct hssd_config *c = loaded(GOOD);
    struct imsi imsi;
    assert_ok(imsi_parse(BYTES_LIT("001010000000001"), &imsi));
    assert_true(hssd_config_is_home(c, &imsi));
    assert_ok(imsi_parse(BYTES_LIT("001020000000001"), &imsi));
    assert_false(hssd_config_is_home(c, &imsi));
    hssd_config_free(c);
}

static void takes_an_agent(void **state)
{
    (void)state;
    struct hssd_config *c =
        loaded(HEAD LISTENERS PROFILES
               "peers:\n  - origin_host: dra.example.org\n    realm: example.org\n    kind: agent\n"
               "    role: sgsn\n    realms: [a.example, b.example]\n    origins: [x.a.example]\n"
               "    visited_plmns: [\"999-70\"]\n    addresses: [\"192.0.2.1\", \"2001:db8::1\"]\n"
               "    transports: [tls, sctp]\n    connections: 5\n    sends_served_imei: true\n");
    const struct hssd_peer *p = &c->peers[0];
    assert_int_equal(p->kind, HSSD_PEER_AGENT);
    assert_int_equal(p->role, HSSD_ROLE_SGSN);
    assert_int_equal(p->n_realms, 2);
    assert_int_equal(p->n_origins, 1);
    assert_int_equal(p->n_addresses, 2);
    assert_int_equal(p->addresses[1].family, 6);
    assert_true(p->on_tls && p->on_sctp && !p->on_tcp);
    assert_true(c->served_imei_known);
    hssd_config_free(c);
}

/* A certificate as `bindery up` makes them; only its subject is looked at. */
static const char demo_certificate[] =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIB5DCCAYmgAwIBAgIUWcWHdvsVlJmpTa8HXmuMtx5qlpMwCgYIKoZIzj0EAwIw\n"
    "RjEqMCgGA1UECgwhQmluZGVyeSBkZW1vIFBLSSwgbm90IGZvciBzZXJ2aWNlMRgw\n"
    "FgYDVQQDDA9oc3MuZXhhbXBsZS5uZXQwIBcNMjYxMTIxMDUxODI1WhgPMjEyNjEw\n"
    "MjgwNTE4MjVaMEYxKjAoBgNVBAoMIUJpbmRlcnkgZGVtbyBQS0ksIG5vdCBmb3Ig\n"
    "c2VydmljZTEYMBYGA1UEAwwPaHNzLmV4YW1wbGUubmV0MFkwEwYHKoZIzj0CAQYI\n"
    "KoZIzj0DAQcDQgAEXCtyir+7c7hz8aJTirQu1DnVhdkddz3bopGsVhhBON6qP+xD\n"
    "fW6Pkmn4KZPTj1owwkVf3h8JbiZfmu7Z+p+MyaNTMFEwHQYDVR0OBBYEFGZcAxjv\n"
    "Qcj49Zkl3laGVeFgHa1IMB8GA1UdIwQYMBaAFGZcAxjvQcj49Zkl3laGVeFgHa1I\n"
    "MA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDSQAwRgIhAIp2oqJC512dU8pg\n"
    "8xqnkF3QPOFWJDa27FuWQ9NiHPiPAiEA0SJ8+cmItZuWHxqUHQ9GScGN5INDzpby\n"
    "j+8NBXkpOxA=\n"
    "-----END CERTIFICATE-----\n";

static void refuses_the_demo_pki_beyond_loopback(void **state)
{
    (void)state;
    static const char *const hosts[] = {"127.0.0.1", "192.0.2.1"};
    struct file f = file_of(demo_certificate); /* the PEM file stands in for all three */
    for (size_t i = 0; i < 2; i++) {
        char text[2048];
        struct hssd_config *c = NULL;
        struct config_why why;
        snprintf(text, sizeof text,
                 HEAD
                 "listeners: [{address: \"tls://%s\", certificate: %s, key: %s, ca: %s}]\n" PEERS
                     PROFILES,
                 hosts[i], f.path, f.path, f.path);
        assert_err(load(text, &c, &why), i == 0 ? E_OK : E_BAD_VALUE);
        assert_true(i == 0 || strstr(why.place, "(listeners[0].certificate)") != NULL);
        assert_true(i == 0 || strstr(why.sentence, "demo PKI") != NULL);
        hssd_config_free(c);
    }
    file_gone(&f);
}

/* ---- faults ---- */

#define PEER_WITH(lines)                                                                           \
    HEAD LISTENERS PROFILES "peers:\n  - origin_host: m.example.net\n    realm: "                  \
                            "example.net\n" lines
#define PLMN_LINE           "    visited_plmns: [\"001-01\"]\n"
#define PROFILE_WITH(lines) HEAD LISTENERS PEERS "profiles:\n" lines
#define AMBR                "    ambr: {uplink: 1 Mbps, downlink: 1 Mbps}\n"
#define APN                 "    apns: [{name: internet}]\n"

static const struct fault {
    const char *text;
    const char *place;    /* how it goes on after the file's name */
    const char *sentence; /* a part of it */
} faults[] = {
    {"", ":1:1", "empty"},
    {"- a\n", ":1:1", "group of `key: value`"},
    {"origin_host: [\n", ":2:1", "not YAML"},
    {"origin_host: \"x\n", ":2:1", "not YAML"},
    {"a: &x 1\n", ":1:4", "anchors"},
    {GOOD "colour: red\n", ":20:1 (colour)", "no key `colour`"},
    {GOOD "log:\n  level: info\n  colour: red\n", ":22:3 (log.colour)", "no key `colour`"},
    {GOOD "origin_host: b.example.net\n", ":20:1 (origin_host)", "twice"},
    {GOOD "log: {level: info}\nlog: {mask_imsi: true}\n", ":21:1 (log)", "twice"},
    {GOOD "---\na: 1\n", ":20:1", "second document"},
    {GOOD "log: [info]\n", ":20:", "group of `key: value`"},
    {GOOD "instance: [1]\n", ":20:", "one value"},
    {GOOD "instance: 32\n", ":20:1 (instance)", "from 0 to 31"},
    {GOOD "instance: 010\n", ":20:1 (instance)", "from 0 to 31"},
    {GOOD "instance: -1\n", ":20:1 (instance)", "from 0 to 31"},
    {GOOD "instance:\n", ":20:1 (instance)", "from 0 to 31"},
    {GOOD "vendor_id: 10415\n", ":20:1 (vendor_id)", "3GPP's"},
    {GOOD "log: {mask_imsi: yes}\n", ":20:7 (log.mask_imsi)", "neither `true` nor `false`"},
    {GOOD "log: {level: loud}\n", ":20:7 (log.level)", "debug, info, warning, error"},
    {GOOD "limits: {threads: 17}\n", ":20:10 (limits.threads)", "from 0 to 16"},
    {GOOD "limits: {message_size: 8192, send_buffer: 8191}\n", ":20:30 (limits.send_buffer)",
     "from 32768"},
    {GOOD "timers: {watchdog_seconds: 5}\n", ":20:10 (timers.watchdog_seconds)", "from 6"},
    {GOOD "alarms: {suspected_theft_after: x}\n", ":20:10 (alarms.", "whole number"},
    {GOOD "eir: {enabled: 1}\n", ":20:7 (eir.enabled)", "neither `true` nor `false`"},
    {GOOD "eir: {unknown: deny}\n", ":20:7 (eir.unknown)", "refuse, allow, grey"},
    {GOOD "eir: {pairing: white}\n", ":20:7 (eir.pairing)", "off, report, grey, black"},
    {GOOD "limits: {eir_rules: 999}\n", ":20:10 (limits.eir_rules)", "from 1000 to 100000000"},
    {LISTENERS PEERS PROFILES, ":1:1 (origin_host)", "is missing"},
    {"origin_host: hss_1\norigin_realm: example.net\n", ":1:1 (origin_host)", "not a host"},
    {"origin_host: hss.example.net\norigin_realm: a_b.net\n", ":2:1 (origin_realm)", "not a host"},
    {"origin_host: a.b\norigin_realm: b.c\n", ":1:1 (plmns)", "missing or empty"},
    {"origin_host: a.b\norigin_realm: b.c\nplmns: [\"00101\", \"1\"]\n", ":3:18 (plmns[1])",
     "not a PLMN"},
    {"origin_host: a.b\norigin_realm: b.c\nplmns: [\"001-01\", \"001-01\"]\n", ":3:19 (plmns[1])",
     "already"},
    {"origin_host: a.b\norigin_realm: b.c\nplmns: [\"001-01\"]\nstore: {path: x}\n",
     ":4:1 (store.key_file)", "is missing"},
    {"origin_host: a.b\norigin_realm: b.c\nplmns: [\"001-01\"]\nstore: {path: x, key_file: x}\n"
     "admin: {socket: s}\n",
     ":4:18 (store.key_file)", "same file"},
    {HEAD PEERS PROFILES, ":1:1 (listeners)", "missing or empty"},
    {HEAD "listeners: [{address: \"127.0.0.1:3868\"}]\n", ":6:14 (listeners[0].address)",
     "not an address"},
    {HEAD "listeners: [{address: \"tcp://localhost:3868\"}]\n", ":6:14 (listeners[0].address)",
     "but a name"},
    {HEAD "listeners: [{address: \"tcp://192.0.2.1:3868\"}]\n", ":6:14 (listeners[0].address)",
     "plain_tcp_off_loopback"},
    {HEAD "listeners: [{address: \"sctp://192.0.2.1:3868\"}]\n", ":6:14 (listeners[0].address)",
     "tls://"},
    {HEAD "listeners: [{address: \"tcp://127.0.0.1\", key: k}]\n", ":6:42 (listeners[0].key)",
     "no meaning"},
    {HEAD "listeners: [{address: \"tls://127.0.0.1\", key: k, ca: c}]\n",
     ":6:13 (listeners[0].certificate)", "is missing"},
    {HEAD
     "listeners: [{address: \"tls://127.0.0.1\", certificate: x, key: /dev/null, ca: /none}]\n",
     ":6:74 (listeners[0].ca)", "/none cannot be read"},
    {HEAD "listeners: [{address: \"tcp://127.0.0.1:1\"}, {address: \"tcp://127.0.0.1:1\"}]\n",
     ":6:46 (listeners[1].address)", "listeners[0] too"},
    {PEER_WITH(""), ":14:5 (peers[0].visited_plmns)", "missing or empty"},
    {PEER_WITH(PLMN_LINE "    kind: both\n"), ":17:5 (peers[0].kind)", "end, agent"},
    {PEER_WITH(PLMN_LINE "    role: hlr\n"), ":17:5 (peers[0].role)", "mme, sgsn"},
    {PEER_WITH(PLMN_LINE "    origins: [x.y]\n"), ":17:5 (peers[0].origins)", "kind: agent"},
    {PEER_WITH(PLMN_LINE "    kind: agent\n"), ":14:5 (peers[0].realms)", "is missing"},
    {PEER_WITH(PLMN_LINE "    kind: agent\n    realms: [a.b, A.B]\n"),
     ":18:19 (peers[0].realms[1])", "realms[0]: keep one"},
    {PEER_WITH(PLMN_LINE "    addresses: [\"192.0.2.1:3868\"]\n"), ":17:17 (peers[0].addresses[0])",
     "not an IP address"},
    {PEER_WITH(PLMN_LINE "    addresses: [\"::1\", \"::1\"]\n"), ":17:24 (peers[0].addresses[1])",
     "addresses[0]"},
    {PEER_WITH(PLMN_LINE "    transports: [udp]\n"), ":17:18 (peers[0].transports[0])",
     "tcp, tls, sctp"},
    {PEER_WITH(PLMN_LINE "    connections: 65\n"), ":17:5 (peers[0].connections)", "1 to 64"},
    {HEAD LISTENERS PROFILES
     "peers:\n  - origin_host: HSS.example.net\n    realm: example.net\n" PLMN_LINE,
     ":14:5 (peers[0].origin_host)", "this HSS itself"},
    {GOOD "    connections: 1\n", ":20:5", "no key"},
    {HEAD LISTENERS PROFILES PEERS
     "  - origin_host: mme2.EXAMPLE.net\n    realm: example.net\n" PLMN_LINE,
     ":20:5 (peers[2].origin_host)", "peers[0] and peers[2]"},
    {HEAD "listeners: [{address: \"tcp://192.0.2.1\", plain_tcp_off_loopback: true}]\n" PEERS,
     ":8:5 (peers[0].addresses)", "nothing else proves"},
    {HEAD LISTENERS PEERS, ":1:1 (profiles)", "missing or empty"},
    {PROFILE_WITH("  - name: a b\n" AMBR APN), ":16:5 (profiles[0].name)", "1 to 31"},
    {PROFILE_WITH("  - name: a\n" APN), ":16:5 (profiles[0].ambr.uplink)", "is missing"},
    {PROFILE_WITH("  - name: a\n    ambr: {uplink: 5 Mb, downlink: 1}\n" APN),
     ":17:12 (profiles[0].ambr.uplink)", "not a rate"},
    {PROFILE_WITH("  - name: a\n    ambr: {uplink: 5 Gbps, downlink: 1}\n" APN),
     ":17:12 (profiles[0].ambr.uplink)", "4294967295"},
    {PROFILE_WITH("  - name: a\n" AMBR), ":16:5 (profiles[0].apns)", "at least one APN"},
    {PROFILE_WITH("  - name: a\n" AMBR "    apns: [{name: a..b}]\n"),
     ":18:13 (profiles[0].apns[0].name)", "access point name"},
    {PROFILE_WITH("  - name: a\n" AMBR "    apns: [{name: x}, {name: X}]\n"),
     ":18:24 (profiles[0].apns[1].name)", "apns[0]"},
    {PROFILE_WITH("  - name: a\n" AMBR "    apns: [{name: x}, {name: y, context: 1}]\n"),
     ":18:33 (profiles[0].apns[1].context)", "apns[0]"},
    {PROFILE_WITH("  - name: a\n" AMBR "    apns: [{name: x, arp: {priority: 16}}]\n"),
     ":18:28 (profiles[0].apns[0].arp.priority)", "from 1 to 15"},
    {PROFILE_WITH("  - name: a\n" AMBR "    apns: [{name: x, ambr: {uplink: 1}}]\n"),
     "(profiles[0].apns[0].ambr.downlink)", "is missing"},
    {PROFILE_WITH("  - name: a\n" AMBR APN "    default_apn: y\n"),
     ":19:5 (profiles[0].default_apn)", "none of this profile's apns"},
    {PROFILE_WITH("  - name: a\n" AMBR APN "  - name: a\n" AMBR APN), ":19:5 (profiles[1].name)",
     "profiles[0] and profiles[1]"},
};

static void names_place_and_sentence_of_each_fault(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        struct hssd_config *c = NULL;
        struct config_why why;
        enum err err = load(faults[i].text, &c, &why);
        bool named = strstr(why.place, "/hssd.yaml") != NULL &&
                     strstr(why.place, faults[i].place) != NULL &&
                     strstr(why.sentence, faults[i].sentence) != NULL;
        if (err != E_BAD_VALUE || !named || c != NULL) {
            fail_msg("fault %zu, wanted ..%s: ..%s.., got %s %s: %s", i, faults[i].place,
                     faults[i].sentence, err_name(err), why.place, why.sentence);
        }
    }
}

static void says_that_a_file_is_not_there(void **state)
{
    (void)state;
    struct hssd_config *c = NULL;
    struct config_why why;
    assert_err(hssd_config_load("/nonexistent/hssd.yaml", &c, &why), E_NOT_FOUND);
    assert_string_equal(why.place, "/nonexistent/hssd.yaml");
    assert_non_null(strstr(why.sentence, "examples/hssd.yaml"));
}

/* Every prefix of a good file is read or refused, never anything else. */
static void survives_every_prefix(void **state)
{
    (void)state;
    char text[sizeof GOOD];
    struct file f = file_of("");
    for (size_t n = 0; n < sizeof GOOD; n += 7) {
        struct hssd_config *c = NULL;
        struct config_why why;
        memcpy(text, GOOD, n);
        FILE *out = fopen(f.path, "w");
        assert_non_null(out);
        fwrite(text, 1, n, out);
        fclose(out);
        enum err err = hssd_config_load(f.path, &c, &why);
        assert_true(err == E_OK || (err == E_BAD_VALUE && why.sentence[0] != '\0'));
        hssd_config_free(c);
    }
    file_gone(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_a_whole_file),
        cmocka_unit_test(has_the_documented_defaults),
        cmocka_unit_test(takes_each_policy_of_the_eir_by_its_name),
        cmocka_unit_test(finds_peers_in_either_case_of_letters),
        cmocka_unit_test(knows_its_own_subscribers),
        cmocka_unit_test(takes_an_agent),
        cmocka_unit_test(refuses_the_demo_pki_beyond_loopback),
        cmocka_unit_test(names_place_and_sentence_of_each_fault),
        cmocka_unit_test(says_that_a_file_is_not_there),
        cmocka_unit_test(survives_every_prefix),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
