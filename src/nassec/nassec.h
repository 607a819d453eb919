/* nassec/nassec.h - the EPS NAS security context and what is done with it: protect a message, check
 * and open one, pick algorithms, decide what may arrive unprotected (TS 24.301 4.4, TS 33.401 8).
 *
 * The UE's side and the MME's are the same code; only the directions differ. A context is a plain
 * value: whoever owns it may copy it, try something on the copy and keep the copy only if that
 * worked. It holds keys, so every copy ends with wipe(). A function that does not return E_OK has
 * changed neither its context nor what it would have written, and leaves no plaintext behind that
 * was not authenticated. Nothing here knows timers, the state of a procedure, or what stands in a
 * message beyond its type. EIA0 and mapped contexts do not exist here.
 *
 * Store a context after every nassec_protect and nassec_unprotect, before what they gave leaves or
 * is acted upon: a COUNT that is used twice with one key gives the keystream away.
 */
#ifndef BINDERY_NASSEC_NASSEC_H
#define BINDERY_NASSEC_NASSEC_H

#include "crypto/crypto.h"
#include "crypto/keys.h"
#include "crypto/nas_algorithms.h"

enum nassec_side { NASSEC_UE = 0, NASSEC_MME = 1 };

#define NASSEC_OVERHEAD     6U                  /* octets before the message: SHT and PD, MAC, SN */
#define NASSEC_COUNT_LIMIT  (UINT32_C(1) << 24) /* NAS COUNTs are below this */
#define NASSEC_IMAGE_LEN    49U
#define NASSEC_HASH_MME_LEN 8U
#define NASSEC_WINDOW       32U

/* What AKA and the SECURITY MODE COMMAND agreed on; with it a context is made. */
struct nassec_agreement {
    enum nassec_side side;
    uint8_t ksi; /* 0 to 6 */
    enum nas_eea eea;
    enum nas_eia eia; /* never 0 */
    struct key_kasme kasme;
};

/* COUNTs are 24 bits: NAS overflow counter (16) || sequence number (8). Read the members freely;
 * only the functions below change them. */
struct nas_security {
    struct nassec_agreement agreed;
    struct key_knasenc knasenc;
    struct key_knasint knasint;
    uint32_t send_next;    /* the COUNT of the next message out; NASSEC_COUNT_LIMIT: none is left */
    uint32_t receive_next; /* one more than the highest COUNT accepted; 0: none was yet */
    uint32_t seen;         /* bit i: COUNT receive_next - 1 - i was accepted */
};

/* What nassec_unprotect found out about a message that it accepted. */
struct nassec_received {
    size_t n;       /* octets of the plain message */
    uint32_t count; /* the NAS COUNT it came under, which KeNB wants (TS 33.401 A.3) */
    uint8_t sht;    /* security header type, 1 to 4 */
};

/* A context right after AKA: both COUNTs are zero (TS 24.301 4.4.3.1), the keys derived.
 * Errors: E_BAD_VALUE (a KSI or algorithm that is none), E_CRYPTO. */
MUST_USE enum err nassec_establish(const struct crypto *c, const struct nassec_agreement *agreed,
                                   struct nas_security *out);

/* The same context with other algorithms, which a SECURITY MODE COMMAND may choose without AKA
 * (TS 24.301 5.4.3.2): the COUNTs go on, the keys are those of the algorithms. out may be s.
 * Errors: those of nassec_establish. */
MUST_USE enum err nassec_change(const struct crypto *c, const struct nas_security *s,
                                enum nas_eea eea, enum nas_eia eia, struct nas_security *out);

