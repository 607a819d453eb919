#include "proc/device_record.h"

#include "lib/check.h"

#include <stdlib.h>
#include <string.h>

static struct device_record sample(void)
{
    struct device_record r = {.manufacturer = "Maker & Sons",
                              .model = "m1",
                              .serial_number = "SN 42",
                              .status = BINDING_REVOKED,
                              .serial = 0x2122232425262728,
                              .issued = 0x3132333435363738};
    assert_ok(device_id_parse(BYTES_LIT("mfrid2-07.A_~"), &r.id));
    assert_ok(imei_parse(BYTES_LIT("35693803564380"), &r.imei));
    memset(r.digest, 0xab, sizeof r.digest);
    return r;
}

/*= test certattach-2d */
static void a_record_is_the_octets_that_its_page_shows(void **state)
{
    (void)state;
    static const char golden[] =
        "001562696e6465727920646576696365207265636f7264000101000d6d66726964322d30372e415f7e000e"
        "3335363933383033353634333830000c4d616b6572202620536f6e7300026d310005534e2034320020abab"
        "abababababababababababababababababababababababababababababab00010200082122232425262728"
        "00083132333435363738";
    uint8_t out[DEVICE_RECORD_MAX];
    char hex[2 * DEVICE_RECORD_MAX + 1];
    const struct device_record r = sample();
    hex_encode(device_record_write(&r, out), hex);
    assert_string_equal(hex, golden);
}

static struct device_record longest(void)
{
    struct device_record r = sample();
    uint8_t text[DEVICE_ID_MAX];
    memset(text, 'x', sizeof text);
    assert_ok(device_id_parse(BYTES_OF(text), &r.id));
    memset(r.manufacturer, 'm', DEVICE_TEXT_MAX);
    memset(r.model, 'o', DEVICE_TEXT_MAX);
    memset(r.serial_number, 's', DEVICE_TEXT_MAX);
    return r;
}

static void a_record_is_read_back_and_no_prefix_of_it_is(void **state)
{
    (void)state;
    const struct device_record records[] = {sample(), longest()};
    for (size_t i = 0; i < 2; i++) {
        uint8_t out[DEVICE_RECORD_MAX], again[DEVICE_RECORD_MAX];
        struct device_record got, untouched;
        memset(&untouched, 0x5c, sizeof untouched);
        const struct bytes whole = device_record_write(&records[i], out);
        assert_true(i == 0 || whole.n == DEVICE_RECORD_MAX);
        for (size_t n = 0; n < whole.n; n++) {
            uint8_t *part = exact_copy((struct bytes){out, n});
            got = untouched;
            assert_int_not_equal(device_record_read((struct bytes){part, n}, &got), E_OK);
            assert_memory_equal(&got, &untouched, sizeof got);
            free(part);
        }
        assert_ok(device_record_read(whole, &got));
        assert_true(device_id_eq(&got.id, &records[i].id) && imei_eq(&got.imei, &records[i].imei));
        assert_true(bytes_eq(whole, device_record_write(&got, again)));
    }
}

static void only_the_one_way_to_write_a_record_is_read(void **state)
{
    (void)state;
    uint8_t out[DEVICE_RECORD_MAX] = {0}, again[DEVICE_RECORD_MAX];
    const struct device_record r = sample();
    struct device_record got;
    const size_t n = device_record_write(&r, out).n;
    assert_err(device_record_read((struct bytes){out, n + 1}, &got), E_TRAILING);
    for (size_t i = 0; i < n; i++) {
        for (unsigned v = 0; v < 256; v++) {
            const uint8_t kept = out[i];
            out[i] = (uint8_t)v;
            if (device_record_read((struct bytes){out, n}, &got) == E_OK) {
                assert_true(bytes_eq((struct bytes){out, n}, device_record_write(&got, again)));
            }
            out[i] = kept;
        }
    }
}

static void what_is_no_device_text_is_not_read(void **state)
{
    (void)state;
    uint8_t out[DEVICE_RECORD_MAX];
    struct device_record got;
    const struct {
        size_t at; /* in the sample's octets */
        uint8_t v;
        enum err err;
    } table[] = {{2, 'B', E_BAD_VALUE},     /* label */
                 {25, 2, E_BAD_VALUE},      /* version */
                 {28, '/', E_BAD_VALUE},    /* device id */
                 {43, 'a', E_BAD_DIGIT},    /* IMEI */
                 {60, 0x1f, E_BAD_VALUE},   /* manufacturer */
                 {73, 0x7f, E_BAD_VALUE},   /* model */
                 {77, 0x80, E_BAD_VALUE},   /* serial number */
                 {118, 0, E_BAD_VALUE},     /* status */
                 {118, 3, E_BAD_VALUE},     /* status */
                 {121, 0x80, E_BAD_VALUE},  /* serial */
                 {131, 0x80, E_BAD_VALUE}}; /* issued */
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        const struct device_record r = sample();
        const struct bytes whole = device_record_write(&r, out);
        out[table[i].at] = table[i].v;
        assert_err(device_record_read(whole, &got), table[i].err);
    }
}

