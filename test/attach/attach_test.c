/* The attach as a whole, when nothing goes wrong: what each party has in the end. */
#include "attach/world.h"

static struct world w;

#define MINUTE 60000u

static void a_device_attaches_and_both_sides_agree(void **state)
{
    (void)state;
    world_open(&w);
    world_attach(&w, 0);
    assert_true(world_run_registered(&w, 0, w.now + MINUTE));
    world_run(&w, w.now + 1000);
    struct bindery_ue_registration r;
    assert_int_equal(bindery_ue_registration(&w.devices[0].ue, &r), BINDERY_UE_OK);
    assert_int_equal(r.bearer, 5);
    assert_int_equal(r.qci, 9);
    assert_int_equal(w.airs, 1);
    assert_int_equal(w.ulrs, 1);
    assert_int_equal(w.n_told, 0);
    assert_int_equal(w.devices[0].refused, 0);
    assert_int_equal(world_contexts(&w), 1);
    world_close(&w);
}

static void detaching_leaves_nothing_behind(void **state)
{
    (void)state;
    for (int off = 0; off < 2; off++) {
        world_open(&w);
        world_attach(&w, 0);
        assert_true(world_run_registered(&w, 0, w.now + MINUTE));
        world_run(&w, w.now + 1000);
        world_detach(&w, 0, off != 0);
        world_run(&w, w.now + MINUTE);
        assert_int_equal(world_contexts(&w), 0);
        assert_int_equal(w.purges, 1);
        assert_int_equal(bindery_ue_state(&w.devices[0].ue), BINDERY_UE_STATE_DEREGISTERED);
        world_close(&w);
    }
}

static void a_second_attach_with_a_guti_goes_without_aka_if_that_is_allowed(void **state)
{
    (void)state;
    for (int reuse = 0; reuse < 2; reuse++) {
        world_open(&w);
        w.config.reuse_security = reuse != 0;
        world_attach(&w, 0);
        assert_true(world_run_registered(&w, 0, w.now + MINUTE));
        world_run(&w, w.now + 1000);
        world_kill(&w, PARTY_UE);
        assert_true(world_run_registered(&w, 0, w.now + MINUTE));
        world_run(&w, w.now + 5000);
        assert_int_equal(w.airs, reuse ? 1 : 2);
        assert_int_equal(world_contexts(&w), 1);
        world_close(&w);
    }
}

static void every_pair_of_algorithms_works(void **state)
{
    (void)state;
    for (uint8_t eea = 0; eea < 4; eea++) {
        for (uint8_t eia = 1; eia < 4; eia++) {
            world_open(&w);
            w.devices[0].settings.allow_eea0 = true;
            w.config.algorithms = (struct nassec_preference){{eea}, 1, {eia}, 1};
            world_attach(&w, 0);
            assert_true(world_run_registered(&w, 0, w.now + MINUTE));
            world_close(&w);
        }
    }
}

static void two_devices_do_not_disturb_each_other(void **state)
{
    (void)state;
    world_open(&w);
    world_attach(&w, 0);
    world_attach(&w, 1);
    assert_true(world_run_registered(&w, 0, w.now + MINUTE));
    assert_true(world_run_registered(&w, 1, w.now + MINUTE));
    world_run(&w, w.now + 1000);
    assert_int_equal(world_contexts(&w), 2);
    world_close(&w);
}

static void an_idle_device_is_forgotten_after_its_time_and_comes_back(void **state)
{
    (void)state;
    world_open(&w);
    world_attach(&w, 0);
    assert_true(world_run_registered(&w, 0, w.now + MINUTE));
    world_run(&w, w.now + 1000);
    world_run(&w, w.now + 70 * MINUTE); /* T3412 runs on the device: it updates by itself */
    assert_true(world_registered(&w, 0));
    world_close(&w);
}

static void resynchronisation_gets_a_usim_that_is_ahead_on(void **state)
{
    (void)state;
    world_open(&w);
    for (int i = 0; i < BINDERY_UE_USIM_SEQUENCES; i++) {
        w.devices[0].sequences[i] = 5000;
    }
    world_boot(&w, 0);
    world_attach(&w, 0);
    assert_true(world_run_registered(&w, 0, w.now + MINUTE));
    assert_int_equal(w.airs, 2);
    world_close(&w);
}

static void what_the_home_network_refuses_reaches_the_device_with_its_cause(void **state)
{
    (void)state;
    static const struct {
        uint32_t code;
        bool experimental;
        uint8_t cause;
        enum refusal why;
    } of[] = {
        {5001, true, 8, REFUSAL_UNKNOWN_SUBSCRIBER},
        {5004, true, 11, REFUSAL_ROAMING_NOT_ALLOWED},
        {5420, true, 15, REFUSAL_UNKNOWN_EPS_SUBSCRIPTION},
        {5421, true, 13, REFUSAL_RAT_NOT_ALLOWED},
        {4181, true, 17, REFUSAL_NO_VECTORS},
        {5012, false, 17, REFUSAL_HSS_REFUSED},
        {3004, false, 17, REFUSAL_HSS_REFUSED},
        {5001, false, 17, REFUSAL_HSS_REFUSED}, /* a base code of that number is another thing */
        {0, false, 17, REFUSAL_HSS_SILENT},
    };
    for (size_t i = 0; i < sizeof of / sizeof of[0]; i++) {
        world_open(&w);
        w.ula_code = of[i].code;
        w.ula_experimental = of[i].experimental;
        world_attach(&w, 0);
        world_run(&w, w.now + 5000);
        assert_int_equal(w.devices[0].last_reject, of[i].cause);
        assert_true(world_was_told(&w, of[i].why));
        assert_int_equal(world_contexts(&w), 0);
        world_close(&w);
    }
}

static void the_equipment_register_has_its_say(void **state)
{
    (void)state;
    static const struct {
        uint8_t status;
        bool admit_grey;
        uint8_t cause;
    } of[] = {{0, false, 0}, {1, false, 6}, {1, true, 6}, {2, false, 17}, {2, true, 0}};
    for (size_t i = 0; i < sizeof of / sizeof of[0]; i++) {
        world_open(&w);
        w.config.check_imei = true;
        w.config.admit_grey = of[i].admit_grey;
        w.equipment = of[i].status;
        world_attach(&w, 0);
        world_run(&w, w.now + 5000);
        assert_int_equal(w.devices[0].last_reject, of[i].cause);
        assert_int_equal(world_registered(&w, 0), of[i].cause == 0);
        world_close(&w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_device_attaches_and_both_sides_agree),
        cmocka_unit_test(detaching_leaves_nothing_behind),
        cmocka_unit_test(a_second_attach_with_a_guti_goes_without_aka_if_that_is_allowed),
        cmocka_unit_test(every_pair_of_algorithms_works),
        cmocka_unit_test(two_devices_do_not_disturb_each_other),
        cmocka_unit_test(an_idle_device_is_forgotten_after_its_time_and_comes_back),
        cmocka_unit_test(resynchronisation_gets_a_usim_that_is_ahead_on),
        cmocka_unit_test(what_the_home_network_refuses_reaches_the_device_with_its_cause),
        cmocka_unit_test(the_equipment_register_has_its_say),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
