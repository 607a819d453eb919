/* nf/common/dimsi_port.h: which secure elements, service providers and ARPFs are believed, each
 * fault of a chain under its cause; and certificates that keys are agreed with. */
#include "nf/devid_pki.h"

#include "nf/common/dimsi_port.h"

#define DEVICE  VERIFY_OID_ROLES ".5"
#define SP      VERIFY_OID_ROLES ".3"
#define ARPF    VERIFY_OID_ROLES ".8"
#define AUSF    VERIFY_OID_ROLES ".4"
#define REALM   "epc.mnc001.mcc001.3gppnetwork.org"
#define CONTENT BYTES_LIT("what is signed")

static struct pki files;
static struct cert ci, part, other_ci, other_part, sp_ca, se, sp, arpf;
static char ci_path[64], sp_path[64], crl_path[64];
static int64_t now;

static int setup(void **state)
{
    (void)state;
    now = (int64_t)time(NULL);
    pki_open(&files);
    cert_make(&ci, &(struct cert_wish){.cn = "CI", .ca = true});
    cert_make(&part, &(struct cert_wish){.cn = "part 4711", .ca = true, .by = &ci});
    cert_make(&other_ci, &(struct cert_wish){.cn = "CI", .ca = true});
    cert_make(&other_part, &(struct cert_wish){.cn = "part 4711", .ca = true, .by = &other_ci});
    cert_make(&sp_ca, &(struct cert_wish){.cn = "SPs", .ca = true});
    cert_make(&se, &(struct cert_wish){.cn = "SE", .by = &part, .role = "clientAuth," DEVICE});
    cert_make(&sp, &(struct cert_wish){
                       .cn = "SP", .by = &sp_ca, .role = SP, .names = "DNS:SP.example.org"});
    cert_make(&arpf, &(struct cert_wish){
                         .cn = "ARPF", .by = &ci, .role = ARPF, .names = "DNS:arpf.example.org"});
    snprintf(ci_path, sizeof ci_path, "%s", cert_save(&files, "ci", &ci));
    snprintf(sp_path, sizeof sp_path, "%s", cert_save(&files, "sp", &sp_ca));
    snprintf(crl_path, sizeof crl_path, "%s", pki_path(&files, "ci", ".crl"));
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    struct cert *const all[] = {&ci, &part, &other_ci, &other_part, &sp_ca, &se, &sp, &arpf};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        cert_drop(all[i]);
    }
    pki_close(&files);
    return 0;
}

static struct dimsi_trust *trust(const char *crl)
{
    struct dimsi_trust *t = NULL;
    struct verify_why why;
    const struct dimsi_trust_options o = {.roots = {[DIMSI_SE] = {.ca = ci_path, .crl = crl},
                                                    [DIMSI_SP] = {.ca = sp_path},
                                                    [DIMSI_ARPF] = {.ca = ci_path}}};
    assert_ok(dimsi_trust_open(&o, &t, &why));
    return t;
}

/* ---- who signed? ---- */

static void sign(EVP_PKEY *key, struct bytes content, uint8_t out[static 64])
{
    struct device_signature s = {.n = sizeof s.octets};
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    assert_int_equal(EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key), 1);
    assert_int_equal(EVP_DigestSign(ctx, s.octets, &s.n, content.p, content.n), 1);
    EVP_MD_CTX_free(ctx);
    const uint8_t *p = s.octets;
    ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &p, (long)s.n);
    assert_int_equal(BN_bn2binpad(ECDSA_SIG_get0_r(sig), out, 32), 32);
    assert_int_equal(BN_bn2binpad(ECDSA_SIG_get0_s(sig), out + 32, 32), 32);
    ECDSA_SIG_free(sig);
}

struct said {
    uint8_t digest[32];
    struct dimsi_name name;
};

