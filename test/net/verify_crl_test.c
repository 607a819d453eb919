/* net/verify_crl.h: lists that openssl made, whole, broken off, and two in one. */
#include "net/pki.h"

#include "net/verify_crl.h"

static struct pki pki;

static int setup(void **state)
{
    (void)state;
    pki_open(&pki);
    pki_make(&pki, "ca", NULL, "ca", NULL);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    pki_close(&pki);
    return 0;
}

#define FROM  1800000000
#define UNTIL 1800086400

static const char *list(unsigned revoked, bool has_end)
{
    X509_CRL *crl = X509_CRL_new();
    X509 *ca = pki_cert(pki_path(&pki, "ca", ".crt"));
    EVP_PKEY *key = pki_key(pki_path(&pki, "ca", ".key"));
    ASN1_TIME *from = ASN1_TIME_set(NULL, FROM), *until = ASN1_TIME_set(NULL, UNTIL);
    X509_CRL_set_version(crl, 1);
    X509_CRL_set_issuer_name(crl, X509_get_subject_name(ca));
    X509_CRL_set1_lastUpdate(crl, from);
    if (has_end) {
        X509_CRL_set1_nextUpdate(crl, until);
    }
    for (unsigned i = 0; i < revoked; i++) {
        X509_REVOKED *r = X509_REVOKED_new();
        ASN1_INTEGER *serial = ASN1_INTEGER_new();
        ASN1_INTEGER_set(serial, (long)i + 1);
        X509_REVOKED_set_serialNumber(r, serial);
        X509_REVOKED_set_revocationDate(r, from);
        X509_CRL_add0_revoked(crl, r);
        ASN1_INTEGER_free(serial);
    }
    assert_true(X509_CRL_sign(crl, key, EVP_sha256()) > 0);
    const char *path = pki_path(&pki, "list", ".crl");
    FILE *f = fopen(path, "w");
    assert_int_equal(PEM_write_X509_CRL(f, crl), 1);
    fclose(f);
    ASN1_TIME_free(from);
    ASN1_TIME_free(until);
    X509_CRL_free(crl);
    X509_free(ca);
    EVP_PKEY_free(key);
    return path;
}

static void a_list_is_given_as_it_was_signed_with_its_times(void **state)
{
    (void)state;
    struct verify_crl crl;
    struct verify_why why;
    assert_ok(verify_crl_read(list(1000, true), &crl, &why));
    assert_int_equal(crl.issued, FROM);
    assert_int_equal(crl.until, UNTIL);
    const unsigned char *p = crl.der;
    X509_CRL *read = d2i_X509_CRL(NULL, &p, (long)crl.n);
    EVP_PKEY *key = pki_key(pki_path(&pki, "ca", ".key"));
    assert_non_null(read);
    assert_ptr_equal(p, crl.der + crl.n);
    assert_int_equal(X509_CRL_verify(read, key), 1);
    assert_int_equal(sk_X509_REVOKED_num(X509_CRL_get_REVOKED(read)), 1000);
    EVP_PKEY_free(key);
    X509_CRL_free(read);
    verify_crl_free(&crl);
    verify_crl_free(&crl);
    assert_ok(verify_crl_read(list(0, false), &crl, &why));
    assert_int_equal(crl.until, 0);
    verify_crl_free(&crl);
}

static void refused(const char *path, enum err wanted)
{
    struct verify_crl crl = {.n = 7};
    struct verify_why why = {.text = ""};
    assert_err(verify_crl_read(path, &crl, &why), wanted);
    assert_int_equal(crl.n, 7);
    assert_non_null(strstr(why.text, path));
}

/* Every beginning of a file, the file twice, and what is no list. */
static void anything_but_one_whole_list_is_refused(void **state)
{
    (void)state;
    char text[4096], path[64];
    snprintf(path, sizeof path, "%s", list(3, true));
    FILE *f = fopen(path, "r");
    size_t n = fread(text, 1, sizeof text, f);
    fclose(f);
    for (size_t i = 0; i + 2 < n; i += i < n - 30 ? 7 : 1) {
        f = fopen(path, "w");
        fwrite(text, 1, i, f);
        fclose(f);
        refused(path, E_BAD_VALUE);
    }
    f = fopen(path, "w");
    fwrite(text, 1, n, f);
    fwrite(text, 1, n, f);
    fclose(f);
    refused(path, E_BAD_VALUE);
    f = fopen(path, "w");
    fwrite(text, 1, n, f);
    fwrite(text, 1, n - 40, f); /* and half of another */
    fclose(f);
    refused(path, E_BAD_VALUE);
    refused(pki_path(&pki, "ca", ".crt"), E_BAD_VALUE);
    refused("/nowhere", E_IO);
    f = fopen(path, "w");
    fwrite(text, 1, n, f);
    fclose(f);
    assert_int_equal(truncate(path, (off_t)VERIFY_CRL_MOST + 1), 0);
    refused(path, E_BAD_VALUE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_list_is_given_as_it_was_signed_with_its_times),
        cmocka_unit_test(anything_but_one_whole_list_is_refused)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
