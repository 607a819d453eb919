/* What nodes are still to be told, and that there was a reset (src/store/store_push.c). */
#include "store/fixture.h"
#include "store/store_push.h"

#define HOST  "mme-a.example.net"
#define OTHER "mme-b.example.net"

static struct store_push push_of(const char *imsi, const char *host, uint8_t what, int64_t at)
{
    struct store_push p = {
        .imsi = imsi_of(imsi), .realm = "example.net", .what = what, .since = at, .next_try = at};
    snprintf(p.host, sizeof p.host, "%s", host);
    return p;
}

static size_t due(struct fixture *f, const char *host, int64_t now, int64_t connected,
                  struct store_push out[static 8])
{
    size_t n = 99;
    assert_ok(store_due_push(f->r, host, now, connected, out, 8, &n));
    return n;
}

static void what_waits_is_there_after_a_restart(void **state)
{
    struct fixture *f = *state;
    struct store_push rows[8];
    struct store_push p = push_of(IMSI_A, HOST, STORE_PUSH_DATA | STORE_PUSH_DROP_MSISDN, 5000);
    COMMITTED(f, store_put_push(f->w, &p, 0));
    reopen_store(f);
    assert_int_equal(due(f, "MME-A.example.NET", 5000, 0, rows), 1);
    assert_true(imsi_eq(&rows[0].imsi, &p.imsi));
    assert_string_equal(rows[0].host, HOST);
    assert_string_equal(rows[0].realm, "example.net");
    assert_int_equal(rows[0].what, STORE_PUSH_DATA | STORE_PUSH_DROP_MSISDN);
    assert_int_equal(rows[0].since, 5000);
    assert_int_equal(rows[0].tries, 0);
    assert_int_equal(due(f, HOST, 4999, 0, rows), 0);
    assert_int_equal(due(f, OTHER, 5000, 0, rows), 0);
}

static void a_clock_that_is_set_back_makes_nobody_wait_for_it(void **state)
{
    struct fixture *f = *state;
    struct store_push rows[8];
    const int64_t now = 10000000, hour = 3600000;
    struct store_push p = push_of(IMSI_A, HOST, STORE_PUSH_DATA, now);
    p.next_try = now + 300000; /* as long as anybody waits */
    COMMITTED(f, store_put_push(f->w, &p, 0));
    assert_int_equal(due(f, HOST, now, 0, rows), 0);
    assert_int_equal(due(f, HOST, now - hour, 0, rows), 1);
    assert_int_equal(due(f, OTHER, now - hour, 0, rows), 0);
    assert_int_equal(due(f, HOST, now + hour, 0, rows), 1);
}

static void an_answer_counts_for_what_it_answered_and_for_nothing_newer(void **state)
{
    struct fixture *f = *state;
    struct store_push rows[8];
    struct store_push p = push_of(IMSI_A, HOST, STORE_PUSH_DATA | STORE_PUSH_DROP_MSISDN, 1);
    COMMITTED(f, store_put_push(f->w, &p, 0));
    assert_int_equal(due(f, HOST, 1, 0, rows), 1);
    const struct store_push first = rows[0];
    COMMITTED(f, store_push_done(f->w, &first, STORE_PUSH_DATA));
    assert_int_equal(due(f, HOST, 1, 0, rows), 1);
    assert_int_equal(rows[0].what, STORE_PUSH_DROP_MSISDN);
    p = push_of(IMSI_A, HOST, STORE_PUSH_DATA, 2); /* the MSISDN is back */
    COMMITTED(f, store_put_push(f->w, &p, STORE_PUSH_DROP_MSISDN));
    assert_ok(store_begin(f->w));
    assert_err(store_push_done(f->w, &first, STORE_PUSH_ALL), E_NOT_FOUND);
    assert_err(store_push_later(f->w, &first), E_NOT_FOUND);
    assert_ok(store_commit(f->w));
    assert_int_equal(due(f, HOST, 2, 0, rows), 1);
    assert_int_equal(rows[0].what, STORE_PUSH_DATA);
    COMMITTED(f, store_push_done(f->w, &rows[0], STORE_PUSH_DATA));
    assert_int_equal(due(f, HOST, 9, 9, rows), 0);
}

