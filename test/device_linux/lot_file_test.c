/* src/device/linux/lot_file.c, and through it src/device/linux/strict_json.c. */
#include "device/linux/lot_file.h"

#include "lib/check.h"
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/lot_file_test.XXXXXX";
static char path[64];
static struct lot_file_why why;

static int make_folder(void **state)
{
    (void)state;
    if (mkdtemp(folder) == NULL) {
        return -1;
    }
    (void)snprintf(path, sizeof path, "%s/meters.lot.json", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    (void)unlink(path);
    return rmdir(folder); /* fails when a temporary file was left behind */
}

static void add(struct lot_file *f, const char *text)
{
    struct imei_range range, with;
    assert_ok(imei_range_parse(bytes_of_str(text), &range));
    assert_ok(lot_file_add(f, &range, &with));
}

static struct lot_file sample(size_t modulus_n)
{
    struct lot_file f = {.n = 0};
    uint8_t modulus[KME_MODULUS_MAX];
    memset(modulus, 0xc3, sizeof modulus);
    assert_ok(kme_lot_make(BYTES_LIT("2026-07"), BYTES_LIT("Example Meters"),
                           (struct bytes){modulus, modulus_n}, &f.lot));
    add(&f, "35693804");
    add(&f, "35693803000000-35693803499999");
    add(&f, "35693803564380");
    return f;
}

static bool covers(const struct lot_file *f, const char *imei)
{
    struct imei i;
    assert_ok(imei_parse(bytes_of_str(imei), &i));
    return lot_file_covers(f, &i);
}

static void ranges_find_their_places_and_no_two_cover_one_imei(void **state)
{
    static const char *const others[] = {"35693803", "35693803499999-35693803500000",
                                         "35693803564380", "35693804999999",
                                         "00000000000000-99999999999999"};
    struct lot_file f = sample(256);
    struct imei_range range, with;
    (void)state;
    assert_int_equal(f.n, 3);
    for (size_t i = 1; i < f.n; i++) {
        assert_true(f.ranges[i - 1].last < f.ranges[i].first);
    }
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        assert_ok(imei_range_parse(bytes_of_str(others[i]), &range));
        assert_err(lot_file_add(&f, &range, &with), E_CONFLICT);
        assert_true(with.first <= range.last && range.first <= with.last);
    }
    assert_int_equal(f.n, 3);
    assert_true(covers(&f, "35693803000000"));
    assert_true(covers(&f, "35693803499999"));
    assert_false(covers(&f, "35693803500000"));
    assert_true(covers(&f, "35693803564380"));
    assert_false(covers(&f, "35693803564381"));
    assert_true(covers(&f, "35693804999999"));
    assert_false(covers(&f, "35693805000000"));
    assert_false(covers(&f, "35693802999999"));
    lot_file_free(&f);
    assert_false(covers(&f, "35693804000000"));
}

static void a_lot_has_only_so_many_ranges(void **state)
{
    struct lot_file f = {.n = 0};
    struct imei_range range, with;
    (void)state;
    for (uint64_t i = 0; i <= LOT_FILE_RANGES_MAX; i++) {
        range.first = range.last = 2 * i;
        assert_err(lot_file_add(&f, &range, &with), i < LOT_FILE_RANGES_MAX ? E_OK : E_NO_ROOM);
    }
    lot_file_free(&f);
}

/*= test kme-lot */
static void what_is_saved_is_loaded(void **state)
{
    static const size_t sizes[] = {256, 384, 512};
    struct stat st;
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct lot_file f = sample(sizes[i]), read;
        assert_ok(lot_file_save(path, &f, &why));
        assert_ok(lot_file_load(path, &read, &why));
        assert_memory_equal(&read.lot, &f.lot, sizeof f.lot);
        assert_int_equal(read.n, f.n);
        assert_memory_equal(read.ranges, f.ranges, f.n * sizeof f.ranges[0]);
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_mode & 0777, 0644);
        assert_err(lot_file_save(path, &f, &why), E_EXISTS);
        assert_non_null(strstr(why.text, path));
        lot_file_free(&f);
        lot_file_free(&read);
        assert_int_equal(unlink(path), 0);
    }
}

