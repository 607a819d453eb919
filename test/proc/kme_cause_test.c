/* Every cause of proc/kme.h, by name: who brings it about, and that a refusal leaves no trace. */
#include "proc/kme_rig.h"

static struct krig k;
static struct kme_arrived arrived; /* what a row below spoils */

static void spoil_nothing(void) {}

static void spoil_payload(void)
{
    arrived.payload = NULL;
}

static void spoil_phase(void)
{
    k.home.phase = KME_IDLE;
}

static void spoil_policy(void)
{
    k.view.policy = BINDING_OPEN;
}

static void spoil_imsi(void)
{
    arrived.imsi = krig_imsi("001010123456780");
}

static void spoil_imei(void)
{
    arrived.imei = NULL;
}

static void spoil_used(void)
{
    k.home.phase = KME_TAKEN;
}

static void spoil_time(void)
{
    arrived.at += KRIG_LIFETIME + 1;
}

static void spoil_list(void)
{
    k.view.devices[k.view.n_devices++].imei = rig_imei("35693803564399");
}

static void spoil_approval(void)
{
    k.home.due = KME_DUE_REBINDING;
    k.home.request_has_imei = true;
    k.home.request_imei = rig_imei("35693803564399");
}

static void spoil_by_binding(void)
{
    k.view.devices[k.view.n_devices++] =
        (struct binding_device){.imei = k.parties.imei, .has_kme = true};
}

static void spoil_by_another_device(void)
{
    k.view.devices[k.view.n_devices++].imei = k.parties.imei;
    k.view.devices[k.view.n_devices++] =
        (struct binding_device){.imei = rig_imei("35693803564399"), .has_kme = true};
}

static void spoil_lot(void)
{
    arrived.lot = NULL;
}

static void spoil_lot_id(void)
{
    k.lot.id.text[0] ^= 1;
}

static void spoil_length(void)
{
    k.lot.modulus_n += 32;
}

static void spoil_key_none(void)
{
    k.credential = (struct devid_credential){.status = DEVID_NONE};
}

static void spoil_key_unavailable(void)
{
    k.credential = (struct devid_credential){.status = DEVID_UNAVAILABLE,
                                             .cause = DEVID_CAUSE_REPOSITORY_SILENT};
}

/* Whoever says "unavailable" and gives a cause that says otherwise is not believed. */
static void spoil_key_unavailable_none(void)
{
    k.credential = (struct devid_credential){.status = DEVID_UNAVAILABLE};
}

static void spoil_key_revoked(void)
{
    k.rig.record.status = BINDING_REVOKED;
    krig_publish(&k);
    k.credential.status = DEVID_REVOKED;
}

static void spoil_key_early(void)
{
    k.rig.record.not_before = RIG_AT + 1;
    krig_publish(&k);
}

static void spoil_key_late(void)
{
    k.rig.record.not_after = RIG_AT - 1;
    krig_publish(&k);
}

static void spoil_key_use(void)
{
    k.rig.record.use = BINDING_PROVISIONING;
    krig_publish(&k);
}

static void spoil_key_imei(void)
{
    k.rig.record.imei = rig_imei("35693803564399");
    krig_publish(&k);
}

static void spoil_key_record(void)
{
    k.rig.record_signature[0] ^= 1;
}

static void spoil_key_chain(void)
{
    k.rig.chain_says = DEVID_CAUSE_CHAIN_REVOKED;
}

static void spoil_key_kind(void)
{
    k.rig.signature_says = E_UNSUPPORTED;
}

static void spoil_key_octets(void)
{
    k.rig.signature_says = E_BAD_VALUE;
}

static void spoil_signature(void)
{
    arrived.home = krig_plmn("001-02");
}

static void spoil_opening(void)
{
    k.home.nonce[1] ^= 1;
}

static void spoil_consent(void)
{
    spoil_by_binding();
    k.home.due = KME_DUE_RENEWAL;
}