static const char *judge(const struct dimsi_trust *t, enum dimsi_signer who,
                         const struct bytes *chain, size_t n, struct bytes signature, int64_t at,
                         struct said *out)
{
    const struct dimsi_verify_port *port = dimsi_trust_port(t);
    memset(out, 0x5c, sizeof *out);
    const struct said before = *out;
    const enum dimsi_cause cause =
        port->signed_by(port->ctx, who, chain, n, CONTENT, signature, at, out->digest, &out->name);
    if (cause != DIMSI_NONE) {
        assert_memory_equal(out, &before, sizeof before);
    }
    return dimsi_cause_name(cause);
}

/* A certificate like this one for the kind, which signs rightly. */
static const char *judge_one(const struct dimsi_trust *t, enum dimsi_signer who,
                             struct cert_wish wish, int64_t at)
{
    static const struct cert *const by[] = {&part, &sp_ca, &ci};
    static const char *const roles[] = {DEVICE, SP, ARPF};
    struct cert c;
    struct said said;
    uint8_t signature[64];
    wish.cn = "x";
    wish.by = wish.by != NULL ? wish.by : by[who];
    wish.role = wish.role != NULL ? wish.role : roles[who];
    wish.names = wish.names != NULL ? wish.names : "DNS:x.example.org";
    cert_make(&c, &wish);
    const struct bytes chain[] = {c.der, wish.by == &other_part ? other_part.der : part.der};
    if (EVP_PKEY_is_a(c.key, "EC") && EVP_PKEY_get_bits(c.key) == 256) {
        sign(c.key, CONTENT, signature);
    }
    const char *name =
        judge(t, who, chain, who == DIMSI_SE ? 2 : 1, BYTES_OF(signature), at, &said);
    cert_drop(&c);
    return name;
}

/*= test dimsi-0e-verify dimsi-endorsement */
static void each_kind_is_believed_under_its_own_root_and_role(void **state)
{
    (void)state;
    struct dimsi_trust *t = trust(NULL);
    const struct bytes chains[][2] = {{se.der, part.der}, {sp.der}, {arpf.der}};
    const struct cert *const certs[] = {&se, &sp, &arpf};
    static const char *const names[] = {"", "sp.example.org", "arpf.example.org"};
    uint8_t signature[64], digest[32];
    struct said said;
    for (unsigned i = 0; i < DIMSI_SIGNERS; i++) {
        const enum dimsi_signer who = (enum dimsi_signer)i;
        const size_t n = who == DIMSI_SE ? 2 : 1;
        sign(certs[i]->key, CONTENT, signature);
        assert_string_equal(judge(t, who, chains[i], n, BYTES_OF(signature), now, &said), "none");
        assert_string_equal(said.name.text, names[i]);
        assert_ok(verify_digest(certs[i]->der, digest));
        assert_memory_equal(said.digest, digest, 32);
        for (unsigned k = 0; k < DIMSI_SIGNERS; k++) {
            if (k != i) { /* nobody is another kind */
                assert_string_not_equal(
                    judge(t, (enum dimsi_signer)k, chains[i], n, BYTES_OF(signature), now, &said),
                    "none");
            }
        }
    }
    dimsi_trust_close(t);
    dimsi_trust_close(NULL);
}

