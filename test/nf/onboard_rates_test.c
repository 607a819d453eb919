/* How often a device may ask, and an authority have more (src/nf/hssd/onboard_rates.c). */
#include "lib/check.h"

#include "nf/hssd/onboard_rates.h"

#include <stdio.h>

static struct device_id id_n(unsigned i)
{
    struct device_id id;
    char text[32];
    snprintf(text, sizeof text, "id-%u", i);
    assert_ok(device_id_parse(bytes_of_str(text), &id));
    return id;
}

/* Its n-th request. */
static bool takes(struct onboard_rates *r, size_t authority, const struct device_id *id, unsigned n,
                  uint64_t interval_ms, uint64_t now_ms)
{
    const uint8_t nonce[ONBOARD_RATES_NONCE] = {(uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n};
    const struct onboard_ask ask = {authority, id, nonce};
    bool may = onboard_rates_may(r, &ask, interval_ms, now_ms);
    assert_int_equal(onboard_rates_may(r, &ask, interval_ms, now_ms), may); /* costs nothing */
    assert_int_equal(onboard_rates_take(r, &ask, interval_ms, now_ms), may);
    return may;
}

static void a_device_may_once_in_its_time(void **state)
{
    (void)state;
    struct onboard_rates *r;
    const struct device_id a = id_n(1), b = id_n(2);
    assert_ok(onboard_rates_open(&r));
    assert_true(takes(r, 0, &a, 1, 5000, 100));
    assert_false(takes(r, 0, &a, 2, 5000, 100));
    assert_false(takes(r, 0, &a, 2, 5000, 5099));
    assert_false(takes(r, 0, &a, 2, 5000, 99)); /* it came first and is looked at later */
    assert_true(takes(r, 0, &b, 1, 5000, 100));
    assert_true(takes(r, 1, &a, 1, 5000, 100)); /* another authority's of this name */
    assert_true(takes(r, 0, &a, 2, 5000, 5100));
    assert_false(takes(r, 0, &a, 3, 5000, 10099));
    assert_true(takes(r, 0, &b, 1, 0, 100)); /* no time at all */
    assert_true(takes(r, 0, &b, 1, 0, 100));
    onboard_rates_close(r);
    onboard_rates_close(NULL);
}

static void what_a_device_said_once_uses_up_nothing_of_its_time(void **state)
{
    (void)state;
    struct onboard_rates *r;
    const struct device_id a = id_n(1);
    uint64_t now = 100;
    assert_ok(onboard_rates_open(&r));
    for (unsigned n = 0; n < 20; n++, now += 5000) {
        for (unsigned before = 1; before <= ONBOARD_RATES_NONCES && before <= n; before++) {
            assert_false(takes(r, 0, &a, n - before, 5000, now));
        }
        assert_true(takes(r, 0, &a, n, 5000, now));
    }
    assert_true(takes(r, 0, &a, 19 - ONBOARD_RATES_NONCES, 5000, now)); /* so many are known */
    onboard_rates_close(r);
}

static void of_more_devices_than_there_is_room_for_each_may_ask(void **state)
{
    (void)state;
    struct onboard_rates *r;
    const unsigned many = 4 * ONBOARD_RATES_DEVICES;
    assert_ok(onboard_rates_open(&r));
    for (unsigned i = 0; i < many; i++) {
        const struct device_id id = id_n(i);
        assert_true(takes(r, 0, &id, i, 1000000, 1 + i));
    }
    const struct device_id last = id_n(many - 1);
    assert_false(takes(r, 0, &last, many, 1000000, 1 + many));
    onboard_rates_close(r);
}

static void an_hour_has_so_many_and_they_come_back_evenly(void **state)
{
    (void)state;
    struct onboard_hour b = {0};
    const uint64_t start = 10000;
    for (unsigned i = 0; i < 60; i++) {
        assert_true(onboard_hour_take(&b, 60, start));
    }
    assert_false(onboard_hour_take(&b, 60, start));
    assert_false(onboard_hour_take(&b, 60, start + 59999));
    assert_true(onboard_hour_take(&b, 60, start + 60000));
    assert_false(onboard_hour_take(&b, 60, start + 60000));
    assert_true(onboard_hour_take(&b, 60, start + 3600000));
    b = (struct onboard_hour){0};
    assert_true(onboard_hour_take(&b, 1, start));
    assert_false(onboard_hour_take(&b, 1, start + 3599999));
    assert_true(onboard_hour_take(&b, 1, start + 3600000));
    b = (struct onboard_hour){0};
    for (unsigned i = 0; i < 100000; i++) {
        assert_true(onboard_hour_take(&b, 100000000, start));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_device_may_once_in_its_time),
        cmocka_unit_test(what_a_device_said_once_uses_up_nothing_of_its_time),
        cmocka_unit_test(of_more_devices_than_there_is_room_for_each_may_ask),
        cmocka_unit_test(an_hour_has_so_many_and_they_come_back_evenly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
