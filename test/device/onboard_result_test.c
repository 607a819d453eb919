/* What a device without a subscription makes of an answer: src/device/onboard.c and
 * src/device/onboard_hooks.c. The operator is proc/certattach*.c's. */
#include "device/onboard.h"
#include "device/onboarding_modem.h"

/* ---- the result ---- */

static void every_prefix_of_a_result_is_refused(void **state)
{
    static const unsigned bits[] = {0, 2048};
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        struct modem m;
        modem_open(&m, bits[i]);
        (void)ask(&m);
        const struct bytes result = maker_result(&m.k, &m.c);
        for (size_t n = 0; n < result.n; n++) {
            assert_int_equal(tries(&m, (struct bytes){result.p, n}),
                             n < 2 ? BINDERY_UE_ONBOARDING_NOT_ASKED
                                   : BINDERY_UE_ONBOARDING_UNREADABLE);
        }
        assert_int_equal(m.k.verified_n, 0);
        assert_int_equal(tries(&m, result), BINDERY_UE_ONBOARDING_TAKEN);
        modem_close(&m);
    }
}

/*= test certattach-signed */
static void whichever_octet_is_changed_it_is_not_taken(void **state)
{
    struct modem m;
    unsigned seen[32] = {0};
    (void)state;
    modem_open(&m, 0);
    (void)ask(&m);
    const struct bytes result = maker_result(&m.k, &m.c);
    for (size_t i = 0; i < result.n; i++) {
        m.k.result[i] ^= (uint8_t)(1U << i % 8);
        seen[tries(&m, result)]++;
        m.k.result[i] ^= (uint8_t)(1U << i % 8);
    }
    assert_int_equal(seen[BINDERY_UE_ONBOARDING_TAKEN], 0);
    assert_int_equal(m.k.opened_n, 0); /* nothing is opened that the operator did not sign */
    assert_true(seen[BINDERY_UE_ONBOARDING_SIGNATURE] > 200);
    assert_int_equal(tries(&m, result), BINDERY_UE_ONBOARDING_TAKEN);
    modem_close(&m);
}

/*= test certattach-operator */
static void each_verdict_of_the_host_has_its_outcome(void **state)
{
    static const struct {
        unsigned says;
        enum bindery_ue_onboarding_outcome o;
    } rows[] = {
        {BINDERY_UE_OPERATOR_GOOD, BINDERY_UE_ONBOARDING_TAKEN},
        {BINDERY_UE_OPERATOR_UNTRUSTED, BINDERY_UE_ONBOARDING_UNTRUSTED},
        {BINDERY_UE_OPERATOR_CERTIFICATE_EXPIRED, BINDERY_UE_ONBOARDING_CERTIFICATE_EXPIRED},
        {BINDERY_UE_OPERATOR_PURPOSE, BINDERY_UE_ONBOARDING_PURPOSE},
        {BINDERY_UE_OPERATOR_OTHER_PLMN, BINDERY_UE_ONBOARDING_OTHER_PLMN},
        {BINDERY_UE_OPERATOR_SIGNATURE, BINDERY_UE_ONBOARDING_SIGNATURE},
        {BINDERY_UE_OPERATOR_RESULT_EXPIRED, BINDERY_UE_ONBOARDING_EXPIRED},
        {BINDERY_UE_OPERATOR_FAILED, BINDERY_UE_ONBOARDING_BROKEN},
        {BINDERY_UE_OPERATOR_FAILED + 1, BINDERY_UE_ONBOARDING_BROKEN}, /* fail closed */
    };
    struct modem m;
    (void)state;
    modem_open(&m, 0);
    (void)ask(&m);
    const struct bytes result = maker_result(&m.k, &m.c);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        m.k.opened_n = 0;
        m.k.says = rows[i].says;
        assert_int_equal(tries(&m, result), rows[i].o);
        assert_int_equal(m.k.opened_n, i == 0);
    }
    modem_close(&m);
}

static void what_the_operator_meant_for_another_time_or_network_is_refused(void **state)
{
    struct modem m;
    (void)state;
    modem_open(&m, 0);
    const struct certattach_request r = ask(&m);
    struct bytes result = maker_result(&m.k, &m.c);
    m.k.at = m.k.expiry + 1;
    assert_int_equal(tries(&m, result), BINDERY_UE_ONBOARDING_EXPIRED);
    m.k.at = m.k.expiry;
    assert_int_equal(tries(&m, result), BINDERY_UE_ONBOARDING_TAKEN);
    assert_ok(plmn_parse(BYTES_LIT("999-70"), &m.k.listed));
    assert_int_equal(tries(&m, result), BINDERY_UE_ONBOARDING_OTHER_PLMN);
    assert_ok(plmn_parse(BYTES_LIT("001-01"), &m.k.listed));
    const struct certattach_about about = maker_about(&m.k, &r, "999-70");
    result = maker_result_about(&m.k, &m.c, &about);
    assert_int_equal(tries(&m, result), BINDERY_UE_ONBOARDING_SIGNATURE);
    modem_close(&m);
}

