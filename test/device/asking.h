/* test/device/asking.h - a network that asks a device to prove its IMEI.
 */
#ifndef BINDERY_TEST_DEVICE_ASKING_H
#define BINDERY_TEST_DEVICE_ASKING_H

#include "device/test_key.h"
#include "device/world.h"
#include "wire/devid.h"

static const uint8_t all_algorithms[] = {DEVID_ECDSA_P256, DEVID_ED25519, DEVID_ECDSA_P384,
                                         DEVID_RSA_PSS};

struct asking {
    struct devid_challenge challenge;
    uint8_t element[64];
    size_t n;
};

static inline struct asking asking_of(struct world *w, const uint8_t *algorithms, size_t n)
{
    struct asking a;
    struct bytes value;
    memset(&a, 0, sizeof a);
    assert_ok(devid_challenge_make(&w->c, (struct bytes){algorithms, n}, &a.challenge));
    assert_ok(wire_devid_challenge_write(&a.challenge, MBYTES_OF(a.element), &value));
    a.n = value.n;
    return a;
}

static inline struct bytes element_of(const struct asking *a)
{
    return (struct bytes){a->element, a->n};
}

static inline struct imei world_imei(void)
{
    struct imei imei;
    assert_ok(imei_parse(BYTES_LIT("35693803564380"), &imei));
    return imei;
}

#endif
