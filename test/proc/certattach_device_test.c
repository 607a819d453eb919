/* Every refusal of certattach_device_take, by name; and that whatever somebody changes, repeats or
 * sends from elsewhere, the device takes nothing and what it has stays as it was. */
#include "proc/certattach_rig.h"

#include <stdlib.h>

static struct crig c;
static struct failing failing;

static void open_answered(enum certattach_form form)
{
    crig_open(&c, form, true);
    assert_ok(crig_protect(&c, CRIG_EXPIRY));
}

/* ---- every refusal ---- */

static void spoil_nothing(void) {}

static void spoil_asked(void)
{
    c.asked.asked = false;
}

static void spoil_signature_length(void)
{
    c.result.signature.n--;
}

static void spoil_no_certificates(void)
{
    c.result.certificates.n = 0;
}

static void spoil_no_box(void)
{
    c.result.box.n = 0;
}

static void spoil_long_box(void)
{
    c.result.box.n = CERTATTACH_BOX_MAX + 1;
}

static void spoil_negative_expiry(void)
{
    c.result.expiry = -1;
}

/* A rogue network: its own root signed its certificate. */
static void spoil_root(void)
{
    EVP_PKEY *other = EVP_EC_gen("P-256");
    rig_certify(c.operator_key, other, false, &c.operator_certificate);
    c.result.certificates = rig_bytes(&c.operator_certificate);
    EVP_PKEY_free(other);
}

static void spoil_certificate_time(void)
{
    c.operator_says = CERTATTACH_REFUSED_CERTIFICATE_EXPIRED;
}

static void spoil_purpose(void)
{
    c.operator_says = CERTATTACH_REFUSED_PURPOSE;
}

static void spoil_plmn(void)
{
    c.listed = crig_plmn("001-02");
}

static void spoil_signature(void)
{
    c.room[CERTATTACH_BOX_MAX + 3] ^= 1;
}

static void spoil_time(void)
{
    c.device_time = CRIG_EXPIRY + 1;
}

/* Signed by the operator, but not encrypted to this device. */
static void spoil_key(void)
{
    EVP_PKEY_free(c.encryption);
    c.encryption = EVP_EC_gen("P-256");
}

static void spoil_other_form(void)
{
    c.secret_says = E_UNSUPPORTED;
}

static void spoil_point(void)
{
    c.secret_says = E_BAD_VALUE;
}

static void sign_again(void)
{
    uint8_t octets[CERTATTACH_SIGNED_MAX];
    struct bytes content;
    assert_ok(certattach_signed_content(&c.rig.crypto, &c.about, c.result.expiry, c.result.box,
                                        octets, &content));
    assert_ok(crig_operator_sign(&c, content, c.room + CERTATTACH_BOX_MAX));
}

static void spoil_form(void)
{
    c.room[0] = 3;
    sign_again();
}

static void spoil_short_box(void)
{
    c.result.box.n = 1 + 33 + CERTATTACH_TAG_LEN - 1;
    sign_again();
}

static void spoil_tag(void)
{
    c.room[c.result.box.n - 1] ^= 1;
    sign_again();
}

/* An operator that signs for a nonce and encrypts for another. */
static void spoil_aad(void)
{
    c.about.nonce[0] ^= 1;
    assert_ok(crig_protect(&c, CRIG_EXPIRY));
    c.about.nonce[0] ^= 1;
    sign_again();
}

/* What is in the box is no profile: the same work as an operator's, over other octets. */
static void spoil_profile(void)
{
    uint8_t secret[32], aad[200];
    struct wr w = wr_of(MBYTES_OF(aad));
    const struct bytes items[] = {BYTES_LIT(CERTATTACH_AAD_LABEL), BYTES_LIT("device-1"),
                                  BYTES_OF(c.about.nonce), BYTES_OF(c.about.nonce_1),
                                  BYTES_LIT("\x00\xf1\x10")};
    for (size_t i = 0; i < 5; i++) {
        wr_be16(&w, (uint16_t)items[i].n);
        wr_put(&w, items[i]);
    }
    const size_t sent_n = crig_agree_ec(c.encryption, c.room + 1, secret);
    uint8_t *cipher = c.room + 1 + sent_n;
    assert_ok(ecies_seal(&c.rig.crypto, secret, (struct bytes){c.room + 1, sent_n}, wr_done(&w),
                         BYTES_LIT("no profile"), cipher, cipher + 10));
    c.result.box.n = 1 + sent_n + 10 + CERTATTACH_TAG_LEN;
    sign_again();
}

