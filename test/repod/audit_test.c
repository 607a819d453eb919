/* nf/repod/audit.h: lines that are written by src/nf/repod/audit.c, and read from their end by
 * src/nf/repod/audit_read.c. */
#include "lib/check.h"

#include "nf/repod/audit.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

struct world {
    char folder[64], path[80];
    struct audit *audit;
};

static int setup(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    snprintf(w->folder, sizeof w->folder, "/tmp/audit-test-XXXXXX");
    assert_non_null(mkdtemp(w->folder));
    snprintf(w->path, sizeof w->path, "%s/audit.log", w->folder);
    assert_ok(audit_open(w->path, &w->audit));
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;
    audit_close(w->audit);
    unlink(w->path);
    rmdir(w->folder);
    free(w);
    return 0;
}

static void say(struct world *w, const char *client, const char *administrator, const char *imei)
{
    struct address from;
    struct imei parsed;
    assert_ok(address_parse("tls://192.0.2.7:1", &from));
    if (imei != NULL) {
        assert_ok(imei_parse(bytes_of_str(imei), &parsed));
    }
    const struct audit_entry e = {.at_s = 1767225600,
                                  .client = client,
                                  .administrator = administrator,
                                  .from_text = administrator != NULL ? "unix" : NULL,
                                  .from = administrator != NULL ? NULL : &from,
                                  .asked = "GET /v1/signer",
                                  .imei = imei != NULL ? &parsed : NULL,
                                  .outcome = "ok"};
    assert_ok(audit_write(w->audit, &e));
}

static void put(const struct world *w, const char *text, size_t times)
{
    FILE *f = fopen(w->path, "a");
    assert_non_null(f);
    while (times-- > 0) {
        fputs(text, f);
    }
    assert_int_equal(fclose(f), 0);
}

static const char *text_of(const struct audit_page *page, size_t i, const char *key)
{
    return json_string_value(json_object_get(json_array_get(page->entries, i), key));
}

/* All pages of this question: how many entries there are. */
static size_t count(const struct world *w, struct audit_wanted wanted, uint64_t *unreadable,
                    unsigned *pages)
{
    struct audit_page page;
    size_t n = 0;
    *unreadable = 0;
    *pages = 0;
    wanted.from_end = true;
    do {
        assert_ok(audit_read(w->path, &wanted, &page));
        assert_true(json_array_size(page.entries) <= wanted.limit);
        assert_true(wanted.from_end || page.next < wanted.before);
        n += json_array_size(page.entries);
        *unreadable += page.unreadable;
        json_decref(page.entries);
        wanted.before = page.next;
        wanted.from_end = false;
        ++*pages;
    } while (page.next > 0);
    return n;
}

static void the_newest_line_comes_first_and_pages_go_back_to_the_first(void **state)
{
    struct world *w = *state;
    struct audit_wanted wanted = {.from_end = true, .limit = 2};
    struct audit_page page;
    say(w, "one.example", NULL, NULL);
    say(w, NULL, "unix:root", NULL);
    say(w, "three.example", NULL, "35693803564380");
    assert_ok(audit_read(w->path, &wanted, &page));
    assert_int_equal(json_array_size(page.entries), 2);
    assert_string_equal(text_of(&page, 0, "client"), "three.example");
    assert_string_equal(text_of(&page, 0, "imei"), "35693803564380");
    assert_string_equal(text_of(&page, 0, "time"), "2026-01-01T00:00:00Z");
    assert_string_equal(text_of(&page, 0, "address"), "192.0.2.7");
    assert_null(text_of(&page, 0, "administrator"));
    assert_null(text_of(&page, 1, "client"));
    assert_string_equal(text_of(&page, 1, "administrator"), "unix:root");
    assert_string_equal(text_of(&page, 1, "address"), "unix");
    json_decref(page.entries);
    wanted = (struct audit_wanted){.before = page.next, .limit = 2};
    assert_ok(audit_read(w->path, &wanted, &page));
    assert_int_equal(json_array_size(page.entries), 1);
    assert_string_equal(text_of(&page, 0, "client"), "one.example");
    assert_int_equal(page.next, 0);
    json_decref(page.entries);
}

static void lines_are_chosen_by_who_and_by_device(void **state)
{
    struct world *w = *state;
    uint64_t unreadable = 0;
    unsigned pages = 0;
    struct imei imei;
    assert_ok(imei_parse(BYTES_LIT("35693803000001"), &imei));
    for (unsigned i = 0; i < 20; i++) {
        say(w, i % 2 == 0 ? "one.example" : NULL, i % 2 == 0 ? NULL : "ops.example",
            i % 4 == 0 ? "35693803000001" : "35693803000002");
    }
    assert_int_equal(count(w, (struct audit_wanted){.limit = 3}, &unreadable, &pages), 20);
    assert_int_equal(
        count(w, (struct audit_wanted){.limit = 3, .client = "one.example"}, &unreadable, &pages),
        10);
    assert_int_equal(
        count(w, (struct audit_wanted){.limit = 3, .client = "ops.example"}, &unreadable, &pages),
        10);
    assert_int_equal(
        count(w, (struct audit_wanted){.limit = 100, .imei = &imei}, &unreadable, &pages), 5);
    assert_int_equal(
        count(w, (struct audit_wanted){.limit = 100, .client = "no.example"}, &unreadable, &pages),
        0);
    assert_int_equal(unreadable, 0);
}

