#include "nassec/nassec.h"

#include "codec/nas_codes.h"
#include "crypto/kdf.h"
#include <string.h>

/* Octets of a security protected message (TS 24.301 9.1): SHT and PD, MAC (4), SN, message. */
enum { AT_MAC = 1, AT_SN = 5, AT_MESSAGE = NASSEC_OVERHEAD };
#define MAC_LEN     4
#define MESSAGE_MIN 2 /* PD and message type: an EMM message that says nothing more */

#define SN_MODULUS         256U
#define SHORT_SN_MODULUS   32U
#define SHORT_MAC_LEN      2
#define SERVICE_SIGNED_LEN 2
#define WANTS_AKA_WITHIN   (UINT32_C(1) << 12)

/* ---- Direction, COUNT, MAC ---- */

enum { UPLINK = 0, DOWNLINK = 1 };

static uint8_t sends(const struct nas_security *s)
{
    return s->agreed.side == NASSEC_UE ? UPLINK : DOWNLINK;
}

static uint8_t receives(const struct nas_security *s)
{
    return s->agreed.side == NASSEC_UE ? DOWNLINK : UPLINK;
}

/* BEARER is 0 for NAS in EPS (TS 33.401 8.1.1). */
static struct nas_position position(uint32_t count, uint8_t direction)
{
    return (struct nas_position){.count = count, .bearer = 0, .direction = direction};
}

MUST_USE static enum err mac_of(const struct crypto *c, const struct nas_security *s,
                                struct nas_position at, struct bytes covered,
                                uint8_t mac[static MAC_LEN])
{
    return nas_mac(c, s->agreed.eia, &s->knasint, at, covered, 8 * covered.n, mac);
}

/* E_OK or E_BAD_MAC, else what went wrong. A short MAC is the end of a whole one. */
MUST_USE static enum err mac_holds(const struct crypto *c, const struct nas_security *s,
                                   uint32_t count, struct bytes covered, struct bytes got)
{
    uint8_t mac[MAC_LEN];
    enum err err = mac_of(c, s, position(count, receives(s)), covered, mac);
    if (err == E_OK && !crypto_ct_eq((struct bytes){mac + MAC_LEN - got.n, got.n}, got)) {
        err = E_BAD_MAC;
    }
    wipe(mac, sizeof mac);
    return err;
}

/* What a message says of its COUNT, and how the message is covered. */
struct claim {
    struct bytes covered;
    struct bytes mac;
    uint32_t sn;      /* COUNT modulo `modulus` */
    uint32_t modulus; /* a power of two */
    bool late;        /* may be one of the window */
};

/* The highest COUNT accepted or below it that ends in the SN. */
static bool count_below(const struct nas_security *s, const struct claim *m, uint32_t *count)
{
    if (s->receive_next == 0) {
        return false;
    }
    const uint32_t back = (s->receive_next - 1 - m->sn) & (m->modulus - 1);
    *count = s->receive_next - 1 - back;
    return back < s->receive_next;
}

/* The lowest COUNT above all accepted that ends in the SN. */
static bool count_above(const struct nas_security *s, const struct claim *m, uint32_t *count)
{
    *count = s->receive_next + ((m->sn - s->receive_next) & (m->modulus - 1));
    return *count < NASSEC_COUNT_LIMIT;
}

static bool unseen_in_window(const struct nas_security *s, uint32_t count)
{
    const uint32_t back = s->receive_next - 1 - count;
    return back < NASSEC_WINDOW && (s->seen >> back & 1) == 0;
}

/* Finds the COUNT that the MAC holds for, among those that may still be accepted. What may not is
 * looked at last, so that a replay can be called one. */
