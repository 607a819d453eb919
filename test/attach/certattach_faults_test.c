/* No orphan and no lock-out: whatever message of procedure certattach, or of the first access with
 * what it brought, is lost, comes twice, late or behind the next one, and whoever is killed before
 * or after a message leaves or something is stored, afterwards the device has service within three
 * attaches, with exactly one subscription, and its operator has no other for it. The device
 * library, the MME and an AUSF in one process; the table is printed. */
#include "attach/certattach_scene.h"

#include <stdio.h>

static struct scene s;

/* Where it begins. */
enum mode {
    FRESH,   /* a box is opened */
    AGAIN,   /* the device had asked before, and lost what it got before it had stored it */
    EXPIRED, /* it has one that ended before it was used */
    MODES
};
static const char *const mode_names[MODES] = {
    "a device from the box", "one that was answered before, and could not store it",
    "one whose subscription ended before it was used"};
static const unsigned drawn[MODES] = {1, 1, 2}; /* in all, whatever happens */

#define LIMIT    (70 * MINUTE) /* a device that believes it is registered notices with T3412 */
#define ATTACHES 3             /* to find that it has none, for another, and for service */

/* ---- rows: what happens without a fault ------------------------------------------------------ */

static struct point rows[WORLD_POINTS];
static unsigned n_rows;

/* What came before, as far as it was stored. */
static void begin(enum mode mode)
{
    struct device *d = &s.w.devices[0];
    scene_open(&s);
    if (mode == FRESH) {
        return;
    }
    world_attach(&s.w, 0);
    while (!d->has_profile) {
        world_run(&s.w, s.w.now + 5);
    }
    world_kill(&s.w, PARTY_MME);
    memset(s.w.mail, 0, sizeof s.w.mail);
    if (mode == EXPIRED) {
        ausf_expire(&s.a, scene_row(&s, 0));
    } else {
        d->has_profile = false;
    }
    s.w.points = s.w.attaches = 0;
    world_boot(&s.w, 0);
}

static bool served(enum mode mode)
{
    return scene_one_subscription(&s, 0) && s.a.given == drawn[mode];
}

static int step_of(const struct point *p, int before)
{
    static const struct {
        const char *name;
        int step;
    } begins[] = {{"ATTACH REQUEST", 1},
                  {"site's question", 2},
                  {"AUSF stores the subscription", 3},
                  {"ECA", 4},
                  {"device stores the subscription", 5}};
    if (before == 5) {
        return 5;
    }
    for (size_t i = 0; i < sizeof begins / sizeof begins[0]; i++) {
        if (strcmp(p->name, begins[i].name) == 0) {
            return begins[i].step;
        }
    }
    return before;
}

static void learn_rows(enum mode mode)
{
    begin(mode);
    assert_true(scene_attach(&s, 0));
    assert_true(served(mode));
    assert_int_equal(s.w.attaches, mode == EXPIRED ? 3 : 2);
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
    begin(mode);
    s.w.strike = strike;
    world_attach(&s.w, 0);
    until_served(s.w.now + LIMIT);
    bool good = s.w.strike.over && served(mode);
    int attaches = (int)(s.w.attaches - s.w.strike.attach);
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
    {"reordered", STRIKE_REORDER, PARTY_NONE, {1}},
    {"ME bef.", STRIKE_KILL_BEFORE, PARTY_UE, {1}},
    {"ME aft.", STRIKE_KILL_AFTER, PARTY_UE, {1}},
    {"MME bef.", STRIKE_KILL_BEFORE, PARTY_MME, {1}},
    {"MME aft.", STRIKE_KILL_AFTER, PARTY_MME, {1}},
    {"AUSF bef.", STRIKE_KILL_BEFORE, PARTY_HSS, {1}},
    {"AUSF aft.", STRIKE_KILL_AFTER, PARTY_HSS, {1}},
    {"site bef.", STRIKE_KILL_BEFORE, PARTY_REPOSITORY, {1}},
    {"site aft.", STRIKE_KILL_AFTER, PARTY_REPOSITORY, {1}},
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

static unsigned print_row(enum mode mode, unsigned row, int step, int before)
{
    unsigned bad = 0;
    char label[8] = "";
    if (step != before) {
        snprintf(label, sizeof label, "%d", step);
    }
    printf("%4s  %-32s", label, rows[row].name);
    for (size_t c = 0; c < COLUMNS; c++) {
        if (!rows[row].message && columns[c].kind < STRIKE_KILL_BEFORE) {
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

static unsigned print_table(enum mode mode)
{
    unsigned bad = 0, steps = 0;
    learn_rows(mode);
    printf("%s: attaches from the fault to service with the one subscription there is\n%-38s",
           mode_names[mode], "step");
    for (size_t c = 0; c < COLUMNS; c++) {
        printf("%10s", columns[c].name);
    }
    printf("\n");
    for (unsigned row = 0, before = 0; row < n_rows; row++) {
        int step = step_of(&rows[row], (int)before);
        bad += print_row(mode, row, step, (int)before);
        steps |= 1u << step;
        before = (unsigned)step;
    }
    assert_int_equal(steps & 0x36, 0x36); /* all but drawing, which AGAIN has behind it */
    return bad;
}

/*= test certattach-no-orphan certattach-same certattach-installs certattach-5 */
static void whatever_goes_wrong_the_device_ends_with_one_subscription_and_no_orphan(void **state)
{
    (void)state;
    unsigned bad = 0;
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
    static const enum party parties[] = {PARTY_UE, PARTY_MME, PARTY_HSS, PARTY_REPOSITORY};
    return (struct strike){
        .kind = (enum strike_kind)(STRIKE_LOSE + random_of(r) % 6),
        .at = now + random_of(r) % 6,
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

/*= test certattach-no-orphan */
static void ten_faults_in_a_row_leave_one_subscription_and_no_orphan(void **state)
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
        if (!scene_one_subscription(&s, 0) || s.w.attaches > s.w.strike.attach + ATTACHES) {
            fail_msg("seed %u: %u attaches after the last fault", (unsigned)seed,
                     s.w.attaches - s.w.strike.attach);
        }
        scene_close(&s);
    }
    printf("%u faults in 100 runs\n", struck);
    assert_true(struck >= 100);
}

/*= test certattach-no-orphan */
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
        assert_true(scene_one_subscription(&s, 0));
        scene_close(&s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whatever_goes_wrong_the_device_ends_with_one_subscription_and_no_orphan),
        cmocka_unit_test(ten_faults_in_a_row_leave_one_subscription_and_no_orphan),
        cmocka_unit_test(a_line_that_loses_every_fourth_message_delays_and_does_not_prevent),
    };
    return cmocka_run_group_tests_name("certattach without an orphan", tests, NULL, factory_close);
}
