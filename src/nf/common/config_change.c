#include "nf/common/config_change.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- rules ---- */

static bool is_above(const char *rule, const char *key)
{
    size_t n = strlen(rule);
    return strncmp(rule, key, n) == 0 && (key[n] == '\0' || key[n] == '.');
}

const struct config_rule *config_rule_of(const struct config_rules *rules, const char *key)
{
    const struct config_rule *best = NULL;
    for (size_t i = 0; i < rules->n; i++) {
        const struct config_rule *r = &rules->list[i];
        if (is_above(r->key, key) && (best == NULL || strlen(r->key) > strlen(best->key))) {
            best = r;
        }
    }
    return best;
}

/* ---- a walk along the schema ---- */

struct walk {
    const struct config_rules *rules;
    struct config_changes *out; /* NULL: nothing is named */
    enum err err;
    bool kept;   /* inside a list that stays as it was: all of it needs a restart */
    bool turned; /* inside a section that is there in one of the two alone: the same */
};
/* Where it stands: the key as the rules have it, and as people read it. */
struct place {
    char key[CONFIG_KEY_MAX];
    char name[CONFIG_KEY_MAX];
};

static void extend(struct place *p, const struct place *at, const char *key)
{
    const char *dot = at->key[0] != '\0' ? "." : "";
    (void)snprintf(p->key, sizeof p->key, "%.160s%s%.80s", at->key, dot, key);
    (void)snprintf(p->name, sizeof p->name, "%.160s%s%.80s", at->name, dot, key);
}

static enum config_when when_of(const struct walk *w, const struct place *at)
{
    const struct config_rule *r = config_rule_of(w->rules, at->key);
    return w->kept || w->turned || r == NULL ? CONFIG_AT_START : r->when;
}

static void name_it(struct walk *w, enum config_when when, const char *name)
{
    if (w->out == NULL || w->err != E_OK) {
        return;
    }
    struct config_names *to = when == CONFIG_AT_ONCE ? &w->out->changed : &w->out->needs_restart;
    char **list = realloc(to->list, (to->n + 1) * sizeof *list);
    if (list != NULL) {
        to->list = list;
        list[to->n] = strdup(name);
    }
    if (list == NULL || list[to->n] == NULL) {
        w->err = E_MEMORY;
        return;
    }
    to->n++;
}

/* ---- values: what stands at a field of a group ---- */

/* Counts are unsigned: the macros of config_yaml.h make no others. */
static uint64_t count_at(const cyaml_schema_field_t *f, const uint8_t *group)
{
    unsigned n = 0;
    memcpy(&n, group + f->count_offset, sizeof n);
    return n;
}

static void *pointer_at(const cyaml_schema_field_t *f, const uint8_t *group)
{
    void *p = NULL;
    memcpy(&p, group + f->data_offset, sizeof p);
    return p;
}

static void swap(uint8_t *a, uint8_t *b, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint8_t octet = a[i];
        a[i] = b[i];
        b[i] = octet;
    }
}

/* The pointer, and the count where there is one. */
static void exchange(const cyaml_schema_field_t *f, uint8_t *before, uint8_t *after)
{
    swap(before + f->data_offset, after + f->data_offset, sizeof(void *));
    if (f->value.type == CYAML_SEQUENCE) {
        swap(before + f->count_offset, after + f->count_offset, f->count_size);
    }
}

static void differs(struct walk *w, const cyaml_schema_field_t *f, const struct place *at,
                    uint8_t *before, uint8_t *after)
{
    const enum config_when when = when_of(w, at);
    name_it(w, when, at->name);
    if (when == CONFIG_AT_START && !w->kept) {
        exchange(f, before, after);
    }
}

