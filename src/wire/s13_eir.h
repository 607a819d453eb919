/* wire/s13_eir.h - an equipment check on S13: what an ECR asks in the terms of proc/eir.h, and a
 * verdict as Equipment-Status (TS 29.272 6.2.1, 7.2.19, 7.2.20).
 *
 * Pure translation: no decision, no I/O, no allocation.
 */
#ifndef BINDERY_WIRE_S13_EIR_H
#define BINDERY_WIRE_S13_EIR_H

#include "codec/s13.h"
#include "id/imsi.h"
#include "proc/eir.h"

struct wire_ecr {
    struct imei imei;
    bool has_imsi;
    struct imsi imsi;
};
/* The software version (its own AVP, or digits 15 and 16) is no part of what is looked up. On error
 * *fault names the AVP. Errors: E_BAD_VALUE (digits that are none), E_MISSING (no IMEI: a check of
 * equipment that has only a 3GPP2 MEID cannot be answered here). */
MUST_USE enum err wire_ecr_read(uint32_t own_vendor, struct bytes msg, const struct s13_ecr *ecr,
                                struct wire_ecr *out, struct diameter_fault *fault);
/* False for EIR_UNKNOWN_EQUIPMENT: that is no status but Experimental-Result 5422. */
MUST_USE bool wire_equipment_status(enum eir_status status, struct diameter_u32 *out);

#endif
