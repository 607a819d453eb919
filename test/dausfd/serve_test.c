/* nf/dausfd/dausfd.h, the whole of it in one process: challenges pushed over HTTPS, asked for over
 * Diameter, looked at over the administration's socket (src/nf/dausfd/push.c, src/nf/dausfd/view.c,
 * src/nf/dausfd/signalling.c, src/nf/dausfd/doors.c, src/nf/dausfd/dausfd.c). */
#include "dausfd/dausf_world.h"

#include "common/half_reload.h"

/*= test dimsi-2 */
/*= test dimsi-spent */
static void a_challenge_is_pushed_asked_for_and_spent(void **state)
{
    struct world *w = *state;
    json_t *said = NULL;
    uint8_t rand = 0;
    const struct push push = {.number = 3};
    assert_int_equal(asked(w, DIMSI, &rand), 4181);
    assert_int_equal(push_of(w, "ausf", &push, &said), 201);
    assert_string_equal(text_of(said, "phase"), "live");
    assert_string_equal(text_of(said, "imsi"), IMSI);
    assert_string_equal(text_of(said, "target"), "001-01");
    assert_int_equal(number_of(said, "number"), 3);
    assert_true(json_is_null(json_object_get(said, "last_asked")));
    assert_null(json_object_get(said, "rand"));
    json_decref(said);
    assert_int_equal(pushed(w, "ausf", &push), 200); /*= test dimsi-repeat */
    assert_int_equal(asked(w, DIMSI, &rand), DIAMETER_SUCCESS);
    assert_int_equal(rand, 0xa1);
    assert_int_equal(asked(w, DIMSI2, &rand), 4181);
    assert_int_equal(ask(w, "ausf", "GET", "/v1/entries/" DIMSI, NULL, &said), 200);
    assert_int_equal(number_of(said, "asked"), 1);
    assert_true(number_of(said, "last_asked") > 0);
    json_decref(said);
    assert_int_equal(
        status_of(w, "ausf", "PUT", "/v1/entries/" DIMSI "/spent", json_pack("{s:i}", "number", 2)),
        404);
    for (int i = 0; i < 2; i++) { /* and again */
        assert_int_equal(ask(w, "ausf", "PUT", "/v1/entries/" DIMSI "/spent",
                             json_pack("{s:i}", "number", 3), &said),
                         200);
        assert_string_equal(text_of(said, "phase"), "spent");
        assert_true(json_is_null(json_object_get(said, "imsi")));
        json_decref(said);
    }
    assert_int_equal(asked(w, DIMSI, &rand), 4181);
    refused(w, "ausf", &push, 409, "dimsi-spent");
    refused(w, "ausf", &(struct push){.number = 2}, 409, "dimsi-spent");
    assert_int_equal(pushed(w, "ausf", &(struct push){.number = 4, .rand = 0xb1}), 200);
    assert_int_equal(asked(w, DIMSI, &rand), DIAMETER_SUCCESS);
    assert_int_equal(rand, 0xb1);
}

/*= test dimsi-endorsement */
static void a_push_without_a_good_endorsement_changes_nothing(void **state)
{
    struct world *w = *state;
    uint8_t rand = 0;
    static const struct {
        struct push push;
        unsigned status;
        const char *name;
    } all[] = {
        {{.endorsed_dimsi = DIMSI2}, 422, "endorsement-other"},
        {{.endorsed_imsi_of = "00202"}, 422, "endorsement-other"},
        {{.bad_signature = true}, 422, "endorsement-signature"},
        {{.bad_content = true}, 422, "endorsement-unreadable"},
        {{.expiry = -5}, 422, "endorsement-expired"},
        {{.signer = "arpf2"}, 422, "endorsement-signature"},
        {{.signer = "false"}, 422, "certificate-untrusted"},
        {{.signer = "se"}, 422, "certificate-purpose"},
        {{.dimsi = OUTSIDE}, 422, "endorsement-signature"},
        {{.dimsi = "901710000000001"}, 422, "dimsi-outside"},
        {{.imsi = IMSI2}, 422, "imsi-outside"},
        {{.amf = 0x81}, 422, "challenge-unusable"},
        {{.expires = -1}, 422, "bad-member"},
    };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        refused(w, "ausf", &all[i].push, all[i].status, all[i].name);
        assert_int_equal(status_of(w, "ausf", "GET", "/v1/entries/" DIMSI, NULL), 404);
    }
    assert_int_equal(asked(w, DIMSI, &rand), 4181);
    json_t *status = admin(w, "/v1/status"), *counts = json_object_get(status, "push");
    assert_int_equal(number_of(json_object_get(counts, "refused"), "certificate-untrusted"), 1);
    assert_int_equal(number_of(json_object_get(counts, "refused"), "endorsement-signature"), 3);
    assert_int_equal(number_of(json_object_get(status, "counters"), "pushed"), 0);
    json_decref(status);
}

