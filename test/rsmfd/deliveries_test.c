/* nf/rsmfd/deliveries.h (src/nf/rsmfd/deliveries.c): any order of what operators and devices do,
 * held against what may be true of it. */
#include "lib/check.h"

#include "crypto/openssl.h"
#include "nf/rsmfd/deliveries.h"
#include "proc/certattach.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#define OPERATORS 2
#define PROFILES  2
#define REQUESTS  2
#define STEPS     4000

struct world {
    char dir[40], path[64], kek[64];
    struct crypto crypto;
    struct deliveries d;
    struct plmn owner[OPERATORS];
    uint8_t profile[OPERATORS][PROFILES][CERTATTACH_PROFILE_MAX];
    size_t n[OPERATORS][PROFILES];
};

static void open_store(struct world *w)
{
    struct store_why why;
    assert_ok(delivery_store_open(w->path, w->kek, &w->d.store, &why));
}

static void make(struct world *w, unsigned owner, unsigned i)
{
    struct certattach_profile p = {.policy = 0};
    char text[16];
    snprintf(text, sizeof text, "001-0%u", owner + 1);
    assert_ok(plmn_parse(bytes_of_str(text), &w->owner[owner]));
    p.home = w->owner[owner];
    snprintf(text, sizeof text, "0010%u000080000%u", owner + 1, i);
    assert_ok(imsi_parse(bytes_of_str(text), &p.imsi));
    p.keys.algorithm = AKA_MILENAGE;
    p.keys.k.n = p.keys.opc.n = 16;
    p.keys.res_len = 8;
    memset(p.keys.k.b, (int)(16 * owner + i + 1), 16);
    assert_ok(certattach_profile_write(&p, w->profile[owner][i], &w->n[owner][i]));
}

static int setup(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    snprintf(w->dir, sizeof w->dir, "/tmp/bindery-rsmf-XXXXXX");
    assert_non_null(mkdtemp(w->dir));
    snprintf(w->path, sizeof w->path, "%.32s/rsmf.db", w->dir);
    snprintf(w->kek, sizeof w->kek, "%.32s/rsmf.kek", w->dir);
    assert_ok(crypto_openssl_open(&w->crypto));
    w->d.crypto = &w->crypto;
    open_store(w);
    for (unsigned i = 0; i < OPERATORS * PROFILES; i++) {
        make(w, i / PROFILES, i % PROFILES);
    }
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;
    char command[80];
    delivery_store_close(w->d.store);
    crypto_openssl_close(&w->crypto);
    snprintf(command, sizeof command, "rm -rf '%s'", w->dir);
    assert_int_equal(system(command), 0);
    free(w);
    return 0;
}

static const uint8_t se[32] = {0x5e};

static enum deliveries_result put(struct world *w, unsigned owner, unsigned i)
{
    struct delivery_row row = {.owner = w->owner[owner]};
    char imsi[16];
    bool made;
    memcpy(row.se, se, sizeof row.se);
    snprintf(imsi, sizeof imsi, "0010%u0000700001", owner + 1);
    assert_ok(imsi_parse(bytes_of_str(imsi), &row.imsi));
    return deliveries_put(&w->d, &row, (struct bytes){w->profile[owner][i], w->n[owner][i]}, 1,
                          &made);
}

static struct deliveries_device device_of(const struct world *w, unsigned owner)
{
    struct deliveries_device device = {.owner = w->owner[owner]};
    memcpy(device.se, se, sizeof device.se);
    return device;
}

static enum deliveries_result fetch(struct world *w, unsigned owner, uint8_t request, uint8_t *out,
                                    size_t *n, enum dimsi_cause *why)
{
    const struct deliveries_device device = device_of(w, owner);
    uint8_t id[DIMSI_REQUEST_LEN];
    struct delivery_row row;
    memset(id, request, sizeof id);
    return deliveries_fetch(&w->d, &device, id, "192.0.2.1", 2, &row, out, n, why);
}

static enum deliveries_result confirm(struct world *w, unsigned owner, uint8_t request,
                                      enum dimsi_cause *why)
{
    const struct deliveries_device device = device_of(w, owner);
    uint8_t id[DIMSI_REQUEST_LEN];
    struct delivery_row row;
    memset(id, request, sizeof id);
    return deliveries_confirm(&w->d, &device, id, 3, &row, why);
}

struct model { /* of the one device at one operator */
    int profile, request;
    enum dimsi_delivery_phase phase;
};

