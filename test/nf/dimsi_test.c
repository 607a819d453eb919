/* First attaches with a discovery IMSI at the target AUSF, from offer to operator's profile
 * (src/nf/hssd/dimsi.c, src/nf/hssd/dimsi_offer.c, src/nf/hssd/dimsi_release.c,
 * src/nf/hssd/dimsi_allocate.c, src/nf/hssd/dimsi_push.c, src/nf/hssd/dimsi_deliver.c,
 * src/nf/hssd/dimsi_poll.c, src/nf/hssd/dimsi_used.c, src/nf/hssd/dimsi_write.c,
 * src/nf/hssd/device_profile.c). */
#include "nf/dimsi_world.h"

/*= test dimsi-0d dimsi-0e-ask dimsi-1-imsi dimsi-1-outputs dimsi-2 dimsi-second-keys dimsi-10 */
static void an_offer_becomes_an_imsi_that_the_device_installs_and_attaches_with(void **state)
{
    (void)state;
    struct offered_one *one = device(0, DIMSI_1, 5, 1);
    struct dimsi_arrived a = take_offer(0, one);
    assert_true(a.taken && a.cause == DIMSI_NONE && a.row.phase == STORE_DIMSI_OFFERED);
    struct store_dimsi row = await_phase(DIMSI_1, STORE_DIMSI_PUSHED, 0);
    assert_string_equal(row.imsi.digits, TEMP_1);
    assert_string_equal(row.operator_imsi.digits, OWN_1);
    assert_true(row.release == 1 && row.delivered && !row.used && row.tries == 0);
    assert_int_equal(row_of(TEMP_1).policy, BINDING_OPEN);
    installs(one, TEMP_1);
    attaches(one);
    row = await_phase(DIMSI_1, STORE_DIMSI_ATTACHED, 0);
    assert_int_equal(row.expires, 0);
    assert_true(fake.entries[0].spent);
    AWAIT(events("dimsi-offered", NULL) == 1);
    AWAIT(events("dimsi-allocated", NULL) == 1);
    AWAIT(events("dimsi-pushed", NULL) == 1);
    AWAIT(events("dimsi-attached", NULL) == 1);
}

/*= test dimsi-11 dimsi-erase */
static void confirmed_and_used_all_that_came_from_ek_goes(void **state)
{
    (void)state;
    struct offered_one *one = device(0, DIMSI_1, 5, 1);
    (void)take_offer(0, one);
    (void)await_phase(DIMSI_1, STORE_DIMSI_PUSHED, 0);
    assert_true(has_papers(DIMSI_1));
    installs(one, TEMP_1);
    attaches(one);
    (void)await_phase(DIMSI_1, STORE_DIMSI_ATTACHED, 0);
    assert_false(has_papers(DIMSI_1)); /* nobody needs the challenge any more */
    confirms(0);
    AWAIT(dimsi_now(DIMSI_1).confirmed);
    assert_true(is_subscriber(TEMP_1)); /* its new subscription was never seen */
    AWAIT(events("dimsi-confirmed-unused", NULL) == 1);
    attaches_with_own(OWN_1);
    struct store_dimsi row = await_phase(DIMSI_1, STORE_DIMSI_DONE, 0);
    assert_true(row.used && !row.has_imsi && row.has_operator);
    assert_false(is_subscriber(TEMP_1));
    assert_true(is_subscriber(OWN_1));
    AWAIT(events("dimsi-profile-used", NULL) == 1);
    AWAIT(events("dimsi-done", NULL) == 1);
    assert_int_equal(ulr(0, TEMP_1, IMEI_A, 0, NULL), 5001);
}

static void used_before_it_was_confirmed_comes_to_the_same(void **state)
{
    (void)state;
    struct offered_one *one = device(0, DIMSI_1, 5, 1);
    (void)take_offer(0, one);
    (void)await_phase(DIMSI_1, STORE_DIMSI_PUSHED, 0);
    installs(one, TEMP_1);
    attaches(one);
    (void)await_phase(DIMSI_1, STORE_DIMSI_ATTACHED, 0);
    attaches_with_own(OWN_1);
    assert_true(dimsi_now(DIMSI_1).used);
    confirms(0);
    (void)await_phase(DIMSI_1, STORE_DIMSI_DONE, 0);
    assert_false(is_subscriber(TEMP_1));
    assert_int_equal(events("dimsi-confirmed-unused", NULL), 0);
    AWAIT(events("dimsi-done", NULL) == 1);
}

