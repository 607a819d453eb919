/* src/nf/common/admin_told.c: who changed something, as a line of the log. */
#include "lib/check.h"

#include "nf/common/admin_told.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct admin_path change = {"POST", "/v1/ues/{imsi}/detach", "", ADMIN_PROVISIONER},
                               look = {"GET", "/v1/ues", "", ADMIN_READER};
static char line[4096];

/* What the log has of it; "" : nothing. */
static const char *said(const struct admin_call *c, const struct imsi *imsi, const char *did)
{
    FILE *f = tmpfile();
    struct log *log = NULL;
    assert_non_null(f);
    const struct log_options options = {
        .program = "bindery-mmed", .fd = fileno(f), .level = LOG_LEVEL_INFO, .mask_imsi = true};
    assert_ok(log_open(&options, &log));
    admin_tell(log, c, imsi, did);
    log_close(log);
    ssize_t n = pread(fileno(f), line, sizeof line - 1, 0);
    assert_true(n >= 0);
    line[n] = '\0';
    (void)fclose(f);
    return line;
}

static struct admin_call call_of(const struct admin_path *at, unsigned status, enum problem problem)
{
    struct admin_call c = {.at = at,
                           .phase = ADMIN_ANSWERED,
                           .status = status,
                           .is_problem = problem != PROBLEM_NONE,
                           .problem = problem};
    snprintf(c.who.name, sizeof c.who.name, "ops.example");
    snprintf(c.who.from, sizeof c.who.from, "192.0.2.7");
    return c;
}

/*= test op-audit */
static void a_change_is_told_with_who_from_where_what_and_what_it_came_to(void **state)
{
    (void)state;
    struct imsi imsi;
    assert_ok(imsi_parse(BYTES_LIT("001010000000003"), &imsi));
    const struct admin_call c = call_of(&change, 202, PROBLEM_NONE);
    const char *text = said(&c, &imsi, "1 detached");
    assert_non_null(strstr(text, "\"event\":\"admin-change\""));
    assert_non_null(strstr(text, "\"level\":\"info\""));
    assert_non_null(strstr(text, "\"who\":\"ops.example\""));
    assert_non_null(strstr(text, "\"from\":\"192.0.2.7\""));
    assert_non_null(strstr(text, "\"action\":\"POST /v1/ues/{imsi}/detach\""));
    assert_non_null(strstr(text, "\"imsi\":\"00101*******003\""));
    assert_non_null(strstr(text, "\"did\":\"1 detached\""));
    assert_null(strstr(text, "cause"));
    assert_null(admin_told_cause(&c));
}

static void one_that_he_had_no_right_to_is_told_with_its_cause(void **state)
{
    (void)state;
    static const enum problem told[] = {PROBLEM_NOT_ALLOWED, PROBLEM_OUT_OF_SCOPE,
                                        PROBLEM_CONFIGURATION};
    for (size_t i = 0; i < sizeof told / sizeof *told; i++) {
        const struct admin_call c = call_of(&change, 403, told[i]);
        const char *text = said(&c, NULL, NULL);
        assert_non_null(strstr(text, "\"level\":\"warning\""));
        assert_non_null(strstr(text, problem_name(told[i])));
        assert_string_equal(admin_told_cause(&c), problem_name(told[i]));
    }
}

static void what_changed_nothing_is_not_told(void **state)
{
    (void)state;
    const struct admin_call read = call_of(&look, 200, PROBLEM_NONE),
                            missing = call_of(&change, 404, PROBLEM_NO_UE),
                            wrong = call_of(&change, 422, PROBLEM_BAD_MEMBER),
                            nowhere = call_of(NULL, 404, PROBLEM_NO_SUCH_PATH);
    struct admin_call waits = call_of(&change, 0, PROBLEM_NONE);
    waits.phase = ADMIN_WAITING;
    assert_string_equal(said(&read, NULL, NULL), "");
    assert_string_equal(said(&missing, NULL, NULL), "");
    assert_string_equal(said(&wrong, NULL, NULL), "");
    assert_string_equal(said(&nowhere, NULL, NULL), "");
    assert_string_equal(said(&waits, NULL, NULL), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_change_is_told_with_who_from_where_what_and_what_it_came_to),
        cmocka_unit_test(one_that_he_had_no_right_to_is_told_with_its_cause),
        cmocka_unit_test(what_changed_nothing_is_not_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
