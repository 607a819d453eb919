/* What follows a refusal: src/device/reject.c, src/device/detach.c, src/device/service.c. */
#include "device/world.h"

#define MINUTE 60000U

/* ---- ATTACH REJECT, every cause ---- */

struct expected {
    uint8_t cause;
    enum bindery_ue_state state;
    enum bindery_ue_why why;
};
static const struct expected under_protection[] = {
    {EMM_CAUSE_ILLEGAL_UE, BINDERY_UE_STATE_NO_USIM, BINDERY_UE_WHY_USIM_INVALID},
    {EMM_CAUSE_ILLEGAL_ME, BINDERY_UE_STATE_NO_USIM, BINDERY_UE_WHY_USIM_INVALID},
    {EMM_CAUSE_EPS_SERVICES_NOT_ALLOWED, BINDERY_UE_STATE_NO_USIM, BINDERY_UE_WHY_USIM_INVALID},
    {EMM_CAUSE_EPS_AND_NON_EPS_SERVICES_NOT_ALLOWED, BINDERY_UE_STATE_NO_USIM,
     BINDERY_UE_WHY_USIM_INVALID},
    {EMM_CAUSE_PLMN_NOT_ALLOWED, BINDERY_UE_STATE_LIMITED, BINDERY_UE_WHY_FORBIDDEN},
    {EMM_CAUSE_TRACKING_AREA_NOT_ALLOWED, BINDERY_UE_STATE_LIMITED, BINDERY_UE_WHY_FORBIDDEN},
    {EMM_CAUSE_ROAMING_NOT_ALLOWED, BINDERY_UE_STATE_LIMITED, BINDERY_UE_WHY_FORBIDDEN},
    {EMM_CAUSE_EPS_SERVICES_NOT_ALLOWED_IN_PLMN, BINDERY_UE_STATE_LIMITED,
     BINDERY_UE_WHY_FORBIDDEN},
    {EMM_CAUSE_NO_SUITABLE_CELLS, BINDERY_UE_STATE_LIMITED, BINDERY_UE_WHY_FORBIDDEN},
    {EMM_CAUSE_NOT_AUTHORIZED_FOR_CSG, BINDERY_UE_STATE_LIMITED, BINDERY_UE_WHY_FORBIDDEN},
    {EMM_CAUSE_SERVICE_OPTION_NOT_AUTHORIZED, BINDERY_UE_STATE_LIMITED, BINDERY_UE_WHY_FORBIDDEN},
    {EMM_CAUSE_PLMN_NOT_ALLOWED_AT_LOCATION, BINDERY_UE_STATE_LIMITED, BINDERY_UE_WHY_FORBIDDEN},
    {EMM_CAUSE_SEVERE_NETWORK_FAILURE, BINDERY_UE_STATE_WAITING, BINDERY_UE_WHY_EXHAUSTED},
    {EMM_CAUSE_SEMANTICALLY_INCORRECT, BINDERY_UE_STATE_WAITING, BINDERY_UE_WHY_EXHAUSTED},
    {EMM_CAUSE_INVALID_MANDATORY_INFORMATION, BINDERY_UE_STATE_WAITING, BINDERY_UE_WHY_EXHAUSTED},
    {EMM_CAUSE_MESSAGE_TYPE_NON_EXISTENT, BINDERY_UE_STATE_WAITING, BINDERY_UE_WHY_EXHAUSTED},
    {EMM_CAUSE_IE_NON_EXISTENT, BINDERY_UE_STATE_WAITING, BINDERY_UE_WHY_EXHAUSTED},
    {EMM_CAUSE_PROTOCOL_ERROR, BINDERY_UE_STATE_WAITING, BINDERY_UE_WHY_EXHAUSTED},
    {200, BINDERY_UE_STATE_WAITING, BINDERY_UE_WHY_EXHAUSTED},              /* unknown: as 111 */
    {EMM_CAUSE_CONGESTION, BINDERY_UE_STATE_WAITING, BINDERY_UE_WHY_RETRY}, /* without T3346 */
    {EMM_CAUSE_NETWORK_FAILURE, BINDERY_UE_STATE_WAITING, BINDERY_UE_WHY_RETRY},
    {EMM_CAUSE_ESM_FAILURE, BINDERY_UE_STATE_WAITING, BINDERY_UE_WHY_RETRY},
    {EMM_CAUSE_IMSI_UNKNOWN_IN_HSS, BINDERY_UE_STATE_WAITING, BINDERY_UE_WHY_RETRY},
    {EMM_CAUSE_UE_IDENTITY_CANNOT_BE_DERIVED, BINDERY_UE_STATE_WAITING, BINDERY_UE_WHY_RETRY},
};

