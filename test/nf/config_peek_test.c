/* One path out of a configuration file. */
#include "lib/check.h"
#include "nf/common/config_peek.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char folder[64];

static const char *file_with(const char *text)
{
    static char path[96];
    snprintf(path, sizeof path, "%s/hssd.yaml", folder);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
    return path;
}

static enum err peek(const char *text, char out[static 128])
{
    return config_peek_path(file_with(text), "store", "path", out, 128);
}

static void a_path_is_taken_from_the_folder_of_the_file_or_as_it_is(void **state)
{
    char out[128], want[128];
    (void)state;
    snprintf(want, sizeof want, "%s/hss.db", folder);
    assert_ok(peek("plmns: [\"001-01\"]\nstore: {path: hss.db, key_file: k}\n", out));
    assert_string_equal(out, want);
    assert_ok(peek("store:\n  key_file: k\n  path: /var/lib/hss.db\n", out));
    assert_string_equal(out, "/var/lib/hss.db");
    assert_err(config_peek_path(file_with("store: {path: hss.db}"), "store", "path", out, 8),
               E_NO_ROOM);
}

static void a_path_at_the_top_is_found_without_a_section(void **state)
{
    char out[128];
    (void)state;
    assert_ok(config_peek_path(file_with("host: a\nstore: /var/arpf.db"), NULL, "store", out,
                               sizeof out));
    assert_string_equal(out, "/var/arpf.db");
    assert_err(config_peek_path(file_with("store: {path: hss.db}"), NULL, "store", out, sizeof out),
               E_NOT_FOUND);
    assert_err(config_peek_path(file_with("store: arpf.db"), "store", "path", out, sizeof out),
               E_NOT_FOUND);
}

static void what_is_not_there_or_is_no_text_is_said(void **state)
{
    char out[128];
    (void)state;
    assert_err(peek("", out), E_NOT_FOUND);
    assert_err(peek("path: hss.db\n", out), E_NOT_FOUND);
    assert_err(peek("store: hss.db\n", out), E_NOT_FOUND);
    assert_err(peek("store: {path: [a]}\n", out), E_NOT_FOUND);
    assert_err(peek("store: {path: ''}\n", out), E_NOT_FOUND);
    assert_err(peek("store: {path: \"hss.db\n", out), E_BAD_VALUE);
    assert_err(config_peek_path("/nonexistent/hssd.yaml", "store", "path", out, sizeof out), E_IO);
}

static int make(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/bindery-peek-XXXXXX");
    return mkdtemp(folder) == NULL ? -1 : 0;
}

static int drop(void **state)
{
    char path[96];
    (void)state;
    snprintf(path, sizeof path, "%s/hssd.yaml", folder);
    unlink(path);
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_path_is_taken_from_the_folder_of_the_file_or_as_it_is),
        cmocka_unit_test(a_path_at_the_top_is_found_without_a_section),
        cmocka_unit_test(what_is_not_there_or_is_no_text_is_said),
    };
    return cmocka_run_group_tests(tests, make, drop);
}
