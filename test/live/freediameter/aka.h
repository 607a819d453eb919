/* Milenage (TS 35.206) over OpenSSL's AES, and what a USIM and an MME make of it: written from the
 * specification for this test alone, so that it shares no line with what it judges. */
#ifndef LIVE_AKA_H
#define LIVE_AKA_H

#include <stdbool.h>
#include <stdint.h>

struct sim {
    char imsi[16], msisdn[16], imei[16];
    uint8_t k[16], opc[16], kme[16];
    bool bound;
};
struct vector {
    uint8_t rand[16], autn[16], xres[8], kasme[32];
};

/* Is the vector right for this SIM in that serving network? *sqn is then the one in AUTN; *why says
 * otherwise what differs. */
bool aka_vector_holds(const struct sim *sim, const uint8_t plmn[3], const struct vector *v,
                      uint64_t *sqn, const char **why);
/* RAND || AUTS for a challenge as it was received, of a USIM that has seen sqn_ms. */
void aka_resync(const struct sim *sim, const uint8_t rand[16], uint64_t sqn_ms, uint8_t out[30]);
/* TS 35.208 test set 1. */
bool aka_self_test(void);

#endif
