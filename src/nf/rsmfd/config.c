#include "nf/rsmfd/config.h"

#include "net/cert_file.h"
#include "nf/common/config_https.h"
#include "nf/common/config_read.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BODY_MOST   8192u /* a profile and what stands around it */
#define SOURCES_MAX 256

/* ---- as the file has it ---- */

struct raw_ci {
    char *roots, *crl;
};
struct raw_devices {
    char *listen, *certificate, *key;
    struct raw_ci ci;
    char **sources;
    unsigned sources_count;
};
struct raw_log {
    char *level, *mask_imsi;
};
struct raw_rsmf {
    char *plmn, *listen, *certificate, *key, *ca, *crl;
    char **operators;
    unsigned operators_count;
    struct raw_devices devices;
    char *store, *kek, *admin;
    struct raw_admin_https admin_https;
    struct raw_https_limits limits;
    struct raw_metrics metrics;
    struct raw_log log;
};

static const cyaml_schema_field_t ci_fields[] = {
    CONFIG_TEXT(raw_ci, roots),
    CONFIG_TEXT(raw_ci, crl),
    CONFIG_END,
};
static const cyaml_schema_field_t devices_fields[] = {
    CONFIG_TEXT(raw_devices, listen),   CONFIG_TEXT(raw_devices, certificate),
    CONFIG_TEXT(raw_devices, key),      CONFIG_PART(raw_devices, ci, ci_fields),
    CONFIG_TEXTS(raw_devices, sources), CONFIG_END,
};
static const cyaml_schema_field_t log_fields[] = {
    CONFIG_TEXT(raw_log, level),
    CONFIG_TEXT(raw_log, mask_imsi),
    CONFIG_END,
};
static const cyaml_schema_field_t config_fields[] = {
    CONFIG_TEXT(raw_rsmf, plmn),
    CONFIG_TEXT(raw_rsmf, listen),
    CONFIG_TEXT(raw_rsmf, certificate),
    CONFIG_TEXT(raw_rsmf, key),
    CONFIG_TEXT(raw_rsmf, ca),
    CONFIG_TEXT(raw_rsmf, crl),
    CONFIG_TEXTS(raw_rsmf, operators),
    CONFIG_PART(raw_rsmf, devices, devices_fields),
    CONFIG_TEXT(raw_rsmf, store),
    CONFIG_TEXT(raw_rsmf, kek),
    CONFIG_TEXT(raw_rsmf, admin),
    CONFIG_PART(raw_rsmf, admin_https, config_admin_https),
    CONFIG_PART(raw_rsmf, limits, config_https_limits),
    CONFIG_PART(raw_rsmf, metrics, config_metrics_fields),
    CONFIG_PART(raw_rsmf, log, log_fields),
    CONFIG_END,
};
CONFIG_WHOLE(config_schema, raw_rsmf, config_fields);
static const struct config_shape shape = {&config_schema, "examples/rsmfd.yaml"};

/* ---- prefixes ---- */

static unsigned bits_of(const struct address *a)
{
    return a->family == 4 ? 32 : 128;
}

static bool bit(const struct address *a, unsigned i)
{
    return (a->ip[i / 8] >> (7 - i % 8) & 1) != 0;
}

static bool ip_parse(const char *text, size_t n, struct address *out)
{
    char as[96];
    bool v6 = memchr(text, ':', n) != NULL;
    if (n == 0 || n > 64) {
        return false;
    }
    (void)snprintf(as, sizeof as, "tcp://%s%.*s%s:0", v6 ? "[" : "", (int)n, text, v6 ? "]" : "");
    return address_parse(as, out) == E_OK;
}

enum err rsmfd_prefix_parse(const char *text, struct rsmfd_prefix *out)
{
    struct rsmfd_prefix p;
    const char *slash = strchr(text, '/');
    size_t n = slash != NULL ? (size_t)(slash - text) : strlen(text);
    if (!ip_parse(text, n, &p.base)) {
        return E_BAD_VALUE;
    }
    p.bits = bits_of(&p.base);
    if (slash != NULL) {
        size_t digits = strspn(slash + 1, "0123456789");
        if (digits == 0 || digits > 3 || slash[1 + digits] != '\0' ||
            (slash[1] == '0' && digits > 1)) {
            return E_BAD_VALUE;
        }
        unsigned bits = (unsigned)strtoul(slash + 1, NULL, 10);
        if (bits > p.bits) {
            return E_BAD_VALUE;
        }
        p.bits = bits;
    }
    for (unsigned i = p.bits; i < bits_of(&p.base); i++) {
        if (bit(&p.base, i)) {
            return E_BAD_VALUE;
        }
    }
    *out = p;
    return E_OK;
}

