/* net/eck.h: agreement on P-256, undone with OpenSSL's general functions; points that are none, and
 * files that are not what they should be. */
#include "nf/devid_pki.h"

#include "net/eck.h"

#include <pthread.h>

static struct pki files;
static struct cert ca, own;
static char key_path[64], crt_path[64];
static struct eck *k;

static void save_chain(const char *path, const struct cert *const *certs, size_t n)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(PEM_write_X509(f, certs[i]->x), 1);
    }
    fclose(f);
}

static int setup(void **state)
{
    (void)state;
    struct verify_why why;
    pki_open(&files);
    cert_make(&ca, &(struct cert_wish){.cn = "CI", .ca = true});
    cert_make(&own, &(struct cert_wish){.cn = "arpf", .by = &ca, .usage = "keyAgreement"});
    snprintf(crt_path, sizeof crt_path, "%s", cert_save(&files, "own", &own));
    snprintf(key_path, sizeof key_path, "%s", pki_path(&files, "own", ".key"));
    save_chain(crt_path, (const struct cert *const[]){&own, &ca}, 2);
    return eck_open(key_path, crt_path, &k, &why) == E_OK ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    eck_close(k);
    eck_close(NULL);
    cert_drop(&ca);
    cert_drop(&own);
    pki_close(&files);
    return 0;
}

static void point_of(EVP_PKEY *key, uint8_t out[static 65])
{
    uint8_t *p = NULL;
    assert_int_equal(EVP_PKEY_get1_encoded_public_key(key, &p), 65);
    memcpy(out, p, 65);
    OPENSSL_free(p);
}

static void derive(EVP_PKEY *key, struct bytes point, uint8_t secret[static 32])
{
    size_t n = 32;
    EVP_PKEY *peer = EVP_PKEY_new();
    assert_int_equal(EVP_PKEY_copy_parameters(peer, key), 1);
    assert_int_equal(EVP_PKEY_set1_encoded_public_key(peer, point.p, point.n), 1);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
    assert_int_equal(EVP_PKEY_derive_init(ctx), 1);
    assert_int_equal(EVP_PKEY_derive_set_peer(ctx, peer), 1);
    assert_int_equal(EVP_PKEY_derive(ctx, secret, &n), 1);
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(peer);
}

/* ---- agreement ---- */

/*= test dimsi-0c-agree dimsi-0e-ek */
static void both_ends_find_the_same_secret(void **state)
{
    (void)state;
    uint8_t mine[65], point[65], small[33], a[32], b[32], c[32];
    point_of(own.key, mine);
    assert_memory_equal(mine, eck_point(k), 65);
    for (unsigned i = 0; i < 20; i++) {
        EVP_PKEY *peer = EVP_EC_gen("P-256");
        point_of(peer, point);
        eck_compress(point, small);
        assert_ok(eck_agree(k, BYTES_OF(point), a));
        derive(peer, BYTES_OF(mine), b);
        assert_memory_equal(a, b, 32);
        assert_ok(eck_agree(k, BYTES_OF(small), c));
        assert_memory_equal(a, c, 32);
        EVP_PKEY_free(peer);
    }
}

static void a_fresh_key_is_another_one_each_time(void **state)
{
    (void)state;
    uint8_t point[3][65], secret[3][32], theirs[32], small[33];
    for (size_t i = 0; i < 3; i++) {
        assert_ok(eck_fresh((struct bytes){eck_point(k), 65}, point[i], secret[i]));
        assert_int_equal(point[i][0], 4);
        eck_compress(point[i], small);
        assert_int_equal(small[0], 2 + (point[i][64] & 1));
        assert_ok(eck_agree(k, BYTES_OF(small), theirs));
        assert_memory_equal(secret[i], theirs, 32);
        for (size_t n = 0; n < i; n++) {
            assert_memory_not_equal(point[i], point[n], 65);
            assert_memory_not_equal(secret[i], secret[n], 32);
        }
    }
}

static void refused(struct bytes point)
{
    static const uint8_t zeros[32];
    uint8_t secret[32], fresh[65], untouched[65];
    uint8_t *exact = exact_copy(point);
    memset(secret, 7, sizeof secret);
    assert_err(eck_agree(k, (struct bytes){exact, point.n}, secret), E_BAD_VALUE);
    assert_memory_equal(secret, zeros, sizeof zeros);
    memset(fresh, 7, sizeof fresh);
    memset(secret, 7, sizeof secret);
    memcpy(untouched, fresh, sizeof fresh);
    assert_err(eck_fresh((struct bytes){exact, point.n}, fresh, secret), E_BAD_VALUE);
    assert_memory_equal(secret, zeros, sizeof zeros);
    assert_memory_equal(fresh, untouched, sizeof fresh);
    free(exact);
}

