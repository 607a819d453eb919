#include "nf/hssd/binding_json.h"

#include "nf/common/base64.h"

#define SIGNER_OCTETS 32

struct bytes json_text(const json_t *v)
{
    return (struct bytes){(const uint8_t *)json_string_value(v),
                          json_is_string(v) ? json_string_length(v) : 0};
}

bool json_take_base64(struct json_octets *o, const json_t *v, struct bytes *out)
{
    size_t n = 0;
    struct mbytes room = {o->room.p + o->used, o->room.n - o->used};
    if (!json_is_string(v) || base64_decode(json_text(v), room, &n) != E_OK || n == 0) {
        return false;
    }
    *out = (struct bytes){room.p, n};
    o->used += n;
    return true;
}

bool json_take_signer(struct json_octets *o, const json_t *v, struct bytes *out)
{
    uint8_t *at = o->room.p + o->used;
    if (!json_is_string(v) || json_string_length(v) != 2 * (size_t)SIGNER_OCTETS ||
        o->room.n - o->used < SIGNER_OCTETS ||
        hex_decode(json_string_value(v), (struct mbytes){at, SIGNER_OCTETS}) != E_OK) {
        return false;
    }
    o->used += SIGNER_OCTETS;
    *out = (struct bytes){at, SIGNER_OCTETS};
    return true;
}

bool json_take_chain(struct json_octets *o, const json_t *list,
                     struct bytes out[static DEVID_CHAIN_MAX], size_t *n_out)
{
    size_t n = json_array_size(list); /* 0 for what is no list */
    if (n == 0 || n > DEVID_CHAIN_MAX) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        if (!json_take_base64(o, json_array_get(list, i), &out[i])) {
            return false;
        }
    }
    *n_out = n;
    return true;
}

bool json_take_binding(struct json_octets *o, const json_t *v, struct devid_credential *c,
                       struct binding_record *record)
{
    if (!json_take_base64(o, json_object_get(v, "record"), &c->record) ||
        !json_take_base64(o, json_object_get(v, "signature"), &c->signature) ||
        !json_take_signer(o, json_object_get(v, "signer"), &c->signer) ||
        binding_record_read(c->record, record) != E_OK) {
        return false;
    }
    if (record->status == BINDING_REVOKED) {
        c->status = DEVID_REVOKED;
        return true;
    }
    c->status = DEVID_FOUND;
    c->form = record->form;
    return record->form == BINDING_CERTIFICATE
               ? json_take_chain(o, json_object_get(v, "certificates"), c->chain, &c->n_chain)
               : json_take_base64(o, json_object_get(v, "public_key"), &c->spki);
}
