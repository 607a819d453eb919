/* proc/kme.h with the lot keys of net/lot_key.h and verification by net/verify_proof.h: what
 * runs in the network functions, for every size of N. */
#include "net/lot_key.h"
#include "net/verify_proof.h"
#include "proc/kme_rig.h"

/* P and Q of lots; keys of the openssl command. */
static const struct {
    size_t n;
    const char *p, *q;
} made[] = {
    {192,
     "f814e1c9f6764401761a1acbc8f135646c1f297f1a934757c35f9027b1ae0cfb7f73e5f4e8d9b80f3df184c425"
     "34a023dc11c4b8a90e09430e9a0c6e3d40f39a5d79537018d3ca7d6fcc0797c3623049c02193cababefa35d158"
     "c86dc3fd8f96c92e6082160440768047f909e931ddebde2c66eb483f6ea4de83d12625c7e747679f557c8f95d0"
     "441a1deca06dddad1fb6942b1cd2d2cb7fe931800dead37712d5e8001ac7427e6a27b0839a7e94f6ad429eee32"
     "77fddf5c26fbba6e0885fa21",
     "eccd96aacdb2bfed17815fa8899f207d2e0106bf3401bd595df22247c119b76d5519787cc4a76ca733a7ac00a8"
     "a58ec65126ab193bd2e62e7745ecaf33efae3dc2985ab8c58b3b385ee51662c03c1efe471b8796c805963a36b8"
     "7fc83b3a460749a2b9d8c4233986c8580009f1abd9c4496e1a11e4f040969057c380d18d6f86cf373f7a18cc11"
     "b4ae73dc62971968c1af9b8a14b9377adee0ad9043e6b1e79a5094ea93ba72c477e17f31c4f9973966dc490836"
     "76dff46fea9d78be79cab4f3"},
    {256,
     "d904815b42df865618c81b3e32018ef1f653ef442180d819839ca26850bfd901beff387148ecfce4bc40d1782c"
     "2ac60125e73e96603b432220391e4bb57a0c589fa6b90830266fbaec0b3df58056603b94872e4e1aee0a68b6df"
     "a3c180668a5a0c040c2f2be6572f36ba268cb6a96a2f1387fff0b288e04512d957cae49708b2145ddc194055a1"
     "7c843572f3039e9e99c7dea0fed42c5fe492e1bc47539becb10cdd59bec75452bc4b0f8f28c2b93b5ddaed913e"
     "7b3d69f0a6442c2193254e050cf602bc3f38568eb9d3bf8b6be1f4e8dfbf65244c0a9c110a15516af237a7c43f"
     "62dcb23b1a33d329bad3a3b2a68843115a25dac7e62a0a51666b69945e939b",
     "d2d6f31bb6320be618ee803cde50a1fa9917a27f00dd3012fc0eb6d78ab8e98d4b2823042d42878b494b858e87"
     "b315961c8a3b3dd7fdef1c67f93915c8a228a83923ed2d4fccdb551f2c12488033f8f5251189c6de822412d2f2"
     "7e3f4d7b97eb605e5ead1eefc9f440acc3d43f007b8437a9fed1c8c2c0ce0107d10fc577b4185d10c112b54223"
     "cefedc30f207bfdb40a9bd84cdeb7bc9f6c59c13026bf3a1d14cc6d4c5d2ca1a08fe1650a6be04a93a705df902"
     "a2d42e565578c51ecbb974e3793d5324f532963edd8f20b744fcb347e2466cf7ec49d1e22c52b88435f68f1c95"
     "8c39234b6eed80271836ae130031d8665577ef28abc31a9c7d979400d320f1"},
};

static struct krig k;

static enum err open_with_key(void *ctx, struct bytes encrypted, struct bytes label,
                              struct mbytes out)
{
    return lot_key_open(ctx, encrypted, label, out);
}

