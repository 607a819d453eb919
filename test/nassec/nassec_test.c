#include "nassec/world.h"

#include <openssl/evp.h>

/* ---- Round trips ---- */

static void carry(struct nas_security *from, struct nas_security *to, uint8_t sht, size_t n)
{
    const struct pdu m = plain_of(n, (uint8_t)n);
    const uint32_t count = from->send_next;
    const struct pdu p = protect(from, sht, &m);
    assert_int_equal(p.b[0], sht << 4 | NAS_PD_EMM);
    assert_int_equal(p.b[5], count & 0xff);
    if (n >= 16) { /* shorter ones could look the same by chance */
        const bool hidden = sht == NAS_SHT_CIPHERED && from->agreed.eea != NAS_EEA0;
        assert_int_equal(memcmp(p.b + 6, m.b, n) != 0, hidden);
    }
    struct pdu plain;
    struct nassec_received got;
    assert_ok(receive_into(to, &p, n, &plain, &got));
    assert_int_equal(plain.n, n);
    assert_memory_equal(plain.b, m.b, n);
    assert_int_equal(got.count, count);
    assert_int_equal(got.sht, sht);
    assert_int_equal(nassec_was_ciphered(to, &got),
                     sht == NAS_SHT_CIPHERED && from->agreed.eea != NAS_EEA0);
}

static void every_pair_of_algorithms_carries_messages_both_ways(void **state)
{
    (void)state;
    for (int eea = 0; eea <= 3; eea++) {
        for (int eia = 1; eia <= 3; eia++) {
            struct pair p;
            pair_start(&p, eea, eia);
            for (size_t n = 2; n <= 70; n++) {
                carry(&p.ue, &p.mme, NAS_SHT_CIPHERED, n);
                carry(&p.mme, &p.ue, NAS_SHT_CIPHERED, n);
                carry(&p.ue, &p.mme, NAS_SHT_INTEGRITY, n);
                carry(&p.mme, &p.ue, NAS_SHT_INTEGRITY, n);
            }
            assert_int_equal(p.ue.send_next, 138);
            assert_int_equal(p.mme.receive_next, 138);
        }
    }
}

/* EEA2 and EIA2 put together from OpenSSL's AES and the published keys of kdf_33401.json. */
static void a_message_is_what_the_specification_says_octet_for_octet(void **state)
{
    (void)state;
    struct nassec_agreement a = agreement(NASSEC_MME, 2, 2);
    uint8_t enc[16];
    uint8_t integrity[16];
    uint8_t want[6 + 20];
    uint8_t head[8 + 21] = {0x00, 0x01, 0x02, 0x05, 0x04}; /* COUNT 0x010205, BEARER 0, downlink */
    uint8_t counter[16] = {0x00, 0x01, 0x02, 0x05, 0x04};
    uint8_t mac[16];
    int done;
    assert_ok(hex_decode("238e457e0f758badbca8d34bb2612c10428d426757cb5553b2b184fa64bfc549",
                         MBYTES_OF(a.kasme.b)));
    assert_ok(hex_decode("f410423adcb0da8c2669b6c5c6d07e94", MBYTES_OF(enc)));
    assert_ok(hex_decode("a00b065e749d2cf958798585e7e11222", MBYTES_OF(integrity)));
    struct nas_security s;
    assert_ok(nassec_establish(&crypto, &a, &s));
    s.send_next = 0x010205;
    const struct pdu m = plain_of(20, 0x31);
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    assert_int_equal(EVP_EncryptInit_ex(ctx, EVP_aes_128_ctr(), NULL, enc, counter), 1);
    assert_int_equal(EVP_EncryptUpdate(ctx, want + 6, &done, m.b, 20), 1);
    EVP_CIPHER_CTX_free(ctx);
    want[0] = 0x27;
    want[5] = 0x05;
    memcpy(head + 8, want + 5, 21);
    assert_non_null(EVP_Q_mac(NULL, "CMAC", NULL, "AES-128-CBC", NULL, integrity, 16, head,
                              sizeof head, mac, sizeof mac, NULL));
    memcpy(want + 1, mac, 4);
    const struct pdu p = protect(&s, NAS_SHT_CIPHERED, &m);
    assert_memory_equal(p.b, want, sizeof want);
}

