/* Device identifier authentication as a whole: the device library, the MME's state machine and its
 * verifier, a repository's signed records; and what each policy makes of each outcome. */
#include "attach/makers.h"

static struct world w;
static struct makers k;

#define MINUTE 60000u

static void attach(void)
{
    world_attach(&w, 0);
    (void)world_run_registered(&w, 0, w.now + 5000); /* not the next attempt, too */
    world_run(&w, w.now + 1000);
}

static void assert_outcome(enum devid_cause cause)
{
    assert_string_equal(devid_cause_name(w.outcome.cause), devid_cause_name(cause));
    assert_int_equal(w.outcome.result, devid_cause_result(cause));
    assert_int_equal(w.reported.result, w.outcome.result);
    assert_int_equal(w.reported.cause, w.outcome.cause);
}

static void assert_admitted(void)
{
    assert_true(world_registered(&w, 0));
    assert_int_equal(w.devices[0].last_reject, 0);
}

static void assert_rejected(enum refusal why, uint8_t cause)
{
    assert_false(world_registered(&w, 0));
    assert_true(world_was_told(&w, why));
    assert_int_equal(w.devices[0].last_reject, cause);
    assert_int_equal(world_contexts(&w), 0);
}

/* ---- genuine devices ------------------------------------------------------------------------- */

static void a_genuine_device_is_proven_in_both_variants_with_every_algorithm(void **state)
{
    (void)state;
    for (unsigned kind = 0; kind < DEVICE_KINDS; kind++) {
        for (uint8_t form = BINDING_CERTIFICATE; form <= BINDING_PUBLIC_KEY; form++) {
            makers_open(&k, &w);
            makers_make(&k, 0, (enum verify_key_kind)kind, form);
            attach();
            assert_outcome(DEVID_CAUSE_NONE);
            assert_admitted();
            assert_int_equal(w.reported.form, form);
            assert_int_equal(w.reported.serial, 100);
            assert_int_equal(w.devices[0].proved, 1);
            assert_int_equal(w.inquiries, 1);
            assert_int_equal(w.ecrs, 1);
            assert_int_equal(w.ulrs, 1);
            assert_int_equal(w.n_told, 0);
            makers_close(&k);
        }
    }
}

/* The chain ends in the CA that the manufacturer published with it. */
static void a_ca_that_is_kept_with_the_binding_counts_where_that_is_configured(void **state)
{
    (void)state;
    for (int allowed = 0; allowed < 2; allowed++) {
        makers_open(&k, &w);
        makers_trust(&k, allowed != 0);
        struct made *m = makers_make(&k, 0, VERIFY_KEY_P256, BINDING_CERTIFICATE);
        makers_certify(&k, m, (struct cert_wish){.by = &k.other_ca});
        m->credential.chain[m->credential.n_chain++] = k.other_ca.der;
        attach();
        if (allowed) {
            assert_outcome(DEVID_CAUSE_NONE);
            assert_admitted();
        } else {
            assert_outcome(DEVID_CAUSE_CHAIN_UNTRUSTED);
            assert_rejected(REFUSAL_DEVICE_FAILED, 6);
        }
        makers_close(&k);
    }
}

static void one_inquiry_serves_the_eir_and_the_repository(void **state)
{
    (void)state;
    for (uint8_t status = EMM_EQUIPMENT_WHITE; status <= EMM_EQUIPMENT_BLACK; status++) {
        makers_open(&k, &w);
        makers_make(&k, 0, VERIFY_KEY_P256, BINDING_PUBLIC_KEY);
        w.config.check_imei = true;
        w.equipment = status;
        attach();
        assert_int_equal(w.ecrs, 1);
        assert_int_equal(w.inquiries, 1);
        assert_int_equal(world_registered(&w, 0), status == EMM_EQUIPMENT_WHITE);
        makers_close(&k);
    }
}

static void each_attach_has_a_challenge_and_a_proof_of_its_own(void **state)
{
    (void)state;
    makers_open(&k, &w);
    makers_make(&k, 0, VERIFY_KEY_P256, BINDING_CERTIFICATE);
    w.config.reuse_security = true;
    attach();
    world_kill(&w, PARTY_UE);
    assert_true(world_run_registered(&w, 0, w.now + MINUTE));
    world_run(&w, w.now + 5000);
    assert_int_equal(w.airs, 2);
    assert_int_equal(w.devices[0].proved, 2);
    assert_outcome(DEVID_CAUSE_NONE);
    makers_close(&k);
}

