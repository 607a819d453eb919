/* emulator/tally.h - what came of attaches: how many, how long they took from when they were due,
 * and why those that failed did.
 *
 * Fixed in size: after more kinds of failure than fit, the rest is counted together.
 */
#ifndef BINDERY_EMULATOR_TALLY_H
#define BINDERY_EMULATOR_TALLY_H

#include "device/bindery_ue.h"
#include "emulator/load_histogram.h"

#define TALLY_CAUSES                    64
#define TALLY_TEXT                      96
#define TALLY_OUTCOMES                  (BINDERY_UE_BROKEN + 1)
#define TALLY_ONE(name, text, sentence) +1
#define TALLY_REFUSALS                  (0 BINDERY_UE_REFUSALS(TALLY_ONE))
#define TALLY_PROOFS                    (BINDERY_UE_SIGNATURE_RSA_PSS + 1)
#define TALLY_DISCOVERIES               (0 BINDERY_UE_DISCOVERY_OUTCOMES(TALLY_ONE))

struct tally_cause {
    uint64_t n;
    char text[TALLY_TEXT];
};
struct tally {
    uint64_t offered, started, registered, failed;
    uint64_t detached, detach_failed;
    uint64_t detached_by_network;
    uint64_t processed; /* challenges under KME */
    uint64_t outcomes[TALLY_OUTCOMES];
    uint64_t refused[TALLY_REFUSALS]; /* downlink PDUs, by name */
    uint64_t proofs[TALLY_PROOFS];    /* of IMEIs, by algorithm; 0: asked for one, and gave none */
    uint64_t kme_offered, kme_unable; /* asked for a KME, and gave one, or none */
    uint64_t kme_active;              /* which the network proved to have */
    uint64_t kme_by_challenge;        /* of these: by a challenge under it, not by NW_SIG */
    /* Devices without a subscription: asked for one; got it; a network gave none. And one that was
     * got and never confirmed was given up. */
    uint64_t onboarding_asked, onboarded, onboarding_refused, onboarding_given_up;
    /* Devices with a dIMSI: what their SEs made of challenges; got an IMSI, which is the end of a
     * first attach; a network brought none. And one that was got and never confirmed was given up.
     */
    uint64_t discoveries[TALLY_DISCOVERIES];
    uint64_t discovered, discovery_refused, discovery_given_up;
    uint64_t store_failed, crypto_failed;
    uint64_t last_ns; /* when the last attach ended, by the host's clock; 0: none did */
    struct load_histogram attach, detach, lag, onboard, discover;
    struct tally_cause cause[TALLY_CAUSES];
};
void tally_fail(struct tally *t, const char *text);

/* "ATTACH REJECT #17 (Network failure)", with the ESM cause if that says why, and a word when the
 * message was not protected. */
void tally_reject_text(const struct bindery_ue_event *e, char out[static TALLY_TEXT]);

#endif
