/* Lots in the administration interface, over its socket (src/nf/hssd/admin_lot.c). */
#include "nf/admin_world.h"

#include "crypto/openssl.h"
#include "net/lot_key.h"
#include "nf/hssd/admin_lot.h"

static struct lot_key *keys[2]; /* made once: it takes a while */
struct hex_primes {
    char p[2 * LOT_KEY_PRIME_MAX + 1], q[2 * LOT_KEY_PRIME_MAX + 1];
};
static struct hex_primes hex[2];
static char body[1 << 18];

static int up(void **state)
{
    for (size_t i = 0; i < 2; i++) {
        uint8_t p[LOT_KEY_PRIME_MAX], q[LOT_KEY_PRIME_MAX];
        size_t n = 0;
        if (lot_key_make(2048, &keys[i]) != E_OK || lot_key_primes(keys[i], p, q, &n) != E_OK) {
            return -1;
        }
        hex_encode((struct bytes){p, n}, hex[i].p);
        hex_encode((struct bytes){q, n}, hex[i].q);
    }
    return start(state);
}

static int down(void **state)
{
    lot_key_close(keys[0]);
    lot_key_close(keys[1]);
    return stop(state);
}

/* ranges: as JSON. In memory that the next one uses again. */
static const char *lot(unsigned key, const char *manufacturer, const char *ranges)
{
    snprintf(body, sizeof body,
             "{\"manufacturer\":\"%s\",\"ranges\":[%s],\"p\":\"%s\",\"q\":\"%s\"}", manufacturer,
             ranges, hex[key].p, hex[key].q);
    return body;
}

/* No answer has a part of P or Q. */
static void no_secret_in(const char *text)
{
    for (size_t i = 0; i < 2; i++) {
        char part[17] = "";
        memcpy(part, hex[i].p + 32, 16);
        assert_null(strstr(text, part));
        memcpy(part, hex[i].q + 32, 16);
        assert_null(strstr(text, part));
    }
}

static void put(int wanted, const char *path, const char *content)
{
    expect(wanted, "PUT", path, content);
    no_secret_in(answer);
}

static void problem(const char *name, const char *path, const char *content, const char *detail)
{
    expect_problem(name, "PUT", path, content);
    no_secret_in(answer);
    if (strstr(answer, detail) == NULL) {
        fail_msg("wanted %s, got %s", detail, answer);
    }
}

static json_t *get(const char *path)
{
    json_t *json = NULL;
    assert_int_equal(ask("GET", path, "", &json), 200);
    no_secret_in(answer);
    return json;
}

static const char *text_in(const json_t *json, const char *name)
{
    const char *text = json_string_value(json_object_get(json, name));
    return text != NULL ? text : "null";
}

/* ---- one HSS for all, in this order ---- */

#define A "/v1/lots/acme-1"
#define B "/v1/lots/acme-2"

/*= test kme-lot */
static void a_lot_is_put_and_shown_without_its_primes(void **state)
{
    (void)state;
    struct crypto c;
    uint8_t digest[32];
    char fingerprint[65];
    const struct bytes n = lot_key_modulus(keys[0]);
    assert_ok(crypto_openssl_open(&c));
    assert_ok(c.sha256(c.ctx, &n, 1, digest));
    crypto_openssl_close(&c);
    hex_encode(BYTES_OF(digest), fingerprint);
    expect_problem("no-such-lot", "GET", A, "");
    put(201, A, lot(0, "Acme", "\"49015420000000-49015420000999\",\"35693803\""));
    json_t *json = get(A);
    assert_int_equal(json_object_size(json), 6);
    assert_string_equal(text_in(json, "id"), "acme-1");
    assert_string_equal(text_in(json, "manufacturer"), "Acme");
    assert_int_equal(json_integer_value(json_object_get(json, "bits")), 2048);
    assert_string_equal(text_in(json, "fingerprint"), fingerprint);
    assert_true(json_integer_value(json_object_get(json, "imported")) > 1700000000);
    const json_t *ranges = json_object_get(json, "ranges");
    assert_int_equal(json_array_size(ranges), 2);
    assert_string_equal(json_string_value(json_array_get(ranges, 0)), "35693803");
    assert_string_equal(json_string_value(json_array_get(ranges, 1)),
                        "49015420000000-49015420000999");
    json_decref(json);
}

