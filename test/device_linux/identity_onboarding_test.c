/* Production lots whose devices can onboard: src/device/linux/identity_row.c,
 * src/device/linux/identity_maker.c and src/device/linux/identity_lot.c. */
#include "device/linux/identity_lot.h"

#include "device/linux/onboard_openssl.h"
#include "lib/check.h"
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ROWS 4u
#define NOW  1700000000

static char folder[64], dir[96];

static int begin(void **state)
{
    const char *base = getenv("TMPDIR");
    (void)state;
    (void)snprintf(folder, sizeof folder, "%.30s/lot-test.XXXXXX", base && *base ? base : "/tmp");
    assert_non_null(mkdtemp(folder));
    (void)snprintf(dir, sizeof dir, "%s/lot", folder);
    return 0;
}

static int end(void **state)
{
    char command[128];
    (void)state;
    (void)snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command) == 0 ? 0 : -1;
}

/* ---- rows to test with ---- */

static struct identity_lot lot_of(uint8_t form, uint32_t count)
{
    struct identity_lot lot = {.tac = "35693803",
                               .first = 7,
                               .count = count,
                               .algorithm = DEVID_ECDSA_P256,
                               .form = BINDING_PUBLIC_KEY,
                               .model = "meter 1",
                               .onboarding = {.form = form,
                                              .bits = form == CERTATTACH_RSA ? 2048 : 0,
                                              .random = true,
                                              .host = "ca.example.org",
                                              .manufacturer = "Example Meters"}};
    memset(lot.ca, 0xca, sizeof lot.ca);
    memset(lot.onboarding.roots, 0x70, sizeof lot.onboarding.roots);
    return lot;
}

static void make_row(const struct identity_lot *lot, uint32_t i, struct identity_row *out)
{
    uint8_t key[SIGNER_KEY_MAX], der[700];
    struct identity_onboarding *o = &out->onboarding;
    size_t n = 0;
    *out = (struct identity_row){.imei = identity_lot_imei(lot, i), .algorithm = lot->algorithm};
    assert_ok(signer_openssl_make(lot->algorithm, key, &n));
    memcpy(out->key.der, key, n);
    out->key.n = (uint16_t)n;
    o->form = lot->onboarding.form;
    (void)snprintf(o->url, sizeof o->url, "https://%s/DeviceID=k7q2-%u", lot->onboarding.host, i);
    (void)snprintf(o->manufacturer, sizeof o->manufacturer, "Example \"Meters\" \\ Co.");
    (void)snprintf(o->model, sizeof o->model, "%s", lot->model);
    (void)snprintf(o->serial_number, sizeof o->serial_number, "SN %06u", i);
    assert_ok(onboard_openssl_make(lot->onboarding.bits, o->key, &n));
    o->key_n = (uint16_t)n;
    memset(der, (int)(0x40 + i), sizeof der);
    assert_ok(identity_onboarding_add_certificate(o, (struct bytes){der, 600 + i % 3}));
    assert_ok(identity_onboarding_add_certificate(o, (struct bytes){der, 1}));
    assert_ok(identity_onboarding_add_root(o, (struct bytes){der, 400}));
}

struct text {
    uint8_t octets[IDENTITY_ROW_MAX];
    size_t n;
};

static void lines_of(const struct identity_row *row, struct text *device, struct text *bindings)
{
    const struct bytes derived = {NULL, 0};
    assert_ok(identity_row_write(row, MBYTES_OF(device->octets), &device->n));
    assert_ok(identity_binding_write(row, derived, MBYTES_OF(bindings->octets), &bindings->n));
}

static void append_row(struct identity_maker *m, const struct identity_lot *lot, uint32_t i)
{
    struct identity_why why;
    struct identity_row row;
    static struct text device, bindings;
    make_row(lot, i, &row);
    lines_of(&row, &device, &bindings);
    assert_ok(identity_maker_append(m, (struct bytes){device.octets, device.n},
                                    (struct bytes){bindings.octets, bindings.n}, 1, &why));
}

static void make_lot(const struct identity_lot *lot)
{
    struct identity_maker *m;
    struct identity_why why;
    assert_ok(identity_maker_open(dir, lot, NOW, &m, &why));
    for (uint32_t i = 0; i < lot->count; i++) {
        append_row(m, lot, i);
    }
    assert_ok(identity_maker_finish(m, &why));
    identity_maker_close(m);
}

/* ---- files ---- */

struct file {
    uint8_t octets[65536];
    size_t n;
};

static void path_of(const char *name, char out[static 160])
{
    (void)snprintf(out, 160, "%s/%s", dir, name);
}