static void check_reject(struct world *w, uint8_t cause, enum bindery_ue_state expected,
                         enum bindery_ue_why why, bool secured)
{
    const struct bindery_ue_event *e = world_event(w, BINDERY_UE_EVENT_REJECTED);
    assert_non_null(e);
    assert_int_equal(e->cause, cause);
    assert_int_equal(e->message, NAS_ATTACH_REJECT);
    assert_int_equal(e->secured, secured);
    assert_int_equal(bindery_ue_state(&w->ue), expected);
    e = world_event(w, BINDERY_UE_EVENT_WAITING);
    assert_non_null(e);
    assert_int_equal(e->why, why);
}

static void each_cause_leads_where_the_specification_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof under_protection / sizeof *under_protection; i++) {
        const struct expected *x = &under_protection[i];
        struct nas_attach_reject m = {.emm_cause = x->cause};
        struct world w;
        world_open(&w);
        world_secure(&w);
        net_secured(&w, &nas_attach_reject_message, &m);
        check_reject(&w, x->cause, x->state, x->why, true);
        world_close(&w);
    }
}

static void unprotected_causes_are_doubted(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof under_protection / sizeof *under_protection; i++) {
        const struct expected *x = &under_protection[i];
        struct nas_attach_reject m = {.emm_cause = x->cause};
        struct world w;
        world_open(&w);
        world_begin(&w);
        net_plain(&w, &nas_attach_reject_message, &m);
        if (x->cause == EMM_CAUSE_NOT_AUTHORIZED_FOR_CSG ||
            x->cause == EMM_CAUSE_PLMN_NOT_ALLOWED_AT_LOCATION) {
            assert_int_equal(world_refusal(&w), BINDERY_UE_REFUSED_UNPROTECTED);
        } else if (x->state == BINDERY_UE_STATE_WAITING) {
            check_reject(&w, x->cause, x->state, x->why, false);
        } else {
            check_reject(&w, x->cause, BINDERY_UE_STATE_LIMITED, BINDERY_UE_WHY_UNBELIEVED, false);
            uint64_t until = world_event(&w, BINDERY_UE_EVENT_WAITING)->until - w.now;
            assert_true(until >= 30 * MINUTE && until <= 60 * MINUTE); /* T3247 */
            while (bindery_ue_state(&w.ue) == BINDERY_UE_STATE_LIMITED) {
                assert_true(world_wait(&w));
            }
            assert_int_equal(bindery_ue_state(&w.ue), BINDERY_UE_STATE_ATTACHING);
        }
        world_close(&w);
    }
}

static void what_is_repeated_often_enough_is_believed(void **state)
{
    struct world w;
    struct nas_attach_reject m = {.emm_cause = EMM_CAUSE_ILLEGAL_UE};
    struct nas_attach_request request;
    (void)state;
    world_open(&w);
    world_begin(&w);
    for (uint16_t i = 0; i <= w.settings.unprotected_limit; i++) {
        net_plain(&w, &nas_attach_reject_message, &m);
        if (i < w.settings.unprotected_limit) {
            world_lower(&w, BINDERY_UE_LOWER_RELEASED);
            world_camp(&w, (uint16_t)(100 + i)); /* another cell is tried */
            net_expect_attach(&w, &request);
        }
    }
    assert_int_equal(bindery_ue_state(&w.ue), BINDERY_UE_STATE_NO_USIM);
    world_camp(&w, 300);
    assert_int_equal(w.up.n, 0);
    assert_int_equal(bindery_ue_detach(&w.ue, w.now, true), BINDERY_UE_OK); /* switched off */
    world_take(&w);
    world_attach(&w);
    net_expect_attach(&w, &request);
    world_close(&w);
}

