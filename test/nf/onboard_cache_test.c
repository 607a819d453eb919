/* What is kept of sites' answers, and what goes first (src/nf/hssd/onboard_cache.c). */
#include "nf/onboard_pki.h"

#include "nf/hssd/onboard_cache.h"

static struct onboard_cache *cache;

static struct device_id id_n(unsigned i)
{
    struct device_id id;
    char text[32];
    snprintf(text, sizeof text, "id-%u", i);
    assert_ok(device_id_parse(bytes_of_str(text), &id));
    return id;
}

static struct onboard_answer *answer_of(unsigned i)
{
    struct thing *t = &things[0];
    struct onboard_answer *a = NULL;
    const struct device_id id = id_n(i);
    t->id = t->record_id = id;
    char *text = thing_json(t);
    const struct https_reply reply = {.status = 200, .body = bytes_of_str(text)};
    assert_int_equal(onboard_answer_read(&id, &reply, &a), CERTATTACH_NONE);
    free(text);
    return a;
}

static enum onboard_hit look(unsigned i, uint64_t now_ms)
{
    const struct device_id id = id_n(i);
    struct onboard_answer *a = NULL;
    enum onboard_hit hit = onboard_cache_find(cache, &id, now_ms, &a);
    assert_true((a != NULL) == (hit == ONBOARD_FRESH || hit == ONBOARD_OLD));
    onboard_answer_release(a);
    return hit;
}

static void put(unsigned i, uint64_t asked_ms, struct onboard_answer *a)
{
    const struct device_id id = id_n(i);
    onboard_cache_put(cache, &id, asked_ms, a);
}

static int up(void **state)
{
    (void)state;
    const struct onboard_times times = {.cache_seconds = 10, .unknown_seconds = 2};
    (void)thing_make(0);
    assert_ok(onboard_cache_open(&times, &cache));
    return 0;
}

static int down(void **state)
{
    (void)state;
    onboard_cache_close(cache);
    things_drop();
    return 0;
}

static void a_record_holds_for_its_time_and_then_is_asked_about(void **state)
{
    (void)state;
    struct onboard_answer *a = answer_of(1);
    assert_int_equal(look(1, 0), ONBOARD_MISS);
    put(1, 1000, a);
    assert_int_equal(look(1, 1000), ONBOARD_FRESH);
    assert_int_equal(look(1, 10999), ONBOARD_FRESH);
    assert_int_equal(look(1, 11000), ONBOARD_OLD);
    put(1, 11000, a); /* it still holds */
    onboard_answer_release(a);
    assert_int_equal(look(1, 20999), ONBOARD_FRESH);
    assert_int_equal(onboard_cache_count(cache), 1);
}

static void what_is_not_known_holds_for_its_own_time_and_one_drops_the_other(void **state)
{
    (void)state;
    struct onboard_answer *a = answer_of(1);
    put(1, 0, NULL);
    assert_int_equal(look(1, 1999), ONBOARD_UNKNOWN);
    assert_int_equal(look(1, 2000), ONBOARD_MISS);
    put(1, 1000, a);
    assert_int_equal(look(1, 1500), ONBOARD_FRESH);
    put(1, 2000, NULL); /* the device is gone */
    assert_int_equal(look(1, 2000), ONBOARD_UNKNOWN);
    assert_int_equal(onboard_cache_count(cache), 0);
    put(1, 3000, a);
    put(1, 3000, a);
    onboard_answer_release(a);
    assert_int_equal(look(1, 4000), ONBOARD_FRESH);
    assert_int_equal(onboard_cache_count(cache), 1);
}

/*= test certattach-quotas */
static void guessed_ids_drive_no_record_out_and_records_are_bounded(void **state)
{
    (void)state;
    struct onboard_answer *a = answer_of(1);
    put(1, 0, a);
    for (unsigned i = 100; i < 100 + 4 * ONBOARD_CACHE_ENTRIES; i++) {
        put(i, 0, NULL);
    }
    assert_int_equal(look(1, 0), ONBOARD_FRESH);
    for (unsigned i = 100; i < 100 + 4 * ONBOARD_CACHE_ENTRIES; i++) {
        put(i, 0, a);
        assert_int_equal(look(1, 0), ONBOARD_FRESH); /* used of late */
    }
    onboard_answer_release(a);
    assert_true(onboard_cache_count(cache) <= ONBOARD_CACHE_ENTRIES);
    assert_int_equal(look(99 + 4 * ONBOARD_CACHE_ENTRIES, 0), ONBOARD_FRESH);
}

static void what_is_too_long_is_not_kept_and_zero_seconds_keep_nothing(void **state)
{
    (void)state;
    struct onboard_answer *a = NULL;
    const struct device_id id = id_n(1);
    struct thing *t = &things[0];
    t->id = t->record_id = id;
    char *text = thing_json(t);
    json_t *v = json_loads(text, 0, NULL);
    free(text);
    char *filler = calloc(1, ONBOARD_CACHE_OCTETS + 1);
    memset(filler, 'x', ONBOARD_CACHE_OCTETS);
    (void)json_object_set_new(v, "filler", json_string(filler));
    text = json_dumps(v, 0);
    json_decref(v);
    const struct https_reply reply = {.status = 200, .body = bytes_of_str(text)};
    assert_int_equal(onboard_answer_read(&id, &reply, &a), CERTATTACH_NONE);
    put(1, 0, a);
    assert_int_equal(look(1, 0), ONBOARD_MISS);
    onboard_answer_release(a);
    free(filler);
    free(text);
    onboard_cache_close(cache);
    const struct onboard_times never = {0, 0};
    assert_ok(onboard_cache_open(&never, &cache));
    a = answer_of(1);
    put(1, 0, a);
    put(2, 0, NULL);
    onboard_answer_release(a);
    assert_int_equal(look(1, 0), ONBOARD_MISS);
    assert_int_equal(look(2, 0), ONBOARD_MISS);
    onboard_cache_close(NULL);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, up, down)
int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_record_holds_for_its_time_and_then_is_asked_about),
        CASE(what_is_not_known_holds_for_its_own_time_and_one_drops_the_other),
        CASE(guessed_ids_drive_no_record_out_and_records_are_bounded),
        CASE(what_is_too_long_is_not_kept_and_zero_seconds_keep_nothing),
    };
    onboard_keys();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    onboard_keys_gone();
    return failed;
}
