/* The section `dimsi` of the HSS's configuration (src/nf/hssd/config_dimsi.c,
 * src/nf/hssd/config_dimsi_parties.c, src/nf/hssd/config_pools.c). */
#include "nf/devid_pki.h"

#include "nf/hssd/config.h"
#include "proc/binding.h"

static struct pki files;
static struct cert ca, server, agreement, other;

#define HEAD                                                                                       \
    "origin_host: hss.example.net\norigin_realm: example.net\nplmns: [\"001-01\", \"999-70\"]\n"   \
    "store: {path: hss.db, key_file: kek}\nadmin: {socket: admin.sock}\n"                          \
    "listeners: [{address: \"tcp://127.0.0.1:3868\"}]\n"                                           \
    "profiles:\n  - name: default\n    ambr: {uplink: 1 Mbps, downlink: 1 Mbps}\n"                 \
    "    apns: [{name: internet}]\n"                                                               \
    "  - name: many\n    ambr: {uplink: 1 Mbps, downlink: 1 Mbps}\n    default_apn: a\n"           \
    "    apns: [{name: a}, {name: b, context: 2}, {name: c, context: 3}, {name: d, context: 4}, "  \
    "{name: e, context: 5}]\n"
#define PLMN_IS "plmn: \"001-01\""
#define LISTEN                                                                                     \
    "listen: \"https://127.0.0.1:8446\", certificate: server.crt, key: server.key, ca: ca.crt"
#define AUSF                                                                                       \
    "ausf: {certificate: server.crt, key: server.key, agreement_certificate: eck.crt, "            \
    "agreement_key: eck.key}"
#define TRUST "sp: {roots: ca.crt}, ci: {roots: ca.crt}"
#define SPS   "service_providers: [{name: sp.example.org}]"
#define ARPFS                                                                                      \
    "arpfs: [{name: arpf.example.org, link: \"https://arpf.example.org:8445\", ca: ca.crt}]"
#define DISCOVERY                                                                                  \
    "discovery: [{plmn: \"901-70\", link: \"https://dausf.example.org:8447\", ca: ca.crt}]"
#define RSMF    "rsmf: {link: \"https://rsmf.example.org:8448\", ca: ca.crt}"
#define IMSIS   "imsis: [\"001010000700000-001010000799999\"]"
#define OWN     "operator_imsis: [\"001010000800000-001010000899999\"]"
#define PARTIES SPS ", " ARPFS ", " DISCOVERY
#define BASE    PLMN_IS ", " LISTEN ", " AUSF ", " TRUST
#define WHOLE   "dimsi: {" BASE ", " PARTIES ", " RSMF ", " IMSIS ", " OWN "}\n"

static int setup(void **state)
{
    (void)state;
    pki_open(&files);
    cert_make(&ca, &(struct cert_wish){.cn = "CA", .ca = true});
    cert_make(&server, &(struct cert_wish){.cn = "hss", .by = &ca, .names = "DNS:localhost"});
    cert_make(&agreement, &(struct cert_wish){.cn = "AUSF",
                                              .by = &ca,
                                              .usage = "critical,keyAgreement",
                                              .role = VERIFY_OID_ROLES ".4"});
    cert_make(&other, &(struct cert_wish){.cn = "other", .by = &ca});
    (void)cert_save(&files, "ca", &ca);
    (void)cert_save(&files, "server", &server);
    (void)cert_save(&files, "eck", &agreement);
    (void)cert_save(&files, "other", &other);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    cert_drop(&ca);
    cert_drop(&server);
    cert_drop(&agreement);
    cert_drop(&other);
    pki_close(&files);
    return 0;
}

static enum err load(const char *more, struct hssd_config **out, struct config_why *why)
{
    char path[80];
    snprintf(path, sizeof path, "%s/hssd.yaml", files.dir);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fprintf(f, "%s%s", HEAD, more);
    fclose(f);
    *out = NULL;
    return hssd_config_load(path, out, why);
}

static struct hssd_config *loaded(const char *more)
{
    struct hssd_config *c;
    struct config_why why;
    if (load(more, &c, &why) != E_OK) {
        fail_msg("%s: %s", why.place, why.sentence);
    }
    return c;
}

