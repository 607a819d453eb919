/* Devices that were offered by their discovery IMSI (src/store/store_dimsi.c). */
#include "store/fixture.h"

#include "store/store_dimsi.h"

#define DIMSI_A "901700000000001"
#define DIMSI_B "901700000000002"
#define SP_A    "sp.example.org"
#define SP_B    "other.example.org"

static struct store_dimsi offered(const char *dimsi, const char *sp)
{
    struct store_dimsi o = {.dimsi = imsi_of(dimsi),
                            .phase = STORE_DIMSI_OFFERED,
                            .todo = STORE_DIMSI_RELEASE,
                            .next_try = 1700000000,
                            .number = 7,
                            .arpf = "https://arpf.example.org:8445",
                            .first = 1700000000,
                            .changed = 1700000001,
                            .expires = 1700100000};
    snprintf(o.sp, sizeof o.sp, "%s", sp);
    memset(o.token, 0x11, sizeof o.token);
    memset(o.se, 0x22, sizeof o.se);
    return o;
}

static struct store_dimsi allocated(struct fixture *f, const char *dimsi, const char *imsi,
                                    const char *own)
{
    struct store_dimsi o = offered(dimsi, SP_A);
    struct store_subscriber s = subscriber_of(imsi), t = subscriber_of(own);
    s.msisdn[0] = t.msisdn[0] = '\0';
    put(f, &s);
    put(f, &t);
    o.phase = STORE_DIMSI_ALLOCATED;
    o.todo = STORE_DIMSI_PUSH | STORE_DIMSI_DELIVER;
    o.release = 3;
    o.has_imsi = o.has_operator = true;
    o.imsi = imsi_of(imsi);
    o.operator_imsi = imsi_of(own);
    snprintf(o.cause, sizeof o.cause, "discovery-silent");
    o.tries = 4;
    return o;
}

static struct store_dimsi read_dimsi(struct fixture *f, const char *dimsi)
{
    struct store_dimsi o;
    const struct imsi key = imsi_of(dimsi);
    memset(&o, 0xee, sizeof o);
    assert_ok(store_read_dimsi(f->r, &key, &o));
    return o;
}

static void assert_same(const struct store_dimsi *a, const struct store_dimsi *b)
{
    assert_true(imsi_eq(&a->dimsi, &b->dimsi));
    assert_true(a->phase == b->phase && a->todo == b->todo && a->next_try == b->next_try);
    assert_true(a->tries == b->tries && a->number == b->number && a->release == b->release);
    assert_string_equal(a->cause, b->cause);
    assert_string_equal(a->detail, b->detail);
    assert_string_equal(a->sp, b->sp);
    assert_string_equal(a->arpf, b->arpf);
    assert_memory_equal(a->token, b->token, sizeof a->token);
    assert_memory_equal(a->se, b->se, sizeof a->se);
    assert_int_equal(a->has_se_before, b->has_se_before);
    assert_memory_equal(a->se_before, b->se_before, sizeof a->se_before);
    assert_true(a->has_imsi == b->has_imsi && a->has_operator == b->has_operator);
    assert_string_equal(a->imsi.digits, b->imsi.digits);
    assert_string_equal(a->operator_imsi.digits, b->operator_imsi.digits);
    assert_true(a->delivered == b->delivered && a->confirmed == b->confirmed && a->used == b->used);
    assert_true(a->first == b->first && a->changed == b->changed && a->expires == b->expires);
}

static struct store_dimsi_challenge challenge_of(uint8_t seed)
{
    struct store_dimsi_challenge c = {.xres.n = 8};
    memset(c.rand.b, seed, sizeof c.rand.b);
    memset(c.autn.b, seed + 1, sizeof c.autn.b);
    memset(c.xres.b, seed + 2, 8);
    memset(c.ck.b, seed + 3, sizeof c.ck.b);
    memset(c.ik.b, seed + 4, sizeof c.ik.b);
    return c;
}

static struct store_dimsi_papers *papers_of(struct fixture *f, const char *dimsi)
{
    const struct imsi key = imsi_of(dimsi);
    struct store_dimsi_papers *p = malloc(sizeof *p);
    assert_non_null(p);
    memset(p, 0xee, sizeof *p);
    assert_ok(store_read_dimsi_papers(f->r, &key, p));
    return p;
}

