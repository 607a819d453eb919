#include "cli/lot_content.h"

#include "cli/said.h"

static struct lot_key *key;
static struct lot_content made;
static char text[8192];
static size_t text_n;

static void add(const char *range)
{
    struct imei_range r, with;
    assert_ok(imei_range_parse(bytes_of_str(range), &r));
    assert_ok(lot_file_add(&made.file, &r, &with));
}

static int begin(void **state)
{
    struct lot_content_why why;
    (void)state;
    assert_ok(lot_key_make(2048, &key));
    assert_ok(lot_content_make("2026-07", "Example Meters", key, &made, &why));
    add("35693804");
    add("35693803000000-35693803499999");
    assert_ok(lot_content_write(&made, MBYTES_OF(text), &text_n));
    text[text_n] = '\0';
    return 0;
}

static int end(void **state)
{
    (void)state;
    lot_key_close(key);
    lot_content_wipe(&made);
    return 0;
}

/* Reads from a block of the exact size. */
static enum err reads(const char *json, struct lot_content *out, struct lot_content_why *why)
{
    const struct bytes v = bytes_of_str(json);
    uint8_t *exact = exact_copy(v);
    enum err e = lot_content_read((struct bytes){exact, v.n}, out, why);
    free(exact);
    return e;
}

static void what_is_written_comes_back(void **state)
{
    struct lot_content got;
    struct lot_content_why why;
    (void)state;
    assert_ok(reads(text, &got, &why));
    assert_string_equal(got.file.lot.id.text, "2026-07");
    assert_string_equal(got.file.lot.manufacturer, "Example Meters");
    assert_int_equal(got.n, 128);
    assert_memory_equal(got.p, made.p, 128);
    assert_memory_equal(got.q, made.q, 128);
    assert_int_equal(got.file.n, 2);
    assert_int_equal(got.file.ranges[0].last, 35693803499999u);
    const struct bytes n = lot_key_modulus(key);
    assert_true(bytes_eq((struct bytes){got.file.lot.modulus, got.file.lot.modulus_n}, n));
    lot_content_wipe(&got);
}

static void a_text_has_room_or_is_not_written(void **state)
{
    size_t n = 77;
    (void)state;
    for (size_t cap = 0; cap < text_n; cap++) {
        uint8_t *exact = malloc(cap ? cap : 1);
        assert_err(lot_content_write(&made, (struct mbytes){exact, cap}, &n), E_NO_ROOM);
        assert_int_equal(n, 77);
        free(exact);
    }
}

static void no_prefix_of_it_is_one(void **state)
{
    struct lot_content got;
    struct lot_content_why why;
    (void)state;
    for (size_t n = 0; n < text_n; n++) {
        char *part = strndup(text, n);
        assert_err(reads(part, &got, &why), E_BAD_VALUE);
        free(part);
    }
}

/* The text with one member as given (NULL: without it). */
static enum err with(const char *member, json_t *value, struct lot_content_why *why)
{
    struct lot_content got;
    json_t *o = json_loads(text, 0, NULL);
    (void)(value ? json_object_set_new(o, member, value) : json_object_del(o, member));
    char *changed = json_dumps(o, JSON_COMPACT);
    enum err e = reads(changed, &got, why);
    free(changed);
    json_decref(o);
    if (e == E_OK) {
        lot_content_wipe(&got);
    }
    return e;
}

static void each_member_must_be_there_and_no_other(void **state)
{
    static const char *const members[] = {"bindery_lot_key", "id", "manufacturer",
                                          "ranges",          "p",  "q"};
    struct lot_content_why why;
    (void)state;
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        assert_err(with(members[i], NULL, &why), E_MISSING);
        assert_non_null(strstr(why.text, members[i]));
        assert_err(with(members[i], json_true(), &why), E_BAD_VALUE);
    }
    assert_err(with("d", json_string("1"), &why), E_UNKNOWN);
    assert_err(with("bindery_lot_key", json_integer(2), &why), E_TOO_NEW);
    assert_err(with("id", json_string("a/b"), &why), E_BAD_VALUE);
    assert_err(with("ranges", json_array(), &why), E_BAD_VALUE);
    assert_err(with("ranges", json_pack("[s]", "3569380"), &why), E_BAD_VALUE);
    assert_err(with("ranges", json_pack("[s,s]", "35693803", "35693803000007"), &why), E_CONFLICT);
    struct lot_content got;
    assert_err(reads("{\"id\":\"a\",\"id\":\"b\"}", &got, &why), E_BAD_VALUE);
}