static void refused(const char *more, const char *place, const char *says)
{
    struct hssd_config *c;
    struct config_why why;
    assert_err(load(more, &c, &why), E_BAD_VALUE);
    if (strstr(why.place, place) == NULL || strstr(why.sentence, says) == NULL) {
        fail_msg("%s: %s", why.place, why.sentence);
    }
}

static void absent_it_is_off_and_what_was_begun_has_its_times(void **state)
{
    (void)state;
    struct hssd_config *c = loaded("");
    assert_false(c->dimsi.enabled);
    assert_int_equal(c->dimsi.quarantine_seconds, 2592000);
    assert_int_equal(c->dimsi.entry_seconds, 2592000);
    hssd_config_free(c);
}

static void has_the_documented_defaults(void **state)
{
    (void)state;
    struct imsi dimsi, elsewhere, within;
    struct hssd_config *c = loaded(WHOLE);
    const struct hssd_dimsi *d = &c->dimsi;
    assert_true(d->enabled);
    assert_int_equal(d->listen.port, 8446);
    assert_int_equal(d->poll_seconds, 5);
    assert_int_equal(d->threads, 4);
    assert_int_equal(d->pool_low_percent, 10);
    assert_int_equal(d->requests_per_second, 100);
    assert_int_equal(d->burst, 1000);
    assert_int_equal(d->operator_policy, BINDING_OPEN);
    assert_int_equal(d->operator_algorithm, AKA_MILENAGE);
    assert_string_equal(d->profile, "default");
    assert_string_equal(d->operator_profile, "default");
    assert_int_equal(hssd_config_sp(c, "sp.example.org")->offers_most, 10000);
    assert_null(hssd_config_sp(c, "other.example.org"));
    assert_ptr_equal(hssd_config_arpf(c, "https://arpf.example.org:8445"), &d->arpfs[0]);
    assert_ptr_equal(hssd_config_arpf(c, "https://arpf.example.org:8445/"), &d->arpfs[0]);
    assert_null(hssd_config_arpf(c, "https://arpf.example.org:844"));
    assert_ok(imsi_parse(BYTES_LIT("901700000000001"), &dimsi));
    assert_ok(imsi_parse(BYTES_LIT("901710000000001"), &elsewhere));
    assert_ok(imsi_parse(BYTES_LIT("001010000799999"), &within));
    assert_ptr_equal(hssd_config_discovery(c, &dimsi), &d->discovery[0]);
    assert_null(hssd_config_discovery(c, &elsewhere));
    assert_true(hssd_config_in_pools(d->pools, d->n_pools, &within));
    assert_false(hssd_config_in_pools(d->operator_pools, d->n_operator_pools, &within));
    assert_string_equal(d->rsmf.link, "https://rsmf.example.org:8448");
    hssd_config_free(c);
}

static void without_an_rsmf_there_is_no_operators_profile(void **state)
{
    (void)state;
    struct hssd_config *c = loaded("dimsi: {" BASE ", " PARTIES ", " IMSIS "}\n");
    assert_null(c->dimsi.rsmf.link);
    assert_int_equal(c->dimsi.n_operator_pools, 0);
    hssd_config_free(c);
    refused("dimsi: {" BASE ", " PARTIES ", " IMSIS ", " OWN "}\n", "dimsi.operator_imsis",
            "without `rsmf`");
    refused("dimsi: {" BASE ", " PARTIES ", " IMSIS ", " RSMF "}\n", "dimsi", "missing, empty");
}

