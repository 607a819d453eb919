/* The list of events: bounded, in order, and no kind can push the others out. */
#include "nf/mmed/events.h"

#include "lib/check.h"
#include <stdio.h>
#include <string.h>

static void add(struct mmed_events *e, const char *name, const char *cause)
{
    events_add(e, name, NULL, NULL, cause, NULL);
}

static unsigned count(struct mmed_events *e, const char *cause)
{
    struct mmed_event_row row;
    unsigned n = 0;
    uint64_t after = 0;
    while (events_next(e, after, &row)) {
        assert_true(row.id > after);
        after = row.id;
        n += cause == NULL || strcmp(row.cause, cause) == 0;
    }
    assert_true(after == events_last(e) || after == 0);
    return n;
}

static void events_come_out_as_they_went_in(void **state)
{
    (void)state;
    struct mmed_events *e = NULL;
    struct mmed_event_row row;
    struct imsi imsi;
    struct imei imei;
    assert_ok(imsi_parse(BYTES_LIT("001010123456789"), &imsi));
    assert_ok(imei_parse(BYTES_LIT("356938035643809"), &imei));
    assert_ok(events_open(10, &e));
    assert_false(events_next(e, 0, &row));
    assert_int_equal(events_last(e), 0);
    assert_false(events_add(e, "refused", &imsi, &imei, "nas-mac", "north"));
    add(e, "registered", NULL);
    assert_true(events_next(e, 0, &row));
    assert_int_equal(row.id, 1);
    assert_string_equal(row.name, "refused");
    assert_string_equal(row.cause, "nas-mac");
    assert_string_equal(row.detail, "north");
    assert_true(row.has_imsi && imsi_eq(&row.imsi, &imsi));
    assert_true(row.has_imei);
    assert_true(row.unix_ms > 0);
    assert_true(events_next(e, 1, &row));
    assert_string_equal(row.name, "registered");
    assert_false(row.has_imsi);
    assert_false(events_next(e, 2, &row));
    assert_false(events_next(e, UINT64_MAX, &row));
    /* and back again */
    assert_true(events_previous(e, UINT64_MAX, &row));
    assert_int_equal(row.id, 2);
    assert_true(events_previous(e, 2, &row));
    assert_int_equal(row.id, 1);
    assert_false(events_previous(e, 1, &row));
    assert_true(events_next(e, 1, &row));
    assert_int_equal(row.id, 2);
    events_close(e);
}

static void a_flood_of_one_kind_leaves_the_alarms_of_the_night_where_they_are(void **state)
{
    (void)state;
    struct mmed_events *e = NULL;
    assert_ok(events_open(320, &e));
    add(e, "refused", "binding-failed");
    add(e, "hss-lost", "timeout");
    unsigned lost = 0;
    for (int i = 0; i < 100000; i++) {
        lost += events_add(e, "refused", NULL, NULL, "nas-malformed", "x");
        lost += events_add(e, "refused", NULL, NULL, "nas-mac", "x");
        lost += events_add(e, "enb-connected", NULL, NULL, NULL, "x");
    }
    assert_int_equal(count(e, "binding-failed"), 1);
    assert_int_equal(count(e, "timeout"), 1);
    assert_int_equal(count(e, "nas-malformed"), 320 / 16);
    assert_int_equal(count(e, NULL), 2 + 3 * 320 / 16);
    assert_int_equal(lost, 300000 - 3 * 320 / 16);
    assert_int_equal(events_last(e), 300002);
    events_close(e);
}

static void the_oldest_goes_first_when_the_list_is_full(void **state)
{
    (void)state;
    for (uint64_t kept = 1; kept <= 40; kept++) {
        struct mmed_events *e = NULL;
        struct mmed_event_row row;
        char cause[32];
        assert_ok(events_open(kept, &e));
        for (unsigned i = 0; i < 90; i++) { /* each another kind */
            snprintf(cause, sizeof cause, "cause-%u", i);
            add(e, "refused", cause);
        }
        assert_int_equal(count(e, NULL), kept);
        assert_true(events_next(e, 0, &row));
        assert_int_equal(row.id, 90 - kept + 1);
        events_close(e);
    }
}

