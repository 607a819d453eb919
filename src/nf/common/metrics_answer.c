#include "nf/common/metrics_answer.h"

#include "nf/common/json_whole.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STATUS_OK          200u
#define STATUS_UNAVAILABLE 503u

static const struct {
    const char *name, *sentence;
} causes[METRICS_CAUSE_COUNT] = {
#define X(id, name, sentence) [METRICS_##id] = {name, sentence},
    METRICS_CAUSES(X)
#undef X
};

const char *metrics_cause_name(enum metrics_cause cause)
{
    return causes[cause].name;
}

void metrics_unready(struct metrics_health *h, enum metrics_cause cause, const char *detail)
{
    h->is[cause] = true;
    (void)snprintf(h->detail[cause], METRICS_DETAIL_MAX, "%s", detail != NULL ? detail : "");
}

bool metrics_is_ready(const struct metrics_health *h)
{
    for (unsigned i = 0; i < METRICS_CAUSE_COUNT; i++) {
        if (h->is[i]) {
            return false;
        }
    }
    return true;
}

const char *metrics_page_path(enum metrics_page page)
{
    static const char *const paths[METRICS_PAGES] = {[METRICS_PAGE_METRICS] = "/metrics",
                                                     [METRICS_PAGE_LIVE] = "/health/live",
                                                     [METRICS_PAGE_READY] = "/health/ready"};
    return paths[page];
}

/* ---- what every program shows ---- */

static void write_health(struct metrics_text *t, const struct metrics_health *h)
{
    const struct metric *m = metrics_of(METRICS_NOT_READY);
    metrics_one(t, metrics_of(METRICS_READY), metrics_is_ready(h));
    metrics_begin(t, m);
    for (unsigned i = 0; i < METRICS_CAUSE_COUNT; i++) {
        const struct metrics_label label = {"cause", causes[i].name};
        metrics_sample(t, m, &label, 1, h->is[i]);
    }
}

/* One metric over all files that have it; `value` returns false for those that don't. */
static void over_files(struct metrics_text *t, enum metrics_id id,
                       const struct file_watch_seen *seen, size_t n,
                       bool (*value)(const struct file_watch_seen *s, uint64_t *out))
{
    const struct metric *m = metrics_of(id);
    metrics_begin(t, m);
    for (size_t i = 0; i < n; i++) {
        uint64_t v = 0;
        const struct metrics_label labels[] = {{"use", seen[i].use}, {"file", seen[i].path}};
        const bool of_store = seen[i].kind == FILE_WATCH_STORE && id != METRICS_FILE_READABLE;
        if (seen[i].looked && value(&seen[i], &v)) {
            metrics_sample(t, m, of_store ? &labels[1] : labels, of_store ? 1 : 2, v);
        }
    }
}

static bool of_certificate(const struct file_watch_seen *s, uint64_t *out)
{
    *out = (uint64_t)s->certificate_until;
    return s->kind == FILE_WATCH_CERTIFICATES && s->certificate_until > 0;
}

static bool of_list(const struct file_watch_seen *s, uint64_t *out)
{
    *out = (uint64_t)s->list_until;
    return s->kind == FILE_WATCH_CERTIFICATES && s->list_until > 0;
}

static bool of_readable(const struct file_watch_seen *s, uint64_t *out)
{
    *out = s->readable;
    return true;
}

static bool of_disk_free(const struct file_watch_seen *s, uint64_t *out)
{
    *out = s->disk_free;
    return s->kind == FILE_WATCH_STORE && s->disk_size > 0;
}

static bool of_disk_size(const struct file_watch_seen *s, uint64_t *out)
{
    *out = s->disk_size;
    return s->kind == FILE_WATCH_STORE && s->disk_size > 0;
}

static void write_sizes(struct metrics_text *t, const struct file_watch_seen *seen, size_t n)
{
    const struct metric *m = metrics_of(METRICS_STORE_BYTES);
    metrics_begin(t, m);
    for (size_t i = 0; i < n; i++) {
        const struct metrics_label labels[] = {{"file", seen[i].path}, {"part", "main"}};
        const struct metrics_label log[] = {{"file", seen[i].path}, {"part", "log"}};
        if (seen[i].looked && seen[i].kind == FILE_WATCH_STORE && seen[i].readable) {
            metrics_sample(t, m, labels, 2, seen[i].bytes);
            metrics_sample(t, m, log, 2, seen[i].wal_bytes);
        }
    }
}

static void write_files(struct metrics_text *t, struct file_watch *files)
{
    struct file_watch_seen *seen = calloc(FILE_WATCH_MAX, sizeof *seen);
    if (seen == NULL) {
        t->failed = true;
        return;
    }
    const size_t n = file_watch_see(files, seen, FILE_WATCH_MAX);
    over_files(t, METRICS_CERTIFICATE_END, seen, n, of_certificate);
    over_files(t, METRICS_LIST_END, seen, n, of_list);
    over_files(t, METRICS_FILE_READABLE, seen, n, of_readable);
    metrics_one(t, metrics_of(METRICS_FILES_LEFT_OUT), file_watch_left_out(files));
    write_sizes(t, seen, n);
    over_files(t, METRICS_DISK_FREE, seen, n, of_disk_free);
    over_files(t, METRICS_DISK_SIZE, seen, n, of_disk_size);
    free(seen);
}

