#include "codec/s1ap_table.h"
#include <string.h>

/* Reading: values, lists, and containers of IEs as clause 10 treats them. */

static void set_there(void *object, size_t has_offset)
{
    if (has_offset != S1AP_ALWAYS) {
        ((uint8_t *)object)[has_offset] = 1; /* a bool */
    }
}

static void *at(void *object, size_t offset)
{
    return (uint8_t *)object + offset;
}

static void save_bytes(void *out, struct bytes v)
{
    memcpy(out, &v, sizeof v);
}

/* ---- reading values ---- */

/* The encoding is right, the value means nothing here (10.3.1). */
static void not_understood(struct s1ap_get *g)
{
    per_rd_fail(&g->r, E_UNSUPPORTED);
}

/* An extension bit that is set takes the value out of what is known. */
static void root_only(struct s1ap_get *g, const struct s1ap_type *t)
{
    if (t->extensible && per_rd_bits(&g->r, 1) != 0) {
        not_understood(g);
    }
}

static void get_enumerated(struct s1ap_get *g, const struct s1ap_type *t, void *out)
{
    uint32_t v = per_rd_index(&g->r, t->root, t->extensible);
    if (v >= t->n) {
        not_understood(g);
        v = 0;
    }
    s1ap_save(out, t->size, v);
}

static void get_plmn(struct s1ap_get *g, void *out)
{
    struct plmn plmn = {0};
    uint8_t v[PLMN_LEN];
    struct bytes in = per_rd_aligned(&g->r, PLMN_LEN);
    if (g->r.err == E_OK) {
        memcpy(v, in.p, sizeof v);
        s1ap_plmn_to_nas(v);
        if (plmn_from_octets(v, &plmn) != E_OK) {
            memset(&plmn, 0, sizeof plmn);
            not_understood(g);
        }
    }
    memcpy(out, &plmn, sizeof plmn);
}

static void get_address(struct s1ap_get *g, const struct s1ap_type *t, void *out)
{
    root_only(g, t);
    size_t bits = per_rd_length(&g->r, 1, (size_t)t->high);
    if (bits % 8 != 0 || !s1ap_address_length(bits / 8)) {
        not_understood(g);
    }
    save_bytes(out, per_rd_aligned(&g->r, bits / 8));
}

static void get_printable(struct s1ap_get *g, const struct s1ap_type *t, void *out)
{
    bool longer = per_rd_bits(&g->r, 1) != 0;
    size_t n = per_rd_length(&g->r, longer ? 0 : 1, longer ? PER_NO_BOUND : (size_t)t->high);
    struct bytes v = per_rd_aligned(&g->r, n);
    if (longer && g->r.err == E_OK && n <= t->high) {
        per_rd_fail(&g->r, E_BAD_VALUE);
    }
    if (!s1ap_printable(v)) {
        not_understood(g);
    }
    save_bytes(out, v);
}

static void get_octets(struct s1ap_get *g, void *out)
{
    struct bytes v = per_rd_octets(&g->r);
    if (v.n == 0) {
        not_understood(g);
    }
    save_bytes(out, v);
}

static void get_opaque(struct s1ap_get *g, void *out)
{
    save_bytes(out, (struct bytes){g->r.p, g->r.n});
    g->r.bit = g->r.n * 8;
}

static void get_number(struct s1ap_get *g, const struct s1ap_type *t, void *out)
{
    uint64_t v = t->kind == S1AP_WHOLE  ? per_rd_whole(&g->r, t->low, t->high)
                 : t->kind == S1AP_BITS ? per_rd_bit_string(&g->r, (unsigned)t->high)
                                        : per_rd_number(&g->r, (unsigned)t->high);
    s1ap_save(out, t->size, v);
}

static void get_sequence(struct s1ap_get *g, const struct s1ap_type *t, void *out)
{
    static const struct s1ap_table none;
    bool more = per_rd_bits(&g->r, 1) != 0;
    uint32_t there = 0;
    for (size_t i = 0; i < t->n; i++) {
        bool has = t->members[i].has_offset == S1AP_ALWAYS || per_rd_bits(&g->r, 1) != 0;
        there |= (uint32_t)has << i;
    }
    bool extended = per_rd_bits(&g->r, 1) != 0;
    for (size_t i = 0; i < t->n && g->r.err == E_OK; i++) {
        const struct s1ap_member *m = &t->members[i];
        if (there >> i & 1) {
            s1ap_get_value(g, m->type, at(out, m->offset));
            set_there(out, m->has_offset);
        }
    }
    if (extended) {
        s1ap_get_ies(g, t->extensions != NULL ? t->extensions : &none, 1, out);
    }
    if (more) {
        per_rd_skip_additions(&g->r);
    }
}

/* A reader of an open type inside the one at hand. */
static struct s1ap_get inner(const struct s1ap_get *g, struct bytes content)
{
    struct s1ap_get in = {.r = per_rd_of(content), .fault = g->fault};
    in.base = content.n == 0 ? g->base : g->base + (size_t)(content.p - g->r.p);
    return in;
}

