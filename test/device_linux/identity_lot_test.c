/* device/linux/identity_lot.h: src/device/linux/identity_row.c, src/device/linux/identity_maker.c.
 */
#include "device/linux/identity_lot.h"

#include "device/linux/signer_openssl.h"
#include "lib/check.h"
#include <errno.h>
#include <fcntl.h>
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
    struct identity_lot lot = {
        .tac = "35693803", .first = 7, .count = count, .algorithm = DEVID_ECDSA_P256, .form = form};
    if (form == BINDING_CERTIFICATE) {
        memset(lot.ca, 0xca, sizeof lot.ca);
        (void)snprintf(lot.model, sizeof lot.model, "meter 1");
    }
    return lot;
}

static void make_row(const struct identity_lot *lot, uint32_t i, struct identity_row *out)
{
    uint8_t key[SIGNER_KEY_MAX], der[700];
    size_t n = 0;
    *out = (struct identity_row){.imei = identity_lot_imei(lot, i), .algorithm = lot->algorithm};
    assert_ok(signer_openssl_make(lot->algorithm, key, &n));
    assert_in_range(n, 1, IDENTITY_KEY_MAX);
    memcpy(out->key.der, key, n);
    out->key.n = (uint16_t)n;
    memset(der, (int)i, sizeof der);
    if (lot->form == BINDING_CERTIFICATE) {
        assert_ok(identity_add_certificate(out, (struct bytes){der, 600 + i % 3}));
        assert_ok(identity_add_certificate(out, (struct bytes){der, 1}));
    }
}

struct text {
    uint8_t octets[IDENTITY_ROW_MAX];
    size_t n;
};

static void lines_of(const struct identity_row *row, struct text *device, struct text *binding)
{
    const struct bytes derived = {NULL, 0};
    assert_ok(identity_row_write(row, MBYTES_OF(device->octets), &device->n));
    assert_ok(identity_binding_write(row, derived, MBYTES_OF(binding->octets), &binding->n));
}

static void make_lot(const struct identity_lot *lot)
{
    struct identity_maker *m;
    struct identity_why why;
    struct identity_row row;
    static struct text device, binding;
    assert_ok(identity_maker_open(dir, lot, NOW, &m, &why));
    assert_int_equal(identity_maker_done(m), 0);
    for (uint32_t i = 0; i < lot->count; i++) {
        make_row(lot, i, &row);
        lines_of(&row, &device, &binding);
        assert_ok(identity_maker_append(m, (struct bytes){device.octets, device.n},
                                        (struct bytes){binding.octets, binding.n}, 1, &why));
    }
    assert_ok(identity_maker_finish(m, &why));
    assert_err(identity_maker_append(m, (struct bytes){NULL, 0}, (struct bytes){NULL, 0}, 1, &why),
               E_BAD_VALUE);
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

static void store(const char *name, struct bytes in)
{
    char path[160];
    path_of(name, path);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(in.p, 1, in.n, f), in.n);
    (void)fclose(f);
}

