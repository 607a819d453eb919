/* proc/aka.h - UMTS/EPS authentication and key agreement: what an AuC and a USIM compute
 * (TS 33.102 6.3, TS 33.401 6.1), and nothing that travels.
 *
 * Pure functions over keys and, on the USIM's side, its array of sequence numbers. No clock and no
 * I/O; what a caller must store before it sends is in the structures it handed in. Outputs are
 * written only on E_OK unless a comment says otherwise.
 */
#ifndef BINDERY_PROC_AKA_H
#define BINDERY_PROC_AKA_H

#include "crypto/aka_functions.h"

#define AMF_SEPARATION_BIT 0x8000u /* TS 33.401 6.1.2: set in every vector for E-UTRAN */

#define SQN_IND_BITS  5u /* TS 33.102 C.3: SQN = SEQ (43 bits) || IND (5 bits) */
#define SQN_IND_COUNT (1u << SQN_IND_BITS)
#define SQN_MAX       ((UINT64_C(1) << 48) - 1)
#define SEQ_MAX       (SQN_MAX >> SQN_IND_BITS)
#define SEQ_DELTA     (UINT64_C(1) << 28) /* C.2.1: how far ahead a USIM accepts */

/* ---- AuC ---- */

struct aka_vector {
    struct rand128 rand;
    struct autn autn;
    struct res xres;
    struct key_ck ck;
    struct key_ik ik;
};
/* One vector. Errors: E_BAD_VALUE (sqn above 48 bits), E_BAD_LENGTH, E_CRYPTO. */
MUST_USE enum err aka_auc_vector(const struct crypto *c, const struct aka_keys *keys,
                                 const struct rand128 *rand, uint64_t sqn, uint16_t amf,
                                 struct aka_vector *out);
/* Verifies AUTS for the RAND that the USIM saw (6.3.5, AMF of zero in f1*) and yields SQN_MS.
 * Errors: E_BAD_MAC (MAC-S does not hold), E_BAD_LENGTH, E_CRYPTO. */
MUST_USE enum err aka_auc_resync(const struct crypto *c, const struct aka_keys *keys,
                                 const struct rand128 *rand, const struct auts *auts,
                                 uint64_t *sqn_ms);

/* ---- USIM ---- */

struct usim {
    struct aka_keys keys;
    uint64_t seq[SQN_IND_COUNT]; /* highest SEQ accepted per IND (C.2.2) */
};
struct usim_answer {
    struct res res;
    struct key_ck ck;
    struct key_ik ik;
    struct auts auts; /* only with E_SYNC */
    uint64_t sqn;     /* the one received; also with E_SYNC */
    uint16_t amf;     /* also with E_SYNC */
};
/* The AUTHENTICATE command (TS 31.102 7.1.2). On E_OK the SQN is taken into usim->seq.
 * Errors: E_BAD_MAC (MAC-A; nothing is written), E_SYNC (out->auts, sqn and amf are written, the
 * USIM is unchanged), E_BAD_LENGTH, E_CRYPTO. */
MUST_USE enum err usim_authenticate(const struct crypto *c, struct usim *usim,
                                    const struct rand128 *rand, const struct autn *autn,
                                    struct usim_answer *out);
/* The highest SQN anywhere in the array (C.2.2): what AUTS tells. */
uint64_t usim_sqn_ms(const struct usim *usim);

uint16_t autn_amf(const struct autn *autn);

#endif
