/* The audit log and the imports: src/store/store_audit.c. */
#include "store/fixture.h"

#include "crypto/openssl.h"

static struct crypto crypto;

static int open_crypto(void **state)
{
    (void)state;
    return crypto_openssl_open(&crypto) == E_OK ? 0 : -1;
}

static int close_crypto(void **state)
{
    (void)state;
    crypto_openssl_close(&crypto);
    return 0;
}

static struct store_audit entry_of(const char *who, const char *target, const char *after)
{
    struct store_audit e = {.at_ms = 1700000000123};
    snprintf(e.who, sizeof e.who, "%s", who);
    snprintf(e.target, sizeof e.target, "%s", target);
    snprintf(e.after, sizeof e.after, "%s", after);
    strcpy(e.from, "unix");
    strcpy(e.action, "PUT /v1/subscribers/{imsi}");
    strcpy(e.outcome, "added");
    return e;
}

static struct store_audit add(struct fixture *f, const char *who, const char *target)
{
    struct store_audit e = entry_of(who, target, "{\"suspended\":true}");
    COMMITTED(f, store_add_audit(f->w, &crypto, &e));
    return e;
}

static void the_hash_is_that_of_the_netstrings_behind_the_hash_before(void **state)
{
    static const char text[] = "1:1,13:1700000000123,4:anna,4:unix,26:PUT /v1/subscribers/{imsi},"
                               "1:t,0:,2:{},5:added,";
    struct fixture *f = *state;
    struct store_audit e = entry_of("anna", "t", "{}");
    uint8_t want[32];
    const uint8_t zeros[32] = {0};
    const struct bytes parts[] = {BYTES_OF(zeros), bytes_of_str(text)};
    COMMITTED(f, store_add_audit(f->w, &crypto, &e));
    assert_int_equal(e.id, 1);
    assert_ok(crypto.sha256(crypto.ctx, parts, 2, want));
    assert_memory_equal(e.hash, want, sizeof want);
    struct store_audit second = entry_of("anna", "t", "{}");
    COMMITTED(f, store_add_audit(f->w, &crypto, &second));
    assert_ok(store_audit_hash(&crypto, e.hash, &second, want));
    assert_int_equal(second.id, 2);
    assert_memory_equal(second.hash, want, sizeof want);
}

static void texts_of_other_fields_do_not_flow_together(void **state)
{
    uint8_t a[32], b[32];
    const uint8_t zeros[32] = {0};
    struct store_audit one = entry_of("ab", "c", ""), two = entry_of("a", "bc", "");
    (void)state;
    assert_ok(store_audit_hash(&crypto, zeros, &one, a));
    assert_ok(store_audit_hash(&crypto, zeros, &two, b));
    assert_memory_not_equal(a, b, sizeof a);
}

static void the_list_comes_in_order_page_by_page_and_ends(void **state)
{
    struct fixture *f = *state;
    struct store_audit rows[4];
    struct store_audit_wanted wanted = {.who = "", .target = ""};
    struct store_audit_head head;
    size_t n = 0;
    uint64_t next = 7;
    assert_ok(store_read_audit_head(f->r, &head));
    assert_int_equal(head.id, 0);
    assert_ok(store_list_audit(f->r, &wanted, rows, 4, &n, &next));
    assert_true(n == 0 && next == 0);
    for (int i = 0; i < 5; i++) {
        add(f, "anna", "lots/a");
    }
    assert_ok(store_list_audit(f->r, &wanted, rows, 4, &n, &next));
    assert_true(n == 4 && next == 4 && rows[0].id == 1 && rows[3].id == 4);
    assert_string_equal(rows[0].after, "{\"suspended\":true}");
    wanted.after = next;
    assert_ok(store_list_audit(f->r, &wanted, rows, 4, &n, &next));
    assert_true(n == 1 && next == 0 && rows[0].id == 5);
    assert_ok(store_read_audit_head(f->r, &head));
    assert_int_equal(head.id, 5);
    assert_memory_equal(head.hash, rows[0].hash, sizeof head.hash);
}

