#include "nf/dausfd/config.h"

#include "nf/common/config_read.h"
#include "nf/common/dimsi_json.h"
#include "nf/dausfd/config_raw.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PEERS_MAX     4096
#define LISTENERS_MAX 64
#define ARPFS_MAX     256

static const cyaml_schema_field_t listener_fields[] = {
    CONFIG_TEXT(raw_listener, address),
    CONFIG_TEXT(raw_listener, certificate),
    CONFIG_TEXT(raw_listener, key),
    CONFIG_TEXT(raw_listener, ca),
    CONFIG_TEXT(raw_listener, plain_tcp_off_loopback),
    CONFIG_END,
};
CONFIG_ENTRY(listener, raw_listener, listener_fields);
static const cyaml_schema_field_t peer_fields[] = {
    CONFIG_TEXT(raw_peer, origin_host), CONFIG_TEXT(raw_peer, realm),
    CONFIG_TEXT(raw_peer, kind),        CONFIG_TEXTS(raw_peer, origins),
    CONFIG_TEXTS(raw_peer, realms),     CONFIG_TEXTS(raw_peer, visited_plmns),
    CONFIG_TEXTS(raw_peer, transports), CONFIG_TEXTS(raw_peer, addresses),
    CONFIG_TEXT(raw_peer, connections), CONFIG_END,
};
CONFIG_ENTRY(peer, raw_peer, peer_fields);
static const cyaml_schema_field_t arpf_fields[] = {
    CONFIG_TEXT(raw_arpf, name),
    CONFIG_TEXTS(raw_arpf, dimsis),
    CONFIG_END,
};
CONFIG_ENTRY(arpf_entry, raw_arpf, arpf_fields);
static const cyaml_schema_field_t push_fields[] = {
    CONFIG_TEXT(raw_push, listen),
    CONFIG_TEXT(raw_push, certificate),
    CONFIG_TEXT(raw_push, key),
    CONFIG_TEXT(raw_push, ca),
    CONFIG_TEXT(raw_push, crl),
    CONFIG_PART(raw_push, limits, config_https_limits),
    CONFIG_END,
};
static const cyaml_schema_field_t ci_fields[] = {
    CONFIG_TEXT(raw_ci, roots),
    CONFIG_TEXT(raw_ci, crl),
    CONFIG_END,
};
static const cyaml_schema_field_t limits_fields[] = {
    CONFIG_TEXT(raw_limits, connections),       CONFIG_TEXT(raw_limits, message_size),
    CONFIG_TEXT(raw_limits, receive_buffer),    CONFIG_TEXT(raw_limits, send_buffer),
    CONFIG_TEXT(raw_limits, messages_per_turn), CONFIG_TEXT(raw_limits, wait_of_peer_ms),
    CONFIG_TEXT(raw_limits, wait_of_all_ms),    CONFIG_TEXT(raw_limits, spin_microseconds),
    CONFIG_TEXT(raw_limits, entry_seconds),     CONFIG_END,
};
static const cyaml_schema_field_t timers_fields[] = {
    CONFIG_TEXT(raw_timers, watchdog_seconds),
    CONFIG_TEXT(raw_timers, cer_seconds),
    CONFIG_END,
};
static const cyaml_schema_field_t log_fields[] = {
    CONFIG_TEXT(raw_log, level),
    CONFIG_TEXT(raw_log, mask_imsi),
    CONFIG_END,
};
static const cyaml_schema_field_t config_fields[] = {
    CONFIG_TEXT(raw_config, host),
    CONFIG_TEXT(raw_config, realm),
    CONFIG_TEXT(raw_config, vendor_id),
    CONFIG_TEXTS(raw_config, plmns),
    CONFIG_TEXTS(raw_config, operators),
    CONFIG_TEXT(raw_config, store),
    CONFIG_TEXT(raw_config, kek),
    CONFIG_TEXT(raw_config, admin),
    CONFIG_PART(raw_config, admin_https, config_admin_https),
    CONFIG_PARTS(raw_config, listeners, &listener, LISTENERS_MAX),
    CONFIG_PARTS(raw_config, peers, &peer, PEERS_MAX),
    CONFIG_PARTS(raw_config, arpfs, &arpf_entry, ARPFS_MAX),
    CONFIG_PART(raw_config, push, push_fields),
    CONFIG_PART(raw_config, ci, ci_fields),
    CONFIG_PART(raw_config, limits, limits_fields),
    CONFIG_PART(raw_config, timers, timers_fields),
    CONFIG_PART(raw_config, metrics, config_metrics_fields),
    CONFIG_PART(raw_config, log, log_fields),
    CONFIG_END,
};
CONFIG_WHOLE(config_schema, raw_config, config_fields);
static const struct config_shape shape = {&config_schema, "examples/dausfd.yaml"};

