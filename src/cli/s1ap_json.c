#include "cli/s1ap_json.h"
#include "cli/pdu_input.h"
#include "codec/s1ap_table.h"
#include <stdlib.h>
#include <string.h>

#define AS_RECEIVED "as-received"
#define DEPTH_MAX   16
#define SCRATCH     (256u * 1024)

/* ---- what is inside ---- */

enum nas_direction s1ap_nas_direction(enum s1ap_message type)
{
    return type == S1AP_INITIAL_UE_MESSAGE || type == S1AP_UPLINK_NAS_TRANSPORT ? NAS_UP : NAS_DOWN;
}

static struct bytes nas_of_e_rabs(const struct s1ap_list *e_rabs)
{
    struct s1ap_cursor c = s1ap_each(e_rabs);
    struct s1ap_e_rab_to_be_setup e;
    while (s1ap_next_e_rab_to_be_setup(&c, &e)) {
        if (e.has_nas_pdu) {
            return e.nas_pdu;
        }
    }
    return (struct bytes){NULL, 0};
}

struct bytes s1ap_nas_pdu(const struct s1ap_pdu *pdu)
{
    unsigned type = pdu->type; /* most messages carry none */
    return type == S1AP_INITIAL_UE_MESSAGE            ? pdu->u.initial_ue_message.nas_pdu
           : type == S1AP_DOWNLINK_NAS_TRANSPORT      ? pdu->u.downlink_nas_transport.nas_pdu
           : type == S1AP_UPLINK_NAS_TRANSPORT        ? pdu->u.uplink_nas_transport.nas_pdu
           : type == S1AP_NAS_NON_DELIVERY_INDICATION ? pdu->u.nas_non_delivery_indication.nas_pdu
           : type == S1AP_INITIAL_CONTEXT_SETUP_REQUEST
               ? nas_of_e_rabs(&pdu->u.initial_context_setup_request.e_rabs)
               : (struct bytes){NULL, 0};
}

static bool is_nas(const char *name)
{
    return !strcmp(name, "NAS-PDU") || !strcmp(name, "nAS-PDU");
}

static bool is_s1ap(const char *name)
{
    return !strcmp(name, "S1-Message");
}

static struct nas_text_options nas_options(const struct s1ap_view *view, enum s1ap_message type)
{
    return (struct nas_text_options){s1ap_nas_direction(type), view->mask, view->null_cipher};
}

/* ---- to JSON ---- */

struct growing {
    json_t *open[DEPTH_MAX];
    size_t n;
    const struct s1ap_view *view;
    enum s1ap_message type;
    bool hidden; /* a key was not shown */
};

static json_t *octets_json(const struct growing *g, const struct s1ap_field *f)
{
    enum err e;
    json_t *inside = NULL;
    if (is_nas(f->name)) {
        struct nas_text_options how = nas_options(g->view, g->type);
        struct nas_fault fault;
        inside = nas_json_of(f->octets, &how, &e, &fault);
    } else if (is_s1ap(f->name)) {
        struct s1ap_fault fault;
        inside = s1ap_json_of(f->octets, g->view, &e, &fault);
    }
    if (inside) {
        return inside;
    }
    if (is_nas(f->name) && g->view->mask) {
        return json_string("***"); /* what cannot be read cannot be masked */
    }
    char *hex = malloc(2 * f->octets.n + 1);
    if (hex) {
        hex_encode(f->octets, hex);
    }
    json_t *value = hex ? json_string(hex) : NULL;
    free(hex);
    return value;
}

static json_t *leaf_json(const struct growing *g, const struct s1ap_field *f)
{
    char text[512]; /* a name has 150 characters, more by extension */
    if (f->form == S1AP_TEXT_OCTETS) {
        return octets_json(g, f);
    }
    if (f->form == S1AP_TEXT_NUMBER && strncmp(f->value, "0x", 2) != 0) {
        return json_integer((json_int_t)strtoull(f->value, NULL, 10));
    }
    s1ap_field_value(f, MBYTES_OF(text));
    return json_string(text);
}

static void put(struct growing *g, const char *name, json_t *value)
{
    json_t *top = g->open[g->n - 1];
    if (json_is_array(top)) {
        (void)json_array_append_new(top, value);
    } else {
        (void)json_object_set_new(top, name, value);
    }
}

