/* The table of UEs against a naive one: random operations, the same answers. Then what it promises:
 * ids rest before they come back, timers come once and not early, and work does not grow with the
 * number of UEs. */
#include "nf/mmed/ue_table.h"

#include "lib/check.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const uint8_t seed[16] = {1, 2, 3};

static struct ue_table *open_table(size_t max, uint64_t now_ms)
{
    struct ue_table *t = NULL;
    assert_ok(ue_table_open(max, seed, now_ms, &t));
    return t;
}

static struct imsi imsi_of(unsigned i)
{
    char digits[16];
    struct imsi imsi;
    snprintf(digits, sizeof digits, "00101%010u", i);
    assert_ok(imsi_parse(bytes_of_str(digits), &imsi));
    return imsi;
}

/* ---- the naive one --------------------------------------------------------------------------- */

enum { MAX = 300, ENBS = 3, IMSIS = 40, TMSIS = 80, SPAN_MS = 400000 };
struct row {
    struct ue *ue; /* NULL: free */
    uint32_t id;
    uint64_t enb;
    uint32_t enb_id;
    int imsi; /* -1: none */
    uint32_t m_tmsi[2];
    uint64_t deadline[EMM_TIMER_COUNT]; /* 0: not running */
};
static struct model {
    struct ue_table *t;
    uint64_t now, random;
    struct row rows[MAX];
    struct ue_list lists[ENBS];
    unsigned done[16];
} m;

static uint64_t draw(uint64_t n)
{
    return test_rand(&m.random) % n;
}

static struct row *some(void)
{
    struct row *r = &m.rows[draw(MAX)];
    return r->ue != NULL ? r : NULL;
}

static bool tmsi_taken(uint32_t v)
{
    for (unsigned i = 0; i < MAX; i++) {
        if (m.rows[i].ue != NULL && (m.rows[i].m_tmsi[0] == v || m.rows[i].m_tmsi[1] == v)) {
            return true;
        }
    }
    return false;
}

static void make(void)
{
    for (unsigned i = 0; i < MAX; i++) {
        if (m.rows[i].ue == NULL) {
            struct ue *ue = ue_table_new(m.t);
            assert_non_null(ue);
            m.rows[i] = (struct row){.ue = ue, .id = ue->id, .imsi = -1};
            assert_true(ue_slot(ue) < MAX);
            assert_true(ue->id >= UE_TABLE_MAX);
            return;
        }
    }
    assert_null(ue_table_new(m.t)); /* full */
}

static void end(struct row *r)
{
    ue_table_free(m.t, r->ue);
    assert_null(ue_table_find(m.t, r->id));
    r->ue = NULL;
}

static void connect(struct row *r)
{
    unsigned enb = (unsigned)draw(ENBS);
    uint32_t id = (uint32_t)draw(1 << 24);
    if (ue_table_by_enb(m.t, enb + 1, id) == NULL) {
        ue_connect(m.t, r->ue, &m.lists[enb], enb + 1, id, 1);
        r->enb = enb + 1;
        r->enb_id = id;
    }
}

static void tmsi(struct row *r)
{
    uint32_t v = (uint32_t)draw(TMSIS);
    if (draw(2) == 0) {
        bool room = v != 0 && (r->m_tmsi[0] == 0 || r->m_tmsi[1] == 0);
        if (tmsi_taken(v) && v != 0) {
            return;
        }
        assert_int_equal(ue_table_add_m_tmsi(m.t, r->ue, v), room);
        if (room) {
            r->m_tmsi[r->m_tmsi[0] == 0 ? 0 : 1] = v;
        }
        return;
    }
    v = r->m_tmsi[draw(2)];
    ue_table_drop_m_tmsi(m.t, r->ue, v);
    for (unsigned i = 0; i < 2; i++) {
        r->m_tmsi[i] = r->m_tmsi[i] == v ? 0 : r->m_tmsi[i];
    }
}

static void timer(struct row *r)
{
    unsigned which = (unsigned)draw(EMM_TIMER_COUNT);
    if (draw(4) == 0) {
        ue_timer_stop(m.t, r->ue, (enum emm_timer)which);
        r->deadline[which] = 0;
    } else { /* soon, or rounds of the wheel away */
        r->deadline[which] = m.now + draw(draw(2) == 0 ? 200 : SPAN_MS);
        ue_timer_start(m.t, r->ue, (enum emm_timer)which, r->deadline[which]);
    }
}

