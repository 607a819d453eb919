/* Who tries what against the provisioning of a device: false answers to the device, modems that say
 * what they like under keys of their own, two at once, and another operator. */
#include "attach/kme_attack.h"
#include "nf/mmed/emm_parts.h"

/* ---- NW_SIG ---------------------------------------------------------------------------------- */

/* The device keeps what it has, and is served as soon as its home network shows that it has it. */
static void assert_waits_and_is_served(const struct kme_me *waiting)
{
    assert_int_equal(s.w.devices[0].last_refused, BINDERY_UE_REFUSED_NW_SIGNATURE);
    assert_int_equal(s.w.devices[0].activated, 0);
    const struct kme_me after = scene_keys(&s, 0);
    assert_true(after.pending.present);
    assert_memory_equal(after.pending.kme.b, waiting->pending.kme.b, KME_LEN);
    assert_int_equal(after.has_active, waiting->has_active);
    s.h.forges = false;
    assert_true(world_run_registered(&s.w, 0, s.w.now + 2 * MINUTE));
    world_run(&s.w, s.w.now + SECOND);
    assert_int_equal(s.w.devices[0].by_challenge, 1);
    assert_true(scene_one_key(&s, 0));
}

static struct kme_me attach_to_forged(void)
{
    world_attach(&s.w, 0);
    world_run(&s.w, s.w.now + 5 * SECOND);
    assert_false(world_registered(&s.w, 0));
    return scene_keys(&s, 0);
}

/*= test kme-wrong-nwsig */
static void a_forged_nw_sig_activates_nothing_and_erases_nothing(void **state)
{
    (void)state;
    scene_open(&s, SCENE_FIRST);
    memset(s.h.forged, 0x66, sizeof s.h.forged);
    s.h.forges = true;
    const struct kme_me me = attach_to_forged();
    assert_waits_and_is_served(&me);
    scene_close(&s);
}

/*= test kme-wrong-nwsig */
static void the_nw_sig_of_another_run_activates_nothing(void **state)
{
    (void)state;
    scene_open(&s, SCENE_FIRST);
    assert_true(scene_attach(&s, 0));
    memcpy(s.h.forged, s.h.subscribers[0].kme.nw_sig, sizeof s.h.forged); /* it was good once */
    s.h.forges = true;
    world_detach(&s.w, 0, true);
    world_run(&s.w, s.w.now + SECOND);
    kme_home_request(&s.h.subscribers[0].kme, KME_REQUEST_RENEW, NULL);
    s.w.devices[0].activated = s.w.devices[0].by_challenge = 0;
    const struct kme_me me = attach_to_forged();
    assert_true(me.has_active);
    assert_waits_and_is_served(&me);
    scene_close(&s);
}

/* On the radio, without keys: whatever it says, the device goes on waiting. */
static void a_result_without_protection_is_not_looked_at(void **state)
{
    (void)state;
    uint8_t pdu[128], room[64];
    size_t n = 0;
    scene_open(&s, SCENE_FIRST);
    catch_payload(); /* the device waits */
    const struct kme_me me = scene_keys(&s, 0);
    struct nas_attach_reject m = {.emm_cause = 17};
    assert_ok(wire_kme_result_write(me.pending.xnw_sig, MBYTES_OF(room), &m.bindery_container));
    assert_ok(nas_write(&nas_attach_reject_message, &m, MBYTES_OF(pdu), &n));
    world_inject(&s.w, 0, false, (struct bytes){pdu, n});
    world_run(&s.w, s.w.now + 50);
    assert_int_equal(s.w.devices[0].activated, 0);
    assert_true(scene_keys(&s, 0).pending.present);
    assert_true(world_run_registered(&s.w, 0, s.w.now + 2 * MINUTE));
    scene_close(&s);
}

/* A network that may ask at all asks when nothing is due, after NW_SIG was lost: what waits is what
 * the home network has, and stays it. */
