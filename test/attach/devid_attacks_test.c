/* Who tries to prove what is not true, and with what: each attack refused by its own name, over the
 * real device library, the MME, its verifier, and keys, chains and records that are made on the
 * spot. */
#include "attach/makers.h"
#include "wire/devid.h"

static struct world w;
static struct makers k;

#define MINUTE 60000u

static void attach(unsigned ue)
{
    world_attach(&w, ue);
    (void)world_run_registered(&w, ue, w.now + 5000); /* not the next attempt, too */
    world_run(&w, w.now + 1000);
}

static void assert_failed(unsigned ue, enum devid_cause cause)
{
    assert_string_equal(devid_cause_name(w.outcome.cause), devid_cause_name(cause));
    assert_int_equal(w.reported.cause, cause);
    assert_int_equal(w.reported.result, DEVID_FAILED);
    assert_false(world_registered(&w, ue));
    assert_true(world_was_told(&w, REFUSAL_DEVICE_FAILED));
    assert_int_equal(w.devices[ue].last_reject, 6);
}

static void open_with(enum verify_key_kind kind, uint8_t form)
{
    makers_open(&k, &w);
    makers_make(&k, 0, kind, form);
}

/* ---- signatures ------------------------------------------------------------------------------ */

static void a_signature_by_another_key_is_refused(void **state)
{
    (void)state;
    for (unsigned kind = 0; kind < DEVICE_KINDS; kind++) {
        for (uint8_t form = BINDING_CERTIFICATE; form <= BINDING_PUBLIC_KEY; form++) {
            struct device_key other;
            open_with((enum verify_key_kind)kind, form);
            device_make(&other, (enum verify_key_kind)kind);
            makers_equip(&k, 0, &other);
            attach(0);
            assert_failed(0, DEVID_CAUSE_SIGNATURE);
            device_drop(&other);
            makers_close(&k);
        }
    }
}

static void an_algorithm_that_is_not_the_keys_is_refused(void **state)
{
    (void)state;
    struct device_key other;
    open_with(VERIFY_KEY_P256, BINDING_PUBLIC_KEY);
    device_make(&other, VERIFY_KEY_ED25519);
    makers_equip(&k, 0, &other);
    attach(0);
    assert_failed(0, DEVID_CAUSE_ALGORITHM);
    device_drop(&other);
    makers_close(&k);
}

/* A container in the place of the one that the device signed. */
static struct {
    struct devid_proof proof;
    bool has;
} forged;

/* A device whose modem belongs to the attacker: it signs what it likes. */
static bool sign_forged(void *ctx, const uint8_t *content, size_t n, uint8_t *signature,
                        size_t *signature_n)
{
    (void)ctx;
    (void)content;
    (void)n;
    memcpy(signature, forged.proof.signature, forged.proof.n);
    *signature_n = forged.proof.n;
    return true;
}

static void keep_signature(const uint8_t *signature, size_t n)
{
    memcpy(forged.proof.signature, signature, n);
    forged.proof.n = (uint16_t)n;
    forged.has = true;
}

static bool sign_and_keep(void *ctx, const uint8_t *content, size_t n, uint8_t *signature,
                          size_t *signature_n)
{
    assert_true(makers_sign(ctx, content, n, signature, signature_n));
    keep_signature(signature, *signature_n);
    return true;
}

/* Replaces the function that signs. */
static void subvert(unsigned ue, bool (*sign)(void *, const uint8_t *, size_t, uint8_t *, size_t *))
{
    w.devices[ue].signer.sign = sign;
}

static void the_answer_to_an_old_challenge_is_refused(void **state)
{
    (void)state;
    open_with(VERIFY_KEY_P256, BINDING_PUBLIC_KEY);
    subvert(0, sign_and_keep);
    attach(0);
    assert_true(world_registered(&w, 0)); /* that one was good */
    assert_true(forged.has);
    subvert(0, sign_forged);
    world_kill(&w, PARTY_UE);
    world_run(&w, w.now + 5000);
    assert_int_equal(w.outcome.cause, DEVID_CAUSE_SIGNATURE);
    assert_false(world_registered(&w, 0));
    assert_int_equal(w.devices[0].last_reject, 6);
    makers_close(&k);
}

