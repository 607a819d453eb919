/* The parts of the configuration about proofs of the IMEI and about devices that make their own key
 * (src/nf/hssd/config_devid.c, src/nf/hssd/config_kme.c). */
#include "nf/devid_pki.h"

#include "nf/hssd/config.h"

static struct pki files;
static struct repository maker;
static struct cert ca;
static char folder[40];

static int setup(void **state)
{
    (void)state;
    pki_open(&files);
    repository_open(&maker, &files, "maker");
    cert_make(&ca, &(struct cert_wish){.cn = "operator", .ca = true});
    (void)cert_save(&files, "hss", &ca);
    snprintf(folder, sizeof folder, "%s", files.dir);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    repository_close(&maker);
    cert_drop(&ca);
    pki_close(&files);
    return 0;
}

#define HEAD                                                                                       \
    "origin_host: hss.example.net\norigin_realm: example.net\nplmns: [\"001-01\"]\n"               \
    "store: {path: hss.db, key_file: kek}\nadmin: {socket: admin.sock}\n"                          \
    "listeners: [{address: \"tcp://127.0.0.1:3868\"}]\n"                                           \
    "profiles:\n  - name: default\n    ambr: {uplink: 1 Mbps, downlink: 1 Mbps}\n"                 \
    "    apns: [{name: internet}]\n"                                                               \
    "peers:\n  - {origin_host: mme.example.net, realm: example.net, visited_plmns: [\"001-01\"], " \
    "sends_device_proof: true}\n"
#define TLS "certificate: hss.crt, key: hss.key, ca: hss.crt"
#define MAKER                                                                                      \
    "{name: maker, url: \"https://bindings.example.com:8443/\", " TLS ", signers: [maker.pub]"