static size_t how_many(struct fixture *f, const char *who, const char *target)
{
    struct store_audit rows[8];
    size_t n = 0;
    uint64_t next = 0;
    const struct store_audit_wanted wanted = {.who = who, .target = target};
    assert_ok(store_list_audit(f->r, &wanted, rows, 8, &n, &next));
    assert_int_equal(next, 0);
    return n;
}

static void a_list_is_of_a_person_or_of_a_thing_and_what_is_below_it(void **state)
{
    struct fixture *f = *state;
    add(f, "anna", "subscribers/001010000000001");
    add(f, "bert", "subscribers/001010000000001/devices/35693803564380");
    add(f, "anna", "subscribers/0010100000000012");
    assert_int_equal(how_many(f, "", ""), 3);
    assert_int_equal(how_many(f, "anna", ""), 2);
    assert_int_equal(how_many(f, "ann", ""), 0);
    assert_int_equal(how_many(f, "", "subscribers"), 3);
    assert_int_equal(how_many(f, "", "subscribers/001010000000001"), 2);
    assert_int_equal(how_many(f, "bert", "subscribers/001010000000001"), 1);
}

static void a_list_looks_at_so_many_entries_and_no_more(void **state)
{
    struct fixture *f = *state;
    struct store_audit row, e = entry_of("anna", "a", "");
    const struct store_audit_wanted wanted = {.who = "bert", .target = ""};
    size_t n = 1;
    uint64_t next = 0;
    assert_ok(store_begin(f->w));
    for (unsigned i = 0; i <= STORE_AUDIT_SCAN; i++) {
        assert_ok(store_add_audit(f->w, &crypto, &e));
    }
    assert_ok(store_commit(f->w));
    assert_ok(store_list_audit(f->r, &wanted, &row, 1, &n, &next));
    assert_int_equal(n, 0);
    assert_int_equal(next, STORE_AUDIT_SCAN);
}

static void an_entry_goes_with_the_change_that_was_undone(void **state)
{
    struct fixture *f = *state;
    struct store_audit e = entry_of("anna", "a", "");
    assert_ok(store_begin(f->w));
    assert_ok(store_add_audit(f->w, &crypto, &e));
    assert_ok(store_step_begin(f->w));
    assert_ok(store_add_audit(f->w, &crypto, &e));
    assert_int_equal(e.id, 2);
    assert_ok(store_step_end(f->w, false));
    assert_ok(store_add_audit(f->w, &crypto, &e));
    assert_int_equal(e.id, 2);
    store_rollback(f->w);
    assert_int_equal(add(f, "anna", "a").id, 1);
    assert_err(store_add_audit(f->w, &crypto, &e), E_BAD_STATE);
}

static void a_text_without_an_end_is_refused(void **state)
{
    struct fixture *f = *state;
    struct store_audit e = entry_of("anna", "a", "");
    memset(e.outcome, 'x', sizeof e.outcome);
    assert_ok(store_begin(f->w));
    assert_err(store_add_audit(f->w, &crypto, &e), E_BAD_LENGTH);
    store_rollback(f->w);
}

/* ---- imports ---- */

static struct store_import import_of(const char *who, int64_t now)
{
    struct store_import i = {.state = STORE_IMPORT_OPEN, .begun = now, .touched = now};
    snprintf(i.who, sizeof i.who, "%s", who);
    strcpy(i.kind, "eir");
    strcpy(i.name, "stolen.csv");
    strcpy(i.from, "unix");
    return i;
}

