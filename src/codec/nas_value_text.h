/* codec/nas_value_text.h - one value of an information element as text, and back. For
 * codec/nas_text.c and codec/nas_text_build.c; on hosts only.
 *
 * What a form cannot say exactly - a value that would come back as other octets - is said in hex,
 * "0x0a1b", which every form takes. Numbers have their name behind them for the reader alone:
 * "17 (Network failure)" and "17" are the same.
 */
#ifndef BINDERY_CODEC_NAS_VALUE_TEXT_H
#define BINDERY_CODEC_NAS_VALUE_TEXT_H

#include "base/span.h"
#include "codec/nas_dictionary.h"

#define NAS_TEXT_PDU_MAX   8192
#define NAS_VALUE_TEXT_MAX (2 * NAS_TEXT_PDU_MAX + 3)

enum nas_form {
    NAS_FORM_HEX,
    NAS_FORM_ASCII, /* of a container's tags */
    NAS_FORM_NUMBER,
    NAS_FORM_ATTACH_TYPE, /* numbers with names, up to EMM_CAUSE */
    NAS_FORM_ATTACH_RESULT,
    NAS_FORM_DETACH_TYPE,
    NAS_FORM_DETACH_TYPE_DOWN,
    NAS_FORM_UPDATE_TYPE,
    NAS_FORM_IDENTITY_TYPE,
    NAS_FORM_KSI,
    NAS_FORM_PDN_TYPE,
    NAS_FORM_REQUEST_TYPE,
    NAS_FORM_EMM_CAUSE,
    NAS_FORM_ESM_CAUSE,
    NAS_FORM_ALGORITHMS,
    NAS_FORM_TIMER_2,
    NAS_FORM_TIMER_3,
    NAS_FORM_EPS_IDENTITY,
    NAS_FORM_IDENTITY,
    NAS_FORM_TAI,
    NAS_FORM_TAI_LIST,
    NAS_FORM_PLMN_LIST,
    NAS_FORM_APN,
    NAS_FORM_PDN_ADDRESS,
    NAS_FORM_NETWORK_NAME,
    NAS_FORM_MESSAGE,  /* fields of its own */
    NAS_FORM_CONTAINER /* fields of its own */
};
enum nas_form nas_ie_form(enum nas_ie ie);

/* Up to NAS_TEXT_PDU_MAX octets. mask: an IMSI as 00101*******678, an IMEI without its serial
 * number; such a text does not come back. */
void nas_value_to_text(enum nas_form form, struct bytes value, bool mask,
                       char out[static NAS_VALUE_TEXT_MAX]);
/* Errors: E_BAD_VALUE (the text is none of this form), E_NO_ROOM. */
MUST_USE enum err nas_value_from_text(enum nas_form form, const char *text, struct mbytes out,
                                      struct bytes *value);

#endif
