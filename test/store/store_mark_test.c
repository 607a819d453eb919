/* The mark of sequence numbers in the file beside the store (src/store/store_mark.c): it is there
 * after a restart, a write that was cut short leaves the one before, and what is another store's
 * counts for nothing. */
#include "store/fixture.h"
#include "store/store_mark.h"

#include <sys/resource.h>

#define FILE_SIZE 8192

static uint64_t opened(struct fixture *f, struct store_mark **out)
{
    uint64_t mark = 77;
    assert_ok(store_mark_open(f->store, out, &mark, &f->why));
    return mark;
}

static uint64_t mark_in(struct fixture *f)
{
    struct store_mark *m;
    uint64_t mark = opened(f, &m);
    store_mark_close(m);
    return mark;
}

static off_t size_of(const char *path)
{
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    return st.st_size;
}

static void it_has_its_size_from_the_beginning_and_keeps_what_is_put(void **state)
{
    struct fixture *f = *state;
    struct store_mark *m;
    assert_int_equal(opened(f, &m), 0);
    assert_int_equal(size_of(with(f->path, ".mark")), FILE_SIZE);
    for (uint64_t mark = 1000; mark < 1010; mark++) {
        assert_ok(store_mark_put(m, mark));
        assert_int_equal(mark_in(f), mark); /* before it is closed */
    }
    assert_ok(store_mark_put(m, 5)); /* it never goes down */
    store_mark_close(m);
    reopen_store(f);
    assert_int_equal(mark_in(f), 1009);
    assert_int_equal(size_of(with(f->path, ".mark")), FILE_SIZE);
    store_mark_close(NULL);
}

/* Every octet of the last record, and every length of it that was written. */
static void a_write_that_was_cut_short_leaves_the_one_before(void **state)
{
    struct fixture *f = *state;
    struct store_mark *m;
    const char *path = with(f->path, ".mark");
    char file[160];
    snprintf(file, sizeof file, "%s", path);
    (void)opened(f, &m);
    assert_ok(store_mark_put(m, 500)); /* in the first place */
    struct mbytes before = slurp(file);
    assert_ok(store_mark_put(m, 600)); /* in the second */
    store_mark_close(m);
    struct mbytes after = slurp(file);
    for (size_t cut = 0; cut < 64; cut++) {
        memcpy(before.p + FILE_SIZE / 2, after.p + FILE_SIZE / 2, cut);
        spill(file, (const char *)before.p, before.n, 0600);
        /* The rest was zeros before: a digest that ends with them is whole without them. */
        const bool whole = memcmp(before.p, after.p, after.n) == 0;
        assert_int_equal(mark_in(f), whole ? 600 : 500);
    }
    for (size_t at = 0; at < 64; at++) {
        after.p[FILE_SIZE / 2 + at] ^= 1;
        spill(file, (const char *)after.p, after.n, 0600);
        assert_int_equal(mark_in(f), 500);
        after.p[FILE_SIZE / 2 + at] ^= 1;
    }
    spill(file, (const char *)after.p, after.n, 0600);
    assert_int_equal(mark_in(f), 600);
    (void)opened(f, &m);
    assert_ok(store_mark_put(m, 700)); /* over the older one */
    store_mark_close(m);
    free(before.p);
    before = slurp(file);
    assert_memory_equal(before.p + FILE_SIZE / 2, after.p + FILE_SIZE / 2, FILE_SIZE / 2);
    assert_int_equal(mark_in(f), 700);
    free(before.p);
    free(after.p);
}

static void the_file_of_another_store_counts_for_nothing(void **state)
{
    struct fixture *f = *state;
    struct store_mark *m;
    char kept[160];
    (void)opened(f, &m);
    assert_ok(store_mark_put(m, 900));
    store_mark_close(m);
    close_store(f);
    snprintf(kept, sizeof kept, "%s/kept", f->dir);
    assert_int_equal(rename(f->path, kept), 0);
    open_store(f); /* a new one, of the same name */
    assert_int_equal(opened(f, &m), 0);
    assert_ok(store_mark_put(m, 300));
    store_mark_close(m);
    assert_int_equal(mark_in(f), 300);
}

static void what_is_not_in_its_place_takes_no_mark(void **state)
{
    struct fixture *f = *state;
    struct store_mark *m;
    char file[160];
    snprintf(file, sizeof file, "%s", with(f->path, ".mark"));
    (void)opened(f, &m);
    assert_ok(store_mark_put(m, 100));
    assert_int_equal(unlink(file), 0);
    assert_ok(store_mark_put(m, 200)); /* made anew: there is room */
    assert_int_equal(mark_in(f), 200);
    assert_int_equal(unlink(file), 0);
    spill(file, "", 0, 0600); /* somebody else's */
    assert_err(store_mark_put(m, 300), E_IO);
    assert_err(store_mark_put(m, 300), E_IO);
    store_mark_close(m);
    assert_int_equal(unlink(file), 0);
    assert_int_equal(symlink(f->path, file), 0);
    uint64_t mark;
    assert_err(store_mark_open(f->store, &m, &mark, &f->why), E_IO);
    assert_non_null(strstr(f->why.text, ".mark"));
}

/* No file may grow: as on a disk without room. What is there is written over. */
static void where_nothing_may_grow_it_still_takes_marks(void **state)
{
    struct fixture *f = *state;
    struct store_mark *m;
    struct rlimit before, none;
    (void)opened(f, &m);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    none = before;
    none.rlim_cur = FILE_SIZE;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
    for (uint64_t mark = 1; mark < 100; mark++) {
        assert_ok(store_mark_put(m, mark));
    }
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    store_mark_close(m);
    assert_int_equal(mark_in(f), 99);
    assert_int_equal(size_of(with(f->path, ".mark")), FILE_SIZE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_STORE(it_has_its_size_from_the_beginning_and_keeps_what_is_put),
        IN_STORE(a_write_that_was_cut_short_leaves_the_one_before),
        IN_STORE(the_file_of_another_store_counts_for_nothing),
        IN_STORE(what_is_not_in_its_place_takes_no_mark),
        IN_STORE(where_nothing_may_grow_it_still_takes_marks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
