#include "device/image.h"
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

static struct ue_image sample(bool full)
{
    static const uint8_t list[] = {0x00, 0x00, 0xf1, 0x10, 0x00, 0x01};
    struct ue_image i;
    memset(&i, 0, sizeof i);
    assert_ok(imsi_parse(BYTES_LIT(WORLD_IMSI), &i.imsi));
    if (!full) {
        return i;
    }
    i.answered = true;
    memset(i.rand, 0xa1, sizeof i.rand);
    i.res.n = 8;
    memset(i.res.b, 0xa2, 8);
    memset(i.ck.b, 0xa3, 16);
    memset(i.ik.b, 0xa4, 16);
    i.has_guti = true;
    assert_ok(plmn_parse(BYTES_LIT("001-01"), &i.guti.plmn));
    i.guti.mme_group_id = 0x8001;
    i.guti.mme_code = 3;
    i.guti.m_tmsi = 0xdeadbeef;
    i.has_last_tai = true;
    i.last_tai = (struct nas_tai){.plmn = i.guti.plmn, .tac = 1};
    i.tai_list_n = sizeof list;
    memcpy(i.tai_list, list, sizeof list);
    i.t3346_ms = 120000;
    i.has_security = true;
    memset(i.security, 0xa5, sizeof i.security);
    return i;
}

static struct bytes written(const struct ue_image *i, struct mbytes out)
{
    size_t n = 0;
    assert_ok(ue_image_write(&crypto, i, out, &n));
    return (struct bytes){out.p, n};
}

static void what_is_written_is_read(void **state)
{
    uint8_t room[BINDERY_UE_IMAGE_MAX], again[BINDERY_UE_IMAGE_MAX];
    (void)state;
    for (int full = 0; full < 2; full++) {
        struct ue_image i = sample(full), back;
        struct bytes image = written(&i, MBYTES_OF(room));
        assert_ok(ue_image_read(&crypto, image, &back));
        assert_true(bytes_eq(image, written(&back, MBYTES_OF(again))));
        assert_int_equal(back.guti.m_tmsi, i.guti.m_tmsi);
        assert_int_equal(back.has_security, full);
    }
}

static void the_largest_image_fits_its_bound(void **state)
{
    uint8_t room[BINDERY_UE_IMAGE_MAX];
    struct ue_image i = sample(true);
    (void)state;
    i.res.n = 16;
    i.tai_list_n = sizeof i.tai_list;
    assert_true(written(&i, MBYTES_OF(room)).n <= BINDERY_UE_IMAGE_MAX);
}

static void no_prefix_and_no_changed_octet_is_taken(void **state)
{
    uint8_t room[BINDERY_UE_IMAGE_MAX];
    struct ue_image i = sample(true), back = sample(false), before = back;
    struct bytes image = written(&i, MBYTES_OF(room));
    (void)state;
    for (size_t n = 0; n < image.n; n++) {
        uint8_t *exact = exact_copy((struct bytes){image.p, n});
        assert_int_not_equal(ue_image_read(&crypto, (struct bytes){exact, n}, &back), E_OK);
        free(exact);
        for (int bit = 0; bit < 8; bit++) {
            room[n] ^= (uint8_t)(1 << bit);
            assert_int_not_equal(ue_image_read(&crypto, image, &back), E_OK);
            room[n] ^= (uint8_t)(1 << bit);
        }
    }
    assert_memory_equal(&back, &before, sizeof back);
    room[3] = UE_IMAGE_VERSION + 1;
    assert_err(ue_image_read(&crypto, image, &back), E_TOO_NEW);
}

/* With a right hash, so that the members themselves are looked at. */
static void a_wrong_member_is_refused(void **state)
{
    uint8_t room[BINDERY_UE_IMAGE_MAX], hash[32];
    struct ue_image i = sample(false), back;
    struct bytes image = written(&i, MBYTES_OF(room));
    (void)state;
    for (size_t at = 6; at < image.n - 16; at++) {
        uint8_t kept = room[at];
        room[at] = 0xbb; /* no digit, no flag, no length that fits */
        const struct bytes covered = {room, image.n - 16};
        assert_ok(crypto.sha256(crypto.ctx, &covered, 1, hash));
        memcpy(room + image.n - 16, hash, 16);
        enum err err = ue_image_read(&crypto, image, &back);
        /* T3346 alone may have any value */
        assert_true(err != E_OK || (at >= image.n - 16 - 5 && at < image.n - 16 - 1));
        room[at] = kept;
    }
}

static void too_little_room_writes_nothing(void **state)
{
    uint8_t room[BINDERY_UE_IMAGE_MAX];
    struct ue_image i = sample(true);
    size_t all = written(&i, MBYTES_OF(room)).n, n = 0;
    (void)state;
    for (size_t cap = 0; cap < all; cap++) {
        uint8_t *exact = malloc(cap + 1);
        assert_non_null(exact);
        assert_err(ue_image_write(&crypto, &i, (struct mbytes){exact, cap}, &n), E_NO_ROOM);
        for (size_t k = 0; k < cap; k++) {
            assert_int_equal(exact[k], 0); /* keys do not stay behind */
        }
        free(exact);
    }
}

static void a_device_refuses_garbage_and_foreign_images(void **state)
{
    struct world w;
    uint8_t junk[64] = {'B', 'U', 'E', 1};
    (void)state;
    world_open(&w);
    world_register(&w);
    assert_int_equal(bindery_ue_init(&w.ue, &w.table, &w.host, &w.settings, &w.identity, w.buffer,
                                     sizeof w.buffer, junk, sizeof junk),
                     BINDERY_UE_ERR_IMAGE);
    const struct bindery_ue zero = {{0}};
    assert_memory_equal(&w.ue, &zero, sizeof zero);
    w.identity.imsi[14] = '0';
    assert_int_equal(bindery_ue_init(&w.ue, &w.table, &w.host, &w.settings, &w.identity, w.buffer,
                                     sizeof w.buffer, w.image, w.image_n),
                     BINDERY_UE_ERR_FOREIGN);
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(the_largest_image_fits_its_bound),
        cmocka_unit_test(no_prefix_and_no_changed_octet_is_taken),
        cmocka_unit_test(a_wrong_member_is_refused),
        cmocka_unit_test(too_little_room_writes_nothing),
        cmocka_unit_test(a_device_refuses_garbage_and_foreign_images),
    };
    return cmocka_run_group_tests(tests, open_crypto, close_crypto);
}
