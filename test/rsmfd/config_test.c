/* nf/rsmfd/config.h: what a configuration may say, and examples/rsmfd.yaml. */
#include "lib/config_keys.h"
#include "rsmfd/rsmf_pki.h"

#include "nf/common/config_read.h"
#include "nf/rsmfd/config.h"

static struct pki pki;

static int setup(void **state)
{
    (void)state;
    pki_open(&pki);
    pki_root(&pki, "ci");
    pki_root(&pki, "operators-ca");
    pki_server(&pki, "rsmfd", "operators-ca", "DNS:localhost");
    pki_server(&pki, "rsmfd-devices", "ci",
               "DNS:rsmf.epc.mnc001.mcc001.3gppnetwork.org,"
               "DNS:rsmf.epc.mnc002.mcc001.3gppnetwork.org");
    pki_server(&pki, "rsmfd-realm", "ci", "DNS:epc.mnc001.mcc001.3gppnetwork.org");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    pki_close(&pki);
    return 0;
}

#define LEFT                                                                                       \
    "listen: \"https://127.0.0.1:8447\"\ncertificate: rsmfd.crt\nkey: rsmfd.key\n"                 \
    "ca: operators-ca.crt\n"
#define RIGHT                                                                                      \
    "devices:\n  listen: \"https://127.0.0.1:8448\"\n  certificate: rsmfd-devices.crt\n"           \
    "  key: rsmfd-devices.key\n  ci: {roots: ci.crt}\n"
#define FILES "store: rsmf.db\nkek: rsmf.kek\n"
#define PLMN  "plmn: \"001-01\"\n"

static enum err load(const char *text, struct rsmfd_config **out, struct config_why *why)
{
    const char *path = pki_path(&pki, "rsmfd", ".yaml");
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
    *out = NULL;
    return rsmfd_config_load(path, out, why);
}

static struct rsmfd_config *loaded(const char *text)
{
    struct rsmfd_config *c = NULL;
    struct config_why why = {.sentence = ""};
    if (load(text, &c, &why) != E_OK) {
        fail_msg("%s: %s", why.place, why.sentence);
    }
    return c;
}

static void refused(const char *text, const char *place, const char *part)
{
    struct rsmfd_config *c = NULL;
    struct config_why why;
    assert_err(load(text, &c, &why), E_BAD_VALUE);
    assert_null(c);
    if (strstr(why.sentence, part) == NULL || strstr(why.place, place) == NULL) {
        fail_msg("%s: %s", why.place, why.sentence);
    }
}

static void what_is_left_out_has_its_default(void **state)
{
    (void)state;
    struct address anywhere = {.family = 4, .ip = {203, 0, 113, 9}};
    struct rsmfd_config *c = loaded(PLMN LEFT RIGHT FILES);
    assert_int_equal(c->n_operators, 1);
    assert_true(plmn_eq(&c->operators[0], &c->plmn));
    assert_non_null(rsmfd_config_operator(c, "epc.mnc001.mcc001.3gppnetwork.org"));
    assert_null(rsmfd_config_operator(c, "epc.mnc002.mcc001.3gppnetwork.org"));
    assert_null(rsmfd_config_operator(c, ""));
    assert_ptr_equal(rsmfd_config_asked(c, "rsmf.epc.mnc001.mcc001.3gppnetwork.org"),
                     &c->operators[0]);
    assert_ptr_equal(rsmfd_config_asked(c, "RSMF.epc.mnc001.mcc001.3GPPnetwork.org:8448"),
                     &c->operators[0]);
    assert_null(rsmfd_config_asked(c, "rsmf.epc.mnc002.mcc001.3gppnetwork.org"));
    assert_null(rsmfd_config_asked(c, "epc.mnc001.mcc001.3gppnetwork.org"));
    assert_null(rsmfd_config_asked(c, "rsmf.epc.mnc001.mcc001.3gppnetwork.org.example.org"));
    assert_null(rsmfd_config_asked(c, ""));
    assert_int_equal(c->n_sources, 0);
    assert_true(rsmfd_config_source(c, &anywhere));
    assert_null(c->admin);
    assert_null(c->operators_at.crl);
    assert_null(c->devices_at.crl);
    assert_int_equal(c->operators_at.address.port, 8447);
    assert_int_equal(c->devices_at.address.port, 8448);
    assert_non_null(strstr(c->devices_at.ca, "/ci.crt"));
    assert_int_equal(c->limits.connections, 512);
    assert_int_equal(c->requests_per_second, 200);
    assert_int_equal(c->burst, 400);
    assert_false(c->mask_imsi);
    rsmfd_config_free(c);
    rsmfd_config_free(NULL);
}

