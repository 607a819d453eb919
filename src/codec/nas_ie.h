/* codec/nas_ie.h - the values of NAS information elements: between the octets that
 * codec/nas_table.h hands over (value part, without IEI and length) and the things of src/id,
 * seconds, text and bits.
 *
 * Parsers take a value that follows its clause, with the octets after it that TS 24.007 11.4.2 lets
 * a receiver ignore where the element's length is its own; a value that names what is reserved, or
 * ends too early, is E_BAD_VALUE or E_TRUNCATED. *out is written on E_OK only. A mandatory value
 * that is refused is cause #96, an optional one counts as absent (TS 24.301 7.5.1, 7.7.1).
 *
 * Writers put the value into `out` and set *value to the octets written, ready for a message's
 * member: uint8_t room[NAS_IDENTITY_MAX]; nas_identity_write(&id, MBYTES_OF(room), &m.identity).
 * Their errors are E_NO_ROOM and those named.
 */
#ifndef BINDERY_CODEC_NAS_IE_H
#define BINDERY_CODEC_NAS_IE_H

#include "codec/nas_codes.h"
#include "id/imei.h"
#include "id/imsi.h"
#include "id/plmn.h"

/* ---- identities ---- */

#define NAS_IDENTITY_MAX 11

struct nas_guti { /* TS 23.003 2.8 */
    struct plmn plmn;
    uint16_t mme_group_id;
    uint8_t mme_code;
    uint32_t m_tmsi;
};
bool nas_guti_eq(const struct nas_guti *a, const struct nas_guti *b);

/* EPS mobile identity (TS 24.301 9.9.3.12). An IMEI is 15 digits of which the last is a spare zero
 * when we write and anything when we read (TS 23.003 6.2.1). */
struct nas_eps_identity {
    enum nas_eps_identity_type type;
    union {
        struct imsi imsi;
        struct imei imei;
        struct nas_guti guti;
    };
};
MUST_USE enum err nas_eps_identity_parse(struct bytes value, struct nas_eps_identity *out);
MUST_USE enum err nas_eps_identity_write(const struct nas_eps_identity *id, struct mbytes out,
                                         struct bytes *value);

/* Mobile identity (TS 24.008 10.5.1.4); of none nothing else is read. */
struct nas_identity {
    enum nas_identity_type type;
    union {
        struct imsi imsi;
        struct imei imei;
        struct imeisv imeisv;
        uint32_t tmsi;
    };
};
MUST_USE enum err nas_identity_parse(struct bytes value, struct nas_identity *out);
/* NONE is three octets: without digits, as TS 24.008 10.5.1.4 has it for an identity answer. */
MUST_USE enum err nas_identity_write(const struct nas_identity *id, struct mbytes out,
                                     struct bytes *value);

/* ---- places ---- */

#define NAS_TAI_LEN      5
#define NAS_TAI_LIST_MAX 16
#define NAS_TAI_LIST_LEN 96 /* of the value, at most */

struct nas_tai { /* TS 24.301 9.9.3.32 */
    struct plmn plmn;
    uint16_t tac;
};
bool nas_tai_eq(const struct nas_tai *a, const struct nas_tai *b);
/* Errors: E_TRUNCATED, E_BAD_DIGIT. */
MUST_USE enum err nas_tai_parse(struct bytes value, struct nas_tai *out);
void nas_tai_write(const struct nas_tai *tai, uint8_t out[static NAS_TAI_LEN]);

/* The members of a TAI list in the order they were sent (9.9.3.33), lists of all three types, those
 * beyond the sixteenth left out. The writer makes one list of the type that fits the members best.
 */
struct nas_tai_list {
    struct nas_tai tai[NAS_TAI_LIST_MAX];
    uint8_t n;
};
/* Errors: E_TRUNCATED, E_BAD_DIGIT, E_BAD_VALUE (a type that is reserved, TACs past FFFF). */
MUST_USE enum err nas_tai_list_parse(struct bytes value, struct nas_tai_list *out);
/* Errors: E_BAD_VALUE (none, or more than 16). */
MUST_USE enum err nas_tai_list_write(const struct nas_tai_list *list, struct mbytes out,
                                     struct bytes *value);
bool nas_tai_list_has(const struct nas_tai_list *list, const struct nas_tai *tai);

/* ---- capabilities and security ---- */

#define NAS_UE_SECURITY_CAPABILITY_MAX 5

/* UE security capability (9.9.3.36) of a UE network capability (9.9.3.34): EEA and EIA; UEA and UIA
 * without the UCS2 bit if they were there; GEA if an MS network capability (TS 24.008 10.5.5.12)
 * came with it, p NULL else. The UE and the MME make it alike and compare.
 * Errors: E_TRUNCATED (a UE network capability has two octets at least). */
