/* codec/nas_ie.h: timers, sessions, names. */
#include "codec/nas_ie.h"
#include "lib/check.h"
#include <stdlib.h>
#include <string.h>

static void timers_are_seconds(void **state)
{
    (void)state;
    assert_int_equal(nas_timer_seconds(0x00), 0);
    assert_int_equal(nas_timer_seconds(0x05), 10);
    assert_int_equal(nas_timer_seconds(0x2c), 12 * 60);
    assert_int_equal(nas_timer_seconds(0x49), 54 * 60);
    assert_int_equal(nas_timer_seconds(0x65), 5 * 60); /* a unit that is not defined */
    assert_true(nas_timer_seconds(0xe0) == NAS_TIMER_OFF);
    assert_int_equal(nas_timer_3_seconds(0x01), 600);
    assert_int_equal(nas_timer_3_seconds(0x22), 7200);
    assert_int_equal(nas_timer_3_seconds(0x43), 108000);
    assert_int_equal(nas_timer_3_seconds(0x64), 8);
    assert_int_equal(nas_timer_3_seconds(0x85), 150);
    assert_int_equal(nas_timer_3_seconds(0xa6), 360);
    assert_int_equal(nas_timer_3_seconds(0xc1), 320 * 3600);
    assert_true(nas_timer_3_seconds(0xff) == NAS_TIMER_OFF);
}

static void seconds_become_the_next_longer_timer(void **state)
{
    (void)state;
    assert_int_equal(nas_timer_of(NAS_TIMER_OFF), 0xe0);
    assert_int_equal(nas_timer_of(0), 0x00);
    assert_int_equal(nas_timer_of(61), 0x1f);
    assert_int_equal(nas_timer_of(63), 0x22);
    assert_int_equal(nas_timer_of(12 * 60), 0x2c);
    assert_int_equal(nas_timer_of(54 * 60), 0x49);
    assert_int_equal(nas_timer_of(1000000), 0x5f);
    assert_int_equal(nas_timer_3_of(1000000000), 0xdf);
    for (uint32_t s = 1; s < 12000; s++) {
        assert_true(nas_timer_seconds(nas_timer_of(s)) >= s || s > 31 * 360);
    }
    for (uint32_t s = 1; s < 40000000; s += 997) {
        assert_true(nas_timer_3_seconds(nas_timer_3_of(s)) >= s || s > 31 * 1152000);
    }
    /* What can be said exactly is. */
    for (unsigned v = 0; v < 0xE0; v++) {
        uint32_t s = nas_timer_3_seconds((uint8_t)v);
        assert_true(nas_timer_3_seconds(nas_timer_3_of(s)) == s);
    }
}

static void access_point_names_are_labels_and_text(void **state)
{
    (void)state;
    struct bytes labels = BYTES_LIT("\x08internet\x06mnc001\x06mcc001\x04gprs");
    char text[NAS_APN_TEXT_MAX];
    uint8_t out[NAS_APN_MAX];
    struct bytes value;
    assert_ok(nas_apn_to_text(labels, text));
    assert_string_equal(text, "internet.mnc001.mcc001.gprs");
    assert_ok(nas_apn_from_text(bytes_of_str(text), MBYTES_OF(out), &value));
    assert_true(bytes_eq(value, labels));
    for (size_t n = 0; n < labels.n; n++) {
        uint8_t *copy = exact_copy((struct bytes){labels.p, n});
        bool whole = n == 9 || n == 16 || n == 23;
        assert_true((nas_apn_to_text((struct bytes){copy, n}, text) == E_OK) == whole);
        assert_err(nas_apn_from_text(BYTES_LIT("internet.mnc001.mcc001.gprs"),
                                     (struct mbytes){out, n}, &value),
                   E_NO_ROOM);
        free(copy);
    }
}

