/* store/discovery_store.h (src/store/discovery_store.c) */
#include "store/discovery_store.h"

#include "lib/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DIMSI  "901700000000001"
#define DIMSI2 "901700000000002"
#define DIMSI3 "901700000000003"
#define IMSI   "001010000700001"

struct world {
    char dir[40], path[64], kek[64];
    struct discovery_store *s;
};

static enum err open_store(struct world *w)
{
    struct store_why why;
    return discovery_store_open(w->path, w->kek, &w->s, &why);
}

static int setup(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    snprintf(w->dir, sizeof w->dir, "/tmp/bindery-discovery-XXXXXX");
    assert_non_null(mkdtemp(w->dir));
    snprintf(w->path, sizeof w->path, "%.32s/d.db", w->dir);
    snprintf(w->kek, sizeof w->kek, "%.32s/kek", w->dir);
    assert_ok(open_store(w));
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;
    char command[80];
    discovery_store_close(w->s);
    snprintf(command, sizeof command, "rm -rf '%s'", w->dir);
    assert_int_equal(system(command), 0);
    free(w);
    return 0;
}

static struct imsi imsi_of(const char *digits)
{
    struct imsi imsi;
    assert_ok(imsi_parse(bytes_of_str(digits), &imsi));
    return imsi;
}

static struct discovery_entry entry_of(const char *dimsi, uint64_t number, int64_t expires)
{
    struct discovery_entry e = {.dimsi = imsi_of(dimsi),
                                .phase = DISCOVERY_LIVE,
                                .number = number,
                                .target = {"001", "01"},
                                .expires = expires,
                                .imsi = imsi_of(IMSI),
                                .challenge.xres.n = 8};
    memset(e.token, 0x70, sizeof e.token);
    memset(e.challenge.rand.b, 0xa1, 16);
    memset(e.challenge.autn.b, 0xa2, 16);
    memset(e.challenge.xres.b, 0xa3, 8);
    memset(e.challenge.ck.b, 0xa4, 16);
    memset(e.challenge.ik.b, 0xa5, 16);
    return e;
}

static void same_challenge(const struct discovery_challenge *a, const struct discovery_challenge *b)
{
    assert_memory_equal(a->rand.b, b->rand.b, 16);
    assert_memory_equal(a->autn.b, b->autn.b, 16);
    assert_int_equal(a->xres.n, b->xres.n);
    assert_memory_equal(a->xres.b, b->xres.b, b->xres.n);
    assert_memory_equal(a->ck.b, b->ck.b, 16);
    assert_memory_equal(a->ik.b, b->ik.b, 16);
}

static struct discovery_entry found(struct world *w, const char *dimsi)
{
    struct discovery_entry e;
    const struct imsi imsi = imsi_of(dimsi);
    assert_ok(discovery_find(w->s, &imsi, &e));
    return e;
}

/*= test dimsi-durable */
static void what_was_put_is_there_after_another_start(void **state)
{
    struct world *w = *state;
    const struct discovery_entry put = entry_of(DIMSI, 7, 5000);
    assert_ok(discovery_put(w->s, &put));
    discovery_store_close(w->s);
    assert_ok(open_store(w));
    struct discovery_entry e = found(w, DIMSI);
    assert_int_equal(e.phase, DISCOVERY_LIVE);
    assert_int_equal(e.number, 7);
    assert_int_equal(e.expires, 5000);
    assert_int_equal(e.asked, 0);
    assert_int_equal(e.last_asked, 0);
    assert_true(imsi_eq(&e.imsi, &put.imsi));
    assert_true(plmn_eq(&e.target, &put.target));
    assert_memory_equal(e.token, put.token, sizeof e.token);
    same_challenge(&e.challenge, &put.challenge);
    const struct imsi none = imsi_of(DIMSI2);
    assert_err(discovery_find(w->s, &none, &e), E_NOT_FOUND);
}

static void what_is_no_entry_is_not_put(void **state)
{
    struct world *w = *state;
    struct discovery_entry e = entry_of(DIMSI, 0, 5000);
    assert_err(discovery_put(w->s, &e), E_BAD_VALUE);
    e = entry_of(DIMSI, (uint64_t)INT64_MAX + 1, 5000);
    assert_err(discovery_put(w->s, &e), E_BAD_VALUE);
    e = entry_of(DIMSI, 1, 5000);
    e.challenge.xres.n = 16;
    assert_err(discovery_put(w->s, &e), E_BAD_VALUE);
    e = entry_of(DIMSI, 1, 5000);
    e.imsi.n = 0;
    assert_err(discovery_put(w->s, &e), E_BAD_VALUE);
    assert_err(discovery_find(w->s, &e.dimsi, &e), E_NOT_FOUND);
}

