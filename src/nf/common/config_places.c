#include "nf/common/config_places.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#define DEPTH_MAX  8
#define PLACES_MAX 65536

struct place {
    char *path;
    size_t line; /* from 1 */
    size_t column;
};
struct config_places {
    char *file;
    struct place *at;
    size_t n;
    size_t room;
};

/* One mapping or sequence that is open. */
struct level {
    bool mapping;
    bool want_value; /* mapping: a key was read */
    unsigned index;  /* sequence: of the next entry */
    size_t path_n;   /* length of the path of this level itself */
};
struct walk {
    struct config_places *places;
    struct config_why *why;
    struct level levels[DEPTH_MAX];
    unsigned depth;
    unsigned documents;
    char path[256]; /* of what comes next */
};

static void place_print(const char *file, size_t line, size_t column, const char *path, char *out,
                        size_t room)
{
    if (path == NULL || path[0] == '\0') {
        snprintf(out, room, "%.200s:%zu:%zu", file, line, column);
    } else {
        snprintf(out, room, "%.180s:%zu:%zu (%.100s)", file, line, column, path);
    }
}

static enum err walk_wrong(struct walk *w, const yaml_mark_t *mark, const char *sentence)
{
    place_print(w->places->file, mark->line + 1, mark->column + 1, NULL, w->why->place,
                sizeof w->why->place);
    snprintf(w->why->sentence, sizeof w->why->sentence, "%s", sentence);
    return E_BAD_VALUE;
}

static enum err place_add(struct walk *w, const yaml_mark_t *mark)
{
    struct config_places *p = w->places;
    if (p->n == PLACES_MAX) {
        return walk_wrong(w, mark, "the file has too many keys for a configuration");
    }
    if (p->n == p->room) {
        size_t room = p->room == 0 ? 128 : 2 * p->room;
        struct place *at = realloc(p->at, room * sizeof *at);
        if (at == NULL) {
            return E_MEMORY;
        }
        p->at = at;
        p->room = room;
    }
    char *path = strdup(w->path);
    if (path == NULL) {
        return E_MEMORY;
    }
    p->at[p->n].path = path;
    p->at[p->n].line = mark->line + 1;
    p->at[p->n].column = mark->column + 1;
    p->n++;
    return E_OK;
}

static void path_append(struct walk *w, const char *text)
{
    size_t n = strlen(w->path);
    snprintf(w->path + n, sizeof w->path - n, "%s%.64s", n > 0 ? "." : "", text);
}

/* A node is about to be read: a sequence's entry gets its path here. */
static enum err node_begins(struct walk *w, const yaml_mark_t *mark)
{
    struct level *l = w->depth > 0 ? &w->levels[w->depth - 1] : NULL;
    if (l == NULL || l->mapping) {
        return E_OK;
    }
    w->path[l->path_n] = '\0';
    snprintf(w->path + l->path_n, sizeof w->path - l->path_n, "[%u]", l->index++);
    return place_add(w, mark);
}

/* A node was read: what comes next is the mapping's next key. */
static void node_ended(struct walk *w)
{
    if (w->depth > 0) {
        struct level *l = &w->levels[w->depth - 1];
        l->want_value = false;
        w->path[l->path_n] = '\0';
    }
}

static enum err node_opens(struct walk *w, const yaml_mark_t *mark, bool mapping)
{
    if (w->depth > 0 && w->levels[w->depth - 1].mapping && !w->levels[w->depth - 1].want_value) {
        return walk_wrong(w, mark, "a key is not a plain word: write `key: value`");
    }
    enum err err = node_begins(w, mark);
    if (err == E_OK && w->depth == DEPTH_MAX) {
        return walk_wrong(w, mark, "is nested deeper than any key of the configuration");
    }
    if (err == E_OK) {
        w->levels[w->depth++] = (struct level){.mapping = mapping, .path_n = strlen(w->path)};
    }
    return err;
}

static enum err scalar(struct walk *w, const yaml_event_t *e)
{
    struct level *l = w->depth > 0 ? &w->levels[w->depth - 1] : NULL;
    if (e->data.scalar.anchor != NULL) {
        return walk_wrong(w, &e->start_mark, "anchors are not used here: write the value itself");
    }
    if (l != NULL && l->mapping && !l->want_value) {
        path_append(w, (const char *)e->data.scalar.value);
        l->want_value = true;
        return place_add(w, &e->start_mark);
    }
    enum err err = node_begins(w, &e->start_mark);
    node_ended(w);
    return err;
}

