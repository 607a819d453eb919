/* Every secret of a store under a new data key, while it is read and written
 * (src/store/store_reseal.c). */
#include "store/fixture.h"

#include "store/store_reseal.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>

#define NOW   1700000000
#define MANY  150 /* subscribers: more than two steps' worth */
#define DIMSI "901700000000001"

/* ---- a store with something in every sealed column ---- */

static void imsi_number(unsigned n, char out[static 16])
{
    snprintf(out, 16, "0010100%08u", n);
}

static void put_many(struct fixture *f)
{
    char digits[16];
    enum store_did did;
    assert_ok(store_begin(f->w));
    for (unsigned i = 0; i < MANY; i++) {
        imsi_number(i, digits);
        struct store_subscriber s = subscriber_of(digits);
        assert_ok(store_put_subscriber(f->w, STORE_UPSERT, &s, &did));
        struct store_device d = device_of(digits, IMEI_A, (uint8_t)(i + 1));
        assert_ok(store_put_device(f->w, STORE_UPSERT, &d, &did));
        d.kme.b[0] ^= 0x80; /* the former one becomes the previous */
        assert_ok(store_put_device(f->w, STORE_UPSERT, &d, &did));
    }
    assert_ok(store_commit(f->w));
}

static void put_provisioning(struct fixture *f)
{
    char digits[16];
    imsi_number(3, digits);
    struct store_kme k = {.imsi = imsi_of(digits), .phase = 1, .expires = 5, .has_taken = true};
    memset(k.nw_sig, 0x5a, sizeof k.nw_sig);
    COMMITTED(f, store_put_kme(f->w, &k));
}

static void put_lot(struct fixture *f)
{
    struct store_lot l = {.id = "a.lot", .manufacturer = "M", .modulus_n = 512};
    struct store_lot_key k = {.n = 256};
    struct store_lot_range r = {.first = 10, .last = 19};
    memset(k.p, 0x11, k.n);
    memset(k.q, 0x22, k.n);
    COMMITTED(f, store_put_lot(f->w, &l, &k, &r, 1));
}

static void put_dimsi(struct fixture *f)
{
    struct store_dimsi o = {.dimsi = imsi_of(DIMSI),
                            .phase = STORE_DIMSI_OFFERED,
                            .todo = STORE_DIMSI_RELEASE,
                            .number = 7,
                            .arpf = "https://arpf.example.org",
                            .sp = "sp.example.org"};
    struct store_dimsi_challenge c = {.xres.n = 8};
    memset(c.rand.b, 0x77, sizeof c.rand.b);
    COMMITTED(f, store_put_dimsi(f->w, &o));
    COMMITTED(f, store_put_dimsi_challenge(f->w, &o.dimsi, &c));
}

static void fill(struct fixture *f)
{
    put_many(f);
    put_provisioning(f);
    put_lot(f);
    put_dimsi(f);
}

static void assert_device(struct fixture *f, unsigned i)
{
    char digits[16];
    struct store_device devices[STORE_DEVICES_MAX];
    size_t n = 0;
    imsi_number(i, digits);
    const struct imsi imsi = imsi_of(digits);
    assert_ok(store_read_devices(f->r, &imsi, devices, &n));
    assert_int_equal(n, 1);
    assert_true(devices[0].has_kme && devices[0].has_previous);
    assert_int_equal(devices[0].previous.b[0], i + 1);
    assert_int_equal(devices[0].kme.b[0], (i + 1) ^ 0x80);
}

static void assert_filled(struct fixture *f)
{
    char digits[16];
    for (unsigned i = 0; i < MANY; i++) {
        imsi_number(i, digits);
        struct store_subscriber is = read_back(f, digits), was = subscriber_of(digits);
        assert_same_keys(&is.keys, &was.keys);
        assert_device(f, i);
    }
    imsi_number(3, digits);
    struct imsi imsi = imsi_of(digits), dimsi = imsi_of(DIMSI);
    struct store_kme kme;
    struct store_lot_key key;
    assert_ok(store_read_kme(f->r, &imsi, &kme));
    assert_int_equal(kme.nw_sig[31], 0x5a);
    assert_ok(store_read_lot_key(f->r, "a.lot", &key));
    assert_true(key.n == 256 && key.p[255] == 0x11 && key.q[255] == 0x22);
    struct store_dimsi_papers *papers = malloc(sizeof *papers);
    assert_non_null(papers);
    assert_ok(store_read_dimsi_papers(f->r, &dimsi, papers));
    assert_int_equal(papers->challenge.rand.b[15], 0x77);
    free(papers);
}