static void congestion_is_waited_out(void **state)
{
    struct world w;
    struct nas_attach_reject m = {.emm_cause = EMM_CAUSE_CONGESTION,
                                  .t3346 = NAS_U8_OF(nas_timer_of(120))};
    struct nas_attach_request request;
    (void)state;
    for (int secured = 0; secured < 2; secured++) {
        world_open(&w);
        if (secured) {
            world_secure(&w);
            net_secured(&w, &nas_attach_reject_message, &m);
        } else {
            world_begin(&w);
            net_plain(&w, &nas_attach_reject_message, &m);
        }
        uint64_t until = world_event(&w, BINDERY_UE_EVENT_WAITING)->until;
        assert_int_equal(world_event(&w, BINDERY_UE_EVENT_WAITING)->why, BINDERY_UE_WHY_CONGESTION);
        assert_true(secured ? until - w.now == 120000
                            : until - w.now >= 15 * MINUTE && until - w.now <= 30 * MINUTE);
        world_lower(&w, BINDERY_UE_LOWER_RELEASED);
        world_attach(&w); /* asking again does not help */
        assert_int_equal(w.up.n, 0);
        world_boot(&w, true); /* nor does a restart (5.3.7) */
        world_camp(&w, 1);
        world_attach(&w);
        assert_int_equal(w.up.n, 0);
        assert_int_equal(world_event(&w, BINDERY_UE_EVENT_WAITING)->why, BINDERY_UE_WHY_CONGESTION);
        while (bindery_ue_state(&w.ue) == BINDERY_UE_STATE_WAITING) {
            assert_true(world_wait(&w));
        }
        net_expect_attach(&w, &request);
        world_close(&w);
    }
}

static void the_esm_cause_counts_under_protection_only(void **state)
{
    struct world w;
    struct nas_pdn_connectivity_reject pdn = {.header = {.pti = 1},
                                              .esm_cause = ESM_CAUSE_MISSING_OR_UNKNOWN_APN};
    uint8_t esm[16];
    size_t n = 0;
    (void)state;
    assert_ok(nas_write(&nas_pdn_connectivity_reject_message, &pdn, MBYTES_OF(esm), &n));
    struct nas_attach_reject m = {.emm_cause = EMM_CAUSE_ESM_FAILURE,
                                  .esm_message_container = {esm, n}};
    world_open(&w);
    world_begin(&w);
    net_plain(&w, &nas_attach_reject_message, &m);
    assert_int_equal(world_event(&w, BINDERY_UE_EVENT_REJECTED)->esm_cause, 0);
    world_boot(&w, false);
    world_secure(&w);
    net_secured(&w, &nas_attach_reject_message, &m);
    assert_int_equal(world_event(&w, BINDERY_UE_EVENT_REJECTED)->esm_cause,
                     ESM_CAUSE_MISSING_OR_UNKNOWN_APN);
    world_close(&w);
}

static void an_authentication_reject_is_final_under_protection(void **state)
{
    struct world w;
    struct nas_authentication_reject m;
    (void)state;
    memset(&m, 0, sizeof m);
    world_open(&w);
    world_begin(&w);
    net_plain(&w, &nas_authentication_reject_message, &m); /* nothing was answered yet */
    assert_int_equal(world_refusal(&w), BINDERY_UE_REFUSED_UNEXPECTED);
    assert_int_equal(w.up.n, 0);
    assert_int_equal(bindery_ue_state(&w.ue), BINDERY_UE_STATE_ATTACHING);
    net_challenge(&w, &w.kme);
    net_plain(&w, &nas_authentication_reject_message, &m);
    assert_int_equal(bindery_ue_state(&w.ue), BINDERY_UE_STATE_LIMITED);
    assert_int_equal(world_event(&w, BINDERY_UE_EVENT_WAITING)->why, BINDERY_UE_WHY_UNBELIEVED);
    world_boot(&w, false);
    world_register(&w);
    net_secured(&w, &nas_authentication_reject_message, &m);
    assert_int_equal(bindery_ue_state(&w.ue), BINDERY_UE_STATE_NO_USIM);
    world_close(&w);
}

