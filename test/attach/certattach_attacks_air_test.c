/* Attacks on procedure certattach from the air: requests and results with every octet changed, old
 * ones and other devices', rejects that want to lock a device out, and messages that have no
 * business there. Nothing of it is taken, nothing is drawn for it, and the device is served. */
#include "attach/certattach_attack.h"

#include <stdio.h>

/* ---- a result with one octet changed --------------------------------------------------------- */

enum part { HEAD, NONCE_1, EXPIRY, BOX, SIGNATURE, CERTIFICATE, PARTS };
static const char *const part_names[PARTS] = {
    "type, version, tag or length", "Nonce1", "expiry", "box", "signature", "certificate"};

static enum part part_of(struct bytes container, size_t at)
{
    struct nas_provisioning_result m;
    assert_ok(nas_container_parse(&nas_provisioning_result_container, container, &m));
    const struct bytes parts[PARTS] = {[NONCE_1] = m.nonce_1,
                                       [EXPIRY] = m.expiry,
                                       [BOX] = m.ciphertext,
                                       [SIGNATURE] = m.operator_signature,
                                       [CERTIFICATE] = m.certificate};
    for (int i = NONCE_1; i < PARTS; i++) {
        if (container.p + at >= parts[i].p && container.p + at < parts[i].p + parts[i].n) {
            return (enum part)i;
        }
    }
    return HEAD;
}

static struct {
    size_t at, n; /* n: octets of the container, once one was seen */
    uint8_t mask;
    enum part part;
    bool done;
} flip;

static bool flips_result(void *ctx, bool uplink, uint8_t *pdu, size_t *n)
{
    struct bytes container = result_in((struct bytes){pdu, *n});
    (void)ctx;
    if (!uplink && container.p != NULL && !flip.done) {
        flip.n = container.n;
        flip.part = part_of(container, flip.at);
        pdu[(size_t)(container.p - pdu) + flip.at] ^= flip.mask;
        flip.done = true;
    }
    return true;
}

static bool allowed(enum part part, size_t at, enum bindery_ue_refusal why)
{
    switch (part) {
    case HEAD:
        /* of another type or version it is no result */
        return why == BINDERY_UE_REFUSED_RESULT_UNREADABLE ||
               (at < 2 && why == BINDERY_UE_REFUSED_NONE);
    case NONCE_1:
    case BOX:
    case SIGNATURE:
        return why == BINDERY_UE_REFUSED_OPERATOR_SIGNATURE;
    case EXPIRY: /* one that is over is said to be before anything is verified, or it is none */
        return why == BINDERY_UE_REFUSED_OPERATOR_SIGNATURE ||
               why == BINDERY_UE_REFUSED_RESULT_EXPIRED ||
               why == BINDERY_UE_REFUSED_RESULT_UNREADABLE;
    case CERTIFICATE:
        return why == BINDERY_UE_REFUSED_OPERATOR_UNTRUSTED ||
               why == BINDERY_UE_REFUSED_OPERATOR_SIGNATURE ||
               why == BINDERY_UE_REFUSED_OPERATOR_PURPOSE ||
               why == BINDERY_UE_REFUSED_OPERATOR_PLMN ||
               why == BINDERY_UE_REFUSED_OPERATOR_CERTIFICATE_EXPIRED;
    case PARTS:
        break;
    }
    return false;
}

/*= test certattach-signed certattach-operator certattach-bound-box */
static void a_result_with_any_octet_changed_is_not_taken(void **state)
{
    (void)state;
    unsigned refused[PARTS][64] = {{0}};
    flip.n = SIZE_MAX;
    for (flip.at = 0; flip.at < flip.n; flip.at++) {
        scene_open(&s);
        flip.mask = (uint8_t)(1u << flip.at % 8);
        flip.done = false;
        s.w.radio = flips_result;
        attempt(0);
        assert_true(flip.done);
        enum bindery_ue_refusal why = s.w.devices[0].last_refused;
        if (!allowed(flip.part, flip.at, why)) {
            fail_msg("octet %zu, of %s: %s", flip.at, part_names[flip.part],
                     bindery_ue_refusal_name(why));
        }
        refused[flip.part][why % 64]++;
        assert_refused_then_served(0, why);
        assert_int_equal(s.a.drawn, 1);
        scene_close(&s);
    }
    printf("a bit changed in each of %zu octets:\n", flip.n);
    for (int p = 0; p < PARTS; p++) {
        for (unsigned why = 0; why < 64; why++) {
            if (refused[p][why] > 0) {
                printf("  %-30s %4u %s\n", part_names[p], refused[p][why],
                       bindery_ue_refusal_name((enum bindery_ue_refusal)why));
            }
        }
    }
}

