/* The section `onboarding` of the HSS's configuration (src/nf/hssd/config_onboarding.c,
 * src/nf/hssd/config_authorities.c, src/nf/hssd/config_links.c). */
#include "nf/onboard_pki.h"

#include "nf/hssd/config.h"
#include "proc/binding.h"

static struct cert made[6];

#define HEAD                                                                                       \
    "origin_host: hss.example.net\norigin_realm: example.net\nplmns: [\"001-01\", \"999-70\"]\n"   \
    "store: {path: hss.db, key_file: kek}\nadmin: {socket: admin.sock}\n"                          \
    "profiles:\n  - name: default\n    ambr: {uplink: 1 Mbps, downlink: 1 Mbps}\n"                 \
    "    apns: [{name: internet}]\n"                                                               \
    "  - name: many\n    ambr: {uplink: 1 Mbps, downlink: 1 Mbps}\n    default_apn: a\n"           \
    "    apns: [{name: a}, {name: b, context: 2}, {name: c, context: 3}, {name: d, context: 4}, "  \
    "{name: e, context: 5}]\n"
#define LOOPBACK "listeners: [{address: \"tcp://127.0.0.1:3868\"}]\n"
#define PEERS                                                                                      \
    "peers:\n  - {origin_host: mme.example.net, realm: example.net, visited_plmns: [\"001-01\", "  \
    "\"262-01\"], addresses: [\"127.0.0.1\"], onboarding: true}\n"
#define OPERATOR "certificate: operator.crt, key: operator.key"
#define POOL     "imsis: [\"001010000500000-001010000599999\"]"
#define FILES_OF                                                                                   \
    "certificate: hss.crt, key: hss.key, ca: tls-ca.crt, roots: device-ca.crt, signers: "          \
    "[maker.pub]"
#define LINK  "link: \"https://127.0.0.1:8443\""
#define MAKER "{name: maker, host: ca.example.org, " LINK ", " FILES_OF "}"
#define WHOLE "onboarding: {" OPERATOR ", " POOL ", authorities: [" MAKER "]}\n"

static enum err load_with(const char *listeners, const char *peers, const char *more,
                          struct hssd_config **out, struct config_why *why)
{
    char path[80];
    snprintf(path, sizeof path, "%s/hssd.yaml", pki_files.dir);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fprintf(f, "%s%s%s%s", HEAD, listeners, peers, more);
    fclose(f);
    *out = NULL;
    return hssd_config_load(path, out, why);
}

static struct hssd_config *loaded(const char *more)
{
    struct hssd_config *c;
    struct config_why why;
    if (load_with(LOOPBACK, PEERS, more, &c, &why) != E_OK) {
        fail_msg("%s: %s", why.place, why.sentence);
    }
    return c;
}

/* The place ends like this, and the sentence has that. */
static void refused_as(const char *listeners, const char *peers, const char *more,
                       const char *place, const char *says)
{
    struct hssd_config *c;
    struct config_why why;
    assert_err(load_with(listeners, peers, more, &c, &why), E_BAD_VALUE);
    if (strstr(why.place, place) == NULL || strstr(why.sentence, says) == NULL) {
        fail_msg("%s: %s", why.place, why.sentence);
    }
}

static void refused(const char *more, const char *place, const char *says)
{
    refused_as(LOOPBACK, PEERS, more, place, says);
}

static void absent_it_is_off_and_what_was_begun_has_its_times(void **state)
{
    (void)state;
    struct hssd_config *c;
    struct config_why why;
    assert_ok(load_with(LOOPBACK, "", "", &c, &why));
    assert_false(hssd_config_onboards(c));
    assert_false(hssd_config_serves_s13(c));
    assert_int_equal(c->onboarding.pending_seconds, 604800);
    assert_int_equal(c->onboarding.quarantine_seconds, 2592000);
    assert_null(hssd_config_authority(c, "maker"));
    hssd_config_free(c);
}

