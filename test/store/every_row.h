/* test/store/every_row.h - at least one row in every table that a store of schema 6 has, secrets
 * among them, and a look at what comes back. test/fixtures/store_schema_6.sql was filled by it. */
#ifndef BINDERY_TEST_STORE_EVERY_ROW_H
#define BINDERY_TEST_STORE_EVERY_ROW_H

#include "store/onboarding_rows.h"
#include "store/store_dimsi.h"

#define EVERY_DIMSI     "901700000000001"
#define EVERY_OWN       "001010000000077"
#define EVERY_TEMPORARY "001010000700001"
#define EVERY_DRAWN     "001010000500000"
#define EVERY_MARK      UINT64_C(987654321)

static inline struct store_kme every_kme(void)
{
    struct store_kme k = {
        .imsi = imsi_of(IMSI_A), .phase = 2, .due = 1, .expires = 1700000900, .has_taken = true};
    memset(k.nonce, 0x51, sizeof k.nonce);
    memset(k.digest, 0x52, sizeof k.digest);
    memset(k.nw_sig, 0x53, sizeof k.nw_sig);
    return k;
}

static inline struct store_lot every_lot(void)
{
    struct store_lot l = {.id = "acme-7",
                          .manufacturer = "Acme",
                          .modulus_n = 256,
                          .imported = 1700000000,
                          .ranges = 1};
    memset(l.modulus, 0xc1, 256);
    return l;
}

static inline struct store_lot_key every_lot_key(void)
{
    struct store_lot_key k = {.n = 128};
    memset(k.p, 0xd1, 128);
    memset(k.q, 0xd3, 128);
    return k;
}

static inline struct store_dimsi every_dimsi(void)
{
    struct store_dimsi o = {.dimsi = imsi_of(EVERY_DIMSI),
                            .phase = STORE_DIMSI_ALLOCATED,
                            .todo = STORE_DIMSI_PUSH | STORE_DIMSI_DELIVER,
                            .next_try = 1700000000,
                            .number = 7,
                            .release = 3,
                            .sp = "sp.example.org",
                            .arpf = "https://arpf.example.org:8445",
                            .cause = "discovery-silent",
                            .tries = 4,
                            .has_imsi = true,
                            .imsi = imsi_of(EVERY_TEMPORARY),
                            .has_operator = true,
                            .operator_imsi = imsi_of(EVERY_OWN),
                            .first = 1700000000,
                            .changed = 1700000001,
                            .expires = 1700100000};
    memset(o.token, 0x11, sizeof o.token);
    memset(o.se, 0x22, sizeof o.se);
    return o;
}

static inline struct store_dimsi_challenge every_challenge(void)
{
    struct store_dimsi_challenge c;
    memset(&c, 0, sizeof c);
    memset(&c.rand, 0x61, sizeof c.rand);
    memset(&c.autn, 0x62, sizeof c.autn);
    memset(c.xres.b, 0x63, 8);
    c.xres.n = 8;
    memset(&c.ck, 0x64, sizeof c.ck);
    memset(&c.ik, 0x65, sizeof c.ik);
    return c;
}

static inline void fill_devices(struct fixture *f)
{
    struct store_serving serving = serving_at("mme.example.org", 1700000100), before;
    struct imsi a = imsi_of(IMSI_A);
    struct imei imei = imei_of(IMEI_A);
    struct store_subscriber s = subscriber_of(IMSI_A);
    struct store_subscriber b = subscriber_of(IMSI_B);
    strcpy(s.msisdn, "491700000001");
    b.suspended = true;
    put(f, &s);
    put(f, &b);
    struct store_device d = device_of(IMSI_A, IMEI_A, 0x71), e = device_of(IMSI_B, IMEI_B, 0);
    put_device(f, &d);
    memset(d.kme.b, 0x72, sizeof d.kme.b); /* the one before becomes the previous one */
    put_device(f, &d);
    put_device(f, &e);
    COMMITTED(f, store_set_serving(f->w, &a, &serving, &imei, &before));
    struct store_proof p = {.imsi = a, .remembered = true, .known = true};
    p.memory = (struct store_memory){imei, 2, 41, 1700000001, 1700003601};
    p.last = (struct store_outcome){imei, 1, "proven", 2, 41, 1700000001};
    COMMITTED(f, store_put_proof(f->w, &p));
    struct store_kme k = every_kme();
    COMMITTED(f, store_put_kme(f->w, &k));
}

