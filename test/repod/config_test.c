/* nf/repod/config.h: what a configuration may say, and examples/repod.yaml. */
#include "lib/config_keys.h"
#include "net/pki.h"

#include "nf/common/config_read.h"
#include "nf/repod/config.h"

static struct pki pki;

static int setup(void **state)
{
    (void)state;
    pki_open(&pki);
    pki_make(&pki, "ca", NULL, "ca", NULL);
    pki_make(&pki, "repod", "ca", "repod", "DNS:localhost");
    pki_make(&pki, "records", "ca", "records", NULL);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    pki_close(&pki);
    return 0;
}

#define LISTENER                                                                                   \
    "listener: {address: \"https://127.0.0.1:8443\", certificate: repod.crt, key: repod.key,"      \
    " ca: ca.crt}\n"
#define FILES "signing_key: records.key\nstore: repod.db\naudit: audit.log\n"
#define MAKER "manufacturers:\n  - {name: Maker.example, ranges: [\"35693803\"]}\n"

static enum err load(const char *text, struct repod_config **out, struct config_why *why)
{
    const char *path = pki_path(&pki, "repod", ".yaml");
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
    *out = NULL;
    return repod_config_load(path, out, why);
}

static void refused(const char *text, const char *part)
{
    struct repod_config *c = NULL;
    struct config_why why;
    assert_err(load(text, &c, &why), E_BAD_VALUE);
    assert_null(c);
    if (strstr(why.sentence, part) == NULL && strstr(why.place, part) == NULL) {
        print_error("%s: %s\n", why.place, why.sentence);
        fail();
    }
}

static void an_administration_interface_is_there_where_it_is_asked_for(void **state)
{
    (void)state;
    struct repod_config *c = NULL;
    struct config_why why;
    assert_ok(load(LISTENER FILES MAKER, &c, &why));
    assert_null(c->admin_socket);
    assert_false(c->admin_https.on);
    repod_config_free(c);
    assert_ok(load(LISTENER FILES MAKER
                   "admin:\n  socket: repod.sock\n  https: {listen: \"https://127.0.0.1:0\","
                   " certificate: repod.crt, key: repod.key, ca: ca.crt,"
                   " users: [{name: ops.example, role: reader}]}\n",
                   &c, &why));
    assert_string_equal(c->admin_socket, pki_path(&pki, "repod", ".sock"));
    assert_true(c->admin_https.on);
    assert_int_equal(c->admin_https.n_users, 1);
    repod_config_free(c);
    refused(LISTENER FILES MAKER "admin: {https: {listen: \"https://127.0.0.1:0\","
                                 " certificate: repod.crt, key: repod.key, ca: ca.crt}}\n",
            "users");
    refused(LISTENER FILES MAKER "admin: {sockets: x}\n", "sockets");
}

static void grants_cover_what_they_list(void **state)
{
    (void)state;
    struct repod_config *c = NULL;
    struct config_why why;
    struct imei in, out;
    assert_ok(load(LISTENER FILES MAKER "operators:\n  - {name: op.example}\n", &c, &why));
    assert_ok(imei_parse(BYTES_LIT("35693803000001"), &in));
    assert_ok(imei_parse(BYTES_LIT("35693804000001"), &out));
    const struct repod_grant *maker =
        repod_config_grant(c, VERIFY_ROLE_MANUFACTURER, "maker.example");
    const struct repod_grant *op = repod_config_grant(c, VERIFY_ROLE_OPERATOR, "op.example");
    assert_non_null(maker);
    assert_non_null(op);
    assert_true(repod_grant_covers(maker, &in));
    assert_false(repod_grant_covers(maker, &out));
    assert_true(repod_grant_covers(op, &out));
    assert_null(repod_config_grant(c, VERIFY_ROLE_OPERATOR, "maker.example"));
    assert_null(repod_config_grant(c, VERIFY_ROLE_OPERATOR, ""));
    assert_int_equal(c->address.port, 8443);
    assert_int_equal(c->bulk_rows, 1000000);
    assert_int_equal(c->limits.header_ms, 10000);
    repod_config_free(c);
}

