/* Starting, serving and stopping: src/nf/repod/repod.h. */
#include "nf/repod/api.h"

#include "nf/common/notify.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
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
    if (err != E_OK) {
        repod_stop(r);
    }
    return err;
}

void repod_stop(struct repod *r)
{
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

#define SIGNALS 3u
static const int numbers[SIGNALS] = {SIGTERM, SIGINT, SIGHUP};

static void mask(int how)
{
    sigset_t set;
    (void)sigemptyset(&set);
    for (size_t i = 0; i < SIGNALS; i++) {
        (void)sigaddset(&set, numbers[i]);
    }
    (void)pthread_sigmask(how, &set, NULL);
}

void repod_signals(void)
{
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    (void)sigaction(SIGPIPE, &ignore, NULL);
    mask(SIG_BLOCK);
}

static void reload(struct repod *r)
{
    struct repod_why why = {.text = ""};
    enum err err = repod_reload(r, &why);
    const struct log_field refused[] = {LOG_FIELD_STR("reason", why.text)};
    const struct log_field done[] = {LOG_FIELD_UINT("grants", r->rules->config->n_grants)};
    if (err == E_OK) {
        log_line(r->log, LOG_LEVEL_INFO, "reloaded", done, 1);
    } else {
        log_line(r->log, LOG_LEVEL_ERROR, "reload-refused", refused, 1);
    }
}

static void on_signal(uv_signal_t *handle, int number)
{
    if (number == SIGHUP) {
        reload(handle->data);
    } else {
        uv_stop(handle->loop);
    }
}

static void tell(struct repod *r, const char *notify_socket, const char *state)
{
    enum err err = notify_send(notify_socket, state);
    if (err != E_OK) {
        const struct log_field field = LOG_FIELD_STR("error", err_name(err));
        log_line(r->log, LOG_LEVEL_WARNING, "notify-failed", &field, 1);
    }
}

static void serve(struct repod *r, uv_loop_t *loop, const char *notify_socket)
{
    uv_signal_t signals[SIGNALS];
    for (size_t i = 0; i < SIGNALS; i++) {
        (void)uv_signal_init(loop, &signals[i]);
        signals[i].data = r;
        (void)uv_signal_start(&signals[i], on_signal, numbers[i]);
    }
    mask(SIG_UNBLOCK);
    struct address bound = https_bound(r->server);
    struct address_text at = address_print(&bound);
    const struct log_field field = LOG_FIELD_STR("listener", at.s);
    log_line(r->log, LOG_LEVEL_INFO, "ready", &field, 1);
    tell(r, notify_socket, "READY=1");
    (void)uv_run(loop, UV_RUN_DEFAULT);
    log_line(r->log, LOG_LEVEL_INFO, "stopping", NULL, 0);
    tell(r, notify_socket, "STOPPING=1");
    for (size_t i = 0; i < SIGNALS; i++) {
        uv_close((uv_handle_t *)&signals[i], NULL);
    }
    repod_stop(r);
    (void)uv_run(loop, UV_RUN_DEFAULT);
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