static void what_failed_waits_for_its_time_or_for_the_node_to_come_back(void **state)
{
    struct fixture *f = *state;
    struct store_push rows[8];
    struct store_push p = push_of(IMSI_A, HOST, STORE_PUSH_DATA, 1000);
    COMMITTED(f, store_put_push(f->w, &p, 0));
    assert_int_equal(due(f, HOST, 1000, 0, rows), 1);
    rows[0].tries = 3;
    rows[0].tried = 2000;
    rows[0].next_try = 10000;
    strcpy(rows[0].cause, "no-answer");
    COMMITTED(f, store_push_later(f->w, &rows[0]));
    assert_int_equal(due(f, HOST, 9999, 2000, rows), 0);
    assert_int_equal(due(f, HOST, 9999, 2001, rows), 1);
    assert_int_equal(rows[0].tries, 3);
    assert_string_equal(rows[0].cause, "no-answer");
    assert_int_equal(due(f, HOST, 10000, 2000, rows), 1);
    assert_int_equal(due(f, HOST, 10000, 3000, rows), 1); /* by both: once */
    COMMITTED(f, store_put_push(f->w, &p, 0));            /* a new change begins anew */
    assert_int_equal(due(f, HOST, 1000, 0, rows), 1);
    assert_int_equal(rows[0].tries, 0);
    assert_string_equal(rows[0].cause, "");
}

static void a_registration_leaves_only_withdrawals_at_other_nodes(void **state)
{
    struct fixture *f = *state;
    struct store_push rows[8];
    const struct imsi imsi = imsi_of(IMSI_A);
    struct store_push here = push_of(IMSI_A, HOST, STORE_PUSH_DATA, 1);
    struct store_push there = push_of(IMSI_A, OTHER, STORE_PUSH_WITHDRAW, 1);
    COMMITTED(f, store_put_push(f->w, &here, 0));
    COMMITTED(f, store_put_push(f->w, &there, 0));
    size_t n = 0;
    assert_ok(store_list_push(f->r, &imsi, rows, 8, &n));
    assert_int_equal(n, 2);
    COMMITTED(f, store_push_registered(f->w, &imsi, "third.example.net"));
    assert_int_equal(due(f, HOST, 1, 0, rows), 0);
    assert_int_equal(due(f, OTHER, 1, 0, rows), 1);
    COMMITTED(f, store_push_registered(f->w, &imsi, OTHER));
    assert_int_equal(due(f, OTHER, 1, 0, rows), 0);
    COMMITTED(f, store_put_push(f->w, &here, 0));
    COMMITTED(f, store_drop_push(f->w, &imsi, HOST));
    assert_int_equal(due(f, HOST, 1, 0, rows), 0);
}

static void a_registration_without_data_leaves_what_waits_but_makes_it_another(void **state)
{
    struct fixture *f = *state;
    struct store_push before[8], rows[8];
    const struct imsi imsi = imsi_of(IMSI_A);
    struct store_push here = push_of(IMSI_A, HOST, STORE_PUSH_DROP_MSISDN, 1);
    struct store_push gone = push_of(IMSI_A, OTHER, STORE_PUSH_WITHDRAW, 1);
    COMMITTED(f, store_put_push(f->w, &here, 0));
    COMMITTED(f, store_put_push(f->w, &gone, 0));
    assert_int_equal(due(f, HOST, 1, 0, before), 1);
    COMMITTED(f, store_push_known(f->w, &imsi, HOST));
    assert_int_equal(due(f, HOST, 1, 0, rows), 1);
    assert_int_equal(rows[0].what, STORE_PUSH_DROP_MSISDN);
    assert_true(rows[0].serial != before[0].serial);
    assert_int_equal(due(f, OTHER, 1, 0, rows), 1);
    assert_int_equal(rows[0].what, STORE_PUSH_WITHDRAW); /* another node's */
    COMMITTED(f, store_push_known(f->w, &imsi, OTHER));
    assert_int_equal(due(f, OTHER, 1, 0, rows), 1);
    assert_int_equal(rows[0].what, STORE_PUSH_DATA);
}

