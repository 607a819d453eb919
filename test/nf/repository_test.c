/* Questions to repositories: who waits for them and how long, and what is said when nobody answers
 * (src/nf/hssd/repository.c, src/nf/hssd/repository_ask.c, src/nf/hssd/repository_changes.c). */
#include "nf/repository_world.h"

#define WAIT_MS 2000u

static struct hssd_config config = {.repositories = &world_config,
                                    .n_repositories = 1,
                                    .devid = {.cache_seconds = 3600,
                                              .unknown_seconds = 60,
                                              .stale_seconds = 86400,
                                              .changes_seconds = 30,
                                              .entries = 1000,
                                              .wait_ms = WAIT_MS,
                                              .queue = 4,
                                              .connections = 2}};
static struct repositories *all;

/* The pull that the time is ripe for has come to its end. */
static void pulled(void)
{
    struct repository_state s;
    WORLD_AWAIT((repositories_state(all, 0, &s), s.tried_ms == atomic_load(&world_ms)));
}

static int up(void **state)
{
    (void)state;
    struct verify_why why;
    world_anew();
    assert_ok(repositories_open(&config, &world_of_test, &all, &why));
    pulled();
    assert_int_equal(world_events("repository-up"), 1);
    return 0;
}

static int down(void **state)
{
    (void)state;
    WORLD_SET(held, false);
    repositories_quiesce(all);
    repositories_close(all);
    return 0;
}

static void move(uint64_t ms)
{
    atomic_fetch_add(&world_ms, ms);
    repositories_kick(all);
}

/* ---- one who asks ---- */

struct one {
    struct repository_inquiry q; /* first */
    atomic_bool done;
    struct devid_credential got;
};

static void on_done(struct repository_inquiry *q)
{
    struct one *o = (struct one *)q;
    atomic_store(&o->done, true);
}

static void take(struct one *o)
{
    repository_answer_credential(o->q.answer, &o->got);
    o->got.source = o->q.source;
    o->got.age = o->q.age;
}

static void begin(struct one *o, unsigned i)
{
    *o = (struct one){.q = {.imei = world_imei(i), .done = on_done}};
    if (repositories_ask(all, &o->q) == REPOSITORY_ANSWERED) {
        atomic_store(&o->done, true);
    }
}

static void end(struct one *o)
{
    WORLD_AWAIT(atomic_load(&o->done));
    take(o);
    repository_answer_release(o->q.answer);
}

/* Only status, cause, source and age are good afterwards. */
static struct devid_credential ask(unsigned i)
{
    struct one o;
    begin(&o, i);
    end(&o);
    return o.got;
}

#define SAYS(c, s, from)                                                                           \
    do {                                                                                           \
        struct devid_credential c_ = (c);                                                          \
        assert_int_equal(c_.status, s);                                                            \
        assert_int_equal(c_.source, from);                                                         \
    } while (0)
#define UNAVAILABLE(c, why)                                                                        \
    do {                                                                                           \
        struct devid_credential c_ = (c);                                                          \
        assert_int_equal(c_.status, DEVID_UNAVAILABLE);                                            \
        assert_string_equal(devid_cause_name(c_.cause), devid_cause_name(why));                    \
    } while (0)

/* ---- the cache ---- */

/*= test devid-7 devid-8 devid-cache */
static void a_binding_is_asked_for_once_and_then_comes_from_the_cache(void **state)
{
    (void)state;
    world_publish(1, false);
    SAYS(ask(1), DEVID_FOUND, DEVID_FROM_REPOSITORY);
    move(100000);
    struct devid_credential c = ask(1);
    SAYS(c, DEVID_FOUND, DEVID_FROM_CACHE);
    assert_int_equal(c.age, 100);
    assert_int_equal(WORLD_GET(asked), 1);
    move(3600 * 1000);
    SAYS(ask(1), DEVID_FOUND, DEVID_FROM_REPOSITORY);
    assert_int_equal(WORLD_GET(asked), 2);
}

