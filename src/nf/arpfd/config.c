#include "nf/arpfd/config.h"

#include "nf/common/config_https.h"
#include "nf/common/config_read.h"
#include "nf/common/config_values.h"
#include "nf/common/config_yaml.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAY_S 86400u

/* ---- as the file has it ---- */

struct raw_key {
    char *certificate, *key;
};
struct raw_roots {
    char *roots, *crl;
};
struct raw_log {
    char *level, *mask_imsi;
};
struct raw_sp {
    char *name, **dimsis;
    unsigned dimsis_count;
};
struct raw_arpf {
    char *name, *listen, *certificate, *key, *ca, *crl, *endorsement_seconds, *store, *admin;
    struct raw_admin_https admin_https;
    char *revocations_most;
    struct raw_key *agreement, endorsement;
    struct raw_roots ci, sp;
    struct raw_sp *service_providers;
    char **operators;
    unsigned agreement_count, operators_count, service_providers_count;
    struct raw_https_limits limits;
    struct raw_metrics metrics;
    struct raw_log log;
};

static const cyaml_schema_field_t key_fields[] = {CONFIG_TEXT(raw_key, certificate),
                                                  CONFIG_TEXT(raw_key, key), CONFIG_END};
CONFIG_ENTRY(key_entry, raw_key, key_fields);
static const cyaml_schema_field_t roots_fields[] = {CONFIG_TEXT(raw_roots, roots),
                                                    CONFIG_TEXT(raw_roots, crl), CONFIG_END};
static const cyaml_schema_field_t sp_fields[] = {CONFIG_TEXT(raw_sp, name),
                                                 CONFIG_TEXTS(raw_sp, dimsis), CONFIG_END};
CONFIG_ENTRY(sp_entry, raw_sp, sp_fields);
static const cyaml_schema_field_t log_fields[] = {CONFIG_TEXT(raw_log, level),
                                                  CONFIG_TEXT(raw_log, mask_imsi), CONFIG_END};
static const cyaml_schema_field_t config_fields[] = {
    CONFIG_TEXT(raw_arpf, name),
    CONFIG_TEXT(raw_arpf, listen),
    CONFIG_TEXT(raw_arpf, certificate),
    CONFIG_TEXT(raw_arpf, key),
    CONFIG_TEXT(raw_arpf, ca),
    CONFIG_TEXT(raw_arpf, crl),
    CONFIG_PARTS(raw_arpf, agreement, &key_entry, ARPFD_KEYS_MAX),
    CONFIG_PART(raw_arpf, endorsement, key_fields),
    CONFIG_TEXT(raw_arpf, endorsement_seconds),
    CONFIG_PART(raw_arpf, ci, roots_fields),
    CONFIG_PART(raw_arpf, sp, roots_fields),
    CONFIG_TEXTS(raw_arpf, operators),
    CONFIG_PARTS(raw_arpf, service_providers, &sp_entry, CONFIG_LIST_MAX),
    CONFIG_TEXT(raw_arpf, revocations_most),
    CONFIG_TEXT(raw_arpf, store),
    CONFIG_TEXT(raw_arpf, admin),
    CONFIG_PART(raw_arpf, admin_https, config_admin_https),
    CONFIG_PART(raw_arpf, limits, config_https_limits),
    CONFIG_PART(raw_arpf, metrics, config_metrics_fields),
    CONFIG_PART(raw_arpf, log, log_fields),
    CONFIG_END,
};
CONFIG_WHOLE(config_schema, raw_arpf, config_fields);
static const struct config_shape shape = {&config_schema, "examples/arpfd.yaml"};

/* ---- what it means ---- */

static void check_name(struct checker *k, const char *key, const char *text, struct dimsi_name *out)
{
    char lower[DIMSI_NAME_MAX + 1] = "";
    const size_t n = text != NULL ? strlen(text) : 0;
    for (size_t i = 0; i < n && n <= DIMSI_NAME_MAX; i++) {
        lower[i] = (char)tolower((unsigned char)text[i]);
    }
    if (dimsi_name_parse(bytes_of_str(lower), out) != E_OK) {
        check_wrong(k, key, "`%.70s` is not a DNS name of at most %u characters",
                    text != NULL ? text : "", DIMSI_NAME_MAX);
    }
}

