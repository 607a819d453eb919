/* What a row makes of a subscriber: rules, SQNs, and when the network must be told. */
#include "lib/check.h"

#include "nf/hssd/admin_plan.h"
#include "proc/sqn.h"

#include <stdio.h>
#include <string.h>

static struct hssd_profile profile = {.name = "default"};
static struct plmn home[] = {{"001", "01"}};
static struct hssd_config config = {
    .plmns = home, .n_plmns = 1, .profiles = &profile, .n_profiles = 1};
static const struct admin_world world = {&config, 1000};

static struct admin_row row_of(unsigned has, bool whole)
{
    struct admin_row row = {.has = has, .whole = whole, .profile = "default"};
    assert_ok(imsi_parse(BYTES_LIT("001010000000001"), &row.imsi));
    row.keys = (struct aka_keys){.algorithm = AKA_MILENAGE,
                                 .k = {16, {1}},
                                 .opc = {16, {2}},
                                 .res_len = 8,
                                 .keccak_iterations = 1};
    return row;
}

static void add_device(struct admin_row *row, const char *imei, uint8_t kme)
{
    struct admin_device *d = &row->devices[row->n_devices++];
    *d = (struct admin_device){.has_kme = kme != 0, .kme = {{kme}}};
    assert_ok(imei_parse(bytes_of_str(imei), &d->imei));
    row->has |= ROW_DEVICES;
}

static struct admin_state stored(enum binding_policy policy, uint8_t kme)
{
    struct admin_row row = row_of(ROW_K | ROW_OPC, true);
    struct admin_state none = {0}, s;
    struct admin_fault fault;
    row.policy = policy;
    if (kme != 0) {
        add_device(&row, "35693803564380", kme);
    }
    assert_true(admin_plan_row(&world, &row, ADMIN_MERGE, &none, &s, &fault));
    return s;
}

static bool change(const struct admin_row *row, const struct admin_state *before,
                   struct admin_state *after, struct admin_fault *fault)
{
    struct admin_state copy = *before;
    bool ok = admin_plan_row(&world, row, ADMIN_MERGE, before, after, fault);
    assert_memory_equal(&copy, before, sizeof copy);
    return ok;
}

static void a_row_without_k_makes_nobody(void **state)
{
    (void)state;
    struct admin_state none = {0}, after;
    struct admin_fault fault;
    struct admin_row row = row_of(ROW_POLICY, false);
    assert_false(change(&row, &none, &after, &fault));
    assert_int_equal(fault.problem, PROBLEM_NO_SUBSCRIBER);
}

static void a_change_leaves_what_it_does_not_name(void **state)
{
    (void)state;
    struct admin_state before = stored(BINDING_BOUND, 9), after;
    struct admin_fault fault;
    struct admin_row row = row_of(ROW_SUSPENDED, false);
    row.suspended = true;
    memset(&row.keys, 0, sizeof row.keys);
    assert_true(change(&row, &before, &after, &fault));
    assert_true(after.row.suspended);
    assert_int_equal(after.row.policy, BINDING_BOUND);
    assert_true(admin_keys_eq(&before.row.keys, &after.row.keys));
    assert_int_equal(after.n_devices, 1);
    assert_false(admin_plan_cancels(&before, &after));
}

static void a_profile_must_exist(void **state)
{
    (void)state;
    struct admin_state none = {0}, after;
    struct admin_fault fault;
    struct admin_row row = row_of(ROW_K, true);
    strcpy(row.profile, "gold");
    assert_false(change(&row, &none, &after, &fault));
    assert_int_equal(fault.problem, PROBLEM_UNKNOWN_PROFILE);
}

static void a_new_subscriber_is_of_a_home_plmn(void **state)
{
    (void)state;
    struct admin_state none = {0}, after;
    struct admin_fault fault;
    struct admin_row row = row_of(ROW_K, true);
    assert_ok(imsi_parse(BYTES_LIT("999990000000001"), &row.imsi));
    assert_false(change(&row, &none, &after, &fault));
    assert_int_equal(fault.problem, PROBLEM_FOREIGN_IMSI);
    assert_string_equal(fault.pointer, "/imsi");
}

