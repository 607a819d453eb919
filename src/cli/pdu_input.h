/* cli/pdu_input.h - a PDU in hex, or JSON, from arguments, a file or standard input; and the JSON
 * as pairs of path and value, which the builders of the codec take.
 *
 * What is wrong is said with its place. Nothing here knows a protocol, and keys do not come this
 * way.
 */
#ifndef BINDERY_CLI_PDU_INPUT_H
#define BINDERY_CLI_PDU_INPUT_H

#include "cli/cli.h"
#include <jansson.h>

#define PDU_MAX      32768 /* octets; no message that is known here is as long */
#define PDU_PATH_MAX 256

/* Where a verb takes it from: words, a file, or, when neither is there or the word is "-", standard
 * input. */
struct pdu_source {
    char **words;
    int n_words;
    const char *file;
};
/* A child parser whose input is a struct pdu_source: -f/--file, and all arguments as words. */
extern const struct argp pdu_source_argp;
bool pdu_source_is_stdin(const struct pdu_source *from);

/* Hex digits, with white space and colons between octets and 0x before them. False and why. */
MUST_USE bool pdu_hex_parse(struct bytes text, struct mbytes out, size_t *n, char *why, size_t cap);
/* False, and said. */
MUST_USE bool pdu_read_hex(const struct pdu_source *from, struct mbytes out, size_t *n);
/* One JSON object, or NULL and said. The caller decrefs. */
MUST_USE json_t *pdu_read_json(const struct pdu_source *from);
/* A PDU as one line of hex on standard output. */
void pdu_print_hex(struct bytes pdu);

/* "a.b[0].c" and its value; an object or a list without anything in it is "{}". */
struct pdu_pair {
    char *path;
    char *value;
};
struct pdu_pairs {
    struct pdu_pair *pair;
    size_t n, room;
};
/* The leaves of an object: strings as they are, whole numbers in decimal. False and why: another
 * kind of value, a path that is too long, no memory. The caller frees in any case. */
MUST_USE bool pdu_pairs_of(const json_t *object, struct pdu_pairs *out, char *why, size_t cap);
void pdu_pairs_free(struct pdu_pairs *pairs);

#endif