/* Another device's signature over its own IMEI, under this very challenge and session: the thief
 * owns a genuine device of his own, and claims the IMEI of somebody else. */
static bool sign_own_imei(void *ctx, const uint8_t *content, size_t n, uint8_t *signature,
                          size_t *signature_n)
{
    uint8_t changed[DEVID_CONTENT_LEN];
    struct imei own = makers_imei(&k, 1);
    size_t at = 2 + 19 + 2 + 1 + 2;
    assert_int_equal(n, sizeof changed);
    memcpy(changed, content, n);
    memcpy(changed + at, own.digits, IMEI_DIGITS);
    return makers_sign(ctx, changed, n, signature, signature_n);
}

static void another_imeis_signature_is_refused(void **state)
{
    (void)state;
    open_with(VERIFY_KEY_P256, BINDING_PUBLIC_KEY);
    makers_make(&k, 1, VERIFY_KEY_P256, BINDING_PUBLIC_KEY);
    makers_equip(&k, 0, &k.made[1].key); /* in the phone with the IMEI of device 0 */
    subvert(0, sign_own_imei);
    attach(0);
    assert_failed(0, DEVID_CAUSE_SIGNATURE);
    makers_close(&k);
}

/* The thief attaches with the genuine device's IMEI and has it sign his challenge in a session of
 * its own, as a rogue network could. Its channel is another KASME: of no use here. */
static void a_signature_relayed_from_another_session_is_refused(void **state)
{
    (void)state;
    open_with(VERIFY_KEY_P256, BINDING_PUBLIC_KEY);
    subvert(0, sign_and_keep);
    attach(0); /* the genuine device, in its own session */
    assert_true(world_registered(&w, 0));
    memcpy(w.devices[1].identity.imeisv, w.devices[0].identity.imeisv, 16);
    makers_equip(&k, 1, &k.made[0].key);
    subvert(1, sign_forged);
    attach(1);
    assert_failed(1, DEVID_CAUSE_SIGNATURE);
    assert_true(world_registered(&w, 0));
    makers_close(&k);
}

/* The same nonce and IMEI, signed by the right key, under the KASME of another session. */
static struct {
    struct key_kasme kasme;
} other_session;

static bool sign_for_other_session(void *ctx, const uint8_t *content, size_t n, uint8_t *signature,
                                   size_t *signature_n)
{
    uint8_t elsewhere[DEVID_CONTENT_LEN];
    struct imei imei = makers_imei(&k, 0);
    const uint8_t *nonce = content + 2 + 19 + 2 + 1 + 2 + 14 + 2;
    const struct devid_session session = {w.config.plmn, &other_session.kasme};
    assert_int_equal(n, DEVID_CONTENT_LEN);
    assert_ok(devid_content(&w.c, DEVID_ECDSA_P256, &imei, nonce, &session, elsewhere));
    assert_memory_equal(content, elsewhere, DEVID_CONTENT_LEN - 34); /* all but the channel */
    return makers_sign(ctx, elsewhere, n, signature, signature_n);
}

static void only_the_channel_tells_a_relayed_signature_and_that_is_enough(void **state)
{
    (void)state;
    open_with(VERIFY_KEY_P256, BINDING_CERTIFICATE);
    memset(other_session.kasme.b, 0x5a, sizeof other_session.kasme.b);
    subvert(0, sign_for_other_session);
    attach(0);
    assert_failed(0, DEVID_CAUSE_SIGNATURE);
    makers_close(&k);
}

static bool sign_noise(void *ctx, const uint8_t *content, size_t n, uint8_t *signature,
                       size_t *signature_n)
{
    (void)ctx;
    (void)content;
    (void)n;
    memset(signature, 0, 64);
    *signature_n = 64;
    return true;
}

