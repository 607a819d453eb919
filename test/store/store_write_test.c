#include "store/fixture.h"

/* ---- batches ---- */

static void a_batch_that_is_rolled_back_leaves_no_trace(void **state)
{
    struct fixture *f = *state;
    struct store_subscriber s = subscriber_of(IMSI_A), out;
    enum store_did did;
    assert_ok(store_begin(f->w));
    assert_ok(store_put_subscriber(f->w, STORE_INSERT, &s, &did));
    assert_ok(store_set_mark(f->w, 5));
    store_rollback(f->w);
    store_rollback(f->w); /* harmless */
    assert_err(store_read_subscriber(f->r, &s.imsi, &out), E_NOT_FOUND);
    uint64_t mark;
    assert_ok(store_read_mark(f->r, &mark));
    assert_int_equal(mark, 0);
}

static void out_of_a_batch_nothing_can_be_changed(void **state)
{
    struct fixture *f = *state;
    struct store_subscriber s = subscriber_of(IMSI_A);
    struct store_device d = device_of(IMSI_A, IMEI_A, 1), all[STORE_DEVICES_MAX];
    struct store_serving now = serving_at("mme.example.org", 1), before;
    struct store_event e = event_of("x");
    enum store_did did;
    size_t n;
    assert_err(store_commit(f->w), E_BAD_STATE);
    assert_err(store_put_subscriber(f->w, STORE_UPSERT, &s, &did), E_BAD_STATE);
    assert_err(store_remove_subscriber(f->w, &s.imsi), E_BAD_STATE);
    assert_err(store_put_device(f->w, STORE_UPSERT, &d, &did), E_BAD_STATE);
    assert_err(store_remove_device(f->w, &d.imsi, &d.imei), E_BAD_STATE);
    assert_err(store_writer_subscriber(f->w, &s.imsi, &s), E_BAD_STATE);
    assert_err(store_writer_devices(f->w, &d.imsi, all, &n), E_BAD_STATE);
    assert_err(store_set_dif(f->w, &d.imsi, 1), E_BAD_STATE);
    assert_err(store_set_serving(f->w, &d.imsi, &now, NULL, &before), E_BAD_STATE);
    assert_err(store_set_purged(f->w, &d.imsi, "mme.example.org"), E_BAD_STATE);
    assert_err(store_set_binding_failures(f->w, &d.imsi, 1), E_BAD_STATE);
    assert_err(store_add_event(f->w, &e, 10), E_BAD_STATE);
    assert_err(store_set_mark(f->w, 1), E_BAD_STATE);
    assert_ok(store_begin(f->w));
    assert_err(store_begin(f->w), E_BAD_STATE);
    assert_ok(store_commit(f->w));
}

static void the_batch_reads_what_it_wrote(void **state)
{
    struct fixture *f = *state;
    struct store_subscriber s = subscriber_of(IMSI_A), out;
    struct store_device d = device_of(IMSI_A, IMEI_A, 1), all[STORE_DEVICES_MAX];
    enum store_did did;
    size_t n;
    assert_ok(store_begin(f->w));
    assert_err(store_writer_subscriber(f->w, &s.imsi, &out), E_NOT_FOUND);
    assert_ok(store_put_subscriber(f->w, STORE_INSERT, &s, &did));
    assert_ok(store_put_device(f->w, STORE_INSERT, &d, &did));
    assert_ok(store_writer_subscriber(f->w, &s.imsi, &out));
    assert_same_keys(&out.keys, &s.keys);
    assert_ok(store_writer_devices(f->w, &s.imsi, all, &n));
    assert_int_equal(n, 1);
    assert_same_device(&all[0], &d);
    store_rollback(f->w);
}

/* ---- subscribers ---- */

