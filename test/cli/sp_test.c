/* The service provider's folder and orders; what it says to ARPFs and operators is in
 * test/live/dimsi.sh, as are src/cli/dimsi.c and src/cli/device_se.c. */
#include "cli/sp.h"

#include "cli/home.h"
#include "cli/pki.h"
#include "cli/said.h"
#include "device/linux/soft_se.h"
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

/* ---- SE CREDENTIALS ---- */

/* Where the n-th token of a device's secure element is for the order of 901700000000009. */
static json_t *credentials(unsigned device, unsigned n, struct bytes arpf, char digest[static 65])
{
    static struct device_state state;
    struct device_why why;
    char leaf[40];
    uint8_t octets[DIMSI_ATK_MAX], sha[32];
    struct dimsi_atk atk = {.counter = n, .point = {4}};
    snprintf(leaf, sizeof leaf, "made/3569380500000%u.json", device);
    assert_ok(device_state_load(path_of(leaf), &state, &why));
    assert_ok(imsi_parse(BYTES_LIT("901700000000009"), &atk.dimsi));
    assert_ok(dimsi_name_parse(BYTES_LIT(PKI_ARPF), &atk.arpf));
    assert_ok(dimsi_name_parse(BYTES_LIT(PKI_SP), &atk.sp));
    const struct bytes chain[2] = {device_certificate(&state.se.chain, 0),
                                   device_certificate(&state.se.chain, 1)};
    assert_ok(verify_digest(chain[0], atk.se_digest));
    assert_ok(verify_digest(arpf.n > 0 ? arpf : chain[1], atk.arpf_digest));
    assert_ok(soft_se_sign(&state.se, dimsi_atk_content(&atk, octets), atk.signature));
    const struct bytes token = dimsi_atk_write(&atk, octets);
    assert_ok(verify_digest(token, sha));
    hex_encode(BYTES_OF(sha), digest);
    json_t *out =
        json_pack("{s:s, s:o, s:o}", "dimsi", "901700000000009", "token",
                  dimsi_json_of_octets(token), "certificates", dimsi_json_of_chain(chain, 2));
    device_state_wipe(&state);
    assert_non_null(out);
    return out;
}

static int collect(json_t *all, const char *option)
{
    char path[160], *text = json_dumps(all, 0);
    file_make(dir, "credentials.json", text, path);
    free(text);
    json_decref(all);
    return option ? RUN("collect", "--sp", folder, option, path)
                  : RUN("collect", "--sp", folder, path);
}
#define NO_ARPF ((struct bytes){NULL, 0})

static void collect_token(unsigned n, const char *option, char digest[static 65])
{
    assert_int_equal(collect(credentials(0, n, NO_ARPF, digest), option), CLI_DONE);
}

static json_t *held(void)
{
    static struct sp s;
    const struct sp_options o = {.folder = folder};
    assert_int_equal(sp_open(&o, &s), CLI_DONE);
    json_t *device = sp_read(&s, "devices", "901700000000009");
    assert_non_null(device);
    sp_close(&s);
    return device;
}

static void refused_for(json_t *all, const char *why)
{
    json_t *before = held();
    assert_int_equal(collect(all, NULL), CLI_REFUSED);
    said_holds(&said, why);
    json_t *after = held();
    assert_true(json_equal(before, after));
    json_decref(before);
    json_decref(after);
}

static void swap_certificates(json_t *all)
{
    json_t *chain = json_object_get(all, "certificates"), *first = json_array_get(chain, 0);
    json_incref(first);
    assert_int_equal(json_array_remove(chain, 0), 0);
    assert_int_equal(json_array_append_new(chain, first), 0);
}

/* The last octet of the token is the signature's. */
static void change_signature(json_t *all)
{
    char text[1024];
    snprintf(text, sizeof text, "%s", json_string_value(json_object_get(all, "token")));
    text[strlen(text) - 8] ^=
        text[strlen(text) - 8] == 'B' ? 'B' ^ 'C' : text[strlen(text) - 8] ^ 'B';
    assert_int_equal(json_object_set_new(all, "token", json_string(text)), 0);
}

