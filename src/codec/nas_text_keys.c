#include "codec/nas_container.h"
#include "codec/nas_text.h"
#include <string.h>

/* The names of members, from the same lists as the members. */
#define KEY(s, format, member, ie, iei, min, max) #member,
#define X(name, type, direction, list)            static const char *const name##_keys[] = {list(KEY, 0) NULL};
NAS_MESSAGES(X)
#undef X
#define TAG_KEY(s, member, tag, presence, min, max) #member,
#define X(name, type, list)                         static const char *const name##_tag_keys[] = {list(TAG_KEY, 0)};
NAS_CONTAINERS(X)
#undef X

static void hyphenate(const char *member, char out[static NAS_PATH_MAX])
{
    size_t i = 0;
    for (; i < NAS_PATH_MAX - 1 && member[i] != '\0'; i++) {
        out[i] = member[i] == '_' ? '-' : member[i];
    }
    out[i] = '\0';
}

void nas_text_key(const struct nas_message *m, size_t i, char out[static NAS_PATH_MAX])
{
    static const struct {
        const struct nas_message *message;
        const char *const *keys;
    } all[] = {
#define X(name, type, direction, list) {&nas_##name##_message, name##_keys},
        NAS_MESSAGES(X)
#undef X
    };
    out[0] = '\0';
    for (size_t k = 0; k < sizeof all / sizeof all[0]; k++) {
        if (all[k].message == m) {
            hyphenate(all[k].keys[i], out);
        }
    }
}

struct container_keys {
    const struct nas_container *container;
    const char *const *keys;
    const char *name;
};
static const struct container_keys containers[] = {
#define X(name, type, list) {&nas_##name##_container, name##_tag_keys, #name},
    NAS_CONTAINERS(X)
#undef X
};
#define CONTAINERS (sizeof containers / sizeof containers[0])

void nas_text_tag_key(const struct nas_container *c, size_t i, char out[static NAS_PATH_MAX])
{
    out[0] = '\0';
    for (size_t k = 0; k < CONTAINERS; k++) {
        if (containers[k].container == c) {
            hyphenate(containers[k].keys[i], out);
        }
    }
}

enum nas_form nas_text_tag_form(const struct nas_container *c, size_t i)
{
    uint8_t tag = c->rows[i].tag;
    if (tag == NAS_TAG_IMEI || tag == NAS_TAG_LOT || tag == NAS_TAG_CERTIFICATE_URL) {
        return NAS_FORM_ASCII;
    }
    return tag == NAS_TAG_ALGORITHM ? NAS_FORM_NUMBER : NAS_FORM_HEX;
}

const char *nas_text_container_name(uint8_t type)
{
    for (size_t k = 0; k < CONTAINERS; k++) {
        if (containers[k].container->type == type) {
            return containers[k].name;
        }
    }
    return NULL;
}