/* Writes plain.n + NASSEC_OVERHEAD octets and takes the next COUNT. sht: 1 integrity; 2 and
 * ciphered; 3 integrity with a new context, which the SECURITY MODE COMMAND has and only it; 4
 * ciphered with a new context, which the SECURITY MODE COMPLETE has and only it (TS 24.301 9.3.1;
 * enum nas_sht of codec/nas_codes.h). Ciphered first, then the MAC over SN and what was ciphered
 * (4.4.5, 4.4.4). `out` may begin where plain begins minus NASSEC_OVERHEAD, else it must not
 * overlap plain. Errors: E_BAD_VALUE (sht for this side and message), E_BAD_LENGTH (no NAS message
 * is shorter than 2 octets), E_NO_ROOM, E_EXHAUSTED (COUNT would pass 2^24 - 1: run AKA), E_CRYPTO.
 * After E_NO_ROOM and the others before it nothing of `out` was touched; after E_CRYPTO what was
 * touched is wiped. */
MUST_USE enum err nassec_protect(const struct crypto *c, struct nas_security *s, uint8_t sht,
                                 struct bytes plain, struct mbytes out, size_t *n);

/* The reverse; what decides whether the message should have been ciphered is the caller's (4.4.5),
 * who has got->sht for it and nassec_was_ciphered. The COUNT is the lowest one above all accepted
 * that ends in the SN received, or one of the last NASSEC_WINDOW below that was not accepted yet
 * (4.4.3.1: a receiver that remembers may); so each COUNT is accepted once at most. `out` needs
 * pdu.n - NASSEC_OVERHEAD octets and must not overlap pdu. Errors: E_TRUNCATED, E_UNSUPPORTED (not
 * a security protected EMM header of type 1 to 4), E_NO_ROOM, E_BAD_MAC, E_SYNC (the MAC holds, for
 * a COUNT among the last 256 that was accepted before or is too old: a replay; what is older still
 * is E_BAD_MAC), E_BAD_VALUE (the MAC holds, but the header type is not one that this message has
 * in this direction), E_CRYPTO. */
MUST_USE enum err nassec_unprotect(const struct crypto *c, struct nas_security *s, struct bytes pdu,
                                   struct mbytes out, struct nassec_received *got);

/* Was it really hidden: ciphered, and not by EEA0? */
bool nassec_was_ciphered(const struct nas_security *s, const struct nassec_received *got);

/* The message inside a header of type 1 or 3, unverified: a SECURITY MODE COMMAND names the
 * algorithms that its own MAC is made with. Use nothing else of it until nassec_accept_smc holds.
 * Errors: E_TRUNCATED, E_UNSUPPORTED. */
MUST_USE enum err nassec_peek(struct bytes pdu, struct bytes *inner);

/* The UE meets a SECURITY MODE COMMAND under a context that is not current (5.4.3.3): makes the
 * context of `agreed`, checks the MAC under it, and writes *fresh only when it holds. The caller
 * then checks what the message says (replayed capabilities, HashMME) and only then makes *fresh its
 * current context, or wipes it. A repeated SECURITY MODE COMMAND goes to nassec_unprotect with the
 * context that is current by then.
 * Errors: E_BAD_STATE (`agreed` is the MME's side), those of nassec_establish, and those of
 * nassec_unprotect but E_NO_ROOM; a header type other than 3 is E_UNSUPPORTED. */
MUST_USE enum err nassec_accept_smc(const struct crypto *c, const struct nassec_agreement *agreed,
                                    struct bytes pdu, struct nas_security *fresh);

/* SERVICE REQUEST (8.2.25): security header type 12, KSI and the 5 low bits of SN, and the 2 low
 * octets of the MAC over the first two octets. */
#define NASSEC_SERVICE_REQUEST_LEN 4U
/* UE: writes one and takes the next COUNT. Errors: E_BAD_STATE (this is the MME's side),
 * E_EXHAUSTED, E_CRYPTO. */
MUST_USE enum err nassec_service_request(const struct crypto *c, struct nas_security *s,
                                         uint8_t out[static NASSEC_SERVICE_REQUEST_LEN]);
