/* net/onboard_key.h: what is agreed with the key of a certificate, undone with OpenSSL's general
 * functions. The openssl command's opinion: test/nf/onboard_command_test.c. */
#include "nf/devid_pki.h"

#include "net/onboard_key.h"

#define LABEL_LIT BYTES_LIT("a label for this")

static struct onboard_tools *tools;
static struct cert ca;

static int setup(void **state)
{
    (void)state;
    cert_make(&ca, &(struct cert_wish){.cn = "maker", .ca = true});
    return onboard_tools_open(&tools) == E_OK ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    cert_drop(&ca);
    onboard_tools_close(tools);
    return 0;
}

struct agreed {
    enum verify_key_kind kind;
    uint8_t sent[ONBOARD_SENT_MAX], secret[ONBOARD_SECRET_LEN];
    size_t sent_n;
};

static enum err agree_to(struct bytes der, struct agreed *out)
{
    uint8_t *exact = exact_copy(der);
    const enum err err = onboard_agree(tools, (struct bytes){exact, der.n}, LABEL_LIT, &out->kind,
                                       out->sent, &out->sent_n, out->secret);
    free(exact);
    return err;
}

static void cert_of(struct cert *c, EVP_PKEY *key, const char *usage)
{
    assert_non_null(key);
    cert_make(c, &(struct cert_wish){.cn = "device", .by = &ca, .key = key, .usage = usage});
}

/* ---- P-256 ---- */

static void open_ec(EVP_PKEY *own, const struct agreed *a, uint8_t secret[static 32])
{
    size_t n = 32;
    EVP_PKEY *peer = EVP_PKEY_new();
    assert_int_equal(EVP_PKEY_copy_parameters(peer, own), 1);
    assert_int_equal(EVP_PKEY_set1_encoded_public_key(peer, a->sent, a->sent_n), 1);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(own, NULL);
    assert_int_equal(EVP_PKEY_derive_init(ctx), 1);
    assert_int_equal(EVP_PKEY_derive_set_peer(ctx, peer), 1);
    assert_int_equal(EVP_PKEY_derive(ctx, secret, &n), 1);
    assert_int_equal(n, 32);
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(peer);
}

/*= test certattach-3c certattach-box */
static void the_holder_of_a_key_on_p256_finds_the_same_secret(void **state)
{
    (void)state;
    bool odd = false, even = false;
    for (unsigned i = 0; i < 40; i++) {
        struct cert c;
        struct agreed a;
        uint8_t secret[32];
        cert_of(&c, EVP_EC_gen("P-256"), "keyAgreement");
        assert_ok(agree_to(c.der, &a));
        assert_int_equal(a.kind, VERIFY_KEY_P256);
        assert_int_equal(a.sent_n, ONBOARD_SENT_EC);
        assert_true(a.sent[0] == 2 || a.sent[0] == 3);
        odd = odd || a.sent[0] == 3;
        even = even || a.sent[0] == 2;
        open_ec(c.key, &a, secret);
        assert_memory_equal(secret, a.secret, sizeof secret);
        cert_drop(&c);
    }
    assert_true(odd && even);
}

static void a_key_is_agreed_with_afresh_each_time_and_with_one_after_the_other(void **state)
{
    (void)state;
    struct cert c[2];
    struct agreed a[4];
    cert_of(&c[0], EVP_EC_gen("P-256"), "keyAgreement");
    cert_of(&c[1], EVP_EC_gen("P-256"), "keyAgreement");
    for (size_t i = 0; i < 4; i++) {
        uint8_t secret[32];
        assert_ok(agree_to(c[i % 2].der, &a[i]));
        open_ec(c[i % 2].key, &a[i], secret);
        assert_memory_equal(secret, a[i].secret, sizeof secret);
        open_ec(c[(i + 1) % 2].key, &a[i], secret);
        assert_memory_not_equal(secret, a[i].secret, sizeof secret);
        for (size_t k = 0; k < i; k++) {
            assert_memory_not_equal(a[i].secret, a[k].secret, sizeof a[i].secret);
            assert_memory_not_equal(a[i].sent, a[k].sent, ONBOARD_SENT_EC);
        }
    }
    cert_drop(&c[0]);
    cert_drop(&c[1]);
}

/* ---- RSA ---- */

static size_t open_rsa(EVP_PKEY *own, const struct agreed *a, struct bytes label,
                       uint8_t plain[static ONBOARD_SENT_MAX])
{
    size_t n = ONBOARD_SENT_MAX;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(own, NULL);
    assert_int_equal(EVP_PKEY_decrypt_init(ctx), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_oaep_md(ctx, EVP_sha256()), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, EVP_sha256()), 1);
    assert_int_equal(
        EVP_PKEY_CTX_set0_rsa_oaep_label(ctx, OPENSSL_memdup(label.p, label.n), (int)label.n), 1);
    const bool ok = EVP_PKEY_decrypt(ctx, plain, &n, a->sent, a->sent_n) == 1;
    EVP_PKEY_CTX_free(ctx);
    return ok ? n : 0;
}

