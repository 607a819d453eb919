/* cli/s1ap_json.h - an S1AP message as JSON and back, with the NAS PDUs inside it, and what is
 * wrong with one, in words.
 *
 * Names are those of TS 36.413; "message" is the message's. A NAS-PDU that can be read is an object
 * as in cli/nas_json.h, an S1-Message one as here; anything else stays hex. As there, what is
 * unchanged comes back as the same octets. The SecurityKey shows itself only when it is asked for.
 */
#ifndef BINDERY_CLI_S1AP_JSON_H
#define BINDERY_CLI_S1AP_JSON_H

#include "cli/nas_json.h"
#include "codec/s1ap_text.h"

struct s1ap_view {
    bool show_keys;
    bool mask;        /* of the NAS inside */
    bool null_cipher; /* of the NAS inside */
};
/* NULL on an error: those of s1ap_parse, with the fault, and E_MEMORY. */
json_t *s1ap_json_of(struct bytes msg, const struct s1ap_view *view, enum err *e,
                     struct s1ap_fault *fault);
/* Errors: those of s1ap_build, s1ap_write and nas_json_build; `why` names the field. */
MUST_USE enum err s1ap_json_build(const json_t *object, struct mbytes out, size_t *n, char *why,
                                  size_t cap);

/* "octet 12: ie-missing: MME-UE-S1AP-ID (id 0, TS 36.413 9.2.3.3)", more IEs behind it. */
void s1ap_fault_text(struct bytes msg, enum err e, const struct s1ap_fault *fault, char *out,
                     size_t cap);
/* The message as a tree, NAS inside it. Errors: as s1ap_json_of; nothing is printed then. */
MUST_USE enum err s1ap_tree_put(FILE *to, struct bytes msg, const struct s1ap_view *view,
                                struct s1ap_fault *fault);

/* The direction in which the NAS PDUs of a message travel. */
enum nas_direction s1ap_nas_direction(enum s1ap_message type);
/* The first NAS PDU of a message; p NULL when it has none. */
struct bytes s1ap_nas_pdu(const struct s1ap_pdu *pdu);

#endif
