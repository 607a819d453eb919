/* proc/certattach.h: names, the URL, what is signed, and the whole way from the device and back.
 * Causes: certattach_cause_test.c; what the device refuses: certattach_device_test.c. */
#include "proc/certattach_rig.h"

#include "proc/certattach_parts.h"

#include <stdlib.h>

static struct crig c;

/* ---- the whole way ---- */

/*= test certattach-1b certattach-3b certattach-3c certattach-4 certattach-box */
static void a_device_with_either_kind_of_key_gets_its_subscription(void **state)
{
    (void)state;
    static const enum certattach_form forms[] = {CERTATTACH_EC, CERTATTACH_RSA};
    for (size_t i = 0; i < 2; i++) {
        struct device_record record;
        crig_open(&c, forms[i], i == 0);
        assert_int_equal(crig_judge(&c, &record), CERTATTACH_NONE);
        assert_true(device_id_eq(&record.id, &c.id));
        assert_string_equal(record.manufacturer, "Maker");
        assert_ok(crig_protect(&c, CRIG_EXPIRY));
        assert_int_equal(c.result.box.p[0], forms[i]);
        assert_int_equal(crig_take(&c), CERTATTACH_REFUSED_NONE);
        assert_true(crig_same_profile(&c.taken, &c.profile));
        assert_false(c.asked.asked);
        crig_close(&c);
    }
}

/*= test certattach-same */
static void the_same_subscription_is_protected_afresh_each_time(void **state)
{
    (void)state;
    static const enum certattach_form forms[] = {CERTATTACH_EC, CERTATTACH_RSA};
    for (size_t i = 0; i < 2; i++) {
        uint8_t box[CERTATTACH_BOX_MAX], signature[CERTATTACH_SIGNATURE_LEN];
        crig_open(&c, forms[i], false);
        assert_ok(crig_protect(&c, CRIG_EXPIRY));
        const size_t n = c.result.box.n;
        memcpy(box, c.result.box.p, n);
        memcpy(signature, c.result.signature.p, sizeof signature);
        assert_ok(crig_protect(&c, CRIG_EXPIRY));
        assert_int_equal(c.result.box.n, n);
        for (size_t at = 1; at + 16 <= n; at += 16) { /* no part of it is as it was */
            assert_memory_not_equal(box + at, c.result.box.p + at, 16);
        }
        assert_memory_not_equal(signature, c.result.signature.p, sizeof signature);
        assert_int_equal(crig_take(&c), CERTATTACH_REFUSED_NONE);
        crig_close(&c);
    }
}

/*= test certattach-nonce */
static void each_request_has_a_nonce_of_its_own_and_the_latest_counts(void **state)
{
    (void)state;
    uint8_t nonce[CERTATTACH_NONCE_LEN];
    crig_open(&c, CERTATTACH_EC, true);
    memcpy(nonce, c.request.nonce, sizeof nonce);
    assert_ok(crig_protect(&c, CRIG_EXPIRY));
    assert_ok(certattach_device_ask(c.crypto, &c.device, &c.plmn, c.proof, &c.asked, &c.request));
    assert_memory_not_equal(nonce, c.request.nonce, sizeof nonce);
    assert_memory_equal(c.asked.nonce, c.request.nonce, sizeof nonce);
    assert_int_equal(crig_take(&c), CERTATTACH_REFUSED_SIGNATURE);
    crig_close(&c);
}

static void a_request_has_a_proof_if_there_is_a_key_for_one(void **state)
{
    (void)state;
    crig_open(&c, CERTATTACH_EC, true);
    assert_int_equal(c.request.proof.n, 65);
    assert_int_equal(c.request.proof.p[0], DEVID_ECDSA_P256);
    assert_true(bytes_eq(c.request.url, c.device.url));
    c.device.signer = NULL;
    assert_ok(certattach_device_ask(c.crypto, &c.device, &c.plmn, NULL, &c.asked, &c.request));
    assert_null(c.request.proof.p);
    assert_true(c.asked.asked);
    assert_true(plmn_eq(&c.asked.plmn, &c.plmn));
    crig_close(&c);
}

static enum err no_sign(void *ctx, struct bytes content, uint8_t *signature, size_t *n)
{
    (void)content;
    (void)signature;
    *n = *(size_t *)ctx;
    return *n == 0 ? E_CRYPTO : E_OK;
}

