/* Backups at the administration interface (src/nf/hssd/admin_backup.c, src/nf/hssd/backups.c). */
#include "nf/admin_world.h"

#include "nf/hssd/backups.h"

#include <sys/stat.h>

#define DEADLINE 6000 /* turns of 10 ms: the last resort */

static unsigned make(const char *body, json_t **json)
{
    return ask("POST", "/v1/backups", body, json);
}

static void refused(const char *body, unsigned status, const char *problem)
{
    json_t *json = NULL;
    char type[96];
    assert_int_equal(make(body, &json), status);
    snprintf(type, sizeof type, "urn:bindery:problem:%s", problem);
    assert_string_equal(json_string_value(json_object_get(json, "type")), type);
    json_decref(json);
}

/* What the interface shows once the last one has ended. */
static json_t *ended(void)
{
    for (unsigned i = 0; i < DEADLINE; i++) {
        json_t *json = NULL;
        assert_int_equal(ask("GET", "/v1/backups", "", &json), 200);
        const json_t *last = json_object_get(json, "last");
        const char *state = json_string_value(json_object_get(last, "state"));
        if (state != NULL && strcmp(state, "running") != 0) {
            return json;
        }
        json_decref(json);
        usleep(10000);
    }
    fail_msg("it never ended");
    return NULL;
}

/* The entry of the audit log that follows `begun`, which is written soon: its `after`. */
static void followed_by(const char *outcome, const char *part)
{
    for (unsigned i = 0; i < DEADLINE; i++) {
        json_t *json = NULL;
        assert_int_equal(ask("GET", "/v1/audit?target=backups&limit=1000", "", &json), 200);
        bool there = false, begun = false;
        size_t at = 0;
        const json_t *entry = NULL;
        json_array_foreach(json_object_get(json, "entries"), at, entry)
        {
            const char *said = json_string_value(json_object_get(entry, "outcome"));
            const char *after = json_string_value(json_object_get(entry, "after"));
            const char *action = json_string_value(json_object_get(entry, "action"));
            assert_string_equal(action, "POST /v1/backups");
            assert_non_null(json_string_value(json_object_get(entry, "who")));
            const bool its = strstr(after, part) != NULL;
            begun = begun || strcmp(said, "begun") == 0;
            there = there || (its && strcmp(said, outcome) == 0);
        }
        json_decref(json);
        if (there) {
            assert_true(begun);
            return;
        }
        usleep(10000);
    }
    fail_msg("no entry %s with %s: %s", outcome, part, answer);
}

static void a_backup_is_made_and_shown_with_its_manifest_and_never_made_twice(void **state)
{
    json_t *json = NULL;
    (void)state;
    assert_int_equal(make("{\"name\":\"night\"}", &json), 202);
    assert_string_equal(json_string_value(json_object_get(json, "name")), "night");
    json_decref(json);
    assert_int_equal(ask("GET", "/v1/audit?target=backups", "", &json), 200);
    const json_t *entries = json_object_get(json, "entries");
    const size_t n = json_array_size(entries);
    assert_true(n == 1 || n == 2); /* it was there before the backup */
    const json_t *entry = json_array_get(entries, n - 1);
    assert_string_equal(json_string_value(json_object_get(entry, "after")), "{\"name\":\"night\"}");
    assert_string_equal(json_string_value(json_object_get(entry, "outcome")), "begun");
    json_decref(json);
    json = ended();
    const json_t *last = json_object_get(json, "last");
    assert_string_equal(json_string_value(json_object_get(last, "state")), "made");
    const json_t *list = json_object_get(json, "backups");
    assert_int_equal(json_array_size(list), 1);
    const json_t *one = json_array_get(list, 0);
    assert_string_equal(json_string_value(json_object_get(one, "name")), "night");
    assert_int_equal(strlen(json_string_value(json_object_get(one, "sha256"))), 64);
    assert_int_equal(strlen(json_string_value(json_object_get(one, "key"))), 32);
    assert_true(json_is_integer(json_object_get(json_object_get(one, "rows"), "subscriber")));
    json_decref(json);
    followed_by("done", "\"sha256\":");
    refused("{\"name\":\"night\"}", 409, "backup-exists");
    assert_int_equal(ask("GET", "/v1/audit?target=backups", "", &json), 200);
    assert_int_equal(json_array_size(json_object_get(json, "entries")), 2);
    json_decref(json);
}

static void one_that_fails_says_why_and_leaves_nothing(void **state)
{
    json_t *json = NULL;
    char path[96], away[96];
    (void)state;
    snprintf(path, sizeof path, "%s/backups", folder);
    snprintf(away, sizeof away, "%s/away", folder);
    assert_int_equal(rename(path, away), 0);
    assert_int_equal(make("{\"name\":\"lost\"}", &json), 202);
    json_decref(json);
    json = ended();
    assert_int_equal(rename(away, path), 0);
    const json_t *last = json_object_get(json, "last");
    assert_string_equal(json_string_value(json_object_get(last, "state")), "failed");
    assert_string_equal(json_string_value(json_object_get(last, "cause")), "not-found");
    assert_true(strlen(json_string_value(json_object_get(last, "detail"))) > 20);
    json_decref(json);
    followed_by("failed", "{\"cause\":\"not-found\",\"name\":\"lost\"}");
}

static void what_is_no_name_is_refused(void **state)
{
    (void)state;
    refused("", 400, "not-json");
    refused("[]", 422, "missing-member");
    refused("{}", 422, "missing-member");
    refused("{\"name\":1}", 422, "bad-member");
    refused("{\"name\":\"\"}", 422, "bad-member");
    refused("{\"name\":\"../night\"}", 422, "bad-member");
    refused("{\"name\":\".night\"}", 422, "bad-member");
    refused("{\"name\":\"a/b\"}", 422, "bad-member");
    refused("{\"name\":\"night\",\"folder\":\"/\"}", 422, "unknown-member");
    assert_true(backup_name_ok("a"));
    assert_true(backup_name_ok("123456789012345678901234567890123456789012345678901234567"));
    assert_false(backup_name_ok("1234567890123456789012345678901234567890123456789012345678"));
}

static int start_with_folder(void **state)
{
    char path[96];
    if (start(state) != 0) {
        return -1;
    }
    snprintf(path, sizeof path, "%s/backups", folder);
    return mkdir(path, 0700);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_backup_is_made_and_shown_with_its_manifest_and_never_made_twice),
        cmocka_unit_test(one_that_fails_says_why_and_leaves_nothing),
        cmocka_unit_test(what_is_no_name_is_refused),
    };
    return cmocka_run_group_tests(tests, start_with_folder, stop);
}
