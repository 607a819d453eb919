#include "codec/nas_ie.h"
#include <string.h>

#define DIGITS_MAX      16
#define ODD             8U    /* an odd number of digits */
#define GUTI_FIRST      0xF6U /* 1111, even, type 6 (TS 24.301 figure 9.9.3.12.1) */
#define TMSI_FIRST      0xF4U /* 1111, even, type 4 (TS 24.008 figure 10.5.4) */
#define GUTI_LEN        11
#define TMSI_LEN        5
#define NO_IDENTITY_LEN 3

static enum err finish(const struct wr *w, struct bytes *value)
{
    if (w->err == E_OK) {
        *value = wr_done(w);
    }
    return w->err;
}

/* ---- digits: the first in the high half of the first octet, then low half first ---- */

static enum err digits_take(struct bytes v, uint8_t digits[DIGITS_MAX], struct bytes *out)
{
    size_t n = v.n == 0 ? 0 : 2 * v.n - (v.p[0] & ODD ? 1 : 2);
    if (n == 0 || n > DIGITS_MAX) {
        return E_BAD_LENGTH;
    }
    for (size_t i = 0; i < n; i++) {
        uint8_t octet = v.p[(i + 1) / 2];
        unsigned digit = i % 2 == 0 ? octet >> 4 : octet & 0xFU; /* above 9 is for src/id to see */
        digits[i] = (uint8_t)('0' + digit);
    }
    if (n % 2 == 0 && v.p[v.n - 1] >> 4 != 0xF) {
        return E_BAD_DIGIT;
    }
    *out = (struct bytes){digits, n};
    return E_OK;
}

static void digits_put(struct wr *w, unsigned type, const char *digits, size_t n)
{
    uint8_t octet = (uint8_t)((unsigned)(digits[0] - '0') << 4 | (n % 2 ? ODD : 0U) | type);
    for (size_t i = 1; i < n; i += 2) {
        wr_u8(w, octet);
        unsigned high = i + 1 < n ? (unsigned)(digits[i + 1] - '0') : 0xFU;
        octet = (uint8_t)(high << 4 | (unsigned)(digits[i] - '0'));
    }
    wr_u8(w, octet);
}

/* Every IMEI is sent with a fifteenth digit, the spare one (TS 23.003 6.2.1). */
static void imei_put(struct wr *w, unsigned type, const struct imei *imei)
{
    char digits[IMEI_DIGITS + 1];
    memcpy(digits, imei->digits, IMEI_DIGITS);
    digits[IMEI_DIGITS] = '0';
    digits_put(w, type, digits, sizeof digits);
}

static void imeisv_put(struct wr *w, const struct imeisv *sv)
{
    char digits[DIGITS_MAX];
    memcpy(digits, sv->imei.digits, IMEI_DIGITS);
    memcpy(digits + IMEI_DIGITS, sv->svn, 2);
    digits_put(w, NAS_IDENTITY_IMEISV, digits, sizeof digits);
}

/* ---- EPS mobile identity ---- */

static enum err plmn_take(struct rd *r, struct plmn *out)
{
    struct bytes octets = rd_take(r, PLMN_LEN);
    return r->err == E_OK ? plmn_from_octets(octets.p, out) : r->err;
}

static void plmn_put(struct wr *w, const struct plmn *plmn)
{
    uint8_t octets[PLMN_LEN];
    plmn_to_octets(plmn, octets);
    wr_put(w, BYTES_OF(octets));
}

static enum err guti_take(struct bytes value, struct nas_guti *out)
{
    struct rd r = rd_of(value);
    if (rd_u8(&r) != GUTI_FIRST) {
        return E_BAD_VALUE;
    }
    enum err e = plmn_take(&r, &out->plmn);
    out->mme_group_id = rd_be16(&r);
    out->mme_code = rd_u8(&r);
    out->m_tmsi = rd_be32(&r);
    return e != E_OK ? e : r.err;
}