static void a_device_that_cannot_ask_remembers_nothing(void **state)
{
    (void)state;
    static size_t lengths[] = {0, DEVID_SIGNATURE_MIN - 1, DEVID_SIGNATURE_MAX + 1};
    static const char *const urls[] = {"http://ca.example.org/DeviceID=a", ""};
    crig_open(&c, CERTATTACH_EC, true);
    const struct certattach_asked before = c.asked;
    const struct certattach_request asked = c.request;
    struct devid_signer signer = {.algorithm = DEVID_ECDSA_P256, .sign = no_sign};
    c.device.signer = &signer;
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        signer.ctx = &lengths[i];
        assert_err(
            certattach_device_ask(c.crypto, &c.device, &c.plmn, c.proof, &c.asked, &c.request),
            E_CRYPTO);
    }
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        c.device.url = bytes_of_str(urls[i]);
        assert_err(
            certattach_device_ask(c.crypto, &c.device, &c.plmn, c.proof, &c.asked, &c.request),
            E_BAD_VALUE);
    }
    assert_memory_equal(&c.asked, &before, sizeof before);
    assert_memory_equal(&c.request, &asked, sizeof asked);
    crig_close(&c);
}

static void a_library_that_fails_at_any_call_gives_no_request(void **state)
{
    (void)state;
    struct failing f;
    unsigned at = 0;
    enum err err = E_CRYPTO;
    crig_open(&c, CERTATTACH_EC, true);
    memset(&c.asked, 0, sizeof c.asked);
    for (at = 1; err != E_OK; at++) {
        assert_in_range(at, 1, 10);
        failing_open(&f, c.crypto, at);
        err = certattach_device_ask(&f.table, &c.device, &c.plmn, c.proof, &c.asked, &c.request);
        assert_true(err == E_OK || (err == E_CRYPTO && !c.asked.asked));
    }
    assert_true(at > 2);
    crig_close(&c);
}

/* ---- the URL ---- */

#define LABEL63 "a23456789012345678901234567890123456789012345678901234567890123"

