#include "codec/nas_text.h"
#include "codec/nas_container.h"
#include <stdio.h>
#include <string.h>

struct walk {
    const struct nas_text_options *options;
    nas_text_visit *visit;
    void *ctx;
    unsigned depth;
    size_t path_n;
    char path[NAS_PATH_MAX];
    char value[NAS_VALUE_TEXT_MAX];
};

/* ---- one field ---- */

static void visit(struct walk *w, const char *key, const char *name, const char *value)
{
    (void)snprintf(w->path + w->path_n, sizeof w->path - w->path_n, "%s", key);
    w->visit(w->ctx, &(struct nas_text_field){w->depth, w->path, key, name, value});
    w->path[w->path_n] = '\0';
}

static size_t enter(struct walk *w, const char *key, const char *name)
{
    size_t before = w->path_n;
    visit(w, key, name, NULL);
    int n = snprintf(w->path + before, sizeof w->path - before, "%s.", key);
    w->path_n = before + (size_t)n;
    w->depth++;
    return before;
}

static void leave(struct walk *w, size_t before)
{
    w->depth--;
    w->path_n = before;
    w->path[before] = '\0';
}

static void visit_number(struct walk *w, const char *key, const char *name, unsigned v)
{
    char text[16];
    (void)snprintf(text, sizeof text, "%u", v);
    visit(w, key, name, text);
}

static void visit_value(struct walk *w, enum nas_form form, const char *key, const char *name,
                        struct bytes v)
{
    nas_value_to_text(form, v, w->options->mask, w->value);
    visit(w, key, name, w->value);
}

/* ---- messages ---- */

/* A plain message that this codec has, parsed into *out; *same: written again it is these octets.
 */
static enum err parse_plain(struct bytes plain, enum nas_direction direction, union nas_any *out,
                            const struct nas_message **m, bool *same, struct nas_fault *fault)
{
    struct nas_pdu pdu;
    uint8_t again[NAS_TEXT_PDU_MAX];
    size_t n;
    enum err e = nas_peek(plain, &pdu);
    if (e != E_OK) {
        return e;
    }
    *m = pdu.kind == NAS_PLAIN_EMM || pdu.kind == NAS_PLAIN_ESM
             ? nas_message_of(pdu.type, direction)
             : NULL;
    if (*m == NULL) {
        return E_UNSUPPORTED;
    }
    e = nas_parse(*m, plain, out, fault);
    if (e == E_OK) {
        *same = nas_write(*m, out, MBYTES_OF(again), &n) == E_OK &&
                bytes_eq((struct bytes){again, n}, plain);
    }
    return e;
}

static void walk_message(struct walk *w, const struct nas_message *m, const union nas_any *in);

static bool walk_inner_message(struct walk *w, const char *key, const char *name, struct bytes v)
{
    union nas_any inner;
    const struct nas_message *m;
    bool same;
    if (w->depth == NAS_TEXT_DEPTH_MAX ||
        parse_plain(v, w->options->direction, &inner, &m, &same, NULL) != E_OK || !same) {
        return false;
    }
    size_t before = enter(w, key, name);
    walk_message(w, m, &inner);
    leave(w, before);
    return true;
}

union any_container {
#define X(name, type, list) struct nas_##name name;
    NAS_CONTAINERS(X)
#undef X
};

static void walk_tags(struct walk *w, const struct nas_container *c, const void *in)
{
    char key[NAS_PATH_MAX];
    (void)snprintf(w->value, sizeof w->value, "%s", nas_text_container_name(c->type));
    visit(w, "container", "Container", w->value);
    for (size_t i = 0; i < c->n; i++) {
        const void *member = (const uint8_t *)in + c->rows[i].offset;
        struct bytes v = *(const struct bytes *)member;
        if (!v.p) {
            continue;
        }
        nas_text_tag_key(c, i, key);
        bool hide =
            w->options->mask && (c->rows[i].tag == NAS_TAG_IMSI || c->rows[i].tag == NAS_TAG_IMEI);
        if (hide) {
            visit(w, key, key, "***");
        } else {
            visit_value(w, nas_text_tag_form(c, i), key, key, v);
        }
    }
}

static bool walk_container(struct walk *w, const char *key, const char *name, struct bytes v)
{
    union any_container in;
    uint8_t type;
    if (nas_container_type(v, &type) != E_OK ||
        nas_container_parse(nas_container_of(type), v, &in) != E_OK) {
        return false;
    }
    size_t before = enter(w, key, name);
    walk_tags(w, nas_container_of(type), &in);
    leave(w, before);
    return true;
}

