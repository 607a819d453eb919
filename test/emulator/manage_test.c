/* How emulated devices get their operators' own subscriptions: src/emulator/manage.c, with the RSMF
 * of emulator/discovery_site.h, on a virtual clock. */
#include "emulator/discovery_scene.h"

/* ---- step 11 ---- */

static struct scene *managed(void)
{
    struct scene *s = simple();
    s->w.manage = &s->manage;
    return s;
}

static void is_done(const struct scene *s)
{
    struct device_state kept = state_in(s);
    assert_string_equal(kept.imsi.digits, OWN);
    assert_true(kept.profile.trial.confirmed);
    assert_int_equal(kept.discovery.slot, 0);
    assert_true(kept.se.slot[0].erased);
    assert_int_equal(s->site->confirmed, 1);
    assert_int_equal(s->site->entry[0].delivery.phase, DIMSI_DELIVERY_CONFIRMED);
    device_state_wipe(&kept);
}

/*= test dimsi-11 dimsi-trial dimsi-erase */
static void a_device_ends_with_its_operators_own_subscription(void **state)
{
    struct scene *s = managed();
    (void)state;
    begin(s);
    const struct tally *t = attach_one(s, 5 * SECOND);
    assert_int_equal(t->failed, 0);
    assert_int_equal(t->registered, 1); /* one attach, of three */
    assert_int_equal(s->w.mme[0].registered, 3 - 1);
    assert_int_equal(s->w.mme[0].detached, 1);
    assert_int_equal(s->w.turns[EMULATION_TURN_MANAGED], 1);
    assert_int_equal(s->w.events[BINDERY_UE_EVENT_STORE_FAILED], 0);
    assert_string_equal(population_at(&s->w.p, 0)->imsi.digits, OWN);
    assert_int_equal(s->site->fetched, 1);
    assert_string_equal(s->site->hosts[0], "rsmf.epc.mnc001.mcc001.3gppnetwork.org");
    is_done(s);
    stop(s);
    begin(s); /* from then on it is as any other */
    assert_null(population_at(&s->w.p, 0)->discovery);
    assert_int_equal(attach_one(s, 5 * SECOND)->registered, 1);
    assert_int_equal(s->site->confirmed, 1);
    end(s);
}

/*= test dimsi-durable */
static void it_goes_on_where_an_rsmf_that_was_silent_left_it(void **state)
{
    uint8_t request[RSM_REQUEST_LEN];
    struct scene *s = managed();
    struct device_state kept;
    (void)state;
    s->site->rsmf = RSM_SILENT;
    begin(s);
    const struct tally *t = attach_one(s, 5 * SECOND);
    assert_int_equal(t->failed, 1);
    assert_string_equal(t->cause[0].text, "remote subscription management: rsmf-silent");
    stop(s);
    kept = state_in(s);
    assert_true(kept.discovery.asked);
    memcpy(request, kept.discovery.request, sizeof request);
    s->site->rsmf = RSM_DONE;
    begin(s);
    assert_int_equal(attach_one(s, 5 * SECOND)->registered, 1);
    assert_memory_equal(s->site->request, request, sizeof request);
    is_done(s);
    device_state_wipe(&kept);
    end(s);
}

/* The network would give up the subscription before, and the file would still be ready to go back
 * to it. */
/*= test dimsi-durable */
static void nothing_is_confirmed_that_the_file_does_not_say(void **state)
{
    struct scene *s = managed();
    (void)state;
    s->site->rsmf = RSM_DONE;
    begin(s);
    emulation_attach(s->w.e, 0, s->w.now);
    for (unsigned i = 0; i < 100 && s->w.mme[0].registered < 2; i++) {
        run_for(&s->w, 10 * MS);
    }
    assert_int_equal(s->site->fetched, 1);
    assert_int_equal(s->site->confirmed, 0);
    const char *path = s->w.p.path;
    s->w.p.path = "/nowhere/at/all.json";
    run_for(&s->w, 5 * SECOND);
    assert_int_equal(s->site->confirmed, 0);
    assert_int_equal(emulation_tally(s->w.e)->failed, 1);
    s->w.p.path = path;
    stop(s);
    begin(s);
    assert_int_equal(attach_one(s, 5 * SECOND)->registered, 1);
    is_done(s);
    end(s);
}

static void a_confirmation_that_did_not_arrive_is_given_again(void **state)
{
    struct scene *s = managed();
    struct device_state kept;
    (void)state;
    begin(s);
    emulation_attach(s->w.e, 0, s->w.now);
    run_for(&s->w, 250 * MS);
    assert_int_equal(s->site->fetched, 1);
    s->site->rsmf = RSM_SILENT;
    run_for(&s->w, 5 * SECOND);
    assert_int_equal(emulation_tally(s->w.e)->failed, 1);
    stop(s);
    kept = state_in(s);
    assert_string_equal(kept.imsi.digits, OWN);
    assert_true(kept.profile.trial.confirmed);
    assert_string_equal(kept.discovery.previous.imsi.digits, TEMPORARY);
    assert_false(kept.se.slot[0].erased);
    s->site->rsmf = RSM_DONE;
    begin(s);
    assert_int_equal(attach_one(s, 5 * SECOND)->registered, 1);
    assert_int_equal(s->site->fetched, 1);
    is_done(s);
    device_state_wipe(&kept);
    end(s);
}

