/* What networks may send to a device without a subscription, and where it goes then:
 * src/device/onboard_nas.c, src/device/reject.c, src/device/emm_table.c, src/device/security.c. */
#include "device/onboarding_client.h"

/* ---- rejects ---- */

/* Causes that this device hears only under protection, of which it has none. */
static bool is_heard(unsigned cause)
{
    return cause != EMM_CAUSE_NOT_AUTHORIZED_FOR_CSG &&
           cause != EMM_CAUSE_PLMN_NOT_ALLOWED_AT_LOCATION;
}

/*= test certattach-elsewhere */
static void no_cause_locks_the_device_out(void **state)
{
    unsigned soon = 0;
    (void)state;
    for (unsigned cause = 0; cause < 256; cause++) {
        struct client c;
        client_open(&c);
        begin(&c);
        reject_with(&c, (uint8_t)cause, (struct bytes){NULL, 0});
        if (!is_heard(cause)) {
            assert_int_equal(world_refusal(&c.w), BINDERY_UE_REFUSED_UNPROTECTED);
            assert_int_equal(bindery_ue_state(&c.w.ue), BINDERY_UE_STATE_ATTACHING);
            client_close(&c);
            continue;
        }
        const bool retry = world_event(&c.w, BINDERY_UE_EVENT_WAITING)->why == BINDERY_UE_WHY_RETRY;
        expect_elsewhere(&c, retry ? BINDERY_UE_WHY_RETRY : BINDERY_UE_WHY_EXHAUSTED);
        assert_int_equal(world_event(&c.w, BINDERY_UE_EVENT_REJECTED)->cause, cause);
        soon += retry;
        assert_int_equal(wait_for_request(&c), retry ? 10000 : 720000);
        reject(&c, result(&c)); /* which is taken as ever */
        expect_onboarded(&c);
        client_close(&c);
    }
    assert_true(soon > 10 && soon < 30);
}

static void a_result_is_taken_with_whatever_cause_it_comes(void **state)
{
    static const uint8_t causes[] = {EMM_CAUSE_ILLEGAL_UE, EMM_CAUSE_CONGESTION, 200};
    (void)state;
    for (size_t i = 0; i < sizeof causes; i++) {
        struct client c;
        client_open(&c);
        begin(&c);
        reject_with(&c, causes[i], result(&c)); /* the cause is not signed, the result is */
        expect_onboarded(&c);
        client_close(&c);
    }
}

static void five_attempts_and_then_it_waits_longer(void **state)
{
    struct client c;
    (void)state;
    client_open(&c);
    begin(&c);
    for (unsigned round = 0; round < 3; round++) {
        for (unsigned i = 1; i < UE_ATTEMPTS; i++) {
            reject(&c, (struct bytes){NULL, 0});
            expect_elsewhere(&c, BINDERY_UE_WHY_RETRY);
            assert_int_equal(wait_for_request(&c), 10000);
        }
        reject(&c, (struct bytes){NULL, 0});
        expect_elsewhere(&c, BINDERY_UE_WHY_EXHAUSTED);
        assert_int_equal(wait_for_request(&c), 720000);
    }
    client_close(&c);
}

static void congestion_is_waited_for_there_and_not_elsewhere(void **state)
{
    struct client c;
    struct nas_attach_reject m = {.emm_cause = EMM_CAUSE_CONGESTION,
                                  .t3346 = NAS_U8_OF(nas_timer_of(60))};
    (void)state;
    client_open(&c);
    begin(&c);
    net_plain(&c.w, &nas_attach_reject_message, &m);
    expect_elsewhere(&c, BINDERY_UE_WHY_CONGESTION);
    const uint64_t waits = wait_for_request(&c); /* said without protection: any default */
    assert_true(waits >= 900000 && waits <= 1800000);
    net_plain(&c.w, &nas_attach_reject_message, &m);
    world_lower(&c.w, BINDERY_UE_LOWER_RELEASED);
    camp_on(&c, "001-01", 2); /* the same PLMN is congested in every cell */
    assert_int_equal(c.w.up.n, 0);
    assert_int_equal(world_event(&c.w, BINDERY_UE_EVENT_WAITING)->why, BINDERY_UE_WHY_CONGESTION);
    camp_on(&c, "999-70", 2);
    expect_request(&c);
    m.t3346 = (struct nas_u8){.present = false}; /* says nothing: an attempt that failed */
    net_plain(&c.w, &nas_attach_reject_message, &m);
    expect_elsewhere(&c, BINDERY_UE_WHY_RETRY);
    client_close(&c);
}

