#include "net/https_rate.h"

#define ONE 1000u

struct https_rate https_rate_of(uint32_t burst, uint64_t now_ms)
{
    return (struct https_rate){(uint64_t)burst * ONE, now_ms};
}

bool https_rate_take(struct https_rate *r, uint32_t per_second, uint32_t burst, uint64_t now_ms)
{
    const uint64_t most = (uint64_t)burst * ONE;
    if (now_ms > r->at_ms) {
        uint64_t passed = now_ms - r->at_ms;
        uint64_t fills = per_second > 0 ? most / per_second : most; /* after so long it is full */
        uint64_t more = passed > fills ? most : passed * per_second;
        r->milli = more >= most - r->milli ? most : r->milli + more;
        r->at_ms = now_ms;
    }
    if (r->milli < ONE) {
        return false;
    }
    r->milli -= ONE;
    return true;
}