/* What is no operator's AUSF of the configuration gets nowhere. */
static void who_may_push_is_configured(void **state)
{
    struct world *w = *state;
    refused(w, "sp", &(struct push){0}, 403, "not-allowed");
    refused(w, "ausf3", &(struct push){0}, 403, "not-allowed");
    make(w, AUSF, "ca", "DNS:ausf.example", "clientAuth," VERIFY_OID_ROLES ".4");
    refused(w, AUSF, &(struct push){0}, 403, "not-allowed");
    make(w, AUSF, "ca", NULL, "clientAuth," VERIFY_OID_ROLES ".4"); /* a common name is none */
    refused(w, AUSF, &(struct push){0}, 403, "not-allowed");
    assert_int_equal(status_of(w, "ausf3", "GET", "/v1/entries", NULL), 403);
    assert_int_equal(status_of(w, "ausf", "DELETE", "/v1/entries/" DIMSI, NULL), 405);
    assert_int_equal(status_of(w, "ausf", "PUT", "/v1/entries/" DIMSI, json_object()), 422);
    assert_int_equal(status_of(w, "ausf", "GET", "/v1/entries/90170x", NULL), 400);
    assert_int_equal(status_of(w, "ausf", "GET", "/v1/entries?after=x", NULL), 400);
    assert_int_equal(status_of(w, "ausf", "GET", "/v1/entries?limit=0", NULL), 400);
}

static void a_member_that_is_wrong_is_named(void **state)
{
    struct world *w = *state;
    static const char *const members[] = {"imsi", "rand", "autn",    "xres",
                                          "ck",   "ik",   "expires", "endorsement"};
    const struct push good = {0};
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        json_t *said = NULL, *body = body_of(w, &good);
        json_object_set_new(body, members[i], json_string("00"));
        assert_int_equal(ask(w, "ausf", "PUT", "/v1/entries/" DIMSI, body, &said), 422);
        assert_string_equal(text_of(said, "type"), "/problems/bad-member");
        assert_non_null(strstr(text_of(said, "detail"), members[i]));
        json_decref(said);
        body = body_of(w, &good);
        json_object_del(body, members[i]);
        assert_int_equal(ask(w, "ausf", "PUT", "/v1/entries/" DIMSI, body, &said), 422);
        assert_string_equal(text_of(said, "type"), "/problems/missing-member");
        json_decref(said);
    }
    json_t *said = NULL, *body = body_of(w, &good);
    json_object_set_new(body, "k", json_string("00"));
    assert_int_equal(ask(w, "ausf", "PUT", "/v1/entries/" DIMSI, body, &said), 422);
    assert_string_equal(text_of(said, "type"), "/problems/unknown-member");
    json_decref(said);
}

/*= test dimsi-one-target */
static void one_operator_holds_a_dimsi_at_a_time(void **state)
{
    struct world *w = *state;
    uint8_t rand = 0;
    const struct push theirs = {.number = 5, .imsi = IMSI2, .endorsed_imsi_of = "00202", .rand = 9};
    assert_int_equal(pushed(w, "ausf", &(struct push){.number = 5}), 201);
    refused(w, "ausf2", &theirs, 409, "dimsi-taken");
    assert_int_equal(status_of(w, "ausf2", "GET", "/v1/entries/" DIMSI, NULL), 404);
    assert_int_equal(status_of(w, "ausf2", "PUT", "/v1/entries/" DIMSI "/spent",
                               json_pack("{s:i}", "number", 5)),
                     404);
    assert_int_equal(asked(w, DIMSI, &rand), DIAMETER_SUCCESS);
    assert_int_equal(rand, 0xa1);
    const struct push later = {.number = 6, .imsi = IMSI2, .endorsed_imsi_of = "00202", .rand = 9};
    assert_int_equal(pushed(w, "ausf2", &later), 200);
    assert_int_equal(asked(w, DIMSI, &rand), DIAMETER_SUCCESS);
    assert_int_equal(rand, 9);
    assert_int_equal(status_of(w, "ausf", "GET", "/v1/entries/" DIMSI, NULL), 404);
    refused(w, "ausf", &(struct push){.number = 5}, 409, "dimsi-taken");
}

