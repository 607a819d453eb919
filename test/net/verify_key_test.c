/* net/verify_key.h: keys that look like keys and are none, and where a certificate's key stands. */
#include "net/pki.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_point_is_on_its_curve_and_in_its_one_encoding),
        cmocka_unit_test(the_key_of_a_certificate_is_the_one_that_openssl_finds)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
