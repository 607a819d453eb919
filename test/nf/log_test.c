/* Log lines: always JSON, IMSIs masked where asked, floods thinned out. */
#include "lib/check.h"

#include "nf/common/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct clocks {
    int64_t wall;
    uint64_t monotonic;
};

static int64_t wall(void *ctx)
{
    return ((struct clocks *)ctx)->wall;
}

static uint64_t monotonic(void *ctx)
{
    return ((struct clocks *)ctx)->monotonic;
}

static struct log *log_of(struct clocks *clocks, int fd, bool mask)
{
    struct log *log = NULL;
    const struct log_options options = {.program = "test",
                                        .fd = fd,
                                        .level = LOG_LEVEL_INFO,
                                        .mask_imsi = mask,
                                        .wall_ms = wall,
                                        .monotonic_ms = monotonic,
                                        .ctx = clocks};
    assert_ok(log_open(&options, &log));
    return log;
}

static json_t *line_of(const struct log *log, const struct log_field *fields, size_t n)
{
    uint8_t line[LOG_LINE_MAX];
    size_t len = log_format(log, LOG_LEVEL_INFO, "event", fields, n, 0, MBYTES_OF(line));
    assert_true(len > 2 && line[len - 1] == '\n');
    assert_null(memchr(line, '\n', len - 1));
    json_error_t why;
    json_t *json = json_loadb((const char *)line, len, JSON_REJECT_DUPLICATES, &why);
    if (json == NULL) {
        fail_msg("not JSON: %s: %.*s", why.text, (int)len, (const char *)line);
    }
    return json;
}

static void a_line_is_exactly_this(void **state)
{
    (void)state;
    struct clocks clocks = {.wall = 1767225600123};
    struct log *log = log_of(&clocks, -1, false);
    uint8_t line[LOG_LINE_MAX];
    struct imei imei = {"35693803564380"};
    const struct log_field fields[] = {LOG_FIELD_STR("peer", "mme"),  LOG_FIELD_INT("i", -5),
                                       LOG_FIELD_UINT("u", 7),        LOG_FIELD_BOOL("b", true),
                                       LOG_FIELD_STR("absent", NULL), LOG_FIELD_IMSI(NULL),
                                       LOG_FIELD_IMEI(&imei)};
    size_t n = log_format(log, LOG_LEVEL_WARNING, "event", fields, 7, 3, MBYTES_OF(line));
    line[n] = '\0';
    assert_string_equal((char *)line,
                        "{\"time\":\"2026-01-01T00:00:00.123Z\",\"level\":\"warning\",\"program\":"
                        "\"test\",\"event\":\"event\",\"suppressed\":3,\"peer\":\"mme\",\"i\":-5,"
                        "\"u\":7,\"b\":true,\"imei\":\"35693803564380\"}\n");
    log_close(log);
}

static void whatever_octets_come_the_line_is_json(void **state)
{
    (void)state;
    static const char *const hard[] = {"\"",
                                       "\\",
                                       "\n\r\t\x01\x1f\x7f",
                                       "\xff\xfe",
                                       "\xc0\xaf",
                                       "\xed\xa0\x80",
                                       "\xf5\x80\x80\x80",
                                       "\xe2\x82",
                                       "gr\xc3\xbc\xc3\x9f e",
                                       "\xf0\x9f\x98\x80",
                                       "\xc3",
                                       "\xf0\x9f"};
    struct clocks clocks = {0};
    struct log *log = log_of(&clocks, -1, false);
    for (size_t i = 0; i < sizeof hard / sizeof hard[0]; i++) {
        struct bytes b = bytes_of_str(hard[i]);
        uint8_t *copy = exact_copy(b);
        const struct log_field field = LOG_FIELD_BYTES("x", ((struct bytes){copy, b.n}));
        json_t *json = line_of(log, &field, 1);
        assert_non_null(json_string_value(json_object_get(json, "x")));
        json_decref(json);
        free(copy);
    }
    uint64_t seed = 1;
    for (unsigned i = 0; i < 2000; i++) {
        uint8_t octets[24];
        for (size_t j = 0; j < sizeof octets; j++) {
            octets[j] = (uint8_t)test_rand(&seed);
            octets[j] = octets[j] == 0 ? 1 : octets[j]; /* jansson refuses NUL in strings */
        }
        const struct log_field field = LOG_FIELD_BYTES("x", BYTES_OF(octets));
        json_decref(line_of(log, &field, 1));
    }
    log_close(log);
}