static void has_the_documented_defaults(void **state)
{
    (void)state;
    struct hssd_config *c = loaded(WHOLE);
    const struct hssd_onboarding *o = &c->onboarding;
    assert_true(hssd_config_onboards(c) && hssd_config_serves_s13(c));
    assert_true(c->peers[0].onboarding);
    assert_string_equal(o->profile, "default");
    assert_int_equal(o->policy, BINDING_LEARN);
    assert_int_equal(o->algorithm, AKA_MILENAGE);
    assert_int_equal(o->n_pools, 1);
    assert_string_equal(o->pools[0].first.digits, "001010000500000");
    assert_string_equal(o->pools[0].last.digits, "001010000599999");
    assert_true(plmn_eq(&o->pools[0].home, &c->plmns[0]));
    assert_int_equal(o->pool_low_percent, 10);
    assert_int_equal(o->pending_seconds, 604800);
    assert_int_equal(o->quarantine_seconds, 2592000);
    assert_int_equal(o->answer_seconds, 120);
    assert_int_equal(o->device_seconds, 5);
    assert_int_equal(o->threads, 8);
    assert_int_equal(o->queue, 512);
    const struct hssd_authority *a = hssd_config_authority(c, "maker");
    assert_ptr_equal(a, &o->authorities[0]);
    assert_ptr_equal(hssd_config_authority_of(c, "ca.example.org"), a);
    assert_null(hssd_config_authority_of(c, "maker"));
    assert_string_equal(a->link, "https://127.0.0.1:8443");
    assert_null(a->crl);
    assert_null(a->device_crl);
    assert_false(a->by_rule);
    assert_int_equal(a->n_signers, 1);
    assert_int_equal(a->n_ranges, 0);
    assert_int_equal(a->waiting_most, 1000);
    assert_int_equal(a->pending_most, 10000);
    assert_int_equal(a->per_hour, 1000);
    assert_int_equal(a->cache_seconds, 600);
    assert_int_equal(a->unknown_seconds, 60);
    hssd_config_free(c);
}

static void every_value_can_be_set(void **state)
{
    (void)state;
    struct hssd_config *c = loaded(
        "onboarding: {" OPERATOR ", profile: default, policy: open, algorithm: tuak, "
        "imsis: [\"001010000500000-001010000500009\", \"99970123456-99970123459\"], "
        "pool_low_percent: 0, pending_seconds: 60, quarantine_seconds: 0, answer_seconds: 30, "
        "device_seconds: 0, threads: 1, queue: 1, authorities: [{name: a.b-c_1, host: "
        "ca.example.org, link: \"https://site.example.org/\", " FILES_OF ", crl: crl.pem, "
        "device_crl: crl.pem, ranges: [\"35693803\", \"49015420323751\"], approval: rule, "
        "waiting_most: 1, pending_most: 2, per_hour: 3, cache_seconds: 4, unknown_seconds: 0}, "
        "{name: other, host: other.example.org, " LINK ", " FILES_OF "}]}\n");
    const struct hssd_onboarding *o = &c->onboarding;
    assert_int_equal(o->policy, BINDING_OPEN);
    assert_int_equal(o->algorithm, AKA_TUAK);
    assert_int_equal(o->n_pools, 2);
    assert_true(plmn_eq(&o->pools[1].home, &c->plmns[1]));
    assert_int_equal(o->threads + o->queue, 2);
    assert_int_equal(o->pending_seconds, 60);
    assert_int_equal(o->device_seconds, 0);
    const struct hssd_authority *a = &o->authorities[0];
    assert_true(a->by_rule);
    assert_string_equal(a->link, "https://site.example.org");
    assert_int_equal(a->n_ranges, 2);
    assert_int_equal(a->waiting_most, 1);
    assert_int_equal(a->pending_most, 2);
    assert_int_equal(a->per_hour, 3);
    assert_int_equal(a->cache_seconds, 4);
    assert_int_equal(a->unknown_seconds, 0);
    assert_non_null(a->device_crl);
    hssd_config_free(c);
}

#define WITH(certificate, key, pool, authority)                                                    \
    "onboarding: {certificate: " certificate ", key: " key ", " pool ", authorities: [" authority  \
    "]}\n"
#define WITH_AUTHORITY(a) WITH("operator.crt", "operator.key", POOL, a)

static void the_operator_s_certificate_is_one_that_devices_take(void **state)
{
    (void)state;
    refused(WITH("absent.crt", "operator.key", POOL, MAKER), "onboarding.certificate",
            "cannot be read");
    refused(WITH("operator.crt", "absent.key", POOL, MAKER), "onboarding.key", "cannot be read");
    refused(WITH("operator.crt", "maker.key", POOL, MAKER), "onboarding.certificate", "key");
    refused(WITH("hss.crt", "hss.key", POOL, MAKER), "onboarding.certificate", "");
    refused(WITH("roleless.crt", "roleless.key", POOL, MAKER), "onboarding.certificate",
            "provisioning-operator");
    refused(WITH("long.crt", "long.key", POOL, MAKER), "onboarding.certificate", "1024");
    refused(WITH("elsewhere.crt", "elsewhere.key", POOL, MAKER), "onboarding.certificate",
            "lists none of `plmns`");
    struct hssd_config *c = loaded(WITH("visited.crt", "visited.key", POOL, MAKER));
    hssd_config_free(c); /* 262-01, where a peer of the operator's may ask */
    refused_as(LOOPBACK,
               "peers:\n  - {origin_host: mme.example.net, realm: example.net, visited_plmns: "
               "[\"262-01\"], addresses: [\"127.0.0.1\"]}\n",
               WITH("visited.crt", "visited.key", POOL, MAKER), "onboarding.certificate",
               "lists none");
    refused("onboarding: {certificate: operator.crt}\n", "onboarding.key", "missing");
}

