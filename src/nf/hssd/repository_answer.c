#include "nf/hssd/repository_answer.h"

#include "nf/hssd/binding_json.h"

#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* All octets of a credential, one behind the other in `octets`. */
struct repository_answer {
    atomic_uint holders;
    uint64_t serial;
    size_t used;
    struct devid_credential credential; /* its spans point into octets */
    uint8_t octets[];
};

/* ---- kept ---- */

static size_t octets_of(const struct devid_credential *c)
{
    size_t n = c->spki.n + c->record.n + c->signature.n + c->signer.n;
    for (size_t i = 0; i < c->n_chain; i++) {
        n += c->chain[i].n;
    }
    return n;
}

static struct bytes keep(struct repository_answer *a, struct bytes in)
{
    if (in.n == 0) {
        return (struct bytes){NULL, 0};
    }
    uint8_t *at = a->octets + a->used;
    memcpy(at, in.p, in.n);
    a->used += in.n;
    return (struct bytes){at, in.n};
}

enum err repository_answer_of(const struct devid_credential *in, uint64_t serial,
                              struct repository_answer **out)
{
    bool whole = in->status == DEVID_FOUND || in->status == DEVID_REVOKED;
    struct repository_answer *a = calloc(1, sizeof *a + (whole ? octets_of(in) : 0));
    if (a == NULL) {
        return E_MEMORY;
    }
    atomic_init(&a->holders, 1);
    a->credential = (struct devid_credential){.status = in->status, .cause = in->cause};
    if (whole) {
        struct devid_credential *c = &a->credential;
        a->serial = serial;
        c->form = in->form;
        c->n_chain = in->n_chain;
        for (size_t i = 0; i < in->n_chain; i++) {
            c->chain[i] = keep(a, in->chain[i]);
        }
        c->spki = keep(a, in->spki);
        c->record = keep(a, in->record);
        c->signature = keep(a, in->signature);
        c->signer = keep(a, in->signer);
    }
    *out = a;
    return E_OK;
}

struct repository_answer *repository_answer_hold(struct repository_answer *a)
{
    atomic_fetch_add_explicit(&a->holders, 1, memory_order_relaxed);
    return a;
}

void repository_answer_release(struct repository_answer *a)
{
    if (a != NULL && atomic_fetch_sub_explicit(&a->holders, 1, memory_order_acq_rel) == 1) {
        free(a);
    }
}

void repository_answer_credential(const struct repository_answer *a, struct devid_credential *out)
{
    *out = a->credential;
}

enum devid_status repository_answer_status(const struct repository_answer *a)
{
    return a->credential.status;
}

uint64_t repository_answer_serial(const struct repository_answer *a)
{
    return a->serial;
}

size_t repository_answer_octets(const struct repository_answer *a)
{
    return sizeof *a + a->used;
}

/* ---- JSON ---- */

/* One binding as it is read: its octets in one buffer. */
struct reading {
    struct devid_credential credential;
    struct json_octets taken;
    uint8_t octets[REPOSITORY_OCTETS_MAX];
};

static bool is_identity(const json_t *binding)
{
    return bytes_eq(json_text(json_object_get(binding, "use")), BYTES_LIT("identity"));
}

/* The binding for the device's identity, or NULL. False: the list is none, or has it twice. */
static bool find_identity(const json_t *json, const json_t **out)
{
    const json_t *list = json_object_get(json, "bindings");
    *out = NULL;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *binding = json_array_get(list, i);
        if (is_identity(binding)) {
            if (*out != NULL) {
                return false;
            }
            *out = binding;
        }
    }
    return json_is_array(list);
}

/* ---- GET /v1/bindings/{imei} ---- */

static enum err without(enum devid_status status, enum devid_cause cause,
                        struct repository_answer **out)
{
    const struct devid_credential c = {.status = status, .cause = cause};
    return repository_answer_of(&c, 0, out);
}

static enum err unavailable(enum devid_cause cause, struct repository_answer **out)
{
    return without(DEVID_UNAVAILABLE, cause, out);
}

static enum err read_binding(const struct crypto *c, const struct devid_port *port,
                             const struct imei *imei, const json_t *binding,
                             struct repository_answer **out)
{
    struct binding_record record;
    struct reading *r = calloc(1, sizeof *r);
    if (r == NULL) {
        return E_MEMORY;
    }
    r->taken.room = MBYTES_OF(r->octets);
    enum devid_cause cause = json_take_binding(&r->taken, binding, &r->credential, &record)
                                 ? DEVID_CAUSE_NONE
                                 : DEVID_CAUSE_REPOSITORY_BAD;
    if (cause == DEVID_CAUSE_NONE) {
        cause = devid_record_check(c, port, imei, &r->credential, &record);
    }
    enum err err = cause == DEVID_CAUSE_NONE
                       ? repository_answer_of(&r->credential, record.serial, out)
                       : unavailable(cause, out);
    free(r);
    return err;
}

