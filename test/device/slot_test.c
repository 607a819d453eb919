#include "device/slot.h"
#include "device/world.h"

static struct crypto crypto;
static struct bindery_ue_crypto table;

static int open_crypto(void **state)
{
    (void)state;
    return crypto_openssl_open(&crypto) == E_OK && platform_openssl_open(&table) == E_OK ? 0 : -1;
}

static int close_crypto(void **state)
{
    (void)state;
    crypto_openssl_close(&crypto);
    platform_openssl_close(&table);
    return 0;
}

/* bit 0: installed, bit 1: erased */
static struct dimsi_slot sample(unsigned what)
{
    struct dimsi_slot s;
    memset(&s, 0, sizeof s);
    assert_ok(imsi_parse(BYTES_LIT("901700000000001"), &s.dimsi));
    assert_ok(dimsi_name_parse(BYTES_LIT("arpf.example.org"), &s.arpf));
    memset(s.token, 0x70, sizeof s.token);
    if ((what & 1) != 0) {
        s.installed = true;
        assert_ok(imsi_parse(BYTES_LIT("001010000700001"), &s.imsi));
    }
    s.erased = (what & 2) != 0;
    if (!s.erased) {
        memset(s.ek.b, 0xe1, sizeof s.ek.b);
    }
    return s;
}

static struct bytes written(const struct dimsi_slot *s, struct mbytes out)
{
    size_t n = 0;
    assert_ok(slot_write(&crypto, s, out, &n));
    return (struct bytes){out.p, n};
}

static void what_is_written_is_read(void **state)
{
    uint8_t room[BINDERY_UE_SLOT_MAX], again[BINDERY_UE_SLOT_MAX];
    (void)state;
    for (unsigned what = 0; what < 4; what++) {
        const struct dimsi_slot s = sample(what);
        struct dimsi_slot back;
        const struct bytes record = written(&s, MBYTES_OF(room));
        assert_ok(slot_read(&crypto, record, &back));
        assert_memory_equal(&back, &s, sizeof s);
        assert_true(bytes_eq(record, written(&back, MBYTES_OF(again))));
    }
}

/* What was erased is not in the record either. */
static void an_erased_slot_has_no_key(void **state)
{
    uint8_t room[BINDERY_UE_SLOT_MAX], ek[32];
    struct dimsi_slot s = sample(3);
    (void)state;
    memset(ek, 0xe1, sizeof ek);
    memcpy(s.ek.b, ek, sizeof ek);
    const struct bytes record = written(&s, MBYTES_OF(room));
    for (size_t at = 0; at + sizeof ek <= record.n; at++) {
        assert_memory_not_equal(record.p + at, ek, sizeof ek);
    }
}

static void the_largest_record_fits_its_bound(void **state)
{
    uint8_t room[BINDERY_UE_SLOT_MAX];
    struct dimsi_slot s = sample(1);
    char name[DIMSI_NAME_MAX];
    (void)state;
    memset(name, 'a', sizeof name);
    name[40] = '.'; /* a label has 63 at most */
    assert_ok(dimsi_name_parse(BYTES_OF(name), &s.arpf));
    assert_true(written(&s, MBYTES_OF(room)).n <= BINDERY_UE_SLOT_MAX);
}

static void no_prefix_and_no_changed_octet_is_taken(void **state)
{
    uint8_t room[BINDERY_UE_SLOT_MAX];
    const struct dimsi_slot s = sample(1);
    struct dimsi_slot back;
    static const struct dimsi_slot zero;
    const struct bytes record = written(&s, MBYTES_OF(room));
    (void)state;
    for (size_t n = 0; n < record.n; n++) {
        uint8_t *exact = exact_copy((struct bytes){record.p, n});
        assert_int_not_equal(slot_read(&crypto, (struct bytes){exact, n}, &back), E_OK);
        assert_memory_equal(&back, &zero, sizeof back);
        free(exact);
        for (int bit = 0; bit < 8; bit++) {
            room[n] ^= (uint8_t)(1 << bit);
            assert_int_not_equal(slot_read(&crypto, record, &back), E_OK);
            room[n] ^= (uint8_t)(1 << bit);
        }
    }
    room[3] = SLOT_VERSION + 1;
    assert_err(slot_read(&crypto, record, &back), E_TOO_NEW);
    room[0] = 'x';
    assert_err(slot_read(&crypto, record, &back), E_UNSUPPORTED);
}