static void insert_update_and_upsert_agree_with_whether_the_row_is_there(void **state)
{
    struct fixture *f = *state;
    struct store_subscriber s = subscriber_of(IMSI_A);
    enum store_did did = STORE_UNCHANGED;
    assert_ok(store_begin(f->w));
    assert_err(store_put_subscriber(f->w, STORE_UPDATE, &s, &did), E_NOT_FOUND);
    assert_int_equal(did, STORE_UNCHANGED);
    assert_ok(store_put_subscriber(f->w, STORE_INSERT, &s, &did));
    assert_int_equal(did, STORE_ADDED);
    assert_err(store_put_subscriber(f->w, STORE_INSERT, &s, &did), E_EXISTS);
    s.policy = 2;
    assert_ok(store_put_subscriber(f->w, STORE_UPDATE, &s, &did));
    assert_int_equal(did, STORE_CHANGED);
    s.suspended = true;
    assert_ok(store_put_subscriber(f->w, STORE_UPSERT, &s, &did));
    assert_int_equal(did, STORE_CHANGED);
    assert_ok(store_commit(f->w));
    s.version = 3;
    struct store_subscriber back = read_back(f, IMSI_A);
    assert_same_subscriber(&back, &s);
}

static off_t log_size(struct fixture *f)
{
    struct stat st;
    assert_int_equal(stat(with(f->path, "-wal"), &st), 0);
    return st.st_size;
}

static void the_same_row_again_is_unchanged_and_writes_nothing(void **state)
{
    struct fixture *f = *state;
    struct store_subscriber s = subscriber_of(IMSI_A);
    struct store_device d = device_of(IMSI_A, IMEI_A, 1);
    put(f, &s);
    put_device(f, &d);
    off_t size = log_size(f);
    s.dif = 12345; /* not compared: only new keys make it count */
    for (int i = 0; i < 5; i++) {
        assert_int_equal(put(f, &s), STORE_UNCHANGED);
        assert_int_equal(put_device(f, &d), STORE_UNCHANGED);
    }
    assert_int_equal(log_size(f), size);
    assert_int_equal(read_back(f, IMSI_A).version, 1);
    assert_int_equal(read_back(f, IMSI_A).dif, -7);
}

static void change_k(struct store_subscriber *s)
{
    s->keys.k.b[15] ^= 1;
}
static void change_opc(struct store_subscriber *s)
{
    s->keys.opc.b[0] ^= 1;
}
static void change_to_tuak(struct store_subscriber *s)
{
    s->keys.algorithm = AKA_TUAK;
    s->keys.opc.n = 32;
    s->keys.keccak_iterations = 1;
}
static void change_iterations(struct store_subscriber *s)
{
    s->keys.keccak_iterations = 2;
}
static void change_policy(struct store_subscriber *s)
{
    s->policy = 0;
}
static void change_proof(struct store_subscriber *s)
{
    s->proof = 5;
}

static void change_suspended(struct store_subscriber *s)
{
    s->suspended = true;
}
static void change_msisdn(struct store_subscriber *s)
{
    strcpy(s->msisdn, "491711234567890");
}
static void change_profile(struct store_subscriber *s)
{
    strcpy(s->profile, "");
}

static void each_administrative_field_makes_a_change_and_only_keys_take_dif(void **state)
{
    struct fixture *f = *state;
    struct store_subscriber s = subscriber_of(IMSI_A);
    static void (*const changes[])(struct store_subscriber *) = {
        change_k,     change_opc,       change_to_tuak, change_iterations, change_policy,
        change_proof, change_suspended, change_msisdn,  change_profile,
    };
    put(f, &s);
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        int64_t kept = read_back(f, IMSI_A).dif;
        changes[i](&s);
        s.dif = 1000 + (int64_t)i;
        assert_int_equal(put(f, &s), STORE_CHANGED);
        struct store_subscriber back = read_back(f, IMSI_A);
        assert_int_equal(back.dif, i < 4 ? s.dif : kept);
        assert_int_equal(back.version, i + 2);
        s.dif = back.dif;
        s.version = back.version;
        assert_same_subscriber(&back, &s);
        assert_int_equal(put(f, &s), STORE_UNCHANGED);
    }
}

static void administration_leaves_what_the_network_wrote(void **state)
{
    struct fixture *f = *state;
    struct store_subscriber s = subscriber_of(IMSI_A);
    struct store_serving now = serving_at("mme.example.org", 77), before;
    struct imei imei = imei_of(IMEI_A);
    put(f, &s);
    COMMITTED(f, store_set_serving(f->w, &s.imsi, &now, &imei, &before));
    COMMITTED(f, store_set_binding_failures(f->w, &s.imsi, 3));
    COMMITTED(f, store_set_dif(f->w, &s.imsi, -99));
    s.policy = 2;
    assert_int_equal(put(f, &s), STORE_CHANGED);
    struct store_subscriber back = read_back(f, IMSI_A);
    assert_same_serving(&back.serving, &now);
    assert_true(back.has_last_imei && imei_eq(&back.last_imei, &imei));
    assert_int_equal(back.binding_failures, 3);
    assert_int_equal(back.dif, -99);
    assert_int_equal(back.policy, 2);
}

