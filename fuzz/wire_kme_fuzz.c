/* What a stranger may send in procedure kme: containers 3, 4 and 5, the AVPs of AIA, ULR and ULA,
 * lot ids and ranges. The first octet says which. What is accepted has one way to be written. A
 * payload that is read goes on to the home network, with whatever a device may have put inside: it
 * is never taken unless the signature port says so, and judging it changes nothing. */
#include "codec/diameter.h"
#include "codec/s6a.h"
#include "crypto/openssl.h"
#include "wire/kme.h"

#include <stdlib.h>
#include <string.h>

#define OWN DIAMETER_VENDOR_OWN_DEFAULT

static struct crypto crypto;

static void check(bool holds)
{
    if (!holds) {
        abort();
    }
}

static void try_command(struct bytes in)
{
    uint8_t nonce[KME_NONCE_LEN], out[64];
    struct bytes again;
    if (wire_kme_command_read(in, nonce) == E_OK) {
        check(wire_kme_command_write(nonce, MBYTES_OF(out), &again) == E_OK);
        check(bytes_eq(in, again));
    }
}

static void try_result(struct bytes in)
{
    uint8_t nw_sig[KME_NW_SIG_LEN], out[64];
    struct bytes again;
    struct kme_me me = {.pending = {.present = true}};
    if (wire_kme_result_read(in, nw_sig) == E_OK) {
        check(wire_kme_result_write(nw_sig, MBYTES_OF(out), &again) == E_OK);
        check(bytes_eq(in, again));
        memset(me.pending.xnw_sig, 0xa5, sizeof me.pending.xnw_sig);
        check(kme_me_confirm(nw_sig, &me) != E_OK ||
              bytes_eq(BYTES_OF(nw_sig), BYTES_OF(me.pending.xnw_sig)) || me.has_active);
    }
}

/* Opens to what begins at the payload's own octets, or does not open, as its first octet says. */
static enum err any_open(void *ctx, struct bytes encrypted, struct bytes label, struct mbytes out)
{
    (void)ctx;
    check(label.n == KME_OAEP_LABEL_LEN && out.n == KME_PLAINTEXT_LEN && encrypted.n >= out.n);
    if ((encrypted.p[0] & 1) != 0) {
        return E_BAD_MAC;
    }
    memcpy(out.p, encrypted.p, out.n);
    return E_OK;
}

static enum err any_record(void *ctx, struct bytes signer, struct bytes record,
                           struct bytes signature)
{
    (void)ctx, (void)signer, (void)record, (void)signature;
    return E_OK;
}

/* No signature, but for a KME that begins with an octet of 2a. */
static enum err some_signature(void *ctx, uint8_t algorithm, bool certificate, struct bytes key,
                               struct bytes content, struct bytes signature)
{
    (void)ctx, (void)certificate, (void)key;
    check(algorithm == DEVID_ECDSA_P256 && signature.n == KME_SIG_LEN);
    check(content.n == KME_SIG_CONTENT_MAX || content.n == KME_SIG_CONTENT_MAX - 32);
    return content.p[2 + sizeof KME_SIG_LABEL - 1 + 2] == 0x2a ? E_OK : E_BAD_MAC;
}

/* A record for the payload's IMEI and an empty key that is none. */
static struct devid_credential credential_for(const struct imei *imei,
                                              uint8_t record[static BINDING_RECORD_LEN])
{
    static const uint8_t octets[64];
    static const uint8_t key[1];
    struct binding_record r = {.imei = *imei,
                               .use = BINDING_IDENTITY,
                               .form = BINDING_PUBLIC_KEY,
                               .status = BINDING_ACTIVE,
                               .not_after = INT64_MAX};
    check(crypto.sha256(crypto.ctx, &BYTES_OF(key), 1, r.digest) == E_OK);
    binding_record_write(&r, record);
    return (struct devid_credential){.status = DEVID_FOUND,
                                     .form = BINDING_PUBLIC_KEY,
                                     .spki = BYTES_OF(key),
                                     .record = {record, BINDING_RECORD_LEN},
                                     .signature = BYTES_OF(octets),
                                     .signer = {octets, 32}};
}

