#include "nf/repod/config.h"

#include "nf/common/config_read.h"
#include "nf/common/config_values.h"
#include "nf/common/config_yaml.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GRANTS_MAX (REPOD_GRANTS / 2)
#define SECOND_MS  1000u

/* ---- as the file has it ---- */

struct raw_listener {
    char *address, *certificate, *key, *ca, *crl;
};
struct raw_grant {
    char *name, *device_ca;
    char **ranges;
    unsigned ranges_count;
};
struct raw_limits {
    char *connections, *connections_per_address, *connections_per_client, *header_seconds;
    char *body_seconds, *answer_seconds, *idle_seconds, *bulk_seconds, *bulk_rows;
    char *requests_per_second, *burst;
};
struct raw_site {
    char *open, *cache_seconds, *requests_per_second, *burst;
    char **crl;
    unsigned crl_count;
};
struct raw_log {
    char *level;
};
struct raw_repo {
    struct raw_listener listener;
    char *signing_key, *store, *audit;
    struct raw_grant *manufacturers, *operators;
    unsigned manufacturers_count, operators_count;
    struct raw_limits limits;
    struct raw_site *site; /* NULL: the section is not there */
    struct raw_admin admin;
    struct raw_metrics metrics;
    struct raw_log log;
};

static const cyaml_schema_field_t listener_fields[] = {
    CONFIG_TEXT(raw_listener, address), CONFIG_TEXT(raw_listener, certificate),
    CONFIG_TEXT(raw_listener, key),     CONFIG_TEXT(raw_listener, ca),
    CONFIG_TEXT(raw_listener, crl),     CONFIG_END,
};
static const cyaml_schema_field_t grant_fields[] = {
    CONFIG_TEXT(raw_grant, name),
    CONFIG_TEXT(raw_grant, device_ca),
    CONFIG_TEXTS(raw_grant, ranges),
    CONFIG_END,
};
CONFIG_ENTRY(grant, raw_grant, grant_fields);
static const cyaml_schema_field_t limits_fields[] = {
    CONFIG_TEXT(raw_limits, connections),
    CONFIG_TEXT(raw_limits, connections_per_address),
    CONFIG_TEXT(raw_limits, connections_per_client),
    CONFIG_TEXT(raw_limits, header_seconds),
    CONFIG_TEXT(raw_limits, body_seconds),
    CONFIG_TEXT(raw_limits, answer_seconds),
    CONFIG_TEXT(raw_limits, idle_seconds),
    CONFIG_TEXT(raw_limits, bulk_seconds),
    CONFIG_TEXT(raw_limits, bulk_rows),
    CONFIG_TEXT(raw_limits, requests_per_second),
    CONFIG_TEXT(raw_limits, burst),
    CONFIG_END,
};
static const cyaml_schema_field_t site_fields[] = {
    CONFIG_TEXT(raw_site, open),
    CONFIG_TEXT(raw_site, cache_seconds),
    CONFIG_TEXT(raw_site, requests_per_second),
    CONFIG_TEXT(raw_site, burst),
    CONFIG_TEXTS(raw_site, crl),
    CONFIG_END,
};
static const cyaml_schema_field_t log_fields[] = {CONFIG_TEXT(raw_log, level), CONFIG_END};
static const cyaml_schema_field_t config_fields[] = {
    CONFIG_PART(raw_repo, listener, listener_fields),
    CONFIG_TEXT(raw_repo, signing_key),
    CONFIG_TEXT(raw_repo, store),
    CONFIG_TEXT(raw_repo, audit),
    CONFIG_PARTS(raw_repo, manufacturers, &grant, GRANTS_MAX),
    CONFIG_PARTS(raw_repo, operators, &grant, GRANTS_MAX),
    CONFIG_PART(raw_repo, limits, limits_fields),
    CYAML_FIELD_MAPPING_PTR("site", CONFIG_OPTIONAL, struct raw_repo, site, site_fields),
    CONFIG_PART(raw_repo, admin, config_admin),
    CONFIG_PART(raw_repo, metrics, config_metrics_fields),
    CONFIG_PART(raw_repo, log, log_fields),
    CONFIG_END,
};
CONFIG_WHOLE(config_schema, raw_repo, config_fields);
static const struct config_shape shape = {&config_schema, "examples/repod.yaml"};

