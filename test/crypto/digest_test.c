/* SHA-256 piece by piece. */
#include "crypto/digest.h"
#include "lib/check.h"

#include <string.h>

/* FIPS 180-4's example: a million letters a. */
static void a_million_letters_have_the_digest_of_the_standard_however_they_are_cut(void **state)
{
    (void)state;
    static const size_t pieces[] = {1, 63, 64, 4096, 1000000};
    static char a[1000000];
    memset(a, 'a', sizeof a);
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        struct digest *d = NULL;
        uint8_t sum[32];
        char hex[65];
        assert_ok(digest_new(&d));
        for (size_t at = 0; at < sizeof a; at += pieces[i]) {
            size_t n = sizeof a - at < pieces[i] ? sizeof a - at : pieces[i];
            assert_ok(digest_add(d, (struct bytes){(const uint8_t *)a + at, n}));
        }
        assert_ok(digest_end(d, sum));
        digest_free(d);
        hex_encode(BYTES_OF(sum), hex);
        assert_string_equal(hex,
                            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    }
    digest_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_million_letters_have_the_digest_of_the_standard_however_they_are_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