static struct row *row_of(const struct ue *ue)
{
    for (unsigned i = 0; i < MAX; i++) {
        if (m.rows[i].ue == ue) {
            return &m.rows[i];
        }
    }
    fail_msg("a UE that nobody made");
    return NULL;
}

/* While timers expire, their UEs go, others go, and timers are started and stopped. */
static void pass_time(void)
{
    enum emm_timer which;
    struct ue *ue;
    unsigned looked = 0;
    m.now += draw(10) == 0 ? draw(SPAN_MS * 2) : draw(300);
    while ((ue = ue_timer_expired(m.t, m.now, &which)) != NULL) {
        struct row *r = row_of(ue);
        assert_true(r->deadline[which] != 0);
        assert_true(r->deadline[which] <= m.now);
        r->deadline[which] = 0;
        assert_true(++looked < 10000);
        unsigned then = (unsigned)draw(8);
        struct row *other = some();
        if (then == 0) {
            end(r);
        } else if (then == 1 && other != NULL) {
            end(other);
        } else if (then == 2 && other != NULL) {
            timer(other);
        } else if (then == 3) {
            timer(r);
        }
    }
    for (unsigned i = 0; i < MAX;
         i++) { /* what is due has come, but for what began at this moment */
        for (unsigned k = 0; m.rows[i].ue != NULL && k < EMM_TIMER_COUNT; k++) {
            uint64_t d = m.rows[i].deadline[k];
            assert_true(d == 0 || d >= m.now);
        }
    }
}

static void look(void)
{
    struct imsi imsi;
    size_t n = 0, connected[ENBS] = {0};
    for (unsigned i = 0; i < MAX; i++) {
        const struct row *r = &m.rows[i];
        if (r->ue == NULL) {
            continue;
        }
        n++;
        assert_ptr_equal(ue_table_find(m.t, r->id), r->ue);
        assert_int_equal(r->ue->enb, r->enb);
        if (r->enb != 0) {
            assert_ptr_equal(ue_table_by_enb(m.t, r->enb, r->enb_id), r->ue);
            connected[r->enb - 1]++;
        }
        for (unsigned k = 0; k < 2; k++) {
            if (r->m_tmsi[k] != 0) {
                assert_ptr_equal(ue_table_by_m_tmsi(m.t, r->m_tmsi[k]), r->ue);
            }
        }
    }
    assert_int_equal(ue_table_count(m.t), n);
    for (unsigned i = 0; i < ENBS; i++) {
        size_t in_list = 0;
        for (struct ue *u = m.lists[i].first; u != NULL; u = u->enb_next) {
            assert_int_equal(row_of(u)->enb, i + 1);
            in_list++;
        }
        assert_int_equal(in_list, connected[i]);
        assert_int_equal(m.lists[i].n, connected[i]);
    }
    for (unsigned i = 0; i < IMSIS; i++) {
        unsigned want = 0, got = 0;
        imsi = imsi_of(i);
        for (unsigned k = 0; k < MAX; k++) {
            want += m.rows[k].ue != NULL && m.rows[k].imsi == (int)i;
        }
        for (struct ue *u = ue_table_by_imsi(m.t, &imsi); u != NULL; u = ue_table_next_by_imsi(u)) {
            assert_int_equal(row_of(u)->imsi, i);
            got++;
        }
        assert_int_equal(got, want);
    }
    for (uint32_t v = 1; v < TMSIS; v++) {
        assert_int_equal(ue_table_by_m_tmsi(m.t, v) != NULL, tmsi_taken(v));
    }
    assert_null(ue_table_by_m_tmsi(m.t, 0));
    assert_null(ue_table_find(m.t, 0));
}

