/* What a row says of a device for its certificate site, and what is signed of it: part of
 * src/nf/repod/publish.h. */
#include "nf/repod/publish.h"

#include <stdio.h>
#include <string.h>

#define DEVICE "device"

static bool wrong(struct publish_why *why, enum cause cause, const char *name, const char *what)
{
    why->cause = cause;
    (void)snprintf(why->detail, sizeof why->detail, "`" DEVICE "%s%.40s` %.90s",
                   name[0] != '\0' ? "." : "", name, what);
    for (char *p = why->detail; *p != '\0'; p++) {
        *p = *p >= ' ' && *p <= '~' ? *p : '?';
    }
    return false;
}

static struct bytes text_of(const json_t *v)
{
    return (struct bytes){(const uint8_t *)json_string_value(v), json_string_length(v)};
}

static bool take_text(const json_t *device, const char *name, char out[static REPO_DEVICE_TEXT],
                      struct publish_why *why)
{
    const json_t *v = json_object_get(device, name);
    if (v == NULL) {
        return wrong(why, CAUSE_MISSING_MEMBER, name, "is missing");
    }
    if (!json_is_string(v) || device_text_check(text_of(v)) != E_OK) {
        return wrong(why, CAUSE_BAD_MEMBER, name, "is not 1 to 64 printable ASCII characters");
    }
    (void)snprintf(out, REPO_DEVICE_TEXT, "%s", json_string_value(v));
    return true;
}

static bool take_id(const json_t *device, struct repo_device *out, struct publish_why *why)
{
    struct device_id id;
    const json_t *v = json_object_get(device, "id");
    if (v == NULL) {
        return wrong(why, CAUSE_MISSING_MEMBER, "id", "is missing");
    }
    if (!json_is_string(v) || device_id_parse(text_of(v), &id) != E_OK) {
        return wrong(why, CAUSE_BAD_MEMBER, "id",
                     "is not 1 to 64 of letters, digits, '.', '-', '_' and '~'");
    }
    (void)snprintf(out->id, sizeof out->id, "%s", id.text);
    return true;
}

static bool members_known(const json_t *device, struct publish_why *why)
{
    static const char *const known[] = {"id", "manufacturer", "model", "serial_number"};
    const char *key = NULL;
    json_t *value = NULL;
    json_object_foreach((json_t *)(uintptr_t)device, key, value)
    {
        bool found = false;
        for (size_t i = 0; i < sizeof known / sizeof known[0] && !found; i++) {
            found = strcmp(key, known[i]) == 0;
        }
        if (!found) {
            return wrong(why, CAUSE_UNKNOWN_MEMBER, key, "is not known here");
        }
    }
    return true;
}

/*= certattach-device */
bool publish_device_read(const json_t *json, struct publish_row *row, struct publish_why *why)
{
    const json_t *device = json_object_get(json, DEVICE);
    struct repo_device *d = &row->device;
    *d = (struct repo_device){.id = ""};
    row->no_device = json_is_null(device) && row->use == BINDING_PROVISIONING;
    if (device == NULL || row->no_device) {
        return true;
    }
    if (row->use != BINDING_PROVISIONING || json_object_get(json, "certificates") == NULL) {
        return wrong(why, CAUSE_BAD_MEMBER, "", "belongs to certificates of the use provisioning");
    }
    if (!json_is_object(device)) {
        return wrong(why, CAUSE_BAD_MEMBER, "", "is no object");
    }
    return members_known(device, why) && take_id(device, d, why) &&
           take_text(device, "manufacturer", d->manufacturer, why) &&
           take_text(device, "model", d->model, why) &&
           take_text(device, "serial_number", d->serial_number, why);
}

bool publish_device_same(const struct repo_device *a, const struct repo_device *b)
{
    return strcmp(a->id, b->id) == 0 && strcmp(a->manufacturer, b->manufacturer) == 0 &&
           strcmp(a->model, b->model) == 0 && strcmp(a->serial_number, b->serial_number) == 0;
}

struct bytes publish_device_content(const struct repo_row *row,
                                    uint8_t out[static DEVICE_RECORD_MAX])
{
    struct device_record r = {
        .imei = row->imei, .status = row->status, .serial = row->serial, .issued = row->issued};
    const struct repo_device *d = &row->device;
    (void)snprintf(r.manufacturer, sizeof r.manufacturer, "%s", d->manufacturer);
    (void)snprintf(r.model, sizeof r.model, "%s", d->model);
    (void)snprintf(r.serial_number, sizeof r.serial_number, "%s", d->serial_number);
    memcpy(r.digest, row->digest, sizeof r.digest);
    if (device_id_parse(bytes_of_str(d->id), &r.id) != E_OK) {
        return (struct bytes){NULL, 0};
    }
    return device_record_write(&r, out);
}
