#include "proc/devid.h"

#include "proc/devid_scene.h"

/* ---- all goes well ---- */

/*= test devid-4 devid-9x devid-9y devid-certificate */
static void a_device_proves_its_imei_in_both_variants_under_every_algorithm(void **state)
{
    (void)state;
    static struct scene s;
    for (size_t i = 0; i < sizeof all_algorithms; i++) {
        for (uint8_t form = BINDING_CERTIFICATE; form <= BINDING_PUBLIC_KEY; form++) {
            scene_open(&s, all_algorithms[i], form);
            assert_int_equal(scene_check(&s), DEVID_CAUSE_NONE);
            assert_int_equal(s.outcome.result, DEVID_PROVEN);
            assert_int_equal(s.outcome.form, form);
            assert_int_equal(s.outcome.serial, 77);
            rig_close(&s.rig);
        }
    }
}

/*= test devid-3 */
static void every_challenge_has_a_nonce_of_its_own(void **state)
{
    (void)state;
    static struct scene s;
    struct devid_challenge a, b;
    scene_open(&s, DEVID_ECDSA_P256, BINDING_PUBLIC_KEY);
    assert_ok(devid_challenge_make(&s.rig.crypto, BYTES_OF(all_algorithms), &a));
    assert_ok(devid_challenge_make(&s.rig.crypto, BYTES_OF(all_algorithms), &b));
    assert_memory_not_equal(a.nonce, b.nonce, DEVID_NONCE_LEN);
    assert_int_equal(a.n_algorithms, sizeof all_algorithms);
    assert_memory_equal(a.algorithms, all_algorithms, sizeof all_algorithms);
    rig_close(&s.rig);
}

static enum err no_random(void *ctx, struct mbytes out)
{
    (void)ctx;
    memset(out.p, 0, out.n);
    return E_CRYPTO;
}

static void a_challenge_without_algorithms_or_randomness_is_not_made(void **state)
{
    (void)state;
    static const uint8_t nine[DEVID_ALGORITHMS_MAX + 1] = {1, 2, 3, 4, 5, 6, 7, 8, 9};
    struct crypto crypto = {.random = no_random};
    struct devid_challenge made, before;
    memset(&made, 0xee, sizeof made);
    memcpy(&before, &made, sizeof made);
    assert_err(devid_challenge_make(&crypto, (struct bytes){nine, 0}, &made), E_BAD_VALUE);
    assert_err(devid_challenge_make(&crypto, BYTES_OF(nine), &made), E_BAD_VALUE);
    assert_err(devid_challenge_make(&crypto, (struct bytes){nine, 8}, &made), E_CRYPTO);
    assert_memory_equal(&made, &before, sizeof made);
}

/* ---- what is signed ---- */

/* The octets are of Python, KASME being 00 to 1f and the nonce 40 to 5f:
 * i = lambda b: len(b).to_bytes(2, "big") + b
 * c = hmac.new(kasme, i(b"devid channel") + i(nonce), "sha256").digest()
 * b"".join(map(i, [b"bindery devid proof", b"\1", b"35693803564380", nonce, b"\0\xf1\x10", c])) */
static void what_is_signed_is_the_octets_that_its_page_shows(void **state)
{
    (void)state;
    static const char golden[] =
        "001362696e646572792064657669642070726f6f66000101000e33353639333830333536343338300020404142"
        "434445464748494a4b4c4d4e4f505152535455565758595a5b5c5d5e5f000300f1100020c33ce8a4e5b5b54262"
        "c84d96f717071bc2f8259e3e9b27a5dcdd43de86960c59";
    struct crypto crypto;
    struct key_kasme kasme;
    uint8_t nonce[DEVID_NONCE_LEN], out[DEVID_CONTENT_LEN];
    char hex[2 * DEVID_CONTENT_LEN + 1];
    const struct imei imei = rig_imei("35693803564380");
    for (uint8_t i = 0; i < 32; i++) {
        kasme.b[i] = i;
        nonce[i] = (uint8_t)(0x40 + i);
    }
    const struct devid_session session = {.plmn = plmn_of("001-01"), .kasme = &kasme};
    assert_ok(crypto_openssl_open(&crypto));
    assert_ok(devid_content(&crypto, DEVID_ECDSA_P256, &imei, nonce, &session, out));
    hex_encode(BYTES_OF(out), hex);
    assert_string_equal(hex, golden);
    crypto_openssl_close(&crypto);
}

