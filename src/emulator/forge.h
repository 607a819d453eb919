/* emulator/forge.h - a device in the hands of somebody who knows its NAS keys: asked for a KME, it
 * sends something else than what its NAS client made. The message is opened with the device's own
 * keys, changed, and closed again under the same COUNT, so NAS security holds; what is wrong is
 * left to MME and HSS to find. The client goes on as if its own had left.
 *
 * For attacks in tests and demonstrations. Without a plan nothing here touches a message.
 */
#ifndef BINDERY_EMULATOR_FORGE_H
#define BINDERY_EMULATOR_FORGE_H

#include "emulator/shadow.h"
#include "wire/kme.h"

/* NAME, what is said of it. One at a time. */
#define FORGE_DEEDS(X)                                                                             \
    X(NOTHING, "")                                                                                 \
    X(OTHER, "offers it for another subscription or device")                                       \
    X(TAMPERED, "offers it with one bit changed")                                                  \
    X(REPLAYED, "offers what was offered before instead")                                          \
    X(BEARER, "asks for a bearer instead of offering it; the network will ask again")
enum forge_deed {
#define X(name, text) FORGE_##name,
    FORGE_DEEDS(X)
#undef X
};
const char *forge_deed_text(enum forge_deed d);

struct forge_plan {
    enum forge_deed deed;
    struct imsi imsi; /* OTHER: the payload's */
    struct imei imei;
    uint16_t replay_n; /* REPLAYED: a payload's container, as it left */
    uint8_t replay[WIRE_KME_PAYLOAD_MAX];
    const char *record; /* the container of what the client makes goes into this file; or NULL */
};
/* Does it need to see what a device sends? */
bool forge_wants(const struct forge_plan *plan);

struct forge { /* of one device; holds its keys, and is wiped by its owner */
    struct shadow shadow;
    bool asked;           /* for a bearer, once */
    enum forge_deed deed; /* what became of the last payload */
};
/* A NAS PDU that a device is about to send. Errors: E_NOT_FOUND (it has no payload, or none that is
 * to be changed: it leaves as it is); others: what should leave could not be made, and nothing
 * should. `out` has room for RADIO_PDU_MAX octets. */
MUST_USE enum err forge_uplink(struct forge *f, const struct forge_plan *plan,
                               const struct crypto *c, struct bytes pdu, struct mbytes out,
                               struct bytes *forged);

/* A file that was recorded: one line of hex. Errors: E_BAD_VALUE (it is none, or holds no payload),
 * E_NOT_FOUND, E_DENIED, E_IO. */
MUST_USE enum err forge_load(const char *path, struct forge_plan *plan);

#endif
