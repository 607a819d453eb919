#include "codec/nas_place_text.h"
#include "codec/nas_ie.h"
#include <stdio.h>
#include <string.h>

#define ROOM NAS_VALUE_TEXT_MAX

/* ---- reading text ---- */

void nas_scan_word(struct nas_scan *s, const char *word)
{
    size_t n = strlen(word);
    s->good = s->good && strncmp(s->p, word, n) == 0;
    s->p += s->good ? n : 0;
}

static int digit_of(char c, unsigned base)
{
    int v = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : 16;
    return v < (int)base ? v : -1;
}

uint32_t nas_scan_number(struct nas_scan *s, unsigned base, uint32_t most)
{
    uint64_t v = 0;
    s->good = s->good && digit_of(*s->p, base) >= 0;
    while (s->good && digit_of(*s->p, base) >= 0) {
        v = v * base + (unsigned)digit_of(*s->p++, base);
        s->good = v <= most;
    }
    return s->good ? (uint32_t)v : 0;
}

static void scan_plmn(struct nas_scan *s, struct plmn *out)
{
    size_t n = 0;
    while (s->good && n < PLMN_TEXT_MAX && (digit_of(s->p[n], 10) >= 0 || s->p[n] == '-')) {
        n++;
    }
    s->good = s->good && plmn_parse((struct bytes){(const uint8_t *)s->p, n}, out) == E_OK;
    s->p += s->good ? n : 0;
}

/* At the end of a list or at its next member. */
static bool scan_more(struct nas_scan *s)
{
    if (!s->good || *s->p == '\0') {
        return false;
    }
    nas_scan_word(s, ", ");
    return s->good;
}

bool nas_scan_end(const struct nas_scan *s)
{
    return s->good && *s->p == '\0';
}

/* ---- identities ---- */

static void print_imsi(const struct imsi *imsi, bool mask, char *out)
{
    char masked[IMSI_DIGITS_MAX + 1];
    imsi_mask(imsi, masked);
    (void)snprintf(out, ROOM, "imsi %s", mask ? masked : imsi->digits);
}

static void print_imei(const char *word, const struct imei *imei, const char *svn, bool mask,
                       char *out)
{
    (void)snprintf(out, ROOM, mask ? "%s %.8s******%s" : "%s %s%s", word, imei->digits,
                   mask ? "" : svn);
}

bool nas_to_eps_identity(struct bytes value, bool mask, char *out)
{
    struct nas_eps_identity id;
    char plmn[PLMN_TEXT_MAX];
    if (nas_eps_identity_parse(value, &id) != E_OK) {
        return false;
    }
    switch (id.type) {
    case NAS_EPS_IDENTITY_IMSI:
        print_imsi(&id.imsi, mask, out);
        break;
    case NAS_EPS_IDENTITY_IMEI:
        print_imei("imei", &id.imei, "", mask, out);
        break;
    case NAS_EPS_IDENTITY_GUTI:
        plmn_print(&id.guti.plmn, plmn);
        (void)snprintf(out, ROOM, "guti %s group %u code %u tmsi %08x", plmn, id.guti.mme_group_id,
                       id.guti.mme_code, (unsigned)id.guti.m_tmsi);
        break;
    }
    return true;
}

/* The digits behind a word, or an empty span. */
static struct bytes after_word(const char *text, const char *word)
{
    size_t n = strlen(word);
    bool has = strncmp(text, word, n) == 0 && text[n] == ' ';
    return has ? bytes_of_str(text + n + 1) : (struct bytes){NULL, 0};
}

static bool guti_from_text(const char *text, struct nas_guti *out)
{
    struct nas_scan s = {text, true};
    nas_scan_word(&s, "guti ");
    scan_plmn(&s, &out->plmn);
    nas_scan_word(&s, " group ");
    out->mme_group_id = (uint16_t)nas_scan_number(&s, 10, UINT16_MAX);
    nas_scan_word(&s, " code ");
    out->mme_code = (uint8_t)nas_scan_number(&s, 10, UINT8_MAX);
    nas_scan_word(&s, " tmsi ");
    out->m_tmsi = nas_scan_number(&s, 16, UINT32_MAX);
    return nas_scan_end(&s);
}

static bool tmsi_from_text(const char *text, uint32_t *out)
{
    struct nas_scan s = {text, true};
    nas_scan_word(&s, "tmsi ");
    *out = nas_scan_number(&s, 16, UINT32_MAX);
    return nas_scan_end(&s);
}

