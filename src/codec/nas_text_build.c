#include "codec/nas_container.h"
#include "codec/nas_text.h"
#include <stdio.h>
#include <string.h>

/* Octets of values until the message is written; containers in containers need room once each. */
#define ARENA (8 * NAS_TEXT_PDU_MAX)

struct build {
    struct nas_text_pair *pairs;
    size_t n;
    enum nas_direction direction;
    char path[NAS_PATH_MAX]; /* where we are, with a dot behind it, and then a key */
    size_t path_n;
    unsigned depth;
    char *wrong;
    size_t used;
    uint8_t arena[ARENA];
};

static enum err complain(struct build *b, enum err e)
{
    (void)snprintf(b->wrong, NAS_PATH_MAX, "%s", b->path);
    return e;
}

/* Goes to a key of where we are; the value of its pair, or NULL. */
static const char *look(struct build *b, const char *key)
{
    (void)snprintf(b->path + b->path_n, sizeof b->path - b->path_n, "%s", key);
    for (size_t i = 0; i < b->n; i++) {
        if (strcmp(b->pairs[i].path, b->path) == 0) {
            b->pairs[i].used = true;
            return b->pairs[i].value;
        }
    }
    return NULL;
}

/* Are there pairs inside this key? Then we are inside it, until leave(). */
static bool enter(struct build *b, const char *key, size_t *before)
{
    if (b->depth > NAS_TEXT_DEPTH_MAX) {
        return false;
    }
    int n = snprintf(b->path + b->path_n, sizeof b->path - b->path_n, "%s.", key);
    for (size_t i = 0; i < b->n; i++) {
        if (strncmp(b->pairs[i].path, b->path, b->path_n + (size_t)n) == 0) {
            *before = b->path_n;
            b->path_n += (size_t)n;
            b->depth++;
            return true;
        }
    }
    return false;
}

static struct mbytes room(struct build *b)
{
    return (struct mbytes){b->arena + b->used, sizeof b->arena - b->used};
}

static enum err take_value(struct build *b, enum nas_form form, const char *text,
                           struct bytes *value)
{
    enum err e = nas_value_from_text(form, text, room(b), value);
    if (e != E_OK) {
        return complain(b, e);
    }
    b->used += value->n;
    return E_OK;
}

static enum err take_number(struct build *b, const char *key, uint8_t *out)
{
    struct bytes v;
    const char *text = look(b, key);
    if (!text) {
        return complain(b, E_MISSING);
    }
    enum err e = take_value(b, NAS_FORM_NUMBER, text, &v);
    if (e == E_OK && v.n != 1) {
        return complain(b, E_BAD_LENGTH);
    }
    *out = e == E_OK ? v.p[0] : 0;
    return e;
}

/* ---- containers ---- */

union any_container {
#define X(name, type, list) struct nas_##name name;
    NAS_CONTAINERS(X)
#undef X
};

static enum err take_tags(struct build *b, const struct nas_container *c, void *in)
{
    char key[NAS_PATH_MAX];
    for (size_t i = 0; i < c->n; i++) {
        void *member = (uint8_t *)in + c->rows[i].offset;
        nas_text_tag_key(c, i, key);
        const char *text = look(b, key);
        enum err e =
            text ? take_value(b, nas_text_tag_form(c, i), text, (struct bytes *)member) : E_OK;
        if (e == E_OK && !text && !c->rows[i].optional) {
            e = complain(b, E_MISSING);
        }
        if (e != E_OK) {
            return e;
        }
    }
    return E_OK;
}

static const struct nas_container *container_named(const char *name)
{
    for (unsigned type = 0; name && type <= UINT8_MAX; type++) {
        const char *known = nas_text_container_name((uint8_t)type);
        if (known && strcmp(known, name) == 0) {
            return nas_container_of((uint8_t)type);
        }
    }
    return NULL;
}

static enum err take_container(struct build *b, struct bytes *value)
{
    union any_container in;
    const struct nas_container *c = container_named(look(b, "container"));
    memset(&in, 0, sizeof in);
    if (!c) {
        return complain(b, E_UNSUPPORTED);
    }
    enum err e = take_tags(b, c, &in);
    if (e != E_OK) {
        return e;
    }
    e = nas_container_write(c, &in, room(b), value);
    if (e != E_OK) {
        return complain(b, e);
    }
    b->used += value->n;
    return E_OK;
}

