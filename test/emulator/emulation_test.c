/* src/emulator/emulation.c and population.c: devices that attach, hold and detach. */
#include "emulator/place.h"

static void one_device(void **state)
{
    struct place *w = open_place(1);
    struct enb_counters c;
    (void)state;
    emulation_attach(w->e, 0, w->now);
    deliver(w);
    assert_int_equal(w->mme[0].registered, 1);
    assert_int_equal(counts(w)->registered, 1);
    assert_int_equal(counts(w)->processed, 1);
    assert_int_equal(counts(w)->outcomes[BINDERY_UE_ANSWERED], 1);
    assert_int_equal(state_of(w, 0), BINDERY_UE_STATE_REGISTERED);
    assert_int_equal(emulation_active(w->e), 0);
    assert_int_equal(w->events[BINDERY_UE_EVENT_REGISTERED], 1);
    assert_memory_equal(w->mme[0].last_imeisv, "00101700000000", 14);
    assert_int_equal(w->mme[0].rrc_cause, S1AP_RRC_MO_SIGNALLING);
    assert_int_equal(w->nas, 7); /* three questions, four answers and requests */
    emulation_enb_counters(w->e, &c);
    assert_int_equal(c.contexts, 1);
    assert_int_equal(c.connections, 1);

    emulation_detach(w->e, 0);
    deliver(w);
    assert_int_equal(counts(w)->detached, 1);
    assert_int_equal(w->mme[0].detached, 1);
    emulation_enb_counters(w->e, &c);
    assert_int_equal(c.connections, 0);
    assert_int_equal(state_of(w, 0), BINDERY_UE_STATE_DEREGISTERED);
    close_place(w);
}

static void times_count_from_due(void **state)
{
    struct place *w = open_place(1);
    (void)state;
    emulation_attach(w->e, 0, w->now - 250 * MS); /* it should have begun earlier */
    deliver(w);
    assert_int_equal(counts(w)->attach.min, 250 * MS);
    assert_int_equal(counts(w)->lag.min, 250 * MS);
    close_place(w);
}

static void hold_then_detach(void **state)
{
    struct place *w = malloc(sizeof *w);
    (void)state;
    configure(w);
    w->config.hold_ms = 2000;
    start(w, 1, NULL);
    emulation_attach(w->e, 0, w->now);
    run_for(w, 1900 * MS);
    assert_int_equal(counts(w)->detached, 0);
    assert_int_equal(emulation_active(w->e), 1);
    run_for(w, 200 * MS);
    assert_int_equal(counts(w)->detached, 1);
    assert_int_equal(emulation_active(w->e), 0);
    assert_int_equal(counts(w)->detach.n, 1);
    close_place(w);
}

static void repeated_with_its_context(void **state)
{
    struct place *w = malloc(sizeof *w);
    (void)state;
    configure(w);
    w->config.hold_ms = 0;
    start(w, 1, NULL);
    for (unsigned i = 0; i < 5; i++) {
        emulation_attach(w->e, 0, w->now);
        run_for(w, SECOND);
    }
    assert_int_equal(counts(w)->registered, 5);
    assert_int_equal(counts(w)->detached, 5);
    assert_int_equal(w->mme[0].challenges, 1); /* the context serves again */
    close_place(w);
}

static void inactivity_and_service(void **state)
{
    struct place *w = malloc(sizeof *w);
    struct enb_counters c;
    (void)state;
    configure(w);
    w->config.inactivity_ms = 500;
    start(w, 1, NULL);
    emulation_attach(w->e, 0, w->now);
    run_for(w, 600 * MS);
    emulation_enb_counters(w->e, &c);
    assert_int_equal(w->mme[0].release_requests, 1);
    assert_int_equal(c.connections, 0);
    emulation_service(w->e, 0);
    run_for(w, MS);
    assert_int_equal(w->mme[0].services, 1);
    assert_int_equal(w->mme[0].rrc_cause, S1AP_RRC_MO_DATA);
    assert_true(w->mme[0].has_s_tmsi);
    emulation_enb_counters(w->e, &c);
    assert_int_equal(c.contexts, 2); /* KeNB of the service request was the same on both sides */
    assert_int_equal(state_of(w, 0), BINDERY_UE_STATE_REGISTERED);
    close_place(w);
}

