/* A device without a subscription, from its ECR to what it installs, and from there to its first
 * AKA (src/nf/hssd/onboarding.c, src/nf/hssd/onboarding_serve.c, src/nf/hssd/onboarding_work.c,
 * src/nf/hssd/onboarding_draw.c, src/nf/hssd/onboarding_used.c). */
#include "nf/onboard_world.h"

/*= test certattach-2a certattach-2b certattach-2d certattach-3a certattach-3b certattach-4 */
static void a_device_gets_a_subscription_that_is_stored(void **state)
{
    (void)state;
    struct thing *t = thing_make(1);
    struct store_onboarding row;
    struct certattach_profile p = gets(t);
    assert_string_equal(p.imsi.digits, IMSI_FIRST);
    assert_true(plmn_eq(&p.home, &home[0]));
    assert_int_equal(p.policy, BINDING_LEARN);
    assert_int_equal(p.n_apns, 2);
    assert_string_equal(p.apns[0], "internet");
    assert_string_equal(p.apns[1], "meters");
    assert_ok(row_now("maker", t, &row));
    assert_int_equal(row.phase, CERTATTACH_PHASE_PENDING);
    assert_true(row.has_imsi && imsi_eq(&row.imsi, &p.imsi) && imei_eq(&row.imei, &t->imei));
    assert_string_equal(row.manufacturer, "Maker");
    assert_string_equal(row.model, "Meter 3");
    assert_string_equal(row.serial_number, "SN-1");
    assert_in_range(row.expires, row.first + 604800, row.first + 604801);
    struct store_subscriber s = row_of(IMSI_FIRST);
    assert_true(s.pending && s.policy == BINDING_LEARN && !s.suspended);
    assert_string_equal(s.profile, "default");
    assert_int_equal(s.keys.k.n, 16);
    assert_memory_equal(s.keys.k.b, p.keys.k.b, 16);
    assert_memory_equal(s.keys.opc.b, p.keys.opc.b, 16);
    struct store_device devices[STORE_DEVICES_MAX];
    size_t n;
    assert_ok(store_read_devices(thread.reader, &s.imsi, devices, &n));
    assert_int_equal(n, 1);
    assert_true(imei_eq(&devices[0].imei, &t->imei) && !devices[0].has_kme);
    assert_int_equal(events("onboarding-drawn", NULL), 1);
    assert_int_equal(counted(&hss.counters.onboarding_requests), 1);
    assert_int_equal(counted(&hss.counters.onboarding_drawn), 1);
    assert_string_equal(site.last, "/v1/device-records/device-1");
}

/*= test certattach-same certattach-kept */
static void who_asks_again_gets_the_same_freshly_protected_and_costs_no_question(void **state)
{
    (void)state;
    struct thing *t = thing_make(1);
    struct certattach_profile first = gets(t), again;
    uint8_t before[WIRE_CERTATTACH_RESULT_MAX];
    size_t n = given.provisioning_result.n;
    memcpy(before, given.provisioning_result.p, n);
    for (unsigned i = 0; i < 3; i++) {
        again = gets(t);
        assert_memory_equal(&first, &again, sizeof first);
        assert_true(given.provisioning_result.n != n ||
                    memcmp(before, given.provisioning_result.p, n) != 0);
    }
    assert_int_equal(SITE_GET(asked), 1);
    assert_int_equal(events("onboarding-drawn", NULL), 1);
    assert_int_equal(counted(&hss.counters.onboarding_repeated), 3);
    assert_int_equal(pools_now().never_used, 9);
}

