/* cli/pki.h, held to what judges certificates in the daemons: net/verify.h. */
#include "cli/pki.h"

#include "cli/lot_make.h"
#include "cli/said.h"
#include "device/linux/signer_openssl.h"
#include "net/verify_key.h"
#include "net/verify_sign.h"
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <sys/stat.h>
#include <time.h>

static char folder[64], dir[96];

static int begin(void **state)
{
    static const char *const names[] = {"repo", "maker"}, *const hosts[] = {"repo.example",
                                                                            "maker.example"};
    static const char *const roles[] = {"repository", "manufacturer"};
    (void)state;
    folder_make(folder);
    (void)snprintf(dir, sizeof dir, "%s/pki", folder);
    assert_true(pki_make_roles(dir, names, hosts, roles, 2));
    return 0;
}

static int end(void **state)
{
    (void)state;
    folder_remove(folder);
    return 0;
}

static const char *path_of(const char *name)
{
    static char path[3][160];
    static int turn;
    turn = (turn + 1) % 3;
    (void)snprintf(path[turn], sizeof path[turn], "%s/%s", dir, name);
    return path[turn];
}

static struct verifier *verifier_of(const char *ca, const char *crl)
{
    struct verifier *v = NULL;
    struct verify_why why;
    const struct verify_files files = {.ca = path_of(ca), .crl = crl ? path_of(crl) : NULL};
    assert_ok(verifier_open(&files, &v, &why));
    return v;
}

static struct identity_lot lot_of(uint8_t algorithm)
{
    return (struct identity_lot){.tac = "35693803",
                                 .first = 123456,
                                 .count = 3,
                                 .algorithm = algorithm,
                                 .form = BINDING_CERTIFICATE,
                                 .model = "meter"};
}

static void make_device(const struct pki_ca *ca, uint8_t algorithm, struct identity_row *row)
{
    uint8_t spki[IDENTITY_SPKI_MAX], own[IDENTITY_SPKI_MAX];
    size_t n = 0, own_n = 0;
    const struct identity_lot lot = lot_of(algorithm);
    const struct lot_given with = {.ca = ca};
    assert_ok(lot_make_device(&lot, &with, 0, row, spki, &n));
    assert_ok(identity_public_key(row, own, &own_n)); /* its private key is one of this kind */
    assert_true(bytes_eq((struct bytes){spki, n}, (struct bytes){own, own_n}));
}

static enum verify_verdict judge(const struct verifier *v, const struct identity_row *row,
                                 struct verify_peer *peer)
{
    const struct bytes chain[] = {identity_certificate(row, 0), identity_certificate(row, 1)};
    verify_chain(v, chain, 2, VERIFY_DEVICE_IDENTITY, (int64_t)time(NULL), peer);
    return peer->verdict;
}

static void a_devices_certificate_is_good_for_its_identity_and_is_a_devices(void **state)
{
    static const uint8_t algorithms[] = {DEVID_ECDSA_P256, DEVID_ED25519};
    struct verifier *with = verifier_of("device-ca.crt", "device-ca.crl");
    struct verifier *other = verifier_of("ca.crt", NULL);
    struct pki_ca *ca = pki_ca_open(dir);
    struct identity_row row;
    struct verify_peer peer;
    uint8_t spki[VERIFY_SPKI_MAX], own[IDENTITY_SPKI_MAX];
    size_t n, own_n;
    enum verify_key_kind kind;
    (void)state;
    assert_non_null(ca);
    for (size_t i = 0; i < 2; i++) {
        make_device(ca, algorithms[i], &row);
        assert_int_equal(judge(with, &row, &peer), VERIFY_GOOD);
        assert_int_equal(peer.roles, 1u << VERIFY_ROLE_DEVICE);
        assert_int_equal(judge(other, &row, &peer), VERIFY_UNTRUSTED);
        assert_ok(verify_key_of_certificate(identity_certificate(&row, 0), spki, &n, &kind));
        assert_int_equal(kind, i == 0 ? VERIFY_KEY_P256 : VERIFY_KEY_ED25519);
        assert_ok(identity_public_key(&row, own, &own_n));
        assert_true(bytes_eq((struct bytes){spki, n}, (struct bytes){own, own_n}));
        identity_row_wipe(&row);
    }
    pki_ca_close(ca);
    verifier_close(with);
    verifier_close(other);
}