static void a_connection_that_nobody_releases_is_released(void **state)
{
    struct world w;
    struct nas_attach_reject m = {.emm_cause = EMM_CAUSE_NETWORK_FAILURE};
    (void)state;
    world_open(&w);
    world_begin(&w);
    net_plain(&w, &nas_attach_reject_message, &m);
    assert_true(world_wait(&w)); /* T3440 before T3411, which run as long */
    assert_non_null(world_event(&w, BINDERY_UE_EVENT_RELEASE));
    assert_int_equal(w.up.n, 0);
    assert_true(world_wait(&w));
    assert_true(w.up.initial);
    world_close(&w);
}

/* ---- detach ---- */

static void a_detach_is_repeated_and_then_given_up(void **state)
{
    struct world w;
    (void)state;
    world_open(&w);
    world_register(&w);
    assert_int_equal(bindery_ue_detach(&w.ue, w.now, false), BINDERY_UE_OK);
    world_take(&w);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(net_open(&w), NAS_DETACH_REQUEST);
        assert_true(world_wait(&w));
    }
    assert_int_equal(net_open(&w), NAS_DETACH_REQUEST);
    assert_true(world_wait(&w));
    assert_int_equal(w.up.n, 0);
    assert_int_equal(bindery_ue_state(&w.ue), BINDERY_UE_STATE_DEREGISTERED);
    assert_non_null(world_event(&w, BINDERY_UE_EVENT_DEREGISTERED));
    assert_false(world_wait(&w));
    world_close(&w);
}

static void the_network_may_ask_for_another_attach(void **state)
{
    struct world w;
    struct nas_detach_request_down m = {.detach_type = NAS_REATTACH_REQUIRED};
    struct nas_attach_request request;
    (void)state;
    world_open(&w);
    world_register(&w);
    net_secured(&w, &nas_detach_request_down_message, &m);
    assert_int_equal(net_open(&w), NAS_DETACH_ACCEPT);
    const struct bindery_ue_event *e = world_event(&w, BINDERY_UE_EVENT_DEREGISTERED);
    assert_true(e->by_network);
    world_lower(&w, BINDERY_UE_LOWER_RELEASED);
    net_expect_attach(&w, &request);
    assert_true(w.up.has_guti);
    net_accept(&w);
    /* And if the connection is not released, the device does that first. */
    net_secured(&w, &nas_detach_request_down_message, &m);
    assert_true(world_wait(&w));
    assert_non_null(world_event(&w, BINDERY_UE_EVENT_RELEASE));
    assert_true(world_wait(&w));
    net_expect_attach(&w, &request);
    assert_true(w.up.initial);
    world_close(&w);
}

static void a_detach_for_good_follows_its_cause(void **state)
{
    static const struct {
        uint8_t cause;
        enum bindery_ue_state state;
    } cases[] = {{0, BINDERY_UE_STATE_WAITING},
                 {EMM_CAUSE_ILLEGAL_ME, BINDERY_UE_STATE_NO_USIM},
                 {EMM_CAUSE_PLMN_NOT_ALLOWED, BINDERY_UE_STATE_LIMITED},
                 {EMM_CAUSE_IMSI_UNKNOWN_IN_HSS, BINDERY_UE_STATE_WAITING}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct world w;
        struct nas_detach_request_down m = {.detach_type = NAS_REATTACH_NOT_REQUIRED,
                                            .emm_cause = {cases[i].cause != 0, cases[i].cause}};
        world_open(&w);
        world_register(&w);
        net_secured(&w, &nas_detach_request_down_message, &m);
        assert_int_equal(net_open(&w), NAS_DETACH_ACCEPT);
        assert_int_equal(bindery_ue_state(&w.ue), cases[i].state);
        world_close(&w);
    }
}

static void an_imsi_detach_ends_nothing(void **state)
{
    struct world w;
    struct nas_detach_request_down m = {.detach_type = NAS_IMSI_DETACH_DOWN};
    (void)state;
    world_open(&w);
    world_register(&w);
    net_secured(&w, &nas_detach_request_down_message, &m);
    assert_int_equal(net_open(&w), NAS_DETACH_ACCEPT);
    assert_int_equal(bindery_ue_state(&w.ue), BINDERY_UE_STATE_REGISTERED);
    world_close(&w);
}

