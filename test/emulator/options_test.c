/* src/emulator/options.c, src/emulator/options_network.c and options_table.c */
#include "emulator/options.h"

#include "lib/check.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct ue_options parsed(const struct argp *argp, size_t n, const char *const *words)
{
    static char pool[64][96]; /* options point to their words */
    static unsigned next;
    char *argv[16] = {0};
    struct ue_options o;
    memset(&o, 0, sizeof o);
    assert_true(n < sizeof argv / sizeof argv[0]);
    for (size_t i = 0; i < n; i++) {
        argv[i] = pool[next++ % 64];
        (void)snprintf(argv[i], sizeof pool[0], "%s", words[i]);
    }
    assert_int_equal(argp_parse(argp, (int)n, argv, ARGP_NO_EXIT | ARGP_SILENT, NULL, &o), 0);
    return o;
}
#define WORDS(...) ((const char *const[]){"v", __VA_ARGS__})
#define PARSE(argp, ...)                                                                           \
    parsed((argp), sizeof WORDS(__VA_ARGS__) / sizeof(char *), WORDS(__VA_ARGS__))

static bool plan(struct ue_options o, uint32_t devices, struct run_plan *p)
{
    static struct population some; /* what is planned for is how many there are */
    some.n = devices;
    return options_plan_run(&o, &some, p);
}

static void defaults(void **state)
{
    struct run_plan p;
    (void)state;
    assert_true(plan(PARSE(&options_run, "--imsi=001010000000001"), 50, &p));
    assert_int_equal(p.emulation.further, 0);
    assert_int_equal(p.emulation.policy_n, 0);
    assert_int_equal(p.attaches, 50);
    assert_int_equal(p.pattern, LOAD_CONSTANT);
    assert_int_equal(p.over_ns, 500000000);
    assert_int_equal(p.emulation.enbs, 1);
    assert_int_equal(p.emulation.timeout_ms, 30000);
    assert_int_equal(p.emulation.hold_ms, 0);
    assert_int_equal(p.emulation.enb.mmes, 1);
    assert_string_equal(address_print(&p.mme[0]).s, OPTIONS_MME);
    assert_string_equal(p.emulation.enb.plmns[0].mcc, "001");
    assert_true(p.emulation.enb.ues >= 100);
    assert_int_equal(p.emulation.radio.lose, 0);
}

static void patterns(void **state)
{
    struct run_plan p;
    (void)state;
    assert_true(plan(PARSE(&options_run, "--rate=200/s", "--repeat=4"), 100, &p));
    assert_int_equal(p.attaches, 400);
    assert_int_equal(p.over_ns, 2000000000);
    assert_true(plan(PARSE(&options_run, "--poisson=50"), 100, &p));
    assert_int_equal(p.pattern, LOAD_POISSON);
    assert_int_equal(p.over_ns, 2000000000);
    assert_true(plan(PARSE(&options_run, "--storm=10s"), 100, &p));
    assert_int_equal(p.pattern, LOAD_BETA);
    assert_int_equal(p.over_ns, UINT64_C(10000000000));
    assert_true(plan(PARSE(&options_run, "--at-once"), 100, &p));
    assert_int_equal(p.over_ns, 0);
    assert_true(plan(PARSE(&options_run, "--keep", "--stay", "--inactivity=500ms"), 1, &p));
    assert_int_equal(p.emulation.hold_ms, EMULATION_FOR_EVER);
    assert_int_equal(p.emulation.inactivity_ms, 500);
    assert_true(p.stay);
}

static void network(void **state)
{
    struct run_plan p;
    (void)state;
    assert_true(plan(PARSE(&options_run, "--mme=sctp-udp://127.0.0.1:36412?udp=9900",
                           "--mme=s1-tcp://127.0.0.2", "--plmn=310-410", "--tac=99", "--enb-id=5",
                           "--enb-name=x", "--enbs=7", "--reroute"),
                     10, &p));
    assert_int_equal(p.emulation.enb.mmes, 2);
    assert_int_equal(p.mme[0].transport, TRANSPORT_SCTP_UDP);
    assert_int_equal(p.mme[0].udp_port, 9900);
    assert_int_equal(p.mme[1].port, 36412);
    assert_string_equal(p.emulation.enb.plmns[0].mnc, "410");
    assert_int_equal(p.emulation.enb.tac, 99);
    assert_int_equal(p.emulation.enb.id, 5);
    assert_int_equal(p.emulation.enbs, 7);
    assert_true(p.emulation.enb.reroute);
    assert_string_equal(p.emulation.enb.name, "x");
    assert_true(
        plan(PARSE(&options_run, "--radio-flip=nas-octet=3", "--faults=lose=1,seed=9"), 10, &p));
    assert_int_equal(p.emulation.radio.flip, RADIO_FLIP_OCTET);
    assert_int_equal(p.emulation.radio.seed, 9);
}

