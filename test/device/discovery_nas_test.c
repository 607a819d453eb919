/* The first attach with a dIMSI, on the air: src/device/discovery_nas.c. */
#include "device/discovering.h"

/*= test dimsi-3 dimsi-6 dimsi-7-replace dimsi-8 dimsi-10 */
static void an_attach_with_a_dimsi_brings_the_imsi_and_the_next_one_is_with_it(void **state)
{
    struct seeker s;
    (void)state;
    seeker_open(&s);
    seeker_begin(&s);
    seeker_answers(&s);
    net_secure(&s.w);
    assert_true(seeker_told(&s, BINDERY_UE_EVENT_SECURED));
    seeker_reject(&s, EMM_CAUSE_NETWORK_FAILURE);
    assert_true(world_event(&s.w, BINDERY_UE_EVENT_REJECTED)->secured);
    seeker_expect_discovered(&s);
    world_lower(&s.w, BINDERY_UE_LOWER_RELEASED);
    assert_int_equal(s.w.up.n, 0);
    assert_int_equal(bindery_ue_attach(&s.w.ue, s.w.now), BINDERY_UE_ERR_STATE);
    while (world_wait(&s.w)) {
        assert_int_equal(s.w.up.n, 0);
    }
    seeker_attaches_with_imsi(&s);
    seeker_close(&s);
}

/*= test dimsi-durable */
static void what_could_not_be_stored_is_not_answered(void **state)
{
    struct seeker s;
    (void)state;
    seeker_open(&s);
    seeker_begin(&s);
    seeker_make(&s);
    s.flash_fails = true;
    for (unsigned i = 0; i < 4; i++) { /* it is no failure of the network's */
        seeker_send(&s);
        assert_int_equal(s.w.up.n, 0);
        assert_true(seeker_told(&s, BINDERY_UE_EVENT_STORE_FAILED));
        assert_false(seeker_told(&s, BINDERY_UE_EVENT_DISCOVERY));
    }
    s.flash_fails = false;
    seeker_send(&s);
    seeker_expect_answer(&s, BINDERY_UE_DISCOVERY_INSTALLED);
    seeker_close(&s);
}

/*= test dimsi-repeat */
static void the_same_challenge_again_is_answered_the_same(void **state)
{
    struct seeker s;
    (void)state;
    seeker_open(&s);
    seeker_begin(&s);
    seeker_answers(&s);
    for (unsigned i = 0; i < 5; i++) {
        seeker_send(&s);
        seeker_expect_answer(&s, BINDERY_UE_DISCOVERY_REPEATED);
    }
    net_secure(&s.w);
    seeker_send(&s); /* without protection now: the secure element is not even asked */
    assert_int_equal(s.asked, 6);
    assert_int_equal(world_refusal(&s.w), BINDERY_UE_REFUSED_UNPROTECTED);
    seeker_close(&s);
}

/*= test dimsi-7-integrity dimsi-separation dimsi-binding-apart */
static void a_flipped_bit_of_rand_or_autn_is_found(void **state)
{
    struct seeker s;
    (void)state;
    seeker_open(&s);
    for (unsigned bit = 0; bit < 256; bit++) {
        struct nas_authentication_failure m;
        const bool separation = bit == 128 + 48;
        seeker_boot(&s);
        s.asked = 0;
        seeker_begin(&s);
        seeker_make(&s);
        const uint8_t flip = (uint8_t)(0x80 >> (bit % 8));
        if (bit < 128) {
            s.w.vector.rand[bit / 8] ^= flip;
        } else {
            s.w.vector.autn.b[bit / 8 - 16] ^= flip;
        }
        seeker_send(&s);
        assert_int_equal(s.asked, !separation);
        if (separation) { /* the equipment's own check, as ever */
            const struct bindery_ue_event *e = world_event(&s.w, BINDERY_UE_EVENT_AUTHENTICATION);
            net_expect(&s.w, &nas_authentication_failure_message, &m);
            assert_int_equal(m.emm_cause, EMM_CAUSE_NON_EPS_AUTHENTICATION_UNACCEPTABLE);
            assert_int_equal(e->outcome, BINDERY_UE_NO_SEPARATION_BIT);
        } else {
            seeker_expect_failure(&s, BINDERY_UE_DISCOVERY_INTEGRITY);
        }
        assert_int_equal(s.flashed, 0);
    }
    seeker_boot(&s);
    seeker_begin(&s);
    seeker_answers(&s);
    seeker_close(&s);
}

/*= test dimsi-other-imsi */
static void another_imsi_under_the_same_ek_is_refused(void **state)
{
    struct seeker s;
    struct imsi other;
    (void)state;
    seeker_open(&s);
    seeker_begin(&s);
    seeker_answers(&s);
    assert_ok(imsi_parse(BYTES_LIT("001010000700002"), &other));
    seeker_make_for(&s, &other);
    seeker_send(&s);
    seeker_expect_failure(&s, BINDERY_UE_DISCOVERY_OTHER_IMSI);
    assert_int_equal(s.flashed, 1);
    seeker_make(&s); /* and the right one is still right */
    seeker_send(&s);
    seeker_expect_answer(&s, BINDERY_UE_DISCOVERY_REPEATED);
    seeker_close(&s);
}

