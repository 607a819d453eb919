/* src/nf/common/admin_share.c: who finds a place where there are few. */
#include "lib/check.h"

#include "nf/common/admin_share.h"

#define PLACES 32u
#define MOST   8u

static enum admin_share over_https(uint64_t all, uint64_t https, uint64_t own)
{
    const struct admin_taken t = {all, https, own};
    return admin_share(PLACES, &t, true);
}

static enum admin_share over_socket(uint64_t all, uint64_t https, uint64_t own)
{
    const struct admin_taken t = {all, https, own};
    return admin_share(PLACES, &t, false);
}

static void nobody_has_more_than_a_quarter_over_https(void **state)
{
    (void)state;
    assert_int_equal(admin_share_most(PLACES), MOST);
    assert_int_equal(over_https(0, 0, 0), ADMIN_SHARE_FREE);
    assert_int_equal(over_https(7, 7, 7), ADMIN_SHARE_FREE);
    assert_int_equal(over_https(8, 8, 8), ADMIN_SHARE_OWN);
    assert_int_equal(over_https(8, 8, 0), ADMIN_SHARE_FREE); /* somebody else's */
    assert_int_equal(over_https(32, 24, 8), ADMIN_SHARE_OWN);
}

static void the_last_quarter_is_the_socket_s(void **state)
{
    (void)state;
    assert_int_equal(over_https(23, 23, 0), ADMIN_SHARE_FREE);
    assert_int_equal(over_https(24, 24, 0), ADMIN_SHARE_OTHERS);
    assert_int_equal(over_https(24, 24, 7), ADMIN_SHARE_OTHERS);
    for (uint64_t own = 0; own < MOST; own++) {
        assert_int_equal(over_socket(24 + own, 24, own), ADMIN_SHARE_FREE);
    }
    assert_int_equal(over_socket(32, 24, 8), ADMIN_SHARE_OWN);
    assert_int_equal(over_socket(32, 24, 7), ADMIN_SHARE_OTHERS);
}

/* However they come, in whatever order: the sum never exceeds the places, and the socket's first
 * question of all finds one while HTTPS has taken all that it can. */
static void whoever_comes_over_https_first_leaves_places_for_the_socket(void **state)
{
    (void)state;
    for (unsigned people = 1; people <= 8; people++) {
        struct admin_taken t = {.all = 0};
        for (unsigned i = 0; i < people; i++) {
            t.own = 0;
            while (admin_share(PLACES, &t, true) == ADMIN_SHARE_FREE) {
                t.all++;
                t.https++;
                t.own++;
            }
            assert_true(t.own <= MOST);
        }
        assert_true(t.all <= PLACES - MOST);
        t.own = 0;
        while (admin_share(PLACES, &t, false) == ADMIN_SHARE_FREE) {
            t.all++;
            t.own++;
        }
        assert_true(t.own >= MOST);
        assert_int_equal(t.all, PLACES);
    }
}

static void the_socket_may_have_what_nobody_else_wants(void **state)
{
    (void)state;
    assert_int_equal(over_socket(31, 0, 31), ADMIN_SHARE_FREE);
    assert_int_equal(over_socket(32, 0, 32), ADMIN_SHARE_OWN);
    assert_int_equal(over_https(32, 0, 0), ADMIN_SHARE_OTHERS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_has_more_than_a_quarter_over_https),
        cmocka_unit_test(the_last_quarter_is_the_socket_s),
        cmocka_unit_test(whoever_comes_over_https_first_leaves_places_for_the_socket),
        cmocka_unit_test(the_socket_may_have_what_nobody_else_wants),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
