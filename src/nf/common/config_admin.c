#include "nf/common/config_admin.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define USERS_MAX  256
#define SCOPES_MAX 256
/* Of a log one has to be able to tell who it was: "unix:root" came over the socket. */
#define NAME_LETTERS "abcdefghijklmnopqrstuvwxyz0123456789.-_"
#define OWN_NAME     "bindery-"

/* A list that is there and empty would be nobody's scope and looks like everybody's. */
#define SOME_TEXTS(of, member)                                                                     \
    CYAML_FIELD_SEQUENCE(#member, CONFIG_OPTIONAL, struct of, member, &config_yaml_text, 1,        \
                         SCOPES_MAX)

static const cyaml_schema_field_t user_fields[] = {
    CONFIG_TEXT(raw_admin_user, name),
    CONFIG_TEXT(raw_admin_user, role),
    SOME_TEXTS(raw_admin_user, plmns),
    SOME_TEXTS(raw_admin_user, imsi_ranges),
    CONFIG_END,
};
CONFIG_ENTRY(user_entry, raw_admin_user, user_fields);

const cyaml_schema_field_t config_admin_https[] = {
    CONFIG_TEXT(raw_admin_https, listen),
    CONFIG_TEXT(raw_admin_https, certificate),
    CONFIG_TEXT(raw_admin_https, key),
    CONFIG_TEXT(raw_admin_https, ca),
    CONFIG_TEXT(raw_admin_https, crl),
    CONFIG_PART(raw_admin_https, limits, config_https_limits),
    CONFIG_PARTS(raw_admin_https, users, &user_entry, USERS_MAX),
    CONFIG_END,
};

const cyaml_schema_field_t config_admin[] = {
    CONFIG_TEXT(raw_admin, socket),
    CONFIG_PART(raw_admin, https, config_admin_https),
    CONFIG_END,
};

static bool is_there(const struct raw_admin_https *raw)
{
    return raw->listen != NULL || raw->certificate != NULL || raw->key != NULL || raw->ca != NULL ||
           raw->crl != NULL || raw->users_count > 0;
}

/* ---- one user ---- */

static bool range_of(const char *text, struct admin_imsi_range *out)
{
    const char *hyphen = strchr(text, '-');
    return hyphen != NULL &&
           imsi_parse((struct bytes){(const uint8_t *)text, (size_t)(hyphen - text)},
                      &out->first) == E_OK &&
           imsi_parse(bytes_of_str(hyphen + 1), &out->last) == E_OK &&
           out->first.n == out->last.n && strcmp(out->first.digits, out->last.digits) <= 0;
}

static struct admin_imsi_range *ranges_of(struct checker *k, const struct raw_admin_user *raw)
{
    struct admin_imsi_range *all = check_alloc(k, raw->imsi_ranges_count, sizeof *all);
    for (unsigned i = 0; all != NULL && raw->imsi_ranges != NULL && i < raw->imsi_ranges_count;
         i++) {
        if (!range_of(raw->imsi_ranges[i], &all[i])) {
            check_wrong(k, "imsi_ranges",
                        "`%.60s` is not two IMSIs of one length with a hyphen between, the lower "
                        "one first",
                        raw->imsi_ranges[i]);
        }
    }
    return all;
}

static enum admin_role role_of(struct checker *k, const char *text)
{
    static const char *const names[ADMIN_ROLES] = {"administrator", "provisioner", "reader"};
    if (text == NULL) {
        check_wrong(k, "role", "is missing: administrator, provisioner or reader");
        return ADMIN_READER;
    }
    return (enum admin_role)check_choice(k, "role", text, names, ADMIN_ROLES, ADMIN_READER);
}

/* Certificates are compared in lower case (net/verify.h). */
static char *name_of(struct checker *k, const char *text)
{
    char *name = check_text(k, "name", text);
    for (char *p = name; p != NULL && *p != '\0'; p++) {
        *p = (char)tolower((unsigned char)*p);
    }
    if (name != NULL && strlen(name) >= ADMIN_WHO_MAX) {
        check_wrong(k, "name", "is longer than %d characters", ADMIN_WHO_MAX - 1);
    } else if (name != NULL && strspn(name, NAME_LETTERS) != strlen(name)) {
        check_wrong(k, "name", "`%.80s` is no dNSName: letters, digits, dots and hyphens", name);
    } else if (name != NULL && strncmp(name, OWN_NAME, strlen(OWN_NAME)) == 0 &&
               strchr(name, '.') == NULL) {
        check_wrong(k, "name", "`%.80s` is what a daemon calls itself when it acts on its own",
                    name);
    }
    return name;
}

static void one_user(struct checker *k, const struct raw_admin_user *raw, struct admin_user *u)
{
    u->name = name_of(k, raw->name);
    u->role = role_of(k, raw->role);
    u->scoped = raw->plmns != NULL || raw->imsi_ranges != NULL;
    u->scope.plmns =
        raw->plmns_count > 0 ? check_plmns(k, "plmns", raw->plmns, raw->plmns_count) : NULL;
    u->scope.n_plmns = u->scope.plmns != NULL ? raw->plmns_count : 0;
    u->scope.ranges = ranges_of(k, raw);
    u->scope.n_ranges = u->scope.ranges != NULL ? raw->imsi_ranges_count : 0;
}

static void users(struct checker *k, const char *section, const struct raw_admin_https *raw,
                  struct admin_https *out)
{
    if (raw->users_count == 0) {
        check_wrong(k, "users", "is missing or empty: nobody could use it");
    }
    out->users = check_alloc(k, raw->users_count, sizeof *out->users);
    for (unsigned i = 0; out->users != NULL && i < raw->users_count && k->err == E_OK; i++) {
        check_section(k, "%susers[%u].", section, i);
        one_user(k, &raw->users[i], &out->users[i]);
        const char *name = out->users[i].name;
        if (name != NULL && admin_https_user(out, name) != NULL) {
            check_wrong(k, "name", "`%.80s` is the name of another user too", name);
        }
        out->n_users = i + 1;
    }
}

