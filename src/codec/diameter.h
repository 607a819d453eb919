/* codec/diameter.h - Diameter messages as octets (RFC 6733): framing, the header, AVPs one by one,
 * what is wrong with a message, and the answer that says so.
 *
 * Nothing here allocates, keeps state or copies a value: whatever a parser yields points into the
 * message it was given and lives as long as that. Outputs are written only on E_OK unless a
 * function says otherwise. Typed messages are in codec/diameter_base.h and codec/s6a.h; the tables
 * and the engine behind them in codec/diameter_table.h.
 */
#ifndef BINDERY_CODEC_DIAMETER_H
#define BINDERY_CODEC_DIAMETER_H

#include "base/span.h"
#include "codec/diameter_dictionary.h"

#define DIAMETER_VERSION    1
#define DIAMETER_HEADER_LEN 20
#define DIAMETER_LENGTH_MAX 0xFFFFFCU /* the longest multiple of four in 24 bits */
#define DIAMETER_DEPTH_MAX  6         /* groups within groups, the message being the first */

/* Application-Ids */
#define DIAMETER_APP_BASE  0U
#define DIAMETER_APP_S6A   16777251U
#define DIAMETER_APP_S13   16777252U
#define DIAMETER_APP_RELAY 0xFFFFFFFFU

/* Result-Codes this codec itself gives (RFC 6733 7.1); names of all: codec/diameter_text.h */
enum diameter_result_code {
    DIAMETER_SUCCESS = 2001,
    DIAMETER_COMMAND_UNSUPPORTED = 3001,
    DIAMETER_UNABLE_TO_DELIVER = 3002,
    DIAMETER_TOO_BUSY = 3004,
    DIAMETER_APPLICATION_UNSUPPORTED = 3007,
    DIAMETER_INVALID_HDR_BITS = 3008,
    DIAMETER_INVALID_AVP_BITS = 3009,
    DIAMETER_UNKNOWN_PEER = 3010,
    DIAMETER_AVP_UNSUPPORTED = 5001,
    DIAMETER_INVALID_AVP_VALUE = 5004,
    DIAMETER_MISSING_AVP = 5005,
    DIAMETER_AVP_OCCURS_TOO_MANY_TIMES = 5009,
    DIAMETER_NO_COMMON_APPLICATION = 5010,
    DIAMETER_UNSUPPORTED_VERSION = 5011,
    DIAMETER_UNABLE_TO_COMPLY = 5012,
    DIAMETER_INVALID_AVP_LENGTH = 5014,
    DIAMETER_INVALID_MESSAGE_LENGTH = 5015,
};

/* ---- framing and header ---------------------------------------------------------------------- */

/* Looks at the beginning of a stream. E_OK: the first *total octets are one message. E_AGAIN: more
 * octets are needed (*total is the message's length once four octets are there, else 0).
 * E_BAD_VALUE: not version 1. E_BAD_LENGTH: shorter than a header, no multiple of four, or longer
 * than max. After the last two the stream cannot be read on. */
MUST_USE enum err diameter_frame(struct bytes in, size_t max, size_t *total);

struct diameter_header {
    bool request;       /* R */
    bool proxiable;     /* P */
    bool error;         /* E: the answer is a protocol error, 3xxx */
    bool retransmitted; /* T */
    uint32_t command;
    uint32_t application;
    uint32_t hop_by_hop;
    uint32_t end_to_end;
};

/* Reads the 20 octets in front. The version and the length are not judged: see diameter_check.
 * Errors: E_TRUNCATED. */
MUST_USE enum err diameter_header_read(struct bytes msg, struct diameter_header *out);
/* Writes the 20 octets; the length is put in by diameter_length_set when all is written. */
void diameter_header_write(struct wr *w, const struct diameter_header *h);
/* Sets the length field to what was written. Errors: the writer's; E_NO_ROOM beyond 24 bits. */
MUST_USE enum err diameter_length_set(struct wr *w);
/* Overwrites the hop-by-hop identifier of a message in place. Errors: E_TRUNCATED. */
MUST_USE enum err diameter_hop_by_hop_set(struct mbytes msg, uint32_t hop_by_hop);

/* ---- AVPs one by one ------------------------------------------------------------------------- */

#define DIAMETER_AVP_V        0x80
#define DIAMETER_AVP_M        0x40
#define DIAMETER_AVP_P        0x20 /* accepted and ignored: no use of it was ever specified */
#define DIAMETER_AVP_RESERVED 0x1F

struct diameter_avp {
    uint32_t code;
    uint32_t vendor; /* 0 without the V bit */
    uint8_t flags;
    struct bytes data;  /* the value, without padding */
    struct bytes whole; /* header and value, without padding */
};

