/* How emulated devices without subscriptions get them: src/emulator/emulation_onboard.c and
 * src/emulator/population_onboard.c, on a virtual clock. */
#include "emulator/identities.h"
#include "emulator/onboard_site.h"
#include "emulator/place.h"

struct scene {
    struct place w;
    struct onboard_site *site;
    char folder[32], lot[48];
};

static struct scene *scene_of(uint32_t devices, unsigned rsa_bits)
{
    struct scene *s = calloc(1, sizeof *s);
    assert_non_null(s);
    configure(&s->w);
    s->site = onboard_site_open(&s->w.mme[0]);
    s->w.mme[1].origin.unbound = true;
    strcpy(s->folder, "/tmp/onboarding.XXXXXX");
    assert_non_null(mkdtemp(s->folder));
    (void)snprintf(s->lot, sizeof s->lot, "%s/lot", s->folder);
    site_lot(s->site, s->lot, devices, rsa_bits);
    return s;
}

static void begin(struct scene *s, uint32_t most, const struct population_guise *guise)
{
    const struct bindery_ue_settings settings = population_settings();
    struct population_why why = {""};
    assert_ok(population_open(&s->w.p, &settings, guise));
    assert_ok(population_identities(&s->w.p, s->lot, &why));
    assert_ok(population_load_boxed(&s->w.p, most, &why));
    start_population(&s->w);
}

static void end(struct scene *s)
{
    emulation_close(s->w.e);
    population_close(&s->w.p);
    mme_close(&s->w.mme[0]);
    mme_close(&s->w.mme[1]);
    onboard_site_close(s->site);
    identities_remove(s->lot);
    (void)rmdir(s->folder);
    free(s);
}

/* A second network, which devices like better. */
static void second_network(struct scene *s)
{
    s->w.config.further = 1;
    assert_ok(plmn_parse(BYTES_LIT("999-70"), &s->w.config.network[0]));
    plmn_to_octets(&s->w.config.network[0], s->w.config.policy[0]);
    const struct plmn first = s->w.config.enb.plmns[0];
    plmn_to_octets(&first, s->w.config.policy[1]);
    s->w.config.policy_n = 2;
}

static const struct tally *attach_one(struct scene *s, uint64_t ns)
{
    emulation_attach(s->w.e, 0, s->w.now);
    run_for(&s->w, ns);
    return counts(&s->w);
}

/* ---- from the box to service ---- */

/*= test certattach-5 */
static void a_device_onboards_and_attaches_with_what_it_got(void **state)
{
    static const unsigned bits[] = {0, 2048};
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        struct scene *s = scene_of(2, bits[i]);
        begin(s, 0, NULL);
        assert_int_equal(s->w.p.n, 2);
        assert_int_equal(population_at(&s->w.p, 0)->imsi.n, 0);
        const struct tally *t = attach_one(s, SECOND);
        assert_int_equal(t->registered, 1);
        assert_int_equal(t->failed, 0);
        assert_int_equal(t->onboarding_asked, 1);
        assert_int_equal(t->onboarded, 1);
        assert_int_equal(t->onboard.n, 1);
        assert_int_equal(s->w.events[BINDERY_UE_EVENT_ONBOARDED], 1);
        assert_int_equal(s->w.turns[EMULATION_TURN_SUBSCRIBED], 1);
        assert_int_equal(s->site->signed_requests, 1);
        assert_string_equal(s->site->url, SITE_LOOKS "0");
        assert_string_equal(population_at(&s->w.p, 0)->imsi.digits, "001010000000001");
        assert_true(population_at(&s->w.p, 0)->onboard->trial.confirmed);
        assert_int_equal(s->w.mme[0].registered, 1);
        assert_int_equal(s->w.mme[0].release_requests, 0); /* the network ended the connection */
        assert_int_equal(s->w.mme[0].errors, 0);
        assert_int_equal(state_of(&s->w, 0), BINDERY_UE_STATE_REGISTERED);
        assert_int_equal(state_of(&s->w, 1), BINDERY_UE_STATE_DEREGISTERED);
        end(s);
    }
}

static void a_device_that_has_its_subscription_asks_for_none_again(void **state)
{
    struct scene *s = scene_of(1, 0);
    (void)state;
    s->w.config.hold_ms = 0;
    begin(s, 0, NULL);
    for (unsigned i = 1; i <= 3; i++) {
        const struct tally *t = attach_one(s, 2 * SECOND);
        assert_int_equal(t->registered, i);
        assert_int_equal(t->detached, i);
        assert_int_equal(t->onboarded, 1);
        assert_int_equal(t->onboard.n, 1);
    }
    assert_int_equal(s->site->asked, 1);
    end(s);
}

