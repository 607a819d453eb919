/* Octets as a request to the HSS's administration: method, path, query and headers on lines of
 * their own, then a body. Whatever comes, a request is refused or has one path of the table that
 * its role may take; numbers are in their ranges; a body becomes a row, a device, a rule or a lot
 * only if the next reading of it makes the same of it. The first octet picks role and scope. */
#include "crypto/openssl.h"
#include "nf/common/admin_condition.h"
#include "nf/hssd/admin.h"
#include "nf/hssd/admin_eir.h"
#include "nf/hssd/admin_lot.h"
#include "nf/hssd/admin_onboarding.h"
#include "nf/hssd/admin_row.h"

#include <stdlib.h>
#include <string.h>

#define LINES_MAX 8u
#define LINE_MAX  300u

static char lines[LINES_MAX][LINE_MAX];
static size_t n_lines;

static void require(bool holds)
{
    if (!holds) {
        abort();
    }
}

/* ---- the way: lines behind the second are "name=value", of the query and of the header alike ----
 */

static const char *value_of(const struct admin_call *c, const char *name)
{
    const size_t n = strlen(name);
    (void)c;
    for (size_t i = 2; i < n_lines; i++) {
        if (strncmp(lines[i], name, n) == 0 && lines[i][n] == '=') {
            return lines[i] + n + 1;
        }
    }
    return NULL;
}

static const char *unknown(const struct admin_call *c, const char *known)
{
    static char name[LINE_MAX], spaced[LINE_MAX + 2];
    (void)c;
    for (size_t i = 2; i < n_lines; i++) {
        const size_t n = strcspn(lines[i], "=");
        (void)snprintf(name, sizeof name, "%.*s", (int)n, lines[i]);
        (void)snprintf(spaced, sizeof spaced, " %.250s ", name);
        if (name[0] >= 'a' && name[0] <= 'z' && strstr(known, spaced) == NULL) {
            return name;
        }
    }
    return NULL;
}

static const struct admin_way way = {value_of, value_of, unknown};

/* Lines up to an empty one; the rest is the body. */
static struct bytes take_lines(struct bytes in)
{
    n_lines = 0;
    while (in.n > 0 && n_lines < LINES_MAX) {
        const uint8_t *end = memchr(in.p, '\n', in.n);
        const size_t n = end != NULL ? (size_t)(end - in.p) : in.n;
        const size_t kept = n < LINE_MAX ? n : LINE_MAX - 1, used = end != NULL ? n + 1 : n;
        memcpy(lines[n_lines], in.p, kept);
        lines[n_lines][kept] = '\0';
        in = (struct bytes){in.p + used, in.n - used};
        if (lines[n_lines++][0] == '\0') {
            break;
        }
    }
    return in;
}

/* ---- what is asked ---- */

static struct admin_path table[128];
static size_t n_table;

static void refused(const struct admin_call *c)
{
    require(c->phase == ADMIN_ANSWERED && c->is_problem && c->status >= 400 && c->answer != NULL);
}

static void numbers(struct admin_call *c)
{
    uint64_t v = 7;
    size_t limit = 0;
    if (!admin_call_number(c, "after", 1, 1000, &v)) {
        refused(c);
    }
    require(v >= 1 && v <= 1000);
    json_decref(c->answer);
    c->answer = NULL;
    if (admin_call_limit(c, &limit)) {
        require(limit >= 1 && limit <= ADMIN_LIMIT_MAX);
    }
}

static void ask(enum admin_role role, const struct admin_scope *scope)
{
    static const char *const none[] = {NULL};
    struct admin_condition_of condition;
    struct admin_call c = {.way = &way, .who = {.name = "fuzz", .role = role, .scope = scope}};
    const int i = admin_call_route(&c, table, sizeof table[0], n_table, lines[0],
                                   n_lines > 1 ? lines[1] : "");
    if (i < 0) {
        refused(&c);
    } else {
        require(strcmp(table[i].method, lines[0]) == 0 && role <= table[i].role);
        require(admin_call_scoped(&c, none) ||
                (scope != NULL && strstr(table[i].path, "{imsi}") == NULL));
    }
    json_decref(c.answer);
    c.answer = NULL;
    if (admin_condition_read(&c, &condition)) {
        require(strlen(condition.etag) < sizeof condition.etag);
    }
    json_decref(c.answer);
    c.answer = NULL;
    (void)admin_call_accepts(&c, ADMIN_NDJSON);
    numbers(&c);
    json_decref(c.answer);
}

/* ---- what is said ---- */

static void as_row(const json_t *json, const struct crypto *c, enum admin_shape shape)
{
    static const struct hssd_config config; /* without transport keys */
    static struct admin_row row, again;
    struct transport_ring ring = {.config = &config};
    struct admin_fault fault = {.problem = PROBLEM_NONE};
    if (admin_row_parse(json, shape, NULL, c, &ring, &row, &fault)) {
        require(row.n_devices <= STORE_DEVICES_MAX && fault.problem == PROBLEM_NONE);
        require(admin_row_parse(json, shape, NULL, c, &ring, &again, &fault) &&
                again.has == row.has && again.n_devices == row.n_devices &&
                imsi_eq(&again.imsi, &row.imsi));
    } else {
        require(fault.problem != PROBLEM_NONE && fault.detail[0] != '\0');
    }
    wipe(&row, sizeof row);
    wipe(&again, sizeof again);
}

static void as_others(const json_t *json)
{
    static struct admin_device device;
    static struct admin_lot_row lot;
    struct admin_fault fault;
    struct admin_kme kme;
    struct imei imei;
    struct store_eir_rule rule;
    enum admin_onboarding_word word;
    require(imei_parse(BYTES_LIT("35693803564380"), &imei) == E_OK);
    if (admin_device_parse(json, &imei, true, &device, &fault)) {
        require(device.has_kme && imei_eq(&device.imei, &imei));
    }
    wipe(&device, sizeof device);
    (void)!admin_kme_parse(json, &kme, &fault);
    if (admin_eir_parse(json, &rule, &fault)) {
        require(rule.first <= rule.last && strlen(rule.note) < sizeof rule.note);
    }
    if (admin_onboarding_parse(json, &word, &fault)) {
        require(word < ADMIN_ONBOARDING_WORDS);
    }
    if (admin_lot_parse(json, &lot, &fault)) {
        require(lot.n > 0 && lot.n <= STORE_LOT_RANGES_MAX);
        free(lot.ranges);
    }
    wipe(&lot, sizeof lot);
}

static void say(const struct crypto *c, struct bytes body)
{
    struct admin_fault fault;
    json_t *json = NULL;
    if (!admin_json_parse(body, &json, &fault)) {
        require(json == NULL && fault.problem == PROBLEM_NOT_JSON);
        return;
    }
    as_row(json, c, ADMIN_WHOLE);
    as_row(json, c, ADMIN_CHANGE);
    as_row(json, c, ADMIN_EITHER);
    as_others(json);
    json_decref(json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct admin_scope nothing;
    static struct crypto c;
    if (n_table == 0) {
        require(crypto_openssl_open(&c) == E_OK);
        for (const struct admin_path *p; (p = admin_paths(n_table)) != NULL; n_table++) {
            require(n_table < sizeof table / sizeof table[0]);
            table[n_table] = *p;
        }
    }
    if (size == 0) {
        return 0;
    }
    const struct bytes body = take_lines((struct bytes){data + 1, size - 1});
    if (n_lines > 0) {
        ask((enum admin_role)(data[0] % ADMIN_ROLES), (data[0] & 0x80) != 0 ? &nothing : NULL);
    }
    say(&c, body);
    return 0;
}