/* The key is that of RFC 8032 7.1, test 1. The signature is of the openssl command, over the octets
 * above with algorithm 3: openssl pkeyutl -sign -rawin -inkey KEY -in CONTENT */
static void a_signature_that_another_program_made_proves_the_device(void **state)
{
    (void)state;
    static struct scene s;
    scene_open(&s, DEVID_ED25519, BINDING_PUBLIC_KEY);
    s.rig.spki.n = 44;
    assert_ok(hex_decode("302a300506032b6570032100d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325"
                         "af021a68f707511a",
                         (struct mbytes){s.rig.spki.p, s.rig.spki.n}));
    assert_ok(hex_decode("d19947615eef69d7eaddd5067f3d9c21d4b9ee47259519a239e05aaf5119f8b8420ca8f9"
                         "7574a9fab4b8f7334475eab26216421c2b662fa2bb644693e8d78300",
                         (struct mbytes){s.proof.signature, 64}));
    rig_digest(&s.rig, rig_bytes(&s.rig.spki), s.rig.record.digest);
    rig_publish(&s.rig);
    s.credential = rig_credential(&s.rig);
    for (uint8_t i = 0; i < 32; i++) {
        s.kasme.b[i] = i;
        s.challenge.nonce[i] = (uint8_t)(0x40 + i);
    }
    assert_int_equal(scene_check(&s), DEVID_CAUSE_NONE);
    rig_close(&s.rig);
}

