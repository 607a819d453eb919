/* Also of src/cli/home_parties.c. src/cli/pki_parties.c, held to what judges these certificates at
 * ARPF, AUSF and RSMF (nf/common/dimsi_port.h, net/verify.h). Declared in cli/pki.h. */
#include "cli/home.h"
#include "cli/pki.h"

#include "cli/said.h"
#include "nf/common/dimsi_port.h"
#include <openssl/pem.h>
#include <time.h>

static char dir[64];
static struct said said;

static int begin(void **state)
{
    struct home_ports ports = {0, 0, 0, 0};
    (void)state;
    folder_make(dir);
    return home_furnish(dir, &ports, NULL) ? 0 : 1;
}

static int end(void **state)
{
    (void)state;
    folder_remove(dir);
    return 0;
}

static const char *path_of(const char *name)
{
    static char path[4][160];
    static int turn;
    turn = (turn + 1) % 4;
    (void)snprintf(path[turn], sizeof path[turn], "%s/%s", dir, name);
    return path[turn];
}

static struct bytes der_of(const char *name, uint8_t room[static 4096])
{
    FILE *f = fopen(path_of(name), "r");
    assert_non_null(f);
    X509 *x = PEM_read_X509(f, NULL, NULL, NULL);
    (void)fclose(f);
    unsigned char *p = room;
    const int n = i2d_X509(x, NULL);
    assert_in_range(n, 1, 4096);
    assert_int_equal(i2d_X509(x, &p), n);
    X509_free(x);
    return (struct bytes){room, (size_t)n};
}

static struct verifier *verifier(const char *ca, const char *crl)
{
    const struct verify_files files = {path_of(ca), crl ? path_of(crl) : NULL};
    struct verify_why why = {""};
    struct verifier *v = NULL;
    if (verifier_open(&files, &v, &why) != E_OK) {
        fail_msg("%s", why.text);
    }
    return v;
}

static void every_party_has_its_own_and_nothing_of_the_others(void **state)
{
    static const char *const there[] = {"ci/ci.key",
                                        "ci/pn.key",
                                        "ci/ci.crl",
                                        "arpf/arpfd.yaml",
                                        "arpf/agreement.key",
                                        "arpf/endorsement.key",
                                        "arpf/tls.key",
                                        "discovery/dausfd.yaml",
                                        "discovery/s6a.key",
                                        "discovery/tls.key",
                                        "discovery/kek",
                                        "rsmf/rsmfd.yaml",
                                        "rsmf/tls.key",
                                        "rsmf/devices.key",
                                        "rsmf/kek",
                                        "sp/sp.key",
                                        "sp/ca.crt",
                                        "pki/ausf.key",
                                        "pki/ausf-agreement.key",
                                        "pki/offers.key"};
    (void)state;
    for (size_t i = 0; i < sizeof there / sizeof there[0]; i++) {
        if (!home_has(dir, there[i])) {
            fail_msg("%s is not there", there[i]);
        }
    }
    assert_false(home_has(dir, "sp/kek"));
    assert_false(home_has(dir, "arpf/ca.key"));
}

/*= test dimsi-0c-verify */
static void keys_that_agree_are_told_from_keys_that_sign(void **state)
{
    uint8_t room[4096], point[DIMSI_POINT_LEN];
    struct dimsi_name name;
    struct verifier *ci = verifier("ci/ci.crt", "ci/ci.crl"), *ca = verifier("pki/ca.crt", NULL);
    (void)state;
    struct bytes chain = der_of("arpf/agreement.crt", room);
    assert_int_equal(
        dimsi_agreement_chain(ci, VERIFY_ROLE_ARPF, &chain, 1, time(NULL), &name, point),
        DIMSI_NONE);
    assert_string_equal(name.text, PKI_ARPF);
    assert_int_equal(
        dimsi_agreement_chain(ca, VERIFY_ROLE_ARPF, &chain, 1, time(NULL), &name, point),
        DIMSI_CHAIN_UNTRUSTED);
    chain = der_of("arpf/endorsement.crt", room);
    assert_int_equal(
        dimsi_agreement_chain(ci, VERIFY_ROLE_ARPF, &chain, 1, time(NULL), &name, point),
        DIMSI_CHAIN_PURPOSE);
    chain = der_of("pki/ausf-agreement.crt", room);
    assert_int_equal(
        dimsi_agreement_chain(ca, VERIFY_ROLE_AUSF, &chain, 1, time(NULL), &name, point),
        DIMSI_NONE);
    assert_string_equal(name.text, "epc.mnc001.mcc001.3gppnetwork.org");
    verifier_close(ci);
    verifier_close(ca);
}

