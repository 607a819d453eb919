/* Also of src/cli/home_first.c and src/cli/pki.c. What `up` does with it: test/live/cli.sh. */
#include "cli/home.h"
#include "cli/pki.h"
#include "cli/said.h"
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

static int mode_of(const char *name)
{
    char path[160];
    struct stat st;
    snprintf(path, sizeof path, "%s/%s", dir, name);
    return stat(path, &st) == 0 ? (int)(st.st_mode & 0777) : -1;
}

static void the_lock_names_its_holder(void **state)
{
    int ends[2], done;
    char octet;
    pid_t holder;
    (void)state;
    assert_int_equal(home_holder(dir), 0);
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        int lock = home_lock(dir, &holder);
        (void)!write(ends[1], lock >= 0 ? "y" : "n", 1);
        pause();
        _exit(0);
    }
    assert_int_equal(read(ends[0], &octet, 1), 1);
    assert_int_equal(octet, 'y');
    assert_int_equal(home_lock(dir, &holder), -1);
    assert_int_equal(holder, child);
    assert_int_equal(home_holder(dir), child);
    kill(child, SIGKILL);
    assert_int_equal(waitpid(child, &done, 0), child);
    assert_int_equal(home_holder(dir), 0); /* a killed holder leaves a file and no lock */
    int lock = home_lock(dir, &holder);
    assert_true(lock >= 0);
    close(lock);
}

static void a_file_is_never_replaced(void **state)
{
    (void)state;
    assert_true(home_write(dir, "one", "abc", 3));
    said_begin(&said);
    assert_false(home_write(dir, "one", "xyz", 3));
    assert_false(home_write(dir, "no/such", "xyz", 3));
    said_end(&said);
    said_holds(&said, "/one: File exists");
    assert_int_equal(mode_of("one"), 0600);
    assert_int_equal(mode_of("one.new"), -1);
}

static void the_first_contents_and_no_second(void **state)
{
    struct home_ports ports = {0, 0, 0, 0};
    (void)state;
    assert_true(home_furnish(dir, &ports, NULL));
    assert_int_equal(mode_of("kek"), 0600);
    assert_int_equal(mode_of("sim-maker.key"), 0600);
    assert_int_equal(mode_of("export.key"), 0600);
    assert_int_equal(mode_of("hssd.yaml"), 0600);
    assert_int_equal(mode_of("mmed.yaml"), 0600);
    assert_int_equal(mode_of("pki/mme1.key"), 0600);
    assert_true(home_has_mme(dir));
    assert_int_equal(mode_of("pki"), 0700);
    assert_int_equal(mode_of("pki/hss.key"), 0600);
    assert_int_equal(mode_of("pki/ca.key"), 0600);
    assert_int_equal(mode_of("pki/repo.key"), 0600);
    assert_int_equal(mode_of("pki/maker.key"), 0600);
    assert_int_equal(mode_of("pki/device-ca.key"), 0600);
    assert_int_equal(mode_of("pki/provisioning-ca.key"), 0600);
    assert_int_equal(mode_of("pki/operator.key"), 0600);
    assert_int_equal(mode_of("records.key"), 0600);
    assert_int_equal(mode_of("records.pub"), 0600);
    assert_int_equal(mode_of("repod.yaml"), 0600);
    assert_true(home_has_repo(dir));
    said_begin(&said);
    assert_true(home_furnish(dir, &ports, NULL));
    said_end(&said);
    said_holds(&said, "not the ports and the PLMN of the command line");
}

static void a_first_run_that_did_not_end_is_begun_again(void **state)
{
    struct home_ports ports = {0, 0, 0, 0};
    char path[160], text[256] = "";
    (void)state;
    snprintf(path, sizeof path, "%s/hssd.yaml", dir);
    assert_int_equal(unlink(path), 0);
    file_make(dir, "mmed.yaml", "of another port", path);
    assert_true(home_furnish(dir, &ports, NULL));
    FILE *f = fopen(path, "r");
    assert_non_null(fgets(text, sizeof text, f));
    fclose(f);
    assert_non_null(strstr(text, "Made by"));
    assert_int_equal(mode_of("hssd.yaml"), 0600);
    assert_true(mode_of("mmed.yaml.old") > 0);
}

static void one_without_a_repository_is_left_as_it_is(void **state)
{
    struct home_ports ports = {-1, -1, -1, -1}, any = {0, 0, 0, 0};
    char old[96], path[160], aside[180], pki[160], text[64] = "";
    (void)state;
    snprintf(old, sizeof old, "%s/before", dir);
    assert_true(home_make(old));
    file_make(old, "hssd.yaml", "peers: []\n", path);
    said_begin(&said);
    assert_true(home_furnish(old, &ports, NULL));
    said_end(&said);
    said_holds(&said, "is of a version without a repository");
    assert_false(home_has_repo(old));
    /* and what is said to be done about it works, and keeps the store's key */
    snprintf(aside, sizeof aside, "%s.old", path);
    assert_int_equal(rename(path, aside), 0);
    file_make(old, "kek", "of old", path);
    snprintf(aside, sizeof aside, "%s/pki", old);
    assert_int_equal(mkdir(aside, 0700), 0);
    file_make(aside, "hss.crt", "of old", pki);
    assert_true(home_furnish(old, &any, NULL));
    assert_true(home_has_repo(old));
    assert_true(home_has(old, "pki.old/hss.crt"));
    assert_true(home_has(old, "pki/repo.crt"));
    FILE *f = fopen(path, "r");
    assert_non_null(fgets(text, sizeof text, f));
    fclose(f);
    assert_string_equal(text, "of old");
}

