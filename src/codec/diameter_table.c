#include "codec/diameter_table.h"
#include "id/plmn.h"
#include <string.h>

/* ---- values ---- */

static uint32_t be32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* How many octets a UTF-8 sequence has by its first octet, and the bounds of the second (RFC 3629
 * 4); 0: not a first octet. */
static size_t utf8_sequence(uint8_t first, uint8_t *low, uint8_t *high)
{
    *low = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
    *high = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
    if (first < 0x80) {
        return 1;
    }
    if (first < 0xC2 || first > 0xF4) {
        return 0;
    }
    return first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
}

static bool utf8_valid(struct bytes in)
{
    for (size_t i = 0; i < in.n;) {
        uint8_t low, high;
        size_t n = utf8_sequence(in.p[i], &low, &high);
        if (n == 0 || n > in.n - i) {
            return false;
        }
        for (size_t k = 1; k < n; k++) {
            uint8_t c = in.p[i + k];
            if (c < low || c > high) {
                return false;
            }
            low = 0x80;
            high = 0xBF;
        }
        i += n;
    }
    return true;
}

/* IP addresses have the length of their family; other families are not looked into. */
static bool address_valid(struct bytes in)
{
    unsigned family = (unsigned)in.p[0] << 8 | in.p[1];
    return family == 1 ? in.n == 6 : family == 2 ? in.n == 18 : true;
}

static bool length_valid(const struct diameter_definition *d, size_t n)
{
    switch (d->type) {
    case DIAMETER_U32:
    case DIAMETER_ENUM:
        return n == 4;
    case DIAMETER_U64:
        return n == 8;
    case DIAMETER_GROUPED:
        return true;
    case DIAMETER_OCTETS:
    case DIAMETER_UTF8:
    case DIAMETER_IDENTITY:
    case DIAMETER_ADDRESS:
        break;
    }
    return n >= d->min && n <= d->max;
}

static bool content_valid(const struct diameter_definition *d, struct bytes value)
{
    switch (d->type) {
    case DIAMETER_U32:
    case DIAMETER_ENUM:
        return be32(value.p) >= d->min && be32(value.p) <= d->max;
    case DIAMETER_UTF8:
        return utf8_valid(value);
    case DIAMETER_IDENTITY:
        return diameter_identity_check(value) == E_OK;
    case DIAMETER_ADDRESS:
        return address_valid(value);
    case DIAMETER_U64:
    case DIAMETER_GROUPED:
    case DIAMETER_OCTETS:
        break;
    }
    return true;
}

enum err diameter_value_check(const struct diameter_definition *d, struct bytes value,
                              uint32_t *result_code)
{
    if (!length_valid(d, value.n)) {
        *result_code = DIAMETER_INVALID_AVP_LENGTH;
        return E_BAD_LENGTH;
    }
    if (!content_valid(d, value)) {
        *result_code = DIAMETER_INVALID_AVP_VALUE;
        return E_BAD_VALUE;
    }
    return E_OK;
}

/* ---- members of the structs that tables describe ---- */

static const uint8_t *element_at(const struct diameter_row *row, const uint8_t *base, size_t i)
{
    return base + row->offset + i * row->size;
}

static bool element_present(const struct diameter_row *row, const uint8_t *element)
{
    switch (diameter_definition(row->avp)->type) {
    case DIAMETER_U32:
    case DIAMETER_ENUM:
        return ((const struct diameter_u32 *)(const void *)element)->present;
    case DIAMETER_U64:
        return ((const struct diameter_u64 *)(const void *)element)->present;
    case DIAMETER_GROUPED:
        if (row->group) {
            return *(const bool *)(const void *)element;
        }
        break;
    case DIAMETER_OCTETS:
    case DIAMETER_UTF8:
    case DIAMETER_IDENTITY:
    case DIAMETER_ADDRESS:
        break;
    }
    return ((const struct bytes *)(const void *)element)->p != NULL;
}

static size_t row_count(const struct diameter_row *row, const uint8_t *base)
{
    if (row->list) {
        return *(const size_t *)(const void *)(base + row->count_offset);
    }
    return element_present(row, base + row->offset) ? 1 : 0;
}

/* ---- parsing ---- */

struct parse {
    uint32_t own_vendor;
    bool lenient; /* the grammar's mandatory AVPs may be missing */
    struct diameter_fault *fault;
    unsigned depth; /* of groups entered */
    enum diameter_avp_id path[DIAMETER_DEPTH_MAX];
};

