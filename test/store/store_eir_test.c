#include "store/fixture.h"

static struct store_eir_rule rule_of(uint64_t first, uint64_t last, uint8_t list, const char *note)
{
    struct store_eir_rule r = {.first = first, .last = last, .list = list};
    snprintf(r.note, sizeof r.note, "%s", note);
    return r;
}

static enum store_did put_rule(struct fixture *f, struct store_eir_rule r)
{
    enum store_did did;
    COMMITTED(f, store_put_eir_rule(f->w, &r, 100, &did));
    return did;
}

static struct store_eir eir(struct fixture *f)
{
    struct store_eir e;
    assert_ok(store_read_eir(f->r, &e));
    return e;
}

static void rules_come_back_in_order_and_page_by_page(void **state)
{
    struct fixture *f = *state;
    struct store_eir_rule rows[8];
    size_t n = 0;
    assert_int_equal(put_rule(f, rule_of(20, 30, 3, "late")), STORE_ADDED);
    assert_int_equal(put_rule(f, rule_of(10, 12, 1, "")), STORE_ADDED);
    assert_int_equal(put_rule(f, rule_of(10, 11, 3, "b")), STORE_ADDED);
    assert_int_equal(put_rule(f, rule_of(10, 11, 2, "a")), STORE_ADDED);
    assert_int_equal(put_rule(f, rule_of(0, 99999999999999, 1, "all")), STORE_ADDED);
    assert_ok(store_list_eir_rules(f->r, NULL, rows, 8, &n));
    assert_int_equal(n, 5);
    static const uint64_t want[][3] = {
        {0, 99999999999999, 1}, {10, 11, 2}, {10, 11, 3}, {10, 12, 1}, {20, 30, 3}};
    for (size_t i = 0; i < n; i++) {
        assert_true(rows[i].first == want[i][0] && rows[i].last == want[i][1]);
        assert_int_equal(rows[i].list, want[i][2]);
    }
    assert_string_equal(rows[1].note, "a");
    struct store_eir_rule after = rows[1];
    assert_ok(store_list_eir_rules(f->r, &after, rows, 2, &n));
    assert_int_equal(n, 2);
    assert_true(rows[0].first == 10 && rows[0].last == 11 && rows[0].list == 3);
    assert_true(rows[1].first == 10 && rows[1].last == 12);
    assert_true(eir(f).rules == 5 && eir(f).version == 5);
}

static void a_rule_that_is_there_is_unchanged_and_its_note_can_change(void **state)
{
    struct fixture *f = *state;
    put_rule(f, rule_of(5, 5, 3, "stolen"));
    struct store_eir before = eir(f);
    assert_int_equal(put_rule(f, rule_of(5, 5, 3, "stolen")), STORE_UNCHANGED);
    assert_int_equal(put_rule(f, rule_of(5, 5, 3, "found")), STORE_CHANGED);
    struct store_eir_rule r = rule_of(5, 5, 3, "");
    assert_ok(store_read_eir_note(f->r, &r));
    assert_string_equal(r.note, "found");
    r.list = 1;
    assert_err(store_read_eir_note(f->r, &r), E_NOT_FOUND);
    struct store_eir after = eir(f);
    assert_true(before.rules == after.rules && before.version == after.version);
}

static void a_removed_rule_leaves_the_others_of_its_range(void **state)
{
    struct fixture *f = *state;
    struct store_eir_rule rows[4];
    size_t n = 0;
    put_rule(f, rule_of(5, 9, 1, ""));
    put_rule(f, rule_of(5, 9, 3, ""));
    struct store_eir_rule gone = rule_of(5, 9, 3, "not looked at");
    COMMITTED(f, store_remove_eir_rule(f->w, &gone));
    assert_ok(store_list_eir_rules(f->r, NULL, rows, 4, &n));
    assert_int_equal(n, 1);
    assert_int_equal(rows[0].list, 1);
    assert_true(eir(f).rules == 1 && eir(f).version == 3);
    assert_ok(store_begin(f->w));
    assert_err(store_remove_eir_rule(f->w, &gone), E_NOT_FOUND);
    assert_ok(store_commit(f->w));
    assert_true(eir(f).version == 3);
}