static void nodes_with_something_to_be_told_are_found_one_after_the_other(void **state)
{
    struct fixture *f = *state;
    char host[STORE_HOST_MAX];
    struct store_push a = push_of(IMSI_A, OTHER, STORE_PUSH_DATA, 1);
    struct store_push b = push_of(IMSI_B, HOST, STORE_PUSH_DATA, 1);
    assert_err(store_next_push_host(f->r, "", host), E_NOT_FOUND);
    COMMITTED(f, store_put_push(f->w, &a, 0));
    COMMITTED(f, store_put_push(f->w, &b, 0));
    assert_ok(store_next_push_host(f->r, "", host));
    assert_string_equal(host, HOST);
    assert_ok(store_next_push_host(f->r, host, host));
    assert_string_equal(host, OTHER);
    assert_err(store_next_push_host(f->r, host, host), E_NOT_FOUND);
}

static void what_makes_no_row_is_refused(void **state)
{
    struct fixture *f = *state;
    struct store_push p = push_of(IMSI_A, "", STORE_PUSH_DATA, 1);
    assert_err(store_put_push(f->w, &p, 0), E_BAD_LENGTH);
    p = push_of(IMSI_A, HOST, 0, 1);
    assert_err(store_put_push(f->w, &p, 0), E_BAD_VALUE);
    p.what = 16;
    assert_err(store_put_push(f->w, &p, 0), E_BAD_VALUE);
    p.what = STORE_PUSH_DATA;
    assert_err(store_put_push(f->w, &p, 0), E_BAD_STATE); /* out of a batch */
    memset(p.host, 'a', sizeof p.host);
    assert_err(store_put_push(f->w, &p, 0), E_BAD_LENGTH);
}

static void a_profile_is_walked_in_order_and_remembers_how_far(void **state)
{
    struct fixture *f = *state;
    struct store_push_profile p = {.profile = "default", .timer = 7, .what = STORE_PUSH_DATA};
    struct store_push_profile got;
    assert_err(store_read_push_profile_left(f->r, &got), E_NOT_FOUND);
    memset(p.digest, 0x5A, sizeof p.digest);
    p.after = imsi_of(IMSI_A);
    COMMITTED(f, store_put_push_profile(f->w, &p));
    reopen_store(f);
    assert_ok(store_read_push_profile_left(f->r, &got));
    assert_string_equal(got.profile, "default");
    assert_int_equal(got.timer, 7);
    assert_memory_equal(got.digest, p.digest, sizeof p.digest);
    assert_true(imsi_eq(&got.after, &p.after));
    p.what = 0;
    p.after = (struct imsi){.n = 0};
    COMMITTED(f, store_put_push_profile(f->w, &p));
    assert_err(store_read_push_profile_left(f->r, &got), E_NOT_FOUND);
    assert_ok(store_begin(f->w));
    assert_ok(store_writer_push_profile(f->w, "default", &got));
    assert_int_equal(got.after.n, 0);
    assert_err(store_writer_push_profile(f->w, "another", &got), E_NOT_FOUND);
    assert_ok(store_commit(f->w));
}

