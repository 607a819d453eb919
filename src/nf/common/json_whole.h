/* nf/common/json_whole.h - JSON as text, whole or not at all.
 *
 * json_dumps of jansson 2.14 goes on when its buffer cannot grow, and returns a text with a hole in
 * it. Here the length is found first, and nothing grows.
 */
#ifndef BINDERY_NF_COMMON_JSON_WHOLE_H
#define BINDERY_NF_COMMON_JSON_WHOLE_H

#include <jansson.h>
#include <stddef.h>

/* Without white space; *n octets and a NUL, the caller's. NULL without memory, and for NULL. */
char *json_whole_text(const json_t *json, size_t *n);

#endif
