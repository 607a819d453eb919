#include "codec/nas_codes.h"
#include "codec/nas_dictionary.h"
#include <stddef.h>

struct name {
    uint8_t number;
    const char *text;
};
#define X(name, value, text) {(value), (text)},
static const struct name message_types[] = {NAS_MESSAGE_TYPES(X)};
static const struct name emm_causes[] = {EMM_CAUSES(X)};
static const struct name esm_causes[] = {ESM_CAUSES(X)};
#undef X
#define COUNT(table) (sizeof(table) / sizeof(table)[0])

static const char *name_in(const struct name *names, size_t n, uint8_t number)
{
    for (size_t i = 0; i < n; i++) {
        if (names[i].number == number) {
            return names[i].text;
        }
    }
    return NULL;
}

const char *nas_message_type_name(uint8_t type)
{
    return name_in(message_types, COUNT(message_types), type);
}

const char *emm_cause_name(uint8_t cause)
{
    return name_in(emm_causes, COUNT(emm_causes), cause);
}

const char *esm_cause_name(uint8_t cause)
{
    return name_in(esm_causes, COUNT(esm_causes), cause);
}

static const char *const ie_names[] = {
#define X(name, text, form, clause) (text),
    NAS_IES(X)
#undef X
};
static const char *const ie_clauses[] = {
#define X(name, text, form, clause) (clause),
    NAS_IES(X)
#undef X
};

const char *nas_ie_name(enum nas_ie ie)
{
    return (size_t)ie < COUNT(ie_names) ? ie_names[ie] : "";
}

const char *nas_ie_clause(enum nas_ie ie)
{
    return (size_t)ie < COUNT(ie_clauses) ? ie_clauses[ie] : "";
}