/* ---- service request, update, GUTI ---- */

static void a_service_request_is_four_octets_that_verify(void **state)
{
    struct world w;
    uint32_t count = 0;
    uint8_t kenb[32];
    struct key_kenb theirs;
    struct nas_service_reject reject = {.emm_cause = EMM_CAUSE_UE_IDENTITY_CANNOT_BE_DERIVED};
    struct nas_attach_request request;
    (void)state;
    world_open(&w);
    world_register(&w);
    assert_int_equal(bindery_ue_service(&w.ue, w.now, false), BINDERY_UE_ERR_STATE);
    world_lower(&w, BINDERY_UE_LOWER_RELEASED);
    unsigned stores = w.stores;
    for (int i = 0; i < 4; i++) {
        assert_int_equal(bindery_ue_service(&w.ue, w.now, i % 2 == 0), BINDERY_UE_OK);
        world_take(&w);
        assert_int_equal(w.up.n, 4);
        assert_int_equal(w.up.establishment,
                         i % 2 == 0 ? BINDERY_UE_MT_ACCESS : BINDERY_UE_MO_DATA);
        assert_true(w.up.has_guti);
        assert_ok(nassec_check_service_request(&w.c, &w.security, (struct bytes){w.up_pdu, w.up.n},
                                               &count));
        assert_int_equal(bindery_ue_kenb(&w.ue, kenb), BINDERY_UE_OK);
        assert_ok(nassec_kenb(&w.c, &w.security, count, &theirs));
        assert_memory_equal(kenb, theirs.b, sizeof kenb);
        world_lower(&w, BINDERY_UE_LOWER_BEARERS);
        assert_int_equal(bindery_ue_state(&w.ue), BINDERY_UE_STATE_REGISTERED);
        world_lower(&w, BINDERY_UE_LOWER_RELEASED);
    }
    assert_int_equal(w.stores, stores); /* COUNTs were reserved ahead */
    assert_int_equal(bindery_ue_service(&w.ue, w.now, false), BINDERY_UE_OK);
    world_take(&w);
    assert_true(world_wait(&w)); /* T3417 */
    assert_int_equal(bindery_ue_state(&w.ue), BINDERY_UE_STATE_REGISTERED);
    assert_non_null(world_event(&w, BINDERY_UE_EVENT_RELEASE));
    assert_int_equal(bindery_ue_service(&w.ue, w.now, false), BINDERY_UE_OK);
    world_take(&w);
    net_plain(&w, &nas_service_reject_message, &reject); /* the MME has forgotten us */
    world_lower(&w, BINDERY_UE_LOWER_RELEASED);
    net_expect_attach(&w, &request);
    assert_int_equal(request.ksi, NAS_KSI_NONE);
    world_close(&w);
}

static void net_update_accept(struct world *w, bool with_guti)
{
    struct nas_tracking_area_update_accept m;
    struct nas_eps_identity id = {.type = NAS_EPS_IDENTITY_GUTI, .guti = w->guti};
    struct nas_tai_list list = {.n = 1, .tai = {{.plmn = w->guti.plmn, .tac = 2}}};
    uint8_t guti[16], tai[8];
    memset(&m, 0, sizeof m);
    if (with_guti) {
        assert_ok(nas_eps_identity_write(&id, MBYTES_OF(guti), &m.guti));
    }
    assert_ok(nas_tai_list_write(&list, MBYTES_OF(tai), &m.tai_list));
    net_secured(w, &nas_tracking_area_update_accept_message, &m);
}

