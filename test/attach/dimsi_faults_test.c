/* Exactly one working identity: whatever message of the two attaches of a device with a dIMSI, or
 * between target AUSF and D-AUSF, is lost, comes twice, late, behind the next one or to somebody
 * else, and whoever is killed before or after a message leaves or something is stored, afterwards
 * the device has service within a few attaches, with the one IMSI that was given for its dIMSI, and
 * every party agrees. The device library, the MME and both AUSFs in one process; the table is
 * printed. */
#include "attach/dimsi_scene.h"

#include <stdio.h>

static struct scene s;

/* Where it begins. */
enum mode {
    READY,    /* the D-AUSF has the entry */
    TOGETHER, /* the device attaches while its operator takes the offer: first it is refused */
    GIVEN_UP, /* the device has its IMSI, and gave it up: the dIMSI again, over the same slot */
    MODES
};
static const char *const mode_names[MODES] = {"a device whose dIMSI is known",
                                              "one that is there before its operator",
                                              "one that gave up the IMSI that it has"};

#define LIMIT    (70 * MINUTE) /* a device that believes it is registered notices with T3412 */
#define ATTACHES 4             /* refused once, with the dIMSI, with the IMSI, and once again */

/* ---- rows: what happens without a fault ------------------------------------------------------ */

static struct point rows[WORLD_POINTS];
static unsigned n_rows;

/* The other device is in the middle of an attach, and hears nothing until it asks again. */
static bool swallow(void *ctx, bool uplink, uint8_t *pdu, size_t *n)
{
    (void)ctx, (void)uplink, (void)pdu, (void)n;
    return false;
}

static void let_the_other_wait(void)
{
    s.w.radio = swallow;
    world_attach(&s.w, 1);
    s.w.radio = NULL;
    assert_int_not_equal(s.w.devices[1].connection, 0);
}

static void begin(enum mode mode)
{
    struct device *d = &s.w.devices[0];
    scene_open(&s);
    if (mode == TOGETHER) { /* the operator's work, which is the only mail there is, comes later */
        s.w.mail[0].at += 100;
        return;
    }
    world_run(&s.w, s.w.now + SECOND);
    assert_int_equal(s.rows[0].phase, PUSHED);
    if (mode == GIVEN_UP) {
        world_attach(&s.w, 0);
        while (d->discovered == 0) {
            world_run(&s.w, s.w.now + 1);
        }
        world_kill(&s.w, PARTY_MME);
        world_run(&s.w, s.w.now + 1);
        d->wants = false;
        d->on_dimsi = true;
        d->installed = d->discovered = 0;
        world_boot(&s.w, 0);
    }
    s.w.points = s.w.attaches = 0;
}

static void learn_rows(enum mode mode)
{
    begin(mode);
    world_attach(&s.w, 0);
    assert_true(world_run_registered(&s.w, 0, s.w.now + MINUTE));
    world_run(&s.w, s.w.now + 2 * POLL_MS);
    assert_true(scene_one_identity(&s, 0));
    assert_int_equal(s.w.attaches, mode == TOGETHER ? 3 : 2);
    assert_int_equal(s.w.devices[0].installed, mode != GIVEN_UP);
    assert_true(s.w.points <= WORLD_POINTS);
    n_rows = s.w.points;
    memcpy(rows, s.w.log, sizeof rows);
    scene_close(&s);
}

/* ---- one run --------------------------------------------------------------------------------- */

static void until_served(uint64_t limit)
{
    while (s.w.now < limit && !(s.w.strike.over && world_registered(&s.w, 0))) {
        if (s.w.holds && world_registered(&s.w, 0)) {
            world_release_held(&s.w);
        }
        world_run(&s.w, s.w.now + 500);
    }
    world_run(&s.w, s.w.now + 2 * MINUTE); /* and it stays so */
    if (!world_registered(&s.w, 0)) {
        (void)world_run_registered(&s.w, 0, s.w.now + LIMIT);
        world_run(&s.w, s.w.now + 2 * MINUTE);
    }
}

/* Attaches it took after what happened was over; or -1. */
static int run(enum mode mode, struct strike strike)
{
    const bool misled = strike.kind == STRIKE_MISLEAD;
    begin(mode);
    if (misled) {
        let_the_other_wait();
    }
    s.w.strike = strike;
    world_attach(&s.w, 0);
    until_served(s.w.now + LIMIT);
    bool good = s.w.strike.over && scene_one_identity(&s, 0);
    int attaches = (int)(s.w.attaches - s.w.strike.attach);
    if (misled) { /* and what it heard was no harm to the other one */
        good = good && world_run_registered(&s.w, 1, s.w.now + 15 * MINUTE);
        world_run(&s.w, s.w.now + 2 * POLL_MS);
        good = good && scene_one_identity(&s, 1);
    }
    scene_close(&s);
    return good && attaches <= ATTACHES ? attaches : -1;
}

