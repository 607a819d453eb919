#include "store/onboarding_rows.h"

/* A store that this program wrote, and what a later program would do with it. Of step_2 and step_3
 * the numbers are those after this program's last. */
static const char step_2[] = "ALTER TABLE subscriber ADD COLUMN note TEXT NOT NULL DEFAULT 'new';";
static const char step_3[] = "CREATE TABLE extra (id INTEGER PRIMARY KEY) STRICT;";

#define NOW ((int)schema_steps_n)

static sqlite3 *older_store(struct fixture *f)
{
    sqlite3 *db = NULL;
    struct store_subscriber s = subscriber_of(IMSI_A);
    open_store(f);
    put(f, &s);
    close_store(f);
    assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
    return db;
}

/* `two` is the step after the last one there is, `three` (or NULL) the one after that. `forgets`:
 * the step does not set its version. */
static enum err migrate_with(struct fixture *f, sqlite3 *db, const char *two, const char *three,
                             bool forgets)
{
    char text[2][256];
    struct schema_step steps[16];
    snprintf(text[0], sizeof text[0], "%s PRAGMA user_version = %d;", two, NOW + !forgets);
    snprintf(text[1], sizeof text[1], "%s PRAGMA user_version = %d;", three != NULL ? three : "",
             NOW + 2);
    assert_true(schema_steps_n + 2 <= sizeof steps / sizeof steps[0]);
    for (size_t i = 0; i < schema_steps_n; i++) {
        steps[i] = schema_steps[i];
    }
    steps[schema_steps_n] = (struct schema_step){NOW + 1, text[0]};
    steps[schema_steps_n + 1] = (struct schema_step){NOW + 2, text[1]};
    return schema_migrate(db, f->path, steps, schema_steps_n + (three == NULL ? 1 : 2), &f->why);
}

static enum err migrate(struct fixture *f, sqlite3 *db, const char *two, const char *three)
{
    return migrate_with(f, db, two, three, false);
}

static int version_of(sqlite3 *db)
{
    int version = -1;
    assert_ok(schema_version(db, &version));
    return version;
}

static bool works(sqlite3 *db, const char *text)
{
    return sqlite3_exec(db, text, NULL, NULL, NULL) == SQLITE_OK;
}

static void an_older_store_gets_every_step_that_it_lacks_and_keeps_its_rows(void **state)
{
    struct fixture *f = *state;
    sqlite3 *db = older_store(f);
    assert_int_equal(version_of(db), NOW);
    assert_ok(migrate(f, db, step_2, step_3));
    assert_int_equal(version_of(db), NOW + 2);
    assert_true(works(db, "INSERT INTO extra SELECT count(*) FROM subscriber WHERE note = 'new'"));
    assert_true(works(db, "DELETE FROM extra WHERE id = 1"));
    assert_int_equal(sqlite3_changes(db), 1);
    assert_ok(migrate(f, db, step_2, step_3)); /* again: nothing to do */
    sqlite3_close(db);
}

static void a_step_that_fails_is_undone_and_the_steps_before_it_stay(void **state)
{
    struct fixture *f = *state;
    sqlite3 *db = older_store(f);
    assert_err(migrate(f, db, step_2, "CREATE TABLE half (a); CREATE TABLE half (a);"), E_IO);
    char said[64];
    snprintf(said, sizeof said, "step to schema version %d", NOW + 2);
    assert_non_null(strstr(f->why.text, said));
    assert_int_equal(version_of(db), NOW + 1);
    assert_false(works(db, "SELECT * FROM half"));
    assert_true(works(db, "SELECT note FROM subscriber"));
    assert_ok(migrate(f, db, step_2, step_3)); /* mended: goes on from there */
    assert_int_equal(version_of(db), NOW + 2);
    sqlite3_close(db);
}

static void a_step_that_forgets_its_version_is_undone(void **state)
{
    struct fixture *f = *state;
    sqlite3 *db = older_store(f);
    assert_err(migrate_with(f, db, "CREATE TABLE extra (a);", NULL, true), E_IO);
    assert_int_equal(version_of(db), NOW);
    assert_false(works(db, "SELECT * FROM extra"));
    sqlite3_close(db);
}

