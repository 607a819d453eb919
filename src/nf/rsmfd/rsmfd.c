/* Starting, serving, reloading and stopping: src/nf/rsmfd/rsmfd.h. */
#include "nf/rsmfd/rsmfd.h"

#include "crypto/openssl.h"
#include "nf/common/config_read.h"
#include "nf/common/daemon.h"
#include "nf/common/store_note.h"
#include "nf/rsmfd/rsmfd_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <uv.h>

int64_t rsmfd_wall(const struct rsmfd *r)
{
    return r->wall_s != NULL ? r->wall_s(r->clock) : (int64_t)time(NULL);
}

static uint64_t clock_now(void *ctx)
{
    struct timespec t;
    const struct rsmfd *r = ctx;
    if (r->now_ms != NULL) {
        return r->now_ms(r->clock);
    }
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static int64_t clock_wall(void *ctx)
{
    return rsmfd_wall(ctx);
}

static enum err say(struct rsmfd_why *why, enum err err, const char *where, const char *text)
{
    if (err != E_OK) {
        (void)snprintf(why->text, sizeof why->text, "%s%s%s", where, where[0] != '\0' ? ": " : "",
                       text);
    }
    return err;
}

/* ---- start ---- */

static struct https_api_rules rules_of(const struct rsmfd_config *c, const struct rsmfd_listener *l)
{
    return (struct https_api_rules){.ca = l->ca,
                                    .crl = l->crl,
                                    .requests_per_second = c->requests_per_second,
                                    .burst = c->burst};
}

static struct https_api_options options_of(struct rsmfd *r, const struct rsmfd_listener *l)
{
    return (struct https_api_options){.ctx = r,
                                      .log = r->log,
                                      .address = l->address,
                                      .certificate = l->certificate,
                                      .key = l->key,
                                      .rules = rules_of(r->config, l),
                                      .limits = r->config->limits,
                                      .now_ms = clock_now,
                                      .wall_s = clock_wall};
}

static enum err open_operators(struct rsmfd *r, uv_loop_t *loop, struct rsmfd_why *why)
{
    struct https_why said = {.text = ""};
    struct https_api_options o = options_of(r, &r->config->operators_at);
    o.routes = rsmfd_operator_routes;
    o.n_routes = rsmfd_operator_routes_n;
    o.admit = rsmfd_admit_operator;
    o.name = "operators";
    return say(why, https_api_open(&o, loop, &r->operators, &said), "listen", said.text);
}

/*= dimsi-11-tunnel */
static enum err open_devices(struct rsmfd *r, uv_loop_t *loop, struct rsmfd_why *why)
{
    struct https_why said = {.text = ""};
    struct https_api_options o = options_of(r, &r->config->devices_at);
    o.routes = rsmfd_device_routes;
    o.n_routes = rsmfd_device_routes_n;
    o.admit = rsmfd_admit_device;
    o.name = "devices";
    return say(why, https_api_open(&o, loop, &r->devices, &said), "devices.listen", said.text);
}

static enum err open_files(struct rsmfd *r, struct rsmfd_why *why)
{
    struct store_why store = {.text = ""};
    enum err err = say(
        why, delivery_store_open(r->config->store, r->config->kek, &r->deliveries.store, &store),
        "", store.text);
    if (err != E_OK) {
        return err;
    }
    store_note_restored(r->log, delivery_store_origin(r->deliveries.store));
    struct crypto *crypto = calloc(1, sizeof *crypto);
    err = crypto != NULL ? crypto_openssl_open(crypto) : E_MEMORY;
    r->deliveries.crypto = crypto;
    return say(why, err, "", "OpenSSL cannot be used, or there is not enough memory");
}

enum err rsmfd_start(struct rsmfd *r, uv_loop_t *loop, struct rsmfd_why *why)
{
    struct admin_why admin = {.text = ""};
    struct metrics_port_why metrics = {.text = ""};
    r->started = rsmfd_wall(r);
    enum err err = open_files(r, why);
    if (err == E_OK) {
        err = open_operators(r, loop, why);
    }
    if (err == E_OK) {
        err = open_devices(r, loop, why);
    }
    if (err == E_OK && (r->config->admin != NULL || r->config->admin_https.on)) {
        err = say(why, rsmfd_admin_start(r, loop, &r->admin, &admin), "admin", admin.text);
    }
    if (err == E_OK) {
        err = say(why, rsmfd_metrics_open(r, loop, &metrics), "", metrics.text);
    }
    if (err != E_OK) {
        rsmfd_stop(r);
    }
    return err;
}

void rsmfd_stop(struct rsmfd *r)
{
    metrics_desk_close(r->metrics);
    r->metrics = NULL;
    rsmfd_admin_stop(r->admin);
    https_api_close(r->devices);
    https_api_close(r->operators);
    delivery_store_close(r->deliveries.store);
    if (r->deliveries.crypto != NULL) {
        crypto_openssl_close(r->deliveries.crypto);
    }
    free(r->deliveries.crypto);
    rsmfd_config_free(r->own);
    r->deliveries = (struct deliveries){.store = NULL};
    r->admin = NULL;
    r->operators = r->devices = NULL;
    r->own = NULL;
}

/* ---- reload ---- */

struct next { /* what will count */
    struct rsmfd_config *config;
    struct metrics_next *metrics;
    struct admin_next *admin;
    struct https_api_next *operators, *devices;
};

static enum err listener_open(const struct rsmfd_config *c, const struct rsmfd_listener *l,
                              const char *place, struct https_api_next **out,
                              struct config_why *why)
{
    const struct https_api_rules rules = rules_of(c, l);
    struct https_why said = {.text = ""};
    enum err err = https_api_next_open(l->certificate, l->key, &rules, out, &said);
    return err == E_OK ? E_OK : config_wrong(why, err, place, said.text);
}

/* All that can fail. */
static enum err next_open(struct rsmfd *r, struct next *n, struct config_why *why)
{
    const struct rsmfd_config *c = n->config;
    struct metrics_port_why metrics = {.text = ""};
    struct admin_why admin = {.text = ""};
    enum err err = metrics_next_open(r->metrics, &c->metrics, c, &n->metrics, &metrics);
    if (err != E_OK) {
        return config_wrong(why, err, "metrics", metrics.text);
    }
    err = admin_next_open(rsmfd_admin_server(r->admin), &c->admin_https, &n->admin, &admin);
    if (err != E_OK) {
        return config_wrong(why, err, "admin_https", admin.text);
    }
    err = listener_open(c, &c->operators_at, "listen", &n->operators, why);
    return err == E_OK ? listener_open(c, &c->devices_at, "devices", &n->devices, why) : err;
}

static void next_drop(struct rsmfd *r, struct next *n)
{
    metrics_next_drop(n->metrics);
    admin_next_drop(n->admin);
    https_api_next_drop(n->operators);
    https_api_next_drop(n->devices);
    rsmfd_config_reload_undo(r->config, n->config);
    rsmfd_config_free(n->config);
}

static void next_take(struct rsmfd *r, struct next *n)
{
    metrics_next_take(r->metrics, n->metrics);
    admin_next_take(rsmfd_admin_server(r->admin), n->admin);
    https_api_next_take(r->operators, n->operators);
    https_api_next_take(r->devices, n->devices);
    rsmfd_config_free(r->own);
    r->own = n->config;
    r->config = n->config;
    log_set(r->log, n->config->log_level, n->config->mask_imsi);
}

static enum err read_again(struct rsmfd *r, struct config_changes *changes, struct config_why *why)
{
    struct next n = {.config = NULL};
    if (r->config->raw == NULL) {
        return config_wrong(why, E_UNSUPPORTED, "reload",
                            "the configuration was not read from a file");
    }
    enum err err = rsmfd_config_reload(r->config, &n.config, changes, why);
    if (err != E_OK) {
        return err;
    }
    err = next_open(r, &n, why);
    if (err != E_OK) {
        next_drop(r, &n);
        config_changes_free(changes);
        return err;
    }
    next_take(r, &n);
    return E_OK;
}

/*= op-reload */
enum err rsmfd_reload(struct rsmfd *r, struct config_changes *changes, struct config_why *why)
{
    *changes = (struct config_changes){.changed = {NULL, 0}};
    *why = (struct config_why){{0}, {0}};
    enum err err = read_again(r, changes, why);
    config_reload_log(r->log, err, changes, why);
    return err;
}

/* ---- serve ---- */

static void on_reload(void *ctx)
{
    struct config_changes changes;
    struct config_why why;
    if (rsmfd_reload(ctx, &changes, &why) == E_OK) {
        config_changes_free(&changes);
    }
}

static void on_stop(void *ctx)
{
    rsmfd_stop(ctx);
}

enum err rsmfd_run(struct rsmfd *r, const char *notify_socket, struct rsmfd_why *why)
{
    uv_loop_t loop;
    if (uv_loop_init(&loop) != 0) {
        return say(why, E_MEMORY, "", "there is not enough memory");
    }
    enum err err = rsmfd_start(r, &loop, why);
    if (err == E_OK) {
        struct address a = https_api_bound(r->operators), b = https_api_bound(r->devices);
        struct address_text operators = address_print(&a), devices = address_print(&b);
        struct daemon d = {
            .log = r->log,
            .ctx = r,
            .reload = on_reload,
            .stop = on_stop,
            .ready = {LOG_FIELD_STR("listener", operators.s), LOG_FIELD_STR("devices", devices.s)},
            .n_ready = 2};
        daemon_serve(&d, &loop, notify_socket);
    }
    (void)uv_run(&loop, UV_RUN_DEFAULT); /* what a failed start left to close */
    (void)uv_loop_close(&loop);
    return err;
}
