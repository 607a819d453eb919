/* bench/eir - equipment checks that one core looks up in the lists, and what a look-up takes.
 *
 *   bench_eir [SECONDS]
 *
 * The table is nf/hssd/eir_lists' own, filled as that fills it: proc/eir.h and its index. IMEIs are
 * drawn at random, half of them covered by a rule. Shapes: no rule at all; a million TACs; a
 * million IMEIs of as many TACs as come; a million IMEIs of one TAC; a million ranges of 500 IMEIs
 * in 2000 TACs. Output: one line each, "shape TAB look-ups per second of processor time TAB octets
 * of memory".
 */
#include "proc/eir.h"
#include "lib/measure.h"

#include <stdio.h>
#include <stdlib.h>

#define RULES  1000000u
#define DRAWN  (1u << 20) /* IMEIs that are looked up in turn: more than a cache holds */
#define BUNCH  4096u      /* look-ups between two looks at the clock */
#define SECOND 1000000000u

struct shape {
    const char *name;
    size_t n;
    /* The i-th rule, ascending, and an IMEI for the look-ups. */
    struct imei_range (*rule)(size_t i);
};

static uint64_t random_number(void)
{
    static uint64_t state = 0x9e3779b97f4a7c15u;
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

static struct imei_range a_tac(size_t i)
{
    uint64_t first = (uint64_t)(i * 97 + 3) * 1000000;
    return (struct imei_range){first, first + 999999};
}

static struct imei_range an_imei_anywhere(size_t i)
{
    uint64_t first = (uint64_t)i * 99999989 + 12345;
    return (struct imei_range){first, first};
}

static struct imei_range an_imei_of_one_tac(size_t i)
{
    uint64_t first = 35693803000000u + i;
    return (struct imei_range){first, first};
}

static struct imei_range a_stretch(size_t i)
{
    uint64_t first = 35000000000000u + (uint64_t)(i / 500) * 7000000 + i % 500 * 2000;
    return (struct imei_range){first, first + 499};
}

static void *need(void *p)
{
    if (p == NULL) {
        fprintf(stderr, "bench_eir: no memory\n");
        exit(1);
    }
    return p;
}

/* Neighbours differ in their list, else they were one. */
static struct eir_rule *rules_of(const struct shape *s)
{
    struct eir_rule *rules = need(calloc(s->n + 1, sizeof *rules));
    for (size_t i = 0; i < s->n; i++) {
        rules[i] = (struct eir_rule){s->rule(i), (enum eir_list)(EIR_WHITE + i % 3)};
    }
    return rules;
}

static size_t index_of(struct eir_table *t)
{
    struct eir_index *x = &t->index;
    eir_index_measure(t->edge, t->n_edges, x);
    if (x->n_tacs == 0) {
        return 0;
    }
    x->tacs = need(calloc(EIR_TAC_BLOCKS, sizeof *x->tacs));
    x->first = need(calloc(x->n_tacs + 1, sizeof *x->first));
    x->dense = need(calloc(x->n_tacs, sizeof *x->dense));
    x->serials = need(calloc(x->n_dense * EIR_SERIAL_BLOCKS + 1, sizeof *x->serials));
    eir_index_build(t->edge, t->n_edges, x);
    return (EIR_TAC_BLOCKS + x->n_dense * EIR_SERIAL_BLOCKS) * sizeof *x->tacs +
           (2 * x->n_tacs + 1) * sizeof *x->first;
}

static uint64_t *imeis_of(const struct shape *s)
{
    uint64_t *imeis = need(calloc(DRAWN, sizeof *imeis));
    for (size_t i = 0; i < DRAWN; i++) {
        struct imei_range r = {0, 0};
        if (s->n > 0 && i % 2 == 0) {
            r = s->rule(random_number() % s->n);
        }
        imeis[i] = r.last > 0 ? r.first + random_number() % (r.last - r.first + 1)
                              : random_number() % IMEI_NUMBERS;
    }
    return imeis;
}

static double looked_up(const struct eir_table *t, const uint64_t *imeis, uint64_t ns)
{
    static volatile unsigned kept; /* so that a look-up is one */
    unsigned sum = 0;
    uint64_t n = 0, from = cpu_ns(), now = from;
    while (now - from < ns) {
        for (unsigned i = 0; i < BUNCH; i++) {
            uint32_t rule;
            sum += (unsigned)eir_table_find(t, imeis[(n + i) % DRAWN], &rule);
        }
        n += BUNCH;
        now = cpu_ns();
    }
    kept = sum;
    (void)kept;
    return (double)n * SECOND / (double)(now - from);
}

static void run(const struct shape *s, uint64_t ns)
{
    struct eir_table t = {0};
    struct eir_rule *rules = rules_of(s);
    uint32_t *heap = need(calloc(s->n + 1, sizeof *heap));
    uint64_t *imeis = imeis_of(s);
    t.edge = need(calloc(EIR_EDGES_OF(s->n), sizeof *t.edge));
    t.rule = need(calloc(EIR_EDGES_OF(s->n), sizeof *t.rule));
    if (eir_table_build(rules, s->n, heap, &t) != E_OK) {
        fprintf(stderr, "bench_eir: %s: the rules are not in order\n", s->name);
        exit(1);
    }
    size_t octets =
        index_of(&t) + t.n_edges * (sizeof *t.edge + sizeof *t.rule) + s->n * sizeof *rules;
    printf("%s\t%.0f\t%zu\n", s->name, looked_up(&t, imeis, ns), octets);
    free(rules);
    free(heap);
    free(imeis);
    free(t.edge);
    free(t.rule);
    free(t.index.tacs);
    free(t.index.first);
    free(t.index.dense);
    free(t.index.serials);
}

int main(int argc, char **argv)
{
    static const struct shape shapes[] = {
        {"no rule", 0, a_tac},
        {"1,000,000 TACs", RULES, a_tac},
        {"1,000,000 IMEIs", RULES, an_imei_anywhere},
        {"1,000,000 IMEIs of one TAC", RULES, an_imei_of_one_tac},
        {"1,000,000 ranges", RULES, a_stretch},
    };
    uint64_t seconds = argc > 1 ? number_or_die(argv[1], "the seconds", 1, 600) : 1;
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        run(&shapes[i], seconds * SECOND);
    }
    return 0;
}
