#include "device/linux/signer_openssl.h"

#include "device/test_key.h"
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static const uint8_t all[] = {DEVID_ECDSA_P256, DEVID_ECDSA_P384, DEVID_ED25519, DEVID_RSA_PSS};
static const size_t lengths[] = {64, 96, 64, 256};

static struct bytes key_of(const struct test_key *k)
{
    return (struct bytes){k->der, k->n};
}

static void every_kind_signs_and_openssl_agrees(void **state)
{
    uint8_t content[DEVID_CONTENT_LEN] = {1, 2, 3};
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct test_key k;
        test_key_make(&k, all[i]);
        for (size_t room = 0; room < lengths[i]; room += room < 64 ? 1 : 31) {
            uint8_t *out = malloc(room > 0 ? room : 1);
            size_t n = room;
            assert_err(signer_openssl_sign(key_of(&k), BYTES_OF(content), out, &n), E_NO_ROOM);
            free(out);
        }
        uint8_t *out = malloc(lengths[i]);
        size_t n = lengths[i];
        assert_ok(signer_openssl_sign(key_of(&k), BYTES_OF(content), out, &n));
        assert_int_equal(n, lengths[i]);
        const struct bytes spki = {k.spki, k.spki_n};
        assert_ok(
            test_verify(NULL, all[i], false, spki, BYTES_OF(content), (struct bytes){out, n}));
        content[5] ^= 1;
        assert_err(
            test_verify(NULL, all[i], false, spki, BYTES_OF(content), (struct bytes){out, n}),
            E_BAD_MAC);
        free(out);
    }
}

/* r and s have leading zeros now and then: each is as long as the curve all the same. */
static void short_numbers_are_padded(void **state)
{
    struct test_key k;
    uint8_t content[4] = {0}, out[64];
    bool seen = false;
    (void)state;
    test_key_make(&k, DEVID_ECDSA_P256);
    for (unsigned i = 0; i < 2000 && !seen; i++) {
        size_t n = sizeof out;
        memcpy(content, &i, sizeof i);
        assert_ok(signer_openssl_sign(key_of(&k), BYTES_OF(content), out, &n));
        seen = out[0] == 0 || out[32] == 0;
        if (seen || i == 0) {
            assert_ok(test_verify(NULL, DEVID_ECDSA_P256, false, (struct bytes){k.spki, k.spki_n},
                                  BYTES_OF(content), (struct bytes){out, n}));
        }
    }
    assert_true(seen);
}

static void a_key_goes_into_text_and_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct test_key k;
        char pem[SIGNER_PEM_MAX], longer[SIGNER_PEM_MAX + 8];
        uint8_t der[SIGNER_KEY_MAX];
        size_t n = 0;
        test_key_make(&k, all[i]);
        assert_ok(signer_openssl_to_pem(key_of(&k), pem));
        assert_ok(signer_openssl_from_pem(bytes_of_str(pem), der, &n));
        assert_int_equal(n, k.n);
        assert_memory_equal(der, k.der, n);
        (void)snprintf(longer, sizeof longer, "%smore\n", pem);
        assert_err(signer_openssl_from_pem(bytes_of_str(longer), der, &n), E_BAD_VALUE);
        const size_t whole = strlen(pem) - 1; /* without the line end, which may be missing */
        for (size_t cut = 0; cut < whole; cut += i == 3 ? 41 : 1) {
            uint8_t *copy = exact_copy((struct bytes){(const uint8_t *)pem, cut});
            assert_err(signer_openssl_from_pem((struct bytes){copy, cut}, der, &n), E_BAD_VALUE);
            free(copy);
        }
    }
}

