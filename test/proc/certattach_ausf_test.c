/* What an AUSF does for a device that was verified: every decision, the keys that are drawn, and
 * the box around them. Whom it verifies: certattach_cause_test.c. */
#include "proc/certattach_rig.h"

static struct crig c;
static struct failing failing;

/* ---- step 3: what is done ---- */

enum { NOBODY, RULE, WHO };
static const struct {
    enum certattach_decision decision;
    enum certattach_cause why;
} wanted[CERTATTACH_PHASES][WHO] = {
    [CERTATTACH_PHASE_NEW] = {{CERTATTACH_WAIT, CERTATTACH_WAITING},
                              {CERTATTACH_DRAW, CERTATTACH_NONE}},
    [CERTATTACH_PHASE_WAITING] = {{CERTATTACH_REFUSE, CERTATTACH_WAITING},
                                  {CERTATTACH_DRAW, CERTATTACH_NONE}},
    [CERTATTACH_PHASE_APPROVED] = {{CERTATTACH_DRAW, CERTATTACH_NONE},
                                   {CERTATTACH_DRAW, CERTATTACH_NONE}},
    [CERTATTACH_PHASE_PENDING] = {{CERTATTACH_REPEAT, CERTATTACH_NONE},
                                  {CERTATTACH_REPEAT, CERTATTACH_NONE}},
    [CERTATTACH_PHASE_ACTIVE] = {{CERTATTACH_REFUSE, CERTATTACH_ACTIVE},
                                 {CERTATTACH_REFUSE, CERTATTACH_ACTIVE}},
    [CERTATTACH_PHASE_DENIED] = {{CERTATTACH_REFUSE, CERTATTACH_DENIED},
                                 {CERTATTACH_REFUSE, CERTATTACH_DENIED}},
    [CERTATTACH_PHASE_EXPIRED] = {{CERTATTACH_WAIT, CERTATTACH_WAITING},
                                  {CERTATTACH_DRAW, CERTATTACH_NONE}},
};

/*= test certattach-same certattach-active certattach-approval */
static void every_phase_has_its_decision(void **state)
{
    (void)state;
    const struct device_record record = {.digest = {7}};
    for (unsigned i = 0; i < CERTATTACH_PHASES; i++) {
        for (unsigned who = NOBODY; who < WHO; who++) {
            for (unsigned other = 0; other < 2; other++) {
                struct certattach_held held = {.phase = (enum certattach_phase)i, .digest = {7}};
                enum certattach_cause why = CERTATTACH_CRYPTO;
                held.digest[31] = (uint8_t)other; /* the certificate was renewed */
                const enum certattach_decision d =
                    certattach_ausf_decide(&held, &record, who == RULE, &why);
                assert_int_equal(d, wanted[i][who].decision);
                assert_int_equal(why, i == CERTATTACH_PHASE_ACTIVE && other != 0
                                          ? CERTATTACH_OTHER_KEY
                                          : wanted[i][who].why);
            }
        }
    }
}

static void
an_operator_may_let_a_device_have_its_keys_once_more_and_no_other_phase_asks(void **state)
{
    (void)state;
    const struct device_record record = {.digest = {7}};
    for (unsigned i = 0; i < CERTATTACH_PHASES; i++) {
        struct certattach_held held = {.phase = (enum certattach_phase)i, .again = true};
        enum certattach_cause why;
        const enum certattach_decision d = certattach_ausf_decide(&held, &record, false, &why);
        assert_int_equal(d, i == CERTATTACH_PHASE_ACTIVE ? CERTATTACH_REPEAT
                                                         : wanted[i][NOBODY].decision);
    }
}

static void a_phase_that_is_none_is_refused(void **state)
{
    (void)state;
    const struct device_record record = {.digest = {7}};
    for (unsigned i = CERTATTACH_PHASES; i < CERTATTACH_PHASES + 3; i++) {
        const struct certattach_held held = {.phase = (enum certattach_phase)i};
        enum certattach_cause why;
        assert_int_equal(certattach_ausf_decide(&held, &record, true, &why), CERTATTACH_REFUSE);
        assert_int_equal(why, CERTATTACH_STORE);
    }
}

/* ---- step 3: Ki ---- */

/* Random octets that are remembered. */
static uint8_t random_octets[64];
static size_t random_n;

