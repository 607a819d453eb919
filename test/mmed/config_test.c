/* The configuration: what is read, and for each fault its place and sentence. Covers by the one way
 * in src/nf/mmed/config_raw.c, src/nf/mmed/config_check.c, src/nf/mmed/config_s1.c,
 * src/nf/mmed/config_homes.c, src/nf/mmed/config_service.c and src/nf/mmed/config_devid.c. */
#include "lib/check.h"

#include "nf/mmed/config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HEAD                                                                                       \
    "origin_host: mme1.example.net\n"                                                              \
    "origin_realm: example.net\n"                                                                  \
    "plmn: \"001-01\"\n"                                                                           \
    "admin: {socket: mme.sock}\n"
#define PEERS                                                                                      \
    "peers:\n"                                                                                     \
    "  - {origin_host: hss1.example.net, realm: example.net, address: \"tcp://127.0.0.1:1\"}\n"    \
    "  - {origin_host: hss2.example.net, realm: example.net, address: \"tcp://127.0.0.1:2\"}\n"
#define HOMES                                                                                      \
    "homes:\n"                                                                                     \
    "  - {plmns: [\"001-01\"], peers: [hss1.example.net, HSS2.example.net]}\n"
#define GOOD HEAD PEERS HOMES

struct file {
    char folder[32];
    char path[64];
};

