#include "nassec/world.h"

static struct nas_security used_context(int eea, int eia)
{
    struct pair p;
    const struct pdu m = plain_of(9, 1);
    pair_start(&p, eea, eia);
    for (unsigned i = 0; i < 70; i++) {
        const struct pdu up = protect(&p.ue, NAS_SHT_CIPHERED, &m);
        const struct pdu down = protect(&p.mme, NAS_SHT_CIPHERED, &m);
        if (i % 7 != 3) {
            assert_ok(receive(&p.mme, &up));
        }
        (void)down;
    }
    return p.mme;
}

static void a_context_comes_back_as_it_was_stored(void **state)
{
    (void)state;
    for (int eea = 0; eea <= 3; eea++) {
        for (int eia = 1; eia <= 3; eia++) {
            const struct nas_security s = used_context(eea, eia);
            uint8_t image[NASSEC_IMAGE_LEN];
            uint8_t again[NASSEC_IMAGE_LEN];
            struct nas_security back;
            assert_ok(nassec_image_write(&s, MBYTES_OF(image)));
            assert_ok(nassec_image_read(&crypto, BYTES_OF(image), &back));
            assert_same_context(&back, &s);
            assert_ok(nassec_image_write(&back, MBYTES_OF(again)));
            assert_memory_equal(again, image, sizeof image);
        }
    }
}

static void a_context_that_was_stored_takes_no_message_twice(void **state)
{
    (void)state;
    struct pair p;
    pair_start(&p, 3, 3);
    const struct pdu m = plain_of(9, 1);
    const struct pdu one = protect(&p.ue, NAS_SHT_CIPHERED, &m);
    const struct pdu two = protect(&p.ue, NAS_SHT_CIPHERED, &m);
    const struct pdu three = protect(&p.ue, NAS_SHT_CIPHERED, &m);
    assert_ok(receive(&p.mme, &one));
    assert_ok(receive(&p.mme, &three));
    uint8_t image[NASSEC_IMAGE_LEN];
    struct nas_security back;
    assert_ok(nassec_image_write(&p.mme, MBYTES_OF(image)));
    assert_ok(nassec_image_read(&crypto, BYTES_OF(image), &back));
    assert_refused(&back, &one, E_SYNC);
    assert_refused(&back, &three, E_SYNC);
    assert_ok(receive(&back, &two));
}

static void the_octets_stand_where_the_header_says(void **state)
{
    (void)state;
    struct nas_security s = used_context(2, 3);
    s.send_next = 0x00010203;
    s.receive_next = 0x00040506;
    s.seen = 0x0708090b;
    uint8_t want[NASSEC_IMAGE_LEN] = {1, 1, 3, 2, 3};
    uint8_t image[NASSEC_IMAGE_LEN];
    memset(want + 5, 0xa5, 32);
    memcpy(want + 37, "\0\1\2\3\0\4\5\6\7\10\11\13", 12);
    assert_ok(nassec_image_write(&s, MBYTES_OF(image)));
    assert_memory_equal(image, want, sizeof want);
}

static void any_other_length_is_refused(void **state)
{
    (void)state;
    const struct nas_security s = used_context(2, 2);
    uint8_t image[NASSEC_IMAGE_LEN + 1];
    struct nas_security back;
    assert_ok(nassec_image_write(&s, MBYTES_OF(image)));
    for (size_t n = 0; n <= sizeof image; n++) {
        uint8_t *cut = exact_copy((struct bytes){image, n});
        assert_err(nassec_image_read(&crypto, (struct bytes){cut, n}, &back),
                   n == NASSEC_IMAGE_LEN ? E_OK : E_BAD_LENGTH);
        free(cut);
        uint8_t *room = malloc(n > 0 ? n : 1);
        assert_err(nassec_image_write(&s, (struct mbytes){room, n}),
                   n >= NASSEC_IMAGE_LEN ? E_OK : E_NO_ROOM);
        free(room);
    }
}

/* An image with these counts and nothing else changed. */
static enum err with_counts(uint32_t send_next, uint32_t receive_next, uint32_t seen)
{
    struct nas_security s = used_context(2, 2);
    struct nas_security back;
    struct nas_security before;
    uint8_t image[NASSEC_IMAGE_LEN];
    s.send_next = send_next;
    s.receive_next = receive_next;
    s.seen = seen;
    memset(&back, 0x5a, sizeof back);
    before = back;
    assert_ok(nassec_image_write(&s, MBYTES_OF(image)));
    enum err err = nassec_image_read(&crypto, BYTES_OF(image), &back);
    assert_same_context(&back, err == E_OK ? &s : &before);
    return err;
}

static void counts_that_cannot_have_come_about_are_refused(void **state)
{
    (void)state;
    assert_ok(with_counts(0, 0, 0));
    assert_ok(with_counts(NASSEC_COUNT_LIMIT, NASSEC_COUNT_LIMIT, UINT32_MAX));
    assert_ok(with_counts(5, 3, 7));
    assert_ok(with_counts(5, 32, UINT32_MAX));
    assert_err(with_counts(NASSEC_COUNT_LIMIT + 1, 1, 1), E_BAD_VALUE);
    assert_err(with_counts(1, NASSEC_COUNT_LIMIT + 1, 1), E_BAD_VALUE);
    assert_err(with_counts(1, 0, 1), E_BAD_VALUE);  /* nothing came, and yet it is marked */
    assert_err(with_counts(1, 5, 2), E_BAD_VALUE);  /* the highest came, and is not marked */
    assert_err(with_counts(1, 3, 15), E_BAD_VALUE); /* something came before the first */
}

static void what_is_no_context_is_refused(void **state)
{
    (void)state;
    const struct nas_security s = used_context(2, 2);
    uint8_t image[NASSEC_IMAGE_LEN];
    struct nas_security back;
    assert_ok(nassec_image_write(&s, MBYTES_OF(image)));
    for (size_t at = 0; at < 5; at++) {
        for (unsigned v = 0; v < 256; v++) {
            uint8_t other[NASSEC_IMAGE_LEN];
            const bool good[5] = {v == 1, v <= 1, v <= 6, v <= 3, v >= 1 && v <= 3};
            memcpy(other, image, sizeof image);
            other[at] = (uint8_t)v;
            assert_err(nassec_image_read(&crypto, BYTES_OF(other), &back), good[at]  ? E_OK
                                                                           : at == 0 ? E_UNSUPPORTED
                                                                                     : E_BAD_VALUE);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_context_comes_back_as_it_was_stored),
        cmocka_unit_test(a_context_that_was_stored_takes_no_message_twice),
        cmocka_unit_test(the_octets_stand_where_the_header_says),
        cmocka_unit_test(any_other_length_is_refused),
        cmocka_unit_test(counts_that_cannot_have_come_about_are_refused),
        cmocka_unit_test(what_is_no_context_is_refused),
    };
    return cmocka_run_group_tests_name("nassec/nassec_image", tests, open_crypto, close_crypto);
}
