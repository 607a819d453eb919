#include "proc/dimsi.h"

#include <string.h>

static const struct {
    const char *name, *sentence;
} causes[] =
    {
#define X(id, text, words) [DIMSI_##id] = {.name = text, .sentence = words},
        DIMSI_CAUSE_LIST(X)
#undef X
},
  outcomes[] = {
#define X(id, text, words) [DIMSI_OUTCOME_##id] = {.name = text, .sentence = words},
      DIMSI_OUTCOME_LIST(X)
#undef X
};

const char *dimsi_cause_name(enum dimsi_cause c)
{
    return (size_t)c < DIMSI_CAUSES ? causes[c].name : "unknown";
}

const char *dimsi_cause_sentence(enum dimsi_cause c)
{
    return (size_t)c < DIMSI_CAUSES ? causes[c].sentence : "unknown";
}

enum dimsi_cause dimsi_cause_of(struct bytes name)
{
    for (size_t i = 0; i < DIMSI_CAUSES; i++) {
        if (bytes_eq(name, bytes_of_str(causes[i].name))) {
            return (enum dimsi_cause)i;
        }
    }
    return DIMSI_NONE;
}

const char *dimsi_outcome_name(enum dimsi_outcome o)
{
    return (size_t)o < DIMSI_OUTCOMES ? outcomes[o].name : "unknown";
}

const char *dimsi_outcome_sentence(enum dimsi_outcome o)
{
    return (size_t)o < DIMSI_OUTCOMES ? outcomes[o].sentence : "unknown";
}

const char *dimsi_delivery_phase_name(enum dimsi_delivery_phase p)
{
    static const char *const phases[] = {"none", "ready", "fetched", "confirmed", "withdrawn"};
    return (size_t)p < sizeof phases / sizeof phases[0] ? phases[p] : "unknown";
}

/* ---- names of parties ---- */

enum err dimsi_name_parse(struct bytes ascii, struct dimsi_name *out)
{
    if (ascii.n > DIMSI_NAME_MAX) {
        return E_BAD_LENGTH;
    }
    const enum err err = diameter_identity_check(ascii);
    if (err != E_OK) {
        return err;
    }
    for (size_t i = 0; i < ascii.n; i++) {
        if (ascii.p[i] >= 'A' && ascii.p[i] <= 'Z') {
            return E_BAD_VALUE;
        }
    }
    memset(out, 0, sizeof *out);
    out->n = (uint8_t)ascii.n;
    memcpy(out->text, ascii.p, ascii.n);
    return E_OK;
}

bool dimsi_name_eq(const struct dimsi_name *a, const struct dimsi_name *b)
{
    return bytes_eq((struct bytes){(const uint8_t *)a->text, a->n},
                    (struct bytes){(const uint8_t *)b->text, b->n});
}