/* ---- who we are ---- */

static void identity(struct checker *k, const struct raw_config *raw, struct dausfd_config *c)
{
    c->origin_host = check_identity(k, "host", raw->host);
    c->origin_realm = check_identity(k, "realm", raw->realm);
    c->plmns = check_plmns(k, "plmns", raw->plmns, raw->plmns_count);
    c->n_plmns = c->plmns != NULL ? raw->plmns_count : 0;
    c->vendor_id = check_vendor(k, "vendor_id", raw->vendor_id);
    c->store = check_path(k, "store", raw->store);
    c->kek = check_path(k, "kek", raw->kek);
    c->admin = check_socket(k, "admin", raw->admin);
    check_admin_https(k, "admin_https.", &raw->admin_https, &c->admin_https);
    check_section(k, "%s", "");
    if (k->err == E_OK && strcmp(c->store, c->kek) == 0) {
        check_wrong(k, "kek", "is the same file as store");
    }
}

/* ---- push ---- */

static void push(struct checker *k, const struct raw_push *raw, struct dausfd_push *p)
{
    check_section(k, "push.");
    check_https_address(k, "listen", raw->listen, &p->address);
    struct check_tls t =
        check_tls_files(k, raw->certificate, raw->key, raw->ca, address_is_loopback(&p->address));
    p->certificate = t.certificate;
    p->key = t.key;
    p->ca = t.ca;
    p->crl = raw->crl != NULL ? check_path(k, "crl", raw->crl) : NULL;
    check_https_limits(k, "push.limits.", &raw->limits, &p->limits, &p->requests_per_second,
                       &p->burst);
    p->limits.body_most = DIMSI_JSON_BODY_MAX;
}

/* Two PLMNs whose MNCs differ in a leading zero have one realm, and an AUSF's certificate has no
 * more than that: it could not be told whose it is. */
static void operators(struct checker *k, const struct raw_config *raw, struct dausfd_config *c)
{
    char realms[2][REALM_TEXT_MAX], at[32];
    check_section(k, "%s", "");
    c->operators = check_plmns(k, "operators", raw->operators, raw->operators_count);
    c->n_operators = c->operators != NULL ? raw->operators_count : 0;
    for (size_t i = 0; k->err == E_OK && i < c->n_operators; i++) {
        for (size_t j = 0; j < i; j++) {
            plmn_realm(&c->operators[i], realms[0]);
            plmn_realm(&c->operators[j], realms[1]);
            if (strcmp(realms[0], realms[1]) == 0) {
                (void)snprintf(at, sizeof at, "operators[%zu]", i);
                check_wrong(k, at, "has the same realm as operators[%zu]: keep one", j);
            }
        }
    }
}

/* ---- ARPFs ---- */

static bool range_parse(const char *text, struct dausfd_range *out)
{
    size_t n = strcspn(text, "-");
    const char *last = text[n] == '-' ? text + n + 1 : text;
    return imsi_parse((struct bytes){(const uint8_t *)text, n}, &out->first) == E_OK &&
           imsi_parse(bytes_of_str(last), &out->last) == E_OK && out->first.n == out->last.n &&
           strcmp(out->first.digits, out->last.digits) <= 0;
}

static void one_arpf(struct checker *k, const struct raw_arpf *raw, const struct dausfd_config *c,
                     struct dausfd_arpf *a)
{
    char at[32];
    if (raw->name == NULL || dimsi_name_parse(bytes_of_str(raw->name), &a->name) != E_OK) {
        check_wrong(k, "name", "is missing, or no DNS name of at most %u characters in lower case",
                    DIMSI_NAME_MAX);
    }
    if (raw->dimsis_count == 0) {
        check_wrong(k, "dimsis", "is missing or empty: list the dIMSIs it may speak for");
    }
    a->dimsis = check_alloc(k, raw->dimsis_count, sizeof *a->dimsis);
    for (size_t i = 0; k->err == E_OK && i < raw->dimsis_count; i++) {
        struct dausfd_range *r = &a->dimsis[i];
        a->n_dimsis = i + 1;
        (void)snprintf(at, sizeof at, "dimsis[%zu]", i);
        if (!range_parse(raw->dimsis[i], r)) {
            check_wrong(
                k, at,
                "`%.40s` is not two IMSIs of one length with a hyphen between, the lower one first",
                raw->dimsis[i]);
        } else if (!dausfd_config_serves(c, &r->first) || !dausfd_config_serves(c, &r->last)) {
            check_wrong(k, at, "is not of one of the PLMNs whose dIMSIs are served here");
        }
    }
}

