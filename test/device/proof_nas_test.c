/* The same through the NAS client: the IDENTITY REQUEST of src/device/security.c. */
#include "device/asking.h"

struct client {
    struct world w;
    struct test_key key;
    struct nas_identity_response out;
};

static void client_open(struct client *c, uint8_t algorithm)
{
    memset(c, 0, sizeof *c);
    world_open(&c->w);
    test_key_make(&c->key, algorithm);
    c->w.host.signer = &c->key.signer;
    world_boot(&c->w, false);
}

static struct nas_identity_request request_of(struct bytes value)
{
    return (struct nas_identity_request){.identity_type = NAS_IDENTITY_IMEI,
                                         .bindery_container = value};
}

static void ask(struct client *c, struct bytes value)
{
    const struct nas_identity_request m = request_of(value);
    net_secured(&c->w, &nas_identity_request_message, &m);
}

/* An IDENTITY RESPONSE, ciphered, with the IMEI; its element is in c->out. */
static void expect_imei(struct client *c)
{
    struct nas_identity id;
    net_expect(&c->w, &nas_identity_response_message, &c->out);
    assert_int_equal(c->w.sht, NAS_SHT_CIPHERED);
    assert_ok(nas_identity_parse(c->out.identity, &id));
    assert_int_equal(id.type, NAS_IDENTITY_IMEI);
    assert_memory_equal(id.imei.digits, WORLD_IMEISV, 14);
}

static void expect_refusal(const struct client *c, enum bindery_ue_refusal why)
{
    assert_int_equal(world_refusal(&c->w), why);
    assert_null(world_event(&c->w, BINDERY_UE_EVENT_PROVED));
    assert_null(world_event(&c->w, BINDERY_UE_EVENT_NO_PROOF));
}

static void expect_status(struct client *c, uint8_t cause)
{
    struct nas_emm_status m;
    net_expect(&c->w, &nas_emm_status_message, &m);
    assert_int_equal(m.emm_cause, cause);
}

static enum devid_cause judge_client(struct client *c, const struct asking *a)
{
    struct devid_proof proof;
    const struct imei imei = world_imei();
    const struct devid_session session = {c->w.guti.plmn, &c->w.vector.kasme};
    assert_non_null(c->out.bindery_container.p);
    assert_ok(wire_devid_proof_read(c->out.bindery_container, &proof));
    return test_check(&c->w.c, &c->key, &a->challenge, &imei, &session, &proof);
}

static void expect_proof(struct client *c, const struct asking *a)
{
    expect_imei(c);
    assert_int_equal(judge_client(c, a), DEVID_CAUSE_NONE);
    const struct bindery_ue_event *e = world_event(&c->w, BINDERY_UE_EVENT_PROVED);
    assert_non_null(e);
    assert_int_equal(e->algorithm, c->key.algorithm);
    assert_int_equal(e->message, NAS_IDENTITY_REQUEST);
    assert_true(e->secured);
}

/*= test devid-4 devid-5 */
static void a_device_proves_its_imei_while_it_attaches(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof all_algorithms; i++) {
        struct client c;
        client_open(&c, all_algorithms[i]);
        world_secure(&c.w);
        const struct asking a = asking_of(&c.w, all_algorithms, sizeof all_algorithms);
        ask(&c, element_of(&a));
        expect_proof(&c, &a);
        net_accept(&c.w);
        ask(&c, element_of(&a)); /* and when it is attached */
        expect_proof(&c, &a);
        world_close(&c.w);
    }
}