/* ---- silence ---- */

/*= test certattach-elsewhere */
static void silence_is_a_failed_attempt(void **state)
{
    struct client c;
    (void)state;
    client_open(&c);
    begin(&c);
    const uint64_t from = c.w.now;
    assert_true(world_wait(&c.w));
    assert_int_equal(c.w.now - from, 15000); /* T3410 */
    assert_true(told(&c, BINDERY_UE_EVENT_RELEASE));
    expect_elsewhere(&c, BINDERY_UE_WHY_RETRY);
    (void)wait_for_request(&c);
    world_lower(&c.w, BINDERY_UE_LOWER_RELEASED);
    expect_elsewhere(&c, BINDERY_UE_WHY_RETRY);
    (void)wait_for_request(&c);
    world_lower(&c.w, BINDERY_UE_LOWER_FAILED);
    expect_elsewhere(&c, BINDERY_UE_WHY_RETRY);
    (void)wait_for_request(&c);
    reject(&c, result(&c));
    expect_onboarded(&c);
    client_close(&c);
}

/* ---- another network ---- */

/*= test certattach-1a certattach-elsewhere */
static void another_network_is_tried_at_once(void **state)
{
    struct client c;
    (void)state;
    client_open(&c);
    begin(&c);
    reject(&c, (struct bytes){NULL, 0});
    world_lower(&c.w, BINDERY_UE_LOWER_RELEASED);
    assert_ok(plmn_parse(BYTES_LIT("999-70"), &c.k.listed));
    camp_on(&c, "999-70", 1);
    expect_request(&c);
    const struct certattach_about about = maker_about(&c.k, &c.request, "999-70");
    reject(&c, maker_result_about(&c.k, &c.w.c, &about));
    expect_onboarded(&c);
    client_close(&c);
}

static void the_connection_of_the_old_cell_goes_first(void **state)
{
    struct client c;
    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        client_open(&c);
        begin(&c);
        if (i > 0) { /* else in the middle of an attempt */
            reject(&c, (struct bytes){NULL, 0});
        }
        camp_on(&c, "999-70", 1);
        assert_true(told(&c, BINDERY_UE_EVENT_RELEASE));
        assert_int_equal(c.w.up.n, 0);
        if (i == 2) { /* the lower layers say so before the clock does */
            world_lower(&c.w, BINDERY_UE_LOWER_RELEASED);
        } else {
            assert_int_equal(bindery_ue_deadline(&c.w.ue), c.w.now);
            assert_true(world_wait(&c.w));
        }
        expect_request(&c);
        assert_false(world_wait(&c.w) && c.w.up.n > 0); /* once */
        client_close(&c);
    }
}

/* A result for the network before is not one for this. */
static void a_result_of_the_network_before_is_refused(void **state)
{
    struct client c;
    (void)state;
    client_open(&c);
    begin(&c);
    const struct bytes value = result(&c);
    camp_on(&c, "999-70", 1);
    reject(&c, value);
    assert_int_equal(world_refusal(&c.w), BINDERY_UE_REFUSED_UNEXPECTED);
    assert_true(world_wait(&c.w));
    expect_request(&c);
    assert_ok(plmn_parse(BYTES_LIT("999-70"), &c.k.listed));
    const struct certattach_about about = maker_about(&c.k, &c.request, "001-01");
    reject(&c, maker_result_about(&c.k, &c.w.c, &about));
    assert_int_equal(world_refusal(&c.w), BINDERY_UE_REFUSED_OPERATOR_SIGNATURE);
    client_close(&c);
}

/* Two networks that both refuse: each is asked once in a round, and no faster than one would be. */
static void going_round_is_not_faster_than_staying(void **state)
{
    static const uint8_t first[][3] = {{0x00, 0xf1, 0x10}};
    const struct bindery_ue_network_policy policy = {first, 1, true};
    struct bindery_ue_network networks[] = {{.plmn = {0x99, 0xf9, 0x07}},
                                            {.plmn = {0x00, 0xf1, 0x10}}};
    static const char *const names[] = {"999-70", "001-01"};
    struct client c;
    unsigned asked = 0, at = 1;
    (void)state;
    client_open(&c);
    begin(&c);
    const uint64_t from = c.w.now;
    while (c.w.now - from < 3600000) {
        asked++;
        reject(&c, (struct bytes){NULL, 0});
        world_lower(&c.w, BINDERY_UE_LOWER_RELEASED);
        networks[at].tried = true;
        const size_t next = bindery_ue_network_choose(&policy, networks, 2);
        if (next != BINDERY_UE_NO_NETWORK) {
            at = (unsigned)next;
            camp_on(&c, names[at], 1);
            expect_request(&c);
        } else {
            networks[0].tried = networks[1].tried = false;
            (void)wait_for_request(&c);
        }
    }
    assert_true(asked >= 20 && asked <= 40);
    client_close(&c);
}

