/* Readers in threads of their own beside the one writer. */
#include "store/fixture.h"

#include <pthread.h>
#include <stdatomic.h>

#define READERS 3
#define BATCHES 400

struct shared {
    struct store *store;
    atomic_bool stop;
    atomic_uint reads, faults;
};

/* cmocka's assertions jump, which only the first thread may do: faults are counted instead. */
static void expect(struct shared *s, bool truth)
{
    atomic_fetch_add(&s->faults, truth ? 0u : 1u);
}

static void read_pair(struct shared *s, struct store_reader *r, const struct imsi pair[2])
{
    struct store_subscriber a, b;
    struct store_device devices[STORE_DEVICES_MAX];
    size_t n = 0;
    expect(s, store_reader_begin(r) == E_OK);
    expect(s, store_read_subscriber(r, &pair[0], &a) == E_OK);
    expect(s, store_read_subscriber(r, &pair[1], &b) == E_OK);
    expect(s, store_read_devices(r, &pair[0], devices, &n) == E_OK);
    store_reader_end(r);
    expect(s, a.dif == b.dif); /* one batch wrote both */
    expect(s, n == 1 && devices[0].kme.b[0] == (uint8_t)(a.dif & 1) + 1);
    atomic_fetch_add(&s->reads, 1);
}

static void *reader(void *arg)
{
    struct shared *s = arg;
    struct store_reader *r;
    struct imsi pair[2];
    if (imsi_parse(BYTES_LIT(IMSI_A), &pair[0]) != E_OK ||
        imsi_parse(BYTES_LIT(IMSI_B), &pair[1]) != E_OK ||
        store_reader_open(s->store, &r) != E_OK) {
        expect(s, false);
        return NULL;
    }
    do {
        read_pair(s, r, pair);
    } while (!atomic_load(&s->stop));
    store_reader_close(r);
    return NULL;
}

static void write_batch(struct fixture *f, int64_t number)
{
    struct imsi a = imsi_of(IMSI_A), b = imsi_of(IMSI_B);
    struct store_device d = device_of(IMSI_A, IMEI_A, (uint8_t)((number & 1) + 1));
    enum store_did did;
    assert_ok(store_begin(f->w));
    assert_ok(store_set_dif(f->w, &a, number));
    assert_ok(store_put_device(f->w, STORE_UPSERT, &d, &did));
    assert_ok(store_set_dif(f->w, &b, number));
    assert_ok(store_commit(f->w));
}

static void readers_see_whole_batches_while_the_writer_writes(void **state)
{
    struct fixture *f = *state;
    struct shared s = {.store = f->store};
    struct store_subscriber a = subscriber_of(IMSI_A), b = subscriber_of(IMSI_B);
    pthread_t threads[READERS];
    put(f, &a);
    put(f, &b);
    write_batch(f, 0);
    for (size_t i = 0; i < READERS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, reader, &s), 0);
    }
    for (int64_t n = 1; n <= BATCHES; n++) {
        write_batch(f, n);
    }
    atomic_store(&s.stop, true);
    for (size_t i = 0; i < READERS; i++) {
        pthread_join(threads[i], NULL);
    }
    assert_int_equal(atomic_load(&s.faults), 0);
    assert_true(atomic_load(&s.reads) >= READERS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_STORE(readers_see_whole_batches_while_the_writer_writes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
