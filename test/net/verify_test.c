/* net/verify.h, net/verify_key.h and net/verify_sign.h; the roles of net/verify_oids.h. */
#include "net/pki.h"

#include "net/verify_key.h"
#include "net/verify_sign.h"

#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define DIGITAL "critical,digitalSignature"

struct chain {
    uint8_t octets[8][2048];
    struct bytes der[8];
    size_t n;
};

static void chain_add(struct chain *c, struct pki *p, const char *name)
{
    X509 *x = pki_cert(pki_path(p, name, ".crt"));
    unsigned char *out = c->octets[c->n];
    int n = i2d_X509(x, &out);
    assert_in_range(n, 1, sizeof c->octets[0]);
    c->der[c->n] = (struct bytes){c->octets[c->n], (size_t)n};
    c->n++;
    X509_free(x);
}

/* Gives a certificate of pki_make what its extensions need, and signs it again. */
static void extend(struct pki *p, const char *name, const char *issuer, const char *usage,
                   const char *extended)
{
    X509 *x = pki_cert(pki_path(p, name, ".crt"));
    EVP_PKEY *key = pki_key(pki_path(p, name, ".key"));
    EVP_PKEY *sign = pki_key(pki_path(p, issuer, ".key"));
    if (usage != NULL) {
        pki_extend(x, NID_key_usage, usage);
    }
    if (extended != NULL) {
        pki_extend(x, NID_ext_key_usage, extended);
    }
    assert_true(X509_sign(x, sign, EVP_sha256()) > 0);
    pki_save(p, name, x, key);
    X509_free(x);
    EVP_PKEY_free(key);
    EVP_PKEY_free(sign);
}

static struct pki pki;
static struct verifier *verifier;

static int setup(void **state)
{
    struct verify_why why;
    (void)state;
    pki_open(&pki);
    pki_make(&pki, "ca", NULL, "ca", NULL);
    pki_make(&pki, "other", NULL, "other", NULL);
    const struct verify_files files = {pki_path(&pki, "ca", ".crt"), NULL};
    assert_ok(verifier_open(&files, &verifier, &why));
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    verifier_close(verifier);
    pki_close(&pki);
    return 0;
}

static enum verify_verdict judge(const struct chain *c, enum verify_purpose purpose, int64_t at,
                                 struct verify_peer *out)
{
    verify_chain(verifier, c->der, c->n, purpose, at, out);
    return out->verdict;
}

static void a_role_is_what_the_certificate_says_and_no_more(void **state)
{
    (void)state;
    struct verify_peer peer;
    struct chain c = {.n = 0};
    pki_make(&pki, "op", "ca", "a name that counts not", "DNS:HSS.Example.org,DNS:b.example");
    extend(&pki, "op", "ca", DIGITAL, "clientAuth," VERIFY_OID_ROLES ".1");
    chain_add(&c, &pki, "op");
    assert_int_equal(judge(&c, VERIFY_TLS_CLIENT, time(NULL), &peer), VERIFY_GOOD);
    assert_string_equal(peer.name, "hss.example.org");
    assert_true(verify_has_role(&peer, VERIFY_ROLE_OPERATOR));
    assert_int_equal(peer.roles, 1U << VERIFY_ROLE_OPERATOR);
    assert_int_equal(judge(&c, VERIFY_TLS_SERVER, time(NULL), &peer), VERIFY_PURPOSE);
    assert_false(verify_has_role(&peer, VERIFY_ROLE_OPERATOR));
    assert_string_equal(verify_role_name(VERIFY_ROLE_OPERATOR), "operator");
}

static void the_time_is_the_one_that_is_asked_for(void **state)
{
    (void)state;
    struct verify_peer peer;
    struct chain c = {.n = 0};
    pki_make(&pki, "leaf", "ca", "leaf", NULL);
    chain_add(&c, &pki, "leaf");
    assert_int_equal(judge(&c, VERIFY_TLS_CLIENT, time(NULL), &peer), VERIFY_GOOD);
    assert_string_equal(peer.name, "leaf");
    int64_t begin = peer.not_before, end = peer.not_after;
    assert_int_equal(judge(&c, VERIFY_TLS_CLIENT, begin - 1, &peer), VERIFY_NOT_YET);
    assert_int_equal(judge(&c, VERIFY_TLS_CLIENT, end + 1, &peer), VERIFY_EXPIRED);
    assert_int_equal(peer.roles, 0);
    assert_int_equal(peer.name[0], '\0');
}