static enum err known_random(void *ctx, struct mbytes out)
{
    (void)ctx;
    assert_true(random_n + out.n <= sizeof random_octets);
    for (size_t i = 0; i < out.n; i++) {
        random_octets[random_n] = (uint8_t)(0x30 + random_n);
        out.p[i] = random_octets[random_n++];
    }
    return E_OK;
}

static void hmac_of(const char *label, const uint8_t *seed, const uint8_t *nonce_1,
                    uint8_t out[static 32])
{
    uint8_t content[128];
    size_t n = 32;
    struct wr w = wr_of(MBYTES_OF(content));
    const struct bytes items[] = {
        bytes_of_str(label), {nonce_1, 16}, BYTES_LIT("device-1"), BYTES_LIT("\x00\xf1\x10")};
    for (size_t i = 0; i < 4; i++) {
        wr_be16(&w, (uint16_t)items[i].n);
        wr_put(&w, items[i]);
    }
    assert_non_null(
        EVP_Q_mac(NULL, "HMAC", NULL, "SHA256", NULL, seed, 32, content, w.n, out, 32, &n));
}

/*= test certattach-3a certattach-ki */
static void ki_is_what_libcrypto_computes_of_the_same_random_octets(void **state)
{
    (void)state;
    static const struct aka_keys kinds[] = {
        {.algorithm = AKA_MILENAGE, .k.n = 16, .opc.n = 16, .res_len = 8},
        {.algorithm = AKA_TUAK, .k.n = 16, .opc.n = 32, .res_len = 8, .keccak_iterations = 1},
        {.algorithm = AKA_TUAK, .k.n = 32, .opc.n = 32, .res_len = 16, .keccak_iterations = 1}};
    const struct plmn home = crig_plmn("001-01");
    struct device_id id;
    assert_ok(device_id_parse(BYTES_LIT("device-1"), &id));
    for (size_t i = 0; i < 3; i++) {
        struct crypto crypto;
        struct aka_keys keys = kinds[i];
        uint8_t nonce_1[16], ki[32], opc[32];
        assert_ok(crypto_openssl_open(&crypto));
        struct crypto known = crypto;
        known.random = known_random;
        random_n = 0;
        assert_ok(certattach_ausf_draw(&known, &id, &home, &keys, nonce_1));
        assert_int_equal(random_n, 48);
        assert_memory_equal(nonce_1, random_octets + 32, 16);
        hmac_of("ki", random_octets, nonce_1, ki);
        hmac_of("opc", random_octets, nonce_1, opc);
        assert_memory_equal(keys.k.b, ki, keys.k.n);
        assert_memory_equal(keys.opc.b, opc, keys.opc.n);
        for (size_t k = keys.k.n; k < 32; k++) {
            assert_int_equal(keys.k.b[k], 0); /* no more than is wanted */
        }
        assert_ok(aka_keys_check(&keys));
        crypto_openssl_close(&crypto);
    }
}

static void two_devices_never_have_one_ki(void **state)
{
    (void)state;
    uint8_t nonce_1[CERTATTACH_NONCE_LEN];
    crig_open(&c, CERTATTACH_EC, false);
    const struct aka_keys first = c.profile.keys;
    for (unsigned i = 0; i < 50; i++) {
        struct aka_keys keys = first;
        assert_ok(certattach_ausf_draw(c.crypto, &c.id, &c.profile.home, &keys, nonce_1));
        assert_memory_not_equal(keys.k.b, first.k.b, 16);
        assert_memory_not_equal(keys.opc.b, first.opc.b, 16);
        assert_memory_not_equal(keys.k.b, keys.opc.b, 16);
        assert_memory_not_equal(nonce_1, c.about.nonce_1, 16);
    }
    crig_close(&c);
}