static void write_all(const struct metrics_source *s, struct metrics_text *t)
{
    struct metrics_health h = {.is = {false}};
    const struct metrics_label build[] = {{"program", s->program}, {"version", s->version}};
    s->health(s->ctx, &h);
    metrics_begin(t, metrics_of(METRICS_BUILD_INFO));
    metrics_sample(t, metrics_of(METRICS_BUILD_INFO), build, 2, 1);
    metrics_one(t, metrics_of(METRICS_START_TIME), (uint64_t)s->started_unix);
    write_health(t, &h);
    if (s->files != NULL) {
        write_files(t, s->files);
    }
    s->write(s->ctx, t);
}

/* ---- the three answers ---- */

static void reply_metrics(const struct metrics_source *s, struct metrics_reply *out)
{
    struct metrics_text t = {.p = NULL};
    write_all(s, &t);
    if (t.failed) {
        free(t.p);
        *out = (struct metrics_reply){.status = STATUS_UNAVAILABLE, .type = "text/plain"};
        return;
    }
    *out = (struct metrics_reply){.status = STATUS_OK,
                                  .type = "text/plain; version=0.0.4; charset=utf-8",
                                  .text = t.p,
                                  .n = t.n};
}

static json_t *ready_json(const struct metrics_health *h)
{
    json_t *list = json_array();
    for (unsigned i = 0; i < METRICS_CAUSE_COUNT; i++) {
        if (h->is[i]) {
            json_t *row =
                json_pack("{s:s,s:s}", "cause", causes[i].name, "sentence", causes[i].sentence);
            if (row != NULL && h->detail[i][0] != '\0') {
                (void)json_object_set_new(row, "detail", json_string(h->detail[i]));
            }
            (void)json_array_append_new(list, row);
        }
    }
    return json_pack("{s:b,s:o}", "ready", metrics_is_ready(h), "causes", list);
}

static void reply_json(unsigned status, json_t *body, struct metrics_reply *out)
{
    *out = (struct metrics_reply){.status = status, .type = "application/json"};
    out->text = json_whole_text(body, &out->n);
    out->status = out->text != NULL ? status : STATUS_UNAVAILABLE;
    json_decref(body);
}

void metrics_reply(const struct metrics_source *s, enum metrics_page page,
                   struct metrics_reply *out)
{
    struct metrics_health h = {.is = {false}};
    if (page == METRICS_PAGE_METRICS) {
        reply_metrics(s, out);
    } else if (page == METRICS_PAGE_LIVE) {
        reply_json(STATUS_OK, json_pack("{s:b}", "live", 1), out);
    } else {
        s->health(s->ctx, &h);
        reply_json(metrics_is_ready(&h) ? STATUS_OK : STATUS_UNAVAILABLE, ready_json(&h), out);
    }
}

/* ---- for the sources ---- */

void metrics_peers(struct metrics_text *t,
                   bool (*read)(void *ctx, size_t i, struct metrics_peer *out), void *ctx)
{
    static const enum metrics_id ids[] = {METRICS_PEER_CONNECTIONS, METRICS_PEER_REQUESTS,
                                          METRICS_PEER_ANSWERS};
    for (unsigned k = 0; k < 3; k++) {
        struct metrics_peer p;
        metrics_begin(t, metrics_of(ids[k]));
        for (size_t i = 0; read(ctx, i, &p); i++) {
            const struct metrics_label label = {"peer", p.name};
            const uint64_t values[] = {p.connections, p.requests, p.answers};
            metrics_sample(t, metrics_of(ids[k]), &label, 1, values[k]);
        }
    }
}

void metrics_listeners(struct metrics_text *t, const struct metrics_listener *all, size_t n)
{
    const char *cause;
    json_t *count;
    metrics_begin(t, metrics_of(METRICS_HTTPS_REQUESTS));
    for (size_t i = 0; i < n; i++) {
        const struct metrics_label label = {"listener", all[i].name};
        metrics_sample(t, metrics_of(METRICS_HTTPS_REQUESTS), &label, 1,
                       (uint64_t)json_integer_value(json_object_get(all[i].counts, "requests")));
    }
    metrics_begin(t, metrics_of(METRICS_HTTPS_REFUSED));
    for (size_t i = 0; i < n; i++) {
        json_object_foreach(json_object_get(all[i].counts, "refused"), cause, count)
        {
            const struct metrics_label labels[] = {{"listener", all[i].name}, {"cause", cause}};
            metrics_sample(t, metrics_of(METRICS_HTTPS_REFUSED), labels, 2,
                           (uint64_t)json_integer_value(count));
        }
    }
}