static void judge(const struct kme_payload *p)
{
    static struct binding_view view, view_before;
    uint8_t record[BINDING_RECORD_LEN];
    const struct devid_credential credential = credential_for(&p->imei, record);
    const struct devid_port port = {.record = any_record, .signature = some_signature};
    const struct kme_opener opener = {.open = any_open};
    struct kme_lot lot = {.id = p->lot, .modulus_n = (uint16_t)p->encrypted.n};
    struct kme_home home = {.phase = KME_OFFERED, .due = KME_DUE_FIRST, .expires = 1};
    const struct kme_home home_before = home;
    struct kme_taken taken;
    struct plmn plmn;
    check(plmn_parse(BYTES_LIT("001-01"), &plmn) == E_OK);
    const struct kme_arrived arrived = {.payload = p,
                                        .imsi = p->imsi,
                                        .imei = &p->imei,
                                        .home = plmn,
                                        .lot = &lot,
                                        .opener = &opener,
                                        .port = &port,
                                        .credential = &credential};
    view = (struct binding_view){.policy = BINDING_LEARN};
    view_before = view;
    const struct kme_verdict v = kme_home_take(&crypto, &view, &home, &arrived, &taken);
    check(memcmp(&home, &home_before, sizeof home) == 0);
    check(memcmp(&view, &view_before, sizeof view) == 0);
    if (v.cause == KME_CAUSE_NONE) {
        check((p->encrypted.p[0] & 1) == 0 && taken.kme.b[0] == 0x2a);
        check(kme_home_keep(&taken, false, &view, &home) == E_OK && view.devices[0].has_kme);
    } else {
        check(v.cause == KME_CAUSE_OPENING || v.cause == KME_CAUSE_SIGNATURE);
    }
}

static void try_payload(struct bytes in)
{
    struct kme_payload p;
    uint8_t out[WIRE_KME_PAYLOAD_MAX];
    struct bytes again;
    if (wire_kme_payload_read(in, &p) == E_OK) {
        check(wire_kme_payload_write(&p, MBYTES_OF(out), &again) == E_OK);
        check(bytes_eq(in, again));
        judge(&p);
    }
}

static void try_avps(uint8_t which, struct bytes in)
{
    static struct s6a_aia aia;
    static struct s6a_ulr ulr;
    static struct s6a_ula ula;
    struct diameter_fault fault;
    struct kme_payload p;
    uint8_t octets[KME_NW_SIG_LEN];
    if (which == 0 && s6a_aia_parse(OWN, in, &aia, &fault) == E_OK) {
        check(wire_kme_offer_read(&aia.binding_control, octets) != E_OK ||
              bytes_eq(aia.binding_control.hss_nonce, (struct bytes){octets, KME_NONCE_LEN}));
    } else if (which == 1 && s6a_ulr_parse(OWN, in, &ulr, &fault) == E_OK) {
        if (wire_kme_update_read(&ulr, &p) == E_OK) {
            judge(&p);
        }
    } else if (which == 2 && s6a_ula_parse(OWN, in, &ula, &fault) == E_OK) {
        check(wire_kme_answer_read(&ula, octets) != E_OK ||
              bytes_eq(ula.nw_signature, BYTES_OF(octets)));
    }
}

/* Four octets a range: where it begins after the one before, and how long it is. */
static void try_lots(struct bytes in)
{
    static struct kme_lot_range ranges[64];
    struct kme_lots lots;
    struct kme_lot_overlap overlap;
    struct rd r = rd_of(in);
    uint64_t at = 0;
    size_t n = 0;
    while (n < 64 && rd_left(&r) >= 4) {
        at += rd_be16(&r);
        ranges[n].range = (struct imei_range){at, at + rd_be16(&r)};
        ranges[n].lot = (uint32_t)n;
        n++;
    }
    const enum err err = kme_lots_of(ranges, n, &overlap, &lots);
    check(err == E_OK || (err == E_CONFLICT && overlap.a + 1 == overlap.b));
    for (size_t i = 0; err == E_OK && i < n; i++) {
        struct imei imei;
        uint32_t lot = 99;
        imei_of_number(ranges[i].range.last, &imei);
        check(kme_lots_find(&lots, &imei, &lot) == E_OK && lot == i);
        check(kme_lots_try(&lots, &ranges[i], &overlap) == E_CONFLICT && overlap.a == i);
    }
}

static void try_lot_id(struct bytes in)
{
    struct kme_lot_id id, again;
    if (kme_lot_id_parse(in, &id) == E_OK) {
        check(kme_lot_id_parse(bytes_of_str(id.text), &again) == E_OK);
        check(kme_lot_id_eq(&id, &again) && id.n == in.n);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (crypto.ctx == NULL && crypto_openssl_open(&crypto) != E_OK) {
        abort();
    }
    if (size == 0) {
        return 0;
    }
    const struct bytes in = {data + 1, size - 1};
    switch (data[0] % 8) {
    case 0:
        try_command(in);
        break;
    case 1:
        try_payload(in);
        break;
    case 2:
        try_result(in);
        break;
    case 3:
        try_lots(in);
        break;
    case 4:
        try_lot_id(in);
        break;
    default:
        try_avps((uint8_t)(data[0] % 8 - 5), in);
        break;
    }
    return 0;
}