/*= test certattach-same certattach-no-orphan */
static void of_one_device_that_asks_twice_at_once_one_imsi_is_given(void **state)
{
    (void)state;
    struct thing *t = thing_make(1);
    struct thing twin = *t;
    struct certattach_profile p[2];
    SITE_SET(held, true);
    assert_int_equal(serve(0, ecr_of(0, thing_asks(t, HERE), &t->imei, HERE)), S6A_LATER);
    assert_int_equal(serve(1, ecr_of(1, thing_asks(&twin, HERE), &t->imei, HERE)), S6A_LATER);
    SITE_AWAIT(SITE_GET(inside) == 2);
    SITE_SET(held, false);
    unsigned taken = 0;
    for (unsigned i = 0; i < 2; i++) {
        struct bytes value;
        assert_int_equal(next_eca(), DIAMETER_SUCCESS);
        assert_ok(wire_certattach_answer_read(&given, &value));
        bool own = thing_takes(t, value, &p[i]) == CERTATTACH_REFUSED_NONE;
        bool other = !own && thing_takes(&twin, value, &p[i]) == CERTATTACH_REFUSED_NONE;
        taken += own || other;
    }
    assert_int_equal(taken, 2);
    assert_memory_equal(&p[0], &p[1], sizeof p[0]);
    assert_int_equal(events("onboarding-drawn", NULL), 1);
    assert_int_equal(pools_now().never_used, 9);
}

/*= test certattach-no-orphan */
static void killed_between_storing_and_answering_it_gives_the_same_subscription_again(void **state)
{
    (void)state;
    struct thing *t = thing_make(1);
    struct certattach_profile p;
    assert_int_equal(serve(0, ecr_of(0, thing_asks(t, HERE), &t->imei, HERE)), S6A_LATER);
    SITE_AWAIT(counted(&hss.counters.onboarding_drawn) == 1); /* stored, and nobody was told */
    onboard_restart();
    struct store_subscriber s = row_of(IMSI_FIRST);
    p = gets(t);
    assert_memory_equal(p.keys.k.b, s.keys.k.b, 16);
    assert_string_equal(p.imsi.digits, IMSI_FIRST);
    assert_int_equal(pools_now().never_used, 9);
}

/*= test certattach-box */
static void an_rsa_key_is_encrypted_to_as_well(void **state)
{
    (void)state;
    struct thing *t = thing_make_as(2, &(struct cert_wish){.cn = "rsa",
                                                           .key = EVP_RSA_gen(2048),
                                                           .usage = "critical,keyEncipherment"});
    struct certattach_profile p = gets(t);
    assert_string_equal(p.imsi.digits, IMSI_FIRST);
}

static void tuak_is_given_where_the_operator_wants_it(void **state)
{
    (void)state;
    config.onboarding.algorithm = AKA_TUAK;
    struct certattach_profile p = gets(thing_make(1));
    assert_int_equal(p.keys.algorithm, AKA_TUAK);
    assert_int_equal(p.keys.opc.n, 32);
    assert_int_equal(p.keys.res_len, 8);
    assert_int_equal(p.keys.keccak_iterations, 1);
}

static void each_device_has_its_own(void **state)
{
    (void)state;
    struct certattach_profile a = gets(thing_make(1)), b = gets(thing_make(2));
    assert_false(imsi_eq(&a.imsi, &b.imsi));
    assert_memory_not_equal(a.keys.k.b, b.keys.k.b, 16);
    assert_memory_not_equal(a.keys.opc.b, b.keys.opc.b, 16);
}

/*= test certattach-proof */
static void a_device_with_an_identity_key_signs_its_request(void **state)
{
    (void)state;
    struct thing *t = thing_make(1);
    thing_has_identity(t);
    assert_string_equal(gets(t).imsi.digits, IMSI_FIRST);
}

/* ---- the first AKA ---- */

/*= test certattach-pending certattach-5 */
static void the_first_registration_makes_it_active(void **state)
{
    (void)state;
    struct thing *t = thing_make(1);
    config.onboarding.policy = BINDING_OPEN; /* with learn the KME comes first */
    struct store_onboarding row;
    (void)gets(t);
    assert_int_equal(ulr(0, IMSI_FIRST, t->imei.digits, 0, NULL), DIAMETER_SUCCESS);
    assert_ok(row_now("maker", t, &row));
    assert_int_equal(row.phase, CERTATTACH_PHASE_ACTIVE);
    assert_int_equal(row.expires, 0);
    assert_false(row_of(IMSI_FIRST).pending);
    assert_int_equal(events("onboarding-active", NULL), 1);
    assert_int_equal(ulr(0, IMSI_FIRST, t->imei.digits, 0, NULL), DIAMETER_SUCCESS);
    assert_int_equal(ulr(1, IMSI_FIRST, t->imei.digits, 0, NULL), DIAMETER_SUCCESS);
    assert_int_equal(events("onboarding-active", NULL), 1);
    assert_int_equal(counted(&hss.counters.onboarding_active), 1);
}

