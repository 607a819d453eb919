#include "nf/common/config_values.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define VENDOR_3GPP 10415u

void check_section(struct checker *k, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    vsnprintf(k->section, sizeof k->section, fmt, args);
    va_end(args);
}

void check_wrong(struct checker *k, const char *key, const char *fmt, ...)
{
    char path[256];
    va_list args;
    if (k->err != E_OK || k->record != NULL) {
        return;
    }
    k->err = E_BAD_VALUE;
    snprintf(path, sizeof path, "%s%s", k->section, key);
    size_t n = strlen(path);
    if (n > 0 && path[n - 1] == '.') { /* the section itself */
        path[n - 1] = '\0';
    }
    config_place_of(k->places, path, k->why->place, sizeof k->why->place);
    va_start(args, fmt);
    vsnprintf(k->why->sentence, sizeof k->why->sentence, fmt, args);
    va_end(args);
}

void check_heard(struct checker *k, struct check_rule rule)
{
    char path[256];
    if (k->record != NULL) {
        snprintf(path, sizeof path, "%s%s", k->section, rule.key);
        rule.key = path;
        k->record->fn(k->record->ctx, &rule);
    }
}

void *check_alloc(struct checker *k, size_t n, size_t size)
{
    void *p = n > 0 ? calloc(n, size) : NULL;
    if (n > 0 && p == NULL && k->err == E_OK) {
        k->err = E_MEMORY;
    }
    return p;
}

static bool all_digits(const char *text, size_t n)
{
    return n > 0 && strspn(text, "0123456789") >= n && (n == 1 || text[0] != '0');
}

/* Digits of text[0..n) as a number; false above 64 bits. */
static bool number_of(const char *text, size_t n, uint64_t *out)
{
    uint64_t v = 0;
    if (!all_digits(text, n) || n > 19) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        v = 10 * v + (uint64_t)(text[i] - '0');
    }
    *out = v;
    return true;
}

uint64_t check_number(struct checker *k, const char *key, const char *text,
                      struct check_range range)
{
    uint64_t v = range.otherwise;
    char otherwise[24];
    snprintf(otherwise, sizeof otherwise, "%" PRIu64, v);
    check_heard(k, (struct check_rule){key, "number", range.least, range.most, otherwise, NULL});
    if (text == NULL) {
        return v;
    }
    if (!number_of(text, strlen(text), &v) || v < range.least || v > range.most) {
        check_wrong(k, key, "`%.40s` is not a whole number from %" PRIu64 " to %" PRIu64, text,
                    range.least, range.most);
        return range.otherwise;
    }
    return v;
}

bool check_bool(struct checker *k, const char *key, const char *text, bool otherwise)
{
    check_heard(
        k, (struct check_rule){key, "true or false", 0, 0, otherwise ? "true" : "false", NULL});
    if (text == NULL) {
        return otherwise;
    }
    if (strcmp(text, "true") != 0 && strcmp(text, "false") != 0) {
        check_wrong(k, key, "`%.40s` is neither `true` nor `false`", text);
    }
    return strcmp(text, "true") == 0;
}

unsigned check_choice(struct checker *k, const char *key, const char *text,
                      const char *const *names, unsigned n, unsigned otherwise)
{
    char all[128] = "";
    for (unsigned i = 0; i < n; i++) {
        size_t at = strlen(all);
        snprintf(all + at, sizeof all - at, "%s%s", i > 0 ? ", " : "", names[i]);
    }
    check_heard(
        k, (struct check_rule){key, "choice", 0, 0, otherwise < n ? names[otherwise] : NULL, all});
    if (text == NULL) {
        return otherwise;
    }
    for (unsigned i = 0; i < n; i++) {
        if (strcmp(text, names[i]) == 0) {
            return i;
        }
    }
    check_wrong(k, key, "`%.40s` is none of: %s", text, all);
    return otherwise;
}

char *check_text(struct checker *k, const char *key, const char *text)
{
    check_heard(k, (struct check_rule){.key = key, .kind = "text"});
    if (text == NULL || text[0] == '\0') {
        check_wrong(k, key, "is missing and has no default: see docs/configuration.md");
        return NULL;
    }
    char *copy = strdup(text);
    if (copy == NULL && k->err == E_OK) {
        k->err = E_MEMORY;
    }
    return copy;
}

char *check_identity(struct checker *k, const char *key, const char *text)
{
    char *copy = check_text(k, key, text);
    check_heard(k, (struct check_rule){.key = key, .kind = "DiameterIdentity"});
    if (copy != NULL && diameter_identity_check(bytes_of_str(copy)) != E_OK) {
        check_wrong(k, key,
                    "`%.60s` is not a host or realm name: labels of letters, digits and hyphens "
                    "with dots between them",
                    text);
    }
    return copy;
}

