#include "id/imei.h"

#include "id/digits.h"
#include <string.h>

#define IMEI_BCD_LEN 8

static void imei_set(struct imei *out, const uint8_t *ascii)
{
    memset(out, 0, sizeof *out);
    memcpy(out->digits, ascii, IMEI_DIGITS);
}

/* Luhn (TS 23.003 B.2): every second digit is doubled, beginning with the one beside the check
 * digit, and the digits of all are added. */
char imei_check_digit(const struct imei *imei)
{
    unsigned sum = 0;
    for (size_t i = 0; i < IMEI_DIGITS; i++) {
        unsigned d = (unsigned)(imei->digits[i] - '0');
        unsigned v = i % 2 == 1 ? 2 * d : d;
        sum += v / 10 + v % 10;
    }
    return (char)('0' + (10 - sum % 10) % 10);
}

enum err imei_parse_transmitted(struct bytes ascii, struct imei *out)
{
    if (ascii.n != IMEI_DIGITS && ascii.n != IMEI_DIGITS + 1) {
        return E_BAD_LENGTH;
    }
    if (!digits_only(ascii)) {
        return E_BAD_DIGIT;
    }
    imei_set(out, ascii.p);
    return E_OK;
}

enum err imei_parse(struct bytes ascii, struct imei *out)
{
    struct imei imei;
    enum err err = imei_parse_transmitted(ascii, &imei);
    if (err != E_OK) {
        return err;
    }
    if (ascii.n > IMEI_DIGITS && (char)ascii.p[IMEI_DIGITS] != imei_check_digit(&imei)) {
        return E_BAD_CHECK_DIGIT;
    }
    *out = imei;
    return E_OK;
}

enum err imeisv_parse(struct bytes ascii, struct imeisv *out)
{
    if (ascii.n != IMEI_DIGITS + 2) {
        return E_BAD_LENGTH;
    }
    if (!digits_only(ascii)) {
        return E_BAD_DIGIT;
    }
    memset(out, 0, sizeof *out);
    imei_set(&out->imei, ascii.p);
    memcpy(out->svn, ascii.p + IMEI_DIGITS, 2);
    return E_OK;
}

bool imei_eq(const struct imei *a, const struct imei *b)
{
    return memcmp(a->digits, b->digits, IMEI_DIGITS) == 0;
}

void imei_print(const struct imei *imei, char out[static IMEI_DIGITS + 2])
{
    memcpy(out, imei->digits, IMEI_DIGITS);
    out[IMEI_DIGITS] = imei_check_digit(imei);
    out[IMEI_DIGITS + 1] = '\0';
}

void imei_to_bcd(const struct imei *imei, uint8_t out[static 8])
{
    digits_to_bcd(imei->digits, IMEI_DIGITS, out, IMEI_BCD_LEN);
}

enum err imei_from_bcd(const uint8_t in[static 8], struct imei *out)
{
    char digits[2 * IMEI_BCD_LEN];
    size_t n = 0;
    enum err err = digits_from_bcd(in, IMEI_BCD_LEN, digits, &n);
    if (err != E_OK) {
        return err;
    }
    if (n != IMEI_DIGITS) {
        return E_BAD_LENGTH;
    }
    imei_set(out, (const uint8_t *)digits);
    return E_OK;
}