static void lists_have_pages_and_are_ones_own(void **state)
{
    struct world *w = *state;
    json_t *said = NULL;
    char dimsi[16];
    for (unsigned i = 1; i <= 5; i++) {
        snprintf(dimsi, sizeof dimsi, "90170%010u", i);
        const struct push p = {.dimsi = dimsi,
                               .imsi = i == 3 ? IMSI2 : IMSI,
                               .endorsed_imsi_of = i == 3 ? "00202" : "00101"};
        assert_int_equal(pushed(w, i == 3 ? "ausf2" : "ausf", &p), 201);
    }
    assert_int_equal(ask(w, "ausf", "GET", "/v1/entries?limit=2&after=" DIMSI, NULL, &said), 200);
    assert_int_equal(json_array_size(json_object_get(said, "entries")), 2);
    assert_string_equal(text_of(said, "next"), "901700000000004");
    json_decref(said);
    assert_int_equal(ask(w, "ausf", "GET", "/v1/entries?after=901700000000004", NULL, &said), 200);
    assert_int_equal(json_array_size(json_object_get(said, "entries")), 1);
    assert_true(json_is_null(json_object_get(said, "next")));
    json_decref(said);
    said = admin(w, "/v1/entries?limit=4");
    assert_int_equal(json_array_size(json_object_get(said, "entries")), 4);
    assert_string_equal(text_of(said, "next"), "901700000000004");
    json_decref(said);
    said = admin(w, "/v1/entries?after=x");
    assert_string_equal(text_of(said, "type"), "urn:bindery:problem:bad-parameter");
    json_decref(said);
}

/*= test dimsi-entry-end */
static void an_entry_ends_when_its_time_is_over(void **state)
{
    struct world *w = *state;
    json_t *said = NULL;
    uint8_t rand = 0;
    assert_int_equal(pushed(w, "ausf", &(struct push){.number = 2, .expires = 100}), 201);
    atomic_store(&w->ahead, 101);
    assert_int_equal(asked(w, DIMSI, &rand), 4181);
    order(w, ORDER_TICK);
    assert_int_equal(ask(w, "ausf", "GET", "/v1/entries/" DIMSI, NULL, &said), 200);
    assert_string_equal(text_of(said, "phase"), "expired");
    assert_true(json_is_null(json_object_get(said, "imsi")));
    json_decref(said);
    refused(w, "ausf", &(struct push){.number = 1}, 409, "dimsi-spent");
    said = admin(w, "/v1/status");
    assert_int_equal(number_of(json_object_get(said, "counters"), "expired"), 1);
    assert_int_equal(number_of(json_object_get(said, "entries"), "expired"), 1);
    assert_int_equal(number_of(json_object_get(said, "refused"), "discovery-pending"), 1);
    json_decref(said);
}

/*= test dimsi-durable */
static void what_was_acknowledged_is_there_after_another_start(void **state)
{
    struct world *w = *state;
    json_t *said = NULL;
    uint8_t rand = 0;
    assert_int_equal(pushed(w, "ausf", &(struct push){.number = 2, .rand = 0x77}), 201);
    assert_int_equal(asked(w, DIMSI, &rand), DIAMETER_SUCCESS);
    stop(w);
    start(w);
    assert_int_equal(asked(w, DIMSI, &rand), DIAMETER_SUCCESS);
    assert_int_equal(rand, 0x77);
    assert_int_equal(ask(w, "ausf", "GET", "/v1/entries/" DIMSI, NULL, &said), 200);
    assert_int_equal(number_of(said, "asked"), 2);
    json_decref(said);
}

