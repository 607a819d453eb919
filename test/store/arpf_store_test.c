/* store/arpf_store.h (src/store/store_arpf.c) */
#include "lib/check.h"
#include "store/arpf_store.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define MANY 1000u

struct world {
    char dir[40], path[64];
    struct arpf_store *s;
};

static void open_store(struct world *w)
{
    struct store_why why;
    assert_ok(arpf_store_open(w->path, &w->s, &why));
}

static int setup(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    snprintf(w->dir, sizeof w->dir, "/tmp/bindery-arpf-XXXXXX");
    assert_non_null(mkdtemp(w->dir));
    snprintf(w->path, sizeof w->path, "%.32s/arpf.db", w->dir);
    open_store(w);
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;
    char command[80];
    arpf_store_close(w->s);
    snprintf(command, sizeof command, "rm -rf '%s'", w->dir);
    assert_int_equal(system(command), 0);
    free(w);
    return 0;
}

static struct imsi dimsi_of(unsigned i)
{
    struct imsi imsi;
    char digits[16];
    snprintf(digits, sizeof digits, "90170%010u", i);
    assert_ok(imsi_parse(bytes_of_str(digits), &imsi));
    return imsi;
}

static struct arpf_release release_of(unsigned dimsi, uint64_t number, const char *sp,
                                      uint8_t target)
{
    struct arpf_release r = {.dimsi = dimsi_of(dimsi),
                             .number = number,
                             .target = {0x00, 0xf1, target},
                             .delegation = 3,
                             .released = 1000 + (int64_t)number,
                             .endorsed = {.n = 5, .issued = 1000, .expires = 2000}};
    snprintf(r.sp, sizeof r.sp, "%s", sp);
    memset(r.token, (int)dimsi, sizeof r.token);
    memset(r.se, 0x5e, sizeof r.se);
    memset(r.endorsed.signer, 0x51, sizeof r.endorsed.signer);
    memset(r.endorsed.signature, 0x99, sizeof r.endorsed.signature);
    memcpy(r.endorsed.content, "hello", 5);
    return r;
}

static void put(struct world *w, struct arpf_release r)
{
    assert_ok(arpf_store_begin(w->s));
    assert_ok(arpf_store_release(w->s, &r));
    assert_ok(arpf_store_commit(w->s));
}

struct seen {
    size_t n;
    struct arpf_release rows[8], last;
};
static bool see(void *ctx, const struct arpf_release *r)
{
    struct seen *s = ctx;
    s->rows[s->n++ % 8] = *r;
    s->last = *r;
    return true;
}

static void a_release_is_found_as_it_was_written(void **state)
{
    struct world *w = *state;
    struct arpf_release r = release_of(1, 1, "sp.example", 1), got;
    struct imsi other = dimsi_of(2);
    put(w, r);
    assert_ok(arpf_store_find(w->s, &r.dimsi, &got));
    r.times = 1;
    assert_memory_equal(&got, &r, sizeof got);
    assert_err(arpf_store_find(w->s, &other, &got), E_NOT_FOUND);
}

static void the_newest_holds_and_those_before_stay_in_the_record(void **state)
{
    struct world *w = *state;
    struct arpf_release got;
    struct seen seen = {0};
    struct arpf_counts counts;
    const struct imsi dimsi = dimsi_of(1);
    put(w, release_of(1, 1, "sp.example", 1));
    put(w, release_of(1, 2, "sp.example", 2));
    put(w, release_of(2, 1, "sp.example", 2));
    arpf_store_close(w->s);
    open_store(w);
    assert_ok(arpf_store_find(w->s, &dimsi, &got));
    assert_int_equal(got.number, 2);
    assert_int_equal(got.target[2], 2);
    assert_ok(arpf_store_history(w->s, &dimsi, 0, 10, see, &seen));
    assert_int_equal(seen.n, 2);
    assert_int_equal(seen.rows[0].number, 1);
    assert_int_equal(seen.rows[0].target[2], 1);
    assert_int_equal(seen.rows[0].times, 1);
    seen = (struct seen){0};
    assert_ok(arpf_store_history(w->s, &dimsi, 1, 10, see, &seen));
    assert_int_equal(seen.n, 1);
    assert_ok(arpf_store_count(w->s, &counts));
    assert_int_equal(counts.dimsis, 2);
    assert_int_equal(counts.releases, 3);
    assert_int_equal(counts.revocations, 0);
}

