/* nf/arpfd/config.h and src/nf/common/config_https.c: what a configuration may say, and
 * examples/arpfd.yaml. */
#include "lib/config_keys.h"
#include "net/pki.h"

#include "nf/arpfd/config.h"
#include "nf/common/config_read.h"

static struct pki pki;

static int setup(void **state)
{
    (void)state;
    pki_open(&pki);
    pki_make(&pki, "ca", NULL, "ca", NULL);
    pki_make(&pki, "arpfd", "ca", "arpfd", "DNS:localhost");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    pki_close(&pki);
    return 0;
}

#define NAME "name: Arpf.example.org\n"
#define TLS                                                                                        \
    "listen: \"https://127.0.0.1:8445\"\ncertificate: arpfd.crt\nkey: arpfd.key\nca: ca.crt\n"
#define AGREES    "agreement: [{certificate: a.crt, key: a.key}]\n"
#define SIGNS     "endorsement: {certificate: e.crt, key: e.key}\n"
#define ROOTS     "ci: {roots: ci.crt}\nsp: {roots: sp.crt}\n"
#define DIMSIS    "dimsis: [\"901700000000000-901700000000999\"]"
#define WHO       "operators: [\"001-01\"]\nservice_providers: [{name: SP.example, " DIMSIS "}]\n"
#define STORE     "store: arpf.db\n"
#define ALL       NAME TLS AGREES SIGNS ROOTS WHO STORE
#define SPS(text) NAME TLS AGREES SIGNS ROOTS STORE "service_providers: [" text "]\n"

static enum err load(const char *text, struct arpfd_config **out, struct config_why *why)
{
    const char *path = pki_path(&pki, "arpfd", ".yaml");
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
    *out = NULL;
    return arpfd_config_load(path, out, why);
}

static void refused(const char *text, const char *part)
{
    struct arpfd_config *c = NULL;
    struct config_why why;
    assert_err(load(text, &c, &why), E_BAD_VALUE);
    assert_null(c);
    if (strstr(why.sentence, part) == NULL && strstr(why.place, part) == NULL) {
        fail_msg("%s: %s", why.place, why.sentence);
    }
}

static struct arpfd_config *loaded(const char *text)
{
    struct arpfd_config *c = NULL;
    struct config_why why;
    if (load(text, &c, &why) != E_OK) {
        fail_msg("%s: %s", why.place, why.sentence);
    }
    return c;
}

static void what_is_not_said_has_its_default(void **state)
{
    (void)state;
    struct arpfd_config *c = loaded(ALL);
    assert_string_equal(c->name.text, "arpf.example.org");
    assert_int_equal(c->endorsement_seconds, 30 * 86400);
    assert_int_equal(c->requests_per_second, 200);
    assert_int_equal(c->burst, 400);
    assert_int_equal(c->limits.connections, 512);
    assert_int_equal(c->limits.body_ms, 30000);
    assert_null(c->admin);
    assert_null(c->crl);
    assert_null(c->ci.crl);
    assert_false(c->mask_imsi);
    assert_int_equal(c->log_level, LOG_LEVEL_INFO);
    arpfd_config_free(c);
    arpfd_config_free(NULL);
}

static void clients_are_found_by_their_names(void **state)
{
    (void)state;
    struct arpfd_config *c = loaded(NAME TLS AGREES SIGNS ROOTS STORE
                                    "operators: [\"001-01\", \"310-410\"]\n"
                                    "service_providers: [{name: SP.example, " DIMSIS
                                    "}, {name: other.example, dimsis: [\"90171000000000\"]}]\n");
    const struct arpfd_operator *o = arpfd_config_operator(c, "epc.mnc410.mcc310.3gppnetwork.org");
    assert_non_null(o);
    assert_string_equal(o->plmn.mnc, "410");
    assert_null(arpfd_config_operator(c, "epc.mnc002.mcc001.3gppnetwork.org"));
    assert_null(arpfd_config_operator(c, ""));
    assert_true(arpfd_config_is_sp(c, "sp.example"));
    assert_true(arpfd_config_is_sp(c, "other.example"));
    assert_false(arpfd_config_is_sp(c, "sp.exampl"));
    assert_false(arpfd_config_is_sp(c, ""));
    arpfd_config_free(c);
}

static struct imsi imsi_of(const char *digits)
{
    struct imsi i;
    assert_ok(imsi_parse(bytes_of_str(digits), &i));
    return i;
}

