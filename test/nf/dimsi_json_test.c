#include "nf/common/dimsi_json.h"

#include "lib/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct dimsi_json_space space;
static struct dimsi_json_fault fault;

static json_t *json_of(const char *text)
{
    json_t *json = json_loads(text, JSON_DECODE_ANY, NULL);
    assert_non_null(json);
    return json;
}

static bool span_is(struct bytes span, const char *text)
{
    return bytes_eq(span, bytes_of_str(text));
}

static const char sixty_four[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/* What one party writes another reads. */
static void what_is_written_is_read(void **state)
{
    (void)state;
    const struct bytes chain[] = {BYTES_LIT("leaf"), BYTES_LIT("above it")};
    struct dimsi_offer offer;
    json_t *body =
        json_pack("{s:o, s:o, s:s}", "credentials",
                  dimsi_json_of_credentials(BYTES_LIT("a token"), chain, 2), "delegation",
                  dimsi_json_of_signed(BYTES_LIT("content"), bytes_of_str(sixty_four), chain, 1),
                  "arpf", "https://arpf.example.org");
    assert_non_null(body);
    space.n = 0;
    assert_true(dimsi_json_offer(body, &space, &offer, &fault));
    assert_true(span_is(offer.atk, "a token"));
    assert_int_equal(offer.n_se_chain, 2);
    assert_true(span_is(offer.se_chain[1], "above it"));
    assert_true(span_is(offer.delegation, "content"));
    assert_true(span_is(offer.signature, sixty_four));
    assert_int_equal(offer.n_sp_chain, 1);
    assert_true(span_is(offer.sp_chain[0], "leaf"));
    json_decref(body);
    json_t *hex = dimsi_json_of_hex(BYTES_LIT("\x01\xab"));
    assert_string_equal(json_string_value(hex), "01ab");
    uint8_t octets[2] = {0};
    assert_true(dimsi_json_hex(hex, "hex", MBYTES_OF(octets), &fault));
    assert_int_equal(octets[1], 0xab);
    json_decref(hex);
}

static bool signed_is_read(const char *text)
{
    struct dimsi_signed out;
    json_t *json = json_of(text);
    space.n = 0;
    bool good = dimsi_json_signed(json, "delegation", &space, &out, &fault);
    json_decref(json);
    return good;
}

#define SIXTY_FOUR                                                                                 \
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=="

static void what_is_wrong_is_named(void **state)
{
    (void)state;
    static const struct {
        const char *json, *fault;
    } all[] = {
        {"7", "delegation is missing, or no object"},
        {"{}", "delegation.content has to be a text"},
        {"{\"content\":\"AA==\",\"signature\":\"" SIXTY_FOUR "\",\"certificates\":[\"AA==\"],"
         "\"more\":1}",
         "delegation has a member that is not known here"},
        {"{\"content\":\"\",\"signature\":\"" SIXTY_FOUR "\",\"certificates\":[\"AA==\"]}",
         "delegation.content has to be octets in base64"},
        {"{\"content\":\"A A=\",\"signature\":\"" SIXTY_FOUR "\",\"certificates\":[\"AA==\"]}",
         "delegation.content has to be octets in base64"},
        {"{\"content\":\"AA==\",\"signature\":\"AA==\",\"certificates\":[\"AA==\"]}",
         "delegation.signature has to be 64 octets"},
        {"{\"content\":\"AA==\",\"signature\":\"" SIXTY_FOUR "AAAA\",\"certificates\":[\"AA==\"]}",
         "delegation.signature"},
        {"{\"content\":\"AA==\",\"signature\":\"" SIXTY_FOUR "\",\"certificates\":[]}",
         "delegation.certificates has to be an array of 1 to 4"},
        {"{\"content\":\"AA==\",\"signature\":\"" SIXTY_FOUR "\",\"certificates\":"
         "[\"AA==\",\"AA==\",\"AA==\",\"AA==\",\"AA==\"]}",
         "delegation.certificates has to be an array of 1 to 4"},
        {"{\"content\":\"AA==\",\"signature\":\"" SIXTY_FOUR "\",\"certificates\":[\"AA==\",7]}",
         "delegation.certificates[1] has to be a text"},
    };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        assert_false(signed_is_read(all[i].json));
        if (strstr(fault.text, all[i].fault) == NULL) {
            fail_msg("%zu: %s", i, fault.text);
        }
    }
    assert_true(signed_is_read("{\"content\":\"AA==\",\"signature\":\"" SIXTY_FOUR
                               "\",\"certificates\":[\"AA==\"]}"));
}