static void without_an_rsmf_the_temporary_subscription_stays(void **state)
{
    (void)state;
    struct offered_one *one = device(0, DIMSI_1, 5, 1);
    (void)take_offer(0, one);
    struct store_dimsi row = await_phase(DIMSI_1, STORE_DIMSI_PUSHED, 0);
    assert_false(row.has_operator);
    installs(one, TEMP_1);
    attaches(one);
    (void)await_phase(DIMSI_1, STORE_DIMSI_ATTACHED, 0);
    assert_int_equal(fake_number(&fake.asked[HSS_DIMSI_RSMF]), 0);
    assert_true(is_subscriber(TEMP_1));
}

/* The profile at the RSMF is the operator's subscription, whole. */
static void what_is_delivered_is_the_operators_own_subscription(void **state)
{
    (void)state;
    struct certattach_profile profile;
    uint8_t octets[CERTATTACH_PROFILE_MAX];
    size_t n = 0;
    (void)take_offer(0, device(0, DIMSI_1, 5, 1));
    (void)await_phase(DIMSI_1, STORE_DIMSI_PUSHED, 0);
    const struct fake_delivery d = fake_delivery_now();
    assert_string_equal(d.imsi, TEMP_1);
    assert_ok(base64_decode(bytes_of_str(d.profile), MBYTES_OF(octets), &n));
    assert_ok(certattach_profile_read((struct bytes){octets, n}, &profile));
    const struct store_subscriber s = row_of(OWN_1);
    assert_string_equal(profile.imsi.digits, OWN_1);
    assert_memory_equal(profile.keys.k.b, s.keys.k.b, 16);
    assert_memory_equal(profile.keys.opc.b, s.keys.opc.b, 16);
    assert_true(plmn_eq(&profile.home, &home[0]));
    assert_int_equal(profile.n_apns, 2);
    assert_string_equal(profile.apns[0], "internet");
}

/* ---- offers ---- */

static void the_same_offer_again_changes_nothing(void **state)
{
    (void)state;
    struct offered_one *one = device(0, DIMSI_1, 5, 1);
    (void)take_offer(0, one);
    const struct store_dimsi before = await_phase(DIMSI_1, STORE_DIMSI_PUSHED, 0);
    struct dimsi_arrived a = take_offer(0, one);
    assert_true(!a.taken && a.cause == DIMSI_NONE && a.row.phase == STORE_DIMSI_PUSHED);
    const struct store_dimsi after = dimsi_now(DIMSI_1);
    assert_memory_equal(&before, &after, sizeof before);
    *one = offer_of(DIMSI_1, 5, 9); /* a newer delegation for the same */
    a = take_offer(0, one);
    assert_true(!a.taken && a.cause == DIMSI_NONE && a.row.number == 9);
    assert_string_equal(dimsi_now(DIMSI_1).imsi.digits, TEMP_1);
    *one = offer_of(DIMSI_1, 5, 8);
    assert_int_equal(take_offer(0, one).cause, DIMSI_DELEGATION_REVOKED);
}

static void another_provider_does_not_get_a_dimsi_that_is_under_way(void **state)
{
    (void)state;
    struct offered_one *one = device(0, DIMSI_1, 5, 1);
    (void)take_offer(0, one);
    (void)await_phase(DIMSI_1, STORE_DIMSI_PUSHED, 0);
    struct offered_one other = offer_of(DIMSI_1, 6, 1);
    assert_int_equal(take_offer(1, &other).cause, DIMSI_TAKEN);
    assert_memory_equal(dimsi_now(DIMSI_1).token, one->offered.token, 32);
}