static void guti_put(struct wr *w, const struct nas_guti *guti)
{
    wr_u8(w, GUTI_FIRST);
    plmn_put(w, &guti->plmn);
    wr_be16(w, guti->mme_group_id);
    wr_u8(w, guti->mme_code);
    wr_be32(w, guti->m_tmsi);
}

bool nas_guti_eq(const struct nas_guti *a, const struct nas_guti *b)
{
    return plmn_eq(&a->plmn, &b->plmn) && a->mme_group_id == b->mme_group_id &&
           a->mme_code == b->mme_code && a->m_tmsi == b->m_tmsi;
}

enum err nas_eps_identity_parse(struct bytes value, struct nas_eps_identity *out)
{
    struct nas_eps_identity id = {0};
    uint8_t room[DIGITS_MAX];
    struct bytes digits = {NULL, 0};
    if (value.n == 0) {
        return E_TRUNCATED;
    }
    unsigned type = value.p[0] & 7U;
    enum err e = type == NAS_EPS_IDENTITY_GUTI ? E_OK : digits_take(value, room, &digits);
    if (type == NAS_EPS_IDENTITY_GUTI) {
        id.type = NAS_EPS_IDENTITY_GUTI;
        e = guti_take(value, &id.guti);
    } else if (e == E_OK && type == NAS_EPS_IDENTITY_IMSI) {
        id.type = NAS_EPS_IDENTITY_IMSI;
        e = imsi_parse(digits, &id.imsi);
    } else if (e == E_OK && type == NAS_EPS_IDENTITY_IMEI) {
        id.type = NAS_EPS_IDENTITY_IMEI;
        e = imei_parse_transmitted(digits, &id.imei);
    } else if (e == E_OK) {
        e = E_BAD_VALUE;
    }
    if (e == E_OK) {
        *out = id;
    }
    return e;
}

enum err nas_eps_identity_write(const struct nas_eps_identity *id, struct mbytes out,
                                struct bytes *value)
{
    struct wr w = wr_of(out);
    switch (id->type) {
    case NAS_EPS_IDENTITY_IMSI:
        digits_put(&w, NAS_EPS_IDENTITY_IMSI, id->imsi.digits, id->imsi.n);
        break;
    case NAS_EPS_IDENTITY_IMEI:
        imei_put(&w, NAS_EPS_IDENTITY_IMEI, &id->imei);
        break;
    case NAS_EPS_IDENTITY_GUTI:
        guti_put(&w, &id->guti);
        break;
    }
    return finish(&w, value);
}

/* ---- Mobile identity ---- */

static enum err tmsi_take(struct bytes value, uint32_t *out)
{
    struct rd r = rd_of(value);
    if (rd_u8(&r) != TMSI_FIRST) {
        return E_BAD_VALUE;
    }
    *out = rd_be32(&r);
    return r.err;
}

static enum err numbered_take(struct bytes value, struct nas_identity *id)
{
    uint8_t room[DIGITS_MAX];
    struct bytes digits;
    enum err e = digits_take(value, room, &digits);
    if (e != E_OK) {
        return e;
    }
    if (id->type == NAS_IDENTITY_IMSI) {
        return imsi_parse(digits, &id->imsi);
    }
    return id->type == NAS_IDENTITY_IMEI ? imei_parse_transmitted(digits, &id->imei)
                                         : imeisv_parse(digits, &id->imeisv);
}

enum err nas_identity_parse(struct bytes value, struct nas_identity *out)
{
    if (value.n == 0) {
        return E_TRUNCATED;
    }
    struct nas_identity id = {0};
    unsigned type = value.p[0] & 7U;
    if (type > NAS_IDENTITY_TMSI) {
        return E_BAD_VALUE; /* TMGI, or reserved: no UE answers with it */
    }
    id.type = (enum nas_identity_type)type;
    enum err e = E_OK;
    if (id.type == NAS_IDENTITY_TMSI) {
        e = tmsi_take(value, &id.tmsi);
    } else if (id.type != NAS_IDENTITY_NONE) {
        e = numbered_take(value, &id);
    }
    if (e == E_OK) {
        *out = id;
    }
    return e;
}

