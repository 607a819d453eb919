#include "emulator/radio.h"

#include "codec/nas.h"
#include "lib/check.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct ear {
    unsigned n;
    uint8_t b[RADIO_PDU_MAX];
    size_t len;
    uint32_t order[4096];
};

static void hear(void *ctx, const struct radio_pdu *pdu)
{
    struct ear *e = ctx;
    e->order[e->n++ % 4096] = pdu->device;
    memcpy(e->b, pdu->octets.p, pdu->octets.n);
    e->len = pdu->octets.n;
}

static struct radio *tuned(struct ear *e, const char *faults)
{
    struct radio_config c = {.seed = 1};
    struct radio *r;
    memset(e, 0, sizeof *e);
    if (faults != NULL) {
        assert_ok(radio_faults_parse(faults, &c));
    }
    assert_ok(radio_open(&c, hear, e, &r));
    return r;
}

static const uint8_t octets[] = {1, 2, 3, 4, 5, 6, 7, 8};

static void say_many(struct radio *r, unsigned n, uint64_t now)
{
    for (unsigned i = 0; i < n; i++) {
        const struct radio_pdu pdu = {
            .direction = RADIO_DOWN, .device = i, .connection = 1, .octets = BYTES_OF(octets)};
        radio_pass(r, now, &pdu);
    }
}

static void good_radio(void **state)
{
    struct ear e;
    struct radio *r = tuned(&e, NULL);
    (void)state;
    say_many(r, 100, 0);
    assert_int_equal(e.n, 100);
    assert_memory_equal(e.b, octets, sizeof octets);
    assert_int_equal(radio_deadline(r), RADIO_NEVER);
    assert_int_equal(radio_counters(r)->passed, 100);
    radio_close(r);
}

static void loses_and_repeats(void **state)
{
    struct ear e;
    struct radio *r = tuned(&e, "lose=20,repeat=10,seed=5");
    (void)state;
    say_many(r, 2000, 0);
    const struct radio_counters *c = radio_counters(r);
    assert_true(c->lost > 300 && c->lost < 500);
    assert_true(c->repeated > 100 && c->repeated < 230);
    assert_int_equal(e.n, 2000 - c->lost + c->repeated);
    radio_close(r);
}

static void delays(void **state)
{
    struct ear e;
    struct radio *r = tuned(&e, "delay=100,delay-ms=50");
    (void)state;
    say_many(r, 500, 1000);
    assert_int_equal(e.n, 0);
    uint64_t last = 1000;
    while (radio_deadline(r) != RADIO_NEVER) {
        assert_true(radio_deadline(r) >= last);
        last = radio_deadline(r);
        radio_tick(r, last);
    }
    assert_int_equal(e.n, 500);
    assert_true(last <= 1051);
    unsigned swapped = 0;
    for (unsigned i = 1; i < 500; i++) {
        swapped += e.order[i] < e.order[i - 1];
    }
    assert_true(swapped > 20); /* some overtake others */
    say_many(r, 10, 2000);
    radio_close(r); /* with PDUs under way */
}

static void damages_one_bit(void **state)
{
    struct ear e;
    struct radio *r = tuned(&e, "tamper=100");
    (void)state;
    for (unsigned i = 0; i < 50; i++) {
        unsigned bits = 0;
        say_many(r, 1, 0);
        for (size_t k = 0; k < sizeof octets; k++) {
            bits += (unsigned)__builtin_popcount(e.b[k] ^ octets[k]);
        }
        assert_int_equal(bits, 1);
    }
    radio_close(r);
}

static void same_seed_same_run(void **state)
{
    static struct ear a, b;
    struct radio *r = tuned(&a, "lose=30,repeat=30,tamper=30,seed=99");
    (void)state;
    say_many(r, 300, 0);
    radio_close(r);
    r = tuned(&b, "lose=30,repeat=30,tamper=30,seed=99");
    say_many(r, 300, 0);
    radio_close(r);
    assert_int_equal(a.n, b.n);
    assert_memory_equal(&a, &b, sizeof a);
}