static enum err encrypt_to(void *ctx, struct bytes modulus, struct bytes label, struct bytes plain,
                           uint8_t *out)
{
    (void)ctx;
    return lot_key_encrypt(modulus, label, plain, out);
}

static enum err verify_with_tools(void *ctx, uint8_t algorithm, bool certificate, struct bytes key,
                                  struct bytes content, struct bytes signature)
{
    assert_int_equal(algorithm, DEVID_ECDSA_P256);
    assert_false(certificate);
    return proof_verify(ctx, VERIFY_KEY_P256, key, content, signature);
}

static enum err any_record(void *ctx, struct bytes signer, struct bytes record,
                           struct bytes signature)
{
    (void)ctx, (void)signer, (void)record, (void)signature;
    return E_OK;
}

/* The rig with the ports of the network functions, for the lot of this key. */
static void real_ports(struct lot_key *key, struct proof_tools *tools)
{
    assert_ok(kme_lot_make(BYTES_LIT("lot"), BYTES_LIT("Maker"), lot_key_modulus(key), &k.lot));
    k.opener = (struct kme_opener){.ctx = key, .open = open_with_key};
    k.encrypter = (struct kme_encrypter){.encrypt = encrypt_to};
    k.port =
        (struct devid_port){.ctx = tools, .record = any_record, .signature = verify_with_tools};
}

static void a_device_is_bound_through(struct lot_key *key)
{
    struct proof_tools *tools;
    struct kme_taken taken;
    uint8_t mauled[KME_MODULUS_MAX];
    assert_ok(proof_tools_open(1, &tools));
    krig_open(&k, BINDING_PUBLIC_KEY);
    real_ports(key, tools);
    (void)krig_offer(&k);
    struct kme_payload p = krig_payload(&k), bad = p;
    assert_int_equal(p.encrypted.n, lot_key_modulus(key).n);
    memcpy(mauled, p.encrypted.p, p.encrypted.n);
    mauled[40] ^= 1;
    bad.encrypted.p = mauled;
    assert_int_equal(krig_take(&k, &bad, &taken), KME_CAUSE_OPENING);
    k.home_plmn = krig_plmn("001-02");
    assert_int_equal(krig_take(&k, &p, &taken), KME_CAUSE_SIGNATURE);
    k.home_plmn = krig_plmn("001-01");
    assert_int_equal(krig_take(&k, &p, &taken), KME_CAUSE_NONE);
    assert_ok(kme_me_confirm(taken.nw_sig, &k.me));
    assert_memory_equal(k.me.active.b, k.view.devices[0].kme.b, KME_LEN);
    krig_close(&k);
    proof_tools_close(tools);
}

/*= test kme-lot kme-lot-make kme-9a kme-5d */
static void a_device_is_bound_through_a_lot_of_2048_bits(void **state)
{
    (void)state;
    struct lot_key *key;
    assert_ok(lot_key_make(2048, &key));
    a_device_is_bound_through(key);
    lot_key_close(key);
}

/*= test kme-lot kme-primes */
static void a_device_is_bound_through_lots_of_3072_and_4096_bits(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof made / sizeof made[0]; i++) {
        struct lot_key *key;
        enum lot_key_fault fault;
        uint8_t p[LOT_KEY_PRIME_MAX], q[LOT_KEY_PRIME_MAX];
        assert_ok(hex_decode(made[i].p, (struct mbytes){p, made[i].n}));
        assert_ok(hex_decode(made[i].q, (struct mbytes){q, made[i].n}));
        assert_ok(lot_key_of_primes((struct bytes){p, made[i].n}, (struct bytes){q, made[i].n},
                                    &fault, &key));
        a_device_is_bound_through(key);
        lot_key_close(key);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_device_is_bound_through_a_lot_of_2048_bits),
        cmocka_unit_test(a_device_is_bound_through_lots_of_3072_and_4096_bits),
    };
    return cmocka_run_group_tests_name("proc/kme with net/lot_key", tests, NULL, NULL);
}
