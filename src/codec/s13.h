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

struct s13_ecr {
    struct s6a_request request;
    struct s6a_terminal_information terminal_information;
};
struct s13_eca {
    struct s6a_answer answer;
    struct diameter_u32 equipment_status; /* with Result-Code 2001 */
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