static void a_dimsi_is_of_the_service_provider_that_has_it_and_of_no_other(void **state)
{
    (void)state;
    struct arpfd_config *c =
        loaded(SPS("{name: a.b, dimsis: [\"901700000000000-901700000000099\", "
                   "\"901700000000050-901700000000200\"]}, "
                   "{name: c.d, dimsis: [\"901700000000201\", \"90170000000005\"]}"));
    static const struct {
        const char *sp, *dimsi;
        bool has;
    } all[] = {
        {"a.b", "901700000000000", true},  {"a.b", "901700000000200", true},
        {"a.b", "901700000000201", false}, {"a.b", "901699999999999", false},
        {"a.b", "90170000000005", false},  {"c.d", "901700000000201", true},
        {"c.d", "90170000000005", true},   {"c.d", "901700000000005", false},
        {"e.f", "901700000000000", false}, {"", "901700000000000", false},
    };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        const struct imsi dimsi = imsi_of(all[i].dimsi);
        assert_int_equal(arpfd_config_has_dimsi(c, all[i].sp, &dimsi), all[i].has);
    }
    assert_int_equal(c->revocations_most, 100000);
    arpfd_config_free(c);
}

static void faults_are_named_with_their_place(void **state)
{
    (void)state;
    static const char *const all[][2] = {
        {TLS AGREES SIGNS ROOTS WHO STORE, "name"},
        {"name: a..b\n" TLS AGREES SIGNS ROOTS WHO STORE, "not a DNS name"},
        {NAME TLS SIGNS ROOTS WHO STORE, "agreement"},
        {NAME TLS "agreement: []\n" SIGNS ROOTS WHO STORE, "agreement"},
        {NAME TLS "agreement: [{key: a.key}]\n" SIGNS ROOTS WHO STORE, "agreement[0].certificate"},
        {NAME TLS AGREES ROOTS WHO STORE, "endorsement"},
        {NAME TLS AGREES "endorsement: {certificate: e.crt, key: a.key}\n" ROOTS WHO STORE,
         "serves another use"},
        {NAME TLS AGREES "endorsement: {certificate: e.crt, key: arpfd.key}\n" ROOTS WHO STORE,
         "serves another use"},
        {NAME TLS "agreement: [{certificate: a.crt, key: a.key}, {certificate: b.crt, key: "
                  "a.key}]\n" SIGNS ROOTS WHO STORE,
         "agreement[1].key"},
        {NAME TLS AGREES SIGNS "ci: {roots: ci.crt}\n" WHO STORE, "sp.roots"},
        {NAME TLS AGREES SIGNS "sp: {roots: ci.crt}\n" WHO STORE, "ci.roots"},
        {NAME TLS AGREES SIGNS ROOTS WHO, "store"},
        {NAME TLS AGREES SIGNS ROOTS STORE "operators: [\"1-1\"]\n", "operators[0]"},
        {NAME TLS AGREES SIGNS ROOTS STORE "operators: [\"001-01\", \"001-001\"]\n",
         "realm of another"},
        {SPS("{name: a.b, " DIMSIS "}, {name: A.b, dimsis: [\"901710000000000\"]}"), "already"},
        {SPS("{name: \"a b\", " DIMSIS "}"), "service_providers[0].name"},
        {SPS("{name: a.b}"), "service_providers[0].dimsis"},
        {SPS("{name: a.b, dimsis: []}"), "service_providers[0].dimsis"},
        {SPS("a.b"), "must be a group"},
        {SPS("{name: a.b, dimsis: [\"901700000000000\", \"9017\"]}"),
         "service_providers[0].dimsis[1]"},
        {SPS("{name: a.b, dimsis: [\"901700000000001-901700000000000\"]}"), "not two IMSIs"},
        {SPS("{name: a.b, dimsis: [\"901700000000001-90170000000002\"]}"), "not two IMSIs"},
        {SPS("{name: a.b, dimsis: [\"901700000000001-\"]}"), "not two IMSIs"},
        {SPS("{name: a.b, " DIMSIS "}, {name: b.b, dimsis: [\"901700000000999\"]}"),
         "service_providers[1].dimsis[0]"},
        {SPS("{name: a.b, " DIMSIS "}, {name: b.b, dimsis: [\"901710000000000\", "
             "\"901690000000000-901710000000009\"]}"),
         "has dIMSIs of `a.b`"},
        {ALL "revocations_most: 0\n", "revocations_most"},
        {ALL "endorsement_seconds: 59\n", "endorsement_seconds"},
        {ALL "limits: {burst: 0}\n", "limits.burst"},
        {ALL "limits: {bursts: 1}\n", "bursts"},
        {ALL "log: {level: loud}\n", "log.level"},
        {ALL "log: {mask_imsi: maybe}\n", "log.mask_imsi"},
        {NAME AGREES SIGNS ROOTS WHO STORE
         "listen: \"http://127.0.0.1:1\"\ncertificate: arpfd.crt\nkey: arpfd.key\nca: ca.crt\n",
         "is not an address"},
        {NAME AGREES SIGNS ROOTS WHO STORE
         "listen: \"https://127.0.0.1\"\ncertificate: arpfd.crt\nkey: arpfd.key\nca: ca.crt\n",
         "is not an address"},
        {NAME AGREES SIGNS ROOTS WHO STORE
         "listen: \"https://127.0.0.1:1\"\ncertificate: none.crt\nkey: arpfd.key\nca: ca.crt\n",
         "none.crt"},
    };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        refused(all[i][0], all[i][1]);
    }
}