/* What there may be at any time, whatever was done: of each operator what the model of it says,
 * and a profile only as long as it is on its way. */
static void assert_consistent(struct world *w, const struct model m[static OPERATORS])
{
    uint8_t out[DELIVERY_PROFILE_MAX];
    size_t n;
    for (unsigned o = 0; o < OPERATORS; o++) {
        struct delivery_row row;
        enum err err = delivery_store_find(w->d.store, se, &w->owner[o], &row);
        if (err == E_OK) {
            bool live = row.phase == DIMSI_DELIVERY_READY || row.phase == DIMSI_DELIVERY_FETCHED;
            assert_int_equal(row.phase, m[o].phase);
            assert_int_equal(delivery_store_profile(w->d.store, &row, out, &n),
                             live ? E_OK : E_NOT_FOUND);
        } else {
            assert_err(err, E_NOT_FOUND);
            assert_int_equal(m[o].phase, 0);
        }
    }
}

static void step_fetch(struct world *w, struct model all[static OPERATORS], int owner, int request)
{
    struct model *m = &all[owner];
    uint8_t out[DELIVERY_PROFILE_MAX];
    size_t n = 0;
    enum dimsi_cause why = DIMSI_NONE;
    enum deliveries_result r = fetch(w, (unsigned)owner, (uint8_t)(request + 1), out, &n, &why);
    if (m->phase == DIMSI_DELIVERY_READY ||
        (m->phase == DIMSI_DELIVERY_FETCHED && m->request == request)) {
        assert_int_equal(r, m->phase == DIMSI_DELIVERY_READY ? DELIVERIES_DONE : DELIVERIES_SAME);
        assert_int_equal(n, w->n[owner][m->profile]);
        assert_memory_equal(out, w->profile[owner][m->profile], n);
        m->phase = DIMSI_DELIVERY_FETCHED;
        m->request = request;
        return;
    }
    assert_int_equal(r, DELIVERIES_DEVICE);
    assert_int_equal(n, 0);
    assert_int_equal(why, m->phase == 0 || m->phase == DIMSI_DELIVERY_WITHDRAWN ? DIMSI_OTHER_DEVICE
                                                                                : DIMSI_FETCHED);
}

static void step_confirm(struct world *w, struct model all[static OPERATORS], int owner,
                         int request)
{
    struct model *m = &all[owner];
    enum dimsi_cause why = DIMSI_NONE;
    enum deliveries_result r = confirm(w, (unsigned)owner, (uint8_t)(request + 1), &why);
    if (m->phase == DIMSI_DELIVERY_FETCHED && m->request == request) {
        assert_int_equal(r, DELIVERIES_DONE);
        m->phase = DIMSI_DELIVERY_CONFIRMED;
    } else if (m->phase == DIMSI_DELIVERY_CONFIRMED && m->request == request) {
        assert_int_equal(r, DELIVERIES_SAME);
    } else {
        assert_int_equal(r, DELIVERIES_DEVICE);
        assert_int_equal(why, m->phase == 0 || m->phase == DIMSI_DELIVERY_WITHDRAWN
                                  ? DIMSI_OTHER_DEVICE
                                  : DIMSI_NOT_FETCHED);
    }
}

static void step_put(struct world *w, struct model all[static OPERATORS], int owner, int profile)
{
    struct model *m = &all[owner];
    enum deliveries_result r = put(w, (unsigned)owner, (unsigned)profile);
    bool there = m->phase != 0 && m->phase != DIMSI_DELIVERY_WITHDRAWN;
    if (there && m->profile == profile) {
        assert_int_equal(r, DELIVERIES_SAME);
    } else if (m->phase == DIMSI_DELIVERY_FETCHED) {
        assert_int_equal(r, DELIVERIES_FETCHED);
    } else {
        assert_int_equal(r, DELIVERIES_DONE);
        *m = (struct model){profile, -1, DIMSI_DELIVERY_READY};
    }
}

static void step_withdraw(struct world *w, struct model all[static OPERATORS], int owner)
{
    struct model *m = &all[owner];
    struct delivery_row row;
    enum deliveries_result r = deliveries_withdraw(&w->d, se, &w->owner[owner], 4, &row);
    if (m->phase == DIMSI_DELIVERY_READY || m->phase == DIMSI_DELIVERY_FETCHED) {
        assert_int_equal(r, DELIVERIES_DONE);
        m->phase = DIMSI_DELIVERY_WITHDRAWN;
    } else {
        assert_int_equal(r, m->phase == 0                          ? DELIVERIES_NOT_FOUND
                            : m->phase == DIMSI_DELIVERY_WITHDRAWN ? DELIVERIES_SAME
                                                                   : DELIVERIES_CONFIRMED);
    }
}

