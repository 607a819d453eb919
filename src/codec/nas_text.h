/* codec/nas_text.h - NAS PDUs for people: as a tree, as one line, as fields from which a program
 * makes JSON, and from such fields back to octets. On hosts only.
 *
 * Fields have keys: the member names of codec/nas_emm.h and nas_esm.h with hyphens. An ESM message
 * in a container and the Bindery container are fields with fields of their own, and a path names
 * one: "esm-message-container.pdn-type". Every PDU begins with "message", a security protected or
 * short one with "security-header-type", "mac" and "sequence-number"; then "nas-message" holds the
 * message inside, in hex while it is ciphered. What nas_text_build makes of the fields of a PDU is
 * that PDU, unless it held elements that are unknown, repeated or out of order, or spare bits: then
 * the last field is "as-received", all of it in hex, which nas_text_build passes over.
 *
 * Values that are printed hold no control character, whatever the peer sent. A codec has no keys to
 * print; what a message carries in clear, an identity apart, is printed.
 */
#ifndef BINDERY_CODEC_NAS_TEXT_H
#define BINDERY_CODEC_NAS_TEXT_H

#include "codec/nas.h"
#include "codec/nas_container.h"
#include "codec/nas_value_text.h"

#define NAS_PATH_MAX       256
#define NAS_TEXT_DEPTH_MAX 4 /* of messages in messages; what is deeper stays hex */

struct nas_text_options {
    enum nas_direction direction; /* DETACH REQUEST reads differently; NAS_BOTH: as from the UE */
    bool mask;        /* an IMSI as 00101*******678, an IMEI without its serial number */
    bool null_cipher; /* EEA0 is known to be in use: look into what claims ciphering */
};
struct nas_text_field {
    unsigned depth;    /* 0: of the PDU itself */
    const char *path;  /* "esm-message-container.pdn-type" */
    const char *key;   /* its last part */
    const char *name;  /* "PDN type" */
    const char *value; /* NULL: the fields of the next depth, which follow, are inside this one */
};
typedef void nas_text_visit(void *ctx, const struct nas_text_field *field);

/* Calls visit for every field in the order of the message. Errors: those of nas_peek and nas_parse
 * (`fault` says where), E_UNSUPPORTED also for a message that this codec does not have,
 * E_BAD_LENGTH for a PDU of more than NAS_TEXT_PDU_MAX octets. On an error nothing was visited. */
MUST_USE enum err nas_text_walk(struct bytes pdu, const struct nas_text_options *options,
                                nas_text_visit *visit, void *ctx, struct nas_fault *fault);
/* The tree, two spaces a level, a line a field, and NUL; cut to the space. Errors as above; `out`
 * then says what the error is. */
MUST_USE enum err nas_text_tree(struct bytes pdu, const struct nas_text_options *options,
                                struct mbytes out);
/* "ATTACH REJECT emm-cause=17 (Network failure)", for a ladder or a log, and NUL; cut to the space.
 * What cannot be read is named as what it is. */
void nas_text_line(struct bytes pdu, const struct nas_text_options *options, struct mbytes out);

struct nas_text_pair {
    const char *path;
    const char *value;
    bool used; /* set by nas_text_build */
};
/* The reverse of nas_text_walk; pairs in any order, without those that only hold others. Errors:
 * E_MISSING (no "message", or a mandatory field is not there), E_UNSUPPORTED ("message" names
 * none), E_BAD_VALUE, E_BAD_LENGTH, E_NO_ROOM, E_UNKNOWN (a pair that no field wants). *wrong is
 * the path that the error is about, or "". */
MUST_USE enum err nas_text_build(struct nas_text_pair *pairs, size_t pairs_n,
                                 enum nas_direction direction, struct mbytes out, size_t *n,
                                 char wrong[static NAS_PATH_MAX]);

/* The key of a message's i-th row and of a container's, with hyphens. */
void nas_text_key(const struct nas_message *m, size_t i, char out[static NAS_PATH_MAX]);
void nas_text_tag_key(const struct nas_container *c, size_t i, char out[static NAS_PATH_MAX]);
enum nas_form nas_text_tag_form(const struct nas_container *c, size_t i);
/* "devid-challenge"; NULL when there is no such type. */
const char *nas_text_container_name(uint8_t type);

#endif
