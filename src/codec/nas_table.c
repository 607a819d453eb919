#include "codec/nas_table.h"
#include <string.h>

#define IEI_ONE_OCTET     0x80U /* and above: the element is this octet (TS 24.007 11.2.4) */
#define IEI_LONG_LENGTH   0x78U /* to 7F: two octets of length (TS 24.007 11.2.4) */
#define IEI_COMPREHENSION 0xF0U /* none of these bits set: must be known (TS 24.007 11.2.5) */

static bool is_optional(const struct nas_row *row)
{
    return row->format >= NAS_O_TVH;
}

/* ---- parsing ---- */

struct parse {
    const struct nas_message *m;
    struct rd r;
    uint8_t *base;
    struct nas_fault *fault;
    bool half_left; /* the high half of the octet before is still to be used */
    uint8_t high;
    size_t next; /* the first row that an optional element may still belong to */
};

static void store(struct parse *p, const struct nas_row *row, struct bytes value)
{
    void *member = p->base + row->offset;
    *(struct bytes *)member = (struct bytes){value.p, value.n < row->max ? value.n : row->max};
}

static uint8_t take_half(struct parse *p)
{
    p->half_left = !p->half_left;
    if (!p->half_left) {
        return p->high;
    }
    uint8_t v = rd_u8(&p->r);
    p->high = v >> 4;
    return v & 0xF;
}

static enum err take_mandatory(struct parse *p, const struct nas_row *row)
{
    uint8_t *member = p->base + row->offset;
    size_t n = row->max;
    if (row->format == NAS_M_HALF) {
        uint8_t v = take_half(p);
        *member = row->ie == NAS_IE_SPARE ? 0 : v;
    } else if (row->format == NAS_M_V1) {
        *member = rd_u8(&p->r);
    } else {
        if (row->format != NAS_M_V) {
            n = row->format == NAS_M_LV ? rd_u8(&p->r) : rd_be16(&p->r);
        }
        struct bytes value = rd_take(&p->r, n);
        store(p, row, value);
        n = value.n;
        if (p->r.err == E_OK && n < row->min) {
            return E_BAD_LENGTH;
        }
    }
    return p->r.err == E_OK ? E_OK : E_MISSING;
}

static const struct nas_row *optional_row(const struct nas_message *m, uint8_t iei)
{
    uint8_t known = iei >= IEI_ONE_OCTET ? (uint8_t)(iei & 0xF0) : iei;
    for (size_t i = 0; i < m->n; i++) {
        if (is_optional(&m->rows[i]) && m->rows[i].iei == known) {
            return &m->rows[i];
        }
    }
    return NULL;
}

/* What is behind the IEI: a length that the table or the IEI's class gives, or one that is sent. */
static struct bytes take_value(struct parse *p, const struct nas_row *row, uint8_t iei)
{
    if (iei >= IEI_ONE_OCTET) {
        return (struct bytes){NULL, 0};
    }
    if (row && (row->format == NAS_O_TV1 || row->format == NAS_O_TV)) {
        return rd_take(&p->r, row->max);
    }
    return rd_take(&p->r, iei >= IEI_LONG_LENGTH ? rd_be16(&p->r) : rd_u8(&p->r));
}

static void ignore(struct parse *p, size_t at)
{
    if (p->fault->ignored++ == 0) {
        p->fault->ignored_at = at;
    }
}

static enum err take_optional(struct parse *p)
{
    size_t at = p->r.at;
    uint8_t iei = rd_u8(&p->r);
    const struct nas_row *row = optional_row(p->m, iei);
    if (!row && (iei & IEI_COMPREHENSION) == 0) {
        p->fault->at = at;
        p->fault->ie = NAS_IE_SPARE;
        p->fault->iei = iei;
        return E_UNKNOWN;
    }
    struct bytes value = take_value(p, row, iei);
    if (p->r.err != E_OK || !row || (size_t)(row - p->m->rows) < p->next || value.n < row->min) {
        ignore(p, at);
        return E_OK;
    }
    p->next = (size_t)(row - p->m->rows) + 1;
    if (row->format == NAS_O_TVH) {
        *(struct nas_u8 *)(void *)(p->base + row->offset) = NAS_U8_OF(iei & 0xF);
    } else if (value.p && (row->format == NAS_O_TV1 || row->format == NAS_O_TLV1)) {
        *(struct nas_u8 *)(void *)(p->base + row->offset) = NAS_U8_OF(value.p[0]);
    } else {
        store(p, row, value);
    }
    return E_OK;
}

static enum err take_header(struct parse *p)
{
    struct nas_header *h = (void *)p->base;
    uint8_t first = rd_u8(&p->r);
    if (nas_is_esm(p->m)) {
        h->ebi = first >> 4;
        h->pti = rd_u8(&p->r);
        first &= 0xF;
    }
    uint8_t type = rd_u8(&p->r);
    if (p->r.err != E_OK) {
        return E_TRUNCATED;
    }
    bool ours = first == (nas_is_esm(p->m) ? NAS_PD_ESM : NAS_PD_EMM) && type == p->m->type;
    return ours ? E_OK : E_UNSUPPORTED;
}

static enum err take_all(struct parse *p)
{
    enum err e = take_header(p);
    for (size_t i = 0; e == E_OK && i < p->m->n && !is_optional(&p->m->rows[i]); i++) {
        p->fault->at = p->r.at;
        p->fault->ie = (enum nas_ie)p->m->rows[i].ie;
        e = take_mandatory(p, &p->m->rows[i]);
    }
    while (e == E_OK && rd_left(&p->r) > 0) {
        e = take_optional(p);
    }
    return e;
}

