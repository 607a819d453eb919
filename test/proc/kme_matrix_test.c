/* No lock-out: whatever happens to a message of procedure kme, and whoever is killed at whichever
 * step, before or after it stored what it did, afterwards the device has service within two
 * accesses, and it and its home network have one and the same key (proc/kme.h). Prints the table.
 */
#include "proc/kme_world.h"

#include <stdio.h>

static struct krig rig;
static struct world w;

static int rig_up(void **state)
{
    (void)state;
    krig_open(&rig, BINDING_PUBLIC_KEY);
    return 0;
}

static int rig_down(void **state)
{
    (void)state;
    krig_close(&rig);
    return 0;
}

/* ---- where it begins ---- */

enum mode {
    FIRST,       /* nobody has a key */
    RENEWAL,     /* both have one, and the operator wants another */
    REBINDING,   /* the same, and he approves of any device */
    DEVICE_LOST, /* only the home network has one, and he approves of any device */
    HOME_LOST,   /* only the device has one */
    MODES
};

static void begin(enum mode mode)
{
    static const struct key_kme old = {"an earlier KME."};
    w = (struct world){.rig = &rig, .sqn = 5000, .late_at = -1};
    w.aka = (struct aka_keys){
        .algorithm = AKA_MILENAGE, .k.n = 16, .opc.n = 16, .res_len = 8, .keccak_iterations = 1};
    memset(w.aka.k.b, 0x4b, 16);
    memset(w.aka.opc.b, 0x0c, 16);
    w.device.usim.keys = w.aka;
    w.home.view.policy = BINDING_LEARN;
    if (mode != FIRST && mode != HOME_LOST) {
        w.home.view.n_devices = 1;
        w.home.view.devices[0] =
            (struct binding_device){.imei = rig.parties.imei, .has_kme = true, .kme = old};
        kme_home_request(&w.home.home, mode == RENEWAL ? KME_REQUEST_RENEW : KME_REQUEST_REBIND,
                         NULL);
    }
    if (mode != FIRST && mode != DEVICE_LOST) {
        w.device.keys = (struct kme_me){.has_active = true, .active = old};
    }
    w.device_stored = w.device;
    w.home_stored = w.home;
}

/* ---- how it ends ---- */

static bool one_key_on_both_sides(void)
{
    const struct kme_me *me = &w.device.keys;
    const struct binding_device *d = &w.home.view.devices[0];
    return me->has_active && !me->pending.present && w.home.view.n_devices == 1 && d->has_kme &&
           !d->has_previous && crypto_ct_eq(BYTES_OF(me->active.b), BYTES_OF(d->kme.b)) &&
           imei_eq(&d->imei, &rig.parties.imei);
}

/* Accesses until there is service; 3: not within two. */
static int accesses_to_service(void)
{
    int n = 1;
    while (n <= 2 && !access_once(&w)) {
        n++;
    }
    return n <= 2 && one_key_on_both_sides() ? n : 3;
}

/* And it stays so when a message that was under way all the time comes in the end. */
static int settle(void)
{
    int n = accesses_to_service();
    if (w.late_waits) {
        w.sent = 0;
        late_arrives(&w);
        if (!access_once(&w) || !one_key_on_both_sides()) {
            n = 3;
        }
    }
    return n;
}

static void worse(int *worst, int n)
{
    *worst = n > *worst ? n : *worst;
}

/* ---- one cell ---- */

static void run(enum mode mode, struct fault fault, int late_at, int *worst)
{
    begin(mode);
    if (fault.step == AFTERWARDS) {
        /* The answer of the provisioning access is lost, so that the pending key counts. */
        w.fault = (struct fault){.kind = LOST, .message = RESULT, .step = 11};
        (void)access_once(&w);
        assert_true(w.fault.done);
        w.next_access = true;
    }
    w.fault = fault;
    w.late_at = -1;
    (void)access_once(&w);
    if (!w.fault.done) { /* this access has no such message, and the cell says nothing */
        return;
    }
    if (fault.kind == LATE && late_at >= 0) {
        w.late_at = late_at;
        (void)access_once(&w);
        w.late_at = -1;
        if (w.late_waits) { /* the access was shorter: it comes behind it */
            late_arrives(&w);
        }
    }
    worse(worst, settle());
}

#define MOST_MESSAGES 14

/* Is there such a message at this step? */
static bool occurs(int m, int step)
{
    bool provisioning_only =
        m == COMMAND || m == PAYLOAD || m == INQUIRY || m == CREDENTIAL || m == RESULT;
    return step == AFTERWARDS ? !provisioning_only : route[m].step == step;
}

/* The columns of the table. */
enum column { C_LOST, C_TWICE, C_DELAYED, C_REORDERED, C_DEVICE, C_MME, C_HSS, COLUMNS };