static struct file file_of(const char *text)
{
    struct file f = {.folder = "/tmp/bindery-mmeconf-XXXXXX"};
    assert_non_null(mkdtemp(f.folder));
    snprintf(f.path, sizeof f.path, "%s/mmed.yaml", f.folder);
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

static enum err load(const char *text, struct mmed_config **out, struct config_why *why)
{
    struct file f = file_of(text);
    enum err err = mmed_config_load(f.path, out, why);
    file_gone(&f);
    return err;
}

static struct mmed_config *loaded(const char *text)
{
    struct mmed_config *c = NULL;
    struct config_why why;
    if (load(text, &c, &why) != E_OK) {
        fail_msg("%s: %s", why.place, why.sentence);
    }
    return c;
}

static void has_the_documented_defaults(void **state)
{
    (void)state;
    static const uint8_t eea[] = {2, 1, 3}, pool[] = {10, 128, 0, 1}, s_gw[] = {127, 0, 0, 1};
    struct mmed_config *c = loaded(GOOD);
    assert_string_equal(c->name, "bindery-mmed");
    assert_string_equal(c->network_name, "");
    assert_int_equal(c->vendor_id, 32473);
    assert_int_equal(c->group_id, 32769);
    assert_int_equal(c->code, 1);
    assert_int_equal(c->relative_capacity, 255);
    assert_int_equal(c->n_tacs, 0);
    assert_int_equal(c->n_listeners, 1);
    assert_int_equal(c->listeners[0].address.transport, TRANSPORT_S1_TCP);
    assert_int_equal(c->listeners[0].address.port, 36412);
    assert_true(c->listeners[0].loopback);
    assert_int_equal(c->algorithms.eea_n, 3);
    assert_int_equal(c->algorithms.eia_n, 3);
    assert_memory_equal(c->algorithms.eea, eea, 3);
    assert_memory_equal(c->algorithms.eia, eea, 3);
    assert_int_equal(c->vectors, 1);
    assert_true(c->reuse_security);
    assert_true(c->sends_served_imei);
    assert_false(c->check_imei);
    assert_true(c->admit_grey);
    assert_false(c->serve);
    assert_true(c->report_failures);
    assert_false(c->reroute);
    assert_memory_equal(c->pool, pool, 4);
    assert_memory_equal(c->transport, s_gw, 4);
    assert_int_equal(c->t3412_s, 3240);
    assert_int_equal(c->t3402_s, 720);
    assert_int_equal(c->t3346_s, 60);
    assert_int_equal(c->implicit_detach_s, 240);
    assert_int_equal(c->t3460_ms, 6000);
    assert_int_equal(c->t3489_ms, 4000);
    assert_int_equal(c->attach_ms, 60000);
    assert_int_equal(c->retransmissions, 4);
    assert_int_equal(c->request_ms, 5000);
    assert_int_equal(c->onboard_ms, 10000);
    assert_int_equal(c->watchdog_seconds, 30);
    assert_int_equal(c->reconnect_seconds, 5);
    assert_int_equal(c->limits.enbs, 256);
    assert_int_equal(c->limits.ues, 100000);
    assert_int_equal(c->limits.attaching, 8192);
    assert_int_equal(c->limits.hss_pending, 16384);
    assert_int_equal(c->limits.events_kept, 10000);
    assert_false(c->devid.on);
    assert_int_equal(c->log_level, LOG_LEVEL_INFO);
    assert_false(c->mask_imsi);
    mmed_config_free(c);
}

static void reads_the_example(void **state)
{
    (void)state;
    struct mmed_config *c = NULL;
    struct config_why why;
    if (mmed_config_load(TEST_DATA "/../../examples/mmed.yaml", &c, &why) != E_OK) {
        fail_msg("%s: %s", why.place, why.sentence);
    }
    assert_int_equal(c->n_tacs, 2);
    mmed_config_free(c);
}

static void reads_a_whole_file(void **state)
{
    (void)state;
    struct file f = file_of(
        GOOD "name: MME of the north\nmme_group_id: 4\nmme_code: 255\n"
             "tracking_areas: [7, 65533]\nenb_addresses: [192.0.2.1, \"2001:db8::1\"]\n"
             "listeners:\n  - {address: \"sctp://192.0.2.9\", plain_s1_off_loopback: true}\n"
             "security: {ciphering: [eea3, eea0], integrity: [eia1]}\n"
             "vectors: 5\nreuse_security: false\nserve: true\nreroute_group_id: 5\n"
             "network_name: Bindery\npool: 172.16.0.1\ns_gw_address: 192.0.2.77\n"
             "limits: {ues: 10}\nlog: {level: error, mask_imsi: true}\n");
    struct mmed_config *c = NULL;
    struct config_why why;
    char expected[64];
    if (mmed_config_load(f.path, &c, &why) != E_OK) {
        fail_msg("%s: %s", why.place, why.sentence);
    }
    snprintf(expected, sizeof expected, "%s/mme.sock", f.folder);
    assert_string_equal(c->admin_socket, expected);
    assert_int_equal(c->tacs[1], 65533);
    assert_int_equal(c->listeners[0].address.port, 36412);
    assert_false(c->listeners[0].loopback);
    assert_int_equal(c->algorithms.eea_n, 2);
    assert_int_equal(c->algorithms.eea[1], 0);
    assert_int_equal(c->algorithms.eia_n, 1);
    assert_int_equal(c->limits.attaching, 10);
    assert_true(c->reroute);
    assert_int_equal(c->reroute_group_id, 5);
    assert_int_equal(c->homes[0].n_peers, 2);
    assert_int_equal(c->homes[0].peers[1], 1);
    assert_true(c->mask_imsi);
    mmed_config_free(c);
    file_gone(&f);
}

static void proofs_are_configured_by_a_section_that_needs_only_a_signer(void **state)
{
    (void)state;
    static const uint8_t all[] = {DEVID_ECDSA_P256, DEVID_ED25519, DEVID_ECDSA_P384, DEVID_RSA_PSS};
    struct mmed_config *c = loaded(GOOD "devid: {signers: [/etc/r.pem]}\n");
    assert_true(c->devid.on);
    assert_int_equal(c->devid.n_signers, 1);
    assert_string_equal(c->devid.signers[0], "/etc/r.pem");
    assert_null(c->devid.ca);
    assert_null(c->devid.crl);
    assert_false(c->devid.ca_with_binding);
    assert_int_equal(c->devid.n_algorithms, sizeof all);
    assert_memory_equal(c->devid.algorithms, all, sizeof all);
    assert_int_equal(c->devid.verified_kept, 65536);
    mmed_config_free(c);
    c = loaded(GOOD "devid:\n  signers: [/a.pem, /b.pem]\n  ca: /ca.pem\n  crl: /ca.crl\n"
                    "  ca_with_binding: true\n  algorithms: [rsa-pss, ed25519]\n"
                    "  verified_kept: 0\n");
    assert_int_equal(c->devid.n_signers, 2);
    assert_string_equal(c->devid.ca, "/ca.pem");
    assert_string_equal(c->devid.crl, "/ca.crl");
    assert_true(c->devid.ca_with_binding);
    assert_int_equal(c->devid.n_algorithms, 2);
    assert_int_equal(c->devid.algorithms[0], DEVID_RSA_PSS);
    assert_int_equal(c->devid.algorithms[1], DEVID_ED25519);
    assert_int_equal(c->devid.verified_kept, 0);
    mmed_config_free(c);
}

static void devices_are_provisioned_where_that_is_said(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool on;
    } of[] = {{GOOD, false},
              {GOOD "provisioning: {}\n", false},
              {GOOD "provisioning: {kme: false}\nsecurity: {ciphering: [eea0]}\n", false},
              {GOOD "provisioning: {kme: true}\nsecurity: {ciphering: [eea2]}\n", true},
              {GOOD "provisioning:\n  kme: true\n", true}};
    for (size_t i = 0; i < sizeof of / sizeof of[0]; i++) {
        struct mmed_config *c = loaded(of[i].text);
        assert_int_equal(c->provisioning.kme, of[i].on);
        mmed_config_free(c);
    }
}