/* Reads the whole of an open type as a value. */
static enum err get_open(struct s1ap_get *g, struct bytes content, const struct s1ap_type *t,
                         void *out)
{
    struct s1ap_get in = inner(g, content);
    s1ap_get_value(&in, t, out);
    if (in.r.err == E_OK) {
        per_rd_fail(&in.r, per_rd_end(&in.r));
    }
    g->reject |= in.reject;
    return in.r.err;
}

/* The index is the first thing in the struct; the alternative may write over it with a part of the
 * same struct (UE-S1AP-ID-pair), so it is saved last. */
static void get_choice(struct s1ap_get *g, const struct s1ap_type *t, void *out)
{
    uint32_t i = per_rd_index(&g->r, t->root, true);
    if (i >= t->n) {
        not_understood(g);
    }
    if (g->r.err != E_OK) {
        return;
    }
    const struct s1ap_member *m = &t->members[i];
    if (i < t->root) {
        s1ap_get_value(g, m->type, at(out, m->offset));
    } else {
        per_rd_fail(&g->r, get_open(g, per_rd_octets(&g->r), m->type, at(out, m->offset)));
    }
    s1ap_save(out, t->index_size, i);
}

/* One element, in a ProtocolIE-SingleContainer or plain. */
static void get_element(struct s1ap_get *g, const struct s1ap_type *list, void *out)
{
    memset(out, 0, list->element->size);
    if (list->wrap_id == 0) {
        s1ap_get_value(g, list->element, out);
        return;
    }
    uint64_t id = per_rd_whole(&g->r, 0, 0xFFFF);
    (void)per_rd_index(&g->r, 3, false);
    struct bytes content = per_rd_octets(&g->r);
    if (id != list->wrap_id) {
        not_understood(g);
    }
    if (g->r.err == E_OK) {
        per_rd_fail(&g->r, get_open(g, content, list->element, out));
    }
}

static void get_list(struct s1ap_get *g, const struct s1ap_type *t, void *out)
{
    struct s1ap_list list = {.in = {g->r.p, g->r.n}};
    union s1ap_element element;
    list.n = per_rd_length(&g->r, (size_t)t->low, (size_t)t->high);
    list.bit = g->r.bit;
    for (size_t i = 0; i < list.n && g->r.err == E_OK; i++) {
        get_element(g, t, &element);
    }
    memcpy(out, &list, sizeof list);
}

void s1ap_get_value(struct s1ap_get *g, const struct s1ap_type *t, void *out)
{
    switch (t->kind) {
    case S1AP_WHOLE:
    case S1AP_NUMBER:
    case S1AP_BITS:
        root_only(g, t);
        get_number(g, t, out);
        break;
    case S1AP_ENUMERATED:
        get_enumerated(g, t, out);
        break;
    case S1AP_OCTETS:
        get_octets(g, out);
        break;
    case S1AP_KEY:
        save_bytes(out, per_rd_aligned(&g->r, (size_t)t->high));
        break;
    case S1AP_ADDRESS:
        get_address(g, t, out);
        break;
    case S1AP_PRINTABLE:
        get_printable(g, t, out);
        break;
    case S1AP_PLMN:
        get_plmn(g, out);
        break;
    case S1AP_OPAQUE:
        get_opaque(g, out);
        break;
    case S1AP_SEQUENCE:
        get_sequence(g, t, out);
        break;
    case S1AP_CHOICE:
        get_choice(g, t, out);
        break;
    case S1AP_LIST:
        get_list(g, t, out);
        break;
    }
}

bool s1ap_next(struct s1ap_cursor *c, const struct s1ap_type *list, void *out)
{
    const struct s1ap_list *l = c->list;
    if (c->i >= l->n) {
        return false;
    }
    if (l->items != NULL) {
        memcpy(out, (const uint8_t *)l->items + c->i * list->element->size, list->element->size);
    } else {
        struct s1ap_get g = {.r = per_rd_of(l->in)};
        g.r.bit = c->bit;
        get_element(&g, list, out);
        c->bit = g.r.bit;
    }
    c->i++;
    return true;
}

/* ---- reading containers of IEs (clause 10) ---- */

struct field {
    uint16_t id;
    enum s1ap_criticality criticality;
    struct bytes content;
    size_t place;
};

