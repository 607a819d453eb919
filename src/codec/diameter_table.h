/* codec/diameter_table.h - the engine: a message or group as a table of rows, each saying which AVP
 * of the dictionary goes to which member of a C struct and how often. The same table parses and
 * writes.
 *
 * How an AVP lies in the struct, by its type: strings as `struct bytes` (absent: p is NULL) that
 * point into the message; Unsigned32 and Enumerated as `struct diameter_u32`; Unsigned64 as
 * `struct diameter_u64`; a group with a table as a struct whose first member is `bool present`; a
 * group without one as the `struct bytes` of its content. A list is an array `x` with its count in
 * `size_t x_n`. The struct of a message begins with `struct diameter_header`.
 */
#ifndef BINDERY_CODEC_DIAMETER_TABLE_H
#define BINDERY_CODEC_DIAMETER_TABLE_H

#include "codec/diameter.h"

struct diameter_u32 {
    bool present;
    uint32_t v;
};
struct diameter_u64 {
    bool present;
    uint64_t v;
};
#define DIAMETER_U32_OF(value) ((struct diameter_u32){true, (value)})

struct diameter_table;
struct diameter_row {
    enum diameter_avp_id avp;
    uint16_t at_least;
    uint16_t at_most; /* 0: known, accepted as often as it comes, ignored, never written */
    bool list;
    size_t offset;
    size_t count_offset; /* of a list's size_t */
    size_t size;         /* of one element */
    const struct diameter_table *group;
};
struct diameter_table {
    const struct diameter_row *rows;
    size_t n;
    size_t size; /* of the struct */
};

/* Rows, as tables spell them. */
#define ROW_(type, member, id, least, sub)                                                         \
    {                                                                                              \
        .avp = AVP_##id, .at_least = (least), .at_most = 1, .offset = offsetof(type, member),      \
        .size = sizeof(((type *)0)->member), .group = (sub)                                        \
    }
#define ROW_ONE(type, member, id)            ROW_(type, member, id, 1, NULL)
#define ROW_OPT(type, member, id)            ROW_(type, member, id, 0, NULL)
#define ROW_ONE_GROUP(type, member, id, sub) ROW_(type, member, id, 1, sub)
#define ROW_OPT_GROUP(type, member, id, sub) ROW_(type, member, id, 0, sub)
#define ROW_LIST(type, member, id, least, sub)                                                     \
    {                                                                                              \
        .avp = AVP_##id, .at_least = (least),                                                      \
        .at_most = sizeof(((type *)0)->member) / sizeof(((type *)0)->member[0]), .list = true,     \
        .offset = offsetof(type, member), .count_offset = offsetof(type, member##_n),              \
        .size = sizeof(((type *)0)->member[0]), .group = (sub)                                     \
    }
#define ROW_IGNORE(id)                                                                             \
    {                                                                                              \
        .avp = AVP_##id                                                                            \
    }
#define TABLE(type, array)                                                                         \
    {                                                                                              \
        .rows = (array), .n = sizeof(array) / sizeof((array)[0]), .size = sizeof(type)             \
    }

struct diameter_message {
    uint32_t command;
    uint32_t application;
    bool request;
    const char *short_name; /* "AIR" */
    const char *name;       /* "Authentication-Information-Request" */
    const struct diameter_table *table;
};

/* Parses a whole message as the one described into a struct of table->size octets. What is not
 * known is ignored without M and refused with it (5001). An answer with the E bit may lack what its
 * command's grammar demands (RFC 6733 7.2). On any error *out is all zeros and *fault says why.
 * Errors: E_TRUNCATED (no header, no answer possible), E_UNSUPPORTED (3001, 3007: another message),
 * E_UNKNOWN (5001), E_BAD_VALUE (5004, 3008, 3009, 5011), E_MISSING (5005), E_REPEATED (5009),
 * E_BAD_LENGTH (5014, 5015). */
MUST_USE enum err diameter_parse(const struct diameter_message *as, uint32_t own_vendor,
                                 struct bytes msg, void *out, struct diameter_fault *fault);
/* Writes the message: flags other than R and the two identifiers come from the struct's header,
 * command, application and R from the description. The output is written to on errors too, *n only
 * on E_OK. Errors: E_NO_ROOM; E_MISSING, E_REPEATED, E_BAD_VALUE, E_BAD_LENGTH for a struct that
 * its own parser would refuse. */
MUST_USE enum err diameter_write(const struct diameter_message *as, uint32_t own_vendor,
                                 const void *in, struct mbytes out, size_t *n);
/* Is the value one its definition allows? *result_code is 5004 or 5014 when not. */
MUST_USE enum err diameter_value_check(const struct diameter_definition *d, struct bytes value,
                                       uint32_t *result_code);

/* Writes AVPs one by one, for what is not table-driven. */
void diameter_put_octets(struct wr *w, enum diameter_avp_id id, uint32_t own_vendor,
                         struct bytes value);
void diameter_put_u32(struct wr *w, enum diameter_avp_id id, uint32_t own_vendor, uint32_t value);
/* A group is opened, filled and closed; the mark is what open returned. */
size_t diameter_put_open(struct wr *w, enum diameter_avp_id id, uint32_t own_vendor);
void diameter_put_close(struct wr *w, size_t mark);

#endif