static size_t rows_in(struct bytes in)
{
    size_t n = 0;
    for (size_t i = 0; i < in.n; i++) {
        n += in.p[i] == '\n';
    }
    return n;
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

static void assert_same_row(const struct identity_row *a, const struct identity_row *b)
{
    assert_true(imei_eq(&a->imei, &b->imei));
    assert_int_equal(a->algorithm, b->algorithm);
    assert_int_equal(a->key.n, b->key.n);
    assert_memory_equal(a->key.der, b->key.der, a->key.n);
    assert_int_equal(a->n_chain, b->n_chain);
    for (size_t i = 0; i < a->n_chain; i++) {
        assert_true(bytes_eq(identity_certificate(a, i), identity_certificate(b, i)));
    }
    assert_int_equal(identity_certificate(b, b->n_chain).n, 0);
}

static void a_row_is_read_as_it_was_written_and_no_other_text_is(void **state)
{
    (void)state;
    for (uint8_t form = BINDING_CERTIFICATE; form <= BINDING_PUBLIC_KEY; form++) {
        const struct identity_lot lot = lot_of(form, ROWS);
        struct identity_row row, back;
        static struct text device, binding;
        make_row(&lot, 1, &row);
        lines_of(&row, &device, &binding);
        assert_int_equal(device.octets[device.n - 1], '\n');
        const struct bytes line = {device.octets, device.n - 1};
        assert_ok(identity_row_read(line, &back));
        assert_same_row(&row, &back);
        for (size_t n = 0; n < line.n; n++) {
            uint8_t *part = exact_copy((struct bytes){line.p, n});
            assert_err(identity_row_read((struct bytes){part, n}, &back), E_BAD_VALUE);
            free(part);
        }
        assert_err(identity_row_read((struct bytes){device.octets, device.n}, &back), E_BAD_VALUE);
        assert_same_row(&row, &back); /* refused rows change nothing */
    }
}

static void every_octet_of_a_row_counts(void **state)
{
    const struct identity_lot lot = lot_of(BINDING_CERTIFICATE, ROWS);
    struct identity_row row, back;
    static struct text device, binding;
    (void)state;
    make_row(&lot, 2, &row);
    lines_of(&row, &device, &binding);
    for (size_t i = 0; i + 1 < device.n; i++) {
        const uint8_t was = device.octets[i];
        device.octets[i] = was == ' ' ? 'x' : ' ';
        assert_err(identity_row_read((struct bytes){device.octets, device.n - 1}, &back),
                   E_BAD_VALUE);
        device.octets[i] = was;
    }
}

static void a_row_is_written_whole_or_not_at_all(void **state)
{
    (void)state;
    for (uint8_t form = BINDING_CERTIFICATE; form <= BINDING_PUBLIC_KEY; form++) {
        const struct identity_lot lot = lot_of(form, ROWS);
        struct identity_row row;
        static struct text device, binding;
        size_t n;
        make_row(&lot, 0, &row);
        lines_of(&row, &device, &binding);
        for (size_t room = 0; room < device.n; room++) {
            uint8_t *small = malloc(room + 1);
            assert_err(identity_row_write(&row, (struct mbytes){small, room}, &n), E_NO_ROOM);
            free(small);
        }
        for (size_t room = 0; room < binding.n; room += 7) {
            uint8_t *small = malloc(room + 1);
            assert_err(identity_binding_write(&row, (struct bytes){NULL, 0},
                                              (struct mbytes){small, room}, &n),
                       E_NO_ROOM);
            free(small);
        }
    }
}

static void a_public_key_that_is_given_is_the_one_that_is_worked_out(void **state)
{
    const struct identity_lot lot = lot_of(BINDING_PUBLIC_KEY, ROWS);
    struct identity_row row;
    static struct text device, derived, given;
    uint8_t spki[IDENTITY_SPKI_MAX];
    size_t n = 0;
    (void)state;
    make_row(&lot, 0, &row);
    lines_of(&row, &device, &derived);
    assert_ok(identity_public_key(&row, spki, &n));
    assert_ok(
        identity_binding_write(&row, (struct bytes){spki, n}, MBYTES_OF(given.octets), &given.n));
    assert_int_equal(given.n, derived.n);
    assert_memory_equal(given.octets, derived.octets, given.n);
    row.algorithm = DEVID_ED25519; /* the key is of another */
    assert_err(identity_public_key(&row, spki, &n), E_BAD_VALUE);
    row.key.n--;
    assert_err(identity_public_key(&row, spki, &n), E_BAD_VALUE);
}

static void a_chain_has_a_bound(void **state)
{
    struct identity_row row = {.n_chain = 0};
    static uint8_t der[IDENTITY_CHAIN_MAX + 1];
    (void)state;
    assert_err(identity_add_certificate(&row, BYTES_OF(der)), E_NO_ROOM);
    for (int i = 0; i < DEVID_CHAIN_MAX; i++) {
        assert_ok(identity_add_certificate(&row, (struct bytes){der, 10}));
    }
    assert_err(identity_add_certificate(&row, (struct bytes){der, 10}), E_NO_ROOM);
}

/* ---- the manifest ---- */

static void a_manifest_is_read_as_it_was_written_and_strictly(void **state)
{
    static const struct {
        const char *text, *part;
    } wrong[] = {
        {"{}", "format"},
        {"[", "lot.json"},
        {"{\"format\":2}", "format"},
        {"{\"format\":1,\"tac\":\"1234\"}", "tac"},
        {"{\"format\":1,\"tac\":\"35693803\",\"first\":-1}", "first"},
        {"{\"format\":1,\"tac\":\"35693803\",\"first\":999999,\"count\":2}", "count"},
        {"{\"format\":1,\"tac\":\"35693803\",\"first\":0,\"count\":0}", "count"},
        {"{\"format\":1,\"tac\":\"35693803\",\"first\":0,\"count\":1,\"algorithm\":\"rsa\"}",
         "algorithm"},
        {"{\"format\":1,\"tac\":\"35693803\",\"first\":0,\"count\":1,\"algorithm\":\"ed25519\","
         "\"form\":\"certificate\",\"ca\":\"00\"}",
         "ca"},
    };
    struct identity_lot lot = lot_of(BINDING_CERTIFICATE, 9), back;
    struct identity_why why;
    (void)state;
    assert_int_equal(mkdir(dir, 0700), 0);
    assert_err(identity_lot_read(dir, &back, &why), E_NOT_FOUND);
    lot.made = NOW;
    assert_ok(identity_lot_write(dir, &lot, &why));
    assert_ok(identity_lot_read(dir, &back, &why));
    assert_string_equal(back.tac, lot.tac);
    assert_string_equal(back.model, lot.model);
    assert_memory_equal(back.ca, lot.ca, sizeof lot.ca);
    assert_int_equal(back.first, 7);
    assert_int_equal(back.count, 9);
    assert_int_equal(back.made, NOW);
    assert_false(back.complete);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        store("lot.json", bytes_of_str(wrong[i].text));
        assert_err(identity_lot_read(dir, &back, &why), E_BAD_VALUE);
        assert_non_null(strstr(why.text, wrong[i].part));
    }
    assert_int_equal(back.count, 9); /* what was refused changed nothing */
    assert_false(identity_model_check(""));
    assert_false(identity_model_check("a/b"));
    assert_true(identity_model_check("Meter-1.0 b_c"));
}