static void a_newer_store_is_refused_with_both_versions_and_not_changed(void **state)
{
    struct fixture *f = *state;
    sqlite3 *db = older_store(f);
    assert_ok(migrate(f, db, step_2, step_3));
    sqlite3_close(db);
    struct mbytes before = slurp(f->path);
    assert_err(try_open(f, true), E_TOO_NEW);
    char said[64];
    snprintf(said, sizeof said, "version %d", NOW + 2);
    assert_non_null(strstr(f->why.text, said));
    assert_non_null(strstr(f->why.text, f->path));
    assert_same_file(f->path, before);
    assert_false(exists(with(f->path, "-wal")));
    free(before.p);
}

static void the_steps_are_in_order_and_a_new_store_has_the_last(void **state)
{
    struct fixture *f = *state;
    for (size_t i = 0; i < schema_steps_n; i++) {
        assert_int_equal(schema_steps[i].version, i + 1);
    }
    sqlite3 *db = older_store(f);
    assert_int_equal(version_of(db), schema_steps_n);
    assert_true(works(db, "SELECT 1 / (application_id = 0x42494e44) FROM pragma_application_id"));
    sqlite3_close(db);
}

/* What steps 8, 7, 6, 5, 4 and 3 made, undone. Version 1 had no EIR. */
#define NOT_YET_8 "DROP TABLE serving_node;"
#define NOT_YET_7                                                                                  \
    NOT_YET_8                                                                                      \
    "DROP TABLE IF EXISTS push; DROP TABLE IF EXISTS push_profile; DROP TABLE IF EXISTS reset;"    \
    "DROP TABLE IF EXISTS reset_told; DROP INDEX IF EXISTS subscriber_served;"                     \
    "DROP TABLE IF EXISTS audit; DROP TABLE IF EXISTS import; DROP TABLE IF EXISTS webhook;"       \
    "DROP TABLE kek; DROP TABLE reseal; DROP TABLE IF EXISTS origin;"
#define NOT_YET_6 NOT_YET_7 "DROP TABLE dimsi; DROP TABLE dimsi_paper; DROP TABLE dimsi_count;"
#define NOT_YET_5                                                                                  \
    NOT_YET_6                                                                                      \
    "DROP TABLE onboarding; DROP TABLE onboarding_count; DROP TABLE imsi_pool;"                    \
    "DROP TABLE imsi_resting; ALTER TABLE subscriber DROP COLUMN pending;"
#define NOT_YET_4                                                                                  \
    NOT_YET_5                                                                                      \
    "DROP TABLE provisioning; DROP TABLE lot; DROP TABLE lot_range;"                               \
    "ALTER TABLE subscriber DROP COLUMN kme_request; ALTER TABLE device DROP COLUMN kme_since;"    \
    "ALTER TABLE device DROP COLUMN kme_lot; ALTER TABLE device DROP COLUMN kme_used;"
#define NOT_YET_3                                                                                  \
    NOT_YET_4 "DROP TABLE device_proof; DROP TABLE repository; ALTER TABLE subscriber DROP "       \
              "COLUMN proof;"

static void a_store_of_version_2_is_opened_and_nobody_wants_proofs(void **state)
{
    struct fixture *f = *state;
    struct store_proof proof = {.remembered = true, .known = true};
    struct store_subscriber before = subscriber_of(IMSI_A);
    struct store_eir_rule rule = {.first = 5, .last = 6, .list = 3};
    struct store_eir eir = {0, 0};
    uint64_t cursor = 7;
    enum store_did did;
    open_store(f);
    put(f, &before);
    COMMITTED(f, store_put_eir_rule(f->w, &rule, 10, &did));
    before = read_back(f, IMSI_A);
    close_store(f);
    sql(f->path, NOT_YET_3 "PRAGMA user_version = 2;");
    open_store(f);
    struct store_subscriber after = read_back(f, IMSI_A);
    assert_same_subscriber(&before, &after);
    assert_int_equal(after.proof, 0);
    assert_ok(store_read_eir(f->r, &eir));
    assert_int_equal(eir.rules, 1);
    assert_ok(store_read_proof(f->r, &after.imsi, &proof));
    assert_false(proof.remembered || proof.known);
    assert_ok(store_read_cursor(f->r, "maker", &cursor));
    assert_int_equal(cursor, 0);
    after.proof = 3;
    assert_int_equal(put(f, &after), STORE_CHANGED);
    before = read_back(f, IMSI_A);
    assert_int_equal(before.proof, 3);
}