static void act(struct row *r)
{
    struct imsi imsi;
    switch (draw(8)) {
    case 0:
        end(r);
        return;
    case 1:
    case 2:
        connect(r);
        return;
    case 3:
        ue_disconnect(m.t, r->ue);
        r->enb = 0;
        return;
    case 4:
        r->imsi = (int)draw(IMSIS);
        imsi = imsi_of((unsigned)r->imsi);
        ue_table_set_imsi(m.t, r->ue, &imsi);
        return;
    case 5:
        tmsi(r);
        return;
    default:
        timer(r);
        return;
    }
}

static void whatever_is_done_the_table_answers_like_a_list_that_is_walked(void **state)
{
    (void)state;
    for (unsigned round = 0; round < 3; round++) {
        memset(&m, 0, sizeof m);
        m.random = 100 + round;
        m.now = round == 0 ? 0 : draw(1u << 30);
        m.t = open_table(MAX, m.now);
        for (unsigned i = 0; i < 15000; i++) {
            struct row *r = some();
            if (r == NULL || draw(4) == 0) {
                make();
            } else {
                act(r);
            }
            if (i % 7 == 0) {
                pass_time();
            }
            if (i % 50 == 0) {
                look();
            }
        }
        ue_table_close(m.t); /* with what is still in it */
    }
}

/* ---- ids ------------------------------------------------------------------------------------- */

static void an_id_rests_for_a_million_attaches(void **state)
{
    (void)state;
    struct ue_table *t = open_table(1000, 0);
    struct ue *ue = ue_table_new(t);
    uint32_t first = ue->id;
    for (unsigned i = 0; i < 1000000; i++) {
        ue_table_free(t, ue);
        ue = ue_table_new(t);
        assert_int_not_equal(ue->id, first);
        assert_null(ue_table_find(t, first));
    }
    ue_table_close(t);
}

static void an_id_comes_back_after_all_others_and_never_as_nobodys(void **state)
{
    (void)state;
    struct ue_table *t = open_table(1, 0);
    uint32_t first = 0;
    for (unsigned i = 0; i < 4095 * 2; i++) {
        struct ue *ue = ue_table_new(t);
        assert_non_null(ue);
        assert_null(ue_table_new(t));
        assert_true(ue->id >= UE_TABLE_MAX);
        first = i == 0 ? ue->id : first;
        assert_int_equal(ue->id == first, i % 4095 == 0);
        assert_int_equal(ue_slot(ue), 0);
        ue_table_free(t, ue);
    }
    ue_table_close(t);
}

static void ids_of_nobody_are_no_ues_and_all_different(void **state)
{
    (void)state;
    static bool seen[UE_TABLE_MAX];
    struct ue_table *t = open_table(2000, 0);
    for (unsigned i = 0; i < 2000; i++) {
        assert_non_null(ue_table_new(t));
    }
    for (unsigned i = 0; i < UE_TABLE_MAX - 1; i++) {
        uint32_t id = ue_table_nobody(t);
        assert_true(id > 0 && id < UE_TABLE_MAX);
        assert_false(seen[id]);
        seen[id] = true;
        assert_null(ue_table_find(t, id));
    }
    ue_table_close(t);
}

static void slots_stay_below_the_bound_so_that_each_has_an_address(void **state)
{
    (void)state;
    for (size_t max = 1; max <= 600; max += 37) {
        struct ue_table *t = open_table(max, 0);
        for (unsigned round = 0; round < 5; round++) {
            for (size_t i = 0; i < max; i++) {
                struct ue *ue = ue_table_new(t);
                assert_non_null(ue);
                assert_true(ue_slot(ue) < max);
            }
            assert_null(ue_table_new(t));
            while (ue_table_count(t) > 0) {
                for (uint32_t slot = 0; slot < max; slot++) {
                    struct ue *ue = ue_table_find(t, slot + (round + 1) * UE_TABLE_MAX);
                    assert_non_null(ue);
                    ue_table_free(t, ue);
                }
            }
        }
        ue_table_close(t);
    }
}

static void a_table_of_none_or_of_too_many_is_refused(void **state)
{
    (void)state;
    struct ue_table *t = NULL;
    assert_err(ue_table_open(0, seed, 0, &t), E_BAD_VALUE);
    assert_err(ue_table_open(UE_TABLE_MAX + 1, seed, 0, &t), E_BAD_VALUE);
    assert_null(t);
    ue_table_close(NULL);
}

