#include "cli/named_values.h"
#include "cli/nas_context.h"
#include "crypto/openssl.h"
#include "lib/check.h"
#include "nassec/nassec.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct crypto crypto;
static char why[200];
static const uint8_t plain[] = {0x07, 0x43, 0x00, 0x03, 0x52, 0x00, 0xc2}; /* ATTACH COMPLETE */
#define KASME "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

static int open_crypto(void **state)
{
    (void)state;
    return crypto_openssl_open(&crypto) == E_OK ? 0 : -1;
}

static int close_crypto(void **state)
{
    (void)state;
    crypto_openssl_close(&crypto);
    return 0;
}

static struct nas_context context_of(const char *text)
{
    struct nas_context c = {0};
    char copy[512];
    snprintf(copy, sizeof copy, "%s", text);
    if (!nas_context_parse(&c, copy, strlen(copy), why, sizeof why) ||
        !nas_context_complete(&crypto, &c, why, sizeof why)) {
        fail_msg("%s", why);
    }
    return c;
}

static struct nas_context context(unsigned eea, unsigned eia, bool down, unsigned count)
{
    char text[400];
    snprintf(text, sizeof text, "kasme=" KASME "\neea=%u\neia=%u\ndirection=%s\ncount=%u", eea, eia,
             down ? "down" : "up", count);
    return context_of(text);
}

static struct nas_security other_side(unsigned eea, unsigned eia, enum nassec_side side)
{
    struct nas_security s;
    struct nassec_agreement a = {
        .side = side, .ksi = 1, .eea = (enum nas_eea)eea, .eia = (enum nas_eia)eia};
    assert_ok(hex_decode(KASME, MBYTES_OF(a.kasme.b)));
    assert_ok(nassec_establish(&crypto, &a, &s));
    return s;
}

/* What an implementation with state protects, this one opens, and it makes the same. */
static void against_nassec(unsigned eea, unsigned eia, bool down)
{
    struct nas_security s = other_side(eea, eia, down ? NASSEC_MME : NASSEC_UE);
    uint8_t theirs[64], ours[64], opened[64];
    size_t n, m;
    struct nas_opened got;
    for (unsigned count = 0; count < 300; count++) {
        struct nas_context c = context(eea, eia, down, count);
        assert_ok(
            nassec_protect(&crypto, &s, NAS_SHT_CIPHERED, BYTES_OF(plain), MBYTES_OF(theirs), &n));
        assert_ok(nas_context_protect(&crypto, &c, BYTES_OF(plain), MBYTES_OF(ours), &m));
        assert_int_equal(m, n);
        assert_memory_equal(ours, theirs, n);
        assert_ok(
            nas_context_unprotect(&crypto, &c, (struct bytes){theirs, n}, MBYTES_OF(opened), &got));
        assert_true(got.holds && got.count == count);
        assert_true(bytes_eq(got.raw, BYTES_OF(plain)));
    }
}

static void agrees_with_the_context_that_has_state(void **state)
{
    (void)state;
    for (unsigned eea = 0; eea <= 3; eea++) {
        for (unsigned eia = 1; eia <= 3; eia++) {
            against_nassec(eea, eia, false);
            against_nassec(eea, eia, true);
        }
    }
}

static void a_service_request_too(void **state)
{
    static const uint8_t bare[] = {0xc7, 0x20, 0x00, 0x00};
    struct nas_security s = other_side(2, 2, NASSEC_UE);
    uint8_t theirs[4], ours[4];
    size_t n;
    struct nas_opened got;
    (void)state;
    for (unsigned count = 0; count < 70; count++) {
        struct nas_context c = context(2, 2, false, count);
        assert_ok(nassec_service_request(&crypto, &s, theirs));
        assert_ok(nas_context_protect(&crypto, &c, BYTES_OF(bare), MBYTES_OF(ours), &n));
        assert_int_equal(n, 4);
        assert_memory_equal(ours, theirs, 4);
        uint8_t out[4];
        assert_ok(nas_context_unprotect(&crypto, &c, BYTES_OF(theirs), MBYTES_OF(out), &got));
        assert_true(got.holds);
        theirs[3] ^= 1;
        assert_ok(nas_context_unprotect(&crypto, &c, BYTES_OF(theirs), MBYTES_OF(out), &got));
        assert_false(got.holds);
    }
}