static void a_new_token_begins_anew_and_what_the_old_one_had_ends(void **state)
{
    (void)state;
    struct hss_dimsi_change change;
    (void)take_offer(0, device(0, DIMSI_1, 5, 1));
    (void)await_phase(DIMSI_1, STORE_DIMSI_PUSHED, 0);
    struct offered_one *anew = device(0, DIMSI_1, 6, 1);
    FAKE_SET(release, 2);
    struct dimsi_arrived a = take_offer(0, anew);
    assert_true(a.taken && a.over.ended);
    assert_string_equal(a.over.imsi.digits, TEMP_1);
    struct store_dimsi row = await_phase(DIMSI_1, STORE_DIMSI_PUSHED, 0);
    assert_string_equal(row.imsi.digits, TEMP_2); /* the first one rests */
    assert_int_equal(row.release, 2);
    assert_false(is_subscriber(TEMP_1) || is_subscriber(OWN_1));
    assert_true(is_subscriber("001010000800001"));
    assert_true(fake_number(&fake.deletes) > 0); /* the profile of the first was taken back */
    assert_string_equal(fake.deliveries[0].imsi, TEMP_2);
    installs(anew, TEMP_2);
    attaches(anew);
    (void)await_phase(DIMSI_1, STORE_DIMSI_ATTACHED, 0);
    anew = device(0, DIMSI_1, 7, 1);
    assert_int_equal(take_offer(0, anew).cause, DIMSI_SPENT); /* it is in use */
    confirms(0);
    AWAIT(dimsi_now(DIMSI_1).confirmed);
    assert_ok(tell(DIMSI_1, HSS_DIMSI_WITHDRAW, &change));
    assert_true(change.wrong_phase);
}

/* The RSMF keeps one delivery for a secure element. */
static void a_second_dimsi_of_a_secure_element_waits_until_the_first_has_ended(void **state)
{
    (void)state;
    struct hss_dimsi_change change;
    struct offered_one *one = device(0, DIMSI_1, 5, 1), *two = device(1, DIMSI_2, 6, 1);
    memcpy(two->atk.se_digest, one->atk.se_digest, sizeof two->atk.se_digest);
    two->offered.atk = two->atk;
    (void)take_offer(0, one);
    (void)await_phase(DIMSI_1, STORE_DIMSI_PUSHED, 0);
    struct dimsi_arrived a = take_offer(0, two);
    assert_true(!a.taken && a.cause == DIMSI_TAKEN && a.detail != NULL);
    assert_int_equal(dimsi_now(DIMSI_2).phase, 0);
    assert_false(take_offer(0, one).taken); /* its own one again is no second one */
    FAKE_SET(way[HSS_DIMSI_ARPF], FAKE_SAYS);
    FAKE_SET(status, 409);
    FAKE_SET(problem, "other-se");
    assert_ok(tell(DIMSI_1, HSS_DIMSI_WITHDRAW, &change));
    (void)await_phase(DIMSI_1, STORE_DIMSI_WITHDRAWN, 0);
    assert_true(take_offer(0, two).taken);
    AWAIT(dimsi_now(DIMSI_2).phase == STORE_DIMSI_REFUSED);
    FAKE_SET(way[HSS_DIMSI_ARPF], FAKE_HONEST);
    FAKE_SET(release, 2);
    one = device(0, DIMSI_1, 7, 1);
    assert_true(take_offer(0, one).taken);
    (void)await_phase(DIMSI_1, STORE_DIMSI_PUSHED, 0);
    assert_ok(tell(DIMSI_2, HSS_DIMSI_RETRY, &change)); /* nor does it come back that way */
    assert_true(change.wrong_phase && change.se_taken && !change.changed);
    assert_int_equal(dimsi_now(DIMSI_2).phase, STORE_DIMSI_REFUSED);
    assert_string_equal(fake.deliveries[0].imsi, dimsi_now(DIMSI_1).imsi.digits);
}

static enum err put_row(struct store_writer *w, struct dimsi_write *x)
{
    return store_put_dimsi(w, x->ctx);
}

static enum err use_row(struct store_writer *w, struct dimsi_write *x)
{
    const struct imsi imsi = imsi_of(TEMP_1);
    return hss_dimsi_used(&hss, w, &imsi, 1, x->ctx);
}

/* Two registrations looked at the row at once: for the second it is no news any more, and what it
 * would not write it may not end either. */