static void utf8_stays_and_quotes_are_escaped(void **state)
{
    (void)state;
    struct clocks clocks = {0};
    struct log *log = log_of(&clocks, -1, false);
    const struct log_field field = LOG_FIELD_STR("x", "gr\xc3\xbc\xc3\x9f \"a\\b\"\n");
    json_t *json = line_of(log, &field, 1);
    assert_string_equal(json_string_value(json_object_get(json, "x")),
                        "gr\xc3\xbc\xc3\x9f \"a\\b\"\n");
    json_decref(json);
    log_close(log);
}

static void an_imsi_is_masked_when_configured(void **state)
{
    (void)state;
    struct clocks clocks = {0};
    struct imsi imsi;
    assert_ok(imsi_parse(BYTES_LIT("001012345678901"), &imsi));
    for (int mask = 0; mask < 2; mask++) {
        struct log *log = log_of(&clocks, -1, mask == 1);
        const struct log_field field = LOG_FIELD_IMSI(&imsi);
        json_t *json = line_of(log, &field, 1);
        const char *text = json_string_value(json_object_get(json, "imsi"));
        assert_int_equal(strcmp(text, "001012345678901") != 0, mask);
        assert_string_equal(text + 12, "901");
        assert_int_equal(strstr(text, "234567") == NULL, mask);
        json_decref(json);
        log_close(log);
    }
}

