/* device/linux/state_parts.h - what state_file.c (files), state_read.c, state_write.c and
 * state_se.c (JSON) share. Nobody else's.
 */
#ifndef BINDERY_DEVICE_LINUX_STATE_PARTS_H
#define BINDERY_DEVICE_LINUX_STATE_PARTS_H

#include "device/linux/state_file.h"
#include "device/linux/strict_json.h"

#define DEVICE_STATE_FORMAT 1

#define DEVICE_STATE_WHAT "a device state file"

/* It holds keys. NULL: no memory. */
json_t *device_state_json(const struct device_state *s);

/* ---- parts of it: `at` as in strict_json.h ---- */

struct device_usim {
    struct imsi *imsi;
    struct usim *usim;
    uint8_t *mnc_n;
};
void device_usim_read(struct strict *r, json_t *o, const char *at, const struct device_usim *out);
json_t *device_usim_json(const struct imsi *imsi, const struct usim *usim, uint8_t mnc_n);
void device_trial_read(struct strict *r, json_t *o, const char *at, struct bindery_ue_trial *out);
json_t *device_hex_json(struct bytes in);
json_t *device_base64_json(struct bytes in);
/* NULL: no memory, and the list is gone. */
json_t *device_json_append(json_t *list, json_t *v);

/* ---- state_se.c: secure element and discovery ---- */

void device_se_read(struct strict *r, json_t *o, struct device_se *out);
json_t *device_se_json(const struct device_se *se);
/* After SE and USIM, which it is about. */
void device_discovery_read(struct strict *r, json_t *o, struct device_state *out);
json_t *device_discovery_json(const struct device_state *s);

#endif