static enum err document(struct walk *w, const yaml_mark_t *mark)
{
    return w->documents++ == 0 ? E_OK
                               : walk_wrong(w, mark, "a second document begins here: keep one");
}

static enum err event(struct walk *w, const yaml_event_t *e)
{
    switch (e->type) {
    case YAML_DOCUMENT_START_EVENT:
        return document(w, &e->start_mark);
    case YAML_ALIAS_EVENT:
        return walk_wrong(w, &e->start_mark, "aliases are not used here: write the value itself");
    case YAML_SCALAR_EVENT:
        return scalar(w, e);
    case YAML_MAPPING_START_EVENT:
        return node_opens(w, &e->start_mark, true);
    case YAML_SEQUENCE_START_EVENT:
        return node_opens(w, &e->start_mark, false);
    case YAML_MAPPING_END_EVENT:
    case YAML_SEQUENCE_END_EVENT:
        w->depth--;
        node_ended(w);
        return E_OK;
    case YAML_NO_EVENT:
    case YAML_STREAM_START_EVENT:
    case YAML_STREAM_END_EVENT:
    case YAML_DOCUMENT_END_EVENT:
        return E_OK;
    }
    return E_OK;
}

static enum err parser_wrong(struct walk *w, const yaml_parser_t *parser)
{
    yaml_mark_t mark = parser->problem_mark;
    char sentence[200];
    if (parser->error == YAML_MEMORY_ERROR) {
        return E_MEMORY;
    }
    snprintf(sentence, sizeof sentence, "is not YAML: %.150s",
             parser->problem != NULL ? parser->problem : "unreadable");
    return walk_wrong(w, &mark, sentence);
}

static enum err walk_all(struct walk *w, yaml_parser_t *parser)
{
    enum err err = E_OK;
    for (bool more = true; err == E_OK && more;) {
        yaml_event_t e;
        if (yaml_parser_parse(parser, &e) == 0) {
            return parser_wrong(w, parser);
        }
        more = e.type != YAML_STREAM_END_EVENT;
        err = event(w, &e);
        yaml_event_delete(&e);
    }
    return err;
}

enum err config_places_read(const char *file, struct bytes yaml, struct config_places **out,
                            struct config_why *why)
{
    yaml_parser_t parser;
    struct walk w = {.places = calloc(1, sizeof *w.places), .why = why};
    if (w.places == NULL || (w.places->file = strdup(file)) == NULL ||
        yaml_parser_initialize(&parser) == 0) {
        config_places_free(w.places);
        return E_MEMORY;
    }
    yaml_parser_set_input_string(&parser, yaml.p, yaml.n);
    enum err err = walk_all(&w, &parser);
    yaml_parser_delete(&parser);
    if (err != E_OK) {
        config_places_free(w.places);
        return err;
    }
    *out = w.places;
    return E_OK;
}

void config_places_free(struct config_places *places)
{
    if (places == NULL) {
        return;
    }
    for (size_t i = 0; i < places->n; i++) {
        free(places->at[i].path);
    }
    free(places->at);
    free(places->file);
    free(places);
}

static const struct place *find(const struct config_places *places, const char *path)
{
    for (size_t i = 0; i < places->n; i++) {
        if (strcmp(places->at[i].path, path) == 0) {
            return &places->at[i];
        }
    }
    return NULL;
}

void config_place_of(const struct config_places *places, const char *path, char *out, size_t room)
{
    char around[256];
    snprintf(around, sizeof around, "%s", path);
    const struct place *p = find(places, around);
    while (p == NULL && around[0] != '\0') {
        size_t n = strlen(around);
        do {
            n--;
        } while (n > 0 && around[n] != '.' && around[n] != '[');
        around[n] = '\0';
        p = find(places, around);
    }
    place_print(places->file, p != NULL ? p->line : 1, p != NULL ? p->column : 1, path, out, room);
}

void config_place_after(const struct config_places *places, const char *key, size_t line, char *out,
                        size_t room)
{
    for (size_t i = 0; i < places->n; i++) {
        const struct place *p = &places->at[i];
        const char *dot = strrchr(p->path, '.');
        if (p->line >= line && strcmp(dot != NULL ? dot + 1 : p->path, key) == 0) {
            place_print(places->file, p->line, p->column, p->path, out, room);
            return;
        }
    }
    config_place_at(places, line, 1, out, room);
}

void config_place_at(const struct config_places *places, size_t line, size_t column, char *out,
                     size_t room)
{
    place_print(places->file, line, column, NULL, out, room);
}
