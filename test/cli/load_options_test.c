/* What the command line becomes, and what is refused with which words. */
#include "cli/load_options.h"
#include "crypto/openssl.h"
#include "lib/check.h"
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static struct load_plan p;
static char said[2048];

/* Parses as the verb does; what went to standard error is in `said`. */
static bool make(const char *line)
{
    char text[512], name[] = "bindery load", *argv[40] = {name};
    int argc = 1;
    struct load_options o = {.to = NULL};
    struct crypto c;
    FILE *to = tmpfile();
    int before = dup(STDERR_FILENO);
    snprintf(text, sizeof text, "%s", line);
    for (char *word = strtok(text, " "); word; word = strtok(NULL, " ")) {
        argv[argc++] = word;
    }
    assert_true(to && before >= 0 && dup2(fileno(to), STDERR_FILENO) >= 0);
    assert_int_equal(argp_parse(&load_argp, argc, argv, ARGP_NO_EXIT, NULL, &o), 0);
    assert_ok(crypto_openssl_open(&c));
    bool good = load_plan_make(&o, &c, &p);
    crypto_openssl_close(&c);
    fflush(stderr);
    dup2(before, STDERR_FILENO);
    close(before);
    rewind(to);
    said[fread(said, 1, sizeof said - 1, to)] = '\0';
    fclose(to);
    return good;
}

static void least(void **state)
{
    (void)state;
    assert_true(make("--imsi-from 001010000000001"));
    assert_string_equal(address_print(&p.to).s, "tcp://127.0.0.1:3868");
    assert_int_equal(p.pattern, LOAD_POISSON);
    assert_true(p.rate == 100 && p.devices == 0);
    assert_int_equal(p.duration_ns, 10 * LOAD_SECOND);
    assert_string_equal(p.origin_host, "mme.epc.mnc001.mcc001.3gppnetwork.org");
    assert_int_equal(p.imsi_from, 1010000000001);
    assert_int_equal(p.imsi_digits, 15);
    assert_int_equal(p.mix.weight[LOAD_AIR], p.mix.total);
}

static void storm(void **state)
{
    (void)state;
    assert_true(make("tcp://[::1]:4000 --pattern beta --devices 30000 --over 10s --peers 4 "
                     "--connections 2 --threads 2 --imsi-from 999700000000000 --count 1000 "
                     "--mix air=9,ulr=1 --order random --roam --seed 7 --vectors 5"));
    assert_int_equal(p.devices, 30000);
    assert_int_equal(p.duration_ns, 10 * LOAD_SECOND);
    assert_string_equal(p.origin_host, "mme%d.epc.mnc001.mcc001.3gppnetwork.org");
    assert_true(p.random_order && p.roam);
    assert_int_equal(p.seed, 7);
}

static void refusals(void **state)
{
    static const struct {
        const char *line, *part;
    } rows[] = {
        {"", "--imsi-from IMSI is needed"},
        {"--imsi-from 12", "no IMSI"},
        {"--imsi-from 001010000000001 --mix air=1,resync=1", "needs --keys-file"},
        {"--imsi-from 001010000000001 --mix foo", "none of air, ulr, resync"},
        {"tcp://192.0.2.1:3868 --imsi-from 001010000000001", "--yes-this-is-mine"},
        {"tls://127.0.0.1 --imsi-from 001010000000001", "needs --cert, --key and --ca"},
        {"sctp://127.0.0.1 --imsi-from 001010000000001", "no address to load"},
        {"localhost --imsi-from 001010000000001", "no address to load"},
        {"--imsi-from 001010000000001 --pattern beta", "needs --devices"},
        {"--imsi-from 001010000000001 --over 5s", "needs --devices"},
        {"--imsi-from 001010000000001 --devices 5", "needs --over"},
        {"--imsi-from 001010000000001 --devices 5 --over 1s --rate 3", "leave out --rate"},
        {"--imsi-from 001010000000001 --rate 0", "no rate"},
        {"--imsi-from 001010000000001 --rate nan", "no rate"},
        {"--imsi-from 001010000000001 --rate 10/m", "no rate"},
        {"--imsi-from 001010000000001 --duration 10h", "no time"},
        {"--imsi-from 001010000000001 --timeout 0", "no time"},
        {"--imsi-from 001010000000001 --vectors 6", "--vectors takes a number"},
        {"--imsi-from 001010000000001 --peers 3 --threads 2", "shared evenly"},
        {"--imsi-from 001010000000001 --peers 2 --origin-host mme.x", "put %d"},
        {"--imsi-from 001010000000001 --origin-host a_b", "no Diameter identity"},
        {"--imsi-from 999999999999999 --count 2", "beyond the IMSIs"},
        {"--imsi-from 001010000000001 --order up", "neither sequential nor random"},
        {"--imsi-from 001010000000001 --plmn 1", "no PLMN"},
        {"--imsi-from 001010000000001 --mix resync --keys-file /dev/null --resync-sqn 12",
         "12 hex digits"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_false(make(rows[i].line));
        if (!strstr(said, rows[i].part)) {
            fail_msg("'%s' said: %s", rows[i].line, said);
        }
    }
    assert_true(make("tcp://192.0.2.1:3868 --imsi-from 001010000000001 --yes-this-is-mine"));
}

static void times(void **state)
{
    uint64_t ns;
    (void)state;
    assert_true(load_time_parse("10s", &ns) && ns == 10 * LOAD_SECOND);
    assert_true(load_time_parse("1.5", &ns) && ns == 3 * LOAD_SECOND / 2);
    assert_true(load_time_parse("500ms", &ns) && ns == LOAD_SECOND / 2);
    assert_true(load_time_parse("2m", &ns) && ns == 120 * LOAD_SECOND);
    assert_false(load_time_parse("-1s", &ns));
    assert_false(load_time_parse("s", &ns));
    assert_false(load_time_parse("1e9s", &ns));
    assert_false(load_time_parse("inf", &ns));
    assert_false(load_time_parse("10 s", &ns));
}

static void names(void **state)
{
    char out[16];
    (void)state;
    assert_true(load_name("mme%d.x", 12, out, sizeof out));
    assert_string_equal(out, "mme12.x");
    assert_true(load_name("a%s%d%d", 7, out, sizeof out));
    assert_string_equal(out, "a%s77");
    assert_false(load_name("0123456789abcde%d", 1, out, sizeof out));
    assert_true(load_name("0123456789abc%d", 10, out, sizeof out));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(least), cmocka_unit_test(storm), cmocka_unit_test(refusals),
        cmocka_unit_test(times), cmocka_unit_test(names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
