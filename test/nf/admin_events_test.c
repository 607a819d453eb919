/* GET /v1/events: filters, bounds and waiting (src/nf/hssd/admin_events.c,
 * src/nf/hssd/event_feed.c). */
#include "nf/admin_world.h"

#include "nf/hssd/admin_events.h"
#include "nf/hssd/event_feed.h"
#include "store/store.h"

#include <poll.h>
#include <time.h>

#define MANY  (EVENT_LOOK + 1000)
#define BEGUN 1700000000000 /* of the events that are there at first, one each second */

/* MANY events: IMSIs and IMEIs take turns of 100, peers of 7, causes of 2; two names. */
static void fill(void)
{
    struct store_options o = {.create = true};
    char path[64], kek[64];
    struct store *s = NULL;
    struct store_why why;
    snprintf(path, sizeof path, "%s/hss.db", folder);
    snprintf(kek, sizeof kek, "%s/hss.key", folder);
    o.path = path;
    o.kek_path = kek;
    assert_ok(store_open(&o, &s, &why));
    struct store_writer *w = store_the_writer(s);
    assert_ok(store_begin(w));
    for (unsigned i = 1; i <= MANY; i++) {
        struct store_event e = {.at_ms = BEGUN + (int64_t)i * 1000};
        snprintf(e.name, sizeof e.name, i == MANY - 1 ? "rare" : "registered");
        snprintf(e.imsi, sizeof e.imsi, "0010100000000%02u", i % 100);
        snprintf(e.imei, sizeof e.imei, "356938035643%02u", i % 100);
        snprintf(e.peer, sizeof e.peer, "MME%u.example.net", i % 7);
        snprintf(e.cause, sizeof e.cause, i % 2 == 0 ? "even" : "odd");
        assert_ok(store_add_event(w, &e, 100000));
    }
    assert_ok(store_commit(w));
    store_close(s);
}

static int start_full(void **state)
{
    (void)state;
    make_folder();
    write_file("hssd.yaml", config_text);
    write_file("hss.key", "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n");
    fill();
    return launch();
}

static json_t *page(const char *query, json_int_t *next)
{
    char path[256];
    json_t *json = NULL;
    snprintf(path, sizeof path, "/v1/events?%s", query);
    if (ask("GET", path, "", &json) != 200) {
        fail_msg("%s: %s", query, answer);
    }
    *next = json_integer_value(json_object_get(json, "next"));
    json_t *events = json_incref(json_object_get(json, "events"));
    json_decref(json);
    return events;
}

static size_t found(const char *query, json_int_t *next)
{
    json_t *events = page(query, next);
    const size_t n = json_array_size(events);
    json_decref(events);
    return n;
}

static json_int_t newest(void)
{
    json_int_t next = 0;
    char query[48] = "limit=1000&after=0";
    while (found(query, &next) > 0) {
        snprintf(query, sizeof query, "limit=1000&after=%lld", (long long)next);
    }
    return next;
}

/*= test op-events-follow */
static void each_filter_chooses_and_all_must_hold(void **state)
{
    (void)state;
    json_int_t next = 0;
    json_t *events = page("imsi=001010000000042&limit=1000", &next);
    assert_int_equal(json_array_size(events), EVENT_LOOK / 100 + 1);
    assert_int_equal(json_integer_value(json_object_get(json_array_get(events, 1), "id")), 142);
    json_decref(events);
    assert_int_equal(found("imei=35693803564342&limit=2", &next), 2);
    assert_int_equal(next, 142);
    assert_int_equal(found("peer=mme3.EXAMPLE.net&limit=1", &next), 1);
    assert_int_equal(next, 3);
    assert_int_equal(found("cause=odd&imsi=001010000000042&limit=1000", &next), 0);
    assert_int_equal(found("cause=even&imsi=001010000000042&limit=5", &next), 5);
    assert_int_equal(found("name=rare", &next), 1);
    assert_int_equal(next, MANY - 1);
    assert_int_equal(found("name=rare&cause=nothing", &next), 0);
    assert_int_equal(next, MANY - 1);
}