static void a_signature_of_zeros_is_refused(void **state)
{
    (void)state;
    static const enum verify_key_kind kinds[] = {VERIFY_KEY_P256, VERIFY_KEY_ED25519};
    for (size_t i = 0; i < 2; i++) {
        open_with(kinds[i], BINDING_PUBLIC_KEY);
        subvert(0, sign_noise);
        attach(0);
        assert_failed(0, DEVID_CAUSE_SIGNATURE);
        makers_close(&k);
    }
}

/* ---- at the wrong time ----------------------------------------------------------------------- */

static struct bytes identity_response(uint8_t room[static EMM_PDU_MAX])
{
    static uint8_t container[600];
    uint8_t id[NAS_IDENTITY_MAX];
    size_t n = 0;
    struct nas_identity imei = {.type = NAS_IDENTITY_IMEI, .imei = makers_imei(&k, 0)};
    struct nas_identity_response m = {.header = {0}};
    struct devid_proof p = {.imei = imei.imei, .algorithm = DEVID_ECDSA_P256, .n = 64};
    memset(p.signature, 0x5a, p.n);
    assert_ok(wire_devid_proof_write(&p, MBYTES_OF(container), &m.bindery_container));
    assert_ok(nas_identity_write(&imei, MBYTES_OF(id), &m.identity));
    assert_ok(
        nas_write(&nas_identity_response_message, &m, (struct mbytes){room, EMM_PDU_MAX}, &n));
    return (struct bytes){room, n};
}

/* On the device's connection before there is security: somebody on the radio, in its name. */
static void a_proof_before_security_is_refused_and_the_attach_goes_on(void **state)
{
    (void)state;
    uint8_t room[EMM_PDU_MAX];
    open_with(VERIFY_KEY_P256, BINDING_PUBLIC_KEY);
    world_attach(&w, 0);
    world_run(&w, w.now + 10); /* AIR is under way */
    world_inject(&w, 0, true, identity_response(room));
    world_run(&w, w.now + 2);
    assert_true(world_was_told(&w, REFUSAL_PROOF_UNASKED));
    assert_int_equal(w.inquiries, 0);
    assert_true(world_run_registered(&w, 0, w.now + 5000));
    assert_int_equal(w.outcome.result, DEVID_PROVEN);
    makers_close(&k);
}

static void a_response_without_request_is_refused_once_registered(void **state)
{
    (void)state;
    uint8_t room[EMM_PDU_MAX];
    open_with(VERIFY_KEY_P256, BINDING_PUBLIC_KEY);
    attach(0);
    w.n_told = 0;
    world_inject(&w, 0, true, identity_response(room));
    world_run(&w, w.now + 100);
    assert_true(world_was_told(&w, REFUSAL_NAS_UNPROTECTED)); /* under protection: emm_proof_test */
    assert_true(world_registered(&w, 0));
    assert_int_equal(w.inquiries, 1);
    makers_close(&k);
}

static struct bytes identity_request(uint8_t room[static EMM_PDU_MAX])
{
    static uint8_t container[100];
    static const uint8_t algorithms[] = {DEVID_ECDSA_P256};
    size_t n = 0;
    struct devid_challenge c;
    struct nas_identity_request m = {.identity_type = NAS_IDENTITY_IMEI};
    assert_ok(devid_challenge_make(&w.c, BYTES_OF(algorithms), &c));
    assert_ok(wire_devid_challenge_write(&c, MBYTES_OF(container), &m.bindery_container));
    assert_ok(nas_write(&nas_identity_request_message, &m, (struct mbytes){room, EMM_PDU_MAX}, &n));
    return (struct bytes){room, n};
}