/*= test devid-channel */
static void who_changes_anything_that_is_signed_fails(void **state)
{
    (void)state;
    static struct scene s;
    scene_open(&s, DEVID_ED25519, BINDING_PUBLIC_KEY);
    for (size_t bit = 0; bit < 8 * DEVID_NONCE_LEN; bit++) {
        s.challenge.nonce[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_equal(scene_check(&s), DEVID_CAUSE_SIGNATURE);
        s.challenge.nonce[bit / 8] ^= (uint8_t)(1u << bit % 8);
        s.kasme.b[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_equal(scene_check(&s), DEVID_CAUSE_SIGNATURE);
        s.kasme.b[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    for (size_t bit = 0; bit < 8u * s.proof.n; bit++) {
        s.proof.signature[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_equal(scene_check(&s), DEVID_CAUSE_SIGNATURE);
        s.proof.signature[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    s.asked.session.plmn = plmn_of("001-001");
    assert_int_equal(scene_check(&s), DEVID_CAUSE_SIGNATURE);
    s.asked.session.plmn = plmn_of("001-01");
    assert_int_equal(scene_check(&s), DEVID_CAUSE_NONE);
    rig_close(&s.rig);
}

/* The number is in the content, so that no signature of one kind is taken for one of another. */
static void the_algorithm_is_signed_too(void **state)
{
    (void)state;
    static struct scene s;
    uint8_t content[DEVID_CONTENT_LEN];
    scene_open(&s, DEVID_ED25519, BINDING_PUBLIC_KEY);
    assert_ok(devid_content(&s.rig.crypto, DEVID_ECDSA_P256, &s.asked.imei, s.challenge.nonce,
                            &s.asked.session, content));
    s.proof.n =
        (uint16_t)rig_sign(s.rig.device, DEVID_ED25519, BYTES_OF(content), s.proof.signature);
    assert_int_equal(scene_check(&s), DEVID_CAUSE_SIGNATURE);
    rig_close(&s.rig);
}

/* ---- attacks ---- */

static void a_thief_who_signs_with_a_key_of_his_own_fails(void **state)
{
    (void)state;
    static struct scene s;
    scene_open(&s, DEVID_ECDSA_P256, BINDING_PUBLIC_KEY);
    EVP_PKEY *bound = s.rig.device;
    s.rig.device = rig_key(DEVID_ECDSA_P256);
    assert_ok(scene_sign(&s, &s.asked.imei, &s.asked.session));
    assert_int_equal(scene_check(&s), DEVID_CAUSE_SIGNATURE);
    EVP_PKEY_free(bound);
    rig_close(&s.rig);
}

/* The binding of a device that the attacker owns, under the IMEI that he wants to be. */
static void a_key_that_is_bound_to_another_imei_proves_nothing(void **state)
{
    (void)state;
    static struct scene s;
    scene_open(&s, DEVID_ECDSA_P256, BINDING_PUBLIC_KEY);
    s.asked.imei = rig_imei("35693803564381");
    assert_ok(scene_sign(&s, &s.asked.imei, &s.asked.session));
    assert_int_equal(scene_check(&s), DEVID_CAUSE_RECORD);
    assert_int_equal(s.outcome.result, DEVID_UNDETERMINED);
    rig_close(&s.rig);
}

/* The real device says who it is; the one in front of the network gives another IMEI with it. */
static void a_proof_of_one_imei_is_none_of_another(void **state)
{
    (void)state;
    static struct scene s;
    scene_open(&s, DEVID_ECDSA_P256, BINDING_PUBLIC_KEY);
    const struct imei other = rig_imei("35693803564381");
    assert_ok(scene_sign(&s, &other, &s.asked.session));
    assert_int_equal(scene_check(&s), DEVID_CAUSE_OTHER_IMEI);
    s.proof.imei = s.asked.imei; /* and if he writes the right one over it */
    assert_int_equal(scene_check(&s), DEVID_CAUSE_SIGNATURE);
    rig_close(&s.rig);
}

/*= test devid-nonce */
static void a_proof_of_an_earlier_challenge_is_refused(void **state)
{
    (void)state;
    static struct scene s;
    scene_open(&s, DEVID_ECDSA_P256, BINDING_CERTIFICATE);
    assert_int_equal(scene_check(&s), DEVID_CAUSE_NONE);
    assert_ok(devid_challenge_make(&s.rig.crypto, BYTES_OF(all_algorithms), &s.challenge));
    assert_int_equal(scene_check(&s), DEVID_CAUSE_SIGNATURE);
    rig_close(&s.rig);
}

/* A false network in the middle: it has a session of its own with the device, hands it the real
 * network's challenge and carries the answer on. */
/*= test devid-channel */
static void a_challenge_that_is_relayed_into_another_nas_session_gets_nothing_of_use(void **state)
{
    (void)state;
    static struct scene s;
    const struct key_kasme middle = {{1}};
    scene_open(&s, DEVID_ECDSA_P256, BINDING_PUBLIC_KEY);
    struct devid_session relayed = {.plmn = s.asked.session.plmn, .kasme = &middle};
    assert_ok(scene_sign(&s, &s.asked.imei, &relayed));
    assert_int_equal(scene_check(&s), DEVID_CAUSE_SIGNATURE);
    relayed = (struct devid_session){.plmn = plmn_of("262-01"), .kasme = &s.kasme};
    assert_ok(scene_sign(&s, &s.asked.imei, &relayed));
    assert_int_equal(scene_check(&s), DEVID_CAUSE_SIGNATURE);
    rig_close(&s.rig);
}

/* ---- the device ---- */

static enum err sign_badly(void *ctx, struct bytes content, uint8_t *signature, size_t *n)
{
    const size_t *says = ctx;
    (void)content;
    assert_int_equal(*n, DEVID_SIGNATURE_MAX);
    memset(signature, 1, *n);
    *n = *says;
    return *says == 0 ? E_NO_ROOM : E_OK;
}

static void a_device_answers_nothing_where_it_cannot_sign(void **state)
{
    (void)state;
    static struct scene s;
    size_t says[] = {0, DEVID_SIGNATURE_MIN - 1, DEVID_SIGNATURE_MAX + 1};
    scene_open(&s, DEVID_ECDSA_P256, BINDING_PUBLIC_KEY);
    static const struct devid_proof none;
    for (size_t i = 0; i < sizeof says / sizeof says[0]; i++) {
        const struct devid_signer signer = {
            .ctx = &says[i], .algorithm = DEVID_ECDSA_P256, .sign = sign_badly};
        assert_err(devid_device_sign(&s.rig.crypto, &s.challenge, &s.asked.imei, &s.asked.session,
                                     &signer, &s.proof),
                   E_CRYPTO);
        assert_memory_equal(&s.proof, &none, sizeof none);
    }
    s.challenge.n_algorithms = 1;
    s.challenge.algorithms[0] = DEVID_ED25519;
    assert_err(scene_sign(&s, &s.asked.imei, &s.asked.session), E_UNSUPPORTED);
    assert_memory_equal(&s.proof, &none, sizeof none);
    rig_close(&s.rig);
}

static void a_challenge_that_comes_again_is_answered_again(void **state)
{
    (void)state;
    static struct scene s;
    scene_open(&s, DEVID_ECDSA_P256, BINDING_PUBLIC_KEY);
    for (unsigned i = 0; i < 3; i++) {
        assert_ok(scene_sign(&s, &s.asked.imei, &s.asked.session));
        assert_int_equal(scene_check(&s), DEVID_CAUSE_NONE);
    }
    rig_close(&s.rig);
}

/*= test devid-ciphered */
static void a_challenge_is_answered_under_integrity_and_ciphering_only(void **state)
{
    (void)state;
    assert_true(devid_may_answer(true, true));
    assert_false(devid_may_answer(true, false));
    assert_false(devid_may_answer(false, true));
    assert_false(devid_may_answer(false, false));
}

/* ---- the record ---- */

static void record_of_another_use(struct scene *s)
{
    s->rig.record.use = BINDING_PROVISIONING;
    rig_publish(&s->rig);
}

static void record_of_another_form(struct scene *s)
{
    s->rig.record.form ^= BINDING_CERTIFICATE ^ BINDING_PUBLIC_KEY;
    rig_publish(&s->rig);
}

static void record_of_another_key(struct scene *s)
{
    s->rig.record.digest[31] ^= 1;
    rig_publish(&s->rig);
}

static void record_that_is_cut(struct scene *s)
{
    s->credential.record.n--;
}

static void record_that_is_absent(struct scene *s)
{
    s->credential.record = (struct bytes){NULL, 0};
}

/* Nor does a record of nothing make it one. */
static void no_key_at_all(struct scene *s)
{
    s->credential.n_chain = 0;
    s->credential.spki = (struct bytes){NULL, 0};
    rig_digest(&s->rig, s->credential.spki, s->rig.record.digest);
    rig_publish(&s->rig);
}

static void more_certificates_than_fit(struct scene *s)
{
    s->rig.record.form = BINDING_CERTIFICATE;
    s->credential.form = BINDING_CERTIFICATE;
    s->credential.n_chain = DEVID_CHAIN_MAX + 1;
}

static void signature_that_is_cut(struct scene *s)
{
    s->credential.signature.n--;
}

static void signer_that_is_cut(struct scene *s)
{
    s->credential.signer.n--;
}

static void revoked_by_an_active_record(struct scene *s)
{
    s->credential.status = DEVID_REVOKED;
}

/*= test devid-record */
static void a_record_that_does_not_belong_to_what_came_is_not_believed(void **state)
{
    (void)state;
    static void (*const bad[])(struct scene *) = {
        record_of_another_use,      record_of_another_form, record_of_another_key,
        record_that_is_cut,         record_that_is_absent,  no_key_at_all,
        more_certificates_than_fit, signature_that_is_cut,  signer_that_is_cut,
        revoked_by_an_active_record};
    static struct scene s;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        for (uint8_t form = BINDING_CERTIFICATE; form <= BINDING_PUBLIC_KEY; form++) {
            scene_open(&s, DEVID_ECDSA_P256, form);
            bad[i](&s);
            assert_int_equal(scene_check(&s), DEVID_CAUSE_RECORD);
            assert_int_equal(s.outcome.form, 0);
            assert_int_equal(s.outcome.serial, 0);
            rig_close(&s.rig);
        }
    }
}

static void every_octet_of_the_record_counts(void **state)
{
    (void)state;
    static struct scene s;
    scene_open(&s, DEVID_ECDSA_P256, BINDING_PUBLIC_KEY);
    for (size_t i = 0; i < sizeof s.rig.record_octets; i++) {
        s.rig.record_octets[i] ^= 1;
        enum devid_cause cause = scene_check(&s);
        assert_true(cause == DEVID_CAUSE_RECORD || cause == DEVID_CAUSE_RECORD_SIGNATURE);
        s.rig.record_octets[i] ^= 1;
    }
    assert_int_equal(scene_check(&s), DEVID_CAUSE_NONE);
    rig_close(&s.rig);
}

static void a_record_is_written_out_only_when_it_is_believed(void **state)
{
    (void)state;
    static struct scene s;
    struct binding_record record = {.serial = 5};
    scene_open(&s, DEVID_ECDSA_P256, BINDING_CERTIFICATE);
    s.rig.record_says = E_NOT_FOUND;
    assert_int_equal(
        devid_record_check(&s.rig.crypto, &s.port, &s.asked.imei, &s.credential, &record),
        DEVID_CAUSE_RECORD_SIGNATURE);
    assert_int_equal(record.serial, 5);
    s.rig.record_says = E_OK;
    assert_int_equal(
        devid_record_check(&s.rig.crypto, &s.port, &s.asked.imei, &s.credential, &record),
        DEVID_CAUSE_NONE);
    assert_int_equal(record.serial, 77);
    assert_true(imei_eq(&record.imei, &s.asked.imei));
    rig_close(&s.rig);
}

/* A revoked binding comes without its key, and is believed by its record alone. */
static void a_revocation_needs_no_key_but_a_signed_record(void **state)
{
    (void)state;
    static struct scene s;
    scene_open(&s, DEVID_ECDSA_P256, BINDING_CERTIFICATE);
    s.rig.record.status = BINDING_REVOKED;
    rig_publish(&s.rig);
    s.credential.status = DEVID_REVOKED;
    no_key_at_all(&s);
    assert_int_equal(scene_check(&s), DEVID_CAUSE_REVOKED);
    assert_int_equal(s.outcome.serial, 77);
    s.rig.record_signature[63] ^= 1;
    assert_int_equal(scene_check(&s), DEVID_CAUSE_RECORD_SIGNATURE);
    assert_int_equal(s.outcome.result, DEVID_UNDETERMINED);
    rig_close(&s.rig);
}

/* ---- in which order ---- */

static void what_the_repository_says_goes_before_what_the_device_does(void **state)
{
    (void)state;
    static struct scene s;
    scene_open(&s, DEVID_ECDSA_P256, BINDING_PUBLIC_KEY);
    s.credential = (struct devid_credential){.status = DEVID_NONE};
    assert_int_equal(scene_check(&s), DEVID_CAUSE_NO_BINDING); /* a good proof of nothing */
    s.asked.proof = NULL;
    assert_int_equal(scene_check(&s), DEVID_CAUSE_NO_BINDING);
    s.asked.challenge = NULL;
    assert_int_equal(scene_check(&s), DEVID_CAUSE_NO_BINDING);
    s.credential = rig_credential(&s.rig);
    s.rig.record_says = E_BAD_MAC;
    assert_int_equal(scene_check(&s), DEVID_CAUSE_RECORD_SIGNATURE);
    rig_close(&s.rig);
}

/* Silence is no way around a binding. */
static void who_says_nothing_about_a_bound_imei_fails(void **state)
{
    (void)state;
    static struct scene s;
    scene_open(&s, DEVID_ECDSA_P256, BINDING_PUBLIC_KEY);
    s.asked.proof = NULL;
    assert_int_equal(scene_check(&s), DEVID_CAUSE_NO_PROOF);
    s.asked.unreadable = true;
    assert_int_equal(scene_check(&s), DEVID_CAUSE_BAD_PROOF);
    s.asked.challenge = NULL;
    assert_int_equal(scene_check(&s), DEVID_CAUSE_NOT_CIPHERED);
    assert_int_equal(s.outcome.serial, 77); /* of the binding that it did not live up to */
    rig_close(&s.rig);
}

static void an_inquiry_whose_answer_is_none_is_undetermined(void **state)
{
    (void)state;
    static struct scene s;
    scene_open(&s, DEVID_ECDSA_P256, BINDING_PUBLIC_KEY);
    static const unsigned statuses[] = {0, DEVID_UNAVAILABLE, 5, 77};
    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
        for (int c = 0; c <= DEVID_CAUSES; c++) {
            s.credential.status = (enum devid_status)statuses[i];
            s.credential.cause = (enum devid_cause)c;
            enum devid_cause got = scene_check(&s);
            bool passed = statuses[i] == DEVID_UNAVAILABLE && c < DEVID_CAUSES &&
                          devid_cause_result((enum devid_cause)c) == DEVID_UNDETERMINED;
            assert_int_equal(got, passed ? c : (int)DEVID_CAUSE_INQUIRY_UNANSWERED);
            assert_int_equal(s.outcome.result, DEVID_UNDETERMINED);
            assert_int_equal(s.outcome.form, 0);
        }
    }
    rig_close(&s.rig);
}

static void a_binding_and_its_certificate_are_valid_to_the_second(void **state)
{
    (void)state;
    static struct scene s;
    static const struct {
        int64_t at;
        enum devid_cause key, certificate;
    } table[] = {
        {RIG_AT - RIG_RECORD - 1, DEVID_CAUSE_BINDING_EARLY, DEVID_CAUSE_BINDING_EARLY},
        {RIG_AT - RIG_RECORD, DEVID_CAUSE_NONE, DEVID_CAUSE_CHAIN_EARLY},
        {RIG_AT - RIG_CHAIN, DEVID_CAUSE_NONE, DEVID_CAUSE_NONE},
        {RIG_AT + RIG_CHAIN + 1, DEVID_CAUSE_NONE, DEVID_CAUSE_CHAIN_LATE},
        {RIG_AT + RIG_RECORD, DEVID_CAUSE_NONE, DEVID_CAUSE_CHAIN_LATE},
        {RIG_AT + RIG_RECORD + 1, DEVID_CAUSE_BINDING_LATE, DEVID_CAUSE_BINDING_LATE},
    };
    for (uint8_t form = BINDING_CERTIFICATE; form <= BINDING_PUBLIC_KEY; form++) {
        scene_open(&s, DEVID_ECDSA_P256, form);
        for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
            s.asked.at = table[i].at;
            assert_int_equal(scene_check(&s),
                             form == BINDING_CERTIFICATE ? table[i].certificate : table[i].key);
        }
        rig_close(&s.rig);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_device_proves_its_imei_in_both_variants_under_every_algorithm),
        cmocka_unit_test(every_challenge_has_a_nonce_of_its_own),
        cmocka_unit_test(a_challenge_without_algorithms_or_randomness_is_not_made),
        cmocka_unit_test(what_is_signed_is_the_octets_that_its_page_shows),
        cmocka_unit_test(a_signature_that_another_program_made_proves_the_device),
        cmocka_unit_test(who_changes_anything_that_is_signed_fails),
        cmocka_unit_test(the_algorithm_is_signed_too),
        cmocka_unit_test(a_thief_who_signs_with_a_key_of_his_own_fails),
        cmocka_unit_test(a_key_that_is_bound_to_another_imei_proves_nothing),
        cmocka_unit_test(a_proof_of_one_imei_is_none_of_another),
        cmocka_unit_test(a_proof_of_an_earlier_challenge_is_refused),
        cmocka_unit_test(a_challenge_that_is_relayed_into_another_nas_session_gets_nothing_of_use),
        cmocka_unit_test(a_device_answers_nothing_where_it_cannot_sign),
        cmocka_unit_test(a_challenge_that_comes_again_is_answered_again),
        cmocka_unit_test(a_challenge_is_answered_under_integrity_and_ciphering_only),
        cmocka_unit_test(a_record_that_does_not_belong_to_what_came_is_not_believed),
        cmocka_unit_test(every_octet_of_the_record_counts),
        cmocka_unit_test(a_record_is_written_out_only_when_it_is_believed),
        cmocka_unit_test(a_revocation_needs_no_key_but_a_signed_record),
        cmocka_unit_test(what_the_repository_says_goes_before_what_the_device_does),
        cmocka_unit_test(who_says_nothing_about_a_bound_imei_fails),
        cmocka_unit_test(an_inquiry_whose_answer_is_none_is_undetermined),
        cmocka_unit_test(a_binding_and_its_certificate_are_valid_to_the_second),
    };
    return cmocka_run_group_tests_name("proc/devid", tests, NULL, NULL);
}
