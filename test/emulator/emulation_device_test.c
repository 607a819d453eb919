/* src/emulator/emulation_device.c: what becomes of attaches that fail, and of attacks. */
#include "emulator/place.h"

static void rejected_in_clear(void **state)
{
    struct place *w = malloc(sizeof *w);
    (void)state;
    configure(w);
    w->mme[0].reject = EMM_CAUSE_NETWORK_FAILURE;
    start(w, 1, NULL);
    emulation_attach(w->e, 0, w->now);
    run_for(w, SECOND);
    failed_by(w, "ATTACH REJECT #17 (Network failure), not protected");
    assert_int_equal(state_of(w, 0), BINDERY_UE_STATE_DEREGISTERED);
    run_for(w, 600 * SECOND); /* it is switched off, and stays so */
    assert_int_equal(w->mme[0].attaches, 1);
    close_place(w);
}

static void rejected_secured(void **state)
{
    struct place *w = malloc(sizeof *w);
    (void)state;
    configure(w);
    w->mme[0].reject = EMM_CAUSE_ILLEGAL_ME;
    w->mme[0].reject_secured = true;
    start(w, 1, NULL);
    emulation_attach(w->e, 0, w->now);
    run_for(w, SECOND);
    failed_by(w, "ATTACH REJECT #6 (Illegal ME)");
    close_place(w);
}

static void persists(void **state)
{
    struct place *w = malloc(sizeof *w);
    (void)state;
    configure(w);
    w->config.persist = true;
    w->mme[0].reject = EMM_CAUSE_NETWORK_FAILURE;
    start(w, 1, NULL);
    emulation_attach(w->e, 0, w->now);
    run_for(w, 5 * SECOND);
    assert_int_equal(counts(w)->failed, 0);
    w->mme[0].reject = 0;
    run_for(w, 30 * SECOND);
    assert_int_equal(counts(w)->registered, 1);
    assert_true(counts(w)->attach.min >= 10 * SECOND); /* T3411 */
    close_place(w);
}

static void silent_network(void **state)
{
    struct place *w = malloc(sizeof *w);
    (void)state;
    configure(w);
    w->config.timeout_ms = 3000;
    w->mme[0].silent = true;
    start(w, 1, NULL);
    emulation_attach(w->e, 0, w->now);
    run_for(w, 2900 * MS);
    assert_int_equal(emulation_active(w->e), 1);
    run_for(w, 200 * MS);
    failed_by(w, "timeout: nothing was answered");
    close_place(w);
}

static void no_network(void **state)
{
    struct place *w = malloc(sizeof *w);
    (void)state;
    configure(w);
    w->config.timeout_ms = 3000;
    start(w, 1, NULL);
    emulation_down(w->e, 0, 0);
    emulation_attach(w->e, 0, w->now);
    run_for(w, 4 * SECOND);
    failed_by(w, "timeout: it found no connection");
    close_place(w);
}

static void stolen_sim(void **state)
{
    struct place *w = malloc(sizeof *w);
    const struct population_guise thief = {.without_kme = true};
    (void)state;
    configure(w);
    start(w, 1, &thief);
    emulation_attach(w->e, 0, w->now);
    run_for(w, SECOND);
    assert_int_equal(counts(w)->outcomes[BINDERY_UE_NO_KME], 1);
    assert_int_equal(w->mme[0].mac_failures, 1);
    failed_by(w, "AUTHENTICATION REJECT, not protected");
    close_place(w);
}

static void wrong_kme(void **state)
{
    struct place *w = malloc(sizeof *w);
    (void)state;
    configure(w);
    w->mme[0].wrong_kme = true;
    start(w, 1, NULL);
    emulation_attach(w->e, 0, w->now);
    run_for(w, SECOND);
    assert_int_equal(counts(w)->outcomes[BINDERY_UE_MAC_FAILURE], 1);
    assert_int_equal(counts(w)->registered, 0);
    close_place(w);
}

static void forged_imei(void **state)
{
    struct place *w = malloc(sizeof *w);
    struct population_guise forged = {.has_imei = true};
    (void)state;
    configure(w);
    assert_ok(imei_parse(BYTES_LIT("35693803564380"), &forged.imei));
    start(w, 1, &forged);
    emulation_attach(w->e, 0, w->now);
    deliver(w);
    assert_memory_equal(w->mme[0].last_imeisv, "35693803564380", 14);
    close_place(w);
}

static void kenb_mismatch(void **state)
{
    struct place *w = malloc(sizeof *w);
    (void)state;
    configure(w);
    w->config.timeout_ms = 2000;
    w->mme[0].wrong_kenb = true;
    start(w, 1, NULL);
    emulation_attach(w->e, 0, w->now);
    run_for(w, 3 * SECOND);
    assert_int_equal(w->faults[ENB_FAULT_KENB_MISMATCH], 1);
    assert_int_equal(w->mme[0].context_failures, 1);
    failed_by(w, "timeout: it stopped after the security mode command");
    close_place(w);
}

