/* id/imei.h - the International Mobile Equipment Identity as a value (TS 23.003 6.2).
 *
 * A struct imei is the 14 digits TAC and SNR, the part that is compared, bound and signed. The
 * check digit is never transmitted and the software version changes with the firmware, so neither
 * is part of the identity.
 */
#ifndef BINDERY_ID_IMEI_H
#define BINDERY_ID_IMEI_H

#include "base/span.h"

#define IMEI_DIGITS 14

struct imei {
    char digits[IMEI_DIGITS + 1]; /* TAC 8, SNR 6, NUL */
};
struct imeisv {
    struct imei imei;
    char svn[3]; /* two digits, NUL */
};

/* As people write it: 14 digits, or 15 of which the last is the Luhn check digit (TS 23.003 B.2).
 * Errors: E_BAD_LENGTH, E_BAD_DIGIT, E_BAD_CHECK_DIGIT. */
MUST_USE enum err imei_parse(struct bytes ascii, struct imei *out);
/* As equipment transmits it: 14 digits, or 15 of which the last is a spare digit and is ignored.
 * Errors: E_BAD_LENGTH, E_BAD_DIGIT. */
MUST_USE enum err imei_parse_transmitted(struct bytes ascii, struct imei *out);
/* 16 digits: TAC, SNR, SVN. Errors: E_BAD_LENGTH, E_BAD_DIGIT. */
MUST_USE enum err imeisv_parse(struct bytes ascii, struct imeisv *out);
bool imei_eq(const struct imei *a, const struct imei *b);
char imei_check_digit(const struct imei *imei); /* '0'..'9' */
/* 15 digits with the check digit, and NUL. */
void imei_print(const struct imei *imei, char out[static IMEI_DIGITS + 2]);
/* 8 octets as in a Mobile Identity's digits: low nibble first, F-filled. */
void imei_to_bcd(const struct imei *imei, uint8_t out[static 8]);
/* Errors: E_BAD_DIGIT, E_BAD_LENGTH when there are not exactly 14 digits before the fill. */
MUST_USE enum err imei_from_bcd(const uint8_t in[static 8], struct imei *out);

#endif
