/* codec/s13.h - the one pair of messages of S13 and S13' (TS 29.272 7.2.19, 7.2.20, application
 * 16777252): may this equipment be used? ME-Identity-Check 324, from MME or SGSN to the EIR.
 *
 * Each one parses and writes, because we are the EIR and the test MME. Spans point into the parsed
 * message. What requests and answers of TS 29.272 have in common is codec/s6a.h's: the request's
 * User-Name may be absent here, and s6a_answer_begin, _result and _experimental fill the answer.
 */
#ifndef BINDERY_CODEC_S13_H
#define BINDERY_CODEC_S13_H

#include "codec/s6a.h"

enum s13_command { S13_ME_IDENTITY_CHECK = 324 };
enum s13_equipment_status { /* 7.3.51 */
                            S13_WHITELISTED = 0,
                            S13_BLACKLISTED = 1,
                            S13_GREYLISTED = 2,
};

/* Own values, see codec/private.h. */
enum s13_credential_use { S13_USE_IDENTITY = 1, S13_USE_PROVISIONING = 2 };
enum s13_credential_status {
    S13_CREDENTIAL_FOUND = 1,
    S13_CREDENTIAL_NONE = 2,       /* the repository has no binding of this equipment */
    S13_CREDENTIAL_REVOKED = 3,    /* it had one */
    S13_CREDENTIAL_UNAVAILABLE = 4 /* nobody could be asked: the cause says why */
};
enum s13_credential_source {
    S13_FROM_REPOSITORY = 1,
    S13_FROM_CACHE = 2,
    S13_FROM_STALE_CACHE = 3 /* past its time, and the repository could not be asked */
};
#define S13_CHAIN_MAX 6 /* certificates */

struct s13_device_credential {
    bool present;
    struct diameter_u32 credential_status; /* enum s13_credential_status */
    struct bytes proof_cause;              /* a cause's name; when unavailable */
    struct diameter_u32 credential_form;   /* enum s6a_credential_form */
    struct bytes credential_certificate[S13_CHAIN_MAX];
    size_t credential_certificate_n;
    struct bytes credential_key;
    struct bytes binding_record;
    struct bytes record_signature;         /* 64 octets */
    struct bytes record_signer;            /* 32 octets */
    struct diameter_u32 credential_source; /* enum s13_credential_source */
    struct diameter_u32 credential_age;    /* seconds */
};

struct s13_ecr {
    struct s6a_request request;
    struct s6a_terminal_information terminal_information;
    struct diameter_u32 credential_request; /* own, optional: enum s13_credential_use */
    /* Own, optional, of a device that has no subscription: its container as it came, and the
     * network that serves it. */
    struct bytes provisioning_request;
    struct bytes provisioning_plmn; /* 3 octets */
};
struct s13_eca {
    struct s6a_answer answer;
    struct diameter_u32 equipment_status;           /* with Result-Code 2001 */
    struct s13_device_credential device_credential; /* own, optional */
    struct bytes provisioning_result;               /* own, optional: a container for the device */
};

/* s13_ecr_parse(own_vendor, msg, &ecr, &fault) and so on. Errors as diameter_parse and
 * diameter_write (codec/diameter_table.h). */
#define S13_MESSAGES(X) X(ecr) X(eca)
#define X(m)                                                                                       \
    extern const struct diameter_message s13_##m##_message;                                        \
    MUST_USE enum err s13_##m##_parse(uint32_t own_vendor, struct bytes msg, struct s13_##m *out,  \
                                      struct diameter_fault *fault);                               \
    MUST_USE enum err s13_##m##_write(uint32_t own_vendor, const struct s13_##m *in,               \
                                      struct mbytes out, size_t *n);
S13_MESSAGES(X)
#undef X

/* As s6a_identify, for S13: E_UNSUPPORTED with fault 3007 for another application, 3001 for another
 * command. */
MUST_USE enum err s13_identify(const struct diameter_header *h, const struct diameter_message **out,
                               struct diameter_fault *fault);
/* As s6a_request_begin, for S13. */
void s13_request_begin(struct s6a_request *r, uint32_t hop_by_hop, uint32_t end_to_end);

#endif
