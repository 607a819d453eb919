#include "codec/s1ap_table.h"
#include <string.h>

static bool is_there(const void *object, size_t has_offset)
{
    return has_offset == S1AP_ALWAYS || ((const uint8_t *)object)[has_offset] != 0;
}

static const void *at_const(const void *object, size_t offset)
{
    return (const uint8_t *)object + offset;
}

static struct bytes load_bytes(const void *in)
{
    struct bytes v;
    memcpy(&v, in, sizeof v);
    return v;
}

static void put_enumerated(struct per_wr *w, const struct s1ap_type *t, const void *in)
{
    uint32_t v = (uint32_t)s1ap_load(in, t->size);
    if (v >= t->n) {
        per_wr_fail(w, E_BAD_VALUE);
    } else {
        per_wr_index(w, v, t->root, t->extensible);
    }
}

/* At least so many digits, at most three, and the end. */
static bool digits(const char s[static 4], size_t least)
{
    size_t n = 0;
    while (n < 3 && s[n] >= '0' && s[n] <= '9') {
        n++;
    }
    return n >= least && s[n] == '\0';
}

static void put_plmn(struct per_wr *w, const void *in)
{
    struct plmn plmn;
    uint8_t v[PLMN_LEN];
    memcpy(&plmn, in, sizeof plmn);
    if (!digits(plmn.mcc, 3) || !digits(plmn.mnc, 2)) {
        per_wr_fail(w, E_BAD_VALUE);
        return;
    }
    plmn_to_octets(&plmn, v);
    s1ap_plmn_from_nas(v);
    per_wr_aligned(w, BYTES_OF(v));
}

static void put_address(struct per_wr *w, const struct s1ap_type *t, struct bytes v)
{
    if (!s1ap_address_length(v.n)) {
        per_wr_fail(w, E_BAD_LENGTH);
        return;
    }
    per_wr_bits(w, 0, 1);
    per_wr_length(w, v.n * 8, 1, (size_t)t->high);
    per_wr_aligned(w, v);
}

static void put_printable(struct per_wr *w, const struct s1ap_type *t, struct bytes v)
{
    bool longer = v.n > t->high;
    if (v.n == 0 || !s1ap_printable(v)) {
        per_wr_fail(w, v.n == 0 ? E_BAD_LENGTH : E_BAD_VALUE);
        return;
    }
    per_wr_bits(w, longer, 1);
    per_wr_length(w, v.n, longer ? 0 : 1, longer ? PER_NO_BOUND : (size_t)t->high);
    per_wr_aligned(w, v);
}

static void put_span(struct per_wr *w, const struct s1ap_type *t, struct bytes v)
{
    if (v.n == 0 || (t->kind == S1AP_KEY && v.n != t->high)) {
        per_wr_fail(w, E_BAD_LENGTH);
    } else if (t->kind == S1AP_OCTETS) {
        per_wr_octets(w, v);
    } else {
        per_wr_aligned(w, v);
    }
}

static void put_number(struct per_wr *w, const struct s1ap_type *t, const void *in)
{
    uint64_t v = s1ap_load(in, t->size);
    if (t->extensible) {
        per_wr_bits(w, 0, 1);
    }
    if (t->kind == S1AP_WHOLE) {
        per_wr_whole(w, v, t->low, t->high);
    } else if (t->kind == S1AP_BITS) {
        per_wr_bit_string(w, v, (unsigned)t->high);
    } else {
        per_wr_number(w, v, (unsigned)t->high);
    }
}

static size_t count_there(const struct s1ap_table *table, const void *in)
{
    size_t n = 0;
    for (size_t i = 0; i < table->n; i++) {
        n += is_there(in, table->rows[i].has_offset);
    }
    return n;
}

static void put_sequence(struct per_wr *w, const struct s1ap_type *t, const void *in)
{
    bool extended = t->extensions != NULL && count_there(t->extensions, in) > 0;
    per_wr_bits(w, 0, 1);
    for (size_t i = 0; i < t->n; i++) {
        if (t->members[i].has_offset != S1AP_ALWAYS) {
            per_wr_bits(w, is_there(in, t->members[i].has_offset), 1);
        }
    }
    per_wr_bits(w, extended, 1);
    for (size_t i = 0; i < t->n && w->err == E_OK; i++) {
        const struct s1ap_member *m = &t->members[i];
        if (is_there(in, m->has_offset)) {
            s1ap_put_value(w, m->type, at_const(in, m->offset));
        }
    }
    if (extended) {
        s1ap_put_ies(w, t->extensions, 1, in);
    }
}

static void put_open(struct per_wr *w, const struct s1ap_type *t, const void *in)
{
    size_t mark = per_wr_open(w);
    s1ap_put_value(w, t, in);
    per_wr_close(w, mark);
}

static void put_choice(struct per_wr *w, const struct s1ap_type *t, const void *in)
{
    uint32_t i = (uint32_t)s1ap_load(in, t->index_size);
    if (i >= t->n) {
        per_wr_fail(w, E_BAD_VALUE);
        return;
    }
    const struct s1ap_member *m = &t->members[i];
    per_wr_index(w, i, t->root, true);
    (i < t->root ? s1ap_put_value : put_open)(w, m->type, at_const(in, m->offset));
}

static void put_header(struct per_wr *w, uint16_t id, enum s1ap_criticality criticality)
{
    per_wr_whole(w, id, 0, 0xFFFF);
    per_wr_index(w, criticality, 3, false);
}

static void put_list(struct per_wr *w, const struct s1ap_type *t, const void *in)
{
    struct s1ap_list list;
    union s1ap_element element;
    memcpy(&list, in, sizeof list);
    per_wr_length(w, list.n, (size_t)t->low, (size_t)t->high);
    struct s1ap_cursor c = s1ap_each(&list);
    while (w->err == E_OK && s1ap_next(&c, t, &element)) {
        if (t->wrap_id != 0) {
            put_header(w, t->wrap_id, t->wrap_criticality);
            put_open(w, t->element, &element);
        } else {
            s1ap_put_value(w, t->element, &element);
        }
    }
}

void s1ap_put_value(struct per_wr *w, const struct s1ap_type *t, const void *in)
{
    switch (t->kind) {
    case S1AP_WHOLE:
    case S1AP_NUMBER:
    case S1AP_BITS:
        put_number(w, t, in);
        break;
    case S1AP_ENUMERATED:
        put_enumerated(w, t, in);
        break;
    case S1AP_OCTETS:
    case S1AP_KEY:
    case S1AP_OPAQUE:
        put_span(w, t, load_bytes(in));
        break;
    case S1AP_ADDRESS:
        put_address(w, t, load_bytes(in));
        break;
    case S1AP_PRINTABLE:
        put_printable(w, t, load_bytes(in));
        break;
    case S1AP_PLMN:
        put_plmn(w, in);
        break;
    case S1AP_SEQUENCE:
        put_sequence(w, t, in);
        break;
    case S1AP_CHOICE:
        put_choice(w, t, in);
        break;
    case S1AP_LIST:
        put_list(w, t, in);
        break;
    }
}

void s1ap_put_ies(struct per_wr *w, const struct s1ap_table *table, size_t low, const void *in)
{
    per_wr_length(w, count_there(table, in), low, 0xFFFF);
    for (size_t i = 0; i < table->n && w->err == E_OK; i++) {
        const struct s1ap_row *row = &table->rows[i];
        if (is_there(in, row->has_offset)) {
            put_header(w, row->id, row->criticality);
            put_open(w, row->type, at_const(in, row->offset));
        } else if (row->mandatory) {
            per_wr_fail(w, E_MISSING);
        }
    }
}