static void bound_needs_a_kme(void **state)
{
    (void)state;
    struct admin_state before = stored(BINDING_OPEN, 0), after;
    struct admin_fault fault;
    struct admin_row row = row_of(ROW_POLICY, false);
    row.policy = BINDING_BOUND;
    assert_false(change(&row, &before, &after, &fault));
    assert_int_equal(fault.problem, PROBLEM_KME_MISSING);
    before = stored(BINDING_BOUND, 9);
    assert_false(admin_plan_withdraw(&world, &before.devices[0].imei, &before, &after, &fault));
    assert_int_equal(fault.problem, PROBLEM_KME_MISSING);
}

static void different_kmes_need_served_imei(void **state)
{
    (void)state;
    struct admin_state before = stored(BINDING_BOUND, 9), after;
    struct admin_fault fault;
    struct admin_row row = row_of(0, false);
    add_device(&row, "35693803564381", 8);
    assert_false(change(&row, &before, &after, &fault));
    assert_int_equal(fault.problem, PROBLEM_KME_DIFFERS);
    assert_int_equal(problem_status(fault.problem), 409);
    config.served_imei_known = true;
    assert_true(change(&row, &before, &after, &fault));
    config.served_imei_known = false;
    assert_int_equal(after.n_devices, 2);
    row.devices[0].kme.b[0] = 9; /* a group KME */
    assert_true(change(&row, &before, &after, &fault));
    assert_false(admin_plan_cancels(&before, &after));
}

static void becoming_bound_or_rekeyed_cancels(void **state)
{
    (void)state;
    struct admin_fault fault;
    struct admin_state none = {0}, after;
    struct admin_state open = stored(BINDING_OPEN, 9), bound = stored(BINDING_BOUND, 9);
    struct admin_row row = row_of(ROW_POLICY, false);
    assert_false(admin_plan_cancels(&none, &bound)); /* new: nobody holds vectors */
    row.policy = BINDING_BOUND;
    assert_true(change(&row, &open, &after, &fault));
    assert_true(admin_plan_cancels(&open, &after));
    row.policy = BINDING_LEARN;
    assert_true(change(&row, &open, &after, &fault));
    assert_true(admin_plan_cancels(&open, &after)); /* a KME is there: bound from now on */
    row.policy = BINDING_OPEN;
    assert_true(change(&row, &bound, &after, &fault));
    assert_false(admin_plan_cancels(&bound, &after));
    struct admin_row rekey = row_of(0, false);
    add_device(&rekey, "35693803564380", 7);
    assert_true(change(&rekey, &bound, &after, &fault));
    assert_true(admin_plan_cancels(&bound, &after));
    assert_true(change(&rekey, &open, &after, &fault));
    assert_false(admin_plan_cancels(&open, &after));
}

static void a_replacement_drops_devices_it_does_not_list(void **state)
{
    (void)state;
    struct admin_state before = stored(BINDING_OPEN, 9), after;
    struct admin_fault fault;
    struct admin_row row = row_of(ROW_K | ROW_OPC, true);
    add_device(&row, "35693803564381", 5);
    assert_true(admin_plan_row(&world, &row, ADMIN_REPLACE, &before, &after, &fault));
    assert_int_equal(after.n_devices, 1);
    assert_string_equal(after.devices[0].imei.digits, "35693803564381");
    row.n_devices = 0;
    add_device(&row, "35693803564380", 0); /* listed without a KME: keeps the one it has */
    assert_true(admin_plan_row(&world, &row, ADMIN_REPLACE, &before, &after, &fault));
    assert_true(after.devices[0].has_kme);
}

static void more_devices_than_fit_are_refused(void **state)
{
    (void)state;
    struct admin_state before = stored(BINDING_OPEN, 0), after;
    struct admin_fault fault;
    for (unsigned i = 0; i <= STORE_DEVICES_MAX; i++) {
        char imei[16];
        struct admin_row row = row_of(0, false);
        snprintf(imei, sizeof imei, "356938035643%02u", i);
        add_device(&row, imei, 0);
        bool ok = change(&row, &before, &after, &fault);
        assert_int_equal(ok, i < STORE_DEVICES_MAX);
        before = ok ? after : before;
    }
    assert_int_equal(fault.problem, PROBLEM_TOO_MANY_DEVICES);
}