static void demo_certificates_stay_on_loopback(void **state)
{
    (void)state;
    struct hssd_config *c = loaded(WITH("demo.crt", "demo.key", POOL, MAKER));
    hssd_config_free(c);
    refused_as("listeners: [{address: \"tcp://192.0.2.1:3868\", plain_tcp_off_loopback: true}]\n",
               PEERS, WITH("demo.crt", "demo.key", POOL, MAKER), "onboarding.certificate",
               "demo PKI");
    refused(WITH_AUTHORITY("{name: maker, host: ca.example.org, link: "
                           "\"https://site.example.org\", certificate: demo.crt, key: demo.key, "
                           "ca: tls-ca.crt, roots: device-ca.crt, signers: [maker.pub]}"),
            "authorities[0].certificate", "demo PKI");
}

static void imsis_are_ranges_of_the_home_network_and_apart(void **state)
{
    (void)state;
#define POOLS(list, place, says)                                                                   \
    refused(WITH("operator.crt", "operator.key", "imsis: [" list "]", MAKER), place, says)
    POOLS("", "onboarding.imsis", "missing, empty");
    POOLS("\"001010000500000\"", "imsis[0]", "two IMSIs");
    POOLS("\"001010000500001-001010000500000\"", "imsis[0]", "lower one first");
    POOLS("\"00101000050000-001010000500001\"", "imsis[0]", "one length");
    POOLS("\"00101x-00101y\"", "imsis[0]", "two IMSIs");
    POOLS("\"262010000500000-262010000500001\"", "imsis[0]", "not within one of `plmns`");
    POOLS("\"001010000500000-999700000500001\"", "imsis[0]", "not within one of `plmns`");
    POOLS("\"001010000500000-001010000500009\", \"001010000500009-001010000500010\"", "imsis[1]",
          "that imsis[0] has too");
    POOLS("\"001010000500005-001010000500006\", \"001010000500000-001010000500010\"", "imsis[1]",
          "that imsis[0] has too");
    POOLS("\"0010100001-0010100001\", \"0010100002-0010100002\", \"0010100003-0010100003\", "
          "\"0010100004-0010100004\", \"0010100005-0010100005\", \"0010100006-0010100006\", "
          "\"0010100007-0010100007\", \"0010100008-0010100008\", \"0010100009-0010100009\"",
          "onboarding.imsis", "longer than 8");
}

static void what_is_given_is_configured(void **state)
{
    (void)state;
#define GIVEN(what, place, says)                                                                   \
    refused("onboarding: {" OPERATOR ", " POOL ", " what ", authorities: [" MAKER "]}\n", place,   \
            says)
    GIVEN("profile: absent", "onboarding.profile", "none of `profiles`");
    GIVEN("profile: many", "onboarding.profile", "5 APNs");
    GIVEN("policy: bound", "onboarding.policy", "");
    GIVEN("algorithm: comp128", "onboarding.algorithm", "");
    GIVEN("pool_low_percent: 101", "onboarding.pool_low_percent", "");
    GIVEN("pending_seconds: 59", "onboarding.pending_seconds", "");
    GIVEN("answer_seconds: 29", "onboarding.answer_seconds", "");
    GIVEN("threads: 0", "onboarding.threads", "");
    GIVEN("threads: 65", "onboarding.threads", "");
    GIVEN("queue: 0", "onboarding.queue", "");
    GIVEN("colour: red", "hssd.yaml:", "");
}

static void authorities_are_whole_and_apart(void **state)
{
    (void)state;
    static const char *const hosts[] = {"localhost",           "127.0.0.1",        "CA.example.org",
                                        "ca.example.org:8443", "ca_x.example.org", "a..b"};
    char text[512], place[64];
    refused("onboarding: {" OPERATOR ", " POOL "}\n", "onboarding.authorities", "missing or empty");
    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
        snprintf(text, sizeof text,
                 "onboarding: {" OPERATOR ", " POOL
                 ", authorities: [{name: maker, host: \"%s\", " LINK ", " FILES_OF "}]}\n",
                 hosts[i]);
        snprintf(place, sizeof place, "onboarding.authorities[0].host");
        refused(text, place, "DNS name in lower case");
    }
