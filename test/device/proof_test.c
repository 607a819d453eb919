/* Device identifier authentication, the device's side: src/device/proof.c, layer 1. What the device
 * says is judged by the network's check. */
#include "device/asking.h"

struct modem {
    struct world w; /* for its AuC */
    struct test_key key;
    struct key_kasme kasme;
    struct devid_session session;
    struct asking a;
    struct bindery_ue_devid_request request;
    uint8_t out[BINDERY_UE_DEVID_ANSWER_MAX];
    size_t n;
};

static void modem_open(struct modem *m, uint8_t algorithm)
{
    memset(m, 0, sizeof *m);
    world_open(&m->w);
    test_key_make(&m->key, algorithm);
    memset(m->kasme.b, 0xa5, sizeof m->kasme.b);
    m->session = (struct devid_session){m->w.guti.plmn, &m->kasme};
    m->a = asking_of(&m->w, all_algorithms, sizeof all_algorithms);
    m->request = (struct bindery_ue_devid_request){.identity_type = NAS_IDENTITY_IMEI,
                                                   .element = m->a.element,
                                                   .element_n = m->a.n,
                                                   .integrity = true,
                                                   .eea = 2,
                                                   .kasme = m->kasme.b};
    plmn_to_octets(&m->session.plmn, m->request.plmn);
    memcpy(m->request.imei, WORLD_IMEISV, 14);
}

static void modem_close(struct modem *m)
{
    world_close(&m->w);
}

/* The element and the answer in blocks of exactly their length. */
static enum bindery_ue_devid_outcome answer(struct modem *m, size_t room)
{
    struct bindery_ue_devid_request request = m->request;
    uint8_t *element = exact_copy((struct bytes){request.element, request.element_n});
    uint8_t *out = malloc(room > 0 ? room : 1);
    assert_non_null(out);
    request.element = element;
    m->n = room;
    enum bindery_ue_devid_outcome o =
        bindery_ue_devid_answer(&m->w.table, &m->key.signer, &request, out, &m->n);
    assert_true(m->n <= room && (m->n == 0) == (o != BINDERY_UE_DEVID_PROVED));
    memcpy(m->out, out, m->n);
    free(out);
    free(element);
    return o;
}

static enum devid_cause judge(struct modem *m)
{
    struct devid_proof proof;
    const struct imei imei = world_imei();
    assert_ok(wire_devid_proof_read((struct bytes){m->out, m->n}, &proof));
    return test_check(&m->w.c, &m->key, &m->a.challenge, &imei, &m->session, &proof);
}

/*= test devid-4 */
static void a_proof_of_every_algorithm_convinces_the_network(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof all_algorithms; i++) {
        struct modem m;
        modem_open(&m, all_algorithms[i]);
        assert_int_equal(answer(&m, sizeof m.out), BINDERY_UE_DEVID_PROVED);
        assert_int_equal(judge(&m), DEVID_CAUSE_NONE);
        assert_int_equal(m.key.signed_n, 1);
        modem_close(&m);
    }
}

static void a_proof_is_for_one_session_one_challenge_and_one_device(void **state)
{
    struct modem m;
    (void)state;
    modem_open(&m, DEVID_ED25519);
    assert_int_equal(answer(&m, sizeof m.out), BINDERY_UE_DEVID_PROVED);
    assert_int_equal(judge(&m), DEVID_CAUSE_NONE);
    m.kasme.b[31] ^= 1; /* a challenge that was relayed */
    assert_int_equal(judge(&m), DEVID_CAUSE_SIGNATURE);
    m.kasme.b[31] ^= 1;
    assert_ok(plmn_parse(BYTES_LIT("001-02"), &m.session.plmn));
    assert_int_equal(judge(&m), DEVID_CAUSE_SIGNATURE);
    m.session.plmn = m.w.guti.plmn;
    m.a.challenge.nonce[0] ^= 1; /* an answer that is replayed */
    assert_int_equal(judge(&m), DEVID_CAUSE_SIGNATURE);
    m.a.challenge.nonce[0] ^= 1;
    assert_int_equal(judge(&m), DEVID_CAUSE_NONE);
    test_key_make(&m.key, DEVID_ED25519); /* the binding is of another key */
    assert_int_equal(judge(&m), DEVID_CAUSE_SIGNATURE);
    m.request.imei[13] ^= 1; /* an IMEI that is another's */
    assert_int_equal(answer(&m, sizeof m.out), BINDERY_UE_DEVID_PROVED);
    assert_int_equal(judge(&m), DEVID_CAUSE_OTHER_IMEI);
    modem_close(&m);
}