static void path_add(char path[DIAMETER_PATH_MAX], const char *text)
{
    size_t at = strlen(path);
    size_t n = strlen(text);
    size_t room = DIAMETER_PATH_MAX - 1 - at;
    memcpy(path + at, text, n < room ? n : room);
}

static void path_add_number(char path[DIAMETER_PATH_MAX], uint32_t v)
{
    char digits[11] = {0};
    size_t at = sizeof digits - 1;
    do {
        digits[--at] = (char)('0' + v % 10);
        v /= 10;
    } while (v != 0);
    path_add(path, digits + at);
}

static void fault_begin(struct parse *p, uint32_t result_code)
{
    *p->fault = (struct diameter_fault){.result_code = result_code};
    for (unsigned i = 0; i < p->depth; i++) {
        path_add(p->fault->path, diameter_definition(p->path[i])->name);
        path_add(p->fault->path, "/");
    }
}

static void fault_name(struct parse *p, const struct diameter_avp *avp)
{
    enum diameter_avp_id id;
    char *path = p->fault->path;
    if (diameter_avp_lookup(avp->code, avp->vendor, p->own_vendor, &id)) {
        path_add(path, diameter_definition(id)->name);
        return;
    }
    path_add(path, "AVP ");
    path_add_number(path, avp->code);
    path_add(path, " of vendor ");
    path_add_number(path, avp->vendor);
}

static enum err fault_avp(struct parse *p, uint32_t result_code, const struct diameter_avp *avp,
                          enum err e)
{
    fault_begin(p, result_code);
    fault_name(p, avp);
    p->fault->avp = avp->whole;
    return e;
}

/* A length that does not fit: the header, and zeros of the least length (RFC 6733 7.1.5). */
static enum err fault_unreadable(struct parse *p, const struct diameter_avp *avp)
{
    enum diameter_avp_id id;
    fault_begin(p, DIAMETER_INVALID_AVP_LENGTH);
    fault_name(p, avp);
    p->fault->example = true;
    p->fault->code = avp->code;
    p->fault->vendor = avp->vendor;
    p->fault->flags = avp->flags;
    if (diameter_avp_lookup(avp->code, avp->vendor, p->own_vendor, &id)) {
        p->fault->value_len = diameter_value_min(diameter_definition(id));
    }
    return E_BAD_LENGTH;
}

static enum err fault_missing(struct parse *p, const struct diameter_definition *d)
{
    fault_begin(p, DIAMETER_MISSING_AVP);
    path_add(p->fault->path, d->name);
    p->fault->example = true;
    p->fault->code = d->code;
    p->fault->vendor = diameter_vendor(d, p->own_vendor);
    p->fault->flags = (uint8_t)((d->vendor == DIAMETER_IETF ? 0U : DIAMETER_AVP_V) |
                                (d->mandatory ? DIAMETER_AVP_M : 0U));
    p->fault->value_len = diameter_value_min(d);
    return E_MISSING;
}

static enum err parse_rows(struct parse *p, const struct diameter_table *t, struct bytes in,
                           uint8_t *base);

static enum err parse_group(struct parse *p, const struct diameter_row *row,
                            const struct diameter_avp *avp, uint8_t *element)
{
    if (p->depth + 1 >= DIAMETER_DEPTH_MAX) {
        return fault_avp(p, DIAMETER_INVALID_AVP_VALUE, avp, E_BAD_VALUE);
    }
    p->path[p->depth++] = row->avp;
    *(bool *)(void *)element = true;
    enum err e = parse_rows(p, row->group, avp->data, element);
    p->depth--;
    return e;
}

static enum err parse_value(struct parse *p, const struct diameter_row *row,
                            const struct diameter_avp *avp, uint8_t *element)
{
    const struct diameter_definition *d = diameter_definition(row->avp);
    uint32_t result_code;
    enum err e = diameter_value_check(d, avp->data, &result_code);
    if (e != E_OK) {
        return fault_avp(p, result_code, avp, e);
    }
    if (row->group) {
        return parse_group(p, row, avp, element);
    }
    struct rd r = rd_of(avp->data);
    if (d->type == DIAMETER_U32 || d->type == DIAMETER_ENUM) {
        *(struct diameter_u32 *)(void *)element = DIAMETER_U32_OF(rd_be32(&r));
    } else if (d->type == DIAMETER_U64) {
        *(struct diameter_u64 *)(void *)element = (struct diameter_u64){true, rd_be64(&r)};
    } else {
        *(struct bytes *)(void *)element = avp->data;
    }
    return E_OK;
}

