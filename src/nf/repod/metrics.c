/* What the repository shows of itself at /metrics and /health/...: part of src/nf/repod/repod.h. */
#include "nf/repod/repod.h"

#include <string.h>

static void on_health(void *ctx, struct metrics_health *h)
{
    const struct repod *r = ctx;
    uint64_t serial = 0;
    if (repo_store_last(r->store, &serial) != E_OK) {
        metrics_unready(h, METRICS_STORE_NOT_READABLE, r->config->store);
    }
    if (r->store_failing) {
        metrics_unready(h, METRICS_STORE_NOT_WRITABLE, r->config->store);
    }
    if (r->audit_failing) {
        metrics_unready(h, METRICS_AUDIT_NOT_WRITABLE, r->config->audit);
    }
}

static void write_times(struct metrics_text *t, const struct repod *r)
{
    metrics_begin(t, metrics_of(METRICS_HTTPS_TIME));
    for (size_t i = 0; i < REPOD_ROUTES; i++) {
        const char *method, *path;
        repod_route(i, &method, &path);
        metrics_sample_route(t, "https", method, path, &r->times[i]);
    }
}

static void on_write(void *ctx, struct metrics_text *t)
{
    const struct repod *r = ctx;
    const struct metric *m = metrics_of(METRICS_REPO_ANSWERS);
    const struct metrics_label ok = {"cause", "ok"};
    uint64_t serial = 0;
    metrics_begin(t, m);
    metrics_sample(t, m, &ok, 1, r->answered);
    for (unsigned i = 0; i < CAUSES; i++) {
        const struct metrics_label label = {"cause", cause_name((enum cause)i)};
        if (r->refused[i] > 0) {
            metrics_sample(t, m, &label, 1, r->refused[i]);
        }
    }
    if (repo_store_last(r->store, &serial) == E_OK) {
        metrics_one(t, metrics_of(METRICS_REPO_SERIAL), serial);
    }
    metrics_one(t, metrics_of(METRICS_REPO_GRANTS), r->rules->config->n_grants);
    write_times(t, r);
}

#define add(f, path, ...) metrics_files_add(f, FILE_WATCH_CERTIFICATES, path, __VA_ARGS__)
static void list_files(const void *config, struct metrics_files *f)
{
    const struct repod_config *c = config;
    metrics_files_add(f, FILE_WATCH_STORE, c->store, "store");
    add(f, c->certificate, "listener.certificate");
    add(f, c->ca, "listener.ca");
    add(f, c->crl, "listener.crl");
    add(f, c->admin_https.certificate, "admin.https.certificate");
    add(f, c->admin_https.ca, "admin.https.ca");
    add(f, c->admin_https.crl, "admin.https.crl");
    for (size_t i = 0; i < c->n_grants; i++) {
        if (c->grants[i].device_ca != NULL) {
            add(f, c->grants[i].device_ca, "manufacturers %.60s device_ca", c->grants[i].name);
        }
    }
    for (size_t i = 0; i < c->site.n_crl; i++) {
        add(f, c->site.crl[i], "site.crl[%zu]", i);
    }
}

void repod_answered(struct repod *r, const char *outcome)
{
    unsigned i = 0;
    while (i < CAUSES && strcmp(cause_name((enum cause)i), outcome) != 0) {
        i++;
    }
    if (i < CAUSES) {
        r->refused[i]++;
    } else {
        r->answered++;
    }
}

enum err repod_metrics_open(struct repod *r, struct uv_loop_s *loop, struct metrics_port_why *why)
{
    const struct metrics_desk_options options = {.program = "bindery-repod",
                                                 .started_unix = repod_wall(r),
                                                 .ctx = r,
                                                 .write = on_write,
                                                 .health = on_health,
                                                 .files = list_files,
                                                 .log = r->log};
    return metrics_desk_open(&options, &r->config->metrics, r->config, loop, &r->metrics, why);
}