static void message_cell(enum column column, enum mode mode, int step, enum message_kind m,
                         int *worst)
{
    struct fault f = {.kind = LOST, .step = step, .message = m};
    if (column == C_LOST) {
        run(mode, f, -1, worst);
    } else if (column == C_TWICE) {
        f.kind = TWICE_FIRST;
        run(mode, f, -1, worst);
        f.kind = TWICE_SECOND;
        run(mode, f, -1, worst);
    } else {
        f.kind = LATE; /* into each place of the next access, or when all is over */
        for (int at = column == C_DELAYED ? MOST_MESSAGES : 0;
             at <= (column == C_DELAYED ? MOST_MESSAGES : MOST_MESSAGES - 1); at++) {
            run(mode, f, at, worst);
        }
        if (column == C_DELAYED) {
            run(mode, f, -1, worst);
        }
    }
}

static void kill_cell(enum party party, bool after, enum mode mode, int step, int *worst)
{
    for (int m = NO_MESSAGE; m < MESSAGES; m++) {
        if (m != NO_MESSAGE && (!occurs(m, step) || route[m].from != party)) {
            continue;
        }
        const struct fault f = {.kind = after ? KILL_AFTER : KILL_BEFORE,
                                .step = step,
                                .message = (enum message_kind)m,
                                .party = party};
        run(mode, f, -1, worst);
    }
}

static int message_worst(enum column column, int step)
{
    int worst = 0;
    for (int mode = 0; mode < MODES; mode++) {
        for (int m = REQUEST; m < MESSAGES; m++) {
            if (occurs(m, step)) {
                message_cell(column, (enum mode)mode, step, (enum message_kind)m, &worst);
            }
        }
    }
    return worst;
}

static int kill_worst(enum party party, bool after, int step)
{
    int worst = 0;
    for (int mode = 0; mode < MODES; mode++) {
        kill_cell(party, after, (enum mode)mode, step, &worst);
    }
    return worst;
}

/* ---- the table ---- */

static const char *const step_names[] = {[1] = " 1 access",
                                         [2] = " 2 request for a vector",
                                         [3] = " 3 HSS decides, stores nonce",
                                         [4] = " 4 AKA, command",
                                         [5] = " 5 ME makes KME, stores it",
                                         [6] = " 6 payload to the MME",
                                         [7] = " 7 payload to the HSS",
                                         [8] = " 8 device's public key",
                                         [9] = " 9 HSS opens, verifies, stores",
                                         [10] = "10 NW_SIG to the MME",
                                         [11] = "11 NW_SIG to the ME",
                                         [12] = "12 ME compares, stores",
                                         [13] = "   the next access"};

/* How many accesses it takes, "NO", or "-" where there is nothing that could happen. */
static const char *shown(int worst)
{
    static const char *const texts[] = {"-", "1", "2", "NO"};
    return texts[worst];
}

static bool line(int step)
{
    int cells[10];
    size_t n = 0;
    bool good = true;
    for (int c = C_LOST; c <= C_REORDERED; c++) {
        cells[n++] = message_worst((enum column)c, step);
    }
    for (int p = DEVICE; p <= HSS; p++) {
        cells[n++] = kill_worst((enum party)p, false, step);
        cells[n++] = kill_worst((enum party)p, true, step);
    }
    printf("%-31s", step_names[step]);
    for (size_t i = 0; i < n; i++) {
        printf("%9s", shown(cells[i]));
        good = good && cells[i] != 3;
    }
    printf("\n");
    return good;
}

/*= test kme-no-lockout kme-active-then-pending kme-one-key kme-old-kept kme-2 */
static void whatever_goes_wrong_the_device_is_served_within_two_accesses(void **state)
{
    (void)state;
    bool good = true;
    printf("%-31s%9s%9s%9s%9s%9s%9s%9s%9s%9s%9s\n", "accesses until there is service", "lost",
           "twice", "delayed", "reorder", "ME bef.", "ME aft.", "MME bef.", "MME aft.", "HSS bef.",
           "HSS aft.");
    for (int step = 1; step <= AFTERWARDS; step++) {
        good = line(step) && good;
    }
    assert_true(good);
}

/*= test kme-1 kme-2 kme-4a kme-next */
static void without_a_fault_the_second_access_is_served(void **state)
{
    (void)state;
    for (int mode = 0; mode < MODES; mode++) {
        begin((enum mode)mode);
        const bool had_key = w.device.keys.has_active;
        assert_false(access_once(&w));
        /* by NW_SIG; or by the next challenge, if it has a key to lose */
        assert_int_equal(w.device.keys.pending.present, had_key);
        assert_true(access_once(&w));
        assert_true(one_key_on_both_sides());
        assert_true(access_once(&w));
    }
}

/* ---- the next access ---- */

/*= test kme-active-then-pending */
static void a_regular_challenge_activates_nothing(void **state)
{
    (void)state;
    struct content c;
    begin(FIRST);
    w.fault = (struct fault){.kind = LOST, .message = RESULT, .step = 11};
    (void)access_once(&w);
    assert_true(w.device.keys.pending.present);
    const struct kme_me before = w.device.keys;
    w.home.view.policy = BINDING_OPEN; /* somebody makes it regular */
    w.home.view.n_devices = 0;
    assert_true(hss_air(&w, &c));
    assert_false(c.vector.processed);
    assert_true(device_challenge(&w, &c, &c));
    assert_memory_equal(&w.device.keys, &before, sizeof before);
    w.aka.k.b[0] ^= 1; /* and one that is false */
    assert_true(hss_air(&w, &c));
    assert_false(device_challenge(&w, &c, &c));
    assert_memory_equal(&w.device.keys, &before, sizeof before);
}

