/* proc/dimsi.h: the whole procedure, 0-b to 11, all parties in one process, each with its own
 * record and its own keys; at home and roaming; repeated, out of order, and by those who should
 * not. */
#include "proc/dimsi_rig.h"

#include "proc/aka.h"

static struct drig d;

/* What each party has written down. */
struct world {
    struct drig_offer o;
    struct dimsi_slot slot; /* SE */
    struct dimsi_offered offered;
    struct dimsi_release release; /* ARPF */
    uint64_t revoked_to;
    struct drig_grant grant;
    struct dimsi_endorsement endorsement; /* target AUSF */
    struct key_ek ek;
    struct imsi imsi;
    struct aka_keys keys;
    struct dimsi_entry entry;       /* D-AUSF */
    struct dimsi_delivery delivery; /* RSMF */
};

static int setup(void **state)
{
    (void)state;
    drig_open(&d);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    drig_close(&d);
    return 0;
}

/* ---- the steps, each by who carries it out ---- */

static void step_0b_0c(struct world *w)
{
    drig_agree(&d, SE_1, ARPF_1_AGREES, SP_1, DRIG_DIMSI, &w->slot, &w->o);
}

/* 0-d: to this operator, who looks at it. */
static enum dimsi_cause step_0d(struct world *w, const char *target, uint64_t number)
{
    const struct plmn own = drig_plmn(target);
    drig_delegate(&d, SP_1, target, number, &w->o);
    return dimsi_ausf_take_offer(&d.crypto, &d.verify, &w->o.offer, &own, RIG_AT, &w->offered);
}

/* 0-e at the ARPF: the operator that asks is `asks`. */
static const char *step_0e_arpf(struct world *w, const char *asks, enum drig_who ausf)
{
    struct dimsi_offered offered;
    enum dimsi_cause why;
    const struct plmn plmn = drig_plmn(asks);
    why = dimsi_arpf_verify(&d.crypto, &d.arpf[0], &w->o.offer, &plmn, RIG_AT, &offered);
    if (why != DIMSI_NONE) {
        return dimsi_cause_name(why);
    }
    const enum dimsi_decision decision =
        dimsi_arpf_decide(&w->release, w->revoked_to, &offered, &why);
    if (decision == DIMSI_REFUSE) {
        return dimsi_cause_name(why);
    }
    if (decision == DIMSI_NEW) {
        w->release = (struct dimsi_release){.number = w->release.number + 1,
                                            .sp = offered.sp,
                                            .target = plmn,
                                            .delegation = offered.delegation.number};
        memcpy(w->release.token, offered.token, 32);
        memcpy(w->release.se_digest, offered.atk.se_digest, 32);
    }
    drig_grant(&d, 0, ausf, &offered, w->release.number, &w->grant);
    return decision == DIMSI_NEW ? "new" : "again";
}

/* 0-e at the target AUSF, and step 1. */
static void step_0e_ausf(struct world *w, enum drig_who ausf, const char *own, const char *imsi)
{
    struct dimsi_name arpf;
    const struct plmn plmn = drig_plmn(own);
    const struct imsi dimsi = drig_imsi(DRIG_DIMSI);
    assert_int_equal(dimsi_endorsed(&d.verify, &d.parties[ARPF_1_SIGNS].certificate, 1,
                                    w->grant.content, BYTES_OF(w->grant.signature), &w->offered,
                                    &dimsi, &plmn, RIG_AT, &w->endorsement, &arpf),
                     DIMSI_NONE);
    assert_string_equal(arpf.text, "arpf.example.org");
    assert_ok(drig_unbox(&d, ausf, &w->grant, &dimsi, &w->ek));
    w->imsi = drig_imsi(imsi);
    assert_ok(dimsi_aka_keys(&d.crypto, &w->ek, &dimsi, &w->imsi, &w->keys));
}