static void a_registration_that_is_no_news_any_more_changes_nothing(void **state)
{
    (void)state;
    struct offered_one *one = device(0, DIMSI_1, 5, 1);
    struct hss_dimsi_use use = {.given = true, .wanted = true, .first = true};
    (void)take_offer(0, one);
    (void)await_phase(DIMSI_1, STORE_DIMSI_PUSHED, 0);
    installs(one, TEMP_1);
    attaches(one);
    struct store_dimsi row = await_phase(DIMSI_1, STORE_DIMSI_ATTACHED, 0);
    row.confirmed = row.used = true;
    struct dimsi_write put = {.d = hss.dimsi, .apply = put_row, .ctx = &row};
    struct dimsi_write again = {.d = hss.dimsi, .apply = use_row, .ctx = &use};
    assert_ok(hss_dimsi_write(&put));
    assert_ok(hss_dimsi_write(&again));
    assert_false(use.wanted || use.first || use.done);
    assert_int_equal(dimsi_now(DIMSI_1).phase, STORE_DIMSI_ATTACHED);
    assert_true(is_subscriber(TEMP_1));
}

static void a_provider_has_as_many_waiting_as_it_may(void **state)
{
    (void)state;
    struct offered_one one = offer_of(DIMSI_1, 5, 1), two = offer_of(DIMSI_2, 5, 1);
    FAKE_SET(way[HSS_DIMSI_ARPF], FAKE_DOWN);
    assert_true(take_offer(1, &one).taken);
    assert_int_equal(take_offer(1, &two).cause, DIMSI_QUOTA);
    assert_int_equal(dimsi_now(DIMSI_2).phase, 0);
    assert_false(take_offer(1, &one).taken); /* it has its place */
    assert_true(take_offer(0, &two).taken);
}

/* ---- what others refuse, and what they say that is not so ---- */

struct refusal_case {
    enum hss_dimsi_kind kind;
    enum fake_way way;
    unsigned status;
    const char *problem;
    const char *cause;
};

static void refused_for(const struct refusal_case *c)
{
    FAKE_SET(status, c->status);
    FAKE_SET(problem, c->problem);
    FAKE_SET(way[c->kind], c->way);
    struct offered_one *one = device(0, DIMSI_1, 5, 1);
    (void)take_offer(0, one);
    struct store_dimsi row = dimsi_now(DIMSI_1);
    while (row.phase != STORE_DIMSI_REFUSED) {
        hss_dimsi_wake(hss.dimsi);
        sched_yield();
        row = dimsi_now(DIMSI_1);
    }
    assert_string_equal(row.cause, c->cause);
    assert_false(row.has_imsi || row.has_operator || is_subscriber(TEMP_1) || is_subscriber(OWN_1));
    AWAIT(events("dimsi-refused", c->cause) == 1);
}

/*= test dimsi-release-once dimsi-0e-endorse dimsi-box dimsi-endorsement */
#define REFUSED_AS(name, ...)                                                                      \
    static void name(void **state)                                                                 \
    {                                                                                              \
        (void)state;                                                                               \
        refused_for(&(struct refusal_case){__VA_ARGS__});                                          \
    }
REFUSED_AS(released_to_another_is_told_by_the_arpf, HSS_DIMSI_ARPF, FAKE_SAYS, 409,
           "released-to-another", "released-to-another")
REFUSED_AS(a_revoked_part_number_is_told_by_the_arpf, HSS_DIMSI_ARPF, FAKE_SAYS, 422,
           "certificate-revoked", "certificate-revoked")
REFUSED_AS(a_refusal_without_a_name_is_one_all_the_same, HSS_DIMSI_ARPF, FAKE_SAYS, 422,
           "what-nobody-knows", "arpf-refused")
REFUSED_AS(an_endorsement_by_another_arpf_is_none, HSS_DIMSI_ARPF, FAKE_ROGUE, 0, "",
           "endorsement-signature")
REFUSED_AS(another_operator_holds_the_dimsi, HSS_DIMSI_DISCOVERY, FAKE_SAYS, 409, "dimsi-taken",
           "dimsi-taken")

static void what_was_refused_can_be_tried_once_more(void **state)
{
    struct hss_dimsi_change change;
    released_to_another_is_told_by_the_arpf(state);
    FAKE_SET(way[HSS_DIMSI_ARPF], FAKE_HONEST);
    assert_ok(tell(DIMSI_1, HSS_DIMSI_RETRY, &change));
    assert_true(change.changed);
    struct store_dimsi row = await_phase(DIMSI_1, STORE_DIMSI_PUSHED, 0);
    assert_string_equal(row.cause, "");
    assert_string_equal(row.imsi.digits, TEMP_1);
}

