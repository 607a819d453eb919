/* net/onboard_signer.h: which certificates an operator can sign with, and what it shows of them. */
#include "nf/devid_pki.h"

#include "net/onboard_signer.h"
#include "net/verify_key.h"

#define ROLE  VERIFY_OID_ROLES ".7"
#define NAMES "DNS:epc.mnc001.mcc001.3gppnetwork.org,DNS:epc.mnc002.mcc001.3gppnetwork.org"

static struct pki files;
static struct cert root, sub;

static int setup(void **state)
{
    (void)state;
    pki_open(&files);
    cert_make(&root, &(struct cert_wish){.cn = "provisioning root", .ca = true});
    cert_make(&sub, &(struct cert_wish){
                        .cn = "operators", .ca = true, .by = &root, .from = -DAY, .to = 10 * DAY});
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    cert_drop(&root);
    cert_drop(&sub);
    pki_close(&files);
    return 0;
}

static void append(const char *path, const struct cert *c)
{
    FILE *f = fopen(path, "a");
    assert_int_equal(PEM_write_X509(f, c->x), 1);
    fclose(f);
}

/* The files of an operator: its certificate, then others. */
static enum err open_with(const struct cert *leaf, const struct cert *const *more, size_t n,
                          struct onboard_signer **out, struct verify_why *why)
{
    char path[64], key[64];
    snprintf(path, sizeof path, "%s", cert_save(&files, "operator", leaf));
    snprintf(key, sizeof key, "%s", pki_path(&files, "operator", ".key"));
    for (size_t i = 0; i < n; i++) {
        append(path, more[i]);
    }
    return onboard_signer_open(path, key, out, why);
}

static struct cert_wish usual(void)
{
    return (struct cert_wish){
        .cn = "operator", .by = &root, .role = ROLE, .names = NAMES, .from = -HOUR, .to = 5 * DAY};
}

static void make(struct cert *c, struct cert_wish wish)
{
    cert_make(c, &wish);
}

/*= test certattach-operator */
static void an_operator_signs_and_shows_its_chain_and_networks(void **state)
{
    (void)state;
    struct cert leaf;
    struct onboard_signer *s = NULL;
    struct verify_why why;
    uint8_t signature[SIGNATURE_LEN], spki[VERIFY_SPKI_MAX];
    size_t n;
    enum verify_key_kind kind = VERIFY_KEY_RSA;
    struct cert_wish wish = usual();
    const struct cert *const more[] = {&sub};
    wish.by = &sub;
    make(&leaf, wish);
    assert_ok(open_with(&leaf, more, 1, &s, &why));
    const struct bytes chain = onboard_signer_chain(s);
    assert_int_equal(chain.n, leaf.der.n + sub.der.n);
    assert_memory_equal(chain.p, leaf.octets, leaf.der.n);
    assert_memory_equal(chain.p + leaf.der.n, sub.octets, sub.der.n);
    assert_true(onboard_signer_lists(s, "epc.mnc001.mcc001.3gppnetwork.org"));
    assert_true(onboard_signer_lists(s, "EPC.mnc002.MCC001.3gppnetwork.org"));
    assert_false(onboard_signer_lists(s, "epc.mnc003.mcc001.3gppnetwork.org"));
    assert_false(onboard_signer_lists(s, "epc.mnc001.mcc001.3gppnetwork.or"));
    assert_false(onboard_signer_lists(s, "epc.mnc001.mcc001.3gppnetwork.orgs"));
    assert_false(onboard_signer_lists(s, ""));
    assert_true(onboard_signer_until(s) == cert_end(&leaf));
    assert_true(onboard_signer_since(s) <= (int64_t)time(NULL) - HOUR);
    assert_true(onboard_signer_since(s) > (int64_t)time(NULL) - 2 * HOUR);
    assert_ok(onboard_signer_sign(s, BYTES_LIT("content"), signature));
    assert_ok(verify_key_of_certificate(leaf.der, spki, &n, &kind));
    assert_ok(signature_verify((struct bytes){spki, n}, BYTES_LIT("content"), signature));
    assert_err(signature_verify((struct bytes){spki, n}, BYTES_LIT("contents"), signature),
               E_BAD_MAC);
    onboard_signer_close(s);
    cert_drop(&leaf);
}

