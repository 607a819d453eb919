/* wire/kme.h - procedure kme on the wire: command, payload and result as Bindery containers in
 * IDENTITY REQUEST, IDENTITY RESPONSE and ATTACH REJECT, and the nonce, the payload and NW_SIG as
 * AVPs of S6a.
 *
 * Pure translation: no decision, no I/O, no allocation. A payload that was read points into what it
 * was read from. From the MME to the HSS the payload's container goes as the device wrote it.
 */
#ifndef BINDERY_WIRE_KME_H
#define BINDERY_WIRE_KME_H

#include "codec/s6a.h"
#include "proc/kme.h"

#define WIRE_KME_PAYLOAD_MAX (2u + 8 + 14 + KME_LOT_ID_MAX + KME_MODULUS_MAX + 4 * 3)

/* ---- step 4: the nonce to the MME, and the command on to the ME ---- */

/* In AIA: provisioning only, with the nonce, which is not copied. What else the group says of the
 * vector stays. */
void wire_kme_offer_fill(const uint8_t nonce[static KME_NONCE_LEN],
                         struct s6a_binding_control *out);
/* Errors: E_NOT_FOUND (the vector is not for provisioning only), E_MISSING (it is, and there is no
 * nonce), E_BAD_LENGTH. */
MUST_USE enum err wire_kme_offer_read(const struct s6a_binding_control *in,
                                      uint8_t nonce[static KME_NONCE_LEN]);
/* `value` is the content of information element 7E. Errors of the writers: E_NO_ROOM,
 * E_BAD_LENGTH; of the readers: those of nas_container_parse. */
MUST_USE enum err wire_kme_command_write(const uint8_t nonce[static KME_NONCE_LEN],
                                         struct mbytes out, struct bytes *value);
MUST_USE enum err wire_kme_command_read(struct bytes value, uint8_t nonce[static KME_NONCE_LEN]);

/* ---- steps 6 and 7: the payload to the MME, and on to the HSS ---- */

MUST_USE enum err wire_kme_payload_write(const struct kme_payload *in, struct mbytes out,
                                         struct bytes *value);
/* Also errors: E_BAD_DIGIT, E_BAD_LENGTH, E_BAD_VALUE (no IMSI, IMEI or lot id). */
MUST_USE enum err wire_kme_payload_read(struct bytes value, struct kme_payload *out);
/* In ULR: `value`, the payload's container, is not copied. Reading: E_NOT_FOUND (there is none),
 * then as wire_kme_payload_read. */
void wire_kme_update_fill(struct bytes value, struct s6a_ulr *out);
MUST_USE enum err wire_kme_update_read(const struct s6a_ulr *in, struct kme_payload *out);

/* ---- steps 10 and 11: NW_SIG to the MME, and on to the ME ---- */

/* In ULA; not copied. Reading: E_NOT_FOUND (there is none), E_BAD_LENGTH. */
void wire_kme_answer_fill(const uint8_t nw_sig[static KME_NW_SIG_LEN], struct s6a_ula *out);
MUST_USE enum err wire_kme_answer_read(const struct s6a_ula *in,
                                       uint8_t nw_sig[static KME_NW_SIG_LEN]);
MUST_USE enum err wire_kme_result_write(const uint8_t nw_sig[static KME_NW_SIG_LEN],
                                        struct mbytes out, struct bytes *value);
MUST_USE enum err wire_kme_result_read(struct bytes value, uint8_t nw_sig[static KME_NW_SIG_LEN]);

#endif
