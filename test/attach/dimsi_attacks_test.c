/* Attacks on the air against a device with a dIMSI, each refused by name, and none of them leaves
 * the device without the identity that it has or will get: whoever goes away again leaves nothing
 * behind. */
#include "attach/dimsi_scene.h"

static struct scene s;

/* ---- a man on the radio ---------------------------------------------------------------------- */

/* AUTHENTICATION REQUEST in clear: two octets, key set, RAND, a length, AUTN. */
#define RAND_AT 3
#define AUTN_AT 20
#define SIZE    36

struct man {
    unsigned flip;  /* a bit of RAND and AUTN, from 0; or NO_BIT */
    unsigned times; /* how many challenges he changes */
    bool replays;   /* he sends what he recorded in the place of a challenge */
    bool listens;
    uint8_t reject; /* he answers in the place of the network: an EMM cause; 0: he does not */
    uint8_t up; /* he changes the last digit of the identity in ATTACH REQUESTs to this; 0: not */
    unsigned seen, changed;
    size_t recorded_n;
    uint8_t recorded[EMM_PDU_MAX];
};
#define NO_BIT 256
static struct man man;

static bool is_challenge(const uint8_t *pdu, size_t n)
{
    return n >= SIZE && pdu[0] == 0x07 && pdu[1] == NAS_AUTHENTICATION_REQUEST;
}

static void change_challenge(uint8_t *pdu, size_t *n)
{
    man.seen++;
    if (man.listens) {
        memcpy(man.recorded, pdu, *n);
        man.recorded_n = *n;
        man.listens = false;
        return;
    }
    if (man.changed == man.times) {
        return;
    }
    man.changed++;
    if (man.reject != 0) {
        const uint8_t reject[] = {0x07, NAS_ATTACH_REJECT, man.reject};
        memcpy(pdu, reject, sizeof reject);
        *n = sizeof reject;
    } else if (man.replays) {
        memcpy(pdu, man.recorded, man.recorded_n);
        *n = man.recorded_n;
    } else if (man.flip < NO_BIT) {
        const size_t at = man.flip < 128 ? RAND_AT + man.flip / 8 : AUTN_AT + man.flip / 8 - 16;
        pdu[at] ^= (uint8_t)(0x80 >> man.flip % 8);
    }
}

static bool meddle(void *ctx, bool uplink, uint8_t *pdu, size_t *n)
{
    (void)ctx;
    if (!uplink && is_challenge(pdu, *n)) {
        change_challenge(pdu, n);
    }
    /* an identity of 8 octets, whose last has the last digit and an F-free type before it */
    if (uplink && man.up != 0 && *n > 12 && pdu[0] == 0x07 && pdu[1] == NAS_ATTACH_REQUEST &&
        man.changed < man.times) {
        man.changed++;
        pdu[11] = (uint8_t)((pdu[11] & 0x0f) | (unsigned)(man.up - '0') << 4);
    }
    return true;
}

static void open_with(struct man with)
{
    scene_open(&s);
    world_run(&s.w, s.w.now + SECOND);
    man = with;
    s.w.radio = meddle;
}

/* The man has gone, or has done what he came for. The device waits for an hour at most: T3247, when
 * a network without protection said that its IMSI is none. */
static void expect_good_end(void)
{
    assert_true(world_run_registered(&s.w, 0, s.w.now + 61 * MINUTE));
    world_run(&s.w, s.w.now + 2 * POLL_MS);
    assert_true(scene_one_identity(&s, 0));
    assert_int_equal(s.w.devices[0].installed, 1);
    assert_false(s.w.devices[0].invalid);
    scene_close(&s);
}

/* ---- flipped bits ---------------------------------------------------------------------------- */

