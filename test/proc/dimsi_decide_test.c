/* proc/dimsi.h: who may have what is held already: releases at the ARPF, entries at the D-AUSF
 * (src/proc/dimsi_dausf.c), deliveries at the RSMF (src/proc/dimsi_rsmf.c). Tables, and many
 * parties that ask in any order. */
#include "proc/dimsi_rig.h"

/* ---- releases ---- */

struct wants {
    uint8_t token, se; /* octets of digests */
    const char *target;
    uint64_t number;
};

static struct dimsi_offered offered_of(struct wants w)
{
    struct dimsi_offered o = {
        .delegation = {.number = w.number, .target = drig_plmn(w.target)},
        .sp = drig_name("sp.example.org"),
    };
    memset(o.token, w.token, sizeof o.token);
    memset(o.atk.se_digest, w.se, sizeof o.atk.se_digest);
    return o;
}

static const char *decided(enum dimsi_decision decision, enum dimsi_cause why)
{
    assert_true((decision == DIMSI_REFUSE) == (why != DIMSI_NONE));
    return decision == DIMSI_NEW     ? "new"
           : decision == DIMSI_AGAIN ? "again"
                                     : dimsi_cause_name(why);
}

static const char *release(const struct dimsi_release *held, uint64_t revoked_to, struct wants w)
{
    enum dimsi_cause why = DIMSI_CAUSES;
    const struct dimsi_offered o = offered_of(w);
    const enum dimsi_decision decision = dimsi_arpf_decide(held, revoked_to, &o, &why);
    return decided(decision, why);
}

/* Held: token 1 of SE 1, released to 001-01 under delegation 5. */
static struct dimsi_release held_release(bool revoked)
{
    struct dimsi_release held = {.number = 1,
                                 .sp = drig_name("sp.example.org"),
                                 .target = drig_plmn(DRIG_TARGET),
                                 .delegation = 5,
                                 .revoked = revoked};
    memset(held.token, 1, sizeof held.token);
    memset(held.se_digest, 1, sizeof held.se_digest);
    return held;
}

/*= test dimsi-release-once dimsi-release-again */
static void ek_is_released_to_one_operator_until_that_is_revoked(void **state)
{
    (void)state;
    static const struct {
        bool held, revoked;
        uint64_t revoked_to;
        struct wants wants;
        const char *decision;
    } table[] = {
        {false, false, 0, {1, 1, DRIG_TARGET, 1}, "new"},
        {false, false, 1, {1, 1, DRIG_TARGET, 1}, "delegation-revoked"},
        {false, false, 1, {1, 1, DRIG_TARGET, 2}, "new"},
        /* the same again, by an older, the same and a newer delegation */
        {true, false, 0, {1, 1, DRIG_TARGET, 4}, "again"},
        {true, false, 0, {1, 1, DRIG_TARGET, 5}, "again"},
        {true, false, 0, {1, 1, DRIG_TARGET, 6}, "again"},
        {true, false, 4, {1, 1, DRIG_TARGET, 4}, "delegation-revoked"},
        {true, false, 4, {1, 1, DRIG_TARGET, 5}, "again"},
        /* a second operator, whatever it was given */
        {true, false, 0, {1, 1, DRIG_OTHER, 4}, "released-to-another"},
        {true, false, 0, {1, 1, DRIG_OTHER, 6}, "released-to-another"},
        {true, false, 0, {1, 1, "001-001", 6}, "released-to-another"},
        {true, true, 5, {1, 1, DRIG_OTHER, 5}, "delegation-revoked"},
        {true, true, 5, {1, 1, DRIG_OTHER, 6}, "new"},
        {true, true, 0, {1, 1, DRIG_OTHER, 5}, "delegation-revoked"},
        /* the first one anew, after it was revoked */
        {true, true, 5, {1, 1, DRIG_TARGET, 5}, "delegation-revoked"},
        {true, true, 5, {1, 1, DRIG_TARGET, 6}, "new"},
        /* a new token of this SE */
        {true, false, 0, {2, 1, DRIG_TARGET, 1}, "released-to-another"},
        {true, false, 0, {2, 1, DRIG_OTHER, 9}, "released-to-another"},
        {true, true, 0, {2, 1, DRIG_TARGET, 1}, "new"},
        {true, true, 0, {2, 1, DRIG_OTHER, 1}, "new"},
        {true, true, 1, {2, 1, DRIG_OTHER, 1}, "delegation-revoked"},
        /* another SE: never */
        {true, false, 0, {3, 2, DRIG_TARGET, 9}, "other-se"},
        {true, true, 5, {3, 2, DRIG_TARGET, 9}, "other-se"},
        {true, true, 5, {1, 2, DRIG_TARGET, 9}, "other-se"},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        static const struct dimsi_release none;
        const struct dimsi_release held = held_release(table[i].revoked);
        assert_string_equal(
            release(table[i].held ? &held : &none, table[i].revoked_to, table[i].wants),
            table[i].decision);
    }
}