static void an_msisdn_is_one_subscribers_and_an_empty_one_everybodys(void **state)
{
    struct fixture *f = *state;
    struct store_subscriber a = subscriber_of(IMSI_A), b = subscriber_of(IMSI_B);
    enum store_did did;
    put(f, &a);
    put(f, &b); /* both empty */
    strcpy(a.msisdn, "49171");
    strcpy(b.msisdn, "49171");
    put(f, &a);
    assert_ok(store_begin(f->w));
    assert_err(store_put_subscriber(f->w, STORE_UPSERT, &b, &did), E_CONFLICT);
    assert_ok(store_remove_subscriber(f->w, &b.imsi));
    assert_err(store_put_subscriber(f->w, STORE_INSERT, &b, &did), E_CONFLICT);
    strcpy(b.msisdn, "049171"); /* another text: another number */
    assert_ok(store_put_subscriber(f->w, STORE_INSERT, &b, &did));
    assert_ok(store_commit(f->w)); /* the batch outlived both */
    assert_string_equal(read_back(f, IMSI_B).msisdn, "049171");
}

static void rows_that_are_no_subscribers_are_refused(void **state)
{
    struct fixture *f = *state;
    struct store_subscriber good = subscriber_of(IMSI_A), bad;
    enum store_did did;
    assert_ok(store_begin(f->w));
    bad = good;
    bad.keys.k.n = 0;
    assert_err(store_put_subscriber(f->w, STORE_UPSERT, &bad, &did), E_BAD_LENGTH);
    bad = good;
    bad.keys.opc.n = 33;
    assert_err(store_put_subscriber(f->w, STORE_UPSERT, &bad, &did), E_BAD_LENGTH);
    bad = good;
    bad.keys.algorithm = 0;
    assert_err(store_put_subscriber(f->w, STORE_UPSERT, &bad, &did), E_BAD_VALUE);
    bad = good;
    memset(bad.msisdn, '1', sizeof bad.msisdn);
    assert_err(store_put_subscriber(f->w, STORE_UPSERT, &bad, &did), E_BAD_LENGTH);
    bad = good;
    memset(bad.profile, 'p', sizeof bad.profile);
    assert_err(store_put_subscriber(f->w, STORE_UPSERT, &bad, &did), E_BAD_LENGTH);
    bad = good;
    bad.imsi.n = 0;
    assert_err(store_put_subscriber(f->w, STORE_UPSERT, &bad, &did), E_BAD_LENGTH);
    assert_ok(store_commit(f->w));
    uint64_t subscribers, devices;
    assert_ok(store_count(f->r, &subscribers, &devices));
    assert_int_equal(subscribers, 0);
}

static void a_removed_subscriber_takes_its_devices_along_and_nobody_elses(void **state)
{
    struct fixture *f = *state;
    struct store_subscriber a = subscriber_of(IMSI_A), b = subscriber_of(IMSI_B), out;
    struct store_device d = device_of(IMSI_A, IMEI_A, 1), e = device_of(IMSI_B, IMEI_A, 2);
    uint64_t subscribers, devices;
    put(f, &a);
    put(f, &b);
    put_device(f, &d);
    put_device(f, &e);
    COMMITTED(f, store_remove_subscriber(f->w, &a.imsi));
    assert_err(store_read_subscriber(f->r, &a.imsi, &out), E_NOT_FOUND);
    assert_ok(store_count(f->r, &subscribers, &devices));
    assert_int_equal(subscribers, 1);
    assert_int_equal(devices, 1);
    assert_ok(store_begin(f->w));
    assert_err(store_remove_subscriber(f->w, &a.imsi), E_NOT_FOUND);
    assert_ok(store_remove_subscriber(f->w, &b.imsi));
    assert_ok(store_commit(f->w));
}

/* ---- devices ---- */

