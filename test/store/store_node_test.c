/* Which serving nodes a home network knows, and who of them has heard of a reset
 * (src/store/store_node.c). */
#include "store/fixture.h"
#include "store/store_node.h"
#include "store/store_push.h"

#define HOST  "mme-a.example.net"
#define OTHER "mme-b.example.net"
#define REALM "example.net"
#define DAY   86400

static struct store_node node(struct fixture *f, const char *host)
{
    struct store_node n = {.tries = 99};
    assert_ok(store_read_node(f->r, host, &n));
    return n;
}

static size_t untold(struct fixture *f, uint64_t epoch, const struct store_node *after,
                     struct store_node out[static 4])
{
    size_t n = 99;
    assert_ok(store_untold_nodes(f->r, epoch, after, out, 4, &n));
    return n;
}

static void serve_at(struct fixture *f, const char *imsi, const char *host, int64_t since)
{
    const struct imsi i = imsi_of(imsi);
    struct store_serving now = {.realm = REALM, .since = since}, before;
    snprintf(now.host, sizeof now.host, "%s", host);
    COMMITTED(f, store_set_serving(f->w, &i, &now, NULL, &before));
}

static void who_registers_somebody_is_known_and_stays_so(void **state)
{
    struct fixture *f = *state;
    struct store_subscriber s = subscriber_of(IMSI_A);
    struct store_node got;
    put(f, &s);
    assert_err(store_read_node(f->r, HOST, &got), E_NOT_FOUND);
    serve_at(f, IMSI_A, HOST, 5);
    serve_at(f, IMSI_A, OTHER, 6);
    serve_at(f, IMSI_A, "", 7); /* nobody serves it: no node */
    reopen_store(f);
    got = node(f, "MME-A.Example.NET"); /* RFC 6733 4.3.1 */
    assert_string_equal(got.host, HOST);
    assert_string_equal(got.realm, REALM);
    assert_false(got.named);
    assert_true(got.told == 0 && got.asked == 0 && got.tries == 0);
    (void)node(f, OTHER);
    assert_err(store_read_node(f->r, "", &got), E_NOT_FOUND);
}

static void what_was_asked_and_answered_survives_a_restart(void **state)
{
    struct fixture *f = *state;
    COMMITTED(f, store_node_seen(f->w, HOST, REALM, 1));
    struct store_node n = node(f, HOST);
    n.asked = 3;
    n.asked_at = 77000;
    n.next_try = 79000;
    n.tries = 2;
    COMMITTED(f, store_node_asked(f->w, &n));
    reopen_store(f);
    n = node(f, HOST);
    assert_true(n.asked == 3 && n.asked_at == 77000 && n.next_try == 79000 && n.tries == 2);
    assert_int_equal(n.told, 0);
    COMMITTED(f, store_node_told(f->w, "MME-A.EXAMPLE.NET", 3));
    n = node(f, HOST);
    assert_true(n.told == 3 && n.asked == 3 && n.tries == 0);
    COMMITTED(f, store_node_seen(f->w, HOST, REALM, 9 * DAY)); /* it registers on */
    COMMITTED(f, store_node_named(f->w, HOST, REALM, 1));
    n = node(f, HOST);
    assert_true(n.told == 3 && n.named);
    COMMITTED(f, store_node_told(f->w, OTHER, 3)); /* not there any more */
    snprintf(n.host, sizeof n.host, "%s", OTHER);
    COMMITTED(f, store_node_asked(f->w, &n));
    assert_err(store_read_node(f->r, OTHER, &n), E_NOT_FOUND);
}

static void those_who_have_not_heard_come_with_the_longest_waiting_first(void **state)
{
    struct fixture *f = *state;
    struct store_node out[4];
    static const char *const hosts[] = {"n1.net", "n2.net", "n3.net", "n4.net", "n5.net", "n6.net"};
    for (size_t i = 0; i < 6; i++) {
        COMMITTED(f, store_node_seen(f->w, hosts[i], "net", 1));
    }
    struct store_node n = node(f, "n1.net");
    n.next_try = 1000;
    COMMITTED(f, store_node_asked(f->w, &n));
    COMMITTED(f, store_node_told(f->w, "n3.net", 2));
    COMMITTED(f, store_node_told(f->w, "n4.net", 1)); /* of the one before */
    assert_int_equal(untold(f, 2, NULL, out), 4);
    assert_string_equal(out[0].host, "n2.net");
    assert_string_equal(out[1].host, "n4.net");
    assert_string_equal(out[2].host, "n5.net");
    assert_string_equal(out[3].host, "n6.net");
    n = out[3];
    assert_int_equal(untold(f, 2, &n, out), 1);
    assert_string_equal(out[0].host, "n1.net"); /* tried: behind all others */
    n = out[0];
    assert_int_equal(untold(f, 2, &n, out), 0);
}

