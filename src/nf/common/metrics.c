#include "nf/common/metrics.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* ---- histograms of times ---- */

#define X(us, text) (uint64_t) us * 1000u,
static const uint64_t bounds_ns[METRICS_BUCKETS - 1] = {METRICS_BOUNDS(X)};
#undef X
#define X(us, text) text,
static const char *const bounds_text[METRICS_BUCKETS] = {METRICS_BOUNDS(X) "+Inf"};
#undef X

uint64_t metrics_now_ns(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

void metrics_add(_Atomic uint64_t *counter, uint64_t n)
{
    const uint64_t was = atomic_load_explicit(counter, memory_order_relaxed);
    atomic_store_explicit(counter, was + n, memory_order_relaxed);
}

void metrics_observe(struct metrics_histogram *h, uint64_t ns)
{
    unsigned i = 0;
    while (i < METRICS_BUCKETS - 1 && ns > bounds_ns[i]) {
        i++;
    }
    metrics_add(&h->n[i], 1);
    metrics_add(&h->sum_ns, ns);
}

void metrics_times_add(const struct metrics_histogram *h, struct metrics_times *sum)
{
    for (unsigned i = 0; i < METRICS_BUCKETS; i++) {
        sum->n[i] += atomic_load_explicit(&h->n[i], memory_order_relaxed);
    }
    sum->sum_ns += atomic_load_explicit(&h->sum_ns, memory_order_relaxed);
}

/* ---- the text ---- */

#define ROOM_FIRST 16384u

static void put(struct metrics_text *t, const char *p, size_t n)
{
    if (t->failed || n > METRICS_TEXT_MAX - t->n) {
        t->failed = true;
        return;
    }
    if (t->n + n > t->room) {
        size_t room = t->room > 0 ? t->room : ROOM_FIRST;
        while (room < t->n + n) {
            room *= 2;
        }
        char *bigger = realloc(t->p, room);
        if (bigger == NULL) {
            t->failed = true;
            return;
        }
        t->p = bigger;
        t->room = room;
    }
    memcpy(t->p + t->n, p, n);
    t->n += n;
}

static void put_text(struct metrics_text *t, const char *text)
{
    put(t, text, strlen(text));
}

static void put_number(struct metrics_text *t, uint64_t value)
{
    char text[24];
    const int n = snprintf(text, sizeof text, "%" PRIu64, value);
    put(t, text, (size_t)n);
}

/* A backslash and a line's end have to be written otherwise; in a label's value a quote too. */
static void put_escaped(struct metrics_text *t, const char *text, size_t n, bool quoted)
{
    for (size_t i = 0; i < n; i++) {
        if (text[i] == '\\') {
            put_text(t, "\\\\");
        } else if (text[i] == '\n') {
            put_text(t, "\\n");
        } else if (text[i] == '"' && quoted) {
            put_text(t, "\\\"");
        } else {
            put(t, &text[i], 1);
        }
    }
}

/* At most METRICS_LABEL_MAX octets, and no half of a character. */
static size_t cut(const char *value)
{
    size_t n = strnlen(value, METRICS_LABEL_MAX + 1);
    if (n <= METRICS_LABEL_MAX) {
        return n;
    }
    n = METRICS_LABEL_MAX;
    while (n > 0 && ((unsigned char)value[n] & 0xC0u) == 0x80u) {
        n--;
    }
    return n;
}

static void put_label(struct metrics_text *t, const char *before, const char *name,
                      const char *value)
{
    put_text(t, before);
    put_text(t, name);
    put_text(t, "=\"");
    put_escaped(t, value, cut(value), true);
    put_text(t, "\"");
}

static void put_labels(struct metrics_text *t, const struct metrics_label *labels, size_t n,
                       const char *le)
{
    for (size_t i = 0; i < n; i++) {
        put_label(t, i == 0 ? "{" : ",", labels[i].name,
                  labels[i].value != NULL ? labels[i].value : "");
    }
    if (le != NULL) {
        put_label(t, n == 0 ? "{" : ",", "le", le);
    }
    put_text(t, n > 0 || le != NULL ? "} " : " ");
}

/*= op-metrics */
void metrics_begin(struct metrics_text *t, const struct metric *m)
{
    static const char *const kinds[] = {[METRIC_COUNTER] = " counter\n",
                                        [METRIC_GAUGE] = " gauge\n",
                                        [METRIC_HISTOGRAM] = " histogram\n"};
    put_text(t, "# HELP ");
    put_text(t, m->name);
    put_text(t, " ");
    put_escaped(t, m->help, strlen(m->help), false);
    put_text(t, "\n# TYPE ");
    put_text(t, m->name);
    put_text(t, kinds[m->kind]);
}

void metrics_sample(struct metrics_text *t, const struct metric *m,
                    const struct metrics_label *labels, size_t n, uint64_t value)
{
    put_text(t, m->name);
    put_labels(t, labels, n, NULL);
    put_number(t, value);
    put_text(t, "\n");
}

void metrics_sample_signed(struct metrics_text *t, const struct metric *m,
                           const struct metrics_label *labels, size_t n, int64_t value, bool known)
{
    char text[24] = "NaN";
    if (known) {
        (void)snprintf(text, sizeof text, "%" PRId64, value);
    }
    put_text(t, m->name);
    put_labels(t, labels, n, NULL);
    put_text(t, text);
    put_text(t, "\n");
}

void metrics_sample_times(struct metrics_text *t, const struct metric *m,
                          const struct metrics_label *labels, size_t n,
                          const struct metrics_times *times)
{
    char seconds[48];
    uint64_t sum = 0;
    for (unsigned i = 0; i < METRICS_BUCKETS; i++) {
        sum += times->n[i];
        put_text(t, m->name);
        put_text(t, "_bucket");
        put_labels(t, labels, n, bounds_text[i]);
        put_number(t, sum);
        put_text(t, "\n");
    }
    (void)snprintf(seconds, sizeof seconds, "%" PRIu64 ".%09" PRIu64, times->sum_ns / 1000000000u,
                   times->sum_ns % 1000000000u);
    put_text(t, m->name);
    put_text(t, "_sum");
    put_labels(t, labels, n, NULL);
    put_text(t, seconds);
    put_text(t, "\n");
    put_text(t, m->name);
    put_text(t, "_count");
    put_labels(t, labels, n, NULL);
    put_number(t, sum);
    put_text(t, "\n");
}

void metrics_one(struct metrics_text *t, const struct metric *m, uint64_t value)
{
    metrics_begin(t, m);
    metrics_sample(t, m, NULL, 0, value);
}
