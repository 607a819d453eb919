/* Whole loads against an HSS that is only good at some things: it answers, refuses, hangs up, stops
 * reading, or is not there. Whatever it does, every request is accounted for. Covers also
 * src/cli/load_conn.c, src/cli/load_worker.c and src/cli/load_result.c. */
#include "cli/load_run.h"
#include "lib/check.h"
#include "net/socket.h"
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONNS 16
#define ROOM  65536

enum habit { ANSWERS, REFUSES_EVERY_TENTH, HANGS_UP, STOPS_READING, REFUSES_PEERS, SAYS_NOTHING };
struct client {
    int fd;
    unsigned requests;
    size_t in_n;
    uint8_t in[ROOM];
};
struct hss {
    enum habit habit;
    int listener;
    atomic_bool stop;
    pthread_t thread;
    uint64_t served;
    struct client client[CONNS];
};
static struct hss hss;
static struct load_counts counts;
static uint64_t took_ns;
static char why[512];

/* Blocking; a client that is gone is noticed when it is read. */
static void put(int fd, const uint8_t *p, size_t n)
{
    ssize_t sent;
    while (n > 0 && (sent = send(fd, p, n, MSG_NOSIGNAL)) > 0) {
        p += sent;
        n -= (size_t)sent;
    }
}

static void answer_cer(struct hss *h, struct client *c, struct bytes msg)
{
    struct diameter_cer cer;
    struct diameter_fault fault;
    uint8_t out[512];
    size_t n;
    assert_ok(diameter_cer_parse(msg, &cer, &fault));
    struct diameter_cea cea = {
        .header = cer.header,
        .result_code = DIAMETER_U32_OF(h->habit == REFUSES_PEERS ? 3010 : 2001),
        .origin_host = BYTES_LIT("hss.test"),
        .origin_realm = BYTES_LIT("test"),
        .capabilities = cer.capabilities,
    };
    cea.header.request = false;
    cea.header.error = h->habit == REFUSES_PEERS;
    assert_ok(diameter_cea_write(&cea, MBYTES_OF(out), &n));
    put(c->fd, out, n);
}

static void hang_up(struct client *c)
{
    close(c->fd);
    c->fd = -1;
}

/* False when the connection is no more. */
static bool serve(struct hss *h, struct client *c, struct bytes msg)
{
    struct diameter_header header;
    uint8_t out[1024];
    size_t n;
    assert_ok(diameter_header_read(msg, &header));
    if (header.command == DIAMETER_CAPABILITIES_EXCHANGE) {
        answer_cer(h, c, msg);
        return true;
    }
    bool busy = h->habit == REFUSES_EVERY_TENTH && ++c->requests % 10 == 0;
    struct diameter_answer a = {.code = busy ? DIAMETER_TOO_BUSY : DIAMETER_SUCCESS,
                                .origin_host = BYTES_LIT("hss.test"),
                                .origin_realm = BYTES_LIT("test")};
    if (h->habit == HANGS_UP && ++c->requests % 100 == 0) {
        hang_up(c);
        return false;
    }
    if (h->habit == SAYS_NOTHING && header.application != DIAMETER_APP_BASE) {
        return true;
    }
    assert_ok(diameter_answer_error(msg, &a, MBYTES_OF(out), &n));
    put(c->fd, out, n);
    h->served++;
    return true;
}

static void readable(struct hss *h, struct client *c)
{
    ssize_t got = recv(c->fd, c->in + c->in_n, ROOM - c->in_n, 0);
    size_t at = 0, total;
    if (got <= 0) {
        hang_up(c);
        return;
    }
    c->in_n += (size_t)got;
    while (diameter_frame((struct bytes){c->in + at, c->in_n - at}, ROOM, &total) == E_OK) {
        if (!serve(h, c, (struct bytes){c->in + at, total})) {
            return;
        }
        at += total;
        if (h->habit == STOPS_READING) {
            break; /* after the CER never again */
        }
    }
    memmove(c->in, c->in + at, c->in_n - at);
    c->in_n -= at;
}

static void *hss_thread(void *arg)
{
    struct hss *h = arg;
    while (!atomic_load(&h->stop)) {
        struct pollfd p[CONNS + 1] = {{.fd = h->listener, .events = POLLIN}};
        for (int i = 0; i < CONNS; i++) {
            bool deaf = h->habit == STOPS_READING && h->client[i].requests++ > 0;
            p[i + 1] = (struct pollfd){.fd = deaf ? -1 : h->client[i].fd, .events = POLLIN};
        }
        if (poll(p, CONNS + 1, 20) < 1) {
            for (int i = 0; i < CONNS && h->habit == STOPS_READING; i++) {
                h->client[i].requests = 0; /* its CER may have come meanwhile */
            }
            continue;
        }
        for (int i = 0; i < CONNS; i++) {
            if (p[i + 1].revents && h->client[i].fd >= 0) {
                readable(h, &h->client[i]);
            }
        }
        int fd = p[0].revents ? accept(h->listener, NULL, NULL) : -1;
        for (int i = 0; i < CONNS && fd >= 0; i++) {
            if (h->client[i].fd < 0) {
                h->client[i] = (struct client){.fd = fd};
                fd = -1;
            }
        }
    }
    return NULL;
}

