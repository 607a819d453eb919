#include "wire/devid.h"

#include "codec/nas_container.h"
#include "codec/samples.h"
#include "proc/devid_scene.h"

/* ---- containers ---- */

static struct devid_challenge sample_challenge(void)
{
    struct devid_challenge c = {.n_algorithms = 3, .algorithms = {3, 1, 200}};
    memcpy(c.nonce, octets_1, sizeof c.nonce);
    return c;
}

static struct devid_proof sample_proof(uint16_t n)
{
    struct devid_proof p = {.imei = rig_imei("35209900176148"), .algorithm = 3, .n = n};
    for (size_t i = 0; i < n; i++) {
        p.signature[i] = (uint8_t)(i * 7);
    }
    return p;
}

/* The containers of test/vectors/nas_samples.txt, written by another hand. */
static void containers_are_the_octets_of_the_samples(void **state)
{
    (void)state;
    uint8_t want[128], out[128];
    struct bytes value;
    struct devid_challenge c = {.n_algorithms = 2, .algorithms = {1, 3}};
    struct devid_proof p = {.imei = rig_imei("35209900176148"), .algorithm = 0, .n = 64};
    for (uint8_t i = 0; i < 64; i++) {
        c.nonce[i % 32] = i % 32;
        p.signature[i] = (uint8_t)(0x40 + i);
    }
    assert_ok(wire_devid_challenge_write(&c, MBYTES_OF(out), &value));
    assert_ok(hex_decode("0101010020000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e"
                         "1f0200020103",
                         (struct mbytes){want, value.n}));
    assert_memory_equal(value.p, want, value.n);
    assert_ok(wire_devid_proof_write(&p, MBYTES_OF(out), &value));
    assert_ok(
        hex_decode("020104000e333532303939303031373631343805000100060040404142434445464748494a"
                   "4b4c4d4e4f505152535455565758595a5b5c5d5e5f606162636465666768696a6b6c6d6e6f"
                   "707172737475767778797a7b7c7d7e7f",
                   (struct mbytes){want, value.n}));
    assert_memory_equal(value.p, want, value.n);
}

static void a_challenge_comes_through_and_no_prefix_of_it_does(void **state)
{
    (void)state;
    const struct devid_challenge sent = sample_challenge();
    struct devid_challenge got;
    uint8_t out[128];
    struct bytes value;
    assert_ok(wire_devid_challenge_write(&sent, MBYTES_OF(out), &value));
    for (size_t n = 0; n < value.n; n++) {
        uint8_t *cut = exact_copy((struct bytes){value.p, n});
        assert_int_not_equal(wire_devid_challenge_read((struct bytes){cut, n}, &got), E_OK);
        free(cut);
        uint8_t *room = malloc(n + 1);
        assert_err(wire_devid_challenge_write(&sent, (struct mbytes){room, n}, &value), E_NO_ROOM);
        free(room);
    }
    assert_ok(wire_devid_challenge_read(value, &got));
    assert_memory_equal(&got, &sent, sizeof sent);
}

static void a_proof_comes_through_and_no_prefix_of_it_does(void **state)
{
    (void)state;
    static const uint16_t lengths[] = {64, 96, 256, 512};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        static struct devid_proof sent, got;
        uint8_t out[600];
        struct bytes value;
        sent = sample_proof(lengths[i]);
        assert_ok(wire_devid_proof_write(&sent, MBYTES_OF(out), &value));
        for (size_t n = 0; n < value.n; n++) {
            uint8_t *cut = exact_copy((struct bytes){value.p, n});
            assert_int_not_equal(wire_devid_proof_read((struct bytes){cut, n}, &got), E_OK);
            free(cut);
            uint8_t *room = malloc(n + 1);
            assert_err(wire_devid_proof_write(&sent, (struct mbytes){room, n}, &value), E_NO_ROOM);
            free(room);
        }
        assert_ok(wire_devid_proof_read(value, &got));
        assert_memory_equal(&got, &sent, sizeof sent);
    }
}

