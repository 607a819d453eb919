/* nf/common/devid_kept.h */
#include "lib/check.h"

#include "nf/common/devid_kept.h"

#include <string.h>

struct digest {
    uint8_t b[32];
};

/* Digests of the same `set` meet in the same place, however many there are. */
static struct digest digest_of(uint8_t set, uint8_t i)
{
    struct digest d = {{0}};
    d.b[0] = set;
    d.b[31] = i;
    return d;
}

static bool has(struct devid_kept *k, uint8_t i, int64_t at)
{
    return devid_kept_has(k, digest_of(0, i).b, at);
}

static void a_digest_holds_for_its_time(void **state)
{
    (void)state;
    struct devid_kept *k = NULL;
    assert_ok(devid_kept_open(1, &k));
    assert_false(has(k, 1, 0));
    devid_kept_put(k, digest_of(0, 1).b, 100, 200);
    assert_false(has(k, 1, 99));
    assert_true(has(k, 1, 100));
    assert_true(has(k, 1, 199));
    assert_false(has(k, 1, 200));
    assert_false(has(k, 2, 150));
    devid_kept_put(k, digest_of(0, 1).b, 200, 300); /* the same once more takes no place */
    assert_false(has(k, 1, 150));
    assert_true(has(k, 1, 250));
    devid_kept_close(k);
}

static void what_is_all_zeros_is_not_in_an_empty_place(void **state)
{
    (void)state;
    struct devid_kept *k = NULL;
    assert_ok(devid_kept_open(4, &k));
    for (int64_t at = -1; at <= 1; at++) {
        assert_false(has(k, 0, at));
    }
    devid_kept_put(k, digest_of(0, 0).b, 0, INT64_MAX);
    assert_true(has(k, 0, 0));
    devid_kept_close(k);
}

static void the_one_not_asked_for_longest_gives_way(void **state)
{
    (void)state;
    struct devid_kept *k = NULL;
    assert_ok(devid_kept_open(4, &k));
    for (uint8_t i = 1; i <= 4; i++) {
        devid_kept_put(k, digest_of(0, i).b, 0, 10);
    }
    assert_true(has(k, 1, 0)); /* 2 is now the oldest */
    devid_kept_put(k, digest_of(0, 5).b, 0, 10);
    assert_false(has(k, 2, 0));
    for (uint8_t i = 1; i <= 5; i++) {
        assert_int_equal(has(k, i, 0), i != 2);
    }
    devid_kept_clear(k);
    for (uint8_t i = 1; i <= 5; i++) {
        assert_false(has(k, i, 0));
    }
    devid_kept_close(k);
}

static void sets_do_not_disturb_each_other(void **state)
{
    (void)state;
    struct devid_kept *k = NULL;
    assert_ok(devid_kept_open(8, &k)); /* two sets: even and odd first octets */
    for (uint8_t i = 0; i < 4; i++) {
        devid_kept_put(k, digest_of(0, i).b, 0, 10);
    }
    for (uint8_t i = 0; i < 100; i++) {
        devid_kept_put(k, digest_of(1, i).b, 0, 10);
    }
    for (uint8_t i = 0; i < 4; i++) {
        assert_true(has(k, i, 5));
    }
    devid_kept_close(k);
}

static void room_for_none_keeps_none(void **state)
{
    (void)state;
    struct devid_kept *k = NULL;
    assert_ok(devid_kept_open(0, &k));
    devid_kept_put(k, digest_of(0, 1).b, 0, 10);
    assert_false(has(k, 1, 5));
    devid_kept_clear(k);
    devid_kept_close(k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_digest_holds_for_its_time),
                                       cmocka_unit_test(what_is_all_zeros_is_not_in_an_empty_place),
                                       cmocka_unit_test(the_one_not_asked_for_longest_gives_way),
                                       cmocka_unit_test(sets_do_not_disturb_each_other),
                                       cmocka_unit_test(room_for_none_keeps_none)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