/*= test dimsi-durable */
static void what_is_written_is_read_back_also_after_a_restart(void **state)
{
    struct fixture *f = *state;
    struct store_dimsi in = offered(DIMSI_A, SP_A), out;
    COMMITTED(f, store_put_dimsi(f->w, &in));
    out = read_dimsi(f, DIMSI_A);
    assert_same(&in, &out);
    in = allocated(f, DIMSI_A, IMSI_A, IMSI_B);
    in.delivered = in.confirmed = in.used = true;
    in.has_se_before = true;
    memset(in.se_before, 0x33, sizeof in.se_before);
    COMMITTED(f, store_put_dimsi(f->w, &in));
    reopen_store(f);
    out = read_dimsi(f, DIMSI_A);
    assert_same(&in, &out);
    assert_ok(store_read_dimsi_of(f->r, &in.imsi, &out));
    assert_same(&in, &out);
    assert_ok(store_read_dimsi_of(f->r, &in.operator_imsi, &out));
    assert_same(&in, &out);
    assert_err(store_read_dimsi_of(f->r, &in.dimsi, &out), E_NOT_FOUND);
}

static void a_row_that_cannot_be_is_refused_and_changes_nothing(void **state)
{
    struct fixture *f = *state;
    struct store_dimsi good = allocated(f, DIMSI_A, IMSI_A, IMSI_B), bad;
    COMMITTED(f, store_put_dimsi(f->w, &good));
    assert_ok(store_begin(f->w));
#define BAD(member, value, err)                                                                    \
    do {                                                                                           \
        bad = good;                                                                                \
        bad.member = (value);                                                                      \
        assert_err(store_put_dimsi(f->w, &bad), err);                                              \
    } while (0)
    BAD(phase, 0, E_BAD_VALUE);
    BAD(phase, STORE_DIMSI_PHASES, E_BAD_VALUE);
    BAD(phase, STORE_DIMSI_OFFERED, E_BAD_VALUE);
    BAD(phase, STORE_DIMSI_DONE, E_BAD_VALUE);
    BAD(has_imsi, false, E_BAD_VALUE);
    BAD(todo, 32, E_BAD_VALUE);
    BAD(todo, STORE_DIMSI_UNDELIVER, E_BAD_VALUE);
    BAD(number, (uint64_t)INT64_MAX + 1, E_BAD_VALUE);
    BAD(dimsi.n, 0, E_BAD_LENGTH);
    BAD(sp[0], '\0', E_BAD_LENGTH);
    bad = good;
    memset(bad.arpf, 'x', sizeof bad.arpf);
    assert_err(store_put_dimsi(f->w, &bad), E_BAD_LENGTH);
    bad = offered(DIMSI_A, SP_A);
    bad.phase = STORE_DIMSI_EXPIRED;
    assert_err(store_put_dimsi(f->w, &bad), E_BAD_VALUE); /* RELEASE of what has ended */
    bad = good;
    bad.dimsi = imsi_of(DIMSI_B);
    assert_err(store_put_dimsi(f->w, &bad), E_CONFLICT); /* its IMSIs are the other one's */
    bad.imsi = imsi_of("001010000000099");
    assert_err(store_put_dimsi(f->w, &bad), E_NOT_FOUND);
    assert_ok(store_commit(f->w));
    struct store_dimsi out = read_dimsi(f, DIMSI_A);
    assert_same(&good, &out);
    assert_err(store_put_dimsi(f->w, &good), E_BAD_STATE); /* out of a batch */
}

