#include "codec/s1ap_table.h"
#include "codec/s1ap_text.h"
#include <stdalign.h>
#include <stdio.h>
#include <string.h>

/* A message from pairs of path and value: the tables are walked, and each type asks the pairs for
 * what its path begins. */

struct build {
    struct s1ap_pair *pairs;
    size_t n;
    struct mbytes scratch;
    size_t used; /* of scratch */
    char path[S1AP_PATH_MAX];
    size_t path_n;
    size_t bad;
    enum err err;
};

static void fail(struct build *b, enum err e, size_t pair)
{
    if (b->err == E_OK) {
        b->err = e;
        b->bad = pair;
    }
}

static void *take(struct build *b, size_t n, size_t align)
{
    size_t at = ((uintptr_t)b->scratch.p + b->used) % align;
    size_t start = b->used + (at == 0 ? 0 : align - at);
    if (start > b->scratch.n || n > b->scratch.n - start) {
        fail(b, E_NO_ROOM, b->n);
        return NULL;
    }
    b->used = start + n;
    return memset(b->scratch.p + start, 0, n);
}

static size_t push(struct build *b, const char *name, size_t index)
{
    size_t before = b->path_n;
    size_t room = sizeof b->path - before;
    int n = name != NULL ? snprintf(b->path + before, room, "%s%s", before == 0 ? "" : ".", name)
                         : snprintf(b->path + before, room, "[%zu]", index);
    b->path_n += n > 0 && (size_t)n < room ? (size_t)n : 0;
    b->path[b->path_n] = '\0';
    return before;
}

static void pop(struct build *b, size_t before)
{
    b->path_n = before;
    b->path[before] = '\0';
}

/* Does a pair lie at the path or below it? */
static bool any(const struct build *b)
{
    for (size_t i = 0; i < b->n; i++) {
        const char *p = b->pairs[i].path;
        if (strncmp(p, b->path, b->path_n) == 0 &&
            (p[b->path_n] == '\0' || p[b->path_n] == '.' || p[b->path_n] == '[')) {
            return true;
        }
    }
    return false;
}

/* The pair at the path itself; n when there is none. */
static size_t pair_here(struct build *b)
{
    size_t found = b->n;
    for (size_t i = 0; i < b->n; i++) {
        if (strcmp(b->pairs[i].path, b->path) == 0) {
            if (found != b->n) {
                fail(b, E_REPEATED, i);
            }
            found = i;
        }
    }
    if (found != b->n) {
        b->pairs[found].used = true;
    }
    return found;
}

static void build_value(struct build *b, const struct s1ap_type *t, void *out);

/* Decimal, or 0x and hex digits. */
static enum err number(const char *s, uint64_t *out)
{
    unsigned base = strncmp(s, "0x", 2) == 0 ? 16 : 10;
    uint64_t v = 0;
    s += base == 16 ? 2 : 0;
    if (*s == '\0') {
        return E_BAD_DIGIT;
    }
    for (; *s != '\0'; s++) {
        static const char digits[] = "0123456789abcdef";
        const char *at = memchr(digits, *s, base);
        if (at == NULL) {
            return E_BAD_DIGIT;
        }
        if (v > (UINT64_MAX - 15) / base) {
            return E_BAD_VALUE;
        }
        v = v * base + (uint64_t)(at - digits);
    }
    *out = v;
    return E_OK;
}

static void build_number(struct build *b, const struct s1ap_type *t, size_t pair, void *out)
{
    uint64_t v = 0;
    enum err e = number(b->pairs[pair].value, &v);
    if (e == E_OK && t->size < 8 && v >> (8 * t->size) != 0) {
        e = E_BAD_VALUE;
    }
    if (e != E_OK) {
        fail(b, e, pair);
        return;
    }
    s1ap_save(out, t->size, v);
}

static void build_word(struct build *b, const struct s1ap_type *t, size_t pair, void *out)
{
    size_t i = 0;
    while (i < t->n && strcmp(t->names[i], b->pairs[pair].value) != 0) {
        i++;
    }
    if (i == t->n) {
        fail(b, E_BAD_VALUE, pair);
    }
    s1ap_save(out, t->size, i);
}

static void build_plmn(struct build *b, size_t pair, void *out)
{
    struct plmn plmn = {0};
    enum err e = plmn_parse(bytes_of_str(b->pairs[pair].value), &plmn);
    if (e != E_OK) {
        fail(b, e, pair);
    }
    memcpy(out, &plmn, sizeof plmn);
}

static void build_octets(struct build *b, size_t pair, void *out)
{
    struct bytes v = {NULL, strlen(b->pairs[pair].value) / 2};
    uint8_t *p = take(b, v.n, 1);
    enum err e = p == NULL ? E_NO_ROOM : hex_decode(b->pairs[pair].value, (struct mbytes){p, v.n});
    if (e != E_OK) {
        fail(b, e, pair);
        return;
    }
    v.p = p;
    memcpy(out, &v, sizeof v);
}

