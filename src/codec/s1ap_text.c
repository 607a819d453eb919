#include "codec/s1ap_text.h"
#include "codec/s1ap_table.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* ---- the walk ---- */

struct walk {
    s1ap_field_fn *fn;
    void *ctx;
    bool show_key;
    char path[S1AP_PATH_MAX];
    size_t path_n;
    size_t depth;
    const char *clause;
    size_t said; /* fields so far: tells an empty group */
};

/* Appends ".name" or "[i]" to the path and gives the length to come back to. */
static size_t path_push(struct walk *w, const char *name, size_t index)
{
    size_t before = w->path_n;
    size_t room = sizeof w->path - before;
    int n = name != NULL ? snprintf(w->path + before, room, "%s%s", before == 0 ? "" : ".", name)
                         : snprintf(w->path + before, room, "[%zu]", index);
    w->path_n += n > 0 && (size_t)n < room ? (size_t)n : 0;
    w->path[w->path_n] = '\0';
    return before;
}

static void path_pop(struct walk *w, size_t before)
{
    w->path_n = before;
    w->path[before] = '\0';
}

static void say(struct walk *w, struct s1ap_field *f)
{
    f->depth = w->depth;
    f->path = w->path;
    f->clause = w->depth == 0 ? w->clause : NULL;
    w->said++;
    w->fn(w->ctx, f);
}

static void walk_value(struct walk *w, const char *name, const struct s1ap_type *t,
                       const void *value);

static const char *note_of(const struct s1ap_type *t, uint64_t v)
{
    return strcmp(t->name, "ProtocolIE-ID") == 0   ? s1ap_ie_name((unsigned)v)
           : strcmp(t->name, "ProcedureCode") == 0 ? s1ap_procedure_name((unsigned)v)
                                                   : NULL;
}

static void walk_number(struct walk *w, const char *name, const struct s1ap_type *t,
                        const void *value)
{
    char text[S1AP_VALUE_MAX];
    uint64_t v = s1ap_load(value, t->size);
    (void)snprintf(text, sizeof text, t->kind == S1AP_WHOLE ? "%" PRIu64 : "0x%" PRIx64, v);
    say(w, &(struct s1ap_field){
               .form = S1AP_TEXT_NUMBER, .name = name, .value = text, .note = note_of(t, v)});
}

static void walk_word(struct walk *w, const char *name, const struct s1ap_type *t,
                      const void *value)
{
    char text[S1AP_VALUE_MAX > PLMN_TEXT_MAX ? S1AP_VALUE_MAX : PLMN_TEXT_MAX] = "";
    const char *word = text;
    if (t->kind == S1AP_PLMN) {
        plmn_print(value, text);
    } else {
        uint64_t v = s1ap_load(value, t->size);
        word = v < t->n ? t->names[v] : "?";
    }
    say(w, &(struct s1ap_field){.form = S1AP_TEXT_WORD, .name = name, .value = word});
}

static void walk_octets(struct walk *w, const char *name, const struct s1ap_type *t,
                        const void *value)
{
    struct s1ap_field f = {.form = S1AP_TEXT_OCTETS, .name = name};
    memcpy(&f.octets, value, sizeof f.octets);
    if (t->kind == S1AP_PRINTABLE) {
        f.form = S1AP_TEXT_STRING;
    } else if (t->kind == S1AP_KEY && !w->show_key) {
        f = (struct s1ap_field){.form = S1AP_TEXT_HIDDEN, .name = name, .value = "(32 octets)"};
    }
    say(w, &f);
}

static void walk_member(struct walk *w, const struct s1ap_member *m, const void *object)
{
    size_t before = path_push(w, m->name, 0);
    walk_value(w, m->name, m->type, (const uint8_t *)object + m->offset);
    path_pop(w, before);
}

static bool has(const void *object, size_t has_offset)
{
    return has_offset == S1AP_ALWAYS || ((const uint8_t *)object)[has_offset] != 0;
}