/* dimsi_arpf_verify has seen that the SE signed for the SP that delegates: here it is a token as
 * any other. */
static void a_token_that_names_another_service_provider_needs_what_any_new_one_needs(void **state)
{
    (void)state;
    static const struct {
        bool revoked;
        uint64_t revoked_to;
        struct wants wants;
        const char *decision;
    } table[] = {
        {false, 0, {2, 1, DRIG_TARGET, 1}, "released-to-another"},
        {true, 0, {2, 1, DRIG_TARGET, 1}, "new"},
        {true, 0, {2, 1, DRIG_OTHER, 1}, "new"},
        {true, 1, {2, 1, DRIG_OTHER, 1}, "delegation-revoked"},
        {true, 0, {3, 2, DRIG_TARGET, 9}, "other-se"},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        enum dimsi_cause why = DIMSI_CAUSES;
        const struct dimsi_release held = held_release(table[i].revoked);
        struct dimsi_offered o = offered_of(table[i].wants);
        o.sp = o.atk.sp = drig_name("sp2.example.org");
        const enum dimsi_decision decision =
            dimsi_arpf_decide(&held, table[i].revoked_to, &o, &why);
        assert_string_equal(decided(decision, why), table[i].decision);
    }
}

/* Operators, two tokens and the service provider in any order: no operator gets eK of a token while
 * another one's release of it stands, and numbers only grow. */
static void in_whatever_order_they_ask_one_release_stands(void **state)
{
    (void)state;
    static const char *const operators[] = {"001-01", "002-02", "003-03"};
    uint64_t seed = 11, revoked_to[3] = {0}, delegations[3] = {0};
    struct dimsi_release held = {.number = 0};
    unsigned granted = 0, again = 0, refused = 0;
    for (unsigned i = 0; i < 20000; i++) {
        const uint8_t token = (uint8_t)(1 + test_rand(&seed) % 2);
        const size_t operator= test_rand(&seed) % 3;
        if (test_rand(&seed) % 8 == 0) { /* the service provider revokes what it delegated */
            revoked_to[token] = delegations[token];
            held.revoked = held.revoked || (held.number > 0 && held.token[0] == token &&
                                            held.delegation <= revoked_to[token]);
            continue;
        }
        const uint64_t number =
            test_rand(&seed) % 4 == 0 ? ++delegations[token] : 1 + test_rand(&seed) % 20;
        delegations[token] = number > delegations[token] ? number : delegations[token];
        const struct dimsi_offered o =
            offered_of((struct wants){token, 1, operators[operator], number});
        enum dimsi_cause why;
        const enum dimsi_decision decision = dimsi_arpf_decide(&held, revoked_to[token], &o, &why);
        const bool stands = held.number > 0 && !held.revoked;
        const bool same = held.number > 0 && held.token[0] == token &&
                          plmn_eq(&held.target, &o.delegation.target);
        assert_true(decision == DIMSI_REFUSE || number > revoked_to[token]);
        assert_true(decision != DIMSI_NEW || !stands);
        assert_true(decision != DIMSI_AGAIN || (stands && same));
        if (decision == DIMSI_NEW) {
            held = held_release(false);
            held.number = ++granted;
            memset(held.token, token, sizeof held.token);
            held.target = o.delegation.target;
            held.delegation = number;
        }
        again += decision == DIMSI_AGAIN;
        refused += decision == DIMSI_REFUSE;
    }
    assert_true(granted > 50 && again > 50 && refused > 50);
}

/* ---- entries ---- */

struct push {
    uint8_t token;
    const char *target;
    uint64_t number;
    const char *imsi;
    uint8_t challenge; /* an octet of it */
    int64_t expires;
};