static void a_signature_that_is_not_the_certificates_has_the_kinds_cause(void **state)
{
    (void)state;
    static const char *const causes[] = {"token-signature", "delegation-signature",
                                         "endorsement-signature"};
    struct dimsi_trust *t = trust(NULL);
    const struct bytes chains[][2] = {{se.der, part.der}, {sp.der}, {arpf.der}};
    const struct cert *const certs[] = {&se, &sp, &arpf};
    uint8_t signature[65] = {0};
    struct said said;
    for (unsigned i = 0; i < DIMSI_SIGNERS; i++) {
        const enum dimsi_signer who = (enum dimsi_signer)i;
        const size_t n = who == DIMSI_SE ? 2 : 1;
        sign(certs[(i + 1) % 3]->key, CONTENT, signature);
        assert_string_equal(judge(t, who, chains[i], n, (struct bytes){signature, 64}, now, &said),
                            causes[i]);
        sign(certs[i]->key, BYTES_LIT("something else"), signature);
        assert_string_equal(judge(t, who, chains[i], n, (struct bytes){signature, 64}, now, &said),
                            causes[i]);
        sign(certs[i]->key, CONTENT, signature);
        for (size_t len = 0; len <= 65; len++) {
            uint8_t *exact = exact_copy((struct bytes){signature, len});
            assert_string_equal(judge(t, who, chains[i], n, (struct bytes){exact, len}, now, &said),
                                len == 64 ? "none" : causes[i]);
            free(exact);
        }
        memset(signature, 0, sizeof signature);
        assert_string_equal(judge(t, who, chains[i], n, (struct bytes){signature, 64}, now, &said),
                            causes[i]);
    }
    dimsi_trust_close(t);
}

static void every_fault_of_a_chain_has_its_cause(void **state)
{
    (void)state;
    const struct {
        enum dimsi_signer who;
        struct cert_wish wish;
        const char *cause;
    } table[] = {
        {DIMSI_SE, {.names = "DNS:x"}, "none"},
        {DIMSI_SE, {.by = &other_part}, "certificate-untrusted"},
        {DIMSI_SE, {.role = "clientAuth"}, "certificate-purpose"},
        {DIMSI_SE, {.role = SP}, "certificate-purpose"},
        {DIMSI_SE, {.usage = "keyAgreement"}, "certificate-purpose"},
        {DIMSI_SE, {.usage = ""}, "certificate-purpose"},
        {DIMSI_SE, {.ca = true, .usage = "keyCertSign,digitalSignature"}, "certificate-purpose"},
        {DIMSI_SE, {.from = -DAY, .to = -HOUR}, "certificate-expired"},
        {DIMSI_SE, {.from = HOUR, .to = DAY}, "certificate-not-yet-valid"},
        {DIMSI_SE, {.md = EVP_sha1()}, "certificate-bad"},
        {DIMSI_SE, {.key = EVP_RSA_gen(1024)}, "certificate-bad"},
        {DIMSI_SE, {.key = EVP_RSA_gen(2048)}, "certificate-purpose"},
        {DIMSI_SE, {.key = EVP_EC_gen("P-384")}, "certificate-purpose"},
        {DIMSI_SE, {.key = EVP_EC_gen("secp256k1")}, "certificate-purpose"},
        {DIMSI_SP, {.by = &ci}, "certificate-untrusted"},
        {DIMSI_SP, {.role = ARPF}, "certificate-purpose"},
        {DIMSI_SP, {.role = DEVICE}, "certificate-purpose"},
        {DIMSI_SP, {.names = "email:sp@example.org"}, "certificate-purpose"},
        {DIMSI_SP, {.names = "DNS:*.example.org"}, "certificate-purpose"},
        {DIMSI_SP,
         {.names = "DNS:a123456789012345678901234567890.b1234567890123456789012345678.org"},
         "certificate-purpose"},
        {DIMSI_ARPF, {.by = &sp_ca}, "certificate-untrusted"},
        {DIMSI_ARPF, {.usage = "keyAgreement"}, "certificate-purpose"},
        {DIMSI_ARPF, {.role = AUSF}, "certificate-purpose"},
        {DIMSI_ARPF, {.from = -DAY, .to = -HOUR}, "certificate-expired"},
    };
    struct dimsi_trust *t = trust(NULL);
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        assert_string_equal(judge_one(t, table[i].who, table[i].wish, now), table[i].cause);
    }
    dimsi_trust_close(t);
}

