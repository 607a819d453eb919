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
    X(BUSY, "busy", 503, "More changes are waiting than may wait")                                 \
    X(STORE_FAILED, "store-failed", 500, "The subscriber store could not be read or written")      \
    X(KEY_FAILED, "key-failed", 500, "A sealed secret could not be opened with the keys at hand")  \
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
    char detail[240];
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