static void load(const char *name, struct file *out)
{
    char path[160];
    path_of(name, path);
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    out->n = fread(out->octets, 1, sizeof out->octets, f);
    assert_in_range(out->n, 0, sizeof out->octets - 1);
    (void)fclose(f);
}

static void cut(const char *name, size_t n)
{
    char path[160];
    path_of(name, path);
    assert_int_equal(truncate(path, (off_t)n), 0);
}

static void unfinish(void)
{
    struct identity_lot lot;
    struct identity_why why;
    assert_ok(identity_lot_read(dir, &lot, &why));
    lot.complete = false;
    assert_ok(identity_lot_write(dir, &lot, &why));
}

/* ---- rows ---- */

static void assert_same(const struct identity_onboarding *a, const struct identity_onboarding *b)
{
    assert_int_equal(a->form, b->form);
    assert_string_equal(a->url, b->url);
    assert_string_equal(a->manufacturer, b->manufacturer);
    assert_string_equal(a->model, b->model);
    assert_string_equal(a->serial_number, b->serial_number);
    assert_int_equal(a->key_n, b->key_n);
    assert_memory_equal(a->key, b->key, a->key_n);
    assert_int_equal(a->n_chain, b->n_chain);
    assert_int_equal(a->n_roots, b->n_roots);
    for (size_t i = 0; i <= a->n_chain; i++) {
        assert_true(
            bytes_eq(identity_onboarding_certificate(a, i), identity_onboarding_certificate(b, i)));
    }
    for (size_t i = 0; i <= a->n_roots; i++) {
        assert_true(bytes_eq(identity_onboarding_root(a, i), identity_onboarding_root(b, i)));
    }
}

static void a_row_is_read_as_it_was_written_and_no_part_of_it_is(void **state)
{
    (void)state;
    for (uint8_t form = CERTATTACH_EC; form <= CERTATTACH_RSA; form++) {
        const struct identity_lot lot = lot_of(form, ROWS);
        struct identity_row row, back;
        static struct text device, bindings;
        make_row(&lot, 1, &row);
        lines_of(&row, &device, &bindings);
        const struct bytes line = {device.octets, device.n - 1};
        assert_ok(identity_row_read(line, &back));
        assert_same(&row.onboarding, &back.onboarding);
        for (size_t n = 0; n < line.n; n++) {
            uint8_t *part = exact_copy((struct bytes){line.p, n});
            assert_err(identity_row_read((struct bytes){part, n}, &back), E_BAD_VALUE);
            free(part);
        }
        assert_same(&row.onboarding, &back.onboarding);
        for (size_t room = 0; room < device.n; room += 11) {
            uint8_t *small = malloc(room + 1);
            size_t n;
            assert_err(identity_row_write(&row, (struct mbytes){small, room}, &n), E_NO_ROOM);
            free(small);
        }
    }
}

static void a_row_without_onboarding_is_what_it_was(void **state)
{
    const struct identity_lot lot = lot_of(CERTATTACH_EC, ROWS);
    struct identity_row row, back;
    static struct text device, bindings;
    (void)state;
    make_row(&lot, 1, &row);
    memset(&row.onboarding, 0, sizeof row.onboarding);
    lines_of(&row, &device, &bindings);
    device.octets[device.n] = '\0';
    assert_null(strstr((char *)device.octets, "onboarding"));
    assert_ok(identity_row_read((struct bytes){device.octets, device.n - 1}, &back));
    assert_int_equal(back.onboarding.form, 0);
    assert_int_equal(memchr(bindings.octets, '\n', bindings.n) == bindings.octets + bindings.n - 1,
                     1);
}

static void what_is_no_device_to_onboard_is_not_written(void **state)
{
    const struct identity_lot lot = lot_of(CERTATTACH_EC, ROWS);
    struct identity_row good, row;
    static struct text device;
    const struct bytes derived = {NULL, 0};
    (void)state;
    make_row(&lot, 0, &good);
    for (unsigned i = 0; i < 8; i++) {
        struct identity_onboarding *o = &row.onboarding;
        row = good;
        switch (i) {
        case 0:
            o->form = 3;
            break;
        case 1:
            (void)snprintf(o->url, sizeof o->url, "http://ca.example.org/DeviceID=1");
            break;
        case 2:
            (void)snprintf(o->url, sizeof o->url, "https://127.0.0.1/DeviceID=1");
            break;
        case 3:
            o->manufacturer[0] = '\0';
            break;
        case 4:
            o->model[1] = '\n';
            break;
        case 5:
            o->key_n = 0;
            break;
        case 6:
            o->n_chain = 0;
            break;
        default:
            o->n_roots = 0;
            break;
        }
        assert_err(identity_row_write(&row, MBYTES_OF(device.octets), &device.n), E_BAD_VALUE);
        assert_err(identity_binding_write(&row, derived, MBYTES_OF(device.octets), &device.n),
                   E_BAD_VALUE);
    }
}

