/* emulator/onboard.h - what an emulated device has to get a subscription with, when it came without
 * one (proc/certattach.h): URL, private key and provisioning roots from the factory; and, once it
 * has a subscription, what came and whether it was confirmed.
 *
 * The functions that its NAS client calls are here, and so are two attackers' tools: a result that
 * is written to a file as it comes, and one that is put in the place of what comes. Nothing here
 * opens a socket or writes a device's state: who owns the device stores what came.
 */
#ifndef BINDERY_EMULATOR_ONBOARD_H
#define BINDERY_EMULATOR_ONBOARD_H

#include "device/bindery_ue.h"
#include "device/linux/onboard_openssl.h"
#include "wire/certattach.h"

struct onboard {
    struct bindery_ue_onboarding port; /* its NAS client's; ctx is this */
    struct onboard_roots *roots;       /* shared, not its own */
    uint8_t *key;                      /* PKCS#8: a secret */
    uint16_t key_n;
    char *url;
    bool installed; /* it has a subscription that came so: */
    struct bindery_ue_profile profile;
    struct bindery_ue_trial trial;
    /* Stores the subscription for good, before it counts; NULL: it lives and dies with the process.
     */
    bool (*store)(void *ctx, const struct bindery_ue_profile *profile);
    void *ctx;
};
/* Copies URL and key. Errors: E_MEMORY, those of onboard_openssl_form. */
MUST_USE enum err onboard_make(const char *url, struct bytes key, struct onboard_roots *roots,
                               struct onboard **out);
void onboard_free(struct onboard *o);
/* Octets of one. */
size_t onboard_size(const struct onboard *o);
/* As what came out of the box: it is given up. */
void onboard_drop(struct onboard *o);

/* ---- in an attacker's hands ---- */

struct onboard_tap {
    const char *record; /* the result that comes goes into this file; or NULL */
    uint16_t replay_n;  /* one that is put in the place of what comes; 0: none */
    uint8_t replay[WIRE_CERTATTACH_RESULT_MAX];
};
bool onboard_tap_wants(const struct onboard_tap *t);
/* A file that was recorded: one line of hex. Errors: E_BAD_VALUE (it is none, or holds no result),
 * E_NOT_FOUND, E_DENIED, E_IO. */
MUST_USE enum err onboard_tap_load(const char *path, struct onboard_tap *t);
/* A PDU that is about to reach a device without a subscription: what reaches it instead, the same
 * unless it is an ATTACH REJECT and a result is to be put in. Errors: E_NO_ROOM, those of writing
 * the file. */
MUST_USE enum err onboard_tap_downlink(const struct onboard_tap *t, struct bytes pdu,
                                       struct mbytes room, struct bytes *out);

#endif
