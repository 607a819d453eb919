/* cli/lot_onboarding.h and cli/lot_make.h: a lot of devices that get their subscription by
 * attaching. What is in it is held to what the AUSF believes (nf/common/onboard_port.h) and to what
 * a device opens (device/linux/onboard_openssl.h). */
#include "cli/lot_onboarding.h"

#include "cli/home.h"
#include "cli/said.h"
#include "device/linux/onboard_openssl.h"
#include "net/onboard_key.h"
#include "nf/common/onboard_port.h"
#include <time.h>

static char folder[64], dir[96];
static struct pki_ca *ca;

static int begin(void **state)
{
    struct plmn plmn;
    (void)state;
    folder_make(folder);
    (void)snprintf(dir, sizeof dir, "%s/pki", folder);
    assert_ok(plmn_parse(BYTES_LIT("001-01"), &plmn));
    assert_true(pki_make_roles(dir, NULL, NULL, NULL, 0));
    assert_true(pki_make_operator(dir, &plmn, 1));
    assert_true(pki_signing_key(dir, "records"));
    ca = pki_ca_open(dir);
    return ca ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    pki_ca_close(ca);
    folder_remove(folder);
    return 0;
}

static const char *path_of(const char *name)
{
    static char path[8][160];
    static int turn;
    turn = (turn + 1) % 8;
    (void)snprintf(path[turn], sizeof path[turn], "%s/%s", dir, name);
    return path[turn];
}

/* ---- options ---- */

static bool take(const struct lot_onboarding_options *o, struct identity_lot_onboarding *out,
                 struct said *s)
{
    said_begin(s);
    const bool good = lot_onboarding_take(o, out);
    said_end(s);
    return good;
}

static void what_is_not_said_has_a_default(void **state)
{
    const struct lot_onboarding_options none = {.wanted = false}, plain = {.wanted = true};
    struct identity_lot_onboarding lot;
    struct said s;
    (void)state;
    assert_true(take(&none, &lot, &s));
    assert_int_equal(lot.form, 0);
    assert_string_equal(lot.host, "");
    assert_true(take(&plain, &lot, &s));
    assert_int_equal(lot.form, CERTATTACH_EC);
    assert_int_equal(lot.bits, 0);
    assert_true(lot.random);
    assert_string_equal(lot.host, HOME_CA_HOST);
    assert_string_equal(lot.manufacturer, "demo maker");
}

static void what_is_said_counts(void **state)
{
    const struct lot_onboarding_options o = {.wanted = true,
                                             .serial_ids = true,
                                             .host = "CA.Maker.Example",
                                             .manufacturer = "Maker 1",
                                             .rsa = "3072"};
    struct identity_lot_onboarding lot;
    struct said s;
    (void)state;
    assert_true(take(&o, &lot, &s));
    assert_int_equal(lot.form, CERTATTACH_RSA);
    assert_int_equal(lot.bits, 3072);
    assert_false(lot.random);
    assert_string_equal(lot.host, "ca.maker.example"); /* names are told apart in lower case */
    assert_string_equal(lot.manufacturer, "Maker 1");
}

static void what_cannot_be_is_said(void **state)
{
    char host[300];
    memset(host, 'a', sizeof host - 1);
    host[sizeof host - 1] = '\0';
    const struct {
        struct lot_onboarding_options o;
        const char *words;
    } cases[] = {
        {{.rsa = "1024"}, "--rsa"},
        {{.rsa = "4097"}, "--rsa"},
        {{.rsa = "2049"}, "in steps of 256"},
        {{.rsa = "many"}, "--rsa"},
        {{.manufacturer = ""}, "--manufacturer"},
        {{.manufacturer = "a maker with a name of more than forty letters"}, "--manufacturer"},
        {{.manufacturer = "quote\""}, "--manufacturer"},
        {{.host = ""}, "--url-host"},
        {{.host = "localhost"}, "--url-host"},
        {{.host = "192.0.2.1"}, "--url-host"},
        {{.host = "ca.example.org:8443"}, "--url-host"},
        {{.host = "ca.example.org/x"}, "--url-host"},
        {{.host = "me@ca.example.org"}, "--url-host"},
        {{.host = host}, "--url-host"},
    };
    struct identity_lot_onboarding lot;
    struct said s;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct lot_onboarding_options o = cases[i].o;
        o.wanted = true;
        assert_false(take(&o, &lot, &s));
        said_holds(&s, cases[i].words);
    }
}

/* ---- roots ---- */

static bool read_roots(const char *path, struct lot_roots *out, struct said *s)
{
    const struct lot_onboarding_options o = {.wanted = true, .roots = path};
    said_begin(s);
    const bool good = lot_roots_read(&o, folder, out);
    said_end(s);
    return good;
}