static struct dimsi_entry entry_of(struct push p, enum dimsi_entry_phase phase)
{
    struct dimsi_entry e = {.number = p.number,
                            .target = drig_plmn(p.target),
                            .phase = phase,
                            .imsi = drig_imsi(p.imsi),
                            .expires = p.expires};
    memset(e.token, p.token, sizeof e.token);
    if (phase == DIMSI_ENTRY_LIVE) {
        memset(&e.challenge, p.challenge, sizeof e.challenge);
        e.challenge.autn.b[6] = 0x80;
        e.challenge.autn.b[7] = 0;
        e.challenge.xres.n = 8;
    }
    return e;
}

static const char *entry(const struct dimsi_entry *held, const struct dimsi_entry *pushed)
{
    enum dimsi_cause why = DIMSI_CAUSES;
    struct dimsi_endorsement e = {.number = pushed->number, .target = pushed->target};
    memcpy(e.token, pushed->token, sizeof e.token);
    const enum dimsi_decision decision = dimsi_dausf_decide(held, &e, pushed, &why);
    return decided(decision, why);
}

/* Held: token 1, 001-01, number 3. */
/*= test dimsi-2 dimsi-one-target dimsi-spent dimsi-entry-end */
static void an_entry_gives_way_to_a_later_endorsement_alone(void **state)
{
    (void)state;
#define HOME  "001010000700001"
#define HOME2 "001010000700002"
#define AWAY  "002020000700001"
    static const struct push held = {1, DRIG_TARGET, 3, HOME, 5, 100};
    static const struct {
        struct push push;
        const char *none, *live, *spent, *expired;
    } table[] = {
        {{1, DRIG_TARGET, 3, HOME, 5, 100}, "new", "again", "dimsi-spent", "dimsi-spent"},
        {{1, DRIG_TARGET, 3, HOME, 5, 99}, "new", "new", "dimsi-spent", "dimsi-spent"},
        {{1, DRIG_TARGET, 3, HOME, 5, 101}, "new", "new", "dimsi-spent", "new"},
        {{1, DRIG_TARGET, 3, HOME2, 5, 100}, "new", "new", "dimsi-spent", "dimsi-spent"},
        {{1, DRIG_TARGET, 3, HOME, 6, 100}, "new", "new", "dimsi-spent", "dimsi-spent"},
        {{1, DRIG_TARGET, 2, HOME, 5, 900}, "new", "dimsi-taken", "dimsi-spent", "dimsi-spent"},
        {{1, DRIG_TARGET, 4, HOME, 5, 100}, "new", "new", "new", "new"},
        {{2, DRIG_TARGET, 4, HOME, 5, 100}, "new", "new", "new", "new"},
        {{2, DRIG_TARGET, 3, HOME, 5, 900}, "new", "dimsi-taken", "dimsi-spent", "dimsi-spent"},
        {{1, DRIG_OTHER, 3, AWAY, 5, 900}, "new", "dimsi-taken", "dimsi-spent", "dimsi-spent"},
        {{1, DRIG_OTHER, 2, AWAY, 5, 900}, "new", "dimsi-taken", "dimsi-spent", "dimsi-spent"},
        {{1, DRIG_OTHER, 4, AWAY, 5, 100}, "new", "new", "new", "new"},
        {{1, DRIG_TARGET, 4, AWAY, 5, 100},
         "imsi-outside",
         "imsi-outside",
         "imsi-outside",
         "imsi-outside"},
    };
    static const struct dimsi_entry none;
    const struct dimsi_entry live = entry_of(held, DIMSI_ENTRY_LIVE),
                             spent = entry_of(held, DIMSI_ENTRY_SPENT),
                             expired = entry_of(held, DIMSI_ENTRY_EXPIRED);
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        const struct dimsi_entry pushed = entry_of(table[i].push, DIMSI_ENTRY_LIVE);
        assert_string_equal(entry(&none, &pushed), table[i].none);
        assert_string_equal(entry(&live, &pushed), table[i].live);
        assert_string_equal(entry(&spent, &pushed), table[i].spent);
        assert_string_equal(entry(&expired, &pushed), table[i].expired);
    }
}

/* Whatever octet of the challenge is another one, the entry is written anew. */
static void an_entry_is_the_same_only_if_all_of_it_is(void **state)
{
    (void)state;
    const struct push push = {1, DRIG_TARGET, 3, HOME, 5, 100};
    const struct dimsi_entry live = entry_of(push, DIMSI_ENTRY_LIVE);
    struct dimsi_entry p = live;
    uint8_t *const parts[] = {p.challenge.rand.b, p.challenge.autn.b, p.challenge.xres.b,
                              p.challenge.ck.b, p.challenge.ik.b};
    static const size_t n[] = {16, 16, 8, 16, 16};
    for (size_t i = 0; i < 5; i++) {
        for (size_t k = 0; k < n[i]; k++) {
            if (i == 1 && (k == 6 || k == 7)) {
                continue;
            }
            parts[i][k] ^= 1;
            assert_string_equal(entry(&live, &p), "new");
            parts[i][k] ^= 1;
        }
    }
    assert_string_equal(entry(&live, &p), "again");
}