static void what_has_no_place_in_a_container_is_not_written(void **state)
{
    (void)state;
    uint8_t out[700];
    struct bytes value = {NULL, 7};
    struct devid_challenge c = sample_challenge();
    struct devid_proof p = sample_proof(63);
    c.n_algorithms = 0;
    assert_err(wire_devid_challenge_write(&c, MBYTES_OF(out), &value), E_BAD_LENGTH);
    c.n_algorithms = 9;
    assert_err(wire_devid_challenge_write(&c, MBYTES_OF(out), &value), E_BAD_LENGTH);
    assert_err(wire_devid_proof_write(&p, MBYTES_OF(out), &value), E_BAD_LENGTH);
    p.n = 513;
    assert_err(wire_devid_proof_write(&p, MBYTES_OF(out), &value), E_BAD_LENGTH);
    assert_null(value.p);
}

static void a_container_that_is_another_or_holds_no_imei_changes_nothing(void **state)
{
    (void)state;
    uint8_t out[128];
    struct bytes challenge, proof;
    uint8_t other[128];
    struct devid_challenge c = sample_challenge(), c_before = c;
    static struct devid_proof p, before;
    p = sample_proof(64);
    before = p;
    assert_ok(wire_devid_challenge_write(&c, MBYTES_OF(other), &challenge));
    assert_ok(wire_devid_proof_write(&p, MBYTES_OF(out), &proof));
    assert_err(wire_devid_proof_read(challenge, &p), E_UNSUPPORTED);
    assert_err(wire_devid_challenge_read(proof, &c), E_UNSUPPORTED);
    out[5] = 'x'; /* its first digit */
    assert_err(wire_devid_proof_read(proof, &p), E_BAD_DIGIT);
    assert_memory_equal(&p, &before, sizeof p);
    assert_memory_equal(&c, &c_before, sizeof c);
}

/* ---- the credential ---- */

/* Out of the HSS, over S13, into the MME. */
static void credential_through(const struct devid_credential *sent, struct devid_credential *got)
{
    static struct s13_eca eca, parsed;
    static uint8_t octets[8192];
    struct diameter_fault fault;
    size_t n = 0;
    sample_eca(&eca);
    wire_devid_credential_fill(sent, &eca.device_credential);
    assert_ok(s13_eca_write(OWN, &eca, MBYTES_OF(octets), &n));
    assert_ok(s13_eca_parse(OWN, (struct bytes){octets, n}, &parsed, &fault));
    wire_devid_credential_read(&parsed.device_credential, got);
}

static void assert_same_credential(const struct devid_credential *a,
                                   const struct devid_credential *b)
{
    assert_int_equal(a->status, b->status);
    assert_int_equal(a->cause, b->cause);
    assert_int_equal(a->form, b->form);
    assert_int_equal(a->n_chain, b->n_chain);
    for (size_t i = 0; i < a->n_chain; i++) {
        assert_true(bytes_eq(a->chain[i], b->chain[i]));
    }
    assert_true(bytes_eq(a->spki, b->spki));
    assert_true(bytes_eq(a->record, b->record));
    assert_true(bytes_eq(a->signature, b->signature));
    assert_true(bytes_eq(a->signer, b->signer));
    assert_int_equal(a->source, b->source);
    assert_int_equal(a->age, b->age);
}

static struct devid_credential sample_credential(enum devid_status status, uint8_t form)
{
    struct devid_credential c = {.status = status, .source = DEVID_FROM_CACHE, .age = 59};
    if (status == DEVID_FOUND || status == DEVID_REVOKED) {
        c.record = FIRST(41);
        c.signature = FIRST(64);
        c.signer = FIRST(32);
    }
    if (status == DEVID_FOUND && form == BINDING_CERTIFICATE) {
        c.form = form;
        c.n_chain = DEVID_CHAIN_MAX;
        for (size_t i = 0; i < DEVID_CHAIN_MAX; i++) {
            c.chain[i] = FIRST(10 + i);
        }
    } else if (status == DEVID_FOUND) {
        c.form = form;
        c.spki = FIRST(44);
    }
    return c;
}