static void tampered_amf(void **state)
{
    struct place *w = malloc(sizeof *w);
    (void)state;
    configure(w);
    assert_ok(radio_flip_parse("amf", &w->config.radio));
    start(w, 1, NULL);
    emulation_attach(w->e, 0, w->now);
    run_for(w, SECOND);
    assert_int_equal(counts(w)->outcomes[BINDERY_UE_MAC_FAILURE], 1);
    assert_int_equal(counts(w)->processed,
                     0); /* the device is made to believe that RAND is plain */
    assert_int_equal(emulation_radio(w->e)->changed, 1);
    close_place(w);
}

static void weakened_capability(void **state)
{
    struct place *w = malloc(sizeof *w);
    (void)state;
    configure(w);
    w->config.timeout_ms = 2000;
    assert_ok(radio_flip_parse("capability", &w->config.radio));
    start(w, 1, NULL);
    emulation_attach(w->e, 0, w->now);
    run_for(w, 3 * SECOND);
    assert_int_equal(counts(w)->refused[BINDERY_UE_REFUSED_CAPABILITIES], 1);
    assert_int_equal(counts(w)->registered, 0);
    failed_by(w, "timeout: it stopped after authentication; refused last: capabilities");
    close_place(w);
}

static void bad_radio(void **state)
{
    struct place *w = malloc(sizeof *w);
    (void)state;
    configure(w);
    assert_ok(radio_faults_parse("repeat=30,delay=30,delay-ms=20,seed=3", &w->config.radio));
    start(w, 100, NULL);
    for (uint32_t i = 0; i < 100; i++) {
        emulation_attach(w->e, i, w->now);
    }
    run_for(w, 5 * SECOND);
    assert_int_equal(counts(w)->registered, 100); /* what is late or comes twice harms nobody */
    assert_true(emulation_radio(w->e)->repeated > 0 && emulation_radio(w->e)->delayed > 0);
    close_place(w);
}

static void lossy_radio(void **state)
{
    struct place *w = malloc(sizeof *w);
    (void)state;
    configure(w);
    w->config.persist = true;
    w->config.timeout_ms = 600000;
    assert_ok(radio_faults_parse("lose=10,tamper=5,seed=11", &w->config.radio));
    start(w, 100, NULL);
    for (uint32_t i = 0; i < 100; i++) {
        emulation_attach(w->e, i, w->now);
    }
    run_for(w, 600 * SECOND);
    /* This MME repeats nothing: devices get there by their own timers. */
    assert_true(counts(w)->registered >= 50);
    assert_true(emulation_radio(w->e)->lost > 0 && emulation_radio(w->e)->damaged > 0);
    close_place(w);
}

static void deaf_association(void **state)
{
    struct place *w = open_place(1);
    (void)state;
    w->deaf = true;
    emulation_attach(w->e, 0, w->now);
    assert_int_equal(w->faults[ENB_FAULT_NOT_SENT], 1);
    assert_int_equal(state_of(w, 0), BINDERY_UE_STATE_WAITING);
    close_place(w);
}

static void detach_unanswered(void **state)
{
    struct place *w = open_place(1);
    (void)state;
    emulation_attach(w->e, 0, w->now);
    deliver(w);
    w->mme[0].silent = true;
    emulation_detach(w->e, 0);
    run_for(w, 61 * SECOND);
    assert_int_equal(counts(w)->detach_failed, 1);
    assert_int_equal(emulation_active(w->e), 0);
    assert_int_equal(state_of(w, 0), BINDERY_UE_STATE_DEREGISTERED);
    close_place(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        {"emulation: a reject in clear is counted by its cause", rejected_in_clear, NULL, NULL,
         NULL},
        {"emulation: a protected reject is counted by its cause", rejected_secured, NULL, NULL,
         NULL},
        {"emulation: a device that persists gets there by T3411", persists, NULL, NULL, NULL},
        {"emulation: silence is a timeout that says how far it came", silent_network, NULL, NULL,
         NULL},
        {"emulation: without an MME it is a timeout too", no_network, NULL, NULL, NULL},
        {"emulation: a stolen SIM in equipment without KME fails", stolen_sim, NULL, NULL, NULL},
        {"emulation: a vector for another KME fails", wrong_kme, NULL, NULL, NULL},
        {"emulation: a forged IMEI is what the MME reads", forged_imei, NULL, NULL, NULL},
        {"emulation: another KeNB is noticed and the context refused", kenb_mismatch, NULL, NULL,
         NULL},
        {"emulation: an AMF bit flipped on the way fails the MAC", tampered_amf, NULL, NULL, NULL},
        {"emulation: capabilities changed on the way are refused", weakened_capability, NULL, NULL,
         NULL},
        {"emulation: late and repeated PDUs harm nobody", bad_radio, NULL, NULL, NULL},
        {"emulation: devices get through a radio that loses and damages", lossy_radio, NULL, NULL,
         NULL},
        {"emulation: what the association does not take is told to the device", deaf_association,
         NULL, NULL, NULL},
        {"emulation: a detach without an answer ends", detach_unanswered, NULL, NULL, NULL},
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