/* Every bearer has a keystream and a MAC of its own, those of crypto/nas_algorithms.h. */
static void any_bearer(void **state)
{
    uint8_t pdu[64], cipher[sizeof plain], mac[4], covered[1 + sizeof plain];
    size_t n;
    (void)state;
    for (uint8_t bearer = 0; bearer < 32; bearer++) {
        struct nas_context c = context(3, 1, true, 0x010203);
        struct nas_position at = {0x010203, bearer, 1};
        c.bearer = bearer;
        assert_ok(nas_context_protect(&crypto, &c, BYTES_OF(plain), MBYTES_OF(pdu), &n));
        memcpy(cipher, plain, sizeof plain);
        assert_ok(
            nas_cipher(&crypto, NAS_EEA3, &c.knasenc, at, MBYTES_OF(cipher), 8 * sizeof cipher));
        assert_memory_equal(pdu + 6, cipher, sizeof cipher);
        covered[0] = 3;
        memcpy(covered + 1, cipher, sizeof cipher);
        assert_ok(
            nas_mac(&crypto, NAS_EIA1, &c.knasint, at, BYTES_OF(covered), 8 * sizeof covered, mac));
        assert_memory_equal(pdu + 1, mac, 4);
    }
}

static void header_types(void **state)
{
    static const uint8_t command[] = {0x07, 0x5d, 0x22, 0x01, 0x02, 0xe0, 0xe0};
    static const uint8_t complete[] = {0x07, 0x5e};
    struct nas_context c = context(2, 2, true, 0);
    uint8_t pdu[64];
    size_t n;
    (void)state;
    assert_ok(nas_context_protect(&crypto, &c, BYTES_OF(command), MBYTES_OF(pdu), &n));
    assert_int_equal(pdu[0], 0x37);
    assert_memory_equal(pdu + 6, command, sizeof command);
    assert_ok(nas_context_protect(&crypto, &c, BYTES_OF(complete), MBYTES_OF(pdu), &n));
    assert_int_equal(pdu[0], 0x47);
    c.sht = NAS_SHT_INTEGRITY;
    assert_ok(nas_context_protect(&crypto, &c, BYTES_OF(plain), MBYTES_OF(pdu), &n));
    assert_int_equal(pdu[0], 0x17);
    assert_memory_equal(pdu + 6, plain, sizeof plain);
}

static void what_does_not_hold(void **state)
{
    struct nas_context c = context(2, 2, false, 7), other = context(2, 2, true, 7);
    uint8_t pdu[64], out[64];
    size_t n;
    struct nas_opened got;
    (void)state;
    assert_ok(nas_context_protect(&crypto, &c, BYTES_OF(plain), MBYTES_OF(pdu), &n));
    struct bytes whole = {pdu, n};
    assert_ok(nas_context_unprotect(&crypto, &other, whole, MBYTES_OF(out), &got));
    assert_true(!got.holds && got.other_way && got.raw.n == 0);
    for (size_t i = 1; i < n; i++) { /* octet 0 only says how to read it */
        pdu[i] ^= 0x10;
        enum err e = nas_context_unprotect(&crypto, &c, whole, MBYTES_OF(out), &got);
        assert_true(i == 5 ? e == E_SYNC : e == E_OK && !got.holds && got.raw.n == 0);
        pdu[i] ^= 0x10;
    }
    c.count = 8;
    assert_err(nas_context_unprotect(&crypto, &c, whole, MBYTES_OF(out), &got), E_SYNC);
    c.has_count = false;
    assert_ok(nas_context_unprotect(&crypto, &c, whole, MBYTES_OF(out), &got));
    assert_true(got.holds && got.count == 7);
}

static void every_length_and_every_room(void **state)
{
    struct nas_context c = context(2, 2, false, 7);
    uint8_t pdu[64], out[64];
    size_t n, m;
    struct nas_opened got;
    (void)state;
    assert_ok(nas_context_protect(&crypto, &c, BYTES_OF(plain), MBYTES_OF(pdu), &n));
    for (size_t i = 0; i < n; i++) {
        uint8_t *prefix = exact_copy((struct bytes){pdu, i});
        enum err e =
            nas_context_unprotect(&crypto, &c, (struct bytes){prefix, i}, MBYTES_OF(out), &got);
        assert_true(e == E_OK ? !got.holds : e == E_TRUNCATED || e == E_UNSUPPORTED);
        free(prefix);
        assert_err(nas_context_protect(&crypto, &c, BYTES_OF(plain), (struct mbytes){out, i}, &m),
                   E_NO_ROOM);
    }
    for (size_t i = 0; i < sizeof plain; i++) {
        assert_err(nas_context_unprotect(&crypto, &c, (struct bytes){pdu, n},
                                         (struct mbytes){out, i}, &got),
                   E_NO_ROOM);
    }
    assert_err(nas_context_protect(&crypto, &c, (struct bytes){pdu, n}, MBYTES_OF(out), &m),
               E_BAD_STATE);
    assert_err(nas_context_unprotect(&crypto, &c, BYTES_OF(plain), MBYTES_OF(out), &got),
               E_BAD_STATE);
    pdu[0] = 0x57;
    assert_err(nas_context_unprotect(&crypto, &c, (struct bytes){pdu, n}, MBYTES_OF(out), &got),
               E_UNSUPPORTED);
}

