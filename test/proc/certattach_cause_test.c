/* Every cause that certattach_ausf_verify finds, by name: who brings it about, and that nothing
 * else is said; then every decision, and what is drawn. */
#include "proc/certattach_rig.h"

static struct crig c;
static struct failing failing;

/* ---- step 2: what makes the operator say no ---- */

static void spoil_nothing(void) {}

static void spoil_record_length(void)
{
    c.context.record.n--;
}

static void spoil_signature_length(void)
{
    c.context.signature.n--;
}

static void spoil_signer_length(void)
{
    c.context.signer.n--;
}

/* The site answers with another device's record, rightly signed. */
static void spoil_id(void)
{
    assert_ok(device_id_parse(BYTES_LIT("device-2"), &c.record.id));
    crig_publish(&c);
}

static void spoil_signature(void)
{
    c.record_signature[9] ^= 1;
}

static void spoil_content(void)
{
    c.record_octets[c.record_n - 1] ^= 1; /* issued a little earlier or later */
}

static void spoil_signer(void)
{
    static const uint8_t nobody[32];
    c.context.signer = BYTES_OF(nobody);
}

static void spoil_record_port(void)
{
    c.rig.record_says = E_CRYPTO;
}

/* Revoked: no certificate comes with it. */
static void spoil_status(void)
{
    c.record.status = BINDING_REVOKED;
    c.context.n_chain = 0;
    crig_publish(&c);
}

static void spoil_status_alone(void)
{
    c.record.status = BINDING_REVOKED;
    crig_publish(&c);
}

/* A cloned URL, in equipment with its own IMEI. */
static void spoil_imei(void)
{
    c.arrived.imei = rig_imei("35693803564381");
}

static void spoil_chain_away(void)
{
    c.context.n_chain = 0;
}

static void spoil_chain_count(void)
{
    c.context.n_chain = DEVID_CHAIN_MAX + 1;
}

/* A good certificate, but not the one that the record names. */
static void spoil_leaf(void)
{
    c.context.chain[0] = rig_bytes(&c.rig.leaf);
}

static void spoil_digest(void)
{
    c.record.digest[31] ^= 1;
    crig_publish(&c);
}

static void spoil_sha256(void)
{
    failing_open(&failing, c.crypto, 1);
    c.crypto = &failing.table;
}

/* ---- the identity key ---- */

static void spoil_identity_revoked(void)
{
    c.rig.record.status = BINDING_REVOKED;
    rig_publish(&c.rig);
    c.context.identity.status = DEVID_REVOKED;
}

static void spoil_identity_inside(void)
{
    c.rig.record.status = BINDING_REVOKED;
    rig_publish(&c.rig);
}

static void spoil_identity_none(void)
{
    c.context.identity.status = DEVID_NONE;
}

static void spoil_identity_record(void)
{
    c.context.identity.record.n--;
}

static void spoil_identity_early(void)
{
    c.rig.record.not_before = RIG_AT + 1;
    rig_publish(&c.rig);
}

static void spoil_identity_late(void)
{
    c.rig.record.not_after = RIG_AT - 1;
    rig_publish(&c.rig);
}

static void spoil_identity_signature(void)
{
    c.rig.record_signature[0] ^= 1;
}

static void spoil_identity_imei(void)
{
    c.rig.record.imei = rig_imei("35693803564381");
    rig_publish(&c.rig);
}

static enum certattach_cause good_chain(void *ctx, const struct bytes *chain, size_t n, int64_t at)
{
    (void)ctx, (void)chain, (void)n, (void)at;
    return CERTATTACH_NONE;
}

/* Bound by a certificate that leads to nobody's root. */
static void spoil_identity_chain(void)
{
    c.rig.record.form = BINDING_CERTIFICATE;
    rig_digest(&c.rig, rig_bytes(&c.rig.leaf), c.rig.record.digest);
    rig_publish(&c.rig);
    c.context.identity = rig_credential(&c.rig);
    c.rig.chain_says = DEVID_CAUSE_CHAIN_UNTRUSTED;
    c.authority.chain = good_chain; /* that of the other key */
}

static void spoil_identity_port(void)
{
    spoil_identity_chain();
    c.rig.chain_says = DEVID_CAUSE_CRYPTO;
}

static void spoil_identity_key(void)
{
    c.rig.signature_says = E_BAD_VALUE;
}

static void spoil_signature_port(void)
{
    c.rig.signature_says = E_CRYPTO;
}

/* ---- the proof ---- */

static void spoil_proof_away(void)
{
    c.request.proof = (struct bytes){NULL, 0};
}

static void spoil_proof(void)
{
    c.proof[9] ^= 1;
}