char *check_path(struct checker *k, const char *key, const char *text)
{
    check_heard(k, (struct check_rule){.key = key, .kind = "path"});
    if (text == NULL || text[0] == '\0' || text[0] == '/') {
        char *copy = check_text(k, key, text);
        check_heard(k, (struct check_rule){.key = key, .kind = "path"});
        return copy;
    }
    size_t room = strlen(k->folder) + strlen(text) + 1;
    char *path = check_alloc(k, room, 1);
    if (path != NULL) {
        snprintf(path, room, "%s%s", k->folder, text);
    }
    return path;
}

static uint64_t rate_unit(const char *unit)
{
    static const struct {
        const char *name;
        uint64_t bits;
    } units[] = {{"", 1},
                 {"bps", 1},
                 {"kbps", UINT64_C(1000)},
                 {"Mbps", UINT64_C(1000000)},
                 {"Gbps", UINT64_C(1000000000)}};
    unit += unit[0] == ' ';
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (strcmp(unit, units[i].name) == 0) {
            return units[i].bits;
        }
    }
    return 0;
}

uint32_t check_rate(struct checker *k, const char *key, const char *text)
{
    check_heard(k, (struct check_rule){.key = key, .kind = "rate"});
    uint64_t v = 0;
    if (text == NULL) {
        check_wrong(k, key, "is missing and has no default: write a rate such as `50 Mbps`");
        return 0;
    }
    size_t n = strspn(text, "0123456789");
    uint64_t unit = rate_unit(text + n);
    if (unit == 0 || !number_of(text, n, &v) || v == 0 || v > UINT32_MAX / unit) {
        check_wrong(k, key,
                    "`%.40s` is not a rate from 1 bps to 4294967295 bps: write bits per second, or "
                    "a number and bps, kbps, Mbps or Gbps",
                    text);
        return 0;
    }
    return (uint32_t)(v * unit);
}

static void unique(struct checker *k, const char *key, char *const *texts, size_t i)
{
    char at[80];
    for (size_t j = 0; j < i; j++) {
        if (strcasecmp(texts[i], texts[j]) == 0) {
            snprintf(at, sizeof at, "%s[%zu]", key, i);
            check_wrong(k, at, "`%.60s` is in the list already, as %s[%zu]: keep one", texts[i],
                        key, j);
        }
    }
}

char **check_identities(struct checker *k, const char *key, char *const *texts, size_t n)
{
    char at[80];
    char **list = check_alloc(k, n, sizeof *list);
    for (size_t i = 0; list != NULL && i < n && k->err == E_OK; i++) {
        snprintf(at, sizeof at, "%s[%zu]", key, i);
        list[i] = check_identity(k, at, texts[i]);
        unique(k, key, texts, i);
    }
    return list;
}

struct plmn *check_plmns(struct checker *k, const char *key, char *const *texts, size_t n)
{
    char at[80];
    struct plmn *list = check_alloc(k, n, sizeof *list);
    check_heard(k, (struct check_rule){.key = key, .kind = "PLMNs"});
    if (n == 0) {
        check_wrong(k, key, "is missing or empty: write a list such as [\"001-01\"]");
    }
    for (size_t i = 0; list != NULL && i < n && k->err == E_OK; i++) {
        snprintf(at, sizeof at, "%s[%zu]", key, i);
        if (plmn_parse(bytes_of_str(texts[i]), &list[i]) != E_OK) {
            check_wrong(k, at, "`%.40s` is not a PLMN: write MCC and MNC as in 001-01 or 310-410",
                        texts[i]);
        }
        for (size_t j = 0; j < i; j++) {
            if (plmn_eq(&list[i], &list[j])) {
                check_wrong(k, at, "`%.40s` is in the list already, as %s[%zu]: keep one", texts[i],
                            key, j);
            }
        }
    }
    return list;
}

unsigned check_bounded(struct checker *k, const char *key, const char *text, unsigned least,
                       unsigned most, unsigned otherwise)
{
    return (unsigned)check_number(k, key, text, (struct check_range){least, most, otherwise});
}

uint32_t check_vendor(struct checker *k, const char *key, const char *text)
{
    uint32_t vendor = (uint32_t)check_number(
        k, key, text, (struct check_range){1, UINT32_MAX, CHECK_VENDOR_DEFAULT});
    if (vendor == VENDOR_3GPP) {
        check_wrong(k, key, "10415 is 3GPP's, whose AVP codes are not ours to use");
    }
    return vendor;
}

enum log_level check_log_level(struct checker *k, const char *key, const char *text)
{
    static const char *const levels[] = {"debug", "info", "warning", "error"};
    return (enum log_level)check_choice(k, key, text, levels, 4, LOG_LEVEL_INFO);
}

void check_folder(struct checker *k, const char *path)
{
    const char *slash = strrchr(path, '/');
    size_t n = slash != NULL ? (size_t)(slash - path) + 1 : 0;
    if (n >= sizeof k->folder) {
        check_wrong(k, "", "the path of the file is too long");
        return;
    }
    memcpy(k->folder, path, n);
    k->folder[n] = '\0';
}