/* Subscriber, device with both keys, proof. */
static void fill_as_of_version_3(struct fixture *f)
{
    struct store_subscriber s = subscriber_of(IMSI_A);
    struct store_device older = device_of(IMSI_A, IMEI_A, 8), newer = device_of(IMSI_A, IMEI_A, 9);
    struct store_proof proof = {.imsi = s.imsi, .known = true, .last = {.result = 1, .at = 5}};
    s.proof = 2;
    put(f, &s);
    put_device(f, &older);
    put_device(f, &newer);
    proof.last.imei = newer.imei;
    COMMITTED(f, store_put_proof(f->w, &proof));
}

static void a_store_of_version_3_is_opened_and_no_kme_has_a_past(void **state)
{
    struct fixture *f = *state;
    struct store_device out[STORE_DEVICES_MAX];
    struct store_kme kme;
    struct store_lot lot;
    struct store_proof proof;
    size_t n = 0;
    open_store(f);
    fill_as_of_version_3(f);
    struct store_subscriber before = read_back(f, IMSI_A);
    close_store(f);
    sql(f->path, NOT_YET_4 "PRAGMA user_version = 3;");
    open_store(f);
    struct store_subscriber after = read_back(f, IMSI_A);
    assert_same_subscriber(&before, &after);
    assert_int_equal(after.kme_request, 0);
    assert_ok(store_read_devices(f->r, &after.imsi, out, &n));
    assert_int_equal(n, 1);
    assert_true(out[0].has_kme && out[0].kme.b[0] == 9);
    assert_true(out[0].has_previous && out[0].previous.b[0] == 8);
    assert_true(out[0].kme_since == 0 && out[0].kme_used == 0 && out[0].kme_lot[0] == '\0');
    assert_ok(store_read_proof(f->r, &after.imsi, &proof));
    assert_true(proof.known && proof.last.at == 5);
    assert_ok(store_read_kme(f->r, &after.imsi, &kme));
    assert_int_equal(kme.phase, 0);
    assert_ok(store_list_lots(f->r, NULL, &lot, 1, &n));
    assert_int_equal(n, 0);
    kme.request = 2;
    COMMITTED(f, store_put_kme(f->w, &kme)); /* the new table takes a row */
    assert_int_equal(read_back(f, IMSI_A).kme_request, 2);
}

static void a_store_of_version_4_is_opened_and_no_device_has_asked(void **state)
{
    struct fixture *f = *state;
    struct store_onboarding row = onboarding_of("maker", "d1", CERTATTACH_PHASE_PENDING, IMSI_A);
    struct store_subscriber before = subscriber_of(IMSI_A);
    struct store_kme kme = {.imsi = imsi_of(IMSI_A), .request = 1, .phase = 2};
    struct imsi last = imsi_of("001010000000009"), got;
    struct store_pool pool;
    size_t n = 9;
    open_store(f);
    put(f, &before);
    COMMITTED(f, store_put_kme(f->w, &kme));
    before = read_back(f, IMSI_A);
    close_store(f);
    sql(f->path, NOT_YET_5 "PRAGMA user_version = 4;");
    open_store(f);
    struct store_subscriber after = read_back(f, IMSI_A);
    assert_same_subscriber(&before, &after);
    assert_false(after.pending);
    assert_ok(store_read_kme(f->r, &after.imsi, &kme));
    assert_int_equal(kme.phase, 2);
    assert_ok(store_list_onboarding(f->r, NULL, 0, &row, 1, &n));
    assert_int_equal(n, 0);
    assert_ok(store_read_pool(f->r, &kme.imsi, &last, 5, &pool));
    assert_true(pool.total == 9 && pool.never_used == 8 && pool.resting == 0);
    row = onboarding_of("maker", "d1", CERTATTACH_PHASE_PENDING, IMSI_A);
    COMMITTED(f, store_put_onboarding(f->w, &row)); /* the new tables take rows */
    COMMITTED(f, store_take_imsi(f->w, &kme.imsi, &last, 5, &got));
    assert_string_equal(got.digits, IMSI_B);
    assert_true(read_back(f, IMSI_A).pending);
    assert_onboarding_whole(f);
}

