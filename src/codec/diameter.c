#include "codec/diameter.h"
#include <string.h>

#define FLAG_R 0x80
#define FLAG_P 0x40
#define FLAG_E 0x20
#define FLAG_T 0x10

static uint32_t be24(const uint8_t *p)
{
    return (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];
}

static size_t padded(size_t n)
{
    return (n + 3) & ~(size_t)3;
}

/* ---- framing and header ---- */

enum err diameter_frame(struct bytes in, size_t max, size_t *total)
{
    *total = 0;
    if (in.n >= 1 && in.p[0] != DIAMETER_VERSION) {
        return E_BAD_VALUE;
    }
    if (in.n < 4) {
        return E_AGAIN;
    }
    size_t n = be24(in.p + 1);
    if (n < DIAMETER_HEADER_LEN || n % 4 != 0 || n > max) {
        return E_BAD_LENGTH;
    }
    *total = n;
    return in.n < n ? E_AGAIN : E_OK;
}

enum err diameter_header_read(struct bytes msg, struct diameter_header *out)
{
    struct rd r = rd_of(msg);
    (void)rd_be32(&r); /* version and length: diameter_check */
    uint8_t flags = rd_u8(&r);
    struct diameter_header h = {
        .request = flags & FLAG_R,
        .proxiable = flags & FLAG_P,
        .error = flags & FLAG_E,
        .retransmitted = flags & FLAG_T,
    };
    h.command = rd_be24(&r);
    h.application = rd_be32(&r);
    h.hop_by_hop = rd_be32(&r);
    h.end_to_end = rd_be32(&r);
    if (r.err != E_OK) {
        return E_TRUNCATED;
    }
    *out = h;
    return E_OK;
}

void diameter_header_write(struct wr *w, const struct diameter_header *h)
{
    unsigned flags = (h->request ? FLAG_R : 0U) | (h->proxiable ? FLAG_P : 0U) |
                     (h->error ? FLAG_E : 0U) | (h->retransmitted ? FLAG_T : 0U);
    wr_u8(w, DIAMETER_VERSION);
    wr_be24(w, DIAMETER_HEADER_LEN);
    wr_u8(w, (uint8_t)flags);
    wr_be24(w, h->command);
    wr_be32(w, h->application);
    wr_be32(w, h->hop_by_hop);
    wr_be32(w, h->end_to_end);
}

enum err diameter_length_set(struct wr *w)
{
    if (w->err != E_OK) {
        return w->err;
    }
    if (w->n > DIAMETER_LENGTH_MAX || w->n < DIAMETER_HEADER_LEN) {
        return E_NO_ROOM;
    }
    w->p[1] = (uint8_t)(w->n >> 16);
    w->p[2] = (uint8_t)(w->n >> 8);
    w->p[3] = (uint8_t)w->n;
    return E_OK;
}

enum err diameter_hop_by_hop_set(struct mbytes msg, uint32_t hop_by_hop)
{
    if (msg.n < DIAMETER_HEADER_LEN) {
        return E_TRUNCATED;
    }
    struct wr w = wr_of((struct mbytes){msg.p + 12, 4});
    wr_be32(&w, hop_by_hop);
    return w.err;
}

/* ---- AVPs one by one ---- */

struct rd diameter_avps(struct bytes msg)
{
    if (msg.n < DIAMETER_HEADER_LEN) {
        return rd_of((struct bytes){msg.p, 0});
    }
    return rd_of((struct bytes){msg.p + DIAMETER_HEADER_LEN, msg.n - DIAMETER_HEADER_LEN});
}

/* Code, flags and vendor, as far as they are there; yields the length of the AVP or 0. */
static size_t avp_header(struct bytes in, struct diameter_avp *out)
{
    struct rd r = rd_of(in);
    out->code = rd_be32(&r);
    out->flags = rd_u8(&r);
    size_t len = rd_be24(&r);
    if (r.err != E_OK) {
        return 0;
    }
    size_t header = 8;
    if (out->flags & DIAMETER_AVP_V) {
        out->vendor = rd_be32(&r);
        header = 12;
    }
    return r.err == E_OK && len >= header ? len : 0;
}

