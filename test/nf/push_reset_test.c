/* Who is told of a reset, in which order and how often: src/nf/hssd/push_reset.c, with a real store
 * and a real writer. Where a test looks by itself (push_resets) there is no thread; where there is
 * one, an answer makes for the next look. A crash is a HSS whose store was not closed. */
#include "nf/push_world.h"

#include "store/store_backup.h"

#define VISITED "epc.mnc002.mcc262.3gppnetwork.org"
#define SILENT  (2 * PUSH_ASKS + 2)
#define HOUR_MS 3600000

static struct hssd_peer was_peer;
static char *visited_realms[] = {(char[]){VISITED}};

/* The second peer is an agent that carries a whole realm, and names nobody. */
static int agent_up(void **state)
{
    config.reset_pause_seconds = 0;
    was_peer = peers[1];
    peers[1].kind = HSSD_PEER_AGENT;
    peers[1].realms = visited_realms;
    peers[1].n_realms = 1;
    return world_up(state);
}

static int agent_down(void **state)
{
    int rc = world_down(state);
    peers[1] = was_peer;
    config.reset_pause_seconds = 0;
    return rc;
}

static void register_at(const char *imsi_digits, const char *host, const char *realm)
{
    struct store_writer *w = store_the_writer(hss.store);
    struct store_serving now = {.plmn = {0, 0xf1, 0x10}, .since = 1}, before;
    const struct imsi imsi = imsi_of(imsi_digits);
    put_subscriber(imsi_digits, 0, false);
    snprintf(now.host, sizeof now.host, "%s", host);
    snprintf(now.realm, sizeof now.realm, "%s", realm);
    assert_ok(store_begin(w));
    assert_ok(store_set_serving(w, &imsi, &now, NULL, &before));
    assert_ok(store_commit(w));
}

static void crash(void)
{
    push_down(false);
    hss_stop();
    hss_start();
}

static void open_only(void)
{
    struct store_why why;
    assert_ok(push_open(&hss, &why));
}

static void remove_with(const char *path, const char *suffix)
{
    char whole[STORE_ASIDE_MAX + 16];
    snprintf(whole, sizeof whole, "%s%s", path, suffix);
    (void)unlink(whole); /* not all of them are there */
}

/* A store that was open once, and was not closed. */
static void after_a_crash(void)
{
    open_only();
    crash();
}

/* ---- requests and answers ---- */

struct asked {
    char host[STORE_HOST_MAX];
    char realm[STORE_HOST_MAX];
    uint64_t cookie;
    uint8_t answer[512];
    size_t n;
};

static struct asked next_reset(void)
{
    struct s6a_rsr rsr;
    struct diameter_fault fault;
    struct s6a_rsa rsa = {.answer = {.header = {0}}};
    struct asked a = {.n = 0};
    assert_int_equal(next_command(), S6A_RESET);
    assert_ok(s6a_rsr_parse(OWN, (struct bytes){thread.sent, thread.sent_n}, &rsr, &fault));
    const struct bytes host = rsr.request.destination_host, realm = rsr.request.destination_realm;
    assert_true(host.n < sizeof a.host && realm.n < sizeof a.realm);
    memcpy(a.host, host.p, host.n);
    memcpy(a.realm, realm.p, realm.n);
    a.cookie = thread.cookie;
    fill_answer(&rsr.request, DIAMETER_SUCCESS, &rsa.answer);
    assert_ok(s6a_rsa_write(OWN, &rsa, MBYTES_OF(a.answer), &a.n));
    return a;
}

static void answer_it(const struct asked *a)
{
    push_answered(&hss, a->cookie, (struct bytes){a->answer, a->n});
}

static void leave_it(const struct asked *a)
{
    push_answered(&hss, a->cookie, (struct bytes){NULL, 0});
}

static struct store_node node_of(const char *host)
{
    struct store_node node = {.tries = 0};
    assert_ok(store_read_node(thread.reader, host, &node));
    return node;
}

/* A look of the test's own. */
static void look(void)
{
    push_peer_opened(&hss);
    push_resets(hss.push);
}

/* ---- who, and in which order ---- */

static void name_of(size_t i, char out[static STORE_HOST_MAX])
{
    snprintf(out, STORE_HOST_MAX, "mme%03zu." VISITED, i);
}

/* An agent in front of more nodes than may be under way at once, all but the last of them silent:
 * nobody is asked again before everybody was asked. */