/*= test devid-8 */
static void a_credential_comes_through_whatever_it_says(void **state)
{
    (void)state;
    static const enum devid_status statuses[] = {DEVID_FOUND, DEVID_NONE, DEVID_REVOKED};
    for (size_t i = 0; i < 3; i++) {
        for (uint8_t form = BINDING_CERTIFICATE; form <= BINDING_PUBLIC_KEY; form++) {
            const struct devid_credential sent = sample_credential(statuses[i], form);
            struct devid_credential got;
            credential_through(&sent, &got);
            assert_same_credential(&sent, &got);
        }
    }
}

static void why_nobody_could_be_asked_comes_through(void **state)
{
    (void)state;
    for (int c = 0; c < DEVID_CAUSES; c++) {
        const struct devid_credential sent = {.status = DEVID_UNAVAILABLE,
                                              .cause = (enum devid_cause)c};
        struct devid_credential got;
        credential_through(&sent, &got);
        assert_int_equal(got.status, DEVID_UNAVAILABLE);
        bool undetermined = devid_cause_result((enum devid_cause)c) == DEVID_UNDETERMINED;
        assert_int_equal(got.cause, undetermined ? c : (int)DEVID_CAUSE_INQUIRY_UNANSWERED);
    }
}

/* What a member's absence or presence must not turn into an answer. */
static void drop_form(struct s13_device_credential *c)
{
    c->credential_form.present = false;
}

static void drop_record(struct s13_device_credential *c)
{
    c->binding_record = (struct bytes){NULL, 0};
}

static void drop_signature(struct s13_device_credential *c)
{
    c->record_signature = (struct bytes){NULL, 0};
}

static void drop_signer(struct s13_device_credential *c)
{
    c->record_signer = (struct bytes){NULL, 0};
}

static void drop_chain(struct s13_device_credential *c)
{
    c->credential_certificate_n = 0;
}

static void drop_source(struct s13_device_credential *c)
{
    c->credential_source.present = false;
}

static void drop_age(struct s13_device_credential *c)
{
    c->credential_age.present = false;
}

static void add_key(struct s13_device_credential *c)
{
    c->credential_key = FIRST(44);
}

static void add_cause(struct s13_device_credential *c)
{
    c->proof_cause = BYTES_LIT("no-binding");
}

static void say_key(struct s13_device_credential *c)
{
    c->credential_form.v = S6A_CREDENTIAL_IS_KEY;
}

static void say_other_status(struct s13_device_credential *c)
{
    c->credential_status.v = 5;
}

static void say_other_source(struct s13_device_credential *c)
{
    c->credential_source.v = 0;
}

/* With this, "none" would come with a certificate: is there a binding or not? */
static void say_none(struct s13_device_credential *c)
{
    c->credential_status.v = S13_CREDENTIAL_NONE;
}

static void say_none_with_a_record(struct s13_device_credential *c)
{
    say_none(c);
    drop_chain(c);
    drop_form(c);
}

static void say_none_with_a_signature(struct s13_device_credential *c)
{
    say_none_with_a_record(c);
    drop_record(c);
}

static void say_revoked(struct s13_device_credential *c)
{
    c->credential_status.v = S13_CREDENTIAL_REVOKED;
}

static void say_absent(struct s13_device_credential *c)
{
    c->present = false;
}

static void a_credential_that_contradicts_itself_is_no_answer(void **state)
{
    (void)state;
    static void (*const changes[])(struct s13_device_credential *) = {
        drop_form,
        drop_record,
        drop_signature,
        drop_signer,
        drop_chain,
        drop_source,
        drop_age,
        add_key,
        add_cause,
        say_key,
        say_other_status,
        say_other_source,
        say_none,
        say_none_with_a_record,
        say_none_with_a_signature,
        say_revoked,
        say_absent,
    };
    const struct devid_credential sent = sample_credential(DEVID_FOUND, BINDING_CERTIFICATE);
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        struct s13_device_credential c;
        struct devid_credential got;
        wire_devid_credential_fill(&sent, &c);
        changes[i](&c);
        wire_devid_credential_read(&c, &got);
        assert_int_equal(got.status, DEVID_UNAVAILABLE);
        assert_int_equal(got.cause, DEVID_CAUSE_INQUIRY_UNANSWERED);
        assert_int_equal(got.n_chain, 0);
        assert_null(got.record.p);
    }
}