enum err nas_from_eps_identity(const char *text, struct mbytes out, struct bytes *value)
{
    struct nas_eps_identity id;
    struct bytes imsi = after_word(text, "imsi");
    struct bytes imei = after_word(text, "imei");
    if (imsi.p && imsi_parse(imsi, &id.imsi) == E_OK) {
        id.type = NAS_EPS_IDENTITY_IMSI;
    } else if (imei.p && imei_parse(imei, &id.imei) == E_OK) {
        id.type = NAS_EPS_IDENTITY_IMEI;
    } else if (guti_from_text(text, &id.guti)) {
        id.type = NAS_EPS_IDENTITY_GUTI;
    } else {
        return E_BAD_VALUE;
    }
    return nas_eps_identity_write(&id, out, value);
}

bool nas_to_identity(struct bytes value, bool mask, char *out)
{
    struct nas_identity id;
    if (nas_identity_parse(value, &id) != E_OK) {
        return false;
    }
    switch (id.type) {
    case NAS_IDENTITY_NONE:
        (void)snprintf(out, ROOM, "none");
        break;
    case NAS_IDENTITY_IMSI:
        print_imsi(&id.imsi, mask, out);
        break;
    case NAS_IDENTITY_IMEI:
        print_imei("imei", &id.imei, "", mask, out);
        break;
    case NAS_IDENTITY_IMEISV:
        print_imei("imeisv", &id.imeisv.imei, id.imeisv.svn, mask, out);
        break;
    case NAS_IDENTITY_TMSI:
        (void)snprintf(out, ROOM, "tmsi %08x", (unsigned)id.tmsi);
        break;
    }
    return true;
}

enum err nas_from_identity(const char *text, struct mbytes out, struct bytes *value)
{
    struct nas_identity id;
    struct bytes imsi = after_word(text, "imsi");
    struct bytes imei = after_word(text, "imei");
    struct bytes imeisv = after_word(text, "imeisv");
    if (imsi.p && imsi_parse(imsi, &id.imsi) == E_OK) {
        id.type = NAS_IDENTITY_IMSI;
    } else if (imei.p && imei_parse(imei, &id.imei) == E_OK) {
        id.type = NAS_IDENTITY_IMEI;
    } else if (imeisv.p && imeisv_parse(imeisv, &id.imeisv) == E_OK) {
        id.type = NAS_IDENTITY_IMEISV;
    } else if (tmsi_from_text(text, &id.tmsi)) {
        id.type = NAS_IDENTITY_TMSI;
    } else if (strcmp(text, "none") == 0) {
        id.type = NAS_IDENTITY_NONE;
    } else {
        return E_BAD_VALUE;
    }
    return nas_identity_write(&id, out, value);
}

/* ---- places ---- */

/* "001-01 7, 001-01 8"; the TACs only if there are some. */
static bool to_tai_list(const struct nas_tai_list *list, char *out)
{
    size_t n = 0;
    for (size_t i = 0; i < list->n; i++) {
        char plmn[PLMN_TEXT_MAX];
        plmn_print(&list->tai[i].plmn, plmn);
        n += (size_t)snprintf(out + n, ROOM - n, "%s%s %u", i ? ", " : "", plmn, list->tai[i].tac);
    }
    return true;
}

static bool tai_list_from_text(const char *text, struct nas_tai_list *list)
{
    struct nas_scan s = {text, true};
    list->n = 0;
    do {
        struct nas_tai *tai = &list->tai[list->n++];
        scan_plmn(&s, &tai->plmn);
        nas_scan_word(&s, " ");
        tai->tac = (uint16_t)nas_scan_number(&s, 10, UINT16_MAX);
    } while (list->n < NAS_TAI_LIST_MAX && scan_more(&s));
    return nas_scan_end(&s);
}

bool nas_to_places(enum nas_form form, struct bytes value, char *out)
{
    struct nas_tai_list list = {.n = 1};
    enum err e = form == NAS_FORM_TAI ? nas_tai_parse(value, &list.tai[0])
                                      : nas_tai_list_parse(value, &list);
    return e == E_OK && to_tai_list(&list, out);
}

enum err nas_from_places(enum nas_form form, const char *text, struct mbytes out,
                         struct bytes *value)
{
    struct nas_tai_list list;
    if (!tai_list_from_text(text, &list)) {
        return E_BAD_VALUE;
    }
    if (form == NAS_FORM_TAI_LIST) {
        return nas_tai_list_write(&list, out, value);
    }
    if (out.n < NAS_TAI_LEN) {
        return E_NO_ROOM;
    }
    nas_tai_write(&list.tai[0], out.p);
    *value = (struct bytes){out.p, NAS_TAI_LEN};
    return list.n == 1 ? E_OK : E_BAD_VALUE;
}