static void spoil_consent_of_none(void)
{
    k.view.devices[k.view.n_devices++].imei = k.parties.imei;
    k.home.due = KME_DUE_RENEWAL;
}

static void spoil_opener(void)
{
    k.opener_says = E_CRYPTO;
}

static void spoil_port(void)
{
    k.rig.signature_says = E_CRYPTO;
}

static enum err no_random(void *ctx, struct mbytes out)
{
    (void)ctx, (void)out;
    return E_CRYPTO;
}

static void spoil_random(void)
{
    k.rig.crypto.random = no_random;
}

static enum err no_sha256(void *ctx, const struct bytes *parts, size_t n, uint8_t out[static 32])
{
    (void)ctx, (void)parts, (void)n, (void)out;
    return E_CRYPTO;
}

static void spoil_sha256(void)
{
    k.rig.crypto.sha256 = no_sha256;
}

static struct crypto inner;

/* Only the hash that is NW_SIG fails. */
static enum err no_nw_sig(void *ctx, const struct bytes *parts, size_t n, uint8_t out[static 32])
{
    return n == 2 && parts[0].n == KME_LEN ? E_CRYPTO : inner.sha256(ctx, parts, n, out);
}

static void spoil_nw_sig(void)
{
    inner = k.rig.crypto;
    k.rig.crypto.sha256 = no_nw_sig;
}

static enum err no_hmac(void *ctx, struct bytes key, const struct bytes *parts, size_t n,
                        uint8_t out[static 32])
{
    (void)ctx, (void)key, (void)parts, (void)n, (void)out;
    return E_CRYPTO;
}

static void spoil_hmac(void)
{
    spoil_consent();
    k.rig.crypto.hmac_sha256 = no_hmac;
}

static const struct {
    enum kme_cause cause;
    enum devid_cause key;
    void (*spoil)(void);
} table[] = {
    {KME_CAUSE_NONE, DEVID_CAUSE_NONE, spoil_nothing},
    {KME_CAUSE_UNREADABLE, DEVID_CAUSE_NONE, spoil_payload},
    {KME_CAUSE_NOT_ASKED, DEVID_CAUSE_NONE, spoil_phase},
    {KME_CAUSE_NOT_ASKED, DEVID_CAUSE_NONE, spoil_policy},
    {KME_CAUSE_OTHER_IMSI, DEVID_CAUSE_NONE, spoil_imsi},
    {KME_CAUSE_OTHER_IMEI, DEVID_CAUSE_NONE, spoil_imei},
    {KME_CAUSE_NONCE_USED, DEVID_CAUSE_NONE, spoil_used},
    {KME_CAUSE_NONCE_EXPIRED, DEVID_CAUSE_NONE, spoil_time},
    {KME_CAUSE_NOT_AUTHORISED, DEVID_CAUSE_NONE, spoil_list},
    {KME_CAUSE_NOT_AUTHORISED, DEVID_CAUSE_NONE, spoil_approval},
    {KME_CAUSE_BOUND, DEVID_CAUSE_NONE, spoil_by_binding},
    {KME_CAUSE_AMBIGUOUS, DEVID_CAUSE_NONE, spoil_by_another_device},
    {KME_CAUSE_NO_LOT, DEVID_CAUSE_NONE, spoil_lot},
    {KME_CAUSE_OTHER_LOT, DEVID_CAUSE_NONE, spoil_lot_id},
    {KME_CAUSE_LENGTH, DEVID_CAUSE_NONE, spoil_length},
    {KME_CAUSE_KEY, DEVID_CAUSE_NO_BINDING, spoil_key_none},
    {KME_CAUSE_KEY, DEVID_CAUSE_REPOSITORY_SILENT, spoil_key_unavailable},
    {KME_CAUSE_KEY, DEVID_CAUSE_INQUIRY_UNANSWERED, spoil_key_unavailable_none},
    {KME_CAUSE_KEY, DEVID_CAUSE_REVOKED, spoil_key_revoked},
    {KME_CAUSE_KEY, DEVID_CAUSE_BINDING_EARLY, spoil_key_early},
    {KME_CAUSE_KEY, DEVID_CAUSE_BINDING_LATE, spoil_key_late},
    {KME_CAUSE_KEY, DEVID_CAUSE_RECORD, spoil_key_use},
    {KME_CAUSE_KEY, DEVID_CAUSE_RECORD, spoil_key_imei},
    {KME_CAUSE_KEY, DEVID_CAUSE_RECORD_SIGNATURE, spoil_key_record},
    {KME_CAUSE_KEY, DEVID_CAUSE_CHAIN_REVOKED, spoil_key_chain},
    {KME_CAUSE_KEY, DEVID_CAUSE_ALGORITHM, spoil_key_kind},
    {KME_CAUSE_KEY, DEVID_CAUSE_RECORD, spoil_key_octets},
    {KME_CAUSE_OPENING, DEVID_CAUSE_NONE, spoil_opening},
    {KME_CAUSE_SIGNATURE, DEVID_CAUSE_NONE, spoil_signature},
    {KME_CAUSE_NO_CONSENT, DEVID_CAUSE_NONE, spoil_consent},
    {KME_CAUSE_NO_CONSENT, DEVID_CAUSE_NONE, spoil_consent_of_none},
    {KME_CAUSE_CRYPTO, DEVID_CAUSE_NONE, spoil_opener},
    {KME_CAUSE_CRYPTO, DEVID_CAUSE_NONE, spoil_port},
    {KME_CAUSE_CRYPTO, DEVID_CAUSE_NONE, spoil_random},
    {KME_CAUSE_CRYPTO, DEVID_CAUSE_NONE, spoil_sha256},
    {KME_CAUSE_CRYPTO, DEVID_CAUSE_NONE, spoil_nw_sig},
    {KME_CAUSE_CRYPTO, DEVID_CAUSE_NONE, spoil_hmac},
};

