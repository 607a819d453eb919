/* The openssl command as an operator: what it issues, signs and encrypts, a device takes; in both
 * forms, by proc/certattach.h over device/linux/onboard_openssl.h. */
#include "net/command.h"

#include "crypto/openssl.h"
#include "device/linux/onboard_openssl.h"
#include "device/linux/signer_openssl.h"
#include "net/device_key.h"
#include "proc/certattach_parts.h"

#include <time.h>

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

static void make_operator(void)
{
    command_run("openssl req -x509 -newkey rsa:2048 -nodes -days 30 -keyout root.key "
                "-out root.crt -subj '/CN=provisioning root'");
    command_run("printf 'keyUsage=critical,digitalSignature\\n"
                "extendedKeyUsage=1.3.6.1.4.1.32473.1.1.7\\n"
                "subjectAltName=DNS:epc.mnc001.mcc001.3gppnetwork.org\\n' >operator.ext");
    command_run("openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes "
                "-keyout operator.key -out operator.csr -subj '/CN=operator'");
    command_run("openssl x509 -req -in operator.csr -CA root.crt -CAkey root.key -CAcreateserial "
                "-days 20 -extfile operator.ext -out operator.crt");
    command_run("openssl x509 -in operator.crt -outform DER -out operator.der");
    command_run("openssl x509 -in root.crt -outform DER -out root.der");
}

struct device {
    uint8_t key[ONBOARD_KEY_MAX], root[4096], operator[4096];
    struct onboard_openssl own;
    struct certattach_device_port port;
    struct device_id id;
    struct certattach_asked asked;
    uint8_t box[CERTATTACH_BOX_MAX], signature[64];
    struct certattach_result result;
    struct certattach_profile profile, taken;
    struct certattach_about about;
};

/* A device with this key, asking. */
static void device_open(struct device *d, const char *key)
{
    struct certattach_request request;
    memset(d, 0, sizeof *d);
    command_run("openssl genpkey %s -out device.key", key);
    command_run("openssl pkcs8 -topk8 -nocrypt -in device.key -outform DER -out device.der");
    command_run("openssl pkey -in device.key -pubout -out device.pub");
    const size_t n = command_load("device.der", d->key, sizeof d->key);
    const struct bytes root = {d->root, command_load("root.der", d->root, sizeof d->root)};
    d->own = (struct onboard_openssl){.key = {d->key, n}, .at = (int64_t)time(NULL)};
    assert_ok(onboard_openssl_roots(&root, 1, &d->own.roots));
    assert_ok(onboard_openssl_port(&d->own, &d->port));
    struct certattach_device factory = {.url = BYTES_LIT("https://ca.example.org/DeviceID=d-1")};
    assert_ok(imei_parse(BYTES_LIT("35693803564380"), &factory.imei));
    assert_ok(plmn_parse(BYTES_LIT("001-01"), &d->about.plmn));
    assert_ok(certattach_url_id(factory.url, &d->id));
    assert_ok(certattach_device_ask(&crypto, &factory, &d->about.plmn, NULL, &d->asked, &request));
    d->about.id = d->id;
    memcpy(d->about.nonce, request.nonce, sizeof d->about.nonce);
    d->profile = (struct certattach_profile){
        .keys = {.algorithm = AKA_MILENAGE, .k.n = 16, .opc.n = 16, .res_len = 8},
        .home = d->about.plmn};
    assert_ok(imsi_parse(BYTES_LIT("001010000500001"), &d->profile.imsi));
    assert_ok(certattach_ausf_draw(&crypto, &d->id, &d->profile.home, &d->profile.keys,
                                   d->about.nonce_1));
}

/* The command encrypts as it decrypts (CTR), and its MAC is over what comes out. */
static void command_seals(struct device *d, enum certattach_form form, struct bytes sent)
{
    uint8_t aad[CERTATTACH_AAD_MAX], plain[CERTATTACH_PROFILE_MAX];
    const struct bytes info = certattach_aad(&d->about, aad);
    size_t n;
    assert_ok(certattach_profile_write(&d->profile, plain, &n));
    command_save("cipher", (struct bytes){plain, n});
    command_open(sent, info);
    command_run("cp plain cipher");
    command_open(sent, info);
    command_has("plain", (struct bytes){plain, n});
    d->box[0] = (uint8_t)form;
    memcpy(d->box + 1, sent.p, sent.n);
    size_t at = 1 + sent.n;
    command_run("cp cipher box");
    at += command_load("box", d->box + at, sizeof d->box - at);
    at += command_load("mac", d->box + at, sizeof d->box - at);
    d->result.box = (struct bytes){d->box, at};
}

