/* cli/ladder.h - a ladder diagram as text: a column for each party, an arrow for each message, and
 * the words that matter beside it.
 *
 * Draws line by line and knows nothing of protocols. What it draws is made printable first.
 */
#ifndef BINDERY_CLI_LADDER_H
#define BINDERY_CLI_LADDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define LADDER_PARTIES_MAX 16
#define LADDER_COLUMN      26 /* characters from one lifeline to the next */
#define LADDER_MARGIN      14 /* and before the first, for the time */

struct ladder {
    FILE *to;
    const char *party[LADDER_PARTIES_MAX];
    size_t n;
    bool ascii; /* no box-drawing characters */
    bool colour;
    unsigned width; /* of the terminal; words are folded into it; 0: never */
};
struct ladder_arrow {
    uint64_t time_ns; /* since the first message */
    size_t from, to;  /* parties; a message to oneself is drawn as a note */
    const char *label;
    const char *words;
    bool bad; /* a refusal: drawn in red */
};

void ladder_head(const struct ladder *l);
void ladder_draw(const struct ladder *l, const struct ladder_arrow *a);
void ladder_foot(const struct ladder *l);

#endif
