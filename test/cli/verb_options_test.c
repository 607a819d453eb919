#include "cli/said.h"
#include "cli/verb_options.h"
#include <sys/wait.h>

enum { OPT_NAME = 0x100, OPT_FORCE, OPT_ELSEWHERE };
struct options {
    struct verb_said said;
    const char *name;
    bool force;
};
static const struct verb_slot slots[] = {
    {offsetof(struct options, name), OPT_NAME, false},
    {offsetof(struct options, force), OPT_FORCE, true},
    {0},
};
static const struct argp_option list[] = {
    {"name", OPT_NAME, "NAME", 0, "a text", 0},
    {"force", OPT_FORCE, NULL, 0, "a switch", 0},
    {"elsewhere", OPT_ELSEWHERE, NULL, 0, "one that no slot has", 0},
    {0},
};
static const struct argp argp = {list, verb_take, "WORD", "A verb.", verb_children, NULL, NULL};

static bool parse(struct options *o, unsigned words, int argc, const char *const *argv)
{
    char *copy[8] = {NULL};
    assert_true(argc < 8);
    for (int i = 0; i < argc; i++) {
        copy[i] = (char *)(uintptr_t)argv[i];
    }
    *o = (struct options){.said = VERB_SAID(slots, words)};
    return verb_parse(&argp, argc, copy, &o->said);
}

static void what_is_said_is_kept(void **state)
{
    static const char *const argv[] = {"verb", "one", "--name", "x", "two", "--force", "--json"};
    struct options o;
    (void)state;
    assert_true(parse(&o, 2, 7, argv));
    assert_string_equal(o.name, "x");
    assert_true(o.force);
    assert_true(o.said.common.json);
    assert_int_equal(o.said.n_words, 2);
    assert_string_equal(o.said.words[0], "one");
    assert_string_equal(o.said.words[1], "two");
}

static void what_is_not_said_is_nothing(void **state)
{
    static const char *const argv[] = {"verb"};
    struct options o;
    (void)state;
    assert_true(parse(&o, 1, 1, argv));
    assert_null(o.name);
    assert_false(o.force);
    assert_int_equal(o.said.n_words, 0);
    assert_null(o.said.words[0]);
}

/* argp ends the process that is told something wrong. */
static int ends(unsigned words, int argc, const char *const *argv, struct said *said)
{
    int status = 0;
    said_begin(said);
    const pid_t child = fork();
    if (child == 0) {
        struct options o;
        _exit(parse(&o, words, argc, argv) ? 0 : 99);
    }
    const pid_t waited = waitpid(child, &status, 0);
    said_end(said);
    assert_true(child > 0 && waited == child && WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void a_word_too_many_is_named(void **state)
{
    static const char *const argv[] = {"verb", "one", "other"};
    struct said said;
    (void)state;
    assert_int_equal(ends(2, 3, argv, &said), 0);
    assert_int_not_equal(ends(1, 3, argv, &said), 0);
    said_holds(&said, "too many arguments: 'other'");
    assert_int_not_equal(ends(0, 2, argv, &said), 0);
    said_holds(&said, "too many arguments: 'one'");
}

static void an_option_without_a_slot_is_refused(void **state)
{
    static const char *const argv[] = {"verb", "--elsewhere"};
    struct said said;
    (void)state;
    assert_int_not_equal(ends(1, 2, argv, &said), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_said_is_kept),
        cmocka_unit_test(what_is_not_said_is_nothing),
        cmocka_unit_test(a_word_too_many_is_named),
        cmocka_unit_test(an_option_without_a_slot_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