static void append(const char *to, const char *from, size_t without)
{
    char text[4096];
    FILE *in = fopen(from, "r"), *out = fopen(to, "a");
    assert_non_null(in);
    assert_non_null(out);
    const size_t n = fread(text, 1, sizeof text, in);
    assert_in_range(n, without + 1, sizeof text - 1);
    assert_int_equal(fwrite(text, 1, n - without, out), n - without);
    assert_int_equal(fclose(in), 0);
    assert_int_equal(fclose(out), 0);
}

static void roots_are_those_of_the_directory_or_of_a_file(void **state)
{
    const char *two = path_of("two.crt");
    struct identity_lot_onboarding lot = {.form = CERTATTACH_EC}, other = {.form = CERTATTACH_EC};
    struct lot_given given = {.n_roots = 0};
    struct lot_roots roots;
    struct said s;
    (void)state;
    assert_true(read_roots(NULL, &roots, &s));
    assert_int_equal(roots.n, 1);
    assert_true(lot_roots_give(&roots, &given, &lot));
    assert_int_equal(given.n_roots, 1);
    lot_roots_free(&roots);
    append(two, path_of("provisioning-ca.crt"), 0);
    append(two, path_of("device-ca.crt"), 0);
    assert_true(read_roots(two, &roots, &s));
    assert_int_equal(roots.n, 2);
    assert_true(lot_roots_give(&roots, &given, &other));
    assert_int_equal(given.n_roots, 2);
    lot_roots_free(&roots);
    assert_memory_not_equal(lot.roots, other.roots, sizeof lot.roots); /* it is another lot */
}

static void a_file_that_has_anything_else_is_refused(void **state)
{
    const char *torn = path_of("torn.crt"), *end = path_of("end.crt"), *five = path_of("five.crt");
    struct lot_roots roots;
    struct said s;
    (void)state;
    assert_false(read_roots(path_of("nowhere.crt"), &roots, &s));
    said_holds(&s, "--provisioning-operator");
    assert_false(read_roots(path_of("records.key"), &roots, &s));
    said_holds(&s, "CAs that sign themselves");
    append(torn, path_of("provisioning-ca.crt"), 0); /* one that is whole, and one that is cut */
    append(torn, path_of("device-ca.crt"), 40);
    assert_false(read_roots(torn, &roots, &s));
    assert_int_equal(roots.n, 0);
    append(end, path_of("operator.crt"), 0);
    assert_false(read_roots(end, &roots, &s));
    for (int i = 0; i <= (int)IDENTITY_ROOTS_MAX; i++) {
        append(five, path_of("provisioning-ca.crt"), 0);
    }
    assert_false(read_roots(five, &roots, &s));
}

/* ---- devices ---- */

static struct identity_lot lot_of(uint8_t form, unsigned bits)
{
    return (struct identity_lot){.tac = "35693803",
                                 .first = 123456,
                                 .count = 3,
                                 .algorithm = DEVID_ECDSA_P256,
                                 .form = BINDING_CERTIFICATE,
                                 .model = "meter",
                                 .onboarding = {.form = form,
                                                .bits = (uint16_t)bits,
                                                .random = true,
                                                .host = "ca.example.org",
                                                .manufacturer = "Maker 1"}};
}

static void make_device(const struct identity_lot *lot, struct identity_row *row)
{
    uint8_t spki[IDENTITY_SPKI_MAX];
    size_t n = 0;
    struct lot_given given = {.ca = ca};
    struct identity_lot_onboarding digest;
    struct lot_roots roots;
    struct said s;
    assert_true(read_roots(NULL, &roots, &s));
    assert_true(lot_roots_give(&roots, &given, &digest));
    assert_ok(lot_make_device(lot, &given, 0, row, spki, &n));
    lot_roots_free(&roots);
}

static struct onboard_authority *open_authority(void)
{
    static const char *signers[1];
    static char roots[160], crl[160], records[160];
    struct onboard_authority *a = NULL;
    struct verify_why why = {""};
    (void)snprintf(records, sizeof records, "%s", path_of("records.pub"));
    (void)snprintf(roots, sizeof roots, "%s", path_of("device-ca.crt"));
    (void)snprintf(crl, sizeof crl, "%s", path_of("device-ca.crl"));
    signers[0] = records;
    const struct onboard_authority_options o = {
        .signers = signers, .n_signers = 1, .roots = roots, .crl = crl};
    if (onboard_authority_open(&o, &a, &why) != E_OK) {
        fail_msg("%s", why.text);
    }
    return a;
}