/* The largest of all fits the buffer. */
static void a_key_of_4096_bits_signs_too(void **state)
{
    struct client c;
    uint8_t algorithm = 0;
    (void)state;
    client_open(&c, DEVID_RSA_PSS);
    test_key_rsa(&c.key, 4096);
    assert_ok(signer_openssl_algorithm((struct bytes){c.key.der, c.key.n}, &algorithm));
    assert_ok(signer_openssl_public((struct bytes){c.key.der, c.key.n}, c.key.spki, &c.key.spki_n));
    assert_int_equal(bindery_ue_init(&c.w.ue, &c.w.table, &c.w.host, &c.w.settings, &c.w.identity,
                                     c.w.buffer, BINDERY_UE_BUFFER_MIN, NULL, 0),
                     BINDERY_UE_OK);
    world_secure(&c.w);
    const struct asking a = asking_of(&c.w, all_algorithms, sizeof all_algorithms);
    ask(&c, element_of(&a));
    expect_proof(&c, &a);
    assert_int_equal(c.out.bindery_container.n, BINDERY_UE_DEVID_ANSWER_MAX);
    net_accept(&c.w);
    world_close(&c.w);
}

static void the_hook_and_the_client_say_the_same(void **state)
{
    struct client c;
    uint8_t out[BINDERY_UE_DEVID_ANSWER(64)];
    size_t n = sizeof out;
    (void)state;
    client_open(&c, DEVID_ED25519); /* whose signatures are the same each time */
    world_secure(&c.w);
    const struct asking a = asking_of(&c.w, all_algorithms, sizeof all_algorithms);
    ask(&c, element_of(&a));
    expect_proof(&c, &a);
    struct bindery_ue_devid_request request = {.identity_type = NAS_IDENTITY_IMEI,
                                               .element = a.element,
                                               .element_n = a.n,
                                               .integrity = true,
                                               .eea = c.w.eea,
                                               .kasme = c.w.vector.kasme.b};
    plmn_to_octets(&c.w.guti.plmn, request.plmn);
    memcpy(request.imei, WORLD_IMEISV, 14);
    assert_int_equal(bindery_ue_devid_answer(&c.w.table, &c.key.signer, &request, out, &n),
                     BINDERY_UE_DEVID_PROVED);
    assert_int_equal(c.out.bindery_container.n, n);
    assert_memory_equal(c.out.bindery_container.p, out, n);
    world_close(&c.w);
}

/*= test devid-ciphered */
static void a_challenge_without_protection_is_refused(void **state)
{
    struct client c;
    (void)state;
    client_open(&c, DEVID_ECDSA_P256);
    world_begin(&c.w);
    const struct asking a = asking_of(&c.w, all_algorithms, sizeof all_algorithms);
    for (unsigned i = 0; i < 2; i++) { /* before and after the challenge of AKA */
        struct nas_identity_request m = request_of(element_of(&a));
        net_plain(&c.w, &nas_identity_request_message, &m);
        expect_refusal(&c, BINDERY_UE_REFUSED_IDENTITY_UNPROTECTED);
        assert_int_equal(c.w.up.n, 0);
        m.identity_type = NAS_IDENTITY_IMSI; /* which may be asked for in clear */
        net_plain(&c.w, &nas_identity_request_message, &m);
        expect_refusal(&c, BINDERY_UE_REFUSED_CHALLENGE_UNPROTECTED);
        assert_int_equal(c.w.up.n, 0);
        if (i == 0) {
            net_challenge(&c.w, &c.w.kme);
        }
    }
    assert_int_equal(c.key.signed_n, 0);
    net_secure(&c.w);
    ask(&c, element_of(&a));
    expect_proof(&c, &a);
    world_close(&c.w);
}

static void a_challenge_without_ciphering_is_refused(void **state)
{
    struct client c;
    uint8_t out[128];
    (void)state;
    client_open(&c, DEVID_ECDSA_P256);
    world_secure(&c.w);
    const struct asking a = asking_of(&c.w, all_algorithms, sizeof all_algorithms);
    const struct nas_identity_request m = request_of(element_of(&a));
    world_down(&c.w, net_protect(&c.w, NAS_SHT_INTEGRITY, &nas_identity_request_message, &m,
                                 MBYTES_OF(out)));
    expect_refusal(&c, BINDERY_UE_REFUSED_CHALLENGE_UNPROTECTED);
    expect_status(&c, EMM_CAUSE_MESSAGE_TYPE_NOT_COMPATIBLE);
    assert_int_equal(c.key.signed_n, 0);
    ask(&c, element_of(&a));
    expect_proof(&c, &a);
    world_close(&c.w);
}