static void spoil_port(void)
{
    c.operator_says = CERTATTACH_REFUSED_CRYPTO;
}

static void spoil_secret(void)
{
    c.secret_says = E_CRYPTO;
}

static void spoil_sha256(void)
{
    failing_open(&failing, c.crypto, 1);
    c.crypto = &failing.table;
}

static const struct {
    enum certattach_refusal refusal;
    void (*spoil)(void);
} table[] = {
    {CERTATTACH_REFUSED_NONE, spoil_nothing},
    {CERTATTACH_REFUSED_NOT_ASKED, spoil_asked},
    {CERTATTACH_REFUSED_UNREADABLE, spoil_signature_length},
    {CERTATTACH_REFUSED_UNREADABLE, spoil_no_certificates},
    {CERTATTACH_REFUSED_UNREADABLE, spoil_no_box},
    {CERTATTACH_REFUSED_UNREADABLE, spoil_long_box},
    {CERTATTACH_REFUSED_UNREADABLE, spoil_negative_expiry},
    {CERTATTACH_REFUSED_UNTRUSTED, spoil_root},
    {CERTATTACH_REFUSED_CERTIFICATE_EXPIRED, spoil_certificate_time},
    {CERTATTACH_REFUSED_PURPOSE, spoil_purpose},
    {CERTATTACH_REFUSED_OTHER_PLMN, spoil_plmn},
    {CERTATTACH_REFUSED_SIGNATURE, spoil_signature},
    {CERTATTACH_REFUSED_EXPIRED, spoil_time},
    {CERTATTACH_REFUSED_BOX, spoil_key},
    {CERTATTACH_REFUSED_BOX, spoil_other_form},
    {CERTATTACH_REFUSED_BOX, spoil_point},
    {CERTATTACH_REFUSED_BOX, spoil_form},
    {CERTATTACH_REFUSED_BOX, spoil_short_box},
    {CERTATTACH_REFUSED_BOX, spoil_tag},
    {CERTATTACH_REFUSED_BOX, spoil_aad},
    {CERTATTACH_REFUSED_PROFILE, spoil_profile},
    {CERTATTACH_REFUSED_CRYPTO, spoil_port},
    {CERTATTACH_REFUSED_CRYPTO, spoil_secret},
    {CERTATTACH_REFUSED_CRYPTO, spoil_sha256},
};

static void assert_nothing_taken(const struct certattach_asked *before)
{
    static const struct certattach_profile zeros;
    assert_memory_equal(&c.taken, &zeros, sizeof zeros);
    assert_memory_equal(&c.asked, before, sizeof *before);
}

/* Nothing is opened before the operator is known. */
static bool comes_before_opening(enum certattach_refusal r)
{
    return r != CERTATTACH_REFUSED_NONE && r < CERTATTACH_REFUSED_BOX;
}

static void try_one(size_t i)
{
    open_answered(CERTATTACH_EC);
    table[i].spoil();
    const struct certattach_asked before = c.asked;
    memset(&c.taken, 0x5c, sizeof c.taken);
    assert_string_equal(certattach_refusal_name(crig_take(&c)),
                        certattach_refusal_name(table[i].refusal));
    if (table[i].refusal != CERTATTACH_REFUSED_NONE) {
        assert_nothing_taken(&before);
    }
    assert_true(!comes_before_opening(table[i].refusal) || c.opened == 0);
    crig_close(&c);
}

/*= test certattach-signed certattach-operator certattach-box certattach-bound-box */
static void every_refusal_is_brought_about_and_named(void **state)
{
    (void)state;
    bool seen[CERTATTACH_REFUSALS] = {false};
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        try_one(i);
        seen[table[i].refusal] = true;
    }
    for (size_t i = 0; i < CERTATTACH_REFUSALS; i++) {
        assert_true(seen[i]);
    }
}

static void a_library_that_fails_at_any_call_takes_nothing(void **state)
{
    (void)state;
    open_answered(CERTATTACH_EC);
    const struct crypto *good = c.crypto;
    const struct certattach_asked before = c.asked;
    enum certattach_refusal r = CERTATTACH_REFUSED_CRYPTO;
    c.crypto = &failing.table;
    for (unsigned at = 1; r != CERTATTACH_REFUSED_NONE; at++) {
        assert_in_range(at, 1, 20);
        failing_open(&failing, good, at);
        r = crig_take(&c);
        if (r != CERTATTACH_REFUSED_NONE) {
            assert_int_equal(r, CERTATTACH_REFUSED_CRYPTO);
            assert_nothing_taken(&before);
        }
    }
    crig_close(&c);
}

