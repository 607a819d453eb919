/* src/nf/mmed/emm_onboard.c: an attach of a device that has no subscription. Its request goes on as
 * it came, what comes back goes to it as it came, and whatever happens nobody is registered. */
#include "codec/nas_container.h"
#include "lib/check.h"
#include "mmed/emm_rig.h"
#include "wire/certattach.h"

static struct rig g;

#define IMEI "35693803564380"

static void open_onboarding(void)
{
    rig_open(&g);
    g.config.onboarding = true;
    g.attach_type = NAS_PROVISIONING_ATTACH;
    g.imei = IMEI;
}

static void ask(void)
{
    rig_pdu(&g, true, rig_attach_request(&g, NAS_SHT_PLAIN));
}

static void asked(void)
{
    open_onboarding();
    ask();
    assert_int_equal(g.ue->state, EMM_ONBOARDING);
}

/* Nothing that only a subscriber has. */
static void assert_nobody(void)
{
    static const enum emm_effect_kind never[] = {
        EMM_SETUP,         EMM_REROUTE,        EMM_ASK_VECTORS,    EMM_ASK_LOCATION,
        EMM_ASK_EQUIPMENT, EMM_REPORT_FAILURE, EMM_PURGE,          EMM_ASSIGN_GUTI,
        EMM_DROP_GUTI,     EMM_AUTHENTICATED,  EMM_REGISTERED_NOW, EMM_DEVICE};
    for (size_t i = 0; i < sizeof never / sizeof never[0]; i++) {
        assert_null(rig_effect(&g, never[i]));
    }
}

/* The device was told #17 in clear, with this container or (empty) none; nothing of it is left. */
static void assert_ended(enum refusal why, struct bytes container)
{
    static struct emm_ue nobody;
    struct nas_attach_reject m;
    const struct emm_effect *told = rig_effect(&g, EMM_TOLD);
    const struct emm_effect *sent = rig_effect(&g, EMM_SEND);
    emm_ue_init(&nobody);
    assert_true(rig_told(&g, why));
    assert_true(told->ends_attach && told->onboarding);
    assert_false(told->provisioning);
    assert_false(told->who.has_imsi);
    assert_non_null(sent);
    assert_ok(nas_parse(&nas_attach_reject_message, sent->pdu, &m, NULL));
    assert_int_equal(m.emm_cause, EMM_CAUSE_NETWORK_FAILURE);
    assert_true(bytes_eq(m.bindery_container, container));
    assert_null(m.esm_message_container.p);
    assert_false(m.t3346.present);
    assert_non_null(rig_effect(&g, EMM_RELEASE));
    assert_nobody();
    assert_true(g.gone);
    assert_memory_equal(g.ue, &nobody, sizeof nobody);
}

static const struct bytes no_container = {NULL, 0};

/* ---- the request ----------------------------------------------------------------------------- */

/*= test certattach-no-vector certattach-1b */
static void the_request_goes_on_as_it_came_and_no_vector_is_asked_for(void **state)
{
    (void)state;
    asked();
    const struct emm_effect *e = rig_effect(&g, EMM_ASK_ONBOARDING);
    assert_non_null(e);
    assert_true(bytes_eq(e->request, RIG_REQUEST));
    assert_true(e->onboarding && e->who.has_imei);
    assert_false(e->who.has_imsi || e->who.has_guti || e->who.authenticated);
    assert_string_equal(e->who.imei.imei.digits, IMEI);
    assert_null(rig_effect(&g, EMM_SEND));
    assert_nobody();
    rig_close(&g);
}