static const struct diameter_row *row_of(const struct diameter_table *t, enum diameter_avp_id id)
{
    for (size_t i = 0; i < t->n; i++) {
        if (t->rows[i].avp == id) {
            return &t->rows[i];
        }
    }
    return NULL;
}

static enum err parse_avp(struct parse *p, const struct diameter_table *t,
                          const struct diameter_avp *avp, uint8_t *base)
{
    if (avp->flags & DIAMETER_AVP_RESERVED) {
        return fault_avp(p, DIAMETER_INVALID_AVP_BITS, avp, E_BAD_VALUE);
    }
    enum diameter_avp_id id;
    const struct diameter_row *row = NULL;
    if (diameter_avp_lookup(avp->code, avp->vendor, p->own_vendor, &id)) {
        row = row_of(t, id);
    }
    if (!row) {
        return avp->flags & DIAMETER_AVP_M ? fault_avp(p, DIAMETER_AVP_UNSUPPORTED, avp, E_UNKNOWN)
                                           : E_OK;
    }
    if (row->at_most == 0) {
        return E_OK;
    }
    size_t n = row_count(row, base);
    if (n >= row->at_most) {
        return fault_avp(p, DIAMETER_AVP_OCCURS_TOO_MANY_TIMES, avp, E_REPEATED);
    }
    enum err e = parse_value(p, row, avp, base + row->offset + n * row->size);
    if (e == E_OK && row->list) {
        *(size_t *)(void *)(base + row->count_offset) = n + 1;
    }
    return e;
}

static enum err parse_rows(struct parse *p, const struct diameter_table *t, struct bytes in,
                           uint8_t *base)
{
    struct rd r = rd_of(in);
    struct diameter_avp avp;
    enum err e;
    while ((e = diameter_avp_next(&r, &avp)) == E_OK) {
        e = parse_avp(p, t, &avp, base);
        if (e != E_OK) {
            return e;
        }
    }
    if (e != E_NOT_FOUND) {
        return fault_unreadable(p, &avp);
    }
    bool lenient = p->lenient && p->depth == 0;
    for (size_t i = 0; i < t->n && !lenient; i++) {
        const struct diameter_row *row = &t->rows[i];
        if (row->at_least > 0 && row_count(row, base) < row->at_least) {
            return fault_missing(p, diameter_definition(row->avp));
        }
    }
    return E_OK;
}

static enum err parse_identified(const struct diameter_message *as, const struct diameter_header *h,
                                 struct diameter_fault *fault)
{
    uint32_t code = h->application != as->application ? DIAMETER_APPLICATION_UNSUPPORTED
                    : h->command != as->command || h->request != as->request
                        ? DIAMETER_COMMAND_UNSUPPORTED
                        : 0U;
    fault->result_code = code;
    return code ? E_UNSUPPORTED : E_OK;
}

enum err diameter_parse(const struct diameter_message *as, uint32_t own_vendor, struct bytes msg,
                        void *out, struct diameter_fault *fault)
{
    struct diameter_header h;
    memset(out, 0, as->table->size);
    enum err e = diameter_check(msg, fault);
    if (e == E_OK) {
        e = diameter_header_read(msg, &h);
    }
    if (e == E_OK) {
        e = parse_identified(as, &h, fault);
    }
    if (e != E_OK) {
        return e;
    }
    struct parse p = {.own_vendor = own_vendor, .lenient = h.error, .fault = fault};
    struct rd avps = diameter_avps(msg);
    e = parse_rows(&p, as->table, (struct bytes){avps.p, avps.n}, out);
    if (e != E_OK) {
        memset(out, 0, as->table->size);
        return e;
    }
    *(struct diameter_header *)out = h;
    return E_OK;
}

/* ---- writing ---- */

size_t diameter_put_open(struct wr *w, enum diameter_avp_id id, uint32_t own_vendor)
{
    const struct diameter_definition *d = diameter_definition(id);
    size_t mark = w->n;
    bool vendor = d->vendor != DIAMETER_IETF;
    wr_be32(w, d->code);
    wr_u8(w, (uint8_t)((vendor ? DIAMETER_AVP_V : 0U) | (d->mandatory ? DIAMETER_AVP_M : 0U)));
    wr_be24(w, 0);
    if (vendor) {
        wr_be32(w, diameter_vendor(d, own_vendor));
    }
    return mark;
}

