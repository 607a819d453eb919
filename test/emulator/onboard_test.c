/* src/emulator/onboard.c: what a NAS client is given to onboard with, and what an attacker does. */
#include "emulator/onboard_site.h"
#include <sys/stat.h>
#include <unistd.h>

struct bench {
    struct mme mme;
    struct onboard_site *site;
    struct onboard_roots *roots;
    struct onboard *o;
    char path[40];
};

static int open_bench(void **state)
{
    struct bench *b = calloc(1, sizeof *b);
    uint8_t key[ONBOARD_KEY_MAX];
    size_t n = 0;
    mme_open(&b->mme);
    b->site = onboard_site_open(&b->mme);
    const struct bytes root = {b->site->root.b, b->site->root.n};
    site_device(b->site, 0, 0, key, &n);
    assert_ok(onboard_openssl_roots(&root, 1, &b->roots));
    assert_ok(onboard_make(SITE_LOOKS "0", (struct bytes){key, n}, b->roots, &b->o));
    strcpy(b->path, "/tmp/onboard_test.XXXXXX");
    const int fd = mkstemp(b->path);
    assert_true(fd >= 0);
    close(fd);
    *state = b;
    return 0;
}

static int close_bench(void **state)
{
    struct bench *b = *state;
    onboard_free(b->o);
    onboard_openssl_roots_free(b->roots);
    onboard_site_close(b->site);
    mme_close(&b->mme);
    (void)unlink(b->path);
    free(b);
    return 0;
}

/* ---- what a NAS client asks ---- */

static void a_key_that_is_none_makes_no_device(void **state)
{
    struct bench *b = *state;
    struct onboard *o = NULL;
    const uint8_t nonsense[] = {1, 2, 3};
    uint8_t key[SIGNER_KEY_MAX];
    size_t n = 0;
    assert_err(onboard_make(SITE_LOOKS "0", BYTES_OF(nonsense), b->roots, &o), E_BAD_VALUE);
    assert_ok(signer_openssl_make(DEVID_ED25519, key, &n));
    assert_err(onboard_make(SITE_LOOKS "0", (struct bytes){key, n}, b->roots, &o), E_UNSUPPORTED);
    assert_null(o);
    assert_int_equal(b->o->port.sent_n, 33);
    assert_string_equal(b->o->port.url, SITE_LOOKS "0");
    assert_true(onboard_size(b->o) > sizeof *b->o);
}

static enum bindery_ue_operator_verdict verdict(struct bench *b, const char *plmn, uint64_t expiry,
                                                unsigned damage)
{
    static const uint8_t content[] = "what the operator signed";
    uint8_t signature[CERTATTACH_SIGNATURE_LEN];
    struct bindery_ue_operator_message m = {.certificates = b->site->certificate.b,
                                            .certificates_n = b->site->certificate.n,
                                            .expiry = expiry,
                                            .content = content,
                                            .content_n = sizeof content,
                                            .signature = signature};
    struct plmn p;
    assert_ok(plmn_parse(bytes_of_str(plmn), &p));
    plmn_to_octets(&p, m.plmn);
    assert_ok(maker_sign(&b->site->maker, BYTES_OF(content), signature));
    signature[5] ^= (uint8_t)damage;
    return b->o->port.verify(b->o->port.ctx, &m);
}

static void an_operator_is_judged_by_its_certificate_and_signature(void **state)
{
    struct bench *b = *state;
    const uint64_t later = INT64_MAX / 2;
    assert_int_equal(verdict(b, "001-01", later, 0), BINDERY_UE_OPERATOR_GOOD);
    assert_int_equal(verdict(b, "999-70", later, 0), BINDERY_UE_OPERATOR_GOOD);
    assert_int_equal(verdict(b, "001-02", later, 0), BINDERY_UE_OPERATOR_OTHER_PLMN);
    assert_int_equal(verdict(b, "001-01", later, 1), BINDERY_UE_OPERATOR_SIGNATURE);
    assert_int_equal(verdict(b, "001-01", 1, 0), BINDERY_UE_OPERATOR_RESULT_EXPIRED);
    assert_int_equal(verdict(b, "001-01", UINT64_MAX, 0), BINDERY_UE_OPERATOR_FAILED);
    site_certify(b->site->maker.operator_key, b->site->maker.operator_key, "operator",
                 "DNS:epc.mnc001.mcc001.3gppnetwork.org", &b->site->certificate);
    assert_int_equal(verdict(b, "001-01", later, 0), BINDERY_UE_OPERATOR_UNTRUSTED);
}

static void a_secret_of_another_form_is_none(void **state)
{
    struct bench *b = *state;
    uint8_t sent[CERTATTACH_SENT_MAX] = {2}, secret[32], theirs[32];
    enum certattach_form form;
    size_t n = sizeof sent;
    b->site->maker.sealed_to = b->site->device_key[0];
    assert_ok(maker_agree(&b->site->maker, (struct bytes){NULL, 0}, &form, sent, &n, theirs));
    assert_true(b->o->port.secret(b->o->port.ctx, CERTATTACH_EC, sent, n, secret));
    assert_memory_equal(secret, theirs, sizeof secret);
    assert_false(b->o->port.secret(b->o->port.ctx, CERTATTACH_RSA, sent, n, secret));
    assert_false(b->o->port.secret(b->o->port.ctx, 0, sent, n, secret));
    assert_false(b->o->port.secret(b->o->port.ctx, 3, sent, n, secret));
    sent[0] = 7;
    assert_false(b->o->port.secret(b->o->port.ctx, CERTATTACH_EC, sent, n, secret));
}