/*= test kme-one-key */
static void a_command_that_nobody_meant_does_not_cost_the_key_that_waits(void **state)
{
    (void)state;
    scene_open(&s, SCENE_FIRST);
    s.w.strike = (struct strike){.kind = STRIKE_LOSE, .at = 19};
    world_attach(&s.w, 0);
    world_run(&s.w, s.w.now + 5 * SECOND);
    assert_string_equal(s.w.log[19].name, "ATTACH REJECT");
    const struct kme_me waits = scene_keys(&s, 0);
    assert_true(waits.pending.present);
    assert_int_equal(s.h.taken, 1);
    s.h.rogue = true;
    for (unsigned i = 0; i < 40 && s.w.devices[0].offered < 3; i++) {
        world_run(&s.w, s.w.now + 10 * SECOND);
    }
    assert_int_equal(s.w.devices[0].offered, 3);
    assert_refused(KME_CAUSE_NONCE_USED);
    const struct kme_me after = scene_keys(&s, 0);
    assert_memory_equal(after.pending.kme.b, waits.pending.kme.b, KME_LEN);
    assert_memory_not_equal(after.pending.nonce, waits.pending.nonce, KME_NONCE_LEN);
    s.h.rogue = false;
    assert_true(world_run_registered(&s.w, 0, s.w.now + 20 * MINUTE));
    world_run(&s.w, s.w.now + SECOND);
    assert_true(scene_one_key(&s, 0));
    scene_close(&s);
}

/*= test kme-ciphered */
static void a_command_before_security_makes_no_key(void **state)
{
    (void)state;
    uint8_t pdu[128], room[64], nonce[KME_NONCE_LEN] = {1};
    size_t n = 0;
    scene_open(&s, SCENE_FIRST);
    struct nas_identity_request m = {.identity_type = NAS_IDENTITY_IMEI};
    assert_ok(wire_kme_command_write(nonce, MBYTES_OF(room), &m.bindery_container));
    assert_ok(nas_write(&nas_identity_request_message, &m, MBYTES_OF(pdu), &n));
    world_attach(&s.w, 0);
    world_inject(&s.w, 0, false, (struct bytes){pdu, n});
    world_run(&s.w, s.w.now + 5);
    assert_int_equal(s.w.devices[0].refused, 1);
    assert_true(s.w.devices[0].last_refused == BINDERY_UE_REFUSED_COMMAND_UNPROTECTED ||
                s.w.devices[0].last_refused == BINDERY_UE_REFUSED_IDENTITY_UNPROTECTED);
    assert_int_equal(s.w.devices[0].keys_n, 0);
    assert_true(world_run_registered(&s.w, 0, s.w.now + 20 * SECOND));
    scene_close(&s);
}

/* ---- a modem that says what it likes, under its own keys ------------------------------------- */

/* Runs until the MME has sent the command, which the device is kept from answering. */
static struct context *run_to_command(void)
{
    static const struct strike strike = {.kind = STRIKE_DELAY, .at = 13, .ms = 300};
    s.w.strike = strike;
    world_attach(&s.w, 0);
    world_run(&s.w, s.w.now + 200);
    for (unsigned i = 0; i < WORLD_CONTEXTS; i++) {
        if (s.w.contexts[i].used && emm_ue_state(s.w.contexts[i].emm) == EMM_PROVISIONING) {
            return &s.w.contexts[i];
        }
    }
    fail_msg("no command was sent");
    return NULL;
}

/* COUNTs a few ahead of the library's, whose own message comes behind and counts all the same. */
static void speak(const struct context *x, struct bytes plain)
{
    struct nas_security mine = x->emm->security;
    uint8_t pdu[EMM_PDU_MAX];
    size_t n = 0;
    mine.agreed.side = NASSEC_UE;
    mine.send_next = x->emm->security.receive_next + 4;
    assert_ok(nassec_protect(&s.w.c, &mine, NAS_SHT_CIPHERED, plain, MBYTES_OF(pdu), &n));
    world_inject(&s.w, 0, true, (struct bytes){pdu, n});
    world_run(&s.w, s.w.now + 20);
}

static bool setup_was_sent(void)
{
    bool found = false;
    for (unsigned i = 0; i < s.w.points && i < WORLD_POINTS; i++) {
        found = found || (s.w.log[i].attach == 1 && strcmp(s.w.log[i].name, "ATTACH ACCEPT") == 0);
    }
    return found;
}

static bool logged(const char *name)
{
    bool found = false;
    for (unsigned i = 0; i < s.w.points && i < WORLD_POINTS; i++) {
        found = found || strcmp(s.w.log[i].name, name) == 0;
    }
    return found;
}

