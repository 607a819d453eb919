#include "device/image.h"

#include "device/frame.h"
#include <string.h>

static const uint8_t magic[FRAME_MAGIC_LEN] = {'B', 'U', 'E'};

/* ---- writing ---- */

static void put_challenge(struct wr *w, const struct ue_image *in)
{
    wr_u8(w, in->answered);
    if (!in->answered) {
        return;
    }
    wr_put(w, BYTES_OF(in->rand));
    wr_u8(w, in->res.n);
    wr_put(w, (struct bytes){in->res.b, in->res.n});
    wr_put(w, BYTES_OF(in->ck.b));
    wr_put(w, BYTES_OF(in->ik.b));
}

static void put_guti(struct wr *w, const struct ue_image *in)
{
    uint8_t plmn[PLMN_LEN];
    wr_u8(w, in->has_guti);
    if (!in->has_guti) {
        return;
    }
    plmn_to_octets(&in->guti.plmn, plmn);
    wr_put(w, BYTES_OF(plmn));
    wr_be16(w, in->guti.mme_group_id);
    wr_u8(w, in->guti.mme_code);
    wr_be32(w, in->guti.m_tmsi);
}

static void put_places(struct wr *w, const struct ue_image *in)
{
    uint8_t tai[NAS_TAI_LEN];
    wr_u8(w, in->has_last_tai);
    if (in->has_last_tai) {
        nas_tai_write(&in->last_tai, tai);
        wr_put(w, BYTES_OF(tai));
    }
    wr_u8(w, in->tai_list_n);
    wr_put(w, (struct bytes){in->tai_list, in->tai_list_n});
}

static void put_body(struct wr *w, const struct ue_image *in)
{
    uint8_t imsi[IMSI_BCD_LEN];
    imsi_to_bcd(&in->imsi, imsi);
    wr_put(w, BYTES_OF(imsi));
    put_challenge(w, in);
    put_guti(w, in);
    put_places(w, in);
    wr_be32(w, in->t3346_ms);
    wr_u8(w, in->has_security);
    if (in->has_security) {
        wr_put(w, BYTES_OF(in->security));
    }
}

enum err ue_image_write(const struct crypto *c, const struct ue_image *in, struct mbytes out,
                        size_t *n)
{
    if (in->res.n > sizeof in->res.b || in->tai_list_n > sizeof in->tai_list) {
        return E_BAD_LENGTH;
    }
    struct frame_writer f = frame_begin(out, magic, UE_IMAGE_VERSION);
    put_body(&f.w, in);
    return frame_end(c, &f, n);
}

/* ---- reading ---- */

static void get_challenge(struct rd *r, struct ue_image *out)
{
    out->answered = frame_flag(r);
    if (!out->answered) {
        return;
    }
    frame_octets(r, MBYTES_OF(out->rand));
    out->res.n = rd_u8(r);
    if (r->err == E_OK && (out->res.n < 4 || out->res.n > sizeof out->res.b)) {
        frame_fault(r, E_BAD_VALUE);
        return;
    }
    frame_octets(r, (struct mbytes){out->res.b, out->res.n});
    frame_octets(r, MBYTES_OF(out->ck.b));
    frame_octets(r, MBYTES_OF(out->ik.b));
}

static void get_guti(struct rd *r, struct ue_image *out)
{
    out->has_guti = frame_flag(r);
    if (!out->has_guti) {
        return;
    }
    struct bytes plmn = rd_take(r, PLMN_LEN);
    if (plmn.n == PLMN_LEN && plmn_from_octets(plmn.p, &out->guti.plmn) != E_OK) {
        frame_fault(r, E_BAD_DIGIT);
    }
    out->guti.mme_group_id = rd_be16(r);
    out->guti.mme_code = rd_u8(r);
    out->guti.m_tmsi = rd_be32(r);
}

static void get_places(struct rd *r, struct ue_image *out)
{
    struct nas_tai_list list;
    out->has_last_tai = frame_flag(r);
    struct bytes tai = rd_take(r, out->has_last_tai ? NAS_TAI_LEN : 0);
    if (tai.n == NAS_TAI_LEN && nas_tai_parse(tai, &out->last_tai) != E_OK) {
        frame_fault(r, E_BAD_DIGIT);
    }
    out->tai_list_n = rd_u8(r);
    if (out->tai_list_n > sizeof out->tai_list) {
        frame_fault(r, E_BAD_VALUE);
        return;
    }
    frame_octets(r, (struct mbytes){out->tai_list, out->tai_list_n});
    if (r->err == E_OK && out->tai_list_n > 0 &&
        nas_tai_list_parse((struct bytes){out->tai_list, out->tai_list_n}, &list) != E_OK) {
        frame_fault(r, E_BAD_VALUE);
    }
}

static enum err get_body(struct bytes body, struct ue_image *out)
{
    struct rd r = rd_of(body);
    struct bytes imsi = rd_take(&r, IMSI_BCD_LEN);
    if (imsi.n == IMSI_BCD_LEN && imsi_from_bcd(imsi.p, &out->imsi) != E_OK) {
        frame_fault(&r, E_BAD_DIGIT);
    }
    get_challenge(&r, out);
    get_guti(&r, out);
    get_places(&r, out);
    out->t3346_ms = rd_be32(&r);
    out->has_security = frame_flag(&r);
    if (out->has_security) {
        frame_octets(&r, MBYTES_OF(out->security));
    }
    return rd_end(&r);
}

enum err ue_image_read(const struct crypto *c, struct bytes in, struct ue_image *out)
{
    struct ue_image made;
    struct bytes body;
    memset(&made, 0, sizeof made);
    enum err err = frame_open(c, in, magic, UE_IMAGE_VERSION, &body);
    if (err == E_OK) {
        err = get_body(body, &made);
    }
    if (err == E_OK) {
        *out = made;
    }
    wipe(&made, sizeof made);
    return err;
}
