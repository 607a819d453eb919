/* The whole of both attaches of a device with a dIMSI, in one process: the device library, MMEs
 * without any private feature, and the target's and the discovery AUSF of proc/dimsi.h. */
#include "attach/dimsi_scene.h"

static struct scene s;

/*= test dimsi-3 dimsi-4 dimsi-5 dimsi-6 dimsi-8 dimsi-9 dimsi-10 dimsi-network */
static void from_the_factory_to_service_at_home(void **state)
{
    (void)state;
    scene_open(&s);
    world_run(&s.w, s.w.now + SECOND); /* steps 1 and 2 */
    assert_int_equal(s.entries[0].phase, DIMSI_ENTRY_LIVE);
    assert_true(scene_attach_for(&s, 0, 30 * SECOND));
    assert_int_equal(s.w.attaches, 2);
    assert_int_equal(s.airs, 1);
    assert_int_equal(s.w.airs, 1);
    assert_int_equal(s.ulrs_on_dimsi, 1);
    assert_int_equal(s.w.devices[0].last_reject, EMM_CAUSE_NETWORK_FAILURE);
    assert_int_equal(s.w.devices[0].installed, 1);
    assert_true(scene_one_identity(&s, 0));
    scene_close(&s);
}

/*= test dimsi-9 */
static void a_device_whose_operator_is_not_here_is_served_by_another(void **state)
{
    (void)state;
    scene_open(&s);
    world_run(&s.w, s.w.now + SECOND);
    world_camp(&s.w, 0, true); /* 002-02 alone; its vectors are made for it */
    assert_true(scene_attach_for(&s, 0, 30 * SECOND));
    assert_int_equal(s.w.attaches, 2);
    assert_true(scene_one_identity(&s, 0));
    for (unsigned i = 0; i < WORLD_CONTEXTS; i++) {
        assert_true(!s.w.contexts[i].used || s.w.contexts[i].other);
    }
    scene_close(&s);
}

/* The first attach where nobody knows of the target, the second at home; and the other way round.
 */
/*= test dimsi-9 */
static void a_device_moves_between_its_two_attaches(void **state)
{
    (void)state;
    for (unsigned first = 0; first < 2; first++) {
        scene_open(&s);
        world_run(&s.w, s.w.now + SECOND);
        world_camp(&s.w, 0, first == 0);
        world_attach(&s.w, 0);
        while (s.w.devices[0].discovered == 0) {
            world_run(&s.w, s.w.now + 1);
        }
        world_detach(&s.w, 0, false);
        world_run(&s.w, s.w.now + MINUTE);
        world_camp(&s.w, 0, first != 0);
        assert_true(scene_attach_for(&s, 0, 30 * SECOND));
        assert_true(scene_one_identity(&s, 0));
        scene_close(&s);
    }
}

/* The vector is the same, the network is another: each has a KASME of its own. */
/*= test dimsi-first-keys dimsi-one-vector */
static void a_device_that_is_left_by_one_network_tries_another(void **state)
{
    (void)state;
    scene_open(&s);
    world_run(&s.w, s.w.now + SECOND);
    s.w.strike =
        (struct strike){.kind = STRIKE_KILL_BEFORE, .at = s.w.points + 6, .who = PARTY_MME};
    world_attach(&s.w, 0);
    world_run(&s.w, s.w.now + 400); /* before it is there again */
    assert_true(s.w.strike.done);
    assert_true(s.w.dead[PARTY_MME]);
    world_camp(&s.w, 0, true);
    assert_true(world_run_registered(&s.w, 0, s.w.now + MINUTE));
    world_run(&s.w, s.w.now + 2 * POLL_MS);
    assert_true(scene_one_identity(&s, 0));
    scene_close(&s);
}

/*= test dimsi-provisional */
static void a_device_that_was_not_sold_yet_waits_until_it_is(void **state)
{
    (void)state;
    scene_open(&s);
    const struct scene_row row = s.rows[0];
    s.rows[0].dimsi.n = 0; /* nobody has an offer */
    world_attach(&s.w, 0);
    world_run(&s.w, s.w.now + 60 * MINUTE);
    assert_true(s.refused_airs > 10);
    assert_int_equal(s.w.devices[0].installed, 0);
    assert_false(s.w.devices[0].invalid);
    s.rows[0] = row;
    assert_true(world_run_registered(&s.w, 0, s.w.now + 15 * MINUTE));
    world_run(&s.w, s.w.now + 2 * POLL_MS);
    assert_true(scene_one_identity(&s, 0));
    scene_close(&s);
}

/*= test dimsi-several */
static void two_devices_at_once(void **state)
{
    (void)state;
    scene_open(&s);
    world_attach(&s.w, 0);
    world_attach(&s.w, 1);
    assert_true(world_run_registered(&s.w, 0, s.w.now + MINUTE));
    assert_true(world_run_registered(&s.w, 1, s.w.now + MINUTE));
    world_run(&s.w, s.w.now + 2 * POLL_MS);
    assert_true(scene_one_identity(&s, 0));
    assert_true(scene_one_identity(&s, 1));
    assert_false(imsi_eq(&s.rows[0].imsi, &s.rows[1].imsi));
    scene_close(&s);
}

/* A network that asks for everything that a plain one may ask for. */
/*= test dimsi-network */
static void a_network_that_reuses_security_and_wants_several_vectors_changes_nothing(void **state)
{
    (void)state;
    scene_open(&s);
    s.w.config.reuse_security = true;
    s.w.config.vectors = 5;
    world_run(&s.w, s.w.now + SECOND);
    assert_true(scene_attach_for(&s, 0, 30 * SECOND));
    assert_true(scene_one_identity(&s, 0));
    scene_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(from_the_factory_to_service_at_home),
        cmocka_unit_test(a_device_whose_operator_is_not_here_is_served_by_another),
        cmocka_unit_test(a_device_moves_between_its_two_attaches),
        cmocka_unit_test(a_device_that_is_left_by_one_network_tries_another),
        cmocka_unit_test(a_device_that_was_not_sold_yet_waits_until_it_is),
        cmocka_unit_test(two_devices_at_once),
        cmocka_unit_test(a_network_that_reuses_security_and_wants_several_vectors_changes_nothing),
    };
    return cmocka_run_group_tests_name("dimsi", tests, NULL, NULL);
}