/* CERT.PN stands between: without one there is nothing to revoke a part number by. */
static void a_chain_is_whole_and_in_order(void **state)
{
    (void)state;
    struct dimsi_trust *t = trust(NULL);
    struct cert direct;
    uint8_t signature[64];
    struct said said;
    cert_make(&direct, &(struct cert_wish){.cn = "SE", .by = &ci, .role = DEVICE});
    sign(direct.key, CONTENT, signature);
    const struct bytes short_one[] = {direct.der, ci.der};
    assert_string_equal(judge(t, DIMSI_SE, short_one, 1, BYTES_OF(signature), now, &said),
                        "certificate-bad");
    sign(se.key, CONTENT, signature);
    const struct bytes alone[] = {se.der}, twice[] = {se.der, se.der},
                       turned[] = {part.der, se.der}, cut[] = {{se.octets, se.der.n - 1}, part.der};
    assert_string_equal(judge(t, DIMSI_SE, alone, 1, BYTES_OF(signature), now, &said),
                        "certificate-bad");
    assert_string_equal(judge(t, DIMSI_SE, twice, 2, BYTES_OF(signature), now, &said),
                        "certificate-bad");
    assert_string_equal(judge(t, DIMSI_SE, turned, 2, BYTES_OF(signature), now, &said),
                        "certificate-bad");
    assert_string_equal(judge(t, DIMSI_SE, cut, 2, BYTES_OF(signature), now, &said),
                        "certificate-bad");
    cert_drop(&direct);
    dimsi_trust_close(t);
}

/* ---- revocation ---- */

static const char *judge_se(const struct dimsi_trust *t)
{
    const struct bytes chain[] = {se.der, part.der};
    uint8_t signature[64];
    struct said said;
    sign(se.key, CONTENT, signature);
    return judge(t, DIMSI_SE, chain, 2, BYTES_OF(signature), now, &said);
}

static void lists(const struct cert *revoked_by_ci, const struct cert *revoked_by_part)
{
    crl_save(crl_path, false, &ci, revoked_by_ci, DAY);
    crl_save(crl_path, true, &part, revoked_by_part, DAY);
}

/*= test dimsi-0e-verify */
static void a_part_number_and_a_single_se_can_be_revoked(void **state)
{
    (void)state;
    struct verify_why why;
    struct dimsi_trust_next *next = NULL;
    lists(NULL, NULL);
    struct dimsi_trust *t = trust(crl_path);
    assert_string_equal(judge_se(t), "none");
    lists(&part, NULL);
    assert_string_equal(judge_se(t), "none"); /* not read yet */
    assert_ok(dimsi_trust_reload(t, &why));
    assert_string_equal(judge_se(t), "certificate-revoked");
    lists(NULL, &se);
    assert_ok(dimsi_trust_reload(t, &why));
    assert_string_equal(judge_se(t), "certificate-revoked");
    crl_save(crl_path, false, &ci, NULL, DAY); /* the part number's CA has none */
    assert_ok(dimsi_trust_reload(t, &why));
    assert_string_equal(judge_se(t), "no-revocation-list");
    crl_save(crl_path, false, &ci, NULL, -60);
    crl_save(crl_path, true, &part, NULL, DAY);
    assert_ok(dimsi_trust_reload(t, &why));
    assert_string_equal(judge_se(t), "no-revocation-list");
    lists(NULL, NULL);
    assert_ok(dimsi_trust_next_open(t, &next, &why));
    assert_string_equal(judge_se(t), "no-revocation-list"); /* it does not count yet */
    dimsi_trust_next_drop(next);
    assert_string_equal(judge_se(t), "no-revocation-list");
    assert_ok(dimsi_trust_reload(t, &why));
    FILE *f = fopen(crl_path, "w");
    fclose(f);
    assert_err(dimsi_trust_reload(t, &why), E_BAD_VALUE);
    assert_string_equal(judge_se(t), "none"); /* as before */
    dimsi_trust_close(t);
}