static void after_a_push_that_was_refused_nothing_is_left_with_others(void **state)
{
    another_operator_holds_the_dimsi(state);
    FAKE_SET(way[HSS_DIMSI_DISCOVERY], FAKE_HONEST);
    advance(1000);
    struct store_dimsi row = await_phase(DIMSI_1, STORE_DIMSI_REFUSED, 0);
    assert_string_equal(row.cause, "dimsi-taken");
    assert_false(row.delivered);
    const struct fake_delivery d = fake_delivery_now();
    assert_true(d.imsi[0] == '\0' || d.withdrawn);
}

static void an_endorsement_that_grew_old_is_renewed(void **state)
{
    (void)state;
    FAKE_SET(status, 422);
    FAKE_SET(problem, "endorsement-expired");
    FAKE_SET(way[HSS_DIMSI_DISCOVERY], FAKE_SAYS);
    (void)take_offer(0, device(0, DIMSI_1, 5, 1));
    struct store_dimsi row = dimsi_now(DIMSI_1);
    while (row.phase != STORE_DIMSI_ALLOCATED || (row.todo & STORE_DIMSI_RELEASE) == 0) {
        sched_yield();
        row = dimsi_now(DIMSI_1);
    }
    FAKE_SET(way[HSS_DIMSI_DISCOVERY], FAKE_HONEST);
    advance(1000 - 10);
    row = await_phase(DIMSI_1, STORE_DIMSI_PUSHED, 0);
    assert_string_equal(row.imsi.digits, TEMP_1); /* the same one */
    assert_false(is_subscriber(TEMP_2));
    assert_true(fake_number(&fake.asked[HSS_DIMSI_ARPF]) >= 2);
}

static void a_delivery_of_an_earlier_time_is_taken_back_first(void **state)
{
    (void)state;
    struct offered_one *one = device(0, DIMSI_1, 5, 1);
    struct fake_delivery earlier = {.imsi = TEMP_2};
    hex_encode(BYTES_OF(one->atk.se_digest), earlier.se);
    FAKE_SET(deliveries[0], earlier);
    (void)take_offer(0, one);
    AWAIT(dimsi_now(DIMSI_1).tries > 0);
    advance(10);
    struct store_dimsi row = await_phase(DIMSI_1, STORE_DIMSI_PUSHED, 0);
    assert_true(row.delivered);
    assert_int_equal(fake_number(&fake.deletes), 1);
}

/* What was refused is the delegation before; the one that came meanwhile has its own answer. */
static void a_refusal_of_an_offer_that_was_made_anew_since_ends_nothing(void **state)
{
    (void)state;
    FAKE_SET(status, 409);
    FAKE_SET(problem, "delegation-revoked");
    FAKE_SET(way[HSS_DIMSI_ARPF], FAKE_SAYS);
    FAKE_SET(holds, true);
    struct offered_one *one = device(0, DIMSI_1, 5, 1);
    (void)take_offer(0, one);
    for (bool held = false; !held; sched_yield()) {
        pthread_mutex_lock(&fake.lock);
        held = fake.held;
        pthread_mutex_unlock(&fake.lock);
    }
    const struct offered_one anew = offer_of(DIMSI_1, 5, 2);
    assert_int_equal(take_offer(0, &anew).cause, DIMSI_NONE);
    FAKE_SET(way[HSS_DIMSI_ARPF], FAKE_DOWN); /* the next try may come before it is looked at */
    FAKE_SET(holds, false);
    AWAIT(dimsi_now(DIMSI_1).tries > 0 || dimsi_now(DIMSI_1).phase == STORE_DIMSI_REFUSED);
    assert_int_equal(dimsi_now(DIMSI_1).phase, STORE_DIMSI_OFFERED);
    FAKE_SET(way[HSS_DIMSI_ARPF], FAKE_HONEST);
    advance(600);
    assert_int_equal(await_phase(DIMSI_1, STORE_DIMSI_PUSHED, 0).number, 2);
}

