/* device/linux/se_files.h - what a service provider and a secure element hand to each other (TR
 * 33.899 5.5.4.x, steps 0-b and 0-c), as JSON files.
 *
 *   order        {"dimsi", "sp", "arpf": [CERT.ARPF.ECKA first, no root]}
 *   credentials  {"dimsi", "token", "certificates": [CERT.SE, CERT.PN]}
 *
 * Certificates are DER in base64, the token is ATK.SE.ECDHE in base64. Nothing of either is secret.
 * Read strictly, as a device state file is; written whole beside the file and renamed over it.
 */
#ifndef BINDERY_DEVICE_LINUX_SE_FILES_H
#define BINDERY_DEVICE_LINUX_SE_FILES_H

#include "device/linux/state_file.h"

struct se_order {
    struct imsi dimsi;
    struct dimsi_name sp;
    struct device_certificates arpf;
};
/* Errors: E_NOT_FOUND, E_DENIED, E_IO, E_BAD_VALUE, E_MISSING, E_UNKNOWN; said. */
MUST_USE enum err se_order_load(const char *path, struct se_order *out, struct device_why *why);

struct se_credentials {
    struct imsi dimsi;
    size_t token_n;
    uint8_t token[DIMSI_ATK_MAX];
    struct device_certificates chain;
};
/* The same errors. The token is looked at only in so far as it is no longer than one is. */
MUST_USE enum err se_credentials_load(const char *path, struct se_credentials *out,
                                      struct device_why *why);
/* Mode 0600, on the disk before it returns. Errors: E_IO, E_DENIED, E_NOT_FOUND (the folder),
 * E_MEMORY; said. */
MUST_USE enum err se_credentials_save(const char *path, const struct se_credentials *c,
                                      struct device_why *why);

/* ---- step 0-c ---- */

enum se_accepted {
    SE_ACCEPTED_NOW,
    SE_ACCEPTED_BEFORE, /* the credentials are there, and of the key that the SE has */
    SE_NOT_ACCEPTED     /* why */
};
/* The order of a file to the device of a file: the slot is in the state before the credentials are
 * written. again: a new key although the order was accepted before. at: Unix seconds, or 0. `gone`:
 * the subscription that came of the key before, if there was one, else n is 0. */
enum se_accepted se_accept(const struct crypto *c, const char *device, const char *order,
                           const char *credentials, bool again, int64_t at, struct imsi *gone,
                           struct device_why *why);

#endif
