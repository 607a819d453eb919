/* wire/certattach.h - procedure certattach on the wire: the request and the result as Bindery
 * containers in ATTACH REQUEST and ATTACH REJECT, and both, with the serving PLMN, as AVPs of S13.
 *
 * Pure translation: no decision, no I/O, no allocation. What was read points into what it was read
 * from. Between MME and HSS a container goes as its maker wrote it.
 */
#ifndef BINDERY_WIRE_CERTATTACH_H
#define BINDERY_WIRE_CERTATTACH_H

#include "codec/s13.h"
#include "proc/certattach.h"

#define WIRE_CERTATTACH_REQUEST_MAX                                                                \
    (2u + CERTATTACH_URL_MAX + CERTATTACH_NONCE_LEN + CERTATTACH_PROOF_MAX + 3 * 3)
/* What a device has to have room for, with the rest of ATTACH REJECT: nobody carries a longer one.
 */
#define WIRE_CERTATTACH_RESULT_MAX 1800u

/* ---- step 1: the request to the MME, and on to the AUSF ---- */

/* `value` is the content of information element 7E. Errors of the writers: E_NO_ROOM,
 * E_BAD_LENGTH; of the readers: those of nas_container_parse. */
MUST_USE enum err wire_certattach_request_write(const struct certattach_request *in,
                                                struct mbytes out, struct bytes *value);
MUST_USE enum err wire_certattach_request_read(struct bytes value, struct certattach_request *out);
/* In ECR: `value`, the request's container, and the serving PLMN; neither is copied. */
void wire_certattach_inquiry_fill(struct bytes value, const uint8_t plmn[static PLMN_LEN],
                                  struct s13_ecr *out);
/* The container is not looked at. Errors: E_NOT_FOUND (there is none, it is a plain ECR), E_MISSING
 * (there is no PLMN), E_BAD_LENGTH, E_BAD_DIGIT. */
MUST_USE enum err wire_certattach_inquiry_read(const struct s13_ecr *in, struct bytes *value,
                                               struct plmn *plmn);

/* ---- steps 3 and 4: the result to the MME, and on to the device ---- */

MUST_USE enum err wire_certattach_result_write(const struct certattach_result *in,
                                               struct mbytes out, struct bytes *value);
/* Also errors: E_BAD_VALUE (an expiry above INT64_MAX). */
MUST_USE enum err wire_certattach_result_read(struct bytes value, struct certattach_result *out);
/* In ECA: `value`, the result's container, is not copied. Reading, at the MME: E_NOT_FOUND (there
 * is none), E_BAD_LENGTH (above WIRE_CERTATTACH_RESULT_MAX), then as nas_container_parse: whose
 * form is not that of a result is not sent to a device. */
void wire_certattach_answer_fill(struct bytes value, struct s13_eca *out);
MUST_USE enum err wire_certattach_answer_read(const struct s13_eca *in, struct bytes *value);

#endif