/* The first SEQ issued lies above what the USIM has seen, and within what it accepts. */
static void the_first_sqn_is_one_the_usim_accepts(void **state)
{
    (void)state;
    static const uint64_t glcs[] = {1, 1000, SEQ_DELTA, SEQ_DELTA + 1, UINT64_C(1) << 32};
    static const uint64_t seqs[] = {0,          1, 999, 1000, 1001, SEQ_DELTA, UINT64_C(1) << 40,
                                    SEQ_MAX - 1};
    for (size_t i = 0; i < sizeof glcs / sizeof glcs[0]; i++) {
        for (size_t j = 0; j < sizeof seqs / sizeof seqs[0]; j++) {
            const struct admin_world at = {&config, glcs[i]};
            struct admin_state none = {0}, after;
            struct admin_fault fault;
            struct admin_row row = row_of(ROW_K | ROW_OPC | ROW_SQN, true);
            row.sqn = sqn_of(seqs[j], 31);
            assert_true(admin_plan_row(&at, &row, ADMIN_MERGE, &none, &after, &fault));
            uint64_t first = (uint64_t)((int64_t)glcs[i] + after.row.dif);
            assert_true(first > seqs[j] && first - seqs[j] <= SEQ_DELTA);
        }
    }
}

static void importing_again_moves_no_sqn_back(void **state)
{
    (void)state;
    struct admin_state before = stored(BINDING_OPEN, 0), after;
    struct admin_fault fault;
    struct admin_row row = row_of(ROW_K | ROW_OPC | ROW_SQN, true);
    before.row.dif = 500000; /* a resynchronisation since */
    row.sqn = sqn_of(20, 0);
    assert_true(change(&row, &before, &after, &fault));
    assert_true(after.row.dif == 500000);
    row.sqn = SQN_MAX;
    assert_false(change(&row, &before, &after, &fault));
    assert_string_equal(fault.pointer, "/sqn");
}

/* A file of imsi, k and opc, run again after others said more of the subscriber. */
static void importing_again_leaves_what_the_row_does_not_name(void **state)
{
    (void)state;
    struct admin_state before = stored(BINDING_BOUND, 9), after;
    struct admin_fault fault;
    struct admin_row row = row_of(ROW_K | ROW_OPC, true);
    before.row.suspended = true;
    before.row.proof = 1;
    before.row.dif = 77;
    strcpy(before.row.msisdn, "491700000001");
    assert_true(change(&row, &before, &after, &fault));
    assert_memory_equal(&before.row, &after.row, sizeof before.row);
    assert_int_equal(admin_plan_changed(&before, &after), 0);
    row.keys.opc.b[0]++; /* other keys, and still the rest stays */
    assert_true(change(&row, &before, &after, &fault));
    assert_int_equal(admin_plan_changed(&before, &after), ROW_K);
    assert_int_equal(after.row.policy, BINDING_BOUND);
    assert_int_equal(admin_plan_lost(&before, &after), 0);
    assert_true(after.row.dif != 77);
    row = row_of(ROW_K | ROW_OPC, true); /* PUT says all of it */
    assert_true(admin_plan_row(&world, &row, ADMIN_REPLACE, &before, &after, &fault));
    assert_int_equal(after.row.policy, BINDING_OPEN);
    assert_false(after.row.suspended);
    assert_string_equal(after.row.msisdn, "");
}

/* What goes with K and OPc is one set with them; the same K and OPc are no new set. */
static void the_same_k_and_opc_keep_what_goes_with_them(void **state)
{
    (void)state;
    struct admin_state before = stored(BINDING_OPEN, 0), after;
    struct admin_fault fault;
    struct admin_row row = row_of(ROW_K | ROW_OPC | ROW_ALGORITHM, true);
    row.keys.algorithm = AKA_TUAK;
    before.row.keys = row.keys;
    before.row.keys.res_len = 16;
    before.row.keys.keccak_iterations = 3;
    assert_true(change(&row, &before, &after, &fault));
    assert_int_equal(admin_plan_changed(&before, &after), 0);
    row.has |= ROW_RES_LENGTH;
    assert_true(change(&row, &before, &after, &fault));
    assert_int_equal(after.row.keys.res_len, 8);
    assert_int_equal(after.row.keys.keccak_iterations, 3);
    row.keys.k.b[5]++;
    assert_true(change(&row, &before, &after, &fault));
    assert_int_equal(after.row.keys.keccak_iterations, 1);
}

