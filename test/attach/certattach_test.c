/* From the box to a subscription, and on to service: the device library, the MME and an AUSF with
 * its ports over OpenSSL, in one process; and networks that do not offer it, do not know it, or
 * cannot give it now. */
#include "attach/certattach_scene.h"
#include "device/linux/encrypter_openssl.h"

#include <stdio.h>

static struct scene s;

static void assert_served(unsigned ue)
{
    assert_true(scene_one_subscription(&s, ue));
    assert_int_equal(s.a.given, 1);
    assert_int_equal(s.w.devices[ue].invalid, false);
}

/* ---- as it is meant to be -------------------------------------------------------------------- */

/*= test certattach-device certattach-1b certattach-3b certattach-4 certattach-5 */
/*= test certattach-no-vector certattach-pending */
static void a_device_with_nothing_but_a_key_pair_is_served_one_refused_attach_later(void **state)
{
    (void)state;
    scene_open(&s);
    world_attach(&s.w, 0);
    while (!s.w.devices[0].has_profile) {
        world_run(&s.w, s.w.now + 5);
    }
    assert_int_equal(s.w.airs + s.w.ulrs, 0);
    assert_int_equal(scene_row(&s, 0)->held.phase, CERTATTACH_PHASE_PENDING);
    assert_true(world_run_registered(&s.w, 0, s.w.now + 10 * SECOND));
    world_run(&s.w, s.w.now + SECOND);
    assert_served(0);
    assert_int_equal(s.w.attaches, 2);
    assert_int_equal(s.w.airs, 1);
    assert_int_equal(s.w.devices[0].asked, 1);
    assert_int_equal(s.w.devices[0].onboarded, 1);
    assert_int_equal(s.w.devices[0].elsewhere, 0);
    assert_int_equal(s.w.purges, 0);
    assert_true(world_was_told(&s.w, REFUSAL_ONBOARDED));
    assert_string_equal(s.w.devices[0].profile.apns[0], "internet");
    scene_close(&s);
}

/*= test certattach-box certattach-3c */
static void a_device_with_an_rsa_key_is_served_as_well_and_both_fit_their_messages(void **state)
{
    (void)state;
    size_t n[WORLD_UES];
    for (unsigned ue = 0; ue < WORLD_UES; ue++) {
        scene_open(&s);
        assert_true(scene_attach(&s, ue));
        assert_served(ue);
        n[ue] = s.a.result_n;
        printf("container: request %zu octets, result %zu, %s key, one certificate of %zu\n",
               s.a.seen_n, n[ue], ue == 0 ? "P-256" : "RSA-2048", s.a.chain.n);
        assert_true(n[ue] <= WIRE_CERTATTACH_RESULT_MAX);
        scene_close(&s);
    }
    assert_int_equal(n[1] - n[0], 256 - 33); /* what is sent for the secret, and nothing else */
}

static void two_devices_get_two_subscriptions(void **state)
{
    (void)state;
    scene_open(&s);
    assert_true(scene_attach(&s, 0));
    assert_true(scene_attach(&s, 1));
    assert_int_equal(s.a.drawn, 2);
    assert_int_equal(ausf_subscriptions(&s.a), 2);
    assert_memory_not_equal(s.w.devices[0].profile.imsi, s.w.devices[1].profile.imsi, 15);
    assert_memory_not_equal(s.w.devices[0].profile.usim.k, s.w.devices[1].profile.usim.k, 16);
    assert_true(world_registered(&s.w, 0) && world_registered(&s.w, 1));
    scene_close(&s);
}

/*= test certattach-proof */
static void a_device_that_can_prove_its_imei_signs_its_request(void **state)
{
    (void)state;
    factory_open();
    fresh_identify(&factory.devices[0]);
    scene_open(&s);
    assert_true(scene_attach(&s, 0));
    assert_served(0);
    scene_close(&s);
    /* and nobody is given anything in its name without */
    scene_open(&s);
    s.w.devices[0].host.signer = NULL;
    world_boot(&s.w, 0);
    assert_false(scene_attach(&s, 0));
    assert_int_equal(s.a.last, CERTATTACH_PROOF_MISSING);
    assert_int_equal(s.a.given, 0);
    scene_close(&s);
    fresh_drop(&factory.devices[0]);
    fresh_make(&factory.devices[0], "d-0001", "35693803564380", 0);
}

