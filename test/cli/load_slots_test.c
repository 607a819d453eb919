#include "cli/load_slots.h"
#include "lib/check.h"

static void used_up_and_given_back(void **state)
{
    struct load_slots s;
    struct load_slot *slot[8];
    (void)state;
    assert_ok(load_slots_open(&s, 3));
    for (int i = 0; i < 8; i++) {
        slot[i] = load_slots_take(&s);
        assert_non_null(slot[i]);
    }
    assert_null(load_slots_take(&s));
    assert_int_equal(s.used, 8);
    assert_ptr_equal(load_slots_oldest(&s), slot[0]);
    load_slots_give(&s, slot[3]); /* from the middle, the front, the end */
    load_slots_give(&s, slot[0]);
    load_slots_give(&s, slot[7]);
    assert_ptr_equal(load_slots_oldest(&s), slot[1]);
    struct load_slot *again = load_slots_take(&s);
    assert_ptr_equal(again, slot[7]);
    for (int i = 1; i < 8; i++) {
        if (i != 3) {
            load_slots_give(&s, slot[i]);
        }
    }
    assert_null(load_slots_oldest(&s));
    assert_int_equal(s.used, 0);
    load_slots_close(&s);
}

/* An answer that is too late does not find the request that has its slot now. */
static void late_answers_find_nothing(void **state)
{
    struct load_slots s;
    (void)state;
    assert_ok(load_slots_open(&s, 2));
    struct load_slot *slot = load_slots_take(&s);
    uint32_t id = slot->id;
    assert_ptr_equal(load_slots_find(&s, id), slot);
    load_slots_give(&s, slot);
    assert_null(load_slots_find(&s, id));
    assert_ptr_equal(load_slots_take(&s), slot);
    assert_null(load_slots_find(&s, id));
    assert_ptr_equal(load_slots_find(&s, slot->id), slot);
    load_slots_close(&s);
}

/* Against a plain list of the same operations. */
static void order_is_kept(void **state)
{
    struct load_slots s;
    struct load_slot *model[16];
    size_t n = 0;
    uint64_t seed = 11;
    (void)state;
    assert_ok(load_slots_open(&s, 4));
    for (int i = 0; i < 20000; i++) {
        uint64_t r = test_rand(&seed);
        if (r % 2 == 0 && n < 16) {
            model[n++] = load_slots_take(&s);
        } else if (n > 0) {
            size_t k = (size_t)(r >> 8) % n;
            load_slots_give(&s, model[k]);
            for (n--; k < n; k++) {
                model[k] = model[k + 1];
            }
        }
        assert_int_equal(s.used, n);
        assert_ptr_equal(load_slots_oldest(&s), n > 0 ? model[0] : NULL);
    }
    load_slots_close(&s);
}

static void queues(void **state)
{
    struct load_slots s;
    struct load_queue q = load_queue_empty();
    (void)state;
    assert_ok(load_slots_open(&s, 3));
    assert_null(load_queue_take(&s, &q));
    struct load_slot *a = load_slots_take(&s), *b = load_slots_take(&s);
    load_queue_put(&s, &q, a);
    load_queue_put(&s, &q, b);
    assert_ptr_equal(load_queue_take(&s, &q), a);
    load_queue_put(&s, &q, a);
    assert_ptr_equal(load_queue_take(&s, &q), b);
    assert_ptr_equal(load_queue_take(&s, &q), a);
    assert_int_equal(q.n, 0);
    load_slots_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(used_up_and_given_back),
        cmocka_unit_test(late_answers_find_nothing),
        cmocka_unit_test(order_is_kept),
        cmocka_unit_test(queues),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
