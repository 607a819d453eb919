/* Who tries what against the provisioning of a device, over the device library, the MME and a home
 * network of proc/kme: payloads that are not what they say, each refused by its own name, all with
 * one answer, and what was stored before is there after. */
#include "attach/kme_attack.h"

/* ---- replays --------------------------------------------------------------------------------- */

/*= test kme-same-answer */
static void
a_payload_replayed_under_its_nonce_gets_the_same_answer_and_changes_nothing(void **state)
{
    (void)state;
    struct imei imei;
    scene_open(&s, SCENE_FIRST);
    imei = makers_imei(&s.k, 0);
    struct imsi imsi = imsi_of(0);
    assert_true(scene_attach(&s, 0));
    uint8_t nw_sig[KME_NW_SIG_LEN];
    memcpy(nw_sig, s.h.subscribers[0].kme.nw_sig, sizeof nw_sig);
    remember();
    update(&imsi, &imei, (struct bytes){s.h.seen, s.h.seen_n});
    assert_int_equal(s.h.last.cause, KME_CAUSE_NONE);
    assert_int_equal(s.h.again, 1);
    assert_int_equal(s.h.taken, 1);
    assert_memory_equal(s.h.answer.nw_sig, nw_sig, sizeof nw_sig);
    assert_true(s.h.answer.barred);
    assert_as_before();
    assert_true(world_registered(&s.w, 0));
    scene_close(&s);
}

/*= test kme-latest kme-nonce */
static void a_payload_replayed_under_another_nonce_is_refused(void **state)
{
    (void)state;
    struct emm_effect air = {.kind = EMM_ASK_VECTORS, .vectors = 1};
    scene_open(&s, SCENE_FIRST);
    struct imei imei = makers_imei(&s.k, 0);
    struct imsi imsi = imsi_of(0);
    assert_true(scene_attach(&s, 0));
    struct mbytes first = {caught.octets, s.h.seen_n};
    memcpy(first.p, s.h.seen, first.n);
    caught.n = first.n;
    kme_home_request(&s.h.subscribers[0].kme, KME_REQUEST_RENEW, NULL);
    update_refused(&imsi, &imei, caught_payload(), KME_CAUSE_NOT_ASKED); /* no nonce is out */
    air.who.has_imsi = true;
    air.who.imsi = imsi;
    home_ask(&s.h, &air);
    world_run(&s.w, s.w.now + 100);
    assert_int_equal(s.h.offers, 2);
    update_refused(&imsi, &imei, caught_payload(), KME_CAUSE_REPLAYED);
    world_detach(&s.w, 0, true);
    world_run(&s.w, s.w.now + SECOND);
    assert_true(scene_attach(&s, 0)); /* renewed; and the first one, which is not the latest now: */
    assert_int_equal(s.h.taken, 2);
    update_refused(&imsi, &imei, caught_payload(), KME_CAUSE_NONCE_USED);
    kme_home_request(&s.h.subscribers[0].kme, KME_REQUEST_RENEW, NULL);
    home_ask(&s.h, &air);
    world_run(&s.w, s.w.now + 100);
    update_refused(&imsi, &imei, caught_payload(), KME_CAUSE_OPENING);
    scene_close(&s);
}

/*= test kme-latest */
static void a_delayed_ulr_of_an_earlier_nonce_is_refused(void **state)
{
    (void)state;
    scene_open(&s, SCENE_FIRST);
    struct imei imei = makers_imei(&s.k, 0);
    struct imsi imsi = imsi_of(0);
    struct emm_effect air = {.kind = EMM_ASK_VECTORS, .vectors = 1};
    air.who.has_imsi = true;
    air.who.imsi = imsi;
    catch_payload();
    s.w.unix_s += s.h.lifetime + 1; /* too late */
    update_refused(&imsi, &imei, caught_payload(), KME_CAUSE_NONCE_EXPIRED);
    home_ask(&s.h, &air); /* and another one is out */
    world_run(&s.w, s.w.now + 100);
    assert_int_equal(s.h.offers, 2);
    update_refused(&imsi, &imei, caught_payload(), KME_CAUSE_OPENING);
    assert_true(world_run_registered(&s.w, 0, s.w.now + 2 * MINUTE));
    world_run(&s.w, s.w.now + SECOND);
    assert_true(scene_one_key(&s, 0)); /* the device comes again */
    update_refused(&imsi, &imei, caught_payload(), KME_CAUSE_NONCE_USED);
    scene_close(&s);
}

/* ---- of somebody else ------------------------------------------------------------------------ */

