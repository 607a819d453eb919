/* proc/dimsi.h, steps 1 and 5 to 10: output_1 and output_2, what the device makes of them, and the
 * keys that come from eK (src/proc/dimsi_ausf.c, src/proc/dimsi_se.c, "proc/dimsi_parts.h"). All of
 * it is computed once more by libcrypto alone. */
#include "proc/dimsi_rig.h"

#include "crypto/kdf.h"
#include "proc/aka.h"

static struct crypto crypto;
static struct dimsi_slot slot;
static struct imsi imsi;
static struct dimsi_challenge challenge;

static int setup(void **state)
{
    (void)state;
    assert_ok(crypto_openssl_open(&crypto));
    slot = (struct dimsi_slot){.dimsi = drig_imsi(DRIG_DIMSI), .arpf = drig_name("a")};
    for (size_t i = 0; i < DIMSI_EK_LEN; i++) {
        slot.ek.b[i] = (uint8_t)(0xe0 + i);
    }
    imsi = drig_imsi(DRIG_IMSI);
    return dimsi_ausf_challenge(&crypto, &slot.ek, &slot.dimsi, &imsi, &challenge) == E_OK ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    crypto_openssl_close(&crypto);
    return 0;
}

static const char *take(const struct dimsi_slot *s, const struct rand128 *rand,
                        const struct autn *autn, struct dimsi_answer *out)
{
    static const struct dimsi_answer zeros;
    memset(out, 0x5c, sizeof *out);
    const enum dimsi_outcome o = dimsi_se_challenge(&crypto, s, rand, autn, out);
    if (o > DIMSI_OUTCOME_REPEATED) {
        assert_memory_equal(out, &zeros, sizeof zeros);
    }
    return dimsi_outcome_name(o);
}

/* ---- once more, by libcrypto ---- */

static void hmac(struct bytes key, struct bytes in, uint8_t out[static 32])
{
    size_t n = 32;
    assert_non_null(
        EVP_Q_mac(NULL, "HMAC", NULL, "SHA256", NULL, key.p, key.n, in.p, in.n, out, 32, &n));
}

/* HMAC over the label and the items, each with its length in two octets; the first n octets. */
static void from_ek(const char *label, const struct bytes *items, size_t n_items, uint8_t *out,
                    size_t n)
{
    uint8_t text[128], made[32];
    struct wr w = wr_of(MBYTES_OF(text));
    wr_be16(&w, (uint16_t)strlen(label));
    wr_put(&w, bytes_of_str(label));
    for (size_t i = 0; i < n_items; i++) {
        wr_be16(&w, (uint16_t)items[i].n);
        wr_put(&w, items[i]);
    }
    hmac(BYTES_OF(slot.ek.b), wr_done(&w), made);
    memcpy(out, made, n);
}

static void encrypt(const uint8_t key[static 16], const uint8_t in[static 16],
                    uint8_t out[static 16])
{
    int n = 0;
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    assert_int_equal(EVP_EncryptInit_ex(ctx, EVP_aes_128_ecb(), NULL, key, NULL), 1);
    assert_int_equal(EVP_CIPHER_CTX_set_padding(ctx, 0), 1);
    assert_int_equal(EVP_EncryptUpdate(ctx, out, &n, in, 16), 1);
    EVP_CIPHER_CTX_free(ctx);
}

static void cmac(const uint8_t key[static 16], const uint8_t in[static 16], uint8_t out[static 16])
{
    size_t n = 16;
    assert_non_null(
        EVP_Q_mac(NULL, "CMAC", NULL, "AES-128-CBC", NULL, key, 16, in, 16, out, 16, &n));
}

/* The identities as they stand in keys and in RAND: 901700000000001 and 001010000700001. */
static const uint8_t dimsi_octets[8] = {0x09, 0x71, 0x00, 0x00, 0x00, 0x00, 0x00, 0xf1},
                     imsi_octets[8] = {0x00, 0x01, 0x01, 0x00, 0x70, 0x00, 0x00, 0xf1};

