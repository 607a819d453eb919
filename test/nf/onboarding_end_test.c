/* Subscriptions that nobody used, and how many IMSIs are left (src/nf/hssd/onboarding_end.c). */
#include "nf/onboard_world.h"

/* The sweep that is due now, and what it changed. */
static void sweeps(void)
{
    hss.onboarding->sweep_ms = 0;
    onboarding_tick(&hss);
    (void)events("none", NULL); /* the writer has done it */
    while (atomic_load(&hss.onboarding->sweeping)) {
        sched_yield();
    }
}

static void ends_at_once(void)
{
    config.onboarding.pending_seconds = 0;
    config.onboarding.quarantine_seconds = 0;
}

/*= test certattach-expiry */
static void what_was_never_used_ends_and_its_imsi_rests(void **state)
{
    (void)state;
    struct thing *t = thing_make(1);
    struct store_onboarding row;
    struct imsi imsi = imsi_of(IMSI_FIRST);
    struct store_subscriber s;
    config.onboarding.pending_seconds = 0;
    (void)gets(t);
    sweeps();
    assert_ok(row_now("maker", t, &row));
    assert_int_equal(row.phase, CERTATTACH_PHASE_EXPIRED);
    assert_false(row.has_imsi);
    assert_err(store_read_subscriber(thread.reader, &imsi, &s), E_NOT_FOUND);
    assert_int_equal(events("onboarding-expired", NULL), 1);
    assert_int_equal(counted(&hss.counters.onboarding_expired), 1);
    struct store_pool p = pools_now();
    assert_int_equal(p.resting, 1);
    assert_int_equal(p.never_used, 9);
    config.onboarding.pending_seconds = 1000;
    assert_string_equal(gets(t).imsi.digits, "001010000500001"); /* another one: that rests */
    sweeps();
    assert_int_equal(phase_now("maker", t), CERTATTACH_PHASE_PENDING);
}

/*= test certattach-expiry */
static void an_imsi_that_rested_comes_back_and_with_other_keys(void **state)
{
    (void)state;
    ends_at_once();
    struct certattach_profile first = gets(thing_make(1)), second;
    sweeps();
    config.onboarding.pending_seconds = 1000;
    second = gets(thing_make(2));
    assert_true(imsi_eq(&first.imsi, &second.imsi));
    assert_memory_not_equal(first.keys.k.b, second.keys.k.b, 16);
}

static void what_was_used_in_time_does_not_end(void **state)
{
    (void)state;
    struct thing *t = thing_make(1);
    ends_at_once();
    config.onboarding.policy = BINDING_OPEN;
    (void)gets(t);
    assert_int_equal(ulr(0, IMSI_FIRST, t->imei.digits, 0, NULL), DIAMETER_SUCCESS);
    sweeps();
    assert_int_equal(phase_now("maker", t), CERTATTACH_PHASE_ACTIVE);
    assert_int_equal(events("onboarding-expired", NULL), 0);
}

/* A registration that is on its way through the writer. */
static struct {
    struct writer_job job; /* first */
    pthread_mutex_t lock;
} gate = {.lock = PTHREAD_MUTEX_INITIALIZER};

static enum err gate_run(struct store_writer *w, struct writer_job *job)
{
    struct imsi imsi = imsi_of(IMSI_FIRST);
    (void)job;
    pthread_mutex_lock(&gate.lock);
    pthread_mutex_unlock(&gate.lock);
    return store_onboarding_used(w, &imsi, 1);
}

static void gate_done(struct writer_job *job)
{
    (void)job;
}

static void one_that_is_used_while_the_sweep_looks_is_left_alone(void **state)
{
    (void)state;
    struct thing *t = thing_make(1);
    ends_at_once();
    (void)gets(t);
    (void)events("none", NULL);
    hss.onboarding->sweep_ms = 0;
    pthread_mutex_lock(&gate.lock); /* the writer has something to do while the sweep looks */
    gate.job.run = gate_run;
    gate.job.done = gate_done;
    assert_ok(writer_submit(hss.writer, &gate.job));
    onboarding_tick(&hss);
    pthread_mutex_unlock(&gate.lock);
    (void)events("none", NULL);
    assert_int_equal(phase_now("maker", t), CERTATTACH_PHASE_ACTIVE);
}