/* ---- going on ---- */

static void bindings_cut_at_any_octet_are_written_again(void **state)
{
    static struct file devices, bindings, now;
    (void)state;
    for (uint8_t form = BINDING_CERTIFICATE; form <= BINDING_PUBLIC_KEY; form++) {
        const struct identity_lot lot = lot_of(form, ROWS);
        assert_int_equal(end(NULL), 0);
        assert_int_equal(begin(NULL), 0);
        make_lot(&lot);
        unfinish();
        load(IDENTITY_LOT_DEVICES, &devices);
        load(IDENTITY_LOT_BINDINGS, &bindings);
        for (size_t n = 0; n <= bindings.n; n += n + 60 < bindings.n ? 23 : 1) {
            struct identity_maker *m;
            struct identity_why why = {""};
            store(IDENTITY_LOT_BINDINGS, (struct bytes){bindings.octets, n});
            assert_ok(identity_maker_open(dir, &lot, NOW, &m, &why));
            assert_int_equal(identity_maker_done(m), ROWS);
            identity_maker_close(m);
            load(IDENTITY_LOT_BINDINGS, &now);
            assert_int_equal(now.n, bindings.n);
            assert_memory_equal(now.octets, bindings.octets, now.n);
            load(IDENTITY_LOT_DEVICES, &now);
            assert_int_equal(now.n, devices.n);
            assert_memory_equal(now.octets, devices.octets, now.n);
        }
    }
}

static void devices_cut_at_any_octet_keep_every_whole_row(void **state)
{
    static struct file devices, bindings, now;
    const struct identity_lot lot = lot_of(BINDING_CERTIFICATE, ROWS);
    struct identity_maker *m;
    struct identity_why why;
    (void)state;
    make_lot(&lot);
    unfinish();
    load(IDENTITY_LOT_DEVICES, &devices);
    load(IDENTITY_LOT_BINDINGS, &bindings);
    for (size_t n = 0; n < devices.n; n += 53) {
        const size_t rows = rows_in((struct bytes){devices.octets, n});
        store(IDENTITY_LOT_DEVICES, (struct bytes){devices.octets, n});
        store(IDENTITY_LOT_BINDINGS, (struct bytes){bindings.octets, n < 100 ? 0 : 100});
        assert_ok(identity_maker_open(dir, &lot, NOW, &m, &why));
        assert_int_equal(identity_maker_done(m), rows);
        assert_err(identity_maker_finish(m, &why), E_BAD_STATE);
        identity_maker_close(m);
        load(IDENTITY_LOT_DEVICES, &now);
        assert_memory_equal(now.octets, devices.octets, now.n);
        assert_int_equal(rows_in((struct bytes){now.octets, now.n}), rows);
        assert_true(now.n == 0 || now.octets[now.n - 1] == '\n');
        load(IDENTITY_LOT_BINDINGS, &now);
        assert_memory_equal(now.octets, bindings.octets, now.n);
        assert_int_equal(rows_in((struct bytes){now.octets, now.n}), rows);
    }
}