static void many_devices_get_each_its_own(void **state)
{
    struct scene *s = scene_of(40, 0);
    (void)state;
    s->w.config.enbs = 3;
    begin(s, 0, NULL);
    for (uint32_t i = 0; i < 40; i++) {
        emulation_attach(s->w.e, i, s->w.now);
    }
    run_for(&s->w, 10 * SECOND);
    assert_int_equal(counts(&s->w)->registered, 40);
    assert_int_equal(counts(&s->w)->onboarded, 40);
    assert_int_equal(s->w.mme[0].registered, 40);
    for (uint32_t i = 0; i < 40; i++) {
        struct lot_device expected;
        assert_ok(population_derive(&s->w.mme[0].c, &s->w.mme[0].origin, i, &expected));
        assert_true(imsi_eq(&population_at(&s->w.p, i)->imsi, &expected.imsi));
    }
    end(s);
}

static void only_as_many_as_wanted_come_out_of_a_lot(void **state)
{
    struct scene *s = scene_of(3, 0);
    (void)state;
    begin(s, 2, NULL);
    assert_int_equal(s->w.p.n, 2);
    end(s);
}

static void a_lot_of_other_devices_has_none_without_subscriptions(void **state)
{
    const struct bindery_ue_settings settings = population_settings();
    struct scene *s = scene_of(1, 0);
    struct population_why why = {""};
    struct test_key keys[1];
    (void)state;
    identities_remove(s->lot);
    identities_make(s->lot, DEVID_ECDSA_P256, 1, keys);
    assert_ok(population_open(&s->w.p, &settings, NULL));
    assert_err(population_load_boxed(&s->w.p, 0, &why), E_MISSING);
    assert_ok(population_identities(&s->w.p, s->lot, &why));
    assert_err(population_load_boxed(&s->w.p, 0, &why), E_MISSING);
    assert_non_null(strstr(why.text, "not made for onboarding"));
    assert_int_equal(s->w.p.n, 0);
    end(s);
}

/* ---- networks ---- */

/*= test certattach-1a certattach-elsewhere */
static void a_device_goes_on_to_the_next_network_of_its_policy(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        struct scene *s = scene_of(1, 0);
        struct onboard_site *other = onboard_site_open(&s->w.mme[1]);
        second_network(s);
        other->answer = i == 0 ? SITE_REFUSES : SITE_SWALLOWS;
        s->w.mme[1].onboarding = i < 2 ? &other->hooks : NULL; /* or it wants an IMSI */
        begin(s, 0, NULL);
        const struct tally *t = attach_one(s, 2 * SECOND);
        assert_int_equal(t->registered, 1);
        assert_int_equal(t->onboarding_asked, 2);
        assert_int_equal(t->onboarding_refused, 1);
        assert_int_equal(s->w.mme[1].attaches, 1);
        assert_int_equal(s->w.mme[1].nameless, i == 2);
        assert_int_equal(s->site->asked, 1);
        assert_int_equal(s->w.turns[EMULATION_TURN_MOVED], 1);
        assert_int_equal(population_at(&s->w.p, 0)->network, 0);
        onboard_site_close(other);
        end(s);
    }
}

static void a_silent_network_is_left_when_t3410_ends(void **state)
{
    struct scene *s = scene_of(1, 0);
    (void)state;
    second_network(s);
    s->w.mme[1].silent = true;
    begin(s, 0, NULL);
    assert_int_equal(attach_one(s, 14 * SECOND)->onboarding_refused, 0);
    run_for(&s->w, 3 * SECOND);
    assert_int_equal(counts(&s->w)->onboarding_refused, 1);
    assert_int_equal(counts(&s->w)->registered, 1);
    end(s);
}

static void a_network_that_the_policy_does_not_name_is_not_used(void **state)
{
    struct scene *s = scene_of(1, 0);
    (void)state;
    second_network(s);
    s->w.config.policy_n = 1;
    s->w.mme[1].onboarding = NULL;
    begin(s, 0, NULL);
    (void)attach_one(s, 2 * SECOND);
    assert_int_equal(s->site->asked, 0);
    failed_by(
        &s->w,
        "no subscription: ATTACH REJECT #9 (UE identity cannot be derived by the), not protected");
    end(s);
}

