/* What the RSMF shows of itself at /metrics and /health/...: part of src/nf/rsmfd/rsmfd_parts.h. */
#include "nf/rsmfd/rsmfd_parts.h"

static void on_health(void *ctx, struct metrics_health *h)
{
    const struct rsmfd *r = ctx;
    uint64_t n[DELIVERY_PHASES];
    if (delivery_store_count(r->deliveries.store, n) != E_OK) {
        metrics_unready(h, METRICS_STORE_NOT_READABLE, r->config->store);
    }
    if (r->deliveries.store_failing) {
        metrics_unready(h, METRICS_STORE_NOT_WRITABLE, r->config->store);
    }
}

static void on_write(void *ctx, struct metrics_text *t)
{
    const struct rsmfd *r = ctx;
    const struct metric *m = metrics_of(METRICS_RSMF_DELIVERIES);
    uint64_t n[DELIVERY_PHASES];
    json_t *operators = https_api_counts(r->operators), *devices = https_api_counts(r->devices);
    const struct metrics_listener listeners[] = {{"operators", operators}, {"devices", devices}};
    const struct https_api_named named[] = {{"operators", r->operators}, {"devices", r->devices}};
    if (delivery_store_count(r->deliveries.store, n) == E_OK) {
        metrics_begin(t, m);
        for (unsigned p = DIMSI_DELIVERY_READY; p <= DIMSI_DELIVERY_WITHDRAWN; p++) {
            const struct metrics_label label = {
                "phase", dimsi_delivery_phase_name((enum dimsi_delivery_phase)p)};
            metrics_sample(t, m, &label, 1, n[p]);
        }
    }
    metrics_listeners(t, listeners, 2);
    https_api_write_times(t, named, 2);
    json_decref(operators);
    json_decref(devices);
}

#define add(f, path, ...) metrics_files_add(f, FILE_WATCH_CERTIFICATES, path, __VA_ARGS__)
static void list_files(const void *config, struct metrics_files *f)
{
    const struct rsmfd_config *c = config;
    metrics_files_add(f, FILE_WATCH_STORE, c->store, "store");
    add(f, c->operators_at.certificate, "certificate");
    add(f, c->operators_at.ca, "ca");
    add(f, c->operators_at.crl, "crl");
    add(f, c->devices_at.certificate, "devices.certificate");
    add(f, c->devices_at.ca, "devices.ci.roots");
    add(f, c->devices_at.crl, "devices.ci.crl");
    add(f, c->admin_https.certificate, "admin_https.certificate");
    add(f, c->admin_https.ca, "admin_https.ca");
    add(f, c->admin_https.crl, "admin_https.crl");
}

enum err rsmfd_metrics_open(struct rsmfd *r, struct uv_loop_s *loop, struct metrics_port_why *why)
{
    const struct metrics_desk_options options = {.program = "bindery-rsmfd",
                                                 .started_unix = r->started,
                                                 .ctx = r,
                                                 .write = on_write,
                                                 .health = on_health,
                                                 .files = list_files,
                                                 .log = r->log};
    return metrics_desk_open(&options, &r->config->metrics, r->config, loop, &r->metrics, why);
}