/* ---- its text ---- */

static void forms_of_one_context(void **state)
{
    struct nas_context a = context_of("# test\nkasme = " KASME "\r\neea=EEA2\neia=128-EIA2\n"
                                      "count=0x0100\n direction = down\nbearer=3\nheader-type=1");
    struct nas_context b = context_of("{\"kasme\":\"" KASME "\",\"eea\":2,\"eia\":\"eia2\","
                                      "\"count\":256,\"direction\":\"down\",\"bearer\":3,"
                                      "\"header-type\":1}");
    char keys[200], enc[33], in[33];
    (void)state;
    assert_memory_equal(&a, &b, sizeof a);
    assert_int_equal(a.count, 256);
    hex_encode(BYTES_OF(a.knasenc.b), enc);
    hex_encode(BYTES_OF(a.knasint.b), in);
    snprintf(keys, sizeof keys, "knasenc=%s\nknasint=%s\neea=2\neia=2\ndirection=up", enc, in);
    struct nas_context c = context_of(keys);
    assert_memory_equal(&a.knasenc, &c.knasenc, sizeof c.knasenc);
    assert_memory_equal(&a.knasint, &c.knasint, sizeof c.knasint);
}

static void refused(const char *text, const char *part)
{
    struct nas_context c = {0};
    char copy[512];
    snprintf(copy, sizeof copy, "%s", text);
    bool good = nas_context_parse(&c, copy, strlen(copy), why, sizeof why) &&
                nas_context_complete(&crypto, &c, why, sizeof why);
    assert_false(good);
    if (!strstr(why, part) || strstr(why, "c0ffee")) {
        fail_msg("'%s' is not all of '%s'", part, why);
    }
}

static void bad_text_is_placed(void **state)
{
    (void)state;
    refused("eea=2\nkasme=c0ffee", "line 2: kasme takes 64 hex digits");
    refused("knasenc=c0ffee", "line 1: knasenc takes 32 hex digits");
    refused("{\"knasint\":\"c0ffee\"}", "knasint takes 32 hex digits");
    refused("c0ffee", "line 1: not of the form");
    refused("colour=c0ffee", "'colour' is nothing of a NAS security context");
    refused("eia=0", "eia takes 1 to 3");
    refused("eea=4", "eea takes 0 to 3");
    refused("eea=128-2", "eea takes 0 to 3");
    refused("eea=-1", "eea takes 0 to 3");
    refused("count=16777216", "count takes 0 to 16777215");
    refused("count=1x", "count takes");
    refused("bearer=32", "bearer takes 0 to 31");
    refused("direction=left", "direction takes up or down");
    refused("header-type=5", "header-type takes 1 to 4");
    refused("{\"count\":true}", "count takes");
    refused("", "eia, the integrity algorithm, is missing");
    refused("eia=2", "eea, the ciphering algorithm, is missing");
    refused("eia=2\neea=0", "direction, up or down, is missing");
    refused("eia=2\neea=0\ndirection=up", "kasme or knasint is missing");
    refused("eia=2\neea=2\ndirection=up\nknasint=00112233445566778899aabbccddeeff",
            "kasme or knasenc is missing");
}

static bool count_names(void *ctx, const char *name, const char *value, char *reason, size_t cap)
{
    (void)name;
    (void)value;
    snprintf(reason, cap, "enough");
    return ++*(int *)ctx < 3;
}

static void values_are_handed_over_until_one_is_refused(void **state)
{
    int n = 0;
    char text[] = "a=1\n\n# x\nb=2\nc=3\nd=4";
    (void)state;
    assert_false(named_values_parse(text, strlen(text), count_names, &n, why, sizeof why));
    assert_int_equal(n, 3);
    assert_string_equal(why, "line 5: enough");
    char nul[] = "a=1\0b=2";
    assert_false(named_values_parse(nul, sizeof nul - 1, count_names, &n, why, sizeof why));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_the_context_that_has_state),
        cmocka_unit_test(a_service_request_too),
        cmocka_unit_test(any_bearer),
        cmocka_unit_test(header_types),
        cmocka_unit_test(what_does_not_hold),
        cmocka_unit_test(every_length_and_every_room),
        cmocka_unit_test(forms_of_one_context),
        cmocka_unit_test(bad_text_is_placed),
        cmocka_unit_test(values_are_handed_over_until_one_is_refused),
    };
    return cmocka_run_group_tests(tests, open_crypto, close_crypto);
}