static void the_rsmf_is_known_by_the_name_of_its_network(void **state)
{
    uint8_t room[4096];
    struct verify_peer peer;
    struct verifier *ci = verifier("ci/ci.crt", "ci/ci.crl");
    (void)state;
    const struct bytes chain = der_of("rsmf/devices.crt", room);
    verify_chain(ci, &chain, 1, VERIFY_TLS_SERVER, time(NULL), &peer);
    assert_int_equal(peer.verdict, VERIFY_GOOD);
    assert_string_equal(peer.name, "rsmf.epc.mnc001.mcc001.3gppnetwork.org");
    verifier_close(ci);
}

static enum verify_verdict judged(const struct bytes *chain, enum verify_purpose purpose)
{
    struct verify_peer peer;
    struct verifier *ci = verifier("ci/ci.crt", "ci/ci.crl");
    verify_chain(ci, chain, 2, purpose, time(NULL), &peer);
    verifier_close(ci);
    if (peer.verdict == VERIFY_GOOD) {
        assert_true(verify_has_role(&peer, VERIFY_ROLE_DEVICE));
    }
    return peer.verdict;
}

/*= test dimsi-0c-keys */
static void an_se_and_its_part_number_are_believed_until_they_are_revoked(void **state)
{
    uint8_t se[2048], *spki = NULL;
    bool fresh = false;
    EVP_PKEY *key = EVP_EC_gen("P-256");
    struct pki_maker *maker = pki_maker_open(path_of("ci"));
    (void)state;
    assert_non_null(maker);
    const int n = i2d_PUBKEY(key, &spki);
    assert_true(n > 0);
    const size_t len = pki_se_certificate(maker, (struct bytes){spki, (size_t)n}, MBYTES_OF(se));
    const struct bytes chain[] = {{se, len}, pki_maker_part_number(maker)};
    assert_true(len > 0);
    assert_int_equal(judged(chain, VERIFY_DEVICE_IDENTITY), VERIFY_GOOD);
    assert_int_equal(judged(chain, VERIFY_TLS_CLIENT), VERIFY_GOOD);
    assert_int_equal(judged(chain, VERIFY_DEVICE_PROVISIONING), VERIFY_PURPOSE);
    assert_true(pki_ci_revoke(path_of("ci"), NULL, &fresh)); /* current again */
    assert_false(fresh);
    assert_int_equal(judged(chain, VERIFY_DEVICE_IDENTITY), VERIFY_GOOD);
    assert_true(pki_ci_revoke(path_of("ci"), &chain[0], &fresh));
    assert_true(fresh);
    assert_int_equal(judged(chain, VERIFY_DEVICE_IDENTITY), VERIFY_REVOKED);
    const size_t again = pki_se_certificate(maker, (struct bytes){spki, (size_t)n}, MBYTES_OF(se));
    const struct bytes other[] = {{se, again}, chain[1]};
    assert_int_equal(judged(other, VERIFY_DEVICE_IDENTITY), VERIFY_GOOD);
    assert_true(pki_ci_revoke(path_of("ci"), &chain[1], &fresh)); /* the part number */
    assert_true(fresh);
    assert_int_equal(judged(other, VERIFY_DEVICE_IDENTITY), VERIFY_REVOKED);
    pki_maker_close(maker);
    OPENSSL_free(spki);
    EVP_PKEY_free(key);
}

static void what_the_ci_did_not_issue_it_does_not_revoke(void **state)
{
    uint8_t room[4096];
    bool fresh = true;
    (void)state;
    const struct bytes other = der_of("pki/hss.crt", room);
    said_begin(&said);
    assert_false(pki_ci_revoke(path_of("ci"), &other, &fresh));
    said_end(&said);
    said_holds(&said, "neither the CI nor its part number");
}

static void no_certificate_is_made_for_what_is_no_key(void **state)
{
    uint8_t se[2048];
    struct pki_maker *maker = pki_maker_open(path_of("ci"));
    (void)state;
    assert_int_equal(pki_se_certificate(maker, BYTES_LIT("no key"), MBYTES_OF(se)), 0);
    pki_maker_close(maker);
    said_begin(&said);
    assert_null(pki_maker_open(path_of("sp")));
    said_end(&said);
    said_holds(&said, "pn.crt");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_party_has_its_own_and_nothing_of_the_others),
        cmocka_unit_test(keys_that_agree_are_told_from_keys_that_sign),
        cmocka_unit_test(the_rsmf_is_known_by_the_name_of_its_network),
        cmocka_unit_test(an_se_and_its_part_number_are_believed_until_they_are_revoked),
        cmocka_unit_test(what_the_ci_did_not_issue_it_does_not_revoke),
        cmocka_unit_test(no_certificate_is_made_for_what_is_no_key),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
