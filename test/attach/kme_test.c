/* A device makes its own KME, over the whole attach: the device library, the MME and a home network
 * of proc/kme, with lots and device keys that are made on the spot. */
#include "attach/kme_scene.h"

static struct scene s;

static bool told(enum refusal why)
{
    return world_was_told(&s.w, why);
}

/* Another SIM in this device, or this SIM in another device; nothing of a NAS state is of use. */
static void put_sim(unsigned ue, unsigned of)
{
    struct device *d = &s.w.devices[ue];
    memcpy(d->identity.imsi, s.h.subscribers[of].imsi.digits, 15);
    d->image_n = 0;
    d->keys_n = 0; /* its records are per IMSI, and it has none of this one */
    world_boot(&s.w, ue);
}

static void switch_off(unsigned ue)
{
    world_detach(&s.w, ue, true);
    world_run(&s.w, s.w.now + SECOND);
}

/* ---- the twelve steps ------------------------------------------------------------------------ */

/*= test kme-1 kme-2 kme-next kme-12 */
static void a_fresh_device_is_provisioned_and_comes_back_under_its_own_key(void **state)
{
    (void)state;
    scene_open(&s, SCENE_FIRST);
    assert_true(scene_attach(&s, 0));
    assert_int_equal(s.w.attaches, 2);
    assert_true(told(REFUSAL_PROVISIONED));
    assert_int_equal(s.w.devices[0].offered, 1);
    assert_int_equal(s.w.devices[0].activated, 1);
    assert_int_equal(s.w.devices[0].by_challenge, 0); /* by NW_SIG */
    assert_int_equal(s.w.devices[0].registrations, 1);
    assert_int_equal(s.w.devices[0].last_reject, 17);
    assert_int_equal(s.h.offers, 1);
    assert_int_equal(s.h.taken, 1);
    assert_int_equal(s.h.registrations, 1); /* the first attach was none */
    assert_int_equal(s.w.purges, 0);
    assert_true(scene_one_key(&s, 0));
    scene_close(&s);
}

/* Sent and ciphered, so that only who has the keys sees it; what is in it is not the KME. */
static void the_key_is_nowhere_on_the_air(void **state)
{
    (void)state;
    scene_open(&s, SCENE_FIRST);
    assert_true(scene_attach(&s, 0));
    const struct kme_me me = scene_keys(&s, 0);
    assert_null(memmem(s.h.seen, s.h.seen_n, me.active.b, 8));
    scene_close(&s);
}

static void a_device_with_a_certificate_is_provisioned_as_well(void **state)
{
    (void)state;
    scene_open(&s, SCENE_FIRST);
    assert_true(scene_attach(&s, 1));
    assert_true(scene_one_key(&s, 1));
    assert_true(scene_attach(&s, 0)); /* and both have keys of their own */
    const struct kme_me a = scene_keys(&s, 0), b = scene_keys(&s, 1);
    assert_memory_not_equal(a.active.b, b.active.b, KME_LEN);
    scene_close(&s);
}

/* A lot of the longest modulus: everything that carries it has room. */
static void a_lot_of_4096_bits_fits_through_everything(void **state)
{
    (void)state;
    struct lot_key *key;
    assert_ok(lot_key_make(4096, &key));
    scene_open(&s, SCENE_FIRST);
    struct lot_key *usual = s.h.openers[0].ctx;
    s.h.openers[0].ctx = key;
    assert_ok(kme_lot_make(BYTES_LIT("a-lot-whose-id-is-as-long-as-can"), BYTES_LIT("Maker"),
                           lot_key_modulus(key), &s.h.lots[0]));
    scene_lot(&s, 0, 0);
    assert_true(scene_attach(&s, 0));
    assert_true(scene_one_key(&s, 0));
    assert_true(s.h.seen_n > 512);
    s.h.openers[0].ctx = usual;
    scene_close(&s);
    lot_key_close(key);
}

/*= test kme-active-then-pending */
static void without_nw_sig_the_next_challenge_shows_that_the_key_is_there(void **state)
{
    (void)state;
    scene_open(&s, SCENE_FIRST);
    s.w.strike = (struct strike){.kind = STRIKE_LOSE, .at = 19}; /* ATTACH REJECT */
    world_attach(&s.w, 0);
    assert_true(world_run_registered(&s.w, 0, s.w.now + 2 * MINUTE));
    world_run(&s.w, s.w.now + SECOND);
    assert_string_equal(s.w.log[19].name, "ATTACH REJECT");
    assert_int_equal(s.w.devices[0].by_challenge, 1);
    assert_true(scene_one_key(&s, 0));
    scene_close(&s);
}

/*= test kme-same-answer kme-same */
static void the_same_payload_gets_the_same_answer_and_nothing_is_opened_again(void **state)
{
    (void)state;
    scene_open(&s, SCENE_FIRST);
    s.w.strike = (struct strike){.kind = STRIKE_REPEAT, .at = 14, .ms = 300}; /* ULR */
    assert_true(scene_attach(&s, 0));
    assert_string_equal(s.w.log[14].name, "ULR");
    assert_int_equal(s.h.again, 1);
    assert_int_equal(s.h.openings, 1);
    assert_int_equal(s.h.taken, 1);
    scene_close(&s);
}

