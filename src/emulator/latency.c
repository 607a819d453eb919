#include "emulator/latency.h"

#include <inttypes.h>

static const struct {
    const char *name;
    double q;
} rows[] = {{"p50", 0.5}, {"p95", 0.95}, {"p99", 0.99}, {"p99.9", 0.999}, {"max", 1}};
#define ROWS (sizeof rows / sizeof rows[0])

static double ms(uint64_t ns)
{
    return (double)ns / 1e6;
}

void latency_head(FILE *to, const char *sentence, const char *what)
{
    fprintf(to, "\n%s\n  %-12s", sentence, "");
    for (size_t i = 0; i < ROWS; i++) {
        fprintf(to, " %9s", rows[i].name);
    }
    fprintf(to, "  %12s\n", what);
}

void latency_row(FILE *to, const char *name, const struct load_histogram *h)
{
    fprintf(to, "  %-12s", name);
    for (size_t i = 0; i < ROWS && h->n == 0; i++) {
        fprintf(to, " %9s", "-");
    }
    for (size_t i = 0; i < ROWS && h->n > 0; i++) {
        fprintf(to, " %9.3f", ms(load_histogram_quantile(h, rows[i].q)));
    }
    fprintf(to, "  %12" PRIu64 "\n", h->n);
}

json_t *latency_json(const struct load_histogram *h, const char *what)
{
    if (h->n == 0) {
        return json_null();
    }
    json_t *o = json_pack("{s:I, s:f, s:f}", what, (json_int_t)h->n, "min", ms(h->min), "mean",
                          ms(load_histogram_mean(h)));
    for (size_t i = 0; o && i < ROWS; i++) {
        (void)json_object_set_new(o, rows[i].name,
                                  json_real(ms(load_histogram_quantile(h, rows[i].q))));
    }
    return o;
}