/*= test dimsi-spent */
/*= test dimsi-entry-end */
static void what_ends_keeps_who_it_was_and_no_secret(void **state)
{
    struct world *w = *state;
    struct discovery_challenge none;
    struct discovery_entry e = entry_of(DIMSI, 7, 5000);
    const struct imsi dimsi = imsi_of(DIMSI);
    memset(&none, 0, sizeof none);
    assert_ok(discovery_put(w->s, &e));
    assert_err(discovery_spend(w->s, &dimsi, 6), E_NOT_FOUND);
    assert_err(discovery_spend(w->s, &dimsi, UINT64_MAX), E_NOT_FOUND);
    assert_int_equal(found(w, DIMSI).phase, DISCOVERY_LIVE);
    assert_ok(discovery_spend(w->s, &dimsi, 7));
    e = found(w, DIMSI);
    assert_int_equal(e.phase, DISCOVERY_SPENT);
    assert_int_equal(e.number, 7);
    assert_int_equal(e.token[31], 0x70);
    assert_string_equal(e.target.mcc, "001");
    assert_int_equal(e.imsi.n, 0);
    assert_memory_equal(&e.challenge, &none, sizeof none);
    assert_ok(discovery_spend(w->s, &dimsi, 7)); /* again */
}

static void entries_end_when_their_time_is_over(void **state)
{
    struct world *w = *state;
    struct imsi dimsis[2];
    size_t n = 9;
    const struct discovery_entry all[] = {entry_of(DIMSI, 1, 1000), entry_of(DIMSI2, 1, 2000),
                                          entry_of(DIMSI3, 1, 3000)};
    for (size_t i = 0; i < 3; i++) {
        assert_ok(discovery_put(w->s, &all[i]));
    }
    assert_ok(discovery_expire(w->s, 999, 2, dimsis, &n));
    assert_int_equal(n, 0);
    assert_ok(discovery_expire(w->s, 1000, 2, dimsis, &n));
    assert_int_equal(n, 1);
    assert_string_equal(dimsis[0].digits, DIMSI);
    assert_int_equal(found(w, DIMSI).phase, DISCOVERY_EXPIRED);
    assert_int_equal(found(w, DIMSI).imsi.n, 0);
    assert_int_equal(found(w, DIMSI2).phase, DISCOVERY_LIVE);
    assert_ok(discovery_put(w->s, &all[0])); /* what may come back is not decided here */
    assert_ok(discovery_expire(w->s, 9000, 2, dimsis, &n));
    assert_int_equal(n, 2); /* as many as there is room for */
    assert_ok(discovery_expire(w->s, 9000, 2, dimsis, &n));
    assert_int_equal(n, 1);
    struct discovery_counts counts;
    assert_ok(discovery_spend(w->s, &all[1].dimsi, 1));
    assert_ok(discovery_count(w->s, &counts));
    assert_int_equal(counts.live, 0);
    assert_int_equal(counts.spent, 1);
    assert_int_equal(counts.expired, 2);
}

static void asked_is_added_to_those_that_live(void **state)
{
    struct world *w = *state;
    const struct discovery_entry one = entry_of(DIMSI, 1, 5000), two = entry_of(DIMSI2, 1, 5000);
    const struct discovery_asked rows[] = {{one.dimsi, 3, 111}, {two.dimsi, 2, 222}};
    const struct discovery_asked older = {one.dimsi, 1, 100};
    assert_ok(discovery_put(w->s, &one));
    assert_ok(discovery_put(w->s, &two));
    assert_ok(discovery_spend(w->s, &two.dimsi, 1));
    assert_ok(discovery_add_asked(w->s, rows, 2));
    assert_ok(discovery_add_asked(w->s, &older, 1));
    assert_ok(discovery_add_asked(w->s, NULL, 0));
    assert_int_equal(found(w, DIMSI).asked, 4);
    assert_int_equal(found(w, DIMSI).last_asked, 111);
    assert_int_equal(found(w, DIMSI2).asked, 0);
}