static void what_it_waits_is_shorter_than_the_devices_own_timer(void **state)
{
    (void)state;
    static const uint32_t configured[] = {60000, 14001, 14000, 5000};
    for (size_t i = 0; i < sizeof configured / sizeof configured[0]; i++) {
        open_onboarding();
        g.config.attach_ms = configured[i];
        ask();
        const struct emm_effect *guard = rig_effect(&g, EMM_TIMER_START);
        assert_non_null(guard);
        assert_int_equal(guard->timer, EMM_TIMER_ATTACH);
        assert_true(guard->ms <= configured[i] && guard->ms < 15000);
        assert_int_equal(guard->ms, configured[i] < 14000 ? configured[i] : 14000);
        rig_close(&g);
    }
}

/*= test certattach-not-offered */
static void an_mme_that_does_not_offer_it_says_so_by_a_reject_without_a_container(void **state)
{
    (void)state;
    for (int readable = 0; readable < 2; readable++) {
        open_onboarding();
        g.config.onboarding = false;
        g.container = readable ? RIG_REQUEST : no_container;
        ask();
        assert_null(rig_effect(&g, EMM_ASK_ONBOARDING));
        assert_ended(REFUSAL_ONBOARDING_NOT_OFFERED, no_container);
        rig_close(&g);
    }
}

static void assert_unreadable(void)
{
    ask();
    assert_null(rig_effect(&g, EMM_ASK_ONBOARDING));
    assert_ended(REFUSAL_ONBOARDING_UNREADABLE, no_container);
    rig_close(&g);
}

static void who_names_no_imei_is_not_asked_about(void **state)
{
    (void)state;
    open_onboarding();
    g.imei = NULL; /* the IMSI */
    assert_unreadable();
    open_onboarding();
    g.imei = NULL;
    g.by_guti = true;
    assert_unreadable();
}

static void a_request_of_another_shape_is_not_carried(void **state)
{
    (void)state;
    struct bytes whole = RIG_REQUEST;
    uint8_t longer[128] = {0};
    memcpy(longer, whole.p, whole.n);
    open_onboarding();
    g.container = no_container;
    assert_unreadable();
    open_onboarding();
    g.container = BYTES_LIT("\x03\x01\x01\x00\x10"
                            "0123456789abcdef"); /* a command of kme */
    assert_unreadable();
    open_onboarding();
    g.container = (struct bytes){longer, whole.n + 1};
    assert_unreadable();
    for (size_t n = 2; n < whole.n; n++) { /* shorter ones are no element */
        open_onboarding();
        g.container = (struct bytes){whole.p, n};
        assert_unreadable();
    }
}

/* Who has no subscription needs no bearer, so what it says of one is not looked at. */
static void a_bearer_request_that_cannot_be_read_does_no_harm(void **state)
{
    (void)state;
    uint8_t room[NAS_IDENTITY_MAX];
    static const uint8_t capability[] = {0xf0, 0x70};
    open_onboarding();
    struct nas_attach_request m = {.attach_type = NAS_PROVISIONING_ATTACH,
                                   .ksi = NAS_KSI_NONE,
                                   .identity = rig_eps_imei(&g, room),
                                   .ue_network_capability = BYTES_OF(capability),
                                   .esm_message_container = BYTES_LIT("\xff\xff\xff"),
                                   .bindery_container = RIG_REQUEST};
    rig_pdu(&g, true, rig_write(&g, NAS_SHT_PLAIN, &nas_attach_request_message, &m));
    assert_int_equal(g.ue->state, EMM_ONBOARDING);
    rig_close(&g);
}

static void every_prefix_of_the_attach_request_is_refused_and_leaves_nothing(void **state)
{
    (void)state;
    open_onboarding();
    struct bytes whole = rig_attach_request(&g, NAS_SHT_PLAIN);
    uint8_t *copy = exact_copy(whole);
    rig_close(&g);
    for (size_t n = 0; n < whole.n; n++) {
        uint8_t *prefix = exact_copy((struct bytes){copy, n});
        open_onboarding();
        rig_pdu(&g, true, (struct bytes){prefix, n});
        assert_true(g.gone);
        assert_null(rig_effect(&g, EMM_ASK_ONBOARDING));
        assert_nobody();
        rig_close(&g);
        free(prefix);
    }
    free(copy);
}

