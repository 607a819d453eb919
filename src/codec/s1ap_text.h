/* codec/s1ap_text.h - S1AP messages for people: the fields of a message by the names that TS 36.413
 * gives them, one by one, as a tree or as one line, and a message made from such fields again.
 *
 * A field is named by its path: "TAI.tAC", "SupportedTAs[0].broadcastPLMNs[1]", "Cause.nas". What
 * a walk gives, s1ap_build takes. The SecurityKey is never shown unless the caller says so, and
 * nothing printed holds a control character.
 */
#ifndef BINDERY_CODEC_S1AP_TEXT_H
#define BINDERY_CODEC_S1AP_TEXT_H

#include "codec/s1ap.h"

#define S1AP_PATH_MAX  160
#define S1AP_VALUE_MAX 64

enum s1ap_text_form {
    S1AP_TEXT_NUMBER, /* value: decimal, or 0x and hex digits */
    S1AP_TEXT_WORD,   /* value: a name of an enumeration, or "001-01" */
    S1AP_TEXT_STRING, /* octets: printable characters */
    S1AP_TEXT_OCTETS, /* octets */
    S1AP_TEXT_HIDDEN, /* value: "(32 octets)" */
    S1AP_TEXT_EMPTY,  /* a group or list element without anything in it; value: "{}" */
    S1AP_TEXT_OPEN,   /* a group, list element or list begins */
    S1AP_TEXT_CLOSE   /* and ends */
};
struct s1ap_field {
    enum s1ap_text_form form;
    bool list;    /* of S1AP_TEXT_OPEN and _CLOSE: a list, whose elements have indices for names */
    size_t depth; /* 0: an IE */
    const char *path;
    const char *name; /* the last part of the path; "3" for an element of a list */
    const char *value;
    const char *note;   /* what a number stands for, as "NAS-PDU" for an iE-ID; else NULL */
    const char *clause; /* of an IE, in TS 36.413; else NULL */
    struct bytes octets;
};
typedef void s1ap_field_fn(void *ctx, const struct s1ap_field *field);
/* Calls fn for each field of the message in order. The field's strings live until fn returns. */
void s1ap_walk(const struct s1ap_pdu *pdu, bool show_key, s1ap_field_fn *fn, void *ctx);

/* The value of a field as s1ap_build takes it, with NUL, cut to the space. */
void s1ap_field_value(const struct s1ap_field *field, struct mbytes out);
/* The whole message, a line for each field, and NUL; cut to the space. */
void s1ap_tree(const struct s1ap_pdu *pdu, bool show_key, struct mbytes out);
/* "UplinkNASTransport mme-ue=74565 enb-ue=66" and NUL, cut to the space; what cannot be read says
 * so. */
void s1ap_line(struct bytes msg, struct mbytes out);

/* One field by path and value: numbers decimal or with 0x, octets as hex digits. */
struct s1ap_pair {
    const char *path;
    const char *value;
    bool used; /* written by s1ap_build */
};
/* A message from fields. What it points to lies in scratch or is the values. *bad is the pair at
 * fault, or n when none is. The message is s1ap_write's to check further.
 * Errors: E_UNKNOWN (no such field), E_REPEATED, E_MISSING (of what no message may lack),
 * E_BAD_VALUE, E_BAD_DIGIT, E_BAD_LENGTH, E_NO_ROOM (scratch), E_UNSUPPORTED (no such message). */
MUST_USE enum err s1ap_build(enum s1ap_message type, struct s1ap_pair *pairs, size_t n,
                             struct mbytes scratch, struct s1ap_pdu *out, size_t *bad);
/* S1AP_MESSAGE_COUNT when no message has the name. */
enum s1ap_message s1ap_message_named(const char *name);

#endif