/*= test dimsi-0c-store */
static void credentials_are_judged_before_they_take_a_place(void **state)
{
    char digest[65];
    (void)state;
    json_t *all = credentials(0, 1, NO_ARPF, digest);
    change_signature(all);
    refused_for(all, "not signed by the key");
    all = credentials(0, 1, NO_ARPF, digest);
    assert_int_equal(json_array_remove(json_object_get(all, "certificates"), 1), 0);
    refused_for(all, "chain is not whole");
    all = credentials(0, 1, NO_ARPF, digest);
    swap_certificates(all);
    refused_for(all, "another secure element than the one of the certificate");
    all = credentials(0, 1, NO_ARPF, digest);
    json_t *other = credentials(1, 1, NO_ARPF, digest);
    assert_int_equal(json_object_set(all, "certificates", json_object_get(other, "certificates")),
                     0);
    json_decref(other);
    refused_for(all, "another secure element than the one of the certificate");
    all = credentials(0, 1, NO_ARPF, digest);
    json_t *chain = json_object_get(all, "certificates");
    assert_int_equal(json_array_append(chain, json_array_get(chain, 0)), 0);
    refused_for(all, "chain is not in order");
}

static void a_chain_ends_below_the_ci_of_the_arpf(void **state)
{
    static struct sp s;
    static struct dimsi_json_space space;
    const struct sp_options o = {.folder = folder};
    struct dimsi_json_fault fault;
    struct bytes chain[DIMSI_CHAIN_MAX];
    char digest[65];
    size_t n;
    (void)state;
    json_t *all = credentials(0, 1, NO_ARPF, digest);
    json_t *certificates = json_object_get(all, "certificates"), *device = held();
    assert_int_equal(sp_open(&o, &s), CLI_DONE);
    space.n = 0;
    assert_true(dimsi_json_chain(certificates, "certificates", &space, chain, &n, &fault));
    json_t *of_part_number = json_pack("{s:[O]}", "certificates", json_array_get(certificates, 0)),
           *of_ci = json_pack("{s:[O]}", "certificates", json_array_get(certificates, 1));
    json_t *for_first = credentials(0, 1, chain[0], digest),
           *for_second = credentials(0, 1, chain[1], digest);
    assert_null(sp_judge(&s, for_second, device, of_ci, &fault));
    assert_non_null(
        strstr(sp_judge(&s, for_first, device, of_part_number, &fault), "below the CI"));
    assert_null(sp_judge(&s, for_first, device, of_ci, &fault)); /* of an earlier certificate */
    sp_close(&s);
    json_decref(for_first);
    json_decref(for_second);
    json_decref(of_part_number);
    json_decref(of_ci);
    json_decref(device);
    json_decref(all);
}

static void neither_another_element_nor_an_older_token_takes_a_place(void **state)
{
    char digest[65];
    (void)state;
    collect_token(2, NULL, digest);
    refused_for(credentials(1, 3, NO_ARPF, digest), "another secure element has answered");
    refused_for(credentials(0, 1, NO_ARPF, digest), "older than the one that is here");
    collect_token(2, NULL, digest);
    collect_token(3, NULL, digest);
    assert_int_equal(collect(credentials(1, 0, NO_ARPF, digest), "--replace"), CLI_DONE);
    collect_token(0, "--replace", digest);
}

/* ---- offers ---- */

#define OFFER(to)                                                                                  \
    RUN("offer", "--sp", folder, "--to", to, "--link", "https://localhost:1", "901700000000009")

/* An order that was carried out twice: what is on record at the ARPF is the token that was offered,
 * and without that one taken back nobody gets the key of the other. */