MUST_USE static enum err find_count(const struct crypto *c, const struct nas_security *s,
                                    const struct claim *m, uint32_t *count)
{
    uint32_t below = 0;
    uint32_t above;
    const bool has_below = count_below(s, m, &below);
    const bool late = has_below && m->late && unseen_in_window(s, below);
    enum err err = E_BAD_MAC;
    if (late) {
        *count = below;
        err = mac_holds(c, s, below, m->covered, m->mac);
    }
    if (err == E_BAD_MAC && count_above(s, m, &above)) {
        *count = above;
        err = mac_holds(c, s, above, m->covered, m->mac);
    }
    if (err == E_BAD_MAC && has_below && !late) {
        err = mac_holds(c, s, below, m->covered, m->mac);
        err = err == E_OK ? E_SYNC : err;
    }
    return err;
}

static void accepted(struct nas_security *s, uint32_t count)
{
    if (count < s->receive_next) {
        s->seen |= UINT32_C(1) << (s->receive_next - 1 - count);
        return;
    }
    const uint32_t forward = count + 1 - s->receive_next;
    s->seen = (forward < NASSEC_WINDOW ? s->seen << forward : 0) | 1;
    s->receive_next = count + 1;
}

/* ---- Header types ---- */

static bool ciphered(uint8_t sht)
{
    return sht == NAS_SHT_CIPHERED || sht == NAS_SHT_CIPHERED_NEW;
}

static bool is_emm(struct bytes plain, uint8_t type)
{
    return plain.n >= MESSAGE_MIN && plain.p[0] == NAS_PD_EMM && plain.p[1] == type;
}

/* 9.3.1: types 3 and 4 belong to the two messages that take a context into use, and these two have
 * no other (5.4.3.2, 5.4.3.3). */
static bool sht_fits(uint8_t sht, uint8_t direction, struct bytes plain)
{
    const bool command = is_emm(plain, NAS_SECURITY_MODE_COMMAND);
    const bool complete = is_emm(plain, NAS_SECURITY_MODE_COMPLETE);
    switch (sht) {
    case NAS_SHT_INTEGRITY:
    case NAS_SHT_CIPHERED:
        return !command && !complete;
    case NAS_SHT_INTEGRITY_NEW:
        return command && direction == DOWNLINK;
    case NAS_SHT_CIPHERED_NEW:
        return complete && direction == UPLINK;
    default:
        return false;
    }
}

/* ---- A context begins ---- */

static bool agreement_ok(const struct nassec_agreement *a)
{
    return (a->side == NASSEC_UE || a->side == NASSEC_MME) && a->ksi < NAS_KSI_NONE &&
           (unsigned)a->eea <= NAS_EEA3 && a->eia >= NAS_EIA1 && a->eia <= NAS_EIA3;
}

enum err nassec_establish(const struct crypto *c, const struct nassec_agreement *agreed,
                          struct nas_security *out)
{
    if (!agreement_ok(agreed)) {
        return E_BAD_VALUE;
    }
    struct nas_security s = {.agreed = *agreed};
    enum err err = kdf_knasenc(c, &agreed->kasme, (uint8_t)agreed->eea, &s.knasenc);
    if (err == E_OK) {
        err = kdf_knasint(c, &agreed->kasme, (uint8_t)agreed->eia, &s.knasint);
    }
    if (err == E_OK) {
        *out = s;
    }
    wipe(&s, sizeof s);
    return err;
}

enum err nassec_change(const struct crypto *c, const struct nas_security *s, enum nas_eea eea,
                       enum nas_eia eia, struct nas_security *out)
{
    struct nassec_agreement agreed = s->agreed;
    const uint32_t send_next = s->send_next, receive_next = s->receive_next, seen = s->seen;
    agreed.eea = eea;
    agreed.eia = eia;
    enum err err = nassec_establish(c, &agreed, out);
    if (err == E_OK) {
        out->send_next = send_next;
        out->receive_next = receive_next;
        out->seen = seen;
    }
    wipe(&agreed, sizeof agreed);
    return err;
}

/* ---- Protect ---- */