/*= test devid-ciphered */
static void a_challenge_is_answered_under_integrity_and_ciphering_only(void **state)
{
    struct modem m;
    (void)state;
    modem_open(&m, DEVID_ECDSA_P256);
    for (unsigned i = 0; i < 8; i++) {
        m.request.integrity = i % 2 != 0;
        m.request.eea = (uint8_t)(i / 2);
        const bool may = m.request.integrity && m.request.eea != 0;
        assert_int_equal(answer(&m, sizeof m.out),
                         may ? BINDERY_UE_DEVID_PROVED : BINDERY_UE_DEVID_UNPROTECTED);
    }
    assert_int_equal(m.key.signed_n, 3);
    modem_close(&m);
}

static void a_challenge_that_is_cut_short_is_not_answered(void **state)
{
    struct modem m;
    (void)state;
    modem_open(&m, DEVID_ED25519);
    for (size_t n = 0; n < m.a.n; n++) {
        m.request.element_n = n;
        assert_int_equal(answer(&m, sizeof m.out),
                         n < 2 ? BINDERY_UE_DEVID_NOT_ASKED : BINDERY_UE_DEVID_MALFORMED);
    }
    uint8_t longer[65] = {0};
    memcpy(longer, m.a.element, m.a.n);
    m.request.element = longer;
    m.request.element_n = m.a.n + 1;
    assert_int_equal(answer(&m, sizeof m.out), BINDERY_UE_DEVID_MALFORMED);
    assert_int_equal(m.key.signed_n, 0);
    modem_close(&m);
}

static void an_answer_that_does_not_fit_is_none(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof all_algorithms; i++) {
        struct modem m;
        modem_open(&m, all_algorithms[i]);
        assert_int_equal(answer(&m, sizeof m.out), BINDERY_UE_DEVID_PROVED);
        const size_t enough = m.n, step = i == 3 ? 37 : 1;
        const size_t lengths[] = {64, 64, 96, 256};
        assert_int_equal(enough, BINDERY_UE_DEVID_ANSWER(lengths[i]));
        for (size_t room = 0; room < enough; room += step) {
            assert_int_equal(answer(&m, room), BINDERY_UE_DEVID_BROKEN);
        }
        assert_int_equal(answer(&m, enough), BINDERY_UE_DEVID_PROVED);
        modem_close(&m);
    }
}

static void what_the_element_is_not_for_is_left_to_the_stack(void **state)
{
    struct modem m;
    (void)state;
    modem_open(&m, DEVID_ED25519);
    for (unsigned type = 0; type < 256; type++) {
        for (unsigned version = 0; version < 3; version++) {
            m.a.element[0] = (uint8_t)type;
            m.a.element[1] = (uint8_t)version;
            const bool asked = type == NAS_CONTAINER_DEVID_CHALLENGE && version == 1;
            assert_int_equal(answer(&m, sizeof m.out),
                             asked ? BINDERY_UE_DEVID_PROVED : BINDERY_UE_DEVID_NOT_ASKED);
        }
    }
    m.a.element[0] = NAS_CONTAINER_DEVID_CHALLENGE;
    m.a.element[1] = 1;
    for (unsigned type = 0; type < 8; type++) {
        m.request.identity_type = (uint8_t)type;
        assert_int_equal(answer(&m, sizeof m.out), type == NAS_IDENTITY_IMEI
                                                       ? BINDERY_UE_DEVID_PROVED
                                                       : BINDERY_UE_DEVID_MALFORMED);
    }
    modem_close(&m);
}