/* ---- the outcome ---- */

static enum err outcome_through(const struct devid_outcome *sent, struct devid_outcome *got)
{
    static struct s6a_ulr ulr, parsed;
    static uint8_t octets[2048];
    struct diameter_fault fault;
    size_t n = 0;
    sample_ulr(&ulr);
    wire_devid_outcome_fill(sent, &ulr.device_proof);
    assert_ok(s6a_ulr_write(OWN, &ulr, MBYTES_OF(octets), &n));
    assert_ok(s6a_ulr_parse(OWN, (struct bytes){octets, n}, &parsed, &fault));
    return wire_devid_outcome_read(&parsed.device_proof, got);
}

static void every_outcome_that_step_9_can_have_comes_through(void **state)
{
    (void)state;
    for (int c = 0; c < DEVID_CAUSES; c++) {
        for (uint8_t form = 0; form <= BINDING_PUBLIC_KEY; form++) {
            const struct devid_outcome sent = {.result = devid_cause_result((enum devid_cause)c),
                                               .cause = (enum devid_cause)c,
                                               .form = form,
                                               .serial = form != 0 ? 0x8000000000000001 : 0};
            struct devid_outcome got;
            bool can_be = form != 0 ? sent.result != DEVID_UNPROVEN : sent.result != DEVID_PROVEN;
            assert_int_equal(outcome_through(&sent, &got), can_be ? E_OK : E_BAD_VALUE);
            if (can_be) {
                assert_int_equal(got.result, sent.result);
                assert_int_equal(got.cause, sent.cause);
                assert_int_equal(got.form, sent.form);
                assert_int_equal(got.serial, sent.serial);
            }
        }
    }
}

static void nothing_asked_is_nothing_sent(void **state)
{
    (void)state;
    const struct devid_outcome sent = {.result = DEVID_NOT_ASKED};
    struct devid_outcome got = {.result = DEVID_PROVEN, .form = 1, .serial = 9};
    struct s6a_device_proof group;
    wire_devid_outcome_fill(&sent, &group);
    assert_false(group.present);
    assert_ok(outcome_through(&sent, &got));
    assert_int_equal(got.result, DEVID_NOT_ASKED);
    assert_int_equal(got.form, 0);
    assert_int_equal(got.serial, 0);
}