/* With a right hash, so that the members themselves are looked at. */
static void a_wrong_member_is_refused(void **state)
{
    uint8_t room[BINDERY_UE_SLOT_MAX], hash[32];
    const struct dimsi_slot s = sample(1);
    struct dimsi_slot back;
    const struct bytes record = written(&s, MBYTES_OF(room));
    const size_t free_from = 6 + 8 + 1 + s.arpf.n, token_end = free_from + 32,
                 ek_end = token_end + 1 + 32;
    unsigned taken = 0;
    (void)state;
    for (size_t at = 6; at < record.n - 16; at++) {
        const uint8_t kept = room[at];
        room[at] = 0xbb; /* no digit, no flag, no letter, no length that fits */
        const struct bytes covered = {room, record.n - 16};
        assert_ok(crypto.sha256(crypto.ctx, &covered, 1, hash));
        memcpy(room + record.n - 16, hash, 16);
        const enum err err = slot_read(&crypto, record, &back);
        const bool any = (at >= free_from && at < token_end) || (at > token_end && at < ek_end);
        assert_int_equal(err == E_OK, any); /* token and eK may be anything */
        taken += err == E_OK;
        room[at] = kept;
    }
    assert_int_equal(taken, 64);
}

static void too_little_room_writes_nothing(void **state)
{
    uint8_t room[BINDERY_UE_SLOT_MAX];
    struct bindery_ue_slot slot;
    (void)state;
    memset(&slot, 0, sizeof slot);
    *slot_of(&slot) = sample(1);
    const size_t all = written(slot_in(&slot), MBYTES_OF(room)).n;
    for (size_t cap = 0; cap < all; cap++) {
        uint8_t *exact = malloc(cap + 1);
        size_t n = cap;
        assert_non_null(exact);
        assert_int_equal(bindery_ue_slot_write(&slot, &table, exact, &n), BINDERY_UE_ERR_ROOM);
        assert_int_equal(n, 0);
        for (size_t k = 0; k < cap; k++) {
            assert_int_equal(exact[k], 0); /* eK does not stay behind */
        }
        free(exact);
    }
}

static void the_public_functions_write_and_read_it(void **state)
{
    uint8_t room[BINDERY_UE_SLOT_MAX];
    struct bindery_ue_slot slot, back;
    struct bindery_ue_slot_view v;
    const struct bindery_ue_crypto nothing = {.ctx = NULL};
    static const struct bindery_ue_slot zero;
    size_t n = sizeof room;
    (void)state;
    memset(&slot, 0, sizeof slot);
    *slot_of(&slot) = sample(1);
    assert_int_equal(bindery_ue_slot_write(&slot, &table, room, &n), BINDERY_UE_OK);
    assert_int_equal(bindery_ue_slot_read(&back, &table, room, n), BINDERY_UE_OK);
    assert_memory_equal(&back, &slot, sizeof slot);
    bindery_ue_slot_view(&back, &v);
    assert_int_equal(v.dimsi_n, 15);
    assert_memory_equal(v.dimsi, "901700000000001", 15);
    assert_int_equal(v.imsi_n, 15);
    assert_memory_equal(v.imsi, "001010000700001", 15);
    assert_string_equal(v.arpf, "arpf.example.org");
    assert_int_equal(v.token[31], 0x70);
    assert_false(v.erased);
    assert_int_equal(bindery_ue_slot_read(&back, &table, room, n - 1), BINDERY_UE_ERR_IMAGE);
    assert_memory_equal(&back, &zero, sizeof back);
    assert_int_equal(bindery_ue_slot_read(&back, &nothing, room, n), BINDERY_UE_ERR_CRYPTO);
    n = sizeof room;
    assert_int_equal(bindery_ue_slot_write(&slot, &nothing, room, &n), BINDERY_UE_ERR_CRYPTO);
    bindery_ue_slot_wipe(&slot);
    assert_memory_equal(&slot, &zero, sizeof slot);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(an_erased_slot_has_no_key),
        cmocka_unit_test(the_largest_record_fits_its_bound),
        cmocka_unit_test(no_prefix_and_no_changed_octet_is_taken),
        cmocka_unit_test(a_wrong_member_is_refused),
        cmocka_unit_test(too_little_room_writes_nothing),
        cmocka_unit_test(the_public_functions_write_and_read_it),
    };
    return cmocka_run_group_tests(tests, open_crypto, close_crypto);
}
