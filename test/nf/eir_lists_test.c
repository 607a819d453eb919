/* test/nf/eir_lists_test.c - the lists in memory (src/nf/hssd/eir_lists.c): what is stored is in
 * force, old or new and nothing between, while many look up. */
#include "nf/hssd/eir_lists.h"
#include "store/fixture.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

static struct eir_lists *open_lists(struct fixture *f, uint64_t most)
{
    struct eir_lists *l = NULL;
    if (eir_lists_open(f->store, NULL, most, &l, &f->why) != E_OK) {
        fail_msg("%s", f->why.text);
    }
    return l;
}

static void put_rule(struct fixture *f, uint64_t first, uint64_t last, enum eir_list list)
{
    struct store_eir_rule r = {.first = first, .last = last, .list = (uint8_t)list};
    enum store_did did;
    assert_ok(store_put_eir_rule(f->w, &r, 1000000, &did));
}

static void await_in_force(struct fixture *f, struct eir_lists *l)
{
    struct store_eir stored;
    struct eir_lists_state now;
    assert_ok(store_read_eir(f->r, &stored));
    do {
        sched_yield();
        eir_lists_state(l, &now);
    } while (now.version != stored.version);
}

static enum eir_list list_of(struct eir_reader *r, uint64_t imei, struct eir_rule *rule)
{
    struct imei i;
    imei_of_number(imei, &i);
    return eir_reader_find(r, &i, rule);
}

static void what_was_stored_is_in_force_from_the_start(void **state)
{
    struct fixture *f = *state;
    struct eir_reader *r = NULL;
    struct eir_rule rule = {{0, 0}, EIR_NO_LIST};
    struct eir_lists_state s;
    assert_ok(store_begin(f->w));
    put_rule(f, 10, 19, EIR_GREY);
    put_rule(f, 15, 15, EIR_BLACK);
    assert_ok(store_commit(f->w));
    struct eir_lists *l = open_lists(f, 10);
    assert_ok(eir_reader_open(l, &r));
    assert_int_equal(list_of(r, 15, &rule), EIR_BLACK);
    assert_true(rule.range.first == 15 && rule.range.last == 15 && rule.list == EIR_BLACK);
    assert_int_equal(list_of(r, 16, &rule), EIR_GREY);
    assert_true(rule.range.first == 10 && rule.range.last == 19);
    assert_int_equal(list_of(r, 20, NULL), EIR_NO_LIST);
    eir_lists_state(l, &s);
    assert_true(s.rules == 2 && s.version == 2 && s.edges == 4 && s.octets > 0);
    eir_reader_close(r);
    eir_lists_close(l);
}

static void many_pages_of_rules_come_over_whole(void **state)
{
    struct fixture *f = *state;
    struct eir_reader *r = NULL;
    const uint64_t n = 3 * 4096 + 5;
    assert_ok(store_begin(f->w));
    for (uint64_t i = 0; i < n; i++) {
        put_rule(f, 10 * i, 10 * i + i % 10, (enum eir_list)(EIR_WHITE + i % 3));
    }
    assert_ok(store_commit(f->w));
    struct eir_lists *l = open_lists(f, n);
    assert_ok(eir_reader_open(l, &r));
    for (uint64_t i = 0; i < n; i++) {
        assert_int_equal(list_of(r, 10 * i + i % 10, NULL), EIR_WHITE + i % 3);
        if (i % 10 < 9) {
            assert_int_equal(list_of(r, 10 * i + 9, NULL), EIR_NO_LIST);
        }
    }
    eir_reader_close(r);
    eir_lists_close(l);
}

static void more_rules_than_are_allowed_are_refused_with_both_numbers(void **state)
{
    struct fixture *f = *state;
    struct eir_lists *l = NULL;
    assert_ok(store_begin(f->w));
    put_rule(f, 1, 1, EIR_WHITE);
    put_rule(f, 2, 2, EIR_WHITE);
    put_rule(f, 3, 3, EIR_WHITE);
    assert_ok(store_commit(f->w));
    assert_err(eir_lists_open(f->store, NULL, 2, &l, &f->why), E_NO_ROOM);
    assert_null(l);
    assert_non_null(strstr(f->why.text, "3 rules"));
    assert_non_null(strstr(f->why.text, "limits.eir_rules is 2"));
    eir_lists_close(open_lists(f, 3));
}

