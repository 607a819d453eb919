#include "store/fixture.h"

/* Swaps one column of two rows. */
#define SWAP(table, column, where_a, where_b)                                                      \
    ("CREATE TEMP TABLE t AS SELECT"                                                               \
     " (SELECT " column " FROM " table " WHERE " where_a ") AS a,"                                 \
     " (SELECT " column " FROM " table " WHERE " where_b ") AS b;"                                 \
     "UPDATE " table " SET " column " = (SELECT b FROM t) WHERE " where_a ";"                      \
     "UPDATE " table " SET " column " = (SELECT a FROM t) WHERE " where_b ";")

static void change_by_hand(struct fixture *f, const char *text)
{
    close_store(f);
    sql(f->path, text);
    open_store(f);
}

static void assert_subscriber_shut(struct fixture *f, const char *digits)
{
    struct store_subscriber out;
    const struct store_subscriber nothing = {0};
    struct imsi imsi = imsi_of(digits);
    assert_err(store_read_subscriber(f->r, &imsi, &out), E_WRONG_KEY);
    assert_memory_equal(&out.keys, &nothing.keys, sizeof out.keys);
}

static void keys_swapped_between_two_subscribers_do_not_open(void **state)
{
    struct fixture *f = *state;
    struct store_subscriber a = subscriber_of(IMSI_A), b = subscriber_of(IMSI_B);
    put(f, &a);
    put(f, &b);
    change_by_hand(f, SWAP("subscriber", "keys", "imsi = (SELECT min(imsi) FROM subscriber)",
                           "imsi = (SELECT max(imsi) FROM subscriber)"));
    assert_subscriber_shut(f, IMSI_A);
    assert_subscriber_shut(f, IMSI_B);
    change_by_hand(f, SWAP("subscriber", "keys", "imsi = (SELECT min(imsi) FROM subscriber)",
                           "imsi = (SELECT max(imsi) FROM subscriber)"));
    struct store_subscriber back = read_back(f, IMSI_A);
    assert_same_keys(&back.keys, &a.keys);
}

static void assert_devices_shut(struct fixture *f, const char *digits)
{
    struct store_device out[STORE_DEVICES_MAX];
    const uint8_t nothing[16] = {0};
    struct imsi imsi = imsi_of(digits);
    size_t n = 9;
    memset(out, 0, sizeof out);
    assert_err(store_read_devices(f->r, &imsi, out, &n), E_WRONG_KEY);
    assert_int_equal(n, 0);
    for (size_t i = 0; i < STORE_DEVICES_MAX; i++) {
        assert_memory_equal(out[i].kme.b, nothing, 16);
        assert_memory_equal(out[i].previous.b, nothing, 16);
    }
}

#define IMEI_C "11111111111111"

/*= test binding-sealed */
static void kmes_swapped_between_devices_subscribers_or_columns_do_not_open(void **state)
{
    struct fixture *f = *state;
    struct store_subscriber a = subscriber_of(IMSI_A), b = subscriber_of(IMSI_B);
    struct store_device d = device_of(IMSI_A, IMEI_A, 1), e = device_of(IMSI_A, IMEI_B, 2),
                        g = device_of(IMSI_B, IMEI_C, 3), h = device_of(IMSI_B, IMEI_C, 4);
    put(f, &a);
    put(f, &b);
    put_device(f, &d);
    put_device(f, &e);
    put_device(f, &g);
    put_device(f, &h); /* the same device: it has a previous KME now */
    static const char *const swaps[] = {
        SWAP("device", "kme", "imei = " IMEI_A, "imei = " IMEI_B), /* devices */
        SWAP("device", "kme", "imei = " IMEI_A, "imei = " IMEI_C), /* subscribers */
        ("UPDATE device SET kme = previous, previous = kme WHERE imei = " IMEI_C),
    };
    static const char *const victims[] = {IMSI_A, IMSI_B, IMSI_B};
    for (size_t i = 0; i < sizeof swaps / sizeof swaps[0]; i++) {
        change_by_hand(f, swaps[i]);
        assert_devices_shut(f, victims[i]);
        change_by_hand(f, swaps[i]); /* back */
    }
    struct store_device out[STORE_DEVICES_MAX];
    size_t n;
    assert_ok(store_read_devices(f->r, &b.imsi, out, &n));
    assert_memory_equal(out[0].kme.b, h.kme.b, 16);
    assert_memory_equal(out[0].previous.b, g.kme.b, 16);
}

