/* Every cause of proc/devid.h, by name: who brings it about, what it makes of the attach, and that
 * nothing else is said. */
#include "proc/devid_scene.h"

static void spoil_nothing(struct scene *s)
{
    (void)s;
}

static void spoil_no_binding(struct scene *s)
{
    s->credential = (struct devid_credential){.status = DEVID_NONE};
}

static void spoil_no_proof(struct scene *s)
{
    s->asked.proof = NULL;
}

static void spoil_ciphering(struct scene *s)
{
    s->asked.challenge = NULL;
    s->asked.proof = NULL;
}

static void spoil_reading(struct scene *s)
{
    s->asked.proof = NULL;
    s->asked.unreadable = true;
}

static void spoil_imei(struct scene *s)
{
    s->proof.imei = rig_imei("35693803564381");
}

static void spoil_algorithm(struct scene *s)
{
    s->challenge.n_algorithms = 1;
    s->challenge.algorithms[0] = DEVID_ED25519;
}

/* It was accepted, but the bound key is of another kind. */
static void spoil_algorithm_of_key(struct scene *s)
{
    s->proof.algorithm = DEVID_ED25519;
}

static void spoil_signature(struct scene *s)
{
    s->proof.signature[5] ^= 0x10;
}

static void spoil_binding(struct scene *s)
{
    s->rig.record.status = BINDING_REVOKED;
    rig_publish(&s->rig);
    s->credential.status = DEVID_REVOKED;
}

/* Whatever came around it: a record that a repository signed as revoked is no binding. */
static void spoil_binding_inside(struct scene *s)
{
    s->rig.record.status = BINDING_REVOKED;
    rig_publish(&s->rig);
}

static void spoil_early(struct scene *s)
{
    s->asked.at = RIG_AT - RIG_RECORD - 1;
}

static void spoil_late(struct scene *s)
{
    s->asked.at = RIG_AT + RIG_RECORD + 1;
}

static void spoil_chain_early(struct scene *s)
{
    s->asked.at = RIG_AT - RIG_CHAIN - 1;
}

static void spoil_chain_late(struct scene *s)
{
    s->asked.at = RIG_AT + RIG_CHAIN + 1;
}

/* A CA that nobody here knows signs a certificate of the device's own key. */
static void spoil_ca(struct scene *s)
{
    EVP_PKEY *other = rig_key(DEVID_ECDSA_P256);
    X509 *x = rig_x509(rig_bytes(&s->rig.leaf));
    uint8_t *p = s->rig.leaf.p;
    X509_NAME *name = X509_NAME_new();
    rig_name(name, "nobody");
    X509_set_issuer_name(x, name);
    assert_true(X509_sign(x, other, EVP_sha256()) > 0);
    s->rig.leaf.n = (size_t)i2d_X509(x, &p);
    X509_NAME_free(name);
    X509_free(x);
    EVP_PKEY_free(other);
    rig_digest(&s->rig, rig_bytes(&s->rig.leaf), s->rig.record.digest);
    rig_publish(&s->rig);
    s->credential = rig_credential(&s->rig);
}

/* These are for whoever fills the port to find (nf/common/devid_port.h); the port says so here. */
static void spoil_revoked_chain(struct scene *s)
{
    s->rig.chain_says = DEVID_CAUSE_CHAIN_REVOKED;
}

static void spoil_usage(struct scene *s)
{
    s->rig.chain_says = DEVID_CAUSE_CHAIN_USAGE;
}

static void spoil_cas(struct scene *s)
{
    s->rig.chain_says = DEVID_CAUSE_NO_CA;
}

static void spoil_crl(struct scene *s)
{
    s->rig.chain_says = DEVID_CAUSE_NO_CRL;
}

/* The maker's name, but not his signature. */
static void spoil_certificate(struct scene *s)
{
    s->rig.leaf.p[s->rig.leaf.n - 1] ^= 1;
    rig_digest(&s->rig, rig_bytes(&s->rig.leaf), s->rig.record.digest);
    rig_publish(&s->rig);
}