static void impossible_lengths(void **state)
{
    static uint8_t big[RADIO_PDU_MAX + 1];
    uint8_t out[RADIO_PDU_MAX];
    struct ear e;
    struct radio *r = tuned(&e, "tamper=100");
    size_t n;
    const struct radio_pdu empty = {.octets = {big, 0}}, huge = {.octets = BYTES_OF(big)};
    (void)state;
    radio_pass(r, 0, &empty);
    radio_pass(r, 0, &huge);
    assert_int_equal(e.n, 0);
    assert_int_equal(radio_counters(r)->lost, 2);
    assert_false(radio_pass_first(r, BYTES_OF(big), MBYTES_OF(out), &n));
    assert_false(radio_pass_first(r, BYTES_OF(octets), (struct mbytes){out, 8}, &n));
    assert_true(radio_pass_first(r, BYTES_OF(octets), MBYTES_OF(out), &n));
    assert_int_equal(n, sizeof octets);
    radio_close(r);
}

/* ---- on purpose ---- */

static struct radio *attacker(struct ear *e, const char *flip)
{
    struct radio_config c = {.seed = 1};
    struct radio *r;
    memset(e, 0, sizeof *e);
    assert_ok(radio_flip_parse(flip, &c));
    assert_ok(radio_open(&c, hear, e, &r));
    return r;
}

static void pass(struct radio *r, enum radio_direction direction, struct bytes octets_)
{
    const struct radio_pdu pdu = {.direction = direction, .octets = octets_};
    radio_pass(r, 0, &pdu);
}

static void flips_amf(void **state)
{
    struct ear e;
    struct radio *r = attacker(&e, "amf");
    uint8_t rand[16] = {1}, autn[16] = {2}, pdu[64];
    const struct nas_authentication_request m = {
        .ksi = 1, .rand = BYTES_OF(rand), .autn = BYTES_OF(autn)};
    struct nas_authentication_request got;
    size_t n = 0;
    (void)state;
    assert_ok(nas_write(&nas_authentication_request_message, &m, MBYTES_OF(pdu), &n));
    pass(r, RADIO_DOWN, (struct bytes){pdu, n});
    assert_ok(
        nas_parse(&nas_authentication_request_message, (struct bytes){e.b, e.len}, &got, NULL));
    assert_int_equal(got.autn.p[7], autn[7] ^ 1);
    assert_memory_equal(got.rand.p, rand, sizeof rand);
    pass(r, RADIO_UP, (struct bytes){pdu, n});
    assert_memory_equal(e.b, pdu, n); /* not in that direction */
    pass(r, RADIO_DOWN, BYTES_OF(octets));
    assert_memory_equal(e.b, octets, sizeof octets); /* not what it is not looking for */
    assert_int_equal(radio_counters(r)->changed, 1);
    radio_close(r);
}

static void exchanges_the_challenge(void **state)
{
    struct ear e;
    struct radio *r =
        attacker(&e, "challenge=000102030405060708090a0b0c0d0e0f:101112131415161718191a1b1c1d1e1f");
    uint8_t rand[16] = {1}, autn[16] = {2}, pdu[64];
    const struct nas_authentication_request m = {
        .ksi = 1, .rand = BYTES_OF(rand), .autn = BYTES_OF(autn)};
    struct nas_authentication_request got;
    size_t n = 0;
    (void)state;
    assert_ok(nas_write(&nas_authentication_request_message, &m, MBYTES_OF(pdu), &n));
    pass(r, RADIO_DOWN, (struct bytes){pdu, n});
    assert_ok(
        nas_parse(&nas_authentication_request_message, (struct bytes){e.b, e.len}, &got, NULL));
    for (uint8_t i = 0; i < 16; i++) {
        assert_int_equal(got.rand.p[i], i);
        assert_int_equal(got.autn.p[i], 16 + i);
    }
    assert_int_equal(got.ksi, 1);
    pass(r, RADIO_UP, (struct bytes){pdu, n});
    assert_memory_equal(e.b, pdu, n);
    pass(r, RADIO_DOWN, BYTES_OF(octets));
    assert_memory_equal(e.b, octets, sizeof octets);
    radio_close(r);
}

