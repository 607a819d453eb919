/* Every state with every event: src/device/emm_table.c, src/device/names.c. */
#include "codec/nas_codes.h"
#include "device/ue.h"
#include "device/world.h"

/* The device, put into a state with what belongs to it. */
static void put_into(struct world *w, enum bindery_ue_state state)
{
    struct nas_attach_reject congestion = {.emm_cause = EMM_CAUSE_NETWORK_FAILURE};
    struct nas_attach_reject area = {.emm_cause = EMM_CAUSE_NO_SUITABLE_CELLS};
    struct nas_attach_reject illegal = {.emm_cause = EMM_CAUSE_ILLEGAL_UE};
    w->has_security = false;
    w->image_n = 0;
    world_boot(w, false);
    switch (state) {
    case BINDERY_UE_STATE_DEREGISTERED:
        world_camp(w, 1);
        break;
    case BINDERY_UE_STATE_WAITING:
    case BINDERY_UE_STATE_LIMITED:
    case BINDERY_UE_STATE_NO_USIM:
        world_secure(w);
        net_secured(w, &nas_attach_reject_message,
                    state == BINDERY_UE_STATE_WAITING   ? &congestion
                    : state == BINDERY_UE_STATE_LIMITED ? &area
                                                        : &illegal);
        break;
    case BINDERY_UE_STATE_ATTACHING:
        world_secure(w);
        break;
    case BINDERY_UE_STATE_REGISTERED:
        world_register(w);
        break;
    case BINDERY_UE_STATE_SERVICE_REQUESTED:
        world_register(w);
        world_lower(w, BINDERY_UE_LOWER_RELEASED);
        assert_int_equal(bindery_ue_service(&w->ue, w->now, false), BINDERY_UE_OK);
        break;
    case BINDERY_UE_STATE_UPDATING:
        world_register(w);
        world_lower(w, BINDERY_UE_LOWER_RELEASED);
        world_camp(w, 50);
        break;
    case BINDERY_UE_STATE_DETACHING:
        world_register(w);
        assert_int_equal(bindery_ue_detach(&w->ue, w->now, false), BINDERY_UE_OK);
        break;
    case BINDERY_UE_STATE_COUNT:
        fail();
    }
    world_take(w);
    assert_int_equal(bindery_ue_state(&w->ue), state);
}

/* 0x47 is the type of no message. */
static const uint8_t types[EMM_EVENT_COUNT] = {
    [EMM_ON_ATTACH_ACCEPT] = NAS_ATTACH_ACCEPT,
    [EMM_ON_ATTACH_REJECT] = NAS_ATTACH_REJECT,
    [EMM_ON_DETACH_REQUEST] = NAS_DETACH_REQUEST,
    [EMM_ON_DETACH_ACCEPT] = NAS_DETACH_ACCEPT,
    [EMM_ON_UPDATE_ACCEPT] = NAS_TRACKING_AREA_UPDATE_ACCEPT,
    [EMM_ON_UPDATE_REJECT] = NAS_TRACKING_AREA_UPDATE_REJECT,
    [EMM_ON_SERVICE_REJECT] = NAS_SERVICE_REJECT,
    [EMM_ON_SERVICE_ACCEPT] = NAS_SERVICE_ACCEPT,
    [EMM_ON_GUTI_REALLOCATION] = NAS_GUTI_REALLOCATION_COMMAND,
    [EMM_ON_AUTHENTICATION_REQUEST] = NAS_AUTHENTICATION_REQUEST,
    [EMM_ON_AUTHENTICATION_REJECT] = NAS_AUTHENTICATION_REJECT,
    [EMM_ON_IDENTITY_REQUEST] = NAS_IDENTITY_REQUEST,
    [EMM_ON_EMM_STATUS] = NAS_EMM_STATUS,
    [EMM_ON_EMM_INFORMATION] = NAS_EMM_INFORMATION,
    [EMM_ON_UNIMPLEMENTED] = 0x47,
};

static bool pair_has_handler(enum bindery_ue_state s, enum emm_event e)
{
    return emm_handler_of(s, e) != NULL;
}

/* A message, protected, whose body is cut off after the type: who has a handler either needs none
 * of it or finds it malformed (#96); who has none says #98. */