static bool is_octet(const struct nas_row *row)
{
    return row->format == NAS_M_HALF || row->format == NAS_M_V1;
}

static bool is_optional_octet(const struct nas_row *row)
{
    return row->format == NAS_O_TVH || row->format == NAS_O_TV1 || row->format == NAS_O_TLV1;
}

/* The value of a row as octets; false when it is absent. */
static bool value_of(const struct nas_row *row, const uint8_t *base, struct bytes *out)
{
    const uint8_t *member = base + row->offset;
    if (is_octet(row)) {
        *out = (struct bytes){member, 1};
        return row->ie != NAS_IE_SPARE;
    }
    if (is_optional_octet(row)) {
        const struct nas_u8 *v = (const void *)member;
        *out = (struct bytes){&v->v, 1};
        return v->present;
    }
    *out = *(const struct bytes *)(const void *)member;
    return out->p != NULL;
}

static void walk_message(struct walk *w, const struct nas_message *m, const union nas_any *in)
{
    char key[NAS_PATH_MAX];
    visit(w, "message", "Message", nas_message_type_name(m->type));
    if (nas_is_esm(m)) {
        visit_number(w, "ebi", "EPS bearer identity", in->header.ebi);
        visit_number(w, "pti", "Procedure transaction identity", in->header.pti);
    }
    for (size_t i = 0; i < m->n; i++) {
        struct bytes v;
        enum nas_ie ie = (enum nas_ie)m->rows[i].ie;
        enum nas_form form = nas_ie_form(ie);
        if (!value_of(&m->rows[i], (const uint8_t *)in, &v)) {
            continue;
        }
        nas_text_key(m, i, key);
        bool inside =
            (form == NAS_FORM_MESSAGE && walk_inner_message(w, key, nas_ie_name(ie), v)) ||
            (form == NAS_FORM_CONTAINER && walk_container(w, key, nas_ie_name(ie), v));
        if (!inside) {
            visit_value(w, form, key, nas_ie_name(ie), v);
        }
    }
}

/* ---- PDUs ---- */

static void walk_frame(struct walk *w, const struct nas_pdu *pdu)
{
    static const char *const names[] = {
        [NAS_SHT_INTEGRITY] = "1 (integrity)",
        [NAS_SHT_CIPHERED] = "2 (integrity, ciphered)",
        [NAS_SHT_INTEGRITY_NEW] = "3 (integrity, new security context)",
        [NAS_SHT_CIPHERED_NEW] = "4 (integrity, ciphered, new security context)",
        [NAS_SHT_PARTIAL] = "5 (integrity, partially ciphered)",
    };
    bool clear = pdu->sht == NAS_SHT_INTEGRITY || pdu->sht == NAS_SHT_INTEGRITY_NEW ||
                 w->options->null_cipher;
    visit(w, "message", "Message", "SECURITY PROTECTED NAS MESSAGE");
    visit(w, "security-header-type", "Security header type", names[pdu->sht]);
    visit_value(w, NAS_FORM_HEX, "mac", "Message authentication code", BYTES_OF(pdu->mac));
    visit_number(w, "sequence-number", "Sequence number", pdu->sn);
    if (!clear || !walk_inner_message(w, "nas-message", "NAS message", pdu->inner)) {
        visit_value(w, NAS_FORM_HEX, "nas-message", "NAS message", pdu->inner);
    }
}

static void walk_service_request(struct walk *w, const struct nas_pdu *pdu)
{
    visit(w, "message", "Message", "SERVICE REQUEST");
    visit_number(w, "security-header-type", "Security header type", pdu->sht);
    visit_number(w, "ksi", "NAS key set identifier", pdu->ksi);
    visit_number(w, "sequence-number", "Sequence number", pdu->sn);
    visit_value(w, NAS_FORM_HEX, "mac", "Message authentication code", (struct bytes){pdu->mac, 2});
}