/* Each operator's delivery goes its way as if the other were not there. */
/*= test dimsi-rsmf-once dimsi-rsmf-operators */
static void whatever_is_done_in_whatever_order_one_request_gets_the_profile(void **state)
{
    struct world *w = *state;
    struct model m[OPERATORS] = {{-1, -1, 0}, {-1, -1, 0}};
    uint32_t seed = 0x1234567;
    unsigned fetched = 0, confirmed = 0, withdrawn = 0, both = 0;
    for (unsigned i = 0; i < STEPS; i++) {
        seed = seed * 1664525U + 1013904223U;
        const int a = (int)(seed >> 24) % 2, b = (int)(seed >> 20) % 2;
        const enum dimsi_delivery_phase before = m[a].phase;
        switch ((seed >> 8) % 5) {
        case 0:
        case 1:
            step_put(w, m, a, b);
            break;
        case 2:
            step_fetch(w, m, a, b);
            break;
        case 3:
            step_confirm(w, m, a, b);
            break;
        default:
            if ((seed >> 12) % 4 == 0) {
                step_withdraw(w, m, a);
            }
            break;
        }
        fetched += before != m[a].phase && m[a].phase == DIMSI_DELIVERY_FETCHED;
        confirmed += before != m[a].phase && m[a].phase == DIMSI_DELIVERY_CONFIRMED;
        withdrawn += before != m[a].phase && m[a].phase == DIMSI_DELIVERY_WITHDRAWN;
        both += m[0].phase == DIMSI_DELIVERY_FETCHED && m[1].phase == DIMSI_DELIVERY_FETCHED;
        assert_consistent(w, m);
        if (i % 500 == 499) {
            delivery_store_close(w->d.store);
            open_store(w);
        }
    }
    assert_true(fetched > 50 && confirmed > 20 && withdrawn > 20 && both > 20);
}

/* A file that may not grow is a disk that is full. */
static void a_store_that_cannot_be_written_is_noticed_until_it_can(void **state)
{
    struct world *w = *state;
    struct rlimit was, none;
    bool made = false;
    struct delivery_row row = {.owner = w->owner[0]};
    memset(row.se, 0x5e, sizeof row.se);
    assert_ok(imsi_parse(BYTES_LIT("001010000800000"), &row.imsi));
    const struct bytes profile = {w->profile[0][0], w->n[0][0]};
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
    none = (struct rlimit){.rlim_cur = 1, .rlim_max = was.rlim_max};
    assert_int_equal(deliveries_put(&w->d, &row, profile, 1, &made), DELIVERIES_DONE);
    assert_false(w->d.store_failing);
    row.se[0]++;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
    const enum deliveries_result refused = deliveries_put(&w->d, &row, profile, 1, &made);
    const bool failing = w->d.store_failing;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &was), 0);
    assert_int_equal(refused, DELIVERIES_STORE);
    assert_true(failing);
    assert_int_equal(deliveries_withdraw(&w->d, row.se, &row.owner, 2, &row), DELIVERIES_NOT_FOUND);
    assert_true(w->d.store_failing); /* nothing was written */
    assert_int_equal(deliveries_put(&w->d, &row, profile, 3, &made), DELIVERIES_DONE);
    assert_false(w->d.store_failing);
}

static void every_result_has_a_name_a_status_and_a_sentence(void **state)
{
    (void)state;
    for (int i = 0; i < DELIVERIES_RESULTS; i++) {
        const enum deliveries_result r = (enum deliveries_result)i;
        assert_true(strlen(deliveries_name(r)) > 3);
        assert_true(strlen(deliveries_sentence(r)) > 10);
        assert_in_range(deliveries_status(r), 200, 599);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            whatever_is_done_in_whatever_order_one_request_gets_the_profile, setup, teardown),
        cmocka_unit_test_setup_teardown(a_store_that_cannot_be_written_is_noticed_until_it_can,
                                        setup, teardown),
        cmocka_unit_test(every_result_has_a_name_a_status_and_a_sentence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