static void check_key(struct checker *k, const struct raw_key *raw, struct arpfd_key_files *out)
{
    out->certificate = check_path(k, "certificate", raw->certificate);
    out->key = check_path(k, "key", raw->key);
}

/* One key, one use: what agrees on secrets does not sign, and neither is the key of TLS. */
static void check_other_key(struct checker *k, const struct arpfd_config *c,
                            const struct arpfd_key_files *own)
{
    bool taken = own->key != NULL && c->key != NULL && strcmp(own->key, c->key) == 0;
    for (size_t i = 0; own->key != NULL && c->agreement != NULL && i < c->n_agreement; i++) {
        const struct arpfd_key_files *o = &c->agreement[i];
        taken = taken || (o != own && o->key != NULL && strcmp(own->key, o->key) == 0);
    }
    if (taken) {
        check_wrong(k, "key", "serves another use already: each has a key of its own");
    }
}

static void check_keys(struct checker *k, const struct raw_arpf *raw, struct arpfd_config *c)
{
    c->agreement = check_alloc(k, raw->agreement_count, sizeof *c->agreement);
    if (raw->agreement_count == 0) {
        check_wrong(k, "agreement", "is missing or empty: name at least one key");
    }
    for (unsigned i = 0; c->agreement != NULL && k->err == E_OK && i < raw->agreement_count; i++) {
        check_section(k, "agreement[%u].", i);
        c->n_agreement = i + 1;
        check_key(k, &raw->agreement[i], &c->agreement[i]);
        check_other_key(k, c, &c->agreement[i]);
    }
    check_section(k, "endorsement.");
    check_key(k, &raw->endorsement, &c->endorsement);
    check_other_key(k, c, &c->endorsement);
}

static void check_roots(struct checker *k, const char *section, const struct raw_roots *raw,
                        struct arpfd_roots *out)
{
    check_section(k, "%s.", section);
    out->roots = check_path(k, "roots", raw->roots);
    out->crl = raw->crl != NULL ? check_path(k, "crl", raw->crl) : NULL;
}

/* Two MNCs can make the same realm: then nobody could say which of the two asks. */
static void check_operator(struct checker *k, const char *text, struct arpfd_config *c)
{
    char at[40];
    struct arpfd_operator *o = &c->operators[c->n_operators];
    (void)snprintf(at, sizeof at, "operators[%zu]", c->n_operators);
    if (plmn_parse(bytes_of_str(text), &o->plmn) != E_OK) {
        check_wrong(k, at, "`%.20s` is not a PLMN: write as in \"001-01\"", text);
        return;
    }
    plmn_realm(&o->plmn, o->realm);
    if (arpfd_config_operator(c, o->realm) != NULL) {
        check_wrong(k, at, "`%.20s` has the realm of another one in the list: keep one", text);
    }
    c->n_operators++;
}

static bool range_parse(const char *text, struct arpfd_range *out)
{
    const size_t n = strcspn(text, "-");
    const char *last = text[n] == '-' ? text + n + 1 : text;
    return imsi_parse((struct bytes){(const uint8_t *)text, n}, &out->first) == E_OK &&
           imsi_parse(bytes_of_str(last), &out->last) == E_OK && out->first.n == out->last.n &&
           strcmp(out->first.digits, out->last.digits) <= 0;
}

static bool overlap(const struct arpfd_range *a, const struct arpfd_range *b)
{
    return a->first.n == b->first.n && strcmp(a->first.digits, b->last.digits) <= 0 &&
           strcmp(b->first.digits, a->last.digits) <= 0;
}

