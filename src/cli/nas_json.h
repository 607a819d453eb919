/* cli/nas_json.h - a NAS PDU as JSON and back, and what is wrong with one, in words.
 *
 * Values are the texts of codec/nas_text.h, keys its keys, a message in a message is an object in
 * an object. What is unchanged comes back as the same octets: a PDU whose fields alone would not,
 * has "as-received" beside them, which counts as long as nothing else was changed.
 */
#ifndef BINDERY_CLI_NAS_JSON_H
#define BINDERY_CLI_NAS_JSON_H

#include "codec/nas_text.h"
#include <jansson.h>
#include <stdio.h>

/* NULL on an error: those of nas_text_walk, with the fault, and E_MEMORY. */
json_t *nas_json_of(struct bytes pdu, const struct nas_text_options *options, enum err *e,
                    struct nas_fault *fault);
/* Errors: those of nas_text_build, E_BAD_VALUE for a value that is no text or number; `why` names
 * the field, its element and clause. */
MUST_USE enum err nas_json_build(const json_t *object, enum nas_direction direction,
                                 struct mbytes out, size_t *n, char *why, size_t cap);

/* "octet 2: EPS mobile identity (TS 24.301 9.9.3.12): a mandatory element is not there". */
void nas_fault_text(struct bytes pdu, enum err e, const struct nas_fault *fault, char *out,
                    size_t cap);
/* The tree of nas_text_tree, each line `indent` characters further right. */
void nas_tree_put(FILE *to, unsigned indent, struct bytes pdu,
                  const struct nas_text_options *options);
/* "up" or "down"; false when it is neither. */
MUST_USE bool nas_direction_parse(const char *text, enum nas_direction *out);

#endif