static void as_many_certificates_and_roots_as_fit_are_taken(void **state)
{
    struct identity_onboarding o = {.form = CERTATTACH_EC};
    static uint8_t der[IDENTITY_CHAIN_MAX];
    (void)state;
    assert_err(identity_onboarding_add_root(&o, (struct bytes){der, 0}), E_NO_ROOM);
    assert_err(identity_onboarding_add_root(&o, (struct bytes){der, IDENTITY_ROOTS_LEN + 1}),
               E_NO_ROOM);
    for (unsigned i = 0; i < IDENTITY_ROOTS_MAX; i++) {
        assert_ok(identity_onboarding_add_root(&o, (struct bytes){der, 10}));
    }
    assert_err(identity_onboarding_add_root(&o, (struct bytes){der, 10}), E_NO_ROOM);
    assert_ok(identity_onboarding_add_certificate(&o, BYTES_OF(der)));
    assert_err(identity_onboarding_add_certificate(&o, (struct bytes){der, 1}), E_NO_ROOM);
}

/* ---- what a repository is told ---- */

static json_t *binding(const struct file *f, size_t i)
{
    const uint8_t *p = f->octets;
    for (; i > 0; i--) {
        p = (const uint8_t *)memchr(p, '\n', f->n - (size_t)(p - f->octets)) + 1;
    }
    json_t *o =
        json_loadb((const char *)p, (size_t)((const uint8_t *)strchr((const char *)p, '\n') - p),
                   JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(o);
    return o;
}

/*= test certattach-device */
static void a_device_has_two_rows_and_the_second_says_what_it_is(void **state)
{
    const struct identity_lot lot = lot_of(CERTATTACH_EC, 2);
    static struct file f;
    (void)state;
    make_lot(&lot);
    load(IDENTITY_LOT_BINDINGS, &f);
    f.octets[f.n] = '\0';
    for (uint32_t i = 0; i < lot.count; i++) {
        json_t *identity = binding(&f, 2 * i), *o = binding(&f, 2 * i + 1);
        const json_t *d = json_object_get(o, "device");
        char id[16];
        (void)snprintf(id, sizeof id, "k7q2-%u", i);
        assert_string_equal(json_string_value(json_object_get(identity, "use")), "identity");
        assert_string_equal(json_string_value(json_object_get(o, "use")), "provisioning");
        assert_string_equal(json_string_value(json_object_get(identity, "imei")),
                            json_string_value(json_object_get(o, "imei")));
        assert_int_equal(json_array_size(json_object_get(o, "certificates")), 2);
        assert_int_equal(json_object_size(o), 4);
        assert_int_equal(json_object_size(d), 4);
        assert_string_equal(json_string_value(json_object_get(d, "id")), id);
        assert_string_equal(json_string_value(json_object_get(d, "manufacturer")),
                            "Example \"Meters\" \\ Co.");
        assert_string_equal(json_string_value(json_object_get(d, "model")), "meter 1");
        assert_non_null(json_object_get(d, "serial_number"));
        json_decref(identity);
        json_decref(o);
    }
    assert_null(strstr((char *)f.octets, "\"key\""));
}

/* ---- a lot ---- */

static void a_lot_says_what_its_devices_onboard_with(void **state)
{
    (void)state;
    for (uint8_t form = CERTATTACH_EC; form <= CERTATTACH_RSA; form++) {
        const struct identity_lot lot = lot_of(form, 1);
        struct identity_lot back;
        struct identity_why why;
        make_lot(&lot);
        assert_ok(identity_lot_read(dir, &back, &why));
        assert_int_equal(back.onboarding.form, form);
        assert_int_equal(back.onboarding.bits, lot.onboarding.bits);
        assert_true(back.onboarding.random);
        assert_string_equal(back.onboarding.host, lot.onboarding.host);
        assert_string_equal(back.onboarding.manufacturer, lot.onboarding.manufacturer);
        assert_memory_equal(back.onboarding.roots, lot.onboarding.roots, 32);
        assert_string_equal(back.model, lot.model);
        assert_memory_equal(back.ca, lot.ca, 32);
        end(NULL);
        begin(NULL);
    }
}

static void a_lot_goes_on_only_as_what_it_is(void **state)
{
    const struct identity_lot lot = lot_of(CERTATTACH_RSA, 1);
    struct identity_maker *m;
    struct identity_why why;
    (void)state;
    make_lot(&lot);
    for (unsigned i = 0; i < 6; i++) {
        struct identity_lot other = lot;
        struct identity_lot_onboarding *o = &other.onboarding;
        switch (i) {
        case 0:
            o->form = CERTATTACH_EC;
            break;
        case 1:
            o->bits = 3072;
            break;
        case 2:
            (void)snprintf(o->host, sizeof o->host, "ca.example.net");
            break;
        case 3:
            (void)snprintf(o->manufacturer, sizeof o->manufacturer, "Other");
            break;
        case 4:
            o->random = false;
            break;
        default:
            o->roots[31] ^= 1;
            break;
        }
        assert_err(identity_maker_open(dir, &other, NOW, &m, &why), E_CONFLICT);
    }
    assert_ok(identity_maker_open(dir, &lot, NOW, &m, &why));
    identity_maker_close(m);
}

/* Whatever was on its way to the disk when it stopped: both rows of each device are there in the
 * end, and the keys are those that were told before. */
static void a_lot_that_was_broken_off_anywhere_goes_on(void **state)
{
    const struct identity_lot lot = lot_of(CERTATTACH_EC, 3);
    static struct file devices, bindings, now;
    struct identity_maker *m;
    struct identity_why why;
    (void)state;
    make_lot(&lot);
    load(IDENTITY_LOT_DEVICES, &devices);
    load(IDENTITY_LOT_BINDINGS, &bindings);
    for (size_t n = bindings.n; n > 0; n -= n > 97 ? 97 : n) {
        unfinish();
        cut(IDENTITY_LOT_BINDINGS, n - 1);
        assert_ok(identity_maker_open(dir, &lot, NOW, &m, &why));
        assert_int_equal(identity_maker_done(m), lot.count);
        assert_ok(identity_maker_finish(m, &why));
        identity_maker_close(m);
        load(IDENTITY_LOT_BINDINGS, &now);
        assert_true(bytes_eq((struct bytes){now.octets, now.n},
                             (struct bytes){bindings.octets, bindings.n}));
    }
}

static void a_row_of_another_device_is_damage(void **state)
{
    const struct identity_lot lot = lot_of(CERTATTACH_EC, 2);
    static struct file bindings;
    struct identity_maker *m;
    struct identity_why why;
    char path[160];
    (void)state;
    make_lot(&lot);
    unfinish();
    load(IDENTITY_LOT_BINDINGS, &bindings);
    /* the first device's second row is gone: two rows that are not of one device follow */
    const uint8_t *first = memchr(bindings.octets, '\n', bindings.n);
    const uint8_t *second = memchr(first + 1, '\n', bindings.n);
    path_of(IDENTITY_LOT_BINDINGS, path);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    const size_t head = (size_t)(first + 1 - bindings.octets);
    const size_t skip = (size_t)(second + 1 - bindings.octets);
    assert_int_equal(fwrite(bindings.octets, 1, head, f), head);
    assert_int_equal(fwrite(bindings.octets + skip, 1, bindings.n - skip, f), bindings.n - skip);
    (void)fclose(f);
    assert_err(identity_maker_open(dir, &lot, NOW, &m, &why), E_BAD_VALUE);
}

static void devices_are_found_and_taken_one_after_the_other(void **state)
{
    const struct identity_lot lot = lot_of(CERTATTACH_EC, ROWS);
    struct identity_source *s;
    struct identity_why why;
    struct identity_row row;
    (void)state;
    make_lot(&lot);
    assert_ok(identity_source_open(dir, &s, &why));
    for (uint32_t i = 0; i < ROWS; i++) {
        const struct imei imei = identity_lot_imei(&lot, i);
        assert_ok(identity_source_next(s, &row, &why));
        assert_true(imei_eq(&row.imei, &imei));
        assert_int_equal(row.onboarding.form, CERTATTACH_EC);
    }
    assert_err(identity_source_next(s, &row, &why), E_CLOSED);
    const struct imei third = identity_lot_imei(&lot, 2);
    assert_ok(identity_source_find(s, &third, &row, &why));
    assert_string_equal(row.onboarding.url, "https://ca.example.org/DeviceID=k7q2-2");
    identity_row_wipe(&row);
    identity_source_close(s);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        T(a_row_is_read_as_it_was_written_and_no_part_of_it_is),
        T(a_row_without_onboarding_is_what_it_was),
        T(what_is_no_device_to_onboard_is_not_written),
        T(as_many_certificates_and_roots_as_fit_are_taken),
        T(a_device_has_two_rows_and_the_second_says_what_it_is),
        T(a_lot_says_what_its_devices_onboard_with),
        T(a_lot_goes_on_only_as_what_it_is),
        T(a_lot_that_was_broken_off_anywhere_goes_on),
        T(a_row_of_another_device_is_damage),
        T(devices_are_found_and_taken_one_after_the_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
