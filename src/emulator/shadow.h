/* emulator/shadow.h - looks into the NAS messages of an emulated device, for its trace: a second
 * pair of NAS security contexts, made from what the device stores. It holds KASME, so it exists
 * only where secrets may be shown.
 *
 * It only reads along: nothing the device does depends on it, and a message that it cannot open is
 * simply not shown in clear. A device in an attacker's hands (emulator/forge.h) may have one of its
 * messages replaced by it.
 */
#ifndef BINDERY_EMULATOR_SHADOW_H
#define BINDERY_EMULATOR_SHADOW_H

#include "nassec/nassec.h"

struct shadow {
    bool has;
    struct nas_security up;   /* the MME's side */
    struct nas_security down; /* the device's */
};
/* The device stores an image (device/image.h), or began with one: `loaded`. One that cannot be
 * read, or holds no security context, leaves nothing to look in with. */
void shadow_follow(struct shadow *s, const struct crypto *c, struct bytes image, bool loaded);
/* A PDU on its way, in the order in which they go. The plain message within, in `out` (as many
 * octets as the PDU has) or in the PDU. Errors: E_UNSUPPORTED (it is plain, or no NAS), E_NOT_FOUND
 * (no context), those of nassec_unprotect. */
MUST_USE enum err shadow_open(struct shadow *s, const struct crypto *c, bool uplink,
                              struct bytes pdu, struct mbytes out, struct bytes *plain);
/* Another plain message under the COUNT of the one that was opened last of the device's, ciphered:
 * it goes in its place, never beside it, for a COUNT that is used twice gives the keystream away.
 * Errors: E_NOT_FOUND (none was opened), those of nassec_protect. */
MUST_USE enum err shadow_reseal(const struct shadow *s, const struct crypto *c, struct bytes plain,
                                struct mbytes out, size_t *n);
void shadow_wipe(struct shadow *s);

#endif
