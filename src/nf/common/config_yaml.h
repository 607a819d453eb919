/* nf/common/config_yaml.h - a configuration file held against its schema: every value a string,
 * NULL where the key is not there. What the strings mean is the caller's
 * (nf/common/config_values.h).
 *
 * libcyaml holds the file against the schema, so that an unknown, repeated or misplaced key never
 * gets further, and its words are put into ours. Scalars stay text on purpose: libcyaml would take
 * "010" for eight and any word for true, and "001" would lose its zeros.
 *
 * A schema is tables of the macros below; each names a structure, and a member of it that is named
 * as the key is. A list's count stands in the member of the same name with _count.
 */
#ifndef BINDERY_NF_COMMON_CONFIG_YAML_H
#define BINDERY_NF_COMMON_CONFIG_YAML_H

#include "nf/common/config_places.h"
#include <cyaml/cyaml.h>

#define CONFIG_LIST_MAX 4096
#define CONFIG_OPTIONAL (CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL)
/* char *member */
#define CONFIG_TEXT(of, member)                                                                    \
    CYAML_FIELD_STRING_PTR(#member, CONFIG_OPTIONAL, struct of, member, 0, CYAML_UNLIMITED)
/* char **member; unsigned member_count */
#define CONFIG_TEXTS(of, member)                                                                   \
    CYAML_FIELD_SEQUENCE(#member, CONFIG_OPTIONAL, struct of, member, &config_yaml_text, 0,        \
                         CONFIG_LIST_MAX)
/* struct ... member */
#define CONFIG_PART(of, member, fields)                                                            \
    CYAML_FIELD_MAPPING(#member, CYAML_FLAG_OPTIONAL, struct of, member, fields)
/* struct ... *member; unsigned member_count; entry is a CONFIG_ENTRY */
#define CONFIG_PARTS(of, member, entry, max)                                                       \
    CYAML_FIELD_SEQUENCE(#member, CONFIG_OPTIONAL, struct of, member, entry, 0, max)
#define CONFIG_ENTRY(name, of, fields)                                                             \
    static const cyaml_schema_value_t name = {                                                     \
        CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct of, fields)}
#define CONFIG_END CYAML_FIELD_END
/* The whole file, into a structure of its own. */
#define CONFIG_WHOLE(name, of, fields)                                                             \
    static const cyaml_schema_value_t name = {                                                     \
        CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct of, fields)}
extern const cyaml_schema_value_t config_yaml_text;

struct config_shape {
    const cyaml_schema_value_t *schema; /* a CONFIG_WHOLE */
    const char *example;                /* "examples/hssd.yaml" */
};
struct check_record;
struct config_file {
    const struct config_shape *shape;
    struct config_places *places;
    void *raw;                         /* the schema's structure */
    const struct check_record *record; /* of nf/common/config_values.h; NULL: nobody listens */
};
/* Errors: E_NOT_FOUND (no such file), E_IO, E_BAD_VALUE, E_MEMORY; all with *why. */
MUST_USE enum err config_file_open(const char *path, const struct config_shape *shape,
                                   struct config_file *out, struct config_why *why);
/* E_MEMORY of a later step gets its *why here; other errors have theirs. Returns err. */
enum err config_file_why(const char *path, enum err err, struct config_why *why);
void config_file_close(struct config_file *f);
/* Frees a tree that was taken out of a config_file, whose raw is NULL then. */
void config_raw_free(const struct config_shape *shape, void *raw);

#endif
