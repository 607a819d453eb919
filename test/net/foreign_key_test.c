/* net/foreign_key.h: OpenSSL signs with a key that it does not have. */
#include "rsmfd/rsmf_pki.h"

#include "net/foreign_key.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/provider.h>

struct world {
    struct pki pki;
    EVP_PKEY *key;
    uint8_t der[2048];
    struct bytes certificate;
    struct foreign_key *foreign;
    unsigned asked;
    bool refuses;
    uint8_t seen[256];
    size_t seen_n;
};

static bool sign(void *ctx, const uint8_t *content, size_t n, uint8_t signature[64])
{
    struct world *w = ctx;
    w->asked++;
    assert_true(n <= sizeof w->seen);
    memcpy(w->seen, content, n);
    w->seen_n = n;
    return !w->refuses && pki_sign(w->key, content, n, signature);
}

static int setup(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    const struct foreign_key_port port = {w, sign};
    pki_open(&w->pki);
    pki_root(&w->pki, "ci");
    pki_leaf(&w->pki, "se", "ci", VERIFY_OID_ROLES ".5", NULL, 0);
    w->key = pki_key(pki_path(&w->pki, "se", ".key"));
    w->certificate = (struct bytes){w->der, pki_der(&w->pki, "se", w->der)};
    assert_ok(foreign_key_open(&port, w->certificate, &w->foreign));
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;
    foreign_key_close(w->foreign);
    EVP_PKEY_free(w->key);
    pki_close(&w->pki);
    free(w);
    return 0;
}

static int sign_with(EVP_PKEY *key, const EVP_MD *md, struct bytes content, uint8_t *out, size_t *n)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    int ok = EVP_DigestSignInit(ctx, NULL, md, NULL, key) == 1 &&
             EVP_DigestSign(ctx, out, n, content.p, content.n) == 1;
    EVP_MD_CTX_free(ctx);
    ERR_clear_error();
    return ok;
}

static void what_is_signed_elsewhere_verifies_here(void **state)
{
    struct world *w = *state;
    uint8_t out[80];
    const struct bytes content = BYTES_LIT("what is to be signed");
    X509 *c = pki_cert(pki_path(&w->pki, "se", ".crt"));
    for (int i = 0; i < 50; i++) { /* r and s of all lengths */
        size_t n = sizeof out;
        assert_int_equal(sign_with(foreign_key_pkey(w->foreign), EVP_sha256(), content, out, &n),
                         1);
        EVP_MD_CTX *ctx = EVP_MD_CTX_new();
        assert_int_equal(EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, X509_get0_pubkey(c)),
                         1);
        assert_int_equal(EVP_DigestVerify(ctx, out, n, content.p, content.n), 1);
        EVP_MD_CTX_free(ctx);
    }
    assert_int_equal(w->asked, 50);
    assert_true(bytes_eq((struct bytes){w->seen, w->seen_n}, content)); /* and no digest of it */
    X509_free(c);
}

static void it_belongs_to_its_certificate_and_to_no_other(void **state)
{
    struct world *w = *state;
    X509 *own = pki_cert(pki_path(&w->pki, "se", ".crt"));
    X509 *other = pki_cert(pki_path(&w->pki, "ci", ".crt"));
    assert_int_equal(X509_check_private_key(own, foreign_key_pkey(w->foreign)), 1);
    assert_int_equal(X509_check_private_key(other, foreign_key_pkey(w->foreign)), 0);
    X509_free(own);
    X509_free(other);
    ERR_clear_error();
}

static void nothing_else_is_signed(void **state)
{
    struct world *w = *state;
    static const uint8_t large[300];
    uint8_t out[80];
    EVP_PKEY *key = foreign_key_pkey(w->foreign);
    size_t n = sizeof out;
    assert_int_equal(sign_with(key, EVP_sha384(), BYTES_LIT("x"), out, &n), 0);
    assert_int_equal(sign_with(key, EVP_sha1(), BYTES_LIT("x"), out, &n), 0);
    assert_int_equal(sign_with(key, EVP_sha256(), BYTES_OF(large), out, &n), 0);
    n = 20;
    assert_int_equal(sign_with(key, EVP_sha256(), BYTES_LIT("x"), out, &n), 0);
    assert_int_equal(w->asked, 0);
    w->refuses = true;
    n = sizeof out;
    assert_int_equal(sign_with(key, EVP_sha256(), BYTES_LIT("x"), out, &n), 0);
    assert_int_equal(w->asked, 1);
}