/* ---- what the file itself says ---- */

/* How many octet values of any table begin as what is sealed under the key does; columns: in how
 * many columns. By the schema, whatever tables it has. */
static unsigned under(struct fixture *f, uint32_t key, unsigned *columns)
{
    sqlite3 *db = f->r->c.db;
    sqlite3_stmt *schema = NULL, *rows = NULL;
    unsigned n = 0, of_column = 0;
    char text[256];
    *columns = 0;
    assert_int_equal(sqlite3_prepare_v2(db,
                                        "SELECT m.name, c.name FROM sqlite_schema m,"
                                        " pragma_table_info(m.name) c WHERE m.type = 'table'",
                                        -1, &schema, NULL),
                     SQLITE_OK);
    for (; sqlite3_step(schema) == SQLITE_ROW; n += of_column, *columns += of_column > 0) {
        snprintf(text, sizeof text, "SELECT \"%s\" FROM \"%s\"", sqlite3_column_text(schema, 1),
                 sqlite3_column_text(schema, 0));
        assert_int_equal(sqlite3_prepare_v2(db, text, -1, &rows, NULL), SQLITE_OK);
        for (of_column = 0; sqlite3_step(rows) == SQLITE_ROW;) {
            of_column += sqlite3_column_type(rows, 0) == SQLITE_BLOB &&
                         seal_key_id_of(stmt_blob(rows, 0)) == key;
        }
        sqlite3_finalize(rows);
    }
    sqlite3_finalize(schema);
    return n;
}

#define SEALED_COLUMNS 6
#define SEALED_VALUES  (3 * MANY + 3)

static struct store_keys_view keys_of(struct fixture *f)
{
    struct store_keys_view v;
    assert_ok(store_read_keys(f->r, &v));
    return v;
}

/* ---- the job ---- */

static enum err begin(struct fixture *f, struct store_reseal *out)
{
    struct store_keks keks;
    uint64_t values = 0;
    assert_ok(store_count_sealed(f->r, &values));
    assert_ok(store_kek_files(f->store, &keks, &f->why));
    assert_ok(store_begin(f->w));
    enum err err = store_reseal_begin(f->w, &keks, values, NOW, out);
    if (err == E_OK) {
        assert_ok(store_commit(f->w));
    } else {
        store_rollback(f->w);
    }
    return err;
}

static struct store_reseal step(struct fixture *f)
{
    struct store_reseal row;
    COMMITTED(f, store_reseal_step(f->w, NOW + 1, &row, NULL));
    return row;
}

static struct store_reseal finish(struct fixture *f)
{
    struct store_reseal row = step(f);
    bool left = true;
    unsigned steps = 0;
    for (; row.state == STORE_RESEAL_RUNNING; steps++) {
        uint64_t before = row.resealed;
        row = step(f);
        assert_true(row.resealed - before <= STORE_RESEAL_STEP);
        assert_true(steps < 100);
    }
    assert_int_equal(row.state, STORE_RESEAL_CHECKING);
    assert_ok(store_reseal_check(f->r, row.key_id, &left));
    COMMITTED(f, store_reseal_end(f->w, left, NOW + 2, &row));
    return row;
}

static void
every_sealed_value_of_every_table_is_under_the_new_key_and_the_old_one_is_gone(void **state)
{
    struct fixture *f = *state;
    unsigned columns = 0;
    struct store_reseal row;
    fill(f);
    assert_int_equal(under(f, 1, &columns), SEALED_VALUES);
    assert_int_equal(columns, SEALED_COLUMNS);
    assert_ok(begin(f, &row));
    assert_int_equal(row.state, STORE_RESEAL_RUNNING);
    assert_int_equal(row.key_id, 2);
    assert_int_equal(keys_of(f).n, 2);
    row = finish(f);
    assert_int_equal(row.state, STORE_RESEAL_ENDED);
    assert_int_equal(row.resealed, SEALED_VALUES);
    assert_int_equal(row.looked, row.values);
    assert_int_equal(row.failed, 0);
    assert_int_equal(under(f, 1, &columns), 0);
    assert_int_equal(under(f, 2, &columns), SEALED_VALUES);
    assert_int_equal(columns, SEALED_COLUMNS);
    struct store_keys_view v = keys_of(f);
    assert_int_equal(v.n, 1);
    assert_int_equal(v.data[0].id, 2);
    assert_int_equal(v.data[0].created, NOW);
    assert_filled(f);
    reopen_store(f);
    assert_filled(f);
}