MUST_USE enum err nas_ue_security_capability(struct bytes ue_network_capability,
                                             struct bytes ms_network_capability,
                                             uint8_t out[static NAS_UE_SECURITY_CAPABILITY_MAX],
                                             struct bytes *value);
/* Do both list the same algorithms? Octets that are missing at the end list none. */
bool nas_ue_security_capability_eq(struct bytes a, struct bytes b);
/* Algorithms 0 to 7, of a UE network capability or a UE security capability. */
bool nas_ue_supports_eea(struct bytes capability, unsigned algorithm);
bool nas_ue_supports_eia(struct bytes capability, unsigned algorithm);

/* Selected NAS security algorithms (9.9.3.23): each 0 to 7. */
static inline uint8_t nas_algorithms(unsigned eea, unsigned eia)
{
    return (uint8_t)((eea & 7U) << 4 | (eia & 7U));
}
static inline unsigned nas_algorithms_eea(uint8_t v)
{
    return v >> 4 & 7U;
}
static inline unsigned nas_algorithms_eia(uint8_t v)
{
    return v & 7U;
}

/* ---- timers ---- */

#define NAS_TIMER_OFF UINT32_MAX /* "deactivated" */

/* GPRS timer and GPRS timer 2 (TS 24.008 10.5.7.3, 10.5.7.4), and GPRS timer 3 (10.5.7.4a), to
 * seconds. Units that are not defined count as minutes in the first two (10.5.7.3). */
uint32_t nas_timer_seconds(uint8_t v);
uint32_t nas_timer_3_seconds(uint8_t v);
/* The shortest time that can be said and is not shorter; the longest when it is too long. */
uint8_t nas_timer_of(uint32_t seconds);
uint8_t nas_timer_3_of(uint32_t seconds);

/* ---- sessions ---- */

#define NAS_APN_MAX      100 /* octets of labels (TS 23.003 9.1) */
#define NAS_APN_TEXT_MAX 101 /* dotted, with NUL */

/* Labels to "internet.mnc001.mcc001.gprs". Errors: E_BAD_VALUE (a label that is empty, has other
 * characters than letters, digits and hyphens, or is no label at all), E_TRUNCATED, E_BAD_LENGTH.
 */
MUST_USE enum err nas_apn_to_text(struct bytes value, char out[static NAS_APN_TEXT_MAX]);
/* Errors: E_BAD_VALUE, E_BAD_LENGTH. */
MUST_USE enum err nas_apn_from_text(struct bytes text, struct mbytes out, struct bytes *value);

/* PDN address (9.9.4.9). */
#define NAS_PDN_ADDRESS_MAX 13
struct nas_pdn_address {
    enum nas_pdn_type type;
    uint8_t interface_id[8]; /* of IPV6 and IPV4V6 */
    uint8_t ipv4[4];         /* of IPV4 and IPV4V6 */
};
MUST_USE enum err nas_pdn_address_parse(struct bytes value, struct nas_pdn_address *out);
MUST_USE enum err nas_pdn_address_write(const struct nas_pdn_address *a, struct mbytes out,
                                        struct bytes *value);

/* APN-AMBR (9.9.4.2) in kbit/s. The writer says the highest rate that can be said and is not
 * higher; 0 cannot be said otherwise than by 0. */
#define NAS_APN_AMBR_MAX 6
struct nas_apn_ambr {
    uint32_t down_kbps;
    uint32_t up_kbps;
};
MUST_USE enum err nas_apn_ambr_parse(struct bytes value, struct nas_apn_ambr *out);
/* Errors: E_BAD_VALUE (above what six octets can say, 65280 Mbit/s). */
MUST_USE enum err nas_apn_ambr_write(const struct nas_apn_ambr *a, struct mbytes out,
                                     struct bytes *value);

/* EPS QoS (9.9.4.3): the QCI; bit rates, which a default bearer has none of, stay octets. */
struct nas_eps_qos {
    uint8_t qci;
    struct bytes rates; /* 0, 4, 8 or 12 octets */
};
MUST_USE enum err nas_eps_qos_parse(struct bytes value, struct nas_eps_qos *out);

/* ---- names ---- */

#define NAS_NETWORK_NAME_TEXT_MAX 64

/* Network name (TS 24.008 10.5.3.5a) in the GSM 7 bit default alphabet (TS 23.038 6.2.1), as far as
 * that is ASCII. Errors: E_UNSUPPORTED (UCS2, or a character that ASCII lacks), E_BAD_VALUE,
 * E_BAD_LENGTH. */
MUST_USE enum err nas_network_name_to_text(struct bytes value,
                                           char out[static NAS_NETWORK_NAME_TEXT_MAX]);
/* Without country initials. Errors: E_UNSUPPORTED (a character the alphabet lacks), E_BAD_LENGTH.
 */
MUST_USE enum err nas_network_name_from_text(struct bytes text, struct mbytes out,
                                             struct bytes *value);

#endif