/*= test dimsi-trial */
static void one_that_does_not_work_is_given_up_for_the_one_before(void **state)
{
    uint8_t request[RSM_REQUEST_LEN];
    struct scene *s = managed();
    struct device_state kept;
    (void)state;
    s->site->refuses_own = true; /* its K is another one than the network's */
    s->w.config.persist = true;  /* five times, with what TS 24.301 waits between */
    s->w.config.timeout_ms = 86400000;
    begin(s);
    emulation_attach(s->w.e, 0, s->w.now);
    run_for(&s->w, SECOND);
    assert_int_equal(s->site->fetched, 1);
    memcpy(request, s->site->request, sizeof request);
    const struct tally *t = emulation_tally(s->w.e);
    for (unsigned i = 0; i < 1000 && t->discovery_given_up == 0; i++) {
        run_for(&s->w, 60 * SECOND);
    }
    run_for(&s->w, SECOND);
    assert_int_equal(t->discovery_given_up, 1);
    assert_int_equal(s->w.turns[EMULATION_TURN_UNDISCOVERED], 1);
    assert_int_equal(s->site->fetched, 2); /* the same request brings the same */
    assert_memory_equal(s->site->request, request, sizeof request);
    stop(s);
    kept = state_in(s);
    assert_string_equal(kept.discovery.previous.imsi.digits, TEMPORARY);
    assert_true(kept.discovery.trial.confirmed);
    assert_memory_equal(kept.discovery.request, request, sizeof request);
    assert_int_equal(s->site->confirmed, 0);
    device_state_drop(&kept);
    keep(s, "device", &kept); /* given up once more; what is fetched now works */
    s->site->refuses_own = false;
    begin(s);
    assert_int_equal(attach_one(s, 5 * SECOND)->registered, 1);
    is_done(s);
    device_state_wipe(&kept);
    end(s);
}

/*= test dimsi-roots */
static void whose_rsmf_it_is_follows_from_the_imsi(void **state)
{
    const struct imsi imsi = site_imsi(UINT64_C(1010000700000));
    const struct plmn home = {"001", "01"}, other = {"999", "70"};
    struct plmn out[2];
    (void)state;
    assert_int_equal(manage_homes(&imsi, 0, &home, out), 1);
    assert_true(plmn_eq(&out[0], &home));
    assert_int_equal(manage_homes(&imsi, 2, &other, out), 1);
    assert_true(plmn_eq(&out[0], &home));
    assert_int_equal(manage_homes(&imsi, 3, &home, out), 1);
    assert_string_equal(out[0].mnc, "010");
    assert_int_equal(manage_homes(&imsi, 0, &other, out), 2);
    assert_true(plmn_eq(&out[0], &home));
    assert_string_equal(out[1].mnc, "010");
}

/* An RSMF may serve several operators. */
static void a_profile_of_another_operator_is_not_installed(void **state)
{
    struct scene *s = managed();
    (void)state;
    s->site->of_another = true;
    begin(s);
    const struct tally *t = attach_one(s, 5 * SECOND);
    assert_int_equal(t->failed, 1);
    assert_string_equal(t->cause[0].text, "remote subscription management: rsmf-bad-answer");
    end(s);
}

static void roaming_it_tries_both_names_that_there_may_be(void **state)
{
    struct scene *s = managed();
    (void)state;
    second_network(s);
    s->site->untrusted = 1;
    begin(s);
    assert_int_equal(attach_one(s, 5 * SECOND)->registered, 1);
    assert_string_equal(s->site->hosts[0], "rsmf.epc.mnc001.mcc001.3gppnetwork.org");
    assert_string_equal(s->site->hosts[1], "rsmf.epc.mnc010.mcc001.3gppnetwork.org");
    is_done(s);
    end(s);
}

static void an_address_is_one_of_ip_and_port(void **state)
{
    static const char *const bad[] = {"",     "127.0.0.1:0", "rsmf:443",
                                      ":443", "[::1",        "127.0.0.1:70000"};
    struct manage m;
    (void)state;
    assert_ok(manage_parse("127.0.0.1:443", &m));
    assert_string_equal(m.address, "127.0.0.1");
    assert_int_equal(m.port, 443);
    assert_ok(manage_parse("[::1]:8443", &m));
    assert_string_equal(m.address, "::1");
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_err(manage_parse(bad[i], &m), E_BAD_VALUE);
    }
}

/* ---- crashes ---- */

/* It ends after so many messages of MMEs, wherever that is, and begins again from its file. */
/*= test dimsi-durable */
static void killed_at_any_message_a_device_ends_with_one_identity_that_works(void **state)
{
    unsigned n = 0;
    bool whole = false;
    (void)state;
    for (; !whole; n++) {
        struct scene *s = managed();
        s->w.budget = 1 + (int)n; /* S1 SETUP RESPONSE */
        begin(s);
        emulation_attach(s->w.e, 0, s->w.now);
        run_for(&s->w, 3 * SECOND);
        whole = emulation_tally(s->w.e)->registered == 1;
        stop(s);
        begin(s);
        const struct tally *t = attach_one(s, 5 * SECOND);
        assert_int_equal(t->registered, 1);
        assert_int_equal(t->failed, 0);
        is_done(s);
        end(s);
        assert_true(n < 100);
    }
    assert_true(n > 12); /* three attaches and a detach have more */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_device_ends_with_its_operators_own_subscription),
        cmocka_unit_test(it_goes_on_where_an_rsmf_that_was_silent_left_it),
        cmocka_unit_test(nothing_is_confirmed_that_the_file_does_not_say),
        cmocka_unit_test(a_confirmation_that_did_not_arrive_is_given_again),
        cmocka_unit_test(one_that_does_not_work_is_given_up_for_the_one_before),
        cmocka_unit_test(whose_rsmf_it_is_follows_from_the_imsi),
        cmocka_unit_test(a_profile_of_another_operator_is_not_installed),
        cmocka_unit_test(roaming_it_tries_both_names_that_there_may_be),
        cmocka_unit_test(an_address_is_one_of_ip_and_port),
        cmocka_unit_test(killed_at_any_message_a_device_ends_with_one_identity_that_works),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