static void the_same_again_changes_nothing_and_other_content_is_refused(void **state)
{
    (void)state;
    put(200, A, lot(0, "Acme", "\"49015420000000-49015420000999\",\"35693803\""));
    put(200, A,
        lot(0, "Acme", "\"35693803000000-35693803999999\",\"49015420000000-49015420000999\""));
    const struct hex_primes was = hex[0];
    strcpy(hex[0].p, was.q);
    strcpy(hex[0].q, was.p);
    put(200, A, lot(0, "Acme", "\"35693803\",\"49015420000000-49015420000999\""));
    hex[0] = was;
    problem("lot-exists", A, lot(0, "Acme", "\"35693803\""), "there is a lot acme-1 with another");
    problem("lot-exists", A, lot(1, "Acme", "\"35693803\",\"49015420000000-49015420000999\""), "");
    problem("lot-exists", A, lot(0, "Acma", "\"35693803\",\"49015420000000-49015420000999\""), "");
    assert_non_null(strstr(await_event("lot-added", 0), "acme-1 of Acme, 2048 bits, SHA-256 "));
    json_t *json = get("/v1/events?name=lot-added");
    assert_int_equal(json_array_size(json_object_get(json, "events")), 1);
    json_decref(json);
}

/*= test kme-overlap */
static void an_overlap_names_both_lots_and_the_range(void **state)
{
    (void)state;
    problem("lot-overlap", B, lot(1, "Acme", "\"35693804\",\"35693803999990-35693803999999\""),
            "the lots acme-1 and acme-2 would both cover 35693803999990-35693803999999");
    problem("lot-overlap", B, lot(1, "Acme", "\"35693803564380\""),
            "the lots acme-1 and acme-2 would both cover 35693803564380");
    problem("lot-overlap", B, lot(0, "Acme", "\"00000000000000-99999999999999\""),
            "the lots acme-1 and acme-2 would both cover ");
    expect_problem("no-such-lot", "GET", B, "");
    put(201, B, lot(1, "Acme", "\"35693804\""));
}

