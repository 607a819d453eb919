/* nf/repod/site.h: lists that change, break and vanish under the site. Its paths,
 * src/nf/repod/api_site.c, are test/repod/serve_test.c's and test/live/site.sh's. */
#include "net/pki.h"

#include "nf/repod/site.h"

#include <sys/time.h>

static struct pki pki;
static char path[64];

static int setup(void **state)
{
    (void)state;
    pki_open(&pki);
    pki_make(&pki, "ca", NULL, "ca", NULL);
    snprintf(path, sizeof path, "%s", pki_path(&pki, "ca", ".crl"));
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    pki_close(&pki);
    return 0;
}

/* A list of its own time, in a file of another time than the one before. */
static void put_list(long at, bool whole)
{
    static long changed = 1000;
    X509_CRL *crl = X509_CRL_new();
    X509 *ca = pki_cert(pki_path(&pki, "ca", ".crt"));
    EVP_PKEY *key = pki_key(pki_path(&pki, "ca", ".key"));
    ASN1_TIME *t = ASN1_TIME_set(NULL, at);
    X509_CRL_set_version(crl, 1);
    X509_CRL_set_issuer_name(crl, X509_get_subject_name(ca));
    X509_CRL_set1_lastUpdate(crl, t);
    X509_CRL_set1_nextUpdate(crl, t);
    assert_true(X509_CRL_sign(crl, key, EVP_sha256()) > 0);
    FILE *f = fopen(path, "w");
    assert_int_equal(PEM_write_X509_CRL(f, crl), 1);
    fclose(f);
    if (!whole) {
        assert_int_equal(truncate(path, 100), 0);
    }
    const struct timeval times[2] = {{changed, 0}, {changed, 0}};
    changed++;
    assert_int_equal(utimes(path, times), 0);
    ASN1_TIME_free(t);
    X509_CRL_free(crl);
    X509_free(ca);
    EVP_PKEY_free(key);
}

static void a_list_is_as_its_file_was_when_it_could_be_read(void **state)
{
    (void)state;
    struct site *s = NULL;
    struct verify_why why;
    char *files[] = {path};
    const struct repod_site config = {.on = true, .crl = files, .n_crl = 1, .cache_seconds = 7};
    assert_err(site_open(&config, &s, &why), E_IO);
    put_list(1000000000, false);
    assert_err(site_open(&config, &s, &why), E_BAD_VALUE);
    assert_non_null(strstr(why.text, path));
    put_list(1000000000, true);
    assert_ok(site_open(&config, &s, &why));
    assert_null(site_list(s, BYTES_LIT("ca"), NULL));
    assert_null(site_list(s, BYTES_LIT(""), NULL));
    assert_null(site_list(s, bytes_of_str(path), NULL));
    assert_int_equal(site_list(s, BYTES_LIT("ca.crl"), NULL)->issued, 1000000000);
    const int file = site_list(s, BYTES_LIT("ca.crl"), NULL)->file;
    const int held = dup(file);
    struct stat before, after;
    assert_int_equal(fstat(held, &before), 0);
    assert_int_equal(site_list(s, BYTES_LIT("ca.crl"), NULL)->file, file); /* is not read again */
    put_list(1000000001, true);
    assert_int_equal(site_list(s, BYTES_LIT("ca.crl"), NULL)->issued, 1000000001);
    assert_int_equal(fstat(site_list(s, BYTES_LIT("ca.crl"), NULL)->file, &after), 0);
    assert_int_not_equal(before.st_ino, after.st_ino); /* who reads the one before reads on */
    assert_int_equal(fstat(held, &after), 0);
    assert_int_equal(before.st_size, after.st_size);
    close(held);
    put_list(1000000002, false);
    assert_int_equal(site_list(s, BYTES_LIT("ca.crl"), NULL)->issued, 1000000001);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(site_list(s, BYTES_LIT("ca.crl"), NULL)->issued, 1000000001);
    put_list(1000000003, true);
    assert_int_equal(site_list(s, BYTES_LIT("ca.crl"), NULL)->issued, 1000000003);
    assert_string_equal(s->kept, "private, max-age=7");
    assert_string_equal(s->kept_by_all, "private, max-age=7");
    site_close(s);
    site_close(NULL);
}

static void only_an_open_site_is_for_everybody(void **state)
{
    (void)state;
    struct site *s = NULL;
    struct verify_why why;
    const struct repod_site config = {.on = true, .open = true, .cache_seconds = 86400};
    assert_ok(site_open(&config, &s, &why));
    assert_string_equal(s->kept, "private, max-age=86400");
    assert_string_equal(s->kept_by_all, "public, max-age=86400");
    site_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_list_is_as_its_file_was_when_it_could_be_read),
        cmocka_unit_test(only_an_open_site_is_for_everybody)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