static void a_kme_moved_to_another_subscriber_of_the_same_device_does_not_open(void **state)
{
    struct fixture *f = *state;
    struct store_subscriber a = subscriber_of(IMSI_A), b = subscriber_of(IMSI_B);
    struct store_device d = device_of(IMSI_A, IMEI_A, 1), e = device_of(IMSI_B, IMEI_A, 2),
                        first = device_of(IMSI_B, IMEI_C, 3); /* opens, and is wiped all the same */
    put(f, &a);
    put(f, &b);
    put_device(f, &d);
    put_device(f, &e);
    put_device(f, &first);
    change_by_hand(f, "UPDATE device SET kme = (SELECT kme FROM device ORDER BY imsi LIMIT 1)"
                      " WHERE imei = " IMEI_A);
    struct store_device out[STORE_DEVICES_MAX];
    size_t n;
    assert_ok(store_read_devices(f->r, &a.imsi, out, &n));
    assert_devices_shut(f, IMSI_B);
}

static void a_changed_octet_or_a_cut_secret_does_not_open(void **state)
{
    struct fixture *f = *state;
    struct store_subscriber a = subscriber_of(IMSI_A);
    static const char *const damage[] = {
        "UPDATE subscriber SET keys = x''",
        "UPDATE subscriber SET keys = substr(keys, 1, length(keys) - 1)",
        ("UPDATE subscriber SET keys ="
         " CAST(substr(keys, 1, 20) || x'0000' || substr(keys, 23) AS BLOB)"),
        "UPDATE subscriber SET keys = zeroblob(1000)",
    };
    for (size_t i = 0; i < sizeof damage / sizeof damage[0]; i++) {
        struct imsi imsi = imsi_of(IMSI_A);
        enum store_did did;
        put(f, &a);
        change_by_hand(f, damage[i]);
        assert_subscriber_shut(f, IMSI_A);
        assert_ok(store_begin(f->w));
        assert_err(store_put_subscriber(f->w, STORE_UPSERT, &a, &did), E_WRONG_KEY);
        assert_ok(store_remove_subscriber(f->w, &imsi)); /* the batch goes on */
        assert_ok(store_commit(f->w));
    }
}

static bool contains(struct mbytes where, const uint8_t *what, size_t n)
{
    return memmem(where.p, where.n, what, n) != NULL;
}

static void no_secret_is_in_the_files(void **state)
{
    struct fixture *f = *state;
    struct store_subscriber a = subscriber_of(IMSI_A);
    struct store_device d = device_of(IMSI_A, IMEI_A, 0x5a), e = device_of(IMSI_A, IMEI_A, 0xa5);
    put(f, &a);
    put_device(f, &d);
    put_device(f, &e);
    copy_file(f->path, with(f->path, ".copy"));
    copy_file(with(f->path, "-wal"), with(f->path, ".copy-wal"));
    const char *const files[] = {with(f->path, ".copy"), with(f->path, ".copy-wal")};
    for (size_t i = 0; i < 2; i++) {
        struct mbytes m = slurp(files[i]);
        assert_false(contains(m, a.keys.k.b, 8));
        assert_false(contains(m, a.keys.opc.b, 8));
        assert_false(contains(m, d.kme.b, 8));
        assert_false(contains(m, e.kme.b, 8));
        free(m.p);
    }
}

static void keys_of_every_length_are_sealed_and_opened(void **state)
{
    struct fixture *f = *state;
    struct store_subscriber s = subscriber_of(IMSI_A);
    s.keys.algorithm = AKA_TUAK;
    s.keys.keccak_iterations = 1;
    s.keys.opc.n = 32;
    s.keys.k.n = 32;
    memset(s.keys.opc.b, 0x77, 32);
    memset(s.keys.k.b, 0x78, 32);
    assert_int_equal(put(f, &s), STORE_ADDED);
    struct store_subscriber back = read_back(f, IMSI_A);
    assert_same_keys(&back.keys, &s.keys);
    s.keys.k.n = 16;
    assert_int_equal(put(f, &s), STORE_CHANGED);
    back = read_back(f, IMSI_A);
    assert_same_keys(&back.keys, &s.keys);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_STORE(keys_swapped_between_two_subscribers_do_not_open),
        IN_STORE(kmes_swapped_between_devices_subscribers_or_columns_do_not_open),
        IN_STORE(a_kme_moved_to_another_subscriber_of_the_same_device_does_not_open),
        IN_STORE(a_changed_octet_or_a_cut_secret_does_not_open),
        IN_STORE(no_secret_is_in_the_files),
        IN_STORE(keys_of_every_length_are_sealed_and_opened),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
