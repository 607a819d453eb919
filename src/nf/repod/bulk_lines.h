/* nf/repod/bulk_lines.h - a stream of octets cut into lines, through one buffer that never grows.
 *
 * A line ends with LF, the last one also with the stream; an empty line is none. A line that does
 * not fit the buffer is never handed out. What stands in a line is not looked at.
 */
#ifndef BINDERY_NF_REPOD_BULK_LINES_H
#define BINDERY_NF_REPOD_BULK_LINES_H

#include "base/span.h"

struct bulk_lines {
    struct mbytes buffer;
    size_t at, n; /* what is unread stands from at to n */
};
/* Takes what fits, and returns how many octets that were. Lines handed out are no longer good. */
size_t bulk_lines_put(struct bulk_lines *l, struct bytes part);
/* The next line, without its LF; good until bulk_lines_put. last: the stream has ended, what is
 * left is a line. False: there is no whole one. */
bool bulk_lines_next(struct bulk_lines *l, bool last, struct bytes *line);
/* The buffer is full, and there is no whole line in it: there will be none. After bulk_lines_next
 * said that there is none. */
bool bulk_lines_stuck(const struct bulk_lines *l);

#endif