static void an_erased_slot_answers_nothing(void **state)
{
    struct seeker s;
    (void)state;
    seeker_open(&s);
    seeker_begin(&s);
    seeker_make(&s);
    bindery_ue_slot_erase(&s.slot);
    seeker_send(&s);
    seeker_expect_failure(&s, BINDERY_UE_DISCOVERY_ERASED);
    seeker_close(&s);
}

/* Three in a row, and the cell is barred. What was installed before stays. */
static void a_network_that_is_not_genuine_is_left(void **state)
{
    (void)state;
    for (unsigned installed = 0; installed < 2; installed++) {
        struct seeker s;
        seeker_open(&s);
        seeker_begin(&s);
        if (installed) {
            seeker_answers(&s);
        }
        seeker_make(&s);
        s.w.vector.rand[3] ^= 1;
        seeker_send(&s);
        seeker_expect_failure(&s, BINDERY_UE_DISCOVERY_INTEGRITY);
        seeker_send(&s);
        seeker_expect_failure(&s, BINDERY_UE_DISCOVERY_INTEGRITY);
        seeker_send(&s);
        assert_int_equal(s.w.up.n, 0);
        assert_true(seeker_told(&s, BINDERY_UE_EVENT_NOT_GENUINE));
        if (installed) {
            seeker_expect_discovered(&s);
        } else {
            seeker_expect_elsewhere(&s, BINDERY_UE_WHY_RETRY);
            (void)seeker_wait_for_request(&s);
        }
        seeker_close(&s);
    }
}

static void no_second_challenge_after_one_that_failed_ends_the_attempt(void **state)
{
    struct seeker s;
    (void)state;
    seeker_open(&s);
    seeker_begin(&s);
    seeker_make(&s);
    s.w.vector.autn.b[0] ^= 1;
    seeker_send(&s);
    assert_true(world_wait(&s.w)); /* T3418 */
    assert_true(seeker_told(&s, BINDERY_UE_EVENT_NOT_GENUINE));
    seeker_expect_elsewhere(&s, BINDERY_UE_WHY_RETRY);
    seeker_close(&s);
}

/* A secure element that is broken, or says what no secure element may. */
static void an_answer_of_the_secure_element_that_cannot_be_is_not_used(void **state)
{
    static const struct {
        uint8_t res_n, imsi_n;
        char first;
    } wrong[] = {{0, 15, '0'}, {3, 15, '0'}, {17, 15, '0'}, {255, 15, '0'}, {8, 0, '0'},
                 {8, 5, '0'},  {8, 16, '0'}, {8, 255, '0'}, {8, 15, 'x'},   {8, 15, '\0'}};
    struct seeker s;
    (void)state;
    seeker_open(&s);
    seeker_begin(&s);
    seeker_make(&s);
    s.lies = true;
    s.says = BINDERY_UE_DISCOVERY_BROKEN;
    seeker_send(&s);
    assert_true(seeker_told(&s, BINDERY_UE_EVENT_CRYPTO_FAILED));
    assert_int_equal(s.w.up.n, 0);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        s.says = i % 2 == 0 ? BINDERY_UE_DISCOVERY_INSTALLED : BINDERY_UE_DISCOVERY_REPEATED;
        s.says_answer.res_n = wrong[i].res_n;
        memcpy(s.says_imsi, SEEKER_IMSI, 15);
        s.says_imsi[0] = wrong[i].first;
        s.says_imsi_n = wrong[i].imsi_n;
        seeker_send(&s);
        assert_true(seeker_told(&s, BINDERY_UE_EVENT_CRYPTO_FAILED));
        assert_false(seeker_told(&s, BINDERY_UE_EVENT_DISCOVERY));
        assert_int_equal(s.w.up.n, 0);
    }
    world_lower(&s.w, BINDERY_UE_LOWER_RELEASED); /* nothing was installed */
    seeker_expect_elsewhere(&s, BINDERY_UE_WHY_RETRY);
    seeker_close(&s);
}

/* ---- what else a plain network asks ---- */

/*= test dimsi-network */
static void who_it_is_is_answered_with_the_dimsi(void **state)
{
    static const uint8_t asked[] = {NAS_CONTAINER_DEVID_CHALLENGE, 1, 0, 0};
    static const struct bytes elements[] = {{NULL, 0}, {asked, sizeof asked}};
    struct seeker s;
    (void)state;
    seeker_open(&s);
    seeker_begin(&s);
    for (size_t i = 0; i < 2;
         i++) { /* and nothing is proved, or refused for not being asked well */
        const struct nas_identity_request m = {.identity_type = NAS_IDENTITY_IMSI,
                                               .bindery_container = elements[i]};
        struct nas_identity_response out;
        struct nas_identity id;
        net_plain(&s.w, &nas_identity_request_message, &m);
        net_expect(&s.w, &nas_identity_response_message, &out);
        assert_ok(nas_identity_parse(out.identity, &id));
        assert_int_equal(id.type, NAS_IDENTITY_IMSI);
        assert_true(imsi_eq(&id.imsi, &s.dimsi));
        assert_null(out.bindery_container.p);
    }
    seeker_answers(&s);
    net_secure(&s.w);
    const struct nas_identity_request m = {.identity_type = NAS_IDENTITY_IMEI,
                                           .bindery_container = BYTES_OF(asked)};
    struct nas_identity_response out;
    net_secured(&s.w, &nas_identity_request_message, &m);
    net_expect(&s.w, &nas_identity_response_message, &out);
    assert_int_equal(s.w.sht, NAS_SHT_CIPHERED);
    assert_null(out.bindery_container.p);
    seeker_close(&s);
}