/* A reader over the AVPs behind the header; an empty one when the message is shorter than that. */
struct rd diameter_avps(struct bytes msg);
/* The next AVP. E_OK; E_NOT_FOUND at the end; E_BAD_LENGTH when it does not fit (its padding
 * included) - then code, vendor and flags hold what could be read, else 0, and data and whole are
 * empty. */
MUST_USE enum err diameter_avp_next(struct rd *r, struct diameter_avp *out);
/* The next AVP of this code and vendor, others being skipped. Errors: as diameter_avp_next. */
MUST_USE enum err diameter_avp_next_of(struct rd *r, uint32_t code, uint32_t vendor,
                                       struct bytes *data);
/* The first AVP of this code and vendor directly in the message. Errors: E_NOT_FOUND, also when a
 * malformed AVP comes before it. */
MUST_USE enum err diameter_find(struct bytes msg, uint32_t code, uint32_t vendor,
                                struct bytes *data);

/* What routing looks at, first occurrences; absent ones are empty. Route-Record and Proxy-Info are
 * lists: diameter_avp_next_of over diameter_avps(msg). */
struct diameter_routing {
    struct bytes session_id;
    struct bytes origin_host;
    struct bytes origin_realm;
    struct bytes destination_host;
    struct bytes destination_realm;
};
/* Fills what is there, also up to a malformed AVP (then E_BAD_LENGTH is returned). */
MUST_USE enum err diameter_routing_read(struct bytes msg, struct diameter_routing *out);
/* Does one of the message's Route-Records name this host (RFC 6733 6.1.3)? */
bool diameter_route_record_has(struct bytes msg, struct bytes host);

/* ---- faults ---------------------------------------------------------------------------------- */

#define DIAMETER_PATH_MAX 160

/* Why a request is refused by the codec, and what Failed-AVP has to show (RFC 6733 7.1.5, 7.5). */
struct diameter_fault {
    uint32_t result_code; /* 0: no fault */
    /* The offending AVP as it was received; empty: the example below, or nothing at all. */
    struct bytes avp;
    /* For a missing AVP, or one whose length is nonsense: header and a zero value. */
    bool example;
    uint32_t code;
    uint32_t vendor;
    uint8_t flags;
    uint32_t value_len;
    char path[DIAMETER_PATH_MAX]; /* "Terminal-Information/IMEI", "AVP 77 of vendor 10415", "" */
};

/* Is this an acceptable message, whatever its command? Version 5011, length 5015, E on a request
 * 3008. Errors: E_TRUNCATED without a whole header (no answer is possible), E_BAD_VALUE,
 * E_BAD_LENGTH. */
MUST_USE enum err diameter_check(struct bytes msg, struct diameter_fault *fault);
/* The fault "this AVP's value cannot be accepted" (5004) for an AVP that parsed but that the caller
 * refuses: finds the first such AVP of the message, at any depth the dictionary knows of. */
void diameter_fault_value(struct bytes msg, enum diameter_avp_id avp, uint32_t own_vendor,
                          struct diameter_fault *fault);
/* Octets of the content of a Failed-AVP for this fault, padding included; 0: no Failed-AVP. */
size_t diameter_failed_avp_len(const struct diameter_fault *fault);
/* Writes the whole Failed-AVP, nothing when there is none to write. */
void diameter_failed_avp_write(struct wr *w, const struct diameter_fault *fault);

/* ---- the answer to anything ------------------------------------------------------------------ */

struct diameter_answer {
    uint32_t code;     /* e.g. 3001, 5012; with experimental e.g. 4181 */
    bool experimental; /* Experimental-Result under vendor 10415 instead of Result-Code */
    struct bytes origin_host;
    struct bytes origin_realm;
    struct bytes error_message;         /* empty: none */
    const struct diameter_fault *fault; /* NULL: no Failed-AVP */
    bool without_proxy_info;            /* for a request whose Proxy-Info fits no answer */
};
/* Answers a request of which no more than the header need be sound: Session-Id first if it has one,
 * Vendor-Specific-Application-Id and Auth-Session-State for S6a and S13, the result, the origin,
 * Error-Message, Failed-AVP, every Proxy-Info verbatim in order. Same command, application and
 * identifiers, P copied, E set exactly for a Result-Code 3xxx (RFC 6733 6.2, 7.2).
 * Errors: E_TRUNCATED (no header), E_BAD_STATE (msg is an answer), E_NO_ROOM. */
MUST_USE enum err diameter_answer_error(struct bytes request, const struct diameter_answer *a,
                                        struct mbytes out, size_t *n);

/* ---- traces ---------------------------------------------------------------------------------- */

/* Overwrites with zeros the value of every AVP that the dictionary marks secret (XRES, KASME, CK,
 * IK, Kc, SRES; NW-Signature of own_vendor), at any depth, lengths kept. From the first malformed
 * AVP on the rest of the message is zeroed, and so is whatever lies deeper than DIAMETER_DEPTH_MAX.
 */
void diameter_redact(uint32_t own_vendor, struct mbytes msg);

#endif