static void what_was_in_a_slot_is_not_in_it_any_more(void **state)
{
    (void)state;
    struct ue_table *t = open_table(1, 0);
    struct ue *ue = ue_table_new(t);
    struct imsi imsi = imsi_of(1);
    ue_table_set_imsi(t, ue, &imsi);
    assert_true(ue_table_add_m_tmsi(t, ue, 7));
    ue_timer_start(t, ue, EMM_TIMER_ATTACH, 10);
    ue->asked = 5;
    memset(ue->emm, 0x5a, 64);
    ue_table_free(t, ue);
    ue = ue_table_new(t);
    assert_false(ue->has_imsi);
    assert_int_equal(ue->asked, 0);
    assert_int_equal(emm_ue_state(ue->emm), EMM_DEREGISTERED);
    assert_null(ue_table_by_imsi(t, &imsi));
    assert_null(ue_table_by_m_tmsi(t, 7));
    enum emm_timer which;
    assert_null(ue_timer_expired(t, 100000, &which));
    ue_table_close(t);
}

/* ---- timers ---------------------------------------------------------------------------------- */

/* Waits as the loop does, and says how late the timer came and how often the loop woke up. */
static uint64_t late_by(uint64_t start, uint64_t ms, unsigned *wakes)
{
    struct ue_table *t = open_table(4, start);
    struct ue *ue = ue_table_new(t);
    enum emm_timer which;
    uint64_t now = start;
    *wakes = 0;
    ue_timer_start(t, ue, EMM_TIMER_PROCEDURE, start + ms);
    while (ue_timer_expired(t, now, &which) == NULL) {
        int wait = ue_timer_wait_ms(t, now);
        assert_true(wait > 0 && wait <= 1100);
        now += (uint64_t)wait;
        (*wakes)++;
        assert_true(*wakes < 100000);
    }
    assert_int_equal(which, EMM_TIMER_PROCEDURE);
    assert_int_equal(ue_timer_wait_ms(t, now), -1);
    ue_table_close(t);
    assert_true(now >= start + ms);
    return now - start - ms;
}

static void a_timer_comes_within_a_tick_of_its_time_and_never_before(void **state)
{
    (void)state;
    static const uint64_t spans[] = {0,    1,      31,     32,     33,      1000,
                                     6000, 131071, 131072, 131073, 3480000, 100000000};
    for (size_t i = 0; i < sizeof spans / sizeof spans[0]; i++) {
        for (uint64_t start = 1000000; start < 1000064; start += 7) {
            unsigned wakes;
            assert_true(late_by(start, spans[i], &wakes) <= 32);
            assert_true(wakes <= 4 + spans[i] / 500);
        }
    }
}

static void a_clock_that_jumps_brings_every_timer_once(void **state)
{
    (void)state;
    static const uint64_t jumps[] = {1, 131072, 131072 * 2 + 5, UINT64_C(1) << 40};
    for (size_t j = 0; j < sizeof jumps / sizeof jumps[0]; j++) {
        struct ue_table *t = open_table(100, 5000);
        enum emm_timer which;
        unsigned due = 0, came = 0;
        for (uint64_t i = 0; i < 100; i++) {
            uint64_t deadline = 5000 + i * i * 311;
            due += deadline <= 5000 + jumps[j];
            ue_timer_start(t, ue_table_new(t), EMM_TIMER_REACHABLE, deadline);
        }
        while (ue_timer_expired(t, 5000 + jumps[j], &which) != NULL) {
            came++;
        }
        assert_int_equal(came, due);
        ue_table_close(t);
    }
}

/* The wheel has gone past a timer of a later round, which is then moved: what stands behind it in
 * the bucket comes all the same. */
