/* What is around the device's records: src/device/frame.c. */
#include "device/frame.h"

#include "crypto/openssl.h"
#include "lib/check.h"
#include <string.h>

static const uint8_t magic[FRAME_MAGIC_LEN] = {'X', 'Y', 'Z'};
static struct crypto crypto;

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

static enum err no_hash(void *ctx, const struct bytes *parts, size_t n, uint8_t out[static 32])
{
    (void)ctx, (void)parts, (void)n, (void)out;
    return E_CRYPTO;
}

static enum err write_sample(const struct crypto *c, uint8_t version, struct mbytes out, size_t *n)
{
    struct frame_writer f = frame_begin(out, magic, version);
    wr_u8(&f.w, 1);
    wr_be16(&f.w, 0xbeef);
    return frame_end(c, &f, n);
}

static void a_body_comes_back_as_it_was_put(void **state)
{
    uint8_t room[64], two[2];
    size_t n = 0;
    struct bytes body;
    (void)state;
    assert_ok(write_sample(&crypto, 2, MBYTES_OF(room), &n));
    assert_int_equal(n, FRAME_OVERHEAD + 3);
    static const uint8_t head[] = {'X', 'Y', 'Z', 2, 0, 3, 1, 0xbe, 0xef};
    assert_memory_equal(room, head, sizeof head);
    assert_ok(frame_open(&crypto, (struct bytes){room, n}, magic, 2, &body));
    struct rd r = rd_of(body);
    assert_true(frame_flag(&r));
    frame_octets(&r, MBYTES_OF(two));
    assert_ok(rd_end(&r));
    assert_memory_equal(two, "\xbe\xef", 2);
}

static void what_is_something_else_is_said_to_be(void **state)
{
    uint8_t room[64];
    size_t n = 0;
    struct bytes body;
    (void)state;
    assert_ok(write_sample(&crypto, 2, MBYTES_OF(room), &n));
    const struct bytes all = {room, n};
    assert_err(frame_open(&crypto, all, (const uint8_t *)"XYA", 2, &body), E_UNSUPPORTED);
    assert_err(frame_open(&crypto, all, magic, 3, &body), E_UNSUPPORTED);
    assert_err(frame_open(&crypto, all, magic, 1, &body), E_TOO_NEW);
    assert_err(frame_open(&crypto, (struct bytes){room, n + 1}, magic, 2, &body), E_TRAILING);
    for (size_t cut = 0; cut < n; cut++) {
        uint8_t *exact = exact_copy((struct bytes){room, cut});
        assert_err(frame_open(&crypto, (struct bytes){exact, cut}, magic, 2, &body), E_TRUNCATED);
        free(exact);
    }
    for (size_t at = 6; at < n; at++) {
        room[at] ^= 1;
        assert_err(frame_open(&crypto, all, magic, 2, &body), E_BAD_MAC);
        room[at] ^= 1;
    }
}

static void no_hash_is_no_frame(void **state)
{
    const struct crypto broken = {.sha256 = no_hash};
    uint8_t room[64];
    size_t n = 0;
    struct bytes body;
    (void)state;
    assert_err(write_sample(&broken, 2, MBYTES_OF(room), &n), E_CRYPTO);
    for (size_t i = 0; i < sizeof room; i++) {
        assert_int_equal(room[i], 0); /* what it was about does not stay */
    }
    assert_ok(write_sample(&crypto, 2, MBYTES_OF(room), &n));
    assert_err(frame_open(&broken, (struct bytes){room, n}, magic, 2, &body), E_CRYPTO);
}

static void too_little_room_is_wiped(void **state)
{
    (void)state;
    for (size_t cap = 0; cap < FRAME_OVERHEAD + 3; cap++) {
        uint8_t *exact = malloc(cap + 1);
        size_t n = 0;
        assert_non_null(exact);
        memset(exact, 0xee, cap + 1);
        assert_err(write_sample(&crypto, 2, (struct mbytes){exact, cap}, &n), E_NO_ROOM);
        for (size_t i = 0; i < cap; i++) {
            assert_int_equal(exact[i], 0);
        }
        assert_int_equal(exact[cap], 0xee);
        free(exact);
    }
}

static void a_flag_is_zero_or_one(void **state)
{
    (void)state;
    for (unsigned v = 0; v < 256; v++) {
        const uint8_t octet = (uint8_t)v;
        struct rd r = rd_of((struct bytes){&octet, 1});
        assert_int_equal(frame_flag(&r), v == 1);
        assert_err(rd_end(&r), v > 1 ? E_BAD_VALUE : E_OK);
        frame_fault(&r, E_BAD_DIGIT); /* the first fault is the one that counts */
        assert_err(rd_end(&r), v > 1 ? E_BAD_VALUE : E_BAD_DIGIT);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_body_comes_back_as_it_was_put),
        cmocka_unit_test(what_is_something_else_is_said_to_be),
        cmocka_unit_test(no_hash_is_no_frame),
        cmocka_unit_test(too_little_room_is_wiped),
        cmocka_unit_test(a_flag_is_zero_or_one),
    };
    return cmocka_run_group_tests(tests, open_crypto, close_crypto);
}
