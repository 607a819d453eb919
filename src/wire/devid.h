/* wire/devid.h - procedure devid on the wire: challenge and proof as Bindery containers in IDENTITY
 * REQUEST and IDENTITY RESPONSE (steps 3 and 5), the inquiry and the credential as AVPs of S13
 * (steps 6 and 8), and the outcome as AVPs of S6a.
 *
 * Pure translation: no decision, no I/O, no allocation. Spans of a credential that was read point
 * into the message it was read from.
 */
#ifndef BINDERY_WIRE_DEVID_H
#define BINDERY_WIRE_DEVID_H

#include "codec/s13.h"
#include "proc/devid.h"

/* Steps 3 and 5. `value` is the content of information element 7E. Errors of the writers:
 * E_NO_ROOM, E_BAD_LENGTH; of the readers: those of nas_container_parse, and E_BAD_DIGIT (no IMEI).
 */
MUST_USE enum err wire_devid_challenge_write(const struct devid_challenge *in, struct mbytes out,
                                             struct bytes *value);
MUST_USE enum err wire_devid_challenge_read(struct bytes value, struct devid_challenge *out);
MUST_USE enum err wire_devid_proof_write(const struct devid_proof *in, struct mbytes out,
                                         struct bytes *value);
MUST_USE enum err wire_devid_proof_read(struct bytes value, struct devid_proof *out);

/* Step 8. */
void wire_devid_credential_fill(const struct devid_credential *in,
                                struct s13_device_credential *out);
/* What is absent, contradicts itself or is not known is DEVID_UNAVAILABLE with
 * INQUIRY_UNANSWERED. */
void wire_devid_credential_read(const struct s13_device_credential *in,
                                struct devid_credential *out);

/* In ULR. DEVID_NOT_ASKED becomes an absent group, and the other way round. */
void wire_devid_outcome_fill(const struct devid_outcome *in, struct s6a_device_proof *out);
/* A group that contradicts itself (a cause of another result) is E_BAD_VALUE. */
MUST_USE enum err wire_devid_outcome_read(const struct s6a_device_proof *in,
                                          struct devid_outcome *out);

#endif
