#include "nf/hssd/reload.h"

#include "nf/common/config_read.h"
#include "nf/hssd/admin.h"
#include "nf/hssd/audit.h"
#include "nf/hssd/dimsi.h"
#include "nf/hssd/metrics.h"
#include "nf/hssd/peers.h"
#include "nf/hssd/profiles.h"
#include "nf/hssd/push.h"
#include "nf/hssd/snapshots.h"
#include "nf/hssd/thread.h"
#include "nf/hssd/webhook.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DETAIL_MAX 1536u /* of the log line; the event list keeps what fits there */

struct hssd_reload {
    bool judges[HSSD_THREADS_MAX]; /* these have still to judge their connections */
};

/* ---- TLS ---- */

enum err hssd_tls_open(const struct hssd_config *config, struct tls_context ***out,
                       struct tls_why *why)
{
    struct tls_context **list = calloc(config->n_listeners + 1, sizeof(struct tls_context *));
    enum err err = list != NULL ? E_OK : E_MEMORY;
    for (size_t i = 0; err == E_OK && i < config->n_listeners; i++) {
        const struct hssd_listener *l = &config->listeners[i];
        const struct tls_files files = {l->certificate, l->key, l->ca};
        if (l->address.transport == TRANSPORT_TLS) {
            err = tls_context_open(&files, true, &list[i], why);
        }
    }
    if (err != E_OK) {
        hssd_tls_close(config, list);
        return err;
    }
    *out = list;
    return E_OK;
}

void hssd_tls_close(const struct hssd_config *config, struct tls_context **list)
{
    for (size_t i = 0; list != NULL && i < config->n_listeners; i++) {
        tls_context_close(list[i]);
    }
    free(list);
}

/* ---- first all that can fail ---- */

struct next {                         /* what will count */
    struct hssd_config *config;       /* NULL: the one in force stays, files may be others */
    const struct hssd_config *counts; /* one of the two */
    struct tls_context **tls;
    struct hssd_peers_change *peers;
    struct metrics_next *metrics;
    struct admin_next *admin;
    struct hss_dimsi_next *dimsi;
};

static enum err wrong(struct config_why *why, enum err err, const char *place, const char *sentence)
{
    (void)snprintf(why->place, sizeof why->place, "%s", place);
    (void)snprintf(why->sentence, sizeof why->sentence, "%.300s",
                   sentence[0] != '\0' ? sentence : err_sentence(err));
    return err;
}

static enum err interfaces_open(struct hssd *h, struct next *n, struct config_why *why)
{
    const struct hssd_config *c = n->counts;
    struct metrics_port_why metrics = {""};
    struct admin_why admin = {""};
    char dimsi[256] = "";
    enum err err = metrics_next_open(hssd_metrics_desk(h), &c->metrics, c, &n->metrics, &metrics);
    if (err != E_OK) {
        return wrong(why, err, "metrics", metrics.text);
    }
    err = admin_next_open(hssd_admin_server(h->admin), &c->admin_https, &n->admin, &admin);
    if (err != E_OK) {
        return wrong(why, err, "admin.https", admin.text);
    }
    err = hss_dimsi_next_open(h, &c->dimsi, &n->dimsi, dimsi, sizeof dimsi);
    return err == E_OK ? E_OK : wrong(why, err, "dimsi", dimsi);
}

static enum err parts_open(struct hssd *h, struct next *n, struct config_why *why)
{
    struct tls_why tls = {""};
    char profiles[160] = "";
    enum err err = profiles_gone(h, n->counts, profiles, sizeof profiles);
    if (err != E_OK) {
        return wrong(why, err, "profiles", profiles);
    }
    err = hssd_tls_open(n->counts, &n->tls, &tls);
    if (err != E_OK) {
        return wrong(why, err, "listeners", tls.text);
    }
    err = snapshots_prepare(h);
    if (err == E_OK && n->config != NULL) {
        err = hssd_peers_prepare(h, n->config, &n->peers);
    }
    if (h->reload == NULL) {
        h->reload = calloc(1, sizeof *h->reload);
    }
    return err == E_OK && h->reload != NULL
               ? interfaces_open(h, n, why)
               : wrong(why, E_MEMORY, "reload", err_sentence(E_MEMORY));
}

static void drop(struct next *n)
{
    hss_dimsi_next_drop(n->dimsi);
    admin_next_drop(n->admin);
    metrics_next_drop(n->metrics);
    hssd_peers_change_drop(n->peers);
    if (n->tls != NULL) {
        hssd_tls_close(n->counts, n->tls);
    }
}

