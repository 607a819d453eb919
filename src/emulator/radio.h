/* emulator/radio.h - what lies between devices and their eNB, and who sits there: NAS PDUs that are
 * lost, repeated, delayed or damaged by chance, and an attacker who changes them on purpose.
 *
 * Nothing here opens a PDU that is ciphered, or makes a MAC: it does what somebody without keys
 * can. Chance comes from a seed, so that a run can be repeated.
 */
#ifndef BINDERY_EMULATOR_RADIO_H
#define BINDERY_EMULATOR_RADIO_H

#include "base/span.h"

#define RADIO_PDU_MAX     2048
#define RADIO_DELAYED_MAX 65536 /* PDUs on their way; one more is lost */
#define RADIO_NEVER       UINT64_MAX

/* What an attacker changes. NAME, "name", sentence */
#define RADIO_FLIPS(X)                                                                             \
    X(NONE, "none", "nothing")                                                                     \
    X(AMF, "amf", "the bit of AMF that marks a processed challenge, in AUTHENTICATION REQUEST")    \
    X(CAPABILITY, "capability", "the UE network capability in ATTACH REQUEST: EEA0 is all")        \
    X(OCTET, "nas-octet", "the lowest bit of one octet, in every PDU that has it")                 \
    X(CHALLENGE, "challenge", "RAND and AUTN of AUTHENTICATION REQUEST, for some of before")       \
    X(RAND, "rand", "the lowest bit of RAND in AUTHENTICATION REQUEST")                            \
    X(AUTN, "autn", "the lowest bit of AUTN in AUTHENTICATION REQUEST")
enum radio_flip {
#define X(name, text, sentence) RADIO_FLIP_##name,
    RADIO_FLIPS(X)
#undef X
};
enum radio_direction { RADIO_UP, RADIO_DOWN };

struct radio_config {
    uint64_t seed;
    /* Of each hundred PDUs, in either direction. */
    uint8_t lose, repeat, delay, tamper;
    uint32_t delay_ms; /* one that is delayed: up to so long */
    enum radio_flip flip;
    enum radio_direction octet_direction; /* of RADIO_FLIP_OCTET */
    size_t octet;
    uint8_t rand[16], autn[16]; /* of RADIO_FLIP_CHALLENGE */
};
/* "amf", "capability", "rand", "autn", "nas-octet=N" (what devices receive), "nas-octet=up:N" (what
 * they send), "challenge=RAND:AUTN" (32 hex digits each). Errors: E_BAD_VALUE. */
MUST_USE enum err radio_flip_parse(const char *text, struct radio_config *out);
/* A PDU to a device: if it is AUTHENTICATION REQUEST, its RAND:AUTN takes the place of what the
 * file has. Errors: those of durable_write. */
MUST_USE enum err radio_challenge_save(const char *path, struct bytes pdu);
/* One that was saved is put in the place of each that comes. Errors: E_BAD_VALUE (it is none),
 * E_NOT_FOUND, E_DENIED, E_IO. */
MUST_USE enum err radio_challenge_load(const char *path, struct radio_config *out);
/* "lose=5,repeat=1,delay=10,delay-ms=200,tamper=1,seed=7", any of them. Errors: E_BAD_VALUE. */
MUST_USE enum err radio_faults_parse(const char *text, struct radio_config *out);

struct radio_pdu {
    enum radio_direction direction;
    uint32_t device;
    uint32_t connection; /* the caller's */
    struct bytes octets;
};
/* A PDU that arrives. May be called from inside radio_pass. */
typedef void radio_sink(void *ctx, const struct radio_pdu *pdu);

struct radio_counters {
    uint64_t passed, lost, repeated, delayed, damaged, changed;
};
struct radio;
/* Errors: E_BAD_VALUE (a percentage over 100), E_MEMORY. */
MUST_USE enum err radio_open(const struct radio_config *config, radio_sink *sink, void *ctx,
                             struct radio **out);
void radio_close(struct radio *r);
/* A PDU sets out; it arrives at once, later, twice, or never. */
void radio_pass(struct radio *r, uint64_t now_ms, const struct radio_pdu *pdu);
/* The first PDU of a connection, which is neither repeated nor delayed, for it would be another
 * connection: changed into `out` (RADIO_PDU_MAX octets). False: it is lost. */
MUST_USE bool radio_pass_first(struct radio *r, struct bytes pdu, struct mbytes out, size_t *n);
void radio_tick(struct radio *r, uint64_t now_ms);
uint64_t radio_deadline(const struct radio *r);
const struct radio_counters *radio_counters(const struct radio *r);

#endif
