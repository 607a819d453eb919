/* id/plmn.h - a PLMN identity as a value (TS 23.003 2.2, TS 24.301 9.9.3.32), and the realm and
 * host names that are made from it (TS 23.003 19.2).
 */
#ifndef BINDERY_ID_PLMN_H
#define BINDERY_ID_PLMN_H

#include "base/span.h"

#define PLMN_LEN       3
#define PLMN_TEXT_MAX  8  /* "001-001" and NUL */
#define REALM_TEXT_MAX 64 /* "epc.mnc001.mcc001.3gppnetwork.org" fits */

struct plmn {
    char mcc[4]; /* three digits, NUL */
    char mnc[4]; /* two or three digits, NUL; "01" and "001" are different PLMNs */
};

/* "001-01", "001-001" (also with '.' or '/'); without a separator 5 or 6 digits, the first three
 * being the MCC. Errors: E_BAD_LENGTH, E_BAD_DIGIT. */
MUST_USE enum err plmn_parse(struct bytes ascii, struct plmn *out);
/* The three octets of NAS, S6a and the KASME derivation. Errors: E_BAD_DIGIT. */
MUST_USE enum err plmn_from_octets(const uint8_t in[static PLMN_LEN], struct plmn *out);
void plmn_to_octets(const struct plmn *plmn, uint8_t out[static PLMN_LEN]);
bool plmn_eq(const struct plmn *a, const struct plmn *b);
void plmn_print(const struct plmn *plmn, char out[static PLMN_TEXT_MAX]); /* "001-01" */
/* "epc.mnc001.mcc001.3gppnetwork.org" (TS 23.003 19.2). */
void plmn_realm(const struct plmn *plmn, char out[static REALM_TEXT_MAX]);
/* The inverse. Errors: E_BAD_VALUE when the text is not such a realm. A three-digit MNC with a
 * leading zero is read as two digits only if `mnc_digits` is 2. */
MUST_USE enum err plmn_from_realm(struct bytes realm, unsigned mnc_digits, struct plmn *out);
/* A DiameterIdentity: labels of letters, digits and hyphens, 1 to 63 each, at most 255 in all
 * (RFC 6733 4.3.1, RFC 1123 2.1). One label is enough: "localdomain" is what Open5GS ships with as
 * its realm. Errors: E_BAD_VALUE, E_BAD_LENGTH. */
MUST_USE enum err diameter_identity_check(struct bytes ascii);

#endif