static void a_reload_changes_who_may_push_or_nothing(void **state)
{
    struct world *w = *state;
    assert_int_equal(status_of(w, "ausf2", "GET", "/v1/entries", NULL), 200);
    write_config(w, "\"001-01\", \"002-02\"", "limits: {connections: 7}\n");
    order(w, ORDER_RELOAD);
    assert_ok(w->reloaded);
    assert_int_equal(w->changes.needs_restart.n, 1);
    assert_string_equal(w->changes.needs_restart.list[0], "limits.connections");
    write_config(w, "\"001-01\"", "surprise: 1\n");
    order(w, ORDER_RELOAD);
    assert_err(w->reloaded, E_BAD_VALUE);
    assert_int_equal(status_of(w, "ausf2", "GET", "/v1/entries", NULL), 200);
    for (int i = 0; i < 2; i++) {
        write_config(w, i == 0 ? "\"001-01\"" : "\"001-01\", \"002-02\"", "");
        order(w, ORDER_RELOAD);
        assert_ok(w->reloaded);
        assert_int_equal(status_of(w, "ausf2", "GET", "/v1/entries", NULL), i == 0 ? 403 : 200);
    }
    rename(pki_path(&w->pki, "ci", ".crt"), pki_path(&w->pki, "kept", ".crt"));
    order(w, ORDER_RELOAD);
    assert_int_not_equal(w->reloaded, E_OK);
    assert_int_equal(pushed(w, "ausf", &(struct push){0}), 201); /* by what was read before */
}

/* Two files are new and one of them is bad: neither counts. */
static void a_reload_is_all_or_nothing(void **state)
{
    struct world *w = *state;
    const struct push by_ci2 = {.dimsi = DIMSI2, .signer = "false"};
    rename(pki_path(&w->pki, "ci2", ".crt"), pki_path(&w->pki, "ci", ".crt"));
    write_config_of(w, ", crl: none.crl", "ci", "\"001-01\"", "");
    order(w, ORDER_RELOAD);
    assert_int_not_equal(w->reloaded, E_OK);
    assert_non_null(strstr(w->why.text, "none.crl"));
    assert_int_equal(status_of(w, "ausf2", "GET", "/v1/entries", NULL), 200);
    assert_int_equal(pushed(w, "ausf", &(struct push){0}), 201);
    refused(w, "ausf", &by_ci2, 422, "certificate-untrusted");
    write_config(w, "\"001-01\"", "");
    order(w, ORDER_RELOAD);
    assert_ok(w->reloaded);
    refused(w, "ausf", &(struct push){.number = 2}, 422, "certificate-untrusted");
    assert_int_equal(pushed(w, "ausf", &by_ci2), 201);
}

/* Stopped, and started by this configuration. */
static void start_with(struct world *w, struct log *log, const char *more)
{
    stop(w);
    dausfd_config_free(w->config);
    w->log = log;
    write_config(w, "\"001-01\", \"002-02\"", more);
    load(w);
    start(w);
}

/* The certificate for pushing is good and another, but not whose list says who may push. */
/*= test op-reload */
static void a_reload_that_fails_at_the_last_interface_changes_none_of_them(void **state)
{
    static struct half h;
    struct world *w = *state;
    const char *operators = "\"001-01\", \"002-02\"";
    half_open(&h, &w->pki);
    start_with(w, h.log, "admin_https: " HALF_ADMIN_BEFORE "\n" HALF_METRICS_BEFORE);
    half_ports(&h, admin_server_view(w->dausf.admin));
    half_is_before(&h);
    half_forget(&h);
    half_other_pair(&h, "server");
    write_config_of(w, ", crl: none.crl", "ci", operators,
                    "admin_https: " HALF_ADMIN_AFTER "\n" HALF_METRICS_AFTER);
    order(w, ORDER_RELOAD);
    assert_int_not_equal(w->reloaded, E_OK);
    assert_non_null(strstr(w->why.text, "push: "));
    half_said(&h, "\"reload-refused\"", "push: ");
    half_is_before(&h);
    assert_int_equal(status_of(w, "ausf", "GET", "/v1/entries", NULL), 200);
    half_copy(&h, "arpf", "server", ".key");
    write_config(w, operators, "admin_https: " HALF_ADMIN_AFTER "\n" HALF_METRICS_AFTER);
    order(w, ORDER_RELOAD);
    assert_err(w->reloaded, E_BAD_VALUE);
    half_is_before(&h);
    half_other_pair(&h, "server");
    order(w, ORDER_RELOAD);
    assert_ok(w->reloaded);
    half_is_after(&h);
    start_with(w, NULL, "");
    half_close(&h);
}

