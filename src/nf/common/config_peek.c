#include "nf/common/config_peek.h"

#include <stdio.h>
#include <string.h>
#include <yaml.h>

static const char *text_of(const yaml_node_t *n)
{
    return n != NULL && n->type == YAML_SCALAR_NODE ? (const char *)n->data.scalar.value : NULL;
}

static yaml_node_t *member(yaml_document_t *d, const yaml_node_t *map, const char *name)
{
    if (map == NULL || map->type != YAML_MAPPING_NODE) {
        return NULL;
    }
    const yaml_node_pair_t *pair = map->data.mapping.pairs.start;
    for (; pair < map->data.mapping.pairs.top; pair++) {
        const char *key = text_of(yaml_document_get_node(d, pair->key));
        if (key != NULL && strcmp(key, name) == 0) {
            return yaml_document_get_node(d, pair->value);
        }
    }
    return NULL;
}

static enum err path_from(const char *file, const char *text, char *out, size_t room)
{
    const char *slash = strrchr(file, '/');
    int folder = text[0] == '/' || slash == NULL ? 0 : (int)(slash - file) + 1;
    int n = snprintf(out, room, "%.*s%s", folder, file, text);
    return n >= 0 && (size_t)n < room ? E_OK : E_NO_ROOM;
}

enum err config_peek_path(const char *file, const char *section, const char *key, char *out,
                          size_t room)
{
    yaml_parser_t parser;
    yaml_document_t d;
    FILE *f = fopen(file, "re");
    if (f == NULL) {
        return E_IO;
    }
    if (yaml_parser_initialize(&parser) != 1) {
        (void)fclose(f); /* only read */
        return E_MEMORY;
    }
    yaml_parser_set_input_file(&parser, f);
    enum err err = E_BAD_VALUE;
    if (yaml_parser_load(&parser, &d) == 1) {
        const yaml_node_t *map = yaml_document_get_root_node(&d);
        if (section != NULL) {
            map = member(&d, map, section);
        }
        const char *text = text_of(member(&d, map, key));
        err = text == NULL || text[0] == '\0' ? E_NOT_FOUND : path_from(file, text, out, room);
        yaml_document_delete(&d);
    }
    yaml_parser_delete(&parser);
    (void)fclose(f); /* only read */
    return err;
}
