/* wire/s6a_aka.h - authentication vectors on S6a: what an AIR asks in the terms of proc/binding.h,
 * and what its answer says on the wire (TS 29.272 7.2.5, 7.2.6).
 *
 * Pure translation: no decision, no I/O, no allocation. Spans of an answer point into the struct
 * wire_aia they were made from, which its holder wipes.
 */
#ifndef BINDERY_WIRE_S6A_AKA_H
#define BINDERY_WIRE_S6A_AKA_H

#include "codec/s6a.h"
#include "id/imsi.h"
#include "proc/binding.h"

/* What an AIR asks for. */
struct wire_air {
    struct imsi imsi;
    uint8_t visited_plmn_id[PLMN_LEN];
    unsigned eutran; /* vectors wanted, 0 to 5 */
    unsigned utran;
    bool has_served_imei;
    struct imei served_imei;
    bool has_resync;
    uint8_t resync_rand[16]; /* as the USIM's ME received it: plain or encrypted */
    struct auts auts;
    bool knows_binding;      /* the MME offered the feature: it may be sent Binding-Control */
    bool knows_devid;        /* likewise: and Proof-Control in it */
    bool knows_provisioning; /* likewise: it carries out what is for provisioning only */
};
/* On error *fault names the AVP. Errors: E_BAD_VALUE, E_MISSING (no vectors asked at all). */
MUST_USE enum err wire_air_read(uint32_t own_vendor, struct bytes msg, const struct s6a_air *air,
                                struct wire_air *out, struct diameter_fault *fault);

/* The vectors of one answer: E-UTRAN ones first. */
struct wire_aia {
    struct binding_vector vectors[2 * S6A_VECTORS_MAX];
    unsigned eutran;
    unsigned utran;
    enum s6a_proof_control proof; /* not wanted: is not said */
};
/* Puts them into the answer, which already has its beginning and result. */
void wire_aia_fill(const struct wire_aia *vectors, bool knows_binding, struct s6a_aia *out);

/* The MME's side: one E-UTRAN vector of an answer. Errors: E_MISSING (no such vector),
 * E_BAD_LENGTH. */
MUST_USE enum err wire_aia_vector(const struct s6a_aia *aia, unsigned index,
                                  struct binding_vector *out);

/* User-Name as an IMSI; *fault names it when it is none. Errors: E_BAD_VALUE. */
MUST_USE enum err wire_user_name(uint32_t own_vendor, struct bytes msg, struct bytes user_name,
                                 struct imsi *out, struct diameter_fault *fault);
/* Terminal-Information/IMEI: 14 or 15 digits, or 16 with the software version. *has is false when
 * the group or the AVP is absent. Errors: E_BAD_VALUE with its fault. */
MUST_USE enum err wire_terminal_imei(uint32_t own_vendor, struct bytes msg,
                                     const struct s6a_terminal_information *info, bool *has,
                                     struct imei *out, struct diameter_fault *fault);

#endif
