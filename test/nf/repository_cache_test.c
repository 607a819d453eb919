/* Answers by IMEI: how long they hold, what goes when it is full, and what a revocation leaves
 * behind (src/nf/hssd/repository_cache.c). */
#include "lib/check.h"

#include "nf/hssd/repository_cache.h"

#include <stdio.h>
#include <string.h>

static struct repository_cache *cache;

static struct imei imei_at(unsigned i)
{
    struct imei imei;
    char digits[IMEI_DIGITS + 1];
    snprintf(digits, sizeof digits, "35693803%06u", i % 1000000);
    assert_ok(imei_parse_transmitted(bytes_of_str(digits), &imei));
    return imei;
}

static struct repository_answer *found(uint64_t serial, size_t octets)
{
    static uint8_t some[16384];
    struct repository_answer *a;
    const struct devid_credential c = {
        .status = DEVID_FOUND, .form = BINDING_PUBLIC_KEY, .spki = {some, octets}};
    assert_ok(repository_answer_of(&c, serial, &a));
    return a;
}

static struct repository_answer *without(enum devid_status status)
{
    struct repository_answer *a;
    const struct devid_credential c = {.status = status};
    assert_ok(repository_answer_of(&c, 0, &a));
    return a;
}

/* Takes the answer. */
static void put(unsigned i, uint64_t asked_ms, struct repository_answer *a)
{
    struct imei imei = imei_at(i);
    repository_cache_put(cache, &imei, asked_ms, a);
    repository_answer_release(a);
}

static uint32_t age;
static enum repository_hit look(unsigned i, uint64_t now_ms)
{
    struct repository_answer *a = NULL;
    struct imei imei = imei_at(i);
    enum repository_hit hit = repository_cache_find(cache, &imei, now_ms, &a, &age);
    assert_int_equal(a != NULL, hit != REPOSITORY_MISS);
    repository_answer_release(a);
    return hit;
}

static void open_with(uint32_t entries, uint32_t keep, uint32_t unknown, uint32_t stale)
{
    const struct repository_times times = {keep, unknown, stale};
    assert_ok(repository_cache_open(entries, &times, &cache));
}

static int down(void **state)
{
    (void)state;
    repository_cache_close(cache);
    cache = NULL;
    return 0;
}

/*= test devid-cache */
static void an_answer_is_fresh_then_stale_then_gone(void **state)
{
    (void)state;
    open_with(1000, 100, 10, 50);
    put(1, 5000, found(1, 91));
    assert_int_equal(look(1, 5000), REPOSITORY_FRESH);
    assert_int_equal(look(1, 104999), REPOSITORY_FRESH);
    assert_int_equal(age, 99);
    assert_int_equal(look(1, 105000), REPOSITORY_STALE);
    assert_int_equal(look(1, 154999), REPOSITORY_STALE);
    assert_int_equal(look(1, 155000), REPOSITORY_MISS);
    assert_int_equal(repository_cache_count(cache), 0);
    assert_int_equal(look(2, 5000), REPOSITORY_MISS);
}

static void none_is_never_stale_and_what_failed_is_not_kept(void **state)
{
    (void)state;
    open_with(1000, 100, 10, 50);
    put(1, 0, without(DEVID_NONE));
    assert_int_equal(look(1, 9999), REPOSITORY_FRESH);
    assert_int_equal(look(1, 10000), REPOSITORY_MISS);
    put(2, 0, without(DEVID_UNAVAILABLE));
    assert_int_equal(look(2, 0), REPOSITORY_MISS);
}

static void with_times_of_zero_nothing_is_kept_but_for_need(void **state)
{
    (void)state;
    open_with(1000, 0, 0, 50);
    put(1, 0, found(1, 91));
    put(2, 0, without(DEVID_NONE));
    assert_int_equal(look(1, 0), REPOSITORY_STALE);
    assert_int_equal(look(2, 0), REPOSITORY_MISS);
}

