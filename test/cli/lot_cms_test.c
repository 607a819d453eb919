/* cli/lot_cms.h, and the helpers of cli/lot.h; the openssl command reads the same files in
 * test/live/lot_keys.sh. */
#include "cli/lot_cms.h"

#include "cli/lot.h"
#include "cli/said.h"
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

#define SECRET "P and Q stand here, and nowhere else"

static const char *const algorithms[] = {"ec-p384", "ec-p256", "rsa-3072"};
static char folder[64];
static char keys[3][160], certificates[3][160];

static void put(const char *name, const struct lot_cms_text *t, mode_t mode, char path[static 160])
{
    snprintf(path, 160, "%.80s/%.60s", folder, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(t->p, 1, t->n, f), t->n);
    fclose(f);
    assert_int_equal(chmod(path, mode), 0);
}

static int begin(void **state)
{
    (void)state;
    folder_make(folder);
    for (size_t i = 0; i < 3; i++) {
        struct lot_cms_text key, certificate;
        struct lot_cms_why why;
        char name[32];
        assert_ok(lot_cms_recipient(algorithms[i], "operator", &key, &certificate, &why));
        snprintf(name, sizeof name, "%zu.key", i);
        put(name, &key, 0600, keys[i]);
        snprintf(name, sizeof name, "%zu.pem", i);
        put(name, &certificate, 0644, certificates[i]);
        lot_cms_free(&key);
        lot_cms_free(&certificate);
    }
    return 0;
}

static int end(void **state)
{
    (void)state;
    folder_remove(folder);
    return 0;
}

static struct lot_cms_text seal(size_t from, size_t n)
{
    const char *const to[] = {certificates[0], certificates[1], certificates[2]};
    struct lot_cms_text t;
    struct lot_cms_why why = {""};
    if (lot_cms_seal(to + from, n, BYTES_LIT(SECRET), &t, &why) != E_OK) {
        fail_msg("%s", why.text);
    }
    return t;
}

static enum err opens(struct bytes pem, size_t who, struct lot_cms_why *why)
{
    uint8_t out[64];
    size_t n = 0;
    enum err e = lot_cms_open("a.cms", pem, keys[who], certificates[who], MBYTES_OF(out), &n, why);
    if (e == E_OK) {
        assert_true(bytes_eq((struct bytes){out, n}, BYTES_LIT(SECRET)));
    }
    return e;
}

static struct bytes octets(const struct lot_cms_text *t)
{
    return (struct bytes){(const uint8_t *)t->p, t->n};
}

static void each_recipient_reads_it(void **state)
{
    struct lot_cms_why why;
    struct lot_cms_text t = seal(0, 3);
    (void)state;
    assert_int_equal(strncmp(t.p, "-----BEGIN CMS-----\n", 20), 0);
    for (size_t i = 0; i < 3; i++) {
        assert_ok(opens(octets(&t), i, &why));
    }
    lot_cms_free(&t);
}

/*= test kme-lots-travel */
static void nobody_else_reads_it(void **state)
{
    struct lot_cms_why why;
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct lot_cms_text t = seal(i, 1);
        for (size_t k = 0; k < 3; k++) {
            enum err e = opens(octets(&t), k, &why);
            assert_err(e, i == k ? E_OK : E_WRONG_KEY);
        }
        lot_cms_free(&t);
    }
}

/* A few numbers of the frame mean nothing, so it may open; what comes then is what was put in. */
static void what_was_altered_never_opens_as_something_else(void **state)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    struct lot_cms_why why;
    unsigned bad_mac = 0, opened = 0;
    (void)state;
    struct lot_cms_text t = seal(0, 1);
    for (size_t i = 20; i + 20 < t.n; i++) {
        const char *at = strchr(digits, t.p[i]);
        if (at == NULL || *at == '\0') {
            continue;
        }
        const char before = t.p[i];
        t.p[i] = digits[(size_t)(at - digits) ^ 16];
        enum err e = opens(octets(&t), 0, &why);
        bad_mac += e == E_BAD_MAC;
        opened += e == E_OK;
        t.p[i] = before;
    }
    assert_true(bad_mac > 200 && opened < 20);
    assert_ok(opens(octets(&t), 0, &why));
    lot_cms_free(&t);
}