static void files_that_are_not_there_are_said_and_kinds_without_one_are_nobody(void **state)
{
    (void)state;
    struct dimsi_trust *t = NULL;
    struct verify_why why = {.text = ""};
    struct dimsi_trust_options o = {.roots = {[DIMSI_ARPF] = {.ca = "/nowhere/ci.crt"}}};
    assert_err(dimsi_trust_open(&o, &t, &why), E_IO);
    assert_null(t);
    assert_non_null(strstr(why.text, "/nowhere/ci.crt"));
    o.roots[DIMSI_ARPF].ca = NULL;
    assert_ok(dimsi_trust_open(&o, &t, &why));
    for (unsigned i = 0; i < DIMSI_SIGNERS; i++) {
        assert_string_equal(judge_one(t, (enum dimsi_signer)i, (struct cert_wish){.cn = NULL}, now),
                            "certificate-untrusted");
    }
    dimsi_trust_close(t);
}

/* ---- with whom a key is agreed ---- */

static const char *agreement(struct cert_wish wish, enum verify_role role)
{
    struct verifier *v;
    struct verify_why why;
    struct cert c;
    struct dimsi_name name = {.n = 77};
    uint8_t point[65] = {77}, *want = NULL;
    const struct verify_files from = {.ca = ci_path};
    assert_ok(verifier_open(&from, &v, &why));
    wish.cn = "x";
    wish.by = wish.by != NULL ? wish.by : &ci;
    wish.usage = wish.usage != NULL ? wish.usage : "keyAgreement";
    cert_make(&c, &wish);
    const enum dimsi_cause cause = dimsi_agreement_chain(v, role, &c.der, 1, now, &name, point);
    if (cause == DIMSI_NONE) {
        assert_int_equal(EVP_PKEY_get1_encoded_public_key(c.key, &want), 65);
        assert_memory_equal(point, want, 65);
        assert_string_equal(name.text, wish.names + 4);
        OPENSSL_free(want);
    } else {
        assert_true(name.n == 77 && point[0] == 77);
    }
    cert_drop(&c);
    verifier_close(v);
    return dimsi_cause_name(cause);
}

/*= test dimsi-0c-verify dimsi-box dimsi-two-keys */
static void a_key_is_agreed_with_whose_certificate_is_for_that(void **state)
{
    (void)state;
    static const char name[] = "DNS:arpf.example.org";
    const struct {
        struct cert_wish wish;
        const char *cause;
    } table[] = {
        {{.role = ARPF, .names = name}, "none"},
        {{.role = "serverAuth," ARPF, .names = name}, "none"},
        {{.role = AUSF, .names = name}, "certificate-purpose"},
        {{.names = name}, "certificate-purpose"},
        {{.role = ARPF}, "certificate-purpose"}, /* without a name */
        {{.role = ARPF, .names = name, .usage = "digitalSignature"}, "certificate-purpose"},
        {{.role = ARPF, .names = name, .usage = "keyEncipherment"}, "certificate-purpose"},
        {{.role = ARPF, .names = name, .usage = ""}, "certificate-purpose"},
        {{.role = ARPF, .names = name, .by = &sp_ca}, "certificate-untrusted"},
        {{.role = ARPF, .names = name, .from = -DAY, .to = -HOUR}, "certificate-expired"},
        {{.role = ARPF, .names = name, .key = EVP_EC_gen("P-384")}, "certificate-purpose"},
        {{.role = ARPF, .names = name, .key = EVP_RSA_gen(2048)}, "certificate-purpose"},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        assert_string_equal(agreement(table[i].wish, VERIFY_ROLE_ARPF), table[i].cause);
    }
    assert_string_equal(
        agreement((struct cert_wish){.role = AUSF, .names = "DNS:" REALM}, VERIFY_ROLE_AUSF),
        "none");
}