/* 2: what the D-AUSF says to the push of whoever asks. */
static const char *step_2(struct world *w, const char *from)
{
    enum dimsi_cause why;
    struct dimsi_endorsement endorsed;
    struct dimsi_name arpf;
    struct dimsi_entry pushed = {.imsi = w->imsi, .expires = RIG_AT + 500};
    const struct plmn plmn = drig_plmn(from);
    const struct imsi dimsi = drig_imsi(DRIG_DIMSI);
    assert_ok(dimsi_ausf_challenge(&d.crypto, &w->ek, &dimsi, &w->imsi, &pushed.challenge));
    why =
        dimsi_endorsed(&d.verify, &d.parties[ARPF_1_SIGNS].certificate, 1, w->grant.content,
                       BYTES_OF(w->grant.signature), NULL, &dimsi, &plmn, RIG_AT, &endorsed, &arpf);
    if (why != DIMSI_NONE) {
        return dimsi_cause_name(why);
    }
    const enum dimsi_decision decision = dimsi_dausf_decide(&w->entry, &endorsed, &pushed, &why);
    if (decision == DIMSI_NEW) {
        w->entry = pushed;
        w->entry.number = endorsed.number;
        w->entry.target = endorsed.target;
        w->entry.phase = DIMSI_ENTRY_LIVE;
        memcpy(w->entry.token, endorsed.token, 32);
    }
    return decision == DIMSI_REFUSE ? dimsi_cause_name(why)
           : decision == DIMSI_NEW  ? "new"
                                    : "again";
}

/* 3 to 7: the first attach, by way of any network. */
static const char *steps_3_to_7(struct world *w)
{
    struct dimsi_answer a;
    const struct dimsi_challenge *c = &w->entry.challenge;
    assert_int_equal(w->entry.phase, DIMSI_ENTRY_LIVE);
    const enum dimsi_outcome o = dimsi_se_challenge(&d.crypto, &w->slot, &c->rand, &c->autn, &a);
    if (o == DIMSI_OUTCOME_INSTALL) {
        w->slot.installed = true;
        w->slot.imsi = a.imsi;
    }
    if (o <= DIMSI_OUTCOME_REPEATED) {
        assert_memory_equal(a.res.b, c->xres.b, 8);
    }
    return dimsi_outcome_name(o);
}

/* 8 to 10: an ordinary AKA; which network serves makes no difference to it. */
static void steps_8_to_10(const struct world *w, uint64_t sqn)
{
    struct aka_vector v;
    struct usim_answer answer;
    struct rand128 rand;
    struct usim usim = {.seq = {0}};
    assert_true(imsi_eq(&w->slot.imsi, &w->imsi));
    assert_ok(dimsi_aka_keys(&d.crypto, &w->slot.ek, &w->slot.dimsi, &w->slot.imsi, &usim.keys));
    assert_ok(d.crypto.random(d.crypto.ctx, MBYTES_OF(rand.b)));
    assert_ok(aka_auc_vector(&d.crypto, &w->keys, &rand, sqn, AMF_SEPARATION_BIT, &v));
    assert_ok(usim_authenticate(&d.crypto, &usim, &v.rand, &v.autn, &answer));
    assert_int_equal(answer.res.n, v.xres.n);
    assert_memory_equal(answer.res.b, v.xres.b, v.xres.n);
    assert_memory_equal(answer.ck.b, v.ck.b, 16);
    assert_memory_equal(answer.ik.b, v.ik.b, 16);
}

static void spend(struct world *w)
{
    w->entry.phase = DIMSI_ENTRY_SPENT;
    wipe(&w->entry.challenge, sizeof w->entry.challenge);
}

/* 0-b to 2 for the first operator. */
static void offered_and_pushed(struct world *w)
{
    memset(w, 0, sizeof *w);
    step_0b_0c(w);
    assert_int_equal(step_0d(w, DRIG_TARGET, 1), DIMSI_NONE);
    assert_string_equal(step_0e_arpf(w, DRIG_TARGET, AUSF_1), "new");
    step_0e_ausf(w, AUSF_1, DRIG_TARGET, DRIG_IMSI);
    assert_string_equal(step_2(w, DRIG_TARGET), "new");
}

/* ---- as it should go ---- */