/*= test devid-certificate */
static void a_devices_certificate_does_not_tell_its_imei(void **state)
{
    struct pki_ca *ca = pki_ca_open(dir);
    struct identity_row row, second;
    uint8_t bcd[8];
    (void)state;
    make_device(ca, DEVID_ECDSA_P256, &row);
    make_device(ca, DEVID_ECDSA_P256, &second);
    const struct bytes der = identity_certificate(&row, 0);
    imei_to_bcd(&row.imei, bcd);
    assert_null(memmem(der.p, der.n, row.imei.digits, IMEI_DIGITS));
    assert_null(memmem(der.p, der.n, row.imei.digits + 8, 6)); /* SNR */
    assert_null(memmem(der.p, der.n, bcd, 4));
    assert_non_null(memmem(der.p, der.n, "meter", 5));
    /* the same device made again is another: nothing is derived from the IMEI */
    assert_true(imei_eq(&row.imei, &second.imei));
    assert_false(bytes_eq(der, identity_certificate(&second, 0)));
    identity_row_wipe(&row);
    identity_row_wipe(&second);
    pki_ca_close(ca);
}

static void a_key_of_another_kind_gets_no_certificate(void **state)
{
    struct pki_ca *ca = pki_ca_open(dir);
    uint8_t spki[200] = {SIGNER_SPKI_HEAD_P256}, out[2048];
    (void)state;
    assert_int_equal(
        pki_device_certificate(ca, PKI_SIGNS, (struct bytes){spki, 90}, "m", MBYTES_OF(out)), 0);
    spki[20] ^= 1;
    assert_int_equal(
        pki_device_certificate(ca, PKI_SIGNS, (struct bytes){spki, 91}, "m", MBYTES_OF(out)), 0);
    spki[20] ^= 1;
    assert_int_not_equal(
        pki_device_certificate(ca, PKI_SIGNS, (struct bytes){spki, 91}, "m", MBYTES_OF(out)), 0);
    assert_int_equal(pki_device_certificate(ca, PKI_SIGNS, (struct bytes){spki, 91}, "m",
                                            (struct mbytes){out, 100}),
                     0);
    pki_ca_close(ca);
}

/* RSA keys are enciphered to and nothing else; Ed25519 signs; P-256 does the one or agrees. */
static void a_key_has_a_use_that_it_can_have(void **state)
{
    static const unsigned sizes[] = {1024, 2048};
    struct pki_ca *ca = pki_ca_open(dir);
    uint8_t ec[91] = {SIGNER_SPKI_HEAD_P256}, ed[44] = {SIGNER_SPKI_HEAD_ED25519}, out[2048];
    (void)state;
    const struct bytes p256 = BYTES_OF(ec), ed25519 = BYTES_OF(ed);
    assert_int_not_equal(pki_device_certificate(ca, PKI_AGREES, p256, "m", MBYTES_OF(out)), 0);
    assert_int_equal(pki_device_certificate(ca, PKI_ENCIPHERS, p256, "m", MBYTES_OF(out)), 0);
    assert_int_not_equal(pki_device_certificate(ca, PKI_SIGNS, ed25519, "m", MBYTES_OF(out)), 0);
    assert_int_equal(pki_device_certificate(ca, PKI_AGREES, ed25519, "m", MBYTES_OF(out)), 0);
    assert_int_equal(pki_device_certificate(ca, PKI_ENCIPHERS, ed25519, "m", MBYTES_OF(out)), 0);
    for (size_t i = 0; i < 2; i++) {
        EVP_PKEY *key = EVP_RSA_gen(sizes[i]);
        unsigned char *der = NULL;
        const int n = i2d_PUBKEY(key, &der);
        assert_in_range(n, 1, 1000);
        const struct bytes rsa = {der, (size_t)n}, cut = {der, (size_t)n - 1};
        assert_int_equal(pki_device_certificate(ca, PKI_ENCIPHERS, rsa, "m", MBYTES_OF(out)) != 0,
                         sizes[i] >= 2048);
        assert_int_equal(pki_device_certificate(ca, PKI_ENCIPHERS, cut, "m", MBYTES_OF(out)), 0);
        assert_int_equal(pki_device_certificate(ca, PKI_AGREES, rsa, "m", MBYTES_OF(out)), 0);
        assert_int_equal(pki_device_certificate(ca, PKI_SIGNS, rsa, "m", MBYTES_OF(out)), 0);
        OPENSSL_free(der);
        EVP_PKEY_free(key);
    }
    pki_ca_close(ca);
}

static void a_revoked_certificate_is_revoked_and_no_other(void **state)
{
    struct pki_ca *ca = pki_ca_open(dir);
    struct identity_row row, second;
    struct verify_peer peer;
    bool fresh = false;
    (void)state;
    make_device(ca, DEVID_ECDSA_P256, &row);
    make_device(ca, DEVID_ED25519, &second);
    struct bytes der = identity_certificate(&row, 0);
    assert_true(pki_revoke(dir, &der, &fresh));
    assert_true(fresh);
    assert_true(pki_revoke(dir, &der, &fresh));
    assert_false(fresh);
    assert_true(pki_revoke(dir, NULL, &fresh));
    struct verifier *v = verifier_of("device-ca.crt", "device-ca.crl");
    assert_int_equal(judge(v, &row, &peer), VERIFY_REVOKED);
    assert_int_equal(judge(v, &second, &peer), VERIFY_GOOD);
    verifier_close(v);
    /* what is not this CA's is not revoked by it */
    struct said s;
    der = pki_ca_der(ca);
    der.n--;
    said_begin(&s);
    assert_false(pki_revoke(dir, &der, &fresh));
    said_end(&s);
    said_holds(&s, "not of this CA");
    identity_row_wipe(&row);
    identity_row_wipe(&second);
    pki_ca_close(ca);
}

