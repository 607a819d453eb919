/* What networks may send to a device with a dIMSI, and where it goes then: the ends of an attempt,
 * src/device/discovery_nas.c, src/device/reject.c, src/device/emm_table.c. */
#include "device/discovering.h"

/* ---- rejects ---- */

/* Causes that are heard only under protection. */
static bool is_heard(unsigned cause)
{
    return cause != EMM_CAUSE_NOT_AUTHORIZED_FOR_CSG &&
           cause != EMM_CAUSE_PLMN_NOT_ALLOWED_AT_LOCATION;
}

/*= test dimsi-provisional */
static void no_cause_locks_the_device_out(void **state)
{
    unsigned soon = 0;
    (void)state;
    for (unsigned cause = 0; cause < 256; cause++) {
        struct seeker s;
        seeker_open(&s);
        seeker_begin(&s);
        seeker_reject(&s, (uint8_t)cause);
        if (!is_heard(cause)) {
            assert_int_equal(world_refusal(&s.w), BINDERY_UE_REFUSED_UNPROTECTED);
            seeker_close(&s);
            continue;
        }
        const bool retry = world_event(&s.w, BINDERY_UE_EVENT_WAITING)->why == BINDERY_UE_WHY_RETRY;
        seeker_expect_elsewhere(&s, retry ? BINDERY_UE_WHY_RETRY : BINDERY_UE_WHY_EXHAUSTED);
        assert_int_equal(world_event(&s.w, BINDERY_UE_EVENT_REJECTED)->cause, cause);
        soon += retry;
        assert_int_equal(seeker_wait_for_request(&s), retry ? 10000 : 720000);
        seeker_answers(&s);
        seeker_close(&s);
    }
    assert_true(soon > 10 && soon < 30);
}

/*= test dimsi-7-replace dimsi-8 */
static void with_an_imsi_every_cause_is_a_good_end(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 512; i++) {
        const uint8_t cause = (uint8_t)i;
        const bool secured = i >= 256;
        struct seeker s;
        seeker_open(&s);
        seeker_begin(&s);
        seeker_answers(&s);
        if (secured) {
            net_secure(&s.w);
        }
        seeker_reject(&s, cause);
        if (secured || is_heard(cause)) {
            seeker_expect_discovered(&s);
        } else {
            assert_int_equal(world_refusal(&s.w), BINDERY_UE_REFUSED_UNPROTECTED);
        }
        seeker_close(&s);
    }
}

static void send_authentication_reject(struct seeker *s)
{
    struct nas_authentication_reject none;
    memset(&none, 0, sizeof none);
    net_plain(&s->w, &nas_authentication_reject_message, &none);
}

/*= test dimsi-provisional */
static void authentication_reject_ends_an_attempt_and_nothing_else(void **state)
{
    struct seeker s;
    (void)state;
    seeker_open(&s);
    seeker_begin(&s);
    send_authentication_reject(&s); /* to nothing that was answered */
    assert_int_equal(world_refusal(&s.w), BINDERY_UE_REFUSED_UNEXPECTED);
    seeker_make(&s);
    s.w.vector.rand[0] ^= 1;
    seeker_send(&s);
    send_authentication_reject(&s);
    seeker_expect_elsewhere(&s, BINDERY_UE_WHY_EXHAUSTED);
    assert_int_equal(seeker_wait_for_request(&s), 720000);
    seeker_answers(&s);
    send_authentication_reject(&s); /* RES was changed on its way, say: the IMSI is here anyway */
    seeker_expect_discovered(&s);
    seeker_attaches_with_imsi(&s);
    seeker_close(&s);
}

static void congestion_is_waited_for_there(void **state)
{
    const struct nas_attach_reject m = {.emm_cause = EMM_CAUSE_CONGESTION,
                                        .t3346 = NAS_U8_OF(nas_timer_of(60))};
    struct seeker s;
    (void)state;
    seeker_open(&s);
    seeker_begin(&s);
    net_plain(&s.w, &nas_attach_reject_message, &m);
    seeker_expect_elsewhere(&s, BINDERY_UE_WHY_CONGESTION);
    const uint64_t waits = seeker_wait_for_request(&s);
    assert_true(waits >= 900000 && waits <= 1800000);
    seeker_close(&s);
}