/* The subscription ended while its registration was on its way, and its IMSI did not rest. */
static void what_ended_meanwhile_is_not_taken_into_use_for_whoever_has_its_imsi(void **state)
{
    (void)state;
    struct thing *t = thing_make(1), *other = thing_make(2);
    struct store_writer *w = store_the_writer(hss.store);
    struct onboarding_use use = {.wanted = true, .first = true};
    struct store_onboarding row;
    const struct imsi imsi = imsi_of(IMSI_FIRST);
    (void)gets(t);
    assert_ok(row_now("maker", t, &row));
    use.key = row.key;
    assert_ok(store_begin(w));
    assert_ok(store_end_onboarding(w, &row.key, CERTATTACH_PHASE_EXPIRED, 1, 0));
    assert_err(onboarding_used(w, &imsi, 1, &use), E_CONFLICT);
    assert_ok(store_commit(w));
    (void)gets(other);
    assert_ok(row_now("maker", other, &row));
    assert_true(imsi_eq(&row.imsi, &imsi));
    assert_ok(store_begin(w));
    assert_err(onboarding_used(w, &imsi, 1, &use), E_CONFLICT);
    assert_ok(store_commit(w));
    assert_int_equal(phase_now("maker", other), CERTATTACH_PHASE_PENDING);
    use.key = row.key;
    assert_ok(store_begin(w));
    assert_ok(onboarding_used(w, &imsi, 1, &use));
    assert_ok(store_commit(w));
    assert_int_equal(phase_now("maker", other), CERTATTACH_PHASE_ACTIVE);
}

/*= test certattach-pending */
static void another_device_does_not_register_with_a_pending_subscription(void **state)
{
    (void)state;
    struct thing *t = thing_make(1);
    config.onboarding.policy = BINDING_OPEN; /* with learn the KME comes first */
    const char *cause = refusal_row(REFUSAL_SUBSCRIPTION_PENDING)->name;
    (void)gets(t);
    assert_int_equal(ulr(0, IMSI_FIRST, thing_imei(2).digits, 0, NULL),
                     refusal_row(REFUSAL_SUBSCRIPTION_PENDING)->code);
    assert_int_equal(ulr(0, IMSI_FIRST, NULL, 0, NULL),
                     refusal_row(REFUSAL_SUBSCRIPTION_PENDING)->code);
    assert_int_equal(events("refused", cause), 2);
    assert_int_equal(phase_now("maker", t), CERTATTACH_PHASE_PENDING);
    assert_int_equal(ulr(0, IMSI_FIRST, t->imei.digits, 0, NULL), DIAMETER_SUCCESS);
}

/*= test certattach-active */
static void keys_that_were_used_are_given_again_only_when_an_operator_lets_them(void **state)
{
    (void)state;
    struct thing *t = thing_make(1);
    config.onboarding.policy = BINDING_OPEN; /* with learn the KME comes first */
    struct store_onboarding row;
    struct certattach_profile first = gets(t), again;
    assert_int_equal(ulr(0, IMSI_FIRST, t->imei.digits, 0, NULL), DIAMETER_SUCCESS);
    assert_true(refused_for(t, CERTATTACH_ACTIVE));
    assert_ok(row_now("maker", t, &row));
    row.again = true;
    put_row(&row);
    again = gets(t);
    assert_memory_equal(&first, &again, sizeof first);
    again = gets(t); /* the answer may have been lost */
    assert_memory_equal(&first, &again, sizeof first);
    assert_int_equal(ulr(0, IMSI_FIRST, t->imei.digits, 0, NULL), DIAMETER_SUCCESS);
    assert_ok(row_now("maker", t, &row));
    assert_false(row.again);
    assert_true(refused_for(t, CERTATTACH_ACTIVE));
    assert_int_equal(events("onboarding-active", NULL), 1);
}

