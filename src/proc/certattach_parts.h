/* proc/certattach_parts.h - what the files of procedure certattach have in common, and nobody else
 * needs: items with their lengths before them, and what a box is bound to. No state, no secrets.
 */
#ifndef BINDERY_PROC_CERTATTACH_PARTS_H
#define BINDERY_PROC_CERTATTACH_PARTS_H

#include "proc/certattach.h"

static inline void certattach_put(struct wr *w, struct bytes item)
{
    wr_be16(w, (uint16_t)item.n);
    wr_put(w, item);
}

static inline struct bytes certattach_id_octets(const struct device_id *id)
{
    return (struct bytes){(const uint8_t *)id->text, id->n};
}

#define CERTATTACH_AAD_MAX (26u + DEVICE_ID_MAX + 16 + 16 + 3 + 5 * 2)
struct bytes certattach_aad(const struct certattach_about *about,
                            uint8_t out[static CERTATTACH_AAD_MAX]);

#endif