static int good_allocations; /* below 0: all are; then one fails */

static void *allocate(size_t n)
{
    return good_allocations-- == 0 ? NULL : malloc(n);
}

/* Whichever allocation fails while its text is made: there is no file. Those of the look at the
 * text, which comes after that, are as many as those of a load. */
static void without_memory_no_part_of_a_lot_is_saved(void **state)
{
    struct lot_file f = sample(256), read;
    (void)state;
    json_set_alloc_funcs(allocate, free);
    good_allocations = -1;
    assert_ok(lot_file_save(path, &f, &why));
    const int all = -1 - good_allocations;
    assert_ok(lot_file_load(path, &read, &why));
    const int making = all - (-1 - good_allocations - all);
    lot_file_free(&read);
    assert_int_equal(unlink(path), 0);
    assert_true(making > 10);
    for (int i = 0; i < making; i++) {
        good_allocations = i;
        assert_err(lot_file_save(path, &f, &why), E_MEMORY);
        assert_int_equal(access(path, F_OK), -1);
    }
    json_set_alloc_funcs(malloc, free);
    lot_file_free(&f);
}

static void what_is_no_lot_is_not_saved(void **state)
{
    struct lot_file f = sample(256);
    (void)state;
    f.n = 0;
    assert_err(lot_file_save(path, &f, &why), E_BAD_VALUE);
    assert_non_null(strstr(why.text, "ranges"));
    assert_int_equal(access(path, F_OK), -1);
    f.n = 3;
    assert_err(lot_file_save("/nowhere/at/all.lot.json", &f, &why), E_NOT_FOUND);
    assert_err(lot_file_load(path, &f, &why), E_NOT_FOUND);
    assert_non_null(strstr(why.text, path));
    lot_file_free(&f);
}

static char *text_of(void)
{
    struct lot_file f = sample(256);
    char *text = NULL;
    size_t n = 0;
    assert_ok(lot_file_save(path, &f, &why));
    FILE *in = fopen(path, "r");
    assert_non_null(in);
    text = calloc(1, 4096);
    n = fread(text, 1, 4095, in);
    assert_true(n > 512);
    (void)fclose(in);
    lot_file_free(&f);
    assert_int_equal(unlink(path), 0);
    return text;
}

/* One member changed, or gone. */
static void refused(const char *key, json_t *value, enum err err, const char *part)
{
    struct lot_file read = {.n = 77};
    char *text = text_of();
    json_t *o = json_loads(text, 0, NULL);
    free(text);
    if (value != NULL) {
        assert_int_equal(json_object_set_new(o, key, value), 0);
    } else {
        assert_int_equal(json_object_del(o, key), 0);
    }
    text = json_dumps(o, 0);
    assert_err(lot_file_parse("x", bytes_of_str(text), &read, &why), err);
    if (strncmp(why.text, "x: ", 3) != 0 || strstr(why.text, part) == NULL) {
        fail_msg("'%s' is not in: %s", part, why.text);
    }
    assert_int_equal(read.n, 77);
    free(text);
    json_decref(o);
}