/*= test dimsi-1-outputs dimsi-separation */
static void output_1_and_output_2_are_what_libcrypto_makes_of_them(void **state)
{
    (void)state;
    const struct bytes with = BYTES_OF(dimsi_octets);
    uint8_t ekc[16], eki[16], plain[16], want[16];
    memcpy(plain, imsi_octets, 8);
    memcpy(plain + 8,
           "\x01"
           "dIMSI\x5a\xa5",
           8);
    from_ek("dimsi ekc", &with, 1, ekc, 16);
    encrypt(ekc, plain, want);
    assert_memory_equal(challenge.rand.b, want, 16);
    from_ek("dimsi eki", &with, 1, eki, 16);
    cmac(eki, plain, want);
    want[6] = 0x80;
    want[7] = 0x00;
    assert_memory_equal(challenge.autn.b, want, 16);
}

/*= test dimsi-first-keys */
static void res_ck_and_ik_come_from_ek_and_rand(void **state)
{
    (void)state;
    const struct bytes with = BYTES_OF(challenge.rand.b);
    uint8_t want[16];
    from_ek("dimsi res", &with, 1, want, 8);
    assert_int_equal(challenge.xres.n, 8);
    assert_memory_equal(challenge.xres.b, want, 8);
    from_ek("dimsi ck", &with, 1, want, 16);
    assert_memory_equal(challenge.ck.b, want, 16);
    from_ek("dimsi ik", &with, 1, want, 16);
    assert_memory_equal(challenge.ik.b, want, 16);
}

/*= test dimsi-second-keys */
static void k_and_opc_come_from_ek_dimsi_and_imsi(void **state)
{
    (void)state;
    const struct bytes with[] = {BYTES_OF(dimsi_octets), BYTES_OF(imsi_octets)};
    struct aka_keys keys, other;
    uint8_t want[16];
    assert_ok(dimsi_aka_keys(&crypto, &slot.ek, &slot.dimsi, &imsi, &keys));
    assert_ok(aka_keys_check(&keys));
    assert_int_equal(keys.algorithm, AKA_MILENAGE);
    from_ek("dimsi k", with, 2, want, 16);
    assert_memory_equal(keys.k.b, want, 16);
    from_ek("dimsi opc", with, 2, want, 16);
    assert_memory_equal(keys.opc.b, want, 16);
    const struct imsi another = drig_imsi("001010000700002");
    assert_ok(dimsi_aka_keys(&crypto, &slot.ek, &slot.dimsi, &another, &other));
    assert_memory_not_equal(keys.k.b, other.k.b, 16);
    assert_memory_not_equal(keys.opc.b, other.opc.b, 16);
}

/* KASME for each network that asks, and it is the one that the device computes of its answer. */
static void kasme_is_of_the_serving_network(void **state)
{
    (void)state;
    static const uint8_t networks[2][3] = {{0x00, 0xf1, 0x10}, {0x62, 0xf2, 0x20}};
    struct key_kasme ours[2], theirs;
    struct dimsi_answer a;
    assert_string_equal(take(&slot, &challenge.rand, &challenge.autn, &a), "install");
    for (size_t i = 0; i < 2; i++) {
        assert_ok(dimsi_dausf_kasme(&crypto, &challenge, networks[i], &ours[i]));
        assert_ok(kdf_kasme(&crypto, &a.ck, &a.ik, networks[i], challenge.autn.b, &theirs));
        assert_memory_equal(ours[i].b, theirs.b, sizeof theirs.b);
    }
    assert_memory_not_equal(ours[0].b, ours[1].b, sizeof ours[0].b);
}

/* ---- the device ---- */

/*= test dimsi-7-integrity dimsi-7-replace dimsi-repeat */
static void the_device_finds_its_imsi_and_answers(void **state)
{
    (void)state;
    struct dimsi_answer a;
    struct dimsi_slot s = slot;
    const struct dimsi_slot before = s;
    assert_string_equal(take(&s, &challenge.rand, &challenge.autn, &a), "install");
    assert_true(imsi_eq(&a.imsi, &imsi));
    assert_memory_equal(a.res.b, challenge.xres.b, 8);
    assert_int_equal(a.res.n, 8);
    assert_memory_equal(a.ck.b, challenge.ck.b, 16);
    assert_memory_equal(a.ik.b, challenge.ik.b, 16);
    assert_memory_equal(&s, &before, sizeof s);
    s.installed = true;
    s.imsi = imsi;
    for (unsigned i = 0; i < 3; i++) {
        assert_string_equal(take(&s, &challenge.rand, &challenge.autn, &a), "repeated");
        assert_memory_equal(a.res.b, challenge.xres.b, 8);
    }
}

