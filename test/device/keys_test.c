/* The record of an IMSI's keys: src/device/keys.c. */
#include "device/keys.h"
#include "device/world.h"

static struct crypto crypto;

static int open_crypto(void **state)
{
    (void)state;
    return crypto_openssl_open(&crypto) == E_OK ? 0 : -1;
}

static int close_crypto(void **state)
{
    (void)state;
    crypto_openssl_close(&crypto);
    return 0;
}

/* Without and with an active KME, without and with one that waits. */
enum { SAMPLES = 4 };

static struct ue_keys sample(unsigned which)
{
    struct ue_keys k;
    memset(&k, 0, sizeof k);
    assert_ok(imsi_parse(BYTES_LIT(WORLD_IMSI), &k.imsi));
    k.me.has_active = which % 2 != 0;
    memset(k.me.active.b, k.me.has_active ? 0xa1 : 0, sizeof k.me.active.b);
    k.me.pending.present = which / 2 != 0;
    if (k.me.pending.present) {
        memset(k.me.pending.kme.b, 0xa2, sizeof k.me.pending.kme.b);
        memset(k.me.pending.nonce, 0xa3, sizeof k.me.pending.nonce);
        memset(k.me.pending.xnw_sig, 0xa4, sizeof k.me.pending.xnw_sig);
        k.me.pending.n = 384;
        memset(k.me.pending.encrypted, 0xa5, k.me.pending.n);
    }
    return k;
}

static struct bytes written(const struct ue_keys *k, struct mbytes out)
{
    size_t n = 0;
    assert_ok(ue_keys_write(&crypto, k, out, &n));
    return (struct bytes){out.p, n};
}

static void expect_same(const struct ue_keys *a, const struct ue_keys *b)
{
    assert_true(imsi_eq(&a->imsi, &b->imsi));
    assert_int_equal(a->me.has_active, b->me.has_active);
    assert_memory_equal(a->me.active.b, b->me.active.b, sizeof a->me.active.b);
    assert_int_equal(a->me.pending.present, b->me.pending.present);
    assert_memory_equal(a->me.pending.kme.b, b->me.pending.kme.b, sizeof a->me.pending.kme.b);
    assert_memory_equal(a->me.pending.nonce, b->me.pending.nonce, sizeof a->me.pending.nonce);
    assert_memory_equal(a->me.pending.xnw_sig, b->me.pending.xnw_sig, sizeof a->me.pending.xnw_sig);
    assert_int_equal(a->me.pending.n, b->me.pending.n);
    assert_memory_equal(a->me.pending.encrypted, b->me.pending.encrypted,
                        sizeof a->me.pending.encrypted);
}

static void what_is_written_is_read(void **state)
{
    uint8_t room[BINDERY_UE_KEYS_MAX], again[BINDERY_UE_KEYS_MAX];
    (void)state;
    for (unsigned i = 0; i < SAMPLES; i++) {
        const struct ue_keys k = sample(i);
        struct ue_keys back;
        const struct bytes record = written(&k, MBYTES_OF(room));
        assert_ok(ue_keys_read(&crypto, record, &back));
        expect_same(&k, &back);
        assert_true(bytes_eq(record, written(&back, MBYTES_OF(again))));
    }
}

/* Written down once and for all: a device that is years old reads it. */
static void a_record_is_these_octets(void **state)
{
    static const uint8_t head[] = {'B',  'U',  'K',  1,    0,    26, 0x00, 0x01, 0x01,
                                   0x21, 0x43, 0x65, 0x87, 0xf9, 1,  0xa1, 0xa1};
    uint8_t room[BINDERY_UE_KEYS_MAX];
    const struct ue_keys k = sample(1);
    (void)state;
    const struct bytes record = written(&k, MBYTES_OF(room));
    assert_int_equal(record.n, 6 + 26 + 16);
    assert_memory_equal(record.p, head, sizeof head);
    assert_int_equal(record.p[31], 0); /* nothing waits */
}

static void the_longest_record_fits_its_bound(void **state)
{
    uint8_t room[BINDERY_UE_KEYS_MAX];
    struct ue_keys k = sample(3), back;
    (void)state;
    k.me.pending.n = KME_MODULUS_MAX;
    const struct bytes record = written(&k, MBYTES_OF(room));
    assert_true(record.n <= BINDERY_UE_KEYS_MAX);
    assert_ok(ue_keys_read(&crypto, record, &back));
    assert_int_equal(back.me.pending.n, KME_MODULUS_MAX);
}

static void expect_none(const struct ue_keys *k)
{
    const struct ue_keys none = {.me = {.has_active = false}};
    expect_same(k, &none);
}

static void no_prefix_and_no_changed_octet_is_taken(void **state)
{
    uint8_t room[BINDERY_UE_KEYS_MAX];
    (void)state;
    for (unsigned i = 0; i < SAMPLES; i++) {
        const struct ue_keys k = sample(i);
        const struct bytes record = written(&k, MBYTES_OF(room));
        struct ue_keys back;
        for (size_t n = 0; n < record.n; n++) {
            uint8_t *exact = exact_copy((struct bytes){record.p, n});
            back = k;
            assert_int_not_equal(ue_keys_read(&crypto, (struct bytes){exact, n}, &back), E_OK);
            expect_none(&back);
            free(exact);
            for (int bit = 0; bit < 8; bit++) {
                room[n] ^= (uint8_t)(1 << bit);
                assert_int_not_equal(ue_keys_read(&crypto, record, &back), E_OK);
                room[n] ^= (uint8_t)(1 << bit);
            }
        }
        assert_ok(ue_keys_read(&crypto, record, &back));
        room[3] = UE_KEYS_VERSION + 1;
        assert_err(ue_keys_read(&crypto, record, &back), E_TOO_NEW);
        expect_none(&back);
    }
}