/* One bit, of what was named and of nothing else. */
static void flips_a_bit_of_a_challenge(void **state)
{
    static const char *const what[] = {"rand", "autn"};
    uint8_t rand[16] = {1}, autn[16] = {2}, pdu[64];
    const struct nas_authentication_request m = {
        .ksi = 1, .rand = BYTES_OF(rand), .autn = BYTES_OF(autn)};
    struct nas_authentication_request got;
    size_t n = 0;
    (void)state;
    assert_ok(nas_write(&nas_authentication_request_message, &m, MBYTES_OF(pdu), &n));
    for (unsigned i = 0; i < 2; i++) {
        struct ear e;
        struct radio *r = attacker(&e, what[i]);
        pass(r, RADIO_DOWN, (struct bytes){pdu, n});
        assert_ok(
            nas_parse(&nas_authentication_request_message, (struct bytes){e.b, e.len}, &got, NULL));
        assert_int_equal(got.rand.p[15], i == 0 ? 1 : 0);
        assert_int_equal(got.autn.p[15], i == 1 ? 1 : 0);
        assert_memory_equal(got.rand.p, rand, 15);
        assert_memory_equal(got.autn.p, autn, 15);
        pass(r, RADIO_UP, (struct bytes){pdu, n});
        assert_memory_equal(e.b, pdu, n);
        pass(r, RADIO_DOWN, BYTES_OF(octets));
        assert_memory_equal(e.b, octets, sizeof octets);
        radio_close(r);
    }
}

static void keeps_a_challenge_in_a_file(void **state)
{
    char path[] = "/tmp/radio_test.XXXXXX";
    const int fd = mkstemp(path);
    uint8_t rand[16] = {1}, autn[16] = {2}, pdu[64];
    const struct nas_authentication_request m = {
        .ksi = 1, .rand = BYTES_OF(rand), .autn = BYTES_OF(autn)};
    struct radio_config c = {.seed = 1};
    size_t n = 0;
    (void)state;
    assert_true(fd >= 0);
    close(fd);
    assert_err(radio_challenge_load(path, &c), E_BAD_VALUE);
    assert_ok(radio_challenge_save(path, BYTES_OF(octets))); /* none: nothing is written */
    assert_err(radio_challenge_load(path, &c), E_BAD_VALUE);
    assert_int_equal(c.flip, RADIO_FLIP_NONE);
    assert_ok(nas_write(&nas_authentication_request_message, &m, MBYTES_OF(pdu), &n));
    assert_ok(radio_challenge_save(path, (struct bytes){pdu, n}));
    assert_ok(radio_challenge_load(path, &c));
    assert_int_equal(c.flip, RADIO_FLIP_CHALLENGE);
    assert_memory_equal(c.rand, rand, sizeof rand);
    assert_memory_equal(c.autn, autn, sizeof autn);
    assert_int_equal(unlink(path), 0);
    assert_err(radio_challenge_load(path, &c), E_NOT_FOUND);
    assert_int_not_equal(radio_challenge_save("/nowhere/at/all", (struct bytes){pdu, n}), E_OK);
}

static void weakens(void **state)
{
    struct ear e;
    struct radio *r = attacker(&e, "capability");
    /* ATTACH REQUEST with EEA0 to 3, EIA1 to 3; the same integrity protected */
    const uint8_t plain[] = {0x07, 0x41, 0x71, 0x08, 0x09, 0x10, 0x10, 0x10, 0x32, 0x54, 0x76,
                             0x98, 0x02, 0xf0, 0x70, 0x00, 0x04, 0x02, 0x01, 0xd0, 0x11};
    uint8_t sealed[6 + sizeof plain] = {0x17, 1, 2, 3, 4, 5};
    (void)state;
    memcpy(sealed + 6, plain, sizeof plain);
    pass(r, RADIO_UP, BYTES_OF(plain));
    assert_int_equal(e.b[13], 0x80);
    assert_int_equal(e.b[14], 0x70);
    pass(r, RADIO_UP, BYTES_OF(sealed));
    assert_int_equal(e.b[19], 0x80);
    sealed[0] = 0x27; /* ciphered: there is nothing to be seen */
    pass(r, RADIO_UP, BYTES_OF(sealed));
    assert_memory_equal(e.b, sealed, sizeof sealed);
    radio_close(r);
}

