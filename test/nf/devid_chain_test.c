/* nf/common/devid_port.h: chains, each fault with its cause, and the openssl command's opinion. */
#include "nf/devid_pki.h"

#include "nf/common/devid_port.h"

static struct pki files;
static struct cert ca, sub, other, leaf, under_sub;
static char ca_path[64], crl_path[64];

static void make(struct cert *c, struct cert_wish wish)
{
    cert_make(c, &wish);
}

static int setup(void **state)
{
    (void)state;
    pki_open(&files);
    make(&ca, (struct cert_wish){.cn = "maker", .ca = true, .from = -10 * DAY, .to = 30 * DAY});
    make(&sub, (struct cert_wish){.cn = "line 1", .ca = true, .by = &ca});
    make(&other, (struct cert_wish){.cn = "somebody", .ca = true});
    make(&leaf, (struct cert_wish){.cn = "device", .by = &ca});
    make(&under_sub, (struct cert_wish){.cn = "device", .by = &sub});
    snprintf(ca_path, sizeof ca_path, "%s", cert_save(&files, "ca", &ca));
    snprintf(crl_path, sizeof crl_path, "%s", pki_path(&files, "ca", ".crl"));
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    struct cert *all[] = {&ca, &sub, &other, &leaf, &under_sub};
    for (size_t i = 0; i < 5; i++) {
        cert_drop(all[i]);
    }
    pki_close(&files);
    return 0;
}

static struct devid_verifier *open_with(const char *ca_file, const char *crl, bool with_binding,
                                        size_t kept)
{
    struct devid_verifier *v = NULL;
    struct verify_why why;
    const struct devid_port_options options = {
        .ca = ca_file, .crl = crl, .ca_with_binding = with_binding, .kept = kept};
    assert_ok(devid_port_open(&options, &v, &why));
    return v;
}

static const char *judge(struct devid_verifier *v, const struct bytes *chain, size_t n, int64_t at)
{
    const struct devid_port *port = devid_port_of(v);
    uint8_t *copies[16];
    struct bytes exact[16];
    for (size_t i = 0; i < n; i++) {
        copies[i] = exact_copy(chain[i]);
        exact[i] = (struct bytes){copies[i], chain[i].n};
    }
    enum devid_cause cause = port->chain(port->ctx, exact, n, at);
    for (size_t i = 0; i < n; i++) {
        free(copies[i]);
    }
    return devid_cause_name(cause);
}

#define JUDGE(v, at, ...)                                                                          \
    judge(v, (const struct bytes[]){__VA_ARGS__},                                                  \
          sizeof((const struct bytes[]){__VA_ARGS__}) / sizeof(struct bytes), at)

/* What `openssl verify` says of the same chain at the same time: is it good? */
static bool command_says(const char *crl, const struct bytes *chain, size_t n, int64_t at)
{
    char line[600];
    for (size_t i = 0; i < n; i++) {
        char name[16];
        snprintf(name, sizeof name, "c%zu", i);
        FILE *f = fopen(pki_path(&files, name, ".der"), "wb");
        assert_int_equal(fwrite(chain[i].p, 1, chain[i].n, f), chain[i].n);
        fclose(f);
    }
    snprintf(line, sizeof line,
             "cd %s && : >rest.pem && for c in c0 %s %s %s; do openssl x509 -inform DER -in $c.der "
             ">>rest.pem || exit 1; done 2>log && openssl x509 -inform DER -in c0.der >leaf.pem "
             "2>log && openssl verify -auth_level 2 -attime %lld %s %s -CAfile %s -untrusted "
             "rest.pem leaf.pem >log 2>&1",
             files.dir, n > 1 ? "c1" : "", n > 2 ? "c2" : "", n > 3 ? "c3" : "", (long long)at,
             crl != NULL ? "-crl_check_all -CRLfile" : "", crl != NULL ? crl : "", ca_path);
    return system(line) == 0;
}

