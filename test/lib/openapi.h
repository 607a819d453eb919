/* test/lib/openapi.h - the table of paths that a daemon serves held against the OpenAPI document of
 * its interface, both ways: methods, roles, and parameters of the query. Read with libyaml.
 */
#ifndef BINDERY_TEST_LIB_OPENAPI_H
#define BINDERY_TEST_LIB_OPENAPI_H

#include "lib/check.h"

#include "nf/common/admin_call.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <yaml.h>

static const char *const openapi_methods[] = {"get", "put", "post", "patch", "delete"};

struct openapi {
    yaml_document_t doc;
    yaml_node_t *paths;
    /* the i-th path that the daemon serves; NULL behind the last */
    const struct admin_path *(*served)(size_t i);
};

static inline const char *openapi_text(const yaml_node_t *n)
{
    return n != NULL && n->type == YAML_SCALAR_NODE ? (const char *)n->data.scalar.value : "";
}

/* The value of a key, or NULL. */
static inline yaml_node_t *openapi_at(struct openapi *o, yaml_node_t *map, const char *key)
{
    if (map == NULL || map->type != YAML_MAPPING_NODE) {
        return NULL;
    }
    for (yaml_node_pair_t *p = map->data.mapping.pairs.start; p < map->data.mapping.pairs.top;
         p++) {
        if (strcmp(openapi_text(yaml_document_get_node(&o->doc, p->key)), key) == 0) {
            return yaml_document_get_node(&o->doc, p->value);
        }
    }
    return NULL;
}

static inline void openapi_open(struct openapi *o, const char *file,
                                const struct admin_path *(*served)(size_t i))
{
    char path[512];
    yaml_parser_t parser;
    snprintf(path, sizeof path, "%s/../../docs/openapi/%s", TEST_DATA, file);
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    assert_int_equal(yaml_parser_initialize(&parser), 1);
    yaml_parser_set_input_file(&parser, f);
    assert_int_equal(yaml_parser_load(&parser, &o->doc), 1);
    yaml_parser_delete(&parser);
    fclose(f);
    o->paths = openapi_at(o, yaml_document_get_root_node(&o->doc), "paths");
    o->served = served;
    assert_non_null(o->paths);
}

static inline void openapi_close(struct openapi *o)
{
    yaml_document_delete(&o->doc);
}

static inline const char *openapi_method(const char *method, char lower[static 16])
{
    size_t i = 0;
    for (; method[i] != '\0' && i < 15; i++) {
        lower[i] = (char)tolower((unsigned char)method[i]);
    }
    lower[i] = '\0';
    return lower;
}

/* "#/components/parameters/limit" */
static inline yaml_node_t *openapi_resolve(struct openapi *o, yaml_node_t *n)
{
    const char *ref = openapi_text(openapi_at(o, n, "$ref"));
    if (*ref == '\0') {
        return n;
    }
    yaml_node_t *at = yaml_document_get_root_node(&o->doc);
    assert_int_equal(strncmp(ref, "#/", 2), 0);
    for (const char *p = ref + 1; *p == '/' && at != NULL;) {
        char step[64];
        size_t k = strcspn(++p, "/");
        snprintf(step, sizeof step, "%.*s", (int)k, p);
        at = openapi_at(o, at, step);
        p += k;
    }
    assert_non_null(at);
    return at;
}

/* Adds " name" for each parameter of the query; how many there are. */
static inline size_t openapi_parameters(struct openapi *o, yaml_node_t *of, const char *known,
                                        const char *where)
{
    size_t n = 0;
    yaml_node_t *list = openapi_at(o, of, "parameters");
    if (list == NULL) {
        return 0;
    }
    for (yaml_node_item_t *i = list->data.sequence.items.start; i < list->data.sequence.items.top;
         i++) {
        char spaced[64];
        yaml_node_t *p = openapi_resolve(o, yaml_document_get_node(&o->doc, *i));
        const char *name = openapi_text(openapi_at(o, p, "name"));
        if (strcmp(openapi_text(openapi_at(o, p, "in")), "query") != 0) {
            continue;
        }
        snprintf(spaced, sizeof spaced, " %.60s ", name);
        if (strstr(known, spaced) == NULL) {
            fail_msg("%s does not take the parameter %s of its document", where, name);
        }
        n++;
    }
    return n;
}

static inline size_t openapi_words(const char *text)
{
    size_t n = 0;
    for (text += strspn(text, " "); *text != '\0'; text += strspn(text, " ")) {
        text += strcspn(text, " ");
        n++;
    }
    return n;
}

/* Whatever is served stands in the document as it is. */
static inline void openapi_has_what_is_served(struct openapi *o)
{
    const struct admin_path *at;
    for (size_t i = 0; (at = o->served(i)) != NULL; i++) {
        char where[160], method[16];
        snprintf(where, sizeof where, "%s %s", at->method, at->path);
        yaml_node_t *path = openapi_at(o, o->paths, at->path);
        yaml_node_t *operation = openapi_at(o, path, openapi_method(at->method, method));
        if (operation == NULL) {
            fail_msg("the document does not have %s", where);
        }
        const char *role = openapi_text(openapi_at(o, operation, "x-bindery-role"));
        if (strcmp(role, admin_role_name(at->role)) != 0) {
            fail_msg("%s is for a %s, and the document says %s", where, admin_role_name(at->role),
                     *role != '\0' ? role : "nothing");
        }
        size_t n = openapi_parameters(o, path, at->parameters, where) +
                   openapi_parameters(o, operation, at->parameters, where);
        if (n != openapi_words(at->parameters)) {
            fail_msg("%s has the parameters (%s), and the document %zu", where, at->parameters, n);
        }
    }
}

static inline bool openapi_is_served(const struct openapi *o, const char *path, const char *lower)
{
    const struct admin_path *at;
    char method[16];
    for (size_t i = 0; (at = o->served(i)) != NULL; i++) {
        if (strcmp(at->path, path) == 0 && strcmp(openapi_method(at->method, method), lower) == 0) {
            return true;
        }
    }
    return false;
}

/* And whatever stands there is served, under an operationId of its own. */
static inline void openapi_has_nothing_else(struct openapi *o)
{
    const char *ids[256];
    size_t n = 0;
    for (yaml_node_pair_t *p = o->paths->data.mapping.pairs.start;
         p < o->paths->data.mapping.pairs.top; p++) {
        const char *path = openapi_text(yaml_document_get_node(&o->doc, p->key));
        yaml_node_t *item = yaml_document_get_node(&o->doc, p->value);
        for (size_t m = 0; m < sizeof openapi_methods / sizeof *openapi_methods; m++) {
            yaml_node_t *operation = openapi_at(o, item, openapi_methods[m]);
            if (operation == NULL) {
                continue;
            }
            if (!openapi_is_served(o, path, openapi_methods[m])) {
                fail_msg("nobody serves %s %s of the document", openapi_methods[m], path);
            }
            const char *id = openapi_text(openapi_at(o, operation, "operationId"));
            assert_true(*id != '\0' && n < sizeof ids / sizeof *ids);
            for (size_t i = 0; i < n; i++) {
                assert_string_not_equal(ids[i], id);
            }
            ids[n++] = id;
            assert_non_null(openapi_at(o, operation, "responses"));
        }
    }
    assert_true(n > 0);
}

#endif
