#include "device_linux/se_factory.h"

static struct factory factory;

static int open_all(void **state)
{
    (void)state;
    factory_open(&factory);
    return 0;
}

static int close_all(void **state)
{
    (void)state;
    factory_close(&factory);
    return 0;
}

static struct device_state begun(struct factory_der *se)
{
    struct device_state s;
    uint8_t spki[SIGNER_PUBLIC_MAX];
    size_t n = 0;
    memset(&s, 0, sizeof s);
    assert_ok(imei_parse(BYTES_LIT("35693803564380"), &s.imei));
    assert_ok(se_maker_key(&s, spki, &n));
    factory_se(&factory, spki, n, se);
    return s;
}

/*= test dimsi-0c-keys */
static void a_secure_element_makes_its_key_and_takes_its_certificates(void **state)
{
    struct factory_der se;
    struct device_why why;
    struct device_state s = begun(&se);
    const struct bytes chain[] = {factory_bytes(&se), factory_bytes(&factory.pn)};
    const struct bytes ci[] = {factory_bytes(&factory.ci)};
    uint8_t signature[DIMSI_SIGNATURE_LEN];
    (void)state;
    assert_ok(se_maker_certify(&s, chain, 2, ci, 1, &why));
    assert_int_equal(s.se.chain.count, 2);
    assert_int_equal(s.se.ci.count, 1);
    assert_true(bytes_eq(device_certificate(&s.se.chain, 0), chain[0]));
    assert_true(bytes_eq(device_certificate(&s.se.chain, 1), chain[1]));
    assert_null(device_certificate(&s.se.chain, 2).p);
    assert_ok(soft_se_sign(&s.se, BYTES_LIT("what is signed"), signature));
}

static void each_secure_element_has_a_key_of_its_own(void **state)
{
    struct factory_der se;
    const struct device_state a = begun(&se), b = begun(&se);
    (void)state;
    assert_int_equal(a.se.key.n, b.se.key.n);
    assert_memory_not_equal(a.se.key.der, b.se.key.der, a.se.key.n);
}

static void a_new_one_takes_the_place_of_the_old_one_and_of_nothing_else(void **state)
{
    struct device_state s = factory_device(&factory, "35693803564380");
    const struct imei imei = s.imei;
    uint8_t spki[SIGNER_PUBLIC_MAX];
    size_t n = 0;
    (void)state;
    s.identity.n = 7;
    assert_ok(se_maker_key(&s, spki, &n));
    assert_int_equal(s.se.chain.count, 0);
    assert_int_equal(s.identity.n, 7);
    assert_memory_equal(&s.imei, &imei, sizeof imei);
}

/*= test dimsi-0c-keys */
static void certificates_that_are_not_its_own_leave_it_as_it_was(void **state)
{
    struct factory_der se, other_se, other_ci;
    struct device_why why;
    struct device_state s = begun(&se), before;
    EVP_PKEY *key = EVP_EC_gen("P-256");
    const struct factory_wish wish = {
        .cn = "another", .issuer = "another", .usage = "critical,keyCertSign", .ca = true};
    (void)state;
    (void)begun(&other_se);
    factory_certify(key, key, &wish, &other_ci);
    const struct bytes good[] = {factory_bytes(&se), factory_bytes(&factory.pn)};
    const struct bytes foreign[] = {factory_bytes(&other_se), factory_bytes(&factory.pn)};
    const struct bytes ci[] = {factory_bytes(&factory.ci)};
    const struct bytes not_ci[] = {factory_bytes(&other_ci)};
    const struct bytes many[] = {ci[0], ci[0], ci[0], ci[0], ci[0]};
    before = s;
    assert_err(se_maker_certify(&s, foreign, 2, ci, 1, &why), E_BAD_VALUE);
    assert_non_null(strstr(why.text, "not for the secure element's key"));
    assert_err(se_maker_certify(&s, good, 0, ci, 1, &why), E_BAD_VALUE);
    assert_err(se_maker_certify(&s, good, 1, ci, 1, &why), E_BAD_VALUE); /* no CERT.PN */
    assert_err(se_maker_certify(&s, good, 2, not_ci, 1, &why), E_BAD_VALUE);
    assert_err(se_maker_certify(&s, good, 2, ci, 0, &why), E_BAD_VALUE);
    assert_err(se_maker_certify(&s, good, 2, good, 1, &why), E_BAD_VALUE); /* no root */
    assert_err(se_maker_certify(&s, good, 2, many, 5, &why), E_NO_ROOM);
    assert_memory_equal(&s, &before, sizeof s);
    wipe(&s.se, sizeof s.se);
    assert_err(se_maker_certify(&s, good, 2, ci, 1, &why), E_BAD_STATE);
    EVP_PKEY_free(key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_secure_element_makes_its_key_and_takes_its_certificates),
        cmocka_unit_test(each_secure_element_has_a_key_of_its_own),
        cmocka_unit_test(a_new_one_takes_the_place_of_the_old_one_and_of_nothing_else),
        cmocka_unit_test(certificates_that_are_not_its_own_leave_it_as_it_was),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
