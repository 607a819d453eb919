#include "nf/hssd/admin_eir.h"

#include "nf/hssd/ecr.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STATUS_OK     200u
#define AFTER_MAX     (IMEI_RANGE_TEXT_MAX + 8)
#define LIMIT_DEFAULT 100u

static const char *const unknown_names[] = {"refuse", "allow", "grey"};
static const char *const pairing_names[] = {"off", "report", "grey", "black"};

static void refuse(struct admin_request *r, enum problem problem, const char *detail)
{
    struct admin_fault fault;
    (void)admin_fault_set(&fault, problem, NULL, "%s", detail);
    admin_refuse(r, &fault);
}

static void refuse_err(struct admin_request *r, enum err err)
{
    struct admin_fault fault;
    (void)admin_fault_store(&fault, err);
    admin_refuse(r, &fault);
}

static void answer(struct admin_request *r, json_t *body)
{
    if (body == NULL) {
        refuse_err(r, E_MEMORY);
    } else {
        admin_answer(r, STATUS_OK, body);
    }
}

/* ---- views ---- */

json_t *admin_eir_view(const struct store_eir_rule *rule)
{
    char text[IMEI_RANGE_TEXT_MAX];
    imei_range_print(&(struct imei_range){rule->first, rule->last}, text);
    return json_pack("{s:s,s:s,s:o}", "rule", text, "list",
                     eir_list_name((enum eir_list)rule->list), "note",
                     rule->note[0] != '\0' ? json_string(rule->note) : json_null());
}

json_t *admin_eir_in_force(struct hssd *h)
{
    struct eir_lists_state s;
    eir_lists_state(h->eir, &s);
    return json_pack("{s:I,s:I,s:I,s:I}", "version", (json_int_t)s.version, "rules",
                     (json_int_t)s.rules, "edges", (json_int_t)s.edges, "octets",
                     (json_int_t)s.octets);
}

void admin_eir_state(struct admin_request *r)
{
    struct store_eir eir;
    const struct hssd_eir *c = &r->h->config->eir;
    enum err err = store_read_eir(r->reader, &eir);
    if (err != E_OK) {
        refuse_err(r, err);
        return;
    }
    answer(r, json_pack("{s:b,s:s,s:s,s:I,s:I,s:o}", "enabled", (int)c->enabled, "unknown",
                        unknown_names[c->policy.unknown], "pairing",
                        pairing_names[c->policy.pairing], "rules", (json_int_t)eir.rules, "version",
                        (json_int_t)eir.version, "in_force", admin_eir_in_force(r->h)));
}

/* ---- the list ---- */

static bool limit_of(struct admin_request *r, size_t *limit)
{
    const char *text = admin_parameter(r, "limit");
    size_t n = text != NULL ? strlen(text) : 0;
    *limit = LIMIT_DEFAULT;
    if (text == NULL) {
        return true;
    }
    bool digits = n > 0 && n < 6 && strspn(text, "0123456789") == n;
    *limit = digits ? (size_t)strtoul(text, NULL, 10) : 0;
    if (*limit < 1 || *limit > ADMIN_LIMIT_MAX) {
        refuse(r, PROBLEM_PARAMETER, "limit is not a whole number in its range");
        return false;
    }
    return true;
}

/* RULE-LIST, as `next` of a page has it. */
static bool after_of(struct admin_request *r, struct store_eir_rule *after)
{
    const char *text = admin_parameter(r, "after");
    *after = (struct store_eir_rule){0};
    if (text == NULL) {
        return true;
    }
    const char *hyphen = strrchr(text, '-');
    struct imei_range range;
    enum eir_list list;
    if (hyphen == NULL || eir_list_parse(bytes_of_str(hyphen + 1), &list) != E_OK ||
        imei_range_parse((struct bytes){(const uint8_t *)text, (size_t)(hyphen - text)}, &range) !=
            E_OK) {
        refuse(r, PROBLEM_PARAMETER, "after is not RULE-LIST");
        return false;
    }
    *after =
        (struct store_eir_rule){.first = range.first, .last = range.last, .list = (uint8_t)list};
    return true;
}