static void grow(void *ctx, const struct s1ap_field *f)
{
    struct growing *g = ctx;
    g->hidden = g->hidden || f->form == S1AP_TEXT_HIDDEN;
    if (f->form == S1AP_TEXT_OPEN && g->n < DEPTH_MAX) {
        json_t *value = f->list ? json_array() : json_object();
        put(g, f->name, value);
        g->open[g->n++] = value;
    } else if (f->form == S1AP_TEXT_CLOSE) {
        g->n--;
    } else if (f->form != S1AP_TEXT_EMPTY) {
        put(g, f->name, leaf_json(g, f));
    }
}

static bool comes_back(const struct s1ap_pdu *pdu, struct bytes msg)
{
    size_t n;
    uint8_t *again = malloc(PDU_MAX);
    bool same = again && s1ap_write(pdu, (struct mbytes){again, PDU_MAX}, &n) == E_OK &&
                bytes_eq((struct bytes){again, n}, msg);
    free(again);
    return same;
}

json_t *s1ap_json_of(struct bytes msg, const struct s1ap_view *view, enum err *e,
                     struct s1ap_fault *fault)
{
    struct s1ap_pdu pdu;
    *e = s1ap_parse(msg, &pdu, fault);
    if (*e != E_OK) {
        return NULL;
    }
    struct growing g = {.open = {json_object()}, .n = 1, .view = view, .type = pdu.type};
    if (!g.open[0]) {
        *e = E_MEMORY;
        return NULL;
    }
    (void)json_object_set_new(g.open[0], "message", json_string(s1ap_message_name(pdu.type)));
    s1ap_walk(&pdu, view->show_keys, grow, &g);
    if (!g.hidden && !view->mask && !comes_back(&pdu, msg)) {
        put(&g, AS_RECEIVED, octets_json(&g, &(struct s1ap_field){.name = "", .octets = msg}));
    }
    return g.open[0];
}

/* ---- from JSON ---- */

struct reason {
    char *why;
    size_t cap;
};

static enum err refuse(const struct reason *r, const char *path, const char *clause,
                       const char *problem, enum err e)
{
    snprintf(r->why, r->cap, "%s%s%s%s%s%s", path, clause ? " (TS 36.413 " : "",
             clause ? clause : "", clause ? ")" : "", *path ? ": " : "", problem);
    return e;
}

static const char *clause_of(enum s1ap_message type, const char *path)
{
    const struct s1ap_message_info *info = s1ap_message_info(type);
    size_t n = strcspn(path, ".[");
    for (size_t i = 0; info && i < info->table->n; i++) {
        const char *name = s1ap_ie_name(info->table->rows[i].id);
        if (name && strlen(name) == n && !strncmp(name, path, n)) {
            return info->table->rows[i].clause;
        }
    }
    return NULL;
}

/* A message that stands inside as an object becomes the hex that it is. */
static enum err fold_one(json_t *object, const char *key, json_t *inside, enum s1ap_message type,
                         const struct reason *r)
{
    char why[256] = "";
    size_t n = 0;
    struct mbytes octets = {malloc(PDU_MAX), PDU_MAX};
    char *hex = malloc(2 * PDU_MAX + 1);
    enum err e = !octets.p || !hex ? E_MEMORY
                 : is_nas(key)
                     ? nas_json_build(inside, s1ap_nas_direction(type), octets, &n, why, sizeof why)
                     : s1ap_json_build(inside, octets, &n, why, sizeof why);
    if (e == E_OK) {
        hex_encode((struct bytes){octets.p, n}, hex);
        (void)json_object_set_new(object, key, json_string(hex));
    } else {
        snprintf(r->why, r->cap, "%s.%s", key, *why ? why : err_sentence(e));
    }
    free(octets.p);
    free(hex);
    return e;
}

static enum err fold(json_t *value, enum s1ap_message type, const struct reason *r)
{
    const char *key;
    void *next;
    json_t *part;
    size_t i;
    enum err e = E_OK;
    json_array_foreach(value, i, part)
    {
        e = e == E_OK ? fold(part, type, r) : e;
    }
    json_object_foreach_safe(value, next, key, part)
    {
        bool message = json_is_object(part) && (is_nas(key) || is_s1ap(key));
        if (e == E_OK) {
            e = message ? fold_one(value, key, part, type, r) : fold(part, type, r);
        }
    }
    return e;
}