static void hex_is_lower_case_and_of_one_length(void **state)
{
    (void)state;
    static const char *const bad[] = {"\"01AB\"",        "\"01a\"", "\"01ab2\"", "\"01ag\"",
                                      "\"01ab\\u0000\"", "7",       "null"};
    uint8_t out[2];
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        json_t *json = json_loads(bad[i], JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
        assert_non_null(json);
        assert_false(dimsi_json_hex(json, "rand", MBYTES_OF(out), &fault));
        assert_non_null(strstr(fault.text, "rand has to be 4 digits"));
        json_decref(json);
    }
}

/* Whoever sends too much is told so, and nothing is written beyond the space. */
static void what_does_not_fit_is_refused(void **state)
{
    (void)state;
    struct dimsi_credentials out;
    struct bytes span;
    char *text = calloc(1, 65536);
    memset(text, 'A', 10924); /* 8193 octets */
    json_t *one = json_string(text);
    space.n = 0;
    assert_false(
        dimsi_json_octets(one, "certificates[0]", DIMSI_JSON_DER_MAX, &space, &span, &fault));
    assert_non_null(strstr(fault.text, "longer than it may be"));
    json_decref(one);
    text[10920] = '\0'; /* 8190 of them: each may come, and not all five */
    one = json_string(text);
    for (int i = 0; i < 4; i++) {
        assert_true(dimsi_json_octets(one, "it", DIMSI_JSON_DER_MAX, &space, &span, &fault));
    }
    assert_false(dimsi_json_octets(one, "it", DIMSI_JSON_DER_MAX, &space, &span, &fault));
    json_t *credentials = json_pack("{s:O, s:[s]}", "token", one, "certificates", "AA==");
    space.n = 0;
    assert_false(dimsi_json_credentials(credentials, "credentials", &space, &out, &fault));
    assert_non_null(strstr(fault.text, "credentials.token is longer"));
    json_decref(credentials);
    json_decref(one);
    free(text);
}

/* A cause of somebody's own making is 4xx; what may pass is 5xx. */
static void every_cause_has_a_status(void **state)
{
    (void)state;
    assert_int_equal(dimsi_status(DIMSI_NONE), 200);
    for (unsigned i = 1; i < DIMSI_CAUSES; i++) {
        unsigned status = dimsi_status((enum dimsi_cause)i);
        assert_true(status >= 400 && status < 600);
    }
    assert_int_equal(dimsi_status(DIMSI_UNREADABLE), 400);
    assert_int_equal(dimsi_status(DIMSI_TOKEN_SIGNATURE), 422);
    assert_int_equal(dimsi_status(DIMSI_RELEASED), 409);
    assert_int_equal(dimsi_status(DIMSI_TAKEN), 409);
    assert_int_equal(dimsi_status(DIMSI_OTHER_DEVICE), 403);
    assert_int_equal(dimsi_status(DIMSI_NOT_FOUND), 404);
    assert_int_equal(dimsi_status(DIMSI_QUOTA), 429);
    assert_int_equal(dimsi_status(DIMSI_ARPF_SILENT), 504);
    assert_int_equal(dimsi_status(DIMSI_STORE), 500);
    assert_int_equal(dimsi_status(DIMSI_NO_CRL), 503);
}

static void a_problem_names_its_cause(void **state)
{
    (void)state;
    char detail[16];
    assert_int_equal(dimsi_json_problem(BYTES_LIT("{\"type\":\"/problems/dimsi-spent\","
                                                  "\"detail\":\"twelve letters and more\"}"),
                                        detail, sizeof detail),
                     DIMSI_SPENT);
    assert_string_equal(detail, "twelve letters ");
    static const char *const none[] = {"",
                                       "no json",
                                       "[]",
                                       "{}",
                                       "{\"type\":7}",
                                       "{\"type\":\"dimsi-spent\"}",
                                       "{\"type\":\"/problems/\"}",
                                       "{\"type\":\"/problems/something-else\"}"};
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        assert_int_equal(dimsi_json_problem(bytes_of_str(none[i]), detail, sizeof detail),
                         DIMSI_NONE);
        assert_string_equal(detail, "");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(what_is_written_is_read),
                                       cmocka_unit_test(what_is_wrong_is_named),
                                       cmocka_unit_test(hex_is_lower_case_and_of_one_length),
                                       cmocka_unit_test(what_does_not_fit_is_refused),
                                       cmocka_unit_test(every_cause_has_a_status),
                                       cmocka_unit_test(a_problem_names_its_cause)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
