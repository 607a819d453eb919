/* How emulated devices prove their IMEIs, and how they fail to: src/emulator/command_key.c,
 * src/emulator/population.c, and the options of src/emulator/options.c for it. */
#include "device/test_key.h"
#include "emulator/desk.h"
#include "emulator/identities.h"

const char *argp_program_version = "bindery-ue of a test";

static struct test_key key_in(const struct desk *d)
{
    struct device_state state;
    struct device_why why;
    struct test_key k;
    memset(&k, 0, sizeof k);
    assert_ok(device_state_load(d->device + strlen("--device="), &state, &why));
    k.algorithm = state.identity.algorithm;
    k.n = state.identity.n;
    memcpy(k.der, state.identity.der, k.n);
    if (k.n > 0) {
        assert_ok(signer_openssl_public((struct bytes){k.der, k.n}, k.spki, &k.spki_n));
    }
    device_state_wipe(&state);
    return k;
}

/* Does the proof of the seed's i-th device verify with this key? */
static bool holds(struct desk *d, unsigned i, const struct test_key *k)
{
    struct mme *m = &d->s->mme;
    const struct mme_ue *u = &m->ue[i];
    uint8_t content[DEVID_CONTENT_LEN];
    assert_true(u->has_proof);
    mme_content(m, u, &u->proof.imei, content);
    return u->proof.algorithm == k->algorithm &&
           test_verify(NULL, u->proof.algorithm, false, (struct bytes){k->spki, k->spki_n},
                       BYTES_OF(content), (struct bytes){u->proof.signature, u->proof.n}) == E_OK;
}

static struct desk *proving(void **state)
{
    struct desk *d = *state;
    make_device(d);
    d->s->mme.asks_proof = true;
    return d;
}

/* ---- the key ---- */

