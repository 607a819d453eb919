/* net/https_rates.h - how often each address may ask that is nobody's: buckets (net/https_rate.h)
 * in a table whose size is fixed.
 *
 * An address always has the same bucket, which others may share: so all of them together get no
 * more than the table has, however many there are. Which ones share is drawn at the start, and
 * nobody outside can find out. Of an IPv6 address the first 64 bits count.
 */
#ifndef BINDERY_NET_HTTPS_RATES_H
#define BINDERY_NET_HTTPS_RATES_H

#include "net/address.h"
#include "net/https_rate.h"

struct https_rates;
/* `size` buckets, 1 or more. Errors: E_BAD_VALUE (0), E_MEMORY, E_IO (the system has no random
 * octets). */
MUST_USE enum err https_rates_open(size_t size, struct https_rates **out);
/* Harmless on NULL. */
void https_rates_close(struct https_rates *r);
/* Takes one of the address's bucket, which was full at first; false when there is none. Another
 * rate than before counts from now on; what was used up stays so. */
bool https_rates_take(struct https_rates *r, const struct address *from, uint32_t per_second,
                      uint32_t burst, uint64_t now_ms);

#endif