static void only_the_next_number_is_taken(void **state)
{
    struct world *w = *state;
    struct arpf_release r = release_of(1, 1, "sp.example", 1), got;
    assert_err(arpf_store_release(w->s, &r), E_BAD_STATE);
    assert_err(arpf_store_commit(w->s), E_BAD_STATE);
    assert_ok(arpf_store_begin(w->s));
    assert_err(arpf_store_begin(w->s), E_BAD_STATE);
    r.number = 2;
    assert_err(arpf_store_release(w->s, &r), E_CONFLICT);
    r.number = 1;
    assert_ok(arpf_store_release(w->s, &r));
    assert_err(arpf_store_release(w->s, &r), E_CONFLICT);
    r.number = UINT64_MAX;
    assert_err(arpf_store_release(w->s, &r), E_BAD_VALUE);
    r = release_of(2, 1, "sp.example", 1);
    r.endorsed.n = ARPF_ENDORSEMENT_MAX + 1;
    assert_err(arpf_store_release(w->s, &r), E_BAD_LENGTH);
    r.endorsed.n = 0;
    assert_err(arpf_store_release(w->s, &r), E_BAD_LENGTH);
    r = release_of(2, 1, "sp.example", 1);
    memset(r.sp, 'x', sizeof r.sp);
    assert_err(arpf_store_release(w->s, &r), E_BAD_LENGTH);
    assert_ok(arpf_store_commit(w->s));
    assert_err(arpf_store_find(w->s, &r.dimsi, &got), E_NOT_FOUND);
}

static void what_is_answered_again_is_counted_with_what_it_has_now(void **state)
{
    struct world *w = *state;
    struct arpf_release r = release_of(1, 1, "sp.example", 1), got;
    struct arpf_endorsed later = r.endorsed;
    const struct imsi other = dimsi_of(2);
    later.expires = 9000;
    memcpy(later.content, "later on", 8);
    later.n = 8;
    put(w, r);
    assert_err(arpf_store_again(w->s, &r.dimsi, 1, 4, &later), E_BAD_STATE);
    assert_ok(arpf_store_begin(w->s));
    assert_ok(arpf_store_again(w->s, &r.dimsi, 1, 4, &later));
    assert_ok(arpf_store_again(w->s, &r.dimsi, 1, 7, &later));
    assert_err(arpf_store_again(w->s, &r.dimsi, 2, 7, &later), E_NOT_FOUND);
    assert_err(arpf_store_again(w->s, &other, 1, 7, &later), E_NOT_FOUND);
    later.n = 0;
    assert_err(arpf_store_again(w->s, &r.dimsi, 1, 7, &later), E_BAD_LENGTH);
    assert_ok(arpf_store_commit(w->s));
    assert_ok(arpf_store_find(w->s, &r.dimsi, &got));
    assert_int_equal(got.times, 3);
    assert_int_equal(got.delegation, 7);
    assert_int_equal(got.released, r.released);
    assert_int_equal(got.endorsed.expires, 9000);
    assert_int_equal(got.endorsed.n, 8);
    assert_memory_equal(got.endorsed.content, "later on", 8);
}