static const struct devid_credential *identity_of(void *ctx, const struct imei *imei)
{
    const struct fresh *f = ctx;
    return imei_eq(&f->record.imei, imei) ? &f->context.identity : NULL;
}

/* Policy learn in the profile: the second attach is for a KME, and the third is bound to it. */
/*= test certattach-learn */
static void a_subscription_that_learns_is_bound_with_no_human_step(void **state)
{
    (void)state;
    factory_open();
    struct fresh *f = &factory.devices[0];
    fresh_identify(f);
    scene_open(&s);
    const struct kme_lot *lot = &s.h.lots[0];
    struct bindery_ue_provisioning provisioning = {
        .encrypter = &encrypter_openssl_port, .lot = {lot->id.text, lot->modulus, lot->modulus_n}};
    struct device *d = &s.w.devices[0];
    s.a.policy = BINDING_LEARN;
    s.w.config.kme = true;
    s.w.devid = factory.authority != NULL ? s.a.authority->devid : NULL;
    s.w.binding = identity_of;
    s.w.binding_ctx = f;
    d->host.provisioning = &provisioning;
    world_boot(&s.w, 0);
    assert_true(scene_attach(&s, 0));
    assert_served(0);
    assert_int_equal(s.w.attaches, 3);
    assert_int_equal(d->profile.policy, BINDING_LEARN);
    assert_int_equal(s.h.taken, 1);
    assert_int_equal(d->by_challenge + d->activated > 0, 1);
    const struct home_subscriber *of = home_find(&s.h, &scene_row(&s, 0)->imsi);
    assert_non_null(of);
    assert_true(of->view.devices[0].has_kme);
    scene_close(&s);
    fresh_drop(f);
    fresh_make(f, "d-0001", "35693803564380", 0);
}

/* ---- networks that do not give it ------------------------------------------------------------ */

/* The device's policy: the world's networks in this order. */
static void choose(struct world *w, unsigned ue)
{
    static struct bindery_ue_network networks[2];
    static const struct bindery_ue_network_policy policy = {.others = true};
    struct device *d = &w->devices[ue];
    plmn_to_octets(&w->config.plmn, networks[0].plmn);
    plmn_to_octets(&w->other.plmn, networks[1].plmn);
    networks[d->roams].tried = true;
    size_t next = bindery_ue_network_choose(&policy, networks, 2);
    if (next == BINDERY_UE_NO_NETWORK) {
        networks[0].tried = networks[1].tried = false;
        return;
    }
    world_camp(w, ue, next == 1);
}

/*= test certattach-not-offered certattach-elsewhere certattach-1a */
static void where_it_is_not_offered_the_device_goes_elsewhere_at_once(void **state)
{
    (void)state;
    scene_open(&s);
    s.w.config.onboarding = false;
    s.w.elsewhere = choose;
    assert_true(scene_attach(&s, 0));
    assert_served(0);
    assert_true(world_was_told(&s.w, REFUSAL_ONBOARDING_NOT_OFFERED));
    assert_true(s.w.devices[0].roams);
    assert_int_equal(s.w.devices[0].elsewhere, 1);
    assert_int_equal(s.a.asked, 1);
    assert_int_equal(s.w.attaches, 3);
    scene_close(&s);
}

static bool reads_an_ordinary_attach(void *ctx, bool uplink, uint8_t *pdu, size_t *n)
{
    (void)ctx;
    if (uplink && *n > 3 && pdu[0] == NAS_PD_EMM && pdu[1] == NAS_ATTACH_REQUEST &&
        (pdu[2] & 7U) == NAS_PROVISIONING_ATTACH) {
        pdu[2] = (uint8_t)((pdu[2] & 0xf8U) | NAS_EPS_ATTACH);
    }
    return true;
}

/* An MME of before: type 5 is unused, so it is an EPS attach, and a device that names its IMEI is
 * asked for its IMSI. */
