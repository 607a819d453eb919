#include "device/linux/encrypter_openssl.h"

#include "device_linux/rsa.h"
#include <stdlib.h>

static const uint8_t label[] = "IMSI, IMEI and nonce";
static const uint8_t plain[KME_PLAINTEXT_LEN] = {1, 2, 3};

/*= test kme-5d kme-padding */
static void what_is_encrypted_is_opened_by_openssl_with_the_label(void **state)
{
    (void)state;
    for (unsigned bits = 2048; bits <= 3072; bits += 256) {
        struct rsa_lot r;
        uint8_t out[KME_MODULUS_MAX];
        rsa_make(&r, bits);
        uint8_t *made = malloc(r.n);
        assert_ok(encrypter_openssl(rsa_modulus(&r), BYTES_OF(label), BYTES_OF(plain), made));
        const struct bytes encrypted = {made, r.n};
        assert_int_equal(rsa_open(&r, encrypted, BYTES_OF(label), out), sizeof plain);
        assert_memory_equal(out, plain, sizeof plain);
        assert_int_equal(rsa_open(&r, encrypted, BYTES_LIT("another"), out), -1);
        assert_int_equal(rsa_open(&r, encrypted, (struct bytes){label, 0}, out), -1);
        free(made);
        rsa_free(&r);
    }
}

static void the_same_twice_looks_different(void **state)
{
    struct rsa_lot r;
    uint8_t a[KME_MODULUS_MIN], b[KME_MODULUS_MIN];
    (void)state;
    rsa_make(&r, 2048);
    assert_ok(encrypter_openssl(rsa_modulus(&r), BYTES_OF(label), BYTES_OF(plain), a));
    assert_ok(encrypter_openssl(rsa_modulus(&r), BYTES_OF(label), BYTES_OF(plain), b));
    assert_memory_not_equal(a, b, sizeof a);
    rsa_free(&r);
}

static void both_ports_do_the_same(void **state)
{
    struct rsa_lot r;
    uint8_t made[KME_MODULUS_MIN], out[KME_MODULUS_MAX];
    (void)state;
    rsa_make(&r, 2048);
    assert_true(encrypter_openssl_port.encrypt(encrypter_openssl_port.ctx, r.modulus, r.n, label,
                                               sizeof label, plain, sizeof plain, made));
    assert_int_equal(rsa_open(&r, BYTES_OF(made), BYTES_OF(label), out), sizeof plain);
    assert_false(encrypter_openssl_port.encrypt(encrypter_openssl_port.ctx, r.modulus, r.n - 1,
                                                label, sizeof label, plain, sizeof plain, made));
    assert_ok(encrypter_openssl_kme.encrypt(encrypter_openssl_kme.ctx, rsa_modulus(&r),
                                            BYTES_OF(label), BYTES_OF(plain), made));
    assert_int_equal(rsa_open(&r, BYTES_OF(made), BYTES_OF(label), out), sizeof plain);
    rsa_free(&r);
}

static void what_no_lot_may_have_is_refused_and_nothing_written(void **state)
{
    static const uint8_t zeros[KME_MODULUS_MAX + 32];
    struct rsa_lot r;
    uint8_t out[KME_MODULUS_MAX + 32] = {0};
    uint8_t long_label[ENCRYPTER_LABEL_MAX + 1] = {0};
    uint8_t modulus[KME_MODULUS_MAX + 32];
    (void)state;
    rsa_make(&r, 2048);
    memset(modulus, 0xff, sizeof modulus);
    static const size_t sizes[] = {0, 1, 224, 255, 257, 544};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        const struct bytes m = {modulus, sizes[i]};
        assert_err(encrypter_openssl(m, BYTES_OF(label), BYTES_OF(plain), out), E_BAD_VALUE);
    }
    struct rsa_lot even = r;
    even.modulus[r.n - 1] &= 0xfe;
    assert_err(encrypter_openssl(rsa_modulus(&even), BYTES_OF(label), BYTES_OF(plain), out),
               E_BAD_VALUE);
    struct rsa_lot small = r;
    small.modulus[0] = 0x7f;
    assert_err(encrypter_openssl(rsa_modulus(&small), BYTES_OF(label), BYTES_OF(plain), out),
               E_BAD_VALUE);
    assert_err(encrypter_openssl(rsa_modulus(&r), BYTES_OF(long_label), BYTES_OF(plain), out),
               E_NO_ROOM);
    for (size_t n = 190; n <= 192; n++) {
        uint8_t *too_many = calloc(1, n);
        assert_err(encrypter_openssl(rsa_modulus(&r), BYTES_OF(label), (struct bytes){too_many, n},
                                     n == 190 ? modulus : out),
                   n == 190 ? E_OK : E_BAD_VALUE);
        free(too_many);
    }
    assert_memory_equal(out, zeros, sizeof out);
    rsa_free(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_encrypted_is_opened_by_openssl_with_the_label),
        cmocka_unit_test(the_same_twice_looks_different),
        cmocka_unit_test(both_ports_do_the_same),
        cmocka_unit_test(what_no_lot_may_have_is_refused_and_nothing_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
