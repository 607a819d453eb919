/* Records as JSON: src/nf/repod/api.h. */
#include "nf/common/base64.h"
#include "nf/repod/api.h"

#include <stdlib.h>
#include <string.h>

static json_t *as_base64(struct bytes in)
{
    char *text = malloc(BASE64_ROOM(in.n));
    if (text == NULL) {
        return NULL;
    }
    base64_encode(in, text);
    json_t *v = json_string(text);
    free(text);
    return v;
}

static json_t *content_of(const struct repo_row *row)
{
    uint8_t content[BINDING_RECORD_LEN];
    struct binding_record r = {.imei = row->imei,
                               .use = row->use,
                               .form = row->form,
                               .status = row->status,
                               .not_before = row->not_before,
                               .not_after = row->not_after,
                               .serial = row->serial,
                               .issued = row->issued};
    memcpy(r.digest, row->digest, sizeof r.digest);
    binding_record_write(&r, content);
    return as_base64(BYTES_OF(content));
}

/* With what a row says of the device, for a row that does. */
static json_t *with_device(json_t *v, const struct repo_device *d)
{
    json_t *device = json_pack("{s:s,s:s,s:s,s:s}", "id", d->id, "manufacturer", d->manufacturer,
                               "model", d->model, "serial_number", d->serial_number);
    if (v == NULL || json_object_set_new(v, "device", device) != 0) {
        json_decref(v); /* device went with the failure */
        return NULL;
    }
    return v;
}

json_t *api_view_row(const struct repo_row *row)
{
    char digest[65], signer[65];
    hex_encode(BYTES_OF(row->digest), digest);
    hex_encode(BYTES_OF(row->signer), signer);
    json_t *v = json_pack(
        "{s:s,s:s,s:s,s:s,s:I,s:I,s:I,s:I,s:s,s:s,s:o,s:o,s:s}", "imei", row->imei.digits, "use",
        binding_use_name(row->use), "form", binding_form_name(row->form), "status",
        binding_status_name(row->status), "serial", (json_int_t)row->serial, "issued",
        (json_int_t)row->issued, "not_before", (json_int_t)row->not_before, "not_after",
        (json_int_t)row->not_after, "digest", digest, "publisher", row->by, "record",
        content_of(row), "signature", as_base64(BYTES_OF(row->signature)), "signer", signer);
    return v != NULL && row->device.id[0] != '\0' ? with_device(v, &row->device) : v;
}

static json_t *chain_of(struct bytes credential)
{
    json_t *list = json_array();
    for (size_t i = 0; list != NULL; i++) {
        struct bytes der = publish_certificate(credential, i);
        if (der.n == 0) {
            break;
        }
        if (json_array_append_new(list, as_base64(der)) != 0) {
            json_decref(list);
            list = NULL;
        }
    }
    return list;
}

json_t *api_view_whole(const struct repo_row *row)
{
    json_t *v = api_view_row(row);
    bool chain = row->form == BINDING_CERTIFICATE;
    if (v == NULL || row->credential.n == 0) {
        return v;
    }
    if (json_object_set_new(v, chain ? "certificates" : "public_key",
                            chain ? chain_of(row->credential) : as_base64(row->credential)) != 0) {
        json_decref(v);
        return NULL;
    }
    return v;
}

json_t *api_view_device(const struct repo_row *row, json_t *identity)
{
    uint8_t content[DEVICE_RECORD_MAX];
    char signer[65];
    const bool active = row->status == BINDING_ACTIVE;
    hex_encode(BYTES_OF(row->signer), signer);
    return json_pack("{s:s,s:o,s:o,s:s,s:o,s:o}", "id", row->device.id, "record",
                     as_base64(publish_device_content(row, content)), "signature",
                     as_base64(BYTES_OF(row->device.signature)), "signer", signer, "certificates",
                     active ? chain_of(row->credential) : json_array(), "identity",
                     identity != NULL ? identity : json_null());
}