/*= test certattach-name certattach-1c */
static void a_url_has_one_form_and_no_other(void **state)
{
    (void)state;
    static const struct {
        const char *url, *host, *id;
    } good[] = {
        {"https://ca.example.org/DeviceID=a", "ca.example.org", "a"},
        {"https://CA.Example.ORG/DeviceID=A", "ca.example.org", "A"},
        {"https://a.b/DeviceID=0-._~", "a.b", "0-._~"},
        {"https://1.2.3.4.example/DeviceID=x", "1.2.3.4.example", "x"},
        {"https://xn--bcher-kva.example/DeviceID=x", "xn--bcher-kva.example", "x"},
        {"https://" LABEL63 ".ab/DeviceID=x", LABEL63 ".ab", "x"},
    };
    static const struct {
        const char *url;
        enum err err;
    } bad[] = {
        {"", E_BAD_VALUE},
        {"https://", E_BAD_VALUE},
        {"https:///DeviceID=a", E_BAD_LENGTH},
        {"http://ca.example.org/DeviceID=a", E_BAD_VALUE},
        {"HTTPS://ca.example.org/DeviceID=a", E_BAD_VALUE},
        {"file:///etc/DeviceID=a", E_BAD_VALUE},
        {"gopher://ca.example.org/DeviceID=a", E_BAD_VALUE},
        {"//ca.example.org/DeviceID=a", E_BAD_VALUE},
        {"ca.example.org/DeviceID=a", E_BAD_VALUE},
        {" https://ca.example.org/DeviceID=a", E_BAD_VALUE},
        {"https://ca.example.org/DeviceID=a ", E_BAD_VALUE},
        {"https://localhost/DeviceID=a", E_BAD_VALUE},
        {"https://localhost./DeviceID=a", E_BAD_VALUE},
        {"https://127.0.0.1/DeviceID=a", E_BAD_VALUE},
        {"https://10.0.0.1/DeviceID=a", E_BAD_VALUE},
        {"https://192.168.1.1/DeviceID=a", E_BAD_VALUE},
        {"https://127.1/DeviceID=a", E_BAD_VALUE},
        {"https://0x7f.0x1/DeviceID=a", E_BAD_VALUE},
        {"https://ca.0x7f000001/DeviceID=a", E_BAD_VALUE},
        {"https://2130706433/DeviceID=a", E_BAD_VALUE},
        {"https://017700000001.1/DeviceID=a", E_BAD_VALUE},
        {"https://[::1]/DeviceID=a", E_BAD_VALUE},
        {"https://[fe80::1%25eth0]/DeviceID=a", E_BAD_VALUE},
        {"https://ca.example.org:443/DeviceID=a", E_BAD_VALUE},
        {"https://ca.example.org:/DeviceID=a", E_BAD_VALUE},
        {"https://user@ca.example.org/DeviceID=a", E_BAD_VALUE},
        {"https://user:word@ca.example.org/DeviceID=a", E_BAD_VALUE},
        {"https://ca.example.org@evil.example/DeviceID=a", E_BAD_VALUE},
        {"https://ca.example.org\\@evil.example/DeviceID=a", E_BAD_VALUE},
        {"https://ca.example.org%2f/DeviceID=a", E_BAD_VALUE},
        {"https://ca.example.org\r\nHost: x/DeviceID=a", E_BAD_VALUE},
        {"https://ca.example.org/DeviceID=a\r\nx", E_BAD_VALUE},
        {"https://ca.example.org/DeviceID=a%0d%0aX", E_BAD_VALUE},
        {"https://ca.example.org/DeviceID=a%00", E_BAD_VALUE},
        {"https://ca.example.org/DeviceID=a/b", E_BAD_VALUE},
        {"https://ca.example.org/DeviceID=../a", E_BAD_VALUE},
        {"https://ca.example.org/DeviceID=..", E_BAD_VALUE},
        {"https://ca.example.org/DeviceID=a?x=y", E_BAD_VALUE},
        {"https://ca.example.org/DeviceID=a#x", E_BAD_VALUE},
        {"https://ca.example.org/DeviceID=a&x", E_BAD_VALUE},
        {"https://ca.example.org/DeviceID=", E_BAD_LENGTH},
        {"https://ca.example.org/DeviceID", E_BAD_VALUE},
        {"https://ca.example.org/deviceid=a", E_BAD_VALUE},
        {"https://ca.example.org/DeviceID%3Da", E_BAD_VALUE},
        {"https://ca.example.org//DeviceID=a", E_BAD_VALUE},
        {"https://ca.example.org/x/DeviceID=a", E_BAD_VALUE},
        {"https://ca.example.org/x/../DeviceID=a", E_BAD_VALUE},
        {"https://ca.example.org?/DeviceID=a", E_BAD_VALUE},
        {"https://ca.example.org#/DeviceID=a", E_BAD_VALUE},
        {"https://ca..example/DeviceID=a", E_BAD_VALUE},
        {"https://.example.org/DeviceID=a", E_BAD_VALUE},
        {"https://ca.example.org./DeviceID=a", E_BAD_VALUE},
        {"https://-ca.example.org/DeviceID=a", E_BAD_VALUE},
        {"https://ca.example-/DeviceID=a", E_BAD_VALUE},
        {"https://ca_1.example.org/DeviceID=a", E_BAD_VALUE},
        {"https://*.example.org/DeviceID=a", E_BAD_VALUE},
        {"https://b\xc3\xbc"
         "cher.example/DeviceID=a",
         E_BAD_VALUE},
        {"https://a" LABEL63 ".ab/DeviceID=x", E_BAD_LENGTH},
    };
    struct certattach_url url, untouched;
    struct device_id id;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_ok(certattach_url_parse(bytes_of_str(good[i].url), &url));
        assert_string_equal(url.host, good[i].host);
        assert_string_equal(url.id.text, good[i].id);
        assert_ok(certattach_url_id(bytes_of_str(good[i].url), &id));
        assert_true(device_id_eq(&id, &url.id));
    }
    memset(&untouched, 0x5c, sizeof untouched);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        url = untouched;
        assert_err(certattach_url_parse(bytes_of_str(bad[i].url), &url), bad[i].err);
        assert_memory_equal(&url, &untouched, sizeof url);
        assert_err(certattach_url_id(bytes_of_str(bad[i].url), &id), bad[i].err);
    }
}

/* A host of 253 characters and an id of 64. */
static size_t longest_url(size_t host_n, size_t id_n, char out[static 512])
{
    size_t n = (size_t)snprintf(out, 512, "https://");
    for (size_t i = 0; i < host_n; i++) {
        out[n++] = i % 50 == 49 && i + 1 < host_n ? '.' : 'a';
    }
    n += (size_t)snprintf(out + n, 512 - n, "/DeviceID=");
    memset(out + n, 'i', id_n);
    return n + id_n;
}