static void eea0_is_no_ciphering(void **state)
{
    struct client c;
    (void)state;
    client_open(&c, DEVID_ECDSA_P256);
    c.w.settings.allow_eea0 = true;
    c.w.eea = NAS_EEA0;
    world_secure(&c.w);
    const struct asking a = asking_of(&c.w, all_algorithms, sizeof all_algorithms);
    ask(&c, element_of(&a));
    expect_refusal(&c, BINDERY_UE_REFUSED_CHALLENGE_UNPROTECTED);
    expect_status(&c, EMM_CAUSE_MESSAGE_TYPE_NOT_COMPATIBLE);
    assert_int_equal(c.key.signed_n, 0);
    net_accept(&c.w);
    world_close(&c.w);
}

static void nobody_gets_a_proof_who_did_not_ask(void **state)
{
    struct client c;
    (void)state;
    client_open(&c, DEVID_ECDSA_P256);
    world_secure(&c.w);
    ask(&c, (struct bytes){NULL, 0});
    expect_imei(&c);
    assert_null(c.out.bindery_container.p);
    assert_null(world_event(&c.w, BINDERY_UE_EVENT_PROVED));
    assert_null(world_event(&c.w, BINDERY_UE_EVENT_NO_PROOF));
    assert_int_equal(c.key.signed_n, 0);
    net_accept(&c.w);
    world_close(&c.w);
}

static void a_challenge_that_comes_again_is_answered_again(void **state)
{
    struct client c;
    uint8_t first[BINDERY_UE_DEVID_ANSWER(64)], pdu[128];
    (void)state;
    client_open(&c, DEVID_ED25519);
    world_secure(&c.w);
    const struct asking a = asking_of(&c.w, all_algorithms, sizeof all_algorithms);
    ask(&c, element_of(&a));
    expect_proof(&c, &a);
    memcpy(first, c.out.bindery_container.p, sizeof first);
    for (int i = 0; i < 4; i++) { /* T3470: the answer was lost */
        ask(&c, element_of(&a));
        expect_proof(&c, &a);
        assert_memory_equal(c.out.bindery_container.p, first, sizeof first);
    }
    const struct asking b = asking_of(&c.w, all_algorithms, sizeof all_algorithms);
    ask(&c, element_of(&b));
    expect_proof(&c, &b);
    assert_int_equal(judge_client(&c, &a), DEVID_CAUSE_SIGNATURE);
    /* But one and the same PDU is answered once. */
    const struct nas_identity_request m = request_of(element_of(&a));
    const struct bytes once =
        net_protect(&c.w, NAS_SHT_CIPHERED, &nas_identity_request_message, &m, MBYTES_OF(pdu));
    world_down(&c.w, once);
    expect_proof(&c, &a);
    world_down(&c.w, once);
    expect_refusal(&c, BINDERY_UE_REFUSED_REPLAYED);
    assert_int_equal(c.w.up.n, 0);
    world_close(&c.w);
}

/* Every prefix and every bent octet of the element, well protected. */
static void what_cannot_be_read_is_refused(void **state)
{
    struct client c;
    (void)state;
    client_open(&c, DEVID_ED25519);
    world_secure(&c.w);
    const struct asking a = asking_of(&c.w, all_algorithms, sizeof all_algorithms);
    for (size_t n = 2; n < a.n; n++) {
        ask(&c, (struct bytes){a.element, n});
        expect_refusal(&c, BINDERY_UE_REFUSED_MALFORMED);
        expect_status(&c, EMM_CAUSE_SEMANTICALLY_INCORRECT);
    }
    for (uint8_t type = 0; type < 8; type++) {
        struct nas_identity_request m = request_of(element_of(&a));
        m.identity_type = type;
        if (type != NAS_IDENTITY_IMEI) {
            net_secured(&c.w, &nas_identity_request_message, &m);
            expect_refusal(&c, BINDERY_UE_REFUSED_MALFORMED);
            expect_status(&c, EMM_CAUSE_SEMANTICALLY_INCORRECT);
        }
    }
    assert_int_equal(c.key.signed_n, 0);
    ask(&c, element_of(&a));
    expect_proof(&c, &a);
    world_close(&c.w);
}

