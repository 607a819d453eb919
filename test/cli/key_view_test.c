#include "cli/key_view.h"

#include "lib/check.h"
#include <string.h>

static json_t *keys_with(const char *state, int values, int looked, int failed)
{
    json_t *o = json_pack("{s:{s:s,s:i},s:[{s:i,s:i,s:b}],s:{s:s,s:i,s:i,s:i,s:i}}", "kek",
                          "fingerprint", "00ff", "since", 1700000000, "data_keys", "id", 2,
                          "created", 1700000000, "seals", 1, "reseal", "state", state, "values",
                          values, "looked", looked, "resealed", looked - failed, "failed", failed);
    assert_non_null(o);
    return o;
}

static void how_far_a_job_is_is_between_0_and_99_until_it_has_ended(void **state)
{
    (void)state;
    static const struct {
        const char *state;
        int values, looked, percent;
    } rows[] = {
        {"running", 200, 0, 0},    {"running", 200, 50, 25}, {"running", 200, 199, 99},
        {"running", 200, 300, 99}, {"running", 0, 0, 99},    {"stopped", 200, 20, 10},
        {"checking", 200, 9, 100}, {"ended", 200, 200, 100}, {"never", 0, 0, 100},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        json_t *o = keys_with(rows[i].state, rows[i].values, rows[i].looked, 0);
        assert_int_equal(key_view_percent(o), rows[i].percent);
        json_decref(o);
    }
}

static void a_job_is_under_way_while_it_runs_and_while_it_checks(void **state)
{
    (void)state;
    static const char *const names[] = {"running", "checking", "stopped",
                                        "never",   "ended",    "failed"};
    for (size_t i = 0; i < 6; i++) {
        json_t *o = keys_with(names[i], 1, 1, 0);
        assert_int_equal(key_view_is_under_way(o), i < 2);
        assert_int_equal(key_view_has_failed(o), i == 5);
        json_decref(o);
    }
    json_t *nothing = json_object();
    assert_false(key_view_is_under_way(nothing) || key_view_has_failed(nothing));
    json_decref(nothing);
}

static void its_words_say_how_it_stands(void **state)
{
    (void)state;
    char text[160];
    json_t *o = keys_with("running", 200, 50, 0);
    key_view_words(o, text, sizeof text);
    assert_string_equal(text, "running, 25 % of 200 values looked at");
    json_decref(o);
    o = keys_with("failed", 200, 200, 3);
    key_view_words(o, text, sizeof text);
    assert_string_equal(text, "failed, 197 values sealed again, 3 do not open");
    json_decref(o);
    o = keys_with("never", 0, 0, 0);
    key_view_words(o, text, sizeof text);
    assert_string_equal(text, "never sealed again");
    json_decref(o);
}

static void after_a_rotation_it_says_what_older_backups_need(void **state)
{
    (void)state;
    char text[400];
    json_t *o = keys_with("never", 0, 0, 0);
    key_view_former(o, text, sizeof text);
    assert_string_equal(text, "");
    assert_int_equal(json_object_set_new(o, "former",
                                         json_pack("{s:s,s:s}", "fingerprint", "ab12", "file",
                                                   "/etc/bindery/hss.kek.ab12")),
                     0);
    key_view_former(o, text, sizeof text);
    assert_non_null(strstr(text, "open only with the key file of fingerprint ab12, which is kept "
                                 "as /etc/bindery/hss.kek.ab12: make a backup now"));
    assert_int_equal(json_object_set_new(json_object_get(o, "former"), "file", json_null()), 0);
    key_view_former(o, text, sizeof text);
    assert_non_null(strstr(text, "not there any more"));
    json_decref(o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(how_far_a_job_is_is_between_0_and_99_until_it_has_ended),
        cmocka_unit_test(a_job_is_under_way_while_it_runs_and_while_it_checks),
        cmocka_unit_test(its_words_say_how_it_stands),
        cmocka_unit_test(after_a_rotation_it_says_what_older_backups_need),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
