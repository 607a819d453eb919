#include "nf/hssd/audit_rates.h"

#include <stdio.h>
#include <string.h>

static bool is_settled(const struct audit_rate *of, uint64_t now_ms)
{
    return of->full_until_ms <= now_ms && of->left_out == 0;
}

/* His place, a new one, or one of somebody of whom nothing has to be known any more. */
static struct audit_rate *place_of(struct audit_rates *r, const char *who, uint64_t now_ms)
{
    struct audit_rate *found = NULL;
    for (size_t i = 0; i < r->n; i++) {
        if (strncmp(r->of[i].who, who, sizeof r->of[i].who - 1) == 0) {
            return &r->of[i];
        }
        found = found == NULL && is_settled(&r->of[i], now_ms) ? &r->of[i] : found;
    }
    if (r->n < AUDIT_REFUSED_PEOPLE) {
        found = &r->of[r->n++];
    }
    if (found == NULL) {
        return &r->of[AUDIT_REFUSED_PEOPLE];
    }
    *found = (struct audit_rate){.left_out = 0};
    (void)snprintf(found->who, sizeof found->who, "%s", who);
    return found;
}

bool audit_rates_take(struct audit_rates *r, const char *who, uint64_t now_ms, uint64_t *left_out)
{
    struct audit_rate *of = place_of(r, who, now_ms);
    const uint64_t until = of->full_until_ms > now_ms ? of->full_until_ms : now_ms;
    *left_out = 0;
    if (until - now_ms > (AUDIT_REFUSED_BURST - 1) * (uint64_t)AUDIT_REFUSED_MS) {
        of->left_out++;
        return false;
    }
    of->full_until_ms = until + AUDIT_REFUSED_MS;
    *left_out = of->left_out;
    of->left_out = 0;
    return true;
}
