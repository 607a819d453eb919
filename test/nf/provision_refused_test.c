/* Payloads that are refused, each for its cause and all with one answer, and what happens to a
 * payload on its way (src/nf/hssd/provision_take.c). */
#include "nf/provision_world.h"

static int up(void **state)
{
    int rc = provision_up(state);
    batch(learns);
    return rc;
}

static uint8_t nonce[KME_NONCE_LEN];

static struct bytes answer_of(unsigned device)
{
    return maker_answers(device, nonce);
}

static void offer(void)
{
    assert_true(offered(0, NULL, BOTH, nonce));
}

static void is_refused(const char *imei, struct bytes value, const char *cause)
{
    size_t before = events("provisioning-refused", cause);
    assert_int_equal(brings(0, imei, value), 5012);
    assert_null(ula.nw_signature.p);
    assert_false(ula.subscription_data.present);
    if (events("provisioning-refused", cause) != before + 1) {
        fail_msg("no event with cause %s", cause);
    }
}

static void device_is_refused(unsigned device, const char *cause)
{
    struct imei imei = world_imei(device);
    is_refused(imei.digits, answer_of(device), cause);
}

static const char *last_detail(void)
{
    static struct store_event list[64];
    size_t n;
    assert_ok(store_list_events(thread.reader, 0, "provisioning-refused", list, 64, &n));
    return n > 0 ? list[n - 1].detail : "";
}

/* ---- what everybody may know ---- */

static void a_payload_that_cannot_be_read(void **state)
{
    (void)state;
    offer();
    struct imei imei = world_imei(1);
    struct bytes value = answer_of(1);
    is_refused(imei.digits, BYTES_LIT("not a container"), "payload-unreadable");
    is_refused(imei.digits, (struct bytes){value.p, value.n - 1}, "payload-unreadable");
}

/*= test kme-context */
static void a_payload_of_another_imsi_or_imei_than_the_request_s(void **state)
{
    (void)state;
    offer();
    struct imei imei = world_imei(1), other = world_imei(2);
    is_refused(other.digits, answer_of(1), "other-imei");
    is_refused(NULL, answer_of(1), "other-imei");
    makers[1].me.pending.present = false;
    makers[1].device.parties.imsi = imsi_of("001010000000002");
    is_refused(imei.digits, answer_of(1), "other-imsi");
}

static void what_nobody_asked_for(void **state)
{
    (void)state;
    struct imei imei = world_imei(1);
    device_is_refused(1, "not-asked");
    offer();
    size_t before = events("provisioning-refused", "not-asked");
    (void)carry(0, updates(0, imei.digits, answer_of(1), OWN_FEATURE_BINDING));
    assert_int_equal(take_ula(), 5012); /* of an MME that does not know what it says */
    assert_int_equal(events("provisioning-refused", "not-asked"), before + 1);
    batch(is_open);
    device_is_refused(1, "not-asked");
}

static void a_nonce_that_expired(void **state)
{
    (void)state;
    offer();
    struct store_kme row = kme_row();
    row.expires = hssd_unix_seconds() - 1;
    put_kme(&row);
    device_is_refused(1, "nonce-expired");
}

/*= test kme-latest */
static void another_payload_under_a_nonce_that_was_used_and_the_same_under_another(void **state)
{
    (void)state;
    struct imei imei = world_imei(1);
    provisions(1);
    static uint8_t kept[WIRE_KME_PAYLOAD_MAX];
    const struct bytes old = {kept, makers[1].value.n};
    memcpy(kept, makers[1].value.p, makers[1].value.n);
    offered(0, NULL, BOTH, nonce);
    memcpy(nonce, kme_row().nonce, sizeof nonce);
    device_is_refused(2, "nonce-used");
    requests(KME_REQUEST_REBIND, MAKERS);
    offer();
    is_refused(imei.digits, old, "payload-replayed");
}