/* MME: verifies one; *count is what KeNB is derived from. It comes first on its connection, so none
 * below the highest accepted is taken. Errors: E_BAD_STATE (the UE's side),
 * E_TRUNCATED, E_TRAILING, E_UNSUPPORTED (no SERVICE REQUEST), E_NOT_FOUND (another KSI),
 * E_BAD_MAC, E_SYNC (a replay among the last 32 COUNTs), E_CRYPTO. */
MUST_USE enum err nassec_check_service_request(const struct crypto *c, struct nas_security *s,
                                               struct bytes pdu, uint32_t *count);

/* Is either COUNT so near its end that the MME should run AKA (4.4.3.5)? Within 2^12 of it. */
bool nassec_wants_aka(const struct nas_security *s);

/* KeNB from the uplink NAS COUNT of the message that started it (TS 33.401 A.3).
 * Errors: E_BAD_VALUE (no such COUNT), E_CRYPTO. */
MUST_USE enum err nassec_kenb(const struct crypto *c, const struct nas_security *s,
                              uint32_t ul_nas_count, struct key_kenb *out);

/* ---- Before there is a context ---- */

/* What this side may use, best first. */
struct nassec_preference {
    uint8_t eea[4]; /* EEA0 only if it stands here */
    uint8_t eea_n;
    uint8_t eia[3]; /* 1 to 3 */
    uint8_t eia_n;
};
/* The first of each list that the UE has: eea_bits and eia_bits are octets 3 and 4 of UE security
 * capability (TS 24.301 9.9.3.36), algorithm 0 in bit 8. Errors: E_BAD_VALUE (a list is empty, too
 * long, or names EIA0 or no algorithm), E_UNSUPPORTED (nothing in common). */
MUST_USE enum err nassec_select(uint8_t eea_bits, uint8_t eia_bits,
                                const struct nassec_preference *want, enum nas_eea *eea,
                                enum nas_eia *eia);

/* HashMME (TS 33.401 8.1.1; TS 24.301 9.9.3.50): the 64 least significant bits of HMAC-SHA-256
 * under a key of zeros over the ATTACH REQUEST as it was sent without protection.
 * Errors: E_CRYPTO. */
MUST_USE enum err nassec_hash_mme(const struct crypto *c, struct bytes attach_request,
                                  uint8_t out[static NASSEC_HASH_MME_LEN]);

/* ---- What may arrive unprotected ---- */

/* May this side process an EMM message that came without protection, or (nassec_may_fail_mac, MME
 * only) with a MAC that fails or cannot be checked? (TS 24.301 4.4.4.2, 4.4.4.3.) `secured`: secure
 * exchange of NAS messages is established on this signalling connection; then the answer is no.
 * `detail` is the EMM cause of ATTACH REJECT, TRACKING AREA UPDATE REJECT and SERVICE REJECT, the
 * identity type that IDENTITY REQUEST asks or IDENTITY RESPONSE was asked for, and ignored for
 * others. A SERVICE REQUEST has no message type: what fails its MAC is answered with SERVICE
 * REJECT. No ESM message may, but for the one that travels inside ATTACH REQUEST. */
bool nassec_may_be_plain(enum nassec_side receiver, bool secured, uint8_t message_type,
                         uint8_t detail);
bool nassec_may_fail_mac(bool secured, uint8_t message_type, uint8_t detail);

/* ---- A context in storage ---- */

/* NASSEC_IMAGE_LEN octets: version 1, side, KSI, EEA, EIA, KASME (32), send_next (4), receive_next
 * (4), seen (4). It holds KASME: seal it. KNASenc and KNASint are derived again on reading.
 * Errors: E_NO_ROOM. */
MUST_USE enum err nassec_image_write(const struct nas_security *s, struct mbytes out);
/* Errors: E_BAD_LENGTH, E_UNSUPPORTED (another version), E_BAD_VALUE, E_CRYPTO. */
MUST_USE enum err nassec_image_read(const struct crypto *c, struct bytes image,
                                    struct nas_security *out);

#endif