static void expect(const char *crl, const char *cause, const struct bytes *chain, size_t n,
                   int64_t at)
{
    struct devid_verifier *v = open_with(ca_path, crl, false, 0);
    assert_string_equal(judge(v, chain, n, at), cause);
    assert_int_equal(command_says(crl, chain, n, at), strcmp(cause, "none") == 0);
    devid_port_close(v);
}

#define EXPECT(crl, cause, ...)                                                                    \
    expect(crl, cause, (const struct bytes[]){__VA_ARGS__},                                        \
           sizeof((const struct bytes[]){__VA_ARGS__}) / sizeof(struct bytes), time(NULL))

/*= test devid-ca */
static void a_chain_to_a_configured_ca_is_good(void **state)
{
    (void)state;
    EXPECT(NULL, "none", leaf.der);
    EXPECT(NULL, "none", leaf.der, ca.der);
    EXPECT(NULL, "none", under_sub.der, sub.der);
    EXPECT(NULL, "none", under_sub.der, sub.der, ca.der);
    for (unsigned i = 0; i < DEVICE_KINDS; i++) {
        struct device_key key;
        struct cert c;
        device_make(&key, (enum verify_key_kind)i);
        make(&c, (struct cert_wish){.cn = "device", .by = &ca, .key = key.key});
        EXPECT(NULL, "none", c.der);
        cert_drop(&c);
    }
}

static void the_time_of_each_certificate_counts(void **state)
{
    (void)state;
    struct cert late, early, old_ca, under_old;
    make(&late, (struct cert_wish){.cn = "late", .by = &ca, .from = -2 * DAY, .to = -DAY});
    make(&early, (struct cert_wish){.cn = "early", .by = &ca, .from = DAY, .to = 2 * DAY});
    make(&old_ca,
         (struct cert_wish){.cn = "old", .ca = true, .by = &ca, .from = -2 * DAY, .to = -DAY});
    make(&under_old, (struct cert_wish){.cn = "device", .by = &old_ca});
    EXPECT(NULL, "certificate-expired", late.der);
    EXPECT(NULL, "certificate-not-yet-valid", early.der);
    EXPECT(NULL, "certificate-expired", under_old.der, old_ca.der);
    struct devid_verifier *v = open_with(ca_path, NULL, false, 0);
    int64_t end = cert_end(&late);
    assert_string_equal(JUDGE(v, end - 1, late.der), "none");
    assert_string_equal(JUDGE(v, end, late.der), "certificate-expired");
    devid_port_close(v);
    cert_drop(&late);
    cert_drop(&early);
    cert_drop(&old_ca);
    cert_drop(&under_old);
}

static void who_leads_to_no_ca_of_ours_is_untrusted(void **state)
{
    (void)state;
    struct cert foreign, self, twin, under_twin;
    make(&foreign, (struct cert_wish){.cn = "device", .by = &other});
    make(&self, (struct cert_wish){.cn = "device"});
    make(&twin, (struct cert_wish){.cn = "maker", .ca = true}); /* the CA's name, another key */
    make(&under_twin, (struct cert_wish){.cn = "device", .by = &twin});
    EXPECT(NULL, "certificate-untrusted", foreign.der);
    EXPECT(NULL, "certificate-untrusted", foreign.der, other.der);
    EXPECT(NULL, "certificate-untrusted", self.der);
    EXPECT(NULL, "certificate-untrusted", under_sub.der);
    EXPECT(NULL, "certificate-untrusted", under_twin.der);
    EXPECT(NULL, "certificate-untrusted", under_twin.der, twin.der);
    struct bytes bad = leaf.der;
    uint8_t *octets = exact_copy(bad);
    octets[bad.n - 1] ^= 1; /* its CA's signature */
    EXPECT(NULL, "certificate-untrusted", (struct bytes){octets, bad.n});
    free(octets);
    struct devid_verifier *v = open_with(NULL, NULL, false, 0);
    /* where nothing is configured that could judge it, the device is not to blame */
    assert_string_equal(JUDGE(v, time(NULL), leaf.der, ca.der), "no-ca");
    assert_string_equal(JUDGE(v, time(NULL), BYTES_LIT("no")), "certificate-bad");
    devid_port_close(v);
    cert_drop(&foreign);
    cert_drop(&self);
    cert_drop(&twin);
    cert_drop(&under_twin);
}