static void what_makes_no_sense_is_refused_with_its_place(void **state)
{
    (void)state;
    refused(LEFT RIGHT FILES, "plmn", "is not a PLMN");
    refused("plmn: \"1-1\"\n" LEFT RIGHT FILES, "rsmfd.yaml:1:", "is not a PLMN");
    refused(PLMN RIGHT FILES, "listen", "is not an address");
    refused(PLMN LEFT FILES, "devices", "is not an address");
    refused(PLMN LEFT RIGHT "store: rsmf.db\n", "kek", "missing");
    refused(PLMN LEFT RIGHT "store: x\nkek: x\n", "kek", "is the same file as store");
    refused(PLMN LEFT RIGHT FILES "other: 1\n", "other", "there is no key");
    refused(PLMN LEFT RIGHT FILES "operators: [\"001-01\", \"001-01\"]\n", "operators[1]", "");
    refused(PLMN LEFT RIGHT FILES "operators: [\"001-01\", \"001-001\"]\n", "operators[1]",
            "same realm");
    refused(PLMN LEFT RIGHT "  sources: [\"127.0.0.1/8\"]\n" FILES, "sources[0]",
            "is not a prefix");
    refused(PLMN LEFT RIGHT FILES "limits: {burst: 0}\n", "burst", "");
    refused(PLMN LEFT RIGHT FILES "limits: {connections: 65537}\n", "connections", "");
    refused(PLMN LEFT RIGHT FILES "log: {level: loud}\n", "level", "");
    refused(PLMN "listen: \"http://127.0.0.1:1\"\ncertificate: rsmfd.crt\nkey: rsmfd.key\n"
                 "ca: operators-ca.crt\n" RIGHT FILES,
            "listen", "is not an address");
    refused(PLMN "listen: \"https://127.0.0.1:1\"\ncertificate: none.crt\nkey: rsmfd.key\n"
                 "ca: operators-ca.crt\n" RIGHT FILES,
            "certificate", "cannot be read");
    refused(PLMN LEFT "devices:\n  listen: \"https://127.0.0.1:8448\"\n  certificate: rsmfd.crt\n"
                      "  key: rsmfd.key\n" FILES,
            "devices", "missing");
}

/* Devices look for it, and turn away from any other. */
static void without_the_name_that_devices_look_for_it_does_not_start(void **state)
{
    (void)state;
    refused(PLMN LEFT "devices:\n  listen: \"https://127.0.0.1:8448\"\n"
                      "  certificate: rsmfd-realm.crt\n  key: rsmfd-realm.key\n"
                      "  ci: {roots: ci.crt}\n" FILES,
            "devices.certificate", "no dNSName rsmf.epc.mnc001.mcc001.3gppnetwork.org");
    refused("plmn: \"001-03\"\n" LEFT RIGHT FILES, "devices.certificate",
            "no dNSName rsmf.epc.mnc003.mcc001.3gppnetwork.org");
}

static void prefixes_cover_what_begins_as_they_do(void **state)
{
    static const struct {
        const char *prefix, *address;
        bool covers;
    } all[] = {
        {"127.0.0.0/8", "tcp://127.9.8.7", true},
        {"127.0.0.0/8", "tcp://128.0.0.1", false},
        {"192.0.2.128/25", "tcp://192.0.2.128", true},
        {"192.0.2.128/25", "tcp://192.0.2.127", false},
        {"192.0.2.7", "tcp://192.0.2.7", true},
        {"192.0.2.7", "tcp://192.0.2.6", false},
        {"0.0.0.0/0", "tcp://8.8.8.8", true},
        {"0.0.0.0/0", "tcp://[2001:db8::1]", false},
        {"::/0", "tcp://[2001:db8::1]", true},
        {"2001:db8::/33", "tcp://[2001:db8:7fff::1]", true},
        {"2001:db8::/33", "tcp://[2001:db8:8000::1]", false},
        {"192.0.2.0/24", "tcp://[::ffff:192.0.2.9]", true},
        {"192.0.2.0/24", "tcp://[::ffff:192.0.3.9]", false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        struct rsmfd_prefix p;
        struct address a;
        assert_ok(rsmfd_prefix_parse(all[i].prefix, &p));
        assert_ok(address_parse(all[i].address, &a));
        assert_int_equal(rsmfd_prefix_has(&p, &a), all[i].covers);
    }
}

static void what_is_no_prefix_is_refused(void **state)
{
    static const char *const all[] = {"",
                                      "/8",
                                      "127.0.0.0/",
                                      "127.0.0.0/33",
                                      "127.0.0/8",
                                      "127.0.0.1/8",
                                      "name/8",
                                      "127.0.0.0/08",
                                      "::1/64",
                                      "::/129",
                                      "::/1x",
                                      "127.0.0.0/ 8",
                                      "[::]/0",
                                      "127.0.0.0/8/8",
                                      "127.0.0.0/-1"};
    (void)state;
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        struct rsmfd_prefix p;
        assert_err(rsmfd_prefix_parse(all[i], &p), E_BAD_VALUE);
    }
}