static void walk_rows(struct walk *w, const struct s1ap_table *table, const void *object)
{
    for (size_t i = 0; table != NULL && i < table->n; i++) {
        const struct s1ap_row *row = &table->rows[i];
        if (has(object, row->has_offset)) {
            const char *name = s1ap_ie_name(row->id);
            size_t before = path_push(w, name, 0);
            w->clause = row->clause;
            walk_value(w, name, row->type, (const uint8_t *)object + row->offset);
            path_pop(w, before);
        }
    }
}

static void walk_sequence(struct walk *w, const struct s1ap_type *t, const void *value)
{
    for (size_t i = 0; i < t->n; i++) {
        if (has(value, t->members[i].has_offset)) {
            walk_member(w, &t->members[i], value);
        }
    }
    walk_rows(w, t->extensions, value);
}

static void walk_list(struct walk *w, const struct s1ap_type *t, const void *value)
{
    struct s1ap_list list;
    union s1ap_element element;
    memcpy(&list, value, sizeof list);
    struct s1ap_cursor c = s1ap_each(&list);
    for (size_t i = 0; s1ap_next(&c, t, &element); i++) {
        char index[24];
        (void)snprintf(index, sizeof index, "%zu", i);
        size_t before = path_push(w, NULL, i);
        walk_value(w, index, t->element, &element);
        path_pop(w, before);
    }
}

static void walk_choice(struct walk *w, const struct s1ap_type *t, const void *value)
{
    uint64_t i = s1ap_load(value, t->index_size);
    if (i < t->n) {
        walk_member(w, &t->members[i], value);
    }
}

/* What stands between OPEN and CLOSE; a group in which nothing was said is said to be empty. */
static void walk_group(struct walk *w, const char *name, const struct s1ap_type *t,
                       const void *value)
{
    bool list = t->kind == S1AP_LIST;
    say(w, &(struct s1ap_field){.form = S1AP_TEXT_OPEN, .name = name, .list = list});
    size_t said = w->said;
    w->depth++;
    if (list) {
        walk_list(w, t, value);
    } else if (t->kind == S1AP_CHOICE) {
        walk_choice(w, t, value);
    } else {
        walk_sequence(w, t, value);
    }
    if (w->said == said) {
        say(w, &(struct s1ap_field){.form = S1AP_TEXT_EMPTY, .name = name, .value = "{}"});
    }
    w->depth--;
    say(w, &(struct s1ap_field){.form = S1AP_TEXT_CLOSE, .name = name, .list = list});
}

static void walk_value(struct walk *w, const char *name, const struct s1ap_type *t,
                       const void *value)
{
    switch (t->kind) {
    case S1AP_WHOLE:
    case S1AP_NUMBER:
    case S1AP_BITS:
        walk_number(w, name, t, value);
        break;
    case S1AP_ENUMERATED:
    case S1AP_PLMN:
        walk_word(w, name, t, value);
        break;
    case S1AP_OCTETS:
    case S1AP_KEY:
    case S1AP_ADDRESS:
    case S1AP_PRINTABLE:
    case S1AP_OPAQUE:
        walk_octets(w, name, t, value);
        break;
    case S1AP_SEQUENCE:
    case S1AP_CHOICE:
    case S1AP_LIST:
        walk_group(w, name, t, value);
        break;
    }
}

void s1ap_walk(const struct s1ap_pdu *pdu, bool show_key, s1ap_field_fn *fn, void *ctx)
{
    struct walk w = {.fn = fn, .ctx = ctx, .show_key = show_key};
    const struct s1ap_message_info *info = s1ap_message_info(pdu->type);
    if (info != NULL) {
        walk_rows(&w, info->table, &pdu->u);
    }
}

/* ---- as text ---- */

struct text {
    char *p;
    size_t cap;
    size_t n;
};

static void text_add(struct text *t, const char *s, size_t n)
{
    for (size_t i = 0; i < n && t->n + 1 < t->cap; i++) {
        char c = s[i];
        t->p[t->n++] = c >= 0x20 && c < 0x7F ? c : c == '\n' ? c : '?';
    }
    if (t->cap > 0) {
        t->p[t->n] = '\0';
    }
}

static void text_put(struct text *t, const char *s)
{
    text_add(t, s, strlen(s));
}

