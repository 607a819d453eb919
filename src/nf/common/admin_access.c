#include "nf/common/admin_access.h"

#include <string.h>

const char *admin_role_name(enum admin_role role)
{
    static const char *const names[ADMIN_ROLES] = {
        [ADMIN_ADMINISTRATOR] = "administrator",
        [ADMIN_PROVISIONER] = "provisioner",
        [ADMIN_READER] = "reader",
    };
    return (unsigned)role < ADMIN_ROLES ? names[role] : "nobody";
}

/*= op-api-role */
/* The roles stand in the order of what they may: each may what those behind it may. */
bool admin_role_may(enum admin_role has, enum admin_role asked)
{
    return (unsigned)has < ADMIN_ROLES && (unsigned)asked < ADMIN_ROLES && has <= asked;
}

/* Digits compare as they are written, for both ends have as many as the IMSI. */
static bool range_has(const struct admin_imsi_range *range, const struct imsi *imsi)
{
    return range->first.n == imsi->n && range->last.n == imsi->n &&
           memcmp(range->first.digits, imsi->digits, imsi->n) <= 0 &&
           memcmp(imsi->digits, range->last.digits, imsi->n) <= 0;
}

/*= op-api-scope */
bool admin_scope_has(const struct admin_scope *scope, const struct imsi *imsi)
{
    if (scope == NULL) {
        return true;
    }
    for (size_t i = 0; i < scope->n_plmns; i++) {
        if (imsi_in_plmn(imsi, &scope->plmns[i])) {
            return true;
        }
    }
    for (size_t i = 0; i < scope->n_ranges; i++) {
        if (range_has(&scope->ranges[i], imsi)) {
            return true;
        }
    }
    return false;
}

/* ---- where the next one can be ---- */

static struct imsi prefix_of(const struct plmn *plmn)
{
    struct imsi p = {.n = (uint8_t)(3 + strlen(plmn->mnc))};
    memcpy(p.digits, plmn->mcc, 3);
    memcpy(p.digits + 3, plmn->mnc, p.n - 3u);
    return p;
}

/* The first text of n digits that stands behind `at`. False: there is none. */
static bool next_of(const struct imsi *at, unsigned n, struct imsi *out)
{
    *out = (struct imsi){.n = (uint8_t)n};
    memset(out->digits, '0', n);
    memcpy(out->digits, at->digits, at->n < n ? at->n : n);
    if (at->n < n) {
        return true;
    }
    unsigned i = n;
    while (i > 0 && out->digits[i - 1] == '9') {
        out->digits[--i] = '0';
    }
    if (i > 0) {
        out->digits[i - 1]++;
    }
    return i > 0;
}

/* Right before `first`, so that nothing stands between the two. */
static struct imsi before(struct imsi first)
{
    char *last = &first.digits[first.n - 1];
    if (*last == '0') {
        *last = '\0';
        first.n--;
        return first;
    }
    (*last)--;
    memset(first.digits + first.n, '9', IMSI_DIGITS_MAX - first.n);
    first.n = IMSI_DIGITS_MAX;
    return first;
}

static void take_lower(const struct imsi *candidate, struct imsi *lowest)
{
    if (lowest->n == 0 || strcmp(candidate->digits, lowest->digits) < 0) {
        *lowest = *candidate;
    }
}

bool admin_scope_seek(const struct admin_scope *scope, struct imsi *at)
{
    struct imsi first, lowest = {.n = 0};
    if (scope == NULL) {
        return true;
    }
    for (size_t i = 0; i < scope->n_plmns; i++) {
        first = prefix_of(&scope->plmns[i]);
        if (at->n >= first.n && memcmp(at->digits, first.digits, first.n) == 0) {
            return true; /* in the middle of it */
        }
        if (strcmp(at->digits, first.digits) < 0) {
            take_lower(&first, &lowest);
        }
    }
    for (size_t i = 0; i < scope->n_ranges; i++) {
        const struct admin_imsi_range *range = &scope->ranges[i];
        const bool follows = next_of(at, range->first.n, &first);
        if (strcmp(at->digits, range->first.digits) < 0) {
            take_lower(&range->first, &lowest);
        } else if (follows && strcmp(first.digits, range->last.digits) <= 0) {
            take_lower(&first, &lowest);
        }
    }
    if (lowest.n > 0) {
        *at = before(lowest);
    }
    return lowest.n > 0;
}
