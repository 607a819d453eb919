#include "nf/dausfd/dausfd.h"

#include "nf/common/config_read.h"
#include "nf/common/daemon.h"
#include "nf/common/store_note.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <uv.h>

#define TICK_MS   1000u
#define EXPIRE_AT 256u /* entries that end in one tick; the others have to wait for the next */

int64_t dausfd_now(const struct dausfd *d)
{
    return d->wall_s != NULL ? d->wall_s(d->clock) : (int64_t)time(NULL);
}

/* ---- refusals ---- */

/* What every first attach goes through is no cause for alarm. */
static enum log_level level_of(enum refusal why)
{
    return why == REFUSAL_DISCOVERY_ONLY || why == REFUSAL_DISCOVERY_PENDING ? LOG_LEVEL_INFO
                                                                             : LOG_LEVEL_WARNING;
}

/*= dimsi-guess */
void dausfd_refused(struct dausfd *d, enum refusal why, const struct imsi *dimsi,
                    struct bytes origin_host, const char *detail)
{
    const char *name = refusal_row(why)->name;
    const struct log_field fields[] = {LOG_FIELD_STR("cause", name), LOG_FIELD_IMSI(dimsi),
                                       origin_host.n > 0 ? LOG_FIELD_BYTES("peer", origin_host)
                                                         : LOG_FIELD_STR("peer", NULL),
                                       LOG_FIELD_STR("detail", detail)};
    atomic_fetch_add_explicit(&d->refused[why], 1, memory_order_relaxed);
    log_limited_by(d->log, name, level_of(why), "refused", fields, 4);
}

/* ---- each second ---- */

void dausfd_flush(struct dausfd *d)
{
    size_t n = 0;
    asked_take(d->asked, d->rows, &n);
    const enum err err = discovery_add_asked(d->store, d->rows, n);
    d->store_failing = n > 0 ? err != E_OK : d->store_failing;
    if (err != E_OK) {
        atomic_fetch_add_explicit(&d->counters.asked_lost, n, memory_order_relaxed);
    }
}

/*= dimsi-entry-end */
void dausfd_tick(struct dausfd *d)
{
    struct imsi dimsis[EXPIRE_AT];
    size_t n = 0;
    dausfd_flush(d);
    enum err err = discovery_expire(d->store, dausfd_now(d), EXPIRE_AT, dimsis, &n);
    if (err != E_OK) {
        const struct log_field field = LOG_FIELD_STR("error", err_name(err));
        log_limited(d->log, LOG_LEVEL_ERROR, "store-failed", &field, 1);
        d->store_failing = true;
    } else if (n > 0) {
        d->store_failing = false;
    }
    for (size_t i = 0; i < n; i++) {
        const struct log_field field = LOG_FIELD_IMSI(&dimsis[i]);
        log_limited(d->log, LOG_LEVEL_INFO, "entry-expired", &field, 1);
    }
    atomic_fetch_add_explicit(&d->counters.expired, n, memory_order_relaxed);
}

/* ---- start ---- */

static enum err say(struct dausfd_why *why, enum err err, const char *text)
{
    if (err != E_OK && why->text[0] == '\0') {
        (void)snprintf(why->text, sizeof why->text, "%s",
                       text[0] != '\0' ? text : err_sentence(err));
    }
    return err;
}

static enum err tables_start(struct dausfd *d)
{
    d->peers = calloc(d->config->n_peers + 1, sizeof *d->peers);
    d->rows = calloc(ASKED_ROOM, sizeof *d->rows);
    if (d->peers == NULL || d->rows == NULL) {
        return E_MEMORY;
    }
    for (size_t i = 0; i < d->config->n_peers; i++) {
        d->peers[i].peer = &d->config->peers[i];
    }
    return asked_open(&d->asked);
}

/* Keeps texts of the configuration. */
static enum err trust_open(const struct dausfd_config *config, struct dimsi_trust **out,
                           struct dausfd_why *why)
{
    struct verify_why said = {.text = ""};
    const struct dimsi_trust_options options = {
        .roots[DIMSI_ARPF] = {config->ci_roots, config->ci_crl}};
    return say(why, dimsi_trust_open(&options, out, &said), said.text);
}

