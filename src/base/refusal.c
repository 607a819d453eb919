#include "base/refusal.h"

#include <stddef.h>

static const struct refusal_row rows[] = {
#define X(NAME, text, where, number, emm, final, next, why)                                        \
    [REFUSAL_##NAME] = {.name = text,                                                              \
                        .carrier = where,                                                          \
                        .code = number,                                                            \
                        .emm_cause = emm,                                                          \
                        .kind = final,                                                             \
                        .device_next = next,                                                       \
                        .sentence = why},
    REFUSAL_LIST(X)
#undef X
};

const struct refusal_row *refusal_row(enum refusal r)
{
    /* A value outside the list is a fault of ours: fail closed and provisionally, never as NONE. */
    return (size_t)r < sizeof rows / sizeof rows[0] ? &rows[r] : &rows[REFUSAL_STORE_FAILED];
}