static bool stores(void *ctx, const struct bindery_ue_profile *profile)
{
    bool *says = ctx;
    return *says && profile->imsi_n == 15;
}

static void what_could_not_be_stored_is_not_installed(void **state)
{
    struct bench *b = *state;
    const struct bindery_ue_profile p = {.imsi_n = 15};
    bool says = false;
    b->o->store = stores;
    b->o->ctx = &says;
    assert_false(b->o->port.install(b->o->port.ctx, &p));
    assert_false(b->o->installed);
    says = true;
    assert_true(b->o->port.install(b->o->port.ctx, &p));
    assert_true(b->o->installed);
    b->o->trial.failures = 3;
    onboard_drop(b->o);
    assert_false(b->o->installed);
    assert_int_equal(b->o->profile.imsi_n, 0);
    assert_int_equal(b->o->trial.failures, 0);
}

/* ---- in an attacker's hands ---- */

struct reject {
    uint8_t b[2200];
    size_t n;
};

/* ATTACH REJECT #17, with a result or without. */
static struct reject reject_with(const struct bytes *value)
{
    struct nas_attach_reject m = {.emm_cause = 17};
    struct reject r;
    if (value != NULL) {
        m.bindery_container = *value;
    }
    assert_ok(nas_write(&nas_attach_reject_message, &m, MBYTES_OF(r.b), &r.n));
    return r;
}

static struct bytes a_result(struct bench *b, uint8_t fill,
                             uint8_t room[static WIRE_CERTATTACH_RESULT_MAX])
{
    uint8_t signature[CERTATTACH_SIGNATURE_LEN], box[120];
    struct certattach_result result = {
        .expiry = 1800000000,
        .box = BYTES_OF(box),
        .signature = BYTES_OF(signature),
        .certificates = {b->site->certificate.b, b->site->certificate.n}};
    struct bytes value = {NULL, 0};
    memset(box, fill, sizeof box);
    memset(signature, fill, sizeof signature);
    memset(result.nonce_1, fill, sizeof result.nonce_1);
    assert_ok(wire_certattach_result_write(
        &result, (struct mbytes){room, WIRE_CERTATTACH_RESULT_MAX}, &value));
    return value;
}

static void a_result_is_recorded_and_put_in_the_place_of_another(void **state)
{
    struct bench *b = *state;
    uint8_t room[2][WIRE_CERTATTACH_RESULT_MAX], out[2300];
    const struct bytes old = a_result(b, 0x11, room[0]), fresh = a_result(b, 0x22, room[1]);
    const struct reject first = reject_with(&old), second = reject_with(&fresh),
                        none = reject_with(NULL);
    struct onboard_tap tap = {.record = b->path};
    struct bytes got;
    assert_true(onboard_tap_wants(&tap));
    assert_ok(onboard_tap_downlink(&tap, (struct bytes){first.b, first.n}, MBYTES_OF(out), &got));
    assert_ptr_equal(got.p, first.b); /* it only looks */
    assert_ok(onboard_tap_downlink(&tap, (struct bytes){none.b, none.n}, MBYTES_OF(out), &got));
    tap.record = NULL;
    assert_ok(onboard_tap_load(b->path, &tap));
    for (unsigned i = 0; i < 2; i++) {
        const struct reject *r = i == 0 ? &second : &none;
        assert_ok(onboard_tap_downlink(&tap, (struct bytes){r->b, r->n}, MBYTES_OF(out), &got));
        assert_true(bytes_eq(got, (struct bytes){first.b, first.n}));
    }
    for (size_t n = 0; n < first.n; n++) {
        uint8_t *small = malloc(n + 1);
        assert_int_not_equal(onboard_tap_downlink(&tap, (struct bytes){none.b, none.n},
                                                  (struct mbytes){small, n}, &got),
                             E_OK);
        free(small);
    }
}

static void other_messages_go_by(void **state)
{
    static const uint8_t identity_request[] = {0x07, 0x55, 0x01}, nonsense[] = {0xff, 0x00};
    const struct bytes all[] = {BYTES_OF(identity_request), BYTES_OF(nonsense), {NULL, 0}};
    struct bench *b = *state;
    struct onboard_tap tap = {.record = b->path, .replay_n = 3};
    uint8_t out[2300];
    for (size_t i = 0; i < 3; i++) {
        struct bytes got = {out, 1};
        assert_ok(onboard_tap_downlink(&tap, all[i], MBYTES_OF(out), &got));
        assert_ptr_equal(got.p, all[i].p);
        assert_int_equal(got.n, all[i].n);
    }
    assert_false(onboard_tap_wants(&(struct onboard_tap){.replay_n = 0}));
}

static void a_file_that_is_none_is_refused(void **state)
{
    static const char *const wrong[] = {"", "\n", "0g\n", "06", "0700", "zz"};
    struct bench *b = *state;
    struct onboard_tap tap = {.replay_n = 0};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        FILE *f = fopen(b->path, "w");
        assert_non_null(f);
        (void)fputs(wrong[i], f);
        (void)fclose(f);
        assert_err(onboard_tap_load(b->path, &tap), E_BAD_VALUE);
    }
    assert_int_equal(tap.replay_n, 0);
    assert_err(onboard_tap_load("/nowhere/at/all", &tap), E_NOT_FOUND);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, open_bench, close_bench)
    const struct CMUnitTest tests[] = {
        T(a_key_that_is_none_makes_no_device),
        T(an_operator_is_judged_by_its_certificate_and_signature),
        T(a_secret_of_another_form_is_none),
        T(what_could_not_be_stored_is_not_installed),
        T(a_result_is_recorded_and_put_in_the_place_of_another),
        T(other_messages_go_by),
        T(a_file_that_is_none_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