static void refused(void **state)
{
    static const char *const wrong[] = {"--mme=tcp://127.0.0.1",
                                        "--mme=s1-tcp://127.0.0.1:0",
                                        "--mme=s1-tcp://192.0.2.1",
                                        "--plmn=1",
                                        "--tac=65536",
                                        "--tac=-1",
                                        "--enb-id=1048576",
                                        "--enb-name=",
                                        "--enbs=0",
                                        "--enbs=257",
                                        "--rate=0",
                                        "--rate=x",
                                        "--poisson=1e9",
                                        "--storm=5x",
                                        "--hold=-1",
                                        "--timeout=",
                                        "--timeout=100000h",
                                        "--radio-flip=all",
                                        "--faults=lose",
                                        "--repeat=0",
                                        "--seed=x",
                                        "--connect-timeout=x",
                                        "--inactivity=soon",
                                        "--trace-secrets",
                                        "--enb-name=a-name-that-is-too-long"};
    struct run_plan p;
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        char text[64];
        (void)snprintf(text, sizeof text, "%s", wrong[i]);
        if (plan(PARSE(&options_run, text), 10, &p)) {
            fail_msg("%s was taken", text);
        }
    }
    assert_false(plan(PARSE(&options_run, "--rate=1", "--storm=1s"), 10, &p));
    assert_false(plan(PARSE(&options_run, "--keep", "--hold=1s"), 10, &p));
    assert_true(
        plan(PARSE(&options_run, "--mme=s1-tcp://192.0.2.1", "--yes-this-is-mine"), 10, &p));
}

static void too_many_mmes(void **state)
{
    struct ue_options o;
    char name[] = "v", word[] = "--mme=s1-tcp://127.0.0.1";
    char *argv[ENB_MMES_MAX + 3] = {name};
    (void)state;
    for (unsigned i = 1; i <= ENB_MMES_MAX + 1; i++) {
        argv[i] = word;
    }
    memset(&o, 0, sizeof o);
    assert_int_not_equal(
        argp_parse(&options_run, ENB_MMES_MAX + 2, argv, ARGP_NO_EXIT | ARGP_SILENT, NULL, &o), 0);
}

static void one_device(void **state)
{
    struct run_plan p;
    static struct population some;
    struct ue_options o = PARSE(&options_attach, "--device=x", "--stay", "--persist");
    (void)state;
    assert_true(options_plan_one(&o, &some, &p));
    assert_int_equal(p.attaches, 1);
    assert_int_equal(p.over_ns, 0);
    assert_int_equal(p.emulation.hold_ms, EMULATION_FOR_EVER);
    assert_true(p.stay && p.emulation.persist);
}

