/* test/codec/random_message.h - fills a message's struct with random values that its tables allow,
 * and compares two such structs, both by walking the tables.
 */
#ifndef BINDERY_TEST_CODEC_RANDOM_MESSAGE_H
#define BINDERY_TEST_CODEC_RANDOM_MESSAGE_H

#include "codec/diameter_table.h"
#include "lib/check.h"
#include <string.h>

struct pool {
    uint64_t seed;
    uint8_t *p; /* strings are put here one after the other */
    size_t n, cap;
};

static inline uint32_t pool_below(struct pool *pool, uint32_t n)
{
    return (uint32_t)(test_rand(&pool->seed) % n);
}

static inline struct bytes pool_string(struct pool *pool, const struct diameter_definition *d)
{
    uint32_t max = d->max > d->min + 40 ? d->min + 40 : d->max;
    uint32_t n = d->min + pool_below(pool, max - d->min + 1);
    bool letters = d->type == DIAMETER_UTF8 || d->type == DIAMETER_IDENTITY;
    if (d->type == DIAMETER_IDENTITY && n < 3) {
        n = 3;
    }
    if (d->type == DIAMETER_ADDRESS) {
        n = pool_below(pool, 2) ? 6 : 18;
    }
    assert_true(pool->cap - pool->n >= n);
    uint8_t *p = pool->p + pool->n;
    pool->n += n;
    for (uint32_t i = 0; i < n; i++) {
        p[i] = letters ? (uint8_t)('a' + pool_below(pool, 26)) : (uint8_t)pool_below(pool, 256);
    }
    if (d->type == DIAMETER_IDENTITY) {
        p[1] = '.';
    }
    if (d->type == DIAMETER_ADDRESS) {
        p[0] = 0;
        p[1] = n == 6 ? 1 : 2;
    }
    return (struct bytes){p, n};
}

static inline void random_table(struct pool *pool, const struct diameter_table *t, uint8_t *base);

static inline void random_element(struct pool *pool, const struct diameter_row *row, uint8_t *at)
{
    const struct diameter_definition *d = diameter_definition(row->avp);
    if (row->group) {
        *(bool *)(void *)at = true;
        random_table(pool, row->group, at);
    } else if (d->type == DIAMETER_U32 || d->type == DIAMETER_ENUM) {
        uint64_t span = (uint64_t)d->max - d->min + 1;
        *(struct diameter_u32 *)(void *)at =
            DIAMETER_U32_OF((uint32_t)(d->min + test_rand(&pool->seed) % span));
    } else if (d->type == DIAMETER_U64) {
        *(struct diameter_u64 *)(void *)at = (struct diameter_u64){true, test_rand(&pool->seed)};
    } else {
        *(struct bytes *)(void *)at = pool_string(pool, d);
    }
}

static inline void random_table(struct pool *pool, const struct diameter_table *t, uint8_t *base)
{
    for (size_t i = 0; i < t->n; i++) {
        const struct diameter_row *row = &t->rows[i];
        if (row->at_most == 0) {
            continue;
        }
        uint32_t n = row->at_least + pool_below(pool, (uint32_t)(row->at_most - row->at_least) + 1);
        for (uint32_t k = 0; k < n; k++) {
            random_element(pool, row, base + row->offset + k * row->size);
        }
        if (row->list) {
            *(size_t *)(void *)(base + row->count_offset) = n;
        }
    }
}

static inline void assert_same_table(const struct diameter_table *t, const uint8_t *a,
                                     const uint8_t *b);

static inline void assert_same_element(const struct diameter_row *row, const uint8_t *a,
                                       const uint8_t *b)
{
    const struct diameter_definition *d = diameter_definition(row->avp);
    if (row->group) {
        assert_int_equal(*(const bool *)(const void *)a, *(const bool *)(const void *)b);
        assert_same_table(row->group, a, b);
    } else if (d->type == DIAMETER_U32 || d->type == DIAMETER_ENUM) {
        const struct diameter_u32 *x = (const void *)a;
        const struct diameter_u32 *y = (const void *)b;
        assert_true(x->present == y->present && x->v == y->v);
    } else if (d->type == DIAMETER_U64) {
        const struct diameter_u64 *x = (const void *)a;
        const struct diameter_u64 *y = (const void *)b;
        assert_true(x->present == y->present && x->v == y->v);
    } else {
        const struct bytes *x = (const void *)a;
        const struct bytes *y = (const void *)b;
        assert_int_equal(x->p != NULL, y->p != NULL);
        assert_true(bytes_eq(*x, *y));
    }
}

static inline void assert_same_table(const struct diameter_table *t, const uint8_t *a,
                                     const uint8_t *b)
{
    for (size_t i = 0; i < t->n; i++) {
        const struct diameter_row *row = &t->rows[i];
        size_t n = row->at_most ? 1 : 0;
        if (row->list) {
            n = *(const size_t *)(const void *)(a + row->count_offset);
            assert_int_equal(n, *(const size_t *)(const void *)(b + row->count_offset));
        }
        for (size_t k = 0; k < n; k++) {
            size_t at = row->offset + k * row->size;
            assert_same_element(row, a + at, b + at);
        }
    }
}

/* Header (as the description has it) and AVPs. */
static inline void assert_same_message(const struct diameter_message *as, const void *a,
                                       const void *b)
{
    const struct diameter_header *x = a;
    const struct diameter_header *y = b;
    assert_true(x->proxiable == y->proxiable && x->error == y->error &&
                x->retransmitted == y->retransmitted && x->hop_by_hop == y->hop_by_hop &&
                x->end_to_end == y->end_to_end);
    assert_same_table(as->table, a, b);
}

#endif
