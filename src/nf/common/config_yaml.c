#include "nf/common/config_yaml.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX (4u << 20) /* octets; thousands of peers fit */

const cyaml_schema_value_t config_yaml_text = {
    CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char *, 0, CYAML_UNLIMITED)};

/* ---- the file ---- */

static enum err file_wrong(struct config_why *why, const char *path, enum err err,
                           const char *sentence)
{
    snprintf(why->place, sizeof why->place, "%.300s", path);
    snprintf(why->sentence, sizeof why->sentence, "%.300s", sentence);
    return err;
}

static enum err file_open(const char *path, const char *example, FILE **out, struct config_why *why)
{
    *out = fopen(path, "re");
    if (*out != NULL) {
        return E_OK;
    }
    if (errno == ENOENT) {
        char sentence[120];
        snprintf(sentence, sizeof sentence, "there is no such file: copy %.40s and change it",
                 example);
        return file_wrong(why, path, E_NOT_FOUND, sentence);
    }
    return file_wrong(why, path, E_IO, strerror(errno));
}

static enum err file_read(const char *path, const char *example, char **out, size_t *n,
                          struct config_why *why)
{
    FILE *f = NULL;
    enum err err = file_open(path, example, &f, why);
    if (err != E_OK) {
        return err;
    }
    char *text = malloc(FILE_MAX + 1);
    *n = text != NULL ? fread(text, 1, FILE_MAX + 1, f) : 0;
    bool failed = ferror(f) != 0;
    fclose(f);
    if (text == NULL) {
        return E_MEMORY;
    }
    if (failed || *n > FILE_MAX) {
        free(text);
        return file_wrong(why, path, failed ? E_IO : E_BAD_VALUE,
                          failed ? "cannot be read" : "is larger than 4 MiB");
    }
    *out = text;
    return E_OK;
}

/* ---- libcyaml's words, caught and put into ours ---- */

struct caught {
    char message[160]; /* the first line: what is wrong */
    size_t line;       /* of the first line of the backtrace: where, or just before */
    size_t column;
};

/* "... (line: 3, column: 4)" */
static void place_of(const char *said, struct caught *c)
{
    char *rest = NULL;
    c->line = strtoul(said + strlen("(line: "), &rest, 10);
    const char *column = strstr(rest, "column: ");
    c->column = column != NULL ? strtoul(column + strlen("column: "), NULL, 10) : 0;
}

static void hear(cyaml_log_t level, void *ctx, const char *fmt, va_list args)
    __attribute__((format(printf, 3, 0)));
static void hear(cyaml_log_t level, void *ctx, const char *fmt, va_list args)
{
    struct caught *c = ctx;
    char line[256];
    (void)level;
    vsnprintf(line, sizeof line, fmt, args);
    line[strcspn(line, "\n")] = '\0';
    const char *at = strstr(line, "(line: ");
    if (at != NULL && c->line == 0) {
        place_of(at, c);
    } else if (at == NULL && c->message[0] == '\0') {
        const char *said = strncmp(line, "Load: ", 6) == 0 ? line + 6 : line;
        snprintf(c->message, sizeof c->message, "%.150s", said);
    }
}

static const cyaml_config_t *cyaml_of(struct caught *c, cyaml_config_t *config)
{
    *config = (cyaml_config_t){.log_fn = hear,
                               .log_ctx = c,
                               .mem_fn = cyaml_mem,
                               .log_level = CYAML_LOG_ERROR,
                               .flags = CYAML_CFG_NO_ALIAS};
    return config;
}

static const char *after(const char *message, const char *prefix)
{
    size_t n = strlen(prefix);
    return strncmp(message, prefix, n) == 0 ? message + n : NULL;
}

static void expected(const struct caught *c, char *out, size_t room)
{
    const char *kind = after(c->message, "Expecting ");
    if (kind != NULL && strncmp(kind, "STRING", 6) == 0) {
        snprintf(out, room, "must be one value, not a list and not a group of keys");
    } else if (kind != NULL && strncmp(kind, "SEQUENCE", 8) == 0) {
        snprintf(out, room, "must be a list: write `[a, b]`, or each entry on a line after `- `");
    } else if (kind != NULL && strncmp(kind, "MAPPING", 7) == 0) {
        snprintf(out, room, "must be a group of `key: value` lines");
    } else {
        snprintf(out, room, "%.150s", c->message[0] != '\0' ? c->message : "cannot be read");
    }
}

static enum err wrong(const struct caught *c, const struct config_places *places,
                      struct config_why *why)
{
    const char *key = after(c->message, "Unexpected key: ");
    const char *twice = after(c->message, "Mapping field already seen: ");
    size_t line = c->line > 0 ? c->line : 1;
    if (key != NULL) {
        config_place_after(places, key, line, why->place, sizeof why->place);
        snprintf(why->sentence, sizeof why->sentence,
                 "there is no key `%.64s` here: see docs/configuration.md for those there are",
                 key);
    } else if (twice != NULL) {
        config_place_after(places, twice, line + 1, why->place, sizeof why->place);
        snprintf(why->sentence, sizeof why->sentence, "the key `%.64s` is here twice: keep one",
                 twice);
    } else {
        config_place_at(places, line, c->column > 0 ? c->column : 1, why->place, sizeof why->place);
        expected(c, why->sentence, sizeof why->sentence);
    }
    return E_BAD_VALUE;
}

static enum err shape_read(const struct config_shape *shape, struct bytes yaml,
                           struct config_file *out, struct config_why *why)
{
    struct caught c = {0};
    cyaml_config_t config;
    cyaml_data_t *data = NULL;
    cyaml_err_t err =
        cyaml_load_data(yaml.p, yaml.n, cyaml_of(&c, &config), shape->schema, &data, NULL);
    if (err == CYAML_ERR_OOM) {
        return E_MEMORY;
    }
    if (err != CYAML_OK) {
        return wrong(&c, out->places, why);
    }
    if (data == NULL) {
        config_place_at(out->places, 1, 1, why->place, sizeof why->place);
        snprintf(why->sentence, sizeof why->sentence, "the file is empty: see %.40s",
                 shape->example);
        return E_BAD_VALUE;
    }
    out->raw = data;
    return E_OK;
}

enum err config_file_open(const char *path, const struct config_shape *shape,
                          struct config_file *out, struct config_why *why)
{
    char *text = NULL;
    size_t n = 0;
    *out = (struct config_file){.shape = shape};
    *why = (struct config_why){{0}, {0}};
    enum err err = file_read(path, shape->example, &text, &n, why);
    const struct bytes yaml = {(const uint8_t *)text, n};
    if (err == E_OK) {
        err = config_places_read(path, yaml, &out->places, why);
    }
    if (err == E_OK) {
        err = shape_read(shape, yaml, out, why);
    }
    free(text);
    if (err != E_OK) {
        config_file_close(out);
        config_file_why(path, err, why);
    }
    return err;
}

enum err config_file_why(const char *path, enum err err, struct config_why *why)
{
    return err == E_MEMORY ? file_wrong(why, path, err, "there is not enough memory") : err;
}

void config_raw_free(const struct config_shape *shape, void *raw)
{
    struct caught c = {0};
    cyaml_config_t config;
    (void)cyaml_free(cyaml_of(&c, &config), shape->schema, raw, 0); /* fails on NULL config only */
}

void config_file_close(struct config_file *f)
{
    config_raw_free(f->shape, f->raw);
    config_places_free(f->places);
    f->raw = NULL;
    f->places = NULL;
}
