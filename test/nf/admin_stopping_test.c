/* What is under way while the HSS is being stopped (src/nf/hssd/admin.c). */
#include "nf/admin_world.h"

#include <limits.h>
#include <sqlite3.h>

#define DEADLINE 6000 /* turns of 10 ms: the last resort */
#define ROWS     1000u

static bool log_has(const char *text)
{
    char path[64], line[2048];
    bool has = false;
    snprintf(path, sizeof path, "%s/hssd.log", folder);
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    while (!has && fgets(line, sizeof line, f) != NULL) {
        has = strstr(line, text) != NULL;
    }
    fclose(f);
    return has;
}

static unsigned waiting(void)
{
    static const char sample[] = "\nbindery_hss_writer_queue_jobs ";
    json_t *json = NULL;
    assert_int_equal(ask("GET", "/metrics", "", &json), 200);
    json_decref(json);
    const char *at = strstr(answer, sample);
    assert_non_null(at);
    return (unsigned)strtoul(at + strlen(sample), NULL, 10);
}

static void await_waiting(unsigned from, unsigned to)
{
    for (unsigned i = 0, n = waiting(); n < from || n > to; i++) {
        assert_true(i < DEADLINE);
        usleep(10000);
        n = waiting();
    }
}

static unsigned count(const char *text, const char *part)
{
    unsigned n = 0;
    for (; (text = strstr(text, part)) != NULL; text++) {
        n++;
    }
    return n;
}

/* The writer stands still while the import comes, and goes on when the HSS is ending. */
static void what_it_did_not_begin_is_refused_as_stopping_and_not_as_busy(void **state)
{
    (void)state;
    char path[64];
    sqlite3 *db = NULL;
    json_t *json = NULL;
    char *rows = calloc(ROWS, 160);
    assert_non_null(rows);
    for (size_t i = 0, at = 0; i < ROWS; i++) {
        at += (size_t)sprintf(rows + at,
                              "{\"imsi\":\"0010100000%05zu\"," KEYS ",\"profile\":\"default\"}\n",
                              i + 10000);
    }
    /* What the start left to the writer is done when this is. */
    expect(201, "PUT", "/v1/subscribers/001010000000002", "{" KEYS ",\"profile\":\"default\"}");
    snprintf(path, sizeof path, "%s/hss.db", folder);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(
        sqlite3_exec(db, "PRAGMA busy_timeout = 10000; BEGIN IMMEDIATE", NULL, NULL, NULL),
        SQLITE_OK);
    int first = send_request("PUT", ONE, "", "{" KEYS ",\"profile\":\"default\"}");
    (void)waiting();     /* asked behind the first one: that is the writer's by now, */
    await_waiting(0, 0); /* who has taken it, so that nothing else comes into its batch */
    int import = send_request("POST", "/v1/import", "Content-Type: application/x-ndjson\r\n", rows);
    await_waiting(1, UINT_MAX); /* behind the first one */
    kill(child, SIGTERM);
    for (unsigned i = 0; !log_has("\"event\":\"stopping\""); i++) {
        assert_true(i < DEADLINE);
        usleep(10000);
    }
    assert_int_equal(sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    assert_int_equal(receive_answer(first, &json), 201); /* what it took it does */
    json_decref(json);
    assert_int_equal(receive_answer(import, &json), 200);
    json_decref(json);
    assert_true(count(answer, "\"did\":\"added\"") > 0);
    assert_true(count(answer, "urn:bindery:problem:stopping") > 0);
    assert_int_equal(count(answer, "urn:bindery:problem:busy"), 0);
    assert_int_equal(
        count(answer, "\"did\":\"added\"") + count(answer, "urn:bindery:problem:stopping"), ROWS);
    free(rows);
}

/* It is ending already; another signal would cut that short. */
static int ended(void **state)
{
    char command[64];
    int status = -1;
    (void)state;
    (void)waitpid(child, &status, 0);
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command) == 0 && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_it_did_not_begin_is_refused_as_stopping_and_not_as_busy),
    };
    return cmocka_run_group_tests(tests, start, ended);
}
