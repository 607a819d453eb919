/* device/linux/state_file.h - what an emulated device keeps between power cycles: its IMEI, its KME and
 * its USIM, in one JSON file that only its owner may read.
 *
 * Read strictly: an unknown, repeated or missing member is refused with its place. Written whole
 * beside the file and renamed over it, so a crash leaves the one before or the one after. The state
 * is saved before the answer that relies on it leaves (proc/binding.h).
 */
#ifndef BINDERY_DEVICE_LINUX_STATE_FILE_H
#define BINDERY_DEVICE_LINUX_STATE_FILE_H

#include "id/imsi.h"
#include "proc/binding.h"

struct device_state {
    struct imei imei;
    struct imsi imsi;
    struct binding_me me; /* KME and the last challenge answered */
    struct usim usim;
};
struct device_why {
    char text[512]; /* file, place, what is wrong, what to do; never a secret */
};

/* A file that others may read is refused (E_DENIED). Errors: E_NOT_FOUND, E_DENIED, E_IO,
 * E_BAD_VALUE, E_MISSING, E_UNKNOWN. */
MUST_USE enum err device_state_load(const char *path, struct device_state *out,
                                    struct device_why *why);
/* Parses the text of such a file; `name` is how to call it. */
MUST_USE enum err device_state_parse(const char *name, struct bytes json, struct device_state *out,
                                     struct device_why *why);
/* Mode 0600, on the disk before it returns. `fresh`: refuses to replace a file (E_EXISTS). */
MUST_USE enum err device_state_save(const char *path, bool fresh, const struct device_state *state,
                                    struct device_why *why);
void device_state_wipe(struct device_state *state);

#endif