static void what_is_no_lot_is_refused_by_name(void **state)
{
    (void)state;
    char long_name[80], many[70], content[2048];
    memset(long_name, 'x', 65);
    long_name[65] = '\0';
    static const struct {
        const char *problem, *content, *detail;
    } cases[] = {
        {"not-json", "", ""},
        {"not-json", "{\"p\":\"1\",\"p\":\"2\"}", ""},
        {"bad-member", "[]", "a lot is a JSON object"},
        {"missing-member", "{}", "manufacturer is missing"},
        {"missing-member", "{\"manufacturer\":\"a\",\"p\":\"11\",\"q\":\"11\"}", "/ranges"},
        {"missing-member", "{\"manufacturer\":\"a\",\"ranges\":[\"35693803\"],\"q\":\"11\"}", "/p"},
        {"missing-member", "{\"manufacturer\":\"a\",\"ranges\":[\"35693803\"],\"p\":\"11\"}", "/q"},
        {"unknown-member", "{\"id\":\"a\"}", "manufacturer, ranges, p and q"},
        {"bad-member", "{\"manufacturer\":\"\"}", "/manufacturer"},
        {"bad-member", "{\"manufacturer\":7}", "/manufacturer"},
        {"bad-member", "{\"manufacturer\":\"a\\u0007b\"}", "/manufacturer"},
        {"bad-member", "{\"manufacturer\":\"\\u00e9\"}", "/manufacturer"},
        {"bad-member", "{\"ranges\":\"35693803\"}", "/ranges"},
        {"bad-member", "{\"ranges\":[]}", "/ranges"},
        {"bad-member", "{\"ranges\":[\"35693803\",\"3569380\"]}", "/ranges/1"},
        {"bad-member", "{\"ranges\":[\"35693803564380-35693803564379\"]}", "ends before"},
        {"bad-member", "{\"ranges\":[\"356938035643801\"]}", "check digit"},
        {"bad-member", "{\"ranges\":[7]}", "/ranges/0"},
        {"bad-member", "{\"p\":7}", "/p"},
        {"bad-member", "{\"p\":\"\"}", "/p"},
        {"bad-member", "{\"p\":\"123\"}", "/p"},
        {"bad-member", "{\"q\":\"zz\"}", "/q"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        problem(cases[i].problem, "/v1/lots/x", cases[i].content, cases[i].detail);
    }
    snprintf(content, sizeof content, "{\"manufacturer\":\"%s\"}", long_name);
    problem("bad-member", "/v1/lots/x", content, "/manufacturer");
    memset(content, '1', sizeof content - 1);
    memcpy(content, "{\"p\":\"", 6);
    memcpy(content + 6 + 2 * LOT_KEY_PRIME_MAX + 2, "\"}", 3);
    problem("bad-member", "/v1/lots/x", content, "/p");
    problem("bad-member", "/v1/lots/x", lot(0, "Acme", "\"11111111\",\"11111111000005\""),
            "two ranges of the lot cover 11111111000005");
    snprintf(many, sizeof many, "/v1/lots/%.33s", long_name);
    expect_problem("bad-parameter", "GET", many, "");
    expect_problem("bad-parameter", "GET", "/v1/lots/a%20b", "");
    expect_problem("bad-parameter", "GET", "/v1/lots?after=a%20b", "");
    expect_problem("bad-parameter", "GET", "/v1/lots?limit=0", "");
    expect_problem("bad-parameter", "GET", "/v1/lots?name=a", "");
    expect_problem("method-not-allowed", "PATCH", A, "{}");
    expect_problem("no-such-lot", "DELETE", "/v1/lots/x", "");
    expect_problem("no-such-lot", "GET", "/v1/lots/x", "");
}

static void every_prefix_of_a_lot_is_refused_and_leaves_nothing(void **state)
{
    (void)state;
    static const struct admin_lot_row none;
    const char *text = lot(0, "Acme", "\"35693803\",\"49015420000000-49015420000999\"");
    const size_t whole = strlen(text);
    for (size_t n = 0; n <= whole; n++) {
        struct admin_fault fault;
        json_t *json = NULL;
        uint8_t *exact = malloc(n + 1);
        memcpy(exact, text, n);
        bool is_json = admin_json_parse((struct bytes){exact, n}, &json, &fault);
        assert_int_equal(is_json, n == whole);
        free(exact);
        json_decref(json);
    }
    /* and with a member less, or one that is wrong after good ones */
    static const char *const wrong[] = {"manufacturer", "ranges", "p", "q"};
    for (size_t i = 0; i < 8; i++) {
        struct admin_fault fault;
        struct admin_lot_row row = {.n = 1};
        json_t *json = json_loads(text, 0, NULL);
        (void)json_object_del(json, wrong[i / 2]);
        if (i % 2 != 0) {
            (void)json_object_set_new(json, wrong[i / 2], json_true());
        }
        assert_false(admin_lot_parse(json, &row, &fault));
        assert_int_equal(fault.problem, i % 2 != 0 ? PROBLEM_BAD_MEMBER : PROBLEM_MISSING_MEMBER);
        assert_memory_equal(&row, &none, sizeof row);
        json_decref(json);
    }
}

static void bad_primes(const char *p, const char *q, const char *sentence)
{
    snprintf(body, sizeof body,
             "{\"manufacturer\":\"a\",\"ranges\":[\"22222222\"],\"p\":\"%s\",\"q\":\"%s\"}", p, q);
    problem("lot-key", "/v1/lots/x", body, sentence);
}

/*= test kme-primes */
static void primes_that_are_none_are_refused_with_what_is_wrong(void **state)
{
    (void)state;
    struct hex_primes x = hex[0];
    bad_primes("11", "13", lot_key_fault_sentence(LOT_KEY_FAULT_SIZE));
    bad_primes("0011", "13", lot_key_fault_sentence(LOT_KEY_FAULT_SIZE));
    bad_primes(x.p, x.q + 2, lot_key_fault_sentence(LOT_KEY_FAULT_LENGTH));
    bad_primes(x.p, x.p, lot_key_fault_sentence(LOT_KEY_FAULT_DISTANCE));
    memset(x.q, 'f', strlen(x.q)); /* 2^1024 - 1 */
    bad_primes(x.p, x.q, lot_key_fault_sentence(LOT_KEY_FAULT_NOT_PRIME));
}

static void a_device_shows_the_lot_that_covers_it(void **state)
{
    (void)state;
    expect(201, "PUT", ONE, "{" KEYS "}");
    expect(201, "PUT", ONE "/devices/35693803564380", "{}");
    expect(201, "PUT", ONE "/devices/49015420001000", "{}");
    json_t *json = get("/v1/devices/35693803564380");
    assert_string_equal(text_in(json, "lot"), "acme-1");
    json_decref(json);
    json = get("/v1/devices/49015420001000");
    assert_true(json_is_null(json_object_get(json, "lot")));
    json_decref(json);
    json = get("/v1/status");
    assert_int_equal(json_integer_value(json_object_get(json, "lots")), 2);
    assert_true(json_is_integer(json_object_get(json, "payloads_waiting")));
    json_decref(json);
}

static void lots_are_paged_through_by_their_ids(void **state)
{
    (void)state;
    json_t *json = get("/v1/lots?limit=1");
    const json_t *list = json_object_get(json, "lots");
    assert_int_equal(json_array_size(list), 1);
    assert_string_equal(text_in(json_array_get(list, 0), "id"), "acme-1");
    assert_string_equal(text_in(json, "next"), "acme-1");
    json_decref(json);
    json = get("/v1/lots?after=acme-1");
    list = json_object_get(json, "lots");
    assert_int_equal(json_array_size(list), 1);
    assert_string_equal(text_in(json_array_get(list, 0), "id"), "acme-2");
    assert_true(json_is_null(json_object_get(json, "next")));
    json_decref(json);
    json = get("/v1/lots?after=zz");
    assert_int_equal(json_array_size(json_object_get(json, "lots")), 0);
    json_decref(json);
}

/* From ranges that begin at `from`, `n` of them. */
static char *many_ranges(uint64_t from, size_t n)
{
    char *text = calloc(n + 1, 20), *at = text;
    for (size_t i = 0; i < n; i++) {
        at += sprintf(at, "%s\"%014llu\"", i > 0 ? "," : "", (unsigned long long)(from + 2 * i));
    }
    return text;
}

static void a_lot_has_many_ranges_and_a_page_not_too_many(void **state)
{
    (void)state;
    char path[32];
    char *ranges = many_ranges(0, STORE_LOT_RANGES_MAX + 1);
    problem("bad-member", "/v1/lots/m0", lot(0, "Acme", ranges), "1 to 4096");
    free(ranges);
    for (unsigned i = 0; i < 4; i++) {
        snprintf(path, sizeof path, "/v1/lots/m%u", i);
        ranges = many_ranges(100000 * i, STORE_LOT_RANGES_MAX);
        put(201, path, lot(0, "Acme", ranges));
        free(ranges);
    }
    json_t *json = get("/v1/lots?after=acme-2");
    assert_int_equal(json_array_size(json_object_get(json, "lots")), 3);
    assert_string_equal(text_in(json, "next"), "m2");
    json_decref(json);
    for (unsigned i = 0; i < 4; i++) {
        snprintf(path, sizeof path, "/v1/lots/m%u", i);
        expect(204, "DELETE", path, "");
    }
}

/* ---- at once ---- */

/* All are sent before the first answer is read. How many of n got each of two statuses. */
static void at_once(const char *const *paths, const char *const *contents, size_t n, int one,
                    size_t ones, int other)
{
    int fds[8];
    size_t got = 0;
    for (size_t i = 0; i < n; i++) {
        fds[i] = send_request("PUT", paths[i], "", contents[i]);
    }
    for (size_t i = 0; i < n; i++) {
        json_t *json = NULL;
        int status = receive_answer(fds[i], &json);
        json_decref(json);
        no_secret_in(answer);
        if (status != one && status != other) {
            fail_msg("%s: %s", paths[i], answer);
        }
        got += status == one;
    }
    assert_int_equal(got, ones);
}

/*= test kme-overlap */
static void of_several_at_once_that_overlap_one_is_taken(void **state)
{
    (void)state;
    static const char *const paths[] = {"/v1/lots/r0", "/v1/lots/r1", "/v1/lots/r2", "/v1/lots/r3"};
    const char *contents[4];
    for (unsigned turn = 0; turn < 5; turn++) {
        for (unsigned i = 0; i < 4; i++) {
            char ranges[80];
            snprintf(ranges, sizeof ranges, "\"77777777000%u00-77777777001%u00\"", i, i);
            contents[i] = strdup(lot(i % 2, "Acme", ranges));
        }
        at_once(paths, contents, 4, 201, 1, 409);
        unsigned removed = 0;
        for (unsigned i = 0; i < 4; i++) {
            json_t *json = NULL;
            removed += ask("DELETE", paths[i], "", &json) == 204;
            json_decref(json);
            free((void *)(uintptr_t)contents[i]);
        }
        assert_int_equal(removed, 1);
    }
}

static void the_same_several_times_at_once_is_added_once(void **state)
{
    (void)state;
    static const char *const paths[] = {"/v1/lots/s", "/v1/lots/s", "/v1/lots/s"};
    const char *content = lot(1, "Acme", "\"66666666\"");
    const char *const contents[] = {content, content, content};
    at_once(paths, contents, 3, 201, 1, 200);
    expect(204, "DELETE", "/v1/lots/s", "");
    expect_problem("no-such-lot", "DELETE", "/v1/lots/s", "");
    at_once(paths, contents, 3, 201, 1, 200);
    expect(204, "DELETE", "/v1/lots/s", "");
}

/* Adding and removing at once: whatever the order was, the table and the store agree. */
static void what_is_added_and_removed_at_once_is_one_or_the_other(void **state)
{
    (void)state;
    for (unsigned turn = 0; turn < 20; turn++) {
        json_t *json = NULL;
        int one = send_request("PUT", "/v1/lots/t", "", lot(1, "Acme", "\"55555555\""));
        int two = send_request("DELETE", "/v1/lots/t", "", "");
        int three = send_request("PUT", "/v1/lots/t", "", body);
        int status = receive_answer(one, &json);
        assert_true(status == 201 || status == 200);
        json_decref(json);
        status = receive_answer(two, &json);
        assert_true(status == 204 || status == 404);
        json_decref(json);
        status = receive_answer(three, &json);
        assert_true(status == 201 || status == 200);
        json_decref(json);
        bool there = ask("GET", "/v1/lots/t", "", &json) == 200;
        json_decref(json);
        status = ask("DELETE", "/v1/lots/t", "", &json);
        json_decref(json);
        assert_int_equal(status, there ? 204 : 404);
    }
}

static void a_client_that_hangs_up_meanwhile_is_no_trouble(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 8; i++) {
        close(send_request("PUT", "/v1/lots/h", "", lot(0, "Acme", "\"44444444\"")));
        close(send_request("DELETE", "/v1/lots/h", "", ""));
    }
    /* behind all of them */
    put(201, "/v1/lots/i", lot(0, "Acme", "\"44444445\""));
    expect(204, "DELETE", "/v1/lots/i", "");
}

