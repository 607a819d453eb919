/* device/slot.h - what a soft secure element keeps for one dIMSI, between the public type on one
 * side and proc/dimsi.h on the other, and its record.
 *
 * A record is a frame "BUD" (device/frame.h). The body: dIMSI (8), the ARPF's name with its length
 * (1), SHA-256 of the token, a flag for erased, eK if it was not, a flag for installed and the IMSI
 * (8) if there is one. Secret.
 */
#ifndef BINDERY_DEVICE_SLOT_H
#define BINDERY_DEVICE_SLOT_H

#include "device/bindery_ue.h"
#include "proc/dimsi.h"

#define SLOT_VERSION 1

static inline struct dimsi_slot *slot_of(struct bindery_ue_slot *slot)
{
    return (struct dimsi_slot *)(void *)slot->space;
}
static inline const struct dimsi_slot *slot_in(const struct bindery_ue_slot *slot)
{
    return (const struct dimsi_slot *)(const void *)slot->space;
}

/* Errors: E_NO_ROOM, E_CRYPTO. */
MUST_USE enum err slot_write(const struct crypto *c, const struct dimsi_slot *in, struct mbytes out,
                             size_t *n);
/* Canonical only. *out is zeros after an error. Errors: E_TRUNCATED, E_TRAILING, E_BAD_LENGTH,
 * E_BAD_VALUE, E_BAD_DIGIT, E_UNSUPPORTED (no record of a slot), E_TOO_NEW (a later version),
 * E_BAD_MAC (the hash), E_CRYPTO. */
MUST_USE enum err slot_read(const struct crypto *c, struct bytes in, struct dimsi_slot *out);

#endif