/*= test dimsi-7-integrity dimsi-separation dimsi-binding-apart */
static void a_flipped_bit_is_found_and_the_next_challenge_answered(void **state)
{
    (void)state;
    for (unsigned bit = 0; bit < NO_BIT; bit++) {
        open_with((struct man){.flip = bit, .times = 1});
        world_attach(&s.w, 0);
        while (man.changed == 0) {
            world_run(&s.w, s.w.now + 1);
        }
        world_run(&s.w, s.w.now + 10); /* it has come */
        assert_int_equal(s.w.devices[0].installed, 0);
        if (bit != 128 + 48) { /* which is the equipment's to look at */
            assert_int_equal(s.w.devices[0].last_discovery, BINDERY_UE_DISCOVERY_INTEGRITY);
        }
        expect_good_end();
    }
}

/*= test dimsi-7-integrity dimsi-provisional */
static void who_changes_every_challenge_delays_and_installs_nothing(void **state)
{
    static const unsigned bits[] = {0, 64, 127, 128, 128 + 48, 128 + 49, 255};
    (void)state;
    for (size_t i = 0; i < sizeof bits / sizeof bits[0]; i++) {
        open_with((struct man){.flip = bits[i], .times = UINT32_MAX});
        world_attach(&s.w, 0);
        world_run(&s.w, s.w.now + 60 * MINUTE);
        assert_true(man.changed >= 5);
        assert_int_equal(s.w.devices[0].installed, 0);
        assert_int_equal(s.w.devices[0].registrations, 0);
        s.w.radio = NULL;
        expect_good_end();
    }
}

/* ---- what was recorded ----------------------------------------------------------------------- */

/*= test dimsi-repeat */
static void an_old_challenge_after_the_imsi_is_installed_is_refused(void **state)
{
    (void)state;
    open_with((struct man){.flip = NO_BIT, .listens = true, .replays = true, .times = 3});
    world_attach(&s.w, 0); /* the first is recorded, those of the second attach are replaced */
    while (man.changed < 3) {
        world_run(&s.w, s.w.now + 5);
    }
    assert_int_equal(s.w.devices[0].installed, 1);
    assert_int_equal(s.w.devices[0].registrations, 0);
    expect_good_end();
}

/* To whoever has its IMSI by now nothing of it is said, registered or not. */
static void an_old_challenge_to_a_device_in_service_is_not_even_looked_at(void **state)
{
    (void)state;
    open_with((struct man){.flip = NO_BIT, .listens = true});
    assert_true(scene_attach_for(&s, 0, MINUTE));
    const struct bytes old = {man.recorded, man.recorded_n};
    const unsigned refused = s.w.devices[0].refused;
    world_inject(&s.w, 0, false, old);
    world_run(&s.w, s.w.now + SECOND);
    assert_int_equal(s.w.devices[0].refused, refused + 1);
    assert_int_equal(s.w.devices[0].last_refused, BINDERY_UE_REFUSED_UNPROTECTED);
    assert_true(world_registered(&s.w, 0));
    expect_good_end();
}

/* The device has not heard it before: it is the truth, whoever says it. */
/*= test dimsi-repeat */
static void a_challenge_that_a_false_network_sends_first_installs_the_right_imsi(void **state)
{
    (void)state;
    open_with((struct man){.flip = NO_BIT, .listens = true});
    const unsigned points = s.w.points;
    s.w.strike = (struct strike){.kind = STRIKE_LOSE, .at = points + 3}; /* it never arrived */
    world_attach(&s.w, 0);
    while (man.recorded_n == 0) {
        world_run(&s.w, s.w.now + 1);
    }
    assert_true(s.w.strike.done);
    assert_int_equal(s.w.devices[0].installed, 0);
    world_kill(&s.w, PARTY_UE); /* and it asks anew, on a connection of the man's */
    assert_int_not_equal(s.w.devices[0].connection, 0);
    world_inject(&s.w, 0, false, (struct bytes){man.recorded, man.recorded_n});
    world_run(&s.w, s.w.now + 5);
    assert_int_equal(s.w.devices[0].installed, 1);
    struct bindery_ue_slot_view v;
    bindery_ue_slot_view(&s.w.devices[0].slot, &v);
    assert_memory_equal(v.imsi, s.rows[0].imsi.digits, v.imsi_n);
    expect_good_end();
}

/* ---- somebody else's ------------------------------------------------------------------------- */

