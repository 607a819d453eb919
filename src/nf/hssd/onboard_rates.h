/* nf/hssd/onboard_rates.h - how often a device is given an answer, and how many subscriptions an
 * authority may have in an hour.
 *
 * Only what was verified is charged to a device: whoever knows its URL, or says its request once
 * more, uses up nothing of it. Memory of fixed size and no writes: of more devices than there is
 * room for, those that asked longest ago are forgotten.
 */
#ifndef BINDERY_NF_HSSD_ONBOARD_RATES_H
#define BINDERY_NF_HSSD_ONBOARD_RATES_H

#include "proc/device_record.h"

#define ONBOARD_RATES_DEVICES 16384u

struct onboard_rates;
MUST_USE enum err onboard_rates_open(struct onboard_rates **out);
void onboard_rates_close(struct onboard_rates *r);
/* What is asked: by a device of an authority, with the nonce of its request. */
struct onboard_ask {
    size_t authority;
    const struct device_id *id;
    const uint8_t *nonce; /* ONBOARD_RATES_NONCE octets of it are looked at */
};
#define ONBOARD_RATES_NONCE 8u
/* Of each device so many nonces are remembered: more than it uses up while it has nothing. */
#define ONBOARD_RATES_NONCES 8u
/* May it be answered now, if it may once in `interval_ms` (0: always), and once with one nonce? The
 * first time it may. Nothing is charged. Any thread. */
bool onboard_rates_may(struct onboard_rates *r, const struct onboard_ask *ask, uint64_t interval_ms,
                       uint64_t now_ms);
/* The same, and where it may it is charged. For what was verified. */
bool onboard_rates_take(struct onboard_rates *r, const struct onboard_ask *ask,
                        uint64_t interval_ms, uint64_t now_ms);

/* One thread's. All zeros: as many as may be in an hour; what was taken comes back evenly. */
struct onboard_hour {
    uint64_t empty_until_us; /* when all that was taken will have come back */
};
bool onboard_hour_take(struct onboard_hour *b, uint32_t per_hour, uint64_t now_ms);

#endif