/* ---- afterwards ---- */

static void lots_are_there_after_a_restart_and_removed_ones_are_not(void **state)
{
    (void)state;
    json_t *json = NULL;
    expect(204, "DELETE", B, "");
    expect_problem("no-such-lot", "GET", B, "");
    assert_non_null(strstr(await_event("lot-removed", 0), "SHA-256 "));
    (void)ask("DELETE", "/v1/lots/h", "", &json);
    json_decref(json);
    assert_int_equal(halt(), 0);
    assert_int_equal(launch(), 0);
    json = get("/v1/lots");
    const json_t *list = json_object_get(json, "lots");
    assert_int_equal(json_array_size(list), 1);
    assert_string_equal(text_in(json_array_get(list, 0), "manufacturer"), "Acme");
    json_decref(json);
    put(200, A, lot(0, "Acme", "\"49015420000000-49015420000999\",\"35693803\""));
    put(201, B, lot(1, "Acme", "\"35693804\""));
}

/* The octets of P and Q as such, too: the store seals them. */
static void is_clean(const char *name)
{
    char path[80];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "r");
    if (f == NULL) {
        return; /* there is no log of the database after a clean stop */
    }
    size_t room = 1 << 26;
    char *text = malloc(room);
    size_t n = fread(text, 1, room - 1, f);
    fclose(f);
    for (size_t i = 0; i < 2; i++) {
        uint8_t p[LOT_KEY_PRIME_MAX], q[LOT_KEY_PRIME_MAX];
        size_t octets = 0;
        assert_ok(lot_key_primes(keys[i], p, q, &octets));
        assert_null(memmem(text, n, hex[i].p + 32, 16));
        assert_null(memmem(text, n, hex[i].q + 32, 16));
        assert_null(memmem(text, n, p + 16, 8));
        assert_null(memmem(text, n, q + 16, 8));
    }
    free(text);
}

