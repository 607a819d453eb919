#include "cli/waiting.h"

#include "cli/said.h"
#include <fcntl.h>

static void count(void *ctx)
{
    int *n = ctx;
    ++*n;
}

static void work_is_done_once_and_nothing_is_said_without_a_terminal(void **state)
{
    struct said s;
    int n = 0;
    (void)state;
    said_begin(&s);
    waiting_for("working", count, &n);
    said_end(&s);
    assert_int_equal(n, 1);
    assert_string_equal(s.text, "");
}

static void a_terminal_sees_it_and_it_goes_again(void **state)
{
    char text[512] = "";
    int n = 0, main_end = posix_openpt(O_RDWR | O_NOCTTY), kept = dup(STDERR_FILENO);
    (void)state;
    assert_true(main_end >= 0 && grantpt(main_end) == 0 && unlockpt(main_end) == 0);
    int terminal = open(ptsname(main_end), O_RDWR | O_NOCTTY);
    assert_true(terminal >= 0);
    (void)fflush(stderr);
    assert_int_equal(dup2(terminal, STDERR_FILENO), STDERR_FILENO);
    waiting_for("working", count, &n);
    (void)fflush(stderr);
    (void)dup2(kept, STDERR_FILENO);
    assert_true(read(main_end, text, sizeof text - 1) > 0);
    (void)close(terminal);
    (void)close(main_end);
    (void)close(kept);
    assert_int_equal(n, 1);
    assert_non_null(strstr(text, "\r\033[K")); /* the line is clear at the end */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(work_is_done_once_and_nothing_is_said_without_a_terminal),
        cmocka_unit_test(a_terminal_sees_it_and_it_goes_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
