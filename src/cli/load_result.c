#include "cli/load_result.h"
#include "codec/diameter_text.h"
#include "emulator/latency.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* ---- counting ---- */

static uint64_t width_of(const struct load_plan *p)
{
    return (p->duration_ns + LOAD_COLUMNS - 1) / LOAD_COLUMNS;
}

struct load_column *load_column_at(struct load_counts *c, const struct load_plan *p, uint64_t at)
{
    uint64_t i = at / width_of(p);
    return &c->column[i < LOAD_COLUMNS ? i : LOAD_COLUMNS - 1];
}

void load_count_cause(struct load_counts *c, uint32_t code, bool experimental, uint64_t n)
{
    for (size_t i = 0; i < LOAD_CAUSES_MAX; i++) {
        struct load_cause *row = &c->cause[i];
        if (row->n == 0 && i + 1 < LOAD_CAUSES_MAX) {
            *row = (struct load_cause){.code = code, .experimental = experimental};
        } else if (row->n == 0) {
            *row = (struct load_cause){.code = LOAD_OTHER};
        }
        if ((row->code == code && row->experimental == experimental) || row->code == LOAD_OTHER) {
            row->n += n;
            return;
        }
    }
}

void load_counts_merge(struct load_counts *to, const struct load_counts *from)
{
    for (size_t i = 0; i < LOAD_KINDS; i++) {
        to->kind[i].offered += from->kind[i].offered;
        to->kind[i].succeeded += from->kind[i].succeeded;
        load_histogram_merge(&to->kind[i].latency, &from->kind[i].latency);
    }
    for (size_t i = 0; i < LOAD_COLUMNS; i++) {
        to->column[i].offered += from->column[i].offered;
        to->column[i].succeeded += from->column[i].succeeded;
        to->column[i].failed += from->column[i].failed;
        load_histogram_merge(&to->column[i].latency, &from->column[i].latency);
    }
    for (size_t i = 0; i < LOAD_CAUSES_MAX && from->cause[i].n > 0; i++) {
        load_count_cause(to, from->cause[i].code, from->cause[i].experimental, from->cause[i].n);
    }
    load_histogram_merge(&to->latency, &from->latency);
    load_histogram_merge(&to->refused, &from->refused);
    load_histogram_merge(&to->lag, &from->lag);
    to->offered += from->offered;
    to->sent += from->sent;
    to->succeeded += from->succeeded;
    to->failed += from->failed;
    to->late += from->late;
    to->cancelled += from->cancelled;
    to->breaks += from->breaks;
    to->last_ns = from->last_ns > to->last_ns ? from->last_ns : to->last_ns;
    to->span_ns = from->span_ns > to->span_ns ? from->span_ns : to->span_ns;
    to->interrupted = to->interrupted || from->interrupted;
}

/* ---- words ---- */

const char *load_cause_name(const struct load_cause *c, char text[static 32])
{
    static const char *const failures[] = {[LOAD_NO_ANSWER] = "no answer in time",
                                           [LOAD_NOT_SENT] = "not sent in time",
                                           [LOAD_LOST] = "connection lost",
                                           [LOAD_MALFORMED] = "malformed answer",
                                           [LOAD_OTHER] = "other results"};
    if (c->code > 0 && c->code <= LOAD_OTHER && !c->experimental) {
        return failures[c->code];
    }
    const char *name = diameter_result_name(c->code, c->experimental);
    if (!name) {
        snprintf(text, 32, "%s %" PRIu32, c->experimental ? "experimental" : "result", c->code);
    }
    return name ? name : text;
}

static double seconds(uint64_t ns)
{
    return (double)ns / 1e9;
}

static uint64_t span(const struct load_counts *c, const struct load_plan *p)
{
    return c->span_ns > 0 ? c->span_ns : p->duration_ns;
}

double load_achieved(const struct load_counts *c, const struct load_plan *p)
{
    uint64_t ns = span(c, p);
    return (double)c->succeeded / seconds(c->last_ns > ns ? c->last_ns : ns);
}

