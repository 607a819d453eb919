/* codec/nas.h - EPS NAS (TS 24.301): what a PDU is, the frames of protected messages, and the way
 * to the description of a plain one. The messages themselves are in codec/nas_emm.h and
 * codec/nas_esm.h, values of their elements in codec/nas_ie.h, both sides' directions alike.
 *
 * Nothing here protects or opens a message: a codec sees no key. A plain message is parsed with
 * nas_parse(&nas_attach_request_message, pdu.inner, &m, &fault) and written with nas_write.
 */
#ifndef BINDERY_CODEC_NAS_H
#define BINDERY_CODEC_NAS_H

#include "codec/nas_emm.h"
#include "codec/nas_esm.h"
#include "codec/nas_table.h"

#define NAS_SECURITY_HEADER_LEN 6U
#define NAS_SERVICE_REQUEST_LEN 4U
#define NAS_MESSAGES(X)                                                                            \
    NAS_EMM_MESSAGES(X)                                                                            \
    NAS_ESM_MESSAGES(X)

enum nas_kind {
    NAS_PLAIN_EMM,      /* type, inner */
    NAS_PLAIN_ESM,      /* type, ebi, pti, inner */
    NAS_PROTECTED,      /* sht, mac, sn, inner: what the protection is around, maybe ciphered */
    NAS_SERVICE_REQUEST /* sht, ksi, sn (5 bits), mac[0] and [1] */
};
/* What a PDU says of itself, believed by nobody yet. Members that the kind lacks are zero. */
struct nas_pdu {
    enum nas_kind kind;
    uint8_t sht; /* enum nas_sht */
    uint8_t type;
    uint8_t ebi;
    uint8_t pti;
    uint8_t ksi;
    uint8_t sn;
    uint8_t mac[4];
    struct bytes inner; /* of a plain message the whole of it */
};
/* Errors: E_TRUNCATED (too short for what it begins to be), E_UNSUPPORTED (another protocol, or a
 * security header type that is reserved), E_TRAILING (a SERVICE REQUEST has 4 octets). Each of
 * them is ignored without an answer (TS 24.301 7.2, 9.3.1). */
MUST_USE enum err nas_peek(struct bytes pdu, struct nas_pdu *out);

/* The octets before a protected message: security header type and protocol, MAC, sequence number.
 */
void nas_security_header(uint8_t sht, const uint8_t mac[static 4], uint8_t sn,
                         uint8_t out[static NAS_SECURITY_HEADER_LEN]);
/* ksi 0 to 7 and the five low bits of sn; mac: the two low octets of the MAC (TS 24.301 8.2.25). */
void nas_service_request(uint8_t ksi, uint8_t sn, const uint8_t mac[static 2],
                         uint8_t out[static NAS_SERVICE_REQUEST_LEN]);

/* The description of a message that travels in this direction (NAS_UP, NAS_DOWN); NULL when this
 * codec has none. Links every table: a device names the descriptions it needs instead. */
const struct nas_message *nas_message_of(uint8_t type, enum nas_direction direction);
const struct nas_message *const *nas_messages(size_t *n);

/* Any message's struct. */
union nas_any {
    struct nas_header header;
#define X(name, type, direction, list) struct nas_##name name;
    NAS_MESSAGES(X)
#undef X
};

#endif