/* ---- who changes something ---- */

static void try_octets(uint8_t *octets, size_t n)
{
    const struct certattach_asked before = c.asked;
    for (size_t i = 0; i < n; i++) {
        octets[i] ^= (uint8_t)(1U << (i % 8));
        const enum certattach_refusal r = crig_take(&c);
        assert_true(r == CERTATTACH_REFUSED_SIGNATURE || r == CERTATTACH_REFUSED_UNTRUSTED ||
                    r == CERTATTACH_REFUSED_EXPIRED || r == CERTATTACH_REFUSED_UNREADABLE);
        assert_nothing_taken(&before);
        octets[i] ^= (uint8_t)(1U << (i % 8));
    }
    assert_int_equal(c.opened, 0);
}

/*= test certattach-signed */
static void no_octet_of_a_result_can_be_changed(void **state)
{
    (void)state;
    static const enum certattach_form forms[] = {CERTATTACH_EC, CERTATTACH_RSA};
    for (size_t i = 0; i < 2; i++) {
        open_answered(forms[i]);
        try_octets(c.room, c.result.box.n);
        try_octets(c.room + CERTATTACH_BOX_MAX, CERTATTACH_SIGNATURE_LEN);
        try_octets(c.result.nonce_1, sizeof c.result.nonce_1);
        try_octets((uint8_t *)&c.result.expiry, sizeof c.result.expiry);
        try_octets(c.operator_certificate.p, c.operator_certificate.n);
        for (size_t n = 0; n < c.result.box.n; n++) {
            const size_t kept = c.result.box.n;
            c.result.box.n = n;
            assert_int_not_equal(crig_take(&c), CERTATTACH_REFUSED_NONE);
            c.result.box.n = kept;
        }
        assert_int_equal(c.opened, 0);
        assert_int_equal(crig_take(&c), CERTATTACH_REFUSED_NONE);
        crig_close(&c);
    }
}

/* Whoever signs rightly and encrypts to another, or for another, has no octet taken either. */
/*= test certattach-bound-box */
static void no_octet_of_a_box_can_be_changed_even_by_who_signs(void **state)
{
    (void)state;
    static const enum certattach_form forms[] = {CERTATTACH_EC, CERTATTACH_RSA};
    for (size_t k = 0; k < 2; k++) {
        open_answered(forms[k]);
        const struct certattach_asked before = c.asked;
        for (size_t i = 0; i < c.result.box.n; i++) {
            c.room[i] ^= 0x10;
            sign_again();
            assert_int_equal(crig_take(&c), CERTATTACH_REFUSED_BOX);
            assert_nothing_taken(&before);
            c.room[i] ^= 0x10;
        }
        sign_again();
        assert_int_equal(crig_take(&c), CERTATTACH_REFUSED_NONE);
        crig_close(&c);
    }
}

/* ---- who repeats something ---- */

/*= test certattach-nonce */
static void a_result_is_taken_once(void **state)
{
    (void)state;
    open_answered(CERTATTACH_EC);
    assert_int_equal(crig_take(&c), CERTATTACH_REFUSED_NONE);
    assert_int_equal(crig_take(&c), CERTATTACH_REFUSED_NOT_ASKED);
    static const struct certattach_profile zeros;
    assert_memory_equal(&c.taken, &zeros, sizeof zeros);
    crig_close(&c);
}

static void a_result_of_an_earlier_attach_is_none_for_this_one(void **state)
{
    (void)state;
    open_answered(CERTATTACH_EC);
    crig_ask(&c);
    assert_int_equal(crig_take(&c), CERTATTACH_REFUSED_SIGNATURE);
    assert_true(c.asked.asked);
    assert_ok(crig_protect(&c, CRIG_EXPIRY)); /* and the right one is taken still */
    assert_int_equal(crig_take(&c), CERTATTACH_REFUSED_NONE);
    crig_close(&c);
}