static void networks(void **state)
{
    static const uint8_t policy[2][3] = {{0x99, 0xf9, 0x07}, {0x00, 0xf1, 0x10}};
    struct run_plan p;
    (void)state;
    assert_true(plan(PARSE(&options_run, "--enb=999-70=s1-tcp://127.0.0.1:5", "--mme=" OPTIONS_MME,
                           "--networks=999-70,001-01", "--enbs=3"),
                     9, &p));
    assert_int_equal(p.emulation.further, 1);
    assert_int_equal(emulation_enbs(&p.emulation), 6);
    assert_int_equal(emulation_mmes(&p.emulation, 2), 1);
    assert_int_equal(emulation_mmes(&p.emulation, 3), 1);
    assert_string_equal(emulation_plmn(&p.emulation, 1).mcc, "999");
    assert_string_equal(address_print(&p.mme[1]).s, "s1-tcp://127.0.0.1:5");
    assert_int_equal(p.emulation.policy_n, 2);
    assert_memory_equal(p.emulation.policy, policy, sizeof policy);
    static const char *const wrong[][2] = {
        {"--enb=999-70", "--networks=001-01"},
        {"--enb=x=s1-tcp://127.0.0.1:5", "--networks=001-01"},
        {"--enb=999-70=127.0.0.1", "--networks=001-01"},
        {"--enb=001-01=s1-tcp://127.0.0.1:5", "--networks=001-01"},
        {"--enb=999-70=s1-tcp://127.0.0.1:5", "--enb=999-70=s1-tcp://127.0.0.1:6"},
        {"--enb=999-70=s1-tcp://192.0.2.1:5", "--networks=001-01"},
        {"--networks=x", "--enbs=1"},
        {"--networks=310-410", "--enbs=1"},
        {"--networks=001-01,,", "--enbs=1"},
        {"--enbs=200", "--enb=999-70=s1-tcp://127.0.0.1:5"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        if (plan(PARSE(&options_run, wrong[i][0], wrong[i][1]), 9, &p)) {
            fail_msg("%s %s was taken", wrong[i][0], wrong[i][1]);
        }
    }
}

static void a_state_files_own_networks(void **state)
{
    static struct population some;
    struct ue_options o = PARSE(&options_attach, "--device=x", "--plmn=310-410");
    struct ue_options said =
        PARSE(&options_attach, "--device=x", "--plmn=310-410", "--networks=310-410");
    struct run_plan p;
    (void)state;
    some.path = "x";
    assert_ok(plmn_parse(BYTES_LIT("001-01"), &some.state.onboarding.network[0]));
    some.state.onboarding.n_networks = 1;
    assert_false(options_plan_one(&o, &some, &p)); /* none of them has a cell */
    assert_true(options_plan_one(&said, &some, &p));
    assert_int_equal(p.emulation.policy_n, 1);
    assert_ok(plmn_parse(BYTES_LIT("310-410"), &some.state.onboarding.network[1]));
    some.state.onboarding.n_networks = 2;
    assert_true(options_plan_one(&o, &some, &p));
    assert_int_equal(p.emulation.policy_n, 2);
}

static void seven_further_networks_are_the_most(void **state)
{
    struct ue_options o;
    char name[] = "v", word[] = "--enb=999-70=s1-tcp://127.0.0.1:5";
    char *argv[EMULATION_NETWORKS_MAX + 2] = {name};
    (void)state;
    for (unsigned i = 1; i <= EMULATION_NETWORKS_MAX; i++) {
        argv[i] = word;
    }
    memset(&o, 0, sizeof o);
    assert_int_not_equal(argp_parse(&options_run, EMULATION_NETWORKS_MAX + 1, argv,
                                    ARGP_NO_EXIT | ARGP_SILENT, NULL, &o),
                         0);
}

static void populations(void **state)
{
    char path[] = "/tmp/options_seed.XXXXXX";
    char seed[64];
    struct population *p = calloc(1, sizeof *p);
    struct ue_options o;
    const int fd = mkstemp(path);
    (void)state;
    assert_true(p != NULL && fd >= 0);
    assert_int_equal(write(fd, "a seed long enough for keys", 27), 27);
    close(fd);
    (void)snprintf(seed, sizeof seed, "--key-seed-file=%s", path);
    o = PARSE(&options_run, "--imsi=001010000000001", seed, "--count=3", "--without-kme",
              "--as-imei=356938035643809", "--capabilities=eea1,eia1", "--allow-eea0");
    assert_true(options_population(&o, p));
    assert_int_equal(p->n, 3);
    assert_true(p->guise.without_kme && p->guise.has_imei && p->settings.allow_eea0);
    assert_int_equal(p->settings.eia, 0x40);
    population_close(p);
    static const char *const wrong[][2] = {{"--imsi=1", "--count=1"},
                                           {"--imsi=001010000000001", "--count=0"},
                                           {"--imsi=001010000000001", "--imei=1"},
                                           {"--imsi=001010000000001", "--as-imei=1"},
                                           {"--imsi=001010000000001", "--capabilities=x"},
                                           {"--imsi=001010000000001", "--lot=/x"},
                                           {"--lot=/nonexistent", "--count=1"},
                                           {"--device=/nonexistent", "--count=1"},
                                           {"--imsi=001010000000001", "--url=http://a.b/"},
                                           {"--imsi=001010000000001", "--replay-result=/nowhere"},
                                           {"--identities=/nonexistent", "--count=1"},
                                           {"--count=1", "--count=2"}};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        char a[64], b[64];
        (void)snprintf(a, sizeof a, "%s", wrong[i][0]);
        (void)snprintf(b, sizeof b, "%s", wrong[i][1]);
        o = PARSE(&options_run, a, b, seed);
        if (options_population(&o, p)) {
            fail_msg("%s %s was taken", a, b);
        }
    }
    unlink(path);
    o = PARSE(&options_run, "--imsi=001010000000001", seed);
    assert_false(options_population(&o, p));
    free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        {"options: what is meant when nothing is said", defaults, NULL, NULL, NULL},
        {"options: when attaches are due", patterns, NULL, NULL, NULL},
        {"options: MMEs, eNBs and the radio", network, NULL, NULL, NULL},
        {"options: what cannot be is refused", refused, NULL, NULL, NULL},
        {"options: eight MMEs are the most", too_many_mmes, NULL, NULL, NULL},
        {"options: one device attaches at once and holds", one_device, NULL, NULL, NULL},
        {"options: several networks, and which are liked best", networks, NULL, NULL, NULL},
        {"options: a state file's own networks, unless others are said", a_state_files_own_networks,
         NULL, NULL, NULL},
        {"options: seven further networks are the most", seven_further_networks_are_the_most, NULL,
         NULL, NULL},
        {"options: devices of a seed, in their guise", populations, NULL, NULL, NULL},
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
