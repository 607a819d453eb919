/* Whether a file changed since it was read (src/nf/hssd/file_seen.c). */
#include "lib/check.h"

#include "nf/hssd/file_seen.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void write_file(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static void a_file_that_grew_or_was_replaced_or_came_is_another(void **state)
{
    (void)state;
    char path[] = "/tmp/bindery-seen-XXXXXX", other[] = "/tmp/bindery-seen-XXXXXX";
    int fds[] = {mkstemp(path), mkstemp(other)};
    write_file(path, "one");
    struct file_seen first = file_look(path), again = file_look(path), none = file_look(NULL);
    assert_true(file_same(&first, &again));
    write_file(path, "longer");
    again = file_look(path);
    assert_false(file_same(&first, &again));
    first = again;
    write_file(other, "LONGER");
    assert_int_equal(rename(other, path), 0);
    again = file_look(path);
    assert_false(file_same(&first, &again));
    assert_int_equal(unlink(path), 0);
    again = file_look(path);
    assert_true(file_same(&none, &again));
    assert_false(file_same(&first, &again));
    close(fds[0]);
    close(fds[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_that_grew_or_was_replaced_or_came_is_another),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