static void a_version_that_conditions_rely_on_does_not_change(void **state)
{
    struct fixture *f = *state;
    struct store_reseal row;
    struct store_subscriber s = subscriber_of(IMSI_A);
    (void)put(f, &s);
    uint64_t version = read_back(f, IMSI_A).version;
    assert_ok(begin(f, &row));
    assert_int_equal(finish(f).state, STORE_RESEAL_ENDED);
    assert_int_equal(read_back(f, IMSI_A).version, version);
}

static void an_open_reader_learns_of_the_new_key_and_still_reads_what_it_saw_before(void **state)
{
    struct fixture *f = *state;
    struct store_reader *old = NULL, *now = f->r;
    struct store_reseal row;
    fill(f);
    assert_ok(store_reader_open(f->store, &old));
    assert_ok(store_reader_begin(old));
    f->r = old;
    assert_device(f, 0); /* the transaction sees this state from now on */
    f->r = now;
    assert_ok(begin(f, &row));
    assert_int_equal(finish(f).state, STORE_RESEAL_ENDED);
    f->r = old;
    assert_device(f, MANY - 1); /* under a key that the store has no more */
    store_reader_end(old);
    assert_filled(f);
    f->r = now;
    store_reader_close(old);
    assert_filled(f);
}

static void more_keys_than_a_reader_has_room_for_follow_each_other(void **state)
{
    struct fixture *f = *state;
    struct store_reseal row;
    struct store_subscriber s = subscriber_of(IMSI_A), is;
    (void)put(f, &s);
    for (unsigned i = 0; i < SEAL_KEYS_MAX + 4; i++) {
        assert_ok(begin(f, &row));
        assert_int_equal(row.key_id, i + 2);
        row = finish(f);
        assert_int_equal(row.state, STORE_RESEAL_ENDED);
        is = read_back(f, IMSI_A);
        assert_same_keys(&is.keys, &s.keys);
    }
    assert_int_equal(keys_of(f).n, 1);
    reopen_store(f);
    is = read_back(f, IMSI_A);
    assert_same_keys(&is.keys, &s.keys);
}

static void what_is_written_meanwhile_is_under_the_new_key(void **state)
{
    struct fixture *f = *state;
    unsigned columns = 0;
    struct store_reseal row;
    fill(f);
    assert_ok(begin(f, &row));
    struct store_subscriber s = subscriber_of("001019999999999");
    (void)put(f, &s);
    assert_int_equal(under(f, 2, &columns), 1);
    (void)step(f);
    s = subscriber_of("001010000000000"); /* behind where the job is */
    s.keys.k.b[0] ^= 1;
    (void)put(f, &s);
    assert_int_equal(finish(f).state, STORE_RESEAL_ENDED);
    assert_int_equal(under(f, 1, &columns), 0);
    struct store_subscriber is = read_back(f, "001010000000000");
    assert_same_keys(&is.keys, &s.keys);
}

static void a_key_whose_batch_was_undone_seals_nothing(void **state)
{
    struct fixture *f = *state;
    unsigned columns = 0;
    struct store_keks keks;
    struct store_reseal row;
    assert_ok(store_kek_files(f->store, &keks, &f->why));
    for (unsigned way = 0; way < 2; way++) {
        assert_ok(store_begin(f->w));
        assert_ok(store_step_begin(f->w));
        assert_ok(store_reseal_begin(f->w, &keks, 0, NOW, &row));
        assert_ok(store_step_end(f->w, false));
        if (way == 0) {
            store_rollback(f->w);
        } else {
            assert_ok(store_commit(f->w));
        }
        assert_int_equal(keys_of(f).n, 1);
        struct store_subscriber s = subscriber_of(way == 0 ? IMSI_A : IMSI_B);
        (void)put(f, &s);
        assert_int_equal(under(f, 1, &columns), way + 1);
    }
    reopen_store(f);
    (void)read_back(f, IMSI_A);
}