#define ELSEWHERE                                                                                  \
    "homes: [{plmns: [\"001-01\"], peers: [hss1.example.net]}, "                                   \
    "{realm: Provisioning.example, plmns: [\"002-02\"], peers: [hss2.example.net]}]\n"

static void devices_are_onboarded_where_a_realm_is_named_that_somebody_leads_to(void **state)
{
    (void)state;
    static const struct {
        const char *text, *realm;
        size_t home;
    } of[] = {
        {GOOD, NULL, 0},
        {GOOD "provisioning: {kme: true}\n", NULL, 0},
        {GOOD "provisioning: {onboarding: epc.mnc001.mcc001.3gppnetwork.org}\n",
         "epc.mnc001.mcc001.3gppnetwork.org", 0},
        {HEAD PEERS ELSEWHERE "provisioning: {onboarding: provisioning.example}\n",
         "provisioning.example", 1},
        {HEAD PEERS "homes: [{peers: [hss1.example.net, hss2.example.net]}]\n"
                    "provisioning: {onboarding: any.example}\n",
         "any.example", 0},
        /* nothing is ciphered there, so it does not matter */
        {GOOD "provisioning: {onboarding: epc.mnc001.mcc001.3gppnetwork.org}\n"
              "security: {ciphering: [eea0]}\n",
         "epc.mnc001.mcc001.3gppnetwork.org", 0},
    };
    for (size_t i = 0; i < sizeof of / sizeof of[0]; i++) {
        struct mmed_config *c = loaded(of[i].text);
        assert_int_equal(c->provisioning.onboarding != NULL, of[i].realm != NULL);
        if (of[i].realm != NULL) {
            assert_string_equal(c->provisioning.onboarding, of[i].realm);
            assert_int_equal(c->provisioning.onboarding_home, of[i].home);
        }
        mmed_config_free(c);
    }
}

static void only_listed_addresses_are_let_in(void **state)
{
    (void)state;
    struct address loop, far, six;
    assert_ok(address_parse_s1("s1-tcp://127.0.0.1:5", &loop));
    assert_ok(address_parse_s1("s1-tcp://192.0.2.1:6", &far));
    assert_ok(address_parse_s1("s1-tcp://[2001:db8::1]:7", &six));
    struct mmed_config *c = loaded(GOOD);
    assert_true(mmed_config_lets_in(c, &loop));
    assert_false(mmed_config_lets_in(c, &far));
    mmed_config_free(c);
    c = loaded(GOOD "enb_addresses: [192.0.2.1, \"2001:db8::1\"]\n");
    assert_false(mmed_config_lets_in(c, &loop));
    assert_true(mmed_config_lets_in(c, &far));
    assert_true(mmed_config_lets_in(c, &six));
    mmed_config_free(c);
}