static void who_was_not_used_for_longest_goes_first(void **state)
{
    (void)state;
    open_with(64, 100, 10, 50); /* one place in each stripe */
    unsigned first = 0, kept = 0;
    for (unsigned i = 0; i < 1000; i++) {
        put(i, 0, found(1, 91));
    }
    for (unsigned i = 0; i < 1000; i++) {
        if (look(i, 0) != REPOSITORY_MISS) {
            first = kept == 0 ? i : first;
            kept++;
        }
    }
    assert_in_range(kept, 32, 64);
    assert_int_equal(repository_cache_count(cache), kept);
    assert_true(first > 500); /* those that came last are there */
}

static void use_keeps_an_entry(void **state)
{
    (void)state;
    open_with(64 * 4, 100, 10, 50);
    for (unsigned i = 0; i < 2000; i++) {
        put(i, 0, found(1, 91));
        assert_int_equal(look(0, 0), REPOSITORY_FRESH);
    }
}

static void long_chains_take_more_room(void **state)
{
    (void)state;
    open_with(64 * 16, 100, 10, 50); /* 64 KiB in each stripe */
    for (unsigned i = 0; i < 3000; i++) {
        put(i, 0, found(1, 16384));
    }
    assert_in_range(repository_cache_count(cache), 64, 64 * 4);
}

/*= test devid-cache */
static void a_change_drops_what_was_before_it_and_nothing_else(void **state)
{
    (void)state;
    struct repository_change c = {.imei = imei_at(1), .serial = 5};
    open_with(1000, 100, 10, 50);
    assert_false(repository_cache_changed(cache, &c)); /* nothing is there, nothing is kept */
    put(1, 0, found(5, 91));
    assert_false(repository_cache_changed(cache, &c)); /* the change it is of itself */
    assert_int_equal(look(1, 0), REPOSITORY_FRESH);
    c.serial = 6;
    assert_true(repository_cache_changed(cache, &c));
    assert_int_equal(look(1, 0), REPOSITORY_MISS);
    put(2, 0, without(DEVID_NONE));
    c.imei = imei_at(2);
    assert_false(repository_cache_changed(cache, &c)); /* it was no binding, but it goes too */
    assert_int_equal(look(2, 0), REPOSITORY_MISS);
}

static void a_revocation_is_remembered_after_the_answer_is_gone(void **state)
{
    (void)state;
    const struct repository_change c = {.imei = imei_at(1), .serial = 6, .revoked = true};
    struct imei other = imei_at(2);
    open_with(1000, 100, 10, 50);
    assert_false(repository_cache_changed(cache, &c));
    assert_true(repository_cache_revoked(cache, &c.imei, 5));
    assert_false(repository_cache_revoked(cache, &c.imei, 6));
    assert_false(repository_cache_revoked(cache, &other, 5));
    put(1, 0, found(5, 91)); /* it was on its way when the revocation came */
    assert_int_equal(look(1, 0), REPOSITORY_MISS);
    put(1, 0, found(7, 91));
    assert_int_equal(look(1, 0), REPOSITORY_FRESH);
    assert_int_equal(repository_cache_flush(cache), 1);
    assert_true(repository_cache_revoked(cache, &c.imei, 5));
}

static void from_the_first_again_nothing_is_left(void **state)
{
    (void)state;
    const struct repository_change c = {.imei = imei_at(1), .serial = 6, .revoked = true};
    open_with(1000, 100, 10, 50);
    assert_false(repository_cache_changed(cache, &c));
    for (unsigned i = 2; i < 200; i++) {
        put(i, 0, found(7, 91));
    }
    repository_cache_restart(cache);
    assert_int_equal(repository_cache_count(cache), 0);
    assert_false(repository_cache_revoked(cache, &c.imei, 5));
    put(1, 0, found(2, 91)); /* the count began anew */
    assert_int_equal(look(1, 0), REPOSITORY_FRESH);
}

#define CASE(test) cmocka_unit_test_teardown(test, down)
int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(an_answer_is_fresh_then_stale_then_gone),
        CASE(none_is_never_stale_and_what_failed_is_not_kept),
        CASE(with_times_of_zero_nothing_is_kept_but_for_need),
        CASE(who_was_not_used_for_longest_goes_first),
        CASE(use_keeps_an_entry),
        CASE(long_chains_take_more_room),
        CASE(a_change_drops_what_was_before_it_and_nothing_else),
        CASE(a_revocation_is_remembered_after_the_answer_is_gone),
        CASE(from_the_first_again_nothing_is_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
