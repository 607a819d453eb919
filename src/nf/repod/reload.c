/* What a reload replaces, and the reload: part of src/nf/repod/repod.h. */
#include "nf/repod/repod.h"

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

static enum err read_again(const struct repod_config *old, struct repod_config **out,
                           struct repod_why *why)
{
    struct config_why said;
    enum err err = repod_config_load(old->path, out, &said);
    if (err != E_OK) {
        (void)snprintf(why->text, sizeof why->text, "%s: %s", said.place, said.sentence);
        return err;
    }
    const char *fixed = repod_config_fixed(old, *out);
    if (fixed != NULL) {
        (void)snprintf(why->text, sizeof why->text,
                       "%s (%s): is another than at the start: restart, or put it back", old->path,
                       fixed);
        repod_config_free(*out);
        return E_CONFLICT;
    }
    return E_OK;
}

enum err repod_reload(struct repod *r, struct repod_why *why)
{
    struct repod_config *config = NULL;
    struct repod_rules *rules = NULL;
    enum err err = read_again(r->rules->config, &config, why);
    if (err != E_OK) {
        return err;
    }
    err = repod_rules_open(config, repod_now(r), &rules, why);
    if (err != E_OK) {
        repod_config_free(config);
        return err;
    }
    rules->own = config;
    keep_rates(r->rules, rules);
    https_trust(r->server, rules->clients_ca);
    repod_rules_release(r->rules);
    r->rules = rules;
    return E_OK;
}