/* ---- what it means ---- */

static void check_address(struct checker *k, const char *text, struct address *out)
{
    static const char scheme[] = "https://";
    const size_t n = sizeof scheme - 1;
    char as_tls[96];
    const char *colon = text != NULL ? strrchr(text, ':') : NULL;
    bool ok = text != NULL && strncmp(text, scheme, n) == 0 && strlen(text) < sizeof as_tls &&
              colon >= text + n && colon[1] != '\0' &&
              strspn(colon + 1, "0123456789") == strlen(colon + 1);
    if (ok) {
        (void)snprintf(as_tls, sizeof as_tls, "tls://%s", text + n);
        ok = address_parse(as_tls, out) == E_OK;
    }
    if (!ok) {
        check_wrong(k, "address", "`%.60s` is not an address such as https://127.0.0.1:8443",
                    text != NULL ? text : "");
    }
}

static void check_listener(struct checker *k, const struct raw_listener *raw,
                           struct repod_config *c)
{
    check_section(k, "listener.");
    check_address(k, raw->address, &c->address);
    struct check_tls t =
        check_tls_files(k, raw->certificate, raw->key, raw->ca, address_is_loopback(&c->address));
    c->certificate = t.certificate;
    c->key = t.key;
    c->ca = t.ca;
    c->crl = raw->crl != NULL ? check_path(k, "crl", raw->crl) : NULL;
}

static void check_ranges(struct checker *k, const struct raw_grant *raw, struct repod_grant *g)
{
    char at[40];
    g->ranges = check_alloc(k, raw->ranges_count, sizeof *g->ranges);
    g->n_ranges = g->ranges != NULL ? raw->ranges_count : 0;
    for (size_t i = 0; i < g->n_ranges && k->err == E_OK; i++) {
        if (imei_range_parse(bytes_of_str(raw->ranges[i]), &g->ranges[i]) != E_OK) {
            (void)snprintf(at, sizeof at, "ranges[%zu]", i);
            check_wrong(k, at, "`%.40s` is not a TAC, an IMEI, or two IMEIs with a hyphen between",
                        raw->ranges[i]);
        }
    }
}

static void check_grant(struct checker *k, const struct raw_grant *raw, struct repod_config *c,
                        enum verify_role role)
{
    struct repod_grant *g = &c->grants[c->n_grants++];
    g->role = role;
    g->name = check_identity(k, "name", raw->name);
    for (char *p = g->name; p != NULL && *p != '\0'; p++) {
        *p = (char)tolower((unsigned char)*p);
    }
    check_ranges(k, raw, g);
    if (role == VERIFY_ROLE_MANUFACTURER && raw->ranges_count == 0) {
        check_wrong(k, "ranges", "is missing or empty: list the TACs this manufacturer has");
    }
    if (raw->device_ca != NULL && role != VERIFY_ROLE_MANUFACTURER) {
        check_wrong(k, "device_ca", "has a meaning only for a manufacturer");
    } else if (raw->device_ca != NULL) {
        g->device_ca = check_path(k, "device_ca", raw->device_ca);
    }
    for (const struct repod_grant *o = c->grants; o < g && g->name != NULL; o++) {
        if (o->role == role && o->name != NULL && strcmp(o->name, g->name) == 0) {
            check_wrong(k, "name", "`%.60s` is in the list already: keep one", g->name);
        }
    }
}

