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
#define LADDER_COLUMN      26 /* characters from one lifeline to the next, at least */
#define LADDER_COLUMN_MAX  56 /* and at most: for the longest label between two neighbours */
#define LADDER_MARGIN      14 /* and before the first, for the time */

struct ladder {
    FILE *to;
    const char *party[LADDER_PARTIES_MAX];
    size_t n;
    size_t column[LADDER_PARTIES_MAX]; /* to the next lifeline; below LADDER_COLUMN: that */
    bool ascii;                        /* no box-drawing characters */
    bool colour;
    unsigned width; /* of the terminal; words are folded into it; 0: never */
};
struct ladder_arrow {
    uint64_t time_ns; /* since the first message */
    size_t from, to;  /* parties; a message to oneself is drawn as a note */
    const char *label;
    const char *brief; /* instead of a label that does not fit; NULL: that is cut */
    const char *words;
    bool bad;    /* a refusal: drawn in red */
    bool inside; /* nothing that was sent: without a shaft */
};

/* Makes room for an arrow's label. Call for each before the head is drawn. */
void ladder_fit(struct ladder *l, const struct ladder_arrow *a);
/* Makes columns narrow again as far as the words need it, when `width` is known. */
void ladder_settle(struct ladder *l);

void ladder_head(const struct ladder *l);
void ladder_draw(const struct ladder *l, const struct ladder_arrow *a);
void ladder_foot(const struct ladder *l);

#endif
