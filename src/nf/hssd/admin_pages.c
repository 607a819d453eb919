#include "nf/hssd/admin_pages.h"

#include "nf/hssd/admin_dimsi.h"

#include <string.h>

#define AT_ONCE 64u /* rows that are read for somebody with a scope */

static const struct imei imei_last = {.digits = "99999999999999"};

static size_t at_once(const struct admin_request *r, size_t most)
{
    return r->call.who.scope != NULL && most > AT_ONCE ? AT_ONCE : most;
}

enum err admin_page_subscribers(struct admin_request *r, const struct imsi *after,
                                struct store_subscriber *out, size_t max, size_t *n)
{
    struct imsi at = *after;
    size_t got = 1, most = 1;
    for (*n = 0; *n < max && got == most && admin_scope_seek(r->call.who.scope, &at);) {
        struct store_subscriber *rows = out + *n;
        most = at_once(r, max - *n);
        enum err err = store_list_subscribers(r->reader, &at, rows, most, &got);
        if (err != E_OK) {
            return err;
        }
        at = got > 0 ? rows[got - 1].imsi : at;
        for (size_t i = 0; i < got; i++) {
            if (admin_call_sees(&r->call, &rows[i].imsi)) {
                out[(*n)++] = rows[i];
            }
        }
    }
    return E_OK;
}

enum err admin_page_devices(struct admin_request *r, const struct imsi *after,
                            const struct imei *after_imei, struct store_device *out, size_t max,
                            size_t *n)
{
    struct imsi at = *after, from = *after;
    struct imei at_imei = *after_imei;
    size_t got = 1, most = 1;
    for (*n = 0; *n < max && got == most && admin_scope_seek(r->call.who.scope, &at); from = at) {
        struct store_device *rows = out + *n;
        most = at_once(r, max - *n);
        at_imei = strcmp(at.digits, from.digits) != 0 ? imei_last : at_imei;
        enum err err = store_list_devices(r->reader, &at, &at_imei, rows, most, &got);
        if (err != E_OK) {
            return err;
        }
        if (got > 0) {
            at = rows[got - 1].imsi;
            at_imei = rows[got - 1].imei;
        }
        for (size_t i = 0; i < got; i++) {
            if (admin_call_sees(&r->call, &rows[i].imsi)) {
                out[(*n)++] = rows[i];
            }
        }
    }
    return E_OK;
}

enum err admin_page_dimsi(struct admin_request *r, const struct store_dimsi_wanted *wanted,
                          struct store_dimsi *out, size_t max, size_t *n)
{
    struct imsi at = {.n = 0};
    size_t got = 1, most = 1;
    if (wanted->after != NULL) {
        at = *wanted->after;
    }
    for (*n = 0; *n < max && got == most && admin_scope_seek(r->call.who.scope, &at);) {
        struct store_dimsi *rows = out + *n;
        const struct store_dimsi_wanted from = {
            .after = at.n > 0 ? &at : NULL, .sp = wanted->sp, .phase = wanted->phase};
        most = at_once(r, max - *n);
        enum err err = store_list_dimsi(r->reader, &from, rows, most, &got);
        if (err != E_OK) {
            return err;
        }
        at = got > 0 ? rows[got - 1].dimsi : at;
        for (size_t i = 0; i < got; i++) {
            if (admin_dimsi_sees(&r->call, &rows[i])) {
                out[(*n)++] = rows[i];
            }
        }
    }
    return E_OK;
}

enum err admin_page_onboarding(struct admin_request *r, const struct store_onboarding_key *after,
                               uint8_t phase, struct store_onboarding *out, size_t max, size_t *n,
                               struct store_onboarding_key *next)
{
    struct store_onboarding_key at = {.id = ""};
    const struct store_onboarding_key *from = after;
    size_t got = 1, most = 1, hidden = 0;
    *next = (struct store_onboarding_key){.id = ""};
    for (*n = 0; *n < max && got == most;) {
        struct store_onboarding *rows = out + *n;
        if (hidden >= ADMIN_PAGE_LOOKED) {
            *next = at;
            break;
        }
        most = at_once(r, max - *n);
        enum err err = store_list_onboarding(r->reader, from, phase, rows, most, &got);
        if (err != E_OK) {
            return err;
        }
        at = got > 0 ? rows[got - 1].key : at;
        from = got > 0 ? &at : from;
        for (size_t i = 0; i < got; i++) {
            if (admin_call_sees(&r->call, rows[i].has_imsi ? &rows[i].imsi : NULL)) {
                out[(*n)++] = rows[i];
            } else {
                hidden++;
            }
        }
    }
    return E_OK;
}