/*= test dimsi-entry-end */
static void what_is_owed_to_the_discovery_ausf_is_told_before_anything_new(void **state)
{
    struct hss_dimsi_change change;
    (void)state;
    (void)take_offer(0, device(0, DIMSI_1, 5, 1));
    (void)await_phase(DIMSI_1, STORE_DIMSI_PUSHED, 0);
    FAKE_SET(way[HSS_DIMSI_DISCOVERY], FAKE_DOWN);
    assert_ok(tell(DIMSI_1, HSS_DIMSI_WITHDRAW, &change));
    const struct dimsi_arrived a = take_offer(0, device(0, DIMSI_1, 6, 1));
    assert_true(a.taken && (a.row.todo & STORE_DIMSI_SPENT) != 0 && a.row.release == 1);
    const unsigned asked = fake_number(&fake.asked[HSS_DIMSI_ARPF]);
    AWAIT(dimsi_now(DIMSI_1).tries > 0);
    assert_int_equal(fake_number(&fake.asked[HSS_DIMSI_ARPF]), asked);
    assert_int_equal(fake_number(&fake.spents), 0);
    FAKE_SET(release, 2);
    FAKE_SET(way[HSS_DIMSI_DISCOVERY], FAKE_HONEST);
    advance(60);
    const struct store_dimsi row = await_phase(DIMSI_1, STORE_DIMSI_PUSHED, 0);
    assert_int_equal(row.release, 2);
    assert_int_equal(fake_number(&fake.spents), 1);
    assert_string_equal(fake.entries[0].imsi, TEMP_2);
}

static enum err remove_own(struct store_writer *w, struct dimsi_write *x)
{
    const struct imsi imsi = imsi_of(OWN_1);
    struct imsi dimsi = {.n = 0};
    (void)x;
    return hss_dimsi_removes(&hss, w, &imsi, &dimsi);
}

static void an_imsi_whose_row_was_forgotten_rests_when_its_subscriber_goes(void **state)
{
    struct hss_dimsi_change change;
    struct store_pool pool;
    const struct hssd_imsi_pool *range = &config.dimsi.operator_pools[0];
    struct dimsi_write x = {.d = hss.dimsi, .apply = remove_own};
    confirmed_and_used_all_that_came_from_ek_goes(state);
    x.d = hss.dimsi;
    assert_ok(tell(DIMSI_1, HSS_DIMSI_FORGET, &change));
    assert_true(is_subscriber(OWN_1));
    assert_ok(hss_dimsi_write(&x));
    assert_false(is_subscriber(OWN_1));
    assert_ok(store_read_pool(thread.reader, &range->first, &range->last, fake_unix(NULL), &pool));
    assert_int_equal(pool.total, pool.never_used + pool.resting + pool.ready);
    assert_int_equal(pool.resting, 1);
    assert_int_equal(hss_dimsi_write(&x), E_NOT_FOUND); /* of nobody, nothing rests */
}

/* As by a row of the same secure element that owed it to the RSMF for longer. */
static void a_delivery_that_somebody_else_took_back_is_brought_again(void **state)
{
    (void)state;
    (void)take_offer(0, device(0, DIMSI_1, 5, 1));
    (void)await_phase(DIMSI_1, STORE_DIMSI_PUSHED, 0);
    const unsigned puts = fake_number(&fake.puts);
    pthread_mutex_lock(&fake.lock);
    fake.deliveries[0].withdrawn = true;
    fake.deliveries[0].serial = ++fake.serial;
    pthread_mutex_unlock(&fake.lock);
    advance(2);
    AWAIT(fake_number(&fake.puts) > puts);
    assert_true(await_phase(DIMSI_1, STORE_DIMSI_PUSHED, 0).delivered);
    assert_false(fake_delivery_now().withdrawn);
}