static bool same_text(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool same_texts(const cyaml_schema_field_t *f, const uint8_t *before, const uint8_t *after)
{
    char *const *a = pointer_at(f, before);
    char *const *b = pointer_at(f, after);
    const uint64_t n = a != NULL ? count_at(f, before) : 0;
    bool same = (a == NULL) == (b == NULL) && n == (b != NULL ? count_at(f, after) : 0);
    for (uint64_t i = 0; same && i < n; i++) {
        same = same_text(a[i], b[i]);
    }
    return same;
}

/* ---- lists of groups ---- */

struct group_list {
    const cyaml_schema_value_t *entry;
    uint8_t *at;
    uint64_t n;
};

static struct group_list list_at(const cyaml_schema_field_t *f, const uint8_t *group)
{
    uint8_t *at = pointer_at(f, group);
    return (struct group_list){f->value.sequence.entry, at, at != NULL ? count_at(f, group) : 0};
}

static uint8_t *entry_at(const struct group_list *l, uint64_t i)
{
    return l->at + i * l->entry->data_size;
}

/* What tells entries apart; NULL where it is not there. */
static const char *mark_of(const struct group_list *l, uint64_t i)
{
    const cyaml_schema_field_t *first = &l->entry->mapping.fields[0];
    return first->value.type == CYAML_STRING ? pointer_at(first, entry_at(l, i)) : NULL;
}

/* The how manieth of its mark it is. */
static uint64_t turn_of(const struct group_list *l, uint64_t i)
{
    uint64_t turn = 0;
    for (uint64_t k = 0; k < i; k++) {
        turn += same_text(mark_of(l, k), mark_of(l, i));
    }
    return turn;
}

/* Where the entry of another list stands in this one; l->n: nowhere. */
static uint64_t match_of(const struct group_list *l, const struct group_list *other, uint64_t i)
{
    uint64_t left = turn_of(other, i);
    for (uint64_t k = 0; k < l->n; k++) {
        if (same_text(mark_of(l, k), mark_of(other, i)) && left-- == 0) {
            return k;
        }
    }
    return l->n;
}

static void place_of(const struct group_list *l, uint64_t i, const struct place *at,
                     struct place *out)
{
    const char *mark = mark_of(l, i);
    memcpy(out->key, at->key, sizeof out->key);
    if (mark != NULL) {
        (void)snprintf(out->name, sizeof out->name, "%.120s[%.120s]", at->name, mark);
    } else {
        (void)snprintf(out->name, sizeof out->name, "%.120s[%llu]", at->name,
                       (unsigned long long)i);
    }
}

static bool same_entries(const struct group_list *a, const struct group_list *b)
{
    bool same = a->n == b->n;
    for (uint64_t i = 0; same && i < a->n; i++) {
        same = same_text(mark_of(a, i), mark_of(b, i));
    }
    return same;
}

/* Those of `these` that the others have not. */
static uint64_t name_lone(struct walk *w, const struct place *at, const struct group_list *these,
                          const struct group_list *others)
{
    uint64_t n = 0;
    struct place here = {"", ""};
    for (uint64_t i = 0; i < these->n; i++) {
        if (match_of(others, these, i) == others->n) {
            place_of(these, i, at, &here);
            name_it(w, when_of(w, at), here.name);
            n++;
        }
    }
    return n;
}

static void walk_group(struct walk *w, const cyaml_schema_field_t *fields, const struct place *at,
                       uint8_t *before, uint8_t *after);

static void walk_list(struct walk *w, const cyaml_schema_field_t *f, const struct place *at,
                      uint8_t *before, uint8_t *after)
{
    const struct group_list a = list_at(f, before), b = list_at(f, after);
    const enum config_when when = when_of(w, at);
    const bool moved = !same_entries(&a, &b);
    const bool was_kept = w->kept;
    struct place here = {"", ""};
    w->kept = was_kept || (moved && when == CONFIG_AT_START);
    for (uint64_t i = 0; i < b.n; i++) {
        uint64_t k = match_of(&a, &b, i);
        if (k < a.n) {
            place_of(&b, i, at, &here);
            walk_group(w, f->value.sequence.entry->mapping.fields, &here, entry_at(&a, k),
                       entry_at(&b, i));
        }
    }
    if (moved && name_lone(w, at, &a, &b) + name_lone(w, at, &b, &a) == 0) {
        name_it(w, when, at->name); /* the same ones in another order */
    }
    w->kept = was_kept;
    if (moved && when == CONFIG_AT_START && !was_kept) {
        exchange(f, before, after);
    }
}

/* ---- groups ---- */

/* A group that stands behind a pointer may be there or not. */
static void walk_optional(struct walk *w, const cyaml_schema_field_t *f, const struct place *at,
                          uint8_t *before, uint8_t *after)
{
    uint8_t *a = pointer_at(f, before), *b = pointer_at(f, after);
    if (a != NULL && b != NULL) {
        walk_group(w, f->value.mapping.fields, at, a, b);
    } else if (a != b) {
        differs(w, f, at, before, after);
    }
}

static void walk_sequence(struct walk *w, const cyaml_schema_field_t *f, const struct place *at,
                          uint8_t *before, uint8_t *after)
{
    if (f->value.sequence.entry->type == CYAML_MAPPING) {
        walk_list(w, f, at, before, after);
    } else if (!same_texts(f, before, after)) {
        differs(w, f, at, before, after);
    }
}

static bool is_empty(const cyaml_schema_field_t *fields, const uint8_t *group)
{
    bool empty = true;
    for (const cyaml_schema_field_t *f = fields; empty && f->key != NULL; f++) {
        bool inside = f->value.type == CYAML_MAPPING && (f->value.flags & CYAML_FLAG_POINTER) == 0;
        empty = inside ? is_empty(f->value.mapping.fields, group + f->data_offset)
                       : pointer_at(f, group) == NULL;
    }
    return empty;
}

static void walk_section(struct walk *w, const cyaml_schema_field_t *f, const struct place *at,
                         uint8_t *before, uint8_t *after)
{
    const cyaml_schema_field_t *fields = f->value.mapping.fields;
    const struct config_rule *r = config_rule_of(w->rules, at->key);
    const bool was_turned = w->turned;
    if (r != NULL && r->section && strcmp(r->key, at->key) == 0) {
        w->turned |= is_empty(fields, before) != is_empty(fields, after);
    }
    walk_group(w, fields, at, before, after);
    w->turned = was_turned;
}

static void walk_field(struct walk *w, const cyaml_schema_field_t *f, const struct place *at,
                       uint8_t *before, uint8_t *after)
{
    switch ((int)f->value.type) {
    case CYAML_MAPPING:
        if ((f->value.flags & CYAML_FLAG_POINTER) != 0) {
            walk_optional(w, f, at, before, after);
        } else {
            walk_section(w, f, at, before + f->data_offset, after + f->data_offset);
        }
        break;
    case CYAML_SEQUENCE:
        walk_sequence(w, f, at, before, after);
        break;
    default:
        if (!same_text(pointer_at(f, before), pointer_at(f, after))) {
            differs(w, f, at, before, after);
        }
    }
}

static void walk_group(struct walk *w, const cyaml_schema_field_t *fields, const struct place *at,
                       uint8_t *before, uint8_t *after)
{
    for (const cyaml_schema_field_t *f = fields; f->key != NULL; f++) {
        struct place here = {"", ""};
        extend(&here, at, f->key);
        walk_field(w, f, &here, before, after);
    }
}

enum err config_changes_take(const struct config_shape *shape, const struct config_rules *rules,
                             void *before, void *after, struct config_changes *out)
{
    struct walk w = {.rules = rules, .out = out, .err = E_OK};
    const struct place top = {"", ""};
    *out = (struct config_changes){.changed = {NULL, 0}};
    walk_group(&w, shape->schema->mapping.fields, &top, before, after);
    if (w.err != E_OK) {
        config_changes_free(out);
    }
    return w.err;
}

void config_changes_undo(const struct config_shape *shape, const struct config_rules *rules,
                         void *before, void *after)
{
    struct walk w = {.rules = rules, .out = NULL, .err = E_OK};
    const struct place top = {"", ""};
    walk_group(&w, shape->schema->mapping.fields, &top, before, after);
}

/* ---- names ---- */

static void names_free(struct config_names *names)
{
    for (size_t i = 0; i < names->n; i++) {
        free(names->list[i]);
    }
    free(names->list);
    *names = (struct config_names){NULL, 0};
}

void config_changes_free(struct config_changes *changes)
{
    names_free(&changes->changed);
    names_free(&changes->needs_restart);
}

#define MORE_MAX 32u /* of " and 1000 more" */

void config_names_print(const struct config_names *names, char *out, size_t room)
{
    size_t at = 0;
    (void)snprintf(out, room, "%s", names->n == 0 ? "none" : "");
    for (size_t i = 0; i < names->n; i++) {
        const char *comma = i > 0 ? ", " : "";
        const size_t needs = strlen(comma) + strlen(names->list[i]);
        if (at + needs + MORE_MAX > room) {
            (void)snprintf(out + at, room - at, " and %zu more", names->n - i);
            return;
        }
        (void)snprintf(out + at, room - at, "%s%s", comma, names->list[i]);
        at += needs;
    }
}

/* ---- every key there is ---- */

static void each_key(const cyaml_schema_field_t *fields, const struct place *at,
                     void (*fn)(void *ctx, const char *key), void *ctx)
{
    for (const cyaml_schema_field_t *f = fields; f->key != NULL; f++) {
        struct place here = {"", ""};
        extend(&here, at, f->key);
        if (f->value.type == CYAML_MAPPING) {
            each_key(f->value.mapping.fields, &here, fn, ctx);
        } else if (f->value.type == CYAML_SEQUENCE &&
                   f->value.sequence.entry->type == CYAML_MAPPING) {
            each_key(f->value.sequence.entry->mapping.fields, &here, fn, ctx);
        } else {
            fn(ctx, here.key);
        }
    }
}

void config_each_key(const struct config_shape *shape, void (*fn)(void *ctx, const char *key),
                     void *ctx)
{
    const struct place top = {"", ""};
    each_key(shape->schema->mapping.fields, &top, fn, ctx);
}