static void only_one_plain_private_key_is_taken(void **state)
{
    struct test_key k;
    char pem[SIGNER_PEM_MAX], text[2 * SIGNER_PEM_MAX];
    uint8_t der[SIGNER_KEY_MAX];
    size_t n = 0;
    (void)state;
    test_key_make(&k, DEVID_ED25519);
    assert_ok(signer_openssl_public_pem((struct bytes){k.spki, k.spki_n}, pem));
    assert_non_null(strstr(pem, "-----BEGIN PUBLIC KEY-----"));
    assert_err(signer_openssl_from_pem(bytes_of_str(pem), der, &n), E_BAD_VALUE);
    assert_ok(signer_openssl_to_pem(key_of(&k), pem));
    (void)snprintf(text, sizeof text, "%s%s", pem, pem);
    assert_err(signer_openssl_from_pem(bytes_of_str(text), der, &n), E_BAD_VALUE);
    const char *rest = strchr(pem, '\n');
    (void)snprintf(text, sizeof text, "-----BEGIN PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n%s",
                   rest);
    assert_err(signer_openssl_from_pem(bytes_of_str(text), der, &n), E_BAD_VALUE);
}

/* Two ways to make a key, and OpenSSL's own encoders, give one text. */
static void a_pair_is_what_openssl_would_have_written(void **state)
{
    static const uint8_t made[] = {DEVID_ECDSA_P256, DEVID_ED25519};
    (void)state;
    for (size_t i = 0; i < sizeof made; i++) {
        uint8_t key[138], spki[91], other[SIGNER_PUBLIC_MAX], found = 0;
        size_t n = 0, spki_n = 0, other_n = 0;
        assert_ok(signer_openssl_make_pair(made[i], MBYTES_OF(key), &n, MBYTES_OF(spki), &spki_n));
        const struct bytes der = {key, n};
        assert_ok(signer_openssl_algorithm(der, &found));
        assert_int_equal(found, made[i]);
        assert_ok(signer_openssl_public(der, other, &other_n));
        assert_true(bytes_eq((struct bytes){spki, spki_n}, (struct bytes){other, other_n}));
        const unsigned char *p = key;
        PKCS8_PRIV_KEY_INFO *info = d2i_PKCS8_PRIV_KEY_INFO(NULL, &p, (long)n);
        EVP_PKEY *opened = info != NULL ? EVP_PKCS82PKEY(info) : NULL;
        PKCS8_PRIV_KEY_INFO *again = opened != NULL ? EVP_PKEY2PKCS8(opened) : NULL;
        unsigned char *text = NULL;
        const int len = i2d_PKCS8_PRIV_KEY_INFO(again, &text);
        assert_int_equal(len, n);
        assert_memory_equal(text, key, n);
        for (size_t room = 0; room < n; room++) {
            assert_err(signer_openssl_make_pair(made[i], (struct mbytes){key, room}, &n,
                                                MBYTES_OF(spki), &spki_n),
                       E_NO_ROOM);
            room += 13;
        }
        assert_err(signer_openssl_make_pair(made[i], MBYTES_OF(key), &n,
                                            (struct mbytes){spki, spki_n - 1}, &spki_n),
                   E_NO_ROOM);
        OPENSSL_free(text);
        PKCS8_PRIV_KEY_INFO_free(again);
        PKCS8_PRIV_KEY_INFO_free(info);
        EVP_PKEY_free(opened);
    }
}

static void what_is_no_key_is_refused(void **state)
{
    struct test_key k;
    uint8_t algorithm = 77, out[64], longer[SIGNER_KEY_MAX];
    size_t n = sizeof out;
    (void)state;
    test_key_make(&k, DEVID_ECDSA_P256);
    for (size_t cut = 0; cut < k.n; cut++) {
        uint8_t *copy = exact_copy((struct bytes){k.der, cut});
        assert_err(signer_openssl_algorithm((struct bytes){copy, cut}, &algorithm), E_BAD_VALUE);
        free(copy);
    }
    memcpy(longer, k.der, k.n);
    longer[k.n] = 0;
    assert_err(signer_openssl_algorithm((struct bytes){longer, k.n + 1}, &algorithm), E_BAD_VALUE);
    longer[k.n - 1] ^= 1; /* a public point that is not on the curve */
    assert_err(signer_openssl_algorithm((struct bytes){longer, k.n}, &algorithm), E_BAD_VALUE);
    const struct bytes spki = {k.spki, k.spki_n};
    assert_err(signer_openssl_algorithm(spki, &algorithm), E_BAD_VALUE);
    assert_err(signer_openssl_sign(spki, BYTES_LIT("x"), out, &n), E_BAD_VALUE);
    assert_int_equal(algorithm, 77);
    test_key_rsa(&k, 1024);
    assert_err(signer_openssl_algorithm(key_of(&k), &algorithm), E_UNSUPPORTED);
    assert_err(signer_openssl_make(DEVID_RSA_PSS, k.der, &k.n), E_UNSUPPORTED);
    assert_err(signer_openssl_make(0, k.der, &k.n), E_UNSUPPORTED);
    assert_err(signer_openssl_make_pair(DEVID_ECDSA_P384, MBYTES_OF(k.der), &k.n, MBYTES_OF(k.spki),
                                        &k.spki_n),
               E_UNSUPPORTED);
}