static void a_challenge_before_security_is_refused_by_the_device(void **state)
{
    (void)state;
    uint8_t room[EMM_PDU_MAX];
    open_with(VERIFY_KEY_P256, BINDING_PUBLIC_KEY);
    world_attach(&w, 0);
    world_inject(&w, 0, false, identity_request(room));
    world_run(&w, w.now + 5);
    assert_int_equal(w.devices[0].refused, 1);
    assert_true(w.devices[0].last_refused == BINDERY_UE_REFUSED_CHALLENGE_UNPROTECTED ||
                w.devices[0].last_refused == BINDERY_UE_REFUSED_IDENTITY_UNPROTECTED);
    assert_int_equal(w.devices[0].proved, 0);
    assert_true(world_run_registered(&w, 0, w.now + 5000));
    makers_close(&k);
}

/* EEA0 where nobody configured it away: the device is not asked, and fails if it has a binding. */
static void who_is_talked_out_of_ciphering_is_not_asked_and_does_not_pass(void **state)
{
    (void)state;
    open_with(VERIFY_KEY_P256, BINDING_PUBLIC_KEY);
    w.devices[0].settings.allow_eea0 = true;
    w.config.algorithms = (struct nassec_preference){{0}, 1, {2}, 1};
    attach(0);
    assert_failed(0, DEVID_CAUSE_NOT_CIPHERED);
    assert_int_equal(w.devices[0].proved, 0);
    makers_close(&k);
}

/* ---- certificates ---------------------------------------------------------------------------- */

static void a_chain_that_is_not_good_is_refused_by_its_own_name(void **state)
{
    (void)state;
    static const struct {
        struct cert_wish wish;
        bool elsewhere; /* by another CA */
        enum devid_cause cause;
    } of[] = {
        {{.from = -10 * DAY, .to = -DAY}, false, DEVID_CAUSE_CHAIN_LATE},
        {{.from = DAY, .to = 10 * DAY}, false, DEVID_CAUSE_CHAIN_EARLY},
        {{.usage = "critical,keyEncipherment"}, false, DEVID_CAUSE_CHAIN_USAGE},
        {{.usage = NULL}, true, DEVID_CAUSE_CHAIN_UNTRUSTED},
        {{.usage = NULL}, false, DEVID_CAUSE_NONE}, /* and without a fault it is good */
    };
    for (size_t i = 0; i < sizeof of / sizeof of[0]; i++) {
        open_with(VERIFY_KEY_P256, BINDING_CERTIFICATE);
        struct cert_wish wish = of[i].wish;
        wish.by = of[i].elsewhere ? &k.other_ca : NULL;
        makers_certify(&k, &k.made[0], wish);
        attach(0);
        if (of[i].cause == DEVID_CAUSE_NONE) {
            assert_int_equal(w.outcome.result, DEVID_PROVEN);
        } else {
            assert_failed(0, of[i].cause);
        }
        makers_close(&k);
    }
}

static void a_certificate_that_its_ca_revoked_is_refused_when_the_list_is_read_again(void **state)
{
    (void)state;
    struct verify_why why;
    open_with(VERIFY_KEY_P256, BINDING_CERTIFICATE);
    attach(0);
    assert_true(world_registered(&w, 0));
    crl_save(k.crl_path, false, &k.ca, &k.made[0].certificate, DAY);
    assert_ok(devid_port_reload(k.verifier, &why));
    world_kill(&w, PARTY_UE);
    world_run(&w, w.now + 5000);
    assert_int_equal(w.outcome.cause, DEVID_CAUSE_CHAIN_REVOKED);
    assert_false(world_registered(&w, 0));
    assert_int_equal(w.devices[0].last_reject, 6);
    makers_close(&k);
}

static void a_list_that_has_expired_leaves_the_matter_open(void **state)
{
    (void)state;
    struct verify_why why;
    open_with(VERIFY_KEY_P256, BINDING_CERTIFICATE);
    crl_save(k.crl_path, false, &k.ca, NULL, -60);
    assert_ok(devid_port_reload(k.verifier, &why));
    attach(0);
    assert_int_equal(w.outcome.cause, DEVID_CAUSE_NO_CRL);
    assert_int_equal(w.outcome.result, DEVID_UNDETERMINED);
    assert_true(world_was_told(&w, REFUSAL_DEVICE_UNDETERMINED));
    assert_int_equal(w.devices[0].last_reject, 17); /* never 6: the device may be as good as any */
    makers_close(&k);
}