enum err diameter_avp_next(struct rd *r, struct diameter_avp *out)
{
    *out = (struct diameter_avp){0};
    if (r->err != E_OK) {
        return E_BAD_LENGTH;
    }
    size_t left = rd_left(r);
    if (left == 0) {
        return E_NOT_FOUND;
    }
    const uint8_t *p = r->p + r->at;
    size_t len = avp_header((struct bytes){p, left}, out);
    if (len == 0 || padded(len) > left) {
        r->err = E_TRUNCATED;
        return E_BAD_LENGTH;
    }
    size_t header = out->flags & DIAMETER_AVP_V ? 12 : 8;
    out->whole = (struct bytes){p, len};
    out->data = (struct bytes){p + header, len - header};
    (void)rd_take(r, padded(len));
    return E_OK;
}

enum err diameter_avp_next_of(struct rd *r, uint32_t code, uint32_t vendor, struct bytes *data)
{
    struct diameter_avp avp;
    enum err e;
    while ((e = diameter_avp_next(r, &avp)) == E_OK) {
        if (avp.code == code && avp.vendor == vendor) {
            *data = avp.data;
            break;
        }
    }
    return e;
}

enum err diameter_find(struct bytes msg, uint32_t code, uint32_t vendor, struct bytes *data)
{
    struct rd r = diameter_avps(msg);
    return diameter_avp_next_of(&r, code, vendor, data) == E_OK ? E_OK : E_NOT_FOUND;
}

static struct bytes *routing_slot(struct diameter_routing *o, const struct diameter_avp *avp)
{
    enum diameter_avp_id id;
    if (avp->vendor != 0 || !diameter_avp_lookup(avp->code, 0, 0, &id)) {
        return NULL;
    }
    return id == AVP_SESSION_ID          ? &o->session_id
           : id == AVP_ORIGIN_HOST       ? &o->origin_host
           : id == AVP_ORIGIN_REALM      ? &o->origin_realm
           : id == AVP_DESTINATION_HOST  ? &o->destination_host
           : id == AVP_DESTINATION_REALM ? &o->destination_realm
                                         : NULL;
}

enum err diameter_routing_read(struct bytes msg, struct diameter_routing *out)
{
    *out = (struct diameter_routing){0};
    struct rd r = diameter_avps(msg);
    struct diameter_avp avp;
    enum err e;
    while ((e = diameter_avp_next(&r, &avp)) == E_OK) {
        struct bytes *slot = routing_slot(out, &avp);
        if (slot && !slot->p) {
            *slot = avp.data;
        }
    }
    return e == E_NOT_FOUND ? E_OK : e;
}

bool diameter_route_record_has(struct bytes msg, struct bytes host)
{
    struct rd r = diameter_avps(msg);
    uint32_t code = diameter_definition(AVP_ROUTE_RECORD)->code;
    struct bytes seen;
    while (diameter_avp_next_of(&r, code, 0, &seen) == E_OK) {
        if (bytes_eq_nocase(seen, host)) {
            return true;
        }
    }
    return false;
}

/* ---- faults ---- */

static enum err fault(struct diameter_fault *f, uint32_t code, enum err e)
{
    *f = (struct diameter_fault){.result_code = code};
    return e;
}

enum err diameter_check(struct bytes msg, struct diameter_fault *f)
{
    struct diameter_header h;
    if (diameter_header_read(msg, &h) != E_OK) {
        return fault(f, 0, E_TRUNCATED);
    }
    if (msg.p[0] != DIAMETER_VERSION) {
        return fault(f, DIAMETER_UNSUPPORTED_VERSION, E_BAD_VALUE);
    }
    if (be24(msg.p + 1) != msg.n || msg.n % 4 != 0) {
        return fault(f, DIAMETER_INVALID_MESSAGE_LENGTH, E_BAD_LENGTH);
    }
    if (h.request && h.error) {
        return fault(f, DIAMETER_INVALID_HDR_BITS, E_BAD_VALUE);
    }
    return fault(f, 0, E_OK);
}

