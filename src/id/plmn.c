#include "id/plmn.h"

#include "id/digits.h"
#include <string.h>

#define LABEL_MAX    63  /* RFC 1035 2.3.4 */
#define IDENTITY_MAX 255 /* RFC 1035 2.3.4 */

static enum err plmn_set(struct bytes mcc, struct bytes mnc, struct plmn *out)
{
    if (!digits_only(mcc) || !digits_only(mnc)) {
        return E_BAD_DIGIT;
    }
    memset(out, 0, sizeof *out);
    memcpy(out->mcc, mcc.p, mcc.n);
    memcpy(out->mnc, mnc.p, mnc.n);
    return E_OK;
}

static bool is_separator(uint8_t c)
{
    return c == '-' || c == '.' || c == '/';
}

enum err plmn_parse(struct bytes ascii, struct plmn *out)
{
    if (ascii.n < 5 || ascii.n > 7) {
        return E_BAD_LENGTH;
    }
    size_t gap = is_separator(ascii.p[3]) ? 1 : 0;
    size_t mnc = ascii.n - 3 - gap;
    if (mnc != 2 && mnc != 3) {
        return digits_only(ascii) || gap ? E_BAD_LENGTH : E_BAD_DIGIT;
    }
    return plmn_set((struct bytes){ascii.p, 3}, (struct bytes){ascii.p + 3 + gap, mnc}, out);
}

/* TS 24.301 9.9.3.32, TS 24.008 10.5.1.13: MCC2 MCC1, MNC3 MCC3, MNC2 MNC1; MNC3 is F when the MNC
 * has two digits. */
enum err plmn_from_octets(const uint8_t in[static PLMN_LEN], struct plmn *out)
{
    unsigned mnc3 = nibble_at(in, 3);
    size_t mnc_digits = mnc3 == NIBBLE_FILL ? 2 : 3;
    const unsigned v[6] = {nibble_at(in, 0), nibble_at(in, 1), nibble_at(in, 2),
                           nibble_at(in, 4), nibble_at(in, 5), mnc_digits == 3 ? mnc3 : 0};
    uint8_t text[6];
    for (size_t i = 0; i < 6; i++) {
        if (v[i] > 9) {
            return E_BAD_DIGIT;
        }
        text[i] = (uint8_t)('0' + v[i]);
    }
    return plmn_set((struct bytes){text, 3}, (struct bytes){text + 3, mnc_digits}, out);
}

void plmn_to_octets(const struct plmn *plmn, uint8_t out[static PLMN_LEN])
{
    const char *c = plmn->mcc;
    const char *n = plmn->mnc;
    unsigned mnc3 = n[2] == '\0' ? NIBBLE_FILL : (unsigned)(n[2] - '0');
    out[0] = (uint8_t)((c[1] - '0') << 4 | (c[0] - '0'));
    out[1] = (uint8_t)(mnc3 << 4 | (unsigned)(c[2] - '0'));
    out[2] = (uint8_t)((n[1] - '0') << 4 | (n[0] - '0'));
}

bool plmn_eq(const struct plmn *a, const struct plmn *b)
{
    return strcmp(a->mcc, b->mcc) == 0 && strcmp(a->mnc, b->mnc) == 0;
}

void plmn_print(const struct plmn *plmn, char out[static PLMN_TEXT_MAX])
{
    memcpy(out, plmn->mcc, 3);
    out[3] = '-';
    memcpy(out + 4, plmn->mnc, sizeof plmn->mnc);
}

/* ---- realms ---- */

static const char realm_form[] = "epc.mnc000.mcc000.3gppnetwork.org";
enum { REALM_LEN = sizeof realm_form - 1, REALM_MNC = 7, REALM_MCC = 14 };
_Static_assert(sizeof realm_form <= REALM_TEXT_MAX, "the realm fits");

void plmn_realm(const struct plmn *plmn, char out[static REALM_TEXT_MAX])
{
    /* TS 23.003 19.2: an MNC of two digits is padded with a zero on the left. */
    size_t pad = plmn->mnc[2] == '\0' ? 1 : 0;
    memcpy(out, realm_form, sizeof realm_form);
    memcpy(out + REALM_MNC + pad, plmn->mnc, 3 - pad);
    memcpy(out + REALM_MCC, plmn->mcc, 3);
}

enum err plmn_from_realm(struct bytes realm, unsigned mnc_digits, struct plmn *out)
{
    if (realm.n != REALM_LEN) {
        return E_BAD_VALUE;
    }
    struct bytes mnc = {realm.p + REALM_MNC, 3};
    struct bytes mcc = {realm.p + REALM_MCC, 3};
    char same[REALM_LEN];
    memcpy(same, realm_form, REALM_LEN);
    memcpy(same + REALM_MNC, mnc.p, mnc.n);
    memcpy(same + REALM_MCC, mcc.p, mcc.n);
    if (!bytes_eq_nocase(realm, BYTES_OF(same)) || !digits_only(mnc) || !digits_only(mcc)) {
        return E_BAD_VALUE;
    }
    if (mnc_digits == 2 && mnc.p[0] == '0') {
        mnc = (struct bytes){mnc.p + 1, 2};
    }
    return plmn_set(mcc, mnc, out);
}

static bool is_letter_or_digit(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* RFC 1123 2.1: letters, digits and hyphens, and a hyphen neither begins nor ends a label. */
static enum err label_check(struct bytes label)
{
    if (label.n == 0 || label.p[0] == '-' || label.p[label.n - 1] == '-') {
        return E_BAD_VALUE;
    }
    for (size_t i = 0; i < label.n; i++) {
        if (!is_letter_or_digit(label.p[i]) && label.p[i] != '-') {
            return E_BAD_VALUE;
        }
    }
    return label.n <= LABEL_MAX ? E_OK : E_BAD_LENGTH;
}

enum err diameter_identity_check(struct bytes ascii)
{
    if (ascii.n == 0 || ascii.n > IDENTITY_MAX) {
        return E_BAD_LENGTH;
    }
    size_t start = 0;
    for (size_t i = 0; i <= ascii.n; i++) {
        if (i < ascii.n && ascii.p[i] != '.') {
            continue;
        }
        enum err err = label_check((struct bytes){ascii.p + start, i - start});
        if (err != E_OK) {
            return err;
        }
        start = i + 1;
    }
    return E_OK;
}
