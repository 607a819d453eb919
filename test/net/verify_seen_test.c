/* net/verify_seen.h: what is found again, and what gives its place to others. */
#include "net/pki.h"

#include "net/verify_seen.h"

#include <pthread.h>

static struct pki pki;
static X509 *certificate, *other;
static struct verify_seen *seen;

static int setup(void **state)
{
    (void)state;
    pki_open(&pki);
    pki_make(&pki, "one", NULL, "one", NULL);
    pki_make(&pki, "two", NULL, "two", NULL);
    certificate = pki_cert(pki_path(&pki, "one", ".crt"));
    other = pki_cert(pki_path(&pki, "two", ".crt"));
    assert_ok(verify_seen_open(&seen));
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    verify_seen_close(seen);
    verify_seen_close(NULL);
    X509_free(certificate);
    X509_free(other);
    pki_close(&pki);
    return 0;
}

static bool is_there(bool leaf, struct bytes der, const X509 *x)
{
    X509 *found = verify_seen_find(seen, leaf, der);
    X509_free(found); /* the caller's own: the one that is kept stays */
    return found != NULL && found == x;
}

static void the_same_octets_are_the_same_certificate(void **state)
{
    (void)state;
    uint8_t octets[2048], *out = octets;
    const int n = i2d_X509(certificate, &out);
    assert_in_range(n, 1, sizeof octets);
    const struct bytes der = {octets, (size_t)n};
    assert_null(verify_seen_find(seen, true, der));
    verify_seen_keep(seen, true, certificate, der);
    assert_true(is_there(true, der, certificate));
    assert_true(is_there(true, der, certificate));
    assert_null(verify_seen_find(seen, false, der)); /* a leaf is no CA */
    for (size_t i = 0; i < der.n; i++) {
        octets[i] ^= 1;
        assert_null(verify_seen_find(seen, true, der));
        octets[i] ^= 1;
        assert_null(verify_seen_find(seen, true, (struct bytes){octets, i}));
    }
    assert_true(is_there(true, der, certificate));
}

/* Any octets will do. */
static struct bytes name_of(size_t i)
{
    static const uint8_t octets[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+/-";
    return (struct bytes){octets + i, 2};
}
_Static_assert(4 * VERIFY_SEEN_MAX <= 64, "as many different ones");

static void the_oldest_gives_its_place(void **state)
{
    (void)state;
    for (size_t i = 0; i < VERIFY_SEEN_MAX; i++) {
        verify_seen_keep(seen, false, certificate, name_of(i));
        verify_seen_keep(seen, false, other, name_of(i)); /* it is there already */
    }
    for (size_t i = 0; i < VERIFY_SEEN_MAX; i++) {
        assert_true(is_there(false, name_of(i), certificate));
    }
    verify_seen_keep(seen, false, other, name_of(VERIFY_SEEN_MAX));
    assert_null(verify_seen_find(seen, false, name_of(0)));
    assert_true(is_there(false, name_of(1), certificate));
    assert_true(is_there(false, name_of(VERIFY_SEEN_MAX), other));
    for (size_t i = 0; i < 2 * VERIFY_SEEN_MAX; i++) { /* however many leaves come */
        verify_seen_keep(seen, true, certificate, name_of(2 * VERIFY_SEEN_MAX + i));
    }
    assert_true(is_there(false, name_of(1), certificate));
}

static void *come_and_go(void *arg)
{
    const size_t from = *(const size_t *)arg;
    for (size_t i = 0; i < 2000; i++) {
        const struct bytes der = name_of(from + i % (2 * VERIFY_SEEN_MAX - 1));
        X509 *x = verify_seen_find(seen, true, der);
        verify_seen_keep(seen, true, x != NULL ? x : certificate, der);
        X509_free(x);
    }
    return NULL;
}

static void several_threads_may_use_it_at_once(void **state)
{
    (void)state;
    pthread_t thread[2];
    size_t from[2] = {0, 1};
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(pthread_create(&thread[i], NULL, come_and_go, &from[i]), 0);
    }
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(pthread_join(thread[i], NULL), 0);
    }
    size_t n = 0;
    for (size_t i = 0; i < 2 * VERIFY_SEEN_MAX; i++) {
        n += is_there(true, name_of(i), certificate);
    }
    assert_int_equal(n, VERIFY_SEEN_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_same_octets_are_the_same_certificate, setup, teardown),
        cmocka_unit_test_setup_teardown(the_oldest_gives_its_place, setup, teardown),
        cmocka_unit_test_setup_teardown(several_threads_may_use_it_at_once, setup, teardown)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
