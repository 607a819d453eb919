/* mmed.c and step.c from the operator's side: what he reads in the log, in the event list and in a
 * trace, and what nobody reads there. */
#include "mmed/s1_world.h"

#include <fcntl.h>

static struct world w;
static const char *const IMSI = "001010123456789";

/* ---- the log -----------------------------------------------------------------------------------
 */

static char text[1 << 20];

static struct log *log_to(int *fd, bool mask)
{
    char path[] = "/tmp/mmed_test_XXXXXX";
    struct log *log = NULL;
    *fd = mkstemp(path);
    assert_true(*fd >= 0);
    (void)unlink(path);
    const struct log_options options = {
        .program = "bindery-mmed", .fd = *fd, .level = LOG_LEVEL_INFO, .mask_imsi = mask};
    assert_ok(log_open(&options, &log));
    return log;
}

static void read_all_of(int fd)
{
    ssize_t n = pread(fd, text, sizeof text - 1, 0);
    assert_true(n >= 0);
    text[n] = '\0';
}

static unsigned occurs(const char *what)
{
    unsigned n = 0;
    for (const char *at = text; (at = strstr(at, what)) != NULL; at += strlen(what)) {
        n++;
    }
    return n;
}

static void a_flood_of_one_refusal_hides_no_other_in_the_log_or_the_list(void **state)
{
    (void)state;
    struct mmed m;
    struct emm_who who = {.has_imsi = true};
    struct mmed_event_row row;
    int fd;
    memset(&m, 0, sizeof m);
    m.log = log_to(&fd, true);
    assert_ok(events_open(160, &m.events));
    assert_ok(imsi_parse(bytes_of_str(IMSI), &who.imsi));
    for (int i = 0; i < 1000; i++) {
        mmed_tell(&m, NULL, REFUSAL_NAS_MALFORMED, "noise");
    }
    mmed_tell(&m, &who, REFUSAL_BINDING_FAILED, NULL);
    mmed_event(&m, "hss-lost", NULL, "timeout", "hss.home.example");
    read_all_of(fd);
    assert_int_equal(occurs("nas-malformed"), LOG_BURST);
    assert_int_equal(occurs("binding-failed"), 1);
    assert_int_equal(occurs("hss-lost"), 1);
    assert_int_equal(occurs("\"level\":\"warning\""), 2); /* what somebody should look at */
    assert_int_equal(occurs(IMSI), 0);
    assert_int_equal(occurs("00101*******789"), 1);
    assert_int_equal(m.counters.refusals[REFUSAL_NAS_MALFORMED], 1000);
    assert_int_equal(m.counters.events_lost, 1000 - 160 / 16);
    unsigned alarms = 0;
    for (uint64_t after = 0; events_next(m.events, after, &row); after = row.id) {
        alarms += strcmp(row.cause, "binding-failed") == 0 || strcmp(row.name, "hss-lost") == 0;
    }
    assert_int_equal(alarms, 2);
    events_close(m.events);
    log_close(m.log);
    close(fd);
}

/* ---- traces ------------------------------------------------------------------------------------
 */

static bool contains(const uint8_t *in, size_t n, const uint8_t *what, size_t what_n)
{
    for (size_t i = 0; i + what_n <= n; i++) {
        if (memcmp(in + i, what, what_n) == 0) {
            return true;
        }
    }
    return false;
}