/*= test certattach-bound-box */
static void what_is_for_another_device_or_another_request_is_refused(void **state)
{
    struct modem m;
    (void)state;
    modem_open(&m, 0);
    const struct certattach_request r = ask(&m);
    struct certattach_about about = maker_about(&m.k, &r, "001-01");
    about.nonce[15] ^= 1; /* the right signature, over another nonce */
    assert_int_equal(tries(&m, maker_result_about(&m.k, &m.c, &about)),
                     BINDERY_UE_ONBOARDING_SIGNATURE);
    about.nonce[15] ^= 1;
    about.id.text[0] ^= 1;
    assert_int_equal(tries(&m, maker_result_about(&m.k, &m.c, &about)),
                     BINDERY_UE_ONBOARDING_SIGNATURE);
    m.k.sealed_to = m.k.other_key; /* signed for this device, but encrypted to another's key */
    assert_int_equal(tries(&m, maker_result(&m.k, &m.c)), BINDERY_UE_ONBOARDING_NOT_OPENED);
    m.k.sealed_to = maker_rsa(2048);
    assert_int_equal(tries(&m, maker_result(&m.k, &m.c)), BINDERY_UE_ONBOARDING_NOT_OPENED);
    m.k.sealed_to = m.k.device_key;
    m.k.secret_fails = true;
    assert_int_equal(tries(&m, maker_result(&m.k, &m.c)), BINDERY_UE_ONBOARDING_NOT_OPENED);
    m.k.secret_fails = false;
    assert_int_equal(tries(&m, maker_result(&m.k, &m.c)), BINDERY_UE_ONBOARDING_TAKEN);
    modem_close(&m);
}

/* The operator seals octets that are no profile: the box is good, and what is in it is not. */
static struct bytes sealed(struct modem *m, const struct certattach_about *about,
                           struct bytes plain, uint8_t box[static CERTATTACH_BOX_MAX])
{
    uint8_t secret[32], aad[160], content[CERTATTACH_SIGNED_MAX], signature[64];
    struct wr w = wr_of(MBYTES_OF(aad));
    struct bytes signed_content, value;
    enum certattach_form form = CERTATTACH_EC;
    size_t n = CERTATTACH_SENT_MAX;
    assert_ok(maker_agree(&m->k, plain, &form, box + 1, &n, secret));
    box[0] = (uint8_t)form;
    const struct bytes items[] = {BYTES_LIT(CERTATTACH_AAD_LABEL), bytes_of_str(about->id.text),
                                  BYTES_OF(about->nonce), BYTES_OF(about->nonce_1),
                                  BYTES_OF(plmn_001_01)};
    for (size_t i = 0; i < 5; i++) {
        wr_be16(&w, (uint16_t)items[i].n);
        wr_put(&w, items[i]);
    }
    assert_ok(ecies_seal(&m->c, secret, (struct bytes){box + 1, n}, wr_done(&w), plain, box + 1 + n,
                         box + 1 + n + plain.n));
    struct certattach_result r = {.expiry = m->k.expiry,
                                  .box = {box, 1 + n + plain.n + CERTATTACH_TAG_LEN},
                                  .signature = BYTES_OF(signature),
                                  .certificates = {m->k.root, m->k.root_n}};
    memcpy(r.nonce_1, about->nonce_1, sizeof r.nonce_1);
    assert_ok(certattach_signed_content(&m->c, about, r.expiry, r.box, content, &signed_content));
    assert_ok(maker_sign(&m->k, signed_content, signature));
    assert_ok(wire_certattach_result_write(&r, MBYTES_OF(m->k.result), &value));
    return value;
}

static void every_prefix_of_a_profile_is_refused(void **state)
{
    struct modem m;
    uint8_t plain[CERTATTACH_PROFILE_MAX], box[CERTATTACH_BOX_MAX];
    size_t n = 0;
    (void)state;
    modem_open(&m, 0);
    const struct certattach_request r = ask(&m);
    const struct certattach_about about = maker_about(&m.k, &r, "001-01");
    assert_ok(certattach_profile_write(&m.k.profile, plain, &n));
    for (size_t i = 1; i < n; i++) {
        assert_int_equal(tries(&m, sealed(&m, &about, (struct bytes){plain, i}, box)),
                         BINDERY_UE_ONBOARDING_PROFILE);
    }
    assert_int_equal(tries(&m, sealed(&m, &about, (struct bytes){plain, n}, box)),
                     BINDERY_UE_ONBOARDING_TAKEN);
    maker_expect_installed(&m.k);
    plain[0]++; /* a later version */
    assert_int_equal(tries(&m, sealed(&m, &about, (struct bytes){plain, n}, box)),
                     BINDERY_UE_ONBOARDING_PROFILE);
    modem_close(&m);
}

