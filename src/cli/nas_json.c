#include "cli/nas_json.h"
#include "cli/pdu_input.h"
#include <stdlib.h>
#include <string.h>

#define AS_RECEIVED "as-received"

bool nas_direction_parse(const char *text, enum nas_direction *out)
{
    bool up = !strcmp(text, "up"), down = !strcmp(text, "down");
    if (up || down) {
        *out = up ? NAS_UP : NAS_DOWN;
    }
    return up || down;
}

/* ---- to JSON ---- */

/* The objects that are open: [0] is the PDU, one more for each depth. */
struct growing {
    json_t *open[NAS_TEXT_DEPTH_MAX + 3];
};

static void grow(void *ctx, const struct nas_text_field *f)
{
    struct growing *g = ctx;
    json_t *value = f->value ? json_string(f->value) : json_object();
    if (!f->value) {
        g->open[f->depth + 1] = value;
    }
    (void)json_object_set_new(g->open[f->depth], f->key, value);
}

json_t *nas_json_of(struct bytes pdu, const struct nas_text_options *options, enum err *e,
                    struct nas_fault *fault)
{
    struct growing g = {.open = {json_object()}};
    *fault = (struct nas_fault){0};
    *e = g.open[0] ? nas_text_walk(pdu, options, grow, &g, fault) : E_MEMORY;
    if (*e != E_OK) {
        json_decref(g.open[0]);
        return NULL;
    }
    return g.open[0];
}

/* ---- from JSON ---- */

static const char *value_at(const struct pdu_pairs *pairs, const char *path)
{
    for (size_t i = 0; i < pairs->n; i++) {
        if (!strcmp(pairs->pair[i].path, path)) {
            return pairs->pair[i].value;
        }
    }
    return NULL;
}

static const char *last_part(const char *path)
{
    const char *dot = strrchr(path, '.');
    return dot ? dot + 1 : path;
}

/* The element that a path names, in the message that the path lies in; NAS_IE_SPARE: none. */
static enum nas_ie element_at(const struct pdu_pairs *pairs, const char *path)
{
    char beside[NAS_PATH_MAX + 8], key[NAS_PATH_MAX];
    size_t n;
    const struct nas_message *const *all = nas_messages(&n);
    const char *last = last_part(path);
    snprintf(beside, sizeof beside, "%.*smessage", (int)(last - path), path);
    const char *name = value_at(pairs, beside);
    for (size_t i = 0; name && i < n; i++) {
        for (size_t row = 0; row < all[i]->n; row++) {
            nas_text_key(all[i], row, key);
            if (!strcmp(nas_message_type_name(all[i]->type), name) && !strcmp(key, last)) {
                return (enum nas_ie)all[i]->rows[row].ie;
            }
        }
    }
    return NAS_IE_SPARE;
}

/* "TS 24.301 9.9.3.12", or the document that the clause names itself. */
static void clause_text(enum nas_ie ie, char *out, size_t cap)
{
    const char *clause = nas_ie_clause(ie);
    bool numbered = *clause >= '0' && *clause <= '9';
    snprintf(out, cap, "%s%s", numbered ? "TS 24.301 " : "", clause);
}

static void say_wrong(const struct pdu_pairs *pairs, const char *wrong, enum err e, char *why,
                      size_t cap)
{
    char clause[64];
    enum nas_ie ie = element_at(pairs, wrong);
    const char *problem = e == E_UNKNOWN       ? "this message has no such field"
                          : e == E_MISSING     ? "it is missing"
                          : e == E_UNSUPPORTED ? "there is none of this name in this direction"
                                               : err_sentence(e);
    if (ie == NAS_IE_SPARE) {
        snprintf(why, cap, "%s%s%s", wrong, *wrong ? ": " : "", problem);
        return;
    }
    clause_text(ie, clause, sizeof clause);
    snprintf(why, cap, "%s (%s, %s): %s", wrong, nas_ie_name(ie), clause, problem);
}