#define AUTHORITY(what, place, says) refused(WITH_AUTHORITY("{" what "}"), place, says)
    AUTHORITY("name: Maker, host: ca.example.org, " LINK ", " FILES_OF, "authorities[0].name",
              "a-z");
    AUTHORITY("name: a/b, host: ca.example.org, " LINK ", " FILES_OF, "authorities[0].name", "a-z");
    AUTHORITY("host: ca.example.org, " LINK ", " FILES_OF, "authorities[0].name", "missing");
    AUTHORITY("name: maker, host: ca.example.org, " FILES_OF, "authorities[0].link", "missing");
    AUTHORITY("name: maker, host: ca.example.org, link: \"http://a\", " FILES_OF,
              "authorities[0].link", "not a URL");
    AUTHORITY("name: maker, host: ca.example.org, link: \"https://a/b\", " FILES_OF,
              "authorities[0].link", "not a URL");
    AUTHORITY("name: maker, host: ca.example.org, " LINK
              ", certificate: hss.crt, key: hss.key, ca: tls-ca.crt, signers: [maker.pub]",
              "authorities[0].roots", "missing");
    AUTHORITY("name: maker, host: ca.example.org, " LINK
              ", certificate: hss.crt, key: hss.key, ca: tls-ca.crt, roots: maker.pub, signers: "
              "[maker.pub]",
              "authorities[0].roots", "maker.pub");
    AUTHORITY("name: maker, host: ca.example.org, " LINK
              ", certificate: hss.crt, key: hss.key, ca: tls-ca.crt, roots: device-ca.crt",
              "authorities[0].signers", "missing, empty");
    AUTHORITY("name: maker, host: ca.example.org, " LINK
              ", certificate: hss.crt, key: hss.key, ca: tls-ca.crt, roots: device-ca.crt, "
              "signers: [hss.crt]",
              "authorities[0].signers", "hss.crt");
    AUTHORITY("name: maker, host: ca.example.org, " LINK ", " FILES_OF ", ranges: [abc]",
              "authorities[0].ranges[0]", "TAC");
    AUTHORITY("name: maker, host: ca.example.org, " LINK ", " FILES_OF ", approval: maybe",
              "authorities[0].approval", "");
    AUTHORITY("name: maker, host: ca.example.org, " LINK ", " FILES_OF ", per_hour: 0",
              "authorities[0].per_hour", "");
    AUTHORITY("name: maker, host: ca.example.org, " LINK ", " FILES_OF ", device_crl: absent",
              "authorities[0].device_crl", "cannot be read");
    refused(WITH_AUTHORITY(MAKER ", {name: maker, host: b.example.org, " LINK ", " FILES_OF "}"),
            "authorities[1].name", "is `maker` too");
    refused(WITH_AUTHORITY(MAKER ", {name: b, host: ca.example.org, " LINK ", " FILES_OF "}"),
            "authorities[1].host", "has `ca.example.org` too");
}

static void who_may_ask_where_nothing_is_offered_is_a_mistake(void **state)
{
    (void)state;
    refused("", "peers[0].onboarding", "without the section `onboarding`");
}

static void save(const char *name, size_t i, const struct cert_wish *wish)
{
    cert_make(&made[i], wish);
    (void)cert_save(&pki_files, name, &made[i]);
}

/* An organisation is what tells the demo PKI (nf/common/config_demo.c). */
static void save_demo(void)
{
    struct cert_wish w = {
        .cn = "demo", .by = &provisioner, .role = ROLE_OPERATOR, .names = "DNS:" NETWORK};
    cert_make(&made[5], &w);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(made[5].x), "O", MBSTRING_UTF8,
                               (const unsigned char *)"Bindery demo PKI, not for service", -1, -1,
                               0);
    assert_true(X509_sign(made[5].x, provisioner.key, EVP_sha256()) > 0);
    (void)cert_save(&pki_files, "demo", &made[5]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(absent_it_is_off_and_what_was_begun_has_its_times),
        cmocka_unit_test(has_the_documented_defaults),
        cmocka_unit_test(every_value_can_be_set),
        cmocka_unit_test(the_operator_s_certificate_is_one_that_devices_take),
        cmocka_unit_test(demo_certificates_stay_on_loopback),
        cmocka_unit_test(imsis_are_ranges_of_the_home_network_and_apart),
        cmocka_unit_test(what_is_given_is_configured),
        cmocka_unit_test(authorities_are_whole_and_apart),
        cmocka_unit_test(who_may_ask_where_nothing_is_offered_is_a_mistake),
    };
    onboard_keys();
    struct cert_wish w = {.cn = "x", .by = &provisioner, .names = "DNS:" NETWORK};
    save("roleless", 0, &w);
    w.role = ROLE_OPERATOR;
    w.comment = 900;
    save("long", 1, &w);
    w.comment = 0;
    w.names = "DNS:epc.mnc002.mcc001.3gppnetwork.org";
    save("elsewhere", 2, &w);
    w.names = "DNS:epc.mnc001.mcc262.3gppnetwork.org";
    save("visited", 3, &w);
    save_demo();
    crl_save(pki_path(&pki_files, "crl", ".pem"), false, &roots[0], NULL, DAY);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    for (size_t i = 0; i < sizeof made / sizeof *made; i++) {
        cert_drop(&made[i]);
    }
    onboard_keys_gone();
    return failed;
}