/* ---- messages ---- */

static enum err take_message(struct build *b, struct bytes *value);

static enum err take_inside(struct build *b, enum nas_form form, size_t before, struct bytes *value)
{
    enum err e = form == NAS_FORM_CONTAINER ? take_container(b, value) : take_message(b, value);
    if (e == E_OK) {
        b->path_n = before;
        b->depth--;
    }
    return e;
}

/* A row's value; *there: it was named. */
static enum err take_row_value(struct build *b, enum nas_form form, const char *key,
                               struct bytes *value, bool *there)
{
    size_t before;
    const char *text = look(b, key);
    *there = true;
    if (text) {
        return take_value(b, form, text, value);
    }
    if ((form == NAS_FORM_CONTAINER || form == NAS_FORM_MESSAGE) && enter(b, key, &before)) {
        return take_inside(b, form, before, value);
    }
    *there = false;
    return E_OK;
}

static enum err store_row(struct build *b, const struct nas_row *row, uint8_t *base,
                          struct bytes value)
{
    void *member = base + row->offset;
    bool half = row->format == NAS_M_HALF || row->format == NAS_O_TVH;
    bool octet =
        half || row->format == NAS_M_V1 || row->format == NAS_O_TV1 || row->format == NAS_O_TLV1;
    if (octet && value.n != 1) {
        return complain(b, E_BAD_LENGTH);
    }
    if (half && value.p[0] > 0xF) {
        return complain(b, E_BAD_VALUE);
    }
    if (!octet && (value.n < row->min || value.n > row->max)) {
        return complain(b, E_BAD_LENGTH);
    }
    if (!octet) {
        *(struct bytes *)member = value;
    } else if (row->format >= NAS_O_TVH) {
        *(struct nas_u8 *)member = NAS_U8_OF(value.p[0]);
    } else {
        *(uint8_t *)member = value.p[0];
    }
    return E_OK;
}

static enum err take_rows(struct build *b, const struct nas_message *m, uint8_t *base)
{
    char key[NAS_PATH_MAX];
    for (size_t i = 0; i < m->n; i++) {
        const struct nas_row *row = &m->rows[i];
        struct bytes value;
        bool there;
        if (row->ie == NAS_IE_SPARE) {
            continue;
        }
        nas_text_key(m, i, key);
        enum err e = take_row_value(b, nas_ie_form((enum nas_ie)row->ie), key, &value, &there);
        if (e != E_OK) {
            return e;
        }
        (void)snprintf(b->path + b->path_n, sizeof b->path - b->path_n, "%s", key);
        if (there) {
            e = store_row(b, row, base, value);
        } else if (row->format < NAS_O_TVH) {
            e = complain(b, E_MISSING);
        }
        if (e != E_OK) {
            return e;
        }
    }
    return E_OK;
}

static const struct nas_message *message_named(const char *name, enum nas_direction direction)
{
    size_t n;
    const struct nas_message *const *all = nas_messages(&n);
    for (size_t i = 0; name && i < n; i++) {
        if (all[i]->direction & direction &&
            strcmp(nas_message_type_name(all[i]->type), name) == 0) {
            return all[i];
        }
    }
    return NULL;
}

static enum err take_message(struct build *b, struct bytes *value)
{
    union nas_any in;
    const char *name = look(b, "message");
    const struct nas_message *m = message_named(name, b->direction);
    size_t n;
    memset(&in, 0, sizeof in);
    if (!m) {
        return complain(b, name ? E_UNSUPPORTED : E_MISSING);
    }
    enum err e = nas_is_esm(m) ? take_number(b, "ebi", &in.header.ebi) : E_OK;
    if (e == E_OK && nas_is_esm(m)) {
        e = take_number(b, "pti", &in.header.pti);
    }
    if (e == E_OK) {
        e = take_rows(b, m, (uint8_t *)&in);
    }
    if (e != E_OK) {
        return e;
    }
    e = nas_write(m, &in, room(b), &n);
    if (e != E_OK) {
        return complain(b, e);
    }
    *value = (struct bytes){b->arena + b->used, n};
    b->used += n;
    return E_OK;
}