static void a_host_has_the_role_that_was_asked_for(void **state)
{
    struct verifier *v = verifier_of("ca.crt", NULL);
    struct verify_peer peer;
    unsigned char *der = NULL;
    (void)state;
    FILE *f = fopen(path_of("maker.crt"), "r");
    assert_non_null(f);
    char text[4096] = "";
    assert_int_not_equal(fread(text, 1, sizeof text - 1, f), 0);
    (void)fclose(f);
    /* PEM to DER by hand: the lines between the marks */
    char body[4096] = "";
    const char *at = strstr(text, "-----\n") + 6;
    for (; *at != '-'; at++) {
        if (*at != '\n') {
            strncat(body, at, 1);
        }
    }
    der = malloc(4096);
    int n = EVP_DecodeBlock(der, (const unsigned char *)body, (int)strlen(body));
    const size_t m = strlen(body);
    n -= (body[m - 1] == '=') + (body[m - 2] == '=');
    const struct bytes chain[] = {{der, (size_t)n}};
    verify_chain(v, chain, 1, VERIFY_TLS_CLIENT, (int64_t)time(NULL), &peer);
    assert_int_equal(peer.verdict, VERIFY_GOOD);
    assert_int_equal(peer.roles, 1u << VERIFY_ROLE_MANUFACTURER);
    assert_string_equal(peer.name, "maker.example");
    verify_chain(v, chain, 1, VERIFY_DEVICE_IDENTITY, (int64_t)time(NULL), &peer);
    assert_false(verify_has_role(&peer, VERIFY_ROLE_DEVICE));
    free(der);
    verifier_close(v);
    assert_null(pki_role_oid("king"));
    assert_string_equal(pki_role_oid("device"), VERIFY_OID_ROLES ".5");
}

static void a_repositorys_key_signs_and_is_its_owners_only(void **state)
{
    struct signer *s;
    struct verify_why why;
    struct said said;
    struct stat st;
    uint8_t signature[SIGNATURE_LEN];
    (void)state;
    assert_true(pki_signing_key(dir, "records"));
    assert_int_equal(stat(path_of("records.key"), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_ok(signer_open(path_of("records.key"), &s, &why));
    assert_ok(signer_sign(s, BYTES_LIT("content"), signature));
    assert_ok(signature_verify(signer_spki(s), BYTES_LIT("content"), signature));
    signer_close(s);
    said_begin(&said);
    assert_false(pki_signing_key(dir, "records"));
    said_end(&said);
    said_holds(&said, "records.key");
}

static void what_is_there_is_not_replaced_and_what_is_no_ca_not_used(void **state)
{
    struct said s;
    char alone[96];
    (void)state;
    said_begin(&s);
    assert_false(pki_make_roles(dir, NULL, NULL, NULL, 0));
    assert_null(pki_ca_open(folder));
    (void)snprintf(alone, sizeof alone, "%s/alone", folder);
    assert_true(pki_make_roles(alone, NULL, NULL, NULL, 0));
    assert_int_equal(rename(path_of("maker.crt"), path_of("device-ca.crt")), 0);
    assert_int_equal(rename(path_of("maker.key"), path_of("device-ca.key")), 0);
    assert_null(pki_ca_open(dir));
    said_end(&s);
    said_holds(&s, "it is there already");
    said_holds(&s, "bindery pki --device-ca");
    said_holds(&s, "not a CA's certificate");
    struct pki_ca *ca = pki_ca_open(alone);
    assert_non_null(ca);
    pki_ca_close(ca);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            a_devices_certificate_is_good_for_its_identity_and_is_a_devices, begin, end),
        cmocka_unit_test_setup_teardown(a_devices_certificate_does_not_tell_its_imei, begin, end),
        cmocka_unit_test_setup_teardown(a_key_of_another_kind_gets_no_certificate, begin, end),
        cmocka_unit_test_setup_teardown(a_key_has_a_use_that_it_can_have, begin, end),
        cmocka_unit_test_setup_teardown(a_revoked_certificate_is_revoked_and_no_other, begin, end),
        cmocka_unit_test_setup_teardown(a_host_has_the_role_that_was_asked_for, begin, end),
        cmocka_unit_test_setup_teardown(a_repositorys_key_signs_and_is_its_owners_only, begin, end),
        cmocka_unit_test_setup_teardown(what_is_there_is_not_replaced_and_what_is_no_ca_not_used,
                                        begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