static void the_longest_url_is_read_and_no_prefix_of_one_has_its_id(void **state)
{
    (void)state;
    char text[512];
    struct certattach_url url;
    size_t n = longest_url(CERTATTACH_HOST_MAX, DEVICE_ID_MAX, text);
    assert_int_equal(n, CERTATTACH_URL_MAX);
    for (size_t k = 0; k <= n; k++) {
        uint8_t *part = exact_copy((struct bytes){(const uint8_t *)text, k});
        const enum err err = certattach_url_parse((struct bytes){part, k}, &url);
        assert_err(err == E_OK, k > n - DEVICE_ID_MAX);
        assert_true(err != E_OK || url.id.n == DEVICE_ID_MAX - (n - k));
        free(part);
    }
    n = longest_url(CERTATTACH_HOST_MAX + 1, 1, text);
    assert_err(certattach_url_parse((struct bytes){(uint8_t *)text, n}, &url), E_BAD_LENGTH);
    n = longest_url(100, DEVICE_ID_MAX + 1, text);
    assert_err(certattach_url_parse((struct bytes){(uint8_t *)text, n}, &url), E_BAD_LENGTH);
    n = longest_url(CERTATTACH_HOST_MAX, DEVICE_ID_MAX + 1, text);
    assert_err(certattach_url_parse((struct bytes){(uint8_t *)text, n}, &url), E_BAD_LENGTH);
}

static void a_nul_in_a_url_is_not_its_end(void **state)
{
    (void)state;
    struct certattach_url url;
    assert_err(certattach_url_parse(BYTES_LIT("https://ca.example.org\0/DeviceID=a"), &url),
               E_BAD_VALUE);
    assert_err(certattach_url_parse(BYTES_LIT("https://ca.example.org/DeviceID=a\0"), &url),
               E_BAD_VALUE);
}

/* ---- what is signed ---- */

static void count_octets(uint8_t *out, uint8_t from, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        out[i] = (uint8_t)(from + i);
    }
}

static struct certattach_about sample_about(void)
{
    struct certattach_about a = {.plmn = crig_plmn("001-01")};
    assert_ok(device_id_parse(BYTES_LIT("abc-1"), &a.id));
    count_octets(a.nonce, 0, 16);
    count_octets(a.nonce_1, 16, 16);
    return a;
}

static void assert_octets(struct bytes got, const char *hex)
{
    char text[512];
    assert_true(2 * got.n < sizeof text);
    hex_encode(got, text);
    assert_string_equal(text, hex);
}

/* Written by another hand. */
/*= test certattach-proof certattach-signed certattach-bound-box */
static void what_is_signed_and_authenticated_is_the_octets_that_its_page_shows(void **state)
{
    (void)state;
    uint8_t proof[CERTATTACH_PROOF_CONTENT_LEN], octets[CERTATTACH_SIGNED_MAX],
        aad[CERTATTACH_AAD_MAX];
    struct bytes content;
    struct crypto crypto;
    const struct certattach_about a = sample_about();
    const struct imei imei = rig_imei(CRIG_IMEI);
    assert_ok(crypto_openssl_open(&crypto));
    assert_ok(certattach_proof_content(&crypto, DEVID_ECDSA_P256,
                                       BYTES_LIT("https://ca.example.org/DeviceID=abc-1"), &imei,
                                       a.nonce, &a.plmn, proof));
    assert_octets(BYTES_OF(proof),
                  "001a62696e64657279206f6e626f617264696e67207265717565737400010100209b177ad5a43364"
                  "1082c8ea13430650bb5aacfca44a644d8e35a45a95818f3b85000e33353639333830333536343338"
                  "300010000102030405060708090a0b0c0d0e0f000300f110");
    assert_ok(certattach_signed_content(&crypto, &a, 0x0102030405060708, BYTES_LIT("the box"),
                                        octets, &content));
    assert_octets(content,
                  "001962696e64657279206f6e626f617264696e6720726573756c7400056162632d31001000010203"
                  "0405060708090a0b0c0d0e0f0010101112131415161718191a1b1c1d1e1f000300f1100008010203"
                  "04050607080020db41a3fda75464bf44c9769cf607b71cea4f56c5eb410529ac6c24d82c308a87");
    assert_octets(certattach_aad(&a, aad),
                  "001a62696e64657279206f6e626f617264696e672070726f66696c6500056162632d310010000102"
                  "030405060708090a0b0c0d0e0f0010101112131415161718191a1b1c1d1e1f000300f110");
    crypto_openssl_close(&crypto);
}

