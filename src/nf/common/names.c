#include "nf/common/names.h"

#include "base/refusal.h"
#include "net/assoc.h"
#include "net/verify.h"
#include "nf/common/admin_problem.h"
#include "nf/common/advice.h"
#include "nf/common/alerts.h"
#include "nf/common/cause_lists.h"
#include "nf/common/event_names.h"
#include "nf/common/https_api.h"
#include "nf/common/metrics_answer.h"
#include "proc/certattach.h"
#include "proc/devid.h"
#include "proc/dimsi.h"
#include "proc/kme.h"

#include <stdio.h>
#include <string.h>

typedef void name_fn(void *ctx, const struct name_word *w);

static const char *kind_name(enum advice_kind kind)
{
    static const char *const kinds[] = {
#define X(id, text) [ADVICE_##id] = text,
        ADVICE_KINDS(X)
#undef X
    };
    return kinds[kind];
}

/* A row of one of the lists, whose first stands for "nothing was refused". */
struct row {
    const char *name;
    const char *meaning;
    const char *result; /* or NULL */
    unsigned status;    /* of HTTP, or 0 */
};

static void rows_each(enum advice_kind kind, const struct row *rows, size_t n, name_fn *fn,
                      void *ctx)
{
    char facts[64];
    for (size_t i = 0; i < n; i++) {
        if (strcmp(rows[i].name, "none") == 0 || strcmp(rows[i].name, "good") == 0) {
            continue;
        }
        facts[0] = '\0';
        if (rows[i].status != 0) {
            (void)snprintf(facts, sizeof facts, "HTTP status %u", rows[i].status);
        } else if (rows[i].result != NULL) {
            (void)snprintf(facts, sizeof facts, "result %.40s", rows[i].result);
        }
        const struct name_word w = {kind_name(kind), rows[i].name, facts, rows[i].meaning,
                                    advice_of(kind, rows[i].name)};
        fn(ctx, &w);
    }
}

static void refusals(name_fn *fn, void *ctx)
{
    char facts[160], emm[32];
    for (unsigned i = 1; i < REFUSAL_COUNT; i++) {
        const struct refusal_row *r = refusal_row((enum refusal)i);
        (void)snprintf(emm, sizeof emm, "EMM cause %u", (unsigned)r->emm_cause);
        (void)snprintf(facts, sizeof facts, "Diameter %u%s; %s; %s; the device %s",
                       (unsigned)r->code, r->carrier == REFUSAL_3GPP ? " (3GPP)" : "",
                       r->emm_cause != 0 ? emm : "no EMM cause",
                       r->kind == REFUSAL_FINAL ? "final" : "provisional", r->device_next);
        const struct name_word w = {kind_name(ADVICE_REFUSAL), r->name, facts, r->sentence,
                                    advice_of(ADVICE_REFUSAL, r->name)};
        fn(ctx, &w);
    }
}

#define X_STATUS(id, name, status, sentence) {name, sentence, NULL, status},
#define X_PLAIN(id, name, sentence)          {name, sentence, NULL, 0},
#define X_RESULT(id, name, result, sentence) {name, sentence, #result, 0},
#define EACH(kind, LIST, x)                                                                        \
    do {                                                                                           \
        static const struct row rows[] = {LIST(x)};                                                \
        rows_each(kind, rows, sizeof rows / sizeof *rows, fn, ctx);                                \
    } while (0)

static void causes(name_fn *fn, void *ctx)
{
    EACH(ADVICE_DEVID, DEVID_CAUSE_LIST, X_RESULT);
    EACH(ADVICE_KME, KME_CAUSE_LIST, X_PLAIN);
    EACH(ADVICE_CERTATTACH, CERTATTACH_CAUSE_LIST, X_PLAIN);
    EACH(ADVICE_DIMSI, DIMSI_CAUSE_LIST, X_PLAIN);
    EACH(ADVICE_CERTIFICATE, VERIFY_VERDICT_LIST, X_PLAIN);
    EACH(ADVICE_CONNECTION, ASSOC_CAUSES, X_PLAIN);
    EACH(ADVICE_HEALTH, METRICS_CAUSES, X_PLAIN);
}