/*= test kme-context */
static void a_payload_of_another_imsi_is_refused(void **state)
{
    (void)state;
    scene_open(&s, SCENE_FIRST);
    struct imei imei = makers_imei(&s.k, 0);
    struct imsi other = imsi_of(1);
    struct emm_effect air = {.kind = EMM_ASK_VECTORS, .vectors = 1};
    catch_payload();
    air.who.has_imsi = true;
    air.who.imsi = other;
    home_ask(&s.h, &air); /* for the other subscription a nonce is out, too */
    world_run(&s.w, s.w.now + 100);
    update_refused(&other, &imei, caught_payload(), KME_CAUSE_OTHER_IMSI);
    update_refused(&other, &imei, relabelled(&other, NULL, NULL, NULL), KME_CAUSE_OPENING);
    memcpy(s.h.subscribers[1].kme.nonce, s.h.subscribers[0].kme.nonce, KME_NONCE_LEN);
    update_refused(&other, &imei, relabelled(&other, NULL, NULL, NULL), KME_CAUSE_OPENING);
    scene_close(&s);
}

/*= test kme-context */
static void a_payload_of_another_imei_is_refused(void **state)
{
    (void)state;
    scene_open(&s, SCENE_FIRST);
    struct imei imei = makers_imei(&s.k, 0), other = makers_imei(&s.k, 1);
    struct imsi imsi = imsi_of(0);
    catch_payload();
    update_refused(&imsi, &other, caught_payload(), KME_CAUSE_OTHER_IMEI);
    update_refused(&imsi, NULL, caught_payload(), KME_CAUSE_OTHER_IMEI);
    update_refused(&imsi, &other, relabelled(NULL, &other, NULL, NULL), KME_CAUSE_OPENING);
    update(&imsi, &imei, caught_payload()); /* and as it is it is good */
    assert_int_equal(s.h.last.cause, KME_CAUSE_NONE);
    scene_close(&s);
}

/*= test kme-covers */
static void a_payload_for_another_plmn_is_refused(void **state)
{
    (void)state;
    scene_open(&s, SCENE_FIRST);
    assert_ok(plmn_parse(BYTES_LIT("001-02"), &s.h.subscribers[0].plmn));
    attach_refused(KME_CAUSE_SIGNATURE); /* it was signed for 001-01 */
    scene_close(&s);
}

/*= test kme-9b */
static void a_signature_by_another_device_is_refused(void **state)
{
    (void)state;
    struct device_key other;
    scene_open(&s, SCENE_FIRST);
    device_make(&other, VERIFY_KEY_P256);
    makers_equip(&s.k, 0, &other);
    attach_refused(KME_CAUSE_SIGNATURE);
    makers_equip(&s.k, 0, &s.k.made[1].key); /* one that is somebody's */
    attach_refused(KME_CAUSE_SIGNATURE);
    device_drop(&other);
    scene_close(&s);
}

/*= test kme-find */
static void another_lots_modulus_is_refused(void **state)
{
    (void)state;
    scene_open(&s, SCENE_FIRST);
    scene_lot(&s, 0, 1);
    attach_refused(KME_CAUSE_OTHER_LOT);
    s.provisioning[0].lot.id = s.h.lots[0].id.text; /* it lies about it */
    s.w.devices[0].keys_n = 0;
    world_boot(&s.w, 0);
    attach_refused(KME_CAUSE_OPENING);
    scene_close(&s);
}

/* ---- who once saw a KME ---------------------------------------------------------------------- */

/* He has a modem of his own, and whatever was encrypted in it or in another once. */
static struct {
    uint8_t plain[KME_PLAINTEXT_LEN];
    size_t n;
    bool replace;
} spy;

static bool encrypt_spied(void *ctx, const uint8_t *modulus, size_t modulus_n, const uint8_t *label,
                          size_t label_n, const uint8_t *plain, size_t plain_n, uint8_t *out)
{
    assert_int_equal(plain_n, sizeof spy.plain);
    if (!spy.replace) {
        memcpy(spy.plain, plain, plain_n);
        spy.n = plain_n;
    }
    return encrypter_openssl_port.encrypt(ctx, modulus, modulus_n, label, label_n, spy.plain,
                                          sizeof spy.plain, out);
}
static const struct bindery_ue_encrypter spied = {.encrypt = encrypt_spied};

static void open_spied(void)
{
    memset(&spy, 0, sizeof spy);
    scene_open(&s, SCENE_FIRST);
    s.provisioning[0].encrypter = &spied;
    world_boot(&s.w, 0);
}

