#include "codec/nas_ie.h"
#include <string.h>

static enum err finish(const struct wr *w, struct bytes *value)
{
    if (w->err == E_OK) {
        *value = wr_done(w);
    }
    return w->err;
}

/* ---- timers ---- */

#define TIMER_OFF    0xE0U
#define TIMER_MOST   31U
#define UNITS        7U
#define MINUTE       60U
#define NO_SUCH_UNIT 0U

/* Seconds of a unit, by its number (TS 24.008 10.5.7.3 and 10.5.7.4a). */
static const uint32_t timer_units[UNITS] = {2, MINUTE, 360, NO_SUCH_UNIT};
static const uint32_t timer_3_units[UNITS] = {600, 3600, 36000, 2, 30, MINUTE, 1152000};

static uint32_t seconds_of(const uint32_t units[UNITS], uint8_t v)
{
    if (v >= TIMER_OFF) {
        return NAS_TIMER_OFF;
    }
    uint32_t unit = units[v >> 5];
    return (v & TIMER_MOST) * (unit == NO_SUCH_UNIT ? MINUTE : unit);
}

/* Each unit is a multiple of the smaller ones, so the smallest that reaches far enough comes
 * closest.
 */
static uint8_t timer_with(const uint32_t units[UNITS], uint32_t seconds)
{
    if (seconds == NAS_TIMER_OFF) {
        return TIMER_OFF;
    }
    uint32_t best = UINT32_MAX;
    uint32_t longest = 0;
    uint8_t v = 0;
    uint8_t most = 0;
    for (uint8_t i = 0; i < UNITS; i++) {
        if (units[i] == NO_SUCH_UNIT) {
            continue;
        }
        uint32_t n = seconds / units[i] + (seconds % units[i] != 0);
        if (n <= TIMER_MOST && units[i] < best) {
            best = units[i];
            v = (uint8_t)(i << 5 | n);
        }
        if (units[i] > longest) {
            longest = units[i];
            most = (uint8_t)(i << 5 | TIMER_MOST);
        }
    }
    return best == UINT32_MAX ? most : v;
}

uint32_t nas_timer_seconds(uint8_t v)
{
    return seconds_of(timer_units, v);
}

uint32_t nas_timer_3_seconds(uint8_t v)
{
    return seconds_of(timer_3_units, v);
}

uint8_t nas_timer_of(uint32_t seconds)
{
    return timer_with(timer_units, seconds);
}

uint8_t nas_timer_3_of(uint32_t seconds)
{
    return timer_with(timer_3_units, seconds);
}

/* ---- access point name ---- */

#define LABEL_MAX 63 /* RFC 1035 2.3.4 */

static bool letter_digit_hyphen(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-';
}

static bool label_valid(struct bytes label)
{
    for (size_t i = 0; i < label.n; i++) {
        if (!letter_digit_hyphen(label.p[i])) {
            return false;
        }
    }
    return label.n > 0 && label.n <= LABEL_MAX;
}

enum err nas_apn_to_text(struct bytes value, char out[static NAS_APN_TEXT_MAX])
{
    char text[NAS_APN_TEXT_MAX] = {0};
    size_t n = 0;
    if (value.n == 0 || value.n > NAS_APN_MAX) {
        return E_BAD_LENGTH;
    }
    for (struct rd r = rd_of(value); rd_left(&r) > 0;) {
        struct bytes label = rd_take(&r, rd_u8(&r));
        if (r.err != E_OK) {
            return r.err;
        }
        if (!label_valid(label)) {
            return E_BAD_VALUE;
        }
        if (n > 0) {
            text[n++] = '.';
        }
        memcpy(text + n, label.p, label.n);
        n += label.n;
    }
    memcpy(out, text, sizeof text);
    return E_OK;
}

enum err nas_apn_from_text(struct bytes text, struct mbytes out, struct bytes *value)
{
    if (text.n == 0 || text.n > NAS_APN_MAX - 1) {
        return E_BAD_LENGTH;
    }
    struct wr w = wr_of(out);
    for (size_t from = 0; from <= text.n;) {
        size_t to = from;
        while (to < text.n && text.p[to] != '.') {
            to++;
        }
        struct bytes label = {text.p + from, to - from};
        if (!label_valid(label)) {
            return E_BAD_VALUE;
        }
        wr_u8(&w, (uint8_t)label.n);
        wr_put(&w, label);
        from = to + 1;
    }
    return finish(&w, value);
}