/* An IPv4 address as a socket of both families has it. */
static struct address unmapped(const struct address *a)
{
    static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    struct address four = {.family = 4};
    if (a->family != 6 || memcmp(a->ip, mapped, sizeof mapped) != 0) {
        return *a;
    }
    memcpy(four.ip, a->ip + sizeof mapped, 4);
    return four;
}

bool rsmfd_prefix_has(const struct rsmfd_prefix *p, const struct address *a)
{
    const struct address from = unmapped(a);
    bool same = p->base.family == from.family;
    for (unsigned i = 0; same && i < p->bits; i++) {
        same = bit(&p->base, i) == bit(&from, i);
    }
    return same;
}

/* ---- what it means ---- */

static void check_operators_at(struct checker *k, const struct raw_rsmf *raw,
                               struct rsmfd_listener *l)
{
    check_https_address(k, "listen", raw->listen, &l->address);
    struct check_tls t =
        check_tls_files(k, raw->certificate, raw->key, raw->ca, address_is_loopback(&l->address));
    l->certificate = t.certificate;
    l->key = t.key;
    l->ca = t.ca;
    l->crl = raw->crl != NULL ? check_path(k, "crl", raw->crl) : NULL;
}

/* Devices look for that name, and would turn away from any other. */
static void check_devices_name(struct checker *k, const struct plmn *plmn, const char *path)
{
    char realm[REALM_TEXT_MAX], host[REALM_TEXT_MAX + 8];
    bool named = false;
    plmn_realm(plmn, realm);
    (void)snprintf(host, sizeof host, "rsmf.%s", realm);
    if (cert_file_names(path, host, &named) != E_OK || !named) {
        check_wrong(k, "certificate",
                    "%.120s has no dNSName %s, by which devices of `plmn` know the RSMF", path,
                    host);
    }
}

static void check_devices_at(struct checker *k, const struct raw_devices *raw,
                             const struct plmn *plmn, struct rsmfd_listener *l)
{
    check_section(k, "devices.");
    check_https_address(k, "listen", raw->listen, &l->address);
    l->ca = check_path(k, "ci.roots", raw->ci.roots);
    l->crl = raw->ci.crl != NULL ? check_path(k, "ci.crl", raw->ci.crl) : NULL;
    if (k->err != E_OK) {
        return;
    }
    struct check_tls t = check_tls_files(k, raw->certificate, raw->key, raw->ci.roots,
                                         address_is_loopback(&l->address));
    l->certificate = t.certificate;
    l->key = t.key;
    free(t.ca); /* it is l->ca */
    if (k->err == E_OK) {
        check_devices_name(k, plmn, l->certificate);
    }
}

static void check_sources(struct checker *k, const struct raw_devices *raw, struct rsmfd_config *c)
{
    char at[40];
    check_section(k, "devices.");
    if (raw->sources_count > SOURCES_MAX) {
        check_wrong(k, "sources", "has more than %d prefixes", SOURCES_MAX);
        return;
    }
    c->sources = check_alloc(k, raw->sources_count, sizeof *c->sources);
    for (size_t i = 0; c->sources != NULL && i < raw->sources_count && k->err == E_OK; i++) {
        if (rsmfd_prefix_parse(raw->sources[i], &c->sources[i]) != E_OK) {
            (void)snprintf(at, sizeof at, "sources[%zu]", i);
            check_wrong(k, at, "`%.60s` is not a prefix such as 192.0.2.0/24 or 2001:db8::/32",
                        raw->sources[i]);
        }
        c->n_sources = i + 1;
    }
}

static void check_plmn(struct checker *k, const char *text, struct plmn *out)
{
    if (text == NULL || plmn_parse(bytes_of_str(text), out) != E_OK) {
        check_wrong(k, "plmn", "`%.20s` is not a PLMN such as \"001-01\"",
                    text != NULL ? text : "");
    }
}

/* Two PLMNs whose MNCs differ in a leading zero have one realm, and a certificate says no more than
 * that: it could not be told whose it is. */
static void check_realms(struct checker *k, const struct rsmfd_config *c)
{
    char realms[2][REALM_TEXT_MAX], at[40];
    for (size_t i = 0; i < c->n_operators; i++) {
        for (size_t j = 0; j < i; j++) {
            plmn_realm(&c->operators[i], realms[0]);
            plmn_realm(&c->operators[j], realms[1]);
            if (strcmp(realms[0], realms[1]) == 0) {
                (void)snprintf(at, sizeof at, "operators[%zu]", i);
                check_wrong(k, at, "has the same realm as another: keep one of them");
            }
        }
    }
}