/* Both keys are wrong: the device says so, and keeps what it has. */
/*= test kme-active-then-pending */
static void a_challenge_under_neither_key_changes_nothing(void **state)
{
    (void)state;
    struct content c;
    begin(RENEWAL);
    w.fault = (struct fault){.kind = LOST, .message = RESULT, .step = 11};
    (void)access_once(&w);
    const struct kme_me before = w.device.keys;
    assert_true(before.has_active && before.pending.present);
    w.home.view.devices[0].kme.b[0] ^= 1;
    assert_true(hss_air(&w, &c));
    assert_false(device_challenge(&w, &c, &c));
    assert_memory_equal(&w.device.keys, &before, sizeof before);
    assert_true(w.device.me.has_kme);
    assert_memory_equal(w.device.me.kme.b, before.active.b, KME_LEN);
    w.home.view.devices[0].kme = before.active; /* the old one still works, and what is pending */
    assert_true(hss_air(&w, &c));               /* stays so */
    assert_true(device_challenge(&w, &c, &c));
    assert_memory_equal(&w.device.keys, &before, sizeof before);
}

/* MAC-A holds, the sequence number does not: the key is right, and the USIM is resynchronised. */
/*= test kme-active-then-pending kme-old-kept */
static void a_challenge_that_is_out_of_step_activates_too(void **state)
{
    (void)state;
    struct content c;
    struct usim_answer answer;
    uint64_t sqn_ms = 0;
    enum binding_auts_under under = BINDING_AUTS_PLAIN;
    const struct usim_port usim = {.ctx = &w, .authenticate = world_usim};
    begin(RENEWAL);
    w.fault = (struct fault){.kind = LOST, .message = RESULT, .step = 11};
    (void)access_once(&w);
    const struct key_kme pending = w.device.keys.pending.kme;
    w.sqn = 5000 % SQN_IND_COUNT; /* long ago, in the same row of the USIM's table */
    assert_true(hss_air(&w, &c));
    assert_int_equal(kme_me_ask(&rig.rig.crypto, &w.device.keys, &w.device.me, &usim, c.vector.rand,
                                &c.vector.autn, &answer),
                     BINDING_ME_SYNC_FAILURE);
    assert_false(w.device.keys.pending.present);
    assert_memory_equal(w.device.keys.active.b, pending.b, KME_LEN);
    assert_ok(binding_hss_resync(&rig.rig.crypto, &w.aka, &w.home.view, c.vector.rand, &answer.auts,
                                 &sqn_ms, &under));
    assert_int_equal(under, BINDING_AUTS_ACTIVE);
    /* A vector of before the renewal: the key before still serves AUTS. */
    const struct binding_device *d = &w.home.view.devices[0];
    struct binding_vector v;
    assert_true(d->has_previous);
    assert_ok(binding_hss_vector(&rig.rig.crypto, &w.aka, &d->previous, w.sqn, NULL, &v));
    w.device.keys.active = d->previous;
    assert_int_equal(
        kme_me_ask(&rig.rig.crypto, &w.device.keys, &w.device.me, &usim, v.rand, &v.autn, &answer),
        BINDING_ME_SYNC_FAILURE);
    assert_ok(binding_hss_resync(&rig.rig.crypto, &w.aka, &w.home.view, v.rand, &answer.auts,
                                 &sqn_ms, &under));
    assert_int_equal(under, BINDING_AUTS_PREVIOUS);
}

/* A network that may ask at all asks when nothing is due: the key that is in use stays so, and the
 * one that is pending waits for the next time. */
/*= test kme-one-key */
static void a_command_that_nobody_meant_harms_nothing(void **state)
{
    (void)state;
    struct content c, out;
    begin(FIRST);
    (void)access_once(&w);
    assert_true(access_once(&w));
    memset(c.nonce, 0x55, sizeof c.nonce);
    assert_true(device_command(&w, &c, &out));
    const struct key_kme waits = w.device.keys.pending.kme;
    assert_false(hss_ulr(&w, &out, &c));
    assert_true(access_once(&w));
    kme_home_request(&w.home.home, KME_REQUEST_RENEW, NULL);
    (void)access_once(&w);
    assert_true(access_once(&w));
    assert_true(one_key_on_both_sides());
    assert_memory_equal(w.device.keys.active.b, waits.b, KME_LEN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_fault_the_second_access_is_served),
        cmocka_unit_test(whatever_goes_wrong_the_device_is_served_within_two_accesses),
        cmocka_unit_test(a_regular_challenge_activates_nothing),
        cmocka_unit_test(a_challenge_under_neither_key_changes_nothing),
        cmocka_unit_test(a_challenge_that_is_out_of_step_activates_too),
        cmocka_unit_test(a_command_that_nobody_meant_harms_nothing),
    };
    return cmocka_run_group_tests_name("proc/kme without a lock-out", tests, rig_up, rig_down);
}