/*= test kme-list kme-approval */
static void a_device_that_may_not_be_bound(void **state)
{
    (void)state;
    const struct key_kme some = {{9, 9}};
    adds_device(1, NULL);
    offer();
    device_is_refused(2, "imei-not-authorised");
    adds_device(1, &some); /* behind the back of the offer */
    device_is_refused(1, "already-bound");
}

/*= test kme-list */
static void a_second_key_where_nobody_says_which_device_asks(void **state)
{
    (void)state;
    const struct key_kme some = {{9, 9}};
    struct imei second = world_imei(2);
    adds_device(1, &some);
    adds_device(2, NULL);
    assert_true(offered(0, second.digits, BOTH, nonce));
    device_is_refused(2, "kme-ambiguous");
}

/*= test kme-find */
static void a_device_without_a_lot_of_another_or_of_another_length(void **state)
{
    (void)state;
    struct lot_key *longer;
    struct kme_lot lot;
    offer();
    makers[1].device.parties.imei = world_imei(NO_LOT);
    is_refused(world_imei(NO_LOT).digits, answer_of(1), "no-lot");
    maker_anew(1);
    makers[1].device.lot = lots[1].id;
    makers[1].device.modulus = modulus_of(&lots[1]);
    device_is_refused(1, "other-lot");
    maker_anew(1);
    assert_ok(lot_key_make(2304, &longer));
    assert_ok(kme_lot_make(BYTES_LIT("north"), BYTES_LIT("x"), lot_key_modulus(longer), &lot));
    makers[1].device.modulus = modulus_of(&lot);
    device_is_refused(1, "payload-length");
    lot_key_close(longer);
}

/* ---- the device's key ---- */

/*= test kme-8 */
static void a_device_whose_key_cannot_be_relied_on(void **state)
{
    (void)state;
    offer();
    makers[1].device.parties.imei = world_imei(100);
    is_refused(world_imei(100).digits, answer_of(1), "device-key");
    assert_string_equal(last_detail(), "no-binding");
    WORLD_SET(fails, E_CLOSED);
    device_is_refused(2, "device-key");
    assert_string_equal(last_detail(), "repository-silent");
    WORLD_SET(fails, E_OK);
    (void)world_publish(3, true);
    device_is_refused(3, "device-key");
    assert_string_equal(last_detail(), "binding-revoked");
}

static void without_repositories_there_are_no_keys(void **state)
{
    (void)state;
    struct repositories *r = hss.repositories;
    offer();
    hss.repositories = NULL;
    device_is_refused(1, "device-key");
    assert_string_equal(last_detail(), "no-binding");
    hss.repositories = r;
}

/*= test devid-flood */
static void an_imsi_has_a_repository_asked_so_often_and_no_more(void **state)
{
    (void)state;
    char digits[IMEI_DIGITS + 1];
    offer();
    for (unsigned i = 0; i <= INQUIRY_BURST; i++) {
        maker_anew(1);
        makers[1].device.parties.imei = world_imei(200 + i);
        memcpy(digits, makers[1].device.parties.imei.digits, sizeof digits);
        is_refused(digits, answer_of(1), "device-key");
    }
    assert_string_equal(last_detail(), "too-many-inquiries");
    assert_int_equal(counted(&hss.counters.inquiries_limited), 1);
}

static void a_binding_that_is_revoked_while_the_payload_is_opened(void **state)
{
    (void)state;
    struct repository_state s;
    struct imei imei = world_imei(1);
    offer();
    (void)answer_of(1);
    pool_stops();
    assert_int_equal(serve(0, updates(0, imei.digits, makers[1].value, BOTH)), S6A_LATER);
    WORLD_AWAIT(kme_pool_waiting(hss.kme_pool) == 1);
    uint64_t serial = world_publish(1, true);
    atomic_fetch_add(&world_ms, 3600 * 1000);
    repositories_kick(hss.repositories);
    WORLD_AWAIT((repositories_state(hss.repositories, 0, &s), s.cursor == serial));
    pool_goes_on();
    assert_int_equal(next_ula(), 5012);
    assert_int_equal(events("provisioning-refused", "device-key"), 1);
    assert_string_equal(last_detail(), "binding-revoked");
    assert_int_equal(kme_row().phase, KME_OFFERED);
}

