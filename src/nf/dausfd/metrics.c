/* What the discovery AUSF shows of itself at /metrics and /health/...: part of
 * src/nf/dausfd/dausfd.h. */
#include "nf/dausfd/dausfd.h"

static uint64_t load(const _Atomic uint64_t *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

static void on_health(void *ctx, struct metrics_health *h)
{
    const struct dausfd *d = ctx;
    if (d->store_failing) {
        metrics_unready(h, METRICS_STORE_NOT_WRITABLE, d->config->store);
    }
    if (signalling_has_ended(d->signalling)) {
        metrics_unready(h, METRICS_THREAD_ENDED, NULL);
    }
}

static bool read_peer(void *ctx, size_t i, struct metrics_peer *out)
{
    const struct dausfd *d = ctx;
    if (i >= d->config->n_peers) {
        return false;
    }
    const struct dausfd_peer_state *p = &d->peers[i];
    *out = (struct metrics_peer){p->peer->origin_host, atomic_load(&p->connections),
                                 load(&p->requests), load(&p->answers)};
    return true;
}

static void write_entries(struct metrics_text *t, const struct dausfd *d)
{
    const struct metric *m = metrics_of(METRICS_DAUSF_ENTRIES);
    const struct metrics_label live = {"phase", "live"}, spent = {"phase", "spent"};
    const struct metrics_label expired = {"phase", "expired"};
    struct discovery_counts n;
    if (discovery_count(d->store, &n) == E_OK) {
        metrics_begin(t, m);
        metrics_sample(t, m, &live, 1, n.live);
        metrics_sample(t, m, &spent, 1, n.spent);
        metrics_sample(t, m, &expired, 1, n.expired);
    }
}

static void write_times(struct metrics_text *t, const struct dausfd *d)
{
#define X(name, code) [DAUSFD_TIMED_##name] = #name,
    static const char *const names[DAUSFD_TIMED_COUNT] = {DAUSFD_TIMED(X)};
#undef X
    const struct metric *m = metrics_of(METRICS_DAUSF_TIME);
    metrics_begin(t, m);
    for (unsigned i = 0; i < DAUSFD_TIMED_COUNT; i++) {
        const struct metrics_label label = {"command", names[i]};
        struct metrics_times sum = {.sum_ns = 0};
        metrics_times_add(&d->times[i], &sum);
        metrics_sample_times(t, m, &label, 1, &sum);
    }
}

static void on_write(void *ctx, struct metrics_text *t)
{
    struct dausfd *d = ctx;
    const struct metric *m = metrics_of(METRICS_DAUSF_REFUSALS);
    json_t *counts = https_api_counts(d->push);
    const struct metrics_listener listener = {"push", counts};
    const struct https_api_named named = {"push", d->push};
#define X(name) metrics_counter(t, METRICS_OF_DAUSF, #name, load(&d->counters.name));
    DAUSFD_COUNTERS(X)
#undef X
    metrics_begin(t, m);
    for (unsigned i = REFUSAL_NONE + 1; i < REFUSAL_COUNT; i++) {
        const struct metrics_label label = {"cause", refusal_row((enum refusal)i)->name};
        if (load(&d->refused[i]) > 0) {
            metrics_sample(t, m, &label, 1, load(&d->refused[i]));
        }
    }
    write_entries(t, d);
    metrics_peers(t, read_peer, d);
    metrics_listeners(t, &listener, 1);
    https_api_write_times(t, &named, 1);
    write_times(t, d);
    json_decref(counts);
}

#define add(f, path, ...) metrics_files_add(f, FILE_WATCH_CERTIFICATES, path, __VA_ARGS__)
static void list_files(const void *config, struct metrics_files *f)
{
    const struct dausfd_config *c = config;
    metrics_files_add(f, FILE_WATCH_STORE, c->store, "store");
    for (size_t i = 0; i < c->n_listeners; i++) {
        add(f, c->listeners[i].certificate, "listeners[%zu].certificate", i);
        add(f, c->listeners[i].ca, "listeners[%zu].ca", i);
    }
    add(f, c->push.certificate, "push.certificate");
    add(f, c->push.ca, "push.ca");
    add(f, c->push.crl, "push.crl");
    add(f, c->ci_roots, "ci.roots");
    add(f, c->ci_crl, "ci.crl");
    add(f, c->admin_https.certificate, "admin_https.certificate");
    add(f, c->admin_https.ca, "admin_https.ca");
    add(f, c->admin_https.crl, "admin_https.crl");
}

enum err dausfd_metrics_open(struct dausfd *d, struct uv_loop_s *loop, struct metrics_port_why *why)
{
    const struct metrics_desk_options options = {.program = "bindery-dausfd",
                                                 .started_unix = d->started,
                                                 .ctx = d,
                                                 .write = on_write,
                                                 .health = on_health,
                                                 .files = list_files,
                                                 .log = d->log};
    return metrics_desk_open(&options, &d->config->metrics, d->config, loop, &d->metrics, why);
}