enum err nas_text_walk(struct bytes octets, const struct nas_text_options *options,
                       nas_text_visit *visit_field, void *ctx, struct nas_fault *fault)
{
    struct walk w = {.options = options, .visit = visit_field, .ctx = ctx};
    struct nas_pdu pdu;
    union nas_any in;
    const struct nas_message *m;
    bool same;
    if (octets.n > NAS_TEXT_PDU_MAX) {
        return E_BAD_LENGTH;
    }
    enum err e = nas_peek(octets, &pdu);
    if (e != E_OK) {
        return e;
    }
    if (pdu.kind == NAS_PROTECTED) {
        walk_frame(&w, &pdu);
    } else if (pdu.kind == NAS_SERVICE_REQUEST) {
        walk_service_request(&w, &pdu);
    } else {
        e = parse_plain(octets, options->direction, &in, &m, &same, fault);
        if (e != E_OK) {
            return e;
        }
        walk_message(&w, m, &in);
        if (!same && !options->mask) {
            visit_value(&w, NAS_FORM_HEX, "as-received", "As received", octets);
        }
    }
    return E_OK;
}

/* ---- a tree, a line ---- */

struct page {
    char *p;
    size_t room, n;
};

static void add(struct page *page, const char *text)
{
    size_t n = strlen(text);
    size_t left = page->room - 1 - page->n;
    n = n < left ? n : left;
    memcpy(page->p + page->n, text, n);
    page->n += n;
    page->p[page->n] = '\0';
}

static void add_to_tree(void *ctx, const struct nas_text_field *f)
{
    struct page *page = ctx;
    for (unsigned i = 0; i < f->depth; i++) {
        add(page, "  ");
    }
    add(page, f->name);
    add(page, ":");
    if (f->value) {
        add(page, " ");
        add(page, f->value);
    }
    add(page, "\n");
}

enum err nas_text_tree(struct bytes pdu, const struct nas_text_options *options, struct mbytes out)
{
    struct nas_fault fault = {0};
    struct page page = {(char *)out.p, out.n, 0};
    if (out.n == 0) {
        return E_NO_ROOM;
    }
    out.p[0] = '\0';
    enum err e = nas_text_walk(pdu, options, add_to_tree, &page, &fault);
    if (e != E_OK) {
        char at[64];
        (void)snprintf(at, sizeof at, " (octet %zu, %s)\n", fault.at, nas_ie_name(fault.ie));
        add(&page, err_sentence(e));
        add(&page, at);
    }
    return e;
}

/* What a line shows besides the message's name. */
static bool matters(const char *key)
{
    static const char *const keys[] = {
        "attach-type", "detach-type", "update-type",    "identity", "identity-type",
        "emm-cause",   "esm-cause",   "container",      "apn",      "pdn-address",
        "guti",        "algorithms",  "certificate-url"};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        if (strcmp(keys[i], key) == 0) {
            return true;
        }
    }
    return false;
}

/* Of what it shows no more than how long it is. */
static bool only_length_matters(const char *key)
{
    return strcmp(key, "ciphertext") == 0 || strcmp(key, "certificate") == 0 ||
           strcmp(key, "proof") == 0;
}

static void add_to_line(void *ctx, const struct nas_text_field *f)
{
    struct page *page = ctx;
    if (f->value && strcmp(f->key, "message") == 0) {
        add(page, page->n > 0 ? " / " : "");
        add(page, f->value);
    } else if (f->value && matters(f->key)) {
        add(page, " ");
        add(page, f->key);
        add(page, "=");
        add(page, f->value);
    } else if (f->value && only_length_matters(f->key) && strncmp(f->value, "0x", 2) == 0) {
        char text[80];
        (void)snprintf(text, sizeof text, " %.40s=%zu octets", f->key, strlen(f->value + 2) / 2);
        add(page, text);
    }
}

static void add_unread(struct page *page, struct bytes octets, enum err e)
{
    struct nas_pdu pdu;
    char text[48];
    if (nas_peek(octets, &pdu) != E_OK) {
        add(page, "no NAS message: ");
        add(page, err_sentence(e));
        return;
    }
    const char *name = nas_message_type_name(pdu.type);
    (void)snprintf(text, sizeof text, "%s message type 0x%02x",
                   pdu.kind == NAS_PLAIN_ESM ? "ESM" : "EMM", pdu.type);
    add(page, name ? name : text);
    add(page, ": ");
    add(page, err_sentence(e));
}

void nas_text_line(struct bytes pdu, const struct nas_text_options *options, struct mbytes out)
{
    struct page page = {(char *)out.p, out.n, 0};
    if (out.n == 0) {
        return;
    }
    out.p[0] = '\0';
    enum err e = nas_text_walk(pdu, options, add_to_line, &page, NULL);
    if (e != E_OK) {
        add_unread(&page, pdu, e);
    }
}