static void the_same_request_again_asks_nobody_again(void **state)
{
    (void)state;
    asked();
    struct emm_ue before = *g.ue;
    rig_pdu(&g, false, rig_attach_request(&g, NAS_SHT_PLAIN));
    assert_int_equal(g.fx.n, 0);
    assert_memory_equal(g.ue, &before, sizeof before);
    rig_close(&g);
}

/* A device that was given up on here and comes with another nonce: what is asked now counts. */
static void another_request_on_the_connection_begins_anew(void **state)
{
    (void)state;
    uint8_t other[64];
    asked();
    struct bytes request = RIG_REQUEST;
    memcpy(other, request.p, request.n);
    other[request.n - 1] ^= 1;
    g.container = (struct bytes){other, request.n};
    rig_pdu(&g, false, rig_attach_request(&g, NAS_SHT_PLAIN));
    assert_int_equal(g.ue->state, EMM_ONBOARDING);
    assert_true(bytes_eq(rig_effect(&g, EMM_ASK_ONBOARDING)->request, g.container));
    assert_nobody();
    rig_close(&g);
}

/* ---- the result ------------------------------------------------------------------------------ */

/* A result whose ciphertext has so many octets. */
static struct bytes result_of(size_t ciphertext)
{
    static uint8_t room[NAS_CONTAINER_MAX], octets[4096];
    struct bytes value;
    for (size_t i = 0; i < sizeof octets; i++) {
        octets[i] = (uint8_t)(i * 7 + 1);
    }
    struct nas_provisioning_result m = {.nonce_1 = {octets, 16},
                                        .expiry = {octets, 8},
                                        .ciphertext = {octets, ciphertext},
                                        .operator_signature = {octets, 64},
                                        .certificate = {octets, 300}};
    assert_ok(nas_container_write(&nas_provisioning_result_container, &m, MBYTES_OF(room), &value));
    return value;
}

static void answer(uint32_t code, bool experimental, struct bytes result)
{
    struct emm_eca eca = {.code = code, .experimental = experimental, .result = result};
    struct emm_event event = {.kind = EMM_ECA, .eca = &eca};
    rig_step(&g, &event);
}

#define OVERHEAD (2 + (3 + 16) + (3 + 8) + 3 + (3 + 64) + (3 + 300))

/*= test certattach-4 certattach-no-vector */
static void the_result_reaches_the_device_in_clear_as_it_came_and_nobody_is_registered(void **state)
{
    (void)state;
    static const size_t sizes[] = {1, 200, 512, WIRE_CERTATTACH_RESULT_MAX - OVERHEAD};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct bytes result = result_of(sizes[i]);
        asked();
        answer(2001, false, result);
        assert_ended(REFUSAL_ONBOARDED, result);
        assert_string_equal(rig_effect(&g, EMM_TOLD)->who.imei.imei.digits, IMEI);
        rig_close(&g);
    }
}

/*= test certattach-one-refusal */
static void whatever_else_is_answered_gives_the_device_nothing_and_one_cause(void **state)
{
    (void)state;
    const struct bytes result = result_of(200);
    const struct {
        uint32_t code;
        bool experimental;
        struct bytes result;
        enum refusal why;
    } of[] = {
        {2001, false, no_container, REFUSAL_ONBOARDING_REFUSED}, /* an EIR that knows no more */
        {2001, true, result, REFUSAL_ONBOARDING_REFUSED},
        {2002, false, result, REFUSAL_ONBOARDING_REFUSED},
        {3001, false, no_container, REFUSAL_ONBOARDING_REFUSED},
        {3004, false, no_container, REFUSAL_ONBOARDING_REFUSED},
        {5012, false, no_container, REFUSAL_ONBOARDING_REFUSED},
        {5012, false, result, REFUSAL_ONBOARDING_REFUSED},      /* a refusal gives nothing */
        {5001, true, no_container, REFUSAL_ONBOARDING_REFUSED}, /* else #8 for good */
        {5422, true, no_container, REFUSAL_ONBOARDING_REFUSED}, /* else #6 for good */
        {0, false, no_container, REFUSAL_HSS_SILENT},
        {0, false, result, REFUSAL_HSS_SILENT},
    };
    for (size_t i = 0; i < sizeof of / sizeof of[0]; i++) {
        asked();
        answer(of[i].code, of[i].experimental, of[i].result);
        assert_ended(of[i].why, no_container);
        rig_close(&g);
    }
}

