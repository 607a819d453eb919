#include "id/imsi.h"

#include "id/digits.h"
#include <string.h>

#define MASK_HEAD 5 /* MCC and the shorter MNC */
#define MASK_TAIL 3

_Static_assert(IMSI_DIGITS_MAX < 2 * IMSI_BCD_LEN, "at least one nibble of fill");

enum err imsi_parse(struct bytes ascii, struct imsi *out)
{
    if (ascii.n < IMSI_DIGITS_MIN || ascii.n > IMSI_DIGITS_MAX) {
        return E_BAD_LENGTH;
    }
    if (!digits_only(ascii)) {
        return E_BAD_DIGIT;
    }
    memset(out, 0, sizeof *out);
    out->n = (uint8_t)ascii.n;
    memcpy(out->digits, ascii.p, ascii.n);
    return E_OK;
}

void imsi_to_bcd(const struct imsi *imsi, uint8_t out[static IMSI_BCD_LEN])
{
    digits_to_bcd(imsi->digits, imsi->n, out, IMSI_BCD_LEN);
}

enum err imsi_from_bcd(const uint8_t in[static IMSI_BCD_LEN], struct imsi *out)
{
    char digits[2 * IMSI_BCD_LEN];
    size_t n = 0;
    enum err err = digits_from_bcd(in, IMSI_BCD_LEN, digits, &n);
    if (err != E_OK) {
        return err;
    }
    return imsi_parse((struct bytes){(const uint8_t *)digits, n}, out);
}

bool imsi_eq(const struct imsi *a, const struct imsi *b)
{
    return a->n == b->n && memcmp(a->digits, b->digits, a->n) == 0;
}

void imsi_mask(const struct imsi *imsi, char out[static IMSI_DIGITS_MAX + 1])
{
    size_t tail = imsi->n > MASK_HEAD + MASK_TAIL ? MASK_TAIL : 0;
    for (size_t i = 0; i < imsi->n; i++) {
        bool shown = i < MASK_HEAD || i >= imsi->n - tail;
        out[i] = shown ? imsi->digits[i] : '*';
    }
    out[imsi->n] = '\0';
}

bool imsi_in_plmn(const struct imsi *imsi, const struct plmn *plmn)
{
    size_t mnc = strlen(plmn->mnc);
    return imsi->n >= 3 + mnc && memcmp(imsi->digits, plmn->mcc, 3) == 0 &&
           memcmp(imsi->digits + 3, plmn->mnc, mnc) == 0;
}
