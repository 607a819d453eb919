#include "proc/dimsi_parts.h"

#include "crypto/cmac.h"
#include "crypto/kdf.h"
#include "proc/aka.h"

#include <string.h>

#define AUTN_AMF_AT 6 /* behind SQN^AK */

/* ---- writing ---- */

void dimsi_put(struct wr *w, struct bytes item)
{
    wr_be16(w, (uint16_t)item.n);
    wr_put(w, item);
}

void dimsi_put_head(struct wr *w, const char *label, uint8_t version)
{
    dimsi_put(w, bytes_of_str(label));
    dimsi_put(w, (struct bytes){&version, 1});
}

void dimsi_put_imsi(struct wr *w, const struct imsi *imsi)
{
    uint8_t bcd[IMSI_BCD_LEN];
    imsi_to_bcd(imsi, bcd);
    dimsi_put(w, BYTES_OF(bcd));
}

void dimsi_put_plmn(struct wr *w, const struct plmn *plmn)
{
    uint8_t octets[PLMN_LEN];
    plmn_to_octets(plmn, octets);
    dimsi_put(w, BYTES_OF(octets));
}

void dimsi_put_name(struct wr *w, const struct dimsi_name *name)
{
    dimsi_put(w, (struct bytes){(const uint8_t *)name->text, name->n});
}

void dimsi_put_u32(struct wr *w, uint32_t v)
{
    wr_be16(w, 4);
    wr_be32(w, v);
}

void dimsi_put_u64(struct wr *w, uint64_t v)
{
    wr_be16(w, 8);
    wr_be64(w, v);
}

/* ---- reading ---- */

void dimsi_fault(struct rd *r, enum err err)
{
    if (r->err == E_OK) {
        r->err = err;
    }
}

static struct bytes item(struct rd *r, size_t least, size_t most)
{
    const size_t n = rd_be16(r);
    if (r->err == E_OK && (n < least || n > most)) {
        dimsi_fault(r, E_BAD_LENGTH);
    }
    return rd_take(r, n);
}

void dimsi_get(struct rd *r, uint8_t *out, size_t n)
{
    const struct bytes b = item(r, n, n);
    if (r->err == E_OK) {
        memcpy(out, b.p, n);
    } else {
        memset(out, 0, n);
    }
}

void dimsi_get_head(struct rd *r, const char *label, uint8_t version)
{
    const struct bytes want = bytes_of_str(label);
    uint8_t found = 0;
    const struct bytes got = item(r, want.n, want.n);
    if (r->err == E_OK && !bytes_eq(got, want)) {
        dimsi_fault(r, E_BAD_VALUE);
    }
    dimsi_get(r, &found, 1);
    if (r->err == E_OK && found != version) {
        dimsi_fault(r, E_UNSUPPORTED);
    }
}

void dimsi_get_imsi(struct rd *r, struct imsi *out)
{
    uint8_t bcd[IMSI_BCD_LEN];
    memset(out, 0, sizeof *out);
    dimsi_get(r, bcd, sizeof bcd);
    if (r->err == E_OK) {
        dimsi_fault(r, imsi_from_bcd(bcd, out));
    }
}

void dimsi_get_plmn(struct rd *r, struct plmn *out)
{
    uint8_t octets[PLMN_LEN];
    memset(out, 0, sizeof *out);
    dimsi_get(r, octets, sizeof octets);
    if (r->err == E_OK) {
        dimsi_fault(r, plmn_from_octets(octets, out));
    }
}

void dimsi_get_name(struct rd *r, struct dimsi_name *out)
{
    memset(out, 0, sizeof *out);
    const struct bytes ascii = item(r, 1, DIMSI_NAME_MAX);
    if (r->err == E_OK) {
        dimsi_fault(r, dimsi_name_parse(ascii, out));
    }
}

/* A number of n octets, which are 4 or 8. */
static uint64_t number(struct rd *r, size_t n)
{
    struct rd in = rd_of(item(r, n, n));
    const uint64_t v = n == 8 ? rd_be64(&in) : rd_be32(&in);
    return r->err == E_OK ? v : 0;
}

uint32_t dimsi_get_u32(struct rd *r)
{
    return (uint32_t)number(r, 4);
}

int64_t dimsi_get_i64(struct rd *r, int64_t least)
{
    const uint64_t v = number(r, 8);
    if (r->err == E_OK && (v > INT64_MAX || (int64_t)v < least)) {
        dimsi_fault(r, E_BAD_VALUE);
    }
    return r->err == E_OK ? (int64_t)v : 0;
}

/* ---- digests and keys ---- */