static void many_devices(void **state)
{
    struct place *w = malloc(sizeof *w);
    struct enb_counters c;
    (void)state;
    configure(w);
    w->config.enbs = 3;
    w->config.hold_ms = 100;
    start(w, 300, NULL);
    assert_int_equal(w->mme[0].setups, 3);
    for (uint32_t i = 0; i < 300; i++) {
        emulation_attach(w->e, i, w->now);
        run_for(w, 3 * MS);
    }
    run_for(w, SECOND);
    assert_int_equal(counts(w)->registered, 300);
    assert_int_equal(counts(w)->detached, 300);
    assert_int_equal(counts(w)->failed, 0);
    emulation_enb_counters(w->e, &c);
    assert_int_equal(c.connections, 0);
    assert_int_equal(c.initials, 300);
    assert_int_equal(enb_counters(emulation_enb(w->e, 1))->initials, 100);
    close_place(w);
}

static void busy_device(void **state)
{
    struct place *w = malloc(sizeof *w);
    (void)state;
    configure(w);
    w->config.timeout_ms = 1000;
    w->mme[0].silent = true;
    start(w, 1, NULL);
    for (unsigned i = 0; i < 3; i++) {
        emulation_attach(w->e, 0, w->now);
    }
    assert_int_equal(counts(w)->started, 1);
    assert_int_equal(counts(w)->failed, 1); /* the third finds two before it */
    run_for(w, 1001 * MS);
    assert_int_equal(counts(w)->started, 2); /* the second was due before, and is as late as that */
    run_for(w, 2 * SECOND);
    assert_int_equal(counts(w)->offered, 3);
    assert_int_equal(counts(w)->failed, 3);
    assert_int_equal(emulation_active(w->e), 0);
    close_place(w);
}

static void reset_by_mme(void **state)
{
    struct place *w = open_place(20);
    struct s1ap_pdu pdu = {.type = S1AP_RESET};
    struct enb_counters c;
    (void)state;
    for (uint32_t i = 0; i < 20; i++) {
        emulation_attach(w->e, i, w->now);
    }
    deliver(w);
    pdu.u.reset = (struct s1ap_reset){.has_cause = true,
                                      .cause = S1AP_CAUSE_OF(MISC, S1AP_MISC_OM_INTERVENTION)};
    mme_send(&w->mme[0], 0, &pdu);
    deliver(w);
    emulation_enb_counters(w->e, &c);
    assert_int_equal(c.connections, 0);
    assert_int_equal(c.resets_received, 1);
    for (uint32_t i = 0; i < 20; i++) {
        struct bindery_ue_registration r;
        assert_int_equal(bindery_ue_registration(&population_at(&w->p, i)->ue, &r), BINDERY_UE_OK);
        assert_false(r.connected); /* registered still, and idle */
    }
    close_place(w);
}

static void association_lost(void **state)
{
    struct place *w = open_place(2);
    (void)state;
    w->mme[0].silent = true;
    emulation_attach(w->e, 0, w->now);
    deliver(w);
    emulation_down(w->e, 0, 0);
    w->mme[0].silent = false;
    run_for(w, SECOND);
    assert_int_equal(state_of(w, 0), BINDERY_UE_STATE_WAITING);
    emulation_up(w->e, 0, 0, 8);
    run_for(w, 15 * SECOND);
    assert_int_equal(counts(w)->registered, 1); /* by T3411 */
    close_place(w);
}

static void switched_off(void **state)
{
    struct place *w = malloc(sizeof *w);
    (void)state;
    configure(w);
    w->config.hold_ms = 0;
    w->config.switch_off = true;
    start(w, 1, NULL);
    emulation_attach(w->e, 0, w->now);
    deliver(w);
    assert_int_equal(counts(w)->detached, 1);
    assert_int_equal(w->mme[0].detached, 1);
    close_place(w);
}