static void a_verdict_is_good_until_the_first_end_of_what_it_stands_on(void **state)
{
    (void)state;
    struct verifier *none = NULL;
    struct verify_why why;
    struct verify_peer peer;
    struct chain c = {.n = 0};
    const struct verify_files nothing = {NULL, NULL};
    pki_make(&pki, "brief", "ca", "brief", NULL);
    X509 *x = pki_cert(pki_path(&pki, "brief", ".crt"));
    EVP_PKEY *key = pki_key(pki_path(&pki, "brief", ".key"));
    EVP_PKEY *by = pki_key(pki_path(&pki, "ca", ".key"));
    X509_gmtime_adj(X509_getm_notAfter(x), 600); /* before its CA's end */
    assert_true(X509_sign(x, by, EVP_sha256()) > 0);
    pki_save(&pki, "brief", x, key);
    X509_free(x);
    EVP_PKEY_free(key);
    EVP_PKEY_free(by);
    chain_add(&c, &pki, "brief");
    assert_int_equal(judge(&c, VERIFY_TLS_CLIENT, time(NULL), &peer), VERIFY_GOOD);
    assert_int_equal(peer.good_until, peer.not_after);
    assert_false(peer.undecided);
    assert_int_equal(judge(&c, VERIFY_TLS_CLIENT, peer.not_after, &peer), VERIFY_EXPIRED);
    assert_int_equal(peer.good_until, 0);
    assert_ok(verifier_open(&nothing, &none, &why)); /* trusts nobody */
    verify_chain(none, c.der, c.n, VERIFY_TLS_CLIENT, time(NULL), &peer);
    assert_int_equal(peer.verdict, VERIFY_UNTRUSTED);
    verifier_close(none);
}

static void what_leads_to_no_ca_of_ours_is_not_trusted(void **state)
{
    (void)state;
    struct verify_peer peer;
    struct chain foreign = {.n = 0}, self = {.n = 0}, ca = {.n = 0}, none = {.n = 0};
    struct chain many = {.n = 0}, broken = {.n = 0};
    pki_make(&pki, "foreign", "other", "foreign", NULL);
    chain_add(&foreign, &pki, "foreign");
    chain_add(&foreign, &pki, "other");
    chain_add(&self, &pki, "other");
    chain_add(&ca, &pki, "ca");
    assert_int_equal(judge(&foreign, VERIFY_TLS_CLIENT, time(NULL), &peer), VERIFY_UNTRUSTED);
    assert_int_equal(judge(&self, VERIFY_TLS_CLIENT, time(NULL), &peer), VERIFY_UNTRUSTED);
    assert_int_equal(judge(&ca, VERIFY_TLS_CLIENT, time(NULL), &peer), VERIFY_PURPOSE);
    assert_int_equal(judge(&none, VERIFY_TLS_CLIENT, time(NULL), &peer), VERIFY_NONE);
    for (int i = 0; i < VERIFY_CHAIN_MAX + 1; i++) {
        chain_add(&many, &pki, "ca");
    }
    assert_int_equal(judge(&many, VERIFY_TLS_CLIENT, time(NULL), &peer), VERIFY_TOO_LARGE);
    chain_add(&broken, &pki, "foreign");
    struct bytes whole = broken.der[0];
    for (size_t n = 0; n < whole.n; n++) {
        uint8_t *part = exact_copy((struct bytes){whole.p, n});
        broken.der[0] = (struct bytes){part, n};
        assert_int_equal(judge(&broken, VERIFY_TLS_CLIENT, time(NULL), &peer), VERIFY_MALFORMED);
        free(part);
    }
    broken.octets[0][whole.n] = 0; /* one octet behind its end */
    broken.der[0] = (struct bytes){broken.octets[0], whole.n + 1};
    assert_int_equal(judge(&broken, VERIFY_TLS_CLIENT, time(NULL), &peer), VERIFY_MALFORMED);
}

static void make_ca_below(const char *name, const char *issuer)
{
    pki_make(&pki, name, issuer, name, NULL);
    X509 *x = pki_cert(pki_path(&pki, name, ".crt"));
    EVP_PKEY *key = pki_key(pki_path(&pki, name, ".key"));
    EVP_PKEY *sign = pki_key(pki_path(&pki, issuer, ".key"));
    X509_EXTENSION_free(X509_delete_ext(x, X509_get_ext_by_NID(x, NID_basic_constraints, -1)));
    pki_extend(x, NID_basic_constraints, "critical,CA:TRUE");
    pki_extend(x, NID_key_usage, "critical,keyCertSign");
    assert_true(X509_sign(x, sign, EVP_sha256()) > 0);
    pki_save(&pki, name, x, key);
    X509_free(x);
    EVP_PKEY_free(key);
    EVP_PKEY_free(sign);
}