static void the_longest_plmn_finds_the_home(void **state)
{
    (void)state;
    struct mmed_config *c =
        loaded(HEAD PEERS "homes:\n"
                          "  - {peers: [hss2.example.net]}\n"
                          "  - {plmns: [\"001-01\"], peers: [hss1.example.net]}\n"
                          "  - {plmns: [\"001-012\"], peers: [hss1.example.net]}\n"
                          "  - {realm: other.example.net, plmns: [\"999-70\"], peers: "
                          "[hss1.example.net]}\n");
    assert_ptr_equal(mmed_config_home(c, "001013456789012"), &c->homes[1]);
    assert_ptr_equal(mmed_config_home(c, "001012456789012"), &c->homes[2]);
    assert_ptr_equal(mmed_config_home(c, "999701234567890"), &c->homes[3]);
    assert_ptr_equal(mmed_config_home(c, "262011234567890"), &c->homes[0]);
    assert_null(mmed_config_home(c, "12"));
    assert_null(mmed_config_home(c, "00101345678901x"));
    mmed_config_free(c);
    c = loaded(GOOD);
    assert_null(mmed_config_home(c, "262011234567890"));
    mmed_config_free(c);
}

static void the_realm_is_the_homes_or_made_from_the_imsi(void **state)
{
    (void)state;
    char realm[REALM_TEXT_MAX];
    struct mmed_config *c =
        loaded(HEAD PEERS "homes:\n"
                          "  - {peers: [hss2.example.net]}\n"
                          "  - {realm: other.example.net, plmns: [\"999-70\"], peers: "
                          "[hss1.example.net]}\n"
                          "  - {plmns: [\"262-017\"], peers: [hss1.example.net]}\n");
    mmed_config_realm(&c->homes[1], "999701234567890", realm);
    assert_string_equal(realm, "other.example.net");
    mmed_config_realm(&c->homes[0], "262011234567890", realm);
    assert_string_equal(realm, "epc.mnc001.mcc262.3gppnetwork.org");
    mmed_config_realm(&c->homes[2], "262017234567890", realm);
    assert_string_equal(realm, "epc.mnc017.mcc262.3gppnetwork.org");
    mmed_config_realm(&c->homes[0], "310410123456789", realm); /* three digits there */
    assert_string_equal(realm, "epc.mnc410.mcc310.3gppnetwork.org");
    mmed_config_free(c);
}