/*= test devid-cache */
static void no_binding_is_kept_for_a_short_time(void **state)
{
    (void)state;
    SAYS(ask(2), DEVID_NONE, DEVID_FROM_REPOSITORY);
    move(59000);
    SAYS(ask(2), DEVID_NONE, DEVID_FROM_CACHE);
    move(1000);
    SAYS(ask(2), DEVID_NONE, DEVID_FROM_REPOSITORY);
    WORLD_SET(fails, E_CLOSED);
    move(60000);
    UNAVAILABLE(ask(2), DEVID_CAUSE_REPOSITORY_SILENT); /* an old "none" proves nothing */
}

/*= test devid-bounded */
static void while_nobody_answers_an_old_binding_does(void **state)
{
    (void)state;
    world_publish(3, false);
    SAYS(ask(3), DEVID_FOUND, DEVID_FROM_REPOSITORY);
    WORLD_SET(fails, E_AGAIN);
    move(3600 * 1000);
    struct devid_credential c = ask(3);
    SAYS(c, DEVID_FOUND, DEVID_FROM_STALE_CACHE);
    assert_int_equal(c.age, 3600);
    move(86400u * 1000);
    UNAVAILABLE(ask(3), DEVID_CAUSE_REPOSITORY_SILENT);
}

static void a_repository_that_refuses_is_not_stood_in_for(void **state)
{
    (void)state;
    world_publish(4, false);
    SAYS(ask(4), DEVID_FOUND, DEVID_FROM_REPOSITORY);
    move(3600 * 1000);
    WORLD_SET(status, 403);
    UNAVAILABLE(ask(4), DEVID_CAUSE_REPOSITORY_REFUSED);
    WORLD_SET(status, 503);
    SAYS(ask(4), DEVID_FOUND, DEVID_FROM_STALE_CACHE);
}

static void other_answers_have_their_causes_and_are_not_kept(void **state)
{
    (void)state;
    static const struct {
        unsigned status;
        const char *body;
        enum devid_cause cause;
    } cases[] = {{403, "", DEVID_CAUSE_REPOSITORY_REFUSED}, {429, "", DEVID_CAUSE_REPOSITORY_BUSY},
                 {503, "", DEVID_CAUSE_REPOSITORY_BUSY},    {500, "", DEVID_CAUSE_REPOSITORY_BAD},
                 {404, "", DEVID_CAUSE_REPOSITORY_BAD},     {301, "", DEVID_CAUSE_REPOSITORY_BAD},
                 {200, "{}", DEVID_CAUSE_REPOSITORY_BAD}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        WORLD_SET(body, cases[i].body);
        WORLD_SET(status, cases[i].status);
        UNAVAILABLE(ask(5), cases[i].cause);
    }
    WORLD_SET(fails, E_NO_ROOM);
    UNAVAILABLE(ask(5), DEVID_CAUSE_REPOSITORY_BAD);
    assert_int_equal(repositories_cached(all), 0);
}

/*= test devid-record */
static void a_record_that_a_stranger_signed_is_not_kept(void **state)
{
    (void)state;
    world_publish(6, false);
    WORLD_SET(signer, &world_stranger);
    UNAVAILABLE(ask(6), DEVID_CAUSE_RECORD_SIGNATURE);
    assert_int_equal(world_events("binding-disbelieved"), 1);
    WORLD_SET(signer, &world_maker);
    SAYS(ask(6), DEVID_FOUND, DEVID_FROM_REPOSITORY);
}

static void devices_that_no_repository_covers_are_nobodys(void **state)
{
    (void)state;
    struct one o = {.q = {.done = on_done}};
    assert_ok(imei_parse_transmitted(BYTES_LIT("49015420323751"), &o.q.imei));
    assert_int_equal(repositories_look(all, &o.q), REPOSITORY_ANSWERED);
    take(&o);
    repository_answer_release(o.q.answer);
    assert_int_equal(o.got.status, DEVID_NONE);
    assert_int_equal(WORLD_GET(asked), 0);
}

/* ---- waiting ---- */

static void however_many_wait_one_question_is_asked(void **state)
{
    (void)state;
    struct one o[3];
    world_publish(7, false);
    WORLD_SET(held, true);
    for (size_t i = 0; i < 3; i++) {
        begin(&o[i], 7);
    }
    WORLD_AWAIT(WORLD_GET(inside) == 1);
    WORLD_SET(held, false);
    for (size_t i = 0; i < 3; i++) {
        end(&o[i]);
        assert_int_equal(o[i].got.status, DEVID_FOUND);
    }
    assert_int_equal(WORLD_GET(asked), 1);
}