/* A limit on the file's size ends a write where a full disk would: in the middle of a line. */
static void a_line_behind_one_that_the_disk_cut_is_whole(void **state)
{
    struct world *w = *state;
    struct rlimit before, small;
    struct stat st;
    uint64_t unreadable = 0;
    unsigned pages = 0;
    const struct audit_entry cut = {
        .from_text = "unix", .asked = "GET /v1/signer", .outcome = "ok"};
    say(w, "one.example", NULL, NULL);
    assert_int_equal(stat(w->path, &st), 0);
    assert_true(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small = (struct rlimit){(rlim_t)st.st_size + 10, before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    const enum err first = audit_write(w->audit, &cut), second = audit_write(w->audit, &cut);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_err(first, E_IO);
    assert_err(second, E_IO);
    say(w, "two.example", NULL, NULL);
    say(w, "three.example", NULL, NULL);
    assert_int_equal(count(w, (struct audit_wanted){.limit = 9}, &unreadable, &pages), 3);
    assert_int_equal(unreadable, 1);
}

static void one_call_looks_at_a_part_only_and_no_line_is_left_out(void **state)
{
    struct world *w = *state;
    uint64_t unreadable = 0;
    unsigned pages = 0;
    const size_t many = 3 * AUDIT_PART / 128;
    for (size_t i = 0; i < many; i++) {
        say(w, "one.example", NULL, NULL);
    }
    const struct audit_wanted all = {.limit = SIZE_MAX}, none = {.limit = 1, .client = "nobody"};
    assert_int_equal(count(w, all, &unreadable, &pages), many);
    assert_true(pages >= 3);
    assert_int_equal(count(w, none, &unreadable, &pages), 0);
    assert_true(pages >= 3);
    assert_int_equal(unreadable, 0);
}

static void what_is_no_entry_is_counted_and_passed_over(void **state)
{
    struct world *w = *state;
    uint64_t unreadable = 0;
    unsigned pages = 0;
    say(w, "one.example", NULL, NULL);
    put(w, "nothing\n\n{\"time\":\"x\"}\n[]\n{\"time\":1,\"time\":2}\n", 1);
    say(w, "two.example", NULL, NULL);
    put(w, "{\"time\":\"2026-01", 1); /* half a line: a crash */
    assert_int_equal(count(w, (struct audit_wanted){.limit = 9}, &unreadable, &pages), 2);
    assert_int_equal(unreadable, 6);
}

static void a_line_longer_than_a_part_holds_up_nothing(void **state)
{
    struct world *w = *state;
    uint64_t unreadable = 0;
    unsigned pages = 0;
    say(w, "one.example", NULL, NULL);
    put(w, "0123456789abcdef", 2 * AUDIT_PART / 16 + 100);
    put(w, "\n", 1);
    say(w, "two.example", NULL, NULL);
    assert_int_equal(count(w, (struct audit_wanted){.limit = 9}, &unreadable, &pages), 2);
    assert_true(unreadable >= 1 && unreadable <= 4);
}

static void a_place_behind_the_end_is_refused(void **state)
{
    struct world *w = *state;
    struct audit_page page;
    const struct audit_wanted wanted = {.before = 10, .limit = 1};
    assert_err(audit_read(w->path, &wanted, &page), E_BAD_VALUE);
    assert_null(page.entries);
}

static void a_log_that_is_none_is_not_read(void **state)
{
    struct world *w = *state;
    struct audit_page page;
    char link[96], none[96];
    const struct audit_wanted wanted = {.from_end = true, .limit = 1};
    snprintf(link, sizeof link, "%s/link", w->folder);
    snprintf(none, sizeof none, "%s/none", w->folder);
    assert_int_equal(symlink(w->path, link), 0);
    assert_err(audit_read(link, &wanted, &page), E_IO);
    assert_err(audit_read(w->folder, &wanted, &page), E_IO);
    assert_err(audit_read(none, &wanted, &page), E_IO);
    assert_ok(audit_read(w->path, &wanted, &page));
    assert_int_equal(json_array_size(page.entries), 0);
    assert_int_equal(page.next, 0);
    json_decref(page.entries);
    unlink(link);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        T(the_newest_line_comes_first_and_pages_go_back_to_the_first),
        T(lines_are_chosen_by_who_and_by_device),
        T(a_line_behind_one_that_the_disk_cut_is_whole),
        T(one_call_looks_at_a_part_only_and_no_line_is_left_out),
        T(what_is_no_entry_is_counted_and_passed_over),
        T(a_line_longer_than_a_part_holds_up_nothing),
        T(a_place_behind_the_end_is_refused),
        T(a_log_that_is_none_is_not_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