/* By the dIMSI on its way: the MME asks for the other one's, and his challenge comes. */
/*= test dimsi-7-integrity */
static void a_challenge_for_another_dimsi_does_not_hold(void **state)
{
    (void)state;
    open_with((struct man){.flip = NO_BIT, .up = '2', .times = 1});
    world_attach(&s.w, 0);
    world_run(&s.w, s.w.now + SECOND);
    assert_int_equal(man.changed, 1);
    assert_int_equal(s.w.devices[0].last_discovery, BINDERY_UE_DISCOVERY_INTEGRITY);
    assert_int_equal(s.w.devices[0].installed, 0);
    expect_good_end();
}

/*= test dimsi-provisional dimsi-guess */
static void a_dimsi_that_nobody_has_gets_nothing_and_costs_the_device_nothing(void **state)
{
    (void)state;
    open_with((struct man){.flip = NO_BIT, .up = '9', .times = 1});
    world_attach(&s.w, 0);
    world_run(&s.w, s.w.now + SECOND);
    assert_int_equal(s.refused_airs, 1);
    assert_int_equal(s.w.devices[0].installed, 0);
    expect_good_end();
}

/*= test dimsi-provisional */
static void a_false_reject_ends_an_attempt_and_nothing_else(void **state)
{
    static const uint8_t causes[] = {
        EMM_CAUSE_ILLEGAL_UE,       EMM_CAUSE_ILLEGAL_ME, EMM_CAUSE_EPS_SERVICES_NOT_ALLOWED,
        EMM_CAUSE_PLMN_NOT_ALLOWED, EMM_CAUSE_CONGESTION, 255};
    (void)state;
    for (size_t i = 0; i < sizeof causes; i++) {
        open_with((struct man){.flip = NO_BIT, .reject = causes[i], .times = 3});
        world_attach(&s.w, 0);
        world_run(&s.w, s.w.now + 40 * MINUTE);
        assert_int_equal(man.changed, 3);
        expect_good_end();
    }
}

/* ---- a discovery AUSF, or an operator, that is not what it should be ------------------------- */

/*= test dimsi-no-service */
static void no_service_is_taken_on_a_dimsi(void **state)
{
    (void)state;
    scene_open(&s);
    s.serves_dimsi = true;
    world_run(&s.w, s.w.now + SECOND);
    world_attach(&s.w, 0);
    while (s.w.devices[0].refused == 0) {
        world_run(&s.w, s.w.now + 1);
    }
    assert_int_equal(s.w.devices[0].last_refused, BINDERY_UE_REFUSED_NO_SERVICE);
    assert_int_equal(s.w.devices[0].registrations, 0);
    expect_good_end();
    assert_int_equal(s.w.devices[0].registrations, 1); /* with the IMSI */
}

static void give_other_imsi(struct scene *of, struct binding_vector *v)
{
    const struct imsi other = drig_imsi("001010000799999");
    struct dimsi_challenge c;
    assert_ok(dimsi_ausf_challenge(&of->w.c, &of->rows[0].ek, &of->rows[0].dimsi, &other, &c));
    memcpy(v->rand, c.rand.b, sizeof v->rand);
    v->autn = c.autn;
    v->xres = c.xres;
}

/* Whoever has eK, and wants the device for himself after it has an IMSI. */
/*= test dimsi-other-imsi */
static void another_imsi_under_the_same_ek_is_refused(void **state)
{
    struct device *d = &s.w.devices[0];
    struct bindery_ue_slot_view v;
    (void)state;
    scene_open(&s);
    world_run(&s.w, s.w.now + SECOND);
    world_attach(&s.w, 0);
    while (d->discovered == 0) {
        world_run(&s.w, s.w.now + 1);
    }
    d->on_dimsi = true; /* the first one did not work */
    s.meddle = give_other_imsi;
    world_kill(&s.w, PARTY_UE);
    world_run(&s.w, s.w.now + 10 * MINUTE);
    assert_int_equal(d->last_discovery, BINDERY_UE_DISCOVERY_OTHER_IMSI);
    bindery_ue_slot_view(&d->slot, &v);
    assert_memory_equal(v.imsi, s.rows[0].imsi.digits, v.imsi_n);
    assert_int_equal(d->registrations, 0);
    s.meddle = NULL;
    expect_good_end();
}

