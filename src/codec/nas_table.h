/* codec/nas_table.h - the engine: a NAS message as a list of elements, one line each, from which
 * come the C struct, the rows that parse and write it, and its text.
 *
 * A line is X(s, FORMAT, member, IE, iei, min, max): s is the struct, min and max are octets of the
 * value part, without IEI and length. How an element lies in the struct is its format's business:
 *
 *   M_HALF         mandatory, half an octet; the first of two in bits 1 to 4    uint8_t
 *   M_V1           mandatory, one octet                                         uint8_t
 *   M_V, LV, LVE   mandatory, of fixed length, or with 1 or 2 octets of length  struct bytes
 *   O_TVH, O_TV1   optional, one octet with a 4-bit IEI; IEI and one octet      struct nas_u8
 *   O_TLV1         optional, a TLV whose value is one octet                     struct nas_u8
 *   O_TV, TLV, TLVE  optional, of fixed length, or with 1 or 2 octets of length struct bytes
 *
 * A struct bytes points into the message and is absent when p is NULL. Each struct begins with a
 * struct nas_header.
 *
 * What is received follows TS 24.301 clause 7 and TS 24.007 11.2.4 and 11.4.2: of an optional
 * element the first counts; one that is unknown, repeated, out of its message's order, shorter than
 * its type, or runs past the message, is as if it were not there (7.6.1 to 7.6.3, 7.7.1); one
 * longer than its type is cut to it; spare bits are not looked at. Nothing of this makes an error,
 * and struct nas_fault counts it. What the elements' values mean is codec/nas_ie.h's business.
 */
#ifndef BINDERY_CODEC_NAS_TABLE_H
#define BINDERY_CODEC_NAS_TABLE_H

#include "base/span.h"
#include "codec/nas_codes.h"
#include "codec/nas_dictionary.h"

struct nas_u8 {
    bool present;
    uint8_t v;
};
#define NAS_U8_OF(value) ((struct nas_u8){true, (value)})

struct nas_header {
    uint8_t ebi; /* ESM only: EPS bearer identity, 0 to 15 */
    uint8_t pti; /* ESM only: procedure transaction identity */
};

enum nas_format {
    NAS_M_HALF,
    NAS_M_V1,
    NAS_M_V,
    NAS_M_LV,
    NAS_M_LVE,
    NAS_O_TVH, /* from here on optional */
    NAS_O_TV1,
    NAS_O_TV,
    NAS_O_TLV1,
    NAS_O_TLV,
    NAS_O_TLVE
};
struct nas_row {
    uint8_t format; /* enum nas_format */
    uint8_t iei;    /* of O_TVH the high half; 0 when mandatory */
    uint8_t ie;     /* enum nas_ie */
    uint8_t min;
    uint16_t max;
    uint16_t offset;
};
_Static_assert(NAS_IES_N <= 256, "an element's index fits an octet");

enum nas_direction { NAS_UP = 1, NAS_DOWN = 2, NAS_BOTH = 3 };

struct nas_message {
    const struct nas_row *rows;
    uint16_t n;
    uint16_t size; /* of the struct */
    uint8_t type;  /* enum nas_message_type */
    uint8_t direction;
};
static inline bool nas_is_esm(const struct nas_message *m)
{
    return m->type >= NAS_ACTIVATE_DEFAULT_EPS_BEARER_CONTEXT_REQUEST;
}

/* Members of a struct from its list: the spans first, then the octets, so that nothing is padding.
 */
#define NAS_SPAN_M_HALF(member)
#define NAS_SPAN_M_V1(member)
#define NAS_SPAN_M_V(member)   struct bytes member;
#define NAS_SPAN_M_LV(member)  struct bytes member;
#define NAS_SPAN_M_LVE(member) struct bytes member;
#define NAS_SPAN_O_TVH(member)
#define NAS_SPAN_O_TV1(member)
#define NAS_SPAN_O_TV(member) struct bytes member;
#define NAS_SPAN_O_TLV1(member)
#define NAS_SPAN_O_TLV(member)   struct bytes member;
#define NAS_SPAN_O_TLVE(member)  struct bytes member;
#define NAS_OCTET_M_HALF(member) uint8_t member;
#define NAS_OCTET_M_V1(member)   uint8_t member;
#define NAS_OCTET_M_V(member)
#define NAS_OCTET_M_LV(member)
#define NAS_OCTET_M_LVE(member)
#define NAS_OCTET_O_TVH(member) struct nas_u8 member;
#define NAS_OCTET_O_TV1(member) struct nas_u8 member;
#define NAS_OCTET_O_TV(member)
#define NAS_OCTET_O_TLV1(member) struct nas_u8 member;
#define NAS_OCTET_O_TLV(member)
#define NAS_OCTET_O_TLVE(member)

#define NAS_SPAN_MEMBER(s, format, member, ie, iei, min, max)  NAS_SPAN_##format(member)
#define NAS_OCTET_MEMBER(s, format, member, ie, iei, min, max) NAS_OCTET_##format(member)
#define NAS_STRUCT(name, list)                                                                     \
    struct nas_##name {                                                                            \
        struct nas_header header;                                                                  \
        list(NAS_SPAN_MEMBER, 0) list(NAS_OCTET_MEMBER, 0)                                         \
    };                                                                                             \
    extern const struct nas_message nas_##name##_message;

/* What people are told of a fault, and what of the message was passed over. */
struct nas_fault {
    size_t at;         /* octet of the message, from 0, where the element begins */
    enum nas_ie ie;    /* nas_ie_name; NAS_IE_SPARE when none is known */
    uint8_t iei;       /* of an unknown element */
    uint16_t ignored;  /* optional elements that count as absent */
    size_t ignored_at; /* the first of them */
};

/* Parses a plain message as the one described into a struct of m->size octets. On an error *out is
 * all zeros. `fault` may be NULL. Errors: E_TRUNCATED (too short for a message type: ignore it,
 * 7.2.1), E_UNSUPPORTED (another message, not plain, or another protocol), E_MISSING (it ends
 * before or within a mandatory element), E_BAD_LENGTH (a mandatory element shorter than its type),
 * E_UNKNOWN (an element that must be comprehended, TS 24.007 11.2.5, is not known). */
MUST_USE enum err nas_parse(const struct nas_message *m, struct bytes msg, void *out,
                            struct nas_fault *fault);
/* Writes the message. `out` is written to on errors too, *n only on E_OK. Errors: E_NO_ROOM;
 * E_MISSING (a mandatory span is absent), E_BAD_LENGTH (a value shorter or longer than its
 * element), E_BAD_VALUE (a half octet above 15, an EPS bearer identity above 15). */
MUST_USE enum err nas_write(const struct nas_message *m, const void *in, struct mbytes out,
                            size_t *n);

/* The cause that a STATUS message (or a reject) tells the peer for an error of this codec, the same
 * number for EMM and ESM: 96 for a fault in a mandatory element, its value (E_BAD_VALUE,
 * E_BAD_DIGIT) or one to be comprehended (7.5.1), 97 for a message that is not known (7.4), 98 for
 * E_BAD_STATE (7.4), 100 for E_NOT_FOUND: a conditional element is not there (7.7.2), 95 for
 * E_CONFLICT (7.8), else 111; 0 when nothing may be answered (E_OK, and E_TRUNCATED of nas_parse
 * and nas_peek; of a mandatory value of codec/nas_ie.h that is 96). 99 is never ours to send: no
 * procedure here needs an optional element that it does not know. */
uint8_t nas_cause_of(enum err e);

#endif
