/* A sealed value of the store that does not open: who names it (src/nf/hssd/key_job.c and
 * src/nf/hssd/admin_export.c). */
#include "nf/admin_world.h"

#include <sqlite3.h>

#define EXPORT "/v1/export/subscribers?transport_key=move"

/* One octet of a subscriber's keys becomes another one, while the HSS serves. */
static void damage(const char *where)
{
    char path[64], text[300];
    sqlite3 *db = NULL;
    snprintf(path, sizeof path, "%s/hss.db", folder);
    snprintf(text, sizeof text,
             "PRAGMA busy_timeout = 10000; UPDATE subscriber SET keys = CAST(substr(keys, 1, 20) ||"
             " CASE substr(keys, 21, 1) WHEN x'00' THEN x'01' ELSE x'00' END ||"
             " substr(keys, 22) AS BLOB) WHERE imsi = (SELECT %s FROM subscriber)",
             where);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_changes(db), 1);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

/* How many lines of the log have both. */
static unsigned lines_with(const char *one, const char *other)
{
    char path[64], line[2048];
    unsigned n = 0;
    snprintf(path, sizeof path, "%s/hssd.log", folder);
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    while (fgets(line, sizeof line, f) != NULL) {
        n += strstr(line, one) != NULL && strstr(line, other) != NULL;
    }
    fclose(f);
    return n;
}

static void an_export_of_keys_names_the_subscriber_whose_keys_do_not_open(void **state)
{
    (void)state;
    expect(200, "GET", EXPORT, "");
    damage("max(imsi)");
    expect_problem("key-failed", "GET", EXPORT, "");
    assert_non_null(strstr(answer, "IMSI 001010000000003"));
    assert_non_null(strstr(answer, "subscriber.keys"));
    assert_int_equal(lines_with("\"sealed-value-damaged\"", "001010000000003"), 1);
    expect(200, "GET", "/v1/export/subscribers", ""); /* without keys nothing is opened */
}

/*= test op-key-reseal */
static void sealing_again_names_it_in_the_log_and_the_event_says_where(void **state)
{
    (void)state;
    damage("min(imsi)");
    expect(202, "POST", "/v1/keys/reseal", "");
    const char *detail = await_event("reseal-failed", 0);
    assert_non_null(strstr(detail, "2 do not open; the log names them"));
    assert_int_equal(lines_with("\"sealed-value-damaged\"", "001010000000001"), 1);
    assert_int_equal(lines_with("\"sealed-value-damaged\"", "001010000000002"), 0);
    assert_int_equal(lines_with("\"sealed-value-damaged\"", "\"level\":\"error\""), 3);
    assert_int_equal(lines_with("\"sealed-value-damaged\"", "\"value\":\"subscriber.keys\""), 3);
}

static int start_with_export(void **state)
{
    char text[2048];
    if (start(state) != 0 || halt() != 0) {
        return -1;
    }
    snprintf(text, sizeof text,
             "%stransport_keys: [{name: move, file: move.key, algorithm: aes-kw, export: true}]\n",
             config_text);
    write_file("hssd.yaml", text);
    write_file("move.key", "000102030405060708090a0b0c0d0e0f\n");
    if (launch() != 0) {
        return -1;
    }
    for (unsigned i = 1; i <= 3; i++) {
        char path[64];
        snprintf(path, sizeof path, "/v1/subscribers/00101000000000%u", i);
        expect(201, "PUT", path, "{" KEYS ",\"profile\":\"default\"}");
    }
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_export_of_keys_names_the_subscriber_whose_keys_do_not_open),
        cmocka_unit_test(sealing_again_names_it_in_the_log_and_the_event_says_where),
    };
    return cmocka_run_group_tests(tests, start_with_export, stop);
}