static json_t *page(const struct store_eir_rule *rows, size_t n, size_t limit)
{
    char next[AFTER_MAX] = "";
    bool more = n > limit;
    json_t *list = json_array();
    n = more ? limit : n;
    for (size_t i = 0; i < n; i++) {
        (void)json_array_append_new(list, admin_eir_view(&rows[i]));
    }
    if (more) {
        const struct store_eir_rule *last = &rows[n - 1];
        imei_range_print(&(struct imei_range){last->first, last->last}, next);
        size_t at = strlen(next);
        snprintf(next + at, sizeof next - at, "-%s", eir_list_name((enum eir_list)last->list));
    }
    return json_pack("{s:o,s:o}", "rules", list, "next", more ? json_string(next) : json_null());
}

void admin_eir_list(struct admin_request *r)
{
    struct store_eir_rule after;
    size_t limit = 0, n = 0;
    if (!limit_of(r, &limit) || !after_of(r, &after)) {
        return;
    }
    struct store_eir_rule *rows = calloc(limit + 1, sizeof *rows);
    enum err err =
        rows == NULL ? E_MEMORY : store_list_eir_rules(r->reader, &after, rows, limit + 1, &n);
    if (err != E_OK) {
        refuse_err(r, err);
    } else {
        answer(r, page(rows, n, limit));
    }
    free(rows);
}

void admin_eir_get(struct admin_request *r)
{
    struct store_eir_rule row = {
        .first = r->range.first, .last = r->range.last, .list = (uint8_t)r->list};
    enum err err = store_read_eir_note(r->reader, &row);
    if (err == E_NOT_FOUND) {
        refuse(r, PROBLEM_NO_RULE, "no such rule stands on that list");
    } else if (err != E_OK) {
        refuse_err(r, err);
    } else {
        answer(r, admin_eir_view(&row));
    }
}

/* ---- a check ---- */

/* With its note; a rule that was removed since the table was made has none any more. */
static json_t *view_deciding(struct admin_request *r, const struct eir_rule *rule)
{
    struct store_eir_rule row = {
        .first = rule->range.first, .last = rule->range.last, .list = (uint8_t)rule->list};
    if (store_read_eir_note(r->reader, &row) != E_OK) {
        row.note[0] = '\0';
    }
    return admin_eir_view(&row);
}

static bool imsi_of(struct admin_request *r, bool *has)
{
    const char *text = admin_parameter(r, "imsi");
    *has = text != NULL;
    if (*has && imsi_parse(bytes_of_str(text), &r->imsi) != E_OK) {
        refuse(r, PROBLEM_PARAMETER, "imsi is not 6 to 15 digits");
        return false;
    }
    return !*has || admin_call_in_scope(&r->call, &r->imsi);
}

void admin_eir_check(struct admin_request *r)
{
    struct eir_reader *lists = NULL;
    struct eir_rule rule;
    struct eir_verdict v;
    enum eir_list list = EIR_NO_LIST;
    bool has_imsi = false;
    if (!imsi_of(r, &has_imsi)) {
        return;
    }
    enum err err = eir_reader_open(r->h->eir, &lists);
    if (err == E_OK) {
        err = ecr_verdict(r->h->config, lists, r->reader, &r->imei, has_imsi ? &r->imsi : NULL,
                          &rule, &list, &v);
    }
    eir_reader_close(lists);
    if (err != E_OK) {
        refuse_err(r, err);
        return;
    }
    const char *by = v.by_pairing ? "pairing" : list == EIR_NO_LIST ? "unknown" : "rule";
    answer(r, json_pack("{s:b,s:s,s:o,s:s,s:s,s:s,s:o,s:b,s:b}", "enabled",
                        (int)r->h->config->eir.enabled, "imei", r->imei.digits, "imsi",
                        has_imsi ? json_string(r->imsi.digits) : json_null(), "status",
                        eir_status_name(v.status), "by", by, "list", eir_list_name(list), "rule",
                        list != EIR_NO_LIST ? view_deciding(r, &rule) : json_null(), "not_paired",
                        (int)v.not_paired, "changed", (int)v.changed));
}
