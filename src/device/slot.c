#include "device/slot.h"

#include "device/frame.h"
#include "device/platform.h"
#include <string.h>

/* The frame, dIMSI, name and its length, token, two flags, eK, IMSI. */
#define SLOT_LONGEST                                                                               \
    (FRAME_OVERHEAD + IMSI_BCD_LEN + 1 + DIMSI_NAME_MAX + DIMSI_DIGEST_LEN + 2 + DIMSI_EK_LEN +    \
     IMSI_BCD_LEN)
_Static_assert(SLOT_LONGEST <= BINDERY_UE_SLOT_MAX &&
                   sizeof(struct dimsi_slot) <= BINDERY_UE_SLOT_SIZE,
               "the public sizes are enough");

static const uint8_t magic[FRAME_MAGIC_LEN] = {'B', 'U', 'D'};

/* ---- writing ---- */

static void put_imsi(struct wr *w, const struct imsi *imsi)
{
    uint8_t bcd[IMSI_BCD_LEN];
    imsi_to_bcd(imsi, bcd);
    wr_put(w, BYTES_OF(bcd));
}

static void put_body(struct wr *w, const struct dimsi_slot *in)
{
    put_imsi(w, &in->dimsi);
    wr_u8(w, in->arpf.n);
    wr_put(w, (struct bytes){(const uint8_t *)in->arpf.text, in->arpf.n});
    wr_put(w, BYTES_OF(in->token));
    wr_u8(w, in->erased);
    if (!in->erased) {
        wr_put(w, BYTES_OF(in->ek.b));
    }
    wr_u8(w, in->installed);
    if (in->installed) {
        put_imsi(w, &in->imsi);
    }
}

enum err slot_write(const struct crypto *c, const struct dimsi_slot *in, struct mbytes out,
                    size_t *n)
{
    struct frame_writer f = frame_begin(out, magic, SLOT_VERSION);
    put_body(&f.w, in);
    return frame_end(c, &f, n);
}

/* ---- reading ---- */

static void get_imsi(struct rd *r, struct imsi *out)
{
    const struct bytes bcd = rd_take(r, IMSI_BCD_LEN);
    if (bcd.n == IMSI_BCD_LEN && imsi_from_bcd(bcd.p, out) != E_OK) {
        frame_fault(r, E_BAD_DIGIT);
    }
}

static void get_name(struct rd *r, struct dimsi_name *out)
{
    const struct bytes text = rd_take(r, rd_u8(r));
    if (r->err != E_OK) {
        return;
    }
    enum err err = dimsi_name_parse(text, out);
    if (err != E_OK) {
        frame_fault(r, err);
    }
}

static enum err get_body(struct bytes body, struct dimsi_slot *out)
{
    struct rd r = rd_of(body);
    get_imsi(&r, &out->dimsi);
    get_name(&r, &out->arpf);
    frame_octets(&r, MBYTES_OF(out->token));
    out->erased = frame_flag(&r);
    if (!out->erased) {
        frame_octets(&r, MBYTES_OF(out->ek.b));
    }
    out->installed = frame_flag(&r);
    if (out->installed) {
        get_imsi(&r, &out->imsi);
    }
    return rd_end(&r);
}

enum err slot_read(const struct crypto *c, struct bytes in, struct dimsi_slot *out)
{
    struct bytes body;
    memset(out, 0, sizeof *out);
    enum err err = frame_open(c, in, magic, SLOT_VERSION, &body);
    if (err == E_OK) {
        err = get_body(body, out);
    }
    if (err != E_OK) {
        wipe(out, sizeof *out);
    }
    return err;
}

/* ---- layer 1 ---- */

enum bindery_ue_result bindery_ue_slot_write(const struct bindery_ue_slot *slot,
                                             const struct bindery_ue_crypto *crypto, uint8_t *out,
                                             size_t *n)
{
    const struct mbytes room = {out, *n};
    *n = 0;
    if (!platform_complete(crypto)) {
        return BINDERY_UE_ERR_CRYPTO;
    }
    const struct crypto c = platform_crypto(crypto);
    enum err err = slot_write(&c, slot_in(slot), room, n);
    return err == E_OK        ? BINDERY_UE_OK
           : err == E_NO_ROOM ? BINDERY_UE_ERR_ROOM
                              : BINDERY_UE_ERR_CRYPTO;
}

enum bindery_ue_result bindery_ue_slot_read(struct bindery_ue_slot *slot,
                                            const struct bindery_ue_crypto *crypto,
                                            const uint8_t *in, size_t n)
{
    memset(slot, 0, sizeof *slot);
    if (!platform_complete(crypto)) {
        return BINDERY_UE_ERR_CRYPTO;
    }
    const struct crypto c = platform_crypto(crypto);
    enum err err = slot_read(&c, (struct bytes){in, n}, slot_of(slot));
    return err == E_OK       ? BINDERY_UE_OK
           : err == E_CRYPTO ? BINDERY_UE_ERR_CRYPTO
                             : BINDERY_UE_ERR_IMAGE;
}

static uint8_t give_imsi(const struct imsi *imsi, char out[static IMSI_DIGITS_MAX])
{
    memcpy(out, imsi->digits, IMSI_DIGITS_MAX);
    return imsi->n;
}

void bindery_ue_slot_view(const struct bindery_ue_slot *slot, struct bindery_ue_slot_view *out)
{
    const struct dimsi_slot *s = slot_in(slot);
    memset(out, 0, sizeof *out);
    out->dimsi_n = give_imsi(&s->dimsi, out->dimsi);
    out->imsi_n = s->installed ? give_imsi(&s->imsi, out->imsi) : 0;
    memcpy(out->arpf, s->arpf.text, sizeof out->arpf);
    memcpy(out->token, s->token, sizeof out->token);
    out->erased = s->erased;
}
_Static_assert(sizeof((struct bindery_ue_slot_view){.erased = false}.arpf) ==
                   sizeof((struct dimsi_name){.n = 0}.text),
               "a name is a name");

/*= dimsi-erase */
void bindery_ue_slot_erase(struct bindery_ue_slot *slot)
{
    struct dimsi_slot *s = slot_of(slot);
    wipe(&s->ek, sizeof s->ek);
    s->erased = true;
}

void bindery_ue_slot_wipe(struct bindery_ue_slot *slot)
{
    wipe(slot, sizeof *slot);
}
