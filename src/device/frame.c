#include "device/frame.h"

#include <string.h>

#define HEADER_LEN 6
#define HASH_LEN   16
_Static_assert(HEADER_LEN + HASH_LEN == FRAME_OVERHEAD, "what the header says");

static enum err hash_of(const struct crypto *c, struct bytes all, uint8_t hash[static HASH_LEN])
{
    uint8_t whole[32];
    enum err err = c->sha256(c->ctx, &all, 1, whole);
    if (err == E_OK) {
        memcpy(hash, whole, HASH_LEN);
    }
    return err;
}

/* ---- writing ---- */

struct frame_writer frame_begin(struct mbytes out, const uint8_t magic[static FRAME_MAGIC_LEN],
                                uint8_t version)
{
    struct frame_writer f = {.w = wr_of(out), .room = out};
    wr_put(&f.w, (struct bytes){magic, FRAME_MAGIC_LEN});
    wr_u8(&f.w, version);
    f.length = wr_hold(&f.w, 2);
    return f;
}

enum err frame_end(const struct crypto *c, struct frame_writer *f, size_t *n)
{
    uint8_t hash[HASH_LEN];
    enum err err = f->w.err;
    if (err == E_OK) {
        f->length[0] = (uint8_t)((f->w.n - HEADER_LEN) >> 8);
        f->length[1] = (uint8_t)(f->w.n - HEADER_LEN);
        err = hash_of(c, wr_done(&f->w), hash);
    }
    if (err == E_OK) {
        wr_put(&f->w, BYTES_OF(hash));
        err = f->w.err;
    }
    if (err != E_OK) {
        wipe(f->room.p, f->room.n);
        return err;
    }
    *n = f->w.n;
    return E_OK;
}

/* ---- reading ---- */

enum err frame_open(const struct crypto *c, struct bytes in,
                    const uint8_t magic[static FRAME_MAGIC_LEN], uint8_t version,
                    struct bytes *body)
{
    struct rd r = rd_of(in);
    uint8_t hash[HASH_LEN];
    struct bytes begin = rd_take(&r, FRAME_MAGIC_LEN);
    const uint8_t stored_version = rd_u8(&r);
    *body = rd_take(&r, rd_be16(&r));
    struct bytes stored = rd_take(&r, HASH_LEN);
    if (begin.n == FRAME_MAGIC_LEN && !bytes_eq(begin, (struct bytes){magic, FRAME_MAGIC_LEN})) {
        return E_UNSUPPORTED;
    }
    if (in.n > FRAME_MAGIC_LEN && stored_version != version) {
        return stored_version > version ? E_TOO_NEW : E_UNSUPPORTED;
    }
    enum err err = rd_end(&r);
    if (err == E_OK) {
        err = hash_of(c, (struct bytes){in.p, in.n - HASH_LEN}, hash);
    }
    if (err == E_OK && !bytes_eq(stored, BYTES_OF(hash))) {
        err = E_BAD_MAC;
    }
    return err;
}

void frame_fault(struct rd *r, enum err err)
{
    r->err = r->err != E_OK ? r->err : err;
}

bool frame_flag(struct rd *r)
{
    uint8_t v = rd_u8(r);
    if (v > 1) {
        frame_fault(r, E_BAD_VALUE);
    }
    return v == 1;
}

void frame_octets(struct rd *r, struct mbytes out)
{
    struct bytes v = rd_take(r, out.n);
    if (v.n > 0) {
        memcpy(out.p, v.p, v.n);
    }
}