static enum err load(const char *more, struct hssd_config **out, struct config_why *why)
{
    char path[64];
    snprintf(path, sizeof path, "%s/hssd.yaml", folder);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(HEAD, f);
    fputs(more, f);
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

static void has_the_documented_defaults(void **state)
{
    (void)state;
    struct hssd_config *c = loaded("");
    const struct hssd_devid want = {.cache_seconds = 3600,
                                    .unknown_seconds = 60,
                                    .stale_seconds = 86400,
                                    .changes_seconds = 30,
                                    .entries = 100000,
                                    .wait_ms = 2000,
                                    .queue = 1000,
                                    .connections = 2,
                                    .remember_seconds = 604800};
    assert_memory_equal(&c->devid, &want, sizeof want);
    assert_int_equal(c->n_repositories, 0);
    assert_true(c->peers[0].sends_device_proof);
    assert_false(hssd_config_serves_s13(c));
    assert_int_equal(c->limits.send_buffer, 262144);
    assert_int_equal(hssd_config_answer_max(c), HSSD_ANSWER_SHORT);
    hssd_config_free(c);
}

static void the_first_repository_that_covers_an_imei_is_asked(void **state)
{
    (void)state;
    struct imei in, out;
    struct hssd_config *c =
        loaded("repositories:\n  - " MAKER ", imei_ranges: [\"35693803\"]}\n"
               "  - {name: others, url: \"https://[::1]:1\", " TLS ", signers: [maker.pub]}\n");
    assert_ok(imei_parse_transmitted(BYTES_LIT("35693803564380"), &in));
    assert_ok(imei_parse_transmitted(BYTES_LIT("35693903564380"), &out));
    assert_string_equal(c->repositories[0].url, "https://bindings.example.com:8443");
    assert_ptr_equal(hssd_config_repository_of(c, &in), &c->repositories[0]);
    assert_ptr_equal(hssd_config_repository_of(c, &out), &c->repositories[1]);
    c->n_repositories = 1;
    assert_null(hssd_config_repository_of(c, &out));
    c->n_repositories = 2;
    assert_true(hssd_config_serves_s13(c));
    assert_int_equal(hssd_config_answer_max(c), HSSD_ANSWER_LONG);
    assert_int_equal(c->limits.send_buffer, 96 * HSSD_ANSWER_LONG);
    hssd_config_free(c);
}

static void what_is_configured_of_kme_is_taken(void **state)
{
    (void)state;
    char wanted[64];
    struct hssd_config *c = loaded("");
    assert_int_equal(c->kme.nonce_seconds, 120);
    assert_int_equal(c->kme.threads, 1);
    assert_int_equal(c->kme.queue, 256);
    assert_null(c->kme.ca);
    assert_null(c->kme.crl);
    assert_false(c->kme.ca_with_binding);
    hssd_config_free(c);
    snprintf(wanted, sizeof wanted, "%s/hss.crt", folder);
    c = loaded("repositories:\n  - " MAKER "}\n"
               "kme: {nonce_seconds: 3600, threads: 16, queue: 1, ca: hss.crt, "
               "ca_with_binding: true}\n");
    assert_int_equal(c->kme.nonce_seconds, 3600);
    assert_int_equal(c->kme.threads, 16);
    assert_int_equal(c->kme.queue, 1);
    assert_string_equal(c->kme.ca, wanted);
    assert_true(c->kme.ca_with_binding);
    hssd_config_free(c);
}

static void each_fault_has_its_place_and_its_sentence(void **state)
{
    (void)state;
    static const struct {
        const char *text, *place, *sentence;
    } faults[] = {
        {"devid: {wait_ms: 99}\n", "(devid.wait_ms)", "from 100 to 10000"},
        {"devid: {entries: 1}\n", "(devid.entries)", "from 64"},
        {"devid: {colour: red}\n", "(devid.colour)", "no key"},
        {"repositories:\n  - {url: \"https://a\", " TLS ", signers: [maker.pub]}\n",
         "(repositories[0].name)", "is missing"},
        {"repositories:\n  - {name: a, url: \"http://a\", " TLS ", signers: [maker.pub]}\n",
         "(repositories[0].url)", "not a URL"},
        {"repositories:\n  - {name: a, url: \"https://a/b\", " TLS ", signers: [maker.pub]}\n",
         "(repositories[0].url)", "not a URL"},
        {"repositories:\n  - {name: a, url: \"https://u@a\", " TLS ", signers: [maker.pub]}\n",
         "(repositories[0].url)", "not a URL"},
        {"repositories:\n  - {name: a, url: \"https://\", " TLS ", signers: [maker.pub]}\n",
         "(repositories[0].url)", "not a URL"},
        {"repositories:\n  - {name: a, url: \"https://a\", certificate: none.crt, key: hss.key, "
         "ca: hss.crt, signers: [maker.pub]}\n",
         "(repositories[0].certificate)", "cannot be read"},
        {"repositories:\n  - {name: a, url: \"https://a\", " TLS "}\n", "(repositories[0].signers)",
         "missing, empty"},
        {"repositories:\n  - {name: a, url: \"https://a\", " TLS ", signers: [none.pub]}\n",
         "(repositories[0].signers[0])", "cannot be read"},
        {"repositories:\n  - {name: a, url: \"https://a\", " TLS ", signers: [hss.crt]}\n",
         "(repositories[0].signers)", "hss.crt"},
        {"repositories:\n  - {name: a, url: \"https://a\", " TLS ", signers: [maker.pub], "
         "crl: none}\n",
         "(repositories[0].crl)", "cannot be read"},
        {"repositories:\n  - " MAKER ", imei_ranges: [\"3569380\"]}\n",
         "(repositories[0].imei_ranges[0])", "not a TAC"},
        {"repositories:\n  - " MAKER ", imei_ranges: [\"35693803\"]}\n  - " MAKER "}\n",
         "(repositories[1].name)", "name them apart"},
        {"repositories:\n  - " MAKER "}\n  - {name: b, url: \"https://a\", " TLS
         ", signers: [maker.pub]}\n",
         "(repositories[1].name)", "never asked"},
        {"kme: {nonce_seconds: 9}\n", "(kme.nonce_seconds)", "from 10 to 3600"},
        {"kme: {threads: 17}\n", "(kme.threads)", "from 1 to 16"},
        {"kme: {queue: 0}\n", "(kme.queue)", "from 1 to 100000"},
        {"kme: {nonce: 1}\n", "(kme.nonce)", "no key"},
        {"kme: {crl: hss.crt}\n", "(kme.crl)", "without `ca`"},
        {"kme: {ca: hss.crt}\n", "(kme.ca)", "without `repositories`"},
        {"kme: {ca_with_binding: true}\n", "(kme.ca_with_binding)", "without `repositories`"},
        {"repositories:\n  - " MAKER "}\nkme: {ca: none.crt}\n", "(kme.ca)", "none.crt"},
        {"repositories:\n  - " MAKER "}\nkme: {ca: maker.pub}\n", "(kme.ca)", "maker.pub"},
        {"repositories:\n  - " MAKER "}\nlimits: {send_buffer: 65536}\n", "(limits.send_buffer)",
         "from 81920"},
    };
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        struct hssd_config *c;
        struct config_why why;
        if (load(faults[i].text, &c, &why) != E_BAD_VALUE ||
            strstr(why.place, faults[i].place) == NULL ||
            strstr(why.sentence, faults[i].sentence) == NULL) {
            fail_msg("%s\nwas said to be %s: %s", faults[i].text, why.place, why.sentence);
        }
        hssd_config_free(c);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(has_the_documented_defaults),
        cmocka_unit_test(the_first_repository_that_covers_an_imei_is_asked),
        cmocka_unit_test(what_is_configured_of_kme_is_taken),
        cmocka_unit_test(each_fault_has_its_place_and_its_sentence),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
