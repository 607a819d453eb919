#include "proc/eir.h"

static const char *const list_names[] = {"none", "white", "grey", "black"};

const char *eir_list_name(enum eir_list list)
{
    return list_names[list];
}

enum err eir_list_parse(struct bytes ascii, enum eir_list *out)
{
    for (unsigned i = EIR_WHITE; i <= EIR_BLACK; i++) {
        if (bytes_eq(ascii, bytes_of_str(list_names[i]))) {
            *out = (enum eir_list)i;
            return E_OK;
        }
    }
    return E_BAD_VALUE;
}

const char *eir_status_name(enum eir_status s)
{
    static const char *const names[] = {[EIR_WHITELISTED] = "whitelisted",
                                        [EIR_GREYLISTED] = "greylisted",
                                        [EIR_UNKNOWN_EQUIPMENT] = "unknown",
                                        [EIR_BLACKLISTED] = "blacklisted"};
    return names[s];
}

/* ---- order ---- */

static uint64_t width_of(const struct eir_rule *r)
{
    return r->range.last - r->range.first;
}

/*= eir-order */
/* Does a decide where both hold? No two rules are equal, so one of them always does. */
static bool goes_before(const struct eir_rule *a, const struct eir_rule *b)
{
    if (width_of(a) != width_of(b)) {
        return width_of(a) < width_of(b);
    }
    return a->list != b->list ? a->list > b->list : a->range.first < b->range.first;
}

static bool in_order(const struct eir_rule *a, const struct eir_rule *b)
{
    if (a->range.first != b->range.first) {
        return a->range.first < b->range.first;
    }
    return a->range.last != b->range.last ? a->range.last < b->range.last : a->list < b->list;
}

static bool is_rule(const struct eir_rule *r)
{
    return r->range.first <= r->range.last && r->range.last < IMEI_NUMBERS &&
           r->list >= EIR_WHITE && r->list <= EIR_BLACK;
}

/* ---- a heap of the rules that cover the place, the deciding one on top ---- */

struct covering {
    const struct eir_rule *rules;
    uint32_t *at;
    size_t n;
};

static bool above(const struct covering *c, size_t i, size_t j)
{
    return goes_before(&c->rules[c->at[i]], &c->rules[c->at[j]]);
}

static void swap(struct covering *c, size_t i, size_t j)
{
    uint32_t t = c->at[i];
    c->at[i] = c->at[j];
    c->at[j] = t;
}

static void push(struct covering *c, uint32_t rule)
{
    size_t i = c->n++;
    c->at[i] = rule;
    while (i > 0 && above(c, i, (i - 1) / 2)) {
        swap(c, i, (i - 1) / 2);
        i = (i - 1) / 2;
    }
}

static void pop(struct covering *c)
{
    c->at[0] = c->at[--c->n];
    for (size_t i = 0;;) {
        size_t child = 2 * i + 1;
        if (child + 1 < c->n && above(c, child + 1, child)) {
            child++;
        }
        if (child >= c->n || !above(c, child, i)) {
            return;
        }
        swap(c, i, child);
        i = child;
    }
}

/* ---- the sweep ---- */

static void edge_at(struct eir_table *t, uint64_t place, uint32_t rule, enum eir_list list)
{
    if (t->n_edges > 0 ? t->rule[t->n_edges - 1] == rule : rule == EIR_NO_RULE) {
        return;
    }
    t->edge[t->n_edges] = place * 4 + (uint64_t)list;
    t->rule[t->n_edges] = rule;
    t->n_edges++;
}

/* Each place that is looked at is where a rule begins or the one behind where one ends: there are
 * no more than two of them for a rule. */
static void sweep(const struct eir_rule *rules, size_t n, uint32_t *heap, struct eir_table *t)
{
    struct covering c = {rules, heap, 0};
    uint64_t place = n > 0 ? rules[0].range.first : 0;
    for (size_t next = 0; next < n || c.n > 0;) {
        while (next < n && rules[next].range.first <= place) {
            push(&c, (uint32_t)next++);
        }
        while (c.n > 0 && rules[c.at[0]].range.last < place) {
            pop(&c);
        }
        if (c.n == 0) {
            edge_at(t, place, EIR_NO_RULE, EIR_NO_LIST);
            place = next < n ? rules[next].range.first : place;
            continue;
        }
        const struct eir_rule *top = &rules[c.at[0]];
        edge_at(t, place, c.at[0], top->list);
        place = next < n && rules[next].range.first <= top->range.last ? rules[next].range.first
                                                                       : top->range.last + 1;
    }
}

enum err eir_table_build(const struct eir_rule *rules, size_t n, uint32_t *heap,
                         struct eir_table *table)
{
    if (n > EIR_RULES_AT_MOST) {
        return E_NO_ROOM;
    }
    for (size_t i = 0; i < n; i++) {
        if (!is_rule(&rules[i]) || (i > 0 && !in_order(&rules[i - 1], &rules[i]))) {
            return E_BAD_VALUE;
        }
    }
    table->n_edges = 0;
    table->index = (struct eir_index){0};
    sweep(rules, n, heap, table);
    return E_OK;
}

enum eir_list eir_table_find(const struct eir_table *table, uint64_t imei, uint32_t *rule)
{
    size_t n = eir_index_find(&table->index, table->edge, table->n_edges, imei);
    if (rule != NULL) {
        *rule = n > 0 ? table->rule[n - 1] : EIR_NO_RULE;
    }
    return n > 0 ? (enum eir_list)(table->edge[n - 1] & 3) : EIR_NO_LIST;
}

/* ---- the verdict ---- */

static enum eir_status status_of(const struct eir_policy *policy, enum eir_list list)
{
    static const enum eir_status of_unknown[] = {[EIR_UNKNOWN_REFUSE] = EIR_UNKNOWN_EQUIPMENT,
                                                 [EIR_UNKNOWN_ALLOW] = EIR_WHITELISTED,
                                                 [EIR_UNKNOWN_GREY] = EIR_GREYLISTED};
    static const enum eir_status of_list[] = {
        [EIR_WHITE] = EIR_WHITELISTED, [EIR_GREY] = EIR_GREYLISTED, [EIR_BLACK] = EIR_BLACKLISTED};
    return list == EIR_NO_LIST ? of_unknown[policy->unknown] : of_list[list];
}

static enum eir_status pairing_of(const struct eir_policy *policy)
{
    switch (policy->pairing) {
    case EIR_PAIRING_OFF:
    case EIR_PAIRING_REPORT:
        return EIR_WHITELISTED;
    case EIR_PAIRING_GREY:
        return EIR_GREYLISTED;
    case EIR_PAIRING_BLACK:
        return EIR_BLACKLISTED;
    }
    return EIR_BLACKLISTED;
}

struct eir_verdict eir_decide(const struct eir_policy *policy, enum eir_list list,
                              const struct imei *imei, const struct eir_subscription *subscription)
{
    const struct eir_subscription *s = subscription;
    struct eir_verdict v = {.status = status_of(policy, list)};
    if (policy->pairing == EIR_PAIRING_OFF || !s->known) {
        return v;
    }
    v.not_paired = s->policy == BINDING_BOUND && !s->device_listed;
    v.changed = s->has_last_imei && !imei_eq(&s->last_imei, imei);
    if (v.not_paired && pairing_of(policy) > v.status) {
        v.status = pairing_of(policy);
        v.by_pairing = true;
    }
    return v;
}
