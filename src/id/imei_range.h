/* id/imei_range.h - consecutive IMEIs as a value, and as the text in which operators keep their
 * lists: one IMEI, the 8 digits of a TAC, or two IMEIs with a hyphen between (TS 23.003 6.2).
 *
 * An IMEI counts as the number that its 14 digits make. Every range has one text that
 * imei_range_print gives; the parser takes that and check digits too.
 */
#ifndef BINDERY_ID_IMEI_RANGE_H
#define BINDERY_ID_IMEI_RANGE_H

#include "id/imei.h"

#define IMEI_NUMBERS        100000000000000u /* there are so many: 10 to the 14th */
#define IMEI_TAC_DIGITS     8
#define IMEI_OF_A_TAC       1000000u /* serial numbers of one TAC */
#define IMEI_RANGE_TEXT_MAX (2 * IMEI_DIGITS + 2)

struct imei_range {
    uint64_t first;
    uint64_t last; /* not below first, below IMEI_NUMBERS */
};
uint64_t imei_number(const struct imei *imei);
void imei_of_number(uint64_t number, struct imei *out); /* the number modulo IMEI_NUMBERS */
/* Errors: E_BAD_LENGTH, E_BAD_DIGIT, E_BAD_CHECK_DIGIT (of either end), E_BAD_VALUE (the second is
 * below the first). */
MUST_USE enum err imei_range_parse(struct bytes ascii, struct imei_range *out);
/* 14 digits, or 8, or 14, a hyphen and 14; and NUL. */
void imei_range_print(const struct imei_range *range, char out[static IMEI_RANGE_TEXT_MAX]);

#endif