static void five_attempts_and_then_it_waits_longer(void **state)
{
    struct seeker s;
    (void)state;
    seeker_open(&s);
    seeker_begin(&s);
    for (unsigned round = 0; round < 3; round++) {
        for (unsigned i = 1; i < UE_ATTEMPTS; i++) {
            seeker_reject(&s, EMM_CAUSE_NETWORK_FAILURE);
            seeker_expect_elsewhere(&s, BINDERY_UE_WHY_RETRY);
            assert_int_equal(seeker_wait_for_request(&s), 10000);
        }
        seeker_reject(&s, EMM_CAUSE_NETWORK_FAILURE);
        seeker_expect_elsewhere(&s, BINDERY_UE_WHY_EXHAUSTED);
        assert_int_equal(seeker_wait_for_request(&s), 720000);
    }
    seeker_close(&s);
}

/* ---- silence, and a connection that ends ---- */

/*= test dimsi-7-replace dimsi-durable */
static void silence_is_an_end_as_well(void **state)
{
    static const enum bindery_ue_lower lower[] = {BINDERY_UE_LOWER_RELEASED,
                                                  BINDERY_UE_LOWER_FAILED};
    (void)state;
    for (unsigned i = 0; i < 12; i++) {
        const unsigned how = i % 3, upto = i / 3; /* request, challenge, security mode, RES lost */
        struct seeker s;
        seeker_open(&s);
        seeker_begin(&s);
        if (upto > 0) {
            seeker_answers(&s);
        }
        if (upto == 2) {
            net_secure(&s.w);
        }
        if (how == 2) {
            do {
                assert_true(world_wait(&s.w)); /* T3410 */
            } while (!seeker_told(&s, BINDERY_UE_EVENT_RELEASE));
        } else {
            world_lower(&s.w, lower[how]);
        }
        if (upto > 0) {
            seeker_expect_discovered(&s);
            seeker_attaches_with_imsi(&s);
        } else {
            seeker_expect_elsewhere(&s, BINDERY_UE_WHY_RETRY);
            (void)seeker_wait_for_request(&s);
        }
        seeker_close(&s);
    }
}

/* ---- another network ---- */

static void camp_on(struct seeker *s, const char *plmn, uint16_t tac)
{
    assert_ok(plmn_parse(bytes_of_str(plmn), &s->w.guti.plmn));
    world_camp(&s->w, tac);
}

/*= test dimsi-3 */
static void another_network_is_tried_at_once(void **state)
{
    struct seeker s;
    (void)state;
    seeker_open(&s);
    seeker_begin(&s);
    seeker_reject(&s, EMM_CAUSE_ILLEGAL_UE);
    seeker_expect_elsewhere(&s, BINDERY_UE_WHY_EXHAUSTED);
    world_lower(&s.w, BINDERY_UE_LOWER_RELEASED);
    camp_on(&s, "999-70", 1);
    seeker_expect_request(&s);
    world_lower(&s.w, BINDERY_UE_LOWER_CONNECTED);
    seeker_answers(&s); /* the same vector; KASME is this network's */
    net_secure(&s.w);
    seeker_reject(&s, EMM_CAUSE_NETWORK_FAILURE);
    seeker_expect_discovered(&s);
    seeker_close(&s);
}

static void a_device_that_moves_with_an_imsi_is_done(void **state)
{
    struct seeker s;
    (void)state;
    seeker_open(&s);
    seeker_begin(&s);
    seeker_answers(&s);
    camp_on(&s, "999-70", 1);
    assert_true(seeker_told(&s, BINDERY_UE_EVENT_RELEASE));
    seeker_expect_discovered(&s);
    while (world_wait(&s.w)) {
        assert_int_equal(s.w.up.n, 0);
    }
    seeker_attaches_with_imsi(&s);
    seeker_close(&s);
}

static void it_stops_when_it_is_told_to(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        struct seeker s;
        seeker_open(&s);
        seeker_begin(&s);
        if (i >= 2) {
            seeker_answers(&s);
        }
        s.w.events_n = 0;
        assert_int_equal(bindery_ue_detach(&s.w.ue, s.w.now, i % 2 == 1), BINDERY_UE_OK);
        world_take(&s.w);
        assert_true(seeker_told(&s, BINDERY_UE_EVENT_DEREGISTERED));
        assert_int_equal(s.w.up.n, 0);
        while (world_wait(&s.w)) {
            assert_int_equal(s.w.up.n, 0);
        }
        seeker_boot(&s); /* what was stored stays so */
        assert_int_equal(s.w.host.discovery == NULL, i >= 2);
        seeker_close(&s);
    }
}