static void what_protected_it_and_is_gone_is_named(void **state)
{
    (void)state;
    struct admin_state before = stored(BINDING_BOUND, 9), none = {0}, after;
    struct admin_fault fault;
    struct admin_row row = row_of(ROW_POLICY | ROW_SUSPENDED, true);
    before.row.suspended = true;
    row.policy = BINDING_LEARN;
    row.suspended = true;
    assert_true(change(&row, &before, &after, &fault));
    assert_int_equal(admin_plan_changed(&before, &after), ROW_POLICY);
    assert_int_equal(admin_plan_lost(&before, &after), 0);
    row.policy = BINDING_OPEN;
    assert_true(change(&row, &before, &after, &fault));
    assert_int_equal(admin_plan_lost(&before, &after), ROW_POLICY);
    row.suspended = false;
    assert_true(change(&row, &before, &after, &fault));
    assert_int_equal(admin_plan_lost(&before, &after), ROW_POLICY | ROW_SUSPENDED);
    assert_int_equal(admin_plan_lost(&none, &after), 0);
    assert_int_equal(admin_plan_lost(&after, &after), 0);
}

static void withdrawing_what_is_not_there_is_said(void **state)
{
    (void)state;
    struct admin_state before = stored(BINDING_OPEN, 9), none = {0}, after;
    struct admin_fault fault;
    struct imei other = {"35693803564381"};
    assert_false(admin_plan_withdraw(&world, &other, &before, &after, &fault));
    assert_int_equal(fault.problem, PROBLEM_NO_DEVICE);
    assert_false(admin_plan_withdraw(&world, &other, &none, &after, &fault));
    assert_int_equal(fault.problem, PROBLEM_NO_SUBSCRIBER);
    assert_true(admin_plan_withdraw(&world, &before.devices[0].imei, &before, &after, &fault));
    assert_int_equal(after.n_devices, 0);
}

/* ---- what is under way for its KME ---- */

static struct admin_state offered(void)
{
    struct admin_state s = stored(BINDING_LEARN, 9);
    s.kme.phase = KME_OFFERED;
    s.kme.due = KME_DUE_RENEWAL;
    s.kme.request = KME_REQUEST_RENEW;
    s.kme.nw_sig[0] = 1;
    s.kme.has_taken = true;
    return s;
}

static void what_is_under_way_counts_no_longer_when_the_subscription_changes(void **state)
{
    (void)state;
    const struct admin_state before = offered();
    for (unsigned i = 0; i < 8; i++) {
        struct admin_state after = before;
        after.row.policy = i == 1 ? BINDING_BOUND : after.row.policy;
        after.row.keys.k.b[0] ^= i == 2;
        after.devices[0].kme.b[0] ^= i == 3;
        after.devices[0].has_kme = i != 4;
        after.n_devices -= i == 5;
        after.devices[0].imei.digits[0] = i == 6 ? '9' : after.devices[0].imei.digits[0];
        after.row.suspended = i == 7;
        bool resets = i != 0 && i != 7;
        admin_plan_kme_reset(&before, &after);
        assert_int_equal(after.kme.phase, resets ? KME_IDLE : KME_OFFERED);
        assert_int_equal(after.kme.request, resets ? KME_REQUEST_NONE : KME_REQUEST_RENEW);
        assert_int_equal(after.kme.nw_sig[0], resets ? 0 : 1);
        assert_true(after.kme.has_taken); /* a payload that was taken stays taken */
        assert_int_equal(admin_plan_kme_moved(&before, &after), resets);
    }
}

static void where_nothing_is_under_way_nothing_is_written(void **state)
{
    (void)state;
    const struct admin_state before = stored(BINDING_LEARN, 9);
    struct admin_state after = before;
    after.n_devices = 0;
    admin_plan_kme_reset(&before, &after);
    assert_memory_equal(&before.kme, &after.kme, sizeof before.kme);
    assert_false(admin_plan_kme_moved(&before, &after));
    const struct admin_state none = {.exists = false};
    after = before;
    admin_plan_kme_reset(&none, &after);
    assert_false(admin_plan_kme_moved(&none, &after));
}