static void a_lot_that_is_damaged_is_refused(void **state)
{
    static struct file devices, bindings;
    const struct identity_lot lot = lot_of(BINDING_CERTIFICATE, ROWS);
    struct identity_maker *m;
    struct identity_why why;
    char path[160];
    (void)state;
    make_lot(&lot);
    load(IDENTITY_LOT_DEVICES, &devices);
    load(IDENTITY_LOT_BINDINGS, &bindings);
    /* complete, and a row is gone */
    store(IDENTITY_LOT_BINDINGS, (struct bytes){bindings.octets, bindings.n - 1});
    assert_err(identity_maker_open(dir, &lot, NOW, &m, &why), E_BAD_VALUE);
    unfinish();
    /* a key is gone whose binding is there */
    store(IDENTITY_LOT_BINDINGS, (struct bytes){bindings.octets, bindings.n});
    store(IDENTITY_LOT_DEVICES, (struct bytes){devices.octets, devices.n - 1});
    assert_err(identity_maker_open(dir, &lot, NOW, &m, &why), E_BAD_VALUE);
    assert_non_null(strstr(why.text, "keys were lost"));
    /* the last binding is another's */
    bindings.octets[bindings.n - 20] ^= 1;
    store(IDENTITY_LOT_DEVICES, (struct bytes){devices.octets, devices.n});
    store(IDENTITY_LOT_BINDINGS, (struct bytes){bindings.octets, bindings.n});
    assert_err(identity_maker_open(dir, &lot, NOW, &m, &why), E_BAD_VALUE);
    assert_non_null(strstr(why.text, "not of the key"));
    /* the rows are in another order, or no rows */
    devices.octets[20] = '9';
    store(IDENTITY_LOT_DEVICES, (struct bytes){devices.octets, devices.n});
    assert_err(identity_maker_open(dir, &lot, NOW, &m, &why), E_BAD_VALUE);
    /* no manifest */
    path_of("lot.json", path);
    assert_int_equal(unlink(path), 0);
    assert_err(identity_maker_open(dir, &lot, NOW, &m, &why), E_BAD_VALUE);
    assert_non_null(strstr(why.text, "no lot.json"));
}

static void another_lot_in_its_place_is_refused_and_so_is_a_second_maker(void **state)
{
    const struct identity_lot lot = lot_of(BINDING_CERTIFICATE, ROWS);
    struct identity_lot other;
    struct identity_maker *m, *second;
    struct identity_why why;
    char path[160];
    (void)state;
    make_lot(&lot);
    for (int i = 0; i < 7; i++) {
        other = lot;
        other.tac[7] = i == 0 ? '4' : other.tac[7];
        other.first += i == 1;
        other.count += i == 2;
        other.algorithm = i == 3 ? DEVID_ED25519 : other.algorithm;
        other.form = i == 4 ? BINDING_PUBLIC_KEY : other.form;
        other.ca[0] ^= i == 5;
        other.model[0] = i == 6 ? 'x' : other.model[0];
        assert_err(identity_maker_open(dir, &other, NOW, &m, &why), E_CONFLICT);
    }
    assert_ok(identity_maker_open(dir, &lot, NOW + 1, &m, &why));
    assert_int_equal(identity_maker_done(m), ROWS);
    assert_true(identity_maker_lot(m)->complete);
    assert_int_equal(identity_maker_lot(m)->made, NOW);
    assert_err(identity_maker_open(dir, &lot, NOW, &second, &why), E_LOCKED);
    identity_maker_close(m);
    path_of(IDENTITY_LOT_DEVICES, path);
    assert_int_equal(chmod(path, 0640), 0);
    assert_err(identity_maker_open(dir, &lot, NOW, &m, &why), E_DENIED);
}

/* ---- taking out ---- */

