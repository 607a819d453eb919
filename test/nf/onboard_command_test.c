/* What an AUSF makes of procedure certattach, opened and verified by the openssl command alone: the
 * chain, the signature, and the box for either kind of key; and the data of TS 33.501 C.4.4,
 * computed by the command and by us. */
#include "net/command.h"

#include "crypto/openssl.h"
#include "net/device_key.h"
#include "nf/common/onboard_port.h"
#include "proc/certattach_parts.h"

static struct crypto crypto;

static int setup(void **state)
{
    (void)state;
    pki_open(&command_files);
    return crypto_openssl_open(&crypto) == E_OK ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    crypto_openssl_close(&crypto);
    pki_close(&command_files);
    return 0;
}

/* ---- the specification, the command and we ---- */

struct vector {
    uint8_t private[32], sent[33], z[32], plain[64], cipher[64], mac[8];
    size_t n;
};

static void vector_of(json_t *set, struct vector *v)
{
    v->n = strlen(json_string_value(json_object_get(set, "pt"))) / 2;
    assert_in_range(v->n, 1, sizeof v->plain);
    vector_hex(set, "hn_priv", MBYTES_OF(v->private));
    vector_hex(set, "eph_pub", MBYTES_OF(v->sent));
    vector_hex(set, "z", MBYTES_OF(v->z));
    vector_hex(set, "pt", (struct mbytes){v->plain, v->n});
    vector_hex(set, "ct", (struct mbytes){v->cipher, v->n});
    vector_hex(set, "mac", MBYTES_OF(v->mac));
}

/* ECPrivateKey (RFC 5915) of these octets. */
static void save_private(const uint8_t private[static 32])
{
    static const uint8_t head[] = {0x30, 0x31, 0x02, 0x01, 0x01, 0x04, 0x20},
                         tail[] = {0xa0, 0x0a, 0x06, 0x08, 0x2a, 0x86,
                                   0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};
    uint8_t der[sizeof head + 32 + sizeof tail];
    memcpy(der, head, sizeof head);
    memcpy(der + sizeof head, private, 32);
    memcpy(der + sizeof head + 32, tail, sizeof tail);
    command_save("key.der", BYTES_OF(der));
    command_run("openssl ec -inform DER -in key.der -out key");
}

/*= test certattach-box */
static void the_specification_the_command_and_we_agree(void **state)
{
    (void)state;
    unsigned tried = 0;
    json_t *sets = vectors_load(TEST_DATA, "ecies_33501_C4.json");
    for (size_t i = 0; i < json_array_size(sets); i++) {
        struct vector v;
        uint8_t out[64], tag[CERTATTACH_TAG_LEN];
        json_t *set = json_array_get(sets, i);
        if (strcmp(json_string_value(json_object_get(set, "profile")), "B") != 0) {
            continue;
        }
        vector_of(set, &v);
        save_private(v.private);
        command_save_point("sent", BYTES_OF(v.sent));
        command_run("openssl pkeyutl -derive -inkey key -peerkey sent -out z");
        command_has("z", BYTES_OF(v.z));
        command_save("cipher", (struct bytes){v.cipher, v.n});
        command_open(BYTES_OF(v.sent), (struct bytes){NULL, 0});
        command_has("plain", (struct bytes){v.plain, v.n});
        assert_ok(ecies_seal(&crypto, v.z, BYTES_OF(v.sent), (struct bytes){NULL, 0},
                             (struct bytes){v.plain, v.n}, out, tag));
        assert_memory_equal(out, v.cipher, v.n);
        assert_memory_equal(tag, v.mac, sizeof v.mac);
        command_has("mac", BYTES_OF(tag));
        tried++;
    }
    assert_int_equal(tried, 2);
    json_decref(sets);
}

/* ---- a whole result ---- */