static void what_is_wrong_is_told_with_its_place(void **state)
{
    (void)state;
    refused(FILES MAKER, "address");
    refused("listener: {address: \"http://127.0.0.1:1\", certificate: repod.crt, key: repod.key,"
            " ca: ca.crt}\n" FILES,
            "https://");
    refused("listener: {address: \"https://127.0.0.1\", certificate: repod.crt, key: repod.key,"
            " ca: ca.crt}\n" FILES,
            "https://");
    refused(LISTENER "signing_key: repod.key\nstore: a\naudit: b\n", "key of TLS");
    refused(LISTENER FILES "manufacturers:\n  - {name: maker.example}\n", "ranges");
    refused(LISTENER FILES "manufacturers:\n  - {name: maker.example, ranges: [\"123\"]}\n",
            "ranges[0]");
    refused(LISTENER FILES MAKER "  - {name: maker.example, ranges: [\"35693805\"]}\n", "already");
    refused(LISTENER FILES "operators:\n  - {name: op.example, device_ca: ca.crt}\n", "device_ca");
    refused(LISTENER FILES "limits: {header_seconds: 0}\n", "header_seconds");
    refused(LISTENER FILES "surprise: 1\n", "surprise");
    refused(LISTENER "signing_key: records.key\nstore: a\n", "audit");
}

static void a_site_is_there_when_its_section_is(void **state)
{
    (void)state;
    struct repod_config *c = NULL;
    struct config_why why;
    assert_ok(load(LISTENER FILES, &c, &why));
    assert_false(c->site.on);
    repod_config_free(c);
    assert_ok(load(LISTENER FILES "site: {}\n", &c, &why));
    assert_true(c->site.on);
    assert_false(c->site.open);
    assert_int_equal(c->site.n_crl, 0);
    assert_int_equal(c->site.cache_seconds, 60);
    assert_int_equal(c->site.requests_per_second, 2);
    assert_int_equal(c->site.burst, 20);
    repod_config_free(c);
    assert_ok(load(LISTENER FILES "site: {open: true, crl: [a.crl, /x/b-2_C.crl], cache_seconds: 0,"
                                  " requests_per_second: 7, burst: 8}\n",
                   &c, &why));
    assert_true(c->site.open);
    assert_int_equal(c->site.n_crl, 2);
    assert_string_equal(c->site.crl[1], "/x/b-2_C.crl");
    assert_int_equal(c->site.cache_seconds, 0);
    assert_int_equal(c->site.burst, 8);
    repod_config_free(c);
    refused(LISTENER FILES "site: {open: yes}\n", "site.open");
    refused(LISTENER FILES "site: {crl: [a.crl, /x/a.crl]}\n", "site.crl[1]");
    refused(LISTENER FILES "site: {crl: [\"a b.crl\"]}\n", "rename the file");
    refused(LISTENER FILES "site: {crl: [\"a%20.crl\"]}\n", "rename the file");
    refused(LISTENER FILES "site: {crl: [x/]}\n", "rename the file");
    refused(LISTENER FILES "site: {cache_seconds: 86401}\n", "site.cache_seconds");
    refused(LISTENER FILES "site: {burst: 0}\n", "site.burst");
    refused(LISTENER FILES "site: {surprise: 1}\n", "surprise");
}

static void the_example_is_good_but_for_its_files(void **state)
{
    (void)state;
    struct repod_config *c = NULL;
    struct config_why why;
    char text[8192];
    FILE *f = fopen(TEST_DATA "/../../examples/repod.yaml", "r");
    assert_non_null(f);
    size_t n = fread(text, 1, sizeof text - 1, f);
    fclose(f);
    text[n] = '\0';
    char *ca = strstr(text, "clients-ca.crt");
    assert_non_null(ca);
    memcpy(ca, "ca.crt        ", 14);
    assert_ok(load(text, &c, &why));
    assert_int_equal(c->n_grants, 2);
    struct https_limits normal = https_limits_default();
    assert_int_equal(c->limits.connections, normal.connections);
    assert_int_equal(c->limits.connections_per_client, normal.connections_per_client);
    assert_int_equal(c->limits.header_ms, normal.header_ms);
    assert_int_equal(c->limits.body_ms, normal.body_ms);
    assert_int_equal(c->limits.idle_ms, normal.idle_ms);
    repod_config_free(c);
}

