/* net/https_rate.h - how often a client may ask: a bucket that fills with time. No clock of its
 * own.
 */
#ifndef BINDERY_NET_HTTPS_RATE_H
#define BINDERY_NET_HTTPS_RATE_H

#include <stdbool.h>
#include <stdint.h>

struct https_rate {
    uint64_t milli; /* thousandths of a request */
    uint64_t at_ms;
};
/* A full bucket. */
struct https_rate https_rate_of(uint32_t burst, uint64_t now_ms);
/* Takes one; false when there is none. A clock that stands or goes back adds nothing. */
bool https_rate_take(struct https_rate *r, uint32_t per_second, uint32_t burst, uint64_t now_ms);

#endif