static void message_in(struct world *w, enum bindery_ue_state s, enum emm_event e)
{
    uint8_t plain[] = {0x07, types[e]}, out[32];
    size_t n = 0;
    struct nas_emm_status status;
    if (!w->has_security) { /* never attached: nobody's keys will do */
        net_new_context(w);
    }
    assert_ok(
        nassec_protect(&w->c, &w->security, NAS_SHT_CIPHERED, BYTES_OF(plain), MBYTES_OF(out), &n));
    world_down(w, (struct bytes){out, n});
    if (s == BINDERY_UE_STATE_LIMITED || s == BINDERY_UE_STATE_NO_USIM) {
        /* the keys went with the registration: nothing can be believed */
        assert_int_equal(world_refusal(w), BINDERY_UE_REFUSED_NO_CONTEXT);
        assert_int_equal(bindery_ue_state(&w->ue), s);
    } else if (!pair_has_handler(s, e)) {
        assert_int_equal(world_refusal(w), BINDERY_UE_REFUSED_UNEXPECTED);
        assert_int_equal(bindery_ue_state(&w->ue), s);
        if (w->up.n > 0) { /* an idle device has nobody to tell */
            net_expect(w, &nas_emm_status_message, &status);
            assert_int_equal(status.emm_cause, EMM_CAUSE_MESSAGE_TYPE_NOT_COMPATIBLE);
        }
    } else if (world_refusal(w) == BINDERY_UE_REFUSED_MALFORMED) {
        assert_int_equal(bindery_ue_state(&w->ue), s);
        net_expect(w, &nas_emm_status_message, &status);
        assert_int_equal(status.emm_cause, EMM_CAUSE_INVALID_MANDATORY_INFORMATION);
    }
}

static void call_in(struct world *w, enum bindery_ue_state s, enum emm_event e)
{
    const struct bindery_ue_cell cell = {.plmn = {0x00, 0xf1, 0x10}, .tac = 77};
    enum bindery_ue_result r = BINDERY_UE_OK;
    const struct bindery_ue before = w->ue;
    if (e == EMM_ON_CAMP) {
        r = bindery_ue_camp(&w->ue, w->now, &cell);
    } else if (e == EMM_ON_ATTACH) {
        r = bindery_ue_attach(&w->ue, w->now);
    } else if (e == EMM_ON_DETACH) {
        r = bindery_ue_detach(&w->ue, w->now, false);
    } else {
        r = bindery_ue_service(&w->ue, w->now, false);
    }
    if (!pair_has_handler(s, e)) {
        assert_int_equal(r, BINDERY_UE_ERR_STATE);
        assert_memory_equal(&before, &w->ue, sizeof before);
    }
    world_take(w);
}

static void happen_in(struct world *w, enum bindery_ue_state s, enum emm_event e)
{
    struct ue *ue = (struct ue *)(void *)w->ue.space;
    struct step step = {.ue = ue, .now = w->now, .result = BINDERY_UE_OK};
    emm_happen(&step, e);
    if (!pair_has_handler(s, e)) {
        assert_int_equal(bindery_ue_state(&w->ue), s);
        assert_int_equal(ue->out.n, 0);
        assert_int_equal(ue->events_n, 0);
    }
    world_take(w);
}

static void every_state_takes_every_event(void **state)
{
    struct world w;
    unsigned handled = 0;
    (void)state;
    world_open(&w);
    for (unsigned s = 0; s < BINDERY_UE_STATE_COUNT; s++) {
        for (unsigned e = 0; e < EMM_EVENT_COUNT; e++) {
            put_into(&w, (enum bindery_ue_state)s);
            handled += pair_has_handler((enum bindery_ue_state)s, (enum emm_event)e);
            if (e <= EMM_ON_SERVICE) {
                call_in(&w, (enum bindery_ue_state)s, (enum emm_event)e);
            } else if (e < EMM_ON_ATTACH_ACCEPT) {
                happen_in(&w, (enum bindery_ue_state)s, (enum emm_event)e);
            } else if (e != EMM_ON_SECURITY_MODE && e != EMM_ON_ESM) {
                message_in(&w, (enum bindery_ue_state)s, (enum emm_event)e);
            }
            /* From wherever it is now it can be switched off, and begin anew. */
            if (bindery_ue_detach(&w.ue, w.now, true) == BINDERY_UE_OK) {
                world_take(&w);
            }
            assert_int_equal(bindery_ue_state(&w.ue), BINDERY_UE_STATE_DEREGISTERED);
        }
    }
    assert_true(handled > 100);
    world_close(&w);
}

static void no_pair_has_two_rows_and_every_event_has_one(void **state)
{
    (void)state;
    for (unsigned e = 0; e < EMM_EVENT_COUNT; e++) {
        unsigned states = 0;
        for (unsigned s = 0; s < BINDERY_UE_STATE_COUNT; s++) {
            states += pair_has_handler((enum bindery_ue_state)s, (enum emm_event)e);
        }
        assert_true(states > 0);
        assert_string_not_equal(emm_event_name((enum emm_event)e), "unknown");
    }
}

