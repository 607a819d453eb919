/* test/nf/admit_test.c - who is let in (src/nf/hssd/admit.c): every way to be refused, with its
 * name. Events end here, not in a store. */
#include "lib/check.h"

#include "nf/hssd/admit.h"
#include "nf/hssd/peers.h"

#include <stdio.h>
#include <string.h>

#define MME   "mme1.example.org"
#define REALM "example.org"

static char last_event[32];
static char last_cause[48];

void hssd_event(struct hssd *h, const char *name, const struct imsi *imsi, const struct imei *imei,
                const char *peer, const char *cause, const char *detail)
{
    (void)h, (void)imsi, (void)imei, (void)peer, (void)detail;
    snprintf(last_event, sizeof last_event, "%s", name);
    snprintf(last_cause, sizeof last_cause, "%s", cause);
}

static struct hssd_peer peers[1];
static struct hssd_peer_state *states[1];
static struct hssd_config config = {.peers = peers, .n_peers = 1};
static struct hssd h;

static int world_up(void **state)
{
    (void)state;
    static char mme[] = MME;
    static char realm[] = REALM;
    peers[0] =
        (struct hssd_peer){.origin_host = mme, .realm = realm, .on_tcp = true, .connections = 1};
    hssd_peers_stop(&h);
    h = (struct hssd){.config = &config};
    assert_ok(hssd_peers_start(&h));
    states[0] = hssd_peer_by_host(&h, BYTES_LIT(MME));
    last_event[0] = last_cause[0] = '\0';
    return 0;
}

struct from {
    const char *host, *realm, *at;
    bool stranger_to_s6a;
};

static enum refusal admit(const struct from *f)
{
    struct address remote;
    struct hssd_peer_state *peer;
    assert_ok(address_parse(f->at ? f->at : "tcp://127.0.0.1:40000", &remote));
    const struct node_cer cer = {.origin_host = bytes_of_str(f->host ? f->host : MME),
                                 .origin_realm = bytes_of_str(f->realm ? f->realm : REALM),
                                 .remote = &remote,
                                 .address = address_print_ip(&remote),
                                 .shares_application = !f->stranger_to_s6a};
    return hssd_admit(&h, &cer, &peer);
}

static void refused(const struct from *f, enum refusal r)
{
    assert_int_equal(admit(f), r);
    assert_string_equal(last_event, "peer-refused");
    assert_string_equal(last_cause, refusal_row(r)->name);
    assert_int_equal(atomic_load(&states[0]->connections), 0);
}

static void only_who_is_configured_gets_in(void **state)
{
    (void)state;
    refused(&(struct from){.host = "mme2.example.org"}, REFUSAL_PEER_UNKNOWN);
    refused(&(struct from){.host = "mme1.example.or"}, REFUSAL_PEER_UNKNOWN);
    refused(&(struct from){.realm = "example.com"}, REFUSAL_PEER_REALM);
    refused(&(struct from){.stranger_to_s6a = true}, REFUSAL_PEER_NO_COMMON_APPLICATION);
    assert_int_equal(admit(&(struct from){.host = "MME1.example.org"}), REFUSAL_NONE);
}

/* What is meant for TLS is not had over TCP, nor TLS with somebody else's certificate (or none). */
static void a_peer_of_tls_is_no_peer_without_it(void **state)
{
    (void)state;
    peers[0].on_tcp = false;
    peers[0].on_tls = true;
    refused(&(struct from){.host = NULL}, REFUSAL_PEER_ADDRESS);
    refused(&(struct from){.at = "tls://127.0.0.1:40000"}, REFUSAL_PEER_CERTIFICATE);
}

static void without_tls_the_address_must_be_listed_or_loopback(void **state)
{
    (void)state;
    refused(&(struct from){.at = "tcp://192.0.2.1:40000"}, REFUSAL_PEER_ADDRESS);
    struct address listed;
    assert_ok(address_parse("tcp://192.0.2.1", &listed));
    peers[0].addresses = &listed;
    peers[0].n_addresses = 1;
    refused(&(struct from){.host = NULL}, REFUSAL_PEER_ADDRESS);
    refused(&(struct from){.at = "tcp://192.0.2.2:40000"}, REFUSAL_PEER_ADDRESS);
    assert_int_equal(admit(&(struct from){.at = "tcp://192.0.2.1:40000"}), REFUSAL_NONE);
}

static void a_peer_has_no_more_connections_than_it_may(void **state)
{
    (void)state;
    const struct from good = {.host = NULL};
    assert_int_equal(admit(&good), REFUSAL_NONE);
    assert_int_equal(admit(&good), REFUSAL_PEER_LIMIT);
    assert_string_equal(last_cause, "peer-limit");
    assert_int_equal(atomic_load(&states[0]->connections), 1);
    hssd_leave(states[0]);
    assert_int_equal(admit(&good), REFUSAL_NONE);
}

#define CASE(f) cmocka_unit_test_setup(f, world_up)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(only_who_is_configured_gets_in),
        CASE(a_peer_of_tls_is_no_peer_without_it),
        CASE(without_tls_the_address_must_be_listed_or_loopback),
        CASE(a_peer_has_no_more_connections_than_it_may),
    };
    return cmocka_run_group_tests_name("admit", tests, NULL, NULL);
}
