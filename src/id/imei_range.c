#include "id/imei_range.h"

#include "id/digits.h"
#include <string.h>

static uint64_t number_of(const char *digits, size_t n)
{
    uint64_t v = 0;
    for (size_t i = 0; i < n; i++) {
        v = v * 10 + (uint64_t)(digits[i] - '0');
    }
    return v;
}

static void digits_of(uint64_t v, char *out, size_t n)
{
    for (size_t i = n; i > 0; i--) {
        out[i - 1] = (char)('0' + v % 10);
        v /= 10;
    }
    out[n] = '\0';
}

uint64_t imei_number(const struct imei *imei)
{
    return number_of(imei->digits, IMEI_DIGITS);
}

void imei_of_number(uint64_t number, struct imei *out)
{
    memset(out, 0, sizeof *out);
    digits_of(number, out->digits, IMEI_DIGITS);
}

static enum err tac_parse(struct bytes ascii, struct imei_range *out)
{
    if (!digits_only(ascii)) {
        return E_BAD_DIGIT;
    }
    out->first = number_of((const char *)ascii.p, ascii.n) * IMEI_OF_A_TAC;
    out->last = out->first + IMEI_OF_A_TAC - 1;
    return E_OK;
}

static enum err end_parse(struct bytes ascii, uint64_t *out)
{
    struct imei imei;
    enum err err = imei_parse(ascii, &imei);
    if (err == E_OK) {
        *out = imei_number(&imei);
    }
    return err;
}

static enum err pair_parse(struct bytes ascii, size_t hyphen, struct imei_range *out)
{
    struct imei_range r = {0, 0};
    size_t from = hyphen + 1;
    enum err err = end_parse((struct bytes){ascii.p, hyphen}, &r.first);
    if (err == E_OK) {
        err = end_parse((struct bytes){ascii.p + from, ascii.n - from}, &r.last);
    }
    if (err == E_OK && r.last < r.first) {
        err = E_BAD_VALUE;
    }
    if (err == E_OK) {
        *out = r;
    }
    return err;
}

enum err imei_range_parse(struct bytes ascii, struct imei_range *out)
{
    for (size_t i = 0; i < ascii.n; i++) {
        if (ascii.p[i] == '-') {
            return pair_parse(ascii, i, out);
        }
    }
    if (ascii.n == IMEI_TAC_DIGITS) {
        return tac_parse(ascii, out);
    }
    enum err err = end_parse(ascii, &out->first);
    if (err == E_OK) {
        out->last = out->first;
    }
    return err;
}

void imei_range_print(const struct imei_range *range, char out[static IMEI_RANGE_TEXT_MAX])
{
    if (range->first % IMEI_OF_A_TAC == 0 && range->last == range->first + IMEI_OF_A_TAC - 1) {
        digits_of(range->first / IMEI_OF_A_TAC, out, IMEI_TAC_DIGITS);
        return;
    }
    digits_of(range->first, out, IMEI_DIGITS);
    if (range->last != range->first) {
        out[IMEI_DIGITS] = '-';
        digits_of(range->last, out + IMEI_DIGITS + 1, IMEI_DIGITS);
    }
}