/* ---- how else it ends ------------------------------------------------------------------------ */

static void
a_home_network_that_stays_silent_ends_it_and_what_it_says_later_finds_nobody(void **state)
{
    (void)state;
    asked();
    rig_timer(&g, EMM_TIMER_ATTACH);
    assert_ended(REFUSAL_HSS_SILENT, no_container);
    answer(2001, false, result_of(200));
    assert_null(rig_effect(&g, EMM_SEND));
    assert_int_equal(g.ue->state, EMM_DEREGISTERED);
    rig_close(&g);
}

static void a_connection_that_is_lost_ends_it_without_a_word(void **state)
{
    (void)state;
    asked();
    rig_event(&g, EMM_CONNECTION_LOST);
    assert_int_equal(g.fx.n, 1);
    assert_non_null(rig_effect(&g, EMM_FORGET));
    rig_close(&g);
}

/* ---- who it is not --------------------------------------------------------------------------- */

/* A UE that is registered may say that it has no subscription: then it has none here any more. */
static void a_registered_ue_that_onboards_is_nobody_and_answered_in_clear(void **state)
{
    (void)state;
    struct bytes result = result_of(200);
    rig_open(&g);
    rig_to(&g, EMM_REGISTERED);
    g.config.onboarding = true;
    g.attach_type = NAS_PROVISIONING_ATTACH;
    rig_pdu(&g, false, rig_attach_request(&g, NAS_SHT_CIPHERED));
    assert_int_equal(g.ue->state, EMM_ONBOARDING);
    assert_false(g.ue->has_security || g.ue->secured || g.ue->who.has_imsi || g.ue->who.has_guti);
    assert_false(rig_effect(&g, EMM_ASK_ONBOARDING)->who.authenticated);
    assert_non_null(rig_effect(&g, EMM_DROP_GUTI));
    answer(2001, false, result);
    assert_ended(REFUSAL_ONBOARDED, result);
    rig_close(&g);
}

/* In clear, on the connection of a UE that is registered, it is what any message in clear is. */
static void in_clear_it_takes_nobodys_registration(void **state)
{
    (void)state;
    rig_open(&g);
    rig_to(&g, EMM_REGISTERED);
    g.config.onboarding = true;
    g.attach_type = NAS_PROVISIONING_ATTACH;
    rig_pdu(&g, false, rig_attach_request(&g, NAS_SHT_PLAIN));
    assert_true(rig_told(&g, REFUSAL_NAS_UNPROTECTED));
    assert_int_equal(g.ue->state, EMM_REGISTERED);
    assert_null(rig_effect(&g, EMM_ASK_ONBOARDING));
    rig_close(&g);
}

/* An ATTACH REQUEST that is found changed on the way (HashMME) and is of this type after all: there
 * is no service for it behind a security context. */
