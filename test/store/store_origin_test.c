/* Was the store closed in order? (src/store/store_origin.c) */
#include "store/fixture.h"

#include "store/store_backup.h"

static void a_new_store_and_one_that_was_closed_say_so(void **state)
{
    struct fixture *f = *state;
    for (int i = 0; i < 3; i++) {
        const struct store_origin *o = store_origin_of(f->store);
        assert_true(o->closed_in_order);
        assert_false(o->restored);
        assert_int_equal(o->restored_at, 0);
        assert_string_equal(o->backup, "");
        reopen_store(f);
    }
}

/* As a kill leaves it: the files of a store that is open. */
static void a_store_that_nobody_closed_says_so_once(void **state)
{
    struct fixture *f = *state;
    struct store_subscriber s = subscriber_of(IMSI_A);
    put(f, &s);
    copy_file(f->path, with(f->dir, "/killed.db"));
    copy_file(with(f->path, "-wal"), with(f->dir, "/killed.db-wal"));
    close_store(f);
    snprintf(f->path, sizeof f->path, "%s/killed.db", f->dir);
    open_store(f);
    assert_false(store_origin_of(f->store)->closed_in_order);
    reopen_store(f);
    assert_true(store_origin_of(f->store)->closed_in_order);
}

static void a_batch_that_was_open_at_the_end_is_undone_and_it_was_still_closed(void **state)
{
    struct fixture *f = *state;
    struct store_subscriber s = subscriber_of(IMSI_A);
    enum store_did did;
    uint64_t subscribers = 9, devices = 9;
    assert_ok(store_begin(f->w));
    assert_ok(store_put_subscriber(f->w, STORE_INSERT, &s, &did));
    reopen_store(f);
    assert_true(store_origin_of(f->store)->closed_in_order);
    assert_ok(store_count(f->r, &subscribers, &devices));
    assert_int_equal(subscribers, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_STORE(a_new_store_and_one_that_was_closed_say_so),
        IN_STORE(a_store_that_nobody_closed_says_so_once),
        IN_STORE(a_batch_that_was_open_at_the_end_is_undone_and_it_was_still_closed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