/* Says that an IE was missing or not understood. With criticality ignore nobody is told. */
static void note(struct s1ap_get *g, uint16_t id, enum s1ap_criticality criticality,
                 enum s1ap_type_of_error error, size_t place)
{
    struct s1ap_fault *f = g->fault;
    bool reject = criticality == S1AP_REJECT;
    if (criticality == S1AP_IGNORE) {
        return;
    }
    if (f != NULL && (f->kind == S1AP_FAULT_NONE || (reject && f->kind == S1AP_FAULT_NOTIFY))) {
        f->kind = !reject                       ? S1AP_FAULT_NOTIFY
                  : error == S1AP_ERROR_MISSING ? S1AP_FAULT_IE_MISSING
                                                : S1AP_FAULT_IE_NOT_UNDERSTOOD;
        f->place = place;
    }
    if (f != NULL && f->n < S1AP_FAULT_IES) {
        f->ies[f->n] = (struct s1ap_diagnostic){criticality, id, error};
    }
    if (f != NULL) {
        f->n++;
    }
    g->reject |= reject;
}

static void falsely_constructed(struct s1ap_get *g, enum err e, enum s1ap_fault_kind kind,
                                const struct field *field)
{
    if (g->fault != NULL && g->r.err == E_OK) {
        g->fault->kind = kind;
        g->fault->place = field->place;
    }
    per_rd_fail(&g->r, e);
}

/* The IDs are kept as soon as they are read: a refusal is sent with them. */
static void keep_ids(struct s1ap_get *g, const struct s1ap_row *row, const void *value)
{
    if (g->fault != NULL && row->type == &s1ap_t_mme_ue_s1ap_id) {
        g->fault->has_mme_ue_s1ap_id = true;
        g->fault->mme_ue_s1ap_id = (uint32_t)s1ap_load(value, 4);
    } else if (g->fault != NULL && row->type == &s1ap_t_enb_ue_s1ap_id) {
        g->fault->has_enb_ue_s1ap_id = true;
        g->fault->enb_ue_s1ap_id = (uint32_t)s1ap_load(value, 4);
    }
}

static void unreadable(struct s1ap_get *g, const struct field *field)
{
    if (g->fault != NULL) {
        g->fault->place = field->place;
    }
}

static void known_field(struct s1ap_get *g, const struct s1ap_row *row, const struct field *field,
                        void *out)
{
    void *value = at(out, row->offset);
    enum err e = get_open(g, field->content, row->type, value);
    if (e == E_OK) {
        set_there(out, row->has_offset);
        keep_ids(g, row, value);
        return;
    }
    memset(value, 0, row->type->size);
    if (e == E_UNSUPPORTED) {
        /* What the struct cannot lack is refused whatever criticality it was sent with. */
        note(g, field->id, row->has_offset == S1AP_ALWAYS ? S1AP_REJECT : field->criticality,
             S1AP_ERROR_NOT_UNDERSTOOD, field->place);
        return;
    }
    if (e != E_REPEATED && e != E_CONFLICT) {
        unreadable(g, field);
    }
    per_rd_fail(&g->r, e);
}

static struct field next_field(struct s1ap_get *g)
{
    struct field f;
    per_rd_align(&g->r);
    f.place = g->base + g->r.bit / 8;
    f.id = (uint16_t)per_rd_whole(&g->r, 0, 0xFFFF);
    f.criticality = (enum s1ap_criticality)per_rd_index(&g->r, 3, false);
    f.content = per_rd_octets(&g->r);
    if (g->r.err == E_OK && f.content.n == 0) {
        per_rd_fail(&g->r, E_BAD_LENGTH); /* an open type has an octet at least */
    }
    return f;
}

static size_t row_of(const struct s1ap_table *table, uint16_t id)
{
    size_t i = 0;
    while (i < table->n && table->rows[i].id != id) {
        i++;
    }
    return i;
}

static void get_fields(struct s1ap_get *g, const struct s1ap_table *table, size_t count,
                       uint32_t *seen, void *out)
{
    for (size_t i = 0; i < count && g->r.err == E_OK; i++) {
        struct field field = next_field(g);
        size_t row = row_of(table, field.id);
        if (g->r.err != E_OK) {
            unreadable(g, &field);
            return;
        }
        if (row == table->n) {
            note(g, field.id, field.criticality, S1AP_ERROR_NOT_UNDERSTOOD, field.place);
        } else if (*seen >> row & 1) {
            falsely_constructed(g, E_REPEATED, S1AP_FAULT_IE_REPEATED, &field);
        } else if (*seen >> row != 0) {
            falsely_constructed(g, E_CONFLICT, S1AP_FAULT_IE_OUT_OF_ORDER, &field);
        } else {
            *seen |= (uint32_t)1 << row;
            known_field(g, &table->rows[row], &field, out);
        }
    }
}

void s1ap_get_ies(struct s1ap_get *g, const struct s1ap_table *table, size_t low, void *out)
{
    uint32_t seen = 0;
    get_fields(g, table, per_rd_length(&g->r, low, 0xFFFF), &seen, out);
    for (size_t i = 0; i < table->n && g->r.err == E_OK; i++) {
        const struct s1ap_row *row = &table->rows[i];
        if (row->mandatory && !(seen >> i & 1)) {
            note(g, row->id, row->criticality, S1AP_ERROR_MISSING, g->base + g->r.bit / 8);
        }
    }
}