static void a_result_for_another_device_or_network_is_none_for_this_one(void **state)
{
    (void)state;
    open_answered(CERTATTACH_EC);
    assert_ok(device_id_parse(BYTES_LIT("device-2"), &c.about.id));
    assert_ok(crig_protect(&c, CRIG_EXPIRY));
    assert_int_equal(crig_take(&c), CERTATTACH_REFUSED_SIGNATURE);
    c.about.id = c.id;
    c.about.plmn = crig_plmn("001-001"); /* not 001-01 */
    assert_ok(crig_protect(&c, CRIG_EXPIRY));
    assert_int_equal(crig_take(&c), CERTATTACH_REFUSED_SIGNATURE);
    c.about.plmn = c.plmn;
    c.about.nonce[15] ^= 1;
    assert_ok(crig_protect(&c, CRIG_EXPIRY));
    assert_int_equal(crig_take(&c), CERTATTACH_REFUSED_SIGNATURE);
    assert_int_equal(c.opened, 0);
    crig_close(&c);
}

/* The label tells what is signed: nothing else that this key may sign is a result. */
static void a_signature_over_something_else_is_none_over_a_result(void **state)
{
    (void)state;
    uint8_t octets[CERTATTACH_SIGNED_MAX];
    struct bytes content;
    open_answered(CERTATTACH_EC);
    assert_ok(certattach_signed_content(c.crypto, &c.about, c.result.expiry, c.result.box, octets,
                                        &content));
    octets[2] ^= 0x20; /* of the label */
    assert_ok(crig_operator_sign(&c, content, c.room + CERTATTACH_BOX_MAX));
    assert_int_equal(crig_take(&c), CERTATTACH_REFUSED_SIGNATURE);
    crig_close(&c);
}

static void a_result_is_good_up_to_its_last_second(void **state)
{
    (void)state;
    open_answered(CERTATTACH_EC);
    c.device_time = CRIG_EXPIRY + 1;
    assert_int_equal(crig_take(&c), CERTATTACH_REFUSED_EXPIRED);
    c.device_time = CRIG_EXPIRY;
    assert_int_equal(crig_take(&c), CERTATTACH_REFUSED_NONE);
    crig_close(&c);
}

static void the_longest_profile_is_taken_in_the_room_that_is_said(void **state)
{
    (void)state;
    static const enum certattach_form forms[] = {CERTATTACH_EC, CERTATTACH_RSA};
    for (size_t k = 0; k < 2; k++) {
        uint8_t room[CERTATTACH_PROFILE_MAX];
        crig_open(&c, forms[k], false);
        c.profile.n_apns = CERTATTACH_APNS_MAX;
        for (size_t i = 0; i < CERTATTACH_APNS_MAX; i++) {
            memset(c.profile.apns[i], 'a', CERTATTACH_APN_MAX);
            c.profile.apns[i][50] = '.';
        }
        c.profile.keys = (struct aka_keys){
            .algorithm = AKA_TUAK, .k.n = 32, .opc.n = 32, .res_len = 16, .keccak_iterations = 1};
        assert_ok(crig_protect(&c, CRIG_EXPIRY));
        assert_int_equal(c.result.box.n, 1 + (k == 0 ? 33 : 256) + CERTATTACH_PROFILE_MAX + 32);
        /* one octet less is refused, not written past */
        uint8_t *small = malloc(sizeof room - 1);
        assert_int_equal(certattach_device_take(c.crypto, &c.device_port, &c.id, &c.result,
                                                (struct mbytes){small, sizeof room - 1}, &c.asked,
                                                &c.taken),
                         CERTATTACH_REFUSED_BOX);
        free(small);
        assert_int_equal(crig_take(&c), CERTATTACH_REFUSED_NONE);
        assert_true(crig_same_profile(&c.taken, &c.profile));
        crig_close(&c);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_refusal_is_brought_about_and_named),
        cmocka_unit_test(a_library_that_fails_at_any_call_takes_nothing),
        cmocka_unit_test(no_octet_of_a_result_can_be_changed),
        cmocka_unit_test(no_octet_of_a_box_can_be_changed_even_by_who_signs),
        cmocka_unit_test(a_result_is_taken_once),
        cmocka_unit_test(a_result_of_an_earlier_attach_is_none_for_this_one),
        cmocka_unit_test(a_result_for_another_device_or_network_is_none_for_this_one),
        cmocka_unit_test(a_signature_over_something_else_is_none_over_a_result),
        cmocka_unit_test(a_result_is_good_up_to_its_last_second),
        cmocka_unit_test(the_longest_profile_is_taken_in_the_room_that_is_said),
    };
    return cmocka_run_group_tests_name("proc/certattach device", tests, NULL, NULL);
}
