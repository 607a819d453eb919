#include "store/fixture.h"

static const char digits_a[] = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

static enum err load(struct fixture *f, struct seal_key *kek)
{
    return kek_load(f->kek, kek, &f->why);
}

static void a_key_that_was_made_loads_and_is_random(void **state)
{
    struct fixture *f = *state;
    struct seal_key a, b;
    assert_ok(kek_create(f->kek, &f->why));
    assert_ok(load(f, &a));
    struct mbytes text = slurp(f->kek);
    assert_int_equal(text.n, 65);
    assert_int_equal(text.p[64], '\n');
    free(text.p);
    unlink(f->kek);
    assert_ok(kek_create(f->kek, &f->why));
    assert_ok(load(f, &b));
    assert_memory_not_equal(a.b, b.b, sizeof a.b);
}

static void a_key_file_is_never_replaced(void **state)
{
    struct fixture *f = *state;
    spill(f->kek, "precious", 8, 0600);
    assert_err(kek_create(f->kek, &f->why), E_EXISTS);
    struct mbytes text = slurp(f->kek);
    assert_memory_equal(text.p, "precious", 8);
    free(text.p);
}

static void a_key_that_cannot_be_written_leaves_no_file(void **state)
{
    struct fixture *f = *state;
    assert_err(kek_create("/nowhere/at/all/kek", &f->why), E_IO);
    assert_err(kek_create("/dev/full", &f->why), E_EXISTS);
}

static void a_key_file_that_others_may_read_is_refused_with_the_remedy(void **state)
{
    struct fixture *f = *state;
    struct seal_key kek;
    static const mode_t bad[] = {0640, 0604, 0660, 0666, 0610, 0601};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        spill(f->kek, digits_a, 64, bad[i]);
        assert_err(load(f, &kek), E_DENIED);
        assert_non_null(strstr(f->why.text, "chmod 600"));
        assert_non_null(strstr(f->why.text, f->kek));
    }
    spill(f->kek, digits_a, 64, 0400);
    assert_ok(load(f, &kek));
    spill(f->kek, digits_a, 64, 0640);
    assert_err(try_open(f, true), E_DENIED);
    assert_false(exists(f->path));
}

static void a_key_file_of_another_user_is_refused(void **state)
{
    struct fixture *f = *state;
    struct seal_key kek;
    spill(f->kek, digits_a, 64, 0600);
    if (chown(f->kek, 12345, (gid_t)-1) != 0) {
        skip(); /* only root can make such a file */
    }
    assert_err(load(f, &kek), E_DENIED);
    assert_non_null(strstr(f->why.text, "12345"));
}

static void a_key_is_64_hex_digits_with_or_without_a_line_end(void **state)
{
    struct fixture *f = *state;
    struct seal_key a, b;
    char text[80];
    snprintf(text, sizeof text, "%s\n\n", digits_a);
    spill(f->kek, text, 64, 0600);
    assert_ok(load(f, &a));
    spill(f->kek, text, 65, 0600);
    assert_ok(load(f, &b));
    assert_memory_equal(a.b, b.b, sizeof a.b);
    for (size_t n = 0; n < 64; n++) {
        spill(f->kek, text, n, 0600);
        assert_err(load(f, &a), E_BAD_VALUE);
    }
    spill(f->kek, text, 66, 0600);
    assert_err(load(f, &a), E_BAD_VALUE);
    text[10] = 'g';
    spill(f->kek, text, 65, 0600);
    assert_err(load(f, &a), E_BAD_VALUE);
    text[10] = '\0';
    spill(f->kek, text, 65, 0600);
    assert_err(load(f, &a), E_BAD_VALUE);
}

static void no_message_has_octets_of_the_key(void **state)
{
    struct fixture *f = *state;
    struct seal_key kek;
    char text[80];
    snprintf(text, sizeof text, "%sZ", digits_a);
    spill(f->kek, text, 65, 0600);
    assert_err(load(f, &kek), E_BAD_VALUE);
    assert_null(strstr(f->why.text, "001122"));
    assert_null(strstr(f->why.text, "ddeeff"));
}

static void what_is_no_regular_file_is_refused_without_waiting(void **state)
{
    struct fixture *f = *state;
    struct seal_key kek;
    assert_int_equal(mkfifo(f->kek, 0600), 0);
    assert_err(load(f, &kek), E_DENIED);
    assert_err(kek_load(f->dir, &kek, &f->why), E_DENIED);
    unlink(f->kek);
    assert_err(load(f, &kek), E_NOT_FOUND);
}