static void a_store_of_version_5_is_opened_and_nothing_was_offered(void **state)
{
    struct fixture *f = *state;
    struct store_subscriber before = subscriber_of(IMSI_A);
    struct store_onboarding row = onboarding_of("maker", "d1", CERTATTACH_PHASE_PENDING, IMSI_A);
    struct store_dimsi offered = {.dimsi = imsi_of("901700000000001"), .phase = 2, .sp = "sp"};
    const struct store_dimsi_wanted all = {.after = NULL};
    struct imsi got;
    size_t n = 9;
    open_store(f);
    put(f, &before);
    COMMITTED(f, store_put_onboarding(f->w, &row));
    before = read_back(f, IMSI_A);
    close_store(f);
    sql(f->path, NOT_YET_6 "PRAGMA user_version = 5;");
    open_store(f);
    struct store_subscriber after = read_back(f, IMSI_A);
    assert_same_subscriber(&before, &after);
    assert_true(after.pending);
    assert_onboarding_whole(f);
    assert_ok(store_list_dimsi(f->r, &all, &offered, 1, &n));
    assert_int_equal(n, 0);
    assert_ok(store_due_dimsi(f->r, INT64_MAX, &got, 1, &n));
    assert_int_equal(n, 0);
    offered.has_imsi = true;
    offered.imsi = imsi_of(IMSI_A);
    COMMITTED(f, store_put_dimsi(f->w, &offered)); /* the new tables take rows */
    assert_ok(store_read_dimsi_of(f->r, &offered.imsi, &offered));
    assert_string_equal(offered.dimsi.digits, "901700000000001");
}

static void a_store_of_version_1_is_opened_with_its_rows_and_with_empty_lists(void **state)
{
    struct fixture *f = *state;
    struct store_eir eir = {7, 7};
    struct store_eir_rule rule = {.first = 5, .last = 6, .list = 3}, got;
    struct store_device device = device_of(IMSI_A, IMEI_A, 9);
    struct store_subscriber before = subscriber_of(IMSI_A);
    size_t n = 0;
    enum store_did did;
    open_store(f);
    put(f, &before);
    put_device(f, &device);
    before = read_back(f, IMSI_A);
    close_store(f);
    sql(f->path, NOT_YET_3 "DROP TABLE eir; DROP TABLE eir_rule; PRAGMA user_version = 1;");
    open_store(f);
    struct store_subscriber after = read_back(f, IMSI_A);
    assert_same_subscriber(&before, &after);
    assert_ok(store_read_eir(f->r, &eir));
    assert_true(eir.rules == 0 && eir.version == 0);
    COMMITTED(f, store_put_eir_rule(f->w, &rule, 10, &did));
    assert_ok(store_list_eir_rules(f->r, NULL, &got, 1, &n));
    assert_int_equal(n, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(an_older_store_gets_every_step_that_it_lacks_and_keeps_its_rows),
        IN_FOLDER(a_step_that_fails_is_undone_and_the_steps_before_it_stay),
        IN_FOLDER(a_step_that_forgets_its_version_is_undone),
        IN_FOLDER(a_newer_store_is_refused_with_both_versions_and_not_changed),
        IN_FOLDER(the_steps_are_in_order_and_a_new_store_has_the_last),
        IN_FOLDER(a_store_of_version_2_is_opened_and_nobody_wants_proofs),
        IN_FOLDER(a_store_of_version_3_is_opened_and_no_kme_has_a_past),
        IN_FOLDER(a_store_of_version_4_is_opened_and_no_device_has_asked),
        IN_FOLDER(a_store_of_version_5_is_opened_and_nothing_was_offered),
        IN_FOLDER(a_store_of_version_1_is_opened_with_its_rows_and_with_empty_lists),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
