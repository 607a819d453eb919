/* Starting, serving and stopping: src/nf/repod/repod.h. */
#include "nf/repod/api.h"

#include "nf/common/daemon.h"
#include "nf/common/store_note.h"
#include "nf/repod/admin.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <uv.h>

int64_t repod_wall(const struct repod *r)
{
    return r->wall_s != NULL ? r->wall_s(r->clock) : (int64_t)time(NULL);
}

uint64_t repod_now(const struct repod *r)
{
    struct timespec t;
    if (r->now_ms != NULL) {
        return r->now_ms(r->clock);
    }
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static uint64_t clock_now(void *ctx)
{
    return repod_now(ctx);
}

static int64_t clock_wall(void *ctx)
{
    return repod_wall(ctx);
}

/* ---- start ---- */

static enum err say(struct repod_why *why, enum err err, const char *text)
{
    if (err != E_OK) {
        (void)snprintf(why->text, sizeof why->text, "%s", text);
    }
    return err;
}

static enum err open_crew(struct repod *r, struct repod_why *why)
{
    enum err err = crew_open(0, &r->crew);
    if (err == E_OK) {
        err = bulk_desk_open(r->crew, &r->desk);
    }
    if (err == E_OK) {
        err = https_rates_open(REPOD_ADDRESSES, &r->addresses);
    }
    return say(why, err,
               err == E_IO ? "the system has no random octets" : "there is not enough memory");
}

static enum err open_files(struct repod *r, struct repod_why *why)
{
    struct store_why store = {.text = ""};
    struct verify_why key = {.text = ""};
    char text[256];
    enum err err = say(why, repo_store_open(r->config->store, &r->store, &store), store.text);
    if (err == E_OK) {
        store_note_restored(r->log, repo_store_origin(r->store));
        err = say(why, signer_open(r->config->signing_key, &r->signer, &key), key.text);
    }
    if (err == E_OK) {
        err = audit_open(r->config->audit, &r->audit);
        (void)snprintf(text, sizeof text, "%.150s: %.80s", r->config->audit, strerror(errno));
        (void)say(why, err, text);
    }
    if (err == E_OK) {
        const char *slash = strrchr(r->config->store, '/');
        size_t n = slash != NULL ? (size_t)(slash - r->config->store) : 0;
        r->folder = slash == NULL ? strdup(".")
                    : n > 0       ? strndup(r->config->store, n)
                                  : strdup("/");
        err = say(why, r->folder != NULL ? E_OK : E_MEMORY, "there is not enough memory");
    }
    return err;
}

enum err repod_start(struct repod *r, uv_loop_t *loop, struct repod_why *why)
{
    const struct repod_config *c = r->config;
    struct https_why https = {.text = ""};
    struct metrics_port_why metrics = {.text = ""};
    r->started = repod_wall(r);
    enum err err = open_files(r, why);
    if (err == E_OK) {
        err = open_crew(r, why);
    }
    if (err == E_OK) {
        err = repod_rules_open(r->config, repod_now(r), &r->rules, why);
    }
    if (err == E_OK) {
        const struct https_options options = {.address = c->address,
                                              .certificate = c->certificate,
                                              .key = c->key,
                                              .ca = c->ca,
                                              .verifier = r->rules->clients_ca,
                                              .limits = c->limits,
                                              .call_size = sizeof(struct api_call),
                                              .handlers = &api_handlers,
                                              .ctx = r,
                                              .now_ms = clock_now,
                                              .wall_s = clock_wall};
        err = say(why, https_open(&options, loop, &r->server, &https), https.text);
    }
    if (err == E_OK) {
        err = repod_admin_open(r, loop, why);
    }
    if (err == E_OK) {
        err = say(why, repod_metrics_open(r, loop, &metrics), metrics.text);
    }
    if (err != E_OK) {
        repod_stop(r);
    }
    return err;
}

void repod_stop(struct repod *r)
{
    metrics_desk_close(r->metrics);
    r->metrics = NULL;
    repod_admin_close(r->admin);
    r->admin = NULL;
    https_close(r->server);
    repod_rules_release(r->rules);
    bulk_desk_close(r->desk);
    crew_close(r->crew);
    audit_close(r->audit);
    signer_close(r->signer);
    repo_store_close(r->store);
    https_rates_close(r->addresses);
    free(r->folder);
    r->addresses = NULL;
    r->server = NULL;
    r->rules = NULL;
    r->desk = NULL;
    r->crew = NULL;
    r->audit = NULL;
    r->signer = NULL;
    r->store = NULL;
    r->folder = NULL;
}

/* ---- serve ---- */

void repod_signals(void)
{
    daemon_signals();
}

static void reload(void *ctx)
{
    struct config_changes changes;
    struct config_why why;
    if (repod_reload(ctx, &changes, &why) == E_OK) {
        config_changes_free(&changes);
    }
}

static void stop(void *ctx)
{
    repod_stop(ctx);
}

static void serve(struct repod *r, uv_loop_t *loop, const char *notify_socket)
{
    struct address bound = https_bound(r->server);
    struct address_text at = address_print(&bound);
    struct daemon d = {
        .log = r->log,
        .ctx = r,
        .reload = reload,
        .stop = stop,
        .ready = {LOG_FIELD_STR("listener", at.s), LOG_FIELD_STR("admin", r->config->admin_socket)},
        .n_ready = 2};
    daemon_serve(&d, loop, notify_socket);
}

enum err repod_run(struct repod *r, const char *notify_socket, struct repod_why *why)
{
    uv_loop_t loop;
    if (uv_loop_init(&loop) != 0) {
        return say(why, E_MEMORY, "there is not enough memory");
    }
    enum err err = repod_start(r, &loop, why);
    if (err == E_OK) {
        serve(r, &loop, notify_socket);
    }
    (void)uv_run(&loop, UV_RUN_DEFAULT); /* what a failed start left to close */
    (void)uv_loop_close(&loop);
    return err;
}
