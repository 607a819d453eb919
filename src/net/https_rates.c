#include "net/https_rates.h"

#include "net/verify_key.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define KEY_LEN 32u

struct https_rates {
    uint8_t key[KEY_LEN];
    size_t size;
    struct https_rate buckets[];
};

enum err https_rates_open(size_t size, struct https_rates **out)
{
    if (size == 0 || size > SIZE_MAX / 2 / sizeof(struct https_rate)) {
        return E_BAD_VALUE;
    }
    struct https_rates *r = calloc(1, sizeof *r + size * sizeof r->buckets[0]);
    if (r == NULL) {
        return E_MEMORY;
    }
    r->size = size;
    if (getrandom(r->key, sizeof r->key, 0) != (ssize_t)sizeof r->key) {
        free(r);
        return E_IO;
    }
    *out = r;
    return E_OK;
}

void https_rates_close(struct https_rates *r)
{
    free(r);
}

/* What of an address is one household's: IPv4 whole, also inside IPv6 (RFC 4291 2.5.5.2). */
static struct bytes household(const struct address *a)
{
    static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    if (a->family == 6) {
        return memcmp(a->ip, mapped, sizeof mapped) == 0 ? (struct bytes){a->ip + 12, 4}
                                                         : (struct bytes){a->ip, 8};
    }
    return (struct bytes){a->ip, 4};
}

/* Keyed, so that nobody seeks out who shares with him. Without a digest all share the first. */
static struct https_rate *bucket_of(struct https_rates *r, const struct address *from)
{
    uint8_t in[KEY_LEN + 1 + 8], digest[32] = {0};
    const struct bytes who = household(from);
    uint64_t n = 0;
    memcpy(in, r->key, KEY_LEN);
    in[KEY_LEN] = (uint8_t)who.n;
    memcpy(in + KEY_LEN + 1, who.p, who.n);
    if (verify_digest((struct bytes){in, KEY_LEN + 1 + who.n}, digest) == E_OK) {
        memcpy(&n, digest, sizeof n);
    }
    return &r->buckets[n % r->size];
}

bool https_rates_take(struct https_rates *r, const struct address *from, uint32_t per_second,
                      uint32_t burst, uint64_t now_ms)
{
    const struct https_rate full = https_rate_of(burst, now_ms);
    struct https_rate *bucket = bucket_of(r, from);
    if (bucket->at_ms == 0 || bucket->milli > full.milli) {
        *bucket = full;
    }
    return https_rate_take(bucket, per_second, burst, now_ms);
}