/* ---- PDN address ---- */

enum err nas_pdn_address_parse(struct bytes value, struct nas_pdn_address *out)
{
    struct rd r = rd_of(value);
    struct nas_pdn_address a = {.type = (enum nas_pdn_type)(rd_u8(&r) & 7U)};
    bool v6 = a.type == NAS_PDN_IPV6 || a.type == NAS_PDN_IPV4V6;
    bool v4 = a.type == NAS_PDN_IPV4 || a.type == NAS_PDN_IPV4V6;
    if (r.err == E_OK && !v4 && !v6 && a.type != NAS_PDN_NON_IP && a.type != NAS_PDN_ETHERNET) {
        return E_BAD_VALUE;
    }
    struct bytes interface_id = rd_take(&r, v6 ? sizeof a.interface_id : 0);
    struct bytes ipv4 = rd_take(&r, v4 || !v6 ? sizeof a.ipv4 : 0);
    if (r.err != E_OK) {
        return r.err;
    }
    memcpy(a.interface_id, interface_id.p, interface_id.n);
    memcpy(a.ipv4, ipv4.p, v4 ? ipv4.n : 0);
    *out = a;
    return E_OK;
}

enum err nas_pdn_address_write(const struct nas_pdn_address *a, struct mbytes out,
                               struct bytes *value)
{
    struct wr w = wr_of(out);
    wr_u8(&w, (uint8_t)a->type);
    if (a->type == NAS_PDN_IPV6 || a->type == NAS_PDN_IPV4V6) {
        wr_put(&w, BYTES_OF(a->interface_id));
    }
    if (a->type == NAS_PDN_IPV4 || a->type == NAS_PDN_IPV4V6) {
        wr_put(&w, BYTES_OF(a->ipv4));
    } else if (a->type != NAS_PDN_IPV6) {
        wr_zero(&w, sizeof a->ipv4);
    }
    return finish(&w, value);
}

/* ---- bit rates: octets 3 and 4, their extension, and the extension of that (9.9.4.2) ---- */

#define RATE_ZERO      0xFFU
#define RATE_LAST      0xFEU
#define STEP_2         256000U /* kbit/s of one unit of the second extension */
#define EXTENSION_LAST 250U    /* what is above is read as this */

static uint32_t rate_basic(unsigned v)
{
    if (v == RATE_ZERO || v == 0) { /* 0 is reserved */
        return 0;
    }
    return v < 64 ? v : v < 128 ? 64 + (v - 64) * 8 : 576 + (v - 128) * 64;
}

static uint32_t rate_extended(unsigned v)
{
    v = v > EXTENSION_LAST ? EXTENSION_LAST : v;
    return v <= 74    ? 8600 + v * 100
           : v <= 186 ? 16000 + (v - 74) * 1000
                      : 128000 + (v - 186) * 2000;
}

static uint32_t rate_of(const uint8_t octets[3])
{
    uint32_t kbps = octets[1] == 0 ? rate_basic(octets[0]) : rate_extended(octets[1]);
    return kbps + octets[2] * STEP_2;
}

static void rate_to(uint32_t kbps, uint8_t octets[3])
{
    octets[2] = 0;
    if (kbps > STEP_2) {
        octets[2] = (uint8_t)(kbps / STEP_2);
        kbps %= STEP_2;
    }
    unsigned basic = kbps == 0     ? RATE_ZERO
                     : kbps < 64   ? kbps
                     : kbps < 576  ? 64 + (kbps - 64) / 8
                     : kbps < 8640 ? 128 + (kbps - 576) / 64
                                   : RATE_LAST;
    unsigned extended = kbps < 8700      ? 0
                        : kbps <= 16000  ? (kbps - 8600) / 100
                        : kbps <= 128000 ? 74 + (kbps - 16000) / 1000
                                         : 186 + (kbps - 128000) / 2000;
    octets[0] = (uint8_t)basic;
    octets[1] = (uint8_t)extended;
}

enum err nas_apn_ambr_parse(struct bytes value, struct nas_apn_ambr *out)
{
    uint8_t down[3] = {0};
    uint8_t up[3] = {0};
    if (value.n < 2) {
        return E_TRUNCATED;
    }
    for (size_t i = 0; i < 3 && 2 * i + 1 < value.n; i++) {
        down[i] = value.p[2 * i];
        up[i] = value.p[2 * i + 1];
    }
    *out = (struct nas_apn_ambr){rate_of(down), rate_of(up)};
    return E_OK;
}

