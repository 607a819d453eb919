/* device/image.h - the NAS client's state as octets: what is handed to the host's store function,
 * and read by bindery_ue_init.
 *
 * A frame "BUE" (device/frame.h). The body's members stand in the order of struct ue_image; absent
 * ones have a zero in their flag. It is secret.
 */
#ifndef BINDERY_DEVICE_IMAGE_H
#define BINDERY_DEVICE_IMAGE_H

#include "codec/nas_ie.h"
#include "device/bindery_ue.h"
#include "nassec/nassec.h"
#include "proc/binding.h"

#define UE_IMAGE_VERSION 1

struct ue_image {
    struct imsi imsi;
    bool answered; /* the last challenge */
    uint8_t rand[16];
    struct res res;
    struct key_ck ck;
    struct key_ik ik;
    bool has_guti;
    struct nas_guti guti;
    bool has_last_tai;
    struct nas_tai last_tai;
    uint8_t tai_list_n;
    uint8_t tai_list[NAS_TAI_LIST_LEN]; /* the value of TS 24.301 9.9.3.33 */
    uint32_t t3346_ms;                  /* what was left of it; 0: it did not run */
    bool has_security;
    uint8_t security[NASSEC_IMAGE_LEN]; /* nassec_image_write's */
};

/* Errors: E_NO_ROOM, E_BAD_LENGTH (a member that cannot be), E_CRYPTO. */
MUST_USE enum err ue_image_write(const struct crypto *c, const struct ue_image *in,
                                 struct mbytes out, size_t *n);
/* Canonical only. *out is written on E_OK. Errors: E_TRUNCATED, E_TRAILING, E_BAD_LENGTH,
 * E_BAD_VALUE, E_BAD_DIGIT, E_UNSUPPORTED (no image), E_TOO_NEW (a later version), E_BAD_MAC (the
 * hash), E_CRYPTO. */
MUST_USE enum err ue_image_read(const struct crypto *c, struct bytes in, struct ue_image *out);

#endif