static void tracking_areas_are_updated_in_time_and_place(void **state)
{
    struct world w;
    struct nas_tracking_area_update_request m;
    struct bindery_ue_guti guti;
    (void)state;
    world_open(&w);
    world_register(&w);
    world_lower(&w, BINDERY_UE_LOWER_RELEASED);
    uint64_t idle = w.now;
    while (w.up.n == 0) {
        assert_true(world_wait(&w)); /* T3412 */
    }
    assert_int_equal(w.now - idle, 3600000);
    net_expect(&w, &nas_tracking_area_update_request_message, &m);
    assert_int_equal(m.update_type, NAS_PERIODIC_UPDATING);
    assert_int_equal(m.eps_bearer_context_status.p[0], 1 << 5);
    w.guti.m_tmsi++;
    net_update_accept(&w, true);
    assert_int_equal(net_open(&w), NAS_TRACKING_AREA_UPDATE_COMPLETE);
    assert_true(bindery_ue_guti(&w.ue, &guti));
    assert_int_equal(guti.m_tmsi, w.guti.m_tmsi);
    world_lower(&w, BINDERY_UE_LOWER_RELEASED);
    world_camp(&w, 2); /* in the list by now */
    assert_int_equal(w.up.n, 0);
    world_camp(&w, 3);
    net_expect(&w, &nas_tracking_area_update_request_message, &m);
    assert_int_equal(m.update_type, NAS_TA_UPDATING);
    for (int i = 1; i <= 5; i++) {
        assert_true(world_wait(&w)); /* T3430 */
        assert_int_equal(world_event(&w, BINDERY_UE_EVENT_WAITING)->why,
                         i < 5 ? BINDERY_UE_WHY_RETRY : BINDERY_UE_WHY_EXHAUSTED);
        assert_true(world_wait(&w));
        net_expect(&w, &nas_tracking_area_update_request_message, &m);
    }
    net_update_accept(&w, false);
    assert_int_equal(w.up.n, 0);
    assert_int_equal(bindery_ue_state(&w.ue), BINDERY_UE_STATE_REGISTERED);
    world_close(&w);
}

static void an_update_may_be_rejected(void **state)
{
    struct world w;
    struct nas_tracking_area_update_reject m = {.emm_cause = EMM_CAUSE_IMPLICITLY_DETACHED};
    struct nas_tracking_area_update_request update;
    struct nas_attach_request request;
    (void)state;
    world_open(&w);
    world_register(&w);
    world_lower(&w, BINDERY_UE_LOWER_RELEASED);
    world_camp(&w, 9);
    net_expect(&w, &nas_tracking_area_update_request_message, &update);
    net_plain(&w, &nas_tracking_area_update_reject_message, &m);
    assert_int_equal(bindery_ue_state(&w.ue), BINDERY_UE_STATE_WAITING);
    world_lower(&w, BINDERY_UE_LOWER_RELEASED);
    net_expect_attach(&w, &request);
    world_close(&w);
}

static void a_guti_is_replaced(void **state)
{
    struct world w;
    struct nas_guti_reallocation_command m;
    struct nas_eps_identity id = {.type = NAS_EPS_IDENTITY_GUTI};
    uint8_t room[16];
    struct bindery_ue_guti guti;
    (void)state;
    world_open(&w);
    world_register(&w);
    memset(&m, 0, sizeof m);
    id.guti = w.guti;
    id.guti.m_tmsi = 0x12345678;
    assert_ok(nas_eps_identity_write(&id, MBYTES_OF(room), &m.guti));
    net_secured(&w, &nas_guti_reallocation_command_message, &m);
    assert_int_equal(net_open(&w), NAS_GUTI_REALLOCATION_COMPLETE);
    world_boot(&w, true);
    assert_true(bindery_ue_guti(&w.ue, &guti));
    assert_int_equal(guti.m_tmsi, 0x12345678);
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_cause_leads_where_the_specification_says),
        cmocka_unit_test(unprotected_causes_are_doubted),
        cmocka_unit_test(what_is_repeated_often_enough_is_believed),
        cmocka_unit_test(congestion_is_waited_out),
        cmocka_unit_test(the_esm_cause_counts_under_protection_only),
        cmocka_unit_test(an_authentication_reject_is_final_under_protection),
        cmocka_unit_test(a_connection_that_nobody_releases_is_released),
        cmocka_unit_test(a_detach_is_repeated_and_then_given_up),
        cmocka_unit_test(the_network_may_ask_for_another_attach),
        cmocka_unit_test(a_detach_for_good_follows_its_cause),
        cmocka_unit_test(an_imsi_detach_ends_nothing),
        cmocka_unit_test(a_service_request_is_four_octets_that_verify),
        cmocka_unit_test(tracking_areas_are_updated_in_time_and_place),
        cmocka_unit_test(an_update_may_be_rejected),
        cmocka_unit_test(a_guti_is_replaced),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
