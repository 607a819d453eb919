/* device/linux/lot_file.h - the public half of a manufacturer's lot as a file, NAME.lot.json: what
 * devices are given when they are made, and what whoever makes them may publish.
 *
 *   {"bindery_lot": 1, "id": "2026-07", "manufacturer": "Example Meters",
 *    "ranges": ["35693803000000-35693803499999", "35693804"],
 *    "modulus": "c3...", "exponent": 65537}
 *
 * Ranges are written as id/imei_range.h prints them, ascend, and do not touch each other's IMEIs.
 * Read strictly: an unknown, repeated or missing member is refused with its place. No private key
 * is here; P and Q travel in a file of their own.
 */
#ifndef BINDERY_DEVICE_LINUX_LOT_FILE_H
#define BINDERY_DEVICE_LINUX_LOT_FILE_H

#include "proc/kme_lot.h"

#define LOT_FILE_RANGES_MAX 4096u /* as many as a home network takes of a lot */

struct lot_file {
    struct kme_lot lot;
    size_t n;
    struct imei_range *ranges; /* ascending and disjoint; lot_file_free */
};
struct lot_file_why {
    char text[512]; /* file, place, what is wrong */
};

/* All zeros is a lot without ranges. Adds one in its place. Errors: E_CONFLICT (with *with, one
 * that covers some of the same IMEIs), E_NO_ROOM, E_MEMORY. */
MUST_USE enum err lot_file_add(struct lot_file *f, const struct imei_range *range,
                               struct imei_range *with);
bool lot_file_covers(const struct lot_file *f, const struct imei *imei);
void lot_file_free(struct lot_file *f);

/* *out is written on E_OK only, and is the caller's to free. Errors: E_NOT_FOUND, E_DENIED, E_IO,
 * E_BAD_VALUE, E_MISSING, E_UNKNOWN, E_TOO_NEW, E_MEMORY. */
MUST_USE enum err lot_file_load(const char *path, struct lot_file *out, struct lot_file_why *why);
/* Parses the text of such a file; `name` is how to call it. */
MUST_USE enum err lot_file_parse(const char *name, struct bytes json, struct lot_file *out,
                                 struct lot_file_why *why);
/* A new file that everybody may read, whole and on the disk before it returns. Errors: E_EXISTS (a
 * file that is there is not replaced), E_BAD_VALUE (no lot, or no range), E_IO, E_MEMORY. */
MUST_USE enum err lot_file_save(const char *path, const struct lot_file *f,
                                struct lot_file_why *why);

#endif
