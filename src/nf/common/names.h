/* nf/common/names.h - every name that these programs give to what happens: refusals, causes,
 * problems, events, lines of the log, alerts and metrics, each with what it means and what to do
 * about it.
 *
 * It makes one walk of the tables where they are decided, for docs/reference and for
 * `bindery explain`. It decides nothing and keeps nothing.
 */
#ifndef BINDERY_NF_COMMON_NAMES_H
#define BINDERY_NF_COMMON_NAMES_H

struct name_word {
    const char *kind;    /* "refusal", "event", "metric" */
    const char *name;    /* "unknown-subscriber" */
    const char *facts;   /* "Diameter 5001 (3GPP); EMM cause 8; final", or "" */
    const char *meaning; /* a sentence without its full stop */
    const char *todo;    /* the same; NULL: nobody wrote one, or, of a metric, there is none */
};
/* All that w points to lasts until fn returns. */
void names_each(void (*fn)(void *ctx, const struct name_word *w), void *ctx);

#endif
