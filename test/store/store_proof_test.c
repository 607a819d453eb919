/* What is remembered of proofs, and how far changes were taken (src/store/store_proof.c). */
#include "store/fixture.h"

static struct store_proof proof_of(const char *imsi, const char *imei)
{
    struct store_proof p = {.imsi = imsi_of(imsi), .remembered = true, .known = true};
    p.memory = (struct store_memory){.imei = imei_of(imei),
                                     .form = 2,
                                     .serial = 1234567890123,
                                     .at = 1700000000,
                                     .until = 1700604800};
    p.last = (struct store_outcome){.imei = imei_of(imei),
                                    .result = 3,
                                    .cause = "binding-revoked",
                                    .form = 1,
                                    .serial = UINT64_C(1) << 62,
                                    .at = 1700000001};
    return p;
}

static void assert_same_proof(const struct store_proof *a, const struct store_proof *b)
{
    assert_true(imsi_eq(&a->imsi, &b->imsi));
    assert_int_equal(a->remembered, b->remembered);
    assert_string_equal(a->memory.imei.digits, b->memory.imei.digits);
    assert_int_equal(a->memory.form, b->memory.form);
    assert_int_equal(a->memory.serial, b->memory.serial);
    assert_int_equal(a->memory.at, b->memory.at);
    assert_int_equal(a->memory.until, b->memory.until);
    assert_int_equal(a->known, b->known);
    assert_string_equal(a->last.imei.digits, b->last.imei.digits);
    assert_int_equal(a->last.result, b->last.result);
    assert_string_equal(a->last.cause, b->last.cause);
    assert_int_equal(a->last.form, b->last.form);
    assert_int_equal(a->last.serial, b->last.serial);
    assert_int_equal(a->last.at, b->last.at);
}

static struct store_proof read_proof(struct fixture *f, const char *imsi)
{
    struct store_proof got;
    struct imsi i = imsi_of(imsi);
    assert_ok(store_read_proof(f->r, &i, &got));
    return got;
}

static void what_is_written_is_read_back_also_after_a_restart(void **state)
{
    struct fixture *f = *state;
    struct store_proof p = proof_of(IMSI_A, IMEI_A);
    struct store_proof none = read_proof(f, IMSI_A);
    assert_false(none.remembered || none.known);
    COMMITTED(f, store_put_proof(f->w, &p));
    reopen_store(f);
    struct store_proof got = read_proof(f, IMSI_A);
    assert_same_proof(&p, &got);
    p.last.serial = 7;
    p.memory.until++;
    COMMITTED(f, store_put_proof(f->w, &p));
    got = read_proof(f, IMSI_A);
    assert_same_proof(&p, &got);
}

static void either_half_stands_alone_and_neither_is_no_row(void **state)
{
    struct fixture *f = *state;
    struct store_proof p = proof_of(IMSI_A, IMEI_A);
    p.remembered = false;
    COMMITTED(f, store_put_proof(f->w, &p));
    struct store_proof got = read_proof(f, IMSI_A);
    assert_false(got.remembered);
    assert_true(got.known);
    p.remembered = true;
    p.known = false;
    COMMITTED(f, store_put_proof(f->w, &p));
    got = read_proof(f, IMSI_A);
    assert_true(got.remembered && !got.known);
    p.remembered = false;
    COMMITTED(f, store_put_proof(f->w, &p));
    close_store(f);
    sql(f->path, "CREATE TABLE t (n INTEGER CHECK (n = 0));"
                 "INSERT INTO t SELECT count(*) FROM device_proof; DROP TABLE t;");
    open_store(f);
}

/*= test devid-remembered */
static void an_imei_is_remembered_by_one_subscription(void **state)
{
    struct fixture *f = *state;
    struct store_proof a = proof_of(IMSI_A, IMEI_A), b = proof_of(IMSI_B, IMEI_A);
    struct store_proof got;
    COMMITTED(f, store_put_proof(f->w, &a));
    COMMITTED(f, store_put_proof(f->w, &b));
    got = read_proof(f, IMSI_A);
    assert_false(got.remembered);
    assert_true(got.known); /* what came out last stays */
    got = read_proof(f, IMSI_B);
    assert_same_proof(&b, &got);
}

static size_t imsis_of(struct fixture *f, const char *imei, struct imsi out[static 4])
{
    struct imei device = imei_of(imei);
    size_t n = 9;
    assert_ok(store_read_imsis_of(f->r, &device, out, 4, &n));
    return n;
}

