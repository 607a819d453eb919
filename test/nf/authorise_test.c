/* test/nf/authorise_test.c - who may ask what: ends, agents, Route-Record, realms, PLMNs. */
#include "lib/check.h"

#include "codec/s6a.h"
#include "nf/hssd/authorise.h"

#include <string.h>

#define HSS   "hss.epc.mnc001.mcc001.3gppnetwork.org"
#define REALM "epc.mnc001.mcc001.3gppnetwork.org"
#define MME   "mme1.visited.example.org"
#define DRA   "dra.transit.example.org"

static char *agent_origins[] = {(char[]){MME}, (char[]){"mme2.visited.example.org"}};
static char *agent_realms[] = {(char[]){"visited.example.org"}};
static struct plmn home[] = {{"001", "01"}};
static struct hssd_config config = {.origin_host = (char[]){HSS},
                                    .origin_realm = (char[]){"home.example.org"},
                                    .plmns = home,
                                    .n_plmns = 1};
static struct hssd_peer end = {.origin_host = (char[]){MME},
                               .realm = (char[]){"visited.example.org"},
                               .kind = HSSD_PEER_END,
                               .visited_plmns = home,
                               .n_visited_plmns = 1};
static struct hssd_peer agent = {.origin_host = (char[]){DRA},
                                 .realm = (char[]){"transit.example.org"},
                                 .kind = HSSD_PEER_AGENT,
                                 .origins = agent_origins,
                                 .n_origins = 2,
                                 .realms = agent_realms,
                                 .n_realms = 1};

struct ask {
    const char *origin;
    const char *realm;
    const char *to_realm;
    const char *to_host;
    const char *route[3];
};

static enum refusal ask(const struct hssd_peer *peer, const struct ask *q)
{
    static uint8_t octets[4096];
    size_t n;
    struct s6a_air air = {.visited_plmn_id = BYTES_LIT("\x00\xf1\x10")};
    struct diameter_routing routing;
    struct diameter_header header;
    s6a_request_begin(&air.request, 1, 2);
    air.request.session_id = BYTES_LIT("s;1;1");
    air.request.origin_host = bytes_of_str(q->origin);
    air.request.origin_realm = bytes_of_str(q->realm);
    air.request.destination_realm = bytes_of_str(q->to_realm);
    if (q->to_host != NULL) {
        air.request.destination_host = bytes_of_str(q->to_host);
    }
    air.request.user_name = BYTES_LIT("001010000000001");
    air.requested_eutran_authentication_info.present = true;
    for (size_t i = 0; i < 3 && q->route[i] != NULL; i++) {
        air.request.route_record[air.request.route_record_n++] = bytes_of_str(q->route[i]);
    }
    assert_ok(s6a_air_write(32473, &air, MBYTES_OF(octets), &n));
    struct bytes msg = {octets, n};
    assert_ok(diameter_header_read(msg, &header));
    assert_ok(diameter_routing_read(msg, &routing));
    return request_allowed(&config, peer, &header, msg, &routing);
}

#define GOOD .origin = MME, .realm = "visited.example.org", .to_realm = REALM

static void an_end_speaks_for_itself_only(void **state)
{
    (void)state;
    assert_int_equal(ask(&end, &(struct ask){GOOD}), REFUSAL_NONE);
    assert_int_equal(ask(&end, &(struct ask){GOOD, .to_host = HSS}), REFUSAL_NONE);
    assert_int_equal(ask(&end, &(struct ask){.origin = "mme2.visited.example.org",
                                             .realm = "visited.example.org",
                                             .to_realm = REALM}),
                     REFUSAL_ORIGIN_NOT_ALLOWED);
    assert_int_equal(
        ask(&end, &(struct ask){.origin = MME, .realm = "other.example.org", .to_realm = REALM}),
        REFUSAL_ORIGIN_NOT_ALLOWED);
    assert_int_equal(ask(&end, &(struct ask){GOOD, .route = {MME}}), REFUSAL_ORIGIN_NOT_ALLOWED);
}

