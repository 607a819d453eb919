/* The store's keys at the administration interface (src/nf/hssd/admin_keys.c), and the job that
 * seals again (src/nf/hssd/key_job.c). */
#include "nf/admin_world.h"

#define DEADLINE 6000 /* turns of 10 ms: the last resort */

static json_t *keys(void)
{
    json_t *json = NULL;
    assert_int_equal(ask("GET", "/v1/keys", "", &json), 200);
    return json;
}

static void fingerprint(char out[static 33])
{
    json_t *json = keys();
    const char *text =
        json_string_value(json_object_get(json_object_get(json, "kek"), "fingerprint"));
    assert_non_null(text);
    assert_int_equal(strlen(text), 32);
    memcpy(out, text, 33);
    json_decref(json);
}

static void key_file(char out[static 80], size_t room)
{
    char path[64];
    snprintf(path, sizeof path, "%s/hss.key", folder);
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    out[fread(out, 1, room - 1, f)] = '\0';
    fclose(f);
}

static json_int_t number_of(const json_t *reseal, const char *name)
{
    return json_integer_value(json_object_get(reseal, name));
}

/* The job's own part of /v1/keys, when it is in this state. */
static json_t *reseal_until(const char *state)
{
    for (unsigned i = 0; i < DEADLINE; i++) {
        json_t *json = keys(), *reseal = json_incref(json_object_get(json, "reseal"));
        json_decref(json);
        if (strcmp(json_string_value(json_object_get(reseal, "state")), state) == 0) {
            return reseal;
        }
        json_decref(reseal);
        usleep(10000);
    }
    fail_msg("the job is not %s", state);
    return NULL;
}

static size_t data_keys(json_int_t *last)
{
    json_t *json = keys(), *list = json_object_get(json, "data_keys");
    size_t n = json_array_size(list);
    *last = number_of(json_array_get(list, n - 1), "id");
    assert_true(json_is_true(json_object_get(json_array_get(list, n - 1), "seals")));
    json_decref(json);
    return n;
}

static void put_some(unsigned from, unsigned n)
{
    char path[64];
    for (unsigned i = from; i < from + n; i++) {
        snprintf(path, sizeof path, "/v1/subscribers/0010100000%05u", i);
        expect(201, "PUT", path, "{" KEYS ",\"profile\":\"default\"}");
    }
}

static void a_fresh_store_has_one_data_key_and_no_job(void **state)
{
    (void)state;
    json_int_t last = 0;
    assert_int_equal(data_keys(&last), 1);
    json_t *reseal = reseal_until("never");
    assert_true(json_is_null(json_object_get(reseal, "data_key")));
    json_decref(reseal);
    expect_problem("no-reseal", "DELETE", "/v1/keys/reseal", "");
}

static void a_rotation_changes_the_key_file_and_shows_no_key(void **state)
{
    (void)state;
    char before[33], after[33], old[80], new[80], said[33];
    json_t *json = NULL;
    fingerprint(before);
    key_file(old, sizeof old);
    assert_int_equal(ask("POST", "/v1/keys/rotate", "", &json), 200);
    snprintf(said, sizeof said, "%s",
             json_string_value(json_object_get(json_object_get(json, "kek"), "fingerprint")));
    const json_t *former = json_object_get(json, "former");
    char former_fingerprint[40], former_file[80];
    snprintf(former_fingerprint, sizeof former_fingerprint, "%s",
             json_string_value(json_object_get(former, "fingerprint")));
    snprintf(former_file, sizeof former_file, "%s",
             json_string_value(json_object_get(former, "file")));
    json_decref(json);
    fingerprint(after);
    key_file(new, sizeof new);
    assert_string_equal(said, after);
    assert_string_not_equal(before, after);
    char kept[80], was[80] = "";
    snprintf(kept, sizeof kept, "%s/hss.key.%s", folder, before);
    assert_string_equal(former_fingerprint, before);
    assert_string_equal(former_file, kept);
    FILE *f = fopen(kept, "r");
    assert_non_null(f);
    was[fread(was, 1, sizeof was - 1, f)] = '\0';
    fclose(f);
    assert_string_equal(was, old);
    assert_string_not_equal(old, new);
    new[64] = '\0';
    assert_null(strstr(answer, new));
    char path[64];
    snprintf(path, sizeof path, "%s/hss.key.next", folder);
    assert_int_not_equal(access(path, F_OK), 0);
}

