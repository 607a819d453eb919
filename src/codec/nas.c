#include "codec/nas.h"
#include <string.h>

/* ---- frames ---- */

/* TS 24.301 8.2.25: the sequence number's five low bits, and half of a MAC. */
static void take_service_request(struct rd *r, struct nas_pdu *out)
{
    uint8_t ksi_and_sn = rd_u8(r);
    out->kind = NAS_SERVICE_REQUEST;
    out->ksi = ksi_and_sn >> 5;
    out->sn = ksi_and_sn & 0x1F;
    out->mac[0] = rd_u8(r);
    out->mac[1] = rd_u8(r);
}

static void take_protected(struct rd *r, struct nas_pdu *out)
{
    out->kind = NAS_PROTECTED;
    struct bytes mac = rd_take(r, sizeof out->mac);
    if (mac.p) {
        memcpy(out->mac, mac.p, mac.n);
    }
    out->sn = rd_u8(r);
    out->inner = rd_take(r, rd_left(r));
    if (r->err == E_OK && out->inner.n == 0) {
        r->err = E_TRUNCATED;
    }
}

static void take_plain(struct rd *r, struct bytes pdu, struct nas_pdu *out)
{
    if (out->kind == NAS_PLAIN_ESM) {
        out->ebi = pdu.p[0] >> 4;
        out->pti = rd_u8(r);
    }
    out->type = rd_u8(r);
    out->inner = pdu;
    (void)rd_take(r, rd_left(r));
}

static void take_emm(struct rd *r, struct bytes pdu, struct nas_pdu *out)
{
    out->sht = pdu.p[0] >> 4;
    if (out->sht >= NAS_SHT_SERVICE_REQUEST) {
        take_service_request(r, out);
    } else if (out->sht == NAS_SHT_PLAIN) {
        out->kind = NAS_PLAIN_EMM;
        take_plain(r, pdu, out);
    } else if (out->sht <= NAS_SHT_PARTIAL) {
        take_protected(r, out);
    } else {
        r->err = E_UNSUPPORTED;
    }
}

enum err nas_peek(struct bytes pdu, struct nas_pdu *out)
{
    struct rd r = rd_of(pdu);
    struct nas_pdu seen = {.kind = NAS_PLAIN_ESM};
    unsigned pd = rd_u8(&r) & 0xFU;
    if (r.err == E_OK && pd == NAS_PD_ESM) {
        take_plain(&r, pdu, &seen);
    } else if (r.err == E_OK && pd == NAS_PD_EMM) {
        take_emm(&r, pdu, &seen);
    } else if (r.err == E_OK) {
        r.err = E_UNSUPPORTED;
    }
    enum err e = rd_end(&r);
    if (e == E_OK) {
        *out = seen;
    }
    return e;
}

void nas_security_header(uint8_t sht, const uint8_t mac[static 4], uint8_t sn,
                         uint8_t out[static NAS_SECURITY_HEADER_LEN])
{
    out[0] = (uint8_t)(sht << 4 | NAS_PD_EMM);
    memcpy(out + 1, mac, 4);
    out[5] = sn;
}

void nas_service_request(uint8_t ksi, uint8_t sn, const uint8_t mac[static 2],
                         uint8_t out[static NAS_SERVICE_REQUEST_LEN])
{
    out[0] = NAS_SHT_SERVICE_REQUEST << 4 | NAS_PD_EMM;
    out[1] = (uint8_t)((ksi & 7U) << 5 | (sn & 0x1FU));
    out[2] = mac[0];
    out[3] = mac[1];
}

/* ---- descriptions ---- */

static const struct nas_message *const messages[] = {
#define X(name, type, direction, list) &nas_##name##_message,
    NAS_MESSAGES(X)
#undef X
};

const struct nas_message *const *nas_messages(size_t *n)
{
    *n = sizeof messages / sizeof messages[0];
    return messages;
}

const struct nas_message *nas_message_of(uint8_t type, enum nas_direction direction)
{
    for (size_t i = 0; i < sizeof messages / sizeof messages[0]; i++) {
        if (messages[i]->type == type && messages[i]->direction & direction) {
            return messages[i];
        }
    }
    return NULL;
}