/* A command that is repeated has the same nonce and gets the same octets: lost on the way up. */
/*= test kme-same */
static void a_command_that_comes_again_is_answered_with_the_same_octets(void **state)
{
    (void)state;
    scene_open(&s, SCENE_FIRST);
    s.w.strike = (struct strike){.kind = STRIKE_LOSE, .at = 13}; /* IDENTITY RESPONSE */
    world_attach(&s.w, 0);
    world_run(&s.w, s.w.now + SECOND);
    const struct kme_me before = scene_keys(&s, 0);
    assert_true(before.pending.present && s.h.seen_n == 0);
    assert_true(world_run_registered(&s.w, 0, s.w.now + MINUTE));
    assert_string_equal(s.w.log[10].name, "IDENTITY REQUEST"); /* and 13, which nobody read, */
    assert_string_equal(s.w.log[14].name, "IDENTITY REQUEST"); /* stands between the two */
    assert_int_equal(s.w.devices[0].offered, 2);
    assert_int_equal(s.w.attaches, 2); /* within the attach */
    const struct kme_me after = scene_keys(&s, 0);
    assert_memory_equal(after.active.b, before.pending.kme.b, KME_LEN);
    assert_non_null(memmem(s.h.seen, s.h.seen_n, before.pending.encrypted, before.pending.n));
    scene_close(&s);
}

/* ---- keys that are there --------------------------------------------------------------------- */

/*= test kme-consent kme-old-kept */
static void a_renewal_replaces_the_key_once_the_new_one_was_used(void **state)
{
    (void)state;
    scene_open(&s, SCENE_RENEWAL);
    assert_true(scene_attach(&s, 0));
    assert_true(scene_one_key(&s, 0));
    const struct kme_me me = scene_keys(&s, 0);
    assert_memory_not_equal(me.active.b, s.factory.b, KME_LEN);
    scene_close(&s);
}

/*= test kme-rebind kme-list */
static void a_device_that_is_sold_is_rebound_and_the_one_before_is_locked_out(void **state)
{
    (void)state;
    scene_open(&s, SCENE_FIRST);
    assert_true(scene_attach(&s, 0));
    switch_off(0);
    kme_home_request(&s.h.subscribers[0].kme, KME_REQUEST_REBIND, NULL);
    put_sim(1, 0); /* the SIM in another device, which may take its place */
    assert_true(scene_attach(&s, 1));
    const struct binding_view *v = &s.h.subscribers[0].view;
    struct imei imei = makers_imei(&s.k, 1);
    assert_int_equal(v->n_devices, 1);
    assert_true(imei_eq(&v->devices[0].imei, &imei));
    switch_off(1);
    assert_false(scene_attach(&s, 0)); /* its key is worth nothing any more */
    scene_close(&s);
}

/*= test kme-next */
static void the_sim_of_a_bound_device_is_refused_in_a_second_one(void **state)
{
    (void)state;
    scene_open(&s, SCENE_FIRST);
    assert_true(scene_attach(&s, 0));
    switch_off(0);
    const struct key_kme kme = s.h.subscribers[0].view.devices[0].kme;
    put_sim(1, 0);
    assert_false(scene_attach(&s, 1));
    assert_int_equal(s.w.devices[1].offered, 0);
    assert_true(scene_attach(&s, 0));
    assert_memory_equal(s.h.subscribers[0].view.devices[0].kme.b, kme.b, KME_LEN);
    scene_close(&s);
}

static void a_lost_state_of_nas_does_not_lose_the_key(void **state)
{
    (void)state;
    scene_open(&s, SCENE_FIRST);
    assert_true(scene_attach(&s, 0));
    const struct kme_me before = scene_keys(&s, 0);
    s.w.devices[0].image_n = 0;
    world_boot(&s.w, 0);
    assert_true(scene_attach(&s, 0));
    const struct kme_me after = scene_keys(&s, 0);
    assert_memory_equal(after.active.b, before.active.b, KME_LEN);
    assert_int_equal(s.h.taken, 1);
    scene_close(&s);
}

/* ---- who cannot ------------------------------------------------------------------------------ */

static void assert_no_service(unsigned ue)
{
    assert_false(world_registered(&s.w, ue));
    assert_int_equal(s.w.devices[ue].registrations, 0);
    assert_int_equal(s.h.registrations, 0);
    assert_int_equal(s.h.taken, 0);
    assert_int_equal(s.h.subscribers[ue].view.n_devices, 0);
}

/*= test kme-enforced */
static void behind_an_mme_that_knows_nothing_of_it_there_is_no_service(void **state)
{
    (void)state;
    scene_open(&s, SCENE_FIRST);
    s.w.config.kme = false;
    assert_false(scene_attach(&s, 0));
    assert_no_service(0);
    assert_true(s.h.owed >= 1);
    assert_int_equal(s.h.offers, 0);
    s.w.config.kme = true; /* it comes to one that does */
    assert_true(world_run_registered(&s.w, 0, s.w.now + 2 * MINUTE));
    world_run(&s.w, s.w.now + SECOND);
    assert_true(scene_one_key(&s, 0));
    scene_close(&s);
}

