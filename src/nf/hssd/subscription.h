/* nf/hssd/subscription.h - a configured profile as the Subscription-Data of a ULA
 * (TS 29.272 7.3.2).
 *
 * Pure. Spans of what is filled point into the profile and the space handed in.
 */
#ifndef BINDERY_NF_HSSD_SUBSCRIPTION_H
#define BINDERY_NF_HSSD_SUBSCRIPTION_H

#include "codec/s6a.h"
#include "nf/hssd/config.h"

struct subscription_space {
    uint8_t msisdn[8]; /* TBCD of up to 15 digits */
};
/* msisdn: digits or "". */
void subscription_fill(const struct hssd_profile *profile, const char *msisdn,
                       struct subscription_space *space, struct s6a_subscription_data *out);
/* Nothing but that all packet services are barred. */
void subscription_bar(struct s6a_subscription_data *out);
/* Does Access-Restriction-Data let this RAT-Type in (7.3.31, TS 29.212 5.3.31)? */
bool subscription_allows_rat(const struct hssd_profile *profile, uint32_t rat_type);

#endif
