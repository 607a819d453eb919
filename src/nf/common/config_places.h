/* nf/common/config_places.h - where each key of a YAML file stands, so that every fault is named by
 * file:line:column and key path.
 *
 * One pass of libyaml's parser over the file. It also refuses what no configuration needs and
 * a reader of it would misread: anchors, aliases, a second document, deep nesting.
 */
#ifndef BINDERY_NF_COMMON_CONFIG_PLACES_H
#define BINDERY_NF_COMMON_CONFIG_PLACES_H

#include "base/span.h"

/* What is wrong, for a person: "hssd.yaml:3:5 (peers[0].realm): is not ...: write ...". */
struct config_why {
    char place[320];    /* file:line:column, and the key's path */
    char sentence[320]; /* what is wrong and what to do */
};

struct config_places;
/* `file` is the name shown. Errors: E_BAD_VALUE with *why, E_MEMORY. */
MUST_USE enum err config_places_read(const char *file, struct bytes yaml,
                                     struct config_places **out, struct config_why *why);
void config_places_free(struct config_places *places);
/* "file:line:column (peers[1].realm)"; of a key that is not there, the place of the nearest one
 * around it. */
void config_place_of(const struct config_places *places, const char *path, char *out, size_t room);
/* The place of the first key named `key` at or after a line; for what the schema does not know. */
void config_place_after(const struct config_places *places, const char *key, size_t line, char *out,
                        size_t room);
/* The place of a line and column alone. */
void config_place_at(const struct config_places *places, size_t line, size_t column, char *out,
                     size_t room);

#endif