/* ---- what is encrypted ---- */

static struct bytes opening(void)
{
    uint8_t other[KME_NONCE_LEN];
    memcpy(other, nonce, sizeof other);
    other[5] ^= 1; /* an earlier nonce, as it were */
    return maker_answers(1, other);
}

static struct bytes thief(void)
{
    makers[1].signer.ctx = &makers[2]; /* another device's private key */
    return answer_of(1);
}

static struct bytes abroad(void)
{
    assert_ok(plmn_parse(BYTES_LIT("001-010"), &makers[1].device.parties.home));
    return answer_of(1);
}

static struct bytes other_modulus(void)
{
    makers[1].device.modulus = modulus_of(&lots[1]);
    return answer_of(1);
}

static struct bytes bent(void)
{
    struct bytes value = answer_of(1);
    makers[1].octets[value.n - 1] ^= 1;
    return value;
}

/*= test kme-one-refusal kme-9a kme-9b */
static void whatever_is_wrong_inside_the_answer_is_the_same_to_the_octet(void **state)
{
    (void)state;
    static const struct {
        struct bytes (*make)(void);
        const char *cause;
    } cases[] = {{opening, "payload-not-opened"},
                 {thief, "signature"},
                 {abroad, "signature"},
                 {other_modulus, "payload-not-opened"},
                 {bent, "payload-not-opened"}};
    static uint8_t first[4096];
    size_t first_n = 0;
    struct imei imei = world_imei(1);
    offer();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        maker_anew(1);
        struct bytes value = cases[i].make();
        repeats = i > 0; /* the same identifiers */
        (void)carry(0, updates(0, imei.digits, value, BOTH));
        if (i == 0) {
            first_n = thread.sent_n;
            memcpy(first, thread.sent, first_n);
        }
        assert_int_equal(thread.sent_n, first_n);
        assert_memory_equal(thread.sent, first, first_n);
        assert_int_equal(take_ula(), 5012);
    }
    assert_int_equal(events("provisioning-refused", "payload-not-opened"), 3);
    assert_int_equal(events("provisioning-refused", "signature"), 2);
    repeats = true; /* what everybody may know has no other answer */
    (void)carry(0, updates(0, imei.digits, BYTES_LIT("junk"), BOTH));
    assert_int_equal(thread.sent_n, first_n);
    assert_memory_equal(thread.sent, first, first_n);
    assert_int_equal(kme_row().phase, KME_OFFERED); /* and the right one is taken all the same */
    maker_anew(1);
    assert_int_equal(brings(0, imei.digits, answer_of(1)), DIAMETER_SUCCESS);
    assert_int_equal(counted(&hss.counters.provisionings_refused), 6);
}

/*= test kme-consent */
static void a_renewal_without_the_consent_of_the_old_key(void **state)
{
    (void)state;
    provisions(1);
    requests(KME_REQUEST_RENEW, MAKERS);
    offer();
    makers[1].me.has_active = false; /* it forgot it */
    device_is_refused(1, "no-consent");
}

static void drops_lot(struct store_writer *w)
{
    assert_ok(store_remove_lot(w, "north")); /* and not from the table */
}

static void a_lot_whose_key_is_gone(void **state)
{
    (void)state;
    offer();
    batch(drops_lot);
    device_is_refused(1, "no-lot");
}

/* ---- on its way ---- */

static void begins(unsigned device)
{
    struct imei imei = world_imei(device);
    offer();
    (void)answer_of(device);
    pool_stops();
    assert_int_equal(serve(0, updates(0, imei.digits, makers[device].value, BOTH)), S6A_LATER);
    WORLD_AWAIT(kme_pool_waiting(hss.kme_pool) == 1);
}

