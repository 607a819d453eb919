/* codec/nas_rows.h - a message's description from its list. Each is an object of its own, so that a
 * linker drops those that nobody names. For codec/nas_emm.c and codec/nas_esm.c.
 */
#ifndef BINDERY_CODEC_NAS_ROWS_H
#define BINDERY_CODEC_NAS_ROWS_H

#include "codec/nas_table.h"

/* The rows end with one that is not counted, because a list may be empty. */
#define NAS_ROW(s, format, member, ie, iei, min, max)                                              \
    {NAS_##format, (iei), NAS_IE_##ie, (min), (max), offsetof(s, member)},
#define NAS_DESCRIPTION(name, type, direction, list)                                               \
    static const struct nas_row name##_rows[] = {list(NAS_ROW, struct nas_##name){0}};             \
    const struct nas_message nas_##name##_message = {                                              \
        name##_rows, sizeof name##_rows / sizeof name##_rows[0] - 1, sizeof(struct nas_##name),    \
        NAS_##type, NAS_##direction};

#endif