/* Without a list the network itself. */
static void check_operators(struct checker *k, const struct raw_rsmf *raw, struct rsmfd_config *c)
{
    check_section(k, "%s", "");
    if (raw->operators_count > 0) {
        c->operators = check_plmns(k, "operators", raw->operators, raw->operators_count);
        c->n_operators = c->operators != NULL ? raw->operators_count : 0;
    } else {
        c->operators = check_alloc(k, 1, sizeof *c->operators);
        c->n_operators = c->operators != NULL ? 1 : 0;
        if (c->operators != NULL) {
            c->operators[0] = c->plmn;
        }
    }
    if (k->err == E_OK) {
        check_realms(k, c);
    }
}

static void check_files(struct checker *k, const struct raw_rsmf *raw, struct rsmfd_config *c)
{
    check_section(k, "%s", "");
    c->store = check_path(k, "store", raw->store);
    c->kek = check_path(k, "kek", raw->kek);
    c->admin = raw->admin != NULL ? check_socket(k, "admin", raw->admin) : NULL;
    check_admin_https(k, "admin_https.", &raw->admin_https, &c->admin_https);
    check_section(k, "%s", "");
    if (k->err == E_OK && strcmp(c->store, c->kek) == 0) {
        check_wrong(k, "kek", "is the same file as store");
    }
}

static enum err check_all(const struct config_file *file, const char *path, void **out,
                          struct config_why *why)
{
    const struct raw_rsmf *raw = file->raw;
    struct checker k = {.places = file->places, .why = why, .record = file->record};
    struct rsmfd_config *c = calloc(1, sizeof *c);
    if (c == NULL) {
        return E_MEMORY;
    }
    check_folder(&k, path);
    c->path = check_text(&k, "", path);
    check_plmn(&k, raw->plmn, &c->plmn);
    check_operators_at(&k, raw, &c->operators_at);
    check_operators(&k, raw, c);
    check_devices_at(&k, &raw->devices, &c->plmn, &c->devices_at);
    check_sources(&k, &raw->devices, c);
    check_files(&k, raw, c);
    check_https_limits(&k, "limits.", &raw->limits, &c->limits, &c->requests_per_second, &c->burst);
    c->limits.body_most = BODY_MOST;
    check_metrics(&k, &raw->metrics, &c->metrics);
    check_section(&k, "log.");
    c->log_level = check_log_level(&k, "level", raw->log.level);
    c->mask_imsi = check_bool(&k, "mask_imsi", raw->log.mask_imsi, false);
    if (k.err != E_OK) {
        rsmfd_config_free(c);
        return k.err;
    }
    *out = c;
    return E_OK;
}

static void free_one(void *config)
{
    rsmfd_config_free(config);
}

const struct config_kind rsmfd_config_kind = {&shape, &rsmfd_config_rules, check_all, free_one};

enum err rsmfd_config_load(const char *path, struct rsmfd_config **out, struct config_why *why)
{
    void *snapshot = NULL, *raw = NULL;
    enum err err = config_read(&rsmfd_config_kind, path, &snapshot, &raw, why);
    if (err == E_OK) {
        *out = snapshot;
        (*out)->raw = raw;
    }
    return err;
}

static void free_listener(struct rsmfd_listener *l)
{
    free(l->certificate);
    free(l->key);
    free(l->ca);
    free(l->crl);
}

void rsmfd_config_free(struct rsmfd_config *c)
{
    if (c == NULL) {
        return;
    }
    free_listener(&c->operators_at);
    free_listener(&c->devices_at);
    free(c->operators);
    free(c->sources);
    config_raw_free(&shape, c->raw);
    free(c->path);
    free(c->store);
    free(c->kek);
    free(c->admin);
    admin_https_free(&c->admin_https);
    free(c);
}

/* ---- questions ---- */

const struct plmn *rsmfd_config_operator(const struct rsmfd_config *c, const char *name)
{
    char realm[REALM_TEXT_MAX];
    for (size_t i = 0; i < c->n_operators; i++) {
        plmn_realm(&c->operators[i], realm);
        if (strcmp(realm, name) == 0) {
            return &c->operators[i];
        }
    }
    return NULL;
}

const struct plmn *rsmfd_config_asked(const struct rsmfd_config *c, const char *host)
{
    char name[REALM_TEXT_MAX + 8], realm[REALM_TEXT_MAX];
    const struct bytes asked = {(const uint8_t *)host, strcspn(host, ":")};
    for (size_t i = 0; i < c->n_operators; i++) {
        plmn_realm(&c->operators[i], realm);
        (void)snprintf(name, sizeof name, "rsmf.%s", realm);
        if (bytes_eq_nocase(asked, bytes_of_str(name))) {
            return &c->operators[i];
        }
    }
    return NULL;
}

bool rsmfd_config_source(const struct rsmfd_config *c, const struct address *from)
{
    bool may = c->n_sources == 0;
    for (size_t i = 0; i < c->n_sources && !may; i++) {
        may = rsmfd_prefix_has(&c->sources[i], from);
    }
    return may;
}