void diameter_put_close(struct wr *w, size_t mark)
{
    if (w->err != E_OK) {
        return;
    }
    size_t n = w->n - mark;
    if (n > DIAMETER_LENGTH_MAX) {
        w->err = E_NO_ROOM;
        return;
    }
    w->p[mark + 5] = (uint8_t)(n >> 16);
    w->p[mark + 6] = (uint8_t)(n >> 8);
    w->p[mark + 7] = (uint8_t)n;
    wr_zero(w, (4 - n % 4) % 4);
}

void diameter_put_octets(struct wr *w, enum diameter_avp_id id, uint32_t own_vendor,
                         struct bytes value)
{
    size_t mark = diameter_put_open(w, id, own_vendor);
    wr_put(w, value);
    diameter_put_close(w, mark);
}

void diameter_put_u32(struct wr *w, enum diameter_avp_id id, uint32_t own_vendor, uint32_t value)
{
    size_t mark = diameter_put_open(w, id, own_vendor);
    wr_be32(w, value);
    diameter_put_close(w, mark);
}

static enum err write_rows(struct wr *w, uint32_t own_vendor, const struct diameter_table *t,
                           const uint8_t *base, unsigned depth, bool lenient);

/* A value that is not a table's group, as its octets; integers are put into `buffer`. */
static struct bytes value_octets(const struct diameter_row *row, const uint8_t *element,
                                 uint8_t buffer[static 8])
{
    enum diameter_type type = diameter_definition(row->avp)->type;
    struct wr b = wr_of((struct mbytes){buffer, 8});
    if (type == DIAMETER_U32 || type == DIAMETER_ENUM) {
        wr_be32(&b, ((const struct diameter_u32 *)(const void *)element)->v);
    } else if (type == DIAMETER_U64) {
        wr_be64(&b, ((const struct diameter_u64 *)(const void *)element)->v);
    } else {
        return *(const struct bytes *)(const void *)element;
    }
    return wr_done(&b);
}

static enum err write_element(struct wr *w, uint32_t own_vendor, const struct diameter_row *row,
                              const uint8_t *element, unsigned depth)
{
    if (!element_present(row, element)) {
        return E_MISSING; /* a hole in a list */
    }
    if (row->group) {
        size_t mark = diameter_put_open(w, row->avp, own_vendor);
        enum err e = depth + 1 >= DIAMETER_DEPTH_MAX
                         ? E_BAD_VALUE
                         : write_rows(w, own_vendor, row->group, element, depth + 1, false);
        diameter_put_close(w, mark);
        return e;
    }
    uint8_t buffer[8];
    struct bytes value = value_octets(row, element, buffer);
    uint32_t ignored;
    enum err e = diameter_value_check(diameter_definition(row->avp), value, &ignored);
    if (e == E_OK) {
        diameter_put_octets(w, row->avp, own_vendor, value);
    }
    return e;
}

static enum err write_row(struct wr *w, uint32_t own_vendor, const struct diameter_row *row,
                          const uint8_t *base, unsigned depth, bool lenient)
{
    if (row->at_most == 0) {
        return E_OK;
    }
    size_t n = row_count(row, base);
    if (n > row->at_most) {
        return E_REPEATED;
    }
    if (n < row->at_least && !lenient) {
        return E_MISSING;
    }
    enum err e = E_OK;
    for (size_t i = 0; i < n && e == E_OK; i++) {
        e = write_element(w, own_vendor, row, element_at(row, base, i), depth);
    }
    return e;
}

static enum err write_rows(struct wr *w, uint32_t own_vendor, const struct diameter_table *t,
                           const uint8_t *base, unsigned depth, bool lenient)
{
    enum err e = E_OK;
    for (size_t i = 0; i < t->n && e == E_OK; i++) {
        e = write_row(w, own_vendor, &t->rows[i], base, depth, lenient);
    }
    return e;
}

enum err diameter_write(const struct diameter_message *as, uint32_t own_vendor, const void *in,
                        struct mbytes out, size_t *n)
{
    struct diameter_header h = *(const struct diameter_header *)in;
    h.request = as->request;
    h.command = as->command;
    h.application = as->application;
    if (h.request && h.error) {
        return E_BAD_VALUE;
    }
    struct wr w = wr_of(out);
    diameter_header_write(&w, &h);
    enum err e = write_rows(&w, own_vendor, as->table, in, 0, h.error);
    if (e == E_OK) {
        e = diameter_length_set(&w);
    }
    if (e == E_OK) {
        *n = w.n;
    }
    return e;
}