static void two_devices_prove_themselves_at_the_same_time(void **state)
{
    (void)state;
    makers_open(&k, &w);
    makers_make(&k, 0, VERIFY_KEY_P256, BINDING_CERTIFICATE);
    makers_make(&k, 1, VERIFY_KEY_ED25519, BINDING_PUBLIC_KEY);
    world_attach(&w, 0);
    world_attach(&w, 1);
    assert_true(world_run_registered(&w, 0, w.now + MINUTE));
    assert_true(world_run_registered(&w, 1, w.now + MINUTE));
    assert_int_equal(w.devices[0].proved + w.devices[1].proved, 2);
    makers_close(&k);
}

static void nobody_is_asked_whose_subscription_does_not_want_it(void **state)
{
    (void)state;
    makers_open(&k, &w);
    makers_make(&k, 0, VERIFY_KEY_P256, BINDING_PUBLIC_KEY);
    makers_policy(&k, "off");
    attach();
    assert_admitted();
    assert_int_equal(w.devices[0].proved + w.devices[0].not_proved, 0);
    assert_int_equal(w.ecrs, 0);
    assert_int_equal(w.reported.result, DEVID_NOT_ASKED);
    makers_close(&k);
}

/* ---- devices that are not what they say -------------------------------------------------------
 */

static void a_forged_imei_is_refused_with_a_key_and_without_one(void **state)
{
    (void)state;
    for (int with_key = 0; with_key < 2; with_key++) {
        makers_open(&k, &w);
        makers_make(&k, 0, VERIFY_KEY_P256, BINDING_PUBLIC_KEY);
        makers_make(&k, 1, VERIFY_KEY_P256, BINDING_PUBLIC_KEY);
        memcpy(w.devices[0].identity.imeisv, w.devices[1].identity.imeisv, 16);
        makers_equip(&k, 0, with_key ? &k.made[0].key : NULL);
        attach();
        assert_outcome(with_key ? DEVID_CAUSE_SIGNATURE : DEVID_CAUSE_NO_PROOF);
        assert_rejected(REFUSAL_DEVICE_FAILED, 6);
        makers_close(&k);
    }
}

static void a_revoked_binding_is_refused_though_the_key_is_right(void **state)
{
    (void)state;
    makers_open(&k, &w);
    struct made *m = makers_make(&k, 0, VERIFY_KEY_P256, BINDING_PUBLIC_KEY);
    m->record.status = BINDING_REVOKED;
    makers_sign_record(&k, m, &k.repository);
    attach();
    assert_outcome(DEVID_CAUSE_REVOKED);
    assert_rejected(REFUSAL_DEVICE_FAILED, 6);
    makers_close(&k);
}

static void a_device_with_a_binding_that_gives_no_proof_is_refused(void **state)
{
    (void)state;
    makers_open(&k, &w);
    makers_make(&k, 0, VERIFY_KEY_P256, BINDING_CERTIFICATE);
    makers_equip(&k, 0, NULL);
    attach();
    assert_int_equal(w.devices[0].not_proved, 1);
    assert_outcome(DEVID_CAUSE_NO_PROOF);
    assert_rejected(REFUSAL_DEVICE_FAILED, 6);
    makers_close(&k);
}

/* The man on the radio, or a modem that knows what is coming: no answer to the challenge. */
static bool swallow_answer(void *ctx, bool uplink, uint8_t *pdu, size_t *n)
{
    (void)ctx;
    (void)pdu;
    return !uplink || *n <= 90; /* nothing else of an attach is as long */
}

static void a_device_that_does_not_answer_at_all_is_refused(void **state)
{
    (void)state;
    makers_open(&k, &w);
    makers_make(&k, 0, VERIFY_KEY_P256, BINDING_PUBLIC_KEY);
    w.config.t3470_ms = 1000; /* before the device's T3410 */
    w.radio = swallow_answer;
    world_attach(&w, 0);
    world_run(&w, w.now + 8000);
    assert_true(world_was_told(&w, REFUSAL_DEVICE_SILENT));
    assert_int_equal(w.devices[0].proved, 5);
    assert_int_equal(w.ulrs, 0);
    assert_int_equal(w.inquiries, 0);
    assert_int_equal(world_contexts(&w), 0);
    makers_close(&k);
}

/* ---- policies -------------------------------------------------------------------------------- */