enum err nas_parse(const struct nas_message *m, struct bytes msg, void *out,
                   struct nas_fault *fault)
{
    struct nas_fault unseen = {0};
    struct parse p = {.m = m, .r = rd_of(msg), .base = out, .fault = fault ? fault : &unseen};
    memset(out, 0, m->size);
    *p.fault = (struct nas_fault){0};
    enum err e = take_all(&p);
    if (e != E_OK) {
        memset(out, 0, m->size);
    }
    return e;
}

/* ---- writing ---- */

static enum err put_mandatory(struct wr *w, const struct nas_row *row, const void *member,
                              uint8_t *low, bool *half)
{
    if (row->format == NAS_M_HALF) {
        uint8_t v = *(const uint8_t *)member;
        if (v > 0xF) {
            return E_BAD_VALUE;
        }
        if (*half) {
            wr_u8(w, (uint8_t)(v << 4 | *low));
        }
        *low = v;
        *half = !*half;
        return E_OK;
    }
    if (row->format == NAS_M_V1) {
        wr_u8(w, *(const uint8_t *)member);
        return E_OK;
    }
    struct bytes value = *(const struct bytes *)member;
    if (!value.p) {
        return E_MISSING;
    }
    if (value.n < row->min || value.n > row->max) {
        return E_BAD_LENGTH;
    }
    if (row->format == NAS_M_LV) {
        wr_u8(w, (uint8_t)value.n);
    } else if (row->format == NAS_M_LVE) {
        wr_be16(w, (uint16_t)value.n);
    }
    wr_put(w, value);
    return E_OK;
}

static enum err put_optional_octet(struct wr *w, const struct nas_row *row, struct nas_u8 v)
{
    if (!v.present) {
        return E_OK;
    }
    if (row->format == NAS_O_TVH) {
        wr_u8(w, (uint8_t)(row->iei | (v.v & 0xF)));
        return v.v > 0xF ? E_BAD_VALUE : E_OK;
    }
    wr_u8(w, row->iei);
    if (row->format == NAS_O_TLV1) {
        wr_u8(w, 1);
    }
    wr_u8(w, v.v);
    return E_OK;
}

static enum err put_optional(struct wr *w, const struct nas_row *row, struct bytes value)
{
    if (!value.p) {
        return E_OK;
    }
    if (value.n < row->min || value.n > row->max) {
        return E_BAD_LENGTH;
    }
    wr_u8(w, row->iei);
    if (row->format == NAS_O_TLV) {
        wr_u8(w, (uint8_t)value.n);
    } else if (row->format == NAS_O_TLVE) {
        wr_be16(w, (uint16_t)value.n);
    }
    wr_put(w, value);
    return E_OK;
}

static enum err put_header(struct wr *w, const struct nas_message *m, const struct nas_header *h)
{
    if (nas_is_esm(m)) {
        if (h->ebi > 0xF) {
            return E_BAD_VALUE;
        }
        wr_u8(w, (uint8_t)(h->ebi << 4 | NAS_PD_ESM));
        wr_u8(w, h->pti);
    } else {
        wr_u8(w, NAS_PD_EMM);
    }
    wr_u8(w, m->type);
    return E_OK;
}

enum err nas_write(const struct nas_message *m, const void *in, struct mbytes out, size_t *n)
{
    struct wr w = wr_of(out);
    uint8_t low = 0;
    bool half = false;
    enum err e = put_header(&w, m, in);
    for (size_t i = 0; e == E_OK && i < m->n; i++) {
        const struct nas_row *row = &m->rows[i];
        const void *member = (const uint8_t *)in + row->offset;
        if (!is_optional(row)) {
            e = put_mandatory(&w, row, member, &low, &half);
        } else if (row->format == NAS_O_TVH || row->format == NAS_O_TV1 ||
                   row->format == NAS_O_TLV1) {
            e = put_optional_octet(&w, row, *(const struct nas_u8 *)member);
        } else {
            e = put_optional(&w, row, *(const struct bytes *)member);
        }
    }
    if (e == E_OK) {
        e = w.err;
    }
    if (e == E_OK) {
        *n = w.n;
    }
    return e;
}

/* ---- what the peer is told ---- */

uint8_t nas_cause_of(enum err e)
{
    if (e == E_OK || e == E_TRUNCATED) {
        return 0;
    }
    if (e == E_MISSING || e == E_BAD_LENGTH || e == E_UNKNOWN || e == E_BAD_VALUE ||
        e == E_BAD_DIGIT) {
        return EMM_CAUSE_INVALID_MANDATORY_INFORMATION;
    }
    if (e == E_UNSUPPORTED) {
        return EMM_CAUSE_MESSAGE_TYPE_NON_EXISTENT;
    }
    if (e == E_BAD_STATE) {
        return EMM_CAUSE_MESSAGE_TYPE_NOT_COMPATIBLE;
    }
    if (e == E_NOT_FOUND) {
        return EMM_CAUSE_CONDITIONAL_IE_ERROR;
    }
    return e == E_CONFLICT ? EMM_CAUSE_SEMANTICALLY_INCORRECT : EMM_CAUSE_PROTOCOL_ERROR;
}