/*= test dimsi-erase */
static void papers_are_kept_sealed_and_dropped(void **state)
{
    struct fixture *f = *state;
    struct store_dimsi row = offered(DIMSI_A, SP_A);
    const struct store_dimsi_challenge c = challenge_of(0x51);
    const struct imsi key = row.dimsi;
    COMMITTED(f, store_put_dimsi(f->w, &row));
    struct store_dimsi_papers *p = papers_of(f, DIMSI_A);
    assert_true(p->offer_n == 0 && p->endorsement_n == 0 && !p->has_challenge);
    free(p);
    assert_ok(store_begin(f->w));
    assert_ok(store_put_dimsi_challenge(f->w, &key, &c));
    assert_ok(store_put_dimsi_offer(f->w, &key, BYTES_LIT("offer")));
    assert_ok(store_put_dimsi_endorsement(f->w, &key, BYTES_LIT("endorsed")));
    assert_ok(store_commit(f->w));
    reopen_store(f);
    p = papers_of(f, DIMSI_A);
    assert_true(bytes_eq((struct bytes){p->offer, p->offer_n}, BYTES_LIT("offer")));
    assert_true(bytes_eq((struct bytes){p->endorsement, p->endorsement_n}, BYTES_LIT("endorsed")));
    assert_true(p->has_challenge);
    assert_memory_equal(&p->challenge.ck, &c.ck, sizeof c.ck);
    assert_memory_equal(&p->challenge.rand, &c.rand, sizeof c.rand);
    assert_memory_equal(p->challenge.xres.b, c.xres.b, 8);
    free(p);
    COMMITTED(f, store_keep_dimsi_offer(f->w, &key));
    p = papers_of(f, DIMSI_A);
    assert_true(p->offer_n == 5 && p->endorsement_n == 0 && !p->has_challenge);
    free(p);
    COMMITTED(f, store_drop_dimsi_papers(f->w, &key));
    COMMITTED(f, store_drop_dimsi_papers(f->w, &key));
    p = papers_of(f, DIMSI_A);
    assert_int_equal(p->offer_n, 0);
    free(p);
}

static bool holds(const char *path, struct bytes what)
{
    struct mbytes whole = slurp(path);
    bool found = false;
    for (size_t i = 0; i + what.n <= whole.n && !found; i++) {
        found = memcmp(whole.p + i, what.p, what.n) == 0;
    }
    free(whole.p);
    return found;
}

static void no_key_of_a_challenge_is_in_the_file_and_it_opens_for_its_dimsi_alone(void **state)
{
    struct fixture *f = *state;
    struct store_dimsi row = offered(DIMSI_A, SP_A), other = offered(DIMSI_B, SP_A);
    const struct store_dimsi_challenge c = challenge_of(0xa0);
    struct store_dimsi_papers *p = malloc(sizeof *p);
    assert_non_null(p);
    assert_ok(store_begin(f->w));
    assert_ok(store_put_dimsi(f->w, &row));
    assert_ok(store_put_dimsi(f->w, &other));
    assert_ok(store_put_dimsi_challenge(f->w, &row.dimsi, &c));
    assert_ok(store_commit(f->w));
    close_store(f);
    assert_false(holds(f->path, BYTES_OF(c.ck.b)));
    sql(f->path, "INSERT INTO dimsi_paper (dimsi, challenge)"
                 " SELECT (SELECT max(dimsi) FROM dimsi), challenge FROM dimsi_paper;");
    open_store(f);
    memset(p, 0, sizeof *p);
    assert_err(store_read_dimsi_papers(f->r, &other.dimsi, p), E_WRONG_KEY);
    assert_false(p->has_challenge);
    assert_ok(store_read_dimsi_papers(f->r, &row.dimsi, p));
    assert_true(p->has_challenge);
    free(p);
}

static void papers_without_a_row_or_too_large_are_refused(void **state)
{
    struct fixture *f = *state;
    static const uint8_t much[STORE_DIMSI_OFFER_MAX + 1];
    const struct imsi key = imsi_of(DIMSI_A);
    struct store_dimsi_challenge c = challenge_of(1);
    assert_ok(store_begin(f->w));
    assert_err(store_put_dimsi_offer(f->w, &key, BYTES_LIT("x")), E_NOT_FOUND);
    assert_err(store_put_dimsi_challenge(f->w, &key, &c), E_NOT_FOUND);
    assert_err(store_put_dimsi_offer(f->w, &key, BYTES_OF(much)), E_BAD_LENGTH);
    c.xres.n = 4;
    assert_err(store_put_dimsi_challenge(f->w, &key, &c), E_BAD_LENGTH);
    assert_ok(store_commit(f->w));
}

