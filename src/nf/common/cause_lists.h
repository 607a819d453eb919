/* nf/common/cause_lists.h - how the repository and the RSMF say no, each in one table: they stand
 * here because others than these two show them too (docs/reference, `bindery explain`). What is
 * refused for which is theirs: nf/repod/cause.h, nf/rsmfd/deliveries.h.
 */
#ifndef BINDERY_NF_COMMON_CAUSE_LISTS_H
#define BINDERY_NF_COMMON_CAUSE_LISTS_H

/* NAME, "name", HTTP status, sentence */
#define REPOSITORY_CAUSE_LIST(X)                                                                   \
    X(NONE, "none", 200, "nothing is wrong")                                                       \
    X(NO_CERTIFICATE, "no-certificate", 403, "A client must show a certificate")                   \
    X(CERTIFICATE_EXPIRED, "certificate-expired", 403,                                             \
      "The client's certificate is not valid at this time")                                        \
    X(CERTIFICATE_UNTRUSTED, "certificate-untrusted", 403,                                         \
      "The client's certificate leads to none of the CAs that are accepted")                       \
    X(CERTIFICATE_REVOKED, "certificate-revoked", 403, "The client's certificate was revoked")     \
    X(CERTIFICATE_TOO_LARGE, "certificate-chain-too-large", 403,                                   \
      "The client's chain has more certificates or octets than it may")                            \
    X(CERTIFICATE_REFUSED, "certificate-refused", 403,                                             \
      "The client's certificate cannot be used here")                                              \
    X(WRONG_ROLE, "wrong-role", 403, "The certificate's role does not allow this")                 \
    X(NO_GRANT, "no-grant", 403, "The client is not among those who may do this")                  \
    X(OUTSIDE_GRANT, "outside-grant", 403, "The IMEI is in none of the ranges granted")            \
    X(NO_SUCH_PATH, "no-such-path", 404, "There is nothing at this path")                          \
    X(METHOD, "method-not-allowed", 405, "The path does not take this method")                     \
    X(PARAMETER, "bad-parameter", 400, "A part of the address cannot be accepted")                 \
    X(NOT_JSON, "not-json", 400, "The body is not JSON, or has a member twice")                    \
    X(TOO_LARGE, "too-large", 413, "The body, or a row of it, is larger than it may be")           \
    X(TOO_MANY_ROWS, "too-many-rows", 413, "The body has more rows than it may")                   \
    X(BAD_MEMBER, "bad-member", 422, "A member cannot be accepted")                                \
    X(UNKNOWN_MEMBER, "unknown-member", 422, "A member is not known here")                         \
    X(MISSING_MEMBER, "missing-member", 422, "A member is missing")                                \
    X(KEY_MALFORMED, "key-malformed", 422, "The key is none, or not in its one encoding")          \
    X(KEY_UNSUPPORTED, "key-unsupported", 422, "Keys of this kind or size are not taken")          \
    X(CHAIN_MALFORMED, "chain-malformed", 422,                                                     \
      "The chain is not certificates in DER, each issued by the next")                             \
    X(CHAIN_TOO_LARGE, "chain-too-large", 422,                                                     \
      "The chain has more certificates or octets than it may")                                     \
    X(CHAIN_UNTRUSTED, "chain-untrusted", 422, "The chain does not lead to the device CA")         \
    X(CHAIN_EXPIRED, "chain-expired", 422, "A certificate of the chain is not valid now")          \
    X(CHAIN_USAGE, "chain-usage", 422, "The certificate's key usage does not allow this use")      \
    X(CHAIN_WEAK, "chain-weak", 422, "A key or signature of the chain is too weak")                \
    X(VALIDITY, "bad-validity", 422, "The validity is empty, over, or beyond the certificate's")   \
    X(NO_BINDING, "no-binding", 404, "There is no binding for this IMEI")                          \
    X(OTHER_KEY, "other-key", 409,                                                                 \
      "The use has another key, or another device: replace it by naming its serial")               \
    X(NOT_NEWEST, "not-newest", 409, "The serial to replace is not that of the newest record")     \
    X(KEY_REVOKED, "key-revoked", 409, "The key was revoked and cannot be bound again")            \
    X(KEY_IN_OTHER_USE, "key-in-other-use", 409, "The key serves the device's other use already")  \
    X(NO_DEVICE, "no-device", 404, "There is no device with this id")                              \
    X(DEVICE_ID_TAKEN, "device-id-taken", 409, "The device's id belongs to another IMEI")          \
    X(DEVICE_REVOKED, "device-revoked", 410, "The device was revoked")                             \
    X(TOO_MANY_REQUESTS, "too-many-requests", 429, "The client asks more often than it may")       \
    X(STORE_FAILED, "store-failed", 500, "The repository could not be read or written")            \
    X(SIGNING_FAILED, "signing-failed", 500, "The record could not be signed")                     \
    X(AUDIT_FAILED, "audit-failed", 500, "The request could not be written to the audit log")      \
    X(NO_MEMORY, "no-memory", 503, "There is not enough memory now")

/* DONE; SAME: it was so already, and nothing changed. */
#define DELIVERIES_RESULT_LIST(X)                                                                  \
    X(DONE, "none", 200, "nothing was refused")                                                    \
    X(SAME, "none", 200, "nothing was refused")                                                    \
    X(NOT_FOUND, "not-found", 404, "there is none")                                                \
    X(IMSI, "imsi-outside", 422, "the IMSI is not of the operator that delivers")                  \
    X(PROFILE, "profile-unreadable", 422, "the subscription profile cannot be read")               \
    X(HOME, "profile-outside", 422, "the profile is not of the operator that delivers")            \
    X(FETCHED, "already-fetched", 409, "the device has another profile already")                   \
    X(CONFIRMED, "already-confirmed", 409, "the device has confirmed the profile")                 \
    X(DEVICE, "device", 403, "the device was refused: *why says for what")                         \
    X(STORE, "store-failed", 500, "the store could not be read or written")                        \
    X(KEY, "key-failed", 500, "the sealed profile could not be opened with the keys at hand")      \
    X(CRYPTO, "crypto-failed", 500, "a cryptographic operation could not be carried out")

#endif