double load_offered(const struct load_counts *c, const struct load_plan *p)
{
    return (double)c->offered / seconds(span(c, p));
}

static void mix_text(const struct load_mix *mix, char *out, size_t cap)
{
    size_t n = 0;
    out[0] = '\0';
    for (int k = 0; k < LOAD_KINDS; k++) {
        if (mix->weight[k] > 0 && n < cap) {
            n += (size_t)snprintf(out + n, cap - n, "%s%s=%" PRIu32, n > 0 ? "," : "",
                                  load_kind_name((enum load_kind)k), mix->weight[k]);
        }
    }
}

void load_describe(const struct load_plan *p, char *out, size_t cap)
{
    char mix[64], amount[64];
    struct address_text to = address_print(&p->to);
    mix_text(&p->mix, mix, sizeof mix);
    if (p->devices > 0) {
        snprintf(amount, sizeof amount, "%" PRIu64 " devices over %g s, %s", p->devices,
                 seconds(p->duration_ns), load_pattern_name(p->pattern));
    } else {
        snprintf(amount, sizeof amount, "%g/s for %g s, %s", p->rate, seconds(p->duration_ns),
                 load_pattern_name(p->pattern));
    }
    snprintf(out, cap, "%s; %s; %u x %u connection%s to %s", amount, mix, p->peers, p->per_peer,
             p->peers * p->per_peer == 1 ? "" : "s", to.s);
}

/* ---- for a person ---- */

static void report_latencies(const struct load_counts *c, FILE *to)
{
    latency_head(to, "Milliseconds from when a request was due to its answer", "answers");
    unsigned kinds = 0;
    for (int k = 0; k < LOAD_KINDS; k++) {
        kinds += c->kind[k].offered > 0;
    }
    for (int k = 0; k < LOAD_KINDS && kinds > 1; k++) {
        if (c->kind[k].offered > 0) {
            latency_row(to, load_kind_name((enum load_kind)k), &c->kind[k].latency);
        }
    }
    latency_row(to, "succeeded", &c->latency);
    if (c->refused.n > 0) {
        latency_row(to, "refused", &c->refused);
    }
    latency_row(to, "sent after", &c->lag);
}

static void report_failures(const struct load_counts *c, FILE *to)
{
    char text[32];
    fprintf(to, "\nFailed %" PRIu64 " of %" PRIu64 "\n", c->failed, c->offered);
    for (size_t i = 0; i < LOAD_CAUSES_MAX && c->cause[i].n > 0; i++) {
        fprintf(to, "  %-44s %12" PRIu64 "  %7.3f%%\n", load_cause_name(&c->cause[i], text),
                c->cause[i].n, 100.0 * (double)c->cause[i].n / (double)c->offered);
    }
}

void load_report(const struct load_counts *c, const struct load_plan *p, FILE *to)
{
    char what[256];
    load_describe(p, what, sizeof what);
    fprintf(to, "%s\n\n", what);
    if (c->interrupted) {
        fprintf(to, "Interrupted after %.1f s\n", seconds(span(c, p)));
    }
    fprintf(to, "Offered    %12" PRIu64 "  %12.1f/s\n", c->offered, load_offered(c, p));
    fprintf(to, "Succeeded  %12" PRIu64 "  %12.1f/s\n", c->succeeded, load_achieved(c, p));
    report_latencies(c, to);
    report_failures(c, to);
    if (c->late > 0) {
        fprintf(to, "Answers that came too late: %" PRIu64 "\n", c->late);
    }
    if (c->breaks > 0) {
        fprintf(to, "Connections that broke: %" PRIu64 "\n", c->breaks);
    }
    if (c->cancelled > 0) {
        fprintf(to, "Location cancellations answered: %" PRIu64 "\n", c->cancelled);
    }
    if (load_histogram_quantile(&c->lag, 0.99) > LOAD_SECOND / 1000 &&
        load_histogram_quantile(&c->lag, 0.99) * 2 > load_histogram_quantile(&c->latency, 0.99)) {
        fprintf(to, "Note: much of the time passed before requests were sent. Either the HSS does "
                    "not read,\nor this machine is too slow for the rate: see --threads.\n");
    }
}