static void says_where_and_what_is_wrong(void **state)
{
    (void)state;
#define ONE(text) HEAD PEERS HOMES text
    static const struct {
        const char *text;
        const char *place; /* behind the file's name */
        const char *sentence;
    } cases[] = {
        {"origin_host: a\n", ":1:1 (origin_realm)", "is missing"},
        {ONE("colour: red\n"), ":10:1 (colour)", "no key `colour`"},
        {ONE("vectors: 6\n"), ":10:1 (vectors)", "from 1 to 5"},
        {ONE("vectors: 01\n"), ":10:1 (vectors)", "from 1 to 5"},
        {ONE("plmn: x\n"), ":10:1 (plmn)", "twice"},
        {ONE("security: {ciphering: [eea4]}\n"), ":10:24 (security.ciphering[0])", "none of: eea0"},
        {ONE("security: {integrity: [eia2, eia0]}\n"), ":10:30 (security.integrity[1])",
         "no integrity at all"},
        {ONE("security: {ciphering: [eea2, eea2]}\n"), ":10:30 (security.ciphering[1])",
         "in the list already"},
        {ONE("listeners: [{address: \"tcp://127.0.0.1:1\"}]\n"), ":10:14 (listeners[0].address)",
         "is not an address for S1"},
        {ONE("listeners: [{address: \"sctp://enb:1\"}]\n"), ":10:14 (listeners[0].address)",
         "but a name"},
        {ONE("listeners: [{address: \"sctp://192.0.2.1\"}]\n"), ":10:14 (listeners[0].address)",
         "plain_s1_off_loopback"},
        {ONE("listeners: [{address: \"sctp://192.0.2.1\", plain_s1_off_loopback: true}]\n"),
         ":10:14 (listeners[0].address)", "enb_addresses"},
        {ONE("listeners: [{address: \"s1-tcp://127.0.0.1\"}, {address: "
             "\"s1-tcp://127.0.0.1:36412\"}]\n"),
         "(listeners[1].address)", "of listeners[0] too"},
        {ONE("enb_addresses: [\"192.0.2.1:5\"]\n"), "(enb_addresses[0])", "without a port"},
        {ONE("tracking_areas: [1, 65534]\n"), "(tracking_areas[1])", "means none"},
        {ONE("tracking_areas: [1, 1]\n"), "(tracking_areas[1])", "keep one"},
        {ONE("name: \"a_b\"\n"), ":10:1 (name)", "PrintableString"},
        {ONE("network_name: \"\\u4e2d\"\n"), ":10:1 (network_name)", "GSM alphabet"},
        {ONE("pool: 255.255.255.0\n"), ":10:1 (pool)", "no room"},
        {ONE("pool: \"::1\"\n"), ":10:1 (pool)", "not an IPv4 address"},
        {ONE("reroute_group_id: 32769\n"), ":10:1 (reroute_group_id)", "own group"},
        {ONE("timers: {t3412_seconds: 59}\n"), ":10:10 (timers.t3412_seconds)", "from 60 to 11160"},
        {ONE("limits: {ues: 5, attaching: 6}\n"), "(limits.attaching)", "from 1 to 5"},
        {ONE("vendor_id: 10415\n"), ":10:1 (vendor_id)", "3GPP"},
        {ONE("devid: {}\n"), ":10:1 (devid.signers)", "is missing or empty"},
        {ONE("devid: {ca: x.pem}\n"), ":10:1 (devid.signers)", "is missing or empty"},
        {ONE("devid: {signers: [a, a]}\n"), ":10:22 (devid.signers[1])", "keep one"},
        {ONE("devid: {signers: [a, \"\"]}\n"), "(devid.signers[1])", "is missing"},
        {ONE("devid: {signers: [1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17]}\n"), "(devid.signers)",
         "more than 16"},
        {ONE("devid: {signers: [a], crl: x}\n"), ":10:23 (devid.crl)", "without `ca`"},
        {ONE("devid: {signers: [a], algorithms: [md5]}\n"), ":10:36 (devid.algorithms[0])",
         "`md5` is none"},
        {ONE("devid: {signers: [a], algorithms: [ed25519, ed25519]}\n"), "(devid.algorithms[1])",
         "keep one"},
        {ONE("devid: {signers: [a], ca_with_binding: yes}\n"), "(devid.ca_with_binding)",
         "neither `true`"},
        {ONE("devid: {signers: [a], verified_kept: 1048577}\n"), "(devid.verified_kept)",
         "1048576"},
        {ONE("devid: {signers: [a], colour: red}\n"), "(devid.colour)", "no key `colour`"},
        {ONE("devid: {signers: [a]}\nsecurity: {ciphering: [eea2, eea0]}\n"),
         ":11:12 (security.ciphering)", "may not have eea0 together with `devid`"},
        {ONE("provisioning: {kme: yes}\n"), ":10:16 (provisioning.kme)", "neither `true`"},
        {ONE("provisioning: {colour: red}\n"), "(provisioning.colour)", "no key `colour`"},
        {ONE("provisioning: {kme: true}\nsecurity: {ciphering: [eea2, eea0]}\n"),
         ":11:12 (security.ciphering)", "may not have eea0 together with `provisioning.kme`"},
        {ONE("provisioning: {onboarding: other.example}\n"), ":10:16 (provisioning.onboarding)",
         "the realm of none of the homes"},
        {ONE("provisioning: "
             "{onboarding: "
             "a123456789b123456789c123456789d123456789.e123456789f123456789.example}\n"),
         "(provisioning.onboarding)", "longer than 63 characters"},
        {HEAD HOMES, ":1:1 (peers)", "missing or empty"},
        {HEAD PEERS, ":1:1 (homes)", "missing or empty"},
        {HEAD PEERS "homes: [{peers: [hss9.example.net]}]\n", ":8:18 (homes[0].peers[0])",
         "none of the peers"},
        {HEAD PEERS "homes: [{peers: [hss1.example.net]}]\n", ":7:6 (peers[1].origin_host)",
         "none of the homes"},
        {HEAD PEERS "homes: [{peers: [hss1.example.net]}, {peers: [hss2.example.net]}]\n",
         "(homes[1].plmns)", "everybody else's"},
        {HEAD PEERS "homes: [{plmns: [\"001-01\"], peers: [hss1.example.net]}, {plmns: "
                    "[\"00101\"], peers: [hss2.example.net]}]\n",
         "(homes[1].plmns[0])", "of homes[0] too"},
        {HEAD HOMES "peers: [{origin_host: a, realm: b, address: \"tcp://192.0.2.1:3868\"}]\n",
         "(peers[0].address)", "shows keys of subscribers"},
        {HEAD HOMES "peers: [{origin_host: a, realm: b, address: \"tls://192.0.2.1\"}]\n",
         "(peers[0].certificate)", "is missing"},
        {HEAD HOMES "peers: [{origin_host: a, realm: b, address: \"tcp://127.0.0.1:0\"}]\n",
         "(peers[0].address)", "nowhere to connect to"},
        {HEAD HOMES "peers: [{origin_host: MME1.example.net, realm: b, address: "
                    "\"tcp://127.0.0.1:1\"}]\n",
         "(peers[0].origin_host)", "this MME itself"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct mmed_config *c = NULL;
        struct config_why why = {{0}, {0}};
        if (load(cases[i].text, &c, &why) != E_BAD_VALUE ||
            strstr(why.place, cases[i].place) == NULL ||
            strstr(why.sentence, cases[i].sentence) == NULL) {
            fail_msg("%s\nsays %s: %s", cases[i].text, why.place, why.sentence);
        }
    }
}

static void names_the_example_when_there_is_no_file(void **state)
{
    (void)state;
    struct mmed_config *c = NULL;
    struct config_why why;
    assert_int_equal(mmed_config_load("/nowhere/mmed.yaml", &c, &why), E_NOT_FOUND);
    assert_non_null(strstr(why.sentence, "examples/mmed.yaml"));
}

static void survives_every_prefix(void **state)
{
    (void)state;
    static const char text[] = GOOD "security: {ciphering: [eea3], integrity: [eia1]}\n"
                                    "listeners: [{address: \"s1-tcp://127.0.0.1:1\"}]\n"
                                    "devid: {signers: [a], algorithms: [rsa-pss]}\n"
                                    "provisioning: {kme: true, onboarding: "
                                    "epc.mnc001.mcc001.3gppnetwork.org}\n";
    for (size_t n = 0; n < sizeof text - 1; n += 3) {
        char part[sizeof text];
        struct mmed_config *c = NULL;
        struct config_why why;
        memcpy(part, text, n);
        part[n] = '\0';
        if (load(part, &c, &why) == E_OK) {
            mmed_config_free(c);
        } else {
            assert_true(why.sentence[0] != '\0');
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(has_the_documented_defaults),
        cmocka_unit_test(reads_the_example),
        cmocka_unit_test(reads_a_whole_file),
        cmocka_unit_test(proofs_are_configured_by_a_section_that_needs_only_a_signer),
        cmocka_unit_test(devices_are_provisioned_where_that_is_said),
        cmocka_unit_test(devices_are_onboarded_where_a_realm_is_named_that_somebody_leads_to),
        cmocka_unit_test(only_listed_addresses_are_let_in),
        cmocka_unit_test(the_longest_plmn_finds_the_home),
        cmocka_unit_test(the_realm_is_the_homes_or_made_from_the_imsi),
        cmocka_unit_test(says_where_and_what_is_wrong),
        cmocka_unit_test(names_the_example_when_there_is_no_file),
        cmocka_unit_test(survives_every_prefix),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