/* ---- read again ---- */

static void each_key_that_changes_is_in_one_of_the_lists(void **state)
{
    (void)state;
    each_is_named(repod_config_kind.shape, &repod_config_rules);
}

static void somebody_decided_for_each_key_when_it_counts(void **state)
{
    (void)state;
    struct config_rules rules = repod_config_rules;
    config_each_key(repod_config_kind.shape, has_rule, &rules);
}

static void each_rule_is_for_a_key_that_there_is(void **state)
{
    (void)state;
    each_belongs(repod_config_kind.shape, &repod_config_rules);
}

static struct repod_config *loaded(const char *text)
{
    struct repod_config *c = NULL;
    struct config_why why = {.sentence = ""};
    if (load(text, &c, &why) != E_OK) {
        fail_msg("%s: %s", why.place, why.sentence);
    }
    return c;
}

/* `first` was read; then the file is `text`. */
static void says(const char *first, const char *text, const char *expected)
{
    struct config_changes changes;
    struct config_why why;
    struct repod_config *next = NULL;
    char said[512];
    struct repod_config *c = loaded(text), *was = NULL;
    repod_config_free(c); /* it is good by itself */
    was = loaded(first);
    FILE *f = fopen(was->path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
    if (repod_config_reload(was, &next, &changes, &why) != E_OK) {
        fail_msg("%s: %s", why.place, why.sentence);
    }
    config_changes_print(&changes, said, sizeof said);
    assert_string_equal(said, expected);
    config_changes_free(&changes);
    repod_config_reload_undo(was, next);
    repod_config_free(next);
    assert_ok(repod_config_reload(was, &next, &changes, &why)); /* as if it never had been */
    config_changes_print(&changes, said, sizeof said);
    assert_string_equal(said, expected);
    config_changes_free(&changes);
    repod_config_free(was);
    repod_config_free(next);
}

static void what_counts_and_what_needs_a_restart_is_named(void **state)
{
    (void)state;
    static const char *const all[][2] = {
        {LISTENER FILES MAKER, "changed: none; needs-restart: none"},
        {LISTENER FILES MAKER "operators:\n  - {name: op.example}\n",
         "changed: operators[op.example]; needs-restart: none"},
        {LISTENER FILES MAKER "site: {open: true}\n", "changed: site; needs-restart: none"},
        {LISTENER FILES MAKER "limits: {connections: 7, burst: 8, bulk_rows: 9}\n",
         "changed: limits.bulk_rows, limits.burst; needs-restart: limits.connections"},
        {LISTENER FILES MAKER "log: {level: debug}\nmetrics: {listen: \"http://127.0.0.1:9464\"}\n",
         "changed: metrics.listen, log.level; needs-restart: none"},
        {LISTENER MAKER "signing_key: records.key\nstore: other.db\naudit: audit.log\n",
         "changed: none; needs-restart: store"},
    };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        says(LISTENER FILES MAKER, all[i][0], all[i][1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_administration_interface_is_there_where_it_is_asked_for),
        cmocka_unit_test(each_key_that_changes_is_in_one_of_the_lists),
        cmocka_unit_test(somebody_decided_for_each_key_when_it_counts),
        cmocka_unit_test(each_rule_is_for_a_key_that_there_is),
        cmocka_unit_test(what_counts_and_what_needs_a_restart_is_named),
        cmocka_unit_test(grants_cover_what_they_list),
        cmocka_unit_test(what_is_wrong_is_told_with_its_place),
        cmocka_unit_test(a_site_is_there_when_its_section_is),
        cmocka_unit_test(the_example_is_good_but_for_its_files)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