/*= test dimsi-0b dimsi-0c-agree dimsi-0c-ek dimsi-0c-token dimsi-0d dimsi-0e-verify dimsi-0e-ek */
/*= test dimsi-0e-endorse dimsi-0e-secret dimsi-1-outputs dimsi-2 dimsi-7-replace dimsi-8 dimsi-10
 */
static void a_device_goes_from_part_number_to_its_operators_profile(void **state)
{
    (void)state;
    static struct world w;
    static const uint8_t request[DIMSI_REQUEST_LEN] = {1};
    enum dimsi_cause why;
    offered_and_pushed(&w);
    assert_memory_equal(w.ek.b, w.slot.ek.b, sizeof w.ek.b);
    assert_string_equal(steps_3_to_7(&w), "install");
    steps_8_to_10(&w, 1U << 20);
    spend(&w);
    w.delivery.phase = DIMSI_DELIVERY_READY;
    assert_int_equal(dimsi_rsmf_fetch(&w.delivery, request, &why), DIMSI_NEW);
    w.delivery.phase = DIMSI_DELIVERY_FETCHED;
    memcpy(w.delivery.request, request, sizeof request);
    assert_int_equal(dimsi_rsmf_fetch(&w.delivery, request, &why), DIMSI_AGAIN);
    assert_int_equal(dimsi_rsmf_confirm(&w.delivery, request, &why), DIMSI_NEW);
    w.delivery.phase = DIMSI_DELIVERY_CONFIRMED;
    assert_int_equal(dimsi_rsmf_confirm(&w.delivery, request, &why), DIMSI_AGAIN);
}

/* Every message twice: each party ends as it would have. */
/*= test dimsi-release-again dimsi-repeat dimsi-durable */
static void every_step_repeated_changes_nothing(void **state)
{
    (void)state;
    static struct world w;
    offered_and_pushed(&w);
    const struct dimsi_release release = w.release;
    const struct dimsi_entry entry = w.entry;
    const struct key_ek ek = w.ek;
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(step_0d(&w, DRIG_TARGET, 1), DIMSI_NONE);
        assert_string_equal(step_0e_arpf(&w, DRIG_TARGET, AUSF_1), "again");
        step_0e_ausf(&w, AUSF_1, DRIG_TARGET, DRIG_IMSI);
        assert_string_equal(step_2(&w, DRIG_TARGET), "again");
    }
    assert_memory_equal(&release, &w.release, sizeof release);
    assert_memory_equal(&entry, &w.entry, sizeof entry);
    assert_memory_equal(&ek, &w.ek, sizeof ek);
    assert_string_equal(steps_3_to_7(&w), "install");
    assert_string_equal(steps_3_to_7(&w), "repeated");
    assert_string_equal(steps_3_to_7(&w), "repeated");
    steps_8_to_10(&w, 1U << 20);
}

/*= test dimsi-several */
static void one_se_has_several_dimsis_and_arpfs_at_once(void **state)
{
    (void)state;
    static struct drig_offer o[3];
    static const char *const dimsis[] = {DRIG_DIMSI, "901700000000002", "901700000000003"};
    static const enum drig_who arpfs[] = {ARPF_1_AGREES, ARPF_1_AGREES_TOO, ARPF_2_AGREES};
    static struct dimsi_slot slots[3];
    const struct plmn asks = drig_plmn(DRIG_TARGET);
    for (size_t i = 0; i < 3; i++) {
        struct dimsi_offered offered;
        struct key_ek ek;
        const size_t arpf = i == 2;
        drig_agree(&d, SE_1, arpfs[i], SP_1, dimsis[i], &slots[i], &o[i]);
        drig_delegate(&d, SP_1, DRIG_TARGET, 1, &o[i]);
        assert_int_equal(
            dimsi_arpf_verify(&d.crypto, &d.arpf[arpf], &o[i].offer, &asks, RIG_AT, &offered),
            DIMSI_NONE);
        assert_ok(dimsi_arpf_ek(&d.crypto, &d.arpf[arpf], &offered, &ek));
        assert_memory_equal(ek.b, slots[i].ek.b, sizeof ek.b);
        assert_memory_equal(offered.token, slots[i].token, 32);
        for (size_t k = 0; k < i; k++) {
            assert_memory_not_equal(slots[i].ek.b, slots[k].ek.b, sizeof ek.b);
        }
    }
}