/* The first such AVP in a run of AVPs, groups of the dictionary searched too. */
static bool find_deep(struct rd r, const struct diameter_definition *want, uint32_t own_vendor,
                      unsigned depth, struct bytes *whole)
{
    uint32_t vendor = diameter_vendor(want, own_vendor);
    struct diameter_avp avp;
    while (diameter_avp_next(&r, &avp) == E_OK) {
        enum diameter_avp_id id;
        if (avp.code == want->code && avp.vendor == vendor) {
            *whole = avp.whole;
            return true;
        }
        if (depth < DIAMETER_DEPTH_MAX &&
            diameter_avp_lookup(avp.code, avp.vendor, own_vendor, &id) &&
            diameter_definition(id)->type == DIAMETER_GROUPED &&
            find_deep(rd_of(avp.data), want, own_vendor, depth + 1, whole)) {
            return true;
        }
    }
    return false;
}

void diameter_fault_value(struct bytes msg, enum diameter_avp_id avp, uint32_t own_vendor,
                          struct diameter_fault *f)
{
    const struct diameter_definition *d = diameter_definition(avp);
    *f = (struct diameter_fault){.result_code = DIAMETER_INVALID_AVP_VALUE};
    (void)find_deep(diameter_avps(msg), d, own_vendor, 1, &f->avp);
    size_t n = strlen(d->name);
    memcpy(f->path, d->name, n < sizeof f->path ? n : sizeof f->path - 1);
}

static size_t example_header(const struct diameter_fault *f)
{
    return f->flags & DIAMETER_AVP_V ? 12 : 8;
}

size_t diameter_failed_avp_len(const struct diameter_fault *f)
{
    if (f->avp.n != 0) {
        return padded(f->avp.n);
    }
    return f->example ? padded(example_header(f) + f->value_len) : 0;
}

static void example_write(struct wr *w, const struct diameter_fault *f)
{
    wr_be32(w, f->code);
    wr_u8(w, f->flags);
    wr_be24(w, (uint32_t)example_header(f) + f->value_len);
    if (f->flags & DIAMETER_AVP_V) {
        wr_be32(w, f->vendor);
    }
    wr_zero(w, padded(f->value_len));
}

void diameter_failed_avp_write(struct wr *w, const struct diameter_fault *f)
{
    size_t n = diameter_failed_avp_len(f);
    if (n == 0) {
        return;
    }
    wr_be32(w, diameter_definition(AVP_FAILED_AVP)->code);
    wr_u8(w, DIAMETER_AVP_M);
    wr_be24(w, (uint32_t)(8 + n));
    if (f->avp.n != 0) {
        wr_put(w, f->avp);
        wr_zero(w, n - f->avp.n);
    } else {
        example_write(w, f);
    }
}

/* ---- traces ---- */

static void zero_rest(struct mbytes m, const struct rd *r, size_t from)
{
    if (from < r->n) {
        memset(m.p + from, 0, r->n - from);
    }
}

static bool redact(uint32_t own, struct mbytes in, unsigned depth);

/* One AVP's value at `at` of the run. False: the rest of the message is not to be trusted. */
static bool redact_value(uint32_t own, struct mbytes in, const struct diameter_avp *avp,
                         unsigned depth)
{
    enum diameter_avp_id id;
    struct mbytes value = {in.p + (avp->data.p - in.p), avp->data.n};
    if (!diameter_avp_lookup(avp->code, avp->vendor, own, &id)) {
        return true;
    }
    if (diameter_definition(id)->secret) {
        memset(value.p, 0, value.n);
        return true;
    }
    if (diameter_definition(id)->type != DIAMETER_GROUPED) {
        return true;
    }
    if (depth == DIAMETER_DEPTH_MAX) {
        memset(value.p, 0, value.n);
        return true;
    }
    return redact(own, value, depth + 1);
}

static bool redact(uint32_t own, struct mbytes in, unsigned depth)
{
    struct rd r = rd_of((struct bytes){in.p, in.n});
    struct diameter_avp avp;
    enum err e;
    size_t at = 0;
    bool sound = true;
    while (sound && (e = diameter_avp_next(&r, &avp)) != E_NOT_FOUND) {
        sound = e == E_OK && redact_value(own, in, &avp, depth);
        if (!sound) {
            zero_rest(in, &r, e == E_OK ? r.at : at);
        }
        at = r.at;
    }
    return sound;
}

void diameter_redact(uint32_t own_vendor, struct mbytes msg)
{
    size_t header = msg.n < DIAMETER_HEADER_LEN ? msg.n : DIAMETER_HEADER_LEN;
    (void)redact(own_vendor, (struct mbytes){msg.p + header, msg.n - header}, 1);
}