/* ---- cells ----------------------------------------------------------------------------------- */

static const struct column {
    const char *name;
    enum strike_kind kind;
    enum party who;
    uint64_t ms[3]; /* each is a run of its own, up to a 0 */
} columns[] = {
    {"lost", STRIKE_LOSE, PARTY_NONE, {1}},
    {"repeated", STRIKE_REPEAT, PARTY_NONE, {1, 4 * SECOND}},
    {"delayed", STRIKE_DELAY, PARTY_NONE, {3 * SECOND, 16 * SECOND, 9 * MINUTE}},
    {"overtaken", STRIKE_REORDER, PARTY_NONE, {1}},
    {"misled", STRIKE_MISLEAD, PARTY_NONE, {1}},
    {"ME bef.", STRIKE_KILL_BEFORE, PARTY_UE, {1}},
    {"ME aft.", STRIKE_KILL_AFTER, PARTY_UE, {1}},
    {"MME bef.", STRIKE_KILL_BEFORE, PARTY_MME, {1}},
    {"MME aft.", STRIKE_KILL_AFTER, PARTY_MME, {1}},
    {"AUSF bef.", STRIKE_KILL_BEFORE, PARTY_HSS, {1}},
    {"AUSF aft.", STRIKE_KILL_AFTER, PARTY_HSS, {1}},
    {"D-A. bef.", STRIKE_KILL_BEFORE, PARTY_DISCOVERY, {1}},
    {"D-A. aft.", STRIKE_KILL_AFTER, PARTY_DISCOVERY, {1}},
};
#define COLUMNS (sizeof columns / sizeof columns[0])

/* The worst of all delays; -1: one of them was not good. */
static int cell(enum mode mode, unsigned row, const struct column *c)
{
    int worst = 0;
    for (size_t i = 0; i < 3 && c->ms[i] != 0; i++) {
        int n =
            run(mode, (struct strike){.kind = c->kind, .at = row, .who = c->who, .ms = c->ms[i]});
        if (n < 0) {
            fprintf(stderr, "NO: %u %s, %s %llu ms\n", row, rows[row].name, c->name,
                    (unsigned long long)c->ms[i]);
        }
        worst = n < 0 || worst < 0 ? -1 : n > worst ? n : worst;
    }
    return worst;
}

static unsigned print_row(enum mode mode, unsigned row)
{
    unsigned bad = 0;
    printf("%-34s", rows[row].name);
    for (size_t c = 0; c < COLUMNS; c++) {
        const bool of_messages =
            columns[c].kind < STRIKE_KILL_BEFORE || columns[c].kind == STRIKE_MISLEAD;
        if (!rows[row].message && of_messages) {
            printf("%10s", "-");
            continue;
        }
        int n = cell(mode, row, &columns[c]);
        bad += n < 0;
        if (n < 0) {
            printf("%10s", "NO");
        } else {
            printf("%10d", n);
        }
        fflush(stdout);
    }
    printf("\n");
    return bad;
}