/* ---- who may ask ---- */

static void a_peer_that_may_not_is_told_that_it_may_not(void **state)
{
    (void)state;
    struct thing *t = thing_make(1);
    peers[1].onboarding = false;
    assert_int_equal(asks_at(1, t, HERE), refusal_row(REFUSAL_COMMAND_NOT_ALLOWED)->code);
    assert_int_equal(SITE_GET(asked), 0);
    assert_int_equal(asks_at(0, t, HERE), DIAMETER_SUCCESS);
}

static void a_plain_equipment_check_stays_one(void **state)
{
    (void)state;
    struct imei imei = thing_imei(1);
    const uint8_t *octets = NULL;
    config.eir = (struct hssd_eir){true, {EIR_UNKNOWN_ALLOW, EIR_PAIRING_OFF}};
    struct bytes msg = ecr_of(0, (struct bytes){octets, 0}, &imei, HERE);
    struct s13_eca eca;
    struct diameter_fault fault;
    (void)carry(0, msg);
    assert_ok(s13_eca_parse(OWN, (struct bytes){thread.sent, thread.sent_n}, &eca, &fault));
    assert_int_equal(code_of(&eca.answer), DIAMETER_SUCCESS);
    assert_null(eca.provisioning_result.p);
}

/*= test certattach-approval */
static void by_hand_a_device_waits_until_somebody_approves(void **state)
{
    (void)state;
    struct thing *t = thing_make(1);
    struct store_onboarding row;
    thing_named(t, HAND_HOST, "device-1");
    assert_true(refused_for(t, CERTATTACH_WAITING));
    assert_true(refused_for(t, CERTATTACH_WAITING));
    assert_int_equal(events("onboarding-waiting", NULL), 1);
    assert_int_equal(counted(&hss.counters.onboarding_waiting), 1);
    assert_ok(row_now("hand", t, &row));
    assert_int_equal(row.phase, CERTATTACH_PHASE_WAITING);
    assert_string_equal(row.model, "Meter 3");
    assert_false(row.has_imsi);
    assert_int_equal(pools_now().never_used, 10);
    row.phase = CERTATTACH_PHASE_APPROVED;
    put_row(&row);
    (void)gets(t);
    assert_int_equal(phase_now("hand", t), CERTATTACH_PHASE_PENDING);
    struct store_onboarding after;
    assert_ok(row_now("hand", t, &after));
    assert_int_equal(after.first, row.first);
}

/* ---- room ---- */

/*= test certattach-quotas */
static void the_queue_is_bounded_and_who_has_no_place_is_told_to_come_later(void **state)
{
    (void)state;
    struct thing *t = thing_make(1);
    unsigned later = 0, busy = 0;
    SITE_SET(held, true);
    for (unsigned i = 0; i < 40; i++) {
        struct thing guess = *t;
        char id[32];
        snprintf(id, sizeof id, "guess-%u", i);
        thing_named(&guess, MAKER_HOST, id);
        if (serve(0, ecr_of(0, thing_asks(&guess, HERE), &guess.imei, HERE)) == S6A_LATER) {
            later++;
        } else {
            busy += take_eca() == DIAMETER_TOO_BUSY;
        }
    }
    assert_int_equal(later, 10); /* one peer: half of queue and threads */
    assert_int_equal(busy, 30);
    assert_int_equal(thread.owes_short, later);
    SITE_SET(held, false);
    for (unsigned i = 0; i < later; i++) {
        assert_int_equal(next_eca(), 5012);
    }
    assert_int_equal(thread.owes_short, 0);
    assert_int_equal(events("onboarding-refused", "device-unknown"), 10);
    (void)gets(t);
}