/*= test kme-primes */
static void primes_that_are_none_are_refused_by_name_and_not_by_their_digits(void **state)
{
    struct lot_content_why why;
    char hex[2 * LOT_KEY_PRIME_MAX + 1];
    uint8_t even[128];
    (void)state;
    memset(even, 0xff,
           sizeof even); /* 2^1024 - 1: 3 divides it, and nothing else is wrong with it */
    hex_encode(BYTES_OF(even), hex);
    assert_err(with("p", json_string(hex), &why), E_BAD_VALUE);
    assert_non_null(strstr(why.text, lot_key_fault_sentence(LOT_KEY_FAULT_NOT_PRIME)));
    assert_null(strstr(why.text, "0x"));
    hex[16] = '\0';
    assert_null(strstr(why.text, hex));
    hex_encode((struct bytes){made.q, made.n}, hex);
    assert_err(with("p", json_string(hex), &why), E_BAD_VALUE); /* twice the same */
    assert_non_null(strstr(why.text, lot_key_fault_sentence(LOT_KEY_FAULT_DISTANCE)));
    assert_err(with("p", json_string("00ff"), &why), E_BAD_VALUE);
    assert_err(with("p", json_string("fff"), &why), E_BAD_VALUE);
    assert_err(with("p", json_string("xx"), &why), E_BAD_VALUE);
    assert_err(with("p", json_string(""), &why), E_BAD_VALUE);
}

static void the_body_for_the_hss_has_what_is_wanted_and_no_more(void **state)
{
    json_t *o = lot_content_body(&made);
    char p[257];
    (void)state;
    hex_encode((struct bytes){made.p, made.n}, p);
    assert_int_equal(json_object_size(o), 4);
    assert_string_equal(json_string_value(json_object_get(o, "p")), p);
    assert_string_equal(json_string_value(json_object_get(o, "manufacturer")), "Example Meters");
    assert_int_equal(json_array_size(json_object_get(o, "ranges")), 2);
    assert_string_equal(json_string_value(json_array_get(json_object_get(o, "ranges"), 1)),
                        "35693804");
    json_decref(o);
}

static void the_fingerprint_is_the_sha256_of_n(void **state)
{
    char text_of[LOT_FINGERPRINT_TEXT];
    (void)state;
    assert_ok(lot_fingerprint(BYTES_LIT("abc"), text_of));
    assert_string_equal(text_of, /* FIPS 180-4's example */
                        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

static void a_name_that_is_none_makes_no_lot(void **state)
{
    struct lot_content c;
    struct lot_content_why why;
    (void)state;
    assert_int_not_equal(lot_content_make("", "x", key, &c, &why), E_OK);
    assert_int_not_equal(lot_content_make("x", "", key, &c, &why), E_OK);
    assert_int_not_equal(lot_content_make("x", "caf\xc3\xa9", key, &c, &why), E_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_comes_back),
        cmocka_unit_test(a_text_has_room_or_is_not_written),
        cmocka_unit_test(no_prefix_of_it_is_one),
        cmocka_unit_test(each_member_must_be_there_and_no_other),
        cmocka_unit_test(primes_that_are_none_are_refused_by_name_and_not_by_their_digits),
        cmocka_unit_test(the_body_for_the_hss_has_what_is_wanted_and_no_more),
        cmocka_unit_test(the_fingerprint_is_the_sha256_of_n),
        cmocka_unit_test(a_name_that_is_none_makes_no_lot),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
