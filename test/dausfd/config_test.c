/* nf/dausfd/config.h (src/nf/dausfd/config.c, src/nf/dausfd/config_peers.c): what a configuration
 * may say, and examples/dausfd.yaml. */
#include "lib/config_keys.h"
#include "net/pki.h"

#include "nf/common/config_read.h"
#include "nf/dausfd/config.h"

static struct pki pki;

static int setup(void **state)
{
    (void)state;
    pki_open(&pki);
    pki_make(&pki, "ca", NULL, "ca", NULL);
    pki_make(&pki, "dausf", "ca", "dausf", "DNS:localhost");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    pki_close(&pki);
    return 0;
}

#define SELF                                                                                       \
    "host: dausf.epc.mnc070.mcc901.3gppnetwork.org\nrealm: epc.mnc070.mcc901.3gppnetwork.org\n"    \
    "plmns: [\"901-70\"]\nstore: d.db\nkek: kek\nadmin: admin.sock\n"
#define DOORS "listeners:\n  - address: tcp://127.0.0.1:3868\n"
#define PUSH                                                                                       \
    "push: {listen: \"https://127.0.0.1:0\", certificate: dausf.crt, key: dausf.key, ca: "         \
    "ca.crt}\n"
#define WITH_LIMITS(text)                                                                          \
    "push: {listen: \"https://127.0.0.1:0\", certificate: dausf.crt, key: dausf.key, ca: "         \
    "ca.crt, limits: {" text "}}\n"
#define TRUST "ci: {roots: ca.crt}\noperators: [\"001-01\"]\n"
#define ARPF                                                                                       \
    "arpfs:\n  - {name: arpf.example.org, dimsis: [\"901700000000000-901700000000099\", "          \
    "\"90170555\"]}\n"
#define PEER "peers:\n  - {origin_host: mme.example, realm: example, visited_plmns: [\"001-01\"]}\n"
#define GOOD SELF DOORS PUSH TRUST ARPF PEER

static enum err load(const char *text, struct dausfd_config **out, struct config_why *why)
{
    const char *path = pki_path(&pki, "dausfd", ".yaml");
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
    *out = NULL;
    return dausfd_config_load(path, out, why);
}

static struct dausfd_config *loaded(const char *text)
{
    struct dausfd_config *c = NULL;
    struct config_why why;
    if (load(text, &c, &why) != E_OK) {
        fail_msg("%s: %s", why.place, why.sentence);
    }
    return c;
}

static void refused(const char *text, const char *place, const char *sentence)
{
    struct dausfd_config *c = NULL;
    struct config_why why;
    assert_err(load(text, &c, &why), E_BAD_VALUE);
    assert_null(c);
    if (strstr(why.place, place) == NULL || strstr(why.sentence, sentence) == NULL) {
        fail_msg("%s: %s", why.place, why.sentence);
    }
}

static bool may(const struct dausfd_config *c, const char *arpf, const char *digits)
{
    struct dimsi_name name;
    struct imsi dimsi;
    assert_ok(dimsi_name_parse(bytes_of_str(arpf), &name));
    assert_ok(imsi_parse(bytes_of_str(digits), &dimsi));
    return dausfd_config_may_endorse(c, &name, &dimsi);
}

static void an_arpf_speaks_for_its_dimsis_alone(void **state)
{
    (void)state;
    struct dausfd_config *c = loaded(GOOD);
    assert_true(may(c, "arpf.example.org", "901700000000000"));
    assert_true(may(c, "arpf.example.org", "901700000000099"));
    assert_true(may(c, "arpf.example.org", "90170555"));
    assert_false(may(c, "arpf.example.org", "901700000000100"));
    assert_false(may(c, "arpf.example.org", "90170000000000"));
    assert_false(may(c, "arpf.example.org", "90170556"));
    assert_false(may(c, "arpf2.example.org", "901700000000000"));
    dausfd_config_free(c);
}

