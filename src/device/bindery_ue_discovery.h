/* device/bindery_ue_discovery.h - layer 1 of libbindery-ue, continued: the first attach with a
 * discovery IMSI, and a soft secure element for it.
 *
 * A part of bindery_ue.h, which says by what conventions all of this goes, and who saves what when.
 */
#ifndef BINDERY_UE_DISCOVERY_H
#define BINDERY_UE_DISCOVERY_H

#include "device/bindery_ue_hooks.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- a device that left its factory without an operator -------------------------------------- */

/* Device's side of the first attach with a discovery IMSI (TR 33.899 5.5.4.x, steps 0-b, 0-c, 6 to
 * 10): it attaches with a dIMSI, and RAND of the challenge that comes is its IMSI, encrypted under
 * eK, which its secure element (SE) and the operator that accepted it share. */

/* NAME, "name", sentence */
#define BINDERY_UE_DISCOVERY_OUTCOMES(X)                                                           \
    X(INSTALLED, "installed", "the IMSI that it brings is stored, and RES answers")                \
    X(REPEATED, "repeated", "the same IMSI came again: RES answers, nothing changes")              \
    X(INTEGRITY, "integrity", "AUTN does not hold for what RAND brings")                           \
    X(CTV, "ctv", "RAND does not bring the constant")                                              \
    X(IMSI_UNREADABLE, "imsi-unreadable", "what RAND brings is no IMSI")                           \
    X(OTHER_IMSI, "other-imsi", "another IMSI was installed under this eK")                        \
    X(ERASED, "erased", "eK was erased: the operator's own subscription is there")                 \
    X(NOT_STORED, "not-stored", "the IMSI could not be stored")                                    \
    X(BROKEN, "broken", "secure element or crypto table failed, or is not complete")
enum bindery_ue_discovery_outcome {
#define BINDERY_UE_X(name, text, sentence) BINDERY_UE_DISCOVERY_##name,
    BINDERY_UE_DISCOVERY_OUTCOMES(BINDERY_UE_X)
#undef BINDERY_UE_X
};
const char *bindery_ue_discovery_outcome_name(enum bindery_ue_discovery_outcome o);
const char *bindery_ue_discovery_outcome_sentence(enum bindery_ue_discovery_outcome o);
/* The cause for AUTHENTICATION FAILURE; 0: there is none to be sent. INSTALLED and REPEATED are
 * answered with RES, NOT_STORED and BROKEN with nothing: the network asks again. */
uint8_t bindery_ue_discovery_emm_cause(enum bindery_ue_discovery_outcome o);

/* The secure element under one dIMSI. A SIM that knows of this does all of it itself; elsewhere it
 * is bindery_ue_slot_challenge. */
struct bindery_ue_discovery {
    void *ctx;
    /* On AUTHENTICATION REQUEST, where the USIM would have been asked, after the separation bit of
     * AMF was found set: RAND and AUTN as received. autn NULL: a challenge of 2G, in which the
     * constant alone is verified. With INSTALLED the IMSI was stored, and survives a power cut.
     * *out (res, ck, ik; wipe it) and imsi count with INSTALLED and REPEATED only. */
    enum bindery_ue_discovery_outcome (*challenge)(void *ctx, const uint8_t rand[16],
                                                   const uint8_t *autn,
                                                   struct bindery_ue_usim_answer *out,
                                                   char imsi[15], uint8_t *imsi_n);
};

/* ---- a soft secure element: the procedure over what a TPM or a PKCS#11 token can do ---------- */

struct bindery_ue_se {
    void *ctx;
    /* Does the chain (DER, one behind the other, the ARPF's own first, no root) lead to the root
     * that this SE was made with, and is its first an ARPF's, for key agreement? True: with its
     * name, which ends with a NUL, and its public key, 04 || x || y. */
    bool (*arpf)(void *ctx, const uint8_t *chain, size_t n, char name[65], uint8_t point[65]);
    /* Makes a key pair of P-256 and agrees with `arpf`: the public half, and the x coordinate of
     * the common point. The private half is gone afterwards. False: `arpf` is no point, or it
     * failed. */
    bool (*agree)(void *ctx, const uint8_t arpf[65], uint8_t se[65], uint8_t z[32]);
    /* ECDSA P-256 with SHA-256 by the SE's long term key: r || s. */
    bool (*sign)(void *ctx, const uint8_t *content, size_t n, uint8_t signature[64]);
    const uint8_t *certificate; /* of that key, DER */
    size_t certificate_n;
    int64_t at;       /* Unix seconds, or 0 of an SE that has no clock */
    uint32_t counter; /* tokens it made before; store it counted up before the token leaves */
};
/* What the service provider hands to it. */
struct bindery_ue_order {
    char dimsi[15];
    uint8_t dimsi_n;
    const char *sp;       /* the service provider's name, ends with a NUL */
    const uint8_t *chain; /* as above */
    size_t chain_n;
};

