/* device/linux/lot.h - many devices out of one file: who each is, its USIM's keys and its KME, from
 * the rows that `bindery import` takes (CSV with a header, or NDJSON), so that one file makes the
 * subscriptions and the devices.
 *
 * A row without K is a further device of a subscription, or none at all, and is skipped. A row that
 * is wrong ends the reading: half a lot would test something else. Nothing said holds a value.
 */
#ifndef BINDERY_DEVICE_LINUX_LOT_H
#define BINDERY_DEVICE_LINUX_LOT_H

#include "crypto/aka_functions.h"
#include "id/imei.h"
#include "id/imsi.h"
#include "proc/binding.h"
#include <stdio.h>

struct lot_device {
    struct imsi imsi;
    bool has_imei;
    struct imei imei;
    bool has_kme;
    struct key_kme kme;
    struct aka_keys keys;
};
struct lot_why {
    char text[400];
};
/* Takes one; the device is wiped afterwards. False ends the reading with E_MEMORY. */
typedef bool lot_take(void *ctx, const struct lot_device *device);

/* Reads all rows. `ndjson`: one object a line. Errors: E_BAD_VALUE (a row, or the header),
 * E_MISSING (no row is a device), E_MEMORY, E_IO. */
MUST_USE enum err lot_read(FILE *in, bool ndjson, const struct crypto *c, lot_take *take, void *ctx,
                           struct lot_why *why);
/* The same of a file, whose name says what it is: .ndjson or .jsonl, else CSV. Errors: also
 * E_NOT_FOUND. */
MUST_USE enum err lot_load(const char *path, const struct crypto *c, lot_take *take, void *ctx,
                           struct lot_why *why);

/* The header of the CSV, and a row of it, for a subscription with this policy. They hold keys.
 * Errors: E_IO. */
MUST_USE enum err lot_write_header(FILE *out);
MUST_USE enum err lot_write(FILE *out, const struct lot_device *device, enum binding_policy policy);

#endif