static void a_device_is_found_that_only_tried_to_prove_itself(void **state)
{
    struct fixture *f = *state;
    struct store_proof p = proof_of(IMSI_A, IMEI_A);
    struct imsi out[4];
    p.last.imei = imei_of(IMEI_B);
    COMMITTED(f, store_put_proof(f->w, &p));
    assert_int_equal(imsis_of(f, IMEI_A, out), 1);
    assert_string_equal(out[0].digits, IMSI_A);
    assert_int_equal(imsis_of(f, IMEI_B, out), 1);
    assert_string_equal(out[0].digits, IMSI_A);
    p.remembered = false;
    COMMITTED(f, store_put_proof(f->w, &p));
    assert_int_equal(imsis_of(f, IMEI_A, out), 0);
    assert_int_equal(imsis_of(f, IMEI_B, out), 1);
}

static void a_revocation_finds_who_remembers_the_device(void **state)
{
    struct fixture *f = *state;
    struct store_proof a = proof_of(IMSI_A, IMEI_A);
    struct imei here = imei_of(IMEI_A), other = imei_of(IMEI_B);
    struct imsi whose = {0};
    COMMITTED(f, store_put_proof(f->w, &a));
    assert_ok(store_begin(f->w));
    assert_err(store_forget_proof_of(f->w, &other, &whose), E_NOT_FOUND);
    assert_ok(store_forget_proof_of(f->w, &here, &whose));
    assert_true(imsi_eq(&whose, &a.imsi));
    assert_err(store_forget_proof_of(f->w, &here, &whose), E_NOT_FOUND);
    assert_ok(store_commit(f->w));
    struct store_proof got = read_proof(f, IMSI_A);
    assert_false(got.remembered);
    assert_true(got.known);
}

static void a_subscriber_that_goes_takes_it_along(void **state)
{
    struct fixture *f = *state;
    struct store_subscriber s = subscriber_of(IMSI_A);
    struct store_proof p = proof_of(IMSI_A, IMEI_A);
    put(f, &s);
    COMMITTED(f, store_put_proof(f->w, &p));
    COMMITTED(f, store_remove_subscriber(f->w, &s.imsi));
    struct store_proof got = read_proof(f, IMSI_A);
    assert_false(got.remembered || got.known);
}

static void a_cursor_of_each_repository_is_kept(void **state)
{
    struct fixture *f = *state;
    uint64_t a = 9, b = 9;
    COMMITTED(f, store_set_cursor(f->w, "a", 12));
    COMMITTED(f, store_set_cursor(f->w, "a", INT64_MAX));
    COMMITTED(f, store_set_cursor(f->w, "b", 3));
    reopen_store(f);
    assert_ok(store_read_cursor(f->r, "a", &a));
    assert_ok(store_read_cursor(f->r, "b", &b));
    assert_true(a == INT64_MAX && b == 3);
    assert_ok(store_read_cursor(f->r, "c", &b));
    assert_int_equal(b, 0);
}

static void out_of_a_batch_nothing_is_written(void **state)
{
    struct fixture *f = *state;
    struct store_proof p = proof_of(IMSI_A, IMEI_A);
    struct imsi whose;
    assert_err(store_put_proof(f->w, &p), E_BAD_STATE);
    assert_err(store_forget_proof_of(f->w, &p.memory.imei, &whose), E_BAD_STATE);
    assert_err(store_set_cursor(f->w, "a", 1), E_BAD_STATE);
    assert_err(store_writer_proof(f->w, &p.imsi, &p), E_BAD_STATE);
    assert_ok(store_begin(f->w));
    memset(p.last.cause, 'x', sizeof p.last.cause);
    assert_err(store_put_proof(f->w, &p), E_BAD_LENGTH);
    store_rollback(f->w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_STORE(what_is_written_is_read_back_also_after_a_restart),
        IN_STORE(either_half_stands_alone_and_neither_is_no_row),
        IN_STORE(an_imei_is_remembered_by_one_subscription),
        IN_STORE(a_device_is_found_that_only_tried_to_prove_itself),
        IN_STORE(a_revocation_finds_who_remembers_the_device),
        IN_STORE(a_subscriber_that_goes_takes_it_along),
        IN_STORE(a_cursor_of_each_repository_is_kept),
        IN_STORE(out_of_a_batch_nothing_is_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
