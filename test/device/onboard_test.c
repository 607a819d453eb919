/* A device without a subscription, for a modem with a NAS stack of its own: src/device/onboard.c
 * and src/device/onboard_hooks.c, with the wide table of src/device/platform.c. What it makes of an
 * answer is in onboard_result_test.c. */
#include "device/onboard.h"
#include "device/onboarding_modem.h"
#include "device/platform.h"

/* ---- all of it ---- */

/*= test certattach-1b certattach-1c certattach-installs */
static void a_device_gets_its_subscription_by_either_kind_of_key(void **state)
{
    static const unsigned bits[] = {0, 2048, 4096};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct modem m;
        modem_open(&m, bits[i]);
        const struct certattach_request r = ask(&m);
        assert_null(r.proof.p);
        assert_int_equal(take(&m, maker_result(&m.k, &m.c)), BINDERY_UE_ONBOARDING_TAKEN);
        assert_int_equal(m.k.installed_n, 1);
        maker_expect_installed(&m.k);
        modem_close(&m);
    }
}

static void the_largest_profile_fits(void **state)
{
    struct modem m;
    (void)state;
    modem_open(&m, 4096);
    struct certattach_profile *p = &m.k.profile;
    p->keys = (struct aka_keys){.algorithm = AKA_TUAK,
                                .k = {.n = 32},
                                .opc = {.n = 32},
                                .res_len = 16,
                                .keccak_iterations = 255};
    memset(p->keys.k.b, 0x31, 32);
    memset(p->keys.opc.b, 0x32, 32);
    p->n_apns = CERTATTACH_APNS_MAX;
    for (size_t i = 0; i < CERTATTACH_APNS_MAX; i++) {
        memset(p->apns[i], 'a' + (int)i, CERTATTACH_APN_MAX);
        p->apns[i][50] = '.';
    }
    (void)ask(&m);
    assert_int_equal(take(&m, maker_result(&m.k, &m.c)), BINDERY_UE_ONBOARDING_TAKEN);
    maker_expect_installed(&m.k);
    assert_ok(imsi_parse(BYTES_LIT("310410123456789"), &p->imsi)); /* an MNC of three digits */
    assert_ok(plmn_parse(BYTES_LIT("310-410"), &p->home));
    p->n_apns = 0;
    (void)ask(&m);
    assert_int_equal(take(&m, maker_result(&m.k, &m.c)), BINDERY_UE_ONBOARDING_TAKEN);
    assert_int_equal(m.k.installed.mnc_n, 3);
    maker_expect_installed(&m.k);
    modem_close(&m);
}

/* ---- the request ---- */

static bool sign(void *ctx, const uint8_t *content, size_t n, uint8_t *signature,
                 size_t *signature_n)
{
    struct modem *m = ctx;
    m->key.signed_n++;
    return !m->key.fails &&
           signer_openssl_sign((struct bytes){m->key.der, m->key.n}, (struct bytes){content, n},
                               signature, signature_n) == E_OK;
}

/*= test certattach-proof */
static void a_device_with_a_key_signs_its_request(void **state)
{
    static const uint8_t algorithms[] = {DEVID_ECDSA_P256, DEVID_ECDSA_P384, DEVID_ED25519,
                                         DEVID_RSA_PSS};
    struct modem m;
    (void)state;
    modem_open(&m, 0);
    for (size_t i = 0; i < sizeof algorithms; i++) {
        uint8_t content[CERTATTACH_PROOF_CONTENT_LEN];
        struct imei of;
        test_key_make(&m.key, algorithms[i]);
        m.signer = (struct bindery_ue_signer){&m, algorithms[i], sign};
        assert_int_equal(ask_with(&m, &m.signer), BINDERY_UE_OK);
        const struct certattach_request r = maker_request(&m.k, (struct bytes){m.room, m.n});
        assert_ok(imei_parse(BYTES_LIT("35693803564380"), &of));
        assert_ok(certattach_proof_content(&m.c, algorithms[i], r.url, &of, r.nonce, &m.k.listed,
                                           content));
        assert_int_equal(r.proof.p[0], algorithms[i]);
        assert_ok(test_verify(NULL, algorithms[i], false, (struct bytes){m.key.spki, m.key.spki_n},
                              BYTES_OF(content), (struct bytes){r.proof.p + 1, r.proof.n - 1}));
        assert_int_equal(m.key.signed_n, 1);
        assert_int_equal(take(&m, maker_result(&m.k, &m.c)), BINDERY_UE_ONBOARDING_TAKEN);
    }
    modem_close(&m);
}

static void a_signer_that_fails_leaves_nothing_outstanding(void **state)
{
    struct modem m;
    (void)state;
    modem_open(&m, 0);
    (void)ask(&m);
    const struct bytes result = maker_result(&m.k, &m.c);
    test_key_make(&m.key, DEVID_ECDSA_P256);
    m.key.fails = true;
    for (unsigned i = 0; i < 2; i++) {
        m.signer = (struct bindery_ue_signer){&m, DEVID_ECDSA_P256, i == 0 ? sign : NULL};
        assert_int_equal(ask_with(&m, &m.signer), BINDERY_UE_ERR_CRYPTO);
        assert_int_equal(m.n, 0);
        assert_int_equal(take(&m, result), BINDERY_UE_ONBOARDING_NOT_ASKED);
    }
    modem_close(&m);
}