static void a_policy_without_any_cell_cannot_begin(void **state)
{
    const struct bindery_ue_settings settings = population_settings();
    const struct emulation_host host = {.ctx = NULL, .now_ns = clock_of, .send = send};
    struct scene *s = scene_of(1, 0);
    struct population_why why;
    struct plmn other;
    (void)state;
    assert_ok(plmn_parse(BYTES_LIT("310-410"), &other));
    plmn_to_octets(&other, s->w.config.policy[0]);
    s->w.config.policy_n = 1;
    assert_false(emulation_has_network(&s->w.config));
    assert_ok(population_open(&s->w.p, &settings, NULL));
    assert_ok(population_identities(&s->w.p, s->lot, &why));
    assert_ok(population_load_boxed(&s->w.p, 0, &why));
    assert_err(emulation_open(&s->w.config, &host, &s->w.p, &s->w.e), E_BAD_VALUE);
    end(s);
}

/* ---- it does not work ---- */

static void when_every_network_was_tried_the_attempt_has_failed(void **state)
{
    struct scene *s = scene_of(1, 0);
    (void)state;
    s->site->answer = SITE_REFUSES;
    begin(s, 0, NULL);
    (void)attach_one(s, 2 * SECOND);
    failed_by(&s->w, "no subscription: ATTACH REJECT #17 (Network failure), not protected");
    assert_int_equal(s->site->asked, 1);
    s->site->answer = SITE_GIVES; /* nothing was final: the next time it works */
    assert_int_equal(attach_one(s, 2 * SECOND)->registered, 1);
    end(s);
}

static void one_that_persists_asks_again_and_gets_it(void **state)
{
    struct scene *s = scene_of(1, 0);
    (void)state;
    s->w.config.persist = true;
    s->site->answer = SITE_REFUSES;
    s->site->answer_n = 3;
    begin(s, 0, NULL);
    assert_int_equal(attach_one(s, 40 * SECOND)->registered, 1);
    assert_int_equal(s->site->asked, 4);
    assert_int_equal(counts(&s->w)->onboarding_refused, 3);
    assert_int_equal(counts(&s->w)->failed, 0);
    end(s);
}

static void one_that_persists_says_in_the_end_how_far_it_came(void **state)
{
    static const char *const texts[] = {"timeout: no subscription: no network gave one",
                                        "timeout: no subscription: nothing was answered"};
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        struct scene *s = scene_of(1, 0);
        s->w.config.persist = true;
        s->site->answer = i == 0 ? SITE_REFUSES : SITE_SWALLOWS;
        begin(s, 0, NULL);
        (void)attach_one(s, 100 * SECOND);
        failed_by(&s->w, texts[i]);
        assert_true(s->site->asked > 3);
        end(s);
    }
}

/* What is not for this attach, this device or by this operator: each is refused by its name. */
static void results_for_others_are_refused(void **state)
{
    static const struct {
        const char *text;
        enum bindery_ue_refusal refusal;
    } expected[] = {{"operator-signature", BINDERY_UE_REFUSED_OPERATOR_SIGNATURE},
                    {"not-opened", BINDERY_UE_REFUSED_RESULT_NOT_OPENED},
                    {"operator-plmn", BINDERY_UE_REFUSED_OPERATOR_PLMN},
                    {"operator-untrusted", BINDERY_UE_REFUSED_OPERATOR_UNTRUSTED}};
    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        struct scene *s = scene_of(2, 0);
        char text[TALLY_TEXT];
        s->site->other_nonce = i == 0;
        s->site->other_device = i == 1;
        if (i == 2) {
            site_certify(s->site->maker.operator_key, s->site->root_key, "operator",
                         "DNS:epc.mnc002.mcc001.3gppnetwork.org", &s->site->certificate);
        } else if (i == 3) {
            site_certify(s->site->maker.operator_key, s->site->maker.operator_key, "operator",
                         "DNS:epc.mnc001.mcc001.3gppnetwork.org", &s->site->certificate);
        }
        begin(s, 0, NULL);
        (void)attach_one(s, 2 * SECOND);
        (void)snprintf(text, sizeof text, "no subscription: the device refused what came (%s)",
                       expected[i].text);
        failed_by(&s->w, text);
        assert_int_equal(counts(&s->w)->refused[expected[i].refusal], 1);
        assert_int_equal(counts(&s->w)->onboarded, 0);
        assert_int_equal(population_at(&s->w.p, 0)->imsi.n, 0);
        end(s);
    }
}

