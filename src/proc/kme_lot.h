/* proc/kme_lot.h - lots: which of a manufacturer's moduli N = PQ is for which IMEIs (TR 33.868
 * 5.4.4.2.3.3.3).
 *
 * A lot is named by an id that its manufacturer chose, and covers ranges of TAC and serial number.
 * No two lots cover the same IMEI, so that the home network finds the lot of an IMEI with one
 * bisection, however many lots there are. Here are ids and ranges; P and Q are in net/lot_key.h. No
 * I/O, no allocation: the caller brings the memory.
 */
#ifndef BINDERY_PROC_KME_LOT_H
#define BINDERY_PROC_KME_LOT_H

#include "id/imei_range.h"

#define KME_LOT_ID_MAX           32
#define KME_LOT_MANUFACTURER_MAX 64
/*= kme-exponent */
/* Octets of N: 2048 to 4096 bits. The exponent is 65537: the text's "e.g. 216" is 2^16 that lost
 * its superscript, and an even exponent cannot be undone (FIPS 186-3 B.3.1 wants an odd one above
 * 2^16). */
#define KME_MODULUS_MIN  256
#define KME_MODULUS_MAX  512
#define KME_RSA_EXPONENT 65537u

struct kme_lot_id {
    uint8_t n;
    char text[KME_LOT_ID_MAX + 1]; /* NUL-terminated, zero-filled */
};
/* 1 to 32 of letters, digits, '.', '-' and '_'. Errors: E_BAD_LENGTH, E_BAD_VALUE. */
MUST_USE enum err kme_lot_id_parse(struct bytes ascii, struct kme_lot_id *out);
bool kme_lot_id_eq(const struct kme_lot_id *a, const struct kme_lot_id *b);

/* What a device is given of its lot, and what a home network knows of it besides P and Q. */
struct kme_lot {
    struct kme_lot_id id;
    char manufacturer[KME_LOT_MANUFACTURER_MAX + 1]; /* printable ASCII, NUL-terminated */
    uint16_t modulus_n;                              /* octets */
    uint8_t modulus[KME_MODULUS_MAX];                /* N, first octet highest and not zero */
};
/* Errors: E_BAD_LENGTH (too short or too long), E_BAD_VALUE (N is even or its length is not a
 * multiple of 32 octets, or its highest bit is not set). */
MUST_USE enum err kme_modulus_check(struct bytes modulus);
/* Errors: as kme_lot_id_parse and kme_modulus_check; E_BAD_LENGTH, E_BAD_VALUE (the manufacturer is
 * too short or too long, or not printable ASCII). */
MUST_USE enum err kme_lot_make(struct bytes id, struct bytes manufacturer, struct bytes modulus,
                               struct kme_lot *out);

/* ---- whose lot is this IMEI of? ---- */

struct kme_lot_range {
    struct imei_range range;
    uint32_t lot; /* the lot's place, as its owner counts */
};
/* The two that a table was refused for. */
struct kme_lot_overlap {
    uint32_t a, b;           /* places of lots; the same one if a lot covers an IMEI twice */
    struct imei_range range; /* what both cover */
};
struct kme_lots {
    const struct kme_lot_range *ranges; /* ascending and disjoint */
    size_t n;
};
/* `ranges`, ascending by their first IMEI, stay the caller's and where they are. Errors:
 * E_BAD_VALUE (not ascending, or no range), E_CONFLICT with *overlap. *out is written on E_OK only.
 */
MUST_USE enum err kme_lots_of(const struct kme_lot_range *ranges, size_t n,
                              struct kme_lot_overlap *overlap, struct kme_lots *out);
/* Could a range of another lot be added? One bisection. Errors: E_BAD_VALUE (no range), E_CONFLICT
 * with *overlap, of which a is the lot that is there. */
MUST_USE enum err kme_lots_try(const struct kme_lots *lots, const struct kme_lot_range *added,
                               struct kme_lot_overlap *overlap);
/* One bisection. Errors: E_NOT_FOUND (no lot covers it). */
MUST_USE enum err kme_lots_find(const struct kme_lots *lots, const struct imei *imei,
                                uint32_t *lot);

#endif
