#include "device/keys.h"

#include "device/frame.h"
#include <string.h>

/* The frame, the IMSI, two flags, three keys and a nonce, what has to come back, a length. */
#define KEYS_LONGEST                                                                               \
    (FRAME_OVERHEAD + IMSI_BCD_LEN + 2 + 2 * KME_LEN + KME_NONCE_LEN + KME_NW_SIG_LEN + 2 +        \
     KME_MODULUS_MAX)
_Static_assert(KEYS_LONGEST <= BINDERY_UE_KEYS_MAX, "the public size is enough");
/* Where the NAS client makes it: that part of its buffer in which nothing waits to leave. */
_Static_assert(BINDERY_UE_KEYS_MAX <= BINDERY_UE_BUFFER_MIN - BINDERY_UE_UPLINK_MAX, "room for it");

static const uint8_t magic[FRAME_MAGIC_LEN] = {'B', 'U', 'K'};

static bool is_modulus_length(size_t n)
{
    return n >= KME_MODULUS_MIN && n <= KME_MODULUS_MAX && n % 32 == 0;
}

/* ---- writing ---- */

static void put_pending(struct wr *w, const struct kme_pending *p)
{
    wr_u8(w, p->present);
    if (!p->present) {
        return;
    }
    wr_put(w, BYTES_OF(p->kme.b));
    wr_put(w, BYTES_OF(p->nonce));
    wr_put(w, BYTES_OF(p->xnw_sig));
    wr_be16(w, p->n);
    wr_put(w, (struct bytes){p->encrypted, p->n});
}

static void put_body(struct wr *w, const struct ue_keys *in)
{
    uint8_t imsi[IMSI_BCD_LEN];
    imsi_to_bcd(&in->imsi, imsi);
    wr_put(w, BYTES_OF(imsi));
    wr_u8(w, in->me.has_active);
    if (in->me.has_active) {
        wr_put(w, BYTES_OF(in->me.active.b));
    }
    put_pending(w, &in->me.pending);
}

/*= kme-per-imsi */
enum err ue_keys_write(const struct crypto *c, const struct ue_keys *in, struct mbytes out,
                       size_t *n)
{
    if (in->me.pending.present && !is_modulus_length(in->me.pending.n)) {
        wipe(out.p, out.n);
        return E_BAD_LENGTH;
    }
    struct frame_writer f = frame_begin(out, magic, UE_KEYS_VERSION);
    put_body(&f.w, in);
    return frame_end(c, &f, n);
}

/* ---- reading ---- */

static void get_pending(struct rd *r, struct kme_pending *p)
{
    p->present = frame_flag(r);
    if (!p->present) {
        return;
    }
    frame_octets(r, MBYTES_OF(p->kme.b));
    frame_octets(r, MBYTES_OF(p->nonce));
    frame_octets(r, MBYTES_OF(p->xnw_sig));
    p->n = rd_be16(r);
    if (r->err == E_OK && !is_modulus_length(p->n)) {
        frame_fault(r, E_BAD_VALUE);
        return;
    }
    frame_octets(r, (struct mbytes){p->encrypted, p->n});
}

static enum err get_body(struct bytes body, struct ue_keys *out)
{
    struct rd r = rd_of(body);
    struct bytes imsi = rd_take(&r, IMSI_BCD_LEN);
    if (imsi.n == IMSI_BCD_LEN && imsi_from_bcd(imsi.p, &out->imsi) != E_OK) {
        frame_fault(&r, E_BAD_DIGIT);
    }
    out->me.has_active = frame_flag(&r);
    if (out->me.has_active) {
        frame_octets(&r, MBYTES_OF(out->me.active.b));
    }
    get_pending(&r, &out->me.pending);
    return rd_end(&r);
}

enum err ue_keys_read(const struct crypto *c, struct bytes in, struct ue_keys *out)
{
    struct bytes body;
    memset(out, 0, sizeof *out);
    enum err err = frame_open(c, in, magic, UE_KEYS_VERSION, &body);
    if (err == E_OK) {
        err = get_body(body, out);
    }
    if (err != E_OK) {
        wipe(out, sizeof *out);
    }
    return err;
}

enum bindery_ue_result ue_keys_take(const struct crypto *c, struct bytes record,
                                    const uint8_t *factory, struct ue_keys *keys)
{
    const struct imsi imsi = keys->imsi;
    if (record.p == NULL) {
        memset(&keys->me, 0, sizeof keys->me);
        if (factory != NULL) {
            keys->me.has_active = true;
            memcpy(keys->me.active.b, factory, sizeof keys->me.active.b);
        }
        return BINDERY_UE_OK;
    }
    enum err err = ue_keys_read(c, record, keys);
    if (err != E_OK) {
        return err == E_CRYPTO ? BINDERY_UE_ERR_CRYPTO : BINDERY_UE_ERR_IMAGE;
    }
    if (!imsi_eq(&imsi, &keys->imsi)) {
        wipe(keys, sizeof *keys);
        return BINDERY_UE_ERR_FOREIGN;
    }
    return BINDERY_UE_OK;
}