static void build_leaf(struct build *b, const struct s1ap_type *t, void *out)
{
    size_t pair = pair_here(b);
    if (pair == b->n) {
        fail(b, E_MISSING, b->n);
    } else if (t->kind == S1AP_ENUMERATED) {
        build_word(b, t, pair, out);
    } else if (t->kind == S1AP_PLMN) {
        build_plmn(b, pair, out);
    } else if (t->kind == S1AP_PRINTABLE) {
        struct bytes v = bytes_of_str(b->pairs[pair].value);
        memcpy(out, &v, sizeof v);
    } else if (t->kind == S1AP_WHOLE || t->kind == S1AP_NUMBER || t->kind == S1AP_BITS) {
        build_number(b, t, pair, out);
    } else {
        build_octets(b, pair, out);
    }
}

/* Builds what the path names if a pair is there for it; says whether. */
static bool build_part(struct build *b, const char *name, size_t index, const struct s1ap_type *t,
                       void *out)
{
    size_t before = push(b, name, index);
    bool there = any(b);
    if (there && b->err == E_OK) {
        build_value(b, t, out);
    }
    pop(b, before);
    return there;
}

static void mark(void *object, size_t has_offset)
{
    if (has_offset != S1AP_ALWAYS) {
        ((uint8_t *)object)[has_offset] = 1;
    }
}

static void build_rows(struct build *b, const struct s1ap_table *table, void *out)
{
    for (size_t i = 0; table != NULL && i < table->n; i++) {
        const struct s1ap_row *row = &table->rows[i];
        if (build_part(b, s1ap_ie_name(row->id), 0, row->type, (uint8_t *)out + row->offset)) {
            mark(out, row->has_offset);
        } else if (row->mandatory && row->has_offset == S1AP_ALWAYS) {
            fail(b, E_MISSING, b->n);
        }
    }
}

static void build_sequence(struct build *b, const struct s1ap_type *t, void *out)
{
    for (size_t i = 0; i < t->n; i++) {
        const struct s1ap_member *m = &t->members[i];
        if (build_part(b, m->name, 0, m->type, (uint8_t *)out + m->offset)) {
            mark(out, m->has_offset);
        } else if (m->has_offset == S1AP_ALWAYS) {
            fail(b, E_MISSING, b->n);
        }
    }
    build_rows(b, t->extensions, out);
}

static void build_choice(struct build *b, const struct s1ap_type *t, void *out)
{
    for (size_t i = 0; i < t->n; i++) {
        const struct s1ap_member *m = &t->members[i];
        if (build_part(b, m->name, 0, m->type, (uint8_t *)out + m->offset)) {
            s1ap_save(out, t->index_size, i);
            return;
        }
    }
    fail(b, E_MISSING, b->n);
}

static void build_list(struct build *b, const struct s1ap_type *t, void *out)
{
    struct s1ap_list list = {0};
    size_t before = 0;
    for (bool there = true; there && list.n <= t->high; list.n += there) {
        before = push(b, NULL, list.n);
        there = any(b);
        pop(b, before);
    }
    uint8_t *items = take(b, list.n * t->element->size, alignof(max_align_t));
    for (size_t i = 0; items != NULL && i < list.n; i++) {
        (void)build_part(b, NULL, i, t->element, items + i * t->element->size);
    }
    list.items = items;
    memcpy(out, &list, sizeof list);
}

static void build_value(struct build *b, const struct s1ap_type *t, void *out)
{
    switch (t->kind) {
    case S1AP_SEQUENCE:
    case S1AP_CHOICE:
    case S1AP_LIST: {
        size_t empty = pair_here(b);
        if (empty != b->n && strcmp(b->pairs[empty].value, "{}") != 0) {
            fail(b, E_BAD_VALUE, empty);
        }
        break;
    }
    case S1AP_WHOLE:
    case S1AP_ENUMERATED:
    case S1AP_NUMBER:
    case S1AP_BITS:
    case S1AP_OCTETS:
    case S1AP_KEY:
    case S1AP_ADDRESS:
    case S1AP_PRINTABLE:
    case S1AP_PLMN:
    case S1AP_OPAQUE:
        build_leaf(b, t, out);
        return;
    }
    if (t->kind == S1AP_LIST) {
        build_list(b, t, out);
    } else if (t->kind == S1AP_CHOICE) {
        build_choice(b, t, out);
    } else {
        build_sequence(b, t, out);
    }
}

enum err s1ap_build(enum s1ap_message type, struct s1ap_pair *pairs, size_t n,
                    struct mbytes scratch, struct s1ap_pdu *out, size_t *bad)
{
    struct build b = {.pairs = pairs, .n = n, .scratch = scratch};
    const struct s1ap_message_info *info = s1ap_message_info(type);
    memset(out, 0, sizeof *out);
    *bad = n;
    if (info == NULL) {
        return E_UNSUPPORTED;
    }
    for (size_t i = 0; i < n; i++) {
        pairs[i].used = false;
    }
    out->type = type;
    build_rows(&b, info->table, &out->u);
    for (size_t i = 0; i < n; i++) {
        if (!pairs[i].used) {
            fail(&b, E_UNKNOWN, i);
        }
    }
    if (b.err != E_OK) {
        memset(out, 0, sizeof *out);
        *bad = b.bad;
    }
    return b.err;
}