/*= test certattach-nonce */
static void each_request_has_a_nonce_of_its_own(void **state)
{
    struct modem m;
    uint8_t first[CERTATTACH_NONCE_LEN];
    (void)state;
    modem_open(&m, 0);
    memcpy(first, ask(&m).nonce, sizeof first);
    assert_memory_not_equal(ask(&m).nonce, first, sizeof first);
    modem_close(&m);
}

static enum bindery_ue_result ask_as(struct modem *m, const char *of, const uint8_t *plmn,
                                     size_t room)
{
    m->n = room;
    const enum bindery_ue_result r = bindery_ue_onboarding_ask(
        &m->asked, &m->table, &m->k.onboarding, NULL, of, plmn, m->room, &m->n);
    assert_int_equal(m->n == 0, r != BINDERY_UE_OK);
    return r;
}

static void a_request_that_cannot_be_made_is_refused(void **state)
{
    static const char *const urls[] = {"",
                                       "http://ca.example.org/DeviceID=a",
                                       "https://ca.example.org/DeviceID=",
                                       "https://ca.example.org/deviceid=a",
                                       "https://127.0.0.1/DeviceID=a",
                                       "https://ca.example.org:443/DeviceID=a",
                                       "https://user@ca.example.org/DeviceID=a",
                                       "https://ca.example.org/DeviceID=a%0a",
                                       "https://ca.example.org/DeviceID=a\n"};
    static const uint8_t no_plmn[3] = {0xaa, 0xf1, 0x10};
    struct modem m;
    (void)state;
    modem_open(&m, 0);
    const struct bindery_ue_onboarding good = m.k.onboarding;
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        m.k.onboarding.url = urls[i];
        assert_int_equal(ask_with(&m, NULL), BINDERY_UE_ERR_ARGUMENT);
    }
    m.k.onboarding = good;
    assert_int_equal(ask_as(&m, "3569380356438x", plmn_001_01, sizeof m.room),
                     BINDERY_UE_ERR_ARGUMENT);
    assert_int_equal(ask_as(&m, MODEM_IMEI, no_plmn, sizeof m.room), BINDERY_UE_ERR_ARGUMENT);
    assert_int_equal(ask_as(&m, MODEM_IMEI, plmn_001_01, sizeof m.room - 1), BINDERY_UE_ERR_ROOM);
    assert_int_equal(ask_as(&m, MODEM_IMEI, plmn_001_01, 0), BINDERY_UE_ERR_ROOM);
    assert_int_equal(ask_as(&m, MODEM_IMEI, plmn_001_01, sizeof m.room), BINDERY_UE_OK);
    modem_close(&m);
}

static void what_a_host_brings_is_whole(void **state)
{
    struct modem m;
    struct device_id id;
    char longest[CERTATTACH_URL_MAX + 2];
    (void)state;
    modem_open(&m, 0);
    const struct bindery_ue_onboarding good = m.k.onboarding;
    assert_false(onboard_is_right(NULL));
    for (unsigned i = 0; i < 4; i++) {
        struct bindery_ue_onboarding o = good;
        o.url = i == 0 ? NULL : o.url;
        o.verify = i == 1 ? NULL : o.verify;
        o.secret = i == 2 ? NULL : o.secret;
        o.install = i == 3 ? NULL : o.install;
        assert_false(onboard_is_right(&o));
    }
    for (unsigned n = 0; n < 1024; n++) {
        struct bindery_ue_onboarding o = good;
        o.sent_n = (uint16_t)n;
        assert_int_equal(onboard_is_right(&o), n == 33 || (n >= 256 && n <= 512));
    }
    memset(longest, 'a', sizeof longest); /* and no NUL where it should be */
    struct bindery_ue_onboarding o = good;
    o.url = longest;
    assert_false(onboard_is_right(&o));
    assert_ok(certattach_url_id(bytes_of_str(good.url), &id));
    assert_string_equal(id.text, MAKER_ID);
    const struct bindery_ue_crypto table = m.table;
    m.table.sha256 = NULL;
    assert_int_equal(ask_with(&m, NULL), BINDERY_UE_ERR_ARGUMENT);
    assert_int_equal(bindery_ue_onboarding_take(&m.asked, &m.table, &m.k.onboarding, NULL, 0,
                                                m.room, sizeof m.room),
                     BINDERY_UE_ONBOARDING_BROKEN);
    m.table = table;
    modem_close(&m);
}

/* ---- a platform that fails ---- */

struct failing {
    struct bindery_ue_crypto real;
    unsigned left; /* calls until it fails */
};

static bool fails(struct failing *f)
{
    return f->left-- == 0;
}

static bool failing_key(void *ctx, const uint8_t key[16])
{
    struct failing *f = ctx;
    return !fails(f) && f->real.aes128_key(f->real.ctx, key);
}