/* Against a list that is walked: which ones must be there. */
static void what_is_kept_is_what_the_rule_says(void **state)
{
    (void)state;
    enum { KEPT = 64, ADDED = 4000, SHARE = 8, KINDS = 80 };
    static unsigned kind_of_id[ADDED + 1];
    static bool there[ADDED + 1];
    uint64_t seed = 7;
    struct mmed_events *e = NULL;
    struct mmed_event_row row;
    assert_ok(events_open(KEPT, &e));
    for (unsigned id = 1; id <= ADDED; id++) {
        unsigned kind =
            (unsigned)(test_rand(&seed) % 4 == 0 ? test_rand(&seed) % KINDS : test_rand(&seed) % 3);
        unsigned same = 0, all = 0, oldest = 0, oldest_same = 0;
        char cause[32];
        snprintf(cause, sizeof cause, "cause-%u", kind);
        kind_of_id[id] = kind;
        for (unsigned i = id - 1; i >= 1; i--) {
            bool is_same = there[i] && kind_of_id[i] == kind;
            oldest = there[i] ? i : oldest;
            oldest_same = is_same ? i : oldest_same;
            all += there[i];
            same += is_same;
        }
        if (same == SHARE) {
            there[oldest_same] = false;
        } else if (all == KEPT) {
            there[oldest] = false;
        }
        there[id] = true;
        events_add(e, "refused", NULL, NULL, cause, NULL);
    }
    uint64_t after = 0;
    for (unsigned id = 1; id <= ADDED; id++) {
        if (there[id]) {
            assert_true(events_next(e, after, &row));
            assert_int_equal(row.id, id);
            after = id;
        }
    }
    assert_false(events_next(e, after, &row));
    events_close(e);
}

static void more_kinds_than_there_are_places_for_share_one(void **state)
{
    (void)state;
    struct mmed_events *e = NULL;
    char cause[32];
    assert_ok(events_open(1600, &e));
    add(e, "hss-lost", "the first");
    for (unsigned i = 0; i < 100000; i++) {
        snprintf(cause, sizeof cause, "cause-%u", i);
        add(e, "refused", cause);
    }
    assert_true(count(e, NULL) <= 1600);
    assert_int_equal(count(e, "the first"), 1);
    events_close(e);
}

static void a_list_of_nothing_or_of_too_much_is_refused(void **state)
{
    (void)state;
    struct mmed_events *e = NULL;
    assert_err(events_open(0, &e), E_BAD_VALUE);
    assert_err(events_open(UINT64_MAX, &e), E_BAD_VALUE);
    assert_null(e);
    events_close(NULL);
}

static void text_from_outside_is_cut_and_never_overflows(void **state)
{
    (void)state;
    struct mmed_events *e = NULL;
    struct mmed_event_row row;
    char longer[1000];
    memset(longer, 'x', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    assert_ok(events_open(3, &e));
    events_add(e, "enb-lost", NULL, NULL, longer, longer);
    assert_true(events_next(e, 0, &row));
    assert_int_equal(strlen(row.detail), sizeof row.detail - 1);
    assert_int_equal(strlen(row.cause), sizeof row.cause - 1);
    events_close(e);
    assert_ok(events_open(320, &e)); /* and what was cut is one kind all the same */
    for (int i = 0; i < 300; i++) {
        events_add(e, "enb-lost", NULL, NULL, longer, NULL);
    }
    assert_int_equal(count(e, NULL), 320 / 16);
    events_close(e);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_come_out_as_they_went_in),
        cmocka_unit_test(a_flood_of_one_kind_leaves_the_alarms_of_the_night_where_they_are),
        cmocka_unit_test(the_oldest_goes_first_when_the_list_is_full),
        cmocka_unit_test(what_is_kept_is_what_the_rule_says),
        cmocka_unit_test(more_kinds_than_there_are_places_for_share_one),
        cmocka_unit_test(a_list_of_nothing_or_of_too_much_is_refused),
        cmocka_unit_test(text_from_outside_is_cut_and_never_overflows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