static void spoil_algorithm(void)
{
    c.proof[0] = DEVID_ED25519;
}

static void spoil_no_algorithm(void)
{
    c.proof[0] = 0;
}

static void spoil_nonce(void)
{
    c.request.nonce[0] ^= 1;
}

/* Signed for a network, shown to another. */
static void spoil_plmn(void)
{
    c.arrived.plmn = crig_plmn("001-02");
}

/* The same to a site, but not what was signed. */
static void spoil_url(void)
{
    c.request.url = BYTES_LIT("https://ca.example.org/DeviceID=device-1");
}

/* ---- the chain, which the port judges ---- */

#define CHAIN_SAYS(NAME)                                                                           \
    static void spoil_##NAME(void)                                                                 \
    {                                                                                              \
        c.chain_says = CERTATTACH_##NAME;                                                          \
    }
CHAIN_SAYS(CHAIN_EARLY)
CHAIN_SAYS(CHAIN_LATE)
CHAIN_SAYS(CHAIN_REVOKED)
CHAIN_SAYS(CHAIN_PURPOSE)
CHAIN_SAYS(CHAIN_BAD)
CHAIN_SAYS(NO_CRL)
CHAIN_SAYS(KEY)

/* A counterfeit: its maker signs with a CA of his own. */
static void spoil_ca(void)
{
    EVP_PKEY *other = EVP_EC_gen("P-256");
    rig_certify(c.encryption, other, false, &c.certificate);
    rig_digest(&c.rig, rig_bytes(&c.certificate), c.record.digest);
    crig_publish(&c);
    c.context.chain[0] = rig_bytes(&c.certificate);
    EVP_PKEY_free(other);
}

static const struct {
    enum certattach_cause cause;
    void (*spoil)(void);
} table[] = {
    {CERTATTACH_NONE, spoil_nothing},
    {CERTATTACH_RECORD, spoil_record_length},
    {CERTATTACH_RECORD, spoil_signature_length},
    {CERTATTACH_RECORD, spoil_signer_length},
    {CERTATTACH_RECORD, spoil_id},
    {CERTATTACH_RECORD, spoil_chain_away},
    {CERTATTACH_RECORD, spoil_chain_count},
    {CERTATTACH_RECORD, spoil_leaf},
    {CERTATTACH_RECORD, spoil_digest},
    {CERTATTACH_RECORD_SIGNATURE, spoil_signature},
    {CERTATTACH_RECORD_SIGNATURE, spoil_content},
    {CERTATTACH_RECORD_SIGNATURE, spoil_signer},
    {CERTATTACH_DEVICE_REVOKED, spoil_status},
    {CERTATTACH_DEVICE_REVOKED, spoil_status_alone},
    {CERTATTACH_OTHER_IMEI, spoil_imei},
    {CERTATTACH_CHAIN_EARLY, spoil_CHAIN_EARLY},
    {CERTATTACH_CHAIN_LATE, spoil_CHAIN_LATE},
    {CERTATTACH_CHAIN_UNTRUSTED, spoil_ca},
    {CERTATTACH_CHAIN_REVOKED, spoil_CHAIN_REVOKED},
    {CERTATTACH_CHAIN_PURPOSE, spoil_CHAIN_PURPOSE},
    {CERTATTACH_CHAIN_BAD, spoil_CHAIN_BAD},
    {CERTATTACH_NO_CRL, spoil_NO_CRL},
    {CERTATTACH_KEY, spoil_KEY},
    {CERTATTACH_IDENTITY, spoil_identity_revoked},
    {CERTATTACH_IDENTITY, spoil_identity_inside},
    {CERTATTACH_IDENTITY, spoil_identity_none},
    {CERTATTACH_IDENTITY, spoil_identity_record},
    {CERTATTACH_IDENTITY, spoil_identity_early},
    {CERTATTACH_IDENTITY, spoil_identity_late},
    {CERTATTACH_IDENTITY, spoil_identity_signature},
    {CERTATTACH_IDENTITY, spoil_identity_imei},
    {CERTATTACH_IDENTITY, spoil_identity_chain},
    {CERTATTACH_IDENTITY, spoil_identity_key},
    {CERTATTACH_PROOF_MISSING, spoil_proof_away},
    {CERTATTACH_PROOF_WRONG, spoil_proof},
    {CERTATTACH_PROOF_WRONG, spoil_algorithm},
    {CERTATTACH_PROOF_WRONG, spoil_no_algorithm},
    {CERTATTACH_PROOF_WRONG, spoil_nonce},
    {CERTATTACH_PROOF_WRONG, spoil_plmn},
    {CERTATTACH_PROOF_WRONG, spoil_url},
    {CERTATTACH_CRYPTO, spoil_record_port},
    {CERTATTACH_CRYPTO, spoil_sha256},
    {CERTATTACH_CRYPTO, spoil_identity_port},
    {CERTATTACH_CRYPTO, spoil_signature_port},
};
/* The AUSF finds these around it (nf/hssd), and certattach_ausf_decide the ones below. */
static const enum certattach_cause elsewhere[] = {
    CERTATTACH_UNREADABLE,  CERTATTACH_NOT_OFFERED,    CERTATTACH_URL,
    CERTATTACH_AUTHORITY,   CERTATTACH_OUTSIDE,        CERTATTACH_EQUIPMENT,
    CERTATTACH_SITE_BUSY,   CERTATTACH_SITE_SILENT,    CERTATTACH_SITE_REFUSED,
    CERTATTACH_SITE_BAD,    CERTATTACH_DEVICE_UNKNOWN, CERTATTACH_OFTEN,
    CERTATTACH_IMEI_IN_USE, CERTATTACH_QUOTA_WAITING,  CERTATTACH_QUOTA_PENDING,
    CERTATTACH_QUOTA_RATE,  CERTATTACH_POOL_EMPTY};