static void a_device_that_is_not_told_to_attach_only_camps(void **state)
{
    struct client c;
    (void)state;
    client_open(&c);
    camp_on(&c, "001-01", 1);
    camp_on(&c, "999-70", 1);
    assert_int_equal(c.w.up.n, 0);
    world_attach(&c.w);
    expect_request(&c);
    camp_on(&c, "999-70", 1); /* the same cell: nothing new */
    assert_int_equal(c.w.events_n, 0);
    assert_int_equal(bindery_ue_state(&c.w.ue), BINDERY_UE_STATE_ATTACHING);
    client_close(&c);
}

static void without_a_cell_it_waits_for_one(void **state)
{
    struct client c;
    (void)state;
    client_open(&c);
    world_attach(&c.w);
    assert_int_equal(world_event(&c.w, BINDERY_UE_EVENT_WAITING)->why, BINDERY_UE_WHY_NO_CELL);
    camp_on(&c, "001-01", 1);
    expect_request(&c);
    client_close(&c);
}

static void it_stops_when_it_is_told_to(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        struct client c;
        client_open(&c);
        begin(&c);
        if (i >= 2) {
            reject(&c, (struct bytes){NULL, 0});
        }
        const struct bytes value = result(&c);
        c.w.events_n = 0;
        assert_int_equal(bindery_ue_detach(&c.w.ue, c.w.now, i % 2 == 1), BINDERY_UE_OK);
        world_take(&c.w);
        assert_true(told(&c, BINDERY_UE_EVENT_DEREGISTERED));
        assert_int_equal(c.w.up.n, 0);
        reject(&c, value);
        assert_int_equal(world_refusal(&c.w), BINDERY_UE_REFUSED_UNEXPECTED);
        assert_int_equal(c.k.installed_n, 0);
        while (world_wait(&c.w)) {
            assert_int_equal(c.w.up.n, 0);
        }
        world_attach(&c.w);
        expect_request(&c);
        client_close(&c);
    }
}

/* ---- a network that knows nothing of this ---- */

/*= test certattach-elsewhere */
static void a_network_that_wants_the_imsi_hears_that_there_is_none(void **state)
{
    struct client c;
    struct nas_identity_request m = {.identity_type = NAS_IDENTITY_IMSI};
    struct nas_identity_response out;
    struct nas_identity id;
    (void)state;
    client_open(&c);
    begin(&c);
    for (unsigned i = 0; i < 3; i++) {
        net_plain(&c.w, &nas_identity_request_message, &m);
        net_expect(&c.w, &nas_identity_response_message, &out);
        assert_ok(nas_identity_parse(out.identity, &id));
        assert_int_equal(id.type, NAS_IDENTITY_NONE);
        assert_null(out.bindery_container.p);
    }
    reject_with(&c, EMM_CAUSE_UE_IDENTITY_CANNOT_BE_DERIVED, (struct bytes){NULL, 0});
    expect_elsewhere(&c, world_event(&c.w, BINDERY_UE_EVENT_WAITING)->why);
    client_close(&c);
}

static void other_identities_and_proofs_are_not_given_away(void **state)
{
    static const uint8_t challenge[] = {NAS_CONTAINER_DEVID_CHALLENGE, 1};
    static const uint8_t command[] = {NAS_CONTAINER_KME_COMMAND, 1};
    struct client c;
    (void)state;
    client_open(&c);
    begin(&c);
    for (uint8_t type = 0; type < 8; type++) {
        const struct nas_identity_request m = {.identity_type = type};
        if (type != NAS_IDENTITY_IMSI) {
            net_plain(&c.w, &nas_identity_request_message, &m);
            assert_int_equal(world_refusal(&c.w), BINDERY_UE_REFUSED_IDENTITY_UNPROTECTED);
            assert_int_equal(c.w.up.n, 0);
        }
    }
    struct nas_identity_request m = {.identity_type = NAS_IDENTITY_IMSI,
                                     .bindery_container = BYTES_OF(challenge)};
    net_plain(&c.w, &nas_identity_request_message, &m);
    assert_int_equal(world_refusal(&c.w), BINDERY_UE_REFUSED_CHALLENGE_UNPROTECTED);
    m.bindery_container = BYTES_OF(command);
    net_plain(&c.w, &nas_identity_request_message, &m);
    assert_int_equal(world_refusal(&c.w), BINDERY_UE_REFUSED_COMMAND_UNPROTECTED);
    assert_int_equal(c.w.up.n, 0);
    client_close(&c);
}