static void an_import_is_counted_while_it_is_open_and_its_importer_s(void **state)
{
    struct fixture *f = *state;
    struct store_import i = import_of("anna", 1000), back;
    const struct store_import_counts did = {.added = 3, .changed = 2, .unchanged = 1, .refused = 4};
    struct store_imports_open open;
    COMMITTED(f, store_add_import(f->w, &i));
    assert_int_equal(i.id, 1);
    COMMITTED(f, store_count_import(f->w, 1, "anna", "eir", &did, 1010));
    COMMITTED(f, store_count_import(f->w, 1, "anna", "eir", &did, 1020));
    assert_ok(store_read_import(f->r, 1, &back));
    assert_true(back.did.added == 6 && back.did.changed == 4 && back.did.unchanged == 2 &&
                back.did.refused == 8 && back.touched == 1020 && back.begun == 1000);
    assert_ok(store_begin(f->w));
    assert_err(store_count_import(f->w, 1, "bert", "eir", &did, 1030), E_NOT_FOUND);
    assert_err(store_count_import(f->w, 1, "anna", "subscribers", &did, 1030), E_NOT_FOUND);
    assert_err(store_count_import(f->w, 2, "anna", "eir", &did, 1030), E_NOT_FOUND);
    assert_ok(store_writer_open_imports(f->w, "anna", "unix", &open));
    assert_true(open.all == 1 && open.own == 1 && open.elsewhere == 0);
    assert_ok(store_writer_open_imports(f->w, "bert", "192.0.2.1", &open));
    assert_true(open.all == 1 && open.own == 0 && open.elsewhere == 1);
    back.state = STORE_IMPORT_DONE;
    back.ended = 1040;
    back.has_file = true;
    back.sha256[31] = 7;
    assert_ok(store_put_import(f->w, &back));
    assert_err(store_count_import(f->w, 1, "anna", "eir", &did, 1050), E_NOT_FOUND);
    assert_ok(store_writer_open_imports(f->w, "anna", "unix", &open));
    assert_true(open.all == 0 && open.own == 0 && open.elsewhere == 0);
    assert_ok(store_commit(f->w));
    assert_ok(store_read_import(f->r, 1, &back));
    assert_true(back.state == STORE_IMPORT_DONE && back.has_file && back.sha256[31] == 7 &&
                back.ended == 1040 && back.did.added == 6);
    back.id = 77;
    assert_ok(store_begin(f->w));
    assert_err(store_put_import(f->w, &back), E_NOT_FOUND);
    store_rollback(f->w);
}

static void the_one_that_was_not_heard_of_for_longest_is_found(void **state)
{
    struct fixture *f = *state;
    struct store_import i = import_of("anna", 3000), found, rows[3];
    size_t n = 0;
    COMMITTED(f, store_add_import(f->w, &i));
    i = import_of("bert", 2000);
    COMMITTED(f, store_add_import(f->w, &i));
    assert_ok(store_begin(f->w));
    assert_err(store_writer_stale_import(f->w, 1999, &found), E_NOT_FOUND);
    assert_ok(store_writer_stale_import(f->w, 5000, &found));
    assert_int_equal(found.id, 2);
    found.state = STORE_IMPORT_UNFINISHED;
    assert_ok(store_put_import(f->w, &found));
    assert_ok(store_writer_stale_import(f->w, INT64_MAX, &found));
    assert_int_equal(found.id, 1);
    assert_ok(store_commit(f->w));
    assert_ok(store_list_imports(f->r, 0, rows, 3, &n));
    assert_true(n == 2 && rows[0].id == 1 && rows[1].state == STORE_IMPORT_UNFINISHED);
    assert_ok(store_list_imports(f->r, 1, rows, 3, &n));
    assert_true(n == 1 && rows[0].id == 2);
    assert_err(store_read_import(f->r, 3, &found), E_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_STORE(the_hash_is_that_of_the_netstrings_behind_the_hash_before),
        IN_STORE(texts_of_other_fields_do_not_flow_together),
        IN_STORE(the_list_comes_in_order_page_by_page_and_ends),
        IN_STORE(a_list_is_of_a_person_or_of_a_thing_and_what_is_below_it),
        IN_STORE(a_list_looks_at_so_many_entries_and_no_more),
        IN_STORE(an_entry_goes_with_the_change_that_was_undone),
        IN_STORE(a_text_without_an_end_is_refused),
        IN_STORE(an_import_is_counted_while_it_is_open_and_its_importer_s),
        IN_STORE(the_one_that_was_not_heard_of_for_longest_is_found),
    };
    return cmocka_run_group_tests(tests, open_crypto, close_crypto);
}