/*= test dimsi-network */
static void the_apn_is_given_to_a_network_that_asks_before_it_looks_up_who_this_is(void **state)
{
    struct seeker s;
    struct nas_esm_information_request m;
    struct nas_esm_information_response out;
    (void)state;
    memset(&m, 0, sizeof m);
    seeker_open(&s);
    seeker_begin(&s);
    seeker_answers(&s);
    net_secure(&s.w);
    m.header.pti = UE_PTI;
    net_secured(&s.w, &nas_esm_information_request_message, &m);
    net_expect(&s.w, &nas_esm_information_response_message, &out);
    assert_int_equal(s.w.sht, NAS_SHT_CIPHERED);
    assert_int_equal(out.apn.n, 9);
    seeker_close(&s);
}

/*= test dimsi-no-service */
static void no_service_is_taken_on_a_dimsi(void **state)
{
    struct seeker s;
    struct net_accept a;
    struct nas_emm_status m;
    (void)state;
    seeker_open(&s);
    seeker_begin(&s);
    seeker_answers(&s);
    net_secure(&s.w);
    net_make_accept(&s.w, &a);
    for (unsigned i = 0; i < 3; i++) {
        net_secured(&s.w, &nas_attach_accept_message, &a.m);
        assert_int_equal(world_refusal(&s.w), BINDERY_UE_REFUSED_NO_SERVICE);
        net_expect(&s.w, &nas_emm_status_message, &m);
        assert_int_equal(m.emm_cause, EMM_CAUSE_MESSAGE_TYPE_NOT_COMPATIBLE);
        assert_false(seeker_told(&s, BINDERY_UE_EVENT_REGISTERED));
        assert_int_equal(bindery_ue_state(&s.w.ue), BINDERY_UE_STATE_ATTACHING);
    }
    struct bindery_ue_guti guti;
    assert_false(bindery_ue_guti(&s.w.ue, &guti));
    assert_int_equal(bindery_ue_service(&s.w.ue, s.w.now, false), BINDERY_UE_ERR_STATE);
    while (!seeker_told(&s, BINDERY_UE_EVENT_DISCOVERED)) {
        assert_true(world_wait(&s.w)); /* T3410 */
    }
    seeker_expect_discovered(&s);
    seeker_attaches_with_imsi(&s);
    seeker_close(&s);
}

/* Each attempt is a first one: no key set, though the last had one, and no answer of the last. */
static void nothing_of_an_attempt_is_left_for_the_next(void **state)
{
    struct seeker s;
    (void)state;
    seeker_open(&s);
    seeker_begin(&s);
    seeker_make(&s);
    s.lies = true; /* a secure element that answers, and installs nothing */
    s.says = BINDERY_UE_DISCOVERY_REPEATED;
    s.says_answer.res_n = 8;
    memcpy(s.says_imsi, SEEKER_IMSI, 15);
    s.says_imsi_n = 15;
    seeker_send(&s);
    assert_true(s.w.up.n > 0);
    world_lower(&s.w, BINDERY_UE_LOWER_RELEASED);
    assert_true(seeker_told(&s, BINDERY_UE_EVENT_DISCOVERED));
    s.lies = false;
    seeker_boot(&s); /* its flash knows of none */
    seeker_begin(&s);
    seeker_answers(&s);
    seeker_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_attach_with_a_dimsi_brings_the_imsi_and_the_next_one_is_with_it),
        cmocka_unit_test(what_could_not_be_stored_is_not_answered),
        cmocka_unit_test(the_same_challenge_again_is_answered_the_same),
        cmocka_unit_test(a_flipped_bit_of_rand_or_autn_is_found),
        cmocka_unit_test(another_imsi_under_the_same_ek_is_refused),
        cmocka_unit_test(an_erased_slot_answers_nothing),
        cmocka_unit_test(a_network_that_is_not_genuine_is_left),
        cmocka_unit_test(no_second_challenge_after_one_that_failed_ends_the_attempt),
        cmocka_unit_test(an_answer_of_the_secure_element_that_cannot_be_is_not_used),
        cmocka_unit_test(who_it_is_is_answered_with_the_dimsi),
        cmocka_unit_test(the_apn_is_given_to_a_network_that_asks_before_it_looks_up_who_this_is),
        cmocka_unit_test(no_service_is_taken_on_a_dimsi),
        cmocka_unit_test(nothing_of_an_attempt_is_left_for_the_next),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