/* The part numbers stand below the CI too, each with a key of its maker's. */
/*= test dimsi-endorsement dimsi-0c-verify */
static void a_part_number_issues_no_arpf(void **state)
{
    (void)state;
    struct cert forged;
    struct said said;
    struct verifier *v;
    struct verify_why why;
    struct dimsi_name name;
    uint8_t signature[64], point[65];
    const struct verify_files from = {.ca = ci_path};
    struct dimsi_trust *t = trust(NULL);
    cert_make(&forged, &(struct cert_wish){.cn = "ARPF",
                                           .by = &part,
                                           .role = ARPF,
                                           .names = "DNS:arpf.example.org",
                                           .usage = "digitalSignature,keyAgreement"});
    const struct bytes chain[] = {forged.der, part.der};
    sign(forged.key, CONTENT, signature);
    assert_string_equal(judge(t, DIMSI_ARPF, chain, 2, BYTES_OF(signature), now, &said),
                        "certificate-purpose");
    assert_string_equal(judge(t, DIMSI_ARPF, chain, 1, BYTES_OF(signature), now, &said),
                        "certificate-untrusted");
    assert_ok(verifier_open(&from, &v, &why));
    assert_int_equal(dimsi_agreement_chain(v, VERIFY_ROLE_ARPF, chain, 2, now, &name, point),
                     DIMSI_CHAIN_PURPOSE);
    assert_int_equal(dimsi_agreement_chain(v, VERIFY_ROLE_ARPF, chain, 1, now, &name, point),
                     DIMSI_CHAIN_UNTRUSTED);
    verifier_close(v);
    cert_drop(&forged);
    dimsi_trust_close(t);
}

static void each_verdict_has_a_cause(void **state)
{
    (void)state;
    static const struct {
        enum verify_verdict verdict;
        enum dimsi_cause cause;
    } table[] = {{VERIFY_GOOD, DIMSI_NONE},
                 {VERIFY_NONE, DIMSI_CHAIN_BAD},
                 {VERIFY_TOO_LARGE, DIMSI_CHAIN_BAD},
                 {VERIFY_MALFORMED, DIMSI_CHAIN_BAD},
                 {VERIFY_NOT_YET, DIMSI_CHAIN_EARLY},
                 {VERIFY_EXPIRED, DIMSI_CHAIN_LATE},
                 {VERIFY_UNTRUSTED, DIMSI_CHAIN_UNTRUSTED},
                 {VERIFY_REVOKED, DIMSI_CHAIN_REVOKED},
                 {VERIFY_NO_CRL, DIMSI_NO_CRL},
                 {VERIFY_PURPOSE, DIMSI_CHAIN_PURPOSE},
                 {VERIFY_WEAK, DIMSI_CHAIN_BAD},
                 {VERIFY_FAILED, DIMSI_CHAIN_BAD}};
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        const struct verify_peer peer = {.verdict = table[i].verdict};
        assert_int_equal(dimsi_cause_of_chain(&peer), table[i].cause);
    }
    const struct verify_peer undecided = {.verdict = VERIFY_FAILED, .undecided = true};
    assert_int_equal(dimsi_cause_of_chain(&undecided), DIMSI_CRYPTO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_kind_is_believed_under_its_own_root_and_role),
        cmocka_unit_test(a_signature_that_is_not_the_certificates_has_the_kinds_cause),
        cmocka_unit_test(every_fault_of_a_chain_has_its_cause),
        cmocka_unit_test(a_chain_is_whole_and_in_order),
        cmocka_unit_test(a_part_number_and_a_single_se_can_be_revoked),
        cmocka_unit_test(files_that_are_not_there_are_said_and_kinds_without_one_are_nobody),
        cmocka_unit_test(a_key_is_agreed_with_whose_certificate_is_for_that),
        cmocka_unit_test(a_part_number_issues_no_arpf),
        cmocka_unit_test(each_verdict_has_a_cause),
    };
    return cmocka_run_group_tests_name("common/dimsi_port", tests, setup, teardown);
}