static void check_grants(struct checker *k, const struct raw_repo *raw, struct repod_config *c)
{
    c->grants =
        check_alloc(k, (size_t)raw->manufacturers_count + raw->operators_count, sizeof *c->grants);
    for (unsigned i = 0; c->grants != NULL && k->err == E_OK && i < raw->manufacturers_count; i++) {
        check_section(k, "manufacturers[%u].", i);
        check_grant(k, &raw->manufacturers[i], c, VERIFY_ROLE_MANUFACTURER);
    }
    for (unsigned i = 0; c->grants != NULL && k->err == E_OK && i < raw->operators_count; i++) {
        check_section(k, "operators[%u].", i);
        check_grant(k, &raw->operators[i], c, VERIFY_ROLE_OPERATOR);
    }
}

static void check_limits(struct checker *k, const struct raw_limits *raw, struct repod_config *c)
{
    struct https_limits *l = &c->limits;
    *l = https_limits_default();
    check_section(k, "limits.");
    l->connections = check_bounded(k, "connections", raw->connections, 1, 65536, l->connections);
    l->connections_per_address =
        check_bounded(k, "connections_per_address", raw->connections_per_address, 1, 65536,
                      l->connections_per_address);
    l->connections_per_client =
        check_bounded(k, "connections_per_client", raw->connections_per_client, 1, 65536,
                      l->connections_per_client);
    l->header_ms = SECOND_MS * check_bounded(k, "header_seconds", raw->header_seconds, 1, 3600, 10);
    l->body_ms = SECOND_MS * check_bounded(k, "body_seconds", raw->body_seconds, 1, 3600, 30);
    l->answer_ms = SECOND_MS * check_bounded(k, "answer_seconds", raw->answer_seconds, 1, 3600, 60);
    l->idle_ms = SECOND_MS * check_bounded(k, "idle_seconds", raw->idle_seconds, 1, 3600, 60);
    c->bulk_ms = SECOND_MS * check_bounded(k, "bulk_seconds", raw->bulk_seconds, 1, 86400, 600);
    c->bulk_rows = check_bounded(k, "bulk_rows", raw->bulk_rows, 1, 10000000, 1000000);
    c->requests_per_second =
        check_bounded(k, "requests_per_second", raw->requests_per_second, 1, 1000000, 200);
    c->burst = check_bounded(k, "burst", raw->burst, 1, 1000000, 400);
}

static const char *end_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