enum err nas_identity_write(const struct nas_identity *id, struct mbytes out, struct bytes *value)
{
    struct wr w = wr_of(out);
    switch (id->type) {
    case NAS_IDENTITY_NONE:
        wr_zero(&w, NO_IDENTITY_LEN);
        break;
    case NAS_IDENTITY_IMSI:
        digits_put(&w, NAS_IDENTITY_IMSI, id->imsi.digits, id->imsi.n);
        break;
    case NAS_IDENTITY_IMEI:
        imei_put(&w, NAS_IDENTITY_IMEI, &id->imei);
        break;
    case NAS_IDENTITY_IMEISV:
        imeisv_put(&w, &id->imeisv);
        break;
    case NAS_IDENTITY_TMSI:
        wr_u8(&w, TMSI_FIRST);
        wr_be32(&w, id->tmsi);
        break;
    }
    return finish(&w, value);
}

/* ---- tracking areas ---- */

bool nas_tai_eq(const struct nas_tai *a, const struct nas_tai *b)
{
    return plmn_eq(&a->plmn, &b->plmn) && a->tac == b->tac;
}

enum err nas_tai_parse(struct bytes value, struct nas_tai *out)
{
    struct rd r = rd_of(value);
    struct nas_tai tai;
    enum err e = plmn_take(&r, &tai.plmn);
    tai.tac = rd_be16(&r);
    e = e != E_OK ? e : r.err;
    if (e == E_OK) {
        *out = tai;
    }
    return e;
}

void nas_tai_write(const struct nas_tai *tai, uint8_t out[static NAS_TAI_LEN])
{
    struct wr w = wr_of((struct mbytes){out, NAS_TAI_LEN});
    plmn_put(&w, &tai->plmn);
    wr_be16(&w, tai->tac);
}

/* Types of partial lists (TS 24.301 9.9.3.33): TACs of one PLMN, the first of consecutive TACs, or
 * whole TAIs. */
enum { LIST_TACS = 0, LIST_CONSECUTIVE = 1, LIST_TAIS = 2 };

static void list_add(struct nas_tai_list *list, const struct nas_tai *tai)
{
    if (list->n < NAS_TAI_LIST_MAX) {
        list->tai[list->n++] = *tai;
    }
}

static enum err partial_list_take(struct rd *r, struct nas_tai_list *list)
{
    uint8_t first = rd_u8(r);
    unsigned type = first >> 5 & 3U;
    unsigned n = (first & 0x1FU) + 1;
    struct nas_tai tai = {0};
    if (type > LIST_TAIS) {
        return E_BAD_VALUE;
    }
    n = n > NAS_TAI_LIST_MAX ? NAS_TAI_LIST_MAX : n; /* 9.9.3.33: read as 16 */
    for (unsigned i = 0; i < n; i++) {
        enum err e = i == 0 || type == LIST_TAIS ? plmn_take(r, &tai.plmn) : E_OK;
        if (i == 0 || type != LIST_CONSECUTIVE) {
            tai.tac = rd_be16(r);
        } else if (tai.tac++ == UINT16_MAX) {
            return E_BAD_VALUE;
        }
        e = e != E_OK ? e : r->err;
        if (e != E_OK) {
            return e;
        }
        list_add(list, &tai);
    }
    return E_OK;
}

enum err nas_tai_list_parse(struct bytes value, struct nas_tai_list *out)
{
    struct rd r = rd_of(value);
    struct nas_tai_list list = {.n = 0};
    enum err e = value.n == 0 ? E_TRUNCATED : E_OK;
    while (e == E_OK && rd_left(&r) > 0 && list.n < NAS_TAI_LIST_MAX) {
        e = partial_list_take(&r, &list);
    }
    if (e == E_OK) {
        *out = list;
    }
    return e;
}