/* Ciphers what stands behind the header and puts the header before it. */
MUST_USE static enum err seal_in_place(const struct crypto *c, const struct nas_security *s,
                                       uint8_t sht, struct mbytes pdu)
{
    const struct nas_position at = position(s->send_next, sends(s));
    const struct mbytes message = {pdu.p + AT_MESSAGE, pdu.n - AT_MESSAGE};
    enum err err = E_OK;
    if (ciphered(sht)) {
        err = nas_cipher(c, s->agreed.eea, &s->knasenc, at, message, 8 * message.n);
    }
    pdu.p[0] = (uint8_t)(sht << 4 | NAS_PD_EMM);
    pdu.p[AT_SN] = (uint8_t)s->send_next;
    if (err == E_OK) {
        err = mac_of(c, s, at, (struct bytes){pdu.p + AT_SN, pdu.n - AT_SN}, pdu.p + AT_MAC);
    }
    return err;
}

enum err nassec_protect(const struct crypto *c, struct nas_security *s, uint8_t sht,
                        struct bytes plain, struct mbytes out, size_t *n)
{
    if (plain.n < MESSAGE_MIN) {
        return E_BAD_LENGTH;
    }
    if (!sht_fits(sht, sends(s), plain)) {
        return E_BAD_VALUE;
    }
    if (s->send_next >= NASSEC_COUNT_LIMIT) {
        return E_EXHAUSTED;
    }
    if (out.n < NASSEC_OVERHEAD || out.n - NASSEC_OVERHEAD < plain.n) {
        return E_NO_ROOM;
    }
    const struct mbytes pdu = {out.p, plain.n + NASSEC_OVERHEAD};
    memmove(pdu.p + AT_MESSAGE, plain.p, plain.n);
    enum err err = seal_in_place(c, s, sht, pdu);
    if (err != E_OK) {
        wipe(pdu.p, pdu.n);
        return err;
    }
    s->send_next++;
    *n = pdu.n;
    return E_OK;
}

/* ---- Unprotect ---- */

/* The header of a security protected message, looked at alone. */
MUST_USE static enum err header_of(struct bytes pdu, uint8_t *sht)
{
    if (pdu.n < NASSEC_OVERHEAD + MESSAGE_MIN) {
        return E_TRUNCATED;
    }
    *sht = pdu.p[0] >> 4;
    const bool known = *sht >= NAS_SHT_INTEGRITY && *sht <= NAS_SHT_CIPHERED_NEW;
    return known && (pdu.p[0] & 0xf) == NAS_PD_EMM ? E_OK : E_UNSUPPORTED;
}

MUST_USE static enum err verify(const struct crypto *c, const struct nas_security *s,
                                struct bytes pdu, uint32_t *count)
{
    const struct claim claim = {.covered = {pdu.p + AT_SN, pdu.n - AT_SN},
                                .mac = {pdu.p + AT_MAC, MAC_LEN},
                                .sn = pdu.p[AT_SN],
                                .modulus = SN_MODULUS,
                                .late = true};
    return find_count(c, s, &claim, count);
}

/* What is authentic comes out in the clear, or nothing does. */
MUST_USE static enum err open_into(const struct crypto *c, const struct nas_security *s,
                                   struct bytes inner, const struct nassec_received *got,
                                   struct mbytes out)
{
    enum err err = E_OK;
    memcpy(out.p, inner.p, inner.n);
    if (ciphered(got->sht)) {
        err = nas_cipher(c, s->agreed.eea, &s->knasenc, position(got->count, receives(s)),
                         (struct mbytes){out.p, inner.n}, 8 * inner.n);
    }
    if (err == E_OK && !sht_fits(got->sht, receives(s), (struct bytes){out.p, inner.n})) {
        err = E_BAD_VALUE;
    }
    if (err != E_OK) {
        wipe(out.p, inner.n);
    }
    return err;
}

enum err nassec_unprotect(const struct crypto *c, struct nas_security *s, struct bytes pdu,
                          struct mbytes out, struct nassec_received *got)
{
    struct nassec_received r = {0};
    enum err err = header_of(pdu, &r.sht);
    if (err != E_OK) {
        return err;
    }
    r.n = pdu.n - NASSEC_OVERHEAD;
    if (out.n < r.n) {
        return E_NO_ROOM;
    }
    err = verify(c, s, pdu, &r.count);
    if (err == E_OK) {
        err = open_into(c, s, (struct bytes){pdu.p + AT_MESSAGE, r.n}, &r, out);
    }
    if (err == E_OK) {
        accepted(s, r.count);
        *got = r;
    }
    return err;
}