static struct {
    size_t n;
} cut;

static bool cuts_result(void *ctx, bool uplink, uint8_t *pdu, size_t *n)
{
    struct bytes container = result_in((struct bytes){pdu, *n});
    (void)ctx;
    if (!uplink && container.p != NULL) {
        container.n = cut.n < container.n ? cut.n : container.n;
        write_reject(17, container, pdu, n);
    }
    return true;
}

static void a_result_that_is_cut_is_not_taken(void **state)
{
    (void)state;
    static const size_t lengths[] = {2, 3, 20, 21, 32, 33, 34, 100, 200, 300, 500, 600};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        scene_open(&s);
        cut.n = lengths[i];
        s.w.radio = cuts_result;
        attempt(0);
        assert_refused_then_served(0, BINDERY_UE_REFUSED_RESULT_UNREADABLE);
        scene_close(&s);
    }
}

/* ---- old ones, and other devices' ------------------------------------------------------------ */

static struct {
    bool records, replays;
    unsigned of, to, replayed;
    size_t n;
    uint8_t octets[EMM_PDU_MAX];
} tape;

/* Records what comes to anybody, and plays it to whom it may concern instead of what comes. */
static bool plays(void *ctx, bool uplink, uint8_t *pdu, size_t *n)
{
    struct bytes container = result_in((struct bytes){pdu, *n});
    (void)ctx;
    if (uplink || container.p == NULL) {
        return true;
    }
    if (tape.records) {
        memcpy(tape.octets, pdu, *n);
        tape.n = *n;
    } else if (tape.replays) {
        memcpy(pdu, tape.octets, tape.n);
        *n = tape.n;
        tape.replayed++;
    }
    return true;
}

static void record_attach(unsigned ue)
{
    memset(&tape, 0, sizeof tape);
    tape.records = true;
    s.w.radio = plays;
    assert_true(scene_attach(&s, ue));
    assert_true(tape.n > 0);
    tape.records = false;
    tape.replays = true;
}

/*= test certattach-nonce */
static void an_old_result_of_the_same_device_is_not_taken_again(void **state)
{
    (void)state;
    scene_open(&s);
    record_attach(0);
    struct device *d = &s.w.devices[0];
    d->has_profile = d->confirmed = false; /* a factory reset */
    d->image_n = d->keys_n = 0;
    d->onboarded = 0;
    scene_row(&s, 0)->held.again = true;
    world_kill(&s.w, PARTY_UE);
    world_run(&s.w, s.w.now + 5 * SECOND);
    assert_int_equal(tape.replayed, 1);
    assert_refused_then_served(0, BINDERY_UE_REFUSED_OPERATOR_SIGNATURE);
    scene_close(&s);
}

/* A device that has a subscription asks for none, and takes none. */
static void an_old_result_says_nothing_to_a_device_that_has_a_subscription(void **state)
{
    (void)state;
    scene_open(&s);
    record_attach(0);
    struct bindery_ue_profile had = s.w.devices[0].profile;
    world_kill(&s.w, PARTY_UE);
    world_run(&s.w, s.w.now + 5);
    world_inject(&s.w, 0, false, (struct bytes){tape.octets, tape.n});
    world_run(&s.w, s.w.now + 5 * SECOND);
    assert_int_equal(s.w.devices[0].onboarded, 1);
    assert_memory_equal(&s.w.devices[0].profile, &had, sizeof had);
    assert_true(world_run_registered(&s.w, 0, s.w.now + 20 * MINUTE));
    scene_close(&s);
}

