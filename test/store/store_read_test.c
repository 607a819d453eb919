#include "store/fixture.h"

static void a_subscriber_that_is_not_there_is_not_found_and_leaves_nothing(void **state)
{
    struct fixture *f = *state;
    struct store_subscriber out;
    const struct store_subscriber nothing = {0};
    struct imsi imsi = imsi_of(IMSI_A);
    memset(&out, 0xee, sizeof out);
    assert_err(store_read_subscriber(f->r, &imsi, &out), E_NOT_FOUND);
    assert_memory_equal(&out, &nothing, sizeof out);
}

static void imsis_that_differ_in_length_only_are_different_subscribers(void **state)
{
    struct fixture *f = *state;
    static const char *const all[] = {"001010", "0010100", "00101000", "001010000000000"};
    for (size_t i = 0; i < 4; i++) {
        struct store_subscriber s = subscriber_of(all[i]);
        s.dif = (int64_t)i;
        assert_int_equal(put(f, &s), STORE_ADDED);
    }
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(read_back(f, all[i]).dif, i);
    }
}

static void devices_come_in_imei_order_with_their_keys(void **state)
{
    struct fixture *f = *state;
    struct store_subscriber s = subscriber_of(IMSI_A);
    struct store_device b = device_of(IMSI_A, IMEI_B, 9), a = device_of(IMSI_A, IMEI_A, 0), out[16];
    size_t n = 9;
    assert_ok(store_read_devices(f->r, &s.imsi, out, &n));
    assert_int_equal(n, 0);
    put(f, &s);
    put_device(f, &b);
    put_device(f, &a);
    assert_ok(store_read_devices(f->r, &s.imsi, out, &n));
    assert_int_equal(n, 2);
    assert_same_device(&out[0], &a);
    assert_same_device(&out[1], &b);
}

static void assert_read_for_vectors_agrees(struct fixture *f, const char *digits, size_t devices)
{
    struct store_subscriber whole, got;
    struct store_device all[STORE_DEVICES_MAX], out[STORE_DEVICES_MAX];
    struct imsi imsi = imsi_of(digits);
    size_t n = 9, all_n = 9;
    whole = read_back(f, digits);
    assert_ok(store_read_devices(f->r, &imsi, all, &all_n));
    memset(&got, 0xee, sizeof got);
    memset(out, 0xee, sizeof out);
    assert_ok(store_read_for_vectors(f->r, &imsi, &got, out, &n));
    /* What it says it leaves out. */
    struct store_serving host_only = {.since = 0};
    memcpy(host_only.host, whole.serving.host, sizeof host_only.host);
    whole.serving = host_only;
    memset(whole.msisdn, 0, sizeof whole.msisdn);
    memset(whole.profile, 0, sizeof whole.profile);
    whole.binding_failures = 0;
    assert_same_subscriber(&got, &whole);
    assert_int_equal(got.version, whole.version);
    assert_int_equal(n, devices);
    assert_int_equal(all_n, devices);
    for (size_t i = 0; i < n; i++) {
        assert_same_device(&out[i], &all[i]);
    }
}

static void one_read_for_vectors_says_what_the_two_reads_say(void **state)
{
    struct fixture *f = *state;
    struct store_subscriber a = subscriber_of(IMSI_A), b = subscriber_of(IMSI_B);
    struct store_serving serving = serving_at("mme.visited.example", 1700000000), before;
    struct imei imei = imei_of(IMEI_A);
    b.msisdn[0] = '\0';
    put(f, &a);
    put(f, &b);
    assert_read_for_vectors_agrees(f, IMSI_A, 0);
    for (unsigned i = 0; i < STORE_DEVICES_MAX; i++) {
        char digits[IMEI_DIGITS + 1];
        snprintf(digits, sizeof digits, "356938035643%02u", (i * 7) % STORE_DEVICES_MAX);
        struct store_device d = device_of(IMSI_A, digits, (uint8_t)(i % 3)); /* some have no KME */
        d.has_previous = i % 3 == 2;
        d.previous.b[5] = (uint8_t)i;
        put_device(f, &d);
        assert_read_for_vectors_agrees(f, IMSI_A, i + 1);
    }
    assert_read_for_vectors_agrees(f, IMSI_B, 0); /* another's devices are not its own */
    assert_ok(store_begin(f->w));
    assert_ok(store_set_serving(f->w, &b.imsi, &serving, &imei, &before));
    assert_ok(store_commit(f->w));
    assert_read_for_vectors_agrees(f, IMSI_B, 0);
}