static void a_curve_that_nobody_accepts_is_unsupported(void **state)
{
    static const char *const curves[] = {"P-521", "secp256k1"};
    uint8_t der[SIGNER_KEY_MAX], algorithm = 0;
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        EVP_PKEY *key = EVP_EC_gen(curves[i]);
        PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(key);
        unsigned char *p = der;
        const int n = i2d_PKCS8_PRIV_KEY_INFO(info, &p);
        assert_err(signer_openssl_algorithm((struct bytes){der, (size_t)n}, &algorithm),
                   E_UNSUPPORTED);
        PKCS8_PRIV_KEY_INFO_free(info);
        EVP_PKEY_free(key);
    }
}

/* ---- the openssl command ---- */

static char folder[] = "/tmp/signer_test.XXXXXX";

static void put(const char *name, const void *data, size_t n)
{
    char path[64];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(data, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
}

static int shell(const char *command)
{
    char line[512];
    (void)snprintf(line, sizeof line, "cd %s && %s >said 2>&1", folder, command);
    return system(line);
}

#define PSS_COMMAND                                                                                \
    "openssl dgst -sha256 -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:32 "                \
    "-sigopt rsa_mgf1_md:sha256 -verify public -signature sig content"

static void the_openssl_command_verifies_what_was_signed(void **state)
{
    static const char *const commands[] = {
        "openssl dgst -sha256 -verify public -signature sig content",
        "openssl dgst -sha384 -verify public -signature sig content",
        "openssl pkeyutl -verify -pubin -inkey public -rawin -in content -sigfile sig",
        PSS_COMMAND,
    };
    const uint8_t content[DEVID_CONTENT_LEN] = {9, 8, 7};
    (void)state;
    assert_non_null(mkdtemp(folder));
    for (size_t i = 0; i < 4; i++) {
        struct test_key k;
        char pem[SIGNER_PEM_MAX];
        uint8_t raw[BINDERY_UE_SIGNATURE_MAX], der[160];
        size_t n = sizeof raw;
        test_key_make(&k, all[i]);
        assert_ok(signer_openssl_public_pem((struct bytes){k.spki, k.spki_n}, pem));
        assert_ok(signer_openssl_sign(key_of(&k), BYTES_OF(content), raw, &n));
        put("public", pem, strlen(pem));
        put("content", content, sizeof content);
        if (all[i] == DEVID_ECDSA_P256 || all[i] == DEVID_ECDSA_P384) {
            put("sig", der, test_ecdsa_der((struct bytes){raw, n}, der));
        } else {
            put("sig", raw, n);
        }
        assert_int_equal(shell(commands[i]), 0);
        put("content", "another", 7);
        assert_int_not_equal(shell(commands[i]), 0);
    }
    assert_int_equal(shell("rm public content sig"), 0);
    char said[64];
    (void)snprintf(said, sizeof said, "%s/said", folder);
    assert_int_equal(unlink(said), 0);
    assert_int_equal(rmdir(folder), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_signs_and_openssl_agrees),
        cmocka_unit_test(short_numbers_are_padded),
        cmocka_unit_test(a_key_goes_into_text_and_back),
        cmocka_unit_test(only_one_plain_private_key_is_taken),
        cmocka_unit_test(a_pair_is_what_openssl_would_have_written),
        cmocka_unit_test(what_is_no_key_is_refused),
        cmocka_unit_test(a_curve_that_nobody_accepts_is_unsupported),
        cmocka_unit_test(the_openssl_command_verifies_what_was_signed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