/* Each of these has to have been struck. */
static bool has_row(const char *name)
{
    for (unsigned i = 0; i < n_rows; i++) {
        if (strcmp(rows[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

static void expect_rows(enum mode mode)
{
    static const char *const always[] = {"ATTACH REQUEST",
                                         "AIR",
                                         "AIA",
                                         "AUTHENTICATION REQUEST",
                                         "AUTHENTICATION RESPONSE",
                                         "SECURITY MODE COMMAND",
                                         "SECURITY MODE COMPLETE",
                                         "ULR",
                                         "ULA",
                                         "ATTACH REJECT",
                                         "ATTACH ACCEPT",
                                         "ATTACH COMPLETE",
                                         "AUSF stores the registration",
                                         "spent",
                                         "D-AUSF stores that it is spent",
                                         "noted"};
    for (size_t i = 0; i < sizeof always / sizeof always[0]; i++) {
        assert_true(has_row(always[i]));
    }
    assert_int_equal(has_row("device stores the IMSI"), mode != GIVEN_UP);
    assert_int_equal(has_row("device takes its IMSI again"), mode == GIVEN_UP);
    assert_int_equal(has_row("push"), mode == TOGETHER);
    assert_int_equal(has_row("AUSF stores IMSI and challenge"), mode == TOGETHER);
}

static unsigned print_table(enum mode mode)
{
    unsigned bad = 0;
    learn_rows(mode);
    expect_rows(mode);
    printf("%s: attaches from the fault to service with its one IMSI\n%-34s", mode_names[mode],
           "step");
    for (size_t c = 0; c < COLUMNS; c++) {
        printf("%10s", columns[c].name);
    }
    printf("\n");
    for (unsigned row = 0; row < n_rows; row++) {
        bad += print_row(mode, row);
    }
    return bad;
}

/*= test dimsi-durable dimsi-repeat dimsi-trial dimsi-7-replace dimsi-provisional dimsi-entry-end */
static void whatever_goes_wrong_the_device_ends_with_exactly_one_working_identity(void **state)
{
    unsigned bad = 0;
    (void)state;
    for (int mode = 0; mode < MODES; mode++) {
        bad += print_table((enum mode)mode);
    }
    assert_int_equal(bad, 0);
}

/* ---- many things, one after the other -------------------------------------------------------- */

static uint32_t random_of(uint32_t *r)
{
    *r = *r * 1664525u + 1013904223u;
    return *r >> 16;
}

static struct strike strike_of(uint32_t *r, unsigned now)
{
    static const enum party parties[] = {PARTY_UE, PARTY_MME, PARTY_HSS, PARTY_DISCOVERY};
    return (struct strike){
        .kind = (enum strike_kind)(STRIKE_LOSE + random_of(r) % 6),
        .at = now + random_of(r) % 8,
        .who = parties[random_of(r) % 4],
        .ms = 1 + random_of(r) % (30 * SECOND),
    };
}

/* Until the strike is over, or nothing happens any more that it could hit. */
static void suffer(uint64_t limit)
{
    while (s.w.now < limit && !s.w.strike.over &&
           !(world_registered(&s.w, 0) && !s.w.strike.done && !s.w.holds)) {
        if (s.w.holds && s.w.points > s.w.held.point + 20) {
            world_release_held(&s.w);
        }
        world_run(&s.w, s.w.now + 500);
    }
}

/*= test dimsi-durable */
static void ten_faults_in_a_row_leave_one_identity(void **state)
{
    (void)state;
    unsigned struck = 0;
    for (uint32_t seed = 1; seed <= 100; seed++) {
        uint32_t r = seed * 2654435761u;
        scene_open(&s);
        world_attach(&s.w, 0);
        for (unsigned i = 0; i < 10 && !world_registered(&s.w, 0); i++) {
            s.w.strike = strike_of(&r, s.w.points);
            suffer(s.w.now + 15 * MINUTE);
            struck += s.w.strike.done;
        }
        world_release_held(&s.w);
        s.w.strike = (struct strike){.kind = STRIKE_NONE, .over = true, .attach = s.w.attaches};
        until_served(s.w.now + LIMIT);
        if (!scene_one_identity(&s, 0) || s.w.attaches > s.w.strike.attach + ATTACHES) {
            fail_msg("seed %u: %u attaches after the last fault", (unsigned)seed,
                     s.w.attaches - s.w.strike.attach);
        }
        scene_close(&s);
    }
    printf("%u faults in 100 runs\n", struck);
    assert_true(struck >= 100);
}

/*= test dimsi-durable */
static void a_line_that_loses_every_fourth_message_delays_and_does_not_prevent(void **state)
{
    (void)state;
    for (uint32_t seed = 1; seed <= 25; seed++) {
        uint32_t r = seed * 2654435761u;
        scene_open(&s);
        world_attach(&s.w, 0);
        uint64_t limit = s.w.now + 3 * LIMIT;
        while (!world_registered(&s.w, 0) && s.w.now < limit) {
            if (s.w.strike.done || s.w.points > s.w.strike.at) {
                s.w.strike =
                    (struct strike){.kind = STRIKE_LOSE, .at = s.w.points + random_of(&r) % 7};
            }
            world_run(&s.w, s.w.now + 5);
        }
        s.w.strike.kind = STRIKE_NONE;
        world_run(&s.w, s.w.now + MINUTE);
        (void)world_run_registered(&s.w, 0, s.w.now + LIMIT);
        world_run(&s.w, s.w.now + 2 * POLL_MS);
        assert_true(scene_one_identity(&s, 0));
        scene_close(&s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whatever_goes_wrong_the_device_ends_with_exactly_one_working_identity),
        cmocka_unit_test(ten_faults_in_a_row_leave_one_identity),
        cmocka_unit_test(a_line_that_loses_every_fourth_message_delays_and_does_not_prevent),
    };
    return cmocka_run_group_tests_name("dimsi with one identity", tests, NULL, NULL);
}