static struct store_device only_device(struct fixture *f)
{
    struct store_device all[STORE_DEVICES_MAX];
    struct imsi imsi = imsi_of(IMSI_A);
    size_t n;
    assert_ok(store_read_devices(f->r, &imsi, all, &n));
    assert_int_equal(n, 1);
    return all[0];
}

static void a_changed_kme_keeps_the_former_one_as_previous(void **state)
{
    struct fixture *f = *state;
    struct store_subscriber s = subscriber_of(IMSI_A);
    struct store_device none = device_of(IMSI_A, IMEI_A, 0), d1 = device_of(IMSI_A, IMEI_A, 1),
                        d2 = device_of(IMSI_A, IMEI_A, 2);
    put(f, &s);
    assert_int_equal(put_device(f, &none), STORE_ADDED);
    assert_int_equal(put_device(f, &d1), STORE_CHANGED);
    struct store_device now = only_device(f);
    assert_same_device(&now, &d1); /* the first KME has no previous */
    assert_int_equal(put_device(f, &d2), STORE_CHANGED);
    d2.has_previous = true;
    d2.previous = d1.kme;
    now = only_device(f);
    assert_same_device(&now, &d2);
    assert_int_equal(put_device(f, &d2), STORE_UNCHANGED);
    assert_int_equal(put_device(f, &d1), STORE_CHANGED); /* and back */
    d1.has_previous = true;
    d1.previous = d2.kme;
    now = only_device(f);
    assert_same_device(&now, &d1);
    assert_int_equal(put_device(f, &none), STORE_UNCHANGED); /* says nothing about the KME */
    now = only_device(f);
    assert_same_device(&now, &d1);
}

static void a_device_may_be_added_with_both_its_keys(void **state)
{
    struct fixture *f = *state;
    struct store_subscriber s = subscriber_of(IMSI_A);
    struct store_device d = device_of(IMSI_A, IMEI_A, 1);
    d.has_previous = true;
    memset(d.previous.b, 2, sizeof d.previous.b);
    put(f, &s);
    assert_int_equal(put_device(f, &d), STORE_ADDED);
    struct store_device now = only_device(f);
    assert_same_device(&now, &d);
}

static void a_device_needs_its_subscriber_and_agrees_with_how(void **state)
{
    struct fixture *f = *state;
    struct store_subscriber s = subscriber_of(IMSI_A);
    struct store_device d = device_of(IMSI_A, IMEI_A, 1), bad = d;
    enum store_did did;
    assert_ok(store_begin(f->w));
    assert_err(store_put_device(f->w, STORE_UPSERT, &d, &did), E_NOT_FOUND);
    assert_ok(store_put_subscriber(f->w, STORE_INSERT, &s, &did));
    assert_err(store_put_device(f->w, STORE_UPDATE, &d, &did), E_NOT_FOUND);
    assert_err(store_remove_device(f->w, &d.imsi, &d.imei), E_NOT_FOUND);
    assert_ok(store_put_device(f->w, STORE_INSERT, &d, &did));
    assert_err(store_put_device(f->w, STORE_INSERT, &d, &did), E_EXISTS);
    bad.imei.digits[0] = '\0';
    assert_err(store_put_device(f->w, STORE_UPSERT, &bad, &did), E_BAD_LENGTH);
    assert_ok(store_remove_device(f->w, &d.imsi, &d.imei));
    assert_ok(store_commit(f->w));
}

static void the_seventeenth_device_has_no_room(void **state)
{
    struct fixture *f = *state;
    struct store_subscriber s = subscriber_of(IMSI_A);
    struct store_device d = device_of(IMSI_A, "35693803500000", 1), all[STORE_DEVICES_MAX];
    enum store_did did;
    size_t n;
    put(f, &s);
    assert_ok(store_begin(f->w));
    for (int i = 0; i < STORE_DEVICES_MAX; i++, d.imei.digits[13]++) {
        assert_ok(store_put_device(f->w, STORE_INSERT, &d, &did));
    }
    assert_err(store_put_device(f->w, STORE_UPSERT, &d, &did), E_NO_ROOM);
    d.imei.digits[13] = '0';
    d.kme.b[0] ^= 1;
    assert_ok(store_put_device(f->w, STORE_UPSERT, &d, &did)); /* one that is there may change */
    assert_ok(store_commit(f->w));
    assert_ok(store_read_devices(f->r, &s.imsi, all, &n));
    assert_int_equal(n, STORE_DEVICES_MAX);
}