static void an_agent_carries_its_listed_origins_and_route_record_agrees(void **state)
{
    (void)state;
    assert_int_equal(ask(&agent, &(struct ask){GOOD, .route = {MME}}), REFUSAL_NONE);
    assert_int_equal(ask(&agent, &(struct ask){GOOD, .route = {MME, DRA}}), REFUSAL_NONE);
    assert_int_equal(ask(&agent, &(struct ask){GOOD}), REFUSAL_ORIGIN_NOT_ALLOWED);
    assert_int_equal(ask(&agent, &(struct ask){GOOD, .route = {"mme2.visited.example.org"}}),
                     REFUSAL_ORIGIN_NOT_ALLOWED);
    assert_int_equal(ask(&agent, &(struct ask){GOOD, .route = {MME, "evil.example.org"}}),
                     REFUSAL_ORIGIN_NOT_ALLOWED);
    assert_int_equal(ask(&agent, &(struct ask){.origin = "mme3.visited.example.org",
                                               .realm = "visited.example.org",
                                               .to_realm = REALM,
                                               .route = {"mme3.visited.example.org"}}),
                     REFUSAL_ORIGIN_NOT_ALLOWED);
    assert_int_equal(ask(&agent, &(struct ask){.origin = MME,
                                               .realm = "transit.example.org",
                                               .to_realm = REALM,
                                               .route = {MME}}),
                     REFUSAL_ORIGIN_NOT_ALLOWED);
}

/* Without a list of origins: hosts of its realms, and none that connects itself. */
static void an_agent_of_realms_carries_hosts_below_them_only(void **state)
{
    (void)state;
    struct hssd_peer open = agent;
    open.origins = NULL;
    open.n_origins = 0;
    assert_int_equal(ask(&open, &(struct ask){GOOD, .route = {MME}}), REFUSAL_NONE);
    assert_int_equal(ask(&open, &(struct ask){GOOD, .route = {MME, DRA}}), REFUSAL_NONE);
    static const char *const not_below[] = {"mme1.other.example.org", "evil-visited.example.org",
                                            "visited.example.org", "org"};
    for (size_t i = 0; i < sizeof not_below / sizeof *not_below; i++) {
        assert_int_equal(ask(&open, &(struct ask){.origin = not_below[i],
                                                  .realm = "visited.example.org",
                                                  .to_realm = REALM,
                                                  .route = {not_below[i]}}),
                         REFUSAL_ORIGIN_NOT_ALLOWED);
    }
    assert_int_equal(ask(&open, &(struct ask){GOOD, .route = {MME, "dra.other.example.org"}}),
                     REFUSAL_ORIGIN_NOT_ALLOWED);
    config.peers = &end;
    config.n_peers = 1;
    assert_int_equal(ask(&open, &(struct ask){GOOD, .route = {MME}}), REFUSAL_ORIGIN_NOT_ALLOWED);
    assert_int_equal(ask(&agent, &(struct ask){GOOD, .route = {MME}}), REFUSAL_NONE);
    config.peers = NULL;
    config.n_peers = 0;
}

static void loops_and_other_destinations_are_named(void **state)
{
    (void)state;
    assert_int_equal(ask(&agent, &(struct ask){GOOD, .route = {MME, HSS}}), REFUSAL_LOOP);
    assert_int_equal(ask(&end, &(struct ask){GOOD, .to_host = "hss2.example.org"}),
                     REFUSAL_NOT_THIS_HOST);
    assert_int_equal(ask(&end, &(struct ask){.origin = MME,
                                             .realm = "visited.example.org",
                                             .to_realm = "elsewhere.example.org"}),
                     REFUSAL_NOT_OURS);
    assert_int_equal(ask(&end, &(struct ask){.origin = MME,
                                             .realm = "visited.example.org",
                                             .to_realm = "HOME.example.org"}),
                     REFUSAL_NONE);
}

static void a_visited_plmn_must_be_the_peers(void **state)
{
    (void)state;
    static const uint8_t ours[3] = {0x00, 0xf1, 0x10};
    static const uint8_t other[3] = {0x62, 0xf2, 0x10};
    assert_int_equal(visited_allowed(&end, ours), REFUSAL_NONE);
    assert_int_equal(visited_allowed(&end, other), REFUSAL_VISITED_PLMN_NOT_ALLOWED);
    assert_int_equal(visited_allowed(&agent, ours), REFUSAL_VISITED_PLMN_NOT_ALLOWED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_end_speaks_for_itself_only),
        cmocka_unit_test(an_agent_carries_its_listed_origins_and_route_record_agrees),
        cmocka_unit_test(an_agent_of_realms_carries_hosts_below_them_only),
        cmocka_unit_test(loops_and_other_destinations_are_named),
        cmocka_unit_test(a_visited_plmn_must_be_the_peers),
    };
    return cmocka_run_group_tests_name("authorise", tests, NULL, NULL);
}