static bool in_common(const struct dausfd_range *a, const struct dausfd_range *b)
{
    return a->first.n == b->first.n && strcmp(a->first.digits, b->last.digits) <= 0 &&
           strcmp(b->first.digits, a->last.digits) <= 0;
}

/* Release numbers count per ARPF: two that speak for one dIMSI could not be told apart by them. */
static void apart(struct checker *k, const struct dausfd_config *c, size_t i)
{
    const struct dausfd_arpf *own = &c->arpfs[i];
    char key[40];
    for (size_t j = 0; j < i; j++) {
        for (size_t m = 0; m < own->n_dimsis && k->err == E_OK; m++) {
            for (size_t n = 0; n < c->arpfs[j].n_dimsis && k->err == E_OK; n++) {
                (void)snprintf(key, sizeof key, "dimsis[%zu]", m);
                if (in_common(&own->dimsis[m], &c->arpfs[j].dimsis[n])) {
                    check_wrong(k, key,
                                "has dIMSIs of arpfs[%zu].dimsis[%zu] too: one ARPF speaks for a "
                                "dIMSI",
                                j, n);
                }
            }
        }
    }
}

static void arpfs(struct checker *k, const struct raw_config *raw, struct dausfd_config *c)
{
    c->arpfs = check_alloc(k, raw->arpfs_count, sizeof *c->arpfs);
    for (size_t i = 0; k->err == E_OK && i < raw->arpfs_count; i++) {
        c->n_arpfs = i + 1;
        check_section(k, "arpfs[%zu].", i);
        one_arpf(k, &raw->arpfs[i], c, &c->arpfs[i]);
        for (size_t j = 0; j < i && k->err == E_OK; j++) {
            if (dimsi_name_eq(&c->arpfs[i].name, &c->arpfs[j].name)) {
                check_wrong(k, "name", "is the name of arpfs[%zu] too: keep one", j);
            }
        }
        if (k->err == E_OK) {
            apart(k, c, i);
        }
    }
    check_section(k, "ci.");
    c->ci_roots = check_path(k, "roots", raw->ci.roots);
    c->ci_crl = raw->ci.crl != NULL ? check_path(k, "crl", raw->ci.crl) : NULL;
}

/* ---- the rest ---- */

#define ANSWER_MAX 8192u /* with what an agent's Proxy-Info adds */

static void limits(struct checker *k, const struct raw_config *raw, struct dausfd_config *c)
{
    const struct raw_limits *r = &raw->limits;
    struct dausfd_limits *l = &c->limits;
    check_section(k, "limits.");
    l->connections = check_bounded(k, "connections", r->connections, 1, 65536, 1024);
    l->message_size = check_bounded(k, "message_size", r->message_size, 4096, 1048576, 16384);
    unsigned room = l->message_size > 65536 ? l->message_size : 65536;
    l->receive_buffer =
        check_bounded(k, "receive_buffer", r->receive_buffer, l->message_size, 16777216, room);
    unsigned least = l->message_size > 4 * ANSWER_MAX ? l->message_size : 4 * ANSWER_MAX;
    unsigned usual = least > 32 * ANSWER_MAX ? least : 32 * ANSWER_MAX;
    l->send_buffer = check_bounded(k, "send_buffer", r->send_buffer, least, 16777216, usual);
    l->messages_per_turn = check_bounded(k, "messages_per_turn", r->messages_per_turn, 1, 1024, 16);
    l->wait_of_peer_ms = check_bounded(k, "wait_of_peer_ms", r->wait_of_peer_ms, 0, 60000, 250);
    l->wait_of_all_ms = check_bounded(k, "wait_of_all_ms", r->wait_of_all_ms, 0, 60000, 50);
    l->spin_microseconds =
        check_bounded(k, "spin_microseconds", r->spin_microseconds, 0, 1000, 200);
    l->entry_seconds = check_bounded(k, "entry_seconds", r->entry_seconds, 60, 315360000, 31536000);
    check_section(k, "timers.");
    c->watchdog_seconds =
        check_bounded(k, "watchdog_seconds", raw->timers.watchdog_seconds, 6, 3600, 30);
    c->cer_seconds = check_bounded(k, "cer_seconds", raw->timers.cer_seconds, 1, 60, 10);
    check_metrics(k, &raw->metrics, &c->metrics);
    check_section(k, "log.");
    c->log_level = check_log_level(k, "level", raw->log.level);
    c->mask_imsi = check_bool(k, "mask_imsi", raw->log.mask_imsi, false);
}

