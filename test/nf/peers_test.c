/* States of peers across snapshots, while other threads look: src/nf/hssd/peers.c, and who may
 * stay, src/nf/hssd/admit.c. */
#include "lib/check.h"

#include "nf/hssd/admit.h"
#include "nf/hssd/peers.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#define REALM "example.org"

/* Three hosts; a snapshot has some of them. */
static char a_host[] = "a.example.org", b_host[] = "b.example.org", c_host[] = "c.example.org";
static char realm[] = REALM;

#define PEER(host, n)                                                                              \
    {                                                                                              \
        .origin_host = (host), .realm = realm, .on_tcp = true, .connections = (n)                  \
    }
static struct hssd_peer first_peers[] = {PEER(a_host, 1), PEER(b_host, 1)};
static struct hssd_peer second_peers[] = {PEER(b_host, 5), PEER(c_host, 1)};
static struct hssd_config first = {.peers = first_peers, .n_peers = 2};
static struct hssd_config second = {.peers = second_peers, .n_peers = 2};
static struct hssd h;
/* Others may look at them until the end. */
#define TABLES 4096
static struct hssd_peers_table *replaced[TABLES];
static size_t n_replaced;

static void take(const struct hssd_config *config)
{
    struct hssd_peers_change *change = NULL;
    assert_ok(hssd_peers_prepare(&h, config, &change));
    assert_true(n_replaced < TABLES);
    replaced[n_replaced++] = hssd_peers_change(&h, change);
    atomic_store(&h.config, config);
}

static int world_up(void **state)
{
    (void)state;
    h = (struct hssd){.config = &first};
    assert_ok(hssd_peers_start(&h));
    return 0;
}

static int world_down(void **state)
{
    (void)state;
    hssd_peers_stop(&h);
    while (n_replaced > 0) {
        hssd_peers_table_free(replaced[--n_replaced]);
    }
    return 0;
}

static struct hssd_peer_state *of(const char *host)
{
    return hssd_peer_by_host(&h, bytes_of_str(host));
}

static bool may_stay(const struct hssd_peer_state *peer, const char *host)
{
    struct address remote;
    assert_ok(address_parse("tcp://127.0.0.1:40000", &remote));
    const struct node_cer cer = {.origin_host = bytes_of_str(host),
                                 .origin_realm = BYTES_LIT(REALM),
                                 .remote = &remote,
                                 .shares_application = true};
    return hssd_may_stay(peer, &cer);
}

static void a_state_stays_and_says_what_its_peer_may_now(void **state)
{
    (void)state;
    struct hssd_peer_state *a = of(a_host), *b = of("B.example.org");
    size_t n = 0;
    assert_non_null(a);
    assert_non_null(b);
    assert_null(of(c_host));
    take(&second);
    assert_null(of(a_host));
    assert_ptr_equal(of(b_host), b);
    assert_non_null(of(c_host));
    const struct hssd_peer *now = b->peer;
    assert_int_equal(now->connections, 5);
    assert_true(atomic_load(&a->removed));
    assert_false(may_stay(a, a_host));
    assert_true(may_stay(b, b_host));
    struct hssd_peer_state *const *all = hssd_peers_all(&h, &n);
    assert_int_equal(n, 2);
    assert_ptr_equal(all[0], b);
    take(&first);
    assert_ptr_equal(of(a_host), a);
    assert_true(may_stay(a, a_host));
    assert_null(of(c_host));
}

static void who_may_not_be_there_any_more_may_not_stay(void **state)
{
    (void)state;
    struct hssd_peer_state *b = of(b_host);
    assert_true(may_stay(b, b_host));
    second_peers[0].on_tcp = false;
    take(&second);
    assert_false(may_stay(b, b_host));
    second_peers[0].on_tcp = true;
}

static void what_was_prepared_and_dropped_changes_nothing(void **state)
{
    (void)state;
    struct hssd_peers_change *change = NULL;
    assert_ok(hssd_peers_prepare(&h, &second, &change));
    hssd_peers_change_drop(change);
    assert_non_null(of(a_host));
    assert_null(of(c_host));
}

/* ---- while others look ---- */

static atomic_bool stopping;

static void *looks(void *arg)
{
    atomic_uint *seen = arg;
    while (!atomic_load(&stopping)) {
        size_t n = 0;
        struct hssd_peer_state *const *all = hssd_peers_all(&h, &n);
        struct hssd_peer_state *b = of(b_host);
        bool whole = n == 2 && all[0] != all[1] && b != NULL && (all[0] == b || all[1] == b);
        for (size_t i = 0; whole && i < n; i++) {
            const struct hssd_peer *p = all[i]->peer;
            whole = strstr(p->origin_host, ".example.org") != NULL;
        }
        if (!whole) {
            return seen; /* not NULL: a fault */
        }
        (void)may_stay(b, b_host);
        atomic_fetch_add(seen, 1);
    }
    return NULL;
}

static void who_looks_meanwhile_sees_the_peers_of_one_snapshot(void **state)
{
    (void)state;
    pthread_t threads[3];
    atomic_uint seen = 0;
    atomic_store(&stopping, false);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, looks, &seen), 0);
    }
    for (unsigned i = 0; i < 500; i++) {
        take(i % 2 == 0 ? &second : &first);
    }
    while (atomic_load(&seen) < 1000) {
        sched_yield();
    }
    atomic_store(&stopping, true);
    for (size_t i = 0; i < 3; i++) {
        void *fault = NULL;
        assert_int_equal(pthread_join(threads[i], &fault), 0);
        assert_null(fault);
    }
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, world_up, world_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_state_stays_and_says_what_its_peer_may_now),
        CASE(who_may_not_be_there_any_more_may_not_stay),
        CASE(what_was_prepared_and_dropped_changes_nothing),
        CASE(who_looks_meanwhile_sees_the_peers_of_one_snapshot),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