/* ---- every message in every state ---- */

static void put_into(struct seeker *s, enum bindery_ue_state state)
{
    seeker_boot(s);
    world_camp(&s->w, 1);
    if (state != BINDERY_UE_STATE_DEREGISTERED) {
        world_attach(&s->w);
    }
    if (state == BINDERY_UE_STATE_WAITING) {
        seeker_reject(s, EMM_CAUSE_NETWORK_FAILURE);
    }
    if (state == BINDERY_UE_STATE_LIMITED) {
        seeker_boot(s);
        world_attach(&s->w);
    }
    assert_int_equal(bindery_ue_state(&s->w.ue), state);
}

static void no_plain_message_but_those_of_an_attach_has_an_effect(void **state)
{
    static const uint8_t states[] = {BINDERY_UE_STATE_DEREGISTERED, BINDERY_UE_STATE_WAITING,
                                     BINDERY_UE_STATE_LIMITED, BINDERY_UE_STATE_ATTACHING};
    struct seeker s;
    (void)state;
    seeker_open(&s);
    for (size_t i = 0; i < sizeof states; i++) {
        for (unsigned type = 0x40; type < 0x80; type++) {
            const enum bindery_ue_state at = (enum bindery_ue_state)states[i];
            uint8_t pdu[] = {0x07, (uint8_t)type, EMM_CAUSE_NETWORK_FAILURE};
            put_into(&s, at);
            if (at == BINDERY_UE_STATE_ATTACHING &&
                (type == NAS_ATTACH_REJECT || type == NAS_IDENTITY_REQUEST)) {
                continue;
            }
            world_down(&s.w, BYTES_OF(pdu));
            assert_int_not_equal(world_refusal(&s.w), BINDERY_UE_REFUSED_NONE);
            assert_int_equal(s.w.events_n, 1);
            assert_int_equal(bindery_ue_state(&s.w.ue), at);
            assert_int_equal(s.flashed, 0);
        }
    }
    seeker_close(&s);
}

/*= test dimsi-no-service */
static void nothing_that_is_about_a_service_is_taken_under_protection_either(void **state)
{
    static const uint8_t no_service[] = {NAS_ATTACH_ACCEPT, NAS_DETACH_REQUEST};
    static const uint8_t taken[] = {NAS_ATTACH_REJECT, NAS_IDENTITY_REQUEST,
                                    NAS_AUTHENTICATION_REJECT, NAS_EMM_STATUS, NAS_EMM_INFORMATION};
    struct seeker s;
    (void)state;
    seeker_open(&s);
    for (unsigned type = 0x40; type < 0x80; type++) {
        uint8_t out[64], plain[] = {0x07, (uint8_t)type, 0, 0};
        size_t n = 0;
        if (memchr(taken, (int)type, sizeof taken) != NULL || type == NAS_SECURITY_MODE_COMMAND ||
            type == NAS_SECURITY_MODE_COMPLETE) { /* these have a header of their own */
            continue;
        }
        seeker_close(&s);
        seeker_open(&s);
        seeker_begin(&s);
        seeker_answers(&s);
        net_secure(&s.w);
        assert_ok(nassec_protect(&s.w.c, &s.w.security, NAS_SHT_CIPHERED, BYTES_OF(plain),
                                 MBYTES_OF(out), &n));
        world_down(&s.w, (struct bytes){out, n});
        assert_int_not_equal(world_refusal(&s.w), BINDERY_UE_REFUSED_NONE);
        if (memchr(no_service, (int)type, sizeof no_service) != NULL) {
            assert_int_equal(world_refusal(&s.w), BINDERY_UE_REFUSED_NO_SERVICE);
        }
        assert_int_equal(bindery_ue_state(&s.w.ue), BINDERY_UE_STATE_ATTACHING);
        assert_int_equal(s.w.stores, 0);
    }
    seeker_close(&s);
}