/*= test certattach-nonce */
static void one_answer_is_taken_for_one_request(void **state)
{
    struct modem m;
    (void)state;
    modem_open(&m, 0);
    (void)ask(&m);
    struct bytes result = maker_result(&m.k, &m.c);
    assert_int_equal(take(&m, result), BINDERY_UE_ONBOARDING_TAKEN);
    assert_int_equal(take(&m, result), BINDERY_UE_ONBOARDING_NOT_ASKED);
    (void)ask(&m); /* an old one, replayed to a new request */
    assert_int_equal(take(&m, result), BINDERY_UE_ONBOARDING_SIGNATURE);
    assert_int_equal(take(&m, result), BINDERY_UE_ONBOARDING_NOT_ASKED);
    (void)ask(&m);
    result = maker_result(&m.k, &m.c);
    bindery_ue_onboarding_forget(&m.asked);
    assert_int_equal(take(&m, result), BINDERY_UE_ONBOARDING_NOT_ASKED);
    assert_int_equal(m.k.installed_n, 1);
    modem_close(&m);
}

static void a_reject_without_a_result_ends_the_attempt(void **state)
{
    static const uint8_t kme[] = {NAS_CONTAINER_KME_RESULT, 1, NAS_TAG_NW_SIGNATURE, 0, 0};
    static const uint8_t later[] = {NAS_CONTAINER_PROVISIONING_RESULT, 2};
    const struct bytes others[] = {{NULL, 0}, BYTES_OF(kme), BYTES_OF(later)};
    struct modem m;
    (void)state;
    modem_open(&m, 0);
    for (size_t i = 0; i < 3; i++) {
        (void)ask(&m);
        assert_int_equal(take(&m, others[i]), BINDERY_UE_ONBOARDING_NOT_ASKED);
        assert_int_equal(take(&m, maker_result(&m.k, &m.c)), BINDERY_UE_ONBOARDING_NOT_ASKED);
    }
    assert_int_equal(m.k.verified_n, 0);
    modem_close(&m);
}

static void what_could_not_be_stored_is_asked_for_again(void **state)
{
    struct modem m;
    (void)state;
    modem_open(&m, 0);
    (void)ask(&m);
    m.k.install_fails = true;
    assert_int_equal(take(&m, maker_result(&m.k, &m.c)), BINDERY_UE_ONBOARDING_NOT_STORED);
    m.k.install_fails = false;
    (void)ask(&m);
    assert_int_equal(take(&m, maker_result(&m.k, &m.c)), BINDERY_UE_ONBOARDING_TAKEN);
    maker_expect_installed(&m.k);
    modem_close(&m);
}

static void too_small_a_room_is_said_and_not_written_past(void **state)
{
    struct modem m;
    size_t least = 0;
    (void)state;
    modem_open(&m, 0);
    (void)ask(&m);
    const struct bytes result = maker_result(&m.k, &m.c);
    for (size_t n = 1; n <= BINDERY_UE_ONBOARDING_ROOM; n += n < 1500 ? 97 : 1) {
        const struct bindery_ue_asked before = m.asked;
        const enum bindery_ue_onboarding_outcome o = take_in(&m, result, n);
        m.asked = before;
        least = o == BINDERY_UE_ONBOARDING_TAKEN && least == 0 ? n : least;
        assert_int_equal(o,
                         least == 0 ? BINDERY_UE_ONBOARDING_BROKEN : BINDERY_UE_ONBOARDING_TAKEN);
    }
    assert_true(least > 1000 && least <= BINDERY_UE_ONBOARDING_ROOM);
    modem_close(&m);
}

/* A room may begin anywhere. */
static void a_room_need_not_be_aligned(void **state)
{
    static uint8_t rooms[BINDERY_UE_ONBOARDING_ROOM + 8];
    struct modem m;
    (void)state;
    modem_open(&m, 0);
    (void)ask(&m);
    const struct bytes result = maker_result(&m.k, &m.c);
    for (size_t off = 0; off < 8; off++) {
        const struct bindery_ue_asked before = m.asked;
        assert_int_equal(bindery_ue_onboarding_take(&m.asked, &m.table, &m.k.onboarding, result.p,
                                                    result.n, rooms + off,
                                                    BINDERY_UE_ONBOARDING_ROOM),
                         BINDERY_UE_ONBOARDING_TAKEN);
        m.asked = before;
    }
    modem_close(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_prefix_of_a_result_is_refused),
        cmocka_unit_test(whichever_octet_is_changed_it_is_not_taken),
        cmocka_unit_test(each_verdict_of_the_host_has_its_outcome),
        cmocka_unit_test(what_the_operator_meant_for_another_time_or_network_is_refused),
        cmocka_unit_test(what_is_for_another_device_or_another_request_is_refused),
        cmocka_unit_test(every_prefix_of_a_profile_is_refused),
        cmocka_unit_test(one_answer_is_taken_for_one_request),
        cmocka_unit_test(a_reject_without_a_result_ends_the_attempt),
        cmocka_unit_test(what_could_not_be_stored_is_asked_for_again),
        cmocka_unit_test(too_small_a_room_is_said_and_not_written_past),
        cmocka_unit_test(a_room_need_not_be_aligned),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