/* A whole attach into a trace: the keys of it are there with secrets and not without. */
static void a_trace_holds_no_key_unless_secrets_were_wanted(void **state)
{
    (void)state;
    static uint8_t trace[1 << 20];
    for (int secrets = 0; secrets < 2; secrets++) {
        char path[] = "/tmp/mmed_trace_XXXXXX";
        int fd = mkstemp(path);
        struct pcapng_writer *writer = NULL;
        struct key_kenb kenb;
        assert_true(fd >= 0);
        (void)unlink(path);
        assert_ok(pcapng_create_fd(dup(fd), "mmed_test", &writer));
        w_trace = writer;
        w_trace_secrets = secrets != 0;
        w_open(&w, NULL);
        w_trace = NULL;
        w_set_up(&w, 0);
        struct w_ue u = w_attach(&w, 0, 1, IMSI);
        assert_ok(nassec_kenb(&w.ue.crypto, &u.security, 0, &kenb)); /* of SECURITY MODE COMPLETE */
        struct key_kasme kasme = u.security.agreed.kasme;
        w_close(&w);
        pcapng_close(writer);
        ssize_t n = pread(fd, trace, sizeof trace, 0);
        assert_true(n > 1000);
        assert_int_equal(contains(trace, (size_t)n, kenb.b, sizeof kenb.b), secrets);
        assert_int_equal(contains(trace, (size_t)n, kasme.b, sizeof kasme.b), secrets);
        assert_int_equal(contains(trace, (size_t)n, (const uint8_t *)"nas-eps_plain", 13), secrets);
        assert_true(contains(trace, (size_t)n, (const uint8_t *)"s1ap", 4));
        assert_true(contains(trace, (size_t)n, (const uint8_t *)"diameter", 8));
        close(fd);
    }
}

/* ---- what is left behind ------------------------------------------------------------------------
 */

static void after_a_release_memory_of_a_step_holds_no_key(void **state)
{
    (void)state;
    struct key_kenb kenb;
    w_open(&w, NULL);
    w_set_up(&w, 0);
    struct w_ue u = w_attach(&w, 0, 1, IMSI);
    assert_ok(nassec_kenb(&w.ue.crypto, &u.security, 0, &kenb));
    assert_false(contains(w.m.scratch, 2 * MMED_SCRATCH, kenb.b, sizeof kenb.b));
    assert_false(contains(w.m.out, MMED_OUT_MAX, kenb.b, sizeof kenb.b));
    struct ue *ue = ue_table_find(w.m.ues, u.mme_id);
    const uint8_t *memory = (const uint8_t *)ue->emm;
    assert_true(contains(memory, emm_ue_size, u.security.agreed.kasme.b, 32));
    w_uplink(&w, 0, u.mme_id, 1, rig_detach_request(&w.ue, NAS_SHT_CIPHERED, true));
    (void)w_next(&w, 0, S1AP_UE_CONTEXT_RELEASE_COMMAND);
    assert_false(contains(memory, emm_ue_size, u.security.agreed.kasme.b, 32));
    assert_false(contains(memory, emm_ue_size, (const uint8_t *)IMSI, 15));
    w_close(&w);
}

/* ---- time --------------------------------------------------------------------------------------
 */

static void count(void *arg, struct ue *ue)
{
    (void)ue;
    (*(size_t *)arg)++;
}

/* All UEs of an eNB that was lost fall due together: each wake-up takes its share of them. */
static void timers_that_fall_due_together_are_taken_in_turns(void **state)
{
    (void)state;
    enum { MANY = 2500 };
    w_open(&w, NULL);
    for (unsigned i = 0; i < MANY; i++) {
        struct ue *ue = ue_table_new(w.m.ues);
        ue->emm->state = EMM_IDLE;
        ue_timer_start(w.m.ues, ue, EMM_TIMER_REACHABLE, w.m.now_ms + 10);
    }
    w.m.now_ms += 1000;
    for (size_t left = MANY; left > 0;) {
        size_t now = 0;
        mmed_timers(&w.m);
        ue_table_each(w.m.ues, count, &now);
        assert_true(now < left && left - now <= 1000);
        left = now;
        assert_true(left == 0 || ue_timer_wait_ms(w.m.ues, w.m.now_ms) == 0);
    }
    assert_int_equal(w.m.counters.detaches, MANY);
    w_close(&w);
}

