#include "store/fixture.h"

static void imsis_of_all_lengths_and_leading_zeros_keep_apart_in_digit_order(void **state)
{
    (void)state;
    static const char *const ordered[] = {
        "000000", "0000000", "000000000000000", "000001",          "00101",
        "001010", "0010100", "001010000000001", "001010000000002", "00101000000001",
        "00102",  "999999",  "999999999999998", "999999999999999",
    };
    int64_t last = imsi_key(NULL);
    for (size_t i = 0; i < sizeof ordered / sizeof ordered[0]; i++) {
        struct imsi in, out;
        if (imsi_parse(bytes_of_str(ordered[i]), &in) != E_OK) {
            continue; /* shorter than an IMSI may be */
        }
        int64_t key = imsi_key(&in);
        assert_true(key > last);
        assert_true(key < INT64_C(1) << 52);
        assert_ok(imsi_of_key(key, &out));
        assert_true(imsi_eq(&in, &out));
        last = key;
    }
}

static void random_imsis_come_back_and_order_as_their_digits_do(void **state)
{
    (void)state;
    uint64_t seed = 1;
    struct imsi last = imsi_of("000000");
    for (int i = 0; i < 20000; i++) {
        char digits[IMSI_DIGITS_MAX + 1] = {0};
        size_t n = 6 + test_rand(&seed) % 10;
        for (size_t k = 0; k < n; k++) {
            digits[k] = (char)('0' + test_rand(&seed) % (i % 2 ? 2 : 10));
        }
        struct imsi in = imsi_of(digits), out;
        assert_ok(imsi_of_key(imsi_key(&in), &out));
        assert_true(imsi_eq(&in, &out));
        int by_text = strcmp(in.digits, last.digits);
        int64_t by_key = imsi_key(&in) - imsi_key(&last);
        assert_int_equal(by_text < 0, by_key < 0);
        assert_int_equal(by_text == 0, by_key == 0);
        last = in;
    }
}

static void a_number_that_is_no_imsi_is_refused(void **state)
{
    (void)state;
    struct imsi out, long_one = imsi_of("123456789012345"), six = imsi_of("123456");
    const int64_t power = INT64_C(11) * 11 * 11;
    assert_err(imsi_of_key(-1, &out), E_BAD_VALUE);
    assert_err(imsi_of_key(0, &out), E_BAD_VALUE);
    assert_err(imsi_of_key(1, &out), E_BAD_VALUE);                           /* a hole */
    assert_err(imsi_of_key(imsi_key(&six) + 1, &out), E_BAD_VALUE);          /* a hole */
    assert_err(imsi_of_key(imsi_key(&long_one) * power, &out), E_BAD_VALUE); /* too long */
    assert_err(imsi_of_key(INT64_MAX, &out), E_BAD_VALUE);
}

static void imeis_come_back_with_their_zeros(void **state)
{
    (void)state;
    static const char *const all[] = {"00000000000000", "00000000000001", IMEI_A, "99999999999999"};
    int64_t last = imei_key(NULL);
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        struct imei in = imei_of(all[i]), out;
        int64_t key = imei_key(&in);
        assert_true(key > last);
        assert_ok(imei_of_key(key, &out));
        assert_true(imei_eq(&in, &out));
        last = key;
    }
    struct imei out;
    assert_err(imei_of_key(-1, &out), E_BAD_VALUE);
    assert_err(imei_of_key(last + 1, &out), E_BAD_VALUE);
}

/* What a person's tool or a broken disk may leave in a row. */
static void values_that_their_fields_cannot_hold_are_an_error_and_not_a_cut(void **state)
{
    static const char *const damage[] = {
        "UPDATE subscriber SET policy = 256",
        "UPDATE subscriber SET res_len = -1",
        "UPDATE subscriber SET binding_failures = 4294967296",
        "UPDATE subscriber SET algorithm = -1",
        "UPDATE subscriber SET msisdn = '1234567890123456'",
        "UPDATE subscriber SET host = printf('%.*c', 256, 'x')",
        "UPDATE subscriber SET plmn = x'0000'",
        "UPDATE subscriber SET plmn = x'00000000'",
        "UPDATE subscriber SET last_imei = 100000000000000",
    };
    struct fixture *f = *state;
    struct imsi imsi = imsi_of(IMSI_A);
    for (size_t i = 0; i < sizeof damage / sizeof damage[0]; i++) {
        struct store_subscriber s = subscriber_of(IMSI_A), out;
        size_t n = 9;
        put(f, &s);
        close_store(f);
        sql(f->path, damage[i]);
        open_store(f);
        assert_err(store_read_subscriber(f->r, &imsi, &out), E_IO);
        assert_int_equal(out.keys.k.n, 0);
        assert_err(store_list_subscribers(f->r, NULL, &out, 1, &n), E_IO);
        assert_int_equal(n, 0);
        COMMITTED(f, store_remove_subscriber(f->w, &imsi));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(imsis_of_all_lengths_and_leading_zeros_keep_apart_in_digit_order),
        cmocka_unit_test(random_imsis_come_back_and_order_as_their_digits_do),
        cmocka_unit_test(a_number_that_is_no_imsi_is_refused),
        cmocka_unit_test(imeis_come_back_with_their_zeros),
        IN_STORE(values_that_their_fields_cannot_hold_are_an_error_and_not_a_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