/* ---- the whole ---- */

void check_admin_https(struct checker *k, const char *section, const struct raw_admin_https *raw,
                       struct admin_https *out)
{
    char limits[64];
    *out = (struct admin_https){.on = is_there(raw)};
    if (!out->on) {
        return;
    }
    check_section(k, "%s", section);
    check_https_address(k, "listen", raw->listen, &out->listen);
    if (k->err == E_OK) {
        struct check_tls t = check_tls_files(k, raw->certificate, raw->key, raw->ca,
                                             address_is_loopback(&out->listen));
        out->certificate = t.certificate;
        out->key = t.key;
        out->ca = t.ca;
        out->crl = raw->crl != NULL ? check_path(k, "crl", raw->crl) : NULL;
        users(k, section, raw, out);
    }
    (void)snprintf(limits, sizeof limits, "%slimits.", section);
    check_https_limits(k, limits, &raw->limits, &out->limits, &out->requests_per_second,
                       &out->burst);
}

/* Are the digits of one the begin of the other's? */
static bool digits_meet(const struct plmn *a, const struct plmn *b)
{
    return strcmp(a->mcc, b->mcc) == 0 && strncmp(a->mnc, b->mnc, 2) == 0 && !plmn_eq(a, b) &&
           (a->mnc[2] == '\0' || b->mnc[2] == '\0');
}

static bool is_one_of(const struct plmn *plmn, const struct plmn *list, size_t n)
{
    size_t i = 0;
    while (i < n && !plmn_eq(plmn, &list[i])) {
        i++;
    }
    return i < n;
}

/*= op-api-scope */
static void one_scope(struct checker *k, const struct plmn *wanted, size_t at,
                      const struct plmn *homes, size_t n)
{
    char key[32], is[PLMN_TEXT_MAX], home[PLMN_TEXT_MAX];
    const bool longest = wanted->mnc[2] != '\0' && is_one_of(wanted, homes, n);
    for (size_t i = 0; i < n && !longest; i++) {
        if (digits_meet(wanted, &homes[i])) {
            plmn_print(wanted, is);
            plmn_print(&homes[i], home);
            (void)snprintf(key, sizeof key, "plmns[%zu]", at);
            check_wrong(k, key,
                        "`%s` has the digits of IMSIs of %s too, which is served here: name that, "
                        "or write `imsi_ranges`",
                        is, home);
        }
    }
}

void check_admin_scopes(struct checker *k, const char *section, const struct admin_https *h,
                        const struct plmn *homes, size_t n)
{
    for (size_t i = 0; i < h->n_users && k->err == E_OK; i++) {
        const struct admin_scope *s = &h->users[i].scope;
        check_section(k, "%susers[%zu].", section, i);
        for (size_t j = 0; j < s->n_plmns; j++) {
            one_scope(k, &s->plmns[j], j, homes, n);
        }
    }
}

void admin_https_free(struct admin_https *h)
{
    for (size_t i = 0; i < h->n_users; i++) {
        free(h->users[i].name);
        free((void *)(uintptr_t)h->users[i].scope.plmns);
        free((void *)(uintptr_t)h->users[i].scope.ranges);
    }
    free(h->users);
    free(h->certificate);
    free(h->key);
    free(h->ca);
    free(h->crl);
    *h = (struct admin_https){.on = false};
}

static bool copy_text(const char *from, char **to)
{
    *to = from != NULL ? strdup(from) : NULL;
    return (*to == NULL) == (from == NULL);
}

static bool copy_octets(const void *from, size_t n, void **to)
{
    *to = n > 0 ? malloc(n) : NULL;
    if (*to != NULL) {
        memcpy(*to, from, n);
    }
    return n == 0 || *to != NULL;
}

static bool copy_user(const struct admin_user *from, struct admin_user *to)
{
    void *plmns = NULL, *ranges = NULL;
    const struct admin_scope *s = &from->scope;
    bool ok = copy_text(from->name, &to->name) &&
              copy_octets(s->plmns, s->n_plmns * sizeof *s->plmns, &plmns) &&
              copy_octets(s->ranges, s->n_ranges * sizeof *s->ranges, &ranges);
    to->role = from->role;
    to->scoped = from->scoped;
    to->scope = (struct admin_scope){plmns, s->n_plmns, ranges, s->n_ranges};
    return ok;
}

enum err admin_https_copy(const struct admin_https *from, struct admin_https *to)
{
    *to = *from;
    to->certificate = to->key = to->ca = to->crl = NULL;
    to->n_users = 0;
    to->users = calloc(from->n_users > 0 ? from->n_users : 1, sizeof *to->users);
    bool ok = to->users != NULL && copy_text(from->certificate, &to->certificate) &&
              copy_text(from->key, &to->key) && copy_text(from->ca, &to->ca) &&
              copy_text(from->crl, &to->crl);
    for (size_t i = 0; ok && i < from->n_users; i++) {
        ok = copy_user(&from->users[i], &to->users[i]);
        to->n_users = i + 1;
    }
    if (!ok) {
        admin_https_free(to);
    }
    return ok ? E_OK : E_MEMORY;
}

const struct admin_user *admin_https_user(const struct admin_https *h, const char *name)
{
    for (size_t i = 0; i < h->n_users; i++) {
        if (strcmp(h->users[i].name, name) == 0) {
            return &h->users[i];
        }
    }
    return NULL;
}