static void the_newest_come_first_when_asked_for_those_before_one(void **state)
{
    (void)state;
    json_int_t next = 0;
    char query[96];
    json_t *events = page("before=922337203685477580&limit=2&imsi=001010000000042", &next);
    assert_int_equal(json_array_size(events), 2);
    const json_int_t older = json_integer_value(json_object_get(json_array_get(events, 0), "id")),
                     newer = json_integer_value(json_object_get(json_array_get(events, 1), "id"));
    assert_int_equal(newer, older + 100); /* every hundredth is of that one */
    assert_true(newer + 100 > MANY);
    assert_int_equal(next, older);
    json_decref(events);
    snprintf(query, sizeof query, "before=%lld&limit=1&imsi=001010000000042", (long long)next);
    assert_int_equal(found(query, &next), 1);
    assert_int_equal(next, older - 100);
    assert_int_equal(found("before=1", &next), 0);
    assert_int_equal(next, 1);
    assert_int_equal(found("before=922337203685477580&name=rare", &next), 1);
    assert_int_equal(found("before=922337203685477580&imsi=001010000000999", &next), 0);
    assert_true(next > 1); /* it looks at no more than a request may, and says how far it came */
}

static void one_request_looks_at_so_many_rows_and_the_next_goes_on(void **state)
{
    (void)state;
    json_int_t next = 0;
    assert_int_equal(found("imsi=001010000000999&limit=1000", &next), 0);
    assert_int_equal(next, EVENT_LOOK);
    assert_int_equal(found("since=2023-11-14T23:38:14.5Z&limit=1", &next), 0);
    assert_int_equal(next, EVENT_LOOK);
    char query[96];
    snprintf(query, sizeof query, "since=2023-11-14T23:38:14.5Z&limit=1&after=%lld",
             (long long)next);
    json_t *events = page(query, &next); /* 5095 seconds behind the begin is 23:38:15 */
    const char *at = json_string_value(json_object_get(json_array_get(events, 0), "time"));
    assert_non_null(at);
    assert_string_equal(at, "2023-11-14T23:38:15.000Z");
    json_decref(events);
    snprintf(query, sizeof query, "after=%lld", (long long)newest());
    assert_int_equal(found(query, &next), 0);
    assert_int_equal(next, newest());
}

static void what_cannot_be_asked_is_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {"imsi=12345", "imsi=",    "imei=356938035643801",
                                        "imei=x",     "since=1",  "since=2026-02-30T00:00:00Z",
                                        "since=",     "wait=0",   "wait=31",
                                        "wait=x",     "after=-1", "filter=1"};
    char path[96];
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        snprintf(path, sizeof path, "/v1/events?%s", wrong[i]);
        expect_problem("bad-parameter", "GET", path, "");
    }
}

/* Nothing that the next test waits for is still to come. */
static void remove_one(size_t removed_before)
{
    expect(204, "DELETE", ONE, "");
    (void)await_event("subscriber-removed", removed_before);
}

/* A question that waits: its connection. */
static int waiting(const char *filter, unsigned seconds)
{
    char path[160];
    snprintf(path, sizeof path, "/v1/events?after=%lld&wait=%u%s", (long long)newest(), seconds,
             filter);
    int fd = send_request("GET", path, "", "");
    struct pollfd p = {.fd = fd, .events = POLLIN};
    assert_int_equal(poll(&p, 1, 50), 0); /* it does not answer at once */
    return fd;
}

/*= test op-events-follow */
static void who_waits_is_told_as_soon_as_something_comes(void **state)
{
    (void)state;
    json_t *json = NULL;
    int fd = waiting("", 30);
    expect(201, "PUT", ONE, "{" KEYS "}");
    assert_int_equal(receive_answer(fd, &json), 200);
    const json_t *event = json_array_get(json_object_get(json, "events"), 0);
    assert_string_equal(json_string_value(json_object_get(event, "name")), "subscriber-added");
    assert_int_equal(json_integer_value(json_object_get(json, "next")),
                     json_integer_value(json_object_get(event, "id")));
    json_decref(json);
    assert_int_equal(ask("GET", "/v1/events?wait=30&limit=1", "", &json), 200); /* there is one */
    assert_int_equal(json_array_size(json_object_get(json, "events")), 1);
    json_decref(json);
    remove_one(0);
}

