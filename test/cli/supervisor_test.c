/* The daemon is this program itself, called with a word that says how it behaves. */
#include "cli/said.h"
#include "cli/supervisor.h"
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

static char dir[64];
static struct said said;

static int setup(void **state)
{
    (void)state;
    folder_make(dir);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    folder_remove(dir);
    return 0;
}

/* ---- the daemon ---- */

static void say_ready(void)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    const char *path = getenv("NOTIFY_SOCKET");
    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    snprintf(a.sun_path, sizeof a.sun_path, "%s", path ? path : "");
    (void)!sendto(fd, "READY=1", 7, 0, (struct sockaddr *)&a, sizeof a);
    close(fd);
}

static int daemon_main(const char *how)
{
    if (!strcmp(how, "serves")) {
        say_ready();
        pause();
    }
    if (!strcmp(how, "is-spoken-for")) {
        pid_t other = fork();
        if (other == 0) {
            say_ready();
            _exit(0);
        }
        (void)waitpid(other, NULL, 0);
        return 9;
    }
    if (strncmp(how, "dies", 4) == 0 && access("begun", F_OK) != 0) {
        FILE *f = fopen("begun", "w");
        fclose(f);
        fputs("first run\n", stderr);
        say_ready();
        pause(); /* until the test kills us */
    }
    if (!strcmp(how, "dies-once")) {
        say_ready();
        kill(getppid(), SIGTERM); /* the supervisor may stop now */
        pause();
    }
    fprintf(stderr, "it is all wrong\n");
    return 9;
}

/* ---- the tests ---- */

static void begin(struct supervisor *s, const char *how)
{
    assert_true(supervisor_open(s, dir));
    s->daemon[s->n++] = (struct supervised){
        .name = "fake", .program = "cli_supervisor_test", .args = {"daemon", how}};
}

static void it_serves_and_is_stopped(void **state)
{
    struct supervisor s;
    (void)state;
    begin(&s, "serves");
    assert_true(supervisor_start(&s));
    assert_true(s.daemon[0].ready);
    pid_t pid = s.daemon[0].pid;
    assert_int_equal(raise(SIGTERM), 0); /* blocked: it waits in the descriptor */
    assert_int_equal(supervisor_run(&s), CLI_DONE);
    assert_int_equal(kill(pid, 0), -1);
    supervisor_close(&s);
}

static void one_that_dies_at_the_start_is_told_with_its_words(void **state)
{
    struct supervisor s;
    (void)state;
    begin(&s, "fails");
    said_begin(&said);
    assert_false(supervisor_start(&s));
    said_end(&said);
    said_holds(&said, "ended with status 9; its last lines:");
    said_holds(&said, "it is all wrong");
    supervisor_close(&s);
}

static void another_process_cannot_say_that_one_is_ready(void **state)
{
    struct supervisor s;
    (void)state;
    begin(&s, "is-spoken-for");
    said_begin(&said);
    assert_false(supervisor_start(&s));
    said_end(&said);
    assert_false(s.daemon[0].ready);
    said_holds(&said, "ended with status 9");
    supervisor_close(&s);
}

/* The file `pids`; empty: there is none. */
static void read_pids(char text[static 256])
{
    char path[160];
    snprintf(path, sizeof path, "%s/pids", dir);
    FILE *f = fopen(path, "r");
    text[f ? fread(text, 1, 255, f) : 0] = '\0';
    if (f) {
        fclose(f);
    }
}

static void who_runs_stands_in_a_file(void **state)
{
    struct supervisor s;
    char text[256], wanted[256];
    (void)state;
    begin(&s, "serves");
    s.daemon[s.n++] = (struct supervised){
        .name = "second", .program = "cli_supervisor_test", .args = {"daemon", "serves"}};
    assert_true(supervisor_start(&s));
    read_pids(text);
    snprintf(wanted, sizeof wanted, "fake %d 0\nsecond %d 0\n", (int)s.daemon[0].pid,
             (int)s.daemon[1].pid);
    assert_string_equal(text, wanted);
    assert_int_equal(raise(SIGTERM), 0);
    assert_int_equal(supervisor_run(&s), CLI_DONE);
    supervisor_close(&s);
    read_pids(text);
    assert_string_equal(text, "");
}

static void two_are_started_in_order_and_stopped(void **state)
{
    struct supervisor s;
    (void)state;
    begin(&s, "serves");
    s.daemon[s.n++] = (struct supervised){
        .name = "second", .program = "cli_supervisor_test", .args = {"daemon", "serves"}};
    assert_true(supervisor_start(&s));
    assert_true(s.daemon[0].ready && s.daemon[1].ready);
    assert_int_equal(raise(SIGTERM), 0);
    assert_int_equal(supervisor_run(&s), CLI_DONE);
    assert_int_equal(s.daemon[0].pid | s.daemon[1].pid, 0);
    supervisor_close(&s);
}

static void one_that_dies_is_started_again_and_awaited(void **state)
{
    struct supervisor s;
    (void)state;
    begin(&s, "dies-once");
    assert_true(supervisor_start(&s));
    assert_int_equal(kill(s.daemon[0].pid, SIGKILL), 0);
    said_begin(&said);
    int rc = supervisor_run(&s);
    said_end(&said);
    assert_int_equal(rc, CLI_DONE);
    assert_int_equal(s.daemon[0].restarts, 1);
    said_holds(&said, "was killed by signal 9 (Killed); its last lines:\nfirst run\n");
    said_holds(&said, "is started again (1 of 3)");
    said_holds(&said, "serves again");
    supervisor_close(&s);
}

static void one_that_always_dies_is_given_up(void **state)
{
    struct supervisor s;
    char path[160], text[4096];
    (void)state;
    begin(&s, "dies-always");
    assert_true(supervisor_start(&s));
    assert_int_equal(kill(s.daemon[0].pid, SIGKILL), 0);
    said_begin(&said);
    assert_int_equal(supervisor_run(&s), CLI_REFUSED);
    said_end(&said);
    said_holds(&said, "(3 of 3)");
    said_holds(&said, "died 4 times; giving up");
    supervisor_close(&s);
    snprintf(path, sizeof path, "%s/log/fake.log", dir);
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    text[fread(text, 1, sizeof text - 1, f)] = '\0';
    fclose(f);
    assert_non_null(strstr(text, "\"event\":\"daemon-died\""));
    assert_non_null(strstr(text, "\"event\":\"given-up\""));
}

static void a_program_that_is_not_there(void **state)
{
    struct supervisor s;
    (void)state;
    begin(&s, "x");
    s.daemon[0].program = "bindery-nowhere";
    said_begin(&said);
    assert_false(supervisor_start(&s));
    said_end(&said);
    said_holds(&said, "bindery-nowhere: No such file or directory");
    supervisor_close(&s);
}

int main(int argc, char **argv)
{
    if (argc == 3 && !strcmp(argv[1], "daemon")) {
        return daemon_main(argv[2]);
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(it_serves_and_is_stopped, setup, teardown),
        cmocka_unit_test_setup_teardown(one_that_dies_at_the_start_is_told_with_its_words, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(another_process_cannot_say_that_one_is_ready, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(who_runs_stands_in_a_file, setup, teardown),
        cmocka_unit_test_setup_teardown(two_are_started_in_order_and_stopped, setup, teardown),
        cmocka_unit_test_setup_teardown(one_that_dies_is_started_again_and_awaited, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(one_that_always_dies_is_given_up, setup, teardown),
        cmocka_unit_test_setup_teardown(a_program_that_is_not_there, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