/*= test kme-covers */
static void a_kme_that_a_third_party_saw_cannot_be_encrypted_again_for_another_run(void **state)
{
    (void)state;
    open_spied();
    assert_true(scene_attach(&s, 0));
    assert_int_equal(spy.n, KME_PLAINTEXT_LEN);
    world_detach(&s.w, 0, true);
    world_run(&s.w, s.w.now + SECOND);
    kme_home_request(&s.h.subscribers[0].kme, KME_REQUEST_REBIND, NULL);
    spy.replace = true; /* the same KME, signature and RME, under the nonce of now */
    remember();
    struct binding_view bound = s.h.subscribers[0].view;
    s.h.refused = 0;
    world_attach(&s.w, 0);
    world_run(&s.w, s.w.now + 5 * SECOND);
    assert_refused(KME_CAUSE_SIGNATURE);
    assert_memory_equal(&s.h.subscribers[0].view, &bound, sizeof bound);
    assert_int_equal(s.h.taken, 1);
    scene_close(&s);
}

/*= test kme-covers */
static void nor_for_another_subscription(void **state)
{
    (void)state;
    open_spied();
    assert_true(scene_attach(&s, 0));
    struct device *d = &s.w.devices[0]; /* his own SIM, in the genuine device's clothes */
    memcpy(d->identity.imsi, imsi_of(1).digits, 15);
    d->image_n = d->keys_n = 0;
    spy.replace = true;
    world_boot(&s.w, 0);
    s.h.refused = 0;
    world_attach(&s.w, 0);
    world_run(&s.w, s.w.now + 5 * SECOND);
    assert_refused(KME_CAUSE_SIGNATURE);
    assert_int_equal(s.h.subscribers[1].view.n_devices, 0);
    scene_close(&s);
}

/* ---- what is no ciphertext ------------------------------------------------------------------- */

/*= test kme-one-refusal kme-padding */
static void whatever_the_padding_is_the_answer_is_one(void **state)
{
    (void)state;
    scene_open(&s, SCENE_FIRST);
    struct imei imei = makers_imei(&s.k, 0);
    struct imsi imsi = imsi_of(0);
    struct kme_payload p;
    uint8_t octets[KME_MODULUS_MAX];
    catch_payload();
    assert_ok(wire_kme_payload_read(caught_payload(), &p));
    for (unsigned i = 0; i < 64; i++) {
        memcpy(octets, p.encrypted.p, p.encrypted.n);
        octets[p.encrypted.n - 1 - i * 3 % p.encrypted.n] ^= (uint8_t)(1u << i % 8);
        update_refused(&imsi, &imei, relabelled(NULL, NULL, NULL, octets), KME_CAUSE_OPENING);
    }
    memset(octets, 0, sizeof octets); /* 0, 1, N - 1, N: none is an encryption of anything */
    update_refused(&imsi, &imei, relabelled(NULL, NULL, NULL, octets), KME_CAUSE_OPENING);
    octets[p.encrypted.n - 1] = 1;
    update_refused(&imsi, &imei, relabelled(NULL, NULL, NULL, octets), KME_CAUSE_OPENING);
    memcpy(octets, s.h.lots[0].modulus, p.encrypted.n);
    update_refused(&imsi, &imei, relabelled(NULL, NULL, NULL, octets), KME_CAUSE_OPENING);
    octets[p.encrypted.n - 1] ^= 1;
    update_refused(&imsi, &imei, relabelled(NULL, NULL, NULL, octets), KME_CAUSE_OPENING);
    update(&imsi, &imei, caught_payload()); /* all that harmed nothing */
    assert_int_equal(s.h.last.cause, KME_CAUSE_NONE);
    scene_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            a_payload_replayed_under_its_nonce_gets_the_same_answer_and_changes_nothing),
        cmocka_unit_test(a_payload_replayed_under_another_nonce_is_refused),
        cmocka_unit_test(a_delayed_ulr_of_an_earlier_nonce_is_refused),
        cmocka_unit_test(a_payload_of_another_imsi_is_refused),
        cmocka_unit_test(a_payload_of_another_imei_is_refused),
        cmocka_unit_test(a_payload_for_another_plmn_is_refused),
        cmocka_unit_test(a_signature_by_another_device_is_refused),
        cmocka_unit_test(another_lots_modulus_is_refused),
        cmocka_unit_test(a_kme_that_a_third_party_saw_cannot_be_encrypted_again_for_another_run),
        cmocka_unit_test(nor_for_another_subscription),
        cmocka_unit_test(whatever_the_padding_is_the_answer_is_one),
    };
    return cmocka_run_group_tests_name("kme under attack: payloads", tests, NULL, NULL);
}
