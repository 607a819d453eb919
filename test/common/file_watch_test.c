/* What a look at a file finds. Covers src/nf/common/file_watch.c and
 * src/net/cert_ends.c. */
#include "nf/common/file_watch.h"

#include "lib/check.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static char dir[64];

static int up(void **state)
{
    (void)state;
    strcpy(dir, "/tmp/bindery-watch-XXXXXX");
    return mkdtemp(dir) != NULL ? 0 : -1;
}

static int down(void **state)
{
    (void)state;
    char command[96];
    snprintf(command, sizeof command, "rm -rf %s", dir);
    return system(command);
}

static void path_of(char out[static 128], const char *name)
{
    snprintf(out, 128, "%s/%s", dir, name);
}

/* A certificate that ends `days` from now, and after it a list that should be replaced then;
 * appended. */
static void write_pem(const char *name, long days, bool certificate, bool list)
{
    char path[128];
    path_of(path, name);
    FILE *f = fopen(path, "a");
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *x = X509_new();
    X509_CRL *crl = X509_CRL_new();
    ASN1_TIME *now = ASN1_TIME_set(NULL, time(NULL)),
              *end = ASN1_TIME_adj(NULL, time(NULL), (int)days, 0);
    assert_true(f != NULL && key != NULL && x != NULL && crl != NULL);
    X509_set_version(x, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
    X509_set1_notBefore(x, now);
    X509_set1_notAfter(x, end);
    X509_set_pubkey(x, key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC,
                               (const unsigned char *)"x", -1, -1, 0);
    X509_set_issuer_name(x, X509_get_subject_name(x));
    assert_true(X509_sign(x, key, EVP_sha256()) > 0);
    X509_CRL_set_version(crl, 1);
    X509_CRL_set_issuer_name(crl, X509_get_subject_name(x));
    X509_CRL_set1_lastUpdate(crl, now);
    X509_CRL_set1_nextUpdate(crl, end);
    assert_true(X509_CRL_sign(crl, key, EVP_sha256()) > 0);
    assert_true(!certificate || PEM_write_X509(f, x) == 1);
    assert_true(!list || PEM_write_X509_CRL(f, crl) == 1);
    ASN1_TIME_free(now);
    ASN1_TIME_free(end);
    X509_CRL_free(crl);
    X509_free(x);
    EVP_PKEY_free(key);
    fclose(f);
}

static long days_left(int64_t until)
{
    return (long)((until - (int64_t)time(NULL) + 43200) / 86400);
}

static void look(struct file_watch_seen *s, enum file_watch_kind kind, const char *name)
{
    char path[128];
    path_of(path, name);
    *s = (struct file_watch_seen){.kind = kind};
    snprintf(s->path, sizeof s->path, "%s", path);
    file_watch_look(s);
}

static void what_ends_first_counts(void **state)
{
    (void)state;
    struct file_watch_seen s;
    write_pem("chain.pem", 30, true, true);
    write_pem("chain.pem", 10, true, false);
    write_pem("chain.pem", 90, true, true);
    look(&s, FILE_WATCH_CERTIFICATES, "chain.pem");
    assert_true(s.looked && s.readable);
    assert_int_equal(days_left(s.certificate_until), 10);
    assert_int_equal(days_left(s.list_until), 30);
    write_pem("old.pem", -5, true, false);
    look(&s, FILE_WATCH_CERTIFICATES, "old.pem");
    assert_int_equal(days_left(s.certificate_until), -4); /* rounded towards now */
    assert_true(s.list_until == 0);
}

static void a_file_that_is_none_is_said_to_be_none(void **state)
{
    (void)state;
    struct file_watch_seen s;
    look(&s, FILE_WATCH_CERTIFICATES, "nowhere.pem");
    assert_true(s.looked && !s.readable && s.certificate_until == 0);
    look(&s, FILE_WATCH_CERTIFICATES, ".");
    assert_false(s.readable);
    char path[128];
    path_of(path, "words.pem");
    FILE *f = fopen(path, "w");
    fputs("no certificate\n-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", f);
    fclose(f);
    look(&s, FILE_WATCH_CERTIFICATES, "words.pem");
    assert_true(s.readable && s.certificate_until == 0 && s.list_until == 0);
}

static void a_store_has_a_size_and_a_disk(void **state)
{
    (void)state;
    struct file_watch_seen s;
    char path[128];
    path_of(path, "s.db");
    FILE *f = fopen(path, "w");
    fputs("12345", f);
    fclose(f);
    look(&s, FILE_WATCH_STORE, "s.db");
    assert_true(s.readable && s.bytes == 5 && s.wal_bytes == 0);
    assert_true(s.disk_size > 0 && s.disk_free <= s.disk_size);
    path_of(path, "s.db-wal");
    f = fopen(path, "w");
    fputs("123", f);
    fclose(f);
    look(&s, FILE_WATCH_STORE, "s.db");
    assert_int_equal(s.wal_bytes, 3);
    look(&s, FILE_WATCH_STORE, "nowhere.db");
    assert_true(!s.readable && s.bytes == 0);
}

static _Atomic unsigned times;
static void also(void *ctx)
{
    (*(_Atomic unsigned *)ctx)++;
}

static void the_thread_looks_at_what_it_is_given(void **state)
{
    (void)state;
    struct file_watch *w = NULL;
    struct file_watch_seen seen[4];
    char chain[128], none[128];
    write_pem("watched.pem", 20, true, false);
    path_of(chain, "watched.pem");
    path_of(none, "nowhere");
    const struct file_watch_item items[] = {{FILE_WATCH_CERTIFICATES, "a.certificate", chain},
                                            {FILE_WATCH_CERTIFICATES, "a.certificate", chain},
                                            {FILE_WATCH_CERTIFICATES, "b", NULL},
                                            {FILE_WATCH_CERTIFICATES, "c", none}};
    assert_ok(file_watch_open(also, &times, &w));
    assert_ok(file_watch_set(w, items, 4));
    assert_true(file_watch_wait(w, 60000));
    assert_int_equal(file_watch_see(w, seen, 4), 2);
    assert_string_equal(seen[0].use, "a.certificate");
    assert_true(seen[0].looked && seen[0].readable);
    assert_int_equal(days_left(seen[0].certificate_until), 20);
    assert_true(seen[1].looked && !seen[1].readable);
    assert_true(times >= 1);
    /* another one in its place: seen when it is looked at again */
    assert_int_equal(unlink(chain), 0);
    write_pem("watched.pem", 300, true, false);
    file_watch_kick(w);
    assert_true(file_watch_wait(w, 60000));
    assert_int_equal(file_watch_see(w, seen, 4), 2);
    assert_int_equal(days_left(seen[0].certificate_until), 300);
    assert_ok(file_watch_set(w, NULL, 0));
    assert_int_equal(file_watch_see(w, seen, 4), 0);
    assert_int_equal(file_watch_left_out(w), 0);
    file_watch_close(w);
    file_watch_close(NULL);
}

static void more_files_than_it_takes_are_counted(void **state)
{
    (void)state;
    struct file_watch *w = NULL;
    static struct file_watch_item items[FILE_WATCH_MAX + 3];
    static char names[FILE_WATCH_MAX + 3][16];
    for (size_t i = 0; i < FILE_WATCH_MAX + 3; i++) {
        snprintf(names[i], sizeof names[i], "/nowhere/%zu", i);
        items[i] = (struct file_watch_item){FILE_WATCH_CERTIFICATES, names[i], names[i]};
    }
    assert_ok(file_watch_open(NULL, NULL, &w));
    assert_ok(file_watch_set(w, items, FILE_WATCH_MAX + 3));
    assert_int_equal(file_watch_left_out(w), 3);
    file_watch_close(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_ends_first_counts),
        cmocka_unit_test(a_file_that_is_none_is_said_to_be_none),
        cmocka_unit_test(a_store_has_a_size_and_a_disk),
        cmocka_unit_test(the_thread_looks_at_what_it_is_given),
        cmocka_unit_test(more_files_than_it_takes_are_counted),
    };
    return cmocka_run_group_tests(tests, up, down);
}