static void what_is_sealed_is_sealed_again_while_it_serves(void **state)
{
    (void)state;
    json_int_t before = 0, after = 0;
    put_some(100, 100);
    (void)data_keys(&before);
    expect(202, "POST", "/v1/keys/reseal", "");
    json_t *reseal = reseal_until("ended");
    assert_int_equal(number_of(reseal, "failed"), 0);
    assert_int_equal(number_of(reseal, "left"), 0);
    assert_true(number_of(reseal, "resealed") >= 100);
    json_decref(reseal);
    assert_int_equal(data_keys(&after), 1);
    assert_int_equal(after, before + 1);
    expect(200, "GET", "/v1/subscribers/001010000000100", "");
    expect(200, "PATCH", "/v1/subscribers/001010000000100", "{\"suspended\":true}");
}

static void one_that_was_stopped_goes_on_when_it_is_begun_again(void **state)
{
    (void)state;
    json_t *json = NULL;
    put_some(300, 200);
    expect(202, "POST", "/v1/keys/reseal", "");
    int status = ask("DELETE", "/v1/keys/reseal", "", &json);
    json_decref(json);
    if (status == 200) { /* else it was faster */
        json_decref(reseal_until("stopped"));
        expect(202, "POST", "/v1/keys/reseal", "");
    }
    json_decref(reseal_until("ended"));
    json_int_t last = 0;
    assert_int_equal(data_keys(&last), 1);
}

static void an_hss_that_is_started_again_opens_with_the_key_file_as_it_is(void **state)
{
    (void)state;
    char before[33], after[33];
    fingerprint(before);
    assert_int_equal(halt(), 0);
    assert_int_equal(launch(), 0);
    fingerprint(after);
    assert_string_equal(before, after);
    expect(200, "GET", "/v1/subscribers/001010000000100", "");
}

static void one_that_was_cut_short_goes_on_with_the_next_start(void **state)
{
    (void)state;
    int status = 0;
    expect(202, "POST", "/v1/keys/reseal", "");
    kill(child, SIGKILL);
    waitpid(child, &status, 0);
    (void)unlink(socket_path);
    (void)unlink(notify_path);
    assert_int_equal(launch(), 0);
    json_decref(reseal_until("ended"));
    json_int_t last = 0;
    assert_int_equal(data_keys(&last), 1);
    expect(200, "PATCH", "/v1/subscribers/001010000000101", "{\"suspended\":true}");
}

static void a_key_file_that_cannot_be_replaced_is_said_and_serving_goes_on(void **state)
{
    (void)state;
    char path[64], before[33], after[33];
    snprintf(path, sizeof path, "%s/hss.key.next", folder);
    assert_int_equal(mkdir(path, 0700), 0);
    fingerprint(before);
    expect_problem("key-file", "POST", "/v1/keys/rotate", "");
    fingerprint(after);
    assert_string_equal(before, after);
    assert_int_equal(rmdir(path), 0);
    expect(200, "POST", "/v1/keys/rotate", "");
}

static void who_did_it_is_in_the_events_and_in_the_audit_log(void **state)
{
    (void)state;
    static const char *const names[] = {"key-rotated", "reseal-started", "reseal-ended"};
    char path[64];
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        json_t *json = NULL;
        snprintf(path, sizeof path, "/v1/events?name=%s", names[i]);
        assert_int_equal(ask("GET", path, "", &json), 200);
        assert_true(json_array_size(json_object_get(json, "events")) > 0);
        json_decref(json);
    }
    expect(200, "GET", "/v1/audit?target=keys/rotate", "");
    assert_non_null(strstr(answer, "POST /v1/keys/rotate"));
    /* that the old data keys went, too, which the HSS did itself */
    expect(200, "GET", "/v1/audit?target=keys/reseal&who=bindery-hssd", "");
    assert_non_null(strstr(answer, "\"action\":\"reseal\""));
    assert_non_null(strstr(answer, "\"outcome\":\"done\""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_fresh_store_has_one_data_key_and_no_job),
        cmocka_unit_test(a_rotation_changes_the_key_file_and_shows_no_key),
        cmocka_unit_test(what_is_sealed_is_sealed_again_while_it_serves),
        cmocka_unit_test(one_that_was_stopped_goes_on_when_it_is_begun_again),
        cmocka_unit_test(an_hss_that_is_started_again_opens_with_the_key_file_as_it_is),
        cmocka_unit_test(one_that_was_cut_short_goes_on_with_the_next_start),
        cmocka_unit_test(a_key_file_that_cannot_be_replaced_is_said_and_serving_goes_on),
        cmocka_unit_test(who_did_it_is_in_the_events_and_in_the_audit_log),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