static void a_subscription_that_is_suspended_or_removed_meanwhile(void **state)
{
    (void)state;
    begins(1);
    batch(suspends);
    pool_goes_on();
    assert_int_equal(next_ula(), refusal_row(REFUSAL_BARRED)->code);
    batch(learns);
    maker_anew(1);
    begins(1);
    batch(removes);
    pool_goes_on();
    assert_int_equal(next_ula(), S6A_USER_UNKNOWN);
}

/* The payload was good when it was opened. */
static void a_change_between_the_judgement_and_the_writer(void **state)
{
    (void)state;
    struct store_device d[STORE_DEVICES_MAX];
    static void (*const changes[])(struct store_writer * w) = {suspends, removes, is_open};
    const uint32_t codes[] = {refusal_row(REFUSAL_BARRED)->code, S6A_USER_UNKNOWN, 5012};
    struct imei imei = world_imei(1);
    for (size_t i = 0; i < 3; i++) {
        batch(learns);
        maker_anew(1);
        offer();
        (void)answer_of(1);
        rival_waits(changes[i]);
        assert_int_equal(serve(0, updates(0, imei.digits, makers[1].value, BOTH)), S6A_LATER);
        WORLD_AWAIT(writer_depth(hss.writer) == 1); /* it was opened */
        rival_goes_on();
        assert_int_equal(next_ula(), codes[i]);
        assert_int_equal(devices_now(d), 0);
    }
    assert_int_equal(events("provisioning-refused", "not-asked"), 1);
}

static void offers_another(struct store_writer *w)
{
    struct store_kme row;
    struct imsi imsi = imsi_of(IMSI_A);
    assert_ok(store_writer_kme(w, &imsi, &row));
    row.nonce[3] ^= 1;
    assert_ok(store_put_kme(w, &row));
}

/*= test kme-race */
static void another_offer_between_the_judgement_and_the_writer(void **state)
{
    (void)state;
    struct imei imei = world_imei(1);
    offer();
    (void)answer_of(1);
    rival_waits(offers_another);
    assert_int_equal(serve(0, updates(0, imei.digits, makers[1].value, BOTH)), S6A_LATER);
    WORLD_AWAIT(writer_depth(hss.writer) == 1);
    rival_goes_on();
    assert_int_equal(next_ula(), 5012);
    assert_int_equal(events("provisioning-refused", "payload-not-opened"), 1);
}

static void a_pool_that_is_full_and_a_connection_that_is(void **state)
{
    (void)state;
    config.kme.queue = 1;
    begins(1);
    struct imei imei = world_imei(2);
    assert_int_equal(serve(1, updates(1, imei.digits, answer_of(2), BOTH)), S6A_LATER);
    assert_int_equal(next_ula(), DIAMETER_TOO_BUSY); /* told by the repository's thread */
    assert_int_equal(serve(0, updates(0, imei.digits, makers[2].value, BOTH)), S6A_ANSWERED);
    assert_int_equal(take_ula(), DIAMETER_TOO_BUSY);
    thread.crowded = true;
    config.kme.queue = 8;
    assert_int_equal(serve(0, updates(0, imei.digits, makers[2].value, BOTH)), S6A_ANSWERED);
    assert_int_equal(take_ula(), DIAMETER_TOO_BUSY);
    thread.crowded = false;
    pool_goes_on();
    assert_int_equal(next_ula(), DIAMETER_SUCCESS);
    assert_int_equal(counted(&hss.counters.provisionings_refused), 0);
}