static void a_line_too_long_loses_fields_and_says_so(void **state)
{
    (void)state;
    char text[LOG_LINE_MAX];
    struct clocks clocks = {0};
    struct log *log = log_of(&clocks, -1, false);
    memset(text, '"', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    const struct log_field fields[] = {LOG_FIELD_STR("long", text), LOG_FIELD_INT("short", 1)};
    json_t *json = line_of(log, fields, 2);
    assert_null(json_object_get(json, "long"));
    assert_int_equal(json_integer_value(json_object_get(json, "short")), 1);
    assert_true(json_is_true(json_object_get(json, "truncated")));
    json_decref(json);
    /* at every size there is a whole line or none */
    for (size_t size = 0; size < 300; size++) {
        uint8_t *line = malloc(size > 0 ? size : 1);
        size_t n =
            log_format(log, LOG_LEVEL_INFO, "event", &fields[1], 1, 0, (struct mbytes){line, size});
        assert_true(n == 0 || (line[n - 1] == '\n' && line[n - 2] == '}'));
        free(line);
    }
    log_close(log);
}

static size_t read_lines(int fd, char *out, size_t room)
{
    ssize_t n = read(fd, out, room - 1);
    size_t lines = 0;
    out[n > 0 ? n : 0] = '\0';
    for (const char *p = out; (p = strchr(p, '\n')) != NULL; p++) {
        lines++;
    }
    return lines;
}

static void a_flood_is_thinned_out_and_counted(void **state)
{
    (void)state;
    char text[16384];
    int fd[2];
    struct clocks clocks = {.monotonic = 5000};
    assert_int_equal(pipe(fd), 0);
    struct log *log = log_of(&clocks, fd[1], false);
    for (unsigned i = 0; i < 1000; i++) {
        log_limited(log, LOG_LEVEL_INFO, "flood", NULL, 0);
    }
    log_limited(log, LOG_LEVEL_INFO, "other", NULL, 0);
    assert_int_equal(read_lines(fd[0], text, sizeof text), LOG_BURST + 1);
    assert_null(strstr(text, "suppressed"));
    clocks.monotonic += 999;
    log_limited(log, LOG_LEVEL_INFO, "flood", NULL, 0);
    clocks.monotonic += 1;
    log_limited(log, LOG_LEVEL_INFO, "flood", NULL, 0);
    log_limited(log, LOG_LEVEL_INFO, "flood", NULL, 0);
    assert_int_equal(read_lines(fd[0], text, sizeof text), 1);
    assert_non_null(strstr(text, "\"suppressed\":981"));
    clocks.monotonic = 0; /* a clock that goes back gives nothing and breaks nothing */
    log_limited(log, LOG_LEVEL_INFO, "flood", NULL, 0);
    clocks.monotonic = 1000000;
    for (unsigned i = 0; i < 100; i++) {
        log_limited(log, LOG_LEVEL_INFO, "flood", NULL, 0);
    }
    assert_int_equal(read_lines(fd[0], text, sizeof text), LOG_BURST);
    log_close(log);
    close(fd[0]);
    close(fd[1]);
}

static void below_the_level_nothing_is_written(void **state)
{
    (void)state;
    char text[512];
    int fd[2];
    struct clocks clocks = {0};
    assert_int_equal(pipe(fd), 0);
    struct log *log = log_of(&clocks, fd[1], false);
    log_line(log, LOG_LEVEL_DEBUG, "quiet", NULL, 0);
    log_line(NULL, LOG_LEVEL_ERROR, "nowhere", NULL, 0);
    log_line(log, LOG_LEVEL_ERROR, "loud", NULL, 0);
    assert_int_equal(read_lines(fd[0], text, sizeof text), 1);
    assert_non_null(strstr(text, "loud"));
    log_close(log);
    close(fd[0]);
    close(fd[1]);
}

/* One line of each level, with `stream` as JOURNAL_STREAM. */
static void lines_for(const char *stream, int fd[2], char *text, size_t n)
{
    struct clocks clocks = {0};
    assert_int_equal(setenv("JOURNAL_STREAM", stream, 1), 0);
    struct log *log = log_of(&clocks, fd[1], false);
    assert_int_equal(unsetenv("JOURNAL_STREAM"), 0);
    log_line(log, LOG_LEVEL_INFO, "a", NULL, 0);
    log_line(log, LOG_LEVEL_WARNING, "b", NULL, 0);
    log_line(log, LOG_LEVEL_ERROR, "c", NULL, 0);
    assert_int_equal(read_lines(fd[0], text, n), 3);
    log_close(log);
}

static void the_journal_is_told_the_priority_and_nobody_else(void **state)
{
    int fd[2];
    char text[4096], stream[64];
    struct stat st;
    (void)state;
    assert_int_equal(pipe(fd), 0);
    assert_int_equal(fstat(fd[1], &st), 0);
    snprintf(stream, sizeof stream, "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
    lines_for(stream, fd, text, sizeof text);
    assert_int_equal(strncmp(text, "<6>{", 4), 0);
    assert_non_null(strstr(text, "}\n<4>{"));
    assert_non_null(strstr(text, "}\n<3>{"));
    snprintf(stream, sizeof stream, "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino + 1);
    lines_for(stream, fd, text, sizeof text);
    assert_int_equal(text[0], '{');
    assert_null(strchr(text, '<'));
    close(fd[0]);
    close(fd[1]);
}

static void levels_have_names(void **state)
{
    (void)state;
    enum log_level level;
    assert_ok(log_level_parse(BYTES_LIT("warning"), &level));
    assert_string_equal(log_level_name(level), "warning");
    assert_err(log_level_parse(BYTES_LIT("warn"), &level), E_BAD_VALUE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_is_exactly_this),
        cmocka_unit_test(whatever_octets_come_the_line_is_json),
        cmocka_unit_test(utf8_stays_and_quotes_are_escaped),
        cmocka_unit_test(an_imsi_is_masked_when_configured),
        cmocka_unit_test(a_line_too_long_loses_fields_and_says_so),
        cmocka_unit_test(a_flood_is_thinned_out_and_counted),
        cmocka_unit_test(below_the_level_nothing_is_written),
        cmocka_unit_test(the_journal_is_told_the_priority_and_nobody_else),
        cmocka_unit_test(levels_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