/* ---- what the network tells ---- */

static void a_registration_replaces_the_serving_node_and_hands_back_the_former(void **state)
{
    struct fixture *f = *state;
    struct store_subscriber s = subscriber_of(IMSI_A);
    struct store_serving one = serving_at("mme1.example.org", 1), before, empty = {0},
                         two = serving_at("mme2.example.org", 2);
    struct imei imei = imei_of(IMEI_A);
    put(f, &s);
    COMMITTED(f, store_set_binding_failures(f->w, &s.imsi, 5));
    COMMITTED(f, store_set_serving(f->w, &s.imsi, &one, &imei, &before));
    assert_same_serving(&before, &empty);
    COMMITTED(f, store_set_serving(f->w, &s.imsi, &two, NULL, &before));
    assert_same_serving(&before, &one);
    struct store_subscriber back = read_back(f, IMSI_A);
    assert_same_serving(&back.serving, &two);
    assert_true(back.has_last_imei && imei_eq(&back.last_imei, &imei)); /* NULL left it */
    assert_int_equal(back.binding_failures, 0);
    assert_int_equal(back.version, 1); /* not administration */
    struct store_subscriber again = back;
    two.since = 3;
    COMMITTED(f, store_set_serving(f->w, &s.imsi, &two, &imei, &before));
    again.serving.since = 3;
    back = read_back(f, IMSI_A);
    assert_same_subscriber(&back, &again); /* a repetition changes nothing but `since` */
    COMMITTED(f, store_set_serving(f->w, &s.imsi, &empty, NULL, &before));
    assert_same_serving(&before, &two);
}

static void a_purge_counts_only_from_the_host_that_serves(void **state)
{
    struct fixture *f = *state;
    struct store_subscriber s = subscriber_of(IMSI_A);
    struct store_serving now = serving_at("mme1.example.org", 1), before;
    put(f, &s);
    assert_ok(store_begin(f->w));
    assert_err(store_set_purged(f->w, &s.imsi, ""), E_CONFLICT); /* nobody serves */
    assert_ok(store_set_serving(f->w, &s.imsi, &now, NULL, &before));
    assert_err(store_set_purged(f->w, &s.imsi, "mme2.example.org"), E_CONFLICT);
    assert_err(store_set_purged(f->w, &s.imsi, "mme1.example.org.evil"), E_CONFLICT);
    assert_ok(store_set_purged(f->w, &s.imsi, "MME1.Example.ORG"));
    assert_ok(store_set_purged(f->w, &s.imsi, "mme1.example.org")); /* a repetition */
    assert_ok(store_commit(f->w));
    assert_true(read_back(f, IMSI_A).serving.purged);
    COMMITTED(f, store_set_serving(f->w, &s.imsi, &now, NULL, &before));
    assert_true(before.purged);
    assert_false(read_back(f, IMSI_A).serving.purged);
}

static void what_the_network_tells_about_a_stranger_is_not_found(void **state)
{
    struct fixture *f = *state;
    struct imsi imsi = imsi_of(IMSI_A);
    struct store_serving now = serving_at("mme.example.org", 1), before = serving_at("x.y", 9),
                         same = before;
    assert_ok(store_begin(f->w));
    assert_err(store_set_dif(f->w, &imsi, 1), E_NOT_FOUND);
    assert_err(store_set_serving(f->w, &imsi, &now, NULL, &before), E_NOT_FOUND);
    assert_same_serving(&before, &same); /* not written */
    assert_err(store_set_purged(f->w, &imsi, "mme.example.org"), E_NOT_FOUND);
    assert_err(store_set_binding_failures(f->w, &imsi, 1), E_NOT_FOUND);
    memset(now.host, 'x', sizeof now.host);
    assert_err(store_set_serving(f->w, &imsi, &now, NULL, &before), E_BAD_LENGTH);
    assert_ok(store_commit(f->w));
}