/* Also that it is another file. */
static void a_reload_takes_the_cis_that_the_configuration_names_now(void **state)
{
    struct world *w = *state;
    write_config_of(w, "", "ci2", "\"001-01\"", "");
    order(w, ORDER_RELOAD);
    assert_ok(w->reloaded);
    refused(w, "ausf", &(struct push){0}, 422, "certificate-untrusted");
    assert_int_equal(pushed(w, "ausf", &(struct push){.signer = "false"}), 201);
}

/* Thousands at once, where they may wait a millisecond: some are turned away, none is forgotten. */
static void when_more_comes_than_can_be_done_some_are_told_at_once(void **state)
{
    struct world *w = *state;
    struct mme m;
    uint8_t rand = 0;
    assert_int_equal(pushed(w, "ausf", &(struct push){0}), 201);
    stop(w);
    w->config->limits.wait_of_peer_ms = 1;
    w->config->limits.messages_per_turn = 1;
    start(w);
    mme_open(w, &m);
    for (unsigned i = 0; i < MME_REQUESTS; i++) {
        mme_ask(&m, DIMSI);
    }
    while (m.answers < MME_REQUESTS) {
        assert_ok(node_poll(m.node, 1000));
    }
    assert_true(m.busy > 0 && m.busy < MME_REQUESTS);
    mme_close(&m);
    json_t *status = admin(w, "/v1/status"), *counters = json_object_get(status, "counters");
    assert_int_equal(number_of(counters, "shed"), m.busy);
    assert_int_equal(number_of(counters, "vectors"), MME_REQUESTS - m.busy);
    assert_int_equal(number_of(json_object_get(status, "refused"), "too-busy"), m.busy);
    json_decref(status);
    struct metrics_times times = {.sum_ns = 0};
    uint64_t timed = 0;
    metrics_times_add(&w->dausf.times[DAUSFD_TIMED_AIR], &times);
    for (unsigned i = 0; i < METRICS_BUCKETS; i++) {
        timed += times.n[i];
    }
    assert_true(timed >= MME_REQUESTS - 1); /* the last is noted when it has been sent */
    assert_int_equal(asked(w, DIMSI, &rand), DIAMETER_SUCCESS);
}

static void a_start_that_fails_says_why_and_leaves_nothing(void **state)
{
    struct world *w = *state;
    struct dausfd second = {.config = w->config};
    struct dausfd_why why;
    uv_loop_t loop;
    uv_loop_init(&loop);
    assert_err(dausfd_start(&second, &loop, &why), E_LOCKED);
    assert_true(why.text[0] != '\0');
    assert_int_equal(uv_loop_close(&loop), 0);
    char *ci = w->config->ci_roots, missing[] = "/nowhere/ci.crt";
    stop(w);
    w->config->ci_roots = missing;
    uv_loop_init(&loop);
    assert_int_not_equal(dausfd_start(&second, &loop, &why), E_OK);
    assert_non_null(strstr(why.text, missing));
    assert_int_equal(uv_loop_close(&loop), 0);
    w->config->ci_roots = ci;
    struct address address = w->config->listeners[0].address;
    assert_ok(address_parse("tcp://192.0.2.77:3868", &w->config->listeners[0].address));
    uv_loop_init(&loop);
    assert_int_not_equal(dausfd_start(&second, &loop, &why), E_OK);
    assert_non_null(strstr(why.text, "192.0.2.77"));
    assert_int_equal(uv_loop_close(&loop), 0);
    w->config->listeners[0].address = address;
    start(w);
}

#define WITH(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH(a_challenge_is_pushed_asked_for_and_spent),
        WITH(a_push_without_a_good_endorsement_changes_nothing),
        WITH(who_may_push_is_configured),
        WITH(a_member_that_is_wrong_is_named),
        WITH(one_operator_holds_a_dimsi_at_a_time),
        WITH(lists_have_pages_and_are_ones_own),
        WITH(an_entry_ends_when_its_time_is_over),
        WITH(what_was_acknowledged_is_there_after_another_start),
        WITH(a_reload_changes_who_may_push_or_nothing),
        WITH(a_reload_is_all_or_nothing),
        WITH(a_reload_that_fails_at_the_last_interface_changes_none_of_them),
        WITH(a_reload_takes_the_cis_that_the_configuration_names_now),
        WITH(when_more_comes_than_can_be_done_some_are_told_at_once),
        WITH(a_start_that_fails_says_why_and_leaves_nothing)};
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