/*= test dimsi-point */
static void what_is_no_point_of_the_curve_yields_no_secret(void **state)
{
    (void)state;
    uint8_t point[66] = {0}, small[33], other[97];
    memcpy(point, eck_point(k), 65);
    for (size_t n = 0; n <= 66; n++) {
        if (n != 65) {
            refused((struct bytes){point, n});
        }
    }
    for (size_t i = 1; i < 65; i++) {
        point[i] ^= 1;
        refused((struct bytes){point, 65});
        point[i] ^= 1;
    }
    for (unsigned first = 0; first < 256; first++) { /* infinity, compressed, hybrid, none */
        point[0] = (uint8_t)first;
        if (first != 4) {
            refused((struct bytes){point, 65});
        }
    }
    memset(point, 0, sizeof point);
    refused((struct bytes){point, 1});
    refused((struct bytes){point, 65});
    point[0] = 4;
    refused((struct bytes){point, 65});
    memset(point + 1, 0xff, 64); /* above the field's prime */
    refused((struct bytes){point, 65});
    eck_compress(eck_point(k), small);
    for (unsigned first = 0; first < 256; first++) {
        small[0] = (uint8_t)first;
        if (first != 2 && first != 3) {
            refused(BYTES_OF(small));
        }
    }
    small[0] = 2;
    memset(small + 1, 0xff, 32);
    refused(BYTES_OF(small));
    EVP_PKEY *p384 = EVP_EC_gen("P-384");
    uint8_t *p = NULL;
    assert_int_equal(EVP_PKEY_get1_encoded_public_key(p384, &p), 97);
    memcpy(other, p, 97);
    refused(BYTES_OF(other));
    refused((struct bytes){other, 65});
    OPENSSL_free(p);
    EVP_PKEY_free(p384);
}

/* Half of all x have no point. */
static void an_x_without_a_y_is_refused(void **state)
{
    (void)state;
    uint8_t small[33] = {2}, secret[32];
    unsigned none = 0;
    for (unsigned i = 1; i <= 40; i++) {
        small[32] = (uint8_t)i;
        const enum err err = eck_agree(k, BYTES_OF(small), secret);
        assert_true(err == E_OK || err == E_BAD_VALUE);
        none += err == E_BAD_VALUE;
    }
    assert_in_range(none, 5, 35);
}

static void *agree_often(void *ctx)
{
    const uint8_t *want = ctx;
    uint8_t secret[32];
    for (unsigned i = 0; i < 200; i++) {
        if (eck_agree(k, (struct bytes){eck_point(k), 65}, secret) != E_OK ||
            memcmp(secret, want, 32) != 0) {
            return NULL;
        }
    }
    return ctx;
}

static void threads_may_share_a_key(void **state)
{
    (void)state;
    pthread_t threads[4];
    uint8_t want[32];
    void *got;
    assert_ok(eck_agree(k, (struct bytes){eck_point(k), 65}, want));
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, agree_often, want), 0);
    }
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(pthread_join(threads[i], &got), 0);
        assert_ptr_equal(got, want);
    }
}

/* ---- certificates ---- */

static void the_chain_comes_out_as_it_is_in_the_file(void **state)
{
    (void)state;
    size_t n = 0;
    uint8_t digest[32], point[65];
    const struct bytes *chain = eck_chain(k, &n);
    assert_int_equal(n, 2);
    assert_true(bytes_eq(chain[0], own.der) && bytes_eq(chain[1], ca.der));
    assert_ok(verify_digest(own.der, digest));
    assert_memory_equal(digest, eck_digest(k), 32);
    assert_ok(eck_point_of_certificate(own.der, point));
    assert_memory_equal(point, eck_point(k), 65);
}