static const char *judge(struct onboard_authority *a, const struct identity_onboarding *o)
{
    const struct certattach_authority_port *port = onboard_authority_port(a);
    const struct bytes chain[] = {identity_onboarding_certificate(o, 0),
                                  identity_onboarding_certificate(o, 1)};
    return certattach_cause_name(port->chain(port->ctx, chain, 2, (int64_t)time(NULL)));
}

/* The AUSF agrees on a secret with the certificate; the device has the same by its key. */
static void agrees(const struct identity_onboarding *o)
{
    struct onboard_tools *tools;
    enum verify_key_kind kind;
    uint8_t sent[ONBOARD_SENT_MAX], theirs[ONBOARD_SECRET_LEN], ours[CERTATTACH_SECRET_LEN];
    size_t n = 0;
    assert_ok(onboard_tools_open(&tools));
    assert_ok(onboard_agree(tools, identity_onboarding_certificate(o, 0),
                            bytes_of_str(CERTATTACH_OAEP_LABEL), &kind, sent, &n, theirs));
    assert_ok(onboard_openssl_secret((struct bytes){o->key, o->key_n}, o->form,
                                     (struct bytes){sent, n}, ours));
    assert_memory_equal(theirs, ours, sizeof ours);
    onboard_tools_close(tools);
}

/*= test certattach-device */
static void the_ausf_believes_a_devices_certificate_and_the_device_opens_what_it_sends(void **state)
{
    static const struct {
        uint8_t form;
        unsigned bits;
    } kinds[] = {{CERTATTACH_EC, 0}, {CERTATTACH_RSA, 2048}};
    struct onboard_authority *a = open_authority();
    struct identity_row row;
    (void)state;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        const struct identity_lot lot = lot_of(kinds[i].form, kinds[i].bits);
        make_device(&lot, &row);
        assert_int_equal(row.onboarding.form, kinds[i].form);
        assert_string_equal(judge(a, &row.onboarding), "none");
        agrees(&row.onboarding);
        assert_string_equal(row.onboarding.manufacturer, "Maker 1");
        assert_string_equal(row.onboarding.model, "meter");
        assert_string_equal(row.onboarding.serial_number, "123456");
        identity_row_wipe(&row);
    }
    onboard_authority_close(a);
}

/* One key, one use: what proves the IMEI is not encrypted to, and the other way round. */
static void neither_key_has_the_others_certificate(void **state)
{
    const struct identity_lot lot = lot_of(CERTATTACH_EC, 0);
    struct onboard_authority *a = open_authority();
    struct identity_row row;
    (void)state;
    make_device(&lot, &row);
    const struct certattach_authority_port *port = onboard_authority_port(a);
    const struct bytes identity[] = {identity_certificate(&row, 0), identity_certificate(&row, 1)};
    assert_string_equal(
        certattach_cause_name(port->chain(port->ctx, identity, 2, (int64_t)time(NULL))),
        "certificate-purpose");
    assert_false(row.key.n == row.onboarding.key_n &&
                 !memcmp(row.key.der, row.onboarding.key, row.key.n));
    identity_row_wipe(&row);
    onboard_authority_close(a);
}

/*= test certattach-1c */
static void ids_are_random_and_tell_nothing_unless_it_is_wanted(void **state)
{
    struct identity_lot lot = lot_of(CERTATTACH_EC, 0);
    struct identity_row one, two;
    struct certattach_url a, b;
    (void)state;
    make_device(&lot, &one);
    make_device(&lot, &two);
    assert_ok(certattach_url_parse(bytes_of_str(one.onboarding.url), &a));
    assert_ok(certattach_url_parse(bytes_of_str(two.onboarding.url), &b));
    assert_string_equal(a.host, "ca.example.org");
    assert_int_equal(a.id.n, 32); /* 128 bits */
    assert_false(device_id_eq(&a.id, &b.id));
    assert_null(strstr(one.onboarding.url, "123456"));
    const struct bytes der = identity_onboarding_certificate(&one.onboarding, 0);
    assert_null(memmem(der.p, der.n, one.imei.digits, IMEI_DIGITS));
    assert_null(memmem(der.p, der.n, "123456", 6));
    lot.onboarding.random = false;
    make_device(&lot, &two);
    assert_string_equal(two.onboarding.url, "https://ca.example.org/DeviceID=35693803123456");
    identity_row_wipe(&one);
    identity_row_wipe(&two);
}