static void a_read_for_vectors_that_fails_leaves_nothing(void **state)
{
    struct fixture *f = *state;
    struct store_subscriber out;
    const struct store_subscriber nothing = {0};
    struct store_device devices[STORE_DEVICES_MAX];
    struct imsi imsi = imsi_of(IMSI_A);
    size_t n = 9;
    memset(&out, 0xee, sizeof out);
    assert_err(store_read_for_vectors(f->r, &imsi, &out, devices, &n), E_NOT_FOUND);
    assert_memory_equal(&out, &nothing, sizeof out);
    assert_int_equal(n, 0);
    struct store_subscriber s = subscriber_of(IMSI_A);
    struct store_device a = device_of(IMSI_A, IMEI_A, 1), b = device_of(IMSI_A, IMEI_B, 2);
    put(f, &s);
    put_device(f, &a);
    put_device(f, &b);
    close_store(f);
    sql(f->path, "UPDATE device SET kme = (SELECT max(kme) FROM device)"); /* one does not fit */
    open_store(f);
    memset(&out, 0xee, sizeof out);
    memset(devices, 0xee, sizeof devices);
    assert_err(store_read_for_vectors(f->r, &imsi, &out, devices, &n), E_WRONG_KEY);
    assert_memory_equal(&out, &nothing, sizeof out);
    assert_int_equal(n, 0);
    for (size_t i = 0; i < sizeof devices[0].kme.b; i++) {
        assert_true(devices[0].kme.b[i] == 0);
    }
}

static void the_imsis_of_a_device_are_found_by_its_imei(void **state)
{
    struct fixture *f = *state;
    struct imsi out[4];
    struct imei imei = imei_of(IMEI_A);
    size_t n = 9;
    static const char *const all[] = {IMSI_B, IMSI_A, "001010000000003"};
    for (size_t i = 0; i < 3; i++) {
        struct store_subscriber s = subscriber_of(all[i]);
        struct store_device d = device_of(all[i], i < 2 ? IMEI_A : IMEI_B, 1);
        put(f, &s);
        put_device(f, &d);
    }
    assert_ok(store_read_imsis_of(f->r, &imei, out, 4, &n));
    assert_int_equal(n, 2);
    assert_string_equal(out[0].digits, IMSI_A);
    assert_string_equal(out[1].digits, IMSI_B);
    assert_ok(store_read_imsis_of(f->r, &imei, out, 1, &n));
    assert_int_equal(n, 1);
    assert_ok(store_read_imsis_of(f->r, &imei, out, 0, &n));
    assert_int_equal(n, 0);
    imei = imei_of("00000000000000");
    assert_ok(store_read_imsis_of(f->r, &imei, out, 4, &n));
    assert_int_equal(n, 0);
}

static void fill(struct fixture *f, int subscribers)
{
    enum store_did did;
    assert_ok(store_begin(f->w));
    for (int i = 0; i < subscribers; i++) {
        char digits[16];
        snprintf(digits, sizeof digits, "00101%010d", (i * 7) % subscribers);
        struct store_subscriber s = subscriber_of(digits);
        struct store_device d = device_of(digits, "00000000000000", 1), e = d;
        e.imei = imei_of(IMEI_A);
        assert_ok(store_put_subscriber(f->w, STORE_INSERT, &s, &did));
        assert_ok(store_put_device(f->w, STORE_INSERT, &d, &did));
        assert_ok(store_put_device(f->w, STORE_INSERT, &e, &did));
    }
    assert_ok(store_commit(f->w));
}

static void pages_of_subscribers_join_to_the_whole_without_secrets(void **state)
{
    struct fixture *f = *state;
    fill(f, 50);
    for (size_t page = 1; page < 60; page += 9) {
        struct store_subscriber out[60];
        struct imsi after = {0};
        size_t n = 0, seen = 0;
        do {
            assert_ok(store_list_subscribers(f->r, seen == 0 ? NULL : &after, out, page, &n));
            for (size_t i = 0; i < n; i++, seen++) {
                char digits[16];
                snprintf(digits, sizeof digits, "00101%010zu", seen);
                assert_string_equal(out[i].imsi.digits, digits);
                assert_int_equal(out[i].keys.k.n + out[i].keys.opc.n, 0);
                assert_int_equal(out[i].keys.algorithm, AKA_MILENAGE);
                after = out[i].imsi;
            }
        } while (n == page);
        assert_int_equal(seen, 50);
    }
}

static void pages_of_devices_join_to_the_whole_without_keys(void **state)
{
    struct fixture *f = *state;
    const uint8_t none[16] = {0};
    fill(f, 20);
    for (size_t page = 1; page < 50; page += 6) {
        struct store_device out[50];
        struct imsi imsi = {0};
        struct imei imei = {0};
        size_t n = 0, seen = 0;
        do {
            assert_ok(store_list_devices(f->r, &imsi, &imei, out, page, &n));
            for (size_t i = 0; i < n; i++, seen++) {
                assert_string_equal(out[i].imei.digits, seen % 2 ? IMEI_A : "00000000000000");
                assert_true(out[i].has_kme && !out[i].has_previous);
                assert_memory_equal(out[i].kme.b, none, 16);
                imsi = out[i].imsi;
                imei = out[i].imei;
            }
        } while (n == page);
        assert_int_equal(seen, 40);
    }
    struct store_device out[2];
    struct imsi last = imsi_of("001010000000019");
    size_t n;
    assert_ok(store_list_devices(f->r, &last, NULL, out, 2, &n));
    assert_int_equal(n, 2); /* no IMEI: from the IMSI's first */
}