/* What an SE keeps for one dIMSI: eK, and the IMSI once it was installed. Secret. */
#define BINDERY_UE_SLOT_SIZE 256
#define BINDERY_UE_SLOT_MAX  256 /* octets of a record, at most */
#define BINDERY_UE_TOKEN_MAX 384 /* octets of a token, at most */
struct bindery_ue_slot {
    BINDERY_UE_ALIGNED unsigned char space[BINDERY_UE_SLOT_SIZE];
};
/* What of it may be shown. */
struct bindery_ue_slot_view {
    char dimsi[15];
    uint8_t dimsi_n;
    char imsi[15];
    uint8_t imsi_n;    /* 0: none is installed */
    char arpf[65];     /* name, ends with a NUL */
    uint8_t token[32]; /* SHA-256 of it */
    bool erased;
};
void bindery_ue_slot_view(const struct bindery_ue_slot *slot, struct bindery_ue_slot_view *out);

/* Steps 0-b and 0-c: a new eK, and the token for the ARPF. Takes the place of whatever the slot
 * held; store the slot before the token leaves. token: BINDERY_UE_TOKEN_MAX octets. After an error
 * neither is written. Errors: ERR_ARGUMENT (dIMSI, service provider's name, certificate, or a
 * function is not there), ERR_UNTRUSTED (the ARPF's chain), ERR_CRYPTO. */
enum bindery_ue_result bindery_ue_se_agree(struct bindery_ue_slot *slot,
                                           const struct bindery_ue_crypto *crypto,
                                           const struct bindery_ue_se *se,
                                           const struct bindery_ue_order *order, uint8_t *token,
                                           size_t *token_n);
/* Steps 6 and 7, what bindery_ue_discovery.challenge does, but for storing. With INSTALLED the slot
 * is not changed: call bindery_ue_slot_installed, store the slot, and only then let RES leave; if
 * it cannot be stored put back the slot as it was and say NOT_STORED. */
enum bindery_ue_discovery_outcome bindery_ue_slot_challenge(const struct bindery_ue_slot *slot,
                                                            const struct bindery_ue_crypto *crypto,
                                                            const uint8_t rand[16],
                                                            const uint8_t *autn,
                                                            struct bindery_ue_usim_answer *out,
                                                            char imsi[15], uint8_t *imsi_n);
/* Errors: ERR_ARGUMENT (no IMSI), ERR_STATE (another one is installed, or eK was erased). */
enum bindery_ue_result bindery_ue_slot_installed(struct bindery_ue_slot *slot, const char *imsi,
                                                 uint8_t imsi_n);
/* Steps 8 to 10: K and OPc of the IMSI that is installed, for a soft USIM that never answered.
 * Wipe them. Errors: ERR_STATE (none is installed, or eK was erased), ERR_CRYPTO. */
enum bindery_ue_result bindery_ue_slot_usim(const struct bindery_ue_slot *slot,
                                            const struct bindery_ue_crypto *crypto,
                                            struct bindery_ue_usim_keys *keys);
/* Step 11 is done: eK becomes zeros, and the slot answers nothing any more. Store it. */
void bindery_ue_slot_erase(struct bindery_ue_slot *slot);
/* The record, to be stored where nothing but the SE reads it. *n is the room at `out`,
 * BINDERY_UE_SLOT_MAX; then the octets written. Errors: ERR_ROOM, ERR_CRYPTO. */
enum bindery_ue_result bindery_ue_slot_write(const struct bindery_ue_slot *slot,
                                             const struct bindery_ue_crypto *crypto, uint8_t *out,
                                             size_t *n);
/* After an error *slot is zeros. Errors: ERR_IMAGE, ERR_CRYPTO. */
enum bindery_ue_result bindery_ue_slot_read(struct bindery_ue_slot *slot,
                                            const struct bindery_ue_crypto *crypto,
                                            const uint8_t *in, size_t n);
void bindery_ue_slot_wipe(struct bindery_ue_slot *slot);

#ifdef __cplusplus
}
#endif

#endif
