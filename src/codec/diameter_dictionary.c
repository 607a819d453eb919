#include "codec/diameter_dictionary.h"

static const struct diameter_definition definitions[AVP_COUNT] = {
#define X(id, code_, vendor_, m, type_, min_, max_, secret_, name_)                                \
    [AVP_##id] = {.name = (name_),                                                                 \
                  .code = (code_),                                                                 \
                  .min = (min_),                                                                   \
                  .max = (max_),                                                                   \
                  .vendor = DIAMETER_##vendor_,                                                    \
                  .type = DIAMETER_##type_,                                                        \
                  .mandatory = (m),                                                                \
                  .secret = (secret_)},
    DIAMETER_AVP_LIST(X)
#undef X
};

const struct diameter_definition *diameter_definition(enum diameter_avp_id id)
{
    return &definitions[id];
}

uint32_t diameter_vendor(const struct diameter_definition *d, uint32_t own_vendor)
{
    switch (d->vendor) {
    case DIAMETER_IETF:
        return 0;
    case DIAMETER_3GPP:
        return DIAMETER_VENDOR_3GPP;
    case DIAMETER_OWN:
        break;
    }
    return own_vendor;
}

static bool vendor_class(uint32_t vendor, uint32_t own_vendor, enum diameter_vendor_class *out)
{
    if (vendor == 0) {
        *out = DIAMETER_IETF;
    } else if (vendor == DIAMETER_VENDOR_3GPP) {
        *out = DIAMETER_3GPP;
    } else if (vendor == own_vendor) {
        *out = DIAMETER_OWN;
    } else {
        return false;
    }
    return true;
}

static int order(const struct diameter_definition *d, enum diameter_vendor_class vendor,
                 uint32_t code)
{
    if (d->vendor != vendor) {
        return d->vendor < vendor ? -1 : 1;
    }
    if (d->code != code) {
        return d->code < code ? -1 : 1;
    }
    return 0;
}

bool diameter_avp_lookup(uint32_t code, uint32_t vendor, uint32_t own_vendor,
                         enum diameter_avp_id *out)
{
    enum diameter_vendor_class class;
    if (!vendor_class(vendor, own_vendor, &class)) {
        return false;
    }
    size_t low = 0;
    size_t high = AVP_COUNT;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        int o = order(&definitions[mid], class, code);
        if (o == 0) {
            *out = (enum diameter_avp_id)mid;
            return true;
        }
        if (o < 0) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    return false;
}

uint32_t diameter_value_min(const struct diameter_definition *d)
{
    switch (d->type) {
    case DIAMETER_U32:
    case DIAMETER_ENUM:
        return 4;
    case DIAMETER_U64:
        return 8;
    case DIAMETER_GROUPED:
        return 0;
    case DIAMETER_OCTETS:
    case DIAMETER_UTF8:
    case DIAMETER_IDENTITY:
    case DIAMETER_ADDRESS:
        break;
    }
    return d->min;
}
