/* codec/nas_place_text.h - identities, places and addresses as text, and back, and the words and
 * numbers that such text is read with; for codec/nas_value_text.c alone.
 *
 * To text: false when the value is none. `out` has NAS_VALUE_TEXT_MAX chars. From text: E_BAD_VALUE
 * and the errors of codec/nas_ie.h.
 */
#ifndef BINDERY_CODEC_NAS_PLACE_TEXT_H
#define BINDERY_CODEC_NAS_PLACE_TEXT_H

#include "codec/nas_value_text.h"

/* Text that is read from the front; not good any more once something else stands there. */
struct nas_scan {
    const char *p;
    bool good;
};
void nas_scan_word(struct nas_scan *s, const char *word);
/* Digits of base 10 or 16, lower case; above `most` is not good. */
uint32_t nas_scan_number(struct nas_scan *s, unsigned base, uint32_t most);
bool nas_scan_end(const struct nas_scan *s); /* good, and nothing is left */

bool nas_to_eps_identity(struct bytes value, bool mask, char *out);
MUST_USE enum err nas_from_eps_identity(const char *text, struct mbytes out, struct bytes *value);
bool nas_to_identity(struct bytes value, bool mask, char *out);
MUST_USE enum err nas_from_identity(const char *text, struct mbytes out, struct bytes *value);
/* NAS_FORM_TAI or NAS_FORM_TAI_LIST */
bool nas_to_places(enum nas_form form, struct bytes value, char *out);
MUST_USE enum err nas_from_places(enum nas_form form, const char *text, struct mbytes out,
                                  struct bytes *value);
bool nas_to_plmn_list(struct bytes value, char *out);
MUST_USE enum err nas_from_plmn_list(const char *text, struct mbytes out, struct bytes *value);
bool nas_to_pdn_address(struct bytes value, char *out);
MUST_USE enum err nas_from_pdn_address(const char *text, struct mbytes out, struct bytes *value);

#endif
