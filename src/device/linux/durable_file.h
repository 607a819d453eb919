/* device/linux/durable_file.h - a file that is written whole beside itself and put in its place: a
 * crash leaves the one before or the one after, and what was written is on the disk before the
 * function returns. And a hold on such a file, which goes on with each that takes its place.
 *
 * Beside it means PATH.tmp. A writer that is killed leaves that behind, with whatever secret it was
 * about to write: the next write and the next hold of PATH overwrite it with zeros and remove it.
 */
#ifndef BINDERY_DEVICE_LINUX_DURABLE_FILE_H
#define BINDERY_DEVICE_LINUX_DURABLE_FILE_H

#include "base/span.h"
#include <sys/types.h>

enum durable_how {
    DURABLE_REPLACE, /* what is there gives way */
    DURABLE_FRESH    /* E_EXISTS if something is there */
};
/* errno says more. `held`: NULL, or a descriptor of durable_hold, which becomes that of the new
 * file. Several processes may write one path: each waits for the one before. Errors: E_EXISTS,
 * E_NOT_FOUND (its folder), E_DENIED, E_LOCKED (somebody else writes it all the time), E_IO. */
MUST_USE enum err durable_write(const char *path, mode_t mode, enum durable_how how,
                                struct bytes octets, int *held);
/* Takes the file for this process, until the descriptor is closed, or the process ends. Errors:
 * E_LOCKED (another has it), E_NOT_FOUND, E_DENIED, E_IO; errno says more. */
MUST_USE enum err durable_hold(const char *path, int *held);

#endif