static void one_peer_leaves_half_of_the_pool_to_others(void **state)
{
    (void)state;
    struct imei imei = world_imei(1);
    begins(1);
    for (unsigned i = 1; i < config.kme.queue / 2; i++) {
        assert_int_equal(serve(0, updates(0, imei.digits, makers[1].value, BOTH)), S6A_LATER);
    }
    assert_int_equal(serve(0, updates(0, imei.digits, makers[1].value, BOTH)), S6A_ANSWERED);
    assert_int_equal(take_ula(), DIAMETER_TOO_BUSY);
    assert_int_equal(serve(1, updates(1, imei.digits, makers[1].value, BOTH)), S6A_LATER);
    pool_goes_on();
    for (unsigned i = 0; i < config.kme.queue / 2 + 1; i++) {
        assert_int_equal(next_ula(), DIAMETER_SUCCESS);
    }
    assert_int_equal(counted(&hss.counters.provisionings_taken), 1);
    assert_int_equal(atomic_load(&peer_states[0]->payloads), 0);
    assert_int_equal(atomic_load(&peer_states[1]->payloads), 0);
}

static void the_end_of_the_pool_is_told_and_of_the_thread_is_not(void **state)
{
    (void)state;
    begins(1);
    pthread_mutex_lock(&stopper.lock);
    stopper.go = true;
    pthread_cond_broadcast(&stopper.wake);
    pthread_mutex_unlock(&stopper.lock);
    assert_int_equal(next_ula(), DIAMETER_SUCCESS);
    batch(learns);
    maker_anew(1);
    begins(1);
    kme_pool_quiesce(hss.kme_pool);
    pool_goes_on();
    assert_int_equal(next_ula(), DIAMETER_TOO_BUSY);
    struct imei imei = world_imei(1);
    assert_int_equal(serve(0, updates(0, imei.digits, makers[1].value, BOTH)), S6A_ANSWERED);
    assert_int_equal(take_ula(), DIAMETER_TOO_BUSY);
}

/* What it read and wrote with is another thread's to free by then. What was stored is told. */
static void a_payload_of_a_thread_that_has_ended_touches_nothing_of_it(void **state)
{
    (void)state;
    begins(1);
    thread.ended = true;
    thread.calls = 0;
    thread.sent_n = 0;
    pool_goes_on();
    WORLD_AWAIT(pump_waiting());
    pump_one();
    thread.ended = false;
    assert_int_equal(thread.calls, 0);
    assert_int_equal(thread.sent_n, 0);
    assert_int_equal(events("provisioned", NULL), 1);
    assert_int_equal(kme_row().phase, KME_TAKEN);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, up, provision_down)
int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_payload_that_cannot_be_read),
        CASE(a_payload_of_another_imsi_or_imei_than_the_request_s),
        CASE(what_nobody_asked_for),
        CASE(a_nonce_that_expired),
        CASE(another_payload_under_a_nonce_that_was_used_and_the_same_under_another),
        CASE(a_device_that_may_not_be_bound),
        CASE(a_second_key_where_nobody_says_which_device_asks),
        CASE(a_device_without_a_lot_of_another_or_of_another_length),
        CASE(a_device_whose_key_cannot_be_relied_on),
        CASE(without_repositories_there_are_no_keys),
        CASE(an_imsi_has_a_repository_asked_so_often_and_no_more),
        CASE(a_binding_that_is_revoked_while_the_payload_is_opened),
        CASE(whatever_is_wrong_inside_the_answer_is_the_same_to_the_octet),
        CASE(a_renewal_without_the_consent_of_the_old_key),
        CASE(a_lot_whose_key_is_gone),
        CASE(a_subscription_that_is_suspended_or_removed_meanwhile),
        CASE(a_change_between_the_judgement_and_the_writer),
        CASE(another_offer_between_the_judgement_and_the_writer),
        CASE(a_pool_that_is_full_and_a_connection_that_is),
        CASE(one_peer_leaves_half_of_the_pool_to_others),
        CASE(the_end_of_the_pool_is_told_and_of_the_thread_is_not),
        CASE(a_payload_of_a_thread_that_has_ended_touches_nothing_of_it),
    };
    provision_keys();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    provision_keys_gone();
    return failed;
}
