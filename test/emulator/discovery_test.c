/* How emulated devices with dIMSIs discover their operators: src/emulator/emulation_discovery.c,
 * src/emulator/population_discovery.c and src/emulator/discovery.c, on a virtual clock. */
#include "emulator/discovery_scene.h"

/* ---- from the dIMSI to service ---- */

/*= test dimsi-3 dimsi-7-replace dimsi-8 dimsi-9 dimsi-10 */
static void a_device_attaches_with_its_dimsi_and_then_with_the_imsi_that_came(void **state)
{
    (void)state;
    for (unsigned from_file = 0; from_file < 2; from_file++) {
        struct scene *s = simple();
        begin_as(s, from_file != 0, NULL);
        const struct device *d = population_at(&s->w.p, 0);
        assert_string_equal(d->imsi.digits, "901700000000000");
        assert_true(d->seeks);
        const struct tally *t = attach_one(s, SECOND);
        assert_int_equal(t->registered, 1);
        assert_int_equal(t->failed, 0);
        assert_int_equal(t->discovered, 1);
        assert_int_equal(t->discover.n, 1);
        assert_int_equal(t->discoveries[BINDERY_UE_DISCOVERY_INSTALLED], 1);
        assert_int_equal(t->onboarded + t->onboarding_asked + t->onboarding_refused, 0);
        assert_int_equal(s->w.turns[EMULATION_TURN_DISCOVERED], 1);
        assert_int_equal(s->site->first_attaches, 1);
        assert_false(d->seeks);
        assert_string_equal(d->imsi.digits, TEMPORARY);
        assert_true(d->discovery->trial.confirmed);
        assert_int_equal(s->w.mme[0].registered, 1);
        assert_int_equal(s->w.mme[0].errors, 0);
        assert_int_equal(bindery_ue_state(&d->ue), BINDERY_UE_STATE_REGISTERED);
        struct device_state kept = state_in(s);
        assert_int_equal(kept.imsi.n > 0, from_file != 0);
        assert_int_equal(kept.discovery.trial.confirmed, from_file != 0);
        device_state_wipe(&kept);
        end(s);
    }
}

/*= test dimsi-no-service */
static void whatever_ends_the_first_attach_the_imsi_is_there(void **state)
{
    static const uint8_t causes[] = {3, 7, 8, 11, 14, 15, 17, 22, 111};
    (void)state;
    for (size_t i = 0; i < sizeof causes; i++) {
        struct scene *s = simple();
        s->site->ends_with = causes[i];
        begin(s);
        assert_int_equal(attach_one(s, SECOND)->registered, 1);
        assert_string_equal(population_at(&s->w.p, 0)->imsi.digits, TEMPORARY);
        end(s);
    }
}

static void a_device_that_has_its_imsi_never_uses_the_dimsi_again(void **state)
{
    struct scene *s = simple();
    (void)state;
    s->w.config.hold_ms = 0;
    begin(s);
    for (unsigned i = 1; i <= 3; i++) {
        const struct tally *t = attach_one(s, 2 * SECOND);
        assert_int_equal(t->registered, i);
        assert_int_equal(t->detached, i);
        assert_int_equal(t->discovered, 1);
    }
    stop(s);
    begin(s); /* nor after the power was off */
    assert_false(population_at(&s->w.p, 0)->seeks);
    assert_int_equal(attach_one(s, 2 * SECOND)->registered, 1);
    assert_int_equal(s->site->first_attaches, 1);
    end(s);
}

static void many_devices_get_each_its_own(void **state)
{
    struct scene *s = scene_of();
    char name[16];
    (void)state;
    for (unsigned i = 0; i < 20; i++) {
        const struct device_state d = site_device(s->site, i, true);
        (void)snprintf(name, sizeof name, "d%02u", i);
        keep(s, name, &d);
    }
    s->w.config.enbs = 3;
    begin_as(s, false, NULL);
    assert_int_equal(s->w.p.n, 20);
    for (uint32_t i = 0; i < 20; i++) {
        emulation_attach(s->w.e, i, s->w.now);
    }
    run_for(&s->w, 10 * SECOND);
    assert_int_equal(emulation_tally(s->w.e)->registered, 20);
    assert_int_equal(emulation_tally(s->w.e)->discovered, 20);
    for (uint32_t i = 0; i < 20; i++) {
        const struct imsi expected = site_imsi(SITE_IMSI + i);
        assert_true(imsi_eq(&population_at(&s->w.p, i)->imsi, &expected));
    }
    end(s);
}

