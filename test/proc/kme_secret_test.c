/* That nothing which is encrypted in a payload decides a branch, or where memory is read, while the
 * home network judges it (proc/kme.h): valgrind's memcheck is told that the octets are undefined as
 * soon as they are opened, and reports whatever depends on them. What libcrypto does before, and
 * when it verifies the signature, is libcrypto's: the port here only answers.
 *
 * The program starts itself under valgrind, which no sanitizer bears; in such builds it is skipped.
 */
#include "proc/kme_rig.h"

#include <stdio.h>
#include <unistd.h>
#include <valgrind/memcheck.h>

#define FOUND 9 /* what valgrind ends with if it reported something */

static struct krig k;
static enum err signature_says;

static bool opens;

/* No RSA here: it would take minutes under valgrind. */
static enum err open_secret(void *ctx, struct bytes encrypted, struct bytes label,
                            struct mbytes out)
{
    (void)ctx, (void)label;
    if (opens) {
        memcpy(out.p, encrypted.p, out.n);
    }
    (void)VALGRIND_MAKE_MEM_UNDEFINED(out.p, out.n);
    return opens ? E_OK : E_BAD_MAC;
}

static enum err answer(void *ctx, uint8_t algorithm, bool certificate, struct bytes key,
                       struct bytes content, struct bytes signature)
{
    (void)ctx, (void)algorithm, (void)certificate, (void)key, (void)content, (void)signature;
    return signature_says;
}

/* One that looks: what this test has to find. */
static enum err answer_by_looking(void *ctx, uint8_t algorithm, bool certificate, struct bytes key,
                                  struct bytes content, struct bytes signature)
{
    (void)ctx, (void)algorithm, (void)certificate, (void)key, (void)content;
    return signature.p[0] == 0 ? E_OK : E_BAD_MAC;
}

static void judge_one(bool renewal, bool looks)
{
    static const uint8_t octets[KME_MODULUS_MIN] = {0x80, [KME_MODULUS_MIN - 1] = 1};
    struct kme_taken taken = {.again = false};
    krig_open_without_lot(&k, BINDING_PUBLIC_KEY);
    assert_ok(kme_lot_make(BYTES_LIT("lot"), BYTES_LIT("Maker"), BYTES_OF(octets), &k.lot));
    if (renewal) {
        k.view.n_devices = 1;
        k.view.devices[0] =
            (struct binding_device){.imei = k.parties.imei, .has_kme = true, .has_previous = true};
        kme_home_request(&k.home, KME_REQUEST_RENEW, NULL);
    }
    assert_int_equal(krig_offer(&k), renewal ? KME_DUE_RENEWAL : KME_DUE_FIRST);
    const struct kme_payload p = {.imsi = k.parties.imsi,
                                  .imei = k.parties.imei,
                                  .lot = k.lot.id,
                                  .encrypted = BYTES_OF(octets)};
    k.opener.open = open_secret;
    k.port.signature = looks ? answer_by_looking : answer;
    const struct kme_arrived in = krig_arrived(&k, &p);
    const struct kme_verdict v = krig_judge(&k, &in, &taken);
    (void)VALGRIND_MAKE_MEM_DEFINED(&taken, sizeof taken);
    assert_true(looks || (v.cause == KME_CAUSE_NONE) == (opens && signature_says == E_OK));
    krig_close(&k);
}

/* What runs under valgrind. */
static int judge_all(bool looks)
{
    static const enum err says[] = {E_OK, E_BAD_MAC};
    for (int i = 0; i < 8; i++) {
        signature_says = says[i & 1];
        opens = (i & 4) != 0;
        judge_one((i & 2) != 0, looks);
    }
    return 0;
}

static int under_valgrind(const char *how)
{
    char self[256] = "", command[400];
    assert_true(readlink("/proc/self/exe", self, sizeof self - 1) > 0);
    snprintf(command, sizeof command, "valgrind -q --error-exitcode=%d '%s' %s >/dev/null 2>&1",
             FOUND, self, how);
    int status = system(command);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) /* gcc */
#define SANITIZED 1
#elif defined(__has_feature) /* clang */
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif

static void skip_with_a_sanitizer(void)
{
#ifdef SANITIZED
    skip();
#endif
}

/*= test kme-one-refusal */
static void nothing_that_is_encrypted_decides_a_branch_or_an_address(void **state)
{
    (void)state;
    skip_with_a_sanitizer();
    assert_int_equal(under_valgrind("judge"), 0);
}

static void something_that_did_would_be_found(void **state)
{
    (void)state;
    skip_with_a_sanitizer();
    assert_int_equal(under_valgrind("look"), FOUND);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_that_is_encrypted_decides_a_branch_or_an_address),
        cmocka_unit_test(something_that_did_would_be_found),
    };
    if (argc == 2) {
        return judge_all(strcmp(argv[1], "look") == 0);
    }
    return cmocka_run_group_tests_name("proc/kme secrets", tests, NULL, NULL);
}