static struct load_plan begin(enum habit habit)
{
    struct load_plan p = {.peers = 2,
                          .per_peer = 2,
                          .threads = 2,
                          .origin_host = "mme%d.visited.test",
                          .realm = "visited.test",
                          .plmn = {0x00, 0xf1, 0x10},
                          .own_vendor = 32473,
                          .pattern = LOAD_POISSON,
                          .rate = 2000,
                          .duration_ns = LOAD_SECOND / 2,
                          .timeout_ns = 20 * LOAD_SECOND,
                          .mix = {.weight = {4, 1}, .total = 5},
                          .vectors = 1,
                          .seed = 12,
                          .imsi_from = 1010000000001,
                          .count = 1000,
                          .imsi_digits = 15};
    assert_ok(address_parse("tcp://127.0.0.1:0", &p.to));
    hss.habit = habit;
    hss.served = 0;
    atomic_store(&hss.stop, false);
    for (int i = 0; i < CONNS; i++) {
        hss.client[i] = (struct client){.fd = -1};
    }
    assert_ok(socket_listen(&p.to, 16, &hss.listener));
    p.to = socket_local(hss.listener, TRANSPORT_TCP);
    assert_int_equal(pthread_create(&hss.thread, NULL, hss_thread, &hss), 0);
    memset(&counts, 0, sizeof counts);
    return p;
}

static void end(void)
{
    atomic_store(&hss.stop, true);
    pthread_join(hss.thread, NULL);
    for (int i = 0; i < CONNS; i++) {
        if (hss.client[i].fd >= 0) {
            close(hss.client[i].fd);
        }
    }
    close(hss.listener);
}

static uint64_t cause(uint32_t code)
{
    for (size_t i = 0; i < LOAD_CAUSES_MAX; i++) {
        if (counts.cause[i].n > 0 && counts.cause[i].code == code) {
            return counts.cause[i].n;
        }
    }
    return 0;
}

/* Whatever happened: each request was decided once, everywhere it is counted. */
static void accounted(void)
{
    uint64_t causes = 0, columns[3] = {0}, kinds[2] = {0};
    for (size_t i = 0; i < LOAD_CAUSES_MAX; i++) {
        causes += counts.cause[i].n;
    }
    for (size_t i = 0; i < LOAD_COLUMNS; i++) {
        columns[0] += counts.column[i].offered;
        columns[1] += counts.column[i].succeeded;
        columns[2] += counts.column[i].failed;
    }
    for (size_t i = 0; i < LOAD_KINDS; i++) {
        kinds[0] += counts.kind[i].offered;
        kinds[1] += counts.kind[i].succeeded;
    }
    assert_int_equal(counts.offered, counts.succeeded + counts.failed);
    assert_int_equal(counts.failed, causes);
    assert_int_equal(columns[0], counts.offered);
    assert_int_equal(columns[1], counts.succeeded);
    assert_int_equal(columns[2], counts.failed);
    assert_int_equal(kinds[0], counts.offered);
    assert_int_equal(kinds[1], counts.succeeded);
    assert_int_equal(counts.latency.n, counts.succeeded);
    assert_int_equal(counts.lag.n, counts.sent);
}

static void runs(const struct load_plan *p)
{
    atomic_bool stop = false;
    const uint64_t began = load_now();
    enum err e = load_run(p, &stop, &counts, why, sizeof why);
    took_ns = load_now() - began;
    if (e != E_OK) {
        fail_msg("%s: %s", err_name(e), why);
    }
    accounted();
    assert_in_range(counts.offered, 850, 1150);
}

static void all_answered(void **state)
{
    (void)state;
    struct load_plan p = begin(ANSWERS);
    runs(&p);
    end();
    assert_int_equal(counts.failed, 0);
    assert_true(counts.kind[LOAD_ULR].offered > 100);
    assert_true(load_histogram_quantile(&counts.latency, 0.5) < took_ns);
}

static void warm_up_does_not_count(void **state)
{
    (void)state;
    struct load_plan p = begin(ANSWERS);
    p.warmup_ns = LOAD_SECOND / 4;
    runs(&p);
    end();
    assert_in_range(hss.served, counts.offered + 400, counts.offered + 620);
}

static void devices(void **state)
{
    (void)state;
    struct load_plan p = begin(ANSWERS);
    p.pattern = LOAD_BETA;
    p.rate = 0;
    p.devices = 1001;
    p.roam = p.random_order = true;
    runs(&p);
    end();
    assert_int_equal(counts.succeeded, 1001);
}