static void counts_follow_each_change_and_are_of_one_provider(void **state)
{
    struct fixture *f = *state;
    uint64_t counts[STORE_DIMSI_PHASES];
    struct store_dimsi a = offered(DIMSI_A, SP_A), b = offered(DIMSI_B, SP_B);
    COMMITTED(f, store_put_dimsi(f->w, &a));
    COMMITTED(f, store_put_dimsi(f->w, &b));
    COMMITTED(f, store_put_dimsi(f->w, &a));
    a.phase = STORE_DIMSI_REFUSED;
    a.todo = 0;
    COMMITTED(f, store_put_dimsi(f->w, &a));
    assert_ok(store_count_dimsi(f->r, SP_A, counts));
    assert_true(counts[STORE_DIMSI_OFFERED] == 0 && counts[STORE_DIMSI_REFUSED] == 1);
    assert_ok(store_count_dimsi(f->r, SP_B, counts));
    assert_int_equal(counts[STORE_DIMSI_OFFERED], 1);
    snprintf(b.sp, sizeof b.sp, SP_A); /* another provider has it now */
    COMMITTED(f, store_put_dimsi(f->w, &b));
    assert_ok(store_count_dimsi(f->r, SP_A, counts));
    assert_int_equal(counts[STORE_DIMSI_OFFERED], 1);
    COMMITTED(f, store_remove_dimsi(f->w, &a.dimsi));
    assert_ok(store_count_dimsi(f->r, SP_A, counts));
    assert_int_equal(counts[STORE_DIMSI_REFUSED], 0);
    assert_err(store_read_dimsi(f->r, &a.dimsi, &a), E_NOT_FOUND);
}

static void a_row_with_an_imsi_is_ended_before_it_goes(void **state)
{
    struct fixture *f = *state;
    struct imsi first = imsi_of(IMSI_A), last = imsi_of("001010000000009"), got;
    struct store_dimsi row = allocated(f, DIMSI_A, IMSI_A, IMSI_B);
    COMMITTED(f, store_put_dimsi(f->w, &row));
    assert_ok(store_begin(f->w));
    assert_err(store_remove_dimsi(f->w, &row.dimsi), E_BAD_STATE);
    assert_err(store_remove_subscriber(f->w, &row.imsi), E_CONFLICT);
    assert_err(store_remove_subscriber(f->w, &row.operator_imsi), E_CONFLICT);
    assert_ok(store_end_dimsi_subscriber(f->w, &row.imsi, 100));
    assert_ok(store_end_dimsi_subscriber(f->w, &row.imsi, 100)); /* nobody is there any more */
    row.has_imsi = row.has_operator = false;
    row.phase = STORE_DIMSI_WITHDRAWN;
    row.todo = STORE_DIMSI_SPENT;
    assert_ok(store_put_dimsi(f->w, &row));
    assert_ok(store_take_imsi(f->w, &first, &last, 99, &got));
    assert_string_not_equal(got.digits, IMSI_A); /* it rests */
    assert_ok(store_take_imsi(f->w, &first, &last, 100, &got));
    assert_string_equal(got.digits, IMSI_A);
    assert_ok(store_remove_subscriber(f->w, &row.operator_imsi)); /* it is nobody's now */
    assert_ok(store_remove_dimsi(f->w, &row.dimsi));
    assert_ok(store_commit(f->w));
}

static void what_was_to_be_done_before_the_clock_was_set_back_is_due(void **state)
{
    struct fixture *f = *state;
    struct imsi due[4];
    size_t n = 9;
    struct store_dimsi a = offered(DIMSI_A, SP_A);
    a.next_try = 10300;
    a.expires = 90000;
    COMMITTED(f, store_put_dimsi(f->w, &a));
    assert_ok(store_due_dimsi(f->r, 10000, due, 4, &n));
    assert_int_equal(n, 0);
    assert_ok(store_due_dimsi(f->r, 10000 - 3600, due, 4, &n));
    assert_int_equal(n, 1);
    assert_string_equal(due[0].digits, DIMSI_A);
}