static void a_cloned_url_gets_nothing_it_can_open(void **state)
{
    const struct population_guise guise = {.url = SITE_LOOKS "1"};
    struct scene *s = scene_of(2, 0);
    (void)state;
    begin(s, 1, &guise);
    s->site->other_device = true; /* it encrypts to the key of the URL's device */
    (void)attach_one(s, 2 * SECOND);
    assert_string_equal(s->site->url, SITE_LOOKS "1");
    failed_by(&s->w, "no subscription: the device refused what came (not-opened)");
    end(s);
}

/* ---- a subscription that is no good ---- */

/*= test certattach-installs */
static void one_that_the_network_does_not_know_is_given_up_and_another_asked_for(void **state)
{
    struct scene *s = scene_of(1, 0);
    (void)state;
    s->w.mme[0].reject = 2; /* IMSI unknown in HSS */
    begin(s, 0, NULL);
    (void)attach_one(s, 20 * SECOND);
    failed_by(&s->w, "ATTACH REJECT #2 (IMSI unknown in HSS), not protected");
    assert_int_equal(counts(&s->w)->onboarded, 2); /* once more in the attempt, and not for ever */
    assert_int_equal(counts(&s->w)->onboarding_given_up, 2);
    assert_int_equal(s->w.turns[EMULATION_TURN_UNSUBSCRIBED], 2);
    assert_int_equal(population_at(&s->w.p, 0)->imsi.n, 0);
    s->w.mme[0].reject = 0;
    assert_int_equal(attach_one(s, 2 * SECOND)->registered, 1);
    end(s);
}

static void one_that_was_used_is_never_given_up(void **state)
{
    struct scene *s = scene_of(1, 0);
    (void)state;
    s->w.config.hold_ms = 0;
    begin(s, 0, NULL);
    assert_int_equal(attach_one(s, 2 * SECOND)->registered, 1);
    s->w.mme[0].reject = 2;
    (void)attach_one(s, 20 * SECOND);
    failed_by(&s->w, "ATTACH REJECT #2 (IMSI unknown in HSS), not protected");
    assert_int_equal(counts(&s->w)->onboarding_given_up, 0);
    assert_string_equal(population_at(&s->w.p, 0)->imsi.digits, "001010000000001");
    assert_int_equal(s->site->asked, 1);
    end(s);
}

/* ---- the radio ---- */

static void with_a_bad_radio_all_get_there(void **state)
{
    struct scene *s = scene_of(20, 0);
    (void)state;
    s->w.config.persist = true;
    s->w.config.timeout_ms = 600000;
    s->w.config.radio =
        (struct radio_config){.seed = 7, .lose = 10, .repeat = 10, .delay = 10, .delay_ms = 300};
    begin(s, 0, NULL);
    for (uint32_t i = 0; i < 20; i++) {
        emulation_attach(s->w.e, i, s->w.now);
    }
    run_for(&s->w, 600 * SECOND);
    assert_int_equal(counts(&s->w)->registered, 20);
    assert_int_equal(counts(&s->w)->onboarded, 20);
    assert_int_equal(counts(&s->w)->onboarding_given_up, 0);
    end(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_device_onboards_and_attaches_with_what_it_got),
        cmocka_unit_test(a_device_that_has_its_subscription_asks_for_none_again),
        cmocka_unit_test(many_devices_get_each_its_own),
        cmocka_unit_test(only_as_many_as_wanted_come_out_of_a_lot),
        cmocka_unit_test(a_lot_of_other_devices_has_none_without_subscriptions),
        cmocka_unit_test(a_device_goes_on_to_the_next_network_of_its_policy),
        cmocka_unit_test(a_silent_network_is_left_when_t3410_ends),
        cmocka_unit_test(a_network_that_the_policy_does_not_name_is_not_used),
        cmocka_unit_test(a_policy_without_any_cell_cannot_begin),
        cmocka_unit_test(when_every_network_was_tried_the_attempt_has_failed),
        cmocka_unit_test(one_that_persists_asks_again_and_gets_it),
        cmocka_unit_test(one_that_persists_says_in_the_end_how_far_it_came),
        cmocka_unit_test(results_for_others_are_refused),
        cmocka_unit_test(a_cloned_url_gets_nothing_it_can_open),
        cmocka_unit_test(one_that_the_network_does_not_know_is_given_up_and_another_asked_for),
        cmocka_unit_test(one_that_was_used_is_never_given_up),
        cmocka_unit_test(with_a_bad_radio_all_get_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