static void a_timer_that_was_passed_over_and_moves_takes_nobody_with_it(void **state)
{
    (void)state;
    const uint64_t now = 64000, round = UINT64_C(4096) * 32;
    for (int stops = 0; stops < 2; stops++) {
        struct ue_table *t = open_table(3, now);
        struct ue *ues[3];
        enum emm_timer which;
        for (int i = 0; i < 3; i++) { /* each is put in front: the late one is met first */
            ues[i] = ue_table_new(t);
            ue_timer_start(t, ues[i], EMM_TIMER_ATTACH, i < 2 ? now : now + round);
        }
        assert_ptr_equal(ue_timer_expired(t, now, &which), ues[1]);
        if (stops) {
            ue_timer_stop(t, ues[2], EMM_TIMER_ATTACH);
        } else {
            ue_timer_start(t, ues[2], EMM_TIMER_ATTACH, now + 5000);
        }
        assert_ptr_equal(ue_timer_expired(t, now, &which), ues[0]);
        assert_null(ue_timer_expired(t, now, &which));
        ue_table_close(t);
    }
}

/* Chains as a UE's own links show them: how many UEs stand behind it. */
static size_t behind(const struct ue *ue)
{
    size_t n = 0;
    for (const struct ue *u = ue->imsi_next; u != NULL; u = u->imsi_next) {
        n++;
    }
    for (const struct ue *u = ue->m_tmsi_next[0]; u != NULL; u = u->m_tmsi_next[0]) {
        n++;
    }
    for (const struct ue *u = ue->by_enb_next; u != NULL; u = u->by_enb_next) {
        n++;
    }
    return n;
}

static void
chains_stay_short_with_a_hundred_thousand_ues_whose_names_follow_each_other(void **state)
{
    (void)state;
    enum { MANY = 100000 };
    struct ue_table *t = open_table(MANY, 0);
    struct ue_list list = {NULL, 0};
    size_t most = 0, all = 0;
    for (unsigned i = 0; i < MANY; i++) {
        struct ue *ue = ue_table_new(t);
        struct imsi imsi = imsi_of(i);
        ue_table_set_imsi(t, ue, &imsi);
        assert_true(ue_table_add_m_tmsi(t, ue, (i + 1) << 8 | 0xc0));
        ue_connect(t, ue, &list, UINT64_C(1) << 32 | 1, i, 1);
        size_t n = behind(ue);
        most = n > most ? n : most;
        all += n;
    }
    assert_int_equal(list.n, MANY);
    assert_true(most <= 30); /* three chains together */
    assert_true(all <= 3u * MANY);
    ue_table_close(t);
}

/* A wake-up passes over the timers of a tick or two, not over all that run. */
static void idle_ues_cost_a_wake_up_nothing_much(void **state)
{
    (void)state;
    enum { MANY = 50000 };
    struct ue_table *t = open_table(MANY, 0);
    enum emm_timer which;
    uint64_t random = 3;
    for (unsigned i = 0; i < MANY; i++) {
        ue_timer_start(t, ue_table_new(t), EMM_TIMER_REACHABLE,
                       3480000 + test_rand(&random) % 1000000);
    }
    uint64_t now = 0;
    unsigned wakes = 0;
    for (; now < 60000; wakes++) { /* a minute in which nothing is due */
        assert_null(ue_timer_expired(t, now, &which));
        int wait = ue_timer_wait_ms(t, now);
        assert_true(wait > 0);
        now += (uint64_t)wait;
    }
    assert_true(wakes <= 60000 / 32 + 1);
    ue_table_close(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whatever_is_done_the_table_answers_like_a_list_that_is_walked),
        cmocka_unit_test(an_id_rests_for_a_million_attaches),
        cmocka_unit_test(an_id_comes_back_after_all_others_and_never_as_nobodys),
        cmocka_unit_test(ids_of_nobody_are_no_ues_and_all_different),
        cmocka_unit_test(slots_stay_below_the_bound_so_that_each_has_an_address),
        cmocka_unit_test(a_table_of_none_or_of_too_many_is_refused),
        cmocka_unit_test(what_was_in_a_slot_is_not_in_it_any_more),
        cmocka_unit_test(a_timer_comes_within_a_tick_of_its_time_and_never_before),
        cmocka_unit_test(a_timer_that_was_passed_over_and_moves_takes_nobody_with_it),
        cmocka_unit_test(a_clock_that_jumps_brings_every_timer_once),
        cmocka_unit_test(
            chains_stay_short_with_a_hundred_thousand_ues_whose_names_follow_each_other),
        cmocka_unit_test(idle_ues_cost_a_wake_up_nothing_much),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