static void holds_line(const char *path, const char *wanted)
{
    char line[256] = "";
    bool found = false;
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    while (!found && fgets(line, sizeof line, f)) {
        line[strcspn(line, "\n")] = '\0';
        found = strcmp(line, wanted) == 0;
    }
    fclose(f);
    if (!found) {
        fail_msg("%s has no line '%s'", path, wanted);
    }
}

static void a_network_of_another_plmn_has_its_names(void **state)
{
    struct home_ports ports = {0, 0, 0, 0};
    struct plmn plmn;
    char other[96], path[160];
    (void)state;
    assert_int_equal(plmn_parse(BYTES_LIT("001-02"), &plmn), E_OK);
    snprintf(other, sizeof other, "%s/other", dir);
    assert_true(home_make(other));
    assert_true(home_furnish(other, &ports, &plmn));
    snprintf(path, sizeof path, "%s/hssd.yaml", other);
    holds_line(path, "origin_host: hss.epc.mnc002.mcc001.3gppnetwork.org");
    holds_line(path, "plmns: [\"001-02\"]");
    holds_line(path, "  ca: pki/device-ca.crt");
    holds_line(path, "  imsis: [\"001020000500000-001020000599999\"]");
    holds_line(path, "    - name: maker");
    snprintf(path, sizeof path, "%s/mmed.yaml", other);
    holds_line(path, "plmn: \"001-02\"");
    holds_line(path, "provisioning: {kme: true, onboarding: epc.mnc002.mcc001.3gppnetwork.org}");
    snprintf(path, sizeof path, "%s/repod.yaml", other);
    holds_line(path, "  - name: hss.epc.mnc002.mcc001.3gppnetwork.org");
    holds_line(path, "  - name: " HOME_MAKER);
    holds_line(path, "site: {crl: [pki/device-ca.crl]}");
}

/* An MNC of three digits leaves one fewer for the device's number. */
static void the_pool_of_a_network_with_a_long_mnc_is_of_whole_imsis(void **state)
{
    struct home_ports ports = {0, 0, 0, 0};
    struct plmn plmn;
    char other[96], path[160];
    (void)state;
    assert_int_equal(plmn_parse(BYTES_LIT("310-410"), &plmn), E_OK);
    snprintf(other, sizeof other, "%s/long", dir);
    assert_true(home_make(other));
    assert_true(home_furnish(other, &ports, &plmn));
    snprintf(path, sizeof path, "%s/hssd.yaml", other);
    holds_line(path, "  imsis: [\"310410000500000-310410000599999\"]");
}

/* A first run that ended between the certificates and the operator's: all are made anew. */
static void certificates_without_an_operators_are_put_aside(void **state)
{
    struct home_ports ports = {0, 0, 0, 0};
    char half[96], pki[120], path[180];
    (void)state;
    snprintf(half, sizeof half, "%s/half", dir);
    snprintf(pki, sizeof pki, "%s/pki", half);
    assert_true(home_make(half));
    assert_true(pki_make_roles(pki, NULL, NULL, NULL, 0));
    assert_true(home_furnish(half, &ports, NULL));
    snprintf(path, sizeof path, "%s.old/device-ca.crt", pki);
    assert_int_equal(access(path, F_OK), 0);
    assert_true(home_has(half, "pki/hss.crt"));
    assert_true(home_has(half, "pki/operator.key"));
}

static void directories_that_will_not_do(void **state)
{
    char path[160];
    (void)state;
    file_make(dir, "file", "x", path);
    said_begin(&said);
    assert_false(home_make(path));
    assert_false(home_make("/nowhere/at/all"));
    said_end(&said);
    said_holds(&said, "no directory");
    said_holds(&said, "No such file");
    snprintf(path, sizeof path, "%s/open", dir);
    assert_true(home_make(path));
    assert_int_equal(chmod(path, 0777), 0);
    said_begin(&said);
    assert_false(home_make(path));
    said_end(&said);
    said_holds(&said, "chmod go-w");
}

static void certificates_are_made_whole_or_not(void **state)
{
    static const char *const names[] = {"a"}, *const hosts[] = {"a.example.org"};
    char path[160];
    (void)state;
    snprintf(path, sizeof path, "%s/certs", dir);
    assert_true(pki_make(path, names, hosts, 1));
    assert_int_equal(mode_of("certs/a.key"), 0600);
    said_begin(&said);
    assert_false(pki_make(path, names, hosts, 1));
    assert_false(pki_make("/nowhere/certs", names, hosts, 1));
    said_end(&said);
    said_holds(&said, "it is there already");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_lock_names_its_holder),
        cmocka_unit_test(a_file_is_never_replaced),
        cmocka_unit_test(the_first_contents_and_no_second),
        cmocka_unit_test(a_first_run_that_did_not_end_is_begun_again),
        cmocka_unit_test(one_without_a_repository_is_left_as_it_is),
        cmocka_unit_test(a_network_of_another_plmn_has_its_names),
        cmocka_unit_test(the_pool_of_a_network_with_a_long_mnc_is_of_whole_imsis),
        cmocka_unit_test(certificates_without_an_operators_are_put_aside),
        cmocka_unit_test(directories_that_will_not_do),
        cmocka_unit_test(certificates_are_made_whole_or_not),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