/* With a right hash, so that the members themselves are looked at. */
static enum err read_anew(uint8_t *room, size_t n, struct ue_keys *back)
{
    uint8_t hash[32];
    const struct bytes covered = {room, n - 16};
    assert_ok(crypto.sha256(crypto.ctx, &covered, 1, hash));
    memcpy(room + n - 16, hash, 16);
    return ue_keys_read(&crypto, (struct bytes){room, n}, back);
}

static void a_wrong_member_is_refused(void **state)
{
    uint8_t room[BINDERY_UE_KEYS_MAX];
    struct ue_keys back;
    const struct ue_keys k = sample(3);
    const size_t n = written(&k, MBYTES_OF(room)).n;
    /* IMSI, the two flags, the number of encrypted octets. */
    static const size_t members[] = {4, 5, 6, 7, 13, 14, 31, 96, 97};
    (void)state;
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        const uint8_t kept = room[members[i]];
        room[members[i]] = 0xbb; /* no length that fits, no digit, no flag */
        assert_int_not_equal(read_anew(room, n, &back), E_OK);
        expect_none(&back);
        room[members[i]] = kept;
    }
    assert_ok(read_anew(room, n, &back));
}

/* Octets that fill the frame exactly, but that no modulus gives. */
static void an_encrypted_part_is_as_long_as_a_modulus(void **state)
{
    uint8_t room[BINDERY_UE_KEYS_MAX + 64];
    (void)state;
    for (size_t encrypted = 0; encrypted <= 544; encrypted++) {
        struct ue_keys k = sample(2), back;
        size_t n = 0;
        const bool right = encrypted >= 256 && encrypted <= 512 && encrypted % 32 == 0;
        k.me.pending.n = (uint16_t)encrypted;
        assert_err(ue_keys_write(&crypto, &k, MBYTES_OF(room), &n), right ? E_OK : E_BAD_LENGTH);
        k = sample(2);
        n = written(&k, MBYTES_OF(room)).n - 384 + encrypted;
        memset(room + 82, 0xa5, encrypted);
        room[80] = (uint8_t)(encrypted >> 8);
        room[81] = (uint8_t)encrypted;
        room[4] = (uint8_t)((n - 22) >> 8);
        room[5] = (uint8_t)(n - 22);
        assert_err(read_anew(room, n, &back), right ? E_OK : E_BAD_VALUE);
    }
}

static void too_little_room_writes_nothing(void **state)
{
    uint8_t room[BINDERY_UE_KEYS_MAX];
    const struct ue_keys k = sample(3);
    const size_t all = written(&k, MBYTES_OF(room)).n;
    (void)state;
    for (size_t cap = 0; cap < all; cap++) {
        uint8_t *exact = malloc(cap + 1);
        size_t n = 0;
        assert_non_null(exact);
        assert_err(ue_keys_write(&crypto, &k, (struct mbytes){exact, cap}, &n), E_NO_ROOM);
        for (size_t i = 0; i < cap; i++) {
            assert_int_equal(exact[i], 0); /* keys do not stay behind */
        }
        free(exact);
    }
}

/*= test kme-per-imsi */
static void a_record_is_for_one_imsi(void **state)
{
    uint8_t room[BINDERY_UE_KEYS_MAX];
    static const uint8_t factory[BINDERY_UE_KME_SIZE] = {7, 7, 7};
    const struct ue_keys k = sample(3);
    const struct bytes record = written(&k, MBYTES_OF(room)), none = {NULL, 0};
    struct ue_keys mine = {.imsi = k.imsi};
    (void)state;
    assert_int_equal(ue_keys_take(&crypto, record, factory, &mine), BINDERY_UE_OK);
    expect_same(&mine, &k); /* the factory's is not looked at */
    assert_int_equal(ue_keys_take(&crypto, none, factory, &mine), BINDERY_UE_OK);
    assert_true(mine.me.has_active && !mine.me.pending.present);
    assert_memory_equal(mine.me.active.b, factory, sizeof factory);
    assert_int_equal(ue_keys_take(&crypto, none, NULL, &mine), BINDERY_UE_OK);
    assert_false(mine.me.has_active || mine.me.pending.present);
    assert_ok(imsi_parse(BYTES_LIT("001010123456780"), &mine.imsi));
    assert_int_equal(ue_keys_take(&crypto, record, factory, &mine), BINDERY_UE_ERR_FOREIGN);
    expect_none(&mine);
    room[20] ^= 1;
    mine.imsi = k.imsi;
    assert_int_equal(ue_keys_take(&crypto, record, factory, &mine), BINDERY_UE_ERR_IMAGE);
    expect_none(&mine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(a_record_is_these_octets),
        cmocka_unit_test(the_longest_record_fits_its_bound),
        cmocka_unit_test(no_prefix_and_no_changed_octet_is_taken),
        cmocka_unit_test(a_wrong_member_is_refused),
        cmocka_unit_test(an_encrypted_part_is_as_long_as_a_modulus),
        cmocka_unit_test(too_little_room_writes_nothing),
        cmocka_unit_test(a_record_is_for_one_imsi),
    };
    return cmocka_run_group_tests(tests, open_crypto, close_crypto);
}