/*= test certattach-signed */
static void the_result_of_another_device_is_not_taken(void **state)
{
    (void)state;
    scene_open(&s);
    record_attach(1);
    attempt(0);
    assert_true(tape.replayed > 0);
    assert_string_equal(bindery_ue_refusal_name(s.w.devices[0].last_refused), "operator-signature");
    assert_false(s.w.devices[0].has_profile);
    s.w.radio = NULL;
    assert_true(world_run_registered(&s.w, 0, s.w.now + 20 * MINUTE));
    assert_int_equal(s.a.given, 2);
    assert_memory_not_equal(s.w.devices[0].profile.imsi, s.w.devices[1].profile.imsi, 15);
    scene_close(&s);
}

/* ---- a request with one octet changed -------------------------------------------------------- */

static bool flips_request(void *ctx, bool uplink, uint8_t *pdu, size_t *n)
{
    struct bytes container = request_in((struct bytes){pdu, *n});
    (void)ctx;
    if (uplink && container.p != NULL && !flip.done) {
        flip.n = container.n;
        pdu[(size_t)(container.p - pdu) + flip.at] ^= flip.mask;
        flip.done = true;
    }
    return true;
}

struct flipped {
    unsigned drawn, taken;
};

static struct flipped flip_requests(bool identified)
{
    struct flipped f = {0, 0};
    flip.n = SIZE_MAX;
    for (flip.at = 0; flip.at < flip.n; flip.at++) {
        scene_open(&s);
        flip.mask = (uint8_t)(1u << flip.at % 8);
        flip.done = false;
        s.w.radio = flips_request;
        attempt(0);
        assert_true(flip.done);
        f.drawn += s.a.given;
        f.taken += s.w.devices[0].onboarded;
        if (s.a.given > s.w.devices[0].onboarded) {
            assert_int_equal(s.w.devices[0].last_refused, BINDERY_UE_REFUSED_OPERATOR_SIGNATURE);
            assert_int_equal(scene_row(&s, 0)->held.phase, CERTATTACH_PHASE_PENDING);
        }
        s.w.radio = NULL;
        assert_true(world_run_registered(&s.w, 0, s.w.now + 20 * MINUTE));
        world_run(&s.w, s.w.now + SECOND);
        assert_true(scene_one_subscription(&s, 0));
        assert_int_equal(s.a.given, 1);
        scene_close(&s);
    }
    printf("a bit changed in each of %zu octets of a request %s: %u times its subscription was "
           "drawn, %u times taken\n",
           flip.n, identified ? "that is signed" : "without a proof", f.drawn, f.taken);
    return f;
}

/*= test certattach-proof certattach-name */
static void a_signed_request_with_any_octet_changed_has_nothing_drawn(void **state)
{
    (void)state;
    factory_open();
    fresh_identify(&factory.devices[0]);
    assert_int_equal(flip_requests(true).drawn, 0);
    fresh_drop(&factory.devices[0]);
    fresh_make(&factory.devices[0], "d-0001", "35693803564380", 0);
}

/* Without a proof another nonce is another request of the same device: it is given what is its own,
 * which this attach does not take, and the next one does. A letter of the host in another case is
 * the same request. */
static void an_unsigned_request_with_another_nonce_costs_the_device_one_attempt(void **state)
{
    (void)state;
    factory_open();
    struct flipped f = flip_requests(false);
    assert_int_equal(f.drawn, CERTATTACH_NONCE_LEN + f.taken);
    assert_true(f.taken < strlen(FACTORY_HOST));
}

/* ---- to lock it out -------------------------------------------------------------------------- */

static uint8_t forged_cause;
static unsigned forged, forge_most;

static bool forges_cause(void *ctx, bool uplink, uint8_t *pdu, size_t *n)
{
    (void)ctx;
    if (!uplink && result_in((struct bytes){pdu, *n}).p != NULL && forged < forge_most) {
        write_reject(forged_cause, (struct bytes){NULL, 0}, pdu, n);
        forged++;
    }
    return true;
}

