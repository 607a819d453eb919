/* proc/device_record.h - what a certificate site signs about a device beside its certificates: who
 * made it, what it is, which certificate is its, and whether it may still be provisioned (TR 33.899
 * 5.12.4.Z, step 2: "device's security context").
 *
 * Every item has its length before it, in two octets: label, version, device id, IMEI,
 * manufacturer, model, serial number, digest, status, serial, issued. There is one way to write a
 * record, and the reader takes no other. The signature over it is made and verified by
 * net/verify_sign.h, by the key that signs bindings too: the label tells the two apart.
 */
#ifndef BINDERY_PROC_DEVICE_RECORD_H
#define BINDERY_PROC_DEVICE_RECORD_H

#include "proc/binding_record.h"

#define DEVICE_RECORD_LABEL   "bindery device record"
#define DEVICE_RECORD_VERSION 1u
#define DEVICE_ID_MAX         64
#define DEVICE_TEXT_MAX       64
#define DEVICE_RECORD_MAX                                                                          \
    (21u + 1 + DEVICE_ID_MAX + 14 + 3 * DEVICE_TEXT_MAX + 32 + 1 + 8 + 8 + 11 * 2)

/* The unique identifier in a certificate URL: 1 to 64 of letters, digits, '.', '-', '_' and '~',
 * not of dots alone. */
struct device_id {
    uint8_t n;
    char text[DEVICE_ID_MAX + 1]; /* NUL-terminated, zero-filled */
};
/* Errors: E_BAD_LENGTH, E_BAD_VALUE. */
MUST_USE enum err device_id_parse(struct bytes ascii, struct device_id *out);
bool device_id_eq(const struct device_id *a, const struct device_id *b);

struct device_record {
    struct device_id id;
    struct imei imei;
    /* 1 to 64 printable ASCII characters, NUL-terminated, zero-filled. */
    char manufacturer[DEVICE_TEXT_MAX + 1];
    char model[DEVICE_TEXT_MAX + 1];
    char serial_number[DEVICE_TEXT_MAX + 1];
    uint8_t digest[32]; /* SHA-256 of the certificate that is encrypted to, in DER */
    uint8_t status;     /* enum binding_status */
    uint64_t serial;    /* of the record, INT64_MAX at most: grows with each change */
    int64_t issued;     /* Unix seconds, 0 or above */
};
/* Errors: E_BAD_LENGTH, E_BAD_VALUE. */
MUST_USE enum err device_text_check(struct bytes ascii);
/* Octets written to `out`. */
struct bytes device_record_write(const struct device_record *r,
                                 uint8_t out[static DEVICE_RECORD_MAX]);
/* Errors: E_TRUNCATED, E_TRAILING, E_BAD_LENGTH, E_BAD_VALUE, E_BAD_DIGIT. */
MUST_USE enum err device_record_read(struct bytes in, struct device_record *out);

#endif