static void without_a_ca_there_is_no_such_device(void **state)
{
    const struct identity_lot lot = lot_of(CERTATTACH_EC, 0);
    const struct lot_given none = {.ca = NULL};
    struct identity_lot keys = lot;
    struct identity_row row;
    uint8_t spki[IDENTITY_SPKI_MAX];
    size_t n = 0;
    (void)state;
    keys.form = BINDING_PUBLIC_KEY;
    assert_err(lot_make_device(&keys, &none, 0, &row, spki, &n), E_CRYPTO);
    identity_row_wipe(&row);
}

/* ---- a lot ---- */

static void make_lot(const char *path, struct identity_lot *lot)
{
    struct lot_roots roots;
    struct said s;
    struct identity_why why = {""};
    struct identity_maker *maker;
    struct lot_make how = {.given = {.ca = ca}, .threads = 2};
    assert_true(read_roots(NULL, &roots, &s));
    assert_true(lot_roots_give(&roots, &how.given, &lot->onboarding));
    pki_ca_digest(ca, lot->ca);
    if (identity_maker_open(path, lot, 1700000000, &maker, &why) != E_OK ||
        lot_make(maker, &how, &why) != E_OK || identity_maker_finish(maker, &why) != E_OK) {
        fail_msg("%s", why.text);
    }
    identity_maker_close(maker);
    lot_roots_free(&roots);
}

static size_t lines_of(const char *path)
{
    size_t n = 0;
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    for (int c = getc(f); c != EOF; c = getc(f)) {
        n += c == '\n';
    }
    (void)fclose(f);
    return n;
}

/* Of more devices than a thread makes at once: all are there, once, in order, and each is whole. */
static void a_lot_has_all_its_devices_and_two_rows_for_each(void **state)
{
    struct identity_lot lot = lot_of(CERTATTACH_EC, 0);
    struct identity_source *source;
    struct identity_why why = {""};
    struct identity_row row;
    char path[96], bindings[160];
    uint32_t n = 0;
    (void)state;
    lot.count = 150;
    (void)snprintf(path, sizeof path, "%s/lot", folder);
    (void)snprintf(bindings, sizeof bindings, "%s/" IDENTITY_LOT_BINDINGS, path);
    make_lot(path, &lot);
    assert_int_equal(lines_of(bindings), 2 * lot.count);
    struct onboard_authority *a = open_authority();
    assert_ok(identity_source_open(path, &source, &why));
    assert_true(identity_source_lot(source)->complete);
    for (; identity_source_next(source, &row, &why) == E_OK; n++) {
        const struct imei imei = identity_lot_imei(&lot, n);
        assert_true(imei_eq(&row.imei, &imei));
        assert_string_equal(judge(a, &row.onboarding), "none");
        assert_int_equal(row.onboarding.n_roots, 1);
        identity_row_wipe(&row);
    }
    assert_int_equal(n, lot.count);
    identity_source_close(source);
    onboard_authority_close(a);
}

static void a_lot_with_rsa_keys_is_read_again(void **state)
{
    struct identity_lot lot = lot_of(CERTATTACH_RSA, 2048);
    struct identity_source *source;
    struct identity_why why = {""};
    struct identity_row row;
    char path[96];
    (void)state;
    (void)snprintf(path, sizeof path, "%s/lot", folder);
    lot.count = 2;
    make_lot(path, &lot);
    assert_ok(identity_source_open(path, &source, &why));
    const struct imei imei = identity_lot_imei(&lot, 1);
    assert_ok(identity_source_find(source, &imei, &row, &why));
    assert_int_equal(row.onboarding.form, CERTATTACH_RSA);
    agrees(&row.onboarding);
    identity_row_wipe(&row);
    identity_source_close(source);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_not_said_has_a_default),
        cmocka_unit_test(what_is_said_counts),
        cmocka_unit_test(what_cannot_be_is_said),
        cmocka_unit_test_setup_teardown(roots_are_those_of_the_directory_or_of_a_file, begin, end),
        cmocka_unit_test_setup_teardown(a_file_that_has_anything_else_is_refused, begin, end),
        cmocka_unit_test_setup_teardown(
            the_ausf_believes_a_devices_certificate_and_the_device_opens_what_it_sends, begin, end),
        cmocka_unit_test_setup_teardown(neither_key_has_the_others_certificate, begin, end),
        cmocka_unit_test_setup_teardown(ids_are_random_and_tell_nothing_unless_it_is_wanted, begin,
                                        end),
        cmocka_unit_test_setup_teardown(without_a_ca_there_is_no_such_device, begin, end),
        cmocka_unit_test_setup_teardown(a_lot_has_all_its_devices_and_two_rows_for_each, begin,
                                        end),
        cmocka_unit_test_setup_teardown(a_lot_with_rsa_keys_is_read_again, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