static void what_is_not_wanted_wakes_nobody(void **state)
{
    (void)state;
    json_t *json = NULL;
    int fd = waiting("&name=device-added", 30), other = waiting("&imsi=001010000000001&cause=x", 5);
    expect(201, "PUT", ONE, "{" KEYS "}");
    await_event("subscriber-added", 1);
    assert_int_equal(receive_answer(other, &json), 200); /* its time is up */
    assert_int_equal(json_array_size(json_object_get(json, "events")), 0);
    assert_int_equal(json_integer_value(json_object_get(json, "next")), newest());
    json_decref(json);
    struct pollfd p = {.fd = fd, .events = POLLIN};
    assert_int_equal(poll(&p, 1, 100), 0);
    expect(201, "PUT", ONE "/devices/35693803564380", "{}");
    assert_int_equal(receive_answer(fd, &json), 200);
    assert_int_equal(json_array_size(json_object_get(json, "events")), 1);
    json_decref(json);
    remove_one(1);
}

static void so_many_may_wait_and_no_more(void **state)
{
    (void)state;
    int fds[EVENT_WAITERS];
    char path[96];
    json_t *json = NULL;
    snprintf(path, sizeof path, "/v1/events?after=%lld&wait=30", (long long)newest());
    for (unsigned i = 0; i < EVENT_WAITERS; i++) {
        fds[i] = send_request("GET", path, "", "");
        struct pollfd p = {.fd = fds[i], .events = POLLIN};
        assert_int_equal(poll(&p, 1, 20), 0);
    }
    expect_problem("busy", "GET", path, "");
    assert_non_null(strstr(answer, "Retry-After: "));
    expect(200, "GET", "/v1/status", ""); /* others have their answers */
    expect(201, "PUT", ONE, "{" KEYS "}");
    for (unsigned i = 0; i < EVENT_WAITERS; i++) {
        assert_int_equal(receive_answer(fds[i], &json), 200);
        assert_int_equal(json_array_size(json_object_get(json, "events")), 1);
        json_decref(json);
    }
    remove_one(2);
}

static void who_waits_has_his_answer_when_the_hss_stops(void **state)
{
    (void)state;
    json_t *json = NULL;
    const json_int_t before = newest();
    int fd = waiting("&name=nothing", 30), left = waiting("", 30);
    close(left); /* and nobody minds who is gone */
    assert_int_equal(halt(), 0);
    assert_int_equal(receive_answer(fd, &json), 200);
    assert_int_equal(json_integer_value(json_object_get(json, "next")), before);
    json_decref(json);
    assert_int_equal(launch(), 0);
}

static void count(void *ctx)
{
    ++*(unsigned *)ctx;
}

static void a_wake_comes_once_for_each_that_wants_it(void **state)
{
    (void)state;
    struct event_feed *f = NULL;
    unsigned first = 0, second = 0;
    struct event_watcher a = {.wake = count, .ctx = &first}, b = {.wake = count, .ctx = &second};
    assert_ok(event_feed_open(&f));
    event_feed_watch(f, &a);
    event_feed_watch(f, &b);
    event_feed_tell(f);
    assert_int_equal(first + second, 0);
    event_feed_want(f, &a);
    event_feed_tell(f);
    event_feed_tell(f);
    assert_int_equal(first, 1);
    assert_int_equal(second, 0);
    event_feed_want(f, &a);
    event_feed_want(f, &b);
    event_feed_leave(f, &a);
    event_feed_tell(f);
    assert_int_equal(first, 1);
    assert_int_equal(second, 1);
    event_feed_leave(f, &b);
    event_feed_close(f);
    event_feed_tell(NULL);
    event_feed_want(NULL, &a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_filter_chooses_and_all_must_hold),
        cmocka_unit_test(the_newest_come_first_when_asked_for_those_before_one),
        cmocka_unit_test(one_request_looks_at_so_many_rows_and_the_next_goes_on),
        cmocka_unit_test(what_cannot_be_asked_is_refused),
        cmocka_unit_test(who_waits_is_told_as_soon_as_something_comes),
        cmocka_unit_test(what_is_not_wanted_wakes_nobody),
        cmocka_unit_test(so_many_may_wait_and_no_more),
        cmocka_unit_test(who_waits_has_his_answer_when_the_hss_stops),
        cmocka_unit_test(a_wake_comes_once_for_each_that_wants_it),
    };
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, start_full, stop);
}