static void spoil_record(struct scene *s)
{
    s->rig.record.digest[0] ^= 1;
    rig_publish(&s->rig);
}

/* The repository published, and signed, octets that are no key. */
static void spoil_key(struct scene *s)
{
    memset(s->rig.spki.p, 0x30, s->rig.spki.n);
    rig_digest(&s->rig, rig_bytes(&s->rig.spki), s->rig.record.digest);
    rig_publish(&s->rig);
}

static void spoil_record_signature(struct scene *s)
{
    s->rig.record_signature[0] ^= 1;
}

static void spoil_signer(struct scene *s)
{
    s->credential.signer = BYTES_OF(s->rig.record.digest); /* the name of no key */
}

static void spoil_inquiry(struct scene *s)
{
    s->credential = (struct devid_credential){.status = DEVID_UNAVAILABLE,
                                              .cause = DEVID_CAUSE_INQUIRY_UNANSWERED};
}

static void spoil_record_port(struct scene *s)
{
    s->rig.record_says = E_CRYPTO;
}

static void spoil_signature_port(struct scene *s)
{
    s->rig.signature_says = E_CRYPTO;
}

static enum err no_hmac(void *ctx, struct bytes key, const struct bytes *parts, size_t n_parts,
                        uint8_t out[static 32])
{
    (void)ctx, (void)key, (void)parts, (void)n_parts, (void)out;
    return E_CRYPTO;
}

static void spoil_hmac(struct scene *s)
{
    s->rig.crypto.hmac_sha256 = no_hmac;
}

static enum err no_sha256(void *ctx, const struct bytes *parts, size_t n_parts,
                          uint8_t out[static 32])
{
    (void)ctx, (void)parts, (void)n_parts, (void)out;
    return E_CRYPTO;
}

static void spoil_sha256(struct scene *s)
{
    s->rig.crypto.sha256 = no_sha256;
}

/* CERTIFICATE or PUBLIC_KEY where a cause belongs to one of the variants, else both. */
enum { BOTH = BINDING_CERTIFICATE | BINDING_PUBLIC_KEY };
static const struct {
    enum devid_cause cause;
    void (*spoil)(struct scene *s);
    uint8_t forms;
} table[] = {
    {DEVID_CAUSE_NONE, spoil_nothing, BOTH},
    {DEVID_CAUSE_NO_BINDING, spoil_no_binding, BOTH},
    {DEVID_CAUSE_NO_PROOF, spoil_no_proof, BOTH},
    {DEVID_CAUSE_NOT_CIPHERED, spoil_ciphering, BOTH},
    {DEVID_CAUSE_BAD_PROOF, spoil_reading, BOTH},
    {DEVID_CAUSE_OTHER_IMEI, spoil_imei, BOTH},
    {DEVID_CAUSE_ALGORITHM, spoil_algorithm, BOTH},
    {DEVID_CAUSE_ALGORITHM, spoil_algorithm_of_key, BOTH},
    {DEVID_CAUSE_SIGNATURE, spoil_signature, BOTH},
    {DEVID_CAUSE_REVOKED, spoil_binding, BOTH},
    {DEVID_CAUSE_REVOKED, spoil_binding_inside, BOTH},
    {DEVID_CAUSE_BINDING_EARLY, spoil_early, BOTH},
    {DEVID_CAUSE_BINDING_LATE, spoil_late, BOTH},
    {DEVID_CAUSE_CHAIN_EARLY, spoil_chain_early, BINDING_CERTIFICATE},
    {DEVID_CAUSE_CHAIN_LATE, spoil_chain_late, BINDING_CERTIFICATE},
    {DEVID_CAUSE_CHAIN_UNTRUSTED, spoil_ca, BINDING_CERTIFICATE},
    {DEVID_CAUSE_CHAIN_REVOKED, spoil_revoked_chain, BINDING_CERTIFICATE},
    {DEVID_CAUSE_CHAIN_USAGE, spoil_usage, BINDING_CERTIFICATE},
    {DEVID_CAUSE_CHAIN_BAD, spoil_certificate, BINDING_CERTIFICATE},
    {DEVID_CAUSE_NO_CA, spoil_cas, BINDING_CERTIFICATE},
    {DEVID_CAUSE_NO_CRL, spoil_crl, BINDING_CERTIFICATE},
    {DEVID_CAUSE_RECORD, spoil_record, BOTH},
    {DEVID_CAUSE_RECORD, spoil_key, BINDING_PUBLIC_KEY},
    {DEVID_CAUSE_RECORD_SIGNATURE, spoil_record_signature, BOTH},
    {DEVID_CAUSE_RECORD_SIGNATURE, spoil_signer, BOTH},
    {DEVID_CAUSE_INQUIRY_UNANSWERED, spoil_inquiry, BOTH},
    {DEVID_CAUSE_CRYPTO, spoil_record_port, BOTH},
    {DEVID_CAUSE_CRYPTO, spoil_signature_port, BOTH},
    {DEVID_CAUSE_CRYPTO, spoil_hmac, BOTH},
    {DEVID_CAUSE_CRYPTO, spoil_sha256, BOTH},
};
/* The HSS finds these when it asks a repository (step 7); step 9 is told them. */
static const enum devid_cause elsewhere[] = {
    DEVID_CAUSE_REPOSITORY_SILENT, DEVID_CAUSE_REPOSITORY_REFUSED, DEVID_CAUSE_REPOSITORY_BAD,
    DEVID_CAUSE_REPOSITORY_BUSY, DEVID_CAUSE_INQUIRY_LIMITED};

