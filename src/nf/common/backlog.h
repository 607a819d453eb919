/* nf/common/backlog.h - how long what a connection sends has to wait for its turn, measured.
 *
 * A mark is put at the end of everything that has arrived; when it has been worked off, its age is
 * the wait. That costs nothing per message and sees what still lies in the socket, where no time of
 * arrival is to be had. A connection whose input ran dry waits not at all. Arithmetic only.
 */
#ifndef BINDERY_NF_COMMON_BACKLOG_H
#define BINDERY_NF_COMMON_BACKLOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct backlog {
    uint64_t taken;   /* octets worked off so far */
    uint64_t mark;    /* the mark is passed when that many are */
    uint64_t mark_ms; /* when it was put there */
    uint32_t waited_ms;
    bool waits; /* something was left at the end of the last turn; there is a mark */
};

/* A message of n octets was worked off. */
void backlog_took(struct backlog *b, size_t n);
/* A turn ended and nothing was left. */
void backlog_ran_dry(struct backlog *b);
/* A turn ended and something was left. True: there is no mark ahead, and backlog_mark has to say
 * how much is left. */
bool backlog_is_left(struct backlog *b, uint64_t now_ms);
void backlog_mark(struct backlog *b, size_t left, uint64_t now_ms);
/* Milliseconds; never less than the age of what is waiting now. */
uint32_t backlog_waited(const struct backlog *b, uint64_t now_ms);

#endif