static void without_a_key_that_is_accepted_there_is_no_proof(void **state)
{
    static const uint8_t others[] = {DEVID_ECDSA_P384, DEVID_RSA_PSS, 200};
    struct modem m;
    (void)state;
    modem_open(&m, DEVID_ECDSA_P256);
    m.n = sizeof m.out;
    assert_int_equal(bindery_ue_devid_answer(&m.w.table, NULL, &m.request, m.out, &m.n),
                     BINDERY_UE_DEVID_NO_PROOF);
    assert_int_equal(m.n, 0);
    m.a = asking_of(&m.w, others, sizeof others);
    m.request.element = m.a.element;
    m.request.element_n = m.a.n;
    assert_int_equal(answer(&m, sizeof m.out), BINDERY_UE_DEVID_NO_PROOF);
    assert_int_equal(m.key.signed_n, 0);
    modem_close(&m);
}

static void what_is_broken_answers_nothing(void **state)
{
    struct modem m;
    (void)state;
    modem_open(&m, DEVID_ED25519);
    m.key.fails = true;
    assert_int_equal(answer(&m, sizeof m.out), BINDERY_UE_DEVID_BROKEN);
    m.key.fails = false;
    const size_t lengths[] = {1, 63, 513, SIZE_MAX};
    for (size_t i = 0; i < 4; i++) {
        m.key.claims = lengths[i];
        assert_int_equal(answer(&m, sizeof m.out), BINDERY_UE_DEVID_BROKEN);
    }
    m.key.claims = 0;
    m.key.signer.sign = NULL;
    assert_int_equal(answer(&m, sizeof m.out), BINDERY_UE_DEVID_BROKEN);
    m.key.signer.sign = test_key_sign;
    const struct bindery_ue_devid_request good = m.request;
    m.request.kasme = NULL;
    assert_int_equal(answer(&m, sizeof m.out), BINDERY_UE_DEVID_BROKEN);
    m.request = good;
    m.request.imei[3] = 'x';
    assert_int_equal(answer(&m, sizeof m.out), BINDERY_UE_DEVID_BROKEN);
    m.request = good;
    m.request.plmn[0] = 0xff;
    assert_int_equal(answer(&m, sizeof m.out), BINDERY_UE_DEVID_BROKEN);
    m.request = good;
    const struct bindery_ue_crypto whole = m.w.table;
    m.w.table.hmac_sha256 = NULL;
    assert_int_equal(answer(&m, sizeof m.out), BINDERY_UE_DEVID_BROKEN);
    m.w.table = whole;
    assert_int_equal(answer(&m, sizeof m.out), BINDERY_UE_DEVID_PROVED);
    modem_close(&m);
}

static void everything_has_a_name(void **state)
{
    (void)state;
    assert_string_equal(bindery_ue_devid_outcome_name(BINDERY_UE_DEVID_PROVED), "proved");
    assert_string_equal(bindery_ue_devid_outcome_name(BINDERY_UE_DEVID_BROKEN), "broken");
    assert_string_equal(bindery_ue_devid_outcome_name((enum bindery_ue_devid_outcome)99),
                        "unknown");
    assert_string_equal(bindery_ue_signature_name(BINDERY_UE_SIGNATURE_ED25519), "ed25519");
    assert_string_equal(bindery_ue_signature_name(0), "unknown");
    assert_string_equal(bindery_ue_event_name(BINDERY_UE_EVENT_PROVED), "proved");
    assert_string_equal(bindery_ue_event_name(BINDERY_UE_EVENT_NO_PROOF), "no-proof");
    assert_string_equal(bindery_ue_refusal_name(BINDERY_UE_REFUSED_CHALLENGE_UNPROTECTED),
                        "challenge-unprotected");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_proof_of_every_algorithm_convinces_the_network),
        cmocka_unit_test(a_proof_is_for_one_session_one_challenge_and_one_device),
        cmocka_unit_test(a_challenge_is_answered_under_integrity_and_ciphering_only),
        cmocka_unit_test(a_challenge_that_is_cut_short_is_not_answered),
        cmocka_unit_test(an_answer_that_does_not_fit_is_none),
        cmocka_unit_test(what_the_element_is_not_for_is_left_to_the_stack),
        cmocka_unit_test(without_a_key_that_is_accepted_there_is_no_proof),
        cmocka_unit_test(what_is_broken_answers_nothing),
        cmocka_unit_test(everything_has_a_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
