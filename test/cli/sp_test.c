/* The service provider's folder and orders; what it says to ARPFs and operators is in
 * test/live/dimsi.sh, as are src/cli/dimsi.c and src/cli/device_se.c. */
#include "cli/sp.h"

#include "cli/home.h"
#include "cli/pki.h"
#include "cli/said.h"
#include "net/verify.h"
#include <sys/stat.h>

static char dir[64], folder[80];
static struct said said;

static int begin(void **state)
{
    struct home_ports ports = {0, 0, 0, 0};
    (void)state;
    folder_make(dir);
    (void)snprintf(folder, sizeof folder, "%s/sp", dir);
    return home_furnish(dir, &ports, NULL) ? 0 : 1;
}

static int end(void **state)
{
    (void)state;
    folder_remove(dir);
    return 0;
}

static const char *path_of(const char *name)
{
    static char path[4][160];
    static int turn;
    turn = (turn + 1) % 4;
    (void)snprintf(path[turn], sizeof path[turn], "%s/%s", dir, name);
    return path[turn];
}

/* Ends with NULL. */
static int run(int (*verb)(int argc, char **argv), const char *const *words)
{
    char *argv[16] = {NULL}, room[16][160];
    int argc = 0;
    for (; words[argc]; argc++) {
        (void)snprintf(room[argc], sizeof room[argc], "%s", words[argc]);
        argv[argc] = room[argc];
    }
    said_begin(&said);
    const int rc = verb(argc, argv);
    said_end(&said);
    return rc;
}
#define RUN(...) run(cli_sp, (const char *const[]){"bindery sp", __VA_ARGS__, NULL})
#define MAKE(n)                                                                                    \
    run(cli_device_se,                                                                             \
        (const char *const[]){"bindery device se", "--dir", dir, "--tac", "35693805", "--count",   \
                              n, "--out", path_of("made"), NULL})

static void know_the_arpf(void)
{
    static struct sp s;
    const struct sp_options o = {.folder = folder};
    json_t *arpf = json_pack("{s:s, s:s, s:[s]}", "name", PKI_ARPF, "link", "https://localhost:1",
                             "certificates", "AAAA");
    assert_int_equal(sp_open(&o, &s), CLI_DONE);
    assert_string_equal(s.name.text, PKI_SP);
    assert_true(sp_write(&s, "arpfs", PKI_ARPF, arpf));
    json_decref(arpf);
    sp_close(&s);
}

static void an_order_needs_an_arpf_that_is_known(void **state)
{
    (void)state;
    assert_int_equal(RUN("order", "--sp", folder, "--arpf", PKI_ARPF, "--dimsis", "901700000000001",
                         "--out", path_of("orders"), "35693805000000"),
                     CLI_REFUSED);
    said_holds(&said, "bindery sp arpf");
}

/*= test dimsi-0b */
static void every_device_has_a_dimsi_of_its_own(void **state)
{
    (void)state;
    know_the_arpf();
    assert_int_equal(RUN("order", "--sp", folder, "--arpf", PKI_ARPF, "--dimsis",
                         "901700000000009-901700000000010", "--out", path_of("orders"),
                         "35693805000000"),
                     CLI_DONE);
    assert_int_equal(RUN("order", "--sp", folder, "--arpf", PKI_ARPF, "--dimsis",
                         "901700000000009-901700000000010", "--out", path_of("orders"),
                         "35693805000001"),
                     CLI_DONE);
    json_t *one = sp_load(path_of("orders/35693805000000.json")),
           *two = sp_load(path_of("orders/35693805000001.json"));
    assert_string_equal(json_string_value(json_object_get(one, "dimsi")), "901700000000009");
    assert_string_equal(json_string_value(json_object_get(two, "dimsi")), "901700000000010");
    assert_string_equal(json_string_value(json_object_get(two, "sp")), PKI_SP);
    assert_int_equal(json_array_size(json_object_get(two, "arpf")), 1);
    json_decref(one);
    json_decref(two);
    assert_int_equal(RUN("order", "--sp", folder, "--arpf", PKI_ARPF, "--dimsis",
                         "901700000000009-901700000000010", "--out", path_of("orders"),
                         "35693805000002"),
                     CLI_REFUSED);
    said_holds(&said, "no discovery IMSI is left");
    assert_int_equal(RUN("list", "--sp", folder), CLI_DONE);
    said_holds(&said, "ordered");
}

static void what_is_no_range_and_what_is_no_dimsi_is_said(void **state)
{
    struct imsi first, last;
    (void)state;
    said_begin(&said);
    assert_false(sp_range("901700000000010-901700000000009", &first, &last));
    assert_false(sp_range("12", &first, &last));
    assert_false(sp_range("901700000000010-x", &first, &last));
    assert_true(sp_range("901700000000010", &first, &last));
    said_end(&said);
    assert_true(imsi_eq(&first, &last));
    said_holds(&said, "ends before it begins");
    said_holds(&said, "15 digits");
}

static void credentials_that_nobody_ordered_are_refused(void **state)
{
    char path[160];
    (void)state;
    file_make(dir, "strange.json", "{\"dimsi\":\"901709999999999\"}", path);
    assert_int_equal(RUN("collect", "--sp", folder, path), CLI_REFUSED);
    said_holds(&said, "nobody was given");
    file_make(dir, "garbage.json", "[]", path);
    assert_int_equal(RUN("collect", "--sp", folder, path), CLI_REFUSED);
    said_holds(&said, "no object");
    file_make(dir, "early.json",
              "{\"dimsi\":\"901700000000009\",\"token\":\"AAAA\",\"certificates\":[\"AAAA\"]}",
              path);
    assert_int_equal(RUN("collect", "--sp", folder, path), CLI_REFUSED);
    said_holds(&said, "token cannot be read");
}