static void an_operator_is_known_by_the_realm_of_its_plmn(void **state)
{
    (void)state;
    struct dausfd_config *c = loaded(GOOD);
    const struct plmn *p = dausfd_config_operator(c, "epc.mnc001.mcc001.3gppnetwork.org");
    assert_non_null(p);
    assert_string_equal(p->mnc, "01");
    assert_null(dausfd_config_operator(c, "epc.mnc002.mcc001.3gppnetwork.org"));
    assert_null(dausfd_config_operator(c, ""));
    assert_null(dausfd_config_operator(c, "001-01"));
    dausfd_config_free(c);
    refused(SELF DOORS PUSH "ci: {roots: ca.crt}\noperators: [\"001-01\", \"001-001\"]\n",
            "operators[1]", "same realm");
}

static void what_is_left_out_has_its_default(void **state)
{
    (void)state;
    struct dausfd_config *c = loaded(SELF DOORS PUSH TRUST);
    assert_int_equal(c->n_peers, 0);
    assert_int_equal(c->n_arpfs, 0);
    assert_int_equal(c->vendor_id, 32473);
    assert_null(c->ci_crl);
    assert_null(c->push.crl);
    assert_int_equal(c->push.requests_per_second, 200);
    assert_int_equal(c->limits.entry_seconds, 31536000);
    assert_int_equal(c->limits.wait_of_peer_ms, 250);
    assert_int_equal(c->limits.wait_of_all_ms, 50);
    assert_int_equal(c->watchdog_seconds, 30);
    assert_int_equal(c->log_level, LOG_LEVEL_INFO);
    assert_false(c->mask_imsi);
    dausfd_config_free(c);
}

static void what_is_wrong_is_told_with_its_place(void **state)
{
    (void)state;
    refused(SELF PUSH TRUST, "listeners", "is missing");
    refused(SELF "listeners:\n  - address: tcp://192.0.2.1:3868\n" PUSH TRUST,
            "listeners[0].address", "beyond loopback");
    refused(SELF "listeners:\n  - address: udp://127.0.0.1:3868\n" PUSH TRUST,
            "listeners[0].address", "no address to listen on");
    refused(SELF "listeners:\n  - {address: \"tcp://127.0.0.1:3868\", ca: ca.crt}\n" PUSH TRUST,
            "listeners[0]", "has no meaning for tcp://");
    refused(SELF DOORS PUSH "operators: [\"001-01\"]\n", "ci.roots", "is missing");
    refused(SELF DOORS PUSH "ci: {roots: ca.crt}\n", "operators", "is missing or empty");
    refused(SELF DOORS "push: {listen: \"http://127.0.0.1:1\"}\n" TRUST, "push.listen",
            "is not an address");
    refused(SELF DOORS PUSH TRUST "arpfs:\n  - {name: Arpf, dimsis: [\"901700\"]}\n",
            "arpfs[0].name", "lower case");
    refused(SELF DOORS PUSH TRUST "arpfs:\n  - {name: a.example}\n", "arpfs[0].dimsis",
            "is missing");
    refused(SELF DOORS PUSH TRUST "arpfs:\n  - {name: a.example, dimsis: [\"901709-901701\"]}\n",
            "arpfs[0].dimsis[0]", "two IMSIs");
    refused(SELF DOORS PUSH TRUST "arpfs:\n  - {name: a.example, dimsis: [\"901701-9017019\"]}\n",
            "arpfs[0].dimsis[0]", "two IMSIs");
    refused(SELF DOORS PUSH TRUST "arpfs:\n  - {name: a.example, dimsis: [\"901690-901709\"]}\n",
            "arpfs[0].dimsis[0]", "of one of the PLMNs");
    refused(SELF DOORS PUSH TRUST "arpfs:\n  - {name: a.example, dimsis: [\"901701\"]}\n"
                                  "  - {name: a.example, dimsis: [\"901702\"]}\n",
            "arpfs[1].name", "keep one");
    refused(SELF DOORS PUSH TRUST "arpfs:\n  - {name: a.example, dimsis: [\"901701\"]}\n"
                                  "  - {name: b.example, dimsis: [\"901702\", \"901701\"]}\n",
            "arpfs[1].dimsis[1]", "arpfs[0].dimsis[0] too");
    refused(GOOD "limits: {entry_seconds: 59}\n", "limits.entry_seconds", "");
    refused(SELF DOORS WITH_LIMITS("burst: 0") TRUST, "push.limits.burst", "");
    refused(GOOD "log: {level: loud}\n", "log.level", "");
    refused(GOOD "log_level: debug\n", "log_level", "");
    refused(GOOD "surprise: 1\n", "surprise", "");
    refused("kek: d.db\n" SELF DOORS PUSH TRUST, "kek", "");
}