static void numbers_keep_their_whole_range(void **state)
{
    struct fixture *f = *state;
    struct store_subscriber s = subscriber_of(IMSI_A);
    static const int64_t difs[] = {INT64_MIN, -1, 0, INT64_MAX};
    static const uint64_t marks[] = {1, INT64_MAX, UINT64_MAX, 0};
    put(f, &s);
    for (size_t i = 0; i < 4; i++) {
        uint64_t mark;
        COMMITTED(f, store_set_dif(f->w, &s.imsi, difs[i]));
        assert_true(read_back(f, IMSI_A).dif == difs[i]);
        COMMITTED(f, store_set_mark(f->w, marks[i]));
        assert_ok(store_read_mark(f->r, &mark));
        assert_true(mark == marks[i]);
    }
    COMMITTED(f, store_set_binding_failures(f->w, &s.imsi, UINT32_MAX));
    assert_true(read_back(f, IMSI_A).binding_failures == UINT32_MAX);
}

/* ---- events ---- */

static void the_newest_events_stay_and_ids_never_come_again(void **state)
{
    struct fixture *f = *state;
    struct store_event e = event_of("registered"), out[64];
    size_t n;
    assert_ok(store_begin(f->w));
    for (int i = 0; i < 50; i++) {
        assert_ok(store_add_event(f->w, &e, 10));
    }
    assert_ok(store_commit(f->w));
    assert_ok(store_list_events(f->r, 0, NULL, out, 64, &n));
    assert_int_equal(n, 10);
    assert_int_equal(out[0].id, 41);
    assert_int_equal(out[9].id, 50);
    COMMITTED(f, store_add_event(f->w, &e, 3)); /* a smaller number takes effect at once */
    assert_ok(store_list_events(f->r, 0, NULL, out, 64, &n));
    assert_int_equal(n, 3);
    COMMITTED(f, store_add_event(f->w, &e, 0)); /* one stays, and with it the count */
    assert_ok(store_list_events(f->r, 0, NULL, out, 64, &n));
    assert_int_equal(n, 1);
    assert_int_equal(out[0].id, 52);
    reopen_store(f);
    COMMITTED(f, store_add_event(f->w, &e, UINT64_MAX));
    assert_ok(store_list_events(f->r, 52, NULL, out, 64, &n));
    assert_int_equal(n, 1);
    assert_int_equal(out[0].id, 53);
}

static void an_event_whose_text_has_no_end_is_cut(void **state)
{
    struct fixture *f = *state;
    struct store_event e = event_of("x"), out;
    size_t n;
    memset(e.detail, 'd', sizeof e.detail);
    memset(e.peer, 'p', sizeof e.peer);
    COMMITTED(f, store_add_event(f->w, &e, 10));
    assert_ok(store_list_events(f->r, 0, NULL, &out, 1, &n));
    assert_int_equal(n, 1);
    assert_int_equal(strlen(out.detail), sizeof out.detail - 1);
    assert_int_equal(strlen(out.peer), sizeof out.peer - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_STORE(a_batch_that_is_rolled_back_leaves_no_trace),
        IN_STORE(out_of_a_batch_nothing_can_be_changed),
        IN_STORE(the_batch_reads_what_it_wrote),
        IN_STORE(insert_update_and_upsert_agree_with_whether_the_row_is_there),
        IN_STORE(the_same_row_again_is_unchanged_and_writes_nothing),
        IN_STORE(each_administrative_field_makes_a_change_and_only_keys_take_dif),
        IN_STORE(administration_leaves_what_the_network_wrote),
        IN_STORE(an_msisdn_is_one_subscribers_and_an_empty_one_everybodys),
        IN_STORE(rows_that_are_no_subscribers_are_refused),
        IN_STORE(a_removed_subscriber_takes_its_devices_along_and_nobody_elses),
        IN_STORE(a_changed_kme_keeps_the_former_one_as_previous),
        IN_STORE(a_device_may_be_added_with_both_its_keys),
        IN_STORE(a_device_needs_its_subscriber_and_agrees_with_how),
        IN_STORE(the_seventeenth_device_has_no_room),
        IN_STORE(a_registration_replaces_the_serving_node_and_hands_back_the_former),
        IN_STORE(a_purge_counts_only_from_the_host_that_serves),
        IN_STORE(what_the_network_tells_about_a_stranger_is_not_found),
        IN_STORE(numbers_keep_their_whole_range),
        IN_STORE(the_newest_events_stay_and_ids_never_come_again),
        IN_STORE(an_event_whose_text_has_no_end_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