static void what_is_not_collected_is_not_offered(void **state)
{
    (void)state;
    assert_int_equal(RUN("offer", "--sp", folder, "--to", "001-01", "--link", "https://localhost:1",
                         "901700000000009"),
                     CLI_REFUSED);
    said_holds(&said, "not here yet");
    assert_int_equal(RUN("offer", "--sp", folder, "--to", "1", "--link", "x", "901700000000009"),
                     CLI_USAGE);
    assert_int_equal(RUN("revoke", "--sp", folder, "901700000000009"), CLI_REFUSED);
    said_holds(&said, "nobody was offered");
}

/* The n-th token of the device's secure element; *digest: its SHA-256, as in a path. */
static void collect_token(unsigned n, char digest[static 65])
{
    char path[160], text[1024];
    uint8_t octets[DIMSI_ATK_MAX], sha[32];
    struct dimsi_atk atk = {.counter = n, .point = {4}};
    assert_ok(imsi_parse(BYTES_LIT("901700000000009"), &atk.dimsi));
    assert_ok(dimsi_name_parse(BYTES_LIT(PKI_ARPF), &atk.arpf));
    assert_ok(dimsi_name_parse(BYTES_LIT(PKI_SP), &atk.sp));
    const struct bytes token = dimsi_atk_write(&atk, octets);
    assert_ok(verify_digest(token, sha));
    hex_encode(BYTES_OF(sha), digest);
    json_t *base64 = dimsi_json_of_octets(token);
    snprintf(text, sizeof text,
             "{\"dimsi\":\"901700000000009\",\"token\":\"%s\",\"certificates\":[\"AAAA\"]}",
             json_string_value(base64));
    json_decref(base64);
    file_make(dir, "credentials.json", text, path);
    assert_int_equal(RUN("collect", "--sp", folder, path), CLI_DONE);
}
#define OFFER(to)                                                                                  \
    RUN("offer", "--sp", folder, "--to", to, "--link", "https://localhost:1", "901700000000009")

/* An order that was carried out twice: what is on record at the ARPF is the token that was offered,
 * and without that one taken back nobody gets the key of the other. */
/*= test dimsi-delegation */
static void an_offer_is_taken_back_by_the_token_that_it_was_about(void **state)
{
    char first[65], second[65];
    (void)state;
    collect_token(1, first);
    assert_int_equal(OFFER("001-01"), CLI_UNREACHABLE); /* but it is signed, and kept */
    collect_token(2, second);
    assert_string_not_equal(first, second);
    assert_int_equal(OFFER("001-01"), CLI_REFUSED);
    said_holds(&said, "with an earlier token; `bindery sp revoke");
    assert_int_equal(
        RUN("offer", "--sp", folder, "--to", "001-01", "--link", "https://localhost:1", "--all"),
        CLI_REFUSED);
    said_holds(&said, "with an earlier token");
    assert_int_equal(RUN("revoke", "--sp", folder, "901700000000009"), CLI_UNREACHABLE);
    said_holds(&said, first);
    collect_token(1, first);
    assert_int_equal(OFFER("001-01"), CLI_UNREACHABLE); /* the same offer, and not refused */
    assert_int_equal(OFFER("001-02"), CLI_REFUSED);
    said_holds(&said, "it is offered to 001-01; `bindery sp revoke");
}

static void the_links_of_the_directory_are_found(void **state)
{
    char arpf[64], offers[64], devices[64];
    (void)state;
    assert_true(home_link(dir, "arpf/arpfd.yaml", NULL, arpf, sizeof arpf));
    assert_true(home_link(dir, "hssd.yaml", "dimsi", offers, sizeof offers));
    assert_true(home_link(dir, "rsmf/rsmfd.yaml", "devices", devices, sizeof devices));
    assert_memory_equal(arpf, "https://localhost:", 18);
    assert_string_not_equal(arpf, offers);
    assert_string_not_equal(offers, devices);
    assert_false(home_link(dir, "hssd.yaml", "nothing", arpf, sizeof arpf));
    assert_int_equal(RUN("links", "--dir", dir, "offers"), CLI_DONE);
    said_holds(&said, offers);
}

static void secure_elements_are_made_with_certificates(void **state)
{
    (void)state;
    assert_int_equal(MAKE("2"), CLI_DONE);
    said_holds(&said, "2 devices made");
    assert_int_equal(access(path_of("made/35693805000001.json"), R_OK), 0);
    assert_int_equal(MAKE("3"), CLI_DONE);
    said_holds(&said, "1 device made");
    said_holds(&said, "2 were there already");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_order_needs_an_arpf_that_is_known),
        cmocka_unit_test(every_device_has_a_dimsi_of_its_own),
        cmocka_unit_test(what_is_no_range_and_what_is_no_dimsi_is_said),
        cmocka_unit_test(credentials_that_nobody_ordered_are_refused),
        cmocka_unit_test(what_is_not_collected_is_not_offered),
        cmocka_unit_test(an_offer_is_taken_back_by_the_token_that_it_was_about),
        cmocka_unit_test(the_links_of_the_directory_are_found),
        cmocka_unit_test(secure_elements_are_made_with_certificates),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