/*= test certattach-elsewhere */
static void no_reject_of_any_cause_locks_a_device_out_that_has_no_subscription(void **state)
{
    (void)state;
    for (unsigned cause = 0; cause < 256; cause++) {
        scene_open(&s);
        forged = 0;
        forge_most = cause % 16 == 0 ? 20 : 1;
        forged_cause = (uint8_t)cause;
        s.w.radio = forges_cause;
        world_attach(&s.w, 0);
        world_run(&s.w, s.w.now + (forge_most > 1 ? 60 * MINUTE : 5 * SECOND));
        assert_int_equal(forged > 0, 1);
        assert_false(s.w.devices[0].invalid);
        s.w.radio = NULL;
        if (!world_run_registered(&s.w, 0, s.w.now + 90 * MINUTE)) {
            fail_msg("EMM cause %u locks it out", cause);
        }
        world_run(&s.w, s.w.now + SECOND);
        assert_true(scene_one_subscription(&s, 0));
        assert_int_equal(s.a.given, 1);
        scene_close(&s);
    }
}

/* While it waits for the answer, in clear: what a network says to one that has a subscription. */
static void what_belongs_to_a_subscription_is_refused_by_a_device_without_one(void **state)
{
    (void)state;
    static const struct {
        size_t n;
        uint8_t octets[40];
    } messages[] = {
        {36, {NAS_PD_EMM, NAS_AUTHENTICATION_REQUEST, 0, [3 ... 18] = 7, 16, [20 ... 35] = 9}},
        {2, {NAS_PD_EMM, NAS_AUTHENTICATION_REJECT}},
        {8, {NAS_PD_EMM, NAS_SECURITY_MODE_COMMAND, 0x11, 0, 2, 0xf0, 0x70, 0}},
        {15, {NAS_PD_EMM, NAS_ATTACH_ACCEPT, 1, 0x29, 6, 0, 0, 0xf1, 0x10, 0, 1, 0, 2, 0x52, 1}},
        {3, {NAS_PD_EMM, NAS_IDENTITY_REQUEST, NAS_IDENTITY_IMSI}},
        {3, {NAS_PD_EMM, NAS_IDENTITY_REQUEST, NAS_IDENTITY_IMEI}},
        {3, {NAS_PD_EMM, NAS_DETACH_REQUEST, 2}},
        {3, {NAS_PD_EMM, NAS_SERVICE_REJECT, 9}},
        {3, {NAS_PD_EMM, NAS_TRACKING_AREA_UPDATE_REJECT, 9}},
        {3, {NAS_PD_EMM, NAS_EMM_STATUS, 98}},
    };
    for (size_t i = 0; i < sizeof messages / sizeof messages[0]; i++) {
        scene_open(&s);
        world_attach(&s.w, 0);
        world_run(&s.w, s.w.now + 2);
        world_inject(&s.w, 0, false, (struct bytes){messages[i].octets, messages[i].n});
        world_run(&s.w, s.w.now + 2);
        assert_int_equal(s.w.devices[0].registrations, 0);
        assert_false(s.w.devices[0].has_profile || s.w.devices[0].invalid);
        assert_true(world_run_registered(&s.w, 0, s.w.now + 20 * MINUTE));
        world_run(&s.w, s.w.now + SECOND);
        assert_true(scene_one_subscription(&s, 0));
        assert_int_equal(s.a.given, 1);
        scene_close(&s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_result_with_any_octet_changed_is_not_taken),
        cmocka_unit_test(a_result_that_is_cut_is_not_taken),
        cmocka_unit_test(an_old_result_of_the_same_device_is_not_taken_again),
        cmocka_unit_test(an_old_result_says_nothing_to_a_device_that_has_a_subscription),
        cmocka_unit_test(the_result_of_another_device_is_not_taken),
        cmocka_unit_test(a_signed_request_with_any_octet_changed_has_nothing_drawn),
        cmocka_unit_test(an_unsigned_request_with_another_nonce_costs_the_device_one_attempt),
        cmocka_unit_test(no_reject_of_any_cause_locks_a_device_out_that_has_no_subscription),
        cmocka_unit_test(what_belongs_to_a_subscription_is_refused_by_a_device_without_one),
    };
    return cmocka_run_group_tests_name("attacks on certattach, from the air", tests, NULL,
                                       factory_close);
}