/*= test kme-no-bearer */
static void who_asks_for_a_bearer_meanwhile_gets_none_and_is_provisioned(void **state)
{
    (void)state;
    /* TS 24.301 8.3.20: EBI 0 and ESM, PTI 9, PDN CONNECTIVITY REQUEST, IPv4 and initial request */
    static const uint8_t request[] = {0x02, 9, 0xd0, 0x11};
    scene_open(&s, SCENE_FIRST);
    struct context *x = run_to_command();
    speak(x, BYTES_OF(request));
    assert_true(world_was_told(&s.w, REFUSAL_BEARER_NOT_NOW));
    assert_true(logged("PDN CONNECTIVITY REJECT"));
    assert_int_equal(emm_ue_state(x->emm), EMM_PROVISIONING);
    assert_true(world_run_registered(&s.w, 0, s.w.now + 20 * SECOND));
    world_run(&s.w, s.w.now + SECOND);
    assert_false(setup_was_sent());
    assert_int_equal(s.w.attaches, 2);
    assert_true(scene_one_key(&s, 0));
    scene_close(&s);
}

static struct bytes identity_response(const struct imei *imei, struct bytes container,
                                      uint8_t room[static EMM_PDU_MAX])
{
    uint8_t id[NAS_IDENTITY_MAX];
    size_t n = 0;
    struct nas_identity said = {.type = NAS_IDENTITY_IMEI, .imei = *imei};
    struct nas_identity_response m = {.bindery_container = container};
    assert_ok(nas_identity_write(&said, MBYTES_OF(id), &m.identity));
    assert_ok(
        nas_write(&nas_identity_response_message, &m, (struct mbytes){room, EMM_PDU_MAX}, &n));
    return (struct bytes){room, n};
}

/* What the device itself would have sent, with other names on it: no HSS is asked at all. */
static void carried_by_nobody(const struct imsi *imsi, const struct imei *imei,
                              const struct imei *claimed)
{
    uint8_t room[EMM_PDU_MAX], container[HOME_UPDATE_MAX];
    struct bytes value;
    scene_open(&s, SCENE_FIRST);
    struct context *x = run_to_command();
    const struct kme_me me = scene_keys(&s, 0);
    const struct kme_payload p = {
        *imsi, *imei, s.h.lots[0].id, {me.pending.encrypted, me.pending.n}};
    assert_ok(wire_kme_payload_write(&p, MBYTES_OF(container), &value));
    speak(x, identity_response(claimed, value, room));
    assert_true(world_was_told(&s.w, REFUSAL_KME_NOT_CARRIED));
    assert_int_equal(s.h.next_job, 0);
    assert_int_equal(s.w.ulrs, 0);
    world_run(&s.w, s.w.now + SECOND);
    assert_int_equal(s.w.devices[0].activated, 0);
    scene_close(&s);
}

/*= test kme-context kme-7 */
static void an_mme_carries_the_payload_of_its_own_ue_only(void **state)
{
    (void)state;
    scene_open(&s, SCENE_FIRST);
    struct imsi own = imsi_of(0), other = imsi_of(1);
    struct imei imei = makers_imei(&s.k, 0), elses = makers_imei(&s.k, 1);
    scene_close(&s);
    carried_by_nobody(&other, &imei, &imei);
    carried_by_nobody(&own, &elses, &imei);
    carried_by_nobody(&own, &elses, &elses); /* the IMEISV that it told before was another */
}

/* ---- two at once ----------------------------------------------------------------------------- */

/* The SIM is copied, and both devices are genuine: the subscription learns the first. */
static void put_copied_sim(void)
{
    struct device *d = &s.w.devices[1];
    memcpy(d->identity.imsi, imsi_of(0).digits, 15);
    world_boot(&s.w, 1);
}

/*= test kme-race kme-latest */
static void of_two_that_race_under_one_nonce_the_first_is_bound(void **state)
{
    (void)state;
    scene_open(&s, SCENE_FIRST);
    put_copied_sim();
    struct imsi imsi = imsi_of(0);
    struct imei first = makers_imei(&s.k, 0);
    catch_payload(); /* it is on the way */
    s.h.work_ms = 1000;
    home_update(&s.h, &imsi, &first, caught_payload()); /* opened, and not yet kept, */
    world_run(&s.w, s.w.now + 100);
    world_attach(&s.w, 1); /* when the second one's comes under the nonce that stands */
    world_run(&s.w, s.w.now + 5 * SECOND);
    assert_int_equal(s.h.offers, 1);
    assert_int_equal(s.h.openings, 2);
    assert_int_equal(s.h.taken, 1);
    assert_refused(KME_CAUSE_NONCE_USED);
    assert_true(imei_eq(&s.h.subscribers[0].view.devices[0].imei, &first));
    assert_false(world_registered(&s.w, 1));
    assert_int_equal(s.w.devices[1].activated, 0);
    assert_true(world_run_registered(&s.w, 0, s.w.now + 2 * MINUTE));
    world_run(&s.w, s.w.now + SECOND);
    assert_true(scene_one_key(&s, 0));
    scene_close(&s);
}

