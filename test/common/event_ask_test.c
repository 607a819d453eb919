/* src/nf/common/event_ask.c: what GET /v1/events asks for, and which events are of that. */
#include "lib/check.h"

#include "nf/common/event_ask.h"

#include <stdlib.h>
#include <string.h>

/* ---- a way that asks for what the test says: "name=registered&wait=5" ---- */

static const char *query;
static char value[8][64];

static const char *parameter(const struct admin_call *c, const char *name)
{
    static unsigned turn;
    const size_t n = strlen(name);
    (void)c;
    for (const char *p = query; p != NULL; p = strchr(p, '&') != NULL ? strchr(p, '&') + 1 : NULL) {
        if (strncmp(p, name, n) == 0 && p[n] == '=') {
            char *to = value[turn++ % 8];
            snprintf(to, sizeof value[0], "%.*s", (int)strcspn(p + n + 1, "&"), p + n + 1);
            return to;
        }
    }
    return NULL;
}

static const char *nothing(const struct admin_call *c, const char *name)
{
    (void)c;
    (void)name;
    return NULL;
}

static const struct admin_way way = {parameter, nothing, nothing};
static struct admin_call call;

static struct event_ask *asked(const char *text, const struct admin_scope *scope)
{
    call = (struct admin_call){.way = &way, .method = "GET", .path = "/v1/events"};
    snprintf(call.who.name, sizeof call.who.name, "anna");
    call.who.scope = scope;
    query = text;
    struct event_ask *a = event_ask_new(&call);
    assert_non_null(a);
    return a;
}

static void let_go(struct event_ask *a)
{
    json_decref(call.answer);
    event_ask_free(a);
}

static bool wants(const char *text, const struct event_facts *e)
{
    struct event_ask *a = asked(text, NULL);
    assert_true(event_ask_read(a, 1000));
    bool is = event_ask_wants(a, e);
    let_go(a);
    return is;
}

/* ---- tests ---- */

static void all_that_is_asked_must_hold(void **state)
{
    (void)state;
    const struct event_facts e = {.at_ms = 1769860800000,
                                  .name = "refused",
                                  .imsi = "001010000000001",
                                  .imei = "35693803564380",
                                  .peer = "MME.example",
                                  .cause = "unknown-user"};
    static const char *const right[] = {"limit=1",
                                        "name=refused",
                                        "imsi=001010000000001",
                                        "imei=35693803564380",
                                        "imei=356938035643809",
                                        "peer=mme.EXAMPLE",
                                        "cause=unknown-user",
                                        "since=2026-01-31T12:00:00Z",
                                        "name=refused&cause=unknown-user&imsi=001010000000001"};
    static const char *const wrong[] = {"name=refuse",
                                        "imsi=00101000000000",
                                        "imei=35693803564398",
                                        "peer=mme",
                                        "peer=",
                                        "cause=Unknown-user",
                                        "since=2026-01-31T12:00:00.001Z",
                                        "name=refused&cause=x"};
    for (size_t i = 0; i < sizeof right / sizeof *right; i++) {
        assert_true(wants(right[i], &e));
    }
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_false(wants(wrong[i], &e));
    }
}

static void what_cannot_be_asked_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"imsi=12345",     "imsi=",      "imei=356938035643801",
                                      "imei=x",         "since=1",    "since=",
                                      "wait=0",         "wait=31",    "wait=x",
                                      "limit=0",        "limit=1001", "after=-1",
                                      "before=0",       "before=x",   "before=2&after=1",
                                      "before=2&wait=1"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct event_ask *a = asked(bad[i], NULL);
        assert_false(event_ask_read(a, 0));
        assert_int_equal(call.problem, PROBLEM_PARAMETER);
        let_go(a);
    }
    struct event_ask *a = asked("wait=30&after=7&limit=2", NULL);
    assert_true(event_ask_read(a, 1000));
    assert_int_equal(a->until_ms, 31000);
    assert_int_equal(a->after, 7);
    assert_int_equal(a->limit, 2);
    let_go(a);
}