static void no_prefix_of_it_opens(void **state)
{
    struct lot_cms_why why;
    struct lot_cms_text t = seal(0, 1);
    (void)state;
    for (size_t n = 0; n + 26 < t.n; n++) { /* the last line is decoration */
        uint8_t *exact = exact_copy((struct bytes){(const uint8_t *)t.p, n});
        assert_int_not_equal(opens((struct bytes){exact, n}, 0, &why), E_OK);
        free(exact);
    }
    lot_cms_free(&t);
}

static void a_key_that_others_may_read_is_not_used(void **state)
{
    struct lot_cms_why why;
    struct lot_cms_text t = seal(0, 1);
    (void)state;
    assert_int_equal(chmod(keys[0], 0640), 0);
    assert_err(opens(octets(&t), 0, &why), E_DENIED);
    assert_non_null(strstr(why.text, "chmod 600"));
    assert_int_equal(chmod(keys[0], 0600), 0);
    lot_cms_free(&t);
}

static void files_that_are_not_what_they_should_be_are_named(void **state)
{
    struct lot_cms_why why;
    uint8_t out[64];
    size_t n;
    struct lot_cms_text t = seal(0, 1);
    const char *nowhere[] = {"/nowhere.pem"}, *key[] = {keys[0]};
    (void)state;
    assert_err(
        lot_cms_open("a.cms", octets(&t), keys[1], certificates[0], MBYTES_OF(out), &n, &why),
        E_BAD_VALUE);
    assert_non_null(strstr(why.text, "not the key of the certificate"));
    assert_err(
        lot_cms_open("a.cms", octets(&t), "/nowhere", certificates[0], MBYTES_OF(out), &n, &why),
        E_IO);
    assert_err(lot_cms_open("a.cms", BYTES_LIT("hello"), keys[0], certificates[0], MBYTES_OF(out),
                            &n, &why),
               E_BAD_VALUE);
    assert_err(lot_cms_open("a.cms", octets(&t), keys[0], certificates[0], (struct mbytes){out, 8},
                            &n, &why),
               E_NO_ROOM);
    lot_cms_free(&t);
    assert_err(lot_cms_seal(nowhere, 1, BYTES_LIT(SECRET), &t, &why), E_IO);
    assert_err(lot_cms_seal(key, 1, BYTES_LIT(SECRET), &t, &why), E_BAD_VALUE);
    assert_err(lot_cms_seal(key, 0, BYTES_LIT(SECRET), &t, &why), E_BAD_LENGTH);
    assert_null(t.p);
}

/* A certificate of a key that signs, or that is over. */
static void write_certificate(const char *usage, long until, EVP_PKEY *key, char path[static 160])
{
    X509 *x = X509_new();
    X509V3_CTX ctx;
    assert_non_null(x);
    X509_set_version(x, X509_VERSION_3);
    X509_gmtime_adj(X509_getm_notBefore(x), -7200);
    X509_gmtime_adj(X509_getm_notAfter(x), until);
    X509_set_pubkey(x, key);
    X509V3_set_ctx(&ctx, x, x, NULL, NULL, 0);
    X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, &ctx, NID_key_usage, usage);
    X509_add_ext(x, e, -1);
    X509_EXTENSION_free(e);
    const bool curve25519 = EVP_PKEY_is_a(key, "ED25519") == 1;
    assert_true(X509_sign(x, key, curve25519 ? NULL : EVP_sha256()) > 0);
    snprintf(path, 160, "%.80s/other.pem", folder);
    BIO *out = BIO_new_file(path, "w");
    PEM_write_bio_X509(out, x);
    BIO_free(out);
    X509_free(x);
    EVP_PKEY_free(key);
}