static void behind_a_security_context_it_is_not_served(void **state)
{
    (void)state;
    uint8_t room[EMM_PDU_MAX], id[NAS_IDENTITY_MAX];
    struct nas_identity imeisv = {.type = NAS_IDENTITY_IMEISV};
    struct nas_security_mode_complete m = {.header = {0}};
    uint8_t cause = 0;
    rig_open(&g);
    rig_to(&g, EMM_SECURITY_MODE);
    g.config.onboarding = true;
    g.attach_type = NAS_PROVISIONING_ATTACH;
    struct bytes replayed = rig_attach_request(&g, NAS_SHT_PLAIN);
    memcpy(room, replayed.p, replayed.n);
    m.replayed_nas_message = (struct bytes){room, replayed.n};
    assert_ok(imeisv_parse(BYTES_LIT("3569380356438099"), &imeisv.imeisv));
    assert_ok(nas_identity_write(&imeisv, MBYTES_OF(id), &m.imeisv));
    rig_secure(&g, g.kasme, g.ksi);
    rig_pdu(&g, false,
            rig_write(&g, NAS_SHT_CIPHERED_NEW, &nas_security_mode_complete_message, &m));
    assert_true(rig_told(&g, REFUSAL_NO_SERVICE_HERE));
    assert_int_equal(rig_sent(&g, 0, &cause), NAS_ATTACH_REJECT);
    assert_null(rig_effect(&g, EMM_ASK_ONBOARDING));
    assert_true(g.gone);
    rig_close(&g);
}

/* A container 6 in an ordinary attach is an element that this MME has no use for. */
static void a_container_alone_makes_no_onboarding(void **state)
{
    (void)state;
    uint8_t room[NAS_IDENTITY_MAX], esm[64];
    size_t n = 0;
    static const uint8_t capability[] = {0xf0, 0x70};
    struct nas_pdn_connectivity_request pdn = {
        .header = {.pti = 1}, .request_type = 1, .pdn_type = 1};
    assert_ok(nas_write(&nas_pdn_connectivity_request_message, &pdn, MBYTES_OF(esm), &n));
    open_onboarding();
    struct nas_attach_request m = {.attach_type = NAS_EPS_ATTACH,
                                   .ksi = NAS_KSI_NONE,
                                   .identity = rig_eps_imsi(&g, room),
                                   .ue_network_capability = BYTES_OF(capability),
                                   .esm_message_container = {esm, n},
                                   .bindery_container = RIG_REQUEST};
    rig_pdu(&g, true, rig_write(&g, NAS_SHT_PLAIN, &nas_attach_request_message, &m));
    assert_int_equal(g.ue->state, EMM_VECTORS);
    assert_null(rig_effect(&g, EMM_ASK_ONBOARDING));
    rig_close(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_request_goes_on_as_it_came_and_no_vector_is_asked_for),
        cmocka_unit_test(what_it_waits_is_shorter_than_the_devices_own_timer),
        cmocka_unit_test(an_mme_that_does_not_offer_it_says_so_by_a_reject_without_a_container),
        cmocka_unit_test(who_names_no_imei_is_not_asked_about),
        cmocka_unit_test(a_request_of_another_shape_is_not_carried),
        cmocka_unit_test(a_bearer_request_that_cannot_be_read_does_no_harm),
        cmocka_unit_test(every_prefix_of_the_attach_request_is_refused_and_leaves_nothing),
        cmocka_unit_test(the_same_request_again_asks_nobody_again),
        cmocka_unit_test(another_request_on_the_connection_begins_anew),
        cmocka_unit_test(
            the_result_reaches_the_device_in_clear_as_it_came_and_nobody_is_registered),
        cmocka_unit_test(whatever_else_is_answered_gives_the_device_nothing_and_one_cause),
        cmocka_unit_test(
            a_home_network_that_stays_silent_ends_it_and_what_it_says_later_finds_nobody),
        cmocka_unit_test(a_connection_that_is_lost_ends_it_without_a_word),
        cmocka_unit_test(a_registered_ue_that_onboards_is_nobody_and_answered_in_clear),
        cmocka_unit_test(in_clear_it_takes_nobodys_registration),
        cmocka_unit_test(behind_a_security_context_it_is_not_served),
        cmocka_unit_test(a_container_alone_makes_no_onboarding),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