/* TS 24.301 7.6.1: what is not known is not there. */
static void other_containers_are_ignored(void **state)
{
    struct client c;
    (void)state;
    client_open(&c, DEVID_ED25519);
    world_secure(&c.w);
    struct asking a = asking_of(&c.w, all_algorithms, sizeof all_algorithms);
    for (unsigned i = 0; i < 20; i++) {
        a.element[0] = (uint8_t)(i < 10 ? i : NAS_CONTAINER_DEVID_CHALLENGE);
        a.element[1] = (uint8_t)(i < 10 ? 1 : i);
        if (i != NAS_CONTAINER_DEVID_CHALLENGE && i != NAS_CONTAINER_KME_COMMAND) {
            ask(&c, element_of(&a));
            expect_imei(&c);
            assert_null(c.out.bindery_container.p);
            assert_null(world_event(&c.w, BINDERY_UE_EVENT_NO_PROOF));
        }
    }
    world_close(&c.w);
}

static void without_a_key_that_is_accepted_the_imei_goes_alone(void **state)
{
    static const uint8_t others[] = {DEVID_ECDSA_P384, 200};
    struct client c;
    (void)state;
    client_open(&c, DEVID_ECDSA_P256);
    for (unsigned i = 0; i < 2; i++) {
        c.w.host.signer = i == 0 ? NULL : &c.key.signer;
        world_boot(&c.w, false);
        c.w.has_security = false;
        world_secure(&c.w);
        const struct asking a = i == 0 ? asking_of(&c.w, all_algorithms, sizeof all_algorithms)
                                       : asking_of(&c.w, others, sizeof others);
        ask(&c, element_of(&a));
        expect_imei(&c);
        assert_null(c.out.bindery_container.p);
        assert_non_null(world_event(&c.w, BINDERY_UE_EVENT_NO_PROOF));
        assert_null(world_event(&c.w, BINDERY_UE_EVENT_PROVED));
    }
    assert_int_equal(c.key.signed_n, 0);
    world_close(&c.w);
}

static void a_signer_that_fails_answers_nothing_and_is_asked_again(void **state)
{
    struct client c;
    (void)state;
    client_open(&c, DEVID_ECDSA_P256);
    world_secure(&c.w);
    const struct asking a = asking_of(&c.w, all_algorithms, sizeof all_algorithms);
    c.key.fails = true;
    ask(&c, element_of(&a));
    assert_int_equal(c.w.up.n, 0);
    assert_non_null(world_event(&c.w, BINDERY_UE_EVENT_CRYPTO_FAILED));
    assert_null(world_event(&c.w, BINDERY_UE_EVENT_PROVED));
    c.key.fails = false;
    ask(&c, element_of(&a));
    expect_proof(&c, &a);
    net_accept(&c.w);
    world_close(&c.w);
}

/* ---- power cuts ---- */

static void a_proof_leaves_nothing_in_the_image(void **state)
{
    struct client c;
    (void)state;
    client_open(&c, DEVID_ECDSA_P256);
    world_secure(&c.w);
    ask(&c, (struct bytes){NULL, 0});
    expect_imei(&c);
    const size_t n = c.w.image_n;
    const unsigned stores = c.w.stores;
    const struct asking a = asking_of(&c.w, all_algorithms, sizeof all_algorithms);
    ask(&c, element_of(&a));
    expect_proof(&c, &a);
    /* The COUNT of a message that was answered, as with any; and not an octet more. */
    assert_int_equal(c.w.stores, stores + 1);
    assert_int_equal(c.w.image_n, n);
    world_close(&c.w);
}