/*= test op-reset */
static void silent_nodes_behind_an_agent_keep_nobody_from_being_told(void **state)
{
    static bool was_asked[SILENT + 1];
    char host[STORE_HOST_MAX], imsi[16];
    (void)state;
    memset(was_asked, 0, sizeof was_asked);
    for (size_t i = 0; i <= SILENT; i++) {
        snprintf(imsi, sizeof imsi, "00101%010zu", 100 + i);
        name_of(i, host);
        register_at(imsi, host, VISITED);
    }
    after_a_crash();
    assert_ok(push_open(&hss, &(struct store_why){0}));
    route_to(1);
    assert_ok(push_start(&hss, &(struct store_why){0}));
    for (size_t i = 0; i <= SILENT; i++) {
        const struct asked a = next_reset();
        const size_t who = strtoul(a.host + 3, NULL, 10);
        assert_true(who <= SILENT && !was_asked[who]);
        assert_string_equal(a.realm, VISITED);
        was_asked[who] = true;
        if (who == SILENT) {
            answer_it(&a);
        } else {
            leave_it(&a);
        }
    }
    name_of(SILENT, host);
    await_told(host, 1);
    name_of(0, host);
    assert_int_equal(node_of(host).told, 0);
    assert_true(node_of(host).tries >= 1);
    push_down(true);
}

static void who_registered_and_who_is_named_is_told_and_nobody_else(void **state)
{
    (void)state;
    register_at(IMSI_A, "mme7." VISITED, VISITED);
    register_at(IMSI_B, "mme8.elsewhere.example", "elsewhere.example");
    after_a_crash();
    open_only();
    route_to(0);
    route_to(1);
    look();
    struct asked a = next_reset(), b = next_reset();
    const bool first = strcmp(a.host, MME1) == 0;
    assert_string_equal(first ? a.host : b.host, MME1); /* it registered nobody */
    assert_string_equal(first ? b.host : a.host, "mme7." VISITED);
    assert_false(pump_waiting()); /* no way leads elsewhere; the agent itself is no MME */
    push_down(true);
}

static void one_look_at_a_time_asks_nobody_twice(void **state)
{
    (void)state;
    after_a_crash();
    open_only();
    route_to(0);
    look();
    look(); /* it is under way */
    const struct asked a = next_reset();
    assert_string_equal(a.host, MME1);
    look();
    assert_false(pump_waiting());
    push_down(true);
}

/* ---- how often ---- */

static void a_node_that_came_back_is_asked_at_once(void **state)
{
    (void)state;
    after_a_crash();
    push_up();
    route_to(0);
    push_peer_opened(&hss);
    struct asked a = next_reset();
    const struct store_node node = node_of(MME1); /* left, it is asked again in two seconds */
    leave_it(&a);
    assert_int_equal(node.asked, 1);
    assert_int_equal(node.tries, 1);
    assert_true(node.next_try > node.asked_at);
    routes_remove(hss.routes, &thread, 1);
    while (push_unix_ms() <= node.asked_at) { /* the connection is younger than the try */
    }
    route_to(0);
    push_peer_opened(&hss);
    a = next_reset();
    answer_it(&a);
    await_told(MME1, 1);
    assert_int_equal(node_of(MME1).tries, 0);
    push_down(true);
}

static void asked_at(const char *host, uint64_t epoch, int64_t at)
{
    struct store_writer *w = store_the_writer(hss.store);
    struct store_node node = node_of(host);
    node.asked = epoch;
    node.asked_at = at;
    node.next_try = at + 1000;
    assert_ok(store_begin(w));
    assert_ok(store_node_asked(w, &node));
    assert_ok(store_commit(w));
}

static void a_clock_that_was_set_back_makes_nobody_wait(void **state)
{
    (void)state;
    register_at(IMSI_A, MME1, REALM);
    after_a_crash();
    asked_at(MME1, 1, push_unix_ms() + 10 * HOUR_MS);
    open_only();
    route_to(0);
    look();
    assert_string_equal(next_reset().host, MME1);
    push_down(true);
}