static void say_processed(struct scene *of, struct binding_vector *v)
{
    (void)of;
    v->autn.b[6] |= BINDING_AMF_PROCESSED >> 8;
    v->autn.b[7] |= BINDING_AMF_PROCESSED & 0xff;
}

/* The device has no KME, and would have to decrypt RAND with one. */
/*= test dimsi-binding-apart */
static void a_challenge_that_says_it_is_processed_is_none(void **state)
{
    (void)state;
    scene_open(&s);
    s.meddle = say_processed;
    world_run(&s.w, s.w.now + SECOND);
    world_attach(&s.w, 0);
    world_run(&s.w, s.w.now + MINUTE);
    assert_int_equal(s.w.devices[0].last_discovery, BINDERY_UE_DISCOVERY_INTEGRITY);
    assert_int_equal(s.w.devices[0].installed, 0);
    s.meddle = NULL;
    expect_good_end();
}

/* ---- a network of 2G, which knows no AUTN ---------------------------------------------------- */

/*= test dimsi-7-ctv */
static void a_challenge_of_2g_is_verified_by_the_constant(void **state)
{
    struct bindery_ue_usim_answer answer;
    struct bindery_ue_slot fresh;
    char imsi[15];
    uint8_t imsi_n = 0;
    (void)state;
    open_with((struct man){.flip = NO_BIT, .listens = true});
    fresh = s.w.devices[0].slot;
    world_attach(&s.w, 0);
    assert_true(world_run_registered(&s.w, 0, s.w.now + MINUTE));
    uint8_t *rand = man.recorded + RAND_AT; /* the same RAND, and nothing else */
    const struct bindery_ue_slot *later = &s.w.devices[0].slot;
    assert_int_equal(
        bindery_ue_slot_challenge(&fresh, &s.w.table, rand, NULL, &answer, imsi, &imsi_n),
        BINDERY_UE_DISCOVERY_INSTALLED);
    assert_memory_equal(imsi, s.rows[0].imsi.digits, imsi_n);
    assert_memory_equal(answer.res, s.rows[0].challenge.xres.b, answer.res_n);
    assert_int_equal(
        bindery_ue_slot_challenge(later, &s.w.table, rand, NULL, &answer, imsi, &imsi_n),
        BINDERY_UE_DISCOVERY_REPEATED);
    for (unsigned bit = 0; bit < 128; bit++) {
        rand[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_int_equal(
            bindery_ue_slot_challenge(&fresh, &s.w.table, rand, NULL, &answer, imsi, &imsi_n),
            BINDERY_UE_DISCOVERY_CTV);
        assert_int_equal(imsi_n, 0);
        rand[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    expect_good_end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_flipped_bit_is_found_and_the_next_challenge_answered),
        cmocka_unit_test(who_changes_every_challenge_delays_and_installs_nothing),
        cmocka_unit_test(an_old_challenge_after_the_imsi_is_installed_is_refused),
        cmocka_unit_test(an_old_challenge_to_a_device_in_service_is_not_even_looked_at),
        cmocka_unit_test(a_challenge_that_a_false_network_sends_first_installs_the_right_imsi),
        cmocka_unit_test(a_challenge_for_another_dimsi_does_not_hold),
        cmocka_unit_test(a_dimsi_that_nobody_has_gets_nothing_and_costs_the_device_nothing),
        cmocka_unit_test(a_false_reject_ends_an_attempt_and_nothing_else),
        cmocka_unit_test(no_service_is_taken_on_a_dimsi),
        cmocka_unit_test(another_imsi_under_the_same_ek_is_refused),
        cmocka_unit_test(a_challenge_that_says_it_is_processed_is_none),
        cmocka_unit_test(a_challenge_of_2g_is_verified_by_the_constant),
    };
    return cmocka_run_group_tests_name("attacks on dimsi", tests, NULL, NULL);
}