static void a_certificate_of_another_kind_of_key_has_no_point(void **state)
{
    (void)state;
    EVP_PKEY *const keys[] = {EVP_EC_gen("P-384"), EVP_RSA_gen(2048), EVP_EC_gen("secp256k1")};
    uint8_t point[65];
    for (size_t i = 0; i < 3; i++) {
        struct cert c;
        cert_make(&c, &(struct cert_wish){.cn = "x", .by = &ca, .key = keys[i]});
        assert_err(eck_point_of_certificate(c.der, point), E_UNSUPPORTED);
        cert_drop(&c);
    }
    for (size_t n = 0; n < own.der.n; n++) {
        assert_err(eck_point_of_certificate((struct bytes){own.octets, n}, point), E_BAD_VALUE);
    }
}

/* ---- files ---- */

static void says(const char *key, const char *crt, enum err err, const char *text)
{
    struct verify_why why = {.text = ""};
    struct eck *none = NULL;
    assert_err(eck_open(key, crt, &none, &why), err);
    assert_null(none);
    assert_non_null(strstr(why.text, text));
}

static void a_key_is_its_owners_alone_and_on_p256(void **state)
{
    (void)state;
    struct cert c;
    char key[64], crt[64];
    says("/nowhere/key", crt_path, E_IO, "/nowhere/key");
    assert_int_equal(chmod(key_path, 0640), 0);
    says(key_path, crt_path, E_DENIED, "chmod 600");
    assert_int_equal(chmod(key_path, 0600), 0);
    assert_int_equal(chmod(crt_path, 0600), 0);
    says(crt_path, crt_path, E_BAD_VALUE, "no private key on P-256");
    snprintf(key, sizeof key, "%s", pki_path(&files, "locked", ".key"));
    FILE *f = fopen(key, "w");
    assert_non_null(f);
    assert_int_equal(chmod(key, 0600), 0);
    assert_int_equal(PEM_write_PKCS8PrivateKey(f, own.key, EVP_aes_128_cbc(), "x", 1, NULL, NULL),
                     1);
    fclose(f);
    says(key, crt_path, E_BAD_VALUE, "no private key on P-256"); /* and nobody is asked for it */
    EVP_PKEY *const keys[] = {EVP_EC_gen("P-384"), EVP_RSA_gen(2048)};
    for (size_t i = 0; i < 2; i++) {
        cert_make(&c, &(struct cert_wish){.cn = "x", .by = &ca, .key = keys[i]});
        snprintf(crt, sizeof crt, "%s", cert_save(&files, "other", &c));
        snprintf(key, sizeof key, "%s", pki_path(&files, "other", ".key"));
        says(key, crt, E_BAD_VALUE, "no private key on P-256");
        cert_drop(&c);
    }
}

static void certificates_are_the_keys_own_first_and_not_too_many(void **state)
{
    (void)state;
    char path[64];
    const struct cert *many[] = {&own, &ca, &ca, &ca, &ca, &ca, &ca};
    snprintf(path, sizeof path, "%s", pki_path(&files, "many", ".crt"));
    says(key_path, "/nowhere/crt", E_IO, "/nowhere/crt");
    says(key_path, key_path, E_BAD_VALUE, "not certificates");
    save_chain(path, (const struct cert *const[]){&ca, &own}, 2);
    says(key_path, path, E_BAD_VALUE, "not of the private key");
    save_chain(path, many, 7);
    says(key_path, path, E_BAD_VALUE, "more certificates");
    struct eck *six = NULL;
    struct verify_why why;
    save_chain(path, many, 6);
    assert_ok(eck_open(key_path, path, &six, &why));
    eck_close(six);
    FILE *f = fopen(path, "a");
    fputs("-----BEGIN CERTIFICATE-----\nMIIB\n", f);
    fclose(f);
    says(key_path, path, E_BAD_VALUE, "not certificates");
    f = fopen(path, "w");
    fclose(f);
    says(key_path, path, E_BAD_VALUE, "not certificates");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_ends_find_the_same_secret),
        cmocka_unit_test(a_fresh_key_is_another_one_each_time),
        cmocka_unit_test(what_is_no_point_of_the_curve_yields_no_secret),
        cmocka_unit_test(an_x_without_a_y_is_refused),
        cmocka_unit_test(threads_may_share_a_key),
        cmocka_unit_test(the_chain_comes_out_as_it_is_in_the_file),
        cmocka_unit_test(a_certificate_of_another_kind_of_key_has_no_point),
        cmocka_unit_test(a_key_is_its_owners_alone_and_on_p256),
        cmocka_unit_test(certificates_are_the_keys_own_first_and_not_too_many),
    };
    return cmocka_run_group_tests_name("net/eck", tests, setup, teardown);
}
