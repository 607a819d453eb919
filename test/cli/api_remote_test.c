/* Also of the rule which server is meant, in src/cli/cli.c. Over the network it is
 * test/live/admin_api.sh. */
#include "cli/api_remote.h"
#include "cli/said.h"
#include <curl/curl.h>
#include <stdlib.h>
#include <sys/stat.h>

static char dir[64];
static struct said said;

static bool is_url(const char *text, char out[static API_PLACE_MAX])
{
    said_begin(&said);
    const bool good = api_remote_url(text, out);
    said_end(&said);
    return good;
}

static void a_server_is_https_with_a_host_and_nothing_else(void **state)
{
    static const char *const bad[] = {"",
                                      "https://",
                                      "https:///",
                                      "http://host:1",
                                      "host:1",
                                      "https://host/path",
                                      "https://user@host",
                                      "https://host?x",
                                      "https://host#x",
                                      "https://ho st",
                                      "https://host\n"};
    char out[API_PLACE_MAX], long_one[2 * API_PLACE_MAX];
    (void)state;
    assert_true(is_url("https://hss.example.net:9443", out));
    assert_string_equal(out, "https://hss.example.net:9443");
    assert_true(is_url("https://[::1]:9443/", out));
    assert_string_equal(out, "https://[::1]:9443");
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(is_url(bad[i], out));
        said_holds(&said, "--server takes https://HOST:PORT");
    }
    memset(long_one, 'x', sizeof long_one);
    memcpy(long_one, "https://", 8);
    long_one[sizeof long_one - 1] = '\0';
    assert_false(is_url(long_one, out));
}

static void touch(const char *name)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fclose(f);
}

static bool files_of(const struct cli_common *common, struct api_files *out)
{
    said_begin(&said);
    const bool good = api_remote_files(common, out);
    said_end(&said);
    return good;
}

/*= test op-cli-remote */
static void the_files_are_those_of_the_options_the_environment_or_the_directory(void **state)
{
    static struct api_files files;
    char a[128], ca[128];
    (void)state;
    snprintf(a, sizeof a, "%s/a.crt", dir);
    snprintf(ca, sizeof ca, "%s/ca.pem", dir);
    struct cli_common common = {.dir = dir, .certificate = a, .ca = ca};
    assert_false(files_of(&common, &files));
    said_holds(&said, "--certificate FILE or $BINDERY_CERTIFICATE names it");
    touch("a.crt");
    assert_false(files_of(&common, &files));
    said_holds(&said, "a.key: ");
    touch("a.key");
    touch("ca.pem");
    char key[128];
    snprintf(key, sizeof key, "%s/a.key", dir);
    assert_int_equal(chmod(key, 0640), 0);
    assert_false(files_of(&common, &files));
    said_holds(&said, "others than its owner may use this key");
    assert_int_equal(chmod(key, 0600), 0);
    assert_true(files_of(&common, &files));
    assert_string_equal(files.certificate, a);
    assert_string_equal(strrchr(files.key, '/'), "/a.key");
    common.certificate = ca; /* a .pem has a key beside it too, but there is none */
    assert_false(files_of(&common, &files));
    common = (struct cli_common){.dir = dir, .certificate = dir, .ca = ca};
    assert_false(files_of(&common, &files));
    said_holds(&said, "wants its --key");
    assert_int_equal(setenv("BINDERY_CERTIFICATE", a, 1), 0);
    assert_int_equal(setenv("BINDERY_CA", ca, 1), 0);
    common = (struct cli_common){.dir = dir};
    assert_true(files_of(&common, &files));
    assert_string_equal(files.ca, ca);
    unsetenv("BINDERY_CERTIFICATE");
    unsetenv("BINDERY_CA");
    assert_false(files_of(&common, &files));
    said_holds(&said, "pki/admin.crt");
}

