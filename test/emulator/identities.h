/* test/emulator/identities.h - a production lot of keys for the first devices of the seed.
 */
#ifndef BINDERY_TEST_EMULATOR_IDENTITIES_H
#define BINDERY_TEST_EMULATOR_IDENTITIES_H

#include "device/linux/identity_lot.h"
#include "device/test_key.h"
#include <unistd.h>

static inline struct identity_lot identities_of(uint8_t algorithm, uint32_t n)
{
    struct identity_lot lot = {.tac = "00101700",
                               .first = 0,
                               .count = n,
                               .algorithm = algorithm,
                               .form = BINDING_PUBLIC_KEY};
    return lot;
}

/* A production lot of keys for the seed's first devices. */
static inline void identities_make(const char *dir, uint8_t algorithm, uint32_t n,
                                   struct test_key *keys)
{
    const struct identity_lot lot = identities_of(algorithm, n);
    struct identity_maker *maker;
    struct identity_why why;
    char device[IDENTITY_ROW_MAX], binding[IDENTITY_ROW_MAX];
    assert_ok(identity_maker_open(dir, &lot, 1000, &maker, &why));
    for (uint32_t i = 0; i < n; i++) {
        struct identity_row row;
        size_t device_n = 0, binding_n = 0;
        memset(&row, 0, sizeof row);
        test_key_make(&keys[i], lot.algorithm);
        row.imei = identity_lot_imei(&lot, i);
        row.algorithm = lot.algorithm;
        row.key.n = (uint16_t)keys[i].n;
        memcpy(row.key.der, keys[i].der, keys[i].n);
        assert_ok(identity_row_write(&row, MBYTES_OF(device), &device_n));
        assert_ok(identity_binding_write(&row, (struct bytes){keys[i].spki, keys[i].spki_n},
                                         MBYTES_OF(binding), &binding_n));
        assert_ok(identity_maker_append(maker, (struct bytes){(uint8_t *)device, device_n},
                                        (struct bytes){(uint8_t *)binding, binding_n}, 1, &why));
    }
    assert_ok(identity_maker_finish(maker, &why));
    identity_maker_close(maker);
}

static inline void identities_remove(const char *dir)
{
    static const char *const names[] = {"lot.json", IDENTITY_LOT_DEVICES, IDENTITY_LOT_BINDINGS};
    char path[128];
    for (unsigned i = 0; i < 3; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", dir, names[i]);
        (void)unlink(path);
    }
    (void)rmdir(dir);
}

#endif
