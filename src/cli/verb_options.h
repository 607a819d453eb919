/* cli/verb_options.h - options of a verb that are kept as they were said, and looked at later.
 *
 * A verb's own structure begins with a struct verb_said; a table says which option goes where in
 * it, and verb_take is the parser of its argp. What an option means is the verb's business: nothing
 * is converted or compared here.
 */
#ifndef BINDERY_CLI_VERB_OPTIONS_H
#define BINDERY_CLI_VERB_OPTIONS_H

#include "cli/cli.h"
#include <stddef.h>

#define VERB_WORDS_MAX 2u

/* Where an option goes: `at` octets into the verb's structure there is a const char *, or a bool
 * that becomes true when the option is there. */
struct verb_slot {
    size_t at;
    int key;
    bool is_switch;
};
/* What every such verb has. `slots` ends with a key of 0. */
struct verb_said {
    struct cli_common common;
    const struct verb_slot *slots;
    unsigned most_words; /* VERB_WORDS_MAX at most */
    unsigned n_words;
    const char *words[VERB_WORDS_MAX];
};

#define VERB_SAID(its_slots, words)                                                                \
    {                                                                                              \
        .slots = (its_slots), .most_words = (words)                                                \
    }

/* The parser, whose input is the verb's structure, and the children that go with it in an argp: the
 * options of all verbs. */
error_t verb_take(int key, char *arg, struct argp_state *state);
extern const struct argp_child verb_children[];
/* False: the command line was refused, and the person was told why. */
MUST_USE bool verb_parse(const struct argp *argp, int argc, char **argv, struct verb_said *said);

#endif