bool nas_to_plmn_list(struct bytes value, char *out)
{
    size_t n = 0;
    out[0] = '\0';
    for (size_t i = 0; i + PLMN_LEN <= value.n; i += PLMN_LEN) {
        struct plmn plmn;
        char text[PLMN_TEXT_MAX];
        if (plmn_from_octets(value.p + i, &plmn) != E_OK) {
            return false;
        }
        plmn_print(&plmn, text);
        n += (size_t)snprintf(out + n, ROOM - n, "%s%s", i ? ", " : "", text);
    }
    return value.n > 0;
}

enum err nas_from_plmn_list(const char *text, struct mbytes out, struct bytes *value)
{
    struct nas_scan s = {text, true};
    struct wr w = wr_of(out);
    do {
        struct plmn plmn;
        uint8_t octets[PLMN_LEN];
        scan_plmn(&s, &plmn);
        if (s.good) {
            plmn_to_octets(&plmn, octets);
            wr_put(&w, BYTES_OF(octets));
        }
    } while (scan_more(&s));
    *value = wr_done(&w);
    return nas_scan_end(&s) ? w.err : E_BAD_VALUE;
}

/* ---- PDN address ---- */

bool nas_to_pdn_address(struct bytes value, char *out)
{
    struct nas_pdn_address a;
    char id[2 * sizeof a.interface_id + 1];
    char ipv4[16];
    if (nas_pdn_address_parse(value, &a) != E_OK) {
        return false;
    }
    hex_encode(BYTES_OF(a.interface_id), id);
    (void)snprintf(ipv4, sizeof ipv4, "%u.%u.%u.%u", a.ipv4[0], a.ipv4[1], a.ipv4[2], a.ipv4[3]);
    switch (a.type) {
    case NAS_PDN_IPV4:
        (void)snprintf(out, ROOM, "ipv4 %s", ipv4);
        break;
    case NAS_PDN_IPV6:
        (void)snprintf(out, ROOM, "ipv6 %s", id);
        break;
    case NAS_PDN_IPV4V6:
        (void)snprintf(out, ROOM, "ipv4v6 %s %s", id, ipv4);
        break;
    case NAS_PDN_NON_IP:
        (void)snprintf(out, ROOM, "non-ip");
        break;
    case NAS_PDN_ETHERNET:
        (void)snprintf(out, ROOM, "ethernet");
        break;
    }
    return true;
}

static void scan_ipv4(struct nas_scan *s, uint8_t out[4])
{
    for (size_t i = 0; i < 4; i++) {
        nas_scan_word(s, i ? "." : "");
        out[i] = (uint8_t)nas_scan_number(s, 10, UINT8_MAX);
    }
}

static void scan_interface_id(struct nas_scan *s, uint8_t out[8])
{
    char hex[17] = {0};
    for (size_t i = 0; s->good && i < sizeof hex - 1; i++) {
        s->good = *s->p != '\0';
        hex[i] = *s->p;
        s->p += s->good ? 1 : 0;
    }
    s->good = s->good && hex_decode(hex, (struct mbytes){out, 8}) == E_OK;
}

static bool begins(struct nas_scan *s, const char *text, const char *word)
{
    *s = (struct nas_scan){text, true};
    nas_scan_word(s, word);
    return s->good;
}

enum err nas_from_pdn_address(const char *text, struct mbytes out, struct bytes *value)
{
    struct nas_pdn_address a = {.type = NAS_PDN_NON_IP};
    struct nas_scan s;
    if (begins(&s, text, "ipv4 ")) {
        a.type = NAS_PDN_IPV4;
        scan_ipv4(&s, a.ipv4);
    } else if (begins(&s, text, "ipv6 ")) {
        a.type = NAS_PDN_IPV6;
        scan_interface_id(&s, a.interface_id);
    } else if (begins(&s, text, "ipv4v6 ")) {
        a.type = NAS_PDN_IPV4V6;
        scan_interface_id(&s, a.interface_id);
        nas_scan_word(&s, " ");
        scan_ipv4(&s, a.ipv4);
    } else if (begins(&s, text, "ethernet")) {
        a.type = NAS_PDN_ETHERNET;
    } else {
        (void)begins(&s, text, "non-ip");
    }
    return nas_scan_end(&s) ? nas_pdn_address_write(&a, out, value) : E_BAD_VALUE;
}
