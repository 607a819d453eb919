/* nf/common/admin_condition.h - requests that change something only if it is as the client believes
 * (RFC 9110 13.1): If-Match and If-None-Match, held against what GET would show now.
 *
 * What has no version of its own has the digest of what is shown as its ETag.
 */
#ifndef BINDERY_NF_COMMON_ADMIN_CONDITION_H
#define BINDERY_NF_COMMON_ADMIN_CONDITION_H

#include "nf/common/admin_call.h"

#define ADMIN_ETAG_MAX 32

struct admin_condition_of {
    bool none;  /* If-None-Match: *; nothing may be there */
    bool match; /* If-Match: something has to be there, */
    bool any;   /* whatever it is; or */
    char etag[ADMIN_ETAG_MAX];
};
/* False when it was refused: If-None-Match is not *, or If-Match neither * nor one ETag. */
MUST_USE bool admin_condition_read(struct admin_call *c, struct admin_condition_of *out);
/* shown: what GET would answer now, taken over; NULL: nothing is there. False with the fault. */
MUST_USE bool admin_condition_holds(const struct admin_condition_of *c, json_t *shown,
                                    struct admin_fault *fault);
/* With its quotes; empty when it cannot be made. */
void admin_etag(struct bytes shown, char etag[static ADMIN_ETAG_MAX]);

#endif