static enum err check_all(const struct config_file *file, const char *path, void **out,
                          struct config_why *why)
{
    const struct raw_config *raw = file->raw;
    struct checker k = {.places = file->places, .why = why, .record = file->record};
    struct dausfd_config *c = calloc(1, sizeof *c);
    if (c == NULL) {
        return E_MEMORY;
    }
    check_folder(&k, path);
    c->path = check_text(&k, "", path);
    identity(&k, raw, c);
    dausfd_check_listeners(&k, raw, c);
    dausfd_check_peers(&k, raw, c);
    push(&k, &raw->push, &c->push);
    operators(&k, raw, c);
    arpfs(&k, raw, c);
    limits(&k, raw, c);
    if (k.err != E_OK) {
        dausfd_config_free(c);
        return k.err;
    }
    *out = c;
    return E_OK;
}

static void free_one(void *config)
{
    dausfd_config_free(config);
}

const struct config_kind dausfd_config_kind = {&shape, &dausfd_config_rules, check_all, free_one};

enum err dausfd_config_load(const char *path, struct dausfd_config **out, struct config_why *why)
{
    void *snapshot = NULL, *raw = NULL;
    enum err err = config_read(&dausfd_config_kind, path, &snapshot, &raw, why);
    if (err == E_OK) {
        *out = snapshot;
        (*out)->raw = raw;
    }
    return err;
}

void dausfd_config_free(struct dausfd_config *c)
{
    if (c == NULL) {
        return;
    }
    dausfd_free_peers(c);
    for (size_t i = 0; i < c->n_arpfs; i++) {
        free(c->arpfs[i].dimsis);
    }
    free(c->arpfs);
    free(c->operators);
    free(c->plmns);
    free(c->push.certificate);
    free(c->push.key);
    free(c->push.ca);
    free(c->push.crl);
    free(c->ci_roots);
    free(c->ci_crl);
    config_raw_free(&shape, c->raw);
    free(c->path);
    free(c->origin_host);
    free(c->origin_realm);
    free(c->store);
    free(c->kek);
    free(c->admin);
    admin_https_free(&c->admin_https);
    free(c);
}

/* ---- questions ---- */

bool dausfd_config_serves(const struct dausfd_config *config, const struct imsi *dimsi)
{
    for (size_t i = 0; i < config->n_plmns; i++) {
        if (imsi_in_plmn(dimsi, &config->plmns[i])) {
            return true;
        }
    }
    return false;
}

const struct plmn *dausfd_config_operator(const struct dausfd_config *config, const char *name)
{
    char realm[REALM_TEXT_MAX];
    for (size_t i = 0; i < config->n_operators; i++) {
        plmn_realm(&config->operators[i], realm);
        if (strcmp(realm, name) == 0) {
            return &config->operators[i];
        }
    }
    return NULL;
}

static bool covers(const struct dausfd_arpf *a, const struct imsi *dimsi)
{
    for (size_t i = 0; i < a->n_dimsis; i++) {
        const struct dausfd_range *r = &a->dimsis[i];
        if (r->first.n == dimsi->n && strcmp(r->first.digits, dimsi->digits) <= 0 &&
            strcmp(dimsi->digits, r->last.digits) <= 0) {
            return true;
        }
    }
    return false;
}

bool dausfd_config_may_endorse(const struct dausfd_config *config, const struct dimsi_name *arpf,
                               const struct imsi *dimsi)
{
    for (size_t i = 0; i < config->n_arpfs; i++) {
        if (dimsi_name_eq(&config->arpfs[i].name, arpf)) {
            return covers(&config->arpfs[i], dimsi);
        }
    }
    return false;
}