/*= test certattach-elsewhere */
static void an_mme_that_knows_nothing_of_it_and_asks_for_the_imsi_is_left_for_another(void **state)
{
    (void)state;
    scene_open(&s);
    s.w.radio = reads_an_ordinary_attach;
    world_attach(&s.w, 0);
    world_run(&s.w, s.w.now + 40 * SECOND);
    assert_int_equal(s.a.asked, 0);
    assert_true(world_was_told(&s.w, REFUSAL_IDENTITY_MISSING));
    assert_true(s.w.devices[0].elsewhere > 0);
    assert_false(s.w.devices[0].invalid);
    s.w.radio = NULL; /* it is replaced by another */
    assert_true(world_run_registered(&s.w, 0, s.w.now + 20 * MINUTE));
    world_run(&s.w, s.w.now + SECOND);
    assert_served(0);
    scene_close(&s);
}

/* ---- later ----------------------------------------------------------------------------------- */

/*= test certattach-approval certattach-one-refusal */
static void a_device_that_waits_for_approval_is_served_once_it_has_it(void **state)
{
    (void)state;
    scene_open(&s);
    s.a.by_rule = false;
    world_attach(&s.w, 0);
    world_run(&s.w, s.w.now + 90 * SECOND); /* five attempts, and then T3402 */
    assert_int_equal(s.a.last, CERTATTACH_WAITING);
    assert_int_equal(s.w.devices[0].asked, 5);
    assert_int_equal(scene_row(&s, 0)->held.phase, CERTATTACH_PHASE_WAITING);
    assert_int_equal(s.a.given, 0);
    scene_row(&s, 0)->held.phase = CERTATTACH_PHASE_APPROVED;
    assert_true(world_run_registered(&s.w, 0, s.w.now + 13 * MINUTE));
    world_run(&s.w, s.w.now + SECOND);
    assert_served(0);
    assert_int_equal(s.w.devices[0].asked, 6);
    scene_close(&s);
}

/*= test certattach-pool */
static void an_empty_pool_turns_devices_away_and_locks_none_out(void **state)
{
    (void)state;
    scene_open(&s);
    s.a.pool = 0;
    assert_false(scene_attach(&s, 0));
    assert_int_equal(s.a.last, CERTATTACH_POOL_EMPTY);
    s.a.pool = 1;
    assert_true(world_run_registered(&s.w, 0, s.w.now + 20 * MINUTE));
    world_run(&s.w, s.w.now + SECOND);
    assert_served(0);
    scene_close(&s);
}

static void a_site_that_is_down_delays_and_no_more(void **state)
{
    (void)state;
    scene_open(&s);
    s.w.dead[PARTY_REPOSITORY] = true;
    assert_false(scene_attach(&s, 0));
    assert_int_equal(s.a.last, CERTATTACH_SITE_SILENT);
    s.w.dead[PARTY_REPOSITORY] = false;
    assert_true(world_run_registered(&s.w, 0, s.w.now + 20 * MINUTE));
    world_run(&s.w, s.w.now + SECOND);
    assert_served(0);
    scene_close(&s);
}

static unsigned installs;
static bool fails_twice(void *ctx, const struct bindery_ue_profile *profile)
{
    return ++installs > 2 && scene_install(ctx, profile);
}

/*= test certattach-same certattach-installs */
static void a_device_that_cannot_store_asks_again_and_gets_the_same(void **state)
{
    (void)state;
    scene_open(&s);
    installs = 0;
    s.onboarding[0].install = fails_twice;
    assert_true(scene_attach_for(&s, 0, 2 * MINUTE));
    assert_served(0);
    assert_int_equal(s.a.drawn, 1);
    assert_int_equal(s.a.repeated, 2);
    scene_close(&s);
}