/* A list is asked for by the name of its file. */
static void check_list_name(struct checker *k, const char *at, const struct repod_site *site,
                            size_t i)
{
    static const char in_paths[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                   "0123456789.-_";
    const char *name = end_of(site->crl[i]);
    if (name[0] == '\0' || strspn(name, in_paths) != strlen(name) || strlen(name) > 64) {
        check_wrong(k, at,
                    "`%.60s` is a name with other characters than letters, digits, '.', '-' "
                    "and '_': rename the file",
                    name);
    }
    for (size_t j = 0; j < i; j++) {
        if (site->crl[j] != NULL && strcmp(end_of(site->crl[j]), name) == 0) {
            check_wrong(k, at, "`%.60s` is the name of another list: rename one of the files",
                        name);
        }
    }
}

static void check_lists(struct checker *k, const struct raw_site *raw, struct repod_site *site)
{
    char at[40];
    site->crl = check_alloc(k, raw->crl_count, sizeof *site->crl);
    for (size_t i = 0; site->crl != NULL && i < raw->crl_count && k->err == E_OK; i++) {
        (void)snprintf(at, sizeof at, "crl[%zu]", i);
        site->crl[i] = check_path(k, at, raw->crl[i]);
        site->n_crl = i + 1;
        if (site->crl[i] != NULL) {
            check_list_name(k, at, site, i);
        }
    }
}

static void check_site(struct checker *k, const struct raw_site *raw, struct repod_site *site)
{
    check_section(k, "site.");
    site->on = raw != NULL;
    if (raw != NULL) {
        site->open = check_bool(k, "open", raw->open, false);
        site->cache_seconds = check_bounded(k, "cache_seconds", raw->cache_seconds, 0, 86400, 60);
        site->requests_per_second =
            check_bounded(k, "requests_per_second", raw->requests_per_second, 1, 1000000, 2);
        site->burst = check_bounded(k, "burst", raw->burst, 1, 1000000, 20);
        check_lists(k, raw, site);
    }
}

static void check_admin(struct checker *k, const struct raw_admin *raw, struct repod_config *c)
{
    check_section(k, "admin.");
    c->admin_socket = raw->socket != NULL ? check_socket(k, "socket", raw->socket) : NULL;
    check_admin_https(k, "admin.https.", &raw->https, &c->admin_https);
}

static enum err check_all(const struct config_file *file, const char *path, void **out,
                          struct config_why *why)
{
    const struct raw_repo *raw = file->raw;
    struct checker k = {.places = file->places, .why = why, .record = file->record};
    struct repod_config *c = calloc(1, sizeof *c);
    if (c == NULL) {
        return E_MEMORY;
    }
    check_folder(&k, path);
    c->path = check_text(&k, "", path);
    c->signing_key = check_path(&k, "signing_key", raw->signing_key);
    c->store = check_path(&k, "store", raw->store);
    c->audit = check_path(&k, "audit", raw->audit);
    check_listener(&k, &raw->listener, c);
    check_section(&k, "%s", "");
    if (k.err == E_OK && strcmp(c->key, c->signing_key) == 0) {
        check_wrong(&k, "signing_key", "is the key of TLS: records are signed with another");
    }
    check_grants(&k, raw, c);
    check_limits(&k, &raw->limits, c);
    check_site(&k, raw->site, &c->site);
    check_admin(&k, &raw->admin, c);
    check_metrics(&k, &raw->metrics, &c->metrics);
    check_section(&k, "log.");
    c->log_level = check_log_level(&k, "level", raw->log.level);
    if (k.err != E_OK) {
        repod_config_free(c);
        return k.err;
    }
    *out = c;
    return E_OK;
}

static void free_one(void *config)
{
    repod_config_free(config);
}

const struct config_kind repod_config_kind = {&shape, &repod_config_rules, check_all, free_one};

enum err repod_config_load(const char *path, struct repod_config **out, struct config_why *why)
{
    void *snapshot = NULL, *raw = NULL;
    enum err err = config_read(&repod_config_kind, path, &snapshot, &raw, why);
    if (err == E_OK) {
        *out = snapshot;
        (*out)->raw = raw;
    }
    return err;
}

void repod_config_free(struct repod_config *c)
{
    if (c == NULL) {
        return;
    }
    for (size_t i = 0; i < c->n_grants; i++) {
        free(c->grants[i].name);
        free(c->grants[i].ranges);
        free(c->grants[i].device_ca);
    }
    for (size_t i = 0; i < c->site.n_crl; i++) {
        free(c->site.crl[i]);
    }
    free(c->site.crl);
    free(c->grants);
    config_raw_free(&shape, c->raw);
    free(c->path);
    free(c->certificate);
    free(c->key);
    free(c->ca);
    free(c->crl);
    free(c->signing_key);
    free(c->store);
    free(c->audit);
    free(c->admin_socket);
    admin_https_free(&c->admin_https);
    free(c);
}

const struct repod_grant *repod_config_grant(const struct repod_config *c, enum verify_role role,
                                             const char *name)
{
    for (size_t i = 0; i < c->n_grants && name[0] != '\0'; i++) {
        if (c->grants[i].role == role && strcmp(c->grants[i].name, name) == 0) {
            return &c->grants[i];
        }
    }
    return NULL;
}

bool repod_grant_covers(const struct repod_grant *g, const struct imei *imei)
{
    uint64_t n = imei_number(imei);
    bool covered = g->n_ranges == 0 && g->role == VERIFY_ROLE_OPERATOR;
    for (size_t i = 0; i < g->n_ranges && !covered; i++) {
        covered = n >= g->ranges[i].first && n <= g->ranges[i].last;
    }
    return covered;
}