/* The first IE that the message must have and no pair is of. */
static const struct s1ap_row *missing_ie(enum s1ap_message type, const struct pdu_pairs *pairs)
{
    const struct s1ap_table *table = s1ap_message_info(type)->table;
    for (size_t row = 0; row < table->n; row++) {
        const char *name = s1ap_ie_name(table->rows[row].id);
        bool there = !table->rows[row].mandatory;
        for (size_t i = 0; i < pairs->n; i++) {
            size_t n = strcspn(pairs->pair[i].path, ".[");
            there = there || (strlen(name) == n && !strncmp(name, pairs->pair[i].path, n));
        }
        if (!there) {
            return &table->rows[row];
        }
    }
    return NULL;
}

static enum err say_wrong(enum s1ap_message type, const struct pdu_pairs *pairs, size_t bad,
                          enum err e, const struct reason *r)
{
    const struct s1ap_row *row = e == E_MISSING ? missing_ie(type, pairs) : NULL;
    if (row) {
        return refuse(r, s1ap_ie_name(row->id), row->clause, "it is missing", e);
    }
    if (bad < pairs->n) {
        const char *path = pairs->pair[bad].path;
        return refuse(r, path, clause_of(type, path),
                      e == E_UNKNOWN ? "this message has no such field" : err_sentence(e), e);
    }
    return refuse(r, s1ap_message_name(type), s1ap_message_info(type)->clause, err_sentence(e), e);
}

static enum err write_pairs(enum s1ap_message type, const struct pdu_pairs *pairs,
                            struct mbytes out, size_t *n, const struct reason *r)
{
    struct s1ap_pdu pdu;
    size_t bad = pairs->n;
    struct mbytes scratch = {malloc(SCRATCH), SCRATCH};
    struct s1ap_pair *texts = calloc(pairs->n + 1, sizeof *texts);
    for (size_t i = 0; texts && i < pairs->n; i++) {
        texts[i] = (struct s1ap_pair){pairs->pair[i].path, pairs->pair[i].value, false};
    }
    enum err e =
        scratch.p && texts ? s1ap_build(type, texts, pairs->n, scratch, &pdu, &bad) : E_MEMORY;
    if (e == E_OK) {
        e = s1ap_write(&pdu, out, n);
    }
    if (e != E_OK) {
        (void)say_wrong(type, pairs, bad, e, r);
    }
    wipe(scratch.p, scratch.p ? scratch.n : 0); /* a KeNB may have been there */
    free(scratch.p);
    free(texts);
    return e;
}

static bool as_received(const json_t *object, struct mbytes out, size_t *n)
{
    const char *hex = json_string_value(json_object_get(object, AS_RECEIVED));
    char why[120];
    bool same = false;
    if (!hex || !pdu_hex_parse(bytes_of_str(hex), out, n, why, sizeof why)) {
        return false;
    }
    for (int null_cipher = 0; !same && null_cipher < 2; null_cipher++) {
        struct s1ap_view view = {.show_keys = true, .null_cipher = null_cipher};
        struct s1ap_fault fault;
        enum err e;
        json_t *shown = s1ap_json_of((struct bytes){out.p, *n}, &view, &e, &fault);
        same = shown && json_equal(shown, object);
        json_decref(shown);
    }
    return same;
}

enum err s1ap_json_build(const json_t *object, struct mbytes out, size_t *n, char *why, size_t cap)
{
    const struct reason r = {why, cap};
    const char *name = json_string_value(json_object_get(object, "message"));
    enum s1ap_message type = name ? s1ap_message_named(name) : S1AP_MESSAGE_COUNT;
    struct pdu_pairs pairs = {0};
    if (type == S1AP_MESSAGE_COUNT) {
        return refuse(&r, "message", NULL, name ? "no message has this name" : "it is missing",
                      name ? E_UNSUPPORTED : E_MISSING);
    }
    if (as_received(object, out, n)) {
        return E_OK;
    }
    json_t *copy = json_deep_copy(object);
    enum err e =
        copy ? fold(copy, type, &r) : refuse(&r, "", NULL, err_sentence(E_MEMORY), E_MEMORY);
    if (e == E_OK) {
        (void)json_object_del(copy, "message");
        (void)json_object_del(copy, AS_RECEIVED);
        e = pdu_pairs_of(copy, &pairs, why, cap) ? write_pairs(type, &pairs, out, n, &r)
                                                 : E_BAD_VALUE;
    }
    pdu_pairs_free(&pairs);
    json_decref(copy);
    return e;
}

/* ---- for people ---- */

