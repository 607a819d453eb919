/* proc/dimsi.h: everything that an offer, a token, a delegation or an endorsement is refused for,
 * each under its name (src/proc/dimsi_offer.c, src/proc/dimsi_arpf.c, src/proc/dimsi_endorse.c). */
#include "proc/dimsi_rig.h"

static struct drig d;

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

/* ---- an offer that is good, to begin with ---- */

struct scene {
    struct dimsi_slot slot;
    struct drig_offer o;
    const char *asks;
    int64_t at;
    size_t arpf;
};

static void begin(struct scene *s)
{
    memset(s, 0, sizeof *s);
    for (size_t i = 0; i < DRIG_PARTIES; i++) {
        d.parties[i].says = DIMSI_NONE;
    }
    d.retired = d.bad_point = false;
    d.sign_says = d.agree_says = E_OK;
    d.arpf_says = DIMSI_NONE;
    drig_agree(&d, SE_1, ARPF_1_AGREES, SP_1, DRIG_DIMSI, &s->slot, &s->o);
    drig_delegate(&d, SP_1, DRIG_TARGET, 1, &s->o);
    s->asks = DRIG_TARGET;
    s->at = RIG_AT;
}

/* What the ARPF says; nothing comes out with a refusal. */
static const char *arpf_says(const struct scene *s)
{
    struct dimsi_offered offered = {.sp.n = 77};
    const struct plmn asks = drig_plmn(s->asks);
    const enum dimsi_cause cause =
        dimsi_arpf_verify(&d.crypto, &d.arpf[s->arpf], &s->o.offer, &asks, s->at, &offered);
    assert_true((cause == DIMSI_NONE) == (offered.sp.n != 77));
    return dimsi_cause_name(cause);
}

static const char *ausf_says(const struct scene *s)
{
    struct dimsi_offered offered = {.sp.n = 77};
    const struct plmn own = drig_plmn(s->asks);
    const enum dimsi_cause cause =
        dimsi_ausf_take_offer(&d.crypto, &d.verify, &s->o.offer, &own, s->at, &offered);
    assert_true((cause == DIMSI_NONE) == (offered.sp.n != 77));
    return dimsi_cause_name(cause);
}

static void both_say(const struct scene *s, const char *cause)
{
    assert_string_equal(ausf_says(s), cause);
    assert_string_equal(arpf_says(s), cause);
}

/* The token anew, by whoever signs it, and what is delegated is this one. */
static void token_as(struct scene *s, const struct dimsi_atk *atk, enum drig_who signs)
{
    struct dimsi_atk made = *atk;
    const struct bytes content = dimsi_atk_content(&made, s->o.atk);
    rig_sign(d.parties[signs].key, DEVID_ECDSA_P256, content, made.signature);
    s->o.offer.atk = dimsi_atk_write(&made, s->o.atk);
    drig_delegate(&d, SP_1, DRIG_TARGET, 1, &s->o);
}

static struct dimsi_atk token_of(const struct scene *s)
{
    struct dimsi_atk atk;
    struct bytes content;
    assert_ok(dimsi_atk_read(s->o.offer.atk, &atk, &content));
    return atk;
}

/* ---- the token ---- */

/*= test dimsi-0d dimsi-0e-verify */
static void a_good_offer_is_taken_by_both(void **state)
{
    (void)state;
    struct scene s;
    begin(&s);
    both_say(&s, "none");
    drig_agree(&d, SE_1, ARPF_1_AGREES_TOO, SP_1, DRIG_DIMSI, &s.slot, &s.o);
    drig_delegate(&d, SP_1, DRIG_TARGET, 1, &s.o);
    both_say(&s, "none");
}

static void a_token_that_cannot_be_read_is_refused(void **state)
{
    (void)state;
    struct scene s;
    begin(&s);
    s.o.offer.atk.n--;
    both_say(&s, "token-unreadable");
    begin(&s);
    s.o.atk[0] ^= 1;
    both_say(&s, "token-unreadable");
    s.o.offer.atk.n = 0;
    both_say(&s, "token-unreadable");
}

