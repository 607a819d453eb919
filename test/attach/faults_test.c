/* Loss and crash: every message of attach and detach lost, repeated, delayed, overtaken, handed to
 * another device, and every party killed after it. Whatever happens, the device attaches again
 * within its timers, and both sides agree. The outcome is printed as a table: seconds until both
 * sides agree, on a virtual clock. */
#include "attach/world.h"

#include <stdio.h>
#include <string.h>

static struct world w;

#define SECOND 1000u
#define MINUTE (60 * SECOND)
/* T3410 (15 s) and T3411 (10 s), or T3418/T3420 and an attach anew; an MME's own patience (T3460,
 * five times) is over before that. */
#define WITHIN (5 * MINUTE)

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

static char names[64][48];
static unsigned n_names;

/* Names the messages of the run without faults, by what can be seen of them. */
static bool name_it(void *ctx, bool uplink, uint8_t *pdu, size_t *n)
{
    struct nas_pdu peek;
    const char *type = NULL;
    (void)ctx;
    if (nas_peek((struct bytes){pdu, *n}, &peek) == E_OK && peek.kind == NAS_PLAIN_EMM) {
        type = nas_message_type_name(peek.type);
    } else if (peek.kind == NAS_PROTECTED && peek.sht != NAS_SHT_CIPHERED &&
               peek.sht != NAS_SHT_CIPHERED_NEW && nas_peek(peek.inner, &peek) == E_OK) {
        type = nas_message_type_name(peek.type);
    }
    assert_true(n_names < 64);
    snprintf(names[n_names++], sizeof names[0], "%s %s", uplink ? "->" : "<-",
             type != NULL ? type : "(ciphered)");
    return true;
}

/* The second device is there to have connections that messages can be misled to. */
static void open_with_neighbour(void)
{
    world_open(&w);
    world_attach(&w, 1);
    assert_true(world_run_registered(&w, 1, w.now + MINUTE));
    world_run(&w, w.now + SECOND);
    w.messages = 0;
}

static unsigned count_attach(void)
{
    open_with_neighbour();
    n_names = 0;
    w.radio = name_it;
    world_attach(&w, 0);
    assert_true(world_run_registered(&w, 0, w.now + MINUTE));
    world_run(&w, w.now + SECOND);
    unsigned n = w.messages;
    world_close(&w);
    return n;
}

/* Seconds until both sides agree, or -1. */
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
    world_close(&w);
    return agreed ? seconds : -1;
}

static void print_head(void)
{
    printf("\n%-36s", "");
    for (size_t c = 0; c < COLUMNS; c++) {
        printf("%11s", columns[c].name);
    }
    printf("\n");
}

static void whatever_happens_during_attach_the_device_attaches(void **state)
{
    (void)state;
    unsigned n = count_attach(), failed = 0;
    assert_true(n >= 8);
    print_head();
    for (unsigned i = 0; i < n; i++) {
        printf("%-36s", names[i]);
        for (size_t c = 0; c < COLUMNS; c++) {
            int s = attach_with(i, c);
            failed += s < 0;
            s < 0 ? printf("%11s", "NO") : printf("%9d s", s);
        }
        printf("\n");
    }
    assert_int_equal(failed, 0);
}

/* ---- detach ---------------------------------------------------------------------------------- */

static void attached(void)
{
    open_with_neighbour();
    world_attach(&w, 0);
    assert_true(world_run_registered(&w, 0, w.now + MINUTE));
    world_run(&w, w.now + SECOND);
    w.messages = 0;
}

static unsigned count_detach(void)
{
    attached();
    n_names = 0;
    w.radio = name_it;
    world_detach(&w, 0, false);
    world_run(&w, w.now + SECOND);
    unsigned n = w.messages;
    world_close(&w);
    return n;
}

/* Seconds until the device is detached; afterwards it attaches again. */
static int detach_with(unsigned message, size_t column)
{
    attached();
    w.fault = columns[column].fault;
    w.crash = columns[column].crash;
    w.fault_at = w.crash_at = message;
    uint64_t from = w.now;
    world_detach(&w, 0, false);
    while (bindery_ue_state(&w.devices[0].ue) != BINDERY_UE_STATE_DEREGISTERED &&
           w.now < from + WITHIN) {
        world_run(&w, w.now + 10);
    }
    int seconds = (int)((w.now - from + 999) / 1000);
    bool detached = w.now < from + WITHIN;
    world_run(&w, w.now + MINUTE);
    world_attach(&w, 0);
    bool back = world_run_registered(&w, 0, w.now + WITHIN);
    world_close(&w);
    return detached && back ? seconds : -1;
}

static void whatever_happens_during_detach_the_device_can_come_back(void **state)
{
    (void)state;
    unsigned n = count_detach(), failed = 0;
    assert_true(n >= 2);
    print_head();
    for (unsigned i = 0; i < n; i++) {
        printf("%-36s", names[i]);
        for (size_t c = 0; c < COLUMNS; c++) {
            int s = detach_with(i, c);
            failed += s < 0;
            s < 0 ? printf("%11s", "NO") : printf("%9d s", s);
        }
        printf("\n");
    }
    assert_int_equal(failed, 0);
}

static void a_line_that_loses_every_third_message_delays_and_does_not_prevent(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < 50; seed++) {
        world_open(&w);
        world_attach(&w, 0);
        uint64_t until = w.now + 30 * MINUTE;
        uint32_t r = seed * 2654435761u + 1;
        while (!world_registered(&w, 0) && w.now < until) {
            r = r * 1664525u + 1013904223u;
            w.fault = (r >> 16) % 3 == 0 ? FAULT_LOSE : FAULT_NONE;
            w.fault_at = w.messages;
            world_run(&w, w.now + 100);
        }
        assert_true(world_registered(&w, 0));
        world_close(&w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whatever_happens_during_attach_the_device_attaches),
        cmocka_unit_test(whatever_happens_during_detach_the_device_can_come_back),
        cmocka_unit_test(a_line_that_loses_every_third_message_delays_and_does_not_prevent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