static void everything_has_a_name(void **state)
{
    (void)state;
    for (int i = 0; i <= BINDERY_UE_REFUSED_BEARER; i++) {
        assert_string_not_equal(bindery_ue_refusal_name((enum bindery_ue_refusal)i), "unknown");
        assert_true(strlen(bindery_ue_refusal_sentence((enum bindery_ue_refusal)i)) > 8);
    }
    for (int i = 0; i < BINDERY_UE_STATE_COUNT; i++) {
        assert_string_not_equal(bindery_ue_state_name((enum bindery_ue_state)i), "unknown");
    }
    for (int i = 0; i <= BINDERY_UE_EVENT_CRYPTO_FAILED; i++) {
        assert_string_not_equal(bindery_ue_event_name((enum bindery_ue_event_kind)i), "unknown");
    }
    for (int i = 0; i <= BINDERY_UE_WHY_NO_CELL; i++) {
        assert_string_not_equal(bindery_ue_why_name((enum bindery_ue_why)i), "unknown");
    }
    assert_string_equal(bindery_ue_refusal_name((enum bindery_ue_refusal)999), "unknown");
}

static void output_that_waits_comes_first(void **state)
{
    struct world w;
    const struct bindery_ue_cell cell = {.plmn = {0x00, 0xf1, 0x10}, .tac = 1};
    struct bindery_ue_uplink up;
    (void)state;
    world_open(&w);
    world_camp(&w, 1);
    assert_int_equal(bindery_ue_attach(&w.ue, w.now), BINDERY_UE_OK);
    const struct bindery_ue before = w.ue;
    assert_int_equal(bindery_ue_attach(&w.ue, w.now), BINDERY_UE_ERR_BUSY);
    assert_int_equal(bindery_ue_camp(&w.ue, w.now, &cell), BINDERY_UE_ERR_BUSY);
    assert_int_equal(bindery_ue_tick(&w.ue, w.now), BINDERY_UE_ERR_BUSY);
    assert_int_equal(bindery_ue_downlink(&w.ue, w.now, w.image, 2), BINDERY_UE_ERR_BUSY);
    assert_int_equal(bindery_ue_lower(&w.ue, w.now, BINDERY_UE_LOWER_FAILED), BINDERY_UE_ERR_BUSY);
    assert_memory_equal(&before, &w.ue, sizeof before);
    assert_true(bindery_ue_uplink(&w.ue, &up));
    assert_false(bindery_ue_uplink(&w.ue, &up));
    world_close(&w);
}

static void wrong_arguments_are_refused(void **state)
{
    struct world w;
    const struct bindery_ue_cell cell = {.plmn = {0xaa, 0xf1, 0x10}, .tac = 1};
    (void)state;
    world_open(&w);
    assert_int_equal(bindery_ue_camp(&w.ue, w.now, &cell), BINDERY_UE_ERR_ARGUMENT);
    assert_int_equal(bindery_ue_lower(&w.ue, w.now, (enum bindery_ue_lower)9),
                     BINDERY_UE_ERR_ARGUMENT);
    assert_int_equal(bindery_ue_downlink(&w.ue, w.now, w.buffer, sizeof w.buffer),
                     BINDERY_UE_ERR_ARGUMENT);
    struct bindery_ue_settings bad = w.settings;
    bad.eia = 0x80; /* EIA0 */
    assert_int_equal(bindery_ue_init(&w.ue, &w.table, &w.host, &bad, &w.identity, w.buffer,
                                     sizeof w.buffer, NULL, 0),
                     BINDERY_UE_ERR_ARGUMENT);
    bad = w.settings;
    bad.eea = 0x70; /* without EEA0 */
    assert_int_equal(bindery_ue_init(&w.ue, &w.table, &w.host, &bad, &w.identity, w.buffer,
                                     sizeof w.buffer, NULL, 0),
                     BINDERY_UE_ERR_ARGUMENT);
    assert_int_equal(bindery_ue_init(&w.ue, &w.table, &w.host, &w.settings, &w.identity, w.buffer,
                                     BINDERY_UE_BUFFER_MIN - 1, NULL, 0),
                     BINDERY_UE_ERR_ROOM);
    w.identity.imeisv[3] = 'x';
    assert_int_equal(bindery_ue_init(&w.ue, &w.table, &w.host, &w.settings, &w.identity, w.buffer,
                                     sizeof w.buffer, NULL, 0),
                     BINDERY_UE_ERR_ARGUMENT);
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_state_takes_every_event),
        cmocka_unit_test(no_pair_has_two_rows_and_every_event_has_one),
        cmocka_unit_test(everything_has_a_name),
        cmocka_unit_test(output_that_waits_comes_first),
        cmocka_unit_test(wrong_arguments_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