static void put_other_kek(struct fixture *f)
{
    rename(f->kek, with(f->kek, ".right"));
    spill(f->kek, digits_a, 64, 0600);
}

static void another_key_is_refused_and_damages_nothing(void **state)
{
    struct fixture *f = *state;
    struct store_subscriber s = subscriber_of(IMSI_A);
    open_store(f);
    put(f, &s);
    close_store(f);
    put_other_kek(f);
    struct mbytes before = slurp(f->path);
    for (int i = 0; i < 3; i++) {
        assert_err(try_open(f, true), E_WRONG_KEY);
        assert_non_null(strstr(f->why.text, f->path));
        assert_non_null(strstr(f->why.text, f->kek));
        assert_non_null(strstr(f->why.text, "put the key file"));
        assert_null(strstr(f->why.text, "001122"));
        assert_same_file(f->path, before);
        assert_false(exists(with(f->path, "-wal")));
    }
    free(before.p);
    assert_int_equal(rename(with(f->kek, ".right"), f->kek), 0);
    open_store(f);
    struct store_subscriber back = read_back(f, IMSI_A);
    assert_same_keys(&back.keys, &s.keys);
}

static void another_key_leaves_the_log_of_a_crash_as_it_is(void **state)
{
    struct fixture *f = *state, copy = *f;
    struct store_subscriber s = subscriber_of(IMSI_A);
    snprintf(copy.path, sizeof copy.path, "%s/copy.db", f->dir);
    snprintf(copy.kek, sizeof copy.kek, "%s/copy.kek", f->dir);
    open_store(f);
    put(f, &s);
    copy_file(f->path, copy.path);
    copy_file(with(f->path, "-wal"), with(copy.path, "-wal"));
    copy_file(f->kek, copy.kek);
    put_other_kek(&copy);
    struct mbytes db = slurp(copy.path), wal = slurp(with(copy.path, "-wal"));
    assert_true(wal.n > 0);
    assert_err(try_open(&copy, false), E_WRONG_KEY);
    assert_same_file(copy.path, db);
    assert_same_file(with(copy.path, "-wal"), wal);
    free(db.p);
    free(wal.p);
    assert_int_equal(rename(with(copy.kek, ".right"), copy.kek), 0);
    open_store(&copy);
    struct store_subscriber back = read_back(&copy, IMSI_A);
    assert_same_keys(&back.keys, &s.keys);
    close_store(&copy);
}

static void a_wrapped_key_of_another_store_or_number_does_not_open(void **state)
{
    struct fixture *f = *state;
    open_store(f);
    close_store(f);
    sql(f->path, "UPDATE data_key SET id = 2");
    assert_err(try_open(f, false), E_WRONG_KEY);
    sql(f->path, "UPDATE data_key SET id = 1");
    assert_ok(try_open(f, false));
    close_store(f);
    sql(f->path, "UPDATE identity SET store_id = zeroblob(16)");
    assert_err(try_open(f, false), E_WRONG_KEY);
}

static void a_store_whose_own_records_are_gone_is_refused(void **state)
{
    struct fixture *f = *state;
    open_store(f);
    close_store(f);
    sql(f->path, "CREATE TABLE away AS SELECT * FROM data_key; DELETE FROM data_key");
    assert_err(try_open(f, false), E_IO);
    assert_non_null(strstr(f->why.text, "data keys"));
    sql(f->path, "INSERT INTO data_key SELECT * FROM away");
    assert_ok(try_open(f, false));
    close_store(f);
    sql(f->path, "UPDATE identity SET store_id = x'00'");
    assert_err(try_open(f, false), E_IO);
    sql(f->path, "DELETE FROM identity");
    assert_err(try_open(f, false), E_IO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(a_key_that_was_made_loads_and_is_random),
        IN_FOLDER(a_key_file_is_never_replaced),
        IN_FOLDER(a_key_that_cannot_be_written_leaves_no_file),
        IN_FOLDER(a_key_file_that_others_may_read_is_refused_with_the_remedy),
        IN_FOLDER(a_key_file_of_another_user_is_refused),
        IN_FOLDER(a_key_is_64_hex_digits_with_or_without_a_line_end),
        IN_FOLDER(no_message_has_octets_of_the_key),
        IN_FOLDER(what_is_no_regular_file_is_refused_without_waiting),
        IN_FOLDER(another_key_is_refused_and_damages_nothing),
        IN_FOLDER(another_key_leaves_the_log_of_a_crash_as_it_is),
        IN_FOLDER(a_wrapped_key_of_another_store_or_number_does_not_open),
        IN_FOLDER(a_store_whose_own_records_are_gone_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