/* The openssl command is not asked: it has no purpose that demands what ours does. */
static void a_device_certificate_must_be_for_signatures(void **state)
{
    (void)state;
    static const char *const usages[] = {"critical,keyAgreement", "critical,keyEncipherment",
                                         "critical,nonRepudiation", ""};
    struct devid_verifier *v = open_with(ca_path, NULL, false, 0);
    for (size_t i = 0; i < sizeof usages / sizeof usages[0]; i++) {
        struct cert c;
        make(&c, (struct cert_wish){.cn = "device", .by = &ca, .usage = usages[i]});
        assert_string_equal(JUDGE(v, time(NULL), c.der), "certificate-usage");
        cert_drop(&c);
    }
    struct cert both;
    make(&both, (struct cert_wish){
                    .cn = "device", .by = &ca, .usage = "critical,digitalSignature,keyAgreement"});
    assert_string_equal(JUDGE(v, time(NULL), both.der), "none");
    assert_string_equal(JUDGE(v, time(NULL), ca.der), "certificate-usage"); /* a CA is no device */
    assert_string_equal(JUDGE(v, time(NULL), sub.der), "certificate-usage");
    struct cert signing_ca;
    make(&signing_ca, (struct cert_wish){.cn = "device",
                                         .by = &ca,
                                         .ca = true,
                                         .usage = "critical,digitalSignature,keyCertSign"});
    assert_string_equal(JUDGE(v, time(NULL), signing_ca.der), "certificate-usage");
    cert_drop(&signing_ca);
    cert_drop(&both);
    devid_port_close(v);
}

static void what_is_too_weak_or_no_chain_is_bad(void **state)
{
    (void)state;
    struct cert small, sha1, no_ca, under_no_ca;
    make(&small, (struct cert_wish){.cn = "device", .by = &ca, .key = EVP_RSA_gen(1024)});
    make(&sha1, (struct cert_wish){.cn = "weak", .ca = true, .by = &ca, .md = EVP_sha1()});
    make(&no_ca, (struct cert_wish){.cn = "device", .by = &ca});
    make(&under_no_ca, (struct cert_wish){.cn = "made by a device", .by = &no_ca});
    EXPECT(NULL, "certificate-bad", small.der);
    EXPECT(NULL, "certificate-bad", under_no_ca.der, no_ca.der);
    struct cert under_sha1;
    make(&under_sha1, (struct cert_wish){.cn = "device", .by = &sha1});
    EXPECT(NULL, "certificate-bad", under_sha1.der, sha1.der);
    struct devid_verifier *v = open_with(ca_path, NULL, false, 0);
    assert_string_equal(JUDGE(v, time(NULL), leaf.der, other.der), "certificate-bad");
    assert_string_equal(JUDGE(v, time(NULL), under_sub.der, ca.der, sub.der), "certificate-bad");
    assert_string_equal(judge(v, NULL, 0, time(NULL)), "certificate-bad");
    assert_string_equal(JUDGE(v, time(NULL), leaf.der, {NULL, 0}), "certificate-bad");
    assert_string_equal(JUDGE(v, time(NULL), BYTES_LIT("no certificate")), "certificate-bad");
    for (size_t n = 0; n < leaf.der.n; n += 7) {
        assert_string_equal(JUDGE(v, time(NULL), {leaf.der.p, n}), "certificate-bad");
    }
    devid_port_close(v);
    cert_drop(&small);
    cert_drop(&sha1);
    cert_drop(&no_ca);
    cert_drop(&under_no_ca);
    cert_drop(&under_sha1);
}

