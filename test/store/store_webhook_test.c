/* How far receivers of events have come (src/store/store_webhook.c). */
#include "store/fixture.h"
#include "store/store_webhook.h"

static void add_events(struct fixture *f, unsigned n, uint64_t keep)
{
    struct store_event e = {.at_ms = 1, .name = "registered"};
    assert_ok(store_begin(f->w));
    for (unsigned i = 0; i < n; i++) {
        assert_ok(store_add_event(f->w, &e, keep));
    }
    assert_ok(store_commit(f->w));
}

static void a_webhook_begins_behind_the_newest_event_and_only_once(void **state)
{
    struct fixture *f = *state;
    struct store_webhook row;
    uint64_t newest = 9;
    assert_ok(store_newest_event(f->r, &newest));
    assert_int_equal(newest, 0);
    assert_err(store_read_webhook(f->r, "noc", &row), E_NOT_FOUND);
    add_events(f, 3, 100);
    assert_ok(store_newest_event(f->r, &newest));
    assert_int_equal(newest, 3);
    COMMITTED(f, store_begin_webhook(f->w, "noc"));
    add_events(f, 2, 100);
    COMMITTED(f, store_begin_webhook(f->w, "noc"));
    assert_ok(store_read_webhook(f->r, "noc", &row));
    assert_string_equal(row.name, "noc");
    assert_int_equal(row.cursor, 3);
    assert_false(row.down);
}

static void what_is_put_is_there_after_a_restart(void **state)
{
    struct fixture *f = *state;
    struct store_webhook row = {.name = "noc", .cursor = 4711, .down = true}, read, list[4];
    size_t n = 9;
    COMMITTED(f, store_begin_webhook(f->w, "noc"));
    COMMITTED(f, store_begin_webhook(f->w, "billing"));
    COMMITTED(f, store_put_webhook(f->w, &row));
    reopen_store(f);
    assert_ok(store_read_webhook(f->r, "noc", &read));
    assert_int_equal(read.cursor, 4711);
    assert_true(read.down);
    assert_ok(store_list_webhooks(f->r, list, 4, &n));
    assert_int_equal(n, 2);
    assert_string_equal(list[0].name, "billing");
    COMMITTED(f, store_drop_webhook(f->w, "noc"));
    COMMITTED(f, store_drop_webhook(f->w, "noc"));
    assert_err(store_read_webhook(f->r, "noc", &read), E_NOT_FOUND);
    assert_ok(store_list_webhooks(f->r, list, 4, &n));
    assert_int_equal(n, 1);
}

static void what_is_not_there_is_not_put_and_names_have_a_length(void **state)
{
    struct fixture *f = *state;
    struct store_webhook row = {.name = "noc", .cursor = 1};
    assert_err(store_begin_webhook(f->w, "noc"), E_BAD_STATE); /* outside of a batch */
    assert_ok(store_begin(f->w));
    assert_err(store_put_webhook(f->w, &row), E_NOT_FOUND);
    assert_err(store_begin_webhook(f->w, ""), E_BAD_VALUE);
    assert_err(store_begin_webhook(f->w, "a-name-of-thirty-three-characters"), E_BAD_VALUE);
    memset(row.name, 'a', sizeof row.name);
    assert_err(store_put_webhook(f->w, &row), E_BAD_VALUE);
    assert_ok(store_commit(f->w));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_webhook_begins_behind_the_newest_event_and_only_once,
                                        store_in_folder, remove_folder),
        cmocka_unit_test_setup_teardown(what_is_put_is_there_after_a_restart, store_in_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(what_is_not_there_is_not_put_and_names_have_a_length,
                                        store_in_folder, remove_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