/* ---- a second operator ---- */

/*= test dimsi-release-once dimsi-one-target */
static void a_second_operator_comes_in_only_when_the_first_was_revoked(void **state)
{
    (void)state;
    static struct world w;
    offered_and_pushed(&w);
    const struct dimsi_entry first = w.entry;
    assert_int_equal(step_0d(&w, DRIG_OTHER, 2), DIMSI_NONE);
    assert_string_equal(step_0e_arpf(&w, DRIG_OTHER, AUSF_2), "released-to-another");
    w.revoked_to = 1;
    w.release.revoked = true;
    assert_string_equal(step_0e_arpf(&w, DRIG_OTHER, AUSF_2), "new");
    step_0e_ausf(&w, AUSF_2, DRIG_OTHER, "002020000700001");
    assert_string_equal(step_2(&w, DRIG_OTHER), "new");
    assert_int_equal(w.entry.number, 2);
    /* the first one once more, with all that it had */
    struct world old = w;
    assert_int_equal(step_0d(&old, DRIG_TARGET, 1), DIMSI_NONE);
    assert_string_equal(step_0e_arpf(&old, DRIG_TARGET, AUSF_1), "delegation-revoked");
    enum dimsi_cause why;
    const struct dimsi_endorsement before = {.number = first.number, .target = first.target};
    assert_int_equal(dimsi_dausf_decide(&w.entry, &before, &first, &why), DIMSI_REFUSE);
    assert_int_equal(why, DIMSI_TAKEN);
    assert_string_equal(steps_3_to_7(&w), "install");
    steps_8_to_10(&w, 1U << 20);
}

/* The device was sold on: the one who has it now orders a token in its own name. */
/*= test dimsi-release-once dimsi-delegation */
static void another_service_provider_comes_in_by_the_word_of_the_se(void **state)
{
    (void)state;
    static struct world w;
    offered_and_pushed(&w);
    /* the new one delegates what the SE made for the first: not even after that has revoked */
    drig_delegate(&d, SP_2, DRIG_OTHER, 1, &w.o);
    assert_string_equal(step_0e_arpf(&w, DRIG_OTHER, AUSF_2), "delegation-other-sp");
    w.release.revoked = true;
    assert_string_equal(step_0e_arpf(&w, DRIG_OTHER, AUSF_2), "delegation-other-sp");
    /* with a token that names it the first's revocation is needed, and nothing else */
    drig_agree(&d, SE_1, ARPF_1_AGREES, SP_2, DRIG_DIMSI, &w.slot, &w.o);
    drig_delegate(&d, SP_2, DRIG_OTHER, 1, &w.o);
    w.release.revoked = false;
    assert_string_equal(step_0e_arpf(&w, DRIG_OTHER, AUSF_2), "released-to-another");
    w.release.revoked = true;
    assert_string_equal(step_0e_arpf(&w, DRIG_OTHER, AUSF_2), "new");
    assert_true(dimsi_name_eq(&w.release.sp, &d.parties[SP_2].name));
    const struct plmn other = drig_plmn(DRIG_OTHER);
    assert_int_equal(
        dimsi_ausf_take_offer(&d.crypto, &d.verify, &w.o.offer, &other, RIG_AT, &w.offered),
        DIMSI_NONE);
    step_0e_ausf(&w, AUSF_2, DRIG_OTHER, "002020000700001");
    assert_string_equal(step_2(&w, DRIG_OTHER), "new");
    assert_string_equal(steps_3_to_7(&w), "install");
    /* and the first has no more to say */
    drig_delegate(&d, SP_1, DRIG_TARGET, 9, &w.o);
    assert_string_equal(step_0e_arpf(&w, DRIG_TARGET, AUSF_1), "delegation-other-sp");
}