static void a_chain_may_not_be_too_large(void **state)
{
    (void)state;
    static const char *const names[] = {"device", "a", "b", "c", "d", "e", "f"};
    struct cert line[7], fat[6];
    struct bytes der[7], fat_der[6];
    for (size_t i = 7; i-- > 0;) {
        make(&line[i],
             (struct cert_wish){.cn = names[i], .ca = i > 0, .by = i < 6 ? &line[i + 1] : &ca});
        der[i] = line[i].der;
    }
    for (size_t i = 6; i-- > 0;) {
        make(&fat[i],
             (struct cert_wish){
                 .cn = names[i], .ca = i > 0, .by = i < 5 ? &fat[i + 1] : &ca, .comment = 2800});
        fat_der[i] = fat[i].der;
    }
    struct devid_verifier *v = open_with(ca_path, NULL, true, 4);
    assert_string_equal(judge(v, der + 1, 6, time(NULL)), "certificate-usage"); /* six are taken */
    assert_string_equal(judge(v, der, 7, time(NULL)), "certificate-bad");
    assert_string_equal(judge(v, fat_der, 6, time(NULL)), "certificate-bad"); /* 16 KB are not */
    assert_string_equal(judge(v, fat_der + 2, 4, time(NULL)), "certificate-usage");
    devid_port_close(v);
    for (size_t i = 0; i < 7; i++) {
        cert_drop(&line[i]);
    }
    for (size_t i = 0; i < 6; i++) {
        cert_drop(&fat[i]);
    }
}

static void a_revoked_certificate_is_and_each_ca_needs_its_list(void **state)
{
    (void)state;
    struct cert gone, under_gone;
    make(&gone, (struct cert_wish){.cn = "device", .by = &ca});
    crl_save(crl_path, false, &ca, &gone, DAY);
    EXPECT(crl_path, "certificate-revoked", gone.der);
    EXPECT(crl_path, "none", leaf.der);
    EXPECT(crl_path, "no-revocation-list", under_sub.der, sub.der);
    crl_save(crl_path, true, &sub, NULL, DAY);
    EXPECT(crl_path, "none", under_sub.der, sub.der);
    crl_save(crl_path, false, &ca, NULL, -60);
    EXPECT(crl_path, "no-revocation-list", leaf.der); /* it is out of date */
    crl_save(crl_path, false, &other, NULL, DAY);
    EXPECT(crl_path, "no-revocation-list", leaf.der); /* it is somebody else's */
    struct cert forger = ca;                          /* the CA's name, another key */
    forger.key = other.key;
    crl_save(crl_path, false, &forger, NULL, DAY);
    EXPECT(crl_path, "no-revocation-list", leaf.der);
    make(&under_gone, (struct cert_wish){.cn = "device", .by = &sub});
    crl_save(crl_path, false, &ca, &sub, DAY);
    crl_save(crl_path, true, &sub, NULL, DAY);
    EXPECT(crl_path, "certificate-revoked", under_gone.der, sub.der); /* the CA between was */
    cert_drop(&gone);
    cert_drop(&under_gone);
}

/*= test devid-ca */
static void the_ca_kept_with_the_binding_counts_where_that_is_allowed(void **state)
{
    (void)state;
    struct cert foreign, between, under, old_root, under_old;
    make(&foreign, (struct cert_wish){.cn = "device", .by = &other});
    make(&between, (struct cert_wish){.cn = "between", .by = &other, .ca = true});
    make(&under, (struct cert_wish){.cn = "device", .by = &between});
    make(&old_root, (struct cert_wish){.cn = "old", .ca = true, .from = -2 * DAY, .to = -DAY});
    make(&under_old, (struct cert_wish){.cn = "device", .by = &old_root});
    for (int i = 0; i < 2; i++) {
        struct devid_verifier *v = open_with(i == 0 ? NULL : ca_path, NULL, true, 16);
        int64_t now = time(NULL);
        assert_string_equal(JUDGE(v, now, foreign.der, other.der), "none");
        assert_string_equal(JUDGE(v, now, under.der, between.der, other.der), "none");
        assert_string_equal(JUDGE(v, now, foreign.der), "certificate-untrusted");
        assert_string_equal(JUDGE(v, now, other.der), "certificate-untrusted");
        assert_string_equal(JUDGE(v, now, under.der, between.der), "certificate-untrusted");
        assert_string_equal(JUDGE(v, now, other.der, other.der), "certificate-usage");
        assert_string_equal(JUDGE(v, now, under_old.der, old_root.der), "certificate-expired");
        assert_string_equal(JUDGE(v, now, leaf.der), i == 0 ? "certificate-untrusted" : "none");
        devid_port_close(v);
    }
    cert_drop(&foreign);
    cert_drop(&between);
    cert_drop(&under);
    cert_drop(&old_root);
    cert_drop(&under_old);
}