/*= test dimsi-delegation */
static void an_offer_is_taken_back_by_the_token_that_it_was_about(void **state)
{
    char first[65], second[65];
    (void)state;
    json_t *once = credentials(0, 1, NO_ARPF, first);
    assert_int_equal(collect(json_incref(once), NULL), CLI_DONE);
    assert_int_equal(OFFER("001-01"), CLI_UNREACHABLE); /* but it is signed, and kept */
    collect_token(2, NULL, second);
    assert_string_not_equal(first, second);
    assert_int_equal(OFFER("001-01"), CLI_REFUSED);
    said_holds(&said, "with an earlier token; `bindery sp revoke");
    assert_int_equal(
        RUN("offer", "--sp", folder, "--to", "001-01", "--link", "https://localhost:1", "--all"),
        CLI_REFUSED);
    said_holds(&said, "with an earlier token");
    assert_int_equal(RUN("revoke", "--sp", folder, "901700000000009"), CLI_UNREACHABLE);
    said_holds(&said, first);
    assert_int_equal(collect(once, "--replace"), CLI_DONE);
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

/* ---- the folder is one process's at a time ---- */

static void two_do_not_write_at_once(void **state)
{
    static struct sp one, two;
    const struct sp_options o = {.folder = folder};
    (void)state;
    assert_int_equal(sp_open(&o, &one), CLI_DONE);
    assert_int_equal(sp_open(&o, &two), CLI_DONE);
    assert_int_equal(sp_take_lock(&one, "bindery sp order", 0), CLI_DONE);
    said_begin(&said);
    assert_int_equal(sp_take_lock(&two, "bindery sp offer", 0), CLI_REFUSED);
    said_end(&said);
    said_holds(&said, "bindery sp order, process ");
    sp_close(&one);
    assert_int_equal(sp_take_lock(&two, "bindery sp offer", 0), CLI_DONE);
    json_t *device = json_object();
    said_begin(&said);
    assert_false(sp_write_new(&two, "devices", "901700000000009", device));
    said_end(&said);
    said_holds(&said, "exists");
    json_decref(device);
    sp_close(&two);
    assert_int_equal(RUN("list", "--sp", folder), CLI_DONE);
}

static void a_device_has_one_dimsi_that_is_open(void **state)
{
    (void)state;
#define ORDER(...)                                                                                 \
    RUN("order", "--sp", folder, "--arpf", PKI_ARPF, "--dimsis",                                   \
        "901700000000020-901700000000029", "--out", path_of("orders"), __VA_ARGS__)
    assert_int_equal(ORDER("35693805000000", "35693805000007"), CLI_REFUSED);
    said_holds(&said, "35693805000000: it has 901700000000009, which is open; --again");
    said_holds(&said, "1 order in");
    assert_int_equal(ORDER("35693805000008", "35693805000008"), CLI_REFUSED);
    said_holds(&said, "1 order in");
    assert_int_equal(ORDER("--again", "35693805000007"), CLI_DONE);
    assert_int_equal(access(path_of("sp/devices/901700000000022.json"), F_OK), 0);
    assert_int_not_equal(access(path_of("sp/devices/901700000000023.json"), F_OK), 0);
}

/* ---- links, and what waits ---- */

static void a_link_is_looked_at_before_anything_is_kept(void **state)
{
    static const char *const good[] = {"https://a", "https://a.b-c:1", "https://[::1]:65535",
                                       "https://127.0.0.1:8445/", "https://a_1/b/c"};
    static const char *const bad[] = {"http://x",
                                      "https://",
                                      "https://:1",
                                      "https://a:",
                                      "https://a:0",
                                      "https://a:65536",
                                      "https://a:1x",
                                      "https://a b",
                                      "https://u@a",
                                      "https://a/?b=c",
                                      "https://[::1",
                                      "https://[]:1",
                                      "",
                                      "https://a:1/ b",
                                      "HTTPS://a"};
    (void)state;
    said_begin(&said);
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_true(sp_link(good[i]));
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_false(sp_link(bad[i]));
    }
    said_end(&said);
    said_holds(&said, "'http://x' is no link");
    json_t *before = held();
    assert_int_equal(RUN("offer", "--sp", folder, "--to", "001-01", "--link", "http://x", "--all"),
                     CLI_USAGE);
    assert_int_equal(RUN("arpf", "--sp", folder, "http://x"), CLI_USAGE);
    json_t *after = held();
    assert_true(json_equal(before, after));
    json_decref(before);
    json_decref(after);
}

/* It was never taken, so the operator will hear of it where it is sent now. */
static void an_offer_goes_to_the_link_that_is_given_now(void **state)
{
    (void)state;
    assert_int_equal(OFFER("001-01"), CLI_UNREACHABLE);
    assert_int_equal(RUN("offer", "--sp", folder, "--to", "001-01", "--link", "https://localhost:2",
                         "901700000000009"),
                     CLI_UNREACHABLE);
    said_holds(&said, "https://localhost:2/v1/offers/901700000000009");
    json_t *device = held();
    assert_string_equal(json_string_value(json_object_get(sp_last_offer(device), "link")),
                        "https://localhost:2");
    assert_int_equal(json_integer_value(json_object_get(sp_last_offer(device), "number")), 1);
    json_decref(device);
}