static void a_directory_is_taken_as_it_is_or_not_at_all(void **state)
{
    const struct bindery_ue_settings settings = population_settings();
    struct scene *s = scene_of();
    struct population_why why = {""};
    struct device_state d = site_device(s->site, 0, true);
    (void)state;
    assert_ok(population_open(&s->w.p, &settings, NULL));
    assert_err(population_load_devices(&s->w.p, "/nowhere/at/all", 0, &why), E_NOT_FOUND);
    assert_err(population_load_devices(&s->w.p, s->folder, 0, &why), E_MISSING);
    keep(s, "a", &d);
    keep(s, "b", &d);
    assert_ok(population_load_devices(&s->w.p, s->folder, 1, &why));
    assert_int_equal(s->w.p.n, 1);
    d.se.n_slots = 0; /* it was given no order */
    memset(d.se.slot, 0, sizeof d.se.slot);
    keep(s, "c", &d);
    assert_err(population_load_devices(&s->w.p, s->folder, 0, &why), E_MISSING);
    assert_non_null(strstr(why.text, "c.json: it has neither a subscription nor a dIMSI"));
    population_close(&s->w.p);
    end(s);
}

static void a_device_without_an_order_is_told_to_get_one(void **state)
{
    const struct bindery_ue_settings settings = population_settings();
    struct scene *s = scene_of();
    struct population_why why = {""};
    const struct device_state d = factory_device(&s->site->factory, "35693803564380");
    (void)state;
    keep(s, "device", &d);
    assert_ok(population_open(&s->w.p, &settings, NULL));
    assert_err(population_load_device(&s->w.p, s->path, &why), E_MISSING);
    assert_non_null(strstr(why.text, "its secure element no dIMSI"));
    population_close(&s->w.p);
    end(s);
}

/* ---- networks and dIMSIs ---- */

/*= test dimsi-provisional */
static void a_reject_of_a_dimsi_is_never_the_last_word(void **state)
{
    static const uint8_t causes[] = {2, 3, 6, 8, 11, 12, 13, 14, 15, 17};
    struct scene *s = simple();
    (void)state;
    begin(s);
    for (size_t i = 0; i < sizeof causes; i++) {
        s->w.mme[0].reject = causes[i];
        const struct tally *t = attach_one(s, 20 * SECOND);
        assert_int_equal(t->failed, i + 1);
        assert_int_equal(t->discovery_refused, i + 1);
        assert_non_null(strstr(t->cause[0].text, "no IMSI: ATTACH REJECT #2"));
    }
    s->w.mme[0].reject = 0;
    assert_int_equal(attach_one(s, 2 * SECOND)->registered, 1);
    end(s);
}

static void a_device_goes_on_to_the_next_network(void **state)
{
    struct scene *s = simple();
    (void)state;
    second_network(s);
    s->w.mme[1].reject = 15;
    begin(s);
    const struct tally *t = attach_one(s, 2 * SECOND);
    assert_int_equal(t->registered, 1);
    assert_int_equal(t->discovery_refused, 1);
    assert_int_equal(s->w.turns[EMULATION_TURN_MOVED], 1);
    assert_int_equal(population_at(&s->w.p, 0)->network, 0);
    end(s);
}

/*= test dimsi-9 */
static void a_visited_network_serves_both_attaches(void **state)
{
    struct scene *s = simple();
    (void)state;
    second_network(s);
    begin(s);
    assert_int_equal(attach_one(s, 2 * SECOND)->registered, 1);
    assert_int_equal(population_at(&s->w.p, 0)->network, 1);
    assert_int_equal(s->w.mme[1].registered, 1);
    assert_int_equal(s->w.mme[0].attaches, 0);
    end(s);
}

/*= test dimsi-several */
static void dimsis_are_tried_in_their_order_each_on_each_network(void **state)
{
    struct scene *s = scene_of();
    struct device_state d = site_device(s->site, 0, false); /* nobody wants this one */
    (void)state;
    site_order(s->site, &d, 1, true);
    keep(s, "device", &d);
    second_network(s);
    begin(s);
    const struct tally *t = attach_one(s, 50 * SECOND); /* T3410 on each network */
    assert_int_equal(t->registered, 1);
    assert_int_equal(t->discovery_refused, 2);
    assert_int_equal(s->w.turns[EMULATION_TURN_MOVED], 1);
    assert_int_equal(s->w.turns[EMULATION_TURN_DIMSI], 1);
    assert_string_equal(population_at(&s->w.p, 0)->imsi.digits, "001010000700001");
    struct device_state kept = state_in(s);
    assert_int_equal(kept.discovery.slot, 2);
    assert_false(kept.se.slot[0].installed);
    device_state_wipe(&kept);
    end(s);
}