static void text_value(struct text *t, const struct s1ap_field *f)
{
    if (f->form == S1AP_TEXT_STRING) {
        text_add(t, (const char *)f->octets.p, f->octets.n);
    } else if (f->form == S1AP_TEXT_OCTETS) {
        for (size_t i = 0; i < f->octets.n; i++) {
            char two[3];
            hex_encode((struct bytes){f->octets.p + i, 1}, two);
            text_put(t, two);
        }
    } else {
        text_put(t, f->value != NULL ? f->value : "");
    }
}

void s1ap_field_value(const struct s1ap_field *field, struct mbytes out)
{
    struct text t = {(char *)out.p, out.n, 0};
    text_put(&t, "");
    text_value(&t, field);
}

static void tree_field(void *ctx, const struct s1ap_field *f)
{
    struct text *t = ctx;
    if (f->form == S1AP_TEXT_CLOSE || f->form == S1AP_TEXT_EMPTY) {
        return;
    }
    for (size_t i = 0; i <= f->depth; i++) {
        text_put(t, "  ");
    }
    text_put(t, f->name);
    if (f->form != S1AP_TEXT_OPEN) {
        text_put(t, " = ");
        text_value(t, f);
    }
    if (f->note != NULL) {
        text_put(t, " (");
        text_put(t, f->note);
        text_put(t, ")");
    }
    text_put(t, "\n");
}

void s1ap_tree(const struct s1ap_pdu *pdu, bool show_key, struct mbytes out)
{
    struct text t = {(char *)out.p, out.n, 0};
    const char *name = s1ap_message_name(pdu->type);
    text_put(&t, name != NULL ? name : "?");
    text_put(&t, "\n");
    s1ap_walk(pdu, show_key, tree_field, &t);
}

/* The fields that matter in a ladder. */
static void line_field(void *ctx, const struct s1ap_field *f)
{
    static const struct {
        const char *path;
        const char *key;
    } keys[] = {
        {"MME-UE-S1AP-ID", "mme-ue"},
        {"eNB-UE-S1AP-ID", "enb-ue"},
        {"UE-S1AP-IDs.mME-UE-S1AP-ID", "mme-ue"},
        {"UE-S1AP-IDs.uE-S1AP-ID-pair.mME-UE-S1AP-ID", "mme-ue"},
        {"UE-S1AP-IDs.uE-S1AP-ID-pair.eNB-UE-S1AP-ID", "enb-ue"},
        {"eNBname", "name"},
        {"MMEname", "name"},
        {"TAI.tAC", "tac"},
        {"RRC-Establishment-Cause", "rrc-cause"},
        {"MME-Group-ID", "mme-group"},
        {"Cause.radioNetwork", "cause"},
        {"Cause.transport", "cause"},
        {"Cause.nas", "cause"},
        {"Cause.protocol", "cause"},
        {"Cause.misc", "cause"},
    };
    struct text *t = ctx;
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        if (strcmp(keys[i].path, f->path) == 0 && f->form < S1AP_TEXT_OCTETS) {
            text_put(t, " ");
            text_put(t, keys[i].key);
            text_put(t, "=");
            text_value(t, f);
        }
    }
}

void s1ap_line(struct bytes msg, struct mbytes out)
{
    struct text t = {(char *)out.p, out.n, 0};
    struct s1ap_pdu pdu;
    struct s1ap_fault fault;
    enum err e = s1ap_parse(msg, &pdu, &fault);
    const char *name = e == E_OK             ? s1ap_message_name(pdu.type)
                       : fault.has_procedure ? s1ap_procedure_name(fault.procedure)
                                             : NULL;
    text_put(&t, name != NULL ? name : "S1AP");
    if (e == E_OK) {
        s1ap_walk(&pdu, false, line_field, &t);
    } else {
        text_put(&t, " refused=");
        text_put(&t, s1ap_fault_name(fault.kind));
    }
}

enum s1ap_message s1ap_message_named(const char *name)
{
    unsigned i = 0;
    while (i < S1AP_MESSAGE_COUNT &&
           strcmp(s1ap_message_info((enum s1ap_message)i)->name, name) != 0) {
        i++;
    }
    return (enum s1ap_message)i;
}