static void expect_status_98(struct client *c)
{
    struct nas_emm_status m;
    net_expect(&c->w, &nas_emm_status_message, &m);
    assert_int_equal(m.emm_cause, EMM_CAUSE_MESSAGE_TYPE_NOT_COMPATIBLE);
}

static void what_needs_a_subscription_is_refused(void **state)
{
    struct client c;
    struct nas_authentication_reject none;
    (void)state;
    memset(&none, 0, sizeof none);
    client_open(&c);
    begin(&c);
    struct nas_authentication_request m = net_vector(&c.w, NULL);
    net_plain(&c.w, &nas_authentication_request_message, &m);
    assert_int_equal(world_refusal(&c.w), BINDERY_UE_REFUSED_NO_SUBSCRIPTION);
    expect_status_98(&c);
    net_plain(&c.w, &nas_authentication_reject_message, &none);
    assert_int_equal(world_refusal(&c.w), BINDERY_UE_REFUSED_NO_SUBSCRIPTION);
    expect_status_98(&c);
    assert_false(told(&c, BINDERY_UE_EVENT_AUTHENTICATION));
    assert_int_equal(bindery_ue_state(&c.w.ue), BINDERY_UE_STATE_ATTACHING);
    reject(&c, result(&c)); /* none of it has ended the attempt */
    expect_onboarded(&c);
    client_close(&c);
}

/* Keys that this device cannot have, of a network that made them up. */
static void nothing_protected_is_believed(void **state)
{
    struct client c;
    struct net_accept a;
    uint8_t out[512], capability[2], hash[8];
    (void)state;
    client_open(&c);
    begin(&c);
    (void)net_vector(&c.w, NULL);
    net_new_context(&c.w);
    const struct nas_security_mode_command command = net_command(&c.w, capability, hash);
    world_down(&c.w, net_protect(&c.w, NAS_SHT_INTEGRITY_NEW, &nas_security_mode_command_message,
                                 &command, MBYTES_OF(out)));
    assert_int_equal(world_refusal(&c.w), BINDERY_UE_REFUSED_NO_SUBSCRIPTION);
    assert_int_equal(c.w.up.n, 0);
    net_make_accept(&c.w, &a);
    net_secured(&c.w, &nas_attach_accept_message, &a.m);
    assert_int_equal(world_refusal(&c.w), BINDERY_UE_REFUSED_NO_CONTEXT);
    net_plain(&c.w, &nas_attach_accept_message, &a.m);
    assert_int_equal(world_refusal(&c.w), BINDERY_UE_REFUSED_UNPROTECTED);
    const struct nas_attach_reject m = {.emm_cause = EMM_CAUSE_NETWORK_FAILURE,
                                        .bindery_container = result(&c)};
    uint8_t longer[2048];
    uint8_t plain[2000];
    size_t n = 0, made = 0;
    assert_ok(nas_write(&nas_attach_reject_message, &m, MBYTES_OF(plain), &n));
    assert_ok(nassec_protect(&c.w.c, &c.w.security, NAS_SHT_CIPHERED, (struct bytes){plain, n},
                             MBYTES_OF(longer), &made));
    world_down(&c.w, (struct bytes){longer, made});
    assert_int_equal(world_refusal(&c.w), BINDERY_UE_REFUSED_NO_CONTEXT);
    assert_int_equal(bindery_ue_state(&c.w.ue), BINDERY_UE_STATE_ATTACHING);
    client_close(&c);
}

/* ---- every message in every state ---- */

static void put_into(struct client *c, enum bindery_ue_state state)
{
    client_boot(c);
    world_camp(&c->w, 1);
    if (state != BINDERY_UE_STATE_DEREGISTERED) {
        world_attach(&c->w);
    }
    if (state == BINDERY_UE_STATE_WAITING) {
        reject(c, (struct bytes){NULL, 0});
    }
    if (state == BINDERY_UE_STATE_LIMITED) {
        client_boot(c);
        world_attach(&c->w);
    }
    assert_int_equal(bindery_ue_state(&c->w.ue), state);
}

