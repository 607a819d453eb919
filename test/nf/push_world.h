/* test/nf/push_world.h - a home network that tells nodes of changes, for test/nf/push*_test.c:
 * changes as the administration makes them, requests of ours at the signalling thread, and what
 * waits. The thread of push.c is real.
 */
#ifndef BINDERY_TEST_NF_PUSH_WORLD_H
#define BINDERY_TEST_NF_PUSH_WORLD_H

#include "nf/s6a_world.h"

#include "nf/hssd/push_parts.h"

#define IMSI_B "001010000000002"

static inline void route_to(size_t mme)
{
    const struct route r = {
        .peer = peer_states[mme], .thread = &thread, .conn = mme + 1, .opened_ms = push_unix_ms()};
    assert_ok(routes_add(hss.routes, &r));
}

static inline void push_up(void)
{
    struct store_why why;
    assert_ok(push_open(&hss, &why));
    assert_ok(push_start(&hss, &why));
}

static inline void push_down(bool in_order)
{
    push_quiesce(&hss);
    push_join(&hss);
    while (pump_waiting()) {
        pump_one();
    }
    writer_drain(hss.writer);
    if (in_order) {
        push_store_closes(&hss);
    }
    push_close(&hss);
}

static inline void serve_at(size_t mme, const char *imsi)
{
    struct store_writer *w = store_the_writer(hss.store);
    struct store_serving now = {.realm = REALM, .plmn = {0, 0xf1, 0x10}, .since = 1}, before;
    const struct imsi i = imsi_of(imsi);
    snprintf(now.host, sizeof now.host, "%s", peers[mme].origin_host);
    assert_ok(store_begin(w));
    assert_ok(store_set_serving(w, &i, &now, NULL, &before));
    assert_ok(store_commit(w));
}

/* A change by administration, as admin_change.c makes it. */
struct change {
    struct writer_job job;
    const char *imsi;
    void (*alter)(struct store_subscriber *row);
    bool removes;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool done;
};

static inline enum err change_run(struct store_writer *w, struct writer_job *job)
{
    struct change *c = (struct change *)job;
    struct store_subscriber before, after;
    enum store_did did;
    const struct imsi imsi = imsi_of(c->imsi);
    enum err err = store_writer_subscriber(w, &imsi, &before);
    after = before;
    if (c->removes) {
        err = err == E_OK ? push_removed(w, &before) : err;
        return err == E_OK ? store_remove_subscriber(w, &imsi) : err;
    }
    c->alter(&after);
    if (err == E_OK) {
        err = store_put_subscriber(w, STORE_UPDATE, &after, &did);
    }
    return err == E_OK ? push_changed(&hss, w, &before, &after) : err;
}

static inline void change_done(struct writer_job *job)
{
    struct change *c = (struct change *)job;
    pthread_mutex_lock(&c->lock);
    c->done = true;
    pthread_cond_signal(&c->wake);
    pthread_mutex_unlock(&c->lock);
}

static inline void submit(struct change *c)
{
    c->job = (struct writer_job){.run = change_run, .done = change_done};
    pthread_mutex_init(&c->lock, NULL);
    pthread_cond_init(&c->wake, NULL);
    assert_ok(writer_submit(hss.writer, &c->job));
    pthread_mutex_lock(&c->lock);
    while (!c->done) {
        pthread_cond_wait(&c->wake, &c->lock);
    }
    pthread_mutex_unlock(&c->lock);
    assert_ok(c->job.result);
    push_wake(&hss);
}

static inline void change(const char *imsi, void (*alter)(struct store_subscriber *row))
{
    struct change c = {.imsi = imsi, .alter = alter};
    submit(&c);
}

static inline void without_msisdn(struct store_subscriber *row)
{
    row->msisdn[0] = '\0';
}

static inline void another_msisdn(struct store_subscriber *row)
{
    strcpy(row->msisdn, "491700000099");
}

static inline void suspended(struct store_subscriber *row)
{
    row->suspended = true;
}

static inline void not_for_nodes(struct store_subscriber *row)
{
    row->policy = 0;
    row->proof = 1;
}

/* The next request of ours, at the signalling thread. */
static inline uint32_t next_command(void)
{
    unsigned before = thread.requests;
    struct diameter_header h;
    while (thread.requests == before) {
        pump_one();
    }
    assert_ok(diameter_header_read((struct bytes){thread.sent, thread.sent_n}, &h));
    return h.command;
}

static inline struct s6a_idr *idr_sent(void)
{
    static struct s6a_idr idr;
    struct diameter_fault fault;
    assert_int_equal(next_command(), S6A_INSERT_SUBSCRIBER_DATA);
    assert_ok(s6a_idr_parse(OWN, (struct bytes){thread.sent, thread.sent_n}, &idr, &fault));
    return &idr;
}

/* The same, of which what comes next to the thread changes nothing. */
static inline struct s6a_idr *idr_kept(void)
{
    static struct s6a_idr idr;
    static uint8_t octets[8192];
    struct diameter_fault fault;
    (void)idr_sent();
    memcpy(octets, thread.sent, thread.sent_n);
    assert_ok(s6a_idr_parse(OWN, (struct bytes){octets, thread.sent_n}, &idr, &fault));
    return &idr;
}

static inline void fill_answer(const struct s6a_request *r, uint32_t code, struct s6a_answer *a)
{
    s6a_answer_begin(a, r, bytes_of_str(MME1), bytes_of_str(REALM));
    if (code == S6A_USER_UNKNOWN) {
        s6a_answer_experimental(a, code);
    } else {
        s6a_answer_result(a, code);
    }
}

static inline void answer_idr(const struct s6a_idr *idr, uint32_t code)
{
    uint8_t out[4096];
    size_t n = 0;
    struct s6a_ida ida = {.answer = {.header = {0}}};
    fill_answer(&idr->request, code, &ida.answer);
    assert_ok(s6a_ida_write(OWN, &ida, MBYTES_OF(out), &n));
    push_answered(&hss, thread.cookie, (struct bytes){out, n});
}

static inline size_t waiting(const char *imsi, struct store_push rows[static 4])
{
    size_t n = 0;
    const struct imsi i = imsi_of(imsi);
    assert_ok(store_list_push(thread.reader, &i, rows, 4, &n));
    return n;
}

/* The thread writes what was answered on its own: until the row says so. */
static inline struct store_push await_row(const char *imsi,
                                          bool (*holds)(const struct store_push *row))
{
    struct store_push rows[4];
    for (;;) {
        size_t n = waiting(imsi, rows);
        const struct store_push none = {.what = 0};
        if (holds(n > 0 ? &rows[0] : &none)) {
            return n > 0 ? rows[0] : none;
        }
        struct timespec soon = {.tv_nsec = 1000000};
        nanosleep(&soon, NULL);
    }
}

static inline bool is_gone(const struct store_push *row)
{
    return row->what == 0;
}

static inline bool was_tried(const struct store_push *row)
{
    return row->tries == 1;
}

static inline void await_told(const char *host, uint64_t epoch)
{
    struct store_node node = {.told = 0};
    while (node.told != epoch) {
        const enum err err = store_read_node(thread.reader, host, &node);
        assert_true(err == E_OK || err == E_NOT_FOUND);
        struct timespec soon = {.tv_nsec = 1000000};
        nanosleep(&soon, NULL);
    }
}

static inline void world_with_two(void)
{
    put_subscriber(IMSI_A, 0, false);
    put_subscriber(IMSI_B, 0, false);
    serve_at(0, IMSI_A);
}

#endif