static enum err files_start(struct dausfd *d, struct dausfd_why *why)
{
    struct store_why said = {.text = ""};
    enum err err = say(why, tables_start(d), "");
    if (err == E_OK) {
        err = say(why, discovery_store_open(d->config->store, d->config->kek, &d->store, &said),
                  said.text);
    }
    if (err == E_OK) {
        store_note_restored(d->log, discovery_store_origin(d->store));
    }
    return err == E_OK ? trust_open(d->config, &d->trust, why) : err;
}

static enum err interfaces_start(struct dausfd *d, uv_loop_t *loop, struct dausfd_why *why)
{
    struct https_why https = {.text = ""};
    struct admin_why admin = {.text = ""};
    struct metrics_port_why metrics = {.text = ""};
    enum err err = say(why, dausfd_push_open(d, loop, &https), https.text);
    if (err == E_OK) {
        err = say(why, signalling_start(d, &d->signalling),
                  "the signalling thread cannot be started; the log says more");
    }
    if (err == E_OK) {
        err = say(why, doors_open(d, loop, &d->doors, why), "");
    }
    if (err == E_OK) {
        err = say(why, dausfd_admin_open(d, loop, &admin), admin.text);
    }
    if (err == E_OK) {
        err = say(why, dausfd_metrics_open(d, loop, &metrics), metrics.text);
    }
    return err;
}

enum err dausfd_start(struct dausfd *d, uv_loop_t *loop, struct dausfd_why *why)
{
    why->text[0] = '\0';
    d->rules = d->config;
    d->started = dausfd_now(d);
    enum err err = files_start(d, why);
    if (err == E_OK) {
        err = interfaces_start(d, loop, why);
    }
    if (err != E_OK) {
        dausfd_stop(d);
    }
    return err;
}

void dausfd_stop(struct dausfd *d)
{
    metrics_desk_close(d->metrics);
    d->metrics = NULL;
    doors_close(d->doors);
    signalling_stop(d->signalling);
    https_api_close(d->push);
    if (d->admin != NULL) {
        admin_server_close(d->admin);
    }
    if (d->store != NULL && d->asked != NULL) {
        dausfd_flush(d);
    }
    dimsi_trust_close(d->trust);
    discovery_store_close(d->store);
    asked_close(d->asked);
    dausfd_config_free(d->reread);
    free(d->rows);
    free(d->peers);
    d->doors = NULL;
    d->signalling = NULL;
    d->push = NULL;
    d->admin = NULL;
    d->trust = NULL;
    d->store = NULL;
    d->asked = NULL;
    d->reread = NULL;
    d->rules = NULL;
    d->rows = NULL;
    d->peers = NULL;
}

/* ---- reload ---- */

struct next { /* what will count */
    struct dausfd_config *config;
    struct dimsi_trust *trust;
    struct tls_context **tls;
    struct metrics_next *metrics;
    struct admin_next *admin;
    struct https_api_next *push;
};

static enum err parts_open(struct next *n, struct config_why *why)
{
    struct dausfd_why trust = {.text = ""};
    struct tls_why tls = {.text = ""};
    enum err err = trust_open(n->config, &n->trust, &trust);
    if (err != E_OK) {
        return config_wrong(why, err, "ci", trust.text);
    }
    err = signalling_tls_open(n->config, &n->tls, &tls);
    return err == E_OK ? E_OK : config_wrong(why, err, "listeners", tls.text);
}

/* All that can fail of what serves. */
static enum err interfaces_open(struct dausfd *d, struct next *n, struct config_why *why)
{
    const struct dausfd_config *c = n->config;
    struct metrics_port_why metrics = {.text = ""};
    struct https_why push = {.text = ""};
    struct admin_why admin = {.text = ""};
    enum err err = metrics_next_open(d->metrics, &c->metrics, c, &n->metrics, &metrics);
    if (err != E_OK) {
        return config_wrong(why, err, "metrics", metrics.text);
    }
    err = admin_next_open(d->admin, &c->admin_https, &n->admin, &admin);
    if (err != E_OK) {
        return config_wrong(why, err, "admin_https", admin.text);
    }
    err = dausfd_push_next(c, &n->push, &push);
    return err == E_OK ? E_OK : config_wrong(why, err, "push", push.text);
}