static void a_revocation_counts_up_to_its_number_for_its_sp_and_token(void **state)
{
    struct world *w = *state;
    struct arpf_release r = release_of(1, 1, "sp.example", 1), got;
    uint64_t now = 99;
    put(w, r);
    assert_ok(arpf_store_revoked(w->s, r.token, "sp.example", &now));
    assert_int_equal(now, 0);
    assert_err(arpf_store_revoke(w->s, r.token, "sp.example", 2, MANY, &now), E_BAD_STATE);
    assert_ok(arpf_store_begin(w->s));
    assert_ok(arpf_store_revoke(w->s, r.token, "other.example", 100, MANY, &now));
    assert_ok(arpf_store_revoke(w->s, r.se, "sp.example", 100, MANY, &now));
    assert_ok(arpf_store_revoke(w->s, r.token, "sp.example", 2, MANY, &now));
    assert_int_equal(now, 2);
    assert_ok(arpf_store_find(w->s, &r.dimsi, &got));
    assert_false(got.revoked); /* its delegation is 3 */
    assert_ok(arpf_store_revoke(w->s, r.token, "sp.example", 3, MANY, &now));
    assert_ok(arpf_store_revoke(w->s, r.token, "sp.example", 1, MANY, &now));
    assert_int_equal(now, 3);
    assert_err(arpf_store_revoke(w->s, r.token, "sp.example", UINT64_MAX, MANY, &now), E_BAD_VALUE);
    assert_ok(arpf_store_commit(w->s));
    arpf_store_close(w->s);
    open_store(w);
    assert_ok(arpf_store_find(w->s, &r.dimsi, &got));
    assert_true(got.revoked);
    assert_ok(arpf_store_revoked(w->s, r.token, "sp.example", &now));
    assert_int_equal(now, 3);
    r = release_of(1, 2, "sp.example", 2);
    r.delegation = 4;
    put(w, r);
    assert_ok(arpf_store_find(w->s, &r.dimsi, &got));
    assert_false(got.revoked);
}

static void an_sp_has_so_many_revocations_and_what_is_on_record_can_be_raised(void **state)
{
    struct world *w = *state;
    const uint64_t most = 3;
    uint64_t now = 0;
    uint8_t token[32] = {0};
    assert_ok(arpf_store_begin(w->s));
    for (token[0] = 0; token[0] < most; token[0]++) {
        assert_ok(arpf_store_revoke(w->s, token, "sp.example", 1, most, &now));
        assert_ok(arpf_store_revoke(w->s, token, "sp.example", 2, most, &now)); /* counts once */
    }
    assert_err(arpf_store_revoke(w->s, token, "sp.example", 1, most, &now), E_NO_ROOM);
    assert_ok(arpf_store_revoke(w->s, token, "other.example", 1, most, &now));
    assert_ok(arpf_store_commit(w->s));
    arpf_store_close(w->s);
    open_store(w);
    assert_ok(arpf_store_begin(w->s));
    assert_err(arpf_store_revoke(w->s, token, "sp.example", 1, most, &now), E_NO_ROOM);
    token[0] = 0;
    assert_ok(arpf_store_revoke(w->s, token, "sp.example", 9, most, &now));
    assert_int_equal(now, 9);
    assert_ok(arpf_store_revoke(w->s, token, "sp.example", 9, 1, &now)); /* fewer than it has */
    token[0] = (uint8_t)most;
    assert_err(arpf_store_revoke(w->s, token, "sp.example", 1, 1, &now), E_NO_ROOM);
    assert_ok(arpf_store_revoke(w->s, token, "sp.example", 1, most + 1, &now));
    arpf_store_rollback(w->s);
    assert_ok(arpf_store_begin(w->s));
    assert_ok(
        arpf_store_revoke(w->s, token, "sp.example", 1, most + 1, &now)); /* was not counted */
    assert_ok(arpf_store_commit(w->s));
}

static void each_sees_the_newest_of_its_own_page_by_page(void **state)
{
    struct world *w = *state;
    const unsigned many = 1000;
    assert_ok(arpf_store_begin(w->s));
    for (unsigned i = 0; i < many; i++) {
        struct arpf_release r =
            release_of(i, 1, i % 2 != 0 ? "odd.example" : "even.example", (uint8_t)(i % 4));
        assert_ok(arpf_store_release(w->s, &r));
    }
    struct arpf_release moved = release_of(1, 2, "odd.example", 2);
    assert_ok(arpf_store_release(w->s, &moved));
    assert_ok(arpf_store_commit(w->s));
    const uint8_t target[3] = {0x00, 0xf1, 1};
    const struct arpf_filter filters[] = {{NULL, NULL}, {"odd.example", NULL}, {NULL, target}};
    const size_t expected[] = {many, many / 2, many / 4 - 1};
    for (size_t f = 0; f < 3; f++) {
        struct seen seen = {0};
        struct imsi after = {.n = 0};
        size_t before = 1;
        for (size_t total = 0; total != before;) {
            before = total;
            assert_ok(arpf_store_list(w->s, &filters[f], &after, 7, see, &seen));
            total = seen.n;
            after = seen.last.dimsi;
        }
        assert_int_equal(seen.n, expected[f]);
    }
}