/* Who was revoked by a configured CA does not come back by bringing that CA along. */
static void a_configured_ca_has_the_last_word_on_its_own(void **state)
{
    (void)state;
    struct cert gone;
    make(&gone, (struct cert_wish){.cn = "device", .by = &ca});
    crl_save(crl_path, false, &ca, &gone, DAY);
    struct devid_verifier *v = open_with(ca_path, crl_path, true, 16);
    assert_string_equal(JUDGE(v, time(NULL), gone.der, ca.der), "certificate-revoked");
    assert_string_equal(JUDGE(v, time(NULL), leaf.der, ca.der), "none");
    assert_string_equal(JUDGE(v, time(NULL) + 2 * DAY, leaf.der, ca.der), "no-revocation-list");
    devid_port_close(v);
    cert_drop(&gone);
}

/* ---- what is remembered ---- */

static size_t kept_of(const struct devid_verifier *v)
{
    struct devid_port_counts counts;
    devid_port_count(v, &counts);
    return (size_t)counts.chains_kept;
}

static void a_good_chain_is_remembered_for_an_hour(void **state)
{
    (void)state;
    struct devid_verifier *v = open_with(ca_path, NULL, false, 16);
    int64_t now = time(NULL);
    for (int i = 0; i < 3; i++) {
        assert_string_equal(JUDGE(v, now + i * 1799, leaf.der), "none");
        assert_int_equal(kept_of(v), i);
    }
    assert_string_equal(JUDGE(v, now + 3600, leaf.der), "none");
    assert_int_equal(kept_of(v), 2);
    assert_string_equal(JUDGE(v, now, leaf.der), "none"); /* the clock went back */
    assert_int_equal(kept_of(v), 2);
    assert_string_equal(JUDGE(v, now, leaf.der, ca.der), "none"); /* another chain */
    assert_int_equal(kept_of(v), 2);
    uint8_t both[2 * sizeof leaf.octets]; /* the same octets, parted elsewhere */
    memcpy(both, leaf.der.p, leaf.der.n);
    memcpy(both + leaf.der.n, ca.der.p, ca.der.n);
    const size_t n = leaf.der.n + ca.der.n, at = leaf.der.n - 1;
    assert_string_equal(JUDGE(v, now, {both, at}, {both + at, n - at}), "certificate-bad");
    assert_string_equal(JUDGE(v, now, {both, n}), "certificate-bad");
    assert_int_equal(kept_of(v), 2);
    devid_port_close(v);
}

static void a_chain_is_not_remembered_beyond_its_end(void **state)
{
    (void)state;
    struct cert brief, brief_ca, under;
    make(&brief, (struct cert_wish){.cn = "device", .by = &ca, .from = -60, .to = 600});
    make(&brief_ca,
         (struct cert_wish){.cn = "brief", .ca = true, .by = &ca, .from = -60, .to = 600});
    make(&under, (struct cert_wish){.cn = "device", .by = &brief_ca});
    struct devid_verifier *v = open_with(ca_path, NULL, true, 16);
    int64_t end = cert_end(&brief), ca_end = cert_end(&brief_ca);
    assert_string_equal(JUDGE(v, end - 500, brief.der), "none");
    assert_string_equal(JUDGE(v, end - 1, brief.der), "none");
    assert_int_equal(kept_of(v), 1);
    assert_string_equal(JUDGE(v, end, brief.der), "certificate-expired");
    assert_string_equal(JUDGE(v, ca_end - 500, under.der, brief_ca.der), "none");
    assert_string_equal(JUDGE(v, ca_end - 1, under.der, brief_ca.der), "none");
    assert_int_equal(kept_of(v), 2);
    assert_string_equal(JUDGE(v, ca_end, under.der, brief_ca.der), "certificate-expired");
    devid_port_close(v);
    crl_save(crl_path, false, &ca, NULL, 600);
    v = open_with(ca_path, crl_path, false, 16);
    int64_t now = time(NULL);
    assert_string_equal(JUDGE(v, now, leaf.der), "none");
    assert_string_equal(JUDGE(v, now + 590, leaf.der), "none");
    assert_int_equal(kept_of(v), 1);
    assert_string_equal(JUDGE(v, now + 700, leaf.der), "no-revocation-list");
    devid_port_close(v);
    cert_drop(&brief);
    cert_drop(&brief_ca);
    cert_drop(&under);
}

