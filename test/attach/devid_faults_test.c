/* Loss and crash with a proof of the IMEI wanted: every message of the attach, challenge and
 * response among them, lost, repeated, delayed, overtaken, handed to another device, and every
 * party killed after it; and every answer of the home network, the credential among them, lost or
 * late. The policy lets nobody in who is not proven. Whatever happens, the device is, within its
 * timers. Seconds until then are printed, on a virtual clock. */
#include "attach/makers.h"

#include <stdio.h>
#include <string.h>

static struct world w;
static struct makers k;

#define SECOND 1000u
#define MINUTE (60 * SECOND)
#define WITHIN (5 * MINUTE) /* as of an attach without a proof (faults_test.c) */

static const struct {
    const char *name;
    enum fault_kind fault;
    enum party crash;
} columns[] = {
    {"lost", FAULT_LOSE, PARTY_NONE},         {"repeated", FAULT_REPEAT, PARTY_NONE},
    {"delayed", FAULT_DELAY, PARTY_NONE},     {"overtaken", FAULT_SWAP, PARTY_NONE},
    {"misled", FAULT_MISDELIVER, PARTY_NONE}, {"UE killed", FAULT_NONE, PARTY_UE},
    {"MME killed", FAULT_NONE, PARTY_MME},    {"HSS killed", FAULT_NONE, PARTY_HSS},
};
#define COLUMNS (sizeof columns / sizeof columns[0])

/* The second device is there to have connections that messages can be misled to. */
static void open_with_neighbour(void)
{
    makers_open(&k, &w);
    makers_make(&k, 0, VERIFY_KEY_P256, BINDING_CERTIFICATE);
    makers_make(&k, 1, VERIFY_KEY_ED25519, BINDING_PUBLIC_KEY);
    w.answer_fault_at = UINT32_MAX;
    world_attach(&w, 1);
    assert_true(world_run_registered(&w, 1, w.now + MINUTE));
    world_run(&w, w.now + SECOND);
    w.messages = w.answers = 0;
}

static void count_attach(unsigned *messages, unsigned *answers)
{
    open_with_neighbour();
    world_attach(&w, 0);
    assert_true(world_run_registered(&w, 0, w.now + MINUTE));
    world_run(&w, w.now + SECOND);
    *messages = w.messages;
    *answers = w.answers;
    makers_close(&k);
}

/* Seconds until both sides agree and the device is proven, or -1. */
static int run(uint64_t from)
{
    bool agreed = world_run_registered(&w, 0, from + WITHIN);
    int seconds = (int)((w.now - from + 999) / 1000);
    if (agreed) { /* and so it stays */
        world_run(&w, w.now + 2 * MINUTE);
        agreed = world_registered(&w, 0);
    }
    if (!agreed) { /* a registered device notices with its next message: T3412 at the latest */
        agreed = world_run_registered(&w, 0, w.now + w.config.t3412_s * SECOND + WITHIN);
        seconds = (int)((w.now - from + 999) / 1000);
    }
    bool proven = w.reported.result == DEVID_PROVEN && w.devices[0].proved >= 1;
    bool harmed = world_was_told(&w, REFUSAL_DEVICE_FAILED); /* a fault is nobody's failure */
    makers_close(&k);
    return agreed && proven && !harmed ? seconds : -1;
}

static int attach_with(unsigned message, size_t column)
{
    open_with_neighbour();
    w.fault = columns[column].fault;
    w.crash = columns[column].crash;
    w.fault_at = w.crash_at = message;
    uint64_t from = w.now;
    world_attach(&w, 0);
    while (w.messages <= message && w.now < from + WITHIN) {
        world_run(&w, w.now + 1);
    }
    return run(from);
}

static void print_cell(int seconds, unsigned *failed)
{
    *failed += seconds < 0;
    if (seconds < 0) {
        printf("%11s", "NO");
    } else {
        printf("%9d s", seconds);
    }
}

static void whatever_happens_on_the_air_the_device_is_proven_in_the_end(void **state)
{
    (void)state;
    unsigned n, answers, failed = 0;
    count_attach(&n, &answers);
    assert_true(n >= 10); /* two more than without */
    printf("\n%-12s", "message");
    for (size_t c = 0; c < COLUMNS; c++) {
        printf("%11s", columns[c].name);
    }
    for (unsigned i = 0; i < n; i++) {
        printf("\n%-12u", i);
        for (size_t c = 0; c < COLUMNS; c++) {
            print_cell(attach_with(i, c), &failed);
        }
    }
    printf("\n");
    assert_int_equal(failed, 0);
}

static int answer_with(unsigned answer, enum fault_kind fault)
{
    open_with_neighbour();
    w.answer_fault = fault;
    w.answer_fault_at = answer;
    uint64_t from = w.now;
    world_attach(&w, 0);
    return run(from);
}

static void
whatever_answer_of_the_home_network_is_lost_the_device_is_proven_in_the_end(void **state)
{
    (void)state;
    unsigned messages, n, failed = 0;
    count_attach(&messages, &n);
    assert_int_equal(n, 3); /* AIA, ECA, ULA */
    printf("\n%-12s%11s%11s", "answer", "lost", "late");
    for (unsigned i = 0; i < n; i++) {
        printf("\n%-12u", i);
        print_cell(answer_with(i, FAULT_LOSE), &failed);
        print_cell(answer_with(i, FAULT_DELAY), &failed);
    }
    printf("\n");
    assert_int_equal(failed, 0);
}

/* Who is killed while the MME waits for the credential, or for the proof: nothing is half done. */
static void a_party_that_dies_while_an_answer_is_under_way_costs_an_attempt(void **state)
{
    (void)state;
    static const enum party parties[] = {PARTY_UE, PARTY_MME, PARTY_HSS};
    for (unsigned answer = 0; answer < 3; answer++) {
        for (size_t i = 0; i < 3; i++) {
            open_with_neighbour();
            uint64_t from = w.now;
            w.answer_fault = FAULT_DELAY;
            w.answer_fault_at = answer;
            world_attach(&w, 0);
            while (w.answers <= answer) {
                world_run(&w, w.now + 1);
            }
            world_run(&w, w.now + 10);
            world_kill(&w, parties[i]);
            assert_true(run(from) >= 0);
        }
    }
}

static void a_line_that_loses_every_third_message_delays_and_does_not_prevent(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < 20; seed++) {
        makers_open(&k, &w);
        makers_make(&k, 0, VERIFY_KEY_P256, BINDING_PUBLIC_KEY);
        world_attach(&w, 0);
        uint64_t until = w.now + 60 * MINUTE;
        uint32_t r = seed * 2654435761u + 1;
        while (!world_registered(&w, 0) && w.now < until) {
            r = r * 1664525u + 1013904223u;
            w.fault = (r >> 16) % 3 == 0 ? FAULT_LOSE : FAULT_NONE;
            w.fault_at = w.messages;
            world_run(&w, w.now + 100);
        }
        assert_true(world_registered(&w, 0));
        assert_int_equal(w.reported.result, DEVID_PROVEN);
        makers_close(&k);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whatever_happens_on_the_air_the_device_is_proven_in_the_end),
        cmocka_unit_test(
            whatever_answer_of_the_home_network_is_lost_the_device_is_proven_in_the_end),
        cmocka_unit_test(a_party_that_dies_while_an_answer_is_under_way_costs_an_attempt),
        cmocka_unit_test(a_line_that_loses_every_third_message_delays_and_does_not_prevent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