static void no_more_rules_than_there_may_be(void **state)
{
    struct fixture *f = *state;
    enum store_did did;
    assert_ok(store_begin(f->w));
    for (uint64_t i = 0; i < 3; i++) {
        struct store_eir_rule r = rule_of(i, i, 1, "");
        assert_ok(store_put_eir_rule(f->w, &r, 3, &did));
    }
    struct store_eir_rule more = rule_of(7, 7, 1, ""), there = rule_of(1, 1, 1, "note");
    assert_err(store_put_eir_rule(f->w, &more, 3, &did), E_NO_ROOM);
    assert_ok(store_put_eir_rule(f->w, &there, 3, &did));
    assert_int_equal(did, STORE_CHANGED);
    assert_ok(store_commit(f->w));
    assert_true(eir(f).rules == 3);
}

static void what_is_no_rule_is_refused_and_changes_nothing(void **state)
{
    struct fixture *f = *state;
    enum store_did did = STORE_UNCHANGED;
    struct store_eir_rule bad[] = {rule_of(6, 5, 1, ""), rule_of(5, 100000000000000, 1, ""),
                                   rule_of(5, 5, 0, ""), rule_of(5, 5, 4, "")};
    struct store_eir_rule endless = rule_of(5, 5, 1, "");
    memset(endless.note, 'x', sizeof endless.note);
    assert_ok(store_begin(f->w));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_err(store_put_eir_rule(f->w, &bad[i], 9, &did), E_BAD_VALUE);
    }
    assert_err(store_put_eir_rule(f->w, &endless, 9, &did), E_BAD_LENGTH);
    assert_err(store_remove_eir_rule(f->w, &bad[1]), E_NOT_FOUND);
    assert_ok(store_commit(f->w));
    assert_true(eir(f).rules == 0);
    struct store_eir_rule good = rule_of(5, 5, 1, "");
    assert_err(store_put_eir_rule(f->w, &good, 9, &did), E_BAD_STATE); /* out of a batch */
    assert_err(store_remove_eir_rule(f->w, &good), E_BAD_STATE);
}

static void a_step_that_is_undone_takes_rules_and_their_number_back(void **state)
{
    struct fixture *f = *state;
    enum store_did did;
    struct store_eir_rule r = rule_of(5, 5, 1, "");
    assert_ok(store_begin(f->w));
    assert_ok(store_step_begin(f->w));
    assert_ok(store_put_eir_rule(f->w, &r, 9, &did));
    assert_ok(store_step_end(f->w, false));
    assert_ok(store_commit(f->w));
    assert_true(eir(f).rules == 0 && eir(f).version == 0);
}

static void rules_are_there_after_a_restart(void **state)
{
    struct fixture *f = *state;
    put_rule(f, rule_of(5, 7, 2, "kept"));
    reopen_store(f);
    struct store_eir_rule r = rule_of(5, 7, 2, "");
    assert_ok(store_read_eir_note(f->r, &r));
    assert_string_equal(r.note, "kept");
    assert_true(eir(f).rules == 1);
}

static void pairing_tells_policy_last_imei_and_whether_the_device_is_listed(void **state)
{
    struct fixture *f = *state;
    struct store_pairing p;
    struct store_serving was, at = serving_at("mme.example.org", 1);
    struct store_subscriber s = subscriber_of(IMSI_A);
    struct store_device d = device_of(IMSI_A, IMEI_A, 1);
    struct imsi imsi = imsi_of(IMSI_A), other = imsi_of(IMSI_B);
    struct imei imei = imei_of(IMEI_A), imei_b = imei_of(IMEI_B);
    s.policy = 2;
    put(f, &s);
    put_device(f, &d);
    assert_ok(store_read_pairing(f->r, &imsi, &imei, &p));
    assert_int_equal(p.policy, 2);
    assert_true(p.device_listed);
    assert_false(p.has_last_imei);
    COMMITTED(f, store_set_serving(f->w, &imsi, &at, &imei, &was));
    assert_ok(store_read_pairing(f->r, &imsi, &imei_b, &p));
    assert_false(p.device_listed);
    assert_true(p.has_last_imei);
    assert_string_equal(p.last_imei.digits, IMEI_A);
    assert_err(store_read_pairing(f->r, &other, &imei, &p), E_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_STORE(rules_come_back_in_order_and_page_by_page),
        IN_STORE(a_rule_that_is_there_is_unchanged_and_its_note_can_change),
        IN_STORE(a_removed_rule_leaves_the_others_of_its_range),
        IN_STORE(no_more_rules_than_there_may_be),
        IN_STORE(what_is_no_rule_is_refused_and_changes_nothing),
        IN_STORE(a_step_that_is_undone_takes_rules_and_their_number_back),
        IN_STORE(rules_are_there_after_a_restart),
        IN_STORE(pairing_tells_policy_last_imei_and_whether_the_device_is_listed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