/* One that has a dIMSI of the range already, of those before the last; NULL: none. */
static const struct arpfd_sp *holder(const struct arpfd_config *c, const struct arpfd_range *r)
{
    for (size_t i = 0; i + 1 < c->n_service_providers; i++) {
        const struct arpfd_sp *sp = &c->service_providers[i];
        for (size_t j = 0; j < sp->n_dimsis; j++) {
            if (overlap(r, &sp->dimsis[j])) {
                return sp;
            }
        }
    }
    return NULL;
}

/* Whoever released a dIMSI's eK first has it for ever: so none may take one of another. */
static void check_dimsis(struct checker *k, const struct raw_sp *raw, const struct arpfd_config *c,
                         struct arpfd_sp *sp)
{
    char at[40];
    if (raw->dimsis_count == 0) {
        check_wrong(k, "dimsis", "is missing or empty: list the dIMSIs that are its own");
    }
    sp->dimsis = check_alloc(k, raw->dimsis_count, sizeof *sp->dimsis);
    for (unsigned i = 0; k->err == E_OK && i < raw->dimsis_count; i++) {
        struct arpfd_range *r = &sp->dimsis[i];
        (void)snprintf(at, sizeof at, "dimsis[%u]", i);
        if (!range_parse(raw->dimsis[i], r)) {
            check_wrong(
                k, at,
                "`%.40s` is not two IMSIs of one length with a hyphen between, the lower one first",
                raw->dimsis[i]);
            return;
        }
        const struct arpfd_sp *other = holder(c, r);
        if (other != NULL) {
            check_wrong(k, at, "`%.40s` has dIMSIs of `%.64s`: a dIMSI is of one service provider",
                        raw->dimsis[i], other->name.text);
        }
        sp->n_dimsis = i + 1;
    }
}

static void check_sp(struct checker *k, const struct raw_sp *raw, struct arpfd_config *c)
{
    struct arpfd_sp *sp = &c->service_providers[c->n_service_providers];
    check_name(k, "name", raw->name, &sp->name);
    if (k->err == E_OK && arpfd_config_is_sp(c, sp->name.text)) {
        check_wrong(k, "name", "`%.64s` is in the list already: keep one", sp->name.text);
    }
    c->n_service_providers++;
    check_dimsis(k, raw, c, sp);
}

static void check_clients(struct checker *k, const struct raw_arpf *raw, struct arpfd_config *c)
{
    check_section(k, "%s", "");
    c->operators = check_alloc(k, raw->operators_count, sizeof *c->operators);
    for (unsigned i = 0; c->operators != NULL && k->err == E_OK && i < raw->operators_count; i++) {
        check_operator(k, raw->operators[i], c);
    }
    c->service_providers =
        check_alloc(k, raw->service_providers_count, sizeof *c->service_providers);
    for (unsigned i = 0;
         c->service_providers != NULL && k->err == E_OK && i < raw->service_providers_count; i++) {
        check_section(k, "service_providers[%u].", i);
        check_sp(k, &raw->service_providers[i], c);
    }
    check_section(k, "%s", "");
}

static void check_listener(struct checker *k, const struct raw_arpf *raw, struct arpfd_config *c)
{
    check_name(k, "name", raw->name, &c->name);
    check_https_address(k, "listen", raw->listen, &c->address);
    struct check_tls t =
        check_tls_files(k, raw->certificate, raw->key, raw->ca, address_is_loopback(&c->address));
    c->certificate = t.certificate;
    c->key = t.key;
    c->ca = t.ca;
    c->crl = raw->crl != NULL ? check_path(k, "crl", raw->crl) : NULL;
}

static void check_rest(struct checker *k, const struct raw_arpf *raw, struct arpfd_config *c)
{
    c->store = check_path(k, "store", raw->store);
    c->admin = raw->admin != NULL ? check_socket(k, "admin", raw->admin) : NULL;
    check_admin_https(k, "admin_https.", &raw->admin_https, &c->admin_https);
    check_section(k, "%s", "");
    c->endorsement_seconds = check_bounded(k, "endorsement_seconds", raw->endorsement_seconds, 60,
                                           3650 * DAY_S, 30 * DAY_S);
    c->revocations_most =
        check_bounded(k, "revocations_most", raw->revocations_most, 1, 1000000000, 100000);
    check_https_limits(k, "limits.", &raw->limits, &c->limits, &c->requests_per_second, &c->burst);
    check_metrics(k, &raw->metrics, &c->metrics);
    check_section(k, "log.");
    c->log_level = check_log_level(k, "level", raw->log.level);
    c->mask_imsi = check_bool(k, "mask_imsi", raw->log.mask_imsi, false);
}

