/* What the ARPF shows of itself at /metrics and /health/...: part of src/nf/arpfd/api.h. */
#include "nf/arpfd/api.h"

static void on_health(void *ctx, struct metrics_health *h)
{
    const struct arpfd *a = ctx;
    if (a->commit_failing) {
        metrics_unready(h, METRICS_STORE_NOT_WRITABLE, a->config->store);
    }
}

static void on_write(void *ctx, struct metrics_text *t)
{
    const struct arpfd *a = ctx;
    const struct metric *rows = metrics_of(METRICS_ARPF_ROWS);
    const struct metrics_label dimsis = {"phase", "dimsi"}, released = {"phase", "released"};
    const struct metrics_label revoked = {"phase", "revoked"};
    json_t *counts = https_api_counts(a->api);
    const struct metrics_listener listener = {"https", counts};
    const struct https_api_named named = {"https", a->api};
    metrics_begin(t, rows);
    metrics_sample(t, rows, &dimsis, 1, a->counts.dimsis);
    metrics_sample(t, rows, &released, 1, a->counts.releases);
    metrics_sample(t, rows, &revoked, 1, a->counts.revocations);
    metrics_one(t, metrics_of(METRICS_ARPF_AGAIN), a->again);
    metrics_one(t, metrics_of(METRICS_ARPF_COMMITS), a->commits);
    metrics_listeners(t, &listener, 1);
    https_api_write_times(t, &named, 1);
    json_decref(counts);
}

#define add(f, path, ...) metrics_files_add(f, FILE_WATCH_CERTIFICATES, path, __VA_ARGS__)
static void list_files(const void *config, struct metrics_files *f)
{
    const struct arpfd_config *c = config;
    metrics_files_add(f, FILE_WATCH_STORE, c->store, "store");
    add(f, c->certificate, "certificate");
    add(f, c->ca, "ca");
    add(f, c->crl, "crl");
    for (size_t i = 0; i < c->n_agreement; i++) {
        add(f, c->agreement[i].certificate, "agreement[%zu].certificate", i);
    }
    add(f, c->endorsement.certificate, "endorsement.certificate");
    add(f, c->ci.roots, "ci.roots");
    add(f, c->ci.crl, "ci.crl");
    add(f, c->sp.roots, "sp.roots");
    add(f, c->sp.crl, "sp.crl");
    add(f, c->admin_https.certificate, "admin_https.certificate");
    add(f, c->admin_https.ca, "admin_https.ca");
    add(f, c->admin_https.crl, "admin_https.crl");
}

enum err arpfd_metrics_open(struct arpfd *a, struct uv_loop_s *loop, struct metrics_port_why *why)
{
    const struct metrics_desk_options options = {.program = "bindery-arpfd",
                                                 .started_unix = a->started,
                                                 .ctx = a,
                                                 .write = on_write,
                                                 .health = on_health,
                                                 .files = list_files,
                                                 .log = a->log};
    return metrics_desk_open(&options, &a->config->metrics, a->config, loop, &a->metrics, why);
}