/* An agent may carry any name below its realm. */
static void of_a_realm_so_many_are_kept_and_named_ones_stay(void **state)
{
    struct fixture *f = *state;
    struct store_node got;
    char host[64];
    assert_ok(store_begin(f->w));
    assert_ok(store_node_named(f->w, HOST, REALM, 0)); /* older than all */
    assert_ok(store_node_seen(f->w, "mme.elsewhere.org", "elsewhere.org", 0));
    for (unsigned i = 0; i <= STORE_NODES_OF_REALM; i++) {
        snprintf(host, sizeof host, "n%u." REALM, i);
        assert_ok(store_node_seen(f->w, host, REALM, 10 + (int64_t)i));
    }
    assert_ok(store_commit(f->w));
    assert_err(store_read_node(f->r, "n0." REALM, &got), E_NOT_FOUND); /* the oldest */
    (void)node(f, "n1." REALM);
    (void)node(f, host);
    (void)node(f, HOST);
    (void)node(f, "mme.elsewhere.org");
    COMMITTED(f, store_node_seen(f->w, "n1." REALM, REALM, 10 * DAY)); /* heard of, not one more */
    COMMITTED(f, store_node_seen(f->w, "one-more." REALM, REALM, 10 * DAY));
    (void)node(f, "n1." REALM);
    assert_err(store_read_node(f->r, "n2." REALM, &got), E_NOT_FOUND);
}

static void what_says_nothing_new_writes_nothing(void **state)
{
    struct fixture *f = *state;
    sqlite3 *db = f->w->c.db;
    COMMITTED(f, store_node_seen(f->w, HOST, REALM, 10 * DAY));
    const int before = sqlite3_total_changes(db);
    COMMITTED(f, store_node_seen(f->w, "MME-a.example.net", "EXAMPLE.net", 11 * DAY - 1));
    COMMITTED(f, store_node_seen(f->w, HOST, REALM, 2 * DAY)); /* a clock that was set back */
    assert_int_equal(sqlite3_total_changes(db), before);
    COMMITTED(f, store_node_seen(f->w, HOST, REALM, 11 * DAY));
    assert_int_equal(sqlite3_total_changes(db), before + 1);
    COMMITTED(f, store_node_named(f->w, HOST, REALM, 11 * DAY));
    COMMITTED(f, store_node_named(f->w, HOST, REALM, 99 * DAY));
    assert_int_equal(sqlite3_total_changes(db), before + 2);
}

static void what_is_no_name_is_refused(void **state)
{
    struct fixture *f = *state;
    char text[STORE_HOST_MAX + 1];
    memset(text, 'a', sizeof text);
    text[STORE_HOST_MAX] = '\0';
    assert_err(store_node_seen(f->w, HOST, REALM, 1), E_BAD_STATE); /* out of a batch */
    assert_err(store_node_asked(f->w, &(struct store_node){.host = HOST}), E_BAD_STATE);
    assert_err(store_node_told(f->w, HOST, 1), E_BAD_STATE);
    assert_ok(store_begin(f->w));
    assert_err(store_node_seen(f->w, "", REALM, 1), E_BAD_LENGTH);
    assert_err(store_node_seen(f->w, text, REALM, 1), E_BAD_LENGTH);
    assert_err(store_node_named(f->w, HOST, text, 1), E_BAD_LENGTH);
    assert_ok(store_commit(f->w));
}

#define OLD_ROW                                                                                    \
    "INSERT INTO subscriber (imsi, algorithm, res_len, keccak_iterations, dif, policy,"            \
    " suspended, msisdn, profile, keys, host, realm, since, purged) VALUES "

static void text_is(sqlite3 *db, const char *query, const char *wanted)
{
    sqlite3_stmt *st = NULL;
    assert_int_equal(sqlite3_prepare_v2(db, query, -1, &st, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(st), SQLITE_ROW);
    assert_string_equal((const char *)sqlite3_column_text(st, 0), wanted);
    sqlite3_finalize(st);
}

/* The step that made the table: whoever serves somebody is in it, and what was told stays told. */
static void a_store_of_version_7_knows_its_nodes_and_what_they_heard(void **state)
{
    struct fixture *f = *state;
    sqlite3 *db = NULL;
    const char *path = with(f->dir, "/old.db");
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_ok(schema_migrate(db, path, schema_steps, 7, &f->why));
    assert_int_equal(sqlite3_exec(db,
                                  OLD_ROW "(1,1,8,0,0,0,0,'','p',x'','" HOST "','old',5,0),"
                                          "(2,1,8,0,0,0,0,'','p',x'','MME-A.example.net','" REALM
                                          "',9,0),"
                                          "(3,1,8,0,0,0,0,'','p',x'','" OTHER "','" REALM "',6,1),"
                                          "(4,1,8,0,0,0,0,'','p',x'','','',0,0);"
                                          "INSERT INTO reset_told VALUES ('MME-A.EXAMPLE.net', 4),"
                                          " ('mme-c.example.net', 3);",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    assert_ok(schema_migrate(db, path, schema_steps, 8, &f->why));
    text_is(db,
            "SELECT group_concat(host || ' ' || realm || ' ' || told || ' ' || asked, ', ')"
            " FROM (SELECT * FROM serving_node ORDER BY host)",
            "MME-A.example.net " REALM " 4 4, mme-c.example.net  3 3");
    sqlite3_close(db);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_STORE(who_registers_somebody_is_known_and_stays_so),
        IN_STORE(what_was_asked_and_answered_survives_a_restart),
        IN_STORE(those_who_have_not_heard_come_with_the_longest_waiting_first),
        IN_STORE(of_a_realm_so_many_are_kept_and_named_ones_stay),
        IN_STORE(what_says_nothing_new_writes_nothing),
        IN_STORE(what_is_no_name_is_refused),
        IN_STORE(a_store_of_version_7_knows_its_nodes_and_what_they_heard),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