static const enum certattach_cause decided[] = {CERTATTACH_WAITING, CERTATTACH_DENIED,
                                                CERTATTACH_ACTIVE, CERTATTACH_OTHER_KEY,
                                                CERTATTACH_STORE};

static void try_one(size_t i)
{
    struct device_record record, untouched;
    crig_open(&c, CERTATTACH_EC, true);
    table[i].spoil();
    memset(&record, 0x5c, sizeof record);
    untouched = record;
    assert_string_equal(certattach_cause_name(crig_judge(&c, &record)),
                        certattach_cause_name(table[i].cause));
    assert_true(table[i].cause == CERTATTACH_NONE ||
                memcmp(&record, &untouched, sizeof record) == 0);
    crig_close(&c);
}

/*= test certattach-2b certattach-2c certattach-revoked certattach-context certattach-proof */
static void every_cause_is_brought_about_and_named(void **state)
{
    (void)state;
    bool seen[CERTATTACH_CAUSES] = {false};
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        try_one(i);
        seen[table[i].cause] = true;
    }
    for (size_t i = 0; i < sizeof elsewhere / sizeof elsewhere[0]; i++) {
        assert_false(seen[elsewhere[i]]);
        seen[elsewhere[i]] = true;
    }
    for (size_t i = 0; i < sizeof decided / sizeof decided[0]; i++) {
        assert_false(seen[decided[i]]);
        seen[decided[i]] = true;
    }
    for (size_t i = 0; i < CERTATTACH_CAUSES; i++) {
        assert_true(seen[i]);
    }
}

static void a_proof_that_nobody_can_check_is_not_asked_for(void **state)
{
    (void)state;
    struct device_record record;
    crig_open(&c, CERTATTACH_EC, true);
    c.context.has_identity = false;
    c.proof[9] ^= 1;
    assert_int_equal(crig_judge(&c, &record), CERTATTACH_NONE);
    c.request.proof = (struct bytes){NULL, 0};
    assert_int_equal(crig_judge(&c, &record), CERTATTACH_NONE);
    crig_close(&c);
}

static void the_identity_key_may_be_bound_by_certificate_too(void **state)
{
    (void)state;
    struct device_record record;
    crig_open(&c, CERTATTACH_EC, true);
    c.rig.record.form = BINDING_CERTIFICATE;
    rig_digest(&c.rig, rig_bytes(&c.rig.leaf), c.rig.record.digest);
    rig_publish(&c.rig);
    c.context.identity = rig_credential(&c.rig);
    assert_int_equal(crig_judge(&c, &record), CERTATTACH_NONE);
    c.proof[9] ^= 1;
    assert_int_equal(crig_judge(&c, &record), CERTATTACH_PROOF_WRONG);
    crig_close(&c);
}

/* A word of a record counts when the record is believed, and costs nothing before. */
static void nothing_counts_that_the_authority_has_not_signed(void **state)
{
    (void)state;
    struct device_record record;
    crig_open(&c, CERTATTACH_EC, true);
    spoil_status();
    c.record_signature[0] ^= 1;
    assert_int_equal(crig_judge(&c, &record), CERTATTACH_RECORD_SIGNATURE);
    crig_close(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_cause_is_brought_about_and_named),
        cmocka_unit_test(a_proof_that_nobody_can_check_is_not_asked_for),
        cmocka_unit_test(the_identity_key_may_be_bound_by_certificate_too),
        cmocka_unit_test(nothing_counts_that_the_authority_has_not_signed),
    };
    return cmocka_run_group_tests_name("proc/certattach causes", tests, NULL, NULL);
}