static void the_holder_of_an_rsa_key_finds_the_same_secret(void **state)
{
    (void)state;
    static const unsigned bits[] = {2048, 3072, 4096};
    for (size_t i = 0; i < 3; i++) {
        struct cert c;
        struct agreed a, b;
        uint8_t plain[ONBOARD_SENT_MAX];
        cert_of(&c, EVP_RSA_gen(bits[i]), "keyEncipherment");
        assert_ok(agree_to(c.der, &a));
        assert_int_equal(a.kind, VERIFY_KEY_RSA);
        assert_int_equal(a.sent_n, bits[i] / 8);
        assert_int_equal(open_rsa(c.key, &a, LABEL_LIT, plain), ONBOARD_SECRET_LEN);
        assert_memory_equal(plain, a.secret, ONBOARD_SECRET_LEN);
        assert_int_equal(open_rsa(c.key, &a, BYTES_LIT("another label"), plain), 0);
        assert_ok(agree_to(c.der, &b));
        assert_memory_not_equal(a.secret, b.secret, ONBOARD_SECRET_LEN);
        cert_drop(&c);
    }
}

/* ---- keys that are none of these ---- */

static void no_other_kind_of_key_is_encrypted_to(void **state)
{
    (void)state;
    static const uint8_t zeros[ONBOARD_SECRET_LEN];
    EVP_PKEY *const keys[] = {EVP_EC_gen("P-384"), EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"),
                              EVP_RSA_gen(1024), EVP_EC_gen("secp256k1")};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        struct cert c;
        struct agreed a = {.secret = {1}};
        cert_of(&c, keys[i], "keyAgreement");
        assert_err(agree_to(c.der, &a), E_UNSUPPORTED);
        assert_memory_equal(a.secret, zeros, sizeof zeros);
        cert_drop(&c);
    }
}

/* Points that are on no curve, or in another form, or infinity. */
static void a_point_that_is_not_on_the_curve_is_not_agreed_with(void **state)
{
    (void)state;
    struct cert c;
    struct agreed a;
    uint8_t der[sizeof c.octets], spki[91];
    unsigned char *p = spki;
    size_t at = 0;
    cert_of(&c, EVP_EC_gen("P-256"), "keyAgreement");
    assert_int_equal(i2d_PUBKEY(c.key, &p), sizeof spki);
    while (memcmp(c.octets + at, spki, sizeof spki) != 0) {
        at++;
    }
    for (size_t i = 26; i < sizeof spki; i++) { /* the point's octets, its form first */
        memcpy(der, c.octets, c.der.n);
        der[at + i] ^= 1;
        assert_err(agree_to((struct bytes){der, c.der.n}, &a), E_BAD_VALUE);
    }
    memcpy(der, c.octets, c.der.n);
    memset(der + at + 27, 0, 64);
    assert_err(agree_to((struct bytes){der, c.der.n}, &a), E_BAD_VALUE);
    cert_drop(&c);
}

static void what_is_no_whole_certificate_is_not_agreed_with(void **state)
{
    (void)state;
    struct cert c;
    struct agreed a;
    cert_of(&c, EVP_EC_gen("P-256"), "keyAgreement");
    for (size_t n = 0; n < c.der.n; n++) {
        assert_err(agree_to((struct bytes){c.octets, n}, &a), E_BAD_VALUE);
    }
    assert_err(agree_to((struct bytes){c.octets, c.der.n + 1}, &a), E_BAD_VALUE);
    assert_ok(agree_to(c.der, &a));
    cert_drop(&c);
}

static void a_label_that_is_too_long_is_refused(void **state)
{
    (void)state;
    struct cert c;
    struct agreed a;
    uint8_t label[ONBOARD_LABEL_MAX + 1] = {0}, plain[ONBOARD_SENT_MAX];
    cert_of(&c, EVP_RSA_gen(2048), "keyEncipherment");
    assert_err(onboard_agree(tools, c.der, BYTES_OF(label), &a.kind, a.sent, &a.sent_n, a.secret),
               E_NO_ROOM);
    const struct bytes longest = {label, ONBOARD_LABEL_MAX};
    assert_ok(onboard_agree(tools, c.der, longest, &a.kind, a.sent, &a.sent_n, a.secret));
    assert_int_equal(open_rsa(c.key, &a, longest, plain), ONBOARD_SECRET_LEN);
    cert_drop(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_holder_of_a_key_on_p256_finds_the_same_secret),
        cmocka_unit_test(a_key_is_agreed_with_afresh_each_time_and_with_one_after_the_other),
        cmocka_unit_test(the_holder_of_an_rsa_key_finds_the_same_secret),
        cmocka_unit_test(no_other_kind_of_key_is_encrypted_to),
        cmocka_unit_test(a_point_that_is_not_on_the_curve_is_not_agreed_with),
        cmocka_unit_test(what_is_no_whole_certificate_is_not_agreed_with),
        cmocka_unit_test(a_label_that_is_too_long_is_refused),
    };
    return cmocka_run_group_tests_name("net/onboard_key", tests, setup, teardown);
}