static void only_served_subscribers_of_a_profile_are_found(void **state)
{
    struct fixture *f = *state;
    struct store_push rows[8];
    size_t n = 0;
    const struct imsi none = {.n = 0};
    struct store_subscriber a = subscriber_of(IMSI_A), b = subscriber_of(IMSI_B);
    enum store_did did;
    struct store_serving now = {.host = HOST, .realm = "example.net", .since = 1}, before;
    b.msisdn[0] = '\0';
    COMMITTED(f, store_put_subscriber(f->w, STORE_INSERT, &a, &did));
    COMMITTED(f, store_put_subscriber(f->w, STORE_INSERT, &b, &did));
    COMMITTED(f, store_set_serving(f->w, &a.imsi, &now, NULL, &before));
    assert_ok(store_begin(f->w));
    assert_ok(store_writer_served_by_profile(f->w, a.profile, &none, rows, 8, &n));
    assert_int_equal(n, 1);
    assert_true(imsi_eq(&rows[0].imsi, &a.imsi));
    assert_string_equal(rows[0].host, HOST);
    assert_ok(store_writer_served_by_profile(f->w, a.profile, &a.imsi, rows, 8, &n));
    assert_int_equal(n, 0);
    assert_ok(store_set_purged(f->w, &a.imsi, HOST));
    assert_ok(store_writer_served_by_profile(f->w, a.profile, &none, rows, 8, &n));
    assert_int_equal(n, 0);
    assert_ok(store_commit(f->w));
}

static void subscribers_of_a_profile_are_counted_served_or_not(void **state)
{
    struct fixture *f = *state;
    struct store_push_profile p = {.profile = "gold"};
    char name[STORE_PROFILE_MAX] = "";
    uint32_t n = 7;
    enum store_did did;
    struct store_subscriber a = subscriber_of(IMSI_A), b = subscriber_of(IMSI_B);
    b.msisdn[0] = '\0';
    COMMITTED(f, store_put_subscriber(f->w, STORE_INSERT, &a, &did));
    COMMITTED(f, store_put_subscriber(f->w, STORE_INSERT, &b, &did));
    assert_ok(store_count_profile(f->r, a.profile, 10, &n));
    assert_int_equal(n, 2);
    assert_ok(store_count_profile(f->r, a.profile, 1, &n));
    assert_int_equal(n, 1);
    assert_ok(store_count_profile(f->r, "gold", 10, &n));
    assert_int_equal(n, 0);
    COMMITTED(f, store_put_push_profile(f->w, &p));
    assert_ok(store_next_push_profile(f->r, "", name));
    assert_string_equal(name, "gold");
    assert_err(store_next_push_profile(f->r, name, name), E_NOT_FOUND);
    COMMITTED(f, store_drop_push_profile(f->w, "gold"));
    assert_err(store_next_push_profile(f->r, "", name), E_NOT_FOUND);
    assert_err(store_drop_push_profile(f->w, "gold"), E_BAD_STATE); /* out of a batch */
}

/*= test op-reset */
static void a_reset_survives_a_restart(void **state)
{
    struct fixture *f = *state;
    struct store_reset r;
    assert_ok(store_read_reset(f->r, &r));
    assert_false(r.open);
    assert_int_equal(r.epoch, 0);
    r = (struct store_reset){.open = true, .epoch = 4, .since = 77};
    COMMITTED(f, store_put_reset(f->w, &r));
    reopen_store(f);
    assert_ok(store_read_reset(f->r, &r));
    assert_true(r.open);
    assert_int_equal(r.epoch, 4);
    assert_int_equal(r.since, 77);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_STORE(what_waits_is_there_after_a_restart),
        IN_STORE(a_clock_that_is_set_back_makes_nobody_wait_for_it),
        IN_STORE(an_answer_counts_for_what_it_answered_and_for_nothing_newer),
        IN_STORE(what_failed_waits_for_its_time_or_for_the_node_to_come_back),
        IN_STORE(a_registration_leaves_only_withdrawals_at_other_nodes),
        IN_STORE(a_registration_without_data_leaves_what_waits_but_makes_it_another),
        IN_STORE(nodes_with_something_to_be_told_are_found_one_after_the_other),
        IN_STORE(what_makes_no_row_is_refused),
        IN_STORE(a_profile_is_walked_in_order_and_remembers_how_far),
        IN_STORE(only_served_subscribers_of_a_profile_are_found),
        IN_STORE(subscribers_of_a_profile_are_counted_served_or_not),
        IN_STORE(a_reset_survives_a_restart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
