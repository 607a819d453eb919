/* Every key of a configuration's schema, for the tests of its rules: nf/common/config_change.h. */
#ifndef BINDERY_TEST_CONFIG_KEYS_H
#define BINDERY_TEST_CONFIG_KEYS_H

#include "lib/check.h"

#include "nf/common/config_change.h"

#include <stdlib.h>
#include <string.h>

/* A tree in which every key is there, and one of them, the `odd`-th, has another value. */
struct filling {
    size_t odd, n;
    bool is_first; /* the odd one tells entries of a list apart */
};

static char *value(struct filling *f, bool first)
{
    f->is_first |= f->n == f->odd && first;
    return strdup(f->n++ == f->odd ? "other" : "same");
}

static void put(uint8_t *group, uint32_t offset, const void *what, size_t n)
{
    memcpy(group + offset, what, n);
}

static void fill(struct filling *f, const cyaml_schema_field_t *fields, uint8_t *group, bool list);

static void fill_list(struct filling *f, const cyaml_schema_field_t *s, uint8_t *group)
{
    const cyaml_schema_value_t *entry = s->value.sequence.entry;
    const unsigned one = 1;
    void *at = NULL;
    if (entry->type == CYAML_MAPPING) {
        at = calloc(1, entry->data_size);
        fill(f, entry->mapping.fields, at, true);
    } else {
        char **texts = calloc(1, sizeof *texts);
        texts[0] = value(f, false);
        at = texts;
    }
    put(group, s->data_offset, &at, sizeof at);
    put(group, s->count_offset, &one, sizeof one);
}

static void fill(struct filling *f, const cyaml_schema_field_t *fields, uint8_t *group, bool list)
{
    for (const cyaml_schema_field_t *s = fields; s->key != NULL; s++) {
        if (s->value.type == CYAML_SEQUENCE) {
            fill_list(f, s, group);
        } else if (s->value.type == CYAML_MAPPING && (s->value.flags & CYAML_FLAG_POINTER) != 0) {
            void *part = calloc(1, s->value.data_size);
            fill(f, s->value.mapping.fields, part, false);
            put(group, s->data_offset, &part, sizeof part);
        } else if (s->value.type == CYAML_MAPPING) {
            fill(f, s->value.mapping.fields, group + s->data_offset, false);
        } else {
            char *text = value(f, list && s == fields);
            put(group, s->data_offset, &text, sizeof text);
        }
    }
}

static void *tree(const struct config_shape *shape, struct filling *f)
{
    void *raw = calloc(1, shape->schema->data_size);
    fill(f, shape->schema->mapping.fields, raw, false);
    return raw;
}

static void one_more(void *ctx, const char *key)
{
    (void)key;
    (*(size_t *)ctx)++;
}

static void each_is_named(const struct config_shape *shape, const struct config_rules *rules)
{
    size_t keys = 0;
    config_each_key(shape, one_more, &keys);
    assert_true(keys > 20);
    for (size_t i = 0; i < keys; i++) {
        struct filling plain = {.odd = SIZE_MAX}, odd = {.odd = i};
        struct config_changes changes;
        void *before = tree(shape, &plain), *after = tree(shape, &odd);
        assert_int_equal(odd.n, keys);
        assert_ok(config_changes_take(shape, rules, before, after, &changes));
        const size_t n = changes.changed.n, m = changes.needs_restart.n;
        assert_true(n == 0 || m == 0);
        assert_int_equal(n + m, odd.is_first ? 2 : 1); /* one went, one came */
        config_changes_free(&changes);
        assert_ok(config_changes_take(shape, rules, before, after, &changes));
        assert_int_equal(changes.changed.n, n);
        assert_int_equal(changes.needs_restart.n, m);
        config_changes_free(&changes);
        config_raw_free(shape, before);
        config_raw_free(shape, after);
    }
}

static void has_rule(void *rules, const char *key)
{
    if (config_rule_of(rules, key) == NULL) {
        fail_msg("no rule says when a new value of %s counts: nf/*/config_reload.c", key);
    }
}

struct sought {
    const char *rule;
    bool found;
};

static void is_below(void *ctx, const char *key)
{
    struct sought *s = ctx;
    size_t n = strlen(s->rule);
    s->found |= strncmp(key, s->rule, n) == 0 && (key[n] == '\0' || key[n] == '.');
}

static void each_belongs(const struct config_shape *shape, const struct config_rules *rules)
{
    for (size_t i = 0; i < rules->n; i++) {
        struct sought s = {.rule = rules->list[i].key};
        config_each_key(shape, is_below, &s);
        if (!s.found) {
            fail_msg("a rule is for a key that there is not: %s", s.rule);
        }
    }
}

#endif