/* ---- read again ---- */

static void each_key_that_changes_is_in_one_of_the_lists(void **state)
{
    (void)state;
    each_is_named(arpfd_config_kind.shape, &arpfd_config_rules);
}

static void somebody_decided_for_each_key_when_it_counts(void **state)
{
    (void)state;
    struct config_rules rules = arpfd_config_rules;
    config_each_key(arpfd_config_kind.shape, has_rule, &rules);
}

static void each_rule_is_for_a_key_that_there_is(void **state)
{
    (void)state;
    each_belongs(arpfd_config_kind.shape, &arpfd_config_rules);
}

/* `first` was read; then the file is `text`. */
static void says(const char *first, const char *text, const char *expected)
{
    struct config_changes changes;
    struct config_why why;
    struct arpfd_config *next = NULL;
    char said[512];
    struct arpfd_config *c = loaded(text), *was = NULL;
    arpfd_config_free(c); /* it is good by itself */
    was = loaded(first);
    FILE *f = fopen(was->path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
    if (arpfd_config_reload(was, &next, &changes, &why) != E_OK) {
        fail_msg("%s: %s", why.place, why.sentence);
    }
    config_changes_print(&changes, said, sizeof said);
    assert_string_equal(said, expected);
    config_changes_free(&changes);
    arpfd_config_reload_undo(was, next);
    arpfd_config_free(next);
    assert_ok(arpfd_config_reload(was, &next, &changes, &why)); /* as if it never had been */
    config_changes_print(&changes, said, sizeof said);
    assert_string_equal(said, expected);
    config_changes_free(&changes);
    arpfd_config_free(was);
    arpfd_config_free(next);
}

static void what_counts_and_what_needs_a_restart_is_named(void **state)
{
    (void)state;
    static const char *const all[][2] = {
        {ALL, "changed: none; needs-restart: none"},
        {ALL "endorsement_seconds: 60\nlimits: {requests_per_second: 1, burst: 1}\n",
         "changed: endorsement_seconds, limits.requests_per_second, limits.burst; needs-restart: "
         "none"},
        {ALL "crl: a.crl\n", "changed: crl; needs-restart: none"},
        {ALL "revocations_most: 1\nadmin: a.sock\n",
         "changed: revocations_most; needs-restart: admin"},
        {ALL "limits: {connections: 1}\n", "changed: none; needs-restart: limits.connections"},
        {ALL "log: {level: debug, mask_imsi: true}\n",
         "changed: log.level, log.mask_imsi; needs-restart: none"},
        {NAME TLS AGREES SIGNS ROOTS WHO "store: other.db\n",
         "changed: none; needs-restart: store"},
    };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        says(ALL, all[i][0], all[i][1]);
    }
}

/* As it is, with the certificate that it names at the place where it looks for it. */
static void the_example_is_a_configuration(void **state)
{
    (void)state;
    char text[8192];
    pki_make(&pki, "clients-ca", "ca", "clients", NULL);
    FILE *f = fopen(TEST_DATA "/../../examples/arpfd.yaml", "r");
    assert_non_null(f);
    text[fread(text, 1, sizeof text - 1, f)] = '\0';
    fclose(f);
    struct arpfd_config *c = loaded(text);
    struct https_limits limits = https_limits_default();
    assert_int_equal(c->n_agreement, 1);
    assert_int_equal(c->limits.connections, limits.connections);
    assert_int_equal(c->limits.idle_ms, limits.idle_ms);
    assert_true(arpfd_config_is_sp(c, "sp.example.org"));
    assert_non_null(arpfd_config_operator(c, "epc.mnc001.mcc001.3gppnetwork.org"));
    arpfd_config_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_not_said_has_its_default),
        cmocka_unit_test(clients_are_found_by_their_names),
        cmocka_unit_test(a_dimsi_is_of_the_service_provider_that_has_it_and_of_no_other),
        cmocka_unit_test(faults_are_named_with_their_place),
        cmocka_unit_test(each_key_that_changes_is_in_one_of_the_lists),
        cmocka_unit_test(somebody_decided_for_each_key_when_it_counts),
        cmocka_unit_test(each_rule_is_for_a_key_that_there_is),
        cmocka_unit_test(what_counts_and_what_needs_a_restart_is_named),
        cmocka_unit_test(the_example_is_a_configuration)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