static void problems(name_fn *fn, void *ctx)
{
    EACH(ADVICE_PROBLEM, PROBLEM_LIST, X_STATUS);
    EACH(ADVICE_HTTPS, HTTPS_API_CAUSE_LIST, X_STATUS);
    EACH(ADVICE_REPOSITORY, REPOSITORY_CAUSE_LIST, X_STATUS);
    EACH(ADVICE_DELIVERY, DELIVERIES_RESULT_LIST, X_STATUS);
}

static void events(const char *kind, const struct event_word *rows, size_t n, name_fn *fn,
                   void *ctx)
{
    char facts[128];
    for (size_t i = 0; i < n; i++) {
        (void)snprintf(facts, sizeof facts, "said by %.100s", rows[i].programs);
        const struct name_word w = {kind, rows[i].name, facts, rows[i].meaning, rows[i].todo};
        fn(ctx, &w);
    }
}

static void alerts(name_fn *fn, void *ctx)
{
    char facts[320];
    size_t n = 0;
    const struct alert_word *rows = alert_words(&n);
    for (size_t i = 0; i < n; i++) {
        (void)snprintf(facts, sizeof facts, "severity %s; look at: %s", rows[i].severity,
                       rows[i].look);
        const struct name_word w = {"alert", rows[i].name, facts, rows[i].meaning, rows[i].todo};
        fn(ctx, &w);
    }
}

static void metric(const char *kind, const char *name, const char *labels, const char *help,
                   name_fn *fn, void *ctx)
{
    char facts[128];
    (void)snprintf(facts, sizeof facts, "%s%s%.90s", kind, labels[0] != '\0' ? "; labels " : "",
                   labels);
    const struct name_word w = {"metric", name, facts, help, NULL};
    fn(ctx, &w);
}

static void counters(const char *program, const struct row *rows, size_t n, name_fn *fn, void *ctx)
{
    char name[96];
    for (size_t i = 0; i < n; i++) {
        (void)snprintf(name, sizeof name, "bindery_%s_%s_total", program, rows[i].name);
        metric("counter", name, "", rows[i].meaning, fn, ctx);
    }
}

#define X_COUNTER(name, help) {#name, help, NULL, 0},
#define COUNTERS(program, LIST)                                                                    \
    do {                                                                                           \
        static const struct row rows[] = {LIST(X_COUNTER)};                                        \
        counters(program, rows, sizeof rows / sizeof *rows, fn, ctx);                              \
    } while (0)

static void metrics(name_fn *fn, void *ctx)
{
    static const char *const kinds[] = {
        [METRIC_COUNTER] = "counter", [METRIC_GAUGE] = "gauge", [METRIC_HISTOGRAM] = "histogram"};
    for (unsigned i = 0; i < METRICS_COUNT; i++) {
        const struct metric *m = metrics_of((enum metrics_id)i);
        metric(kinds[m->kind], m->name, m->labels, m->help, fn, ctx);
    }
    COUNTERS("hss", METRICS_HSS_COUNTERS);
    COUNTERS("mme", METRICS_MME_COUNTERS);
    COUNTERS("dausf", METRICS_DAUSF_COUNTERS);
}

void names_each(name_fn *fn, void *ctx)
{
    size_t n = 0;
    refusals(fn, ctx);
    causes(fn, ctx);
    problems(fn, ctx);
    const struct event_word *rows = event_words(&n);
    events("event", rows, n, fn, ctx);
    rows = log_words(&n);
    events("line of the log", rows, n, fn, ctx);
    rows = cause_words(&n);
    events("cause of an event", rows, n, fn, ctx);
    alerts(fn, ctx);
    metrics(fn, ctx);
}
