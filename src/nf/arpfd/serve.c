/* Starting, serving and stopping: src/nf/arpfd/arpfd.h. */
#include "nf/arpfd/api.h"

#include "crypto/openssl.h"
#include "nf/common/admin_server.h"
#include "nf/common/config_read.h"
#include "nf/common/daemon.h"
#include "nf/common/store_note.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <uv.h>

int64_t arpfd_wall(const struct arpfd *a)
{
    return a->wall_s != NULL ? a->wall_s(a->clock) : (int64_t)time(NULL);
}

static enum err say(struct arpfd_why *why, enum err err, const char *text)
{
    if (err != E_OK) {
        (void)snprintf(why->text, sizeof why->text, "%s", text);
    }
    return err;
}

/* ---- start and stop ---- */

static void on_turn(uv_prepare_t *turn)
{
    api_turn(turn->data);
}

static void on_closed(uv_handle_t *handle)
{
    free(handle);
}

static enum err open_turn(struct arpfd *a, uv_loop_t *loop)
{
    uv_prepare_t *turn = calloc(1, sizeof *turn);
    if (turn == NULL) {
        return E_MEMORY;
    }
    (void)uv_prepare_init(loop, turn);
    turn->data = a;
    (void)uv_prepare_start(turn, on_turn);
    a->turn = turn;
    return E_OK;
}

static enum err open_store(struct arpfd *a, struct arpfd_why *why)
{
    struct store_why said = {.text = ""};
    enum err err = say(why, arpf_store_open(a->config->store, &a->store, &said), said.text);
    if (err == E_OK) {
        store_note_restored(a->log, arpf_store_origin(a->store));
        err = say(why, arpf_store_count(a->store, &a->counts), "the store cannot be read");
    }
    return err;
}

enum err arpfd_start(struct arpfd *a, uv_loop_t *loop, struct arpfd_why *why)
{
    struct metrics_port_why metrics = {.text = ""};
    a->last = &a->waiting;
    a->started = arpfd_wall(a);
    enum err err = say(why, crypto_openssl_open(&a->crypto), "the library lacks an algorithm");
    if (err == E_OK) {
        err = arpfd_trust_open(a->config, a->started, a->log, &a->trust, why);
    }
    if (err == E_OK) {
        err = open_store(a, why);
    }
    if (err == E_OK) {
        err = say(why, open_turn(a, loop), "there is not enough memory");
    }
    if (err == E_OK) {
        err = api_open(a, loop, why);
    }
    if (err == E_OK && (a->config->admin != NULL || a->config->admin_https.on)) {
        err = arpfd_admin_open(a, loop, why);
    }
    if (err == E_OK) {
        err = say(why, arpfd_metrics_open(a, loop, &metrics), metrics.text);
    }
    if (err != E_OK) {
        arpfd_stop(a);
    }
    return err;
}

void arpfd_stop(struct arpfd *a)
{
    metrics_desk_close(a->metrics);
    a->metrics = NULL;
    arpfd_admin_close(a->admin);
    if (a->api != NULL) {
        https_api_quiesce(a->api);
        api_turn(a);
    }
    https_api_close(a->api);
    if (a->turn != NULL) {
        uv_close((uv_handle_t *)a->turn, on_closed);
    }
    arpf_store_close(a->store);
    arpfd_trust_close(a->trust);
    crypto_openssl_close(&a->crypto);
    a->admin = NULL;
    a->api = NULL;
    a->turn = NULL;
    a->store = NULL;
    a->trust = NULL;
    memset(&a->crypto, 0, sizeof a->crypto);
}

/* ---- reload ---- */

struct next { /* what will count; trust->config is its configuration */
    struct arpfd_trust *trust;
    struct metrics_next *metrics;
    struct admin_next *admin;
    struct https_api_next *api;
};