static void a_certificate_for_something_else_gets_nothing(void **state)
{
    struct lot_cms_why why;
    struct lot_cms_text t;
    char path[160];
    const char *const to[] = {certificates[0], path};
    (void)state;
    write_certificate("digitalSignature", 3600, EVP_EC_gen("P-256"), path);
    assert_err(lot_cms_seal(to, 2, BYTES_LIT(SECRET), &t, &why), E_DENIED);
    assert_non_null(strstr(why.text, "keyAgreement"));
    assert_non_null(strstr(why.text, "other.pem"));
    write_certificate("digitalSignature", 3600, EVP_RSA_gen(2048), path);
    assert_err(lot_cms_seal(to, 2, BYTES_LIT(SECRET), &t, &why), E_DENIED);
    write_certificate("keyAgreement", -3600, EVP_EC_gen("P-256"), path);
    assert_err(lot_cms_seal(to, 2, BYTES_LIT(SECRET), &t, &why), E_DENIED);
    assert_non_null(strstr(why.text, "expired"));
    write_certificate("keyAgreement", 3600, EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"), path);
    assert_err(lot_cms_seal(to, 2, BYTES_LIT(SECRET), &t, &why), E_UNSUPPORTED);
    write_certificate("keyEncipherment", 3600, EVP_RSA_gen(1024), path);
    assert_err(lot_cms_seal(to, 2, BYTES_LIT(SECRET), &t, &why), E_UNSUPPORTED);
    write_certificate("keyAgreement", 3600, EVP_EC_gen("P-521"), path);
    assert_ok(lot_cms_seal(to, 2, BYTES_LIT(SECRET), &t, &why));
    lot_cms_free(&t);
    assert_err(lot_cms_recipient("dsa", "x", &t, &t, &why), E_UNSUPPORTED);
}

/* ---- cli/lot.h ---- */

static void an_id_stands_in_a_path_and_a_file_name(void **state)
{
    struct said s;
    (void)state;
    assert_true(lot_id_check("2026-07_a.b"));
    said_begin(&s);
    assert_false(lot_id_check(""));
    assert_false(lot_id_check("."));
    assert_false(lot_id_check(".."));
    assert_false(lot_id_check("a/b"));
    assert_false(lot_id_check("a b"));
    assert_false(lot_id_check("012345678901234567890123456789012"));
    said_end(&s);
}

static void a_file_that_is_there_is_told(void **state)
{
    struct said s;
    (void)state;
    assert_true(lot_is_new(folder, "9.key"));
    said_begin(&s);
    assert_false(lot_is_new(folder, "0.key"));
    said_end(&s);
    said_holds(&s, "it is there already");
}

static void what_people_compare_is_said(void **state)
{
    struct said s;
    struct imei_range range = {35693803000000, 35693803999999};
    const struct lot_file file = {
        .lot = {.id = {.n = 1, .text = "a"}, .manufacturer = "m", .modulus_n = 384},
        .n = 1,
        .ranges = &range};
    (void)state;
    said_begin(&s);
    lot_say(&file, "0123");
    said_end(&s);
    assert_string_equal(s.text, "lot                a\n"
                                "manufacturer       m\n"
                                "IMEIs              35693803\n"
                                "N                  3072 bits, exponent 65537\n"
                                "SHA-256 of N       0123\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_recipient_reads_it),
        cmocka_unit_test(nobody_else_reads_it),
        cmocka_unit_test(what_was_altered_never_opens_as_something_else),
        cmocka_unit_test(no_prefix_of_it_opens),
        cmocka_unit_test(a_key_that_others_may_read_is_not_used),
        cmocka_unit_test(files_that_are_not_what_they_should_be_are_named),
        cmocka_unit_test(a_certificate_for_something_else_gets_nothing),
        cmocka_unit_test(an_id_stands_in_a_path_and_a_file_name),
        cmocka_unit_test(a_file_that_is_there_is_told),
        cmocka_unit_test(what_people_compare_is_said),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