enum err dimsi_sha256(const struct crypto *c, struct bytes in, uint8_t out[static DIMSI_DIGEST_LEN])
{
    return c->sha256(c->ctx, &in, 1, out);
}

bool dimsi_same_digest(const uint8_t a[static DIMSI_DIGEST_LEN],
                       const uint8_t b[static DIMSI_DIGEST_LEN])
{
    return bytes_eq((struct bytes){a, DIMSI_DIGEST_LEN}, (struct bytes){b, DIMSI_DIGEST_LEN});
}

/* The first n octets of what the KDF gives. */
static enum err derive(const struct crypto *c, const struct key_ek *ek, const char *label,
                       const struct bytes *items, size_t n_items, uint8_t *out, size_t n)
{
    uint8_t made[32];
    const enum err err = kdf_own(c, BYTES_OF(ek->b), label, items, n_items, made);
    if (err == E_OK) {
        memcpy(out, made, n);
    }
    wipe(made, sizeof made);
    return err == E_OK ? E_OK : E_CRYPTO;
}

static enum err half_key(const struct crypto *c, const struct key_ek *ek, const char *label,
                         const struct imsi *dimsi, uint8_t out[static 16])
{
    uint8_t bcd[IMSI_BCD_LEN];
    imsi_to_bcd(dimsi, bcd);
    return derive(c, ek, label, &BYTES_OF(bcd), 1, out, 16);
}

enum err dimsi_ekc(const struct crypto *c, const struct key_ek *ek, const struct imsi *dimsi,
                   uint8_t out[static 16])
{
    return half_key(c, ek, DIMSI_LABEL_EKC, dimsi, out);
}

/*= dimsi-1-outputs dimsi-separation */
enum err dimsi_autn_of(const struct crypto *c, const struct key_ek *ek, const struct imsi *dimsi,
                       const uint8_t plain[static DIMSI_PLAIN_LEN], struct autn *out)
{
    static const uint8_t amf[2] = {AMF_SEPARATION_BIT >> 8, AMF_SEPARATION_BIT & 0xff};
    const struct bytes whole = {plain, DIMSI_PLAIN_LEN};
    struct autn made;
    uint8_t eki[16];
    enum err err = half_key(c, ek, DIMSI_LABEL_EKI, dimsi, eki);
    if (err == E_OK) {
        err = cmac_aes128(c, eki, &whole, 1, 0, made.b);
    }
    if (err == E_OK) {
        memcpy(made.b + AUTN_AMF_AT, amf, sizeof amf);
        *out = made;
    }
    wipe(eki, sizeof eki);
    wipe(&made, sizeof made);
    return err == E_OK ? E_OK : E_CRYPTO;
}

/*= dimsi-first-keys */
enum err dimsi_first_keys(const struct crypto *c, const struct key_ek *ek,
                          const struct rand128 *rand, struct res *res, struct key_ck *ck,
                          struct key_ik *ik)
{
    const struct bytes with = BYTES_OF(rand->b);
    memset(res, 0, sizeof *res);
    res->n = DIMSI_RES_LEN;
    enum err err = derive(c, ek, DIMSI_LABEL_RES, &with, 1, res->b, DIMSI_RES_LEN);
    if (err == E_OK) {
        err = derive(c, ek, DIMSI_LABEL_CK, &with, 1, ck->b, sizeof ck->b);
    }
    if (err == E_OK) {
        err = derive(c, ek, DIMSI_LABEL_IK, &with, 1, ik->b, sizeof ik->b);
    }
    if (err != E_OK) {
        wipe(res, sizeof *res);
        wipe(ck, sizeof *ck);
        wipe(ik, sizeof *ik);
    }
    return err;
}

/*= dimsi-second-keys */
enum err dimsi_aka_keys(const struct crypto *c, const struct key_ek *ek, const struct imsi *dimsi,
                        const struct imsi *imsi, struct aka_keys *out)
{
    uint8_t both[2][IMSI_BCD_LEN];
    imsi_to_bcd(dimsi, both[0]);
    imsi_to_bcd(imsi, both[1]);
    const struct bytes items[] = {BYTES_OF(both[0]), BYTES_OF(both[1])};
    struct aka_keys made = {
        .algorithm = AKA_MILENAGE, .k.n = 16, .opc.n = 16, .res_len = DIMSI_RES_LEN};
    enum err err = derive(c, ek, DIMSI_LABEL_K, items, 2, made.k.b, 16);
    if (err == E_OK) {
        err = derive(c, ek, DIMSI_LABEL_OPC, items, 2, made.opc.b, 16);
    }
    if (err == E_OK) {
        *out = made;
    }
    wipe(&made, sizeof made);
    return err;
}