static void what_is_due_comes_in_its_order_and_only_when_there_is_something_to_do(void **state)
{
    struct fixture *f = *state;
    struct imsi due[4];
    size_t n = 9;
    struct store_dimsi a = offered(DIMSI_A, SP_A), b = offered(DIMSI_B, SP_A);
    a.next_try = 200;
    b.next_try = 100;
    a.expires = 900;
    b.expires = 800;
    COMMITTED(f, store_put_dimsi(f->w, &a));
    COMMITTED(f, store_put_dimsi(f->w, &b));
    assert_ok(store_due_dimsi(f->r, 99, due, 4, &n));
    assert_int_equal(n, 0);
    assert_ok(store_due_dimsi(f->r, 200, due, 4, &n));
    assert_int_equal(n, 2);
    assert_string_equal(due[0].digits, DIMSI_B);
    assert_ok(store_due_dimsi(f->r, 200, due, 1, &n));
    assert_int_equal(n, 1);
    assert_ok(store_expired_dimsi(f->r, 899, due, 4, &n));
    assert_int_equal(n, 1);
    assert_string_equal(due[0].digits, DIMSI_B);
    b.phase = STORE_DIMSI_REFUSED;
    b.todo = 0;
    b.expires = 0;
    COMMITTED(f, store_put_dimsi(f->w, &b));
    assert_ok(store_due_dimsi(f->r, 200, due, 4, &n));
    assert_int_equal(n, 1);
    assert_ok(store_expired_dimsi(f->r, 1000, due, 4, &n));
    assert_int_equal(n, 1);
    assert_string_equal(due[0].digits, DIMSI_A);
}

static void of_a_secure_element_the_other_one_that_is_under_way_is_found(void **state)
{
    struct fixture *f = *state;
    struct store_dimsi a = offered(DIMSI_A, SP_A), b = offered(DIMSI_B, SP_B), got;
    uint8_t nobodys[STORE_DIMSI_DIGEST] = {1};
    COMMITTED(f, store_put_dimsi(f->w, &a));
    COMMITTED(f, store_put_dimsi(f->w, &b));
    assert_err(store_writer_dimsi_of_se(f->w, a.se, &a.dimsi, &got), E_BAD_STATE);
    assert_ok(store_begin(f->w));
    assert_ok(store_writer_dimsi_of_se(f->w, a.se, &a.dimsi, &got));
    assert_same(&b, &got);
    assert_ok(store_writer_dimsi_of_se(f->w, b.se, &b.dimsi, &got));
    assert_same(&a, &got);
    assert_err(store_writer_dimsi_of_se(f->w, nobodys, &a.dimsi, &got), E_NOT_FOUND);
    for (uint8_t phase = STORE_DIMSI_DONE; phase < STORE_DIMSI_PHASES; phase++) {
        b.phase = phase;
        b.todo = 0;
        assert_ok(store_put_dimsi(f->w, &b));
        assert_err(store_writer_dimsi_of_se(f->w, a.se, &a.dimsi, &got), E_NOT_FOUND);
    }
    assert_ok(store_commit(f->w));
    b = allocated(f, DIMSI_B, IMSI_A, IMSI_B);
    assert_ok(store_begin(f->w));
    for (uint8_t phase = STORE_DIMSI_ALLOCATED; phase <= STORE_DIMSI_ATTACHED; phase++) {
        b.phase = phase;
        assert_ok(store_put_dimsi(f->w, &b));
        assert_ok(store_writer_dimsi_of_se(f->w, a.se, &a.dimsi, &got));
        assert_same(&b, &got);
    }
    assert_ok(store_commit(f->w));
}

/* A step that is undone within one that stays leaves that one's other changes. */
static void a_step_within_a_step_is_undone_alone(void **state)
{
    struct fixture *f = *state;
    struct store_dimsi a = offered(DIMSI_A, SP_A), b = offered(DIMSI_B, SP_A), got;
    assert_ok(store_begin(f->w));
    assert_ok(store_step_begin(f->w));
    assert_ok(store_put_dimsi(f->w, &a));
    assert_ok(store_step_begin(f->w));
    assert_ok(store_put_dimsi(f->w, &b));
    assert_ok(store_step_end(f->w, false));
    assert_ok(store_step_begin(f->w));
    a.next_try++;
    assert_ok(store_put_dimsi(f->w, &a));
    assert_ok(store_step_end(f->w, true));
    assert_ok(store_step_end(f->w, true));
    assert_ok(store_commit(f->w));
    got = read_dimsi(f, DIMSI_A);
    assert_same(&a, &got);
    assert_err(store_read_dimsi(f->r, &b.dimsi, &got), E_NOT_FOUND);
    assert_ok(store_begin(f->w));
    assert_ok(store_step_begin(f->w));
    assert_ok(store_step_begin(f->w));
    assert_ok(store_put_dimsi(f->w, &b));
    assert_ok(store_step_end(f->w, true));
    assert_ok(store_step_end(f->w, false)); /* the outer one takes it along */
    assert_ok(store_commit(f->w));
    assert_err(store_read_dimsi(f->r, &b.dimsi, &got), E_NOT_FOUND);
}

