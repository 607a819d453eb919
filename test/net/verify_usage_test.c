/* net/verify_usage.h: each kind of key with each usage. */
#include "net/pki.h"

#include "net/verify_usage.h"

static struct bytes make(EVP_PKEY *key, const char *usage, uint8_t *room)
{
    X509 *c = X509_new();
    uint8_t *p = room;
    X509_set_version(c, 2);
    X509_gmtime_adj(X509_getm_notBefore(c), 0);
    X509_gmtime_adj(X509_getm_notAfter(c), 60);
    X509_set_pubkey(c, key);
    if (usage != NULL) {
        pki_extend(c, NID_key_usage, usage);
    }
    assert_true(X509_sign(c, key, EVP_sha256()) > 0);
    const int n = i2d_X509(c, &p);
    X509_free(c);
    return (struct bytes){room, (size_t)n};
}

static void a_key_is_encrypted_to_in_the_way_of_its_kind(void **state)
{
    (void)state;
    static const struct {
        const char *usage;
        bool p256, rsa;
    } all[] = {{"critical,keyAgreement", true, false},
               {"keyEncipherment", false, true},
               {"keyAgreement,keyEncipherment", true, true},
               {"digitalSignature,dataEncipherment,keyCertSign", false, false},
               {NULL, false, false}};
    static uint8_t der[4096];
    EVP_PKEY *ec = EVP_EC_gen("P-256"), *rsa = EVP_RSA_gen(2048);
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        struct bytes c = make(ec, all[i].usage, der);
        assert_int_equal(verify_usage_encrypts(c, VERIFY_KEY_P256), all[i].p256);
        assert_false(verify_usage_encrypts(c, VERIFY_KEY_P384));
        assert_false(verify_usage_encrypts(c, VERIFY_KEY_ED25519));
        c = make(rsa, all[i].usage, der);
        assert_int_equal(verify_usage_encrypts(c, VERIFY_KEY_RSA), all[i].rsa);
    }
    EVP_PKEY_free(ec);
    EVP_PKEY_free(rsa);
}

static void what_is_no_certificate_is_encrypted_to_by_nobody(void **state)
{
    (void)state;
    static uint8_t der[4096];
    EVP_PKEY *ec = EVP_EC_gen("P-256");
    const struct bytes c = make(ec, "keyAgreement", der);
    for (size_t n = 0; n < c.n; n++) {
        uint8_t *exact = malloc(n > 0 ? n : 1); /* nothing beyond it may be read */
        memcpy(exact, c.p, n);
        assert_false(verify_usage_encrypts((struct bytes){exact, n}, VERIFY_KEY_P256));
        free(exact);
    }
    EVP_PKEY_free(ec);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_is_encrypted_to_in_the_way_of_its_kind),
        cmocka_unit_test(what_is_no_certificate_is_encrypted_to_by_nobody)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
