/* test/store/onboarding_rows.h - devices that have, or want, a subscription by the URL of their
 * certificate: rows to put into a store, and what has to be true of its tables at any time. */
#ifndef BINDERY_TEST_STORE_ONBOARDING_ROWS_H
#define BINDERY_TEST_STORE_ONBOARDING_ROWS_H

#include "proc/certattach.h"
#include "store/fixture.h"

static inline struct store_onboarding_key onboarding_key(const char *authority, const char *id)
{
    struct store_onboarding_key k = {{0}, {0}};
    snprintf(k.authority, sizeof k.authority, "%s", authority);
    snprintf(k.id, sizeof k.id, "%s", id);
    return k;
}

/* imsi NULL: it has none. */
static inline struct store_onboarding onboarding_of(const char *authority, const char *id,
                                                    enum certattach_phase phase, const char *imsi)
{
    struct store_onboarding o = {.key = onboarding_key(authority, id),
                                 .phase = (uint8_t)phase,
                                 .imei = imei_of(IMEI_A),
                                 .manufacturer = "Example Devices",
                                 .model = "Meter 5",
                                 .first = 1700000000,
                                 .changed = 1700000005};
    snprintf(o.serial_number, sizeof o.serial_number, "SN-%s", id);
    if (imsi != NULL) {
        o.has_imsi = true;
        o.imsi = imsi_of(imsi);
        for (size_t i = 0; i < sizeof o.nonce_1; i++) {
            o.nonce_1[i] = (uint8_t)(0x40 + i);
        }
        for (size_t i = 0; i < sizeof o.digest; i++) {
            o.digest[i] = (uint8_t)(0x80 + i);
        }
    }
    o.expires = phase == CERTATTACH_PHASE_PENDING ? 1700604805 : 0;
    return o;
}

static inline void assert_same_onboarding(const struct store_onboarding *a,
                                          const struct store_onboarding *b)
{
    assert_string_equal(a->key.authority, b->key.authority);
    assert_string_equal(a->key.id, b->key.id);
    assert_int_equal(a->phase, b->phase);
    assert_int_equal(a->again, b->again);
    assert_true(imei_eq(&a->imei, &b->imei));
    assert_string_equal(a->manufacturer, b->manufacturer);
    assert_string_equal(a->model, b->model);
    assert_string_equal(a->serial_number, b->serial_number);
    assert_int_equal(a->has_imsi, b->has_imsi);
    assert_string_equal(a->imsi.digits, b->imsi.digits);
    assert_memory_equal(a->nonce_1, b->nonce_1, sizeof a->nonce_1);
    assert_memory_equal(a->digest, b->digest, sizeof a->digest);
    assert_int_equal(a->first, b->first);
    assert_int_equal(a->changed, b->changed);
    assert_int_equal(a->expires, b->expires);
}

static inline struct store_onboarding read_onboarding(struct fixture *f, const char *authority,
                                                      const char *id)
{
    const struct store_onboarding_key key = onboarding_key(authority, id);
    struct store_onboarding o;
    memset(&o, 0xee, sizeof o);
    assert_ok(store_read_onboarding(f->r, &key, &o));
    return o;
}

static inline int64_t sql_number(struct fixture *f, const char *text)
{
    sqlite3_stmt *st = NULL;
    if (sqlite3_prepare_v2(f->r->c.db, text, -1, &st, NULL) != SQLITE_OK) {
        fail_msg("%s: %s", text, sqlite3_errmsg(f->r->c.db));
    }
    assert_int_equal(sqlite3_step(st), SQLITE_ROW);
    int64_t n = sqlite3_column_int64(st, 0);
    sqlite3_finalize(st);
    return n;
}

/* No orphan on either side, no wrong count. */
static inline void assert_onboarding_whole(struct fixture *f)
{
    static const char *const none[] = {
        "SELECT count(*) FROM onboarding o LEFT JOIN subscriber s ON s.imsi = o.imsi"
        " WHERE o.imsi IS NOT NULL AND (s.imsi IS NULL OR s.pending <> (o.phase = 3))",
        "SELECT count(*) FROM subscriber s WHERE s.pending"
        " AND NOT EXISTS (SELECT 1 FROM onboarding o WHERE o.imsi = s.imsi)",
        "SELECT count(*) FROM (SELECT authority, phase, count(*) AS n FROM onboarding"
        " GROUP BY authority, phase) a LEFT JOIN onboarding_count c USING (authority, phase)"
        " WHERE c.rows IS NOT a.n",
        "SELECT (SELECT coalesce(sum(rows), 0) FROM onboarding_count)"
        " <> (SELECT count(*) FROM onboarding)",
        "SELECT count(*) FROM onboarding_count WHERE rows < 0",
    };
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        if (sql_number(f, none[i]) != 0) {
            fail_msg("not 0: %s", none[i]);
        }
    }
}

#endif
