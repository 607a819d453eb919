/* net/verify_proof.h against the openssl command: each takes what the other takes. */
#include "net/device_key.h"
#include "net/pki.h"

#include "net/verify_proof.h"

#define CONTENT_LIT BYTES_LIT("what a device signs: an IMEI, a nonce, a channel")

static enum err verify_with(struct proof_tools *tools, const struct device_key *k,
                            const struct device_signature *s)
{
    return proof_verify(tools, k->kind, device_spki(k), CONTENT_LIT, device_sig(s));
}

static struct pki files;

static void run(bool good, const char *command)
{
    char line[400];
    snprintf(line, sizeof line, "cd '%.60s' && { %.300s; } >log 2>&1", files.dir, command);
    assert_int_equal(system(line) == 0, good);
}

static size_t load(const char *name, uint8_t *out, size_t room)
{
    FILE *f = fopen(pki_path(&files, name, ""), "rb");
    assert_non_null(f);
    size_t n = fread(out, 1, room, f);
    fclose(f);
    return n;
}

static void save(const char *name, struct bytes in)
{
    FILE *f = fopen(pki_path(&files, name, ""), "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(in.p, 1, in.n, f), in.n);
    fclose(f);
}

#define PSS "-sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:32 -sigopt rsa_mgf1_md:sha256"
static const struct {
    const char *make, *sign, *verify;
} commands[DEVICE_KINDS] = {
    {"openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out key",
     "openssl dgst -sha256 -sign key -out sig content",
     "openssl dgst -sha256 -verify pub -signature sig content"},
    {"openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384 -out key",
     "openssl dgst -sha384 -sign key -out sig content",
     "openssl dgst -sha384 -verify pub -signature sig content"},
    {"openssl genpkey -algorithm ED25519 -out key",
     "openssl pkeyutl -sign -rawin -inkey key -in content -out sig",
     "openssl pkeyutl -verify -rawin -pubin -inkey pub -in content -sigfile sig"},
    {"openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out key",
     "openssl dgst -sha256 -sign key " PSS " -out sig content",
     "openssl dgst -sha256 -verify pub " PSS " -signature sig content"},
};

static void save_signature(const struct device_signature *s, enum verify_key_kind kind)
{
    struct device_signature out = *s;
    if (kind == VERIFY_KEY_P256 || kind == VERIFY_KEY_P384) {
        device_to_der(&out);
    }
    save("sig", device_sig(&out));
}

static void the_openssl_command_signs_what_we_take_and_takes_what_we_take(void **state)
{
    (void)state;
    struct proof_tools *tools = NULL;
    assert_ok(proof_tools_open(0, &tools));
    pki_open(&files);
    save("content", CONTENT_LIT);
    for (unsigned i = 0; i < DEVICE_KINDS; i++) {
        struct device_key k = {.kind = (enum verify_key_kind)i};
        struct device_signature s;
        run(true, commands[i].make);
        run(true, "openssl pkey -in key -pubout -out pub");
        run(true, "openssl pkey -in key -pubout -outform DER -out der");
        run(true, commands[i].sign);
        k.spki_n = load("der", k.spki, sizeof k.spki);
        s.n = load("sig", s.octets, sizeof s.octets);
        if (i == VERIFY_KEY_P256 || i == VERIFY_KEY_P384) {
            device_to_raw(&s, i == VERIFY_KEY_P256 ? 32 : 48);
        }
        assert_ok(verify_with(tools, &k, &s));
        s.octets[s.n / 2] ^= 1;
        save_signature(&s, k.kind);
        run(false, commands[i].verify);
        assert_err(verify_with(tools, &k, &s), E_BAD_MAC);
        device_make(&k, (enum verify_key_kind)i); /* now one that the library made */
        device_sign(&k, CONTENT_LIT, &s);
        assert_ok(verify_with(tools, &k, &s));
        save("der", device_spki(&k));
        save_signature(&s, k.kind);
        run(true, "openssl pkey -pubin -inform DER -in der -pubout -out pub");
        run(true, commands[i].verify);
        device_drop(&k);
    }
    pki_close(&files);
    proof_tools_close(tools);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_openssl_command_signs_what_we_take_and_takes_what_we_take)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