static inline void fill_network(struct fixture *f)
{
    enum store_did did;
    struct store_event e = event_of("registered");
    struct store_eir_rule rule = {.first = 35693803564380, .last = 35693803564399, .list = 3};
    struct store_lot lot = every_lot();
    struct store_lot_key key = every_lot_key();
    struct store_lot_range range = {.first = 35693803000000, .last = 35693803999999};
    strcpy(rule.note, "stolen in Lyon");
    COMMITTED(f, store_add_event(f->w, &e, 100));
    COMMITTED(f, store_put_eir_rule(f->w, &rule, 10, &did));
    COMMITTED(f, store_set_cursor(f->w, "repo.example.org", 1234));
    COMMITTED(f, store_put_lot(f->w, &lot, &key, &range, 1));
    COMMITTED(f, store_set_mark(f->w, EVERY_MARK));
}

static inline void fill_newcomers(struct fixture *f)
{
    struct imsi first = imsi_of(EVERY_DRAWN), last = imsi_of("001010000500009"), drawn;
    struct store_onboarding ended = onboarding_of("maker", "d2", CERTATTACH_PHASE_PENDING, NULL);
    struct store_dimsi o = every_dimsi();
    struct store_dimsi_challenge c = every_challenge();
    for (int i = 0; i < 2; i++) { /* the second gives its IMSI back */
        char id[] = {'d', (char)('1' + i), '\0'};
        enum store_did did;
        assert_ok(store_begin(f->w));
        assert_ok(store_take_imsi(f->w, &first, &last, 5, &drawn));
        struct store_subscriber s = subscriber_of(drawn.digits);
        struct store_onboarding row =
            onboarding_of("maker", id, CERTATTACH_PHASE_PENDING, drawn.digits);
        row.imei.digits[13] = (char)('0' + i);
        assert_ok(store_put_subscriber(f->w, STORE_INSERT, &s, &did));
        assert_ok(store_put_onboarding(f->w, &row));
        assert_ok(store_commit(f->w));
    }
    COMMITTED(f, store_end_onboarding(f->w, &ended.key, CERTATTACH_PHASE_EXPIRED, 8, 9));
    struct store_subscriber t = subscriber_of(EVERY_TEMPORARY), own = subscriber_of(EVERY_OWN);
    put(f, &t);
    put(f, &own);
    COMMITTED(f, store_put_dimsi(f->w, &o));
    COMMITTED(f, store_put_dimsi_offer(f->w, &o.dimsi, BYTES_LIT("an offer")));
    COMMITTED(f, store_put_dimsi_endorsement(f->w, &o.dimsi, BYTES_LIT("an endorsement")));
    COMMITTED(f, store_put_dimsi_challenge(f->w, &o.dimsi, &c));
}

static inline void fill_every_table(struct fixture *f)
{
    fill_devices(f);
    fill_network(f);
    fill_newcomers(f);
}

/* Every sealed column opens and holds what fill_every_table put in. */
static inline void assert_every_secret_opens(struct fixture *f)
{
    static const char *const imsis[] = {IMSI_A, IMSI_B, EVERY_DRAWN, EVERY_TEMPORARY, EVERY_OWN};
    struct store_device devices[STORE_DEVICES_MAX];
    struct imsi a = imsi_of(IMSI_A), dimsi = imsi_of(EVERY_DIMSI);
    struct store_kme kme, kme_want = every_kme();
    struct store_lot_key key, key_want = every_lot_key();
    struct store_dimsi_challenge challenge = every_challenge();
    uint8_t now[sizeof devices[0].kme.b], before[sizeof now];
    size_t n = 0;
    for (size_t i = 0; i < sizeof imsis / sizeof *imsis; i++) {
        struct store_subscriber want = subscriber_of(imsis[i]), got = read_back(f, imsis[i]);
        assert_same_keys(&got.keys, &want.keys);
    }
    assert_ok(store_read_devices(f->r, &a, devices, &n));
    memset(now, 0x72, sizeof now);
    memset(before, 0x71, sizeof before);
    assert_true(n == 1 && devices[0].has_kme && devices[0].has_previous);
    assert_memory_equal(devices[0].kme.b, now, sizeof now);
    assert_memory_equal(devices[0].previous.b, before, sizeof before);
    assert_ok(store_read_kme(f->r, &a, &kme));
    assert_memory_equal(kme.nw_sig, kme_want.nw_sig, sizeof kme.nw_sig);
    assert_ok(store_read_lot_key(f->r, "acme-7", &key));
    assert_true(key.n == key_want.n);
    assert_memory_equal(key.p, key_want.p, key.n);
    assert_memory_equal(key.q, key_want.q, key.n);
    struct store_dimsi_papers *papers = calloc(1, sizeof *papers);
    assert_non_null(papers);
    assert_ok(store_read_dimsi_papers(f->r, &dimsi, papers));
    assert_true(papers->has_challenge && papers->offer_n == 8);
    assert_memory_equal(&papers->challenge.rand, &challenge.rand, sizeof challenge.rand);
    assert_memory_equal(&papers->challenge.ik, &challenge.ik, sizeof challenge.ik);
    free(papers);
}

#endif