/* ---- records --------------------------------------------------------------------------------- */

static void assert_undetermined(enum devid_cause cause)
{
    assert_string_equal(devid_cause_name(w.outcome.cause), devid_cause_name(cause));
    assert_int_equal(w.outcome.result, DEVID_UNDETERMINED);
    assert_true(world_was_told(&w, REFUSAL_DEVICE_UNDETERMINED));
    assert_int_equal(w.devices[0].last_reject, 17);
}

static void a_record_of_a_repository_that_is_not_trusted_proves_nothing(void **state)
{
    (void)state;
    open_with(VERIFY_KEY_P256, BINDING_PUBLIC_KEY);
    makers_sign_record(&k, &k.made[0], &k.stranger);
    attach(0);
    assert_undetermined(DEVID_CAUSE_RECORD_SIGNATURE);
    makers_close(&k);
}

/* An HSS that is not to be trusted with whose key it is: it puts its own device's into the answer.
 */
static void a_home_network_cannot_exchange_key_or_record(void **state)
{
    (void)state;
    for (int which = 0; which < 3; which++) {
        open_with(VERIFY_KEY_P256, BINDING_PUBLIC_KEY);
        struct made *m = &k.made[0],
                    *other = makers_make(&k, 1, VERIFY_KEY_P256, BINDING_PUBLIC_KEY);
        makers_equip(&k, 0, &other->key);
        if (which == 0) {
            m->credential.spki = device_spki(&other->key);
        } else if (which == 1) {
            m->credential = other->credential; /* of another IMEI */
        } else {
            m->octets[sizeof m->octets - 1] ^= 1;
        }
        attach(0);
        assert_undetermined(which == 2 ? DEVID_CAUSE_RECORD_SIGNATURE : DEVID_CAUSE_RECORD);
        makers_close(&k);
    }
}

static void a_binding_outside_its_time_is_refused(void **state)
{
    (void)state;
    for (int late = 0; late < 2; late++) {
        open_with(VERIFY_KEY_P256, BINDING_PUBLIC_KEY);
        struct made *m = &k.made[0];
        m->record.not_before = w.unix_s + (late ? -20 : 10) * MAKERS_DAY;
        m->record.not_after = w.unix_s + (late ? -10 : 20) * MAKERS_DAY;
        makers_sign_record(&k, m, &k.repository);
        attach(0);
        assert_failed(0, late ? DEVID_CAUSE_BINDING_LATE : DEVID_CAUSE_BINDING_EARLY);
        makers_close(&k);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_signature_by_another_key_is_refused),
        cmocka_unit_test(an_algorithm_that_is_not_the_keys_is_refused),
        cmocka_unit_test(the_answer_to_an_old_challenge_is_refused),
        cmocka_unit_test(another_imeis_signature_is_refused),
        cmocka_unit_test(a_signature_relayed_from_another_session_is_refused),
        cmocka_unit_test(only_the_channel_tells_a_relayed_signature_and_that_is_enough),
        cmocka_unit_test(a_signature_of_zeros_is_refused),
        cmocka_unit_test(a_proof_before_security_is_refused_and_the_attach_goes_on),
        cmocka_unit_test(a_response_without_request_is_refused_once_registered),
        cmocka_unit_test(a_challenge_before_security_is_refused_by_the_device),
        cmocka_unit_test(who_is_talked_out_of_ciphering_is_not_asked_and_does_not_pass),
        cmocka_unit_test(a_chain_that_is_not_good_is_refused_by_its_own_name),
        cmocka_unit_test(a_certificate_that_its_ca_revoked_is_refused_when_the_list_is_read_again),
        cmocka_unit_test(a_list_that_has_expired_leaves_the_matter_open),
        cmocka_unit_test(a_record_of_a_repository_that_is_not_trusted_proves_nothing),
        cmocka_unit_test(a_home_network_cannot_exchange_key_or_record),
        cmocka_unit_test(a_binding_outside_its_time_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