static const struct {
    const char *policy;
    bool unproven, failed, undetermined; /* admitted */
} policies[] = {
    {"observe", true, true, true},
    {"want", true, false, true},
    {"require", false, false, false},
    {"unproven=admit,failed=refuse,undetermined=refuse", true, false, false},
    {"unproven=refuse,failed=refuse,undetermined=admit", false, false, true},
};
#define POLICIES (sizeof policies / sizeof policies[0])

static void an_old_device_that_nobody_published_is_unproven_under_every_policy(void **state)
{
    (void)state;
    for (size_t i = 0; i < POLICIES; i++) {
        makers_open(&k, &w);
        makers_policy(&k, policies[i].policy);
        attach();
        assert_int_equal(w.devices[0].not_proved, 1);
        assert_outcome(DEVID_CAUSE_NO_BINDING);
        if (policies[i].unproven) {
            assert_admitted();
        } else {
            assert_rejected(REFUSAL_DEVICE_UNPROVEN, 17);
        }
        makers_close(&k);
    }
}

static void a_failure_is_admitted_only_where_it_is_observed(void **state)
{
    (void)state;
    for (size_t i = 0; i < POLICIES; i++) {
        makers_open(&k, &w);
        makers_policy(&k, policies[i].policy);
        makers_make(&k, 0, VERIFY_KEY_P256, BINDING_PUBLIC_KEY);
        makers_equip(&k, 0, NULL);
        attach();
        assert_outcome(DEVID_CAUSE_NO_PROOF);
        if (policies[i].failed) {
            assert_admitted();
        } else {
            assert_rejected(REFUSAL_DEVICE_FAILED, 6);
        }
        makers_close(&k);
    }
}

static void with_the_repository_down_the_policy_decides_and_nobody_is_locked_out(void **state)
{
    (void)state;
    for (size_t i = 0; i < POLICIES; i++) {
        for (int remembered = 0; remembered < 2; remembered++) {
            makers_open(&k, &w);
            makers_policy(&k, policies[i].policy);
            makers_make(&k, 0, VERIFY_KEY_P256, BINDING_CERTIFICATE);
            k.down = true;
            w.remembered = remembered != 0;
            attach();
            assert_outcome(DEVID_CAUSE_REPOSITORY_SILENT);
            if (policies[i].undetermined || remembered) {
                assert_admitted();
            } else {
                assert_rejected(REFUSAL_DEVICE_UNDETERMINED, 17);
                k.down = false; /* and when it is back, the device is too */
                assert_true(world_run_registered(&w, 0, w.now + 2 * MINUTE));
                assert_outcome(DEVID_CAUSE_NONE);
            }
            makers_close(&k);
        }
    }
}

static void who_was_proven_is_sent_to_the_ordinary_mme_and_who_owes_a_proof_is_not(void **state)
{
    (void)state;
    for (int remembered = 0; remembered < 2; remembered++) {
        makers_open(&k, &w);
        makers_make(&k, 0, VERIFY_KEY_P256, BINDING_CERTIFICATE);
        w.config.reroute = true;
        w.remembered = remembered != 0;
        world_attach(&w, 0);
        world_run(&w, w.now + 1000);
        assert_int_equal(world_registered(&w, 0), !remembered);
        assert_int_equal(w.devices[0].proved, !remembered);
        makers_close(&k);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_genuine_device_is_proven_in_both_variants_with_every_algorithm),
        cmocka_unit_test(a_ca_that_is_kept_with_the_binding_counts_where_that_is_configured),
        cmocka_unit_test(one_inquiry_serves_the_eir_and_the_repository),
        cmocka_unit_test(each_attach_has_a_challenge_and_a_proof_of_its_own),
        cmocka_unit_test(two_devices_prove_themselves_at_the_same_time),
        cmocka_unit_test(nobody_is_asked_whose_subscription_does_not_want_it),
        cmocka_unit_test(a_forged_imei_is_refused_with_a_key_and_without_one),
        cmocka_unit_test(a_revoked_binding_is_refused_though_the_key_is_right),
        cmocka_unit_test(a_device_with_a_binding_that_gives_no_proof_is_refused),
        cmocka_unit_test(a_device_that_does_not_answer_at_all_is_refused),
        cmocka_unit_test(an_old_device_that_nobody_published_is_unproven_under_every_policy),
        cmocka_unit_test(a_failure_is_admitted_only_where_it_is_observed),
        cmocka_unit_test(with_the_repository_down_the_policy_decides_and_nobody_is_locked_out),
        cmocka_unit_test(who_was_proven_is_sent_to_the_ordinary_mme_and_who_owes_a_proof_is_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