static void a_sweep_takes_a_batch_and_goes_on(void **state)
{
    (void)state;
    static const struct imsi last = {15, "001010000599999"};
    const unsigned many = ONBOARDING_SWEEP_BATCH + 20;
    struct store_writer *w = store_the_writer(hss.store);
    struct imsi imsi;
    enum store_did did;
    config.onboarding.pools[0].last = last;
    assert_ok(store_begin(w));
    for (unsigned i = 0; i < many; i++) {
        struct store_onboarding row = {.key = {.authority = "maker"},
                                       .phase = CERTATTACH_PHASE_PENDING,
                                       .imei = thing_imei(i),
                                       .has_imsi = true,
                                       .first = 1,
                                       .changed = 1,
                                       .expires = 1000};
        snprintf(row.key.id, sizeof row.key.id, "many-%u", i);
        assert_ok(store_take_imsi(w, &config.onboarding.pools[0].first, &last, 1000, &imsi));
        struct store_subscriber s = {.imsi = imsi, .keys = keys_a, .profile = "default"};
        row.imsi = imsi;
        assert_ok(store_put_subscriber(w, STORE_INSERT, &s, &did));
        assert_ok(store_put_onboarding(w, &row));
    }
    assert_ok(store_commit(w));
    sweeps();
    assert_int_equal(counted(&hss.counters.onboarding_expired), ONBOARDING_SWEEP_BATCH);
    assert_true(hss.onboarding->sweep_ms <= hssd_monotonic_ms()); /* at once, there may be more */
    sweeps();
    assert_int_equal(counted(&hss.counters.onboarding_expired), many);
    assert_true(hss.onboarding->sweep_ms > hssd_monotonic_ms());
    onboarding_tick(&hss); /* it is not due */
    assert_int_equal(pools_now().resting, many);
}

static void whoever_serves_one_that_ends_is_told(void **state)
{
    (void)state;
    struct thing *t = thing_make(1);
    struct store_writer *w = store_the_writer(hss.store);
    struct store_serving now = {.host = MME1, .realm = REALM, .since = 1}, before;
    struct imsi imsi = imsi_of(IMSI_FIRST);
    const struct route route = {.peer = peer_states[0], .thread = &thread, .conn = 1};
    assert_ok(routes_add(hss.routes, &route));
    ends_at_once();
    (void)gets(t);
    (void)events("none", NULL);
    assert_ok(store_begin(w));
    assert_ok(store_set_serving(w, &imsi, &now, NULL, &before));
    assert_ok(store_commit(w));
    sweeps();
    while (thread.requests == 0) {
        pump_one();
    }
    struct s6a_clr clr = clr_sent();
    assert_true(bytes_eq(clr.request.user_name, bytes_of_str(IMSI_FIRST)));
    assert_int_equal(clr.cancellation_type.v, S6A_SUBSCRIPTION_WITHDRAWAL);
}

/*= test certattach-pool */
static void a_pool_that_runs_low_is_an_alarm_once_for_each_crossing(void **state)
{
    (void)state;
    config.onboarding.pool_low_percent = 30; /* of ten */
    for (unsigned i = 0; i < 7; i++) {
        (void)gets(thing_make(i));
    }
    sweeps();
    assert_int_equal(events("onboarding-pool-low", NULL), 0); /* three are left */
    (void)gets(thing_make(7));
    sweeps();
    sweeps();
    assert_int_equal(events("onboarding-pool-low", NULL), 1);
    (void)gets(thing_make(8));
    (void)gets(thing_make(9));
    sweeps();
    assert_int_equal(events("onboarding-pool-empty", NULL), 1);
    assert_true(refused_for(thing_make(10), CERTATTACH_POOL_EMPTY));
    assert_int_equal(events("onboarding-pool-empty", NULL), 1);
    static const struct imsi last = {15, "001010000500099"};
    config.onboarding.pools[0].last = last; /* the operator adds some */
    sweeps();
    config.onboarding.pools[0].last = imsi_of(IMSI_LAST);
    sweeps();
    assert_int_equal(events("onboarding-pool-empty", NULL), 2);
    assert_int_equal(events("onboarding-pool-low", NULL), 1);
}

static void where_nothing_is_offered_any_more_what_was_begun_ends_all_the_same(void **state)
{
    (void)state;
    struct thing *t = thing_make(1);
    ends_at_once();
    (void)gets(t);
    onboard_stop();
    config.onboarding.n_authorities = 0;
    config.onboarding.n_pools = 0;
    hss_start();
    onboard_begin();
    assert_null(hss.onboarding->pool);
    (void)carry(0, ecr_of(0, thing_asks(t, HERE), &t->imei, HERE));
    assert_int_equal(thread.sent[4] & 0x20, 0x20); /* a protocol error: S13 is not spoken here */
    assert_int_equal(onboarding_waiting(hss.onboarding), 0);
    sweeps();
    assert_int_equal(phase_now("maker", t), CERTATTACH_PHASE_EXPIRED);
    assert_int_equal(onboarding_ready(&config, 5), 5);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, onboard_up, onboard_down)
int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(what_was_never_used_ends_and_its_imsi_rests),
        CASE(an_imsi_that_rested_comes_back_and_with_other_keys),
        CASE(what_was_used_in_time_does_not_end),
        CASE(one_that_is_used_while_the_sweep_looks_is_left_alone),
        CASE(a_sweep_takes_a_batch_and_goes_on),
        CASE(whoever_serves_one_that_ends_is_told),
        CASE(a_pool_that_runs_low_is_an_alarm_once_for_each_crossing),
        CASE(where_nothing_is_offered_any_more_what_was_begun_ends_all_the_same),
    };
    onboard_keys();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    onboard_keys_gone();
    return failed;
}
