/* proc/binding_record.h - what a device binding repository signs: the canonical content of a
 * binding, written by the repository and read by whoever relies on it.
 *
 * Every item has its length before it, in two octets: label, version, IMEI, use, form, digest,
 * not before, not after, status, serial, issued. There is one way to write a record, and the reader
 * takes no other. The signature over it is made and verified by net/verify_sign.h.
 */
#ifndef BINDERY_PROC_BINDING_RECORD_H
#define BINDERY_PROC_BINDING_RECORD_H

#include "id/imei.h"

#define BINDING_RECORD_LABEL   "bindery device binding"
#define BINDING_RECORD_VERSION 1u
#define BINDING_RECORD_LEN     (22u + 1 + 14 + 1 + 1 + 32 + 8 + 8 + 1 + 8 + 8 + 11 * 2)

enum binding_use { BINDING_IDENTITY = 1, BINDING_PROVISIONING = 2 };
enum binding_form { BINDING_CERTIFICATE = 1, BINDING_PUBLIC_KEY = 2 };
enum binding_status { BINDING_ACTIVE = 1, BINDING_REVOKED = 2 };

struct binding_record {
    struct imei imei;
    uint8_t use, form, status;     /* of the enumerations above */
    uint8_t digest[32];            /* SHA-256 of the leaf certificate, or of the key's SPKI */
    int64_t not_before, not_after; /* Unix seconds, 0 or above */
    uint64_t serial;
    int64_t issued;
};
void binding_record_write(const struct binding_record *r, uint8_t out[static BINDING_RECORD_LEN]);
/* Errors: E_TRUNCATED, E_TRAILING, E_BAD_LENGTH, E_BAD_VALUE, E_BAD_DIGIT. */
MUST_USE enum err binding_record_read(struct bytes in, struct binding_record *out);

/* "identity", "provisioning"; "certificate", "public-key"; "active", "revoked". */
const char *binding_use_name(uint8_t use);
const char *binding_form_name(uint8_t form);
const char *binding_status_name(uint8_t status);
/* Errors: E_BAD_VALUE. */
MUST_USE enum err binding_use_parse(struct bytes ascii, uint8_t *use);

#endif