static void its_table_has_no_state_that_it_cannot_be_in(void **state)
{
    static const uint8_t never[] = {BINDERY_UE_STATE_REGISTERED, BINDERY_UE_STATE_SERVICE_REQUESTED,
                                    BINDERY_UE_STATE_UPDATING, BINDERY_UE_STATE_DETACHING};
    /* wherever it is: a timer that ran out, and a message that says nothing */
    static const uint8_t anywhere[] = {EMM_ON_EXPIRY_T3416, EMM_ON_EMM_STATUS};
    (void)state;
    for (unsigned e = 0; e < EMM_EVENT_COUNT; e++) {
        for (size_t i = 0; i < sizeof never; i++) {
            assert_true(memchr(anywhere, (int)e, sizeof anywhere) != NULL ||
                        emm_handler_discovery((enum bindery_ue_state)never[i], (enum emm_event)e) ==
                            NULL);
        }
        for (unsigned s = 0; s < BINDERY_UE_STATE_COUNT; s++) {
            const enum bindery_ue_state at = (enum bindery_ue_state)s;
            if (emm_handler_discovery(at, (enum emm_event)e) != NULL) {
                assert_non_null(emm_handler_of(at, (enum emm_event)e));
            }
            if (emm_handler_onboarding(at, (enum emm_event)e) != NULL) {
                assert_non_null(emm_handler_discovery(at, (enum emm_event)e));
            }
        }
    }
    assert_null(emm_handler_discovery(BINDERY_UE_STATE_ATTACHING, EMM_ON_ATTACH_ACCEPT));
}

/* ---- what it is made with ---- */

static enum bindery_ue_result init(struct seeker *s, const struct bindery_ue_host *host,
                                   const struct bindery_ue_identity *id, const uint8_t *image,
                                   size_t n)
{
    struct world *w = &s->w;
    return bindery_ue_init(&w->ue, &w->table, host, &w->settings, id, w->buffer,
                           BINDERY_UE_BUFFER_MIN, image, n);
}

static void it_wants_a_secure_element_and_takes_no_keys_and_no_image(void **state)
{
    static const uint8_t octets[64] = {1};
    struct seeker s;
    (void)state;
    seeker_open(&s);
    struct bindery_ue_host host = {.discovery = &s.discovery};
    struct bindery_ue_identity id = s.w.identity;
    assert_int_equal(init(&s, &host, &id, NULL, 0), BINDERY_UE_OK);
    assert_int_equal(init(&s, &host, &id, octets, sizeof octets), BINDERY_UE_ERR_ARGUMENT);
    id.kme = octets;
    assert_int_equal(init(&s, &host, &id, NULL, 0), BINDERY_UE_ERR_ARGUMENT);
    id.kme = NULL;
    id.keys = octets;
    assert_int_equal(init(&s, &host, &id, NULL, 0), BINDERY_UE_ERR_ARGUMENT);
    id.keys = NULL;
    id.imsi_n = 0; /* that would be onboarding */
    assert_int_equal(init(&s, &host, &id, NULL, 0), BINDERY_UE_ERR_ARGUMENT);
    id.imsi_n = 15;
    s.discovery.challenge = NULL;
    assert_int_equal(init(&s, &host, &id, NULL, 0), BINDERY_UE_ERR_ARGUMENT);
    host.discovery = NULL; /* an ordinary device, which stores */
    assert_int_equal(init(&s, &host, &id, NULL, 0), BINDERY_UE_ERR_ARGUMENT);
    seeker_close(&s);
}

static void what_it_says_has_names(void **state)
{
    (void)state;
    assert_string_equal(bindery_ue_event_name(BINDERY_UE_EVENT_DISCOVERY), "discovery");
    assert_string_equal(bindery_ue_event_name(BINDERY_UE_EVENT_DISCOVERED), "discovered");
    assert_string_equal(bindery_ue_refusal_name(BINDERY_UE_REFUSED_NO_SERVICE), "no-service");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_cause_locks_the_device_out),
        cmocka_unit_test(with_an_imsi_every_cause_is_a_good_end),
        cmocka_unit_test(authentication_reject_ends_an_attempt_and_nothing_else),
        cmocka_unit_test(congestion_is_waited_for_there),
        cmocka_unit_test(five_attempts_and_then_it_waits_longer),
        cmocka_unit_test(silence_is_an_end_as_well),
        cmocka_unit_test(another_network_is_tried_at_once),
        cmocka_unit_test(a_device_that_moves_with_an_imsi_is_done),
        cmocka_unit_test(it_stops_when_it_is_told_to),
        cmocka_unit_test(no_plain_message_but_those_of_an_attach_has_an_effect),
        cmocka_unit_test(nothing_that_is_about_a_service_is_taken_under_protection_either),
        cmocka_unit_test(its_table_has_no_state_that_it_cannot_be_in),
        cmocka_unit_test(it_wants_a_secure_element_and_takes_no_keys_and_no_image),
        cmocka_unit_test(what_it_says_has_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
