/* A subscription that changes while it is served, and a registration that the home network may have
 * forgotten: src/nf/mmed/emm_subscription.c. */
#include "lib/check.h"
#include "mmed/emm_rig.h"

static struct rig g;

static void begin(enum emm_state state)
{
    rig_open(&g);
    rig_to(&g, state);
}

static void changed(const struct emm_change *change)
{
    const struct emm_event event = {.kind = EMM_CHANGED, .change = change};
    rig_step(&g, &event);
}

static void located(uint32_t code, bool experimental, bool barred)
{
    struct emm_ula ula = rig_subscription();
    ula.code = code;
    ula.experimental = experimental;
    ula.barred = barred;
    rig_located(&g, &ula);
}

static void an_ambr_that_changes_is_what_the_next_setup_says(void **state)
{
    (void)state;
    const struct emm_change change = {.has_ambr = true, .ambr_ul = 123, .ambr_dl = 456};
    begin(EMM_REGISTERED);
    changed(&change);
    assert_int_equal(g.ue->state, EMM_REGISTERED);
    assert_int_equal(g.ue->subscription.ambr_ul, 123);
    assert_int_equal(g.ue->subscription.ambr_dl, 456);
    assert_true(g.ue->subscription.n_apns > 0); /* what was not named stays */
    assert_int_equal(g.fx.n, 0);
    rig_close(&g);
}

static void all_apns_take_the_place_of_all_and_the_bearer_keeps_its_own(void **state)
{
    (void)state;
    begin(EMM_REGISTERED);
    const struct emm_apn own = g.ue->subscription.apns[g.ue->esm.chosen];
    struct emm_change change = {.has_apns = true, .all_apns = true, .n_apns = 2};
    change.apns[0] =
        (struct emm_apn){.context = 9, .n = 4, .encoded = {3, 'n', 'e', 'w'}, .qci = 9};
    change.apns[1] = own;
    change.apns[1].context = 10;
    changed(&change);
    assert_int_equal(g.ue->subscription.n_apns, 2);
    assert_int_equal(g.ue->esm.chosen, 1);
    assert_int_equal(g.ue->state, EMM_REGISTERED);
    const struct emm_change withdrawn = {.n_withdrawn = 1, .withdrawn = {9}};
    changed(&withdrawn);
    assert_int_equal(g.ue->subscription.n_apns, 1);
    assert_int_equal(g.ue->esm.chosen, 0);
    struct emm_change one = {.has_apns = true, .n_apns = 1};
    one.apns[0] = change.apns[0];
    changed(&one); /* one more, and the one there is stays */
    assert_int_equal(g.ue->subscription.n_apns, 2);
    assert_int_equal(g.ue->esm.chosen, 0);
    rig_close(&g);
}

static void without_the_apn_of_its_bearer_a_ue_has_to_attach_anew(void **state)
{
    (void)state;
    struct emm_change change = {.has_apns = true, .all_apns = true, .n_apns = 1};
    change.apns[0] =
        (struct emm_apn){.context = 9, .n = 4, .encoded = {3, 'n', 'e', 'w'}, .qci = 9};
    begin(EMM_REGISTERED);
    changed(&change);
    assert_int_equal(g.ue->state, EMM_DETACHING);
    assert_non_null(rig_effect(&g, EMM_SEND));
    assert_true(g.ue->reattach);
    rig_close(&g);
    begin(EMM_IDLE); /* nobody to tell */
    changed(&change);
    assert_true(g.gone);
    assert_non_null(rig_effect(&g, EMM_PURGE));
    rig_close(&g);
}

/*= test op-mme-answers */
static void after_a_reset_the_next_contact_tells_the_home_network_once(void **state)
{
    (void)state;
    begin(EMM_IDLE);
    assert_true(emm_ue_is_located(g.ue));
    assert_true(emm_ue_reset(g.ue));
    rig_pdu(&g, true, rig_service_request(&g));
    const struct emm_effect *ask = rig_effect(&g, EMM_ASK_LOCATION);
    assert_non_null(ask);
    assert_true(ask->restores);
    assert_int_equal(g.ue->state, EMM_REGISTERED);
    located(DIAMETER_SUCCESS, false, false);
    assert_int_equal(g.ue->state, EMM_REGISTERED);
    assert_false(g.ue->unconfirmed);
    rig_event(&g, EMM_CONNECTION_LOST);
    rig_pdu(&g, true, rig_service_request(&g));
    assert_null(rig_effect(&g, EMM_ASK_LOCATION));
    rig_close(&g);
}

static void an_outage_then_leaves_it_for_the_contact_after_that(void **state)
{
    (void)state;
    begin(EMM_IDLE);
    assert_true(emm_ue_reset(g.ue));
    rig_pdu(&g, true, rig_service_request(&g));
    located(0, false, false);
    assert_int_equal(g.ue->state, EMM_REGISTERED);
    assert_true(g.ue->unconfirmed);
    rig_event(&g, EMM_CONNECTION_LOST);
    rig_pdu(&g, true, rig_service_request(&g));
    assert_non_null(rig_effect(&g, EMM_ASK_LOCATION));
    rig_close(&g);
}

static void who_is_not_a_subscriber_any_more_or_is_barred_is_detached(void **state)
{
    (void)state;
    for (int barred = 0; barred < 2; barred++) {
        begin(EMM_IDLE);
        assert_true(emm_ue_reset(g.ue));
        rig_pdu(&g, true, rig_service_request(&g));
        located(barred ? DIAMETER_SUCCESS : S6A_USER_UNKNOWN, !barred, barred);
        assert_int_equal(g.ue->state, EMM_DETACHING);
        assert_int_equal(emm_ue_is_located(g.ue), barred);
        rig_close(&g);
    }
}

static void an_answer_that_nobody_waits_for_changes_nothing(void **state)
{
    (void)state;
    begin(EMM_REGISTERED);
    located(S6A_USER_UNKNOWN, true, false);
    assert_int_equal(g.ue->state, EMM_REGISTERED);
    assert_int_equal(g.fx.n, 0);
    rig_close(&g);
    begin(EMM_VECTORS); /* the home network does not have it yet: nothing to be forgotten */
    assert_false(emm_ue_reset(g.ue));
    rig_close(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_ambr_that_changes_is_what_the_next_setup_says),
        cmocka_unit_test(all_apns_take_the_place_of_all_and_the_bearer_keeps_its_own),
        cmocka_unit_test(without_the_apn_of_its_bearer_a_ue_has_to_attach_anew),
        cmocka_unit_test(after_a_reset_the_next_contact_tells_the_home_network_once),
        cmocka_unit_test(an_outage_then_leaves_it_for_the_contact_after_that),
        cmocka_unit_test(who_is_not_a_subscriber_any_more_or_is_barred_is_detached),
        cmocka_unit_test(an_answer_that_nobody_waits_for_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