/* Who has SE CREDENTIALS or an offer in hand, and nothing else of what is needed. */
/*= test dimsi-endorsement dimsi-delegation */
static void having_seen_the_credentials_gives_neither_ek_nor_the_dimsi(void **state)
{
    (void)state;
    static struct world w;
    offered_and_pushed(&w);
    /* another operator shows the offer that was not to it */
    assert_string_equal(step_0e_arpf(&w, DRIG_OTHER, AUSF_2), "delegation-other-mno");
    /* or has a service provider of its own sign for it */
    drig_delegate(&d, SP_2, DRIG_OTHER, 9, &w.o);
    assert_string_equal(step_0e_arpf(&w, DRIG_OTHER, AUSF_2), "delegation-other-sp");
    /* or pushes for the dIMSI with the endorsement that it saw, */
    assert_string_equal(step_2(&w, DRIG_OTHER), "endorsement-other");
    /* or with one that it signs itself. */
    struct dimsi_endorsement e = w.endorsement;
    e.target = drig_plmn(DRIG_OTHER);
    e.number = 99;
    w.grant.content = dimsi_endorsement_write(&e, w.grant.endorsement);
    rig_sign(d.parties[AUSF_2].key, DEVID_ECDSA_P256, w.grant.content, w.grant.signature);
    assert_string_equal(step_2(&w, DRIG_OTHER), "endorsement-signature");
    assert_int_equal(w.entry.number, 1);
    assert_string_equal(steps_3_to_7(&w), "install");
}

/*= test dimsi-spent dimsi-other-imsi */
static void what_was_used_up_does_not_come_back(void **state)
{
    (void)state;
    static struct world w;
    offered_and_pushed(&w);
    const struct dimsi_challenge old = w.entry.challenge;
    assert_string_equal(steps_3_to_7(&w), "install");
    spend(&w);
    assert_string_equal(step_2(&w, DRIG_TARGET), "dimsi-spent");
    w.imsi = drig_imsi("001010000700002"); /* the operator would give it another IMSI */
    assert_string_equal(step_2(&w, DRIG_TARGET), "dimsi-spent");
    w.entry.number = 0;
    assert_string_equal(step_2(&w, DRIG_TARGET), "new");
    assert_string_equal(steps_3_to_7(&w), "other-imsi");
    w.slot.erased = true;
    wipe(&w.slot.ek, sizeof w.slot.ek);
    w.entry.challenge = old;
    assert_string_equal(steps_3_to_7(&w), "erased");
}

/* A new order for the dIMSI: another ephemeral key, another eK, and the old challenge means nothing
 * to it. */
static void a_new_ek_forgets_the_imsi_and_the_challenge_of_before(void **state)
{
    (void)state;
    static struct world w;
    offered_and_pushed(&w);
    const struct dimsi_entry before = w.entry;
    const struct dimsi_slot slot = w.slot;
    assert_string_equal(steps_3_to_7(&w), "install");
    step_0b_0c(&w);
    assert_memory_not_equal(slot.ek.b, w.slot.ek.b, sizeof slot.ek.b);
    assert_memory_not_equal(slot.token, w.slot.token, 32);
    assert_false(w.slot.installed);
    assert_string_equal(steps_3_to_7(&w), "integrity");
    assert_int_equal(step_0d(&w, DRIG_TARGET, 1), DIMSI_NONE);
    assert_string_equal(step_0e_arpf(&w, DRIG_TARGET, AUSF_1), "released-to-another");
    w.release.revoked = true; /* what was released for the old one */
    assert_string_equal(step_0e_arpf(&w, DRIG_TARGET, AUSF_1), "new");
    step_0e_ausf(&w, AUSF_1, DRIG_TARGET, "001010000700009");
    assert_string_equal(step_2(&w, DRIG_TARGET), "new");
    assert_int_equal(w.entry.number, before.number + 1);
    assert_string_equal(steps_3_to_7(&w), "install");
    steps_8_to_10(&w, 1U << 20);
}

/* ---- the secure element refuses ---- */