struct listed {
    size_t n, stop;
    char digits[4][16];
};
static bool on_entry(void *ctx, const struct discovery_entry *e)
{
    struct listed *l = ctx;
    struct discovery_challenge none;
    memset(&none, 0, sizeof none);
    assert_memory_equal(&e->challenge, &none, sizeof none);
    memcpy(l->digits[l->n++ % 4], e->dimsi.digits, 16);
    return l->n != l->stop;
}

static void a_list_is_in_order_and_of_one_target(void **state)
{
    struct world *w = *state;
    const struct plmn other = {"002", "02"};
    struct imsi after = {.n = 0};
    const char *const order[] = {DIMSI3, DIMSI, DIMSI2};
    for (size_t i = 0; i < 3; i++) {
        struct discovery_entry e = entry_of(order[i], 1, 5000);
        e.target = i == 1 ? other : e.target;
        assert_ok(discovery_put(w->s, &e));
    }
    struct listed all = {.n = 0}, of = {.n = 0}, rest = {.n = 0}, one = {.stop = 1};
    assert_ok(discovery_list(w->s, NULL, &after, 10, on_entry, &all));
    assert_int_equal(all.n, 3);
    assert_string_equal(all.digits[0], DIMSI);
    assert_string_equal(all.digits[2], DIMSI3);
    assert_ok(discovery_list(w->s, &other, &after, 10, on_entry, &of));
    assert_int_equal(of.n, 1);
    after = imsi_of(DIMSI);
    assert_ok(discovery_list(w->s, NULL, &after, 1, on_entry, &rest));
    assert_int_equal(rest.n, 1);
    assert_string_equal(rest.digits[0], DIMSI2);
    assert_ok(discovery_list(w->s, NULL, &after, 10, on_entry, &one));
    assert_int_equal(one.n, 1);
}

/* A reader's transaction sees what was there when it began; the next one sees what came. */
static void a_reader_reads_while_another_writes(void **state)
{
    struct world *w = *state;
    struct discovery_reader *r = NULL;
    struct discovery_entry e, put = entry_of(DIMSI, 1, 5000);
    assert_ok(discovery_reader_open(w->s, &r));
    assert_ok(discovery_reader_begin(r));
    assert_err(discovery_read(r, &put.dimsi, &e), E_NOT_FOUND);
    assert_ok(discovery_put(w->s, &put));
    assert_err(discovery_read(r, &put.dimsi, &e), E_NOT_FOUND);
    discovery_reader_end(r);
    discovery_reader_end(r); /* harmless */
    assert_ok(discovery_read(r, &put.dimsi, &e));
    same_challenge(&e.challenge, &put.challenge);
    discovery_reader_close(r);
    discovery_reader_close(NULL);
}

static bool file_holds(const char *path, struct bytes what)
{
    static uint8_t octets[1 << 20];
    FILE *f = fopen(path, "r");
    size_t n = f != NULL ? fread(octets, 1, sizeof octets, f) : 0;
    if (f != NULL) {
        fclose(f);
    }
    for (size_t i = 0; i + what.n <= n; i++) {
        if (memcmp(octets + i, what.p, what.n) == 0) {
            return true;
        }
    }
    return false;
}

static void no_challenge_stands_in_the_file_in_clear(void **state)
{
    struct world *w = *state;
    char wal[80];
    const struct discovery_entry e = entry_of(DIMSI, 1, 5000);
    snprintf(wal, sizeof wal, "%.60s-wal", w->path);
    assert_ok(discovery_put(w->s, &e));
    assert_true(file_holds(wal, (struct bytes){e.token, 8})); /* so it would be found */
    assert_false(file_holds(wal, (struct bytes){e.challenge.ck.b, 8}));
    assert_false(file_holds(wal, (struct bytes){e.challenge.xres.b, 8}));
    discovery_store_close(w->s);
    assert_true(file_holds(w->path, (struct bytes){e.token, 8}));
    assert_false(file_holds(w->path, (struct bytes){e.challenge.ck.b, 8}));
    assert_false(file_holds(w->path, (struct bytes){e.challenge.rand.b, 8}));
    assert_ok(open_store(w));
}

static void run(const char *fmt, const char *a, const char *b)
{
    char command[256];
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    snprintf(command, sizeof command, fmt, a, b);
#pragma GCC diagnostic pop
    assert_int_equal(system(command), 0);
}