/* It is not read again then (net/verify_seen.h), but all that is asked of it is asked again. */
static void what_was_good_once_is_judged_each_time(void **state)
{
    (void)state;
    struct verify_peer first, peer;
    struct chain c = {.n = 0};
    make_ca_below("mid", "ca");
    pki_make(&pki, "below", "mid", "below", NULL);
    extend(&pki, "below", "mid", DIGITAL, NULL);
    chain_add(&c, &pki, "below");
    chain_add(&c, &pki, "mid");
    assert_int_equal(judge(&c, VERIFY_DEVICE_IDENTITY, time(NULL), &first), VERIFY_GOOD);
    assert_int_equal(judge(&c, VERIFY_DEVICE_IDENTITY, time(NULL), &peer), VERIFY_GOOD);
    assert_memory_equal(&first.digest, &peer.digest, sizeof peer.digest);
    assert_string_equal(first.name, peer.name);
    assert_int_equal(judge(&c, VERIFY_DEVICE_PROVISIONING, time(NULL), &peer), VERIFY_PURPOSE);
    assert_int_equal(judge(&c, VERIFY_DEVICE_IDENTITY, first.not_before - 1, &peer),
                     VERIFY_NOT_YET);
    assert_int_equal(judge(&c, VERIFY_DEVICE_IDENTITY, first.not_after + 1, &peer), VERIFY_EXPIRED);
    for (size_t i = 0; i < c.n; i++) { /* the last octets are the signature's */
        uint8_t *last = c.octets[i] + c.der[i].n - 1;
        *last ^= 1;
        assert_int_equal(judge(&c, VERIFY_DEVICE_IDENTITY, time(NULL), &peer), VERIFY_UNTRUSTED);
        *last ^= 1;
    }
    assert_int_equal(judge(&c, VERIFY_DEVICE_IDENTITY, time(NULL), &peer), VERIFY_GOOD);
    c.der[0] = c.der[1]; /* what was a CA above is none below */
    c.n = 1;
    assert_int_not_equal(judge(&c, VERIFY_DEVICE_IDENTITY, time(NULL), &peer), VERIFY_GOOD);
}

/* Key usage alone makes no CA, for any purpose. */
static void whoever_issues_says_that_it_is_a_ca(void **state)
{
    (void)state;
    struct verify_peer peer;
    struct chain c = {.n = 0};
    pki_make(&pki, "between", "ca", "between", NULL);
    X509 *x = pki_cert(pki_path(&pki, "between", ".crt"));
    EVP_PKEY *key = pki_key(pki_path(&pki, "between", ".key"));
    X509_EXTENSION_free(X509_delete_ext(x, X509_get_ext_by_NID(x, NID_basic_constraints, -1)));
    pki_save(&pki, "between", x, key);
    X509_free(x);
    EVP_PKEY_free(key);
    extend(&pki, "between", "ca", "critical,keyCertSign", NULL);
    pki_make(&pki, "below", "between", "below", NULL);
    extend(&pki, "below", "between", DIGITAL, NULL);
    chain_add(&c, &pki, "below");
    chain_add(&c, &pki, "between");
    assert_int_equal(judge(&c, VERIFY_DEVICE_IDENTITY, time(NULL), &peer), VERIFY_FAILED);
    assert_false(peer.undecided);
    assert_int_equal(judge(&c, VERIFY_TLS_CLIENT, time(NULL), &peer), VERIFY_FAILED);
}

static void a_devices_key_usage_must_name_its_use(void **state)
{
    (void)state;
    struct verify_peer peer;
    struct chain c = {.n = 0}, silent = {.n = 0}, mixed = {.n = 0};
    pki_make(&pki, "dev", "ca", "dev", NULL);
    pki_make(&pki, "silent", "ca", "silent", NULL);
    extend(&pki, "dev", "ca", DIGITAL, NULL);
    chain_add(&c, &pki, "dev");
    chain_add(&silent, &pki, "silent");
    assert_int_equal(judge(&c, VERIFY_DEVICE_IDENTITY, time(NULL), &peer), VERIFY_GOOD);
    assert_int_equal(judge(&c, VERIFY_DEVICE_PROVISIONING, time(NULL), &peer), VERIFY_PURPOSE);
    assert_int_equal(judge(&silent, VERIFY_DEVICE_IDENTITY, time(NULL), &peer), VERIFY_PURPOSE);
    chain_add(&mixed, &pki, "dev");
    chain_add(&mixed, &pki, "other"); /* did not issue it */
    assert_int_equal(judge(&mixed, VERIFY_DEVICE_IDENTITY, time(NULL), &peer), VERIFY_MALFORMED);
}