/*= test op-key-reseal */
static void one_that_was_stopped_goes_on_where_it_was(void **state)
{
    struct fixture *f = *state;
    struct store_reseal row, stopped;
    fill(f);
    assert_ok(begin(f, &row));
    row = step(f);
    assert_int_equal(row.resealed, STORE_RESEAL_STEP);
    assert_err(begin(f, &stopped), E_CONFLICT);
    COMMITTED(f, store_reseal_stop(f->w, NOW, &stopped));
    assert_int_equal(stopped.state, STORE_RESEAL_STOPPED);
    assert_int_equal(step(f).resealed, row.resealed);
    assert_ok(store_begin(f->w));
    assert_err(store_reseal_stop(f->w, NOW, &stopped), E_NOT_FOUND);
    assert_err(store_reseal_end(f->w, false, NOW, &stopped), E_NOT_FOUND);
    store_rollback(f->w);
    assert_filled(f);
    assert_ok(begin(f, &row));
    assert_int_equal(row.key_id, 2);
    assert_int_equal(row.resealed, STORE_RESEAL_STEP);
    row = finish(f);
    assert_int_equal(row.state, STORE_RESEAL_ENDED);
    assert_int_equal(row.resealed, SEALED_VALUES);
}

/* In a process of its own, which is killed after so many commits of the job, or in a batch. */
static bool work(struct store *s, unsigned commits, bool in_batch)
{
    struct store_writer *w = store_the_writer(s);
    struct store_reseal row;
    struct store_keks keks;
    struct store_why why;
    enum err err = store_kek_files(s, &keks, &why);
    for (unsigned i = 0; err == E_OK && i < commits + in_batch; i++) {
        err = store_begin(w);
        if (err == E_OK) {
            err = store_reseal_step(w, NOW, &row, NULL);
        }
        if (err == E_OK && row.state != STORE_RESEAL_RUNNING &&
            row.state != STORE_RESEAL_CHECKING) {
            err = store_reseal_begin(w, &keks, 0, NOW, &row);
        }
        if (err == E_OK && i < commits) {
            err = store_commit(w);
        }
    }
    return err == E_OK;
}

/*= test op-key-reseal */
static void a_process_that_is_killed_in_the_middle_of_it_goes_on_after_its_restart(void **state)
{
    struct fixture *f = *state;
    fill(f);
    for (unsigned commits = 0; commits < 10; commits++) {
        unsigned columns = 0;
        close_store(f);
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
            struct store *s = NULL;
            struct store_options o = {f->path, f->kek, false};
            if (store_open(&o, &s, &f->why) == E_OK && work(s, commits, commits % 2 == 0)) {
                (void)kill(getpid(), SIGKILL);
            }
            _exit(1);
        }
        int status = 0;
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFSIGNALED(status));
        open_store(f);
        assert_filled(f);
        struct store_reseal row;
        assert_ok(store_read_reseal(f->r, &row));
        if (row.state != STORE_RESEAL_RUNNING && row.state != STORE_RESEAL_CHECKING) {
            assert_ok(begin(f, &row));
        }
        row = finish(f);
        assert_int_equal(row.state, STORE_RESEAL_ENDED);
        struct store_keys_view v = keys_of(f);
        assert_int_equal(v.n, 1);
        assert_int_equal(under(f, v.data[0].id, &columns), SEALED_VALUES);
        assert_filled(f);
    }
}

static void a_value_that_does_not_open_stays_as_it_is_and_keeps_the_old_key(void **state)
{
    struct fixture *f = *state;
    unsigned columns = 0;
    struct store_reseal row;
    fill(f);
    close_store(f);
    sql(f->path, "UPDATE subscriber SET keys = CAST(substr(keys, 1, 20) ||"
                 " zeroblob(length(keys) - 20) AS BLOB)"
                 " WHERE imsi = (SELECT max(imsi) FROM subscriber)");
    open_store(f);
    assert_ok(begin(f, &row));
    row = finish(f);
    assert_int_equal(row.state, STORE_RESEAL_FAILED);
    assert_int_equal(row.failed, 1);
    assert_int_equal(row.resealed, SEALED_VALUES - 1);
    assert_int_equal(keys_of(f).n, 2);
    assert_int_equal(under(f, 1, &columns), 1);
}

static void
the_old_key_stays_while_a_column_that_the_job_does_not_know_has_values_under_it(void **state)
{
    struct fixture *f = *state;
    struct store_reseal row;
    fill(f);
    close_store(f);
    sql(f->path, "CREATE TABLE later (id INTEGER PRIMARY KEY, secret BLOB) STRICT;"
                 "INSERT INTO later SELECT 1, keys FROM subscriber LIMIT 1");
    open_store(f);
    assert_ok(begin(f, &row));
    assert_int_equal(finish(f).state, STORE_RESEAL_FAILED);
    assert_int_equal(keys_of(f).n, 2);
}

