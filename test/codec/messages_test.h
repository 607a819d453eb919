/* test/codec/messages_test.h - what must hold of every message, run over the samples from first to
 * before last by both message tests (base and S6a).
 */
#ifndef BINDERY_TEST_CODEC_MESSAGES_TEST_H
#define BINDERY_TEST_CODEC_MESSAGES_TEST_H

#include "codec/golden.h"
#include "codec/random_message.h"
#include "codec/samples.h"
#include <stdlib.h>

struct octets {
    uint8_t p[4096];
    size_t n;
};

static inline void golden_octets(size_t i, struct octets *out)
{
    out->n = strlen(golden[i]) / 2;
    assert_true(out->n <= sizeof out->p);
    assert_ok(hex_decode(golden[i], (struct mbytes){out->p, out->n}));
}

static inline void check_golden(size_t first, size_t end)
{
    static union any_message sample, parsed;
    for (size_t i = first; i < end; i++) {
        struct octets want;
        uint8_t out[4096];
        size_t n = 0;
        struct diameter_fault fault;
        golden_octets(i, &want);
        memset(&sample, 0, sizeof sample);
        samples[i].fill(&sample);
        assert_ok(diameter_write(samples[i].as, OWN, &sample, MBYTES_OF(out), &n));
        assert_int_equal(n, want.n);
        assert_memory_equal(out, want.p, n);
        assert_ok(
            diameter_parse(samples[i].as, OWN, (struct bytes){want.p, want.n}, &parsed, &fault));
        assert_int_equal(fault.result_code, 0);
        assert_same_message(samples[i].as, &sample, &parsed);
        assert_int_equal(parsed.header.command, samples[i].as->command);
        assert_int_equal(parsed.header.application, samples[i].as->application);
        assert_int_equal(parsed.header.request, samples[i].as->request);
    }
}

/* With the length field as it was, and with the length field put right: neither may be read past
 * its end, and neither is a message of this kind unless all that was cut off was optional. */
static inline void check_prefixes(size_t first, size_t end)
{
    static union any_message parsed;
    static const union any_message zeros;
    for (size_t i = first; i < end; i++) {
        struct octets whole;
        struct diameter_fault fault;
        golden_octets(i, &whole);
        for (size_t n = 0; n < whole.n; n++) {
            uint8_t *cut = exact_copy((struct bytes){whole.p, n});
            memset(&parsed, 0xEE, sizeof parsed);
            enum err e =
                diameter_parse(samples[i].as, OWN, (struct bytes){cut, n}, &parsed, &fault);
            assert_err(e, n < 20 ? E_TRUNCATED : E_BAD_LENGTH);
            assert_memory_equal(&parsed, &zeros, samples[i].as->table->size);
            if (n >= 20) {
                cut[2] = (uint8_t)(n >> 8);
                cut[3] = (uint8_t)n;
                e = diameter_parse(samples[i].as, OWN, (struct bytes){cut, n}, &parsed, &fault);
                assert_true(e == E_OK || e == E_BAD_LENGTH || e == E_MISSING);
                assert_true(e == E_OK ? n % 4 == 0 : fault.result_code != 0);
            }
            free(cut);
        }
    }
}

static inline void check_every_capacity(size_t first, size_t end)
{
    static union any_message sample;
    for (size_t i = first; i < end; i++) {
        struct octets whole;
        golden_octets(i, &whole);
        memset(&sample, 0, sizeof sample);
        samples[i].fill(&sample);
        for (size_t cap = 0; cap < whole.n; cap++) {
            uint8_t *out = malloc(cap ? cap : 1);
            size_t n = 77;
            assert_err(diameter_write(samples[i].as, OWN, &sample, (struct mbytes){out, cap}, &n),
                       E_NO_ROOM);
            assert_int_equal(n, 77);
            free(out);
        }
    }
}

static inline void random_header(struct pool *pool, const struct diameter_message *as,
                                 struct diameter_header *h)
{
    h->proxiable = pool_below(pool, 2);
    h->error = !as->request && pool_below(pool, 2);
    h->retransmitted = as->request && pool_below(pool, 2);
    h->hop_by_hop = (uint32_t)test_rand(&pool->seed);
    h->end_to_end = (uint32_t)test_rand(&pool->seed);
}

static inline void check_random(size_t first, size_t end)
{
    static union any_message sample, parsed;
    static uint8_t strings[1 << 16], out[1 << 16], again[1 << 16];
    for (uint64_t seed = 0; seed < 200; seed++) {
        for (size_t i = first; i < end; i++) {
            struct pool pool = {.seed = seed * 31 + i, .p = strings, .cap = sizeof strings};
            struct diameter_fault fault;
            size_t n = 0, m = 0;
            memset(&sample, 0, sizeof sample);
            random_header(&pool, samples[i].as, &sample.header);
            random_table(&pool, samples[i].as->table, (uint8_t *)&sample);
            assert_ok(diameter_write(samples[i].as, OWN, &sample, MBYTES_OF(out), &n));
            uint8_t *exact = exact_copy((struct bytes){out, n});
            assert_ok(
                diameter_parse(samples[i].as, OWN, (struct bytes){exact, n}, &parsed, &fault));
            assert_same_message(samples[i].as, &sample, &parsed);
            assert_ok(diameter_write(samples[i].as, OWN, &parsed, MBYTES_OF(again), &m));
            assert_true(bytes_eq((struct bytes){out, n}, (struct bytes){again, m}));
            free(exact);
        }
    }
}

#endif