static void what_is_missing_or_wrong_is_named_with_its_place(void **state)
{
    (void)state;
    static const struct {
        const char *more, *place, *says;
    } bad[] = {
        {"dimsi: {plmn: \"001-02\"}\n", "dimsi.plmn", "none of `plmns`"},
        {"dimsi: {" PLMN_IS "}\n", "dimsi", "address such as"},
        {"dimsi: {" PLMN_IS ", " LISTEN "}\n", "dimsi", ""},
        {"dimsi: {" BASE "}\n", "dimsi", "list those that may offer"},
        {"dimsi: {" BASE ", " SPS "}\n", "dimsi", "asked for eK"},
        {"dimsi: {" BASE ", " SPS ", " ARPFS "}\n", "dimsi", "by their dIMSIs' PLMNs"},
        {"dimsi: {" BASE ", " PARTIES "}\n", "dimsi", "missing, empty"},
        {"dimsi: {" BASE ", " PARTIES ", imsis: [\"001020000700000-001020000799999\"]}\n",
         "dimsi.imsis[0]", "not within one of `plmns`"},
        {"dimsi: {" BASE ", " PARTIES ", " RSMF ", " IMSIS
         ", operator_imsis: [\"001010000799999-001010000800000\"]}\n",
         "dimsi.operator_imsis", "that imsis has too"},
        {"dimsi: {" BASE ", " PARTIES ", " IMSIS ", profile: nobody}\n", "dimsi.profile",
         "none of `profiles`"},
        {"dimsi: {" BASE ", " PARTIES ", " RSMF ", " IMSIS ", " OWN ", operator_profile: many}\n",
         "dimsi.operator_profile", "5 APNs"},
        {"dimsi: {" BASE ", " PARTIES ", " IMSIS ", threads: 17}\n", "dimsi.threads", ""},
        {"dimsi: {" BASE ", service_providers: [{name: SP.example.org}], " ARPFS ", " DISCOVERY
         ", " IMSIS "}\n",
         "dimsi.service_providers[0].name", "DNS name in lower case"},
        {"dimsi: {" BASE ", service_providers: [{name: a.org}, {name: a.org}], " ARPFS
         ", " DISCOVERY ", " IMSIS "}\n",
         "dimsi.service_providers[1].name", "service_providers[0] too"},
        {"dimsi: {" BASE ", service_providers: [{name: a.org, dimsis: [90170]}], " ARPFS
         ", " DISCOVERY ", " IMSIS "}\n",
         "dimsi.service_providers[0].dimsis[0]", "two IMSIs of one length"},
        {"dimsi: {" BASE ", service_providers: [{name: a.org, dimsis: [\"901700000000001\", "
         "\"901700000000010-901700000000019\"]}, {name: b.org, dimsis: "
         "[\"901700000000019-901700000000020\"]}], " ARPFS ", " DISCOVERY ", " IMSIS "}\n",
         "dimsi.service_providers[1].dimsis[0]", "dIMSIs of `a.org` too"},
        {"dimsi: {" BASE ", " SPS
         ", arpfs: [{name: a.org, link: \"http://a.org\", ca: ca.crt}], " DISCOVERY ", " IMSIS
         "}\n",
         "dimsi.arpfs[0].link", "is not a URL"},
        {"dimsi: {" BASE ", " SPS ", " ARPFS ", discovery: [{plmn: 9, link: \"https://d.org\", ca: "
         "ca.crt}], " IMSIS "}\n",
         "dimsi.discovery[0].plmn", "such as 901-70"},
        {"dimsi: {" PLMN_IS ", " LISTEN ", ausf: {certificate: server.crt, key: server.key, "
         "agreement_certificate: eck.crt, agreement_key: other.key}, " TRUST ", " PARTIES ", " IMSIS
         "}\n",
         "dimsi.ausf.agreement_key", ""},
        {"dimsi: {" PLMN_IS ", " LISTEN ", " AUSF
         ", sp: {roots: server.key}, ci: {roots: ca.crt}, " PARTIES ", " IMSIS "}\n",
         "dimsi.sp.roots", ""},
        {"dimsi: {" BASE ", " PARTIES ", " IMSIS ", whatever: 1}\n", "", "whatever"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        refused(bad[i].more, bad[i].place, bad[i].says);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(absent_it_is_off_and_what_was_begun_has_its_times),
        cmocka_unit_test(has_the_documented_defaults),
        cmocka_unit_test(without_an_rsmf_there_is_no_operators_profile),
        cmocka_unit_test(what_is_missing_or_wrong_is_named_with_its_place),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