/* Another key's file, none, another program's database, or a second process: nothing is changed. */
static void a_store_opens_with_its_own_key_and_once(void **state)
{
    struct world *w = *state;
    struct discovery_store *second = NULL;
    struct store_why why;
    const struct discovery_entry e = entry_of(DIMSI, 1, 5000);
    assert_ok(discovery_put(w->s, &e));
    assert_err(discovery_store_open(w->path, w->kek, &second, &why), E_LOCKED);
    assert_true(why.text[0] != '\0');
    discovery_store_close(w->s);
    w->s = NULL;
    run("mv '%s' '%s/kept'", w->kek, w->dir);
    assert_err(open_store(w), E_NOT_FOUND);
    run("umask 077; head -c 32 /dev/urandom | od -An -v -tx1 | tr -d ' \\n' >'%s%s'", w->kek, "");
    assert_err(open_store(w), E_WRONG_KEY);
    run("mv '%s/kept' '%s'", w->dir, w->kek);
    assert_ok(open_store(w));
    assert_int_equal(found(w, DIMSI).number, 1);
    discovery_store_close(w->s);
    w->s = NULL;
    run("printf 'no database, but long enough to be looked at' >'%s%s'", w->path, "");
    assert_int_not_equal(open_store(w), E_OK);
    run("rm -f '%s' && mkdir '%s'", w->path, w->path);
    assert_int_not_equal(open_store(w), E_OK);
}

/* With the store closed; the next opening finishes what was cut short. */
static void another_key_file_takes_the_place_of_the_first(void **state)
{
    struct world *w = *state;
    struct store_why why;
    const struct discovery_entry e = entry_of(DIMSI, 1, 5000);
    assert_ok(discovery_put(w->s, &e));
    assert_err(discovery_store_rotate(w->path, w->kek, &why), E_LOCKED);
    discovery_store_close(w->s);
    w->s = NULL;
    run("cp -p '%s' '%s/first'", w->kek, w->dir);
    assert_ok(discovery_store_rotate(w->path, w->kek, &why));
    assert_ok(open_store(w));
    assert_int_equal(found(w, DIMSI).number, 1);
    discovery_store_close(w->s);
    w->s = NULL;
    run("mv '%s' '%s.next'", w->kek, w->kek); /* as if it had ended before the rename */
    run("cp -p '%s/first' '%s'", w->dir, w->kek);
    assert_ok(open_store(w));
    assert_int_equal(found(w, DIMSI).number, 1);
    discovery_store_close(w->s);
    w->s = NULL;
    run("test ! -e '%s.next' && test -e '%s'", w->kek, w->kek);
    run("! cmp -s '%s' '%s/first'", w->kek, w->dir);
    run("cp -p '%s/first' '%s'", w->dir, w->kek);
    assert_err(open_store(w), E_WRONG_KEY);
    assert_err(discovery_store_rotate("/nowhere/at/all", w->kek, &why), E_NOT_FOUND);
}

/* A power cut behind the making of the file, or of its tables, leaves what the next start fills. */
static void a_start_that_was_cut_off_is_gone_on_with(void **state)
{
    struct world *w = *state;
    const struct discovery_entry e = entry_of(DIMSI, 1, 5000);
    discovery_store_close(w->s);
    w->s = NULL;
    run("rm -f '%s'* && : >'%s'", w->path, w->path);
    assert_ok(open_store(w));
    assert_ok(discovery_put(w->s, &e));
    assert_int_equal(found(w, DIMSI).number, 1);
}

#define WITH(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {WITH(what_was_put_is_there_after_another_start),
                                       WITH(what_is_no_entry_is_not_put),
                                       WITH(what_ends_keeps_who_it_was_and_no_secret),
                                       WITH(entries_end_when_their_time_is_over),
                                       WITH(asked_is_added_to_those_that_live),
                                       WITH(a_list_is_in_order_and_of_one_target),
                                       WITH(a_reader_reads_while_another_writes),
                                       WITH(no_challenge_stands_in_the_file_in_clear),
                                       WITH(a_store_opens_with_its_own_key_and_once),
                                       WITH(another_key_file_takes_the_place_of_the_first),
                                       WITH(a_start_that_was_cut_off_is_gone_on_with)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
