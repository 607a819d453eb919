/* id/imsi.h - the International Mobile Subscription Identity as a value (TS 23.003 2.2).
 *
 * Digits are validated once, here; whoever holds a struct imsi holds 6 to 15 digits.
 */
#ifndef BINDERY_ID_IMSI_H
#define BINDERY_ID_IMSI_H

#include "base/span.h"
#include "id/plmn.h"

#define IMSI_DIGITS_MAX 15
#define IMSI_DIGITS_MIN 6
#define IMSI_BCD_LEN    8

struct imsi {
    uint8_t n;                        /* number of digits */
    char digits[IMSI_DIGITS_MAX + 1]; /* ASCII, NUL-terminated, zero-filled */
};

/* ASCII digits, 6 to 15 of them. Errors: E_BAD_LENGTH, E_BAD_DIGIT. */
MUST_USE enum err imsi_parse(struct bytes ascii, struct imsi *out);
/* 8 octets, first digit in the low nibble, F-filled (facts: the wire profile of this project). */
void imsi_to_bcd(const struct imsi *imsi, uint8_t out[static IMSI_BCD_LEN]);
/* Canonical only: nothing but F after the first F. Errors: E_BAD_DIGIT, E_BAD_LENGTH. */
MUST_USE enum err imsi_from_bcd(const uint8_t in[static IMSI_BCD_LEN], struct imsi *out);
bool imsi_eq(const struct imsi *a, const struct imsi *b);
/* "00101*******678"-like: the first five and the last three digits stay; of an IMSI of 8 digits or
 * fewer only the first five. n + 1 chars written. */
void imsi_mask(const struct imsi *imsi, char out[static IMSI_DIGITS_MAX + 1]);
/* Does the IMSI begin with this PLMN's MCC and MNC? */
bool imsi_in_plmn(const struct imsi *imsi, const struct plmn *plmn);

#endif
