/* net/lot_key.h against the openssl command: each opens what the other encrypts, and a key that it
 * made is a lot's. */
#include "net/lot_key.h"

#include "lib/check.h"

#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char folder[32];

static const char *path_of(const char *name)
{
    static char path[64];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static int folder_up(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/lot-key-XXXXXX");
    return mkdtemp(folder) != NULL ? 0 : -1;
}

static int folder_down(void **state)
{
    (void)state;
    char command[64];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command);
}

static void run(const char *command)
{
    char line[600];
    snprintf(line, sizeof line, "cd '%s' && { %.500s; } >log 2>&1", folder, command);
    assert_int_equal(system(line), 0);
}

static void save(const char *name, struct bytes in)
{
    FILE *f = fopen(path_of(name), "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(in.p, 1, in.n, f), in.n);
    fclose(f);
}

static size_t load(const char *name, struct mbytes out)
{
    FILE *f = fopen(path_of(name), "rb");
    assert_non_null(f);
    size_t n = fread(out.p, 1, out.n, f);
    fclose(f);
    return n;
}

static size_t prime_of(const EVP_PKEY *pkey, const char *name, uint8_t *out)
{
    BIGNUM *n = NULL;
    assert_int_equal(EVP_PKEY_get_bn_param(pkey, name, &n), 1);
    const int len = BN_bn2bin(n, out);
    BN_free(n);
    return (size_t)len;
}

static struct lot_key *key_of_command(void)
{
    enum lot_key_fault fault;
    struct lot_key *key = NULL;
    uint8_t p[LOT_KEY_PRIME_MAX], q[LOT_KEY_PRIME_MAX];
    run("openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out key && "
        "openssl pkey -in key -pubout -out pub");
    FILE *f = fopen(path_of("key"), "r");
    assert_non_null(f);
    EVP_PKEY *pkey = PEM_read_PrivateKey(f, NULL, NULL, NULL);
    fclose(f);
    assert_non_null(pkey);
    const struct bytes ps = {p, prime_of(pkey, "rsa-factor1", p)};
    const struct bytes qs = {q, prime_of(pkey, "rsa-factor2", q)};
    assert_ok(lot_key_of_primes(ps, qs, &fault, &key));
    EVP_PKEY_free(pkey);
    return key;
}

#define OAEP                                                                                       \
    " -pkeyopt rsa_padding_mode:oaep -pkeyopt rsa_oaep_md:sha256 -pkeyopt rsa_mgf1_md:sha256"      \
    " -pkeyopt rsa_oaep_label:6c6162656c"

/*= test kme-padding kme-primes */
static void each_opens_what_the_other_encrypts(void **state)
{
    (void)state;
    uint8_t box[LOT_KEY_MODULUS_MAX], out[112], plain[112];
    struct lot_key *key = key_of_command();
    memset(plain, 0x61, sizeof plain);
    save("plain", BYTES_OF(plain));
    run("openssl pkeyutl -encrypt -pubin -inkey pub -in plain -out box" OAEP);
    const size_t n = load("box", MBYTES_OF(box));
    assert_ok(lot_key_open(key, (struct bytes){box, n}, BYTES_LIT("label"), MBYTES_OF(out)));
    assert_memory_equal(out, plain, sizeof out);
    assert_ok(lot_key_encrypt(lot_key_modulus(key), BYTES_LIT("label"), BYTES_OF(plain), box));
    save("box", (struct bytes){box, lot_key_modulus(key).n});
    run("openssl pkeyutl -decrypt -inkey key -in box -out back" OAEP " && cmp plain back");
    lot_key_close(key);
}

/* With SHA-1 in either place, and with another padding, it does not open. */
/*= test kme-padding */
static void another_padding_is_refused(void **state)
{
    (void)state;
    static const char *const commands[] = {
        ("openssl pkeyutl -encrypt -pubin -inkey pub -in plain -out box -pkeyopt "
         "rsa_padding_mode:oaep -pkeyopt rsa_oaep_md:sha1 -pkeyopt rsa_mgf1_md:sha256 -pkeyopt "
         "rsa_oaep_label:6c6162656c"),
        ("openssl pkeyutl -encrypt -pubin -inkey pub -in plain -out box -pkeyopt "
         "rsa_padding_mode:oaep -pkeyopt rsa_oaep_md:sha256 -pkeyopt rsa_mgf1_md:sha1 -pkeyopt "
         "rsa_oaep_label:6c6162656c"),
        ("openssl pkeyutl -encrypt -pubin -inkey pub -in plain -out box -pkeyopt "
         "rsa_padding_mode:pkcs1"),
    };
    uint8_t box[LOT_KEY_MODULUS_MAX], out[112], plain[112] = {1};
    struct lot_key *key = key_of_command();
    save("plain", BYTES_OF(plain));
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        run(commands[i]);
        const size_t n = load("box", MBYTES_OF(box));
        assert_err(lot_key_open(key, (struct bytes){box, n}, BYTES_LIT("label"), MBYTES_OF(out)),
                   E_BAD_MAC);
    }
    lot_key_close(key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_opens_what_the_other_encrypts),
        cmocka_unit_test(another_padding_is_refused),
    };
    return cmocka_run_group_tests_name("net/lot_key and the openssl command", tests, folder_up,
                                       folder_down);
}
