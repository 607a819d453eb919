/* wire/refusal_wire.h - a refusal as the Diameter answer that the table in base/refusal.h gives it.
 *
 * The wire learns the code and, for a malformed request, the AVP; the cause's name is for the log.
 */
#ifndef BINDERY_WIRE_REFUSAL_WIRE_H
#define BINDERY_WIRE_REFUSAL_WIRE_H

#include "base/refusal.h"
#include "codec/diameter.h"

struct wire_origin {
    struct bytes host;
    struct bytes realm;
};
/* Writes the answer to `request`. fault is looked at with REFUSAL_MALFORMED only, where its code
 * replaces the table's. Errors: E_TRUNCATED, E_BAD_STATE, E_NO_ROOM (diameter_answer_error). */
MUST_USE enum err wire_refusal_answer(struct bytes request, enum refusal refusal,
                                      const struct diameter_fault *fault,
                                      const struct wire_origin *origin, struct mbytes out,
                                      size_t *n);

#endif
