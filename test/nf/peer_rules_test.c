/* nf/common/peer_rules.h (src/nf/common/peer_rules.c): who may come, who may carry whom, in a table
 * that every server of S6a goes by; test/nf/authorise_test.c, test/nf/admit_test.c and
 * test/dausfd/s6a_test.c see it through their servers. */
#include "lib/check.h"

#include "codec/s6a.h"
#include "nf/common/peer_rules.h"

#include <string.h>

#define SELF  "hss.home.example.org"
#define MME   "mme1.visited.example.org"
#define REALM "visited.example.org"
#define DRA   "dra.transit.example.org"

static char *origins[] = {(char[]){MME}, (char[]){"mme2." REALM}};
static char *realms[] = {(char[]){REALM}, (char[]){"second.example.org"}};
static const struct plmn home[] = {{"001", "01"}, {"999", "70"}};
static const struct peer_rules end = {
    .origin_host = MME, .realm = REALM, .plmns = home, .n_plmns = 1, .on_tcp = true};
static const struct peer_rules agent = {.origin_host = DRA,
                                        .realm = "transit.example.org",
                                        .agent = true,
                                        .origins = origins,
                                        .n_origins = 2,
                                        .realms = realms,
                                        .n_realms = 2,
                                        .on_tls = true};

static bool mme_is_an_end(const void *config, struct bytes host)
{
    assert_ptr_equal(config, home);
    return bytes_eq_nocase(host, BYTES_LIT(MME));
}

static const struct peer_rules_self self = {.origin_host = SELF,
                                            .origin_realm = "home.example.org",
                                            .plmns = home,
                                            .n_plmns = 2,
                                            .has_end = mme_is_an_end,
                                            .config = home};

/* ---- connections ---- */

static struct address at(const char *text)
{
    struct address a;
    assert_ok(address_parse(text, &a));
    return a;
}

static bool comes(const struct peer_rules *p, const char *from)
{
    const struct address a = at(from);
    return peer_rules_address(p, &a);
}

static void without_tls_only_a_listed_address_or_loopback_may_come(void **state)
{
    (void)state;
    const struct address listed[] = {at("tcp://192.0.2.1:1"), at("tcp://[2001:db8::1]:1")};
    struct peer_rules p = end;
    assert_true(comes(&p, "tcp://127.0.0.1:40000"));
    assert_false(comes(&p, "tcp://192.0.2.1:40000"));
    assert_false(comes(&p, "tls://127.0.0.1:40000"));
    assert_false(comes(&p, "sctp://127.0.0.1:40000"));
    p.addresses = listed;
    p.n_addresses = 2;
    p.on_sctp = true;
    assert_true(comes(&p, "tcp://192.0.2.1:40000"));
    assert_true(comes(&p, "sctp://[2001:db8::1]:40000"));
    assert_false(comes(&p, "tcp://192.0.2.2:40000"));
    assert_false(comes(&p, "tcp://127.0.0.1:40000"));
    assert_true(comes(&agent, "tls://192.0.2.9:40000"));
}

static enum refusal admitted(const struct peer_rules *p, const char *realm, const char *from,
                             bool shares)
{
    const struct address remote = at(from);
    const struct node_cer cer = {.origin_host = bytes_of_str(p->origin_host),
                                 .origin_realm = bytes_of_str(realm),
                                 .remote = &remote,
                                 .address = address_print_ip(&remote),
                                 .shares_application = shares};
    return peer_rules_admit(p, &cer);
}

static void a_cer_has_to_say_what_the_configuration_says(void **state)
{
    (void)state;
    static const char here[] = "tcp://127.0.0.1:4";
    assert_int_equal(admitted(&end, "VISITED.example.org", here, true), REFUSAL_NONE);
    assert_int_equal(admitted(&end, "example.org", here, true), REFUSAL_PEER_REALM);
    assert_int_equal(admitted(&end, REALM, "tcp://192.0.2.1:4", true), REFUSAL_PEER_ADDRESS);
    assert_int_equal(admitted(&end, REALM, here, false), REFUSAL_PEER_NO_COMMON_APPLICATION);
    /* over TLS without a certificate that names it */
    assert_int_equal(admitted(&agent, agent.realm, "tls://192.0.2.1:4", true),
                     REFUSAL_PEER_CERTIFICATE);
}

/* ---- requests ---- */

struct ask {
    const char *origin, *realm, *to_realm, *to_host;
    const char *route[3];
};