static enum err next_open(struct dausfd *d, struct next *n, struct config_why *why)
{
    enum err err = parts_open(n, why);
    return err == E_OK ? interfaces_open(d, n, why) : err;
}

static void next_drop(struct dausfd *d, struct next *n)
{
    metrics_next_drop(n->metrics);
    admin_next_drop(n->admin);
    https_api_next_drop(n->push);
    signalling_tls_close(n->config, n->tls);
    dimsi_trust_close(n->trust);
    dausfd_config_reload_undo(d->rules, n->config);
    dausfd_config_free(n->config);
}

static void next_take(struct dausfd *d, struct next *n)
{
    metrics_next_take(d->metrics, n->metrics);
    admin_next_take(d->admin, n->admin);
    https_api_next_take(d->push, n->push);
    signalling_tls_take(d->signalling, n->tls);
    dimsi_trust_close(d->trust);
    d->trust = n->trust;
    dausfd_config_free(d->reread);
    d->reread = n->config;
    d->rules = n->config;
    log_set(d->log, n->config->log_level, n->config->mask_imsi);
}

static enum err read_again(struct dausfd *d, struct config_changes *changes, struct config_why *why)
{
    struct next n = {.config = NULL};
    if (d->rules->raw == NULL) {
        return config_wrong(why, E_UNSUPPORTED, "reload",
                            "the configuration was not read from a file");
    }
    enum err err = dausfd_config_reload(d->rules, &n.config, changes, why);
    if (err != E_OK) {
        return err;
    }
    err = next_open(d, &n, why);
    if (err != E_OK) {
        next_drop(d, &n);
        config_changes_free(changes);
        return err;
    }
    next_take(d, &n);
    return E_OK;
}

/*= op-reload */
enum err dausfd_reload(struct dausfd *d, struct config_changes *changes, struct config_why *why)
{
    *changes = (struct config_changes){.changed = {NULL, 0}};
    *why = (struct config_why){{0}, {0}};
    enum err err = read_again(d, changes, why);
    config_reload_log(d->log, err, changes, why);
    return err;
}

/* ---- serve ---- */

struct serving {
    struct dausfd *d;
    uv_timer_t tick;
};

static void on_tick(uv_timer_t *timer)
{
    struct serving *s = timer->data;
    dausfd_tick(s->d);
    doors_tick(s->d->doors);
}

static void reload_serving(void *ctx)
{
    const struct serving *s = ctx;
    struct config_changes changes;
    struct config_why why;
    if (dausfd_reload(s->d, &changes, &why) == E_OK) {
        config_changes_free(&changes);
    }
}

static void stop_serving(void *ctx)
{
    struct serving *s = ctx;
    uv_close((uv_handle_t *)&s->tick, NULL);
    dausfd_stop(s->d);
}

static void serve(struct dausfd *d, uv_loop_t *loop, const char *notify_socket)
{
    struct serving s = {.d = d};
    struct address push = https_api_bound(d->push), first = doors_bound(d->doors, 0);
    struct address_text push_at = address_print(&push), first_at = address_print(&first);
    struct daemon daemon = {
        .log = d->log,
        .ctx = &s,
        .reload = reload_serving,
        .stop = stop_serving,
        .ready = {LOG_FIELD_STR("listener", first_at.s), LOG_FIELD_STR("push", push_at.s)},
        .n_ready = 2};
    s.tick.data = &s;
    (void)uv_timer_init(loop, &s.tick);                       /* cannot fail (libuv 1.44) */
    (void)uv_timer_start(&s.tick, on_tick, TICK_MS, TICK_MS); /* nor this, with a callback */
    daemon_serve(&daemon, loop, notify_socket);
}

enum err dausfd_run(struct dausfd *d, const char *notify_socket, struct dausfd_why *why)
{
    uv_loop_t loop;
    why->text[0] = '\0';
    if (uv_loop_init(&loop) != 0) {
        return say(why, E_MEMORY, "");
    }
    enum err err = dausfd_start(d, &loop, why);
    if (err == E_OK) {
        serve(d, &loop, notify_socket);
    }
    (void)uv_run(&loop, UV_RUN_DEFAULT); /* what a failed start left to close */
    (void)uv_loop_close(&loop);
    return err;
}