/*= test dimsi-7-integrity */
static void no_bit_of_rand_or_autn_can_be_another_one(void **state)
{
    (void)state;
    struct dimsi_answer a;
    struct rand128 rand = challenge.rand;
    struct autn autn = challenge.autn;
    for (size_t bit = 0; bit < 128; bit++) {
        rand.b[bit / 8] ^= (uint8_t)(1U << bit % 8);
        assert_string_equal(take(&slot, &rand, &challenge.autn, &a), "integrity");
        assert_string_equal(take(&slot, &rand, NULL, &a), "ctv");
        rand.b[bit / 8] ^= (uint8_t)(1U << bit % 8);
        autn.b[bit / 8] ^= (uint8_t)(1U << bit % 8);
        assert_string_equal(take(&slot, &challenge.rand, &autn, &a), "integrity");
        autn.b[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
}

/*= test dimsi-7-ctv */
static void without_autn_the_constant_is_what_is_verified(void **state)
{
    (void)state;
    struct dimsi_answer a;
    assert_string_equal(take(&slot, &challenge.rand, NULL, &a), "install");
    assert_true(imsi_eq(&a.imsi, &imsi));
    assert_memory_equal(a.res.b, challenge.xres.b, 8);
}

/* Somebody who has eK and leaves the form: the tag holds, and it is refused all the same. */
static void crafted(const uint8_t plain[static 16], struct rand128 *rand, struct autn *autn)
{
    const struct bytes with = BYTES_OF(dimsi_octets);
    uint8_t key[16];
    from_ek("dimsi ekc", &with, 1, key, 16);
    encrypt(key, plain, rand->b);
    from_ek("dimsi eki", &with, 1, key, 16);
    cmac(key, plain, autn->b);
    autn->b[6] = 0x80;
    autn->b[7] = 0x00;
}

static void what_rand_brings_is_the_constant_and_an_imsi(void **state)
{
    (void)state;
    struct dimsi_answer a;
    struct rand128 rand;
    struct autn autn;
    uint8_t plain[16];
    memcpy(plain, imsi_octets, 8);
    memcpy(plain + 8, DIMSI_CTV, 8);
    crafted(plain, &rand, &autn);
    assert_string_equal(take(&slot, &rand, &autn, &a), "install");
    for (size_t bit = 64; bit < 128; bit++) {
        plain[bit / 8] ^= (uint8_t)(1U << bit % 8);
        crafted(plain, &rand, &autn);
        assert_string_equal(take(&slot, &rand, &autn, &a), "ctv");
        assert_string_equal(take(&slot, &rand, NULL, &a), "ctv");
        plain[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    plain[0] = 0x0a; /* no digit */
    crafted(plain, &rand, &autn);
    assert_string_equal(take(&slot, &rand, &autn, &a), "imsi-unreadable");
    memset(plain, 0xff, 8);
    crafted(plain, &rand, &autn);
    assert_string_equal(take(&slot, &rand, &autn, &a), "imsi-unreadable");
    assert_string_equal(take(&slot, &rand, NULL, &a), "imsi-unreadable");
}

/*= test dimsi-other-imsi dimsi-repeat dimsi-erase */
static void under_one_ek_there_is_one_imsi_and_after_it_none(void **state)
{
    (void)state;
    struct dimsi_answer a;
    struct dimsi_challenge second;
    struct dimsi_slot s = slot;
    const struct imsi another = drig_imsi("001010000700002");
    assert_ok(dimsi_ausf_challenge(&crypto, &s.ek, &s.dimsi, &another, &second));
    assert_string_equal(take(&s, &second.rand, &second.autn, &a), "install");
    s.installed = true;
    s.imsi = imsi;
    assert_string_equal(take(&s, &second.rand, &second.autn, &a), "other-imsi");
    assert_string_equal(take(&s, &second.rand, NULL, &a), "other-imsi");
    s.erased = true;
    memset(&s.ek, 0, sizeof s.ek);
    assert_string_equal(take(&s, &challenge.rand, &challenge.autn, &a), "erased");
    assert_string_equal(take(&s, &second.rand, &second.autn, &a), "erased");
}

static void another_dimsi_or_another_ek_is_another_secret(void **state)
{
    (void)state;
    struct dimsi_answer a;
    struct dimsi_slot s = slot;
    s.dimsi = drig_imsi("901700000000002");
    assert_string_equal(take(&s, &challenge.rand, &challenge.autn, &a), "integrity");
    for (size_t i = 0; i < sizeof s.ek.b; i++) {
        s = slot;
        s.ek.b[i] ^= 1;
        assert_string_equal(take(&s, &challenge.rand, &challenge.autn, &a), "integrity");
        assert_string_equal(take(&s, &challenge.rand, NULL, &a), "ctv");
    }
}

/*= test dimsi-binding-apart dimsi-separation */
static void the_amf_says_a_regular_challenge_for_every_imsi(void **state)
{
    (void)state;
    struct dimsi_challenge made;
    for (unsigned i = 0; i < 300; i++) {
        char digits[16];
        snprintf(digits, sizeof digits, "0010100007%05u", i);
        const struct imsi one = drig_imsi(digits);
        assert_ok(dimsi_ausf_challenge(&crypto, &slot.ek, &slot.dimsi, &one, &made));
        assert_int_equal(autn_amf(&made.autn), AMF_SEPARATION_BIT);
    }
}

/* ---- when the library fails ---- */

static void a_library_that_fails_at_any_call_lets_nothing_out(void **state)
{
    (void)state;
    struct failing f;
    struct dimsi_challenge made, zeros = {.xres.n = 0};
    struct aka_keys keys = {.res_len = 77};
    struct dimsi_answer a;
    enum err err = E_CRYPTO;
    for (unsigned at = 1; err != E_OK; at++) {
        assert_in_range(at, 1, 20);
        failing_open(&f, &crypto, at);
        memset(&made, 0, sizeof made);
        err = dimsi_ausf_challenge(&f.table, &slot.ek, &slot.dimsi, &imsi, &made);
        assert_true(err == E_OK || (err == E_CRYPTO && memcmp(&made, &zeros, sizeof made) == 0));
    }
    for (unsigned at = 1; at <= 2; at++) {
        failing_open(&f, &crypto, at);
        assert_err(dimsi_aka_keys(&f.table, &slot.ek, &slot.dimsi, &imsi, &keys), E_CRYPTO);
        assert_int_equal(keys.res_len, 77);
    }
    enum dimsi_outcome o = DIMSI_OUTCOME_BROKEN;
    for (unsigned at = 1; o != DIMSI_OUTCOME_INSTALL; at++) {
        assert_in_range(at, 1, 20);
        failing_open(&f, &crypto, at);
        o = dimsi_se_challenge(&f.table, &slot, &challenge.rand, &challenge.autn, &a);
        assert_true(o == DIMSI_OUTCOME_INSTALL || (o == DIMSI_OUTCOME_BROKEN && a.res.n == 0));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(output_1_and_output_2_are_what_libcrypto_makes_of_them),
        cmocka_unit_test(res_ck_and_ik_come_from_ek_and_rand),
        cmocka_unit_test(k_and_opc_come_from_ek_dimsi_and_imsi),
        cmocka_unit_test(kasme_is_of_the_serving_network),
        cmocka_unit_test(the_device_finds_its_imsi_and_answers),
        cmocka_unit_test(no_bit_of_rand_or_autn_can_be_another_one),
        cmocka_unit_test(without_autn_the_constant_is_what_is_verified),
        cmocka_unit_test(what_rand_brings_is_the_constant_and_an_imsi),
        cmocka_unit_test(under_one_ek_there_is_one_imsi_and_after_it_none),
        cmocka_unit_test(another_dimsi_or_another_ek_is_another_secret),
        cmocka_unit_test(the_amf_says_a_regular_challenge_for_every_imsi),
        cmocka_unit_test(a_library_that_fails_at_any_call_lets_nothing_out),
    };
    return cmocka_run_group_tests_name("proc/dimsi challenge", tests, setup, teardown);
}