static void a_device_that_makes_no_key_says_so_and_gets_no_service(void **state)
{
    (void)state;
    scene_open(&s, SCENE_FIRST);
    s.w.devices[0].host.provisioning = NULL;
    world_boot(&s.w, 0);
    assert_false(scene_attach(&s, 0));
    assert_true(s.w.devices[0].unable > 0);
    assert_true(told(REFUSAL_DEVICE_WITHOUT_KME));
    assert_no_service(0);
    scene_close(&s);
}

/*= test kme-ciphered */
static void who_does_not_cipher_is_not_told_to_make_one(void **state)
{
    (void)state;
    scene_open(&s, SCENE_FIRST);
    s.w.devices[0].settings.allow_eea0 = true;
    s.w.config.algorithms = (struct nassec_preference){{0}, 1, {2}, 1};
    assert_false(scene_attach(&s, 0));
    assert_true(told(REFUSAL_PROVISIONING_UNCIPHERED));
    assert_int_equal(s.w.devices[0].offered, 0);
    assert_no_service(0);
    scene_close(&s);
}

static void what_nobody_vouches_for_is_not_bound(void **state)
{
    (void)state;
    scene_open(&s, SCENE_FIRST);
    s.k.published[0] = false;
    assert_false(scene_attach(&s, 0));
    assert_string_equal(kme_cause_name(s.h.last.cause), "device-key");
    assert_string_equal(devid_cause_name(s.h.last.key), "no-binding");
    assert_true(told(REFUSAL_KME_REFUSED));
    assert_no_service(0);
    const struct kme_me waits = scene_keys(&s, 0);
    s.k.published[0] = true; /* the key that waits is offered again, and taken */
    assert_true(world_run_registered(&s.w, 0, s.w.now + 30 * MINUTE));
    const struct kme_me me = scene_keys(&s, 0);
    assert_memory_equal(me.active.b, waits.pending.kme.b, KME_LEN);
    scene_close(&s);
}

/* ---- an offer stands ------------------------------------------------------------------------- */

/*= test kme-offer-stands */
static void attach_requests_in_somebodys_name_do_not_move_the_nonce(void **state)
{
    (void)state;
    scene_open(&s, SCENE_FIRST);
    s.w.strike = (struct strike){.kind = STRIKE_DELAY, .at = 13, .ms = 5 * SECOND};
    world_attach(&s.w, 0); /* its payload is on the way */
    world_run(&s.w, s.w.now + SECOND);
    uint8_t nonce[KME_NONCE_LEN];
    memcpy(nonce, s.h.subscribers[0].kme.nonce, sizeof nonce);
    for (unsigned i = 0; i < 5; i++) { /* who never answers a challenge */
        struct emm_effect air = {.kind = EMM_ASK_VECTORS, .vectors = 1};
        air.who.has_imsi = true;
        air.who.imsi = s.h.subscribers[0].imsi;
        home_ask(&s.h, &air);
        world_run(&s.w, s.w.now + 100);
    }
    assert_int_equal(s.h.offers, 1);
    assert_int_equal(s.h.stood, 5);
    assert_memory_equal(s.h.subscribers[0].kme.nonce, nonce, sizeof nonce);
    assert_true(world_run_registered(&s.w, 0, s.w.now + MINUTE));
    assert_int_equal(s.w.attaches, 2); /* its payload was good */
    scene_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_fresh_device_is_provisioned_and_comes_back_under_its_own_key),
        cmocka_unit_test(the_key_is_nowhere_on_the_air),
        cmocka_unit_test(a_device_with_a_certificate_is_provisioned_as_well),
        cmocka_unit_test(a_lot_of_4096_bits_fits_through_everything),
        cmocka_unit_test(without_nw_sig_the_next_challenge_shows_that_the_key_is_there),
        cmocka_unit_test(the_same_payload_gets_the_same_answer_and_nothing_is_opened_again),
        cmocka_unit_test(a_command_that_comes_again_is_answered_with_the_same_octets),
        cmocka_unit_test(a_renewal_replaces_the_key_once_the_new_one_was_used),
        cmocka_unit_test(a_device_that_is_sold_is_rebound_and_the_one_before_is_locked_out),
        cmocka_unit_test(the_sim_of_a_bound_device_is_refused_in_a_second_one),
        cmocka_unit_test(a_lost_state_of_nas_does_not_lose_the_key),
        cmocka_unit_test(behind_an_mme_that_knows_nothing_of_it_there_is_no_service),
        cmocka_unit_test(a_device_that_makes_no_key_says_so_and_gets_no_service),
        cmocka_unit_test(who_does_not_cipher_is_not_told_to_make_one),
        cmocka_unit_test(what_nobody_vouches_for_is_not_bound),
        cmocka_unit_test(attach_requests_in_somebodys_name_do_not_move_the_nonce),
    };
    return cmocka_run_group_tests_name("kme over the whole attach", tests, NULL, NULL);
}