static void a_proof_that_is_not_stored_does_not_leave(void **state)
{
    struct client c;
    (void)state;
    client_open(&c, DEVID_ECDSA_P256);
    world_secure(&c.w);
    const struct asking a = asking_of(&c.w, all_algorithms, sizeof all_algorithms);
    c.w.store_fails = true;
    ask(&c, element_of(&a));
    assert_int_equal(c.w.up.n, 0);
    assert_non_null(world_event(&c.w, BINDERY_UE_EVENT_STORE_FAILED));
    c.w.store_fails = false;
    ask(&c, element_of(&a));
    expect_proof(&c, &a);
    world_close(&c.w);
}

static void after_a_crash_at_any_point_the_device_attaches_and_proves(void **state)
{
    (void)state;
    for (unsigned crash = 0; crash < 5; crash++) {
        struct client c;
        client_open(&c, DEVID_ECDSA_P256);
        world_secure(&c.w);
        const struct asking a = asking_of(&c.w, all_algorithms, sizeof all_algorithms);
        c.w.store_fails = crash == 1; /* during it: the image is the one before */
        c.key.fails = crash == 2;
        if (crash > 0) {
            ask(&c, element_of(&a));
        }
        if (crash == 4) {
            net_accept(&c.w);
        }
        c.w.store_fails = c.key.fails = false;
        world_boot(&c.w, true);
        world_camp(&c.w, 1);
        world_attach(&c.w);
        struct nas_attach_request m;
        net_expect_attach(&c.w, &m);
        net_challenge(&c.w, &c.w.kme);
        net_secure(&c.w);
        ask(&c, element_of(&a));
        expect_proof(&c, &a);
        net_accept(&c.w);
        world_close(&c.w);
    }
}

static void what_is_refused_changes_nothing(void **state)
{
    struct client c;
    (void)state;
    client_open(&c, DEVID_ECDSA_P256);
    world_begin(&c.w);
    const struct asking a = asking_of(&c.w, all_algorithms, sizeof all_algorithms);
    struct nas_identity_request m = request_of(element_of(&a));
    m.identity_type = NAS_IDENTITY_IMSI;
    const struct bindery_ue before = c.w.ue;
    const unsigned stores = c.w.stores;
    net_plain(&c.w, &nas_identity_request_message, &m);
    expect_refusal(&c, BINDERY_UE_REFUSED_CHALLENGE_UNPROTECTED);
    assert_memory_equal(&before, &c.w.ue, sizeof before);
    assert_int_equal(c.w.stores, stores);
    world_close(&c.w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_device_proves_its_imei_while_it_attaches),
        cmocka_unit_test(a_key_of_4096_bits_signs_too),
        cmocka_unit_test(the_hook_and_the_client_say_the_same),
        cmocka_unit_test(a_challenge_without_protection_is_refused),
        cmocka_unit_test(a_challenge_without_ciphering_is_refused),
        cmocka_unit_test(eea0_is_no_ciphering),
        cmocka_unit_test(nobody_gets_a_proof_who_did_not_ask),
        cmocka_unit_test(a_challenge_that_comes_again_is_answered_again),
        cmocka_unit_test(what_cannot_be_read_is_refused),
        cmocka_unit_test(other_containers_are_ignored),
        cmocka_unit_test(without_a_key_that_is_accepted_the_imei_goes_alone),
        cmocka_unit_test(a_signer_that_fails_answers_nothing_and_is_asked_again),
        cmocka_unit_test(a_proof_leaves_nothing_in_the_image),
        cmocka_unit_test(a_proof_that_is_not_stored_does_not_leave),
        cmocka_unit_test(after_a_crash_at_any_point_the_device_attaches_and_proves),
        cmocka_unit_test(what_is_refused_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