/* The certificate with which this operator asks ran out: no offer ends for that. */
static void what_is_refused_for_who_asks_waits(void **state)
{
    (void)state;
    FAKE_SET(status, 403);
    FAKE_SET(problem, "client-expired");
    for (unsigned kind = HSS_DIMSI_ARPF; kind <= HSS_DIMSI_RSMF; kind++) {
        FAKE_SET(way[kind], FAKE_SAYS);
    }
    (void)take_offer(0, device(0, DIMSI_1, 5, 1));
    AWAIT(dimsi_now(DIMSI_1).tries > 0 || dimsi_now(DIMSI_1).phase == STORE_DIMSI_REFUSED);
    assert_string_equal(dimsi_now(DIMSI_1).cause, "arpf-silent");
    assert_string_equal(dimsi_now(DIMSI_1).detail, "arpf answers 403 client-expired");
    FAKE_SET(way[HSS_DIMSI_ARPF], FAKE_HONEST);
    advance(10);
    AWAIT(dimsi_now(DIMSI_1).phase == STORE_DIMSI_ALLOCATED && dimsi_now(DIMSI_1).tries > 0);
    assert_true(is_subscriber(TEMP_1));
    FAKE_SET(way[HSS_DIMSI_DISCOVERY], FAKE_HONEST);
    FAKE_SET(way[HSS_DIMSI_RSMF], FAKE_HONEST);
    advance(10);
    assert_string_equal(await_phase(DIMSI_1, STORE_DIMSI_PUSHED, 0).imsi.digits, TEMP_1);
}

static void waits_for(enum fake_way way, const char *cause)
{
    FAKE_SET(way[HSS_DIMSI_ARPF], way);
    (void)take_offer(0, device(0, DIMSI_1, 5, 1));
    AWAIT(dimsi_now(DIMSI_1).cause[0] != '\0');
    struct store_dimsi row = dimsi_now(DIMSI_1);
    assert_string_equal(row.cause, cause);
    assert_true(row.phase == STORE_DIMSI_OFFERED && row.tries > 0);
    assert_false(is_subscriber(TEMP_1));
}

static void bad_json_is_asked_for_again(void **state)
{
    (void)state;
    waits_for(FAKE_GARBAGE, "arpf-bad-answer");
}

/*= test dimsi-0e-secret */
static void a_box_for_somebody_else_is_not_opened(void **state)
{
    (void)state;
    waits_for(FAKE_OTHER_BOX, "not-opened");
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, dimsi_up, dimsi_down)
static int up_without_rsmf(void **state)
{
    without_rsmf = true;
    return dimsi_up(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_refusal_of_an_offer_that_was_made_anew_since_ends_nothing),
        CASE(what_is_owed_to_the_discovery_ausf_is_told_before_anything_new),
        CASE(a_delivery_that_somebody_else_took_back_is_brought_again),
        CASE(what_is_refused_for_who_asks_waits),
        CASE(an_imsi_whose_row_was_forgotten_rests_when_its_subscriber_goes),
        CASE(an_offer_becomes_an_imsi_that_the_device_installs_and_attaches_with),
        CASE(confirmed_and_used_all_that_came_from_ek_goes),
        CASE(used_before_it_was_confirmed_comes_to_the_same),
        cmocka_unit_test_setup_teardown(without_an_rsmf_the_temporary_subscription_stays,
                                        up_without_rsmf, dimsi_down),
        CASE(what_is_delivered_is_the_operators_own_subscription),
        CASE(the_same_offer_again_changes_nothing),
        CASE(another_provider_does_not_get_a_dimsi_that_is_under_way),
        CASE(a_new_token_begins_anew_and_what_the_old_one_had_ends),
        CASE(a_second_dimsi_of_a_secure_element_waits_until_the_first_has_ended),
        CASE(a_registration_that_is_no_news_any_more_changes_nothing),
        CASE(a_provider_has_as_many_waiting_as_it_may),
        CASE(released_to_another_is_told_by_the_arpf),
        CASE(a_revoked_part_number_is_told_by_the_arpf),
        CASE(a_refusal_without_a_name_is_one_all_the_same),
        CASE(an_endorsement_by_another_arpf_is_none),
        CASE(a_box_for_somebody_else_is_not_opened),
        CASE(another_operator_holds_the_dimsi),
        CASE(what_was_refused_can_be_tried_once_more),
        CASE(after_a_push_that_was_refused_nothing_is_left_with_others),
        CASE(an_endorsement_that_grew_old_is_renewed),
        CASE(a_delivery_of_an_earlier_time_is_taken_back_first),
        CASE(bad_json_is_asked_for_again),
    };
    dimsi_certificates();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    dimsi_certificates_gone();
    return failed;
}