/*= test devid-bounded */
static void nobody_waits_longer_than_he_may(void **state)
{
    (void)state;
    struct one o[4];
    struct repository_state s;
    world_publish(8, false);
    WORLD_SET(held, true);
    for (unsigned i = 0; i < 4; i++) { /* two are asked, two wait behind them */
        begin(&o[i], 8 + i);
    }
    WORLD_AWAIT(WORLD_GET(inside) == 2);
    move(WAIT_MS - 1);
    repositories_state(all, 0, &s);
    assert_int_equal(s.waiting, 4);
    move(1);
    for (unsigned i = 0; i < 4; i++) {
        end(&o[i]);
        UNAVAILABLE(o[i].got, DEVID_CAUSE_REPOSITORY_SILENT);
    }
    WORLD_SET(held, false);
    WORLD_AWAIT(repositories_cached(all) == 2); /* who comes too late is kept all the same */
    assert_int_equal(WORLD_GET(asked), 2);      /* and who gave up is not asked about */
}

/*= test devid-bounded */
static void so_many_wait_and_no_more(void **state)
{
    (void)state;
    struct one o[5];
    WORLD_SET(held, true);
    for (unsigned i = 0; i < 5; i++) {
        begin(&o[i], 20 + i);
    }
    end(&o[4]);
    UNAVAILABLE(o[4].got, DEVID_CAUSE_REPOSITORY_BUSY);
    WORLD_SET(held, false);
    for (unsigned i = 0; i < 4; i++) {
        end(&o[i]);
        assert_int_equal(o[i].got.status, DEVID_NONE);
    }
}

/* ---- up and down ---- */

/*= test devid-bounded */
static void a_repository_that_is_down_is_not_waited_for_until_it_is_up_again(void **state)
{
    (void)state;
    struct repository_state s;
    world_publish(30, false);
    WORLD_SET(changes_fail, true);
    WORLD_SET(fails, E_AGAIN);
    for (unsigned i = 0; i < REPOSITORY_TRIES; i++) {
        UNAVAILABLE(ask(30 + i), DEVID_CAUSE_REPOSITORY_SILENT);
    }
    WORLD_AWAIT(world_events("repository-down") == 1);
    unsigned asked = WORLD_GET(asked);
    for (unsigned i = 0; i < 10; i++) {
        UNAVAILABLE(ask(40 + i), DEVID_CAUSE_REPOSITORY_SILENT);
    }
    assert_int_equal(WORLD_GET(asked), asked);
    repositories_state(all, 0, &s);
    assert_int_equal(s.state, REPOSITORY_DOWN);
    assert_int_equal(s.cause, DEVID_CAUSE_REPOSITORY_SILENT);
    WORLD_SET(fails, E_OK);
    move(REPOSITORY_BACKOFF_MS); /* tried, in vain */
    pulled();
    UNAVAILABLE(ask(30), DEVID_CAUSE_REPOSITORY_SILENT);
    WORLD_SET(changes_fail, false);
    move(REPOSITORY_BACKOFF_MOST);
    pulled();
    assert_int_equal(world_events("repository-up"), 2);
    SAYS(ask(30), DEVID_FOUND, DEVID_FROM_REPOSITORY);
    assert_int_equal(world_events("repository-down"), 1);
}

static void who_waits_in_the_queue_of_one_that_goes_down_is_told_at_once(void **state)
{
    (void)state;
    struct one o[4];
    WORLD_SET(changes_fail, true);
    WORLD_SET(fails, E_CLOSED);
    UNAVAILABLE(ask(50), DEVID_CAUSE_REPOSITORY_SILENT);
    WORLD_SET(held, true);
    for (unsigned i = 0; i < 4; i++) {
        begin(&o[i], 51 + i);
    }
    WORLD_AWAIT(WORLD_GET(inside) == 2);
    WORLD_SET(held, false);
    for (unsigned i = 0; i < 4; i++) {
        end(&o[i]);
        UNAVAILABLE(o[i].got, DEVID_CAUSE_REPOSITORY_SILENT);
    }
    assert_in_range(WORLD_GET(asked), 3, 4);
}