bool nassec_was_ciphered(const struct nas_security *s, const struct nassec_received *got)
{
    return ciphered(got->sht) && s->agreed.eea != NAS_EEA0;
}

/* ---- The SECURITY MODE COMMAND ---- */

enum err nassec_peek(struct bytes pdu, struct bytes *inner)
{
    uint8_t sht;
    enum err err = header_of(pdu, &sht);
    if (err == E_OK && ciphered(sht)) {
        err = E_UNSUPPORTED;
    }
    if (err == E_OK) {
        *inner = (struct bytes){pdu.p + AT_MESSAGE, pdu.n - AT_MESSAGE};
    }
    return err;
}

enum err nassec_accept_smc(const struct crypto *c, const struct nassec_agreement *agreed,
                           struct bytes pdu, struct nas_security *fresh)
{
    if (agreed->side != NASSEC_UE) {
        return E_BAD_STATE;
    }
    uint8_t sht;
    uint32_t count;
    struct nas_security s;
    enum err err = header_of(pdu, &sht);
    if (err == E_OK && sht != NAS_SHT_INTEGRITY_NEW) {
        err = E_UNSUPPORTED;
    }
    if (err != E_OK) {
        return err;
    }
    err = nassec_establish(c, agreed, &s);
    if (err != E_OK) {
        return err;
    }
    err = verify(c, &s, pdu, &count);
    const struct bytes inner = {pdu.p + AT_MESSAGE, pdu.n - AT_MESSAGE};
    if (err == E_OK && !sht_fits(sht, DOWNLINK, inner)) {
        err = E_BAD_VALUE;
    }
    if (err == E_OK) {
        accepted(&s, count);
        *fresh = s;
    }
    wipe(&s, sizeof s);
    return err;
}

/* ---- SERVICE REQUEST ---- */

enum err nassec_service_request(const struct crypto *c, struct nas_security *s,
                                uint8_t out[static NASSEC_SERVICE_REQUEST_LEN])
{
    if (s->agreed.side != NASSEC_UE) {
        return E_BAD_STATE;
    }
    if (s->send_next >= NASSEC_COUNT_LIMIT) {
        return E_EXHAUSTED;
    }
    const uint8_t head[SERVICE_SIGNED_LEN] = {
        NAS_SHT_SERVICE_REQUEST << 4 | NAS_PD_EMM,
        (uint8_t)(s->agreed.ksi << 5 | (s->send_next & (SHORT_SN_MODULUS - 1)))};
    uint8_t mac[MAC_LEN];
    enum err err = mac_of(c, s, position(s->send_next, UPLINK), BYTES_OF(head), mac);
    if (err == E_OK) {
        memcpy(out, head, sizeof head);
        memcpy(out + sizeof head, mac + MAC_LEN - SHORT_MAC_LEN, SHORT_MAC_LEN);
        s->send_next++;
    }
    wipe(mac, sizeof mac);
    return err;
}

enum err nassec_check_service_request(const struct crypto *c, struct nas_security *s,
                                      struct bytes pdu, uint32_t *count)
{
    if (s->agreed.side != NASSEC_MME) {
        return E_BAD_STATE;
    }
    if (pdu.n != NASSEC_SERVICE_REQUEST_LEN) {
        return pdu.n < NASSEC_SERVICE_REQUEST_LEN ? E_TRUNCATED : E_TRAILING;
    }
    if ((pdu.p[0] & 0xf) != NAS_PD_EMM || pdu.p[0] >> 4 < NAS_SHT_SERVICE_REQUEST) {
        return E_UNSUPPORTED;
    }
    if (pdu.p[1] >> 5 != s->agreed.ksi) {
        return E_NOT_FOUND;
    }
    const struct claim claim = {.covered = {pdu.p, SERVICE_SIGNED_LEN},
                                .mac = {pdu.p + SERVICE_SIGNED_LEN, SHORT_MAC_LEN},
                                .sn = pdu.p[1] & (SHORT_SN_MODULUS - 1),
                                .modulus = SHORT_SN_MODULUS,
                                .late = false};
    uint32_t found;
    enum err err = find_count(c, s, &claim, &found);
    if (err == E_OK) {
        accepted(s, found);
        *count = found;
    }
    return err;
}