static void every_device_is_found_by_its_imei_and_no_other(void **state)
{
    const struct identity_lot lot =
        lot_of(BINDING_CERTIFICATE, 150); /* more than is read at once */
    struct identity_source *s;
    struct identity_row row, found;
    struct identity_why why;
    struct imei absent;
    (void)state;
    make_lot(&lot);
    assert_ok(identity_source_open(dir, &s, &why));
    assert_int_equal(identity_source_lot(s)->count, 150);
    for (uint32_t i = 0; i < lot.count; i++) {
        assert_ok(identity_source_next(s, &row, &why));
        const struct imei wanted = identity_lot_imei(&lot, i);
        assert_true(imei_eq(&row.imei, &wanted));
    }
    assert_err(identity_source_next(s, &row, &why), E_CLOSED);
    for (uint32_t i = 0; i < lot.count; i++) {
        const struct imei wanted = identity_lot_imei(&lot, (i * 77) % lot.count);
        assert_ok(identity_source_find(s, &wanted, &found, &why));
        assert_true(imei_eq(&found.imei, &wanted));
        assert_int_equal(found.n_chain, 2);
    }
    absent = identity_lot_imei(&lot, lot.count);
    assert_err(identity_source_find(s, &absent, &found, &why), E_NOT_FOUND);
    memcpy(absent.digits, "35693803000006", sizeof absent.digits);
    assert_err(identity_source_find(s, &absent, &found, &why), E_NOT_FOUND);
    identity_row_wipe(&row);
    identity_row_wipe(&found);
    identity_source_close(s);
}

static void keys_that_others_may_read_are_not_read(void **state)
{
    const struct identity_lot lot = lot_of(BINDING_PUBLIC_KEY, 2);
    struct identity_source *s;
    struct identity_why why;
    struct identity_row row;
    static struct file devices;
    char path[160];
    (void)state;
    assert_err(identity_source_open(dir, &s, &why), E_NOT_FOUND);
    make_lot(&lot);
    path_of(IDENTITY_LOT_DEVICES, path);
    assert_int_equal(chmod(path, 0604), 0);
    assert_err(identity_source_open(dir, &s, &why), E_DENIED);
    assert_non_null(strstr(why.text, "chmod 600"));
    assert_int_equal(chmod(path, 0600), 0);
    if (geteuid() == 0) { /* who lays a file of his own there would read what is written to it */
        struct identity_maker *m;
        assert_int_equal(chown(path, 65534, 65534), 0);
        assert_err(identity_source_open(dir, &s, &why), E_DENIED);
        assert_err(identity_maker_open(dir, &lot, NOW, &m, &why), E_DENIED);
        assert_non_null(strstr(why.text, "another user"));
        assert_int_equal(chown(path, 0, 0), 0);
    }
    load(IDENTITY_LOT_DEVICES, &devices);
    store(IDENTITY_LOT_DEVICES, (struct bytes){devices.octets, devices.n - 2});
    assert_ok(identity_source_open(dir, &s, &why));
    assert_ok(identity_source_next(s, &row, &why));
    assert_err(identity_source_next(s, &row, &why), E_CLOSED); /* a torn row is none */
    identity_source_close(s);
    devices.octets[40] ^= 1;
    store(IDENTITY_LOT_DEVICES, (struct bytes){devices.octets, devices.n});
    assert_ok(identity_source_open(dir, &s, &why));
    assert_err(identity_source_next(s, &row, &why), E_BAD_VALUE);
    assert_non_null(strstr(why.text, ":1: "));
    identity_source_close(s);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkfifo(path, 0600), 0); /* nobody writes into it: who reads would wait */
    assert_err(identity_source_open(dir, &s, &why), E_BAD_VALUE);
    assert_non_null(strstr(why.text, "is no file"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_row_is_read_as_it_was_written_and_no_other_text_is),
        cmocka_unit_test(every_octet_of_a_row_counts),
        cmocka_unit_test(a_row_is_written_whole_or_not_at_all),
        cmocka_unit_test(a_public_key_that_is_given_is_the_one_that_is_worked_out),
        cmocka_unit_test(a_chain_has_a_bound),
        cmocka_unit_test_setup_teardown(a_manifest_is_read_as_it_was_written_and_strictly, begin,
                                        end),
        cmocka_unit_test_setup_teardown(bindings_cut_at_any_octet_are_written_again, begin, end),
        cmocka_unit_test_setup_teardown(devices_cut_at_any_octet_keep_every_whole_row, begin, end),
        cmocka_unit_test_setup_teardown(a_lot_that_is_damaged_is_refused, begin, end),
        cmocka_unit_test_setup_teardown(
            another_lot_in_its_place_is_refused_and_so_is_a_second_maker, begin, end),
        cmocka_unit_test_setup_teardown(every_device_is_found_by_its_imei_and_no_other, begin, end),
        cmocka_unit_test_setup_teardown(keys_that_others_may_read_are_not_read, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
