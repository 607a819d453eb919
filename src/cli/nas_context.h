/* cli/nas_context.h - a NAS security context as `bindery nas protect` and `unprotect` take it, and
 * what they compute with it (TS 24.301 4.4, TS 33.401 8.1 and Annex B).
 *
 * A calculator over crypto/nas_algorithms.h, without the state and the rules of nassec/nassec.h: it
 * takes any COUNT, bearer and direction. Keys come from the text of a file, and the caller wipes.
 */
#ifndef BINDERY_CLI_NAS_CONTEXT_H
#define BINDERY_CLI_NAS_CONTEXT_H

#include "codec/nas.h"
#include "crypto/nas_algorithms.h"

#define NAS_CONTEXT_COUNT_MAX 0xFFFFFFU

struct nas_context {
    bool has_kasme, has_knasenc, has_knasint;
    struct key_kasme kasme;
    struct key_knasenc knasenc;
    struct key_knasint knasint;
    bool has_eea, has_eia, has_count, has_direction;
    uint8_t eea, eia;  /* 0 to 3; 1 to 3 */
    uint8_t bearer;    /* 0 to 31 */
    uint8_t sht;       /* to protect with: 1 to 4; 0: as the message has it */
    uint32_t count;    /* 24 bits */
    uint8_t direction; /* 0 up, 1 down */
};
/* One member by its name (kasme, knasenc, knasint, eea, eia, count, bearer, direction,
 * header-type). False and why; the value is never in it. */
MUST_USE bool nas_context_set(struct nas_context *c, const char *name, const char *value, char *why,
                              size_t cap);
/* The text of a file: lines "name = value", or a JSON object. False and why, with the line. */
MUST_USE bool nas_context_parse(struct nas_context *c, char *text, size_t n, char *why, size_t cap);
/* Derives the keys that were not given from KASME. False and why: something is missing. */
MUST_USE bool nas_context_complete(const struct crypto *crypto, struct nas_context *c, char *why,
                                   size_t cap);

/* What was found out of a protected PDU. */
struct nas_opened {
    struct nas_pdu pdu;
    uint32_t count;
    bool holds;       /* the MAC */
    bool other_way;   /* it does not, but would in the other direction */
    struct bytes raw; /* the message inside, deciphered; of a SERVICE REQUEST the whole of it */
};
/* A plain message protected, or a SERVICE REQUEST with its sequence number and MAC put in. Errors:
 * those of nas_peek, E_BAD_STATE (it is protected already), E_NO_ROOM, E_CRYPTO. */
MUST_USE enum err nas_context_protect(const struct crypto *crypto, const struct nas_context *c,
                                      struct bytes plain, struct mbytes out, size_t *n);
/* Without a COUNT it is the PDU's sequence number. Nothing is deciphered unless the MAC holds.
 * Errors: those of nas_peek, E_BAD_STATE (it is plain), E_UNSUPPORTED (partially ciphered), E_SYNC
 * (the COUNT given does not end in the PDU's sequence number), E_NO_ROOM, E_CRYPTO. */
MUST_USE enum err nas_context_unprotect(const struct crypto *crypto, const struct nas_context *c,
                                        struct bytes pdu, struct mbytes out,
                                        struct nas_opened *got);

#endif
