/* device/linux/state_parts.h - what state_file.c (files), state_read.c and state_write.c (JSON)
 * share. Nobody else's.
 */
#ifndef BINDERY_DEVICE_LINUX_STATE_PARTS_H
#define BINDERY_DEVICE_LINUX_STATE_PARTS_H

#include "device/linux/state_file.h"
#include "device/linux/strict_json.h"

#define DEVICE_STATE_FORMAT 1

/* It holds keys. NULL: no memory. */
json_t *device_state_json(const struct device_state *s);

#endif
