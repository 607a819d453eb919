/* net/verify_key.h: keys that look like keys and are none, and where a certificate's key stands. */
#include "net/pki.h"
#include "nf/devid_pki.h"

#include "net/verify_key.h"

struct spki {
    uint8_t octets[VERIFY_SPKI_MAX];
    size_t n;
};

static struct bytes bytes_of(const struct spki *k)
{
    return (struct bytes){k->octets, k->n};
}

static void make(const char *curve, struct spki *k)
{
    uint8_t *p = k->octets;
    EVP_PKEY *key = EVP_EC_gen(curve);
    k->n = (size_t)i2d_PUBKEY(key, &p);
    EVP_PKEY_free(key);
}

static enum err verdict(const struct spki *k)
{
    enum verify_key_kind kind;
    uint8_t *exact = malloc(k->n); /* nothing beyond it may be read */
    memcpy(exact, k->octets, k->n);
    enum err err = verify_key((struct bytes){exact, k->n}, &kind);
    free(exact);
    return err;
}

static void a_point_is_on_its_curve_and_in_its_one_encoding(void **state)
{
    static const char *const curves[] = {"P-256", "P-384"};
    static const uint8_t forms[] = {0x00, 0x02, 0x03, 0x05, 0x06, 0x07};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct spki good, k;
        make(curves[i], &good);
        const size_t point = good.n - (i == 0 ? 65 : 97);
        assert_ok(verdict(&good));
        for (size_t at = 0; at < good.n; at++) {
            k = good;
            k.octets[at] ^= 0x40;
            assert_int_not_equal(verdict(&k), E_OK);
        }
        for (size_t f = 0; f < sizeof forms; f++) {
            k = good;
            k.octets[point] = forms[f];
            assert_int_not_equal(verdict(&k), E_OK);
        }
        k = good;
        memset(k.octets + point + 1, 0, good.n - point - 1);
        assert_int_not_equal(verdict(&k), E_OK);
        memset(k.octets + point + 1, 0xff, good.n - point - 1); /* beyond the field */
        assert_int_not_equal(verdict(&k), E_OK);
        for (k = good, k.n = 1; k.n < good.n; k.n++) {
            assert_int_not_equal(verdict(&k), E_OK);
        }
        k = good;
        k.n = good.n + 1;
        assert_int_not_equal(verdict(&k), E_OK);
    }
}

static enum err key_of(const uint8_t *der, size_t n, struct spki *k)
{
    enum verify_key_kind kind;
    uint8_t *exact = malloc(n > 0 ? n : 1);
    memcpy(exact, der, n);
    enum err err = verify_key_of_certificate((struct bytes){exact, n}, k->octets, &k->n, &kind);
    free(exact);
    return err;
}

static void the_key_of_a_certificate_is_the_one_that_openssl_finds(void **state)
{
    static uint8_t der[4096];
    struct pki pki;
    struct spki found, wanted;
    uint8_t *p = der, *q = wanted.octets;
    (void)state;
    pki_open(&pki);
    pki_make(&pki, "ca", NULL, "ca", NULL);
    X509 *x = pki_cert(pki_path(&pki, "ca", ".crt"));
    const size_t n = (size_t)i2d_X509(x, &p);
    wanted.n = (size_t)i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x), &q);
    assert_ok(key_of(der, n, &found));
    assert_true(bytes_eq(bytes_of(&found), bytes_of(&wanted)));
    for (size_t cut = 0; cut < n; cut++) {
        assert_int_not_equal(key_of(der, cut, &found), E_OK);
    }
    assert_int_not_equal(key_of(der, n + 1, &found), E_OK);
    /* what is signed, 30 81 length and so many octets, without the signature */
    uint8_t unsigned_one[3 + 3 + 0xff] = {0x30, 0x81, (uint8_t)(3 + der[6])};
    assert_true(der[1] == 0x82 && der[5] == 0x81 && 3 + der[6] <= 0xff);
    memcpy(unsigned_one + 3, der + 4, (size_t)3 + der[6]);
    assert_err(key_of(unsigned_one, (size_t)6 + der[6], &found), E_BAD_VALUE);
    /* a length that could be shorter: 30 82 .. becomes 30 83 00 .. */
    memmove(der + 3, der + 2, n - 2);
    der[1] = 0x83;
    der[2] = 0;
    assert_int_not_equal(key_of(der, n + 1, &found), E_OK);
    X509_free(x);
    pki_close(&pki);
}

static EVP_PKEY *rsa_of(unsigned bits)
{
    EVP_PKEY *key = EVP_RSA_gen(bits);
    assert_non_null(key);
    return key;
}

/* A certificate that was found good is not searched for faults of its key; its kind is told, and
 * what is none of the three is refused. */
static void the_kind_of_a_vouched_key_is_told(void **state)
{
    struct {
        EVP_PKEY *key;
        enum err err;
        enum verify_key_kind kind;
    } all[] = {{EVP_EC_gen("P-256"), E_OK, VERIFY_KEY_P256},
               {EVP_EC_gen("P-384"), E_OK, VERIFY_KEY_P384},
               {rsa_of(2048), E_OK, VERIFY_KEY_RSA},
               {rsa_of(4096), E_OK, VERIFY_KEY_RSA},
               {rsa_of(1536), E_UNSUPPORTED, VERIFY_KEY_RSA},
               {EVP_EC_gen("P-521"), E_UNSUPPORTED, VERIFY_KEY_RSA},
               {EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"), E_UNSUPPORTED, VERIFY_KEY_RSA}};
    struct cert ca;
    (void)state;
    cert_make(&ca, &(struct cert_wish){.cn = "maker", .ca = true});
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        struct cert c;
        struct bytes spki;
        enum verify_key_kind kind = VERIFY_KEY_ED25519;
        cert_make(&c, &(struct cert_wish){.cn = "device", .by = &ca, .key = all[i].key});
        assert_int_equal(verify_key_vouched(c.der, &spki, &kind), all[i].err);
        assert_true(all[i].err != E_OK || kind == all[i].kind);
        for (size_t n = 0; n < c.der.n; n++) {
            uint8_t *exact = exact_copy((struct bytes){c.der.p, n});
            assert_int_not_equal(verify_key_vouched((struct bytes){exact, n}, &spki, &kind), E_OK);
            free(exact);
        }
        cert_drop(&c);
    }
    cert_drop(&ca);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_point_is_on_its_curve_and_in_its_one_encoding),
        cmocka_unit_test(the_key_of_a_certificate_is_the_one_that_openssl_finds),
        cmocka_unit_test(the_kind_of_a_vouched_key_is_told)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