static void an_outcome_that_contradicts_itself_is_refused(void **state)
{
    (void)state;
    const struct diameter_u32 key = DIAMETER_U32_OF(S6A_CREDENTIAL_IS_KEY);
    const struct diameter_u64 serial = {true, 7};
    const struct s6a_device_proof bad[] = {
        {.proof_result = DIAMETER_U32_OF(1)}, /* proven by nothing */
        {.proof_result = DIAMETER_U32_OF(1), .credential_form = key},
        {.proof_result = DIAMETER_U32_OF(1), .record_serial = serial},
        {.proof_result = DIAMETER_U32_OF(1), .credential_form = {true, 3}, .record_serial = serial},
        {.proof_result = DIAMETER_U32_OF(1), .credential_form = {true, 0}, .record_serial = serial},
        {.proof_result = DIAMETER_U32_OF(1),
         .proof_cause = BYTES_LIT("none"),
         .credential_form = key,
         .record_serial = serial},
        {.proof_result = DIAMETER_U32_OF(1),
         .proof_cause = BYTES_LIT("signature"),
         .credential_form = key,
         .record_serial = serial},
        {.proof_result = DIAMETER_U32_OF(2)}, /* without a cause */
        {.proof_result = DIAMETER_U32_OF(2), .proof_cause = BYTES_LIT("signature")},
        {.proof_result = DIAMETER_U32_OF(2),
         .proof_cause = BYTES_LIT("no-binding"),
         .credential_form = key,
         .record_serial = serial},
        {.proof_result = DIAMETER_U32_OF(3), .proof_cause = BYTES_LIT("")},
        {.proof_result = DIAMETER_U32_OF(3), .proof_cause = BYTES_LIT("no-such-cause")},
        {.proof_result = DIAMETER_U32_OF(3), .proof_cause = BYTES_LIT("repository-silent")},
        {.proof_result = DIAMETER_U32_OF(0), .proof_cause = BYTES_LIT("signature")},
        {.proof_result = DIAMETER_U32_OF(5), .proof_cause = BYTES_LIT("signature")},
        {.proof_cause = BYTES_LIT("signature")},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct s6a_device_proof group = bad[i];
        struct devid_outcome got = {.result = DEVID_NOT_ASKED, .serial = 5};
        group.present = true;
        assert_err(wire_devid_outcome_read(&group, &got), E_BAD_VALUE);
        assert_int_equal(got.serial, 5);
    }
}

/* ---- all of it ---- */

/* Steps 3 to 9 and the report to the home network, each step through its message. */
/*= test devid-5 devid-8 */
static void a_device_is_proven_over_the_wire_in_both_variants(void **state)
{
    (void)state;
    static struct scene s;
    for (uint8_t form = BINDING_CERTIFICATE; form <= BINDING_PUBLIC_KEY; form++) {
        uint8_t down[128], up[600];
        struct bytes value;
        static struct devid_challenge at_device;
        static struct devid_proof signed_there, at_network;
        struct devid_outcome at_home;
        scene_open(&s, DEVID_ED25519, form);
        const struct devid_signer signer = rig_signer(&s.rig);
        assert_ok(wire_devid_challenge_write(&s.challenge, MBYTES_OF(down), &value));
        assert_ok(wire_devid_challenge_read(value, &at_device));
        assert_ok(devid_device_sign(&s.rig.crypto, &at_device, &s.asked.imei, &s.asked.session,
                                    &signer, &signed_there));
        assert_ok(wire_devid_proof_write(&signed_there, MBYTES_OF(up), &value));
        assert_ok(wire_devid_proof_read(value, &at_network));
        const struct devid_credential answered = rig_credential(&s.rig);
        credential_through(&answered, &s.credential);
        s.asked.proof = &at_network;
        assert_int_equal(scene_check(&s), DEVID_CAUSE_NONE);
        assert_ok(outcome_through(&s.outcome, &at_home));
        assert_int_equal(at_home.result, DEVID_PROVEN);
        assert_int_equal(at_home.form, form);
        assert_int_equal(at_home.serial, 77);
        rig_close(&s.rig);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(containers_are_the_octets_of_the_samples),
        cmocka_unit_test(a_challenge_comes_through_and_no_prefix_of_it_does),
        cmocka_unit_test(a_proof_comes_through_and_no_prefix_of_it_does),
        cmocka_unit_test(what_has_no_place_in_a_container_is_not_written),
        cmocka_unit_test(a_container_that_is_another_or_holds_no_imei_changes_nothing),
        cmocka_unit_test(a_credential_comes_through_whatever_it_says),
        cmocka_unit_test(why_nobody_could_be_asked_comes_through),
        cmocka_unit_test(a_credential_that_contradicts_itself_is_no_answer),
        cmocka_unit_test(every_outcome_that_step_9_can_have_comes_through),
        cmocka_unit_test(nothing_asked_is_nothing_sent),
        cmocka_unit_test(an_outcome_that_contradicts_itself_is_refused),
        cmocka_unit_test(a_device_is_proven_over_the_wire_in_both_variants),
    };
    return cmocka_run_group_tests_name("wire/devid", tests, NULL, NULL);
}