struct result {
    struct onboard_signer *signer;
    struct onboard_operator *operator;
    uint8_t room[CERTATTACH_BOX_MAX + CERTATTACH_SIGNATURE_LEN];
    uint8_t certificate[4096], plain[CERTATTACH_PROFILE_MAX];
    size_t certificate_n, plain_n;
    struct certattach_about about;
    struct certattach_profile profile;
    struct certattach_result result;
};

/* Everything a provisioning root, an operator and a maker of devices have, by the command. */
static void make_operator(void)
{
    command_run("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 "
                "-keyout root.key -out root.crt -subj '/CN=provisioning root' "
                "-addext keyUsage=critical,keyCertSign");
    command_run("printf 'keyUsage=critical,digitalSignature\\n"
                "extendedKeyUsage=1.3.6.1.4.1.32473.1.1.7\\n"
                "basicConstraints=critical,CA:FALSE\\nauthorityKeyIdentifier=keyid\\n"
                "subjectKeyIdentifier=hash\\n"
                "subjectAltName=DNS:epc.mnc001.mcc001.3gppnetwork.org\\n' >operator.ext");
    command_run("openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes "
                "-keyout operator.key -out operator.csr -subj '/CN=operator'");
    command_run("openssl x509 -req -in operator.csr -CA root.crt -CAkey root.key -CAcreateserial "
                "-days 20 -extfile operator.ext -out operator.crt");
    command_run("chmod 600 operator.key");
}

static void make_device(const char *key, const char *usage)
{
    command_run("openssl genpkey %s -out device.key", key);
    command_run("printf 'keyUsage=%s\\nextendedKeyUsage=1.3.6.1.4.1.32473.1.1.5\\n' >device.ext",
                usage);
    command_run("openssl req -new -key device.key -out device.csr -subj '/CN=device'");
    command_run("openssl x509 -req -in device.csr -CA root.crt -CAkey root.key -days 20 "
                "-extfile device.ext -out device.crt");
    command_run("openssl x509 -in device.crt -outform DER -out device.der");
}

static void result_make(struct result *r)
{
    struct verify_why why;
    char crt[64], key[64];
    *r = (struct result){.about = {.nonce = {1, 2}}};
    snprintf(crt, sizeof crt, "%s", pki_path(&command_files, "operator", ".crt"));
    snprintf(key, sizeof key, "%s", pki_path(&command_files, "operator", ".key"));
    assert_ok(onboard_signer_open(crt, key, &r->signer, &why));
    assert_ok(onboard_operator_open(r->signer, &r->operator));
    r->certificate_n = command_load("device.der", r->certificate, sizeof r->certificate);
    assert_ok(device_id_parse(BYTES_LIT("device-1"), &r->about.id));
    assert_ok(plmn_parse(BYTES_LIT("001-01"), &r->about.plmn));
    r->profile = (struct certattach_profile){
        .keys = {.algorithm = AKA_MILENAGE, .k.n = 16, .opc.n = 16, .res_len = 8},
        .home = r->about.plmn,
        .policy = BINDING_LEARN,
        .n_apns = 1,
        .apns = {"internet"}};
    assert_ok(imsi_parse(BYTES_LIT("001010000500001"), &r->profile.imsi));
    assert_ok(certattach_ausf_draw(&crypto, &r->about.id, &r->profile.home, &r->profile.keys,
                                   r->about.nonce_1));
    assert_ok(certattach_ausf_protect(&crypto, onboard_operator_port(r->operator),
                                      (struct bytes){r->certificate, r->certificate_n}, &r->about,
                                      &r->profile, 2000000000, MBYTES_OF(r->room), &r->result));
    assert_ok(certattach_profile_write(&r->profile, r->plain, &r->plain_n));
}

static void result_drop(struct result *r)
{
    onboard_operator_close(r->operator);
    onboard_signer_close(r->signer);
}