/* Until its first registration; then its keys are nobody's to have again, but by an operator. */
/*= test certattach-active */
static void
who_has_used_its_subscription_is_given_it_again_only_when_an_operator_says_so(void **state)
{
    (void)state;
    scene_open(&s);
    assert_true(scene_attach(&s, 0));
    char imsi[15];
    memcpy(imsi, s.w.devices[0].profile.imsi, sizeof imsi);
    struct device *d = &s.w.devices[0];
    d->has_profile = d->confirmed = false; /* a factory reset */
    d->image_n = d->keys_n = 0;
    world_kill(&s.w, PARTY_UE);
    world_run(&s.w, s.w.now + 90 * SECOND);
    assert_false(world_registered(&s.w, 0));
    assert_int_equal(s.a.last, CERTATTACH_ACTIVE);
    scene_row(&s, 0)->held.again = true;
    assert_true(world_run_registered(&s.w, 0, s.w.now + 13 * MINUTE));
    world_run(&s.w, s.w.now + SECOND);
    assert_served(0);
    assert_memory_equal(s.w.devices[0].profile.imsi, imsi, sizeof imsi);
    assert_false(scene_row(&s, 0)->held.again);
    scene_close(&s);
}

/* What was never used ended; the device that has it finds out, and asks for another. */
/*= test certattach-expiry certattach-installs */
static void a_subscription_that_ended_unused_is_dropped_for_another(void **state)
{
    (void)state;
    scene_open(&s);
    world_attach(&s.w, 0);
    while (!s.w.devices[0].has_profile) {
        world_run(&s.w, s.w.now + 5);
    }
    char imsi[15];
    memcpy(imsi, s.w.devices[0].profile.imsi, sizeof imsi);
    ausf_expire(&s.a, scene_row(&s, 0));
    assert_true(world_run_registered(&s.w, 0, s.w.now + 5 * MINUTE));
    world_run(&s.w, s.w.now + SECOND);
    assert_true(scene_one_subscription(&s, 0));
    assert_int_equal(s.w.devices[0].dropped, 1);
    assert_int_equal(s.a.given, 2);
    assert_memory_not_equal(s.w.devices[0].profile.imsi, imsi, sizeof imsi);
    scene_close(&s);
}

/* One that was used stays, whatever anybody in between says of it. */
static void a_subscription_that_was_used_is_never_dropped_by_a_reject(void **state)
{
    (void)state;
    static const uint8_t causes[] = {2, 3, 6, 8};
    for (size_t i = 0; i < sizeof causes; i++) {
        const uint8_t reject[] = {NAS_PD_EMM, NAS_ATTACH_REJECT, causes[i]};
        scene_open(&s);
        assert_true(scene_attach(&s, 0));
        world_kill(&s.w, PARTY_UE);
        world_run(&s.w, s.w.now + 5);
        world_inject(&s.w, 0, false, BYTES_OF(reject));
        world_run(&s.w, s.w.now + 5 * SECOND);
        assert_true(s.w.devices[0].has_profile);
        assert_int_equal(s.w.devices[0].dropped, 0);
        assert_true(world_run_registered(&s.w, 0, s.w.now + 90 * MINUTE));
        assert_int_equal(s.a.given, 1);
        scene_close(&s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_device_with_nothing_but_a_key_pair_is_served_one_refused_attach_later),
        cmocka_unit_test(a_device_with_an_rsa_key_is_served_as_well_and_both_fit_their_messages),
        cmocka_unit_test(two_devices_get_two_subscriptions),
        cmocka_unit_test(a_device_that_can_prove_its_imei_signs_its_request),
        cmocka_unit_test(a_subscription_that_learns_is_bound_with_no_human_step),
        cmocka_unit_test(where_it_is_not_offered_the_device_goes_elsewhere_at_once),
        cmocka_unit_test(an_mme_that_knows_nothing_of_it_and_asks_for_the_imsi_is_left_for_another),
        cmocka_unit_test(a_device_that_waits_for_approval_is_served_once_it_has_it),
        cmocka_unit_test(an_empty_pool_turns_devices_away_and_locks_none_out),
        cmocka_unit_test(a_site_that_is_down_delays_and_no_more),
        cmocka_unit_test(a_device_that_cannot_store_asks_again_and_gets_the_same),
        cmocka_unit_test(
            who_has_used_its_subscription_is_given_it_again_only_when_an_operator_says_so),
        cmocka_unit_test(a_subscription_that_ended_unused_is_dropped_for_another),
        cmocka_unit_test(a_subscription_that_was_used_is_never_dropped_by_a_reject),
    };
    return cmocka_run_group_tests_name("certattach", tests, NULL, factory_close);
}