static void neither_log_nor_events_nor_the_files_have_p_or_q(void **state)
{
    (void)state;
    json_decref(get("/v1/events?limit=1000"));
    json_decref(get("/v1/lots"));
    is_clean("hss.db");
    is_clean("hss.db-wal");
    is_clean("hssd.log");
}

/* The group's end stops it while these wait, and wants its exit to be clean. */
static void the_end_of_the_process_finds_requests_waiting(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 30; i++) {
        (void)send_request("PUT", "/v1/lots/w", "", lot(0, "Acme", "\"33333333\""));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_lot_is_put_and_shown_without_its_primes),
        cmocka_unit_test(the_same_again_changes_nothing_and_other_content_is_refused),
        cmocka_unit_test(an_overlap_names_both_lots_and_the_range),
        cmocka_unit_test(what_is_no_lot_is_refused_by_name),
        cmocka_unit_test(every_prefix_of_a_lot_is_refused_and_leaves_nothing),
        cmocka_unit_test(primes_that_are_none_are_refused_with_what_is_wrong),
        cmocka_unit_test(a_device_shows_the_lot_that_covers_it),
        cmocka_unit_test(lots_are_paged_through_by_their_ids),
        cmocka_unit_test(a_lot_has_many_ranges_and_a_page_not_too_many),
        cmocka_unit_test(of_several_at_once_that_overlap_one_is_taken),
        cmocka_unit_test(the_same_several_times_at_once_is_added_once),
        cmocka_unit_test(what_is_added_and_removed_at_once_is_one_or_the_other),
        cmocka_unit_test(a_client_that_hangs_up_meanwhile_is_no_trouble),
        cmocka_unit_test(lots_are_there_after_a_restart_and_removed_ones_are_not),
        cmocka_unit_test(neither_log_nor_events_nor_the_files_have_p_or_q),
        cmocka_unit_test(the_end_of_the_process_finds_requests_waiting),
    };
    return cmocka_run_group_tests_name("nf/admin_lot", tests, up, down);
}