/*= test dimsi-0e-verify */
static void a_forged_token_is_refused(void **state)
{
    (void)state;
    struct scene s;
    begin(&s);
    struct dimsi_atk atk = token_of(&s);
    token_as(&s, &atk, SE_2);
    both_say(&s, "token-signature");
    token_as(&s, &atk, SE_1);
    both_say(&s, "none");
    atk.counter ^= 1; /* with the signature of before */
    s.o.offer.atk = dimsi_atk_write(&atk, s.o.atk);
    drig_delegate(&d, SP_1, DRIG_TARGET, 1, &s.o);
    both_say(&s, "token-signature");
}

static void neither_takes(const struct scene *s)
{
    assert_string_not_equal(ausf_says(s), "none");
    assert_string_not_equal(arpf_says(s), "none");
}

/* Every bit of it: never taken, even when the service provider would delegate it. */
static void no_bit_of_a_token_can_be_changed(void **state)
{
    (void)state;
    struct scene s;
    begin(&s);
    for (size_t bit = 0; bit < s.o.offer.atk.n * 8; bit += bit < 1600 ? 7 : 3) {
        s.o.atk[bit / 8] ^= (uint8_t)(1U << bit % 8);
        neither_takes(&s); /* the delegation is for another */
        struct dimsi_atk atk;
        struct bytes content;
        if (dimsi_atk_read(s.o.offer.atk, &atk, &content) == E_OK) {
            drig_delegate(&d, SP_1, DRIG_TARGET, 1, &s.o);
            neither_takes(&s);
        }
        s.o.atk[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    drig_delegate(&d, SP_1, DRIG_TARGET, 1, &s.o);
    both_say(&s, "none");
}

static void a_token_with_another_devices_certificate_is_refused(void **state)
{
    (void)state;
    struct scene s;
    begin(&s);
    s.o.offer.se_chain[0] = d.parties[SE_2].certificate;
    both_say(&s, "token-signature");
    const struct dimsi_atk atk = token_of(&s);
    token_as(&s, &atk, SE_2); /* who names SE_1 in what it signs */
    both_say(&s, "token-other-device");
}

static void a_token_for_another_arpf_or_a_key_that_is_gone_is_refused(void **state)
{
    (void)state;
    struct scene s;
    begin(&s);
    s.arpf = 1;
    assert_string_equal(arpf_says(&s), "token-other-arpf");
    s.arpf = 0;
    d.retired = true;
    assert_string_equal(arpf_says(&s), "token-other-arpf");
    begin(&s);
    struct dimsi_atk atk = token_of(&s);
    memcpy(atk.arpf_digest, d.parties[AUSF_1].digest, 32);
    token_as(&s, &atk, SE_1);
    assert_string_equal(arpf_says(&s), "token-other-arpf");
}

/* The key is looked up once more when eK is computed. */
/*= test dimsi-point */
static void a_point_that_is_none_and_a_key_that_went_in_between_yield_no_ek(void **state)
{
    (void)state;
    struct scene s;
    struct dimsi_offered offered;
    struct key_ek ek = {.b = {7}};
    begin(&s);
    struct dimsi_atk atk = token_of(&s);
    atk.point[64] ^= 1;
    token_as(&s, &atk, SE_1);
    const struct plmn asks = drig_plmn(DRIG_TARGET);
    assert_int_equal(dimsi_arpf_verify(&d.crypto, &d.arpf[0], &s.o.offer, &asks, RIG_AT, &offered),
                     DIMSI_NONE);
    assert_err(dimsi_arpf_ek(&d.crypto, &d.arpf[0], &offered, &ek), E_BAD_VALUE);
    d.agree_says = E_CRYPTO;
    assert_err(dimsi_arpf_ek(&d.crypto, &d.arpf[0], &offered, &ek), E_CRYPTO);
    d.retired = true;
    assert_err(dimsi_arpf_ek(&d.crypto, &d.arpf[0], &offered, &ek), E_NOT_FOUND);
    assert_int_equal(ek.b[0], 7);
}

/* ---- chains ---- */

static void what_is_said_of_a_chain_is_said_of_the_offer(void **state)
{
    (void)state;
    static const enum dimsi_cause all[] = {
        DIMSI_CHAIN_EARLY,   DIMSI_CHAIN_LATE, DIMSI_CHAIN_UNTRUSTED, DIMSI_CHAIN_REVOKED,
        DIMSI_CHAIN_PURPOSE, DIMSI_CHAIN_BAD,  DIMSI_NO_CRL,          DIMSI_CRYPTO};
    struct scene s;
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        begin(&s);
        d.parties[SE_1].says = all[i];
        both_say(&s, dimsi_cause_name(all[i]));
        begin(&s);
        d.parties[SP_1].says = all[i];
        both_say(&s, dimsi_cause_name(all[i]));
    }
    begin(&s);
    s.o.offer.se_chain[0] = BYTES_LIT("of nobody");
    both_say(&s, "certificate-untrusted");
    s.o.offer.se_chain[0] = d.parties[SP_1].certificate;
    both_say(&s, "certificate-purpose");
}

static void a_chain_of_no_or_too_many_certificates_is_refused(void **state)
{
    (void)state;
    struct scene s;
    begin(&s);
    s.o.offer.n_se_chain = 0;
    both_say(&s, "certificate-bad");
    s.o.offer.n_se_chain = DIMSI_CHAIN_MAX + 1;
    both_say(&s, "certificate-bad");
    begin(&s);
    s.o.offer.n_sp_chain = 0;
    both_say(&s, "certificate-bad");
    s.o.offer.n_sp_chain = DIMSI_CHAIN_MAX + 1;
    both_say(&s, "certificate-bad");
}

/* ---- the delegation ---- */

static void a_delegation_that_cannot_be_read_is_refused(void **state)
{
    (void)state;
    struct scene s;
    begin(&s);
    s.o.offer.delegation.n--;
    both_say(&s, "delegation-unreadable");
    begin(&s);
    s.o.offer.signature.n--;
    both_say(&s, "delegation-unreadable");
}

static struct dimsi_delegation delegation_of(const struct scene *s)
{
    struct dimsi_delegation delegation;
    assert_ok(dimsi_delegation_read(s->o.offer.delegation, &delegation));
    return delegation;
}

/*= test dimsi-delegation */
static void a_delegation_that_another_one_signed_is_refused(void **state)
{
    (void)state;
    struct scene s;
    begin(&s);
    s.o.signature[5] ^= 1;
    both_say(&s, "delegation-signature");
    begin(&s);
    s.o.offer.sp_chain[0] = d.parties[SP_2].certificate;
    both_say(&s, "delegation-signature");
    drig_delegate(&d, SP_2, DRIG_TARGET, 1, &s.o); /* a service provider, but not ATK's */
    both_say(&s, "delegation-other-sp");
    s.o.offer.sp_chain[0] = d.parties[SE_1].certificate;
    both_say(&s, "certificate-purpose");
}

static void a_delegation_of_something_else_is_refused(void **state)
{
    (void)state;
    struct scene s;
    begin(&s);
    struct dimsi_delegation delegation = delegation_of(&s);
    delegation.token[31] ^= 1;
    drig_delegate_as(&d, SP_1, &delegation, &s.o);
    both_say(&s, "delegation-other-token");
    delegation = drig_delegation(&d, &s.o, DRIG_TARGET, 1);
    delegation.arpf = d.parties[ARPF_2_SIGNS].name;
    drig_delegate_as(&d, SP_1, &delegation, &s.o);
    both_say(&s, "delegation-other-arpf");
    begin(&s);
    s.asks = DRIG_OTHER;
    both_say(&s, "delegation-other-mno");
    s.asks = "001-001"; /* another operator than 001-01 */
    both_say(&s, "delegation-other-mno");
}

static void a_delegation_is_good_until_its_last_second(void **state)
{
    (void)state;
    struct scene s;
    begin(&s);
    s.at = DRIG_EXPIRY;
    both_say(&s, "none");
    s.at++;
    both_say(&s, "delegation-expired");
}

/* ---- the endorsement ---- */

struct endorsed {
    struct drig_grant g;
    struct dimsi_offered offered;
    struct imsi dimsi;
    struct plmn target;
    struct bytes chain[1];
    size_t n;
    size_t signature_n;
    int64_t at;
};

static void endorse(struct scene *s, struct endorsed *e)
{
    begin(s);
    memset(e, 0, sizeof *e);
    e->dimsi = drig_imsi(DRIG_DIMSI);
    e->target = drig_plmn(DRIG_TARGET);
    assert_int_equal(
        dimsi_arpf_verify(&d.crypto, &d.arpf[0], &s->o.offer, &e->target, RIG_AT, &e->offered),
        DIMSI_NONE);
    drig_grant(&d, 0, AUSF_1, &e->offered, 1, &e->g);
    e->chain[0] = d.parties[ARPF_1_SIGNS].certificate;
    e->n = 1;
    e->signature_n = 64;
    e->at = RIG_AT;
}

static const char *judge(const struct endorsed *e, bool at_dausf)
{
    struct dimsi_endorsement out = {.number = 77};
    struct dimsi_name arpf = {.n = 77};
    const enum dimsi_cause cause = dimsi_endorsed(
        &d.verify, e->chain, e->n, e->g.content, (struct bytes){e->g.signature, e->signature_n},
        at_dausf ? NULL : &e->offered, &e->dimsi, &e->target, e->at, &out, &arpf);
    assert_true((cause == DIMSI_NONE) == (out.number != 77));
    assert_true((cause == DIMSI_NONE) == (arpf.n != 77));
    return dimsi_cause_name(cause);
}

static void ausf_and_dausf_say(const struct endorsed *e, const char *cause)
{
    assert_string_equal(judge(e, false), cause);
    assert_string_equal(judge(e, true), cause);
}

/*= test dimsi-0e-endorse dimsi-endorsement */
static void an_endorsement_is_refused_for_all_that_it_is_not(void **state)
{
    (void)state;
    struct scene s;
    struct endorsed e;
    endorse(&s, &e);
    ausf_and_dausf_say(&e, "none");
    e.at = DRIG_EXPIRY;
    ausf_and_dausf_say(&e, "none");
    e.at++;
    ausf_and_dausf_say(&e, "endorsement-expired");
    endorse(&s, &e);
    e.dimsi = drig_imsi("901700000000002");
    ausf_and_dausf_say(&e, "endorsement-other");
    endorse(&s, &e);
    e.target = drig_plmn(DRIG_OTHER);
    ausf_and_dausf_say(&e, "endorsement-other");
    endorse(&s, &e);
    e.g.signature[0] ^= 1;
    ausf_and_dausf_say(&e, "endorsement-signature");
    endorse(&s, &e);
    e.signature_n = 63;
    ausf_and_dausf_say(&e, "endorsement-unreadable");
    endorse(&s, &e);
    e.g.content.n--;
    ausf_and_dausf_say(&e, "endorsement-unreadable");
    endorse(&s, &e);
    e.n = 0;
    ausf_and_dausf_say(&e, "certificate-bad");
    e.n = DIMSI_CHAIN_MAX + 1;
    ausf_and_dausf_say(&e, "certificate-bad");
}

/*= test dimsi-two-keys */
static void an_endorsement_is_of_the_arpf_and_by_its_key_for_that(void **state)
{
    (void)state;
    struct scene s;
    struct endorsed e;
    endorse(&s, &e);
    e.chain[0] = d.parties[ARPF_1_AGREES].certificate; /* the key that agrees endorses nothing */
    ausf_and_dausf_say(&e, "certificate-purpose");
    e.chain[0] = d.parties[SP_1].certificate;
    ausf_and_dausf_say(&e, "certificate-purpose");
    e.chain[0] = BYTES_LIT("of nobody");
    ausf_and_dausf_say(&e, "certificate-untrusted");
    drig_grant(&d, 1, AUSF_1, &e.offered, 1, &e.g); /* by another ARPF that is trusted */
    e.chain[0] = d.parties[ARPF_2_SIGNS].certificate;
    assert_string_equal(judge(&e, false), "endorsement-signature");
    assert_string_equal(judge(&e, true), "none"); /* who asks which dIMSIs it may speak for */
    endorse(&s, &e);
    e.offered.token[0] ^= 1;
    assert_string_equal(judge(&e, false), "endorsement-other");
    endorse(&s, &e);
    e.offered.atk.se_digest[0] ^= 1;
    assert_string_equal(judge(&e, false), "endorsement-other");
}

/* ---- the box ---- */

/*= test dimsi-box dimsi-0e-secret */
static void the_box_opens_for_its_operator_endorsement_and_dimsi_alone(void **state)
{
    (void)state;
    struct scene s;
    struct endorsed e;
    struct key_ek ek = {.b = {7}}, shut = ek;
    endorse(&s, &e);
    assert_err(drig_unbox(&d, AUSF_2, &e.g, &e.dimsi, &ek), E_BAD_MAC);
    const struct imsi other = drig_imsi("901700000000002");
    assert_err(drig_unbox(&d, AUSF_1, &e.g, &other, &ek), E_BAD_MAC);
    e.g.endorsement[40] ^= 1;
    assert_err(drig_unbox(&d, AUSF_1, &e.g, &e.dimsi, &ek), E_BAD_MAC);
    e.g.endorsement[40] ^= 1;
    for (size_t i = 33; i < DIMSI_BOX_LEN; i++) {
        e.g.box[i] ^= 1;
        assert_err(drig_unbox(&d, AUSF_1, &e.g, &e.dimsi, &ek), E_BAD_MAC);
        e.g.box[i] ^= 1;
    }
    e.g.box[0] ^= 1; /* the other point of this x: the secret is the same, but what was sent not */
    assert_err(drig_unbox(&d, AUSF_1, &e.g, &e.dimsi, &ek), E_BAD_MAC);
    e.g.box[0] ^= 1;
    assert_memory_equal(&ek, &shut, sizeof ek);
    assert_ok(drig_unbox(&d, AUSF_1, &e.g, &e.dimsi, &ek));
    assert_memory_equal(&ek, &s.slot.ek, sizeof ek);
}

static void a_library_that_fails_is_no_reason_to_believe_anything(void **state)
{
    (void)state;
    struct scene s;
    struct dimsi_offered offered;
    const struct plmn asks = drig_plmn(DRIG_TARGET);
    enum dimsi_cause cause = DIMSI_CRYPTO;
    struct failing f;
    begin(&s);
    for (unsigned at = 1; cause != DIMSI_NONE; at++) {
        assert_in_range(at, 1, 10);
        failing_open(&f, &d.crypto, at);
        cause = dimsi_arpf_verify(&f.table, &d.arpf[0], &s.o.offer, &asks, RIG_AT, &offered);
        assert_true(cause == DIMSI_NONE || cause == DIMSI_CRYPTO);
    }
    enum err err = E_CRYPTO;
    for (unsigned at = 1; err != E_OK; at++) {
        uint8_t box[DIMSI_BOX_LEN] = {0}, zeros[DIMSI_BOX_LEN] = {0};
        const uint8_t sent[33] = {2}, z[32] = {1};
        assert_in_range(at, 1, 20);
        failing_open(&f, &d.crypto, at);
        err =
            dimsi_box_seal(&f.table, sent, z, BYTES_LIT("e"), &offered.atk.dimsi, &s.slot.ek, box);
        assert_true(err == E_OK || memcmp(box, zeros, sizeof box) == 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_offer_is_taken_by_both),
        cmocka_unit_test(a_token_that_cannot_be_read_is_refused),
        cmocka_unit_test(a_forged_token_is_refused),
        cmocka_unit_test(no_bit_of_a_token_can_be_changed),
        cmocka_unit_test(a_token_with_another_devices_certificate_is_refused),
        cmocka_unit_test(a_token_for_another_arpf_or_a_key_that_is_gone_is_refused),
        cmocka_unit_test(a_point_that_is_none_and_a_key_that_went_in_between_yield_no_ek),
        cmocka_unit_test(what_is_said_of_a_chain_is_said_of_the_offer),
        cmocka_unit_test(a_chain_of_no_or_too_many_certificates_is_refused),
        cmocka_unit_test(a_delegation_that_cannot_be_read_is_refused),
        cmocka_unit_test(a_delegation_that_another_one_signed_is_refused),
        cmocka_unit_test(a_delegation_of_something_else_is_refused),
        cmocka_unit_test(a_delegation_is_good_until_its_last_second),
        cmocka_unit_test(an_endorsement_is_refused_for_all_that_it_is_not),
        cmocka_unit_test(an_endorsement_is_of_the_arpf_and_by_its_key_for_that),
        cmocka_unit_test(the_box_opens_for_its_operator_endorsement_and_dimsi_alone),
        cmocka_unit_test(a_library_that_fails_is_no_reason_to_believe_anything),
    };
    return cmocka_run_group_tests_name("proc/dimsi cause", tests, setup, teardown);
}