/* A HSS that crashes again and again does not have each node mark all its devices each time. */
/*= test op-reset */
static void a_node_is_told_of_one_reset_in_each_pause_and_of_the_last_one_in_any_case(void **state)
{
    struct asked a;
    (void)state;
    config.reset_pause_seconds = 600;
    after_a_crash();
    push_up();
    route_to(0);
    push_peer_opened(&hss);
    a = next_reset();
    answer_it(&a);
    await_told(MME1, 1);
    for (uint64_t epoch = 2; epoch < 5; epoch++) {
        crash();
        open_only();
        route_to(0);
        look();
        assert_int_equal(hss.push->reset.epoch, epoch);
        assert_false(pump_waiting());
        const int64_t wait = hss.push->resets_ms - (int64_t)hssd_monotonic_ms();
        assert_true(wait <= 600 * 1000);
    }
    crash();
    asked_at(MME1, 1, push_unix_ms() - HOUR_MS); /* the pause is over */
    open_only();
    route_to(0);
    look();
    assert_int_equal(node_of(MME1).asked, 5); /* stored, before it leaves */
    assert_string_equal(next_reset().host, MME1);
    push_down(true);
}

static void the_pause_is_that_of_the_configuration_in_force(void **state)
{
    struct asked a;
    (void)state;
    config.reset_pause_seconds = 600;
    after_a_crash();
    push_up();
    route_to(0);
    push_peer_opened(&hss);
    a = next_reset();
    answer_it(&a);
    await_told(MME1, 1);
    crash();
    open_only();
    route_to(0);
    look();
    assert_false(pump_waiting());
    config.reset_pause_seconds = 0;
    look();
    assert_string_equal(next_reset().host, MME1);
    push_down(true);
}

/* The answer came, and was not written down: once more, and never not at all. */
/*= test op-reset */
static void a_crash_between_the_answer_and_its_record_tells_the_node_twice(void **state)
{
    struct asked a;
    (void)state;
    after_a_crash();
    open_only();
    route_to(0);
    look();
    a = next_reset();
    answer_it(&a); /* there is no thread that would write it */
    assert_int_equal(node_of(MME1).told, 0);
    crash();
    push_up();
    route_to(0);
    push_peer_opened(&hss);
    a = next_reset();
    assert_string_equal(a.host, MME1);
    answer_it(&a);
    await_told(MME1, 2);
    push_down(true);
}

/* A backup of a store in use, put in its place again: the store was closed in order, and has
 * forgotten all the same. */
/*= test op-reset op-restore */
static void after_a_restore_nodes_are_told(void **state)
{
    char db[128], key[128], copy[128];
    struct store_why why;
    struct store_manifest made;
    static struct store_restored restored;
    (void)state;
    snprintf(db, sizeof db, "%s/hss.db", dir);
    snprintf(key, sizeof key, "%s/kek", dir);
    snprintf(copy, sizeof copy, "%s/copy", dir);
    register_at(IMSI_A, "mme7." VISITED, VISITED);
    push_up();
    assert_ok(
        store_backup_make(&(struct store_backup_options){.store = db, .out = copy}, &made, &why));
    register_at(IMSI_B, "mme8." VISITED, VISITED); /* after it: nobody will know */
    push_down(true);
    hss_stop();
    const struct store_restore_options o = {
        .backup = copy, .store = db, .kek_path = key, .now = made.made};
    assert_ok(store_restore(&o, &restored, &why));
    hss_start();
    push_up();
    route_to(0);
    route_to(1);
    push_peer_opened(&hss);
    for (unsigned i = 0; i < 2; i++) {
        const struct asked a = next_reset();
        assert_string_not_equal(a.host, "mme8." VISITED);
        answer_it(&a);
        await_told(a.host, hss.push->reset.epoch);
    }
    assert_int_equal(node_of("mme7." VISITED).told, hss.push->reset.epoch);
    assert_int_equal(node_of(MME1).told, hss.push->reset.epoch);
    push_down(true);
    remove_with(copy, "");
    remove_with(copy, ".manifest");
    remove_with(restored.aside, "");
    remove_with(restored.aside, "-wal");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, agent_up, agent_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(silent_nodes_behind_an_agent_keep_nobody_from_being_told),
        TEST(who_registered_and_who_is_named_is_told_and_nobody_else),
        TEST(one_look_at_a_time_asks_nobody_twice),
        TEST(a_node_that_came_back_is_asked_at_once),
        TEST(a_clock_that_was_set_back_makes_nobody_wait),
        TEST(a_node_is_told_of_one_reset_in_each_pause_and_of_the_last_one_in_any_case),
        TEST(the_pause_is_that_of_the_configuration_in_force),
        TEST(after_a_restore_nodes_are_told),
        TEST(a_crash_between_the_answer_and_its_record_tells_the_node_twice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