static enum refusal ask(const struct peer_rules *peer, struct ask q)
{
    static uint8_t octets[4096];
    size_t n;
    struct s6a_air air = {.visited_plmn_id = BYTES_LIT("\x00\xf1\x10")};
    struct diameter_routing routing;
    s6a_request_begin(&air.request, 1, 2);
    air.request.session_id = BYTES_LIT("s;1;1");
    air.request.origin_host = bytes_of_str(q.origin != NULL ? q.origin : MME);
    air.request.origin_realm = bytes_of_str(q.realm != NULL ? q.realm : REALM);
    air.request.destination_realm =
        bytes_of_str(q.to_realm != NULL ? q.to_realm : self.origin_realm);
    if (q.to_host != NULL) {
        air.request.destination_host = bytes_of_str(q.to_host);
    }
    air.request.user_name = BYTES_LIT("001010000000001");
    air.requested_eutran_authentication_info.present = true;
    for (size_t i = 0; i < 3 && q.route[i] != NULL; i++) {
        air.request.route_record[air.request.route_record_n++] = bytes_of_str(q.route[i]);
    }
    assert_ok(s6a_air_write(32473, &air, MBYTES_OF(octets), &n));
    assert_ok(diameter_routing_read((struct bytes){octets, n}, &routing));
    return peer_rules_request(&self, peer, (struct bytes){octets, n}, &routing);
}

static void a_request_has_to_be_for_here(void **state)
{
    (void)state;
    assert_int_equal(ask(&end, (struct ask){0}), REFUSAL_NONE);
    assert_int_equal(ask(&end, (struct ask){.to_host = "HSS.home.example.org"}), REFUSAL_NONE);
    assert_int_equal(ask(&end, (struct ask){.to_host = "hss2.home.example.org"}),
                     REFUSAL_NOT_THIS_HOST);
    assert_int_equal(ask(&end, (struct ask){.to_realm = "epc.mnc070.mcc999.3gppnetwork.org"}),
                     REFUSAL_NONE);
    assert_int_equal(ask(&end, (struct ask){.to_realm = "epc.mnc071.mcc999.3gppnetwork.org"}),
                     REFUSAL_NOT_OURS);
    assert_int_equal(ask(&agent, (struct ask){.route = {MME, SELF}}), REFUSAL_LOOP);
}

static void an_end_speaks_for_itself_and_an_agent_for_whom_it_lists(void **state)
{
    (void)state;
    static const struct {
        bool agent, open; /* open: an agent without a list of origins */
        struct ask ask;
        bool may;
    } all[] = {
        {false, false, {.origin = "mme2." REALM}, false},
        {false, false, {.realm = "second.example.org"}, false},
        {false, false, {.route = {MME}}, false},
        {true, false, {.route = {MME}}, true},
        {true, false, {.route = {MME, "mme2." REALM, DRA}}, true},
        {true, false, {.origin = MME}, false},
        {true, false, {.route = {"mme2." REALM}}, false},
        {true, false, {.route = {MME, "evil.example.org"}}, false},
        {true, false, {.realm = "transit.example.org", .route = {MME}}, false},
        {true, false, {.origin = "mme3." REALM, .route = {"mme3." REALM}}, false},
        {true, true, {.origin = "mme3." REALM, .route = {"mme3." REALM}}, true},
        {true,
         true,
         {.origin = "mme3.second.example.org", .route = {"mme3.second.example.org"}},
         true},
        {true, true, {.origin = REALM, .route = {REALM}}, false},
        {true, true, {.origin = "evil-" REALM, .route = {"evil-" REALM}}, false},
        {true, true, {.route = {MME}}, false}, /* it connects itself */
    };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        struct peer_rules open = agent;
        open.n_origins = 0;
        const enum refusal why = ask(all[i].open    ? &open
                                     : all[i].agent ? &agent
                                                    : &end,
                                     all[i].ask);
        if (why != (all[i].may ? REFUSAL_NONE : REFUSAL_ORIGIN_NOT_ALLOWED)) {
            fail_msg("%zu: %s", i, refusal_row(why)->name);
        }
    }
}

static void a_peer_asks_for_its_own_plmns_only(void **state)
{
    (void)state;
    static const uint8_t first[] = {0x00, 0xf1, 0x10}, second[] = {0x99, 0xf9, 0x07};
    assert_int_equal(peer_rules_visited(&end, first), REFUSAL_NONE);
    assert_int_equal(peer_rules_visited(&end, second), REFUSAL_VISITED_PLMN_NOT_ALLOWED);
    assert_int_equal(peer_rules_visited(&agent, first), REFUSAL_VISITED_PLMN_NOT_ALLOWED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_tls_only_a_listed_address_or_loopback_may_come),
        cmocka_unit_test(a_cer_has_to_say_what_the_configuration_says),
        cmocka_unit_test(a_request_has_to_be_for_here),
        cmocka_unit_test(an_end_speaks_for_itself_and_an_agent_for_whom_it_lists),
        cmocka_unit_test(a_peer_asks_for_its_own_plmns_only)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
