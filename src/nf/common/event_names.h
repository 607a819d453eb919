/* nf/common/event_names.h - the words of every event and of every line of the log: who says it,
 * what it means, and what an operator does about it. docs/reference and `bindery explain` are made
 * of them.
 *
 * An event is kept and shown (`bindery events`), and is a line of the log by the same name. What is
 * in the second table is a line of the log alone. A name that the code uses and that stands in
 * neither makes tools/check-reference fail. Of what serves, only the check of a configuration looks
 * here.
 */
#ifndef BINDERY_NF_COMMON_EVENT_NAMES_H
#define BINDERY_NF_COMMON_EVENT_NAMES_H

#include <stdbool.h>
#include <stddef.h>

struct event_word {
    const char *name;
    const char *programs; /* "hssd mmed": with a space between */
    const char *meaning;
    const char *todo;
};
/* Each in the order of their names. */
const struct event_word *event_words(size_t *n);
/* NULL: no event is called so. */
const struct event_word *event_word(const char *name);
bool event_word_is_of(const struct event_word *w, const char *program);
const struct event_word *log_words(size_t *n);
/* Causes that stand in events and nowhere else. */
const struct event_word *cause_words(size_t *n);

#endif