static unsigned list_type(const struct nas_tai_list *list)
{
    bool consecutive = true;
    for (size_t i = 1; i < list->n; i++) {
        if (!plmn_eq(&list->tai[i].plmn, &list->tai[0].plmn)) {
            return LIST_TAIS;
        }
        consecutive = consecutive && list->tai[i].tac == list->tai[0].tac + i;
    }
    return consecutive && list->n > 1 ? LIST_CONSECUTIVE : LIST_TACS;
}

enum err nas_tai_list_write(const struct nas_tai_list *list, struct mbytes out, struct bytes *value)
{
    if (list->n == 0 || list->n > NAS_TAI_LIST_MAX) {
        return E_BAD_VALUE;
    }
    struct wr w = wr_of(out);
    unsigned type = list_type(list);
    wr_u8(&w, (uint8_t)(type << 5 | (list->n - 1U)));
    for (size_t i = 0; i < list->n; i++) {
        if (i == 0 || type == LIST_TAIS) {
            plmn_put(&w, &list->tai[i].plmn);
        }
        if (i == 0 || type != LIST_CONSECUTIVE) {
            wr_be16(&w, list->tai[i].tac);
        }
    }
    return finish(&w, value);
}

bool nas_tai_list_has(const struct nas_tai_list *list, const struct nas_tai *tai)
{
    for (size_t i = 0; i < list->n; i++) {
        if (nas_tai_eq(&list->tai[i], tai)) {
            return true;
        }
    }
    return false;
}

/* ---- capabilities ---- */

enum { EEA, EIA, UEA, UIA, GEA }; /* octets of UE security capability */
#define NOT_AN_ALGORITHM 0x80U    /* UCS2 in octet 4 of UE network capability, spare in the other */

/* GEA1 in bit 7 down to GEA7 in bit 1, of bit 8 of octet 1 and bits 7 to 2 of octet 2 (TS 24.008
 * 10.5.5.12). */
static uint8_t gea_of(struct bytes ms)
{
    unsigned first = ms.n > 0 ? ms.p[0] : 0U;
    unsigned second = ms.n > 1 ? ms.p[1] : 0U;
    return (uint8_t)((first & 0x80U) >> 1 | (second >> 1 & 0x3FU));
}

enum err nas_ue_security_capability(struct bytes ue_network_capability,
                                    struct bytes ms_network_capability,
                                    uint8_t out[static NAS_UE_SECURITY_CAPABILITY_MAX],
                                    struct bytes *value)
{
    struct bytes ue = ue_network_capability;
    if (ue.n < UEA) {
        return E_TRUNCATED;
    }
    size_t n = ue.n > UIA ? GEA : UEA;
    memset(out, 0, NAS_UE_SECURITY_CAPABILITY_MAX);
    memcpy(out, ue.p, n);
    out[UIA] &= (uint8_t)~NOT_AN_ALGORITHM;
    if (ms_network_capability.p) {
        out[GEA] = gea_of(ms_network_capability);
        n = NAS_UE_SECURITY_CAPABILITY_MAX;
    }
    *value = (struct bytes){out, n};
    return E_OK;
}

static unsigned octet_at(struct bytes v, size_t i)
{
    return i < v.n ? v.p[i] & (i < UIA ? 0xFFU : 0x7FU) : 0U;
}

bool nas_ue_security_capability_eq(struct bytes a, struct bytes b)
{
    for (size_t i = 0; i < NAS_UE_SECURITY_CAPABILITY_MAX; i++) {
        if (octet_at(a, i) != octet_at(b, i)) {
            return false;
        }
    }
    return true;
}

static bool supports(struct bytes v, size_t octet, unsigned algorithm)
{
    return algorithm < 8 && octet < v.n && (v.p[octet] & 0x80U >> algorithm) != 0;
}

bool nas_ue_supports_eea(struct bytes capability, unsigned algorithm)
{
    return supports(capability, EEA, algorithm);
}

bool nas_ue_supports_eia(struct bytes capability, unsigned algorithm)
{
    return supports(capability, EIA, algorithm);
}