static void when_nobody_wants_any_of_them_the_attach_has_failed_and_begins_again(void **state)
{
    struct scene *s = scene_of();
    struct device_state d = site_device(s->site, 0, false);
    (void)state;
    site_order(s->site, &d, 1, false);
    keep(s, "device", &d);
    begin(s);
    assert_int_equal(attach_one(s, 40 * SECOND)->failed, 1);
    assert_non_null(
        strstr(emulation_tally(s->w.e)->cause[0].text, "timeout: no IMSI: nothing was answered"));
    const struct imsi first = site_imsi(SITE_DIMSI);
    assert_int_equal(s->w.turns[EMULATION_TURN_DIMSI], 1);
    assert_int_equal(attach_one(s, 40 * SECOND)->failed, 2);
    assert_int_equal(s->w.turns[EMULATION_TURN_DIMSI], 2);
    assert_true(imsi_eq(&population_at(&s->w.p, 0)->imsi, &first)); /* and round again */
    end(s);
}

/* ---- attacks ---- */

/*= test dimsi-7-integrity */
static void a_challenge_of_which_a_bit_was_changed_installs_nothing(void **state)
{
    static const enum radio_flip flips[] = {RADIO_FLIP_RAND, RADIO_FLIP_AUTN};
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        struct scene *s = simple();
        s->w.config.radio.flip = flips[i];
        begin(s);
        const struct tally *t = attach_one(s, 20 * SECOND);
        assert_int_equal(t->registered, 0);
        assert_int_equal(t->failed, 1);
        assert_int_equal(t->discovered, 0);
        assert_true(t->discoveries[BINDERY_UE_DISCOVERY_INTEGRITY] > 0);
        stop(s);
        struct device_state kept = state_in(s);
        assert_int_equal(kept.imsi.n, 0);
        assert_false(kept.se.slot[0].installed);
        s->w.config.radio.flip = RADIO_FLIP_NONE;
        begin(s);
        assert_int_equal(attach_one(s, 2 * SECOND)->registered, 1);
        device_state_wipe(&kept);
        end(s);
    }
}

static void an_old_challenge_is_no_good_for_the_imsi(void **state)
{
    struct scene *s = simple();
    (void)state;
    begin(s);
    assert_int_equal(attach_one(s, 2 * SECOND)->registered, 1);
    stop(s);
    s->w.config.radio.flip = RADIO_FLIP_CHALLENGE;
    memcpy(s->w.config.radio.rand, s->site->entry[0].challenge.rand.b, 16);
    memcpy(s->w.config.radio.autn, s->site->entry[0].challenge.autn.b, 16);
    begin(s);
    const struct tally *t = attach_one(s, 20 * SECOND);
    assert_int_equal(t->registered, 0);
    assert_true(t->outcomes[BINDERY_UE_MAC_FAILURE] > 0);
    end(s);
}

/* ---- on trial ---- */

/*= test dimsi-trial dimsi-repeat */
static void an_imsi_that_nobody_knows_is_given_up_and_the_same_one_may_come_again(void **state)
{
    struct scene *s = simple();
    (void)state;
    s->site->rejects_imsi = 8;
    begin(s);
    const struct tally *t = attach_one(s, 20 * SECOND);
    assert_int_equal(t->failed, 1); /* once more in an attach, and then it has failed */
    assert_int_equal(t->discovery_given_up, 2);
    assert_int_equal(t->discovered, 2);
    assert_int_equal(t->discoveries[BINDERY_UE_DISCOVERY_INSTALLED], 1);
    assert_int_equal(t->discoveries[BINDERY_UE_DISCOVERY_REPEATED], 1);
    struct device_state kept = state_in(s);
    assert_int_equal(kept.imsi.n, 0);
    assert_true(kept.se.slot[0].installed);
    stop(s);
    s->site->rejects_imsi = 0;
    begin(s);
    assert_int_equal(attach_one(s, 2 * SECOND)->registered, 1);
    assert_int_equal(emulation_tally(s->w.e)->discoveries[BINDERY_UE_DISCOVERY_REPEATED], 1);
    device_state_wipe(&kept);
    end(s);
}

/* Its operator has seen it registered, and the dIMSI is spent; what the device saw was a reject
 * that nobody had protected. */
/*= test dimsi-trial */
static void an_imsi_that_was_given_up_is_tried_again_when_the_dimsi_is_spent(void **state)
{
    struct scene *s = simple();
    (void)state;
    s->site->rejects_imsi = 8;
    begin(s);
    assert_int_equal(attach_one(s, 20 * SECOND)->failed, 1);
    s->site->entry[0].known = false;
    assert_int_equal(attach_one(s, 60 * SECOND)->failed, 2); /* it is rejected still */
    stop(s);
    struct device_state kept = state_in(s);
    assert_int_equal(kept.imsi.n, 0);
    device_state_wipe(&kept);
    s->site->rejects_imsi = 0;
    begin(s);
    assert_int_equal(attach_one(s, 60 * SECOND)->registered, 1);
    assert_string_equal(population_at(&s->w.p, 0)->imsi.digits, TEMPORARY);
    stop(s);
    kept = state_in(s);
    assert_string_equal(kept.imsi.digits, TEMPORARY);
    assert_true(kept.discovery.trial.confirmed);
    device_state_wipe(&kept);
    end(s);
}