static const char *agree(const struct dimsi_se_port *port, const struct dimsi_order *order)
{
    uint8_t token[DIMSI_ATK_MAX], untouched[DIMSI_ATK_MAX];
    struct dimsi_slot slot, before;
    size_t n = 77;
    memset(&slot, 0x5c, sizeof slot);
    memset(token, 0x5c, sizeof token);
    memcpy(&before, &slot, sizeof slot);
    memcpy(untouched, token, sizeof token);
    const enum dimsi_cause cause = dimsi_se_agree(&d.crypto, port, order, &slot, token, &n);
    if (cause != DIMSI_NONE) {
        assert_memory_equal(&slot, &before, sizeof slot);
        assert_memory_equal(token, untouched, sizeof token);
        assert_int_equal(n, 77);
    }
    return dimsi_cause_name(cause);
}

/*= test dimsi-0c-verify */
static void the_se_takes_no_arpf_that_is_none_of_its_ci(void **state)
{
    (void)state;
    struct dimsi_se_port port = drig_se_port(&d, SE_1);
    struct dimsi_order order = {.dimsi = drig_imsi(DRIG_DIMSI),
                                .sp = d.parties[SP_1].name,
                                .arpf_chain = &d.parties[ARPF_1_AGREES].certificate,
                                .n_arpf_chain = 1};
    assert_string_equal(agree(&port, &order), "none");
    d.arpf_says = DIMSI_CHAIN_UNTRUSTED;
    assert_string_equal(agree(&port, &order), "certificate-untrusted");
    d.arpf_says = DIMSI_CHAIN_PURPOSE;
    assert_string_equal(agree(&port, &order), "certificate-purpose");
    d.arpf_says = DIMSI_NONE;
    order.arpf_chain = &d.parties[SP_1].certificate;
    assert_string_equal(agree(&port, &order), "certificate-untrusted");
}

static void the_se_makes_nothing_of_half_an_order_or_of_a_fault(void **state)
{
    (void)state;
    struct dimsi_se_port port = drig_se_port(&d, SE_1);
    const struct dimsi_order good = {.dimsi = drig_imsi(DRIG_DIMSI),
                                     .sp = d.parties[SP_1].name,
                                     .arpf_chain = &d.parties[ARPF_1_AGREES].certificate,
                                     .n_arpf_chain = 1};
    struct dimsi_order order = good;
    order.n_arpf_chain = 0;
    assert_string_equal(agree(&port, &order), "request-unreadable");
    order = good;
    order.sp.n = 0;
    assert_string_equal(agree(&port, &order), "request-unreadable");
    order = good;
    order.dimsi.n = 0;
    assert_string_equal(agree(&port, &order), "request-unreadable");
    port.at = -1;
    assert_string_equal(agree(&port, &good), "request-unreadable");
    port.at = 0; /* an SE without a clock */
    assert_string_equal(agree(&port, &good), "none");
    d.agree_says = E_BAD_VALUE;
    assert_string_equal(agree(&port, &good), "point-invalid");
    d.agree_says = E_CRYPTO;
    assert_string_equal(agree(&port, &good), "crypto-failed");
    d.agree_says = E_OK;
    d.sign_says = E_CRYPTO;
    assert_string_equal(agree(&port, &good), "crypto-failed");
    d.sign_says = E_OK;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_device_goes_from_part_number_to_its_operators_profile),
        cmocka_unit_test(every_step_repeated_changes_nothing),
        cmocka_unit_test(one_se_has_several_dimsis_and_arpfs_at_once),
        cmocka_unit_test(a_second_operator_comes_in_only_when_the_first_was_revoked),
        cmocka_unit_test(another_service_provider_comes_in_by_the_word_of_the_se),
        cmocka_unit_test(having_seen_the_credentials_gives_neither_ek_nor_the_dimsi),
        cmocka_unit_test(what_was_used_up_does_not_come_back),
        cmocka_unit_test(a_new_ek_forgets_the_imsi_and_the_challenge_of_before),
        cmocka_unit_test(the_se_takes_no_arpf_that_is_none_of_its_ci),
        cmocka_unit_test(the_se_makes_nothing_of_half_an_order_or_of_a_fault),
    };
    return cmocka_run_group_tests_name("proc/dimsi", tests, setup, teardown);
}
