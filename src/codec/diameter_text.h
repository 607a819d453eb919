/* codec/diameter_text.h - Diameter messages for people: names of commands, results and AVPs, and
 * the few fields of a message that matter in a ladder or a log.
 *
 * Nothing secret is ever among the fields, and nothing printed holds a control character, whatever
 * the peer sent.
 */
#ifndef BINDERY_CODEC_DIAMETER_TEXT_H
#define BINDERY_CODEC_DIAMETER_TEXT_H

#include "codec/diameter_table.h"

#define DIAMETER_VALUE_TEXT_MAX 128

/* "AIR", "CEA"; "Request" and "Answer" when the command is unknown. */
const char *diameter_short_name(const struct diameter_header *h);
/* "Authentication-Information-Request"; as above when unknown. */
const char *diameter_long_name(const struct diameter_header *h);
/* "DIAMETER_SUCCESS"; NULL when the code has no name here. */
const char *diameter_result_name(uint32_t code, bool experimental);
/* "User-Name"; NULL when the AVP is not in the dictionary. */
const char *diameter_avp_name(uint32_t code, uint32_t vendor, uint32_t own_vendor);

/* The fields of a message, one by one. */
struct diameter_text {
    struct bytes msg;
    uint32_t own_vendor;
    bool mask; /* show an IMSI as 00101*****678 and an IMEI without its serial */
    size_t step;
};
struct diameter_field {
    const char *key; /* "user-name", "result", "vectors", ...: the list is in diameter_text.c */
    char value[DIAMETER_VALUE_TEXT_MAX];
};
struct diameter_text diameter_text_of(struct bytes msg, uint32_t own_vendor, bool mask);
/* The next field that the message has; false at the end. */
bool diameter_text_next(struct diameter_text *t, struct diameter_field *out);
/* "AIA result=DIAMETER_SUCCESS vectors=1 amf=processed" and NUL, cut to the space. */
void diameter_line(struct bytes msg, uint32_t own_vendor, bool mask, struct mbytes out);

#endif