/* ---- while the lists change ---- */

/* In every state of the store the IMEIs 0 to 99 stand on one list together. */
struct looker {
    struct eir_lists *lists;
    atomic_bool stop;
    atomic_uint looks;
    atomic_bool mixed;
};

static void *look(void *arg)
{
    struct looker *k = arg;
    struct eir_reader *r = NULL;
    if (eir_reader_open(k->lists, &r) != E_OK) {
        abort();
    }
    while (!atomic_load(&k->stop)) {
        for (uint64_t i = 0; i < 100; i += 3) {
            struct eir_rule rule = {{0, 0}, EIR_NO_LIST};
            enum eir_list list = list_of(r, i, &rule);
            if (list != rule.list || rule.range.first > i || rule.range.last < i) {
                atomic_store(&k->mixed, true);
            }
        }
        atomic_fetch_add(&k->looks, 1);
    }
    eir_reader_close(r);
    return NULL;
}

static void set_all(struct fixture *f, enum eir_list list, enum eir_list before)
{
    assert_ok(store_begin(f->w));
    put_rule(f, 0, 99, list);
    if (before != EIR_NO_LIST) {
        struct store_eir_rule gone = {.first = 0, .last = 99, .list = (uint8_t)before};
        assert_ok(store_remove_eir_rule(f->w, &gone));
    }
    assert_ok(store_commit(f->w));
}

/*= test eir-whole */
static void lookers_see_the_old_lists_or_the_new_ones_whole(void **state)
{
    struct fixture *f = *state;
    pthread_t threads[3];
    enum eir_list list = EIR_WHITE, before = EIR_NO_LIST;
    set_all(f, list, before);
    struct looker k = {.lists = open_lists(f, 10)};
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, look, &k), 0);
    }
    for (unsigned round = 0; round < 40; round++) {
        before = list;
        list = list == EIR_BLACK ? EIR_WHITE : (enum eir_list)(list + 1);
        set_all(f, list, before);
        eir_lists_changed(k.lists);
        await_in_force(f, k.lists);
    }
    while (atomic_load(&k.looks) == 0) { /* however late they begin */
        sched_yield();
    }
    atomic_store(&k.stop, true);
    for (size_t i = 0; i < 3; i++) {
        pthread_join(threads[i], NULL);
    }
    assert_false(atomic_load(&k.mixed));
    assert_true(atomic_load(&k.looks) > 0);
    struct eir_reader *r = NULL;
    assert_ok(eir_reader_open(k.lists, &r));
    assert_int_equal(list_of(r, 50, NULL), list);
    eir_reader_close(r);
    eir_lists_close(k.lists);
}

static void readers_are_bounded_and_can_be_had_again(void **state)
{
    struct fixture *f = *state;
    struct eir_reader *readers[EIR_READERS_MAX], *more = NULL;
    struct eir_lists *l = open_lists(f, 10);
    for (size_t i = 0; i < EIR_READERS_MAX; i++) {
        assert_ok(eir_reader_open(l, &readers[i]));
    }
    assert_err(eir_reader_open(l, &more), E_NO_ROOM);
    eir_reader_close(readers[3]);
    assert_ok(eir_reader_open(l, &more));
    assert_ptr_equal(more, readers[3]);
    for (size_t i = 0; i < EIR_READERS_MAX; i++) {
        eir_reader_close(readers[i]);
    }
    eir_lists_close(l);
    eir_lists_close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_STORE(what_was_stored_is_in_force_from_the_start),
        IN_STORE(many_pages_of_rules_come_over_whole),
        IN_STORE(more_rules_than_are_allowed_are_refused_with_both_numbers),
        IN_STORE(lookers_see_the_old_lists_or_the_new_ones_whole),
        IN_STORE(readers_are_bounded_and_can_be_had_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