/* The signer's certificate as it goes over the air, its chain, and its signature. */
static void command_takes_signature_and_chain(const struct result *r)
{
    uint8_t octets[CERTATTACH_SIGNED_MAX];
    struct bytes content;
    struct device_signature s = {.n = CERTATTACH_SIGNATURE_LEN};
    command_save("chain.der", onboard_signer_chain(r->signer));
    command_run("openssl x509 -inform DER -in chain.der -out chain.crt");
    command_run("openssl verify -x509_strict -CAfile root.crt chain.crt");
    command_run("openssl x509 -in chain.crt -noout -text | grep -q 1.3.6.1.4.1.32473.1.1.7");
    command_run("openssl x509 -in chain.crt -noout -checkhost epc.mnc001.mcc001.3gppnetwork.org "
                "| grep -q 'does match'");
    command_run("openssl x509 -in chain.crt -noout -pubkey >operator.pub");
    assert_ok(certattach_signed_content(&crypto, &r->about, r->result.expiry, r->result.box, octets,
                                        &content));
    memcpy(s.octets, r->result.signature.p, s.n);
    device_to_der(&s);
    command_save("content", content);
    command_save("signature", device_sig(&s));
    command_run("openssl dgst -sha256 -verify operator.pub -signature signature content");
    octets[content.n - 1] ^= 1;
    command_save("content", content);
    assert_false(
        command_good("openssl dgst -sha256 -verify operator.pub -signature signature content"));
}

/* With the secret in the file z. */
static void command_opens_the_box(const struct result *r, size_t sent_n)
{
    uint8_t aad[CERTATTACH_AAD_MAX];
    const struct bytes box = r->result.box;
    const size_t n = box.n - 1 - sent_n - CERTATTACH_TAG_LEN;
    command_save("cipher", (struct bytes){box.p + 1 + sent_n, n});
    command_open((struct bytes){box.p + 1, sent_n}, certattach_aad(&r->about, aad));
    command_has("mac", (struct bytes){box.p + box.n - CERTATTACH_TAG_LEN, CERTATTACH_TAG_LEN});
    command_has("plain", (struct bytes){r->plain, r->plain_n});
}

/*= test certattach-3c certattach-box certattach-bound-box certattach-signed certattach-operator */
static void the_command_opens_and_verifies_what_goes_to_a_key_on_p256(void **state)
{
    (void)state;
    static struct result r;
    make_operator();
    make_device("-algorithm EC -pkeyopt ec_paramgen_curve:P-256", "keyAgreement");
    result_make(&r);
    command_takes_signature_and_chain(&r);
    command_save_point("sent", (struct bytes){r.result.box.p + 1, 33});
    command_run("openssl pkeyutl -derive -inkey device.key -peerkey sent -out z");
    command_opens_the_box(&r, 33);
    result_drop(&r);
}

static void the_command_opens_and_verifies_what_goes_to_an_rsa_key(void **state)
{
    (void)state;
    static const unsigned bits[] = {2048, 3072};
    static struct result r;
    char label[2 * sizeof CERTATTACH_OAEP_LABEL + 1];
    hex_encode(BYTES_LIT(CERTATTACH_OAEP_LABEL), label);
    make_operator();
    for (size_t i = 0; i < 2; i++) {
        char key[64];
        snprintf(key, sizeof key, "-algorithm RSA -pkeyopt rsa_keygen_bits:%u", bits[i]);
        make_device(key, "keyEncipherment");
        result_make(&r);
        command_takes_signature_and_chain(&r);
        command_save("sent", (struct bytes){r.result.box.p + 1, bits[i] / 8});
        command_run("openssl pkeyutl -decrypt -inkey device.key -in sent -out z " COMMAND_OAEP "%s",
                    label);
        command_opens_the_box(&r, bits[i] / 8);
        result_drop(&r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_specification_the_command_and_we_agree),
        cmocka_unit_test(the_command_opens_and_verifies_what_goes_to_a_key_on_p256),
        cmocka_unit_test(the_command_opens_and_verifies_what_goes_to_an_rsa_key),
    };
    return cmocka_run_group_tests_name("nf/onboard command", tests, setup, teardown);
}