static void bad_members_are_named_with_their_place(void **state)
{
    static const char *const members[] = {"bindery_lot", "id",      "manufacturer",
                                          "ranges",      "modulus", "exponent"};
    char part[64];
    (void)state;
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        (void)snprintf(part, sizeof part, "%s is missing", members[i]);
        refused(members[i], NULL, E_MISSING, part);
    }
    refused("more", json_true(), E_UNKNOWN, "more is not a member of a lot's file");
    refused("bindery_lot", json_integer(2), E_TOO_NEW, "newer");
    refused("bindery_lot", json_integer(0), E_BAD_VALUE, "bindery_lot");
    refused("id", json_string("a lot"), E_BAD_VALUE, "id is not 1 to 32");
    refused("id", json_string(""), E_BAD_VALUE, "id is not 1 to 32");
    refused("manufacturer", json_string("\xc3\xa4"), E_BAD_VALUE, "manufacturer is not");
    refused("modulus", json_string("c3"), E_BAD_VALUE, "modulus is not 512 to 1024 hex digits");
    refused("modulus", json_integer(1), E_BAD_VALUE, "modulus is not a string");
    refused("exponent", json_integer(3), E_BAD_VALUE, "exponent is not 65537");
    refused("ranges", json_string("35693803"), E_BAD_VALUE, "ranges is not a list");
    refused("ranges", json_array(), E_BAD_VALUE, "ranges is not a list");
    refused("ranges", json_pack("[s, i]", "35693803", 1), E_BAD_VALUE, "ranges[1]");
    refused("ranges", json_pack("[s, s]", "35693803", "3569380"), E_BAD_VALUE, "ranges[1]");
    refused("ranges", json_pack("[s, s]", "35693804", "35693803"), E_BAD_VALUE,
            "ranges[1] does not lie behind");
    refused("ranges", json_pack("[s, s]", "35693804", "35693804000000"), E_BAD_VALUE,
            "ranges[1] does not lie behind");
}

static void a_modulus_that_no_lot_has_is_refused(void **state)
{
    char hex[2 * KME_MODULUS_MAX + 1] = "";
    (void)state;
    memset(hex, 'c', 2 * 256); /* even */
    refused("modulus", json_string(hex), E_BAD_VALUE, "modulus is not odd");
    memset(hex, '3', 2 * 256); /* its highest bit is not set */
    refused("modulus", json_string(hex), E_BAD_VALUE, "modulus is not odd");
    memset(hex, 'f', 2 * 257);
    refused("modulus", json_string(hex), E_BAD_VALUE, "modulus is not odd");
}

static void no_prefix_is_taken(void **state)
{
    struct lot_file read;
    char *text = text_of();
    const size_t n = strlen(text);
    (void)state;
    for (size_t i = 0; i + 2 < n; i++) { /* without the brace that ends it */
        uint8_t *copy = exact_copy((struct bytes){(uint8_t *)text, i});
        assert_err(lot_file_parse("x", (struct bytes){copy, i}, &read, &why), E_BAD_VALUE);
        free(copy);
    }
    assert_ok(lot_file_parse("x", (struct bytes){(uint8_t *)text, n}, &read, &why));
    lot_file_free(&read);
    free(text);
}

static void a_file_that_is_none_is_said(void **state)
{
    struct lot_file read;
    (void)state;
    FILE *out = fopen(path, "w");
    assert_non_null(out);
    assert_err(lot_file_load(path, &read, &why), E_BAD_VALUE);
    assert_non_null(strstr(why.text, "it is empty"));
    (void)fputs("[1]\n", out);
    (void)fclose(out);
    assert_err(lot_file_load(path, &read, &why), E_BAD_VALUE);
    assert_err(lot_file_load("/dev/zero", &read, &why), E_BAD_VALUE);
    assert_non_null(strstr(why.text, "longer than"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranges_find_their_places_and_no_two_cover_one_imei),
        cmocka_unit_test(a_lot_has_only_so_many_ranges),
        cmocka_unit_test(what_is_saved_is_loaded),
        cmocka_unit_test(without_memory_no_part_of_a_lot_is_saved),
        cmocka_unit_test(what_is_no_lot_is_not_saved),
        cmocka_unit_test(bad_members_are_named_with_their_place),
        cmocka_unit_test(a_modulus_that_no_lot_has_is_refused),
        cmocka_unit_test(no_prefix_is_taken),
        cmocka_unit_test(a_file_that_is_none_is_said),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