static void the_ca_that_is_kept_with_a_chain_must_be_one(void **state)
{
    (void)state;
    struct verifier *own = NULL;
    struct verify_peer peer;
    struct chain c = {.n = 0}, root = {.n = 0};
    pki_make(&pki, "dev2", "other", "dev2", NULL);
    extend(&pki, "dev2", "other", DIGITAL, NULL);
    chain_add(&c, &pki, "dev2");
    chain_add(&root, &pki, "other");
    assert_err(verifier_of_root(c.der[0], &own), E_BAD_VALUE);
    assert_err(verifier_of_root((struct bytes){NULL, 0}, &own), E_BAD_VALUE);
    assert_ok(verifier_of_root(root.der[0], &own));
    verify_chain(own, c.der, c.n, VERIFY_DEVICE_IDENTITY, time(NULL), &peer);
    assert_int_equal(peer.verdict, VERIFY_GOOD);
    verifier_close(own);
}

static void with_a_revocation_list_each_ca_needs_one(void **state)
{
    (void)state;
    struct verifier *strict = NULL;
    struct verify_why why;
    struct verify_peer peer;
    struct chain revoked = {.n = 0}, good = {.n = 0};
    char ca_path[64], crl_path[64];
    pki_make(&pki, "revoked", "ca", "revoked", NULL);
    pki_make(&pki, "kept", "ca", "kept", NULL);
    chain_add(&revoked, &pki, "revoked");
    chain_add(&good, &pki, "kept");
    snprintf(ca_path, sizeof ca_path, "%s", pki_path(&pki, "ca", ".crt"));
    snprintf(crl_path, sizeof crl_path, "%s", pki_path(&pki, "ca", ".crl"));
    X509 *ca = pki_cert(ca_path), *gone = pki_cert(pki_path(&pki, "revoked", ".crt"));
    EVP_PKEY *key = pki_key(pki_path(&pki, "ca", ".key"));
    X509_CRL *crl = X509_CRL_new();
    X509_REVOKED *entry = X509_REVOKED_new();
    ASN1_TIME *now = X509_gmtime_adj(NULL, -60), *next = X509_gmtime_adj(NULL, 86400);
    X509_CRL_set_version(crl, 1);
    X509_CRL_set_issuer_name(crl, X509_get_subject_name(ca));
    X509_CRL_set1_lastUpdate(crl, now);
    X509_CRL_set1_nextUpdate(crl, next);
    X509_REVOKED_set_serialNumber(entry, X509_get_serialNumber(gone));
    X509_REVOKED_set_revocationDate(entry, now);
    X509_CRL_add0_revoked(crl, entry);
    assert_true(X509_CRL_sign(crl, key, EVP_sha256()) > 0);
    FILE *f = fopen(crl_path, "w");
    assert_int_equal(PEM_write_X509_CRL(f, crl), 1);
    fclose(f);
    const struct verify_files files = {ca_path, crl_path};
    assert_ok(verifier_open(&files, &strict, &why));
    verify_chain(strict, revoked.der, 1, VERIFY_TLS_CLIENT, time(NULL), &peer);
    assert_int_equal(peer.verdict, VERIFY_REVOKED);
    verify_chain(strict, good.der, 1, VERIFY_TLS_CLIENT, time(NULL), &peer);
    assert_int_equal(peer.verdict, VERIFY_GOOD);
    verify_chain(strict, good.der, 1, VERIFY_TLS_CLIENT, time(NULL) + 86000 + 3600, &peer);
    assert_int_not_equal(peer.verdict, VERIFY_GOOD); /* the list is out of date then */
    verifier_close(strict);
    ASN1_TIME_free(now);
    ASN1_TIME_free(next);
    X509_CRL_free(crl);
    X509_free(ca);
    X509_free(gone);
    EVP_PKEY_free(key);
}