static void counts_follow_what_was_committed(void **state)
{
    struct fixture *f = *state;
    uint64_t subscribers = 9, devices = 9;
    assert_ok(store_count(f->r, &subscribers, &devices));
    assert_int_equal(subscribers + devices, 0);
    fill(f, 8);
    assert_ok(store_count(f->r, &subscribers, &devices));
    assert_int_equal(subscribers, 8);
    assert_int_equal(devices, 16);
}

static void a_bracket_sees_one_state_and_the_next_one_the_new(void **state)
{
    struct fixture *f = *state;
    struct store_subscriber s = subscriber_of(IMSI_A), out;
    put(f, &s);
    assert_ok(store_reader_begin(f->r));
    assert_err(store_reader_begin(f->r), E_BAD_STATE);
    assert_int_equal(read_back(f, IMSI_A).version, 1);
    s.policy = 2;
    put(f, &s);
    assert_int_equal(read_back(f, IMSI_A).version, 1);
    store_reader_end(f->r);
    store_reader_end(f->r); /* harmless */
    assert_int_equal(read_back(f, IMSI_A).version, 2);
    assert_ok(store_reader_begin(f->r));
    assert_int_equal(read_back(f, IMSI_A).policy, 2);
    assert_ok(store_begin(f->w));
    assert_ok(store_remove_subscriber(f->w, &s.imsi));
    assert_ok(store_read_subscriber(f->r, &s.imsi, &out)); /* not committed */
    store_rollback(f->w);
    store_reader_end(f->r);
}

static void a_reader_cannot_write(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(sqlite3_exec(f->r->c.db, "DELETE FROM subscriber", NULL, NULL, NULL) & 0xff,
                     SQLITE_READONLY);
}

static void events_are_listed_by_id_and_by_name(void **state)
{
    struct fixture *f = *state;
    struct store_event out[10];
    size_t n = 9;
    for (int i = 0; i < 6; i++) {
        struct store_event e = event_of(i % 2 ? "registered" : "suspected-theft");
        COMMITTED(f, store_add_event(f->w, &e, 100));
    }
    assert_ok(store_list_events(f->r, 0, NULL, out, 10, &n));
    assert_int_equal(n, 6);
    struct store_event e = event_of("suspected-theft");
    e.id = 1;
    assert_memory_equal(&out[0], &e, sizeof e);
    assert_ok(store_list_events(f->r, 2, NULL, out, 2, &n));
    assert_int_equal(n, 2);
    assert_int_equal(out[0].id, 3);
    assert_ok(store_list_events(f->r, 2, "registered", out, 10, &n));
    assert_int_equal(n, 2);
    assert_int_equal(out[0].id, 4);
    assert_int_equal(out[1].id, 6);
    assert_ok(store_list_events(f->r, 0, "never", out, 10, &n));
    assert_int_equal(n, 0);
    assert_ok(store_list_events(f->r, UINT64_MAX, NULL, out, 10, &n));
    assert_int_equal(n, 0);
    /* from the newest back */
    assert_ok(store_list_events_back(f->r, UINT64_MAX, NULL, out, 2, &n));
    assert_int_equal(n, 2);
    assert_int_equal(out[0].id, 6);
    assert_int_equal(out[1].id, 5);
    assert_ok(store_list_events_back(f->r, 6, "registered", out, 10, &n));
    assert_int_equal(n, 2);
    assert_int_equal(out[0].id, 4);
    assert_int_equal(out[1].id, 2);
    assert_ok(store_list_events_back(f->r, 1, NULL, out, 10, &n));
    assert_int_equal(n, 0);
}

static void the_mark_is_zero_before_it_was_ever_stored(void **state)
{
    struct fixture *f = *state;
    uint64_t mark = 9;
    assert_ok(store_read_mark(f->r, &mark));
    assert_int_equal(mark, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_STORE(a_subscriber_that_is_not_there_is_not_found_and_leaves_nothing),
        IN_STORE(imsis_that_differ_in_length_only_are_different_subscribers),
        IN_STORE(devices_come_in_imei_order_with_their_keys),
        IN_STORE(one_read_for_vectors_says_what_the_two_reads_say),
        IN_STORE(a_read_for_vectors_that_fails_leaves_nothing),
        IN_STORE(the_imsis_of_a_device_are_found_by_its_imei),
        IN_STORE(pages_of_subscribers_join_to_the_whole_without_secrets),
        IN_STORE(pages_of_devices_join_to_the_whole_without_keys),
        IN_STORE(counts_follow_what_was_committed),
        IN_STORE(a_bracket_sees_one_state_and_the_next_one_the_new),
        IN_STORE(a_reader_cannot_write),
        IN_STORE(events_are_listed_by_id_and_by_name),
        IN_STORE(the_mark_is_zero_before_it_was_ever_stored),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