/* ---- PDUs ---- */

static enum err take_octets(struct build *b, const char *key, size_t n, struct bytes *value)
{
    const char *text = look(b, key);
    enum err e = text ? take_value(b, NAS_FORM_HEX, text, value) : complain(b, E_MISSING);
    return e == E_OK && n != 0 && value->n != n ? complain(b, E_BAD_LENGTH) : e;
}

static enum err take_protected(struct build *b, struct wr *w)
{
    uint8_t sht = 0, sn = 0;
    struct bytes mac, inner;
    bool there;
    uint8_t header[NAS_SECURITY_HEADER_LEN];
    enum err e = take_number(b, "security-header-type", &sht);
    if (e == E_OK && (sht == 0 || sht > NAS_SHT_PARTIAL)) {
        e = complain(b, E_BAD_VALUE);
    }
    if (e == E_OK) {
        e = take_number(b, "sequence-number", &sn);
    }
    if (e == E_OK) {
        e = take_octets(b, "mac", sizeof((struct nas_pdu *)0)->mac, &mac);
    }
    if (e == E_OK) {
        e = take_row_value(b, NAS_FORM_MESSAGE, "nas-message", &inner, &there);
    }
    if (e == E_OK && !there) {
        e = complain(b, E_MISSING);
    }
    if (e != E_OK) {
        return e;
    }
    nas_security_header(sht, mac.p, sn, header);
    wr_put(w, BYTES_OF(header));
    wr_put(w, inner);
    return w->err;
}

static enum err take_service_request(struct build *b, struct wr *w)
{
    uint8_t sht = 0, ksi = 0, sn = 0;
    struct bytes mac;
    uint8_t pdu[NAS_SERVICE_REQUEST_LEN];
    enum err e = take_number(b, "security-header-type", &sht);
    if (e == E_OK && (sht < NAS_SHT_SERVICE_REQUEST || sht > 0xF)) {
        e = complain(b, E_BAD_VALUE);
    }
    if (e == E_OK) {
        e = take_number(b, "ksi", &ksi);
    }
    if (e == E_OK) {
        e = take_number(b, "sequence-number", &sn);
    }
    if (e == E_OK) {
        e = take_octets(b, "mac", 2, &mac);
    }
    if (e == E_OK && (ksi > NAS_KSI_NONE || sn > 0x1F)) {
        e = complain(b, E_BAD_VALUE);
    }
    if (e != E_OK) {
        return e;
    }
    nas_service_request(ksi, sn, mac.p, pdu);
    pdu[0] = (uint8_t)(sht << 4 | NAS_PD_EMM);
    wr_put(w, BYTES_OF(pdu));
    return w->err;
}

static enum err take_pdu(struct build *b, struct wr *w)
{
    const char *name = look(b, "message");
    if (name && strcmp(name, "SECURITY PROTECTED NAS MESSAGE") == 0) {
        return take_protected(b, w);
    }
    if (name && strcmp(name, "SERVICE REQUEST") == 0) {
        return take_service_request(b, w);
    }
    struct bytes plain;
    enum err e = take_message(b, &plain);
    if (e == E_OK) {
        (void)look(b, "as-received");
        wr_put(w, plain);
        e = w->err;
    }
    return e;
}

enum err nas_text_build(struct nas_text_pair *pairs, size_t pairs_n, enum nas_direction direction,
                        struct mbytes out, size_t *n, char wrong[static NAS_PATH_MAX])
{
    struct build b = {.pairs = pairs, .n = pairs_n, .direction = direction, .wrong = wrong};
    struct wr w = wr_of(out);
    wrong[0] = '\0';
    for (size_t i = 0; i < pairs_n; i++) {
        pairs[i].used = false;
    }
    enum err e = take_pdu(&b, &w);
    for (size_t i = 0; e == E_OK && i < pairs_n; i++) {
        if (!pairs[i].used) {
            (void)snprintf(wrong, NAS_PATH_MAX, "%s", pairs[i].path);
            e = E_UNKNOWN;
        }
    }
    if (e == E_OK) {
        *n = w.n;
    }
    return e;
}