static enum err read_found(const struct crypto *c, const struct devid_port *port,
                           const struct imei *imei, struct bytes body,
                           struct repository_answer **out)
{
    const json_t *binding = NULL;
    json_t *json = json_loadb((const char *)body.p, body.n, JSON_REJECT_DUPLICATES, NULL);
    enum err err;
    if (json == NULL || !find_identity(json, &binding)) {
        err = unavailable(DEVID_CAUSE_REPOSITORY_BAD, out);
    } else if (binding == NULL) {
        err = without(DEVID_NONE, DEVID_CAUSE_NONE, out);
    } else {
        err = read_binding(c, port, imei, binding, out);
    }
    json_decref(json);
    return err;
}

/* A 404 counts only from a repository: from a web server at the wrong address it would make every
 * device unproven. */
static bool says_no_binding(struct bytes body)
{
    json_t *json = json_loadb((const char *)body.p, body.n, JSON_REJECT_DUPLICATES, NULL);
    bool says =
        bytes_eq(json_text(json_object_get(json, "type")), BYTES_LIT("/problems/no-binding"));
    json_decref(json);
    return says;
}

static enum devid_cause cause_of(unsigned status)
{
    switch (status) {
    case 403:
        return DEVID_CAUSE_REPOSITORY_REFUSED;
    case 429:
    case 503:
        return DEVID_CAUSE_REPOSITORY_BUSY;
    default:
        return DEVID_CAUSE_REPOSITORY_BAD;
    }
}

/*= devid-7 */
enum err repository_answer_read(const struct crypto *c, const struct devid_port *port,
                                const struct imei *imei, unsigned status, struct bytes body,
                                struct repository_answer **out)
{
    if (status == 200) {
        return read_found(c, port, imei, body, out);
    }
    if (status == 404 && says_no_binding(body)) {
        return without(DEVID_NONE, DEVID_CAUSE_NONE, out);
    }
    return unavailable(cause_of(status), out);
}

/* ---- GET /v1/changes ---- */

static bool take_change(const json_t *v, uint64_t after, uint64_t next,
                        struct repository_page *page)
{
    struct repository_change c = {.serial = 0};
    struct bytes status = json_text(json_object_get(v, "status"));
    json_int_t serial = json_integer_value(json_object_get(v, "serial"));
    c.revoked = bytes_eq(status, BYTES_LIT("revoked"));
    if (imei_parse(json_text(json_object_get(v, "imei")), &c.imei) != E_OK ||
        (!c.revoked && !bytes_eq(status, BYTES_LIT("active"))) || serial < 1 ||
        (uint64_t)serial <= after || (uint64_t)serial > next) {
        return false;
    }
    c.serial = (uint64_t)serial;
    if (is_identity(v)) {
        page->changes[page->n++] = c;
    }
    return true;
}

static bool take_page(const json_t *json, uint64_t after, struct repository_page *page)
{
    const json_t *list = json_object_get(json, "records");
    const json_t *more = json_object_get(json, "more");
    json_int_t next = json_integer_value(json_object_get(json, "next"));
    if (!json_is_array(list) || json_array_size(list) > REPOSITORY_PAGE || !json_is_boolean(more) ||
        !json_is_integer(json_object_get(json, "next")) || next < 0) {
        return false;
    }
    page->next = (uint64_t)next;
    page->behind = page->next < after;
    page->more = json_is_true(more) && page->next > after; /* without headway there is no more */
    page->n = 0;
    for (size_t i = 0; i < json_array_size(list); i++) {
        if (!take_change(json_array_get(list, i), after, page->next, page)) {
            return false;
        }
    }
    return true;
}

enum devid_cause repository_page_read(unsigned status, struct bytes body, uint64_t after,
                                      struct repository_page *out)
{
    if (status != 200) {
        return cause_of(status);
    }
    json_t *json = json_loadb((const char *)body.p, body.n, JSON_REJECT_DUPLICATES, NULL);
    bool good = json != NULL && take_page(json, after, out);
    json_decref(json);
    return good ? DEVID_CAUSE_NONE : DEVID_CAUSE_REPOSITORY_BAD;
}