static enum err check_all(const struct config_file *file, const char *path, void **out,
                          struct config_why *why)
{
    const struct raw_arpf *raw = file->raw;
    struct checker k = {.places = file->places, .why = why, .record = file->record};
    struct arpfd_config *c = calloc(1, sizeof *c);
    if (c == NULL) {
        return E_MEMORY;
    }
    check_folder(&k, path);
    c->path = check_text(&k, "", path);
    check_listener(&k, raw, c);
    check_keys(&k, raw, c);
    check_roots(&k, "ci", &raw->ci, &c->ci);
    check_roots(&k, "sp", &raw->sp, &c->sp);
    check_clients(&k, raw, c);
    check_rest(&k, raw, c);
    if (k.err != E_OK) {
        arpfd_config_free(c);
        return k.err;
    }
    *out = c;
    return E_OK;
}

static void free_one(void *config)
{
    arpfd_config_free(config);
}

const struct config_kind arpfd_config_kind = {&shape, &arpfd_config_rules, check_all, free_one};

enum err arpfd_config_load(const char *path, struct arpfd_config **out, struct config_why *why)
{
    void *snapshot = NULL, *raw = NULL;
    enum err err = config_read(&arpfd_config_kind, path, &snapshot, &raw, why);
    if (err == E_OK) {
        *out = snapshot;
        (*out)->raw = raw;
    }
    return err;
}

static void free_key(struct arpfd_key_files *k)
{
    free(k->certificate);
    free(k->key);
}

void arpfd_config_free(struct arpfd_config *c)
{
    if (c == NULL) {
        return;
    }
    for (size_t i = 0; i < c->n_agreement; i++) {
        free_key(&c->agreement[i]);
    }
    free(c->agreement);
    free_key(&c->endorsement);
    free(c->ci.roots);
    free(c->ci.crl);
    free(c->sp.roots);
    free(c->sp.crl);
    free(c->operators);
    for (size_t i = 0; i < c->n_service_providers; i++) {
        free(c->service_providers[i].dimsis);
    }
    free(c->service_providers);
    config_raw_free(&shape, c->raw);
    free(c->path);
    free(c->certificate);
    free(c->key);
    free(c->ca);
    free(c->crl);
    free(c->store);
    free(c->admin);
    admin_https_free(&c->admin_https);
    free(c);
}

/* ---- what is in it ---- */

const struct arpfd_operator *arpfd_config_operator(const struct arpfd_config *c, const char *name)
{
    for (size_t i = 0; i < c->n_operators; i++) {
        if (strcmp(c->operators[i].realm, name) == 0) {
            return &c->operators[i];
        }
    }
    return NULL;
}

static const struct arpfd_sp *find_sp(const struct arpfd_config *c, const char *name)
{
    for (size_t i = 0; i < c->n_service_providers; i++) {
        if (strcmp(c->service_providers[i].name.text, name) == 0) {
            return &c->service_providers[i];
        }
    }
    return NULL;
}

bool arpfd_config_is_sp(const struct arpfd_config *c, const char *name)
{
    return find_sp(c, name) != NULL;
}

bool arpfd_config_has_dimsi(const struct arpfd_config *c, const char *sp, const struct imsi *dimsi)
{
    const struct arpfd_sp *s = find_sp(c, sp);
    const struct arpfd_range own = {*dimsi, *dimsi};
    for (size_t i = 0; s != NULL && i < s->n_dimsis; i++) {
        if (overlap(&s->dimsis[i], &own)) {
            return true;
        }
    }
    return false;
}