static void rerouted(void **state)
{
    struct place *w = malloc(sizeof *w);
    struct s1ap_pdu pdu = {.type = S1AP_REROUTE_NAS_REQUEST};
    struct enb_counters c;
    (void)state;
    configure(w);
    w->config.enb.mmes = 2;
    w->config.enb.reroute = true;
    w->mme[0].silent = true;
    w->mme[1].group = 0x8002;
    start(w, 1, NULL);
    emulation_attach(w->e, 0, w->now);
    deliver(w);
    assert_int_equal(w->mme[0].attaches, 1); /* of equals the first is chosen first */
    const struct mme_ue *u = &w->mme[0].ue[0];
    uint8_t initial[512];
    size_t n = 0;
    struct s1ap_pdu message = {.type = S1AP_INITIAL_UE_MESSAGE};
    message.u.initial_ue_message =
        (struct s1ap_initial_ue_message){.enb_ue_s1ap_id = u->enb_id,
                                         .nas_pdu = {u->attach, u->attach_n},
                                         .tai = {{"001", "01"}, 1},
                                         .has_eutran_cgi = true,
                                         .eutran_cgi = {{"001", "01"}, 77 << 8},
                                         .has_rrc_cause = true,
                                         .rrc_cause = S1AP_RRC_MO_SIGNALLING};
    assert_ok(s1ap_write(&message, MBYTES_OF(initial), &n));
    pdu.u.reroute_nas_request = (struct s1ap_reroute_nas_request){.enb_ue_s1ap_id = u->enb_id,
                                                                  .has_mme_ue_s1ap_id = true,
                                                                  .mme_ue_s1ap_id = u->mme_id,
                                                                  .s1_message = {initial, n},
                                                                  .mme_group_id = 0x8002};
    mme_send(&w->mme[0], 0, &pdu);
    deliver(w);
    emulation_enb_counters(w->e, &c);
    assert_int_equal(c.rerouted, 1);
    assert_int_equal(w->mme[1].registered, 1);
    assert_int_equal(counts(w)->registered, 1);
    close_place(w);
}

static void refuses_nonsense(void **state)
{
    struct place *w = malloc(sizeof *w);
    struct emulation *e;
    struct emulation_config bad;
    const struct emulation_host host = {.ctx = w, .now_ns = clock_of, .send = send};
    const struct bindery_ue_settings settings = population_settings();
    (void)state;
    configure(w);
    assert_ok(population_open(&w->p, &settings, NULL));
    bad = w->config;
    assert_err(emulation_open(&bad, &host, &w->p, &e), E_BAD_VALUE); /* no device */
    assert_ok(population_add_derived(&w->p, &w->mme[0].origin, 1));
    bad.enbs = 0;
    assert_err(emulation_open(&bad, &host, &w->p, &e), E_BAD_VALUE);
    bad = w->config;
    bad.enb.n_plmns = 0;
    assert_err(emulation_open(&bad, &host, &w->p, &e), E_BAD_VALUE);
    bad = w->config;
    bad.radio.lose = 101;
    assert_err(emulation_open(&bad, &host, &w->p, &e), E_BAD_VALUE);
    population_close(&w->p);
    mme_close(&w->mme[0]);
    mme_close(&w->mme[1]);
    free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        {"emulation: a device attaches under its KME, and detaches", one_device, NULL, NULL, NULL},
        {"emulation: a time counts from when the attach was due", times_count_from_due, NULL, NULL,
         NULL},
        {"emulation: a device detaches after the hold", hold_then_detach, NULL, NULL, NULL},
        {"emulation: a device that attaches again uses its security context",
         repeated_with_its_context, NULL, NULL, NULL},
        {"emulation: an idle device asks for service, and KeNB is fresh", inactivity_and_service,
         NULL, NULL, NULL},
        {"emulation: 300 devices in three cells attach and detach", many_devices, NULL, NULL, NULL},
        {"emulation: one attempt waits for a busy device, a second fails", busy_device, NULL, NULL,
         NULL},
        {"emulation: RESET leaves registered devices idle", reset_by_mme, NULL, NULL, NULL},
        {"emulation: devices come back after the association was lost", association_lost, NULL,
         NULL, NULL},
        {"emulation: switch off waits for nothing", switched_off, NULL, NULL, NULL},
        {"emulation: a rerouted device attaches at the other MME", rerouted, NULL, NULL, NULL},
        {"emulation: refuses a configuration that cannot be", refuses_nonsense, NULL, NULL, NULL},
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
