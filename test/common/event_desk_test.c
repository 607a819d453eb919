/* src/nf/common/event_desk.c: who waits for events, and how many. Calls as nf/common/admin_server.h
 * makes them, without a connection; the list of events is a number. */
#include "lib/check.h"

#include "nf/common/admin_share.h"
#include "nf/common/event_desk.h"

#include <stdlib.h>
#include <string.h>
#include <uv.h>

#define CALLS (EVENT_WAITERS + 8)

static struct world {
    uv_loop_t loop;
    struct event_desk *desk;
    uint64_t last; /* events are 1 to this, each by that name */
    unsigned wants, went_on, ends;
    enum err fails;
    struct admin_call calls[CALLS];
    struct event_ask *asks[CALLS];
    size_t n;
} w;

static const char *seconds; /* what is asked with */

static const char *parameter(const struct admin_call *c, const char *name)
{
    (void)c;
    return strcmp(name, "wait") == 0 ? seconds : NULL;
}

static const char *nothing(const struct admin_call *c, const char *name)
{
    (void)c;
    (void)name;
    return NULL;
}

static const struct admin_way way = {parameter, nothing, nothing};

static enum err look(void *ctx, struct event_ask *a, bool *all)
{
    (void)ctx;
    for (; a->after < w.last && !event_ask_full(a); a->after++) {
        if (event_ask_take(a, json_integer((json_int_t)a->after + 1)) != E_OK) {
            return E_MEMORY;
        }
    }
    *all = true;
    return w.fails;
}

static void want(void *ctx)
{
    (void)ctx;
    w.wants++;
}

static void go_on(void *ctx, struct admin_call *c)
{
    (void)ctx;
    w.went_on += c != NULL;
    w.ends += c == NULL;
}

static int open_desk(void **state)
{
    static const struct event_desk_options options = {.look = look, .want = want, .go_on = go_on};
    (void)state;
    w = (struct world){.desk = NULL};
    seconds = "30";
    return uv_loop_init(&w.loop) == 0 && event_desk_open(&options, &w.loop, &w.desk) == E_OK ? 0
                                                                                             : -1;
}

static int close_desk(void **state)
{
    (void)state;
    event_desk_release(w.desk);
    event_desk_close(w.desk);
    for (size_t i = 0; i < w.n; i++) {
        assert_int_equal(w.calls[i].phase, ADMIN_ANSWERED);
        json_decref(w.calls[i].answer);
        event_ask_free(w.asks[i]);
    }
    return uv_loop_close(&w.loop);
}

/* https: something that is not NULL, as over HTTPS. */
static struct admin_call *ask(const char *who, bool https)
{
    assert_true(w.n < CALLS);
    struct admin_call *c = &w.calls[w.n];
    *c = (struct admin_call){.way = &way, .https = https ? (void *)&w : NULL};
    snprintf(c->who.name, sizeof c->who.name, "%s", who);
    event_desk_list(w.desk, c, &w.asks[w.n++]);
    return c;
}

static void wake(void)
{
    w.last++;
    event_desk_wake(w.desk);
}

static void run_until_answered(const struct admin_call *c)
{
    while (c->phase != ADMIN_ANSWERED) {
        (void)uv_run(&w.loop, UV_RUN_ONCE);
    }
}

static size_t events_in(const struct admin_call *c)
{
    return json_array_size(json_object_get(c->answer, "events"));
}

/*= test op-events-follow */
static void all_who_wait_are_answered_when_something_comes(void **state)
{
    (void)state;
    const struct admin_call *a = ask("anna", true), *b = ask("bert", false);
    assert_int_equal(a->phase, ADMIN_WAITING);
    assert_int_equal(b->phase, ADMIN_WAITING);
    assert_int_equal(w.wants, 2);
    wake();
    run_until_answered(a);
    assert_int_equal(events_in(a), 1);
    assert_int_equal(b->phase, ADMIN_ANSWERED);
    assert_int_equal(w.went_on, 2);
    assert_int_equal(w.ends, 1);
    assert_int_equal(ask("anna", true)->phase, ADMIN_ANSWERED); /* there is one */
}

static void who_does_not_wait_or_waited_long_enough_has_his_empty_answer(void **state)
{
    (void)state;
    seconds = NULL;
    assert_int_equal(ask("anna", true)->phase, ADMIN_ANSWERED);
    assert_int_equal(w.wants, 0);
    seconds = "1";
    const struct admin_call *c = ask("anna", true);
    run_until_answered(c);
    assert_int_equal(c->status, 200);
    assert_int_equal(events_in(c), 0);
}

static void what_fails_under_way_is_said(void **state)
{
    (void)state;
    const struct admin_call *c = ask("anna", true);
    w.fails = E_IO;
    wake();
    run_until_answered(c);
    assert_int_equal(c->problem, PROBLEM_STORE_FAILED);
    w.fails = E_MEMORY;
    assert_int_equal(ask("anna", true)->problem, PROBLEM_NO_MEMORY);
}

static void busy(const struct admin_call *c, const char *words)
{
    assert_int_equal(c->phase, ADMIN_ANSWERED);
    assert_int_equal(c->problem, PROBLEM_BUSY);
    assert_int_equal(c->status, 503); /* which comes with Retry-After */
    const char *detail = json_string_value(json_object_get(c->answer, "detail"));
    assert_non_null(detail);
    assert_non_null(strstr(detail, words));
}

/*= test op-events-follow */
static void one_who_holds_many_leaves_places_for_others_and_the_socket(void **state)
{
    (void)state;
    static const char *const people[] = {"anna", "bert", "carl"};
    const unsigned most = (unsigned)admin_share_most(EVENT_WAITERS);
    for (size_t p = 0; p < 3; p++) {
        for (unsigned i = 0; i < most; i++) {
            assert_int_equal(ask(people[p], true)->phase, ADMIN_WAITING);
        }
        busy(ask(people[p], true), people[p]);
    }
    busy(ask("dora", true), "24 requests wait"); /* the rest is the socket's */
    for (unsigned i = 0; i < most; i++) {
        assert_int_equal(ask("unix:root", false)->phase, ADMIN_WAITING);
    }
    busy(ask("unix:root", false), "unix:root");
    busy(ask("unix:other", false), "32 requests wait");
    wake();
    run_until_answered(&w.calls[0]);
    seconds = "30";
    w.last = 0; /* and there is room again */
    w.n--;
    json_decref(w.calls[w.n].answer);
    event_ask_free(w.asks[w.n]);
    assert_int_equal(ask("dora", true)->phase, ADMIN_WAITING);
}

static void nobody_waits_once_it_is_released(void **state)
{
    (void)state;
    const struct admin_call *c = ask("anna", true);
    event_desk_release(w.desk);
    assert_int_equal(c->phase, ADMIN_ANSWERED);
    assert_int_equal(ask("anna", true)->phase, ADMIN_ANSWERED);
    event_desk_release(NULL);
    event_desk_close(NULL);
}

#define AT_A_DESK(test) cmocka_unit_test_setup_teardown(test, open_desk, close_desk)
int main(void)
{
    const struct CMUnitTest tests[] = {
        AT_A_DESK(all_who_wait_are_answered_when_something_comes),
        AT_A_DESK(who_does_not_wait_or_waited_long_enough_has_his_empty_answer),
        AT_A_DESK(what_fails_under_way_is_said),
        AT_A_DESK(one_who_holds_many_leaves_places_for_others_and_the_socket),
        AT_A_DESK(nobody_waits_once_it_is_released),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