static void a_new_data_key_is_wrapped_only_under_the_stores_own_kek(void **state)
{
    struct fixture *f = *state;
    struct store_keks keks = {.n = 1, .key = {{.b = {1, 2, 3}}}};
    struct store_reseal row;
    assert_ok(store_begin(f->w));
    assert_err(store_reseal_begin(f->w, &keks, 0, NOW, &row), E_WRONG_KEY);
    store_rollback(f->w);
    assert_int_equal(keys_of(f).n, 1);
    assert_err(store_reseal_begin(f->w, &keks, 0, NOW, &row), E_BAD_STATE);
}

static void a_rotation_in_the_middle_of_a_job_wraps_both_keys(void **state)
{
    struct fixture *f = *state;
    struct store_reseal row;
    struct seal_key kek;
    struct store_why why;
    fill(f);
    assert_ok(begin(f, &row));
    (void)step(f);
    assert_ok(store_kek_next(f->store, &kek, &why));
    COMMITTED(f, store_rotate_kek(f->w, &kek, NOW));
    assert_ok(store_kek_put_in_place(f->store, &why));
    reopen_store(f);
    assert_filled(f);
    assert_int_equal(finish(f).state, STORE_RESEAL_ENDED);
    reopen_store(f);
    assert_filled(f);
}

/* ---- readers in threads of their own ---- */

struct shared {
    struct store *store;
    atomic_bool stop;
    atomic_uint reads, faults;
};

static void read_one(struct shared *s, struct store_reader *r, const struct imsi *imsi)
{
    struct store_subscriber sub;
    struct store_device devices[STORE_DEVICES_MAX];
    size_t n = 0;
    enum err err = store_read_for_vectors(r, imsi, &sub, devices, &n);
    atomic_fetch_add(&s->faults, err != E_OK || n != 1 || sub.keys.k.b[0] != 0xa0);
    atomic_fetch_add(&s->reads, 1);
}

static void *reading(void *arg)
{
    struct shared *s = arg;
    struct store_reader *r = NULL;
    struct imsi imsi;
    char digits[16];
    if (store_reader_open(s->store, &r) != E_OK) {
        atomic_fetch_add(&s->faults, 1);
        return NULL;
    }
    for (unsigned i = 0; !atomic_load(&s->stop); i++) {
        imsi_number(i % MANY, digits);
        if (imsi_parse(bytes_of_str(digits), &imsi) == E_OK) {
            bool in = i % 8 == 0 && store_reader_begin(r) == E_OK;
            read_one(s, r, &imsi);
            read_one(s, r, &imsi);
            if (in) {
                store_reader_end(r);
            }
        }
    }
    store_reader_close(r);
    return NULL;
}

static void signalling_reads_go_on_beside_the_job(void **state)
{
    struct fixture *f = *state;
    struct shared s = {.store = f->store};
    pthread_t threads[3];
    struct store_reseal row;
    fill(f);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, reading, &s), 0);
    }
    for (unsigned i = 0; i < 20; i++) {
        assert_ok(begin(f, &row));
        assert_int_equal(finish(f).state, STORE_RESEAL_ENDED);
    }
    while (atomic_load(&s.reads) < 1000) {
        (void)sched_yield();
    }
    atomic_store(&s.stop, true);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    assert_int_equal(atomic_load(&s.faults), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_STORE(every_sealed_value_of_every_table_is_under_the_new_key_and_the_old_one_is_gone),
        IN_STORE(a_version_that_conditions_rely_on_does_not_change),
        IN_STORE(an_open_reader_learns_of_the_new_key_and_still_reads_what_it_saw_before),
        IN_STORE(more_keys_than_a_reader_has_room_for_follow_each_other),
        IN_STORE(what_is_written_meanwhile_is_under_the_new_key),
        IN_STORE(a_key_whose_batch_was_undone_seals_nothing),
        IN_STORE(one_that_was_stopped_goes_on_where_it_was),
        IN_STORE(a_process_that_is_killed_in_the_middle_of_it_goes_on_after_its_restart),
        IN_STORE(a_value_that_does_not_open_stays_as_it_is_and_keeps_the_old_key),
        IN_STORE(the_old_key_stays_while_a_column_that_the_job_does_not_know_has_values_under_it),
        IN_STORE(a_new_data_key_is_wrapped_only_under_the_stores_own_kek),
        IN_STORE(a_rotation_in_the_middle_of_a_job_wraps_both_keys),
        IN_STORE(signalling_reads_go_on_beside_the_job),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
