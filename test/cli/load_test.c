/* The verb as a whole: exit statuses, and files that are written. */
#include "cli/cli.h"
#include "cli/load.h"
#include "lib/check.h"
#include "net/socket.h"
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int verb(const char *line)
{
    char text[512], name[] = "bindery load", *argv[40] = {name};
    int argc = 1;
    snprintf(text, sizeof text, "%s", line);
    for (char *word = strtok(text, " "); word; word = strtok(NULL, " ")) {
        argv[argc++] = word;
    }
    return cli_load(argc, argv);
}

static void usage(void **state)
{
    (void)state;
    assert_int_equal(verb(""), CLI_USAGE);
    assert_int_equal(verb("tcp://192.0.2.1 --imsi-from 001010000000001"), CLI_USAGE);
    assert_int_equal(verb("--imsi-from 001010000000001 --mix resync"), CLI_USAGE);
}

/* A port that was free a moment ago: nobody is there. */
static void unreachable(void **state)
{
    struct address at;
    char line[200];
    int fd;
    (void)state;
    assert_ok(address_parse("tcp://127.0.0.1:0", &at));
    assert_ok(socket_listen(&at, 1, &fd));
    at = socket_local(fd, TRANSPORT_TCP);
    close(fd);
    snprintf(line, sizeof line, "%s --imsi-from 001010000000001", address_print(&at).s);
    assert_int_equal(verb(line), CLI_UNREACHABLE);
}

static void no_place_for_the_result(void **state)
{
    (void)state;
    assert_int_equal(verb("--imsi-from 001010000000001 --json /nowhere/x.json"), CLI_REFUSED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(usage),
        cmocka_unit_test(unreachable),
        cmocka_unit_test(no_place_for_the_result),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