static void the_longest_id_has_room_in_what_is_signed(void **state)
{
    (void)state;
    uint8_t octets[CERTATTACH_SIGNED_MAX], aad[CERTATTACH_AAD_MAX], text[DEVICE_ID_MAX];
    struct bytes content;
    struct crypto crypto;
    struct certattach_about a = sample_about();
    assert_ok(crypto_openssl_open(&crypto));
    memset(text, 'z', sizeof text);
    assert_ok(device_id_parse(BYTES_OF(text), &a.id));
    assert_ok(certattach_signed_content(&crypto, &a, INT64_MAX, BYTES_OF(text), octets, &content));
    assert_int_equal(content.n, CERTATTACH_SIGNED_MAX);
    assert_int_equal(certattach_aad(&a, aad).n, CERTATTACH_AAD_MAX);
    crypto_openssl_close(&crypto);
}

/* ---- names ---- */

static void assert_name(const char *name, const char *sentence)
{
    assert_true(name[0] != '\0' && name[strspn(name, "abcdefghijklmnopqrstuvwxyz-")] == '\0');
    assert_true(strlen(sentence) > 0);
}

static void every_name_is_a_word_of_its_own(void **state)
{
    (void)state;
    for (int i = 0; i < CERTATTACH_CAUSES; i++) {
        const char *name = certattach_cause_name((enum certattach_cause)i);
        assert_name(name, certattach_cause_sentence((enum certattach_cause)i));
        for (int k = 0; k < i; k++) {
            assert_string_not_equal(name, certattach_cause_name((enum certattach_cause)k));
        }
    }
    for (int i = 0; i < CERTATTACH_REFUSALS; i++) {
        const char *name = certattach_refusal_name((enum certattach_refusal)i);
        assert_name(name, certattach_refusal_sentence((enum certattach_refusal)i));
        for (int k = 0; k < i; k++) {
            assert_string_not_equal(name, certattach_refusal_name((enum certattach_refusal)k));
        }
    }
    assert_string_equal(certattach_cause_name(CERTATTACH_CAUSES), "unknown");
    assert_string_equal(certattach_cause_sentence((enum certattach_cause)1000), "unknown");
    assert_string_equal(certattach_refusal_name(CERTATTACH_REFUSALS), "unknown");
    assert_string_equal(certattach_refusal_sentence((enum certattach_refusal)1000), "unknown");
}

static void every_phase_has_its_name_and_no_other_name_is_one(void **state)
{
    (void)state;
    enum certattach_phase p = CERTATTACH_PHASES;
    for (int i = 0; i < CERTATTACH_PHASES; i++) {
        assert_ok(certattach_phase_parse(
            bytes_of_str(certattach_phase_name((enum certattach_phase)i)), &p));
        assert_int_equal(p, i);
    }
    assert_err(certattach_phase_parse(BYTES_LIT("unknown"), &p), E_BAD_VALUE);
    assert_err(certattach_phase_parse(BYTES_LIT(""), &p), E_BAD_VALUE);
    assert_err(certattach_phase_parse(BYTES_LIT("activ"), &p), E_BAD_VALUE);
    assert_int_equal(p, CERTATTACH_PHASES - 1);
    assert_string_equal(certattach_phase_name(CERTATTACH_PHASES), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_device_with_either_kind_of_key_gets_its_subscription),
        cmocka_unit_test(the_same_subscription_is_protected_afresh_each_time),
        cmocka_unit_test(each_request_has_a_nonce_of_its_own_and_the_latest_counts),
        cmocka_unit_test(a_request_has_a_proof_if_there_is_a_key_for_one),
        cmocka_unit_test(a_device_that_cannot_ask_remembers_nothing),
        cmocka_unit_test(a_library_that_fails_at_any_call_gives_no_request),
        cmocka_unit_test(a_url_has_one_form_and_no_other),
        cmocka_unit_test(the_longest_url_is_read_and_no_prefix_of_one_has_its_id),
        cmocka_unit_test(a_nul_in_a_url_is_not_its_end),
        cmocka_unit_test(what_is_signed_and_authenticated_is_the_octets_that_its_page_shows),
        cmocka_unit_test(the_longest_id_has_room_in_what_is_signed),
        cmocka_unit_test(every_name_is_a_word_of_its_own),
        cmocka_unit_test(every_phase_has_its_name_and_no_other_name_is_one),
    };
    return cmocka_run_group_tests_name("proc/certattach", tests, NULL, NULL);
}