static void refused(void **state)
{
    (void)state;
    struct load_plan p = begin(REFUSES_EVERY_TENTH);
    runs(&p);
    end();
    assert_int_equal(cause(3004), counts.failed);
    assert_in_range(counts.failed * 10, counts.offered - 50, counts.offered + 10);
    assert_int_equal(counts.refused.n, counts.failed);
}

/* Connections break and come back; what was on its way is lost, what was due meanwhile waits. */
static void hung_up_on(void **state)
{
    (void)state;
    struct load_plan p = begin(HANGS_UP);
    runs(&p);
    end();
    assert_true(counts.breaks >= 4);
    assert_true(cause(LOAD_LOST) > 0);
    assert_true(counts.succeeded > counts.offered / 4);
}

static void never_answered(void **state)
{
    (void)state;
    struct load_plan p = begin(SAYS_NOTHING);
    p.timeout_ns = LOAD_SECOND / 4;
    runs(&p);
    end();
    assert_int_equal(cause(LOAD_NO_ANSWER), counts.offered);
    assert_int_equal(counts.sent, counts.offered);
}

/* What its socket no longer takes is not sent, and costs no more memory. */
static void never_read(void **state)
{
    (void)state;
    struct load_plan p = begin(STOPS_READING);
    p.rate = 200000;
    p.timeout_ns = LOAD_SECOND / 2;
    atomic_bool stop = false;
    assert_ok(load_run(&p, &stop, &counts, why, sizeof why));
    end();
    accounted();
    assert_int_equal(counts.succeeded + counts.failed, counts.offered);
    assert_true(cause(LOAD_NOT_SENT) > 1000);
}

static void not_let_in(void **state)
{
    atomic_bool stop = false;
    (void)state;
    struct load_plan p = begin(REFUSES_PEERS);
    assert_err(load_run(&p, &stop, &counts, why, sizeof why), E_CLOSED);
    end();
    assert_non_null(strstr(why, "mme1.visited.test"));
    assert_non_null(strstr(why, "DIAMETER_UNKNOWN_PEER (3010)"));
}

static void stopped_early(void **state)
{
    atomic_bool stop = true;
    (void)state;
    struct load_plan p = begin(ANSWERS);
    p.duration_ns = 60 * LOAD_SECOND;
    enum err e = load_run(&p, &stop, &counts, why, sizeof why);
    end();
    assert_true(e == E_OK || e == E_CLOSED);
    accounted();
    assert_true(counts.offered < 10000);
}

/* ---- what is told ---- */

static void told(void **state)
{
    char *text = NULL;
    size_t n;
    (void)state;
    struct load_plan p = begin(REFUSES_EVERY_TENTH);
    runs(&p);
    end();
    FILE *f = open_memstream(&text, &n);
    load_report(&counts, &p, f);
    fclose(f);
    assert_non_null(strstr(text, "DIAMETER_TOO_BUSY"));
    assert_non_null(strstr(text, "p99.9"));
    free(text);
    json_t *o = load_json(&counts, &p);
    assert_non_null(o);
    assert_int_equal(json_integer_value(json_object_get(o, "offered")), counts.offered);
    json_t *first = json_array_get(json_object_get(o, "failures"), 0);
    assert_string_equal(json_string_value(json_object_get(first, "cause")), "DIAMETER_TOO_BUSY");
    assert_int_equal(json_integer_value(json_object_get(first, "code")), 3004);
    assert_int_equal(json_array_size(json_object_get(o, "over_time")), LOAD_COLUMNS);
    assert_true(json_real_value(json_object_get(json_object_get(o, "latency_ms"), "p99")) > 0);
    json_decref(o);
}

/* More kinds of failure than the table has rows: the rest share the last. */
static void causes_overflow(void **state)
{
    uint64_t sum = 0;
    char text[32];
    (void)state;
    memset(&counts, 0, sizeof counts);
    for (uint32_t i = 0; i < 100; i++) {
        load_count_cause(&counts, 6000 + i, i % 2, 2);
    }
    for (size_t i = 0; i < LOAD_CAUSES_MAX; i++) {
        sum += counts.cause[i].n;
    }
    assert_int_equal(sum, 200);
    assert_string_equal(load_cause_name(&counts.cause[0], text), "result 6000");
    assert_string_equal(load_cause_name(&counts.cause[1], text), "experimental 6001");
    assert_string_equal(load_cause_name(&counts.cause[LOAD_CAUSES_MAX - 1], text), "other results");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_answered),    cmocka_unit_test(warm_up_does_not_count),
        cmocka_unit_test(devices),         cmocka_unit_test(refused),
        cmocka_unit_test(hung_up_on),      cmocka_unit_test(never_answered),
        cmocka_unit_test(never_read),      cmocka_unit_test(not_let_in),
        cmocka_unit_test(stopped_early),   cmocka_unit_test(told),
        cmocka_unit_test(causes_overflow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