static void command_signs(struct device *d)
{
    uint8_t octets[CERTATTACH_SIGNED_MAX];
    struct bytes content;
    struct device_signature s;
    d->result.expiry = d->own.at + 60;
    memcpy(d->result.nonce_1, d->about.nonce_1, sizeof d->result.nonce_1);
    d->result.certificates =
        (struct bytes){d->operator, command_load("operator.der", d->operator, sizeof d->operator)};
    assert_ok(certattach_signed_content(&crypto, &d->about, d->result.expiry, d->result.box, octets,
                                        &content));
    command_save("content", content);
    command_run("openssl dgst -sha256 -sign operator.key -out signature content");
    s.n = command_load("signature", s.octets, sizeof s.octets);
    device_to_raw(&s, 32);
    memcpy(d->signature, s.octets, sizeof d->signature);
    d->result.signature = BYTES_OF(d->signature);
}

static enum certattach_refusal device_takes(struct device *d)
{
    uint8_t room[CERTATTACH_PROFILE_MAX];
    return certattach_device_take(&crypto, &d->port, &d->id, &d->result, MBYTES_OF(room), &d->asked,
                                  &d->taken);
}

/* Not before each octet is right. */
static void device_takes_it_once(struct device *d)
{
    d->box[d->result.box.n / 2] ^= 1;
    assert_int_equal(device_takes(d), CERTATTACH_REFUSED_SIGNATURE);
    d->box[d->result.box.n / 2] ^= 1;
    assert_int_equal(device_takes(d), CERTATTACH_REFUSED_NONE);
    assert_true(imsi_eq(&d->taken.imsi, &d->profile.imsi));
    assert_memory_equal(d->taken.keys.k.b, d->profile.keys.k.b, 16);
    assert_memory_equal(d->taken.keys.opc.b, d->profile.keys.opc.b, 16);
    assert_int_equal(device_takes(d), CERTATTACH_REFUSED_NOT_ASKED);
    onboard_openssl_roots_free(d->own.roots);
}

/*= test certattach-box certattach-bound-box certattach-signed certattach-operator */
static void a_device_with_a_key_on_p256_takes_what_the_command_made(void **state)
{
    (void)state;
    static struct device d;
    uint8_t spki[91], sent[33];
    make_operator();
    device_open(&d, "-algorithm EC -pkeyopt ec_paramgen_curve:P-256");
    command_run("openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out fresh.key");
    command_run("openssl pkeyutl -derive -inkey fresh.key -peerkey device.pub -out z");
    command_run("openssl pkey -in fresh.key -pubout -outform DER -out fresh.der");
    assert_int_equal(command_load("fresh.der", spki, sizeof spki), sizeof spki);
    sent[0] = (uint8_t)(2 | (spki[90] & 1));
    memcpy(sent + 1, spki + 27, 32);
    command_seals(&d, CERTATTACH_EC, BYTES_OF(sent));
    command_signs(&d);
    device_takes_it_once(&d);
}

static void a_device_with_an_rsa_key_takes_what_the_command_made(void **state)
{
    (void)state;
    static struct device d;
    uint8_t sent[CERTATTACH_SENT_MAX];
    char label[2 * sizeof CERTATTACH_OAEP_LABEL + 1];
    hex_encode(BYTES_LIT(CERTATTACH_OAEP_LABEL), label);
    make_operator();
    device_open(&d, "-algorithm RSA -pkeyopt rsa_keygen_bits:2048");
    command_run("openssl rand -out z 32");
    command_run("openssl pkeyutl -encrypt -pubin -inkey device.pub -in z -out sent " COMMAND_OAEP
                "%s",
                label);
    assert_int_equal(command_load("sent", sent, sizeof sent), 256);
    command_seals(&d, CERTATTACH_RSA, (struct bytes){sent, 256});
    command_signs(&d);
    device_takes_it_once(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_device_with_a_key_on_p256_takes_what_the_command_made),
        cmocka_unit_test(a_device_with_an_rsa_key_takes_what_the_command_made),
    };
    return cmocka_run_group_tests_name("device/linux/onboard command", tests, setup, teardown);
}
