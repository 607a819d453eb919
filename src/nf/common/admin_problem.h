/* nf/common/admin_problem.h - every way the administration interfaces say no, in one table: the
 * name in `type`, the HTTP status, the title (RFC 9457). docs/admin-api.md lists them.
 */
#ifndef BINDERY_NF_COMMON_ADMIN_PROBLEM_H
#define BINDERY_NF_COMMON_ADMIN_PROBLEM_H

#include "base/span.h"
#include <jansson.h>
#include <stdbool.h>

#define PROBLEM_LIST(X)                                                                            \
    X(NONE, "none", 200, "nothing is wrong")                                                       \
    X(NO_SUCH_PATH, "no-such-path", 404, "There is nothing at this path")                          \
    X(METHOD, "method-not-allowed", 405, "The path does not take this method")                     \
    X(PARAMETER, "bad-parameter", 400, "A part of the address cannot be accepted")                 \
    X(NOT_JSON, "not-json", 400, "The body is not JSON")                                           \
    X(TOO_LARGE, "too-large", 413, "The body is larger than a request may be")                     \
    X(BAD_MEMBER, "bad-member", 422, "A member of the body cannot be accepted")                    \
    X(UNKNOWN_MEMBER, "unknown-member", 422, "The body has a member that is not known here")       \
    X(MISSING_MEMBER, "missing-member", 422, "A member is missing in the body")                    \
    X(FOREIGN_IMSI, "foreign-imsi", 422, "The IMSI is of none of the home PLMNs")                  \
    X(UNKNOWN_PROFILE, "unknown-profile", 422, "The configuration has no such profile")            \
    X(NO_SUBSCRIBER, "no-such-subscriber", 404, "There is no such subscriber")                     \
    X(NO_DEVICE, "no-such-device", 404, "There is no such device")                                 \
    X(PRECONDITION, "precondition-failed", 412, "The entry is not as the request expects it")      \
    X(KME_DIFFERS, "kme-differs", 409, "The devices of the subscriber have different KMEs")        \
    X(KME_MISSING, "kme-missing", 409, "A bound subscriber needs a device with a KME")             \
    X(TOO_MANY_DEVICES, "too-many-devices", 409, "The subscriber has as many devices as fit")      \
    X(MSISDN_IN_USE, "msisdn-in-use", 409, "Another subscriber has this MSISDN")                   \
    X(NO_UE, "no-such-ue", 404, "This MME knows no such UE")                                       \
    X(NO_RULE, "no-such-rule", 404, "There is no such rule")                                       \
    X(TOO_MANY_RULES, "too-many-rules", 409, "The EIR's lists have as many rules as fit")          \
    X(POLICY_OPEN, "policy-open", 409, "A subscriber whose policy is open is never bound")         \
    X(NO_KME, "no-kme", 409, "No device of the subscriber has a KME")                              \
    X(NO_LOT, "no-such-lot", 404, "There is no such lot")                                          \
    X(LOT_EXISTS, "lot-exists", 409, "There is another lot of this id")                            \
    X(LOT_OVERLAP, "lot-overlap", 409, "Two lots would cover the same IMEI")                       \
    X(LOT_KEY, "lot-key", 422, "P and Q are not those of a key that is allowed")                   \
    X(NO_ONBOARDING, "no-such-onboarding", 404, "No such device has asked for a subscription")     \
    X(ONBOARDING_PHASE, "onboarding-phase", 409, "This makes no sense where the device stands")    \
    X(NO_DIMSI, "no-such-dimsi", 404, "No device of this discovery IMSI was offered")              \
    X(DIMSI_PHASE, "dimsi-phase", 409, "This makes no sense where the device stands")              \
    X(NO_CERTIFICATE, "no-certificate", 403, "A client must show a certificate")                   \
    X(CLIENT_EXPIRED, "client-expired", 403,                                                       \
      "The client's certificate, or one above it, is not valid at this time")                      \
    X(CLIENT_UNTRUSTED, "client-untrusted", 403,                                                   \
      "The client's certificate leads to none of the CAs that are accepted")                       \
    X(CLIENT_REVOKED, "client-revoked", 403, "The client's certificate was revoked")               \
    X(CLIENT_REFUSED, "client-refused", 403, "The client's certificate cannot be used here")       \
    X(NOT_ALLOWED, "not-allowed", 403, "Whoever asks has no role here that allows this")           \
    X(OUT_OF_SCOPE, "out-of-scope", 403, "Whoever asks may not see or change this subscription")   \
    X(TOO_MANY_REQUESTS, "too-many-requests", 429, "The client asks more often than it may")       \
    X(NO_IMPORT, "no-such-import", 404, "There is no such import")                                 \
    X(IMPORT_NOT_OPEN, "import-not-open", 409, "The import is not open to whoever asks")           \
    X(TOO_MANY_IMPORTS, "too-many-imports", 409, "As many imports are open as may be")             \
    X(CONFIGURATION, "configuration-refused", 409,                                                 \
      "The configuration file cannot be used; what was in force stays so")                         \
    X(KEYS_BUSY, "keys-busy", 409, "Another change of the store's keys is under way")              \
    X(KEY_FILE, "key-file", 500, "The store's key file could not be read or written")              \
    X(RESEAL_RUNS, "reseal-runs", 409, "The store's secrets are being sealed again already")       \
    X(RESEAL_FULL, "reseal-full", 409, "The store has as many data keys as it may have")           \
    X(NO_RESEAL, "no-reseal", 404, "The store's secrets are not being sealed again now")           \
    X(NO_TRANSPORT_KEY, "no-such-transport-key", 422,                                              \
      "The configuration has no such transport key")                                               \
    X(TRANSPORT_WRONG, "transport-key-wrong", 422,                                                 \
      "An encrypted key does not open under its transport key")                                    \
    X(KCV_DIFFERS, "kcv-differs", 422, "A key is not the one that its check value is of")          \
    X(TRANSPORT_KEY_FILE, "transport-key-file", 500,                                               \
      "The file of a transport key could not be read")                                             \
    X(NO_EXPORT, "no-export", 409, "Keys may not leave under this transport key")                  \
    X(NO_BACKUP_FOLDER, "no-backup-folder", 409, "The HSS was given no folder for backups")        \
    X(BACKUP_RUNS, "backup-runs", 409, "A backup is being made already")                           \
    X(BACKUP_EXISTS, "backup-exists", 409, "There is a backup of this name")                       \
    X(BUSY, "busy", 503, "As much is waiting as may wait")                                         \
    X(STOPPING, "stopping", 503, "The program is being stopped")                                   \
    X(STORE_FAILED, "store-failed", 500, "The subscriber store could not be read or written")      \
    X(STORE_FULL, "store-full", 507, "The disk of the subscriber store has no room left")          \
    X(KEY_FAILED, "key-failed", 500, "A sealed secret could not be opened with the keys at hand")  \
    X(AUDIT_FAILED, "audit-failed", 500, "The audit log could not be read or written")             \
    X(NO_MEMORY, "no-memory", 503, "There is not enough memory now")

enum problem {
#define X(name, text, status, title) PROBLEM_##name,
    PROBLEM_LIST(X)
#undef X
};

/* A fault of a request; pointer is the JSON pointer into the body, or empty when it is not there.
 */
struct admin_fault {
    enum problem problem;
    char pointer[80];
    char detail[680]; /* a place and a sentence of struct config_why are whole in it */
};
/* Sets the fault; always returns false, so that a check can end with it. detail: for a person. */
bool admin_fault_set(struct admin_fault *fault, enum problem problem, const char *pointer,
                     const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/* The fault of a failed read or write of the store. */
bool admin_fault_store(struct admin_fault *fault, enum err err);

const char *problem_name(enum problem p);
unsigned problem_status(enum problem p);
/* The application/problem+json object; row 0: none. NULL without memory. */
json_t *problem_json(const struct admin_fault *fault, unsigned row);

/* Text to JSON: duplicates refused, place of a fault in its detail. The caller decrefs. */
MUST_USE bool admin_json_parse(struct bytes text, json_t **out, struct admin_fault *fault);

#endif