static void an_empty_or_too_long_item_is_not_read(void **state)
{
    (void)state;
    /* where the lengths of the sample's items stand */
    static const size_t lengths[] = {0, 23, 26, 41, 57, 71, 75, 82, 116, 119, 129};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        static const uint16_t wrong[] = {0, 65, 256, 0xffff};
        for (size_t k = 0; k < sizeof wrong / sizeof wrong[0]; k++) {
            uint8_t out[DEVICE_RECORD_MAX];
            struct device_record got;
            const struct device_record r = sample();
            const struct bytes whole = device_record_write(&r, out);
            out[lengths[i]] = (uint8_t)(wrong[k] >> 8);
            out[lengths[i] + 1] = (uint8_t)wrong[k];
            assert_err(device_record_read(whole, &got), E_BAD_LENGTH);
        }
    }
}

/*= test certattach-1c */
static void a_device_id_is_a_name_and_no_place_in_a_path(void **state)
{
    (void)state;
    static const char *const good[] = {"a", "0", "A-Z_.~", "...a", ".a", "a.", "-", "_", "~"};
    static const char *const bad[] = {".",   "..",  "...", "a/b", "a b",  "a%41",    "a?b",
                                      "a#b", "a\n", "a:b", "a@b", "\x7f", "\xc3\xa4"};
    struct device_id id, other;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_ok(device_id_parse(bytes_of_str(good[i]), &id));
        assert_string_equal(id.text, good[i]);
        assert_int_equal(id.n, strlen(good[i]));
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_err(device_id_parse(bytes_of_str(bad[i]), &id), E_BAD_VALUE);
    }
    uint8_t text[DEVICE_ID_MAX + 1];
    memset(text, 'a', sizeof text);
    assert_err(device_id_parse((struct bytes){text, 0}, &id), E_BAD_LENGTH);
    assert_err(device_id_parse(BYTES_OF(text), &id), E_BAD_LENGTH);
    assert_ok(device_id_parse((struct bytes){text, DEVICE_ID_MAX}, &id));
    assert_ok(device_id_parse((struct bytes){text, DEVICE_ID_MAX - 1}, &other));
    assert_false(device_id_eq(&id, &other));
    assert_ok(device_id_parse(BYTES_LIT("a"), &id));
    assert_ok(device_id_parse(BYTES_LIT("A"), &other));
    assert_false(device_id_eq(&id, &other));
    assert_true(device_id_eq(&id, &id));
}

static void every_octet_is_in_an_id_or_in_none(void **state)
{
    (void)state;
    static const char all[] = "-.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz~";
    struct device_id id;
    for (unsigned v = 0; v < 256; v++) {
        const uint8_t text[] = {'a', (uint8_t)v};
        const bool taken = v != 0 && strchr(all, (int)v) != NULL;
        assert_err(device_id_parse(BYTES_OF(text), &id), taken ? E_OK : E_BAD_VALUE);
        const uint8_t one = (uint8_t)v;
        assert_err(device_text_check((struct bytes){&one, 1}),
                   v >= ' ' && v <= '~' ? E_OK : E_BAD_VALUE);
    }
    uint8_t text[DEVICE_TEXT_MAX + 1];
    memset(text, ' ', sizeof text);
    assert_err(device_text_check((struct bytes){text, 0}), E_BAD_LENGTH);
    assert_err(device_text_check(BYTES_OF(text)), E_BAD_LENGTH);
    assert_ok(device_text_check((struct bytes){text, DEVICE_TEXT_MAX}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_record_is_the_octets_that_its_page_shows),
        cmocka_unit_test(a_record_is_read_back_and_no_prefix_of_it_is),
        cmocka_unit_test(only_the_one_way_to_write_a_record_is_read),
        cmocka_unit_test(what_is_no_device_text_is_not_read),
        cmocka_unit_test(an_empty_or_too_long_item_is_not_read),
        cmocka_unit_test(a_device_id_is_a_name_and_no_place_in_a_path),
        cmocka_unit_test(every_octet_is_in_an_id_or_in_none),
    };
    return cmocka_run_group_tests_name("proc/device_record", tests, NULL, NULL);
}