enum err nas_apn_ambr_write(const struct nas_apn_ambr *a, struct mbytes out, struct bytes *value)
{
    if (a->down_kbps / STEP_2 >= RATE_ZERO || a->up_kbps / STEP_2 >= RATE_ZERO) {
        return E_BAD_VALUE;
    }
    uint8_t down[3];
    uint8_t up[3];
    rate_to(a->down_kbps, down);
    rate_to(a->up_kbps, up);
    size_t pairs = down[2] || up[2] ? 3 : down[1] || up[1] ? 2 : 1;
    struct wr w = wr_of(out);
    for (size_t i = 0; i < pairs; i++) {
        wr_u8(&w, down[i]);
        wr_u8(&w, up[i]);
    }
    return finish(&w, value);
}

enum err nas_eps_qos_parse(struct bytes value, struct nas_eps_qos *out)
{
    if (value.n == 0) {
        return E_TRUNCATED;
    }
    if (value.n % 4 != 1 || value.n > 13) {
        return E_BAD_LENGTH;
    }
    *out = (struct nas_eps_qos){value.p[0], {value.p + 1, value.n - 1}};
    return E_OK;
}

/* ---- network name ---- */

#define NAME_EXTENSION 0x80U /* always set */
#define NAME_CODING    0x70U /* 0: the GSM alphabet */

/* The alphabet's place of an ASCII character, or 0xFF. */
static uint8_t septet_of(uint8_t c)
{
    if (c == '@') {
        return 0x00;
    }
    if (c == '$') {
        return 0x02;
    }
    if (c == '_') {
        return 0x11;
    }
    return c >= 0x20 && c <= 'z' && c != '`' && !(c >= '[' && c <= '^') ? c : 0xFF;
}

static char ascii_of(uint8_t septet)
{
    for (int c = 0x20; c <= 'z'; c++) {
        if (septet_of((uint8_t)c) == septet) {
            return (char)c;
        }
    }
    return '\0';
}

static uint8_t septet_at(struct bytes packed, size_t i)
{
    size_t bit = 7 * i;
    unsigned two = packed.p[bit / 8];
    if (bit / 8 + 1 < packed.n) {
        two |= (unsigned)packed.p[bit / 8 + 1] << 8;
    }
    return two >> bit % 8 & 0x7F;
}

enum err nas_network_name_to_text(struct bytes value, char out[static NAS_NETWORK_NAME_TEXT_MAX])
{
    if (value.n == 0 || !(value.p[0] & NAME_EXTENSION)) {
        return E_BAD_VALUE;
    }
    if (value.p[0] & NAME_CODING) {
        return E_UNSUPPORTED;
    }
    struct bytes packed = {value.p + 1, value.n - 1};
    size_t spare = value.p[0] & 7U;
    size_t n = packed.n == 0 ? 0 : (8 * packed.n - spare) / 7;
    char text[NAS_NETWORK_NAME_TEXT_MAX] = {0};
    if (n >= sizeof text) {
        return E_BAD_LENGTH;
    }
    for (size_t i = 0; i < n; i++) {
        text[i] = ascii_of(septet_at(packed, i));
        if (text[i] == '\0') {
            return E_UNSUPPORTED;
        }
    }
    memcpy(out, text, sizeof text);
    return E_OK;
}

enum err nas_network_name_from_text(struct bytes text, struct mbytes out, struct bytes *value)
{
    size_t octets = (7 * text.n + 7) / 8;
    if (text.n == 0 || text.n >= NAS_NETWORK_NAME_TEXT_MAX) {
        return E_BAD_LENGTH;
    }
    struct wr w = wr_of(out);
    wr_u8(&w, (uint8_t)(NAME_EXTENSION | (8 * octets - 7 * text.n)));
    uint8_t *packed = wr_hold(&w, octets);
    if (!packed) {
        return w.err;
    }
    memset(packed, 0, octets);
    for (size_t i = 0; i < text.n; i++) {
        unsigned septet = septet_of(text.p[i]);
        if (septet > 0x7F) {
            return E_UNSUPPORTED;
        }
        packed[7 * i / 8] |= (uint8_t)(septet << 7 * i % 8);
        if (7 * i % 8 > 1) {
            packed[7 * i / 8 + 1] |= (uint8_t)(septet >> (8 - 7 * i % 8));
        }
    }
    return finish(&w, value);
}