/* ---- JSON ---- */

static json_t *json_kinds(const struct load_counts *c)
{
    json_t *o = json_object();
    for (int k = 0; k < LOAD_KINDS; k++) {
        const struct load_kind_count *n = &c->kind[k];
        if (n->offered > 0) {
            (void)json_object_set_new(o, load_kind_name((enum load_kind)k),
                                      json_pack("{s:I, s:I, s:o}", "offered",
                                                (json_int_t)n->offered, "succeeded",
                                                (json_int_t)n->succeeded, "latency_ms",
                                                latency_json(&n->latency, "answers")));
        }
    }
    return o;
}

static json_t *json_failures(const struct load_counts *c)
{
    json_t *list = json_array();
    char text[32];
    for (size_t i = 0; i < LOAD_CAUSES_MAX && c->cause[i].n > 0; i++) {
        const struct load_cause *row = &c->cause[i];
        json_t *o = json_pack("{s:s, s:I}", "cause", load_cause_name(row, text), "count",
                              (json_int_t)row->n);
        if (row->code >= 1000) {
            (void)json_object_set_new(o, "code", json_integer(row->code));
            (void)json_object_set_new(o, "experimental", json_boolean(row->experimental));
        }
        (void)json_array_append_new(list, o);
    }
    return list;
}

static json_t *json_columns(const struct load_counts *c, const struct load_plan *p)
{
    double width = seconds(width_of(p));
    json_t *list = json_array();
    for (size_t i = 0; i < LOAD_COLUMNS; i++) {
        const struct load_column *col = &c->column[i];
        (void)json_array_append_new(
            list, json_pack("{s:f, s:I, s:I, s:I, s:o}", "at", (double)i * width, "offered",
                            (json_int_t)col->offered, "succeeded", (json_int_t)col->succeeded,
                            "failed", (json_int_t)col->failed, "latency_ms",
                            latency_json(&col->latency, "answers")));
    }
    return list;
}

static json_t *json_plan(const struct load_plan *p)
{
    char mix[64];
    struct address_text to = address_print(&p->to);
    mix_text(&p->mix, mix, sizeof mix);
    return json_pack("{s:s, s:s, s:f, s:I, s:f, s:f, s:f, s:s, s:i, s:i, s:i, s:i, s:I, s:I}", "to",
                     to.s, "pattern", load_pattern_name(p->pattern), "rate", p->rate, "devices",
                     (json_int_t)p->devices, "duration_s", seconds(p->duration_ns), "warmup_s",
                     seconds(p->warmup_ns), "timeout_s", seconds(p->timeout_ns), "mix", mix,
                     "peers", (int)p->peers, "connections_per_peer", (int)p->per_peer, "threads",
                     (int)p->threads, "vectors", (int)p->vectors, "subscribers",
                     (json_int_t)p->count, "seed", (json_int_t)(p->seed >> 1));
}

json_t *load_json(const struct load_counts *c, const struct load_plan *p)
{
    return json_pack(
        "{s:o, s:b, s:f, s:I, s:I, s:I, s:I, s:f, s:f, s:o, s:o, s:o, s:o, s:o, s:I, s:I, s:I, "
        "s:o}",
        "plan", json_plan(p), "interrupted", c->interrupted, "measured_s", seconds(span(c, p)),
        "offered", (json_int_t)c->offered, "sent", (json_int_t)c->sent, "succeeded",
        (json_int_t)c->succeeded, "failed", (json_int_t)c->failed, "offered_per_s",
        load_offered(c, p), "achieved_per_s", load_achieved(c, p), "latency_ms",
        latency_json(&c->latency, "answers"), "refused_latency_ms",
        latency_json(&c->refused, "answers"), "sent_after_ms", latency_json(&c->lag, "answers"),
        "kinds", json_kinds(c), "failures", json_failures(c), "late_answers", (json_int_t)c->late,
        "broken_connections", (json_int_t)c->breaks, "location_cancellations",
        (json_int_t)c->cancelled, "over_time", json_columns(c, p));
}