/* All that can fail of what serves. */
static enum err interfaces_open(struct arpfd *a, struct next *n, struct config_why *why)
{
    const struct arpfd_config *c = n->trust->config;
    const struct https_api_rules rules = {c->ca, c->crl, c->requests_per_second, c->burst};
    struct metrics_port_why metrics = {.text = ""};
    struct admin_why admin = {.text = ""};
    struct https_why said = {.text = ""};
    enum err err = metrics_next_open(a->metrics, &c->metrics, c, &n->metrics, &metrics);
    if (err != E_OK) {
        return config_wrong(why, err, "metrics", metrics.text);
    }
    err = admin_next_open(arpfd_admin_server(a->admin), &c->admin_https, &n->admin, &admin);
    if (err != E_OK) {
        return config_wrong(why, err, "admin_https", admin.text);
    }
    err = https_api_next_open(c->certificate, c->key, &rules, &n->api, &said);
    return err == E_OK ? E_OK : config_wrong(why, err, "listen", said.text);
}

static enum err next_open(struct arpfd *a, const struct arpfd_config *config, struct next *n,
                          struct config_why *why)
{
    struct arpfd_why said = {.text = ""};
    enum err err = arpfd_trust_open(config, arpfd_wall(a), a->log, &n->trust, &said);
    return err == E_OK ? interfaces_open(a, n, why) : config_wrong(why, err, "files", said.text);
}

static void next_drop(struct next *n)
{
    metrics_next_drop(n->metrics);
    admin_next_drop(n->admin);
    https_api_next_drop(n->api);
    arpfd_trust_close(n->trust);
}

static void next_take(struct arpfd *a, struct next *n)
{
    metrics_next_take(a->metrics, n->metrics);
    admin_next_take(arpfd_admin_server(a->admin), n->admin);
    https_api_next_take(a->api, n->api);
    arpfd_trust_close(a->trust);
    a->trust = n->trust;
    log_set(a->log, n->trust->config->log_level, n->trust->config->mask_imsi);
}

static enum err read_again(struct arpfd *a, struct config_changes *changes, struct config_why *why)
{
    const struct arpfd_config *was = a->trust->config;
    struct arpfd_config *config = NULL;
    struct next n = {.trust = NULL};
    if (was->raw == NULL) {
        return config_wrong(why, E_UNSUPPORTED, "reload",
                            "the configuration was not read from a file");
    }
    enum err err = arpfd_config_reload(was, &config, changes, why);
    if (err != E_OK) {
        return err;
    }
    err = next_open(a, config, &n, why);
    if (err != E_OK) {
        next_drop(&n);
        arpfd_config_reload_undo(was, config);
        arpfd_config_free(config);
        config_changes_free(changes);
        return err;
    }
    n.trust->own = config;
    next_take(a, &n);
    return E_OK;
}

/*= op-reload */
enum err arpfd_reload(struct arpfd *a, struct config_changes *changes, struct config_why *why)
{
    *changes = (struct config_changes){.changed = {NULL, 0}};
    *why = (struct config_why){{0}, {0}};
    api_turn(a); /* what was judged by the one before ends with it */
    enum err err = read_again(a, changes, why);
    config_reload_log(a->log, err, changes, why);
    return err;
}

static void on_reload(void *ctx)
{
    struct config_changes changes;
    struct config_why why;
    if (arpfd_reload(ctx, &changes, &why) == E_OK) {
        config_changes_free(&changes);
    }
}

/* ---- serve ---- */

static void on_stop(void *ctx)
{
    arpfd_stop(ctx);
}

enum err arpfd_run(struct arpfd *a, const char *notify_socket, struct arpfd_why *why)
{
    uv_loop_t loop;
    if (uv_loop_init(&loop) != 0) {
        return say(why, E_MEMORY, "there is not enough memory");
    }
    enum err err = arpfd_start(a, &loop, why);
    if (err == E_OK) {
        const struct address bound = https_api_bound(a->api);
        const struct address_text at = address_print(&bound);
        struct daemon d = {
            .log = a->log,
            .ctx = a,
            .reload = on_reload,
            .stop = on_stop,
            .ready = {LOG_FIELD_STR("listener", at.s), LOG_FIELD_STR("admin", a->config->admin)},
            .n_ready = 2};
        daemon_serve(&d, &loop, notify_socket);
    }
    (void)uv_run(&loop, UV_RUN_DEFAULT); /* what a failed start left to close */
    (void)uv_loop_close(&loop);
    return err;
}