static bool failing_encrypt(void *ctx, const uint8_t *in, uint8_t *out, size_t blocks)
{
    struct failing *f = ctx;
    return !fails(f) && f->real.aes128_encrypt(f->real.ctx, in, out, blocks);
}

static bool failing_hmac(void *ctx, const uint8_t *key, size_t key_n, const uint8_t *message,
                         size_t message_n, uint8_t out[32])
{
    struct failing *f = ctx;
    return !fails(f) && f->real.hmac_sha256(f->real.ctx, key, key_n, message, message_n, out);
}

static bool failing_sha(void *ctx, const uint8_t *message, size_t message_n, uint8_t out[32])
{
    struct failing *f = ctx;
    return !fails(f) && f->real.sha256(f->real.ctx, message, message_n, out);
}

static bool failing_random(void *ctx, uint8_t *out, size_t n)
{
    struct failing *f = ctx;
    return !fails(f) && f->real.random(f->real.ctx, out, n);
}

static void wherever_the_crypto_table_fails_nothing_is_taken(void **state)
{
    struct modem m;
    struct failing f;
    (void)state;
    modem_open(&m, 0);
    f.real = m.table;
    m.table.ctx = &f;
    m.table.aes128_key = failing_key;
    m.table.aes128_encrypt = failing_encrypt;
    m.table.hmac_sha256 = failing_hmac;
    m.table.sha256 = failing_sha;
    m.table.random = failing_random;
    f.left = 0;
    assert_int_equal(ask_with(&m, NULL), BINDERY_UE_ERR_CRYPTO);
    f.left = 1000;
    (void)ask(&m);
    const struct bytes result = maker_result(&m.k, &m.c);
    f.left = 1000;
    assert_int_equal(tries(&m, result), BINDERY_UE_ONBOARDING_TAKEN);
    const unsigned calls = 1000 - f.left;
    assert_true(calls > 4);
    for (unsigned i = 0; i < calls; i++) {
        f.left = i;
        assert_int_equal(tries(&m, result), BINDERY_UE_ONBOARDING_BROKEN);
    }
    m.table = f.real;
    modem_close(&m);
}

static void the_wide_table_computes_what_the_other_does(void **state)
{
    static const uint8_t text[200] = {1, 2, 3};
    struct modem m;
    uint8_t room[200], a[32], b[32], block[16] = {7}, open[16];
    (void)state;
    modem_open(&m, 0);
    struct platform_wide wide = {&m.table, MBYTES_OF(room)};
    const struct crypto w = platform_crypto_wide(&wide), n = platform_crypto(&m.table);
    const struct bytes parts[] = {{text, 100}, {text + 100, 100}}, more[] = {parts[0], {text, 101}};
    assert_err(n.sha256(n.ctx, parts, 2, a), E_CRYPTO); /* too long for that one */
    assert_ok(w.sha256(w.ctx, parts, 2, a));
    assert_ok(m.c.sha256(m.c.ctx, parts, 2, b));
    assert_memory_equal(a, b, 32);
    assert_ok(w.hmac_sha256(w.ctx, BYTES_OF(block), parts, 2, a));
    assert_ok(m.c.hmac_sha256(m.c.ctx, BYTES_OF(block), parts, 2, b));
    assert_memory_equal(a, b, 32);
    assert_err(w.sha256(w.ctx, more, 2, a), E_CRYPTO);
    assert_err(w.hmac_sha256(w.ctx, BYTES_OF(block), more, 2, a), E_CRYPTO);
    assert_ok(w.aes128_key(w.ctx, block));
    assert_ok(w.aes128_encrypt(w.ctx, block, a, 1));
    assert_ok(w.aes128_decrypt(w.ctx, block, a, open));
    assert_memory_equal(open, block, 16);
    assert_ok(w.random(w.ctx, MBYTES_OF(a)));
    modem_close(&m);
}

static void every_outcome_has_a_name(void **state)
{
    (void)state;
    for (int i = 0; i <= BINDERY_UE_ONBOARDING_BROKEN; i++) {
        assert_string_not_equal(
            bindery_ue_onboarding_outcome_name((enum bindery_ue_onboarding_outcome)i), "unknown");
    }
    assert_string_equal(bindery_ue_onboarding_outcome_name((enum bindery_ue_onboarding_outcome)99),
                        "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_device_gets_its_subscription_by_either_kind_of_key),
        cmocka_unit_test(the_largest_profile_fits),
        cmocka_unit_test(a_device_with_a_key_signs_its_request),
        cmocka_unit_test(a_signer_that_fails_leaves_nothing_outstanding),
        cmocka_unit_test(each_request_has_a_nonce_of_its_own),
        cmocka_unit_test(a_request_that_cannot_be_made_is_refused),
        cmocka_unit_test(what_a_host_brings_is_whole),
        cmocka_unit_test(wherever_the_crypto_table_fails_nothing_is_taken),
        cmocka_unit_test(the_wide_table_computes_what_the_other_does),
        cmocka_unit_test(every_outcome_has_a_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