static void pages_are_of_all_of_a_phase_or_of_a_provider(void **state)
{
    struct fixture *f = *state;
    struct store_dimsi rows[4], a = offered(DIMSI_A, SP_A), b = offered(DIMSI_B, SP_B);
    size_t n = 0;
    b.phase = STORE_DIMSI_EXPIRED;
    b.todo = 0;
    COMMITTED(f, store_put_dimsi(f->w, &a));
    COMMITTED(f, store_put_dimsi(f->w, &b));
    struct store_dimsi_wanted w = {.after = NULL};
    assert_ok(store_list_dimsi(f->r, &w, rows, 4, &n));
    assert_int_equal(n, 2);
    w.after = &a.dimsi;
    assert_ok(store_list_dimsi(f->r, &w, rows, 4, &n));
    assert_int_equal(n, 1);
    assert_same(&rows[0], &b);
    w = (struct store_dimsi_wanted){.phase = STORE_DIMSI_OFFERED};
    assert_ok(store_list_dimsi(f->r, &w, rows, 4, &n));
    assert_int_equal(n, 1);
    assert_same(&rows[0], &a);
    w = (struct store_dimsi_wanted){.sp = SP_B};
    assert_ok(store_list_dimsi(f->r, &w, rows, 4, &n));
    assert_int_equal(n, 1);
    assert_same(&rows[0], &b);
    w.phase = STORE_DIMSI_OFFERED;
    assert_ok(store_list_dimsi(f->r, &w, rows, 4, &n));
    assert_int_equal(n, 0);
}

static int steps(sqlite3_stmt *st)
{
    return sqlite3_stmt_status(st, SQLITE_STMTSTATUS_VM_STEP, 1);
}

static void ten_thousand_rows_cost_what_one_costs(void **state)
{
    struct fixture *f = *state;
    char digits[16];
    struct imsi due[4];
    struct store_dimsi row = offered(DIMSI_A, SP_A), got;
    uint64_t counts[STORE_DIMSI_PHASES];
    size_t n = 0;
    assert_ok(store_begin(f->w));
    for (int i = 0; i < 10000; i++) {
        snprintf(digits, sizeof digits, "9017000001%05d", i);
        row.dimsi = imsi_of(digits);
        row.next_try = i;
        row.expires = i;
        assert_ok(store_put_dimsi(f->w, &row));
    }
    assert_ok(store_commit(f->w));
    assert_ok(store_due_dimsi(f->r, 9999, due, 1, &n));
    assert_ok(store_expired_dimsi(f->r, 9999, due, 1, &n));
    assert_ok(store_count_dimsi(f->r, SP_A, counts));
    assert_int_equal(counts[STORE_DIMSI_OFFERED], 10000);
    assert_err(store_read_dimsi_of(f->r, &row.dimsi, &got), E_NOT_FOUND);
    assert_true(steps(f->r->c.st[ST_DUE_DIMSI]) < 100);
    assert_true(steps(f->r->c.st[ST_EXPIRED_DIMSI]) < 100);
    assert_true(steps(f->r->c.st[ST_COUNT_DIMSI]) < 100);
    assert_true(steps(f->r->c.st[ST_DIMSI_OF]) < 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_STORE(what_is_written_is_read_back_also_after_a_restart),
        IN_STORE(a_row_that_cannot_be_is_refused_and_changes_nothing),
        IN_STORE(papers_are_kept_sealed_and_dropped),
        IN_STORE(no_key_of_a_challenge_is_in_the_file_and_it_opens_for_its_dimsi_alone),
        IN_STORE(papers_without_a_row_or_too_large_are_refused),
        IN_STORE(counts_follow_each_change_and_are_of_one_provider),
        IN_STORE(a_row_with_an_imsi_is_ended_before_it_goes),
        IN_STORE(what_was_to_be_done_before_the_clock_was_set_back_is_due),
        IN_STORE(what_is_due_comes_in_its_order_and_only_when_there_is_something_to_do),
        IN_STORE(of_a_secure_element_the_other_one_that_is_under_way_is_found),
        IN_STORE(a_step_within_a_step_is_undone_alone),
        IN_STORE(pages_are_of_all_of_a_phase_or_of_a_provider),
        IN_STORE(ten_thousand_rows_cost_what_one_costs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