static void a_file_that_holds_no_ca_is_told(void **state)
{
    (void)state;
    struct verifier *v = NULL;
    struct verify_why why;
    pki_make(&pki, "noca", "ca", "noca", NULL);
    const struct verify_files leaf = {pki_path(&pki, "noca", ".crt"), NULL};
    const struct verify_files key = {pki_path(&pki, "noca", ".key"), NULL};
    const struct verify_files none = {"/nowhere", NULL};
    assert_err(verifier_open(&leaf, &v, &why), E_BAD_VALUE);
    assert_err(verifier_open(&key, &v, &why), E_BAD_VALUE);
    assert_err(verifier_open(&none, &v, &why), E_IO);
    assert_non_null(strstr(why.text, "/nowhere"));
}

/* Half a file would be trust in half of the CAs: devices of the rest would be refused. */
static void a_file_that_breaks_off_or_holds_what_cannot_be_read_is_told(void **state)
{
    (void)state;
    struct verifier *v = NULL;
    struct verify_why why;
    char text[4096], path[64];
    const struct verify_files files = {path, NULL};
    FILE *f = fopen(pki_path(&pki, "ca", ".crt"), "r");
    const size_t one = fread(text, 1, sizeof text / 2, f);
    fclose(f);
    memcpy(text + one, text, one);
    snprintf(path, sizeof path, "%s", pki_path(&pki, "two", ".crt"));
    for (size_t n = one + 1; n <= 2 * one; n++) {
        f = fopen(path, "w");
        assert_int_equal(fwrite(text, 1, n, f), n);
        fclose(f);
        enum err err = verifier_open(&files, &v, &why);
        /* whole without the last end of line, and with less than a first line not begun */
        const bool whole = n >= 2 * one - 1 || n < one + strlen("-----BEGIN CERTIFICATE-----");
        assert_int_equal(err, whole ? E_OK : E_BAD_VALUE);
        assert_true(whole || strstr(why.text, path) != NULL);
        if (err == E_OK) {
            verifier_close(v);
        }
    }
    text[one + 100] = '#'; /* the second one: no base64 */
    f = fopen(path, "w");
    assert_int_equal(fwrite(text, 1, 2 * one, f), 2 * one);
    fclose(f);
    assert_err(verifier_open(&files, &v, &why), E_BAD_VALUE);
}

static size_t spki_of(EVP_PKEY *key, uint8_t out[static 2048])
{
    unsigned char *p = out;
    int n = i2d_PUBKEY(key, &p);
    EVP_PKEY_free(key);
    assert_in_range(n, 1, 2048);
    return (size_t)n;
}