static void the_private_half_is_not_to_be_had(void **state)
{
    struct world *w = *state;
    EVP_PKEY *key = foreign_key_pkey(w->foreign);
    unsigned char *der = NULL;
    BIGNUM *d = NULL;
    OSSL_PARAM *all = NULL;
    assert_true(i2d_PrivateKey(key, &der) <= 0);
    assert_int_equal(EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_PRIV_KEY, &d), 0);
    assert_int_equal(EVP_PKEY_todata(key, EVP_PKEY_KEYPAIR, &all), 0);
    assert_int_equal(EVP_PKEY_todata(key, EVP_PKEY_PUBLIC_KEY, &all), 1);
    assert_null(OSSL_PARAM_locate_const(all, OSSL_PKEY_PARAM_PRIV_KEY));
    OSSL_PARAM_free(all);
    ERR_clear_error();
}

/* It is in a library context of its own. */
static void other_keys_of_the_process_know_nothing_of_it(void **state)
{
    struct world *w = *state;
    uint8_t out[80];
    size_t n = sizeof out;
    EVP_PKEY *key = EVP_EC_gen("P-256");
    assert_non_null(key);
    assert_string_equal(OSSL_PROVIDER_get0_name(EVP_PKEY_get0_provider(key)), "default");
    assert_int_equal(sign_with(key, EVP_sha256(), BYTES_LIT("x"), out, &n), 1);
    assert_int_equal(w->asked, 0);
    EVP_PKEY_free(key);
}

static void only_a_certificate_of_p256_has_one(void **state)
{
    struct world *w = *state;
    struct foreign_key *k = NULL;
    const struct foreign_key_port port = {w, sign};
    static const char *const others[] = {"P-384", "ED25519", "RSA"};
    uint8_t der[2048];
    for (size_t i = 0; i < 3; i++) {
        uint8_t *at = der;
        EVP_PKEY *key = i == 0   ? EVP_EC_gen(others[i])
                        : i == 1 ? EVP_PKEY_Q_keygen(NULL, NULL, others[i])
                                 : EVP_RSA_gen(2048);
        X509 *c = X509_new();
        X509_set_pubkey(c, key);
        assert_true(X509_sign(c, key, i == 1 ? NULL : EVP_sha256()) > 0);
        const int n = i2d_X509(c, &at);
        assert_in_range(n, 1, sizeof der);
        assert_err(foreign_key_open(&port, (struct bytes){der, (size_t)n}, &k), E_BAD_VALUE);
        X509_free(c);
        EVP_PKEY_free(key);
    }
    assert_err(foreign_key_open(&port, (struct bytes){NULL, 0}, &k), E_BAD_VALUE);
    for (size_t n = 1; n < w->certificate.n; n += 7) { /* not all of it */
        uint8_t *part = malloc(n);
        memcpy(part, w->der, n);
        assert_err(foreign_key_open(&port, (struct bytes){part, n}, &k), E_BAD_VALUE);
        free(part);
    }
    w->der[w->certificate.n] = 0; /* more than it */
    assert_err(foreign_key_open(&port, (struct bytes){w->der, w->certificate.n + 1}, &k),
               E_BAD_VALUE);
    assert_null(k);
    foreign_key_close(NULL);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        T(what_is_signed_elsewhere_verifies_here),
        T(it_belongs_to_its_certificate_and_to_no_other),
        T(nothing_else_is_signed),
        T(the_private_half_is_not_to_be_had),
        T(other_keys_of_the_process_know_nothing_of_it),
        T(only_a_certificate_of_p256_has_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
