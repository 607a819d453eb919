#include "cli/verb_options.h"

#include <errno.h>
#include <string.h>

const struct argp_child verb_children[] = {{&cli_common_argp, 0, NULL, 0}, {0}};

static error_t take_word(struct verb_said *said, const char *word, struct argp_state *state)
{
    if (said->n_words == said->most_words) {
        argp_error(state, "too many arguments: '%s'", word);
        return EINVAL;
    }
    said->words[said->n_words++] = word;
    return 0;
}

static error_t take_option(struct verb_said *said, int key, const char *arg)
{
    for (const struct verb_slot *slot = said->slots; slot != NULL && slot->key != 0; slot++) {
        if (slot->key != key) {
            continue;
        }
        char *to = (char *)said + slot->at;
        const bool is = true;
        if (slot->is_switch) {
            memcpy(to, &is, sizeof is);
        } else {
            memcpy(to, &arg, sizeof arg);
        }
        return 0;
    }
    return ARGP_ERR_UNKNOWN;
}

error_t verb_take(int key, char *arg, struct argp_state *state)
{
    struct verb_said *said = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &said->common;
        return 0;
    case ARGP_KEY_ARG:
        return take_word(said, arg, state);
    default:
        return take_option(said, key, arg);
    }
}

bool verb_parse(const struct argp *argp, int argc, char **argv, struct verb_said *said)
{
    return argp_parse(argp, argc, argv, 0, NULL, said) == 0;
}