/*= test op-api-scope */
static void whoever_has_a_scope_sees_what_is_about_his_subscriptions(void **state)
{
    (void)state;
    struct admin_imsi_range range;
    assert_ok(imsi_parse(BYTES_LIT("001010000000100"), &range.first));
    assert_ok(imsi_parse(BYTES_LIT("001010000000199"), &range.last));
    const struct admin_scope scope = {.ranges = &range, .n_ranges = 1};
    const struct event_facts his = {0, "a", "001010000000100", "", "", ""},
                             another = {0, "a", "001010000000200", "", "", ""},
                             nobodys = {0, "a", "", "", "", ""};
    struct event_ask *a = asked("", &scope);
    assert_true(event_ask_read(a, 0));
    assert_true(event_ask_wants(a, &his));
    assert_false(event_ask_wants(a, &another));
    assert_false(event_ask_wants(a, &nobodys));
    let_go(a);
    a = asked("imsi=001010000000200", &scope);
    assert_false(event_ask_read(a, 0));
    assert_int_equal(call.problem, PROBLEM_OUT_OF_SCOPE);
    let_go(a);
}

static void an_answer_has_what_was_taken_and_how_far_it_came(void **state)
{
    (void)state;
    struct event_ask *a = asked("limit=2", NULL);
    assert_true(event_ask_read(a, 0));
    assert_err(event_ask_take(a, NULL), E_MEMORY);
    assert_ok(event_ask_take(a, json_integer(1)));
    assert_false(event_ask_full(a));
    assert_ok(event_ask_take(a, json_integer(2)));
    assert_true(event_ask_full(a));
    a->after = 9;
    a->back = true; /* each is older than the one before it */
    assert_ok(event_ask_take(a, json_integer(0)));
    assert_int_equal(json_integer_value(json_array_get(a->found, 0)), 0);
    assert_int_equal(json_array_remove(a->found, 0), 0);
    event_ask_answer(a);
    assert_int_equal(call.status, 200);
    assert_int_equal(json_array_size(json_object_get(call.answer, "events")), 2);
    assert_int_equal(json_integer_value(json_object_get(call.answer, "next")), 9);
    let_go(a);
    event_ask_free(NULL);
}

/* A detail that was cut within a character must not stand in the way of the events behind it. */
static void a_text_that_is_no_utf8_is_shown_without_what_is_not_ascii(void **state)
{
    (void)state;
    json_t *v = admin_text_or_null("\xc3\xa4 whole");
    assert_string_equal(json_string_value(v), "\xc3\xa4 whole");
    json_decref(v);
    v = admin_text_or_null("x\xc3\xa4 cut \xc3");
    assert_string_equal(json_string_value(v), "x?? cut ?");
    json_decref(v);
    v = admin_text_or_null("");
    assert_true(json_is_null(v));
    json_decref(v);
}

static void times_are_read_strictly(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t ms;
    } good[] = {{"1970-01-01T00:00:00Z", 0},
                {"2026-01-31T12:00:00Z", 1769860800000},
                {"2026-01-31t12:00:00.25z", 1769860800250},
                {"2026-01-31T12:00:00.0001Z", 1769860800001},
                {"2026-01-31T13:30:00+01:30", 1769860800000},
                {"2026-01-31 11:00:00-01:00", 1769860800000},
                {"2016-12-31T23:59:60Z", 1483228800000},
                {"2024-02-29T00:00:00Z", 1709164800000}};
    static const char *const bad[] = {"",
                                      "2026-01-31",
                                      "2026-01-31T12:00:00",
                                      "2026-1-31T12:00:00Z",
                                      "2025-02-29T00:00:00Z",
                                      "2026-04-31T00:00:00Z",
                                      "2026-01-31T24:00:00Z",
                                      "2026-01-31T12:00:00.Z",
                                      "2026-01-31T12:00:00Zx",
                                      "2026-01-31T12:00:00+0100",
                                      "2026-01-31T12:00:00.1234567890123Z",
                                      "1969-12-31T23:59:59Z",
                                      " 2026-01-31T12:00:00Z"};
    int64_t ms = 0;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_ok(event_ask_time(good[i].text, &ms));
        assert_int_equal(ms, good[i].ms);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_err(event_ask_time(bad[i], &ms), E_BAD_VALUE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_that_is_asked_must_hold),
        cmocka_unit_test(what_cannot_be_asked_is_refused),
        cmocka_unit_test(whoever_has_a_scope_sees_what_is_about_his_subscriptions),
        cmocka_unit_test(an_answer_has_what_was_taken_and_how_far_it_came),
        cmocka_unit_test(a_text_that_is_no_utf8_is_shown_without_what_is_not_ascii),
        cmocka_unit_test(times_are_read_strictly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