static void an_access_point_name_that_is_none_is_refused(void **state)
{
    (void)state;
    char text[NAS_APN_TEXT_MAX] = "kept";
    uint8_t out[200];
    struct bytes value;
    static const struct bytes bad[] = {BYTES_LIT("\x00"),
                                       BYTES_LIT("\x03"
                                                 "a.b"),
                                       BYTES_LIT("\x02\x01"
                                                 "a"),
                                       BYTES_LIT("\x01"
                                                 "a\x00")};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_err(nas_apn_to_text(bad[i], text), E_BAD_VALUE);
    }
    uint8_t longer[101] = {0};
    assert_err(nas_apn_to_text(BYTES_OF(longer), text), E_BAD_LENGTH);
    assert_string_equal(text, "kept");
    static const char *const bad_text[] = {"", ".", "a.", ".a", "a..b", "a b", "\xc3\xa4"};
    for (size_t i = 0; i < sizeof bad_text / sizeof bad_text[0]; i++) {
        assert_int_not_equal(nas_apn_from_text(bytes_of_str(bad_text[i]), MBYTES_OF(out), &value),
                             E_OK);
    }
    char many[100];
    memset(many, 'a', sizeof many);
    assert_err(nas_apn_from_text((struct bytes){(uint8_t *)many, 100}, MBYTES_OF(out), &value),
               E_BAD_LENGTH);
    assert_err(nas_apn_from_text((struct bytes){(uint8_t *)many, 64}, MBYTES_OF(out), &value),
               E_BAD_VALUE);
    assert_ok(nas_apn_from_text((struct bytes){(uint8_t *)many, 63}, MBYTES_OF(out), &value));
    /* The longest there is: 99 characters, 100 octets. */
    many[49] = '.';
    assert_ok(nas_apn_from_text((struct bytes){(uint8_t *)many, 99}, MBYTES_OF(out), &value));
    assert_int_equal(value.n, NAS_APN_MAX);
    assert_ok(nas_apn_to_text(value, text));
    assert_int_equal(strlen(text), 99);
}

static void check_address(struct nas_pdn_address a, struct bytes octets)
{
    uint8_t out[NAS_PDN_ADDRESS_MAX];
    struct bytes value;
    struct nas_pdn_address back;
    assert_ok(nas_pdn_address_write(&a, MBYTES_OF(out), &value));
    assert_true(bytes_eq(value, octets));
    for (size_t n = 0; n < octets.n; n++) {
        uint8_t *copy = exact_copy((struct bytes){octets.p, n});
        assert_err(nas_pdn_address_parse((struct bytes){copy, n}, &back), E_TRUNCATED);
        assert_err(nas_pdn_address_write(&a, (struct mbytes){out, n}, &value), E_NO_ROOM);
        free(copy);
    }
    assert_ok(nas_pdn_address_parse(octets, &back));
    assert_int_equal(back.type, a.type);
    assert_memory_equal(back.ipv4, a.ipv4, 4);
    assert_memory_equal(back.interface_id, a.interface_id, 8);
}

static void pdn_addresses_of_every_type_are_written_and_parsed(void **state)
{
    (void)state;
    struct nas_pdn_address a = {NAS_PDN_IPV4, {0}, {10, 45, 0, 2}};
    check_address(a, BYTES_LIT("\x01\x0a\x2d\x00\x02"));
    a = (struct nas_pdn_address){NAS_PDN_IPV6, {0, 0, 0, 0, 0, 0, 0, 9}, {0}};
    check_address(a, BYTES_LIT("\x02\0\0\0\0\0\0\0\x09"));
    a = (struct nas_pdn_address){NAS_PDN_IPV4V6, {1, 2, 3, 4, 5, 6, 7, 8}, {10, 45, 0, 2}};
    check_address(a, BYTES_LIT("\x03\1\2\3\4\5\6\7\x08\x0a\x2d\x00\x02"));
    a = (struct nas_pdn_address){NAS_PDN_NON_IP, {0}, {0}};
    check_address(a, BYTES_LIT("\x05\0\0\0\0"));
    a.type = NAS_PDN_ETHERNET;
    check_address(a, BYTES_LIT("\x06\0\0\0\0"));
    assert_err(nas_pdn_address_parse(BYTES_LIT("\x04\0\0\0\0"), &a), E_BAD_VALUE);
}

/* TS 24.301 table 9.9.4.2.1: each range's first and last, and what lies between two steps. */
static void bit_rates_are_said_and_read(void **state)
{
    (void)state;
    static const struct {
        uint32_t kbps, said;
    } rates[] = {{0, 0},           {1, 1},           {63, 63},          {64, 64},
                 {71, 64},         {568, 568},       {575, 568},        {576, 576},
                 {8639, 8576},     {8640, 8640},     {8699, 8640},      {8700, 8700},
                 {16000, 16000},   {16999, 16000},   {17000, 17000},    {128000, 128000},
                 {129999, 128000}, {130000, 130000}, {256000, 256000},  {256001, 256001},
                 {300000, 300000}, {512000, 512000}, {1000000, 1000000}};
    for (size_t i = 0; i < sizeof rates / sizeof rates[0]; i++) {
        uint8_t out[NAS_APN_AMBR_MAX];
        struct bytes value;
        struct nas_apn_ambr back, a = {rates[i].kbps, 100};
        assert_ok(nas_apn_ambr_write(&a, MBYTES_OF(out), &value));
        assert_ok(nas_apn_ambr_parse(value, &back));
        assert_int_equal(back.down_kbps, rates[i].said);
        assert_int_equal(back.up_kbps, 96);
        for (size_t n = 0; n < value.n; n++) {
            struct bytes same;
            assert_err(nas_apn_ambr_write(&a, (struct mbytes){out, n}, &same), E_NO_ROOM);
        }
    }
    struct nas_apn_ambr a = {255U * 256000U, 0};
    uint8_t out[NAS_APN_AMBR_MAX];
    struct bytes value;
    assert_err(nas_apn_ambr_write(&a, MBYTES_OF(out), &value), E_BAD_VALUE);
    a = (struct nas_apn_ambr){256000, 256000}; /* the last that needs no second extension */
    assert_ok(nas_apn_ambr_write(&a, MBYTES_OF(out), &value));
    assert_true(bytes_eq(value, BYTES_LIT("\xfe\xfe\xfa\xfa")));
    assert_err(nas_apn_ambr_parse(BYTES_LIT("\x01"), &a), E_TRUNCATED);
    assert_ok(nas_apn_ambr_parse(BYTES_LIT("\xfe\xfe\xfa\xfa"), &a));
    assert_int_equal(a.down_kbps, 256000);
}