static void what_was_bad_is_not_remembered(void **state)
{
    (void)state;
    struct cert early;
    make(&early, (struct cert_wish){.cn = "device", .by = &ca, .from = DAY, .to = 2 * DAY});
    struct devid_verifier *v = open_with(ca_path, NULL, false, 16);
    int64_t now = time(NULL);
    for (int i = 0; i < 3; i++) {
        assert_string_equal(JUDGE(v, now, early.der), "certificate-not-yet-valid");
    }
    assert_int_equal(kept_of(v), 0);
    assert_string_equal(JUDGE(v, now + DAY + HOUR, early.der), "none");
    devid_port_close(v);
    cert_drop(&early);
}

static void a_reload_forgets_chains_and_a_bad_file_changes_nothing(void **state)
{
    (void)state;
    struct verify_why why = {""};
    int64_t now = time(NULL);
    crl_save(crl_path, false, &ca, NULL, DAY);
    struct devid_verifier *v = open_with(ca_path, crl_path, false, 16);
    assert_string_equal(JUDGE(v, now, leaf.der), "none");
    crl_save(crl_path, false, &ca, &leaf, DAY);
    assert_string_equal(JUDGE(v, now, leaf.der), "none");
    assert_int_equal(kept_of(v), 1);
    assert_ok(devid_port_reload(v, &why));
    assert_string_equal(JUDGE(v, now, leaf.der), "certificate-revoked");
    assert_int_equal(kept_of(v), 1);
    FILE *f = fopen(crl_path, "w");
    fclose(f);
    assert_err(devid_port_reload(v, &why), E_BAD_VALUE);
    assert_non_null(strstr(why.text, crl_path));
    assert_string_equal(JUDGE(v, now, leaf.der), "certificate-revoked");
    crl_save(crl_path, false, &ca, NULL, DAY);
    assert_ok(devid_port_reload(v, &why));
    assert_string_equal(JUDGE(v, now, leaf.der), "none");
    assert_int_equal(unlink(crl_path), 0);
    assert_err(devid_port_reload(v, &why), E_IO);
    assert_string_equal(JUDGE(v, now, leaf.der), "none");
    assert_int_equal(kept_of(v), 2);
    devid_port_close(v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_chain_to_a_configured_ca_is_good),
        cmocka_unit_test(the_time_of_each_certificate_counts),
        cmocka_unit_test(who_leads_to_no_ca_of_ours_is_untrusted),
        cmocka_unit_test(a_device_certificate_must_be_for_signatures),
        cmocka_unit_test(what_is_too_weak_or_no_chain_is_bad),
        cmocka_unit_test(a_chain_may_not_be_too_large),
        cmocka_unit_test(a_revoked_certificate_is_and_each_ca_needs_its_list),
        cmocka_unit_test(the_ca_kept_with_the_binding_counts_where_that_is_allowed),
        cmocka_unit_test(a_configured_ca_has_the_last_word_on_its_own),
        cmocka_unit_test(a_good_chain_is_remembered_for_an_hour),
        cmocka_unit_test(a_chain_is_not_remembered_beyond_its_end),
        cmocka_unit_test(what_was_bad_is_not_remembered),
        cmocka_unit_test(a_reload_forgets_chains_and_a_bad_file_changes_nothing)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