static void the_shortest_time_of_a_chain_is_the_chains(void **state)
{
    (void)state;
    struct cert leaf;
    struct onboard_signer *s = NULL;
    struct verify_why why;
    struct cert_wish wish = usual();
    const struct cert *const more[] = {&sub};
    wish.by = &sub;
    wish.from = -30 * DAY;
    wish.to = 300 * DAY;
    make(&leaf, wish);
    assert_ok(open_with(&leaf, more, 1, &s, &why));
    assert_true(onboard_signer_until(s) == cert_end(&sub));
    assert_true(onboard_signer_since(s) > (int64_t)time(NULL) - 2 * DAY);
    onboard_signer_close(s);
    cert_drop(&leaf);
}

/* ---- what no device would accept ---- */

static void refused(struct cert_wish wish, const struct cert *const *more, size_t n,
                    const char *says)
{
    struct cert leaf;
    struct onboard_signer *s = NULL;
    struct verify_why why;
    make(&leaf, wish);
    assert_err(open_with(&leaf, more, n, &s, &why), E_BAD_VALUE);
    assert_non_null(strstr(why.text, says));
    assert_null(s);
    cert_drop(&leaf);
}

static void a_certificate_that_no_device_would_accept_is_refused_with_the_reason(void **state)
{
    (void)state;
    const struct cert *const with_root[] = {&root};
    const struct cert *const twice[] = {&sub, &root};
    struct cert_wish wish = usual();
    wish.role = NULL;
    refused(wish, NULL, 0, "role");
    wish.role = VERIFY_OID_ROLES ".4";
    refused(wish, NULL, 0, "role");
    wish = usual();
    wish.usage = "";
    refused(wish, NULL, 0, "key usage");
    wish.usage = "keyAgreement";
    refused(wish, NULL, 0, "key usage");
    wish = usual();
    wish.ca = true;
    wish.usage = "digitalSignature,keyCertSign";
    refused(wish, NULL, 0, "CA");
    wish = usual();
    wish.names = NULL;
    refused(wish, NULL, 0, "network");
    wish.names = "IP:127.0.0.1";
    refused(wish, NULL, 0, "network");
    wish = usual();
    refused(wish, with_root, 1, "root");
    wish.by = &sub;
    refused(wish, twice, 2, "root");
    wish.by = &root;
    refused(wish, twice, 1, "issued");
    wish = usual();
    wish.by = NULL;
    refused(wish, NULL, 0, "root");
    wish = usual();
    wish.comment = 900;
    refused(wish, NULL, 0, "1024");
    wish = usual();
    wish.key = EVP_EC_gen("P-384");
    refused(wish, NULL, 0, "P-256");
}

static void files_that_are_not_what_they_should_be_are_refused(void **state)
{
    (void)state;
    struct cert leaf, other;
    struct onboard_signer *s = NULL;
    struct verify_why why;
    char path[64], key[64];
    make(&leaf, usual());
    make(&other, usual());
    snprintf(path, sizeof path, "%s", cert_save(&files, "operator", &leaf));
    (void)cert_save(&files, "other", &other);
    snprintf(key, sizeof key, "%s", pki_path(&files, "other", ".key"));
    assert_err(onboard_signer_open(path, key, &s, &why), E_BAD_VALUE);
    assert_non_null(strstr(why.text, "another key"));
    assert_err(onboard_signer_open("/nowhere", key, &s, &why), E_IO);
    assert_err(onboard_signer_open(path, "/nowhere", &s, &why), E_IO);
    assert_err(onboard_signer_open(key, key, &s, &why), E_IO); /* no certificate in it */
    assert_int_equal(chmod(key, 0644), 0);
    assert_err(onboard_signer_open(path, key, &s, &why), E_DENIED);
    /* what breaks off is not passed over */
    FILE *f = fopen(path, "a");
    fputs("-----BEGIN CERTIFICATE-----\nMIIB", f);
    fclose(f);
    assert_err(onboard_signer_open(path, pki_path(&files, "operator", ".key"), &s, &why), E_IO);
    assert_null(s);
    cert_drop(&leaf);
    cert_drop(&other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_operator_signs_and_shows_its_chain_and_networks),
        cmocka_unit_test(the_shortest_time_of_a_chain_is_the_chains),
        cmocka_unit_test(a_certificate_that_no_device_would_accept_is_refused_with_the_reason),
        cmocka_unit_test(files_that_are_not_what_they_should_be_are_refused),
    };
    return cmocka_run_group_tests_name("net/onboard_signer", tests, setup, teardown);
}