static void a_message_may_be_protected_where_it_stands(void **state)
{
    (void)state;
    struct pair p;
    pair_start(&p, 3, 1);
    const struct nas_security before = p.ue;
    const struct pdu m = plain_of(40, 9);
    const struct pdu apart = protect(&p.ue, NAS_SHT_CIPHERED, &m);
    p.ue = before;
    uint8_t b[NASSEC_OVERHEAD + 40];
    size_t n;
    memcpy(b + NASSEC_OVERHEAD, m.b, m.n);
    assert_ok(nassec_protect(&crypto, &p.ue, NAS_SHT_CIPHERED,
                             (struct bytes){b + NASSEC_OVERHEAD, m.n}, MBYTES_OF(b), &n));
    assert_int_equal(n, apart.n);
    assert_memory_equal(b, apart.b, n);
}

/* ---- What is refused ---- */

static void every_flipped_bit_is_refused_and_changes_nothing(void **state)
{
    (void)state;
    for (int eia = 1; eia <= 3; eia++) {
        struct pair p;
        pair_start(&p, eia, eia);
        const struct pdu m = plain_of(11, 0x42);
        carry(&p.ue, &p.mme, NAS_SHT_CIPHERED, 5);
        carry(&p.ue, &p.mme, NAS_SHT_CIPHERED, 5);
        struct pdu pdu = protect(&p.ue, NAS_SHT_CIPHERED, &m);
        for (size_t bit = 8; bit < 8 * pdu.n; bit++) {
            pdu.b[bit / 8] ^= (uint8_t)(1u << bit % 8);
            assert_refused(&p.mme, &pdu, E_BAD_MAC);
            pdu.b[bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
        assert_ok(receive(&p.mme, &pdu));
    }
}

/* The first octet is under no MAC: every value of it gives what its own meaning gives. */
static void every_first_octet_is_refused_or_means_what_it_says(void **state)
{
    (void)state;
    struct pair p;
    pair_start(&p, 2, 2);
    const struct pdu m = plain_of(11, 0x42);
    struct pdu pdu = protect(&p.ue, NAS_SHT_CIPHERED, &m);
    for (unsigned octet = 0; octet < 256; octet++) {
        struct nas_security mme = p.mme;
        const unsigned sht = octet >> 4;
        pdu.b[0] = (uint8_t)octet;
        if ((octet & 0xf) != NAS_PD_EMM || sht < 1 || sht > 4) {
            assert_refused(&mme, &pdu, E_UNSUPPORTED);
        } else if (sht > 2) { /* authentic, but no SECURITY MODE message */
            assert_refused(&mme, &pdu, E_BAD_VALUE);
        } else {
            assert_ok(receive(&mme, &pdu));
        }
    }
}

static void every_prefix_and_every_space_too_small_are_refused(void **state)
{
    (void)state;
    struct pair p;
    pair_start(&p, 1, 2);
    const struct pdu m = plain_of(30, 0x42);
    struct pdu pdu = protect(&p.ue, NAS_SHT_CIPHERED, &m);
    for (size_t n = 0; n < pdu.n; n++) {
        struct pdu cut = pdu;
        cut.n = n;
        assert_refused(&p.mme, &cut, n < 8 ? E_TRUNCATED : E_BAD_MAC);
    }
    const struct nas_security mme = p.mme;
    const struct nas_security ue = p.ue;
    for (size_t room = 0; room < m.n; room++) {
        struct pdu plain;
        struct nassec_received got;
        assert_err(receive_into(&p.mme, &pdu, room, &plain, &got), E_NO_ROOM);
    }
    for (size_t room = 0; room < pdu.n; room++) {
        uint8_t *out = calloc(1, room > 0 ? room : 1);
        size_t n = 99;
        assert_err(nassec_protect(&crypto, &p.ue, NAS_SHT_CIPHERED, (struct bytes){m.b, m.n},
                                  (struct mbytes){out, room}, &n),
                   E_NO_ROOM);
        assert_int_equal(n, 99);
        for (size_t i = 0; i < room; i++) {
            assert_int_equal(out[i], 0);
        }
        free(out);
    }
    assert_memory_equal(&p.mme, &mme, sizeof mme);
    assert_memory_equal(&p.ue, &ue, sizeof ue);
    for (size_t n = 0; n < 2; n++) {
        uint8_t out[16];
        size_t written;
        assert_err(nassec_protect(&crypto, &p.ue, NAS_SHT_CIPHERED, (struct bytes){m.b, n},
                                  MBYTES_OF(out), &written),
                   E_BAD_LENGTH);
    }
    assert_ok(receive(&p.mme, &pdu));
}

static void a_message_in_the_wrong_direction_fails_its_mac(void **state)
{
    (void)state;
    for (int eia = 1; eia <= 3; eia++) {
        struct pair p;
        pair_start(&p, 2, eia);
        const struct pdu m = plain_of(20, 1);
        const struct pdu up = protect(&p.ue, NAS_SHT_CIPHERED, &m);
        const struct pdu down = protect(&p.mme, NAS_SHT_CIPHERED, &m);
        assert_memory_not_equal(up.b + 6, down.b + 6, 20);
        assert_refused(&p.ue, &up, E_BAD_MAC);
        assert_refused(&p.mme, &down, E_BAD_MAC);
        assert_ok(receive(&p.mme, &up));
        assert_ok(receive(&p.ue, &down));
    }
}

static void a_message_of_another_context_fails_its_mac(void **state)
{
    (void)state;
    struct pair p;
    pair_start(&p, 2, 2);
    const struct pdu m = plain_of(20, 1);
    struct pdu pdu = protect(&p.ue, NAS_SHT_INTEGRITY, &m);
    struct nassec_agreement a = agreement(NASSEC_MME, 2, 1);
    struct nas_security other;
    assert_ok(nassec_establish(&crypto, &a, &other));
    assert_refused(&other, &pdu, E_BAD_MAC);
    a = agreement(NASSEC_MME, 2, 2);
    a.kasme.b[31] ^= 1;
    assert_ok(nassec_establish(&crypto, &a, &other));
    assert_refused(&other, &pdu, E_BAD_MAC);
}

/* ---- COUNT ---- */

#define MANY 700

/* The last 256 are called replays; before that nothing is left of a COUNT but its SN. */
static void every_earlier_message_is_refused_when_it_comes_again(void **state)
{
    (void)state;
    static struct pdu sent[MANY];
    struct pair p;
    pair_start(&p, 2, 2);
    for (size_t i = 0; i < MANY; i++) {
        const struct pdu m = plain_of(8, (uint8_t)i);
        sent[i] = protect(&p.ue, NAS_SHT_CIPHERED, &m);
        assert_ok(receive(&p.mme, &sent[i]));
        assert_int_equal(p.mme.receive_next, i + 1);
        assert_refused(&p.mme, &sent[i], E_SYNC);
    }
    for (size_t i = 0; i < MANY; i++) {
        assert_refused(&p.mme, &sent[i], i + 256 < MANY ? E_BAD_MAC : E_SYNC);
    }
}

static void messages_out_of_order_are_taken_once_within_the_window(void **state)
{
    (void)state;
    uint64_t seed = 32;
    struct pdu sent[4 * NASSEC_WINDOW];
    struct pair p;
    pair_start(&p, 3, 3);
    for (size_t i = 0; i < 4 * NASSEC_WINDOW; i++) {
        const struct pdu m = plain_of(8, (uint8_t)i);
        sent[i] = protect(&p.ue, NAS_SHT_CIPHERED, &m);
    }
    for (size_t base = 0; base < 4 * NASSEC_WINDOW; base += NASSEC_WINDOW) {
        size_t order[NASSEC_WINDOW] = {0};
        for (size_t i = 0; i < NASSEC_WINDOW; i++) {
            const size_t j = (size_t)(test_rand(&seed) % (i + 1));
            order[i] = order[j];
            order[j] = base + i;
        }
        for (size_t i = 0; i < NASSEC_WINDOW; i++) {
            assert_ok(receive(&p.mme, &sent[order[i]]));
            for (size_t k = 0; k <= i; k++) {
                assert_refused(&p.mme, &sent[order[k]], E_SYNC);
            }
        }
    }
    assert_int_equal(p.mme.receive_next, 4 * NASSEC_WINDOW);
}

static void a_message_behind_the_window_is_too_late(void **state)
{
    (void)state;
    for (size_t skipped = 1; skipped < 40; skipped++) {
        struct pair p;
        struct pdu first = {0};
        pair_start(&p, 1, 1);
        const struct pdu m = plain_of(8, 1);
        carry(&p.ue, &p.mme, NAS_SHT_CIPHERED, 5);
        first = protect(&p.ue, NAS_SHT_CIPHERED, &m);
        for (size_t i = 1; i < skipped; i++) {
            (void)protect(&p.ue, NAS_SHT_CIPHERED, &m);
        }
        carry(&p.ue, &p.mme, NAS_SHT_CIPHERED, 5); /* COUNT skipped + 1, while `first` has 1 */
        if (skipped < NASSEC_WINDOW) {
            assert_ok(receive(&p.mme, &first));
        }
        assert_refused(&p.mme, &first, E_SYNC);
    }
}

static void losing_up_to_255_messages_in_a_row_does_no_harm(void **state)
{
    (void)state;
    const struct pdu m = plain_of(8, 1);
    for (uint32_t lost = 0; lost <= 256; lost++) {
        struct pair p;
        pair_start(&p, 0, 2);
        p.ue.send_next = 250 + lost;
        p.mme.receive_next = 250;
        p.mme.seen = UINT32_MAX;
        struct pdu pdu = protect(&p.ue, NAS_SHT_CIPHERED, &m);
        if (lost <= 255) {
            assert_ok(receive(&p.mme, &pdu));
            assert_int_equal(p.mme.receive_next, 251 + lost);
            assert_int_equal(p.mme.seen & 1, 1);
        } else {
            assert_refused(&p.mme, &pdu, E_BAD_MAC);
        }
    }
}

static void the_overflow_counter_follows_the_sequence_number(void **state)
{
    (void)state;
    struct pair p;
    pair_start(&p, 2, 3);
    p.ue.send_next = 0x01fffe;
    p.mme.receive_next = 0x01fffe;
    p.mme.seen = 1;
    for (unsigned i = 0; i < 5; i++) {
        carry(&p.ue, &p.mme, NAS_SHT_CIPHERED, 20);
    }
    assert_int_equal(p.ue.send_next, 0x020003);
    assert_int_equal(p.mme.receive_next, 0x020003);
}

static void no_count_comes_after_the_last_one(void **state)
{
    (void)state;
    struct pair p;
    pair_start(&p, 2, 2);
    p.ue.send_next = NASSEC_COUNT_LIMIT - 2;
    p.mme.receive_next = NASSEC_COUNT_LIMIT - 2;
    p.mme.seen = 1;
    carry(&p.ue, &p.mme, NAS_SHT_CIPHERED, 20);
    carry(&p.ue, &p.mme, NAS_SHT_CIPHERED, 20);
    assert_int_equal(p.mme.receive_next, NASSEC_COUNT_LIMIT);
    const struct pdu m = plain_of(20, 1);
    const struct nas_security ue = p.ue;
    uint8_t out[26] = {0};
    uint8_t request[4];
    size_t n = 99;
    assert_err(nassec_protect(&crypto, &p.ue, NAS_SHT_CIPHERED, (struct bytes){m.b, m.n},
                              MBYTES_OF(out), &n),
               E_EXHAUSTED);
    assert_err(nassec_service_request(&crypto, &p.ue, request), E_EXHAUSTED);
    assert_memory_equal(&p.ue, &ue, sizeof ue);
    for (uint32_t sn = 0; sn < 3; sn++) { /* a sender that wraps gets nowhere */
        p.ue.send_next = sn;
        struct pdu wrapped = protect(&p.ue, NAS_SHT_CIPHERED, &m);
        assert_refused(&p.mme, &wrapped, E_BAD_MAC);
    }
}

static void aka_is_wanted_before_a_count_runs_out(void **state)
{
    (void)state;
    struct pair p;
    pair_start(&p, 2, 2);
    assert_false(nassec_wants_aka(&p.mme));
    p.mme.send_next = NASSEC_COUNT_LIMIT - 4097;
    p.mme.receive_next = NASSEC_COUNT_LIMIT - 4097;
    assert_false(nassec_wants_aka(&p.mme));
    p.mme.send_next++;
    assert_true(nassec_wants_aka(&p.mme));
    p.mme.send_next = 0;
    p.mme.receive_next++;
    assert_true(nassec_wants_aka(&p.mme));
}

/* ---- The rest ---- */

static void what_is_no_agreement_makes_no_context(void **state)
{
    (void)state;
    struct nas_security s;
    struct nas_security before;
    memset(&s, 0x5a, sizeof s);
    before = s;
    for (unsigned v = 0; v < 256; v++) {
        struct nassec_agreement side = agreement((enum nassec_side)v, 2, 2);
        struct nassec_agreement ksi = agreement(NASSEC_UE, 2, 2);
        struct nassec_agreement eea = agreement(NASSEC_UE, (int)v, 2);
        struct nassec_agreement eia = agreement(NASSEC_UE, 2, (int)v);
        ksi.ksi = (uint8_t)v;
        const struct nassec_agreement *const all[] = {&side, &ksi, &eea, &eia};
        const bool good[] = {v <= 1, v <= 6, v <= 3, v >= 1 && v <= 3};
        for (size_t i = 0; i < 4; i++) {
            assert_err(nassec_establish(&crypto, all[i], &s), good[i] ? E_OK : E_BAD_VALUE);
            if (!good[i]) {
                assert_memory_equal(&s, &before, sizeof s);
            }
            s = before;
        }
    }
}

static void kenb_comes_from_the_count_that_the_message_had(void **state)
{
    (void)state;
    struct pair p;
    pair_start(&p, 2, 2);
    struct key_kenb a;
    struct key_kenb b;
    struct key_kenb other;
    assert_ok(nassec_kenb(&crypto, &p.ue, 5, &a));
    assert_ok(nassec_kenb(&crypto, &p.mme, 5, &b));
    assert_ok(nassec_kenb(&crypto, &p.mme, 6, &other));
    assert_memory_equal(a.b, b.b, 32);
    assert_memory_not_equal(b.b, other.b, 32);
    assert_err(nassec_kenb(&crypto, &p.mme, NASSEC_COUNT_LIMIT, &other), E_BAD_VALUE);
}

/* A table that fails at the call numbered `fail_at`. */
static int calls;
static int fail_at;
static enum err failing_key(void *ctx, const uint8_t key[static 16])
{
    (void)ctx;
    return calls++ == fail_at ? E_CRYPTO : crypto.aes128_key(crypto.ctx, key);
}
static enum err failing_encrypt(void *ctx, const uint8_t *in, uint8_t *out, size_t blocks)
{
    (void)ctx;
    return calls++ == fail_at ? E_CRYPTO : crypto.aes128_encrypt(crypto.ctx, in, out, blocks);
}

static void a_failure_of_the_table_leaves_no_octet_and_no_change(void **state)
{
    (void)state;
    const struct crypto c = {.aes128_key = failing_key, .aes128_encrypt = failing_encrypt};
    struct pair p;
    pair_start(&p, 2, 2);
    const struct pair before = p;
    const struct pdu m = plain_of(30, 0x42);
    const struct pdu pdu = protect(&p.ue, NAS_SHT_CIPHERED, &m);
    p = before;
    static const uint8_t zero[PDU_MAX];
    enum err sent;
    enum err received;
    fail_at = 0;
    do {
        uint8_t out[PDU_MAX] = {0};
        uint8_t plain[PDU_MAX] = {0};
        struct nassec_received got;
        size_t n;
        p = before;
        calls = 0;
        sent = nassec_protect(&c, &p.ue, NAS_SHT_CIPHERED, (struct bytes){m.b, m.n}, MBYTES_OF(out),
                              &n);
        calls = 0;
        received =
            nassec_unprotect(&c, &p.mme, (struct bytes){pdu.b, pdu.n}, MBYTES_OF(plain), &got);
        if (sent != E_OK) {
            assert_err(sent, E_CRYPTO);
            assert_memory_equal(out, zero, sizeof out);
            assert_memory_equal(&p.ue, &before.ue, sizeof p.ue);
        }
        if (received != E_OK) {
            assert_err(received, E_CRYPTO);
            assert_memory_equal(plain, zero, sizeof plain);
            assert_memory_equal(&p.mme, &before.mme, sizeof p.mme);
        }
        fail_at++;
    } while (sent != E_OK || received != E_OK);
    assert_true(fail_at > 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_pair_of_algorithms_carries_messages_both_ways),
        cmocka_unit_test(a_message_is_what_the_specification_says_octet_for_octet),
        cmocka_unit_test(a_message_may_be_protected_where_it_stands),
        cmocka_unit_test(every_flipped_bit_is_refused_and_changes_nothing),
        cmocka_unit_test(every_first_octet_is_refused_or_means_what_it_says),
        cmocka_unit_test(every_prefix_and_every_space_too_small_are_refused),
        cmocka_unit_test(a_message_in_the_wrong_direction_fails_its_mac),
        cmocka_unit_test(a_message_of_another_context_fails_its_mac),
        cmocka_unit_test(every_earlier_message_is_refused_when_it_comes_again),
        cmocka_unit_test(messages_out_of_order_are_taken_once_within_the_window),
        cmocka_unit_test(a_message_behind_the_window_is_too_late),
        cmocka_unit_test(losing_up_to_255_messages_in_a_row_does_no_harm),
        cmocka_unit_test(the_overflow_counter_follows_the_sequence_number),
        cmocka_unit_test(no_count_comes_after_the_last_one),
        cmocka_unit_test(aka_is_wanted_before_a_count_runs_out),
        cmocka_unit_test(what_is_no_agreement_makes_no_context),
        cmocka_unit_test(kenb_comes_from_the_count_that_the_message_had),
        cmocka_unit_test(a_failure_of_the_table_leaves_no_octet_and_no_change),
    };
    return cmocka_run_group_tests_name("nassec/nassec", tests, open_crypto, close_crypto);
}