static void try_one(size_t i, uint8_t form)
{
    static struct scene s;
    scene_open(&s, DEVID_ECDSA_P256, form);
    table[i].spoil(&s);
    assert_string_equal(devid_cause_name(scene_check(&s)), devid_cause_name(table[i].cause));
    rig_close(&s.rig);
}

/*= test devid-results */
static void every_cause_is_brought_about_and_named(void **state)
{
    (void)state;
    bool seen[DEVID_CAUSES] = {false};
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        for (uint8_t form = BINDING_CERTIFICATE; form <= BINDING_PUBLIC_KEY; form++) {
            if ((table[i].forms & form) != 0) {
                try_one(i, form);
            }
        }
        seen[table[i].cause] = true;
    }
    for (size_t i = 0; i < sizeof elsewhere / sizeof elsewhere[0]; i++) {
        assert_false(seen[elsewhere[i]]);
        seen[elsewhere[i]] = true;
    }
    for (size_t c = 0; c < DEVID_CAUSES; c++) {
        assert_true(seen[c]);
    }
}

static void who_is_not_proven_is_failed_only_by_a_fault_of_his_own(void **state)
{
    (void)state;
    static struct scene s;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        scene_open(&s, DEVID_ECDSA_P256, BINDING_CERTIFICATE);
        if ((table[i].forms & BINDING_CERTIFICATE) != 0) {
            table[i].spoil(&s);
            (void)scene_check(&s);
            /* a failure, and a proof, rest on a record that was believed */
            bool rests = s.outcome.result == DEVID_FAILED || s.outcome.result == DEVID_PROVEN;
            assert_true(!rests || s.outcome.form == BINDING_CERTIFICATE);
            assert_true(s.outcome.result != DEVID_UNPROVEN || s.outcome.form == 0);
        }
        rig_close(&s.rig);
    }
}

/* A list that has run out is nobody's fault, but a key that is another one is. */
static void what_could_not_be_found_out_of_a_chain_excuses_no_wrong_signature(void **state)
{
    (void)state;
    static struct scene s;
    static const enum devid_cause open[] = {DEVID_CAUSE_NO_CA, DEVID_CAUSE_NO_CRL,
                                            DEVID_CAUSE_CRYPTO};
    for (size_t i = 0; i < sizeof open / sizeof open[0]; i++) {
        scene_open(&s, DEVID_ECDSA_P256, BINDING_CERTIFICATE);
        s.rig.chain_says = open[i];
        assert_int_equal(scene_check(&s), open[i]);
        spoil_signature_port(&s); /* which says nothing of the device either */
        assert_int_equal(scene_check(&s), open[i]);
        rig_close(&s.rig);
        scene_open(&s, DEVID_ECDSA_P256, BINDING_CERTIFICATE);
        s.rig.chain_says = open[i];
        spoil_signature(&s);
        assert_int_equal(scene_check(&s), DEVID_CAUSE_SIGNATURE);
        spoil_algorithm_of_key(&s);
        assert_int_equal(scene_check(&s), DEVID_CAUSE_ALGORITHM);
        rig_close(&s.rig);
    }
}

