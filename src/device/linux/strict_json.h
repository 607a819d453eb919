/* device/linux/strict_json.h - reading the JSON files of this room strictly: who reads a file asks
 * for its members one by one, and the first that is missing, unknown or not what it should be is
 * told with its place; what is asked for afterwards is empty. Values are never told, for some are
 * keys. For this room alone.
 */
#ifndef BINDERY_DEVICE_LINUX_STRICT_JSON_H
#define BINDERY_DEVICE_LINUX_STRICT_JSON_H

#include "base/span.h"
#include <jansson.h>

struct strict {
    const char *name; /* what is read */
    char *why;        /* what is wrong goes here */
    size_t why_cap;
    enum err err; /* sticky */
};
/* "NAME: what is wrong"; only the first counts. */
void strict_refuse(struct strict *r, enum err e, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* `at` is the path of the object with a dot behind it, "" at the top; `known` ends with NULL, and
 * `what` is how the whole is called: "a device state file". */
void strict_only(struct strict *r, json_t *o, const char *at, const char *const *known,
                 const char *what);
/* Is the member there, and not null? */
bool strict_has(json_t *o, const char *key);
/* The string at key, "" (and refused) when there is none. */
const char *strict_text(struct strict *r, json_t *o, const char *at, const char *key);
void strict_hex(struct strict *r, json_t *o, const char *at, const char *key, struct mbytes out);
/* Hex of as many octets as there are: from `min`, at most out.n. How many. */
size_t strict_long_hex(struct strict *r, json_t *o, const char *at, const char *key, size_t min,
                       struct mbytes out);
/* 0 to max. */
int64_t strict_number(struct strict *r, json_t *o, const char *at, const char *key, int64_t max);

/* The whole of a file, which only its owner may read if `is_private`. *n: octets. Errors:
 * E_NOT_FOUND, E_DENIED, E_IO, E_BAD_VALUE (empty, or longer than `out`), refused. */
MUST_USE enum err strict_load(struct strict *r, const char *path, bool is_private,
                              struct mbytes out, size_t *n);
/* The object in a text. NULL: it is none; refused without a word of it, as not the JSON of `what`.
 */
json_t *strict_object(struct strict *r, struct bytes json, const char *what);

#endif
