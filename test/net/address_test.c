#include "lib/check.h"
#include "net/address.h"

#include <string.h>

static void texts_come_back_in_canonical_form(void **state)
{
    (void)state;
    const struct {
        const char *in, *out;
    } all[] = {
        {"tcp://127.0.0.1:3868", "tcp://127.0.0.1:3868"},
        {"tcp://127.0.0.1", "tcp://127.0.0.1:3868"},
        {"tls://[::1]", "tls://[::1]:5658"},
        {"tls://[2001:DB8:0::1]:1", "tls://[2001:db8::1]:1"},
        {"sctp://192.0.2.1:0", "sctp://192.0.2.1:0"},
        {"sctp://[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535",
         "sctp://[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535"},
    };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        struct address a, b;
        assert_ok(address_parse(all[i].in, &a));
        assert_string_equal(address_print(&a).s, all[i].out);
        assert_ok(address_parse(all[i].out, &b));
        assert_true(address_eq(&a, &b));
    }
}

static void texts_of_s1_come_back_in_canonical_form(void **state)
{
    (void)state;
    const struct {
        const char *in, *out;
        uint16_t port, udp_port;
    } all[] = {
        {"sctp://192.0.2.1", "sctp://192.0.2.1:36412", 36412, 0},
        {"sctp-udp://127.0.0.1", "sctp-udp://127.0.0.1:36412", 36412, 9899},
        {"sctp-udp://127.0.0.1?udp=9900", "sctp-udp://127.0.0.1:36412?udp=9900", 36412, 9900},
        {"sctp-udp://127.0.0.1:1?udp=9899", "sctp-udp://127.0.0.1:1", 1, 9899},
        {"sctp-udp://[::1]:0?udp=0", "sctp-udp://[::1]:0?udp=0", 0, 0},
        {"s1-tcp://[::1]", "s1-tcp://[::1]:36412", 36412, 0},
        {"sctp-udp://[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535?udp=65535",
         "sctp-udp://[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535?udp=65535", 65535, 65535},
    };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        struct address a, b;
        assert_ok(address_parse_s1(all[i].in, &a));
        assert_int_equal(a.port, all[i].port);
        assert_int_equal(a.udp_port, all[i].udp_port);
        assert_string_equal(address_print(&a).s, all[i].out);
        assert_ok(address_parse_s1(all[i].out, &b));
        assert_true(address_eq(&a, &b));
    }
}

static void texts_of_the_other_use_and_bad_ones_are_refused(void **state)
{
    (void)state;
    const char *const not_s1[] = {"tcp://127.0.0.1",
                                  "tls://127.0.0.1",
                                  "s1-tcp://127.0.0.1?udp=1",
                                  "sctp://127.0.0.1?udp=1",
                                  "sctp-udp://127.0.0.1?udp=",
                                  "sctp-udp://127.0.0.1?udp=01",
                                  "sctp-udp://127.0.0.1?udp=65536",
                                  "sctp-udp://127.0.0.1?udp=1x",
                                  "sctp-udp://127.0.0.1?tcp=1",
                                  "sctp-udp://127.0.0.1:?udp=1",
                                  "sctp-udp://127.0.0.1:1?udp=1?udp=1",
                                  "sctp-udp:127.0.0.1"};
    struct address a;
    for (size_t i = 0; i < sizeof not_s1 / sizeof not_s1[0]; i++) {
        assert_err(address_parse_s1(not_s1[i], &a), E_BAD_VALUE);
    }
    assert_err(address_parse_s1("s1-tcp://mme.example", &a), E_UNSUPPORTED);
    assert_err(address_parse("s1-tcp://127.0.0.1", &a), E_BAD_VALUE);
    assert_err(address_parse("sctp-udp://127.0.0.1", &a), E_BAD_VALUE);
    assert_err(address_parse("tcp://127.0.0.1?udp=1", &a), E_BAD_VALUE);
}

static void bad_texts_are_refused_and_nothing_is_written(void **state)
{
    (void)state;
    const struct {
        const char *in;
        enum err err;
    } all[] = {
        {"", E_BAD_VALUE},
        {"tcp", E_BAD_VALUE},
        {"tcp://", E_BAD_VALUE},
        {"udp://127.0.0.1:1", E_BAD_VALUE},
        {"TCP://127.0.0.1:1", E_BAD_VALUE},
        {"tcp://127.0.0.1:", E_BAD_VALUE},
        {"tcp://127.0.0.1:65536", E_BAD_VALUE},
        {"tcp://127.0.0.1:03868", E_BAD_VALUE},
        {"tcp://127.0.0.1:+1", E_BAD_VALUE},
        {"tcp://127.0.0.1:1x", E_BAD_VALUE},
        {"tcp://127.0.0.1/", E_BAD_VALUE},
        {"tcp://127.0.0:1", E_BAD_VALUE},
        {"tcp://127.0.0.01:1", E_BAD_VALUE},
        {"tcp://::1:3868", E_BAD_VALUE},
        {"tcp://[::1", E_BAD_VALUE},
        {"tcp://[::1]3868", E_BAD_VALUE},
        {"tcp://[]:1", E_BAD_VALUE},
        {"tcp://[127.0.0.1]:1", E_BAD_VALUE},
        {"tcp://[fe80::1%lo]:1", E_BAD_VALUE},
        {"tcp://hss.example:3868", E_UNSUPPORTED},
        {"tcp://localhost", E_UNSUPPORTED},
    };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        struct address a, before;
        memset(&a, 0x55, sizeof a);
        before = a;
        assert_err(address_parse(all[i].in, &a), all[i].err);
        assert_memory_equal(&a, &before, sizeof a);
    }
}

static void loopback_and_equality(void **state)
{
    (void)state;
    struct address a, b, c;
    assert_ok(address_parse("tcp://127.9.9.9:1", &a));
    assert_ok(address_parse("tcp://[::1]:1", &b));
    assert_ok(address_parse("tls://10.0.0.1:1", &c));
    assert_true(address_is_loopback(&a));
    assert_true(address_is_loopback(&b));
    assert_false(address_is_loopback(&c));
    assert_false(address_same_ip(&a, &b));
    b = c;
    b.port = 2;
    assert_true(address_same_ip(&b, &c));
    assert_false(address_eq(&b, &c));
    assert_string_equal(address_print_ip(&c).s, "10.0.0.1");
    c.family = 0;
    assert_string_equal(address_print_ip(&c).s, "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_come_back_in_canonical_form),
        cmocka_unit_test(texts_of_s1_come_back_in_canonical_form),
        cmocka_unit_test(texts_of_the_other_use_and_bad_ones_are_refused),
        cmocka_unit_test(bad_texts_are_refused_and_nothing_is_written),
        cmocka_unit_test(loopback_and_equality),
    };
    return cmocka_run_group_tests_name("net/address", tests, NULL, NULL);
}