static void keys_that_no_usim_can_have_are_not_drawn(void **state)
{
    (void)state;
    uint8_t nonce_1[CERTATTACH_NONCE_LEN] = {9}, kept[CERTATTACH_NONCE_LEN] = {9};
    crig_open(&c, CERTATTACH_EC, false);
    struct aka_keys keys = c.profile.keys;
    keys.k.n = 15;
    struct aka_keys before = keys;
    assert_err(certattach_ausf_draw(c.crypto, &c.id, &c.profile.home, &keys, nonce_1),
               E_BAD_LENGTH);
    assert_memory_equal(&keys, &before, sizeof keys);
    keys = c.profile.keys;
    before = keys;
    enum err err = E_CRYPTO;
    for (unsigned at = 1; at <= 4; at++) {
        failing_open(&failing, c.crypto, at);
        err = certattach_ausf_draw(&failing.table, &c.id, &c.profile.home, &keys, nonce_1);
        assert_err(err, E_CRYPTO);
        assert_memory_equal(&keys, &before, sizeof keys);
        assert_memory_equal(nonce_1, kept, sizeof nonce_1);
    }
    crig_close(&c);
}

/* ---- step 3: the box ---- */

static void what_cannot_be_protected_leaves_no_result(void **state)
{
    (void)state;
    crig_open(&c, CERTATTACH_EC, false);
    struct certattach_result untouched;
    memset(&untouched, 0x5c, sizeof untouched);
    const struct mbytes small = {c.room, sizeof c.room - 1};
    c.result = untouched;
    assert_err(certattach_ausf_protect(c.crypto, &c.operator_port, rig_bytes(&c.certificate),
                                       &c.about, &c.profile, CRIG_EXPIRY, small, &c.result),
               E_NO_ROOM);
    assert_err(certattach_ausf_protect(c.crypto, &c.operator_port, rig_bytes(&c.certificate),
                                       &c.about, &c.profile, -1, MBYTES_OF(c.room), &c.result),
               E_BAD_VALUE);
    c.agree_says = E_UNSUPPORTED;
    assert_err(certattach_ausf_protect(c.crypto, &c.operator_port, rig_bytes(&c.certificate),
                                       &c.about, &c.profile, CRIG_EXPIRY, MBYTES_OF(c.room),
                                       &c.result),
               E_UNSUPPORTED);
    c.agree_says = E_OK;
    c.sign_says = E_CRYPTO;
    assert_err(certattach_ausf_protect(c.crypto, &c.operator_port, rig_bytes(&c.certificate),
                                       &c.about, &c.profile, CRIG_EXPIRY, MBYTES_OF(c.room),
                                       &c.result),
               E_CRYPTO);
    c.sign_says = E_OK;
    c.profile.keys.k.n = 3;
    assert_err(certattach_ausf_protect(c.crypto, &c.operator_port, rig_bytes(&c.certificate),
                                       &c.about, &c.profile, CRIG_EXPIRY, MBYTES_OF(c.room),
                                       &c.result),
               E_BAD_LENGTH);
    assert_memory_equal(&c.result, &untouched, sizeof untouched);
    crig_close(&c);
}

static void a_library_that_fails_at_any_call_protects_nothing(void **state)
{
    (void)state;
    unsigned at = 0;
    enum err err = E_CRYPTO;
    crig_open(&c, CERTATTACH_EC, false);
    const struct crypto *good = c.crypto;
    for (at = 1; err != E_OK; at++) {
        struct certattach_result result = {.expiry = 5};
        assert_in_range(at, 1, 20);
        failing_open(&failing, good, at);
        err =
            certattach_ausf_protect(&failing.table, &c.operator_port, rig_bytes(&c.certificate),
                                    &c.about, &c.profile, CRIG_EXPIRY, MBYTES_OF(c.room), &result);
        assert_true(err == E_OK || (err == E_CRYPTO && result.expiry == 5 && result.box.p == NULL));
    }
    assert_true(at > 5);
    crig_close(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_phase_has_its_decision),
        cmocka_unit_test(
            an_operator_may_let_a_device_have_its_keys_once_more_and_no_other_phase_asks),
        cmocka_unit_test(a_phase_that_is_none_is_refused),
        cmocka_unit_test(ki_is_what_libcrypto_computes_of_the_same_random_octets),
        cmocka_unit_test(two_devices_never_have_one_ki),
        cmocka_unit_test(keys_that_no_usim_can_have_are_not_drawn),
        cmocka_unit_test(what_cannot_be_protected_leaves_no_result),
        cmocka_unit_test(a_library_that_fails_at_any_call_protects_nothing),
    };
    return cmocka_run_group_tests_name("proc/certattach ausf", tests, NULL, NULL);
}
