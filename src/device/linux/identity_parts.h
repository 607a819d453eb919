/* device/linux/identity_parts.h - what the files of src/device/linux/identity_lot.h share: saying
 * what is wrong, paths, and where a row's IMEI stands. Nobody else's.
 */
#ifndef BINDERY_DEVICE_LINUX_IDENTITY_PARTS_H
#define BINDERY_DEVICE_LINUX_IDENTITY_PARTS_H

#include "device/linux/identity_lot.h"

#define IDENTITY_PATH_MAX 4096

/* Both kinds of rows begin so. */
#define IDENTITY_ROW_HEAD "{\"imei\":\""

enum err identity_say(struct identity_why *why, enum err err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* dir/name. Errors: E_IO (too long), said. */
MUST_USE enum err identity_path(const char *dir, const char *name,
                                char out[static IDENTITY_PATH_MAX], struct identity_why *why);
/* Is this a file of private keys, ours, and may nobody else read it? Errors: E_IO, E_DENIED,
 * E_BAD_VALUE (a pipe, say), said. */
MUST_USE enum err identity_is_private(int fd, const char *path, struct identity_why *why);
/* The IMEI with which a row begins. Errors: E_BAD_VALUE. */
MUST_USE enum err identity_row_imei(struct bytes line, struct imei *out);

#endif
