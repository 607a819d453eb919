#include "nf/repod/bulk_lines.h"

#include <string.h>

size_t bulk_lines_put(struct bulk_lines *l, struct bytes part)
{
    if (l->at > 0) {
        memmove(l->buffer.p, l->buffer.p + l->at, l->n - l->at);
        l->n -= l->at;
        l->at = 0;
    }
    size_t room = l->buffer.n - l->n, n = part.n < room ? part.n : room;
    if (n > 0) {
        memcpy(l->buffer.p + l->n, part.p, n);
        l->n += n;
    }
    return n;
}

bool bulk_lines_next(struct bulk_lines *l, bool last, struct bytes *line)
{
    while (l->at < l->n) {
        const uint8_t *from = l->buffer.p + l->at;
        const uint8_t *end = memchr(from, '\n', l->n - l->at);
        if (end == NULL && !last) {
            return false;
        }
        *line = (struct bytes){from, end != NULL ? (size_t)(end - from) : l->n - l->at};
        l->at += line->n + (end != NULL);
        if (line->n > 0) {
            return true;
        }
    }
    return false;
}

bool bulk_lines_stuck(const struct bulk_lines *l)
{
    return l->at == 0 && l->n == l->buffer.n;
}