#define V           "visited_plmns: [\"001-01\"]"
#define PEERS(text) SELF DOORS PUSH TRUST "peers:\n  - " text "\n"
static void peers_are_checked_as_those_of_an_hss(void **state)
{
    (void)state;
    struct dausfd_config *c =
        loaded(PEERS("{origin_host: dra.example, realm: example, kind: agent, realms: [a.example],"
                     " transports: [tls, sctp], addresses: [\"192.0.2.1\"], " V "}"));
    assert_int_equal(c->peers[0].kind, DAUSFD_PEER_AGENT);
    assert_false(c->peers[0].on_tcp);
    assert_true(c->peers[0].on_tls);
    assert_int_equal(c->peers[0].connections, 2);
    assert_ptr_equal(dausfd_config_peer(c, BYTES_LIT("DRA.example")), &c->peers[0]);
    assert_null(dausfd_config_peer(c, BYTES_LIT("dra.exampl")));
    dausfd_config_free(c);
    refused(PEERS("{origin_host: dra.example, realm: example, kind: agent, " V "}"),
            "peers[0].realms", "is missing");
    refused(PEERS("{origin_host: m.example, realm: example, origins: [a.example], " V "}"),
            "peers[0].origins", "kind: agent");
    refused(PEERS("{origin_host: m.example, realm: example, transports: [tls, tls], " V "}"),
            "peers[0].transports[1]", "keep one");
    refused(PEERS("{origin_host: m.example, realm: example}"), "peers[0].visited_plmns",
            "is missing or empty");
    refused(PEERS("{origin_host: dausf.epc.mnc070.mcc901.3gppnetwork.org, realm: a, " V "}"),
            "peers[0].origin_host", "itself");
    refused(PEERS("{origin_host: m.example, realm: example, " V "}\n"
                  "  - {origin_host: M.example, realm: example, " V "}"),
            "peers[1].origin_host", "keep one");
    refused(SELF "listeners:\n  - {address: \"tcp://192.0.2.9:3868\","
                 " plain_tcp_off_loopback: true}\n" PUSH TRUST PEER,
            "peers[0]", "nothing else proves");
}

/* ---- read again ---- */

static void each_key_that_changes_is_in_one_of_the_lists(void **state)
{
    (void)state;
    each_is_named(dausfd_config_kind.shape, &dausfd_config_rules);
}

static void somebody_decided_for_each_key_when_it_counts(void **state)
{
    (void)state;
    struct config_rules rules = dausfd_config_rules;
    config_each_key(dausfd_config_kind.shape, has_rule, &rules);
}

static void each_rule_is_for_a_key_that_there_is(void **state)
{
    (void)state;
    each_belongs(dausfd_config_kind.shape, &dausfd_config_rules);
}