static void one_whose_changes_are_refused_is_down_and_says_why(void **state)
{
    (void)state;
    struct repository_state s;
    WORLD_SET(status, 403);
    move(30000);
    pulled();
    assert_int_equal(world_events("repository-down"), 1);
    repositories_state(all, 0, &s);
    assert_int_equal(s.cause, DEVID_CAUSE_REPOSITORY_REFUSED);
    WORLD_SET(status, 0);
    SAYS(ask(60), DEVID_NONE, DEVID_FROM_REPOSITORY); /* it is asked all the same */
    move(REPOSITORY_BACKOFF_MOST);
    pulled();
    assert_int_equal(world_events("repository-up"), 2);
}

/* ---- changes ---- */

/*= test devid-cache */
static void a_revocation_is_pulled_and_what_was_said_before_is_dropped(void **state)
{
    (void)state;
    uint64_t serial = world_publish(70, false);
    struct imei imei = world_imei(70);
    SAYS(ask(70), DEVID_FOUND, DEVID_FROM_REPOSITORY);
    move(30000);
    pulled();
    SAYS(ask(70), DEVID_FOUND, DEVID_FROM_CACHE); /* the change it is of itself */
    world_publish(70, true);
    move(30000);
    pulled();
    assert_int_equal(WORLD_GET(forgotten), 1);
    assert_true(repositories_revoked(all, &imei, serial));
    assert_false(repositories_revoked(all, &imei, serial + 1));
    SAYS(ask(70), DEVID_REVOKED, DEVID_FROM_REPOSITORY);
    SAYS(ask(70), DEVID_REVOKED, DEVID_FROM_CACHE);
    assert_int_equal(world_events("binding-revoked"), 1);
    struct repository_state s;
    repositories_state(all, 0, &s);
    assert_int_equal(s.cursor, 2);
    assert_true(s.changes == 2 && s.revoked == 1);
}

/*= test devid-cache */
static void an_answer_that_a_change_has_overtaken_is_not_kept(void **state)
{
    (void)state;
    struct one o;
    world_publish(71, false);
    WORLD_SET(held, true);
    begin(&o, 71);
    WORLD_AWAIT(WORLD_GET(inside) == 1);
    /* The question is out. A later record is told, and then the earlier one is answered. */
    world_publish(71, false);
    move(30000);
    pulled();
    struct repository_state s;
    WORLD_SET(n, 1);
    WORLD_SET(held, false);
    end(&o);
    WORLD_AWAIT(WORLD_GET(inside) == 0);
    WORLD_AWAIT((repositories_state(all, 0, &s), s.found == 1));
    WORLD_SET(n, 2);
    SAYS(ask(71), DEVID_FOUND, DEVID_FROM_REPOSITORY);
}

static void a_repository_has_no_say_in_devices_it_is_not_asked_about(void **state)
{
    (void)state;
    struct imei other;
    struct repository_state s;
    assert_ok(imei_parse_transmitted(BYTES_LIT("49015420323751"), &other));
    world_publish(75, true);
    pthread_mutex_lock(&world.lock);
    world.bindings[0].imei = other;
    pthread_mutex_unlock(&world.lock);
    move(30000);
    pulled();
    repositories_state(all, 0, &s);
    assert_true(s.cursor == 1 && s.changes == 0);
    assert_int_equal(WORLD_GET(forgotten), 0);
    assert_false(repositories_revoked(all, &other, 0));
}

static void changes_that_could_not_be_stored_are_pulled_again(void **state)
{
    (void)state;
    struct repository_state s;
    WORLD_SET(not_stored, E_BUSY);
    world_publish(72, true);
    move(30000);
    pulled();
    repositories_state(all, 0, &s);
    assert_int_equal(s.cursor, 0);
    WORLD_SET(not_stored, E_OK);
    move(REPOSITORY_BACKOFF_MOST);
    pulled();
    assert_int_equal(WORLD_GET(forgotten), 1);
    repositories_state(all, 0, &s);
    assert_int_equal(s.cursor, 1);
}

static void after_a_restart_changes_go_on_where_they_ended(void **state)
{
    struct verify_why why;
    struct repository_state s;
    world_publish(73, false);
    world_publish(74, true);
    WORLD_SET(cursor, 1);
    (void)down(state);
    assert_ok(repositories_open(&config, &world_of_test, &all, &why));
    pulled();
    repositories_state(all, 0, &s);
    assert_int_equal(s.cursor, 2);
    assert_int_equal(s.changes, 1);
    assert_int_equal(WORLD_GET(forgotten), 1);
}