static void no_message_but_two_has_an_effect(void **state)
{
    static const uint8_t states[] = {BINDERY_UE_STATE_DEREGISTERED, BINDERY_UE_STATE_WAITING,
                                     BINDERY_UE_STATE_LIMITED, BINDERY_UE_STATE_ATTACHING};
    struct client c;
    (void)state;
    client_open(&c);
    for (size_t i = 0; i < sizeof states; i++) {
        for (unsigned type = 0x40; type < 0x80; type++) {
            const enum bindery_ue_state s = (enum bindery_ue_state)states[i];
            uint8_t pdu[] = {0x07, (uint8_t)type, EMM_CAUSE_NETWORK_FAILURE};
            const bool attaching = s == BINDERY_UE_STATE_ATTACHING;
            put_into(&c, s);
            if (attaching && (type == NAS_ATTACH_REJECT || type == NAS_IDENTITY_REQUEST)) {
                continue;
            }
            world_down(&c.w, BYTES_OF(pdu));
            assert_int_not_equal(world_refusal(&c.w), BINDERY_UE_REFUSED_NONE);
            assert_int_equal(c.w.events_n, 1);
            assert_int_equal(bindery_ue_state(&c.w.ue), s);
        }
    }
    client_close(&c);
}

/* What its table has is less than what the other has, and no pair twice. */
static void its_table_has_no_state_that_it_cannot_be_in(void **state)
{
    static const uint8_t never[] = {BINDERY_UE_STATE_REGISTERED, BINDERY_UE_STATE_SERVICE_REQUESTED,
                                    BINDERY_UE_STATE_UPDATING, BINDERY_UE_STATE_DETACHING};
    unsigned handled = 0;
    (void)state;
    for (unsigned e = 0; e < EMM_EVENT_COUNT; e++) {
        for (size_t i = 0; i < sizeof never; i++) {
            assert_null(emm_handler_onboarding((enum bindery_ue_state)never[i], (enum emm_event)e));
        }
        for (unsigned s = 0; s < BINDERY_UE_STATE_COUNT; s++) {
            const bool here =
                emm_handler_onboarding((enum bindery_ue_state)s, (enum emm_event)e) != NULL;
            handled += here;
            if (here) {
                assert_non_null(emm_handler_of((enum bindery_ue_state)s, (enum emm_event)e));
            }
        }
    }
    assert_true(handled > 30);
    assert_null(emm_handler_onboarding(BINDERY_UE_STATE_ATTACHING, EMM_ON_ATTACH_ACCEPT));
    assert_null(emm_handler_onboarding(BINDERY_UE_STATE_ATTACHING, EMM_ON_SECURITY_MODE));
}

static void what_it_says_has_names(void **state)
{
    (void)state;
    assert_string_equal(bindery_ue_event_name(BINDERY_UE_EVENT_ONBOARDING), "onboarding");
    assert_string_equal(bindery_ue_event_name(BINDERY_UE_EVENT_ONBOARDED), "onboarded");
    assert_string_equal(bindery_ue_event_name(BINDERY_UE_EVENT_ELSEWHERE), "elsewhere");
    assert_string_equal(bindery_ue_refusal_name(BINDERY_UE_REFUSED_RESULT_PROFILE),
                        "profile-unreadable");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_cause_locks_the_device_out),
        cmocka_unit_test(a_result_is_taken_with_whatever_cause_it_comes),
        cmocka_unit_test(five_attempts_and_then_it_waits_longer),
        cmocka_unit_test(congestion_is_waited_for_there_and_not_elsewhere),
        cmocka_unit_test(silence_is_a_failed_attempt),
        cmocka_unit_test(another_network_is_tried_at_once),
        cmocka_unit_test(the_connection_of_the_old_cell_goes_first),
        cmocka_unit_test(a_result_of_the_network_before_is_refused),
        cmocka_unit_test(going_round_is_not_faster_than_staying),
        cmocka_unit_test(a_device_that_is_not_told_to_attach_only_camps),
        cmocka_unit_test(without_a_cell_it_waits_for_one),
        cmocka_unit_test(it_stops_when_it_is_told_to),
        cmocka_unit_test(a_network_that_wants_the_imsi_hears_that_there_is_none),
        cmocka_unit_test(other_identities_and_proofs_are_not_given_away),
        cmocka_unit_test(what_needs_a_subscription_is_refused),
        cmocka_unit_test(nothing_protected_is_believed),
        cmocka_unit_test(no_message_but_two_has_an_effect),
        cmocka_unit_test(its_table_has_no_state_that_it_cannot_be_in),
        cmocka_unit_test(what_it_says_has_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