/* ---- The rest of a context's life ---- */

bool nassec_wants_aka(const struct nas_security *s)
{
    const uint32_t soon = NASSEC_COUNT_LIMIT - WANTS_AKA_WITHIN;
    return s->send_next >= soon || s->receive_next >= soon;
}

enum err nassec_kenb(const struct crypto *c, const struct nas_security *s, uint32_t ul_nas_count,
                     struct key_kenb *out)
{
    if (ul_nas_count >= NASSEC_COUNT_LIMIT) {
        return E_BAD_VALUE;
    }
    return kdf_kenb(c, &s->agreed.kasme, ul_nas_count, out);
}

/* ---- In storage ---- */

#define IMAGE_VERSION 1

enum err nassec_image_write(const struct nas_security *s, struct mbytes out)
{
    if (out.n < NASSEC_IMAGE_LEN) {
        return E_NO_ROOM;
    }
    struct wr w = wr_of((struct mbytes){out.p, NASSEC_IMAGE_LEN});
    wr_u8(&w, IMAGE_VERSION);
    wr_u8(&w, (uint8_t)s->agreed.side);
    wr_u8(&w, s->agreed.ksi);
    wr_u8(&w, (uint8_t)s->agreed.eea);
    wr_u8(&w, (uint8_t)s->agreed.eia);
    wr_put(&w, BYTES_OF(s->agreed.kasme.b));
    wr_be32(&w, s->send_next);
    wr_be32(&w, s->receive_next);
    wr_be32(&w, s->seen);
    return w.err;
}

/* Can these three have come about? The highest COUNT accepted is always marked as seen, and nothing
 * below COUNT 0 is. */
static bool counts_ok(uint32_t send_next, uint32_t receive_next, uint32_t seen)
{
    if (send_next > NASSEC_COUNT_LIMIT || receive_next > NASSEC_COUNT_LIMIT) {
        return false;
    }
    const bool marked = receive_next == 0 ? seen == 0 : (seen & 1) == 1;
    return marked && (receive_next >= NASSEC_WINDOW || seen >> receive_next == 0);
}

enum err nassec_image_read(const struct crypto *c, struct bytes image, struct nas_security *out)
{
    if (image.n != NASSEC_IMAGE_LEN) {
        return E_BAD_LENGTH;
    }
    struct rd r = rd_of(image);
    if (rd_u8(&r) != IMAGE_VERSION) {
        return E_UNSUPPORTED;
    }
    struct nassec_agreement a = {0};
    a.side = (enum nassec_side)rd_u8(&r);
    a.ksi = rd_u8(&r);
    a.eea = (enum nas_eea)rd_u8(&r);
    a.eia = (enum nas_eia)rd_u8(&r);
    memcpy(a.kasme.b, rd_take(&r, sizeof a.kasme.b).p, sizeof a.kasme.b);
    const uint32_t send_next = rd_be32(&r);
    const uint32_t receive_next = rd_be32(&r);
    const uint32_t seen = rd_be32(&r);
    struct nas_security s;
    enum err err = counts_ok(send_next, receive_next, seen) ? rd_end(&r) : E_BAD_VALUE;
    if (err == E_OK) {
        err = nassec_establish(c, &a, &s);
    }
    if (err == E_OK) {
        s.send_next = send_next;
        s.receive_next = receive_next;
        s.seen = seen;
        *out = s;
        wipe(&s, sizeof s);
    }
    wipe(&a, sizeof a);
    return err;
}
