#include "proc/eir_index.h"

#include "lib/check.h"
#include <stdlib.h>

/* Edges as a table has them, and an index in memory of exactly the size that was measured. */
struct indexed {
    uint64_t *edge;
    size_t n;
    struct eir_index index;
};

static int ascending(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;
    return *x < *y ? -1 : *x > *y;
}

static void sort_and_index(struct indexed *t)
{
    struct eir_index *x = &t->index;
    size_t kept = 0;
    qsort(t->edge, t->n, sizeof *t->edge, ascending);
    for (size_t i = 0; i < t->n; i++) {
        if (kept == 0 || t->edge[kept - 1] / 4 != t->edge[i] / 4) {
            t->edge[kept++] = t->edge[i];
        }
    }
    t->n = kept;
    eir_index_measure(t->edge, t->n, x);
    if (x->n_tacs > 0) {
        x->tacs = calloc(EIR_TAC_BLOCKS, sizeof *x->tacs);
        x->first = malloc((x->n_tacs + 1) * sizeof *x->first);
        x->dense = malloc(x->n_tacs * sizeof *x->dense);
        x->serials =
            x->n_dense > 0 ? calloc(x->n_dense * EIR_SERIAL_BLOCKS, sizeof *x->serials) : NULL;
        eir_index_build(t->edge, t->n, x);
    }
}

static void drop(struct indexed *t)
{
    free(t->edge);
    free(t->index.tacs);
    free(t->index.first);
    free(t->index.dense);
    free(t->index.serials);
}

static size_t by_hand(const struct indexed *t, uint64_t imei)
{
    size_t low = 0, high = t->n;
    while (low < high) {
        size_t mid = (low + high) / 2;
        if (t->edge[mid] / 4 <= imei) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    return low;
}

static void agrees_at(const struct indexed *t, uint64_t imei)
{
    assert_int_equal(eir_index_find(&t->index, t->edge, t->n, imei), by_hand(t, imei));
}

/* At each edge and beside it, at both ends of its TAC and of its neighbours, and anywhere. */
static void agrees(const struct indexed *t, uint64_t *seed)
{
    const uint64_t all = (uint64_t)EIR_TACS * EIR_SERIALS;
    for (size_t i = 0; i < t->n; i += 1 + test_rand(seed) % 7) {
        uint64_t at = t->edge[i] / 4, tac = at / EIR_SERIALS * EIR_SERIALS;
        const uint64_t looked[] = {at,
                                   at + 1,
                                   at - 1,
                                   tac,
                                   tac - 1,
                                   tac + EIR_SERIALS - 1,
                                   tac + EIR_SERIALS,
                                   test_rand(seed) % all};
        for (size_t k = 0; k < sizeof looked / sizeof *looked; k++) {
            if (looked[k] < all) {
                agrees_at(t, looked[k]);
            }
        }
    }
    agrees_at(t, 0);
    agrees_at(t, all - 1);
}

static struct indexed edges(size_t n)
{
    return (struct indexed){.edge = malloc((n + 1) * sizeof(uint64_t)), .n = n};
}

static void few_edges_need_no_index(void **state)
{
    (void)state;
    uint64_t seed = 3;
    for (size_t n = 0; n <= EIR_FEW; n += n < 40 ? 1 : 811) {
        struct indexed t = edges(n);
        for (size_t i = 0; i < n; i++) {
            t.edge[i] = test_rand(&seed) % ((uint64_t)EIR_TACS * EIR_SERIALS) * 4 + i % 4;
        }
        sort_and_index(&t);
        assert_int_equal(t.index.n_tacs, 0);
        agrees(&t, &seed);
        drop(&t);
    }
}

/*= test op-eir-constant */
static void what_is_found_is_what_counting_finds(void **state)
{
    (void)state;
    uint64_t seed = 5;
    /* in how many TACs, from which, and how many serial numbers of them */
    const struct {
        uint64_t tacs, from, serials;
        size_t n, dense;
    } kinds[] = {{EIR_TACS, 0, EIR_SERIALS, 60000, 0}, {3, 35693803, EIR_SERIALS, 60000, 3},
                 {1, 0, EIR_SERIALS, 60000, 1},        {1, EIR_TACS - 1, EIR_SERIALS, 60000, 1},
                 {2, EIR_TACS - 2, 5000, 60000, 2},    {40, 44700, 1000, 60000, 0},
                 {EIR_BLOCK_BITS * 3, 0, 1, 5000, 0}};
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        struct indexed t = edges(kinds[k].n);
        for (size_t i = 0; i < t.n; i++) {
            uint64_t tac = kinds[k].from + test_rand(&seed) % kinds[k].tacs;
            t.edge[i] = (tac * EIR_SERIALS + test_rand(&seed) % kinds[k].serials) * 4 +
                        test_rand(&seed) % 4;
        }
        sort_and_index(&t);
        if (t.index.n_tacs > 0) {
            assert_int_equal(t.index.n_dense, kinds[k].dense);
        }
        agrees(&t, &seed);
        drop(&t);
    }
}

/* Every serial number of a TAC, and the TACs on both sides of it. */
static void a_whole_tac_and_its_neighbours(void **state)
{
    (void)state;
    const uint64_t tac = 35693803;
    struct indexed t = edges(EIR_SERIALS + 2);
    for (size_t i = 0; i < EIR_SERIALS; i++) {
        t.edge[i] = (tac * EIR_SERIALS + i) * 4;
    }
    t.edge[EIR_SERIALS] = (tac - 1) * EIR_SERIALS * 4;
    t.edge[EIR_SERIALS + 1] = ((tac + 1) * EIR_SERIALS + 7) * 4;
    sort_and_index(&t);
    assert_int_equal(t.index.n_tacs, 3);
    assert_int_equal(t.index.n_dense, 1);
    for (uint64_t i = 0; i < EIR_SERIALS; i++) {
        assert_int_equal(eir_index_find(&t.index, t.edge, t.n, tac * EIR_SERIALS + i), i + 2);
    }
    agrees_at(&t, (tac - 1) * EIR_SERIALS - 1);
    agrees_at(&t, (tac + 1) * EIR_SERIALS);
    agrees_at(&t, (tac + 1) * EIR_SERIALS + 7);
    drop(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(few_edges_need_no_index),
        cmocka_unit_test(what_is_found_is_what_counting_finds),
        cmocka_unit_test(a_whole_tac_and_its_neighbours),
    };
    return cmocka_run_group_tests_name("proc/eir_index", tests, NULL, NULL);
}