static void what_was_not_committed_is_not_there(void **state)
{
    struct world *w = *state;
    struct arpf_release r = release_of(1, 1, "sp.example", 1), got;
    uint64_t now = 0;
    assert_ok(arpf_store_begin(w->s));
    assert_ok(arpf_store_release(w->s, &r));
    arpf_store_rollback(w->s);
    assert_err(arpf_store_find(w->s, &r.dimsi, &got), E_NOT_FOUND);
    assert_ok(arpf_store_begin(w->s));
    assert_ok(arpf_store_release(w->s, &r));
    assert_ok(arpf_store_revoke(w->s, r.token, "sp.example", 9, MANY, &now));
    arpf_store_close(w->s); /* in the middle of a batch */
    open_store(w);
    assert_err(arpf_store_find(w->s, &r.dimsi, &got), E_NOT_FOUND);
    assert_ok(arpf_store_revoked(w->s, r.token, "sp.example", &now));
    assert_int_equal(now, 0);
}

/* No file may grow beyond a size: what cannot be written is refused as a whole, and later all is
 * as before. */
static void a_full_disk_refuses_and_loses_nothing(void **state)
{
    struct world *w = *state;
    struct rlimit was, tight;
    struct arpf_release got;
    struct stat st;
    char wal[80];
    put(w, release_of(1, 1, "sp.example", 1));
    snprintf(wal, sizeof wal, "%.64s-wal", w->path);
    assert_int_equal(stat(wal, &st), 0);
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
    tight = (struct rlimit){(rlim_t)st.st_size, was.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
    struct arpf_release second = release_of(1, 2, "sp.example", 2);
    assert_ok(arpf_store_begin(w->s));
    enum err err = arpf_store_release(w->s, &second);
    enum err committed = arpf_store_commit(w->s);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &was), 0);
    assert_true(err == E_OK || err == E_IO);
    assert_err(committed, E_IO);
    assert_ok(arpf_store_find(w->s, &second.dimsi, &got));
    assert_int_equal(got.number, 1);
    put(w, second);
    assert_ok(arpf_store_find(w->s, &second.dimsi, &got));
    assert_int_equal(got.number, 2);
}

static void another_program_and_another_database_are_refused(void **state)
{
    struct world *w = *state;
    struct arpf_store *other = NULL;
    struct store_why why;
    char path[72];
    assert_err(arpf_store_open(w->path, &other, &why), E_LOCKED);
    snprintf(path, sizeof path, "%.60s.txt", w->path);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs("a text of somebody else's", f);
    fclose(f);
    assert_err(arpf_store_open(path, &other, &why), E_BAD_VALUE);
    assert_non_null(strstr(why.text, "not touched"));
    assert_err(arpf_store_open("/nowhere/at/all.db", &other, &why), E_IO);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_release_is_found_as_it_was_written),
        T(the_newest_holds_and_those_before_stay_in_the_record),
        T(only_the_next_number_is_taken),
        T(what_is_answered_again_is_counted_with_what_it_has_now),
        T(a_revocation_counts_up_to_its_number_for_its_sp_and_token),
        T(an_sp_has_so_many_revocations_and_what_is_on_record_can_be_raised),
        T(each_sees_the_newest_of_its_own_page_by_page),
        T(what_was_not_committed_is_not_there),
        T(a_full_disk_refuses_and_loses_nothing),
        T(another_program_and_another_database_are_refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