/* `first` was read; then the file is `text`. */
static void says(const char *first, const char *text, const char *expected)
{
    struct config_changes changes;
    struct config_why why;
    struct dausfd_config *next = NULL;
    char said[512];
    struct dausfd_config *c = loaded(text), *was = NULL;
    dausfd_config_free(c); /* it is good by itself */
    was = loaded(first);
    FILE *f = fopen(was->path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
    if (dausfd_config_reload(was, &next, &changes, &why) != E_OK) {
        fail_msg("%s: %s", why.place, why.sentence);
    }
    config_changes_print(&changes, said, sizeof said);
    assert_string_equal(said, expected);
    config_changes_free(&changes);
    dausfd_config_reload_undo(was, next);
    dausfd_config_free(next);
    assert_ok(dausfd_config_reload(was, &next, &changes, &why)); /* as if it never had been */
    config_changes_print(&changes, said, sizeof said);
    assert_string_equal(said, expected);
    config_changes_free(&changes);
    dausfd_config_free(was);
    dausfd_config_free(next);
}

static void what_counts_and_what_needs_a_restart_is_named(void **state)
{
    (void)state;
    static const char *const all[][2] = {
        {GOOD, "changed: none; needs-restart: none"},
        {SELF DOORS PUSH TRUST ARPF, "changed: none; needs-restart: peers[mme.example]"},
        {GOOD "limits: {connections: 7, entry_seconds: 61}\n",
         "changed: limits.entry_seconds; needs-restart: limits.connections"},
        {GOOD "timers: {cer_seconds: 7}\n", "changed: none; needs-restart: timers.cer_seconds"},
        {GOOD "log: {level: debug, mask_imsi: true}\n",
         "changed: log.level, log.mask_imsi; needs-restart: none"},
        {SELF DOORS WITH_LIMITS("connections: 7") TRUST ARPF PEER,
         "changed: none; needs-restart: push.limits.connections"},
        {SELF DOORS WITH_LIMITS("requests_per_second: 7, burst: 8") TRUST ARPF PEER,
         "changed: push.limits.requests_per_second, push.limits.burst; needs-restart: none"},
        {SELF DOORS PUSH "ci: {roots: dausf.crt}\noperators: [\"002-02\"]\n" ARPF PEER,
         "changed: operators, ci.roots; needs-restart: none"},
    };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        says(GOOD, all[i][0], all[i][1]);
    }
}

/* Of the same length, so that nothing behind it moves. */
static void put_in_place(char *text, const char *from, const char *to)
{
    for (char *at = strstr(text, from); at != NULL; at = strstr(at, from)) {
        memcpy(at, to, strlen(to));
    }
}

static void the_example_is_good_but_for_its_files(void **state)
{
    (void)state;
    char text[8192];
    FILE *f = fopen(TEST_DATA "/../../examples/dausfd.yaml", "r");
    assert_non_null(f);
    size_t n = fread(text, 1, sizeof text - 1, f);
    fclose(f);
    text[n] = '\0';
    put_in_place(text, "  certificate: dausf.pem", "  certificate: dausf.crt");
    put_in_place(text, "  key: dausf.key.pem", "  key: dausf.key    ");
    put_in_place(text, "  ca: ausf-ca.pem", "  ca: ca.crt     ");
    struct dausfd_config *c = loaded(text), *plain = loaded(SELF DOORS PUSH TRUST);
    assert_int_equal(c->n_arpfs, 1);
    assert_int_equal(c->n_operators, 1);
    assert_int_equal(c->peers[0].visited_plmns[0].mnc[1], '1');
    assert_memory_equal(&c->limits, &plain->limits, sizeof c->limits); /* it shows the defaults */
    assert_int_equal(c->watchdog_seconds, plain->watchdog_seconds);
    assert_int_equal(c->push.burst, plain->push.burst);
    assert_int_equal(c->push.limits.connections, plain->push.limits.connections);
    dausfd_config_free(plain);
    dausfd_config_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_arpf_speaks_for_its_dimsis_alone),
        cmocka_unit_test(an_operator_is_known_by_the_realm_of_its_plmn),
        cmocka_unit_test(what_is_left_out_has_its_default),
        cmocka_unit_test(what_is_wrong_is_told_with_its_place),
        cmocka_unit_test(peers_are_checked_as_those_of_an_hss),
        cmocka_unit_test(each_key_that_changes_is_in_one_of_the_lists),
        cmocka_unit_test(somebody_decided_for_each_key_when_it_counts),
        cmocka_unit_test(each_rule_is_for_a_key_that_there_is),
        cmocka_unit_test(what_counts_and_what_needs_a_restart_is_named),
        cmocka_unit_test(the_example_is_good_but_for_its_files)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
