/* cli/key_options.h - the options that name keys and the algorithm they are for, shared by the
 * verbs that make a subscription and the one that makes a device.
 *
 * Keys are named by file, "-" being standard input (for one of them); their text is read into
 * struct key_texts, which the caller wipes.
 */
#ifndef BINDERY_CLI_KEY_OPTIONS_H
#define BINDERY_CLI_KEY_OPTIONS_H

#include "cli/secret_input.h"

struct key_options {
    const char *k_file, *opc_file, *op_file, *kme_file;
    const char *algorithm;
    const char *sqn; /* 12 hex digits */
    const char *res_length, *keccak_iterations;
};
/* A child parser whose input is a struct key_options. */
extern const struct argp key_options_argp;

/* Empty where no file was named. */
struct key_texts {
    struct secret_text k, opc, op, kme;
};
/* Reads what was named. CLI_DONE; CLI_USAGE: two that are "-", OP beside OPc; CLI_REFUSED: a file
 * that is no key, or that others may read. Said. */
MUST_USE int key_options_read(const struct key_options *o, struct key_texts *out);
void key_texts_wipe(struct key_texts *t);

#endif
