/* What a reload replaces, and the reload: part of src/nf/repod/repod.h. */
#include "nf/repod/repod.h"

#include "nf/common/config_read.h"
#include "nf/repod/admin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum err say(struct repod_why *why, enum err err, const char *text)
{
    if (err != E_OK) {
        (void)snprintf(why->text, sizeof why->text, "%s", text);
    }
    return err;
}

enum err repod_rules_open(const struct repod_config *c, uint64_t now_ms, struct repod_rules **out,
                          struct repod_why *why)
{
    struct verify_why said = {.text = "there is not enough memory"};
    const struct verify_files files = {c->ca, c->crl};
    struct repod_rules *rules = calloc(1, sizeof *rules);
    if (rules == NULL) {
        return say(why, E_MEMORY, said.text);
    }
    *rules = (struct repod_rules){
        .users = 1, .config = c, .clients = calloc(c->n_grants + 1, sizeof *rules->clients)};
    enum err err =
        rules->clients != NULL ? verifier_open(&files, &rules->clients_ca, &said) : E_MEMORY;
    for (size_t i = 0; err == E_OK && i < c->n_grants; i++) {
        const struct verify_files device = {c->grants[i].device_ca, NULL};
        rules->clients[i].rate = https_rate_of(c->burst, now_ms);
        if (device.ca != NULL) {
            err = verifier_open(&device, &rules->clients[i].device_ca, &said);
        }
    }
    if (err == E_OK && c->site.on) {
        err = site_open(&c->site, &rules->site, &said);
    }
    if (err != E_OK) {
        repod_rules_release(rules);
        return say(why, err, said.text);
    }
    *out = rules;
    return E_OK;
}

struct repod_rules *repod_rules_hold(struct repod_rules *rules)
{
    rules->users++;
    return rules;
}

void repod_rules_release(struct repod_rules *rules)
{
    if (rules == NULL || --rules->users > 0) {
        return;
    }
    for (size_t i = 0; rules->clients != NULL && i < rules->config->n_grants; i++) {
        verifier_close(rules->clients[i].device_ca);
    }
    free(rules->clients);
    site_close(rules->site);
    verifier_close(rules->clients_ca);
    repod_config_free(rules->own);
    free(rules);
}

/* A reload gives nobody requests that were used up. */
static void keep_rates(const struct repod_rules *old, struct repod_rules *new)
{
    const struct repod_config *from = old->config, *to = new->config;
    for (size_t i = 0; i < to->n_grants; i++) {
        const struct repod_grant *was =
            repod_config_grant(from, to->grants[i].role, to->grants[i].name);
        struct https_rate *rate = &new->clients[i].rate;
        if (was != NULL && old->clients[was - from->grants].rate.milli < rate->milli) {
            *rate = old->clients[was - from->grants].rate;
        }
    }
}

struct next { /* what will count */
    struct repod_config *config;
    struct repod_rules *rules;
    struct metrics_next *metrics;
    struct admin_next *admin;
    struct https_identity *identity;
};

/* All that can fail of what serves. */
static enum err interfaces_open(struct repod *r, struct next *n, struct config_why *why)
{
    const struct repod_config *c = n->config;
    struct metrics_port_why metrics = {.text = ""};
    struct https_why said = {.text = ""};
    struct admin_why admin = {.text = ""};
    enum err err = metrics_next_open(r->metrics, &c->metrics, c, &n->metrics, &metrics);
    if (err != E_OK) {
        return config_wrong(why, err, "metrics", metrics.text);
    }
    err = admin_next_open(repod_admin_server(r->admin), &c->admin_https, &n->admin, &admin);
    if (err != E_OK) {
        return config_wrong(why, err, "admin.https", admin.text);
    }
    err = https_identity_open(c->certificate, c->key, &n->identity, &said);
    return err == E_OK ? E_OK : config_wrong(why, err, "listener", said.text);
}

static enum err next_open(struct repod *r, struct next *n, struct config_why *why)
{
    struct repod_why said = {.text = ""};
    enum err err = repod_rules_open(n->config, repod_now(r), &n->rules, &said);
    return err == E_OK ? interfaces_open(r, n, why) : config_wrong(why, err, "files", said.text);
}

static void next_drop(struct repod *r, struct next *n)
{
    metrics_next_drop(n->metrics);
    admin_next_drop(n->admin);
    https_identity_drop(n->identity);
    repod_rules_release(n->rules);
    repod_config_reload_undo(r->rules->config, n->config);
    repod_config_free(n->config);
}

static void next_take(struct repod *r, struct next *n)
{
    metrics_next_take(r->metrics, n->metrics);
    admin_next_take(repod_admin_server(r->admin), n->admin);
    https_identity_take(r->server, n->identity);
    n->rules->own = n->config;
    keep_rates(r->rules, n->rules);
    https_trust(r->server, n->rules->clients_ca);
    repod_rules_release(r->rules);
    r->rules = n->rules;
    log_set(r->log, n->config->log_level, false);
}

static enum err read_again(struct repod *r, struct config_changes *changes, struct config_why *why)
{
    const struct repod_config *was = r->rules->config;
    struct next n = {.config = NULL};
    if (was->raw == NULL) {
        return config_wrong(why, E_UNSUPPORTED, "reload",
                            "the configuration was not read from a file");
    }
    enum err err = repod_config_reload(was, &n.config, changes, why);
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
enum err repod_reload(struct repod *r, struct config_changes *changes, struct config_why *why)
{
    *changes = (struct config_changes){.changed = {NULL, 0}};
    *why = (struct config_why){{0}, {0}};
    enum err err = read_again(r, changes, why);
    config_reload_log(r->log, err, changes, why);
    return err;
}