/*= test kme-approval kme-list */
static void a_second_device_cannot_take_a_bound_subscription(void **state)
{
    (void)state;
    scene_open(&s, SCENE_FIRST);
    put_copied_sim();
    assert_true(scene_attach(&s, 0));
    struct emm_effect air = {.kind = EMM_ASK_VECTORS, .vectors = 1};
    struct imsi imsi = imsi_of(0);
    struct imei second = makers_imei(&s.k, 1);
    air.who.has_imsi = true;
    air.who.imsi = imsi;
    kme_home_request(&s.h.subscribers[0].kme, KME_REQUEST_RENEW, NULL); /* of the first one's */
    home_ask(&s.h, &air);
    world_run(&s.w, s.w.now + 100);
    caught.n = s.h.seen_n;
    memcpy(caught.octets, s.h.seen, s.h.seen_n);
    update_refused(&imsi, &second, relabelled(NULL, &second, NULL, NULL), KME_CAUSE_NOT_AUTHORISED);
    scene_close(&s);
}

/* ---- another operator ------------------------------------------------------------------------ */

/*= test kme-per-imsi */
static void another_operator_provisions_the_same_device_and_the_firsts_key_stays(void **state)
{
    (void)state;
    uint8_t record[BINDERY_UE_KEYS_MAX];
    struct home_subscriber *second = &s.h.subscribers[1];
    scene_open(&s, SCENE_FIRST);
    struct device *d = &s.w.devices[0];
    assert_true(scene_attach(&s, 0));
    const struct binding_view first_view = s.h.subscribers[0].view;
    const struct kme_home first_kme = s.h.subscribers[0].kme;
    const struct kme_me first = scene_keys(&s, 0);
    size_t n = d->keys_n;
    memcpy(record, d->keys, n);
    world_detach(&s.w, 0, true);
    world_run(&s.w, s.w.now + SECOND);
    assert_ok(imsi_parse(BYTES_LIT("262425123456789"), &second->imsi)); /* its own IMSI */
    assert_ok(plmn_parse(BYTES_LIT("262-42"), &second->plmn));
    memcpy(d->identity.imsi, second->imsi.digits, 15);
    d->image_n = d->keys_n = 0; /* records are per IMSI */
    world_boot(&s.w, 0);
    assert_true(scene_attach(&s, 0));
    const struct kme_me other = scene_keys(&s, 0);
    assert_memory_equal(other.active.b, second->view.devices[0].kme.b, KME_LEN);
    assert_memory_not_equal(other.active.b, first.active.b, KME_LEN);
    assert_memory_equal(&s.h.subscribers[0].view, &first_view, sizeof first_view);
    assert_memory_equal(&s.h.subscribers[0].kme, &first_kme, sizeof first_kme);
    world_detach(&s.w, 0, true);
    world_run(&s.w, s.w.now + SECOND);
    memcpy(d->identity.imsi, s.h.subscribers[0].imsi.digits, 15); /* the first SIM again */
    memcpy(d->keys, record, n);
    d->keys_n = n;
    d->image_n = 0;
    world_boot(&s.w, 0);
    assert_true(scene_attach(&s, 0));
    assert_int_equal(s.h.taken, 2); /* without being provisioned again */
    assert_true(scene_one_key(&s, 0));
    scene_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_forged_nw_sig_activates_nothing_and_erases_nothing),
        cmocka_unit_test(the_nw_sig_of_another_run_activates_nothing),
        cmocka_unit_test(a_result_without_protection_is_not_looked_at),
        cmocka_unit_test(a_command_that_nobody_meant_does_not_cost_the_key_that_waits),
        cmocka_unit_test(a_command_before_security_makes_no_key),
        cmocka_unit_test(who_asks_for_a_bearer_meanwhile_gets_none_and_is_provisioned),
        cmocka_unit_test(an_mme_carries_the_payload_of_its_own_ue_only),
        cmocka_unit_test(of_two_that_race_under_one_nonce_the_first_is_bound),
        cmocka_unit_test(a_second_device_cannot_take_a_bound_subscription),
        cmocka_unit_test(another_operator_provisions_the_same_device_and_the_firsts_key_stays),
    };
    return cmocka_run_group_tests_name("kme under attack: on the air", tests, NULL, NULL);
}