/*= test certattach-quotas certattach-pool */
static void guessed_ids_cost_no_imsi_and_a_real_device_is_served_among_them(void **state)
{
    (void)state;
    struct thing *t = thing_make(1);
    for (unsigned i = 0; i < 300; i++) {
        struct thing guess = *t;
        char id[32];
        snprintf(id, sizeof id, "guess-%u", i);
        thing_named(&guess, MAKER_HOST, id);
        (void)asks(&guess);
    }
    (void)gets(t);
    assert_int_equal(pools_now().never_used, 9);
    struct store_onboarding rows[4];
    size_t n;
    assert_ok(store_list_onboarding(thread.reader, NULL, 0, rows, 4, &n));
    assert_int_equal(n, 1);
    unsigned before = SITE_GET(asked);
    struct thing guess = *t;
    thing_named(&guess, MAKER_HOST, "guess-299"); /* asked a moment ago */
    assert_int_equal(asks(&guess), 5012);
    assert_int_equal(SITE_GET(asked), before);
}

static void at_the_end_who_waits_is_told_so(void **state)
{
    (void)state;
    struct thing *t = thing_make(1);
    SITE_SET(held, true);
    for (unsigned i = 0; i < 6; i++) { /* three threads for one of two authorities */
        assert_int_equal(serve(i % 2, ecr_of(i % 2, thing_asks(t, HERE), &t->imei, HERE)),
                         S6A_LATER);
    }
    SITE_AWAIT(SITE_GET(inside) == 3);
    assert_int_equal(onboarding_waiting(hss.onboarding), 3);
    onboarding_quiesce(hss.onboarding);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(next_eca(), DIAMETER_TOO_BUSY);
    }
    assert_int_equal(asks(t), DIAMETER_TOO_BUSY);
    SITE_SET(held, false);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(next_eca(), DIAMETER_SUCCESS);
    }
}

static void an_answer_for_a_thread_that_has_ended_is_none_and_what_was_given_stays(void **state)
{
    (void)state;
    struct thing *t = thing_make(1);
    assert_int_equal(serve(0, ecr_of(0, thing_asks(t, HERE), &t->imei, HERE)), S6A_LATER);
    SITE_AWAIT(counted(&hss.counters.onboarding_drawn) == 1);
    thread.ended = true;
    onboarding_quiesce(hss.onboarding);
    unsigned calls = thread.calls;
    pump_one();
    thread.ended = false;
    assert_int_equal(thread.calls, calls);
    assert_int_equal(atomic_load(&peer_states[0]->onboardings), 0);
    assert_int_equal(phase_now("maker", t), CERTATTACH_PHASE_PENDING);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, onboard_up, onboard_down)
int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_device_gets_a_subscription_that_is_stored),
        CASE(who_asks_again_gets_the_same_freshly_protected_and_costs_no_question),
        CASE(of_one_device_that_asks_twice_at_once_one_imsi_is_given),
        CASE(killed_between_storing_and_answering_it_gives_the_same_subscription_again),
        CASE(an_rsa_key_is_encrypted_to_as_well),
        CASE(tuak_is_given_where_the_operator_wants_it),
        CASE(each_device_has_its_own),
        CASE(a_device_with_an_identity_key_signs_its_request),
        CASE(the_first_registration_makes_it_active),
        CASE(what_ended_meanwhile_is_not_taken_into_use_for_whoever_has_its_imsi),
        CASE(another_device_does_not_register_with_a_pending_subscription),
        CASE(keys_that_were_used_are_given_again_only_when_an_operator_lets_them),
        CASE(a_peer_that_may_not_is_told_that_it_may_not),
        CASE(a_plain_equipment_check_stays_one),
        CASE(by_hand_a_device_waits_until_somebody_approves),
        CASE(the_queue_is_bounded_and_who_has_no_place_is_told_to_come_later),
        CASE(guessed_ids_cost_no_imsi_and_a_real_device_is_served_among_them),
        CASE(at_the_end_who_waits_is_told_so),
        CASE(an_answer_for_a_thread_that_has_ended_is_none_and_what_was_given_stays),
    };
    onboard_keys();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    onboard_keys_gone();
    return failed;
}
