#include "codec/nas_container.h"
#include <string.h>

#define PRESENCE_M false
#define PRESENCE_O true
#define ROW(s, member, tag, presence, min, max)                                                    \
    {NAS_TAG_##tag, PRESENCE_##presence, (min), (max), offsetof(s, member)},
#define X(name, type, list)                                                                        \
    static const struct nas_container_row name##_rows[] = {list(ROW, struct nas_##name)};          \
    const struct nas_container nas_##name##_container = {                                          \
        name##_rows, sizeof name##_rows / sizeof name##_rows[0], NAS_CONTAINER_##type,             \
        sizeof(struct nas_##name)};
NAS_CONTAINERS(X)
#undef X

static enum err take_head(struct rd *r, uint8_t *type)
{
    *type = rd_u8(r);
    uint8_t version = rd_u8(r);
    if (r->err != E_OK) {
        return r->err;
    }
    bool known = *type >= NAS_CONTAINER_DEVID_CHALLENGE &&
                 *type <= NAS_CONTAINER_PROVISIONING_RESULT && version == NAS_CONTAINER_VERSION;
    return known ? E_OK : E_UNSUPPORTED;
}

enum err nas_container_type(struct bytes value, uint8_t *type)
{
    struct rd r = rd_of(value);
    uint8_t seen;
    enum err e = take_head(&r, &seen);
    if (e == E_OK) {
        *type = seen;
    }
    return e;
}

static bool comes_later(const struct nas_container *c, size_t i, uint8_t tag)
{
    for (; i < c->n; i++) {
        if (c->rows[i].tag == tag) {
            return true;
        }
    }
    return false;
}

/* The next tag is this row's, or, the row being optional, a later one's. */
static enum err take_row(const struct nas_container *c, size_t i, struct rd *r, uint8_t *base)
{
    const struct nas_container_row *row = &c->rows[i];
    if (rd_left(r) == 0) {
        return row->optional ? E_OK : E_MISSING;
    }
    uint8_t tag = r->p[r->at];
    if (tag != row->tag) {
        if (!comes_later(c, i, tag)) {
            return E_UNKNOWN;
        }
        return row->optional ? E_OK : E_MISSING;
    }
    (void)rd_u8(r);
    struct bytes v = rd_take(r, rd_be16(r));
    if (r->err != E_OK) {
        return r->err;
    }
    if (v.n < row->min || v.n > row->max) {
        return E_BAD_LENGTH;
    }
    *(struct bytes *)(void *)(base + row->offset) = v;
    return E_OK;
}

enum err nas_container_parse(const struct nas_container *c, struct bytes value, void *out)
{
    struct rd r = rd_of(value);
    uint8_t type;
    memset(out, 0, c->size);
    enum err e = take_head(&r, &type);
    if (e == E_OK && type != c->type) {
        e = E_UNSUPPORTED;
    }
    for (size_t i = 0; e == E_OK && i < c->n; i++) {
        e = take_row(c, i, &r, out);
    }
    if (e == E_OK) {
        e = rd_end(&r);
    }
    if (e != E_OK) {
        memset(out, 0, c->size);
    }
    return e;
}

static enum err put_row(struct wr *w, const struct nas_container_row *row, struct bytes v)
{
    if (!v.p) {
        return row->optional ? E_OK : E_MISSING;
    }
    if (v.n < row->min || v.n > row->max) {
        return E_BAD_LENGTH;
    }
    wr_u8(w, row->tag);
    wr_be16(w, (uint16_t)v.n);
    wr_put(w, v);
    return E_OK;
}

enum err nas_container_write(const struct nas_container *c, const void *in, struct mbytes out,
                             struct bytes *value)
{
    struct wr w = wr_of(out);
    wr_u8(&w, c->type);
    wr_u8(&w, NAS_CONTAINER_VERSION);
    enum err e = E_OK;
    for (size_t i = 0; e == E_OK && i < c->n; i++) {
        const void *member = (const uint8_t *)in + c->rows[i].offset;
        e = put_row(&w, &c->rows[i], *(const struct bytes *)member);
    }
    e = e == E_OK ? w.err : e;
    if (e == E_OK) {
        *value = wr_done(&w);
    }
    return e;
}

const struct nas_container *nas_container_of(uint8_t type)
{
    static const struct nas_container *const all[] = {
#define X(name, number, list) [NAS_CONTAINER_##number] = &nas_##name##_container,
        NAS_CONTAINERS(X)
#undef X
    };
    return type < sizeof all / sizeof all[0] ? all[type] : NULL;
}