static void a_qos_has_a_qci_and_octets(void **state)
{
    (void)state;
    struct nas_eps_qos qos;
    assert_ok(nas_eps_qos_parse(BYTES_LIT("\x09"), &qos));
    assert_int_equal(qos.qci, 9);
    assert_int_equal(qos.rates.n, 0);
    assert_ok(nas_eps_qos_parse(BYTES_LIT("\x01\x02\x03\x04\x05"), &qos));
    assert_true(bytes_eq(qos.rates, BYTES_LIT("\x02\x03\x04\x05")));
    assert_err(nas_eps_qos_parse((struct bytes){NULL, 0}, &qos), E_TRUNCATED);
    assert_err(nas_eps_qos_parse(BYTES_LIT("\x01\x02"), &qos), E_BAD_LENGTH);
}

static void network_names_are_packed(void **state)
{
    (void)state;
    /* "hello" is TS 23.038's usual packing: e8 32 9b fd 06, with five bits over. */
    struct bytes hello = BYTES_LIT("\x85\xe8\x32\x9b\xfd\x06");
    char text[NAS_NETWORK_NAME_TEXT_MAX];
    uint8_t out[NAS_NETWORK_NAME_TEXT_MAX];
    struct bytes value;
    assert_ok(nas_network_name_from_text(BYTES_LIT("hello"), MBYTES_OF(out), &value));
    assert_true(bytes_eq(value, hello));
    assert_ok(nas_network_name_to_text(hello, text));
    assert_string_equal(text, "hello");
    for (size_t n = 0; n < hello.n; n++) {
        assert_err(nas_network_name_from_text(BYTES_LIT("hello"), (struct mbytes){out, n}, &value),
                   E_NO_ROOM);
    }
    static const char all[] = " !\"#%&'()*+,-./09:;<=>?AZaz@$_ Bindery, 17 letters and more";
    for (size_t n = 1; n <= sizeof all - 1; n++) {
        assert_ok(nas_network_name_from_text((struct bytes){(const uint8_t *)all, n},
                                             MBYTES_OF(out), &value));
        uint8_t *copy = exact_copy(value);
        assert_ok(nas_network_name_to_text((struct bytes){copy, value.n}, text));
        assert_int_equal(strlen(text), n);
        assert_memory_equal(text, all, n);
        free(copy);
    }
    assert_err(nas_network_name_from_text(BYTES_LIT("a[b"), MBYTES_OF(out), &value), E_UNSUPPORTED);
    assert_err(nas_network_name_from_text(BYTES_LIT(""), MBYTES_OF(out), &value), E_BAD_LENGTH);
    assert_err(nas_network_name_to_text(BYTES_LIT("\x90\x00\x41"), text), E_UNSUPPORTED);
    assert_err(nas_network_name_to_text(BYTES_LIT("\x05\xe8"), text), E_BAD_VALUE);
    assert_err(nas_network_name_to_text((struct bytes){NULL, 0}, text), E_BAD_VALUE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(timers_are_seconds),
        cmocka_unit_test(seconds_become_the_next_longer_timer),
        cmocka_unit_test(access_point_names_are_labels_and_text),
        cmocka_unit_test(an_access_point_name_that_is_none_is_refused),
        cmocka_unit_test(pdn_addresses_of_every_type_are_written_and_parsed),
        cmocka_unit_test(bit_rates_are_said_and_read),
        cmocka_unit_test(a_qos_has_a_qci_and_octets),
        cmocka_unit_test(network_names_are_packed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
