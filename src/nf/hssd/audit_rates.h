/* nf/hssd/audit_rates.h - how many refusals of each person come into the audit log: so many at
 * once, then one after the other, and what was left out is counted for him. One who asks without
 * end hides nobody else's, and does not fill the log. Bounded: those who find no place in the table
 * share one. No clock of its own.
 */
#ifndef BINDERY_NF_HSSD_AUDIT_RATES_H
#define BINDERY_NF_HSSD_AUDIT_RATES_H

#include "nf/common/admin_access.h"

#define AUDIT_REFUSED_BURST  64u
#define AUDIT_REFUSED_MS     10000u
#define AUDIT_REFUSED_PEOPLE 64u

struct audit_rate {
    char who[ADMIN_WHO_MAX];
    uint64_t full_until_ms; /* until then each that came takes AUDIT_REFUSED_MS of it */
    uint64_t left_out;      /* since his last entry */
};
struct audit_rates {                                /* begins as zeros */
    struct audit_rate of[AUDIT_REFUSED_PEOPLE + 1]; /* the last: of all who found no place */
    size_t n;
};
/* May this refusal be an entry? *left_out: how many of his were not since the last that was. */
bool audit_rates_take(struct audit_rates *r, const char *who, uint64_t now_ms, uint64_t *left_out);

#endif
