/* Home networks and their peers when the configuration was read again: src/nf/mmed/hss_peers.c, and
 * what waits for answers meanwhile. */
#include "mmed/s1_world.h"

#include "nf/mmed/hss_parts.h"

static struct world w;
static const char *const IMSI = "001010123456789";
static const char *const OTHER = "001010123456780";

static void assert_rejected(unsigned enb, uint8_t cause)
{
    struct s1ap_pdu r = w_next(&w, enb, S1AP_DOWNLINK_NAS_TRANSPORT);
    struct bytes nas = r.u.downlink_nas_transport.nas_pdu;
    assert_int_equal(w_nas_type(nas), NAS_ATTACH_REJECT);
    assert_int_equal(nas.p[2], cause);
    (void)w_next(&w, enb, S1AP_UE_CONTEXT_RELEASE_COMMAND);
}

static void begin_attach(unsigned enb, uint32_t enb_id, const char *imsi)
{
    w.ue.imsi = imsi;
    w.ue.secured = false;
    w_initial(&w, enb, enb_id, rig_attach_request(&w.ue, NAS_SHT_PLAIN), NULL);
}

static struct mmed_config other;
static struct mmed_peer other_peer;
static struct mmed_home other_home;

/* `other` is what counts, a copy of what counted until `alter` had its way. */
static void change(void (*alter)(void))
{
    struct hss_change *c = NULL;
    struct tls_why why;
    other = w.config;
    other_peer = other.peers[0];
    other_home = other.homes[0];
    other.peers = &other_peer;
    other.homes = &other_home;
    if (alter != NULL) {
        alter();
    }
    assert_ok(hss_change_open(w.m.hss, &other, &c, &why));
    hss_change_take(w.m.hss, c);
    w.m.config = &other;
}

static void elsewhere(void)
{
    assert_ok(address_parse("tcp://127.0.0.1:1", &other_peer.address));
}

static void another_realm(void)
{
    static char realm[] = "moved.example";
    other_home.realm = realm;
}

static void await_air(void)
{
    for (unsigned i = 0; i < W_TURNS && w.airs == 0; i++) {
        w_turn(&w);
    }
    assert_int_equal(w.airs, 1);
}

static void a_peer_that_stays_keeps_its_connection(void **state)
{
    (void)state;
    w_open(&w, NULL);
    w_set_up(&w, 0);
    const node_handle conn = w.conn;
    w.silent = true;
    begin_attach(0, 1, IMSI);
    await_air();
    change(NULL);
    w_turns(&w, 20);
    assert_non_null(node_find(w.hss, conn));
    assert_int_equal(w.conn, conn);
    w.silent = false;
    (void)w_attach(&w, 0, 2, OTHER);
    w_close(&w);
}

static void a_peer_that_was_lost_is_tried_soon_and_then_less_often(void **state)
{
    (void)state;
    assert_int_equal(hss_retry_ms(0, 5000, 0), 200);
    assert_int_equal(hss_retry_ms(1, 5000, 0), 400);
    assert_int_equal(hss_retry_ms(4, 5000, 0), 3200);
    assert_int_equal(hss_retry_ms(5, 5000, 0), 5000);
    assert_int_equal(hss_retry_ms(4711, 3600000, 0), 3600000);
    for (uint32_t i = 0; i < 1024; i++) {
        const uint64_t wait = hss_retry_ms(3, 1000, i);
        assert_true(wait <= 1000 && wait >= 750);
    }
    w_open(&w, NULL);
    w_set_up(&w, 0);
    struct hss_peer *peer = w.m.hss->peers[0];
    node_disconnect(w.hss, node_find(w.hss, w.conn), DIAMETER_REBOOTING);
    for (unsigned i = 0; i < W_TURNS && peer->handle != 0; i++) {
        w_turn(&w);
    }
    assert_int_equal(peer->handle, 0);
    assert_int_equal(peer->tries, 1);
    assert_true(peer->next_try_ms <= w.m.now_ms + HSS_RETRY_MS);
    assert_true(mmed_wait_ms(&w.m) <= (int)HSS_RETRY_MS);
    w_close(&w);
}

static void a_peer_that_is_gone_gets_dpr_and_what_waits_for_it_ends(void **state)
{
    (void)state;
    w_open(&w, NULL);
    w_set_up(&w, 0);
    const node_handle conn = w.conn;
    w.silent = true;
    begin_attach(0, 1, IMSI);
    await_air();
    change(elsewhere);
    assert_rejected(0, 17); /* at once, not when the request has timed out */
    assert_null(node_find(w.hss, conn));
    assert_null(w.m.hss->leaving);
    begin_attach(0, 2, IMSI);
    assert_rejected(0, 17);
    w.m.config = &w.config;
    w_close(&w);
}

static void a_request_for_a_home_that_is_gone_goes_nowhere_else(void **state)
{
    (void)state;
    w_open(&w, NULL);
    w_set_up(&w, 0);
    w.silent = true;
    begin_attach(0, 1, IMSI);
    await_air();
    change(another_realm);
    node_disconnect(w.hss, node_find(w.hss, w.conn), DIAMETER_REBOOTING);
    assert_rejected(0, 17);
    assert_int_equal(w.airs, 1);
    w_close(&w);
}

static void what_waited_for_room_waits_at_its_new_place(void **state)
{
    (void)state;
    w_open(&w, NULL);
    struct hss *h = w.m.hss;
    struct hss_pending *p = h->free; /* as send_or_wait leaves it, when a connection is full */
    h->free = p->next;
    h->n_free--;
    *p = (struct hss_pending){.kind = HSS_NOR, .home = 0, .tried = 1};
    h->waiting[0][0].first = p;
    h->waiting[0][0].end = &p->next;
    h->n_waiting = 1;
    const size_t moved[] = {1}, gone[] = {0, SIZE_MAX};
    hss_move_homes(h, moved, 2, calloc(2, 2 * sizeof(struct hss_queue)));
    assert_int_equal(h->n_waiting, 1);
    assert_null(h->waiting[0][0].first);
    assert_ptr_equal(h->waiting[1][0].first, p);
    assert_int_equal(p->home, 1);
    assert_int_equal(p->tried, 0);
    hss_move_homes(h, gone, 1, calloc(1, 2 * sizeof(struct hss_queue)));
    assert_int_equal(h->n_waiting, 0);
    assert_ptr_equal(h->failed, p);
    w_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_peer_that_stays_keeps_its_connection),
        cmocka_unit_test(a_peer_that_was_lost_is_tried_soon_and_then_less_often),
        cmocka_unit_test(a_peer_that_is_gone_gets_dpr_and_what_waits_for_it_ends),
        cmocka_unit_test(a_request_for_a_home_that_is_gone_goes_nowhere_else),
        cmocka_unit_test(what_waited_for_room_waits_at_its_new_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