/*= test dimsi-separation */
static void a_challenge_without_its_amf_bits_or_with_another_xres_is_not_taken(void **state)
{
    (void)state;
    static const struct dimsi_entry none;
    const struct push push = {1, DRIG_TARGET, 3, HOME, 5, 100};
    struct dimsi_entry p = entry_of(push, DIMSI_ENTRY_LIVE);
    for (unsigned bit = 0; bit < 16; bit++) {
        p.challenge.autn.b[6 + bit / 8] ^= (uint8_t)(1U << bit % 8);
        assert_string_equal(entry(&none, &p), "challenge-unusable");
        p.challenge.autn.b[6 + bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    for (unsigned n = 0; n <= 16; n++) {
        p.challenge.xres.n = (uint8_t)n;
        assert_string_equal(entry(&none, &p), n == 8 ? "new" : "challenge-unusable");
    }
}

/* ---- deliveries ---- */

static const uint8_t mine[DIMSI_REQUEST_LEN] = "request, 16 oct", other[DIMSI_REQUEST_LEN] = "no";

static const char *fetch(enum dimsi_delivery_phase phase, const uint8_t *by, const uint8_t *now)
{
    enum dimsi_cause why = DIMSI_CAUSES;
    struct dimsi_delivery held = {.phase = phase};
    memcpy(held.request, by, DIMSI_REQUEST_LEN);
    const enum dimsi_decision decision = dimsi_rsmf_fetch(&held, now, &why);
    return decided(decision, why);
}

static const char *confirm(enum dimsi_delivery_phase phase, const uint8_t *by, const uint8_t *now)
{
    enum dimsi_cause why = DIMSI_CAUSES;
    struct dimsi_delivery held = {.phase = phase};
    memcpy(held.request, by, DIMSI_REQUEST_LEN);
    const enum dimsi_decision decision = dimsi_rsmf_confirm(&held, now, &why);
    return decided(decision, why);
}

/*= test dimsi-rsmf-once dimsi-erase */
static void a_profile_is_given_under_one_request_and_confirmed_under_the_same(void **state)
{
    (void)state;
    static const uint8_t zeros[DIMSI_REQUEST_LEN];
    static const struct {
        enum dimsi_delivery_phase phase;
        const char *fetch, *fetch_other, *confirm, *confirm_other;
    } table[] = {
        {0, "other-device", "other-device", "other-device", "other-device"},
        {DIMSI_DELIVERY_READY, "new", "new", "not-fetched", "not-fetched"},
        {DIMSI_DELIVERY_FETCHED, "again", "already-fetched", "new", "not-fetched"},
        {DIMSI_DELIVERY_CONFIRMED, "already-fetched", "already-fetched", "again", "not-fetched"},
        {DIMSI_DELIVERY_WITHDRAWN, "other-device", "other-device", "other-device", "other-device"},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        const enum dimsi_delivery_phase p = table[i].phase;
        const uint8_t *by = p >= DIMSI_DELIVERY_FETCHED ? mine : zeros;
        assert_string_equal(fetch(p, by, mine), table[i].fetch);
        assert_string_equal(fetch(p, by, other), table[i].fetch_other);
        assert_string_equal(confirm(p, by, mine), table[i].confirm);
        assert_string_equal(confirm(p, by, other), table[i].confirm_other);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ek_is_released_to_one_operator_until_that_is_revoked),
        cmocka_unit_test(a_token_that_names_another_service_provider_needs_what_any_new_one_needs),
        cmocka_unit_test(in_whatever_order_they_ask_one_release_stands),
        cmocka_unit_test(an_entry_gives_way_to_a_later_endorsement_alone),
        cmocka_unit_test(an_entry_is_the_same_only_if_all_of_it_is),
        cmocka_unit_test(a_challenge_without_its_amf_bits_or_with_another_xres_is_not_taken),
        cmocka_unit_test(a_profile_is_given_under_one_request_and_confirmed_under_the_same),
    };
    return cmocka_run_group_tests_name("proc/dimsi decide", tests, NULL, NULL);
}