/*= test devid-key */
static void a_key_is_made_in_the_device_and_its_public_half_said(void **state)
{
    struct desk *d = proving(state);
    struct stat st;
    char pem[SIGNER_PEM_MAX];
    assert_int_equal(CALL("key", d->device), UE_DONE);
    struct test_key k = key_in(d);
    assert_int_equal(k.algorithm, DEVID_ECDSA_P256);
    assert_ok(signer_openssl_public_pem((struct bytes){k.spki, k.spki_n}, pem));
    assert_string_equal(said, pem);
    assert_int_equal(stat(d->device + strlen("--device="), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(CALL("key", d->device, "--show"), UE_DONE);
    assert_string_equal(said, pem);
    assert_int_equal(CALL("identity", d->device), UE_DONE);
    has("Proof  ecdsa-p256");
}

static void a_key_that_is_there_is_replaced_on_demand_only(void **state)
{
    struct desk *d = proving(state);
    assert_int_equal(CALL("key", d->device, "--algorithm=ed25519"), UE_DONE);
    const struct test_key first = key_in(d);
    assert_int_equal(first.algorithm, DEVID_ED25519);
    assert_int_equal(CALL("key", d->device), UE_REFUSED);
    has("the device has a key (ed25519)");
    struct test_key now = key_in(d);
    assert_memory_equal(now.der, first.der, first.n);
    assert_int_equal(CALL("key", d->device, "--replace"), UE_DONE);
    now = key_in(d);
    assert_int_equal(now.algorithm, DEVID_ECDSA_P256);
}

static void the_public_half_is_a_row_for_a_repository(void **state)
{
    struct desk *d = proving(state);
    char base64[SIGNER_PEM_MAX];
    assert_int_equal(CALL("key", d->device, "--json"), UE_DONE);
    const struct test_key k = key_in(d);
    (void)EVP_EncodeBlock((unsigned char *)base64, k.spki, (int)k.spki_n);
    json_t *o = json_loads(said, 0, NULL);
    assert_int_equal(json_object_size(o), 3);
    assert_string_equal(json_string_value(json_object_get(o, "imei")), "001017000000003");
    assert_string_equal(json_string_value(json_object_get(o, "use")), "identity");
    assert_string_equal(json_string_value(json_object_get(o, "public_key")), base64);
    json_decref(o);
}

static void what_no_key_can_be_made_of_is_said(void **state)
{
    struct desk *d = proving(state);
    assert_int_equal(CALL("key"), UE_USAGE);
    assert_int_equal(CALL("key", d->device, "--algorithm=rsa-pss"), UE_USAGE);
    has("--algorithm 'rsa-pss' is none of");
    assert_int_equal(CALL("key", d->device, "--show", "--replace"), UE_USAGE);
    assert_int_equal(CALL("key", d->device, "--show"), UE_REFUSED);
    has("the device has no key");
    assert_int_equal(CALL("key", "--device=/nowhere/at/all"), UE_REFUSED);
    assert_int_equal(key_in(d).n, 0);
}

/* ---- one device ---- */

static void a_device_proves_its_imei(void **state)
{
    struct desk *d = proving(state);
    assert_int_equal(CALL("key", d->device), UE_DONE);
    server_start(d->s);
    assert_int_equal(CALL("attach", d->device, d->mme), UE_DONE);
    server_stop(d->s);
    has("signed the challenge for the IMEI with ecdsa-p256");
    has("-> IDENTITY RESPONSE, ciphered");
    const struct test_key k = key_in(d); /* it is still there */
    assert_true(holds(d, 0, &k));
    assert_string_equal(d->s->mme.ue[0].proof.imei.digits, "00101700000000");
}

static void a_device_without_a_key_says_so(void **state)
{
    struct desk *d = proving(state);
    server_start(d->s);
    assert_int_equal(CALL("attach", d->device, d->mme), UE_DONE);
    server_stop(d->s);
    has("was asked to prove the IMEI, and has nothing to prove it with");
    assert_int_equal(d->s->mme.unproven, 1);
}

static int holds_back(struct desk *d, const char *how, const char *timeout)
{
    server_start(d->s);
    const int rc = CALL("attach", d->device, d->mme, how, timeout);
    server_stop(d->s);
    /* The network forgets it: else it would need no authentication the next time. */
    memset(&d->s->mme.ue[0], 0, sizeof d->s->mme.ue[0]);
    return rc;
}

static void a_key_may_be_held_back(void **state)
{
    static const char text[] = "was asked to prove the IMEI and keeps silent";
    struct desk *d = proving(state);
    assert_int_equal(CALL("key", d->device), UE_DONE);
    assert_int_equal(holds_back(d, "--no-proof", "--timeout=30s"), UE_DONE);
    assert_int_equal(d->s->mme.unproven, 1);
    assert_int_equal(holds_back(d, "--silent", "--timeout=1s"), UE_SILENT);
    if (strstr(said, text) == NULL) { /* a slow machine was not asked in that time */
        assert_int_equal(holds_back(d, "--silent", "--timeout=12s"), UE_SILENT);
    }
    has(text);
    assert_int_equal(d->s->mme.proofs, 0);
    assert_int_equal(d->s->mme.unproven, 1);
}

static void another_imei_is_signed_with_the_own_key(void **state)
{
    struct desk *d = proving(state);
    assert_int_equal(CALL("key", d->device), UE_DONE);
    server_start(d->s);
    assert_int_equal(CALL("attach", d->device, d->mme, "--as-imei=356938035643809"), UE_DONE);
    server_stop(d->s);
    const struct test_key k = key_in(d);
    assert_true(holds(d, 0, &k));
    assert_string_equal(d->s->mme.ue[0].proof.imei.digits, "35693803564380");
}

static void a_stolen_sim_has_no_key_with_it(void **state)
{
    struct desk *d = proving(state);
    d->s->mme.plain = true;
    assert_int_equal(CALL("key", d->device), UE_DONE);
    server_start(d->s);
    assert_int_equal(CALL("attach", d->device, d->mme, "--without-kme"), UE_DONE);
    server_stop(d->s);
    assert_int_equal(d->s->mme.unproven, 1);
}

static void write_key(const char *path, const struct test_key *k, mode_t mode, bool der)
{
    char pem[SIGNER_PEM_MAX];
    assert_ok(signer_openssl_to_pem((struct bytes){k->der, k->n}, pem));
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(der ? fwrite(k->der, 1, k->n, f) : fwrite(pem, 1, strlen(pem), f),
                     der ? k->n : strlen(pem));
    assert_int_equal(fclose(f), 0);
    assert_int_equal(chmod(path, mode), 0);
}

static void another_key_may_be_used(void **state)
{
    struct desk *d = proving(state);
    struct test_key other;
    char option[96];
    test_key_make(&other, DEVID_ECDSA_P384);
    (void)snprintf(d->path, sizeof d->path, "%s/other.pem", d->folder);
    (void)snprintf(option, sizeof option, "--proof-key=%s", d->path);
    assert_int_equal(CALL("key", d->device), UE_DONE);
    write_key(d->path, &other, 0644, false);
    assert_int_equal(CALL("attach", d->device, d->mme, option), UE_USAGE);
    has("others may read this file");
    (void)unlink(d->path);
    put(d->path, "not a key");
    assert_int_equal(CALL("attach", d->device, d->mme, option), UE_USAGE);
    has("no private key that a device proves its IMEI with");
    for (unsigned der = 0; der < 2; der++) {
        write_key(d->path, &other, 0600, der != 0);
        memset(&d->s->mme.ue[0], 0, sizeof d->s->mme.ue[0]);
        server_start(d->s);
        assert_int_equal(CALL("attach", d->device, d->mme, option), UE_DONE);
        server_stop(d->s);
        has("signed the challenge for the IMEI with ecdsa-p384");
        assert_true(holds(d, 0, &other));
    }
    const struct test_key own = key_in(d);
    assert_int_equal(own.algorithm, DEVID_ECDSA_P256);
    assert_int_equal(CALL("attach", d->device, d->mme, option, "--no-proof"), UE_USAGE);
}

/* The right key, another challenge. */
static void an_older_proof_may_be_replayed(void **state)
{
    struct desk *d = proving(state);
    uint8_t content[DEVID_CONTENT_LEN];
    const uint8_t zeros[32] = {0};
    assert_int_equal(CALL("key", d->device), UE_DONE);
    server_start(d->s);
    assert_int_equal(CALL("attach", d->device, d->mme, "--replay-proof"), UE_DONE);
    server_stop(d->s);
    const struct test_key k = key_in(d);
    assert_false(holds(d, 0, &k));
    struct mme_ue *u = &d->s->mme.ue[0];
    mme_content(&d->s->mme, u, &u->proof.imei, content);
    memcpy(content + 2 + 19 + 2 + 1 + 2 + 14 + 2, zeros, 32);
    memcpy(content + DEVID_CONTENT_LEN - 32, zeros, 32);
    assert_ok(test_verify(NULL, k.algorithm, false, (struct bytes){k.spki, k.spki_n},
                          BYTES_OF(content), (struct bytes){u->proof.signature, u->proof.n}));
    assert_int_equal(CALL("attach", d->device, d->mme, "--replay-proof", "--silent"), UE_USAGE);
}

/* ---- many ---- */

enum { LOT = 5, DEVICES = 8 };

static void devices_of_a_lot_prove_their_imeis(void **state)
{
    struct desk *d = *state;
    struct test_key keys[LOT];
    char dir[64], option[96];
    d->s->mme.asks_proof = true;
    (void)snprintf(dir, sizeof dir, "%s/lot", d->folder);
    (void)snprintf(option, sizeof option, "--identities=%s", dir);
    identities_make(dir, DEVID_ED25519, LOT, keys);
    server_start(d->s);
    assert_int_equal(CALL("run", "--imsi=001010000000001", d->seed, "--count=8", option, d->mme,
                          "--at-once", "--json=-"),
                     UE_DONE);
    server_stop(d->s);
    json_t *o = json_loads(said, 0, NULL);
    const json_t *proofs = json_object_get(o, "proofs");
    assert_int_equal(json_integer_value(json_object_get(proofs, "ed25519")), LOT);
    assert_int_equal(json_integer_value(json_object_get(proofs, "ecdsa-p256")), 0);
    assert_int_equal(json_integer_value(json_object_get(proofs, "none")), DEVICES - LOT);
    json_decref(o);
    for (unsigned i = 0; i < LOT; i++) {
        assert_true(holds(d, i, &keys[i]));
    }
    assert_int_equal(d->s->mme.unproven, DEVICES - LOT);
    server_start(d->s);
    assert_int_equal(
        CALL("run", "--imsi=001010000000001", d->seed, "--count=2", option, d->mme, "--at-once"),
        UE_DONE);
    server_stop(d->s);
    has("Proofs of the IMEI");
    has("ed25519");
    identities_remove(dir);
}

static void a_lot_that_is_none_is_said(void **state)
{
    struct desk *d = *state;
    make_device(d);
    assert_int_equal(CALL("run", "--imsi=001010000000001", d->seed, "--identities=/nowhere/at/all",
                          d->mme, "--at-once"),
                     UE_USAGE);
    has("/nowhere/at/all");
    assert_int_equal(CALL("run", d->device, "--identities=/nowhere/at/all", d->mme, "--at-once"),
                     UE_USAGE);
    has("a state file has its own key");
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, desk_of, clear)
    const struct CMUnitTest tests[] = {
        TEST(a_key_is_made_in_the_device_and_its_public_half_said),
        TEST(a_key_that_is_there_is_replaced_on_demand_only),
        TEST(the_public_half_is_a_row_for_a_repository),
        TEST(what_no_key_can_be_made_of_is_said),
        TEST(a_device_proves_its_imei),
        TEST(a_device_without_a_key_says_so),
        TEST(a_key_may_be_held_back),
        TEST(another_imei_is_signed_with_the_own_key),
        TEST(a_stolen_sim_has_no_key_with_it),
        TEST(another_key_may_be_used),
        TEST(an_older_proof_may_be_replayed),
        TEST(devices_of_a_lot_prove_their_imeis),
        TEST(a_lot_that_is_none_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