static enum err build_pairs(const struct pdu_pairs *pairs, enum nas_direction direction,
                            struct mbytes out, size_t *n, char *why, size_t cap)
{
    char wrong[NAS_PATH_MAX] = "";
    struct nas_text_pair *texts = calloc(pairs->n + 1, sizeof *texts);
    for (size_t i = 0; texts && i < pairs->n; i++) {
        texts[i] = (struct nas_text_pair){pairs->pair[i].path, pairs->pair[i].value, false};
    }
    enum err e = texts ? nas_text_build(texts, pairs->n, direction, out, n, wrong) : E_MEMORY;
    if (e != E_OK) {
        say_wrong(pairs, wrong, e, why, cap);
    }
    free(texts);
    return e;
}

/* Is this what the octets in "as-received" look like? Then they are what it is. */
static bool as_received(const json_t *object, enum nas_direction direction, struct mbytes out,
                        size_t *n)
{
    const char *hex = json_string_value(json_object_get(object, AS_RECEIVED));
    char why[120];
    enum err e;
    struct nas_fault fault;
    struct nas_text_options options = {.direction = direction};
    if (!hex || !pdu_hex_parse(bytes_of_str(hex), out, n, why, sizeof why)) {
        return false;
    }
    json_t *shown = nas_json_of((struct bytes){out.p, *n}, &options, &e, &fault);
    bool same = shown && json_equal(shown, object);
    json_decref(shown);
    return same;
}

enum err nas_json_build(const json_t *object, enum nas_direction direction, struct mbytes out,
                        size_t *n, char *why, size_t cap)
{
    struct pdu_pairs pairs;
    if (as_received(object, direction, out, n)) {
        return E_OK;
    }
    enum err e = pdu_pairs_of(object, &pairs, why, cap)
                     ? build_pairs(&pairs, direction, out, n, why, cap)
                     : E_BAD_VALUE;
    pdu_pairs_free(&pairs);
    return e;
}

/* ---- for people ---- */

static void unknown_text(struct bytes pdu, enum err e, char *out, size_t cap)
{
    struct nas_pdu seen;
    if (nas_peek(pdu, &seen) != E_OK) {
        snprintf(out, cap, "octet 0: no NAS message (TS 24.301 9.2, 9.3.1): %s", err_sentence(e));
        return;
    }
    const char *name = nas_message_type_name(seen.type);
    snprintf(out, cap, "octet %d: message type 0x%02x%s%s%s (TS 24.301 9.8): %s",
             seen.kind == NAS_PLAIN_ESM ? 2 : 1, seen.type, name ? ", " : "", name ? name : "",
             name ? ", in this direction" : "", err_sentence(e));
}

void nas_fault_text(struct bytes pdu, enum err e, const struct nas_fault *fault, char *out,
                    size_t cap)
{
    char clause[64];
    if (e == E_UNSUPPORTED || e == E_TRUNCATED || e == E_TRAILING) {
        unknown_text(pdu, e, out, cap);
        return;
    }
    if (e == E_BAD_LENGTH && pdu.n > NAS_TEXT_PDU_MAX) {
        snprintf(out, cap, "%zu octets: a NAS message has %d at most", pdu.n, NAS_TEXT_PDU_MAX);
        return;
    }
    if (fault->ie == NAS_IE_SPARE) {
        snprintf(out, cap, "octet %zu: element 0x%02x: %s", fault->at, fault->iei, err_sentence(e));
        return;
    }
    clause_text(fault->ie, clause, sizeof clause);
    snprintf(out, cap, "octet %zu: %s (%s): %s", fault->at, nas_ie_name(fault->ie), clause,
             err_sentence(e));
}

struct printing {
    FILE *to;
    unsigned indent;
};

static void put_line(void *ctx, const struct nas_text_field *f)
{
    const struct printing *p = ctx;
    fprintf(p->to, "%*s%s:%s%s\n", (int)(p->indent + 2 * f->depth), "", f->name,
            f->value ? " " : "", f->value ? f->value : "");
}

void nas_tree_put(FILE *to, unsigned indent, struct bytes pdu,
                  const struct nas_text_options *options)
{
    struct printing p = {to, indent};
    struct nas_fault fault = {0};
    char why[256];
    enum err e = nas_text_walk(pdu, options, put_line, &p, &fault);
    if (e != E_OK) {
        nas_fault_text(pdu, e, &fault, why, sizeof why);
        fprintf(to, "%*s(%s)\n", (int)indent, "", why);
    }
}