static void
an_option_names_the_server_before_the_environment_and_a_place_here_forbids_it(void **state)
{
    (void)state;
    assert_int_equal(setenv("BINDERY_SERVER", "https://env:1", 1), 0);
    struct cli_common common = {.server = "https://option:1"};
    assert_string_equal(cli_server(&common), "https://option:1");
    assert_string_equal(cli_mme_server(&common), "https://option:1");
    assert_false(cli_has_mme(&common));
    common.server = NULL;
    assert_string_equal(cli_server(&common), "https://env:1");
    assert_null(cli_mme_server(&common));
    assert_false(cli_has_mme(&common));
    assert_int_equal(setenv("BINDERY_MME_SERVER", "https://mme:1", 1), 0);
    assert_true(cli_has_mme(&common));
    common.dir = dir;
    assert_null(cli_server(&common));
    common = (struct cli_common){.socket = "x"};
    assert_null(cli_server(&common));
    unsetenv("BINDERY_SERVER");
    unsetenv("BINDERY_MME_SERVER");
}

static void what_is_for_this_machine_says_so(void **state)
{
    (void)state;
    struct cli_common common = {.server = "https://elsewhere:1"};
    said_begin(&said);
    assert_false(cli_local_only(&common, "logs"));
    said_end(&said);
    said_holds(&said, "`logs` is for the daemons of this machine only, and --server names "
                      "https://elsewhere:1");
    common.server = NULL;
    assert_true(cli_local_only(&common, "logs"));
}

static int failed(CURLcode code)
{
    static const struct api_files files = {"a.crt", "a.key", "ca.crt"};
    CURL *c = curl_easy_init();
    assert_non_null(c);
    said_begin(&said);
    int rc = api_remote_failed(c, (int)code, "HSS", "https://h:1", &files, "why");
    said_end(&said);
    curl_easy_cleanup(c);
    return rc;
}

static void what_went_wrong_is_said_in_words_with_its_exit_code(void **state)
{
    static const struct {
        CURLcode code;
        int rc;
        const char *words;
    } all[] = {{CURLE_COULDNT_RESOLVE_HOST, CLI_UNREACHABLE, "nobody knows a host"},
               {CURLE_COULDNT_CONNECT, CLI_UNREACHABLE, "no HSS answers at https://h:1"},
               {CURLE_OPERATION_TIMEDOUT, CLI_UNREACHABLE, "no answer in time"},
               {CURLE_GOT_NOTHING, CLI_UNREACHABLE, "https://h:1: why"},
               {CURLE_PEER_FAILED_VERIFICATION, CLI_REFUSED, "for another host"},
               {CURLE_SSL_CACERT_BADFILE, CLI_REFUSED, "--ca ca.crt holds no certificate"},
               {CURLE_SSL_CERTPROBLEM, CLI_REFUSED, "--certificate a.crt and --key a.key"},
               {CURLE_SSL_CONNECT_ERROR, CLI_REFUSED, "TLS 1.3 came to no agreement (why)"}};
    (void)state;
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        assert_int_equal(failed(all[i].code), all[i].rc);
        said_holds(&said, all[i].words);
    }
}

static void a_refused_certificate_role_or_scope_has_its_advice(void **state)
{
    static const char *const all[] = {"no-certificate", "client-expired", "client-untrusted",
                                      "client-revoked", "client-refused", "not-allowed",
                                      "out-of-scope"};
    (void)state;
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        assert_non_null(api_remote_advice(all[i]));
    }
    assert_null(api_remote_advice("no-such-subscriber"));
    assert_null(api_remote_advice(""));
}

static int setup(void **state)
{
    static const char *const all[] = {"BINDERY_SERVER", "BINDERY_MME_SERVER", "BINDERY_CERTIFICATE",
                                      "BINDERY_KEY",    "BINDERY_CA",         "BINDERY_DIR",
                                      "BINDERY_SOCKET"};
    (void)state;
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        unsetenv(all[i]);
    }
    folder_make(dir);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    folder_remove(dir);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_server_is_https_with_a_host_and_nothing_else),
        cmocka_unit_test(the_files_are_those_of_the_options_the_environment_or_the_directory),
        cmocka_unit_test(
            an_option_names_the_server_before_the_environment_and_a_place_here_forbids_it),
        cmocka_unit_test(what_is_for_this_machine_says_so),
        cmocka_unit_test(what_went_wrong_is_said_in_words_with_its_exit_code),
        cmocka_unit_test(a_refused_certificate_role_or_scope_has_its_advice),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