/*= test dimsi-other-imsi */
static void another_imsi_under_the_same_key_is_refused(void **state)
{
    struct scene *s = simple();
    (void)state;
    s->site->rejects_imsi = 8;
    begin(s);
    assert_int_equal(attach_one(s, 20 * SECOND)->failed, 1);
    s->site->other_imsi = true;
    const struct tally *t = attach_one(s, 20 * SECOND);
    assert_int_equal(t->failed, 2);
    assert_true(t->discoveries[BINDERY_UE_DISCOVERY_OTHER_IMSI] > 0);
    assert_int_equal(t->discovered, 2);
    end(s);
}

static void an_imsi_that_was_used_is_never_given_up(void **state)
{
    struct scene *s = simple();
    (void)state;
    begin(s);
    assert_int_equal(attach_one(s, 2 * SECOND)->registered, 1);
    stop(s);
    s->site->rejects_imsi = 8;
    begin(s);
    const struct tally *t = attach_one(s, 20 * SECOND);
    assert_int_equal(t->failed, 1);
    assert_int_equal(t->discovery_given_up, 0);
    assert_string_equal(population_at(&s->w.p, 0)->imsi.digits, TEMPORARY);
    end(s);
}

/* ---- storing ---- */

static void what_cannot_be_stored_does_not_count(void **state)
{
    struct scene *s = simple();
    (void)state;
    begin(s);
    s->w.p.path = "/nowhere/at/all.json";
    const struct tally *t = attach_one(s, 40 * SECOND);
    assert_int_equal(t->registered, 0);
    assert_true(t->store_failed > 0);
    assert_int_equal(t->discovered, 0);
    assert_false(population_at(&s->w.p, 0)->discovery->slot[0].installed);
    s->w.p.path = s->path;
    assert_int_equal(attach_one(s, 2 * SECOND)->registered, 1);
    end(s);
}

static void in_other_equipment_the_secure_element_is_the_same(void **state)
{
    struct population_guise guise = {.has_imei = true};
    struct scene *s = simple();
    (void)state;
    assert_ok(imei_parse(BYTES_LIT("49015420323751"), &guise.imei));
    begin_as(s, true, &guise);
    assert_int_equal(attach_one(s, 2 * SECOND)->registered, 1);
    assert_memory_equal(s->w.mme[0].last_imeisv, "49015420323751", 14);
    struct device_state kept = state_in(s);
    assert_string_equal(kept.imsi.digits, TEMPORARY);
    assert_false(kept.has_nas);
    device_state_wipe(&kept);
    end(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_device_attaches_with_its_dimsi_and_then_with_the_imsi_that_came),
        cmocka_unit_test(whatever_ends_the_first_attach_the_imsi_is_there),
        cmocka_unit_test(a_device_that_has_its_imsi_never_uses_the_dimsi_again),
        cmocka_unit_test(many_devices_get_each_its_own),
        cmocka_unit_test(a_directory_is_taken_as_it_is_or_not_at_all),
        cmocka_unit_test(a_device_without_an_order_is_told_to_get_one),
        cmocka_unit_test(a_reject_of_a_dimsi_is_never_the_last_word),
        cmocka_unit_test(a_device_goes_on_to_the_next_network),
        cmocka_unit_test(a_visited_network_serves_both_attaches),
        cmocka_unit_test(dimsis_are_tried_in_their_order_each_on_each_network),
        cmocka_unit_test(when_nobody_wants_any_of_them_the_attach_has_failed_and_begins_again),
        cmocka_unit_test(a_challenge_of_which_a_bit_was_changed_installs_nothing),
        cmocka_unit_test(an_old_challenge_is_no_good_for_the_imsi),
        cmocka_unit_test(an_imsi_that_nobody_knows_is_given_up_and_the_same_one_may_come_again),
        cmocka_unit_test(an_imsi_that_was_given_up_is_tried_again_when_the_dimsi_is_spent),
        cmocka_unit_test(another_imsi_under_the_same_key_is_refused),
        cmocka_unit_test(an_imsi_that_was_used_is_never_given_up),
        cmocka_unit_test(what_cannot_be_stored_does_not_count),
        cmocka_unit_test(in_other_equipment_the_secure_element_is_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