/* ---- names ---- */

static void every_name_leads_back_to_its_cause(void **state)
{
    (void)state;
    enum devid_cause c = DEVID_CAUSE_CRYPTO;
    for (int i = 0; i < DEVID_CAUSES; i++) {
        const char *name = devid_cause_name((enum devid_cause)i);
        assert_ok(devid_cause_parse(bytes_of_str(name), &c));
        assert_int_equal(c, i);
        assert_true(strlen(name) <= 48); /* as long as Proof-Cause may be */
        assert_true(strlen(devid_cause_sentence(c)) > 0);
        assert_true(name[strspn(name, "abcdefghijklmnopqrstuvwxyz-")] == '\0');
    }
    assert_err(devid_cause_parse(BYTES_LIT("unknown"), &c), E_BAD_VALUE);
    assert_err(devid_cause_parse(BYTES_LIT(""), &c), E_BAD_VALUE);
    assert_err(devid_cause_parse(BYTES_LIT("no-proo"), &c), E_BAD_VALUE);
    assert_int_equal(c, DEVID_CAUSES - 1);
    assert_string_equal(devid_cause_name(DEVID_CAUSES), "unknown");
    assert_string_equal(devid_cause_sentence((enum devid_cause)1000), "unknown");
    assert_int_equal(devid_cause_result(DEVID_CAUSES), DEVID_UNDETERMINED);
}

static void every_algorithm_has_its_name_and_no_other_number_has_one(void **state)
{
    (void)state;
    unsigned known = 0;
    for (unsigned v = 0; v < 256; v++) {
        uint8_t back = 0;
        const char *name = devid_algorithm_name((uint8_t)v);
        if (strcmp(name, "unknown") != 0) {
            assert_ok(devid_algorithm_parse(bytes_of_str(name), &back));
            assert_int_equal(back, v);
            known++;
        }
    }
    uint8_t untouched = 99;
    assert_int_equal(known, sizeof all_algorithms);
    assert_err(devid_algorithm_parse(BYTES_LIT("unknown"), &untouched), E_BAD_VALUE);
    assert_err(devid_algorithm_parse(BYTES_LIT("ed2551"), &untouched), E_BAD_VALUE);
    assert_err(devid_algorithm_parse(BYTES_LIT("ed255199"), &untouched), E_BAD_VALUE);
    assert_int_equal(untouched, 99);
}

static void results_and_sources_have_names(void **state)
{
    (void)state;
    static const char *const results[] = {"not-asked", "proven",       "unproven",
                                          "failed",    "undetermined", "unknown"};
    static const char *const sources[] = {"unknown", "repository", "cache", "stale-cache",
                                          "unknown"};
    for (int i = 0; i < 6; i++) {
        assert_string_equal(devid_result_name((enum devid_result)i), results[i]);
    }
    for (int i = 0; i < 5; i++) {
        assert_string_equal(devid_source_name((enum devid_source)i), sources[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_cause_is_brought_about_and_named),
        cmocka_unit_test(who_is_not_proven_is_failed_only_by_a_fault_of_his_own),
        cmocka_unit_test(what_could_not_be_found_out_of_a_chain_excuses_no_wrong_signature),
        cmocka_unit_test(every_name_leads_back_to_its_cause),
        cmocka_unit_test(every_algorithm_has_its_name_and_no_other_number_has_one),
        cmocka_unit_test(results_and_sources_have_names),
    };
    return cmocka_run_group_tests_name("proc/devid causes", tests, NULL, NULL);
}