/*= test kme-8 */
static void every_cause_is_brought_about_and_named(void **state)
{
    (void)state;
    bool seen[KME_CAUSES] = {[KME_CAUSE_REPLAYED] = true}; /* above */
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        krig_open(&k, BINDING_CERTIFICATE);
        (void)krig_offer(&k);
        const struct kme_payload p = krig_payload(&k);
        arrived = krig_arrived(&k, &p);
        table[i].spoil();
        const struct kme_verdict v = krig_refused(&k, &arrived);
        assert_string_equal(kme_cause_name(v.cause), kme_cause_name(table[i].cause));
        assert_string_equal(devid_cause_name(v.key), devid_cause_name(table[i].key));
        seen[table[i].cause] = true;
        krig_close(&k);
    }
    for (size_t c = 0; c < KME_CAUSES; c++) {
        assert_true(seen[c]);
    }
}

/* Where every MME says which device it serves, two of them may have keys of their own. */
/*= test kme-list */
static void a_second_device_of_a_subscription_is_bound_where_mmes_say_which_one_asks(void **state)
{
    (void)state;
    struct kme_taken taken;
    krig_open(&k, BINDING_PUBLIC_KEY);
    spoil_by_another_device();
    k.served_known = true;
    assert_int_equal(kme_home_due(&k.view, &k.home, &k.parties.imei), KME_DUE_FIRST);
    assert_ok(kme_home_offer(&k.rig.crypto, KME_DUE_FIRST, k.at, KRIG_LIFETIME, &k.home));
    const struct kme_payload p = krig_payload(&k);
    assert_int_equal(krig_take(&k, &p, &taken), KME_CAUSE_NONE);
    assert_int_equal(k.view.n_devices, 2);
    assert_memory_equal(k.view.devices[0].kme.b, k.me.pending.kme.b, KME_LEN);
    krig_close(&k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_cause_is_brought_about_and_named),
        cmocka_unit_test(a_second_device_of_a_subscription_is_bound_where_mmes_say_which_one_asks),
    };
    return cmocka_run_group_tests_name("proc/kme causes", tests, NULL, NULL);
}
