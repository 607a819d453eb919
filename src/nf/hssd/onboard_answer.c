#include "nf/hssd/onboard_answer.h"

#include "nf/hssd/binding_json.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

struct onboard_answer {
    atomic_uint holders;
    char etag[HTTPS_CLIENT_ETAG_MAX];
    struct certattach_context context; /* its spans point into octets */
    size_t n;
    uint8_t octets[];
};

/* ---- kept ---- */

struct onboard_answer *onboard_answer_hold(struct onboard_answer *a)
{
    atomic_fetch_add_explicit(&a->holders, 1, memory_order_relaxed);
    return a;
}

void onboard_answer_release(struct onboard_answer *a)
{
    if (a != NULL && atomic_fetch_sub_explicit(&a->holders, 1, memory_order_acq_rel) == 1) {
        free(a);
    }
}

const struct certattach_context *onboard_answer_context(const struct onboard_answer *a)
{
    return &a->context;
}

const char *onboard_answer_etag(const struct onboard_answer *a)
{
    return a->etag;
}

size_t onboard_answer_octets(const struct onboard_answer *a)
{
    return sizeof *a + a->n;
}

/* ---- JSON ---- */

static bool is_identity(const json_t *v)
{
    return bytes_eq(json_text(json_object_get(v, "use")), BYTES_LIT("identity"));
}

static bool take_identity(struct json_octets *o, const json_t *v, struct certattach_context *c)
{
    struct binding_record record;
    if (json_is_null(v)) {
        return true;
    }
    c->has_identity = is_identity(v) && json_take_binding(o, v, &c->identity, &record);
    return c->has_identity;
}

/* A device that was revoked has no certificates. */
static bool take_certificates(struct json_octets *o, const json_t *list,
                              struct certattach_context *c)
{
    return json_is_array(list) &&
           (json_array_size(list) == 0 || json_take_chain(o, list, c->chain, &c->n_chain));
}

static bool take(struct json_octets *o, const json_t *json, const struct device_id *id,
                 struct certattach_context *c)
{
    return bytes_eq(json_text(json_object_get(json, "id")), bytes_of_str(id->text)) &&
           json_take_base64(o, json_object_get(json, "record"), &c->record) &&
           json_take_base64(o, json_object_get(json, "signature"), &c->signature) &&
           json_take_signer(o, json_object_get(json, "signer"), &c->signer) &&
           take_certificates(o, json_object_get(json, "certificates"), c) &&
           take_identity(o, json_object_get(json, "identity"), c);
}

/* Base64 is longer than what it stands for, so the length of the body is room enough. */
static enum certattach_cause read_record(const struct device_id *id,
                                         const struct https_reply *reply,
                                         struct onboard_answer **out)
{
    struct onboard_answer *a = calloc(1, sizeof *a + reply->body.n);
    json_t *json = json_loadb(reply->body.n > 0 ? (const char *)reply->body.p : "", reply->body.n,
                              JSON_REJECT_DUPLICATES, NULL);
    struct json_octets o = {{a != NULL ? a->octets : NULL, reply->body.n}, 0};
    enum certattach_cause cause = a == NULL      ? CERTATTACH_SITE_BUSY
                                  : json == NULL ? CERTATTACH_SITE_BAD
                                                 : CERTATTACH_NONE;
    if (cause == CERTATTACH_NONE && !take(&o, json, id, &a->context)) {
        cause = CERTATTACH_SITE_BAD;
    }
    json_decref(json);
    if (cause != CERTATTACH_NONE) {
        free(a);
        return cause;
    }
    atomic_init(&a->holders, 1);
    memcpy(a->etag, reply->etag, sizeof a->etag);
    a->n = reply->body.n;
    *out = a;
    return CERTATTACH_NONE;
}

/* A 404 counts only from a site: from a web server at the wrong address it would make every device
 * unknown. */
static bool says_no_device(struct bytes body)
{
    json_t *json =
        json_loadb(body.n > 0 ? (const char *)body.p : "", body.n, JSON_REJECT_DUPLICATES, NULL);
    bool says =
        bytes_eq(json_text(json_object_get(json, "type")), BYTES_LIT("/problems/no-device"));
    json_decref(json);
    return says;
}

/*= certattach-2b */
enum certattach_cause onboard_answer_read(const struct device_id *id,
                                          const struct https_reply *reply,
                                          struct onboard_answer **out)
{
    switch (reply->status) {
    case 200:
        return read_record(id, reply, out);
    case 404:
        return says_no_device(reply->body) ? CERTATTACH_DEVICE_UNKNOWN : CERTATTACH_SITE_BAD;
    case 401:
    case 403:
        return CERTATTACH_SITE_REFUSED;
    case 429:
    case 503:
        return CERTATTACH_SITE_BUSY;
    default:
        return CERTATTACH_SITE_BAD;
    }
}