static void four_kinds_of_keys_are_taken_in_their_one_encoding(void **state)
{
    (void)state;
    uint8_t spki[2048];
    enum verify_key_kind kind;
    EVP_PKEY *keys[] = {EVP_EC_gen("P-256"), EVP_EC_gen("P-384"),
                        EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"), EVP_RSA_gen(2048)};
    for (unsigned i = 0; i < 4; i++) {
        size_t n = spki_of(keys[i], spki);
        assert_ok(verify_key((struct bytes){spki, n}, &kind));
        assert_int_equal(kind, i);
        for (size_t k = 0; k < n; k++) {
            uint8_t *part = exact_copy((struct bytes){spki, k});
            assert_err(verify_key((struct bytes){part, k}, &kind), E_BAD_VALUE);
            free(part);
        }
        spki[n] = 0;
        assert_err(verify_key((struct bytes){spki, n + 1}, &kind), E_BAD_VALUE);
    }
    size_t n = spki_of(EVP_EC_gen("P-521"), spki);
    assert_err(verify_key((struct bytes){spki, n}, &kind), E_UNSUPPORTED);
    n = spki_of(EVP_RSA_gen(1024), spki);
    assert_err(verify_key((struct bytes){spki, n}, &kind), E_UNSUPPORTED);
    n = spki_of(EVP_EC_gen("P-256"), spki);
    spki[n - 1] ^= 1; /* off its curve */
    assert_err(verify_key((struct bytes){spki, n}, &kind), E_BAD_VALUE);
    assert_string_equal(verify_key_name(VERIFY_KEY_P384), "p384");
}

static void a_signature_verifies_over_its_content_and_no_other(void **state)
{
    (void)state;
    struct signer *s = NULL;
    struct verify_why why;
    uint8_t signature[SIGNATURE_LEN];
    struct bytes content = BYTES_LIT("content");
    char path[64];
    snprintf(path, sizeof path, "%s", pki_path(&pki, "ca", ".key"));
    assert_ok(signer_open(path, &s, &why));
    assert_int_equal(signer_id(s).n, 32);
    for (int i = 0; i < 50; i++) { /* r and s with and without leading zeros */
        assert_ok(signer_sign(s, content, signature));
        assert_ok(signature_verify(signer_spki(s), content, signature));
    }
    assert_err(signature_verify(signer_spki(s), BYTES_LIT("Content"), signature), E_BAD_MAC);
    signature[40] ^= 1;
    assert_err(signature_verify(signer_spki(s), content, signature), E_BAD_MAC);
    memset(signature, 0, sizeof signature);
    assert_err(signature_verify(signer_spki(s), content, signature), E_BAD_MAC);
    assert_err(signature_verify(BYTES_LIT("no key"), content, signature), E_BAD_VALUE);
    signer_close(s);
    assert_int_equal(chmod(path, 0640), 0);
    assert_err(signer_open(path, &s, &why), E_DENIED);
    assert_int_equal(chmod(path, 0600), 0);
    assert_err(signer_open(pki_path(&pki, "ca", ".crt"), &s, &why), E_DENIED);
}

/* Without a terminal OpenSSL would read it from the standard input, where it lies ready. */
static enum err open_with_a_passphrase_at_hand(const char *path)
{
    int ends[2];
    struct signer *s = NULL;
    struct verify_why why;
    if (setsid() < 0 || pipe(ends) != 0 || write(ends[1], "secret\n", 7) != 7 ||
        dup2(ends[0], STDIN_FILENO) < 0) {
        return E_IO;
    }
    close(ends[1]);
    return signer_open(path, &s, &why);
}

static void a_key_that_needs_a_passphrase_is_refused_and_nobody_is_asked(void **state)
{
    (void)state;
    char path[64];
    int status = 0;
    EVP_PKEY *key = EVP_EC_gen("P-256");
    snprintf(path, sizeof path, "%s", pki_path(&pki, "locked", ".key"));
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(chmod(path, 0600), 0);
    assert_int_equal(PEM_write_PrivateKey(f, key, EVP_aes_256_cbc(),
                                          (const unsigned char *)"secret", 6, NULL, NULL),
                     1);
    fclose(f);
    EVP_PKEY_free(key);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        _exit((int)open_with_a_passphrase_at_hand(path));
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_err((enum err)WEXITSTATUS(status), E_BAD_VALUE);
}

static void a_key_is_encrypted_to_in_the_way_of_its_kind(void **state)
{
    (void)state;
    for (unsigned bits = 0; bits < 4; bits++) {
        const struct verify_peer leaf = {.key_agreement = (bits & 1) != 0,
                                         .key_encipherment = (bits & 2) != 0};
        assert_int_equal(verify_may_encrypt(&leaf, VERIFY_KEY_P256), leaf.key_agreement);
        assert_int_equal(verify_may_encrypt(&leaf, VERIFY_KEY_RSA), leaf.key_encipherment);
        assert_false(verify_may_encrypt(&leaf, VERIFY_KEY_P384));
        assert_false(verify_may_encrypt(&leaf, VERIFY_KEY_ED25519));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_is_encrypted_to_in_the_way_of_its_kind),
        cmocka_unit_test(a_role_is_what_the_certificate_says_and_no_more),
        cmocka_unit_test(the_time_is_the_one_that_is_asked_for),
        cmocka_unit_test(a_verdict_is_good_until_the_first_end_of_what_it_stands_on),
        cmocka_unit_test(what_leads_to_no_ca_of_ours_is_not_trusted),
        cmocka_unit_test(a_devices_key_usage_must_name_its_use),
        cmocka_unit_test(what_was_good_once_is_judged_each_time),
        cmocka_unit_test(whoever_issues_says_that_it_is_a_ca),
        cmocka_unit_test(the_ca_that_is_kept_with_a_chain_must_be_one),
        cmocka_unit_test(with_a_revocation_list_each_ca_needs_one),
        cmocka_unit_test(a_file_that_holds_no_ca_is_told),
        cmocka_unit_test(a_file_that_breaks_off_or_holds_what_cannot_be_read_is_told),
        cmocka_unit_test(four_kinds_of_keys_are_taken_in_their_one_encoding),
        cmocka_unit_test(a_key_that_needs_a_passphrase_is_refused_and_nobody_is_asked),
        cmocka_unit_test(a_signature_verifies_over_its_content_and_no_other)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
