#include "nf/common/metrics_table.h"

#include <stdio.h>
#include <string.h>

static const struct metric table[METRICS_COUNT] = {
#define X(id, kind, name, labels, help) [METRICS_##id] = {name, METRIC_##kind, labels, help},
    METRICS_TABLE(X)
#undef X
};

struct counter_help {
    const char *name, *help;
};
#define X(name, help) {#name, help},
static const struct counter_help hss[] = {METRICS_HSS_COUNTERS(X){NULL, NULL}};
static const struct counter_help mme[] = {METRICS_MME_COUNTERS(X){NULL, NULL}};
static const struct counter_help dausf[] = {METRICS_DAUSF_COUNTERS(X){NULL, NULL}};
#undef X
static const struct {
    const char *word;
    const struct counter_help *helps;
} programs[METRICS_PROGRAMS] = {
    [METRICS_OF_HSS] = {"hss", hss},
    [METRICS_OF_MME] = {"mme", mme},
    [METRICS_OF_DAUSF] = {"dausf", dausf},
};

const struct metric *metrics_of(enum metrics_id id)
{
    return &table[id];
}

void metrics_sample_route(struct metrics_text *t, const char *listener, const char *method,
                          const char *path, const struct metrics_histogram *times)
{
    char route[METRICS_LABEL_MAX];
    struct metrics_times sum = {.sum_ns = 0};
    const struct metrics_label labels[] = {{"listener", listener}, {"route", route}};
    (void)snprintf(route, sizeof route, "%.16s %.200s", method, path);
    metrics_times_add(times, &sum);
    metrics_sample_times(t, metrics_of(METRICS_HTTPS_TIME), labels, 2, &sum);
}

const char *metrics_counter_help(enum metrics_program program, const char *name)
{
    for (const struct counter_help *h = programs[program].helps; h->name != NULL; h++) {
        if (strcmp(h->name, name) == 0) {
            return h->help;
        }
    }
    return NULL;
}

void metrics_counter(struct metrics_text *t, enum metrics_program program, const char *name,
                     uint64_t value)
{
    char full[96];
    const char *help = metrics_counter_help(program, name);
    (void)snprintf(full, sizeof full, "bindery_%s_%s_total", programs[program].word, name);
    const struct metric m = {full, METRIC_COUNTER, "", help != NULL ? help : "How often."};
    metrics_one(t, &m, value);
}