/*= test kme-rebind kme-approval */
static void a_wish_is_taken_where_it_makes_sense(void **state)
{
    (void)state;
    const struct admin_state none = {.exists = false}, open = stored(BINDING_OPEN, 9),
                             learns = stored(BINDING_LEARN, 0), bound = stored(BINDING_BOUND, 9);
    static const struct admin_kme withdraw = {.request = KME_REQUEST_NONE},
                                  renew = {.request = KME_REQUEST_RENEW},
                                  rebind = {.request = KME_REQUEST_REBIND};
    const struct {
        const struct admin_state *before;
        const struct admin_kme *wish;
        enum problem problem;
        bool moved;
    } cases[] = {
        {&none, &rebind, PROBLEM_NO_SUBSCRIBER, false},
        {&open, &rebind, PROBLEM_POLICY_OPEN, false},
        {&open, &renew, PROBLEM_POLICY_OPEN, false},
        {&open, &withdraw, PROBLEM_NONE, false},
        {&learns, &renew, PROBLEM_NO_KME, false},
        {&learns, &rebind, PROBLEM_NONE, true},
        {&learns, &withdraw, PROBLEM_NONE, false},
        {&bound, &renew, PROBLEM_NONE, true},
        {&bound, &rebind, PROBLEM_NONE, true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct admin_state after;
        struct admin_fault fault;
        const struct admin_state copy = *cases[i].before;
        bool ok = admin_plan_kme(cases[i].wish, cases[i].before, &after, &fault);
        assert_int_equal(ok, cases[i].problem == PROBLEM_NONE);
        assert_int_equal(fault.problem, cases[i].problem);
        assert_memory_equal(&copy, cases[i].before, sizeof copy);
        assert_int_equal(ok && admin_plan_kme_moved(cases[i].before, &after), cases[i].moved);
        assert_false(ok && admin_plan_cancels(cases[i].before, &after));
    }
}

static void the_same_wish_again_leaves_what_was_offered_for_it(void **state)
{
    (void)state;
    struct admin_state before = offered(), after;
    struct admin_fault fault;
    struct admin_kme wish = {.request = KME_REQUEST_RENEW};
    assert_true(admin_plan_kme(&wish, &before, &after, &fault));
    assert_int_equal(after.kme.phase, KME_OFFERED);
    assert_false(admin_plan_kme_moved(&before, &after));
    wish = (struct admin_kme){.request = KME_REQUEST_REBIND, .has_imei = true};
    assert_ok(imei_parse(BYTES_LIT("35693803564380"), &wish.imei));
    assert_true(admin_plan_kme(&wish, &before, &after, &fault));
    assert_int_equal(after.kme.phase, KME_IDLE);
    before = after;
    assert_true(admin_plan_kme(&wish, &before, &after, &fault));
    assert_false(admin_plan_kme_moved(&before, &after));
    wish.imei.digits[0] = '9';
    assert_true(admin_plan_kme(&wish, &before, &after, &fault));
    assert_true(admin_plan_kme_moved(&before, &after));
    wish.has_imei = false;
    before = after;
    assert_true(admin_plan_kme(&wish, &before, &after, &fault));
    assert_true(admin_plan_kme_moved(&before, &after));
    assert_false(after.kme.request_has_imei);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_row_without_k_makes_nobody),
        cmocka_unit_test(a_change_leaves_what_it_does_not_name),
        cmocka_unit_test(a_profile_must_exist),
        cmocka_unit_test(a_new_subscriber_is_of_a_home_plmn),
        cmocka_unit_test(bound_needs_a_kme),
        cmocka_unit_test(different_kmes_need_served_imei),
        cmocka_unit_test(becoming_bound_or_rekeyed_cancels),
        cmocka_unit_test(a_replacement_drops_devices_it_does_not_list),
        cmocka_unit_test(more_devices_than_fit_are_refused),
        cmocka_unit_test(the_first_sqn_is_one_the_usim_accepts),
        cmocka_unit_test(importing_again_moves_no_sqn_back),
        cmocka_unit_test(importing_again_leaves_what_the_row_does_not_name),
        cmocka_unit_test(the_same_k_and_opc_keep_what_goes_with_them),
        cmocka_unit_test(what_protected_it_and_is_gone_is_named),
        cmocka_unit_test(withdrawing_what_is_not_there_is_said),
        cmocka_unit_test(what_is_under_way_counts_no_longer_when_the_subscription_changes),
        cmocka_unit_test(where_nothing_is_under_way_nothing_is_written),
        cmocka_unit_test(a_wish_is_taken_where_it_makes_sense),
        cmocka_unit_test(the_same_wish_again_leaves_what_was_offered_for_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