static void what_is_waited_has_a_limit_and_some_chance(void **state)
{
    (void)state;
    assert_int_equal(sp_wait_ms(0, 0), 1000);
    assert_int_equal(sp_wait_ms(2, 1234), 2234);
    assert_int_equal(sp_wait_ms(4000000000u, 499), 30499);
}

/* ---- how far it is ---- */

static void state_is(const char *offer, const char *answer, const char *wanted)
{
    json_t *device = json_pack("{s:s, s:s, s:[o]}", "dimsi", "901700000000009", "token", "AA",
                               "offers", json_loads(offer, 0, NULL));
    json_t *row = sp_known(device);
    assert_non_null(row);
    if (answer) {
        assert_int_equal(
            json_object_set_new(row, "offer", json_loads(answer, JSON_DECODE_ANY, NULL)), 0);
    }
    if (strcmp(sp_state(row), wanted) != 0) {
        fail_msg("%s with %s: %s, not %s", offer, answer ? answer : "-", sp_state(row), wanted);
    }
    json_decref(row);
    json_decref(device);
}

static void the_operators_word_comes_before_the_folders(void **state)
{
    (void)state;
#define OF(members) "{\"target\":\"001-01\"" members "}"
#define REVOKED     ",\"revoked\":true"
    state_is(OF(""), NULL, "offered");
    state_is(OF(",\"taken\":false"), NULL, "unsent");
    state_is(OF(",\"taken\":true"), "null", "not-there");
    state_is(OF(",\"taken\":false,\"refused\":\"arpf-unknown\""), "null", "refused");
    state_is(OF(",\"taken\":true"), "{\"phase\":\"pushed\"}", "pushed");
    state_is(OF(REVOKED), NULL, "revoking");
    state_is(OF(REVOKED), "{\"phase\":\"pushed\"}", "pushed");
    state_is(OF(REVOKED ",\"withdrawn\":true"), NULL, "revoked");
    state_is(OF(REVOKED ",\"withdrawn\":true"), "{\"phase\":\"withdrawn\"}", "revoked");
    state_is(OF(REVOKED ",\"in_service\":true"), NULL, "in-service");
    state_is(OF(REVOKED ",\"in_service\":true"), "{\"phase\":\"attached\"}", "attached");
}

static void what_is_taken_back_is_known_to_both(void **state)
{
    (void)state;
    json_t *both = json_pack("{s:b, s:b}", "revoked", 1, "withdrawn", 1),
           *arpf = json_pack("{s:b}", "revoked", 1),
           *served = json_pack("{s:b, s:b}", "revoked", 1, "in_service", 1);
    assert_true(sp_taken_back(both));
    assert_false(sp_taken_back(arpf));
    assert_false(sp_taken_back(served));
    assert_false(sp_to_take_back(both));
    assert_true(sp_to_take_back(arpf)); /* `revoke --all` goes on with it */
    assert_false(sp_to_take_back(served));
    assert_false(sp_to_take_back(NULL));
    json_decref(both);
    json_decref(arpf);
    json_decref(served);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_order_needs_an_arpf_that_is_known),
        cmocka_unit_test(every_device_has_a_dimsi_of_its_own),
        cmocka_unit_test(what_is_no_range_and_what_is_no_dimsi_is_said),
        cmocka_unit_test(credentials_that_nobody_ordered_are_refused),
        cmocka_unit_test(what_is_not_collected_is_not_offered),
        cmocka_unit_test(secure_elements_are_made_with_certificates),
        cmocka_unit_test(credentials_are_judged_before_they_take_a_place),
        cmocka_unit_test(a_chain_ends_below_the_ci_of_the_arpf),
        cmocka_unit_test(neither_another_element_nor_an_older_token_takes_a_place),
        cmocka_unit_test(an_offer_is_taken_back_by_the_token_that_it_was_about),
        cmocka_unit_test(an_offer_goes_to_the_link_that_is_given_now),
        cmocka_unit_test(a_link_is_looked_at_before_anything_is_kept),
        cmocka_unit_test(two_do_not_write_at_once),
        cmocka_unit_test(a_device_has_one_dimsi_that_is_open),
        cmocka_unit_test(what_is_waited_has_a_limit_and_some_chance),
        cmocka_unit_test(the_operators_word_comes_before_the_folders),
        cmocka_unit_test(what_is_taken_back_is_known_to_both),
        cmocka_unit_test(the_links_of_the_directory_are_found),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