static void an_attach_that_nobody_goes_on_with_ends_by_itself(void **state)
{
    (void)state;
    w_open(&w, NULL);
    w_set_up(&w, 0);
    uint32_t id = w_begin(&w, 0, 1, IMSI);
    for (unsigned again = 0; again < 4; again++) {
        w.m.now_ms += 6100;
        mmed_timers(&w.m);
        struct s1ap_pdu r = w_next(&w, 0, S1AP_DOWNLINK_NAS_TRANSPORT);
        assert_int_equal(w_nas_type(r.u.downlink_nas_transport.nas_pdu),
                         NAS_AUTHENTICATION_REQUEST);
        struct ue *ue = ue_table_find(w.m.ues, id);
        assert_non_null(ue); /* now_ms is the real clock's again: its timer is put where it was */
        ue_timer_start(w.m.ues, ue, EMM_TIMER_PROCEDURE, w.m.now_ms + 6000);
    }
    w.m.now_ms += 6100;
    mmed_timers(&w.m);
    (void)w_next(&w, 0, S1AP_UE_CONTEXT_RELEASE_COMMAND);
    assert_true(w_told(&w, REFUSAL_ATTACH_TIMEOUT));
    assert_int_equal(ue_table_count(w.m.ues), 0);
    assert_int_equal(w.m.attaching, 0);
    w_close(&w);
}

/* ---- times -------------------------------------------------------------------------------------
 */

static uint64_t timed(const struct metrics_histogram *h)
{
    struct metrics_times sum = {.sum_ns = 0};
    uint64_t n = 0;
    metrics_times_add(h, &sum);
    for (unsigned i = 0; i < METRICS_BUCKETS; i++) {
        n += sum.n[i];
    }
    assert_int_equal(n > 0, sum.sum_ns > 0);
    return n;
}

static void attaches_and_answers_of_home_networks_are_timed(void **state)
{
    (void)state;
    w_open(&w, NULL);
    w_set_up(&w, 0);
    const struct mmed_times *t = &w.m.times;
    (void)w_attach(&w, 0, 1, IMSI);
    assert_int_equal(timed(&t->attaches[MMED_ATTACH_COMPLETE]), 1);
    assert_int_equal(timed(&t->asked[MMED_ASKED_AIR]), 1);
    assert_int_equal(timed(&t->asked[MMED_ASKED_ULR]), 1);
    (void)w_begin(&w, 0, 2, "001010123456788");
    assert_int_equal(timed(&t->asked[MMED_ASKED_AIR]), 2);
    assert_int_equal(timed(&t->attaches[MMED_ATTACH_COMPLETE]), 1);
    assert_int_equal(timed(&t->attaches[MMED_ATTACH_ENDED]), 0);
    w_close(&w);
}

static void a_refused_attach_is_timed_as_ended(void **state)
{
    (void)state;
    w_open(&w, NULL);
    w_set_up(&w, 0);
    w.air_code = S6A_USER_UNKNOWN;
    w.ue.imsi = IMSI;
    w.ue.secured = false;
    w_initial(&w, 0, 1, rig_attach_request(&w.ue, NAS_SHT_PLAIN), NULL);
    (void)w_next(&w, 0, S1AP_DOWNLINK_NAS_TRANSPORT);
    assert_int_equal(timed(&w.m.times.attaches[MMED_ATTACH_ENDED]), 1);
    assert_int_equal(timed(&w.m.times.attaches[MMED_ATTACH_COMPLETE]), 0);
    assert_int_equal(timed(&w.m.times.attaches[MMED_ATTACH_ABANDONED]), 0);
    w_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_flood_of_one_refusal_hides_no_other_in_the_log_or_the_list),
        cmocka_unit_test(a_trace_holds_no_key_unless_secrets_were_wanted),
        cmocka_unit_test(after_a_release_memory_of_a_step_holds_no_key),
        cmocka_unit_test(timers_that_fall_due_together_are_taken_in_turns),
        cmocka_unit_test(an_attach_that_nobody_goes_on_with_ends_by_itself),
        cmocka_unit_test(attaches_and_answers_of_home_networks_are_timed),
        cmocka_unit_test(a_refused_attach_is_timed_as_ended),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
