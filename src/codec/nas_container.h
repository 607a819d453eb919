/* codec/nas_container.h - the Bindery container: what stands inside information element 7E
 * (codec/private.h), and in the AVPs that carry a container on to the HSS.
 *
 * Octet 1 type, octet 2 version, then tags of one octet with two octets of length, each once, in
 * the order of its type's list, nothing after the last. There is one way to write a container: what
 * is written otherwise is refused whole. What the octets of a tag mean is for src/wire and
 * src/proc; here they have bounds. All spans point into what was parsed.
 */
#ifndef BINDERY_CODEC_NAS_CONTAINER_H
#define BINDERY_CODEC_NAS_CONTAINER_H

#include "base/span.h"
#include "codec/private.h"

#define NAS_CONTAINER_MAX 8000 /* PDCP takes 8188 octets (TS 36.323 4.3.1), all of NAS included */

/* X(struct, member, TAG, M mandatory or O optional, least, most octets) */
#define NAS_DEVID_CHALLENGE_TAGS(X, s)                                                             \
    X(s, nonce, NONCE, M, 32, 32)                                                                  \
    X(s, algorithms, ALGORITHMS, M, 1, 8)
#define NAS_DEVID_PROOF_TAGS(X, s)                                                                 \
    X(s, imei, IMEI, M, 14, 14)                                                                    \
    X(s, algorithm, ALGORITHM, M, 1, 1)                                                            \
    X(s, signature, SIGNATURE, M, 64, 512)
#define NAS_KME_COMMAND_TAGS(X, s) X(s, nonce, NONCE, M, 16, 16)
#define NAS_KME_PAYLOAD_TAGS(X, s)                                                                 \
    X(s, imsi, IMSI, M, 8, 8)                                                                      \
    X(s, imei, IMEI, M, 14, 14)                                                                    \
    X(s, lot, LOT, M, 1, 32)                                                                       \
    X(s, ciphertext, CIPHERTEXT, M, 256, 512)
#define NAS_KME_RESULT_TAGS(X, s) X(s, nw_signature, NW_SIGNATURE, M, 32, 32)
#define NAS_PROVISIONING_REQUEST_TAGS(X, s)                                                        \
    X(s, certificate_url, CERTIFICATE_URL, M, 1, 512)                                              \
    X(s, device_nonce, DEVICE_NONCE, M, 16, 16)                                                    \
    X(s, proof, PROOF, O, 65, 513)
#define NAS_PROVISIONING_RESULT_TAGS(X, s)                                                         \
    X(s, nonce_1, NONCE_1, M, 16, 16)                                                              \
    X(s, expiry, EXPIRY, M, 8, 8)                                                                  \
    X(s, ciphertext, CIPHERTEXT, M, 1, 4096)                                                       \
    X(s, operator_signature, OPERATOR_SIGNATURE, M, 64, 512)                                       \
    X(s, certificate, CERTIFICATE, M, 1, 3072)

/* struct nas_NAME, nas_NAME_container; type; list */
#define NAS_CONTAINERS(X)                                                                          \
    X(devid_challenge, DEVID_CHALLENGE, NAS_DEVID_CHALLENGE_TAGS)                                  \
    X(devid_proof, DEVID_PROOF, NAS_DEVID_PROOF_TAGS)                                              \
    X(kme_command, KME_COMMAND, NAS_KME_COMMAND_TAGS)                                              \
    X(kme_payload, KME_PAYLOAD, NAS_KME_PAYLOAD_TAGS)                                              \
    X(kme_result, KME_RESULT, NAS_KME_RESULT_TAGS)                                                 \
    X(provisioning_request, PROVISIONING_REQ, NAS_PROVISIONING_REQUEST_TAGS)                       \
    X(provisioning_result, PROVISIONING_RESULT, NAS_PROVISIONING_RESULT_TAGS)

struct nas_container_row {
    uint8_t tag;
    bool optional;
    uint16_t min;
    uint16_t max;
    uint16_t offset; /* of a struct bytes; absent: p is NULL */
};
struct nas_container {
    const struct nas_container_row *rows;
    uint8_t n;
    uint8_t type;
    uint16_t size; /* of the struct */
};

#define NAS_CONTAINER_MEMBER(s, member, tag, presence, min, max) struct bytes member;
#define X(name, type, list)                                                                        \
    struct nas_##name {                                                                            \
        list(NAS_CONTAINER_MEMBER, struct nas_##name)                                              \
    };                                                                                             \
    extern const struct nas_container nas_##name##_container;
NAS_CONTAINERS(X)
#undef X

/* The type of a container, looked at before anything else. Errors: E_TRUNCATED, E_UNSUPPORTED (a
 * type or version that is not known). */
MUST_USE enum err nas_container_type(struct bytes value, uint8_t *type);
/* Parses a container as the one described into its struct; on an error *out is all zeros. Errors:
 * E_UNSUPPORTED (another type or version), E_TRUNCATED, E_MISSING, E_BAD_LENGTH, E_UNKNOWN (a tag
 * that is not of this type, comes twice, or out of order), E_TRAILING. */
MUST_USE enum err nas_container_parse(const struct nas_container *c, struct bytes value, void *out);
/* Errors: E_NO_ROOM, E_MISSING, E_BAD_LENGTH. *value is set on E_OK only. */
MUST_USE enum err nas_container_write(const struct nas_container *c, const void *in,
                                      struct mbytes out, struct bytes *value);

/* The description of a type; NULL when there is none. Links all of them. */
const struct nas_container *nas_container_of(uint8_t type);

#endif