static const char *fault_clause(const struct s1ap_fault *fault, uint16_t id)
{
    enum s1ap_message type = fault->has_procedure
                                 ? s1ap_message_of(fault->procedure, fault->outcome)
                                 : S1AP_MESSAGE_COUNT;
    const char *name = s1ap_ie_name(id);
    return name ? clause_of(type, name) : NULL;
}

void s1ap_fault_text(struct bytes msg, enum err e, const struct s1ap_fault *fault, char *out,
                     size_t cap)
{
    size_t shown = fault->n < S1AP_FAULT_IES ? fault->n : S1AP_FAULT_IES;
    const char *procedure = fault->has_procedure ? s1ap_procedure_name(fault->procedure) : NULL;
    int n =
        snprintf(out, cap, "octet %zu of %zu: %s%s%s: %s", fault->place, msg.n,
                 procedure ? procedure : "", procedure ? ": " : "", s1ap_fault_name(fault->kind),
                 e == E_OK ? "elements that are not known" : err_sentence(e));
    for (size_t i = 0; i < shown && n > 0 && (size_t)n < cap; i++) {
        const struct s1ap_diagnostic *d = &fault->ies[i];
        const char *name = s1ap_ie_name(d->ie_id), *clause = fault_clause(fault, d->ie_id);
        n += snprintf(out + n, cap - (size_t)n, "; %s (id %u%s%s): %s",
                      name ? name : "an IE that is not known", d->ie_id,
                      clause ? ", TS 36.413 " : "", clause ? clause : "",
                      d->type_of_error == S1AP_ERROR_MISSING ? "missing" : "not understood");
    }
}

struct printing {
    FILE *to;
    const struct s1ap_view *view;
    enum s1ap_message type;
    unsigned indent;
};

static enum err put_tree(FILE *to, unsigned indent, struct bytes msg, const struct s1ap_view *view,
                         struct s1ap_fault *fault);

static void put_inside(const struct printing *p, const struct s1ap_field *f)
{
    unsigned indent = p->indent + 4 + 2 * (unsigned)f->depth;
    struct s1ap_fault fault;
    if (is_nas(f->name)) {
        struct nas_text_options how = nas_options(p->view, p->type);
        nas_tree_put(p->to, indent, f->octets, &how);
    } else if (is_s1ap(f->name) && put_tree(p->to, indent, f->octets, p->view, &fault) != E_OK) {
        fprintf(p->to, "%*s(not to be read: %s)\n", (int)indent, "", s1ap_fault_name(fault.kind));
    }
}

/* In NAS there are identities, which hex would show. */
static bool is_shown(const struct printing *p, const struct s1ap_field *f)
{
    return f->form != S1AP_TEXT_OPEN && !(p->view->mask && (is_nas(f->name) || is_s1ap(f->name)));
}

static void put_line(void *ctx, const struct s1ap_field *f)
{
    const struct printing *p = ctx;
    if (f->form == S1AP_TEXT_CLOSE || f->form == S1AP_TEXT_EMPTY) {
        return;
    }
    fprintf(p->to, "%*s%s:", (int)(p->indent + 2 + 2 * f->depth), "", f->name);
    size_t cap = 2 * f->octets.n + S1AP_VALUE_MAX;
    char *value = is_shown(p, f) ? malloc(cap) : NULL;
    if (value) {
        s1ap_field_value(f, (struct mbytes){(uint8_t *)value, cap});
        fprintf(p->to, " %s", value);
    }
    free(value);
    if (f->note) {
        fprintf(p->to, " (%s)", f->note);
    }
    if (f->clause) {
        fprintf(p->to, "  [%s]", f->clause);
    }
    fputc('\n', p->to);
    if (f->form == S1AP_TEXT_OCTETS) {
        put_inside(p, f);
    }
}

static enum err put_tree(FILE *to, unsigned indent, struct bytes msg, const struct s1ap_view *view,
                         struct s1ap_fault *fault)
{
    struct s1ap_pdu pdu;
    enum err e = s1ap_parse(msg, &pdu, fault);
    if (e != E_OK) {
        return e;
    }
    struct printing p = {to, view, pdu.type, indent};
    fprintf(to, "%*s%s  [%s]\n", (int)indent, "", s1ap_message_name(pdu.type),
            s1ap_message_info(pdu.type)->clause);
    s1ap_walk(&pdu, view->show_keys, put_line, &p);
    return E_OK;
}

enum err s1ap_tree_put(FILE *to, struct bytes msg, const struct s1ap_view *view,
                       struct s1ap_fault *fault)
{
    return put_tree(to, 0, msg, view, fault);
}