/* The raw trees have exchanged what needs a restart, so that has to be undone too. */
static void config_drop(const struct hssd_config *was, struct next *n)
{
    if (n->config != NULL) {
        hssd_config_reload_undo(was, n->config);
        hssd_config_free(n->config);
        n->config = NULL;
    }
}

/* Where nothing changed the snapshot stays: a tool that renews certificates every hour brings the
 * same configuration for years. */
static enum err make(struct hssd *h, struct next *n, struct config_changes *changes,
                     struct config_why *why)
{
    const struct hssd_config *was = h->config;
    if (was->raw == NULL) {
        return wrong(why, E_UNSUPPORTED, "reload", "the configuration was not read from a file");
    }
    enum err err = hssd_config_reload(was, &n->config, changes, why);
    if (err != E_OK) {
        return err;
    }
    if (changes->changed.n == 0) {
        config_drop(was, n);
    }
    n->counts = n->config != NULL ? n->config : was;
    err = parts_open(h, n, why);
    if (err != E_OK) {
        drop(n);
        config_drop(was, n);
        config_changes_free(changes);
    }
    return err;
}

/* ---- then all that cannot ---- */

static void judge(struct hssd *h)
{
    for (unsigned i = 0; i < h->n_threads; i++) {
        h->reload->judges[i] = h->reload->judges[i] && !hssd_thread_judge(h->threads[i]);
    }
}

/* Connections that were accepted with the contexts before hold those (net/tls.h). */
static void take_files(struct hssd *h, struct next *n)
{
    hssd_tls_close(h->config, h->tls);
    h->tls = n->tls;
    metrics_next_take(hssd_metrics_desk(h), n->metrics);
    admin_next_take(hssd_admin_server(h->admin), n->admin);
    hss_dimsi_next_take(h, n->dimsi);
    hss_dimsi_wake(h->dimsi);
    webhooks_changed(h->webhooks);
}

static void take(struct hssd *h, struct next *n)
{
    struct hssd_peers_table *before = hssd_peers_change(h, n->peers);
    snapshots_take(h, n->config, before);
    log_set(h->log, n->config->log_level, n->config->mask_imsi);
    for (unsigned i = 0; i < h->n_threads; i++) {
        h->reload->judges[i] = true;
    }
    judge(h);
    hssd_push_profiles_changed(h);
}

/*= op-reload */
enum err hssd_reload(struct hssd *h, struct config_changes *changes, struct config_why *why)
{
    struct next n = {.config = NULL};
    char detail[DETAIL_MAX];
    *changes = (struct config_changes){.changed = {NULL, 0}};
    *why = (struct config_why){{0}, {0}};
    enum err err = make(h, &n, changes, why);
    if (err != E_OK) {
        (void)snprintf(detail, sizeof detail, "%s: %s", why->place, why->sentence);
        hssd_event(h, "configuration-refused", NULL, NULL, NULL, err_name(err), detail);
        return err;
    }
    if (n.config != NULL) {
        take(h, &n);
    }
    take_files(h, &n);
    snapshots_tick(h);
    config_changes_print(changes, detail, sizeof detail);
    hssd_event(h, "configuration-reloaded", NULL, NULL, NULL, NULL, detail);
    return E_OK;
}

static void audit(struct hssd *h, const char *outcome, const char *detail)
{
    const struct audit_note note = {.who = AUDIT_WHO_DAEMON,
                                    .action = "SIGHUP",
                                    .target = "configuration",
                                    .outcome = outcome,
                                    .after = json_pack("{s:s}", "detail", detail)};
    hssd_audit_later(h, &note);
}

void hssd_reload_now(struct hssd *h)
{
    struct config_changes changes;
    struct config_why why;
    char detail[DETAIL_MAX];
    enum err err = hssd_reload(h, &changes, &why);
    if (err == E_OK) {
        config_changes_print(&changes, detail, sizeof detail);
        config_changes_free(&changes);
    } else {
        (void)snprintf(detail, sizeof detail, "%s: %s", why.place, why.sentence);
    }
    audit(h, err == E_OK ? "done" : "refused", detail);
}

void hssd_reload_tick(struct hssd *h)
{
    if (h->reload != NULL) {
        judge(h);
        snapshots_tick(h);
    }
}

void hssd_reload_close(struct hssd *h)
{
    snapshots_close(h);
    free(h->reload);
    h->reload = NULL;
}
