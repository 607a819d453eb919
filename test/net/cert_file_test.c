/* net/cert_file.h (src/net/cert_file.c): whom a certificate in a file names. */
#include "net/pki.h"

#include "net/cert_file.h"

#define HOST "rsmf.epc.mnc001.mcc001.3gppnetwork.org"

static struct pki pki;

static int setup(void **state)
{
    (void)state;
    pki_open(&pki);
    pki_make(&pki, "ca", NULL, "ca", NULL);
    pki_make(&pki, "one", "ca", "one", "DNS:" HOST);
    pki_make(&pki, "two", "ca", "two", "DNS:localhost,DNS:RSMF.epc.mnc001.mcc001.3gppnetwork.org");
    pki_make(&pki, "other", "ca", "other", "DNS:rsmf.epc.mnc002.mcc001.3gppnetwork.org");
    pki_make(&pki, "wide", "ca", "wide", "DNS:*.epc.mnc001.mcc001.3gppnetwork.org");
    pki_make(&pki, "below", "ca", "below", "DNS:a." HOST);
    pki_make(&pki, "cn", "ca", HOST, NULL);
    pki_make(&pki, "mail", "ca", HOST, "email:" HOST "@example.org");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    pki_close(&pki);
    return 0;
}

static bool names(const char *name, const char *host)
{
    bool found = false;
    assert_ok(cert_file_names(pki_path(&pki, name, ".crt"), host, &found));
    return found;
}

static void only_its_dns_names_count_and_each_as_it_stands(void **state)
{
    (void)state;
    assert_true(names("one", HOST));
    assert_true(names("two", HOST));
    assert_true(names("two", "localhost"));
    assert_false(names("other", HOST));
    assert_false(names("wide", HOST));
    assert_false(names("below", HOST));
    assert_false(names("one", "a." HOST));
    assert_false(names("cn", HOST));
    assert_false(names("mail", HOST));
}

static void the_first_certificate_of_a_file_counts(void **state)
{
    (void)state;
    FILE *f = fopen(pki_path(&pki, "chain", ".crt"), "w");
    X509 *first = pki_cert(pki_path(&pki, "other", ".crt"));
    X509 *next = pki_cert(pki_path(&pki, "one", ".crt"));
    assert_non_null(f);
    assert_int_equal(PEM_write_X509(f, first), 1);
    assert_int_equal(PEM_write_X509(f, next), 1);
    fclose(f);
    X509_free(first);
    X509_free(next);
    assert_false(names("chain", HOST));
    assert_true(names("chain", "rsmf.epc.mnc002.mcc001.3gppnetwork.org"));
}

static void a_file_without_one_is_told(void **state)
{
    (void)state;
    bool found = true;
    assert_err(cert_file_names("/nowhere/a.crt", HOST, &found), E_IO);
    assert_err(cert_file_names(pki_path(&pki, "one", ".key"), HOST, &found), E_BAD_VALUE);
    assert_true(found); /* as it was */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_its_dns_names_count_and_each_as_it_stands),
        cmocka_unit_test(the_first_certificate_of_a_file_counts),
        cmocka_unit_test(a_file_without_one_is_told)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