static void flips_an_octet(void **state)
{
    struct ear e;
    struct radio *r = attacker(&e, "nas-octet=7");
    (void)state;
    pass(r, RADIO_DOWN, BYTES_OF(octets));
    assert_int_equal(e.b[7], 9);
    pass(r, RADIO_DOWN, (struct bytes){octets, 7});
    assert_memory_equal(e.b, octets, 7);
    pass(r, RADIO_UP, BYTES_OF(octets));
    assert_memory_equal(e.b, octets, 8);
    radio_close(r);
    r = attacker(&e, "nas-octet=up:0");
    pass(r, RADIO_UP, BYTES_OF(octets));
    assert_int_equal(e.b[0], 0);
    radio_close(r);
}

static void words(void **state)
{
    static const char *const flips[] = {"",
                                        "am",
                                        "amf ",
                                        "capabilities",
                                        "nas-octet=",
                                        "nas-octet=x",
                                        "nas-octet=2048",
                                        "nas-octet=up:",
                                        "challenge=",
                                        "challenge=000102030405060708090a0b0c0d0e0f:",
                                        "challenge=000102030405060708090a0b0c0d0e0f"
                                        "101112131415161718191a1b1c1d1e1f",
                                        "challenge=000102030405060708090a0b0c0d0e0f:"
                                        "101112131415161718191a1b1c1d1e1x",
                                        "nas-octet=-1"};
    static const char *const faults[] = {
        "",           "lose",    "lose=",          "lose=101",
        "lose=x",     "lose=1,", "win=5",          "delay-ms=0",
        "delay=1000", "lose=5 ", "delay-ms=60001", "seed=99999999999999999999"};
    struct radio_config c = {.seed = 4, .lose = 3}, before = c;
    struct radio *r;
    (void)state;
    for (size_t i = 0; i < sizeof flips / sizeof flips[0]; i++) {
        assert_err(radio_flip_parse(flips[i], &c), E_BAD_VALUE);
    }
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        assert_err(radio_faults_parse(faults[i], &c), E_BAD_VALUE);
        assert_memory_equal(&c, &before, sizeof c);
    }
    assert_ok(radio_faults_parse("lose=1,repeat=2,delay=3,delay-ms=4,tamper=5,seed=6", &c));
    assert_int_equal(c.lose, 1);
    assert_int_equal(c.repeat, 2);
    assert_int_equal(c.delay, 3);
    assert_int_equal(c.delay_ms, 4);
    assert_int_equal(c.tamper, 5);
    assert_int_equal(c.seed, 6);
    c.repeat = 200;
    assert_err(radio_open(&c, hear, NULL, &r), E_BAD_VALUE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        {"radio: a good one carries everything as it is", good_radio, NULL, NULL, NULL},
        {"radio: loses and repeats as many as it was told", loses_and_repeats, NULL, NULL, NULL},
        {"radio: what is delayed arrives in the order of its times", delays, NULL, NULL, NULL},
        {"radio: damage is one bit", damages_one_bit, NULL, NULL, NULL},
        {"radio: the same seed makes the same run", same_seed_same_run, NULL, NULL, NULL},
        {"radio: what no NAS PDU can be is lost", impossible_lengths, NULL, NULL, NULL},
        {"radio: amf changes that bit of AUTN and nothing else", flips_amf, NULL, NULL, NULL},
        {"radio: capability leaves EEA0 alone, where it can be seen", weakens, NULL, NULL, NULL},
        {"radio: challenge puts one of before in the place of each", exchanges_the_challenge, NULL,
         NULL, NULL},
        {"radio: rand and autn change one bit of that and nothing else", flips_a_bit_of_a_challenge,
         NULL, NULL, NULL},
        {"radio: a challenge that was kept is the one that comes", keeps_a_challenge_in_a_file,
         NULL, NULL, NULL},
        {"radio: nas-octet changes one octet in one direction", flips_an_octet, NULL, NULL, NULL},
        {"radio: words that mean nothing are refused", words, NULL, NULL, NULL},
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