/* From a backup, or another one of the same name. */
/*= test devid-cache */
static void one_that_was_set_back_is_taken_from_the_first(void **state)
{
    (void)state;
    struct repository_state s;
    for (unsigned i = 76; i < 80; i++) {
        world_publish(i, false);
        SAYS(ask(i), DEVID_FOUND, DEVID_FROM_REPOSITORY);
    }
    move(30000);
    pulled();
    WORLD_SET(n, 1); /* all but the first are lost */
    move(30000);
    pulled();
    assert_int_equal(world_events("repository-set-back"), 1);
    repositories_state(all, 0, &s);
    assert_true(s.cursor == 0 && s.state == REPOSITORY_UP);
    SAYS(ask(79), DEVID_NONE, DEVID_FROM_REPOSITORY);
    SAYS(ask(76), DEVID_FOUND, DEVID_FROM_REPOSITORY);
    /* A revocation below what was once taken is taken too, and once only. */
    world_publish(76, true);
    move(30000);
    pulled();
    assert_int_equal(WORLD_GET(forgotten), 1);
    SAYS(ask(76), DEVID_REVOKED, DEVID_FROM_REPOSITORY);
    move(30000);
    pulled();
    assert_int_equal(world_events("repository-set-back"), 1);
    repositories_state(all, 0, &s);
    assert_int_equal(s.cursor, 2);
}

/* ---- the end ---- */

static void an_orderly_end_lets_nobody_wait(void **state)
{
    (void)state;
    struct one o[3];
    WORLD_SET(held, true);
    for (unsigned i = 0; i < 3; i++) {
        begin(&o[i], 80 + i);
    }
    repositories_quiesce(all);
    for (unsigned i = 0; i < 3; i++) {
        end(&o[i]);
        UNAVAILABLE(o[i].got, DEVID_CAUSE_REPOSITORY_SILENT);
    }
    UNAVAILABLE(ask(84), DEVID_CAUSE_REPOSITORY_SILENT);
}

static void a_flush_makes_everything_be_asked_anew(void **state)
{
    (void)state;
    world_publish(90, false);
    SAYS(ask(90), DEVID_FOUND, DEVID_FROM_REPOSITORY);
    SAYS(ask(91), DEVID_NONE, DEVID_FROM_REPOSITORY);
    assert_int_equal(repositories_flush(all), 2);
    SAYS(ask(90), DEVID_FOUND, DEVID_FROM_REPOSITORY);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, up, down)
int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_binding_is_asked_for_once_and_then_comes_from_the_cache),
        CASE(no_binding_is_kept_for_a_short_time),
        CASE(while_nobody_answers_an_old_binding_does),
        CASE(a_repository_that_refuses_is_not_stood_in_for),
        CASE(other_answers_have_their_causes_and_are_not_kept),
        CASE(a_record_that_a_stranger_signed_is_not_kept),
        CASE(devices_that_no_repository_covers_are_nobodys),
        CASE(however_many_wait_one_question_is_asked),
        CASE(nobody_waits_longer_than_he_may),
        CASE(so_many_wait_and_no_more),
        CASE(a_repository_that_is_down_is_not_waited_for_until_it_is_up_again),
        CASE(who_waits_in_the_queue_of_one_that_goes_down_is_told_at_once),
        CASE(one_whose_changes_are_refused_is_down_and_says_why),
        CASE(a_revocation_is_pulled_and_what_was_said_before_is_dropped),
        CASE(an_answer_that_a_change_has_overtaken_is_not_kept),
        CASE(a_repository_has_no_say_in_devices_it_is_not_asked_about),
        CASE(changes_that_could_not_be_stored_are_pulled_again),
        CASE(after_a_restart_changes_go_on_where_they_ended),
        CASE(one_that_was_set_back_is_taken_from_the_first),
        CASE(an_orderly_end_lets_nobody_wait),
        CASE(a_flush_makes_everything_be_asked_anew),
    };
    world_keys();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    world_keys_gone();
    return failed;
}