/* ---- read again ---- */

static void each_key_that_changes_is_in_one_of_the_lists(void **state)
{
    (void)state;
    each_is_named(rsmfd_config_kind.shape, &rsmfd_config_rules);
}

static void somebody_decided_for_each_key_when_it_counts(void **state)
{
    (void)state;
    struct config_rules rules = rsmfd_config_rules;
    config_each_key(rsmfd_config_kind.shape, has_rule, &rules);
}

static void each_rule_is_for_a_key_that_there_is(void **state)
{
    (void)state;
    each_belongs(rsmfd_config_kind.shape, &rsmfd_config_rules);
}

/* `first` was read; then the file is `text`. */
static void says(const char *first, const char *text, const char *expected)
{
    struct config_changes changes;
    struct config_why why;
    struct rsmfd_config *next = NULL;
    char said[512];
    struct rsmfd_config *c = loaded(text), *was = NULL;
    rsmfd_config_free(c); /* it is good by itself */
    was = loaded(first);
    FILE *f = fopen(was->path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
    if (rsmfd_config_reload(was, &next, &changes, &why) != E_OK) {
        fail_msg("%s: %s", why.place, why.sentence);
    }
    config_changes_print(&changes, said, sizeof said);
    assert_string_equal(said, expected);
    config_changes_free(&changes);
    rsmfd_config_reload_undo(was, next);
    rsmfd_config_free(next);
    assert_ok(rsmfd_config_reload(was, &next, &changes, &why)); /* as if it never had been */
    config_changes_print(&changes, said, sizeof said);
    assert_string_equal(said, expected);
    config_changes_free(&changes);
    rsmfd_config_free(was);
    rsmfd_config_free(next);
}

static void what_counts_and_what_needs_a_restart_is_named(void **state)
{
    (void)state;
    static const char *const all[][2] = {
        {PLMN LEFT RIGHT FILES, "changed: none; needs-restart: none"},
        {PLMN LEFT RIGHT "  sources: [\"127.0.0.0/8\"]\n" FILES "operators: [\"001-02\"]\n",
         "changed: operators, devices.sources; needs-restart: none"},
        {PLMN LEFT RIGHT "store: other.db\nkek: other.kek\n",
         "changed: none; needs-restart: store, kek"},
        {PLMN LEFT RIGHT FILES "admin: a.sock\n", "changed: none; needs-restart: admin"},
        {PLMN LEFT RIGHT FILES "limits: {idle_seconds: 1, burst: 1}\n",
         "changed: limits.burst; needs-restart: limits.idle_seconds"},
        {PLMN LEFT RIGHT FILES "log: {mask_imsi: true}\n",
         "changed: log.mask_imsi; needs-restart: none"},
    };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        says(PLMN LEFT RIGHT FILES, all[i][0], all[i][1]);
    }
}

static void the_example_is_good(void **state)
{
    static char text[8192];
    (void)state;
    FILE *f = fopen(TEST_DATA "/../../examples/rsmfd.yaml", "r");
    assert_non_null(f);
    text[fread(text, 1, sizeof text - 1, f)] = '\0';
    fclose(f);
    rsmfd_config_free(loaded(text));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_left_out_has_its_default),
        cmocka_unit_test(what_makes_no_sense_is_refused_with_its_place),
        cmocka_unit_test(without_the_name_that_devices_look_for_it_does_not_start),
        cmocka_unit_test(prefixes_cover_what_begins_as_they_do),
        cmocka_unit_test(what_is_no_prefix_is_refused),
        cmocka_unit_test(each_key_that_changes_is_in_one_of_the_lists),
        cmocka_unit_test(somebody_decided_for_each_key_when_it_counts),
        cmocka_unit_test(each_rule_is_for_a_key_that_there_is),
        cmocka_unit_test(what_counts_and_what_needs_a_restart_is_named),
        cmocka_unit_test(the_example_is_good),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
